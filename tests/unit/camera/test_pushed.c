/* Pushed pictures: only the newest counts, a bad one costs nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

#include <tebura/camera.h>
#include <tebura/clock.h>
#include <tebura/secret.h>

#include "camera_support.h"

static tb_bytes encoded(uint8_t red)
{
    tb_bytes bytes = {0};
    tb_image image = test_image_plain(64, 48, red, 0, 0);
    assert_int_equal(tb_image_encode_jpeg(&image, 90, &bytes), TB_OK);
    tb_image_free(&image);
    return bytes;
}

static int check_secrets(void **state)
{
    (void)state;
    assert_int_equal(tb_secret_held(), 0);
    return 0;
}

static void the_newest_replaces_an_unread_one(void **state)
{
    (void)state;
    tb_camera *camera;
    tb_frame frame;
    assert_int_equal(tb_camera_open("pushed:", &camera, NULL), TB_OK);
    assert_int_equal(tb_camera_is_simulation(camera), 0);
    assert_int_equal(tb_camera_next(camera, 20, &frame), TB_TIMEOUT);
    tb_bytes first = encoded(50), second = encoded(220);
    assert_int_equal(tb_camera_push(camera, tb_bytes_span(&first), NULL), TB_OK);
    size_t one = tb_secret_held();
    assert_int_equal(tb_camera_push(camera, tb_bytes_span(&second), NULL), TB_OK);
    assert_int_equal(tb_secret_held(), one); /* the first one is gone, not queued */
    assert_int_equal(tb_camera_next(camera, 1000, &frame), TB_OK);
    assert_int_equal(frame.number, 2); /* the gap tells of the skipped one */
    assert_true(test_image_mean(&frame.image, 0, 0, 64, 48, 0) > 210);
    tb_frame_free(&frame);
    assert_int_equal(tb_camera_next(camera, 0, &frame), TB_TIMEOUT); /* each picture once */
    assert_int_equal(tb_camera_push(camera, tb_bytes_span(&first), NULL), TB_OK);
    tb_camera_free(&camera); /* with an unread one */
    tb_bytes_free(&first);
    tb_bytes_free(&second);
}

/* Nobody pushes: that is told as what it is, and is over with the next picture. */
static void silence_is_told(void **state)
{
    (void)state;
    tb_camera *camera;
    tb_frame frame;
    assert_int_equal(tb_camera_open("pushed:", &camera, NULL), TB_OK);
    int64_t since = tb_clock_monotonic();
    tb_status status;
    while ((status = tb_camera_next(camera, 100, &frame)) == TB_TIMEOUT)
        assert_true(tb_clock_monotonic() - since < 60 * TB_SECOND);
    assert_int_equal(status, TB_CAMERA_SILENT);
    assert_true(tb_clock_monotonic() - since >= TB_CAMERA_PATIENCE);
    assert_int_equal(tb_camera_why(camera)->status, TB_CAMERA_SILENT);
    assert_non_null(strstr(tb_error_text(tb_camera_why(camera)), "nobody"));
    tb_bytes picture = encoded(50);
    assert_int_equal(tb_camera_push(camera, tb_bytes_span(&picture), NULL), TB_OK);
    assert_int_equal(tb_camera_next(camera, 1000, &frame), TB_OK);
    tb_frame_free(&frame);
    assert_int_equal(tb_camera_next(camera, 0, &frame), TB_TIMEOUT);
    tb_camera_free(&camera);
    tb_bytes_free(&picture);
}

static void a_bad_picture_is_refused_and_the_good_one_stays(void **state)
{
    (void)state;
    tb_camera *camera;
    tb_frame frame;
    tb_error why = {0};
    assert_int_equal(tb_camera_open("pushed:", &camera, NULL), TB_OK);
    tb_bytes good = encoded(120);
    assert_int_equal(tb_camera_push(camera, tb_bytes_span(&good), NULL), TB_OK);
    tb_status status = tb_camera_push(camera, tb_span_text("this is no picture"), &why);
    assert_int_not_equal(status, TB_OK);
    assert_true(why.text[0] != 0);
    assert_int_not_equal(tb_camera_push(camera, tb_span_of(NULL, 0), &why), TB_OK);
    assert_int_not_equal(tb_camera_push(camera, tb_span_of(good.data, good.size / 3), &why), TB_OK); /* cut short */
    assert_int_equal(tb_camera_push(camera, tb_span_of(good.data, (8u << 20) + 1), &why),
                     TB_TOO_LARGE); /* size only: never read */
    assert_int_equal(tb_camera_next(camera, 1000, &frame), TB_OK);
    assert_int_equal(frame.number, 1);
    assert_true(test_image_mean(&frame.image, 0, 0, 64, 48, 0) > 110);
    tb_frame_free(&frame);
    tb_camera_free(&camera);
    tb_bytes_free(&good);
}

static void *push_later(void *camera)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    tb_bytes bytes = encoded(99);
    tb_status status = tb_camera_push(camera, tb_bytes_span(&bytes), NULL);
    tb_bytes_free(&bytes);
    return status == TB_OK ? NULL : camera;
}

static void a_waiting_reader_is_woken(void **state)
{
    (void)state;
    tb_camera *camera;
    tb_frame frame;
    pthread_t thread;
    void *result;
    assert_int_equal(tb_camera_open("pushed:", &camera, NULL), TB_OK);
    assert_int_equal(pthread_create(&thread, NULL, push_later, camera), 0);
    int64_t before = tb_clock_monotonic();
    assert_int_equal(tb_camera_next(camera, 60000, &frame), TB_OK);
    assert_true(tb_clock_monotonic() - before < 30 * TB_SECOND);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_null(result);
    tb_frame_free(&frame);
    tb_camera_free(&camera);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_newest_replaces_an_unread_one, check_secrets),
        cmocka_unit_test_teardown(silence_is_told, check_secrets),
        cmocka_unit_test_teardown(a_bad_picture_is_refused_and_the_good_one_stays, check_secrets),
        cmocka_unit_test_teardown(a_waiting_reader_is_woken, check_secrets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
