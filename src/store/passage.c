/* passage.c: what happened at which touchpoint. Names are joined in while the person is known, never stored here. */
#include "store/store.h"

tb_status tb_passage_add(tb_db *db, const tb_passage *p)
{
    return tb_db_run_together(db,
                              "INSERT INTO central.passage (at, touchpoint, role, kind, reason, visit, duration)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                              TB_VALUES(tb_value_int(p->at), tb_value_text(p->touchpoint), tb_value_text(p->role),
                                        tb_value_text(p->kind), tb_value_text(p->reason), tb_value_id(&p->visit),
                                        tb_value_int(p->duration)));
}

tb_status tb_passage_since(tb_db *db, tb_id visit, const char *touchpoint, tb_time since, int *was_there)
{
    int64_t count = 0;
    tb_status status =
        tb_db_number(db, "SELECT count(*) FROM central.passage WHERE visit = $1 AND touchpoint = $2 AND at >= $3",
                     TB_VALUES(tb_value_id(&visit), tb_value_text(touchpoint), tb_value_int(since)), &count);
    *was_there = status == TB_OK && count > 0;
    return status;
}

#define COLUMNS                                                                                                        \
    "SELECT h.number, h.at, h.touchpoint, h.role, h.kind, h.reason, h.visit, h.duration, coalesce(p.name, '')"         \
    " FROM central.passage h LEFT JOIN central.booking b ON b.id = h.visit LEFT JOIN central.person p ON p.id = b.person "

static tb_status read_passages(tb_db *db, const char *sql, tb_values values, tb_passage *out, int max, int *count)
{
    tb_rows rows;
    int more = 0;
    *count = 0;
    tb_status status = tb_db_query(db, sql, values, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more && *count < max) {
        tb_passage *p = &out[(*count)++];
        *p = (tb_passage){.number = (uint64_t)tb_rows_int(&rows, 0), .at = tb_rows_int(&rows, 1)};
        tb_rows_text(&rows, 2, p->touchpoint, sizeof p->touchpoint);
        tb_rows_text(&rows, 3, p->role, sizeof p->role);
        tb_rows_text(&rows, 4, p->kind, sizeof p->kind);
        tb_rows_text(&rows, 5, p->reason, sizeof p->reason);
        p->visit = tb_rows_id(&rows, 6);
        p->duration = tb_rows_int(&rows, 7);
        tb_rows_text(&rows, 8, p->name, sizeof p->name);
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_passages_after(tb_db *db, uint64_t after, tb_passage *out, int max, int *count)
{
    return read_passages(db, COLUMNS "WHERE h.number > $1 ORDER BY h.number LIMIT $2",
                         TB_VALUES(tb_value_int((int64_t)after), tb_value_int(max)), out, max, count);
}

tb_status tb_passages_of_person(tb_db *db, tb_id person, tb_passage *out, int max, int *count)
{
    return read_passages(db, COLUMNS "WHERE b.person = $1 ORDER BY h.number LIMIT $2",
                         TB_VALUES(tb_value_id(&person), tb_value_int(max)), out, max, count);
}

tb_status tb_passages_forget(tb_db *db, tb_id visit)
{
    static const tb_id nobody;
    return tb_db_run_later(db, "UPDATE central.passage SET visit = $2 WHERE visit = $1",
                           TB_VALUES(tb_value_id(&visit), tb_value_id(&nobody)));
}

tb_status tb_passages_expire(tb_db *db, tb_time before, int max, int64_t *removed)
{
    return tb_db_run(db,
                     "DELETE FROM central.passage WHERE number < (SELECT min(number) FROM central.passage) + $2"
                     " AND at < $1",
                     TB_VALUES(tb_value_int(before), tb_value_int(max)), removed);
}
