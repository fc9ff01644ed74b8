/* machine_act.c: acting and reporting: inputs ACTUATED and RECORDED (after the decision) of machine.c. */
#include "terminal/machine_steps.h"

static int64_t items_left(const tb_transaction *t)
{
    return tb_facts_number(&t->fields, "items", 0) - __builtin_popcount(t->handed);
}

tb_status tb_m_recorded_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (!t->handing)
        return TB_OK;
    if (in->status == TB_OK) {
        t->handed |= 1u << (t->handing - 1);
        tb_m_emit(fx, TB_EFFECT_PUBLISH);
    } else {
        t->failure = in->status; /* not written: not handed over; the screen says so and it can be pressed again */
    }
    if (in->status == TB_OK && items_left(t) <= 0) {
        if (m->options.role.deletes_entry)
            tb_m_emit(fx, TB_EFFECT_DROP);
        t->handing = 0;
        tb_m_to_reporting(m, now, fx);
        return TB_OK;
    }
    t->handing = 0;
    tb_m_emit(fx, TB_EFFECT_SHOW);
    return TB_OK;
}

tb_status tb_m_actuated_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    if (in->ticket != m->now_serving.opening || m->options.role.kind == TB_KIND_PICKUP)
        return TB_OK;          /* stale */
    if (in->status != TB_OK) { /* it did not open: nobody passed, nothing is reported as a passage */
        m->now_serving.outcome = TB_OUTCOME_FAILED;
        m->now_serving.failure = in->status;
    }
    tb_m_inside_end(m, fx);
    tb_m_to_reporting(m, now, fx);
    return TB_OK;
}

tb_status tb_m_recorded_in_reporting(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->recorded)
        return TB_OK;
    if (in->status != TB_OK) { /* M6: nobody is served before this is written */
        t->failure = in->status;
        m->deadline = tb_m_after(now, m->options.retry);
        tb_m_emit(fx, TB_EFFECT_SHOW);
        return TB_OK;
    }
    t->failure = TB_OK;
    if (tb_machine_drops(m))
        tb_m_emit(fx, TB_EFFECT_DROP);
    tb_m_emit(fx, TB_EFFECT_PUBLISH);
    t->recorded = !tb_m_group_told(m); /* G4: else the next one at once */
    m->deadline = t->recorded ? tb_m_after(now, m->options.dwell) : now;
    return TB_OK;
}
