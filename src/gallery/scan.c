/* scan.c: one kernel, compiled for three instruction sets. Four rows at a time hide the latency of the additions.
 * Sixteen sums a row, added up in a fixed order: the result does not depend on the width of the registers. */
#include "gallery/scan.h"

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

typedef float lanes __attribute__((vector_size(64), aligned(64)));

/* A macro, as the compiler must see the whole function under its own target. */
#define SCAN(name, target)                                                                                             \
    target static float name##_sum(const lanes *sums)                                                                  \
    {                                                                                                                  \
        float sum = 0;                                                                                                 \
        for (int lane = 0; lane < TB_SCAN_LANES; lane++)                                                               \
            sum += (*sums)[lane];                                                                                      \
        return sum;                                                                                                    \
    }                                                                                                                  \
    target static void name(const float *probe, const float *rows, size_t stride, size_t count, float *scores)         \
    {                                                                                                                  \
        const lanes *p = (const lanes *)(const void *)probe;                                                           \
        size_t steps = stride / TB_SCAN_LANES, row = 0;                                                                \
        for (; row + 4 <= count; row += 4) {                                                                           \
            const lanes *r = (const lanes *)(const void *)(rows + row * stride);                                       \
            lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};                                                              \
            for (size_t i = 0; i < steps; i++) {                                                                       \
                s0 += p[i] * r[i];                                                                                     \
                s1 += p[i] * r[i + steps];                                                                             \
                s2 += p[i] * r[i + 2 * steps];                                                                         \
                s3 += p[i] * r[i + 3 * steps];                                                                         \
            }                                                                                                          \
            scores[row] = name##_sum(&s0);                                                                             \
            scores[row + 1] = name##_sum(&s1);                                                                         \
            scores[row + 2] = name##_sum(&s2);                                                                         \
            scores[row + 3] = name##_sum(&s3);                                                                         \
        }                                                                                                              \
        for (; row < count; row++) {                                                                                   \
            const lanes *r = (const lanes *)(const void *)(rows + row * stride);                                       \
            lanes s = {0};                                                                                             \
            for (size_t i = 0; i < steps; i++)                                                                         \
                s += p[i] * r[i];                                                                                      \
            scores[row] = name##_sum(&s);                                                                              \
        }                                                                                                              \
    }

SCAN(scan_plain, )
#if defined(__x86_64__)
SCAN(scan_avx2, __attribute__((target("avx2"))))
SCAN(scan_avx512, __attribute__((target("avx512f"))))
#endif

int tb_scan_variants(tb_scan *out[3])
{
    int count = 0;
    out[count++] = scan_plain;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        out[count++] = scan_avx2;
    if (__builtin_cpu_supports("avx512f"))
        out[count++] = scan_avx512;
#endif
    return count;
}

tb_scan *tb_scan_best(void)
{
    tb_scan *variants[3];
    return variants[tb_scan_variants(variants) - 1];
}
