/* machine_sign.c: a sign shows what belongs to one person only while that person stands before it (A21).
 *
 *  S1 Facts of a visit are shown only while its face, and where the profile does not say otherwise nobody else's, is
 *     inside
 *     the zone; they are gone with the step in which that ends.
 *  S2 A sign makes no event: who stood before it, known or not, is written nowhere. */
#include "terminal/machine_steps.h"

int tb_m_is_sign(const tb_machine *m)
{
    return m->options.role.kind == TB_KIND_SIGN;
}

static int is_there(const tb_machine *m)
{
    for (int i = 0; i < m->zone.count; i++)
        if (m->zone.tracks[i] == m->now_serving.track)
            return 1;
    return m->zone.inside == 1 && m->zone.track == m->now_serving.track;
}

int tb_m_sign_is_over(const tb_machine *m, tb_time now)
{
    if (m->zone.inside == 0) /* one bad picture is no departure */
        return tb_m_has_left(m, now);
    return !is_there(m) || (m->zone.inside > 1 && !m->options.role.sign_beside_others);
}

void tb_m_sign_clear(tb_machine *m, tb_effects *fx)
{
    if (m->zone.inside > 1) /* whoever is left alone is looked at again */
        m->served = 0;
    tb_m_to_idle(m, fx);
}
