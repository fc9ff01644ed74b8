/* The feed: what was written is what a snapshot brings; an unfinished or forgotten bucket is never believed (B1, B2).
 */
#include "bus_support.h"

#include <nats/nats.h>
#include <stdlib.h>

#define SITE "airport"

typedef struct seen {
    atomic_int count;
    int purges;
    char last[64], last_subject[TB_SUBJECT_SIZE];
} seen;

static void see(void *context, const tb_delivery *delivery)
{
    seen *s = context;
    s->purges += delivery->purge;
    snprintf(s->last, sizeof s->last, "%.*s", (int)delivery->body.size, (const char *)delivery->body.data);
    snprintf(s->last_subject, sizeof s->last_subject, "%s", delivery->subject);
    atomic_fetch_add(&s->count, 1); /* last: whoever waits for it sees the rest */
}

static tb_status write_one(tb_bus *bus, const char *touchpoint, const char *visit, int present, const char *body)
{
    return tb_bus_feed_write(bus, SITE, touchpoint, visit, present, tb_span_text(body));
}

static void opened(tb_bus *bus, int expected_lost)
{
    int lost = -1;
    tb_error why = {0};
    tb_status status = TB_BUS_DOWN;
    for (int i = 0; i < 200 && status != TB_OK; i++) { /* JetStream may need a moment after the port is open */
        status = tb_bus_site_open(bus, SITE, &lost, &why);
        if (status != TB_OK)
            pause_ms(50);
    }
    assert_int_equal(status, TB_OK);
    assert_int_equal(lost, expected_lost);
}

static void written_values_are_the_snapshot(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    int ready = 1;
    seen s = {0};
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &s, &ready), TB_NOT_FOUND);
    opened(server, 1);
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &s, &ready), TB_OK); /* empty, and no epoch */
    assert_int_equal(ready, 0);
    assert_int_equal(s.count, 0);
    assert_int_equal(write_one(server, "gate-1", VISIT_A, 1, "one"), TB_OK);
    assert_int_equal(write_one(server, "gate-1", VISIT_A, 1, "two"), TB_OK); /* the last value counts */
    assert_int_equal(write_one(server, "gate-1", VISIT_B, 1, "three"), TB_OK);
    assert_int_equal(write_one(server, "gate-1", VISIT_B, 0, "four"), TB_OK); /* a purge carries its body */
    assert_int_equal(write_one(server, "gate-11", VISIT_B, 1, "other"), TB_OK);
    assert_int_equal(tb_bus_feed_flush(server, 60000), TB_OK);
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &s, &ready), TB_OK);
    assert_int_equal(ready, 0); /* not finished yet, so it is not read either: a thousand others try, too */
    assert_int_equal(s.count, 0);
    assert_int_equal(tb_bus_feed_ready(server, SITE), TB_OK);
    s = (seen){0};
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &s, &ready), TB_OK);
    assert_int_equal(ready, 1);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.purges, 1);
    assert_string_equal(s.last, "four");
    assert_string_equal(tb_subject_key(s.last_subject), "gate-1." VISIT_B);
    opened(server, 0);
    s = (seen){0};
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-9", see, &s, &ready),
                     TB_OK); /* an empty list may be believed */
    assert_int_equal(ready, 1);
    assert_int_equal(s.count, 0);
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

static void changes_reach_a_listener_with_purges(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    opened(server, 1);
    seen s = {0};
    char subject[TB_SUBJECT_SIZE];
    tb_bus_subscription *listening = NULL;
    tb_subject_text(TB_SUBJECT_FEED, SITE, "gate-1", NULL, subject);
    assert_int_equal(tb_bus_listen(terminal, subject, see, &s, &listening), TB_OK);
    int ready;
    seen none = {0};
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &none, &ready), TB_OK); /* orders the two */
    assert_int_equal(write_one(server, "gate-2", VISIT_A, 1, "for another"), TB_OK);
    assert_int_equal(write_one(server, "gate-1", VISIT_A, 1, "on"), TB_OK);
    assert_int_equal(write_one(server, "gate-1", VISIT_A, 0, "off"), TB_OK);
    assert_int_equal(tb_bus_feed_flush(server, 60000), TB_OK);
    wait_for(atomic_load(&s.count) == 2);
    tb_bus_subscription_free(&listening);
    assert_int_equal(s.purges, 1);
    assert_string_equal(s.last, "off");
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

static void ten_thousand_entries(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    opened(server, 1);
    char body[700], visit[33];
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    for (int i = 0; i < 10000; i++) {
        snprintf(visit, sizeof visit, "%032x", i);
        assert_int_equal(write_one(server, i % 2 ? "gate-1" : "gate-2", visit, 1, body), TB_OK);
    }
    assert_int_equal(tb_bus_feed_flush(server, 60000), TB_OK);
    assert_int_equal(tb_bus_feed_ready(server, SITE), TB_OK);
    seen s = {0};
    int ready = 0;
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &s, &ready), TB_OK);
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_int_equal(s.count, 5000);
    assert_int_equal(ready, 1);
    print_message("snapshot of 5,000 out of 10,000: %.1f ms\n",
                  (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6);
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

/* Of several servers another led while the broker was made new: what the first has in its memory is of no bucket that
 * is. */
static void who_leads_again_believes_what_it_finds(void **state)
{
    nats_server *broker = *state;
    tb_bus *first = bus_to(broker), *second = bus_to(broker);
    char visit[33];
    int whole = -1;
    opened(first, 1);
    for (int i = 0; i < 100; i++) {
        snprintf(visit, sizeof visit, "%032x", i);
        assert_int_equal(write_one(first, "gate-1", visit, 1, "one"), TB_OK);
    }
    assert_int_equal(tb_bus_feed_ready(first, SITE), TB_OK);
    assert_int_equal(tb_bus_feed_whole(first, SITE, &whole), TB_OK);
    assert_int_equal(whole, 1);
    nats_server_stop(broker, 1);
    wait_for(!tb_bus_is_connected(first) && !tb_bus_is_connected(second));
    nats_server_start(broker);
    wait_for(tb_bus_is_connected(first) && tb_bus_is_connected(second));
    opened(second, 1);
    assert_int_equal(write_one(second, "gate-1", VISIT_A, 1, "two"), TB_OK);
    assert_int_equal(tb_bus_feed_ready(second, SITE), TB_OK);
    opened(first, 0);
    assert_int_equal(tb_bus_feed_whole(first, SITE, &whole), TB_OK);
    assert_int_equal(whole, 0); /* as far as it knows */
    tb_bus_feed_yield(first);
    assert_int_equal(tb_bus_feed_whole(first, SITE, &whole), TB_OK);
    assert_int_equal(whole, 1);
    tb_bus_free(&second);
    tb_bus_free(&first);
}

static void restarted_broker_has_lost_it(void **state)
{
    nats_server *broker = *state;
    tb_bus *server = bus_to(broker), *terminal = bus_to(broker);
    opened(server, 1);
    assert_int_equal(write_one(server, "gate-1", VISIT_A, 1, "one"), TB_OK);
    assert_int_equal(tb_bus_feed_ready(server, SITE), TB_OK);
    nats_server_stop(broker, 0);
    wait_for(!tb_bus_is_connected(server) && !tb_bus_is_connected(terminal));
    assert_int_equal(write_one(server, "gate-1", VISIT_B, 1, "two"), TB_BUS_DOWN);
    assert_int_equal(tb_bus_feed_flush(server, 100), TB_BUS_DOWN);
    nats_server_start(broker);
    wait_for(tb_bus_is_connected(server) && tb_bus_is_connected(terminal));
    tb_status written = write_one(server, "gate-1", VISIT_B, 1, "two");
    assert_true(written == TB_OK || written == TB_BUS_DOWN);        /* sent at best: */
    assert_int_equal(tb_bus_feed_flush(server, 2000), TB_BUS_DOWN); /* B1: not taken for written */
    assert_int_equal(tb_bus_feed_ready(server, SITE), TB_BUS_DOWN);
    seen s = {0};
    int ready = 1;
    tb_status status = tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &s, &ready);
    assert_true(status == TB_NOT_FOUND || status == TB_BUS_DOWN || status == TB_TIMEOUT);
    assert_int_equal(ready, 0);
    opened(server, 1); /* lost: written again */
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &s, &ready), TB_OK);
    assert_int_equal(ready, 0);
    assert_int_equal(write_one(server, "gate-1", VISIT_A, 1, "one"), TB_OK);
    assert_int_equal(tb_bus_feed_ready(server, SITE), TB_OK);
    assert_int_equal(tb_bus_feed_snapshot(terminal, SITE, "gate-1", see, &s, &ready), TB_OK);
    assert_int_equal(ready, 1);
    assert_string_equal(s.last, "one");
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

/* Somebody takes a part of the bucket away while the connection stays, as a cluster does that has lost its majority. */
static void what_was_acknowledged_and_is_gone_is_noticed(void **state)
{
    const nats_server *broker = *state;
    tb_bus *server = bus_to(broker);
    natsConnection *other = NULL;
    jsCtx *js = NULL;
    int whole = 0;
    opened(server, 1);
    for (int i = 0; i < 40; i++) { /* in every part, as good as */
        char touchpoint[33];
        snprintf(touchpoint, sizeof touchpoint, "gate-%d", i);
        assert_int_equal(write_one(server, touchpoint, VISIT_A, 1, "on"), TB_OK);
    }
    assert_int_equal(tb_bus_feed_flush(server, 60000), TB_OK);
    assert_int_equal(tb_bus_feed_whole(server, SITE, &whole), TB_OK);
    assert_int_equal(whole, 1);
    assert_int_equal(natsConnection_ConnectTo(&other, broker->url), NATS_OK);
    assert_int_equal(natsConnection_JetStream(&js, other, NULL), NATS_OK);
    assert_int_equal(js_DeleteStream(js, "KV_feed_" SITE "-4", NULL, NULL), NATS_OK); /* where gate-1 is */
    assert_int_equal(tb_bus_feed_whole(server, SITE, &whole), TB_OK);
    assert_int_equal(whole, 0);
    opened(server, 1); /* made again, and known to lack everything */
    assert_int_equal(tb_bus_feed_whole(server, SITE, &whole), TB_OK);
    assert_int_equal(whole, 1);
    jsCtx_Destroy(js);
    natsConnection_Destroy(other);
    tb_bus_free(&server);
}

static void reset_and_sweep(void **state)
{
    tb_bus *bus = bus_to(*state);
    opened(bus, 1);
    assert_int_equal(write_one(bus, "gate-1", VISIT_A, 1, "stays"), TB_OK);
    assert_int_equal(write_one(bus, "gate-1", VISIT_B, 0, "marker"), TB_OK);
    assert_int_equal(tb_bus_feed_ready(bus, SITE), TB_OK);
    int removed = -1, ready = 0;
    assert_int_equal(tb_bus_feed_sweep(bus, SITE, 3600, &removed), TB_OK);
    assert_int_equal(removed, 0); /* too young */
    assert_int_equal(tb_bus_feed_sweep(bus, SITE, 0, &removed), TB_OK);
    assert_int_equal(removed, 1);
    seen s = {0};
    assert_int_equal(tb_bus_feed_snapshot(bus, SITE, "gate-1", see, &s, &ready), TB_OK);
    assert_int_equal(s.count, 1);
    assert_int_equal(ready, 1);
    assert_string_equal(s.last, "stays");
    assert_int_equal(tb_bus_feed_reset(bus, SITE), TB_OK);
    s = (seen){0};
    assert_int_equal(tb_bus_feed_snapshot(bus, SITE, "gate-1", see, &s, &ready), TB_OK);
    assert_int_equal(s.count, 0);
    assert_int_equal(ready, 0);
    opened(bus, 1);
    tb_bus_free(&bus);
}

static void refuses_what_is_no_key(void **state)
{
    tb_bus *bus = bus_to(*state);
    int lost;
    assert_int_equal(write_one(bus, "gate-1", VISIT_A, 1, "x"), TB_INVALID_ARGUMENT); /* site not opened */
    assert_int_equal(tb_bus_feed_ready(bus, SITE), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_site_open(bus, "no.site", &lost, NULL), TB_INVALID_ARGUMENT);
    opened(bus, 1);
    assert_int_equal(write_one(bus, "*", VISIT_A, 1, "x"), TB_INVALID_ARGUMENT);
    assert_int_equal(write_one(bus, "gate-1", NULL, 1, "x"), TB_INVALID_ARGUMENT);
    assert_int_equal(write_one(bus, "gate.1", VISIT_A, 1, "x"), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_feed_write(bus, "hotel", "gate-1", VISIT_A, 1, tb_span_text("x")), TB_INVALID_ARGUMENT);
    tb_bus_free(&bus);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(written_values_are_the_snapshot),
        WITH_SERVER(changes_reach_a_listener_with_purges),
        WITH_SERVER(ten_thousand_entries),
        WITH_SERVER(who_leads_again_believes_what_it_finds),
        WITH_SERVER(restarted_broker_has_lost_it),
        WITH_SERVER(what_was_acknowledged_and_is_gone_is_noticed),
        WITH_SERVER(reset_and_sweep),
        WITH_SERVER(refuses_what_is_no_key),
    };
    RUN_WITH_SERVER(tests);
}
