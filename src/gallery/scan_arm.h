/* scan_arm.h: rows by 128-bit registers of ARM processors. Included by scan_neon.c and scan_dotprod.c only, which say
 * first how products of 16 codes are added: step(). */
#ifndef TEBURA_GALLERY_SCAN_ARM_H
#define TEBURA_GALLERY_SCAN_ARM_H

#if defined(__aarch64__)
#include <arm_neon.h>

#include "gallery/scan_common.h"

static inline int32x4_t step(int32x4_t sum, int8x16_t p, const uint8_t *row);

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

#endif /* __aarch64__ */
#endif
