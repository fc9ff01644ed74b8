/* occasion.c: what many visits share: an event, a train, a day of an exhibition. No personal data. */
#include "store/store.h"

tb_status tb_occasion_put(tb_db *db, const char *id, const tb_facts *facts, tb_time now)
{
    tb_bytes packed = {0};
    int64_t changed = 0;
    tb_status status = tb_facts_pack(facts, &packed);
    const tb_values values = TB_VALUES(tb_value_text(id), tb_value_blob(tb_bytes_span(&packed)), tb_value_int(now));
    if (status == TB_OK)
        status = tb_db_run(db, "UPDATE central.occasion SET facts = $2, changed = $3 WHERE id = $1", values, &changed);
    if (status == TB_OK && !changed)
        status = tb_db_run(db, "INSERT INTO central.occasion (id, facts, changed) VALUES ($1, $2, $3)", values, NULL);
    tb_bytes_free(&packed);
    return status;
}

tb_status tb_occasion_get(tb_db *db, const char *id, tb_facts *facts)
{
    tb_rows rows;
    tb_status status =
        tb_db_one(db, "SELECT facts FROM central.occasion WHERE id = $1", TB_VALUES(tb_value_text(id)), &rows);
    *facts = (tb_facts){0};
    if (status == TB_OK) {
        tb_span packed = tb_rows_blob(&rows, 0);
        status = packed.size ? tb_facts_unpack(packed, facts) : TB_OK;
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_occasion_each(tb_db *db, tb_occasion_fn each, void *context)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(db,
                                   "SELECT o.id, o.facts, (SELECT count(*) FROM central.booking b WHERE b.occasion ="
                                   " o.id) FROM central.occasion o ORDER BY o.id",
                                   TB_NO_VALUES, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        tb_occasion occasion = {.visits = (uint64_t)tb_rows_int(&rows, 2)};
        tb_rows_text(&rows, 0, occasion.id, sizeof occasion.id);
        tb_span packed = tb_rows_blob(&rows, 1);
        status = packed.size ? tb_facts_unpack(packed, &occasion.facts) : TB_OK;
        if (status == TB_OK)
            status = each(context, &occasion);
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_occasion_remove(tb_db *db, const char *id)
{
    return tb_db_run(db, "DELETE FROM central.occasion WHERE id = $1", TB_VALUES(tb_value_text(id)), NULL);
}

/* ---- those that are over ---- */

#define EXPIRE_MOST 64

static tb_time end_of(const tb_facts *facts, tb_time changed)
{
    tb_time end = changed;
    for (size_t i = 0; i < facts->count; i++)
        if (facts->items[i].kind == TB_FACT_TIME && facts->items[i].number > end)
            end = facts->items[i].number;
    return end;
}

tb_status tb_occasions_expire(tb_db *db, tb_time before, int max, int64_t *removed)
{
    char ids[EXPIRE_MOST][TB_OCCASION_SIZE];
    tb_rows rows;
    int more = 0, count = 0;
    tb_status status =
        tb_db_query(db,
                    "SELECT o.id, o.facts, o.changed FROM central.occasion o WHERE o.changed < $1"
                    " AND NOT EXISTS (SELECT 1 FROM central.booking b WHERE b.occasion = o.id) ORDER BY o.changed",
                    TB_VALUES(tb_value_int(before)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more && count < EXPIRE_MOST &&
           count < max) {
        tb_facts facts = {0};
        tb_span packed = tb_rows_blob(&rows, 1);
        status = packed.size ? tb_facts_unpack(packed, &facts) : TB_OK;
        if (status == TB_OK && end_of(&facts, tb_rows_int(&rows, 2)) < before)
            tb_rows_text(&rows, 0, ids[count++], sizeof ids[0]);
    }
    tb_rows_end(&rows);
    for (int i = 0; i < count && status == TB_OK; i++)
        status = tb_occasion_remove(db, ids[i]);
    *removed = count;
    return status;
}
