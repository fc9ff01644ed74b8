/* feed_mark.c: marks, one after the other: heard, then held against the list. */
#include "terminal/feed_mark.h"

#include <string.h>

#include <tebura/log.h>

tb_status tb_feed_mark_hear(tb_feed_marks *marks, const tb_mark *mark, tb_site_clock *clock)
{
    int64_t delay = clock ? tb_site_clock_delay(clock, mark) : -1;
    int echoes = delay >= 0 && mark->echo > marks->echo; /* made after a heartbeat of this very run */
    if (memcmp(mark, &marks->last, sizeof *mark) == 0)
        return TB_EXISTS;
    if (!echoes && mark->at <= marks->heard_at)
        return TB_CONFLICT;
    if (clock)
        tb_site_clock_hear(clock, mark->at, echoes ? delay : -1);
    if (echoes)
        marks->echo = mark->echo;
    marks->heard_at = mark->at > marks->heard_at ? mark->at : marks->heard_at;
    marks->reported = mark->reported;
    marks->reported_at = tb_clock_monotonic();
    marks->last = *mark;
    marks->waiting = 1;
    return TB_OK;
}

static int differs(tb_feed_marks *marks, const tb_list_digest *list)
{
    marks->differed++;
    marks->in_a_row++;
    if (marks->in_a_row == 1)
        tb_log(TB_LOG_WARNING, "terminal",
               "the server's list has %llu entries, and is not the one here (%llu): it is read anew",
               (unsigned long long)marks->last.entries, (unsigned long long)list->entries);
    return (marks->in_a_row & (marks->in_a_row - 1)) == 0; /* 1, 2, 4, 8 ... */
}

static void found_true(tb_feed_marks *marks, tb_list *list)
{
    const tb_mark *mark = &marks->last;
    /* the last numbers may have been removals that nobody keeps any more */
    tb_list_note_sequence(list, mark->sequence);
    if (marks->in_a_row)
        tb_log(TB_LOG_INFO, "terminal", "the list is the server's again: %llu entries",
               (unsigned long long)mark->entries);
    marks->in_a_row = 0;
    marks->fresh_at = mark->at;
}

static int is_of(const tb_mark *mark, const tb_list_digest *digest)
{
    return digest->entries == mark->entries && memcmp(digest->bytes, mark->digest, sizeof digest->bytes) == 0;
}

int tb_feed_mark_holds(tb_feed_marks *marks, tb_list *list)
{
    tb_list_digest digest = tb_list_digest_of(list, &marks->last.salt);
    if (!marks->heard_at || !is_of(&marks->last, &digest))
        return 0;
    marks->waiting = 0;
    found_true(marks, list);
    return 1;
}

int tb_feed_mark_judge(tb_feed_marks *marks, tb_list *list)
{
    const tb_mark *mark = &marks->last;
    if (!marks->waiting)
        return 0;
    tb_list_digest digest = tb_list_digest_of(list, &mark->salt);
    int again = marks->waiting++ > 1;
    if (is_of(mark, &digest)) {
        marks->waiting = 0;
        found_true(marks, list);
        return 0;
    }
    if (digest.sequence < mark->sequence && !again)
        return 1; /* what is missing is asked for first, and then the mark is judged once more */
    marks->waiting = 0;
    if (mark->sequence && digest.sequence > mark->sequence)
        return 0; /* later values are here already: the next mark will do */
    return differs(marks, &digest);
}
