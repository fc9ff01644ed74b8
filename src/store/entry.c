/* entry.c: which visit is on which list, until when, with which fields. No template is here. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

tb_status tb_entry_row_put(tb_db *db, const tb_entry_row *row, int exists)
{
    tb_bytes fields = {0};
    tb_status status = tb_facts_pack(&row->fields, &fields);
    const tb_value values[] = {tb_value_id(&row->visit), tb_value_text(row->touchpoint), tb_value_int(row->from),
                               tb_value_int(row->until), tb_value_blob(tb_bytes_span(&fields))};
    if (status == TB_OK && exists)
        status = tb_db_run_together(db,
                                    "UPDATE visitor.entry SET valid_from = $3, valid_until = $4, fields = $5"
                                    " WHERE visit = $1 AND touchpoint = $2",
                                    (tb_values){values, 5});
    else if (status == TB_OK)
        status = tb_db_run_together(db,
                                    "INSERT INTO visitor.entry (visit, touchpoint, valid_from, valid_until, fields)"
                                    " VALUES ($1, $2, $3, $4, $5)",
                                    (tb_values){values, 5});
    tb_bytes_free(&fields);
    return status;
}

#define COLUMNS "SELECT visit, touchpoint, valid_from, valid_until, fields FROM visitor.entry "

static tb_status read_entry(const tb_rows *rows, tb_entry_row *out)
{
    out->visit = tb_rows_id(rows, 0);
    tb_rows_text(rows, 1, out->touchpoint, sizeof out->touchpoint);
    out->from = tb_rows_int(rows, 2);
    out->until = tb_rows_int(rows, 3);
    return tb_facts_unpack(tb_rows_blob(rows, 4), &out->fields);
}

tb_status tb_entry_row_get(tb_db *db, tb_id visit, const char *touchpoint, tb_entry_row *out)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, COLUMNS "WHERE visit = $1 AND touchpoint = $2",
                                 TB_VALUES(tb_value_id(&visit), tb_value_text(touchpoint)), &rows);
    if (status == TB_OK) {
        status = read_entry(&rows, out);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_entry_row_remove(tb_db *db, tb_id visit, const char *touchpoint)
{
    return tb_db_run_together(db, "DELETE FROM visitor.entry WHERE visit = $1 AND touchpoint = $2",
                              TB_VALUES(tb_value_id(&visit), tb_value_text(touchpoint)));
}

tb_status tb_entry_rows_of_visit(tb_db *db, tb_id visit, tb_entry_row_fn each, void *context)
{
    tb_rows rows;
    int more = 0;
    tb_entry_row row;
    tb_status status = tb_db_query(db, COLUMNS "WHERE visit = $1", TB_VALUES(tb_value_id(&visit)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        status = read_entry(&rows, &row);
        if (status == TB_OK)
            status = each(context, &row);
    }
    tb_rows_end(&rows);
    return status;
}

/* ---- of several visits ---- */

static tb_status keep(void *context, const tb_rows *rows)
{
    tb_entries_kept *kept = context;
    if (kept->count == kept->capacity) {
        size_t grown = kept->capacity ? 2 * kept->capacity : 64;
        tb_entry_kept *items = realloc(kept->items, grown * sizeof *items);
        if (!items)
            return TB_NO_MEMORY;
        kept->items = items;
        kept->capacity = grown;
    }
    tb_span fields = tb_rows_blob(rows, 4);
    tb_entry_kept *one = &kept->items[kept->count];
    *one = (tb_entry_kept){.visit = tb_rows_id(rows, 0),
                           .from = tb_rows_int(rows, 2),
                           .until = tb_rows_int(rows, 3),
                           .at = kept->fields.size,
                           .size = fields.size};
    tb_rows_text(rows, 1, one->touchpoint, sizeof one->touchpoint);
    tb_status status = tb_bytes_append(&kept->fields, fields);
    kept->count += status == TB_OK;
    return status;
}

tb_status tb_entries_keep(tb_db *db, const tb_ids *visits, tb_entries_kept *out)
{
    out->count = out->fields.size = 0;
    return tb_ids_ask(db, COLUMNS "WHERE visit IN " TB_ANY_ID " ORDER BY visit", visits, keep, out);
}

size_t tb_entries_kept_first(const tb_entries_kept *kept, tb_id visit)
{
    size_t low = 0, high = kept->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(&kept->items[middle].visit, &visit, sizeof visit) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

tb_status tb_entries_kept_row(const tb_entries_kept *kept, size_t place, tb_entry_row *out)
{
    const tb_entry_kept *one = &kept->items[place];
    out->visit = one->visit;
    memcpy(out->touchpoint, one->touchpoint, sizeof out->touchpoint);
    out->from = one->from;
    out->until = one->until;
    return tb_facts_unpack(tb_span_of(kept->fields.data + one->at, one->size), &out->fields);
}

void tb_entries_kept_free(tb_entries_kept *kept)
{
    free(kept->items);
    tb_bytes_free(&kept->fields);
    *kept = (tb_entries_kept){0};
}

tb_status tb_entries_of_touchpoint(tb_db *db, const char *touchpoint, tb_ids *visits)
{
    return tb_ids_query(db, "SELECT visit FROM visitor.entry WHERE touchpoint = $1",
                        TB_VALUES(tb_value_text(touchpoint)), visits);
}

tb_status tb_entry_count(tb_db *db, const char *touchpoint, uint64_t *out)
{
    int64_t count = 0;
    tb_status status = tb_db_number(db, "SELECT count(*) FROM visitor.entry WHERE touchpoint = $1",
                                    TB_VALUES(tb_value_text(touchpoint)), &count);
    *out = (uint64_t)count;
    return status;
}

tb_status tb_entry_count_of_visit(tb_db *db, tb_id visit, int64_t *out)
{
    return tb_db_number(db, "SELECT count(*) FROM visitor.entry WHERE visit = $1", TB_VALUES(tb_value_id(&visit)), out);
}
