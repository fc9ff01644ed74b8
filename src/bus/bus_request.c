/* bus_request.c: plain messages, requests and their answers. An answer that is no answer travels as a header with the
 * status' name, so that the other side hears at once what went wrong instead of waiting in vain. */
#include "bus/bus_private.h"

#include <stdlib.h>
#include <string.h>

#include "bus/subscription.h"

#define STATUS_HEADER "Tebura-Status"

void bus_delivery_of(natsMsg *message, tb_delivery *out)
{
    const char *id = NULL, *operation = NULL;
    *out = (tb_delivery){.handle = message};
    out->body = tb_span_of(natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message));
    const char *subject = natsMsg_GetSubject(message);
    if (subject && strlen(subject) < sizeof out->subject)
        memcpy(out->subject, subject, strlen(subject) + 1);
    if (natsMsgHeader_Get(message, "Nats-Msg-Id", &id) == NATS_OK && strlen(id) < sizeof out->id)
        memcpy(out->id, id, strlen(id) + 1);
    if (natsMsgHeader_Get(message, "KV-Operation", &operation) == NATS_OK)
        out->purge = strcmp(operation, "PURGE") == 0 || strcmp(operation, "DEL") == 0;
}

static tb_status status_named(const char *name)
{
    for (int i = 0; i < TB_STATUS_COUNT; i++)
        if (strcmp(tb_status_name((tb_status)i), name) == 0)
            return (tb_status)i;
    return TB_INTERNAL; /* a newer peer's */
}

/* ---- answering ---- */

static void send_answer(tb_bus *bus, const char *to, tb_status status, tb_span body)
{
    natsMsg *message = NULL;
    tb_span sent = status == TB_OK ? body : (tb_span){0};
    BUS_WAY(bus);
    natsStatus s = natsMsg_Create(&message, to, NULL, (const char *)sent.data, (int)sent.size);
    if (s == NATS_OK)
        s = natsMsgHeader_Set(message, STATUS_HEADER, tb_status_name(status));
    if (s == NATS_OK)
        (void)natsConnection_PublishMsg(bus->connection, message); /* lost answers are asked for again by the same id */
    natsMsg_Destroy(message);
}

static void on_request(natsConnection *connection, natsSubscription *sub, natsMsg *message, void *context)
{
    (void)connection;
    (void)sub;
    tb_bus_subscription *subscription = context;
    tb_delivery request;
    tb_bytes reply = {0};
    bus_delivery_of(message, &request);
    tb_status status = subscription->answer(subscription->context, &request, &reply);
    if (natsMsg_GetReply(message))
        send_answer(subscription->bus, natsMsg_GetReply(message), status, tb_bytes_span(&reply));
    tb_bytes_free(&reply);
    natsMsg_Destroy(message);
}

static void on_message(natsConnection *connection, natsSubscription *sub, natsMsg *message, void *context)
{
    (void)connection;
    (void)sub;
    tb_bus_subscription *subscription = context;
    tb_delivery delivery;
    bus_delivery_of(message, &delivery);
    subscription->handle(subscription->context, &delivery);
    natsMsg_Destroy(message);
}

static int subject_is_good(const char *subject)
{
    return subject && *subject && strlen(subject) < TB_SUBJECT_SIZE;
}

static tb_status begin(tb_bus_subscription *subscription, const char *subject, tb_bus_subscription **out)
{
    memcpy(subscription->subject, subject, strlen(subject) + 1);
    tb_status status = bus_subscribe(subscription);
    if (status == TB_OK)
        *out = subscription;
    else
        tb_bus_subscription_free(&subscription);
    return status;
}

tb_status tb_bus_answer(tb_bus *bus, const char *subject, tb_bus_answer_fn answer, void *context,
                        tb_bus_subscription **out)
{
    *out = NULL;
    if (!subject_is_good(subject))
        return TB_INVALID_ARGUMENT;
    tb_bus_subscription *subscription = calloc(1, sizeof *subscription);
    if (!subscription)
        return TB_NO_MEMORY;
    *subscription = (tb_bus_subscription){.bus = bus, .answer = answer, .received = on_request, .context = context};
    return begin(subscription, subject, out);
}

tb_status tb_bus_listen(tb_bus *bus, const char *subject, tb_bus_message_fn handle, void *context,
                        tb_bus_subscription **out)
{
    *out = NULL;
    if (!subject_is_good(subject))
        return TB_INVALID_ARGUMENT;
    tb_bus_subscription *subscription = calloc(1, sizeof *subscription);
    if (!subscription)
        return TB_NO_MEMORY;
    *subscription = (tb_bus_subscription){.bus = bus, .handle = handle, .received = on_message, .context = context};
    return begin(subscription, subject, out);
}

/* ---- asking ---- */

tb_status tb_bus_request(tb_bus *bus, const char *subject, tb_span body, int wait_ms, tb_bytes *reply)
{
    if (!subject_is_good(subject) || wait_ms <= 0 || body.size > INT32_MAX)
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    natsMsg *question = NULL, *answer = NULL;
    const char *name = NULL;
    natsStatus s = natsMsg_Create(&question, subject, NULL, (const char *)body.data, (int)body.size);
    if (s == NATS_OK)
        s = natsConnection_RequestMsg(&answer, bus->connection, question, wait_ms);
    tb_status status = bus_status(s);
    if (status == TB_OK && natsMsgHeader_Get(answer, STATUS_HEADER, &name) == NATS_OK)
        status = status_named(name);
    if (status == TB_OK)
        status = tb_bytes_append(reply, tb_span_of(natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer)));
    natsMsg_Destroy(answer);
    natsMsg_Destroy(question);
    return status;
}

tb_status tb_bus_publish(tb_bus *bus, const char *subject, tb_span body)
{
    if (!subject_is_good(subject) || body.size > INT32_MAX)
        return TB_INVALID_ARGUMENT;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    return bus_status(natsConnection_Publish(bus->connection, subject, body.data, (int)body.size));
}

tb_status tb_bus_account_push(tb_bus *bus, const char *token, int wait_ms)
{
    natsMsg *answer = NULL;
    BUS_WAY(bus);
    if (!tb_bus_is_connected(bus))
        return TB_BUS_DOWN;
    natsStatus s = natsConnection_RequestString(&answer, bus->connection, "$SYS.REQ.CLAIMS.UPDATE", token, wait_ms);
    tb_status status = s == NATS_NO_RESPONDERS ? TB_UNSUPPORTED : bus_status(s);
    if (status == TB_OK && !memmem(natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer), "\"code\":200", 10))
        status = TB_REFUSED;
    natsMsg_Destroy(answer);
    return status;
}

tb_status tb_bus_flush(tb_bus *bus, int wait_ms)
{
    BUS_WAY(bus);
    return tb_bus_is_connected(bus) ? bus_status(natsConnection_FlushTimeout(bus->connection, wait_ms)) : TB_BUS_DOWN;
}
