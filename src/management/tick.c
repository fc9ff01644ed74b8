/* tick.c: what the clock alone changes: entries due, windows ended, flights gone, payments that hang. Only rows that
 * are due are touched: their times are indexed. */
#include "management/service.h"

#include <tebura/log.h>

#define TRY_AGAIN (10 * TB_MINUTE)
#define BATCH 256 /* visits in one transaction, so that events do not wait for long */

static tb_status recompute_all(tb_management *m, const tb_id *visits, size_t count)
{
    tb_status status = tb_change_begin(m);
    if (status != TB_OK)
        return status;
    for (size_t i = 0; i < count && status == TB_OK; i++)
        status = tb_visit_due(m, visits[i]);
    return tb_change_end(m, status);
}

static tb_status put_off(tb_management *m, tb_id visit, tb_time until)
{
    tb_status status = tb_change_begin(m);
    return status == TB_OK ? tb_change_end(m, tb_booking_due_set(m->db, visit, until)) : status;
}

/* One visit that cannot be recomputed (a damaged row) must not stop the clock for all others: it is looked at again
 * later. */
static tb_status recompute_each(tb_management *m, const tb_id *visits, size_t count, tb_time now)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < count && status == TB_OK; i++) {
        char id[TB_ID_TEXT_SIZE];
        status = recompute_all(m, &visits[i], 1);
        if (status == TB_OK || tb_status_may_pass(status))
            continue;
        tb_log(TB_LOG_ERROR, "management", "visit %s cannot be brought up to date: %s", tb_id_text(visits[i], id),
               tb_status_sentence(status));
        status = put_off(m, visits[i], now + TRY_AGAIN);
    }
    return status;
}

/* *more 1: there may be further ones. */
static tb_status recompute_due(tb_management *m, tb_time now, int *more)
{
    tb_ids due = {0};
    tb_status status = tb_bookings_due(m->db, now, BATCH, &due);
    *more = due.count == BATCH;
    if (status == TB_OK && due.count) {
        status = recompute_all(m, due.items, due.count);
        if (status != TB_OK && !tb_status_may_pass(status))
            status = recompute_each(m, due.items, due.count, now);
    }
    tb_ids_free(&due);
    return status;
}

/* Flights that nobody reported as departed although their time is long past. */
static tb_status end_flights(tb_management *m, tb_time now, tb_time *next)
{
    for (;;) {
        tb_flight flight;
        tb_status status = tb_flight_next(m->db, &flight);
        *next = status == TB_OK ? flight.departure + TB_DEPARTURE_GRACE : TB_TIME_NEVER;
        if (status == TB_NOT_FOUND || (status == TB_OK && *next > now))
            return TB_OK;
        if (status == TB_OK)
            status = tb_change_begin(m);
        if (status == TB_OK)
            status = tb_change_end(m, tb_flight_end(m, &flight));
        if (status != TB_OK)
            return status;
    }
}

/* People who were kept after their visit, and whose time is over (W3). */
static tb_status let_kept_go(tb_management *m, tb_time now)
{
    tb_ids people = {0};
    tb_status status = tb_persons_kept_due(m->db, now, &people);
    if (status == TB_OK && people.count) {
        status = tb_change_begin(m);
        if (status == TB_OK) {
            for (size_t i = 0; i < people.count && status == TB_OK; i++)
                status = tb_person_erase(m, people.items[i]);
            status = tb_change_end(m, status);
        }
    }
    tb_ids_free(&people);
    return status;
}

/* What was published goes with the next change; where there is none, now. */
static tb_status remove_published(tb_management *m)
{
    if (atomic_load(&m->outbox_done) <= m->outbox_removed)
        return TB_OK;
    tb_status status = tb_change_begin(m);
    return status == TB_OK ? tb_change_end(m, tb_shared_trim(m)) : status;
}

tb_status tb_management_tick(tb_management *m, tb_time *next)
{
    tb_time now = tb_service_now(m), flights = now, due = now, later = now;
    int more = 1;
    tb_status status = TB_OK;
    *next = now + TB_MINUTE;
    while (status == TB_OK && more) {
        tb_service_lock_to_change(m);
        status = recompute_due(m, now, &more);
        tb_service_unlock_changed(m);
    }
    tb_service_lock_to_change(m);
    if (status == TB_OK)
        status = end_flights(m, now, &flights);
    if (status == TB_OK)
        status = tb_later_tick(m, now, &later);
    if (status == TB_OK)
        status = let_kept_go(m, now);
    if (status == TB_OK)
        status = tb_clock_tick(m, now);
    if (status == TB_OK)
        status = remove_published(m);
    if (status == TB_OK)
        status = tb_booking_next_due(m->db, &due);
    tb_service_unlock_changed(m);
    if (status == TB_OK) {
        tb_time soonest = flights < due ? flights : due;
        soonest = later < soonest ? later : soonest;
        if (soonest < *next) /* a minute at the latest: payments that hang have no row that says when */
            *next = soonest;
        tb_status settled = tb_payments_settle(m, now - TB_PAYMENT_PATIENCE);
        if (settled != TB_OK)
            tb_log(TB_LOG_WARNING, "management", "a reversal waits: %s", tb_status_sentence(settled));
    }
    return status;
}
