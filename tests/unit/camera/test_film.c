/* Films through FFmpeg: every picture in order, then the end; films that are none are refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <tebura/camera.h>
#include <tebura/secret.h>

#include "camera_support.h"

#define PICTURES 12

extern char **environ;
static char folder[TEST_PATH], film[TEST_PATH], motion[TEST_PATH], sound[TEST_PATH];

static void ffmpeg(const char *const *more)
{
    const char *arguments[24] = {"ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y"};
    for (int i = 0; more[i]; i++)
        arguments[6 + i] = more[i];
    pid_t child;
    int status;
    assert_int_equal(posix_spawnp(&child, "ffmpeg", NULL, NULL, (char **)(uintptr_t)arguments, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Picture n is grey of 60 with a white bar at 20 * n: its place tells which one it is. An odd width, so that rows are
 * padded. */
static int make(void **state)
{
    (void)state;
    test_folder_make(folder);
    for (int n = 0; n < PICTURES; n++) {
        char name[32], path[TEST_PATH];
        snprintf(name, sizeof name, "in%02d.jpg", n);
        test_path(path, folder, name);
        tb_image image = test_image_plain(270, 100, 60, 60, 60);
        test_image_fill(&image, 20 * n, 0, 20, 100, 240, 240, 240);
        test_image_write(&image, path);
        tb_image_free(&image);
    }
    char pattern[TEST_PATH];
    test_path(pattern, folder, "in%02d.jpg");
    test_path(film, folder, "film.mp4");
    test_path(motion, folder, "film.avi");
    test_path(sound, folder, "sound.wav");
    ffmpeg((const char *[]){"-framerate", "10", "-i", pattern, "-c:v", "mpeg4", "-bf", "2", "-q:v", "2", film, NULL});
    ffmpeg((const char *[]){"-framerate", "10", "-i", pattern, "-c:v", "mjpeg", "-q:v", "2", motion, NULL});
    ffmpeg((const char *[]){"-f", "lavfi", "-i", "sine=duration=0.2", sound, NULL});
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

static tb_camera *open_film(const char *path)
{
    char address[TEST_PATH + 8];
    snprintf(address, sizeof address, "video:%s", path);
    tb_camera *camera;
    tb_error why = {0};
    if (tb_camera_open(address, &camera, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return camera;
}

static void reads_every_picture(const char *path)
{
    tb_camera *camera = open_film(path);
    assert_int_equal(tb_camera_is_simulation(camera), 0);
    tb_frame frame;
    for (int n = 0; n < PICTURES; n++) {
        assert_int_equal(tb_camera_next(camera, 0, &frame), TB_OK);
        assert_int_equal(frame.number, n + 1);
        assert_int_equal(frame.image.width, 270);
        assert_int_equal(frame.image.height, 100);
        for (int bar = 0; bar < PICTURES; bar++)
            for (int channel = 0; channel < 3; channel++) {
                double mean = test_image_mean(&frame.image, 20 * bar + 6, 20, 8, 60, channel);
                if (bar == n ? mean < 225 : mean > 80 || mean < 45)
                    fail_msg("picture %d, bar %d, channel %d: %.0f", n, bar, channel, mean);
            }
        tb_frame_free(&frame);
    }
    assert_int_equal(tb_camera_next(camera, 0, &frame), TB_END_OF_STREAM);
    assert_non_null(strstr(tb_camera_why(camera)->text, "end"));
    assert_int_equal(tb_camera_next(camera, 0, &frame), TB_END_OF_STREAM); /* and stays there */
    tb_camera_free(&camera);
}

static void every_picture_in_order_then_the_end(void **state)
{
    (void)state;
    reads_every_picture(film);
    reads_every_picture(motion);
}

static void left_in_the_middle_nothing_stays(void **state)
{
    (void)state;
    tb_camera *camera = open_film(film);
    tb_frame frame;
    assert_int_equal(tb_camera_next(camera, 0, &frame), TB_OK);
    assert_true(tb_secret_held() > 0);
    tb_frame_free(&frame);
    tb_camera_free(&camera);
}

static void cut_short_it_ends_and_does_not_hang(void **state)
{
    (void)state;
    tb_bytes whole = {0};
    char path[TEST_PATH];
    test_path(path, folder, "cut.avi");
    assert_int_equal(tb_file_read(motion, 1 << 20, &whole, NULL), TB_OK);
    assert_int_equal(tb_file_write(path, tb_span_of(whole.data, whole.size * 2 / 3), NULL), TB_OK);
    tb_bytes_free(&whole);
    tb_camera *camera = open_film(path);
    int pictures = 0;
    tb_status status;
    tb_frame frame;
    while ((status = tb_camera_next(camera, 0, &frame)) == TB_OK) {
        pictures++;
        tb_frame_free(&frame);
    }
    assert_true(status == TB_END_OF_STREAM || status == TB_MALFORMED);
    assert_true(pictures > 0 && pictures < PICTURES);
    tb_camera_free(&camera);
}

static void refuses(const char *path, tb_status status, const char *in_sentence)
{
    char address[TEST_PATH + 8];
    snprintf(address, sizeof address, "video:%s", path);
    tb_camera *camera;
    tb_error why = {0};
    assert_int_equal(tb_camera_open(address, &camera, &why), status);
    if (!strstr(why.text, in_sentence) || !strstr(why.text, path))
        fail_msg("'%s' does not say '%s' about %s", why.text, in_sentence, path);
}

static void films_that_are_none(void **state)
{
    (void)state;
    refuses("/nowhere/at/all.mp4", TB_NOT_FOUND, "opened");
    char path[TEST_PATH];
    test_path(path, folder, "text.mp4");
    assert_int_equal(tb_file_write(path, tb_span_text("this is no film at all, only a sentence"), NULL), TB_OK);
    refuses(path, TB_MALFORMED, "opened");
    test_path(path, folder, "empty.mp4");
    assert_int_equal(tb_file_write(path, tb_span_of(NULL, 0), NULL), TB_OK);
    refuses(path, TB_MALFORMED, "opened");
    refuses(folder, TB_MALFORMED, "opened");
    refuses(sound, TB_UNSUPPORTED, "no pictures");
}

/* A play list is a film to FFmpeg: it must not make a terminal call anybody. */
static void a_play_list_reaches_no_network(void **state)
{
    (void)state;
    char path[TEST_PATH];
    test_path(path, folder, "list.m3u8");
    assert_int_equal(
        tb_file_write(path,
                      tb_span_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"
                                   "#EXT-X-ENDLIST\n"),
                      NULL),
        TB_OK);
    char address[TEST_PATH + 8];
    snprintf(address, sizeof address, "video:%s", path);
    tb_camera *camera;
    assert_int_not_equal(tb_camera_open(address, &camera, NULL), TB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(every_picture_in_order_then_the_end, check_secrets),
                                       cmocka_unit_test_teardown(left_in_the_middle_nothing_stays, check_secrets),
                                       cmocka_unit_test_teardown(cut_short_it_ends_and_does_not_hang, check_secrets),
                                       cmocka_unit_test_teardown(films_that_are_none, check_secrets),
                                       cmocka_unit_test_teardown(a_play_list_reaches_no_network, check_secrets)};
    return cmocka_run_group_tests(tests, make, clean);
}
