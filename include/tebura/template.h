/* template.h: a biometric template: a unit vector, the model that made it, and its form in bytes (doc/adr/028). */
#ifndef TEBURA_TEMPLATE_H
#define TEBURA_TEMPLATE_H

#include <tebura/bytes.h>

#define TB_TEMPLATE_MAX_DIMENSION 1024
#define TB_TEMPLATES_MAX 5 /* of one person and model */
#define TB_MODELS_MAX 3    /* side by side: the one in force and former ones */

/* What a template is of. Face is what this program can capture; lists, stores, seals and matching ask only for equal
 * models, so that another modality fits into the same places (U16). */
typedef enum tb_modality {
    TB_MODALITY_FACE,
    TB_MODALITY_FINGER,
    TB_MODALITY_IRIS,
    TB_MODALITY_VEIN,
    TB_MODALITY_VOICE,
    TB_MODALITY_COUNT
} tb_modality;
const char *tb_modality_name(tb_modality modality); /* "face" ...; "" out of range. Static storage */

/* Invariant: values[0..dimension-1] is finite and of unit length within 1e-3; the rest is zero.
 * Biometric data: live in tb_secret_alloc memory, wipe after use. */
typedef struct tb_template {
    uint32_t model; /* from the manifest, never 0; belongs to one modality and one dimension */
    uint16_t dimension;
    uint8_t quality;  /* 0..100, ISO/IEC 29794-1 style unified score; 0 = not measured */
    uint8_t modality; /* tb_modality */
    float values[TB_TEMPLATE_MAX_DIMENSION];
} tb_template;

typedef enum tb_template_form {
    TB_TEMPLATE_INT8 = 1, /* a score moves by less than 0.002 */
    TB_TEMPLATE_FLOAT16   /* ... 0.0005; twice the bytes */
} tb_template_form;

/* Versioned little-endian bytes: "TBT" '2', u32 model, u16 dimension, u8 quality, u8 modality + 1 (high four bits) and
 * form (low four), f32 scale (1 for float16), then `dimension` int8 or IEEE 754 binary16: 528 or 1,040 bytes for 512
 * dimensions. Version '1' had no modality (all were faces) and the form int8 only; it is read for ever. */
#define TB_TEMPLATE_BYTES(dimension) (16 + (dimension))
#define TB_TEMPLATE_BYTES_MAX (16 + 2 * TB_TEMPLATE_MAX_DIMENSION)
/* `out` is appended to. TB_INVALID_ARGUMENT: not as the invariant says; TB_NO_MEMORY; `out` is then as before. */
tb_status tb_template_encode_as(const tb_template *from, tb_template_form form, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_template_encode(const tb_template *from, tb_bytes *out) TB_MUST_CHECK; /* int8 */
/* Checks everything: TB_TRUNCATED; TB_UNSUPPORTED (version, form or modality); TB_NOT_A_NUMBER (a NaN or an infinity);
 * TB_MALFORMED (not a template, trailing bytes, no scale, not of unit length); TB_OTHER_MODEL when `model` is not 0 and
 * differs. On failure `out` is wiped. */
tb_status tb_template_decode(tb_span bytes, uint32_t model, tb_template *out) TB_MUST_CHECK;
/* Any version and form into the newest version of `form`. Statuses of both. */
tb_status tb_template_convert(tb_span bytes, tb_template_form form, tb_bytes *out) TB_MUST_CHECK;
/* Whose bytes these are, without reading the values: model, dimension, quality, modality. Statuses of decode. */
tb_status tb_template_head(tb_span bytes, tb_template *out) TB_MUST_CHECK;
/* Cosine, -1..1. TB_OTHER_MODEL when modality or model differ, TB_OTHER_DIMENSION. */
tb_status tb_template_compare(const tb_template *a, const tb_template *b, float *score) TB_MUST_CHECK;

#endif
