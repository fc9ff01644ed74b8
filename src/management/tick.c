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

static tb_status recompute_due(tb_management *m, tb_time now, tb_time *next, int *more)
{
    tb_ids due = {0};
    *next = TB_TIME_NEVER; /* what comes next is asked for at the end */
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

/* One of its visits cannot be followed: the flight leaves all the same, and each visit by itself as it is due. */
static tb_status end_flight_alone(tb_management *m, tb_flight *flight, tb_time now)
{
    tb_ids visits = {0};
    tb_status status = tb_change_begin(m);
    if (status != TB_OK)
        return status;
    status = tb_flight_close(m, flight);
    if (status == TB_OK)
        status = tb_bookings_of_flight(m->db, flight->id, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++)
        status = tb_booking_due_set(m->db, visits.items[i], now);
    tb_ids_free(&visits);
    return tb_change_end(m, status);
}

/* One flight that nobody reported as departed although its time is long past. */
static tb_status end_flight(tb_management *m, tb_time now, tb_time *next, int *more)
{
    tb_flight flight;
    tb_status status = tb_flight_next(m->db, &flight);
    *next = status == TB_OK ? flight.departure + TB_DEPARTURE_GRACE : TB_TIME_NEVER;
    if (status == TB_NOT_FOUND || (status == TB_OK && *next > now))
        return TB_OK;
    *more = status == TB_OK;
    if (status == TB_OK)
        status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, tb_flight_end(m, &flight));
    if (status == TB_OK || tb_status_may_pass(status))
        return status;
    tb_log(TB_LOG_ERROR, "management", "flight %s cannot end with all its visits at once (%s): each by itself",
           flight.id, tb_status_sentence(status));
    *next = now;
    return end_flight_alone(m, &flight, now);
}

/* Who has come back meanwhile has a visit, and goes with that. */
static tb_status erase_kept(tb_management *m, const tb_id *people, size_t count)
{
    tb_status status = tb_change_begin(m);
    if (status != TB_OK)
        return status;
    for (size_t i = 0; i < count && status == TB_OK; i++) {
        tb_ids visits = {0};
        status = tb_bookings_of_person(m->db, people[i], &visits);
        if (status == TB_OK && !visits.count)
            status = tb_person_erase(m, people[i]);
        tb_ids_free(&visits);
    }
    return tb_change_end(m, status);
}

static tb_status keep_longer(tb_management *m, tb_id person, tb_time until)
{
    char id[TB_ID_TEXT_SIZE];
    tb_log(TB_LOG_ERROR, "management", "person %s, whose time is over, cannot be erased; it is tried again",
           tb_id_text(person, id));
    tb_status status = tb_change_begin(m);
    return status == TB_OK ? tb_change_end(m, tb_person_kept_set(m->db, person, until)) : status;
}

/* People who were kept after their visit, and whose time is over (W3); one who cannot be erased keeps nobody else. */
static tb_status let_kept_go(tb_management *m, tb_time now, tb_time *next, int *more)
{
    tb_ids people = {0};
    tb_status status = tb_persons_kept_due(m->db, now, &people);
    *next = TB_TIME_NEVER; /* the next tick is soon enough */
    *more = people.count > 0;
    if (status == TB_OK && people.count)
        status = erase_kept(m, people.items, people.count);
    if (status != TB_OK && !tb_status_may_pass(status)) {
        status = TB_OK;
        for (size_t i = 0; i < people.count && status == TB_OK; i++) {
            status = erase_kept(m, &people.items[i], 1);
            if (status != TB_OK && !tb_status_may_pass(status))
                status = keep_longer(m, people.items[i], now + TRY_AGAIN);
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
    return status == TB_OK ? tb_change_end(m, TB_OK) : status;
}

static tb_status tell_later(tb_management *m, tb_time now, tb_time *next, int *more)
{
    (void)more;
    return tb_later_tick(m, now, next);
}

static tb_status keep_time(tb_management *m, tb_time now, tb_time *next, int *more)
{
    (void)more;
    tb_status status = tb_clock_tick(m, now);
    if (status == TB_OK)
        status = remove_published(m);
    return status == TB_OK ? tb_booking_next_due(m->db, next) : status;
}

/* What it finds due is still so when it changes it: each round reads and changes under one hold. */
typedef tb_status (*chore)(tb_management *m, tb_time now, tb_time *next, int *more);

static tb_status do_chore(tb_management *m, chore act, tb_time now, tb_time *next)
{
    tb_status status;
    int more;
    do {
        more = 0;
        tb_service_lock_to_change(m);
        status = act(m, now, next, &more);
        tb_service_unlock_changed(m);
    } while (status == TB_OK && more);
    return status;
}

/* Nobody is kept, and nothing waits, because something else cannot be done. */
tb_status tb_management_tick(tb_management *m, tb_time *next)
{
    static const chore chores[] = {recompute_due, end_flight, tell_later, let_kept_go, tb_forget, keep_time};
    tb_time now = tb_service_now(m);
    tb_status first = TB_OK;
    *next = now + TB_MINUTE; /* at the latest: payments that hang have no row that says when */
    for (size_t i = 0; i < sizeof chores / sizeof *chores; i++) {
        tb_time due = TB_TIME_NEVER;
        tb_status status = do_chore(m, chores[i], now, &due);
        first = first == TB_OK ? status : first;
        *next = due < *next ? due : *next;
    }
    if (first != TB_OK)
        return first;
    tb_status settled = tb_payments_settle(m, now - TB_PAYMENT_PATIENCE);
    if (settled != TB_OK)
        tb_log(TB_LOG_WARNING, "management", "a reversal waits: %s", tb_status_sentence(settled));
    return TB_OK;
}
