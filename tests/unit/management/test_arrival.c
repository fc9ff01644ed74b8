/* A15: two countries: who agreed to it is on the lists of the airport of arrival once the aircraft is there, and gone
 * after entry; who agreed to that, too, is kept until the journey home, and no longer. */
#include "airport.h"

#include "management/service.h"

static const char *const LHR_TERMINALS[3][2] = {
    {"lhr-shop", "arrival_shop"}, {"lhr-pickup", "arrival_pickup"}, {"lhr-customs", "customs"}};
enum { LHR_SHOP = DROP, LHR_PICKUP = PICKUP, LHR_CUSTOMS = GATE34 }; /* the places of terminals not needed here */

/* Terminals at the destination take the places of some of the departure's. */
static int setup(void **state)
{
    static const int places[3] = {LHR_SHOP, LHR_PICKUP, LHR_CUSTOMS};
    int result = airport_setup(state);
    airport *a = *state;
    for (int i = 0; i < 3 && result == 0; i++) {
        terminal *t = &a->terminals[places[i]];
        tb_touchpoint touchpoint = {0}, out;
        tb_error why = {0};
        char code[33];
        *t = (terminal){.id = LHR_TERMINALS[i][0], .role = LHR_TERMINALS[i][1], .keys = tb_key_pair_random()};
        snprintf(touchpoint.id, sizeof touchpoint.id, "%s", t->id);
        snprintf(touchpoint.role, sizeof touchpoint.role, "%s", t->role);
        assert_int_equal(tb_management_touchpoint_add(a->m, &touchpoint, code, &why), TB_INVALID_ARGUMENT);
        assert_int_equal(tb_facts_set_text(&touchpoint.attributes, "airport", i == 1 ? "CDG" : "LHR"), TB_OK);
        if (i == 0)
            assert_int_equal(tb_facts_set_text(&touchpoint.attributes, "shop", "duty-free"), TB_OK);
        assert_int_equal(tb_management_touchpoint_add(a->m, &touchpoint, code, &why), TB_OK);
        assert_int_equal(tb_management_touchpoint_register(a->m, code, &t->keys.public_key, &out, &why), TB_OK);
    }
    return result;
}

/* On the way from check-in to the aircraft, with the consents named. */
static traveller boarded(airport *a, int number, const char *also)
{
    static const char *const numbers[] = {"L1", "L2", "L3", "L4"};
    traveller t = {"LEE", "MIA", numbers[number], FLIGHT, number + 1, {{0}}};
    tb_request request = checkin_request(a, &t, 1);
    tb_answer answer;
    tb_error why = {0};
    tb_id card;
    snprintf(request.also, sizeof request.also, "%s", also);
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    tb_request_free(&request);
    t.visit = answer.visit;
    assert_int_equal(tb_management_instrument_add(a->m, person_of(a, &t), "card", "good", NULL, &card, &why), TB_OK);
    airport_pass(a, SECURITY, t.visit);
    airport_pass(a, EMIGRATION, t.visit);
    airport_pass(a, GATE12, t.visit);
    return t;
}

static void say(airport *a, tb_flight_field field, tb_time time, const char *to)
{
    tb_flight_change c = {.says = 1u << field};
    tb_flight_answer answer;
    snprintf(c.flight, sizeof c.flight, "%s", FLIGHT);
    if (field == TB_FLIGHT_TO)
        snprintf(c.to, sizeof c.to, "%s", to);
    else
        c.times[field] = time;
    a->now++;
    assert_int_equal(tb_management_flight_changes(a->m, &c, 1, &answer), TB_OK);
    if (answer.outcome != TB_CHANGE_APPLIED)
        fail_msg("%s %s", tb_flight_outcome_name(answer.outcome), answer.why.text);
}

static int lists_of(airport *a, tb_id visit)
{
    int lists = 0;
    for (int i = 0; i < AIRPORT_TERMINALS; i++)
        lists += is_on_list(a, i, visit);
    return lists;
}

static void enters_and_is_gone(void **state)
{
    airport *a = *state;
    airport_clock(a, "11:31");
    traveller agreed = boarded(a, 0, "arrival_services"), home_only = boarded(a, 1, "");
    say(a, TB_FLIGHT_STA, at("23:00"), NULL);
    airport_clock(a, "11:58");
    say(a, TB_FLIGHT_ATD, at("11:57"), NULL);
    /* who agreed is a visitor in the air, and on nobody's list; who did not is gone */
    assert_int_equal(airport_counts(a).people, 1);
    assert_int_equal(airport_counts(a).visitors, 1);
    assert_int_equal(lists_of(a, agreed.visit) + lists_of(a, home_only.visit), 0);
    tb_template face = face_of(&agreed);
    assert_string_equal(identify(a, LHR_CUSTOMS, &face).reason, "not_landed");
    assert_string_equal(identify(a, GATE12, &face).reason, "already_used");
    airport_check(a);

    airport_clock(a, "22:40");
    say(a, TB_FLIGHT_ATA, at("22:40"), NULL);
    assert_true(is_on_list(a, LHR_SHOP, agreed.visit) && is_on_list(a, LHR_CUSTOMS, agreed.visit));
    assert_int_equal(lists_of(a, agreed.visit), 2);
    assert_string_equal(identify(a, LHR_PICKUP, &face).reason, "other_airport"); /* that one is in Paris */
    airport_check(a);

    tb_request pay = airport_request(a, LHR_SHOP, TB_REQUEST_PAY);
    tb_answer answer;
    pay.visit = agreed.visit;
    pay.amount = 900;
    snprintf(pay.currency, sizeof pay.currency, "GBP");
    assert_int_equal(airport_ask(a, LHR_SHOP, &pay, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    airport_pass(a, LHR_CUSTOMS, agreed.visit);
    assert_int_equal(lists_of(a, agreed.visit), 0);
    assert_int_equal(airport_counts(a).people + airport_counts(a).visitors + airport_counts(a).templates, 0);
    assert_int_equal(identify(a, LHR_CUSTOMS, &face).verdict, TB_ANSWER_UNKNOWN);
    airport_check(a);
}

static void diverted_and_forgotten(void **state)
{
    airport *a = *state;
    airport_clock(a, "11:31");
    traveller t = boarded(a, 0, "way_home arrival_services");
    say(a, TB_FLIGHT_STA, at("23:00"), NULL);
    airport_clock(a, "11:58");
    say(a, TB_FLIGHT_ATD, at("11:57"), NULL);
    say(a, TB_FLIGHT_TO, 0, "CDG");
    say(a, TB_FLIGHT_ETA, at("22:00"), NULL);
    airport_clock(a, "21:50");
    say(a, TB_FLIGHT_ATA, at("21:50"), NULL);
    assert_true(!is_on_list(a, LHR_CUSTOMS, t.visit) && !is_on_list(a, LHR_SHOP, t.visit));
    assert_int_equal(airport_counts(a).visitors, 1);
    airport_check(a);
    /* never seen at customs: twelve hours later nothing of the visit is left, and the person is only kept */
    tb_time next;
    a->now = at("21:50") + 12 * TB_HOUR + TB_MINUTE;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(airport_counts(a).visitors, 0);
    assert_int_equal(airport_counts(a).people, 1);
    airport_check(a);
}

/* No word of a landing, nor of the departure: everything ends by itself. */
static void nobody_tells(void **state)
{
    airport *a = *state;
    tb_time next;
    airport_clock(a, "11:31");
    (void)boarded(a, 0, "arrival_services");
    say(a, TB_FLIGHT_STA, at("23:00"), NULL);
    airport_clock(a, "14:01");
    assert_int_equal(airport_counts(a).visitors, 1);
    say(a, TB_FLIGHT_ETA, at("22:30"), NULL); /* of its arrival there is still something to say */
    a->now = at("23:01") + 12 * TB_HOUR;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(airport_counts(a).people, 0);
    airport_check(a);
}

static void withdrawn_in_the_air(void **state)
{
    airport *a = *state;
    tb_error why = {0};
    airport_clock(a, "11:31");
    traveller one = boarded(a, 0, "arrival_services"), two = boarded(a, 1, "arrival_services");
    say(a, TB_FLIGHT_STA, at("23:00"), NULL);
    say(a, TB_FLIGHT_ATD, at("11:31"), NULL);
    assert_int_equal(tb_management_further_consent(a->m, person_of(a, &one), "arrival_services", 0, &why), TB_OK);
    assert_int_equal(airport_counts(a).people, 1);
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &two), &why), TB_OK);
    assert_int_equal(airport_counts(a).people, 0);
    airport_check(a);
}

typedef struct found {
    tb_id person;
    tb_person_summary about;
} found;

static tb_status find_one(void *context, const tb_person_summary *about)
{
    ((found *)context)->about = *about;
    return TB_OK;
}

static traveller kept(airport *a)
{
    airport_clock(a, "11:31");
    traveller t = boarded(a, 0, "way_home");
    say(a, TB_FLIGHT_ATD, at("11:31"), NULL);
    found f = {0};
    assert_int_equal(tb_management_people(a->m, find_one, &f), TB_OK);
    assert_true(f.about.kept_until == a->now + 90 * TB_DAY && !f.about.in_visitor_db && f.about.lists == 0);
    assert_int_equal(airport_counts(a).visitors + airport_counts(a).entries, 0);
    assert_int_equal(airport_counts(a).templates, 1);
    airport_check(a);
    return t;
}

static void kept_until_the_way_home(void **state)
{
    airport *a = *state;
    traveller t = kept(a);
    tb_request request;
    tb_answer answer;
    tb_error why = {0};
    tb_time next;
    a->now += 20 * TB_DAY;
    tb_flight home = {.id = "NH106/2026-12-12", .from = "LHR", .to = "NRT", .gate = "12"};
    home.boarding = at("11:30") + 21 * TB_DAY;
    home.departure = at("12:00") + 21 * TB_DAY;
    assert_int_equal(tb_management_flight_put(a->m, &home, &why), TB_OK);
    t.flight = "NH106/2026-12-12";
    request = checkin_request(a, &t, 0);
    request.online = 1; /* no new picture: the face is there already */
    request.touchpoint[0] = '\0';
    assert_int_equal(tb_management_checkin(a->m, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    a->now = at("11:31") + 21 * TB_DAY;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_true(is_on_list(a, SECURITY, answer.visit));
    assert_int_equal(tb_management_flight_departed(a->m, home.id, &why), TB_OK);
    assert_int_equal(airport_counts(a).people + airport_counts(a).templates, 0); /* once, not for ever */
    airport_check(a);
}

static void kept_no_longer_than_said(void **state)
{
    airport *a = *state;
    (void)kept(a);
    tb_error why = {0};
    tb_time next;
    a->now += 90 * TB_DAY - TB_SECOND;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(airport_counts(a).people, 1);
    a->now += 2 * TB_SECOND;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(airport_counts(a).people + airport_counts(a).templates, 0);
    tb_id nobody = {{1}};
    assert_int_equal(tb_management_further_consent(a->m, nobody, "way_home", 1, &why), TB_NOT_FOUND);
    assert_int_equal(tb_management_further_consent(a->m, nobody, "made_up", 1, &why), TB_NOT_FOUND);
}

/* As many as an aircraft holds, at one tick; one whose row cannot be read keeps none of the others. */
static void kept_by_the_hundred(void **state)
{
    airport *a = *state;
    (void)kept(a);
    tb_time next, now = a->now + 91 * TB_DAY;
    for (int i = 0; i < 200; i++) {
        tb_id id = tb_id_random();
        assert_int_equal(tb_person_insert(a->m->db, id, "SATO HANA", "JPN", a->now), TB_OK);
        assert_int_equal(tb_person_kept_set(a->m->db, id, now - TB_SECOND), TB_OK);
    }
    a->now = now;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(airport_counts(a).people, 0);
}

/* Nobody reported the departure, and one passenger's row is damaged: all others are gone, and so is who was kept. */
static void one_damaged_visit_keeps_nobody_else(void **state)
{
    airport *a = *state;
    tb_time next;
    tb_id id = tb_id_random();
    const uint8_t damage[] = {0xff, 0xff, 0xff};
    airport_clock(a, "11:31");
    traveller damaged = boarded(a, 0, ""), other = boarded(a, 1, "");
    assert_int_equal(tb_person_insert(a->m->db, id, "SATO HANA", "JPN", a->now), TB_OK);
    assert_int_equal(tb_person_kept_set(a->m->db, id, at("13:00")), TB_OK);
    assert_int_equal(tb_db_run(a->m->db, "UPDATE central.booking SET facts = $2 WHERE id = $1",
                               TB_VALUES(tb_value_id(&damaged.visit), tb_value_blob(tb_span_of(damage, 3))), NULL),
                     TB_OK);
    a->now = at("14:01");
    for (int i = 0; i < 3; i++) {
        a->now += TB_SECOND;
        assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    }
    assert_false(is_on_list(a, GATE12, other.visit));
    assert_int_equal(airport_counts(a).people, 1); /* the damaged one alone, which an operator can erase */
}

static void kept_and_withdrawn(void **state)
{
    airport *a = *state;
    traveller t = kept(a);
    tb_error why = {0};
    assert_int_equal(tb_management_further_consent(a->m, person_of(a, &t), "way_home", 0, &why), TB_OK);
    assert_int_equal(airport_counts(a).people + airport_counts(a).templates, 0);
    traveller other = {"LEE", "KIM", "L9", OTHER_FLIGHT, 9, {{0}}};
    checkin(a, &other, 0);
    assert_int_equal(tb_management_further_consent(a->m, person_of(a, &other), "way_home", 1, &why), TB_NO_CONSENT);
    airport_check(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(enters_and_is_gone, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(diverted_and_forgotten, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(nobody_tells, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(kept_by_the_hundred, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(one_damaged_visit_keeps_nobody_else, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(withdrawn_in_the_air, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(kept_until_the_way_home, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(kept_no_longer_than_said, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(kept_and_withdrawn, airport_setup, airport_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
