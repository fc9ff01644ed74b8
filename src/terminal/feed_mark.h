/* feed_mark.h: what proves that a list is whole: not that the broker is there, but that the server has said so, to this
 * terminal, of a list that is the same as the one here, and not long ago (doc/adr/130). */
#ifndef TERMINAL_FEED_MARK_H
#define TERMINAL_FEED_MARK_H

#include "terminal/list.h"
#include "terminal/site_clock.h"

typedef struct tb_feed_marks { /* the courier's */
    tb_mark last;              /* heard and not judged yet */
    int waiting;
    tb_time fresh_at; /* the server's time of the last mark that was found true; 0 never */
    tb_time heard_at; /* the latest that was heard */
    uint64_t echo;
    uint64_t differed; /* marks that told of another list */
    unsigned in_a_row;
    uint64_t reported;   /* of our events, by the last mark */
    int64_t reported_at; /* monotonic, when it was heard; 0 never */
} tb_feed_marks;

/* Keeps the mark to be judged, and sets the clock by it. TB_EXISTS: the last one once more (a snapshot brings what came
 * alive before); TB_CONFLICT: an older one, played back. */
tb_status tb_feed_mark_hear(tb_feed_marks *marks, const tb_mark *mark, tb_site_clock *clock);
/* Is the list what the last mark that was heard says? A list that is not differs for no reason yet. */
int tb_feed_mark_holds(tb_feed_marks *marks, tb_list *list);
/* Judges the one that waits, when the list can be compared: it is up to the mark's number. 1: a snapshot is needed. */
int tb_feed_mark_judge(tb_feed_marks *marks, tb_list *list);

#endif
