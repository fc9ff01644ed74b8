/* actuator_interlock.c: SIMULATION of two doors with an interlock: the locks are real decisions (interlock.c), doors
 * and the sensor between them move when a test or a demonstration says so. A real controller would feed the same
 * sensors. */
#include "terminal/actuator.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <tebura/log.h>

typedef struct doors {
    tb_actuator base;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_t clock;
    int clock_runs, stopping;
    tb_interlock interlock;
    uint64_t ticket;
    tb_actuator_done done;
    void *done_context;
    tb_doors_listener listener;
} doors;

static tb_status status_of(tb_interlock_outcome outcome)
{
    switch (outcome) {
    case TB_INTERLOCK_PASSED:
        return TB_OK;
    case TB_INTERLOCK_NOBODY_CAME:
        return TB_TIMEOUT;
    case TB_INTERLOCK_WENT_BACK:
        return TB_REFUSED;
    default:
        return TB_IO;
    }
}

/* One step; what came of an admittance is told outside of the mutex. */
static tb_status step(doors *d, const tb_interlock_input *input)
{
    tb_interlock after;
    pthread_mutex_lock(&d->mutex);
    tb_interlock before = d->interlock;
    tb_status status = tb_interlock_step(&d->interlock, input, tb_clock_monotonic(), &after);
    if (status == TB_OK)
        d->interlock = after;
    tb_interlock_outcome outcome = d->interlock.outcome;
    d->interlock.outcome = TB_INTERLOCK_UNDECIDED;
    uint64_t ticket = d->ticket;
    int is_called = status == TB_OK && after.call, is_about = before.admitted || d->interlock.admitted;
    pthread_cond_broadcast(&d->wake);
    pthread_mutex_unlock(&d->mutex);
    if (status == TB_OK && after.state != before.state)
        tb_log(after.state == TB_INTERLOCK_RELEASED ? TB_LOG_WARNING : TB_LOG_INFO, "doors", "%s, after %s",
               tb_interlock_state_name(after.state), tb_interlock_state_name(before.state));
    if (is_called)
        d->listener.called(d->listener.context, is_about ? ticket : 0, after.cause);
    if (status == TB_OK && outcome != TB_INTERLOCK_UNDECIDED)
        d->done(d->done_context, ticket, status_of(outcome));
    d->listener.changed(d->listener.context);
    return status;
}

static void *run_clock(void *context)
{
    doors *d = context;
    pthread_mutex_lock(&d->mutex);
    while (!d->stopping) {
        tb_time now = tb_clock_monotonic(), until = d->interlock.deadline;
        if (until <= now) {
            pthread_mutex_unlock(&d->mutex);
            (void)!step(d, &(tb_interlock_input){.kind = TB_INTERLOCK_TICK});
            pthread_mutex_lock(&d->mutex);
            continue;
        }
        if (until > now + TB_HOUR)
            until = now + TB_HOUR;
        struct timespec at = {.tv_sec = (time_t)(until / TB_SECOND), .tv_nsec = (long)(until % TB_SECOND) * 1000};
        pthread_cond_timedwait(&d->wake, &d->mutex, &at);
    }
    pthread_mutex_unlock(&d->mutex);
    return NULL;
}

static tb_status open_it(tb_actuator *actuator, uint64_t ticket, tb_actuator_done done, void *context)
{
    doors *d = (doors *)actuator;
    pthread_mutex_lock(&d->mutex);
    int is_free = d->interlock.state == TB_INTERLOCK_CLOSED; /* else what is told is still of the former one */
    if (is_free) {
        d->ticket = ticket;
        d->done = done;
        d->done_context = context;
    }
    pthread_mutex_unlock(&d->mutex);
    return is_free ? step(d, &(tb_interlock_input){.kind = TB_INTERLOCK_ADMIT}) : TB_CONFLICT;
}

static int is_open(const tb_actuator *actuator)
{
    tb_doors now;
    tb_actuator_doors(actuator, &now);
    return now.interlock.entry_open || now.interlock.exit_open;
}

static void free_it(tb_actuator *actuator)
{
    doors *d = (doors *)actuator;
    pthread_mutex_lock(&d->mutex);
    d->stopping = 1;
    pthread_cond_broadcast(&d->wake);
    pthread_mutex_unlock(&d->mutex);
    if (d->clock_runs)
        pthread_join(d->clock, NULL);
    pthread_cond_destroy(&d->wake);
    pthread_mutex_destroy(&d->mutex);
    free(d);
}

static const tb_actuator_kind kind = {1, open_it, is_open, free_it};

tb_status tb_actuator_interlock_simulated(int needs, const tb_doors_listener *listener, tb_actuator **out)
{
    doors *d = calloc(1, sizeof *d);
    pthread_condattr_t monotonic;
    *out = NULL;
    if (!d)
        return TB_NO_MEMORY;
    d->base.kind = &kind;
    d->listener = *listener;
    tb_interlock unknown; /* the simulated sensors speak at once */
    tb_interlock_init(needs, tb_clock_monotonic(), &unknown);
    (void)!tb_interlock_step(&unknown, &(tb_interlock_input){TB_INTERLOCK_SENSORS, {1, 1, 0}}, tb_clock_monotonic(),
                             &d->interlock);
    pthread_mutex_init(&d->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&d->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    d->clock_runs = pthread_create(&d->clock, NULL, run_clock, d) == 0;
    if (!d->clock_runs) {
        free_it(&d->base);
        return TB_NO_MEMORY;
    }
    *out = &d->base;
    return TB_OK;
}

void tb_actuator_doors(const tb_actuator *actuator, tb_doors *out)
{
    *out = (tb_doors){.is_there = actuator->kind == &kind};
    if (!out->is_there)
        return;
    doors *d = (doors *)(uintptr_t)actuator;
    pthread_mutex_lock(&d->mutex);
    out->interlock = d->interlock;
    pthread_mutex_unlock(&d->mutex);
}

tb_status tb_actuator_ask(tb_actuator *actuator, tb_interlock_input_kind what)
{
    if (actuator->kind != &kind)
        return TB_UNSUPPORTED;
    return step((doors *)actuator, &(tb_interlock_input){.kind = what});
}

tb_status tb_actuator_sense(tb_actuator *actuator, const tb_interlock_sensors *sensors)
{
    tb_doors now;
    tb_actuator_doors(actuator, &now);
    if (!now.is_there)
        return TB_UNSUPPORTED;
    if ((!sensors->entry_shut && now.interlock.sensors.entry_shut && !now.interlock.entry_open) ||
        (!sensors->exit_shut && now.interlock.sensors.exit_shut && !now.interlock.exit_open))
        return TB_CONFLICT;
    return step((doors *)actuator, &(tb_interlock_input){.kind = TB_INTERLOCK_SENSORS, .sensors = *sensors});
}
