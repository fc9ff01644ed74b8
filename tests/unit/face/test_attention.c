/* Head pose and open eyes, by their networks, on real photographs and their mirror images: which eyes are open and how
 * the heads are turned was seen by a person, not by a program. */
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

#include "photos.h"

static tb_engine *engine;
static size_t held_before;

static int open_engine(void **state)
{
    (void)state;
    held_before = tb_secret_held();
    tb_error why = {0};
    tb_engine_options options = {.without_liveness = 1, .with_pose = 1, .with_eyes = 1};
    if (tb_engine_open(&options, &engine, &why) == TB_OK)
        return 0;
    print_error("%s\n", tb_error_text(&why));
    return -1;
}

static int close_engine(void **state)
{
    (void)state;
    tb_engine_free(&engine);
    return tb_secret_held() == held_before ? 0 : -1;
}

static void mirror(tb_image *image)
{
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width / 2; x++) {
            uint8_t *row = image->data + 3 * (size_t)y * (size_t)image->width, pixel[3];
            uint8_t *left = row + 3 * (size_t)x, *right = row + 3 * (size_t)(image->width - 1 - x);
            memcpy(pixel, left, 3);
            memcpy(left, right, 3);
            memcpy(right, pixel, 3);
        }
}

/* The faces from left to right, as a person counts them. */
static int by_place(const void *a, const void *b)
{
    float x = ((const tb_face *)a)->box.x, y = ((const tb_face *)b)->box.x;
    return (x > y) - (x < y);
}

static int detect(const tb_image *image, tb_face faces[TB_FACES_MAX])
{
    int count;
    assert_int_equal(tb_engine_detect(engine, image, faces, &count), TB_OK);
    qsort(faces, (size_t)count, sizeof *faces, by_place);
    return count;
}

/* As a person sees the demo pictures, each from left to right. Yaw: '+' clearly to their own left, '-' to their right.
 * Pitch: '+' clearly down, '-' up. Eyes: 'o' both open, 'c' both closed (or looking down with lowered lids). '.' is not
 * asked: too close to frontal, or hard to say. */
static const struct {
    const char *yaw, *pitch, *eyes;
} seen[6] = {{"-..", ".+.", ".co"},    {"-..", ".++", "ccc"},       {"...", "...", "ooo"},
             {"+.-.", "..+.", "ooco"}, {".+..-", "...-.", ".oo.o"}, {"....", "..+.", "oooo"}};

static void heads_turn_as_people_see_it(void **state)
{
    (void)state;
    for (int picture = 1; picture <= 6; picture++) {
        tb_image image = photos_demo(picture);
        tb_face faces[TB_FACES_MAX];
        int count = detect(&image, faces);
        assert_int_equal(count, strlen(seen[picture - 1].yaw));
        for (int i = 0; i < count; i++) {
            tb_pose pose;
            assert_int_equal(tb_engine_pose(engine, &image, &faces[i], &pose), TB_OK);
            float yaw = seen[picture - 1].yaw[i] == '-' ? -pose.yaw : pose.yaw;
            float pitch = seen[picture - 1].pitch[i] == '-' ? -pose.pitch : pose.pitch;
            assert_true(seen[picture - 1].yaw[i] == '.' ? fabsf(pose.yaw) < 45 : yaw > 20);
            assert_true(seen[picture - 1].pitch[i] == '.' || pitch > 10);
            /* roll can be read off the eyes, too, where the face is seen from the front */
            tb_quality quality;
            assert_int_equal(tb_engine_quality(engine, &image, &faces[i], &quality), TB_OK);
            if (fabsf(pose.yaw) < 20)
                assert_true(fabsf(pose.roll - quality.roll) < 16);
        }
        tb_image_free(&image);
    }
}

static void a_mirrored_head_turns_the_other_way(void **state)
{
    (void)state;
    float worst = 0, sum = 0;
    int total = 0;
    for (int picture = 1; picture <= 6; picture++) {
        tb_image image = photos_demo(picture);
        tb_face faces[TB_FACES_MAX];
        tb_pose pose[TB_FACES_MAX], mirrored;
        int count = detect(&image, faces);
        for (int i = 0; i < count; i++)
            assert_int_equal(tb_engine_pose(engine, &image, &faces[i], &pose[i]), TB_OK);
        mirror(&image);
        for (int i = 0; i < count; i++, total++) {
            tb_face face = faces[i];
            face.box.x = (float)image.width - face.box.x - face.box.width;
            assert_int_equal(tb_engine_pose(engine, &image, &face, &mirrored), TB_OK);
            float apart = fabsf(pose[i].yaw + mirrored.yaw);
            assert_true(fabsf(pose[i].pitch - mirrored.pitch) < 15);
            assert_true(fabsf(pose[i].roll + mirrored.roll) < 20);
            worst = fmaxf(worst, apart);
            sum += apart;
        }
        tb_image_free(&image);
    }
    print_message("yaw and mirrored yaw differ by %.1f degrees on average, %.1f at most, %d faces\n",
                  (double)(sum / (float)total), (double)worst, total);
    assert_true(sum / (float)total < 5 && worst < 25);
}

static void eyes_open_and_closed_as_people_see_them(void **state)
{
    (void)state;
    for (int picture = 1; picture <= 6; picture++) {
        tb_image image = photos_demo(picture);
        tb_face faces[TB_FACES_MAX];
        int count = detect(&image, faces);
        for (int i = 0; i < count; i++) {
            float open[2];
            assert_int_equal(tb_engine_eyes(engine, &image, &faces[i], open), TB_OK);
            for (int eye = 0; eye < 2 && seen[picture - 1].eyes[i] != '.'; eye++)
                assert_true(seen[picture - 1].eyes[i] == 'o' ? open[eye] > 0.9f : open[eye] < 0.1f);
        }
        tb_image_free(&image);
    }
}

/* The left eye of the picture comes first: one eye is painted over with the skin of its lid (a simulation). */
static void the_left_eye_comes_first(void **state)
{
    (void)state;
    tb_image image = photos_demo(3);
    tb_face faces[TB_FACES_MAX];
    float open[2];
    assert_true(detect(&image, faces) >= 2);
    const tb_point *eye = faces[1].landmarks + 36; /* 36..41: the eye at the left of the picture */
    int left = (int)eye[0].x - 6, right = (int)eye[3].x + 6, top = (int)fminf(eye[1].y, eye[2].y) - 8,
        bottom = (int)fmaxf(eye[4].y, eye[5].y) + 6;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            memcpy(image.data + 3 * ((size_t)y * (size_t)image.width + (size_t)x),
                   image.data + 3 * ((size_t)(bottom + 4) * (size_t)image.width + (size_t)x), 3);
    assert_int_equal(tb_engine_eyes(engine, &image, &faces[1], open), TB_OK);
    assert_true(open[0] < 0.5f && open[1] > 0.9f);
    tb_image_free(&image);
}

static void who_did_not_ask_for_them_has_none(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_engine *plain;
    tb_error why = {0};
    assert_int_equal(tb_engine_open(&(tb_engine_options){.without_liveness = 1}, &plain, &why), TB_OK);
    tb_image image;
    assert_int_equal(tb_image_new(64, 64, &image), TB_OK);
    tb_face face = {.box = {8, 8, 40, 40}, .has_landmarks = 1};
    tb_pose pose = {1, 1, 1};
    float open[2] = {1, 1};
    assert_int_equal(tb_engine_pose(plain, &image, &face, &pose), TB_UNSUPPORTED);
    assert_int_equal(tb_engine_eyes(plain, &image, &face, open), TB_UNSUPPORTED);
    assert_true(pose.yaw == 0 && pose.pitch == 0 && pose.roll == 0 && open[0] == 0 && open[1] == 0);
    tb_engine_free(&plain);
    /* and with the networks: nothing to look at is no answer */
    face.has_landmarks = 0;
    assert_int_equal(tb_engine_eyes(engine, &image, &face, open), TB_INVALID_ARGUMENT);
    face.has_landmarks = 1; /* all at one place */
    assert_int_equal(tb_engine_eyes(engine, &image, &face, open), TB_INVALID_ARGUMENT);
    face.box.width = 0;
    assert_int_equal(tb_engine_pose(engine, &image, &face, &pose), TB_INVALID_ARGUMENT);
    tb_image_free(&image);
    assert_int_equal(tb_secret_held(), held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_turn_as_people_see_it), cmocka_unit_test(a_mirrored_head_turns_the_other_way),
        cmocka_unit_test(eyes_open_and_closed_as_people_see_them), cmocka_unit_test(the_left_eye_comes_first),
        cmocka_unit_test(who_did_not_ask_for_them_has_none)};
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
