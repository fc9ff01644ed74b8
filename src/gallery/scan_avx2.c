/* scan_avx2.c: 256-bit registers. See scan.h. The instruction that multiplies bytes (vpmaddubsw) saturates, so bytes
 * are widened to 16 bits first; memory is slower than that anyway. */
#include "gallery/scan.h"

#if defined(__AVX2__)
#define STEP_CODES 16
#include "gallery/scan_avx.h"

static inline __m256i step(__m256i sum, const int8_t *probe, const uint8_t *row)
{
    __m256i p = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(const void *)probe));
    __m256i r = _mm256_cvtepu8_epi16(_mm_load_si128((const __m128i *)(const void *)row));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(p, r));
}

SCAN_BY_PROBE(avx2, 64);

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
