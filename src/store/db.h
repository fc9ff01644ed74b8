/* db.h: the small interface between SQL text and a database. One connection sees two schemas, `central` and `visitor`,
 * and changes both in one transaction (doc/adr/002). SQL is written with $1, $2 ... and schema-qualified names, so that
 * PostgreSQL can stand behind the same calls.
 *
 * One thread at a time: the owner holds a mutex around it.
 *
 * Invariants
 *  D1  Outside of a transaction nothing is half-written: what a failed or abandoned transaction did is rolled back
 *      before
 *      the next one begins, also when the rollback itself failed at first.
 *  D2  An inner transaction that was rolled back makes the outer commit fail: there are no partial commits.
 *  D3  Every statement is reset when its last row was read or tb_rows_end was called: none holds a lock by accident. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <tebura/bytes.h>
#include <tebura/clock.h>
#include <tebura/crypto.h>

typedef struct tb_db tb_db;

typedef struct tb_db_options {
    const char *directory;           /* exists; central.db and visitor.db live here */
    const tb_key *central, *visitor; /* borrowed until open returns */
    int busy_ms;                     /* how long to wait for another program to let go of the files */
    int scratch; /* a copy that is thrown away when anything fails: no journal, which could be as large as the files */
    /* "postgresql://user@host/database?..." or libpq's "host=... dbname=...": then none of the above counts. Never
     * logged; a copy is kept in secret memory. Beyond this machine TLS with a verified server is asked for
     * (sslmode=verify-full) unless it names an sslmode itself. NULL: the files. */
    const char *url;
} tb_db_options;

/* Opens and takes both files for this process alone, or connects. Schemas are not touched (store/migration.h).
 * TB_DB_LOCKED, TB_DB_KEY, TB_DB_CORRUPT, TB_DISK_FULL, TB_IO, TB_NO_MEMORY; PostgreSQL: TB_DB_GONE (no server
 * answers), TB_UNAUTHORISED (user, password), TB_NOT_FOUND (no such database), TB_UNSUPPORTED (too old; TLS not as
 * asked for), TB_INVALID_ARGUMENT (the URL). */
tb_status tb_db_open(const tb_db_options *options, tb_db **out, tb_error *why) TB_MUST_CHECK;
/* Does the address (tb_db_options.url) hold a password? Whoever may look at the list of processes would read it
 * there. */
int tb_db_url_has_password(const char *url);
void tb_db_free(tb_db **db);          /* an open transaction is rolled back */
tb_id tb_db_program(const tb_db *db); /* of this opening, by chance: tells our changes from others' */
int tb_db_is_shared(const tb_db *db); /* other programs may write to it while we have it open */
/* Counts the connections that were made: memory that was read in another one may have missed a change. 1 for files. */
uint64_t tb_db_session(const tb_db *db);

/* ---- transactions: they nest; only the outermost one commits ---- */
tb_status tb_db_begin(tb_db *db) TB_MUST_CHECK;
/* On failure everything since the outermost begin is rolled back. TB_CONFLICT: an inner one was rolled back (D2).
 * TB_DB_GONE at the outermost: the connection was lost while it was committed, and the server has not told within some
 * seconds whether it was: it may have been, whole (I3 makes repeating it harmless). */
tb_status tb_db_commit(tb_db *db) TB_MUST_CHECK;
void tb_db_rollback(tb_db *db);
int tb_db_depth(const tb_db *db);

/* Where others may write as well: nobody else does until tb_db_release, so what is read is still so when the
 * transaction that follows begins; a commit or rollback ends it, too. TB_OK without doing anything where nobody else
 * can. After a failure nothing is answered before tb_db_release: it would be read as if nobody else wrote. */
tb_status tb_db_hold(tb_db *db) TB_MUST_CHECK;
void tb_db_refuse(tb_db *db, tb_status why); /* the same, for a failure of the caller's */
void tb_db_release(tb_db *db);
/* Others that share the database are told when the transaction commits (store/watch.h). */
tb_status tb_db_notify(tb_db *db) TB_MUST_CHECK;

/* ---- values and statements ---- */
typedef enum tb_value_kind { TB_VALUE_NULL, TB_VALUE_INT, TB_VALUE_TEXT, TB_VALUE_BLOB } tb_value_kind;
typedef struct tb_value { /* borrowed until the statement has ended */
    tb_value_kind kind;
    int64_t number;
    tb_span bytes;
} tb_value;
static inline tb_value tb_value_int(int64_t number)
{
    return (tb_value){TB_VALUE_INT, number, {NULL, 0}};
}
static inline tb_value tb_value_text(const char *text)
{
    return (tb_value){TB_VALUE_TEXT, 0, tb_span_text(text)};
}
static inline tb_value tb_value_blob(tb_span bytes)
{
    return (tb_value){TB_VALUE_BLOB, 0, bytes};
}
static inline tb_value tb_value_id(const tb_id *id)
{
    return (tb_value){TB_VALUE_BLOB, 0, {id->bytes, sizeof id->bytes}};
}
static inline tb_value tb_value_null(void)
{
    return (tb_value){TB_VALUE_NULL, 0, {NULL, 0}};
}
typedef struct tb_values {
    const tb_value *items;
    int count;
} tb_values;
#define TB_VALUES(...)                                                                                                 \
    ((tb_values){(const tb_value[]){__VA_ARGS__}, (int)(sizeof((const tb_value[]){__VA_ARGS__}) / sizeof(tb_value))})
#define TB_NO_VALUES ((tb_values){NULL, 0})

/* A cursor over the rows of a cached statement. `sql` must be a literal (it is the cache's key). */
typedef struct tb_rows {
    tb_db *db;
    void *statement; /* NULL when ended */
    int own;         /* not from the cache: finalised at the end */
    int slot;
    int row; /* PostgreSQL: of the answer; -1 before the first */
} tb_rows;
tb_status tb_db_query(tb_db *db, const char *sql, tb_values values, tb_rows *rows) TB_MUST_CHECK;
/* *more 0 at the end (the cursor has then ended by itself). A failure ends it, too. */
tb_status tb_rows_next(tb_rows *rows, int *more) TB_MUST_CHECK;
void tb_rows_end(tb_rows *rows); /* may be called again */
int64_t tb_rows_int(const tb_rows *rows, int column);
void tb_rows_text(const tb_rows *rows, int column, char *out, size_t size); /* cut to fit, always NUL-ended */
tb_span tb_rows_blob(const tb_rows *rows, int column);                      /* borrowed until the next step */
tb_id tb_rows_id(const tb_rows *rows, int column); /* zero when it is NULL or of another size */

/* A statement without rows; *changed (may be NULL) tells how many rows it changed. TB_EXISTS: a unique key is taken. */
tb_status tb_db_run(tb_db *db, const char *sql, tb_values values, int64_t *changed) TB_MUST_CHECK;
/* The same for one that has to succeed and whose outcome the caller does not need: it may fail later, and then what
 * comes next, the commit at the latest, answers that. On PostgreSQL it costs no waiting. */
tb_status tb_db_run_later(tb_db *db, const char *sql, tb_values values) TB_MUST_CHECK;
/* The same for what is done to many rows: on PostgreSQL they become few statements. It may be sent behind others of
 * this kind that come later, but those about the same row stay in order: in all of them about one table the values of a
 * row's key come first. No reference between tables depends on it. */
tb_status tb_db_run_together(tb_db *db, const char *sql, tb_values values) TB_MUST_CHECK;
/* The first row, cursor open (end it); TB_NOT_FOUND: there is none and the cursor has ended. */
tb_status tb_db_one(tb_db *db, const char *sql, tb_values values, tb_rows *rows) TB_MUST_CHECK;
/* The first column of the first row; TB_NOT_FOUND. */
tb_status tb_db_number(tb_db *db, const char *sql, tb_values values, int64_t *out) TB_MUST_CHECK;
tb_status tb_db_has_table(tb_db *db, const char *schema, const char *table, int *exists) TB_MUST_CHECK;
/* Several statements without values, for migrations. */
tb_status tb_db_script(tb_db *db, const char *sql, tb_error *why) TB_MUST_CHECK;

/* Copies what is committed, encrypted as it lies on the disk, to central.db and visitor.db in `directory`, which exists
 * and has no such files; they are not synced. Outside of a transaction. On failure a part may be left there.
 * TB_UNSUPPORTED: PostgreSQL, which has pg_dump; TB_EXISTS, TB_DISK_FULL, TB_IO, TB_NO_MEMORY. */
tb_status tb_db_copy(tb_db *db, const char *directory, tb_error *why) TB_MUST_CHECK;
/* Other keys for both files, which are scratch: a power cut in between leaves neither. Outside of a
 * transaction; afterwards only tb_db_free may be called. TB_UNSUPPORTED: PostgreSQL, which has no keys. */
tb_status tb_db_rekey(tb_db *db, const tb_key *central, const tb_key *visitor) TB_MUST_CHECK;
/* Does a service run on this database, on whatever machine? 0 with files: who has them open is alone. */
tb_status tb_db_is_served(tb_db *db, int *served) TB_MUST_CHECK;

#endif
