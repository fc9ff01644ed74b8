/* Messages: there and back, whatever the order of facts; what an encoder refuses; what a decoder refuses, byte by
 * byte. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "samples.h"
#include "wire/cbor_writer.h"

/* One function per message that decodes and, when that works, encodes again: what all five have in common. */
typedef tb_status (*again_fn)(tb_span bytes, tb_bytes *again, tb_error *why);

static tb_status again_entry(tb_span bytes, tb_bytes *again, tb_error *why)
{
    tb_entry entry;
    tb_status status = tb_entry_decode(bytes, &entry, why);
    if (status == TB_OK)
        assert_int_equal(tb_entry_encode(&entry, again), TB_OK);
    tb_entry_free(&entry);
    return status;
}

static tb_status again_event(tb_span bytes, tb_bytes *again, tb_error *why)
{
    tb_event event;
    tb_status status = tb_event_decode(bytes, &event, why);
    if (status == TB_OK)
        assert_int_equal(tb_event_encode(&event, again), TB_OK);
    return status;
}

static tb_status again_request(tb_span bytes, tb_bytes *again, tb_error *why)
{
    tb_request request;
    tb_status status = tb_request_decode(bytes, &request, why);
    if (status == TB_OK)
        assert_int_equal(tb_request_encode(&request, again), TB_OK);
    tb_request_free(&request);
    return status;
}

static tb_status again_answer(tb_span bytes, tb_bytes *again, tb_error *why)
{
    tb_answer answer;
    tb_status status = tb_answer_decode(bytes, &answer, why);
    if (status == TB_OK)
        assert_int_equal(tb_answer_encode(&answer, again), TB_OK);
    return status;
}

static tb_status again_heartbeat(tb_span bytes, tb_bytes *again, tb_error *why)
{
    tb_heartbeat beat;
    tb_status status = tb_heartbeat_decode(bytes, &beat, why);
    if (status == TB_OK)
        assert_int_equal(tb_heartbeat_encode(&beat, again), TB_OK);
    return status;
}

static tb_status again_mark(tb_span bytes, tb_bytes *again, tb_error *why)
{
    tb_mark mark;
    tb_status status = tb_mark_decode(bytes, &mark, why);
    if (status == TB_OK)
        assert_int_equal(tb_mark_encode(&mark, again), TB_OK);
    return status;
}

#define SAMPLES 8
static struct sample {
    again_fn again;
    tb_bytes bytes;
} samples[SAMPLES];

static const again_fn agains[SAMPLES] = {again_entry,   again_entry,  again_event,     again_request,
                                         again_request, again_answer, again_heartbeat, again_mark};

static int make_samples(void **state)
{
    (void)state;
    tb_entry entry = sample_entry(), gone = {.sequence = 42, .visit = sample_id(1)};
    tb_event event = sample_event();
    tb_answer answer = sample_answer();
    tb_heartbeat beat = sample_heartbeat();
    tb_mark mark = sample_mark();
    tb_request checkin = sample_request(TB_REQUEST_CHECKIN), pay = sample_request(TB_REQUEST_PAY);
    tb_status encoded[SAMPLES] = {
        tb_entry_encode(&entry, &samples[0].bytes),    tb_entry_encode(&gone, &samples[1].bytes),
        tb_event_encode(&event, &samples[2].bytes),    tb_request_encode(&checkin, &samples[3].bytes),
        tb_request_encode(&pay, &samples[4].bytes),    tb_answer_encode(&answer, &samples[5].bytes),
        tb_heartbeat_encode(&beat, &samples[6].bytes), tb_mark_encode(&mark, &samples[7].bytes)};
    for (int i = 0; i < SAMPLES; i++) {
        assert_int_equal(encoded[i], TB_OK);
        samples[i].again = agains[i];
    }
    tb_entry_free(&entry);
    tb_request_free(&checkin);
    tb_request_free(&pay);
    return 0;
}

static int free_samples(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++)
        tb_bytes_free(&samples[i].bytes);
    return 0;
}

static void assert_facts_equal(const tb_facts *a, const tb_facts *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const tb_fact *other = tb_facts_get(b, a->items[i].name);
        assert_non_null(other);
        assert_int_equal(other->kind, a->items[i].kind);
        assert_true(other->number == a->items[i].number);
        assert_string_equal(other->text, a->items[i].text);
    }
}

static void an_entry_comes_back(void **state)
{
    (void)state;
    tb_entry entry = sample_entry(), back;
    assert_int_equal(tb_entry_decode(tb_bytes_span(&samples[0].bytes), &back, NULL), TB_OK);
    assert_true(back.sequence == 41 && back.present == 1 && back.template_count == 2);
    assert_true(tb_id_equal(back.visit, entry.visit) && back.from == entry.from && back.until == TB_TIME_NEVER);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(back.templates[i].size, entry.templates[i].size);
        assert_memory_equal(back.templates[i].data, entry.templates[i].data, entry.templates[i].size);
    }
    assert_facts_equal(&entry.fields, &back.fields);
    assert_memory_equal(back.reference, entry.reference, sizeof entry.reference);
    tb_entry_free(&back);
    static const tb_entry zero;
    assert_memory_equal(&back, &zero, sizeof zero);
    assert_int_equal(tb_entry_decode(tb_bytes_span(&samples[1].bytes), &back, NULL), TB_OK);
    assert_true(back.sequence == 42 && !back.present && back.template_count == 0 && back.fields.count == 0);
    tb_entry_free(&back);
    tb_entry_free(&entry);
}

/* Lists of two terminals cannot be laid side by side. */
static void what_is_held_is_hashed_for_one_terminal(void **state)
{
    (void)state;
    const tb_key keys[2] = {{{1}}, {{2}}};
    uint8_t one[TB_REFERENCE_HASH_SIZE], again[TB_REFERENCE_HASH_SIZE], other[TB_REFERENCE_HASH_SIZE];
    assert_int_equal(tb_crypto_start(), TB_OK);
    assert_int_equal(tb_reference_hash(&keys[0], "EX202604130118", one), TB_OK);
    assert_int_equal(tb_reference_hash(&keys[0], "EX202604130118", again), TB_OK);
    assert_memory_equal(one, again, sizeof one);
    assert_int_equal(tb_reference_hash(&keys[1], "EX202604130118", other), TB_OK);
    assert_memory_not_equal(one, other, sizeof one);
    assert_int_equal(tb_reference_hash(&keys[0], "EX202604130119", other), TB_OK);
    assert_memory_not_equal(one, other, sizeof one);
}

static void an_event_comes_back(void **state)
{
    (void)state;
    tb_event event = sample_event(), back;
    assert_int_equal(tb_event_decode(tb_bytes_span(&samples[2].bytes), &back, NULL), TB_OK);
    assert_true(tb_id_equal(back.id, event.id) && tb_id_equal(back.visit, event.visit));
    assert_string_equal(back.touchpoint, "gate-12");
    assert_string_equal(back.reason, "other_gate");
    assert_true(back.number == 300 && back.kind == TB_EVENT_REFUSAL && back.at == event.at && back.duration == 43210);
    assert_facts_equal(&event.facts, &back.facts);
}

static void requests_come_back(void **state)
{
    (void)state;
    tb_request request = sample_request(TB_REQUEST_CHECKIN), back;
    assert_int_equal(tb_request_decode(tb_bytes_span(&samples[3].bytes), &back, NULL), TB_OK);
    assert_true(back.kind == TB_REQUEST_CHECKIN && back.at == request.at && back.consent && back.online);
    assert_true(back.document_score == 0.8125f && back.amount == 0);
    assert_string_equal(back.mrz, request.mrz);
    assert_string_equal(back.boarding_pass, request.boarding_pass);
    assert_int_equal(back.probe.size, request.probe.size);
    assert_memory_equal(back.probe.data, request.probe.data, request.probe.size);
    tb_request_free(&request);
    tb_request_free(&back);
    static const tb_request zero;
    assert_memory_equal(&back, &zero, sizeof zero);
    assert_int_equal(tb_request_decode(tb_bytes_span(&samples[4].bytes), &back, NULL), TB_OK);
    assert_true(back.kind == TB_REQUEST_PAY && back.amount == 1250 && back.staff_confirmed && !back.consent);
    assert_string_equal(back.currency, "JPY");
    assert_string_equal(back.pin, "4711");
    assert_string_equal(back.deliver, "1 box of tea");
    tb_request_free(&back);
}

static void templates_of_former_models_come_back(void **state)
{
    (void)state;
    tb_request request = sample_request(TB_REQUEST_TEMPLATE), back;
    static const tb_request zero;
    tb_bytes bytes = {0};
    assert_int_equal(tb_request_encode(&request, &bytes), TB_OK);
    assert_int_equal(tb_request_decode(tb_bytes_span(&bytes), &back, NULL), TB_OK);
    assert_true(back.kind == TB_REQUEST_TEMPLATE && back.former_count == 1);
    assert_true(tb_id_equal(back.visit, request.visit));
    assert_int_equal(back.former[0].size, request.former[0].size);
    assert_memory_equal(back.former[0].data, request.former[0].data, request.former[0].size);
    tb_request_free(&back);
    assert_memory_equal(&back, &zero, sizeof zero);
    tb_request_free(&request);
    tb_bytes_free(&bytes);
}

static void every_status_comes_back_by_its_name(void **state)
{
    (void)state;
    for (int status = 0; status < TB_STATUS_COUNT; status++) {
        tb_answer answer = sample_answer(), back;
        tb_bytes bytes = {0};
        answer.status = (tb_status)status;
        answer.verdict = status == TB_OK ? TB_ANSWER_UNKNOWN : TB_ANSWER_FAILED;
        answer.reason[0] = '\0';
        assert_int_equal(tb_answer_encode(&answer, &bytes), TB_OK);
        const char *name = tb_status_name(answer.status);
        assert_non_null(memmem(bytes.data, bytes.size, name, strlen(name)));
        assert_int_equal(tb_answer_decode(tb_bytes_span(&bytes), &back, NULL), TB_OK);
        assert_int_equal(back.status, status);
        assert_int_equal(back.verdict, answer.verdict);
        assert_facts_equal(&answer.fields, &back.fields);
        tb_bytes_free(&bytes);
    }
}

static void a_heartbeat_comes_back(void **state)
{
    (void)state;
    tb_heartbeat beat = sample_heartbeat(), back;
    assert_int_equal(tb_heartbeat_decode(tb_bytes_span(&samples[6].bytes), &back, NULL), TB_OK);
    assert_memory_equal(&beat, &back, sizeof beat);
}

static void a_mark_comes_back(void **state)
{
    (void)state;
    tb_mark mark = sample_mark(), back;
    assert_int_equal(tb_mark_decode(tb_bytes_span(&samples[7].bytes), &back, NULL), TB_OK);
    assert_memory_equal(&mark, &back, sizeof mark);
    tb_entry entry;
    assert_int_equal(tb_entry_decode(tb_bytes_span(&samples[7].bytes), &entry, NULL), TB_MALFORMED); /* another kind */
    tb_entry_free(&entry);
}

/* The digest is of a set: the order of changes does not matter, and every member, number and salt does. */
static void a_digest_is_of_a_set(void **state)
{
    (void)state;
    tb_key salt = {{7}}, other = {{8}};
    uint8_t a[TB_MARK_DIGEST_SIZE] = {0}, b[TB_MARK_DIGEST_SIZE] = {0}, nothing[TB_MARK_DIGEST_SIZE] = {0};
    tb_mark_toggle(&salt, sample_id(1), 5, a);
    tb_mark_toggle(&salt, sample_id(2), 6, a);
    tb_mark_toggle(&salt, sample_id(2), 6, b);
    assert_memory_not_equal(a, b, sizeof a);
    tb_mark_toggle(&salt, sample_id(1), 5, b);
    assert_memory_equal(a, b, sizeof a);
    tb_mark_toggle(&salt, sample_id(1), 5, b);
    tb_mark_toggle(&salt, sample_id(1), 7, b); /* a newer value of the same visit */
    assert_memory_not_equal(a, b, sizeof a);
    tb_mark_toggle(&salt, sample_id(1), 7, b);
    tb_mark_toggle(&other, sample_id(1), 5, b);
    assert_memory_not_equal(a, b, sizeof a);
    tb_mark_toggle(&salt, sample_id(1), 5, a);
    tb_mark_toggle(&salt, sample_id(2), 6, a);
    assert_memory_equal(a, nothing, sizeof a);
}

static void equal_facts_are_equal_bytes(void **state)
{
    (void)state;
    sample_random random = {1};
    tb_event event = sample_event();
    for (int round = 0; round < 200; round++) {
        for (size_t i = event.facts.count - 1; i > 0; i--) {
            size_t j = sample_number(&random, i + 1);
            tb_fact swapped = event.facts.items[i];
            event.facts.items[i] = event.facts.items[j];
            event.facts.items[j] = swapped;
        }
        tb_bytes bytes = {0};
        assert_int_equal(tb_event_encode(&event, &bytes), TB_OK);
        assert_int_equal(bytes.size, samples[2].bytes.size);
        assert_memory_equal(bytes.data, samples[2].bytes.data, bytes.size);
        tb_bytes_free(&bytes);
    }
}

static void decoding_and_encoding_gives_the_same_bytes(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        tb_bytes again = {0};
        assert_int_equal(samples[i].again(tb_bytes_span(&samples[i].bytes), &again, NULL), TB_OK);
        assert_int_equal(again.size, samples[i].bytes.size);
        assert_memory_equal(again.data, samples[i].bytes.data, again.size);
        tb_bytes_free(&again);
    }
}

/* A copy of exactly `size` bytes, so that the sanitizer sees the first byte read beyond it. */
static tb_bytes copy_of(const uint8_t *data, size_t size)
{
    tb_bytes copy = {0};
    copy.data = malloc(size ? size : 1);
    copy.size = copy.capacity = size;
    memcpy(copy.data, data, size);
    return copy;
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++)
        for (size_t size = 0; size < samples[i].bytes.size; size++) {
            tb_bytes cut = copy_of(samples[i].bytes.data, size), again = {0};
            tb_error why = {0};
            assert_int_equal(samples[i].again(tb_bytes_span(&cut), &again, &why), TB_TRUNCATED);
            assert_true(why.text[0] != '\0');
            free(cut.data);
        }
}

static void every_changed_byte_is_refused_or_harmless(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++)
        for (size_t at = 0; at < samples[i].bytes.size; at++)
            for (int change = 1; change < 256; change = change * 2 + 1) {
                tb_bytes changed = copy_of(samples[i].bytes.data, samples[i].bytes.size), again = {0};
                tb_error why = {0};
                changed.data[at] ^= (uint8_t)change;
                tb_status status = samples[i].again(tb_bytes_span(&changed), &again, &why);
                assert_true(status == TB_OK || status == TB_TRUNCATED || status == TB_MALFORMED ||
                            status == TB_UNSUPPORTED);
                assert_true((status == TB_OK) == (why.text[0] == '\0'));
                tb_bytes_free(&again);
                free(changed.data);
            }
}

/* ---- raw bytes: the message's head is a map of n pairs, 00 01 (version), 01 kind ---- */

static tb_status event_from(const uint8_t *data, size_t size, tb_error *why)
{
    tb_event event;
    tb_bytes exact = copy_of(data, size);
    tb_status status = tb_event_decode(tb_bytes_span(&exact), &event, why);
    free(exact.data);
    return status;
}

static void unknown_keys_are_ignored(void **state)
{
    (void)state;
    /* 200: {"a": [1, -2, h'00', tag 5 (null), 1.5 in half and double precision]} */
    static const uint8_t more[] = {0x18, 200,  0xA1, 0x61, 'a',  0x87, 0x01, 0x21, 0x41, 0x00, 0xC5, 0xF6, 0xF9,
                                   0x3E, 0x00, 0xFB, 0x3F, 0xF8, 0,    0,    0,    0,    0,    0,    0x80};
    for (int i = 0; i < SAMPLES; i++) {
        tb_bytes longer = {0}, again = {0};
        assert_int_equal(tb_bytes_append(&longer, tb_bytes_span(&samples[i].bytes)), TB_OK);
        assert_int_equal(tb_bytes_append(&longer, tb_span_of(more, sizeof more)), TB_OK);
        longer.data[0]++;
        assert_int_equal(samples[i].again(tb_bytes_span(&longer), &again, NULL), TB_OK);
        assert_int_equal(again.size, samples[i].bytes.size);
        assert_memory_equal(again.data, samples[i].bytes.data, again.size);
        tb_bytes_free(&longer);
        tb_bytes_free(&again);
    }
}

static void trailing_bytes_versions_and_kinds_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        tb_error why = {0};
        tb_bytes changed = {0}, again = {0};
        assert_int_equal(tb_bytes_append(&changed, tb_bytes_span(&samples[i].bytes)), TB_OK);
        changed.data[2] = 2;
        assert_int_equal(samples[i].again(tb_bytes_span(&changed), &again, &why), TB_UNSUPPORTED);
        assert_non_null(strstr(why.text, "version"));
        changed.data[2] = 1;
        changed.data[4] = changed.data[4] == 1 ? 2 : 1;
        assert_int_equal(samples[i].again(tb_bytes_span(&changed), &again, &why), TB_MALFORMED);
        assert_non_null(strstr(why.text, "kind"));
        changed.data[4] = samples[i].bytes.data[4];
        assert_int_equal(tb_bytes_append(&changed, tb_span_text("x")), TB_OK);
        assert_int_equal(samples[i].again(tb_bytes_span(&changed), &again, &why), TB_MALFORMED);
        assert_non_null(strstr(why.text, "after its end"));
        tb_bytes_free(&changed);
    }
}

static void other_cbor_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[24];
        size_t size;
        tb_status status;
        const char *says;
    } bad[] = {
        {{0x80}, 1, TB_MALFORMED, "type"},                                   /* an array */
        {{0xA0}, 1, TB_MALFORMED, "version"},                                /* nothing in it */
        {{0xA1, 0x01, 0x02}, 3, TB_MALFORMED, "version"},                    /* no version */
        {{0xA1, 0x00, 0x01}, 3, TB_MALFORMED, "kind"},                       /* no kind */
        {{0xBF, 0x00, 0x01, 0x01, 0x02, 0xFF}, 6, TB_MALFORMED, "definite"}, /* indefinite map */
        {{0xA2, 0x00, 0x18, 0x01, 0x01, 0x02}, 6, TB_MALFORMED, "shortest"}, /* 1 in two bytes */
        {{0xB8, 0x02, 0x00, 0x01, 0x01, 0x02}, 6, TB_MALFORMED, "shortest"}, /* count in two bytes */
        {{0xA2, 0x00, 0x01, 0x01, 0x02}, 5, TB_MALFORMED, "id is missing"},
        {{0xA3, 0x00, 0x01, 0x01, 0x02, 0x01, 0x02}, 7, TB_MALFORMED, "order"},     /* a key twice */
        {{0xA3, 0x00, 0x01, 0x01, 0x02, 0x20, 0x02}, 7, TB_MALFORMED, "type"},      /* a negative key */
        {{0xA3, 0x00, 0x01, 0x01, 0x02, 0x61, 'a', 0x02}, 8, TB_MALFORMED, "type"}, /* a text key */
        {{0xA3, 0x00, 0x01, 0x01, 0x02, 0x02, 0x42, 1, 2}, 9, TB_MALFORMED, "16 bytes"},
        {{0xA3, 0x00, 0x01, 0x01, 0x02, 0x02, 0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
         15,
         TB_TRUNCATED,
         "early"},
        {{0xBB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}, 10, TB_TRUNCATED, "early"},
        {{0xA3, 0x00, 0x01, 0x01, 0x02, 0x18, 0xC8, 0x9B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
         16,
         TB_TRUNCATED,
         "early"},
        {{0xA3, 0x00, 0x01, 0x01, 0x02, 0x18, 0xC8, 0x1C}, 8, TB_MALFORMED, "CBOR"}, /* a reserved head */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_error why = {0};
        assert_int_equal(event_from(bad[i].bytes, bad[i].size, &why), bad[i].status);
        if (!strstr(why.text, bad[i].says))
            fail_msg("case %zu says: %s", i, why.text);
    }
}

static void a_deep_or_large_message_costs_nothing(void **state)
{
    (void)state;
    static uint8_t large[TB_MESSAGE_MAX + 1];
    static const uint8_t head[] = {0xA3, 0x00, 0x01, 0x01, 0x02, 0x18, 0xC8};
    tb_error why = {0};
    memset(large, 0x81, sizeof large); /* arrays of one in arrays of one ... */
    memcpy(large, head, sizeof head);
    assert_int_equal(event_from(large, TB_MESSAGE_MAX, &why), TB_TRUNCATED);
    large[TB_MESSAGE_MAX - 1] = 0x00;
    assert_int_equal(event_from(large, TB_MESSAGE_MAX, &why), TB_MALFORMED); /* whole now, and an event without an id */
    assert_string_equal(why.text, "event: id is missing");
    assert_int_equal(event_from(large, TB_MESSAGE_MAX + 1, &why), TB_TOO_LARGE);
}

/* Replaces the first occurrence of `from` in a copy of sample `which`, decodes, and expects a refusal that names
 * `says`. */
static void refused(int which, const char *from, size_t from_size, const char *to, tb_status expected, const char *says)
{
    tb_bytes changed = {0}, again = {0};
    tb_error why = {0};
    assert_int_equal(tb_bytes_append(&changed, tb_bytes_span(&samples[which].bytes)), TB_OK);
    uint8_t *at = memmem(changed.data, changed.size, from, from_size);
    assert_non_null(at);
    memcpy(at, to, from_size);
    assert_int_equal(samples[which].again(tb_bytes_span(&changed), &again, &why), expected);
    if (!strstr(why.text, says))
        fail_msg("expected '%s' in: %s", says, why.text);
    tb_bytes_free(&changed);
    tb_bytes_free(&again);
}
#define REFUSED(which, from, to, expected, says) refused(which, from, sizeof from - 1, to, expected, says)

static void values_that_break_the_contract_are_refused(void **state)
{
    (void)state;
    REFUSED(0, "\x02\x18\x29", "\x02\x18\x00", TB_MALFORMED, "shortest");
    /* visit left out: its bytes are read as `present` */
    REFUSED(1, "\x02\x18\x2A\x03", "\x02\x18\x18\x04", TB_MALFORMED, "type");
    REFUSED(2, "gate-12", "gate_12", TB_MALFORMED, "touchpoint");
    REFUSED(2, "gate-12", "Gate-12", TB_MALFORMED, "touchpoint");
    REFUSED(2, "gate-12", "gat\0-12", TB_MALFORMED, "UTF-8");
    REFUSED(2, "\x05\x02\x06", "\x05\x08\x06", TB_UNSUPPORTED, "kind");
    REFUSED(2, "\x05\x02\x06", "\x05\x00\x06", TB_UNSUPPORTED, "kind");
    REFUSED(2, "other_gate", "Other_gate", TB_MALFORMED, "reason");
    REFUSED(2, "\x64name", "\x64N\xC3\xA4m", TB_MALFORMED, "facts");
    REFUSED(2, "\x64seat", "\x64gatf", TB_MALFORMED, "order");
    REFUSED(2, "\x64seat\x82\x04", "\x64seat\x82\x05", TB_UNSUPPORTED, "kind of value");
    REFUSED(2, "\x64seat\x82\x04", "\x64seat\x81\x04", TB_MALFORMED, "kind and value");
    REFUSED(2, "\xE6\x89\x8B", "\xE6\x89\x41", TB_MALFORMED, "UTF-8");
    REFUSED(2, "\xE6\x89\x8B", "\xED\xA0\x80", TB_MALFORMED, "UTF-8"); /* a surrogate */
    REFUSED(4, "\x63JPY", "\x63jPY", TB_MALFORMED, "currency");
    REFUSED(4, "\x63JPY", "\x62JP\x0F", TB_MALFORMED, "");
    REFUSED(4, "\x0D\x19\x04\xE2", "\x0D\x39\x04\xE2", TB_MALFORMED, "amount");                 /* negative */
    REFUSED(3, "\xFA\x3F\x50\x00\x00", "\xFA\x7F\xC0\x00\x00", TB_MALFORMED, "document_score"); /* not a number */
    REFUSED(3, "\xFA\x3F\x50\x00\x00", "\xFA\x40\x50\x00\x00", TB_MALFORMED, "document_score"); /* 3.25 */
    REFUSED(3, "\x09\xF5\x0A", "\x09\xF4\x0A", TB_MALFORMED, "consent"); /* a template without consent */
    REFUSED(5, "\x04\x02\x05", "\x04\x06\x05", TB_UNSUPPORTED, "verdict");
    REFUSED(5, "\x04\x02\x05", "\x04\x01\x05", TB_MALFORMED, "reason"); /* admitted with a reason */
    REFUSED(5, "\x04\x02\x05", "\x04\x05\x05", TB_MALFORMED, "status"); /* failed with no failure */
    REFUSED(6, "idle", "i-le", TB_MALFORMED, "state");
}

static void a_status_of_a_newer_version_stays_a_failure(void **state)
{
    (void)state;
    tb_answer answer = sample_answer(), back;
    tb_bytes bytes = {0};
    answer.status = TB_DISK_FULL;
    answer.verdict = TB_ANSWER_FAILED;
    assert_int_equal(tb_answer_encode(&answer, &bytes), TB_OK);
    const char *name = tb_status_name(TB_DISK_FULL);
    uint8_t *at = memmem(bytes.data, bytes.size, name, strlen(name));
    assert_non_null(at);
    memcpy(at, "moon", 4);
    assert_int_equal(tb_answer_decode(tb_bytes_span(&bytes), &back, NULL), TB_OK);
    assert_int_equal(back.status, TB_UNSUPPORTED);
    assert_int_equal(back.verdict, TB_ANSWER_FAILED);
    tb_bytes_free(&bytes);
}

/* ---- encoders ---- */

#define REFUSES(noun, type, sample, change)                                                                            \
    do {                                                                                                               \
        type s = sample;                                                                                               \
        tb_bytes out = {0};                                                                                            \
        assert_int_equal(tb_bytes_append(&out, tb_span_text("kept")), TB_OK);                                          \
        change;                                                                                                        \
        assert_int_equal(tb_##noun##_encode(&s, &out), TB_INVALID_ARGUMENT);                                           \
        assert_int_equal(out.size, 4);                                                                                 \
        tb_bytes_free(&out);                                                                                           \
        cleanup_##noun(&s);                                                                                            \
    } while (0)

static void cleanup_entry(tb_entry *entry)
{
    tb_entry_free(entry);
}

static void cleanup_request(tb_request *request)
{
    tb_request_free(request);
}

static void cleanup_event(tb_event *event)
{
    (void)event;
}

static void cleanup_answer(tb_answer *answer)
{
    (void)answer;
}

static void cleanup_heartbeat(tb_heartbeat *beat)
{
    (void)beat;
}

static void cleanup_mark(tb_mark *mark)
{
    (void)mark;
}

static void encoders_refuse_entries(void **state)
{
    (void)state;
    REFUSES(entry, tb_entry, sample_entry(), s.sequence = 0);
    REFUSES(entry, tb_entry, sample_entry(), s.visit = (tb_id){0});
    REFUSES(entry, tb_entry, sample_entry(), s.present = 2);
    REFUSES(entry, tb_entry, sample_entry(), s.present = 0);
    REFUSES(entry, tb_entry, (tb_entry){0}, (s.sequence = 1, s.visit = sample_id(1), s.reference[15] = 1));
    REFUSES(entry, tb_entry, sample_entry(), s.from = -1);
    REFUSES(entry, tb_entry, sample_entry(), s.until = s.from - 1);
    REFUSES(entry, tb_entry, sample_entry(), (s.from = 0, s.until = 0));
    REFUSES(entry, tb_entry, sample_entry(), s.template_count = 0);
    REFUSES(entry, tb_entry, sample_entry(), s.template_count = 3);
    REFUSES(entry, tb_entry, sample_entry(), s.template_count = TB_ENTRY_TEMPLATES_MAX + 1);
    REFUSES(entry, tb_entry, sample_entry(), s.template_count = -1);
    REFUSES(entry, tb_entry, sample_entry(), s.templates[0].size = 16);
    REFUSES(entry, tb_entry, sample_entry(), s.fields.count = TB_FACTS_MAX + 1);
    REFUSES(entry, tb_entry, sample_entry(), s.fields.items[0].kind = TB_FACT_NONE);
    REFUSES(entry, tb_entry, sample_entry(), memcpy(s.fields.items[0].name, "seat", 5)); /* twice */
    REFUSES(entry, tb_entry, sample_entry(), memset(s.fields.items[0].text, 'x', TB_FACT_TEXT_SIZE));
    REFUSES(entry, tb_entry, sample_entry(), memset(s.fields.items[0].name, 'x', TB_FACT_NAME_SIZE));
    REFUSES(entry, tb_entry, sample_entry(), s.fields.items[2].number = 2); /* a bool */
}

static void encoders_refuse_events_answers_and_heartbeats(void **state)
{
    (void)state;
    REFUSES(event, tb_event, sample_event(), s.id = (tb_id){0});
    REFUSES(event, tb_event, sample_event(), s.touchpoint[0] = '\0');
    REFUSES(event, tb_event, sample_event(), memset(s.touchpoint, 'a', sizeof s.touchpoint));
    REFUSES(event, tb_event, sample_event(), s.number = 0);
    REFUSES(event, tb_event, sample_event(), s.kind = (tb_event_kind)0);
    REFUSES(event, tb_event, sample_event(), s.kind = (tb_event_kind)(TB_EVENT_ATTENDANT + 1));
    REFUSES(event, tb_event, sample_event(), s.at = 0);
    REFUSES(event, tb_event, sample_event(), s.duration = -1);
    REFUSES(event, tb_event, sample_event(), strcpy(s.reason, "1st"));
    REFUSES(answer, tb_answer, sample_answer(), s.id = (tb_id){0});
    REFUSES(answer, tb_answer, sample_answer(), s.status = TB_IO);
    REFUSES(answer, tb_answer, sample_answer(), s.verdict = TB_ANSWER_FAILED);
    REFUSES(answer, tb_answer, sample_answer(), s.verdict = TB_ANSWER_ADMIT);
    REFUSES(answer, tb_answer, sample_answer(), s.reason[0] = '\0');
    REFUSES(answer, tb_answer, sample_answer(), s.status = TB_STATUS_COUNT);
    REFUSES(heartbeat, tb_heartbeat, sample_heartbeat(), s.touchpoint[0] = '*');
    REFUSES(heartbeat, tb_heartbeat, sample_heartbeat(), s.at = -5);
    REFUSES(heartbeat, tb_heartbeat, sample_heartbeat(), s.simulation = 7);
    REFUSES(heartbeat, tb_heartbeat, sample_heartbeat(), s.fresh = -1);
    REFUSES(heartbeat, tb_heartbeat, sample_heartbeat(), s.stale = 2);
    REFUSES(heartbeat, tb_heartbeat, sample_heartbeat(), s.clock_jumped = -1);
    REFUSES(mark, tb_mark, sample_mark(), s.at = 0);
    REFUSES(mark, tb_mark, sample_mark(), s.heard = s.at + 1);
    REFUSES(mark, tb_mark, sample_mark(), s.echo = 0);
    REFUSES(heartbeat, tb_heartbeat, sample_heartbeat(), strcpy(s.screen, "\xFF"));
}

static void encoders_refuse_requests(void **state)
{
    (void)state;
    REFUSES(request, tb_request, sample_request(TB_REQUEST_IDENTIFY), tb_bytes_free(&s.probe));
    REFUSES(request, tb_request, sample_request(TB_REQUEST_IDENTIFY), s.probe.size = 3);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_IDENTIFY), s.kind = (tb_request_kind)5);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_CHECKIN), s.consent = 0);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_CHECKIN), s.consent = 2);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_CHECKIN), s.document_score = nanf(""));
    REFUSES(request, tb_request, sample_request(TB_REQUEST_CHECKIN), (s.mrz[0] = '\0', s.boarding_pass[0] = '\0'));
    REFUSES(request, tb_request, sample_request(TB_REQUEST_PAY), s.probe = sample_template(1, 8));
    REFUSES(request, tb_request, sample_request(TB_REQUEST_TEMPLATE), s.visit = (tb_id){0});
    REFUSES(request, tb_request, sample_request(TB_REQUEST_TEMPLATE), tb_bytes_free(&s.probe));
    REFUSES(request, tb_request, sample_request(TB_REQUEST_TEMPLATE), s.former_count = 2);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_TEMPLATE), s.former_count = TB_MODELS_MAX);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_TEMPLATE), s.former[0].size = 3);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_PAY), s.amount = 0);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_PAY), s.amount = -1);
    REFUSES(request, tb_request, sample_request(TB_REQUEST_PAY), s.visit = (tb_id){0});
    REFUSES(request, tb_request, sample_request(TB_REQUEST_PAY), s.currency[0] = '\0');
    REFUSES(request, tb_request, sample_request(TB_REQUEST_PAY), memset(s.pin, '1', sizeof s.pin));
    REFUSES(request, tb_request, sample_request(TB_REQUEST_PAY), memset(s.deliver, 'x', sizeof s.deliver));
}

/* ---- a property: whatever facts, they come back ---- */

static void random_facts_come_back(void **state)
{
    (void)state;
    sample_random random = {20261121};
    for (int round = 0; round < 2000; round++) {
        tb_event event = sample_event(), back;
        event.facts = (tb_facts){0};
        size_t count = sample_number(&random, TB_FACTS_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            char name[TB_FACT_NAME_SIZE], text[TB_FACT_TEXT_SIZE];
            snprintf(name, sizeof name, "f%0*u", (int)sample_number(&random, 28), (unsigned)i);
            size_t length = sample_number(&random, sizeof text);
            memset(text, 'a' + (int)sample_number(&random, 26), length);
            text[length] = '\0';
            int64_t number = (int64_t)sample_number(&random, 0) >> sample_number(&random, 64);
            tb_status status[] = {tb_facts_set_bool(&event.facts, name, number & 1), TB_OK};
            switch (sample_number(&random, 4)) {
            case 0:
                status[1] = tb_facts_set_int(&event.facts, name, number);
                break;
            case 1:
                status[1] = tb_facts_set_time(&event.facts, name, number & INT64_MAX);
                break;
            case 2:
                status[1] = tb_facts_set_text(&event.facts, name, text);
                break;
            }
            assert_int_equal(status[0], TB_OK);
            assert_int_equal(status[1], TB_OK);
        }
        tb_bytes bytes = {0};
        assert_int_equal(tb_event_encode(&event, &bytes), TB_OK);
        assert_int_equal(tb_event_decode(tb_bytes_span(&bytes), &back, NULL), TB_OK);
        assert_facts_equal(&event.facts, &back.facts);
        tb_bytes_free(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_entry_comes_back),
                                       cmocka_unit_test(what_is_held_is_hashed_for_one_terminal),
                                       cmocka_unit_test(an_event_comes_back),
                                       cmocka_unit_test(requests_come_back),
                                       cmocka_unit_test(templates_of_former_models_come_back),
                                       cmocka_unit_test(every_status_comes_back_by_its_name),
                                       cmocka_unit_test(a_heartbeat_comes_back),
                                       cmocka_unit_test(a_mark_comes_back),
                                       cmocka_unit_test(a_digest_is_of_a_set),
                                       cmocka_unit_test(equal_facts_are_equal_bytes),
                                       cmocka_unit_test(decoding_and_encoding_gives_the_same_bytes),
                                       cmocka_unit_test(every_cut_is_noticed),
                                       cmocka_unit_test(every_changed_byte_is_refused_or_harmless),
                                       cmocka_unit_test(unknown_keys_are_ignored),
                                       cmocka_unit_test(trailing_bytes_versions_and_kinds_are_refused),
                                       cmocka_unit_test(other_cbor_is_refused),
                                       cmocka_unit_test(a_deep_or_large_message_costs_nothing),
                                       cmocka_unit_test(values_that_break_the_contract_are_refused),
                                       cmocka_unit_test(a_status_of_a_newer_version_stays_a_failure),
                                       cmocka_unit_test(encoders_refuse_entries),
                                       cmocka_unit_test(encoders_refuse_events_answers_and_heartbeats),
                                       cmocka_unit_test(encoders_refuse_requests),
                                       cmocka_unit_test(random_facts_come_back)};
    return cmocka_run_group_tests(tests, make_samples, free_samples);
}
