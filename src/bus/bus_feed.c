/* bus_feed.c: the server's side of the feed: a JetStream key-value bucket in memory, one value per key.
 *
 * Values are published many at a time; each carries a reply subject, on which the broker acknowledges it. A flush waits
 * for all of them. B1: a flush counts only in the connection in which the site was opened; after a reconnect the broker
 * may be another one that has forgotten everything. The epoch mark `_epoch` is written last: without it the bucket is
 * not believed. */
#include "bus/bus_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>

#define IN_FLIGHT_MOST 4096
#define IN_FLIGHT_WAIT 2000 /* ms */

/* ---- acknowledgements ---- */

/* {"stream":"...","seq":7}: *number is the place in the stream. */
static int is_stored(natsMsg *ack, uint64_t *number)
{
    int size = natsMsg_GetDataLength(ack);
    const char *body = natsMsg_GetData(ack), *at = size > 0 ? memmem(body, (size_t)size, "\"seq\":", 6) : NULL;
    if (natsMsg_IsNoResponders(ack) || !at || memmem(body, (size_t)size, "\"error\"", 7))
        return 0;
    for (at += 6; at < body + size && *at >= '0' && *at <= '9'; at++)
        *number = *number * 10 + (uint64_t)(*at - '0');
    return 1;
}

/* On the subscription's own thread. */
static void on_ack(natsConnection *connection, natsSubscription *subscription, natsMsg *ack, void *context)
{
    (void)connection;
    (void)subscription;
    tb_bus *bus = context;
    uint64_t round = 0, number = 0;
    int part = 0, stored = is_stored(ack, &number);
    const char *about = natsMsg_GetSubject(ack) + strlen(bus->flight.inbox); /* it does not change */
    int known = sscanf(about, ".%" SCNu64 ".%d", &round, &part) == 2 && part >= 0 && part < BUS_PARTS;
    natsMsg_Destroy(ack);
    pthread_mutex_lock(&bus->lock);
    if (known && round == bus->flight.round) { /* a late one may be of a bucket that is no more */
        if (stored && number > bus->stored[part])
            bus->stored[part] = number;
        bus->flight.stored += stored;
        bus->flight.failed += !stored;
        pthread_cond_broadcast(&bus->changed);
    }
    pthread_mutex_unlock(&bus->lock);
}

/* Subscribes to the acknowledgements once per bus; the subscription outlives reconnects. */
natsStatus bus_feed_listen(tb_bus *bus)
{
    natsInbox *inbox = NULL;
    char subject[TB_SUBJECT_SIZE];
    BUS_WAY(bus);
    pthread_mutex_lock(&bus->lock);
    natsStatus s = bus->flight.acks ? NATS_OK : natsInbox_Create(&inbox);
    if (inbox) {
        snprintf(bus->flight.inbox, sizeof bus->flight.inbox, "%s", (const char *)inbox);
        snprintf(subject, sizeof subject, "%s.>", (const char *)inbox);
        s = natsConnection_Subscribe(&bus->flight.acks, bus->connection, subject, on_ack, bus);
        if (s == NATS_OK) {
            bus_threads_note(&bus->flight.threads, bus, bus->flight.acks);
            s = natsSubscription_SetPendingLimits(bus->flight.acks, -1, -1); /* bounded by IN_FLIGHT_MOST */
        }
        natsInbox_Destroy(inbox);
    }
    pthread_mutex_unlock(&bus->lock);
    return s;
}

int bus_site_is_open(tb_bus *bus, const char *site)
{
    pthread_mutex_lock(&bus->lock);
    int open = bus->site[0] && strcmp(bus->site, site) == 0;
    pthread_mutex_unlock(&bus->lock);
    return open;
}

/* ---- writing ---- */

static tb_status take_place_in_flight(tb_bus *bus, int part, char reply[TB_SUBJECT_SIZE])
{
    struct timespec until = bus_deadline(IN_FLIGHT_WAIT);
    tb_status status = TB_OK;
    pthread_mutex_lock(&bus->lock);
    bus_flight *f = &bus->flight;
    while (f->sent - f->stored - f->failed >= IN_FLIGHT_MOST && status == TB_OK)
        if (pthread_cond_timedwait(&bus->changed, &bus->lock, &until) != 0)
            status = TB_TIMEOUT;
    if (status == TB_OK) {
        f->sent++;
        snprintf(reply, TB_SUBJECT_SIZE, "%s.%" PRIu64 ".%d", f->inbox, f->round, part);
    }
    pthread_mutex_unlock(&bus->lock);
    return status;
}

static natsStatus publish(tb_bus *bus, const char *bucket, const char *subject, const char *reply, int present,
                          tb_span sealed)
{
    natsMsg *message = NULL;
    natsStatus s = natsMsg_Create(&message, subject, reply, (const char *)sealed.data, (int)sealed.size);
    if (s == NATS_OK)
        s = natsMsgHeader_Set(message, "Nats-Expected-Stream", bucket);
    if (s == NATS_OK && !present)
        s = natsMsgHeader_Set(message, "KV-Operation", "PURGE");
    if (s == NATS_OK && !present)
        s = natsMsgHeader_Set(message, "Nats-Rollup", "sub");
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(bus->connection, message);
    natsMsg_Destroy(message);
    return s;
}

tb_status tb_bus_feed_write(tb_bus *bus, const char *site, const char *touchpoint, const char *visit, int present,
                            tb_span sealed)
{
    char subject[TB_SUBJECT_SIZE], reply[TB_SUBJECT_SIZE], bucket[BUS_NAME_SIZE];
    tb_subject_text(TB_SUBJECT_FEED, site, touchpoint, visit, subject);
    if (!subject[0] || !visit || strpbrk(subject, "*>") || !bus_site_is_open(bus, site) || sealed.size > INT32_MAX)
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    tb_status status = take_place_in_flight(bus, bus_part_of(touchpoint), reply);
    if (status != TB_OK)
        return status;
    bus_bucket_name(site, bus_part_of(touchpoint), bucket);
    status = bus_status(publish(bus, bucket, subject, reply, present, sealed));
    if (status != TB_OK) { /* nothing left: no acknowledgement will come; the round has failed */
        pthread_mutex_lock(&bus->lock);
        bus->flight.failed++;
        pthread_mutex_unlock(&bus->lock);
    }
    return status;
}

tb_status tb_bus_feed_flush(tb_bus *bus, int wait_ms)
{
    tb_status status = TB_OK;
    BUS_WAY(bus);
    (void)natsConnection_FlushTimeout(bus->connection,
                                      wait_ms > 0 ? wait_ms : 1); /* only hurries: the acknowledgements decide */
    struct timespec until = bus_deadline(wait_ms);
    uint64_t connection = bus_connection(bus);
    pthread_mutex_lock(&bus->lock);
    bus_flight *f = &bus->flight;
    while (f->stored + f->failed < f->sent && status == TB_OK && bus->connected)
        if (pthread_cond_timedwait(&bus->changed, &bus->lock, &until) != 0)
            status = TB_TIMEOUT;
    if (f->failed || (status == TB_OK && f->stored < f->sent))
        status = TB_BUS_DOWN;
    if (!bus->connected || connection == 0 || connection != bus->site_connection)
        status = TB_BUS_DOWN;
    f->round++;
    f->sent = f->stored = f->failed = 0;
    pthread_mutex_unlock(&bus->lock);
    return status;
}

static tb_status mark(tb_bus *bus, const char *site, int part, const char *text)
{
    char subject[TB_SUBJECT_SIZE], bucket[BUS_NAME_SIZE];
    bus_epoch_subject(site, part, subject);
    bus_bucket_name(site, part, bucket);
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.ExpectStream = bucket;
    options.MaxWait = BUS_API_WAIT;
    jsPubAck *ack = NULL;
    jsErrCode code = 0;
    natsMsg *message = NULL;
    natsStatus s = natsMsg_Create(&message, subject, NULL, text, (int)strlen(text));
    if (s == NATS_OK)
        s = js_PublishMsg(&ack, bus->js, message, &options, &code);
    natsMsg_Destroy(message);
    jsPubAck_Destroy(ack);
    return bus_js_status(s, &code);
}

tb_status tb_bus_feed_ready(tb_bus *bus, const char *site)
{
    if (!bus_site_is_good(site) || !bus_site_is_open(bus, site))
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    tb_status status = tb_bus_feed_flush(bus, BUS_API_WAIT); /* B1, and nothing before the mark is still under way */
    if (status != TB_OK)
        return status;
    char text[TB_ID_TEXT_SIZE];
    tb_id_text(tb_id_random(), text);
    for (int part = 0; part < BUS_PARTS && status == TB_OK; part++)
        status = mark(bus, site, part, text);
    return status;
}

static tb_status purge(tb_bus *bus, const char *bucket, const char *subject)
{
    jsOptions options;
    jsErrCode code = 0;
    jsOptions_Init(&options);
    options.Wait = BUS_API_WAIT;
    options.Stream.Purge.Subject = subject;
    return bus_js_status(js_PurgeStream(bus->js, bucket, &options, &code), &code);
}

tb_status tb_bus_feed_reset(tb_bus *bus, const char *site)
{
    char bucket[BUS_NAME_SIZE], subject[TB_SUBJECT_SIZE];
    tb_status status = TB_OK;
    if (!bus_site_is_good(site) || !bus_site_is_open(bus, site))
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    for (int part = 0; part < BUS_PARTS && status == TB_OK; part++) {
        bus_bucket_name(site, part, bucket);
        bus_epoch_subject(site, part, subject);
        status = purge(bus, bucket, subject); /* first: from here on nobody believes this part */
        if (status == TB_OK)
            status = purge(bus, bucket, NULL);
    }
    if (status == TB_OK)
        tb_bus_feed_yield(bus);
    return status;
}
