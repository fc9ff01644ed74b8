/* scan_avx512.c: 512-bit registers with a dot product of bytes (AVX-512 VNNI). See scan.h.
 * A batch takes four rows and 64 probes at a time: sixteen sums in registers, no adding across lanes. */
#include "gallery/scan.h"

#if defined(__AVX512VNNI__)
#include <immintrin.h>

#include "gallery/scan_common.h"

enum { MOST_LINES = 8 };

static inline __m512i at(const void *codes)
{
    return _mm512_load_si512(codes);
}

/* The sums of four registers, in one. */
static inline __m128i sums_of(__m512i s0, __m512i s1, __m512i s2, __m512i s3)
{
    __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(s0, s1), _mm512_unpackhi_epi32(s0, s1));
    __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(s2, s3), _mm512_unpackhi_epi32(s2, s3));
    __m512i c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    __m256i d = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(d), _mm256_extracti128_si256(d, 1));
}

/* Rows of so many registers, a number that the compiler knows: the probe stays in registers. */
__attribute__((always_inline)) static inline void short_rows(const int8_t *probe, const uint8_t *rows,
                                                             const size_t lines, size_t count, int32_t *dots)
{
    __m512i p[MOST_LINES];
    for (size_t i = 0; i < lines; i++)
        p[i] = at(probe + i * 64);
    for (size_t row = 0; row < count; row += 4) {
        const uint8_t *r = rows + row * lines * 64;
        __m512i s[4] = {_mm512_setzero_si512()};
#pragma GCC unroll 8
        for (size_t i = 0; i < lines; i++) {
#pragma GCC unroll 4
            for (size_t j = 0; j < 4; j++)
                s[j] = _mm512_dpbusd_epi32(s[j], at(r + (j * lines + i) * 64), p[i]);
        }
        _mm_store_si128((__m128i *)(void *)(dots + row), sums_of(s[0], s[1], s[2], s[3]));
    }
}

static void any_rows(const int8_t *probe, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    for (size_t row = 0; row < count; row += 4) {
        const uint8_t *r = rows + row * stride;
        __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;
        for (size_t i = 0; i < stride; i += 64) {
            __m512i p = at(probe + i);
            s0 = _mm512_dpbusd_epi32(s0, at(r + i), p);
            s1 = _mm512_dpbusd_epi32(s1, at(r + i + stride), p);
            s2 = _mm512_dpbusd_epi32(s2, at(r + i + 2 * stride), p);
            s3 = _mm512_dpbusd_epi32(s3, at(r + i + 3 * stride), p);
        }
        _mm_storeu_si128((__m128i *)(void *)(dots + row), sums_of(s0, s1, s2, s3));
    }
}

void tb_scan_codes_avx512(const int8_t *probe, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    size_t fours = count / 4 * 4;
    if (stride == 128)
        short_rows(probe, rows, 2, fours, dots);
    else if (stride == 256)
        short_rows(probe, rows, 4, fours, dots);
    else if (stride == 512)
        short_rows(probe, rows, 8, fours, dots);
    else
        any_rows(probe, rows, stride, fours, dots);
    for (size_t row = fours; row < count; row++) {
        __m512i s = _mm512_setzero_si512();
        for (size_t i = 0; i < stride; i += 64)
            s = _mm512_dpbusd_epi32(s, at(rows + row * stride + i), at(probe + i));
        dots[row] = _mm512_reduce_add_epi32(s);
    }
}

static inline __m512i four_bytes(const uint8_t *row)
{
    int32_t word;
    memcpy(&word, row, sizeof word);
    return _mm512_set1_epi32(word);
}

/* `rows` must be readable up to a multiple of four: TB_BATCH_ROWS is one. */
static void batch(const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    for (size_t row = 0; row < count; row += 4) {
        const uint8_t *r = rows + row * stride;
        __m512i s[4][4] = {{_mm512_setzero_si512()}};
        for (size_t i = 0; i < stride; i += 4) {
            const int8_t *p = probes->packed + i * TB_BATCH;
            for (size_t j = 0; j < 4; j++) {
                __m512i some = four_bytes(r + j * stride + i);
                for (size_t column = 0; column < 4; column++)
                    s[j][column] = _mm512_dpbusd_epi32(s[j][column], some, at(p + column * 64));
            }
        }
        for (size_t j = 0; j < 4; j++)
            for (size_t column = 0; column < 4; column++)
                _mm512_store_si512(dots + (row + j) * TB_BATCH + column * 16, s[j][column]);
    }
}

static const tb_kernel avx512 = {.name = "avx512",
                                 SCAN_COMMON,
                                 .codes = tb_scan_codes_avx512,
                                 .batch = batch,
                                 .short_rows = 64,
                                 .batch_rows = 4 * TB_BATCH_ROWS};

const tb_kernel *tb_kernel_avx512(void)
{
    /* everything that cmake/processors.cmake lets the compiler use */
    int has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
              __builtin_cpu_supports("avx512vnni");
    return has ? &avx512 : NULL;
}

#else
const tb_kernel *tb_kernel_avx512(void)
{
    return NULL;
}
#endif
