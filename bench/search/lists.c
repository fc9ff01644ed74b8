/* lists.c: see lists.h. */
#include "search/lists.h"

#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/secret.h>

#include "gallery/inside.h"

enum { MODEL = 1, CHUNK = 512, SAMPLES_MAX = 65536 };

const char *const list_names[LISTS] = {"tebura", "faiss_flat", "faiss_sq8"};

/* Ids as spread as random ones, with the row in them. */
static const uint64_t spread = UINT64_C(0x9e3779b97f4a7c15), gather = UINT64_C(0xf1de83e19937733d); /* 1 = product */

tb_id lists_id(size_t row)
{
    tb_id id;
    uint64_t first = (row + 1) * spread, second = first ^ first >> 29;
    for (int i = 0; i < 8; i++) {
        id.bytes[i] = (uint8_t)(first >> (56 - 8 * i));
        id.bytes[8 + i] = (uint8_t)(second >> (56 - 8 * i));
    }
    return id;
}

static int64_t row_of(tb_id id)
{
    uint64_t first = 0;
    for (int i = 0; i < 8; i++)
        first = first << 8 | id.bytes[i];
    return (int64_t)(first * gather) - 1;
}

void lists_template(const lists *l, const float *values, tb_template *out)
{
    out->model = MODEL;
    out->dimension = (uint16_t)l->made.dimension;
    memcpy(out->values, values, (size_t)l->made.dimension * sizeof *values);
}

/* Bytes of memory that this process holds. */
static double resident(void)
{
    char line[128];
    double kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    while (file && kib == 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "Rss: %lf", &kib) != 1)
            kib = 0;
    if (file)
        fclose(file);
    return kib * 1024;
}

/* ---- building ---- */

static int prepare_probes(lists *l)
{
    size_t dimension = (size_t)l->made.dimension;
    l->probes = calloc(RACE_PROBES * dimension, sizeof *l->probes);
    l->templates = tb_secret_alloc(RACE_PROBES * sizeof *l->templates);
    if (!l->probes || !l->templates)
        return 0;
    memset(l->templates, 0, RACE_PROBES * sizeof *l->templates);
    for (size_t p = 0; p < RACE_PROBES; p++) {
        data_probe(&l->made, p, l->probes + p * dimension);
        lists_template(l, l->probes + p * dimension, &l->templates[p]);
    }
    memset(l->found, 0xff, sizeof l->found);
    return 1;
}

static int prepare_faiss(lists *l)
{
    size_t samples = l->made.rows < SAMPLES_MAX ? l->made.rows : SAMPLES_MAX, dimension = (size_t)l->made.dimension;
    float *rows = calloc(samples * dimension, sizeof *rows);
    int done = rows != NULL;
    faiss_peer_one_thread();
    for (size_t i = 0; done && i < samples; i++)
        data_row(&l->made, i * (l->made.rows / samples), rows + i * dimension);
    done = done && faiss_peer_new(FAISS_FLAT, l->made.dimension, l->made.rows, rows, samples, &l->flat) &&
           faiss_peer_new(FAISS_SQ8, l->made.dimension, l->made.rows, rows, samples, &l->sq8);
    free(rows);
    return done;
}

static int put(lists *l, size_t first, const float *rows, size_t count)
{
    tb_template template = {0};
    tb_status status = TB_OK;
    for (size_t i = 0; i < count && status == TB_OK; i++) {
        lists_template(l, rows + i * (size_t)l->made.dimension, &template);
        status = tb_gallery_put(l->gallery, lists_id(first + i), &template, 1);
    }
    if (status != TB_OK)
        fprintf(stderr, "bench_search: the gallery took no more: %s\n", tb_status_sentence(status));
    tb_wipe(&template, sizeof template);
    return status == TB_OK;
}

static void show(const lists *l, const char *what, size_t done)
{
    if (isatty(STDERR_FILENO) && done % ((size_t)CHUNK * 64) == 0)
        fprintf(stderr, "\r\033[Kbuilding %s of %zu x %d: %3.0f %%", what, l->made.rows, l->made.dimension,
                100.0 * (double)done / (double)l->made.rows);
}

static size_t make_chunk(const lists *l, size_t first, float *rows)
{
    size_t count = l->made.rows - first < CHUNK ? l->made.rows - first : CHUNK;
    for (size_t i = 0; i < count; i++)
        data_row(&l->made, first + i, rows + i * (size_t)l->made.dimension);
    return count;
}

static int build_ours(lists *l, float *rows)
{
    (void)malloc_trim(0);
    double before = resident();
    if (tb_gallery_new(MODEL, l->made.dimension, &l->gallery) != TB_OK)
        return 0;
    for (size_t first = 0; first < l->made.rows; first += CHUNK) {
        size_t count = make_chunk(l, first, rows);
        show(l, "our list", first);
        for (size_t i = 0; i < count; i++)
            truth_take(&l->right, rows + i * (size_t)l->made.dimension);
        if (!put(l, first, rows, count))
            return 0;
    }
    l->bytes_per_row[LIST_OURS] = l->made.rows < 10000 ? 0 : (resident() - before) / (double)l->made.rows;
    return 1;
}

static int build_faiss(lists *l, float *rows)
{
    if (!prepare_faiss(l))
        return 0;
    for (size_t first = 0; first < l->made.rows; first += CHUNK) {
        size_t count = make_chunk(l, first, rows);
        show(l, "FAISS' lists", first);
        if (!faiss_peer_add(l->flat, rows, count) || !faiss_peer_add(l->sq8, rows, count))
            return 0;
    }
    l->bytes_per_row[LIST_FLAT] = sizeof(float) * (double)l->made.dimension;
    l->bytes_per_row[LIST_SQ8] = l->made.dimension;
    return 1;
}

int lists_build(lists *l, const data *made, int probes_checked, int with_faiss)
{
    float *rows = calloc((size_t)CHUNK * (size_t)made->dimension, sizeof *rows);
    memset(l, 0, sizeof *l);
    l->made = *made;
    int done = rows && prepare_probes(l) && truth_new(made, probes_checked, &l->right) && build_ours(l, rows) &&
               (!with_faiss || build_faiss(l, rows));
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    free(rows);
    if (!done)
        fprintf(stderr, "bench_search: lists of %zu rows of %d could not be built: is there memory for them?\n",
                made->rows, made->dimension);
    return done;
}

void lists_free(lists *l)
{
    tb_gallery_free(&l->gallery);
    faiss_peer_free(&l->flat);
    faiss_peer_free(&l->sq8);
    truth_free(&l->right);
    tb_secret_free(l->templates);
    free(l->probes);
    memset(l, 0, sizeof *l);
}

/* ---- searching ---- */

static void keep_found(lists *l, int worker, int probe, const tb_candidate *best, int found)
{
    for (int i = 0; i < DATA_BEST; i++)
        l->found[LIST_OURS][worker][probe][i] = i < found ? row_of(best[i].id) : -1;
}

int lists_search_ours(void *context, int worker, int first, int count)
{
    lists *l = context;
    tb_candidate best[RACE_BATCH * DATA_BEST];
    int found[RACE_BATCH] = {0};
    tb_gallery_query query = {.k = DATA_BEST};
    tb_status status = count == 1
                           ? tb_gallery_search_by(l->gallery, &l->templates[first], &query, best, found)
                           : tb_gallery_search_batch(l->gallery, &l->templates[first], count, &query, best, found);
    for (int i = 0; i < count && status == TB_OK; i++)
        keep_found(l, worker, first + i, best + i * DATA_BEST, found[i]);
    return status == TB_OK;
}

const char *lists_kernel(void)
{
    return tb_kernel_best()->name;
}

lists_inside lists_look_inside(const lists *l)
{
    tb_gallery_statistics counted = tb_gallery_statistics_of(l->gallery);
    return (lists_inside){.by_codes = l->made.rows > l->gallery->short_rows,
                          .searches = (double)counted.searches,
                          .rescored = counted.searches ? (double)counted.rescored / (double)counted.searches : 0,
                          .widened = counted.searches ? (double)counted.widened / (double)counted.searches : 0,
                          .bytes_per_row = (double)tb_gallery_memory(l->gallery) / (double)l->made.rows};
}

static int search_faiss(lists *l, const faiss_peer *peer, int list, int worker, int first, int count)
{
    float scores[RACE_BATCH * DATA_BEST];
    faiss_peer_one_thread();
    return faiss_peer_search(peer, l->probes + (size_t)first * (size_t)l->made.dimension, (size_t)count, DATA_BEST,
                             scores, l->found[list][worker][first]);
}

int lists_search_flat(void *context, int worker, int first, int count)
{
    lists *l = context;
    faiss_peer_matrices_from(INT_MAX);
    return search_faiss(l, l->flat, LIST_FLAT, worker, first, count);
}

int lists_search_flat_matrices(void *context, int worker, int first, int count)
{
    lists *l = context;
    faiss_peer_matrices_from(1);
    return search_faiss(l, l->flat, LIST_FLAT, worker, first, count);
}

int lists_search_sq8(void *context, int worker, int first, int count)
{
    lists *l = context;
    return search_faiss(l, l->sq8, LIST_SQ8, worker, first, count);
}

int lists_recall(lists *l, int list, int probes, int batch, recall *out)
{
    static int (*const search[LISTS])(void *, int, int, int) = {lists_search_ours, lists_search_flat, lists_search_sq8};
    *out = (recall){.probes = probes};
    for (int p = 0; p < probes; p += batch)
        if (!search[list](l, 0, p, probes - p < batch ? probes - p : batch))
            return 0;
    for (int p = 0; p < probes; p++) {
        out->first += truth_hits(&l->right, &l->made, p, l->found[list][0][p], 1);
        out->best += truth_hits(&l->right, &l->made, p, l->found[list][0][p], DATA_BEST);
    }
    out->first /= probes;
    out->best /= (double)probes * DATA_BEST;
    return 1;
}
