/* Every set of loops gives the same bits as plain arithmetic, at all strides, counts and extremes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tebura/secret.h>

#include "gallery/scan.h"
#include "vectors.h"

enum { ROWS = 64, WIDEST = 1024 };

struct data {
    const tb_kernel *kernels[TB_KERNELS];
    int count;
    float *rows, *probe;
    uint8_t *codes;
    int8_t *probes, *packed;
};

static struct data data;

static int set_up(void **state)
{
    (void)state;
    data.count = tb_kernels(data.kernels);
    data.rows = tb_secret_alloc(ROWS * WIDEST * sizeof(float));
    data.probe = tb_secret_alloc(WIDEST * sizeof(float));
    data.codes = tb_secret_alloc(ROWS * WIDEST);
    data.probes = tb_secret_alloc(TB_BATCH * WIDEST);
    data.packed = tb_secret_alloc(TB_BATCH * WIDEST);
    for (int i = 0; i < data.count; i++)
        print_message("this processor runs: %s\n", data.kernels[i]->name);
    return !data.rows || !data.probe || !data.codes || !data.probes || !data.packed;
}

static int tear_down(void **state)
{
    (void)state;
    tb_secret_free(data.rows);
    tb_secret_free(data.probe);
    tb_secret_free(data.codes);
    tb_secret_free(data.probes);
    tb_secret_free(data.packed);
    return 0;
}

static uint32_t draw(void)
{
    static uint32_t state = 99;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

static void floats_are_equal_to_the_last_bit(void **state)
{
    (void)state;
    for (size_t stride = 16; stride <= WIDEST; stride += 16 + stride) {
        for (uint32_t row = 0; row <= ROWS; row++) {
            tb_template made = vectors_template(row, (int)stride);
            memcpy(row < ROWS ? data.rows + row * stride : data.probe, made.values, stride * sizeof(float));
        }
        float first[ROWS], scores[ROWS];
        for (size_t asked = 0; asked <= ROWS; asked += 1 + asked / 2)
            for (int i = 0; i < data.count; i++) {
                data.kernels[i]->floats(data.probe, data.rows, stride, asked, i ? scores : first);
                if (i)
                    assert_memory_equal(scores, first, asked * sizeof *scores);
            }
        data.kernels[0]->floats(data.probe, data.rows, stride, ROWS, first);
        for (size_t row = 0; row < ROWS; row++) {
            double sum = 0;
            for (size_t i = 0; i < stride; i++)
                sum += (double)data.probe[i] * data.rows[row * stride + i];
            assert_true(fabs(sum - first[row]) < 4.9e-6); /* what search.c says of its rounding */
        }
    }
}

/* What the codes stand for is as far from the vector as they say, and no further. */
static void codes_stand_for_the_vector(void **state)
{
    (void)state;
    _Alignas(64) int8_t codes[WIDEST], first[WIDEST];
    for (uint32_t seed = 0; seed < 60; seed++) {
        int width = 16 * (1 + (int)(draw() % 64));
        tb_template made = vectors_template(seed, width);
        if (seed % 5 == 0) { /* one-hot */
            memset(made.values, 0, sizeof made.values);
            made.values[draw() % (unsigned)width] = seed % 2 ? 1.f : -1.f;
        }
        memcpy(data.probe, made.values, WIDEST * sizeof(float));
        tb_code code, other;
        assert_true(data.kernels[0]->encode(data.probe, (size_t)width / 16, first, &code));
        double rest = 0;
        int32_t sum = 0;
        for (int i = 0; i < width; i++) {
            sum += first[i];
            double left = (double)made.values[i] - (double)code.scale * first[i];
            assert_true(first[i] >= -127);
            rest += left * left;
        }
        assert_int_equal(sum, code.sum);
        assert_true(sqrt(rest) <= code.residual && code.residual < sqrt(rest) * 1.001 + 1e-5);
        for (int i = 1; i < data.count; i++) {
            assert_true(data.kernels[i]->encode(data.probe, (size_t)width / 16, codes, &other));
            assert_memory_equal(codes, first, (size_t)width);
            assert_memory_equal(&other, &code, sizeof code);
        }
    }
}

static void what_is_no_unit_vector_is_refused(void **state)
{
    (void)state;
    static const float wrong[] = {NAN, INFINITY, -INFINITY, 3e38f, 0.f, 1.01f, 0.99f};
    _Alignas(64) int8_t codes[64];
    tb_code code;
    for (int i = 0; i < data.count; i++)
        for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
            memset(data.probe, 0, 64 * sizeof(float));
            data.probe[17] = wrong[w];
            assert_false(data.kernels[i]->encode(data.probe, 4, codes, &code));
        }
}

/* Where `wild` is 1 all is at its extreme, which is where bytes that are multiplied by pairs saturate. */
static void draw_codes(size_t stride, int wild)
{
    for (size_t i = 0; i < ROWS * stride; i++)
        data.codes[i] = (uint8_t)(wild ? (draw() % 2 ? 255 : 1) : 1 + draw() % 255);
    for (size_t i = 0; i < TB_BATCH * stride; i++)
        data.probes[i] = (int8_t)(wild ? (draw() % 2 ? 127 : -127) : (int)(draw() % 255) - 127);
    if (wild) { /* and all in one direction */
        memset(data.codes, 255, stride);
        memset(data.probes, 127, stride);
        memset(data.probes + stride, -127, stride);
    }
    for (size_t probe = 0; probe < TB_BATCH; probe++)
        for (size_t i = 0; i < stride; i++)
            data.packed[i / 4 * 4 * TB_BATCH + probe * 4 + i % 4] = data.probes[probe * stride + i];
}

static int32_t plain(size_t stride, size_t row, size_t probe)
{
    int32_t sum = 0;
    for (size_t i = 0; i < stride; i++)
        sum += data.codes[row * stride + i] * data.probes[probe * stride + i];
    return sum;
}

static void products_of_codes_are_exact(void **state)
{
    (void)state;
    _Alignas(64) static int32_t dots[ROWS * TB_BATCH];
    for (size_t stride = 64; stride <= WIDEST; stride *= 2)
        for (int wild = 0; wild < 2; wild++) {
            draw_codes(stride, wild);
            for (int i = 0; i < data.count; i++) {
                const tb_kernel *kernel = data.kernels[i];
                for (size_t rows = 1; rows <= ROWS; rows += 1 + rows / 2) {
                    kernel->codes(data.probes, data.codes, stride, rows, dots);
                    for (size_t row = 0; row < rows; row++)
                        assert_int_equal(dots[row], plain(stride, row, 0));
                }
                for (int count = 1; count <= TB_BATCH; count += 21) {
                    tb_probes probes = {stride, count, data.probes, data.packed};
                    size_t rows = count == 1 ? 5 : ROWS - 1;
                    if (kernel->open)
                        kernel->open();
                    kernel->batch(&probes, data.codes, stride, rows, dots);
                    if (kernel->close)
                        kernel->close();
                    for (size_t n = 0; n < rows * (size_t)count; n++)
                        assert_int_equal(dots[n / (size_t)count * TB_BATCH + n % (size_t)count],
                                         plain(stride, n / (size_t)count, n % (size_t)count));
                }
            }
        }
}

static float uniform(void)
{
    return (float)(draw() % 20001) / 10000 - 1;
}

static void bounds_and_what_passes_them(void **state)
{
    (void)state;
    _Alignas(64) static int32_t dots[ROWS * TB_BATCH], column[ROWS];
    _Alignas(64) float scales[ROWS], residuals[ROWS], upper[ROWS];
    static tb_bounds bounds;
    static uint32_t passed[ROWS * TB_BATCH];
    for (int i = 0; i < ROWS * TB_BATCH; i++)
        dots[i] = (int32_t)(draw() % 2000000) - 1000000;
    for (int i = 0; i < ROWS; i++) {
        scales[i] = 1e-3f;
        residuals[i] = i % 7 ? 0.01f : -INFINITY;
        bounds.offset[i] = (int32_t)(draw() % 1000);
        bounds.scale[i] = 1e-3f + 1e-4f * uniform();
        bounds.slope[i] = 1;
        bounds.slack[i] = 0.01f;
        bounds.floor[i] = i % 5 ? 0.9f + 0.1f * uniform() : -2;
    }
    for (int k = 0; k < data.count; k++) {
        const tb_kernel *kernel = data.kernels[k];
        size_t rows = 61, probes = 50, at = 0;
        size_t count = kernel->passes(dots, scales, residuals, rows, (int)probes, &bounds, passed);
        for (size_t probe = 0; probe < probes; probe++) {
            tb_bound bound = {bounds.offset[probe], bounds.scale[probe], bounds.slope[probe], bounds.slack[probe]};
            for (size_t row = 0; row < ROWS; row++)
                column[row] = dots[row * TB_BATCH + probe];
            int any = 0, answered = kernel->bounds(column, scales, residuals, ROWS, &bound, bounds.floor[probe], upper);
            for (size_t row = 0; row < ROWS; row++) {
                double exact = (double)(column[row] - bound.offset) * bound.scale * scales[row] +
                               (double)residuals[row] * bound.slope + bound.slack;
                assert_true(row % 7 ? fabs(upper[row] - exact) < 4e-7 : upper[row] == -INFINITY);
                any |= upper[row] >= bounds.floor[probe];
            }
            assert_int_equal(any, answered);
            uint16_t reaching[ROWS];
            size_t some = kernel->reaching(upper, rows, bounds.floor[probe], reaching), next = 0;
            for (size_t row = 0; row < rows; row++)
                if (upper[row] >= bounds.floor[probe])
                    assert_int_equal(reaching[next++], row);
            assert_int_equal(some, next);
            at += next;
        }
        assert_int_equal(at, count);
        assert_true(count > 0 && count < rows * probes);
    }
}

static void the_highest_is_the_first_of_them(void **state)
{
    (void)state;
    _Alignas(64) float upper[ROWS];
    for (size_t count = 1; count <= ROWS; count++)
        for (int round = 0; round < 20; round++) {
            size_t best = 0;
            for (size_t i = 0; i < ROWS; i++)
                upper[i] = i < count && draw() % 3 ? (float)(draw() % 30) - 20 : -INFINITY;
            for (size_t i = 1; i < count; i++)
                best = upper[i] > upper[best] ? i : best;
            for (int k = 0; k < data.count; k++)
                assert_int_equal(data.kernels[k]->highest(upper, count), best);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_equal_to_the_last_bit),  cmocka_unit_test(codes_stand_for_the_vector),
        cmocka_unit_test(what_is_no_unit_vector_is_refused), cmocka_unit_test(products_of_codes_are_exact),
        cmocka_unit_test(bounds_and_what_passes_them),       cmocka_unit_test(the_highest_is_the_first_of_them)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
