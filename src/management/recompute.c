/* recompute.c: from one visit's facts and the clock to its row in the visitor database, its entries on the lists, the
 * outbox, and the moment at which the clock alone will change any of that. The rules themselves are in the profile.
 *
 * R1  An entry is written exactly when the role admits, or will admit without any other change, and now is in
 *     [delivery, until).
 * R2  Every entry that appears, changes or goes takes one sequence number of its terminal and one outbox row; one that
 *     appears may do so later (later.c).
 * R3  booking.due is never later than the first moment at which R1 or the visitor rule gives another answer. */
#include "management/service.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static tb_time earlier(tb_time a, tb_time b)
{
    return a < b ? a : b;
}

int tb_visitor_wanted(const tb_management *m, const tb_booking *booking, const tb_facts *facts, tb_time now,
                      tb_time *next)
{
    tb_verdict verdict = tb_profile_visitor(m->profile, facts, now);
    *next = TB_TIME_NEVER;
    if (!booking->flight.id[0]) /* ends with its window, visitor or not (W2): that is due, too */
        *next = verdict.until > now ? verdict.until : now + 1;
    /* Whatever a profile says: without consent nobody is a visitor (I4), nor after the departure (I6). */
    if (!booking->consented || tb_visit_is_over(m, booking))
        return 0;
    if (verdict.judgement == TB_EARLY)
        *next = earlier(*next, verdict.from);
    if (verdict.judgement == TB_ADMIT)
        *next = earlier(*next, verdict.until);
    return verdict.judgement == TB_ADMIT;
}

tb_status tb_entry_wanted(const tb_terminal *terminal, const tb_booking *booking, const tb_facts *facts, tb_time now,
                          tb_entry_row *row, int *want, tb_time *next)
{
    *want = 0;
    *next = TB_TIME_NEVER;
    if (!tb_lists_has_list(terminal))
        return TB_OK;
    tb_verdict verdict = tb_role_judge(terminal->role, facts, &terminal->row.attributes, now);
    tb_time delivery = tb_role_delivery(terminal->role, &verdict);
    if (verdict.judgement == TB_EARLY && now < delivery) /* early means: everything but the clock is met */
        *next = delivery;
    if (verdict.from >= verdict.until) /* a window that never opens */
        return TB_OK;
    if (verdict.judgement == TB_ADMIT || (verdict.judgement == TB_EARLY && now >= delivery)) {
        *want = 1;
        *next = verdict.until;
        row->visit = booking->id;
        memcpy(row->touchpoint, terminal->row.id, sizeof row->touchpoint);
        row->from = verdict.from;
        row->until = verdict.until;
        return tb_role_project(terminal->role, facts, &row->fields);
    }
    return TB_OK;
}

int tb_facts_same(const tb_facts *a, const tb_facts *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++) {
        const tb_fact *x = &a->items[i], *y = &b->items[i];
        if (x->kind != y->kind || x->number != y->number || strcmp(x->name, y->name) != 0 ||
            strcmp(x->text, y->text) != 0)
            return 0;
    }
    return 1;
}

tb_status tb_announce(tb_management *m, tb_terminal *terminal, tb_id visit)
{
    tb_status status = tb_change_number(m, terminal);
    if (status != TB_OK)
        return status;
    m->wrote_outbox = 1;
    return tb_outbox_add(m->db, terminal->row.id, visit, terminal->row.sequence); /* R2 */
}

/* Brings one entry from `old` (NULL: there is none) to what is wanted. */
static tb_status settle(tb_management *m, tb_terminal *terminal, const tb_entry_row *old, const tb_entry_row *row,
                        int want, tb_id visit, tb_recompute how)
{
    if (!want && !old)
        return TB_OK;
    if (want && old && how == TB_RECOMPUTE_CHANGES && old->from == row->from && old->until == row->until &&
        tb_facts_same(&old->fields, &row->fields))
        return TB_OK;
    tb_metric_add(&m->metrics, TB_METRIC_ENTRIES_WRITTEN, 1);
    tb_status status =
        want ? tb_entry_row_put(m->db, row, old != NULL) : tb_entry_row_remove(m->db, visit, terminal->row.id);
    int waits = 0;
    if (status == TB_OK)
        status = want && !old ? tb_later_new(m, terminal, row, &waits)
                              : tb_later_changed(m, terminal, want ? row : NULL, visit, &waits);
    return status == TB_OK && !waits ? tb_announce(m, terminal, visit) : status;
}

static tb_status collect(void *context, const tb_entry_row *row)
{
    tb_management *m = context;
    if (m->old_count == m->old_capacity) {
        size_t grown = m->old_capacity ? 2 * m->old_capacity : 8;
        tb_entry_row *old = realloc(m->old, grown * sizeof *old);
        if (!old)
            return TB_NO_MEMORY;
        m->old = old;
        m->old_capacity = grown;
    }
    m->old[m->old_count++] = *row;
    return TB_OK;
}

/* Reads the entries that a visit has and marks their terminals with this round. */
tb_status tb_entries_read(tb_management *m, tb_id visit)
{
    m->old_count = 0;
    m->round++;
    tb_status status = tb_ahead_entries(m, visit, collect, m);
    for (size_t i = 0; i < m->old_count && status == TB_OK; i++) {
        tb_terminal *terminal = tb_terminal_find(m, m->old[i].touchpoint);
        assert(terminal && "terminals are never forgotten while they have entries");
        terminal->round = m->round;
        terminal->old = i;
    }
    tb_metric_add(&m->metrics, TB_METRIC_ENTRIES_READ, (int64_t)m->old_count);
    return status;
}

/* Takes off every list what is still marked: nobody has wanted it in this round. */
static tb_status remove_marked(tb_management *m, tb_id visit)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < m->old_count && status == TB_OK; i++) {
        tb_terminal *terminal = tb_terminal_find(m, m->old[i].touchpoint);
        if (terminal->round == m->round)
            status = settle(m, terminal, &m->old[i], NULL, 0, visit, TB_RECOMPUTE_CHANGES);
    }
    return status;
}

tb_status tb_visit_end(tb_management *m, tb_id visit)
{
    tb_status status = tb_entries_read(m, visit);
    if (status == TB_OK)
        status = remove_marked(m, visit);
    if (status == TB_OK && m->near_roles)
        status = tb_near_rows_remove(m->db, visit);
    if (status == TB_OK)
        status = tb_visit_remove(m->db, visit);
    return status == TB_OK ? tb_change_touch(m, visit) : status;
}

static tb_status enter(tb_management *m, const tb_booking *booking, tb_time now)
{
    tb_status status = tb_profile_is_without_visitors(m->profile) ? tb_visit_list(m->db, booking->id)
                                                                  : tb_visit_insert(m->db, booking, now);
    return status == TB_OK ? tb_change_touch(m, booking->id) : status;
}

/* One judgement for all terminals of a group (L2). */
static tb_status settle_group(tb_management *m, const tb_group *group, const tb_booking *booking, const tb_facts *facts,
                              tb_time now, tb_recompute how, tb_time *due)
{
    tb_entry_row row;
    tb_time next;
    int want;
    tb_metric_add(&m->metrics, TB_METRIC_JUDGED, 1);
    tb_status status = tb_entry_wanted(group->terminals[0], booking, facts, now, &row, &want, &next);
    *due = earlier(*due, next);
    for (size_t i = 0; want && i < group->count && status == TB_OK; i++) {
        tb_terminal *terminal = group->terminals[i];
        if (!tb_near_admits(m, terminal)) /* what they cannot be told apart by is their place */
            continue;
        const tb_entry_row *old = terminal->round == m->round ? &m->old[terminal->old] : NULL;
        terminal->round = 0; /* wanted: it stays */
        memcpy(row.touchpoint, terminal->row.id, sizeof row.touchpoint);
        status = settle(m, terminal, old, &row, 1, booking->id, how);
    }
    return status;
}

static tb_status retag(tb_management *m, tb_id visit, const tb_facts *facts, tb_time now, tb_time *due)
{
    tb_time next;
    if (!m->tag_count)
        return TB_OK;
    uint64_t tags = tb_visit_tags(m, facts, now, &next);
    *due = earlier(*due, next);
    return tb_change_tags(m, visit, tags);
}

static tb_status recompute_entries(tb_management *m, const tb_booking *booking, const tb_facts *facts, tb_time now,
                                   tb_recompute how, tb_time *due)
{
    tb_status status = tb_entries_read(m, booking->id);
    if (status == TB_OK)
        status = tb_near_load(m, booking->id, now);
    if (status == TB_OK)
        status = tb_near_expire(m, booking->id);
    *due = earlier(*due, m->near.until);
    for (size_t r = 0; r < m->lists.role_count && status == TB_OK; r++) {
        const tb_role_lists *role = &m->lists.roles[r];
        for (tb_group *group = tb_lists_first(role, facts); group && status == TB_OK;
             group = tb_lists_next(role, facts, group))
            status = settle_group(m, group, booking, facts, now, how, due);
    }
    return status == TB_OK ? remove_marked(m, booking->id) : status;
}

tb_status tb_recompute_known(tb_management *m, const tb_booking *booking, const tb_facts *facts, tb_recompute how)
{
    tb_time due, now = tb_service_now(m);
    tb_status status = TB_OK;
    if (tb_visitor_wanted(m, booking, facts, now, &due)) {
        if (!booking->visiting)
            status = enter(m, booking, now);
        else if (how == TB_RECOMPUTE_RESEND)
            status = tb_change_touch(m, booking->id);
        if (status == TB_OK)
            status = recompute_entries(m, booking, facts, now, how, &due);
        if (status == TB_OK)
            status = retag(m, booking->id, facts, now, &due);
    } else if (booking->visiting) {
        status = tb_visit_end(m, booking->id);
    }
    if (status == TB_OK && due != booking->due)
        status = tb_booking_due_set(m->db, booking->id, due);
    assert(status != TB_OK || due > now); /* R3: nothing that is due already is left */
    return status;
}

tb_status tb_recompute_visit(tb_management *m, tb_id visit, tb_recompute how)
{
    tb_booking booking;
    tb_facts facts;
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_OK)
        status = tb_visit_facts(m, &booking, &facts);
    return status == TB_OK ? tb_recompute_known(m, &booking, &facts, how) : status;
}

/* ---- a new terminal ---- */

/* Its list is that of any other terminal of its group (L2), and so are the moments that are due. */
static tb_status copy_list(tb_management *m, tb_terminal *terminal, const tb_terminal *other)
{
    tb_ids visits = {0};
    tb_status status = tb_entries_of_touchpoint(m->db, other->row.id, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++) {
        tb_entry_row row;
        status = tb_entry_row_get(m->db, visits.items[i], other->row.id, &row);
        memcpy(row.touchpoint, terminal->row.id, sizeof row.touchpoint);
        if (status == TB_OK)
            status = settle(m, terminal, NULL, &row, 1, row.visit, TB_RECOMPUTE_CHANGES);
    }
    tb_ids_free(&visits);
    return status;
}

/* The first of its group: everybody has to be asked. */
static tb_status fill_list(tb_management *m, tb_terminal *terminal)
{
    tb_ids visits = {0};
    tb_status status = tb_visits_all(m->db, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++) {
        tb_booking booking;
        tb_facts facts;
        tb_entry_row row;
        tb_time next = TB_TIME_NEVER;
        int want = 0;
        status = tb_booking_get(m->db, visits.items[i], &booking);
        if (status == TB_OK)
            status = tb_visit_facts(m, &booking, &facts);
        if (status == TB_OK)
            status = tb_entry_wanted(terminal, &booking, &facts, tb_service_now(m), &row, &want, &next);
        if (status == TB_OK)
            status = tb_near_load(m, booking.id, tb_service_now(m));
        want = want && tb_near_admits(m, terminal);
        if (status == TB_OK)
            status = settle(m, terminal, NULL, &row, want, booking.id, TB_RECOMPUTE_CHANGES);
        if (status == TB_OK && next < booking.due)
            status = tb_booking_due_set(m->db, booking.id, next);
    }
    tb_ids_free(&visits);
    return status;
}

tb_status tb_recompute_terminal(tb_management *m, tb_terminal *terminal)
{
    const tb_group *group = terminal->group;
    if (!group)
        return TB_OK;
    m->filling = 1;
    tb_status status =
        group->count == 1 || terminal->view.near > 0
            ? fill_list(m, terminal)
            : copy_list(m, terminal, group->terminals[0] == terminal ? group->terminals[1] : group->terminals[0]);
    m->filling = 0;
    return status;
}
