/* edge_private.h: what the files of edge.db share. */
#ifndef TERMINAL_EDGE_PRIVATE_H
#define TERMINAL_EDGE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include <tebura/bus.h>

#include "terminal/edge_db.h"
#include "terminal/edge_store.h"

struct tb_edge_store {
    pthread_mutex_t mutex;
    sqlite3 *db;
    tb_key *key; /* what we send to the server is sealed with; secret memory */
    int sealing;
    uint64_t sent; /* the stream has all up to this number; they stay until the server has them */
    /* not sent: rows of the outbox: read without the mutex, which a large list may hold for long */
    atomic_ullong waiting;
    char touchpoint[TB_TOUCHPOINT_SIZE], subject[TB_SUBJECT_SIZE];
    char *directory, *key_file; /* key_file NULL: in the directory */
};

tb_status tb_edge_begin(tb_edge_store *store) TB_MUST_CHECK; /* a transaction; the mutex is held */

#endif
