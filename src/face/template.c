/* template.c: the form of a template in bytes, and the comparison of two.
 * I1: what decode lets out is finite and of unit length. */
#include <tebura/template.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#include <tebura/secret.h>

enum { HEADER = 16, FORM_INT8 = 1 };

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

tb_status tb_template_encode(const tb_template *from, tb_bytes *out)
{
    if (from->model == 0 || from->dimension == 0 || from->dimension > TB_TEMPLATE_MAX_DIMENSION || from->quality > 100)
        return TB_INVALID_ARGUMENT;
    double length = length_of(from->values, from->dimension);
    if (!(fabs(length - 1) <= 1e-3)) /* a NaN is refused here too */
        return TB_INVALID_ARGUMENT;
    size_t size = TB_TEMPLATE_BYTES((size_t)from->dimension);
    tb_status status = tb_bytes_reserve(out, out->size + size);
    if (status != TB_OK)
        return status;
    float most = 0;
    for (int i = 0; i < from->dimension; i++)
        most = fmaxf(most, fabsf(from->values[i]));
    float scale = most / 127;
    uint8_t *at = out->data + out->size;
    memcpy(at, "TBT1", 4);
    put_u32(at + 4, from->model);
    at[8] = (uint8_t)from->dimension;
    at[9] = (uint8_t)(from->dimension >> 8);
    at[10] = from->quality;
    at[11] = FORM_INT8;
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    put_u32(at + 12, bits);
    for (int i = 0; i < from->dimension; i++)
        at[HEADER + i] = (uint8_t)(int8_t)lrintf(from->values[i] / scale);
    out->size += size;
    return TB_OK;
}

static tb_status decode_header(tb_span bytes, uint32_t model, tb_template *out, float *scale)
{
    const uint8_t *at = bytes.data;
    if (bytes.size < 4)
        return TB_TRUNCATED;
    if (memcmp(at, "TBT", 3) != 0)
        return TB_MALFORMED;
    if (at[3] != '1')
        return TB_UNSUPPORTED;
    if (bytes.size < HEADER)
        return TB_TRUNCATED;
    out->model = get_u32(at + 4);
    out->dimension = (uint16_t)(at[8] | at[9] << 8);
    out->quality = at[10];
    uint32_t bits = get_u32(at + 12);
    memcpy(scale, &bits, sizeof bits);
    if (at[11] != FORM_INT8)
        return TB_UNSUPPORTED;
    if (out->model == 0 || out->dimension == 0 || out->dimension > TB_TEMPLATE_MAX_DIMENSION || out->quality > 100)
        return TB_MALFORMED;
    if (model != 0 && out->model != model)
        return TB_OTHER_MODEL;
    if (bytes.size < TB_TEMPLATE_BYTES((size_t)out->dimension))
        return TB_TRUNCATED;
    if (bytes.size > TB_TEMPLATE_BYTES((size_t)out->dimension) || !isfinite(*scale) || *scale <= 0 || *scale > 1)
        return TB_MALFORMED;
    return TB_OK;
}

tb_status tb_template_decode(tb_span bytes, uint32_t model, tb_template *out)
{
    memset(out, 0, sizeof *out);
    float scale = 0;
    tb_status status = decode_header(bytes, model, out, &scale);
    if (status == TB_OK) {
        for (int i = 0; i < out->dimension; i++)
            out->values[i] = scale * (float)(int8_t)bytes.data[HEADER + i];
        /* Rounding moves the length by half a step a value at most; anything further off was never a unit vector. */
        double length = length_of(out->values, out->dimension),
               slack = 1e-3 + 0.5 * (double)scale * sqrt(out->dimension);
        if (length > 1e-6 && fabs(length - 1) <= fmin(slack, 0.5))
            for (int i = 0; i < out->dimension; i++)
                out->values[i] = (float)(out->values[i] / length);
        else
            status = TB_MALFORMED;
    }
    if (status != TB_OK)
        tb_wipe(out, sizeof *out);
    assert(status != TB_OK || fabs(length_of(out->values, out->dimension) - 1) < 1e-3); /* I1 */
    return status;
}

tb_status tb_template_compare(const tb_template *a, const tb_template *b, float *score)
{
    *score = -1;
    if (a->dimension > TB_TEMPLATE_MAX_DIMENSION || a->model != b->model || a->dimension != b->dimension)
        return TB_OTHER_MODEL;
    double sum = 0;
    for (int i = 0; i < a->dimension; i++)
        sum += (double)a->values[i] * b->values[i];
    *score = (float)fmax(-1, fmin(1, sum));
    return TB_OK;
}
