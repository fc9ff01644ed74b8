/* machine.c: idle -> present -> capturing -> matching -> (asking) -> decided -> actuating -> reporting -> idle.
 *
 *  state      | leaves on                                              | to
 *  -----------+--------------------------------------------------------+--------------------------------------------
 *  idle       | one new candidate in the zone (passage, counter, pickup)| present
 *             | passport, boarding pass or reference (checkin)         | asking; decided when the document is not good
 *             | a reference that its role asks for (where it matches)  | present; decided (retry) when it is misread
 *             | sale (pos)                                             | present
 *  present    | the one candidate is steady                            | capturing
 *             | zone empty for `leave`, or only who was served is left | idle (passage, counter, pickup; no reference)
 *             | `serve` is over (a reference: `pair`), reset           | idle
 *  capturing  | a good burst                                           | matching; asking (reference, server)
 *             | two candidates, or another one                         | present
 *             | a burst that a person can mend                         | capturing, with guidance
 *             | a challenge: the person is asked for something         | capturing
 *             | a challenge that failed, for the second time           | decided (not_sure)
 *             | `capture` is over                                      | decided (retry)
 *             | zone empty for `leave`, reset                          | present or idle, idle
 *  matching   | this person                                            | decided; asking (PIN, staff, server);
 *             |                                                        | of a party: capturing the next one
 *             | not sure                                               | asking (PIN, staff, reference); decided
 *             | nobody                                                 | asking (server); decided (unknown, refused)
 *             | two candidates, or another one                         | present
 *  asking     | the last document, consent                             | present; asking (server)
 *             | PIN, staff                                             | asking (staff, server); decided
 *             | a reference, for the face that was captured            | matching; decided (retry) when it is misread
 *             | answer                                                 | decided; asking (PIN, payment, reference)
 *             | two candidates while a face is being identified        | present
 *             |   or waits for its reference; zone empty for `leave`   | present, idle
 *             | `ask` or `think` is over, reset                        | decided or idle; a payment is voided first
 *  decided    | tick, at once                                          | actuating (passage, pickup); reporting
 *  actuating  | actuated; all items handed over, `serve` is over       | reporting
 *  reporting  | recorded, then `dwell` is over or the next one comes   | idle
 *
 * Invariants, asserted in check():
 *  M1 nobody is decided by face while two candidates are inside the capture zone; where parties pass together,
 *     everybody inside is a member of one (machine_group.c: G1 to G4);
 *  M2 on leaving `decided` every frame, template and candidate is wiped; so too whenever a capture is given up;
 *  M3 retry is never reported as refusal: it makes no event at all;
 *  M4 not sure: a second factor (PIN, staff, reference) or the answer not_sure, never admitted without;
 *  M5 a payment id is durable before it is first sent; one that timed out or was interrupted is voided exactly once;
 *  M6 nothing is published before it is recorded, and nobody is served before the last event is;
 *  M7 no face, document or amount of one person survives into the next transaction: in idle `now_serving` is all
 *     zero.
 *  M8 who failed a challenge twice is not matched, and whoever fails one is not matched by that burst;
 *  M9 where the role always asks for a reference nobody is matched, hence admitted, without one;
 *  M10 is in machine_inside.c. */
#include "terminal/machine_steps.h"

#include <assert.h>
#include <string.h>

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

/* The whole machine at a glance: what each state does with each input. Of inputs that are not named, reports of work
 * under way (tick, captured, matched, answer, recorded, actuated) came too late; what people do is refused: not now. */
static tb_machine_handler *const table[TB_PHASE_COUNT][TB_INPUT_COUNT] = {
    [TB_PHASE_IDLE] =
        {
            [TB_INPUT_TICK] = tb_m_tick_in_idle,
            [TB_INPUT_ZONE] = tb_m_zone_in_idle,
            [TB_INPUT_PASSPORT] = tb_m_document_in_idle,
            [TB_INPUT_BOARDING_PASS] = tb_m_document_in_idle,
            [TB_INPUT_SALE] = tb_m_sale_in_idle,
            [TB_INPUT_RESET] = tb_m_reset_in_idle,
            [TB_INPUT_REFERENCE] = tb_m_reference_in_idle,
        },
    [TB_PHASE_PRESENT] =
        {
            [TB_INPUT_TICK] = tb_m_tick_in_present,
            [TB_INPUT_ZONE] = tb_m_zone_in_present,
            [TB_INPUT_RESET] = tb_m_reset_to_idle,
            [TB_INPUT_REFERENCE] = tb_m_reference_in_present,
        },
    [TB_PHASE_CAPTURING] =
        {
            [TB_INPUT_TICK] = tb_m_tick_in_capturing,
            [TB_INPUT_ZONE] = tb_m_zone_in_capturing,
            [TB_INPUT_CAPTURED] = tb_m_captured_in_capturing,
            [TB_INPUT_CHALLENGE] = tb_m_challenge_in_capturing,
            [TB_INPUT_RESET] = tb_m_reset_to_idle,
            [TB_INPUT_REFERENCE] = tb_m_reference_in_present,
        },
    [TB_PHASE_MATCHING] =
        {
            [TB_INPUT_ZONE] = tb_m_zone_in_matching,
            [TB_INPUT_MATCHED] = tb_m_matched_in_matching,
            [TB_INPUT_RESET] = tb_m_reset_to_idle,
        },
    [TB_PHASE_ASKING] =
        {
            [TB_INPUT_TICK] = tb_m_tick_in_asking,
            [TB_INPUT_ZONE] = tb_m_zone_in_asking,
            [TB_INPUT_ANSWER] = tb_m_answer_in_asking,
            [TB_INPUT_PASSPORT] = tb_m_document_in_asking,
            [TB_INPUT_BOARDING_PASS] = tb_m_document_in_asking,
            [TB_INPUT_CONSENT] = tb_m_consent_in_asking,
            [TB_INPUT_PIN] = tb_m_pin_in_asking,
            [TB_INPUT_STAFF] = tb_m_staff_in_asking,
            [TB_INPUT_RECORDED] = tb_m_recorded_in_asking,
            [TB_INPUT_RESET] = tb_m_reset_in_asking,
            [TB_INPUT_REFERENCE] = tb_m_reference_in_asking,
        },
    [TB_PHASE_DECIDED] =
        {
            [TB_INPUT_TICK] = tb_m_tick_in_decided,
            [TB_INPUT_ZONE] = tb_m_zone_noted,
        },
    [TB_PHASE_ACTUATING] =
        {
            [TB_INPUT_TICK] = tb_m_tick_in_actuating,
            [TB_INPUT_ZONE] = tb_m_zone_in_actuating,
            [TB_INPUT_INSIDE] = tb_m_inside_in_actuating,
            [TB_INPUT_CAPTURED] = tb_m_captured_in_actuating,
            [TB_INPUT_MATCHED] = tb_m_matched_in_actuating,
            [TB_INPUT_ANSWER] = tb_m_answer_in_actuating,
            [TB_INPUT_HANDOVER] = tb_m_handover_in_actuating,
            [TB_INPUT_RECORDED] = tb_m_recorded_in_actuating,
            [TB_INPUT_ACTUATED] = tb_m_actuated_in_actuating,
            [TB_INPUT_RESET] = tb_m_reset_in_actuating,
        },
    [TB_PHASE_REPORTING] =
        {
            [TB_INPUT_TICK] = tb_m_tick_in_reporting,
            [TB_INPUT_ZONE] = tb_m_zone_in_reporting,
            [TB_INPUT_PASSPORT] = tb_m_document_in_reporting,
            [TB_INPUT_BOARDING_PASS] = tb_m_document_in_reporting,
            [TB_INPUT_SALE] = tb_m_sale_in_reporting,
            [TB_INPUT_RECORDED] = tb_m_recorded_in_reporting,
            [TB_INPUT_RESET] = tb_m_reset_in_reporting,
            [TB_INPUT_REFERENCE] = tb_m_reference_in_reporting,
        },
};

static tb_machine_handler *handler_of(tb_phase phase, tb_input_kind kind)
{
    if (table[phase][kind])
        return table[phase][kind];
    switch (kind) {
    case TB_INPUT_TICK:
    case TB_INPUT_CAPTURED:
    case TB_INPUT_CHALLENGE:
    case TB_INPUT_MATCHED:
    case TB_INPUT_ANSWER:
    case TB_INPUT_RECORDED:
    case TB_INPUT_ACTUATED:
    case TB_INPUT_INSIDE:
        return stale;
    default:
        return not_now;
    }
}

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
        assert(tb_m_is_group(m) ? tb_m_group_is_complete(m) : m->zone.inside <= 1); /* M1, G1 */
    if (before->phase == TB_PHASE_DECIDED && m->phase != TB_PHASE_DECIDED)
        assert(emitted(fx, TB_EFFECT_WIPE)); /* M2 */
    if (before->phase == TB_PHASE_CAPTURING && (m->phase == TB_PHASE_IDLE || m->phase == TB_PHASE_PRESENT))
        assert(emitted(fx, TB_EFFECT_WIPE) && emitted(fx, TB_EFFECT_STOP)); /* M2 */
    if (emitted(fx, TB_EFFECT_RECORD))
        assert(t->outcome != TB_OUTCOME_RETRY && t->outcome != TB_OUTCOME_NONE); /* M3 */
    if (t->outcome == TB_OUTCOME_ADMITTED && t->doubtful)
        assert(t->pin_given || t->staff_confirmed || t->reference); /* M4 */
    if (emitted(fx, TB_EFFECT_ASK) && t->question == TB_QUESTION_PAY)
        /* M5 */
        assert(t->payment == TB_PAYMENT_OPEN && (was->payment == TB_PAYMENT_OPEN || in->kind == TB_INPUT_RECORDED));
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
    if (tb_m_is_sign(m) && m->phase == TB_PHASE_REPORTING && m->zone.inside)
        assert(!emitted(fx, TB_EFFECT_RECORD) && !tb_m_sign_is_over(m, 0)); /* S1, S2 */
    if (emitted(fx, TB_EFFECT_MATCH))
        assert(t->challenges_failed < TB_CHALLENGE_TRIES && /* M8 */
               (t->ask == TB_ASK_FACE || t->inside == TB_INSIDE_MATCHING));
    int is_searched = emitted(fx, TB_EFFECT_MATCH) || t->question == TB_QUESTION_IDENTIFY;
    if (is_searched && m->options.role.reference == TB_REFERENCE_ALWAYS)
        assert(t->reference); /* M9 */
    if (t->ask == TB_ASK_CHALLENGE)
        assert(m->phase == TB_PHASE_CAPTURING);
    if (t->inside != TB_INSIDE_NO)
        assert(m->phase == TB_PHASE_ACTUATING);
    if (t->inside == TB_INSIDE_SAME && was->inside != TB_INSIDE_SAME) /* M10 */
        assert(m->zone.inside == 1 && (was->inside == TB_INSIDE_MATCHING || was->inside == TB_INSIDE_ASKING));
    assert((m->phase == TB_PHASE_ASKING || t->inside == TB_INSIDE_ASKING) ==
           (t->question != TB_QUESTION_NONE ||
            (t->ask != TB_ASK_NONE && t->ask != TB_ASK_FACE && t->ask != TB_ASK_CHALLENGE)));
}

void tb_machine_init(const tb_machine_options *options, tb_machine *out)
{
    memset(out, 0, sizeof *out);
    out->options = *options;
    tb_machine_options *o = &out->options;
    int waits = options->role.kind == TB_KIND_CHECKIN || options->role.kind == TB_KIND_POS;
    o->leave = o->leave ? o->leave : 800 * (TB_SECOND / 1000);
    o->capture = o->capture ? o->capture : waits ? 45 * TB_SECOND : 20 * TB_SECOND;
    o->serve = o->serve ? o->serve : 2 * TB_MINUTE;
    o->ask = o->ask ? o->ask : TB_MINUTE;
    o->think = o->think ? o->think : 8 * TB_SECOND;
    o->dwell = o->dwell ? o->dwell : 4 * TB_SECOND;
    o->actuate = o->actuate ? o->actuate : 5 * TB_SECOND;
    o->pair = o->pair ? o->pair : 20 * TB_SECOND;
    o->retry = o->retry ? o->retry : TB_SECOND;
    o->sends = o->sends ? o->sends : 3;
    out->phase = TB_PHASE_IDLE;
    out->deadline = TB_TIME_NEVER;
}

tb_status tb_machine_step(const tb_machine *before, const tb_machine_input *input, tb_time now, tb_machine *after,
                          tb_effects *effects)
{
    effects->count = 0;
    *after = *before;
    if ((unsigned)input->kind >= TB_INPUT_COUNT)
        return TB_INVALID_ARGUMENT;
    tb_status status = handler_of(before->phase, input->kind)(after, input, now, effects);
    if (status != TB_OK) {
        *after = *before;
        effects->count = 0;
        return status;
    }
    check(before, after, input, effects);
    return TB_OK;
}
