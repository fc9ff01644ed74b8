/* A4 A14: what a flight information source says: every affected list follows, the newest word counts, once each; what
 *    is
 * refused disturbs nothing else. */
#include "airport.h"

static tb_flight_change word(const char *flight)
{
    tb_flight_change c = {.source = "aodb"};
    snprintf(c.flight, sizeof c.flight, "%s", flight);
    return c;
}

static void say_time(tb_flight_change *c, tb_flight_field field, tb_time time)
{
    c->says |= 1u << field;
    c->times[field] = time;
}

static void say_gate(tb_flight_change *c, const char *gate)
{
    c->says |= 1u << TB_FLIGHT_GATE;
    snprintf(c->gate, sizeof c->gate, "%s", gate);
}

static void say_status(tb_flight_change *c, tb_flight_status status)
{
    c->says |= 1u << TB_FLIGHT_STATUS;
    c->status = status;
}

static void say_route(tb_flight_change *c, const char *from, const char *to)
{
    c->says |= 1u << TB_FLIGHT_FROM | 1u << TB_FLIGHT_TO;
    snprintf(c->from, sizeof c->from, "%s", from);
    snprintf(c->to, sizeof c->to, "%s", to);
}

static tb_flight_outcome apply(airport *a, const tb_flight_change *c, const char *cause)
{
    tb_flight_answer answer;
    assert_int_equal(tb_management_flight_changes(a->m, c, 1, &answer), TB_OK);
    if (cause && !strstr(answer.why.text, cause))
        fail_msg("'%s', not '%s'", answer.why.text, cause);
    return answer.outcome;
}

static tb_status find_flight(void *context, const tb_flight *flight)
{
    tb_flight *wanted = context;
    if (strcmp(flight->id, wanted->id) == 0)
        *wanted = *flight;
    return TB_OK;
}

static tb_flight flight_of(airport *a, const char *id)
{
    tb_flight flight = {0};
    snprintf(flight.id, sizeof flight.id, "%s", id);
    assert_int_equal(tb_management_flights(a->m, find_flight, &flight), TB_OK);
    return flight;
}

static traveller boarding_traveller(airport *a, int number)
{
    static const char *const numbers[] = {"L1", "L2", "L3", "L4"};
    traveller t = {"LEE", "MIA", numbers[number], FLIGHT, number + 1, {{0}}};
    checkin(a, &t, 1);
    airport_pass(a, SECURITY, t.visit);
    return t;
}

static void a_gate_change_moves_everybody(void **state)
{
    airport *a = *state;
    airport_clock(a, "11:30");
    traveller one = boarding_traveller(a, 0), two = boarding_traveller(a, 1);
    assert_true(is_on_list(a, GATE12, one.visit) && is_on_list(a, GATE12, two.visit));
    tb_flight_change c = word(FLIGHT);
    say_gate(&c, "34");
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    assert_true(!is_on_list(a, GATE12, one.visit) && is_on_list(a, GATE34, one.visit));
    assert_true(is_on_list(a, GATE34, two.visit));
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_UNCHANGED);
    c.gate[0] = '\0';
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    assert_false(is_on_list(a, GATE34, two.visit));
    airport_check(a);
}

static void a_message_once_and_the_newest_word(void **state)
{
    airport *a = *state;
    tb_flight_change first = word(FLIGHT), second = word(FLIGHT);
    say_gate(&first, "34");
    say_time(&first, TB_FLIGHT_ETD, at("12:20"));
    first.at = at("09:00");
    snprintf(first.message, sizeof first.message, "1");
    say_gate(&second, "15");
    second.at = at("09:10");
    snprintf(second.message, sizeof second.message, "2");
    /* the operator's own, of 09:30, is newer than both */
    assert_int_equal(apply(a, &second, NULL), TB_CHANGE_OUTDATED);
    a->now = at("10:00");
    second.at = at("09:50");
    first.at = at("09:40");
    assert_int_equal(apply(a, &second, NULL), TB_CHANGE_APPLIED);
    assert_int_equal(apply(a, &second, NULL), TB_CHANGE_REPEATED);
    assert_int_equal(apply(a, &first, NULL), TB_CHANGE_APPLIED); /* its time is still news, its gate is not */
    tb_flight flight = flight_of(a, FLIGHT);
    assert_string_equal(flight.gate, "15");
    assert_true(flight.departure == at("12:20") && flight.boarding == at("11:50"));
    first.message[0] = '\0';
    first.says = 1u << TB_FLIGHT_GATE;
    assert_int_equal(apply(a, &first, NULL), TB_CHANGE_OUTDATED);
    airport_reopen(a);
    assert_int_equal(apply(a, &second, NULL), TB_CHANGE_REPEATED);
    snprintf(second.source, sizeof second.source, "other"); /* its own numbers */
    assert_int_equal(apply(a, &second, NULL), TB_CHANGE_UNCHANGED);
    second.at = a->now + TB_HOUR;
    second.message[0] = '\0';
    assert_int_equal(apply(a, &second, "said in the future"), TB_CHANGE_REFUSED);
}

static void cancelled_is_told(void **state)
{
    airport *a = *state;
    airport_clock(a, "11:30");
    traveller t = boarding_traveller(a, 0);
    assert_true(is_on_list(a, GATE12, t.visit) && is_on_list(a, EMIGRATION, t.visit));
    tb_flight_change c = word(FLIGHT);
    say_status(&c, TB_FLIGHT_CANCELLED);
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    assert_true(!is_on_list(a, GATE12, t.visit) && !is_on_list(a, EMIGRATION, t.visit));
    tb_template face = face_of(&t);
    tb_answer answer = identify(a, GATE12, &face);
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "flight_cancelled");
    airport_check(a);
    a->now += TB_MINUTE;
    say_status(&c, TB_FLIGHT_DELAYED); /* it goes after all */
    say_time(&c, TB_FLIGHT_ETD, at("13:00"));
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    assert_true(is_on_list(a, EMIGRATION, t.visit));
    airport_check(a);
}

static void retimed_over_midnight(void **state)
{
    airport *a = *state;
    airport_clock(a, "11:30");
    traveller t = boarding_traveller(a, 0);
    tb_flight_change c = word(FLIGHT);
    say_time(&c, TB_FLIGHT_ETD, at("12:00") + 13 * TB_HOUR);
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    assert_true(flight_of(a, FLIGHT).boarding == at("11:30") + 13 * TB_HOUR);
    assert_false(is_on_list(a, GATE12, t.visit));
    assert_true(is_on_list(a, SHOP, t.visit) == 0 && is_on_list(a, EMIGRATION, t.visit));
    a->now = at("11:31") + 13 * TB_HOUR;
    tb_time next;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_true(is_on_list(a, GATE12, t.visit));
    airport_check(a);
    say_time(&c, TB_FLIGHT_ATD, a->now);
    c.says = 1u << TB_FLIGHT_ATD;
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    assert_int_equal(airport_counts(a).people, 0);
    assert_int_equal(airport_counts(a).visitors, 0);
    airport_check(a);
}

static void a_new_flight_and_one_that_is_gone(void **state)
{
    airport *a = *state;
    tb_flight_change c = word("NH7/2026-11-21");
    say_gate(&c, "5");
    assert_int_equal(apply(a, &c, "not known yet"), TB_CHANGE_REFUSED);
    say_route(&c, "NRT", "SFO");
    say_time(&c, TB_FLIGHT_STD, at("17:00"));
    say_time(&c, TB_FLIGHT_STA, at("17:00") + 9 * TB_HOUR);
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    tb_flight flight = flight_of(a, "NH7/2026-11-21");
    assert_true(flight.boarding == at("16:30") && tb_flight_arrival(&flight) == at("17:00") + 9 * TB_HOUR);
    tb_flight_change old = word("NH8/2026-11-20");
    say_route(&old, "NRT", "SFO");
    say_time(&old, TB_FLIGHT_STD, at("09:00") - TB_DAY);
    assert_int_equal(apply(a, &old, NULL), TB_CHANGE_OUTDATED); /* a table keeps yesterday's lines */

    a->now = at("17:10");
    c = word("NH7/2026-11-21");
    say_status(&c, TB_FLIGHT_DEPARTED);
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    flight = flight_of(a, "NH7/2026-11-21");
    assert_true(flight.departed && flight.atd == at("17:10") && flight.departure == at("17:10"));
    a->now += TB_MINUTE;
    c = word("NH7/2026-11-21");
    say_gate(&c, "6");
    assert_int_equal(apply(a, &c, "only its arrival"), TB_CHANGE_REFUSED);
    say_status(&c, TB_FLIGHT_SCHEDULED);
    assert_int_equal(apply(a, &c, "cannot be taken back"), TB_CHANGE_REFUSED);
    c = word("NH7/2026-11-21");
    say_time(&c, TB_FLIGHT_ETA, at("23:00"));
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    say_time(&c, TB_FLIGHT_ATA, at("17:05"));
    assert_int_equal(apply(a, &c, "before it departs"), TB_CHANGE_REFUSED);
    a->now = at("23:30");
    c = word("NH7/2026-11-21");
    say_status(&c, TB_FLIGHT_LANDED);
    assert_int_equal(apply(a, &c, NULL), TB_CHANGE_APPLIED);
    assert_true(flight_of(a, "NH7/2026-11-21").ata == at("23:30"));
}

static void what_makes_no_sense(void **state)
{
    airport *a = *state;
    const tb_counts before = airport_counts(a);
    tb_flight_change bad[4], good = word(FLIGHT), all[5];
    tb_flight_answer answers[5];
    for (int i = 0; i < 4; i++)
        bad[i] = word(FLIGHT);
    say_time(&bad[0], TB_FLIGHT_ATD, a->now + TB_HOUR);
    say_time(&bad[1], TB_FLIGHT_BOARDING, at("12:30"));
    say_time(&bad[2], TB_FLIGHT_STD, at("12:00") + 365 * TB_DAY);
    say_time(&bad[3], TB_FLIGHT_ETD, at("05:00"));
    say_gate(&good, "34");
    for (int i = 0; i < 5; i++)
        all[i] = i == 2 ? good : bad[i < 2 ? i : i - 1];
    assert_int_equal(tb_management_flight_changes(a->m, all, 5, answers), TB_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(answers[i].outcome, i == 2 ? TB_CHANGE_APPLIED : TB_CHANGE_REFUSED);
    tb_flight flight = flight_of(a, FLIGHT);
    assert_string_equal(flight.gate, "34");
    assert_true(flight.departure == at("12:00") && flight.boarding == at("11:30") && flight.std == at("12:00"));
    const tb_counts after = airport_counts(a);
    assert_int_equal(after.flight_changes[TB_CHANGE_REFUSED] - before.flight_changes[TB_CHANGE_REFUSED], 4);
    assert_int_equal(after.flight_changes[TB_CHANGE_APPLIED] - before.flight_changes[TB_CHANGE_APPLIED], 1);
    for (int i = 0; i < TB_FLIGHT_FIELDS; i++)
        assert_true(tb_flight_field_name((tb_flight_field)i)[0]);
    assert_string_equal(tb_flight_outcome_name(TB_CHANGE_OUTCOMES), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_gate_change_moves_everybody, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(a_message_once_and_the_newest_word, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(cancelled_is_told, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(retimed_over_midnight, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(a_new_flight_and_one_that_is_gone, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(what_makes_no_sense, airport_setup, airport_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
