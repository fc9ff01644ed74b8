/* cbor_writer.h: writes one message in the form that cbor_reader.h reads: definite lengths, shortest forms, ascending
 * keys; numbers with a fraction always in single precision. So equal messages are equal bytes.
 * Failures stick, and tb_cbor_end takes back what was written. */
#ifndef TEBURA_WIRE_CBOR_WRITER_H
#define TEBURA_WIRE_CBOR_WRITER_H

#include "wire/cbor_reader.h"

typedef struct tb_cbor_writer {
    tb_bytes *out;
    size_t start; /* where the message begins in `out` */
    tb_status status;
    int fields, last; /* written so far; the last field's number */
} tb_cbor_writer;

void tb_cbor_begin(tb_cbor_writer *writer, const tb_message_form *form, tb_bytes *out);
/* on failure `out` is as before, what was written is wiped */
tb_status tb_cbor_end(tb_cbor_writer *writer) TB_MUST_CHECK;

/* One field each; numbers ascending. */
void tb_cbor_put_uint(tb_cbor_writer *writer, int field, uint64_t value);
void tb_cbor_put_time(tb_cbor_writer *writer, int field, tb_time value);
void tb_cbor_put_int(tb_cbor_writer *writer, int field, int64_t value);
void tb_cbor_put_bool(tb_cbor_writer *writer, int field, int value);
void tb_cbor_put_float(tb_cbor_writer *writer, int field, float value);
void tb_cbor_put_id(tb_cbor_writer *writer, int field, tb_id id);
void tb_cbor_put_text(tb_cbor_writer *writer, int field, const char *text);       /* nothing for "" */
void tb_cbor_put_bytes(tb_cbor_writer *writer, int field, tb_span bytes);         /* nothing for no bytes */
void tb_cbor_put_facts(tb_cbor_writer *writer, int field, const tb_facts *facts); /* nothing for no facts */

/* Parts of a field's value. */
void tb_cbor_put_key(tb_cbor_writer *writer, int field);
void tb_cbor_write_array(tb_cbor_writer *writer, size_t count);
void tb_cbor_write_map(tb_cbor_writer *writer, size_t count);
void tb_cbor_write_uint(tb_cbor_writer *writer, uint64_t value);
void tb_cbor_write_int(tb_cbor_writer *writer, int64_t value);
void tb_cbor_write_bool(tb_cbor_writer *writer, int value);
void tb_cbor_write_text(tb_cbor_writer *writer, tb_span text);
void tb_cbor_write_bytes(tb_cbor_writer *writer, tb_span bytes);

#endif
