/* peer.c: the floor below the feed: the broker and its client library alone. For each passage a message of an event's
 * size goes into a stream on disk; whoever reads that puts five values of an entry's size into a bucket in memory, each
 * under a key of its own, for five plain subscribers. No seals, no databases, no lists. */
#include "feed/feed.h"

#include <nats/nats.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
} peer;

static void need(natsStatus s, const char *what)
{
    if (s == NATS_OK)
        return;
    fprintf(stderr, "bench_feed: %s: %s\n", what, natsStatus_GetText(s));
    exit(1);
}

static natsConnection *connect_to(const nats_server *server)
{
    natsOptions *options;
    natsConnection *connection;
    need(natsOptions_Create(&options), "options");
    need(natsOptions_SetURL(options, server->url), "address");
    need(natsOptions_SetSendAsap(options, true), "options");
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
    need(js_AddStream(NULL, js, &config, NULL, NULL), name);
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
            feed_need(when ? TB_OK : TB_TIMEOUT, NULL, "the peer's value");
            last = when > last ? when : last;
        }
        ms[i] = (double)(last - p->passages[i].due) / 1000;
    }
    spread s = spread_of(ms, count);
    fprintf(stderr, "%8d %8d %9.1f %9.1f %9.1f\n", rate, count, s.p50, s.p99, s.most);
    free(moments);
    free(ms);
    return json_pack("{s:i, s:o}", "rate", rate, "ms", spread_json(&s));
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
    nats_server_start(&server);
    natsConnection *sender = connect_to(&server), *reader = connect_to(&server);
    need(natsConnection_JetStream(&js, sender, NULL), "JetStream");
    need(natsConnection_JetStream(&p.put, reader, NULL), "JetStream");
    make_stream(js, "FLOOR", "floor.event", js_FileStorage);
    make_stream(js, "KV_floor", "$KV.floor.>", js_MemoryStorage);
    int count = site->rooms * FEED_DOORS;
    subscribe_all(&p, &server, count < SUBSCRIBERS_MAX ? count : SUBSCRIBERS_MAX / FEED_DOORS * FEED_DOORS);
    need(js_Subscribe(&events, p.put, "floor.event", on_event, &p, NULL, NULL, NULL), "the peer's events");
    fprintf(stderr, "\nfloor: the same through the broker alone, %d plain subscribers\n%8s %8s %9s %9s %9s\n",
            p.subscriber_count, "rate/s", "number", "p50 ms", "p99 ms", "max ms");
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
