/* booking.c: one person's booking: a flight or whatever the site tells of a visit; status, flag, and everything the
 * visit's facts are made of, read in one question. */
#include "store/store.h"

tb_status tb_booking_insert(tb_db *db, const tb_booking *b, tb_time now)
{
    tb_bytes facts = {0};
    tb_status status = tb_facts_pack(&b->facts, &facts);
    if (status == TB_OK)
        status = tb_db_run(
            db,
            "INSERT INTO central.booking (id, person, flight, pnr, seat, status, flag, bags, due, created, reference, facts, occasion)"
            " VALUES ($1, $2, nullif($3, ''), $4, $5, $6, $7, $8, $9, $10, nullif($11, ''), $12, nullif($13, ''))",
            TB_VALUES(tb_value_id(&b->id), tb_value_id(&b->person), tb_value_text(b->flight.id), tb_value_text(b->pnr),
                      tb_value_text(b->seat), tb_value_int(b->status), tb_value_int(b->flag), tb_value_int(b->bags),
                      tb_value_int(TB_TIME_NEVER), tb_value_int(now), tb_value_text(b->reference),
                      facts.size ? tb_value_blob(tb_bytes_span(&facts)) : tb_value_null(), tb_value_text(b->occasion)),
            NULL);
    tb_bytes_free(&facts);
    return status;
}

tb_status tb_booking_facts_set(tb_db *db, const tb_booking *b)
{
    tb_bytes facts = {0};
    tb_status status = tb_facts_pack(&b->facts, &facts);
    if (status == TB_OK)
        status = tb_db_run(db, "UPDATE central.booking SET facts = $2, occasion = nullif($3, '') WHERE id = $1",
                           TB_VALUES(tb_value_id(&b->id),
                                     facts.size ? tb_value_blob(tb_bytes_span(&facts)) : tb_value_null(),
                                     tb_value_text(b->occasion)),
                           NULL);
    tb_bytes_free(&facts);
    return status;
}

tb_status tb_booking_by_reference(tb_db *db, const char *reference, tb_id *out)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, "SELECT id FROM central.booking WHERE reference = $1",
                                 TB_VALUES(tb_value_text(reference)), &rows);
    if (status == TB_OK) {
        *out = tb_rows_id(&rows, 0);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_held_set(tb_db *db, tb_id visit, const uint8_t *hash)
{
    tb_status status = tb_db_run(db, "DELETE FROM central.held WHERE visit = $1", TB_VALUES(tb_value_id(&visit)), NULL);
    if (status == TB_OK && hash)
        status = tb_db_run(db, "INSERT INTO central.held (hash, visit) VALUES ($1, $2)",
                           TB_VALUES(tb_value_blob(tb_span_of(hash, 32)), tb_value_id(&visit)), NULL);
    return status;
}

tb_status tb_visits_held(tb_db *db, const uint8_t hash[32], tb_ids *out)
{
    return tb_ids_query(db, "SELECT visit FROM central.held WHERE hash = $1 ORDER BY visit",
                        TB_VALUES(tb_value_blob(tb_span_of(hash, 32))), out);
}

static tb_status read_booking(const tb_rows *rows, tb_booking *out)
{
    *out = (tb_booking){.id = tb_rows_id(rows, 0), .person = tb_rows_id(rows, 1)};
    tb_rows_text(rows, 2, out->pnr, sizeof out->pnr);
    tb_rows_text(rows, 3, out->seat, sizeof out->seat);
    out->status = (int)tb_rows_int(rows, 4);
    out->flag = (int)tb_rows_int(rows, 5);
    out->bags = (int)tb_rows_int(rows, 6);
    out->due = tb_rows_int(rows, 7);
    tb_rows_text(rows, 8, out->name, sizeof out->name);
    tb_rows_text(rows, 9, out->flight.id, sizeof out->flight.id);
    tb_rows_text(rows, 10, out->flight.from, sizeof out->flight.from);
    tb_rows_text(rows, 11, out->flight.to, sizeof out->flight.to);
    tb_rows_text(rows, 12, out->flight.gate, sizeof out->flight.gate);
    out->flight.boarding = tb_rows_int(rows, 13);
    out->flight.departure = tb_rows_int(rows, 14);
    out->flight.departed = (int)tb_rows_int(rows, 15);
    out->flight.cancelled = (int)tb_rows_int(rows, 16);
    out->consented = (int)tb_rows_int(rows, 17);
    out->has_instrument = (int)tb_rows_int(rows, 18);
    out->visiting = (int)tb_rows_int(rows, 19);
    tb_rows_text(rows, 20, out->reference, sizeof out->reference);
    out->flight.sta = tb_rows_int(rows, 22);
    out->flight.eta = tb_rows_int(rows, 23);
    out->flight.ata = tb_rows_int(rows, 24);
    tb_rows_text(rows, 25, out->pays_with, sizeof out->pays_with);
    tb_rows_text(rows, 26, out->occasion, sizeof out->occasion);
    out->no_items = (int)tb_rows_int(rows, 28);
    out->no_further = (int)tb_rows_int(rows, 29);
    tb_span facts = tb_rows_blob(rows, 21);
    tb_status status = facts.size ? tb_facts_unpack(facts, &out->facts) : TB_OK;
    facts = tb_rows_blob(rows, 27);
    return status == TB_OK && facts.size ? tb_facts_unpack(facts, &out->shared) : status;
}

#define WHOLE                                                                                                          \
    "SELECT b.id, b.person, b.pnr, b.seat, b.status, b.flag, b.bags, b.due, p.name,"                                   \
    " f.id, f.origin, f.destination, f.gate, f.boarding, f.departure, f.departed, f.cancelled,"                        \
    " CASE WHEN p.wrapped_key IS NOT NULL AND EXISTS (SELECT 1 FROM central.template t WHERE t.person = b.person)"     \
    " THEN 1 ELSE 0 END,"                                                                                              \
    " CASE WHEN EXISTS (SELECT 1 FROM central.instrument i WHERE i.person = b.person) THEN 1 ELSE 0 END,"              \
    " CASE WHEN b.listed = 1 OR EXISTS (SELECT 1 FROM visitor.visit v WHERE v.id = b.id) THEN 1 ELSE 0 END,"           \
    " b.reference, b.facts, f.sta, f.eta, f.ata,"                                                                      \
    " (SELECT i.kind FROM central.instrument i WHERE i.person = b.person ORDER BY i.created, i.id LIMIT 1),"           \
    " b.occasion, o.facts,"                                                                                            \
    " CASE WHEN EXISTS (SELECT 1 FROM central.item i WHERE i.person = b.person AND i.handed = 0) THEN 0 ELSE 1 END,"   \
    " CASE WHEN EXISTS (SELECT 1 FROM central.further_consent c WHERE c.person = b.person) THEN 0 ELSE 1 END"          \
    " FROM central.booking b JOIN central.person p ON p.id = b.person LEFT JOIN central.flight f ON f.id = b.flight"   \
    " LEFT JOIN central.occasion o ON o.id = b.occasion WHERE b.id"

tb_status tb_booking_get(tb_db *db, tb_id id, tb_booking *out)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, WHOLE " = $1", TB_VALUES(tb_value_id(&id)), &rows);
    if (status == TB_OK) {
        status = read_booking(&rows, out);
        tb_rows_end(&rows);
    }
    return status;
}

typedef struct taker {
    tb_booking_fn each;
    void *context;
    tb_booking *booking;
} taker;

static tb_status take(void *context, const tb_rows *rows)
{
    taker *t = context;
    tb_status status = read_booking(rows, t->booking);
    return status == TB_OK ? t->each(t->context, t->booking) : status;
}

tb_status tb_bookings_get(tb_db *db, const tb_ids *ids, tb_booking_fn each, void *context)
{
    tb_booking booking;
    taker t = {each, context, &booking};
    return tb_ids_ask(db, WHOLE " IN " TB_ANY_ID, ids, take, &t);
}

tb_status tb_booking_exists(tb_db *db, tb_id id, int *exists)
{
    int64_t one;
    tb_status status =
        tb_db_number(db, "SELECT 1 FROM central.booking WHERE id = $1", TB_VALUES(tb_value_id(&id)), &one);
    *exists = status == TB_OK;
    return status == TB_NOT_FOUND ? TB_OK : status;
}

tb_status tb_booking_find(tb_db *db, tb_id person, const char *flight, tb_id *out)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, "SELECT id FROM central.booking WHERE person = $1 AND flight = $2",
                                 TB_VALUES(tb_value_id(&person), tb_value_text(flight)), &rows);
    if (status == TB_OK) {
        *out = tb_rows_id(&rows, 0);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_booking_set(tb_db *db, const tb_booking *b)
{
    return tb_db_run_together(
        db, "UPDATE central.booking SET pnr = $2, seat = $3, status = $4, flag = $5, bags = $6 WHERE id = $1",
        TB_VALUES(tb_value_id(&b->id), tb_value_text(b->pnr), tb_value_text(b->seat), tb_value_int(b->status),
                  tb_value_int(b->flag), tb_value_int(b->bags)));
}

tb_status tb_booking_due_set(tb_db *db, tb_id id, tb_time due)
{
    return tb_db_run_together(db, "UPDATE central.booking SET due = $2 WHERE id = $1",
                              TB_VALUES(tb_value_id(&id), tb_value_int(due)));
}

tb_status tb_booking_remove(tb_db *db, tb_id id)
{
    tb_status status = tb_held_set(db, id, NULL);
    return status == TB_OK
               ? tb_db_run(db, "DELETE FROM central.booking WHERE id = $1", TB_VALUES(tb_value_id(&id)), NULL)
               : status;
}

tb_status tb_bookings_of_person(tb_db *db, tb_id person, tb_ids *out)
{
    return tb_ids_query(
        db,
        "SELECT b.id FROM central.booking b LEFT JOIN central.flight f ON f.id = b.flight WHERE b.person = $1"
        " ORDER BY coalesce(f.departure, b.created) DESC, b.id",
        TB_VALUES(tb_value_id(&person)), out);
}

tb_status tb_bookings_of_flight(tb_db *db, const char *flight, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM central.booking WHERE flight = $1 ORDER BY id",
                        TB_VALUES(tb_value_text(flight)), out);
}

tb_status tb_bookings_of_occasion(tb_db *db, const char *occasion, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM central.booking WHERE occasion = $1 ORDER BY id",
                        TB_VALUES(tb_value_text(occasion)), out);
}

tb_status tb_bookings_all(tb_db *db, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM central.booking ORDER BY id", TB_NO_VALUES, out);
}

tb_status tb_bookings_due(tb_db *db, tb_time now, int max, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM central.booking WHERE due <= $1 ORDER BY due LIMIT $2",
                        TB_VALUES(tb_value_int(now), tb_value_int(max)), out);
}

tb_status tb_booking_next_due(tb_db *db, tb_time *out)
{
    tb_status status =
        tb_db_number(db, "SELECT due FROM central.booking WHERE due > 0 ORDER BY due LIMIT 1", TB_NO_VALUES, out);
    if (status != TB_NOT_FOUND)
        return status;
    *out = TB_TIME_NEVER;
    return TB_OK;
}
