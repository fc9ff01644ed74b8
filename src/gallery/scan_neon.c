/* scan_neon.c: 128-bit registers of every 64-bit ARM processor. See scan.h. Codes are within +-127, so two products fit
 * into 16 bits with their sign. */
#include "gallery/scan.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#include "gallery/scan_common.h"

static inline int32x4_t step(int32x4_t sum, int8x16_t p, const uint8_t *row)
{
    int8x16_t r = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row), vdupq_n_u8(TB_CODE_ZERO)));
    int16x8_t pairs = vmull_s8(vget_low_s8(p), vget_low_s8(r));
    return vpadalq_s16(sum, vmlal_s8(pairs, vget_high_s8(p), vget_high_s8(r)));
}

/* What the rows' offset of 128 adds, as every set answers with it (K2). */
static int32_t offset_of(const int8_t *probe, size_t stride)
{
    int32x4_t sum = vdupq_n_s32(0);
    for (size_t i = 0; i < stride; i += 16)
        sum = vpadalq_s16(sum, vpaddlq_s8(vld1q_s8(probe + i)));
    return vaddvq_s32(sum) * TB_CODE_ZERO;
}

static void codes(const int8_t *probe, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    int32_t offset = offset_of(probe, stride);
    size_t row = 0;
    for (; row + 4 <= count; row += 4) {
        const uint8_t *r = rows + row * stride;
        int32x4_t s0 = vdupq_n_s32(0), s1 = s0, s2 = s0, s3 = s0;
        for (size_t i = 0; i < stride; i += 16) {
            int8x16_t p = vld1q_s8(probe + i);
            s0 = step(s0, p, r + i);
            s1 = step(s1, p, r + i + stride);
            s2 = step(s2, p, r + i + 2 * stride);
            s3 = step(s3, p, r + i + 3 * stride);
        }
        dots[row] = vaddvq_s32(s0) + offset;
        dots[row + 1] = vaddvq_s32(s1) + offset;
        dots[row + 2] = vaddvq_s32(s2) + offset;
        dots[row + 3] = vaddvq_s32(s3) + offset;
    }
    for (; row < count; row++) {
        int32x4_t s = vdupq_n_s32(0);
        for (size_t i = 0; i < stride; i += 16)
            s = step(s, vld1q_s8(probe + i), rows + row * stride + i);
        dots[row] = vaddvq_s32(s) + offset;
    }
}

static const tb_kernel neon;

static void batch(const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    tb_batch_by_probe(&neon, probes, rows, stride, count, dots);
}

static const tb_kernel neon = {.name = "neon",
                               .floats = scan_floats,
                               .encode = scan_encode,
                               .codes = codes,
                               .bounds = scan_bounds,
                               .highest = scan_highest,
                               .reaching = scan_reaching,
                               .batch = batch,
                               .passes = scan_passes,
                               .short_rows = 512,
                               .batch_rows = TB_BATCH_ROWS};

const tb_kernel *tb_kernel_neon(void)
{
    return &neon;
}

#else
const tb_kernel *tb_kernel_neon(void)
{
    return NULL;
}
#endif
