/* The list of a terminal: feed values in and out of order, snapshots, windows, the clock, used-up entries, no memory
 * left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#include "faces_made.h"
#include "terminal/list.h"

#define NOW (TB_DAY * 20000)

static tb_list *fresh(void)
{
    tb_list *list;
    assert_int_equal(tb_list_new(&made_model, 1, &list), TB_OK);
    return list;
}

static int put(tb_list *list, uint32_t who, uint64_t sequence, tb_time from, tb_time until)
{
    tb_entry entry = made_entry(who, sequence, from, until);
    int changed;
    assert_int_equal(tb_list_apply(list, &entry, &changed), TB_OK);
    tb_entry_free(&entry);
    return changed;
}

static int take(tb_list *list, uint32_t who, uint64_t sequence)
{
    tb_entry entry = {.sequence = sequence, .visit = made_visit(who)};
    int changed;
    assert_int_equal(tb_list_apply(list, &entry, &changed), TB_OK);
    return changed;
}

static tb_list_match see(const tb_list *list, uint32_t who, float likeness, tb_time now)
{
    tb_template *probe = tb_secret_alloc(sizeof *probe);
    tb_list_match match;
    made_face_again(who, likeness, 5, probe);
    assert_int_equal(tb_list_identify(list, 0, probe, 1, now, &match), TB_OK);
    tb_secret_free(probe);
    return match;
}

static void finds_who_is_on_it_and_nobody_else(void **state)
{
    (void)state;
    tb_list *list = fresh();
    for (uint32_t who = 1; who <= 300; who++)
        assert_true(put(list, who, who, NOW - TB_HOUR, NOW + TB_HOUR));
    assert_int_equal(tb_list_count(list), 300);
    assert_int_equal(tb_list_sequence(list), 300);
    for (uint32_t who = 1; who <= 300; who += 7) {
        tb_list_match match = see(list, who, 0.8f, NOW);
        assert_int_equal(match.identity, TB_THIS_PERSON);
        assert_true(tb_id_equal(match.visit, made_visit(who)));
        assert_int_equal(match.judgement, TB_ADMIT);
        assert_int_equal(tb_facts_number(&match.fields, "bags", 0), 2);
    }
    assert_int_equal(see(list, 999, 1, NOW).identity, TB_NOBODY);
    tb_list_free(&list);
}

static void windows_open_and_close(void **state)
{
    (void)state;
    tb_list *list = fresh();
    put(list, 1, 1, NOW + TB_HOUR, NOW + 2 * TB_HOUR);
    put(list, 2, 2, NOW - TB_HOUR, NOW + TB_HOUR);
    assert_int_equal(see(list, 1, 0.9f, NOW).judgement, TB_EARLY);
    assert_int_equal(see(list, 1, 0.9f, NOW).from, NOW + TB_HOUR);
    assert_int_equal(see(list, 1, 0.9f, NOW + TB_HOUR).judgement, TB_ADMIT); /* [from, until) */
    assert_int_equal(see(list, 2, 0.9f, NOW + TB_HOUR).judgement, TB_LATE);
    assert_int_equal(see(list, 2, 0.9f, NOW + TB_HOUR - 1).judgement, TB_ADMIT);
    assert_int_equal(tb_list_expire(list, NOW + TB_HOUR), 1);
    assert_int_equal(tb_list_count(list), 1);
    assert_int_equal(see(list, 2, 0.9f, NOW + TB_HOUR).identity, TB_NOBODY);
    tb_list_free(&list);
}

/* Twice on the list, today and tomorrow: today's visit is meant, not "not sure". */
static void the_open_visit_of_one_person_counts(void **state)
{
    (void)state;
    tb_list *list = fresh();
    put(list, 1, 1, NOW - TB_HOUR, NOW + TB_HOUR);
    tb_entry tomorrow = made_entry(1, 2, NOW + TB_DAY, NOW + 2 * TB_DAY);
    tomorrow.visit = made_visit(2);
    assert_int_equal(tb_list_apply(list, &tomorrow, NULL), TB_OK);
    tb_list_match match = see(list, 1, 0.9f, NOW);
    assert_int_equal(match.identity, TB_THIS_PERSON);
    assert_true(tb_id_equal(match.visit, made_visit(1)));
    tomorrow.sequence = 3;
    tomorrow.from = NOW - TB_HOUR;
    assert_int_equal(tb_list_apply(list, &tomorrow, NULL), TB_OK);
    assert_int_equal(see(list, 1, 0.9f, NOW).identity, TB_NOT_SURE); /* both open: twins */
    tb_entry_free(&tomorrow);
    tb_list_free(&list);
}

static void older_values_never_overtake(void **state)
{
    (void)state;
    tb_list *list = fresh();
    assert_true(put(list, 1, 5, 0, NOW + TB_HOUR));
    assert_false(put(list, 1, 4, 0, NOW - TB_HOUR));
    assert_int_equal(see(list, 1, 0.9f, NOW).judgement, TB_ADMIT);
    assert_false(take(list, 1, 5));
    assert_true(take(list, 1, 6));
    assert_false(put(list, 1, 5, 0, NOW + TB_HOUR));
    assert_int_equal(tb_list_count(list), 0);
    assert_true(put(list, 1, 7, 0, NOW + TB_HOUR));
    assert_int_equal(tb_list_drop(list, made_visit(1), 0), TB_OK); /* served here */
    assert_false(tb_list_has(list, made_visit(1)));
    assert_false(put(list, 1, 7, 0, NOW + TB_HOUR)); /* the bucket still holds it */
    assert_true(put(list, 1, 8, 0, NOW + TB_HOUR));
    assert_int_equal(tb_list_drop(list, made_visit(3), 12), TB_OK); /* from the store, before the list is filled */
    assert_false(put(list, 3, 12, 0, NOW + TB_HOUR));
    assert_true(put(list, 3, 13, 0, NOW + TB_HOUR));
    tb_list_free(&list);
}

static void absence_counts_only_in_a_finished_snapshot(void **state)
{
    (void)state;
    tb_list *list = fresh();
    for (uint32_t who = 1; who <= 100; who++)
        put(list, who, who, 0, TB_TIME_NEVER);
    for (int ready = 0; ready < 2; ready++) {
        tb_list_snapshot_begin(list);
        for (uint32_t who = 1; who <= 50; who++)
            put(list, who, who, 0, TB_TIME_NEVER); /* the same value as before names it, too */
        put(list, 200, 101, 0, TB_TIME_NEVER);
        tb_list_snapshot_end(list, ready);
        assert_int_equal(tb_list_count(list), ready ? 51 : 101);
    }
    for (uint32_t who = 1; who <= 100; who++)
        assert_int_equal(tb_list_has(list, made_visit(who)), who <= 50);
    tb_list_free(&list);
}

/* Values are sealed, not secret from who carries them: a recorded one comes again, live or in a bucket. */
static void a_recorded_value_brings_nobody_back(void **state)
{
    (void)state;
    tb_list *list = fresh();
    assert_true(put(list, 1, 5, 0, NOW + TB_HOUR));
    assert_true(put(list, 2, 6, 0, NOW + TB_HOUR));
    assert_true(take(list, 1, 7)); /* the server took it off */
    (void)tb_list_expire(list, NOW);
    assert_false(put(list, 1, 5, 0, NOW + TB_HOUR));
    tb_list_snapshot_begin(list); /* the bucket was made anew: nobody is named */
    tb_list_snapshot_end(list, 1);
    assert_int_equal(tb_list_count(list), 0);
    (void)tb_list_expire(list, NOW);
    tb_list_snapshot_begin(list);
    assert_false(put(list, 1, 5, 0, NOW + TB_HOUR));
    assert_false(put(list, 2, 6, 0, NOW + TB_HOUR));
    tb_list_snapshot_end(list, 1);
    assert_int_equal(tb_list_count(list), 0);
    assert_true(put(list, 2, 8, 0, NOW + TB_HOUR)); /* the server's word counts */
    assert_int_equal(tb_list_expire(list, NOW + TB_HOUR), 1);
    assert_true(put(list, 1, 5, 0, NOW + TB_HOUR)); /* forgotten, and over: nobody gets in by it */
    assert_int_equal(see(list, 1, 0.9f, NOW + TB_HOUR).judgement, TB_LATE);
    tb_list_free(&list);
}

static void refuses_what_it_cannot_use_and_changes_nothing(void **state)
{
    (void)state;
    tb_list *list = fresh();
    put(list, 1, 1, 0, TB_TIME_NEVER);
    tb_entry entry = made_entry(1, 2, 0, TB_TIME_NEVER);
    entry.templates[0].data[5] ^= 1; /* another model */
    assert_int_equal(tb_list_apply(list, &entry, NULL), TB_OTHER_MODEL);
    assert_int_equal(see(list, 1, 0.9f, NOW).identity, TB_THIS_PERSON);
    entry.template_count = 0;
    assert_int_equal(tb_list_apply(list, &entry, NULL), TB_MALFORMED);
    entry.visit = (tb_id){{0}};
    assert_int_equal(tb_list_apply(list, &entry, NULL), TB_MALFORMED);
    entry.template_count = 1;
    tb_entry_free(&entry);
    assert_int_equal(tb_list_sequence(list), 1);
    tb_list_free(&list);
}

/* Random changes against a plain array; at the end nothing is held in secret memory. */
static void random_changes_against_an_array(void **state)
{
    (void)state;
    enum { PEOPLE = 400 };
    size_t held = tb_secret_held();
    tb_list *list = fresh();
    int there[PEOPLE] = {0};
    uint64_t sequence = 0;
    unsigned seed = 4711;
    for (int step = 0; step < 4000; step++) {
        uint32_t who = (uint32_t)rand_r(&seed) % PEOPLE;
        int what = rand_r(&seed) % 5;
        if (what < 2) {
            put(list, who, ++sequence, 0, TB_TIME_NEVER);
            there[who] = 1;
        } else if (what == 2) {
            take(list, who, ++sequence);
            there[who] = 0;
        } else if (what == 3) {
            assert_int_equal(tb_list_drop(list, made_visit(who), 0), TB_OK);
            there[who] = 0;
        } else if (step % 50 == 0) {
            (void)tb_list_expire(list, NOW);
        }
    }
    size_t count = 0;
    for (uint32_t who = 0; who < PEOPLE; who++) {
        assert_int_equal(tb_list_has(list, made_visit(who)), there[who]);
        count += (size_t)there[who];
    }
    assert_int_equal(tb_list_count(list), count);
    tb_list_clear(list);
    assert_int_equal(tb_list_count(list), 0);
    tb_list_free(&list);
    assert_int_equal(tb_secret_held(), held);
}

static void bear(tb_list *list, uint32_t who, uint64_t sequence, tb_time from, tb_time until, uint8_t code)
{
    tb_entry entry = made_entry(who, sequence, from, until);
    memset(entry.reference, code, sizeof entry.reference);
    assert_int_equal(tb_list_apply(list, &entry, NULL), TB_OK);
    tb_entry_free(&entry);
}

static tb_list_held hold(const tb_list *list, uint8_t code, uint32_t who, tb_time now)
{
    uint8_t hash[TB_REFERENCE_HASH_SIZE];
    tb_template *probe = tb_secret_alloc(sizeof *probe);
    tb_list_held held;
    memset(hash, code, sizeof hash);
    made_face_again(who, 0.8f, 5, probe);
    assert_int_equal(tb_list_identify_held(list, hash, probe, 1, now, &held), TB_OK);
    tb_secret_free(probe);
    return held;
}

/* E3: a code names the entry, the face is compared with that one alone. */
static void what_somebody_holds(void **state)
{
    (void)state;
    tb_list *list = fresh();
    bear(list, 1, 1, NOW - TB_HOUR, NOW + TB_HOUR, 0x11);
    bear(list, 2, 2, NOW - TB_HOUR, NOW + TB_HOUR, 0x22);
    put(list, 3, 3, NOW - TB_HOUR, NOW + TB_HOUR); /* holds nothing */
    tb_list_held held = hold(list, 0x11, 1, NOW);
    assert_true(held.named && !held.used);
    assert_int_equal(held.match.identity, TB_THIS_PERSON);
    assert_int_equal(held.match.judgement, TB_ADMIT);
    assert_true(tb_id_equal(held.match.visit, made_visit(1)));
    assert_int_equal(tb_facts_number(&held.match.fields, "bags", 0), 2);
    held = hold(list, 0x11, 2, NOW); /* on the list, but with another code */
    assert_true(held.named);
    assert_int_equal(held.match.identity, TB_NOBODY);
    assert_int_equal(held.match.fields.count, 0);
    held = hold(list, 0x33, 1, NOW);
    assert_true(!held.named && !held.used);

    /* one code for today and tomorrow, in either order on the list */
    bear(list, 4, 4, NOW + TB_DAY, NOW + 2 * TB_DAY, 0x44);
    assert_int_equal(hold(list, 0x44, 4, NOW).match.judgement, TB_EARLY);
    tb_entry today = made_entry(4, 5, NOW - TB_HOUR, NOW + TB_HOUR);
    today.visit = made_visit(5);
    memset(today.reference, 0x44, sizeof today.reference);
    assert_int_equal(tb_list_apply(list, &today, NULL), TB_OK);
    tb_entry_free(&today);
    assert_true(tb_id_equal(hold(list, 0x44, 4, NOW).match.visit, made_visit(5)));

    assert_int_equal(tb_list_drop(list, made_visit(1), 0), TB_OK); /* used up here */
    held = hold(list, 0x11, 1, NOW);
    assert_true(held.used && !held.named);
    take(list, 1, 5); /* the server has heard of it: still used */
    held = hold(list, 0x11, 1, NOW);
    assert_true(held.used && !held.named);
    bear(list, 1, 6, NOW - TB_HOUR, NOW + TB_HOUR, 0x11); /* the server says something newer: may come again */
    assert_true(hold(list, 0x11, 1, NOW).named);
    take(list, 1, 7); /* and that not any more, for whatever reason: the server knows it */
    held = hold(list, 0x11, 1, NOW);
    assert_true(!held.used && !held.named);
    tb_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_who_is_on_it_and_nobody_else),
        cmocka_unit_test(windows_open_and_close),
        cmocka_unit_test(the_open_visit_of_one_person_counts),
        cmocka_unit_test(older_values_never_overtake),
        cmocka_unit_test(absence_counts_only_in_a_finished_snapshot),
        cmocka_unit_test(a_recorded_value_brings_nobody_back),
        cmocka_unit_test(refuses_what_it_cannot_use_and_changes_nothing),
        cmocka_unit_test(what_somebody_holds),
        cmocka_unit_test(random_changes_against_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
