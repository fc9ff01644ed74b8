/* clock.c: what the service makes of the machine's clock: asks it, holds it when it jumps, remembers it in the
 * database. */
#include "management/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>

#define STORE_EVERY TB_MINUTE

static tb_time wall_of(const tb_management *m)
{
    return m->now ? m->now(m->now_context) : tb_clock_now();
}

static int64_t uptime_of(const tb_management *m)
{
    return m->uptime ? m->uptime(m->now_context) : tb_clock_uptime();
}

static void tell(const tb_management *m, int changed)
{
    int64_t ahead = atomic_load(&m->time->ahead) / TB_SECOND;
    if (changed > 0)
        tb_log(TB_LOG_ERROR, "management",
               "the clock has jumped by %+" PRId64
               " s and is not believed: time goes on as before. Set the clock right, or say "
               "that it is right: POST /api/v1/clock/accept, teburad --accept-clock",
               ahead);
    else if (changed < 0)
        tb_log(TB_LOG_INFO, "management", "the clock agrees again");
}

tb_time tb_service_now(const tb_management *m)
{
    int changed = 0;
    if (!m->time->guarded)
        return wall_of(m);
    tb_time now = tb_site_time_read(m->time, wall_of(m), uptime_of(m), &changed);
    tell(m, changed);
    return now;
}

tb_status tb_clock_load(tb_management *m, int accept)
{
    tb_bytes text = {0};
    char digits[24] = "";
    m->time->guarded = !m->now || m->uptime;
    tb_status status = tb_site_get(m->db, "clock", &text);
    if (status == TB_OK && text.size < sizeof digits)
        memcpy(digits, text.data, text.size);
    tb_bytes_free(&text);
    if (status != TB_OK && status != TB_NOT_FOUND)
        return status;
    tb_site_time_start(m->time, accept ? 0 : strtoll(digits, NULL, 10), wall_of(m), uptime_of(m));
    (void)tb_service_now(m); /* says so at once when it is not believed */
    return TB_OK;
}

static tb_status store(tb_management *m, tb_time now)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, now);
    tb_status status = tb_change_begin(m);
    return status == TB_OK ? tb_change_end(m, tb_site_put(m->db, "clock", tb_span_text(digits))) : status;
}

tb_status tb_clock_tick(tb_management *m, tb_time now)
{
    if (!m->time->guarded)
        return TB_OK;
    tb_site_time_follow(m->time, wall_of(m), uptime_of(m));
    if (now - m->clock_stored < STORE_EVERY && now >= m->clock_stored)
        return TB_OK;
    tb_status status = store(m, now);
    if (status == TB_OK)
        m->clock_stored = now;
    return status;
}

void tb_management_clock(tb_management *m, tb_clock_state *out)
{
    out->now = tb_service_now(m);
    out->held = m->time->guarded && atomic_load(&m->time->held);
    out->ahead = out->held ? atomic_load(&m->time->ahead) : 0;
    tb_metric_set(&m->metrics, TB_METRIC_CLOCK_HELD, out->held);
    tb_metric_set(&m->metrics, TB_METRIC_CLOCK_AHEAD, out->ahead);
    tb_metric_set(&m->metrics, TB_METRIC_CLOCK_JUMPS, atomic_load(&m->time->jumps));
}

tb_status tb_management_clock_accept(tb_management *m, tb_error *why)
{
    tb_clock_state before;
    tb_management_clock(m, &before);
    tb_service_lock(m);
    tb_site_time_accept(m->time, wall_of(m), uptime_of(m));
    tb_status status = m->time->guarded ? store(m, tb_service_now(m)) : TB_OK;
    tb_service_unlock(m);
    if (before.held)
        tb_log(TB_LOG_WARNING, "management", "the operator says that the clock is right: it is %+" PRId64 " s further",
               before.ahead / TB_SECOND);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}
