/* Live cameras: absent ones are told at once and in bounded time, a stream keeps only the newest picture, and one that
 * stops is a fault until it is back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <tebura/camera.h>
#include <tebura/clock.h>
#include <tebura/secret.h>

#include "camera_support.h"
#include "port.h"
#include "rtsp_server.h"

static int check_secrets(void **state)
{
    (void)state;
    assert_int_equal(tb_secret_held(), 0);
    return 0;
}

static void refuses(const char *address, tb_status status, const char *in_sentence)
{
    tb_camera *camera;
    tb_error why = {0};
    int64_t before = tb_clock_monotonic();
    assert_int_equal(tb_camera_open(address, &camera, &why), status);
    assert_true(tb_clock_monotonic() - before < TB_MINUTE); /* it does not hold us */
    if (!strstr(why.text, in_sentence))
        fail_msg("%s: '%s' does not say '%s'", address, why.text, in_sentence);
    assert_null(strstr(why.text, "secret"));
}

static void devices_that_are_not_there(void **state)
{
    (void)state;
    refuses("v4l2:/dev/video-of-nobody", TB_NOT_FOUND, "/dev/video-of-nobody");
    refuses("v4l2:/dev/null", TB_CAMERA_FAULT, "/dev/null");
    refuses("v4l2:video0", TB_INVALID_ARGUMENT, "v4l2:/dev/video0");
}

static void a_refused_connection_names_no_password(void **state)
{
    (void)state;
    char address[96], place[64];
    int port = port_free();
    snprintf(address, sizeof address, "rtsp://operator:secret@127.0.0.1:%d/cam", port);
    snprintf(place, sizeof place, "rtsp://127.0.0.1:%d/cam", port);
    refuses(address, TB_CAMERA_FAULT, place);
    refuses(address, TB_CAMERA_FAULT, "refused");
}

static void a_silent_server_does_not_hold_us(void **state)
{
    (void)state;
    rtsp_server *server = rtsp_server_start(0, 1);
    char address[64];
    snprintf(address, sizeof address, "rtsp://127.0.0.1:%d/cam", rtsp_server_port(server));
    refuses(address, TB_CAMERA_FAULT, "does not answer in time");
    assert_true(rtsp_server_clients(server) >= 1);
    rtsp_server_stop(&server);
}

static tb_camera *open_stream(const rtsp_server *server)
{
    char address[64];
    snprintf(address, sizeof address, "rtsp://127.0.0.1:%d/cam", rtsp_server_port(server));
    tb_camera *camera;
    tb_error why = {0};
    if (tb_camera_open(address, &camera, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return camera;
}

static void a_slow_reader_gets_the_newest(void **state)
{
    (void)state;
    rtsp_server *server = rtsp_server_start(0, 0);
    tb_camera *camera = open_stream(server);
    assert_int_equal(tb_camera_is_simulation(camera), 0);
    tb_frame first, next;
    assert_int_equal(tb_camera_next(camera, 20000, &first), TB_OK);
    assert_int_equal(first.image.width, 160);
    assert_int_equal(first.image.height, 120);
    assert_true(test_image_mean(&first.image, 20, 20, 100, 80, 0) > 200);
    assert_true(test_image_mean(&first.image, 20, 20, 100, 80, 1) < 60);
    /* Read late: what came meanwhile was skipped, not queued. The number tells how many. */
    uint64_t skipped = 0;
    for (int tries = 0; tries < 50 && skipped < 2; tries++) {
        (void)poll(NULL, 0, 200);
        assert_int_equal(tb_camera_next(camera, 20000, &next), TB_OK);
        skipped = next.number - first.number - 1;
        assert_true(next.taken > first.taken);
        tb_frame_free(&next);
    }
    assert_true(skipped >= 2);
    tb_frame_free(&first);
    int64_t before = tb_clock_monotonic();
    tb_camera_free(&camera); /* while it streams */
    assert_true(tb_clock_monotonic() - before < TB_MINUTE);
    rtsp_server_stop(&server);
}

/* Reads until the colour's channel is the strong one. Returns how many faults were told on the way; -1 when it never
 * comes. */
static int faults_until_colour(tb_camera *camera, int channel)
{
    int faults = 0;
    for (int64_t end = tb_clock_monotonic() + 60 * TB_SECOND; tb_clock_monotonic() < end;) {
        tb_frame frame;
        tb_status status = tb_camera_next(camera, 100, &frame);
        if (status == TB_CAMERA_FAULT) {
            faults++;
            assert_true(strstr(tb_camera_why(camera)->text, "rtsp://127.0.0.1") != NULL);
            continue;
        }
        if (status == TB_TIMEOUT)
            continue;
        assert_int_equal(status, TB_OK);
        int found = test_image_mean(&frame.image, 20, 20, 100, 80, channel) > 150 &&
                    test_image_mean(&frame.image, 20, 20, 100, 80, (channel + 2) % 3) < 80;
        tb_frame_free(&frame);
        if (found)
            return faults;
    }
    return -1;
}

static void a_stream_that_stops_is_a_fault_until_it_is_back(void **state)
{
    (void)state;
    rtsp_server *server = rtsp_server_start(60, 0);
    tb_camera *camera = open_stream(server);
    assert_int_equal(faults_until_colour(camera, 0), 0);
    assert_true(faults_until_colour(camera, 1) >= 1); /* the second connection is green */
    assert_true(rtsp_server_clients(server) >= 2);
    rtsp_server_stop(&server);
    for (int tries = 0;; tries++) { /* and now it stays away */
        tb_frame frame;
        tb_status status = tb_camera_next(camera, 200, &frame);
        tb_frame_free(&frame);
        if (status == TB_CAMERA_FAULT)
            break;
        assert_true(tries < 200);
    }
    int64_t before = tb_clock_monotonic();
    tb_camera_free(&camera); /* while it waits to open again */
    assert_true(tb_clock_monotonic() - before < TB_MINUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(devices_that_are_not_there, check_secrets),
        cmocka_unit_test_teardown(a_refused_connection_names_no_password, check_secrets),
        cmocka_unit_test_teardown(a_silent_server_does_not_hold_us, check_secrets),
        cmocka_unit_test_teardown(a_slow_reader_gets_the_newest, check_secrets),
        cmocka_unit_test_teardown(a_stream_that_stops_is_a_fault_until_it_is_back, check_secrets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
