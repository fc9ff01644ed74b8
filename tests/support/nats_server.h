/* nats_server.h: a real nats-server for tests: own process, own store directory, free loopback port. It dies with the
 * test. */
#ifndef TEBURA_TESTS_NATS_SERVER_H
#define TEBURA_TESTS_NATS_SERVER_H

#include <sys/types.h>

typedef struct nats_server {
    pid_t pid;          /* 0: not running */
    int port;           /* stays the same over restarts */
    char url[64];       /* nats://127.0.0.1:port */
    char directory[64]; /* its store; removed by nats_server_end */
    char config[96];    /* a configuration in it, which says everything but address and store; "": none */
} nats_server;

/* 1 when there is a nats-server on this machine. Without one tests skip with a reason. */
int nats_server_available(void);
/* Chooses a port and a directory without starting: for "absent at the start, then appears". Aborts the test when it
 * cannot. */
void nats_server_prepare(nats_server *server);
/* Starts (again), with the store it had and on the same port, and returns when its JetStream answers. */
void nats_server_start(nats_server *server);
/* Stops it by its process id: memory streams are gone, file streams stay. hard: SIGKILL, as a power cut. */
void nats_server_stop(nats_server *server, int hard);
/* Stops it and removes its directory. */
void nats_server_end(nats_server *server);

#endif
