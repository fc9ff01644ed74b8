/* tags.c: who may use which server-matched terminals now, as tags in the gallery of visitors (ADR 160).
 *
 * Terminals whose rules cannot differ (tb_role_alike) share a tag. A
 * search by such a terminal looks at nobody else, with the threshold for that many people.
 *
 * T1  A tag narrows a search and decides nothing: whoever is found is judged by the rules, and when nobody is found all
 *     visitors are searched. So a tag that lags costs certainty, never an answer.
 * T2  booking.due is never later than the moment at which the clock alone changes a tag. */
#include "management/service.h"

#include <stdlib.h>

#include "access/role_keys.h"

static int shares_tag(const tb_terminal *a, const tb_terminal *b)
{
    return a->role == b->role && b->tag >= 0 && tb_role_alike(a->role, &a->row.attributes, &b->row.attributes);
}

void tb_terminal_tag(tb_management *m, tb_terminal *terminal)
{
    terminal->tag = -1;
    if (!terminal->role || !terminal->view.match_at_server)
        return;
    for (size_t i = 0; i < m->terminal_count && terminal->tag < 0; i++)
        if (shares_tag(terminal, m->terminals[i]))
            terminal->tag = m->terminals[i]->tag;
    if (terminal->tag < 0 && m->tag_count < TB_TAGS_MAX) { /* a further kind searches all visitors (T1) */
        m->tagged[m->tag_count] = terminal;
        terminal->tag = m->tag_count++;
    }
}

uint64_t tb_visit_tags(const tb_management *m, const tb_facts *facts, tb_time now, tb_time *next)
{
    uint64_t tags = 0;
    *next = TB_TIME_NEVER;
    for (int i = 0; i < m->tag_count; i++) {
        const tb_terminal *terminal = m->tagged[i];
        tb_verdict verdict = tb_role_judge(terminal->role, facts, &terminal->row.attributes, now);
        tb_time changes = verdict.judgement == TB_ADMIT   ? verdict.until
                          : verdict.judgement == TB_EARLY ? verdict.from
                                                          : TB_TIME_NEVER;
        tags |= (uint64_t)(verdict.judgement == TB_ADMIT) << i;
        *next = changes < *next ? changes : *next;
    }
    return tags;
}

tb_status tb_change_tags(tb_management *m, tb_id visit, uint64_t tags)
{
    uint64_t known;
    if (tb_matcher_tags(m->matcher, visit, &known) == TB_OK && known == tags && !m->retagged_count)
        return TB_OK;
    if (m->retagged_count == m->retagged_capacity) {
        size_t grown = m->retagged_capacity ? 2 * m->retagged_capacity : 64;
        tb_visit_tag *fresh = realloc(m->retagged, grown * sizeof *fresh);
        if (!fresh)
            return TB_NO_MEMORY;
        m->retagged = fresh;
        m->retagged_capacity = grown;
    }
    m->retagged[m->retagged_count++] = (tb_visit_tag){visit, tags};
    return TB_OK;
}

void tb_tags_follow(tb_management *m)
{
    for (size_t i = 0; i < m->retagged_count; i++) {
        tb_status status = tb_matcher_tag(m->matcher, m->retagged[i].visit, m->retagged[i].tags);
        (void)status; /* not a visitor any more, or none of its templates is served here */
    }
    m->retagged_count = 0;
}

tb_status tb_visit_tag_now(tb_management *m, const tb_booking *booking)
{
    tb_facts facts;
    tb_time next;
    if (!m->tag_count)
        return TB_OK;
    tb_status status = tb_visit_facts(m, booking, &facts);
    if (status != TB_OK)
        return status;
    status = tb_matcher_tag(m->matcher, booking->id, tb_visit_tags(m, &facts, tb_service_now(m), &next));
    return status == TB_NOT_FOUND ? TB_OK : status;
}

tb_status tb_visits_tag(tb_management *m, const tb_terminal *terminal)
{
    tb_ids visits = {0};
    if (terminal->tag < 0)
        return TB_OK;
    tb_status status = tb_visits_all(m->db, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++) {
        tb_booking booking;
        tb_facts facts;
        tb_time next;
        status = tb_booking_get(m->db, visits.items[i], &booking);
        if (status == TB_OK)
            status = tb_visit_facts(m, &booking, &facts);
        if (status == TB_OK)
            status = tb_change_tags(m, booking.id, tb_visit_tags(m, &facts, tb_service_now(m), &next));
        if (status == TB_OK && next < booking.due) /* T2 */
            status = tb_booking_due_set(m->db, booking.id, next);
    }
    tb_ids_free(&visits);
    return status;
}

int tb_tags_are_right(tb_management *m, const tb_booking *booking, const tb_facts *facts, tb_time now, tb_time *next)
{
    uint64_t known = 0, wanted = tb_visit_tags(m, facts, now, next);
    if (!m->tag_count || tb_matcher_tags(m->matcher, booking->id, &known) != TB_OK)
        return 1; /* whoever cannot be found is counted by V1 */
    return known == wanted;
}
