/* A15: two doors: every transition of the table, both never open, nobody locked in; and thousands of steps at
 * random; the simulated doors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "terminal/actuator.h"

typedef struct trial {
    tb_interlock l;
    tb_time now;
} trial;

static trial started(int needs)
{
    trial t = {.now = TB_HOUR};
    tb_interlock_init(needs, t.now, &t.l);
    return t;
}

static tb_status give(trial *t, tb_interlock_input_kind kind)
{
    tb_interlock before = t->l;
    return tb_interlock_step(&before, &(tb_interlock_input){.kind = kind}, t->now, &t->l);
}

static void sense(trial *t, int entry_shut, int exit_shut, int inside)
{
    tb_interlock before = t->l;
    tb_interlock_input input = {TB_INTERLOCK_SENSORS, {entry_shut, exit_shut, inside}};
    assert_int_equal(tb_interlock_step(&before, &input, t->now, &t->l), TB_OK);
}

static trial fresh_with(int needs)
{
    trial t = started(needs);
    sense(&t, 1, 1, 0);
    return t;
}

static trial fresh(void)
{
    return fresh_with(TB_INTERLOCK_APPROVAL);
}

static void called(const trial *t, const char *cause)
{
    assert_true(t->l.call);
    assert_string_equal(tb_interlock_cause_name(t->l.cause), cause);
}

static void later(trial *t, tb_time by)
{
    t->now += by;
    assert_int_equal(give(t, TB_INTERLOCK_TICK), TB_OK);
}

static void is(const trial *t, tb_interlock_state state, int entry_open, int exit_open, tb_interlock_outcome outcome)
{
    assert_string_equal(tb_interlock_state_name(t->l.state), tb_interlock_state_name(state));
    assert_int_equal(t->l.entry_open, entry_open);
    assert_int_equal(t->l.exit_open, exit_open);
    assert_int_equal(t->l.outcome, outcome);
}

static trial at(tb_interlock_state state)
{
    trial t = fresh();
    if (state == TB_INTERLOCK_CLOSED)
        return t;
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_OK);
    if (state == TB_INTERLOCK_ENTERING)
        return t;
    sense(&t, 0, 1, 0);
    sense(&t, 0, 1, 1);
    sense(&t, 1, 1, 1);
    if (state == TB_INTERLOCK_LEAVING)
        assert_int_equal(give(&t, TB_INTERLOCK_ACCEPT), TB_OK);
    if (state == TB_INTERLOCK_RETURNING)
        assert_int_equal(give(&t, TB_INTERLOCK_REFUSE), TB_OK);
    if (state == TB_INTERLOCK_RELEASED)
        assert_int_equal(give(&t, TB_INTERLOCK_RELEASE), TB_OK);
    assert_int_equal(t.l.state, state);
    return t;
}

static void through(void **state)
{
    (void)state;
    trial t = fresh();
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_UNDECIDED);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_OK);
    is(&t, TB_INTERLOCK_ENTERING, 1, 0, TB_INTERLOCK_UNDECIDED);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_CONFLICT); /* one at a time */
    assert_false(t.l.call);
    sense(&t, 0, 1, 0);
    sense(&t, 0, 1, 1);
    is(&t, TB_INTERLOCK_ENTERING, 1, 0, TB_INTERLOCK_UNDECIDED);
    assert_int_equal(give(&t, TB_INTERLOCK_ACCEPT), TB_CONFLICT); /* the entry is not shut yet */
    sense(&t, 1, 1, 1);
    is(&t, TB_INTERLOCK_INSIDE, 0, 0, TB_INTERLOCK_UNDECIDED);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_CONFLICT);
    assert_int_equal(give(&t, TB_INTERLOCK_ACCEPT), TB_OK);
    is(&t, TB_INTERLOCK_LEAVING, 0, 1, TB_INTERLOCK_UNDECIDED);
    sense(&t, 1, 0, 1);
    sense(&t, 1, 0, 0);
    is(&t, TB_INTERLOCK_LEAVING, 0, 1, TB_INTERLOCK_UNDECIDED);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_CONFLICT); /* the exit is not shut yet */
    sense(&t, 1, 1, 0);
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_PASSED);
    later(&t, TB_HOUR);
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_UNDECIDED); /* told once */
}

static void not_through(void **state)
{
    (void)state;
    trial t = at(TB_INTERLOCK_ENTERING); /* nobody comes */
    later(&t, TB_INTERLOCK_ENTER - 1);
    is(&t, TB_INTERLOCK_ENTERING, 1, 0, TB_INTERLOCK_UNDECIDED);
    later(&t, 1);
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_NOBODY_CAME);
    t = at(TB_INTERLOCK_ENTERING); /* the door is held open: nobody is shut in it */
    sense(&t, 0, 1, 0);
    later(&t, TB_INTERLOCK_ENTER);
    is(&t, TB_INTERLOCK_ENTERING, 1, 0, TB_INTERLOCK_UNDECIDED);
    assert_true(t.l.attention);
    sense(&t, 1, 1, 0);
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_NOBODY_CAME);
    t = at(TB_INTERLOCK_ENTERING); /* two at once */
    sense(&t, 1, 1, 2);
    called(&t, "interlock_several");
    is(&t, TB_INTERLOCK_RETURNING, 1, 0, TB_INTERLOCK_UNDECIDED);
    sense(&t, 0, 1, 1);
    is(&t, TB_INTERLOCK_RETURNING, 1, 0, TB_INTERLOCK_UNDECIDED);
    sense(&t, 1, 1, 0);
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_WENT_BACK);
    t = at(TB_INTERLOCK_INSIDE); /* a second one who had crouched */
    sense(&t, 1, 1, 2);
    is(&t, TB_INTERLOCK_RETURNING, 1, 0, TB_INTERLOCK_UNDECIDED);
    t = at(TB_INTERLOCK_INSIDE); /* nobody decides */
    later(&t, TB_INTERLOCK_WAIT);
    called(&t, "interlock_no_answer");
    is(&t, TB_INTERLOCK_RETURNING, 1, 0, TB_INTERLOCK_UNDECIDED);
    t = at(TB_INTERLOCK_RETURNING); /* they do not go: the way stays open */
    later(&t, TB_INTERLOCK_TURN);
    is(&t, TB_INTERLOCK_RETURNING, 1, 0, TB_INTERLOCK_UNDECIDED);
    assert_true(t.l.attention);
    t = at(TB_INTERLOCK_LEAVING);
    later(&t, TB_INTERLOCK_TURN);
    is(&t, TB_INTERLOCK_LEAVING, 0, 1, TB_INTERLOCK_UNDECIDED);
    assert_true(t.l.attention);
}

static void faults_release(void **state)
{
    (void)state;
    for (int s = TB_INTERLOCK_CLOSED; s < TB_INTERLOCK_RELEASED; s++) {
        trial t = at((tb_interlock_state)s);
        assert_int_equal(give(&t, TB_INTERLOCK_RELEASE), TB_OK);
        is(&t, TB_INTERLOCK_RELEASED, 1, 0, s == TB_INTERLOCK_CLOSED ? TB_INTERLOCK_UNDECIDED : TB_INTERLOCK_FAILED);
        assert_true(t.l.attention);
        t = at((tb_interlock_state)s); /* the exit is forced open: the entry is never opened beside it */
        sense(&t, 1, 0, t.l.sensors.inside);
        assert_false(t.l.entry_open);
        assert_int_equal(t.l.state, s == TB_INTERLOCK_LEAVING ? TB_INTERLOCK_LEAVING : TB_INTERLOCK_RELEASED);
    }
    trial t = at(TB_INTERLOCK_INSIDE); /* whoever was inside is not there any more */
    sense(&t, 1, 1, 0);
    is(&t, TB_INTERLOCK_RELEASED, 1, 0, TB_INTERLOCK_FAILED);
    t = at(TB_INTERLOCK_CLOSED); /* somebody is inside whom nobody let in */
    sense(&t, 1, 1, 1);
    is(&t, TB_INTERLOCK_RELEASED, 1, 0, TB_INTERLOCK_UNDECIDED);
    t = at(TB_INTERLOCK_LEAVING);
    sense(&t, 0, 1, 1);
    is(&t, TB_INTERLOCK_RELEASED, 1, 0, TB_INTERLOCK_FAILED);
    t = at(TB_INTERLOCK_INSIDE); /* the sensor fails: it may be somebody */
    sense(&t, 1, 1, -1);
    is(&t, TB_INTERLOCK_RETURNING, 1, 0, TB_INTERLOCK_UNDECIDED);
}

static void nobody_is_locked_in(void **state)
{
    (void)state;
    trial t = at(TB_INTERLOCK_RELEASED);
    is(&t, TB_INTERLOCK_RELEASED, 1, 0, TB_INTERLOCK_FAILED);
    later(&t, TB_INTERLOCK_TURN); /* the entry does not open: by the exit */
    is(&t, TB_INTERLOCK_RELEASED, 0, 1, TB_INTERLOCK_UNDECIDED);
    later(&t, TB_INTERLOCK_TURN);
    is(&t, TB_INTERLOCK_RELEASED, 1, 0, TB_INTERLOCK_UNDECIDED);
    later(&t, TB_INTERLOCK_TURN);
    sense(&t, 1, 0, 1); /* they push the exit open: it stays so */
    later(&t, 10 * TB_INTERLOCK_TURN);
    is(&t, TB_INTERLOCK_RELEASED, 0, 1, TB_INTERLOCK_UNDECIDED);
    assert_int_equal(give(&t, TB_INTERLOCK_RESET), TB_CONFLICT);
    sense(&t, 1, 0, 0);
    assert_int_equal(give(&t, TB_INTERLOCK_RESET), TB_CONFLICT);
    sense(&t, 1, 1, 0);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_CONFLICT); /* until somebody has looked */
    assert_int_equal(give(&t, TB_INTERLOCK_RESET), TB_OK);
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_UNDECIDED); /* that it failed was told before */
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_OK);
    t = at(TB_INTERLOCK_CLOSED); /* released while nobody is inside: the exit has no turn */
    assert_int_equal(give(&t, TB_INTERLOCK_RELEASE), TB_OK);
    later(&t, TB_INTERLOCK_TURN);
    is(&t, TB_INTERLOCK_RELEASED, 1, 0, TB_INTERLOCK_UNDECIDED);
    t = at(TB_INTERLOCK_RELEASED);
    /* both stand open, as nobody can help: both locks shut; the first door that is shut frees one */
    sense(&t, 0, 0, 1);
    is(&t, TB_INTERLOCK_RELEASED, 0, 0, TB_INTERLOCK_UNDECIDED);
    sense(&t, 1, 0, 1);
    is(&t, TB_INTERLOCK_RELEASED, 0, 1, TB_INTERLOCK_UNDECIDED);
}

static void what_is_not_for_now(void **state)
{
    (void)state;
    static const int fits[TB_INTERLOCK_STATES][TB_INTERLOCK_INPUTS] = {
        /* tick sense admit accept refuse same doubt stranger release reset */
        {1, 1, 1, 0, 0, 0, 0, 0, 1, 0}, {1, 1, 0, 0, 0, 0, 0, 0, 1, 0}, {1, 1, 0, 1, 1, 1, 1, 1, 1, 0},
        {1, 1, 0, 0, 0, 0, 0, 0, 1, 0}, {1, 1, 0, 0, 0, 0, 0, 0, 1, 0}, {1, 1, 0, 0, 0, 0, 0, 0, 1, 0},
    };
    for (int s = 0; s < TB_INTERLOCK_STATES; s++)
        for (int k = 0; k < TB_INTERLOCK_INPUTS; k++) {
            trial t = at((tb_interlock_state)s), before = t;
            tb_interlock_input input = {(tb_interlock_input_kind)k, t.l.sensors};
            tb_status status = tb_interlock_step(&before.l, &input, t.now, &t.l);
            assert_int_equal(status, fits[s][k] ? TB_OK : TB_CONFLICT);
            if (status != TB_OK)
                assert_memory_equal(&before.l, &t.l, sizeof t.l);
        }
    trial t = fresh();
    assert_int_equal(give(&t, TB_INTERLOCK_INPUTS), TB_INVALID_ARGUMENT);
    assert_string_equal(tb_interlock_state_name(TB_INTERLOCK_STATES), "");
}

static trial inside_with(int needs)
{
    trial t = fresh_with(needs);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_OK);
    sense(&t, 0, 1, 1);
    sense(&t, 1, 1, 1);
    return t;
}

/* The same face once more, and the approval: whichever comes first, the exit waits for both. */
static void what_it_needs(void **state)
{
    (void)state;
    const int both = TB_INTERLOCK_FACE | TB_INTERLOCK_APPROVAL;
    for (int face_first = 0; face_first < 2; face_first++) {
        trial t = inside_with(both);
        assert_int_equal(give(&t, face_first ? TB_INTERLOCK_SAME : TB_INTERLOCK_ACCEPT), TB_OK);
        is(&t, TB_INTERLOCK_INSIDE, 0, 0, TB_INTERLOCK_UNDECIDED);
        assert_int_equal(give(&t, face_first ? TB_INTERLOCK_ACCEPT : TB_INTERLOCK_SAME), TB_OK);
        is(&t, TB_INTERLOCK_LEAVING, 0, 1, TB_INTERLOCK_UNDECIDED);
    }
    trial t = inside_with(both); /* a second face shows: it has to be seen anew */
    assert_int_equal(give(&t, TB_INTERLOCK_SAME), TB_OK);
    assert_int_equal(give(&t, TB_INTERLOCK_DOUBT), TB_OK);
    assert_int_equal(give(&t, TB_INTERLOCK_ACCEPT), TB_OK);
    is(&t, TB_INTERLOCK_INSIDE, 0, 0, TB_INTERLOCK_UNDECIDED);
    t = inside_with(TB_INTERLOCK_FACE); /* somebody else than was admitted */
    assert_int_equal(give(&t, TB_INTERLOCK_STRANGER), TB_OK);
    called(&t, "interlock_other_face");
    is(&t, TB_INTERLOCK_RETURNING, 1, 0, TB_INTERLOCK_UNDECIDED);
    assert_int_equal(give(&t, TB_INTERLOCK_SAME), TB_CONFLICT);
    sense(&t, 1, 1, 0);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_OK); /* L5: the next one brings their own */
    sense(&t, 1, 1, 1);
    is(&t, TB_INTERLOCK_INSIDE, 0, 0, TB_INTERLOCK_UNDECIDED);
    t = inside_with(0);
    is(&t, TB_INTERLOCK_LEAVING, 0, 1, TB_INTERLOCK_UNDECIDED);
}

/* Power comes back in the middle of a passage: nobody knows who is inside, hence nobody is said to have passed. */
static void a_start(void **state)
{
    (void)state;
    trial t = started(TB_INTERLOCK_FACE);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_CONFLICT); /* before the sensors have spoken */
    sense(&t, 1, 1, 0);
    later(&t, TB_HOUR);
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_UNDECIDED);
    assert_int_equal(give(&t, TB_INTERLOCK_ADMIT), TB_OK);
    t = started(TB_INTERLOCK_FACE);
    sense(&t, 1, 1, 1); /* they are still there */
    called(&t, "interlock_unannounced");
    is(&t, TB_INTERLOCK_RELEASED, 1, 0, TB_INTERLOCK_UNDECIDED);
    sense(&t, 0, 1, 0);
    sense(&t, 1, 1, 0);
    assert_int_equal(give(&t, TB_INTERLOCK_RESET), TB_OK);
    called(&t, "interlock_seen_to");
    is(&t, TB_INTERLOCK_CLOSED, 0, 0, TB_INTERLOCK_UNDECIDED);
    t = started(TB_INTERLOCK_FACE);
    later(&t, TB_INTERLOCK_TURN); /* the sensors are dead: whoever may be inside gets out */
    called(&t, "interlock_no_sensors");
    is(&t, TB_INTERLOCK_RELEASED, 1, 0, TB_INTERLOCK_UNDECIDED);
}

/* The invariants are asserted in every step. Here besides: a person inside always gets out by doors that open where
 * the locks let them. */
static void at_random(void **state)
{
    (void)state;
    srand(7);
    long passed = 0, released = 0, calls = 0;
    int same = 0, approved = 0; /* of whoever is inside, as an observer who knows the inputs only */
    trial t = fresh_with(TB_INTERLOCK_FACE | TB_INTERLOCK_APPROVAL);
    for (long i = 0; i < 300000; i++) {
        tb_interlock_input input = {(tb_interlock_input_kind)(rand() % TB_INTERLOCK_INPUTS), t.l.sensors};
        if (input.kind == TB_INTERLOCK_RELEASE && rand() % 20)
            continue;
        if (t.l.state == TB_INTERLOCK_INSIDE && rand() % 2)
            input.kind = rand() % 2 ? TB_INTERLOCK_SAME : TB_INTERLOCK_ACCEPT;
        if (input.kind == TB_INTERLOCK_SENSORS) {
            tb_interlock_sensors *s = &input.sensors;
            int anything = rand() % 100 == 0; /* a fault, or force */
            if (rand() % 3 == 0 && (t.l.entry_open || !s->entry_shut || anything))
                s->entry_shut = !s->entry_shut;
            else if (rand() % 2 && (t.l.exit_open || !s->exit_shut || anything))
                s->exit_shut = !s->exit_shut;
            else if (!s->entry_shut || !s->exit_shut || anything)
                s->inside = rand() % 3 - (rand() % 50 == 0);
        }
        t.now += rand() % 4 ? rand() % TB_SECOND : rand() % (30 * TB_SECOND);
        tb_interlock before = t.l;
        tb_status status = tb_interlock_step(&before, &input, t.now, &t.l);
        same = status == TB_OK && input.kind == TB_INTERLOCK_SAME    ? 1
               : status == TB_OK && input.kind == TB_INTERLOCK_DOUBT ? 0
                                                                     : same;
        approved |= status == TB_OK && input.kind == TB_INTERLOCK_ACCEPT;
        if (t.l.state != before.state && t.l.state == TB_INTERLOCK_LEAVING) /* nobody leaves without */
            assert_true(same && approved && t.l.sensors.inside == 1);
        if (t.l.exit_open) /* but by release, to which an attendant was called */
            assert_true(t.l.state == TB_INTERLOCK_LEAVING || (t.l.state == TB_INTERLOCK_RELEASED && t.l.attention));
        if (t.l.state != TB_INTERLOCK_INSIDE && t.l.state != TB_INTERLOCK_LEAVING)
            same = approved = 0;
        calls += status == TB_OK && t.l.call;
        if (rand() % 5000 == 0) { /* a power cut */
            tb_interlock_sensors now = t.l.sensors;
            tb_interlock_init(TB_INTERLOCK_FACE | TB_INTERLOCK_APPROVAL, t.now, &t.l);
            sense(&t, now.entry_shut, now.exit_shut, now.inside);
            assert_true(now.inside == 0 || t.l.state == TB_INTERLOCK_RELEASED);
            same = approved = 0;
        }
        passed += t.l.outcome == TB_INTERLOCK_PASSED;
        released += t.l.state == TB_INTERLOCK_RELEASED && before.state != TB_INTERLOCK_RELEASED;
        if (i % 1000 == 0) { /* whatever has come: wait, doors open where they can, and everybody is out */
            trial out = t;
            for (int turn = 0; turn < 200 && out.l.sensors.inside; turn++) {
                out.now += TB_INTERLOCK_WAIT;
                assert_int_equal(give(&out, TB_INTERLOCK_TICK), TB_OK);
                if (out.l.entry_open || out.l.exit_open || (!out.l.sensors.entry_shut && !out.l.sensors.exit_shut))
                    sense(&out, out.l.sensors.entry_shut, out.l.sensors.exit_shut, 0);
            }
            assert_int_equal(out.l.sensors.inside, 0);
        }
    }
    print_message("passed %ld, released %ld, attendants called %ld\n", passed, released, calls);
    assert_true(passed > 100 && released > 100 && calls > released);
}

/* ---- the simulated doors ---- */

typedef struct told {
    uint64_t called, done;
    tb_interlock_cause cause;
} told;

static void note_call(void *context, uint64_t ticket, tb_interlock_cause cause)
{
    *(told *)context = (told){ticket, ((told *)context)->done, cause};
}

static void note_done(void *context, uint64_t ticket, tb_status status)
{
    (void)status;
    ((told *)context)->done = ticket;
}

static void note_nothing(void *context)
{
    (void)context;
}

/* Whoever is turned away because somebody is inside is not the one of whom something is told later. */
static void of_whom_it_is_told(void **state)
{
    (void)state;
    told t = {0};
    tb_actuator *doors = NULL;
    const tb_doors_listener listener = {note_nothing, note_call, &t};
    assert_int_equal(tb_actuator_interlock_simulated(TB_INTERLOCK_FACE, &listener, &doors), TB_OK);
    assert_int_equal(tb_actuator_open(doors, 7, note_done, &t), TB_OK);
    assert_int_equal(tb_actuator_sense(doors, &(tb_interlock_sensors){0, 1, 1}), TB_OK);
    assert_int_equal(tb_actuator_sense(doors, &(tb_interlock_sensors){1, 1, 1}), TB_OK);
    assert_int_equal(tb_actuator_open(doors, 8, note_done, &t), TB_CONFLICT);
    assert_int_equal(tb_actuator_ask(doors, TB_INTERLOCK_STRANGER), TB_OK);
    assert_int_equal(t.called, 7);
    assert_int_equal(t.cause, TB_INTERLOCK_OTHER_FACE);
    assert_int_equal(tb_actuator_sense(doors, &(tb_interlock_sensors){0, 1, 0}), TB_OK);
    assert_int_equal(tb_actuator_sense(doors, &(tb_interlock_sensors){1, 1, 0}), TB_OK);
    assert_int_equal(t.done, 7);
    tb_actuator_free(&doors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(through),
                                       cmocka_unit_test(not_through),
                                       cmocka_unit_test(faults_release),
                                       cmocka_unit_test(nobody_is_locked_in),
                                       cmocka_unit_test(what_is_not_for_now),
                                       cmocka_unit_test(what_it_needs),
                                       cmocka_unit_test(a_start),
                                       cmocka_unit_test(at_random),
                                       cmocka_unit_test(of_whom_it_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
