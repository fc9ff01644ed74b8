/* The time of a site at a terminal whose own clock is wrong, is set, or is not there: nothing reopens, nothing ends too
 * early, and the server's word puts it right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "terminal/site_clock.h"

#define NOON (TB_DAY * 20000 + 12 * TB_HOUR)

struct machine {
    int64_t boot;
    tb_time wall;
};

static int64_t boot_of(void *context)
{
    return ((struct machine *)context)->boot;
}

static tb_time wall_of(void *context)
{
    return ((struct machine *)context)->wall;
}

static void pass(struct machine *m, int64_t time)
{
    m->boot += time;
    m->wall += time;
}

static tb_site_clock *start(struct machine *m, const tb_clock_memory *memory)
{
    tb_clock_readings readings = {boot_of, wall_of, m};
    tb_site_clock *clock;
    assert_int_equal(tb_crypto_start(), TB_OK);
    assert_int_equal(tb_site_clock_new(&readings, memory, &clock), TB_OK);
    return clock;
}

static void follows_its_machine_without_a_server(void **state)
{
    (void)state;
    struct machine m = {100, NOON};
    tb_site_clock *clock = start(&m, NULL);
    assert_true(tb_site_clock_now(clock) == NOON);
    pass(&m, TB_HOUR);
    assert_true(tb_site_clock_now(clock) == NOON + TB_HOUR && tb_site_clock_sure(clock) == NOON + TB_HOUR);
    for (int i = 0; i < 1000; i++) { /* drift is no jump */
        pass(&m, TB_SECOND);
        m.wall += 500;
        (void)tb_site_clock_now(clock);
    }
    tb_clock_view view;
    tb_site_clock_look(clock, &view);
    assert_false(view.jumped || view.by_server);
    assert_int_equal(view.offset_ms, -500);
    tb_site_clock_free(&clock);
}

static void a_clock_set_back_reopens_nothing(void **state)
{
    (void)state;
    struct machine m = {100, NOON};
    tb_site_clock *clock = start(&m, NULL);
    tb_clock_memory memory;
    tb_clock_view view;
    m.wall -= 5 * TB_HOUR;
    assert_true(tb_site_clock_now(clock) == NOON);
    pass(&m, TB_MINUTE);
    assert_true(tb_site_clock_now(clock) == NOON + TB_MINUTE);
    tb_site_clock_look(clock, &view);
    assert_true(view.jumped && view.offset_ms == 5 * TB_HOUR / 1000);
    tb_site_clock_remember(clock, &memory);
    tb_site_clock_free(&clock);
    pass(&m, TB_MINUTE); /* started anew in the same machine: exact */
    clock = start(&m, &memory);
    assert_true(tb_site_clock_now(clock) == NOON + 2 * TB_MINUTE);
    tb_site_clock_remember(clock, &memory);
    tb_site_clock_free(&clock);
    m = (struct machine){5, NOON - TB_DAY}; /* and after the machine itself was: never before what was remembered */
    strcpy(memory.boot_id, "another start");
    clock = start(&m, &memory);
    assert_true(tb_site_clock_now(clock) == NOON + 2 * TB_MINUTE);
    tb_site_clock_free(&clock);
}

static void a_clock_set_forward_closes_but_ends_nothing(void **state)
{
    (void)state;
    struct machine m = {100, NOON};
    tb_site_clock *clock = start(&m, NULL);
    m.wall += 10 * TB_DAY;
    assert_true(tb_site_clock_now(clock) == NOON + 10 * TB_DAY); /* there is nothing better to go by */
    assert_true(tb_site_clock_sure(clock) == NOON);
    pass(&m, TB_CLOCK_DOUBT / 2);
    assert_true(tb_site_clock_sure(clock) == NOON + TB_CLOCK_DOUBT / 2);
    tb_clock_memory memory;
    tb_site_clock_remember(clock, &memory);
    assert_true(memory.site == NOON + TB_CLOCK_DOUBT / 2); /* a wrong clock does not become a bound for ever */
    tb_site_clock *anew = start(&m, &memory);              /* and a new start reopens nothing that was closed */
    assert_true(tb_site_clock_now(anew) == NOON + 10 * TB_DAY + TB_CLOCK_DOUBT / 2);
    assert_true(tb_site_clock_sure(anew) == NOON + TB_CLOCK_DOUBT / 2);
    tb_site_clock_free(&anew);
    /* the server says that it was wrong */
    tb_site_clock_hear(clock, NOON + TB_CLOCK_DOUBT / 2, 1000);
    assert_true(llabs(tb_site_clock_now(clock) - (NOON + TB_CLOCK_DOUBT / 2)) < TB_SECOND);
    assert_true(tb_site_clock_sure(clock) == tb_site_clock_now(clock));
    tb_site_clock_free(&clock);
    m = (struct machine){100, NOON};
    clock = start(&m, NULL);
    m.wall += TB_DAY;
    (void)tb_site_clock_now(clock);
    pass(&m, TB_CLOCK_DOUBT); /* nobody has contradicted it */
    assert_true(tb_site_clock_sure(clock) == tb_site_clock_now(clock));
    tb_site_clock_free(&clock);
}

static void the_server_puts_it_right(void **state)
{
    (void)state;
    struct machine m = {100, NOON - 7 * TB_MINUTE}; /* seven minutes slow */
    tb_site_clock *clock = start(&m, NULL);
    tb_clock_view view;
    uint64_t tick = tb_site_clock_tick(clock);
    pass(&m, 3 * TB_SECOND);
    /* heard by the server 10 ms after it was sent, marked 2.98 s later, 10 ms on the way back */
    tb_mark mark = {.at = NOON + 2990000, .echo = tick, .heard = NOON + 10000};
    int64_t delay = tb_site_clock_delay(clock, &mark);
    assert_int_equal(delay, 20000);
    tb_site_clock_hear(clock, mark.at, delay);
    assert_true(llabs(tb_site_clock_now(clock) - (NOON + 3 * TB_SECOND)) <= 10000);
    tb_site_clock_look(clock, &view);
    assert_true(view.by_server && llabs(view.offset_ms - 7 * 60 * 1000) < 20);
    m.wall += TB_DAY; /* from now on nobody's clock but the server's counts */
    assert_true(llabs(tb_site_clock_now(clock) - (NOON + 3 * TB_SECOND)) <= 10000);
    m.wall -= 3 * TB_DAY;
    assert_true(llabs(tb_site_clock_now(clock) - (NOON + 3 * TB_SECOND)) <= 10000);
    tb_site_clock_free(&clock);
}

/* Whoever holds the broker can hold marks back and repeat them. */
static void late_and_repeated_words_turn_nothing_back(void **state)
{
    (void)state;
    struct machine m = {100, NOON};
    tb_site_clock *clock = start(&m, NULL);
    tb_mark mark = {.at = NOON, .echo = tb_site_clock_tick(clock), .heard = NOON};
    assert_int_equal(tb_site_clock_delay(clock, &mark), 0);
    tb_site_clock_hear(clock, mark.at, 0);
    pass(&m, TB_HOUR);
    assert_true(tb_site_clock_delay(clock, &mark) == TB_HOUR);
    tb_site_clock_hear(clock, mark.at, TB_HOUR);
    assert_true(tb_site_clock_now(clock) == NOON + TB_HOUR);
    tb_site_clock_hear(clock, NOON - TB_HOUR, -1);
    assert_true(tb_site_clock_now(clock) == NOON + TB_HOUR);
    tb_site_clock_hear(clock, NOON + 3 * TB_HOUR, -1); /* the server cannot have said it before its time */
    assert_true(tb_site_clock_now(clock) == NOON + 3 * TB_HOUR);
    mark.echo = tb_site_clock_tick(clock) + 5; /* was not sent yet */
    assert_int_equal(tb_site_clock_delay(clock, &mark), -1);
    mark.echo = 3;
    assert_int_equal(tb_site_clock_delay(clock, &mark), -1);
    mark = (tb_mark){.at = NOON + TB_DAY, .echo = tb_site_clock_tick(clock), .heard = NOON};
    assert_int_equal(tb_site_clock_delay(clock, &mark), -1); /* kept for longer than it is old */
    tb_site_clock_free(&clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_its_machine_without_a_server),
        cmocka_unit_test(a_clock_set_back_reopens_nothing),
        cmocka_unit_test(a_clock_set_forward_closes_but_ends_nothing),
        cmocka_unit_test(the_server_puts_it_right),
        cmocka_unit_test(late_and_repeated_words_turn_nothing_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
