/* forget.c: how long rows stay that nobody will ask for again (doc/adr/115 has the table of all tables).
 *
 *  F1  A terminal's event is known as applied for as long as it can come again: by its row, then by its number. Rows go
 *      only up to a number up to which every event of the terminal is applied (`reported`, reports.c), and `forgotten`
 *      rises to it in the same transaction.
 *  F2  What names a visit or a person goes in the transaction that ends the visit or erases the person, not later.
 *  F3  Each transaction takes few rows away: events do not wait for long. */
#include "management/service.h"

#define EACH_MOST 500 /* rows of one table in one transaction */
#define AGAIN TB_HOUR

/* What is asked again later than that is refused for its time, or knows by itself that it was done (ADR 115). */
#define APPLIED_KEPT (2 * TB_DAY)
#define CHANGES_MOST 200000 /* who has slept through more, or longer, reads everything again */

typedef struct lifetime {
    tb_time kept;
    tb_status (*expire)(tb_db *db, tb_time before, int max, int64_t *removed);
    tb_metric counter;
} lifetime;

static const lifetime lifetimes[] = {
    {30 * TB_DAY, tb_passages_expire, TB_METRIC_FORGOT_PASSAGES},
    {3 * TB_DAY, tb_flights_expire, TB_METRIC_FORGOT_FLIGHTS},
    /* one that comes again later than that is too old by its time anyway */
    {7 * TB_DAY, tb_messages_expire, TB_METRIC_FORGOT_MESSAGES},
    {7 * TB_DAY, tb_occasions_expire, TB_METRIC_FORGOT_OCCASIONS},
    {90 * TB_DAY, tb_quarantine_expire, TB_METRIC_FORGOT_QUARANTINE},
};
#define LIFETIMES (sizeof lifetimes / sizeof *lifetimes)

tb_status tb_visit_forget(tb_management *m, tb_id visit)
{
    tb_status (*const steps[])(tb_db *, tb_id) = {tb_applied_forget, tb_passages_forget, tb_payments_forget,
                                                  tb_booking_remove};
    m->ended++;
    tb_status status = tb_visit_end(m, visit); /* I6 */
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == TB_OK; i++)
        status = steps[i](m->db, visit);
    return status;
}

static void note_gone(void *context, const char *source, uint64_t number)
{
    tb_terminal *terminal = tb_terminal_find(context, source);
    if (terminal && number > terminal->forgotten)
        terminal->forgotten = number;
}

/* F1 */
static tb_status forget_applied(tb_management *m, tb_time now, int64_t *removed)
{
    int raised = 0;
    for (size_t i = 0; i < m->terminal_count; i++)
        m->terminals[i]->forgotten = m->terminals[i]->row.forgotten;
    const tb_applied_end end = {now - APPLIED_KEPT, now - TB_EVENT_OLDEST, EACH_MOST, note_gone, m};
    tb_status status = tb_applied_expire(m->db, &end, removed);
    for (size_t i = 0; i < m->terminal_count && status == TB_OK; i++) {
        const tb_terminal *terminal = m->terminals[i];
        if (terminal->forgotten == terminal->row.forgotten)
            continue;
        status = tb_touchpoint_forgotten_set(m->db, terminal->row.id, terminal->forgotten);
        raised = 1;
    }
    return status == TB_OK && raised ? tb_change_note(m->db, TB_CHANGED_TOUCHPOINTS, (tb_id){{0}}) : status;
}

typedef struct forgot {
    int64_t applied, changes, of[LIFETIMES];
} forgot;

static tb_status forget_all(tb_management *m, tb_time now, forgot *out)
{
    tb_status status = forget_applied(m, now, &out->applied);
    if (status == TB_OK && tb_db_is_shared(m->db)) /* by the clock that wrote them */
        status = tb_changes_expire(m->db, tb_clock_now() - TB_HOUR, CHANGES_MOST, EACH_MOST, &out->changes);
    for (size_t i = 0; i < LIFETIMES && status == TB_OK; i++)
        status = lifetimes[i].expire(m->db, now - lifetimes[i].kept, EACH_MOST, &out->of[i]);
    return status;
}

static void count(tb_management *m, const forgot *done, int *more)
{
    tb_metric_add(&m->metrics, TB_METRIC_FORGOT_APPLIED, done->applied);
    tb_metric_add(&m->metrics, TB_METRIC_FORGOT_CHANGES, done->changes);
    *more = done->applied > 0 || done->changes > 0;
    for (size_t i = 0; i < LIFETIMES; i++) {
        tb_metric_add(&m->metrics, lifetimes[i].counter, done->of[i]);
        *more |= done->of[i] > 0;
    }
}

tb_status tb_forget(tb_management *m, tb_time now, tb_time *next, int *more)
{
    forgot done = {0};
    if (now < m->forget_due && m->forget_due <= now + AGAIN) { /* else the clock was set back */
        *next = m->forget_due;
        return TB_OK;
    }
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, forget_all(m, now, &done));
    if (status != TB_OK)
        return status;
    for (size_t i = 0; i < m->terminal_count; i++)
        m->terminals[i]->row.forgotten = m->terminals[i]->forgotten;
    count(m, &done, more);
    if (!*more)
        m->forget_due = now + AGAIN;
    *next = now + AGAIN;
    return TB_OK;
}
