/* cbor_writer.c: libcbor's encoders into a buffer that wipes what it leaves behind. */
#include "wire/cbor_writer.h"

#include <assert.h>
#include <cbor.h>
#include <string.h>

#include <tebura/secret.h>

#define HEAD_MAX 9
#define FIELDS_MAX 21 /* with version and kind 23: the count fits into the map's first byte, written last */

static void append(tb_cbor_writer *writer, const uint8_t *data, size_t size)
{
    if (writer->status == TB_OK)
        writer->status = tb_bytes_append(writer->out, tb_span_of(data, size));
}

static void append_head(tb_cbor_writer *writer, const uint8_t *head, size_t size)
{
    assert(size > 0 && size <= HEAD_MAX);
    append(writer, head, size);
}

void tb_cbor_write_uint(tb_cbor_writer *writer, uint64_t value)
{
    uint8_t head[HEAD_MAX];
    append_head(writer, head, cbor_encode_uint(value, head, sizeof head));
}

void tb_cbor_write_int(tb_cbor_writer *writer, int64_t value)
{
    uint8_t head[HEAD_MAX];
    if (value >= 0)
        tb_cbor_write_uint(writer, (uint64_t)value);
    else
        append_head(writer, head, cbor_encode_negint((uint64_t)(-1 - value), head, sizeof head));
}

void tb_cbor_write_bool(tb_cbor_writer *writer, int value)
{
    uint8_t head[HEAD_MAX];
    append_head(writer, head, cbor_encode_bool(value != 0, head, sizeof head));
}

void tb_cbor_write_text(tb_cbor_writer *writer, tb_span text)
{
    uint8_t head[HEAD_MAX];
    append_head(writer, head, cbor_encode_string_start(text.size, head, sizeof head));
    append(writer, text.data, text.size);
}

void tb_cbor_write_bytes(tb_cbor_writer *writer, tb_span bytes)
{
    uint8_t head[HEAD_MAX];
    append_head(writer, head, cbor_encode_bytestring_start(bytes.size, head, sizeof head));
    append(writer, bytes.data, bytes.size);
}

void tb_cbor_write_array(tb_cbor_writer *writer, size_t count)
{
    uint8_t head[HEAD_MAX];
    append_head(writer, head, cbor_encode_array_start(count, head, sizeof head));
}

void tb_cbor_write_map(tb_cbor_writer *writer, size_t count)
{
    uint8_t head[HEAD_MAX];
    append_head(writer, head, cbor_encode_map_start(count, head, sizeof head));
}

void tb_cbor_put_key(tb_cbor_writer *writer, int field)
{
    assert(field > writer->last && writer->fields < FIELDS_MAX);
    writer->last = field;
    writer->fields++;
    tb_cbor_write_uint(writer, (uint64_t)(field + TB_MESSAGE_FIRST_KEY));
}

void tb_cbor_begin(tb_cbor_writer *writer, const tb_message_form *form, tb_bytes *out)
{
    *writer = (tb_cbor_writer){.out = out, .start = out->size, .last = -1};
    tb_cbor_write_map(writer, 0); /* the count follows in tb_cbor_end */
    tb_cbor_write_uint(writer, 0);
    tb_cbor_write_uint(writer, TB_MESSAGE_VERSION);
    tb_cbor_write_uint(writer, 1);
    tb_cbor_write_uint(writer, (uint64_t)form->kind);
}

tb_status tb_cbor_end(tb_cbor_writer *writer)
{
    tb_bytes *out = writer->out;
    if (writer->status != TB_OK) {
        if (out->size > writer->start)
            tb_wipe(out->data + writer->start, out->size - writer->start);
        out->size = writer->start;
        return writer->status;
    }
    size_t written = cbor_encode_map_start((size_t)writer->fields + 2, out->data + writer->start, 1);
    assert(written == 1 && out->size - writer->start <= TB_MESSAGE_MAX);
    (void)written;
    return TB_OK;
}

void tb_cbor_put_uint(tb_cbor_writer *writer, int field, uint64_t value)
{
    tb_cbor_put_key(writer, field);
    tb_cbor_write_uint(writer, value);
}

void tb_cbor_put_time(tb_cbor_writer *writer, int field, tb_time value)
{
    assert(value >= 0);
    tb_cbor_put_uint(writer, field, (uint64_t)value);
}

void tb_cbor_put_int(tb_cbor_writer *writer, int field, int64_t value)
{
    tb_cbor_put_key(writer, field);
    tb_cbor_write_int(writer, value);
}

void tb_cbor_put_bool(tb_cbor_writer *writer, int field, int value)
{
    tb_cbor_put_key(writer, field);
    tb_cbor_write_bool(writer, value);
}

void tb_cbor_put_float(tb_cbor_writer *writer, int field, float value)
{
    uint8_t head[HEAD_MAX];
    tb_cbor_put_key(writer, field);
    append_head(writer, head, cbor_encode_single(value, head, sizeof head));
}

void tb_cbor_put_id(tb_cbor_writer *writer, int field, tb_id id)
{
    tb_cbor_put_key(writer, field);
    tb_cbor_write_bytes(writer, tb_span_of(id.bytes, sizeof id.bytes));
}

void tb_cbor_put_text(tb_cbor_writer *writer, int field, const char *text)
{
    if (text[0] == '\0')
        return;
    tb_cbor_put_key(writer, field);
    tb_cbor_write_text(writer, tb_span_text(text));
}

void tb_cbor_put_bytes(tb_cbor_writer *writer, int field, tb_span bytes)
{
    if (bytes.size == 0)
        return;
    tb_cbor_put_key(writer, field);
    tb_cbor_write_bytes(writer, bytes);
}
