/* postgres_gather.h: rows of statements that nobody waits for, kept until they are sent together. */
#ifndef STORE_POSTGRES_GATHER_H
#define STORE_POSTGRES_GATHER_H

#include "store/db.h"

#define POSTGRES_GATHERS 12
#define POSTGRES_GATHER_ROWS 64
#define POSTGRES_GATHER_COLUMNS 8

typedef struct postgres_kept {
    tb_value_kind kind;
    int64_t number;
    size_t at, size;
} postgres_kept;

typedef struct postgres_gather {
    const char *sql; /* the literal */
    int columns, rows;
    postgres_kept values[POSTGRES_GATHER_ROWS * POSTGRES_GATHER_COLUMNS];
    tb_bytes bytes;
} postgres_gather;

typedef struct postgres_gathered {
    postgres_gather items[POSTGRES_GATHERS];
} postgres_gathered;

typedef struct postgres_text {
    size_t size;
    char text[8192];
} postgres_text;

int postgres_is_plain_insert(const char *sql);
/* Is this one of those that may wait for others? */
int postgres_gathers(const char *sql, tb_values values);
/* `sql` for that many rows of so many values. */
void postgres_text_of(const char *sql, int columns, int rows, postgres_text *out);

/* What has to be sent before a statement with these values; NULL: nothing (any more). */
postgres_gather *postgres_gathered_before(postgres_gathered *all, const char *sql, tb_values values);
postgres_gather *postgres_gathered_any(postgres_gathered *all);
/* Where its rows are, or may be put; NULL: there is no room. */
postgres_gather *postgres_gather_for(postgres_gathered *all, const char *sql);
tb_status postgres_gather_add(postgres_gather *gather, const char *sql, tb_values values) TB_MUST_CHECK;
/* `rows` of them from `from` on; borrowed from `space` and from the gather. */
tb_values postgres_gather_values(const postgres_gather *gather, int from, int rows, tb_value *space);
void postgres_gathered_drop(postgres_gathered *all);
void postgres_gathered_free(postgres_gathered *all);

#endif
