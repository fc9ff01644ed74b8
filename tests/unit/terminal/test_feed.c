/* The feed of one terminal without a network: what was recorded and is played back, what is no value of ours, and a
 * restart after each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faces_made.h"
#include "folder.h"
#include "terminal/feed.h"

#define NOW (TB_DAY * 20000)
#define SITE "airport"
#define GATE "gate-1"

struct world {
    char directory[64];
    tb_key_pair server, own;
    tb_edge_store *store;
    tb_list *list;
    tb_feed *feed;
    tb_bus *bus; /* to a place where nobody is */
    tb_site_clock *clock;
    tb_time fresh_at;
    int64_t boot;
    tb_time wall;
    tb_key salt;
};

struct recorded { /* as whoever holds the broker has it */
    char subject[TB_SUBJECT_SIZE];
    tb_bytes body;
};

static int64_t boot_of(void *context)
{
    return ((struct world *)context)->boot;
}

static tb_time wall_of(void *context)
{
    return ((struct world *)context)->wall;
}

static void start(struct world *w, tb_time now)
{
    tb_clock_readings readings = {boot_of, wall_of, w};
    w->wall = now;
    assert_int_equal(tb_site_clock_new(&readings, NULL, &w->clock), TB_OK);
    size_t count;
    assert_int_equal(tb_edge_store_open(w->directory, &w->store, NULL), TB_OK);
    assert_int_equal(tb_edge_store_keys(w->store, &w->own), TB_OK);
    assert_int_equal(tb_list_new(&made_model, 1, &w->list), TB_OK);
    tb_feed_options options = {w->list, w->store, &w->own.private_key, &w->server.public_key, SITE,
                               GATE,    w->clock, w->fresh_at};
    assert_int_equal(tb_feed_new(&options, &w->feed), TB_OK);
    assert_int_equal(tb_feed_restore(w->feed, now, &count), TB_OK);
}

static void stop(struct world *w)
{
    tb_feed_free(&w->feed);
    tb_site_clock_free(&w->clock);
    tb_list_free(&w->list);
    tb_edge_store_free(&w->store);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    *state = w;
    strcpy(w->directory, "/tmp/tebura-feed-XXXXXX");
    if (tb_crypto_start() != TB_OK || !mkdtemp(w->directory))
        return -1;
    w->server = tb_key_pair_random();
    w->salt = tb_key_random();
    w->boot = TB_HOUR;
    tb_bus_options options = {.url = "nats://127.0.0.1:1", .name = "nobody"};
    if (tb_bus_open(&options, &w->bus, NULL) != TB_OK)
        return -1;
    start(w, NOW);
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    stop(w);
    tb_bus_free(&w->bus);
    folder_remove(w->directory);
    free(w);
    return 0;
}

static struct recorded seal_for(const tb_key *server, const tb_key *terminal, const char *gate, const tb_entry *entry)
{
    struct recorded out = {0};
    char visit[TB_ID_TEXT_SIZE];
    tb_bytes plain = {0};
    tb_subject_text(TB_SUBJECT_FEED, SITE, gate, tb_id_text(entry->visit, visit), out.subject);
    assert_int_equal(tb_entry_encode(entry, &plain), TB_OK);
    assert_int_equal(
        tb_seal_to(server, terminal, tb_span_text(tb_subject_key(out.subject)), tb_bytes_span(&plain), &out.body),
        TB_OK);
    tb_bytes_free(&plain);
    return out;
}

static struct recorded value(struct world *w, uint32_t who, uint64_t sequence, int present, tb_time until)
{
    tb_entry entry =
        present ? made_entry(who, sequence, 1, until) : (tb_entry){.sequence = sequence, .visit = made_visit(who)};
    struct recorded out = seal_for(&w->server.private_key, &w->own.public_key, GATE, &entry);
    tb_entry_free(&entry);
    return out;
}

static void play(struct world *w, const struct recorded *value, tb_time now)
{
    int synced;
    tb_delivery delivery = {.body = tb_bytes_span(&value->body)};
    memcpy(delivery.subject, value->subject, sizeof delivery.subject);
    tb_feed_receive(w->feed, &delivery);
    assert_int_equal(tb_feed_work(w->feed, w->bus, now, &synced), TB_OK);
}

static void give(struct world *w, uint32_t who, uint64_t sequence, int present, tb_time until)
{
    struct recorded one = value(w, who, sequence, present, until);
    play(w, &one, NOW);
    tb_bytes_free(&one.body);
}

static int has(const struct world *w, uint32_t who)
{
    return tb_list_has(w->list, made_visit(who));
}

static void what_was_recorded_brings_nobody_back(void **state)
{
    struct world *w = *state;
    struct recorded ann = value(w, 1, 1, 1, NOW + TB_HOUR), later = value(w, 1, 3, 1, NOW + TB_HOUR);
    play(w, &ann, NOW);
    give(w, 2, 2, 1, NOW + TB_HOUR);
    play(w, &later, NOW);
    assert_true(has(w, 1) && has(w, 2));
    give(w, 1, 4, 0, 0);
    assert_false(has(w, 1));
    for (int restarts = 0; restarts < 3; restarts++) {
        play(w, &ann, NOW);
        play(w, &later, NOW);
        assert_false(has(w, 1));
        stop(w);
        start(w, NOW);
        assert_false(has(w, 1));
        assert_true(has(w, 2));
    }
    tb_feed_expire(w->feed, NOW + TB_HOUR); /* the window has ended: the number goes, and the value is over by itself */
    stop(w);
    start(w, NOW + TB_HOUR);
    play(w, &ann, NOW + TB_HOUR);
    tb_feed_expire(w->feed, NOW + TB_HOUR);
    assert_false(has(w, 1));
    tb_bytes_free(&ann.body);
    tb_bytes_free(&later.body);
}

/* The terminal was away when somebody came onto its list and went: it never saw them, only that numbers were used. */
static void nor_somebody_who_was_never_seen(void **state)
{
    struct world *w = *state;
    struct recorded missed = value(w, 1, 1, 1, NOW + TB_HOUR), taken_off = value(w, 3, 5, 1, NOW + TB_HOUR);
    give(w, 2, 2, 1, NOW + TB_HOUR);
    play(w, &missed, NOW);
    assert_false(has(w, 1));
    assert_int_equal(tb_feed_refused(w->feed), 1);
    give(w, 3, 6, 0, 0); /* a removal without a window: remembered for a day */
    stop(w);
    start(w, NOW);
    play(w, &missed, NOW);
    play(w, &taken_off, NOW);
    assert_false(has(w, 1) || has(w, 3));
    assert_true(has(w, 2));
    give(w, 1, 7, 1, NOW + TB_HOUR); /* the server itself says so */
    assert_true(has(w, 1));
    tb_bytes_free(&missed.body);
    tb_bytes_free(&taken_off.body);
}

static void used_up_stays_used_up(void **state)
{
    struct world *w = *state;
    struct recorded ann = value(w, 1, 1, 1, NOW + TB_HOUR);
    tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = made_visit(1)};
    tb_drop drop = {made_visit(1), 1};
    assert_int_equal(tb_edge_store_seal_with(w->store, &w->own.private_key, &w->server.public_key, GATE, "tb.x"),
                     TB_OK);
    play(w, &ann, NOW);
    assert_int_equal(tb_edge_store_record(w->store, &event, NOW, &drop), TB_OK);
    assert_int_equal(tb_list_drop(w->list, made_visit(1), 0), TB_OK);
    for (int restarts = 0; restarts < 2; restarts++) {
        play(w, &ann, NOW);
        assert_false(has(w, 1));
        stop(w);
        start(w, NOW);
    }
    assert_false(has(w, 1));
    give(w, 1, 2, 1, NOW + TB_HOUR);
    assert_true(has(w, 1));
    stop(w);
    start(w, NOW);
    assert_true(has(w, 1));
    tb_bytes_free(&ann.body);
}

static void what_is_not_ours_is_left_out_and_the_rest_goes_on(void **state)
{
    struct world *w = *state;
    tb_entry entry = made_entry(1, 1, 1, NOW + TB_HOUR);
    tb_key_pair other = tb_key_pair_random();
    struct recorded bad[6];
    bad[0] = seal_for(&w->server.private_key, &other.public_key, GATE, &entry);      /* for another terminal */
    bad[1] = seal_for(&other.private_key, &w->own.public_key, GATE, &entry);         /* of another server */
    bad[2] = seal_for(&w->server.private_key, &w->own.public_key, "gate-2", &entry); /* of another list */
    snprintf(bad[2].subject, sizeof bad[2].subject, "%s", bad[0].subject);
    bad[3] = seal_for(&w->server.private_key, &w->own.public_key, GATE, &entry); /* cut short */
    bad[3].body.size -= 7;
    bad[4] = value(w, 2, 1, 1, NOW + TB_HOUR); /* of one visit under the key of another */
    snprintf(bad[4].subject, sizeof bad[4].subject, "%s", bad[0].subject);
    bad[5] = (struct recorded){0}; /* nothing */
    snprintf(bad[5].subject, sizeof bad[5].subject, "%s", bad[0].subject);
    for (size_t i = 0; i < 6; i++) {
        play(w, &bad[i], NOW);
        assert_int_equal(tb_feed_refused(w->feed), i + 1);
        assert_int_equal(tb_list_count(w->list), 0);
        give(w, 100 + (uint32_t)i, 10 + 2 * i, 1, NOW + TB_HOUR); /* the rest is undisturbed */
        assert_true(has(w, 100 + (uint32_t)i));
        give(w, 100 + (uint32_t)i, 11 + 2 * i, 0, 0);
        tb_bytes_free(&bad[i].body);
    }
    tb_entry_free(&entry);
    /* a format that is not known yet */
    struct recorded future = {0};
    char visit[TB_ID_TEXT_SIZE];
    static const uint8_t version_9[] = {0xa2, 0x00, 0x09, 0x01, 0x01};
    tb_subject_text(TB_SUBJECT_FEED, SITE, GATE, tb_id_text(made_visit(1), visit), future.subject);
    assert_int_equal(tb_seal_to(&w->server.private_key, &w->own.public_key,
                                tb_span_text(tb_subject_key(future.subject)), tb_span_of(version_9, sizeof version_9),
                                &future.body),
                     TB_OK);
    play(w, &future, NOW);
    assert_int_equal(tb_feed_refused(w->feed), 7);
    tb_bytes_free(&future.body);
}

/* ---- marks ---- */

struct listed {
    uint32_t who;
    uint64_t sequence;
};

static struct recorded mark_of(struct world *w, tb_mark mark, const struct listed *list, size_t count)
{
    struct recorded out = {0};
    char none[TB_ID_TEXT_SIZE];
    tb_bytes plain = {0};
    mark.entries = count;
    mark.salt = w->salt;
    for (size_t i = 0; i < count; i++)
        tb_mark_toggle(&mark.salt, made_visit(list[i].who), list[i].sequence, mark.digest);
    tb_subject_text(TB_SUBJECT_FEED, SITE, GATE, tb_id_text((tb_id){{0}}, none), out.subject);
    assert_int_equal(tb_mark_encode(&mark, &plain), TB_OK);
    assert_int_equal(tb_seal_to(&w->server.private_key, &w->own.public_key, tb_span_text(tb_subject_key(out.subject)),
                                tb_bytes_span(&plain), &out.body),
                     TB_OK);
    tb_bytes_free(&plain);
    return out;
}

static void mark(struct world *w, tb_time at, uint64_t sequence, const struct listed *list, size_t count)
{
    struct recorded one = mark_of(w, (tb_mark){.at = at, .sequence = sequence}, list, count);
    play(w, &one, NOW);
    tb_bytes_free(&one.body);
}

static void a_list_is_fresh_only_when_it_is_what_the_server_says(void **state)
{
    struct world *w = *state;
    static const struct listed both[] = {{1, 1}, {2, 2}}, moved[] = {{1, 5}, {2, 2}}, one[] = {{2, 2}};
    assert_true(tb_feed_fresh_at(w->feed) == 0);
    mark(w, NOW, 0, NULL, 0); /* an empty list is a list, too */
    assert_true(tb_feed_fresh_at(w->feed) == NOW);
    give(w, 1, 1, 1, NOW + TB_HOUR);
    give(w, 2, 2, 1, NOW + TB_HOUR);
    mark(w, NOW + 1, 2, both, 2);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 1);
    mark(w, NOW + 2, 3, one, 1);   /* a removal was withheld */
    mark(w, NOW + 3, 5, moved, 2); /* a newer value was withheld */
    mark(w, NOW + 4, 2, one, 1);   /* and the number alone says nothing */
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 1);
    assert_true(tb_feed_refused(w->feed) > 0);
    give(w, 1, 3, 0, 0);
    mark(w, NOW + 5, 3, one, 1);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 5);
    /* what was used up here counts until the server has heard of it */
    tb_drop drop = {made_visit(2), 2};
    tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = made_visit(2)};
    assert_int_equal(tb_edge_store_seal_with(w->store, &w->own.private_key, &w->server.public_key, GATE, "tb.x"),
                     TB_OK);
    assert_int_equal(tb_edge_store_record(w->store, &event, NOW, &drop), TB_OK);
    assert_int_equal(tb_list_drop(w->list, made_visit(2), 0), TB_OK);
    mark(w, NOW + 6, 3, one, 1);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 6);
    stop(w);
    start(w, NOW);
    mark(w, NOW + 7, 3, one, 1);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 7);
    give(w, 2, 4, 0, 0);
    mark(w, NOW + 8, 4, NULL, 0);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 8);
}

static void recorded_marks_prove_nothing(void **state)
{
    struct world *w = *state;
    static const struct listed both[] = {{1, 1}, {2, 2}}, one[] = {{1, 1}};
    give(w, 1, 1, 1, NOW + TB_HOUR);
    struct recorded old = mark_of(w, (tb_mark){.at = NOW, .sequence = 1}, one, 1);
    play(w, &old, NOW);
    give(w, 2, 2, 1, NOW + TB_HOUR);
    struct recorded held = mark_of(w, (tb_mark){.at = NOW + TB_SECOND, .sequence = 2}, both, 2);
    struct recorded newer = mark_of(w, (tb_mark){.at = NOW + 9 * TB_SECOND, .sequence = 2}, both, 2);
    play(w, &newer, NOW);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 9 * TB_SECOND);
    uint64_t refused = tb_feed_refused(w->feed);
    play(w, &old, NOW);
    play(w, &held, NOW);
    play(w, &newer, NOW);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 9 * TB_SECOND);
    assert_true(tb_feed_refused(w->feed) == refused + 2); /* the last one once more is no lie, and nothing new */
    /* an echo of this very run is as good as a later time: the server's clock was set back */
    uint64_t tick = tb_site_clock_tick(w->clock);
    w->boot += TB_SECOND;
    w->wall += TB_SECOND;
    struct recorded back = mark_of(
        w, (tb_mark){.at = NOW - TB_MINUTE, .sequence = 2, .echo = tick, .heard = NOW - TB_MINUTE - 1000}, both, 2);
    play(w, &back, NOW);
    assert_true(tb_feed_fresh_at(w->feed) == NOW - TB_MINUTE);
    assert_true(tb_site_clock_now(w->clock) < NOW); /* and it is followed */
    play(w, &back, NOW);
    play(w, &newer, NOW); /* no echo, and nothing that was not heard */
    assert_true(tb_feed_refused(w->feed) == refused + 3);
    assert_true(tb_feed_fresh_at(w->feed) == NOW - TB_MINUTE);
    struct recorded *all[] = {&old, &held, &newer, &back};
    for (int i = 0; i < 4; i++)
        tb_bytes_free(&all[i]->body);
}

/* Ended by the clock here, and not taken off by the server yet, or the other way round. */
static void what_is_over_differs_for_nobody(void **state)
{
    struct world *w = *state;
    static const struct listed both[] = {{1, 1}, {2, 2}}, one[] = {{2, 2}};
    give(w, 1, 1, 1, NOW + TB_SECOND);
    give(w, 2, 2, 1, NOW + TB_HOUR);
    assert_int_equal(tb_feed_expire(w->feed, NOW + TB_SECOND), 1);
    assert_false(has(w, 1));
    mark(w, NOW + TB_SECOND, 2, both, 2);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + TB_SECOND);
    give(w, 1, 3, 0, 0);
    mark(w, NOW + 2 * TB_SECOND, 3, one, 1);
    assert_true(tb_feed_fresh_at(w->feed) == NOW + 2 * TB_SECOND);
}

/* Nobody is found by it, and the list is whole all the same; also after a restart. */
static void an_entry_of_an_unknown_model_counts(void **state)
{
    struct world *w = *state;
    static const struct listed one[] = {{1, 1}};
    tb_entry entry = made_entry(1, 1, 1, NOW + TB_HOUR);
    tb_template face;
    made_face(1, &face);
    face.model = MADE_MODEL + 1;
    tb_bytes_free(&entry.templates[0]);
    assert_int_equal(tb_template_encode(&face, &entry.templates[0]), TB_OK);
    entry.template_count = 1;
    struct recorded value = seal_for(&w->server.private_key, &w->own.public_key, GATE, &entry);
    play(w, &value, NOW);
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_int_equal(tb_list_count(w->list), 0);
        mark(w, NOW + 1 + restarts, 1, one, 1);
        assert_true(tb_feed_fresh_at(w->feed) == NOW + 1 + restarts);
        stop(w);
        start(w, NOW);
    }
    tb_entry_free(&entry);
    tb_bytes_free(&value.body);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(what_was_recorded_brings_nobody_back),
        IN_WORLD(nor_somebody_who_was_never_seen),
        IN_WORLD(used_up_stays_used_up),
        IN_WORLD(what_is_not_ours_is_left_out_and_the_rest_goes_on),
        IN_WORLD(a_list_is_fresh_only_when_it_is_what_the_server_says),
        IN_WORLD(recorded_marks_prove_nothing),
        IN_WORLD(what_is_over_differs_for_nobody),
        IN_WORLD(an_entry_of_an_unknown_model_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
