/* warp.c: cutting out and turning. Outside the picture its border is repeated. */
#include <tebura/image.h>

#include <math.h>
#include <string.h>

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

tb_status tb_similarity_fit(const tb_point *from, const tb_point *to, int n, tb_similarity *out)
{
    *out = (tb_similarity){.a = 1};
    if (n < 2)
        return TB_INVALID_ARGUMENT;
    double fx = 0, fy = 0, gx = 0, gy = 0, spread = 0, along = 0, across = 0;
    for (int i = 0; i < n; i++) {
        fx += from[i].x / n;
        fy += from[i].y / n;
        gx += to[i].x / n;
        gy += to[i].y / n;
    }
    for (int i = 0; i < n; i++) {
        double x = from[i].x - fx, y = from[i].y - fy, u = to[i].x - gx, v = to[i].y - gy;
        spread += x * x + y * y;
        along += x * u + y * v;
        across += x * v - y * u;
    }
    /* Negated, so that a NaN anywhere ends here too. */
    if (!(spread > 1e-9 && along * along + across * across > 1e-18))
        return TB_INVALID_ARGUMENT;
    double a = along / spread, b = across / spread;
    *out = (tb_similarity){(float)a, (float)b, (float)(gx - a * fx + b * fy), (float)(gy - b * fx - a * fy)};
    return TB_OK;
}

/* Source coordinates as an affine function of the target's: u = x0 + xx * x + xy * y, v likewise. */
struct inverse {
    float x0, xx, xy, y0, yx, yy;
};

static struct inverse invert(tb_similarity map)
{
    float norm = map.a * map.a + map.b * map.b, c = map.a / norm, s = map.b / norm;
    return (struct inverse){-(c * map.tx + s * map.ty), c, s, s * map.tx - c * map.ty, -s, c};
}

static void sample(const tb_image *image, float u, float v, float sum[3])
{
    u = fminf(fmaxf(u, 0), (float)(image->width - 1));
    v = fminf(fmaxf(v, 0), (float)(image->height - 1));
    int x = (int)u, y = (int)v;
    float p = u - (float)x, q = v - (float)y;
    size_t right = x + 1 < image->width ? 3 : 0, below = y + 1 < image->height ? 3 * (size_t)image->width : 0;
    const uint8_t *at = image->data + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
    for (size_t c = 0; c < 3; c++) {
        float upper = (float)at[c] + p * (float)(at[right + c] - at[c]);
        float lower = (float)at[below + c] + p * (float)(at[below + right + c] - at[below + c]);
        sum[c] += upper + q * (lower - upper);
    }
}

/* The part of `from` that the target sees, shrunk by `factor`; `back` is changed to sample from it. */
static tb_status shrink_seen_part(const tb_image *from, struct inverse *back, int width, int height, int factor,
                                  tb_image *out)
{
    float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (int corner = 0; corner < 4; corner++) {
        float x = corner & 1 ? (float)width : 0, y = corner & 2 ? (float)height : 0;
        float u = back->x0 + back->xx * x + back->xy * y, v = back->y0 + back->yx * x + back->yy * y;
        left = fminf(left, u);
        right = fmaxf(right, u);
        top = fminf(top, v);
        bottom = fmaxf(bottom, v);
    }
    float margin = 2 * (float)factor, far_x = (float)from->width, far_y = (float)from->height;
    int x0 = (int)fminf(fmaxf(left - margin, 0), far_x - 1),
        x1 = (int)fmaxf(fminf(right + margin + 1, far_x), (float)x0 + 1);
    int y0 = (int)fminf(fmaxf(top - margin, 0), far_y - 1),
        y1 = (int)fmaxf(fminf(bottom + margin + 1, far_y), (float)y0 + 1);
    tb_image part;
    tb_status status = tb_image_crop(from, (tb_box){(float)x0, (float)y0, (float)(x1 - x0), (float)(y1 - y0)}, &part);
    if (status == TB_OK)
        status = tb_image_resize(&part, (part.width + factor - 1) / factor, (part.height + factor - 1) / factor, out);
    if (status == TB_OK) {
        float sx = (float)out->width / (float)part.width, sy = (float)out->height / (float)part.height;
        *back = (struct inverse){(back->x0 - (float)x0 + 0.5f) * sx - 0.5f, back->xx * sx, back->xy * sx,
                                 (back->y0 - (float)y0 + 0.5f) * sy - 0.5f, back->yx * sy, back->yy * sy};
    }
    tb_image_free(&part);
    return status;
}

/* `grid` x `grid` samples a pixel, averaged. */
static void fill(const tb_image *from, struct inverse back, int grid, tb_image *out)
{
    float share = 1 / (float)(grid * grid);
    for (int y = 0; y < out->height; y++) {
        for (int x = 0; x < out->width; x++) {
            float sum[3] = {0};
            for (int i = 0; i < grid * grid; i++) {
                float px = (float)x + ((float)(i % grid) + 0.5f) / (float)grid - 0.5f;
                float py = (float)y + ((float)(i / grid) + 0.5f) / (float)grid - 0.5f;
                sample(from, back.x0 + back.xx * px + back.xy * py, back.y0 + back.yx * px + back.yy * py, sum);
            }
            for (size_t c = 0; c < 3; c++)
                out->data[3 * ((size_t)y * (size_t)out->width + (size_t)x) + c] =
                    (uint8_t)fminf(sum[c] * share + 0.5f, 255);
        }
    }
}

tb_status tb_image_warp(const tb_image *from, tb_similarity map, int width, int height, tb_image *out)
{
    *out = (tb_image){0};
    float norm = map.a * map.a + map.b * map.b;
    if (!is_sane(map.a) || !is_sane(map.b) || !is_sane(map.tx) || !is_sane(map.ty) || !(norm > 1e-12f))
        return TB_INVALID_ARGUMENT;
    struct inverse back = invert(map);
    tb_image shrunk = {0};
    tb_status status = tb_image_new(width, height, out);
    int factor = (int)(1 / sqrtf(norm) + 1e-4f);
    if (status == TB_OK && factor >= 2) {
        status = shrink_seen_part(from, &back, width, height, factor, &shrunk);
        from = &shrunk;
    }
    if (status == TB_OK)
        fill(from, back, back.xx * back.xx + back.xy * back.xy > 1.1f ? 2 : 1, out);
    else
        tb_image_free(out);
    tb_image_free(&shrunk);
    return status;
}
