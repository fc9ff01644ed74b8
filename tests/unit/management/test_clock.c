/* The server's clock jumps, ahead or back, while it runs or while it is off: no flight ends, nobody is erased, no list
 * changes by it; the time goes on; and when the clock agrees again, or the operator says that it is right, it is
 * believed. */
#include "airport.h"
#include "management/service.h"

static const traveller who = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};

/* ---- the decision ---- */

static tb_time read_at(tb_site_time *t, tb_time wall, int64_t uptime, int expected)
{
    int changed;
    tb_time time = tb_site_time_read(t, wall, uptime, &changed);
    assert_int_equal(changed, expected);
    return time;
}

static void held_and_believed_again(void **state)
{
    tb_site_time t = {0};
    (void)state;
    tb_site_time_start(&t, 0, 1000 * TB_DAY, TB_HOUR); /* nothing stored: believed */
    assert_int_equal(read_at(&t, 1000 * TB_DAY + TB_SECOND, TB_HOUR + TB_SECOND, 0), 1000 * TB_DAY + TB_SECOND);
    assert_int_equal(read_at(&t, 1000 * TB_DAY + 4 * TB_MINUTE, TB_HOUR, 0), 1000 * TB_DAY + 4 * TB_MINUTE);
    assert_int_equal(read_at(&t, 1001 * TB_DAY, TB_HOUR + TB_MINUTE, 1), 1000 * TB_DAY + TB_MINUTE);
    assert_int_equal(read_at(&t, 1001 * TB_DAY, TB_HOUR + 2 * TB_MINUTE, 0), 1000 * TB_DAY + 2 * TB_MINUTE);
    tb_site_time_follow(&t, 1001 * TB_DAY, TB_HOUR + 3 * TB_MINUTE); /* a clock that is held is not followed */
    assert_int_equal(read_at(&t, 1000 * TB_DAY + 3 * TB_MINUTE, TB_HOUR + 3 * TB_MINUTE, -1),
                     1000 * TB_DAY + 3 * TB_MINUTE);
    assert_int_equal(read_at(&t, 999 * TB_DAY, TB_HOUR + 4 * TB_MINUTE, 1), 1000 * TB_DAY + 4 * TB_MINUTE);
    tb_site_time_accept(&t, 999 * TB_DAY, TB_HOUR + 4 * TB_MINUTE);
    assert_int_equal(read_at(&t, 999 * TB_DAY + TB_SECOND, TB_HOUR + 4 * TB_MINUTE + TB_SECOND, 0),
                     999 * TB_DAY + TB_SECOND);
    assert_int_equal(atomic_load(&t.jumps), 2);
}

/* A minute a tick: no step is a jump, and all of them are followed. */
static void a_slow_clock_is_followed(void **state)
{
    tb_site_time t = {0};
    (void)state;
    tb_site_time_start(&t, 0, 1000 * TB_DAY, 0);
    for (int i = 1; i <= 600; i++) {
        tb_site_time_follow(&t, 1000 * TB_DAY + 2 * i * TB_MINUTE, i * TB_MINUTE);
        assert_int_equal(atomic_load(&t.held), 0);
    }
}

static void after_being_off(void **state)
{
    tb_site_time t = {0};
    (void)state;
    tb_site_time_start(&t, 1000 * TB_DAY, 1002 * TB_DAY, TB_MINUTE); /* a long weekend */
    assert_int_equal(read_at(&t, 1002 * TB_DAY, TB_MINUTE, 0), 1002 * TB_DAY);
    tb_site_time_follow(&t, 1002 * TB_DAY, TB_MINUTE);
    assert_int_equal(read_at(&t, 1002 * TB_DAY + TB_HOUR, TB_MINUTE, 1), 1002 * TB_DAY); /* the weekend is over */
    tb_site_time_start(&t, 1000 * TB_DAY, 1400 * TB_DAY, TB_MINUTE);
    assert_int_equal(read_at(&t, 1400 * TB_DAY, TB_MINUTE, 1), 1000 * TB_DAY);
    tb_site_time_start(&t, 1000 * TB_DAY, 0, TB_MINUTE); /* no battery: 1970 */
    assert_int_equal(read_at(&t, 0, TB_MINUTE, 1), 1000 * TB_DAY);
    assert_int_equal(read_at(&t, 1000 * TB_DAY + TB_HOUR, 2 * TB_MINUTE, -1), 1000 * TB_DAY + TB_HOUR); /* NTP came */
}

/* ---- the service ---- */

static int64_t uptime; /* of the machine */

static int64_t uptime_now(void *context)
{
    (void)context;
    return uptime;
}

/* The same site with a clock that is watched. */
static tb_status reopen(airport *a, int accept)
{
    tb_error why = {0};
    tb_management_free(&a->m);
    tb_management_options options = {
        .directory = a->folder,
        .site = "narita",
        .profile = a->profile,
        .model = VECTORS_MODEL,
        .dimension = AIRPORT_DIMENSION,
        .now = airport_now,
        .now_context = a,
        .uptime = uptime_now,
        .accept_clock = accept,
        .calibration = {.knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f, .verification = 0.4f}};
    a->floor = 0;
    return tb_management_open(&options, &a->m, &why);
}

static void tick(airport *a)
{
    tb_time next;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
}

static tb_clock_state clock_of(airport *a)
{
    tb_clock_state clock;
    tb_management_clock(a->m, &clock);
    return clock;
}

static void begin(airport *a, traveller *t)
{
    checkin(a, t, 1);
    uptime = TB_DAY;
    assert_int_equal(reopen(a, 0), TB_OK);
    tick(a);
    assert_false(clock_of(a).held);
}

static void pass(airport *a, int64_t duration, int64_t jump)
{
    uptime += duration;
    a->now += duration + jump;
    tick(a);
}

static int has_entry(airport *a, int which, tb_id visit)
{
    tb_entry_row row;
    return tb_entry_row_get(a->m->db, visit, a->terminals[which].id, &row) == TB_OK;
}

static void a_jump_ahead_erases_nobody(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_error why;
    begin(a, &t);
    tb_time right = a->now;
    pass(a, TB_MINUTE, TB_DAY);
    assert_true(clock_of(a).held);
    assert_int_equal(clock_of(a).now, right + TB_MINUTE);
    assert_int_equal(clock_of(a).ahead, TB_DAY);
    assert_int_equal(airport_counts(a).people, 1); /* their flight has not left */
    assert_true(has_entry(a, SECURITY, t.visit));
    airport_check(a);
    /* the time goes on: the gate opens as it should, half an hour before 11:30 (T1) */
    tb_event passage = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    assert_int_equal(airport_send(a, SECURITY, &passage), TB_OK);
    assert_false(has_entry(a, GATE12, t.visit));
    pass(a, at("11:01") - right, 0);
    assert_true(has_entry(a, GATE12, t.visit));
    a->now -= TB_DAY; /* set right */
    tick(a);
    assert_false(clock_of(a).held);
    assert_int_equal(airport_counts(a).people, 1);
    pass(a, TB_MINUTE, TB_DAY); /* once more; now the operator says so */
    assert_true(clock_of(a).held);
    assert_int_equal(tb_management_clock_accept(a->m, &why), TB_OK);
    tick(a);
    assert_false(clock_of(a).held);
    assert_int_equal(airport_counts(a).people, 0); /* a day later: the flight is long gone */
    assert_int_equal(tb_metric_get(&a->m->metrics, TB_METRIC_CLOCK_JUMPS), 2);
    airport_check(a);
}

static void a_jump_back_breaks_nothing(void **state)
{
    airport *a = *state;
    traveller t = who, other = {"ITO", "KEN", "CD7654321", FLIGHT, 2, {{0}}};
    begin(a, &t);
    tb_time right = a->now;
    uint64_t sequence = tb_terminal_find(a->m, "security-1")->row.sequence;
    pass(a, TB_MINUTE, -30 * TB_DAY);
    assert_true(clock_of(a).held);
    assert_int_equal(clock_of(a).now, right + TB_MINUTE);
    tb_answer answer;
    tb_request request = checkin_request(a, &other, 1);
    request.at = clock_of(a).now; /* terminals whose clocks are right are answered */
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    tb_request_free(&request);
    assert_true(tb_terminal_find(a->m, "security-1")->row.sequence > sequence);
    assert_int_equal(reopen(a, 0), TB_OK); /* and after a restart with that clock */
    assert_true(clock_of(a).held);
    assert_true(clock_of(a).now >= right);
    assert_true(a->m->sequence_floor >= (uint64_t)right / 1000);
    airport_check(a);
}

static void a_jump_while_it_was_off(void **state)
{
    airport *a = *state;
    traveller t = who;
    begin(a, &t);
    a->now += 100 * TB_DAY;
    assert_int_equal(reopen(a, 0), TB_OK);
    tick(a);
    assert_true(clock_of(a).held);
    assert_int_equal(airport_counts(a).people, 1);
    assert_int_equal(reopen(a, 1), TB_OK); /* teburad --accept-clock */
    tick(a);
    assert_false(clock_of(a).held);
    assert_int_equal(airport_counts(a).people, 0);
    a->now += 10 * TB_HOUR; /* off for a night */
    assert_int_equal(reopen(a, 0), TB_OK);
    assert_false(clock_of(a).held);
    airport_check(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_and_believed_again),
        cmocka_unit_test(a_slow_clock_is_followed),
        cmocka_unit_test(after_being_off),
        cmocka_unit_test_setup_teardown(a_jump_ahead_erases_nobody, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(a_jump_back_breaks_nothing, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(a_jump_while_it_was_off, airport_setup, airport_teardown)};
    return tb_crypto_start() == TB_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
