/* site_time.c: see site_time.h. Pure but for its own state: both clocks come in as arguments. */
#include "management/site_time.h"

void tb_site_time_accept(tb_site_time *t, tb_time wall, int64_t uptime)
{
    atomic_store(&t->base, wall - uptime);
    atomic_store(&t->ahead_most, TB_CLOCK_JUMP);
    atomic_store(&t->ahead, 0);
    atomic_store(&t->held, 0);
}

void tb_site_time_start(tb_site_time *t, tb_time stored, tb_time wall, int64_t uptime)
{
    tb_site_time_accept(t, wall, uptime);
    if (!stored)
        return;
    atomic_store(&t->base, stored - uptime);
    atomic_store(&t->ahead_most, TB_CLOCK_ABSENCE);
}

tb_time tb_site_time_read(tb_site_time *t, tb_time wall, int64_t uptime, int *changed)
{
    tb_time believed = atomic_load(&t->base) + uptime;
    int64_t ahead = wall - believed;
    int jumped = ahead > atomic_load(&t->ahead_most) || ahead < -TB_CLOCK_JUMP;
    int was = atomic_exchange(&t->held, jumped);
    *changed = jumped - was;
    atomic_store(&t->ahead, ahead);
    if (*changed > 0)
        atomic_fetch_add(&t->jumps, 1);
    return jumped ? believed : wall;
}

void tb_site_time_follow(tb_site_time *t, tb_time wall, int64_t uptime)
{
    int changed;
    if (tb_site_time_read(t, wall, uptime, &changed) != wall)
        return;
    atomic_store(&t->base, wall - uptime);
    atomic_store(&t->ahead_most, TB_CLOCK_JUMP);
}
