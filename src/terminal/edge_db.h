/* edge_db.h: one SQLCipher file: open with a key, statements with values, one transaction at a time. Private to
 * edge_store. */
#ifndef TERMINAL_EDGE_DB_H
#define TERMINAL_EDGE_DB_H

#include <sqlite3.h>

#include <tebura/bytes.h>
#include <tebura/crypto.h>

/* TB_DB_LOCKED, TB_DB_KEY, TB_DB_CORRUPT, TB_DISK_FULL, TB_IO, TB_NO_MEMORY. Taken for this process alone. */
tb_status tb_edge_db_open(const char *path, const tb_key *key, sqlite3 **out, tb_error *why) TB_MUST_CHECK;
tb_status tb_edge_db_status(sqlite3 *db, int code);
tb_status tb_edge_db_script(sqlite3 *db, const char *sql) TB_MUST_CHECK; /* several, seldom */

/* Ends the connection, and the statements that it kept. */
tb_status tb_edge_db_close(sqlite3 *db) TB_MUST_CHECK;

/* A prepared statement with its values: `kinds` is one letter a value: i int64_t, b tb_span *, d const tb_id *, t
 * const char *. To be given back; the connection keeps it for the next time that the same text is asked for. */
tb_status tb_edge_db_prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, const char *kinds, ...) TB_MUST_CHECK;
void tb_edge_db_give_back(sqlite3_stmt *statement); /* NULL is allowed */
/* One row is there (TB_OK) or not (TB_NOT_FOUND). */
tb_status tb_edge_db_row(sqlite3 *db, sqlite3_stmt *statement) TB_MUST_CHECK;
/* A statement without rows. */
tb_status tb_edge_db_run(sqlite3 *db, const char *sql, const char *kinds, ...) TB_MUST_CHECK;
/* First column of the first row; TB_NOT_FOUND. */
tb_status tb_edge_db_number(sqlite3 *db, const char *sql, int64_t *out) TB_MUST_CHECK;
/* Ends the transaction: commits when `status` is TB_OK, else (or when that fails) rolls back. Returns what came of
 * it. */
tb_status tb_edge_db_end(sqlite3 *db, tb_status status) TB_MUST_CHECK;
tb_span tb_edge_db_blob(sqlite3_stmt *statement, int column);

#endif
