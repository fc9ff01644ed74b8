/* passages.c: people pass, at moments that were set before: who is late because the system is busy counts as late. Time
 * runs from the moment at which somebody passes until the last of the lists has changed, is opened and stored. */
#include "feed/feed.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 30, IDLE = 5 }; /* seconds */

typedef struct passage {
    int visit;
    int64_t due, sent; /* monotonic */
    _Atomic int64_t when[FEED_DOORS];
} passage;

typedef struct run {
    feed_bench *bench;
    passage *passages;
    int count, wanted;
} run;

typedef struct sender {
    run *run;
    int first, step;
} sender;

void feed_moments(int rate, int count, int64_t *out)
{
    uint64_t seed = (uint64_t)rate;
    double at = 0;
    for (int i = 0; i < count; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double chance = ((double)(seed >> 11) + 1) / 9007199254740993.0;
        out[i] = (int64_t)at;
        at += -log(chance) * 1e6 / rate;
    }
}

void feed_sleep_until(int64_t monotonic)
{
    struct timespec at = {.tv_sec = monotonic / TB_SECOND, .tv_nsec = monotonic % TB_SECOND * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

/* One thread for each entrance, as people pass one after the other. */
static void *send_all(void *context)
{
    const sender *s = context;
    run *r = s->run;
    const feed_site *site = &r->bench->site;
    crowd_terminal *terminals = r->bench->crowd.terminals;
    for (int i = s->first; i < r->count; i += s->step) {
        passage *p = &r->passages[i];
        tb_id visit = site->visits[p->visit];
        feed_sleep_until(p->due);
        for (int d = 0; d < FEED_DOORS; d++)
            crowd_expect(&terminals[feed_door_of(site, p->visit, d)], visit, r->wanted, &p->when[d]);
        p->sent = tb_clock_monotonic();
        crowd_pass(&terminals[r->wanted ? feed_entrance_of(site, p->visit) : feed_door_of(site, p->visit, 0)], visit);
    }
    return NULL;
}

int feed_next_to_enter(feed_bench *b)
{
    while (b->next_visit < b->options.visits) {
        int visit = b->next_visit++;
        if (!b->has_passed[visit] && feed_door_of(&b->site, visit, FEED_DOORS - 1) < b->crowd.open) {
            b->has_passed[visit] = 1;
            return b->passed[b->passed_count++] = visit;
        }
    }
    return -1;
}

static int next_to_sit(feed_bench *b)
{
    return b->next_seated < b->passed_count ? b->passed[b->next_seated++] : -1;
}

static void plan(run *r, int rate)
{
    int64_t *moments = calloc((size_t)r->count, sizeof *moments), begin = tb_clock_monotonic() + TB_SECOND / 5;
    r->passages = calloc((size_t)r->count, sizeof *r->passages);
    feed_need(moments && r->passages ? TB_OK : TB_NO_MEMORY, NULL, "passages");
    feed_moments(rate, r->count, moments);
    for (int i = 0; i < r->count; i++) {
        int visit = r->wanted ? feed_next_to_enter(r->bench) : next_to_sit(r->bench);
        if (visit < 0)
            r->count = i;
        else
            r->passages[i] = (passage){.visit = visit, .due = begin + moments[i]};
    }
    feed_need(r->count ? TB_OK : TB_INVALID_ARGUMENT, NULL, "there are not enough visits for these passages");
    free(moments);
}

static void send_to_all(run *r)
{
    pthread_t threads[FEED_ENTRANCES_MAX];
    sender senders[FEED_ENTRANCES_MAX];
    int step = r->bench->site.entrances;
    for (int i = 0; i < step; i++) {
        senders[i] = (sender){r, i, step};
        feed_need(pthread_create(&threads[i], NULL, send_all, &senders[i]) == 0 ? TB_OK : TB_NO_MEMORY, NULL,
                  "a thread");
    }
    for (int i = 0; i < step; i++)
        pthread_join(threads[i], NULL);
}

/* What did not come counts with the time for which it was waited; how many. */
static int give_up_rest(run *r)
{
    int missing = 0;
    crowd_expect_nothing(&r->bench->crowd);
    for (int i = 0; i < r->count; i++) {
        int came = 1;
        for (int d = 0; d < FEED_DOORS; d++) {
            int64_t never = 0;
            came &= !atomic_compare_exchange_strong(&r->passages[i].when[d], &never, tb_clock_monotonic());
        }
        missing += !came;
    }
    return missing;
}

/* How many passages did not come to every list. */
static int wait_for_all(run *r)
{
    int64_t until = tb_clock_monotonic() + PATIENCE * TB_SECOND;
    for (int i = 0, d = 0; i < r->count;) {
        if (atomic_load(&r->passages[i].when[d])) {
            d = (d + 1) % FEED_DOORS;
            i += d == 0;
        } else if (tb_clock_monotonic() > until) {
            return give_up_rest(r);
        } else {
            usleep(2000);
        }
    }
    return 0;
}

static double last_ms(const passage *p)
{
    int64_t last = 0;
    for (int d = 0; d < FEED_DOORS; d++)
        last = atomic_load(&p->when[d]) > last ? atomic_load(&p->when[d]) : last;
    return (double)(last - p->due) / 1000;
}

feed_work feed_work_since(const feed_bench *b, const feed_work *before)
{
    feed_work was = before ? *before : (feed_work){0};
    return (feed_work){feed_processor(b->server.pid) - was.server, feed_processor(b->broker) - was.broker,
                       feed_processor(getpid()) - was.terminals};
}

static json_t *result_of(const run *r, int rate, const feed_work *before, int missing)
{
    double *all = calloc((size_t)r->count, sizeof *all), *late = calloc((size_t)r->count, sizeof *late);
    feed_work work = feed_work_since(r->bench, before);
    feed_need(all && late ? TB_OK : TB_NO_MEMORY, NULL, "times");
    for (int i = 0; i < r->count; i++) {
        all[i] = last_ms(&r->passages[i]);
        late[i] = (double)(r->passages[i].sent - r->passages[i].due) / 1000;
    }
    double took = (double)(r->passages[r->count - 1].due - r->passages[0].due) / 1e6;
    double each = 1e3 / r->count; /* ms of processor time for a passage */
    spread whole = spread_of(all, r->count), lateness = spread_of(late, r->count);
    fprintf(stderr, "%9d %8d %8d %9.1f %9.1f %9.1f %9.1f %10.2f %10.2f %10.2f\n", r->bench->crowd.open, rate, r->count,
            whole.p50, whole.p99, whole.most, lateness.p99, work.server * each, work.broker * each,
            work.terminals * each);
    if (missing)
        fprintf(stderr, "          %d of them were not on every list %d s after the last had passed\n", missing,
                PATIENCE);
    json_t *out = json_pack("{s:i, s:i, s:f, s:i, s:o, s:o, s:{s:f, s:f, s:f}}", "connected", r->bench->crowd.open,
                            "rate", rate, "offered", took > 0 ? r->count / took : 0, "missing", missing, "ms",
                            spread_json(&whole), "late_ms", spread_json(&lateness), "processor_ms", "server",
                            work.server * each, "broker", work.broker * each, "terminals", work.terminals * each);
    free(all);
    free(late);
    return out;
}

static json_t *at_rate(feed_bench *b, int rate, int wanted)
{
    run r = {.bench = b, .count = rate * b->options.seconds, .wanted = wanted};
    plan(&r, rate);
    feed_work before = feed_work_since(b, NULL);
    send_to_all(&r);
    int missing = wait_for_all(&r);
    json_t *out = result_of(&r, rate, &before, missing);
    free(r.passages);
    return out;
}

static void title(const char *what)
{
    fprintf(stderr, "\n%s\n%9s %8s %8s %9s %9s %9s %9s %10s %10s %10s\n", what, "connected", "rate/s", "number",
            "p50 ms", "p99 ms", "max ms", "late p99", "server ms", "broker ms", "terminals");
}

json_t *feed_idle(feed_bench *b)
{
    feed_work before = feed_work_since(b, NULL);
    int64_t begin = tb_clock_monotonic();
    feed_sleep_until(begin + IDLE * TB_SECOND);
    feed_work work = feed_work_since(b, &before);
    double each = 1e3 / ((double)(tb_clock_monotonic() - begin) / 1e6);
    fprintf(stderr,
            "\nnobody passes, %d terminals: server %.0f, broker %.0f, terminals %.0f ms of processor a second\n",
            b->crowd.open, work.server * each, work.broker * each, work.terminals * each);
    return json_pack("{s:i, s:f, s:f, s:f}", "connected", b->crowd.open, "server_ms", work.server * each, "broker_ms",
                     work.broker * each, "terminals_ms", work.terminals * each);
}

json_t *feed_passages(feed_bench *b, int rate)
{
    json_t *out = json_array();
    title("a passage at the entrance until it is on all five lists (late: the bench itself; processor ms a passage)");
    if (rate)
        json_array_append_new(out, at_rate(b, rate, 1));
    for (int i = 0; i < b->options.rate_count && !rate; i++)
        json_array_append_new(out, at_rate(b, b->options.rates[i], 1));
    return out;
}

json_t *feed_removals(feed_bench *b)
{
    title("a passage at one door of the room until it is off all five lists");
    return at_rate(b, b->options.rates[b->options.rate_count > 1 ? 1 : 0], 0);
}

/* ---- beside the floor ---- */

static double ms_of(const json_t *row, const char *which)
{
    return json_number_value(json_object_get(json_object_get(row, "ms"), which));
}

json_t *feed_ratios(json_t *passages, json_t *floors)
{
    json_t *out = json_array();
    fprintf(stderr, "\nbeside the broker alone\n%8s %12s %12s\n", "rate/s", "p50 x floor", "p99 x floor");
    for (size_t i = 0; i < json_array_size(passages) && i < json_array_size(floors); i++) {
        const json_t *ours = json_array_get(passages, i), *floor = json_array_get(floors, i);
        int rate = (int)json_integer_value(json_object_get(ours, "rate"));
        double p50 = ms_of(ours, "p50") / ms_of(floor, "p50"), p99 = ms_of(ours, "p99") / ms_of(floor, "p99");
        fprintf(stderr, "%8d %12.1f %12.1f\n", rate, p50, p99);
        json_array_append_new(out, json_pack("{s:i, s:f, s:f}", "rate", rate, "p50", p50, "p99", p99));
    }
    return out;
}
