/* data.h: the lists and probes of bench_search: unit vectors made from a seed, any row at any time, none kept.
 * Nine of ten rows are structured as templates are: three noisy samples of each person, two related people to a family,
 * a spectrum that falls off. One of ten lies anywhere on the sphere. */
#ifndef TEBURA_BENCH_DATA_H
#define TEBURA_BENCH_DATA_H

#include <stddef.h>
#include <stdint.h>

enum { DATA_DIMENSION_MAX = 1024, DATA_BEST = 5 };

typedef struct data {
    uint64_t seed;
    int dimension;
    size_t rows;
} data;

/* Probes by turns: five new samples of people on the list, one relative of somebody on it, one stranger, one from
 * anywhere. */
void data_probe(const data *d, size_t number, float *out);
void data_row(const data *d, size_t row, float *out);

/* The best rows for some probes, in double precision, row by row. */
typedef struct truth {
    int probes, dimension;
    double *values;              /* of the probes */
    double (*scores)[DATA_BEST]; /* best first, for each probe */
} truth;

int truth_new(const data *d, int probes, truth *out); /* 0: no memory */
void truth_free(truth *t);
void truth_take(truth *t, const float *row);
/* How many of rows[k] for a probe are among its best k, 0 <= k <= DATA_BEST. A row that scores within 1e-6 of the k-th
 * counts: a list of float32 rows cannot tell them apart. */
int truth_hits(const truth *t, const data *d, int probe, const int64_t *rows, int k);

#endif
