/* later.c: roles whose terminals are told of new entries together, at an interval (A7, doc/adr/164): signs on
 * batteries, links that cost money.
 *
 *  P1  Only what is new waits. What leaves a list, or changes on it, is told at once.
 *  P2  What is new waits until the clock's next multiple of the role's interval, and never so long that it would not be
 *      there when its window opens.
 *  P3  Of what came and went while it waited the terminal never hears.
 *  P4  Whatever has a row written while it waits (a start, a list that is new), what is sent says "absent": else P3
 *      would leave it at the terminal when it goes (tb_later_is_told). */
#include "management/service.h"

#include <string.h>

#define BATCH 256
#define EARLIER (10 * TB_SECOND) /* than the window opens: it has to travel */

tb_status tb_later_new(tb_management *m, tb_terminal *terminal, const tb_entry_row *row, int *waits)
{
    tb_time now = tb_service_now(m), every = terminal->view.deliver_every;
    *waits = 0;
    if (every <= 0 || m->filling)
        return TB_OK;
    tb_time due = (now / every + 1) * every, needed = row->from - EARLIER;
    if (row->from > now && needed < due) /* P2 */
        due = needed;
    *waits = due > now;
    return *waits ? tb_later_put(m->db, row->visit, terminal->row.id, due) : TB_OK;
}

tb_status tb_later_changed(tb_management *m, tb_terminal *terminal, const tb_entry_row *row, tb_id visit, int *waits)
{
    *waits = 0;
    if (terminal->view.deliver_every <= 0)
        return TB_OK;
    tb_status status = tb_later_remove(m->db, visit, terminal->row.id, waits); /* P3 */
    return status == TB_OK && *waits && row ? tb_later_new(m, terminal, row, waits) : status;
}

tb_status tb_later_is_told(tb_management *m, const tb_terminal *terminal, tb_id visit, int *told)
{
    int waits = 0;
    tb_status status =
        terminal && terminal->view.deliver_every > 0 ? tb_later_waits(m->db, visit, terminal->row.id, &waits) : TB_OK;
    *told = !waits;
    return status;
}

typedef struct waiting {
    struct {
        tb_id visit;
        char touchpoint[TB_TOUCHPOINT_SIZE];
    } items[BATCH];
    int count;
} waiting;

static tb_status take(void *context, tb_id visit, const char *touchpoint)
{
    waiting *w = context;
    w->items[w->count].visit = visit;
    memcpy(w->items[w->count++].touchpoint, touchpoint, TB_TOUCHPOINT_SIZE);
    return TB_OK;
}

static tb_status announce(tb_management *m, const waiting *w)
{
    tb_status status = TB_OK;
    for (int i = 0; i < w->count && status == TB_OK; i++) {
        int was_there;
        tb_terminal *terminal = tb_terminal_find(m, w->items[i].touchpoint);
        status = tb_later_remove(m->db, w->items[i].visit, w->items[i].touchpoint, &was_there);
        if (status == TB_OK && terminal)
            status = tb_announce(m, terminal, w->items[i].visit);
    }
    return status;
}

tb_status tb_later_tick(tb_management *m, tb_time now, tb_time *next)
{
    waiting w;
    tb_status status;
    do {
        w.count = 0;
        status = tb_later_due(m->db, now, BATCH, take, &w);
        if (status == TB_OK && w.count) {
            status = tb_change_begin(m);
            if (status == TB_OK)
                status = tb_change_end(m, announce(m, &w));
        }
    } while (status == TB_OK && w.count == BATCH);
    return status == TB_OK ? tb_later_next(m->db, next) : status;
}
