/* outbox.c: what the publisher has to tell the terminals, in order. */
#include "store/store.h"

tb_status tb_outbox_add(tb_db *db, const char *touchpoint, tb_id visit, uint64_t sequence)
{
    return tb_db_run_together(
        db, "INSERT INTO visitor.outbox (touchpoint, visit, sequence) VALUES ($1, $2, $3)",
        TB_VALUES(tb_value_text(touchpoint), tb_value_id(&visit), tb_value_int((int64_t)sequence)));
}

tb_status tb_outbox_rows(tb_db *db, int64_t after, tb_outbox_row *out, int max, int *count)
{
    tb_rows rows;
    int more = 0;
    *count = 0;
    tb_status status = tb_db_query(
        db, "SELECT number, touchpoint, visit, sequence FROM visitor.outbox WHERE number > $1 ORDER BY number LIMIT $2",
        TB_VALUES(tb_value_int(after), tb_value_int(max)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more && *count < max) {
        tb_outbox_row *row = &out[(*count)++];
        row->number = tb_rows_int(&rows, 0);
        tb_rows_text(&rows, 1, row->touchpoint, sizeof row->touchpoint);
        row->visit = tb_rows_id(&rows, 2);
        row->sequence = (uint64_t)tb_rows_int(&rows, 3);
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_outbox_remove(tb_db *db, int64_t up_to)
{
    return tb_db_run_later(db, "DELETE FROM visitor.outbox WHERE number <= $1", TB_VALUES(tb_value_int(up_to)));
}

tb_status tb_outbox_count(tb_db *db, int64_t after, int64_t *out)
{
    return tb_db_number(db, "SELECT count(*) FROM visitor.outbox WHERE number > $1", TB_VALUES(tb_value_int(after)),
                        out);
}
