/* metrics.h: counted and measured numbers of a service, as Prometheus reads them (text format 0.0.4). What there is
 * stands in metrics.def. Any thread, without the mutex. */
#ifndef MANAGEMENT_METRICS_H
#define MANAGEMENT_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include <tebura/bytes.h>

typedef enum tb_metric {
#define TB_METRIC(id, type, name, labels, help) TB_METRIC_##id,
#include "management/metrics.def"
#undef TB_METRIC
    TB_METRICS
} tb_metric;

#define TB_METRIC_UNSET INT64_MIN /* a gauge that nobody can read here is left out */

/* How long something took. */
#define TB_HISTOGRAM_BOUNDS 12
typedef struct tb_histogram {
    _Atomic uint64_t below[TB_HISTOGRAM_BOUNDS + 1]; /* the last one: longer than all bounds */
    _Atomic int64_t sum;                             /* microseconds */
} tb_histogram;

typedef struct tb_metrics {
    _Atomic int64_t values[TB_METRICS];
    tb_histogram publish; /* from the commit of the oldest row of a batch to the broker's acknowledgement */
} tb_metrics;

static inline void tb_metric_add(tb_metrics *metrics, tb_metric which, int64_t by)
{
    atomic_fetch_add_explicit(&metrics->values[which], by, memory_order_relaxed);
}
static inline void tb_metric_set(tb_metrics *metrics, tb_metric which, int64_t value)
{
    atomic_store_explicit(&metrics->values[which], value, memory_order_relaxed);
}
static inline int64_t tb_metric_get(const tb_metrics *metrics, tb_metric which)
{
    return atomic_load_explicit(&metrics->values[which], memory_order_relaxed);
}
void tb_histogram_note(tb_histogram *histogram, int64_t duration);

/* Appends all of them. `version` is the program's. */
tb_status tb_metrics_print(const tb_metrics *metrics, const char *version, tb_bytes *out) TB_MUST_CHECK;

#endif
