/* bytes.c: growable buffers that wipe what they leave behind, hex, identifiers. */
#include <tebura/bytes.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <tebura/secret.h>

tb_span tb_span_text(const char *text)
{
    return tb_span_of(text, text ? strlen(text) : 0);
}

tb_status tb_bytes_reserve(tb_bytes *bytes, size_t capacity)
{
    if (capacity <= bytes->capacity)
        return TB_OK;
    size_t grown = bytes->capacity ? bytes->capacity : 64;
    while (grown < capacity) {
        if (grown > SIZE_MAX / 2)
            return TB_NO_MEMORY;
        grown *= 2;
    }
    uint8_t *data = malloc(grown); /* not realloc: it would leave an unwiped copy */
    if (!data)
        return TB_NO_MEMORY;
    if (bytes->data) {
        memcpy(data, bytes->data, bytes->size);
        tb_wipe(bytes->data, bytes->capacity);
        free(bytes->data);
    }
    bytes->data = data;
    bytes->capacity = grown;
    return TB_OK;
}

tb_status tb_bytes_append(tb_bytes *bytes, tb_span more)
{
    if (more.size > SIZE_MAX - bytes->size)
        return TB_NO_MEMORY;
    tb_status status = tb_bytes_reserve(bytes, bytes->size + more.size);
    if (status == TB_OK && more.size) {
        memcpy(bytes->data + bytes->size, more.data, more.size);
        bytes->size += more.size;
    }
    return status;
}

tb_status tb_bytes_print(tb_bytes *bytes, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    tb_status status = length < 0 ? TB_INTERNAL : tb_bytes_reserve(bytes, bytes->size + (size_t)length + 1);
    if (status == TB_OK) {
        vsnprintf((char *)bytes->data + bytes->size, (size_t)length + 1, format, again);
        bytes->size += (size_t)length;
    }
    va_end(again);
    return status;
}

void tb_bytes_free(tb_bytes *bytes)
{
    if (bytes->data) {
        tb_wipe(bytes->data, bytes->capacity);
        free(bytes->data);
    }
    *bytes = (tb_bytes){0};
}

void tb_hex_encode(tb_span bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        *out++ = digits[bytes.data[i] >> 4];
        *out++ = digits[bytes.data[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

tb_status tb_hex_decode(const char *text, uint8_t *out, size_t size)
{
    if (strlen(text) != 2 * size)
        return TB_MALFORMED;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return TB_MALFORMED;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return TB_OK;
}

tb_id tb_id_random(void)
{
    tb_id id;
    if (getentropy(id.bytes, sizeof id.bytes) != 0)
        abort(); /* no kernel that we run on fails this; an id that is not random must never leave here */
    return id;
}

tb_id tb_id_timely(tb_time at)
{
    tb_id id = tb_id_random();
    uint64_t ms = at > 0 ? (uint64_t)at / 1000 : 0;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    return id;
}

int tb_id_equal(tb_id a, tb_id b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

int tb_id_is_zero(tb_id id)
{
    return tb_id_equal(id, (tb_id){0});
}

const char *tb_id_text(tb_id id, char out[TB_ID_TEXT_SIZE])
{
    tb_hex_encode(tb_span_of(id.bytes, sizeof id.bytes), out);
    return out;
}

tb_status tb_id_parse(const char *text, tb_id *out)
{
    return tb_hex_decode(text, out->bytes, sizeof out->bytes);
}
