/* Tables that do not grow for ever (ADR 115): what nobody needs any more goes, and an event that comes again after
 * that is still known (I3). */
#include "airport.h"
#include "management/service.h"

static const traveller who = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};

static uint64_t rows_of(airport *a, const char *question)
{
    uint64_t count = 0;
    assert_int_equal(tb_store_count(a->m->db, question, &count), TB_OK);
    return count;
}
#define ROWS(a, table) rows_of(a, "SELECT count(*) FROM " table)

static int64_t counted(const airport *a, tb_metric which)
{
    return tb_metric_get(&a->m->metrics, which);
}

static void later(airport *a, tb_time by)
{
    tb_time next;
    a->now += by;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
}

static void an_event_is_known_when_its_row_is_gone(void **state)
{
    airport *a = *state;
    traveller t = who;
    checkin(a, &t, 1);
    tb_event first = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit),
             second = airport_event(a, SECURITY, TB_EVENT_REFUSAL, t.visit), gap;
    assert_int_equal(airport_send(a, SECURITY, &first), TB_OK);
    assert_int_equal(airport_send(a, SECURITY, &second), TB_OK);
    a->terminals[SECURITY].number++; /* one that is still on its way */
    gap = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    assert_int_equal(airport_send(a, SECURITY, &gap), TB_OK);
    assert_int_equal(ROWS(a, "central.applied"), 4); /* and the check-in's request */
    later(a, TB_DAY);
    assert_int_equal(ROWS(a, "central.applied"), 4);
    later(a, 2 * TB_DAY);
    assert_int_equal(ROWS(a, "central.applied"), 1); /* behind the gap its number does not say it */
    assert_int_equal(counted(a, TB_METRIC_FORGOT_APPLIED), 3);
    int64_t applied = counted(a, TB_METRIC_EVENTS_APPLIED);
    for (int opened = 0; opened < 2; opened++) {
        const tb_event *all[] = {&first, &second, &gap};
        uint64_t before = ROWS(a, "central.passage");
        for (int i = 0; i < 3; i++)
            assert_int_equal(airport_send(a, SECURITY, all[i]), TB_OK);
        assert_int_equal(ROWS(a, "central.passage"), before);
        airport_reopen(a); /* it is in the database, too */
    }
    assert_int_equal(applied, 3);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), 0);
    tb_event missing = gap;
    missing.id = tb_id_random();
    missing.number = gap.number - 1;
    assert_int_equal(airport_send(a, SECURITY, &missing), TB_OK); /* it fills the gap: applied */
    assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), 1);
    assert_int_equal(airport_send(a, SECURITY, &gap), TB_OK); /* sent again: now all are reported */
    later(a, 3 * TB_DAY);
    assert_int_equal(ROWS(a, "central.applied"), 0);
    assert_int_equal(airport_send(a, SECURITY, &missing), TB_OK);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), 1);
    airport_check(a);
}

/* A terminal that is registered anew counts from one: its events are not those of the former. */
static void a_new_terminal_counts_anew(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_error why = {0};
    tb_bytes order = {0};
    tb_touchpoint out;
    char code[TB_CODE_SIZE];
    tb_time until;
    checkin(a, &t, 1);
    airport_pass(a, SECURITY, t.visit);
    tb_event behind = airport_event(a, SECURITY, TB_EVENT_REFUSAL, t.visit);
    behind.number += 5; /* never reported */
    assert_int_equal(airport_send(a, SECURITY, &behind), TB_OK);
    later(a, 3 * TB_DAY);
    assert_int_equal(tb_management_touchpoint_revoke(a->m, "security-1", &order, &why), TB_OK);
    tb_bytes_free(&order);
    assert_int_equal(tb_management_touchpoint_code(a->m, "security-1", code, &until, &why), TB_OK);
    a->terminals[SECURITY].keys = tb_key_pair_random();
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &a->terminals[SECURITY].keys.public_key, &out, &why),
                     TB_OK);
    a->terminals[SECURITY].number = 0;
    int64_t before = counted(a, TB_METRIC_EVENTS_APPLIED);
    airport_pass(a, SECURITY, t.visit);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), before + 1);
    later(a, 3 * TB_DAY);
    assert_int_equal(ROWS(a, "central.applied"), 0); /* the former's, too, whose numbers say nothing of this one's */
    airport_pass(a, SECURITY, t.visit);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), before + 2);
}

/* What was set aside counts as reported: its number does not say that it was applied. */
static void the_quarantine_is_tried_again_however_late(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_error why = {0};
    checkin(a, &t, 1);
    tb_event bad = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    char subject[128];
    tb_bytes body = {0};
    tb_sealed_event sealed = airport_seal_event(a, SECURITY, &bad, subject, &body);
    assert_int_equal(tb_change_begin(a->m), TB_OK);
    int full = 0;
    tb_status status = tb_quarantine_keep(a->m, &sealed, TB_DB_CORRUPT, &full);
    if (status == TB_OK) /* as events.c does it */
        status = tb_touchpoint_reported_raise(a->m->db, "security-1", bad.number, 0);
    assert_int_equal(tb_change_end(a->m, status), TB_OK);
    uint8_t hash[32];
    tb_id row;
    tb_sha256(tb_bytes_span(&body), hash);
    memcpy(row.bytes, hash, sizeof row.bytes);
    airport_pass(a, SECURITY, t.visit); /* the one behind it */
    later(a, 3 * TB_DAY);
    assert_int_equal(ROWS(a, "central.applied"), 0);
    int64_t before = counted(a, TB_METRIC_EVENTS_APPLIED);
    assert_int_equal(tb_management_quarantine_retry(a->m, row, &why), TB_OK);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), before + 1);
    assert_int_equal(ROWS(a, "central.quarantine"), 0);
    assert_int_equal(tb_management_quarantine_retry(a->m, row, &why), TB_NOT_FOUND);
    tb_bytes_free(&body);
}

static void tell(airport *a, const char *message)
{
    tb_flight_change change = {0};
    tb_flight_answer answer;
    snprintf(change.flight, sizeof change.flight, "%s", FLIGHT);
    snprintf(change.source, sizeof change.source, "fids");
    snprintf(change.message, sizeof change.message, "%s", message);
    change.says = 1u << TB_FLIGHT_GATE;
    snprintf(change.gate, sizeof change.gate, "34");
    assert_int_equal(tb_management_flight_changes(a->m, &change, 1, &answer), TB_OK);
}

static void history_flights_and_words_end(void **state)
{
    airport *a = *state;
    traveller t = who, on_the_way = {"ITO", "KEN", "AB1234568", OTHER_FLIGHT, 2, {{0}}};
    checkin(a, &t, 1);
    checkin(a, &on_the_way, 1);
    airport_pass(a, SECURITY, t.visit);
    tell(a, "1");
    assert_int_equal(ROWS(a, "central.flight"), 2);
    later(a, TB_DAY); /* both have left */
    assert_int_equal(ROWS(a, "central.booking"), 0);
    assert_int_equal(ROWS(a, "central.flight"), 2);
    later(a, 3 * TB_DAY);
    assert_int_equal(ROWS(a, "central.flight"), 0);
    assert_int_equal(ROWS(a, "central.flight_told"), 0);
    assert_int_equal(ROWS(a, "central.passage"), 3);
    assert_int_equal(ROWS(a, "central.flight_message"), 1);
    later(a, 4 * TB_DAY);
    assert_int_equal(ROWS(a, "central.flight_message"), 0);
    later(a, 23 * TB_DAY);
    assert_int_equal(ROWS(a, "central.passage"), 0);
    assert_int_equal(counted(a, TB_METRIC_FORGOT_PASSAGES), 3);
}

/* However many rows there are, no transaction takes many of them. */
static void many_rows_go_in_steps(void **state)
{
    airport *a = *state;
    assert_int_equal(tb_change_begin(a->m), TB_OK);
    tb_status status = TB_OK;
    for (int i = 0; i < 1200 && status == TB_OK; i++) {
        tb_passage passage = {.at = a->now};
        status = tb_passage_add(a->m->db, &passage);
        if (status == TB_OK)
            status = tb_applied_add(a->m->db, tb_id_random(), (tb_id){{0}}, "", tb_span_of(NULL, 0), a->now);
    }
    assert_int_equal(tb_change_end(a->m, status), TB_OK);
    a->now += 31 * TB_DAY;
    tb_time next;
    int more = 1, rounds = 0;
    uint64_t left = 1200;
    while (more) {
        tb_service_lock_to_change(a->m);
        assert_int_equal(tb_forget(a->m, a->now, &next, &more), TB_OK);
        tb_service_unlock_changed(a->m);
        uint64_t now = ROWS(a, "central.passage");
        assert_true(left - now <= 500);
        left = now;
        rounds++;
    }
    assert_int_equal(left, 0);
    assert_int_equal(ROWS(a, "central.applied"), 0);
    assert_int_equal(rounds, 4);
}

static int stadium(void **state)
{
    *state = airport_of("stadium");
    return 0;
}

static void occasions_end_when_all_is_over(void **state)
{
    airport *a = *state;
    tb_facts soon = {0}, late = {0};
    tb_error why = {0};
    assert_int_equal(tb_facts_set_time(&soon, "ends", at("22:00")), TB_OK);
    assert_int_equal(tb_facts_set_time(&late, "ends", at("22:00") + 30 * TB_DAY), TB_OK);
    assert_int_equal(tb_management_occasion_put(a->m, "today", &soon, &why), TB_OK);
    assert_int_equal(tb_management_occasion_put(a->m, "in-a-month", &late, &why), TB_OK);
    later(a, 7 * TB_DAY);
    assert_int_equal(ROWS(a, "central.occasion"), 2);
    later(a, TB_DAY);
    assert_int_equal(ROWS(a, "central.occasion"), 1);
    later(a, 30 * TB_DAY);
    assert_int_equal(ROWS(a, "central.occasion"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_known_when_its_row_is_gone),
        TEST(a_new_terminal_counts_anew),
        TEST(the_quarantine_is_tried_again_however_late),
        TEST(history_flights_and_words_end),
        TEST(many_rows_go_in_steps),
        cmocka_unit_test_setup_teardown(occasions_end_when_all_is_over, stadium, airport_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
