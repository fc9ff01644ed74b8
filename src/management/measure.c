/* measure.c: what there is, counted when somebody asks for the metrics. */
#include "management/service.h"

typedef struct question {
    const char *sql;
    tb_metric metric;
} question;

static tb_status count_rows(tb_management *m)
{
    static const question questions[] = {
        {"SELECT count(*) FROM central.person", TB_METRIC_PEOPLE},
        {"SELECT count(*) FROM visitor.visit", TB_METRIC_VISITORS},
        {"SELECT count(*) FROM visitor.entry", TB_METRIC_ENTRIES},
        {"SELECT count(*) FROM central.quarantine", TB_METRIC_QUARANTINE},
        /* without reading them all */
        {"SELECT coalesce(max(number) - min(number) + 1, 0) FROM central.passage", TB_METRIC_ROWS_PASSAGES},
        {"SELECT coalesce(max(number) - min(number) + 1, 0) FROM visitor.change", TB_METRIC_ROWS_CHANGES},
        {"SELECT count(*) FROM central.flight", TB_METRIC_ROWS_FLIGHTS},
        {"SELECT count(*) FROM central.occasion", TB_METRIC_ROWS_OCCASIONS}};
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof questions / sizeof *questions && status == TB_OK; i++) {
        uint64_t count = 0;
        status = tb_store_count(m->db, questions[i].sql, &count);
        if (status == TB_OK)
            tb_metric_set(&m->metrics, questions[i].metric, (int64_t)count);
    }
    return status;
}

static tb_status measure_applied(tb_management *m)
{
    tb_time oldest = 0;
    tb_status status = tb_applied_oldest(m->db, &oldest);
    tb_metric_set(&m->metrics, TB_METRIC_APPLIED_AGE, oldest ? tb_service_now(m) - oldest : 0);
    return status;
}

static tb_status count_payments(tb_management *m)
{
    int64_t counts[TB_PAYMENT_VOIDED + 1];
    tb_status status = tb_payment_counts(m->db, counts);
    for (int state = TB_PAYMENT_PENDING; state <= TB_PAYMENT_VOIDED && status == TB_OK; state++)
        tb_metric_set(&m->metrics, (tb_metric)(TB_METRIC_PAYMENTS_PENDING + state - TB_PAYMENT_PENDING), counts[state]);
    return status;
}

static void count_terminals(tb_management *m)
{
    int64_t announced = 0, connected = 0, stale = 0, now = tb_clock_monotonic();
    int64_t unused = 0, refused = 0, jumped = 0; /* as their last heartbeats say */
    for (size_t i = 0; i < m->terminal_count; i++) {
        const tb_terminal *terminal = m->terminals[i];
        unused += terminal->row.last.stale;
        refused += (int64_t)terminal->row.last.refused;
        jumped += terminal->row.last.clock_jumped;
        if (!terminal->row.registered)
            announced++;
        else if (terminal->heard_at && now - terminal->heard_at < TB_TERMINAL_SILENT)
            connected++;
        else
            stale++;
    }
    tb_metric_set(&m->metrics, TB_METRIC_TERMINALS_ANNOUNCED, announced);
    tb_metric_set(&m->metrics, TB_METRIC_TERMINALS_CONNECTED, connected);
    tb_metric_set(&m->metrics, TB_METRIC_TERMINALS_STALE, stale);
    tb_metric_set(&m->metrics, TB_METRIC_LISTS_STALE, unused);
    tb_metric_set(&m->metrics, TB_METRIC_FEED_REFUSED, refused);
    tb_metric_set(&m->metrics, TB_METRIC_CLOCKS_JUMPED, jumped);
}

static tb_status measure_outbox(tb_management *m)
{
    int64_t rows = 0, taken = atomic_load(&m->batch_since), since = taken ? taken : m->outbox_since;
    tb_status status = tb_outbox_count(m->db, atomic_load(&m->outbox_done), &rows);
    tb_metric_set(&m->metrics, TB_METRIC_OUTBOX_ROWS, rows);
    tb_metric_set(&m->metrics, TB_METRIC_OUTBOX_AGE, rows && since ? tb_clock_monotonic() - since : 0);
    return status;
}

tb_metrics *tb_management_metrics(tb_management *m)
{
    return &m->metrics;
}

tb_status tb_management_measure(tb_management *m, const char *version, tb_bytes *out)
{
    tb_clock_state clock;
    tb_management_clock(m, &clock);
    tb_service_lock(m);
    tb_status status = count_rows(m);
    if (status == TB_OK)
        status = count_payments(m);
    if (status == TB_OK)
        status = measure_applied(m);
    if (status == TB_OK)
        status = measure_outbox(m);
    count_terminals(m);
    tb_service_unlock(m);
    return status == TB_OK ? tb_metrics_print(&m->metrics, version, out) : status;
}
