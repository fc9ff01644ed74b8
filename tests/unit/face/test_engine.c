/* The whole pipeline with the real networks on real photographs: the demo pictures, and ../shared/faces where it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/face.h>
#include <tebura/secret.h>

#include "encoded.h"
#include "photos.h"

static tb_engine *engine;
static size_t held_before;

static int open_engine(void **state)
{
    (void)state;
    held_before = tb_secret_held();
    tb_error why = {0};
    if (tb_engine_open(NULL, &engine, &why) == TB_OK)
        return 0;
    print_error("%s\n", tb_error_text(&why));
    return -1;
}

static int close_engine(void **state)
{
    (void)state;
    tb_engine_free(&engine);
    return engine == NULL && tb_secret_held() == held_before ? 0 : -1; /* nothing of anybody is left */
}

static int detect(const tb_image *image, tb_face faces[TB_FACES_MAX])
{
    int count;
    assert_int_equal(tb_engine_detect(engine, image, faces, &count), TB_OK);
    return count;
}

/* 22 faces in the six group photographs; the woman at the right of the first is the one in the middle of the third. */
static void groups_are_counted_and_told_apart(void **state)
{
    (void)state;
    static const int wanted[6] = {3, 3, 3, 4, 5, 4};
    static tb_template templates[22];
    int total = 0, like = 0;
    for (int picture = 1; picture <= 6; picture++) {
        tb_image image = photos_demo(picture);
        tb_face faces[TB_FACES_MAX];
        int count = detect(&image, faces);
        assert_int_equal(count, wanted[picture - 1]);
        for (int i = 0; i < count; i++) {
            assert_true(faces[i].has_landmarks);
            assert_true(i == 0 || faces[i].score <= faces[i - 1].score);
            assert_int_equal(tb_engine_template(engine, &image, &faces[i], &templates[total++]), TB_OK);
        }
        tb_image_free(&image);
    }
    for (int a = 0; a < total; a++)
        for (int b = 0; b < a; b++) {
            float score;
            assert_int_equal(tb_template_compare(&templates[a], &templates[b], &score), TB_OK);
            if (score > 0.5f)
                like++;
            else
                assert_true(score < 0.46f);
        }
    assert_int_equal(like, 1);
}

/* The engine's own buffers grow to what they need and then stay: nothing more is held after any number of pictures. */
static void nothing_more_is_held_after_the_first(void **state)
{
    (void)state;
    size_t held = 0;
    for (int round = 0; round < 3; round++) {
        tb_image image = photos_demo(2);
        tb_face faces[TB_FACES_MAX];
        tb_template template;
        float live;
        assert_int_equal(detect(&image, faces), 3);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(tb_engine_liveness(engine, &image, &faces[i], &live), TB_OK);
            assert_int_equal(tb_engine_template(engine, &image, &faces[i], &template), TB_OK);
        }
        tb_image_free(&image);
        held = round ? held : tb_secret_held();
        assert_int_equal(tb_secret_held(), held);
    }
}

static tb_template template_of(const char *set, const char *person, int number, const char *ext)
{
    tb_image image = photos_read(set, person, number, ext);
    tb_face faces[TB_FACES_MAX];
    tb_template out;
    int count = detect(&image, faces), best = 0;
    assert_true(count >= 1);
    for (int i = 1; i < count; i++)
        best = faces[i].box.height > faces[best].box.height ? i : best;
    assert_int_equal(tb_engine_template(engine, &image, &faces[best], &out), TB_OK);
    tb_image_free(&image);
    return out;
}

static void same_people_match_and_others_do_not(void **state)
{
    (void)state;
    if (!photos_folder()) {
        print_message("skipped: ../shared/faces is not on this machine\n");
        skip();
    }
    static const char *const people[4] = {"p1", "p2", "p3", "p4"};
    static tb_template templates[4][3];
    float limit = tb_engine_calibration(engine)->verification, score;
    for (int p = 0; p < 4; p++)
        for (int n = 0; n < 3; n++)
            templates[p][n] = template_of("photos", people[p], n + 1, "jpg");
    for (int a = 0; a < 12; a++)
        for (int b = 0; b < a; b++) {
            assert_int_equal(tb_template_compare(&templates[a / 3][a % 3], &templates[b / 3][b % 3], &score), TB_OK);
            assert_int_equal(score >= limit, a / 3 == b / 3);
        }
}

static void good_photographs_pass(void **state)
{
    (void)state;
    if (!photos_folder()) {
        print_message("skipped: ../shared/faces is not on this machine\n");
        skip();
    }
    for (int p = 1; p <= 4; p++) {
        char person[3] = {'p', (char)('0' + p), '\0'};
        tb_image image = photos_read("photos", person, 1, "jpg");
        tb_capture *capture = tb_secret_alloc(sizeof *capture);
        assert_int_equal(tb_engine_capture(engine, &image, 1, capture), TB_OK);
        assert_true(capture->quality.unified > 60 && capture->live > 0.5f);
        assert_int_equal(capture->template.model, tb_engine_model(engine));
        assert_int_equal(capture->template.quality, capture->quality.unified);
        tb_secret_free(capture);
        tb_image_free(&image);
    }
}

static tb_status capture(const tb_image *image, int with_liveness)
{
    tb_capture *out = tb_secret_alloc(sizeof *out);
    tb_status status = tb_engine_capture(engine, image, with_liveness, out);
    assert_true(status == TB_OK || out->template.dimension == 0); /* no template of a refused capture */
    tb_secret_free(out);
    return status;
}

/* The lowest face of the fifth demo picture, frontal, with room round it. */
static tb_image one_person(void)
{
    tb_image image = photos_demo(5), out;
    tb_face faces[TB_FACES_MAX];
    assert_int_equal(detect(&image, faces), 5);
    int best = 0;
    for (int i = 1; i < 5; i++)
        best = faces[i].box.y > faces[best].box.y ? i : best;
    tb_box box = faces[best].box;
    tb_box room = {box.x - 0.35f * box.width, box.y - 0.25f * box.height, 1.7f * box.width, 1.6f * box.height};
    assert_int_equal(tb_image_crop(&image, room, &out), TB_OK);
    tb_image_free(&image);
    return out;
}

static void blur(tb_image *image, int times)
{
    tb_image small, back;
    assert_int_equal(tb_image_resize(image, image->width / times, image->height / times, &small), TB_OK);
    assert_int_equal(tb_image_resize(&small, image->width, image->height, &back), TB_OK);
    tb_image_free(&small);
    tb_image_free(image);
    *image = back;
}

static void scale_light(tb_image *image, float factor, float lift)
{
    for (int i = 0; i < 3 * image->width * image->height; i++)
        image->data[i] = (uint8_t)fminf(255, image->data[i] * factor + lift);
}

static void each_thing_to_mend_has_its_own_answer(void **state)
{
    (void)state;
    tb_image image = encoded_pattern(640, 480);
    assert_int_equal(capture(&image, 0), TB_RETRY_NO_FACE);
    tb_image_free(&image);
    image = photos_demo(1);
    assert_int_equal(capture(&image, 0), TB_RETRY_SEVERAL_FACES);
    tb_image_free(&image);

    image = one_person();
    assert_int_equal(capture(&image, 0), TB_OK);
    tb_image half;
    assert_int_equal(
        tb_image_crop(&image, (tb_box){0.42f * (float)image.width, 0, 0.58f * (float)image.width, (float)image.height},
                      &half),
        TB_OK);
    assert_int_equal(capture(&half, 0), TB_RETRY_FACE_AT_BORDER);
    tb_image_free(&half);
    assert_int_equal(tb_image_resize(&image, 48, 64, &half), TB_OK);
    assert_int_equal(capture(&half, 0), TB_RETRY_TOO_FAR);
    tb_image_free(&half);
    tb_image dark = {0}, bright = {0};
    assert_int_equal(tb_image_copy(&image, &dark), TB_OK);
    scale_light(&dark, 0.17f, 0);
    assert_int_equal(capture(&dark, 0), TB_RETRY_TOO_DARK);
    assert_int_equal(tb_image_copy(&image, &bright), TB_OK);
    scale_light(&bright, 1.6f, 170);
    assert_int_equal(capture(&bright, 0), TB_RETRY_TOO_BRIGHT);
    blur(&image, 18);
    assert_int_equal(capture(&image, 0), TB_RETRY_BLURRED);
    tb_image_free(&image);
    tb_image_free(&dark);
    tb_image_free(&bright);
}

/* A picture turned on its side by the camera, upright by EXIF: the face is found as in the upright one. */
static void a_turned_photograph_with_exif_is_upright(void **state)
{
    (void)state;
    tb_image image = one_person(), turned, again;
    float height = (float)image.height - 1; /* a quarter turn: what EXIF 8 undoes */
    assert_int_equal(tb_image_warp(&image, (tb_similarity){0, 1, height, 0}, image.height, image.width, &turned),
                     TB_OK);
    tb_bytes jpeg = encoded_jpeg(&turned, "rgb", 8);
    tb_error why = {0};
    assert_int_equal(tb_image_decode(tb_bytes_span(&jpeg), &again, &why), TB_OK);
    assert_true(encoded_distance(&image, &again) < 4);
    assert_int_equal(capture(&again, 0), TB_OK);
    tb_bytes_free(&jpeg);
    tb_image_free(&image);
    tb_image_free(&turned);
    tb_image_free(&again);
}

static void liveness_is_refused_where_it_was_not_loaded(void **state)
{
    (void)state;
    tb_engine *without;
    tb_error why = {0};
    assert_int_equal(tb_engine_open(&(tb_engine_options){.without_liveness = 1}, &without, &why), TB_OK);
    tb_image image = one_person();
    tb_capture *out = tb_secret_alloc(sizeof *out);
    assert_int_equal(tb_engine_capture(without, &image, 1, out), TB_UNSUPPORTED); /* closed, not open */
    assert_int_equal(out->template.dimension, 0);
    tb_secret_free(out);
    tb_image_free(&image);
    tb_engine_free(&without);
}

/* The same picture twice is the same template, whatever was seen between. */
static void nothing_is_carried_over(void **state)
{
    (void)state;
    tb_image image = one_person(), other = photos_demo(2);
    tb_capture *first = tb_secret_alloc(sizeof *first), *second = tb_secret_alloc(sizeof *second);
    tb_face faces[TB_FACES_MAX];
    assert_int_equal(tb_engine_capture(engine, &image, 0, first), TB_OK);
    (void)detect(&other, faces);
    assert_int_equal(tb_engine_capture(engine, &image, 0, second), TB_OK);
    assert_memory_equal(first, second, sizeof *first);
    tb_secret_free(first);
    tb_secret_free(second);
    tb_image_free(&image);
    tb_image_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(groups_are_counted_and_told_apart),
                                       cmocka_unit_test(nothing_more_is_held_after_the_first),
                                       cmocka_unit_test(same_people_match_and_others_do_not),
                                       cmocka_unit_test(good_photographs_pass),
                                       cmocka_unit_test(each_thing_to_mend_has_its_own_answer),
                                       cmocka_unit_test(a_turned_photograph_with_exif_is_upright),
                                       cmocka_unit_test(liveness_is_refused_where_it_was_not_loaded),
                                       cmocka_unit_test(nothing_is_carried_over)};
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
