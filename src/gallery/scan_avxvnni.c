/* scan_avxvnni.c: 256-bit registers with a dot product of bytes (AVX-VNNI: small Intel and AMD processors without
 * AVX-512). See scan.h. */
#include "gallery/scan.h"

#if defined(__AVXVNNI__)
#include <cpuid.h>
#include <immintrin.h>

#include "gallery/scan_common.h"

static inline int32_t sum_of(__m256i sums)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

static inline __m256i at(const void *codes)
{
    return _mm256_load_si256((const __m256i *)codes);
}

static void codes(const int8_t *probe, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    size_t row = 0;
    for (; row + 4 <= count; row += 4) {
        const uint8_t *r = rows + row * stride;
        __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t i = 0; i < stride; i += 32) {
            __m256i p = at(probe + i);
            s0 = _mm256_dpbusd_avx_epi32(s0, at(r + i), p);
            s1 = _mm256_dpbusd_avx_epi32(s1, at(r + i + stride), p);
            s2 = _mm256_dpbusd_avx_epi32(s2, at(r + i + 2 * stride), p);
            s3 = _mm256_dpbusd_avx_epi32(s3, at(r + i + 3 * stride), p);
        }
        dots[row] = sum_of(s0);
        dots[row + 1] = sum_of(s1);
        dots[row + 2] = sum_of(s2);
        dots[row + 3] = sum_of(s3);
    }
    for (; row < count; row++) {
        __m256i s = _mm256_setzero_si256();
        for (size_t i = 0; i < stride; i += 32)
            s = _mm256_dpbusd_avx_epi32(s, at(rows + row * stride + i), at(probe + i));
        dots[row] = sum_of(s);
    }
}

static const tb_kernel avxvnni;

static void batch(const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    tb_batch_by_probe(&avxvnni, probes, rows, stride, count, dots);
}

static const tb_kernel avxvnni = {.name = "avxvnni",
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

/* Asked of the processor itself: compilers learned its name late. */
static int has_avxvnni(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

const tb_kernel *tb_kernel_avxvnni(void)
{
    return has_avxvnni() ? &avxvnni : NULL;
}

#else
const tb_kernel *tb_kernel_avxvnni(void)
{
    return NULL;
}
#endif
