/* bus.h: NATS as the rest of the code sees it: a connection that comes back by itself, the feed bucket, the event
 * stream, requests. Bodies are opaque (sealed) bytes here.
 *
 * Invariants
 *  B1  feed_flush and feed_ready answer TB_OK only within the connection in which site_open succeeded: what was
 *      written to a broker that has restarted since is never taken for written.
 *  B2  A snapshot is *ready only when the same epoch mark stood in the bucket before and after it was read.
 *  B3  An event is acknowledged only after `apply` returned TB_OK, and later events wait for it: order is kept.
 *  B4  Of several that follow a site's events the one that began last has them alone.
 *
 * Threads: all calls are safe from any thread. Callbacks run on threads of the bus, as said with each; no callback runs
 * any more once tb_bus_subscription_free (or tb_bus_free) has returned, so neither may be called from a callback. A
 * waiting call may be made from any callback. */
#ifndef TEBURA_BUS_H
#define TEBURA_BUS_H

#include <tebura/crypto.h>

typedef struct tb_bus tb_bus;
typedef struct tb_bus_subscription tb_bus_subscription;

/* The inbox of a terminal: its alone to listen to. %s is the touchpoint. */
#define TB_INBOX_FORM "_INBOX.%s"

typedef struct tb_bus_options {
    const char *url;  /* "nats://127.0.0.1:4222[,...]" */
    const char *name; /* for the broker's own monitoring */
    /* Who we are to a broker that asks (trust.h): a signed claim and the private key of which it speaks. Copied; NULL:
     * only what the URL says. */
    const char *token;
    const tb_key *seed;
    /* A certificate authority (PEM) that the broker's certificate may be of, beside those of this machine: TLS or
     * nothing. NULL: as the URL says, and then by the authorities of this machine. */
    const char *authority;
    const char *inbox; /* prefix of the subjects that answers come to; NULL: the library's, "_INBOX" */
    int replicas; /* copies of bucket and stream, 1 to 5; 0: three when there are three servers or more, else one */
    /* Called when the connection is made (1) or lost (0), one at a time, from a thread of its own: it may wait. A
     * connection that was lost and made again in the meantime is always told as 0, then 1. May be NULL. */
    void (*connected)(void *context, int connected);
    void *context;
} tb_bus_options;

/* Returns at once (a host that swallows packets costs 2 s); connects in the background and for ever.
 * TB_INVALID_ARGUMENT, TB_NO_MEMORY. */
tb_status tb_bus_open(const tb_bus_options *options, tb_bus **out, tb_error *why) TB_MUST_CHECK;
void tb_bus_free(tb_bus **bus);
/* Is every address (of a broker or an HTTP server, separated by commas) on loopback or spoken to with TLS? */
int tb_bus_url_is_safe(const char *urls);
int tb_bus_is_connected(const tb_bus *bus);
/* The broker has turned our credentials away twice in a row. It is asked again every five seconds, with all that was
 * subscribed. */
int tb_bus_is_over(const tb_bus *bus);

/* Subjects and names of a site, in one place. `out` holds TB_SUBJECT_SIZE. */
#define TB_SUBJECT_SIZE 192
typedef enum tb_subject {
    TB_SUBJECT_EVENT,
    TB_SUBJECT_ASK,
    TB_SUBJECT_STATUS,
    TB_SUBJECT_LIST,  /* "let me read my list": between the two ends of the bus */
    TB_SUBJECT_ORDER, /* from the server to one terminal */
    TB_SUBJECT_FEED
} tb_subject;
/* touchpoint "*" or ">" for all. FEED gives "$KV.feed_<site>.<part>.<touchpoint>.<visit>"; visit NULL = ">". Returns
 * `out`, which is "" when a token is not of its form (site [a-z0-9_]{1,24}, touchpoint [a-z0-9-]{1,32}, visit 32 hex
 * digits); every call refuses "". */
const char *tb_subject_text(tb_subject kind, const char *site, const char *touchpoint, const char *visit, char *out);
/* The key "<touchpoint>.<visit>" inside a feed subject (what a feed value is sealed `about`); NULL when it is no feed
 * subject. */
const char *tb_subject_key(const char *subject);
/* The touchpoint inside an event, ask or status subject; NULL when it is none. */
const char *tb_subject_touchpoint(const char *subject);

/* ---- server side ---- */
/* Makes bucket (memory) and event stream (file) where they are missing. *lost = 1 when the bucket was made anew or
 * holds no epoch: its content must be written again, then tb_bus_feed_ready. Waits up to some seconds. TB_BUS_DOWN,
 * TB_TIMEOUT, TB_DISK_FULL (the broker has no room). One site per connection on the server's side; the calls below
 * refuse another. From then on this bus lets terminals read their lists (tb_bus_feed_snapshot). */
tb_status tb_bus_site_open(tb_bus *bus, const char *site, int *lost, tb_error *why) TB_MUST_CHECK;
/* Writes one value (`present` 1) or purges the key (0; the body still travels, so that the sequence number is seen).
 * Many may be in flight: tb_bus_feed_flush waits until the broker has acknowledged all. */
tb_status tb_bus_feed_write(tb_bus *bus, const char *site, const char *touchpoint, const char *visit, int present,
                            tb_span sealed) TB_MUST_CHECK;
tb_status tb_bus_feed_flush(tb_bus *bus,
                            int wait_ms) TB_MUST_CHECK; /* TB_TIMEOUT, TB_BUS_DOWN: some may be missing, write again */
tb_status tb_bus_feed_ready(tb_bus *bus, const char *site) TB_MUST_CHECK;
/* *whole 0: the bucket has lost something that it acknowledged (a cluster's memory went with too many of its servers):
 * tb_bus_feed_reset, and everything again. TB_BUS_DOWN, TB_TIMEOUT: not known now. */
tb_status tb_bus_feed_whole(tb_bus *bus, const char *site, int *whole) TB_MUST_CHECK;
/* Another server has written, or may from here on: what the bucket acknowledged to us says nothing about what it has to
 * hold (feed_whole). */
void tb_bus_feed_yield(tb_bus *bus);
/* Empties the bucket, epoch first: for a server that starts with a database of which the bucket knows nothing. */
tb_status tb_bus_feed_reset(tb_bus *bus, const char *site) TB_MUST_CHECK;
/* Removes purge markers that are older than `seconds`, so that they do not pile up for ever; *removed counts them. A
 * terminal that misses one takes a snapshot (its sequence number has a gap). */
tb_status tb_bus_feed_sweep(tb_bus *bus, const char *site, int seconds, int *removed) TB_MUST_CHECK;

typedef struct tb_delivery {
    char subject[TB_SUBJECT_SIZE];
    char id[64];  /* message id, "" when none */
    int purge;    /* feed: the key was purged */
    tb_span body; /* borrowed until the callback returns (events: until acknowledged) */
    void *handle; /* of the bus */
} tb_delivery;
/* Events come in batches of up to `batch` (1..1000): apply all in one transaction, return TB_OK to have them
 * acknowledged; any other status has the same batch brought again, after 0.1 s, then ever later up to 5 s. One thread.
 * A batch that was applied but whose acknowledgement got lost comes again: apply is idempotent by id. Works from the
 * moment the broker and the stream are there. */
typedef tb_status (*tb_bus_events_fn)(void *context, const tb_delivery *deliveries, int count);
tb_status tb_bus_events_follow(tb_bus *bus, const char *site, int batch, tb_bus_events_fn apply, void *context,
                               tb_bus_subscription **out) TB_MUST_CHECK;
/* Microseconds since the broker last answered about our place in the stream, or since following began: beyond some
 * seconds nothing is followed. */
int64_t tb_bus_events_age(const tb_bus_subscription *following);
/* Does the broker, or what is left of a cluster, answer for the site's events? TB_OK also when there are none yet. */
tb_status tb_bus_events_ask(tb_bus *bus, const char *site) TB_MUST_CHECK;
/* Answers requests; `reply` is appended to by the callback; TB_OK sends it, another status is sent instead of it and
 * becomes the requester's. Several threads (TB_BUS_ANSWER_THREADS) may call at once. */
#define TB_BUS_ANSWER_THREADS 4
typedef tb_status (*tb_bus_answer_fn)(void *context, const tb_delivery *request, tb_bytes *reply);
tb_status tb_bus_answer(tb_bus *bus, const char *subject, tb_bus_answer_fn answer, void *context,
                        tb_bus_subscription **out) TB_MUST_CHECK;
/* A plain subscription: what nobody listened to is gone, and so is what comes while more than 65536 messages wait
 * (logged). One thread per subscription, messages in order. */
typedef void (*tb_bus_message_fn)(void *context, const tb_delivery *message);
tb_status tb_bus_listen(tb_bus *bus, const char *subject, tb_bus_message_fn handle, void *context,
                        tb_bus_subscription **out) TB_MUST_CHECK;
void tb_bus_subscription_free(tb_bus_subscription **subscription);

/* ---- terminal side ---- */
/* Everything now in the bucket for this touchpoint (purge markers too), then *ready tells whether the server has
 * finished writing the bucket: only then does absence mean "not on the list". Subscribe (tb_bus_listen) first, then
 * call this: what changes meanwhile arrives there. `handle` runs on the caller's thread. The reader is made by a
 * server's bus (doc/adr/120), and the last one counts: one snapshot of a touchpoint at a time. TB_NOT_FOUND: no bucket
 * yet, or no server; TB_BUS_DOWN, TB_TIMEOUT: it was not whole. */
tb_status tb_bus_feed_snapshot(tb_bus *bus, const char *site, const char *touchpoint, tb_bus_message_fn handle,
                               void *context, int *ready) TB_MUST_CHECK;
/* The last mark of this touchpoint's list that the broker holds (message.h), as it was sealed, added to `sealed`.
 * TB_NOT_FOUND: none, or no bucket; TB_BUS_DOWN, TB_TIMEOUT. */
tb_status tb_bus_feed_mark(tb_bus *bus, const char *site, const char *touchpoint, tb_bytes *sealed) TB_MUST_CHECK;
/* TB_OK only when the stream has stored it (JetStream acknowledgement; a repeated id is stored once). TB_BUS_DOWN
 * (also: no such stream yet), TB_TIMEOUT, TB_DISK_FULL: try again later with the same id. */
tb_status tb_bus_event_publish(tb_bus *bus, const char *subject, const char *id, tb_span body,
                               int wait_ms) TB_MUST_CHECK;
/* TB_BUS_DOWN when nobody answers requests there, TB_TIMEOUT, or what the answering side returned. `reply` is then
 * unchanged. */
tb_status tb_bus_request(tb_bus *bus, const char *subject, tb_span body, int wait_ms, tb_bytes *reply) TB_MUST_CHECK;
tb_status tb_bus_publish(tb_bus *bus, const char *subject, tb_span body) TB_MUST_CHECK;
/* Waits until the broker has taken everything that was published so far. TB_BUS_DOWN, TB_TIMEOUT. */
tb_status tb_bus_flush(tb_bus *bus, int wait_ms) TB_MUST_CHECK;

/* ---- the operator's side ---- */
/* Makes the broker believe a newer claim about an account (trust.h), at once: whoever it revokes is cut off. Over a
 * bus that is signed in to the system account. TB_UNSUPPORTED: this broker does not know such claims; TB_REFUSED: not
 * from us; TB_BUS_DOWN, TB_TIMEOUT. */
tb_status tb_bus_account_push(tb_bus *bus, const char *token, int wait_ms) TB_MUST_CHECK;

#endif
