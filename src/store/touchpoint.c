/* touchpoint.c: the terminals of the site. The one-time code is stored as its SHA-256: it has 128 random bits, so a
 * slow hash would add nothing. */
#include "store/store.h"

#include <string.h>

/* Everything but a sequence: servers that share the database read their terminals again. */
static tb_status noted(tb_db *db, tb_status status)
{
    return status == TB_OK ? tb_change_note(db, TB_CHANGED_TOUCHPOINTS, (tb_id){{0}}) : status;
}

tb_status tb_touchpoint_insert(tb_db *db, const tb_touchpoint *t, const uint8_t code_hash[32])
{
    tb_bytes attributes = {0};
    tb_status status = tb_facts_pack(&t->attributes, &attributes);
    if (status == TB_OK)
        status =
            tb_db_run(db,
                      "INSERT INTO visitor.touchpoint (id, role, zone, attributes, code_hash, public_key, code_until)"
                      " VALUES ($1, $2, $3, $4, $5, NULL, $6)",
                      TB_VALUES(tb_value_text(t->id), tb_value_text(t->role), tb_value_text(t->zone),
                                tb_value_blob(tb_bytes_span(&attributes)), tb_value_blob(tb_span_of(code_hash, 32)),
                                tb_value_int(t->code_until)),
                      NULL);
    tb_bytes_free(&attributes);
    if (status == TB_OK)
        status =
            tb_db_run(db, "INSERT INTO visitor.list (touchpoint, sequence, reported, forgotten) VALUES ($1, 0, 0, 0)",
                      TB_VALUES(tb_value_text(t->id)), NULL);
    return noted(db, status);
}

tb_status tb_touchpoint_by_code(tb_db *db, const uint8_t code_hash[32], char id[TB_TOUCHPOINT_SIZE])
{
    tb_rows rows;
    tb_status status = tb_db_one(db, "SELECT id FROM visitor.touchpoint WHERE code_hash = $1",
                                 TB_VALUES(tb_value_blob(tb_span_of(code_hash, 32))), &rows);
    if (status == TB_OK) {
        tb_rows_text(&rows, 0, id, TB_TOUCHPOINT_SIZE);
        tb_rows_end(&rows);
    }
    return status;
}

static tb_value key_value(const tb_key *key)
{
    return key ? tb_value_blob(tb_span_of(key->bytes, sizeof key->bytes)) : tb_value_null();
}

tb_status tb_touchpoint_key_set(tb_db *db, const char *id, const tb_key *public_key, const tb_key *broker_key,
                                tb_time now)
{
    tb_status status =
        tb_db_run(db,
                  "UPDATE visitor.touchpoint SET public_key = $2, broker_key = $3, wiping = 0, since = $4"
                  " WHERE id = $1",
                  TB_VALUES(tb_value_text(id), key_value(public_key), key_value(broker_key), tb_value_int(now)), NULL);
    if (status == TB_OK)
        status = tb_db_run(db, "UPDATE visitor.list SET reported = 0, forgotten = 0 WHERE touchpoint = $1",
                           TB_VALUES(tb_value_text(id)), NULL);
    return noted(db, status);
}

tb_status tb_touchpoint_code_set(tb_db *db, const char *id, const uint8_t code_hash[32], tb_time until)
{
    return noted(db,
                 tb_db_run(db, "UPDATE visitor.touchpoint SET code_hash = $2, code_until = $3 WHERE id = $1",
                           TB_VALUES(tb_value_text(id), tb_value_blob(tb_span_of(code_hash, 32)), tb_value_int(until)),
                           NULL));
}

tb_status tb_touchpoint_forgotten_set(tb_db *db, const char *id, uint64_t number)
{
    return tb_db_run(
        db, "UPDATE visitor.list SET forgotten = $2 WHERE touchpoint = $1 AND forgotten < $2 AND reported >= $2",
        TB_VALUES(tb_value_text(id), tb_value_int((int64_t)number)), NULL);
}

tb_status tb_touchpoint_wiping_set(tb_db *db, const char *id, int wiping)
{
    return noted(db, tb_db_run(db, "UPDATE visitor.touchpoint SET wiping = $2 WHERE id = $1",
                               TB_VALUES(tb_value_text(id), tb_value_int(wiping)), NULL));
}

tb_status tb_touchpoint_sequence_set(tb_db *db, const char *id, uint64_t sequence)
{
    return tb_db_run_together(db, "UPDATE visitor.list SET sequence = $2 WHERE touchpoint = $1",
                              TB_VALUES(tb_value_text(id), tb_value_int((int64_t)sequence)));
}

tb_status tb_touchpoint_sequence_get(tb_db *db, const char *id, uint64_t *sequence)
{
    int64_t number = 0;
    tb_status status = tb_db_number(db, "SELECT sequence FROM visitor.list WHERE touchpoint = $1",
                                    TB_VALUES(tb_value_text(id)), &number);
    *sequence = (uint64_t)number;
    return status;
}

tb_status tb_touchpoint_reported_get(tb_db *db, const char *id, uint64_t *reported)
{
    int64_t number = 0;
    tb_status status = tb_db_number(db, "SELECT reported FROM visitor.list WHERE touchpoint = $1",
                                    TB_VALUES(tb_value_text(id)), &number);
    *reported = (uint64_t)number;
    return status;
}

tb_status tb_touchpoint_reported_raise(tb_db *db, const char *id, uint64_t number, uint64_t least)
{
    return tb_db_run_together(
        db, "UPDATE visitor.list SET reported = $2 WHERE touchpoint = $1 AND reported < $2 AND reported >= $3",
        TB_VALUES(tb_value_text(id), tb_value_int((int64_t)number), tb_value_int((int64_t)least)));
}

static tb_status read_touchpoint(const tb_rows *rows, tb_touchpoint *out)
{
    *out = (tb_touchpoint){0};
    tb_rows_text(rows, 0, out->id, sizeof out->id);
    tb_rows_text(rows, 1, out->role, sizeof out->role);
    tb_rows_text(rows, 2, out->zone, sizeof out->zone);
    tb_span key = tb_rows_blob(rows, 4);
    out->registered = key.size == sizeof out->public_key.bytes;
    if (out->registered)
        memcpy(out->public_key.bytes, key.data, key.size);
    out->sequence = (uint64_t)tb_rows_int(rows, 5);
    tb_span broker_key = tb_rows_blob(rows, 6);
    out->has_broker_key = broker_key.size == sizeof out->broker_key.bytes;
    if (out->has_broker_key)
        memcpy(out->broker_key.bytes, broker_key.data, broker_key.size);
    out->code_until = tb_rows_int(rows, 7);
    out->wiping = tb_rows_int(rows, 8) != 0;
    out->forgotten = (uint64_t)tb_rows_int(rows, 9);
    return tb_facts_unpack(tb_rows_blob(rows, 3), &out->attributes);
}

tb_status tb_touchpoint_rows(tb_db *db, tb_touchpoint_row_fn each, void *context)
{
    tb_rows rows;
    int more = 0;
    tb_touchpoint touchpoint;
    tb_status status = tb_db_query(
        db,
        "SELECT t.id, t.role, t.zone, t.attributes, t.public_key, l.sequence, t.broker_key, t.code_until, t.wiping,"
        " l.forgotten"
        " FROM visitor.touchpoint t JOIN visitor.list l ON l.touchpoint = t.id ORDER BY t.id",
        TB_NO_VALUES, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        status = read_touchpoint(&rows, &touchpoint);
        if (status == TB_OK)
            status = each(context, &touchpoint);
    }
    tb_rows_end(&rows);
    return status;
}
