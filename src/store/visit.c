/* visit.c: who is in the visitor database; or, on a site without one, which bookings are on lists (A22). */
#include "store/store.h"

tb_status tb_visit_insert(tb_db *db, const tb_booking *booking, tb_time now)
{
    return tb_db_run_later(db, "INSERT INTO visitor.visit (id, person, flight, entered) VALUES ($1, $2, $3, $4)",
                           TB_VALUES(tb_value_id(&booking->id), tb_value_id(&booking->person),
                                     tb_value_text(booking->flight.id), tb_value_int(now)));
}

tb_status tb_visit_list(tb_db *db, tb_id id)
{
    return tb_db_run(db, "UPDATE central.booking SET listed = 1 WHERE id = $1", TB_VALUES(tb_value_id(&id)), NULL);
}

tb_status tb_visit_remove(tb_db *db, tb_id id)
{
    int64_t removed = 0;
    tb_status status = tb_db_run(db, "DELETE FROM visitor.visit WHERE id = $1", TB_VALUES(tb_value_id(&id)), &removed);
    if (status != TB_OK || removed)
        return status;
    return tb_db_run(db, "UPDATE central.booking SET listed = 0 WHERE id = $1 AND listed <> 0",
                     TB_VALUES(tb_value_id(&id)), NULL);
}

tb_status tb_visits_all(tb_db *db, tb_ids *out)
{
    tb_status status = tb_ids_query(db, "SELECT id FROM visitor.visit ORDER BY id", TB_NO_VALUES, out);
    if (status != TB_OK)
        return status;
    return tb_ids_query(db, "SELECT id FROM central.booking WHERE listed = 1 ORDER BY id", TB_NO_VALUES, out);
}
