/* What is removed, replaced or moved is wiped where it lay: looked for in the chunks' own memory. Ids keep their
 * entries while an index of thousands grows and shrinks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <tebura/secret.h>

#include "gallery/inside.h"
#include "vectors.h"

enum { DIMENSION = 48, PEOPLE = 1400 };

static int is_wiped(const void *memory, size_t size)
{
    const uint8_t *bytes = memory;
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return 0;
    return 1;
}

/* I1, and nothing of the template in any row. */
static void assert_clean(const tb_gallery *gallery, const tb_template *gone)
{
    size_t rows = atomic_load(&gallery->rows);
    for (size_t i = 0; i < gallery->chunks_made; i++) {
        const tb_chunk *chunk = tb_gallery_chunk(gallery, i);
        size_t left = rows > i * TB_CHUNK_ROWS ? rows - i * TB_CHUNK_ROWS : 0;
        size_t live = left < TB_CHUNK_ROWS ? left : TB_CHUNK_ROWS, dead = TB_CHUNK_ROWS - live;
        assert_int_equal(chunk->rows, live);
        assert_true(is_wiped(chunk->codes + live * gallery->code_stride, dead * gallery->code_stride));
        assert_true(is_wiped(chunk->floats + live * gallery->stride, dead * gallery->stride * sizeof(float)));
        assert_true(is_wiped(chunk->scales + live, dead * sizeof(float)));
        assert_true(is_wiped(chunk->residuals + live, dead * sizeof(float)));
        assert_true(is_wiped(chunk->tags + live, dead * sizeof(uint64_t)));
        assert_true(is_wiped(chunk->ids + live, dead * sizeof(tb_id)));
        for (size_t row = 0; gone && row < live; row++)
            assert_memory_not_equal(chunk->floats + row * gallery->stride, gone->values, 8 * sizeof(float));
    }
}

/* I2 and I3, of all rows. */
static void assert_indexed(const tb_gallery *gallery)
{
    for (size_t row = 0; row < atomic_load(&gallery->rows); row++) {
        const tb_chunk *chunk = tb_gallery_chunk(gallery, row / TB_CHUNK_ROWS);
        const tb_entry *entry = tb_index_find(&gallery->index, chunk->ids[row % TB_CHUNK_ROWS]);
        int named = 0;
        assert_non_null(entry);
        assert_true(entry->count >= 1 && entry->count <= TB_ROWS_PER_ID);
        for (uint32_t i = 0; i < entry->count; i++)
            named += entry->rows[i] == row;
        assert_int_equal(named, 1);
    }
}

static void add(tb_gallery *gallery, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i < last; i++) {
        tb_template made = vectors_template(i, DIMENSION);
        assert_int_equal(tb_gallery_put_tagged(gallery, vectors_id(i), &made, 1, 5), TB_OK);
    }
}

static tb_gallery *fill(void)
{
    tb_gallery *gallery;
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, DIMENSION, &gallery), TB_OK);
    add(gallery, 0, PEOPLE);
    return gallery;
}

static void removed_rows_are_wiped(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_gallery *gallery = fill();
    assert_clean(gallery, NULL);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        uint32_t who = i % 2 ? i : PEOPLE - 2 - i; /* front and back in turns: holes and last rows */
        tb_template gone = vectors_template(who, DIMENSION);
        assert_int_equal(tb_gallery_remove(gallery, vectors_id(who)), TB_OK);
        if (i % 50 == 0 || i > PEOPLE - 4) {
            assert_clean(gallery, &gone);
            assert_indexed(gallery);
        }
    }
    assert_int_equal(tb_gallery_count(gallery), 0);
    assert_true(tb_secret_held() > held); /* one spare chunk */
    assert_int_equal(gallery->chunks_made, 1);
    tb_gallery_free(&gallery);
    assert_int_equal(tb_secret_held(), held);
}

static void replaced_rows_are_written_over_in_place(void **state)
{
    (void)state;
    tb_gallery *gallery = fill();
    tb_template new[TB_ROWS_PER_ID], old = vectors_template(300, DIMENSION);
    for (uint32_t i = 0; i < TB_ROWS_PER_ID; i++)
        new[i] = vectors_template(9000 + i, DIMENSION);
    uint32_t place = tb_index_find(&gallery->index, vectors_id(300))->rows[0];
    assert_int_equal(tb_gallery_put(gallery, vectors_id(300), new, 4), TB_OK);
    assert_int_equal(tb_index_find(&gallery->index, vectors_id(300))->rows[0], place); /* I6 */
    assert_clean(gallery, &old);
    assert_indexed(gallery);
    assert_int_equal(tb_gallery_put(gallery, vectors_id(300), new + 4, 1), TB_OK);
    assert_int_equal(tb_index_find(&gallery->index, vectors_id(300))->rows[0], place);
    for (int i = 0; i < 4; i++)
        assert_clean(gallery, &new[i]);
    assert_indexed(gallery);
    assert_int_equal(atomic_load(&gallery->rows), PEOPLE);
    tb_gallery_free(&gallery);
}

/* Of everybody from `first` on, one row each, in the order in which they were put. */
static void assert_whole(const tb_gallery *gallery, uint32_t first, uint32_t last)
{
    _Alignas(64) float values[DIMENSION];
    _Alignas(64) int8_t codes[TB_CODE_BYTES];
    for (uint32_t i = first; i < last; i++) {
        const tb_chunk *chunk = tb_gallery_chunk(gallery, i / TB_CHUNK_ROWS);
        size_t row = i % TB_CHUNK_ROWS;
        tb_template made = vectors_template(i, DIMENSION);
        tb_code code;
        assert_int_equal(tb_gallery_encode(gallery, &made, values, codes, &code), TB_OK);
        for (size_t c = 0; c < gallery->code_stride; c++)
            codes[c] = (int8_t)((uint8_t)codes[c] ^ TB_CODE_ZERO);
        assert_memory_equal(chunk->floats + row * gallery->stride, values, sizeof values);
        assert_memory_equal(chunk->codes + row * gallery->code_stride, codes, gallery->code_stride);
        assert_true(chunk->scales[row] == code.scale && chunk->residuals[row] == code.residual);
        assert_true(tb_id_equal(chunk->ids[row], vectors_id(i)) && chunk->tags[row] == 5);
    }
}

/* Behind the first chunks, which lie alone, several share a block, upside down: nothing lies where something else
 * does, and a block comes with its first chunk and goes with it. */
static void chunks_that_share_a_block(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_gallery *gallery;
    assert_int_equal(tb_gallery_new(VECTORS_MODEL, DIMENSION, &gallery), TB_OK);
    uint32_t alone = TB_CHUNKS_ALONE * TB_CHUNK_ROWS, block = (uint32_t)gallery->block_chunks * TB_CHUNK_ROWS;
    uint32_t people = alone + block + TB_CHUNK_ROWS + 30;
    add(gallery, 0, alone);
    size_t small = gallery->held, before = tb_secret_held();
    add(gallery, alone, people);
    assert_int_equal(tb_secret_held() - before, 2 * gallery->block_bytes);
    assert_int_equal(gallery->held, small + 2 * gallery->block_bytes);
    assert_whole(gallery, 0, people);
    assert_clean(gallery, NULL);
    const tb_chunk *lower = tb_gallery_chunk(gallery, TB_CHUNKS_ALONE), *upper = lower + 1;
    assert_ptr_equal(upper->codes + TB_CHUNK_ROWS * gallery->code_stride, lower->codes);
    for (uint32_t i = people; i-- > alone;) {
        assert_int_equal(tb_gallery_remove(gallery, vectors_id(i)), TB_OK);
        if (i % 700 == 0)
            assert_clean(gallery, NULL);
    }
    assert_int_equal(tb_secret_held() - before, gallery->block_bytes); /* one spare chunk */
    add(gallery, alone, alone + block);
    assert_whole(gallery, alone, alone + block);
    for (uint32_t i = alone + block; i-- > alone - TB_CHUNK_ROWS;)
        assert_int_equal(tb_gallery_remove(gallery, vectors_id(i)), TB_OK);
    assert_int_equal(tb_secret_held(), before);
    assert_int_equal(gallery->held, small);
    assert_whole(gallery, 0, alone - TB_CHUNK_ROWS);
    add(gallery, alone - TB_CHUNK_ROWS, people);
    tb_gallery_clear(gallery);
    assert_int_equal(tb_secret_held(), held);
    tb_gallery_free(&gallery);
}

static void an_index_of_thousands(void **state)
{
    (void)state;
    enum { IDS = 20000 };
    static char there[IDS];
    tb_index index;
    uint32_t dice = 5;
    size_t count = 0;
    tb_index_init(&index);
    assert_null(tb_index_find(&index, vectors_id(1)));
    for (uint32_t step = 0; step < 120000; step++) {
        dice = dice * 1664525u + 1013904223u;
        uint32_t who = (dice >> 8) % IDS;
        tb_entry *entry = tb_index_find(&index, vectors_id(who));
        assert_int_equal(entry != NULL, there[who]);
        if (entry && (step / 40000 == 1 || step % 3 == 0)) {
            assert_int_equal(entry->rows[0], who);
            tb_index_drop(&index, entry);
            there[who] = 0;
            count--;
        } else if (!entry) {
            assert_int_equal(tb_index_reserve(&index), TB_OK);
            entry = tb_index_add(&index, vectors_id(who));
            entry->rows[0] = who;
            there[who] = 1;
            count++;
        }
        assert_int_equal(index.count, count);
    }
    assert_true(count > IDS / 2);
    tb_index_free(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(removed_rows_are_wiped), cmocka_unit_test(replaced_rows_are_written_over_in_place),
        cmocka_unit_test(chunks_that_share_a_block), cmocka_unit_test(an_index_of_thousands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
