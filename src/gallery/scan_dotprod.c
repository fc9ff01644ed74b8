/* scan_dotprod.c: 128-bit registers with a dot product of bytes (ARM processors since about 2018). See scan.h. */
#include "gallery/scan.h"

#if defined(__ARM_FEATURE_DOTPROD)
#include <sys/auxv.h>

#include "gallery/scan_arm.h"

static inline int32x4_t step(int32x4_t sum, int8x16_t p, const uint8_t *row)
{
    int8x16_t r = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row), vdupq_n_u8(TB_CODE_ZERO)));
    return vdotq_s32(sum, p, r);
}

SCAN_BY_PROBE(dotprod, 64);

const tb_kernel *tb_kernel_dotprod(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? &dotprod : NULL;
}

#else
const tb_kernel *tb_kernel_dotprod(void)
{
    return NULL;
}
#endif
