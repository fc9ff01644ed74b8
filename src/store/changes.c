/* changes.c: where several servers share a database: what each has changed, so that the memories of the others can
 * follow. Written within the change itself; read by number, since there is one writer at a time (Q1). Not used by the
 * one program that holds database files. */
#include "store/store.h"

tb_status tb_change_note(tb_db *db, tb_changed what, tb_id visit)
{
    tb_id program = tb_db_program(db);
    if (!tb_db_is_shared(db))
        return TB_OK;
    return tb_db_run_together(
        db, "INSERT INTO visitor.change (program, what, visit, at) VALUES ($1, $2, $3, $4)",
        TB_VALUES(tb_value_id(&program), tb_value_int(what), tb_value_id(&visit), tb_value_int(tb_clock_now())));
}

tb_status tb_change_last(tb_db *db, int64_t *number)
{
    return tb_db_number(db, "SELECT coalesce(max(number), 0) FROM visitor.change", TB_NO_VALUES, number);
}

tb_status tb_changes_from(tb_db *db, int64_t number, tb_change_row *out, int max, int *count)
{
    tb_rows rows;
    tb_id program = tb_db_program(db);
    int more = 0;
    *count = 0;
    tb_status status = tb_db_query(
        db, "SELECT number, program, what, visit FROM visitor.change WHERE number >= $1 ORDER BY number LIMIT $2",
        TB_VALUES(tb_value_int(number), tb_value_int(max)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more && *count < max) {
        tb_change_row *row = &out[(*count)++];
        row->number = tb_rows_int(&rows, 0);
        row->own = tb_id_equal(tb_rows_id(&rows, 1), program);
        row->what = (tb_changed)tb_rows_int(&rows, 2);
        row->visit = tb_rows_id(&rows, 3);
    }
    tb_rows_end(&rows);
    return status;
}

/* The last row stays, so that everybody knows where they are; one that names nobody. */
static tb_status end_with_nobody(tb_db *db, tb_time before)
{
    int64_t what;
    tb_status status = tb_db_number(
        db, "SELECT what FROM visitor.change WHERE number = (SELECT max(number) FROM visitor.change) AND at < $1",
        TB_VALUES(tb_value_int(before)), &what);
    if (status == TB_OK && what != TB_CHANGED_SEQUENCES)
        status = tb_change_note(db, TB_CHANGED_SEQUENCES, (tb_id){{0}});
    return status == TB_NOT_FOUND ? TB_OK : status;
}

tb_status tb_changes_expire(tb_db *db, tb_time before, int64_t keep, int max, int64_t *removed)
{
    tb_status status = end_with_nobody(db, before);
    if (status != TB_OK)
        return status;
    return tb_db_run(db,
                     "DELETE FROM visitor.change WHERE number < (SELECT min(number) FROM visitor.change) + $3"
                     " AND number < (SELECT max(number) FROM visitor.change)"
                     " AND (at < $1 OR number <= (SELECT max(number) FROM visitor.change) - $2)",
                     TB_VALUES(tb_value_int(before), tb_value_int(keep), tb_value_int(max)), removed);
}
