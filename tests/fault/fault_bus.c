/* The Nth publish, request, acknowledgement or allocation fails: an error each time, nothing half done, and the same
 * call again succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <tebura/bus.h>

#include "fault_wrap.h"
#include "nats_server.h"

#define SITE "airport"
#define EVENT "tb.airport.event.gate-1"
#define ASK "tb.airport.ask.gate-1"
#define VALUES 12
#define LOOPS 200 /* far more calls than any of these makes */

static nats_server server;
static tb_bus *bus;

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L}, NULL);
}

static int setup(void **state)
{
    (void)state;
    int lost;
    nats_server_prepare(&server);
    nats_server_start(&server);
    if (tb_bus_open(&(tb_bus_options){.url = server.url}, &bus, NULL) != TB_OK)
        return -1;
    for (int i = 0; i < 1000 && !tb_bus_is_connected(bus); i++)
        pause_ms(10);
    return tb_bus_site_open(bus, SITE, &lost, NULL) == TB_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    tb_bus_free(&bus);
    nats_server_end(&server);
    return 0;
}

/* ---- the feed ---- */

static tb_status write_all(void)
{
    tb_status status = TB_OK;
    for (int i = 0; i < VALUES && status == TB_OK; i++) {
        char visit[33], body[16];
        snprintf(visit, sizeof visit, "%032x", i);
        snprintf(body, sizeof body, "value %d", i);
        status = tb_bus_feed_write(bus, SITE, "gate-1", visit, i % 3 != 0, tb_span_text(body));
    }
    tb_status flushed = tb_bus_feed_flush(bus, 10000);
    if (status == TB_OK && flushed == TB_OK)
        status = tb_bus_feed_ready(bus, SITE);
    else if (status == TB_OK)
        status = flushed;
    return status;
}

static void count_values(void *context, const tb_delivery *delivery)
{
    int *counts = context;
    counts[delivery->purge]++;
}

static void snapshot(int counts[2], int *ready)
{
    counts[0] = counts[1] = 0;
    assert_int_equal(tb_bus_feed_snapshot(bus, SITE, "gate-1", count_values, counts, ready), TB_OK);
}

static void a_value_that_cannot_be_sent(void **state)
{
    (void)state;
    int counts[2], ready, n;
    for (n = 1; n < LOOPS; n++) {
        assert_int_equal(tb_bus_feed_reset(bus, SITE), TB_OK);
        fault_arm(FAULT_BUS, n);
        tb_status status = write_all();
        fault_disarm();
        snapshot(counts, &ready);
        if (!fault_fired())
            break;
        assert_int_not_equal(status, TB_OK);
        /* a terminal does not believe what is not whole; its own part may be when another part's mark failed */
        assert_true(!ready || (n > VALUES && counts[0] + counts[1] == VALUES));
        assert_int_equal(write_all(), TB_OK);
        snapshot(counts, &ready);
        assert_int_equal(ready, 1);
        assert_int_equal(counts[0] + counts[1], VALUES);
    }
    assert_true(n > VALUES && n < LOOPS);
    assert_int_equal(ready, 1);
    assert_int_equal(counts[1], VALUES / 3);
}

static void a_broker_that_takes_nothing_for_a_while(void **state)
{
    (void)state;
    int counts[2], ready;
    assert_int_equal(tb_bus_feed_reset(bus, SITE), TB_OK);
    fault_arm_from(FAULT_BUS, 5);
    assert_int_not_equal(write_all(), TB_OK);
    assert_int_not_equal(write_all(), TB_OK);
    assert_int_not_equal(tb_bus_event_publish(bus, EVENT, "none", tb_span_text("x"), 1000), TB_OK);
    assert_int_not_equal(tb_bus_publish(bus, "tb.airport.status.gate-1", tb_span_text("x")), TB_OK);
    fault_disarm();
    snapshot(counts, &ready);
    assert_int_equal(ready, 0);
    assert_int_equal(write_all(), TB_OK);
    snapshot(counts, &ready);
    assert_int_equal(ready, 1);
}

/* ---- requests ---- */

static tb_status echo(void *context, const tb_delivery *request, tb_bytes *reply)
{
    atomic_fetch_add((atomic_int *)context, 1);
    return tb_bytes_append(reply, request->body);
}

static void a_request_or_its_answer_lost(void **state)
{
    (void)state;
    atomic_int calls = 0;
    tb_bus_subscription *answering = NULL;
    tb_bytes reply = {0};
    assert_int_equal(tb_bus_answer(bus, ASK, echo, &calls, &answering), TB_OK);
    int n;
    for (n = 1; n < LOOPS; n++) { /* the request itself, then the answer */
        fault_arm(FAULT_BUS, n);
        tb_status status = tb_bus_request(bus, ASK, tb_span_text("hello"), 1000, &reply);
        fault_disarm();
        if (!fault_fired()) {
            assert_int_equal(status, TB_OK);
            break;
        }
        assert_int_not_equal(status, TB_OK);
        assert_int_equal(reply.size, 0);
        assert_int_equal(tb_bus_request(bus, ASK, tb_span_text("hello"), 10000, &reply), TB_OK);
        assert_int_equal(reply.size, 5);
        tb_bytes_free(&reply);
    }
    assert_int_equal(n, 3);
    tb_bytes_free(&reply);
    tb_bus_subscription_free(&answering);
}

/* ---- events ---- */

typedef struct heard {
    atomic_int events;
    char ids[64][64];
} heard;

static tb_status note_events(void *context, const tb_delivery *deliveries, int count)
{
    heard *h = context;
    for (int i = 0; i < count && atomic_load(&h->events) < 64; i++) {
        snprintf(h->ids[atomic_load(&h->events)], 64, "%s", deliveries[i].id);
        atomic_fetch_add(&h->events, 1);
    }
    return TB_OK;
}

static void an_event_that_cannot_be_sent_comes_once_later(void **state)
{
    (void)state;
    heard h = {0};
    char id[32];
    int n;
    for (n = 1; n < LOOPS; n++) {
        snprintf(id, sizeof id, "event-%d", n);
        fault_arm(FAULT_BUS, n);
        tb_status status = tb_bus_event_publish(bus, EVENT, id, tb_span_text("x"), 5000);
        fault_disarm();
        if (!fault_fired()) {
            assert_int_equal(status, TB_OK);
            break;
        }
        assert_int_not_equal(status, TB_OK);
        assert_int_equal(tb_bus_event_publish(bus, EVENT, id, tb_span_text("x"), 5000),
                         TB_OK); /* the terminal's outbox tries again */
    }
    assert_true(n > 1 && n < LOOPS);
    tb_bus_subscription *following = NULL;
    assert_int_equal(tb_bus_events_follow(bus, SITE, 4, note_events, &h, &following), TB_OK);
    for (int i = 0; i < 6000 && atomic_load(&h.events) < n; i++)
        pause_ms(10);
    tb_bus_subscription_free(&following);
    assert_int_equal(atomic_load(&h.events), n);
}

static void a_lost_acknowledgement_disturbs_nobody(void **state)
{
    (void)state;
    heard h = {0};
    tb_bus_subscription *following = NULL;
    assert_int_equal(tb_bus_events_follow(bus, SITE, 4, note_events, &h, &following), TB_OK);
    for (int n = 1; n <= 3; n++) {
        char id[32];
        int before = atomic_load(&h.events);
        snprintf(id, sizeof id, "ack-%d", n);
        fault_arm(FAULT_BUS, 2); /* the 1st is the publish, the 2nd its acknowledgement by the follower */
        assert_int_equal(tb_bus_event_publish(bus, EVENT, id, tb_span_text("x"), 5000), TB_OK);
        for (int i = 0; i < 6000 && (!fault_fired() || atomic_load(&h.events) == before); i++)
            pause_ms(10);
        assert_int_equal(fault_fired(), 1);
        fault_disarm();
        assert_string_equal(h.ids[before], id); /* applied; it may come again, and is applied once by its id */
    }
    tb_bus_subscription_free(&following);
}

/* ---- memory ---- */

static void ignore(void *context, const tb_delivery *message)
{
    (void)context;
    (void)message;
}

static tb_status open_everything(void)
{
    tb_bus *other = NULL;
    tb_bus_subscription *a = NULL, *b = NULL, *c = NULL;
    atomic_int calls = 0;
    heard *h = &(heard){0};
    tb_status status = tb_bus_open(&(tb_bus_options){.url = server.url}, &other, NULL);
    if (status != TB_OK) {
        assert_null(other);
        return status;
    }
    status = tb_bus_answer(other, "tb.x.ask.*", echo, &calls, &a);
    if (status == TB_OK)
        status = tb_bus_listen(other, "tb.x.status.*", ignore, NULL, &b);
    if (status == TB_OK)
        status = tb_bus_events_follow(other, "x", 4, note_events, h, &c);
    tb_bus_subscription_free(&a);
    tb_bus_subscription_free(&b);
    tb_bus_subscription_free(&c);
    tb_bus_free(&other);
    return status;
}

static void no_memory(void **state)
{
    (void)state;
    int n;
    for (n = 1; n < LOOPS; n++) {
        fault_arm(FAULT_MEMORY, n);
        tb_status status = open_everything();
        fault_disarm();
        if (!fault_fired()) {
            assert_int_equal(status, TB_OK);
            break;
        }
        assert_int_equal(status, TB_NO_MEMORY);
    }
    assert_true(n > 4 && n < LOOPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_that_cannot_be_sent),
        cmocka_unit_test(a_broker_that_takes_nothing_for_a_while),
        cmocka_unit_test(a_request_or_its_answer_lost),
        cmocka_unit_test(an_event_that_cannot_be_sent_comes_once_later),
        cmocka_unit_test(a_lost_acknowledgement_disturbs_nobody),
        cmocka_unit_test(no_memory),
    };
    if (!nats_server_available()) {
        puts("skipped: there is no nats-server on this machine");
        return 77;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
