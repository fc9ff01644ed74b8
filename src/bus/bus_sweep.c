/* bus_sweep.c: the server reads its whole bucket: an ordered consumer that delivers the last value of each key and
 * ends. Purge markers that nobody needs any more are removed. */
#include "bus/bus_private.h"

#include <stdio.h>
#include <string.h>

#include <tebura/clock.h>

#define QUIET_MS 1000 /* without a message: ask the broker whether there is any */
#define QUIET_MOST 5
#define SWEEP_MOST 10000

typedef void (*read_fn)(void *context, natsMsg *message);

static natsStatus consume(tb_bus *bus, const char *bucket, const char *filter, int headers_only, natsSubscription **out)
{
    jsSubOptions options;
    natsStatus s = jsSubOptions_Init(&options);
    if (s != NATS_OK)
        return s;
    options.Stream = bucket;
    options.Ordered = true;
    options.Config.DeliverPolicy = js_DeliverLastPerSubject;
    options.Config.HeadersOnly = headers_only;
    options.Config.MemoryStorage = true;
    return js_SubscribeSync(out, bus->js, filter, NULL, &options, NULL);
}

/* What the broker says is still to come, counting what is on its way to us. */
static tb_status remaining(natsSubscription *subscription, uint64_t received, uint64_t *out)
{
    jsConsumerInfo *info = NULL;
    jsErrCode code = 0;
    tb_status status = bus_js_status(natsSubscription_GetConsumerInfo(&info, subscription, NULL, &code), &code);
    if (status == TB_OK) {
        uint64_t all = info->NumPending + info->Delivered.Consumer;
        *out = all > received ? all - received : 0;
    }
    jsConsumerInfo_Destroy(info);
    return status;
}

static int is_last(natsMsg *message)
{
    jsMsgMetaData *about = NULL;
    int last = natsMsg_GetMetaData(&about, message) == NATS_OK && about->NumPending == 0;
    jsMsgMetaData_Destroy(about);
    return last;
}

static tb_status read_all(tb_bus *bus, natsSubscription *subscription, read_fn handle, void *context)
{
    uint64_t received = 0, left = 0;
    int quiet = 0, last = 0;
    tb_status status = remaining(subscription, 0, &left);
    while (status == TB_OK && left > 0 && !last) {
        natsMsg *message = NULL;
        natsStatus s = natsSubscription_NextMsg(&message, subscription, QUIET_MS);
        if (s == NATS_OK) {
            received++;
            quiet = 0;
            last = is_last(message);
            handle(context, message);
            natsMsg_Destroy(message);
        } else if (!tb_bus_is_connected(bus)) {
            status = TB_BUS_DOWN;
        } else if (s != NATS_TIMEOUT || ++quiet > QUIET_MOST) {
            status = s == NATS_TIMEOUT ? TB_TIMEOUT : TB_BUS_DOWN;
        } else {
            status = remaining(subscription, received, &left); /* values replaced while we read may leave fewer */
        }
    }
    return status;
}

static tb_status read_bucket(tb_bus *bus, const char *bucket, const char *filter, read_fn handle, void *context)
{
    natsSubscription *subscription = NULL;
    tb_status status = bus_status(consume(bus, bucket, filter, 1, &subscription));
    if (status == TB_OK)
        status = read_all(bus, subscription, handle, context);
    bus_subscription_destroy(bus->connection, subscription); /* the broker forgets the consumer by itself as well */
    return status;
}

/* ---- purge markers ---- */

typedef struct sweep {
    int64_t older_than; /* ns since 1970 */
    int count;
    uint64_t sequences[SWEEP_MOST];
} sweep;

static void note_old_marker(void *context, natsMsg *message)
{
    sweep *s = context;
    const char *operation = NULL;
    jsMsgMetaData *about = NULL;
    if (s->count < SWEEP_MOST && natsMsgHeader_Get(message, "KV-Operation", &operation) == NATS_OK &&
        strcmp(operation, "PURGE") == 0 && natsMsg_GetMetaData(&about, message) == NATS_OK &&
        about->Timestamp < s->older_than)
        s->sequences[s->count++] = about->Sequence.Stream;
    jsMsgMetaData_Destroy(about);
}

static tb_status sweep_part(tb_bus *bus, const char *site, int part, sweep *old, int *removed)
{
    char filter[TB_SUBJECT_SIZE], bucket[BUS_NAME_SIZE];
    bus_bucket_name(site, part, bucket);
    snprintf(filter, sizeof filter, "$KV.feed_%s.%d.>", site, part);
    old->count = 0;
    tb_status status = read_bucket(bus, bucket, filter, note_old_marker, old);
    for (int i = 0; status == TB_OK && i < old->count; i++) { /* by number: a value written since has another */
        jsErrCode code = 0;
        status = bus_js_status(js_DeleteMsg(bus->js, bucket, old->sequences[i], NULL, &code), &code);
        if (status == TB_OK)
            ++*removed;
        else if (code == JSSequenceNotFoundErr || status == TB_NOT_FOUND)
            status = TB_OK;
    }
    return status;
}

tb_status tb_bus_feed_sweep(tb_bus *bus, const char *site, int seconds, int *removed)
{
    *removed = 0;
    if (!bus_site_is_good(site) || seconds < 0)
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    tb_bytes memory = {0};
    tb_status status = tb_bytes_reserve(&memory, sizeof(sweep));
    if (status != TB_OK)
        return status;
    sweep *old = (sweep *)(void *)memory.data;
    old->older_than = (tb_clock_now() - seconds * TB_SECOND) * 1000;
    for (int part = 0; part < BUS_PARTS && status == TB_OK; part++)
        status = sweep_part(bus, site, part, old, removed);
    tb_bytes_free(&memory);
    return status;
}
