/* A4 A20 A22: what many visits share is told once and exactly those that name it follow; and a small site without a
 * visitor database, where all of that and deletion hold the same. */
#include "airport.h"

enum { PHONE = KIOSK, ENTRY_C = DROP, ENTRY_D = SECURITY, EXIT = EMIGRATION };

static int open_stadium(void **state, int without_visitors)
{
    static const char *const names[][3] = {{"phone-1", "registration", NULL},
                                           {"entry-c", "entry", "C"},
                                           {"entry-d", "entry", "D"},
                                           {"exit-1", "exit", NULL}};
    airport *a = calloc(1, sizeof *a);
    tb_bytes yaml = {0}, changed = {0};
    tb_error why = {0};
    assert_non_null(a);
    folder_make(a->folder);
    a->now = at("09:30");
    assert_int_equal(tb_file_read(TEBURA_SOURCE_DIR "/profiles/stadium.yaml", 1 << 20, &yaml, &why), TB_OK);
    assert_int_equal(tb_bytes_append(&yaml, tb_span_of("", 1)), TB_OK);
    char *visitors = strstr((char *)yaml.data, "\nvisitors:\n");
    assert_non_null(visitors);
    size_t before = (size_t)(visitors - (char *)yaml.data) + strlen("\nvisitors:\n");
    assert_int_equal(tb_bytes_append(&changed, tb_span_of(yaml.data, before)), TB_OK);
    if (without_visitors)
        assert_int_equal(tb_bytes_append(&changed, tb_span_text("  database: none\n")), TB_OK);
    assert_int_equal(tb_bytes_append(&changed, tb_span_text((char *)yaml.data + before)), TB_OK);
    if (tb_profile_parse(tb_bytes_span(&changed), "stadium.yaml", &a->profile, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    tb_bytes_free(&yaml);
    tb_bytes_free(&changed);
    airport_open(a);
    for (int i = 0; i < 4; i++) {
        a->terminals[i].id = names[i][0];
        a->terminals[i].role = names[i][1];
        a->terminals[i].gate = names[i][2];
        airport_register(a, i);
    }
    for (int i = 4; i < AIRPORT_TERMINALS; i++)
        a->terminals[i].id = "none";
    *state = a;
    return 0;
}

static int with_visitors(void **state)
{
    return open_stadium(state, 0);
}

static int without_visitors(void **state)
{
    return open_stadium(state, 1);
}

static tb_facts match_at(const char *doors, const char *begins, const char *ends)
{
    tb_facts facts = {0};
    assert_int_equal(tb_facts_set_text(&facts, "event", "final"), TB_OK);
    assert_int_equal(tb_facts_set_time(&facts, "doors", at(doors)), TB_OK);
    assert_int_equal(tb_facts_set_time(&facts, "begins", at(begins)), TB_OK);
    assert_int_equal(tb_facts_set_time(&facts, "ends", at(ends)), TB_OK);
    return facts;
}

static tb_visit_made ticket(airport *a, const char *reference, const char *gate, const char *occasion)
{
    tb_visit_order order = {.reference = reference, .name = "HANA", .occasion = occasion};
    tb_visit_made made;
    tb_error why = {0};
    assert_int_equal(tb_facts_set_text(&order.facts, "gate", gate), TB_OK);
    if (tb_management_visit_put(a->m, &order, &made, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return made;
}

static void bring_face(airport *a, const char *reference, uint32_t number)
{
    tb_answer answer;
    tb_template face = vectors_template(number, AIRPORT_DIMENSION);
    tb_request request = airport_request(a, PHONE, TB_REQUEST_CHECKIN);
    snprintf(request.boarding_pass, sizeof request.boarding_pass, "%s", reference);
    request.consent = 1;
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, PHONE, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    tb_request_free(&request);
}

static void put(airport *a, const char *id, tb_facts facts)
{
    tb_error why = {0};
    if (tb_management_occasion_put(a->m, id, &facts, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
}

static void exactly_those_that_name_it(void **state)
{
    airport *a = *state;
    put(a, "final", match_at("12:00", "14:00", "16:00"));
    put(a, "other", match_at("12:00", "14:00", "16:00"));
    tb_visit_made one = ticket(a, "ST0000000018", "C", "final"), two = ticket(a, "ST0000000026", "D", "final"),
                  three = ticket(a, "ST0000000034", "C", "other");
    bring_face(a, "ST0000000018", 1);
    bring_face(a, "ST0000000026", 2);
    bring_face(a, "ST0000000034", 3);
    airport_clock(a, "11:30"); /* an hour before the doors entries are at the gates */
    assert_true(is_on_list(a, ENTRY_C, one.visit) && is_on_list(a, ENTRY_D, two.visit) &&
                is_on_list(a, ENTRY_C, three.visit));
    (void)airport_publish(a);
    /* later: off the gates again, the other match is not touched */
    put(a, "final", match_at("13:30", "15:00", "17:00"));
    assert_int_equal(airport_publish(a), 2);
    assert_true(!is_on_list(a, ENTRY_C, one.visit) && !is_on_list(a, ENTRY_D, two.visit) &&
                is_on_list(a, ENTRY_C, three.visit));
    airport_check(a);
    put(a, "final", match_at("13:30", "15:00", "17:00"));
    assert_int_equal(airport_publish(a), 0);
    airport_clock(a, "12:30");
    assert_true(is_on_list(a, ENTRY_C, one.visit));
    airport_pass(a, ENTRY_C, one.visit);
    assert_true(is_on_list(a, EXIT, one.visit));
    airport_reopen(a);
    airport_check(a);
    airport_clock(a, "18:30"); /* 16:00 and two hours are over, 17:00 and two are not */
    assert_int_equal(airport_counts(a).people, 2);
    put(a, "final", match_at("13:30", "15:00", "16:00")); /* it had ended sooner than was thought */
    airport_clock(a, "18:31");
    assert_int_equal(airport_counts(a).people + airport_counts(a).templates + airport_counts(a).visitors, 0);
    tb_error why = {0};
    assert_int_equal(tb_management_occasion_remove(a->m, "final", &why), TB_OK);
    assert_int_equal(tb_management_occasion_remove(a->m, "final", &why), TB_NOT_FOUND);
    airport_check(a);
}

static void what_is_refused(void **state)
{
    airport *a = *state;
    tb_error why = {0};
    tb_visit_made made;
    tb_facts facts = match_at("12:00", "14:00", "16:00"), bad = facts, none = {0};
    put(a, "final", facts);
    assert_int_equal(tb_facts_set_text(&bad, "gate", "C"), TB_OK);
    assert_int_equal(tb_management_occasion_put(a->m, "final", &bad, &why), TB_INVALID_ARGUMENT);
    bad = facts;
    assert_int_equal(tb_facts_set_time(&bad, "begins", at("11:00")), TB_OK);
    assert_int_equal(tb_management_occasion_put(a->m, "final", &bad, &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_management_occasion_put(a->m, "a/b", &facts, &why), TB_INVALID_ARGUMENT);
    tb_visit_order order = {.reference = "ST0000000018", .name = "HANA", .occasion = "nowhere"};
    assert_int_equal(tb_facts_set_text(&order.facts, "gate", "C"), TB_OK);
    assert_int_equal(tb_management_visit_put(a->m, &order, &made, &why), TB_NOT_FOUND);
    order.occasion = "final";
    assert_int_equal(tb_facts_set_time(&order.facts, "ends", at("20:00")), TB_OK);
    assert_int_equal(tb_management_visit_put(a->m, &order, &made, &why), TB_INVALID_ARGUMENT);
    (void)ticket(a, "ST0000000018", "C", "final");
    assert_int_equal(tb_management_occasion_put(a->m, "final", &none, &why), TB_CONFLICT); /* W1 */
    assert_non_null(strstr(why.text, "no end"));
    assert_int_equal(tb_management_occasion_remove(a->m, "final", &why), TB_CONFLICT);
    assert_int_equal(airport_counts(a).people, 1);
    airport_check(a);
}

static void no_visitor_database(void **state)
{
    airport *a = *state;
    put(a, "final", match_at("12:00", "14:00", "16:00"));
    tb_visit_made one = ticket(a, "ST0000000018", "C", "final");
    bring_face(a, "ST0000000018", 1);
    airport_clock(a, "12:30");
    assert_true(is_on_list(a, ENTRY_C, one.visit));
    assert_int_equal(airport_counts(a).visitors, 0); /* no row there, yet */
    airport_check(a);
    tb_template face = vectors_template(1, AIRPORT_DIMENSION), stranger = vectors_template(9, AIRPORT_DIMENSION);
    assert_string_equal(identify(a, ENTRY_D, &face).reason, "other_gate"); /* the third authentication knows them */
    assert_int_equal(identify(a, ENTRY_D, &stranger).verdict, TB_ANSWER_UNKNOWN);
    airport_reopen(a);
    assert_string_equal(identify(a, ENTRY_D, &face).reason, "other_gate");
    airport_pass(a, ENTRY_C, one.visit);
    assert_true(!is_on_list(a, ENTRY_C, one.visit) && is_on_list(a, EXIT, one.visit));
    airport_check(a);
    tb_error why = {0};
    assert_int_equal(tb_management_consent_withdraw(a->m, one.person, &why), TB_OK);
    assert_false(is_on_list(a, EXIT, one.visit));
    assert_int_equal(identify(a, ENTRY_D, &face).verdict, TB_ANSWER_UNKNOWN);
    airport_check(a);
    tb_visit_made two = ticket(a, "ST0000000026", "D", "final");
    bring_face(a, "ST0000000026", 2);
    assert_true(is_on_list(a, ENTRY_D, two.visit));
    assert_int_equal(tb_management_person_delete(a->m, two.person, &why), TB_OK);
    assert_false(is_on_list(a, ENTRY_D, two.visit));
    airport_check(a);
    airport_clock(a, "18:01");
    assert_int_equal(airport_counts(a).people + airport_counts(a).templates + airport_counts(a).entries, 0);
    airport_check(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exactly_those_that_name_it, with_visitors, airport_teardown),
        cmocka_unit_test_setup_teardown(exactly_those_that_name_it, without_visitors, airport_teardown),
        cmocka_unit_test_setup_teardown(what_is_refused, with_visitors, airport_teardown),
        cmocka_unit_test_setup_teardown(no_visitor_database, without_visitors, airport_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
