/* migration.c: runs what a database has not seen yet. */
#include "store/migration.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>

tb_status tb_schema_version(tb_db *db, const char *schema, int64_t *version)
{
    int central = strcmp(schema, "central") == 0;
    int exists = 0;
    *version = 0;
    tb_status status = tb_db_has_table(db, schema, "schema_version", &exists);
    if (status != TB_OK || !exists)
        return status;
    return tb_db_number(db,
                        central ? "SELECT coalesce(max(version), 0) FROM central.schema_version"
                                : "SELECT coalesce(max(version), 0) FROM visitor.schema_version",
                        TB_NO_VALUES, version);
}

static tb_status bring(tb_db *db, const tb_migrations *list, tb_error *why)
{
    int64_t version = 0;
    char sql[160];
    tb_status status = tb_schema_version(db, list->schema, &version);
    if (status != TB_OK)
        return tb_fail(why, status, "the %s database: %s", list->schema, tb_status_sentence(status));
    if (version > list->count)
        return tb_fail(why, TB_DB_NEWER, "the %s database has version %d, this program knows %d: upgrade this program",
                       list->schema, (int)version, list->count);
    for (int next = (int)version; next < list->count && status == TB_OK; next++) {
        if (next == 0) {
            snprintf(sql, sizeof sql, "CREATE TABLE %s.schema_version (version BIGINT NOT NULL PRIMARY KEY)",
                     list->schema);
            status = tb_db_script(db, sql, why);
        }
        if (status == TB_OK)
            status = tb_db_script(db, list->sql[next], why);
        snprintf(sql, sizeof sql, "INSERT INTO %s.schema_version (version) VALUES (%d)", list->schema, next + 1);
        if (status == TB_OK)
            status = tb_db_script(db, sql, why);
        if (status == TB_OK)
            tb_log(TB_LOG_INFO, "store", "the %s database is now version %d", list->schema, next + 1);
    }
    return status;
}

/* Two files are two schemas from the beginning; one database has to be told. */
static tb_status make_schema(tb_db *db, const char *schema, tb_error *why)
{
    char sql[80];
    int exists = 0;
    tb_status status = tb_db_has_table(db, schema, "schema_version", &exists);
    if (status != TB_OK || exists)
        return status;
    snprintf(sql, sizeof sql, "CREATE SCHEMA IF NOT EXISTS %s", schema);
    return tb_db_script(db, sql, why);
}

tb_status tb_migrate(tb_db *db, const tb_migrations *lists, int count, tb_error *why)
{
    tb_status status = tb_db_begin(db); /* where others start at the same time, they wait here and find it done */
    if (status != TB_OK)
        return tb_fail(why, status, "%s", tb_status_sentence(status));
    for (int i = 0; i < count && status == TB_OK && tb_db_is_shared(db); i++)
        status = make_schema(db, lists[i].schema, why);
    for (int i = 0; i < count && status == TB_OK; i++)
        status = bring(db, &lists[i], why);
    if (status != TB_OK) {
        tb_db_rollback(db);
        return status;
    }
    status = tb_db_commit(db);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}

tb_status tb_store_migrate(tb_db *db, tb_error *why)
{
    const tb_migrations lists[] = {tb_migrations_central, tb_migrations_visitor};
    return tb_migrate(db, lists, 2, why);
}

tb_status tb_store_is_current(tb_db *db, tb_error *why)
{
    const tb_migrations *lists[] = {&tb_migrations_central, &tb_migrations_visitor};
    for (int i = 0; i < 2; i++) {
        int64_t version = 0;
        tb_status status = tb_schema_version(db, lists[i]->schema, &version);
        if (status != TB_OK)
            return tb_fail(why, status, "%s.db: %s", lists[i]->schema, tb_status_sentence(status));
        if (version != lists[i]->count)
            return tb_fail(why, version > lists[i]->count ? TB_DB_NEWER : TB_CONFLICT,
                           "%s.db has version %d, this program has %d: %s", lists[i]->schema, (int)version,
                           lists[i]->count,
                           version > lists[i]->count ? "upgrade this program" : "start the service once");
    }
    return TB_OK;
}
