/* The third authentication: a visitor or not, and the reason why not here (A9, A10, A13). */
#include "airport.h"

#include <tebura/secret.h>

static void reasons(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              leo = {"MORI", "LEO", "CD7654321", OTHER_FLIGHT, 2, {{0}}};
    checkin(a, &mia, 1);
    checkin(a, &leo, 1);
    tb_template face = face_of(&mia), early = face_of(&leo), stranger = vectors_template(99, AIRPORT_DIMENSION);

    tb_answer answer = identify(a, SECURITY, &face);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT); /* A9: although no list was ever published */
    assert_true(tb_id_equal(answer.visit, mia.visit));
    answer = identify(a, SECURITY, &early); /* boards 13:30: from 10:30 */
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "too_early");
    assert_int_equal(tb_facts_number(&answer.fields, "from", 0), at("10:30"));
    assert_null(tb_facts_get(&answer.fields, "name"));
    answer = identify(a, SECURITY, &stranger);
    assert_int_equal(answer.verdict, TB_ANSWER_UNKNOWN);
    assert_string_equal(answer.reason, "not_checked_in");
    answer = identify(a, EMIGRATION, &face);
    assert_string_equal(answer.reason, "not_through_security");
    airport_pass(a, SECURITY, mia.visit);
    answer = identify(a, SECURITY, &face);
    assert_string_equal(answer.reason, "already_used");
    answer = identify(a, GATE34, &face);
    assert_string_equal(answer.reason, "other_gate");
    assert_string_equal(tb_facts_text(&answer.fields, "gate"), "12");
    answer = identify(a, SHOP, &face);
    assert_string_equal(answer.reason, "no_instrument");
    answer = identify(a, PICKUP, &face);
    assert_string_equal(answer.reason, "nothing_waiting");
    answer = identify(a, DROP, &face);
    assert_string_equal(answer.reason, "already_used");
}

static void two_alike_are_never_guessed(void **state)
{
    airport *a = *state;
    traveller one = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              two = {"SATO", "MEI", "AB1234568", FLIGHT, 1, {{0}}};
    checkin(a, &one, 1);
    checkin(a, &two, 1); /* twins: the same face */
    tb_template face = face_of(&one);
    tb_answer answer = identify(a, SECURITY, &face);
    assert_int_equal(answer.verdict, TB_ANSWER_NOT_SURE);
    assert_string_equal(answer.reason, "not_sure");
    assert_true(tb_id_is_zero(answer.visit));
}

static void probes_that_are_none(void **state)
{
    airport *a = *state;
    tb_request request = airport_request(a, SECURITY, TB_REQUEST_IDENTIFY);
    tb_answer answer;
    tb_template face = vectors_template(1, AIRPORT_DIMENSION);
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    request.probe.data[0] ^= 1;
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_FAILED);
    tb_request_free(&request);
    request = airport_request(a, KIOSK, TB_REQUEST_IDENTIFY); /* a role that may not ask */
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.status, TB_FORBIDDEN);
    tb_request_free(&request);
}

static void questions_of_another_time(void **state)
{
    airport *a = *state;
    tb_request request = airport_request(a, SECURITY, TB_REQUEST_IDENTIFY);
    tb_answer answer;
    tb_template face = vectors_template(1, AIRPORT_DIMENSION);
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
    a->now += 9 * TB_MINUTE;
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
    a->now += 2 * TB_MINUTE; /* somebody has recorded it */
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_CONFLICT);
    request.at = a->now + TB_HOUR;
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_CONFLICT);
    tb_request_free(&request);
}

static void nothing_of_a_probe_stays(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &mia, 1);
    tb_template face = face_of(&mia), stranger = vectors_template(99, AIRPORT_DIMENSION);
    (void)identify(a, SECURITY, &face);
    size_t held = tb_secret_held();
    (void)identify(a, SECURITY, &stranger);
    (void)identify(a, SECURITY, &face);
    assert_int_equal(tb_secret_held(), held);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(reasons), TEST(two_alike_are_never_guessed), TEST(probes_that_are_none),
                                       TEST(questions_of_another_time), TEST(nothing_of_a_probe_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
