/* Searches while others put, replace and remove: whoever is there all the time is found by each search, with a score
 * that a template of theirs had; whoever was removed before a search began is not. Meant for ThreadSanitizer too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <tebura/gallery.h>
#include <tebura/secret.h>

#include "gallery/inside.h"
#include "vectors.h"

enum { DIMENSION = 32, STAYING = 40, REPLACED = 8, PASSING = 1200, ROUNDS = 4, READERS = 2, STRANGER = 5000 };

struct traffic {
    tb_gallery *gallery;
    tb_template *staying; /* STAYING, then 2 for each of REPLACED: what they have in turns */
    atomic_int stop;
    atomic_int wrong;  /* somebody was not found */
    atomic_int turned; /* searches */
    atomic_int gone;   /* the stranger was taken out, and stays out */
};

static tb_template *replaced_one(struct traffic *traffic, uint32_t who, uint32_t turn)
{
    return &traffic->staying[STAYING + 2 * who + turn % 2];
}

/* The two templates of a replaced one are near each other, so that both find it. */
static void look(struct traffic *traffic, uint32_t step)
{
    const tb_template *probe = &traffic->staying[step % (STAYING + 2 * REPLACED)];
    uint32_t who = step % (STAYING + 2 * REPLACED);
    tb_id expected = vectors_id(who < STAYING ? who : STAYING + (who - STAYING) / 2);
    tb_candidate got[3];
    int found;
    int gone = atomic_load(&traffic->gone);
    tb_status status = tb_gallery_search(traffic->gallery, probe, 3, NULL, NULL, got, &found);
    if (status != TB_OK || found < 1 || !tb_id_equal(got[0].id, expected) || got[0].score < 0.96f)
        atomic_fetch_add(&traffic->wrong, 1);
    for (int i = 0; i < found; i++)
        if (gone && tb_id_equal(got[i].id, vectors_id(STRANGER)))
            atomic_fetch_add(&traffic->wrong, 1);
}

static void look_together(struct traffic *traffic)
{
    tb_candidate got[STAYING];
    int found[STAYING];
    tb_gallery_query query = {.k = 1};
    tb_status status = tb_gallery_search_batch(traffic->gallery, traffic->staying, STAYING, &query, got, found);
    for (uint32_t i = 0; i < STAYING; i++)
        if (status != TB_OK || found[i] != 1 || !tb_id_equal(got[i].id, vectors_id(i)) || got[i].score < 0.999f)
            atomic_fetch_add(&traffic->wrong, 1);
}

static void *search_on(void *argument)
{
    struct traffic *traffic = argument;
    for (uint32_t step = 0; !atomic_load(&traffic->stop); step++) {
        if (step % 16 == 0)
            look_together(traffic);
        look(traffic, step);
        atomic_fetch_add(&traffic->turned, 1);
    }
    return NULL;
}

static int put_made(tb_gallery *gallery, uint32_t id, uint32_t seed)
{
    tb_template made[2] = {vectors_template(seed, DIMENSION), vectors_template(seed + 1, DIMENSION)};
    return tb_gallery_put(gallery, vectors_id(id), made, 1 + seed % 2) == TB_OK;
}

/* Passing ones come behind those who stay and in front of them, and go in another order: rows move all the time. */
static int write_round(struct traffic *traffic, uint32_t first, uint32_t round)
{
    int right = 1;
    for (uint32_t i = 0; i < PASSING; i++) {
        right &= put_made(traffic->gallery, first + i, first + i + round);
        if (i % 5 == 0) {
            uint32_t who = i % REPLACED;
            right &= tb_gallery_put(traffic->gallery, vectors_id(STAYING + who), replaced_one(traffic, who, i / 5),
                                    1) == TB_OK;
        }
    }
    for (uint32_t i = 0; i < PASSING; i++)
        right &= tb_gallery_remove(traffic->gallery, vectors_id(first + i * 7 % PASSING)) == TB_OK;
    return right;
}

static void *write_too(void *argument)
{
    struct traffic *traffic = argument;
    int right = 1;
    for (uint32_t round = 0; round < ROUNDS; round++)
        right &= write_round(traffic, 20000, round);
    return right ? traffic : NULL;
}

/* Half of those who stay come behind passing ones, so that their rows move down when these go. */
static void begin(struct traffic *traffic)
{
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, DIMENSION, &traffic->gallery), TB_OK);
    traffic->staying = tb_secret_alloc((STAYING + 2 * REPLACED) * sizeof *traffic->staying);
    assert_non_null(traffic->staying);
    for (uint32_t i = 0; i < STAYING; i++)
        traffic->staying[i] = vectors_template(100000 + i, DIMENSION);
    for (uint32_t i = 0; i < REPLACED; i++) {
        *replaced_one(traffic, i, 0) = vectors_template(200000 + i, DIMENSION);
        *replaced_one(traffic, i, 1) = vectors_near(replaced_one(traffic, i, 0), 0.97f, i);
    }
}

static void whoever_stays_is_found(const tb_kernel *kernel)
{
    struct traffic traffic = {0};
    pthread_t readers[READERS], writer;
    begin(&traffic);
    tb_gallery_tune(traffic.gallery, kernel, 0);
    for (uint32_t i = 0; i < 600; i++)
        assert_true(put_made(traffic.gallery, 40000 + i, i));
    assert_true(put_made(traffic.gallery, STRANGER, STRANGER));
    for (uint32_t i = 0; i < STAYING; i++)
        assert_int_equal(tb_gallery_put(traffic.gallery, vectors_id(i), &traffic.staying[i], 1), TB_OK);
    for (uint32_t i = 0; i < REPLACED; i++)
        assert_int_equal(tb_gallery_put(traffic.gallery, vectors_id(STAYING + i), replaced_one(&traffic, i, 0), 1),
                         TB_OK);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, search_on, &traffic), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_too, &traffic), 0);
    for (uint32_t i = 0; i < 600; i++)
        assert_int_equal(tb_gallery_remove(traffic.gallery, vectors_id(40000 + i)), TB_OK);
    assert_int_equal(tb_gallery_remove(traffic.gallery, vectors_id(STRANGER)), TB_OK);
    atomic_store(&traffic.gone, 1);
    for (uint32_t round = 0; round < ROUNDS; round++)
        assert_true(write_round(&traffic, 10000, round));
    void *right;
    assert_int_equal(pthread_join(writer, &right), 0);
    assert_non_null(right);
    while (atomic_load(&traffic.turned) < 20)
        sched_yield();
    atomic_store(&traffic.stop, 1);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(atomic_load(&traffic.wrong), 0);
    assert_int_equal(tb_gallery_count(traffic.gallery), STAYING + REPLACED);
    tb_gallery_free(&traffic.gallery);
    tb_secret_free(traffic.staying);
}

static void with_the_slowest_loops(void **state)
{
    (void)state;
    whoever_stays_is_found(tb_kernel_base());
}

static void with_the_fastest_loops(void **state)
{
    (void)state;
    whoever_stays_is_found(tb_kernel_best());
}

static void clearing_while_searching(void **state)
{
    (void)state;
    struct traffic traffic = {0};
    pthread_t reader;
    begin(&traffic);
    assert_int_equal(pthread_create(&reader, NULL, search_on, &traffic), 0); /* finds nobody: not what is asked here */
    for (uint32_t round = 0; round < 6; round++) {
        for (uint32_t i = 0; i < 700; i++)
            assert_true(put_made(traffic.gallery, i, i));
        tb_gallery_clear(traffic.gallery);
        assert_int_equal(tb_gallery_count(traffic.gallery), 0);
    }
    atomic_store(&traffic.stop, 1);
    assert_int_equal(pthread_join(reader, NULL), 0);
    tb_gallery_free(&traffic.gallery);
    tb_secret_free(traffic.staying);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(with_the_slowest_loops),
                                       cmocka_unit_test(with_the_fastest_loops),
                                       cmocka_unit_test(clearing_while_searching)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
