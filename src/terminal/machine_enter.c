/* machine_enter.c: entering the states of machine.c, each with what it starts, shows and forgets. */
#include "terminal/machine_steps.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void tb_m_emit(tb_effects *fx, tb_effect_kind kind)
{
    assert(fx->count < TB_EFFECTS_MAX);
    fx->kinds[fx->count++] = kind;
}

tb_time tb_m_after(tb_time now, tb_time duration)
{
    return duration >= TB_TIME_NEVER - now ? TB_TIME_NEVER : now + duration;
}

int tb_m_is_by_documents(const tb_machine *m)
{
    return m->options.role.kind == TB_KIND_CHECKIN;
}

/* A transaction that begins with a document or a sale does not end because nobody stands there for a moment. */
int tb_m_begins_by_face(const tb_machine *m)
{
    tb_kind kind = m->options.role.kind;
    return kind != TB_KIND_CHECKIN && kind != TB_KIND_POS && kind != TB_KIND_PRESENCE;
}

/* The same once a reference was shown: its face may still be on the way. */
int tb_m_ends_when_empty(const tb_machine *m)
{
    return tb_m_begins_by_face(m) && !m->now_serving.reference;
}

void tb_m_set_reason(tb_transaction *t, const char *reason)
{
    snprintf(t->reason, sizeof t->reason, "%s", reason ? reason : "");
}

void tb_m_enter(tb_machine *m, tb_phase phase, tb_time deadline, tb_effects *fx)
{
    m->phase = phase;
    m->deadline = deadline;
    tb_m_emit(fx, TB_EFFECT_SHOW);
}

void tb_m_note_served(tb_machine *m, uint32_t otherwise)
{
    m->served = m->zone.inside == 1 ? m->zone.track : otherwise;
    if (tb_m_is_group(m))
        tb_m_group_serve(m);
}

void tb_m_to_idle(tb_machine *m, tb_effects *fx)
{
    memset(&m->now_serving, 0, sizeof m->now_serving);
    tb_m_emit(fx, TB_EFFECT_WIPE);
    tb_m_emit(fx, TB_EFFECT_FORGET);
    tb_m_enter(m, TB_PHASE_IDLE, TB_TIME_NEVER, fx);
}

void tb_m_to_present(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->ask = TB_ASK_FACE;
    t->challenge = TB_CHALLENGE_NONE;
    t->question = TB_QUESTION_NONE;
    t->guidance = m->zone.inside > 1 && !tb_m_is_group(m) ? TB_RETRY_SEVERAL_FACES : TB_OK;
    tb_m_enter(m, TB_PHASE_PRESENT, t->reference_until ? t->reference_until : tb_m_after(now, m->options.serve), fx);
}

/* The face that was being looked at does not count any more. */
void tb_m_give_up_face(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_m_emit(fx, TB_EFFECT_STOP);
    tb_m_emit(fx, TB_EFFECT_WIPE);
    m->now_serving.challenges_failed += m->now_serving.ask == TB_ASK_CHALLENGE; /* evaded */
    m->now_serving.track = 0;
    m->now_serving.face_at = 0;
    m->now_serving.request = (tb_id){{0}};
    m->now_serving.doubtful = m->now_serving.from_server = 0; /* said of that face */
    if (m->zone.inside == 0 && tb_m_ends_when_empty(m))
        tb_m_to_idle(m, fx);
    else
        tb_m_to_present(m, now, fx);
}

void tb_m_to_capturing(tb_machine *m, tb_time now, tb_effects *fx)
{
    m->ticket++;
    m->now_serving.track = tb_m_is_group(m) ? tb_m_group_next(m) : m->zone.track;
    m->now_serving.guidance = TB_OK;
    tb_m_emit(fx, TB_EFFECT_CAPTURE);
    tb_m_enter(m, TB_PHASE_CAPTURING, tb_m_after(now, m->options.capture), fx);
}

void tb_m_to_decided(tb_machine *m, tb_outcome outcome, const char *reason, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->outcome = outcome;
    t->challenge = TB_CHALLENGE_NONE;
    t->ask = TB_ASK_NONE;
    t->question = TB_QUESTION_NONE;
    t->guidance = TB_OK;
    t->duration = t->face_at && now > t->face_at ? now - t->face_at : 0;
    tb_m_set_reason(t, reason);
    tb_m_note_served(m, t->track);
    tb_m_enter(m, TB_PHASE_DECIDED, now, fx);
}

void tb_m_to_failed(tb_machine *m, tb_status failure, tb_time now, tb_effects *fx)
{
    m->now_serving.failure = failure;
    int away = failure == TB_BUS_DOWN || failure == TB_TIMEOUT;
    tb_m_to_decided(m, TB_OUTCOME_FAILED, away ? "offline" : "", now, fx);
}

void tb_m_to_asking_person(tb_machine *m, tb_ask ask, tb_time now, tb_effects *fx)
{
    m->now_serving.ask = ask;
    m->now_serving.question = TB_QUESTION_NONE;
    tb_m_enter(m, TB_PHASE_ASKING, tb_m_after(now, ask == TB_ASK_REFERENCE ? m->options.pair : m->options.ask), fx);
}

void tb_m_to_asking_server(tb_machine *m, tb_question question, tb_id request, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->ask = TB_ASK_NONE;
    t->question = question;
    t->request = request;
    if (question == TB_QUESTION_PAY) {
        t->payment = TB_PAYMENT_KEEPING; /* M5: nothing is sent before RECORDED */
        t->sends = 0;
        tb_m_emit(fx, TB_EFFECT_KEEP_PAYMENT);
    } else {
        tb_m_emit(fx, TB_EFFECT_ASK);
    }
    tb_m_enter(m, TB_PHASE_ASKING, tb_m_after(now, m->options.think), fx);
}

/* What the events' kinds are is told by tb_machine_event; 0 when this outcome makes none (M3). */
static int makes_event(const tb_machine *m)
{
    const tb_transaction *t = &m->now_serving;
    tb_kind kind = m->options.role.kind;
    if (kind == TB_KIND_SIGN) /* who read it is nobody's business, least of all who was not known */
        return 0;
    switch (t->outcome) {
    case TB_OUTCOME_ADMITTED:
        /* the server itself records check-ins and payments */
        return kind == TB_KIND_PASSAGE || kind == TB_KIND_COUNTER;
    case TB_OUTCOME_REFUSED:
    case TB_OUTCOME_UNKNOWN:
    case TB_OUTCOME_NOT_SURE:
        return 1;
    default:
        return 0;
    }
}

void tb_m_to_reporting(tb_machine *m, tb_time now, tb_effects *fx)
{
    m->now_serving.recorded = !makes_event(m);
    tb_m_group_turn(m);
    if (!m->now_serving.recorded)
        tb_m_emit(fx, TB_EFFECT_RECORD);
    int stays = tb_m_is_sign(m) && m->now_serving.outcome == TB_OUTCOME_ADMITTED; /* as long as they stand there */
    tb_m_enter(m, TB_PHASE_REPORTING, tb_m_after(now, stays ? m->options.serve : m->options.dwell), fx);
}

void tb_m_void_payment(tb_machine *m, tb_time now, tb_effects *fx)
{
    m->now_serving.payment = TB_PAYMENT_VOIDING;
    tb_m_emit(fx, TB_EFFECT_VOID_PAYMENT);
    m->deadline = tb_m_after(now, m->options.retry);
}
