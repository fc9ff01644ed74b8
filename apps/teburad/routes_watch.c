/* routes_watch.c: what happens, as a long poll and as a stream of events for the console. */
#include <stdlib.h>
#include <string.h>

#include "routes.h"

#define STEP 500 /* ms: how soon a stop is seen */
#define STREAM_BATCH 64

HANDLER(get_passages)
{
    teburad *s = context;
    int64_t after, wait, max;
    int count = 0;
    tb_status status = tb_http_query_number(request, "after", 0, INT64_MAX, 0, &after, why);
    if (status == TB_OK)
        status = tb_http_query_number(request, "wait", 0, 60, 0, &wait, why);
    if (status == TB_OK)
        status = tb_http_query_number(request, "max", 1, 1000, 100, &max, why);
    if (status != TB_OK)
        return status;
    tb_passage *passages = calloc((size_t)max, sizeof *passages);
    int64_t until = tb_clock_monotonic() + wait * TB_SECOND, left;
    status = passages ? TB_OK : TB_NO_MEMORY;
    do {
        left = (until - tb_clock_monotonic()) / 1000;
        if (status == TB_OK)
            status = tb_management_passages(s->management, (uint64_t)after,
                                            left > STEP ? STEP
                                            : left > 0  ? (int)left
                                                        : 0,
                                            passages, (int)max, &count);
    } while (status == TB_OK && !count && left > 0 && !tb_http_is_stopping(request));
    if (status == TB_OK) {
        json_int_t last = count ? (json_int_t)passages[count - 1].number : after;
        status = tb_http_reply_json(
            reply, 200, json_pack("{s:o, s:I}", "passages", json_of_passages(passages, count), "last", last));
    }
    free(passages);
    return status;
}

/* ---- stream ---- */

typedef struct told_touchpoint {
    char id[TB_TOUCHPOINT_SIZE];
    uint64_t print; /* of what was told */
} told_touchpoint;

typedef struct watching {
    teburad *service;
    uint64_t after;
    int64_t looked; /* when counts and terminals were last looked at */
    int counts_told;
    tb_counts counts;
    told_touchpoint *told;
    size_t told_count;
    tb_bytes *out; /* during a call of next */
} watching;

/* FNV-1a: only to see whether something changed since we last told. */
static uint64_t fingerprint(tb_span bytes)
{
    uint64_t print = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < bytes.size; i++)
        print = (print ^ bytes.data[i]) * UINT64_C(1099511628211);
    return print;
}

static told_touchpoint *place_of(watching *w, const char *id)
{
    for (size_t i = 0; i < w->told_count; i++)
        if (strcmp(w->told[i].id, id) == 0)
            return &w->told[i];
    told_touchpoint *more = realloc(w->told, (w->told_count + 1) * sizeof *more);
    if (!more)
        return NULL;
    w->told = more;
    w->told[w->told_count] = (told_touchpoint){.print = 0};
    memcpy(w->told[w->told_count].id, id, strlen(id) + 1);
    return &w->told[w->told_count++];
}

static tb_status tell_touchpoint(void *context, const tb_touchpoint *touchpoint)
{
    watching *w = context;
    size_t before = w->out->size;
    told_touchpoint *told = place_of(w, touchpoint->id);
    json_t *json = json_of_touchpoint(touchpoint);
    tb_status status = told && json ? tb_http_event(w->out, "touchpoint", 0, json) : TB_NO_MEMORY;
    json_decref(json);
    if (status != TB_OK)
        return status;
    uint64_t print = fingerprint(tb_span_of(w->out->data + before, w->out->size - before));
    if (print == told->print)
        w->out->size = before; /* nothing new */
    told->print = print;
    return TB_OK;
}

static tb_status tell_counts(watching *w)
{
    tb_counts counts = {0};
    tb_status status = tb_management_counts(w->service->management, &counts);
    if (status != TB_OK || (w->counts_told && memcmp(&counts, &w->counts, sizeof counts) == 0))
        return status;
    json_t *json = json_of_counts(&counts);
    status = tb_http_event(w->out, "counts", 0, json);
    json_decref(json);
    w->counts = counts;
    w->counts_told = 1;
    return status;
}

static tb_status tell_passages(watching *w)
{
    tb_passage passages[STREAM_BATCH];
    int count = 0;
    tb_status status =
        tb_management_passages(w->service->management, w->after, w->looked ? STEP : 0, passages, STREAM_BATCH, &count);
    for (int i = 0; i < count && status == TB_OK; i++) {
        json_t *json = json_of_passage(&passages[i]);
        status = tb_http_event(w->out, "passage", passages[i].number, json);
        json_decref(json);
        if (status == TB_OK)
            w->after = passages[i].number;
    }
    return status;
}

static tb_status next_events(void *state, tb_bytes *out)
{
    watching *w = state;
    w->out = out;
    tb_status status = tell_passages(w);
    if (status == TB_OK && (!w->looked || tb_clock_monotonic() - w->looked > TB_SECOND)) {
        status = tell_counts(w);
        if (status == TB_OK)
            status = tb_management_touchpoints(w->service->management, tell_touchpoint, w);
        w->looked = tb_clock_monotonic();
    }
    return status;
}

static void end_watching(void *state)
{
    watching *w = state;
    free(w->told);
    free(w);
}

/* The number of the newest passage: the least one after which there is none. */
static tb_status newest(teburad *s, uint64_t *out)
{
    uint64_t low = 0, high = INT64_MAX;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        tb_passage passage;
        int count = 0;
        tb_status status = tb_management_passages(s->management, middle, 0, &passage, 1, &count);
        if (status != TB_OK)
            return status;
        if (count)
            low = passage.number;
        else
            high = middle;
    }
    *out = low;
    return TB_OK;
}

HANDLER(get_stream)
{
    teburad *s = context;
    const char *last = tb_http_header(request, "Last-Event-ID");
    int64_t after = -1;
    tb_status status = tb_http_query_number(request, "after", 0, INT64_MAX, -1, &after, why);
    if (status == TB_OK && last && *last && strspn(last, DIGITS) == strlen(last) && strlen(last) < 19)
        after = strtoll(last, NULL, 10); /* a reconnection says where it was */
    watching *w = calloc(1, sizeof *w);
    if (status == TB_OK && !w)
        status = TB_NO_MEMORY;
    if (status == TB_OK && after < 0)
        status = newest(s, &w->after);
    else if (w)
        w->after = (uint64_t)after;
    if (status != TB_OK) {
        free(w);
        return status;
    }
    w->service = s;
    return tb_http_reply_stream(reply, next_events, end_watching, w);
}
