/* pnm.c: netpbm's raw grey (P5) and colour (P6) maps of one byte a sample. */
#include "image/codec.h"

#include <string.h>

/* The next decimal number after white space and comments. 0 when there is none before the end (`*at` is then the
 * end). */
static uint64_t next_number(tb_span bytes, size_t *at, int *good)
{
    while (*at < bytes.size && (strchr(" \t\r\n\v\f", bytes.data[*at]) || bytes.data[*at] == '#')) {
        if (bytes.data[*at] == '\0')
            break;
        if (bytes.data[*at] == '#')
            while (*at < bytes.size && bytes.data[*at] != '\n')
                (*at)++;
        else
            (*at)++;
    }
    size_t begin = *at;
    uint64_t value = 0;
    for (; *at < bytes.size && bytes.data[*at] >= '0' && bytes.data[*at] <= '9'; (*at)++)
        value = value > UINT32_MAX ? value : value * 10 + (uint64_t)(bytes.data[*at] - '0');
    *good = *good && *at > begin;
    return value;
}

tb_status tb_decode_pnm(tb_span encoded, tb_image *out, tb_error *why)
{
    int good = 1, channels = encoded.data[1] == '6' ? 3 : 1;
    size_t at = 2;
    uint64_t width = next_number(encoded, &at, &good);
    uint64_t height = next_number(encoded, &at, &good);
    uint64_t most = next_number(encoded, &at, &good);
    if (at >= encoded.size)
        return tb_fail(why, TB_TRUNCATED, "the PNM ends within its header");
    if (!good || !strchr(" \t\r\n", encoded.data[at]) || encoded.data[at] == '\0' || most == 0 || most > 65535)
        return tb_fail(why, TB_MALFORMED, "the PNM header is damaged");
    if (most > 255)
        return tb_fail(why, TB_UNSUPPORTED, "PNM pictures of 16 bits are not supported");
    tb_status status = tb_check_size(width, height, why);
    if (status != TB_OK)
        return status;
    const uint8_t *samples = encoded.data + at + 1;
    size_t pixels = (size_t)(width * height), needed = pixels * (size_t)channels;
    if (encoded.size - at - 1 < needed)
        return tb_fail(why, TB_TRUNCATED, "the PNM ends too early: the file was cut short");
    status = tb_image_new((int)width, (int)height, out);
    if (status != TB_OK)
        return tb_fail(why, status, "out of memory while reading the PNM");
    for (size_t i = 0; i < pixels * 3; i++) {
        unsigned sample = samples[channels == 3 ? i : i / 3];
        sample = sample > most ? (unsigned)most : sample;
        out->data[i] = (uint8_t)((sample * 255 + most / 2) / most);
    }
    return TB_OK;
}
