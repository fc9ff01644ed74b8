/* message_mark.c: the server's word that a list is whole. */
#include <tebura/message.h>

#include <string.h>

#include "wire/cbor_writer.h"

enum { AT, SEQUENCE, ENTRIES, SALT, DIGEST, ECHO, HEARD, REPORTED, COUNT };
static const char *const names[COUNT] = {"at", "sequence", "entries", "salt", "digest", "echo", "heard", "reported"};
static const tb_message_form form = {TB_MESSAGE_MARK, "list mark", COUNT, names};
#define REQUIRED (1u << AT | 1u << SEQUENCE | 1u << ENTRIES | 1u << SALT | 1u << DIGEST)

static const char *fault(const void *message)
{
    const tb_mark *mark = message;
    if (mark->at <= 0)
        return names[AT];
    if (!mark->echo != !mark->heard || mark->heard > mark->at || mark->heard < 0)
        return names[HEARD];
    return NULL;
}

tb_status tb_mark_encode(const tb_mark *mark, tb_bytes *out)
{
    if (fault(mark))
        return TB_INVALID_ARGUMENT;
    tb_cbor_writer writer;
    tb_cbor_begin(&writer, &form, out);
    tb_cbor_put_time(&writer, AT, mark->at);
    tb_cbor_put_uint(&writer, SEQUENCE, mark->sequence);
    tb_cbor_put_uint(&writer, ENTRIES, mark->entries);
    tb_cbor_put_bytes(&writer, SALT, tb_span_of(mark->salt.bytes, sizeof mark->salt.bytes));
    tb_cbor_put_bytes(&writer, DIGEST, tb_span_of(mark->digest, sizeof mark->digest));
    if (mark->echo) {
        tb_cbor_put_uint(&writer, ECHO, mark->echo);
        tb_cbor_put_time(&writer, HEARD, mark->heard);
    }
    if (mark->reported)
        tb_cbor_put_uint(&writer, REPORTED, mark->reported);
    return tb_cbor_end(&writer);
}

static void read_bytes(tb_cbor_reader *reader, uint8_t *out, size_t size)
{
    tb_span bytes = tb_cbor_bytes(reader);
    if (reader->status == TB_OK && bytes.size != size)
        tb_cbor_fail(reader, TB_MALFORMED, "has another size");
    else if (reader->status == TB_OK)
        memcpy(out, bytes.data, size);
}

static void read_field(tb_cbor_reader *reader, int field, void *message)
{
    tb_mark *out = message;
    switch (field) {
    case AT:
        out->at = tb_cbor_time(reader);
        break;
    case SEQUENCE:
        out->sequence = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case ENTRIES:
        out->entries = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case SALT:
        read_bytes(reader, out->salt.bytes, sizeof out->salt.bytes);
        break;
    case DIGEST:
        read_bytes(reader, out->digest, sizeof out->digest);
        break;
    case ECHO:
        out->echo = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case HEARD:
        out->heard = tb_cbor_time(reader);
        break;
    case REPORTED:
        out->reported = tb_cbor_uint(reader, UINT64_MAX);
        break;
    }
}

static const tb_message_shape shape = {&form, sizeof(tb_mark), REQUIRED, read_field, fault, NULL};

tb_status tb_mark_decode(tb_span bytes, tb_mark *out, tb_error *why)
{
    return tb_cbor_message(bytes, &shape, out, why);
}

void tb_mark_toggle(const tb_key *salt, tb_id visit, uint64_t sequence, uint8_t digest[TB_MARK_DIGEST_SIZE])
{
    uint8_t member[sizeof visit.bytes + 8], hash[32];
    memcpy(member, visit.bytes, sizeof visit.bytes);
    for (int i = 0; i < 8; i++)
        member[sizeof visit.bytes + i] = (uint8_t)(sequence >> (56 - 8 * i));
    tb_keyed_hash(salt, tb_span_of(member, sizeof member), hash);
    for (int i = 0; i < TB_MARK_DIGEST_SIZE; i++)
        digest[i] ^= hash[i];
}
