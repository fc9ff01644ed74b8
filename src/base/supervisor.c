/* supervisor.c: the few lines of sd_notify(3) that we need, without linking its library. */
#include "base/supervisor.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MOST 60000 /* ms; a longer one is fine for the supervisor, too */

void tb_supervisor_tell(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    if (length < 2 || length >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, length);
    if (path[0] == '@') /* Linux's abstract names begin with a zero */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    while (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, size) < 0 && errno == EINTR)
        ;
    close(fd);
}

int tb_supervisor_patience(void)
{
    const char *text = getenv("WATCHDOG_USEC"), *process = getenv("WATCHDOG_PID");
    if (!text || (process && strtol(process, NULL, 10) != (long)getpid()))
        return 0;
    long long half = strtoll(text, NULL, 10) / 2000;
    return half < 1 ? 0 : half > PATIENCE_MOST ? PATIENCE_MOST : (int)half;
}

int tb_supervisor_wait(const sigset_t *signals, void (*alive)(void *context), void *context)
{
    int patience = tb_supervisor_patience(), number = 0;
    struct timespec wait = {.tv_sec = patience / 1000, .tv_nsec = patience % 1000 * 1000000L};
    if (!patience) {
        while (sigwait(signals, &number) != 0)
            ;
        return number;
    }
    for (;;) {
        number = sigtimedwait(signals, NULL, &wait);
        if (number > 0)
            return number;
        alive(context);
        tb_supervisor_tell("WATCHDOG=1");
    }
}
