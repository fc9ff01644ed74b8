/* events.c: what terminals did: a delivery is applied in one transaction.
 *
 *  E1  What is not from a terminal of ours, or does not open, is dropped: it would fill the disk for whoever sends it.
 *  E2  What is genuine is never dropped: one that cannot be applied for good goes into the quarantine, and those
 *      before and
 *      behind it are applied. What may pass by itself (no memory, a full disk) has the delivery come again. */
#include "management/events.h"

#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>

#define NOBODY (-1)

/* Opens one sealed event. TB_UNAUTHORISED, TB_CRYPTO, TB_FORBIDDEN: it is not genuine; what tb_event_decode says: it
 * is. */
static tb_status open_event(tb_management *m, const tb_sealed_event *sealed, tb_event *out)
{
    const char *dot = strrchr(sealed->subject, '.');
    const tb_terminal *terminal = dot ? tb_terminal_find(m, dot + 1) : NULL;
    tb_bytes plain = {0};
    if (!terminal || !terminal->row.registered)
        return TB_UNAUTHORISED;
    tb_status status = tb_open(&terminal->from, tb_span_text(sealed->subject), sealed->body, &plain);
    if (status != TB_OK && status != TB_NO_MEMORY)
        status = TB_CRYPTO; /* cut short or changed: nobody knows who it was */
    if (status == TB_OK)
        status = tb_event_decode(tb_bytes_span(&plain), out, NULL);
    if (status == TB_OK && strcmp(out->touchpoint, terminal->row.id) != 0)
        status = TB_FORBIDDEN; /* sealed by one terminal, signed as another */
    tb_bytes_free(&plain);
    return status;
}

/* 1 when it is to be dropped (E1). */
static int is_refused(const tb_sealed_event *event, tb_status status, tb_event_tally *tally)
{
    tb_metric reason = status == TB_UNAUTHORISED ? TB_METRIC_REFUSED_UNKNOWN
                       : status == TB_CRYPTO     ? TB_METRIC_REFUSED_SEAL
                       : status == TB_FORBIDDEN  ? TB_METRIC_REFUSED_FORGED
                                                 : TB_METRICS;
    if (reason == TB_METRICS)
        return 0;
    tb_log(TB_LOG_WARNING, "management", "an event on %.120s was dropped: %s", event->subject,
           status == TB_UNAUTHORISED ? "no registered terminal has this name" : tb_status_sentence(status));
    tally->counts[reason]++;
    tally->counts[TB_METRIC_EVENTS_REFUSED]++;
    return 1;
}

int tb_status_may_pass(tb_status status)
{
    return status == TB_NO_MEMORY || status == TB_IO || status == TB_DISK_FULL || status == TB_DB_LOCKED ||
           status == TB_DB_GONE || status == TB_BUS_DOWN || status == TB_TIMEOUT;
}

typedef struct taken {
    tb_event event;
    tb_status status;
} taken;

static int changes_visit(const taken *one)
{
    return one->status == TB_OK && one->event.kind != TB_EVENT_REFUSAL && one->event.kind != TB_EVENT_PAYMENT_VOID;
}

/* Opens some events, and asks for all of them together what each will need. */
static tb_status prepare(tb_management *m, const tb_sealed_event *events, int count, taken *out)
{
    tb_status status = TB_OK;
    tb_ahead_drop(m);
    for (int i = 0; i < count && status == TB_OK; i++) {
        out[i].status = open_event(m, &events[i], &out[i].event);
        if (out[i].status == TB_OK && count > 1)
            status = tb_ahead_add(m, out[i].event.id, changes_visit(&out[i]) ? out[i].event.visit : (tb_id){{0}});
    }
    return status == TB_OK && count > 1 ? tb_ahead_ask(m) : status;
}

static tb_status apply_one(tb_management *m, const tb_sealed_event *sealed, taken *one, tb_event_tally *tally)
{
    if (one->status != TB_OK && is_refused(sealed, one->status, tally))
        return TB_OK;
    tb_status status = one->status == TB_OK ? tb_event_apply(m, &one->event, tally) : one->status;
    return status == TB_OK ? tb_report(m, &one->event) : status;
}

/* *at: the one that failed, or NOBODY. */
static tb_status apply_all(tb_management *m, const tb_sealed_event *events, int count, tb_event_tally *tally, int *at)
{
    taken *some = malloc((size_t)(count < TB_AHEAD_MOST ? count : TB_AHEAD_MOST) * sizeof *some);
    tb_status status = some ? TB_OK : TB_NO_MEMORY;
    *at = NOBODY;
    tb_report_begin(m);
    for (int from = 0; from < count && status == TB_OK; from += TB_AHEAD_MOST) {
        int together = count - from < TB_AHEAD_MOST ? count - from : TB_AHEAD_MOST;
        status = prepare(m, &events[from], together, some);
        for (int i = 0; i < together && status == TB_OK; i++) {
            status = apply_one(m, &events[from + i], &some[i], tally);
            *at = status == TB_OK ? NOBODY : from + i;
        }
    }
    free(some);
    return status == TB_OK ? tb_report_end(m) : status;
}

static void add_tally(tb_management *m, tb_event_tally *sum, const tb_event_tally *tally)
{
    sum->voids += tally->voids;
    for (int i = 0; i < TB_METRICS; i++)
        if (tally->counts[i])
            tb_metric_add(&m->metrics, (tb_metric)i, tally->counts[i]);
}

/* One transaction. *at: the event that did not go, NOBODY when the commit did not. */
static tb_status try_all(tb_management *m, const tb_sealed_event *events, int count, tb_event_tally *sum, int *at)
{
    tb_event_tally tally = {0};
    *at = NOBODY;
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, apply_all(m, events, count, &tally, at));
    if (status == TB_OK)
        add_tally(m, sum, &tally);
    return status;
}

/* What does not even open as an event has no number that we know: its terminal sends it again for a while. */
static tb_status set_aside(tb_management *m, const tb_sealed_event *sealed, tb_status cause, int *full)
{
    tb_event event;
    tb_status status = tb_quarantine_keep(m, sealed, cause, full);
    if (status != TB_OK || *full || open_event(m, sealed, &event) != TB_OK)
        return status;
    tb_report_begin(m);
    status = tb_report(m, &event);
    return status == TB_OK ? tb_report_end(m) : status;
}

static tb_status keep(tb_management *m, const tb_sealed_event *event, tb_status cause)
{
    int full = 0;
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, set_aside(m, event, cause, &full));
    if (status == TB_OK)
        tb_metric_add(&m->metrics, full ? TB_METRIC_REFUSED_FULL : TB_METRIC_EVENTS_QUARANTINED, 1);
    return status;
}

/* E2. What stands before the one that failed is applied; should the commit itself fail, halves are tried. Set aside is
 * only what fails alone: a statement that nobody waited for fails where the next one is waited for (tb_db_run_later),
 * perhaps in somebody else's event. Ends: every call below is for fewer events. */
static tb_status apply(tb_management *m, const tb_sealed_event *events, int count, tb_event_tally *sum)
{
    while (count > 0) {
        int bad;
        tb_status status = try_all(m, events, count, sum, &bad);
        if (status == TB_OK || tb_status_may_pass(status))
            return status;
        if (count == 1)
            return keep(m, events, status);
        int some = bad == NOBODY ? count / 2 : bad > 0 ? bad : 1;
        status = apply(m, events, some, sum);
        if (status != TB_OK)
            return status;
        events += some;
        count -= some;
    }
    return TB_OK;
}

/* The provider is told outside of the transaction; what fails is told again by tick. */
static void tell_provider(tb_management *m, const tb_event_tally *sum)
{
    tb_status told = sum->voids ? tb_payments_settle(m, 0) : TB_OK;
    if (told != TB_OK)
        tb_log(TB_LOG_WARNING, "management", "a reversal waits: %s", tb_status_sentence(told));
}

tb_status tb_management_events(tb_management *m, const tb_sealed_event *events, int count)
{
    tb_event_tally sum = {0};
    tb_service_lock(m);
    tb_status status = apply(m, events, count, &sum);
    tb_service_unlock(m);
    tell_provider(m, &sum);
    return status;
}

static tb_status apply_quarantined(tb_management *m, tb_event *event, tb_id row, tb_event_tally *tally)
{
    event->number = 0; /* it counts as reported, so its number does not say whether it was applied */
    tb_status status = tb_event_apply(m, event, tally);
    return status == TB_OK ? tb_quarantine_remove(m->db, row) : status;
}

tb_status tb_events_once_more(tb_management *m, const tb_sealed_event *sealed, tb_id row)
{
    tb_event_tally tally = {0}, sum = {0};
    tb_event event;
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK) {
        status = open_event(m, sealed, &event); /* its terminal may be gone by now: then it stays where it is */
        if (status == TB_OK)
            status = apply_quarantined(m, &event, row, &tally);
        status = tb_change_end(m, status);
    }
    if (status == TB_OK)
        add_tally(m, &sum, &tally);
    tb_service_unlock(m);
    tell_provider(m, &sum);
    return status;
}
