/* broker.c: our own nats-server. A thread forks it and waits for it; when it ends by itself it is started again, ever
 * later up to 10 s. It dies with us, however we die: the parent-death signal belongs to the thread that forked, which
 * lives as long as the broker is wanted. */
#include "broker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tebura/bytes.h>
#include <tebura/clock.h>
#include <tebura/crypto.h>
#include <tebura/log.h>

#define PATH_SIZE 4096
#define PORT_WAIT 50 /* tenths of a second for a former broker to let the port go */

struct broker {
    char program[PATH_SIZE], config[PATH_SIZE], url[320];
    int port;
    pthread_t watcher;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int stopping; /* by lock, and the next */
    pid_t child;  /* 0: it does not run */
};

static int find_program(char out[PATH_SIZE])
{
    const char *path = getenv("PATH");
    char places[2 * PATH_SIZE], *rest = places;
    snprintf(places, sizeof places, "%s:/usr/sbin:/usr/local/sbin:/usr/local/bin", path ? path : "");
    for (char *place; (place = strsep(&rest, ":"));)
        if (*place == '/' && snprintf(out, PATH_SIZE, "%s/nats-server", place) < PATH_SIZE && access(out, X_OK) == 0)
            return 1;
    return 0;
}

/* The port if it is free (0: any), else 0. */
static int try_port(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, found = 0;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        found = ntohs(address.sin_port);
    if (fd >= 0)
        close(fd);
    return found;
}

/* Terminals remember it, so it lies below those that the system gives to outgoing connections: none of them has it when
 * we come back after a stop. 0: there is none at all. */
static int find_port(void)
{
    enum { LOWEST = 10000, COUNT = 20000, TRIES = 100 };
    int port = 0;
    for (int i = 0; i < TRIES && !port; i++) {
        uint32_t number;
        tb_random(&number, sizeof number);
        port = try_port(LOWEST + (int)(number % COUNT));
    }
    return port ? port : try_port(0);
}

static int former_port(const char *file)
{
    tb_bytes text = {0};
    char digits[16] = "";
    if (tb_file_read(file, 15, &text, NULL) == TB_OK)
        memcpy(digits, text.data, text.size);
    tb_bytes_free(&text);
    long port = strtol(digits, NULL, 10);
    return port > 0 && port < 65536 ? (int)port : 0;
}

static tb_status choose_port(broker *b, const char *data, tb_error *why)
{
    char file[PATH_SIZE], digits[16];
    snprintf(file, sizeof file, "%s/nats.port", data);
    int former = former_port(file);
    for (int i = 0; former && i < PORT_WAIT && !(b->port = try_port(former)); i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    if (b->port)
        return TB_OK;
    if (former)
        tb_log(TB_LOG_WARNING, "broker", "port %d is taken by another program: terminals have to be told the new one",
               former);
    b->port = find_port();
    if (!b->port)
        return tb_fail(why, TB_IO, "there is no free port for the broker");
    snprintf(digits, sizeof digits, "%d\n", b->port);
    return tb_file_write(file, tb_span_text(digits), why);
}

/* Loopback is open to every user of this machine, so nobody gets in without credentials. Absolute, because the
 * server's idea of "here" is not ours; no quotes or line breaks, because it stands in a configuration. */
static tb_status write_config(broker *b, const char *data, const char *host, tb_span access, tb_error *why)
{
    const char *bracket = strchr(host, ':') ? "[" : "";
    char *here = realpath(data, NULL);
    tb_bytes text = {0};
    tb_status status = here ? TB_OK : tb_fail(why, TB_IO, "%s: %s", data, strerror(errno));
    if (status == TB_OK && strpbrk(here, "\"\n\\"))
        status =
            tb_fail(why, TB_INVALID_ARGUMENT, "the data directory's name holds a quote, a backslash or a line break");
    if (status == TB_OK)
        status = tb_bytes_print(&text,
                                "listen: \"%s%s%s:%d\"\nserver_name: \"teburad\"\nlogfile: \"%s/nats.log\"\n"
                                "logfile_size_limit: 1048576\nmax_payload: 131072\n"
                                "jetstream {\n  store_dir: \"%s/nats\"\n  max_memory_store: 1073741824\n"
                                "  max_file_store: 1073741824\n}\n"
                                "tls {\n  cert_file: \"%s/nats.pem\"\n  key_file: \"%s/nats.key\"\n  timeout: 5\n}\n",
                                bracket, host, *bracket ? "]" : "", b->port, here, here, here, here);
    if (status == TB_OK)
        status = tb_bytes_append(&text, access);
    if (status == TB_OK && snprintf(b->config, sizeof b->config, "%s/nats.conf", here) >= (int)sizeof b->config)
        status = tb_fail(why, TB_TOO_LARGE, "the data directory's name is too long");
    if (status == TB_OK)
        status = tb_file_write(b->config, tb_bytes_span(&text), why);
    tb_bytes_free(&text);
    free(here);
    return status;
}

/* In the child: only calls that are allowed between fork and exec. */
static void become_broker(const broker *b, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    int null = open("/dev/null", O_RDWR);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || null < 0 || dup2(null, 0) < 0 ||
        dup2(null, 1) < 0 || dup2(null, 2) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        _exit(126);
    signal(SIGPIPE, SIG_DFL);
    (void)setpgid(0, 0); /* Ctrl-C is for us, who end it when we have ended */
    execl(b->program, "nats-server", "-c", b->config, (char *)NULL);
    _exit(127);
}

/* 1 when told to stop. */
static int pause_or_stop(broker *b, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (ms % 1000) * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&b->lock);
    while (!b->stopping && pthread_cond_timedwait(&b->wake, &b->lock, &until) == 0)
        ;
    int stopping = b->stopping;
    pthread_mutex_unlock(&b->lock);
    return stopping;
}

static void end_child(pid_t child)
{
    kill(child, SIGTERM);
    for (int i = 0; i < 50; i++) {
        if (waitpid(child, NULL, WNOHANG) == child)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
}

static void set_child(broker *b, pid_t child)
{
    pthread_mutex_lock(&b->lock);
    b->child = child;
    pthread_mutex_unlock(&b->lock);
}

/* Its number is somebody else's as soon as it is waited for. */
static int has_ended(broker *b, pid_t child, int *how)
{
    pthread_mutex_lock(&b->lock);
    int ended = waitpid(child, how, WNOHANG) == child;
    if (ended)
        b->child = 0;
    pthread_mutex_unlock(&b->lock);
    return ended;
}

void broker_reload(broker *b)
{
    pthread_mutex_lock(&b->lock);
    if (b->child)
        kill(b->child, SIGHUP);
    pthread_mutex_unlock(&b->lock);
}

/* Runs it once. 1: it ended by itself; 0: we ended it. */
static int run_once(broker *b)
{
    pid_t parent = getpid(), child = fork();
    int how = 0;
    if (child == 0)
        become_broker(b, parent);
    if (child < 0) {
        tb_log(TB_LOG_ERROR, "broker", "nats-server cannot be started: %s", strerror(errno));
        return 1;
    }
    tb_log(TB_LOG_INFO, "broker", "nats-server runs as process %d at 127.0.0.1:%d", (int)child, b->port);
    set_child(b, child);
    while (!has_ended(b, child, &how))
        if (pause_or_stop(b, 100)) {
            set_child(b, 0);
            end_child(child);
            return 0;
        }
    tb_log(TB_LOG_ERROR, "broker",
           "nats-server has ended (%s %d): see nats.log in the data directory; it is started again",
           WIFSIGNALED(how) ? "signal" : "code", WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
    return 1;
}

static void *watch(void *context)
{
    broker *b = context;
    int pause = 200;
    for (;;) {
        int64_t begun = tb_clock_monotonic();
        if (!run_once(b))
            return NULL;
        pause = tb_clock_monotonic() - begun > TB_MINUTE ? 200 : pause < 5000 ? pause * 2 : 10000;
        if (pause_or_stop(b, pause))
            return NULL;
    }
}

int broker_listens_everywhere(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

tb_status broker_start(const char *data, const char *host, tb_span access, broker **out, tb_error *why)
{
    *out = NULL;
    broker *b = calloc(1, sizeof *b);
    pthread_condattr_t monotonic;
    if (!b)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&b->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&b->lock, NULL);
    tb_status status = TB_OK;
    if (!find_program(b->program))
        status = tb_fail(why, TB_NOT_FOUND,
                         "there is no nats-server on this machine: install the package nats-server, or "
                         "name a broker with --nats");
    if (status == TB_OK)
        status = choose_port(b, data, why);
    const char *reach = broker_listens_everywhere(host) ? "127.0.0.1" : host;
    snprintf(b->url, sizeof b->url, strchr(reach, ':') ? "tls://[%s]:%d" : "tls://%s:%d", reach, b->port);
    if (status == TB_OK)
        status = write_config(b, data, host, access, why);
    if (status == TB_OK && pthread_create(&b->watcher, NULL, watch, b) != 0)
        status = tb_fail(why, TB_NO_MEMORY, "a thread cannot be started");
    if (status == TB_OK) {
        *out = b;
        return TB_OK;
    }
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
    return status;
}

void broker_stop(broker **place)
{
    broker *b = *place;
    *place = NULL;
    if (!b)
        return;
    pthread_mutex_lock(&b->lock);
    b->stopping = 1;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->watcher, NULL);
    pthread_cond_destroy(&b->wake);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

int broker_port(const broker *b)
{
    return b->port;
}

const char *broker_url(const broker *b)
{
    return b->url;
}
