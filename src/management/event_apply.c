/* event_apply.c: what one event of a terminal changes, once per id (I3).
 *
 * An event tells what has happened: nobody can make it not have happened. So it is applied also where the rules would
 * have said no (a terminal that was offline, events out of order, a clock that is wrong), and its passage carries the
 * reason as a mark for people to look at. */
#include "management/events.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>

static const char *kind_name(tb_event_kind kind)
{
    static const char *const names[] = {"",       "passage",  "refusal",  "handover", "payment_void",
                                        "served", "presence", "attendant"};
    return names[kind];
}

static tb_status hand_over(tb_management *m, const tb_event *event, const tb_booking *booking, tb_passage *passage)
{
    tb_id item;
    tb_ahead_drop(m); /* another visit of this person may be in this delivery */
    tb_status status = tb_id_parse(tb_facts_text(&event->facts, "item"), &item);
    if (status == TB_OK)
        status = tb_item_hand(m->db, item, booking->person, event->at);
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
    const tb_booking before = {.status = booking->status, .flag = booking->flag, .bags = booking->bags};
    tb_time now = tb_service_now(m), at = event->at < now ? event->at : now;
    /* check-in took effect with its request; a camera lets nobody through: what it saw after the fact breaks no rule */
    if (terminal->view.kind != TB_KIND_CHECKIN && event->kind != TB_EVENT_PRESENCE) {
        tb_verdict verdict = tb_role_judge(terminal->role, facts, &terminal->row.attributes, at);
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
    int same = before.status == booking->status && before.flag == booking->flag && before.bags == booking->bags;
    return status == TB_OK && !same ? tb_booking_set(m->db, booking) : status;
}

static tb_status apply_to_visit(tb_management *m, const tb_terminal *terminal, const tb_event *event,
                                tb_passage *passage)
{
    tb_booking booking;
    tb_facts facts;
    if (tb_id_is_zero(event->visit)) /* somebody passed whom no face let in: an attendant did */
        return TB_OK;
    tb_status status = tb_ahead_booking(m, event->visit, &booking);
    if (status == TB_NOT_FOUND) { /* the journey is over: it stays in the history, without a name */
        if (!passage->reason[0])
            snprintf(passage->reason, sizeof passage->reason, "%s", tb_profile_over_reason(m->profile));
        passage->visit = (tb_id){{0}};
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
    if (status == TB_OK)
        status = tb_visit_follow(m, &booking, &facts, TB_RECOMPUTE_CHANGES);
    tb_ahead_drop_visit(m, event->visit); /* H1 */
    return status;
}

/* History names no visit that is over. */
static tb_status name_if_known(tb_management *m, tb_passage *passage)
{
    int exists = 0;
    tb_status status = tb_id_is_zero(passage->visit) ? TB_OK : tb_booking_exists(m->db, passage->visit, &exists);
    if (status == TB_OK && !exists)
        passage->visit = (tb_id){{0}};
    return status;
}

static tb_status apply_kind(tb_management *m, const tb_terminal *terminal, const tb_event *event, tb_passage *passage)
{
    tb_id payment;
    tb_status status;
    switch (event->kind) {
    case TB_EVENT_REFUSAL:
    case TB_EVENT_ATTENDANT: /* history: whether they pass is another event's to tell */
        return name_if_known(m, passage);
    case TB_EVENT_PAYMENT_VOID:
        status = name_if_known(m, passage);
        if (status != TB_OK)
            return status;
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

/* A terminal's clock that is wrong loses no event and writes none into the future: what cannot be its time is replaced
 * by ours. */
static void believe_time(tb_event *event, tb_time now, tb_passage *passage, tb_event_tally *tally)
{
    const char *mark = "";
    if (event->at <= 0 || event->at < now - TB_EVENT_OLDEST) {
        mark = "clock_wrong";
        tally->counts[TB_METRIC_MARKED_WRONG]++;
    } else if (event->at > now + TB_EVENT_AHEAD) {
        mark = "clock_ahead";
        tally->counts[TB_METRIC_MARKED_AHEAD]++;
    } else if (event->at < now - TB_EVENT_LATE) {
        tally->counts[TB_METRIC_MARKED_LATE]++; /* it was offline for long: the time is its own */
    }
    if (!*mark)
        return;
    event->at = now;
    tb_log(TB_LOG_WARNING, "management", "an event of %s bears a time that cannot be: its clock is wrong (%s)",
           event->touchpoint, mark);
    if (!passage->reason[0])
        snprintf(passage->reason, sizeof passage->reason, "%s", mark);
}

/* *seen: it was applied before. An id that another terminal has used is another event's: it is applied under an id of
 * its own, so that nobody can make somebody else's event look repeated. */
static tb_status look_up(tb_management *m, const tb_event *event, tb_id *id, int *seen, tb_event_tally *tally)
{
    uint64_t forgotten = tb_terminal_find(m, event->touchpoint)->row.forgotten;
    uint8_t hash[32], both[sizeof event->id.bytes + sizeof event->touchpoint] = {0};
    *id = event->id;
    tb_status status = tb_ahead_is_new(m, *id) ? TB_NOT_FOUND : tb_applied_get(m->db, *id, event->touchpoint, NULL);
    if (status == TB_FORBIDDEN) {
        memcpy(both, event->id.bytes, sizeof event->id.bytes);
        memcpy(both + sizeof event->id.bytes, event->touchpoint, strlen(event->touchpoint));
        tb_sha256(tb_span_of(both, sizeof both), hash);
        memcpy(id->bytes, hash, sizeof id->bytes);
        status = tb_applied_get(m->db, *id, event->touchpoint, NULL);
        tally->counts[TB_METRIC_MARKED_TWIN] += status == TB_NOT_FOUND;
    }
    *seen = status == TB_OK || (status == TB_NOT_FOUND && event->number && event->number <= forgotten); /* F1 */
    return status == TB_NOT_FOUND ? TB_OK : status;
}

tb_status tb_event_apply(tb_management *m, tb_event *event, tb_event_tally *tally)
{
    const tb_terminal *terminal = tb_terminal_find(m, event->touchpoint);
    tb_passage passage = {.visit = event->visit, .duration = event->duration};
    tb_time now = tb_service_now(m);
    tb_id id;
    int seen;
    tb_status status = look_up(m, event, &id, &seen, tally);
    if (status != TB_OK || seen) {
        tally->counts[TB_METRIC_EVENTS_REPEATED] += seen;
        return status;
    }
    snprintf(passage.touchpoint, sizeof passage.touchpoint, "%s", event->touchpoint);
    snprintf(passage.role, sizeof passage.role, "%s", terminal->row.role);
    snprintf(passage.kind, sizeof passage.kind, "%s", kind_name(event->kind));
    snprintf(passage.reason, sizeof passage.reason, "%s", event->reason);
    status = tb_applied_add_event(m->db, id, event->touchpoint, event->number, now);
    tb_passage marked = passage;
    uint64_t ended = m->ended;
    believe_time(event, now, &marked, tally);
    if (status == TB_OK)
        status = apply_kind(m, terminal, event, &passage);
    if (status == TB_OK && m->ended != ended) /* perhaps this one, by this event */
        status = name_if_known(m, &passage);
    if (!passage.reason[0])
        memcpy(passage.reason, marked.reason, sizeof passage.reason);
    passage.at = event->at;
    tally->voids += event->kind == TB_EVENT_PAYMENT_VOID;
    tally->counts[TB_METRIC_EVENTS_APPLIED]++;
    return status == TB_OK ? tb_passage_record(m, &passage) : status;
}
