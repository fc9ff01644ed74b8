/* peer.c: the floor below the feed: the broker and its client library alone. For each passage a message of an event's
 * size goes into a stream on disk; whoever reads that puts five values of an entry's size into a bucket in memory, each
 * under a key of its own, for five plain subscribers. No seals, no databases, no lists. */
#include "feed/feed.h"

#include <nats/nats.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/tls.h>

#include "nats_server.h"

enum { EVENT_BYTES = 200, ENTRY_BYTES = 760, PATIENCE = 30, SUBSCRIBERS_MAX = 1024 };

typedef struct passage {
    int64_t due;
    _Atomic int64_t when[FEED_DOORS];
} passage;

typedef struct subscriber {
    struct peer *peer;
    int door;
    natsConnection *connection;
    natsSubscription *subscription;
} subscriber;

typedef struct peer {
    int count; /* of passages */
    passage *passages;
    jsCtx *put;
    subscriber *subscribers;
    int subscriber_count;
    pid_t broker;
} peer;

static void need(natsStatus s, const char *what)
{
    if (s == NATS_OK)
        return;
    feed_give_up("%s: %s", what, natsStatus_GetText(s));
}

/* TLS as the feed's, with an authority made for it. */
static char authority[8192];
static void use_tls(nats_server *server)
{
    tb_key root = tb_key_random();
    tb_bytes pem = {0}, certificate = {0}, key = {0}, config = {0};
    tb_error why = {0};
    char path[128];
    feed_need(tb_tls_authority(&root, tb_clock_now(), &pem, &why), &why, "an authority");
    feed_need(tb_tls_certificate(&root, "127.0.0.1", tb_clock_now(), 2, &certificate, &key, &why), &why,
              "a certificate");
    snprintf(authority, sizeof authority, "%.*s", (int)pem.size, (const char *)pem.data);
    snprintf(path, sizeof path, "%s/cert.pem", server->directory);
    feed_need(tb_file_write(path, tb_bytes_span(&certificate), &why), &why, path);
    snprintf(path, sizeof path, "%s/key.pem", server->directory);
    feed_need(tb_file_write(path, tb_bytes_span(&key), &why), &why, path);
    feed_need(tb_bytes_print(&config,
                             "jetstream: enabled\ntls {\n  cert_file: \"%1$s/cert.pem\"\n"
                             "  key_file: \"%1$s/key.pem\"\n  timeout: 5\n}\n",
                             server->directory),
              NULL, "a configuration");
    snprintf(server->config, sizeof server->config, "%s/nats.conf", server->directory);
    feed_need(tb_file_write(server->config, tb_bytes_span(&config), &why), &why, server->config);
    snprintf(server->url, sizeof server->url, "tls://127.0.0.1:%d", server->port);
    tb_bytes_free(&pem);
    tb_bytes_free(&certificate);
    tb_bytes_free(&key);
    tb_bytes_free(&config);
}

static natsConnection *connect_to(const nats_server *server)
{
    natsOptions *options;
    natsConnection *connection;
    need(natsOptions_Create(&options), "options");
    need(natsOptions_SetURL(options, server->url), "address");
    need(natsOptions_SetSendAsap(options, true), "options");
    need(natsOptions_SetSecure(options, true), "options");
    need(natsOptions_SetCATrustedCertificates(options, authority), "options");
    need(natsConnection_Connect(&connection, options), "the peer's broker");
    natsOptions_Destroy(options);
    return connection;
}

static void make_stream(jsCtx *js, const char *name, const char *subjects, jsStorageType storage)
{
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = name;
    config.Subjects = &subjects;
    config.SubjectsLen = 1;
    config.Storage = storage;
    if (storage == js_MemoryStorage)
        config.MaxMsgsPerSubject = 1;
    natsStatus s = NATS_TIMEOUT;
    /* it opens its port first */
    for (int tries = 0; tries < 50 && (s == NATS_TIMEOUT || s == NATS_NO_RESPONDERS); tries++)
        s = js_AddStream(NULL, js, &config, NULL, NULL);
    need(s, name);
}

/* The value says which passage it belongs to. */
static void on_value(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *context)
{
    const subscriber *s = context;
    int number;
    (void)connection, (void)subscription;
    memcpy(&number, natsMsg_GetData(message), sizeof number);
    if (number >= 0 && number < s->peer->count)
        atomic_store(&s->peer->passages[number].when[s->door], tb_clock_monotonic());
    natsMsg_Destroy(message);
}

/* Five puts, and then the event is done with. */
static void on_event(natsConnection *connection, natsSubscription *subscription, natsMsg *message, void *context)
{
    peer *p = context;
    char entry[ENTRY_BYTES] = {0}, subject[96];
    int number;
    (void)connection, (void)subscription;
    memcpy(&number, natsMsg_GetData(message), sizeof number);
    memcpy(entry, &number, sizeof number);
    for (int d = 0; d < FEED_DOORS; d++) {
        int room = number % (p->subscriber_count / FEED_DOORS);
        snprintf(subject, sizeof subject, "$KV.floor.room-%d.%032d", room * FEED_DOORS + d, number);
        (void)js_PublishAsync(p->put, subject, entry, sizeof entry, NULL);
    }
    (void)natsMsg_Ack(message, NULL);
    natsMsg_Destroy(message);
}

static json_t *at_rate(peer *p, jsCtx *js, int rate, int count)
{
    char event[EVENT_BYTES] = {0};
    int64_t *moments = calloc((size_t)count, sizeof *moments);
    double *ms = calloc((size_t)count, sizeof *ms);
    feed_need(moments && ms ? TB_OK : TB_NO_MEMORY, NULL, "times");
    feed_moments(rate, count, moments);
    feed_work used = {.broker = feed_processor(p->broker), .terminals = feed_processor(getpid())};
    p->count = count;
    memset(p->passages, 0, (size_t)count * sizeof *p->passages);
    int64_t begin = tb_clock_monotonic() + TB_SECOND / 5;
    for (int i = 0; i < count; i++) {
        p->passages[i].due = begin + moments[i];
        feed_sleep_until(p->passages[i].due);
        memcpy(event, &i, sizeof i);
        need(js_PublishAsync(js, "floor.event", event, sizeof event, NULL), "an event");
    }
    int64_t until = tb_clock_monotonic() + PATIENCE * TB_SECOND;
    for (int i = 0; i < count; i++) {
        int64_t last = 0;
        for (int d = 0; d < FEED_DOORS; d++) {
            int64_t when;
            while (!(when = atomic_load(&p->passages[i].when[d])) && tb_clock_monotonic() < until)
                usleep(2000);
            when = when ? when : tb_clock_monotonic(); /* what did not come counts with the wait for it */
            last = when > last ? when : last;
        }
        ms[i] = (double)(last - p->passages[i].due) / 1000;
    }
    spread s = spread_of(ms, count);
    feed_work work = {.terminals = feed_processor(getpid()) - used.terminals,
                      .broker = feed_processor(p->broker) - used.broker};
    fprintf(stderr, "%8d %8d %9.1f %9.1f %9.1f %10.2f %10.2f\n", rate, count, s.p50, s.p99, s.most,
            work.broker * 1e3 / count, work.terminals * 1e3 / count);
    free(moments);
    free(ms);
    return json_pack("{s:i, s:o, s:{s:f, s:f}}", "rate", rate, "ms", spread_json(&s), "processor_ms", "broker",
                     work.broker * 1e3 / count, "clients", work.terminals * 1e3 / count);
}

static void subscribe_all(peer *p, const nats_server *server, int count)
{
    p->subscriber_count = count;
    p->subscribers = calloc((size_t)count, sizeof *p->subscribers);
    feed_need(p->subscribers ? TB_OK : TB_NO_MEMORY, NULL, "subscribers");
    for (int i = 0; i < count; i++) {
        char subject[64];
        subscriber *s = &p->subscribers[i];
        *s = (subscriber){.peer = p, .door = i % FEED_DOORS, .connection = connect_to(server)};
        snprintf(subject, sizeof subject, "$KV.floor.room-%d.>", i);
        need(natsConnection_Subscribe(&s->subscription, s->connection, subject, on_value, s), "a subscriber");
    }
}

json_t *feed_peer(const feed_options *options, const feed_site *site)
{
    nats_server server;
    peer p = {0};
    jsCtx *js;
    natsSubscription *events;
    json_t *out = json_array();
    int most = 0;
    for (int i = 0; i < options->rate_count; i++)
        most = options->rates[i] > most ? options->rates[i] : most;
    p.passages = calloc((size_t)(most * options->seconds), sizeof *p.passages);
    feed_need(p.passages ? TB_OK : TB_NO_MEMORY, NULL, "passages");
    nats_server_prepare(&server);
    use_tls(&server);
    nats_server_start(&server);
    p.broker = server.pid;
    natsConnection *sender = connect_to(&server), *reader = connect_to(&server);
    need(natsConnection_JetStream(&js, sender, NULL), "JetStream");
    need(natsConnection_JetStream(&p.put, reader, NULL), "JetStream");
    make_stream(js, "FLOOR", "floor.event", js_FileStorage);
    make_stream(js, "KV_floor", "$KV.floor.>", js_MemoryStorage);
    int count = site->rooms * FEED_DOORS;
    subscribe_all(&p, &server, count < SUBSCRIBERS_MAX ? count : SUBSCRIBERS_MAX / FEED_DOORS * FEED_DOORS);
    need(js_Subscribe(&events, p.put, "floor.event", on_event, &p, NULL, NULL, NULL), "the peer's events");
    fprintf(stderr,
            "\nfloor: the same through the broker alone, %d plain subscribers, TLS (processor ms a passage)\n"
            "%8s %8s %9s %9s %9s %10s %10s\n",
            p.subscriber_count, "rate/s", "number", "p50 ms", "p99 ms", "max ms", "broker ms", "clients");
    for (int i = 0; i < options->rate_count; i++)
        json_array_append_new(out, at_rate(&p, js, options->rates[i], options->rates[i] * options->seconds));
    natsSubscription_Destroy(events);
    for (int i = 0; i < p.subscriber_count; i++) {
        natsSubscription_Destroy(p.subscribers[i].subscription);
        natsConnection_Destroy(p.subscribers[i].connection);
    }
    jsCtx_Destroy(js);
    jsCtx_Destroy(p.put);
    natsConnection_Destroy(sender);
    natsConnection_Destroy(reader);
    nats_server_end(&server);
    free(p.subscribers);
    free(p.passages);
    return out;
}
