/* The gallery against a plain model of it: thousands of random changes, every search compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <tebura/gallery.h>
#include <tebura/secret.h>

#include "vectors.h"

enum { DIMENSION = 40, IDS = 600, MOST = 5 };

static uint8_t counts[IDS]; /* the model: how many templates each id has; 0 = absent */
static tb_template templates[IDS][MOST];

static uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static float best_of(int id, const tb_template *probe)
{
    float best = -2, score;
    for (int t = 0; t < counts[id]; t++) {
        assert_int_equal(tb_template_compare(&templates[id][t], probe, &score), TB_OK);
        best = fmaxf(best, score);
    }
    return best;
}

static int even_only(tb_id id, void *context)
{
    (void)context;
    return id.bytes[0] % 2 == 0;
}

static void check_search(const tb_gallery *gallery, uint32_t seed, int k, int even)
{
    tb_template probe = vectors_template(seed, DIMENSION);
    tb_candidate got[20];
    int found, live = 0;
    assert_int_equal(tb_gallery_search(gallery, &probe, k, even ? even_only : NULL, NULL, got, &found), TB_OK);
    float previous = 2;
    char taken[IDS] = {0};
    for (int i = 0; i < found; i++) {
        float best = -2;
        int who = -1;
        for (int id = 0; id < IDS; id++) {
            float score = counts[id] && !taken[id] && (!even || id % 2 == 0) ? best_of(id, &probe) : -2;
            if (score > best) {
                best = score;
                who = id;
            }
        }
        taken[who] = 1;
        assert_true(tb_id_equal(got[i].id, vectors_id((uint32_t)who)));
        assert_true(fabsf(got[i].score - best) < 1e-5f && got[i].score <= previous);
        previous = got[i].score;
    }
    for (int id = 0; id < IDS; id++)
        live += counts[id] && (!even || id % 2 == 0);
    assert_int_equal(found, live < k ? live : k);
}

static void random_changes_against_a_model(void **state)
{
    (void)state;
    size_t held = tb_secret_held(), live = 0;
    tb_gallery *gallery;
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, DIMENSION, &gallery), TB_OK);
    uint32_t dice = 7;
    memset(counts, 0, sizeof counts);
    for (uint32_t step = 0; step < 6000; step++) {
        uint32_t id = draw(&dice) % IDS, action = draw(&dice) % 10, growing = step % 3000 < 1500;
        if (action < (growing ? 7u : 2u)) {
            live += counts[id] == 0;
            counts[id] = (uint8_t)(1 + draw(&dice) % MOST);
            for (int t = 0; t < counts[id]; t++)
                templates[id][t] = vectors_template(draw(&dice), DIMENSION);
            assert_int_equal(tb_gallery_put(gallery, vectors_id(id), templates[id], counts[id]), TB_OK);
        } else {
            assert_int_equal(tb_gallery_remove(gallery, vectors_id(id)), counts[id] ? TB_OK : TB_NOT_FOUND);
            live -= counts[id] != 0;
            counts[id] = 0;
        }
        assert_int_equal(tb_gallery_count(gallery), live);
        if (step % 150 == 0)
            check_search(gallery, step, 1 + (int)(step / 150 % 7), step / 150 % 3 == 0);
    }
    tb_gallery_clear(gallery);
    assert_int_equal(tb_gallery_count(gallery), 0);
    assert_int_equal(tb_secret_held(), held);
    memset(counts, 0, sizeof counts);
    check_search(gallery, 1, 3, 0);
    tb_gallery_free(&gallery);
    assert_null(gallery);
    assert_int_equal(tb_secret_held(), held);
}

static void what_does_not_belong_is_refused(void **state)
{
    (void)state;
    tb_gallery *gallery;
    assert_int_equal(tb_gallery_new(0, DIMENSION, &gallery), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, 0, &gallery), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, 4000, &gallery), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, DIMENSION, &gallery), TB_OK);
    tb_template good[6], other;
    for (uint32_t i = 0; i < 6; i++)
        good[i] = vectors_template(i, DIMENSION);
    assert_int_equal(tb_gallery_put(gallery, vectors_id(1), good, 2), TB_OK);
    assert_int_equal(tb_gallery_put(gallery, vectors_id(1), good, 0), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_gallery_put(gallery, vectors_id(1), good, 6), TB_INVALID_ARGUMENT);
    other = good[2];
    other.model++;
    tb_template mixed[2] = {good[3], other};
    assert_int_equal(tb_gallery_put(gallery, vectors_id(1), mixed, 2), TB_OTHER_MODEL);
    mixed[1] = good[2];
    mixed[1].values[0] = NAN;
    assert_int_equal(tb_gallery_put(gallery, vectors_id(1), mixed, 2), TB_INVALID_ARGUMENT);
    tb_candidate got;
    int found;
    assert_int_equal(tb_gallery_search(gallery, &other, 1, NULL, NULL, &got, &found), TB_OTHER_MODEL);
    assert_int_equal(tb_gallery_search(gallery, &good[1], 0, NULL, NULL, &got, &found), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_gallery_search(gallery, &good[1], 1, NULL, NULL, &got, &found), TB_OK);
    assert_int_equal(found, 1);
    assert_true(got.score > 0.9999f); /* what was there before the refusals is there still */
    tb_gallery_free(&gallery);
}

struct traffic {
    tb_gallery *gallery;
    atomic_int stop;
};

static void *search_on(void *argument)
{
    struct traffic *traffic = argument;
    tb_template probe = vectors_template(1, DIMENSION);
    long searches = 0;
    for (; !atomic_load(&traffic->stop) || searches == 0; searches++) {
        tb_candidate got;
        int found;
        if (tb_gallery_search(traffic->gallery, &probe, 1, NULL, NULL, &got, &found) != TB_OK || found != 1 ||
            got.score < 0.999f)
            return (void *)-1L;
    }
    return (void *)searches;
}

/* Id 1 never leaves: each search, whatever is written meanwhile, must find it. */
static void searching_while_writing(void **state)
{
    (void)state;
    struct traffic traffic = {0};
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, DIMENSION, &traffic.gallery), TB_OK);
    tb_template one = vectors_template(1, DIMENSION);
    assert_int_equal(tb_gallery_put(traffic.gallery, vectors_id(1), &one, 1), TB_OK);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, search_on, &traffic), 0);
    for (uint32_t step = 0; step < 1500; step++) {
        tb_template some = vectors_template(step + 10, DIMENSION);
        assert_int_equal(tb_gallery_put(traffic.gallery, vectors_id(2 + step % 300), &some, 1), TB_OK);
        if (step % 3 == 0)
            assert_int_equal(tb_gallery_remove(traffic.gallery, vectors_id(2 + step % 300)), TB_OK);
    }
    atomic_store(&traffic.stop, 1);
    for (int i = 0; i < 2; i++) {
        void *searches;
        assert_int_equal(pthread_join(threads[i], &searches), 0);
        assert_true((long)searches > 0);
    }
    tb_gallery_free(&traffic.gallery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_changes_against_a_model),
                                       cmocka_unit_test(what_does_not_belong_is_refused),
                                       cmocka_unit_test(searching_while_writing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
