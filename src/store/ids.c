/* ids.c: lists of identifiers read from rows. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

tb_status tb_ids_add(tb_ids *ids, tb_id id)
{
    if (ids->count == ids->capacity) {
        size_t grown = ids->capacity ? 2 * ids->capacity : 16;
        tb_id *items = realloc(ids->items, grown * sizeof *items);
        if (!items)
            return TB_NO_MEMORY;
        ids->items = items;
        ids->capacity = grown;
    }
    ids->items[ids->count++] = id;
    return TB_OK;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(tb_id));
}

void tb_ids_sort(tb_ids *ids)
{
    size_t kept = 0;
    if (ids->count)
        qsort(ids->items, ids->count, sizeof *ids->items, compare);
    for (size_t i = 0; i < ids->count; i++)
        if (!kept || !tb_id_equal(ids->items[kept - 1], ids->items[i]))
            ids->items[kept++] = ids->items[i];
    ids->count = kept;
}

/* Where it is, or would be. */
static size_t place_of(const tb_ids *ids, tb_id id)
{
    size_t low = 0, high = ids->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&ids->items[middle], &id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

tb_status tb_ids_put(tb_ids *ids, tb_id id)
{
    size_t place = place_of(ids, id);
    if (place < ids->count && tb_id_equal(ids->items[place], id))
        return TB_OK;
    tb_status status = tb_ids_add(ids, id);
    if (status != TB_OK)
        return status;
    memmove(&ids->items[place + 1], &ids->items[place], (ids->count - 1 - place) * sizeof id);
    ids->items[place] = id;
    return TB_OK;
}

size_t tb_ids_place(const tb_ids *ids, tb_id id)
{
    size_t place = place_of(ids, id);
    return place < ids->count && tb_id_equal(ids->items[place], id) ? place : ids->count;
}

void tb_ids_take(tb_ids *ids, tb_id id)
{
    size_t place = tb_ids_place(ids, id);
    if (place == ids->count)
        return;
    memmove(&ids->items[place], &ids->items[place + 1], (--ids->count - place) * sizeof id);
}

void tb_ids_free(tb_ids *ids)
{
    free(ids->items);
    *ids = (tb_ids){0};
}

tb_status tb_ids_query(tb_db *db, const char *sql, tb_values values, tb_ids *out)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(db, sql, values, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more)
        status = tb_ids_add(out, tb_rows_id(&rows, 0));
    tb_rows_end(&rows);
    return status;
}

#define TOGETHER 32 /* of TB_ANY_ID */

tb_status tb_ids_ask(tb_db *db, const char *sql, const tb_ids *ids, tb_row_fn each, void *context)
{
    tb_status status = TB_OK;
    for (size_t from = 0; from < ids->count && status == TB_OK; from += TOGETHER) {
        tb_value values[TOGETHER];
        tb_rows rows;
        int more = 0;
        /* the last one fills up: a row comes once, however often it is asked for */
        for (size_t i = 0; i < TOGETHER; i++)
            values[i] = tb_value_id(&ids->items[from + i < ids->count ? from + i : ids->count - 1]);
        status = tb_db_query(db, sql, (tb_values){values, TOGETHER}, &rows);
        while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more)
            status = each(context, &rows);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_store_count(tb_db *db, const char *sql, uint64_t *out)
{
    int64_t number = 0;
    tb_status status = tb_db_number(db, sql, TB_NO_VALUES, &number);
    *out = (uint64_t)number;
    return status;
}
