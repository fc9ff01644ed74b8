/* db_sqlite.c: store/db.h on SQLCipher.
 *
 * The connection's main database is an empty file, site.db, that is never written. It is there because SQLite commits
 * several attached files atomically only when the main database has a name of its own (the super-journal lies beside
 * it). */
#include "store/db_driver.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#include "base/file.h"

#define COPY_PIECE (1 << 20)
#define CACHED 192 /* statements; more are prepared anew each time */

struct cached {
    const char *sql; /* the literal */
    sqlite3_stmt *statement;
    int busy;
    uint8_t place[TB_DB_VALUES_MAX + 1]; /* $n -> SQLite's index */
};

typedef struct sqlite {
    tb_db base;
    sqlite3 *connection;
    int cached;
    struct cached cache[CACHED];
} sqlite;

static sqlite *of(const tb_db *db)
{
    return (sqlite *)db; /* its first member */
}

static int is_full(sqlite3 *connection)
{
    int number = sqlite3_system_errno(connection);
    return number == ENOSPC || number == EFBIG || number == EDQUOT;
}

static tb_status map(sqlite3 *connection, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return TB_OK;
    case SQLITE_FULL:
        return TB_DISK_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TB_DB_LOCKED;
    case SQLITE_NOTADB:
        return TB_DB_KEY;
    case SQLITE_CORRUPT:
        return TB_DB_CORRUPT;
    case SQLITE_NOMEM:
        return TB_NO_MEMORY;
    case SQLITE_IOERR:
        return connection && is_full(connection) ? TB_DISK_FULL : TB_IO;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return TB_IO;
    case SQLITE_CONSTRAINT:
        return TB_EXISTS;
    default:
        return TB_INTERNAL;
    }
}

/* The message of SQLite may quote SQL but never values: safe to log. */
static tb_status failed(sqlite *db, int code, const char *what)
{
    tb_status status = map(db->connection, code);
    if (status != TB_EXISTS)
        tb_log(TB_LOG_WARNING, "store", "%s: %s (code %d): %s", what, tb_status_name(status), code,
               sqlite3_errmsg(db->connection));
    return status;
}

/* ---- opening ---- */

static tb_status pragma(sqlite *db, const char *sql)
{
    int code = sqlite3_exec(db->connection, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? TB_OK : failed(db, code, sql);
}

/* Files are made here first, so that they and their journals are for the owner only. */
static tb_status make_file(const char *path, tb_error *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return tb_fail(why, errno == ENOSPC || errno == EDQUOT ? TB_DISK_FULL : TB_IO, "%s: %s", path, strerror(errno));
    close(fd);
    return TB_OK;
}

#define KEY_TEXT (4 + 2 * TB_KEY_SIZE)
/* The key itself, not a passphrase. Wipe it. */
static void key_text(const tb_key *key, char text[KEY_TEXT])
{
    memcpy(text, "x'", 2);
    tb_hex_encode(tb_span_of(key->bytes, sizeof key->bytes), text + 2);
    memcpy(text + 2 + 2 * TB_KEY_SIZE, "'", 2);
}

static tb_status attach(sqlite *db, const char *directory, const char *schema, const tb_key *key, tb_error *why)
{
    char path[4096], text[KEY_TEXT];
    sqlite3_stmt *statement = NULL;
    if (snprintf(path, sizeof path, "%s/%s.db", directory, schema) >= (int)sizeof path)
        return tb_fail(why, TB_TOO_LARGE, "the path of the data directory is too long");
    tb_status status = make_file(path, why);
    if (status != TB_OK)
        return status;
    key_text(key, text);
    int code = sqlite3_prepare_v2(db->connection, "ATTACH ?1 AS ?2 KEY ?3", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 2, schema, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 3, text, 3 + 2 * TB_KEY_SIZE, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    tb_wipe(text, sizeof text);
    if (code != SQLITE_DONE) {
        /* The statement's own code is "error"; the connection's knows the cause. */
        int cause = sqlite3_extended_errcode(db->connection);
        status = map(db->connection, cause ? cause : code);
        if (status == TB_OK || status == TB_INTERNAL)
            status = strstr(sqlite3_errmsg(db->connection), "encrypted") ? TB_DB_KEY : TB_IO;
        status = tb_fail(why, status, "%s: %s", path, tb_status_sentence(status));
    }
    sqlite3_finalize(statement);
    return status;
}

static tb_status settle(sqlite *db, int scratch)
{
    const char *const settings[] = {
        "PRAGMA locking_mode = EXCLUSIVE",
        "PRAGMA foreign_keys = ON",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA central.secure_delete = ON",
        "PRAGMA visitor.secure_delete = ON",
        "PRAGMA central.locking_mode = EXCLUSIVE",
        "PRAGMA visitor.locking_mode = EXCLUSIVE",
        scratch ? "PRAGMA central.journal_mode = OFF" : "PRAGMA central.journal_mode = TRUNCATE",
        scratch ? "PRAGMA visitor.journal_mode = OFF" : "PRAGMA visitor.journal_mode = TRUNCATE",
        "PRAGMA central.synchronous = FULL",
        "PRAGMA visitor.synchronous = FULL",
        /* At most, KiB: what a hundred thousand visits' changes touch. A page that is not here is read, proved and
         * deciphered (doc/adr/117). */
        "PRAGMA central.cache_size = -262144",
        "PRAGMA visitor.cache_size = -131072",
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        tb_status status = pragma(db, settings[i]);
        if (status != TB_OK)
            return status;
    }
    return TB_OK;
}

/* Takes the exclusive lock now and, by the locking mode, for as long as the connection lives. */
static tb_status take(sqlite *db)
{
    tb_status status = pragma(db, "BEGIN EXCLUSIVE");
    if (status == TB_OK)
        status = pragma(db, "COMMIT");
    if (status != TB_OK && !sqlite3_get_autocommit(db->connection))
        (void)pragma(db, "ROLLBACK");
    return status;
}

static tb_status connect(sqlite *db, const tb_db_options *options, tb_error *why)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/site.db", options->directory) >= (int)sizeof path)
        return tb_fail(why, TB_TOO_LARGE, "the path of the data directory is too long");
    tb_status status = make_file(path, why);
    if (status != TB_OK)
        return status;
    int code = sqlite3_open_v2(path, &db->connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return tb_fail(why, map(db->connection, code), "%s does not open", path);
    sqlite3_extended_result_codes(db->connection, 1);
    sqlite3_busy_timeout(db->connection, options->busy_ms);
    /* One file format for SQLCipher 3 and 4: these two settings are the same after an upgrade of the library (a version
     * that does not know one of them ignores it). Attached files take them from the defaults. */
    status = pragma(db, "PRAGMA cipher_default_compatibility = 3");
    if (status == TB_OK)
        status = pragma(db, "PRAGMA cipher_default_page_size = 4096");
    if (status == TB_OK)
        status = attach(db, options->directory, "central", options->central, why);
    if (status == TB_OK)
        status = attach(db, options->directory, "visitor", options->visitor, why);
    if (status == TB_OK)
        status = settle(db, options->scratch);
    if (status == TB_OK)
        status = take(db);
    if (status != TB_OK && why && !why->status)
        return tb_fail(why, status, "%s: %s", options->directory, tb_status_sentence(status));
    return status;
}

static void close_sqlite(tb_db *base)
{
    sqlite *db = of(base);
    for (int i = 0; i < db->cached; i++)
        sqlite3_finalize(db->cache[i].statement);
    sqlite3_close(db->connection);
    free(db);
}

static uint64_t session(const tb_db *base)
{
    (void)base;
    return 1;
}

/* ---- transactions ---- */

/* D1: a rollback that did not run leaves the transaction open; whoever comes next ends it first. */
static tb_status undo(sqlite *db)
{
    for (int attempt = 0; attempt < 3 && !sqlite3_get_autocommit(db->connection); attempt++)
        (void)sqlite3_exec(db->connection, "ROLLBACK", NULL, NULL, NULL);
    return sqlite3_get_autocommit(db->connection) ? TB_OK : TB_IO;
}

static tb_status begin(tb_db *base)
{
    tb_status status = undo(of(base));
    return status == TB_OK ? pragma(of(base), "BEGIN IMMEDIATE") : status;
}

static tb_status commit(tb_db *base)
{
    tb_status status = pragma(of(base), "COMMIT");
    if (status != TB_OK)
        (void)undo(of(base));
    return status;
}

static void rollback(tb_db *base)
{
    (void)undo(of(base));
}

/* ---- statements ---- */

static void place_values(struct cached *entry)
{
    char name[16];
    for (int i = 1; i <= TB_DB_VALUES_MAX; i++) {
        snprintf(name, sizeof name, "$%d", i);
        entry->place[i] = (uint8_t)sqlite3_bind_parameter_index(entry->statement, name);
    }
}

static tb_status prepare(sqlite *db, struct cached *entry, const char *sql)
{
    *entry = (struct cached){.sql = sql};
    int code = sqlite3_prepare_v2(db->connection, sql, -1, &entry->statement, NULL);
    if (code != SQLITE_OK)
        return failed(db, code, sql);
    place_values(entry);
    return TB_OK;
}

/* *slot -1: in use by an outer cursor, or the cache is full; then it is prepared outside of the cache. */
static tb_status find_cached(sqlite *db, const char *sql, int *slot)
{
    *slot = -1;
    for (int i = 0; i < db->cached; i++)
        if (db->cache[i].sql == sql) {
            *slot = db->cache[i].busy ? -1 : i;
            return TB_OK;
        }
    if (db->cached == CACHED)
        return TB_OK;
    tb_status status = prepare(db, &db->cache[db->cached], sql);
    if (status == TB_OK)
        *slot = db->cached++;
    return status;
}

static int bind(sqlite3_stmt *statement, int index, const tb_value *value)
{
    static const char nothing[1] = "";
    const char *data = value->bytes.data ? (const char *)value->bytes.data : nothing;
    switch (value->kind) {
    case TB_VALUE_INT:
        return sqlite3_bind_int64(statement, index, value->number);
    case TB_VALUE_TEXT:
        return sqlite3_bind_text(statement, index, data, (int)value->bytes.size, SQLITE_STATIC);
    case TB_VALUE_BLOB:
        return sqlite3_bind_blob(statement, index, data, (int)value->bytes.size, SQLITE_STATIC);
    case TB_VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, index);
}

static tb_status query(tb_db *base, const char *sql, tb_values values, tb_rows *rows)
{
    sqlite *db = of(base);
    struct cached fresh = {0}, *entry = &fresh;
    if (!base->depth && undo(db) != TB_OK) /* D1: nobody reads what should have been rolled back */
        return TB_IO;
    tb_status found = find_cached(db, sql, &rows->slot);
    if (found != TB_OK)
        return found;
    if (rows->slot >= 0) {
        entry = &db->cache[rows->slot];
        entry->busy = 1;
    } else {
        tb_status status = prepare(db, &fresh, sql);
        if (status != TB_OK)
            return status;
        rows->own = 1;
    }
    rows->statement = entry->statement;
    for (int i = 0; i < values.count; i++) {
        assert(entry->place[i + 1] && "the SQL names every value");
        int code = bind(entry->statement, entry->place[i + 1], &values.items[i]);
        if (code != SQLITE_OK) {
            tb_status status = failed(db, code, "bind");
            tb_rows_end(rows);
            return status;
        }
    }
    return TB_OK;
}

static void end(tb_rows *rows)
{
    sqlite3_stmt *statement = rows->statement;
    if (rows->own) {
        sqlite3_finalize(statement);
        return;
    }
    sqlite3_reset(statement); /* its answer repeats the failure of the last step, already reported */
    sqlite3_clear_bindings(statement);
    of(rows->db)->cache[rows->slot].busy = 0;
}

static tb_status next(tb_rows *rows, int *more)
{
    int code = sqlite3_step(rows->statement);
    *more = code == SQLITE_ROW;
    return *more || code == SQLITE_DONE ? TB_OK : failed(of(rows->db), code, sqlite3_sql(rows->statement));
}

static int64_t number(const tb_rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

static tb_span text(const tb_rows *rows, int column)
{
    const char *bytes = (const char *)sqlite3_column_text(rows->statement, column);
    return tb_span_of(bytes, bytes ? strlen(bytes) : 0);
}

static tb_span blob(const tb_rows *rows, int column)
{
    const void *data = sqlite3_column_blob(rows->statement, column);
    return tb_span_of(data, data ? (size_t)sqlite3_column_bytes(rows->statement, column) : 0);
}

static tb_status run(tb_db *base, const char *sql, tb_values values, int64_t *changed)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(base, sql, values, &rows);
    if (status == TB_OK)
        status = tb_rows_next(&rows, &more);
    assert(!more && "a statement that returns rows belongs to tb_db_query");
    *changed = sqlite3_changes(of(base)->connection);
    return status;
}

static tb_status has_table(tb_db *base, const char *schema, const char *table, int *exists)
{
    int64_t count = 0;
    tb_status status =
        tb_db_number(base,
                     strcmp(schema, "central") == 0 ? "SELECT count(*) FROM central.sqlite_master WHERE name = $1"
                                                    : "SELECT count(*) FROM visitor.sqlite_master WHERE name = $1",
                     TB_VALUES(tb_value_text(table)), &count);
    *exists = count > 0;
    return status;
}

static tb_status script(tb_db *base, const char *sql, tb_error *why)
{
    sqlite3 *connection = of(base)->connection;
    int code = sqlite3_exec(connection, sql, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return TB_OK;
    return tb_fail(why, map(connection, code), "a migration failed: %s", sqlite3_errmsg(connection));
}

/* ---- copying ---- */

/* Through SQLite's own handle: a second one of this process, closed, would give up the lock on the file (POSIX). */
static tb_status copy_to(sqlite3_file *from, int fd, const char *path, tb_error *why)
{
    uint8_t *piece = malloc(COPY_PIECE);
    sqlite3_int64 size = 0;
    tb_status status = piece ? TB_OK : TB_NO_MEMORY;
    if (status == TB_OK && from->pMethods->xFileSize(from, &size) != SQLITE_OK)
        status = tb_fail(why, TB_IO, "%s: the database cannot be read", path);
    for (sqlite3_int64 at = 0; at < size && status == TB_OK;) {
        int length = size - at < COPY_PIECE ? (int)(size - at) : COPY_PIECE;
        if (from->pMethods->xRead(from, piece, length, at) != SQLITE_OK)
            status = tb_fail(why, TB_IO, "%s: the database cannot be read", path);
        else if (tb_file_write_all(fd, tb_span_of(piece, (size_t)length)) != 0)
            status = tb_fail(why, errno == ENOSPC || errno == EDQUOT ? TB_DISK_FULL : TB_IO, "%s: %s", path,
                             strerror(errno));
        at += length;
    }
    free(piece);
    return status;
}

static tb_status copy_file(sqlite *db, const char *schema, const char *directory, tb_error *why)
{
    char path[4096];
    sqlite3_file *from = NULL;
    if (snprintf(path, sizeof path, "%s/%s.db", directory, schema) >= (int)sizeof path)
        return tb_fail(why, TB_TOO_LARGE, "the path of the copy is too long");
    if (sqlite3_file_control(db->connection, schema, SQLITE_FCNTL_FILE_POINTER, &from) != SQLITE_OK || !from->pMethods)
        return tb_fail(why, TB_IO, "%s: the database is not open", schema);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return tb_fail(why,
                       errno == EEXIST   ? TB_EXISTS
                       : errno == ENOSPC ? TB_DISK_FULL
                                         : TB_IO,
                       "%s: %s", path, strerror(errno));
    tb_status status = copy_to(from, fd, path, why);
    if (close(fd) != 0 && status == TB_OK)
        status = tb_fail(why, TB_IO, "%s: %s", path, strerror(errno));
    return status;
}

/* Between two transactions the files are whole: nobody else may write, and the pager keeps nothing back. */
static tb_status copy(tb_db *base, const char *directory, tb_error *why)
{
    sqlite *db = of(base);
    tb_status status = undo(db);
    if (status == TB_OK)
        status = copy_file(db, "central", directory, why);
    return status == TB_OK ? copy_file(db, "visitor", directory, why) : status;
}

/* ---- other keys ---- */

static tb_status rekey(tb_db *base, const tb_key *central, const tb_key *visitor)
{
    const char *const schemas[] = {"central", "visitor"};
    const tb_key *const keys[] = {central, visitor};
    sqlite *db = of(base);
    char text[KEY_TEXT];
    tb_status status = undo(db);
    for (int i = 0; i < 2 && status == TB_OK; i++) {
        key_text(keys[i], text);
        int code = sqlite3_rekey_v2(db->connection, schemas[i], text, (int)strlen(text));
        status = code == SQLITE_OK ? TB_OK : failed(db, code, "another key");
        tb_wipe(text, sizeof text);
    }
    return status;
}

static const tb_db_driver driver = {.shared = 0,
                                    .close = close_sqlite,
                                    .session = session,
                                    .begin = begin,
                                    .commit = commit,
                                    .rollback = rollback,
                                    .query = query,
                                    .next = next,
                                    .end = end,
                                    .number = number,
                                    .text = text,
                                    .blob = blob,
                                    .run = run,
                                    .has_table = has_table,
                                    .script = script,
                                    .copy = copy,
                                    .rekey = rekey};

tb_status tb_db_sqlite_open(const tb_db_options *options, tb_db **out, tb_error *why)
{
    sqlite *db = calloc(1, sizeof *db);
    if (!db)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    db->base.driver = &driver;
    *out = &db->base;
    tb_status status = connect(db, options, why);
    if (status != TB_OK)
        tb_db_free(out);
    return status;
}
