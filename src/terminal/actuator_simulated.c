/* actuator_simulated.c: SIMULATION of a gate: it remembers until when it would stand open. */
#include "terminal/actuator.h"

#include <stdatomic.h>
#include <stdlib.h>

struct simulated {
    tb_actuator base;
    int open_ms;
    atomic_llong open_until; /* monotonic */
};

static tb_status open_it(tb_actuator *actuator, uint64_t ticket, tb_actuator_done done, void *context)
{
    struct simulated *gate = (struct simulated *)actuator;
    atomic_store(&gate->open_until, tb_clock_monotonic() + (int64_t)gate->open_ms * 1000);
    done(context, ticket, TB_OK);
    return TB_OK;
}

static int is_open(const tb_actuator *actuator)
{
    const struct simulated *gate = (const struct simulated *)actuator;
    return tb_clock_monotonic() < atomic_load(&gate->open_until);
}

static void free_it(tb_actuator *actuator)
{
    free(actuator);
}

static const tb_actuator_kind kind = {1, open_it, is_open, free_it};

tb_status tb_actuator_simulated(int open_ms, tb_actuator **out)
{
    struct simulated *gate = calloc(1, sizeof *gate);
    *out = gate ? &gate->base : NULL;
    if (!gate)
        return TB_NO_MEMORY;
    gate->base.kind = &kind;
    gate->open_ms = open_ms;
    return TB_OK;
}

void tb_actuator_free(tb_actuator **actuator)
{
    if (*actuator)
        (*actuator)->kind->free(*actuator);
    *actuator = NULL;
}
