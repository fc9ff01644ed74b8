/* reports.c: which events of a terminal are in our database, told to it with its marks. Until then it keeps them,
 * whatever the broker has acknowledged: a broker writes to its disk when it likes, and may lose it (doc/adr/180).
 *
 *  P1  `reported` is a number up to which every event of the terminal has been applied, known as repeated, or set
 *      aside, in
 *      a transaction that is committed, or was known to the server before (tb_event.since).
 *  P2  It rises only without gaps: what lies behind a gap comes again, with what fills it. */
#include "management/events.h"

tb_status tb_report_end(tb_management *m, tb_event_tally *tally)
{
    uint64_t known, reported;
    if (!tally->reporter)
        return TB_OK;
    tb_status status = tb_touchpoint_reported_get(m->db, tally->reporter, &known);
    reported = known;
    if (tally->since > reported + 1)
        reported = tally->since - 1;
    if (tally->from <= reported + 1 && tally->to > reported) /* P2 */
        reported = tally->to;
    if (status == TB_OK && reported != known)
        status = tb_touchpoint_reported_set(m->db, tally->reporter, reported);
    tally->reporter = NULL;
    return status;
}

tb_status tb_report(tb_management *m, tb_event_tally *tally, const tb_event *event)
{
    const tb_terminal *terminal = tb_terminal_find(m, event->touchpoint);
    if (tally->reporter == terminal->row.id && event->number == tally->to + 1) {
        tally->to = event->number;
        tally->since = event->since > tally->since ? event->since : tally->since;
        return TB_OK;
    }
    tb_status status = tb_report_end(m, tally);
    tally->reporter = terminal->row.id;
    tally->since = event->since;
    tally->from = tally->to = event->number;
    return status;
}
