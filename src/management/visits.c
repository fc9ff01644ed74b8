/* visits.c: visits of any site: whatever its profile declares, told over the API instead of read off documents
 * (ADR 053).
 *
 * W1  A visit has an end that is known: the profile's rule of visitors names it, and a visit without is refused.
 * W2  At that end nothing of it stays, nor of its person unless another visit of theirs is open (ADR 061) or W3.
 * W3  Who agreed to it is kept, without a visit and on no list, until the end of their next visit or the time that the
 *     profile sets, whichever comes first (ADR 141). */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/secret.h>

#include "wire/text.h"

/* ---- what may be told ---- */

static tb_status check_words(const tb_visit_order *order, tb_error *why)
{
    size_t length = strlen(order->reference);
    if (length == 0 || length >= sizeof((tb_booking *)0)->reference)
        return tb_fail(why, TB_INVALID_ARGUMENT, "a reference has 1 to 63 characters");
    for (size_t i = 0; i < length; i++)
        if (order->reference[i] <= ' ' || order->reference[i] > '~')
            return tb_fail(why, TB_INVALID_ARGUMENT, "a reference is letters, digits and signs without spaces");
    if (strlen(order->name) >= sizeof((tb_booking *)0)->name || !tb_utf8_is_good(tb_span_text(order->name)))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a name has up to 63 bytes of UTF-8");
    return TB_OK;
}

static const char *kind_text(tb_fact_kind kind)
{
    static const char *const kinds[] = {"nothing", "true or false", "a whole number", "a time", "a text"};
    return kinds[kind];
}

tb_status tb_facts_check(const tb_management *m, const tb_facts *facts, tb_error *why)
{
    const char *late, *early;
    for (size_t i = 0; i < facts->count; i++) {
        const tb_fact *fact = &facts->items[i];
        tb_fact_kind kind = tb_profile_fact_kind(m->profile, fact->name);
        if (kind == TB_FACT_NONE)
            return tb_fail(why, TB_INVALID_ARGUMENT, "this site's profile declares no fact '%s'", fact->name);
        if (tb_visit_fact_is_own(fact->name) || tb_profile_further_text(m->profile, fact->name, "en"))
            return tb_fail(why, TB_INVALID_ARGUMENT, "the fact '%s' is the server's own and cannot be told",
                           fact->name);
        if (fact->kind != kind)
            return tb_fail(why, TB_INVALID_ARGUMENT, "the fact '%s' has to be %s", fact->name, kind_text(kind));
    }
    if (tb_profile_out_of_order(m->profile, facts, &late, &early))
        return tb_fail(why, TB_INVALID_ARGUMENT, "'%s' cannot come before '%s'", late, early);
    return TB_OK;
}

/* What people hold has to be what a terminal could read: else nobody would find the visit by it. */
static tb_status check_reference(const tb_management *m, const tb_visit_order *order, tb_error *why)
{
    char held[TB_REFERENCE_SIZE];
    const char *fact = tb_profile_reference_fact(m->profile);
    const char *told = *fact ? tb_facts_text(&order->facts, fact) : order->reference;
    tb_status status = *told ? tb_profile_reference_read(m->profile, told, held) : TB_OK;
    tb_wipe(held, sizeof held);
    if (status == TB_OK || status == TB_UNSUPPORTED) /* there is none, or this profile knows no form of it */
        return TB_OK;
    return tb_fail(why, TB_INVALID_ARGUMENT, "%s%s%s %s: no terminal of this site could read it",
                   *fact ? "the fact '" : "the reference", fact, *fact ? "'" : "",
                   status == TB_CHECK_DIGIT ? "has a wrong check digit" : "is not of the form that the profile gives");
}

static tb_status check_order(const tb_management *m, const tb_visit_order *order, tb_error *why)
{
    tb_status status = tb_facts_check(m, &order->facts, why);
    if (status == TB_OK)
        status = check_reference(m, order, why);
    for (size_t i = 0; status == TB_OK && order->occasion && order->occasion[0] && i < order->facts.count; i++)
        if (tb_profile_fact_is_shared(m->profile, order->facts.items[i].name))
            return tb_fail(why, TB_INVALID_ARGUMENT, "the fact '%s' is the occasion's: tell it there",
                           order->facts.items[i].name);
    return status;
}

/* W1. A requirement that is not met yet does not hide the window's end. */
tb_status tb_visit_check_end(tb_management *m, const tb_booking *booking, tb_error *why)
{
    tb_facts facts;
    tb_status status = tb_visit_facts(m, booking, &facts);
    if (status != TB_OK)
        return status;
    tb_verdict verdict = tb_profile_visitor(m->profile, &facts, tb_service_now(m));
    if (verdict.until == TB_TIME_NEVER)
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "the facts do not say when this visit ends: see visitors in the profile");
    if (verdict.until <= tb_service_now(m))
        return tb_fail(why, TB_INVALID_ARGUMENT, "this visit is over already: check its times");
    return TB_OK;
}

/* ---- made and changed ---- */

static tb_status find_person(tb_management *m, const tb_visit_order *order, tb_booking *booking, tb_error *why)
{
    if (!tb_id_is_zero(order->person)) {
        booking->person = order->person;
        tb_status status = tb_person_exists(m->db, order->person);
        return status == TB_NOT_FOUND ? tb_fail(why, status, "there is no such person") : status;
    }
    if (!order->name[0])
        return tb_fail(why, TB_INVALID_ARGUMENT, "a new visit needs a name, or the person who is known already");
    booking->person = tb_id_random();
    return tb_person_insert(m->db, booking->person, order->name, "", tb_service_now(m));
}

static tb_status name_occasion(tb_management *m, const tb_visit_order *order, tb_booking *booking, tb_error *why)
{
    const char *occasion = order->occasion ? order->occasion : "";
    booking->shared = (tb_facts){0};
    if (snprintf(booking->occasion, sizeof booking->occasion, "%s", occasion) >= (int)sizeof booking->occasion)
        return tb_fail(why, TB_INVALID_ARGUMENT, "an occasion has up to 63 characters");
    tb_status status = *occasion ? tb_occasion_get(m->db, occasion, &booking->shared) : TB_OK;
    return status == TB_NOT_FOUND ? tb_fail(why, status, "there is no such occasion: announce it first") : status;
}

static tb_status make(tb_management *m, const tb_visit_order *order, tb_booking *booking, tb_error *why)
{
    *booking = (tb_booking){.id = tb_id_random()};
    snprintf(booking->reference, sizeof booking->reference, "%s", order->reference);
    booking->facts = order->facts;
    tb_status status = name_occasion(m, order, booking, why);
    if (status == TB_OK)
        status = tb_visit_check_end(m, booking, why);
    if (status == TB_OK)
        status = find_person(m, order, booking, why);
    if (status == TB_OK)
        status = tb_booking_insert(m->db, booking, tb_service_now(m));
    return status == TB_OK ? tb_visit_hold(m, booking) : status;
}

/* An entry bears what is held, though no rule and no field says so: it is sent once more when that changes. */
static tb_status change(tb_management *m, const tb_visit_order *order, tb_booking *booking, tb_recompute *how,
                        tb_error *why)
{
    char before[TB_REFERENCE_SIZE], after[TB_REFERENCE_SIZE];
    tb_visit_reference(m, booking, before);
    if (!tb_id_is_zero(order->person) && !tb_id_equal(order->person, booking->person))
        return tb_fail(why, TB_CONFLICT, "this reference belongs to another person");
    tb_facts told = order->facts;
    tb_status status = tb_visit_keep_seen(&booking->facts, &told);
    booking->facts = told;
    if (status == TB_OK)
        status = name_occasion(m, order, booking, why);
    if (status == TB_OK)
        status = tb_visit_check_end(m, booking, why);
    if (status == TB_OK && order->name[0])
        status = tb_person_rename(m->db, booking->person, order->name, "");
    if (status == TB_OK)
        status = tb_booking_facts_set(m->db, booking);
    tb_visit_reference(m, booking, after);
    if (status == TB_OK && strcmp(before, after) != 0) {
        *how = TB_RECOMPUTE_RESEND;
        status = tb_visit_hold(m, booking);
    }
    return status;
}

static tb_status put(tb_management *m, const tb_visit_order *order, tb_visit_made *out, tb_error *why)
{
    tb_booking booking;
    tb_recompute how = TB_RECOMPUTE_CHANGES;
    tb_status status = tb_booking_by_reference(m->db, order->reference, &out->visit);
    out->created = status == TB_NOT_FOUND;
    if (status == TB_OK)
        status = tb_booking_get(m->db, out->visit, &booking);
    if (status == TB_OK)
        status = change(m, order, &booking, &how, why);
    else if (status == TB_NOT_FOUND)
        status = make(m, order, &booking, why);
    if (status != TB_OK)
        return status;
    out->visit = booking.id;
    out->person = booking.person;
    return tb_person_recompute(m, booking.person, how);
}

tb_status tb_management_visit_put(tb_management *m, const tb_visit_order *order, tb_visit_made *out, tb_error *why)
{
    tb_error own = {0};
    *out = (tb_visit_made){0};
    tb_status status = check_words(order, why);
    if (status == TB_OK)
        status = check_order(m, order, why);
    if (status != TB_OK)
        return status;
    tb_service_lock(m);
    status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, put(m, order, out, &own));
    tb_service_unlock(m);
    if (status == TB_OK)
        return TB_OK;
    return own.status == status ? tb_fail(why, status, "%s", own.text)
                                : tb_fail(why, status, "%s", tb_status_sentence(status));
}

/* ---- ended ---- */

/* Who agreed to it is kept once, until the next visit has ended (W3). */
static tb_status keep(tb_management *m, const tb_booking *booking, int *kept)
{
    tb_time duration, before = 0;
    const char *consent = tb_profile_retention(m->profile, &duration);
    *kept = 0;
    if (!consent || !booking->consented)
        return TB_OK;
    tb_status status = tb_further_holds(m->db, booking->person, consent, kept);
    if (status == TB_OK)
        status = tb_person_kept(m->db, booking->person, &before);
    *kept = *kept && !before;
    if (status != TB_OK || !*kept)
        return status;
    return tb_person_kept_set(m->db, booking->person, tb_service_now(m) + duration);
}

tb_status tb_booking_end(tb_management *m, tb_id visit)
{
    tb_booking booking;
    tb_ids bookings = {0};
    int kept = 0;
    tb_ahead_drop(m); /* its person may go */
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_OK)
        status = tb_bookings_of_person(m->db, booking.person, &bookings);
    int open = bookings.count > 1; /* one that ended is not there any more */
    tb_ids_free(&bookings);
    if (status == TB_OK && !open)
        status = keep(m, &booking, &kept);
    if (status == TB_OK && !open && !kept)
        return tb_person_erase(m, booking.person);
    return status == TB_OK ? tb_visit_forget(m, visit) : status;
}

tb_status tb_management_visit_end(tb_management *m, tb_id visit, tb_error *why)
{
    tb_booking booking;
    tb_service_lock_to_change(m);
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_OK)
        status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, tb_booking_end(m, visit));
    tb_service_unlock_changed(m);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such visit");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}

/* The flight has left, and no rule has a word for it any more. */
static int has_left(const tb_management *m, const tb_booking *booking, const tb_facts *facts)
{
    if (!booking->flight.departed)
        return 0;
    tb_judgement judgement = tb_profile_visitor(m->profile, facts, tb_service_now(m)).judgement;
    return !booking->consented || tb_visit_is_over(m, booking) || (judgement != TB_ADMIT && judgement != TB_EARLY);
}

tb_status tb_visit_follow(tb_management *m, const tb_booking *booking, const tb_facts *facts, tb_recompute how)
{
    return has_left(m, booking, facts) ? tb_booking_end(m, booking->id) : tb_recompute_known(m, booking, facts, how);
}

tb_status tb_visit_due(tb_management *m, tb_id visit)
{
    tb_booking booking;
    tb_facts facts;
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_NOT_FOUND) /* ended with its person just now, in the same round */
        return TB_OK;
    if (status == TB_OK)
        status = tb_visit_facts(m, &booking, &facts);
    if (status != TB_OK)
        return status;
    tb_time now = tb_service_now(m);
    /* flights have an end of their own */
    int over = !booking.flight.id[0] && tb_profile_visitor(m->profile, &facts, now).until <= now;
    return over ? tb_booking_end(m, visit) : tb_visit_follow(m, &booking, &facts, TB_RECOMPUTE_CHANGES);
}
