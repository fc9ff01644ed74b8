/* jpeg.c: JPEG by libjpeg-turbo. A picture that ends too early is an error here: the library would paint the rest grey.
 * The library's own buffers hold pixels while it works and are freed, not wiped; ours are secret memory. */
#include "image/codec.h"

#include <limits.h>
#include <string.h>
#include <turbojpeg.h>

#include <tebura/secret.h>

/* What libjpeg's sentence means for us. It speaks in warnings where it goes on with guessed pixels. */
static tb_status judge(const char *sentence)
{
    if (strcasestr(sentence, "premature end"))
        return TB_TRUNCATED;
    if (strcasestr(sentence, "unsupported") || strcasestr(sentence, "not implemented") ||
        strcasestr(sentence, "not supported"))
        return TB_UNSUPPORTED;
    if (strcasestr(sentence, "insufficient memory") || strcasestr(sentence, "memory allocation"))
        return TB_NO_MEMORY;
    return TB_MALFORMED;
}

/* Warnings that leave every pixel as it was encoded. */
static int is_harmless(const char *sentence)
{
    return strcasestr(sentence, "extraneous bytes") || strcasestr(sentence, "Adobe color transform") ||
           strcasestr(sentence, "JFIF");
}

static tb_status explain(tb_status status, tb_error *why)
{
    const char *sentence = status == TB_TRUNCATED ? "the JPEG ends too early: the file was cut short"
                           : status == TB_UNSUPPORTED
                               ? "this kind of JPEG is not supported (lossless, arithmetic or 12 bits)"
                           : status == TB_NO_MEMORY ? "out of memory while reading the JPEG"
                                                    : "the JPEG is damaged";
    return tb_fail(why, status, "%s", sentence);
}

static tb_status decompress(tjhandle handle, tb_span encoded, uint8_t *pixels, int width, int height, int format)
{
    int flags = TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT;
    if (tjDecompress2(handle, encoded.data, encoded.size, pixels, width, 0, height, format, flags) == 0)
        return TB_OK;
    const char *sentence = tjGetErrorStr2(handle);
    if (tjGetErrorCode(handle) == TJERR_WARNING && is_harmless(sentence))
        return TB_OK;
    tb_status status = judge(sentence);
    if (status != TB_MALFORMED)
        return status;
    /* Only the last complaint is kept; the first one tells whether the damage is a missing end. */
    (void)tjDecompress2(handle, encoded.data, encoded.size, pixels, width, 0, height, format,
                        flags | TJFLAG_STOPONWARNING);
    return judge(tjGetErrorStr2(handle));
}

static tb_status decompress_cmyk(tjhandle handle, tb_span encoded, tb_image *out, int inverted)
{
    size_t pixels = (size_t)out->width * (size_t)out->height;
    uint8_t *inks = tb_secret_alloc(pixels * 4);
    if (!inks)
        return TB_NO_MEMORY;
    tb_status status = decompress(handle, encoded, inks, out->width, out->height, TJPF_CMYK);
    for (size_t i = 0; status == TB_OK && i < pixels; i++) {
        unsigned flip = inverted ? 0 : 255, black = inks[4 * i + 3] ^ flip;
        for (int c = 0; c < 3; c++)
            out->data[3 * i + (size_t)c] = (uint8_t)(((inks[4 * i + (size_t)c] ^ flip) * black + 127) / 255);
    }
    tb_secret_free(inks);
    return status;
}

tb_status tb_decode_jpeg(tb_span encoded, tb_image *out, tb_error *why)
{
    tb_jpeg_markers markers = tb_jpeg_read_markers(encoded);
    tjhandle handle = tjInitDecompress();
    if (!handle)
        return explain(TB_NO_MEMORY, why);
    int width = 0, height = 0, sampling = 0, colours = 0;
    tb_status status = TB_OK;
    /* A stream of tables alone, without a picture, is 0 and no size. */
    int failed = tjDecompressHeader3(handle, encoded.data, encoded.size, &width, &height, &sampling, &colours) != 0;
    if (width < 1 || height < 1 || (failed && tjGetErrorCode(handle) == TJERR_FATAL))
        status = explain(!markers.complete ? TB_TRUNCATED : failed ? judge(tjGetErrorStr2(handle)) : TB_MALFORMED, why);
    if (status == TB_OK)
        status = tb_check_size((uint64_t)width, (uint64_t)height, why);
    if (status == TB_OK) {
        status = tb_image_new(width, height, out);
        if (status == TB_OK && (colours == TJCS_CMYK || colours == TJCS_YCCK))
            status = decompress_cmyk(handle, encoded, out, markers.adobe);
        else if (status == TB_OK)
            status = decompress(handle, encoded, out->data, width, height, TJPF_RGB);
        if (status == TB_OK)
            status = tb_image_orient(out, markers.orientation);
        if (status != TB_OK)
            (void)explain(status, why);
    }
    tjDestroy(handle);
    if (status != TB_OK)
        tb_image_free(out);
    return status;
}

tb_status tb_image_encode_jpeg(const tb_image *image, int quality, tb_bytes *out)
{
    if (quality < 1 || quality > 100 || image->width > 65500 || image->height > 65500)
        return TB_INVALID_ARGUMENT;
    tjhandle handle = tjInitCompress();
    if (!handle)
        return TB_NO_MEMORY;
    unsigned long room = tjBufSize(image->width, image->height, TJSAMP_420);
    tb_status status = room == (unsigned long)-1 ? TB_TOO_LARGE : tb_bytes_reserve(out, out->size + room);
    if (status == TB_OK) {
        unsigned char *place = out->data + out->size;
        int failed = tjCompress2(handle, image->data, image->width, 0, image->height, TJPF_RGB, &place, &room,
                                 TJSAMP_420, quality, TJFLAG_NOREALLOC);
        status = failed ? TB_NO_MEMORY : TB_OK; /* arguments are checked above: only memory is left */
        if (!failed)
            out->size += room;
    }
    tjDestroy(handle);
    return status;
}
