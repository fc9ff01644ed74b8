/* message_request.c: what a terminal asks the server: third authentication, check-in, payment, keeping a template.
 *
 * I1: a check-in carries a template only with consent (I4 of management.h begins here).
 * I2: nothing of a request (PIN, template, documents) stays in memory after tb_request_free. */
#include <tebura/message.h>

#include <math.h>

#include <tebura/secret.h>

#include "wire/cbor_writer.h"
#include "wire/template_size.h"
#include "wire/text.h"

enum {
    ID,
    KIND,
    TOUCHPOINT,
    AT,
    PROBE,
    MRZ,
    BOARDING_PASS,
    CONSENT,
    DOCUMENT_SCORE,
    ONLINE,
    VISIT,
    AMOUNT,
    CURRENCY,
    PIN,
    STAFF,
    DELIVER,
    FORMER,
    ALSO,
    REFERENCE,
    COUNT
};
static const char *const names[COUNT] = {"id",
                                         "kind",
                                         "touchpoint",
                                         "at",
                                         "probe",
                                         "mrz",
                                         "boarding_pass",
                                         "consent",
                                         "document_score",
                                         "online",
                                         "visit",
                                         "amount",
                                         "currency",
                                         "pin",
                                         "staff_confirmed",
                                         "deliver",
                                         "former",
                                         "also",
                                         "reference"};
static const tb_message_form form = {TB_MESSAGE_REQUEST, "request", COUNT, names};
#define REQUIRED (1u << ID | 1u << KIND | 1u << TOUCHPOINT | 1u << AT)

static int is_flag(int value)
{
    return value == 0 || value == 1;
}

static const char *fault_of_kind(const tb_request *request)
{
    switch (request->kind) {
    case TB_REQUEST_IDENTIFY:
        return request->probe.size ? NULL : names[PROBE];
    case TB_REQUEST_CHECKIN:
        if (request->probe.size && !request->consent)
            return names[CONSENT]; /* I1 */
        return request->mrz[0] || request->boarding_pass[0] ? NULL : names[MRZ];
    case TB_REQUEST_PAY:
        if (request->probe.size)
            return names[PROBE];
        if (tb_id_is_zero(request->visit))
            return names[VISIT];
        if (request->amount <= 0)
            return names[AMOUNT];
        return tb_currency_is_good(request->currency) ? NULL : names[CURRENCY];
    case TB_REQUEST_TEMPLATE:
        if (tb_id_is_zero(request->visit))
            return names[VISIT];
        return request->probe.size ? NULL : names[PROBE];
    }
    return names[KIND];
}

static const char *fault_of_probes(const tb_request *request)
{
    if (request->probe.size && !tb_template_size_is_good(request->probe.size))
        return names[PROBE];
    if (request->former_count < 0 || request->former_count > TB_MODELS_MAX - 1 ||
        (request->former_count && !request->probe.size))
        return names[FORMER];
    for (int i = 0; i < request->former_count; i++)
        if (!tb_template_size_is_good(request->former[i].size))
            return names[FORMER];
    return NULL;
}

static const char *fault(const void *message)
{
    const tb_request *request = message;
    if (tb_id_is_zero(request->id))
        return names[ID];
    if (!tb_touchpoint_is_good(request->touchpoint))
        return names[TOUCHPOINT];
    if (request->at <= 0)
        return names[AT];
    if (fault_of_probes(request))
        return fault_of_probes(request);
    if (!tb_field_is_good(request->mrz, sizeof request->mrz))
        return names[MRZ];
    if (!tb_field_is_good(request->boarding_pass, sizeof request->boarding_pass))
        return names[BOARDING_PASS];
    if (!is_flag(request->consent))
        return names[CONSENT];
    if (!tb_field_is_good(request->also, sizeof request->also) || (request->also[0] && !request->consent))
        return names[ALSO];
    if (!isfinite(request->document_score) || fabsf(request->document_score) > 1.001f)
        return names[DOCUMENT_SCORE];
    if (!is_flag(request->online))
        return names[ONLINE];
    if (request->amount < 0)
        return names[AMOUNT];
    if (request->currency[0] && !tb_currency_is_good(request->currency))
        return names[CURRENCY];
    if (!tb_field_is_good(request->pin, sizeof request->pin))
        return names[PIN];
    if (!is_flag(request->staff_confirmed))
        return names[STAFF];
    if (!tb_field_is_good(request->reference, sizeof request->reference))
        return names[REFERENCE];
    if (!tb_field_is_good(request->deliver, sizeof request->deliver))
        return names[DELIVER];
    return fault_of_kind(request);
}

tb_status tb_request_encode(const tb_request *request, tb_bytes *out)
{
    if (fault(request))
        return TB_INVALID_ARGUMENT;
    tb_cbor_writer writer;
    tb_cbor_begin(&writer, &form, out);
    tb_cbor_put_id(&writer, ID, request->id);
    tb_cbor_put_uint(&writer, KIND, (uint64_t)request->kind);
    tb_cbor_put_text(&writer, TOUCHPOINT, request->touchpoint);
    tb_cbor_put_time(&writer, AT, request->at);
    tb_cbor_put_bytes(&writer, PROBE, tb_bytes_span(&request->probe));
    tb_cbor_put_text(&writer, MRZ, request->mrz);
    tb_cbor_put_text(&writer, BOARDING_PASS, request->boarding_pass);
    if (request->consent)
        tb_cbor_put_bool(&writer, CONSENT, 1);
    if (request->document_score != 0.0f)
        tb_cbor_put_float(&writer, DOCUMENT_SCORE, request->document_score);
    if (request->online)
        tb_cbor_put_bool(&writer, ONLINE, 1);
    if (!tb_id_is_zero(request->visit))
        tb_cbor_put_id(&writer, VISIT, request->visit);
    if (request->amount)
        tb_cbor_put_int(&writer, AMOUNT, request->amount);
    tb_cbor_put_text(&writer, CURRENCY, request->currency);
    tb_cbor_put_text(&writer, PIN, request->pin);
    if (request->staff_confirmed)
        tb_cbor_put_bool(&writer, STAFF, 1);
    tb_cbor_put_text(&writer, DELIVER, request->deliver);
    if (request->former_count) {
        tb_cbor_put_key(&writer, FORMER);
        tb_cbor_write_array(&writer, (size_t)request->former_count);
        for (int i = 0; i < request->former_count; i++)
            tb_cbor_write_bytes(&writer, tb_bytes_span(&request->former[i]));
    }
    tb_cbor_put_text(&writer, ALSO, request->also);
    tb_cbor_put_text(&writer, REFERENCE, request->reference);
    return tb_cbor_end(&writer);
}

static tb_request_kind read_kind(tb_cbor_reader *reader)
{
    uint64_t kind = tb_cbor_uint(reader, UINT64_MAX);
    if (kind < TB_REQUEST_IDENTIFY || kind > TB_REQUEST_TEMPLATE)
        tb_cbor_fail(reader, TB_UNSUPPORTED, "is none that this program knows");
    return reader->status == TB_OK ? (tb_request_kind)kind : (tb_request_kind)0;
}

static void read_probe(tb_cbor_reader *reader, tb_bytes *out)
{
    tb_span span = tb_cbor_bytes(reader);
    if (!tb_template_size_is_good(span.size))
        tb_cbor_fail(reader, TB_MALFORMED, "cannot be a template");
    if (reader->status == TB_OK && tb_bytes_append(out, span) != TB_OK)
        tb_cbor_fail(reader, TB_NO_MEMORY, "does not fit into memory");
}

static void read_former(tb_cbor_reader *reader, tb_request *out)
{
    size_t count = tb_cbor_array(reader, TB_MODELS_MAX - 1);
    for (size_t i = 0; i < count && reader->status == TB_OK; i++) {
        read_probe(reader, &out->former[i]);
        if (reader->status == TB_OK)
            out->former_count = (int)i + 1;
    }
}

static void read_more(tb_cbor_reader *reader, int field, tb_request *out)
{
    switch (field) {
    case VISIT:
        out->visit = tb_cbor_id(reader);
        break;
    case AMOUNT:
        out->amount = tb_cbor_int(reader);
        break;
    case CURRENCY:
        tb_cbor_text(reader, out->currency, sizeof out->currency);
        break;
    case PIN:
        tb_cbor_text(reader, out->pin, sizeof out->pin);
        break;
    case STAFF:
        out->staff_confirmed = tb_cbor_bool(reader);
        break;
    case DELIVER:
        tb_cbor_text(reader, out->deliver, sizeof out->deliver);
        break;
    case FORMER:
        read_former(reader, out);
        break;
    case ALSO:
        tb_cbor_text(reader, out->also, sizeof out->also);
        break;
    case REFERENCE:
        tb_cbor_text(reader, out->reference, sizeof out->reference);
        break;
    }
}

static void read_field(tb_cbor_reader *reader, int field, void *message)
{
    tb_request *out = message;
    switch (field) {
    case ID:
        out->id = tb_cbor_id(reader);
        break;
    case KIND:
        out->kind = read_kind(reader);
        break;
    case TOUCHPOINT:
        tb_cbor_text(reader, out->touchpoint, sizeof out->touchpoint);
        break;
    case AT:
        out->at = tb_cbor_time(reader);
        break;
    case PROBE:
        read_probe(reader, &out->probe);
        break;
    case MRZ:
        tb_cbor_text(reader, out->mrz, sizeof out->mrz);
        break;
    case BOARDING_PASS:
        tb_cbor_text(reader, out->boarding_pass, sizeof out->boarding_pass);
        break;
    case CONSENT:
        out->consent = tb_cbor_bool(reader);
        break;
    case DOCUMENT_SCORE:
        out->document_score = tb_cbor_float(reader);
        break;
    case ONLINE:
        out->online = tb_cbor_bool(reader);
        break;
    default:
        read_more(reader, field, out);
    }
}

static void discard(void *message)
{
    tb_request_free(message);
}

static const tb_message_shape shape = {&form, sizeof(tb_request), REQUIRED, read_field, fault, discard};

tb_status tb_request_decode(tb_span bytes, tb_request *out, tb_error *why)
{
    return tb_cbor_message(bytes, &shape, out, why);
}

void tb_request_free(tb_request *request)
{
    tb_bytes_free(&request->probe);
    for (int i = 0; i < TB_MODELS_MAX - 1; i++)
        tb_bytes_free(&request->former[i]);
    tb_wipe(request, sizeof *request); /* I2 */
}
