/* Issue 4, bad input: events from the future, of long ago, with somebody else's id, and such as cannot be applied at
 * all: kept or refused, with the reason, counted, and nothing else disturbed. */
#include "airport.h"
#include "management/service.h"

static const traveller who = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};

static uint64_t counted(const airport *a, tb_metric which)
{
    return (uint64_t)tb_metric_get(&a->m->metrics, which);
}

static tb_passage last_passage(airport *a)
{
    tb_passage out[32];
    int count;
    assert_int_equal(tb_management_passages(a->m, 0, 0, out, 32, &count), TB_OK);
    assert_true(count > 0);
    return out[count - 1];
}

static void send_at(airport *a, int which, tb_id visit, tb_time when)
{
    tb_event event = airport_event(a, which, TB_EVENT_PASSAGE, visit);
    event.at = when;
    assert_int_equal(airport_send(a, which, &event), TB_OK);
}

/* ---- time ---- */

static void a_clock_some_seconds_ahead_is_a_clock(void **state)
{
    airport *a = *state;
    traveller t = who;
    checkin(a, &t, 1);
    send_at(a, SECURITY, t.visit, a->now + 30 * TB_SECOND);
    tb_passage passage = last_passage(a);
    assert_string_equal(passage.reason, "");
    assert_int_equal(passage.at, a->now + 30 * TB_SECOND);
    assert_false(is_on_list(a, SECURITY, t.visit));
}

static void from_the_future(void **state)
{
    airport *a = *state;
    traveller t = who;
    checkin(a, &t, 1);
    send_at(a, SECURITY, t.visit, a->now + 7 * TB_MINUTE); /* nobody unlearns that they have passed */
    tb_passage passage = last_passage(a);
    assert_string_equal(passage.reason, "clock_ahead");
    assert_int_equal(passage.at, a->now);
    assert_true(is_on_list(a, EMIGRATION, t.visit));
    send_at(a, EMIGRATION, t.visit, a->now + 3000 * TB_DAY);
    passage = last_passage(a);
    assert_string_equal(passage.reason, "clock_ahead");
    assert_int_equal(passage.at, a->now);
    assert_false(is_on_list(a, EMIGRATION, t.visit));
    assert_int_equal(counted(a, TB_METRIC_MARKED_AHEAD), 2);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), 2);
    airport_check(a);
}

/* Judged by the server's time: a gate whose clock runs ahead lets nobody board "in time" who was early. */
static void judged_by_our_clock(void **state)
{
    airport *a = *state;
    traveller t = who;
    checkin(a, &t, 1);
    airport_pass(a, SECURITY, t.visit);
    send_at(a, GATE12, t.visit, at("11:45"));
    assert_string_equal(last_passage(a).reason, "too_early");
    assert_int_equal(last_passage(a).at, a->now);
}

static void of_long_ago(void **state)
{
    airport *a = *state;
    traveller t = who;
    checkin(a, &t, 1);
    send_at(a, DROP, t.visit, a->now - 30 * TB_HOUR); /* its own time stays: the terminal was offline */
    assert_int_equal(last_passage(a).at, a->now - 30 * TB_HOUR);
    assert_int_equal(counted(a, TB_METRIC_MARKED_LATE), 1);
    send_at(a, SECURITY, t.visit, 1000); /* a clock that began in 1970 */
    assert_int_equal(last_passage(a).at, a->now);
    assert_string_equal(last_passage(a).reason, "clock_wrong");
    assert_int_equal(counted(a, TB_METRIC_MARKED_WRONG), 1);
    assert_true(is_on_list(a, EMIGRATION, t.visit));
    airport_check(a);
}

/* ---- ids ---- */

/* A terminal that bears the id of another's event neither hides that event nor is hidden by it. */
static void with_the_id_of_anothers(void **state)
{
    airport *a = *state;
    traveller t = who;
    checkin(a, &t, 1);
    tb_event real = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit),
             forged = airport_event(a, SHOP, TB_EVENT_REFUSAL, t.visit);
    forged.id = real.id;
    assert_int_equal(airport_send(a, SHOP, &forged), TB_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(airport_send(a, SECURITY, &real), TB_OK);
    assert_int_equal(airport_send(a, SHOP, &forged), TB_OK);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), 2);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_REPEATED), 2);
    assert_int_equal(counted(a, TB_METRIC_MARKED_TWIN), 1);
    assert_true(is_on_list(a, EMIGRATION, t.visit));
    airport_check(a);
}

/* Nor is a terminal told what another was answered. */
static void with_the_id_of_anothers_request(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_answer answer;
    tb_request request = checkin_request(a, &t, 1);
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    tb_request spy = airport_request(a, SHOP, TB_REQUEST_PAY);
    spy.id = request.id;
    spy.visit = answer.visit;
    spy.amount = 100;
    memcpy(spy.currency, "JPY", 4);
    assert_int_equal(airport_ask(a, SHOP, &spy, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_FAILED);
    assert_int_equal(answer.status, TB_CONFLICT);
    assert_int_equal(answer.fields.count, 0);
    tb_request_free(&request);
}

/* ---- refused, by reason ---- */

static void counted_by_reason(void **state)
{
    airport *a = *state;
    traveller t = who;
    char subject[128], other[128];
    tb_bytes body = {0}, wolf = {0};
    checkin(a, &t, 1);
    tb_event event = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    tb_sealed_event good = airport_seal_event(a, SECURITY, &event, subject, &body), bad = good;
    bad.subject = "tb.narita.event.nobody";
    assert_int_equal(tb_management_events(a->m, &bad, 1), TB_OK);
    bad = good;
    bad.body.size -= 1;
    assert_int_equal(tb_management_events(a->m, &bad, 1), TB_OK);
    bad = good;
    bad.subject = "tb.narita.event.emigration-1"; /* sealed by somebody else */
    assert_int_equal(tb_management_events(a->m, &bad, 1), TB_OK);
    bad = airport_seal_event(a, SHOP, &event, other, &wolf); /* signed as somebody else */
    assert_int_equal(tb_management_events(a->m, &bad, 1), TB_OK);
    tb_key own = a->server;
    a->server = tb_key_pair_random().public_key; /* sealed to somebody else */
    tb_bytes lost = {0};
    bad = airport_seal_event(a, SECURITY, &event, other, &lost);
    a->server = own;
    assert_int_equal(tb_management_events(a->m, &bad, 1), TB_OK);
    assert_int_equal(counted(a, TB_METRIC_REFUSED_UNKNOWN), 1);
    assert_int_equal(counted(a, TB_METRIC_REFUSED_SEAL), 3);
    assert_int_equal(counted(a, TB_METRIC_REFUSED_FORGED), 1);
    assert_int_equal(airport_counts(a).events_refused, 5);
    assert_int_equal(counted(a, TB_METRIC_EVENTS_QUARANTINED), 0);
    assert_true(is_on_list(a, SECURITY, t.visit));
    tb_bytes_free(&lost);
    tb_bytes_free(&wolf);
    tb_bytes_free(&body);
    airport_check(a);
}

/* ---- quarantine ---- */

typedef struct kept {
    int count;
    tb_quarantined rows[8];
} kept;

static tb_status take_row(void *context, const tb_quarantined *row)
{
    kept *k = context;
    k->rows[k->count++] = *row;
    return TB_OK;
}

static kept quarantine(airport *a)
{
    kept k = {0};
    assert_int_equal(tb_management_quarantine(a->m, take_row, &k), TB_OK);
    return k;
}

static void damage(airport *a, tb_id visit, const char *facts)
{
    assert_int_equal(tb_db_run(a->m->db, "UPDATE central.booking SET facts = $2 WHERE id = $1",
                               TB_VALUES(tb_value_id(&visit), tb_value_blob(tb_span_text(facts))), NULL),
                     TB_OK);
}

static void one_that_fails_for_good_is_set_aside(void **state)
{
    airport *a = *state;
    traveller good = who, hurt = {"ITO", "KEN", "CD7654321", FLIGHT, 2, {{0}}},
              third = {"ABE", "YUI", "EF1111111", FLIGHT, 3, {{0}}};
    traveller *order[] = {&good, &hurt, &third};
    char subjects[3][128];
    tb_bytes bodies[3] = {{0}};
    tb_sealed_event events[3];
    tb_error why = {0};
    for (int i = 0; i < 3; i++) {
        checkin(a, order[i], 1);
        tb_event event = airport_event(a, SECURITY, TB_EVENT_PASSAGE, order[i]->visit);
        events[i] = airport_seal_event(a, SECURITY, &event, subjects[i], &bodies[i]);
    }
    (void)airport_publish(a);
    damage(a, hurt.visit, "\xff\xff");
    for (int i = 0; i < 2; i++) /* the broker brings all of them again: our answer got lost */
        assert_int_equal(tb_management_events(a->m, events, 3), TB_OK);
    assert_false(is_on_list(a, SECURITY, good.visit));
    assert_false(is_on_list(a, SECURITY, third.visit));
    assert_true(is_on_list(a, SECURITY, hurt.visit));
    kept k = quarantine(a);
    assert_int_equal(k.count, 1);
    assert_string_equal(k.rows[0].touchpoint, "security-1");
    assert_string_equal(k.rows[0].reason, "DB_CORRUPT");
    assert_int_equal(k.rows[0].tries, 2);
    assert_int_equal(k.rows[0].since, a->now);
    assert_int_equal(k.rows[0].size, bodies[1].size);
    assert_int_equal(tb_management_quarantine_retry(a->m, k.rows[0].id, &why), TB_DB_CORRUPT);
    assert_non_null(strstr(why.text, "stays"));
    assert_int_equal(quarantine(a).count, 1);
    damage(a, hurt.visit, ""); /* mended */
    airport_reopen(a);         /* and it is still there after a restart */
    assert_int_equal(tb_management_quarantine_retry(a->m, k.rows[0].id, &why), TB_OK);
    assert_int_equal(quarantine(a).count, 0);
    assert_false(is_on_list(a, SECURITY, hurt.visit));
    assert_int_equal(tb_management_quarantine_retry(a->m, k.rows[0].id, &why), TB_NOT_FOUND);
    for (int i = 0; i < 3; i++)
        tb_bytes_free(&bodies[i]);
    airport_check(a);
}

/* PostgreSQL is told of a row and not asked about it: what it says against it comes later, with another event's
 * question. That one is not set aside for it. */
static void only_the_bad_one_is_set_aside(void **state)
{
    airport *a = *state;
    traveller hurt = who, good = {"ITO", "KEN", "CD7654321", FLIGHT, 2, {{0}}};
    const char *const kinds[] = {"passage", "refusal"};
    char subjects[4][128], sql[160];
    tb_bytes bodies[4] = {{0}};
    tb_sealed_event events[4];
    checkin(a, &hurt, 1);
    checkin(a, &good, 1);
    for (int bad = 0; bad < 2; bad++) {
        for (int i = 0; i < 4; i++) {
            tb_event_kind kind = bad == (i % 2 == 0) ? TB_EVENT_PASSAGE : TB_EVENT_REFUSAL;
            tb_event event = airport_event(a, SECURITY, kind, i % 2 ? good.visit : hurt.visit);
            events[i] = airport_seal_event(a, SECURITY, &event, subjects[i], &bodies[i]);
        }
        snprintf(sql, sizeof sql, "ALTER TABLE central.passage ADD CONSTRAINT spoilt CHECK (kind <> '%s') NOT VALID",
                 kinds[bad]);
        (void)database_ask(a->folder, sql);
        uint64_t before = counted(a, TB_METRIC_EVENTS_APPLIED);
        assert_int_equal(tb_management_events(a->m, events, 4), TB_OK);
        assert_int_equal(counted(a, TB_METRIC_EVENTS_APPLIED), before + 2);
        assert_int_equal(quarantine(a).count, 2 * (bad + 1));
        (void)database_ask(a->folder, "ALTER TABLE central.passage DROP CONSTRAINT spoilt");
        for (int i = 0; i < 4; i++)
            tb_bytes_free(&bodies[i]);
        memset(bodies, 0, sizeof bodies);
    }
    airport_check(a);
}

/* An event that is genuine and not to be read, a different one for each number. */
static tb_status send_unreadable(airport *a, int which, int number)
{
    char subject[128];
    tb_bytes body = {0};
    const uint8_t newer[] = {0xa1, 0x00, 0x19, (uint8_t)(0x10 + (number >> 8)), (uint8_t)number}; /* {0: 4096 ...} */
    snprintf(subject, sizeof subject, "tb.narita.event.%s", a->terminals[which].id);
    assert_int_equal(tb_seal_to(&a->terminals[which].keys.private_key, &a->server, tb_span_text(subject),
                                tb_span_of(newer, sizeof newer), &body),
                     TB_OK);
    tb_sealed_event event = {subject, tb_bytes_span(&body)};
    tb_status status = tb_management_events(a->m, &event, 1);
    tb_bytes_free(&body);
    return status;
}

static uint64_t kept_of_all(airport *a)
{
    uint64_t count = 0;
    assert_int_equal(tb_store_count(a->m->db, "SELECT count(*) FROM central.quarantine", &count), TB_OK);
    return count;
}

/* One terminal that is broken, or bad, leaves room for the others. */
static void one_terminal_has_a_share(void **state)
{
    airport *a = *state;
    for (int i = 0; i < TB_QUARANTINE_SHARE + 5; i++)
        assert_int_equal(send_unreadable(a, SECURITY, i), TB_OK);
    assert_int_equal(kept_of_all(a), TB_QUARANTINE_SHARE);
    assert_int_equal(counted(a, TB_METRIC_REFUSED_FULL), 5);
    assert_int_equal(send_unreadable(a, GATE12, 1), TB_OK);
    assert_int_equal(kept_of_all(a), TB_QUARANTINE_SHARE + 1);
    traveller good = who; /* and what is in order is applied, from that terminal too */
    checkin(a, &good, 1);
    airport_pass(a, SECURITY, good.visit);
    (void)airport_publish(a);
    assert_false(is_on_list(a, SECURITY, good.visit));
}

/* Genuine, and not to be read here: written by a newer terminal. It waits for a newer server. */
static void one_of_another_version_waits(void **state)
{
    airport *a = *state;
    tb_bytes body = {0};
    tb_error why = {0};
    const char *subject = "tb.narita.event.security-1";
    static const uint8_t newer[] = {0xa1, 0x00, 0x18, 0x63}; /* {0: 99} */
    assert_int_equal(tb_seal_to(&a->terminals[SECURITY].keys.private_key, &a->server, tb_span_text(subject),
                                tb_span_of(newer, sizeof newer), &body),
                     TB_OK);
    tb_sealed_event event = {subject, tb_bytes_span(&body)};
    assert_int_equal(tb_management_events(a->m, &event, 1), TB_OK);
    kept k = quarantine(a);
    assert_int_equal(k.count, 1);
    assert_string_equal(k.rows[0].reason, "UNSUPPORTED");
    assert_int_equal(counted(a, TB_METRIC_EVENTS_QUARANTINED), 1);
    assert_int_equal(airport_counts(a).events_refused, 0);
    assert_int_equal(tb_management_quarantine_remove(a->m, k.rows[0].id, &why), TB_OK);
    assert_int_equal(tb_management_quarantine_remove(a->m, k.rows[0].id, &why), TB_NOT_FOUND);
    assert_int_equal(quarantine(a).count, 0);
    tb_bytes_free(&body);
    airport_check(a);
}

/* The clock goes on for everybody else, too. */
static void a_damaged_visit_does_not_stop_the_clock(void **state)
{
    airport *a = *state;
    traveller good = who, hurt = {"ITO", "KEN", "CD7654321", FLIGHT, 2, {{0}}};
    checkin(a, &good, 1);
    checkin(a, &hurt, 1);
    (void)airport_publish(a);
    damage(a, hurt.visit, "\xff\xff");
    airport_clock(a, "11:31"); /* boarding */
    airport_pass(a, SECURITY, good.visit);
    assert_true(is_on_list(a, GATE12, good.visit));
    damage(a, hurt.visit, "");
    airport_clock(a, "11:45"); /* looked at again */
    airport_check(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_clock_some_seconds_ahead_is_a_clock, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(from_the_future, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(judged_by_our_clock, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(of_long_ago, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(with_the_id_of_anothers, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(with_the_id_of_anothers_request, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(counted_by_reason, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(one_that_fails_for_good_is_set_aside, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(one_terminal_has_a_share, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(one_of_another_version_waits, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(a_damaged_visit_does_not_stop_the_clock, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(only_the_bad_one_is_set_aside, airport_setup, airport_teardown)};
    size_t count = sizeof tests / sizeof *tests - (database_is_postgres() ? 0 : 1) /* the last is for PostgreSQL */;
    return tb_crypto_start() == TB_OK ? _cmocka_run_group_tests("bad_events", tests, count, NULL, NULL) : 1;
}
