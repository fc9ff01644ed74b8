/* scan_avxvnni.c: 256-bit registers with a dot product of bytes (AVX-VNNI: small Intel and AMD processors without
 * AVX-512). See scan.h. */
#include "gallery/scan.h"

#if defined(__AVXVNNI__)
#include <cpuid.h>

#define STEP_CODES 32
#include "gallery/scan_avx.h"

static inline __m256i step(__m256i sum, const int8_t *probe, const uint8_t *row)
{
    __m256i p = _mm256_load_si256((const __m256i *)(const void *)probe);
    return _mm256_dpbusd_avx_epi32(sum, _mm256_load_si256((const __m256i *)(const void *)row), p);
}

SCAN_BY_PROBE(avxvnni, 64);

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
