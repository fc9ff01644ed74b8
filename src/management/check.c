/* check.c: the invariants of management.h held against the databases: everything recomputed from nothing and
 * compared. */
#include "management/service.h"

#include <string.h>

#include <tebura/log.h>

static tb_status difference(tb_error *why, tb_id visit, const char *what)
{
    char id[TB_ID_TEXT_SIZE];
    return tb_fail(why, TB_INTERNAL, "visit %s: %s", tb_id_text(visit, id), what);
}

static tb_status check_entry(tb_management *m, const tb_terminal *terminal, const tb_booking *booking,
                             const tb_facts *facts, tb_time now, int64_t *expected, tb_time *due, tb_error *why)
{
    tb_entry_row wanted, stored;
    tb_time next;
    int want = 0;
    tb_status status = tb_entry_wanted(terminal, booking, facts, now, &wanted, &want, &next);
    if (status != TB_OK)
        return status;
    if (next < *due)
        *due = next;
    want = want && tb_near_admits(m, terminal);
    *expected += want;
    status = tb_entry_row_get(m->db, booking->id, terminal->row.id, &stored);
    if (status == TB_NOT_FOUND)
        return want ? difference(why, booking->id, "an entry is missing on a list") : TB_OK;
    if (status != TB_OK)
        return status;
    if (!want)
        return difference(why, booking->id, "an entry is on a list without right");
    if (wanted.from != stored.from || wanted.until != stored.until || !tb_facts_same(&wanted.fields, &stored.fields))
        return difference(why, booking->id, "an entry on a list is out of date");
    return TB_OK;
}

static tb_status check_visit(tb_management *m, tb_id visit, tb_time now, tb_error *why)
{
    tb_booking booking;
    tb_facts facts;
    tb_time due = TB_TIME_NEVER, next;
    int64_t expected = 0, stored = 0;
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_OK)
        status = tb_visit_facts(m, &booking, &facts);
    if (status != TB_OK)
        return status;
    int wanted = tb_visitor_wanted(m, &booking, &facts, now, &due);
    if (wanted != booking.visiting)
        return difference(why, visit,
                          wanted ? "is not in the visitor database" : "is in the visitor database without right");
    status = tb_near_load(m, visit, now);
    if (wanted && m->near.until < due)
        due = m->near.until;
    for (size_t i = 0; wanted && i < m->terminal_count && status == TB_OK; i++)
        status = check_entry(m, m->terminals[i], &booking, &facts, now, &expected, &due, why);
    if (wanted && status == TB_OK) {
        if (!tb_tags_are_right(m, &booking, &facts, now, &next))
            return difference(why, visit, "is searched for by other terminals than it may use");
        due = next < due ? next : due;
    }
    if (status == TB_OK)
        status = tb_entry_count_of_visit(m->db, visit, &stored);
    if (status == TB_OK && stored != expected)
        return difference(why, visit, "is on a list that does not exist for it");
    if (status == TB_OK && due < booking.due)
        return difference(why, visit, "would be looked at too late");
    return status;
}

/* Questions whose answer must be 0. */
static tb_status check_orphans(tb_management *m, tb_error *why)
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
        tb_status status = tb_store_count(m->db, questions[i].sql, &count);
        if (status != TB_OK)
            return tb_fail(why, status, "%s", tb_status_sentence(status));
        if (count)
            return tb_fail(why, TB_INTERNAL, "%s", questions[i].sentence);
    }
    return TB_OK;
}

static tb_status check_gallery(tb_management *m, tb_error *why)
{
    tb_ids visits = {0};
    tb_status status = tb_visitors_ready(m);
    if (status == TB_OK)
        status = tb_visits_all(m->db, &visits);
    size_t known = tb_matcher_count(m->matcher), expected = visits.count - m->foreign.count;
    tb_ids_free(&visits);
    if (status == TB_OK && known != expected)
        return tb_fail(why, TB_INTERNAL, "V1: %zu visitors can be found by face, %zu should be", known, expected);
    return status;
}

static tb_status check_all(tb_management *m, tb_time now, tb_error *why)
{
    tb_ids bookings = {0};
    int64_t sum = 0;
    tb_status status = tb_bookings_all(m->db, &bookings);
    for (size_t i = 0; i < bookings.count && status == TB_OK; i++)
        status = check_visit(m, bookings.items[i], now, why);
    tb_ids_free(&bookings);
    if (status == TB_OK)
        status = check_orphans(m, why);
    if (status == TB_OK)
        status = tb_ledger_sum(m->db, &sum);
    if (status == TB_OK && sum != 0)
        return tb_fail(why, TB_INTERNAL, "the ledger does not sum to zero");
    return status == TB_OK ? check_gallery(m, why) : status;
}

tb_status tb_management_check(tb_management *m, tb_error *why)
{
    tb_time next;
    tb_error first = {0};
    tb_status status = tb_management_tick(m, &next);
    if (status == TB_OK) {
        tb_service_lock_to_change(m); /* nobody changes what is compared */
        status = m->hold_status == TB_OK ? check_all(m, tb_service_now(m), &first) : m->hold_status;
        tb_service_unlock_changed(m);
    }
    if (status == TB_OK)
        return TB_OK;
    if (first.status)
        return tb_fail(why, first.status, "%s", first.text);
    return tb_fail(why, status, "%s", tb_status_sentence(status));
}
