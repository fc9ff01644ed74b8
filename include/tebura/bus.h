/* bus.h: NATS as the rest of the code sees it: a connection that comes back by itself, the feed bucket, the event
 * stream, requests. Bodies are opaque (sealed) bytes here. */
#ifndef TEBURA_BUS_H
#define TEBURA_BUS_H

#include <tebura/bytes.h>

typedef struct tb_bus tb_bus;
typedef struct tb_bus_subscription tb_bus_subscription;

typedef struct tb_bus_options {
    const char *url;   /* "nats://127.0.0.1:4222[,...]" */
    const char *name;  /* for the broker's own monitoring */
    /* Called from a thread of the bus when the connection is made (1) or lost (0). May be NULL. */
    void (*connected)(void *context, int connected);
    void *context;
} tb_bus_options;

/* Returns at once; connects in the background and for ever. TB_INVALID_ARGUMENT, TB_NO_MEMORY. */
tb_status tb_bus_open(const tb_bus_options *options, tb_bus **out, tb_error *why) TB_MUST_CHECK;
void tb_bus_free(tb_bus **bus);
int tb_bus_is_connected(const tb_bus *bus);

/* Subjects and names of a site, in one place. `out` holds TB_SUBJECT_SIZE. */
#define TB_SUBJECT_SIZE 192
typedef enum tb_subject { TB_SUBJECT_EVENT, TB_SUBJECT_ASK, TB_SUBJECT_STATUS, TB_SUBJECT_FEED } tb_subject;
/* touchpoint "*" or ">" for all. FEED gives "$KV.feed_<site>.<touchpoint>.<visit>"; visit NULL = ">" . */
const char *tb_subject_text(tb_subject kind, const char *site, const char *touchpoint, const char *visit, char *out);

/* ---- server side ---- */
/* Makes bucket (memory) and event stream (file) where they are missing. *lost = 1 when the bucket was made anew or holds no
 * epoch: its content must be written again, then tb_bus_feed_ready. */
tb_status tb_bus_site_open(tb_bus *bus, const char *site, int *lost, tb_error *why) TB_MUST_CHECK;
/* Writes one value (`present` 1) or purges the key (0; the body still travels, so that the sequence number is seen). Many may
 * be in flight: tb_bus_feed_flush waits until the broker has acknowledged all. */
tb_status tb_bus_feed_write(tb_bus *bus, const char *site, const char *touchpoint, const char *visit, int present, tb_span sealed) TB_MUST_CHECK;
tb_status tb_bus_feed_flush(tb_bus *bus, int wait_ms) TB_MUST_CHECK; /* TB_TIMEOUT, TB_BUS_DOWN: some may be missing, write again */
tb_status tb_bus_feed_ready(tb_bus *bus, const char *site) TB_MUST_CHECK;

typedef struct tb_delivery {
    char subject[TB_SUBJECT_SIZE];
    char id[64];    /* message id, "" when none */
    int purge;      /* feed: the key was purged */
    tb_span body;   /* borrowed until the callback returns (events: until acknowledged) */
    void *handle;   /* of the bus */
} tb_delivery;
/* Events come in batches of up to `batch`: apply all in one transaction, return TB_OK to have them acknowledged; any
 * other status leaves them for redelivery. One thread. */
typedef tb_status (*tb_bus_events_fn)(void *context, const tb_delivery *deliveries, int count);
tb_status tb_bus_events_follow(tb_bus *bus, const char *site, int batch, tb_bus_events_fn apply, void *context,
                               tb_bus_subscription **out) TB_MUST_CHECK;
/* Answers requests; `reply` is appended to by the callback; TB_OK sends it. Several threads may call at once. */
typedef tb_status (*tb_bus_answer_fn)(void *context, const tb_delivery *request, tb_bytes *reply);
tb_status tb_bus_answer(tb_bus *bus, const char *subject, tb_bus_answer_fn answer, void *context, tb_bus_subscription **out) TB_MUST_CHECK;
typedef void (*tb_bus_message_fn)(void *context, const tb_delivery *message);
tb_status tb_bus_listen(tb_bus *bus, const char *subject, tb_bus_message_fn handle, void *context, tb_bus_subscription **out) TB_MUST_CHECK;
void tb_bus_subscription_free(tb_bus_subscription **subscription);

/* ---- terminal side ---- */
/* Everything now in the bucket for this touchpoint (purge markers too), then *ready tells whether the server has finished
 * writing the bucket: only then does absence mean "not on the list". TB_NOT_FOUND: no bucket yet. */
tb_status tb_bus_feed_snapshot(tb_bus *bus, const char *site, const char *touchpoint, tb_bus_message_fn handle, void *context, int *ready) TB_MUST_CHECK;
/* TB_OK only when the stream has stored it (JetStream acknowledgement). TB_BUS_DOWN, TB_TIMEOUT. */
tb_status tb_bus_event_publish(tb_bus *bus, const char *subject, const char *id, tb_span body, int wait_ms) TB_MUST_CHECK;
tb_status tb_bus_request(tb_bus *bus, const char *subject, tb_span body, int wait_ms, tb_bytes *reply) TB_MUST_CHECK;
tb_status tb_bus_publish(tb_bus *bus, const char *subject, tb_span body) TB_MUST_CHECK;

#endif
