/* machine.c: idle -> present -> capturing -> matching -> (asking) -> decided -> actuating -> reporting -> idle.
 *
 *  state      | leaves on                                              | to
 *  -----------+--------------------------------------------------------+--------------------------------------------
 *  idle       | one new candidate in the zone (passage, counter, pickup)| present
 *             | passport or boarding pass (checkin)                    | asking; decided when the document is not good
 *             | sale (pos)                                             | present
 *  present    | the one candidate is steady                            | capturing
 *             | zone empty for `leave`, or only who was served is left | idle (passage, counter, pickup)
 *             | `serve` is over, reset                                 | idle
 *  capturing  | a good burst                                           | matching
 *             | two candidates, or another one                         | present
 *             | a burst that a person can mend                         | capturing, with guidance
 *             | `capture` is over                                      | decided (retry)
 *             | zone empty for `leave`, reset                          | present or idle, idle
 *  matching   | this person                                            | decided; asking (PIN, staff, server)
 *             | not sure                                               | asking (PIN, staff); decided (not_sure)
 *             | nobody                                                 | asking (server); decided (unknown, refused)
 *             | two candidates, or another one                         | present
 *  asking     | the last document, consent                             | present; asking (server)
 *             | PIN, staff                                             | asking (staff, server); decided
 *             | answer                                                 | decided; asking (PIN again, payment again)
 *             | two candidates while a face is being identified        | present
 *             | `ask` or `think` is over, reset                        | decided or idle; a payment is voided first
 *  decided    | tick, at once                                          | actuating (passage with actuator, pickup); reporting
 *  actuating  | actuated; all items handed over, `serve` is over       | reporting
 *  reporting  | recorded, then `dwell` is over or the next one comes   | idle
 *
 * Invariants, asserted in check():
 *  M1 nobody is decided by face while two candidates are inside the capture zone;
 *  M2 on leaving `decided` every frame, template and candidate is wiped; so too whenever a capture is given up;
 *  M3 retry is never reported as refusal: it makes no event at all;
 *  M4 not sure: a second factor (PIN, staff) or the answer not_sure, never admitted without;
 *  M5 a payment id is durable before it is first sent; one that timed out or was interrupted is voided exactly once;
 *  M6 nothing is published before it is recorded, and nobody is served before the last event is;
 *  M7 no face, document or amount of one person survives into the next transaction: in idle `now_serving` is all zero. */
#include "terminal/machine.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef tb_status (*handler)(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx);

static void emit(tb_effects *fx, tb_effect_kind kind)
{
    assert(fx->count < TB_EFFECTS_MAX);
    fx->kinds[fx->count++] = kind;
}

static tb_time after_(tb_time now, tb_time duration)
{
    return duration >= TB_TIME_NEVER - now ? TB_TIME_NEVER : now + duration;
}

static int is_by_documents(const tb_machine *m)
{
    return m->options.role.kind == TB_KIND_CHECKIN;
}

/* A transaction that begins with a document or a sale does not end because nobody stands there for a moment. */
static int begins_by_face(const tb_machine *m)
{
    return m->options.role.kind != TB_KIND_CHECKIN && m->options.role.kind != TB_KIND_POS;
}

static void set_reason(tb_transaction *t, const char *reason)
{
    snprintf(t->reason, sizeof t->reason, "%s", reason ? reason : "");
}

/* ---- entering states ---- */

static void enter(tb_machine *m, tb_phase phase, tb_time deadline, tb_effects *fx)
{
    m->phase = phase;
    m->deadline = deadline;
    emit(fx, TB_EFFECT_SHOW);
}

static void to_idle(tb_machine *m, tb_effects *fx)
{
    memset(&m->now_serving, 0, sizeof m->now_serving);
    emit(fx, TB_EFFECT_WIPE);
    emit(fx, TB_EFFECT_FORGET);
    enter(m, TB_PHASE_IDLE, TB_TIME_NEVER, fx);
}

static void to_present(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->ask = TB_ASK_FACE;
    t->question = TB_QUESTION_NONE;
    t->guidance = m->zone.inside > 1 ? TB_RETRY_SEVERAL_FACES : TB_OK;
    enter(m, TB_PHASE_PRESENT, after_(now, m->options.serve), fx);
}

/* The face that was being looked at does not count any more. */
static void give_up_face(tb_machine *m, tb_time now, tb_effects *fx)
{
    emit(fx, TB_EFFECT_STOP);
    emit(fx, TB_EFFECT_WIPE);
    m->now_serving.track = 0;
    m->now_serving.face_at = 0;
    m->now_serving.request = (tb_id){{0}};
    if (m->zone.inside == 0 && begins_by_face(m))
        to_idle(m, fx);
    else
        to_present(m, now, fx);
}

static void to_capturing(tb_machine *m, tb_time now, tb_effects *fx)
{
    m->ticket++;
    m->now_serving.track = m->zone.track;
    m->now_serving.guidance = TB_OK;
    emit(fx, TB_EFFECT_CAPTURE);
    enter(m, TB_PHASE_CAPTURING, after_(now, m->options.capture), fx);
}

static void to_decided(tb_machine *m, tb_outcome outcome, const char *reason, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->outcome = outcome;
    t->ask = TB_ASK_NONE;
    t->question = TB_QUESTION_NONE;
    t->guidance = TB_OK;
    t->duration = t->face_at && now > t->face_at ? now - t->face_at : 0;
    set_reason(t, reason);
    m->served = m->zone.inside == 1 ? m->zone.track : t->track;
    enter(m, TB_PHASE_DECIDED, now, fx);
}

static void to_failed(tb_machine *m, tb_status failure, tb_time now, tb_effects *fx)
{
    m->now_serving.failure = failure;
    int away = failure == TB_BUS_DOWN || failure == TB_TIMEOUT;
    to_decided(m, TB_OUTCOME_FAILED, away ? "offline" : "", now, fx);
}

static void to_asking_person(tb_machine *m, tb_ask ask, tb_time now, tb_effects *fx)
{
    m->now_serving.ask = ask;
    m->now_serving.question = TB_QUESTION_NONE;
    enter(m, TB_PHASE_ASKING, after_(now, m->options.ask), fx);
}

static void to_asking_server(tb_machine *m, tb_question question, tb_id request, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->ask = TB_ASK_NONE;
    t->question = question;
    t->request = request;
    if (question == TB_QUESTION_PAY) {
        t->payment = TB_PAYMENT_KEEPING; /* M5: nothing is sent before RECORDED */
        t->sends = 0;
        emit(fx, TB_EFFECT_KEEP_PAYMENT);
    } else {
        emit(fx, TB_EFFECT_ASK);
    }
    enter(m, TB_PHASE_ASKING, after_(now, m->options.think), fx);
}

/* What the events' kinds are is told by tb_machine_event; 0 when this outcome makes none (M3). */
static int makes_event(const tb_machine *m)
{
    const tb_transaction *t = &m->now_serving;
    tb_kind kind = m->options.role.kind;
    switch (t->outcome) {
    case TB_OUTCOME_ADMITTED:
        return kind == TB_KIND_PASSAGE || kind == TB_KIND_COUNTER; /* the server itself records check-ins and payments */
    case TB_OUTCOME_REFUSED:
    case TB_OUTCOME_UNKNOWN:
    case TB_OUTCOME_NOT_SURE:
        return 1;
    default:
        return 0;
    }
}

static void to_reporting(tb_machine *m, tb_time now, tb_effects *fx)
{
    m->now_serving.recorded = !makes_event(m);
    if (!m->now_serving.recorded)
        emit(fx, TB_EFFECT_RECORD);
    enter(m, TB_PHASE_REPORTING, after_(now, m->options.dwell), fx);
}

static void void_payment(tb_machine *m, tb_time now, tb_effects *fx)
{
    m->now_serving.payment = TB_PAYMENT_VOIDING;
    emit(fx, TB_EFFECT_VOID_PAYMENT);
    m->deadline = after_(now, m->options.retry);
}

/* ---- the zone ---- */

/* Remembers who is there; 1 when the face that is being identified does not count any more. */
static int note_zone(tb_machine *m, const tb_machine_input *in, tb_time now)
{
    m->zone = in->zone;
    if (in->zone.inside == 0) {
        if (!m->empty_since)
            m->empty_since = now;
    } else {
        m->empty_since = 0;
    }
    if (m->served && in->zone.inside == 1 && in->zone.track != m->served)
        m->served = 0;
    int another = in->zone.inside == 1 && m->now_serving.track && in->zone.track != m->now_serving.track;
    return in->zone.inside > 1 || another;
}

static int has_left(const tb_machine *m, tb_time now)
{
    return m->empty_since && now - m->empty_since >= m->options.leave;
}

static int is_new_candidate(const tb_machine *m)
{
    return m->zone.inside == 1 && m->zone.track != m->served;
}

static void begin(tb_machine *m, const tb_machine_input *in)
{
    memset(&m->now_serving, 0, sizeof m->now_serving);
    m->now_serving.id = in->fresh;
}

static tb_status zone_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    int crowded = m->zone.inside > 1;
    (void)note_zone(m, in, now);
    if (begins_by_face(m) && crowded != (m->zone.inside > 1)) /* two came together: the screen asks for one at a time */
        emit(fx, TB_EFFECT_SHOW);
    if (!begins_by_face(m) || !is_new_candidate(m))
        return TB_OK;
    begin(m, in);
    m->now_serving.face_at = now;
    to_present(m, now, fx);
    return TB_OK;
}

static tb_status zone_in_present(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)note_zone(m, in, now);
    tb_transaction *t = &m->now_serving;
    tb_status guidance = m->zone.inside > 1 ? TB_RETRY_SEVERAL_FACES : m->zone.inside == 0 ? m->zone.advice : TB_OK;
    if (guidance != t->guidance) {
        t->guidance = guidance;
        emit(fx, TB_EFFECT_SHOW);
    }
    if (m->zone.inside != 1)
        t->face_at = 0;
    else if (!t->face_at)
        t->face_at = now;
    int only_who_was_served = begins_by_face(m) && m->zone.inside == 1 && m->zone.track == m->served;
    if (only_who_was_served || (has_left(m, now) && begins_by_face(m)))
        to_idle(m, fx);
    else if (m->zone.inside == 1 && m->zone.steady)
        to_capturing(m, now, fx);
    return TB_OK;
}

static tb_status zone_in_capturing(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (note_zone(m, in, now) || has_left(m, now))
        give_up_face(m, now, fx);
    return TB_OK;
}

static tb_status zone_in_matching(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (note_zone(m, in, now)) /* M1 */
        give_up_face(m, now, fx);
    return TB_OK;
}

static tb_status zone_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    int lost = note_zone(m, in, now);
    if (m->now_serving.question == TB_QUESTION_IDENTIFY && (lost || has_left(m, now))) /* M1 */
        give_up_face(m, now, fx);
    return TB_OK;
}

static tb_status zone_noted(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)fx;
    (void)note_zone(m, in, now);
    return TB_OK;
}

static tb_status zone_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)note_zone(m, in, now);
    if (m->now_serving.recorded && begins_by_face(m) && is_new_candidate(m)) { /* the next one need not wait */
        to_idle(m, fx);
        return zone_in_idle(m, in, now, fx);
    }
    return TB_OK;
}

/* ---- capture and match ---- */

static tb_status captured_in_capturing(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (in->ticket != m->ticket)
        return TB_OK; /* stale */
    if (in->status == TB_OK) {
        emit(fx, TB_EFFECT_MATCH);
        enter(m, TB_PHASE_MATCHING, TB_TIME_NEVER, fx);
        return TB_OK;
    }
    if (tb_status_is_retry(in->status)) {
        m->ticket++;
        m->now_serving.guidance = in->status;
        emit(fx, TB_EFFECT_WIPE);
        emit(fx, TB_EFFECT_CAPTURE);
        emit(fx, TB_EFFECT_SHOW);
        return TB_OK;
    }
    emit(fx, TB_EFFECT_STOP);
    to_failed(m, in->status, now, fx);
    return TB_OK;
}

/* The person is known: what is left to do before it is decided? */
static void settle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    const tb_role_view *role = &m->options.role;
    t->settled = 1;
    if (role->kind == TB_KIND_POS) {
        int high = role->step_up_amount > 0 && t->amount > role->step_up_amount;
        if (role->step_up_pin && (t->doubtful || high) && !t->pin_given)
            to_asking_person(m, TB_ASK_PIN, now, fx);
        else if ((t->staff_wanted || (t->doubtful && !t->pin_given)) && !t->staff_confirmed)
            to_asking_person(m, TB_ASK_STAFF, now, fx);
        else
            to_asking_server(m, TB_QUESTION_PAY, in->fresh, now, fx);
        return;
    }
    to_decided(m, TB_OUTCOME_ADMITTED, "", now, fx);
}

static void not_sure(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    const tb_role_view *role = &m->options.role;
    int has_candidate = !tb_id_is_zero(in->visit) && in->judgement == TB_ADMIT;
    t->doubtful = 1;
    if (has_candidate && role->kind == TB_KIND_POS && (role->step_up_pin || role->staff_confirms)) {
        t->visit = in->visit;
        t->fields = in->fields;
        settle(m, in, now, fx);
    } else if (has_candidate && role->staff_confirms) {
        t->visit = in->visit;
        t->fields = in->fields;
        to_asking_person(m, TB_ASK_STAFF, now, fx);
    } else {
        to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
    }
}

static void nobody(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->options.role.asks_server)
        to_asking_server(m, TB_QUESTION_IDENTIFY, in->fresh, now, fx);
    else
        to_decided(m, TB_OUTCOME_UNKNOWN, m->options.role.unknown_reason, now, fx);
}

static tb_status matched_in_matching(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (m->zone.inside > 1) { /* M1; note_zone has left this state before, this is the second lock */
        give_up_face(m, now, fx);
    } else if (in->status != TB_OK) {
        to_failed(m, in->status, now, fx);
    } else if (is_by_documents(m)) {
        if (in->identity == TB_THIS_PERSON)
            to_asking_server(m, TB_QUESTION_CHECKIN, in->fresh, now, fx);
        else
            to_decided(m, TB_OUTCOME_REFUSED, "person_mismatch", now, fx);
    } else if (in->identity == TB_NOBODY) {
        nobody(m, in, now, fx);
    } else if (in->identity == TB_NOT_SURE) {
        not_sure(m, in, now, fx);
    } else {
        t->visit = in->visit;
        t->fields = in->fields;
        if (in->judgement == TB_ADMIT)
            settle(m, in, now, fx);
        else
            to_decided(m, TB_OUTCOME_REFUSED, in->reason, now, fx);
    }
    return TB_OK;
}

/* ---- answers ---- */

static void answered_identify(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->from_server = 1;
    if (m->zone.inside > 1) { /* M1 */
        give_up_face(m, now, fx);
        return;
    }
    if (in->verdict == TB_ANSWER_ADMIT || in->verdict == TB_ANSWER_REFUSE) {
        t->visit = in->visit;
        t->fields = in->fields;
    }
    if (in->verdict == TB_ANSWER_ADMIT)
        settle(m, in, now, fx);
    else if (in->verdict == TB_ANSWER_REFUSE)
        to_decided(m, TB_OUTCOME_REFUSED, in->reason, now, fx);
    else if (in->verdict == TB_ANSWER_UNKNOWN)
        to_decided(m, TB_OUTCOME_UNKNOWN, in->reason[0] ? in->reason : m->options.role.unknown_reason, now, fx);
    else if (in->verdict == TB_ANSWER_NOT_SURE)
        to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
    else
        to_failed(m, in->status, now, fx);
}

static void answered_checkin(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->from_server = 1;
    t->visit = in->visit;
    t->fields = in->fields;
    if (in->verdict == TB_ANSWER_ADMIT)
        to_decided(m, t->agreed > 0 ? TB_OUTCOME_ADMITTED : TB_OUTCOME_WITHOUT_FACE, "", now, fx);
    else if (in->verdict == TB_ANSWER_FAILED)
        to_failed(m, in->status, now, fx);
    else
        to_decided(m, TB_OUTCOME_REFUSED, in->reason, now, fx);
}

static void answered_pay(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (in->verdict == TB_ANSWER_FAILED) { /* not known whether it was charged: the same id again, then void (M5) */
        t->failure = in->status;
        if (t->sends >= m->options.sends)
            void_payment(m, now, fx);
        else
            m->deadline = after_(now, m->options.retry);
        return;
    }
    t->from_server = 1;
    t->failure = TB_OK; /* earlier sends that were not answered are forgotten: the payment is known now */
    t->verdict = in->verdict;
    set_reason(t, in->reason);
    for (size_t i = 0; i < in->fields.count; i++)
        (void)!tb_facts_set(&t->fields, &in->fields.items[i]);
    t->payment = TB_PAYMENT_CLOSING;
    emit(fx, TB_EFFECT_CLOSE_PAYMENT);
}

static tb_status answer_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->question == TB_QUESTION_NONE || !tb_id_equal(in->about, t->request))
        return TB_OK; /* stale */
    if (t->question == TB_QUESTION_IDENTIFY)
        answered_identify(m, in, now, fx);
    else if (t->question == TB_QUESTION_CHECKIN)
        answered_checkin(m, in, now, fx);
    else if (t->payment == TB_PAYMENT_OPEN)
        answered_pay(m, in, now, fx);
    return TB_OK;
}

static void payment_closed(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->payment = TB_PAYMENT_NONE;
    if (t->verdict == TB_ANSWER_ADMIT) {
        to_decided(m, TB_OUTCOME_ADMITTED, "", now, fx);
    } else if (strcmp(t->reason, "pin_wrong") == 0 && ++t->pin_tries < 3) {
        t->pin_given = 0;
        t->reason[0] = '\0';
        t->failure = TB_PIN_WRONG;
        to_asking_person(m, TB_ASK_PIN, now, fx);
    } else {
        char reason[TB_NAME_SIZE];
        memcpy(reason, t->reason, sizeof reason);
        to_decided(m, t->verdict == TB_ANSWER_NOT_SURE ? TB_OUTCOME_NOT_SURE : TB_OUTCOME_REFUSED, reason, now, fx);
    }
}

static tb_status recorded_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->payment == TB_PAYMENT_KEEPING) {
        if (in->status != TB_OK) {
            t->payment = TB_PAYMENT_NONE; /* nothing is in the store, nothing was sent */
            to_failed(m, in->status, now, fx);
            return TB_OK;
        }
        t->payment = TB_PAYMENT_OPEN;
        t->sends = 1;
        emit(fx, TB_EFFECT_ASK);
        m->deadline = after_(now, m->options.think);
    } else if (t->payment == TB_PAYMENT_CLOSING) {
        if (in->status == TB_OK)
            payment_closed(m, now, fx);
        else
            void_payment(m, now, fx); /* the row is still there: the start after a crash would void it, so do it now */
    } else if (t->payment == TB_PAYMENT_VOIDING) {
        if (in->status != TB_OK) {
            t->failure = in->status;
            m->deadline = after_(now, m->options.retry); /* M6: stay until it is written */
            return TB_OK;
        }
        t->payment = TB_PAYMENT_NONE;
        emit(fx, TB_EFFECT_PUBLISH);
        to_failed(m, t->failure == TB_OK ? TB_TIMEOUT : t->failure, now, fx);
    }
    return TB_OK;
}

/* ---- what people do ---- */

static tb_status document_shown(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (in->status != TB_OK) {
        int misread = in->status == TB_CHECK_DIGIT || in->status == TB_MALFORMED || in->status == TB_TRUNCATED ||
                      in->status == TB_UNSUPPORTED || in->status == TB_TOO_LARGE || in->status == TB_NO_MEMORY;
        t->failure = in->status;
        to_decided(m, misread ? TB_OUTCOME_FAILED : TB_OUTCOME_REFUSED, in->reason, now, fx);
        return TB_OK;
    }
    if (in->kind == TB_INPUT_PASSPORT)
        t->passport = 1;
    else
        t->boarding_pass = 1;
    if (!t->passport || !t->boarding_pass)
        to_asking_person(m, t->passport ? TB_ASK_BOARDING_PASS : TB_ASK_PASSPORT, now, fx);
    else
        to_asking_person(m, TB_ASK_CONSENT, now, fx);
    return TB_OK;
}

static tb_status document_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!is_by_documents(m))
        return TB_CONFLICT;
    begin(m, in);
    return document_shown(m, in, now, fx);
}

static tb_status document_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_ask ask = m->now_serving.ask;
    if (ask != TB_ASK_PASSPORT && ask != TB_ASK_BOARDING_PASS && ask != TB_ASK_CONSENT)
        return TB_CONFLICT;
    return document_shown(m, in, now, fx); /* shown again: the newer one counts */
}

/* Result screens do not hold up the next person; an event that is not written yet does (M6). */
static tb_status document_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!m->now_serving.recorded || !is_by_documents(m))
        return TB_CONFLICT;
    to_idle(m, fx);
    return document_in_idle(m, in, now, fx);
}

static tb_status consent_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->now_serving.ask != TB_ASK_CONSENT)
        return TB_CONFLICT;
    m->now_serving.agreed = in->yes ? 1 : -1;
    if (in->yes) {
        to_present(m, now, fx);
        return TB_OK;
    }
    emit(fx, TB_EFFECT_WIPE); /* no face is taken, and the passport's picture goes */
    to_asking_server(m, TB_QUESTION_CHECKIN, in->fresh, now, fx);
    return TB_OK;
}

static tb_status sale_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->options.role.kind != TB_KIND_POS)
        return TB_CONFLICT;
    if (in->amount <= 0 || strlen(in->currency) != 3)
        return TB_INVALID_ARGUMENT;
    begin(m, in);
    tb_transaction *t = &m->now_serving;
    t->amount = in->amount;
    memcpy(t->currency, in->currency, sizeof t->currency);
    t->staff_wanted = in->yes || m->options.role.staff_confirms;
    m->served = 0;
    to_present(m, now, fx);
    return TB_OK;
}

static tb_status sale_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!m->now_serving.recorded)
        return TB_CONFLICT;
    to_idle(m, fx);
    return sale_in_idle(m, in, now, fx);
}

static tb_status pin_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->now_serving.ask != TB_ASK_PIN)
        return TB_CONFLICT;
    m->now_serving.pin_given = 1;
    m->now_serving.failure = TB_OK;
    settle(m, in, now, fx);
    return TB_OK;
}

static tb_status staff_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->ask != TB_ASK_STAFF)
        return TB_CONFLICT;
    if (!in->yes) {
        to_decided(m, t->doubtful ? TB_OUTCOME_NOT_SURE : TB_OUTCOME_REFUSED, t->doubtful ? "not_sure" : "person_mismatch", now, fx);
        return TB_OK;
    }
    if (m->zone.inside > 1) { /* M1: also a human decides about one person only */
        t->guidance = TB_RETRY_SEVERAL_FACES;
        emit(fx, TB_EFFECT_SHOW);
        return TB_OK;
    }
    t->staff_confirmed = 1;
    settle(m, in, now, fx);
    return TB_OK;
}

/* The place of `item` in item_list ("id description; id description"), from 1; 0 when it is not there. */
static int item_place(const tb_facts *fields, const char *item)
{
    const char *at = tb_facts_text(fields, "item_list");
    size_t length = strlen(item);
    for (int place = 1; *at && length && place <= 32; place++) {
        at += strspn(at, " ");
        if (strncmp(at, item, length) == 0 && (at[length] == ' ' || at[length] == ';' || at[length] == '\0'))
            return place;
        at += strcspn(at, ";");
        at += *at == ';';
    }
    return 0;
}

static tb_status handover_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)now;
    tb_transaction *t = &m->now_serving;
    if (m->options.role.kind != TB_KIND_PICKUP || t->handing)
        return TB_CONFLICT;
    int place = item_place(&t->fields, in->item);
    if (!place)
        return TB_INVALID_ARGUMENT;
    if (t->handed & (1u << (place - 1)))
        return TB_CONFLICT;
    t->handing = place;
    if (tb_facts_set_text(&t->fields, "item", in->item) != TB_OK)
        return TB_INVALID_ARGUMENT;
    emit(fx, TB_EFFECT_RECORD);
    return TB_OK;
}

/* ---- acting and reporting ---- */

static int64_t items_left(const tb_transaction *t)
{
    return tb_facts_number(&t->fields, "items", 0) - __builtin_popcount(t->handed);
}

static tb_status recorded_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (!t->handing)
        return TB_OK;
    if (in->status == TB_OK) {
        t->handed |= 1u << (t->handing - 1);
        emit(fx, TB_EFFECT_PUBLISH);
    } else {
        t->failure = in->status; /* not written: not handed over; the screen says so and it can be pressed again */
    }
    if (in->status == TB_OK && items_left(t) <= 0) {
        if (m->options.role.deletes_entry)
            emit(fx, TB_EFFECT_DROP);
        t->handing = 0;
        to_reporting(m, now, fx);
        return TB_OK;
    }
    t->handing = 0;
    emit(fx, TB_EFFECT_SHOW);
    return TB_OK;
}

static tb_status actuated_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (in->ticket != m->ticket || m->options.role.kind == TB_KIND_PICKUP)
        return TB_OK; /* stale */
    if (in->status != TB_OK) { /* it did not open: nobody passed, nothing is reported as a passage */
        m->now_serving.outcome = TB_OUTCOME_FAILED;
        m->now_serving.failure = in->status;
    }
    to_reporting(m, now, fx);
    return TB_OK;
}

static tb_status recorded_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->recorded)
        return TB_OK;
    if (in->status != TB_OK) { /* M6: nobody is served before this is written */
        t->failure = in->status;
        m->deadline = after_(now, m->options.retry);
        emit(fx, TB_EFFECT_SHOW);
        return TB_OK;
    }
    t->recorded = 1;
    t->failure = TB_OK;
    if (tb_machine_drops(m))
        emit(fx, TB_EFFECT_DROP);
    emit(fx, TB_EFFECT_PUBLISH);
    m->deadline = after_(now, m->options.dwell);
    return TB_OK;
}

/* ---- time ---- */

static void forget_who_left(tb_machine *m, tb_time now)
{
    if (m->served && has_left(m, now))
        m->served = 0;
}

static tb_status tick_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in, (void)fx;
    forget_who_left(m, now);
    return TB_OK;
}

static tb_status tick_in_present(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (now >= m->deadline || (has_left(m, now) && begins_by_face(m))) {
        if (m->zone.inside == 1)
            m->served = m->zone.track;
        to_idle(m, fx);
    }
    return TB_OK;
}

static tb_status tick_in_capturing(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (has_left(m, now)) {
        give_up_face(m, now, fx);
    } else if (now >= m->deadline) {
        tb_transaction *t = &m->now_serving;
        t->failure = t->guidance == TB_OK ? TB_RETRY_NO_FACE : t->guidance;
        emit(fx, TB_EFFECT_STOP);
        to_decided(m, TB_OUTCOME_RETRY, "", now, fx);
    }
    return TB_OK;
}

static void payment_tick(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->payment == TB_PAYMENT_VOIDING || (t->payment == TB_PAYMENT_OPEN && t->sends >= m->options.sends)) {
        void_payment(m, now, fx);
    } else if (t->payment == TB_PAYMENT_OPEN) {
        t->sends++;
        emit(fx, TB_EFFECT_ASK);
        m->deadline = after_(now, m->options.think);
    }
}

static tb_status tick_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    tb_transaction *t = &m->now_serving;
    if (t->question == TB_QUESTION_IDENTIFY && has_left(m, now))
        give_up_face(m, now, fx);
    else if (now < m->deadline)
        return TB_OK;
    else if (t->question == TB_QUESTION_PAY)
        payment_tick(m, now, fx);
    else if (t->question != TB_QUESTION_NONE)
        to_failed(m, TB_TIMEOUT, now, fx);
    else if (t->doubtful)
        to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
    else
        to_idle(m, fx); /* the person walked away from a question */
    return TB_OK;
}

static tb_status tick_in_decided(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    const tb_role_view *role = &m->options.role;
    emit(fx, TB_EFFECT_WIPE); /* M2 */
    int opens = role->kind == TB_KIND_PASSAGE && role->actuator && role->actuator[0];
    if (m->now_serving.outcome == TB_OUTCOME_ADMITTED && opens) {
        m->ticket++;
        emit(fx, TB_EFFECT_ACTUATE);
        enter(m, TB_PHASE_ACTUATING, after_(now, m->options.actuate), fx);
    } else if (m->now_serving.outcome == TB_OUTCOME_ADMITTED && role->kind == TB_KIND_PICKUP) {
        m->ticket++;
        enter(m, TB_PHASE_ACTUATING, after_(now, m->options.serve), fx);
    } else {
        to_reporting(m, now, fx);
    }
    return TB_OK;
}

static tb_status tick_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (now < m->deadline || m->now_serving.handing)
        return TB_OK;
    if (m->options.role.kind != TB_KIND_PICKUP) {
        m->now_serving.outcome = TB_OUTCOME_FAILED;
        m->now_serving.failure = TB_TIMEOUT;
    }
    to_reporting(m, now, fx);
    return TB_OK;
}

static tb_status tick_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    forget_who_left(m, now);
    if (now < m->deadline)
        return TB_OK;
    if (m->now_serving.recorded) {
        if (m->now_serving.outcome == TB_OUTCOME_RETRY)
            m->served = 0; /* try again means: at once, without stepping away */
        to_idle(m, fx);
    } else {
        emit(fx, TB_EFFECT_RECORD);
        m->deadline = after_(now, m->options.retry);
    }
    return TB_OK;
}

/* ---- start again ---- */

static tb_status reset_to_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in, (void)now;
    emit(fx, TB_EFFECT_STOP);
    m->served = m->zone.inside == 1 ? m->zone.track : 0;
    to_idle(m, fx);
    return TB_OK;
}

static tb_status reset_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in, (void)now;
    m->served = 0; /* whoever stands there is looked at anew */
    emit(fx, TB_EFFECT_SHOW);
    return TB_OK;
}

static tb_status reset_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->now_serving.payment == TB_PAYMENT_NONE)
        return reset_to_idle(m, in, now, fx);
    if (m->now_serving.payment != TB_PAYMENT_OPEN)
        return TB_CONFLICT;
    void_payment(m, now, fx); /* M5 */
    return TB_OK;
}

static tb_status reset_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (m->options.role.kind != TB_KIND_PICKUP || m->now_serving.handing)
        return TB_CONFLICT; /* the gate is opening */
    to_reporting(m, now, fx);
    return TB_OK;
}

static tb_status reset_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    return m->now_serving.recorded ? reset_to_idle(m, in, now, fx) : TB_CONFLICT;
}

static tb_status stale(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)m, (void)in, (void)now, (void)fx;
    return TB_OK; /* it came too late: no effect, nobody to tell */
}

static tb_status not_now(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)m, (void)in, (void)now, (void)fx;
    return TB_CONFLICT;
}

/* The whole machine at a glance. Rows: states; columns: inputs in the order of tb_input_kind. */
static const handler table[TB_PHASE_COUNT][TB_INPUT_COUNT] = {
    /* tick, zone, captured, matched, answer,
       passport, boarding_pass, consent, sale, pin, staff, handover,
       recorded, actuated, reset */
    [TB_PHASE_IDLE] = {tick_in_idle, zone_in_idle, stale, stale, stale,
                       document_in_idle, document_in_idle, not_now, sale_in_idle, not_now, not_now, not_now,
                       stale, stale, reset_in_idle},
    [TB_PHASE_PRESENT] = {tick_in_present, zone_in_present, stale, stale, stale,
                          not_now, not_now, not_now, not_now, not_now, not_now, not_now,
                          stale, stale, reset_to_idle},
    [TB_PHASE_CAPTURING] = {tick_in_capturing, zone_in_capturing, captured_in_capturing, stale, stale,
                            not_now, not_now, not_now, not_now, not_now, not_now, not_now,
                            stale, stale, reset_to_idle},
    [TB_PHASE_MATCHING] = {stale, zone_in_matching, stale, matched_in_matching, stale,
                           not_now, not_now, not_now, not_now, not_now, not_now, not_now,
                           stale, stale, reset_to_idle},
    [TB_PHASE_ASKING] = {tick_in_asking, zone_in_asking, stale, stale, answer_in_asking,
                         document_in_asking, document_in_asking, consent_in_asking, not_now, pin_in_asking, staff_in_asking, not_now,
                         recorded_in_asking, stale, reset_in_asking},
    [TB_PHASE_DECIDED] = {tick_in_decided, zone_noted, stale, stale, stale,
                          not_now, not_now, not_now, not_now, not_now, not_now, not_now,
                          stale, stale, not_now},
    [TB_PHASE_ACTUATING] = {tick_in_actuating, zone_noted, stale, stale, stale,
                            not_now, not_now, not_now, not_now, not_now, not_now, handover_in_actuating,
                            recorded_in_actuating, actuated_in_actuating, reset_in_actuating},
    [TB_PHASE_REPORTING] = {tick_in_reporting, zone_in_reporting, stale, stale, stale,
                            document_in_reporting, document_in_reporting, not_now, sale_in_reporting, not_now, not_now, not_now,
                            recorded_in_reporting, stale, reset_in_reporting},
};

static int emitted(const tb_effects *fx, tb_effect_kind kind)
{
    for (int i = 0; i < fx->count; i++)
        if (fx->kinds[i] == kind)
            return i + 1;
    return 0;
}

static void check(const tb_machine *before, const tb_machine *m, const tb_machine_input *in, const tb_effects *fx)
{
    static const tb_transaction nothing;
    const tb_transaction *t = &m->now_serving, *was = &before->now_serving;
    if (t->settled && !was->settled)
        assert(m->zone.inside <= 1); /* M1 */
    if (before->phase == TB_PHASE_DECIDED && m->phase != TB_PHASE_DECIDED)
        assert(emitted(fx, TB_EFFECT_WIPE)); /* M2 */
    if (before->phase == TB_PHASE_CAPTURING && (m->phase == TB_PHASE_IDLE || m->phase == TB_PHASE_PRESENT))
        assert(emitted(fx, TB_EFFECT_WIPE) && emitted(fx, TB_EFFECT_STOP)); /* M2 */
    if (emitted(fx, TB_EFFECT_RECORD))
        assert(t->outcome != TB_OUTCOME_RETRY && t->outcome != TB_OUTCOME_NONE); /* M3 */
    if (t->outcome == TB_OUTCOME_ADMITTED && t->doubtful)
        assert(t->pin_given || t->staff_confirmed); /* M4 */
    if (emitted(fx, TB_EFFECT_ASK) && t->question == TB_QUESTION_PAY)
        assert(t->payment == TB_PAYMENT_OPEN && (was->payment == TB_PAYMENT_OPEN || in->kind == TB_INPUT_RECORDED)); /* M5 */
    if (t->payment != TB_PAYMENT_NONE)
        assert(m->phase == TB_PHASE_ASKING); /* M5: nothing else begins before it is closed or voided */
    if (emitted(fx, TB_EFFECT_PUBLISH))
        assert(in->kind == TB_INPUT_RECORDED && in->status == TB_OK); /* M6 */
    if (before->phase == TB_PHASE_REPORTING && m->phase != TB_PHASE_REPORTING)
        assert(was->recorded); /* M6 */
    if (m->phase == TB_PHASE_IDLE)
        assert(memcmp(t, &nothing, sizeof nothing) == 0); /* M7 */
    if (before->phase != TB_PHASE_IDLE && m->phase == TB_PHASE_IDLE)
        assert(emitted(fx, TB_EFFECT_FORGET)); /* M7 */
    assert((m->phase == TB_PHASE_ASKING) == (t->question != TB_QUESTION_NONE || (t->ask != TB_ASK_NONE && t->ask != TB_ASK_FACE)));
}

void tb_machine_init(const tb_machine_options *options, tb_machine *out)
{
    memset(out, 0, sizeof *out);
    out->options = *options;
    tb_machine_options *o = &out->options;
    int waits = options->role.kind == TB_KIND_CHECKIN || options->role.kind == TB_KIND_POS;
    o->leave = o->leave ? o->leave : 800 * (TB_SECOND / 1000);
    o->capture = o->capture ? o->capture : waits ? 45 * TB_SECOND : 10 * TB_SECOND;
    o->serve = o->serve ? o->serve : 2 * TB_MINUTE;
    o->ask = o->ask ? o->ask : TB_MINUTE;
    o->think = o->think ? o->think : 8 * TB_SECOND;
    o->dwell = o->dwell ? o->dwell : 4 * TB_SECOND;
    o->actuate = o->actuate ? o->actuate : 5 * TB_SECOND;
    o->retry = o->retry ? o->retry : TB_SECOND;
    o->sends = o->sends ? o->sends : 3;
    out->phase = TB_PHASE_IDLE;
    out->deadline = TB_TIME_NEVER;
}

tb_status tb_machine_step(const tb_machine *before, const tb_machine_input *input, tb_time now, tb_machine *after, tb_effects *effects)
{
    effects->count = 0;
    *after = *before;
    if ((unsigned)input->kind >= TB_INPUT_COUNT)
        return TB_INVALID_ARGUMENT;
    tb_status status = table[before->phase][input->kind](after, input, now, effects);
    if (status != TB_OK) {
        *after = *before;
        effects->count = 0;
        return status;
    }
    check(before, after, input, effects);
    return TB_OK;
}
