/* data.c: see data.h. */
#include "data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 3, UNRELATED = 10 };
enum kind { FAMILY = 1, PERSON, SAMPLE, ANYWHERE };

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define WIDE
#endif

typedef double lanes __attribute__((vector_size(64), aligned(8)));
typedef float halves __attribute__((vector_size(32), aligned(4)));

static inline uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Adds weight * a random direction; each coordinate is the sum of two uniform ones, variance 1/6 a coordinate. */
WIDE static void add_noise(const data *d, enum kind kind, uint64_t number, float weight, float *out)
{
    uint64_t key = mix(d->seed ^ mix(number * 8 + kind));
    int half = d->dimension / 2;
    float scale = weight * sqrtf(6.0f / (float)d->dimension) / 65536.0f;
    for (int i = 0; i < half; i++) {
        uint64_t bits = mix(key + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
        int32_t low = (int32_t)(bits & 0xffff) + (int32_t)(bits >> 16 & 0xffff) - 0xffff;
        int32_t high = (int32_t)(bits >> 32 & 0xffff) + (int32_t)(bits >> 48) - 0xffff;
        out[i] += scale * (float)low;
        out[half + i] += scale * (float)high;
    }
}

/* Structured directions use their first coordinates more than their last. */
static void fall_off(int dimension, float *out)
{
    for (int i = 0; i < dimension; i++)
        out[i] /= sqrtf(1 + 8.0f * (float)i / (float)dimension);
}

static void make_unit(int dimension, float *out)
{
    double sum = 0;
    for (int i = 0; i < dimension; i++)
        sum += (double)out[i] * out[i];
    float scale = (float)(1 / sqrt(sum));
    for (int i = 0; i < dimension; i++)
        out[i] *= scale;
}

/* Samples of one person score about 0.72 with each other, of relatives about 0.4. */
static void person_sample(const data *d, uint64_t person, uint64_t sample, float *out)
{
    memset(out, 0, (size_t)d->dimension * sizeof *out);
    add_noise(d, FAMILY, person / 2, 0.85f * 0.75f, out);
    add_noise(d, PERSON, person, 0.85f * 0.66f, out);
    add_noise(d, SAMPLE, sample, 0.53f, out);
    fall_off(d->dimension, out);
    make_unit(d->dimension, out);
}

static void anywhere(const data *d, uint64_t number, float *out)
{
    memset(out, 0, (size_t)d->dimension * sizeof *out);
    add_noise(d, ANYWHERE, number, 1, out);
    make_unit(d->dimension, out);
}

/* Families are numbered so that the odd person of every eighth stays away: relatives for the probes. */
static uint64_t person_of(size_t row)
{
    uint64_t number = row / SAMPLES, round = number / 15, place = number % 15;
    return round * 16 + place;
}

void data_row(const data *d, size_t row, float *out)
{
    if (row % UNRELATED == UNRELATED - 1)
        anywhere(d, row, out);
    else
        person_sample(d, person_of(row), row, out);
}

void data_probe(const data *d, size_t number, float *out)
{
    uint64_t apart = UINT64_C(1) << 40; /* from the numbers of rows */
    uint64_t chosen = mix(d->seed + number) % d->rows;
    if (number % 8 < 5)
        person_sample(d, person_of(chosen), apart + number, out);
    else if (number % 8 == 5)
        person_sample(d, person_of(chosen) | 15, apart + number, out);
    else if (number % 8 == 6)
        person_sample(d, apart + number, apart + number, out);
    else
        anywhere(d, apart + number, out);
}

/* ---- what is right ---- */

int truth_new(const data *d, int probes, truth *out)
{
    float probe[DATA_DIMENSION_MAX];
    size_t dimension = (size_t)d->dimension;
    *out = (truth){.probes = probes, .dimension = d->dimension};
    out->values = calloc((size_t)probes * dimension, sizeof *out->values);
    out->scores = calloc((size_t)probes, sizeof *out->scores);
    if (!out->values || !out->scores) {
        truth_free(out);
        return 0;
    }
    for (int p = 0; p < probes; p++) {
        data_probe(d, (size_t)p, probe);
        for (size_t i = 0; i < dimension; i++)
            out->values[(size_t)p * dimension + i] = probe[i];
        for (int k = 0; k < DATA_BEST; k++)
            out->scores[p][k] = -2;
    }
    return 1;
}

void truth_free(truth *t)
{
    free(t->values);
    free(t->scores);
    *t = (truth){0};
}

/* Two probes at a time against one row; the dimension is a multiple of 32. */
WIDE static void score_two(const double *a, const double *b, const float *row, int dimension, double out[2])
{
    lanes sums[4] = {{0}, {0}, {0}, {0}};
    for (int i = 0; i < dimension; i += 16) {
        lanes low = __builtin_convertvector(*(const halves *)(const void *)(row + i), lanes);
        lanes high = __builtin_convertvector(*(const halves *)(const void *)(row + i + 8), lanes);
        sums[0] += low * *(const lanes *)(const void *)(a + i);
        sums[1] += high * *(const lanes *)(const void *)(a + i + 8);
        sums[2] += low * *(const lanes *)(const void *)(b + i);
        sums[3] += high * *(const lanes *)(const void *)(b + i + 8);
    }
    lanes first = sums[0] + sums[1], second = sums[2] + sums[3];
    out[0] = out[1] = 0;
    for (int i = 0; i < 8; i++) {
        out[0] += first[i];
        out[1] += second[i];
    }
}

static void keep_best(double *best, double score)
{
    int at = DATA_BEST;
    for (; at > 0 && score > best[at - 1]; at--)
        if (at < DATA_BEST)
            best[at] = best[at - 1];
    if (at < DATA_BEST)
        best[at] = score;
}

void truth_take(truth *t, const float *row)
{
    double scores[2];
    for (int p = 0; p < t->probes; p += 2) {
        int other = p + 1 < t->probes ? p + 1 : p;
        score_two(t->values + (size_t)p * (size_t)t->dimension, t->values + (size_t)other * (size_t)t->dimension, row,
                  t->dimension, scores);
        keep_best(t->scores[p], scores[0]);
        if (other != p)
            keep_best(t->scores[other], scores[1]);
    }
}

int truth_hits(const truth *t, const data *d, int probe, const int64_t *rows, int k)
{
    const double *values = t->values + (size_t)probe * (size_t)t->dimension;
    float row[DATA_DIMENSION_MAX];
    double scores[2];
    int hits = 0;
    for (int i = 0; i < k; i++) {
        int again = 0;
        for (int before = 0; before < i; before++)
            again |= rows[before] == rows[i];
        if (rows[i] < 0 || again)
            continue;
        data_row(d, (size_t)rows[i], row);
        score_two(values, values, row, t->dimension, scores);
        hits += scores[0] >= t->scores[probe][k - 1] - 1e-6;
    }
    return hits;
}
