/* The connection: absent at the start, lost and back, told in order; clean ends in every state. */
#include "bus_support.h"

typedef struct heard {
    atomic_int made, lost, last;
} heard;

static void on_connection(void *context, int connected)
{
    heard *h = context;
    atomic_fetch_add(connected ? &h->made : &h->lost, 1);
    atomic_store(&h->last, connected);
}

static void absent_at_start_then_appears(void **state)
{
    (void)state;
    nats_server server;
    nats_server_prepare(&server);
    heard h = {0};
    tb_bus *bus = NULL;
    assert_int_equal(
        tb_bus_open(&(tb_bus_options){.url = server.url, .connected = on_connection, .context = &h}, &bus, NULL),
        TB_OK);
    assert_false(tb_bus_is_connected(bus));
    tb_bytes reply = {0};
    int lost, ready;
    assert_int_equal(tb_bus_publish(bus, "tb.x.status.a", tb_span_text("x")), TB_BUS_DOWN);
    assert_int_equal(tb_bus_request(bus, "tb.x.ask.a", tb_span_text("x"), 1000, &reply), TB_BUS_DOWN);
    assert_int_equal(tb_bus_event_publish(bus, "tb.x.event.a", "1", tb_span_text("x"), 1000), TB_BUS_DOWN);
    assert_int_equal(tb_bus_site_open(bus, "x", &lost, NULL), TB_BUS_DOWN);
    assert_int_equal(tb_bus_feed_snapshot(bus, "x", "a", NULL, NULL, &ready), TB_BUS_DOWN);
    nats_server_start(&server);
    wait_for(atomic_load(&h.made) == 1);
    assert_true(tb_bus_is_connected(bus));
    assert_int_equal(atomic_load(&h.lost), 0);
    assert_int_equal(tb_bus_publish(bus, "tb.x.status.a", tb_span_text("x")), TB_OK);
    tb_bus_free(&bus);
    assert_null(bus);
    nats_server_end(&server);
}

static void gone_and_back_is_told(void **state)
{
    nats_server *server = *state;
    heard h = {0};
    tb_bus *bus = NULL;
    assert_int_equal(
        tb_bus_open(&(tb_bus_options){.url = server->url, .connected = on_connection, .context = &h}, &bus, NULL),
        TB_OK);
    wait_for(atomic_load(&h.made) == 1);
    for (int round = 1; round <= 2; round++) {
        nats_server_stop(server, round == 2);
        wait_for(atomic_load(&h.lost) == round);
        assert_false(tb_bus_is_connected(bus));
        nats_server_start(server);
        wait_for(atomic_load(&h.made) == round + 1);
        wait_for(tb_bus_is_connected(bus));
    }
    assert_int_equal(atomic_load(&h.last), 1);
    tb_bus_free(&bus);
}

static void ends_while_the_broker_is_away(void **state)
{
    (void)state;
    nats_server server;
    nats_server_prepare(&server);
    tb_bus *bus = NULL;
    assert_int_equal(tb_bus_open(&(tb_bus_options){.url = server.url}, &bus, NULL), TB_OK);
    tb_bus_free(&bus); /* never connected */
    nats_server_start(&server);
    bus = bus_to(&server);
    nats_server_stop(&server, 1);
    wait_for(!tb_bus_is_connected(bus));
    tb_bus_free(&bus); /* connected once */
    tb_bus_free(&bus); /* nothing */
    nats_server_end(&server);
}

static void two_buses_one_library(void **state)
{
    tb_bus *one = bus_to(*state), *two = bus_to(*state);
    tb_bus_free(&one);
    assert_true(tb_bus_is_connected(two));
    assert_int_equal(tb_bus_publish(two, "tb.x.status.a", tb_span_text("x")), TB_OK);
    tb_bus_free(&two);
    one = bus_to(*state); /* the library starts again */
    tb_bus_free(&one);
}

static void refuses_unusable_addresses(void **state)
{
    (void)state;
    tb_bus *bus = NULL;
    tb_error why = {0};
    assert_int_equal(tb_bus_open(&(tb_bus_options){.url = NULL}, &bus, &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_open(&(tb_bus_options){.url = ""}, &bus, &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_bus_open(&(tb_bus_options){.url = ","}, &bus, &why), TB_INVALID_ARGUMENT);
    assert_null(bus);
    assert_true(why.text[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_at_start_then_appears),
        cmocka_unit_test_setup_teardown(gone_and_back_is_told, server_setup, server_teardown),
        cmocka_unit_test(ends_while_the_broker_is_away),
        cmocka_unit_test_setup_teardown(two_buses_one_library, server_setup, server_teardown),
        cmocka_unit_test(refuses_unusable_addresses),
    };
    RUN_WITH_SERVER(tests);
}
