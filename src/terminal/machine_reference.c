/* machine_reference.c: what people hold, a reservation's number or a ticket's code: input REFERENCE of machine.c. At a
 * check-in it is the document; elsewhere the second thing that a person shows beside the face, in either order. */
#include "terminal/machine_steps.h"

/* Is a reference of any use to this role? */
static int is_wanted(const tb_machine *m)
{
    const tb_role_view *role = &m->options.role;
    return tb_m_is_by_documents(m) ? role->by_reference : role->reference != TB_REFERENCE_NEVER;
}

int tb_m_lacks_reference(const tb_machine *m)
{
    return !tb_m_is_by_documents(m) && m->options.role.reference != TB_REFERENCE_NEVER && !m->now_serving.reference;
}

/* M3: somebody mistyped or the reader did; nobody was turned away. */
static void misread(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    m->now_serving.failure = in->status;
    if (m->phase == TB_PHASE_CAPTURING)
        tb_m_emit(fx, TB_EFFECT_STOP);
    tb_m_to_decided(m, TB_OUTCOME_RETRY, in->reason, now, fx);
}

static void note(tb_machine *m, tb_time now)
{
    m->now_serving.reference = 1;
    m->now_serving.reference_until = tb_m_after(now, m->options.pair);
}

tb_status tb_m_reference_in_idle(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!is_wanted(m))
        return TB_CONFLICT;
    tb_m_begin(m, in);
    if (in->status != TB_OK) {
        misread(m, in, now, fx);
        return TB_OK;
    }
    if (tb_m_is_by_documents(m)) {
        m->now_serving.reference = 1;
        tb_m_to_asking_person(m, TB_ASK_CONSENT, now, fx);
        return TB_OK;
    }
    note(m, now);
    m->served = 0; /* whoever stands there has come for something new */
    m->now_serving.face_at = m->zone.inside == 1 ? now : 0;
    tb_m_to_present(m, now, fx);
    return TB_OK;
}

/* The face is there or on its way; read again, the newer one counts. */
tb_status tb_m_reference_in_present(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!is_wanted(m) || tb_m_is_by_documents(m))
        return TB_CONFLICT;
    if (in->status != TB_OK) {
        misread(m, in, now, fx);
        return TB_OK;
    }
    note(m, now);
    if (m->phase == TB_PHASE_PRESENT)
        m->deadline = m->now_serving.reference_until;
    tb_m_emit(fx, TB_EFFECT_SHOW);
    return TB_OK;
}

tb_status tb_m_reference_in_asking(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    int again = tb_m_is_by_documents(m) && is_wanted(m) && t->ask == TB_ASK_CONSENT;
    if (!again && t->ask != TB_ASK_REFERENCE)
        return TB_CONFLICT;
    if (in->status != TB_OK) {
        misread(m, in, now, fx);
        return TB_OK;
    }
    if (again) {
        tb_m_to_asking_person(m, TB_ASK_CONSENT, now, fx);
        return TB_OK;
    }
    if (m->zone.inside > 1) { /* M1; the face would have been given up before */
        tb_m_give_up_face(m, now, fx);
        return TB_OK;
    }
    note(m, now);
    tb_m_to_identifying(m, in, now, fx);
    return TB_OK;
}

/* Result screens do not hold up the next person; an event that is not written yet does (M6). */
tb_status tb_m_reference_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (!m->now_serving.recorded || !is_wanted(m))
        return TB_CONFLICT;
    tb_m_to_idle(m, fx);
    return tb_m_reference_in_idle(m, in, now, fx);
}
