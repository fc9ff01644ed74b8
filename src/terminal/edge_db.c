/* edge_db.c: SQLCipher in one file. Messages of SQLite may quote SQL, never values: they may be logged. */
#include "terminal/edge_db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <tebura/log.h>

tb_status tb_edge_db_status(sqlite3 *db, int code)
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
    case SQLITE_CONSTRAINT:
        return TB_EXISTS;
    case SQLITE_IOERR: {
        int number = db ? sqlite3_system_errno(db) : 0;
        return number == ENOSPC || number == EDQUOT || number == EFBIG ? TB_DISK_FULL : TB_IO;
    }
    default:
        return TB_IO;
    }
}

static tb_status failed(sqlite3 *db, int code, const char *what)
{
    tb_status status = tb_edge_db_status(db, code);
    if (status != TB_EXISTS)
        tb_log(TB_LOG_WARNING, "terminal", "edge.db: %s: %s (%d): %s", what, tb_status_name(status), code,
               sqlite3_errmsg(db));
    return status;
}

tb_status tb_edge_db_script(sqlite3 *db, const char *sql)
{
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? TB_OK : failed(db, code, "script");
}

static tb_status give_key(sqlite3 *db, const tb_key *key)
{
    char text[4 + 2 * TB_KEY_SIZE] = "x'";
    tb_hex_encode(tb_span_of(key->bytes, sizeof key->bytes), text + 2);
    text[2 + 2 * TB_KEY_SIZE] = '\'';
    text[3 + 2 * TB_KEY_SIZE] = '\0';
    int code = sqlite3_key(db, text, 3 + 2 * TB_KEY_SIZE);
    explicit_bzero(text, sizeof text);
    return code == SQLITE_OK ? TB_OK : failed(db, code, "key");
}

/* SQLite would make the file readable for others. */
static tb_status make_file(const char *path, tb_error *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return tb_fail(why, errno == ENOSPC || errno == EDQUOT ? TB_DISK_FULL : TB_IO, "%s: %s", path, strerror(errno));
    close(fd);
    return TB_OK;
}

static tb_status settle(sqlite3 *db)
{
    /* The exclusive mode keeps other processes out from the first lock on (E4); the settings of the cipher are the same
     * for SQLCipher 3 and 4, so that an upgrade of the library opens the same file. */
    static const char *const settings[] = {"PRAGMA cipher_compatibility = 3",
                                           "PRAGMA cipher_page_size = 4096",
                                           "PRAGMA locking_mode = EXCLUSIVE",
                                           "PRAGMA temp_store = MEMORY",
                                           "PRAGMA secure_delete = ON",
                                           "PRAGMA journal_mode = TRUNCATE",
                                           "PRAGMA synchronous = FULL",
                                           "PRAGMA cache_size = -8192",
                                           "BEGIN EXCLUSIVE",
                                           "SELECT count(*) FROM sqlite_master",
                                           "COMMIT"};
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof settings / sizeof *settings && status == TB_OK; i++)
        status = tb_edge_db_script(db, settings[i]);
    if (status != TB_OK && !sqlite3_get_autocommit(db))
        (void)!tb_edge_db_script(db, "ROLLBACK");
    return status;
}

tb_status tb_edge_db_open(const char *path, const tb_key *key, sqlite3 **out, tb_error *why)
{
    *out = NULL;
    tb_status status = make_file(path, why);
    if (status != TB_OK)
        return status;
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        status = tb_edge_db_status(db, code);
        goto fail;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, 200);
    status = give_key(db, key);
    if (status == TB_OK)
        status = settle(db);
    if (status == TB_OK) {
        *out = db;
        return TB_OK;
    }
fail:
    (void)!tb_edge_db_close(db);
    return tb_fail(why, status, "%s: %s", path, tb_status_sentence(status));
}

static int bind_all(sqlite3_stmt *statement, const char *kinds, va_list args)
{
    int code = SQLITE_OK;
    for (int i = 1; kinds[i - 1] && code == SQLITE_OK; i++) {
        switch (kinds[i - 1]) {
        case 'i':
            code = sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
            break;
        case 'b': {
            const tb_span *span = va_arg(args, const tb_span *);
            code = sqlite3_bind_blob(statement, i, span->size ? (const void *)span->data : "", (int)span->size,
                                     SQLITE_TRANSIENT);
            break;
        }
        case 'd': {
            const tb_id *id = va_arg(args, const tb_id *);
            code = sqlite3_bind_blob(statement, i, id->bytes, sizeof id->bytes, SQLITE_TRANSIENT);
            break;
        }
        default:
            code = sqlite3_bind_text(statement, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
        }
    }
    return code;
}

/* SQLite knows the statements of a connection: one of the same text that nobody has out is taken again. To make one
 * costs more than to run it. */
static int take(sqlite3 *db, sqlite3_stmt **out, const char *sql)
{
    for (*out = sqlite3_next_stmt(db, NULL); *out; *out = sqlite3_next_stmt(db, *out))
        if (!sqlite3_stmt_busy(*out) && strcmp(sqlite3_sql(*out), sql) == 0)
            return SQLITE_OK;
    return sqlite3_prepare_v2(db, sql, -1, out, NULL);
}

static tb_status prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, const char *kinds, va_list args)
{
    int code = take(db, out, sql);
    if (code == SQLITE_OK)
        code = bind_all(*out, kinds, args);
    if (code == SQLITE_OK)
        return TB_OK;
    tb_status status = failed(db, code, sql);
    tb_edge_db_give_back(*out);
    *out = NULL;
    return status;
}

void tb_edge_db_give_back(sqlite3_stmt *statement)
{
    if (!statement)
        return;
    (void)sqlite3_reset(statement); /* says again what the last step said */
    (void)sqlite3_clear_bindings(statement);
}

tb_status tb_edge_db_close(sqlite3 *db)
{
    for (sqlite3_stmt *statement; (statement = sqlite3_next_stmt(db, NULL));)
        (void)sqlite3_finalize(statement);
    return sqlite3_close(db) == SQLITE_OK ? TB_OK : TB_INTERNAL;
}

tb_status tb_edge_db_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, const char *kinds, ...)
{
    va_list args;
    va_start(args, kinds);
    tb_status status = prepare(db, out, sql, kinds, args);
    va_end(args);
    return status;
}

tb_status tb_edge_db_row(sqlite3 *db, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return TB_OK;
    return code == SQLITE_DONE ? TB_NOT_FOUND : failed(db, code, sqlite3_sql(statement));
}

tb_status tb_edge_db_run(sqlite3 *db, const char *sql, const char *kinds, ...)
{
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, kinds);
    tb_status status = prepare(db, &statement, sql, kinds, args);
    va_end(args);
    if (status != TB_OK)
        return status;
    status = tb_edge_db_row(db, statement);
    tb_edge_db_give_back(statement);
    return status == TB_NOT_FOUND ? TB_OK : status;
}

tb_status tb_edge_db_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement;
    tb_status status = tb_edge_db_prepare(db, &statement, sql, "");
    if (status != TB_OK)
        return status;
    status = tb_edge_db_row(db, statement);
    if (status == TB_OK)
        *out = sqlite3_column_int64(statement, 0);
    tb_edge_db_give_back(statement);
    return status;
}

tb_status tb_edge_db_end(sqlite3 *db, tb_status status)
{
    if (status == TB_OK)
        status = tb_edge_db_run(db, "COMMIT", "");
    if (status != TB_OK && !sqlite3_get_autocommit(db)) /* some failures have rolled back already */
        (void)!tb_edge_db_run(db, "ROLLBACK", "");
    return status;
}

tb_span tb_edge_db_blob(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    return tb_span_of(data, data ? (size_t)sqlite3_column_bytes(statement, column) : 0);
}
