/* migration.h: numbered changes of the two schemas. A database carries the number of the last one it has seen in
 * <schema>.schema_version. Numbers begin at 1; a migration that has been released is never edited, only followed. */
#ifndef STORE_MIGRATION_H
#define STORE_MIGRATION_H

#include "store/db.h"

/* NOT NULL as columns have it that change with every event. A failed statement ends the whole transaction here anyway
 * (D1, D2), so it need not be able to undo itself alone: the pages that SQLCipher would encrypt for that are half of
 * what an event costs. */
#define TB_NOT_NULL "NOT NULL ON CONFLICT FAIL"

typedef struct tb_migrations {
    const char *schema;     /* "central" or "visitor" */
    const char *const *sql; /* sql[0] leads to version 1 ... */
    int count;
} tb_migrations;

extern const tb_migrations tb_migrations_central, tb_migrations_visitor;

/* Brings both schemas to their newest version in one transaction: all or nothing. TB_DB_NEWER: written by a newer
 * program. */
tb_status tb_store_migrate(tb_db *db, tb_error *why) TB_MUST_CHECK;
/* Changes nothing. TB_DB_NEWER; TB_CONFLICT: older than this program. */
tb_status tb_store_is_current(tb_db *db, tb_error *why) TB_MUST_CHECK;
/* The same over given lists, for tests. */
tb_status tb_migrate(tb_db *db, const tb_migrations *lists, int count, tb_error *why) TB_MUST_CHECK;
tb_status tb_schema_version(tb_db *db, const char *schema, int64_t *version) TB_MUST_CHECK;

#endif
