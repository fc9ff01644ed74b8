/* Events: stored once per id, in order, acknowledged only after they were applied (B3), nothing lost over any restart.
 */
#include "bus_support.h"

#include <nats/nats.h>
#include <pthread.h>
#include <stdlib.h>

#include <tebura/clock.h>

#define SITE "airport"
#define SUBJECT "tb.airport.event.gate-1"

typedef struct applied {
    pthread_mutex_t lock;
    int fail; /* so many calls yet */
    atomic_int hold, held;
    int calls, count, batches_of_many, out_of_order, last, any_subject;
    char ids[64][64];
} applied;

static tb_status apply(void *context, const tb_delivery *deliveries, int count)
{
    applied *a = context;
    while (atomic_load(&a->hold)) {
        atomic_store(&a->held, 1);
        pause_ms(10);
    }
    pthread_mutex_lock(&a->lock);
    a->calls++;
    tb_status status = a->fail > 0 ? TB_DISK_FULL : TB_OK;
    a->fail -= a->fail > 0;
    a->batches_of_many += status == TB_OK && count > 1;
    for (int i = 0; status == TB_OK && i < count; i++) {
        int number = atoi((const char *)deliveries[i].body.data);
        if (a->count < 64)
            snprintf(a->ids[a->count], sizeof a->ids[0], "%s", deliveries[i].id);
        a->out_of_order += number < a->last;
        a->last = number;
        a->count++;
        if (!a->any_subject)
            assert_string_equal(deliveries[i].subject, SUBJECT);
    }
    pthread_mutex_unlock(&a->lock);
    return status;
}

static int calls_of(applied *a)
{
    pthread_mutex_lock(&a->lock);
    int calls = a->calls;
    pthread_mutex_unlock(&a->lock);
    return calls;
}

static int applied_count(applied *a)
{
    pthread_mutex_lock(&a->lock);
    int count = a->count;
    pthread_mutex_unlock(&a->lock);
    return count;
}

static int last_of(applied *a)
{
    pthread_mutex_lock(&a->lock);
    int last = a->last;
    pthread_mutex_unlock(&a->lock);
    return last;
}

static tb_status send_number(tb_bus *bus, int number)
{
    char id[32], body[32];
    snprintf(id, sizeof id, "id-%d", number);
    snprintf(body, sizeof body, "%d ", number);
    return tb_bus_event_publish(bus, SUBJECT, id, tb_span_of(body, strlen(body) + 1), 5000);
}

static void send_for_sure(tb_bus *bus, int number)
{
    tb_status status = TB_BUS_DOWN;
    for (int i = 0; i < 600 && (status = send_number(bus, number)) != TB_OK; i++)
        pause_ms(50);
    assert_int_equal(status, TB_OK);
}

static void stored_once_applied_in_order(void **state)
{
    tb_bus *server = bus_to(*state), *terminal = bus_to(*state);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tb_bus_subscription *following = NULL;
    assert_int_equal(send_number(terminal, 1), TB_BUS_DOWN); /* no stream yet: kept at the terminal */
    int lost;
    assert_int_equal(tb_bus_site_open(server, SITE, &lost, NULL), TB_OK);
    for (int i = 1; i <= 20; i++)
        assert_int_equal(send_number(terminal, i), TB_OK);
    for (int i = 1; i <= 20; i++)
        assert_int_equal(send_number(terminal, i),
                         TB_OK); /* the acknowledgement got lost, say: stored once all the same */
    assert_int_equal(tb_bus_events_follow(server, SITE, 8, apply, &a, &following), TB_OK);
    wait_for(applied_count(&a) >= 20);
    send_for_sure(terminal, 21);
    wait_for(applied_count(&a) >= 21);
    tb_bus_subscription_free(&following);
    assert_int_equal(a.count, 21);
    assert_int_equal(a.out_of_order, 0);
    assert_true(a.batches_of_many > 0);
    assert_string_equal(a.ids[0], "id-1");
    assert_string_equal(a.ids[20], "id-21");
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

/* One terminal fills its share and no more: the next is refused, what is stored stays, the others go on. */
static void one_terminal_has_a_share(void **state)
{
    const char *other = "tb.airport.event.gate-2";
    tb_bus *server = bus_to(*state);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tb_bus_subscription *following = NULL;
    char id[32], body[32];
    int lost, stored = 0;
    tb_status status = TB_OK;
    assert_int_equal(tb_bus_site_open(server, SITE, &lost, NULL), TB_OK);
    for (int i = 0; i < 3000 && status == TB_OK; i++) {
        snprintf(id, sizeof id, "share-%d", i);
        snprintf(body, sizeof body, "%d ", i + 1);
        status = tb_bus_event_publish(server, other, id, tb_span_of(body, strlen(body) + 1), 5000);
        stored += status == TB_OK;
    }
    assert_int_equal(status, TB_DISK_FULL);
    assert_true(stored >= 512);
    for (int i = 1; i <= 20; i++) /* room for everybody else */
        assert_int_equal(send_number(server, i), TB_OK);
    a.any_subject = 1;
    assert_int_equal(tb_bus_events_follow(server, SITE, 256, apply, &a, &following), TB_OK);
    wait_for(applied_count(&a) >= stored + 20); /* and nothing that was taken is lost */
    assert_int_equal(tb_bus_event_publish(server, other, id, tb_span_text("1 "), 5000), TB_OK);
    wait_for(applied_count(&a) >= stored + 21);
    tb_bus_subscription_free(&following);
    assert_int_equal(a.count, stored + 21);
    tb_bus_free(&server);
}

static void what_fails_comes_again_before_what_is_later(void **state)
{
    tb_bus *server = bus_to(*state);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail = 3};
    tb_bus_subscription *following = NULL;
    assert_int_equal(tb_bus_events_follow(server, SITE, 4, apply, &a, &following), TB_OK);
    for (int i = 1; i <= 10; i++)
        send_for_sure(server, i);
    wait_for(applied_count(&a) >= 10);
    tb_bus_subscription_free(&following);
    assert_int_equal(a.count, 10);
    assert_int_equal(a.out_of_order, 0);
    assert_int_equal(a.fail, 0);
    tb_bus_free(&server);
}

static void not_applied_is_not_acknowledged(void **state)
{
    tb_bus *server = bus_to(*state);
    applied never = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail = 1000000}, then = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tb_bus_subscription *following = NULL;
    assert_int_equal(tb_bus_events_follow(server, SITE, 16, apply, &never, &following), TB_OK);
    send_for_sure(server, 1);
    wait_for(calls_of(&never) >= 2);
    tb_bus_subscription_free(&following); /* the server ends without having applied it */
    assert_int_equal(never.count, 0);
    tb_bus_free(&server);
    server = bus_to(*state);
    assert_int_equal(tb_bus_events_follow(server, SITE, 16, apply, &then, &following), TB_OK);
    wait_for(applied_count(&then) >= 1);
    tb_bus_subscription_free(&following);
    assert_string_equal(then.ids[0], "id-1");
    tb_bus_free(&server);
}

static void a_restarted_broker_still_has_them(void **state)
{
    nats_server *broker = *state;
    tb_bus *server = bus_to(broker), *terminal = bus_to(broker);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tb_bus_subscription *following = NULL;
    int lost;
    assert_int_equal(tb_bus_site_open(server, SITE, &lost, NULL), TB_OK);
    for (int i = 1; i <= 5; i++)
        assert_int_equal(send_number(terminal, i), TB_OK);
    nats_server_stop(broker, 0);
    wait_for(!tb_bus_is_connected(server) && !tb_bus_is_connected(terminal));
    assert_int_equal(tb_bus_events_follow(server, SITE, 8, apply, &a, &following),
                     TB_OK); /* follows from when it is back */
    assert_int_equal(send_number(terminal, 6), TB_BUS_DOWN);
    nats_server_start(broker);
    wait_for(applied_count(&a) >= 5);
    send_for_sure(terminal, 6);
    wait_for(applied_count(&a) >= 6);
    nats_server_stop(broker, 0); /* under a running follower */
    wait_for(!tb_bus_is_connected(terminal));
    nats_server_start(broker);
    send_for_sure(terminal, 7);
    wait_for(applied_count(&a) >= 7);
    tb_bus_subscription_free(&following);
    assert_int_equal(a.out_of_order, 0);
    assert_int_equal(a.count, 7);
    tb_bus_free(&terminal);
    tb_bus_free(&server);
}

static void many_events(void **state)
{
    tb_bus *server = bus_to(*state);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tb_bus_subscription *following = NULL;
    int lost;
    assert_int_equal(tb_bus_site_open(server, SITE, &lost, NULL), TB_OK);
    for (int i = 1; i <= 1000; i++)
        assert_int_equal(send_number(server, i), TB_OK);
    assert_int_equal(tb_bus_events_follow(server, SITE, 256, apply, &a, &following), TB_OK);
    wait_for(applied_count(&a) >= 1000);
    tb_bus_subscription_free(&following);
    assert_int_equal(a.count, 1000);
    assert_int_equal(a.out_of_order, 0);
    assert_true(a.calls < 100);
    tb_bus_free(&server);
}

/* An event that nothing follows is applied at once. The quickest of several counts: a busy machine may delay each of
 * them, one that waits for the next event or for the end of a fetch (half a second) is never quick. */
static void a_lone_event_does_not_wait(void **state)
{
    tb_bus *server = bus_to(*state);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tb_bus_subscription *following = NULL;
    int64_t quickest = INT64_MAX;
    assert_int_equal(tb_bus_events_follow(server, SITE, 256, apply, &a, &following), TB_OK);
    for (int i = 1; i <= 100 && quickest >= 300000; i++) {
        int64_t begin = tb_clock_monotonic();
        send_for_sure(server, i);
        wait_for(applied_count(&a) >= i);
        int64_t took = tb_clock_monotonic() - begin;
        quickest = took < quickest ? took : quickest;
    }
    tb_bus_subscription_free(&following);
    assert_true(quickest < 300000);
    tb_bus_free(&server);
}

/* Sends until the follower of `a` has applied one of them. The next number. */
static int send_until(tb_bus *bus, applied *a, int number)
{
    for (int tries = 0; tries < 600 && applied_count(a) == 0; tries++) {
        send_for_sure(bus, number++);
        pause_ms(100);
    }
    assert_true(applied_count(a) > 0);
    return number;
}

/* B4. Whoever led before may not know yet: it takes nothing new, and its end disturbs nobody. */
static void who_begins_last_has_them_alone(void **state)
{
    tb_bus *first = bus_to(*state), *second = bus_to(*state);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER}, b = {.lock = PTHREAD_MUTEX_INITIALIZER};
    tb_bus_subscription *former = NULL, *following = NULL;
    assert_int_equal(tb_bus_events_follow(first, SITE, 4, apply, &a, &former), TB_OK);
    int next = send_until(first, &a, 1);
    assert_int_equal(tb_bus_events_follow(second, SITE, 4, apply, &b, &following), TB_OK);
    next = send_until(first, &b, next);
    int before = applied_count(&a);
    for (int i = 0; i < 10; i++)
        send_for_sure(first, next++);
    tb_bus_subscription_free(&former);
    for (int i = 0; i < 10; i++)
        send_for_sure(first, next++);
    wait_for(last_of(&b) == next - 1);
    tb_bus_subscription_free(&following);
    assert_int_equal(a.count, before);
    assert_int_equal(b.out_of_order, 0);
    assert_true(b.count >= 20);
    tb_bus_free(&second);
    tb_bus_free(&first);
}

/* One that took the place of another and is gone without giving it back. */
static void who_is_still_asked_to_follow_takes_it_again(void **state)
{
    tb_bus *first = bus_to(*state), *second = bus_to(*state);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER}, b = {.lock = PTHREAD_MUTEX_INITIALIZER, .hold = 1};
    tb_bus_subscription *following = NULL, *late = NULL;
    assert_int_equal(tb_bus_events_follow(first, SITE, 4, apply, &a, &following), TB_OK);
    int next = send_until(first, &a, 1);
    assert_int_equal(tb_bus_events_follow(second, SITE, 4, apply, &b, &late), TB_OK);
    for (int tries = 0; tries < 600 && !atomic_load(&b.held); tries++) {
        send_for_sure(first, next++);
        pause_ms(100);
    }
    assert_true(atomic_load(&b.held)); /* and hangs with it in its hands */
    send_for_sure(first, next);
    wait_for(last_of(&a) == next);
    atomic_store(&b.hold, 0);
    tb_bus_subscription_free(&late);
    tb_bus_subscription_free(&following);
    assert_int_equal(a.out_of_order, 0);
    tb_bus_free(&second);
    tb_bus_free(&first);
}

static void take_consumers_away(const nats_server *broker)
{
    natsConnection *connection = NULL;
    jsCtx *js = NULL;
    jsConsumerNamesList *names = NULL;
    assert_int_equal(natsConnection_ConnectTo(&connection, broker->url), NATS_OK);
    assert_int_equal(natsConnection_JetStream(&js, connection, NULL), NATS_OK);
    assert_int_equal(js_ConsumerNames(&names, js, "EVENTS_" SITE, NULL, NULL), NATS_OK);
    assert_int_equal(names->Count, 1);
    assert_int_equal(js_DeleteConsumer(js, "EVENTS_" SITE, names->List[0], NULL, NULL), NATS_OK);
    jsConsumerNamesList_Destroy(names);
    jsCtx_Destroy(js);
    natsConnection_Destroy(connection);
}

/* While a batch is in hand no fetch is under way, so nobody is told, and later ones are never answered. */
static void a_consumer_that_goes_unseen_is_made_anew(void **state)
{
    tb_bus *bus = bus_to(*state);
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER, .hold = 1};
    tb_bus_subscription *following = NULL;
    assert_int_equal(tb_bus_events_follow(bus, SITE, 4, apply, &a, &following), TB_OK);
    send_for_sure(bus, 1);
    wait_for(atomic_load(&a.held));
    take_consumers_away(*state);
    atomic_store(&a.hold, 0);
    wait_for(applied_count(&a) > 0);
    send_for_sure(bus, 2);
    wait_for(last_of(&a) == 2);
    tb_bus_subscription_free(&following);
    tb_bus_free(&bus);
}

static void refuses_bad_arguments(void **state)
{
    tb_bus *bus = bus_to(*state);
    tb_bus_subscription *following = NULL;
    applied a = {.lock = PTHREAD_MUTEX_INITIALIZER};
    assert_int_equal(tb_bus_events_follow(bus, "No", 8, apply, &a, &following), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_events_follow(bus, SITE, 0, apply, &a, &following), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_events_follow(bus, SITE, 1001, apply, &a, &following), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_event_publish(bus, "", "1", tb_span_text("x"), 100), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_event_publish(bus, SUBJECT, "", tb_span_text("x"), 100), TB_INVALID_ARGUMENT);
    tb_bus_subscription_free(&following);
    tb_bus_free(&bus);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(stored_once_applied_in_order),
        WITH_SERVER(what_fails_comes_again_before_what_is_later),
        WITH_SERVER(not_applied_is_not_acknowledged),
        WITH_SERVER(a_restarted_broker_still_has_them),
        WITH_SERVER(many_events),
        WITH_SERVER(one_terminal_has_a_share),
        WITH_SERVER(a_lone_event_does_not_wait),
        WITH_SERVER(who_begins_last_has_them_alone),
        WITH_SERVER(who_is_still_asked_to_follow_takes_it_again),
        WITH_SERVER(a_consumer_that_goes_unseen_is_made_anew),
        WITH_SERVER(refuses_bad_arguments),
    };
    RUN_WITH_SERVER(tests);
}
