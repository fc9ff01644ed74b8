/* actuator.h: what opens: a gate, a detector, a door. One vtable, so that a real door controller (OSDP) can stand
 * behind it. */
#ifndef TERMINAL_ACTUATOR_H
#define TERMINAL_ACTUATOR_H

#include <tebura/clock.h>

typedef struct tb_actuator tb_actuator;

/* Told once for every opening, from any thread, also before tb_actuator_open has returned: TB_OK when it is open,
 * TB_IO ... when it did not. */
typedef void (*tb_actuator_done)(void *context, uint64_t ticket, tb_status status);

typedef struct tb_actuator_kind {
    int simulation; /* said on every screen */
    tb_status (*open)(tb_actuator *actuator, uint64_t ticket, tb_actuator_done done, void *context);
    int (*is_open)(const tb_actuator *actuator);
    void (*free)(tb_actuator *actuator);
} tb_actuator_kind;

struct tb_actuator { /* first member of every implementation */
    const tb_actuator_kind *kind;
};

static inline tb_status tb_actuator_open(tb_actuator *actuator, uint64_t ticket, tb_actuator_done done, void *context)
{
    return actuator->kind->open(actuator, ticket, done, context);
}

/* SIMULATION: opens at once, is open for `open_ms`, has no metal. */
tb_status tb_actuator_simulated(int open_ms, tb_actuator **out) TB_MUST_CHECK;
void tb_actuator_free(tb_actuator **actuator);

#endif
