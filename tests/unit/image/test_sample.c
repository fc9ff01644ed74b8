/* Straight into planes: the same pixels as through a picture, in the order and scale that was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <tebura/secret.h>

#include "encoded.h"
#include "image/sample.h"

enum { SIDE = 24, PLANE = SIDE * SIDE };

static tb_sink sink_of(float *values, tb_channels order)
{
    return (tb_sink){
        .values = values, .stride = SIDE, .plane = PLANE, .order = order, .mean = 127.5f, .factor = 1 / 128.0f};
}

/* How far the planes are from what the bytes of `image` would give; half a grey level is rounding. */
static float distance(const float *values, const tb_image *image, tb_channels order)
{
    static const int place[2][3] = {{0, 1, 2}, {2, 1, 0}};
    float worst = 0;
    for (int i = 0; i < PLANE; i++) {
        const uint8_t *at = image->data + 3 * i;
        if (order == TB_GREY)
            worst = fmaxf(worst, fabsf(values[i] * 128 + 127.5f - (0.299f * at[0] + 0.587f * at[1] + 0.114f * at[2])));
        for (int c = 0; c < 3 && order != TB_GREY; c++)
            worst = fmaxf(worst, fabsf(values[place[order][c] * PLANE + i] * 128 + 127.5f - at[c]));
    }
    return worst;
}

static void planes_equal_the_picture(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_image from = encoded_pattern(131, 97), part, small;
    tb_scratch scratch = {0};
    float values[3 * PLANE];
    const tb_box boxes[3] = {{10, 7, 71, 50}, {-9, -20, 60, 61}, {100, 60, 9, 12}}; /* inside, over a corner, growing */
    for (int i = 0; i < 9; i++) {
        tb_channels order = (tb_channels)(i / 3);
        tb_box box = boxes[i % 3];
        tb_sink sink = sink_of(values, order);
        tb_rectangle seen = {(int)box.x, (int)box.y, (int)box.width, (int)box.height};
        assert_int_equal(tb_sample_part(&from, seen, SIDE, SIDE, &sink, &scratch), TB_OK);
        assert_int_equal(tb_image_crop(&from, box, &part), TB_OK);
        assert_int_equal(tb_image_resize(&part, SIDE, SIDE, &small), TB_OK);
        assert_true(distance(values, &small, order) < 0.51f);
        tb_image_free(&small);
        tb_similarity map = {0.3f, 0.2f + 0.4f * (float)(i % 3), 3, -8};
        assert_int_equal(tb_sample_warp(&from, map, SIDE, SIDE, &sink, &scratch), TB_OK);
        assert_int_equal(tb_image_warp(&from, map, SIDE, SIDE, &small), TB_OK);
        assert_true(distance(values, &small, order) < 0.51f);
        tb_image_free(&small);
        tb_image_free(&part);
    }
    tb_scratch_free(&scratch);
    tb_image_free(&from);
    assert_int_equal(tb_secret_held(), held);
}

/* What is taken once is used again, and holds nothing after a wipe. */
static void scratch_is_used_again_and_wiped(void **state)
{
    (void)state;
    tb_image from = encoded_pattern(640, 480);
    tb_scratch scratch = {0};
    float values[PLANE];
    tb_sink sink = sink_of(values, TB_GREY);
    tb_similarity map = {0.1f, 0.05f, 0, 0};
    assert_int_equal(tb_sample_warp(&from, map, SIDE, SIDE, &sink, &scratch), TB_OK);
    size_t held = tb_secret_held();
    const uint8_t *memory = scratch.memory;
    size_t used = scratch.used;
    for (int i = 0; i < 3; i++)
        assert_int_equal(tb_sample_warp(&from, map, SIDE, SIDE, &sink, &scratch), TB_OK);
    assert_int_equal(tb_secret_held(), held);
    assert_ptr_equal(memory, scratch.memory);
    tb_scratch_wipe(&scratch);
    for (size_t i = 0; i < used; i++)
        assert_int_equal(memory[i], 0);
    tb_scratch_free(&scratch);
    tb_image_free(&from);
}

/* Sums of whole rows are kept in 16 bits: a very tall white picture must still be white, and a wide one. */
static void large_areas_do_not_overflow(void **state)
{
    (void)state;
    const int sizes[2][2] = {{3, 5000}, {5000, 3}};
    for (int i = 0; i < 2; i++) {
        tb_image from, out;
        assert_int_equal(tb_image_new(sizes[i][0], sizes[i][1], &from), TB_OK);
        memset(from.data, 255, (size_t)from.width * (size_t)from.height * 3);
        assert_int_equal(tb_image_resize(&from, 2, 2, &out), TB_OK);
        for (int k = 0; k < 12; k++)
            assert_int_equal(out.data[k], 255);
        tb_image_free(&out);
        assert_int_equal(tb_image_warp(&from, (tb_similarity){2e-6f, 0, 1, 1}, 3, 3, &out), TB_OK);
        for (int k = 0; k < 27; k++)
            assert_int_equal(out.data[k], 255);
        tb_image_free(&out);
        tb_image_free(&from);
    }
}

/* Far outside there is nothing but border. */
static void outside_is_border(void **state)
{
    (void)state;
    tb_image from = encoded_pattern(20, 10), out;
    const tb_point places[4] = {{-500, -500}, {500, -500}, {-500, 500}, {90000000, 90000000}};
    const int corners[4][2] = {{19, 9}, {0, 9}, {19, 0}, {0, 0}};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tb_image_warp(&from, (tb_similarity){1, 0, places[i].x, places[i].y}, 4, 4, &out), TB_OK);
        for (int k = 0; k < 16; k++)
            assert_memory_equal(out.data + 3 * k, from.data + 3 * (corners[i][1] * 20 + corners[i][0]), 3);
        tb_image_free(&out);
    }
    tb_image_free(&from);
}

static void impossible_parts_are_refused(void **state)
{
    (void)state;
    tb_image from = encoded_pattern(20, 10);
    tb_scratch scratch = {0};
    float values[PLANE];
    tb_sink sink = sink_of(values, TB_GREY);
    assert_int_equal(tb_sample_part(&from, (tb_rectangle){0, 0, 0, 5}, SIDE, SIDE, &sink, &scratch),
                     TB_INVALID_ARGUMENT);
    assert_int_equal(tb_sample_part(&from, (tb_rectangle){0, 0, 5, 5}, 0, SIDE, &sink, &scratch), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_sample_part(&from, (tb_rectangle){1 << 29, 0, 5, 5}, 4, 4, &sink, &scratch), TB_TOO_LARGE);
    assert_int_equal(tb_sample_part(&from, (tb_rectangle){0, 0, 1 << 20, 1 << 20}, 4, 4, &sink, &scratch),
                     TB_TOO_LARGE);
    assert_int_equal(tb_sample_warp(&from, (tb_similarity){NAN, 0, 0, 0}, 4, 4, &sink, &scratch), TB_INVALID_ARGUMENT);
    assert_null(scratch.memory); /* nothing was taken */
    tb_scratch_free(&scratch);
    tb_image_free(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planes_equal_the_picture), cmocka_unit_test(scratch_is_used_again_and_wiped),
        cmocka_unit_test(large_areas_do_not_overflow), cmocka_unit_test(outside_is_border),
        cmocka_unit_test(impossible_parts_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
