/* postgres_gather.c: statements that nobody waits for, gathered and sent many rows at a time: what a statement costs
 * the server is mostly not its row (doc/adr/114).
 *
 *  R1  Rows of one statement are sent in the order in which they came; of two statements about one row of a table the
 *      first is sent first. Two rows are the same one when the values that WHERE compares with "=" are equal: in all
 *      statements about a table the key's values come first, in the same order.
 *  R2  What is asked or waited for is sent behind everything gathered. */
#include "store/postgres_gather.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- statements ---- */

static const char *where_of(const char *sql)
{
    const char *where = strstr(sql, " WHERE ");
    return where ? where : sql + strlen(sql);
}

/* "schema.table" of "INSERT INTO schema.table (...", "UPDATE ...", "DELETE FROM ...". */
static tb_span table_of(const char *sql)
{
    static const char *const verbs[] = {"INSERT INTO ", "UPDATE ", "DELETE FROM "};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strncmp(sql, verbs[i], strlen(verbs[i])) == 0)
            return tb_span_of(sql + strlen(verbs[i]), strcspn(sql + strlen(verbs[i]), " "));
    return tb_span_of(NULL, 0);
}

/* How many of the first values are the key of its row; 0: it is about rows that nobody can tell from here. */
static int keys_of(const char *sql)
{
    char phrase[16];
    int keys = 0;
    const char *where = where_of(sql);
    do
        snprintf(phrase, sizeof phrase, " = $%d", ++keys);
    while (strstr(where, phrase) && keys < POSTGRES_GATHER_COLUMNS);
    return keys - 1;
}

int postgres_is_plain_insert(const char *sql)
{
    return strncmp(sql, "INSERT", 6) == 0 && strstr(sql, " VALUES (") && !strstr(sql, "ON CONFLICT");
}

static int is_known_row(const char *sql)
{
    return (strncmp(sql, "UPDATE ", 7) == 0 || strncmp(sql, "DELETE FROM ", 12) == 0) && keys_of(sql) > 0 &&
           !strstr(sql, "SELECT");
}

int postgres_gathers(const char *sql, tb_values values)
{
    int nulls = 0;
    if (values.count < 1 || values.count > POSTGRES_GATHER_COLUMNS)
        return 0;
    for (int i = 0; i < values.count; i++)
        nulls += values.items[i].kind == TB_VALUE_NULL;
    return postgres_is_plain_insert(sql) || (!nulls && is_known_row(sql)); /* a NULL has no type outside of INSERT */
}

/* ---- the text for several rows ---- */

static void put(postgres_text *t, const char *text, size_t size)
{
    assert(t->size + size < sizeof t->text && "statements are short, and rows are few");
    memcpy(t->text + t->size, text, size);
    t->text[t->size += size] = '\0';
}

/* Copies `size` bytes of SQL with another name for each "$n". */
static void put_named(postgres_text *t, const char *sql, size_t size, const char *name, int plus)
{
    for (size_t i = 0; i < size;) {
        char number[24];
        if (sql[i] != '$') {
            put(t, &sql[i++], 1);
            continue;
        }
        int n = 0;
        for (i++; i < size && isdigit((unsigned char)sql[i]); i++)
            n = n * 10 + (sql[i] - '0');
        put(t, number, (size_t)snprintf(number, sizeof number, "%s%d", name, n + plus));
    }
}

static void put_tuples(postgres_text *t, const char *tuple, size_t size, int columns, int rows)
{
    for (int r = 0; r < rows; r++) {
        put(t, ", ", r ? 2 : 0);
        put_named(t, tuple, size, "$", r * columns);
    }
}

static void put_list(postgres_text *t, const char *name, int columns)
{
    char one[16];
    for (int i = 1; i <= columns; i++)
        put(t, one, (size_t)snprintf(one, sizeof one, "%s%s%d", i == 1 ? "(" : ", ", name, i));
    put(t, ")", 1);
}

/* UPDATE t SET a = $2 WHERE b = $1, for rows (VALUES ...) v (c1, c2), each named once (R1). */
static void put_joined(postgres_text *t, const char *sql, int columns, int rows)
{
    postgres_text tuple = {0};
    const char *where = where_of(sql);
    int is_update = strncmp(sql, "UPDATE", 6) == 0;
    put_list(&tuple, "$", columns);
    put_named(t, sql, (size_t)(where - sql), "v.c", 0);
    put(t, is_update ? " FROM (VALUES " : " USING (VALUES ", is_update ? 14 : 15);
    put_tuples(t, tuple.text, tuple.size, columns, rows);
    put(t, ") v ", 4);
    put_list(t, "c", columns);
    put_named(t, where, strlen(where), "v.c", 0);
}

void postgres_text_of(const char *sql, int columns, int rows, postgres_text *out)
{
    out->size = 0;
    if (rows == 1) {
        put(out, sql, strlen(sql));
    } else if (postgres_is_plain_insert(sql)) {
        const char *tuple = strstr(sql, " VALUES (") + strlen(" VALUES ");
        put(out, sql, (size_t)(tuple - sql));
        put_tuples(out, tuple, strlen(tuple), columns, rows);
    } else {
        put_joined(out, sql, columns, rows);
    }
}

/* ---- gathering ---- */

static int same_value(const postgres_gather *g, int place, const tb_value *value)
{
    const postgres_kept *kept = &g->values[place];
    if (kept->kind != value->kind)
        return 0;
    if (kept->kind == TB_VALUE_INT)
        return kept->number == value->number;
    return kept->size == value->bytes.size &&
           (!kept->size || memcmp(g->bytes.data + kept->at, value->bytes.data, kept->size) == 0);
}

static int has_row(const postgres_gather *g, tb_values values, int keys)
{
    for (int r = 0; r < g->rows; r++) {
        int same = 0;
        while (same < keys && same < g->columns && same_value(g, r * g->columns + same, &values.items[same]))
            same++;
        if (same == keys)
            return 1;
    }
    return 0;
}

/* Has this one to be sent before a statement with these values? */
static int comes_before(const postgres_gather *g, const char *sql, tb_values values)
{
    if (!g->rows)
        return 0;
    tb_span ours = table_of(g->sql), theirs = table_of(sql);
    int insert = postgres_is_plain_insert(sql), gathered_insert = postgres_is_plain_insert(g->sql);
    if (ours.size != theirs.size || (ours.size && memcmp(ours.data, theirs.data, ours.size) != 0))
        return 0;
    if (insert && gathered_insert) /* two new rows are two rows, whatever their order */
        return 0;
    int keys = insert ? keys_of(g->sql) : keys_of(sql);
    if (!insert && !gathered_insert && keys_of(g->sql) < keys)
        keys = keys_of(g->sql);
    return keys == 0 || has_row(g, values, keys);
}

postgres_gather *postgres_gathered_before(postgres_gathered *all, const char *sql, tb_values values)
{
    for (int i = 0; i < POSTGRES_GATHERS; i++)
        if (comes_before(&all->items[i], sql, values))
            return &all->items[i];
    return NULL;
}

postgres_gather *postgres_gathered_any(postgres_gathered *all)
{
    for (int i = 0; i < POSTGRES_GATHERS; i++)
        if (all->items[i].rows)
            return &all->items[i];
    return NULL;
}

/* NULL: no room for another statement. */
postgres_gather *postgres_gather_for(postgres_gathered *all, const char *sql)
{
    postgres_gather *empty = NULL;
    for (int i = 0; i < POSTGRES_GATHERS; i++) {
        if (all->items[i].rows && all->items[i].sql == sql)
            return &all->items[i];
        if (!all->items[i].rows)
            empty = &all->items[i];
    }
    return empty;
}

tb_status postgres_gather_add(postgres_gather *g, const char *sql, tb_values values)
{
    assert(g->rows < POSTGRES_GATHER_ROWS && (!g->rows || g->columns == values.count));
    if (!g->rows)
        g->bytes.size = 0;
    g->sql = sql;
    g->columns = values.count;
    for (int i = 0; i < values.count; i++) {
        const tb_value *v = &values.items[i];
        g->values[g->rows * g->columns + i] = (postgres_kept){v->kind, v->number, g->bytes.size, v->bytes.size};
        tb_status status = tb_bytes_append(&g->bytes, v->bytes);
        if (status != TB_OK)
            return status;
    }
    g->rows++;
    return TB_OK;
}

tb_values postgres_gather_values(const postgres_gather *g, int from, int rows, tb_value *space)
{
    for (int i = 0; i < rows * g->columns; i++) {
        const postgres_kept *kept = &g->values[from * g->columns + i];
        space[i] = (tb_value){kept->kind, kept->number, tb_span_of(g->bytes.data + kept->at, kept->size)};
    }
    return (tb_values){space, rows * g->columns};
}

void postgres_gathered_drop(postgres_gathered *all)
{
    for (int i = 0; i < POSTGRES_GATHERS; i++)
        all->items[i].rows = 0;
}

void postgres_gathered_free(postgres_gathered *all)
{
    for (int i = 0; i < POSTGRES_GATHERS; i++)
        tb_bytes_free(&all->items[i].bytes);
}
