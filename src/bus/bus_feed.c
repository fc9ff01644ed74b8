/* bus_feed.c: the server's side of the feed: a JetStream key-value bucket in memory, one value per key.
 *
 * Values are published many at a time; each carries a reply subject, on which the broker acknowledges it. A flush waits
 * for all of them. B1: a flush counts only in the connection in which the site was opened; after a reconnect the broker
 * may be another one that has forgotten everything. The epoch mark `_epoch` is written last: without it the bucket is
 * not believed. */
#include "bus/bus_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>

#define IN_FLIGHT_MOST 4096
#define IN_FLIGHT_WAIT 2000 /* ms */

/* ---- acknowledgements ---- */

static int is_stored(natsMsg *ack)
{
    int size = natsMsg_GetDataLength(ack);
    const char *body = natsMsg_GetData(ack);
    return !natsMsg_IsNoResponders(ack) && size > 0 && memmem(body, (size_t)size, "\"seq\"", 5) &&
           !memmem(body, (size_t)size, "\"error\"", 7);
}

/* On the subscription's own thread. */
static void on_ack(natsConnection *connection, natsSubscription *subscription, natsMsg *ack, void *context)
{
    (void)connection;
    (void)subscription;
    tb_bus *bus = context;
    const char *dot = strrchr(natsMsg_GetSubject(ack), '.');
    uint64_t round = dot ? strtoull(dot + 1, NULL, 10) : 0;
    int stored = is_stored(ack);
    natsMsg_Destroy(ack);
    pthread_mutex_lock(&bus->lock);
    if (round == bus->flight.round) {
        bus->flight.stored += stored;
        bus->flight.failed += !stored;
        pthread_cond_broadcast(&bus->changed);
    }
    pthread_mutex_unlock(&bus->lock);
}

/* Subscribes to the acknowledgements once per bus; the subscription outlives reconnects. */
static natsStatus listen_to_acks(tb_bus *bus)
{
    natsInbox *inbox = NULL;
    char subject[TB_SUBJECT_SIZE];
    pthread_mutex_lock(&bus->lock);
    natsStatus s = bus->flight.acks ? NATS_OK : natsInbox_Create(&inbox);
    if (inbox) {
        snprintf(bus->flight.inbox, sizeof bus->flight.inbox, "%s", (const char *)inbox);
        snprintf(subject, sizeof subject, "%s.*", (const char *)inbox);
        s = natsConnection_Subscribe(&bus->flight.acks, bus->connection, subject, on_ack, bus);
        if (s == NATS_OK)
            s = natsSubscription_SetPendingLimits(bus->flight.acks, -1, -1); /* bounded by IN_FLIGHT_MOST */
        natsInbox_Destroy(inbox);
    }
    pthread_mutex_unlock(&bus->lock);
    return s;
}

static int site_is_open(tb_bus *bus, const char *site)
{
    pthread_mutex_lock(&bus->lock);
    int open = bus->site[0] && strcmp(bus->site, site) == 0;
    pthread_mutex_unlock(&bus->lock);
    return open;
}

/* ---- bucket and streams ---- */

static tb_status part_make(tb_bus *bus, const char *site, int part, int *made, tb_error *why)
{
    char name[BUS_NAME_SIZE], subjects[TB_SUBJECT_SIZE];
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    bus_bucket_name(site, part, name);
    tb_status status = bus_js_status(js_GetStreamInfo(&info, bus->js, name, NULL, &code), &code);
    jsStreamInfo_Destroy(info);
    *made = status == TB_NOT_FOUND;
    if (status == TB_NOT_FOUND) {
        jsStreamConfig config;
        jsStreamConfig_Init(&config);
        snprintf(subjects, sizeof subjects, "$KV.feed_%s.%d.>", site, part);
        config.Name = name;
        config.Subjects = (const char *[]){subjects};
        config.SubjectsLen = 1;
        config.Storage = js_MemoryStorage; /* no template rests on the broker's disk */
        config.MaxMsgsPerSubject = 1;
        config.Discard = js_DiscardNew;
        config.AllowRollup = true;
        config.AllowDirect = true;
        code = 0;
        info = NULL;
        status = bus_js_status(js_AddStream(&info, bus->js, &config, NULL, &code), &code);
        jsStreamInfo_Destroy(info);
    }
    return status == TB_OK
               ? TB_OK
               : tb_fail(why, status, "the broker does not give the bucket %s: %s", name, tb_status_sentence(status));
}

static tb_status epoch_missing(tb_bus *bus, const char *site, int part, int *missing, tb_error *why)
{
    char name[BUS_NAME_SIZE], subject[TB_SUBJECT_SIZE];
    natsMsg *message = NULL;
    jsErrCode code = 0;
    bus_bucket_name(site, part, name);
    bus_epoch_subject(site, part, subject);
    tb_status status = bus_js_status(js_GetLastMsg(&message, bus->js, name, subject, NULL, &code), &code);
    natsMsg_Destroy(message);
    *missing = status == TB_NOT_FOUND;
    return status == TB_OK || status == TB_NOT_FOUND
               ? TB_OK
               : tb_fail(why, status, "the bucket's epoch cannot be read: %s", tb_status_sentence(status));
}

/* *lost: a part was made, or holds no mark. */
static tb_status bucket_open(tb_bus *bus, const char *site, int *lost, tb_error *why)
{
    tb_status status = TB_OK;
    *lost = 0;
    for (int part = 0; part < BUS_PARTS && status == TB_OK; part++) {
        int made = 0, missing = 0;
        status = part_make(bus, site, part, &made, why);
        if (status == TB_OK && !made)
            status = epoch_missing(bus, site, part, &missing, why);
        *lost |= made || missing;
    }
    return status;
}

tb_status tb_bus_site_open(tb_bus *bus, const char *site, int *lost, tb_error *why)
{
    *lost = 0;
    if (!bus_site_is_good(site))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a site's name is a-z, 0-9 and _, at most 24 characters");
    if (!tb_bus_is_connected(bus))
        return tb_fail(why, TB_BUS_DOWN, "%s", tb_status_sentence(TB_BUS_DOWN));
    uint64_t connection = bus_connection(bus);
    int missing = 0;
    /* before what waits for the broker's answers: when we return it knows that we serve */
    tb_status status = bus_lists_serve(bus, site);
    if (status == TB_OK)
        status = bucket_open(bus, site, &missing, why);
    if (status == TB_OK)
        status = bus_stream_make(bus, site, why);
    if (status == TB_OK)
        status = bus_status(listen_to_acks(bus));
    if (status != TB_OK)
        return status;
    pthread_mutex_lock(&bus->lock);
    snprintf(bus->site, sizeof bus->site, "%s", site);
    bus->site_connection = connection;
    pthread_mutex_unlock(&bus->lock);
    *lost = missing;
    return TB_OK;
}

/* ---- writing ---- */

static tb_status take_place_in_flight(tb_bus *bus, char reply[TB_SUBJECT_SIZE])
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
        snprintf(reply, TB_SUBJECT_SIZE, "%s.%llu", f->inbox, (unsigned long long)f->round);
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
    if (!subject[0] || !visit || strpbrk(subject, "*>") || !site_is_open(bus, site) || sealed.size > INT32_MAX)
        return TB_INVALID_ARGUMENT;
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    tb_status status = take_place_in_flight(bus, reply);
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
    if (!bus_site_is_good(site) || !site_is_open(bus, site))
        return TB_INVALID_ARGUMENT;
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
    if (!bus_site_is_good(site) || !site_is_open(bus, site))
        return TB_INVALID_ARGUMENT;
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    for (int part = 0; part < BUS_PARTS && status == TB_OK; part++) {
        bus_bucket_name(site, part, bucket);
        bus_epoch_subject(site, part, subject);
        status = purge(bus, bucket, subject); /* first: from here on nobody believes this part */
        if (status == TB_OK)
            status = purge(bus, bucket, NULL);
    }
    return status;
}
