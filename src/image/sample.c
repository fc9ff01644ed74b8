/* sample.c: see sample.h. Rows are summed first: that is the part with the many pixels, and it runs along memory. Whole
 * rows of a sum are added as 16-bit integers, which is exact; only the edges of an area are weighed. */
#include "image/sample.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <tebura/secret.h>

/* A pixel on its way: red, green, blue and a fourth number that nobody reads. */
typedef float rgb4 __attribute__((vector_size(16)));

enum { ADDED_AT_ONCE = 256 }; /* rows of bytes whose sum still fits into 16 bits */

void *tb_scratch_take(tb_scratch *scratch, size_t size)
{
    if (size > scratch->size) {
        tb_scratch_free(scratch);
        scratch->memory = tb_secret_alloc(size);
        scratch->size = scratch->memory ? size : 0;
    }
    scratch->used = size > scratch->used && scratch->memory ? size : scratch->used;
    return scratch->memory;
}

void tb_scratch_wipe(tb_scratch *scratch)
{
    if (scratch->memory)
        tb_wipe(scratch->memory, scratch->used);
    scratch->used = 0;
}

void tb_scratch_free(tb_scratch *scratch)
{
    tb_secret_free(scratch->memory);
    *scratch = (tb_scratch){0};
}

/* The samples that make one target sample: `count` from `first`; the first weighs `head`, the last of several `tail`,
 * those between `inner` each. The weights sum to 1. */
struct span {
    int first, count;
    float head, inner, tail;
};

static struct span shrink_span(int from, int to, int i)
{
    double step = (double)from / to, begin = i * step, end = fmin(begin + step, from), sum = end - begin;
    int first = (int)begin, last = (int)ceil(end) - 1;
    last = last >= from ? from - 1 : last < first ? first : last;
    return (struct span){first, last - first + 1, last > first ? (float)((first + 1 - begin) / sum) : 1,
                         (float)(1 / sum), (float)((end - last) / sum)};
}

static struct span grow_span(int from, int to, int i)
{
    double centre = (i + 0.5) * from / to - 0.5;
    centre = centre < 0 ? 0 : centre > from - 1 ? from - 1 : centre;
    int first = (int)centre;
    float share = (float)(centre - first);
    return share > 0 ? (struct span){first, 2, 1 - share, 0, share} : (struct span){first, 1, 1, 0, 0};
}

static struct span span_at(int from, int to, int i)
{
    struct span span = from > to ? shrink_span(from, to, i) : grow_span(from, to, i);
    assert(span.first >= 0 && span.count >= 1 && span.first + span.count <= from);
    return span;
}

/* Everything that one call holds in between, in one block. */
struct work {
    float *sum;      /* one row of the part, RGB; three numbers more than it has, as pixels are read four wide */
    uint16_t *inner; /* the same row, whole rows added */
    struct span *columns;
    rgb4 *row; /* one row of the target */
};

static size_t round_up(size_t size)
{
    return (size + 63) & ~(size_t)63;
}

static size_t work_size(int part_width, int width)
{
    size_t samples = 3 * (size_t)part_width + 4;
    return round_up(samples * sizeof(float)) + round_up(samples * sizeof(uint16_t)) +
           round_up((size_t)width * sizeof(struct span)) + round_up((size_t)width * sizeof(rgb4));
}

static struct work divide(uint8_t *room, int part_width, int width)
{
    size_t samples = 3 * (size_t)part_width + 4;
    struct work work = {.sum = (void *)room};
    room += round_up(samples * sizeof(float));
    work.inner = (void *)room;
    room += round_up(samples * sizeof(uint16_t));
    work.columns = (void *)room;
    room += round_up((size_t)width * sizeof(struct span));
    work.row = (void *)room;
    return work;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static void weigh_one(float *restrict sum, const uint8_t *restrict row, float weight, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        sum[i] = weight * row[i];
}

static void weigh_two(float *restrict sum, const uint8_t *restrict first, const uint8_t *restrict last, float head,
                      float tail, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        sum[i] = head * first[i] + tail * last[i];
}

static void add_row(uint16_t *restrict sum, const uint8_t *restrict row, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        sum[i] = (uint16_t)(sum[i] + row[i]);
}

static void add_inner(float *restrict sum, const uint16_t *restrict inner, float weight, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        sum[i] += weight * inner[i];
}

/* Where a row of the part lies in the picture, and what of it is repeated border. */
struct columns_seen {
    size_t skip, before, count, after; /* pixels: in the picture's row; in the part's */
};

static struct columns_seen columns_of(const tb_image *from, tb_rectangle part)
{
    int first = clamp(part.x, 0, from->width - 1), end = clamp(part.x + part.width, first + 1, from->width);
    int before = clamp(first - part.x, 0, part.width - 1);
    int count = end - first < part.width - before ? end - first : part.width - before;
    return (struct columns_seen){(size_t)first, (size_t)before, (size_t)count, (size_t)(part.width - before - count)};
}

static void sum_rows(const tb_image *from, tb_rectangle part, struct span rows, struct columns_seen seen,
                     const struct work *work)
{
    size_t samples = 3 * seen.count, width = 3 * (size_t)from->width;
    float *sum = work->sum + 3 * seen.before;
    const uint8_t *base = from->data + 3 * seen.skip;
#define ROW(i) (base + (size_t)clamp(part.y + rows.first + (i), 0, from->height - 1) * width)
    if (rows.count == 1)
        weigh_one(sum, ROW(0), rows.head, samples);
    else
        weigh_two(sum, ROW(0), ROW(rows.count - 1), rows.head, rows.tail, samples);
    for (int i = 1; i < rows.count - 1;) {
        int end = rows.count - 1 - i > ADDED_AT_ONCE ? i + ADDED_AT_ONCE : rows.count - 1;
        memset(work->inner, 0, samples * sizeof *work->inner);
        for (; i < end; i++)
            add_row(work->inner, ROW(i), samples);
        add_inner(sum, work->inner, rows.inner, samples);
    }
#undef ROW
    for (size_t i = 0; i < seen.before; i++)
        memcpy(work->sum + 3 * i, sum, 3 * sizeof *sum);
    for (size_t i = 0; i < seen.after; i++)
        memcpy(sum + samples + 3 * i, sum + samples - 3, 3 * sizeof *sum);
}

static inline rgb4 load(const float *at)
{
    rgb4 pixel;
    memcpy(&pixel, at, sizeof pixel);
    return pixel;
}

static void gather_row(const struct work *work, int width)
{
    for (int x = 0; x < width; x++) {
        const struct span *span = &work->columns[x];
        const float *at = work->sum + 3 * (size_t)span->first;
        rgb4 pixel = span->head * load(at);
        if (span->count > 1) {
            rgb4 inner = {0};
            for (int i = 2; i < span->count; i++)
                inner += load(at += 3);
            pixel += span->inner * inner + span->tail * load(at + 3);
        }
        work->row[x] = pixel;
    }
}

static uint8_t to_byte(float value)
{
    return value >= 254.5f ? 255 : value > 0 ? (uint8_t)(value + 0.5f) : 0;
}

static void put_row(const tb_sink *to, int y, const rgb4 *row, int width)
{
    size_t begin = (size_t)y * to->stride;
    if (to->pixels) {
        uint8_t *out = to->pixels + 3 * begin;
        for (int x = 0; x < width; x++, out += 3)
            for (int c = 0; c < 3; c++)
                out[c] = to_byte(row[x][c]);
        return;
    }
    float *out = to->values + begin, mean = to->mean, factor = to->factor;
    if (to->order == TB_GREY) {
        for (int x = 0; x < width; x++)
            out[x] = (0.299f * row[x][0] + 0.587f * row[x][1] + 0.114f * row[x][2] - mean) * factor;
        return;
    }
    int first = to->order == TB_BGR ? 2 : 0;
    float *red = out + (size_t)first * to->plane, *green = out + to->plane,
          *blue = out + (size_t)(2 - first) * to->plane;
    for (int x = 0; x < width; x++) {
        rgb4 value = (row[x] - mean) * factor;
        red[x] = value[0];
        green[x] = value[1];
        blue[x] = value[2];
    }
}

/* `out`, when given, receives the rows as they are instead of `to`. */
static void sample_part(const tb_image *from, tb_rectangle part, int width, int height, const tb_sink *to, rgb4 *out,
                        uint8_t *room)
{
    struct work work = divide(room, part.width, width);
    struct columns_seen seen = columns_of(from, part);
    for (int x = 0; x < width; x++)
        work.columns[x] = span_at(part.width, width, x);
    memset(work.sum + 3 * (size_t)part.width, 0, 4 * sizeof *work.sum);
    for (int y = 0; y < height; y++) {
        sum_rows(from, part, span_at(part.height, height, y), seen, &work);
        if (out)
            work.row = out + (size_t)y * (size_t)width;
        gather_row(&work, width);
        if (!out)
            put_row(to, y, work.row, width);
    }
}

static int is_too_large(int width, int height)
{
    return (uint64_t)width * (uint64_t)height > TB_IMAGE_MAX_PIXELS;
}

tb_status tb_sample_part(const tb_image *from, tb_rectangle part, int width, int height, const tb_sink *to,
                         tb_scratch *scratch)
{
    if (part.width < 1 || part.height < 1 || width < 1 || height < 1)
        return TB_INVALID_ARGUMENT;
    int far = 1 << 28; /* keeps the sums of integers from wrapping */
    if (is_too_large(width, height) || is_too_large(part.width, part.height) || part.x < -far || part.x > far ||
        part.y < -far || part.y > far)
        return TB_TOO_LARGE;
    uint8_t *room = tb_scratch_take(scratch, work_size(part.width, width));
    if (!room)
        return TB_NO_MEMORY;
    sample_part(from, part, width, height, to, NULL, room);
    return TB_OK;
}

/* Source coordinates as an affine function of the target's: u = x0 + xx * x + xy * y, v likewise. */
struct inverse {
    float x0, xx, xy, y0, yx, yy;
};

static int is_sane(float value)
{
    return isfinite(value) && fabsf(value) < 1e8f;
}

static struct inverse invert(tb_similarity map)
{
    float norm = map.a * map.a + map.b * map.b, c = map.a / norm, s = map.b / norm;
    return (struct inverse){-(c * map.tx + s * map.ty), c, s, s * map.tx - c * map.ty, -s, c};
}

/* The part of the picture that the target sees, a whole number of times `factor` in size, with a margin of at least two
 * shrunk pixels on each side, which outside the picture repeat its border. */
static tb_rectangle seen_part(const tb_image *from, struct inverse back, int width, int height, int factor)
{
    float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (int corner = 0; corner < 4; corner++) {
        float x = corner & 1 ? (float)width : -1, y = corner & 2 ? (float)height : -1;
        float u = back.x0 + back.xx * x + back.xy * y, v = back.y0 + back.yx * x + back.yy * y;
        left = fminf(left, u);
        right = fmaxf(right, u);
        top = fminf(top, v);
        bottom = fmaxf(bottom, v);
    }
    int w = from->width, h = from->height, margin = 2 * factor;
#define WITHIN(value, limit) ((int)floorf(fminf(fmaxf(value, -1), (float)(limit))))
    int x0 = clamp(WITHIN(left, w) - margin, -margin, w - margin), x1 = WITHIN(right, w) + 1 + margin;
    int y0 = clamp(WITHIN(top, h) - margin, -margin, h - margin), y1 = WITHIN(bottom, h) + 1 + margin;
#undef WITHIN
    int columns = (x1 - x0 + factor - 1) / factor, rows = (y1 - y0 + factor - 1) / factor;
    columns = columns < 5 ? 5 : columns;
    rows = rows < 5 ? 5 : rows;
    return (tb_rectangle){x0, y0, columns * factor, rows * factor};
}

struct seen {
    const rgb4 *pixels;
    size_t width;
    float far_x, far_y; /* the last place that has two pixels beyond it */
};

static inline rgb4 look(struct seen seen, float u, float v)
{
    u = u < 1 ? 1 : u > seen.far_x ? seen.far_x : u;
    v = v < 1 ? 1 : v > seen.far_y ? seen.far_y : v;
    int x = (int)u, y = (int)v;
    float p = u - (float)x, q = v - (float)y;
    const rgb4 *at = seen.pixels + (size_t)y * seen.width + (size_t)x;
    rgb4 upper = at[0] + p * (at[1] - at[0]);
    at += seen.width;
    rgb4 lower = at[0] + p * (at[1] - at[0]);
    return upper + q * (lower - upper);
}

/* The cubic of Catmull and Rom through four neighbours, `t` of the way from the second to the third. */
static inline void weigh_cubic(float t, float weights[4])
{
    weights[0] = ((1 - 0.5f * t) * t - 0.5f) * t;
    weights[1] = (1.5f * t - 2.5f) * t * t + 1;
    weights[2] = ((2 - 1.5f * t) * t + 0.5f) * t;
    weights[3] = (0.5f * t - 0.5f) * t * t;
}

static inline rgb4 look_cubic(struct seen seen, float u, float v)
{
    float across[4], down[4];
    u = u < 1 ? 1 : u > seen.far_x ? seen.far_x : u;
    v = v < 1 ? 1 : v > seen.far_y ? seen.far_y : v;
    int x = (int)u, y = (int)v;
    weigh_cubic(u - (float)x, across);
    weigh_cubic(v - (float)y, down);
    const rgb4 *at = seen.pixels + (size_t)(y - 1) * seen.width + (size_t)(x - 1);
    rgb4 sum = {0};
    for (int i = 0; i < 4; i++, at += seen.width)
        sum += down[i] * (across[0] * at[0] + across[1] * at[1] + across[2] * at[2] + across[3] * at[3]);
    return sum;
}

/* Where the picture is up to twice as fine as the target, a pixel is the mean of four samples; where it is coarser, one
 * on a curve: straight lines between pixels would blur what a small face has (doc/adr/027). */
static void turn_row(struct seen seen, struct inverse back, int y, int four, int width, rgb4 *row)
{
    float u = back.x0 + back.xy * (float)y, v = back.y0 + back.yy * (float)y;
    float across = 0.25f * (back.xx + back.xy), down = 0.25f * (back.yx + back.yy);
    float across2 = 0.25f * (back.xx - back.xy), down2 = 0.25f * (back.yx - back.yy);
    for (int x = 0; x < width; x++) {
        float at_u = u + back.xx * (float)x, at_v = v + back.yx * (float)x;
        if (four)
            row[x] = 0.25f * (look(seen, at_u - across, at_v - down) + look(seen, at_u + across, at_v + down) +
                              look(seen, at_u + across2, at_v + down2) + look(seen, at_u - across2, at_v - down2));
        else
            row[x] = look_cubic(seen, at_u, at_v);
    }
}

tb_status tb_sample_warp(const tb_image *from, tb_similarity map, int width, int height, const tb_sink *to,
                         tb_scratch *scratch)
{
    float norm = map.a * map.a + map.b * map.b;
    if (!is_sane(map.a) || !is_sane(map.b) || !is_sane(map.tx) || !is_sane(map.ty) || !(norm > 1e-12f) || width < 1 ||
        height < 1)
        return TB_INVALID_ARGUMENT;
    if (is_too_large(width, height))
        return TB_TOO_LARGE;
    struct inverse back = invert(map);
    int factor = (int)(1 / sqrtf(norm) + 1e-4f);
    int side = from->width > from->height ? from->width : from->height; /* more would be one pixel of nothing new */
    factor = factor < 1 ? 1 : factor > side ? side : factor;
    tb_rectangle part = seen_part(from, back, width, height, factor);
    int columns = part.width / factor, rows = part.height / factor;
    size_t pixels = round_up((size_t)columns * (size_t)rows * sizeof(rgb4));
    size_t row_size = round_up((size_t)width * sizeof(rgb4));
    uint8_t *room = tb_scratch_take(scratch, pixels + row_size + work_size(part.width, columns));
    if (!room)
        return TB_NO_MEMORY;
    rgb4 *shrunk = (void *)room, *row = (void *)(room + pixels);
    sample_part(from, part, columns, rows, NULL, shrunk, room + pixels + row_size);
    float scale = 1 / (float)factor;
    back = (struct inverse){(back.x0 - (float)part.x + 0.5f) * scale - 0.5f, back.xx * scale, back.xy * scale,
                            (back.y0 - (float)part.y + 0.5f) * scale - 0.5f, back.yx * scale, back.yy * scale};
    struct seen seen = {shrunk, (size_t)columns, (float)(columns - 3), (float)(rows - 3)};
    int four = back.xx * back.xx + back.xy * back.xy > 1.1f;
    for (int y = 0; y < height; y++) {
        turn_row(seen, back, y, four, width, row);
        put_row(to, y, row, width);
    }
    return TB_OK;
}
