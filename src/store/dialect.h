/* dialect.h: the one place that knows how schemas are said to SQLite and to PostgreSQL. Migrations are written once, as
 * SQLite takes them; everything else is plain SQL that both understand. */
#ifndef STORE_DIALECT_H
#define STORE_DIALECT_H

#include <tebura/bytes.h>

/* Appends the script as PostgreSQL takes it: types (BLOB, INTEGER, TEXT in byte order), counting keys, indexes and
 * references with their schema on the other side, what only SQLite says left out. TB_NO_MEMORY. */
tb_status tb_dialect_postgres(const char *sql, tb_bytes *out) TB_MUST_CHECK;

#endif
