/* site_clock.c: site time = base + what has passed since, by the clock that nobody sets. */
#include "terminal/site_clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/log.h>

struct tb_site_clock {
    pthread_mutex_t mutex;
    tb_clock_readings readings;
    char boot_id[40];
    tb_time base; /* site time at boot_base */
    int64_t boot_base;
    tb_time wall_at; /* the machine's clock at boot_at: to see it set */
    int64_t boot_at;
    int64_t doubt;     /* by which `sure` is behind ... */
    int64_t doubt_end; /* ... until then */
    int by_server, jumped;
    uint64_t tick_base;
    int64_t started;
};

static int64_t machine_boot(void *context)
{
    struct timespec now;
    (void)context;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * TB_SECOND + now.tv_nsec / 1000;
}

static tb_time machine_wall(void *context)
{
    (void)context;
    return tb_clock_now();
}

static void read_boot_id(char out[40])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    out[0] = '\0';
    if (!file)
        return;
    if (!fgets(out, 40, file))
        out[0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    (void)fclose(file);
}

static tb_time later(tb_time a, tb_time b)
{
    return a > b ? a : b;
}

/* Where time begins in this run. */
static void begin(tb_site_clock *c, const tb_clock_memory *memory)
{
    c->started = c->boot_at = c->boot_base = c->readings.boot(c->readings.context);
    c->wall_at = c->readings.wall(c->readings.context);
    c->base = c->wall_at;
    if (!memory || memory->site <= 0)
        return;
    if (c->boot_id[0] && strcmp(memory->boot_id, c->boot_id) == 0 && memory->boot <= c->started) {
        /* whatever was done to the clock meanwhile; also what was in doubt does not go back (T1) */
        c->base = memory->site + later(memory->doubt, 0) + (c->started - memory->boot);
        c->doubt = later(memory->doubt, 0);
        c->doubt_end = memory->doubt_end;
        return;
    }
    c->base = later(c->wall_at, memory->site); /* T1 */
    c->doubt = c->base - memory->site;         /* T2 */
    c->doubt_end = c->started + TB_CLOCK_DOUBT;
}

tb_status tb_site_clock_new(const tb_clock_readings *readings, const tb_clock_memory *memory, tb_site_clock **out)
{
    tb_site_clock *c = calloc(1, sizeof *c);
    *out = c;
    if (!c)
        return TB_NO_MEMORY;
    pthread_mutex_init(&c->mutex, NULL);
    c->readings = readings ? *readings : (tb_clock_readings){machine_boot, machine_wall, NULL};
    read_boot_id(c->boot_id);
    begin(c, memory);
    tb_random(&c->tick_base, sizeof c->tick_base);
    c->tick_base = (c->tick_base >> 2) | 1; /* never 0, and counts for longer than any machine */
    return TB_OK;
}

void tb_site_clock_free(tb_site_clock **clock)
{
    if (!*clock)
        return;
    pthread_mutex_destroy(&(*clock)->mutex);
    free(*clock);
    *clock = NULL;
}

/* Was the machine's clock set? With the mutex. */
static void watch(tb_site_clock *c, int64_t boot)
{
    tb_time wall = c->readings.wall(c->readings.context);
    int64_t jump = wall - (c->wall_at + (boot - c->boot_at));
    c->wall_at = wall; /* so that slow drift is never taken for a jump */
    c->boot_at = boot;
    if (jump > -TB_CLOCK_DRIFT_MOST && jump < TB_CLOCK_DRIFT_MOST)
        return;
    c->jumped = 1;
    tb_log(TB_LOG_WARNING, "terminal", "this machine's clock was set %s by %lld s: %s", jump > 0 ? "forward" : "back",
           (long long)((jump > 0 ? jump : -jump) / TB_SECOND),
           c->by_server ? "the server's time goes on"
           : jump > 0   ? "followed, but what it would end is kept for an hour"
                        : "not followed: only the server may turn time back");
    if (c->by_server || jump < 0)
        return; /* T1 */
    if (boot >= c->doubt_end)
        c->doubt = 0;
    c->base += jump;
    c->doubt += jump; /* T2 */
    c->doubt_end = boot + TB_CLOCK_DOUBT;
}

static tb_time now_at(tb_site_clock *c, int64_t *boot)
{
    *boot = c->readings.boot(c->readings.context);
    watch(c, *boot);
    return c->base + (*boot - c->boot_base);
}

tb_time tb_site_clock_now(tb_site_clock *clock)
{
    int64_t boot;
    if (!clock)
        return tb_clock_now();
    pthread_mutex_lock(&clock->mutex);
    tb_time now = now_at(clock, &boot);
    pthread_mutex_unlock(&clock->mutex);
    return now;
}

tb_time tb_site_clock_sure(tb_site_clock *clock)
{
    int64_t boot;
    if (!clock)
        return tb_clock_now();
    pthread_mutex_lock(&clock->mutex);
    tb_time now = now_at(clock, &boot);
    now -= boot < clock->doubt_end ? clock->doubt : 0;
    pthread_mutex_unlock(&clock->mutex);
    return now;
}

void tb_site_clock_remember(tb_site_clock *clock, tb_clock_memory *out)
{
    *out = (tb_clock_memory){0};
    pthread_mutex_lock(&clock->mutex);
    out->site = now_at(clock, &out->boot);
    out->doubt = out->boot < clock->doubt_end ? clock->doubt : 0;
    out->doubt_end = clock->doubt_end;
    out->site -= out->doubt; /* what is in doubt does not become a bound */
    memcpy(out->boot_id, clock->boot_id, sizeof out->boot_id);
    pthread_mutex_unlock(&clock->mutex);
}

uint64_t tb_site_clock_tick(tb_site_clock *clock)
{
    pthread_mutex_lock(&clock->mutex);
    uint64_t tick = clock->tick_base + (uint64_t)(clock->readings.boot(clock->readings.context) - clock->started);
    pthread_mutex_unlock(&clock->mutex);
    return tick;
}

int64_t tb_site_clock_delay(tb_site_clock *clock, const tb_mark *mark)
{
    pthread_mutex_lock(&clock->mutex);
    int64_t run = clock->readings.boot(clock->readings.context) - clock->started, delay = -1;
    if (mark->echo >= clock->tick_base && mark->echo - clock->tick_base <= (uint64_t)run)
        delay = run - (int64_t)(mark->echo - clock->tick_base) - (mark->at - mark->heard);
    pthread_mutex_unlock(&clock->mutex);
    return delay >= 0 ? delay : -1;
}

void tb_site_clock_hear(tb_site_clock *clock, tb_time at, int64_t delay)
{
    int64_t boot, step = 0;
    pthread_mutex_lock(&clock->mutex);
    tb_time now = now_at(clock, &boot);
    if (delay >= 0 && delay <= TB_CLOCK_DELAY) {
        int64_t off = at + delay / 2 - now;
        if (off > delay / 2 + TB_SECOND / 2 || -off > delay / 2 + TB_SECOND / 2)
            step = off;
        clock->by_server = 1;
        clock->doubt = 0;
    } else if (now < at) { /* it cannot be earlier than when that was said */
        step = at - now;
    }
    clock->base += step;
    int64_t most = later(now + step - at, 0); /* what is sure is never before what was said */
    clock->doubt = clock->doubt < most ? clock->doubt : most;
    pthread_mutex_unlock(&clock->mutex);
    if (step >= TB_CLOCK_DRIFT_MOST || -step >= TB_CLOCK_DRIFT_MOST)
        tb_log(TB_LOG_WARNING, "terminal", "by the server's time it is %lld s %s than thought here: corrected",
               (long long)((step > 0 ? step : -step) / TB_SECOND), step > 0 ? "later" : "earlier");
}

void tb_site_clock_look(tb_site_clock *clock, tb_clock_view *out)
{
    int64_t boot;
    pthread_mutex_lock(&clock->mutex);
    tb_time now = now_at(clock, &boot);
    *out = (tb_clock_view){clock->by_server, clock->jumped, (now - clock->wall_at) / 1000};
    pthread_mutex_unlock(&clock->mutex);
}
