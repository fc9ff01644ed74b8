/* The answer is that of a comparison with every template in double precision, on every set of loops, one by one and in
 * batches, also where codes cannot tell the templates apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#include "gallery/inside.h"
#include "vectors.h"

enum { ROWS = 1100, PROBES = 70, MOST = 64 };

struct set {
    const char *name;
    int dimension;
    tb_template (*row)(uint32_t number, int dimension);
    tb_template (*probe)(uint32_t number, int dimension);
    int widens; /* codes cannot tell these apart: most rows are compared again */
};

static tb_template some(uint32_t number, int dimension)
{
    return vectors_template(number + 1, dimension);
}

static tb_template mate(uint32_t number, int dimension)
{
    tb_template of = some(number * 7 % ROWS, dimension);
    return number % 2 ? vectors_near(&of, 0.5f, number + 70000) : some(number + 5000, dimension);
}

/* All within a degree of each other. */
static tb_template crowd(uint32_t number, int dimension)
{
    tb_template middle = some(1, dimension);
    return vectors_near(&middle, 0.9999f, number + 10);
}

/* Differences of the last bits of a float. */
static tb_template twin(uint32_t number, int dimension)
{
    tb_template same = some(1, dimension);
    same.values[number % (unsigned)dimension] *= 1 + (float)(number / (unsigned)dimension) * 1e-6f;
    return same;
}

static tb_template copy(uint32_t number, int dimension)
{
    return some(number / 300, dimension);
}

/* One-hot vectors, and pairs: scores are equal in hundreds. */
static tb_template axis(uint32_t number, int dimension)
{
    tb_template hot = {.model = VECTORS_MODEL, .dimension = (uint16_t)dimension};
    hot.values[number % (unsigned)dimension] = number % 3 ? 1.f : -1.f;
    if (number % 4 == 0) {
        hot.values[number % (unsigned)dimension] = 0.6f;
        hot.values[(number + 1) % (unsigned)dimension] = 0.8f;
    }
    return hot;
}

/* Nearly one-hot: the scale is coarse, and what tells them apart is below half of it. */
static tb_template spike(uint32_t number, int dimension)
{
    tb_template hot = vectors_template(number + 1, dimension);
    for (int i = 0; i < dimension; i++)
        hot.values[i] *= 0.02f;
    hot.values[3] = 0;
    double sum = 0;
    for (int i = 0; i < dimension; i++)
        sum += (double)hot.values[i] * hot.values[i];
    hot.values[3] = (float)sqrt(1 - sum);
    return hot;
}

static const struct set sets[] = {
    {"random", 128, some, mate, 0}, {"random, 40", 40, some, mate, 0}, {"odd", 77, some, mate, 0},
    {"crowd", 64, crowd, crowd, 1}, {"twins", 96, twin, twin, 1},      {"copies", 64, copy, mate, 0},
    {"axes", 32, axis, axis, 0},    {"spikes", 256, spike, spike, 1},  {"crowd, from outside", 64, crowd, mate, 0}};

static tb_template *rows, *probes; /* of the set at hand */
static double exact[PROBES][ROWS]; /* their scores in double precision */

static int set_up(void **state)
{
    (void)state;
    rows = tb_secret_alloc(ROWS * sizeof *rows);
    probes = tb_secret_alloc(PROBES * sizeof *probes);
    return !rows || !probes;
}

static int tear_down(void **state)
{
    (void)state;
    tb_secret_free(rows);
    tb_secret_free(probes);
    return 0;
}

/* Ids have one to three templates. */
static uint32_t owner(uint32_t row)
{
    return row - row % 4 % 3;
}

static void compare_exactly(void)
{
    for (int p = 0; p < PROBES; p++)
        for (int r = 0; r < ROWS; r++) {
            double sum = 0;
            for (int i = 0; i < rows[r].dimension; i++)
                sum += (double)rows[r].values[i] * probes[p].values[i];
            exact[p][r] = sum;
        }
}

static tb_gallery *fill(const struct set *set)
{
    tb_gallery *gallery;
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, set->dimension, &gallery), TB_OK);
    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = set->row(i, set->dimension);
    for (uint32_t i = 0; i < PROBES; i++)
        probes[i] = set->probe(i * 13 + 1, set->dimension);
    for (uint32_t i = 0; i < ROWS;) {
        uint32_t count = 1;
        while (i + count < ROWS && owner(i + count) == i)
            count++;
        assert_int_equal(tb_gallery_put_tagged(gallery, vectors_id(i), rows + i, (int)count, i % 8), TB_OK);
        i += count;
    }
    compare_exactly();
    return gallery;
}

/* Against double precision: scores are right to within rounding, and nobody who is better by more is missing. */
static void assert_exact(int probe, const tb_gallery_query *query, const tb_candidate *got, int found)
{
    static double best[ROWS];
    int asked_for = 0, above = 0;
    for (uint32_t i = 0; i < ROWS; i++)
        best[i] = -2;
    for (uint32_t i = 0; i < ROWS; i++) {
        uint32_t id = owner(i);
        uint64_t tags = id % 8;
        if ((tags & query->all_of) == query->all_of && !(tags & query->none_of)) {
            asked_for += best[id] == -2;
            best[id] = fmax(best[id], exact[probe][i]);
        }
    }
    assert_int_equal(found, asked_for < query->k ? asked_for : query->k);
    for (int i = 0; i < found; i++) {
        uint32_t id;
        memcpy(&id, got[i].id.bytes, sizeof id);
        assert_true(fabs(best[id] - (double)got[i].score) < 5e-6);
        assert_true(i == 0 || got[i].score <= got[i - 1].score);
        for (int j = 0; j < i; j++)
            assert_false(tb_id_equal(got[i].id, got[j].id));
    }
    for (uint32_t i = 0; found && i < ROWS; i++)
        above += best[i] > (double)got[found - 1].score + 1e-5;
    assert_true(above < query->k || !found);
}

static void all_ways_agree(const struct set *set, tb_gallery *gallery, const tb_gallery_query *query)
{
    static tb_candidate first[PROBES * MOST], got[PROBES * MOST];
    const tb_kernel *kernels[TB_KERNELS];
    int count = tb_kernels(kernels), found_first[PROBES], found[PROBES];
    size_t bytes = sizeof(tb_candidate) * (size_t)query->k;
    tb_gallery_tune(gallery, kernels[0], SIZE_MAX);
    for (int i = 0; i < PROBES; i++) {
        tb_status status = tb_gallery_search_by(gallery, &probes[i], query, first + i * query->k, &found_first[i]);
        assert_int_equal(status, TB_OK);
        assert_exact(i, query, first + i * query->k, found_first[i]);
    }
    for (int k = 0; k < count; k++) {
        tb_gallery_tune(gallery, kernels[k], 0);
        tb_gallery_statistics before = tb_gallery_statistics_of(gallery);
        for (int i = 0; i < PROBES; i += k ? 7 : 1) {
            assert_int_equal(tb_gallery_search_by(gallery, &probes[i], query, got, found), TB_OK);
            assert_int_equal(found[0], found_first[i]);
            assert_memory_equal(got, first + i * query->k, sizeof *got * (size_t)found[0]);
        }
        tb_gallery_statistics after = tb_gallery_statistics_of(gallery);
        assert_true(after.searches > before.searches);
        if (set->widens && !query->all_of)
            assert_true(after.widened > before.widened);
        assert_int_equal(tb_gallery_search_batch(gallery, probes, PROBES, query, got, found), TB_OK);
        for (int i = 0; i < PROBES; i++) {
            assert_int_equal(found[i], found_first[i]);
            assert_memory_equal(got + i * query->k, first + i * query->k, bytes / (size_t)query->k * (size_t)found[i]);
        }
    }
}

static void every_way_gives_the_exact_answer(void **state)
{
    (void)state;
    static const tb_gallery_query queries[] = {{.k = 1},
                                               {.k = 2, .all_of = 3},
                                               {.k = 10, .none_of = 1},
                                               {.k = MOST, .all_of = 4, .none_of = 2},
                                               {.k = 3, .all_of = 64}};
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        tb_gallery *gallery = fill(&sets[s]);
        for (size_t q = s % 2; q < sizeof queries / sizeof *queries; q += 2)
            all_ways_agree(&sets[s], gallery, &queries[q]);
        all_ways_agree(&sets[s], gallery, &queries[0]);
        tb_gallery_free(&gallery);
    }
}

/* One number for all processors: x86-64 and ARM gave it with each of their sets of loops. */
static void answers_are_the_same_everywhere(void **state)
{
    (void)state;
    static tb_candidate out[TB_BATCH * 10];
    const tb_kernel *kernels[TB_KERNELS];
    int found[TB_BATCH], count = tb_kernels(kernels);
    tb_gallery *gallery;
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, 158, &gallery), TB_OK);
    for (uint32_t i = 0; i < 1500; i++) {
        tb_template made = vectors_template(i, 158);
        assert_int_equal(tb_gallery_put(gallery, vectors_id(i), &made, 1), TB_OK);
    }
    for (uint32_t i = 0; i < TB_BATCH; i++)
        probes[i] = vectors_template(9000 + i, 158);
    for (int k = 0; k < count; k++) {
        uint64_t hash = UINT64_C(14695981039346656037);
        const uint8_t *bytes = (const uint8_t *)out;
        tb_gallery_tune(gallery, kernels[k], 0);
        tb_gallery_query query = {.k = 10};
        assert_int_equal(tb_gallery_search_batch(gallery, probes, TB_BATCH, &query, out, found), TB_OK);
        for (size_t i = 0; i < sizeof out; i++)
            hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
        assert_true(hash == UINT64_C(0xc4f0649a346d9096));
    }
    tb_gallery_free(&gallery);
}

static int third(tb_id id, void *context)
{
    uint32_t number;
    memcpy(&number, id.bytes, sizeof number);
    ++*(int *)context;
    return number % 3 == 0;
}

static void a_caller_may_choose(void **state)
{
    (void)state;
    int asked = 0;
    tb_gallery *gallery = fill(&sets[0]);
    tb_gallery_query query = {.k = 5, .only = third, .context = &asked};
    all_ways_agree(&(struct set){.name = ""}, gallery, &(tb_gallery_query){.k = 5}); /* same gallery, without */
    tb_candidate one[5], many[PROBES * 5];
    int found, founds[PROBES];
    tb_gallery_tune(gallery, tb_kernel_best(), 0);
    assert_int_equal(tb_gallery_search_batch(gallery, probes, PROBES, &query, many, founds), TB_OK);
    for (int i = 0; i < PROBES; i++) {
        assert_int_equal(tb_gallery_search(gallery, &probes[i], 5, third, &asked, one, &found), TB_OK);
        assert_int_equal(found, 5);
        assert_int_equal(founds[i], 5);
        assert_memory_equal(one, many + i * 5, sizeof one);
        for (int j = 0; j < 5; j++)
            assert_true(third(one[j].id, &asked));
    }
    tb_gallery_free(&gallery);
}

static void tags_follow_their_id(void **state)
{
    (void)state;
    tb_gallery *gallery;
    tb_candidate best;
    int found;
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, 64, &gallery), TB_OK);
    tb_template one = some(1, 64), two[2] = {some(2, 64), some(3, 64)};
    tb_gallery_query marked = {.k = 1, .all_of = 4};
    assert_int_equal(tb_gallery_tag(gallery, vectors_id(1), 4), TB_NOT_FOUND);
    assert_int_equal(tb_gallery_put(gallery, vectors_id(1), &one, 1), TB_OK);
    assert_int_equal(tb_gallery_search_by(gallery, &one, &marked, &best, &found), TB_OK);
    assert_int_equal(found, 0);
    assert_int_equal(tb_gallery_tag(gallery, vectors_id(1), 6), TB_OK);
    assert_int_equal(tb_gallery_search_by(gallery, &one, &marked, &best, &found), TB_OK);
    assert_int_equal(found, 1);
    assert_int_equal(tb_gallery_put(gallery, vectors_id(1), two, 2), TB_OK); /* stay */
    assert_int_equal(tb_gallery_search_by(gallery, &two[1], &marked, &best, &found), TB_OK);
    assert_true(found == 1 && best.score > 0.999f);
    assert_int_equal(tb_gallery_put_tagged(gallery, vectors_id(1), two, 2, 1), TB_OK);
    assert_int_equal(tb_gallery_search_by(gallery, &two[1], &marked, &best, &found), TB_OK);
    assert_int_equal(found, 0);
    tb_gallery_free(&gallery);
}

static void empty_lists_and_wrong_probes(void **state)
{
    (void)state;
    tb_gallery *gallery;
    tb_candidate out[MOST];
    int found[PROBES];
    tb_gallery_query query = {.k = 1};
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, 64, &gallery), TB_OK);
    for (uint32_t i = 0; i < 10; i++)
        probes[i] = some(i, 64);
    assert_int_equal(tb_gallery_search_batch(gallery, probes, 10, &query, out, found), TB_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(found[i], 0);
    for (uint32_t i = 0; i < 300; i++)
        assert_int_equal(tb_gallery_put(gallery, vectors_id(i), &probes[i % 10], 1), TB_OK);
    assert_int_equal(tb_gallery_search_batch(gallery, probes, 0, &query, out, found), TB_OK);
    assert_int_equal(tb_gallery_search_batch(gallery, probes, -1, &query, out, found), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_gallery_search_batch(gallery, probes, 10, &(tb_gallery_query){0}, out, found),
                     TB_INVALID_ARGUMENT);
    probes[9].values[63] = NAN;
    assert_int_equal(tb_gallery_search_batch(gallery, probes, 10, &query, out, found), TB_INVALID_ARGUMENT);
    assert_int_equal(found[0], 0);
    probes[9].model++;
    assert_int_equal(tb_gallery_search_batch(gallery, probes, 10, &query, out, found), TB_OTHER_MODEL);
    tb_gallery_free(&gallery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_way_gives_the_exact_answer),
                                       cmocka_unit_test(answers_are_the_same_everywhere),
                                       cmocka_unit_test(a_caller_may_choose), cmocka_unit_test(tags_follow_their_id),
                                       cmocka_unit_test(empty_lists_and_wrong_probes)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
