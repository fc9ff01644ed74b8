/* site_time.h: the time that the service goes by. The machine's wall clock, unless it has jumped: then the time that
 * was right before, carried on by the clock that cannot jump, until the wall clock agrees again or the operator has
 * said that it is right (doc/adr/103). So a wrong clock ends no flight and erases nobody.
 *
 *  T1  While the clock is held, the time goes on at the pace of the machine's uptime: no window stands still.
 *  T2  The time never goes back by more than TB_CLOCK_JUMP, unless the operator has said so. */
#ifndef MANAGEMENT_SITE_TIME_H
#define MANAGEMENT_SITE_TIME_H

#include <stdatomic.h>

#include <tebura/clock.h>

#define TB_CLOCK_JUMP (5 * TB_MINUTE) /* what a clock may be set by without anybody being asked */
/* What a site may have been closed for: at the start nobody knows how much time has passed since the last time that was
 * stored. Longer is for the operator to say. */
#define TB_CLOCK_ABSENCE (72 * TB_HOUR)

typedef struct tb_site_time { /* any thread */
    int guarded;              /* 0: tests set the time themselves, as they like */
    _Atomic int64_t base;     /* the time that is believed, minus the uptime */
    _Atomic int64_t ahead_most;
    _Atomic int held;
    _Atomic int64_t ahead; /* of the wall clock, as last seen */
    _Atomic int64_t jumps;
} tb_site_time;

/* `stored`: the last time that is known to have been, 0: none is. */
void tb_site_time_start(tb_site_time *t, tb_time stored, tb_time wall, int64_t uptime);
/* *changed: 1 the wall clock has jumped, -1 it agrees again, 0 neither. */
tb_time tb_site_time_read(tb_site_time *t, tb_time wall, int64_t uptime, int *changed);
/* Now and then, so that a clock that is slewed is followed. */
void tb_site_time_follow(tb_site_time *t, tb_time wall, int64_t uptime);
/* The operator: the wall clock is right. */
void tb_site_time_accept(tb_site_time *t, tb_time wall, int64_t uptime);

#endif
