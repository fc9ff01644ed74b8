/* db_postgres.c: store/db.h on PostgreSQL, through libpq.
 *
 * Q1  One writer at a time among all programs: a transaction begins with an advisory lock that ends with it. So there
 *     are no serialisation failures, numbers are given out in the order of commits, and what a transaction reads first
 *     is what it may rely on.
 * Q2  A unique key that is taken does not end the transaction: a plain INSERT is sent as "ON CONFLICT DO NOTHING", and
 *     no row means TB_EXISTS. Any other failure does end it; the commit then answers TB_CONFLICT (D2).
 * Q3  A commit whose answer was lost is asked for by its transaction's number in a new connection: the server knows
 *     whether it was one. */
#include "store/postgres.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/log.h>

#include "store/dialect.h"
#include "store/postgres_gather.h"

#define ASK_PATIENCE (5 * TB_SECOND) /* how long a lost commit is asked for */

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25, OID_NUMERIC = 1700 };

typedef struct prepared {
    const char *sql; /* the literal */
    int insert;      /* Q2 */
    int rows;        /* that it is for */
} prepared;

typedef struct postgres {
    tb_db base;
    postgres_link link;
    uint64_t prepared_in; /* the session that the cache is of */
    int cached;
    prepared cache[POSTGRES_CACHED];
    postgres_queue queue;
    postgres_gathered gathered;
    int open;        /* a transaction was begun in this session and not ended */
    char number[24]; /* of the transaction (Q3) */
} postgres;

static postgres *of(const tb_db *db)
{
    return (postgres *)db; /* its first member */
}

/* ---- transactions ---- */

/* D1. A session that was lost took its transaction with it. */
static void undo(postgres *db)
{
    tb_status heard = postgres_link_is_up(&db->link) ? postgres_queue_hear(&db->link, &db->queue, NULL) : TB_OK;
    (void)heard; /* undone with the rest */
    db->queue.count = 0;
    postgres_gathered_drop(&db->gathered);
    if (db->open && postgres_link_is_up(&db->link)) {
        tb_status status = postgres_exec(&db->link, "ROLLBACK", NULL);
        if (status != TB_OK && status != TB_DB_GONE)
            postgres_link_drop(&db->link);
    }
    db->open = 0;
}

static tb_status begin_now(postgres *db)
{
    char sql[160];
    PGresult *result = NULL;
    tb_status status = postgres_link_revive(&db->link);
    if (status != TB_OK)
        return status;
    snprintf(sql, sizeof sql,
             "BEGIN; SELECT pg_catalog.pg_advisory_xact_lock(%" PRId64 "); SELECT pg_catalog.pg_current_xact_id()",
             POSTGRES_LOCK_WRITER);
    db->open = 1;
    status = postgres_exec(&db->link, sql, &result);
    if (status != TB_OK) {
        undo(db);
        return status;
    }
    snprintf(db->number, sizeof db->number, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return TB_OK;
}

static tb_status begin(tb_db *base)
{
    postgres *db = of(base);
    undo(db);
    int was_up = postgres_link_is_up(&db->link);
    tb_status status = begin_now(db);
    /* It was lost while nobody used it: nothing of ours was under way. */
    return status == TB_DB_GONE && was_up ? begin_now(db) : status;
}

/* Q3. TB_TIMEOUT: not known yet. */
static tb_status ask_outcome(postgres *db)
{
    const char *number = db->number;
    tb_status status = postgres_link_revive(&db->link); /* which ends the lost session */
    if (status != TB_OK)
        return TB_TIMEOUT;
    PGresult *result = PQexecParams(db->link.connection, "SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8)", 1,
                                    NULL, &number, NULL, NULL, 0);
    status = postgres_status(&db->link, result, "the outcome of a commit");
    const char *answer = status == TB_OK && PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "";
    if (strcmp(answer, "committed") == 0)
        status = TB_OK;
    else
        status = strcmp(answer, "aborted") == 0 ? TB_DB_GONE : TB_TIMEOUT;
    PQclear(result);
    return status;
}

static tb_status find_outcome(postgres *db)
{
    int64_t deadline = tb_clock_monotonic() + ASK_PATIENCE;
    tb_status status = TB_TIMEOUT;
    while (status == TB_TIMEOUT && tb_clock_monotonic() < deadline) {
        status = ask_outcome(db);
        if (status == TB_TIMEOUT)
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    tb_log(TB_LOG_WARNING, "store", "the connection was lost at a commit, which %s",
           status == TB_OK        ? "took place"
           : status == TB_DB_GONE ? "did not take place"
                                  : "took place or not: the server cannot be asked");
    return status == TB_OK ? TB_OK : TB_DB_GONE;
}

static tb_status send_gathered(postgres *db);

static tb_status commit(tb_db *base)
{
    postgres *db = of(base);
    PGresult *result = NULL;
    if (!postgres_link_is_up(&db->link)) { /* lost before: rolled back by the server */
        undo(db);
        return TB_DB_GONE;
    }
    tb_status status = send_gathered(db);
    if (status == TB_OK)
        status = postgres_queue_hear(&db->link, &db->queue, NULL);
    if (status != TB_OK) {
        undo(db);
        return status == TB_EXISTS ? TB_CONFLICT : status;
    }
    status = postgres_exec(&db->link, "COMMIT", &result);
    if (status == TB_DB_GONE) {
        db->open = 0;
        return find_outcome(db);
    }
    /* PostgreSQL answers a commit of what had failed by a rollback. */
    if (status == TB_OK && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        status = TB_CONFLICT;
    if (status == TB_OK)
        db->open = 0;
    PQclear(result);
    undo(db);
    return status;
}

static void rollback(tb_db *base)
{
    undo(of(base));
}

/* ---- statements ---- */

#define VALUES_MAX (POSTGRES_GATHER_ROWS * POSTGRES_GATHER_COLUMNS)
_Static_assert(VALUES_MAX >= TB_DB_VALUES_MAX, "one statement's values fit");

typedef struct sent { /* values as libpq takes them */
    int count;
    Oid types[VALUES_MAX];
    const char *data[VALUES_MAX];
    int sizes[VALUES_MAX], formats[VALUES_MAX];
    uint8_t numbers[VALUES_MAX][8];
} sent;

/* What is prepared: a statement, in the form that a plain INSERT has for Q2 or not, for so many rows. */
typedef struct form {
    const char *sql;
    int insert, columns, rows;
} form;

static void lay_out(tb_values values, sent *out)
{
    out->count = values.count;
    for (int i = 0; i < values.count; i++) {
        const tb_value *v = &values.items[i];
        out->types[i] = v->kind == TB_VALUE_INT    ? OID_INT8
                        : v->kind == TB_VALUE_TEXT ? OID_TEXT
                        : v->kind == TB_VALUE_BLOB ? OID_BYTEA
                                                   : 0; /* the column's */
        out->formats[i] = 1;
        out->data[i] = v->kind == TB_VALUE_NULL ? NULL : v->bytes.size ? (const char *)v->bytes.data : "";
        out->sizes[i] = (int)v->bytes.size;
        if (v->kind != TB_VALUE_INT)
            continue;
        for (int b = 0; b < 8; b++)
            out->numbers[i][b] = (uint8_t)((uint64_t)v->number >> (56 - 8 * b));
        out->data[i] = (const char *)out->numbers[i];
        out->sizes[i] = 8;
    }
}

/* The text as it is sent; the literal itself where nothing is added. */
static const char *as_sent(const form *f, postgres_text *space)
{
    if (!f->insert && f->rows == 1)
        return f->sql;
    postgres_text_of(f->sql, f->columns, f->rows, space);
    if (f->insert) /* Q2 */
        snprintf(space->text + space->size, sizeof space->text - space->size, " ON CONFLICT DO NOTHING");
    return space->text;
}

/* *slot -1: the cache is full. */
static tb_status find_prepared(postgres *db, const form *f, const sent *values, int *slot)
{
    char name[16];
    postgres_text space;
    if (db->prepared_in != db->link.session)
        db->cached = 0; /* statements end with their session */
    db->prepared_in = db->link.session;
    for (*slot = 0; *slot < db->cached; ++*slot)
        if (db->cache[*slot].sql == f->sql && db->cache[*slot].insert == f->insert && db->cache[*slot].rows == f->rows)
            return TB_OK;
    if (db->cached == POSTGRES_CACHED) {
        *slot = -1;
        return TB_OK;
    }
    tb_status status = postgres_queue_hear(&db->link, &db->queue, NULL); /* preparing waits for its answer */
    if (status != TB_OK)
        return status;
    snprintf(name, sizeof name, "s%d", *slot);
    PGresult *result = PQprepare(db->link.connection, name, as_sent(f, &space), values->count, values->types);
    status = postgres_status(&db->link, result, f->sql);
    PQclear(result);
    if (status == TB_OK)
        db->cache[db->cached++] = (prepared){f->sql, f->insert, f->rows};
    return status;
}

/* One more on its way; its answer is heard with the queue's. */
static tb_status send_one(postgres *db, const char *sql, int slot, const sent *laid)
{
    char name[16];
    tb_status status = postgres_queue_open(&db->link, &db->queue);
    if (status != TB_OK)
        return status;
    snprintf(name, sizeof name, "s%d", slot);
    if (!PQsendQueryPrepared(db->link.connection, name, laid->count, laid->data, laid->sizes, laid->formats, 1)) {
        postgres_link_drop(&db->link);
        return TB_DB_GONE;
    }
    db->queue.sql[db->queue.count++] = sql;
    return TB_OK;
}

/* With nothing on its way. */
static tb_status execute_alone(postgres *db, const form *f, int slot, const sent *laid, PGresult **out)
{
    PGresult *result;
    char name[16];
    postgres_text space;
    if (slot >= 0) {
        snprintf(name, sizeof name, "s%d", slot);
        result = PQexecPrepared(db->link.connection, name, laid->count, laid->data, laid->sizes, laid->formats, 1);
    } else {
        result = PQexecParams(db->link.connection, as_sent(f, &space), laid->count, laid->types, laid->data,
                              laid->sizes, laid->formats, 1);
    }
    tb_status status = postgres_status(&db->link, result, f->sql);
    if (status == TB_OK && out)
        *out = result;
    else
        PQclear(result);
    return status;
}

/* On its way when it can be; a key that is taken is a failure here. */
static tb_status send_form(postgres *db, const form *f, tb_values values)
{
    sent laid;
    int slot;
    lay_out(values, &laid);
    tb_status status = db->queue.count < POSTGRES_QUEUE - 1 ? TB_OK : postgres_queue_hear(&db->link, &db->queue, NULL);
    if (status == TB_OK)
        status = find_prepared(db, f, &laid, &slot);
    if (status != TB_OK || slot >= 0)
        return status == TB_OK ? send_one(db, f->sql, slot, &laid) : status;
    status = postgres_queue_hear(&db->link, &db->queue, NULL);
    return status == TB_OK ? execute_alone(db, f, slot, &laid, NULL) : status;
}

/* All rows of one statement; by powers of two, so that few forms are prepared. */
static tb_status send_gather(postgres *db, postgres_gather *gather)
{
    tb_value space[VALUES_MAX];
    tb_status status = TB_OK;
    for (int from = 0, rows = POSTGRES_GATHER_ROWS; from < gather->rows && status == TB_OK; from += rows) {
        while (rows > gather->rows - from)
            rows /= 2;
        form f = {gather->sql, 0, gather->columns, rows};
        status = send_form(db, &f, postgres_gather_values(gather, from, rows, space));
    }
    gather->rows = 0;
    return status;
}

static tb_status send_gathered(postgres *db)
{
    postgres_gather *gather;
    tb_status status = TB_OK;
    while (status == TB_OK && (gather = postgres_gathered_any(&db->gathered)))
        status = send_gather(db, gather);
    return status;
}

static tb_status execute_now(postgres *db, const char *sql, tb_values values, PGresult **out)
{
    sent laid;
    int slot;
    form f = {sql, postgres_is_plain_insert(sql), values.count, 1};
    lay_out(values, &laid);
    tb_status status = send_gathered(db);
    if (status == TB_OK)
        status = find_prepared(db, &f, &laid, &slot);
    if (status == TB_OK && slot < 0)
        status = postgres_queue_hear(&db->link, &db->queue, NULL);
    if (status != TB_OK)
        return status;
    if (!db->queue.count)
        return execute_alone(db, &f, slot, &laid, out);
    status = send_one(db, sql, slot, &laid);
    return status == TB_OK ? postgres_queue_hear(&db->link, &db->queue, out) : status;
}

static tb_status execute(postgres *db, const char *sql, tb_values values, PGresult **out)
{
    *out = NULL;
    if (db->base.depth || db->base.held) {
        if (!postgres_link_is_up(&db->link))
            return TB_DB_GONE; /* the rest of a transaction that was lost */
        tb_status status = execute_now(db, sql, values, out);
        if (status != TB_OK && status != TB_DB_GONE) /* which a commit says as well */
            db->base.broken = 1;                     /* Q2 */
        return status;
    }
    undo(db);
    int was_up = postgres_link_is_up(&db->link);
    tb_status status = postgres_link_revive(&db->link);
    if (status == TB_OK)
        status = execute_now(db, sql, values, out);
    if (status == TB_DB_GONE && was_up && strncmp(sql, "SELECT", 6) == 0) { /* lost while nobody used it */
        status = postgres_link_revive(&db->link);
        if (status == TB_OK)
            status = execute_now(db, sql, values, out);
    }
    return status;
}

static tb_status query(tb_db *base, const char *sql, tb_values values, tb_rows *rows)
{
    PGresult *result;
    tb_status status = execute(of(base), sql, values, &result);
    rows->statement = result;
    rows->row = -1;
    return status;
}

static tb_status next(tb_rows *rows, int *more)
{
    *more = ++rows->row < PQntuples(rows->statement);
    return TB_OK;
}

static void end(tb_rows *rows)
{
    PQclear(rows->statement);
}

static tb_span blob(const tb_rows *rows, int column)
{
    if (PQgetisnull(rows->statement, rows->row, column))
        return tb_span_of(NULL, 0);
    return tb_span_of(PQgetvalue(rows->statement, rows->row, column),
                      (size_t)PQgetlength(rows->statement, rows->row, column));
}

/* Sums are numeric: digits of base 10000, most significant first. Beyond 64 bits, or with a fraction, is no number of
 * ours. */
static int64_t numeric(tb_span bytes)
{
    int16_t head[4];
    int64_t value = 0;
    for (size_t i = 0; i < 4 && bytes.size >= 8; i++)
        head[i] = (int16_t)(bytes.data[2 * i] << 8 | bytes.data[2 * i + 1]);
    if (bytes.size < 8 || head[1] > 4)
        return 0;
    for (int i = 0; i <= head[1]; i++)
        value = value * 10000 + (i < head[0] ? bytes.data[8 + 2 * i] << 8 | bytes.data[9 + 2 * i] : 0);
    return head[2] ? -value : value;
}

static int64_t number(const tb_rows *rows, int column)
{
    tb_span bytes = blob(rows, column);
    Oid type = PQftype(rows->statement, column);
    if (type == OID_NUMERIC)
        return numeric(bytes);
    assert(!bytes.size || type == OID_INT8 || type == OID_INT4 || type == OID_INT2 || type == OID_BOOL);
    uint64_t value = bytes.size && bytes.data[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.size; i++)
        value = value << 8 | bytes.data[i];
    return (int64_t)value;
}

static tb_status run(tb_db *base, const char *sql, tb_values values, int64_t *changed)
{
    PGresult *result;
    tb_status status = execute(of(base), sql, values, &result);
    if (status == TB_EXISTS && base->depth) /* a reference that is not there, or the like: not what EXISTS means */
        return TB_CONFLICT;
    if (status != TB_OK)
        return status;
    assert(PQntuples(result) == 0 && "a statement that returns rows belongs to tb_db_query");
    *changed = strtoll(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return !*changed && postgres_is_plain_insert(sql) ? TB_EXISTS : TB_OK;
}

static tb_status later_now(postgres *db, const char *sql, tb_values values)
{
    tb_status status = send_gathered(db);
    return status == TB_OK ? send_form(db, &(form){sql, 0, values.count, 1}, values) : status;
}

static tb_status gather_now(postgres *db, const char *sql, tb_values values)
{
    postgres_gather *gather;
    tb_status status = TB_OK;
    while (status == TB_OK && (gather = postgres_gathered_before(&db->gathered, sql, values)))
        status = send_gather(db, gather);
    gather = postgres_gathers(sql, values) ? postgres_gather_for(&db->gathered, sql) : NULL;
    if (status != TB_OK || !gather)
        return status == TB_OK ? later_now(db, sql, values) : status;
    if (gather->rows == POSTGRES_GATHER_ROWS)
        status = send_gather(db, gather);
    return status == TB_OK ? postgres_gather_add(gather, sql, values) : status;
}

static tb_status sent_as(postgres *db, tb_status status)
{
    if (status != TB_OK && status != TB_DB_GONE)
        db->base.broken = 1;
    return status;
}

static tb_status later(tb_db *base, const char *sql, tb_values values)
{
    postgres *db = of(base);
    return postgres_link_is_up(&db->link) ? sent_as(db, later_now(db, sql, values)) : TB_DB_GONE;
}

static tb_status together(tb_db *base, const char *sql, tb_values values)
{
    postgres *db = of(base);
    return postgres_link_is_up(&db->link) ? sent_as(db, gather_now(db, sql, values)) : TB_DB_GONE;
}

static tb_status has_table(tb_db *base, const char *schema, const char *table, int *exists)
{
    int64_t count = 0;
    tb_status status =
        tb_db_number(base, "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = $2",
                     TB_VALUES(tb_value_text(schema), tb_value_text(table)), &count);
    *exists = count > 0;
    return status;
}

static tb_status notify(tb_db *base)
{
    return tb_db_run_later(base, "NOTIFY tebura", TB_NO_VALUES);
}

static tb_status script(tb_db *base, const char *sql, tb_error *why)
{
    postgres *db = of(base);
    tb_bytes text = {0};
    tb_status status = tb_dialect_postgres(sql, &text);
    if (status == TB_OK)
        status = tb_bytes_append(&text, tb_span_of("", 1));
    if (status == TB_OK && base->depth)
        status = postgres_link_is_up(&db->link) ? send_gathered(db) : TB_DB_GONE;
    if (status == TB_OK && base->depth)
        status = postgres_queue_hear(&db->link, &db->queue, NULL);
    if (status == TB_OK && !base->depth)
        status = postgres_link_revive(&db->link);
    if (status == TB_OK)
        status = postgres_exec(&db->link, (const char *)text.data, NULL);
    tb_bytes_free(&text);
    if (status != TB_OK && status != TB_DB_GONE && base->depth)
        base->broken = 1;
    if (status == TB_FORBIDDEN)
        return tb_fail(why, status, "PostgreSQL at %s: the user may not make schemas: GRANT CREATE ON DATABASE",
                       db->link.where);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "a migration failed: %s", tb_status_sentence(status));
}

/* ---- opening ---- */

static uint64_t session(const tb_db *base)
{
    return of(base)->link.session;
}

static void close_postgres(tb_db *base)
{
    postgres_link_close(&of(base)->link);
    postgres_gathered_free(&of(base)->gathered);
    free(base);
}

/* One of those that serve leads, always; not by memory but by the lock it holds (store/watch.h). */
static tb_status is_served(tb_db *db, int *served)
{
    int64_t count = 0, lock = POSTGRES_LOCK_LEADER;
    tb_status status = tb_db_number(
        db,
        "SELECT count(*) FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database"
        " WHERE l.locktype = 'advisory' AND l.granted AND d.datname = pg_catalog.current_database()"
        " AND l.classid = $1::pg_catalog.int8::pg_catalog.oid AND l.objid = $2::pg_catalog.int8::pg_catalog.oid",
        TB_VALUES(tb_value_int((int64_t)((uint64_t)lock >> 32)), tb_value_int((int64_t)(uint32_t)lock)), &count);
    *served = count > 0;
    return status;
}

static const tb_db_driver driver = {.shared = 1,
                                    .close = close_postgres,
                                    .session = session,
                                    .begin = begin,
                                    .commit = commit,
                                    .rollback = rollback,
                                    .query = query,
                                    .next = next,
                                    .end = end,
                                    .number = number,
                                    .text = blob,
                                    .blob = blob,
                                    .run = run,
                                    .later = later,
                                    .together = together,
                                    .has_table = has_table,
                                    .notify = notify,
                                    .script = script,
                                    .is_served = is_served};

tb_status tb_db_postgres_open(const tb_db_options *options, tb_db **out, tb_error *why)
{
    postgres *db = calloc(1, sizeof *db);
    if (!db)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    db->base.driver = &driver;
    *out = &db->base;
    tb_status status = postgres_link_open(&db->link, options->url, why);
    if (status != TB_OK)
        tb_db_free(out);
    return status;
}
