/* near.c: which terminals a visit's phone is near to, until when: what follows from a position, never the position
 * itself (doc/adr/163). A row without a touchpoint says that the position is known. Minutes old at most. */
#include "store/store.h"

tb_status tb_near_rows(tb_db *db, tb_id visit, tb_near_row_fn each, void *context)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(db, "SELECT touchpoint, until FROM visitor.near WHERE visit = $1",
                                   TB_VALUES(tb_value_id(&visit)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        char touchpoint[TB_TOUCHPOINT_SIZE];
        tb_rows_text(&rows, 0, touchpoint, sizeof touchpoint);
        status = each(context, touchpoint, tb_rows_int(&rows, 1));
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_near_row_put(tb_db *db, tb_id visit, const char *touchpoint, tb_time until)
{
    return tb_db_run(db, "INSERT INTO visitor.near (visit, touchpoint, until) VALUES ($1, $2, $3)",
                     TB_VALUES(tb_value_id(&visit), tb_value_text(touchpoint), tb_value_int(until)), NULL);
}

tb_status tb_near_rows_remove(tb_db *db, tb_id visit)
{
    return tb_db_run(db, "DELETE FROM visitor.near WHERE visit = $1", TB_VALUES(tb_value_id(&visit)), NULL);
}

tb_status tb_near_forget(tb_db *db)
{
    return tb_db_run(db, "DELETE FROM visitor.near", TB_NO_VALUES, NULL);
}
