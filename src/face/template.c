/* template.c: the form of a template in bytes, and the comparison of two.
 * I1: what decode lets out is finite and of unit length. */
#include <tebura/template.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#include <tebura/secret.h>

enum { HEADER = 16 };

const char *tb_modality_name(tb_modality modality)
{
    static const char *const names[TB_MODALITY_COUNT] = {"face", "finger", "iris", "vein", "voice"};
    return (unsigned)modality < TB_MODALITY_COUNT ? names[modality] : "";
}

static double length_of(const float *values, int dimension)
{
    double sum = 0;
    for (int i = 0; i < dimension; i++)
        sum += (double)values[i] * values[i];
    return sqrt(sum);
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static size_t size_of(tb_template_form form, size_t dimension)
{
    return HEADER + dimension * (form == TB_TEMPLATE_FLOAT16 ? 2 : 1);
}

/* ---- the two forms ---- */

/* IEEE 754 binary16, to nearest, ties to even; |value| is about 1 at most, so nothing overflows. */
static uint16_t half_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude < 0x38800000) /* below 2^-14 the steps stay 2^-24 */
        return (uint16_t)(sign | (uint32_t)lrintf(fabsf(value) * 0x1p24f));
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | (magnitude - 0x38000000) >> 13);
}

static int half_is_finite(uint16_t half)
{
    return (half >> 10 & 31) != 31;
}

static float float_of(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    float value = exponent ? ldexpf((float)(1024 + fraction), exponent - 25) : ldexpf((float)fraction, -24);
    return half & 0x8000 ? -value : value;
}

static float write_int8(const tb_template *from, uint8_t *at)
{
    float most = 0;
    for (int i = 0; i < from->dimension; i++)
        most = fmaxf(most, fabsf(from->values[i]));
    float scale = most / 127;
    for (int i = 0; i < from->dimension; i++)
        at[i] = (uint8_t)(int8_t)lrintf(from->values[i] / scale);
    return scale;
}

/* Values that are halves already stay what they are; what is far enough off to fall over the edge when rounded (each
 * value by 2^-11 of itself at most) is made a unit vector first. */
static float write_float16(const tb_template *from, double length, uint8_t *at)
{
    float factor = fabs(length - 1) <= 5e-4 ? 1 : (float)(1 / length);
    for (int i = 0; i < from->dimension; i++) {
        uint16_t half = half_of(factor * from->values[i]);
        at[2 * i] = (uint8_t)half;
        at[2 * i + 1] = (uint8_t)(half >> 8);
    }
    return 1;
}

tb_status tb_template_encode_as(const tb_template *from, tb_template_form form, tb_bytes *out)
{
    if (from->model == 0 || from->dimension == 0 || from->dimension > TB_TEMPLATE_MAX_DIMENSION ||
        from->quality > 100 || from->modality >= TB_MODALITY_COUNT ||
        (form != TB_TEMPLATE_INT8 && form != TB_TEMPLATE_FLOAT16))
        return TB_INVALID_ARGUMENT;
    double length = length_of(from->values, from->dimension);
    if (!(fabs(length - 1) <= 1e-3)) /* a NaN is refused here too */
        return TB_INVALID_ARGUMENT;
    size_t size = size_of(form, from->dimension);
    tb_status status = tb_bytes_reserve(out, out->size + size);
    if (status != TB_OK)
        return status;
    uint8_t *at = out->data + out->size;
    float scale = form == TB_TEMPLATE_INT8 ? write_int8(from, at + HEADER) : write_float16(from, length, at + HEADER);
    memcpy(at, "TBT2", 4);
    put_u32(at + 4, from->model);
    at[8] = (uint8_t)from->dimension;
    at[9] = (uint8_t)(from->dimension >> 8);
    at[10] = from->quality;
    at[11] = (uint8_t)((from->modality + 1) << 4 | (int)form);
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    put_u32(at + 12, bits);
    out->size += size;
    return TB_OK;
}

tb_status tb_template_encode(const tb_template *from, tb_bytes *out)
{
    return tb_template_encode_as(from, TB_TEMPLATE_INT8, out);
}

/* ---- reading ---- */

/* Version 1: the whole byte is the form, and int8 the only one. */
static tb_status decode_kind(uint8_t version, uint8_t kind, tb_template *out, tb_template_form *form)
{
    int low = kind & 15, high = kind >> 4;
    if (version == '1' && kind != TB_TEMPLATE_INT8)
        return TB_UNSUPPORTED;
    if (version == '2' && (high < 1 || high > TB_MODALITY_COUNT))
        return TB_UNSUPPORTED;
    if (low != TB_TEMPLATE_INT8 && low != TB_TEMPLATE_FLOAT16)
        return TB_UNSUPPORTED;
    out->modality = version == '1' ? TB_MODALITY_FACE : (uint8_t)(high - 1);
    *form = (tb_template_form)low;
    return TB_OK;
}

static tb_status check_scale(tb_template_form form, float scale)
{
    if (!isfinite(scale))
        return TB_NOT_A_NUMBER;
    if (form == TB_TEMPLATE_FLOAT16)
        return scale == 1 ? TB_OK : TB_MALFORMED;
    return scale > 0 && scale <= 1 ? TB_OK : TB_MALFORMED;
}

static tb_status decode_header(tb_span bytes, uint32_t model, tb_template *out, tb_template_form *form, float *scale)
{
    const uint8_t *at = bytes.data;
    if (bytes.size < 4)
        return TB_TRUNCATED;
    if (memcmp(at, "TBT", 3) != 0)
        return TB_MALFORMED;
    if (at[3] != '1' && at[3] != '2')
        return TB_UNSUPPORTED;
    if (bytes.size < HEADER)
        return TB_TRUNCATED;
    out->model = get_u32(at + 4);
    out->dimension = (uint16_t)(at[8] | at[9] << 8);
    out->quality = at[10];
    uint32_t bits = get_u32(at + 12);
    memcpy(scale, &bits, sizeof bits);
    tb_status status = decode_kind(at[3], at[11], out, form);
    if (status != TB_OK)
        return status;
    if (out->model == 0 || out->dimension == 0 || out->dimension > TB_TEMPLATE_MAX_DIMENSION || out->quality > 100)
        return TB_MALFORMED;
    if (model != 0 && out->model != model)
        return TB_OTHER_MODEL;
    size_t size = size_of(*form, out->dimension);
    if (bytes.size != size)
        return bytes.size < size ? TB_TRUNCATED : TB_MALFORMED;
    return check_scale(*form, *scale);
}

/* Rounding moves the length by half a step a value at most; anything further off was never a unit vector. */
static tb_status read_int8(const uint8_t *at, float scale, tb_template *out)
{
    for (int i = 0; i < out->dimension; i++)
        out->values[i] = scale * (float)(int8_t)at[i];
    double length = length_of(out->values, out->dimension), slack = 1e-3 + 0.5 * (double)scale * sqrt(out->dimension);
    if (!(length > 1e-6 && fabs(length - 1) <= fmin(slack, 0.5)))
        return TB_MALFORMED;
    for (int i = 0; i < out->dimension; i++)
        out->values[i] = (float)(out->values[i] / length);
    return TB_OK;
}

/* Exactly what was written: a second coding changes nothing. */
static tb_status read_float16(const uint8_t *at, tb_template *out)
{
    for (int i = 0; i < out->dimension; i++) {
        uint16_t half = (uint16_t)(at[2 * i] | at[2 * i + 1] << 8);
        if (!half_is_finite(half))
            return TB_NOT_A_NUMBER;
        out->values[i] = float_of(half);
    }
    return fabs(length_of(out->values, out->dimension) - 1) <= 9.95e-4 ? TB_OK : TB_MALFORMED;
}

tb_status tb_template_decode(tb_span bytes, uint32_t model, tb_template *out)
{
    memset(out, 0, sizeof *out);
    float scale = 0;
    tb_template_form form = TB_TEMPLATE_INT8;
    tb_status status = decode_header(bytes, model, out, &form, &scale);
    if (status == TB_OK)
        status = form == TB_TEMPLATE_INT8 ? read_int8(bytes.data + HEADER, scale, out)
                                          : read_float16(bytes.data + HEADER, out);
    if (status != TB_OK)
        tb_wipe(out, sizeof *out);
    assert(status != TB_OK || fabs(length_of(out->values, out->dimension) - 1) < 1e-3); /* I1 */
    return status;
}

tb_status tb_template_head(tb_span bytes, tb_template *out)
{
    memset(out, 0, sizeof *out);
    float scale = 0;
    tb_template_form form = TB_TEMPLATE_INT8;
    tb_status status = decode_header(bytes, 0, out, &form, &scale);
    if (status != TB_OK)
        memset(out, 0, sizeof *out);
    return status;
}

tb_status tb_template_convert(tb_span bytes, tb_template_form form, tb_bytes *out)
{
    tb_template *template = tb_secret_alloc(sizeof *template);
    if (!template)
        return TB_NO_MEMORY;
    tb_status status = tb_template_decode(bytes, 0, template);
    if (status == TB_OK)
        status = tb_template_encode_as(template, form, out);
    tb_secret_free(template);
    return status;
}

tb_status tb_template_compare(const tb_template *a, const tb_template *b, float *score)
{
    *score = -1;
    if (a->modality != b->modality || a->model != b->model)
        return TB_OTHER_MODEL;
    if (a->dimension > TB_TEMPLATE_MAX_DIMENSION || a->dimension != b->dimension)
        return TB_OTHER_DIMENSION;
    double sum = 0;
    for (int i = 0; i < a->dimension; i++)
        sum += (double)a->values[i] * b->values[i];
    *score = (float)fmax(-1, fmin(1, sum));
    return TB_OK;
}
