/* applied.c: what was applied already (I3), and what a request was answered. */
#include "store/store.h"

#include <string.h>

tb_status tb_applied_get(tb_db *db, tb_id id, const char *source, tb_bytes *answer)
{
    tb_rows rows;
    char known[TB_TOUCHPOINT_SIZE];
    tb_status status =
        tb_db_one(db, "SELECT answer, source FROM central.applied WHERE id = $1", TB_VALUES(tb_value_id(&id)), &rows);
    if (status == TB_OK) {
        tb_rows_text(&rows, 1, known, sizeof known);
        if (known[0] && strcmp(known, source) != 0)
            status = TB_FORBIDDEN;
        else if (answer)
            status = tb_bytes_append(answer, tb_rows_blob(&rows, 0));
        tb_rows_end(&rows);
    }
    return status;
}

static tb_status take(void *context, const tb_rows *rows)
{
    return tb_ids_add(context, tb_rows_id(rows, 0));
}

tb_status tb_applied_ids(tb_db *db, const tb_ids *ids, tb_ids *out)
{
    return tb_ids_ask(db, "SELECT id FROM central.applied WHERE id IN " TB_ANY_ID, ids, take, out);
}

tb_status tb_applied_add(tb_db *db, tb_id id, tb_id visit, const char *source, tb_span answer, tb_time now)
{
    return tb_db_run_later(
        db, "INSERT INTO central.applied (id, visit, answer, at, source) VALUES ($1, $2, $3, $4, $5)",
        TB_VALUES(tb_value_id(&id), tb_value_id(&visit), answer.size ? tb_value_blob(answer) : tb_value_null(),
                  tb_value_int(now), tb_value_text(source)));
}

tb_status tb_applied_forget(tb_db *db, tb_id visit)
{
    return tb_db_run(db, "UPDATE central.applied SET answer = NULL WHERE visit = $1", TB_VALUES(tb_value_id(&visit)),
                     NULL);
}

tb_status tb_applied_answered(tb_db *db, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM central.applied WHERE answer IS NOT NULL ORDER BY id", TB_NO_VALUES, out);
}

tb_status tb_applied_read(tb_db *db, tb_id id, char source[TB_TOUCHPOINT_SIZE], tb_bytes *answer)
{
    tb_rows rows;
    tb_status status =
        tb_db_one(db, "SELECT source, answer FROM central.applied WHERE id = $1", TB_VALUES(tb_value_id(&id)), &rows);
    if (status == TB_OK) {
        tb_rows_text(&rows, 0, source, TB_TOUCHPOINT_SIZE);
        status = tb_bytes_append(answer, tb_rows_blob(&rows, 1));
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_applied_answer_set(tb_db *db, tb_id id, tb_span answer)
{
    return tb_db_run(db, "UPDATE central.applied SET answer = $2 WHERE id = $1",
                     TB_VALUES(tb_value_id(&id), tb_value_blob(answer)), NULL);
}
