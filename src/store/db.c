/* db.c: what is the same on every database: transactions that nest, cursors of one row. */
#include "store/db_driver.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

tb_status tb_db_open(const tb_db_options *options, tb_db **out, tb_error *why)
{
    *out = NULL;
    if (why)
        *why = (tb_error){0};
    tb_status status = options->url ? tb_db_postgres_open(options, out, why) : tb_db_sqlite_open(options, out, why);
    if (status == TB_OK)
        (*out)->program = tb_id_random();
    return status;
}

void tb_db_free(tb_db **db)
{
    if (!*db)
        return;
    if ((*db)->depth) {
        (*db)->depth = 1;
        tb_db_rollback(*db);
    }
    tb_db_release(*db);
    (*db)->driver->close(*db);
    *db = NULL;
}

tb_id tb_db_program(const tb_db *db)
{
    return db->program;
}

int tb_db_is_shared(const tb_db *db)
{
    return db->driver->shared;
}

uint64_t tb_db_session(const tb_db *db)
{
    return db->driver->session(db);
}

/* ---- transactions ---- */

tb_status tb_db_begin(tb_db *db)
{
    if (db->depth) {
        db->depth++;
        return TB_OK;
    }
    if (db->refused != TB_OK)
        return db->refused;
    tb_status status = db->held ? TB_OK : db->driver->begin(db);
    db->held = 0;
    if (status == TB_OK) {
        db->depth = 1;
        db->broken = 0;
    }
    return status;
}

tb_status tb_db_commit(tb_db *db)
{
    assert(db->depth > 0);
    if (db->depth > 1) {
        db->depth--;
        return db->broken ? TB_CONFLICT : TB_OK;
    }
    db->depth = 0;
    if (!db->broken)
        return db->driver->commit(db);
    db->driver->rollback(db);
    return TB_CONFLICT; /* D2 */
}

void tb_db_rollback(tb_db *db)
{
    assert(db->depth > 0);
    if (--db->depth > 0)
        db->broken = 1;
    else
        db->driver->rollback(db);
}

tb_status tb_db_hold(tb_db *db)
{
    if (!db->driver->shared || db->depth || db->held)
        return TB_OK;
    tb_status status = db->driver->begin(db);
    db->held = status == TB_OK;
    db->refused = status;
    return status;
}

void tb_db_refuse(tb_db *db, tb_status why)
{
    assert(!db->depth);
    db->refused = why;
}

void tb_db_release(tb_db *db)
{
    db->refused = TB_OK;
    if (db->held)
        db->driver->rollback(db);
    db->held = 0;
}

tb_status tb_db_notify(tb_db *db)
{
    return db->driver->notify ? db->driver->notify(db) : TB_OK;
}

int tb_db_depth(const tb_db *db)
{
    return db->depth;
}

/* ---- statements ---- */

tb_status tb_db_query(tb_db *db, const char *sql, tb_values values, tb_rows *rows)
{
    assert(values.count <= TB_DB_VALUES_MAX);
    *rows = (tb_rows){.db = db};
    return db->refused != TB_OK ? db->refused : db->driver->query(db, sql, values, rows);
}

void tb_rows_end(tb_rows *rows)
{
    if (rows->statement)
        rows->db->driver->end(rows);
    rows->statement = NULL; /* D3 */
}

tb_status tb_rows_next(tb_rows *rows, int *more)
{
    *more = 0;
    if (!rows->statement)
        return TB_OK;
    tb_status status = rows->db->driver->next(rows, more);
    if (!*more)
        tb_rows_end(rows);
    return status;
}

int64_t tb_rows_int(const tb_rows *rows, int column)
{
    return rows->db->driver->number(rows, column);
}

void tb_rows_text(const tb_rows *rows, int column, char *out, size_t size)
{
    tb_span text = rows->db->driver->text(rows, column);
    snprintf(out, size, "%.*s", (int)text.size, text.size ? (const char *)text.data : "");
}

tb_span tb_rows_blob(const tb_rows *rows, int column)
{
    return rows->db->driver->blob(rows, column);
}

tb_id tb_rows_id(const tb_rows *rows, int column)
{
    tb_id id = {{0}};
    tb_span bytes = tb_rows_blob(rows, column);
    if (bytes.size == sizeof id.bytes)
        memcpy(id.bytes, bytes.data, sizeof id.bytes);
    return id;
}

tb_status tb_db_run(tb_db *db, const char *sql, tb_values values, int64_t *changed)
{
    int64_t rows = 0;
    assert(values.count <= TB_DB_VALUES_MAX);
    tb_status status = db->refused != TB_OK ? db->refused : db->driver->run(db, sql, values, &rows);
    if (changed)
        *changed = status == TB_OK ? rows : 0;
    return status;
}

tb_status tb_db_run_later(tb_db *db, const char *sql, tb_values values)
{
    assert(values.count <= TB_DB_VALUES_MAX);
    return db->depth && db->driver->later ? db->driver->later(db, sql, values) : tb_db_run(db, sql, values, NULL);
}

tb_status tb_db_run_together(tb_db *db, const char *sql, tb_values values)
{
    assert(values.count <= TB_DB_VALUES_MAX);
    return db->depth && db->driver->together ? db->driver->together(db, sql, values) : tb_db_run_later(db, sql, values);
}

tb_status tb_db_one(tb_db *db, const char *sql, tb_values values, tb_rows *rows)
{
    int more = 0;
    tb_status status = tb_db_query(db, sql, values, rows);
    if (status == TB_OK)
        status = tb_rows_next(rows, &more);
    return status == TB_OK && !more ? TB_NOT_FOUND : status;
}

tb_status tb_db_number(tb_db *db, const char *sql, tb_values values, int64_t *out)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, sql, values, &rows);
    if (status == TB_OK) {
        *out = tb_rows_int(&rows, 0);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_db_has_table(tb_db *db, const char *schema, const char *table, int *exists)
{
    *exists = 0;
    return db->driver->has_table(db, schema, table, exists);
}

tb_status tb_db_script(tb_db *db, const char *sql, tb_error *why)
{
    return db->driver->script(db, sql, why);
}

tb_status tb_db_copy(tb_db *db, const char *directory, tb_error *why)
{
    assert(db->depth == 0);
    if (!db->driver->copy)
        return tb_fail(why, TB_UNSUPPORTED, "PostgreSQL makes its own backups: use pg_dump");
    return db->driver->copy(db, directory, why);
}

tb_status tb_db_rekey(tb_db *db, const tb_key *central, const tb_key *visitor)
{
    assert(db->depth == 0);
    return db->driver->rekey ? db->driver->rekey(db, central, visitor) : TB_UNSUPPORTED;
}

tb_status tb_db_is_served(tb_db *db, int *served)
{
    *served = 0;
    return db->driver->is_served ? db->driver->is_served(db, served) : TB_OK;
}
