/* instrument.c: what a person pays with. The provider's token is sealed, the PIN hashed. */
#include "store/store.h"

void tb_instrument_free(tb_instrument *instrument)
{
    tb_bytes_free(&instrument->token_sealed);
    *instrument = (tb_instrument){0};
}

tb_status tb_instrument_insert(tb_db *db, const tb_instrument *i, tb_time now)
{
    return tb_db_run(db,
                     "INSERT INTO central.instrument (id, person, kind, token_sealed, pin_hash, attempts, created)"
                     " VALUES ($1, $2, $3, $4, $5, 0, $6)",
                     TB_VALUES(tb_value_id(&i->id), tb_value_id(&i->person), tb_value_text(i->kind),
                               tb_value_blob(tb_bytes_span(&i->token_sealed)), tb_value_text(i->pin_hash),
                               tb_value_int(now)),
                     NULL);
}

#define COLUMNS "SELECT id, person, kind, token_sealed, pin_hash, attempts FROM central.instrument "

static tb_status one(tb_db *db, const char *sql, tb_values values, tb_instrument *out)
{
    tb_rows rows;
    *out = (tb_instrument){0};
    tb_status status = tb_db_one(db, sql, values, &rows);
    if (status != TB_OK)
        return status;
    out->id = tb_rows_id(&rows, 0);
    out->person = tb_rows_id(&rows, 1);
    tb_rows_text(&rows, 2, out->kind, sizeof out->kind);
    status = tb_bytes_append(&out->token_sealed, tb_rows_blob(&rows, 3));
    tb_rows_text(&rows, 4, out->pin_hash, sizeof out->pin_hash);
    out->attempts = (int)tb_rows_int(&rows, 5);
    tb_rows_end(&rows);
    return status;
}

tb_status tb_instrument_get(tb_db *db, tb_id id, tb_instrument *out)
{
    return one(db, COLUMNS "WHERE id = $1", TB_VALUES(tb_value_id(&id)), out);
}

tb_status tb_instrument_first(tb_db *db, tb_id person, tb_instrument *out)
{
    return one(db, COLUMNS "WHERE person = $1 ORDER BY created, id LIMIT 1", TB_VALUES(tb_value_id(&person)), out);
}

tb_status tb_instrument_attempts_set(tb_db *db, tb_id id, int attempts)
{
    return tb_db_run(db, "UPDATE central.instrument SET attempts = $2 WHERE id = $1",
                     TB_VALUES(tb_value_id(&id), tb_value_int(attempts)), NULL);
}

tb_status tb_instruments_remove(tb_db *db, tb_id person)
{
    return tb_db_run(db, "DELETE FROM central.instrument WHERE person = $1", TB_VALUES(tb_value_id(&person)), NULL);
}

tb_status tb_instruments_all(tb_db *db, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM central.instrument ORDER BY id", TB_NO_VALUES, out);
}

tb_status tb_instrument_reseal(tb_db *db, tb_id id, tb_span token)
{
    return tb_db_run(db, "UPDATE central.instrument SET token_sealed = $2 WHERE id = $1",
                     TB_VALUES(tb_value_id(&id), tb_value_blob(token)), NULL);
}
