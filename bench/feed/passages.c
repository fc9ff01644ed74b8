/* passages.c: people pass, at moments that were set before: who is late because the system is busy counts as late. Time
 * runs from the moment at which somebody passes until the last of the lists has changed, is opened and stored. */
#include "feed/feed.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 60 }; /* seconds */

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

static void plan(run *r, int rate, int first_visit)
{
    int64_t *moments = calloc((size_t)r->count, sizeof *moments), begin = tb_clock_monotonic() + TB_SECOND / 5;
    r->passages = calloc((size_t)r->count, sizeof *r->passages);
    feed_need(moments && r->passages ? TB_OK : TB_NO_MEMORY, NULL, "passages");
    feed_moments(rate, r->count, moments);
    for (int i = 0; i < r->count; i++) {
        r->passages[i].visit = first_visit + i;
        r->passages[i].due = begin + moments[i];
    }
    free(moments);
}

static void send_and_wait(run *r)
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
    int64_t until = tb_clock_monotonic() + PATIENCE * TB_SECOND;
    for (int i = 0, d = 0; i < r->count;) {
        if (atomic_load(&r->passages[i].when[d])) {
            d = (d + 1) % FEED_DOORS;
            i += d == 0;
        } else if (tb_clock_monotonic() > until) {
            fprintf(stderr, "bench_feed: passage %d of %d did not come to every list\n", i + 1, r->count);
            exit(1);
        } else {
            usleep(2000);
        }
    }
}

static double last_ms(const passage *p)
{
    int64_t last = 0;
    for (int d = 0; d < FEED_DOORS; d++)
        last = atomic_load(&p->when[d]) > last ? atomic_load(&p->when[d]) : last;
    return (double)(last - p->due) / 1000;
}

typedef struct work { /* processor seconds of each side */
    double server, broker, terminals;
} work;

static work work_so_far(const feed_bench *b)
{
    return (work){feed_processor(b->server.pid), feed_processor(b->broker), feed_processor(getpid())};
}

static json_t *result_of(const run *r, int rate, const work *before)
{
    double *all = calloc((size_t)r->count, sizeof *all), *late = calloc((size_t)r->count, sizeof *late);
    work after = work_so_far(r->bench);
    feed_need(all && late ? TB_OK : TB_NO_MEMORY, NULL, "times");
    for (int i = 0; i < r->count; i++) {
        all[i] = last_ms(&r->passages[i]);
        late[i] = (double)(r->passages[i].sent - r->passages[i].due) / 1000;
    }
    double took = (double)(r->passages[r->count - 1].due - r->passages[0].due) / 1e6;
    double each = 1e3 / r->count; /* ms of processor time for a passage */
    spread whole = spread_of(all, r->count), lateness = spread_of(late, r->count);
    fprintf(stderr, "%8d %8d %9.1f %9.1f %9.1f %9.1f %10.2f %10.2f %10.2f\n", rate, r->count, whole.p50, whole.p99,
            whole.most, lateness.p99, (after.server - before->server) * each, (after.broker - before->broker) * each,
            (after.terminals - before->terminals) * each);
    json_t *out =
        json_pack("{s:i, s:f, s:o, s:o, s:{s:f, s:f, s:f}}", "rate", rate, "offered", took > 0 ? r->count / took : 0,
                  "ms", spread_json(&whole), "late_ms", spread_json(&lateness), "processor_ms", "server",
                  (after.server - before->server) * each, "broker", (after.broker - before->broker) * each, "terminals",
                  (after.terminals - before->terminals) * each);
    free(all);
    free(late);
    return out;
}

static json_t *at_rate(feed_bench *b, int rate, int wanted, int *next, int last)
{
    run r = {.bench = b, .count = rate * b->options.seconds, .wanted = wanted};
    if (r.count > last - *next)
        r.count = last - *next;
    feed_need(r.count > 0 ? TB_OK : TB_INVALID_ARGUMENT, NULL, "there are not enough visits for these passages");
    plan(&r, rate, *next);
    *next += r.count;
    work before = work_so_far(b);
    send_and_wait(&r);
    json_t *out = result_of(&r, rate, &before);
    free(r.passages);
    return out;
}

static void title(const char *what)
{
    fprintf(stderr, "\n%s\n%8s %8s %9s %9s %9s %9s %10s %10s %10s\n", what, "rate/s", "number", "p50 ms", "p99 ms",
            "max ms", "late p99", "server ms", "broker ms", "terminals");
}

json_t *feed_passages(feed_bench *b)
{
    json_t *out = json_array();
    title("a passage at the entrance until it is on all five lists (late: the bench itself; processor ms a passage)");
    for (int i = 0; i < b->options.rate_count; i++)
        json_array_append_new(out, at_rate(b, b->options.rates[i], 1, &b->next_visit, b->options.visits));
    return out;
}

json_t *feed_removals(feed_bench *b)
{
    int rate = b->options.rates[b->options.rate_count > 1 ? 1 : 0];
    title("a passage at one door of the room until it is off all five lists");
    return at_rate(b, rate, 0, &b->next_seated, b->next_visit);
}
