/* scan_common.h: loops that need no instruction by name: the compiler turns them into whatever the including file is
 * compiled for. Sixteen lanes and a fixed order whatever the width of the registers (K1). Included by scan_*.c only. */
#ifndef TEBURA_GALLERY_SCAN_COMMON_H
#define TEBURA_GALLERY_SCAN_COMMON_H

#include <math.h>
#include <string.h>

#include "gallery/scan.h"

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

typedef float lanes __attribute__((vector_size(64), aligned(64)));
typedef int32_t lanes_int __attribute__((vector_size(64), aligned(64)));
typedef int8_t lanes_byte __attribute__((vector_size(16), aligned(16)));

static inline float lanes_sum(const lanes *sums)
{
    float sum = 0;
    for (int lane = 0; lane < TB_SCAN_LANES; lane++)
        sum += (*sums)[lane];
    return sum;
}

static inline int lanes_any(const lanes_int *masks)
{
    uint64_t words[8], any = 0;
    memcpy(words, masks, sizeof words);
    for (int i = 0; i < 8; i++)
        any |= words[i];
    return any != 0;
}

/* Four rows at a time hide the latency of the additions. */
static void scan_floats(const float *probe, const float *rows, size_t stride, size_t count, float *scores)
{
    const lanes *p = (const lanes *)(const void *)probe;
    size_t steps = stride / TB_SCAN_LANES, row = 0;
    for (; row + 4 <= count; row += 4) {
        const lanes *r = (const lanes *)(const void *)(rows + row * stride);
        lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        for (size_t i = 0; i < steps; i++) {
            s0 += p[i] * r[i];
            s1 += p[i] * r[i + steps];
            s2 += p[i] * r[i + 2 * steps];
            s3 += p[i] * r[i + 3 * steps];
        }
        scores[row] = lanes_sum(&s0);
        scores[row + 1] = lanes_sum(&s1);
        scores[row + 2] = lanes_sum(&s2);
        scores[row + 3] = lanes_sum(&s3);
    }
    for (; row < count; row++) {
        const lanes *r = (const lanes *)(const void *)(rows + row * stride);
        lanes s = {0};
        for (size_t i = 0; i < steps; i++)
            s += p[i] * r[i];
        scores[row] = lanes_sum(&s);
    }
}

/* The residual is what single precision measures plus more than it can be wrong by: an element's error is below
 * 2^-23 of the element, so that of the vector below 2e-7; 1e-5 of its length covers the sum and the root. */
static int scan_encode(const float *values, size_t steps, int8_t *codes, tb_code *out)
{
    const lanes *v = (const lanes *)(const void *)values;
    lanes squares = {0}, highest = {0};
    for (size_t i = 0; i < steps; i++) {
        squares += v[i] * v[i];
        lanes size = (lanes)((lanes_int)v[i] & 0x7fffffff);
        lanes_int more = size > highest;
        highest = (lanes)((more & (lanes_int)size) | (~more & (lanes_int)highest));
    }
    float most = 0, sum = lanes_sum(&squares);
    if (!(fabsf(sum - 1) < 4e-3f)) /* a NaN is refused too */
        return 0;
    for (int lane = 0; lane < TB_SCAN_LANES; lane++)
        most = highest[lane] > most ? highest[lane] : most;
    float scale = most / 127, inverse = 127 / most;
    lanes rest = {0};
    for (size_t i = 0; i < steps; i++) {
        lanes scaled = v[i] * inverse;
        lanes_int code = __builtin_convertvector(scaled + 0.5f + __builtin_convertvector(scaled < 0, lanes), lanes_int);
        lanes_byte narrow = __builtin_convertvector(code, lanes_byte);
        memcpy(codes + i * TB_SCAN_LANES, &narrow, sizeof narrow);
        lanes left = v[i] - scale * __builtin_convertvector(code, lanes);
        rest += left * left;
    }
    *out = (tb_code){scale, sqrtf(lanes_sum(&rest)) * 1.00001f + 1e-6f};
    return 1;
}

static int scan_bounds(const int32_t *dots, const float *scales, const float *residuals, size_t count,
                       const tb_bound *bound, float floor, float *upper)
{
    const lanes_int *d = (const lanes_int *)(const void *)dots;
    const lanes *s = (const lanes *)(const void *)scales, *r = (const lanes *)(const void *)residuals;
    lanes *u = (lanes *)(void *)upper;
    lanes_int any = {0};
    for (size_t i = 0; i * TB_SCAN_LANES < count; i++) {
        lanes dot = __builtin_convertvector(d[i] - bound->offset, lanes);
        u[i] = dot * (bound->scale * s[i]) + (r[i] * bound->slope + bound->slack);
        any |= u[i] >= floor;
    }
    return lanes_any(&any);
}

/* Adds to `any`: a vector as a result would be passed in other ways by other compilers. */
static inline void row_passes(const int32_t *dots, float scale, float residual, size_t column, const tb_bounds *bounds,
                              lanes_int *any)
{
    const lanes_int *d = (const lanes_int *)(const void *)(dots + column);
    lanes dot = __builtin_convertvector(*d - *(const lanes_int *)(const void *)(bounds->offset + column), lanes);
    lanes upper = dot * (*(const lanes *)(const void *)(bounds->scale + column) * scale) +
                  (*(const lanes *)(const void *)(bounds->slope + column) * residual +
                   *(const lanes *)(const void *)(bounds->slack + column));
    *any |= upper >= *(const lanes *)(const void *)(bounds->floor + column);
}

/* Eight rows are asked together; which of them it was is looked at only if one of them was. */
static size_t scan_passes(const int32_t *dots, const float *scales, const float *residuals, size_t count, int probes,
                          const tb_bounds *bounds, uint32_t *out)
{
    size_t passed = 0;
    for (size_t first = 0; first < count; first += 8) {
        size_t last = count - first < 8 ? count : first + 8;
        lanes_int any = {0};
        for (size_t row = first; row < last; row++)
            for (size_t column = 0; column < (size_t)probes; column += TB_SCAN_LANES)
                row_passes(dots + row * TB_BATCH, scales[row], residuals[row], column, bounds, &any);
        if (!lanes_any(&any))
            continue;
        for (size_t row = first; row < last; row++)
            for (size_t column = 0; column < (size_t)probes; column += TB_SCAN_LANES) {
                lanes_int mask = {0};
                row_passes(dots + row * TB_BATCH, scales[row], residuals[row], column, bounds, &mask);
                for (size_t lane = 0; lane < TB_SCAN_LANES && column + lane < (size_t)probes; lane++)
                    if (mask[lane])
                        out[passed++] = (uint32_t)(row * TB_BATCH + column + lane);
            }
    }
    return passed;
}

#endif
