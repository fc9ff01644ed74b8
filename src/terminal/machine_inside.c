/* machine_inside.c: between two doors, where the role asks for the same face once more: inputs INSIDE, ZONE, CAPTURED,
 * MATCHED and ANSWER of machine.c while it is actuating. The pictures are those of the camera inside.
 *
 *  M10 whoever is inside is only said to be the one who was admitted when they were alone before that camera and the
 *      list, or the server, knew them as the same visit again; when a second face shows, it is said no more. */
#include "terminal/machine_steps.h"

#include <assert.h>

#define LOOKS 3 /* before somebody whom nobody can be sure of is sent back */

static void begin_look(tb_machine *m, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->inside = TB_INSIDE_LOOKING;
    t->question = TB_QUESTION_NONE;
    t->track = 0;
    m->ticket++;
    tb_m_emit(fx, TB_EFFECT_STOP);
    tb_m_emit(fx, TB_EFFECT_WIPE);
    tb_m_emit(fx, TB_EFFECT_CAPTURE);
    tb_m_emit(fx, TB_EFFECT_SHOW);
}

static void conclude(tb_machine *m, tb_inside what, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    t->inside = what;
    t->question = TB_QUESTION_NONE;
    t->guidance = TB_OK;
    tb_m_emit(fx, TB_EFFECT_WIPE);
    tb_m_emit(fx, TB_EFFECT_TELL_DOORS);
    tb_m_emit(fx, TB_EFFECT_SHOW);
}

static void look_again(tb_machine *m, tb_effects *fx)
{
    if (++m->now_serving.looks >= LOOKS)
        conclude(m, TB_INSIDE_OTHER, fx);
    else
        begin_look(m, fx);
}

static void found(tb_machine *m, int is_same, tb_effects *fx)
{
    if (m->zone.inside != 1 || m->zone.track != m->now_serving.track) /* M10 */
        begin_look(m, fx);
    else
        conclude(m, is_same ? TB_INSIDE_SAME : TB_INSIDE_OTHER, fx);
}

void tb_m_inside_end(tb_machine *m, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (t->inside == TB_INSIDE_NO)
        return;
    t->inside = TB_INSIDE_NO;
    t->question = TB_QUESTION_NONE;
    t->guidance = TB_OK;
    t->looks = 0;
    tb_m_emit(fx, TB_EFFECT_STOP);
    tb_m_emit(fx, TB_EFFECT_WIPE);
    tb_m_emit(fx, TB_EFFECT_SHOW);
}

tb_status tb_m_inside_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    (void)now;
    if (!m->options.role.between_face)
        return TB_OK;
    if (in->yes && m->now_serving.inside == TB_INSIDE_NO)
        begin_look(m, fx);
    else if (!in->yes)
        tb_m_inside_end(m, fx);
    return TB_OK;
}

tb_status tb_m_zone_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    (void)tb_m_zone_noted(m, in, now, fx);
    tb_status guidance = m->zone.inside > 1 ? TB_RETRY_SEVERAL_FACES : TB_OK;
    if (t->inside == TB_INSIDE_SAME && m->zone.inside > 1) {
        tb_m_emit(fx, TB_EFFECT_TELL_DOORS);
        begin_look(m, fx);
    } else if ((t->inside == TB_INSIDE_MATCHING || t->inside == TB_INSIDE_ASKING) &&
               (m->zone.inside != 1 || m->zone.track != t->track)) {
        begin_look(m, fx);
    }
    if (t->inside == TB_INSIDE_LOOKING && m->zone.inside != 0 && guidance != t->guidance) {
        t->guidance = guidance;
        tb_m_emit(fx, TB_EFFECT_SHOW);
    }
    return TB_OK;
}

tb_status tb_m_captured_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    (void)now;
    if (t->inside != TB_INSIDE_LOOKING || in->ticket != m->ticket)
        return TB_OK; /* stale */
    if (in->status == TB_OK && m->zone.inside == 1) {
        t->inside = TB_INSIDE_MATCHING;
        t->track = m->zone.track;
        t->guidance = TB_OK;
        tb_m_emit(fx, TB_EFFECT_MATCH);
        tb_m_emit(fx, TB_EFFECT_SHOW);
    } else if (in->status == TB_OK || (tb_status_is_retry(in->status) && in->status != TB_RETRY_NOT_LIVE)) {
        t->guidance = in->status; /* the interlock ends it when it takes too long */
        begin_look(m, fx);
    } else {
        look_again(m, fx);
    }
    return TB_OK;
}

tb_status tb_m_matched_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    (void)now;
    if (t->inside != TB_INSIDE_MATCHING)
        return TB_OK;
    int nobody = in->identity == TB_NOBODY;
    if (in->status == TB_OK && nobody && m->options.role.asks_server) {
        t->inside = TB_INSIDE_ASKING;
        t->question = TB_QUESTION_IDENTIFY;
        t->request = in->fresh;
        tb_m_emit(fx, TB_EFFECT_ASK);
    } else if (in->status != TB_OK || nobody || in->identity == TB_NOT_SURE) {
        look_again(m, fx);
    } else { /* who was admitted may go on though their window has closed meanwhile */
        found(m, tb_id_equal(in->visit, t->visit) && in->judgement != TB_DENY, fx);
    }
    return TB_OK;
}

tb_status tb_m_answer_in_actuating(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    (void)now;
    if (t->inside != TB_INSIDE_ASKING || !tb_id_equal(in->about, t->request))
        return TB_OK; /* stale */
    if (in->verdict == TB_ANSWER_ADMIT)
        found(m, tb_id_equal(in->visit, t->visit), fx);
    else if (in->verdict == TB_ANSWER_REFUSE)
        found(m, 0, fx);
    else
        look_again(m, fx);
    return TB_OK;
}
