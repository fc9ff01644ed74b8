/* cbor_reader.h: reads one message: a CBOR map with integer keys in ascending order (RFC 8949, section 4.2.1).
 *
 * Item by item over the input, on libcbor's streaming decoder: nothing is allocated, so a declared size can ask for no
 * memory, and no copy of a PIN or a template stays behind on the heap as with a tree of items. No recursion either.
 *
 * Failures stick: after the first one every call does nothing and answers zero, so a decoder reads straight through and
 * asks once at the end. I1: `rest` is always a tail of the input. I2: keys of one map are strictly ascending. */
#ifndef TEBURA_WIRE_CBOR_READER_H
#define TEBURA_WIRE_CBOR_READER_H

#include <tebura/bytes.h>
#include <tebura/facts.h>

#define TB_MESSAGE_MAX (64u << 10) /* no message is larger; the largest we write is some 10 KiB */
#define TB_MESSAGE_VERSION 1

/* What a message is, under key 1: bytes of one kind are never taken for another. Key 0 is the format's version. */
typedef enum tb_message_kind {
    TB_MESSAGE_ENTRY = 1,
    TB_MESSAGE_EVENT,
    TB_MESSAGE_REQUEST,
    TB_MESSAGE_ANSWER,
    TB_MESSAGE_HEARTBEAT,
    TB_MESSAGE_MARK,
    TB_MESSAGE_ORDER
} tb_message_kind;
#define TB_MESSAGE_FIRST_KEY 2 /* of the message's own fields */

typedef struct tb_message_form {
    tb_message_kind kind;
    const char *noun;
    int field_count;           /* keys TB_MESSAGE_FIRST_KEY .. + field_count - 1 */
    const char *const *fields; /* their names, for sentences */
} tb_message_form;

typedef struct tb_cbor_reader {
    tb_span rest;
    tb_status status;
    tb_error *why;
    const tb_message_form *form;
    uint64_t pairs; /* of the message's map, not yet read */
    int64_t key;    /* the one being read */
    uint64_t seen;  /* bit n: key TB_MESSAGE_FIRST_KEY + n was there */
} tb_cbor_reader;

/* Reads the head, version and kind. TB_TOO_LARGE, TB_TRUNCATED, TB_MALFORMED, TB_UNSUPPORTED. */
void tb_cbor_start(tb_cbor_reader *reader, tb_span bytes, const tb_message_form *form, tb_error *why);
/* 1 and the next field's number (0 = TB_MESSAGE_FIRST_KEY) in *field; unknown keys are stepped over; 0 at the end or
 * after a failure. */
int tb_cbor_field(tb_cbor_reader *reader, int *field);
/* Refuses trailing bytes and missing `required` fields (bit n: field n). */
tb_status tb_cbor_finish(tb_cbor_reader *reader, uint64_t required) TB_MUST_CHECK;

/* All of it: a message from its first byte to its last into `out`, whatever that held. What does not hold is named in
 * a sentence; `out` is then empty, and what was read is wiped. */
typedef struct tb_message_shape {
    const tb_message_form *form;
    size_t size;       /* of the message */
    uint64_t required; /* bit n: field n */
    void (*read_field)(tb_cbor_reader *reader, int field, void *out);
    const char *(*fault)(const void *message); /* the field that is not as described, or NULL */
    void (*discard)(void *message);            /* frees what it owns; NULL: nothing */
} tb_message_shape;
tb_status tb_cbor_message(tb_span bytes, const tb_message_shape *shape, void *out, tb_error *why) TB_MUST_CHECK;

/* The value of the current field. */
uint64_t tb_cbor_uint(tb_cbor_reader *reader, uint64_t max);
int64_t tb_cbor_int(tb_cbor_reader *reader);
tb_time tb_cbor_time(tb_cbor_reader *reader); /* not negative */
int tb_cbor_bool(tb_cbor_reader *reader);
float tb_cbor_float(tb_cbor_reader *reader); /* single precision, finite */
tb_id tb_cbor_id(tb_cbor_reader *reader);
void tb_cbor_text(tb_cbor_reader *reader, char *out, size_t size); /* UTF-8 without NUL that fits with its NUL */
tb_span tb_cbor_bytes(tb_cbor_reader *reader);                     /* borrowed from the input */
size_t tb_cbor_array(tb_cbor_reader *reader, size_t max);          /* how many items follow */
size_t tb_cbor_map(tb_cbor_reader *reader, size_t max);            /* how many pairs follow */
/* The first failure: noun, field and `what` make the sentence. */
void tb_cbor_fail(tb_cbor_reader *reader, tb_status status, const char *what);

/* facts_cbor.c: a map name -> [kind, value]. */
void tb_cbor_facts(tb_cbor_reader *reader, tb_facts *out);

#endif
