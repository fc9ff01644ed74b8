/* machine_face.c: who is before the camera: inputs ZONE, CAPTURED and MATCHED of machine.c. */
#include "terminal/machine_steps.h"

#include <string.h>

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
    if (tb_m_is_group(m))
        return tb_m_group_note(m);
    if (m->served && in->zone.inside == 1 && in->zone.track != m->served)
        m->served = 0;
    int another = in->zone.inside == 1 && m->now_serving.track && in->zone.track != m->now_serving.track;
    return in->zone.inside > 1 || another;
}

int tb_m_has_left(const tb_machine *m, tb_time now)
{
    return m->empty_since && now - m->empty_since >= m->options.leave;
}

static int is_new_candidate(const tb_machine *m)
{
    return tb_m_is_group(m) ? tb_m_group_is_new(m) : m->zone.inside == 1 && m->zone.track != m->served;
}

void tb_m_begin(tb_machine *m, const tb_machine_input *in)
{
    memset(&m->now_serving, 0, sizeof m->now_serving);
    m->now_serving.id = in->fresh;
}

tb_status tb_m_zone_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    int crowded = m->zone.inside > 1;
    (void)note_zone(m, in, now);
    /* two came together: the screen asks for one at a time */
    if (tb_m_begins_by_face(m) && crowded != (m->zone.inside > 1))
        tb_m_emit(fx, TB_EFFECT_SHOW);
    if (!tb_m_begins_by_face(m) || !is_new_candidate(m))
        return TB_OK;
    tb_m_begin(m, in);
    m->now_serving.face_at = now;
    tb_m_to_present(m, now, fx);
    return TB_OK;
}

tb_status tb_m_zone_in_present(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)note_zone(m, in, now);
    if (tb_m_is_group(m))
        return tb_m_group_zone_in_present(m, now, fx);
    tb_transaction *t = &m->now_serving;
    tb_status guidance = m->zone.inside > 1 ? TB_RETRY_SEVERAL_FACES : m->zone.inside == 0 ? m->zone.advice : TB_OK;
    if (guidance != t->guidance) {
        t->guidance = guidance;
        tb_m_emit(fx, TB_EFFECT_SHOW);
    }
    if (m->zone.inside != 1)
        t->face_at = 0;
    else if (!t->face_at)
        t->face_at = now;
    int only_who_was_served = tb_m_begins_by_face(m) && m->zone.inside == 1 && m->zone.track == m->served;
    if (only_who_was_served || (tb_m_has_left(m, now) && tb_m_ends_when_empty(m)))
        tb_m_to_idle(m, fx);
    else if (m->zone.inside == 1 && m->zone.steady)
        tb_m_to_capturing(m, now, fx);
    return TB_OK;
}

tb_status tb_m_zone_in_capturing(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (note_zone(m, in, now) || tb_m_has_left(m, now))
        tb_m_give_up_face(m, now, fx);
    return TB_OK;
}

tb_status tb_m_zone_in_matching(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (note_zone(m, in, now)) /* M1 */
        tb_m_give_up_face(m, now, fx);
    return TB_OK;
}

tb_status tb_m_zone_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    int lost = note_zone(m, in, now);
    int about_face = m->now_serving.question == TB_QUESTION_IDENTIFY || m->now_serving.ask == TB_ASK_REFERENCE;
    if (about_face && (lost || tb_m_has_left(m, now))) /* M1 */
        tb_m_give_up_face(m, now, fx);
    return TB_OK;
}

tb_status tb_m_zone_noted(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)fx;
    (void)note_zone(m, in, now);
    return TB_OK;
}

tb_status tb_m_zone_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)note_zone(m, in, now);
    if (tb_m_is_sign(m)) {
        if (!tb_m_sign_is_over(m, now))
            return TB_OK;
        tb_m_sign_clear(m, fx);
        return tb_m_zone_in_idle(m, in, now, fx);
    }
    if (m->now_serving.recorded && tb_m_begins_by_face(m) && is_new_candidate(m)) { /* the next one need not wait */
        tb_m_to_idle(m, fx);
        return tb_m_zone_in_idle(m, in, now, fx);
    }
    return TB_OK;
}

/* M8: a human has a look. */
static int failed_too_often(tb_machine *m, tb_time now, tb_effects *fx)
{
    if (m->now_serving.challenges_failed < TB_CHALLENGE_TRIES)
        return 0;
    tb_m_emit(fx, TB_EFFECT_STOP);
    tb_m_to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
    return 1;
}

/* Who is it? What was captured is there, and the reference where the role always asks for one (M9). */
void tb_m_to_identifying(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    m->now_serving.ask = TB_ASK_FACE;
    if (m->options.role.match_at_server && !tb_m_is_by_documents(m)) { /* there is no list (A17) */
        tb_m_to_asking_server(m, TB_QUESTION_IDENTIFY, in->fresh, now, fx);
        return;
    }
    tb_m_emit(fx, TB_EFFECT_MATCH);
    tb_m_enter(m, TB_PHASE_MATCHING, TB_TIME_NEVER, fx);
}

tb_status tb_m_captured_in_capturing(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (in->ticket != m->ticket)
        return TB_OK; /* stale */
    int evaded = m->now_serving.ask == TB_ASK_CHALLENGE && tb_status_is_retry(in->status);
    m->now_serving.ask = TB_ASK_FACE;
    m->now_serving.challenge = TB_CHALLENGE_NONE;
    m->now_serving.challenges_failed += evaded || in->status == TB_RETRY_CHALLENGE;
    if (failed_too_often(m, now, fx))
        return TB_OK;
    if (in->status == TB_OK && m->options.role.reference == TB_REFERENCE_ALWAYS && tb_m_lacks_reference(m)) {
        tb_m_to_asking_person(m, TB_ASK_REFERENCE, now, fx);
        return TB_OK;
    }
    if (in->status == TB_OK) {
        tb_m_to_identifying(m, in, now, fx);
        return TB_OK;
    }
    if (tb_status_is_retry(in->status)) {
        m->ticket++;
        m->now_serving.guidance = in->status;
        tb_m_emit(fx, TB_EFFECT_WIPE);
        tb_m_emit(fx, TB_EFFECT_CAPTURE);
        tb_m_emit(fx, TB_EFFECT_SHOW);
        return TB_OK;
    }
    tb_m_emit(fx, TB_EFFECT_STOP);
    tb_m_to_failed(m, in->status, now, fx);
    return TB_OK;
}

/* What the person is asked to do before the camera; each request has its time. */
tb_status tb_m_challenge_in_capturing(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (in->ticket != m->ticket)
        return TB_OK; /* stale */
    /* Given up half-way (the face was lost): counts as failed, or a fixed film would wait for an order that suits
     * it. */
    t->challenges_failed += !in->yes && t->ask == TB_ASK_CHALLENGE;
    t->ask = in->yes ? TB_ASK_CHALLENGE : TB_ASK_FACE;
    t->challenge = in->yes ? in->challenge : TB_CHALLENGE_NONE;
    t->guidance = TB_OK;
    m->deadline = tb_m_after(now, m->options.capture);
    if (!failed_too_often(m, now, fx))
        tb_m_emit(fx, TB_EFFECT_SHOW);
    return TB_OK;
}

/* The person is known: what is left to do before it is decided? */
void tb_m_settle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    const tb_role_view *role = &m->options.role;
    t->settled = 1;
    if (role->kind == TB_KIND_POS) {
        int high = role->step_up_amount > 0 && t->amount > role->step_up_amount;
        if (role->step_up_pin && (t->doubtful || high) && !t->pin_given)
            tb_m_to_asking_person(m, TB_ASK_PIN, now, fx);
        else if ((t->staff_wanted || (t->doubtful && !t->pin_given)) && !t->staff_confirmed)
            tb_m_to_asking_person(m, TB_ASK_STAFF, now, fx);
        else
            tb_m_to_asking_server(m, TB_QUESTION_PAY, in->fresh, now, fx);
        return;
    }
    tb_m_to_decided(m, TB_OUTCOME_ADMITTED, "", now, fx);
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
        tb_m_settle(m, in, now, fx);
    } else if (tb_m_lacks_reference(m)) {
        tb_m_to_asking_person(m, TB_ASK_REFERENCE, now, fx);
    } else if (has_candidate && role->staff_confirms) {
        t->visit = in->visit;
        t->fields = in->fields;
        tb_m_to_asking_person(m, TB_ASK_STAFF, now, fx);
    } else {
        tb_m_to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
    }
}

static void nobody(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->options.role.asks_server)
        tb_m_to_asking_server(m, TB_QUESTION_IDENTIFY, in->fresh, now, fx);
    else
        tb_m_to_decided(m, TB_OUTCOME_UNKNOWN, in->reason[0] ? in->reason : m->options.role.unknown_reason, now, fx);
}

static void matched_in_group(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (in->status != TB_OK)
        tb_m_to_failed(m, in->status, now, fx);
    else if (in->identity == TB_NOBODY && m->options.role.asks_server)
        tb_m_to_asking_server(m, TB_QUESTION_IDENTIFY, in->fresh, now, fx);
    else
        tb_m_group_found(m, in,
                         in->identity == TB_NOBODY     ? TB_FOUND_NOBODY
                         : in->identity == TB_NOT_SURE ? TB_FOUND_TWO
                         : in->judgement == TB_ADMIT   ? TB_FOUND_MEMBER
                                                       : TB_FOUND_REFUSED,
                         now, fx);
}

tb_status tb_m_matched_in_matching(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (tb_m_is_group(m)) {
        matched_in_group(m, in, now, fx);
        return TB_OK;
    }
    if (m->zone.inside > 1) { /* M1; note_zone has left this state before, this is the second lock */
        tb_m_give_up_face(m, now, fx);
    } else if (in->status != TB_OK) {
        tb_m_to_failed(m, in->status, now, fx);
    } else if (tb_m_is_by_documents(m)) {
        if (in->identity == TB_THIS_PERSON)
            tb_m_to_asking_server(m, TB_QUESTION_CHECKIN, in->fresh, now, fx);
        else
            tb_m_to_decided(m, TB_OUTCOME_REFUSED, "person_mismatch", now, fx);
    } else if (in->identity == TB_NOBODY) {
        nobody(m, in, now, fx);
    } else if (in->identity == TB_NOT_SURE) {
        not_sure(m, in, now, fx);
    } else {
        t->visit = in->visit;
        t->fields = in->fields;
        if (in->judgement == TB_ADMIT)
            tb_m_settle(m, in, now, fx);
        else
            tb_m_to_decided(m, TB_OUTCOME_REFUSED, in->reason, now, fx);
    }
    return TB_OK;
}
