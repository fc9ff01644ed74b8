/* message_answer.c: what the server answers to a request. The status travels by its name: its number may change between
 * versions. A name that this program does not know was a failure there and stays one here. */
#include <tebura/message.h>

#include <string.h>
#include <strings.h>

#include "wire/cbor_writer.h"
#include "wire/facts_check.h"
#include "wire/text.h"

enum { ID, STATUS, VERDICT, REASON, VISIT, FIELDS, COUNT };
static const char *const names[COUNT] = {"id", "status", "verdict", "reason", "visit", "fields"};
static const tb_message_form form = {TB_MESSAGE_ANSWER, "answer", COUNT, names};
#define REQUIRED (1u << ID | 1u << STATUS | 1u << VERDICT)
#define STATUS_NAME_SIZE 64

static const char *fault(const void *message)
{
    const tb_answer *answer = message;
    if (tb_id_is_zero(answer->id))
        return names[ID];
    if (answer->verdict < TB_ANSWER_ADMIT || answer->verdict > TB_ANSWER_FAILED)
        return names[VERDICT];
    if ((unsigned)answer->status >= TB_STATUS_COUNT ||
        (answer->status == TB_OK) == (answer->verdict == TB_ANSWER_FAILED))
        return names[STATUS];
    if (!tb_name_is_good_or_empty(answer->reason))
        return names[REASON];
    if ((answer->verdict == TB_ANSWER_ADMIT && answer->reason[0]) ||
        (answer->verdict == TB_ANSWER_REFUSE && !answer->reason[0]))
        return names[REASON];
    return tb_facts_are_good(&answer->fields) ? NULL : names[FIELDS];
}

tb_status tb_answer_encode(const tb_answer *answer, tb_bytes *out)
{
    if (fault(answer))
        return TB_INVALID_ARGUMENT;
    tb_cbor_writer writer;
    tb_cbor_begin(&writer, &form, out);
    tb_cbor_put_id(&writer, ID, answer->id);
    tb_cbor_put_text(&writer, STATUS, tb_status_name(answer->status));
    tb_cbor_put_uint(&writer, VERDICT, (uint64_t)answer->verdict);
    tb_cbor_put_text(&writer, REASON, answer->reason);
    if (!tb_id_is_zero(answer->visit))
        tb_cbor_put_id(&writer, VISIT, answer->visit);
    tb_cbor_put_facts(&writer, FIELDS, &answer->fields);
    return tb_cbor_end(&writer);
}

static tb_status read_status(tb_cbor_reader *reader)
{
    char name[STATUS_NAME_SIZE];
    tb_cbor_text(reader, name, sizeof name);
    if (reader->status == TB_OK && name[0] == '\0')
        tb_cbor_fail(reader, TB_MALFORMED, "is empty");
    for (int status = 0; status < TB_STATUS_COUNT; status++)
        if (strcasecmp(name, tb_status_name((tb_status)status)) == 0)
            return (tb_status)status;
    return TB_UNSUPPORTED;
}

static tb_answer_verdict read_verdict(tb_cbor_reader *reader)
{
    uint64_t verdict = tb_cbor_uint(reader, UINT64_MAX);
    if (verdict < TB_ANSWER_ADMIT || verdict > TB_ANSWER_FAILED)
        tb_cbor_fail(reader, TB_UNSUPPORTED, "is none that this program knows");
    return reader->status == TB_OK ? (tb_answer_verdict)verdict : (tb_answer_verdict)0;
}

static void read_field(tb_cbor_reader *reader, int field, void *message)
{
    tb_answer *out = message;
    switch (field) {
    case ID:
        out->id = tb_cbor_id(reader);
        break;
    case STATUS:
        out->status = read_status(reader);
        break;
    case VERDICT:
        out->verdict = read_verdict(reader);
        break;
    case REASON:
        tb_cbor_text(reader, out->reason, sizeof out->reason);
        break;
    case VISIT:
        out->visit = tb_cbor_id(reader);
        break;
    case FIELDS:
        tb_cbor_facts(reader, &out->fields);
        break;
    }
}

static const tb_message_shape shape = {&form, sizeof(tb_answer), REQUIRED, read_field, fault, NULL};

tb_status tb_answer_decode(tb_span bytes, tb_answer *out, tb_error *why)
{
    return tb_cbor_message(bytes, &shape, out, why);
}
