/* bus_events.c: what terminals did: a stream on the broker's disk, work-queue retention: an event leaves the stream
 * when it was applied, and a full stream refuses new ones (the terminal keeps them) instead of dropping old ones.
 *
 * One thread follows through a durable pull consumer. B3: a batch that could not be applied is kept in hand and tried
 * again, and nothing later is fetched meanwhile, so events are applied in the order in which they were stored.
 *
 * B4: of several servers the one that began last follows alone. Its consumer has a name of its own, and the broker lets
 * one at a time read a work queue: with the former one's consumer goes what that one could still fetch or acknowledge,
 * and whatever it does to a consumer of its own concerns nobody else (doc/adr/112). */
#include "bus/bus_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/log.h>

#include "bus/subscription.h"

#define BATCH_MOST 1000
#define NS_PER_SECOND INT64_C(1000000000)
#define STREAM_BYTES (INT64_C(256) << 20)
/* the largest that is genuine is 6 KB: all facts that there may be, each as long as it may be */
#define EVENT_MOST (1 << 13)
/* Of one terminal: a thirty-second of the stream, if all of them are as large as they can be. Beyond it the terminal's
 * next one is refused, which it keeps; no other notices (doc/adr/126). */
#define SHARE 1024
#define FETCH_WAIT 500 /* ms: how soon a stop is seen */
#define ACK_WAIT 10    /* s: longer than the longest pause between two tries, each of which asks for more time */
#define LOOK_EVERY (2 * TB_SECOND) /* whether a consumer that brings nothing is there */
/* to another that follows: longer than a server needs to see that it leads no more */
#define YIELD (3 * TB_SECOND)

/* A stream of before has no shares; it gets them when nothing that waits in it could be in their way. A broker that
 * does not know how to refuse what is beyond a share (before 2.9) would drop what is old instead: it is not to. */
static void see_to_shares(tb_bus *bus, const char *name)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    if (bus_js_status(js_GetStreamInfo(&info, bus->js, name, NULL, &code), &code) != TB_OK)
        return;
    jsStreamConfig *config = info->Config;
    int has = config->MaxMsgsPerSubject > 0, refuses = config->DiscardNewPerSubject;
    if (has ? !refuses : info->State.Msgs <= SHARE) {
        config->MaxMsgsPerSubject = has ? 0 : SHARE;
        config->DiscardNewPerSubject = !has;
        natsStatus s = js_UpdateStream(NULL, bus->js, config, NULL, &code);
        if (has || s != NATS_OK)
            tb_log(TB_LOG_WARNING, "bus", "one terminal may fill %s for all: nats-server 2.9 is needed (%s)", name,
                   natsStatus_GetText(s));
    }
    jsStreamInfo_Destroy(info);
}

tb_status bus_stream_make(tb_bus *bus, const char *site, tb_error *why)
{
    char name[BUS_NAME_SIZE], subjects[TB_SUBJECT_SIZE];
    int made;
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    bus_stream_name(site, name);
    config.Name = name;
    config.Subjects = (const char *[]){tb_subject_text(TB_SUBJECT_EVENT, site, "*", NULL, subjects)};
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    config.Retention = js_WorkQueuePolicy;
    config.Discard = js_DiscardNew;
    config.MaxBytes = STREAM_BYTES;
    config.MaxMsgSize = EVENT_MOST;
    config.MaxMsgsPerSubject = SHARE;
    config.DiscardNewPerSubject = true;
    config.Duplicates = 600 * NS_PER_SECOND;
    tb_status status = bus_stream_keep(bus, &config, &made, why);
    if (status == TB_OK)
        see_to_shares(bus, name);
    return status;
}

tb_status tb_bus_event_publish(tb_bus *bus, const char *subject, const char *id, tb_span body, int wait_ms)
{
    if (!subject || !*subject || !id || !*id || wait_ms <= 0 || body.size > INT32_MAX)
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = wait_ms;
    options.MsgId = id;
    jsErrCode code = 0;
    natsMsg *message = NULL;
    natsStatus s = natsMsg_Create(&message, subject, NULL, (const char *)body.data, (int)body.size);
    if (s == NATS_OK)
        s = js_PublishMsg(NULL, bus->js, message, &options, &code);
    natsMsg_Destroy(message);
    tb_status status = bus_js_status(s, &code);
    return status == TB_NOT_FOUND ? TB_BUS_DOWN : status;
}

/* ---- following ---- */

static int is_stopped(tb_bus_subscription *f)
{
    pthread_mutex_lock(&f->bus->lock);
    int stopped = f->stop;
    pthread_mutex_unlock(&f->bus->lock);
    return stopped;
}

static void forget_consumer(tb_bus *bus, natsSubscription *sub)
{
    BUS_WAY(bus);
    bus_subscription_destroy(bus->connection, sub);
}

static void note_heard(tb_bus_subscription *f)
{
    f->stuck = 0;
    f->looked = tb_clock_monotonic();
    atomic_store(&f->heard, f->looked);
}

int64_t tb_bus_events_age(const tb_bus_subscription *following)
{
    return tb_clock_monotonic() - atomic_load(&following->heard);
}

tb_status tb_bus_events_ask(tb_bus *bus, const char *site)
{
    char name[BUS_NAME_SIZE];
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    if (!bus_site_is_good(site))
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    bus_stream_name(site, name);
    tb_status status = bus_js_status(js_GetStreamInfo(&info, bus->js, name, NULL, &code), &code);
    jsStreamInfo_Destroy(info);
    return status == TB_NOT_FOUND ? TB_OK : status;
}

/* What a server that died had in hand would be kept back until ACK_WAIT is over, and come after later ones; without its
 * consumer all that is not acknowledged comes at once and in order. What a living one has in hand comes twice, and is
 * known by its id. TB_CONFLICT: another began after us. */
static tb_status others_go(const tb_bus_subscription *f, const char *stream)
{
    jsConsumerNamesList *names = NULL;
    jsErrCode code = 0;
    tb_status status = bus_js_status(js_ConsumerNames(&names, f->bus->js, stream, NULL, &code), &code);
    if (status == TB_NOT_FOUND) /* there is none */
        status = TB_OK;
    for (int i = 0; names && i < names->Count && status == TB_OK; i++) {
        if (strcmp(names->List[i], f->consumer) == 0)
            continue;
        if (f->opened)
            status = TB_CONFLICT;
        else
            status = bus_js_status(js_DeleteConsumer(f->bus->js, stream, names->List[i], NULL, &code), &code);
        if (status == TB_NOT_FOUND)
            status = TB_OK;
    }
    jsConsumerNamesList_Destroy(names);
    return status;
}

static tb_status consumer_open(tb_bus_subscription *f, natsSubscription **out)
{
    char name[BUS_NAME_SIZE], subjects[TB_SUBJECT_SIZE];
    jsSubOptions options;
    jsErrCode code = 0;
    BUS_WAY(f->bus);
    tb_status status = bus_stream_make(f->bus, f->site, NULL);
    if (status != TB_OK)
        return status;
    bus_stream_name(f->site, name);
    status = others_go(f, name);
    if (status != TB_OK)
        return status;
    jsSubOptions_Init(&options);
    options.Stream = name;
    options.ManualAck = true;
    options.Config.AckPolicy = js_AckExplicit;
    options.Config.AckWait = ACK_WAIT * NS_PER_SECOND;
    options.Config.MaxDeliver = -1;
    options.Config.MaxAckPending = 2 * BATCH_MOST;
    tb_subject_text(TB_SUBJECT_EVENT, f->site, "*", NULL, subjects);
    status = bus_js_status(js_PullSubscribe(out, f->bus->js, subjects, f->consumer, NULL, &options, &code), &code);
    if (status == TB_OK) {
        f->opened = 1;
        note_heard(f);
    }
    return status;
}

static void consumer_end(const tb_bus_subscription *f)
{
    char stream[BUS_NAME_SIZE];
    BUS_WAY(f->bus);
    bus_stream_name(f->site, stream);
    (void)js_DeleteConsumer(f->bus->js, stream, f->consumer, NULL, NULL); /* else the next look finds it again */
}

/* A consumer that is gone is no error to the broker: it lets a fetch from it go without an answer, as one that finds
 * nothing. One that has something, and twice brings nothing of it, is as good as gone. *sub is as it was, or NULL. */
static void consumer_look(tb_bus_subscription *f, natsSubscription **sub)
{
    jsConsumerInfo *info = NULL;
    jsErrCode code = 0;
    if (tb_clock_monotonic() - f->looked < LOOK_EVERY)
        return;
    tb_status status = bus_js_status(natsSubscription_GetConsumerInfo(&info, *sub, NULL, &code), &code);
    int waits = status == TB_OK && info->NumPending > 0, stuck = waits && f->stuck;
    jsConsumerInfo_Destroy(info);
    if (status == TB_OK && !stuck) {
        note_heard(f);
        f->stuck = waits;
    }
    if (status != TB_NOT_FOUND && !stuck)
        return;
    tb_log(TB_LOG_WARNING, "bus", "the broker %s: it is told anew",
           stuck ? "keeps events back from who follows them" : "no longer knows who follows the events");
    if (stuck)
        consumer_end(f);
    forget_consumer(f->bus, *sub);
    *sub = NULL;
}

/* Whoever begins to follow takes it from us. Should that one be gone, and we still be asked to follow, it is ours. */
static void yield(tb_bus_subscription *f)
{
    int64_t now = tb_clock_monotonic();
    if (!f->yielded) {
        tb_log(TB_LOG_INFO, "bus", "another server follows the events now");
        f->yielded = now;
    } else if (now - f->yielded > YIELD) {
        f->yielded = 0;
        f->opened = 0;
    }
}

/* One-shot: "no wait" with an expiry waits for the first event, brings with it what else is stored already and ends
 * there. A lone event is not held back until a batch is full, nor until the next one comes (doc/adr/063). */
static natsStatus fetch(natsSubscription *sub, int batch, natsMsgList *list)
{
    jsFetchRequest request;
    jsFetchRequest_Init(&request);
    request.Batch = batch;
    request.NoWait = true;
    request.Expires = FETCH_WAIT * NS_PER_SECOND / 1000;
    return natsSubscription_FetchRequest(list, sub, &request);
}

static void each_message(natsMsg **messages, int count, natsStatus (*act)(natsMsg *, jsOptions *))
{
    for (int i = 0; i < count; i++)
        (void)act(messages[i], NULL); /* one that gets lost only brings the event once more */
}

static natsStatus acknowledge(natsMsg *message, jsOptions *options)
{
    return natsMsg_Ack(message, options);
}

/* Tries until it is applied or we are to stop. */
static int apply_batch(tb_bus_subscription *f, tb_delivery *deliveries, natsMsg **messages, int count)
{
    int pause = 100, tries = 0;
    while (!is_stopped(f)) {
        tb_status status = f->apply(f->context, deliveries, count);
        note_heard(f); /* what is in hand is from the broker */
        if (status == TB_OK)
            return 1;
        if (tries++ % 16 == 0)
            tb_log(TB_LOG_WARNING, "bus", "%d events are not applied: %s; they are kept and tried again", count,
                   tb_status_sentence(status));
        each_message(messages, count, natsMsg_InProgress);
        bus_pause(f->bus, &f->stop, pause);
        pause = pause < 2500 ? pause * 2 : 5000;
    }
    return 0;
}

static void handle_batch(tb_bus_subscription *f, const natsMsgList *list)
{
    int count = list->Count;
    tb_delivery *deliveries = calloc((size_t)count, sizeof *deliveries);
    if (!deliveries) {
        each_message(list->Msgs, count, natsMsg_Nak);
        return;
    }
    for (int i = 0; i < count; i++)
        bus_delivery_of(list->Msgs[i], &deliveries[i]);
    each_message(list->Msgs, count, apply_batch(f, deliveries, list->Msgs, count) ? acknowledge : natsMsg_Nak);
    free(deliveries);
}

/* One fetch, and what it brings. 0: the consumer is of no use. */
static int take(tb_bus_subscription *f, natsSubscription **sub)
{
    natsMsgList list = {0};
    natsStatus s = fetch(*sub, f->batch, &list);
    if (s == NATS_OK && list.Count > 0) {
        note_heard(f);
        handle_batch(f, &list);
    }
    natsMsgList_Destroy(&list);
    if (s == NATS_TIMEOUT)
        consumer_look(f, sub);
    return s == NATS_OK || s == NATS_TIMEOUT;
}

static void *follow(void *context)
{
    tb_bus_subscription *f = context;
    natsSubscription *sub = NULL;
    while (!is_stopped(f)) {
        tb_status status = tb_bus_is_connected(f->bus) ? TB_OK : TB_BUS_DOWN;
        if (status == TB_OK && !sub)
            status = consumer_open(f, &sub);
        if (status == TB_CONFLICT)
            yield(f);
        else if (status == TB_OK)
            f->yielded = 0;
        if (status == TB_OK && take(f, &sub))
            continue;
        forget_consumer(f->bus, sub); /* the broker or the consumer is gone: made anew */
        sub = NULL;
        bus_pause(f->bus, &f->stop, 200);
    }
    forget_consumer(f->bus, sub);
    return NULL;
}

tb_status tb_bus_events_follow(tb_bus *bus, const char *site, int batch, tb_bus_events_fn apply, void *context,
                               tb_bus_subscription **out)
{
    *out = NULL;
    if (!bus_site_is_good(site) || batch < 1 || batch > BATCH_MOST)
        return TB_INVALID_ARGUMENT;
    tb_bus_subscription *f = calloc(1, sizeof *f);
    if (!f)
        return TB_NO_MEMORY;
    *f = (tb_bus_subscription){.bus = bus, .apply = apply, .context = context, .batch = batch};
    snprintf(f->site, sizeof f->site, "%s", site);
    char own[TB_ID_TEXT_SIZE];
    snprintf(f->consumer, sizeof f->consumer, "teburad-%s", tb_id_text(tb_id_random(), own));
    note_heard(f);
    if (pthread_create(&f->follower, NULL, follow, f) != 0) {
        free(f);
        return TB_NO_MEMORY;
    }
    f->following = 1;
    *out = f;
    return TB_OK;
}
