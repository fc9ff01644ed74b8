/* later.c: new entries that a terminal is told of together with others, at a time (A7). */
#include "store/store.h"

tb_status tb_later_put(tb_db *db, tb_id visit, const char *touchpoint, tb_time due)
{
    return tb_db_run(db, "INSERT INTO visitor.later (visit, touchpoint, due) VALUES ($1, $2, $3)",
                     TB_VALUES(tb_value_id(&visit), tb_value_text(touchpoint), tb_value_int(due)), NULL);
}

tb_status tb_later_remove(tb_db *db, tb_id visit, const char *touchpoint, int *was_there)
{
    int64_t changed = 0;
    tb_status status = tb_db_run(db, "DELETE FROM visitor.later WHERE visit = $1 AND touchpoint = $2",
                                 TB_VALUES(tb_value_id(&visit), tb_value_text(touchpoint)), &changed);
    *was_there = changed > 0;
    return status;
}

tb_status tb_later_waits(tb_db *db, tb_id visit, const char *touchpoint, int *waits)
{
    int64_t count = 0;
    tb_status status = tb_db_number(db, "SELECT count(*) FROM visitor.later WHERE visit = $1 AND touchpoint = $2",
                                    TB_VALUES(tb_value_id(&visit), tb_value_text(touchpoint)), &count);
    *waits = count > 0;
    return status;
}

tb_status tb_later_forget(tb_db *db, const char *touchpoint)
{
    return tb_db_run(db, "DELETE FROM visitor.later WHERE touchpoint = $1", TB_VALUES(tb_value_text(touchpoint)), NULL);
}

tb_status tb_later_due(tb_db *db, tb_time now, int max, tb_later_fn each, void *context)
{
    tb_rows rows;
    int more = 0;
    tb_status status =
        tb_db_query(db, "SELECT visit, touchpoint FROM visitor.later WHERE due <= $1 ORDER BY due LIMIT $2",
                    TB_VALUES(tb_value_int(now), tb_value_int(max)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        char touchpoint[TB_TOUCHPOINT_SIZE];
        tb_rows_text(&rows, 1, touchpoint, sizeof touchpoint);
        status = each(context, tb_rows_id(&rows, 0), touchpoint);
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_later_next(tb_db *db, tb_time *out)
{
    tb_status status = tb_db_number(db, "SELECT due FROM visitor.later ORDER BY due LIMIT 1", TB_NO_VALUES, out);
    if (status == TB_NOT_FOUND)
        *out = TB_TIME_NEVER;
    return status == TB_NOT_FOUND ? TB_OK : status;
}
