/* Resize, crop, fit, warp: numbers that can be worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <tebura/image.h>
#include <tebura/secret.h>

#include "encoded.h"

static void shrinking_averages_the_area(void **state)
{
    (void)state;
    tb_image from, out;
    assert_int_equal(tb_image_new(3, 1, &from), TB_OK);
    const uint8_t pixels[9] = {0, 0, 0, 90, 90, 90, 240, 240, 240};
    for (int i = 0; i < 9; i++)
        from.data[i] = pixels[i];
    assert_int_equal(tb_image_resize(&from, 2, 1, &out), TB_OK); /* each target pixel covers one and a half */
    assert_int_equal(out.data[0], 30);                           /* (0 + 90/2) / 1.5 */
    assert_int_equal(out.data[3], 190);                          /* (90/2 + 240) / 1.5 */
    tb_image_free(&out);
    assert_int_equal(tb_image_resize(&from, 1, 1, &out), TB_OK);
    assert_int_equal(out.data[0], 110);
    tb_image_free(&out);
    assert_int_equal(tb_image_resize(&from, 6, 2, &out), TB_OK); /* growing: centres at -0.25, 0.25, 0.75, ... */
    assert_int_equal(out.data[0], 0);
    assert_int_equal(out.data[3], 23); /* 0.25 * 90 = 22.5, rounded */
    assert_int_equal(out.data[15], 240);
    tb_image_free(&out);
    assert_int_equal(tb_image_resize(&from, 0, 4, &out), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_image_resize(&from, 1 << 20, 1 << 20, &out), TB_TOO_LARGE);
    tb_image_free(&from);
}

static void cropping_repeats_the_border(void **state)
{
    (void)state;
    tb_image from = encoded_pattern(10, 8), out;
    assert_int_equal(tb_image_crop(&from, (tb_box){-3, -2, 16, 12}, &out), TB_OK);
    assert_int_equal(out.width, 16);
    for (int y = 0; y < 12; y++)
        for (int x = 0; x < 16; x++) {
            int u = x - 3 < 0 ? 0 : x - 3 > 9 ? 9 : x - 3, v = y - 2 < 0 ? 0 : y - 2 > 7 ? 7 : y - 2;
            assert_memory_equal(out.data + 3 * (y * 16 + x), from.data + 3 * (v * 10 + u), 3);
        }
    tb_image_free(&out);
    assert_int_equal(tb_image_crop(&from, (tb_box){0, 0, 0, 4}, &out), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_image_crop(&from, (tb_box){NAN, 0, 4, 4}, &out), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_image_crop(&from, (tb_box){0, 0, 1e7f, 1e7f}, &out), TB_TOO_LARGE);
    tb_image_free(&from);
}

static void a_similarity_is_found_again(void **state)
{
    (void)state;
    tb_similarity wanted = {1.2f, 0.5f, -7, 30}, got;
    tb_point from[5] = {{1, 2}, {40, 3}, {20, 25}, {5, 50}, {38, 47}}, to[5];
    for (int i = 0; i < 5; i++)
        to[i] = (tb_point){wanted.a * from[i].x - wanted.b * from[i].y + wanted.tx,
                           wanted.b * from[i].x + wanted.a * from[i].y + wanted.ty};
    assert_int_equal(tb_similarity_fit(from, to, 5, &got), TB_OK);
    assert_true(fabsf(got.a - wanted.a) < 1e-4f && fabsf(got.b - wanted.b) < 1e-4f);
    assert_true(fabsf(got.tx - wanted.tx) < 1e-2f && fabsf(got.ty - wanted.ty) < 1e-2f);
    tb_point same[3] = {{5, 5}, {5, 5}, {5, 5}}, broken[2] = {{NAN, 0}, {1, 1}};
    assert_int_equal(tb_similarity_fit(same, to, 3, &got), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_similarity_fit(from, same, 3, &got), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_similarity_fit(broken, to, 2, &got), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_similarity_fit(from, to, 1, &got), TB_INVALID_ARGUMENT);
}

static void warping_by_nothing_changes_nothing(void **state)
{
    (void)state;
    tb_image from = encoded_pattern(50, 40), out;
    assert_int_equal(tb_image_warp(&from, (tb_similarity){1, 0, 0, 0}, 50, 40, &out), TB_OK);
    assert_true(encoded_distance(&from, &out) == 0);
    tb_image_free(&out);
    assert_int_equal(tb_image_warp(&from, (tb_similarity){0, 0, 5, 5}, 50, 40, &out), TB_INVALID_ARGUMENT);
    tb_image_free(&from);
}

/* There and back again by a quarter turn is exact; a large shrink equals the area average. */
static void warping_turns_and_shrinks(void **state)
{
    (void)state;
    tb_image from = encoded_pattern(60, 60), turned, back;
    assert_int_equal(tb_image_warp(&from, (tb_similarity){0, 1, 59, 0}, 60, 60, &turned), TB_OK);
    assert_memory_equal(turned.data + 3 * 59, from.data, 3); /* the origin went to the right upper corner */
    assert_int_equal(tb_image_warp(&turned, (tb_similarity){0, -1, 0, 59}, 60, 60, &back), TB_OK);
    assert_true(encoded_distance(&from, &back) == 0);
    tb_image_free(&turned);
    tb_image_free(&back);
    tb_image_free(&from);
    from = encoded_pattern(700, 700);
    float s = 1 / 7.0f; /* pixel centres: 0.5 -> 0.5 * s, so shift by (s - 1) / 2 */
    assert_int_equal(tb_image_warp(&from, (tb_similarity){s, 0, (s - 1) / 2, (s - 1) / 2}, 100, 100, &turned), TB_OK);
    assert_int_equal(tb_image_resize(&from, 100, 100, &back), TB_OK);
    assert_true(encoded_distance(&turned, &back) < 1.0);
    tb_image_free(&turned);
    tb_image_free(&back);
    tb_image_free(&from);
    assert_int_equal(tb_secret_held(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shrinking_averages_the_area), cmocka_unit_test(cropping_repeats_the_border),
        cmocka_unit_test(a_similarity_is_found_again), cmocka_unit_test(warping_by_nothing_changes_nothing),
        cmocka_unit_test(warping_turns_and_shrinks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
