/* png.c: PNG by libpng, from memory; alpha over white, 16 bits scaled to 8. */
#include "image/codec.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

struct source {
    tb_span left;
    int truncated, out_of_memory;
};

static void give(png_structp png, png_bytep out, size_t size)
{
    struct source *source = png_get_io_ptr(png);
    if (size > source->left.size) {
        source->truncated = 1;
        png_error(png, "truncated");
    }
    memcpy(out, source->left.data, size);
    source->left = tb_span_of(source->left.data + size, source->left.size - size);
}

static void fail(png_structp png, png_const_charp sentence)
{
    struct source *source = png_get_error_ptr(png);
    if (strcasestr(sentence, "memory"))
        source->out_of_memory = 1;
    longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp sentence)
{
    (void)png;
    (void)sentence;
}

static void ask_for_rgb(png_structp png, png_infop info)
{
    int depth = png_get_bit_depth(png, info), kind = png_get_color_type(png, info);
    png_set_expand(png);
    if (kind == PNG_COLOR_TYPE_GRAY || kind == PNG_COLOR_TYPE_GRAY_ALPHA)
        png_set_gray_to_rgb(png);
    if (kind & PNG_COLOR_MASK_ALPHA || png_get_valid(png, info, PNG_INFO_tRNS)) {
        png_uint_16 most = depth == 16 ? 65535 : 255;
        png_color_16 white = {.red = most, .green = most, .blue = most, .gray = most};
        png_set_background(png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
    }
    if (depth == 16)
        png_set_scale_16(png);
}

/* Everything that may longjmp, apart, so that no local of the caller is clobbered. */
static tb_status read_all(png_structp png, png_infop info, tb_image *out, tb_error *why)
{
    if (setjmp(png_jmpbuf(png)))
        return TB_MALFORMED;
    png_read_info(png, info);
    tb_status status = tb_check_size(png_get_image_width(png, info), png_get_image_height(png, info), why);
    if (status != TB_OK)
        return status;
    ask_for_rgb(png, info);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    int width = (int)png_get_image_width(png, info), height = (int)png_get_image_height(png, info);
    if (png_get_rowbytes(png, info) != (size_t)width * 3)
        return TB_UNSUPPORTED;
    status = tb_image_new(width, height, out);
    for (int pass = 0; status == TB_OK && pass < passes; pass++)
        for (int y = 0; y < height; y++)
            png_read_row(png, out->data + (size_t)y * (size_t)width * 3, NULL);
    if (status == TB_OK)
        png_read_end(png, NULL);
    return status;
}

tb_status tb_decode_png(tb_span encoded, tb_image *out, tb_error *why)
{
    struct source source = {.left = encoded};
    tb_error inner = {0};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, fail, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    tb_status status = TB_NO_MEMORY;
    if (!info)
        goto out;
    png_set_read_fn(png, &source, give);
    /* our own limit is on the product, checked before memory is taken */
    png_set_user_limits(png, INT32_MAX, INT32_MAX);
    png_set_chunk_malloc_max(png, 4u << 20);
    png_set_chunk_cache_max(png, 64);
    status = read_all(png, info, out, &inner);
    if (status == TB_MALFORMED && source.truncated)
        status = TB_TRUNCATED;
    if (status == TB_MALFORMED && source.out_of_memory)
        status = TB_NO_MEMORY;
out:
    png_destroy_read_struct(png ? &png : NULL, info ? &info : NULL, NULL);
    if (status == TB_OK)
        return TB_OK;
    tb_image_free(out);
    if (inner.text[0])
        return tb_fail(why, status, "%s", inner.text);
    return tb_fail(why, status, "%s",
                   status == TB_TRUNCATED     ? "the PNG ends too early: the file was cut short"
                   : status == TB_NO_MEMORY   ? "out of memory while reading the PNG"
                   : status == TB_UNSUPPORTED ? "this kind of PNG is not supported"
                                              : "the PNG is damaged");
}
