/* Check-in: what documents are refused and why, repetition, the same person again, what an answer is worth. */
#include "airport.h"

static tb_answer ask(airport *a, tb_request *request)
{
    tb_answer answer;
    assert_int_equal(airport_ask(a, KIOSK, request, &answer), TB_OK);
    tb_request_free(request);
    return answer;
}

static void refused(airport *a, tb_request *request, const char *reason, tb_status status)
{
    tb_answer answer = ask(a, request);
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, reason);
    assert_int_equal(tb_answer_status(&answer), status);
    assert_int_equal(airport_counts(a).people, 0); /* nobody was made */
    assert_int_equal(airport_counts(a).templates, 0);
}

static traveller mia(void)
{
    return (traveller){"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
}

static void documents_that_do_not_do(void **state)
{
    airport *a = *state;
    traveller t = mia(), other = mia();
    tb_request request = checkin_request(a, &t, 1);
    request.mrz[44 + 1 + 9] = request.mrz[44 + 1 + 9] == '0' ? '1' : '0'; /* the number's check digit */
    refused(a, &request, "check_digit", TB_CHECK_DIGIT);

    request = checkin_request(a, &t, 1);
    request.at = a->now = at("09:30") + 5 * 366 * TB_DAY;
    refused(a, &request, "document_expired", TB_DOCUMENT_EXPIRED);
    a->now = at("09:30");

    other.surname = "SUZUKI";
    tb_request foreign = checkin_request(a, &other, 1);
    request = checkin_request(a, &t, 1);
    memcpy(request.boarding_pass, foreign.boarding_pass, sizeof request.boarding_pass);
    tb_request_free(&foreign);
    refused(a, &request, "person_mismatch", TB_OTHER_PERSON);

    request = checkin_request(a, &t, 1);
    request.document_score = 0.39f; /* below what 1:1 needs */
    refused(a, &request, "person_mismatch", TB_OTHER_PERSON);
    airport_check(a);
}

static void flights_that_do_not_do(void **state)
{
    airport *a = *state;
    traveller t = mia();
    t.flight = "NH105/2026-11-20"; /* yesterday's, and today's is known */
    tb_request request = checkin_request(a, &t, 1);
    refused(a, &request, "wrong_day", TB_WRONG_DAY);

    t.flight = "XX999/2026-11-21";
    request = checkin_request(a, &t, 1);
    tb_answer answer = ask(a, &request);
    assert_int_equal(answer.verdict, TB_ANSWER_FAILED);
    assert_int_equal(answer.status, TB_NOT_FOUND);

    t.flight = FLIGHT;
    request = checkin_request(a, &t, 1);
    memcpy(strstr(request.boarding_pass, "NRTLHR"), "LHRNRT", 6); /* the same number on another leg */
    refused(a, &request, "other_route", TB_REFUSED);
    request = checkin_request(a, &t, 1);
    request.at = a->now = at("12:00");
    refused(a, &request, "flight_departed", TB_REFUSED);
    a->now = at("09:30");
    tb_flight cancelled = {.id = FLIGHT,
                           .from = "NRT",
                           .to = "LHR",
                           .gate = "12",
                           .boarding = at("11:30"),
                           .departure = at("12:00"),
                           .cancelled = 1};
    tb_error why;
    assert_int_equal(tb_management_flight_put(a->m, &cancelled, &why), TB_OK);
    request = checkin_request(a, &t, 1);
    refused(a, &request, "flight_cancelled", TB_REFUSED);
}

static void what_cannot_be_read(void **state)
{
    airport *a = *state;
    traveller t = mia();
    tb_request request = checkin_request(a, &t, 1);
    request.boarding_pass[20] = '\0';
    tb_answer answer = ask(a, &request);
    assert_int_equal(answer.verdict, TB_ANSWER_FAILED);
    assert_true(answer.status == TB_TRUNCATED || answer.status == TB_MALFORMED);
    request = checkin_request(a, &t, 1);
    tb_template face = vectors_template(1, AIRPORT_DIMENSION);
    face.model = 5;
    tb_bytes_free(&request.probe);
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    assert_int_equal(ask(a, &request).status, TB_OTHER_MODEL);
    assert_int_equal(airport_counts(a).people, 0);
}

static void the_same_request_the_same_answer(void **state)
{
    airport *a = *state;
    traveller t = mia();
    tb_request request = checkin_request(a, &t, 1);
    tb_answer first, second;
    assert_int_equal(airport_ask(a, KIOSK, &request, &first), TB_OK);
    airport_reopen(a);
    assert_int_equal(airport_ask(a, KIOSK, &request, &second), TB_OK);
    assert_memory_equal(&first, &second, sizeof first);
    tb_passage passages[4];
    int count;
    assert_int_equal(tb_management_passages(a->m, 0, 0, passages, 4, &count), TB_OK);
    assert_int_equal(count, 1); /* one effect (I3) */
    tb_error why;
    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK);
    assert_int_equal(airport_ask(a, KIOSK, &request, &second), TB_OK); /* the answer went with the person */
    assert_int_equal(second.status, TB_CONFLICT);
    assert_int_equal(airport_counts(a).people, 0);
    tb_request_free(&request);
}

static void again_is_an_update(void **state)
{
    airport *a = *state;
    traveller t = mia(), later = mia();
    later.flight = OTHER_FLIGHT;
    checkin(a, &t, 1);
    tb_id visit = t.visit;
    checkin(a, &t, 1);
    assert_true(tb_id_equal(visit, t.visit));
    checkin(a, &later, 1);
    assert_false(tb_id_equal(visit, later.visit));
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.people, 1);
    assert_int_equal(counts.templates, 1);
    assert_int_equal(counts.visitors, 2);
    airport_check(a);
    tb_error why;
    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK);
    assert_int_equal(airport_counts(a).people, 1); /* another booking is open */
    assert_int_equal(airport_counts(a).visitors, 1);
    airport_check(a);
    assert_int_equal(tb_management_flight_departed(a->m, OTHER_FLIGHT, &why), TB_OK);
    assert_int_equal(airport_counts(a).people, 0);
    airport_check(a);
}

static void a_new_face_replaces_the_old_one_everywhere(void **state)
{
    airport *a = *state;
    traveller t = mia();
    checkin(a, &t, 1);
    assert_true(is_on_list(a, DROP, t.visit));
    t.number = 90; /* the same seat, another face */
    checkin(a, &t, 1);
    assert_true(airport_publish(a) >= 2); /* the lists get it, too */
    tb_template face = face_of(&t), old = vectors_template(1, AIRPORT_DIMENSION);
    assert_int_equal(identify(a, SECURITY, &face).verdict, TB_ANSWER_ADMIT);
    assert_int_equal(identify(a, SECURITY, &old).verdict, TB_ANSWER_UNKNOWN);
    airport_check(a);
}

static void no_at_the_kiosk_ends_an_earlier_yes(void **state)
{
    airport *a = *state;
    traveller t = mia();
    checkin(a, &t, 1);
    assert_true(is_on_list(a, DROP, t.visit));
    tb_request desk = {.id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = a->now};
    tb_answer answer;
    documents_of(&t, &desk);
    assert_int_equal(tb_management_checkin(a->m, &desk, &answer), TB_OK); /* the desk does not ask about faces */
    assert_int_equal(airport_counts(a).templates, 1);
    checkin(a, &t, 0);
    assert_int_equal(airport_counts(a).templates + airport_counts(a).visitors, 0);
    assert_false(is_on_list(a, DROP, t.visit));
    airport_check(a);
}

static void only_a_kiosk_checks_in(void **state)
{
    airport *a = *state;
    traveller t = mia();
    tb_answer answer;
    tb_request request = checkin_request(a, &t, 1);
    snprintf(request.touchpoint, sizeof request.touchpoint, "%s", a->terminals[SHOP].id);
    assert_int_equal(airport_ask(a, SHOP, &request, &answer), TB_OK);
    assert_int_equal(answer.status, TB_FORBIDDEN);
    tb_request_free(&request);
    request = checkin_request(a, &t, 1); /* signed as the kiosk, sealed by the shop */
    assert_int_equal(airport_ask(a, SHOP, &request, &answer), TB_FORBIDDEN);
    tb_request_free(&request);
    assert_int_equal(airport_counts(a).people, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(documents_that_do_not_do),
                                       TEST(flights_that_do_not_do),
                                       TEST(what_cannot_be_read),
                                       TEST(the_same_request_the_same_answer),
                                       TEST(again_is_an_update),
                                       TEST(a_new_face_replaces_the_old_one_everywhere),
                                       TEST(no_at_the_kiosk_ends_an_earlier_yes),
                                       TEST(only_a_kiosk_checks_in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
