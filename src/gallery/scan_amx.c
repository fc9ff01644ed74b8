/* scan_amx.c: tiles of 16 rows by 64 bytes (AMX int8), for batches; everything else as with AVX-512. See scan.h.
 * The kernel has to grant a process the tiles' registers (they make its context larger). One tile of rows meets
 * four of probes. */
#include "gallery/scan.h"

#if defined(__AMX_INT8__) || defined(__AMXINT8__) /* GCC, older Clang */
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gallery/scan_common.h"

enum { ARCH_REQ_XCOMP_PERM_ = 0x1023, XFEATURE_XTILEDATA_ = 18, TILE_ROWS = 16 };

struct tile_config {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
};

static void open_tiles(void)
{
    struct tile_config config = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        config.bytes[i] = 64;
        config.rows[i] = 16;
    }
    __asm__ volatile("" : : "r"(&config) : "memory"); /* the intrinsic does not say that it reads all of it */
    _tile_loadconfig(&config);
}

static void close_tiles(void)
{
    _tile_release();
}

static inline void fetch(const uint8_t *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64)
        _mm_prefetch((const char *)from + i, _MM_HINT_T1);
}

/* 16 rows by 64 probes; meanwhile `ahead` (16 rows) is fetched. */
static void products(const int8_t *packed, const uint8_t *rows, size_t stride, const uint8_t *ahead, int32_t *dots)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t i = 0; i < stride; i += 64) {
        const int8_t *p = packed + i * TB_BATCH;
        _tile_loadd(4, rows + i, (long)stride);
        _tile_loadd(5, p, 4 * TB_BATCH);
        _tile_dpbusd(0, 4, 5);
        _tile_loadd(6, p + 64, 4 * TB_BATCH);
        _tile_dpbusd(1, 4, 6);
        _tile_loadd(7, p + 128, 4 * TB_BATCH);
        _tile_dpbusd(2, 4, 7);
        _tile_loadd(5, p + 192, 4 * TB_BATCH);
        _tile_dpbusd(3, 4, 5);
        if (ahead)
            fetch(ahead + i * TILE_ROWS, TILE_ROWS * 64);
    }
    _tile_stored(0, dots, 4 * TB_BATCH);
    _tile_stored(1, dots + 16, 4 * TB_BATCH);
    _tile_stored(2, dots + 32, 4 * TB_BATCH);
    _tile_stored(3, dots + 48, 4 * TB_BATCH);
}

static void batch(const tb_probes *probes, const uint8_t *rows, size_t stride, size_t count, int32_t *dots)
{
    for (size_t row = 0; row < count; row += TILE_ROWS) {
        const uint8_t *at = rows + row * stride;
        products(probes->packed, at, stride, row + TILE_ROWS < count ? at + TILE_ROWS * stride : NULL,
                 dots + row * TB_BATCH);
    }
}

/* Granted once for the process; asking again is harmless. */
static int granted(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 24 & 1) || !(d >> 25 & 1))
        return 0;
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM_, XFEATURE_XTILEDATA_) == 0;
}

static const tb_kernel amx = {.name = "amx",
                              SCAN_COMMON,
                              .codes = tb_scan_codes_avx512,
                              .batch = batch,
                              .short_rows = 64,
                              .batch_rows = 4 * TB_BATCH_ROWS,
                              .open = open_tiles,
                              .close = close_tiles};

const tb_kernel *tb_kernel_amx(void)
{
    return tb_kernel_avx512() && granted() ? &amx : NULL;
}

#else
const tb_kernel *tb_kernel_amx(void)
{
    return NULL;
}
#endif
