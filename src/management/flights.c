/* flights.c: flights change and leave, and the lists follow in the same transaction (A4, A14). */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>

static int id_is_good(const char *id)
{
    size_t carrier = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    int year, month, day, used = 0;
    if (carrier < 3 || carrier > 9 || id[carrier] != '/')
        return 0;
    if (sscanf(id + carrier, "/%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 11 ||
        id[carrier + 11] != '\0')
        return 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static tb_status check(const tb_flight *flight, tb_error *why)
{
    if (!id_is_good(flight->id))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "a flight is named by carrier, number and date, as in NH105/2026-11-21");
    if (strlen(flight->from) != 3 || strlen(flight->to) != 3)
        return tb_fail(why, TB_INVALID_ARGUMENT, "flight %s: airports have three letters", flight->id);
    if (flight->boarding <= 0 || flight->departure < flight->boarding || flight->departure > TB_TIME_NEVER - TB_DAY)
        return tb_fail(why, TB_INVALID_ARGUMENT, "flight %s: boarding comes before departure", flight->id);
    return TB_OK;
}

static tb_status follow(tb_management *m, const char *flight, size_t *count)
{
    tb_ids visits = {0};
    tb_status status = tb_bookings_of_flight(m->db, flight, &visits);
    *count = visits.count;
    for (size_t i = 0; i < visits.count && status == TB_OK; i++) {
        tb_booking booking;
        tb_facts facts;
        status = tb_booking_get(m->db, visits.items[i], &booking);
        if (status == TB_OK)
            status = tb_visit_facts(m, &booking, &facts);
        if (status == TB_OK)
            status = tb_visit_follow(m, &booking, &facts, TB_RECOMPUTE_CHANGES);
    }
    tb_ids_free(&visits);
    return status;
}

tb_status tb_flight_recompute(tb_management *m, const char *flight)
{
    size_t count;
    return follow(m, flight, &count);
}

/* The operator's word is the newest about all that it says. */
static tb_status told(tb_management *m, const char *flight)
{
    static const tb_flight_field fields[] = {TB_FLIGHT_FROM, TB_FLIGHT_TO,       TB_FLIGHT_GATE,
                                             TB_FLIGHT_ETD,  TB_FLIGHT_BOARDING, TB_FLIGHT_STATUS};
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && status == TB_OK; i++)
        status = tb_flight_told_set(m->db, flight, tb_flight_field_name(fields[i]), tb_service_now(m));
    return status;
}

static void merge(const tb_flight *before, int found, tb_flight *after)
{
    const tb_flight asked = *after;
    if (found) {
        *after = *before;
        memcpy(after->from, asked.from, sizeof after->from);
        memcpy(after->to, asked.to, sizeof after->to);
        memcpy(after->gate, asked.gate, sizeof after->gate);
        after->boarding = asked.boarding;
        after->sta = asked.sta ? asked.sta : before->sta;
        after->eta = asked.eta ? asked.eta : before->eta;
        if (asked.departure != before->departure)
            after->etd = asked.departure;
        after->departure = asked.departure;
    } else {
        after->std = asked.departure;
        after->etd = after->atd = after->ata = 0;
    }
    after->departed = 0;
    after->cancelled = asked.cancelled != 0;
    after->status = after->cancelled                                 ? TB_FLIGHT_CANCELLED
                    : found && before->status != TB_FLIGHT_CANCELLED ? before->status
                                                                     : TB_FLIGHT_SCHEDULED;
}

static tb_status put(tb_management *m, const tb_flight *flight)
{
    tb_flight before, after = *flight;
    tb_status status = tb_flight_get(m->db, flight->id, &before);
    if (status == TB_OK && before.departed)
        return TB_CONFLICT;
    if (status != TB_OK && status != TB_NOT_FOUND)
        return status;
    merge(&before, status == TB_OK, &after);
    status = tb_flight_put(m->db, &after);
    if (status == TB_OK)
        status = told(m, flight->id);
    return status == TB_OK ? tb_flight_recompute(m, flight->id) : status;
}

tb_status tb_management_flight_put(tb_management *m, const tb_flight *flight, tb_error *why)
{
    tb_status status = check(flight, why);
    if (status != TB_OK)
        return status;
    if (flight->departure + TB_DEPARTURE_GRACE <= tb_service_now(m))
        return tb_fail(
            why, TB_INVALID_ARGUMENT,
            "flight %s: its departure lies more than two hours back: check the time, or report it as departed",
            flight->id);
    tb_service_lock(m);
    status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, put(m, flight));
    tb_service_unlock(m);
    if (status == TB_CONFLICT)
        return tb_fail(why, status, "flight %s has departed and cannot be changed", flight->id);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "flight %s: %s", flight->id, tb_status_sentence(status));
}

tb_status tb_flight_close(tb_management *m, tb_flight *flight)
{
    tb_time now = tb_service_now(m);
    flight->departed = 1;
    if (flight->departure > now) /* nobody may still be let on */
        flight->departure = now;
    if (flight->boarding > flight->departure)
        flight->boarding = flight->departure;
    return tb_flight_put(m->db, flight);
}

tb_status tb_flight_end(tb_management *m, tb_flight *flight)
{
    size_t count = 0;
    tb_status status = tb_flight_close(m, flight);
    if (status == TB_OK)
        status = follow(m, flight->id, &count);
    if (status == TB_OK)
        tb_log(TB_LOG_INFO, "management", "flight %s has departed with %zu bookings", flight->id, count);
    return status;
}

tb_status tb_management_flight_departed(tb_management *m, const char *id, tb_error *why)
{
    tb_flight flight;
    tb_service_lock_to_change(m);
    tb_status status = tb_flight_get(m->db, id, &flight);
    if (status == TB_OK && !flight.departed) {
        flight.atd = flight.atd ? flight.atd : tb_service_now(m);
        flight.status = TB_FLIGHT_DEPARTED;
        status = tb_change_begin(m);
        if (status == TB_OK)
            status = tb_change_end(m, tb_flight_end(m, &flight));
    }
    tb_service_unlock_changed(m);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such flight");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}

tb_status tb_management_flights(tb_management *m, tb_flight_fn each, void *context)
{
    tb_service_lock(m);
    tb_status status = tb_flight_each(m->db, each, context);
    tb_service_unlock(m);
    return status;
}
