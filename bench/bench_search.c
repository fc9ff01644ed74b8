/* bench_search.c: 1:N search and changes of the list, beside FAISS (flat and 8-bit scalar-quantised, where
 * libfaiss-dev was there when this was built) and beside the floor that reading the rows once is, all by turns in one
 * run; recall against a brute force in double precision. Made-up templates from a fixed seed. Table and progress on
 * standard error, JSON on standard output. Target: within 1.3 of the floor above L2, faster than FAISS everywhere,
 * recall 1.000. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "search/floor.h"
#include "search/lists.h"
#include "search/report.h"
#include "search/update.h"

static const char help[] =
    "usage: tebura bench search [--quick] [--sizes N,...] [--dimensions D,...] [--svg FILE] [--seed N]\n\n"
    "1:N search on one and two cores, single and in batches of 64, beside FAISS flat and SQ8 (Debian's libfaiss-dev) and\n"
    "the time that reading the rows takes; recall against a brute force in double precision; changes of the list while\n"
    "it is searched; memory. Templates are made up. Full runs take several minutes and 6 GiB.\n\n"
    "  --quick             500 and 10,000 rows, seconds\n"
    "  --sizes N,...       rows of the lists, 10 to 4,000,000 (500,10000,100000,1000000)\n"
    "  --dimensions D,...  of the templates, multiples of 32 from 32 to 1024 (128,512)\n"
    "  --svg FILE          draw the curves\n"
    "  --seed N            of the made-up templates (1)\n";

enum { SIZES_MAX = 16, LINES_MAX = SIZES_MAX * SIZES_MAX * 4, BOTH = 2 };

static struct options {
    long sizes[SIZES_MAX], dimensions[SIZES_MAX], seed;
    int size_count, dimension_count, quick;
    const char *svg;
} options = {
    .sizes = {500, 10000, 100000, 1000000}, .size_count = 4, .dimensions = {128, 512}, .dimension_count = 2, .seed = 1};

static struct result {
    report_line lines[LINES_MAX];
    int count, workers, steps, step;
    json_t *lists;
} result;

/* ---- options ---- */

static int read_numbers(const char *text, long least, long most, long step, long *out)
{
    int count = 0;
    for (char *end; text && count < SIZES_MAX; text = end + 1) {
        out[count] = strtol(text, &end, 10);
        if (end == text || out[count] < least || out[count] > most || out[count] % step != 0)
            return 0;
        count++;
        if (!*end)
            return count;
        if (*end != ',')
            return 0;
    }
    return 0;
}

static int wrong(const char *what)
{
    fprintf(stderr, "bench_search: %s; see tebura bench search --help\n", what);
    return 2;
}

/* 0, or the exit code. */
static int read_options(int argc, char **argv)
{
    int sizes_given = 0;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--quick") == 0) {
            options.quick = 1;
        } else if (strcmp(argv[i], "--sizes") == 0) {
            options.size_count = sizes_given = read_numbers(value, 10, 4000000, 1, options.sizes);
            if (!options.size_count)
                return wrong("--sizes wants numbers of rows from 10 to 4000000, with commas between");
            i++;
        } else if (strcmp(argv[i], "--dimensions") == 0) {
            options.dimension_count = read_numbers(value, 32, DATA_DIMENSION_MAX, 32, options.dimensions);
            if (!options.dimension_count)
                return wrong("--dimensions wants multiples of 32 up to 1024, with commas between");
            i++;
        } else if (strcmp(argv[i], "--seed") == 0) {
            if (read_numbers(value, 0, LONG_MAX, 1, &options.seed) != 1)
                return wrong("--seed wants a number");
            i++;
        } else if (strcmp(argv[i], "--svg") == 0) {
            options.svg = argv[++i];
            if (!options.svg)
                return wrong("--svg wants the name of a file");
        } else {
            return wrong("there is no such option");
        }
    }
    if (options.quick && !sizes_given)
        options.size_count = 2;
    return 0;
}

/* ---- measuring ---- */

struct floor {
    void *memory;
    size_t bytes;
};

/* All of it for each probe: no search of one probe at a time can take less; one of many at once can. */
static int read_floor(void *context, int worker, int first, int count)
{
    const struct floor *f = context;
    uint64_t sum = 0;
    (void)worker, (void)first;
    for (int i = 0; i < count; i++)
        sum |= floor_read(f->memory, f->bytes);
    return sum != 1; /* never, and so nothing is left out */
}

static void show_step(const report_line *line)
{
    result.step++;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%d of %d: %zu rows of %d, cores %d, batch %d", result.step, result.steps, line->rows,
                line->dimension, line->cores, line->batch);
}

static int measure_line(lists *l, struct floor *f, int cores, int batch)
{
    report_line *line = &result.lines[result.count];
    race_runner runners[WAYS] = {[LIST_OURS] = {lists_search_ours, l}, [LIST_FLAT] = {lists_search_flat, l}};
    int ways[WAYS] = {LIST_OURS, WAY_FLOOR, LIST_FLAT, LIST_SQ8, WAY_FLAT_MATRIX}, count = 2;
    race_result results[WAYS];
    *line = (report_line){
        .rows = l->made.rows, .dimension = l->made.dimension, .cores = cores, .batch = batch, .floor_bytes = f->bytes};
    show_step(line);
    runners[1] = (race_runner){read_floor, f};
    if (l->flat) {
        runners[2] = (race_runner){batch == 1 ? lists_search_flat : lists_search_flat_matrices, l};
        runners[3] = (race_runner){lists_search_sq8, l};
        runners[4] = (race_runner){lists_search_flat_matrices, l};
        count = batch == 1 ? 5 : 4;
    }
    if (!race(runners, count, cores, batch, options.quick ? 0.05 : 0.5, results))
        return 0;
    for (int i = 0; i < count; i++)
        line->ways[ways[i]] = results[i];
    return 1;
}

/* The slow ones are asked for fewer probes of a long list. */
static int measure_recalls(lists *l, report_line *line)
{
    int checked = l->right.probes;
    for (int list = 0; list < LISTS; list++) {
        if (list != LIST_OURS && !l->flat)
            continue;
        double slow = list == LIST_OURS ? 0 : line->ways[list].ms;
        int probes = slow * checked > 5000 ? (int)(5000 / slow) + 1 : checked;
        if (!lists_recall(l, list, probes, line->batch, &line->recalls[list]))
            return 0;
    }
    return 1;
}

static int measure_searches(lists *l, struct floor *f)
{
    for (int cores = 1; cores <= result.workers; cores++)
        for (int batch = 1; batch <= RACE_BATCH; batch += RACE_BATCH - 1) {
            report_line *line = &result.lines[result.count];
            if (!measure_line(l, f, cores, batch) || (cores == 1 && !measure_recalls(l, line)))
                return 0;
            if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K");
            report_row(line);
            result.count++;
        }
    return 1;
}

static int measure_changes(lists *l)
{
    update_result updates = {0};
    if (l->made.rows < 10000)
        return 1;
    if (!update_measure(l, result.workers, &updates))
        return 0;
    report_list(l, &updates);
    json_array_append_new(result.lists, report_list_json(l, &updates));
    return 1;
}

/* What is free, in bytes; 0: cannot be told. */
static double free_memory(void)
{
    char line[128];
    double kib = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && kib == 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %lf", &kib) != 1)
            kib = 0;
    if (file)
        fclose(file);
    return kib * 1024;
}

static int measure_list(size_t rows, int dimension)
{
    data made = {.seed = (uint64_t)options.seed, .rows = rows, .dimension = dimension};
    int with_faiss = faiss_peer_about() != NULL;
    double wanted = (double)rows * dimension * (with_faiss ? 11 : 6) + 2e8, there = free_memory();
    if (there > 0 && wanted > there) {
        fprintf(stderr, "%9zu %4d left out: it wants %.1f GiB of memory and %.1f are free\n", rows, dimension,
                wanted / (1 << 30), there / (1 << 30));
        return 1;
    }
    lists *l = malloc(sizeof *l); /* too large for the stack */
    struct floor f = {0};
    int done = l && lists_build(l, &made, rows > 100000 ? 32 : RACE_PROBES / 2, with_faiss);
    if (done) {
        size_t width = (size_t)dimension, codes = width + 2 * sizeof(float); /* a code's scale and residual */
        f.bytes = (rows * (lists_look_inside(l).by_codes ? codes : width * sizeof(float)) + 511) / 512 * 512;
        f.memory = floor_new(f.bytes);
        done = f.memory && measure_searches(l, &f) && measure_changes(l);
    }
    if (!done)
        fprintf(stderr, "bench_search: %zu rows of %d could not be measured\n", rows, dimension);
    if (l)
        lists_free(l);
    free(l);
    floor_free(f.memory, f.bytes);
    return done;
}

/* ---- all of it ---- */

/* An OpenBLAS that is older than the processor takes its most careful kernels; it reads this when it is loaded. */
static void give_faiss_its_best(char **argv)
{
#if defined(__x86_64__)
    if (faiss_peer_about() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        !getenv("OPENBLAS_CORETYPE") && setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 0) == 0)
        execv("/proc/self/exe", argv);
#endif
    (void)argv;
}

static int give_out(void)
{
    const char *faiss = faiss_peer_about();
    char about[300];
    snprintf(about, sizeof about, "%s %s", faiss ? "FAISS" : "without FAISS", faiss ? faiss : "");
    int drawn = !options.svg || report_draw(options.svg, result.lines, result.count, about);
    json_t *all = json_pack("{s:s?, s:s, s:s, s:i, s:I, s:o, s:o}", "faiss", faiss, "kernel", lists_kernel(),
                            "floor_loads", floor_kind(), "best", DATA_BEST, "seed", (json_int_t)options.seed,
                            "searches", report_json(result.lines, result.count), "lists", result.lists);
    int printed = all && json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7)) == 0 && puts("") >= 0;
    json_decref(all);
    return drawn && printed && fflush(stdout) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    int code = read_options(argc, argv);
    if (code)
        return code;
    give_faiss_its_best(argv);
    result.lists = json_array();
    result.workers = race_open();
    result.steps = options.size_count * options.dimension_count * result.workers * BOTH;
    if (result.workers < 1 || !result.lists)
        return wrong("no thread could be made");
    if (result.workers == 1)
        fprintf(stderr, "this process may use one processor: two cores are left out\n");
    report_head(faiss_peer_about());
    int done = 1;
    for (int d = 0; d < options.dimension_count && done; d++)
        for (int s = 0; s < options.size_count && done; s++)
            done = measure_list((size_t)options.sizes[s], (int)options.dimensions[d]);
    race_close();
    if (!done)
        json_decref(result.lists);
    return done ? give_out() : 2;
}
