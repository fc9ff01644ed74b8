/* database_relay.h: a relay between the program under test and the PostgreSQL of database.h: real connections that are
 * cut at an exact message. */
#ifndef SUPPORT_DATABASE_RELAY_H
#define SUPPORT_DATABASE_RELAY_H

#include <pthread.h>
#include <stdatomic.h>

#include "folder.h"

typedef enum cut {
    CUT_NOTHING,
    CUT_QUESTION, /* the message does not arrive */
    CUT_HALF,     /* half of it does */
    CUT_ANSWER,   /* it does; nothing that the server says from then on */
    CUT_SESSION,  /* the server's process is ended before the message arrives */
    CUTS
} cut;

#define RELAY_CONNECTIONS 8
typedef struct relay_connection {
    int client, server; /* -1: free */
    int started, watches, deaf;
    int backend; /* process of the server */
    unsigned char *held;
    size_t size;
} relay_connection;

typedef struct relay {
    char folder[FOLDER_SIZE]; /* of its socket: host=... of an address */
    int listening, stop[2];
    pthread_t thread;
    _Atomic cut kind;
    atomic_int left, fired;
    _Atomic(const char *) about;
    relay_connection connections[RELAY_CONNECTIONS];
} relay;

void relay_start(relay *r);
void relay_end(relay *r);
/* The nth message from now on that a program sends in a session which does not LISTEN is met by this, once. `about`:
 * only those that hold these letters count; NULL: all. */
void relay_arm(relay *r, cut kind, int n, const char *about);
int relay_disarm(relay *r); /* 1: it has happened */

#endif
