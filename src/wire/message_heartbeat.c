/* message_heartbeat.c: a terminal's sign of life. */
#include <tebura/message.h>

#include <string.h>

#include "wire/cbor_writer.h"
#include "wire/text.h"

enum {
    TOUCHPOINT,
    AT,
    SEQUENCE,
    ENTRIES,
    OUTBOX,
    DECISIONS,
    STATE,
    SCREEN,
    SIMULATION,
    TICK,
    FRESH,
    STALE,
    REFUSED,
    CLOCK,
    JUMPED,
    COUNT
};
static const char *const names[COUNT] = {"touchpoint", "at",    "sequence", "entries",    "outbox",
                                         "decisions",  "state", "screen",   "simulation", "tick",
                                         "fresh",      "stale", "refused",  "clock",      "clock_jumped"};
static const tb_message_form form = {TB_MESSAGE_HEARTBEAT, "heartbeat", COUNT, names};
#define REQUIRED (1u << TOUCHPOINT | 1u << AT | 1u << SEQUENCE | 1u << ENTRIES | 1u << OUTBOX | 1u << DECISIONS)

static const char *fault(const void *message)
{
    const tb_heartbeat *beat = message;
    if (!tb_touchpoint_is_good(beat->touchpoint))
        return names[TOUCHPOINT];
    if (beat->at <= 0)
        return names[AT];
    if (!tb_name_is_good_or_empty(beat->state))
        return names[STATE];
    if (!tb_field_is_good(beat->screen, sizeof beat->screen))
        return names[SCREEN];
    if (beat->fresh < 0)
        return names[FRESH];
    if (beat->stale != 0 && beat->stale != 1)
        return names[STALE];
    if (beat->clock_jumped != 0 && beat->clock_jumped != 1)
        return names[JUMPED];
    return beat->simulation == 0 || beat->simulation == 1 ? NULL : names[SIMULATION];
}

tb_status tb_heartbeat_encode(const tb_heartbeat *beat, tb_bytes *out)
{
    if (fault(beat))
        return TB_INVALID_ARGUMENT;
    tb_cbor_writer writer;
    tb_cbor_begin(&writer, &form, out);
    tb_cbor_put_text(&writer, TOUCHPOINT, beat->touchpoint);
    tb_cbor_put_time(&writer, AT, beat->at);
    tb_cbor_put_uint(&writer, SEQUENCE, beat->sequence);
    tb_cbor_put_uint(&writer, ENTRIES, beat->entries);
    tb_cbor_put_uint(&writer, OUTBOX, beat->outbox);
    tb_cbor_put_uint(&writer, DECISIONS, beat->decisions);
    tb_cbor_put_text(&writer, STATE, beat->state);
    tb_cbor_put_text(&writer, SCREEN, beat->screen);
    if (beat->simulation)
        tb_cbor_put_bool(&writer, SIMULATION, 1);
    if (beat->tick)
        tb_cbor_put_uint(&writer, TICK, beat->tick);
    if (beat->fresh)
        tb_cbor_put_time(&writer, FRESH, beat->fresh);
    if (beat->stale)
        tb_cbor_put_bool(&writer, STALE, 1);
    if (beat->refused)
        tb_cbor_put_uint(&writer, REFUSED, beat->refused);
    if (beat->clock)
        tb_cbor_put_int(&writer, CLOCK, beat->clock);
    if (beat->clock_jumped)
        tb_cbor_put_bool(&writer, JUMPED, 1);
    return tb_cbor_end(&writer);
}

static void read_field(tb_cbor_reader *reader, int field, void *message)
{
    tb_heartbeat *out = message;
    switch (field) {
    case TOUCHPOINT:
        tb_cbor_text(reader, out->touchpoint, sizeof out->touchpoint);
        break;
    case AT:
        out->at = tb_cbor_time(reader);
        break;
    case SEQUENCE:
        out->sequence = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case ENTRIES:
        out->entries = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case OUTBOX:
        out->outbox = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case DECISIONS:
        out->decisions = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case STATE:
        tb_cbor_text(reader, out->state, sizeof out->state);
        break;
    case SCREEN:
        tb_cbor_text(reader, out->screen, sizeof out->screen);
        break;
    case SIMULATION:
        out->simulation = tb_cbor_bool(reader);
        break;
    case TICK:
        out->tick = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case FRESH:
        out->fresh = tb_cbor_time(reader);
        break;
    case STALE:
        out->stale = tb_cbor_bool(reader);
        break;
    case REFUSED:
        out->refused = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case CLOCK:
        out->clock = tb_cbor_int(reader);
        break;
    case JUMPED:
        out->clock_jumped = tb_cbor_bool(reader);
        break;
    }
}

static const tb_message_shape shape = {&form, sizeof(tb_heartbeat), REQUIRED, read_field, fault, NULL};

tb_status tb_heartbeat_decode(tb_span bytes, tb_heartbeat *out, tb_error *why)
{
    return tb_cbor_message(bytes, &shape, out, why);
}
