/* reports.c: which events of a terminal are in our database, told to it with its marks. Until then it keeps them,
 * whatever the broker has acknowledged: a broker writes to its disk when it likes, and may lose it (doc/adr/180).
 *
 *  P1  `reported` is a number up to which every event of the terminal has been applied, known as repeated, or set
 *      aside, in a transaction that is committed, or was known to the server before (tb_event.since).
 *  P2  It rises only without gaps: what lies behind a gap comes again, with what fills it. */
#include "management/events.h"

#include <stdlib.h>

/* One run of numbers of one terminal. Nothing is read: what is there decides in the database. */
static tb_status write_run(tb_management *m, tb_terminal *terminal)
{
    tb_report_run run = terminal->run;
    tb_status status = TB_OK;
    terminal->run = (tb_report_run){0};
    if (run.since > 1 && run.since < run.from) /* all before it was known; the run is behind a gap */
        status = tb_touchpoint_reported_raise(m->db, terminal->row.id, run.since - 1, 0);
    /* P2 */
    uint64_t least = run.since >= run.from ? 0 : run.from - 1;
    return status == TB_OK ? tb_touchpoint_reported_raise(m->db, terminal->row.id, run.to, least) : status;
}

void tb_report_begin(tb_management *m)
{
    for (size_t i = 0; i < m->reporter_count; i++) /* of what was rolled back */
        m->reporters[i]->run = (tb_report_run){0};
    m->reporter_count = 0;
}

tb_status tb_report_end(tb_management *m)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < m->reporter_count && status == TB_OK; i++)
        status = write_run(m, m->reporters[i]);
    tb_report_begin(m);
    return status;
}

static tb_status add_reporter(tb_management *m, tb_terminal *terminal)
{
    if (m->reporter_count == m->reporter_capacity) {
        size_t grown = m->reporter_capacity ? 2 * m->reporter_capacity : 16;
        tb_terminal **reporters = realloc(m->reporters, grown * sizeof(tb_terminal *));
        if (!reporters)
            return TB_NO_MEMORY;
        m->reporters = reporters;
        m->reporter_capacity = grown;
    }
    m->reporters[m->reporter_count++] = terminal;
    return TB_OK;
}

tb_status tb_report(tb_management *m, const tb_event *event)
{
    tb_terminal *terminal = tb_terminal_find(m, event->touchpoint);
    tb_report_run *run = &terminal->run;
    tb_status status = TB_OK;
    if (run->to && event->number == run->to + 1) {
        run->to = event->number;
        run->since = event->since > run->since ? event->since : run->since;
        return TB_OK;
    }
    if (run->to)
        status = write_run(m, terminal);
    else
        status = add_reporter(m, terminal);
    *run = (tb_report_run){.since = event->since, .from = event->number, .to = event->number};
    return status;
}
