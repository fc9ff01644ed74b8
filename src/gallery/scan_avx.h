/* scan_avx.h: rows by 256-bit registers. Included by scan_avx2.c and scan_avxvnni.c only, which say how products of
 * STEP_CODES codes are added: step(). */
#ifndef TEBURA_GALLERY_SCAN_AVX_H
#define TEBURA_GALLERY_SCAN_AVX_H

#if defined(__AVX2__)
#include <immintrin.h>

#include "gallery/scan_common.h"

static inline __m256i step(__m256i sum, const int8_t *probe, const uint8_t *row);

static inline int32_t sum_of(__m256i sums)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

static void codes(const int8_t *probe, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    size_t row = 0;
    for (; row + 4 <= count; row += 4) {
        const uint8_t *r = rows + row * stride;
        __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t i = 0; i < stride; i += STEP_CODES) {
            s0 = step(s0, probe + i, r + i);
            s1 = step(s1, probe + i, r + i + stride);
            s2 = step(s2, probe + i, r + i + 2 * stride);
            s3 = step(s3, probe + i, r + i + 3 * stride);
        }
        dots[row] = sum_of(s0);
        dots[row + 1] = sum_of(s1);
        dots[row + 2] = sum_of(s2);
        dots[row + 3] = sum_of(s3);
    }
    for (; row < count; row++) {
        __m256i s = _mm256_setzero_si256();
        for (size_t i = 0; i < stride; i += STEP_CODES)
            s = step(s, probe + i, rows + row * stride + i);
        dots[row] = sum_of(s);
    }
}

#endif /* __AVX2__ */
#endif
