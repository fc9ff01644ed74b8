/* postgres.h: what the files of the PostgreSQL driver share: one connection, lost and made again. */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include <libpq-fe.h>

#include "store/db_driver.h"

#define POSTGRES_CACHED 256    /* prepared statements; more are sent as text each time */
#define POSTGRES_OLDEST 140000 /* idle_session_timeout (watch.c) */
/* Advisory locks of the database: "tebura" in the upper bytes. */
#define POSTGRES_LOCK_WRITER INT64_C(0x7465627572610001)
#define POSTGRES_LOCK_LEADER INT64_C(0x7465627572610002)
#define POSTGRES_LOCK_FED INT64_C(0x7465627572610003)
#define POSTGRES_LOCK_ABLE INT64_C(0x7465627572610004) /* shared by all who could lead */

/* ---- postgres_connect.c ---- */
typedef struct postgres_link {
    char *url;       /* in secret memory: it may hold a password */
    char where[200]; /* the same for people: without password */
    PGconn *connection;
    char backend[64]; /* "pid/start" of the server's process behind it: ours, and nobody else's with the same number */
    uint64_t session;
    int64_t next_try; /* monotonic us: a server that is gone is not asked all the time */
    int64_t pause;
} postgres_link;

tb_status postgres_link_open(postgres_link *link, const char *url, tb_error *why) TB_MUST_CHECK;
void postgres_link_close(postgres_link *link);
/* Connects again when the connection was lost. TB_DB_GONE: not now. The session that was lost is ended on the server,
 * so that it holds no lock. */
tb_status postgres_link_revive(postgres_link *link) TB_MUST_CHECK;
int postgres_link_is_up(const postgres_link *link);
void postgres_link_drop(postgres_link *link); /* it is of no use any more */
/* TB_OK, or what went wrong, logged (TB_EXISTS is not). `what` is SQL. Drops a connection that is of no use. */
tb_status postgres_status(postgres_link *link, const PGresult *result, const char *what) TB_MUST_CHECK;
/* Fixed statements without values. */
tb_status postgres_exec(postgres_link *link, const char *sql, PGresult **out) TB_MUST_CHECK;

/* ---- postgres_queue.c: statements on their way ---- */
#define POSTGRES_QUEUE 64 /* small enough that nobody waits for the other to read */
typedef struct postgres_queue {
    int count;
    const char *sql[POSTGRES_QUEUE];
} postgres_queue;

/* Before the first is sent (PQsendQueryPrepared); then it is put into the queue. */
tb_status postgres_queue_open(postgres_link *link, const postgres_queue *queue) TB_MUST_CHECK;
/* The first failure among them all, or TB_OK with the answer to the last one in *last (may be NULL). */
tb_status postgres_queue_hear(postgres_link *link, postgres_queue *queue, PGresult **last) TB_MUST_CHECK;

#endif
