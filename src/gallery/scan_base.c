/* scan_base.c: plain C, for every processor. See scan.h. */
#include "gallery/scan_common.h"

static void codes(const int8_t *probe, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    for (size_t row = 0; row < count; row++) {
        const uint8_t *r = rows + row * stride;
        int32_t dot = 0;
        for (size_t i = 0; i < stride; i++)
            dot += (int16_t)probe[i] * (int16_t)r[i];
        dots[row] = dot;
    }
}

SCAN_BY_PROBE(base, 1024);

const tb_kernel *tb_kernel_base(void)
{
    return &base;
}
