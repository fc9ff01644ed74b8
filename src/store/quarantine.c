/* quarantine.c: events that are genuine and could not be applied: as they came, sealed, until somebody has looked. */
#include "store/store.h"

tb_status tb_quarantine_put(tb_db *db, const tb_quarantined *row, const char *subject, tb_span sealed)
{
    int64_t changed = 0;
    tb_status status =
        tb_db_run(db, "UPDATE central.quarantine SET tries = tries + 1, tried = $2, reason = $3 WHERE id = $1",
                  TB_VALUES(tb_value_id(&row->id), tb_value_int(row->tried), tb_value_text(row->reason)), &changed);
    if (status != TB_OK || changed)
        return status;
    return tb_db_run(db,
                     "INSERT INTO central.quarantine (id, touchpoint, subject, sealed, reason, since, tried, tries)"
                     " VALUES ($1, $2, $3, $4, $5, $6, $7, 1)",
                     TB_VALUES(tb_value_id(&row->id), tb_value_text(row->touchpoint), tb_value_text(subject),
                               tb_value_blob(sealed), tb_value_text(row->reason), tb_value_int(row->since),
                               tb_value_int(row->tried)),
                     NULL);
}

tb_status tb_quarantine_room_of(tb_db *db, tb_id id, const char *touchpoint, tb_quarantine_room *out)
{
    tb_rows rows;
    *out = (tb_quarantine_room){0};
    tb_status status = tb_db_one(db,
                                 "SELECT count(*), (SELECT count(*) FROM central.quarantine o WHERE o.touchpoint = $1),"
                                 " (SELECT count(*) FROM central.quarantine s WHERE s.id = $2) FROM central.quarantine",
                                 TB_VALUES(tb_value_text(touchpoint), tb_value_id(&id)), &rows);
    if (status != TB_OK)
        return status;
    out->all = (uint64_t)tb_rows_int(&rows, 0);
    out->own = (uint64_t)tb_rows_int(&rows, 1);
    out->is_there = tb_rows_int(&rows, 2) > 0;
    tb_rows_end(&rows);
    return TB_OK;
}

tb_status tb_quarantine_get(tb_db *db, tb_id id, char *subject, size_t size, tb_bytes *sealed)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, "SELECT subject, sealed FROM central.quarantine WHERE id = $1",
                                 TB_VALUES(tb_value_id(&id)), &rows);
    if (status == TB_OK) {
        tb_rows_text(&rows, 0, subject, size);
        status = tb_bytes_append(sealed, tb_rows_blob(&rows, 1));
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_quarantine_remove(tb_db *db, tb_id id)
{
    int64_t changed = 0;
    tb_status status =
        tb_db_run(db, "DELETE FROM central.quarantine WHERE id = $1", TB_VALUES(tb_value_id(&id)), &changed);
    return status == TB_OK && !changed ? TB_NOT_FOUND : status;
}

tb_status tb_quarantine_expire(tb_db *db, tb_time before, int max, int64_t *removed)
{
    return tb_db_run(db,
                     "DELETE FROM central.quarantine WHERE id IN"
                     " (SELECT id FROM central.quarantine WHERE since < $1 ORDER BY since LIMIT $2)",
                     TB_VALUES(tb_value_int(before), tb_value_int(max)), removed);
}

tb_status tb_quarantine_rows(tb_db *db, tb_quarantined_fn each, void *context)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(
        db,
        "SELECT id, touchpoint, reason, since, tried, tries, length(sealed) FROM central.quarantine ORDER BY since, id",
        TB_NO_VALUES, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        tb_quarantined row = {.id = tb_rows_id(&rows, 0),
                              .since = tb_rows_int(&rows, 3),
                              .tried = tb_rows_int(&rows, 4),
                              .tries = (int)tb_rows_int(&rows, 5),
                              .size = (size_t)tb_rows_int(&rows, 6)};
        tb_rows_text(&rows, 1, row.touchpoint, sizeof row.touchpoint);
        tb_rows_text(&rows, 2, row.reason, sizeof row.reason);
        status = each(context, &row);
    }
    tb_rows_end(&rows);
    return status;
}
