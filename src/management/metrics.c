/* metrics.c: see metrics.h. */
#include "management/metrics.h"

#include <inttypes.h>
#include <string.h>

typedef enum kind { COUNTER, GAUGE, SECONDS } kind;

static const struct {
    kind type;
    const char *name, *labels, *help;
} described[TB_METRICS] = {
#define TB_METRIC(id, type, name, labels, help) {type, name, labels, help},
#include "management/metrics.def"
#undef TB_METRIC
};

/* Milliseconds: a terminal is to know within 50. */
static const int bounds[TB_HISTOGRAM_BOUNDS] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 30000};

void tb_histogram_note(tb_histogram *histogram, int64_t duration)
{
    int place = 0;
    while (place < TB_HISTOGRAM_BOUNDS && duration > (int64_t)bounds[place] * 1000)
        place++;
    atomic_fetch_add_explicit(&histogram->below[place], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, duration, memory_order_relaxed);
}

static tb_status print_head(const char *name, const char *type, const char *help, tb_bytes *out)
{
    return tb_bytes_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Of the first line of that name, which may not be the first that is set. */
static const char *help_of(int which)
{
    while (which > 0 && strcmp(described[which - 1].name, described[which].name) == 0)
        which--;
    return described[which].help;
}

static tb_status print_value(int which, int64_t value, tb_bytes *out)
{
    const char *labels = described[which].labels;
    tb_status status = tb_bytes_print(out, *labels ? "%s{%s} " : "%s%s ", described[which].name, labels);
    if (status != TB_OK)
        return status;
    return described[which].type == SECONDS ? tb_bytes_print(out, "%.6f\n", (double)value / 1e6)
                                            : tb_bytes_print(out, "%" PRId64 "\n", value);
}

static tb_status print_histogram(const char *name, const char *help, const tb_histogram *histogram, tb_bytes *out)
{
    uint64_t count = 0;
    tb_status status = print_head(name, "histogram", help, out);
    for (int i = 0; i < TB_HISTOGRAM_BOUNDS && status == TB_OK; i++) {
        count += atomic_load_explicit(&histogram->below[i], memory_order_relaxed);
        status = tb_bytes_print(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, bounds[i] / 1e3, count);
    }
    count += atomic_load_explicit(&histogram->below[TB_HISTOGRAM_BOUNDS], memory_order_relaxed);
    if (status != TB_OK)
        return status;
    double sum = (double)atomic_load_explicit(&histogram->sum, memory_order_relaxed) / 1e6;
    return tb_bytes_print(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.6f\n%s_count %" PRIu64 "\n", name, count,
                          name, sum, name, count);
}

tb_status tb_metrics_print(const tb_metrics *metrics, const char *version, tb_bytes *out)
{
    const char *last = "";
    tb_status status = print_head("tebura_build_info", "gauge", "The program's version.", out);
    if (status == TB_OK)
        status = tb_bytes_print(out, "tebura_build_info{version=\"%s\"} 1\n", version);
    for (int i = 0; i < TB_METRICS && status == TB_OK; i++) {
        int64_t value = tb_metric_get(metrics, (tb_metric)i);
        if (value == TB_METRIC_UNSET)
            continue;
        if (strcmp(last, described[i].name) != 0)
            status = print_head(described[i].name, described[i].type == COUNTER ? "counter" : "gauge", help_of(i), out);
        last = described[i].name;
        if (status == TB_OK)
            status = print_value(i, value, out);
    }
    return status == TB_OK ? print_histogram("tebura_feed_publish_seconds",
                                             "From a list's change to the broker's acknowledgement, oldest of a batch.",
                                             &metrics->publish, out)
                           : status;
}
