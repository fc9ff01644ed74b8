/* A16 A20: visits of a site that has no flights: told over the API, a face by reference, lists by the hotel's rules,
 *     and
 * gone when they are over. */
#include "airport.h"

#include "management/service.h"

enum { PHONE = KIOSK, DRIVE, DESK, ROOM707, ROOM708, RESTAURANT, CHECKOUT, PARCELS };

static int setup(void **state)
{
    static const char *const names[AIRPORT_TERMINALS][3] = {
        {"phone-1", "registration", NULL}, {"drive-1", "drive", NULL},    {"desk-1", "front_desk", NULL},
        {"room-707", "room", "707"},       {"room-708", "room", "708"},   {"restaurant-1", "restaurant", NULL},
        {"checkout-1", "checkout", NULL},  {"parcels-1", "parcels", NULL}};
    airport *a = airport_of("hotel");
    for (int i = 0; i < AIRPORT_TERMINALS; i++) {
        a->terminals[i].id = names[i][0];
        a->terminals[i].role = names[i][1];
        airport_terminal(a, i, names[i][2] ? "room" : NULL, names[i][2]);
    }
    *state = a;
    return 0;
}

/* Room from 15:00 to 22:00: its visit ends at 01:00. */
static tb_visit_order order_of(const char *reference, const char *name, const char *room)
{
    tb_visit_order order = {.reference = reference, .name = name};
    assert_int_equal(tb_facts_set_text(&order.facts, "room", room), TB_OK);
    assert_int_equal(tb_facts_set_time(&order.facts, "arrival", at("15:00")), TB_OK);
    assert_int_equal(tb_facts_set_time(&order.facts, "leaving", at("22:00")), TB_OK);
    assert_int_equal(tb_facts_set_bool(&order.facts, "payer", 1), TB_OK);
    return order;
}

static tb_visit_made put(airport *a, const tb_visit_order *order)
{
    tb_visit_made made;
    tb_error why = {0};
    if (tb_management_visit_put(a->m, order, &made, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return made;
}

static tb_answer bring_face(airport *a, const char *reference, uint32_t number)
{
    tb_answer answer;
    tb_template face = vectors_template(number, AIRPORT_DIMENSION);
    tb_request request = airport_request(a, PHONE, TB_REQUEST_CHECKIN);
    snprintf(request.boarding_pass, sizeof request.boarding_pass, "%s", reference);
    request.consent = 1;
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, PHONE, &request, &answer), TB_OK);
    tb_request_free(&request);
    return answer;
}

static void serve(airport *a, int which, tb_id visit)
{
    tb_event event = airport_event(a, which, TB_EVENT_SERVED, visit);
    assert_int_equal(airport_send(a, which, &event), TB_OK);
}

static void only_on(airport *a, tb_id visit, int which)
{
    for (int i = 0; i < AIRPORT_TERMINALS; i++)
        if (is_on_list(a, i, visit) != (i == which))
            fail_msg("%s %s", a->terminals[i].id, i == which ? "does not know the visit" : "knows the visit");
}

static void a_stay(void **state)
{
    airport *a = *state;
    tb_visit_order order = order_of("H0000018", "HANA", "707");
    tb_visit_made made = put(a, &order);
    tb_template face = vectors_template(1, AIRPORT_DIMENSION);
    assert_true(made.created);
    only_on(a, made.visit, -1); /* nobody has agreed to anything yet */
    tb_answer answer = bring_face(a, "H0000018", 1);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    assert_true(tb_id_equal(answer.visit, made.visit));
    only_on(a, made.visit, DRIVE);
    answer = bring_face(a, "H0000018", 2); /* somebody else who has learnt the number */
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "already_registered");
    assert_int_equal(airport_counts(a).templates, 1);
    airport_pass(a, DRIVE, made.visit); /* recognised in the drive, before arriving */
    only_on(a, made.visit, DESK);
    assert_string_equal(tb_facts_text(&a->terminals[DESK].fields[0], "room"), "707");
    assert_null(tb_facts_get(&a->terminals[DESK].fields[0], "payer"));
    serve(a, DESK, made.visit);
    assert_true(is_on_list(a, ROOM707, made.visit) && !is_on_list(a, ROOM708, made.visit));
    assert_false(is_on_list(a, RESTAURANT, made.visit)); /* no means of payment */
    answer = identify(a, ROOM708, &face);
    assert_string_equal(answer.reason, "other_room");
    assert_int_equal(answer.fields.count, 0); /* a door in the corridor does not tell where somebody sleeps */
    tb_error why = {0};
    tb_id instrument;
    assert_int_equal(tb_management_instrument_add(a->m, made.person, "card", "t", NULL, &instrument, &why), TB_OK);
    assert_true(is_on_list(a, RESTAURANT, made.visit));
    order = order_of("H0000018", "", "708"); /* moved */
    assert_false(put(a, &order).created);
    assert_true(!is_on_list(a, ROOM707, made.visit) && is_on_list(a, ROOM708, made.visit));
    airport_check(a);
    airport_reopen(a);
    airport_check(a);
    serve(a, CHECKOUT, made.visit);
    only_on(a, made.visit, -1);
    assert_int_equal(airport_counts(a).visitors, 0);
    airport_check(a);
}

static void what_is_over_is_gone(void **state)
{
    airport *a = *state;
    tb_visit_order with = order_of("H0000018", "HANA", "707"), without = order_of("H0000026", "KEN", "707"), later;
    tb_visit_made hana = put(a, &with), ken = put(a, &without), again;
    tb_time next;
    assert_int_equal(bring_face(a, "H0000018", 1).verdict, TB_ANSWER_ADMIT);
    later = order_of("H0000034", "", "801"); /* and she comes back in a week */
    later.person = hana.person;
    assert_int_equal(tb_facts_set_time(&later.facts, "arrival", at("15:00") + 7 * TB_DAY), TB_OK);
    assert_int_equal(tb_facts_set_time(&later.facts, "leaving", at("22:00") + 8 * TB_DAY), TB_OK);
    again = put(a, &later);
    assert_true(again.created && tb_id_equal(again.person, hana.person));
    assert_int_equal(airport_counts(a).people, 2);
    a->now = at("22:00") + 3 * TB_HOUR - 1;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(next, a->now + 1);
    assert_int_equal(airport_counts(a).people, 2);
    a->now++;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(airport_counts(a).people, 1); /* nothing of him stays, without a face or not */
    assert_int_equal(airport_counts(a).visitors, 0);
    assert_int_equal(airport_counts(a).templates, 1);
    only_on(a, hana.visit, -1);
    only_on(a, ken.visit, -1);
    airport_check(a);
    a->now = at("15:00") + 7 * TB_DAY;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    only_on(a, again.visit, DRIVE); /* by the face of a week ago */
    a->now = at("22:00") + 8 * TB_DAY + 3 * TB_HOUR;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(airport_counts(a).people + airport_counts(a).templates + airport_counts(a).entries, 0);
    airport_check(a);
}

static void cancelled(void **state)
{
    airport *a = *state;
    tb_visit_order order = order_of("H0000018", "HANA", "707");
    tb_visit_made made = put(a, &order);
    tb_error why = {0};
    assert_int_equal(bring_face(a, "H0000018", 1).verdict, TB_ANSWER_ADMIT);
    only_on(a, made.visit, DRIVE);
    assert_int_equal(tb_management_visit_end(a->m, made.visit, &why), TB_OK);
    only_on(a, made.visit, -1);
    assert_int_equal(airport_counts(a).people + airport_counts(a).templates, 0);
    assert_int_equal(tb_management_visit_end(a->m, made.visit, &why), TB_NOT_FOUND);
    assert_true(put(a, &order).created); /* the reference is free again */
    airport_check(a);
}

static void a_face_needs_a_visit(void **state)
{
    airport *a = *state;
    tb_visit_order order = order_of("H0000018", "HANA", "707");
    (void)put(a, &order);
    tb_answer answer = bring_face(a, "H0000091", 1);
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "to_desk");
    assert_int_equal(airport_counts(a).templates, 0);
    a->now = at("22:00"); /* the role's window has closed */
    answer = bring_face(a, "H0000018", 1);
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "stay_over");
    assert_int_equal(airport_counts(a).templates, 0);
    airport_check(a);
}

static void refused(airport *a, const tb_visit_order *order, tb_status status, const char *cause)
{
    tb_visit_made made;
    tb_error why = {0};
    assert_int_equal(tb_management_visit_put(a->m, order, &made, &why), status);
    if (!strstr(why.text, cause))
        fail_msg("'%s' does not say '%s'", why.text, cause);
}

static void what_cannot_be_told(void **state)
{
    airport *a = *state;
    tb_visit_order good = order_of("H0000018", "HANA", "707"), bad = good;
    assert_int_equal(tb_facts_set_text(&bad.facts, "flight", "NH105"), TB_OK);
    refused(a, &bad, TB_INVALID_ARGUMENT, "declares no fact 'flight'");
    bad = good;
    assert_int_equal(tb_facts_set_bool(&bad.facts, "consented", 1), TB_OK);
    refused(a, &bad, TB_INVALID_ARGUMENT, "'consented' is the server's own");
    bad = good;
    assert_int_equal(tb_facts_set_int(&bad.facts, "status", 2), TB_OK);
    refused(a, &bad, TB_INVALID_ARGUMENT, "declares no fact 'status'");
    bad = good;
    assert_int_equal(tb_facts_set_int(&bad.facts, "room", 707), TB_OK);
    refused(a, &bad, TB_INVALID_ARGUMENT, "'room' has to be a text");
    bad = good;
    bad.reference = "H0000019";
    refused(a, &bad, TB_INVALID_ARGUMENT, "the reference has a wrong check digit");
    bad.reference = "R1";
    refused(a, &bad, TB_INVALID_ARGUMENT, "the reference is not of the form");
    bad = good;
    assert_int_equal(tb_facts_set_time(&bad.facts, "leaving", at("14:59")), TB_OK);
    refused(a, &bad, TB_INVALID_ARGUMENT, "'leaving' cannot come before 'arrival'");
    bad = good;
    tb_facts_remove(&bad.facts, "leaving");
    refused(a, &bad, TB_INVALID_ARGUMENT, "do not say when this visit ends");
    bad = good;
    assert_int_equal(tb_facts_set_time(&bad.facts, "arrival", at("15:00") - 9 * TB_DAY), TB_OK);
    assert_int_equal(tb_facts_set_time(&bad.facts, "leaving", at("06:30")), TB_OK);
    refused(a, &bad, TB_INVALID_ARGUMENT, "over already");
    bad = good;
    bad.reference = "";
    refused(a, &bad, TB_INVALID_ARGUMENT, "a reference has 1 to 63 characters");
    bad.reference = "R 1";
    refused(a, &bad, TB_INVALID_ARGUMENT, "without spaces");
    bad = good;
    bad.name = "";
    refused(a, &bad, TB_INVALID_ARGUMENT, "needs a name");
    bad.name = "\xff";
    refused(a, &bad, TB_INVALID_ARGUMENT, "UTF-8");
    bad = good;
    bad.person = tb_id_random();
    refused(a, &bad, TB_NOT_FOUND, "no such person");
    assert_int_equal(airport_counts(a).people, 0); /* nothing half-made */
    (void)put(a, &good);
    refused(a, &bad, TB_CONFLICT, "another person");
    airport_check(a);
}

/* A door that does not know its room would keep everybody out, without a word. */
static void a_touchpoint_has_what_its_rules_ask_for(void **state)
{
    airport *a = *state;
    tb_touchpoint touchpoint = {.id = "room-709", .role = "room"};
    tb_error why = {0};
    char code[33];
    assert_int_equal(tb_management_touchpoint_add(a->m, &touchpoint, code, &why), TB_INVALID_ARGUMENT);
    assert_non_null(strstr(why.text, "the rules of the role 'room' need its attribute 'room'"));
    assert_string_equal(code, "");
    assert_int_equal(tb_facts_set_text(&touchpoint.attributes, "room", "709"), TB_OK);
    assert_int_equal(tb_management_touchpoint_add(a->m, &touchpoint, code, &why), TB_OK);
}

/* A number is short enough to be tried out, were there no end to it. */
static void references_are_not_tried_out(void **state)
{
    airport *a = *state;
    tb_visit_order hana = order_of("H1029388", "HANA", "707"), ken = order_of("H5647383", "KEN", "708");
    (void)put(a, &hana);
    (void)put(a, &ken);
    assert_int_equal(bring_face(a, "H1029388", 1).verdict, TB_ANSWER_ADMIT);
    for (int i = 0; i < TB_TRIES_MOST; i++) /* a number that is taken counts as one that nobody has */
        assert_string_equal(bring_face(a, i % 2 ? "H1029388" : "H0000000", 2).reason,
                            i % 2 ? "already_registered" : "to_desk");
    tb_answer answer = bring_face(a, "H5647383", 2);
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "too_many_tries");
    assert_int_equal(airport_counts(a).templates, 1);
    tb_terminal_find(a->m, "phone-1")->tries.at -= TB_TRY_BACK; /* one is forgiven */
    assert_int_equal(bring_face(a, "H5647383", 2).verdict, TB_ANSWER_ADMIT);
    airport_check(a);
}

/* Each terminal reads what its role says, and nothing instead of it. */
static void documents_are_no_reference(void **state)
{
    airport *a = *state;
    tb_answer answer;
    tb_request request = airport_request(a, PHONE, TB_REQUEST_CHECKIN);
    snprintf(request.mrz, sizeof request.mrz, "P<UTOERIKSSON<<ANNA");
    assert_int_equal(airport_ask(a, PHONE, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_FAILED);
    tb_request_free(&request);
}

/* A21: a camera's report is no passage: it changes what its role says and where they were seen last, and breaks no
 * rule when it comes again. */
static void a_camera_reports_presence(void **state)
{
    airport *a = *state;
    tb_visit_order order = order_of("H0000018", "SATO MIA", "707");
    tb_visit_made made = put(a, &order);
    (void)bring_face(a, "H0000018", 1);
    tb_event event = airport_event(a, DRIVE, TB_EVENT_PRESENCE, made.visit);
    assert_int_equal(airport_send(a, DRIVE, &event), TB_OK);
    only_on(a, made.visit, DESK);
    a->now += 20 * TB_MINUTE;
    tb_event again = airport_event(a, DRIVE, TB_EVENT_PRESENCE, made.visit), late = again;
    assert_int_equal(airport_send(a, DRIVE, &again), TB_OK);
    late.id = tb_id_random();
    late.at -= 10 * TB_MINUTE;
    assert_int_equal(airport_send(a, DRIVE, &late), TB_OK); /* told late */
    (void)put(a, &order);                                   /* what the site tells anew does not undo it */
    tb_booking booking;
    tb_facts facts;
    assert_int_equal(tb_booking_get(a->m->db, made.visit, &booking), TB_OK);
    assert_int_equal(tb_visit_facts(a->m, &booking, &facts), TB_OK);
    assert_int_equal(tb_facts_number(&facts, "seen_at", 0), a->now);
    assert_string_equal(tb_facts_text(&facts, "seen_zone"), "approach");
    tb_passage passages[8];
    int count = 0;
    assert_int_equal(tb_management_journey(a->m, made.person, passages, 8, &count), TB_OK);
    assert_int_equal(count, 4);
    for (int i = 1; i < count; i++) {
        assert_string_equal(passages[i].kind, "presence");
        assert_string_equal(passages[i].reason, "");
    }
    tb_error why = {0}; /* nobody tells the server where somebody was */
    assert_int_equal(tb_facts_set_text(&order.facts, "seen_zone", "bar"), TB_OK);
    assert_int_equal(tb_management_visit_put(a->m, &order, &made, &why), TB_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stay, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(what_is_over_is_gone, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(cancelled, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(a_camera_reports_presence, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(a_face_needs_a_visit, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_told, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(references_are_not_tried_out, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(documents_are_no_reference, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(a_touchpoint_has_what_its_rules_ask_for, setup, airport_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
