/* A17: a role whose matching is the server's: nothing rests at its terminals, the server searches those whom the role
 * serves now, and says why not to everybody else. */
#include "airport.h"

#include <tebura/matcher.h>
#include <tebura/secret.h>

#include "management/service.h"

/* The airport with tills that have no list; `gates` too, which are told apart by an attribute. `hours`: so long before
 * the departure somebody becomes a visitor. */
static char *changed_yaml(int hours, int asks_central)
{
    char window[80];
    snprintf(window, sizeof window, "departure - %dh, early: too_early, until: departure", hours);
    const struct {
        const char *from, *to;
    } changes[] = {
        {"departure - 48h, early: too_early, until: departure", window},
        {"    staff_confirms: false\n", asks_central
                                            ? "    staff_confirms: false\n    match: server\n    asks_central: true\n"
                                            : "    staff_confirms: false\n    match: server\n"},
        {"    lead: 30m\n    for: [greet, guide]\n", "    match: server\n    for: [greet, guide]\n"},
        {"on_match: {actuate: gate, status: boarded, deletes_entry: true}",
         "on_match: {actuate: gate, status: boarded}"},
    };
    tb_bytes yaml = {0};
    tb_error why = {0};
    if (tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    char *text = calloc(1, yaml.size + 200);
    assert_non_null(text);
    memcpy(text, yaml.data, yaml.size);
    tb_bytes_free(&yaml);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char *at = strstr(text, changes[i].from);
        assert_non_null(at);
        size_t old = strlen(changes[i].from), new = strlen(changes[i].to);
        memmove(at + new, at + old, strlen(at + old) + 1);
        memcpy(at, changes[i].to, new);
    }
    return text;
}

static int setup_with(void **state, int hours, int asks_central)
{
    assert_int_equal(airport_setup(state), 0);
    airport *a = *state;
    char *yaml = changed_yaml(hours, asks_central);
    tb_error why = {0};
    tb_management_free(&a->m);
    tb_profile_free(&a->profile);
    if (tb_profile_parse(tb_span_text(yaml), "changed.yaml", &a->profile, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    free(yaml);
    airport_open(a);
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, 48, 0);
}

static int setup_late(void **state)
{
    return setup_with(state, 1, 0);
}

static int setup_central(void **state)
{
    return setup_with(state, 1, 1);
}

static void pass_to_airside(airport *a, const traveller *t)
{
    airport_pass(a, SECURITY, t->visit);
    airport_pass(a, EMIGRATION, t->visit);
}

static void give_card(airport *a, const traveller *t)
{
    tb_id person, card;
    tb_error why = {0};
    assert_int_equal(tb_management_person_find(a->m, t->passport, &person), TB_OK);
    assert_int_equal(tb_management_instrument_add(a->m, person, "card", "tok_1", NULL, &card, &why), TB_OK);
}

static void check(airport *a)
{
    tb_error why = {0};
    if (tb_management_check(a->m, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
}

static uint64_t entries_at(airport *a, int which)
{
    tb_outbox_item items[64];
    int count;
    uint64_t found = 0;
    assert_int_equal(tb_management_outbox_all(a->m), TB_OK);
    do {
        assert_int_equal(tb_management_outbox(a->m, items, 64, &count), TB_OK);
        for (int i = 0; i < count; i++) {
            found += strcmp(items[i].touchpoint, a->terminals[which].id) == 0 && items[i].present;
            tb_bytes_free(&items[i].sealed);
        }
        if (count)
            assert_int_equal(tb_management_outbox_done(a->m, items[count - 1].row), TB_OK);
    } while (count);
    return found;
}

static void the_server_answers(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              leo = {"MORI", "LEO", "CD7654321", FLIGHT, 2, {{0}}};
    checkin(a, &mia, 1);
    checkin(a, &leo, 1);
    tb_template face = face_of(&mia), other = face_of(&leo), stranger = vectors_template(99, AIRPORT_DIMENSION);
    pass_to_airside(a, &mia);
    give_card(a, &mia);
    check(a);

    assert_int_equal(entries_at(a, SHOP), 0);
    assert_int_equal(entries_at(a, GATE12), 0);
    tb_answer answer = identify(a, SHOP, &face);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    assert_true(tb_id_equal(answer.visit, mia.visit));
    assert_string_equal(tb_facts_text(&answer.fields, "name"), "MIA SATO");
    answer = identify(a, SHOP, &other); /* known, and not airside: found among all, and told */
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "not_through_security");
    answer = identify(a, SHOP, &stranger);
    assert_int_equal(answer.verdict, TB_ANSWER_UNKNOWN);
    answer = identify(a, GATE12, &face); /* boards at 11:30 */
    assert_string_equal(answer.reason, "too_early");
    answer = identify(a, GATE34, &face);
    assert_string_equal(answer.reason, "other_gate");
    a->now = at("11:31");
    tb_time next;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    check(a);
    answer = identify(a, GATE12, &face);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    airport_pass(a, GATE12, mia.visit);
    answer = identify(a, SHOP, &face);
    assert_string_equal(answer.reason, "already_boarded");
    check(a);
}

/* The twin who is still landside does not stand in the way of the one who is airside, and is not taken for them. */
static void only_those_who_may_are_searched(void **state)
{
    airport *a = *state;
    traveller one = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              two = {"SATO", "MEI", "AB1234568", FLIGHT, 1, {{0}}};
    checkin(a, &one, 1);
    checkin(a, &two, 1);
    tb_template face = face_of(&one);
    tb_answer answer = identify(a, SHOP, &face); /* neither may: all visitors are searched, nobody is guessed */
    assert_int_equal(answer.verdict, TB_ANSWER_NOT_SURE);
    pass_to_airside(a, &one);
    give_card(a, &one);
    answer = identify(a, SHOP, &face);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    assert_true(tb_id_equal(answer.visit, one.visit));
    pass_to_airside(a, &two);
    give_card(a, &two);
    answer = identify(a, SHOP, &face);
    assert_int_equal(answer.verdict, TB_ANSWER_NOT_SURE);
    assert_true(tb_id_is_zero(answer.visit));
}

/* Tags are made anew at a start, and for a terminal that comes later. */
static void tags_survive_a_start(void **state)
{
    airport *a = *state;
    traveller one = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              two = {"SATO", "MEI", "AB1234568", FLIGHT, 1, {{0}}};
    checkin(a, &one, 1);
    checkin(a, &two, 1);
    pass_to_airside(a, &one);
    give_card(a, &one);
    tb_template face = face_of(&one);
    airport_reopen(a);
    check(a);
    assert_int_equal(identify(a, SHOP, &face).verdict, TB_ANSWER_ADMIT);
    tb_touchpoint later = {.id = "gate-56", .role = "boarding"}, out;
    tb_key_pair keys = tb_key_pair_random();
    tb_error why = {0};
    char code[33];
    assert_int_equal(tb_facts_set_text(&later.attributes, "gate", "56"), TB_OK);
    airport_flight(a, FLIGHT, "56", at("11:30"), at("12:00"));
    assert_int_equal(tb_management_touchpoint_add(a->m, &later, code, &why), TB_OK);
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &keys.public_key, &out, &why), TB_OK);
    check(a);
    a->now = at("11:30");
    check(a); /* ticks first */
}

/* ---- whoever has agreed and is no visitor yet (A17's second fall-back) ---- */

static int64_t looks(airport *a, tb_metric which)
{
    return tb_metric_get(&a->m->metrics, which);
}

static void nobody_is_asked_unless_it_says_so(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &mia, 1);
    tb_template face = face_of(&mia);
    assert_int_equal(identify(a, SHOP, &face).verdict, TB_ANSWER_UNKNOWN);
    assert_int_equal(looks(a, TB_METRIC_CENTRAL_TOLD) + looks(a, TB_METRIC_CENTRAL_NOBODY), 0);
}

static void who_is_no_visitor_yet_is_told_why(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              leo = {"MORI", "LEO", "CD7654321", OTHER_FLIGHT, 2, {{0}}};
    checkin(a, &mia, 1);
    checkin(a, &leo, 1);
    tb_template face = face_of(&mia), stranger = vectors_template(99, AIRPORT_DIMENSION);
    size_t held = tb_secret_held();
    tb_answer answer = identify(a, SHOP, &face);
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "too_early");
    assert_int_equal(tb_facts_number(&answer.fields, "from", 0), at("11:00"));
    assert_int_equal(answer.fields.count, 1); /* neither who they are nor which visit it is */
    assert_true(tb_id_is_zero(answer.visit));
    assert_int_equal(identify(a, SHOP, &stranger).verdict, TB_ANSWER_UNKNOWN);
    assert_int_equal(tb_secret_held(), held); /* nothing of it is kept */
    assert_int_equal(tb_matcher_count(a->m->matcher), 0);
    assert_int_equal(identify(a, GATE12, &face).verdict, TB_ANSWER_UNKNOWN); /* another role, which does not ask */
    assert_int_equal(looks(a, TB_METRIC_CENTRAL_TOLD), 1);
    assert_int_equal(looks(a, TB_METRIC_CENTRAL_NOBODY), 1);

    a->now = at("11:00");
    check(a);
    answer = identify(a, SHOP, &face); /* found as a visitor, without a further look */
    assert_string_equal(answer.reason, "not_through_security");
    assert_int_equal(looks(a, TB_METRIC_CENTRAL_TOLD), 1);
    check(a);
}

static void who_has_withdrawn_is_unknown(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}},
              leo = {"MORI", "LEO", "CD7654321", FLIGHT, 2, {{0}}};
    checkin(a, &mia, 1);
    checkin(a, &leo, 1);
    tb_template face = face_of(&mia), other = face_of(&leo);
    tb_request request = {.id = tb_id_random(), .kind = TB_REQUEST_IDENTIFY, .at = a->now};
    snprintf(request.touchpoint, sizeof request.touchpoint, "%s", a->terminals[SHOP].id);
    tb_id person, erased;
    tb_error why = {0};
    tb_answer answer = {0};
    int told = 0;
    assert_int_equal(tb_management_person_find(a->m, mia.passport, &person), TB_OK);
    assert_int_equal(tb_management_person_find(a->m, leo.passport, &erased), TB_OK);
    assert_string_equal(identify(a, SHOP, &face).reason, "too_early");
    assert_string_equal(identify(a, SHOP, &other).reason, "too_early");
    tb_service_lock(a->m);
    assert_int_equal(tb_central_tell(a->m, &request, person, &answer, &told), TB_OK);
    tb_service_unlock(a->m);
    assert_true(told);

    assert_int_equal(tb_management_consent_withdraw(a->m, person, &why), TB_OK);
    assert_int_equal(tb_management_person_delete(a->m, erased, &why), TB_OK);
    assert_int_equal(identify(a, SHOP, &face).verdict, TB_ANSWER_UNKNOWN);
    assert_int_equal(identify(a, SHOP, &other).verdict, TB_ANSWER_UNKNOWN);
    tb_service_lock(a->m); /* as if that had been while they were looked for */
    assert_int_equal(tb_central_tell(a->m, &request, person, &answer, &told), TB_OK);
    assert_false(told);
    assert_int_equal(tb_central_tell(a->m, &request, erased, &answer, &told), TB_OK);
    assert_false(told);
    tb_service_unlock(a->m);
    check(a);
}

/* More than a page of people, and two who look the same. */
static void nobody_is_guessed_among_many(void **state)
{
    airport *a = *state;
    traveller last = {0};
    char passport[16];
    for (int n = 1; n <= TB_PAGE_PEOPLE + 6; n++) {
        snprintf(passport, sizeof passport, "AB%07d", n);
        last = (traveller){"SATO", "MIA", passport, FLIGHT, n, {{0}}};
        checkin(a, &last, 1);
    }
    tb_template face = face_of(&last);
    assert_string_equal(identify(a, SHOP, &face).reason, "too_early");
    traveller twin = {"SATO", "MEI", "CD1234568", FLIGHT, last.number, {{0}}};
    checkin(a, &twin, 1);
    assert_int_equal(identify(a, SHOP, &face).verdict, TB_ANSWER_UNKNOWN);
}

/* Strangers before a camera do not keep the server busy. */
static void looks_have_an_end(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &mia, 1);
    tb_template face = face_of(&mia);
    a->m->looking = 1; /* for somebody else */
    assert_int_equal(identify(a, SHOP, &face).verdict, TB_ANSWER_UNKNOWN);
    assert_int_equal(looks(a, TB_METRIC_CENTRAL_BUSY), 1);
    a->m->looking = 0;
    int64_t start = tb_clock_monotonic(), told = 0;
    while (identify(a, SHOP, &face).verdict == TB_ANSWER_REFUSE)
        told++;
    assert_in_range(told, TB_LOOKS_MOST, TB_LOOKS_MOST + 1 + (tb_clock_monotonic() - start) / TB_LOOK_BACK);
    assert_int_equal(looks(a, TB_METRIC_CENTRAL_TOO_MANY), 1);
}

int main(void)
{
#define LATE(name) cmocka_unit_test_setup_teardown(name, setup_late, airport_teardown)
#define CENTRAL(name) cmocka_unit_test_setup_teardown(name, setup_central, airport_teardown)
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(the_server_answers),
                                       TEST(only_those_who_may_are_searched),
                                       TEST(tags_survive_a_start),
                                       LATE(nobody_is_asked_unless_it_says_so),
                                       CENTRAL(who_is_no_visitor_yet_is_told_why),
                                       CENTRAL(who_has_withdrawn_is_unknown),
                                       CENTRAL(nobody_is_guessed_among_many),
                                       CENTRAL(looks_have_an_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
