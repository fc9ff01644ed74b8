/* The Nth allocation fails while a gallery grows: the put that met it changed nothing, all before it is there still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tebura/gallery.h>
#include <tebura/secret.h>

#include "fault_wrap.h"
#include "gallery/inside.h"
#include "vectors.h"

enum { DIMENSION = 16, PEOPLE = 700 }; /* enough for several chunks, and for the index and the tables to grow */

static tb_template templates[PEOPLE];

static void assert_holds(const tb_gallery *gallery, uint32_t people)
{
    assert_int_equal(tb_gallery_count(gallery), people);
    for (uint32_t i = 0; i < people; i += 1 + people / 40) {
        tb_candidate best;
        int found;
        assert_int_equal(tb_gallery_search(gallery, &templates[i], 1, NULL, NULL, &best, &found), TB_OK);
        assert_int_equal(found, 1);
        assert_true(tb_id_equal(best.id, vectors_id(i)) && best.score > 0.999f);
    }
}

/* Puts everybody; answers how many were put before the first failure. */
static uint32_t fill(tb_gallery *gallery, tb_status *status)
{
    uint32_t i = 0;
    for (*status = TB_OK; i < PEOPLE && *status == TB_OK; i++)
        *status = tb_gallery_put(gallery, vectors_id(i), &templates[i], 1);
    return *status == TB_OK ? i : i - 1;
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PEOPLE; i++)
        templates[i] = vectors_template(i + 1, DIMENSION);
    size_t held = tb_secret_held();
    int n = 1;
    for (;; n++) {
        tb_gallery *gallery = NULL;
        fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_gallery_new(VECTORS_MODEL, DIMENSION, &gallery);
        uint32_t put = status == TB_OK ? fill(gallery, &status) : 0;
        fault_disarm();
        int fired = fault_fired();
        assert_int_equal(status, fired ? TB_NO_MEMORY : TB_OK);
        if (gallery) {
            assert_holds(gallery, put);
            put = fill(gallery, &status); /* and now it goes on as if nothing had been */
            assert_int_equal(status, TB_OK);
            assert_holds(gallery, PEOPLE);
        }
        tb_gallery_free(&gallery);
        assert_int_equal(tb_secret_held(), held);
        if (!fired)
            break;
    }
    assert_true(n > 6);
}

/* The first chunk that is not alone brings a block for several. */
static void a_block_without_memory(void **state)
{
    (void)state;
    enum { ALONE = TB_CHUNKS_ALONE * TB_CHUNK_ROWS };
    tb_gallery *gallery = NULL;
    tb_status status = TB_OK;
    size_t held = tb_secret_held();
    uint32_t i = 0;
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, DIMENSION, &gallery), TB_OK);
    for (; i < ALONE; i++)
        assert_int_equal(tb_gallery_put(gallery, vectors_id(i), &templates[i % PEOPLE], 1), TB_OK);
    for (int n = 1; n < 9 && (n == 1 || status != TB_OK); n++) {
        size_t before = tb_secret_held();
        fault_arm(FAULT_MEMORY, n);
        status = tb_gallery_put(gallery, vectors_id(i), &templates[1], 1);
        fault_disarm();
        assert_int_equal(status, fault_fired() ? TB_NO_MEMORY : TB_OK);
        assert_int_equal(tb_gallery_count(gallery), ALONE + (status == TB_OK));
        assert_int_equal(tb_secret_held() - before, status == TB_OK ? gallery->block_bytes : 0);
        assert_true(n > 1 || status == TB_NO_MEMORY);
    }
    assert_int_equal(status, TB_OK);
    tb_gallery_free(&gallery);
    assert_int_equal(tb_secret_held(), held);
}

/* A batch needs room to work in: without it, it says so, and the next one works. */
static void a_batch_without_memory(void **state)
{
    (void)state;
    enum { PROBES = 80 };
    static tb_candidate out[PROBES];
    int found[PROBES];
    tb_gallery *gallery = NULL;
    tb_status status;
    tb_gallery_query query = {.k = 1};
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, DIMENSION, &gallery), TB_OK);
    assert_int_equal(fill(gallery, &status), PEOPLE);
    fault_arm(FAULT_MEMORY, 1);
    status = tb_gallery_search_batch(gallery, templates, PROBES, &query, out, found);
    fault_disarm();
    assert_int_equal(status, TB_NO_MEMORY);
    for (int i = 0; i < PROBES; i++)
        assert_int_equal(found[i], 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(tb_gallery_search_batch(gallery, templates, PROBES, &query, out, found), TB_OK);
        for (uint32_t i = 0; i < PROBES; i++)
            assert_true(found[i] == 1 && tb_id_equal(out[i].id, vectors_id(i)));
        fault_arm(FAULT_MEMORY, 1); /* and the one after it takes none; nor does a single search */
    }
    assert_int_equal(tb_gallery_search(gallery, &templates[0], 1, NULL, NULL, out, found), TB_OK);
    fault_disarm();
    assert_int_equal(fault_fired(), 0);
    tb_gallery_free(&gallery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_fails_once),
                                       cmocka_unit_test(a_block_without_memory),
                                       cmocka_unit_test(a_batch_without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
