/* flight.c: flights as the flight information source tells them. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

tb_status tb_flight_put(tb_db *db, const tb_flight *f)
{
    int64_t changed;
    const tb_value values[] = {tb_value_text(f->id),      tb_value_text(f->from),    tb_value_text(f->to),
                               tb_value_text(f->gate),    tb_value_int(f->boarding), tb_value_int(f->departure),
                               tb_value_int(f->departed), tb_value_int(f->cancelled)};
    tb_status status = tb_db_run(db,
                                 "UPDATE central.flight SET origin = $2, destination = $3, gate = $4, boarding = $5,"
                                 " departure = $6, departed = $7, cancelled = $8 WHERE id = $1",
                                 (tb_values){values, 8}, &changed);
    if (status != TB_OK || changed)
        return status;
    return tb_db_run(
        db,
        "INSERT INTO central.flight (id, origin, destination, gate, boarding, departure, departed, cancelled)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        (tb_values){values, 8}, NULL);
}

#define COLUMNS "SELECT id, origin, destination, gate, boarding, departure, departed, cancelled FROM central.flight "

static void read_flight(const tb_rows *rows, tb_flight *out)
{
    *out = (tb_flight){0};
    tb_rows_text(rows, 0, out->id, sizeof out->id);
    tb_rows_text(rows, 1, out->from, sizeof out->from);
    tb_rows_text(rows, 2, out->to, sizeof out->to);
    tb_rows_text(rows, 3, out->gate, sizeof out->gate);
    out->boarding = tb_rows_int(rows, 4);
    out->departure = tb_rows_int(rows, 5);
    out->departed = (int)tb_rows_int(rows, 6);
    out->cancelled = (int)tb_rows_int(rows, 7);
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
