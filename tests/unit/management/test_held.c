/* E2 E3 E4: a world's fair at the server: tickets of several kinds and days, a code that names the visit and a face
 *    that
 * has to be its own, each refusal with its reason, and shops' lists that hold that day's visitors who can pay. */
#include "airport.h"

#include "management/service.h"

enum { DESK = KIOSK, GATE, RE_ENTRY, EXIT, TILL };

static int setup(void **state)
{
    static const char *const names[][2] = {{"desk-1", "registration"},
                                           {"gate-1", "gate"},
                                           {"re-entry-1", "re_entry"},
                                           {"exit-1", "exit"},
                                           {"shop-1", "shop"}};
    airport *a = airport_of("expo");
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        a->terminals[i].id = names[i][0];
        a->terminals[i].role = names[i][1];
        airport_terminal(a, i, NULL, NULL);
    }
    *state = a;
    return 0;
}

/* A ticket's code with its check digits. */
static const char *code_of(const char *body, char out[TB_REFERENCE_SIZE], const tb_profile *profile)
{
    char text[TB_REFERENCE_SIZE];
    for (int digits = 0; digits < 100; digits++) {
        snprintf(text, sizeof text, "%s%02d", body, digits);
        if (tb_profile_reference_read(profile, text, out) == TB_OK)
            return out;
    }
    fail_msg("no check digits for %s", body);
    return NULL;
}

typedef struct ticket {
    const char *reference, *code, *kind, *name;
    int day; /* from the day of the tests on */
    tb_id person;
} ticket;

static tb_visit_made sell(airport *a, const ticket *t)
{
    tb_visit_order order = {.reference = t->reference, .name = t->name, .person = t->person};
    tb_visit_made made;
    tb_error why = {0};
    tb_facts *f = &order.facts;
    int season = strcmp(t->kind, "season") == 0;
    tb_time midnight = at("00:00") + t->day * TB_DAY;
    assert_int_equal(tb_facts_set_text(f, "ticket", t->code), TB_OK);
    assert_int_equal(tb_facts_set_text(f, "ticket_kind", t->kind), TB_OK);
    assert_int_equal(tb_facts_set_time(f, "valid_from", season ? at("00:00") - 30 * TB_DAY : midnight), TB_OK);
    assert_int_equal(tb_facts_set_time(f, "valid_until", season ? at("00:00") + 90 * TB_DAY : midnight + TB_DAY),
                     TB_OK);
    assert_int_equal(tb_facts_set_time(f, "opens", midnight + 9 * TB_HOUR), TB_OK);
    assert_int_equal(tb_facts_set_time(f, "closes", midnight + 22 * TB_HOUR), TB_OK);
    if (tb_management_visit_put(a->m, &order, &made, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return made;
}

static tb_answer register_face(airport *a, const char *code, uint32_t face)
{
    tb_answer answer;
    tb_template made = vectors_template(face, AIRPORT_DIMENSION);
    tb_request request = airport_request(a, DESK, TB_REQUEST_CHECKIN);
    snprintf(request.boarding_pass, sizeof request.boarding_pass, "%s", code);
    request.consent = 1;
    assert_int_equal(tb_template_encode(&made, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, DESK, &request, &answer), TB_OK);
    tb_request_free(&request);
    return answer;
}

/* A code and a face at a gate whose own list knows nothing of them. */
static tb_answer come(airport *a, int which, const char *code, uint32_t face)
{
    tb_answer answer;
    tb_template made = vectors_template(face, AIRPORT_DIMENSION);
    tb_request request = airport_request(a, which, TB_REQUEST_IDENTIFY);
    snprintf(request.reference, sizeof request.reference, "%s", code);
    assert_int_equal(tb_template_encode(&made, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, which, &request, &answer), TB_OK);
    tb_request_free(&request);
    return answer;
}

static void told(tb_answer answer, tb_answer_verdict verdict, const char *reason)
{
    if (answer.verdict != verdict || strcmp(answer.reason, reason) != 0)
        fail_msg("verdict %d '%s' %s", (int)answer.verdict, answer.reason, tb_status_name(answer.status));
}

/* What is on a list bears the hash of what its person holds, which no other terminal could make. */
static int bears(airport *a, int which, tb_id visit, const char *code)
{
    uint8_t hash[TB_REFERENCE_HASH_SIZE];
    tb_key feed;
    (void)airport_publish(a);
    int place = place_of_visit(&a->terminals[which], visit);
    assert_true(place >= 0);
    assert_int_equal(tb_key_from(&a->terminals[which].keys.private_key, &a->server, &feed), TB_OK);
    assert_int_equal(tb_reference_hash(&feed, code, hash), TB_OK);
    return memcmp(hash, a->terminals[which].references[place], sizeof hash) == 0;
}

static void a_code_and_the_face_that_belongs_to_it(void **state)
{
    airport *a = *state;
    char season[TB_REFERENCE_SIZE], one_day[TB_REFERENCE_SIZE], nobodys[TB_REFERENCE_SIZE], later[TB_REFERENCE_SIZE];
    code_of("EX2026041301", season, a->profile);
    code_of("EX2026041302", one_day, a->profile);
    code_of("EX2026041399", nobodys, a->profile);
    code_of("EX2026041303", later, a->profile);
    const ticket hana = {"S1/21", season, "season", "HANA", 0, {{0}}},
                 ken = {"D2", one_day, "one_day", "KEN", 0, {{0}}}, mio = {"D3", later, "one_day", "MIO", 1, {{0}}};
    tb_visit_made hanas = sell(a, &hana), kens = sell(a, &ken);
    (void)sell(a, &mio);
    told(register_face(a, season, 1), TB_ANSWER_ADMIT, "");
    told(register_face(a, one_day, 2), TB_ANSWER_ADMIT, "");
    told(register_face(a, one_day, 3), TB_ANSWER_REFUSE, "already_registered");
    told(register_face(a, nobodys, 3), TB_ANSWER_REFUSE, "no_ticket");
    told(come(a, GATE, later, 3), TB_ANSWER_REFUSE, "no_consent");
    told(register_face(a, later, 3), TB_ANSWER_ADMIT, "");

    assert_true(bears(a, GATE, hanas.visit, season));
    assert_false(bears(a, GATE, hanas.visit, one_day));
    assert_true(bears(a, GATE, kens.visit, one_day));

    told(come(a, GATE, season, 1), TB_ANSWER_ADMIT, "");
    told(come(a, GATE, season, 2), TB_ANSWER_REFUSE, "other_face");
    assert_int_equal(come(a, GATE, season, 2).fields.count, 0); /* nothing of Hana is told to Ken */
    told(come(a, GATE, nobodys, 1), TB_ANSWER_UNKNOWN, "reference_unknown");
    told(come(a, GATE, later, 3), TB_ANSWER_REFUSE, "wrong_day");
    airport_pass(a, GATE, hanas.visit);
    told(come(a, GATE, season, 1), TB_ANSWER_REFUSE, "already_inside"); /* the code was used */
    told(come(a, RE_ENTRY, season, 1), TB_ANSWER_REFUSE, "already_inside");
    airport_pass(a, EXIT, hanas.visit);
    told(come(a, RE_ENTRY, season, 1), TB_ANSWER_ADMIT, "");
    airport_pass(a, GATE, kens.visit);
    airport_pass(a, EXIT, kens.visit);
    told(come(a, RE_ENTRY, one_day, 2), TB_ANSWER_REFUSE, "one_entry");
    assert_int_equal(come(a, EXIT, season, 1).verdict, TB_ANSWER_FAILED); /* reads no codes */
    airport_check(a);
}

/* A season ticket has a visit for each day; the code names today's, and is not used up by it. */
static void one_code_for_many_days(void **state)
{
    airport *a = *state;
    char season[TB_REFERENCE_SIZE];
    code_of("EX2026041301", season, a->profile);
    ticket today = {"S1/21", season, "season", "HANA", 0, {{0}}}, tomorrow = {"S1/22", season, "season", "", 1, {{0}}};
    tb_visit_made first = sell(a, &today);
    tomorrow.person = first.person;
    tb_visit_made second = sell(a, &tomorrow);
    assert_true(tb_id_equal(first.person, second.person));
    told(register_face(a, season, 1), TB_ANSWER_ADMIT, "");
    tb_answer answer = come(a, GATE, season, 1);
    told(answer, TB_ANSWER_ADMIT, "");
    assert_true(tb_id_equal(answer.visit, first.visit));
    airport_pass(a, GATE, first.visit);
    told(come(a, GATE, season, 1), TB_ANSWER_REFUSE, "already_inside"); /* not "tomorrow is another day" */

    airport_clock(a, "23:30"); /* half an hour after the last hour of today */
    assert_int_equal(airport_counts(a).people, 1);
    a->now = at("09:05") + TB_DAY;
    tb_time next;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    answer = come(a, GATE, season, 1);
    told(answer, TB_ANSWER_ADMIT, "");
    assert_true(tb_id_equal(answer.visit, second.visit));
    airport_check(a);
}

/* A ticket that was sold on: the list bears the new code and not the old one. */
static void another_code_for_the_same_visit(void **state)
{
    airport *a = *state;
    char old[TB_REFERENCE_SIZE], new[TB_REFERENCE_SIZE];
    code_of("EX2026041301", old, a->profile);
    code_of("EX2026041302", new, a->profile);
    ticket sold = {"D1", old, "one_day", "KEN", 0, {{0}}};
    tb_visit_made made = sell(a, &sold);
    told(register_face(a, old, 1), TB_ANSWER_ADMIT, "");
    assert_true(bears(a, GATE, made.visit, old));
    sold.code = new;
    (void)sell(a, &sold);
    assert_true(bears(a, GATE, made.visit, new));
    told(come(a, GATE, old, 1), TB_ANSWER_UNKNOWN, "reference_unknown");
    told(come(a, GATE, new, 1), TB_ANSWER_ADMIT, "");
    tb_error why = {0};
    assert_int_equal(tb_management_visit_end(a->m, made.visit, &why), TB_OK);
    told(come(a, GATE, new, 1), TB_ANSWER_UNKNOWN, "reference_unknown");
    airport_check(a);
}

/* E2 E4: whom a shop searches. */
static void shops_search_that_days_visitors_who_can_pay(void **state)
{
    airport *a = *state;
    enum { PEOPLE = 12 };
    tb_visit_made made[PEOPLE];
    char codes[PEOPLE][TB_REFERENCE_SIZE], body[32], reference[16];
    tb_error why = {0};
    tb_id id;
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(body, sizeof body, "EX20260413%02d", i);
        snprintf(reference, sizeof reference, "T%d", i);
        const ticket t = {
            reference, code_of(body, codes[i], a->profile), i % 2 ? "one_day" : "season", "SOMEBODY", i < 8 ? 0 : 1,
            {{0}}};
        made[i] = sell(a, &t);
        assert_int_equal(register_face(a, codes[i], 10 + (uint32_t)i).verdict, TB_ANSWER_ADMIT);
        if (i != 0) /* a card each, the third a wallet; the first nothing */
            assert_int_equal(
                tb_management_instrument_add(a->m, made[i].person, i == 3 ? "wallet" : "card", "good", NULL, &id, &why),
                TB_OK);
    }
    (void)airport_publish(a);
    assert_int_equal(a->terminals[TILL].known, 0); /* registered, paying, and not inside */
    for (int i = 0; i < 8; i++)
        airport_pass(a, GATE, made[i].visit);
    (void)airport_publish(a);
    /* season tickets with a card, and the one-day ticket with a wallet */
    assert_int_equal(a->terminals[TILL].known, 4);
    for (int i = 0; i < PEOPLE; i++)
        assert_int_equal(place_of_visit(&a->terminals[TILL], made[i].visit) >= 0, i == 2 || i == 3 || i == 4 || i == 6);
    airport_pass(a, EXIT, made[2].visit);
    (void)airport_publish(a);
    assert_int_equal(a->terminals[TILL].known, 3);
    airport_clock(a, "23:00"); /* an hour after closing time */
    (void)airport_publish(a);
    for (int i = 0; i < AIRPORT_TERMINALS; i++)
        assert_int_equal(a->terminals[i].known, 0);
    assert_int_equal(airport_counts(a).people, 4); /* tomorrow's */
    airport_check(a);
}

/* The kind of their means of payment is what the server knows, not what somebody tells it. */
static void what_they_pay_with_is_not_told(void **state)
{
    airport *a = *state;
    tb_visit_order order = {.reference = "D1", .name = "KEN"};
    tb_visit_made made;
    tb_error why = {0};
    assert_int_equal(tb_facts_set_text(&order.facts, "pays_with", "wallet"), TB_OK);
    assert_int_equal(tb_management_visit_put(a->m, &order, &made, &why), TB_INVALID_ARGUMENT);
    assert_non_null(strstr(why.text, "'pays_with' is the server's own"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_and_the_face_that_belongs_to_it, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(one_code_for_many_days, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(another_code_for_the_same_visit, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(shops_search_that_days_visitors_who_can_pay, setup, airport_teardown),
        cmocka_unit_test_setup_teardown(what_they_pay_with_is_not_told, setup, airport_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
