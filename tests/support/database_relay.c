/* database_relay.c: one thread for all connections. What programs send is taken apart into the messages of PostgreSQL's
 * protocol (version 3: a letter, then the length of the rest; the first message has no letter). */
#include "database_relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "database.h"

static void give_up(const char *what)
{
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    abort();
}

static int dial(const char *folder, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "%s/.s.PGSQL.5432", folder);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void hang_up(relay_connection *c)
{
    close(c->client);
    close(c->server);
    free(c->held);
    *c = (relay_connection){.client = -1, .server = -1};
}

static int pass(int to, const void *bytes, size_t size)
{
    return send(to, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Whatever the server still says when it is told to end reaches the program. */
static int end_session(relay_connection *c)
{
    char bytes[4096];
    ssize_t got;
    if (c->backend <= 0 || kill(c->backend, SIGTERM) != 0)
        give_up("the session cannot be ended");
    while ((got = read(c->server, bytes, sizeof bytes)) > 0)
        (void)pass(c->client, bytes, (size_t)got);
    return 0;
}

static int is_meant(relay *r, const unsigned char *message, size_t size)
{
    const char *about = atomic_load(&r->about);
    if (atomic_load(&r->kind) == CUT_NOTHING || (about && !memmem(message, size, about, strlen(about))))
        return 0;
    return atomic_fetch_sub(&r->left, 1) == 1;
}

/* 0: that connection has ended. */
static int meet(relay *r, relay_connection *c, const unsigned char *message, size_t size)
{
    c->watches |= c->started && memmem(message, size, "LISTEN", 6) != NULL;
    if (!c->started || c->watches || !is_meant(r, message, size)) {
        c->started = 1;
        return pass(c->server, message, size);
    }
    cut kind = atomic_exchange(&r->kind, CUT_NOTHING);
    atomic_store(&r->fired, 1);
    if (kind == CUT_HALF)
        (void)pass(c->server, message, size / 2);
    if (kind == CUT_SESSION)
        return end_session(c);
    c->deaf = kind == CUT_ANSWER;
    return c->deaf && pass(c->server, message, size);
}

static int from_client(relay *r, relay_connection *c)
{
    unsigned char bytes[65536];
    ssize_t got = read(c->client, bytes, sizeof bytes);
    if (got <= 0)
        return 0;
    c->held = realloc(c->held, c->size + (size_t)got);
    if (!c->held)
        give_up("memory");
    memcpy(c->held + c->size, bytes, (size_t)got);
    c->size += (size_t)got;
    for (;;) {
        size_t letter = c->started != 0, whole;
        if (c->size < letter + 4 || c->size < (whole = letter + number_at(c->held + letter)))
            return 1;
        if (!meet(r, c, c->held, whole))
            return 0;
        c->size -= whole;
        memmove(c->held, c->held + whole, c->size);
    }
}

static int from_server(relay_connection *c)
{
    static const unsigned char key[] = {'K', 0, 0, 0, 12};
    unsigned char bytes[65536];
    ssize_t got = read(c->server, bytes, sizeof bytes);
    if (got <= 0 || c->deaf)
        return 0;
    const unsigned char *at = c->backend ? NULL : memmem(bytes, (size_t)got, key, sizeof key);
    if (at && at + 9 <= bytes + got)
        c->backend = (int)number_at(at + 5);
    return pass(c->client, bytes, (size_t)got);
}

static void take_one(relay *r)
{
    struct sockaddr_un address;
    int client = accept4(r->listening, NULL, NULL, SOCK_CLOEXEC), server = dial(database_server_folder(), &address);
    relay_connection *c = r->connections;
    while (c < r->connections + RELAY_CONNECTIONS && c->client >= 0)
        c++;
    if (client < 0 || server < 0 || c == r->connections + RELAY_CONNECTIONS)
        give_up("a connection");
    *c = (relay_connection){.client = client, .server = server};
    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0)
        hang_up(c);
}

static void *run(void *context)
{
    relay *r = context;
    for (;;) {
        struct pollfd fds[2 + 2 * RELAY_CONNECTIONS] = {{r->listening, POLLIN, 0}, {r->stop[0], POLLIN, 0}};
        for (int i = 0; i < RELAY_CONNECTIONS; i++) { /* -1 is left out */
            fds[2 + 2 * i] = (struct pollfd){r->connections[i].client, POLLIN, 0};
            fds[3 + 2 * i] = (struct pollfd){r->connections[i].server, POLLIN, 0};
        }
        if (poll(fds, 2 + 2 * RELAY_CONNECTIONS, -1) <= 0 || fds[1].revents)
            return NULL;
        for (int i = 0; i < RELAY_CONNECTIONS; i++) {
            relay_connection *c = &r->connections[i];
            int good = 1;
            if (fds[2 + 2 * i].revents)
                good = from_client(r, c);
            if (good && fds[3 + 2 * i].revents)
                good = from_server(c);
            if (!good)
                hang_up(c);
        }
        if (fds[0].revents)
            take_one(r);
    }
}

void relay_start(relay *r)
{
    struct sockaddr_un address;
    memset(r, 0, sizeof *r);
    for (int i = 0; i < RELAY_CONNECTIONS; i++)
        r->connections[i] = (relay_connection){.client = -1, .server = -1};
    folder_make(r->folder);
    (void)database_server_folder(); /* this thread owns the server */
    r->listening = dial(r->folder, &address);
    if (bind(r->listening, (struct sockaddr *)&address, sizeof address) != 0 || listen(r->listening, 8) != 0 ||
        pipe(r->stop) != 0 || pthread_create(&r->thread, NULL, run, r) != 0)
        give_up(r->folder);
}

void relay_end(relay *r)
{
    if (write(r->stop[1], "x", 1) != 1 || pthread_join(r->thread, NULL) != 0)
        give_up("the end");
    for (int i = 0; i < RELAY_CONNECTIONS; i++)
        if (r->connections[i].client >= 0)
            hang_up(&r->connections[i]);
    close(r->listening);
    close(r->stop[0]);
    close(r->stop[1]);
    folder_remove(r->folder);
}

void relay_arm(relay *r, cut kind, int n, const char *about)
{
    atomic_store(&r->fired, 0);
    atomic_store(&r->about, about);
    atomic_store(&r->left, n);
    atomic_store(&r->kind, kind);
}

int relay_disarm(relay *r)
{
    atomic_store(&r->kind, CUT_NOTHING);
    return atomic_load(&r->fired);
}
