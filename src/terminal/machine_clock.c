/* machine_clock.c: what time alone changes, and starting again: inputs TICK and RESET of machine.c. */
#include "terminal/machine_steps.h"

#include <string.h>

static void forget_who_left(tb_machine *m, tb_time now)
{
    if (tb_m_has_left(m, now)) {
        m->served = 0;
        m->served_count = 0;
        memset(m->served_group, 0, sizeof m->served_group);
    }
}

tb_status tb_m_tick_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in, (void)fx;
    forget_who_left(m, now);
    return TB_OK;
}

tb_status tb_m_tick_in_present(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (now >= m->deadline || (tb_m_has_left(m, now) && tb_m_ends_when_empty(m))) {
        tb_m_note_served(m, m->served);
        tb_m_to_idle(m, fx);
    }
    return TB_OK;
}

tb_status tb_m_tick_in_capturing(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (tb_m_has_left(m, now)) {
        tb_m_give_up_face(m, now, fx);
    } else if (now >= m->deadline) {
        tb_transaction *t = &m->now_serving;
        t->failure = t->guidance == TB_OK ? TB_RETRY_NO_FACE : t->guidance;
        tb_m_emit(fx, TB_EFFECT_STOP);
        tb_m_to_decided(m, TB_OUTCOME_RETRY, "", now, fx);
    }
    return TB_OK;
}

static void payment_tick(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->payment == TB_PAYMENT_VOIDING || (t->payment == TB_PAYMENT_OPEN && t->sends >= m->options.sends)) {
        tb_m_void_payment(m, now, fx);
    } else if (t->payment == TB_PAYMENT_OPEN) {
        t->sends++;
        tb_m_emit(fx, TB_EFFECT_ASK);
        m->deadline = tb_m_after(now, m->options.think);
    }
}

tb_status tb_m_tick_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    tb_transaction *t = &m->now_serving;
    int about_face = t->question == TB_QUESTION_IDENTIFY || t->ask == TB_ASK_REFERENCE;
    if (about_face && tb_m_has_left(m, now))
        tb_m_give_up_face(m, now, fx);
    else if (now < m->deadline)
        return TB_OK;
    else if (t->question == TB_QUESTION_PAY)
        payment_tick(m, now, fx);
    else if (t->question != TB_QUESTION_NONE)
        tb_m_to_failed(m, TB_TIMEOUT, now, fx);
    else if (t->doubtful)
        tb_m_to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
    else { /* the person walked away from a question, or has nothing to show */
        if (t->ask == TB_ASK_REFERENCE && m->zone.inside == 1)
            m->served = m->zone.track;
        tb_m_to_idle(m, fx);
    }
    return TB_OK;
}

tb_status tb_m_tick_in_decided(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    const tb_role_view *role = &m->options.role;
    if (tb_m_is_sign(m) && tb_m_sign_is_over(m, now)) {
        tb_m_sign_clear(m, fx);
        return TB_OK;
    }
    tb_m_emit(fx, TB_EFFECT_WIPE); /* M2 */
    int opens = role->kind == TB_KIND_PASSAGE && role->actuator && role->actuator[0];
    if (m->now_serving.outcome == TB_OUTCOME_ADMITTED && opens) {
        m->now_serving.opening = ++m->ticket;
        tb_m_emit(fx, TB_EFFECT_ACTUATE);
        tb_m_enter(m, TB_PHASE_ACTUATING, tb_m_after(now, m->options.actuate), fx);
    } else if (m->now_serving.outcome == TB_OUTCOME_ADMITTED && role->kind == TB_KIND_PICKUP) {
        m->ticket++;
        tb_m_enter(m, TB_PHASE_ACTUATING, tb_m_after(now, m->options.serve), fx);
    } else {
        tb_m_to_reporting(m, now, fx);
    }
    return TB_OK;
}

tb_status tb_m_tick_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (now < m->deadline || m->now_serving.handing)
        return TB_OK;
    if (m->options.role.kind != TB_KIND_PICKUP) {
        m->now_serving.outcome = TB_OUTCOME_FAILED;
        m->now_serving.failure = TB_TIMEOUT;
    }
    tb_m_inside_end(m, fx);
    tb_m_to_reporting(m, now, fx);
    return TB_OK;
}

tb_status tb_m_tick_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (tb_m_is_sign(m) && tb_m_sign_is_over(m, now)) {
        tb_m_sign_clear(m, fx);
        return TB_OK;
    }
    forget_who_left(m, now);
    if (now < m->deadline)
        return TB_OK;
    if (m->now_serving.recorded) {
        if (m->now_serving.outcome == TB_OUTCOME_RETRY)
            m->served = 0, m->served_count = 0; /* try again means: at once, without stepping away */
        tb_m_to_idle(m, fx);
    } else {
        tb_m_group_turn(m);
        tb_m_emit(fx, TB_EFFECT_RECORD);
        m->deadline = tb_m_after(now, m->options.retry);
    }
    return TB_OK;
}

tb_status tb_m_reset_to_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in, (void)now;
    tb_m_emit(fx, TB_EFFECT_STOP);
    tb_m_note_served(m, 0);
    tb_m_to_idle(m, fx);
    return TB_OK;
}

tb_status tb_m_reset_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in, (void)now;
    m->served = 0, m->served_count = 0; /* whoever stands there is looked at anew */
    tb_m_emit(fx, TB_EFFECT_SHOW);
    return TB_OK;
}

tb_status tb_m_reset_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->now_serving.payment == TB_PAYMENT_NONE)
        return tb_m_reset_to_idle(m, in, now, fx);
    if (m->now_serving.payment != TB_PAYMENT_OPEN)
        return TB_CONFLICT;
    tb_m_void_payment(m, now, fx); /* M5 */
    return TB_OK;
}

tb_status tb_m_reset_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)in;
    if (m->options.role.kind != TB_KIND_PICKUP || m->now_serving.handing)
        return TB_CONFLICT; /* the gate is opening */
    tb_m_to_reporting(m, now, fx);
    return TB_OK;
}

tb_status tb_m_reset_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    return m->now_serving.recorded ? tb_m_reset_to_idle(m, in, now, fx) : TB_CONFLICT;
}
