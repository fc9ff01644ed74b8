/* events.c: what terminals did, applied once each (I3), all of a delivery in one transaction.
 *
 * An event tells what has happened: nobody can make it not have happened. So it is applied also where the rules would
 * have said no (a terminal that was offline, events out of order), and its passage carries the reason as a mark for
 * people to look at. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>

static const char *kind_name(tb_event_kind kind)
{
    static const char *const names[] = {"", "passage", "refusal", "handover", "payment_void", "served", "presence"};
    return names[kind];
}

/* Opens and checks one sealed event. TB_OK with a good one; TB_NO_MEMORY; anything else: drop it. */
static tb_status open_event(tb_management *m, const tb_sealed_event *sealed, tb_event *out)
{
    const char *dot = strrchr(sealed->subject, '.');
    const tb_terminal *terminal = dot ? tb_terminal_find(m, dot + 1) : NULL;
    tb_bytes plain = {0};
    if (!terminal || !terminal->row.registered)
        return TB_UNAUTHORISED;
    tb_status status = tb_open(&terminal->from, tb_span_text(sealed->subject), sealed->body, &plain);
    if (status == TB_OK)
        status = tb_event_decode(tb_bytes_span(&plain), out, NULL);
    if (status == TB_OK && strcmp(out->touchpoint, terminal->row.id) != 0)
        status = TB_FORBIDDEN; /* sealed by one terminal, signed as another */
    tb_bytes_free(&plain);
    return status;
}

static tb_status hand_over(tb_management *m, const tb_event *event, const tb_booking *booking, tb_passage *passage)
{
    tb_id item;
    tb_status status = tb_id_parse(tb_facts_text(&event->facts, "item"), &item);
    if (status == TB_OK)
        status = tb_item_hand(m->db, item, booking->person, event->at > 0 ? event->at : tb_service_now(m));
    /* not theirs, or given before: for people to look at */
    if (status == TB_NOT_FOUND || status == TB_EXISTS || status == TB_MALFORMED) {
        snprintf(passage->reason, sizeof passage->reason, "%s", "nothing_waiting");
        return TB_OK;
    }
    return status;
}

/* Applies what the role does; the reason of a rule that was not met at that time goes into the passage. */
static tb_status apply_role(tb_management *m, const tb_terminal *terminal, const tb_event *event, tb_booking *booking,
                            tb_facts *facts, tb_passage *passage)
{
    int changed = 0;
    /* a camera lets nobody through: what it saw after the fact breaks no rule */
    /* check-in took effect with its request */
    if (terminal->view.kind != TB_KIND_CHECKIN && event->kind != TB_EVENT_PRESENCE) {
        tb_verdict verdict = tb_role_judge(terminal->role, facts, &terminal->row.attributes, event->at);
        if (verdict.judgement != TB_ADMIT && !passage->reason[0])
            snprintf(passage->reason, sizeof passage->reason, "%s", verdict.reason);
    }
    tb_status status = tb_role_apply(terminal->role, facts, &changed);
    if (status != TB_OK)
        return status;
    tb_visit_facts_store(facts, booking);
    if (event->kind == TB_EVENT_SERVED) {
        int64_t bags = tb_facts_number(&event->facts, "bags", 0);
        booking->bags += bags > 0 && bags < 100 ? (int)bags : 0;
        status = tb_visit_facts_bags(m, booking, facts);
    }
    return status == TB_OK ? tb_booking_set(m->db, booking) : status;
}

static tb_status apply_to_visit(tb_management *m, const tb_terminal *terminal, const tb_event *event,
                                tb_passage *passage)
{
    tb_booking booking;
    tb_facts facts;
    if (tb_id_is_zero(event->visit)) /* somebody passed whom no face let in: an attendant did */
        return TB_OK;
    tb_status status = tb_booking_get(m->db, event->visit, &booking);
    if (status == TB_NOT_FOUND) { /* the journey is over: it stays in the history, without a name */
        if (!passage->reason[0])
            snprintf(passage->reason, sizeof passage->reason, "%s", tb_profile_over_reason(m->profile));
        return TB_OK;
    }
    if (status != TB_OK || !terminal->role)
        return status;
    status = tb_visit_facts(m, &booking, &facts);
    if (status == TB_OK)
        status = apply_role(m, terminal, event, &booking, &facts, passage);
    if (status == TB_OK && event->kind == TB_EVENT_PRESENCE)
        status = tb_visit_seen(m, &booking, event->at, terminal->row.zone, &facts);
    if (status == TB_OK && event->kind == TB_EVENT_HANDOVER)
        status = hand_over(m, event, &booking, passage);
    if (status == TB_OK && event->kind == TB_EVENT_HANDOVER)
        status = tb_visit_facts(m, &booking, &facts); /* fewer items */
    if (status == TB_OK && passage->reason[0]) {
        char id[TB_ID_TEXT_SIZE];
        tb_log(TB_LOG_WARNING, "management", "touchpoint %s let visit %s through against its rules (%s)",
               event->touchpoint, tb_id_text(event->visit, id), passage->reason);
    }
    return status == TB_OK ? tb_visit_follow(m, &booking, &facts, TB_RECOMPUTE_CHANGES) : status;
}

static tb_status apply_kind(tb_management *m, const tb_terminal *terminal, const tb_event *event, tb_passage *passage)
{
    tb_id payment;
    switch (event->kind) {
    case TB_EVENT_REFUSAL:
        return TB_OK;
    case TB_EVENT_PAYMENT_VOID:
        if (tb_id_parse(tb_facts_text(&event->facts, "payment"), &payment) != TB_OK)
            return TB_OK; /* names no payment: history only */
        return tb_payment_void(m, payment, event->touchpoint);
    case TB_EVENT_PASSAGE:
    case TB_EVENT_HANDOVER:
    case TB_EVENT_SERVED:
    case TB_EVENT_PRESENCE:
        return apply_to_visit(m, terminal, event, passage);
    }
    return TB_INTERNAL;
}

static tb_status apply_event(tb_management *m, const tb_event *event, int *repeated)
{
    const tb_terminal *terminal = tb_terminal_find(m, event->touchpoint);
    tb_passage passage = {.at = event->at, .visit = event->visit, .duration = event->duration};
    tb_status status = tb_applied_get(m->db, event->id, NULL);
    *repeated = status == TB_OK;
    if (status != TB_NOT_FOUND)
        return status;
    snprintf(passage.touchpoint, sizeof passage.touchpoint, "%s", event->touchpoint);
    snprintf(passage.role, sizeof passage.role, "%s", terminal->row.role);
    snprintf(passage.kind, sizeof passage.kind, "%s", kind_name(event->kind));
    snprintf(passage.reason, sizeof passage.reason, "%s", event->reason);
    status = tb_applied_add(m->db, event->id, event->visit, tb_span_of(NULL, 0), tb_service_now(m));
    if (status == TB_OK)
        status = apply_kind(m, terminal, event, &passage);
    return status == TB_OK ? tb_passage_record(m, &passage) : status;
}

typedef struct tally {
    uint64_t applied, repeated, refused, voids;
} tally;

static tb_status apply_all(tb_management *m, const tb_sealed_event *events, int count, tally *counts)
{
    for (int i = 0; i < count; i++) {
        tb_event event;
        int repeated = 0;
        tb_status status = open_event(m, &events[i], &event);
        if (status == TB_NO_MEMORY)
            return status;
        if (status != TB_OK) {
            tb_log(TB_LOG_WARNING, "management", "an event on %.120s was dropped: %s", events[i].subject,
                   tb_status_sentence(status));
            counts->refused++;
            continue;
        }
        status = apply_event(m, &event, &repeated);
        if (status != TB_OK)
            return status;
        counts->voids += event.kind == TB_EVENT_PAYMENT_VOID && !repeated;
        counts->repeated += repeated != 0;
        counts->applied += !repeated;
    }
    return TB_OK;
}

tb_status tb_management_events(tb_management *m, const tb_sealed_event *events, int count)
{
    tally counts = {0};
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, apply_all(m, events, count, &counts));
    if (status == TB_OK) {
        m->events_applied += counts.applied;
        m->events_repeated += counts.repeated;
        m->events_refused += counts.refused;
    }
    tb_service_unlock(m);
    /* the provider is told outside of the transaction; what fails is told again by tick */
    if (status == TB_OK && counts.voids) {
        tb_status told = tb_payments_settle(m, 0);
        if (told != TB_OK)
            tb_log(TB_LOG_WARNING, "management", "a reversal waits: %s", tb_status_sentence(told));
    }
    return status;
}
