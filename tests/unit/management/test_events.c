/* Events: once per id, in any order, all or nothing, and nothing from somebody else. */
#include "airport.h"

static const traveller who = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};

static int passages(airport *a, tb_passage out[16])
{
    int count;
    assert_int_equal(tb_management_passages(a->m, 0, 0, out, 16, &count), TB_OK);
    return count;
}

static tb_status take_status(void *context, const tb_person_summary *person)
{
    struct wanted {
        tb_id id;
        char status[TB_NAME_SIZE];
    } *wanted = context;
    if (tb_id_equal(person->person, wanted->id))
        snprintf(wanted->status, sizeof wanted->status, "%s", person->status);
    return TB_OK;
}
static const char *status_of(airport *a, tb_id person)
{
    static struct {
        tb_id id;
        char status[TB_NAME_SIZE];
    } wanted;
    wanted.id = person;
    assert_int_equal(tb_management_people(a->m, take_status, &wanted), TB_OK);
    return wanted.status;
}

static void repeated_events_count_once(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_passage out[16];
    checkin(a, &t, 1);
    tb_event bags = airport_event(a, DROP, TB_EVENT_SERVED, t.visit);
    assert_int_equal(tb_facts_set_int(&bags.facts, "bags", 2), TB_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(airport_send(a, DROP, &bags), TB_OK);
    airport_reopen(a);
    assert_int_equal(airport_send(a, DROP, &bags), TB_OK);
    assert_int_equal(passages(a, out), 2); /* check-in and one */
    (void)airport_publish(a);
    int place = place_of_visit(&a->terminals[DROP], t.visit);
    assert_int_equal(tb_facts_number(&a->terminals[DROP].fields[place], "bags", -1), 2);
    assert_int_equal(airport_counts(a).events_repeated, 1); /* since the restart */
    airport_check(a);
}

static void twice_in_one_delivery(void **state)
{
    airport *a = *state;
    traveller t = who;
    char subject[128];
    tb_bytes body = {0};
    tb_passage out[16];
    checkin(a, &t, 1);
    tb_event event = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    tb_sealed_event one = airport_seal_event(a, SECURITY, &event, subject, &body), both[2] = {one, one};
    assert_int_equal(tb_management_events(a->m, both, 2), TB_OK);
    assert_int_equal(airport_counts(a).events_applied, 1);
    assert_int_equal(airport_counts(a).events_repeated, 1);
    assert_int_equal(passages(a, out), 2);
    tb_bytes_free(&body);
}

static void out_of_order_never_goes_back(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_passage out[16];
    checkin(a, &t, 1);
    airport_clock(a, "11:35");
    airport_pass(a, GATE12, t.visit); /* security's event is still on its way */
    airport_pass(a, SECURITY, t.visit);
    airport_pass(a, EMIGRATION, t.visit);
    assert_string_equal(status_of(a, person_of(a, &t)), "boarded");
    int count = passages(a, out);
    assert_int_equal(count, 4);
    assert_string_equal(out[1].reason, "not_through_security"); /* marked, and applied all the same */
    airport_check(a);
    for (int i = 0; i < AIRPORT_TERMINALS; i++)
        assert_false(is_on_list(a, i, t.visit));
}

static void refused(airport *a, tb_sealed_event event, uint64_t total)
{
    assert_int_equal(tb_management_events(a->m, &event, 1), TB_OK); /* acknowledged: it must not come again */
    assert_int_equal(airport_counts(a).events_refused, total);
    assert_int_equal(airport_counts(a).events_applied, 0);
}

static void forged_foreign_and_truncated(void **state)
{
    airport *a = *state;
    traveller t = who;
    char subject[128], other[128];
    tb_bytes body = {0}, forged = {0};
    checkin(a, &t, 1);
    tb_event event = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    tb_sealed_event good = airport_seal_event(a, SECURITY, &event, subject, &body), bad = good;
    bad.body.size /= 2;
    refused(a, bad, 1);
    bad.body.size = 0;
    refused(a, bad, 2);
    bad = good;
    bad.subject = "tb.narita.event.emigration-1"; /* replayed under another's name */
    refused(a, bad, 3);
    bad.subject = "tb.narita.event.nobody";
    refused(a, bad, 4);
    bad.subject = "";
    refused(a, bad, 5);
    body.data[body.size / 2] ^= 1;
    refused(a, good, 6);
    body.data[body.size / 2] ^= 1;
    /* the shop's key, security's name inside */
    tb_event pretended = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    tb_sealed_event wolf = airport_seal_event(a, SHOP, &pretended, other, &forged);
    refused(a, wolf, 7);
    assert_true(is_on_list(a, SECURITY, t.visit));
    assert_int_equal(tb_management_events(a->m, &good, 1), TB_OK); /* the real one still counts */
    assert_int_equal(airport_counts(a).events_applied, 1);
    tb_bytes_free(&forged);
    tb_bytes_free(&body);
    airport_check(a);
}

static void a_bad_one_does_not_hold_up_the_others(void **state)
{
    airport *a = *state;
    traveller t = who;
    char subjects[2][128];
    tb_bytes bodies[2] = {{0}};
    checkin(a, &t, 1);
    tb_event first = airport_event(a, DROP, TB_EVENT_SERVED, t.visit),
             second = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    tb_sealed_event events[3] = {airport_seal_event(a, DROP, &first, subjects[0], &bodies[0]),
                                 {"tb.narita.event.security-1", tb_span_of("rubbish", 7)},
                                 airport_seal_event(a, SECURITY, &second, subjects[1], &bodies[1])};
    assert_int_equal(tb_management_events(a->m, events, 3), TB_OK);
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.events_applied, 2);
    assert_int_equal(counts.events_refused, 1);
    assert_false(is_on_list(a, SECURITY, t.visit));
    tb_bytes_free(&bodies[0]);
    tb_bytes_free(&bodies[1]);
}

static void late_news_of_one_who_has_left(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_passage out[16];
    tb_error why;
    checkin(a, &t, 1);
    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK);
    airport_pass(a, GATE12, t.visit);
    int count = passages(a, out);
    assert_string_equal(out[count - 1].reason, "flight_departed");
    assert_string_equal(out[count - 1].name, "");
    assert_int_equal(airport_counts(a).people, 0);
    airport_check(a);
}

static void a_refusal_changes_nothing_but_history(void **state)
{
    airport *a = *state;
    tb_passage out[16];
    tb_event event = airport_event(a, SECURITY, TB_EVENT_REFUSAL, (tb_id){{0}});
    snprintf(event.reason, sizeof event.reason, "not_checked_in");
    event.duration = 1234;
    assert_int_equal(airport_send(a, SECURITY, &event), TB_OK);
    assert_int_equal(passages(a, out), 1);
    assert_string_equal(out[0].reason, "not_checked_in");
    assert_int_equal(out[0].duration, 1234);
    tb_id somebody = {{7}}; /* whose visit is over, or was never known here */
    tb_event call = airport_event(a, SECURITY, TB_EVENT_ATTENDANT, somebody);
    snprintf(call.reason, sizeof call.reason, "interlock_other_face");
    assert_int_equal(airport_send(a, SECURITY, &call), TB_OK);
    assert_int_equal(passages(a, out), 2);
    assert_string_equal(out[1].kind, "attendant");
    assert_string_equal(out[1].reason, "interlock_other_face");
    airport_check(a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(repeated_events_count_once),
                                       TEST(twice_in_one_delivery),
                                       TEST(out_of_order_never_goes_back),
                                       TEST(forged_foreign_and_truncated),
                                       TEST(a_bad_one_does_not_hold_up_the_others),
                                       TEST(late_news_of_one_who_has_left),
                                       TEST(a_refusal_changes_nothing_but_history)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
