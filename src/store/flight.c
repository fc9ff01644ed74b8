/* flight.c: flights as the flight information source tells them. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

tb_status tb_flight_put(tb_db *db, const tb_flight *f)
{
    int64_t changed;
    const tb_value values[] = {tb_value_text(f->id),      tb_value_text(f->from),     tb_value_text(f->to),
                               tb_value_text(f->gate),    tb_value_int(f->boarding),  tb_value_int(f->departure),
                               tb_value_int(f->departed), tb_value_int(f->cancelled), tb_value_int(f->std),
                               tb_value_int(f->etd),      tb_value_int(f->atd),       tb_value_int(f->sta),
                               tb_value_int(f->eta),      tb_value_int(f->ata),       tb_value_int(f->status)};
    const tb_values all = {values, sizeof values / sizeof *values};
    tb_status status = tb_db_run(db,
                                 "UPDATE central.flight SET origin = $2, destination = $3, gate = $4, boarding = $5,"
                                 " departure = $6, departed = $7, cancelled = $8, std = $9, etd = $10, atd = $11,"
                                 " sta = $12, eta = $13, ata = $14, status = $15 WHERE id = $1",
                                 all, &changed);
    if (status != TB_OK || changed)
        return status;
    return tb_db_run(db,
                     "INSERT INTO central.flight (id, origin, destination, gate, boarding, departure, departed,"
                     " cancelled, std, etd, atd, sta, eta, ata, status)"
                     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                     all, NULL);
}

#define COLUMNS                                                                                                        \
    "SELECT id, origin, destination, gate, boarding, departure, departed, cancelled, std, etd, atd, sta, eta, ata,"    \
    " status FROM central.flight "

static void read_flight(const tb_rows *rows, tb_flight *out)
{
    *out = (tb_flight){.boarding = tb_rows_int(rows, 4),
                       .departure = tb_rows_int(rows, 5),
                       .departed = (int)tb_rows_int(rows, 6),
                       .cancelled = (int)tb_rows_int(rows, 7),
                       .std = tb_rows_int(rows, 8),
                       .etd = tb_rows_int(rows, 9),
                       .atd = tb_rows_int(rows, 10),
                       .sta = tb_rows_int(rows, 11),
                       .eta = tb_rows_int(rows, 12),
                       .ata = tb_rows_int(rows, 13),
                       .status = (tb_flight_status)tb_rows_int(rows, 14)};
    tb_rows_text(rows, 0, out->id, sizeof out->id);
    tb_rows_text(rows, 1, out->from, sizeof out->from);
    tb_rows_text(rows, 2, out->to, sizeof out->to);
    tb_rows_text(rows, 3, out->gate, sizeof out->gate);
}

static tb_status one(tb_db *db, const char *sql, tb_values values, tb_flight *out)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, sql, values, &rows);
    if (status == TB_OK) {
        read_flight(&rows, out);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_flight_get(tb_db *db, const char *id, tb_flight *out)
{
    return one(db, COLUMNS "WHERE id = $1", TB_VALUES(tb_value_text(id)), out);
}

tb_status tb_flight_next(tb_db *db, tb_flight *out)
{
    return one(db, COLUMNS "WHERE departed = 0 ORDER BY departure LIMIT 1", TB_NO_VALUES, out);
}

tb_status tb_flight_each(tb_db *db, tb_flight_fn each, void *context)
{
    tb_rows rows;
    int more = 0;
    tb_flight flight;
    tb_status status = tb_db_query(db, COLUMNS "ORDER BY departure, id", TB_NO_VALUES, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        read_flight(&rows, &flight);
        status = each(context, &flight);
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_flight_other_day(tb_db *db, const char *designator, const char *id, int *exists)
{
    char low[40], high[40];
    int64_t count = 0;
    snprintf(low, sizeof low, "%s/", designator);
    snprintf(high, sizeof high, "%s0", designator); /* '0' follows '/': the range of one designator, without LIKE */
    tb_status status =
        tb_db_number(db, "SELECT count(*) FROM central.flight WHERE id >= $1 AND id < $2 AND id <> $3 AND departed = 0",
                     TB_VALUES(tb_value_text(low), tb_value_text(high), tb_value_text(id)), &count);
    *exists = count > 0;
    return status;
}

/* ---- what the source said when ---- */

tb_status tb_flight_told_get(tb_db *db, const char *flight, const char *field, tb_time *at)
{
    tb_status status = tb_db_number(db, "SELECT at FROM central.flight_told WHERE flight = $1 AND field = $2",
                                    TB_VALUES(tb_value_text(flight), tb_value_text(field)), at);
    if (status != TB_NOT_FOUND)
        return status;
    *at = 0;
    return TB_OK;
}

tb_status tb_flight_told_set(tb_db *db, const char *flight, const char *field, tb_time at)
{
    int64_t changed;
    const tb_value values[] = {tb_value_text(flight), tb_value_text(field), tb_value_int(at)};
    tb_status status = tb_db_run(db, "UPDATE central.flight_told SET at = $3 WHERE flight = $1 AND field = $2",
                                 (tb_values){values, 3}, &changed);
    if (status != TB_OK || changed)
        return status;
    return tb_db_run(db, "INSERT INTO central.flight_told (flight, field, at) VALUES ($1, $2, $3)",
                     (tb_values){values, 3}, NULL);
}

tb_status tb_message_get(tb_db *db, const char *source, const char *number)
{
    int64_t at;
    return tb_db_number(db, "SELECT at FROM central.flight_message WHERE source = $1 AND number = $2",
                        TB_VALUES(tb_value_text(source), tb_value_text(number)), &at);
}

tb_status tb_message_add(tb_db *db, const char *source, const char *number, tb_time now)
{
    return tb_db_run(db, "INSERT INTO central.flight_message (source, number, at) VALUES ($1, $2, $3)",
                     TB_VALUES(tb_value_text(source), tb_value_text(number), tb_value_int(now)), NULL);
}

/* Of ten minutes at a time, however many that are. */
tb_status tb_messages_expire(tb_db *db, tb_time before, int max, int64_t *removed)
{
    (void)max;
    return tb_db_run(
        db,
        "DELETE FROM central.flight_message WHERE at < $1 AND at <= (SELECT min(at) FROM central.flight_message) + $2",
        TB_VALUES(tb_value_int(before), tb_value_int(10 * TB_MINUTE)), removed);
}

/* ---- flights that are over ---- */

#define EXPIRE_MOST 64

tb_status tb_flights_expire(tb_db *db, tb_time before, int max, int64_t *removed)
{
    char ids[EXPIRE_MOST][sizeof((tb_flight *)0)->id];
    tb_rows rows;
    int more = 0, count = 0;
    tb_status status =
        tb_db_query(db,
                    "SELECT f.id FROM central.flight f WHERE f.departed = 1 AND f.departure < $1"
                    " AND NOT EXISTS (SELECT 1 FROM central.booking b WHERE b.flight = f.id) LIMIT $2",
                    TB_VALUES(tb_value_int(before), tb_value_int(max < EXPIRE_MOST ? max : EXPIRE_MOST)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more)
        tb_rows_text(&rows, 0, ids[count++], sizeof ids[0]);
    tb_rows_end(&rows);
    for (int i = 0; i < count && status == TB_OK; i++) {
        status =
            tb_db_run_later(db, "DELETE FROM central.flight_told WHERE flight = $1", TB_VALUES(tb_value_text(ids[i])));
        if (status == TB_OK)
            status = tb_db_run_later(db, "DELETE FROM central.flight WHERE id = $1", TB_VALUES(tb_value_text(ids[i])));
    }
    *removed = count;
    return status;
}
