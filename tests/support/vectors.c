/* vectors.c: see vectors.h. */
#include "vectors.h"

#include <math.h>
#include <string.h>

static float draw(uint64_t *state)
{
    float sum = -6; /* twelve even draws make a bell */
    for (int i = 0; i < 12; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (float)(*state >> 40) / (float)(1 << 24);
    }
    return sum;
}

static void normalise(tb_template *template)
{
    double sum = 0;
    for (int i = 0; i < template->dimension; i++)
        sum += (double)template->values[i] * template->values[i];
    for (int i = 0; i < template->dimension; i++)
        template->values[i] = (float)(template->values[i] / sqrt(sum));
}

tb_template vectors_template(uint32_t seed, int dimension)
{
    tb_template template = {.model = VECTORS_MODEL, .dimension = (uint16_t)dimension, .quality = 80};
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int i = 0; i < dimension; i++)
        template.values[i] = draw(&state);
    normalise(&template);
    return template;
}

tb_template vectors_near(const tb_template *from, float cosine, uint32_t seed)
{
    tb_template other = vectors_template(seed, from->dimension);
    double along = 0;
    for (int i = 0; i < from->dimension; i++)
        along += (double)from->values[i] * other.values[i];
    for (int i = 0; i < from->dimension; i++)
        other.values[i] -= (float)along * from->values[i];
    normalise(&other);
    for (int i = 0; i < from->dimension; i++)
        other.values[i] = cosine * from->values[i] + sqrtf(1 - cosine * cosine) * other.values[i];
    normalise(&other);
    return other;
}

tb_id vectors_id(uint32_t number)
{
    tb_id id = {{0}};
    memcpy(id.bytes, &number, sizeof number);
    id.bytes[15] = 1;
    return id;
}
