/* cbor_reader.c: one item after the other from libcbor's streaming decoder. */
#include "wire/cbor_reader.h"

#include <assert.h>
#include <cbor.h>
#include <math.h>
#include <string.h>

#include <tebura/secret.h>

#include "wire/text.h"

typedef enum item_kind {
    ITEM_OTHER,
    ITEM_UINT,
    ITEM_NEGATIVE,
    ITEM_BYTES,
    ITEM_TEXT,
    ITEM_ARRAY,
    ITEM_MAP,
    ITEM_TAG,
    ITEM_BOOL,
    ITEM_FLOAT,
    ITEM_INDEFINITE
} item_kind;

typedef struct item {
    item_kind kind;
    uint64_t number; /* value, or how many items or pairs follow; a negative value is -1 - number */
    float real;
    tb_span span;
} item;

static void on_uint8(void *context, uint8_t value)
{
    *(item *)context = (item){.kind = ITEM_UINT, .number = value};
}

static void on_uint16(void *context, uint16_t value)
{
    *(item *)context = (item){.kind = ITEM_UINT, .number = value};
}

static void on_uint32(void *context, uint32_t value)
{
    *(item *)context = (item){.kind = ITEM_UINT, .number = value};
}

static void on_uint64(void *context, uint64_t value)
{
    *(item *)context = (item){.kind = ITEM_UINT, .number = value};
}

static void on_negative8(void *context, uint8_t value)
{
    *(item *)context = (item){.kind = ITEM_NEGATIVE, .number = value};
}

static void on_negative16(void *context, uint16_t value)
{
    *(item *)context = (item){.kind = ITEM_NEGATIVE, .number = value};
}

static void on_negative32(void *context, uint32_t value)
{
    *(item *)context = (item){.kind = ITEM_NEGATIVE, .number = value};
}

static void on_negative64(void *context, uint64_t value)
{
    *(item *)context = (item){.kind = ITEM_NEGATIVE, .number = value};
}

static void on_bytes(void *context, cbor_data data, size_t size)
{
    *(item *)context = (item){.kind = ITEM_BYTES, .number = size, .span = tb_span_of(data, size)};
}

static void on_text(void *context, cbor_data data, size_t size)
{
    *(item *)context = (item){.kind = ITEM_TEXT, .number = size, .span = tb_span_of(data, size)};
}

static void on_array(void *context, size_t count)
{
    *(item *)context = (item){.kind = ITEM_ARRAY, .number = count};
}

static void on_map(void *context, size_t count)
{
    *(item *)context = (item){.kind = ITEM_MAP, .number = count};
}

static void on_tag(void *context, uint64_t tag)
{
    *(item *)context = (item){.kind = ITEM_TAG, .number = tag};
}

static void on_float(void *context, float value)
{
    *(item *)context = (item){.kind = ITEM_FLOAT, .real = value};
}

static void on_bool(void *context, bool value)
{
    *(item *)context = (item){.kind = ITEM_BOOL, .number = value};
}

static void on_indefinite(void *context)
{
    *(item *)context = (item){.kind = ITEM_INDEFINITE};
}

/* What is not named here is ITEM_OTHER: null, undefined, half and double precision; fine inside a field that we do not
 * know. */
static const struct cbor_callbacks *callbacks(struct cbor_callbacks *all)
{
    *all = cbor_empty_callbacks;
    all->uint8 = on_uint8;
    all->uint16 = on_uint16;
    all->uint32 = on_uint32;
    all->uint64 = on_uint64;
    all->negint8 = on_negative8;
    all->negint16 = on_negative16;
    all->negint32 = on_negative32;
    all->negint64 = on_negative64;
    all->byte_string = on_bytes;
    all->string = on_text;
    all->array_start = on_array;
    all->map_start = on_map;
    all->tag = on_tag;
    all->float4 = on_float;
    all->boolean = on_bool;
    all->byte_string_start = all->string_start = on_indefinite;
    all->indef_array_start = all->indef_map_start = all->indef_break = on_indefinite;
    return all;
}

void tb_cbor_fail(tb_cbor_reader *reader, tb_status status, const char *what)
{
    if (reader->status != TB_OK)
        return;
    int64_t field = reader->key - TB_MESSAGE_FIRST_KEY;
    const char *name = reader->key == 0                                  ? "version"
                       : reader->key == 1                                ? "kind"
                       : field >= 0 && field < reader->form->field_count ? reader->form->fields[field]
                                                                         : "the message";
    reader->status = tb_fail(reader->why, status, "%s: %s %s", reader->form->noun, name, what);
    reader->rest = tb_span_of(NULL, 0);
    reader->pairs = 0;
}

static size_t shortest_head(uint64_t number)
{
    return number < 24 ? 1 : number <= UINT8_MAX ? 2 : number <= UINT16_MAX ? 3 : number <= UINT32_MAX ? 5 : 9;
}

/* The next item; ITEM_OTHER after a failure. */
static item next(tb_cbor_reader *reader)
{
    item got = {0};
    if (reader->status != TB_OK)
        return got;
    struct cbor_callbacks all;
    struct cbor_decoder_result result = {.status = CBOR_DECODER_NEDATA};
    if (reader->rest.size)
        result = cbor_stream_decode(reader->rest.data, reader->rest.size, callbacks(&all), &got);
    if (result.status != CBOR_DECODER_FINISHED) {
        tb_cbor_fail(reader, result.status == CBOR_DECODER_NEDATA ? TB_TRUNCATED : TB_MALFORMED,
                     result.status == CBOR_DECODER_NEDATA ? "ends too early" : "is not CBOR");
        return (item){0};
    }
    assert(result.read > 0 && result.read <= reader->rest.size); /* I1 */
    reader->rest = tb_span_of(reader->rest.data + result.read, reader->rest.size - result.read);
    if (got.kind == ITEM_INDEFINITE) {
        tb_cbor_fail(reader, TB_MALFORMED, "has no definite length");
        return (item){0};
    }
    int has_head = got.kind >= ITEM_UINT && got.kind <= ITEM_TAG;
    if (has_head && result.read - got.span.size != shortest_head(got.number)) {
        tb_cbor_fail(reader, TB_MALFORMED, "is not encoded in the shortest form");
        return (item){0};
    }
    /* Every item takes a byte at least: a larger count cannot be true. */
    if ((got.kind == ITEM_ARRAY && got.number > reader->rest.size) ||
        (got.kind == ITEM_MAP && got.number > reader->rest.size / 2)) {
        tb_cbor_fail(reader, TB_TRUNCATED, "ends too early");
        return (item){0};
    }
    return got;
}

/* Steps over one value of any depth. `open` cannot overflow: each count is at most the bytes that are left. */
static void skip(tb_cbor_reader *reader)
{
    for (uint64_t open = 1; open > 0 && reader->status == TB_OK; open--) {
        item got = next(reader);
        if (got.kind == ITEM_ARRAY)
            open += got.number;
        else if (got.kind == ITEM_MAP)
            open += 2 * got.number;
        else if (got.kind == ITEM_TAG)
            open += 1;
    }
}

static item expect(tb_cbor_reader *reader, item_kind kind)
{
    item got = next(reader);
    if (got.kind == kind)
        return got;
    tb_cbor_fail(reader, TB_MALFORMED, "has another type than described");
    return (item){.kind = kind};
}

static int next_key(tb_cbor_reader *reader)
{
    if (reader->status != TB_OK || reader->pairs == 0)
        return 0;
    int64_t before = reader->key;
    reader->key = -1;
    item got = expect(reader, ITEM_UINT);
    if (reader->status != TB_OK)
        return 0;
    if (got.number > INT64_MAX || (int64_t)got.number <= before) {
        tb_cbor_fail(reader, TB_MALFORMED, "has keys that are not in order"); /* I2: also what comes twice */
        return 0;
    }
    reader->key = (int64_t)got.number;
    reader->pairs--;
    return 1;
}

void tb_cbor_start(tb_cbor_reader *reader, tb_span bytes, const tb_message_form *form, tb_error *why)
{
    assert(form->field_count > 0 && form->field_count < 64);
    *reader = (tb_cbor_reader){.rest = bytes, .why = why, .form = form, .key = -1};
    if (bytes.size > TB_MESSAGE_MAX) {
        tb_cbor_fail(reader, TB_TOO_LARGE, "is larger than a message can be");
        return;
    }
    reader->pairs = expect(reader, ITEM_MAP).number;
    if (!next_key(reader) || reader->key != 0)
        tb_cbor_fail(reader, TB_MALFORMED, "does not begin with its version");
    if (tb_cbor_uint(reader, UINT64_MAX) != TB_MESSAGE_VERSION)
        tb_cbor_fail(reader, TB_UNSUPPORTED, "is not one that this program knows: upgrade the older side");
    if (!next_key(reader) || reader->key != 1)
        tb_cbor_fail(reader, TB_MALFORMED, "does not say its kind");
    if (tb_cbor_uint(reader, UINT64_MAX) != (uint64_t)form->kind)
        tb_cbor_fail(reader, TB_MALFORMED, "is that of another message");
}

int tb_cbor_field(tb_cbor_reader *reader, int *field)
{
    while (next_key(reader)) {
        int64_t number = reader->key - TB_MESSAGE_FIRST_KEY;
        if (number < reader->form->field_count) {
            *field = (int)number;
            reader->seen |= UINT64_C(1) << number;
            return 1;
        }
        skip(reader);
    }
    return 0;
}

tb_status tb_cbor_finish(tb_cbor_reader *reader, uint64_t required)
{
    reader->key = -1;
    if (reader->rest.size)
        tb_cbor_fail(reader, TB_MALFORMED, "has bytes after its end");
    for (int field = 0; field < reader->form->field_count; field++)
        if ((required & ~reader->seen) >> field & 1) {
            reader->key = field + TB_MESSAGE_FIRST_KEY;
            tb_cbor_fail(reader, TB_MALFORMED, "is missing");
        }
    return reader->status;
}

tb_status tb_cbor_message(tb_span bytes, const tb_message_shape *shape, void *out, tb_error *why)
{
    tb_cbor_reader reader;
    memset(out, 0, shape->size);
    tb_cbor_start(&reader, bytes, shape->form, why);
    for (int field; tb_cbor_field(&reader, &field);)
        shape->read_field(&reader, field, out);
    tb_status status = tb_cbor_finish(&reader, shape->required);
    const char *bad = status == TB_OK ? shape->fault(out) : NULL;
    if (bad)
        status = tb_fail(why, TB_MALFORMED, "%s: %s is not as described", shape->form->noun, bad);
    if (status != TB_OK) {
        if (shape->discard)
            shape->discard(out);
        tb_wipe(out, shape->size);
    }
    assert(status != TB_OK || !shape->fault(out));
    return status;
}

uint64_t tb_cbor_uint(tb_cbor_reader *reader, uint64_t max)
{
    item got = expect(reader, ITEM_UINT);
    if (got.number > max)
        tb_cbor_fail(reader, TB_MALFORMED, "is out of range");
    return reader->status == TB_OK ? got.number : 0;
}

int64_t tb_cbor_int(tb_cbor_reader *reader)
{
    item got = next(reader);
    if (got.kind != ITEM_UINT && got.kind != ITEM_NEGATIVE)
        tb_cbor_fail(reader, TB_MALFORMED, "has another type than described");
    if (got.number > INT64_MAX)
        tb_cbor_fail(reader, TB_MALFORMED, "is out of range");
    if (reader->status != TB_OK)
        return 0;
    return got.kind == ITEM_UINT ? (int64_t)got.number : -1 - (int64_t)got.number;
}

tb_time tb_cbor_time(tb_cbor_reader *reader)
{
    return (tb_time)tb_cbor_uint(reader, INT64_MAX);
}

int tb_cbor_bool(tb_cbor_reader *reader)
{
    return (int)expect(reader, ITEM_BOOL).number;
}

float tb_cbor_float(tb_cbor_reader *reader)
{
    item got = expect(reader, ITEM_FLOAT);
    if (!isfinite(got.real))
        tb_cbor_fail(reader, TB_MALFORMED, "is not a number");
    return reader->status == TB_OK ? got.real : 0;
}

tb_id tb_cbor_id(tb_cbor_reader *reader)
{
    tb_id id = {0};
    item got = expect(reader, ITEM_BYTES);
    if (got.span.size != sizeof id.bytes)
        tb_cbor_fail(reader, TB_MALFORMED, "is not an identifier of 16 bytes");
    if (reader->status == TB_OK)
        memcpy(id.bytes, got.span.data, sizeof id.bytes);
    return id;
}

void tb_cbor_text(tb_cbor_reader *reader, char *out, size_t size)
{
    item got = expect(reader, ITEM_TEXT);
    out[0] = '\0';
    if (got.span.size >= size)
        tb_cbor_fail(reader, TB_MALFORMED, "is too long");
    else if (!tb_utf8_is_good(got.span))
        tb_cbor_fail(reader, TB_MALFORMED, "is not UTF-8 text");
    if (reader->status == TB_OK && got.span.size) {
        memcpy(out, got.span.data, got.span.size);
        out[got.span.size] = '\0';
    }
}

tb_span tb_cbor_bytes(tb_cbor_reader *reader)
{
    return expect(reader, ITEM_BYTES).span;
}

static size_t count_of(tb_cbor_reader *reader, item_kind kind, size_t max)
{
    item got = expect(reader, kind);
    if (got.number > max)
        tb_cbor_fail(reader, TB_MALFORMED, "has too many items");
    return reader->status == TB_OK ? (size_t)got.number : 0;
}

size_t tb_cbor_array(tb_cbor_reader *reader, size_t max)
{
    return count_of(reader, ITEM_ARRAY, max);
}

size_t tb_cbor_map(tb_cbor_reader *reader, size_t max)
{
    return count_of(reader, ITEM_MAP, max);
}
