/* interlock.h: two doors and a space between them for one person (A15), as a pure function: state + input + now ->
 * new state. It decides which lock is open; sensors tell what the doors really do. What it waits for between the doors
 * (`needs`) is the profile's: the same face once more, somebody's approval, both, neither.
 *
 *  state     | entry  exit   | leaves on                                                    | to
 *  ----------+---------------+--------------------------------------------------------------+------------------------
 *  closed    | locked locked | admit: both doors shut, nobody inside                        | entering
 *            |               | somebody inside, or a door open, without having been let in  | released
 *            |               | after a start: no word of the sensors for `turn`             | released
 *  entering  | open   locked | somebody inside, entry shut: one                             | inside
 *            |               |                          more than one                       | returning
 *            |               | `enter` is over: nobody inside, entry shut                   | closed (nobody came)
 *  inside    | locked locked | everything that it needs, still one inside                   | leaving
 *            |               | refused; another face; more than one; `inside` is over       | returning
 *            |               | nobody inside any more, a door open                          | released
 *  leaving   | locked open   | nobody inside, exit shut                                     | closed (passed)
 *  returning | open   locked | nobody inside, entry shut                                    | closed (went back)
 *  released  | one of the two, by turns, when the other is shut | reset: both shut, nobody inside | closed (failed)
 *
 *  In every state: release (attendant, fire alarm, a fault) leads to released; a door that is open against its lock,
 *  too. Whoever does not simply pass is an attendant's: each time one is called, that is told once (`call`).
 *
 * Invariants, asserted in tb_interlock_step:
 *  L1 never are both locks open, and a lock is opened only while the other door is known to be shut;
 *  L2 the entry opens for somebody new only from closed: both doors shut, nobody inside;
 *  L3 the exit opens only for exactly one person of whom everything needed was said inside, or by release;
 *  L4 nobody is locked in: while somebody is or may be inside, a lock is open, or a deadline opens one; released opens
 *     a lock as soon as the other door is shut, and the other one when nobody gets out by the first;
 *  L5 what was said inside is of whoever is inside: it is forgotten in every other state but leaving;
 *  L6 nobody is sent back or released without an attendant being called. */
#ifndef TERMINAL_INTERLOCK_H
#define TERMINAL_INTERLOCK_H

#include <tebura/clock.h>
#include <tebura/status.h>

typedef enum tb_interlock_state {
    TB_INTERLOCK_CLOSED,
    TB_INTERLOCK_ENTERING,
    TB_INTERLOCK_INSIDE,
    TB_INTERLOCK_LEAVING,
    TB_INTERLOCK_RETURNING,
    TB_INTERLOCK_RELEASED,
    TB_INTERLOCK_STATES
} tb_interlock_state;
const char *tb_interlock_state_name(tb_interlock_state state);

typedef enum tb_interlock_input_kind {
    TB_INTERLOCK_TICK,
    TB_INTERLOCK_SENSORS, /* what the doors and the space between them are now */
    TB_INTERLOCK_ADMIT,   /* somebody was recognised before the entry */
    TB_INTERLOCK_ACCEPT,  /* whoever is inside was approved of */
    TB_INTERLOCK_REFUSE,
    TB_INTERLOCK_SAME,     /* the face inside is that of whom was admitted, alone */
    TB_INTERLOCK_DOUBT,    /* no longer known */
    TB_INTERLOCK_STRANGER, /* it is not */
    TB_INTERLOCK_RELEASE,  /* attendant, fire alarm */
    TB_INTERLOCK_RESET,    /* the attendant has looked: go on */
    TB_INTERLOCK_INPUTS
} tb_interlock_input_kind;

typedef struct tb_interlock_sensors {
    int entry_shut, exit_shut;
    int inside; /* how many; -1: the sensor does not know, which counts as somebody */
} tb_interlock_sensors;

typedef struct tb_interlock_input {
    tb_interlock_input_kind kind;
    tb_interlock_sensors sensors; /* with SENSORS */
} tb_interlock_input;

typedef enum tb_interlock_outcome { /* of one admittance, told once */
                                    TB_INTERLOCK_UNDECIDED,
                                    TB_INTERLOCK_PASSED,
                                    TB_INTERLOCK_NOBODY_CAME,
                                    TB_INTERLOCK_WENT_BACK,
                                    TB_INTERLOCK_FAILED
} tb_interlock_outcome;

typedef enum tb_interlock_need { TB_INTERLOCK_FACE = 1, TB_INTERLOCK_APPROVAL = 2 } tb_interlock_need;

typedef enum tb_interlock_cause { /* why an attendant is called, and that one has looked */
                                  TB_INTERLOCK_NO_CAUSE,
                                  TB_INTERLOCK_BY_HAND,
                                  TB_INTERLOCK_SEVERAL,
                                  TB_INTERLOCK_OTHER_FACE,
                                  TB_INTERLOCK_DECLINED,
                                  TB_INTERLOCK_NO_ANSWER,
                                  TB_INTERLOCK_HELD,   /* a door that stays open */
                                  TB_INTERLOCK_FORCED, /* one that is open against its lock */
                                  TB_INTERLOCK_VANISHED,
                                  TB_INTERLOCK_UNANNOUNCED, /* somebody inside whom nobody let in */
                                  TB_INTERLOCK_NO_SENSORS,
                                  TB_INTERLOCK_SEEN_TO,
                                  TB_INTERLOCK_CAUSES
} tb_interlock_cause;
/* As events and the screen name it: "interlock_other_face"; "" for none. */
const char *tb_interlock_cause_name(tb_interlock_cause cause);

typedef struct tb_interlock {
    tb_interlock_state state;
    int needs, has; /* tb_interlock_need; `has` is of whoever is inside (L5) */
    tb_interlock_sensors sensors;
    int entry_open, exit_open;    /* the locks */
    int admitted;                 /* somebody was let in and their outcome is not told yet */
    tb_interlock_outcome outcome; /* of this step; UNDECIDED for none */
    int call;                     /* of this step: an attendant is called, or has looked; see `cause` */
    tb_interlock_cause cause;     /* of the last call */
    int attention;                /* an attendant is wanted */
    tb_time deadline;             /* TB_TIME_NEVER: none */
} tb_interlock;

#define TB_INTERLOCK_ENTER (15 * TB_SECOND)
#define TB_INTERLOCK_WAIT (2 * TB_MINUTE)  /* inside, for what it needs */
#define TB_INTERLOCK_TURN (10 * TB_SECOND) /* released: then the other lock; leaving, returning: then an attendant */

/* After a start, also in the middle of a passage: nobody is let in before the sensors have spoken. Without power the
 * doors' springs have shut them; who is inside nobody knows. */
void tb_interlock_init(int needs, tb_time now, tb_interlock *out);
/* TB_OK; TB_CONFLICT: not now, nothing has changed. Pure. */
tb_status tb_interlock_step(const tb_interlock *before, const tb_interlock_input *input, tb_time now,
                            tb_interlock *after) TB_MUST_CHECK;

#endif
