/* scan_avx2.c: 256-bit registers. See scan.h. The instruction that multiplies bytes (vpmaddubsw) saturates, so bytes
 * are widened to 16 bits first; memory is slower than that anyway. */
#include "gallery/scan.h"

#if defined(__AVX2__)
#include <immintrin.h>

#include "gallery/scan_common.h"

static inline int32_t sum_of(__m256i sums)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

static inline __m256i wide(const uint8_t *row)
{
    return _mm256_cvtepu8_epi16(_mm_load_si128((const __m128i *)(const void *)row));
}

static void codes(const int8_t *probe, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    size_t row = 0;
    for (; row + 4 <= count; row += 4) {
        const uint8_t *r = rows + row * stride;
        __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t i = 0; i < stride; i += 16) {
            __m256i p = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(const void *)(probe + i)));
            s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(p, wide(r + i)));
            s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(p, wide(r + i + stride)));
            s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(p, wide(r + i + 2 * stride)));
            s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(p, wide(r + i + 3 * stride)));
        }
        dots[row] = sum_of(s0);
        dots[row + 1] = sum_of(s1);
        dots[row + 2] = sum_of(s2);
        dots[row + 3] = sum_of(s3);
    }
    for (; row < count; row++) {
        __m256i s = _mm256_setzero_si256();
        for (size_t i = 0; i < stride; i += 16) {
            __m256i p = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(const void *)(probe + i)));
            s = _mm256_add_epi32(s, _mm256_madd_epi16(p, wide(rows + row * stride + i)));
        }
        dots[row] = sum_of(s);
    }
}

static const tb_kernel avx2;

static void batch(const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    tb_batch_by_probe(&avx2, probes, rows, stride, count, dots);
}

static const tb_kernel avx2 = {.name = "avx2",
                               .floats = scan_floats,
                               .encode = scan_encode,
                               .codes = codes,
                               .bounds = scan_bounds,
                               .highest = scan_highest,
                               .reaching = scan_reaching,
                               .batch = batch,
                               .passes = scan_passes,
                               .short_rows = 64,
                               .batch_rows = TB_BATCH_ROWS};

const tb_kernel *tb_kernel_avx2(void)
{
    return __builtin_cpu_supports("avx2") ? &avx2 : NULL;
}

#else
const tb_kernel *tb_kernel_avx2(void)
{
    return NULL;
}
#endif
