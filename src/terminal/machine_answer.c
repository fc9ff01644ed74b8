/* machine_answer.c: the server's answers and what is durable: inputs ANSWER and RECORDED (while asking) of
 * machine.c. */
#include "terminal/machine_steps.h"

#include <string.h>

static void answered_in_group(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    m->now_serving.from_server = 1;
    if (in->verdict == TB_ANSWER_FAILED)
        tb_m_to_failed(m, in->status, now, fx);
    else
        tb_m_group_found(m, in,
                         in->verdict == TB_ANSWER_ADMIT      ? TB_FOUND_MEMBER
                         : in->verdict == TB_ANSWER_REFUSE   ? TB_FOUND_REFUSED
                         : in->verdict == TB_ANSWER_NOT_SURE ? TB_FOUND_TWO
                                                             : TB_FOUND_NOBODY,
                         now, fx);
}

static void answered_identify(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->from_server = 1;
    if (m->zone.inside > 1) { /* M1 */
        tb_m_give_up_face(m, now, fx);
        return;
    }
    if (in->verdict == TB_ANSWER_ADMIT || in->verdict == TB_ANSWER_REFUSE) {
        t->visit = in->visit;
        t->fields = in->fields;
    }
    if (in->verdict == TB_ANSWER_ADMIT)
        tb_m_settle(m, in, now, fx);
    else if (in->verdict == TB_ANSWER_REFUSE)
        tb_m_to_decided(m, TB_OUTCOME_REFUSED, in->reason, now, fx);
    else if (in->verdict == TB_ANSWER_UNKNOWN)
        tb_m_to_decided(m, TB_OUTCOME_UNKNOWN, in->reason[0] ? in->reason : m->options.role.unknown_reason, now, fx);
    else if (in->verdict == TB_ANSWER_NOT_SURE && tb_m_lacks_reference(m)) {
        t->doubtful = 1;
        tb_m_to_asking_person(m, TB_ASK_REFERENCE, now, fx);
    } else if (in->verdict == TB_ANSWER_NOT_SURE)
        tb_m_to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
    else
        tb_m_to_failed(m, in->status, now, fx);
}

static void answered_checkin(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->from_server = 1;
    t->visit = in->visit;
    t->fields = in->fields;
    if (in->verdict == TB_ANSWER_ADMIT)
        tb_m_to_decided(m, t->agreed > 0 ? TB_OUTCOME_ADMITTED : TB_OUTCOME_WITHOUT_FACE, "", now, fx);
    else if (in->verdict == TB_ANSWER_FAILED)
        tb_m_to_failed(m, in->status, now, fx);
    else
        tb_m_to_decided(m, TB_OUTCOME_REFUSED, in->reason, now, fx);
}

static void answered_pay(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (in->verdict == TB_ANSWER_FAILED) { /* not known whether it was charged: the same id again, then void (M5) */
        t->failure = in->status;
        if (t->sends >= m->options.sends)
            tb_m_void_payment(m, now, fx);
        else
            m->deadline = tb_m_after(now, m->options.retry);
        return;
    }
    t->from_server = 1;
    t->failure = TB_OK; /* earlier sends that were not answered are forgotten: the payment is known now */
    t->verdict = in->verdict;
    tb_m_set_reason(t, in->reason);
    for (size_t i = 0; i < in->fields.count; i++)
        (void)!tb_facts_set(&t->fields, &in->fields.items[i]);
    t->payment = TB_PAYMENT_CLOSING;
    tb_m_emit(fx, TB_EFFECT_CLOSE_PAYMENT);
}

tb_status tb_m_answer_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->question == TB_QUESTION_NONE || !tb_id_equal(in->about, t->request))
        return TB_OK; /* stale */
    if (t->question == TB_QUESTION_IDENTIFY && tb_m_is_group(m))
        answered_in_group(m, in, now, fx);
    else if (t->question == TB_QUESTION_IDENTIFY)
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
        tb_m_to_decided(m, TB_OUTCOME_ADMITTED, "", now, fx);
    } else if (strcmp(t->reason, "pin_wrong") == 0 && ++t->pin_tries < 3) {
        t->pin_given = 0;
        t->reason[0] = '\0';
        t->failure = TB_PIN_WRONG;
        tb_m_to_asking_person(m, TB_ASK_PIN, now, fx);
    } else {
        char reason[TB_NAME_SIZE];
        memcpy(reason, t->reason, sizeof reason);
        tb_m_to_decided(m, t->verdict == TB_ANSWER_NOT_SURE ? TB_OUTCOME_NOT_SURE : TB_OUTCOME_REFUSED, reason, now,
                        fx);
    }
}

tb_status tb_m_recorded_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->payment == TB_PAYMENT_KEEPING) {
        if (in->status != TB_OK) {
            t->payment = TB_PAYMENT_NONE; /* nothing is in the store, nothing was sent */
            tb_m_to_failed(m, in->status, now, fx);
            return TB_OK;
        }
        t->payment = TB_PAYMENT_OPEN;
        t->sends = 1;
        tb_m_emit(fx, TB_EFFECT_ASK);
        m->deadline = tb_m_after(now, m->options.think);
    } else if (t->payment == TB_PAYMENT_CLOSING) {
        if (in->status == TB_OK)
            payment_closed(m, now, fx);
        else
            /* the row is still there: the start after a crash would void it, so do it now */
            tb_m_void_payment(m, now, fx);
    } else if (t->payment == TB_PAYMENT_VOIDING) {
        if (in->status != TB_OK) {
            t->failure = in->status;
            m->deadline = tb_m_after(now, m->options.retry); /* M6: stay until it is written */
            return TB_OK;
        }
        t->payment = TB_PAYMENT_NONE;
        tb_m_emit(fx, TB_EFFECT_PUBLISH);
        tb_m_to_failed(m, t->failure == TB_OK ? TB_TIMEOUT : t->failure, now, fx);
    }
    return TB_OK;
}
