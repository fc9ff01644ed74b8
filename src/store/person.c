/* person.c: who is enrolled. The key column is the switch of I5: without it all copies of the templates are noise. */
#include "store/store.h"

tb_status tb_person_insert(tb_db *db, tb_id id, const char *name, const char *nationality, tb_time now)
{
    return tb_db_run(
        db, "INSERT INTO central.person (id, name, nationality, wrapped_key, created) VALUES ($1, $2, $3, NULL, $4)",
        TB_VALUES(tb_value_id(&id), tb_value_text(name), tb_value_text(nationality), tb_value_int(now)), NULL);
}

tb_status tb_person_rename(tb_db *db, tb_id id, const char *name, const char *nationality)
{
    return tb_db_run(db, "UPDATE central.person SET name = $2, nationality = $3 WHERE id = $1",
                     TB_VALUES(tb_value_id(&id), tb_value_text(name), tb_value_text(nationality)), NULL);
}

tb_status tb_person_exists(tb_db *db, tb_id id)
{
    int64_t one;
    return tb_db_number(db, "SELECT 1 FROM central.person WHERE id = $1", TB_VALUES(tb_value_id(&id)), &one);
}

tb_status tb_person_key(tb_db *db, tb_id id, tb_bytes *wrapped)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, "SELECT wrapped_key FROM central.person WHERE id = $1 AND wrapped_key IS NOT NULL",
                                 TB_VALUES(tb_value_id(&id)), &rows);
    if (status == TB_OK) {
        status = tb_bytes_append(wrapped, tb_rows_blob(&rows, 0));
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_person_key_set(tb_db *db, tb_id id, tb_span wrapped)
{
    return tb_db_run(db, "UPDATE central.person SET wrapped_key = $2 WHERE id = $1",
                     TB_VALUES(tb_value_id(&id), wrapped.size ? tb_value_blob(wrapped) : tb_value_null()), NULL);
}

tb_status tb_person_kept(tb_db *db, tb_id id, tb_time *until)
{
    return tb_db_number(db, "SELECT kept_until FROM central.person WHERE id = $1", TB_VALUES(tb_value_id(&id)), until);
}

tb_status tb_person_kept_set(tb_db *db, tb_id id, tb_time until)
{
    return tb_db_run(db, "UPDATE central.person SET kept_until = $2 WHERE id = $1",
                     TB_VALUES(tb_value_id(&id), tb_value_int(until)), NULL);
}

tb_status tb_persons_kept_due(tb_db *db, tb_time now, tb_ids *out)
{
    return tb_ids_query(db,
                        "SELECT p.id FROM central.person p WHERE p.kept_until > 0 AND p.kept_until <= $1"
                        " AND NOT EXISTS (SELECT 1 FROM central.booking b WHERE b.person = p.id) LIMIT 64",
                        TB_VALUES(tb_value_int(now)), out);
}

tb_status tb_person_remove(tb_db *db, tb_id id)
{
    return tb_db_run(db, "DELETE FROM central.person WHERE id = $1", TB_VALUES(tb_value_id(&id)), NULL);
}

tb_status tb_persons(tb_db *db, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM central.person ORDER BY created, id", TB_NO_VALUES, out);
}

tb_status tb_person_summarise(tb_db *db, tb_id id, tb_person_summary *out)
{
    tb_rows rows;
    *out = (tb_person_summary){.person = id};
    tb_status status =
        tb_db_one(db,
                  "SELECT p.name, (SELECT count(*) FROM central.template t WHERE t.person = p.id),"
                  " (SELECT count(*) FROM central.instrument i WHERE i.person = p.id),"
                  " (SELECT count(*) FROM central.item w WHERE w.person = p.id AND w.handed = 0),"
                  " (SELECT count(*) FROM central.consent c WHERE c.person = p.id AND c.withdrawn = 0), p.kept_until"
                  " FROM central.person p WHERE p.id = $1",
                  TB_VALUES(tb_value_id(&id)), &rows);
    if (status != TB_OK)
        return status;
    tb_rows_text(&rows, 0, out->name, sizeof out->name);
    out->templates = (int)tb_rows_int(&rows, 1);
    out->instruments = (int)tb_rows_int(&rows, 2);
    out->items_waiting = (int)tb_rows_int(&rows, 3);
    out->consent = tb_rows_int(&rows, 4) > 0;
    out->kept_until = tb_rows_int(&rows, 5);
    tb_rows_end(&rows);
    return TB_OK;
}
