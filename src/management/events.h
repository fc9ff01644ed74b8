/* events.h: what the files that take events share. */
#ifndef MANAGEMENT_EVENTS_H
#define MANAGEMENT_EVENTS_H

#include "management/service.h"

/* What one event did. Counted only after the commit. */
typedef struct tb_event_tally {
    int64_t counts[TB_METRICS];
    int voids; /* payments that the provider has to be told about */
} tb_event_tally;

/* event_apply.c: applies one event that was opened, once per id and terminal. A time that cannot be becomes ours. */
tb_status tb_event_apply(tb_management *m, tb_event *event, tb_event_tally *tally) TB_MUST_CHECK;

/* reports.c: up to which number each terminal's events are here. In the transaction that applies them. */
void tb_report_begin(tb_management *m);
tb_status tb_report(tb_management *m, const tb_event *event) TB_MUST_CHECK;
tb_status tb_report_end(tb_management *m) TB_MUST_CHECK; /* before the commit */

#endif
