/* ahead.h: what the events of a delivery will ask for, asked for many of them at once (doc/adr/114).
 *
 *  H1  What was asked ahead is given out once, and only as long as nothing could have changed it: whoever changes more
 *      than the visit that it was given for drops everything first (tb_ahead_drop). Then the database is asked as ever.
 *  H2  It lives inside one change: both ends of a change drop it.
 *
 * Called with the mutex held. */
#ifndef MANAGEMENT_AHEAD_H
#define MANAGEMENT_AHEAD_H

#include "store/store.h"

typedef struct tb_management tb_management;

#define TB_AHEAD_MOST 64 /* events */

typedef struct tb_ahead { /* all sorted */
    tb_ids applied;       /* ids of events that are in the database */
    tb_ids asked;         /* those that were asked about */
    tb_ids visits;
    tb_booking *bookings;     /* TB_AHEAD_MOST; by place in `visits`; the zero id: there is none, or it was given out */
    int given[TB_AHEAD_MOST]; /* its entries were */
    tb_entries_kept entries;
} tb_ahead;

/* At most TB_AHEAD_MOST times. `visit` zero: none. */
tb_status tb_ahead_add(tb_management *m, tb_id event, tb_id visit) TB_MUST_CHECK;
tb_status tb_ahead_ask(tb_management *m) TB_MUST_CHECK;
void tb_ahead_drop(tb_management *m); /* nothing is known any more */
void tb_ahead_drop_visit(tb_management *m, tb_id visit);
void tb_ahead_free(tb_ahead *ahead);

/* 1 once: no event of this id was applied. 0: ask. */
int tb_ahead_is_new(tb_management *m, tb_id event);
/* As tb_booking_get; the database is asked where nothing is known. */
tb_status tb_ahead_booking(tb_management *m, tb_id visit, tb_booking *out) TB_MUST_CHECK;
/* As tb_entry_rows_of_visit. */
tb_status tb_ahead_entries(tb_management *m, tb_id visit, tb_entry_row_fn each, void *context) TB_MUST_CHECK;

#endif
