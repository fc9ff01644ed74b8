/* race.c: see race.h. */
#include "race.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_MAX = 200, ROUNDS_MIN = 3 };
static const double shortest = 1e-3; /* seconds of one measurement */

struct turn {
    const race_runner *runner;
    int workers, batch, inner, from; /* `from`: which probes it begins with */
    double work[RACE_WORKERS], wall[RACE_WORKERS];
    atomic_int ready, failed;
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int workers, asked, answered, closing, result;
    int (*act)(void *context);
    void *context;
    cpu_set_t all, own[RACE_WORKERS];
} pool;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- two threads ---- */

static void *serve(void *nothing)
{
    (void)nothing;
    pthread_setaffinity_np(pthread_self(), sizeof pool.own[1], &pool.own[1]);
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (!pool.closing && pool.answered == pool.asked)
            pthread_cond_wait(&pool.changed, &pool.lock);
        if (pool.closing)
            break;
        pthread_mutex_unlock(&pool.lock);
        int result = pool.act(pool.context);
        pthread_mutex_lock(&pool.lock);
        pool.result = result;
        pool.answered = pool.asked;
        pthread_cond_broadcast(&pool.changed);
    }
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

int race_open(void)
{
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.changed, NULL);
    if (sched_getaffinity(0, sizeof pool.all, &pool.all) != 0)
        return 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && pool.workers < RACE_WORKERS; cpu++)
        if (CPU_ISSET(cpu, &pool.all)) {
            CPU_ZERO(&pool.own[pool.workers]);
            CPU_SET(cpu, &pool.own[pool.workers++]);
        }
    if (pool.workers == RACE_WORKERS && pthread_create(&pool.thread, NULL, serve, NULL) != 0)
        pool.workers = 1;
    return pool.workers;
}

void race_close(void)
{
    if (pool.workers < RACE_WORKERS)
        return;
    pthread_mutex_lock(&pool.lock);
    pool.closing = 1;
    pthread_cond_broadcast(&pool.changed);
    pthread_mutex_unlock(&pool.lock);
    pthread_join(pool.thread, NULL);
    pool.workers = 0;
}

void race_beside(int (*act)(void *context), void *context)
{
    pthread_mutex_lock(&pool.lock);
    pool.act = act;
    pool.context = context;
    pool.asked++;
    pthread_cond_broadcast(&pool.changed);
    pthread_mutex_unlock(&pool.lock);
}

int race_join(void)
{
    pthread_mutex_lock(&pool.lock);
    while (pool.answered != pool.asked)
        pthread_cond_wait(&pool.changed, &pool.lock);
    int result = pool.result;
    pthread_mutex_unlock(&pool.lock);
    return result;
}

/* ---- one measurement ---- */

static void take_part(struct turn *t, int worker)
{
    int first = (t->from + worker * (RACE_PROBES / RACE_WORKERS)) % RACE_PROBES, failed = 0;
    atomic_fetch_add(&t->ready, 1);
    while (atomic_load(&t->ready) < t->workers)
        sched_yield();
    double wall = seconds_of(CLOCK_MONOTONIC), work = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < t->inner && !failed; i++) {
        failed = !t->runner->run(t->runner->context, worker, first, t->batch);
        first = (first + t->batch) % RACE_PROBES;
    }
    t->work[worker] = seconds_of(CLOCK_THREAD_CPUTIME_ID) - work;
    t->wall[worker] = seconds_of(CLOCK_MONOTONIC) - wall;
    if (failed)
        atomic_store(&t->failed, 1);
}

static int take_part_beside(void *context)
{
    take_part(context, 1);
    return 1;
}

static int measure(struct turn *t)
{
    atomic_store(&t->ready, 0);
    atomic_store(&t->failed, 0);
    if (t->workers == 2)
        race_beside(take_part_beside, t);
    take_part(t, 0);
    if (t->workers == 2)
        (void)race_join();
    return !atomic_load(&t->failed);
}

static double slower(const double *times, int workers)
{
    return workers == 2 && times[1] > times[0] ? times[1] : times[0];
}

/* ---- by turns ---- */

struct lane {
    struct turn turn;
    double work[ROUNDS_MAX], wall[ROUNDS_MAX], used;
    int rounds;
};

/* Finds how many probes at once and how often they make a measurement that is neither too short nor too long. */
static int size_up(struct lane *lane, int batch, double longest)
{
    struct turn *t = &lane->turn;
    for (t->batch = 1, t->inner = 1;;) {
        if (!measure(t))
            return 0;
        double took = slower(t->work, t->workers);
        if (t->batch < batch && took * 8 < longest) {
            t->batch = t->batch * 8 < batch ? t->batch * 8 : batch;
            continue;
        }
        t->inner = took < shortest ? (int)(shortest / (took + 1e-7)) + 1 : 1;
        return 1;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* A short one is run unmeasured first for half as long, as the one before it has taken its place in the caches. */
static int one_round(struct lane *lane)
{
    struct turn *t = &lane->turn;
    int inner = t->inner;
    double begin = seconds_of(CLOCK_MONOTONIC);
    if (inner > 1) {
        t->inner = (inner + 1) / 2;
        if (!measure(t))
            return 0;
        t->inner = inner;
    }
    t->from = (t->from + t->batch * inner) % RACE_PROBES;
    if (!measure(t))
        return 0;
    double probes = (double)t->inner * t->batch * t->workers;
    lane->work[lane->rounds] = slower(t->work, t->workers) / probes;
    lane->wall[lane->rounds++] = slower(t->wall, t->workers) / probes;
    lane->used += seconds_of(CLOCK_MONOTONIC) - begin;
    return 1;
}

static int run_lanes(struct lane *lanes, int count, int batch, double seconds)
{
    int running = count;
    for (int i = 0; i < count; i++)
        if (!size_up(&lanes[i], batch, 8 * seconds))
            return 0;
    while (running) {
        running = 0;
        for (int i = 0; i < count; i++) {
            struct lane *lane = &lanes[i];
            if (lane->rounds == ROUNDS_MAX || (lane->rounds >= ROUNDS_MIN && lane->used >= seconds))
                continue;
            running++;
            if (!one_round(lane))
                return 0;
        }
    }
    return 1;
}

int race(const race_runner *runners, int count, int workers, int batch, double seconds, race_result *out)
{
    struct lane *lanes = calloc((size_t)count, sizeof *lanes);
    if (!lanes)
        return 0;
    for (int i = 0; i < count; i++) {
        lanes[i].turn.runner = &runners[i];
        lanes[i].turn.workers = workers;
    }
    (void)sched_setaffinity(0, sizeof pool.own[0], &pool.own[0]);
    int done = run_lanes(lanes, count, batch, seconds);
    (void)sched_setaffinity(0, sizeof pool.all, &pool.all);
    for (int i = 0; done && i < count; i++)
        out[i] = (race_result){.ms = 1e3 * median(lanes[i].work, lanes[i].rounds),
                               .wall_ms = 1e3 * median(lanes[i].wall, lanes[i].rounds),
                               .rounds = lanes[i].rounds,
                               .batch = lanes[i].turn.batch};
    free(lanes);
    return done;
}
