/* bytes.h: views of bytes, and a growable buffer that wipes what it held. */
#ifndef TEBURA_BYTES_H
#define TEBURA_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <tebura/clock.h>
#include <tebura/status.h>

/* A view: borrowed, never freed. `data` may be NULL only when `size` is 0. */
typedef struct tb_span {
    const uint8_t *data;
    size_t size;
} tb_span;

static inline tb_span tb_span_of(const void *data, size_t size)
{
    return (tb_span){(const uint8_t *)data, size};
}
tb_span tb_span_text(const char *text); /* without the NUL; NULL gives an empty span */

/* An owned buffer. Zero-initialise (`tb_bytes b = {0};`), free with tb_bytes_free, which wipes. Growing copies into
 * new memory and wipes the old, so nothing is left behind on the heap. Not for keys and templates at rest:
 * tb_secret. */
typedef struct tb_bytes {
    uint8_t *data;
    size_t size, capacity;
} tb_bytes;

tb_status tb_bytes_reserve(tb_bytes *bytes, size_t capacity) TB_MUST_CHECK; /* TB_NO_MEMORY */
tb_status tb_bytes_append(tb_bytes *bytes, tb_span more) TB_MUST_CHECK;     /* TB_NO_MEMORY: unchanged */
tb_status tb_bytes_print(tb_bytes *bytes, const char *format, ...) TB_MUST_CHECK __attribute__((format(printf, 2, 3)));
void tb_bytes_free(tb_bytes *bytes); /* wipes, frees, zeroes the struct */
static inline tb_span tb_bytes_span(const tb_bytes *bytes)
{
    return tb_span_of(bytes->data, bytes->size);
}

/* Reads a whole file of at most `limit` bytes. TB_NOT_FOUND, TB_TOO_LARGE, TB_IO, TB_NO_MEMORY; `why` names the
 * path. */
tb_status tb_file_read(const char *path, size_t limit, tb_bytes *out, tb_error *why) TB_MUST_CHECK;
/* Writes through a temporary file and rename, mode 0600, synced: whole or not at all. TB_IO, TB_DISK_FULL. */
tb_status tb_file_write(const char *path, tb_span content, tb_error *why) TB_MUST_CHECK;

/* Lower-case hex. `out` holds 2*size+1. Decoding: exactly `size` bytes or TB_MALFORMED. */
void tb_hex_encode(tb_span bytes, char *out);
tb_status tb_hex_decode(const char *text, uint8_t *out, size_t size) TB_MUST_CHECK;

/* A 16-byte random identifier (person, visit, event, payment ...). */
typedef struct tb_id {
    uint8_t bytes[16];
} tb_id;
#define TB_ID_TEXT_SIZE 33 /* hex and NUL */
tb_id tb_id_random(void);
/* Random but for the first 48 bits, its time in milliseconds: ids of one time lie together in an index. */
tb_id tb_id_timely(tb_time at);
int tb_id_equal(tb_id a, tb_id b);
int tb_id_is_zero(tb_id id);
const char *tb_id_text(tb_id id, char out[TB_ID_TEXT_SIZE]);       /* returns out */
tb_status tb_id_parse(const char *text, tb_id *out) TB_MUST_CHECK; /* TB_MALFORMED */

#endif
