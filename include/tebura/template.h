/* template.h: a face template: a unit vector, the model that made it, and its form in bytes. */
#ifndef TEBURA_TEMPLATE_H
#define TEBURA_TEMPLATE_H

#include <tebura/bytes.h>

#define TB_TEMPLATE_MAX_DIMENSION 1024

/* Invariant: values[0..dimension-1] is finite and of unit length within 1e-3; the rest is zero.
 * Biometric data: live in tb_secret_alloc memory, wipe after use. */
typedef struct tb_template {
    uint32_t model; /* TB_MODEL id from the manifest, never 0 */
    uint16_t dimension;
    uint8_t quality; /* 0..100, ISO/IEC 29794-1 style unified score; 0 = not measured */
    float values[TB_TEMPLATE_MAX_DIMENSION];
} tb_template;

/* Versioned little-endian bytes: "TBT" '1', u32 model, u16 dimension, u8 quality, u8 form (1 = int8), f32 scale,
 * `dimension` int8: 528 bytes for 512 dimensions. `out` is appended to. */
#define TB_TEMPLATE_BYTES(dimension) (16 + (dimension))
tb_status tb_template_encode(const tb_template *from, tb_bytes *out) TB_MUST_CHECK;
/* Checks everything: TB_TRUNCATED, TB_MALFORMED (NaN, not unit, trailing bytes), TB_UNSUPPORTED (version or form),
 * TB_OTHER_MODEL when `model` is not 0 and differs. On failure `out` is wiped. */
tb_status tb_template_decode(tb_span bytes, uint32_t model, tb_template *out) TB_MUST_CHECK;
/* Cosine, -1..1. TB_OTHER_MODEL when models or dimensions differ. */
tb_status tb_template_compare(const tb_template *a, const tb_template *b, float *score) TB_MUST_CHECK;

#endif
