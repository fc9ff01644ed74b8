/* faces_made.c: random directions in 512 dimensions: two of them are nearly orthogonal, as faces of different people
 * are. */
#include "faces_made.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const tb_calibration made_calibration = {
    .knots = 2, .curve = {{1e-3, 0.395f}, {1e-4, 0.44f}}, .margin = 0.05f, .verification = 0.4f, .liveness = 0.5f};

const tb_model made_model = {
    .id = MADE_MODEL,
    .dimension = MADE_DIMENSION,
    .calibration = {
        .knots = 2, .curve = {{1e-3, 0.395f}, {1e-4, 0.44f}}, .margin = 0.05f, .verification = 0.4f, .liveness = 0.5f}};

static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill(uint64_t seed, float *out)
{
    double sum = 0;
    for (int i = 0; i < MADE_DIMENSION; i++) {
        double value = 0;
        for (int j = 0; j < 4; j++)
            value += (double)(next(&seed) >> 11) / 9007199254740992.0 - 0.5;
        out[i] = (float)value;
        sum += value * value;
    }
    for (int i = 0; i < MADE_DIMENSION; i++)
        out[i] /= (float)sqrt(sum);
}

void made_face(uint32_t who, tb_template *out)
{
    memset(out, 0, sizeof *out);
    out->model = MADE_MODEL;
    out->dimension = MADE_DIMENSION;
    out->quality = 80;
    fill(who * UINT64_C(1000003) + 1, out->values);
}

void made_face_again(uint32_t who, float likeness, uint32_t seed, tb_template *out)
{
    float other[MADE_DIMENSION];
    made_face(who, out);
    fill(UINT64_C(0xabcdef0000) + seed, other);
    float away = sqrtf(1 - likeness * likeness);
    double sum = 0;
    for (int i = 0; i < MADE_DIMENSION; i++) {
        out->values[i] = likeness * out->values[i] + away * other[i];
        sum += (double)out->values[i] * (double)out->values[i];
    }
    for (int i = 0; i < MADE_DIMENSION; i++)
        out->values[i] /= (float)sqrt(sum);
}

tb_id made_visit(uint32_t who)
{
    tb_id id;
    uint64_t seed = who + UINT64_C(77), a = next(&seed), b = next(&seed);
    memcpy(id.bytes, &a, 8);
    memcpy(id.bytes + 8, &b, 8);
    return id;
}

static void must(tb_status status)
{
    if (status != TB_OK) {
        fprintf(stderr, "test support: %s\n", tb_status_name(status));
        abort();
    }
}

tb_entry made_entry(uint32_t who, uint64_t sequence, tb_time from, tb_time until)
{
    tb_entry entry = {.sequence = sequence,
                      .visit = made_visit(who),
                      .present = 1,
                      .from = from,
                      .until = until,
                      .template_count = 1};
    tb_template face;
    char name[32];
    made_face(who, &face);
    must(tb_template_encode(&face, &entry.templates[0]));
    snprintf(name, sizeof name, "TRAVELLER/%u", who);
    must(tb_facts_set_text(&entry.fields, "name", name));
    must(tb_facts_set_text(&entry.fields, "seat", "12A"));
    must(tb_facts_set_int(&entry.fields, "bags", 2));
    return entry;
}
