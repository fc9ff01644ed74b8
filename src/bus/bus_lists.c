/* bus_lists.c: the server's half of a snapshot. A terminal asks for its list; we make the reader of its part of the
 * bucket, and it fetches from that alone. It may not make one itself: whoever makes a reader chooses where its messages
 * go, and the broker does not ask whether they may publish there (doc/adr/120). */
#include "bus/bus_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>

#define READER_LIFE INT64_C(30000000000) /* ns without a fetch: the broker forgets it */

static tb_status epoch_read(tb_bus *bus, const char *site, int part, char out[TB_ID_TEXT_SIZE])
{
    char bucket[BUS_NAME_SIZE], subject[TB_SUBJECT_SIZE];
    natsMsg *message = NULL;
    jsErrCode code = 0;
    out[0] = '\0';
    bus_bucket_name(site, part, bucket);
    bus_epoch_subject(site, part, subject);
    tb_status status = bus_js_status(js_GetLastMsg(&message, bus->js, bucket, subject, NULL, &code), &code);
    if (status == TB_OK)
        snprintf(out, TB_ID_TEXT_SIZE, "%.*s", natsMsg_GetDataLength(message), natsMsg_GetData(message));
    natsMsg_Destroy(message);
    return status == TB_NOT_FOUND && code != JSStreamNotFoundErr ? TB_OK : status; /* a bucket without a mark: "" */
}

/* One call of the JetStream API by hand: this version of the client library does not know readers with a name and a
 * filter in the subject. */
static tb_status call(tb_bus *bus, const char *subject, const char *body, uint64_t *pending)
{
    natsMsg *reply = NULL;
    static const char word[] = "\"num_pending\":";
    natsStatus s = natsConnection_RequestString(&reply, bus->connection, subject, body, BUS_API_WAIT);
    tb_status status = bus_status(s);
    if (status == TB_OK && memmem(natsMsg_GetData(reply), (size_t)natsMsg_GetDataLength(reply), "\"error\":", 8))
        status = TB_BUS_DOWN;
    if (status == TB_OK && pending) {
        const char *end = natsMsg_GetData(reply) + natsMsg_GetDataLength(reply),
                   *at = memmem(natsMsg_GetData(reply), (size_t)natsMsg_GetDataLength(reply), word, sizeof word - 1);
        *pending = at && at + sizeof word <= end ? strtoull(at + sizeof word - 1, NULL, 10) : 0;
    }
    natsMsg_Destroy(reply);
    return status;
}

static tb_status reader_make(tb_bus *bus, const char *site, const char *touchpoint, uint64_t *pending)
{
    char bucket[BUS_NAME_SIZE], filter[TB_SUBJECT_SIZE], subject[2 * TB_SUBJECT_SIZE], body[3 * TB_SUBJECT_SIZE];
    bus_bucket_name(site, bus_part_of(touchpoint), bucket);
    tb_subject_text(TB_SUBJECT_FEED, site, touchpoint, NULL, filter);
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DELETE.%s.%s", bucket, touchpoint);
    (void)!call(bus, subject, "", NULL); /* mostly there is none */
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.CREATE.%s.%s.%s", bucket, touchpoint, filter);
    snprintf(body, sizeof body,
             "{\"stream_name\":\"%s\",\"config\":{\"name\":\"%s\",\"filter_subject\":\"%s\","
             "\"deliver_policy\":\"last_per_subject\",\"ack_policy\":\"none\",\"replay_policy\":\"instant\","
             "\"max_deliver\":-1,\"inactive_threshold\":%" PRId64 ",\"num_replicas\":1,\"mem_storage\":true}}",
             bucket, touchpoint, filter, READER_LIFE);
    return call(bus, subject, body, pending);
}

/* "<entries> <epoch>". A touchpoint that is none of its form names no reader. */
static tb_status on_list(void *context, const tb_delivery *request, tb_bytes *reply)
{
    tb_bus *bus = context;
    char epoch[TB_ID_TEXT_SIZE], subject[TB_SUBJECT_SIZE];
    uint64_t pending = 0;
    const char *touchpoint = tb_subject_touchpoint(request->subject);
    pthread_mutex_lock(&bus->lock);
    char site[sizeof bus->site];
    memcpy(site, bus->site, sizeof site);
    pthread_mutex_unlock(&bus->lock);
    if (!touchpoint || !tb_subject_text(TB_SUBJECT_LIST, site, touchpoint, NULL, subject)[0] ||
        strpbrk(touchpoint, "*>") || strcmp(subject, request->subject) != 0)
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    tb_status status = epoch_read(bus, site, bus_part_of(touchpoint), epoch); /* B2: before the reader */
    if (status == TB_OK && epoch[0]) /* a bucket that is being filled is not believed, so it is not read either */
        status = reader_make(bus, site, touchpoint, &pending);
    return status == TB_OK ? tb_bytes_print(reply, "%" PRIu64 " %s", pending, epoch) : status;
}

tb_status bus_lists_serve(tb_bus *bus, const char *site)
{
    char subject[TB_SUBJECT_SIZE];
    pthread_mutex_lock(&bus->lock);
    int serving = bus->lists != NULL;
    if (!serving)
        snprintf(bus->site, sizeof bus->site, "%s", site);
    pthread_mutex_unlock(&bus->lock);
    if (serving) /* outlives reconnects */
        return TB_OK;
    tb_subject_text(TB_SUBJECT_LIST, site, "*", NULL, subject);
    return tb_bus_answer(bus, subject, on_list, bus, &bus->lists);
}
