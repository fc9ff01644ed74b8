/* scan.h: dot products of one probe with rows that lie behind one another. */
#ifndef TEBURA_GALLERY_SCAN_H
#define TEBURA_GALLERY_SCAN_H

#include <stddef.h>

#define TB_SCAN_LANES 16 /* rows are padded with zeros to a multiple of this and are 64-byte aligned */

/* scores[i] = probe . rows[i * stride ...], i < count; stride is a multiple of TB_SCAN_LANES. Every variant adds in the
 * same order and without fused operations, so their results are equal to the last bit. */
typedef void tb_scan(const float *probe, const float *rows, size_t stride, size_t count, float *scores);

tb_scan *tb_scan_best(void); /* the fastest that this processor runs */

/* All variants that this processor runs, slowest first, for tests. Answers how many; `out` holds at least 3. */
int tb_scan_variants(tb_scan *out[3]);

#endif
