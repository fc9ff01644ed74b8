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

int tb_ids_have(const tb_ids *ids, tb_id id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (tb_id_equal(ids->items[i], id))
            return 1;
    return 0;
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

tb_status tb_store_count(tb_db *db, const char *sql, uint64_t *out)
{
    int64_t number = 0;
    tb_status status = tb_db_number(db, sql, TB_NO_VALUES, &number);
    *out = (uint64_t)number;
    return status;
}
