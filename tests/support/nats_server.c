/* nats_server.c: starts and stops a real nats-server by process id. */
#include "nats_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "port.h"

static const char *program(void)
{
    static const char *const places[] = {"/usr/sbin/nats-server", "/usr/local/bin/nats-server",
                                         "/usr/local/sbin/nats-server", "/usr/bin/nats-server"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

int nats_server_available(void)
{
    return program() != NULL;
}

static void give_up(const char *what)
{
    perror(what);
    abort();
}

void nats_server_prepare(nats_server *server)
{
    *server = (nats_server){.port = port_free()};
    snprintf(server->url, sizeof server->url, "nats://127.0.0.1:%d", server->port);
    snprintf(server->directory, sizeof server->directory, "/tmp/tebura-nats-XXXXXX");
    if (!mkdtemp(server->directory))
        give_up("mkdtemp");
}

/* Asks JetStream how it is, in the broker's own line protocol: the port opens a little before JetStream answers. */
static int jetstream_answers(int port)
{
    static const char question[] = "CONNECT {\"verbose\":false}\r\nSUB reply 1\r\nPUB $JS.API.INFO reply 0\r\n\r\n";
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char heard[8192] = "";
    size_t used = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), good = 0;
    if (fd >= 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_usec = 500000}, sizeof(struct timeval)) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, question, sizeof question - 1, MSG_NOSIGNAL) == (ssize_t)sizeof question - 1) {
        ssize_t got;
        while (!good && used < sizeof heard - 1 && (got = recv(fd, heard + used, sizeof heard - 1 - used, 0)) > 0) {
            heard[used += (size_t)got] = '\0';
            good = strstr(heard, "\r\nMSG reply ") != NULL;
        }
    }
    if (fd >= 0)
        close(fd);
    return good;
}

/* One that asks who is there: whoever may ask waits for JetStream. */
static int port_answers(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int good = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static void run(const nats_server *server)
{
    char port[16];
    snprintf(port, sizeof port, "%d", server->port);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 1) < 0 || (!getenv("NATS_SERVER_LOG") && dup2(null, 2) < 0))
        _exit(126);
    if (server->config[0])
        execl(program(), "nats-server", "-c", server->config, "-a", "127.0.0.1", "-p", port, "-sd", server->directory,
              (char *)NULL);
    execl(program(), "nats-server", "-js", "-a", "127.0.0.1", "-p", port, "-sd", server->directory, (char *)NULL);
    _exit(127);
}

void nats_server_start(nats_server *server)
{
    assert(server->pid == 0);
    if (!program())
        give_up("there is no nats-server on this machine");
    server->pid = fork();
    if (server->pid < 0)
        give_up("fork");
    if (server->pid == 0)
        run(server);
    for (int tries = 0; !(server->config[0] ? port_answers(server->port) : jetstream_answers(server->port)); tries++) {
        if (tries == 600 || waitpid(server->pid, NULL, WNOHANG) == server->pid)
            give_up("nats-server does not start");
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
}

void nats_server_stop(nats_server *server, int hard)
{
    if (server->pid == 0)
        return;
    kill(server->pid, hard ? SIGKILL : SIGTERM);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

void nats_server_end(nats_server *server)
{
    nats_server_stop(server, 0);
    if (server->directory[0])
        nftw(server->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    server->directory[0] = '\0';
}
