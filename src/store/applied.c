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

static const tb_id nobody;

tb_status tb_applied_add(tb_db *db, tb_id id, tb_id visit, const char *source, tb_span answer, tb_time now)
{
    return tb_db_run_together(
        db, "INSERT INTO central.applied (id, visit, answer, at, source, number) VALUES ($1, $2, $3, $4, $5, 0)",
        TB_VALUES(tb_value_id(&id), tb_value_id(&visit), answer.size ? tb_value_blob(answer) : tb_value_null(),
                  tb_value_int(now), tb_value_text(source)));
}

tb_status tb_applied_add_event(tb_db *db, tb_id id, const char *source, uint64_t number, tb_time now)
{
    return tb_db_run_together(db,
                              "INSERT INTO central.applied (id, visit, at, source, number) VALUES ($1, $2, $3, $4, $5)",
                              TB_VALUES(tb_value_id(&id), tb_value_id(&nobody), tb_value_int(now),
                                        tb_value_text(source), tb_value_int((int64_t)number)));
}

tb_status tb_applied_forget(tb_db *db, tb_id visit)
{
    return tb_db_run_later(db, "UPDATE central.applied SET answer = NULL, visit = $2 WHERE visit = $1",
                           TB_VALUES(tb_value_id(&visit), tb_value_id(&nobody)));
}

/* Of events only those that their terminal's number covers, those of a terminal that is not there any more, and what
 * is too old to be believed. Only the first are told: the numbers of a former terminal say nothing of this one's. */
static tb_status find_old(tb_db *db, const tb_applied_end *end, tb_ids *ids)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(
        db,
        "SELECT a.id, a.source, CASE WHEN a.at >= t.since AND a.number <= l.reported THEN a.number ELSE 0 END"
        " FROM central.applied a LEFT JOIN visitor.touchpoint t ON t.id = a.source"
        " LEFT JOIN visitor.list l ON l.touchpoint = a.source"
        " WHERE a.at < $1 AND (a.number = 0 OR a.at < $2 OR a.at < t.since OR (a.number > 0 AND a.number <="
        " l.reported)) ORDER BY a.at LIMIT $3",
        TB_VALUES(tb_value_int(end->before), tb_value_int(end->ever), tb_value_int(end->max)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        char source[TB_TOUCHPOINT_SIZE];
        tb_rows_text(&rows, 1, source, sizeof source);
        if (tb_rows_int(&rows, 2) > 0)
            end->each(end->context, source, (uint64_t)tb_rows_int(&rows, 2));
        status = tb_ids_add(ids, tb_rows_id(&rows, 0));
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_applied_expire(tb_db *db, const tb_applied_end *end, int64_t *removed)
{
    tb_ids ids = {0};
    tb_status status = find_old(db, end, &ids);
    *removed = (int64_t)ids.count;
    for (size_t i = 0; i < ids.count && status == TB_OK; i++)
        status =
            tb_db_run_later(db, "DELETE FROM central.applied WHERE id = $1", TB_VALUES(tb_value_id(&ids.items[i])));
    tb_ids_free(&ids);
    return status;
}

tb_status tb_applied_oldest(tb_db *db, tb_time *at)
{
    return tb_db_number(db, "SELECT coalesce(min(at), 0) FROM central.applied", TB_NO_VALUES, at);
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
