/* machine_person.c: what people do at the terminal: documents, consent, sale, PIN, staff, hand-over; inputs of
 * machine.c. */
#include "terminal/machine_steps.h"

#include <string.h>

static tb_status document_shown(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (in->status != TB_OK) {
        int misread = in->status == TB_CHECK_DIGIT || in->status == TB_MALFORMED || in->status == TB_TRUNCATED ||
                      in->status == TB_UNSUPPORTED || in->status == TB_TOO_LARGE || in->status == TB_NO_MEMORY;
        t->failure = in->status;
        tb_m_to_decided(m, misread ? TB_OUTCOME_FAILED : TB_OUTCOME_REFUSED, in->reason, now, fx);
        return TB_OK;
    }
    if (in->kind == TB_INPUT_PASSPORT)
        t->passport = 1;
    else
        t->boarding_pass = 1;
    if (!t->passport || !t->boarding_pass)
        tb_m_to_asking_person(m, t->passport ? TB_ASK_BOARDING_PASS : TB_ASK_PASSPORT, now, fx);
    else
        tb_m_to_asking_person(m, TB_ASK_CONSENT, now, fx);
    return TB_OK;
}

tb_status tb_m_document_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!tb_m_is_by_documents(m) || m->options.role.by_reference)
        return TB_CONFLICT;
    tb_m_begin(m, in);
    return document_shown(m, in, now, fx);
}

tb_status tb_m_document_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_ask ask = m->now_serving.ask;
    if (m->options.role.by_reference ||
        (ask != TB_ASK_PASSPORT && ask != TB_ASK_BOARDING_PASS && ask != TB_ASK_CONSENT))
        return TB_CONFLICT;
    return document_shown(m, in, now, fx); /* shown again: the newer one counts */
}

/* Result screens do not hold up the next person; an event that is not written yet does (M6). */
tb_status tb_m_document_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!m->now_serving.recorded || !tb_m_is_by_documents(m) || m->options.role.by_reference)
        return TB_CONFLICT;
    tb_m_to_idle(m, fx);
    return tb_m_document_in_idle(m, in, now, fx);
}

tb_status tb_m_consent_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->now_serving.ask != TB_ASK_CONSENT)
        return TB_CONFLICT;
    m->now_serving.agreed = in->yes ? 1 : -1;
    if (in->yes) {
        tb_m_to_present(m, now, fx);
        return TB_OK;
    }
    tb_m_emit(fx, TB_EFFECT_WIPE); /* no face is taken, and the passport's picture goes */
    tb_m_to_asking_server(m, TB_QUESTION_CHECKIN, in->fresh, now, fx);
    return TB_OK;
}

tb_status tb_m_sale_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->options.role.kind != TB_KIND_POS)
        return TB_CONFLICT;
    if (in->amount <= 0 || strlen(in->currency) != 3)
        return TB_INVALID_ARGUMENT;
    tb_m_begin(m, in);
    tb_transaction *t = &m->now_serving;
    t->amount = in->amount;
    memcpy(t->currency, in->currency, sizeof t->currency);
    t->staff_wanted = in->yes || m->options.role.staff_confirms;
    m->served = 0;
    tb_m_to_present(m, now, fx);
    return TB_OK;
}

tb_status tb_m_sale_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!m->now_serving.recorded)
        return TB_CONFLICT;
    tb_m_to_idle(m, fx);
    return tb_m_sale_in_idle(m, in, now, fx);
}

tb_status tb_m_pin_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (m->now_serving.ask != TB_ASK_PIN)
        return TB_CONFLICT;
    m->now_serving.pin_given = 1;
    m->now_serving.failure = TB_OK;
    tb_m_settle(m, in, now, fx);
    return TB_OK;
}

tb_status tb_m_staff_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->ask != TB_ASK_STAFF)
        return TB_CONFLICT;
    if (in->yes && tb_m_is_group(m)) {
        t->staff_confirmed = 1;
        tb_m_group_finish(m, now, fx);
        return TB_OK;
    }
    if (!in->yes) {
        tb_m_to_decided(m, t->doubtful ? TB_OUTCOME_NOT_SURE : TB_OUTCOME_REFUSED,
                        t->doubtful ? "not_sure" : "person_mismatch", now, fx);
        return TB_OK;
    }
    if (m->zone.inside > 1) { /* M1: also a human decides about one person only */
        t->guidance = TB_RETRY_SEVERAL_FACES;
        tb_m_emit(fx, TB_EFFECT_SHOW);
        return TB_OK;
    }
    t->staff_confirmed = 1;
    tb_m_settle(m, in, now, fx);
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

tb_status tb_m_handover_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
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
    tb_m_emit(fx, TB_EFFECT_RECORD);
    return TB_OK;
}
