/* applied.c: what was applied already (I3), and what a request was answered. */
#include "store/store.h"

tb_status tb_applied_get(tb_db *db, tb_id id, tb_bytes *answer)
{
    tb_rows rows;
    tb_status status =
        tb_db_one(db, "SELECT answer FROM central.applied WHERE id = $1", TB_VALUES(tb_value_id(&id)), &rows);
    if (status == TB_OK) {
        if (answer)
            status = tb_bytes_append(answer, tb_rows_blob(&rows, 0));
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_applied_add(tb_db *db, tb_id id, tb_id visit, tb_span answer, tb_time now)
{
    return tb_db_run(db, "INSERT INTO central.applied (id, visit, answer, at) VALUES ($1, $2, $3, $4)",
                     TB_VALUES(tb_value_id(&id), tb_value_id(&visit),
                               answer.size ? tb_value_blob(answer) : tb_value_null(), tb_value_int(now)),
                     NULL);
}

tb_status tb_applied_forget(tb_db *db, tb_id visit)
{
    return tb_db_run(db, "UPDATE central.applied SET answer = NULL WHERE visit = $1", TB_VALUES(tb_value_id(&visit)),
                     NULL);
}
