/* Re-photography: a pure function of scene and number, and each parameter does what it says. The virtual camera on it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tebura/camera.h>
#include <tebura/clock.h>
#include <tebura/secret.h>

#include "camera_support.h"

static char folder[TEST_PATH], target[TEST_PATH], left[TEST_PATH];

/* A red square of 200 x 200 in the middle of a 400 x 300 black picture, blue left of the middle, green right of it. */
static int make(void **state)
{
    (void)state;
    test_folder_make(folder);
    test_path(target, folder, "target.jpg");
    tb_image image = test_image_plain(400, 300, 0, 0, 0);
    test_image_fill(&image, 100, 50, 200, 200, 220, 20, 20);
    test_image_fill(&image, 0, 0, 60, 300, 20, 20, 220);
    test_image_fill(&image, 340, 0, 60, 300, 20, 200, 20);
    test_image_write(&image, target);
    tb_image_free(&image);
    test_path(left, folder, "left.jpg");
    image = test_image_plain(120, 120, 20, 20, 220);
    test_image_write(&image, left);
    tb_image_free(&image);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    test_folder_remove(folder);
    return 0;
}

static int check_secrets(void **state)
{
    (void)state;
    assert_int_equal(tb_secret_held(), 0);
    return 0;
}

static tb_scene one_person(const char *picture)
{
    tb_scene scene = {.count = 1};
    snprintf(scene.people[0].picture, sizeof scene.people[0].picture, "%s", picture);
    return scene;
}

static tb_image render(const tb_scene *scene, uint64_t number)
{
    tb_image image;
    tb_error why = {0};
    if (tb_scene_render(scene, number, &image, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return image;
}

static int same(const tb_image *a, const tb_image *b)
{
    return a->width == b->width && a->height == b->height &&
           memcmp(a->data, b->data, 3 * (size_t)a->width * (size_t)a->height) == 0;
}

/* Pixels that are red by far: the square's area in the frame. */
static int red_pixels(const tb_image *image)
{
    int count = 0;
    for (size_t i = 0; i < 3 * (size_t)image->width * (size_t)image->height; i += 3)
        count += image->data[i] > 120 && image->data[i + 1] < 80 && image->data[i + 2] < 80;
    return count;
}

static void the_same_number_gives_the_same_frame(void **state)
{
    (void)state;
    tb_scene scene = one_person(target);
    scene.noise = 6;
    scene.jpeg = 80;
    scene.seed = 42;
    tb_image first = render(&scene, 7), again = render(&scene, 7), next = render(&scene, 8);
    assert_int_equal(first.width, 640);
    assert_int_equal(first.height, 480);
    assert_true(same(&first, &again));
    assert_false(same(&first, &next));
    scene.seed = 43;
    tb_image other = render(&scene, 7);
    assert_false(same(&first, &other));
    tb_image_free(&first);
    tb_image_free(&again);
    tb_image_free(&next);
    tb_image_free(&other);
}

static void a_zeroed_scene_is_a_plain_one(void **state)
{
    (void)state;
    tb_scene scene = one_person(target), full = scene;
    full.people[0].distance = 1;
    full.light = 1;
    full.seed = 1;
    full.width = 640;
    full.height = 480;
    tb_image a = render(&scene, 3), b = render(&full, 3);
    assert_true(same(&a, &b));
    tb_image_free(&a);
    tb_image_free(&b);
}

static void twice_as_far_is_a_quarter_of_the_area(void **state)
{
    (void)state;
    tb_scene scene = one_person(target);
    tb_image near = render(&scene, 1);
    scene.people[0].distance = 2;
    tb_image far = render(&scene, 1);
    double ratio = (double)red_pixels(&near) / red_pixels(&far);
    assert_true(red_pixels(&near) > 320 * 320 * 0.9); /* 200 of 400 pixels across 640 */
    assert_true(ratio > 3.7 && ratio < 4.3);
    tb_image_free(&near);
    tb_image_free(&far);
}

static void a_region_fills_the_frame(void **state)
{
    (void)state;
    tb_scene scene = one_person(target);
    scene.people[0].region = (tb_box){110, 60, 180, 180};
    tb_image image = render(&scene, 1);
    assert_true(red_pixels(&image) > 480 * 480 * 0.8);
    assert_true(test_image_mean(&image, 0, 0, 60, 480, 0) > 100); /* the wall, not the picture's blue bar */
    assert_true(test_image_mean(&image, 0, 0, 60, 480, 2) > 100);
    tb_image_free(&image);
}

static void a_quarter_turn_is_clockwise(void **state)
{
    (void)state;
    tb_scene scene = one_person(target);
    scene.people[0].distance = 1.5f;
    scene.people[0].angle = 90; /* the blue bar, left, goes up; the green one, right, goes down */
    tb_image image = render(&scene, 1);
    assert_true(test_image_mean(&image, 280, 42, 80, 30, 2) > test_image_mean(&image, 280, 42, 80, 30, 1) + 100);
    assert_true(test_image_mean(&image, 280, 408, 80, 30, 1) > test_image_mean(&image, 280, 408, 80, 30, 2) + 100);
    tb_image_free(&image);
}

static void half_the_light_is_linear(void **state)
{
    (void)state;
    tb_scene scene = one_person(target);
    tb_image bright = render(&scene, 1);
    scene.light = 0.5f;
    tb_image dim = render(&scene, 1);
    double ratio = test_image_mean(&dim, 280, 200, 80, 80, 0) / test_image_mean(&bright, 280, 200, 80, 80, 0);
    assert_true(fabs(ratio - pow(0.5, 1 / 2.2)) < 0.02);
    scene.light = 8;
    tb_image blinding = render(&scene, 1);
    assert_true(test_image_mean(&blinding, 280, 200, 80, 80, 0) > 254);
    tb_image_free(&bright);
    tb_image_free(&dim);
    tb_image_free(&blinding);
}

static void noise_has_the_stated_deviation(void **state)
{
    (void)state;
    tb_scene scene = one_person(target);
    tb_image clear = render(&scene, 5);
    scene.noise = 10;
    tb_image noisy = render(&scene, 5);
    double sum = 0, squares = 0;
    int count = 0;
    for (int y = 180; y < 300; y++)
        for (int x = 260; x < 380; x++, count++) {
            size_t at = 3 * ((size_t)y * 640 + (size_t)x);
            double difference = (double)noisy.data[at] - clear.data[at];
            sum += difference;
            squares += difference * difference;
        }
    double mean = sum / count, deviation = sqrt(squares / count - mean * mean);
    assert_true(fabs(mean) < 0.6);
    assert_true(deviation > 9.3 && deviation < 10.7);
    tb_image_free(&clear);
    tb_image_free(&noisy);
}

static void two_people_stand_side_by_side(void **state)
{
    (void)state;
    tb_scene scene = one_person(left);
    scene.count = 2;
    snprintf(scene.people[1].picture, sizeof scene.people[1].picture, "%s", target);
    scene.people[1].region = (tb_box){110, 60, 180, 180};
    scene.people[0].distance = scene.people[1].distance = 1.2f;
    tb_image image = render(&scene, 2);
    assert_true(test_image_mean(&image, 120, 200, 80, 80, 2) > 170); /* blue left */
    assert_true(test_image_mean(&image, 120, 200, 80, 80, 0) < 60);
    assert_true(test_image_mean(&image, 440, 200, 80, 80, 0) > 170); /* red right */
    assert_true(test_image_mean(&image, 440, 200, 80, 80, 2) < 60);
    assert_true(test_image_mean(&image, 310, 10, 20, 20, 1) > 100); /* wall between and above */
    tb_image_free(&image);
}

static void people_move_a_little_and_never_far(void **state)
{
    (void)state;
    tb_scene scene = one_person(target);
    scene.people[0].distance = 2;
    double lowest = 1e9, highest = -1e9;
    for (uint64_t number = 0; number < 40; number++) {
        tb_image image = render(&scene, number);
        double sum = 0;
        int count = 0;
        for (int y = 0; y < 480; y++)
            for (int x = 0; x < 640; x++) {
                const uint8_t *pixel = image.data + 3 * ((size_t)y * 640 + (size_t)x);
                if (pixel[0] > 120 && pixel[1] < 80) {
                    sum += x;
                    count++;
                }
            }
        assert_true(count > 1000);
        lowest = fmin(lowest, sum / count);
        highest = fmax(highest, sum / count);
        tb_image_free(&image);
    }
    assert_true(highest - lowest > 1);
    assert_true(lowest > 312 && highest < 328);
}

static void refuses(const tb_scene *scene, tb_status status)
{
    tb_image image;
    tb_error why = {0};
    assert_int_equal(tb_scene_render(scene, 1, &image, &why), status);
    assert_null(image.data);
    assert_true(why.text[0] != 0);
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    tb_scene good = one_person(target), bad;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        bad = good;                                                                                                    \
        change;                                                                                                        \
        refuses(&bad, TB_INVALID_ARGUMENT);                                                                            \
    } while (0)
    REFUSED(bad.count = 5);
    REFUSED(bad.count = -1);
    REFUSED(bad.light = -1);
    REFUSED(bad.light = NAN);
    REFUSED(bad.noise = 81);
    REFUSED(bad.noise = NAN);
    REFUSED(bad.jpeg = 101);
    REFUSED(bad.width = 63);
    REFUSED((bad.width = 640, bad.height = 100000));
    REFUSED(bad.people[0].distance = 0.01f);
    REFUSED(bad.people[0].distance = NAN);
    REFUSED(bad.people[0].angle = 181);
    REFUSED(bad.people[0].picture[0] = 0);
    REFUSED(memset(bad.people[0].picture, 'x', sizeof bad.people[0].picture));
    REFUSED((bad.people[0].region = (tb_box){0, 0, -5, 10}));
    REFUSED((bad.people[0].region = (tb_box){NAN, 0, 50, 50}));
    REFUSED((bad.people[0].region = (tb_box){0, 0, INFINITY, 50}));
    bad = one_person("/nowhere/at/all.jpg");
    refuses(&bad, TB_NOT_FOUND);
}

static void the_virtual_camera_follows_its_scene(void **state)
{
    (void)state;
    tb_camera *camera;
    tb_frame frame;
    assert_int_equal(tb_camera_open("virtual:", &camera, NULL), TB_OK);
    assert_int_equal(tb_camera_is_simulation(camera), 1);
    assert_int_equal(tb_camera_next(camera, 20, &frame), TB_TIMEOUT); /* nobody there yet */
    tb_scene scene = one_person(target);
    assert_int_equal(tb_camera_scene(camera, &scene, NULL), TB_OK);
    assert_int_equal(tb_camera_next(camera, 5000, &frame), TB_OK);
    assert_int_equal(frame.number, 1);
    tb_image expected = render(&scene, 1);
    assert_true(same(&frame.image, &expected));
    tb_image_free(&expected);
    tb_frame_free(&frame);

    tb_scene bad = one_person("/nowhere/at/all.jpg");
    tb_error why = {0};
    assert_int_equal(tb_camera_scene(camera, &bad, &why), TB_NOT_FOUND); /* the one before stays */
    assert_int_equal(tb_camera_next(camera, 5000, &frame), TB_OK);
    assert_true(red_pixels(&frame.image) > 1000);
    tb_frame_free(&frame);

    assert_int_equal(tb_camera_scene(camera, &(tb_scene){0}, NULL), TB_OK);
    assert_int_equal(tb_camera_next(camera, 5000, &frame), TB_OK); /* the empty place, once */
    assert_int_equal(red_pixels(&frame.image), 0);
    tb_frame_free(&frame);
    assert_int_equal(tb_camera_next(camera, 100, &frame), TB_TIMEOUT);
    assert_int_equal(tb_camera_scene(camera, &scene, NULL), TB_OK);
    tb_camera_free(&camera);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(the_same_number_gives_the_same_frame, check_secrets),
                                       cmocka_unit_test_teardown(a_zeroed_scene_is_a_plain_one, check_secrets),
                                       cmocka_unit_test_teardown(twice_as_far_is_a_quarter_of_the_area, check_secrets),
                                       cmocka_unit_test_teardown(a_region_fills_the_frame, check_secrets),
                                       cmocka_unit_test_teardown(a_quarter_turn_is_clockwise, check_secrets),
                                       cmocka_unit_test_teardown(half_the_light_is_linear, check_secrets),
                                       cmocka_unit_test_teardown(noise_has_the_stated_deviation, check_secrets),
                                       cmocka_unit_test_teardown(two_people_stand_side_by_side, check_secrets),
                                       cmocka_unit_test_teardown(people_move_a_little_and_never_far, check_secrets),
                                       cmocka_unit_test_teardown(values_out_of_range_are_refused, check_secrets),
                                       cmocka_unit_test_teardown(the_virtual_camera_follows_its_scene, check_secrets)};
    return cmocka_run_group_tests(tests, make, clean);
}
