/* visit.c: who is in the visitor database. */
#include "store/store.h"

tb_status tb_visit_insert(tb_db *db, const tb_booking *booking, tb_time now)
{
    return tb_db_run(db, "INSERT INTO visitor.visit (id, person, flight, entered) VALUES ($1, $2, $3, $4)",
                     TB_VALUES(tb_value_id(&booking->id), tb_value_id(&booking->person),
                               tb_value_text(booking->flight.id), tb_value_int(now)),
                     NULL);
}

tb_status tb_visit_remove(tb_db *db, tb_id id)
{
    return tb_db_run(db, "DELETE FROM visitor.visit WHERE id = $1", TB_VALUES(tb_value_id(&id)), NULL);
}

tb_status tb_visits_all(tb_db *db, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM visitor.visit ORDER BY id", TB_NO_VALUES, out);
}
