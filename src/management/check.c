/* check.c: the invariants of management.h held against the databases: everything recomputed from nothing and
 * compared. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>

typedef struct checking {
    tb_management *m;
    tb_check_report *report;
    tb_time now;
} checking;

static void note(checking *c, const tb_id *visit, const char *touchpoint, const char *what)
{
    tb_check_report *report = c->report;
    if (report->differences++ >= TB_DIFFERENCES_MAX)
        return;
    tb_difference *to = &report->first[report->differences - 1];
    *to = (tb_difference){.visit = visit ? *visit : (tb_id){{0}}};
    snprintf(to->touchpoint, sizeof to->touchpoint, "%s", touchpoint);
    snprintf(to->what, sizeof to->what, "%s", what);
}

/* The rules are asked for every terminal, not for groups of them: what finds the groups is checked, too. */
static tb_status check_entry(checking *c, const tb_terminal *terminal, const tb_booking *booking, const tb_facts *facts,
                             int64_t *expected, tb_time *due)
{
    tb_management *m = c->m;
    tb_entry_row wanted;
    tb_time next;
    int want = 0;
    tb_status status = tb_entry_wanted(terminal, booking, facts, c->now, &wanted, &want, &next);
    if (status != TB_OK)
        return status;
    if (next < *due)
        *due = next;
    want = want && tb_near_admits(m, terminal);
    *expected += want;
    const tb_entry_row *stored = terminal->round == m->round ? &m->old[terminal->old] : NULL;
    if (want && !stored)
        note(c, &booking->id, terminal->row.id, "an entry is missing on a list");
    else if (!want && stored)
        note(c, &booking->id, terminal->row.id, "an entry is on a list without right");
    else if (want && (wanted.from != stored->from || wanted.until != stored->until ||
                      !tb_facts_same(&wanted.fields, &stored->fields)))
        note(c, &booking->id, terminal->row.id, "an entry on a list is out of date");
    return TB_OK;
}

static tb_status check_lists(checking *c, const tb_booking *booking, const tb_facts *facts, int wanted, tb_time due)
{
    tb_management *m = c->m;
    tb_time next;
    int64_t expected = 0;
    tb_status status = tb_near_load(m, booking->id, c->now);
    if (status == TB_OK)
        status = tb_entries_read(m, booking->id);
    if (wanted && m->near.until < due)
        due = m->near.until;
    for (size_t i = 0; wanted && i < m->terminal_count && status == TB_OK; i++)
        status = check_entry(c, m->terminals[i], booking, facts, &expected, &due);
    if (status != TB_OK)
        return status;
    if (wanted && !tb_tags_are_right(m, booking, facts, c->now, &next))
        note(c, &booking->id, "", "is searched for by other terminals than it may use");
    else if (wanted && next < due)
        due = next;
    if (!wanted && m->old_count)
        note(c, &booking->id, m->old[0].touchpoint, "is on a list that does not exist for it");
    if (due < booking->due)
        note(c, &booking->id, "", "would be looked at too late");
    c->report->entries += (uint64_t)expected;
    return TB_OK;
}

static tb_status check_visit(checking *c, tb_id visit)
{
    tb_booking booking;
    tb_facts facts;
    tb_time due = TB_TIME_NEVER;
    tb_status status = tb_booking_get(c->m->db, visit, &booking);
    if (status == TB_NOT_FOUND) /* ended since the list was made */
        return TB_OK;
    if (status == TB_OK)
        status = tb_visit_facts(c->m, &booking, &facts);
    if (status == TB_DB_CORRUPT) {
        note(c, &visit, "", "its row is damaged");
        return TB_OK;
    }
    if (status != TB_OK)
        return status;
    if (booking.due <= c->now) { /* the clock will change it when the service runs; it is not wrong */
        c->report->due++;
        return TB_OK;
    }
    c->report->visits++;
    int wanted = tb_visitor_wanted(c->m, &booking, &facts, c->now, &due);
    if (wanted != booking.visiting)
        note(c, &visit, "", wanted ? "is not in the visitor database" : "is in the visitor database without right");
    return check_lists(c, &booking, &facts, wanted, due);
}

/* Questions whose answer must be 0. */
static tb_status check_orphans(checking *c)
{
    static const struct {
        const char *sql, *sentence;
    } questions[] = {
        {"SELECT count(*) FROM visitor.visit v WHERE NOT EXISTS (SELECT 1 FROM central.booking b WHERE b.id = v.id)",
         "I6: a visitor has no booking"},
        {"SELECT count(*) FROM visitor.later l WHERE NOT EXISTS (SELECT 1 FROM visitor.entry e WHERE e.visit = l.visit"
         " AND e.touchpoint = l.touchpoint)",
         "a terminal is to be told of an entry that does not exist"},
        {"SELECT count(*) FROM visitor.near n WHERE NOT EXISTS (SELECT 1 FROM visitor.visit v WHERE v.id = n.visit)"
         " AND NOT EXISTS (SELECT 1 FROM central.booking b WHERE b.id = n.visit AND b.listed = 1)",
         "I6: where somebody was is kept without a visit"},
        {"SELECT count(*) FROM visitor.entry e WHERE NOT EXISTS (SELECT 1 FROM visitor.visit v WHERE v.id = e.visit)"
         " AND NOT EXISTS (SELECT 1 FROM central.booking b WHERE b.id = e.visit AND b.listed = 1)",
         "I6: a list entry has no visit"},
        {"SELECT count(*) FROM central.template t WHERE NOT EXISTS (SELECT 1 FROM central.consent c WHERE c.person = t.person"
         " AND c.withdrawn = 0)",
         "I4: a template is kept without consent"},
        {"SELECT count(*) FROM central.template t JOIN central.person p ON p.id = t.person WHERE p.wrapped_key IS NULL",
         "I5: a template is kept without its person's key"},
        {"SELECT count(*) FROM central.posting p WHERE NOT EXISTS (SELECT 1 FROM central.transfer t WHERE t.id = p.transfer)",
         "the ledger has a posting without a transfer"},
        {"SELECT count(*) FROM central.payment p WHERE p.state = 2 AND NOT EXISTS (SELECT 1 FROM central.transfer t WHERE t.id = p.id)",
         "I1: a payment is done and not booked"},
        {"SELECT count(*) FROM central.payment p WHERE p.state IN (1, 3) AND EXISTS (SELECT 1 FROM central.transfer t WHERE t.id = p.id)",
         "I1: a payment is booked and not done"},
        {"SELECT count(*) FROM (SELECT transfer FROM central.posting GROUP BY transfer HAVING sum(amount) <> 0) AS crooked",
         "a transfer does not sum to zero"},
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        uint64_t count = 0;
        tb_status status = tb_store_count(c->m->db, questions[i].sql, &count);
        if (status != TB_OK)
            return status;
        if (count)
            note(c, NULL, "", questions[i].sentence);
    }
    return TB_OK;
}

static tb_status check_gallery(checking *c)
{
    tb_management *m = c->m;
    tb_ids visits = {0};
    char what[96];
    tb_status status = tb_visitors_ready(m);
    if (status == TB_OK)
        status = tb_visits_all(m->db, &visits);
    size_t known = tb_matcher_count(m->matcher), expected = visits.count - m->foreign.count;
    tb_ids_free(&visits);
    snprintf(what, sizeof what, "V1: %zu visitors can be found by face, %zu should be", known, expected);
    if (status == TB_OK && known != expected)
        note(c, NULL, "", what);
    return status;
}

static tb_status check_rest(checking *c)
{
    int64_t sum = 0;
    tb_status status = check_orphans(c);
    if (status == TB_OK)
        status = tb_ledger_sum(c->m->db, &sum);
    if (status == TB_OK && sum != 0)
        note(c, NULL, "", "the ledger does not sum to zero");
    for (size_t i = 0; i < c->m->terminal_count; i++)
        c->report->lists += tb_lists_has_list(c->m->terminals[i]) != 0;
    return status == TB_OK ? check_gallery(c) : status;
}

/* Each under the lock, so that nobody changes what is compared; let go between them, so that a running site goes on. */
static tb_status locked(checking *c, const tb_id *visits, size_t count)
{
    tb_service_lock_to_change(c->m);
    tb_status status = c->m->hold_status;
    c->now = tb_service_now(c->m);
    for (size_t i = 0; i < count && status == TB_OK; i++)
        status = check_visit(c, visits[i]);
    if (!count && status == TB_OK)
        status = check_rest(c);
    tb_service_unlock_changed(c->m);
    return status;
}

#define AT_ONCE 32

tb_status tb_management_compare(tb_management *m, tb_check_report *out, tb_error *why)
{
    tb_ids visits = {0};
    checking c = {.m = m, .report = out};
    *out = (tb_check_report){0};
    tb_service_lock(m);
    tb_status status = tb_bookings_all(m->db, &visits);
    tb_service_unlock(m);
    for (size_t i = 0; i < visits.count && status == TB_OK; i += AT_ONCE)
        status = locked(&c, visits.items + i, visits.count - i < AT_ONCE ? visits.count - i : AT_ONCE);
    tb_ids_free(&visits);
    if (status == TB_OK)
        status = locked(&c, NULL, 0);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}

tb_status tb_management_check(tb_management *m, tb_error *why)
{
    tb_time next;
    tb_check_report report;
    char id[TB_ID_TEXT_SIZE];
    tb_status status = tb_management_tick(m, &next);
    if (status != TB_OK)
        return tb_fail(why, status, "%s", tb_status_sentence(status));
    status = tb_management_compare(m, &report, why);
    if (status != TB_OK || !report.differences)
        return status;
    const tb_difference *first = &report.first[0];
    if (tb_id_is_zero(first->visit))
        return tb_fail(why, TB_INTERNAL, "%s", first->what);
    return tb_fail(why, TB_INTERNAL, "visit %s: %s%s%s", tb_id_text(first->visit, id), first->what,
                   first->touchpoint[0] ? ": " : "", first->touchpoint);
}
