/* X7: a whole day without network, by a clock of our own: 24 hours in which windows open and close, people are served,
 * the power goes and somebody sets the clock; then everything is still there to be told, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "faces_made.h"
#include "folder.h"
#include "terminal/feed.h"

#define MIDNIGHT (TB_DAY * 20000)
#define PEOPLE 96 /* one window every quarter of an hour, open for an hour */
#define QUARTER (15 * TB_MINUTE)
#define GATE "gate-1"

struct world {
    char directory[FOLDER_SIZE];
    tb_key_pair server, own;
    tb_edge_store *store;
    tb_list *list;
    tb_feed *feed;
    tb_site_clock *clock;
    tb_bus *bus;
    int64_t boot;
    tb_time wall;
};

static int64_t boot_of(void *context)
{
    return ((struct world *)context)->boot;
}

static tb_time wall_of(void *context)
{
    return ((struct world *)context)->wall;
}

static void start(struct world *w, const tb_clock_memory *memory)
{
    tb_clock_readings readings = {boot_of, wall_of, w};
    size_t count;
    assert_int_equal(tb_site_clock_new(&readings, memory, &w->clock), TB_OK);
    assert_int_equal(tb_edge_store_open(w->directory, &w->store, NULL), TB_OK);
    assert_int_equal(tb_edge_store_keys(w->store, &w->own), TB_OK);
    assert_int_equal(tb_edge_store_seal_with(w->store, &w->own.private_key, &w->server.public_key, GATE, "tb.x"),
                     TB_OK);
    assert_int_equal(tb_list_new(&made_model, 1, &w->list), TB_OK);
    tb_feed_options options = {.list = w->list,
                               .store = w->store,
                               .own_private = &w->own.private_key,
                               .server_public = &w->server.public_key,
                               .site = "airport",
                               .touchpoint = GATE,
                               .clock = w->clock};
    assert_int_equal(tb_feed_new(&options, &w->feed), TB_OK);
    assert_int_equal(tb_feed_restore(w->feed, tb_site_clock_sure(w->clock), &count), TB_OK);
}

/* As when the power goes: nothing is told goodbye but what the store already has. */
static void power_cut(struct world *w)
{
    tb_clock_memory memory;
    tb_site_clock_remember(w->clock, &memory);
    tb_feed_free(&w->feed);
    tb_list_free(&w->list);
    tb_edge_store_free(&w->store);
    tb_site_clock_free(&w->clock);
    memory.boot_id[0] ^= 1; /* the machine has started anew: its boot clock says nothing */
    w->boot = 7 * TB_SECOND;
    start(w, &memory);
}

static void give(struct world *w, uint32_t who)
{
    tb_time from = MIDNIGHT + who * QUARTER;
    tb_entry entry = made_entry(who + 1, who + 1, from, from + TB_HOUR);
    tb_delivery delivery = {0};
    char text[TB_ID_TEXT_SIZE];
    tb_bytes plain = {0}, sealed = {0};
    int synced;
    tb_subject_text(TB_SUBJECT_FEED, "airport", GATE, tb_id_text(entry.visit, text), delivery.subject);
    assert_int_equal(tb_entry_encode(&entry, &plain), TB_OK);
    assert_int_equal(tb_seal_to(&w->server.private_key, &w->own.public_key,
                                tb_span_text(tb_subject_key(delivery.subject)), tb_bytes_span(&plain), &sealed),
                     TB_OK);
    delivery.body = tb_bytes_span(&sealed);
    tb_feed_receive(w->feed, &delivery);
    assert_int_equal(tb_feed_work(w->feed, w->bus, MIDNIGHT, &synced), TB_OK);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    tb_entry_free(&entry);
}

static tb_list_match look(struct world *w, uint32_t who)
{
    tb_template face;
    tb_list_match match;
    made_face_again(who + 1, 0.9f, who, &face);
    assert_int_equal(tb_list_identify(w->list, 0, &face, 1, tb_site_clock_now(w->clock), &match), TB_OK);
    return match;
}

/* Whoever's window has just opened is served and used up; who comes later is early; who was there before is gone. */
static void a_quarter(struct world *w, uint32_t quarter)
{
    tb_list_match match = look(w, quarter);
    assert_int_equal(match.identity, TB_THIS_PERSON);
    assert_int_equal(match.judgement, TB_ADMIT);
    tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = match.visit};
    tb_drop drop = {match.visit, tb_list_sequence_of(w->list, match.visit)};
    assert_int_equal(tb_edge_store_record(w->store, &event, tb_site_clock_now(w->clock), &drop), TB_OK);
    assert_int_equal(event.number, quarter + 1);
    assert_true(event.at == MIDNIGHT + quarter * QUARTER);
    assert_int_equal(tb_list_drop(w->list, match.visit, 0), TB_OK);
    assert_int_equal(look(w, quarter).identity, TB_NOBODY);
    if (quarter + 1 < PEOPLE)
        assert_int_equal(look(w, quarter + 1).judgement, TB_EARLY);
    if (quarter > 0)
        assert_int_equal(look(w, quarter - 1).identity, TB_NOBODY);
}

static void told_in_order_and_once(struct world *w)
{
    uint64_t number = 0;
    assert_int_equal(tb_edge_store_outbox_count(w->store), PEOPLE);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        tb_bytes sealed = {0}, plain = {0};
        tb_event event;
        tb_id id;
        assert_int_equal(tb_edge_store_outbox_next(w->store, number, &number, &id, &sealed), TB_OK);
        assert_int_equal(tb_open_from(&w->server.private_key, &w->own.public_key, tb_span_text("tb.x"),
                                      tb_bytes_span(&sealed), &plain),
                         TB_OK);
        assert_int_equal(tb_event_decode(tb_bytes_span(&plain), &event, NULL), TB_OK);
        assert_true(event.number == i + 1 && event.at == MIDNIGHT + i * QUARTER);
        assert_true(tb_id_equal(event.visit, made_visit(i + 1)));
        tb_bytes_free(&sealed);
        tb_bytes_free(&plain);
    }
    assert_int_equal(tb_edge_store_outbox_done(w->store, number), TB_OK);
    assert_int_equal(tb_edge_store_outbox_count(w->store), 0);
}

static void a_day_alone(void **state)
{
    (void)state;
    struct world w = {.boot = TB_HOUR, .wall = MIDNIGHT};
    assert_int_equal(tb_crypto_start(), TB_OK);
    folder_make(w.directory);
    w.server = tb_key_pair_random();
    tb_bus_options nobody = {.url = "nats://127.0.0.1:1", .name = "nobody"};
    assert_int_equal(tb_bus_open(&nobody, &w.bus, NULL), TB_OK);
    start(&w, NULL);
    for (uint32_t who = 0; who < PEOPLE; who++)
        give(&w, who);
    assert_int_equal(tb_list_count(w.list), PEOPLE);
    for (uint32_t quarter = 0; quarter < PEOPLE; quarter++) {
        a_quarter(&w, quarter);
        (void)tb_feed_expire(w.feed, tb_site_clock_sure(w.clock));
        if (quarter % 31 == 30)
            power_cut(&w);
        if (quarter == 50) { /* set back by five hours: what is used or over stays so */
            w.wall -= 5 * TB_HOUR;
            assert_int_equal(look(&w, quarter - 1).identity, TB_NOBODY);
        }
        if (quarter == 70) /* and right again */
            w.wall += 5 * TB_HOUR;
        if (quarter == 70)
            assert_true(tb_site_clock_now(w.clock) - TB_HOUR * 5 <= MIDNIGHT + quarter * QUARTER);
        if (quarter == 70)
            break;
        w.boot += QUARTER;
        w.wall += QUARTER;
    }
    /* The clock that was set right looks like one that was set forward: the windows of five hours are closed, and
     * nothing of them has ended; the server's word opens them again. */
    assert_int_equal(look(&w, 71).judgement, TB_LATE);
    size_t before = tb_list_count(w.list);
    (void)tb_feed_expire(w.feed, tb_site_clock_sure(w.clock));
    assert_int_equal(tb_list_count(w.list), before);
    tb_site_clock_hear(w.clock, MIDNIGHT + 70 * QUARTER, 0);
    for (uint32_t quarter = 71; quarter < PEOPLE; quarter++) {
        w.boot += QUARTER;
        w.wall += QUARTER;
        a_quarter(&w, quarter);
        (void)tb_feed_expire(w.feed, tb_site_clock_sure(w.clock));
    }
    assert_int_equal(tb_list_count(w.list), 0);
    told_in_order_and_once(&w);
    tb_feed_free(&w.feed);
    tb_list_free(&w.list);
    tb_edge_store_free(&w.store);
    tb_site_clock_free(&w.clock);
    tb_bus_free(&w.bus);
    folder_remove(w.directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_day_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
