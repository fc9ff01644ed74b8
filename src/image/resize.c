/* resize.c: a picture in another size, or a piece of it, or turned, as a new picture. */
#include <math.h>
#include <string.h>

#include "image/sample.h"

static tb_sink sink_of(const tb_image *image)
{
    return (tb_sink){.pixels = image->data, .stride = (size_t)image->width};
}

tb_status tb_image_resize(const tb_image *from, int width, int height, tb_image *out)
{
    tb_scratch scratch = {0};
    tb_status status = tb_image_new(width, height, out);
    if (status == TB_OK) {
        tb_sink sink = sink_of(out);
        status = tb_sample_part(from, (tb_rectangle){0, 0, from->width, from->height}, width, height, &sink, &scratch);
    }
    if (status != TB_OK)
        tb_image_free(out);
    tb_scratch_free(&scratch);
    return status;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static int is_sane(float value)
{
    return isfinite(value) && fabsf(value) < 1e8f;
}

tb_status tb_image_crop(const tb_image *from, tb_box box, tb_image *out)
{
    *out = (tb_image){0};
    if (!is_sane(box.x) || !is_sane(box.y) || !is_sane(box.width) || !is_sane(box.height))
        return TB_INVALID_ARGUMENT;
    int left = (int)lroundf(box.x), top = (int)lroundf(box.y);
    tb_status status = tb_image_new((int)lroundf(box.width), (int)lroundf(box.height), out);
    if (status != TB_OK)
        return status;
    for (int y = 0; y < out->height; y++) {
        const uint8_t *row = from->data + (size_t)clamp(top + y, 0, from->height - 1) * (size_t)from->width * 3;
        uint8_t *to = out->data + (size_t)y * (size_t)out->width * 3;
        for (int x = 0; x < out->width; x++)
            memcpy(to + 3 * (size_t)x, row + 3 * (size_t)clamp(left + x, 0, from->width - 1), 3);
    }
    return TB_OK;
}

tb_status tb_image_warp(const tb_image *from, tb_similarity map, int width, int height, tb_image *out)
{
    tb_scratch scratch = {0};
    tb_status status = tb_image_new(width, height, out);
    if (status == TB_OK) {
        tb_sink sink = sink_of(out);
        status = tb_sample_warp(from, map, width, height, &sink, &scratch);
    }
    if (status != TB_OK)
        tb_image_free(out);
    tb_scratch_free(&scratch);
    return status;
}
