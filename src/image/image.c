/* image.c: the life of a picture, and telling formats apart by content. */
#include <tebura/image.h>

#include <string.h>

#include <tebura/secret.h>

#include "image/codec.h"

tb_status tb_image_new(int width, int height, tb_image *out)
{
    *out = (tb_image){0};
    if (width < 1 || height < 1)
        return TB_INVALID_ARGUMENT;
    if ((uint64_t)width * (uint64_t)height > TB_IMAGE_MAX_PIXELS)
        return TB_TOO_LARGE;
    uint8_t *data = tb_secret_alloc((size_t)width * (size_t)height * 3);
    if (!data)
        return TB_NO_MEMORY;
    *out = (tb_image){width, height, data};
    return TB_OK;
}

void tb_image_free(tb_image *image)
{
    if (image) {
        tb_secret_free(image->data);
        *image = (tb_image){0};
    }
}

tb_status tb_image_copy(const tb_image *from, tb_image *out)
{
    tb_status status = tb_image_new(from->width, from->height, out);
    if (status == TB_OK)
        memcpy(out->data, from->data, (size_t)from->width * (size_t)from->height * 3);
    return status;
}

tb_status tb_check_size(uint64_t width, uint64_t height, tb_error *why)
{
    if (width == 0 || height == 0)
        return tb_fail(why, TB_MALFORMED, "the picture says that it has no pixels");
    if (width > INT32_MAX || height > INT32_MAX || width * height > TB_IMAGE_MAX_PIXELS)
        return tb_fail(why, TB_TOO_LARGE, "the picture is %llu x %llu pixels; at most %u megapixels are read",
                       (unsigned long long)width, (unsigned long long)height, TB_IMAGE_MAX_PIXELS >> 20);
    return TB_OK;
}

static int begins_with(tb_span bytes, const char *signature, size_t size)
{
    return bytes.size >= size && memcmp(bytes.data, signature, size) == 0;
}

tb_status tb_image_decode(tb_span encoded, tb_image *out, tb_error *why)
{
    *out = (tb_image){0};
    if (encoded.size == 0)
        return tb_fail(why, TB_TRUNCATED, "the picture is empty: it has no bytes");
    if (encoded.size > TB_IMAGE_MAX_BYTES)
        return tb_fail(why, TB_TOO_LARGE, "the picture file is larger than %u MB", TB_IMAGE_MAX_BYTES >> 20);
    if (begins_with(encoded, "\xff\xd8", 2))
        return tb_decode_jpeg(encoded, out, why);
    if (begins_with(encoded, "\x89PNG\r\n\x1a\n", 8))
        return tb_decode_png(encoded, out, why);
    if (begins_with(encoded, "P5", 2) || begins_with(encoded, "P6", 2))
        return tb_decode_pnm(encoded, out, why);
    return tb_fail(why, TB_UNSUPPORTED, "this is not a JPEG, PNG or PNM (P5, P6) picture");
}

tb_status tb_image_read(const char *path, tb_image *out, tb_error *why)
{
    *out = (tb_image){0};
    tb_bytes file = {0};
    tb_error inner = {0};
    tb_status status = tb_file_read(path, TB_IMAGE_MAX_BYTES, &file, why);
    if (status == TB_OK) {
        status = tb_image_decode(tb_bytes_span(&file), out, &inner);
        if (status != TB_OK) {
            inner.status = status;
            (void)tb_fail(why, status, "%.120s: %.120s", path, tb_error_text(&inner));
        }
    }
    tb_bytes_free(&file);
    return status;
}
