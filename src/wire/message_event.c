/* message_event.c: what a terminal did, as it travels in the event stream. */
#include <tebura/message.h>

#include "wire/cbor_writer.h"
#include "wire/facts_check.h"
#include "wire/text.h"

enum { ID, TOUCHPOINT, NUMBER, KIND, VISIT, AT, REASON, DURATION, FACTS, SINCE, COUNT };
static const char *const names[COUNT] = {"id", "touchpoint", "number",   "kind",  "visit",
                                         "at", "reason",     "duration", "facts", "since"};
static const tb_message_form form = {TB_MESSAGE_EVENT, "event", COUNT, names};
#define REQUIRED (1u << ID | 1u << TOUCHPOINT | 1u << NUMBER | 1u << KIND | 1u << AT)

static const char *fault(const void *message)
{
    const tb_event *event = message;
    if (tb_id_is_zero(event->id))
        return names[ID];
    if (!tb_touchpoint_is_good(event->touchpoint))
        return names[TOUCHPOINT];
    if (event->number == 0)
        return names[NUMBER];
    if (event->since > event->number)
        return names[SINCE];
    if (event->kind < TB_EVENT_PASSAGE || event->kind > TB_EVENT_ATTENDANT)
        return names[KIND];
    if (event->at <= 0)
        return names[AT];
    if (!tb_name_is_good_or_empty(event->reason))
        return names[REASON];
    if (event->duration < 0)
        return names[DURATION];
    return tb_facts_are_good(&event->facts) ? NULL : names[FACTS];
}

tb_status tb_event_encode(const tb_event *event, tb_bytes *out)
{
    if (fault(event))
        return TB_INVALID_ARGUMENT;
    tb_cbor_writer writer;
    tb_cbor_begin(&writer, &form, out);
    tb_cbor_put_id(&writer, ID, event->id);
    tb_cbor_put_text(&writer, TOUCHPOINT, event->touchpoint);
    tb_cbor_put_uint(&writer, NUMBER, event->number);
    tb_cbor_put_uint(&writer, KIND, (uint64_t)event->kind);
    if (!tb_id_is_zero(event->visit))
        tb_cbor_put_id(&writer, VISIT, event->visit);
    tb_cbor_put_time(&writer, AT, event->at);
    tb_cbor_put_text(&writer, REASON, event->reason);
    if (event->duration)
        tb_cbor_put_time(&writer, DURATION, event->duration);
    tb_cbor_put_facts(&writer, FACTS, &event->facts);
    if (event->since)
        tb_cbor_put_uint(&writer, SINCE, event->since);
    return tb_cbor_end(&writer);
}

static tb_event_kind read_kind(tb_cbor_reader *reader)
{
    uint64_t kind = tb_cbor_uint(reader, UINT64_MAX);
    if (kind < TB_EVENT_PASSAGE || kind > TB_EVENT_ATTENDANT)
        tb_cbor_fail(reader, TB_UNSUPPORTED, "is none that this program knows");
    return reader->status == TB_OK ? (tb_event_kind)kind : (tb_event_kind)0;
}

static void read_field(tb_cbor_reader *reader, int field, void *message)
{
    tb_event *out = message;
    switch (field) {
    case ID:
        out->id = tb_cbor_id(reader);
        break;
    case TOUCHPOINT:
        tb_cbor_text(reader, out->touchpoint, sizeof out->touchpoint);
        break;
    case NUMBER:
        out->number = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case KIND:
        out->kind = read_kind(reader);
        break;
    case VISIT:
        out->visit = tb_cbor_id(reader);
        break;
    case AT:
        out->at = tb_cbor_time(reader);
        break;
    case REASON:
        tb_cbor_text(reader, out->reason, sizeof out->reason);
        break;
    case DURATION:
        out->duration = tb_cbor_time(reader);
        break;
    case FACTS:
        tb_cbor_facts(reader, &out->facts);
        break;
    case SINCE:
        out->since = tb_cbor_uint(reader, UINT64_MAX);
        break;
    }
}

static const tb_message_shape shape = {&form, sizeof(tb_event), REQUIRED, read_field, fault, NULL};

tb_status tb_event_decode(tb_span bytes, tb_event *out, tb_error *why)
{
    return tb_cbor_message(bytes, &shape, out, why);
}
