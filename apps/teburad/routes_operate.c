/* routes_operate.c: what whoever keeps the site running looks at: metrics, events that could not be applied. */
#include <string.h>
#include <sys/stat.h>

#include "management/metrics.h"
#include "routes.h"

static void measure_file(const teburad *s, const char *name, tb_metric metric)
{
    char path[4096];
    struct stat about;
    int known =
        snprintf(path, sizeof path, "%s/%s", s->options.data, name) < (int)sizeof path && stat(path, &about) == 0;
    tb_metric_set(tb_management_metrics(s->management), metric, known ? (int64_t)about.st_size : TB_METRIC_UNSET);
}

HANDLER(get_metrics)
{
    teburad *s = context;
    tb_bytes text = {0};
    (void)request, (void)why;
    tb_metric_set(tb_management_metrics(s->management), TB_METRIC_BROKER,
                  tb_bus_is_connected(s->bus) && atomic_load(&s->feed_is_ready));
    measure_file(s, "central.db", TB_METRIC_DATABASE_CENTRAL);
    measure_file(s, "visitor.db", TB_METRIC_DATABASE_VISITOR);
    tb_status status = tb_management_measure(s->management, TEBURA_VERSION, &text);
    if (status == TB_OK)
        status = tb_http_reply_bytes(reply, 200, "text/plain; version=0.0.4; charset=utf-8", tb_bytes_span(&text));
    tb_bytes_free(&text);
    return status;
}

static tb_status append_event(void *context, const tb_quarantined *event)
{
    json_t *one = json_pack("{s:o, s:s, s:s, s:o, s:o, s:i, s:I}", "id", json_of_id(event->id), "touchpoint",
                            event->touchpoint, "reason", event->reason, "since", json_of_time(event->since), "tried",
                            json_of_time(event->tried), "tries", event->tries, "bytes", (json_int_t)event->size);
    return one && json_array_append_new(context, one) == 0 ? TB_OK : TB_NO_MEMORY;
}

HANDLER(get_quarantine)
{
    teburad *s = context;
    json_t *events = json_array();
    (void)request, (void)why;
    tb_status status = events ? tb_management_quarantine(s->management, append_event, events) : TB_NO_MEMORY;
    if (status == TB_OK)
        return tb_http_reply_json(reply, 200, json_pack("{s:o}", "events", events));
    json_decref(events);
    return status;
}

HANDLER(post_quarantine_retry)
{
    teburad *s = context;
    tb_id id;
    (void)reply;
    tb_status status = path_id(request, &id, why);
    return status == TB_OK ? tb_management_quarantine_retry(s->management, id, why) : status;
}

HANDLER(delete_quarantine)
{
    teburad *s = context;
    tb_id id;
    (void)reply;
    tb_status status = path_id(request, &id, why);
    return status == TB_OK ? tb_management_quarantine_remove(s->management, id, why) : status;
}

HANDLER(post_clock_accept)
{
    teburad *s = context;
    (void)request, (void)reply;
    return tb_management_clock_accept(s->management, why);
}
