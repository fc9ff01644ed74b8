/* bus_snapshot.c: a terminal reads its part of the bucket as it is now: a server makes the reader (bus_lists.c), we
 * fetch from it until nothing is left. B2: the epoch mark is read before and after; only the same mark twice means
 * that the content was whole all the while. */
#include "bus/bus_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/clock.h>

#define FETCH 500                                     /* values in one request */
#define FETCH_MS 2000                                 /* without a message: ask again */
#define FETCH_PAUSE 50000000                          /* ns */
#define FETCH_WAITS 20                                /* pauses in a row */
#define FETCH_PATIENCE (3 * FETCH_MS * INT64_C(1000)) /* us, without a value */
#define ASK_MS 5000
#define ASK_FIRST_MS 1000
#define ASK_DOUBLED 3 /* times at most: a thousand that ask too soon would keep a slow server busy with old questions */

/* ---- one value ---- */

/* What the broker holds now. By the subject's own way: it can be permitted for this subject alone. *message: the
 * caller's; NULL: there is none. */
static tb_status value_get(tb_bus *bus, const char *site, int part, const char *of, natsMsg **message)
{
    char bucket[BUS_NAME_SIZE], subject[2 * TB_SUBJECT_SIZE];
    const char *code = NULL;
    *message = NULL;
    bus_bucket_name(site, part, bucket);
    snprintf(subject, sizeof subject, "$JS.API.DIRECT.GET.%s.%s", bucket, of);
    tb_status status = bus_status(natsConnection_Request(message, bus->connection, subject, NULL, 0, ASK_MS));
    if (status == TB_OK && natsMsgHeader_Get(*message, "Status", &code) == NATS_OK) {
        natsMsg_Destroy(*message);
        *message = NULL;
    }
    return status;
}

static tb_status epoch_get(tb_bus *bus, const char *site, int part, char out[TB_ID_TEXT_SIZE])
{
    char epoch[TB_SUBJECT_SIZE];
    natsMsg *reply;
    out[0] = '\0';
    bus_epoch_subject(site, part, epoch);
    tb_status status = value_get(bus, site, part, epoch, &reply);
    if (status == TB_OK && reply)
        snprintf(out, TB_ID_TEXT_SIZE, "%.*s", natsMsg_GetDataLength(reply), natsMsg_GetData(reply));
    natsMsg_Destroy(reply);
    return status;
}

tb_status tb_bus_feed_mark(tb_bus *bus, const char *site, const char *touchpoint, tb_bytes *sealed)
{
    char mark[TB_SUBJECT_SIZE], none[TB_ID_TEXT_SIZE];
    natsMsg *reply;
    tb_subject_text(TB_SUBJECT_FEED, site, touchpoint, tb_id_text((tb_id){0}, none), mark);
    if (!mark[0] || strpbrk(mark, "*>"))
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    tb_status status = value_get(bus, site, bus_part_of(touchpoint), mark, &reply);
    if (status == TB_OK)
        status = reply
                     ? tb_bytes_append(sealed, tb_span_of(natsMsg_GetData(reply), (size_t)natsMsg_GetDataLength(reply)))
                     : TB_NOT_FOUND;
    natsMsg_Destroy(reply);
    return status;
}

/* ---- the reader ---- */

typedef struct fetching {
    tb_bus *bus;
    natsSubscription *inbox;
    char next[2 * TB_SUBJECT_SIZE], reply[TB_SUBJECT_SIZE];
    tb_bus_message_fn handle;
    void *context;
    int left; /* of the present request */
    int last;
    int waits;     /* in a row */
    int64_t since; /* monotonic: of the last value, or the beginning */
} fetching;

static natsStatus open_inbox(fetching *f)
{
    char mark[TB_ID_TEXT_SIZE];
    snprintf(f->reply, sizeof f->reply, "%s.%s", f->bus->inbox, tb_id_text(tb_id_random(), mark));
    natsStatus s = natsConnection_SubscribeSync(&f->inbox, f->bus->connection, f->reply);
    return s == NATS_OK ? natsSubscription_SetPendingLimits(f->inbox, -1, -1) : s; /* bounded by FETCH */
}

static natsStatus ask_for_more(fetching *f)
{
    char body[64];
    int size = snprintf(body, sizeof body, "{\"batch\":%d,\"no_wait\":true}", FETCH);
    f->left = FETCH;
    return natsConnection_PublishRequest(f->bus->connection, f->next, f->reply, body, size);
}

/* How many the broker still has, from the ninth word of its reply subject ($JS.ACK...., 9 words; 11 or more with a
 * domain, where it is the eleventh). */
static int is_last(natsMsg *message)
{
    const char *words[16], *at = natsMsg_GetReply(message);
    int count = 0;
    while (at && count < 16) {
        words[count++] = at;
        at = strchr(at, '.');
        at = at ? at + 1 : NULL;
    }
    if (count < 9)
        return 0;
    return strtoull(words[count >= 11 ? 10 : 8], NULL, 10) == 0;
}

/* One message: a value, or the broker's word that this request is over. */
static tb_status take(fetching *f, natsMsg *message)
{
    const char *code = NULL;
    tb_delivery delivery;
    if (natsMsg_IsNoResponders(message))
        return TB_BUS_DOWN; /* the reader is gone */
    if (natsMsgHeader_Get(message, "Status", &code) == NATS_OK) {
        f->left = 0;
        f->last = strcmp(code, "404") == 0;
        /* An earlier request of ours waits, and the reader has nothing for that either: it counts values as still to
         * come that were replaced by others meanwhile (nats-server 2.9), and so never says which is the last. A mark
         * comes every few seconds all the same, so this is not silence. */
        int waits = strcmp(code, "408") == 0;
        if (waits && ++f->waits > FETCH_WAITS)
            return TB_TIMEOUT;
        if (waits)
            nanosleep(&(struct timespec){.tv_nsec = FETCH_PAUSE}, NULL);
        return f->last || waits ? TB_OK : TB_BUS_DOWN; /* 409: it was deleted */
    }
    f->left--;
    f->waits = 0;
    f->since = tb_clock_monotonic();
    f->last = is_last(message);
    bus_delivery_of(message, &delivery);
    f->handle(f->context, &delivery);
    return TB_OK;
}

static tb_status fetch_all(fetching *f)
{
    tb_status status = TB_OK;
    f->since = tb_clock_monotonic();
    while (status == TB_OK && !f->last) {
        natsMsg *message = NULL;
        natsStatus s = f->left > 0 ? NATS_OK : ask_for_more(f);
        if (s == NATS_OK)
            s = natsSubscription_NextMsg(&message, f->inbox, FETCH_MS);
        if (s == NATS_OK)
            status = take(f, message);
        else if (s == NATS_TIMEOUT && tb_bus_is_connected(f->bus))
            f->left = 0;
        else
            status = s == NATS_TIMEOUT ? TB_TIMEOUT : TB_BUS_DOWN;
        natsMsg_Destroy(message);
        if (status == TB_OK && !f->last && tb_clock_monotonic() - f->since > FETCH_PATIENCE)
            status = TB_TIMEOUT; /* asked anew, a server makes another reader */
    }
    return status;
}

static tb_status read_list(tb_bus *bus, const char *site, const char *touchpoint, tb_bus_message_fn handle,
                           void *context)
{
    char bucket[BUS_NAME_SIZE];
    fetching f = {.bus = bus, .handle = handle, .context = context};
    bus_bucket_name(site, bus_part_of(touchpoint), bucket);
    snprintf(f.next, sizeof f.next, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", bucket, touchpoint);
    tb_status status = bus_status(open_inbox(&f));
    if (status == TB_OK)
        status = fetch_all(&f);
    bus_subscription_destroy(bus->connection, f.inbox); /* the broker forgets the reader by itself */
    return status;
}

/* ---- asking for it ---- */

/* "<entries> <epoch>" */
static tb_status ask_for_list(tb_bus *bus, const char *subject, uint64_t *entries, char epoch[TB_ID_TEXT_SIZE])
{
    tb_bytes reply = {0};
    char *end = NULL;
    /* Asked before the server is there, nobody answers at all; asked by a thousand at once, it takes a while. */
    int tries = atomic_load(&bus->asks);
    tb_status status = tb_bus_request(bus, subject, (tb_span){0}, ASK_FIRST_MS << tries, &reply);
    atomic_store(&bus->asks, status != TB_TIMEOUT ? 0 : tries < ASK_DOUBLED ? tries + 1 : tries);
    if (status == TB_OK)
        status = tb_bytes_append(&reply, tb_span_of("", 1));
    if (status == TB_OK) {
        *entries = strtoull((const char *)reply.data, &end, 10);
        status = *end == ' ' && strlen(end + 1) < TB_ID_TEXT_SIZE ? TB_OK : TB_MALFORMED;
    }
    if (status == TB_OK)
        memcpy(epoch, end + 1, strlen(end + 1) + 1);
    tb_bytes_free(&reply);
    return status;
}

tb_status tb_bus_feed_snapshot(tb_bus *bus, const char *site, const char *touchpoint, tb_bus_message_fn handle,
                               void *context, int *ready)
{
    char subject[TB_SUBJECT_SIZE], before[TB_ID_TEXT_SIZE], after[TB_ID_TEXT_SIZE];
    uint64_t entries = 0;
    *ready = 0;
    tb_subject_text(TB_SUBJECT_LIST, site, touchpoint, NULL, subject);
    if (!subject[0] || strpbrk(subject, "*>"))
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    tb_status status = ask_for_list(bus, subject, &entries, before);
    if (status == TB_BUS_DOWN && tb_bus_is_connected(bus)) /* nobody answers there */
        return TB_NOT_FOUND;
    if (status == TB_OK && entries)
        status = read_list(bus, site, touchpoint, handle, context);
    if (status == TB_OK)
        status = epoch_get(bus, site, bus_part_of(touchpoint), after);
    if (status == TB_OK)
        *ready = before[0] && strcmp(before, after) == 0;
    return status;
}
