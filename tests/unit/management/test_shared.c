/* Several servers on one PostgreSQL (doc/adr/111): each decides by what the others have committed, numbers of lists go
 * on whoever raises them, one leads at a time, and sessions that are killed at any moment lose and double nothing. */
#include "airport.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "management/keyring.h"
#include "management/service.h"

#define SERVERS 3
static tb_management *servers[SERVERS];

static void on(airport *a, int server)
{
    a->m = servers[server];
}

static int setup(void **state)
{
    if (airport_setup(state) != 0)
        return -1;
    airport *a = *state;
    servers[0] = a->m;
    for (int i = 1; i < SERVERS; i++) {
        airport_open(a);
        servers[i] = a->m;
    }
    on(a, 0);
    return 0;
}

static int teardown(void **state)
{
    airport *a = *state;
    for (int i = 0; i < SERVERS; i++)
        tb_management_free(&servers[i]);
    a->m = NULL;
    return airport_teardown(state);
}

static void check_all_of_them(airport *a)
{
    for (int i = 0; i < SERVERS; i++) {
        on(a, i);
        airport_check(a);
    }
    on(a, 0);
}

#define NEVER 12000 /* times 5 ms */

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* A journey, each step at another server; numbers of lists without a gap (airport.h asserts that), one publisher. */
static void a_journey_over_all_servers(void **state)
{
    airport *a = *state;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    tb_template face = face_of(&t);
    on(a, 0);
    checkin(a, &t, 1);
    on(a, 1);
    assert_true(tb_id_equal(identify(a, SECURITY, &face).visit, t.visit)); /* at once, not after a while */
    airport_pass(a, DROP, t.visit);
    on(a, 2);
    airport_pass(a, SECURITY, t.visit);
    on(a, 0);
    assert_string_equal(identify(a, SECURITY, &face).reason, "already_used");
    assert_true(is_on_list(a, EMIGRATION, t.visit));
    on(a, 1);
    airport_pass(a, EMIGRATION, t.visit);
    on(a, 2);
    tb_error why;
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &t), &why), TB_OK);
    on(a, 1);
    assert_int_equal(identify(a, SECURITY, &face).verdict, TB_ANSWER_UNKNOWN);
    on(a, 0);
    assert_false(is_on_list(a, GATE12, t.visit));
    check_all_of_them(a);
}

/* Announced at one, registered at another, heard by a third. */
static void terminals_are_everybodys(void **state)
{
    airport *a = *state;
    tb_touchpoint gate = {.id = "gate-99", .role = "boarding"}, out;
    tb_error why = {0};
    char code[65];
    tb_key_pair keys = tb_key_pair_random();
    assert_int_equal(tb_facts_set_text(&gate.attributes, "gate", "12"), TB_OK);
    on(a, 1);
    assert_int_equal(tb_management_touchpoint_add(a->m, &gate, code, &why), TB_OK);
    on(a, 2);
    assert_int_equal(tb_management_touchpoint_add(a->m, &gate, code + 32, &why), TB_EXISTS);
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &keys.public_key, &out, &why), TB_OK);
    on(a, 0);
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &a->terminals[DROP].keys.public_key, &out, &why),
                     TB_UNAUTHORISED);
    a->terminals[GATE12].id = "gate-99";
    a->terminals[GATE12].keys = keys;
    a->terminals[GATE12].sequence = 0;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &t, 1);
    int64_t before = tb_metric_get(&servers[0]->metrics, TB_METRIC_EVENTS_APPLIED);
    airport_pass(a, GATE12, t.visit);
    assert_int_equal(tb_metric_get(&servers[0]->metrics, TB_METRIC_EVENTS_APPLIED), before + 1);
    check_all_of_them(a);
}

/* ---- all at once, while sessions are killed ---- */

#define EACH 12
typedef struct worker {
    airport *a;
    tb_management *m;
    traveller who[EACH];
    int number, sent;
    uint64_t repeated;
} worker;

static tb_status send_until_applied(worker *w, int which, const tb_event *event)
{
    char subject[128];
    tb_bytes body = {0};
    tb_status status = TB_INTERNAL;
    tb_sealed_event sealed = airport_seal_event(w->a, which, event, subject, &body);
    for (int i = 0; i < 400 && status != TB_OK; i++) { /* as the bus does */
        status = tb_management_events(w->m, &sealed, 1);
        if (status != TB_OK)
            pause_ms(5);
    }
    tb_bytes_free(&body);
    return status;
}

static void *work(void *context)
{
    static const int way[] = {DROP, SECURITY, EMIGRATION, GATE12};
    worker *w = context;
    for (size_t step = 0; step < sizeof way / sizeof *way; step++)
        for (int i = 0; i < EACH; i++) {
            tb_event event = {.id = tb_id_random(), .kind = TB_EVENT_PASSAGE, .visit = w->who[i].visit};
            event.number = (uint64_t)(w->number * 1000 + w->sent + 1);
            event.at = w->a->now;
            snprintf(event.touchpoint, sizeof event.touchpoint, "%s", w->a->terminals[way[step]].id);
            if (send_until_applied(w, way[step], &event) != TB_OK)
                return NULL;
            w->sent++;
        }
    return NULL;
}

static void kill_sessions(const airport *a)
{
    (void)database_ask(a->folder, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name"
                                  " = 'teburad' AND datname = current_database() AND random() < 0.4");
}

static void sessions_killed_under_load(void **state)
{
    airport *a = *state;
    worker workers[SERVERS] = {0};
    pthread_t threads[SERVERS];
    on(a, 0);
    for (int s = 0; s < SERVERS; s++) {
        workers[s] = (worker){.a = a, .m = servers[s], .number = s};
        for (int i = 0; i < EACH; i++) {
            static char passports[SERVERS * EACH][10];
            int n = s * EACH + i;
            snprintf(passports[n], sizeof passports[n], "P%08d", n);
            workers[s].who[i] = (traveller){"SATO", "MIA", passports[n], FLIGHT, n + 1, {{0}}};
            checkin(a, &workers[s].who[i], 1);
        }
    }
    (void)airport_publish(a);
    int64_t passages = strtoll(database_ask(a->folder, "SELECT count(*) FROM central.passage"), NULL, 10);
    for (int s = 0; s < SERVERS; s++)
        assert_int_equal(pthread_create(&threads[s], NULL, work, &workers[s]), 0);
    for (int i = 0; i < 12; i++) {
        pause_ms(60);
        kill_sessions(a);
    }
    for (int s = 0; s < SERVERS; s++) {
        pthread_join(threads[s], NULL);
        assert_int_equal(workers[s].sent, 4 * EACH);
    }
    passages = strtoll(database_ask(a->folder, "SELECT count(*) FROM central.passage"), NULL, 10) - passages;
    assert_int_equal(passages, SERVERS * 4 * EACH); /* none lost, none twice */
    for (int s = 0; s < SERVERS; s++) {             /* sessions killed at the very end come back by themselves */
        tb_counts counts;
        int tries = NEVER;
        while (tries-- && tb_management_counts(servers[s], &counts) != TB_OK)
            pause_ms(5);
    }
    pause_ms(2500); /* and who listens for changes listens again */
    on(a, 1);
    (void)airport_publish(a); /* no gap, none twice: asserted there */
    check_all_of_them(a);
}

/* ---- who leads ---- */

static int leader_of(int but)
{
    for (int i = 0; i < NEVER; i++) {
        int leads = -1, count = 0;
        for (int s = 0; s < SERVERS; s++)
            if (servers[s] && s != but && tb_management_leads(servers[s])) {
                leads = s;
                count++;
            }
        assert_true(count <= 1);
        if (count)
            return leads;
        pause_ms(5);
    }
    fail_msg("nobody leads");
    return -1;
}

static void one_leads_and_another_takes_over(void **state)
{
    airport *a = *state;
    int first = leader_of(-1);
    for (int s = 0; s < SERVERS; s++)
        assert_int_equal(tb_management_knows_feed(servers[s]), 0);
    tb_management_feed_is_written(servers[first]);
    for (int i = 0, know = 0; know < SERVERS - 1; i++) { /* W2 */
        know = 0;
        for (int s = 0; s < SERVERS; s++)
            know += s != first && tb_management_knows_feed(servers[s]);
        assert_true(i < NEVER);
        pause_ms(5);
    }
    int64_t began = tb_clock_monotonic();
    tb_management_free(&servers[first]);
    int second = leader_of(-1);
    print_message("taken over after %d ms\n", (int)((tb_clock_monotonic() - began) / 1000));
    assert_int_not_equal(second, first);
    on(a, second);
    airport_check(a);
}

/* A value that was on its way when somebody else took over is said again. */
static void a_deposed_leader_says_it_again(void **state)
{
    airport *a = *state;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    tb_outbox_item items[4];
    int count, leader = leader_of(-1), other = (leader + 1) % SERVERS;
    on(a, other);
    checkin(a, &t, 1);
    assert_int_equal(tb_management_outbox(servers[other], items, 4, &count), TB_OK);
    assert_int_equal(count, 2);
    assert_int_equal(tb_management_outbox_written(servers[other], items, count), TB_CONFLICT);
    for (int i = 0; i < count; i++)
        tb_bytes_free(&items[i].sealed);
    on(a, leader);
    assert_int_equal(tb_management_outbox(servers[leader], items, 4, &count), TB_OK);
    assert_int_equal(count, 4); /* both, and both again */
    assert_int_equal(tb_management_outbox_written(servers[leader], items, count), TB_OK);
    for (int i = 0; i < count; i++)
        tb_bytes_free(&items[i].sealed);
    assert_int_equal(tb_management_outbox(servers[leader], items, 4, &count), TB_OK);
    assert_int_equal(count, 0);
}

/* Anybody may say a wrong token: the lock that all servers share is let go whatever comes of it. */
static void a_refusal_holds_up_nobody(void **state)
{
    airport *a = *state;
    const tb_position here = {TB_POSITION_SITE, 1, 1, 0};
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    tb_error why = {0};
    on(a, 1);
    assert_int_equal(tb_management_position_put(a->m, t.visit, "wrong", &here, &why), TB_UNAUTHORISED);
    assert_false(servers[1]->held);
    on(a, 0);
    int64_t begun = tb_clock_monotonic();
    checkin(a, &t, 1);
    assert_true(tb_clock_monotonic() - begun < 30 * TB_SECOND);
}

/* Who slept through more than is kept reads everything again. */
static void changes_are_trimmed(void **state)
{
    airport *a = *state;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    tb_template face = face_of(&t);
    on(a, 0);
    checkin(a, &t, 1);
    airport_pass(a, DROP, t.visit);
    (void)database_ask(a->folder, "DELETE FROM visitor.change WHERE number < (SELECT max(number) FROM visitor.change)");
    on(a, 1);
    assert_true(tb_id_equal(identify(a, SECURITY, &face).visit, t.visit));
    airport_pass(a, SECURITY, t.visit);
    (void)airport_publish(a);
    check_all_of_them(a);
}

static tb_status changes(int server)
{
    tb_management *m = servers[server];
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, TB_OK);
    tb_service_unlock(m);
    return status;
}

/* As teburad rotate-key does it, from elsewhere. */
static void put_other_keys(tb_management *m)
{
    tb_keyring keys = {.master = tb_key_random(), .own = m->keys->own, .find = m->keys->find, .trust = m->keys->trust};
    assert_int_equal(tb_keyring_derive(&keys), TB_OK);
    tb_service_lock(m);
    assert_int_equal(tb_db_begin(m->db), TB_OK);
    assert_int_equal(tb_keyring_write(m->db, &keys), TB_OK);
    assert_int_equal(tb_change_note(m->db, TB_CHANGED_KEYS, (tb_id){{0}}), TB_OK);
    assert_int_equal(tb_change_note(m->db, TB_CHANGED_SEQUENCES, (tb_id){{0}}), TB_OK);
    assert_int_equal(tb_db_commit(m->db), TB_OK);
    tb_service_unlock(m);
}

/* Who goes on with the former keys changes nothing, also when the row that says so is gone. */
static void former_keys_change_nothing(void **state)
{
    airport *a = *state;
    for (int i = 0; i < SERVERS; i++)
        assert_int_equal(changes(i), TB_OK);
    put_other_keys(servers[0]);
    assert_int_equal(changes(1), TB_DB_KEY);
    assert_int_equal(changes(1), TB_DB_KEY);
    (void)database_ask(a->folder, "DELETE FROM visitor.change WHERE number < (SELECT max(number) FROM visitor.change)");
    assert_int_equal(changes(1), TB_DB_KEY);
    assert_int_equal(changes(2), TB_DB_KEY); /* who heard nothing of it */
}

/* What GET /api/v1/health says of it, also while somebody is at work. */
static void whether_the_database_answers(void **state)
{
    airport *a = *state;
    assert_true(tb_management_reaches_database(a->m));
    database_server_stop(1);
    assert_false(tb_management_reaches_database(a->m));
    tb_service_lock(a->m);
    assert_false(tb_management_reaches_database(a->m));
    tb_service_unlock(a->m);
    database_server_start();
    int reached = 0;
    for (int i = 0; i < NEVER && !reached; i++) {
        reached = tb_management_reaches_database(a->m);
        pause_ms(5);
    }
    assert_true(reached);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_journey_over_all_servers),     TEST(terminals_are_everybodys),   TEST(one_leads_and_another_takes_over),
        TEST(a_deposed_leader_says_it_again), TEST(changes_are_trimmed),        TEST(former_keys_change_nothing),
        TEST(a_refusal_holds_up_nobody),      TEST(sessions_killed_under_load), TEST(whether_the_database_answers)};
    if (setenv("TEBURA_TEST_DATABASE", "postgresql", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
