/* watch.c: listens and leads. */
#include "store/watch.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>

#include "store/postgres.h"

#define LOOK_EVERY 200 /* ms: how soon another takes over */
#define SILENCE 5      /* s; after it the server ends our session, and another leads */
#define STRING_(x) #x
#define STRING(x) STRING_(x)
#define LOOK_AGAIN 5 /* ms: whom we have to tell was busy */

struct tb_db_watch {
    postgres_link link;
    uint64_t heard_in; /* the session in which LISTEN was said */
    int (*woken)(void *context);
    void *context;
    int pending; /* still to be told */
    pthread_t thread;
    atomic_int stop, fed, set_fed, able;
    int shows_able;          /* in this session */
    _Atomic uint64_t tenure; /* 0: another leads, or nobody */
    uint64_t tenures;        /* so far */
    _Atomic int64_t alive;   /* monotonic: when the last question was sent that the server has answered */
    atomic_int process;      /* the server's process behind the session; 0 without */
};

static int held(tb_db_watch *w, const char *sql)
{
    PGresult *result = NULL;
    if (postgres_exec(&w->link, sql, &result) != TB_OK)
        return 0;
    int yes = PQntuples(result) == 1 && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return yes;
}

static int try_lock(tb_db_watch *w, int64_t lock)
{
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_try_advisory_lock(%" PRId64 ")", lock);
    return held(w, sql);
}

/* Is it held, by any session of which this is so? A lock's number is shown in two halves. */
static int is_locked(tb_db_watch *w, int64_t lock, const char *who)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database"
             " WHERE l.locktype = 'advisory' AND l.granted AND d.datname = pg_catalog.current_database()"
             " AND l.classid = %" PRIu32 " AND l.objid = %" PRIu32 " AND %s)",
             (uint32_t)((uint64_t)lock >> 32), (uint32_t)lock, who);
    return held(w, sql);
}

/* W3. All others see it. */
static void show_able(tb_db_watch *w)
{
    char sql[96];
    int able = atomic_load(&w->able);
    snprintf(sql, sizeof sql, "SELECT pg_catalog.%s(%" PRId64 ")",
             able ? "pg_try_advisory_lock_shared" : "pg_advisory_unlock_shared", POSTGRES_LOCK_ABLE);
    if (able != w->shows_able && held(w, sql))
        w->shows_able = able;
}

static int another_is_able(tb_db_watch *w)
{
    return is_locked(w, POSTGRES_LOCK_ABLE, "l.pid <> pg_catalog.pg_backend_pid()");
}

static void start_session(tb_db_watch *w)
{
    w->shows_able = 0;
    if (postgres_exec(&w->link, "LISTEN tebura; SET idle_session_timeout = '" STRING(SILENCE) "s'", NULL) != TB_OK)
        return;
    w->heard_in = w->link.session;
    w->pending = 1; /* what was said meanwhile */
    atomic_store(&w->process, PQbackendPID(w->link.connection));
}

static void lead(tb_db_watch *w, int leads)
{
    if ((atomic_load(&w->tenure) != 0) == leads)
        return;
    atomic_store(&w->tenure, leads ? ++w->tenures : 0);
    w->pending = 1;
    tb_log(TB_LOG_INFO, "store", "%s",
           leads ? "this server leads now: it follows events, feeds lists and moves the clock"
                 : "this server leads no more");
}

static void try_to_lead(tb_db_watch *w)
{
    if (is_locked(w, POSTGRES_LOCK_FED, "true"))
        atomic_store(&w->fed, 1); /* W2; before we may hold the lock ourselves */
    int64_t now = tb_clock_monotonic();
    if ((atomic_load(&w->able) || !another_is_able(w)) && try_lock(w, POSTGRES_LOCK_LEADER)) {
        atomic_store(&w->alive, now);
        lead(w, 1);
    }
}

/* It leads no more before another can (W1). */
static void give_way(tb_db_watch *w)
{
    char sql[96];
    tb_log(TB_LOG_WARNING, "store", "the broker does not answer this server, and another does better");
    lead(w, 0);
    snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_advisory_unlock(%" PRId64 ")", POSTGRES_LOCK_LEADER);
    if (!held(w, sql))
        postgres_link_drop(&w->link); /* the lock goes with it */
}

static void go_on_leading(tb_db_watch *w)
{
    int64_t now = tb_clock_monotonic();
    if (!atomic_load(&w->able) && another_is_able(w)) {
        give_way(w);
    } else if (postgres_exec(&w->link, "SELECT 1", NULL) == TB_OK) { /* we are (W1) */
        atomic_store(&w->alive, now);
        if (atomic_load(&w->set_fed) && try_lock(w, POSTGRES_LOCK_FED))
            atomic_store(&w->set_fed, 0);
    }
}

static void look(tb_db_watch *w)
{
    if (postgres_link_revive(&w->link) == TB_OK && w->heard_in != w->link.session) {
        lead(w, 0); /* the lock went with the session */
        start_session(w);
    }
    if (postgres_link_is_up(&w->link))
        show_able(w);
    if (postgres_link_is_up(&w->link) && !atomic_load(&w->tenure))
        try_to_lead(w);
    else if (postgres_link_is_up(&w->link))
        go_on_leading(w);
    if (!postgres_link_is_up(&w->link)) {
        atomic_store(&w->process, 0);
        lead(w, 0);
    }
}

static void listen_for(tb_db_watch *w, int ms)
{
    PGnotify *notice;
    struct pollfd fd = {.fd = postgres_link_is_up(&w->link) ? PQsocket(w->link.connection) : -1, .events = POLLIN};
    if (poll(&fd, 1, ms) <= 0)
        return;
    if (!PQconsumeInput(w->link.connection)) {
        postgres_link_drop(&w->link);
        return;
    }
    while ((notice = PQnotifies(w->link.connection))) {
        w->pending = 1;
        PQfreemem(notice);
    }
}

static void *run(void *context)
{
    tb_db_watch *w = context;
    int64_t next = 0;
    while (!atomic_load(&w->stop)) {
        int64_t now = tb_clock_monotonic();
        if (now >= next) {
            look(w);
            next = tb_clock_monotonic() + LOOK_EVERY * 1000;
        }
        if (w->pending && w->woken(w->context))
            w->pending = 0;
        listen_for(w, w->pending ? LOOK_AGAIN : LOOK_EVERY / 2);
    }
    return NULL;
}

tb_status tb_db_watch_open(const char *url, int (*woken)(void *), void *context, tb_db_watch **out, tb_error *why)
{
    *out = NULL;
    tb_db_watch *w = calloc(1, sizeof *w);
    if (!w)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    w->woken = woken;
    w->context = context;
    tb_status status = postgres_link_open(&w->link, url, why);
    if (status == TB_OK && pthread_create(&w->thread, NULL, run, w) != 0)
        status = tb_fail(why, TB_NO_MEMORY, "a thread cannot be started");
    if (status != TB_OK) {
        postgres_link_close(&w->link);
        free(w);
        return status;
    }
    *out = w;
    return TB_OK;
}

void tb_db_watch_free(tb_db_watch **watch)
{
    tb_db_watch *w = *watch;
    if (!w)
        return;
    atomic_store(&w->stop, 1);
    pthread_join(w->thread, NULL);
    postgres_link_close(&w->link);
    free(w);
    *watch = NULL;
}

uint64_t tb_db_watch_leads(const tb_db_watch *watch)
{
    int64_t quiet = tb_clock_monotonic() - atomic_load(&watch->alive);
    return quiet < SILENCE * TB_SECOND ? atomic_load(&watch->tenure) : 0;
}

void tb_db_watch_set_able(tb_db_watch *watch, int able)
{
    atomic_store(&watch->able, able);
}

int tb_db_watch_knows_fed(const tb_db_watch *watch)
{
    return atomic_load(&watch->fed);
}

void tb_db_watch_set_fed(tb_db_watch *watch)
{
    atomic_store(&watch->set_fed, 1);
}

tb_status tb_db_watch_still_leads(tb_db_watch *watch, tb_db *db, uint64_t tenure, int *leads)
{
    int64_t count = 0;
    int64_t process = atomic_load(&watch->process), lock = POSTGRES_LOCK_LEADER;
    tb_status status = tb_db_number(
        db,
        "SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND pid = $1"
        " AND classid = $2::pg_catalog.int8::pg_catalog.oid AND objid = $3::pg_catalog.int8::pg_catalog.oid",
        TB_VALUES(tb_value_int(process), tb_value_int((int64_t)((uint64_t)lock >> 32)),
                  tb_value_int((int64_t)(uint32_t)lock)),
        &count);
    *leads = status == TB_OK && count > 0 && tenure && atomic_load(&watch->tenure) == tenure;
    return status;
}
