/* One airport from check-in to departure at library level: A2 to A14 as far as they are the server's. */
#include "airport.h"

static void the_whole_way(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &mia, 1);
    tb_id person = person_of(a, &mia), instrument;
    tb_error why;
    assert_int_equal(tb_management_instrument_add(a->m, person, "card", "tok-1", NULL, &instrument, &why), TB_OK);
    assert_true(is_on_list(a, DROP, mia.visit));
    assert_true(is_on_list(a, SECURITY, mia.visit)); /* boards 11:30: from 08:30 on */
    assert_false(is_on_list(a, EMIGRATION, mia.visit));
    assert_false(is_on_list(a, SHOP, mia.visit));
    airport_check(a);

    airport_pass(a, SECURITY, mia.visit); /* A8: flag, status 2, off that list, on the next ones */
    assert_false(is_on_list(a, SECURITY, mia.visit));
    assert_true(is_on_list(a, EMIGRATION, mia.visit));
    assert_true(is_on_list(a, SHOP, mia.visit));
    assert_false(is_on_list(a, PICKUP, mia.visit));
    airport_pass(a, EMIGRATION, mia.visit); /* A10 */
    assert_false(is_on_list(a, EMIGRATION, mia.visit));
    airport_check(a);

    assert_false(is_on_list(a, GATE12, mia.visit));
    airport_clock(a, "11:01"); /* boarding 11:30 less the lead of 30 minutes */
    assert_true(is_on_list(a, GATE12, mia.visit));
    assert_false(is_on_list(a, GATE34, mia.visit));
    airport_clock(a, "11:35");
    airport_pass(a, GATE12, mia.visit); /* A13 */
    assert_false(is_on_list(a, GATE12, mia.visit));
    assert_false(is_on_list(a, SHOP, mia.visit));
    airport_check(a);

    tb_passage passages[16];
    int count;
    assert_int_equal(tb_management_journey(a->m, person, passages, 16, &count), TB_OK);
    assert_int_equal(count, 4);
    assert_string_equal(passages[0].kind, "checkin");
    assert_string_equal(passages[3].touchpoint, "gate-12");
    assert_string_equal(passages[3].name, "MIA SATO");
    for (int i = 0; i < count; i++)
        assert_string_equal(passages[i].reason, ""); /* nothing against the rules */

    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK); /* A14 */
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.visitors + counts.entries + counts.people + counts.templates, 0);
    (void)airport_publish(a);
    for (int i = 0; i < AIRPORT_TERMINALS; i++)
        assert_int_equal(a->terminals[i].known, 0);
    assert_int_equal(tb_management_passages(a->m, 0, 0, passages, 16, &count), TB_OK);
    assert_int_equal(count, 4);
    assert_string_equal(passages[3].name, ""); /* history stays, without a name */
    airport_check(a);
}

static void without_consent_no_face_anywhere(void **state)
{
    airport *a = *state;
    traveller leo = {"MORI", "LEO", "CD7654321", FLIGHT, 2, {{0}}};
    checkin(a, &leo, 0);
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.people, 1);
    assert_int_equal(counts.templates + counts.visitors + counts.entries, 0);
    tb_template face = face_of(&leo);
    assert_int_equal(identify(a, SECURITY, &face).verdict, TB_ANSWER_UNKNOWN);
    airport_check(a);
}

static void online_first_face_later(void **state)
{
    airport *a = *state;
    traveller ida = {"KATO", "IDA", "EF1112223", FLIGHT, 3, {{0}}};
    tb_answer answer;
    tb_request online = {.id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = a->now, .online = 1, .consent = 1};
    documents_of(&ida, &online);
    assert_int_equal(tb_management_checkin(a->m, &online, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    tb_id visit = answer.visit;
    assert_int_equal(airport_counts(a).templates, 0); /* consent given elsewhere is none (A3) */
    checkin(a, &ida, 1);
    assert_true(tb_id_equal(visit, ida.visit)); /* the same booking */
    assert_int_equal(airport_counts(a).people, 1);
    assert_int_equal(airport_counts(a).templates, 1);
    assert_true(is_on_list(a, DROP, ida.visit));
    airport_check(a);
}

static void a_change_of_gate_or_time_reaches_the_lists(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &mia, 1);
    airport_pass(a, SECURITY, mia.visit);
    airport_clock(a, "11:10");
    assert_true(is_on_list(a, GATE12, mia.visit));
    airport_flight(a, FLIGHT, "34", at("11:30"), at("12:00"));
    assert_false(is_on_list(a, GATE12, mia.visit));
    assert_true(is_on_list(a, GATE34, mia.visit));
    airport_flight(a, FLIGHT, "34", at("13:00"), at("13:30"));
    assert_false(is_on_list(a, GATE34, mia.visit));
    airport_check(a);
    airport_clock(a, "12:31");
    assert_true(is_on_list(a, GATE34, mia.visit));
    airport_check(a);
}

static void items_found_by_passport_and_handed_over_once(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              leo = {"MORI", "LEO", "CD7654321", FLIGHT, 2, {{0}}};
    tb_id item, foreign;
    tb_error why;
    char text[TB_ID_TEXT_SIZE];
    checkin(a, &mia, 1);
    checkin(a, &leo, 1);
    airport_pass(a, SECURITY, mia.visit);
    assert_int_equal(tb_management_item_add(a->m, "AB1234567", "Perfume", &item, &why), TB_OK);
    assert_int_equal(tb_management_item_add(a->m, "CD7654321", "Camera", &foreign, &why), TB_OK);
    assert_int_equal(tb_management_item_add(a->m, "ZZ0000000", "Camera", &foreign, &why), TB_NOT_FOUND);
    assert_true(is_on_list(a, PICKUP, mia.visit));
    int place = place_of_visit(&a->terminals[PICKUP], mia.visit);
    assert_non_null(strstr(tb_facts_text(&a->terminals[PICKUP].fields[place], "item_list"), tb_id_text(item, text)));
    assert_null(tb_facts_get(&a->terminals[PICKUP].fields[place], "seat"));  /* only what the role needs */
    tb_event other = airport_event(a, PICKUP, TB_EVENT_HANDOVER, leo.visit); /* not leo's */
    assert_int_equal(tb_facts_set_text(&other.facts, "item", text), TB_OK);
    assert_int_equal(airport_send(a, PICKUP, &other), TB_OK);
    assert_true(is_on_list(a, PICKUP, mia.visit));
    tb_event given = airport_event(a, PICKUP, TB_EVENT_HANDOVER, mia.visit);
    assert_int_equal(tb_facts_set_text(&given.facts, "item", text), TB_OK);
    assert_int_equal(airport_send(a, PICKUP, &given), TB_OK);
    assert_false(is_on_list(a, PICKUP, mia.visit)); /* A12: deleted */
    tb_event again = airport_event(a, PICKUP, TB_EVENT_HANDOVER, mia.visit);
    assert_int_equal(tb_facts_set_text(&again.facts, "item", text), TB_OK);
    assert_int_equal(airport_send(a, PICKUP, &again), TB_OK);
    tb_passage passages[16];
    int count;
    assert_int_equal(tb_management_passages(a->m, 0, 0, passages, 16, &count), TB_OK);
    assert_string_equal(passages[count - 1].reason, "nothing_waiting"); /* marked for people to look at */
    airport_check(a);
}

static void the_clock_ends_what_nobody_reports(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              leo = {"MORI", "LEO", "CD7654321", OTHER_FLIGHT, 2, {{0}}};
    checkin(a, &mia, 1);
    checkin(a, &leo, 1);
    airport_clock(a, "12:01");
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.visitors, 1); /* off the visitor database at the time of departure */
    assert_int_equal(counts.people, 2);
    airport_check(a);
    airport_clock(a, "14:01");
    counts = airport_counts(a);
    assert_int_equal(counts.visitors, 0);
    assert_int_equal(counts.people, 1); /* and out of the central one two hours later */
    (void)airport_publish(a);
    for (int i = 0; i < AIRPORT_TERMINALS; i++)
        assert_int_equal(a->terminals[i].known, 0);
    airport_check(a);
}

static void a_restart_changes_nothing(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &mia, 1);
    airport_pass(a, SECURITY, mia.visit);
    tb_key before = a->server;
    airport_reopen(a);
    assert_memory_equal(&before, &a->server, sizeof before);
    airport_check(a);
    assert_true(is_on_list(a, EMIGRATION, mia.visit)); /* the outbox had not been emptied */
    tb_template face = face_of(&mia);
    assert_int_equal(identify(a, EMIGRATION, &face).verdict, TB_ANSWER_ADMIT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(the_whole_way),
                                       TEST(without_consent_no_face_anywhere),
                                       TEST(online_first_face_later),
                                       TEST(a_change_of_gate_or_time_reaches_the_lists),
                                       TEST(items_found_by_passport_and_handed_over_once),
                                       TEST(the_clock_ends_what_nobody_reports),
                                       TEST(a_restart_changes_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
