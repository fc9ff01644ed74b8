/* Per-terminal credentials (X7): what a terminal may do on the broker, by trying everything with the real credentials
 * of another one; revocation cuts it off at once. */
#include "bus_support.h"

#include <stdlib.h>
#include <unistd.h>

#include <nats/nats.h>

#include <tebura/trust.h>

#define SITE "airport"

typedef struct world {
    nats_server server;
    tb_trust *trust;
    tb_bus *site, *a, *b;
    tb_key a_seed, b_seed;
} world;

static tb_bus *signed_in(const world *w, const tb_bytes *token, const tb_key *seed, const char *inbox)
{
    tb_bus *bus = NULL;
    char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)token->size, (const char *)token->data);
    tb_bus_options options = {.url = w->server.url, .name = "test", .token = text, .seed = seed, .inbox = inbox};
    assert_int_equal(tb_bus_open(&options, &bus, NULL), TB_OK);
    return bus;
}

static tb_bus *terminal(const world *w, const char *name, const tb_key *seed)
{
    tb_bytes token = {0};
    char inbox[64];
    tb_key public_key = tb_sign_public(seed);
    snprintf(inbox, sizeof inbox, TB_INBOX_FORM, name);
    assert_int_equal(tb_trust_terminal(w->trust, name, &public_key, tb_clock_now(), &token), TB_OK);
    tb_bus *bus = signed_in(w, &token, seed, inbox);
    tb_bytes_free(&token);
    return bus;
}

static tb_bus *server(const world *w, tb_account account)
{
    tb_bytes token = {0};
    tb_key seed;
    assert_int_equal(tb_trust_server(w->trust, account, tb_clock_now(), &token, &seed), TB_OK);
    tb_bus *bus = signed_in(w, &token, &seed, NULL);
    tb_bytes_free(&token);
    return bus;
}

static void write_config(world *w, const tb_trust *trust)
{
    tb_bytes text = {0};
    char accounts[80];
    snprintf(accounts, sizeof accounts, "%s/accounts", w->server.directory);
    snprintf(w->server.config, sizeof w->server.config, "%s/nats.conf", w->server.directory);
    assert_int_equal(tb_bytes_print(&text, "jetstream {}\n"), TB_OK);
    assert_int_equal(tb_trust_broker_config(trust, accounts, NULL, 0, tb_clock_now(), &text), TB_OK);
    assert_int_equal(tb_file_write(w->server.config, tb_bytes_span(&text), NULL), TB_OK);
    tb_bytes_free(&text);
}

static int open_site(tb_bus *bus, int *lost)
{
    return tb_bus_is_connected(bus) && tb_bus_site_open(bus, SITE, lost, NULL) == TB_OK;
}

static int begin(void **state)
{
    static world w;
    int lost = 0;
    w = (world){.a_seed = tb_key_random(), .b_seed = tb_key_random()};
    tb_key root = tb_key_random();
    assert_int_equal(tb_crypto_start(), TB_OK);
    assert_int_equal(tb_trust_new(&root, SITE, &w.trust), TB_OK);
    nats_server_prepare(&w.server);
    write_config(&w, w.trust);
    nats_server_start(&w.server);
    w.site = server(&w, TB_ACCOUNT_SITE);
    wait_for(open_site(w.site, &lost)); /* JetStream comes a little after the port */
    assert_int_equal(lost, 1);
    const tb_span body = tb_span_text("a value of at least some bytes");
    assert_int_equal(tb_bus_feed_write(w.site, SITE, "gate-a", VISIT_A, 1, body), TB_OK);
    assert_int_equal(tb_bus_feed_write(w.site, SITE, "gate-b", VISIT_A, 1, body), TB_OK);
    assert_int_equal(tb_bus_feed_write(w.site, SITE, "gate-b", VISIT_B, 1, body), TB_OK);
    assert_int_equal(tb_bus_feed_flush(w.site, 60000), TB_OK);
    assert_int_equal(tb_bus_feed_ready(w.site, SITE), TB_OK);
    w.a = terminal(&w, "gate-a", &w.a_seed);
    w.b = terminal(&w, "gate-b", &w.b_seed);
    wait_for(tb_bus_is_connected(w.a) && tb_bus_is_connected(w.b));
    *state = &w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    tb_bus_free(&w->a);
    tb_bus_free(&w->b);
    tb_bus_free(&w->site);
    nats_server_end(&w->server);
    tb_trust_free(&w->trust);
    return 0;
}

static void count(void *context, const tb_delivery *message)
{
    (void)message;
    atomic_fetch_add((atomic_int *)context, 1);
}

static int values_of(tb_bus *bus, const char *touchpoint, int *ready)
{
    atomic_int values = 0;
    *ready = 0;
    tb_status status = tb_bus_feed_snapshot(bus, SITE, touchpoint, count, &values, ready);
    return status == TB_OK ? atomic_load(&values) : -1;
}

static tb_status take_one(void *context, const tb_delivery *deliveries, int n)
{
    for (int i = 0; i < n; i++)
        count(context, &deliveries[i]);
    return TB_OK;
}

static tb_status answer_yes(void *context, const tb_delivery *request, tb_bytes *reply)
{
    (void)context;
    (void)request;
    return tb_bytes_append(reply, tb_span_text("yes"));
}

static void own_ways_work(void **state)
{
    world *w = *state;
    int ready;
    assert_int_equal(values_of(w->a, "gate-a", &ready), 1);
    assert_true(ready);
    assert_int_equal(values_of(w->b, "gate-b", &ready), 2);
    assert_true(ready);

    atomic_int live = 0, orders = 0, events = 0, beats = 0;
    tb_bus_subscription *feed = NULL, *order = NULL, *followed = NULL, *asks = NULL, *statuses = NULL;
    char subject[TB_SUBJECT_SIZE];
    assert_int_equal(
        tb_bus_listen(w->a, tb_subject_text(TB_SUBJECT_FEED, SITE, "gate-a", NULL, subject), count, &live, &feed),
        TB_OK);
    assert_int_equal(
        tb_bus_listen(w->a, tb_subject_text(TB_SUBJECT_ORDER, SITE, "gate-a", NULL, subject), count, &orders, &order),
        TB_OK);
    assert_int_equal(values_of(w->a, "gate-a", &ready), 1); /* the subscriptions are there */
    assert_int_equal(tb_bus_feed_write(w->site, SITE, "gate-a", VISIT_B, 1, tb_span_text("new")), TB_OK);
    assert_int_equal(tb_bus_feed_write(w->site, SITE, "gate-b", VISIT_B, 1, tb_span_text("new")), TB_OK);
    assert_int_equal(tb_bus_feed_write(w->site, SITE, "gate-a", VISIT_B, 0, tb_span_text("gone")), TB_OK);
    assert_int_equal(tb_bus_publish(w->site, subject, tb_span_text("order")), TB_OK);
    wait_for(atomic_load(&live) == 2 && atomic_load(&orders) == 1);

    assert_int_equal(tb_bus_events_follow(w->site, SITE, 10, take_one, &events, &followed), TB_OK);
    tb_subject_text(TB_SUBJECT_EVENT, SITE, "gate-a", NULL, subject);
    assert_int_equal(tb_bus_event_publish(w->a, subject, VISIT_A, tb_span_text("e"), 5000), TB_OK);
    wait_for(atomic_load(&events) == 1);
    tb_subject_text(TB_SUBJECT_ASK, SITE, "*", NULL, subject);
    assert_int_equal(tb_bus_answer(w->site, subject, answer_yes, NULL, &asks), TB_OK);
    tb_subject_text(TB_SUBJECT_STATUS, SITE, "*", NULL, subject);
    assert_int_equal(tb_bus_listen(w->site, subject, count, &beats, &statuses), TB_OK);
    tb_bytes reply = {0};
    tb_subject_text(TB_SUBJECT_ASK, SITE, "gate-a", NULL, subject);
    wait_for(reply.size || tb_bus_request(w->a, subject, tb_span_text("?"), 5000, &reply) == TB_OK);
    assert_int_equal(reply.size, 3);
    tb_bytes_free(&reply);
    tb_subject_text(TB_SUBJECT_STATUS, SITE, "gate-a", NULL, subject);
    assert_int_equal(tb_bus_publish(w->a, subject, tb_span_text("alive")), TB_OK);
    wait_for(atomic_load(&beats) == 1);
    tb_bus_subscription_free(&feed);
    tb_bus_subscription_free(&order);
    tb_bus_subscription_free(&followed);
    tb_bus_subscription_free(&asks);
    tb_bus_subscription_free(&statuses);
}

/* ---- A tries what is not its own, in the broker's own protocol, with its real credentials ---- */

typedef struct thief {
    natsConnection *connection;
    char token[2048];
    tb_key seed;
    atomic_int refused, heard;
} thief;

static natsStatus thief_token(char **token, char **why, void *context)
{
    (void)why;
    *token = strdup(((thief *)context)->token);
    return NATS_OK;
}

static natsStatus thief_signature(char **why, unsigned char **signature, int *size, const char *nonce, void *context)
{
    (void)why;
    *signature = malloc(TB_SIGNATURE_SIZE);
    tb_sign(&((thief *)context)->seed, tb_span_text(nonce), *signature);
    *size = TB_SIGNATURE_SIZE;
    return NATS_OK;
}

static void thief_error(natsConnection *connection, natsSubscription *subscription, natsStatus status, void *context)
{
    (void)connection;
    (void)subscription;
    atomic_fetch_add(&((thief *)context)->refused, status == NATS_NOT_PERMITTED);
}

static void thief_heard(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *context)
{
    (void)connection;
    (void)subscription;
    atomic_fetch_add(&((thief *)context)->heard, 1);
    natsMsg_Destroy(message);
}

static void thief_signs_in(thief *t, const world *w)
{
    natsOptions *o = NULL;
    tb_bytes token = {0};
    tb_key public_key = tb_sign_public(&w->a_seed);
    *t = (thief){.seed = w->a_seed};
    assert_int_equal(tb_trust_terminal(w->trust, "gate-a", &public_key, tb_clock_now(), &token), TB_OK);
    snprintf(t->token, sizeof t->token, "%.*s", (int)token.size, (const char *)token.data);
    tb_bytes_free(&token);
    assert_int_equal(natsOptions_Create(&o), NATS_OK);
    assert_int_equal(natsOptions_SetURL(o, w->server.url), NATS_OK);
    assert_int_equal(natsOptions_SetUserCredentialsCallbacks(o, thief_token, t, thief_signature, t), NATS_OK);
    assert_int_equal(natsOptions_SetErrorHandler(o, thief_error, t), NATS_OK);
    assert_int_equal(natsOptions_SetAllowReconnect(o, false), NATS_OK);
    assert_int_equal(natsConnection_Connect(&t->connection, o), NATS_OK);
    natsOptions_Destroy(o);
}

#define MARK "00000000000000000000000000000000"

static void the_own_mark_can_be_read(void **state)
{
    world *w = *state;
    tb_bytes mark = {0};
    assert_int_equal(tb_bus_feed_mark(w->a, SITE, "gate-a", &mark), TB_NOT_FOUND);
    assert_int_equal(tb_bus_feed_write(w->site, SITE, "gate-a", MARK, 1, tb_span_text("whole")), TB_OK);
    assert_int_equal(tb_bus_feed_write(w->site, SITE, "gate-b", MARK, 1, tb_span_text("whole")), TB_OK);
    assert_int_equal(tb_bus_feed_flush(w->site, 60000), TB_OK);
    assert_int_equal(tb_bus_feed_mark(w->a, SITE, "gate-a", &mark), TB_OK);
    assert_true(tb_bytes_span(&mark).size == 5 && memcmp(mark.data, "whole", 5) == 0);
    tb_bytes_free(&mark);
}

/* of the bucket */
#define A_PART "4"
#define B_PART "13"

static void listening_to_others_is_refused(void **state)
{
    static const char *const subjects[] = {">",
                                           "*.>",
                                           "$KV.>",
                                           "$KV.feed_airport.>",
                                           "$KV.feed_airport.*.>",
                                           "$KV.feed_airport.*.*.>",
                                           "$KV.feed_airport.*.gate-b.>",
                                           "$KV.feed_airport." B_PART ".gate-b.>",
                                           "$KV.feed_airport." B_PART ".gate-b." VISIT_A,
                                           "tb.>",
                                           "tb.airport.event.gate-b",
                                           "tb.airport.event.*",
                                           "tb.airport.ask.gate-b",
                                           "tb.airport.status.*",
                                           "tb.airport.order.gate-b",
                                           "_INBOX.>",
                                           "_INBOX.gate-b.>",
                                           "$JS.>",
                                           "$JS.EVENT.ADVISORY.>",
                                           "$SYS.>",
                                           "_R_.>"};
    world *w = *state;
    thief t;
    thief_signs_in(&t, w);
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        natsSubscription *sub = NULL;
        int before = atomic_load(&t.refused);
        assert_int_equal(natsConnection_Subscribe(&sub, t.connection, subjects[i], thief_heard, &t), NATS_OK);
        (void)natsConnection_FlushTimeout(t.connection, 5000);
        wait_for(atomic_load(&t.refused) > before);
        (void)natsSubscription_Unsubscribe(sub);
        natsSubscription_Destroy(sub);
    }
    assert_int_equal(atomic_load(&t.heard), 0);
    natsConnection_Destroy(t.connection);
}

static void writing_for_others_and_ruling_is_refused(void **state)
{
#define SMALL_STREAM "{\"name\":\"MINE\",\"subjects\":[\"mine.>\"]}"
#define ANY_READER "{\"stream_name\":\"KV_feed_airport-" B_PART "\",\"config\":{\"ack_policy\":\"none\"}}"
    static const char *const tries[][2] = {
        {"tb.airport.event.gate-b", "e"},
        {"tb.airport.ask.gate-b", "?"},
        {"tb.airport.status.gate-b", "s"},
        {"tb.airport.list.gate-b", ""},
        {"tb.airport.order.gate-a", "o"},
        {"tb.airport.order.gate-b", "o"},
        {"$KV.feed_airport." A_PART ".gate-a." VISIT_A, "v"},
        {"$KV.feed_airport." B_PART ".gate-b." VISIT_A, "v"},
        {"$KV.feed_airport." A_PART "._epoch", "e"},
        {"$JS.API.STREAM.PURGE.KV_feed_airport-" B_PART, ""},
        {"$JS.API.STREAM.DELETE.KV_feed_airport-" B_PART, ""},
        {"$JS.API.STREAM.DELETE.EVENTS_airport", ""},
        {"$JS.API.STREAM.UPDATE.EVENTS_airport", "{}"},
        {"$JS.API.STREAM.CREATE.MINE", SMALL_STREAM},
        {"$JS.API.STREAM.INFO.KV_feed_airport-" B_PART, ""},
        {"$JS.API.STREAM.NAMES", ""},
        {"$JS.API.STREAM.MSG.GET.KV_feed_airport-" B_PART, "{\"seq\":1}"},
        {"$JS.API.STREAM.MSG.DELETE.KV_feed_airport-" B_PART, "{\"seq\":1}"},
        {"$JS.API.DIRECT.GET.KV_feed_airport-" B_PART, "{\"seq\":1}"},
        {"$JS.API.DIRECT.GET.KV_feed_airport-" B_PART ".$KV.feed_airport." B_PART ".gate-b." VISIT_A, ""},
        {"$JS.API.DIRECT.GET.KV_feed_airport-" B_PART ".$KV.feed_airport." B_PART ".gate-b." MARK, ""},
        {"$JS.API.DIRECT.GET.EVENTS_airport", "{\"seq\":1}"},
        {"$JS.API.CONSUMER.CREATE.KV_feed_airport-" B_PART, ANY_READER},
        {"$JS.API.CONSUMER.CREATE.KV_feed_airport-" B_PART ".x.$KV.feed_airport." B_PART ".gate-b.>", ANY_READER},
        {"$JS.API.CONSUMER.CREATE.KV_feed_airport-" A_PART ".gate-a.$KV.feed_airport." A_PART ".gate-a.>", ANY_READER},
        {"$JS.API.CONSUMER.DURABLE.CREATE.KV_feed_airport-" B_PART ".x", ANY_READER},
        {"$JS.API.CONSUMER.DELETE.KV_feed_airport-" B_PART ".gate-b", ""},
        {"$JS.API.CONSUMER.MSG.NEXT.KV_feed_airport-" B_PART ".gate-b", "1"},
        {"$JS.API.CONSUMER.MSG.NEXT.EVENTS_airport.teburad", "1"},
        {"$JS.ACK.EVENTS_airport.teburad.1.1.1.1.0", "+ACK"},
        {"$SYS.REQ.CLAIMS.UPDATE", "x"},
        {"$SYS.REQ.SERVER.PING", ""},
        {"anything", "x"}};
    world *w = *state;
    thief t;
    int ready;
    thief_signs_in(&t, w);
    int before_b = values_of(w->b, "gate-b", &ready);
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        int before = atomic_load(&t.refused);
        assert_int_equal(natsConnection_PublishRequest(t.connection, tries[i][0], "_INBOX.gate-a.x", tries[i][1],
                                                       (int)strlen(tries[i][1])),
                         NATS_OK);
        (void)natsConnection_FlushTimeout(t.connection, 5000);
        wait_for(atomic_load(&t.refused) > before);
    }
    assert_int_equal(values_of(w->b, "gate-b", &ready), before_b);
    assert_true(ready);
    natsConnection_Destroy(t.connection);
}

/* NATS lets a request name any reply subject, and answers to it with rights of its own: what a terminal may publish
 * must not become a purge, a deletion, or a message in another's name in the site's account (doc/adr/120). */
static void answers_cannot_be_aimed(void **state)
{
    static const char *const aims[] = {"$JS.API.STREAM.PURGE.KV_feed_airport-" B_PART,
                                       "$JS.API.STREAM.DELETE.KV_feed_airport-" B_PART,
                                       "$JS.API.STREAM.PURGE.EVENTS_airport",
                                       "$JS.API.STREAM.DELETE.EVENTS_airport",
                                       "$KV.feed_airport." B_PART ".gate-b." VISIT_A,
                                       "$KV.feed_airport." A_PART "._epoch",
                                       "$JS.API.STREAM.MSG.DELETE.KV_feed_airport-" B_PART};
    world *w = *state;
    thief t;
    int ready;
    atomic_int forged = 0;
    tb_bus_subscription *asks = NULL, *site_values = NULL;
    char subject[TB_SUBJECT_SIZE];
    thief_signs_in(&t, w);
    int before_a = values_of(w->a, "gate-a", &ready), before_b = values_of(w->b, "gate-b", &ready);
    assert_int_equal(tb_bus_listen(w->site, tb_subject_text(TB_SUBJECT_FEED, SITE, "*", NULL, subject), count, &forged,
                                   &site_values),
                     TB_OK);
    tb_subject_text(TB_SUBJECT_ASK, SITE, "*", NULL, subject);
    assert_int_equal(tb_bus_answer(w->site, subject, answer_yes, NULL, &asks), TB_OK);
    for (size_t i = 0; i < sizeof aims / sizeof *aims; i++) {
        static const char *const asked[] = {
            "tb.airport.event.gate-a",
            "tb.airport.ask.gate-a",
            "tb.airport.list.gate-a",
            "$JS.API.CONSUMER.MSG.NEXT.KV_feed_airport-" A_PART ".gate-a",
            "$JS.API.DIRECT.GET.KV_feed_airport-" A_PART ".$KV.feed_airport." A_PART "._epoch",
            "$JS.API.DIRECT.GET.KV_feed_airport-" A_PART ".$KV.feed_airport." A_PART ".gate-a." MARK};
        for (size_t k = 0; k < sizeof asked / sizeof *asked; k++)
            assert_int_equal(natsConnection_PublishRequest(t.connection, asked[k], aims[i], "", 0), NATS_OK);
    }
    assert_int_equal(natsConnection_FlushTimeout(t.connection, 5000), NATS_OK);
    wait_for(values_of(w->a, "gate-a", &ready) == before_a && ready); /* a full round after all of it */
    assert_int_equal(values_of(w->b, "gate-b", &ready), before_b);
    assert_true(ready);
    assert_int_equal(atomic_load(&forged), 0);
    int lost = 1;
    assert_int_equal(tb_bus_site_open(w->site, SITE, &lost, NULL), TB_OK);
    assert_int_equal(lost, 0);
    tb_bus_subscription_free(&asks);
    tb_bus_subscription_free(&site_values);
    natsConnection_Destroy(t.connection);
}

static tb_status take_event(void *context, const tb_delivery *deliveries, int n)
{
    (void)deliveries;
    atomic_fetch_add((atomic_int *)context, n);
    return TB_OK;
}

static int opened(tb_bus *bus)
{
    int lost;
    return open_site(bus, &lost);
}

static int sent(tb_bus *bus, const char *subject)
{
    return tb_bus_event_publish(bus, subject, VISIT_A, tb_span_text("event"), 1000) == TB_OK;
}

/* nats.c gives up after two refusals. A broker that was begun with another operator's accounts, and then with ours: all
 * that was subscribed goes on, before it, while it refuses, and by who opened meanwhile. */
static void refused_for_a_while_is_not_for_ever(void **state)
{
    (void)state;
    world w = {.a_seed = tb_key_random()};
    tb_key root = tb_key_random(), foreign = tb_key_random();
    tb_trust *other = NULL;
    tb_bytes reply = {0};
    atomic_int events = 0, orders = 0;
    tb_bus_subscription *answers = NULL, *follower = NULL, *orders_of_a = NULL;
    assert_int_equal(tb_trust_new(&root, SITE, &w.trust), TB_OK);
    assert_int_equal(tb_trust_new(&foreign, SITE, &other), TB_OK);
    nats_server_prepare(&w.server);
    write_config(&w, w.trust);
    nats_server_start(&w.server);
    w.site = server(&w, TB_ACCOUNT_SITE);
    w.a = terminal(&w, "gate-a", &w.a_seed);
    wait_for(opened(w.site) && tb_bus_is_connected(w.a));
    assert_int_equal(tb_bus_answer(w.site, "tb.airport.ask.*", answer_yes, NULL, &answers), TB_OK);
    assert_int_equal(tb_bus_events_follow(w.site, SITE, 16, take_event, &events, &follower), TB_OK);
    nats_server_stop(&w.server, 1);
    write_config(&w, other);
    nats_server_start(&w.server);
    wait_for(tb_bus_is_over(w.site) && tb_bus_is_over(w.a));
    assert_int_equal(tb_bus_listen(w.a, "tb.airport.order.gate-a", count, &orders, &orders_of_a), TB_OK);
    assert_int_equal(tb_bus_feed_flush(w.site, 100), TB_BUS_DOWN); /* B1 */
    nats_server_stop(&w.server, 1);
    write_config(&w, w.trust);
    nats_server_start(&w.server);
    wait_for(tb_bus_is_connected(w.site) && tb_bus_is_connected(w.a));
    assert_int_equal(tb_bus_feed_flush(w.site, 100), TB_BUS_DOWN); /* B1: not within the connection of site_open */
    wait_for(opened(w.site));
    assert_int_equal(tb_bus_feed_flush(w.site, 60000), TB_OK);
    wait_for(sent(w.a, "tb.airport.event.gate-a"));
    wait_for(atomic_load(&events) == 1);
    wait_for(tb_bus_request(w.a, "tb.airport.ask.gate-a", tb_span_text("?"), 1000, &reply) == TB_OK);
    assert_int_equal(tb_bus_publish(w.site, "tb.airport.order.gate-a", tb_span_text("order")), TB_OK);
    wait_for(atomic_load(&orders) == 1);
    tb_bytes_free(&reply);
    tb_bus_subscription_free(&orders_of_a);
    tb_bus_subscription_free(&follower);
    tb_bus_subscription_free(&answers);
    tb_bus_free(&w.a);
    tb_bus_free(&w.site);
    nats_server_end(&w.server);
    tb_trust_free(&other);
    tb_trust_free(&w.trust);
}

static void strangers_do_not_get_in(void **state)
{
    world *w = *state;
    tb_bus *bus = NULL;
    assert_int_equal(tb_bus_open(&(tb_bus_options){.url = w->server.url}, &bus, NULL), TB_OK); /* no credentials */
    tb_trust *other = NULL, *ours = w->trust;
    tb_key root = tb_key_random(), seed = tb_key_random();
    assert_int_equal(tb_trust_new(&root, SITE, &other), TB_OK);
    w->trust = other; /* another operator's */
    tb_bus *foreign = terminal(w, "gate-a", &seed);
    w->trust = ours;
    tb_bytes token = {0};
    tb_key public_key = tb_sign_public(&w->a_seed);
    assert_int_equal(tb_trust_terminal(w->trust, "gate-a", &public_key, tb_clock_now(), &token), TB_OK);
    tb_bus *thieves = signed_in(w, &token, &seed, "_INBOX.gate-a"); /* A's token without A's key */
    pause_ms(500);
    assert_false(tb_bus_is_connected(bus));
    assert_false(tb_bus_is_connected(foreign));
    assert_false(tb_bus_is_connected(thieves));
    tb_bytes_free(&token);
    tb_bus_free(&bus);
    tb_bus_free(&foreign);
    tb_bus_free(&thieves);
    tb_trust_free(&other);
}

static void revoked_is_cut_off_at_once_and_for_ever(void **state)
{
    world *w = *state;
    tb_bus *operator_bus = server(w, TB_ACCOUNT_SYSTEM);
    tb_bytes token = {0};
    /* by a server whose clock is behind that of the one that registered it */
    tb_revoked revoked = {.broker_key = tb_sign_public(&w->a_seed), .at = tb_clock_now() - 10 * TB_MINUTE};
    wait_for(tb_bus_is_connected(operator_bus));
    assert_int_equal(tb_trust_account(w->trust, TB_ACCOUNT_TERMINALS, &revoked, 1, tb_clock_now(), &token), TB_OK);
    assert_int_equal(tb_bytes_append(&token, tb_span_of("", 1)), TB_OK);
    int64_t begun = tb_clock_monotonic();
    assert_int_equal(tb_bus_account_push(operator_bus, (const char *)token.data, 5000), TB_OK);
    wait_for(!tb_bus_is_connected(w->a));
    print_message("cut off after %.1f ms\n", (double)(tb_clock_monotonic() - begun) / 1000);
    tb_bus *again = terminal(w, "gate-a", &w->a_seed);
    pause_ms(700);
    assert_false(tb_bus_is_connected(w->a));
    assert_false(tb_bus_is_connected(again));
    int ready;
    assert_true(tb_bus_is_connected(w->b)); /* nobody else noticed */
    wait_for(values_of(w->b, "gate-b", &ready) > 0);
    tb_key fresh = tb_key_random();
    tb_bus *anew = terminal(w, "gate-a", &fresh); /* registered anew, T2 */
    wait_for(tb_bus_is_connected(anew));
    assert_int_equal(tb_bus_account_push(w->site, (const char *)token.data, 1000) == TB_OK, 0); /* the operator alone */
    tb_bytes_free(&token);
    tb_bus_free(&again);
    tb_bus_free(&anew);
    tb_bus_free(&operator_bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(own_ways_work),
                                       cmocka_unit_test(the_own_mark_can_be_read),
                                       cmocka_unit_test(listening_to_others_is_refused),
                                       cmocka_unit_test(writing_for_others_and_ruling_is_refused),
                                       cmocka_unit_test(answers_cannot_be_aimed),
                                       cmocka_unit_test(strangers_do_not_get_in),
                                       cmocka_unit_test(refused_for_a_while_is_not_for_ever),
                                       cmocka_unit_test(revoked_is_cut_off_at_once_and_for_ever)};
    if (!nats_server_available()) {
        puts("skipped: there is no nats-server on this machine");
        return 77;
    }
    return cmocka_run_group_tests(tests, begin, end);
}
