/* bench_gallery.c: one probe and batches of 64 against lists of several sizes with every set of loops, next to the
 * bandwidth of this machine's memory for the same bytes; what a change costs; bytes a template.
 * usage: bench_gallery [dimension [largest list [set of loops]]]; a table on standard error, JSON on standard output.
 * Vectors are made up; a quarter of the probes have a mate in the list (cosine 0.6). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <tebura/clock.h>
#include <tebura/gallery.h>
#include <tebura/secret.h>

#include "gallery/inside.h"

enum { PROBES = 64, MOST_TIMES = 4000 };

static uint64_t dice = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t draw(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice * UINT64_C(0x2545f4914f6cdd1d);
}

static void make(tb_template *out, int dimension)
{
    double sum = 0;
    *out = (tb_template){.model = 1, .dimension = (uint16_t)dimension};
    for (int i = 0; i < dimension; i++) { /* four even draws: bell enough */
        uint64_t word = draw();
        float value = 0;
        for (int j = 0; j < 64; j += 16)
            value += (float)(word >> j & 0xffff) - 32767.5f;
        out->values[i] = value;
        sum += (double)value * value;
    }
    for (int i = 0; i < dimension; i++)
        out->values[i] = (float)(out->values[i] / sqrt(sum));
}

static void make_near(tb_template *out, const tb_template *from, float cosine)
{
    make(out, from->dimension);
    double sum = 0;
    for (int i = 0; i < from->dimension; i++) {
        out->values[i] = cosine * from->values[i] + sqrtf(1 - cosine * cosine) * out->values[i];
        sum += (double)out->values[i] * out->values[i];
    }
    for (int i = 0; i < from->dimension; i++)
        out->values[i] = (float)(out->values[i] / sqrt(sum));
}

static tb_id id_of(uint64_t number)
{
    tb_id id = {{0}};
    number *= UINT64_C(0x9e3779b97f4a7c15);
    memcpy(id.bytes, &number, sizeof number);
    return id;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of this thread's processor time: what others do on the machine is not ours. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct times {
    double values[MOST_TIMES];
    int count;
};

static double at(struct times *times, double part)
{
    qsort(times->values, (size_t)times->count, sizeof(double), by_size);
    return times->values[(int)(part * (times->count - 1))];
}

static void must(tb_status status)
{
    if (status != TB_OK) {
        fprintf(stderr, "bench_gallery: %s\n", tb_status_sentence(status));
        exit(1);
    }
}

/* Milliseconds to read the codes of so many rows once: what no exact search by codes can beat. */
static double floor_of(size_t rows, size_t stride)
{
    size_t words = rows * stride / sizeof(uint64_t);
    uint64_t *memory = aligned_alloc(4096, (words * sizeof *memory + 4095) & ~(size_t)4095);
    if (!memory)
        return 0;
    memset(memory, 1, words * sizeof *memory);
    struct times times = {0};
    volatile uint64_t keep = 0;
    for (double until = seconds() + 0.2; times.count < 5 || (seconds() < until && times.count < MOST_TIMES);) {
        double begin = seconds();
        typedef uint64_t wide __attribute__((vector_size(64)));
        const wide *at_word = (const wide *)(const void *)memory;
        wide a = {0}, b = {0}, c = {0}, d = {0};
        for (size_t i = 0; i + 4 <= words / 8; i += 4) {
            a += at_word[i];
            b += at_word[i + 1];
            c += at_word[i + 2];
            d += at_word[i + 3];
        }
        a += b + c + d;
        keep = keep + a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
        times.values[times.count++] = seconds() - begin;
    }
    free(memory);
    return at(&times, 0.5) * 1e3;
}

static void measure(tb_gallery *gallery, const tb_kernel *kernel, size_t short_rows, const tb_template *probes,
                    const char *mode, json_t *into)
{
    tb_candidate out[PROBES * 2];
    int found[PROBES];
    tb_gallery_query query = {.k = 2};
    tb_gallery_tune(gallery, kernel, short_rows);
    tb_gallery_statistics before = tb_gallery_statistics_of(gallery);
    struct times times = {0};
    for (double until = seconds() + 0.5; times.count < 16 || (seconds() < until && times.count < MOST_TIMES);) {
        double begin = seconds();
        must(tb_gallery_search_by(gallery, &probes[times.count % PROBES], &query, out, found));
        times.values[times.count++] = seconds() - begin;
    }
    tb_gallery_statistics after = tb_gallery_statistics_of(gallery);
    double searches = (double)(after.searches - before.searches);
    json_t *one = json_pack("{s:s, s:s, s:f, s:f}", "loops", kernel->name, "rows_as", mode, "ms", at(&times, 0.5) * 1e3,
                            "p95_ms", at(&times, 0.95) * 1e3);
    fprintf(stderr, "  %-8s %-5s median %8.4f ms, 5 %% %8.4f, 95 %% %8.4f", kernel->name, mode, at(&times, 0.5) * 1e3,
            at(&times, 0.05) * 1e3, at(&times, 0.95) * 1e3);
    if (searches > 0)
        fprintf(stderr, ", rescored %6.1f a search, widened %.1f %%",
                (double)(after.rescored - before.rescored) / searches,
                100 * (double)(after.widened - before.widened) / searches);
    if (short_rows == 0) {
        times.count = 0;
        for (double until = seconds() + 0.5; times.count < 4 || (seconds() < until && times.count < MOST_TIMES);) {
            double begin = seconds();
            must(tb_gallery_search_batch(gallery, probes, PROBES, &query, out, found));
            times.values[times.count++] = (seconds() - begin) / PROBES;
        }
        fprintf(stderr, "; batch of 64: %.4f each", at(&times, 0.5) * 1e3);
        json_object_set_new(one, "batch_ms", json_real(at(&times, 0.5) * 1e3));
    }
    json_array_append_new(into, one);
    fprintf(stderr, "\n");
}

/* Changes are timed by the clock on the wall, as they may have to wait. */
static double wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void print_changes(const char *what, struct times *times, json_t *into)
{
    json_object_set_new(into, what,
                        json_pack("{s:f, s:f, s:f}", "median_us", at(times, 0.5) * 1e6, "p99_us", at(times, 0.99) * 1e6,
                                  "most_us", at(times, 1) * 1e6));
    fprintf(stderr, " %s %.2f %.2f %.0f", what, at(times, 0.5) * 1e6, at(times, 0.99) * 1e6, at(times, 1) * 1e6);
}

static void measure_changes(tb_gallery *gallery, size_t rows, int dimension, const char *when, json_t *into)
{
    static struct times put, replace, gone;
    static uint64_t serial;
    tb_template made;
    put.count = replace.count = gone.count = 0;
    for (int i = 0; i < MOST_TIMES; i++) {
        tb_id new = id_of(rows + serial++), old = id_of(draw() % (rows / 2));
        make(&made, dimension);
        double a = wall();
        must(tb_gallery_put(gallery, new, &made, 1));
        double b = wall();
        must(tb_gallery_put(gallery, old, &made, 1));
        double c = wall();
        must(tb_gallery_remove(gallery, new));
        double d = wall();
        put.values[put.count++] = b - a;
        replace.values[replace.count++] = c - b;
        gone.values[gone.count++] = d - c;
    }
    fprintf(stderr, "  %s, microseconds (median, 99 %%, most):", when);
    print_changes("put", &put, into);
    print_changes("replace", &replace, into);
    print_changes("remove", &gone, into);
    fprintf(stderr, "\n");
}

struct searcher {
    tb_gallery *gallery;
    const tb_template *probe;
    atomic_int stop;
};

static void *search_on(void *argument)
{
    struct searcher *searcher = argument;
    tb_candidate out[2];
    int found;
    while (!atomic_load(&searcher->stop))
        must(tb_gallery_search(searcher->gallery, searcher->probe, 2, NULL, NULL, out, &found));
    return NULL;
}

static void measure_changes_while_searching(tb_gallery *gallery, size_t rows, const tb_template *probe, json_t *into)
{
    struct searcher searcher = {.gallery = gallery, .probe = probe};
    pthread_t thread;
    if (pthread_create(&thread, NULL, search_on, &searcher) != 0)
        must(TB_NO_MEMORY);
    measure_changes(gallery, rows, probe->dimension, "while another thread searches", into);
    atomic_store(&searcher.stop, 1);
    pthread_join(thread, NULL);
}

static void one_size(size_t rows, int dimension, const char *only, json_t *into)
{
    json_t *searches = json_array(), *alone = json_object(), *beside = json_object();
    tb_gallery *gallery;
    static tb_template probes[PROBES];
    must(tb_gallery_new(1, dimension, &gallery));
    for (size_t i = 0; i < rows; i++) {
        tb_template made;
        make(&made, dimension);
        must(tb_gallery_put(gallery, id_of(i), &made, 1));
        if (i < PROBES && i % 4 == 0)
            make_near(&probes[i], &made, 0.6f);
        else if (i < PROBES)
            make(&probes[i], dimension);
    }
    size_t stride = ((size_t)dimension + 63) / 64 * 64;
    fprintf(stderr, "%zu templates of %d: %.0f bytes each; reading the codes takes %.4f ms\n", rows, dimension,
            (double)tb_gallery_memory(gallery) / (double)rows, floor_of(rows, stride));
    const tb_kernel *kernels[TB_KERNELS];
    int count = tb_kernels(kernels);
    for (int i = 0; i < count; i++)
        if (!only || strcmp(only, kernels[i]->name) == 0) {
            measure(gallery, kernels[i], 0, probes, "codes", searches);
            if (rows <= 10000)
                measure(gallery, kernels[i], SIZE_MAX, probes, "float", searches);
        }
    tb_gallery_tune(gallery, tb_kernel_best(), 0);
    measure_changes(gallery, rows, dimension, "changes", alone);
    measure_changes_while_searching(gallery, rows, &probes[1], beside);
    json_array_append_new(into, json_pack("{s:I, s:i, s:f, s:o, s:o, s:o}", "rows", (json_int_t)rows, "dimension",
                                          dimension, "bytes_per_row", (double)tb_gallery_memory(gallery) / (double)rows,
                                          "searches", searches, "changes", alone, "changes_beside_searches", beside));
    tb_gallery_free(&gallery);
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {64, 128, 500, 2000, 10000, 100000, 1000000};
    int dimension = argc > 1 ? atoi(argv[1]) : 512;
    size_t largest = argc > 2 ? (size_t)atol(argv[2]) : 100000;
    if (dimension < 1 || dimension > TB_TEMPLATE_MAX_DIMENSION || largest < 64) {
        fprintf(stderr, "usage: bench_gallery [dimension 1..1024 [largest list >= 64 [set of loops]]]\n");
        return 2;
    }
    json_t *all = json_array();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && sizes[i] <= largest; i++)
        one_size(sizes[i], dimension, argc > 3 ? argv[3] : NULL, all);
    int printed = json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0 && puts("") >= 0;
    json_decref(all);
    return printed ? 0 : 2;
}
