/* machine_group.c: several people of one party before a gate that lets parties through together (X10). Everybody inside
 * the zone is captured and matched by themselves, one after the other, and the gate opens once for all of them.
 *
 *  G1 A party is let through only when every face inside the zone was looked at and is a member: a visit that may pass,
 *     of the same party as the others, or, where the role admits children without a face, one of as many unknown faces
 *     as the recognised visits name; whether these are the children an attendant confirms, no camera can.
 *  G2 Two faces that match one visit are nobody; one face that matches two visits is not sure. Neither is guessed.
 *  G3 Whoever leaves the zone before the decision is no member any more; whoever comes is looked at first.
 *  G4 Each recognised member's passage is an event of its own, recorded before anybody else is served.
 *  G5 What belongs to one member is shown to nobody else: nothing before all were looked at, and after that only to one
 *     who is recognised alone. */
#include "terminal/machine_steps.h"

#include <stdio.h>
#include <string.h>

int tb_m_is_group(const tb_machine *m)
{
    return m->options.role.group != TB_GROUP_ALONE;
}

static int is_in_zone(const tb_machine *m, uint32_t track)
{
    for (int i = 0; i < m->zone.count; i++)
        if (m->zone.tracks[i] == track)
            return 1;
    return 0;
}

static int is_member(const tb_transaction *t, uint32_t track)
{
    for (int i = 0; i < t->member_count; i++)
        if (t->members[i].track == track)
            return 1;
    return 0;
}

uint32_t tb_m_group_next(const tb_machine *m)
{
    for (int i = 0; i < m->zone.count; i++)
        if (!is_member(&m->now_serving, m->zone.tracks[i]))
            return m->zone.tracks[i];
    return 0;
}

int tb_m_group_is_complete(const tb_machine *m)
{
    return m->now_serving.member_count > 0 && m->zone.inside <= m->zone.count && !tb_m_group_next(m);
}

static int recognised(const tb_transaction *t)
{
    int count = 0;
    for (int i = 0; i < t->member_count; i++)
        count += !tb_id_is_zero(t->members[i].visit);
    return count;
}

static int children_of(const tb_transaction *t)
{
    int count = 0;
    for (int i = 0; i < t->member_count; i++)
        count += t->members[i].children;
    return count;
}

/* ---- who comes and goes ---- */

static void drop_served(tb_machine *m)
{
    int kept = 0;
    for (int i = 0; i < m->served_count; i++)
        if (is_in_zone(m, m->served_group[i]))
            m->served_group[kept++] = m->served_group[i];
    while (m->served_count > kept)
        m->served_group[--m->served_count] = 0;
}

int tb_m_group_note(tb_machine *m)
{
    tb_transaction *t = &m->now_serving;
    int kept = 0;
    drop_served(m);
    if (m->phase >= TB_PHASE_DECIDED)
        return 0;
    for (int i = 0; i < t->member_count; i++) /* G3 */
        if (is_in_zone(m, t->members[i].track))
            t->members[kept++] = t->members[i];
    while (t->member_count > kept)
        t->members[--t->member_count] = (tb_member){0};
    if (!is_member(t, t->known_track)) /* G5 */
        memset(&t->known, 0, sizeof t->known);
    if (!recognised(t))
        memset(t->party, 0, sizeof t->party);
    return t->track && !is_in_zone(m, t->track);
}

int tb_m_group_is_new(const tb_machine *m)
{
    return m->zone.inside > 0 && !m->served_count;
}

void tb_m_group_serve(tb_machine *m)
{
    m->served_count = m->zone.count;
    memcpy(m->served_group, m->zone.tracks, sizeof m->served_group);
}

tb_status tb_m_group_zone_in_present(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    tb_status guidance = m->zone.inside > m->zone.count ? TB_RETRY_SEVERAL_FACES
                         : m->zone.inside == 0          ? m->zone.advice
                                                        : TB_OK;
    if (guidance != t->guidance) {
        t->guidance = guidance;
        tb_m_emit(fx, TB_EFFECT_SHOW);
    }
    t->face_at = m->zone.inside == 0 ? 0 : t->face_at ? t->face_at : now;
    if (tb_m_has_left(m, now))
        tb_m_to_idle(m, fx);
    else if (m->zone.all_steady && tb_m_group_next(m))
        tb_m_to_capturing(m, now, fx);
    else if (m->zone.all_steady)
        tb_m_group_finish(m, now, fx);
    return TB_OK;
}

/* ---- one after the other ---- */

static void look_at_next(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (!tb_m_group_next(m)) {
        tb_m_group_finish(m, now, fx);
        return;
    }
    tb_m_emit(fx, TB_EFFECT_WIPE); /* of the last one nothing but the visit stays */
    t->ask = TB_ASK_FACE;
    t->question = TB_QUESTION_NONE;
    t->request = (tb_id){{0}};
    tb_m_to_capturing(m, now, fx);
}

static tb_status shown_of_group(tb_transaction *t)
{
    int people = recognised(t), children = children_of(t);
    tb_status status = TB_OK;
    memset(&t->fields, 0, sizeof t->fields);
    if (people == 1) /* G5 */
        t->fields = t->known;
    else
        status = tb_facts_set_int(&t->fields, "people", people);
    return status == TB_OK && children > 0 ? tb_facts_set_int(&t->fields, "children", children) : status;
}

void tb_m_group_finish(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    int known = recognised(t), unknown = t->member_count - known;
    if (!tb_m_group_is_complete(m)) { /* G1, G3; whoever confirmed has confirmed other people */
        t->staff_confirmed = t->doubtful = 0;
        tb_m_give_up_face(m, now, fx);
        return;
    }
    if (!known || unknown > children_of(t)) {
        tb_m_to_decided(m, TB_OUTCOME_UNKNOWN, m->options.role.unknown_reason, now, fx);
        return;
    }
    t->visit = (tb_id){{0}};
    for (int i = 0; i < t->member_count && tb_id_is_zero(t->visit); i++)
        t->visit = t->members[i].visit;
    if (shown_of_group(t) != TB_OK) {
        tb_m_to_failed(m, TB_INTERNAL, now, fx);
        return;
    }
    t->doubtful = unknown > 0;
    if ((unknown > 0 || m->options.role.staff_confirms) && !t->staff_confirmed) {
        tb_m_to_asking_person(m, TB_ASK_STAFF, now, fx);
        return;
    }
    t->settled = 1;
    tb_m_to_decided(m, TB_OUTCOME_ADMITTED, "", now, fx);
}

static tb_status facts_without_party(const tb_facts *from, tb_facts *out)
{
    tb_status status = TB_OK;
    *out = (tb_facts){0};
    for (size_t i = 0; i < from->count && status == TB_OK; i++)
        if (strcmp(from->items[i].name, "party") != 0 && strcmp(from->items[i].name, "children") != 0)
            status = tb_facts_set(out, &from->items[i]);
    return status;
}

static void add_stranger(tb_machine *m, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (m->options.role.group != TB_GROUP_WITH_CHILDREN) {
        tb_m_to_decided(m, TB_OUTCOME_UNKNOWN, m->options.role.unknown_reason, now, fx);
        return;
    }
    t->members[t->member_count++] = (tb_member){.track = t->track};
    look_at_next(m, now, fx);
}

static void add_member(tb_machine *m, const tb_machine_input *in, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    const char *party = tb_facts_text(&in->fields, "party");
    int64_t children = tb_facts_number(&in->fields, "children", 0);
    for (int i = 0; i < t->member_count; i++)
        if (tb_id_equal(t->members[i].visit, in->visit)) { /* G2 */
            tb_m_to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
            return;
        }
    if (recognised(t) && (!party[0] || strcmp(party, t->party) != 0)) { /* one party at a time: no refusal (M3) */
        t->failure = TB_RETRY_SEVERAL_FACES;
        tb_m_to_decided(m, TB_OUTCOME_RETRY, "", now, fx);
        return;
    }
    snprintf(t->party, sizeof t->party, "%s", party);
    int allowed = m->options.role.group == TB_GROUP_WITH_CHILDREN && children > 0;
    t->members[t->member_count++] = (tb_member){t->track, in->visit,
                                                !allowed                  ? 0
                                                : children > TB_GROUP_MAX ? TB_GROUP_MAX
                                                                          : (int)children};
    t->known_track = t->track;
    if (facts_without_party(&in->fields, &t->known) != TB_OK)
        tb_m_to_failed(m, TB_INTERNAL, now, fx);
    else
        look_at_next(m, now, fx);
}

void tb_m_group_found(tb_machine *m, const tb_machine_input *in, tb_group_find find, tb_time now, tb_effects *fx)
{
    tb_transaction *t = &m->now_serving;
    if (!is_in_zone(m, t->track) || t->member_count == TB_GROUP_MAX) {
        tb_m_give_up_face(m, now, fx);
        return;
    }
    switch (find) {
    case TB_FOUND_MEMBER:
        add_member(m, in, now, fx);
        break;
    case TB_FOUND_NOBODY:
        add_stranger(m, now, fx);
        break;
    case TB_FOUND_TWO:
        tb_m_to_decided(m, TB_OUTCOME_NOT_SURE, "not_sure", now, fx);
        break;
    case TB_FOUND_REFUSED:
        t->visit = in->visit;
        if (facts_without_party(&in->fields, &t->fields) != TB_OK)
            memset(&t->fields, 0, sizeof t->fields);
        tb_m_to_decided(m, TB_OUTCOME_REFUSED, in->reason, now, fx);
        break;
    }
}

/* ---- reporting ---- */

/* The recognised member whose turn it is to be reported; NULL after the last. */
static const tb_member *whose_turn(const tb_transaction *t)
{
    int turn = t->told;
    for (int i = 0; i < t->member_count; i++)
        if (!tb_id_is_zero(t->members[i].visit) && turn-- == 0)
            return &t->members[i];
    return NULL;
}

int tb_m_group_told(tb_machine *m)
{
    tb_transaction *t = &m->now_serving;
    if (!tb_m_is_group(m) || t->outcome != TB_OUTCOME_ADMITTED)
        return 0;
    t->told++;
    return whose_turn(t) != NULL;
}

void tb_m_group_turn(tb_machine *m)
{
    tb_transaction *t = &m->now_serving;
    const tb_member *member = t->outcome == TB_OUTCOME_ADMITTED ? whose_turn(t) : NULL;
    if (tb_m_is_group(m) && member)
        t->visit = member->visit;
}
