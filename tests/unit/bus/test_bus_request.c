/* Requests and plain messages: answered side by side, refused with the answering side's status, clean ends, slow
 * listeners. */
#include "bus_support.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bus/bus_private.h"

#define SUBJECT "tb.airport.ask.gate-1"

static tb_status echo(void *context, const tb_delivery *request, tb_bytes *reply)
{
    atomic_int *calls = context;
    atomic_fetch_add(calls, 1);
    if (request->body.size == 4 && memcmp(request->body.data, "fail", 4) == 0)
        return TB_CRYPTO;
    return tb_bytes_append(reply, request->body);
}

static tb_status wait_for_answerer(tb_bus *bus, const char *body, tb_bytes *reply)
{
    tb_status status = TB_BUS_DOWN;
    for (int i = 0; i < 100 && status == TB_BUS_DOWN; i++) { /* the subscription is on its way to the broker */
        status = tb_bus_request(bus, SUBJECT, tb_span_text(body), 5000, reply);
        if (status == TB_BUS_DOWN)
            pause_ms(20);
    }
    return status;
}

static void answered(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    atomic_int calls = 0;
    tb_bus_subscription *answering = NULL;
    tb_bytes reply = {0};
    assert_int_equal(tb_bus_request(terminal, SUBJECT, tb_span_text("hello"), 5000, &reply),
                     TB_BUS_DOWN); /* nobody there: at once */
    assert_int_equal(tb_bus_answer(server, "tb.airport.ask.*", echo, &calls, &answering), TB_OK);
    assert_int_equal(wait_for_answerer(terminal, "hello", &reply), TB_OK);
    assert_int_equal(reply.size, 5);
    assert_memory_equal(reply.data, "hello", 5);
    tb_bytes none = {0};
    assert_int_equal(tb_bus_request(terminal, SUBJECT, tb_span_text("fail"), 5000, &none), TB_CRYPTO);
    assert_int_equal(none.size, 0);
    assert_int_equal(tb_bus_request(terminal, SUBJECT, (tb_span){0}, 5000, &none), TB_OK); /* empty is an answer too */
    assert_int_equal(none.size, 0);
    assert_int_equal(tb_bus_request(terminal, SUBJECT, tb_span_text("x"), 0, &none), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_request(terminal, "", tb_span_text("x"), 10, &none), TB_INVALID_ARGUMENT);
    tb_bus_subscription_free(&answering);
    tb_bytes_free(&none);
    tb_bytes_free(&reply);
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

static tb_status never_in_time(void *context, const tb_delivery *request, tb_bytes *reply)
{
    atomic_int *leave = context;
    (void)request;
    (void)reply;
    for (int i = 0; i < 6000 && !atomic_load(leave); i++)
        pause_ms(10);
    return TB_OK;
}

static void no_answer_in_time(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    atomic_int leave = 0;
    tb_bus_subscription *answering = NULL;
    tb_bytes reply = {0};
    assert_int_equal(tb_bus_answer(server, SUBJECT, never_in_time, &leave, &answering), TB_OK);
    tb_status status = TB_BUS_DOWN;
    for (int i = 0; i < 100 && status == TB_BUS_DOWN; i++)
        status = tb_bus_request(terminal, SUBJECT, tb_span_text("x"), 200, &reply);
    assert_int_equal(status, TB_TIMEOUT);
    atomic_store(&leave, 1);
    tb_bus_subscription_free(&answering); /* waits for the callback to return */
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

typedef struct asker {
    tb_bus *bus;
    int number, failures;
} asker;

static void *ask_many(void *context)
{
    asker *a = context;
    for (int i = 0; i < 200; i++) {
        char body[32];
        tb_bytes reply = {0};
        snprintf(body, sizeof body, "%d-%d", a->number, i);
        if (tb_bus_request(a->bus, SUBJECT, tb_span_text(body), 60000, &reply) != TB_OK || reply.size != strlen(body) ||
            memcmp(reply.data, body, reply.size) != 0)
            a->failures++;
        tb_bytes_free(&reply);
    }
    return NULL;
}

static void many_at_once_each_its_own_answer(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    atomic_int calls = 0;
    tb_bus_subscription *answering = NULL;
    tb_bytes reply = {0};
    assert_int_equal(tb_bus_answer(server, SUBJECT, echo, &calls, &answering), TB_OK);
    assert_int_equal(wait_for_answerer(terminal, "x", &reply), TB_OK);
    tb_bytes_free(&reply);
    asker askers[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        askers[i] = (asker){terminal, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many, &askers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(askers[i].failures, 0);
    }
    assert_true(atomic_load(&calls) >= 801);
    tb_bus_subscription_free(&answering);
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

static void fails_when_the_broker_goes(void **state)
{
    nats_server *broker = *state;
    tb_bus *server = bus_to(broker), *terminal = bus_to(broker);
    atomic_int calls = 0;
    tb_bus_subscription *answering = NULL;
    tb_bytes reply = {0};
    assert_int_equal(tb_bus_answer(server, SUBJECT, echo, &calls, &answering), TB_OK);
    assert_int_equal(wait_for_answerer(terminal, "x", &reply), TB_OK);
    nats_server_stop(broker, 1);
    wait_for(!tb_bus_is_connected(terminal));
    assert_int_equal(tb_bus_request(terminal, SUBJECT, tb_span_text("x"), 1000, &reply), TB_BUS_DOWN);
    nats_server_start(broker);
    wait_for(tb_bus_is_connected(terminal) && tb_bus_is_connected(server));
    assert_int_equal(wait_for_answerer(terminal, "y", &reply), TB_OK); /* the subscription came back by itself */
    tb_bus_subscription_free(&answering);
    tb_bytes_free(&reply);
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

typedef struct slow {
    atomic_int heard, hold;
} slow;

static void slowly(void *context, const tb_delivery *message)
{
    slow *s = context;
    (void)message;
    while (atomic_load(&s->hold))
        pause_ms(5);
    atomic_fetch_add(&s->heard, 1);
}

static void a_slow_listener_loses_and_lives(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    slow s = {.hold = 1};
    tb_bus_subscription *listening = NULL;
    assert_int_equal(tb_bus_listen(terminal, "tb.airport.status.*", slowly, &s, &listening), TB_OK);
    int ready;
    (void)!tb_bus_feed_snapshot(terminal, "airport", "gate-1", NULL, NULL,
                                &ready); /* a round trip after the subscription */
    for (int i = 0; i < 100000; i++)     /* more than may wait */
        assert_int_equal(tb_bus_publish(server, "tb.airport.status.gate-1", tb_span_text("x")), TB_OK);
    int lost;
    assert_int_equal(tb_bus_site_open(server, "airport", &lost, NULL), TB_OK); /* all are at the broker */
    atomic_store(&s.hold, 0);
    wait_for(atomic_load(&s.heard) >= 60000);
    int before = atomic_load(&s.heard);
    for (int i = 0; i < 100 && atomic_load(&s.heard) <= before; i++) {
        pause_ms(20);
        assert_int_equal(tb_bus_publish(server, "tb.airport.status.gate-1", tb_span_text("y")), TB_OK);
    }
    wait_for(atomic_load(&s.heard) > before); /* it goes on */
    assert_true(tb_bus_is_connected(terminal));
    tb_bus_subscription_free(&listening);
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

static tb_status held_back(void *context, const tb_delivery *request, tb_bytes *reply)
{
    slow *s = context;
    (void)request;
    (void)reply;
    atomic_fetch_add(&s->heard, 1);
    wait_for(!atomic_load(&s->hold));
    return TB_OK;
}

static void *free_it(void *context)
{
    tb_bus_subscription_free(context);
    return NULL;
}

/* The library forgets its subscriptions when the broker turns it away, whoever is still at work. */
static void waits_for_its_callback_when_the_connection_is_closed(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    slow s = {0};
    pthread_t freeing;
    struct timespec soon;
    tb_bus_subscription *answering = NULL;
    tb_bytes reply = {0};
    atomic_store(&s.hold, 1);
    assert_int_equal(tb_bus_answer(server, SUBJECT, held_back, &s, &answering), TB_OK);
    while (!atomic_load(&s.heard)) /* the subscription is on its way to the broker */
        assert_int_not_equal(tb_bus_request(terminal, SUBJECT, tb_span_text("x"), 50, &reply), TB_OK);
    natsConnection_Close(server->connection);
    assert_int_equal(pthread_create(&freeing, NULL, free_it, &answering), 0);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    assert_int_equal(pthread_timedjoin_np(freeing, NULL, &soon), ETIMEDOUT);
    atomic_store(&s.hold, 0);
    assert_int_equal(pthread_join(freeing, NULL), 0);
    tb_bytes_free(&reply);
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(answered),
        WITH_SERVER(no_answer_in_time),
        WITH_SERVER(many_at_once_each_its_own_answer),
        WITH_SERVER(fails_when_the_broker_goes),
        WITH_SERVER(a_slow_listener_loses_and_lives),
        WITH_SERVER(waits_for_its_callback_when_the_connection_is_closed),
    };
    RUN_WITH_SERVER(tests);
}
