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

static const tb_kernel base;

static void batch(const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    tb_batch_by_probe(&base, probes, rows, stride, count, dots);
}

static const tb_kernel base = {.name = "base",
                               .floats = scan_floats,
                               .encode = scan_encode,
                               .codes = codes,
                               .bounds = scan_bounds,
                               .highest = scan_highest,
                               .reaching = scan_reaching,
                               .batch = batch,
                               .passes = scan_passes,
                               .short_rows = 1024,
                               .batch_rows = TB_BATCH_ROWS};

const tb_kernel *tb_kernel_base(void)
{
    return &base;
}
