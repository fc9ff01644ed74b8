/* site_clock.h: what time it is at this site, whatever the machine's clock says.
 *
 * Time runs by CLOCK_BOOTTIME, which nobody can set; where it begins is known from the server (marks, within the delay
 * of the way), else from what was remembered before the last stop, else from the machine's clock.
 *
 * Invariants
 *  T1  Time never goes back but on the server's word of less than TB_CLOCK_DELAY ago: a clock that is set back reopens
 *      no window, also not over a restart.
 *  T2  A clock that is set forward without the server's word closes windows but ends nothing for an hour: `sure` goes
 *      on as before, and whoever sets the clock right finds the list as it was.
 *
 * Any thread. */
#ifndef TERMINAL_SITE_CLOCK_H
#define TERMINAL_SITE_CLOCK_H

#include <tebura/clock.h>
#include <tebura/message.h>

#define TB_CLOCK_DELAY (2 * TB_SECOND)      /* a server's time that took longer is only a lower bound */
#define TB_CLOCK_DRIFT_MOST (2 * TB_SECOND) /* less is told as drift, not as a jump */
#define TB_CLOCK_DOUBT TB_HOUR

typedef struct tb_site_clock tb_site_clock;

typedef struct tb_clock_readings {  /* tests have their own */
    int64_t (*boot)(void *context); /* microseconds since some moment, also while the machine sleeps */
    tb_time (*wall)(void *context);
    void *context;
} tb_clock_readings;

typedef struct tb_clock_memory { /* of the last run; all zero: none */
    tb_time site;
    int64_t boot;
    char boot_id[40];         /* of the machine's start: only within one are `boot` and `doubt_end` comparable */
    int64_t doubt, doubt_end; /* by which time was ahead of `site`, believed for as long as this machine runs */
} tb_clock_memory;

/* NULL, NULL: the machine's clocks and no memory. TB_NO_MEMORY */
tb_status tb_site_clock_new(const tb_clock_readings *readings, const tb_clock_memory *memory,
                            tb_site_clock **out) TB_MUST_CHECK;
void tb_site_clock_free(tb_site_clock **clock);
/* NULL as clock: tb_clock_now. */
tb_time tb_site_clock_now(tb_site_clock *clock);
tb_time tb_site_clock_sure(tb_site_clock *clock); /* T2: by which things end; not after now */
void tb_site_clock_remember(tb_site_clock *clock, tb_clock_memory *out);

/* For heartbeats: this run's own time from a random beginning, never 0. */
uint64_t tb_site_clock_tick(tb_site_clock *clock);
/* How long ago the heartbeat with `echo` was sent, without the time that the server kept it: the way there and back.
 * -1: it is not of this run, or the server's times contradict it. */
int64_t tb_site_clock_delay(tb_site_clock *clock, const tb_mark *mark);
/* The server's word; `delay` as above. */
void tb_site_clock_hear(tb_site_clock *clock, tb_time at, int64_t delay);

typedef struct tb_clock_view {
    int by_server;     /* the server has said what time it is, in this run */
    int jumped;        /* the machine's clock was set while this runs */
    int64_t offset_ms; /* by which site time is ahead of the machine's clock */
} tb_clock_view;
void tb_site_clock_look(tb_site_clock *clock, tb_clock_view *out);

#endif
