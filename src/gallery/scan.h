/* scan.h: the loops over rows, one set for each kind of processor, chosen at run time (ADR 024).
 *
 * Rows lie behind one another, TB_SCAN_LANES floats or TB_CODE_BYTES codes being the unit of their stride, and are
 * aligned to 64 bytes. A row's code is a byte: its signed value plus 128. A probe's code is signed. All values are
 * within +-127 and at most 1,024 wide, so a dot product of codes is below 2^24: exact as int32 and as float.
 *
 * K1: `floats` adds in one order and never fuses, so every set gives the same bits.
 * K2: `codes` and `batch` are integer arithmetic without saturation, so every set gives the same numbers. */
#ifndef TEBURA_GALLERY_SCAN_H
#define TEBURA_GALLERY_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define TB_SCAN_LANES 16  /* floats */
#define TB_CODE_BYTES 64  /* codes */
#define TB_BATCH 64       /* probes that are compared with a row together; unused ones are zeros */
#define TB_CODE_ZERO 0x80 /* what a row's code adds */

/* A unit vector as codes: value = scale * code, but for a vector no longer than `residual`. */
typedef struct tb_code {
    float scale, residual;
    int32_t sum; /* of the codes */
} tb_code;

/* What turns a dot product of codes into an upper bound of the score (code.h): for row i
 * (dot - offset) * (scale * scale_i) + residual_i * slope + slack. */
typedef struct tb_bound {
    int32_t offset;
    float scale, slope, slack;
} tb_bound;

/* The same for TB_BATCH probes, column by column; a score of `floor` or more is of interest. */
typedef struct tb_bounds {
    _Alignas(64) int32_t offset[TB_BATCH];
    float scale[TB_BATCH], slope[TB_BATCH], slack[TB_BATCH], floor[TB_BATCH];
} tb_bounds;

/* The codes of TB_BATCH probes: `rows` probe by probe (`stride` apart), and `packed` as [stride / 4][TB_BATCH][4]. */
typedef struct tb_probes {
    size_t stride;
    int count; /* probes that are more than zeros */
    const int8_t *rows, *packed;
} tb_probes;

/* dots[i] = probe . rows[i * stride ...], the rows as they are, 128 and all. */
typedef void tb_scan_codes(const int8_t *probe, const uint8_t *rows, size_t stride, size_t count, int32_t *dots);

typedef struct tb_kernel {
    const char *name;
    /* scores[i] = probe . rows[i * stride ...], i < count. */
    void (*floats)(const float *probe, const float *rows, size_t stride, size_t count, float *scores);
    /* Codes of `steps` * TB_SCAN_LANES values. 0 when they are not of unit length (or not numbers at all). */
    int (*encode)(const float *values, size_t steps, int8_t *codes, tb_code *out);
    tb_scan_codes *codes;
    /* upper[i] for all i < count rounded up to TB_SCAN_LANES (the arrays are that long); answers whether one of them
     * reaches `floor`. Arrays are aligned to 64 bytes. */
    int (*bounds)(const int32_t *dots, const float *scales, const float *residuals, size_t count, const tb_bound *bound,
                  float floor, float *upper);
    /* Which of these is the highest (the first of them). As long and aligned as those above; what is behind `count` is
     * minus infinity. */
    size_t (*highest)(const float *upper, size_t count);
    /* Writes every i whose upper[i] reaches `floor`, in order; answers how many. The arrays are as those above. */
    size_t (*reaching)(const float *upper, size_t count, float floor, uint16_t *out);
    /* dots[i * TB_BATCH + probe]. Reads rows up to `count` rounded up to TB_BATCH_ROWS. */
    void (*batch)(const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count, int32_t *dots);
    /* Writes i * TB_BATCH + probe of every bound that reaches its floor; answers how many (<= count * TB_BATCH). */
    size_t (*passes)(const int32_t *dots, const float *scales, const float *residuals, size_t count, int probes,
                     const tb_bounds *bounds, uint32_t *out);
    size_t short_rows;   /* up to so many rows comparing floats is as fast (measured: ADR 024) */
    size_t batch_rows;   /* rows a batch takes at once, so that nobody who writes waits for long */
    void (*open)(void);  /* NULL, or what a thread does before its first `batch`; */
    void (*close)(void); /* and after it */
} tb_kernel;

#define TB_BATCH_ROWS 32

/* The sets that this processor runs, slowest first. Answers how many; `out` holds at least TB_KERNELS. */
#define TB_KERNELS 6
int tb_kernels(const tb_kernel *out[TB_KERNELS]);
/* The last of them, or the one that the environment variable TEBURA_SCAN names, if it is among them. */
const tb_kernel *tb_kernel_best(void);

/* One for each file; NULL when this processor (or this build) has it not. */
const tb_kernel *tb_kernel_base(void);
const tb_kernel *tb_kernel_avx2(void);
const tb_kernel *tb_kernel_avxvnni(void);
const tb_kernel *tb_kernel_avx512(void);
const tb_kernel *tb_kernel_amx(void);
const tb_kernel *tb_kernel_neon(void);
const tb_kernel *tb_kernel_dotprod(void);

/* That of AVX-512, which AMX uses too: tiles are for many probes. */
tb_scan_codes tb_scan_codes_avx512;
/* For sets without a better way: a block of rows probe by probe while it is in the nearest cache. */
void tb_batch_by_probe(tb_scan_codes *codes, const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count,
                       int32_t *dots);

#endif
