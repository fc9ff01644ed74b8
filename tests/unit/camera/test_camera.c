/* Camera addresses, still pictures, and calls that a kind does not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/camera.h>
#include <tebura/clock.h>
#include <tebura/secret.h>

#include "camera/kind.h"
#include "camera_support.h"

static char folder[TEST_PATH], red[TEST_PATH], blue[TEST_PATH];

static int make(void **state)
{
    (void)state;
    test_folder_make(folder);
    test_path(red, folder, "red.jpg");
    test_path(blue, folder, "blue.jpg");
    tb_image image = test_image_plain(64, 48, 200, 10, 10);
    test_image_write(&image, red);
    test_image_fill(&image, 0, 0, 64, 48, 10, 10, 200);
    test_image_write(&image, blue);
    tb_image_free(&image);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    test_folder_remove(folder);
    assert_int_equal(tb_secret_held(), 0);
    return 0;
}

static void refuses(const char *address, tb_status status, const char *in_sentence)
{
    tb_camera *camera = (tb_camera *)1;
    tb_error why = {0};
    assert_int_equal(tb_camera_open(address, &camera, &why), status);
    assert_null(camera);
    if (!strstr(tb_error_text(&why), in_sentence))
        fail_msg("%s: '%s' does not say '%s'", address ? address : "NULL", tb_error_text(&why), in_sentence);
}

static void addresses_that_are_none(void **state)
{
    (void)state;
    refuses(NULL, TB_INVALID_ARGUMENT, "a camera is one of");
    refuses("", TB_INVALID_ARGUMENT, "a camera is one of");
    refuses("webcam", TB_INVALID_ARGUMENT, "a camera is one of");
    refuses("/dev/video0", TB_INVALID_ARGUMENT, "a camera is one of");
    refuses("http://127.0.0.1/stream", TB_INVALID_ARGUMENT, "a camera is one of");
    refuses("still:", TB_INVALID_ARGUMENT, "at least one path");
    refuses("still:,", TB_INVALID_ARGUMENT, "empty path");
    refuses("still:/nowhere/at/all.jpg", TB_NOT_FOUND, "/nowhere/at/all.jpg");
    refuses("virtual:something", TB_INVALID_ARGUMENT, "virtual:");
    refuses("pushed:something", TB_INVALID_ARGUMENT, "pushed:");
    refuses("video:", TB_INVALID_ARGUMENT, "path");
    refuses("v4l2:", TB_INVALID_ARGUMENT, "/dev/video0");
    refuses("rtsp://", TB_INVALID_ARGUMENT, "host");
}

static void one_bad_picture_of_several(void **state)
{
    (void)state;
    char address[3 * TEST_PATH];
    snprintf(address, sizeof address, "still:%s,%s/none.jpg", red, folder);
    refuses(address, TB_NOT_FOUND, "none.jpg");
    snprintf(address, sizeof address, "still:%s,", red);
    refuses(address, TB_INVALID_ARGUMENT, "empty path");
    assert_int_equal(tb_secret_held(), 0);
}

static void stills_come_in_turn_and_in_time(void **state)
{
    (void)state;
    char address[3 * TEST_PATH];
    snprintf(address, sizeof address, "still:%s,%s", red, blue);
    tb_camera *camera;
    assert_int_equal(tb_camera_open(address, &camera, NULL), TB_OK);
    assert_int_equal(tb_camera_is_simulation(camera), 1);
    int64_t before = tb_clock_monotonic();
    for (uint64_t number = 1; number <= 4; number++) {
        tb_frame frame;
        assert_int_equal(tb_camera_next(camera, 5000, &frame), TB_OK);
        assert_int_equal(frame.number, number);
        assert_true(frame.taken >= before);
        assert_int_equal(frame.image.width, 64);
        double mean = test_image_mean(&frame.image, 8, 8, 32, 32, number % 2 ? 0 : 2);
        assert_true(mean > 190 && mean < 210);
        tb_frame_free(&frame);
        assert_null(frame.image.data);
    }
    assert_true(tb_clock_monotonic() - before >= 3 * (TB_SECOND / 15)); /* no faster than a real one */
    tb_frame frame;
    assert_int_equal(tb_camera_next(camera, 0, &frame), TB_TIMEOUT);
    assert_null(frame.image.data);
    assert_int_equal(tb_camera_why(camera)->status, TB_TIMEOUT);
    tb_camera_free(&camera);
    assert_null(camera);
    tb_camera_free(&camera); /* NULL is allowed */
    assert_int_equal(tb_secret_held(), 0);
}

static void kinds_without_push_or_scene_say_so(void **state)
{
    (void)state;
    char address[2 * TEST_PATH];
    snprintf(address, sizeof address, "still:%s", red);
    tb_camera *camera;
    tb_error why = {0};
    assert_int_equal(tb_camera_open(address, &camera, NULL), TB_OK);
    assert_int_equal(tb_camera_push(camera, tb_span_text("x"), &why), TB_INVALID_ARGUMENT);
    assert_non_null(strstr(why.text, "--camera pushed:"));
    assert_int_equal(tb_camera_scene(camera, &(tb_scene){0}, &why), TB_INVALID_ARGUMENT);
    assert_non_null(strstr(why.text, "--camera virtual:"));
    tb_camera_free(&camera);
}

/* Like Linux's sysfs, for a camera on USB, a v4l2loopback, a vivid, and a link to the second. */
static void a_device_without_hardware_is_a_program(void **state)
{
    (void)state;
    static const char make[] = "cd %s && mkdir -p dev class devices/pci0000:00/usb1/video4linux/video0 "
                               "devices/virtual/video4linux/video7 devices/platform/vivid.0/video4linux/video8 && "
                               "touch dev/video0 dev/video7 dev/video8 dev/video9 && ln -s video7 dev/front && "
                               "ln -s ../devices/pci0000:00/usb1/video4linux/video0 class/video0 && "
                               "ln -s ../devices/virtual/video4linux/video7 class/video7 && "
                               "ln -s ../devices/platform/vivid.0/video4linux/video8 class/video8";
    static const struct {
        const char *name;
        int is_program;
    } devices[] = {{"video0", 0}, {"video7", 1}, {"video8", 1}, {"front", 1}, {"video9", 0}, {"none", 0}};
    char root[] = "/tmp/tebura-camera-XXXXXX", command[1024], classes[64], device[64];
    assert_non_null(mkdtemp(root));
    snprintf(command, sizeof command, make, root);
    assert_int_equal(system(command), 0);
    snprintf(classes, sizeof classes, "%s/class", root);
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        snprintf(device, sizeof device, "%s/dev/%s", root, devices[i].name);
        assert_int_equal(camera_device_is_program(classes, device), devices[i].is_program);
    }
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_are_none), cmocka_unit_test(one_bad_picture_of_several),
        cmocka_unit_test(stills_come_in_turn_and_in_time), cmocka_unit_test(a_device_without_hardware_is_a_program),
        cmocka_unit_test(kinds_without_push_or_scene_say_so)};
    return cmocka_run_group_tests(tests, make, clean);
}
