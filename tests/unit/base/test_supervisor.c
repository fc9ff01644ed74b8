/* What a supervisor hears from us (sd_notify(3)), through a real socket. */
#include "base/supervisor.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    return fd;
}

static void heard(int fd, const char *expected)
{
    char said[64] = "";
    ssize_t length = recv(fd, said, sizeof said - 1, MSG_DONTWAIT);
    assert_int_equal(length, (ssize_t)strlen(expected));
    assert_string_equal(said, expected);
}

static void it_is_told_by_path_and_by_abstract_name(void **state)
{
    (void)state;
    char folder[] = "/tmp/tebura-supervisor-XXXXXX", path[64], name[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/notify", folder);
    snprintf(name, sizeof name, "@tebura-supervisor-%d", (int)getpid());
    int fd = listen_at(path);
    tb_supervisor_tell("READY=1");
    heard(fd, "READY=1");
    close(fd);
    tb_supervisor_tell("STOPPING=1"); /* nobody listens any more: lost, not stuck */
    unlink(path);
    rmdir(folder);
    fd = listen_at(name);
    tb_supervisor_tell("READY=1");
    heard(fd, "READY=1");
    close(fd);
    unsetenv("NOTIFY_SOCKET");
    tb_supervisor_tell("READY=1");
}

static void patience_is_half_and_only_ours(void **state)
{
    (void)state;
    char own[16];
    snprintf(own, sizeof own, "%d", (int)getpid());
    unsetenv("WATCHDOG_USEC");
    assert_int_equal(tb_supervisor_patience(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(tb_supervisor_patience(), 15000);
    setenv("WATCHDOG_PID", own, 1);
    assert_int_equal(tb_supervisor_patience(), 15000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(tb_supervisor_patience(), 0);
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "nonsense", 1);
    assert_int_equal(tb_supervisor_patience(), 0);
    unsetenv("WATCHDOG_USEC");
}

static void third_time_lucky(void *context)
{
    int *calls = context;
    if (++*calls == 3)
        kill(getpid(), SIGUSR1);
}

static void it_is_told_that_we_live_until_a_signal_comes(void **state)
{
    (void)state;
    char name[64];
    int calls = 0;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    snprintf(name, sizeof name, "@tebura-watchdog-%d", (int)getpid());
    int fd = listen_at(name);
    setenv("WATCHDOG_USEC", "20000", 1);
    assert_int_equal(tb_supervisor_wait(&set, third_time_lucky, &calls), SIGUSR1);
    assert_int_equal(calls, 3);
    heard(fd, "WATCHDOG=1");
    unsetenv("WATCHDOG_USEC");
    kill(getpid(), SIGUSR1);
    assert_int_equal(tb_supervisor_wait(&set, third_time_lucky, &calls), SIGUSR1);
    assert_int_equal(calls, 3); /* nobody wants to know */
    close(fd);
    unsetenv("NOTIFY_SOCKET");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_told_by_path_and_by_abstract_name),
        cmocka_unit_test(patience_is_half_and_only_ours),
        cmocka_unit_test(it_is_told_that_we_live_until_a_signal_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
