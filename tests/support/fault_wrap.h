/* fault_wrap.h: makes the Nth allocation, database call or bus call of the code under test fail.
 *
 * Programs of tests/fault/ are linked with --wrap for the calls listed in cmake/tests.cmake, so calls made from our
 * own code (not those inside libraries) pass here. The shape of a fault loop:
 *
 *     for (int n = 1;; n++) {
 *         fault_arm(FAULT_DATABASE, n);
 *         tb_status status = act();
 *         fault_disarm();
 *         if (!fault_fired()) { assert_int_equal(status, TB_OK); break; }   // fewer than n calls: every one was tried
 *         assert_int_not_equal(status, TB_OK);                              // an error, nothing lost, nothing half
 *         done
 *         check_that_nothing_changed();
 *     }
 *
 * Counting is process-wide and safe from any thread: exactly one call is the Nth. Without arming every call passes. */
#ifndef TEBURA_TESTS_FAULT_WRAP_H
#define TEBURA_TESTS_FAULT_WRAP_H

typedef enum fault_class {
    FAULT_MEMORY,   /* malloc, calloc, realloc, aligned_alloc, strdup, strndup: NULL */
    FAULT_POSTGRES, /* libpq: connecting, asking, sending: what it answers without memory or without a connection */
    FAULT_DATABASE, /* sqlite3_step, _prepare_v2, _exec: SQLITE_IOERR, or the code given */
    /* publishing, requests, acknowledgements, key-value writes: NATS_CONNECTION_DISCONNECTED, or the code given */
    FAULT_BUS,
    FAULT_CLASSES
} fault_class;

/* The nth call (1 is the next one) of this class fails, once. Other classes are left as they are; counting starts
 * anew. */
void fault_arm(fault_class which, int n);

/* The same, and every later call of the class fails too, until disarmed: a disk that stays full, a broker that stays
 * away. */
void fault_arm_from(fault_class which, int n);

/* What a failing call of the class answers from now on (SQLITE_FULL, NATS_TIMEOUT ...); 0 is the class' usual
 * answer. */
void fault_answer(fault_class which, int code);

/* All classes pass again. fault_fired() keeps its count until the next arming. */
void fault_disarm(void);

/* How many calls were made to fail since the last arming. */
int fault_fired(void);

#endif
