/* All calls at once: events of two terminals, searches, payments, the feed, the clock and the console, from threads of
 * their own. */
#include <pthread.h>
#include <stdatomic.h>

#include "airport.h"

enum { PEOPLE = 12 };

static struct {
    airport *a;
    traveller people[PEOPLE];
    char passports[PEOPLE][16];
    atomic_int stop;
} all;

static void *pass_security(void *nothing)
{
    for (int i = 0; i < PEOPLE; i++)
        airport_pass(all.a, SECURITY, all.people[i].visit);
    return nothing;
}

static void *take_bags(void *nothing)
{
    for (int i = 0; i < PEOPLE; i++) {
        tb_event event = airport_event(all.a, DROP, TB_EVENT_SERVED, all.people[i].visit);
        assert_int_equal(tb_facts_set_int(&event.facts, "bags", 1), TB_OK);
        assert_int_equal(airport_send(all.a, DROP, &event), TB_OK);
    }
    return nothing;
}

static void *search(void *nothing)
{
    while (!atomic_load(&all.stop))
        for (int i = 0; i < PEOPLE; i++) {
            tb_template face = face_of(&all.people[i]);
            tb_answer answer = identify(all.a, EMIGRATION, &face);
            assert_true(answer.verdict == TB_ANSWER_ADMIT || strcmp(answer.reason, "not_through_security") == 0);
            assert_true(tb_id_equal(answer.visit, all.people[i].visit));
        }
    return nothing;
}

static void *publish(void *nothing)
{
    while (!atomic_load(&all.stop)) {
        tb_management_outbox_wait(all.a->m, 20);
        (void)airport_publish(all.a); /* asserts that no terminal sees a gap */
    }
    return nothing;
}

static tb_status look(void *context, const tb_person_summary *person)
{
    (void)person;
    ++*(int *)context;
    return TB_OK;
}

static void *watch(void *nothing)
{
    uint64_t last = 0;
    while (!atomic_load(&all.stop)) {
        tb_passage passages[8];
        tb_counts counts;
        tb_time next;
        int count, people = 0;
        assert_int_equal(tb_management_passages(all.a->m, last, 10, passages, 8, &count), TB_OK);
        for (int i = 0; i < count; i++, last++)
            assert_int_equal(passages[i].number, last + 1); /* none is missed */
        assert_int_equal(tb_management_counts(all.a->m, &counts), TB_OK);
        assert_int_equal(counts.ledger_sum, 0);
        assert_int_equal(tb_management_people(all.a->m, look, &people), TB_OK);
        assert_int_equal(people, PEOPLE);
        assert_int_equal(tb_management_tick(all.a->m, &next), TB_OK);
    }
    return nothing;
}

static void everything_at_once(void **state)
{
    void *(*const bodies[])(void *) = {pass_security, take_bags, search, publish, watch};
    pthread_t threads[5];
    all.a = *state;
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(all.passports[i], sizeof all.passports[i], "P%07d", i);
        all.people[i] = (traveller){"SATO", "MIA", all.passports[i], FLIGHT, i + 1, {{0}}};
        checkin(all.a, &all.people[i], 1);
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, bodies[i], NULL), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    atomic_store(&all.stop, 1);
    for (int i = 2; i < 5; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(airport_counts(all.a).events_applied, 2 * PEOPLE);
    for (int i = 0; i < PEOPLE; i++) {
        assert_true(is_on_list(all.a, EMIGRATION, all.people[i].visit));
        assert_false(is_on_list(all.a, SECURITY, all.people[i].visit));
    }
    airport_check(all.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_at_once, airport_setup, airport_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
