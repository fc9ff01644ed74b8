/* db_driver.h: what a database has to do to stand behind store/db.h. Nesting of transactions, cursors of one row and
 * the like are in db.c, once for all. */
#ifndef STORE_DB_DRIVER_H
#define STORE_DB_DRIVER_H

#include "store/db.h"

#define TB_DB_VALUES_MAX 32

typedef struct tb_db_driver {
    int shared;
    void (*close)(tb_db *db);
    uint64_t (*session)(const tb_db *db);
    /* The outermost ones. begin ends what was left open first (D1). After a commit that failed, and after rollback,
     * nothing is open, or D1 sees to it. */
    tb_status (*begin)(tb_db *db);
    tb_status (*commit)(tb_db *db);
    void (*rollback)(tb_db *db);
    tb_status (*query)(tb_db *db, const char *sql, tb_values values, tb_rows *rows);
    tb_status (*next)(tb_rows *rows, int *more);
    void (*end)(tb_rows *rows); /* rows->statement is there; db.c clears it */
    int64_t (*number)(const tb_rows *rows, int column);
    tb_span (*text)(const tb_rows *rows, int column);
    tb_span (*blob)(const tb_rows *rows, int column);
    /* A statement without rows. */
    tb_status (*run)(tb_db *db, const char *sql, tb_values values, int64_t *changed);
    tb_status (*later)(tb_db *db, const char *sql, tb_values values);    /* NULL: as run */
    tb_status (*together)(tb_db *db, const char *sql, tb_values values); /* NULL: as later */
    tb_status (*has_table)(tb_db *db, const char *schema, const char *table, int *exists);
    tb_status (*notify)(tb_db *db); /* NULL: nobody to tell */
    tb_status (*script)(tb_db *db, const char *sql, tb_error *why);
    tb_status (*copy)(tb_db *db, const char *directory, tb_error *why);          /* NULL: it has means of its own */
    tb_status (*rekey)(tb_db *db, const tb_key *central, const tb_key *visitor); /* NULL: it has no keys */
    tb_status (*is_served)(tb_db *db, int *served);                              /* NULL: nobody else can */
} tb_db_driver;

struct tb_db { /* the first member of each driver's own */
    const tb_db_driver *driver;
    int depth, broken;
    int held;          /* by tb_db_hold: begun, and nothing was written yet */
    tb_status refused; /* why it could not be held; TB_OK */
    tb_id program;
};

tb_status tb_db_sqlite_open(const tb_db_options *options, tb_db **out, tb_error *why) TB_MUST_CHECK;
tb_status tb_db_postgres_open(const tb_db_options *options, tb_db **out, tb_error *why) TB_MUST_CHECK;

#endif
