/* scan_common.h: loops that need no instruction by name: the compiler turns them into whatever the including file is
 * compiled for. Included by scan_*.c only.
 *
 * A register is as wide as that; sixteen lanes are one, two or four of them. What is summed is summed lane by lane,
 * then lanes in one order (K1), whatever the width. */
#ifndef TEBURA_GALLERY_SCAN_COMMON_H
#define TEBURA_GALLERY_SCAN_COMMON_H

#include <math.h>
#include <string.h>

#include "gallery/scan.h"

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

#if defined(__AVX512F__)
enum { WIDTH = 64, ROWS = 4 };
#elif defined(__AVX__)
enum { WIDTH = 32, ROWS = 4 };
#else
enum { WIDTH = 16, ROWS = 2 };
#endif
enum { WIDE = WIDTH / 4, PARTS = TB_SCAN_LANES / WIDE }; /* lanes a register, registers for all lanes */

typedef float part __attribute__((vector_size(WIDTH), aligned(WIDTH)));
typedef int32_t part_int __attribute__((vector_size(WIDTH), aligned(WIDTH)));
typedef float quarter __attribute__((vector_size(16), aligned(16)));

static inline const part *parts(const float *values)
{
    return (const part *)(const void *)values;
}

static inline const part_int *parts_int(const int32_t *values)
{
    return (const part_int *)(const void *)values;
}

/* Halves upon halves: rounds four times. */
static inline float lanes_sum(const part *sums)
{
    quarter q[4];
    memcpy(q, sums, sizeof q);
    quarter sum = (q[0] + q[2]) + (q[1] + q[3]);
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

static inline int any_of(const part_int *mask)
{
    uint64_t words[WIDTH / 8], any = 0;
    memcpy(words, mask, sizeof words);
    for (int i = 0; i < WIDTH / 8; i++)
        any |= words[i];
    return any != 0;
}

/* Several rows at a time hide the latency of the additions. */
static inline void float_rows(const float *probe, const float *rows, size_t stride, const int count, float *scores)
{
    part sums[ROWS][PARTS] = {{{0}}};
    for (size_t i = 0; i < stride; i += TB_SCAN_LANES) {
#pragma GCC unroll 4
        for (int j = 0; j < PARTS; j++) {
            part p = parts(probe + i)[j];
#pragma GCC unroll 4
            for (int row = 0; row < count; row++)
                sums[row][j] += p * parts(rows + (size_t)row * stride + i)[j];
        }
    }
#pragma GCC unroll 4
    for (int row = 0; row < count; row++)
        scores[row] = lanes_sum(sums[row]);
}

static void scan_floats(const float *probe, const float *rows, size_t stride, size_t count, float *scores)
{
    size_t row = 0;
    for (; row + ROWS <= count; row += ROWS)
        float_rows(probe, rows + row * stride, stride, ROWS, scores + row);
    for (; row < count; row++)
        float_rows(probe, rows + row * stride, stride, 1, scores + row);
}

/* The sum of squares, and the largest absolute value. */
static float measure(const float *values, size_t steps, float *most)
{
    part squares[PARTS] = {{0}}, highest[PARTS] = {{0}};
    for (size_t i = 0; i < steps; i++)
        for (int j = 0; j < PARTS; j++) {
            part v = parts(values)[i * PARTS + (size_t)j];
            squares[j] += v * v;
            part size = (part)((part_int)v & 0x7fffffff);
            part_int more = size > highest[j];
            highest[j] = (part)((more & (part_int)size) | (~more & (part_int)highest[j]));
        }
    float lanes[TB_SCAN_LANES];
    memcpy(lanes, highest, sizeof lanes);
    *most = 0;
    for (int lane = 0; lane < TB_SCAN_LANES; lane++)
        *most = lanes[lane] > *most ? lanes[lane] : *most;
    return lanes_sum(squares);
}

/* The residual is what single precision measures plus more than it can be wrong by: an element's error is below
 * 2^-23 of the element, so that of the vector below 2e-7; 1e-5 of its length covers the sum and the root. */
static int scan_encode(const float *values, size_t steps, int8_t *codes, tb_code *out)
{
    float most, square = measure(values, steps, &most);
    if (!(fabsf(square - 1) < 4e-3f)) /* a NaN is refused too */
        return 0;
    float scale = most / 127, inverse = 127 / most;
    part rest[PARTS] = {{0}};
    int32_t sum = 0;
    for (size_t i = 0; i < steps; i++) {
        int32_t wide[TB_SCAN_LANES];
        for (int j = 0; j < PARTS; j++) {
            part v = parts(values)[i * PARTS + (size_t)j], scaled = v * inverse;
            part_int code =
                __builtin_convertvector(scaled + 0.5f + __builtin_convertvector(scaled < 0, part), part_int);
            memcpy(wide + j * WIDE, &code, sizeof code);
            part left = v - scale * __builtin_convertvector(code, part);
            rest[j] += left * left;
        }
        for (int lane = 0; lane < TB_SCAN_LANES; lane++) {
            codes[i * TB_SCAN_LANES + (size_t)lane] = (int8_t)wide[lane];
            sum += wide[lane];
        }
    }
    *out = (tb_code){scale, sqrtf(lanes_sum(rest)) * 1.00001f + 1e-6f, sum};
    return 1;
}

static int scan_bounds(const int32_t *dots, const float *scales, const float *residuals, size_t count,
                       const tb_bound *bound, float floor, float *upper)
{
    part_int any = {0};
    for (size_t i = 0; i * WIDE < count; i++) {
        part dot = __builtin_convertvector(parts_int(dots)[i] - bound->offset, part);
        part u = dot * (bound->scale * parts(scales)[i]) + (parts(residuals)[i] * bound->slope + bound->slack);
        memcpy(upper + i * WIDE, &u, sizeof u);
        any |= u >= floor;
    }
    return any_of(&any);
}

static size_t scan_highest(const float *upper, size_t count)
{
    part highest = *parts(upper);
    part_int at = {0}, here = {0};
    for (size_t i = 1; i * WIDE < count; i++) {
        part value = parts(upper)[i];
        part_int more = value > highest;
        here += WIDE;
        at = (more & here) | (~more & at);
        highest = (part)((more & (part_int)value) | (~more & (part_int)highest));
    }
    float values[WIDE];
    int32_t places[WIDE], best = 0;
    memcpy(values, &highest, sizeof values);
    memcpy(places, &at, sizeof places);
    for (int lane = 1; lane < WIDE; lane++) {
        int32_t place = places[lane] + lane, best_place = places[best] + best;
        if (values[lane] > values[best] || (values[lane] == values[best] && place < best_place))
            best = lane;
    }
    return (size_t)(places[best] + best);
}

static size_t scan_reaching(const float *upper, size_t count, float floor, uint16_t *out)
{
    size_t reaching = 0;
    for (size_t i = 0; i * WIDE < count; i++) {
        part_int mask = parts(upper)[i] >= floor;
        for (size_t lane = any_of(&mask) ? 0 : WIDE; lane < WIDE && i * WIDE + lane < count; lane++) {
            out[reaching] = (uint16_t)(i * WIDE + lane);
            reaching += mask[lane] != 0;
        }
    }
    return reaching;
}

/* Which of some rows' bounds reach the floor of some of WIDE probes from `column` on: into `any`, as a vector for a
 * result would be passed in other ways by other compilers. */
static inline void rows_pass(const int32_t *dots, const float *scales, const float *residuals, size_t rows,
                             size_t column, const tb_bounds *bounds, part_int *any)
{
    part_int offset = *parts_int(bounds->offset + column);
    part scale = *parts(bounds->scale + column), slope = *parts(bounds->slope + column);
    part slack = *parts(bounds->slack + column), floor = *parts(bounds->floor + column);
    for (size_t row = 0; row < rows; row++) {
        part dot = __builtin_convertvector(*parts_int(dots + row * TB_BATCH + column) - offset, part);
        *any |= dot * (scale * scales[row]) + (slope * residuals[row] + slack) >= floor;
    }
}

/* Some rows are asked together; which of them it was is looked at only if one of them was. */
static size_t scan_passes(const int32_t *dots, const float *scales, const float *residuals, size_t count, int probes,
                          const tb_bounds *bounds, uint32_t *out)
{
    enum { TOGETHER = 8 };
    size_t passed = 0, columns = (size_t)probes;
    for (size_t first = 0; first < count; first += TOGETHER) {
        size_t last = count - first < TOGETHER ? count : first + TOGETHER;
        for (size_t column = 0; column < columns; column += WIDE) {
            part_int any = {0};
            rows_pass(dots + first * TB_BATCH, scales + first, residuals + first, last - first, column, bounds, &any);
            for (size_t row = any_of(&any) ? first : last; row < last; row++) {
                part_int mask = {0};
                rows_pass(dots + row * TB_BATCH, scales + row, residuals + row, 1, column, bounds, &mask);
                for (size_t lane = any_of(&mask) ? 0 : WIDE; lane < WIDE && column + lane < columns; lane++)
                    if (mask[lane])
                        out[passed++] = (uint32_t)(row * TB_BATCH + column + lane);
            }
        }
    }
    return passed;
}

/* What every set takes from here. */
#define SCAN_COMMON                                                                                                    \
    .floats = scan_floats, .encode = scan_encode, .bounds = scan_bounds, .highest = scan_highest,                      \
    .reaching = scan_reaching, .passes = scan_passes

/* A set that has its own `codes` and nothing of its own for batches. */
#define SCAN_BY_PROBE(set, most)                                                                                       \
    static void batch(const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)        \
    {                                                                                                                  \
        tb_batch_by_probe(codes, probes, rows, stride, count, dots);                                                   \
    }                                                                                                                  \
    static const tb_kernel set = {                                                                                     \
        .name = #set, SCAN_COMMON, .codes = codes, .batch = batch, .short_rows = most, .batch_rows = TB_BATCH_ROWS}

#endif
