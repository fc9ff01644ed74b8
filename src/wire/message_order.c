/* message_order.c: what the server tells one terminal to do. */
#include <tebura/message.h>

#include <string.h>

#include "wire/cbor_writer.h"

enum { KIND, AT, COUNT };
static const char *const names[COUNT] = {"kind", "at"};
static const tb_message_form form = {TB_MESSAGE_ORDER, "order", COUNT, names};
#define REQUIRED (1u << KIND | 1u << AT)

static const char *fault(const void *message)
{
    const tb_order *order = message;
    if (order->kind != TB_ORDER_WIPE && order->kind != TB_ORDER_REVOKED)
        return names[KIND];
    return order->at > 0 ? NULL : names[AT];
}

tb_status tb_order_encode(const tb_order *order, tb_bytes *out)
{
    if (fault(order))
        return TB_INVALID_ARGUMENT;
    tb_cbor_writer writer;
    tb_cbor_begin(&writer, &form, out);
    tb_cbor_put_uint(&writer, KIND, (uint64_t)order->kind);
    tb_cbor_put_time(&writer, AT, order->at);
    return tb_cbor_end(&writer);
}

static void read_field(tb_cbor_reader *reader, int field, void *message)
{
    tb_order *out = message;
    if (field == KIND)
        out->kind = (tb_order_kind)tb_cbor_uint(reader, TB_ORDER_REVOKED);
    else
        out->at = tb_cbor_time(reader);
}

static const tb_message_shape shape = {&form, sizeof(tb_order), REQUIRED, read_field, fault, NULL};

tb_status tb_order_decode(tb_span bytes, tb_order *out, tb_error *why)
{
    return tb_cbor_message(bytes, &shape, out, why);
}
