/* scan.c: which set of loops. See scan.h. */
#include "gallery/scan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int tb_kernels(const tb_kernel *out[TB_KERNELS])
{
    const tb_kernel *all[] = {tb_kernel_base(),    tb_kernel_neon(),   tb_kernel_dotprod(), tb_kernel_avx2(),
                              tb_kernel_avxvnni(), tb_kernel_avx512(), tb_kernel_amx()};
    int count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]) {
            assert(count < TB_KERNELS);
            out[count++] = all[i];
        }
    return count;
}

const tb_kernel *tb_kernel_best(void)
{
    const tb_kernel *all[TB_KERNELS];
    int count = tb_kernels(all);
    const char *wanted = getenv("TEBURA_SCAN");
    for (int i = 0; wanted && i < count; i++)
        if (strcmp(all[i]->name, wanted) == 0)
            return all[i];
    return all[count - 1];
}

void tb_batch_by_probe(tb_scan_codes *codes, const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count,
                       int32_t *dots)
{
    int32_t column[TB_BATCH_ROWS];
    for (size_t first = 0; first < count; first += TB_BATCH_ROWS) {
        size_t some = count - first < TB_BATCH_ROWS ? count - first : TB_BATCH_ROWS;
        for (int probe = 0; probe < probes->count; probe++) {
            codes(probes->rows + (size_t)probe * stride, rows + first * stride, stride, some, column);
            for (size_t i = 0; i < some; i++)
                dots[(first + i) * TB_BATCH + (size_t)probe] = column[i];
        }
    }
}
