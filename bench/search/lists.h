/* lists.h: the same rows in our gallery and in both of FAISS' lists, and what is right. */
#ifndef TEBURA_BENCH_LISTS_H
#define TEBURA_BENCH_LISTS_H

#include <tebura/gallery.h>

#include "search/data.h"
#include "search/faiss_peer.h"
#include "search/race.h"

enum { LIST_OURS, LIST_FLAT, LIST_SQ8, LISTS };
extern const char *const list_names[LISTS];

typedef struct lists {
    data made;
    tb_gallery *gallery;
    tb_template *templates; /* of the probes, secret memory as any template */
    faiss_peer *flat, *sq8; /* NULL without FAISS */
    float *probes;
    truth right;
    double bytes_per_row[LISTS]; /* ours: resident; 0: too small a list to tell */
    /* What each worker found for each probe; -1: nothing. */
    int64_t found[LISTS][RACE_WORKERS][RACE_PROBES][DATA_BEST];
} lists;

/* `with_faiss`: its lists too. 0 with a sentence on standard error. */
int lists_build(lists *l, const data *made, int probes_checked, int with_faiss);
void lists_free(lists *l);
/* For race(): the context is the lists. */
int lists_search_ours(void *context, int worker, int first, int count);
/* FAISS flat row by row, and by matrix products. */
int lists_search_flat(void *context, int worker, int first, int count);
int lists_search_flat_matrices(void *context, int worker, int first, int count);
int lists_search_sq8(void *context, int worker, int first, int count);
/* Searches for the first `probes` probes, `batch` at once: the share of them for which the best row was found, and of
 * their best DATA_BEST rows. 0 when it could not. */
typedef struct recall {
    double first, best;
    int probes;
} recall;
int lists_recall(lists *l, int list, int probes, int batch, recall *out);

const char *lists_kernel(void); /* the set of loops that our gallery uses on this processor */
/* Of our gallery: whether searches go by codes of a byte a value, or by floats as in a short
 * list; searches by codes since it was made, rows that each compared again in float, searches that took more than the
 * usual number of those until the answer was proven. */
typedef struct lists_inside {
    int by_codes;
    double searches, rescored, widened, bytes_per_row;
} lists_inside;
lists_inside lists_look_inside(const lists *l);

tb_id lists_id(size_t row);
void lists_template(const lists *l, const float *values, tb_template *out);

#endif
