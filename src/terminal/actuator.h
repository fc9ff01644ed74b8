/* actuator.h: what opens: a gate, a detector, a door. One vtable, so that a real door controller (OSDP) can stand
 * behind it. */
#ifndef TERMINAL_ACTUATOR_H
#define TERMINAL_ACTUATOR_H

#include <tebura/clock.h>

#include "terminal/interlock.h"

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

/* Two doors (terminal/interlock.h). Their sensors and locks are behind this interface; here they are simulated. */
typedef struct tb_doors {
    tb_interlock interlock;
    int is_there; /* 0: this actuator has no doors */
} tb_doors;
typedef struct tb_doors_listener { /* any thread */
    void (*changed)(void *context);
    /* an attendant is called, or has looked; `ticket` of the opening that it is about, 0: of none */
    void (*called)(void *context, uint64_t ticket, tb_interlock_cause cause);
    void *context;
} tb_doors_listener;
/* SIMULATION: doors move when they are told to, and only where the lock lets them; at first nobody is inside. An
 * opening is done (TB_OK) when the person has gone through the exit; TB_REFUSED: they went back; TB_TIMEOUT: nobody
 * came; TB_IO: released. needs: of tb_interlock_need. */
tb_status tb_actuator_interlock_simulated(int needs, const tb_doors_listener *listener,
                                          tb_actuator **out) TB_MUST_CHECK;
void tb_actuator_doors(const tb_actuator *actuator, tb_doors *out);
/* Everything but tick, sensors and admit. TB_CONFLICT: not now; TB_UNSUPPORTED: no doors. */
tb_status tb_actuator_ask(tb_actuator *actuator, tb_interlock_input_kind kind) TB_MUST_CHECK;
/* What the simulated sensors see from now on. TB_CONFLICT: a door that is locked cannot be opened. */
tb_status tb_actuator_sense(tb_actuator *actuator, const tb_interlock_sensors *sensors) TB_MUST_CHECK;

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
