/* A15: two doors: every transition of the table, both never open, nobody locked in; and thousands of steps at
 * random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "terminal/interlock.h"

typedef struct trial {
    tb_interlock l;
    tb_time now;
} trial;

static trial fresh(void)
{
    trial t = {.now = TB_HOUR};
    tb_interlock_init(&t.l);
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
        /* tick sense admit accept refuse release reset */
        {1, 1, 1, 0, 0, 1, 0}, {1, 1, 0, 0, 0, 1, 0}, {1, 1, 0, 1, 1, 1, 0},
        {1, 1, 0, 0, 0, 1, 0}, {1, 1, 0, 0, 0, 1, 0}, {1, 1, 0, 0, 0, 1, 0},
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

/* The invariants are asserted in every step. Here besides: a person inside always gets out by doors that open where
 * the locks let them. */
static void at_random(void **state)
{
    (void)state;
    srand(7);
    long passed = 0, released = 0;
    trial t = fresh();
    for (long i = 0; i < 300000; i++) {
        tb_interlock_input input = {(tb_interlock_input_kind)(rand() % TB_INTERLOCK_INPUTS), t.l.sensors};
        if (input.kind == TB_INTERLOCK_RELEASE && rand() % 20)
            continue;
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
        (void)!tb_interlock_step(&before, &input, t.now, &t.l);
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
    print_message("passed %ld, released %ld\n", passed, released);
    assert_true(passed > 100 && released > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(through),
                                       cmocka_unit_test(not_through),
                                       cmocka_unit_test(faults_release),
                                       cmocka_unit_test(nobody_is_locked_in),
                                       cmocka_unit_test(what_is_not_for_now),
                                       cmocka_unit_test(at_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
