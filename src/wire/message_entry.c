/* message_entry.c: one visit on one touchpoint's list, as it travels in the feed. */
#include <tebura/message.h>

#include <assert.h>
#include <string.h>

#include <tebura/secret.h>

#include "wire/cbor_writer.h"
#include "wire/facts_check.h"
#include "wire/template_size.h"

enum { SEQUENCE, VISIT, PRESENT, FROM, UNTIL, TEMPLATES, FIELDS, REFERENCE, COUNT };
static const char *const names[COUNT] = {"sequence", "visit",     "present", "from",
                                         "until",    "templates", "fields",  "reference"};
static const tb_message_form form = {TB_MESSAGE_ENTRY, "list entry", COUNT, names};
#define REQUIRED (1u << SEQUENCE | 1u << VISIT | 1u << PRESENT)

static int has_reference(const tb_entry *entry)
{
    static const uint8_t none[TB_REFERENCE_HASH_SIZE];
    return memcmp(entry->reference, none, sizeof none) != 0;
}

/* The first field that breaks an invariant of tb_entry, NULL when all is well. */
static const char *fault(const void *message)
{
    const tb_entry *entry = message;
    if (entry->sequence == 0)
        return names[SEQUENCE];
    if (tb_id_is_zero(entry->visit))
        return names[VISIT];
    if (entry->present != 0 && entry->present != 1)
        return names[PRESENT];
    if (entry->from < 0)
        return names[FROM];
    if (entry->until < entry->from || (entry->present && entry->until == 0))
        return names[UNTIL];
    int wanted = entry->present ? 1 : 0, most = entry->present ? TB_ENTRY_TEMPLATES_MAX : 0;
    if (entry->template_count < wanted || entry->template_count > most)
        return names[TEMPLATES];
    for (int i = 0; i < entry->template_count; i++)
        if (!tb_template_size_is_good(entry->templates[i].size))
            return names[TEMPLATES];
    if (!entry->present && (entry->from || entry->until))
        return names[FROM];
    if (!entry->present && has_reference(entry))
        return names[REFERENCE];
    if (!tb_facts_are_good(&entry->fields) || (!entry->present && entry->fields.count))
        return names[FIELDS];
    return NULL;
}

tb_status tb_entry_encode(const tb_entry *entry, tb_bytes *out)
{
    if (fault(entry))
        return TB_INVALID_ARGUMENT;
    tb_cbor_writer writer;
    tb_cbor_begin(&writer, &form, out);
    tb_cbor_put_uint(&writer, SEQUENCE, entry->sequence);
    tb_cbor_put_id(&writer, VISIT, entry->visit);
    tb_cbor_put_bool(&writer, PRESENT, entry->present);
    if (entry->present) {
        tb_cbor_put_time(&writer, FROM, entry->from);
        tb_cbor_put_time(&writer, UNTIL, entry->until);
        tb_cbor_put_key(&writer, TEMPLATES);
        tb_cbor_write_array(&writer, (size_t)entry->template_count);
        for (int i = 0; i < entry->template_count; i++)
            tb_cbor_write_bytes(&writer, tb_bytes_span(&entry->templates[i]));
        tb_cbor_put_facts(&writer, FIELDS, &entry->fields);
        if (has_reference(entry))
            tb_cbor_put_bytes(&writer, REFERENCE, tb_span_of(entry->reference, sizeof entry->reference));
    }
    return tb_cbor_end(&writer);
}

static void read_templates(tb_cbor_reader *reader, tb_entry *out)
{
    size_t count = tb_cbor_array(reader, TB_ENTRY_TEMPLATES_MAX);
    for (size_t i = 0; i < count && reader->status == TB_OK; i++) {
        tb_span span = tb_cbor_bytes(reader);
        if (!tb_template_size_is_good(span.size))
            tb_cbor_fail(reader, TB_MALFORMED, "hold bytes that cannot be a template");
        if (reader->status == TB_OK && tb_bytes_append(&out->templates[i], span) != TB_OK)
            tb_cbor_fail(reader, TB_NO_MEMORY, "do not fit into memory");
        if (reader->status == TB_OK)
            out->template_count = (int)i + 1;
    }
}

static void read_reference(tb_cbor_reader *reader, tb_entry *out)
{
    tb_span span = tb_cbor_bytes(reader);
    if (reader->status == TB_OK && span.size != sizeof out->reference)
        tb_cbor_fail(reader, TB_MALFORMED, "has another size than such a hash");
    if (reader->status == TB_OK)
        memcpy(out->reference, span.data, sizeof out->reference);
}

static void read_field(tb_cbor_reader *reader, int field, void *message)
{
    tb_entry *out = message;
    switch (field) {
    case SEQUENCE:
        out->sequence = tb_cbor_uint(reader, UINT64_MAX);
        break;
    case VISIT:
        out->visit = tb_cbor_id(reader);
        break;
    case PRESENT:
        out->present = tb_cbor_bool(reader);
        break;
    case FROM:
        out->from = tb_cbor_time(reader);
        break;
    case UNTIL:
        out->until = tb_cbor_time(reader);
        break;
    case TEMPLATES:
        read_templates(reader, out);
        break;
    case FIELDS:
        tb_cbor_facts(reader, &out->fields);
        break;
    case REFERENCE:
        read_reference(reader, out);
        break;
    }
}

static void discard(void *message)
{
    tb_entry_free(message);
}

static const tb_message_shape shape = {&form, sizeof(tb_entry), REQUIRED, read_field, fault, discard};

tb_status tb_entry_decode(tb_span bytes, tb_entry *out, tb_error *why)
{
    tb_status status = tb_cbor_message(bytes, &shape, out, why);
    assert(status != TB_OK || (out->template_count >= out->present && !fault(out)));
    return status;
}

void tb_entry_free(tb_entry *entry)
{
    for (int i = 0; i < TB_ENTRY_TEMPLATES_MAX; i++)
        tb_bytes_free(&entry->templates[i]);
    tb_wipe(entry, sizeof *entry);
}

tb_status tb_reference_hash(const tb_key *feed, const char *reference, uint8_t out[TB_REFERENCE_HASH_SIZE])
{
    tb_key key;
    uint8_t whole[32];
    memset(out, 0, TB_REFERENCE_HASH_SIZE);
    tb_status status = tb_key_derive(feed, "tbholds1", 1, &key);
    if (status == TB_OK) {
        tb_keyed_hash(&key, tb_span_text(reference), whole);
        memcpy(out, whole, TB_REFERENCE_HASH_SIZE);
        tb_wipe(whole, sizeof whole);
    }
    tb_wipe(&key, sizeof key);
    return status;
}
