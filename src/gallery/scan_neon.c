/* scan_neon.c: 128-bit registers of every 64-bit ARM processor. See scan.h. Codes are within +-127, so two products fit
 * into 16 bits with their sign. */
#include "gallery/scan.h"

#if defined(__aarch64__)
#include "gallery/scan_arm.h"

static inline int32x4_t step(int32x4_t sum, int8x16_t p, const uint8_t *row)
{
    int8x16_t r = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row), vdupq_n_u8(TB_CODE_ZERO)));
    int16x8_t pairs = vmull_s8(vget_low_s8(p), vget_low_s8(r));
    return vpadalq_s16(sum, vmlal_s8(pairs, vget_high_s8(p), vget_high_s8(r)));
}

SCAN_BY_PROBE(neon, 512);

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
