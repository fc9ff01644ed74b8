/* resize.c: area average where an axis shrinks, bilinear where it grows. Rows are summed first: that is the part with
 * the many pixels, and it runs along memory. */
#include <tebura/image.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

/* Which source samples make one target sample: weights[0..count-1] from `first`, summing to 1. */
struct span {
    int first, count;
    float *weights;
};

static int span_limit(int from, int to)
{
    return from > to ? from / to + 3 : 2;
}

static void shrink_span(int from, int to, int i, struct span *span)
{
    double step = (double)from / to, begin = i * step, end = begin + step;
    int first = (int)begin, last = (int)ceil(end) - 1;
    last = last >= from ? from - 1 : last < first ? first : last;
    span->first = first;
    span->count = last - first + 1;
    double sum = 0;
    for (int s = first; s <= last; s++)
        sum += fmin(end, s + 1) - fmax(begin, s);
    for (int s = first; s <= last; s++)
        span->weights[s - first] = (float)((fmin(end, s + 1) - fmax(begin, s)) / sum);
}

static void grow_span(int from, int to, int i, struct span *span)
{
    double centre = (i + 0.5) * from / to - 0.5;
    centre = centre < 0 ? 0 : centre > from - 1 ? from - 1 : centre;
    int first = (int)centre;
    span->first = first;
    span->count = first + 1 < from ? 2 : 1;
    span->weights[0] = span->count == 1 ? 1 : (float)(1 - (centre - first));
    if (span->count == 2)
        span->weights[1] = (float)(centre - first);
}

static void fill_span(int from, int to, int i, struct span *span)
{
    if (from > to)
        shrink_span(from, to, i, span);
    else
        grow_span(from, to, i, span);
    assert(span->first >= 0 && span->first + span->count <= from && span->count <= span_limit(from, to));
}

/* Spans of a whole axis with their weights behind them in one block. */
static struct span *axis_spans(int from, int to)
{
    size_t limit = (size_t)span_limit(from, to);
    struct span *spans = malloc((size_t)to * (sizeof *spans + limit * sizeof(float)));
    if (!spans)
        return NULL;
    float *weights = (float *)(void *)(spans + to);
    for (int i = 0; i < to; i++) {
        spans[i].weights = weights + (size_t)i * limit;
        fill_span(from, to, i, &spans[i]);
    }
    return spans;
}

static void add_row(float *restrict sum, const uint8_t *restrict row, float weight, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        sum[i] += weight * row[i];
}

static void gather_row(const float *sum, const struct span *columns, int width, uint8_t *out)
{
    for (int x = 0; x < width; x++) {
        const float *at = sum + 3 * (size_t)columns[x].first;
        float r = 0.5f, g = 0.5f, b = 0.5f;
        for (int i = 0; i < columns[x].count; i++, at += 3) {
            float weight = columns[x].weights[i];
            r += weight * at[0];
            g += weight * at[1];
            b += weight * at[2];
        }
        out[3 * x] = (uint8_t)fminf(r, 255);
        out[3 * x + 1] = (uint8_t)fminf(g, 255);
        out[3 * x + 2] = (uint8_t)fminf(b, 255);
    }
}

tb_status tb_image_resize(const tb_image *from, int width, int height, tb_image *out)
{
    *out = (tb_image){0};
    if (width < 1 || height < 1)
        return TB_INVALID_ARGUMENT;
    if ((uint64_t)width * (uint64_t)height > TB_IMAGE_MAX_PIXELS)
        return TB_TOO_LARGE;
    size_t samples = (size_t)from->width * 3;
    struct span *columns = axis_spans(from->width, width), *rows = axis_spans(from->height, height);
    float *sum = tb_secret_alloc(samples * sizeof *sum);
    tb_status status = columns && rows && sum ? tb_image_new(width, height, out) : TB_NO_MEMORY;
    for (int y = 0; status == TB_OK && y < height; y++) {
        memset(sum, 0, samples * sizeof *sum);
        for (int i = 0; i < rows[y].count; i++)
            add_row(sum, from->data + (size_t)(rows[y].first + i) * samples, rows[y].weights[i], samples);
        gather_row(sum, columns, width, out->data + (size_t)y * (size_t)width * 3);
    }
    tb_secret_free(sum);
    free(rows);
    free(columns);
    return status;
}
