/* A stream that is faster than the eye: pictures are skipped and never queued. 25 pictures a second through the
 * camera's own path and the real networks, all on one core; under a sanitizer that is too much, and that is the point.
 * Nothing here is judged by time: what is asserted is numbers and order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

#include "terminal/capture.h"

#define PICTURES 30
#define WIDTH 640
#define HEIGHT 480

struct stream {
    tb_camera *camera;
    tb_bytes pictures[PICTURES];
    atomic_ulong pushed; /* whole pictures handed over */
    atomic_int done;
};

/* The second face of the third demo picture, before the camera; a SIMULATION. */
static void make_pictures(tb_bytes *out)
{
    tb_scene scene = {.count = 1, .light = 1, .noise = 2, .seed = 5, .width = WIDTH, .height = HEIGHT};
    snprintf(scene.people[0].picture, sizeof scene.people[0].picture, "%s", TEBURA_DEPS_DIR "/pictures/sample3.jpg");
    scene.people[0].region = (tb_box){480, 180, 440, 440};
    tb_image image;
    tb_error why = {0};
    for (int i = 0; i < PICTURES; i++) {
        if (tb_scene_render(&scene, (uint64_t)i + 1, &image, &why) != TB_OK)
            fail_msg("%s", tb_error_text(&why));
        assert_int_equal(tb_image_encode_jpeg(&image, 85, &out[i]), TB_OK);
        tb_image_free(&image);
    }
}

static void *push(void *context)
{
    struct stream *s = context;
    for (int i = 0; i < PICTURES; i++) {
        if (tb_camera_push(s->camera, tb_bytes_span(&s->pictures[i]), NULL) != TB_OK)
            break;
        atomic_fetch_add(&s->pushed, 1);
        nanosleep(&(struct timespec){0, 40000000}, NULL);
    }
    atomic_store(&s->done, 1);
    return NULL;
}

static void bind_to_one_core(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) {
            CPU_ZERO(&set);
            CPU_SET(i, &set);
            (void)sched_setaffinity(0, sizeof set, &set);
            return;
        }
}

static void pictures_are_skipped_and_never_queued(void **state)
{
    (void)state;
    struct stream s = {0};
    tb_engine *engine;
    tb_capturer *capturer;
    pthread_t thread;
    size_t held_before = tb_secret_held();
    bind_to_one_core();
    make_pictures(s.pictures);
    assert_int_equal(tb_engine_open(&(tb_engine_options){.without_liveness = 1}, &engine, NULL), TB_OK);
    tb_capture_options options = {.without_liveness = 1}; /* a photograph is what liveness exists to refuse */
    assert_int_equal(tb_capturer_new(&options, engine, &capturer), TB_OK);
    tb_template *template = tb_secret_alloc(sizeof *template);
    assert_int_equal(tb_camera_open("pushed:", &s.camera, NULL), TB_OK);
    size_t held_most = 0;
    assert_int_equal(pthread_create(&thread, NULL, push, &s), 0);
    uint64_t last = 0, skipped = 0;
    int looked = 0, finished = 0;
    tb_capturer_arm(capturer);
    for (;;) {
        tb_frame frame;
        tb_zone_view zone;
        tb_captured captured;
        int done = atomic_load(&s.done);
        unsigned long before = atomic_load(&s.pushed);
        tb_status status = tb_camera_next(s.camera, 50, &frame);
        int nothing = status == TB_TIMEOUT || status == TB_CAMERA_SILENT; /* a busy machine: nobody pushed */
        if (nothing && done)
            break;
        if (nothing)
            continue;
        assert_int_equal(status, TB_OK);
        /* S1: what is given is never older than the newest that was there when we asked: nothing waits in a queue. */
        assert_true(frame.number >= before && frame.number > last);
        skipped += frame.number - last - 1;
        last = frame.number;
        assert_int_equal(tb_capturer_see(capturer, &frame, &zone, &captured, template), TB_OK);
        tb_frame_free(&frame);
        /* S2: what is held does not grow with what has come: the networks' own memory, the best of the burst, the
         * newest unread picture and one in the decoder. */
        size_t held = tb_secret_held();
        if (looked < 5)
            held_most = held > held_most ? held : held_most;
        else
            assert_true(held <= held_most + (size_t)WIDTH * HEIGHT * 3 + 8192);
        looked++;
        if (captured.finished) {
            finished++;
            tb_capturer_arm(capturer);
        }
        if (looked == 5)
            nanosleep(&(struct timespec){0, 400000000}, NULL); /* a slow moment, also on a fast machine */
    }
    pthread_join(thread, NULL);
    print_message("%d offered, %d looked at, %d skipped, %d bursts\n", PICTURES, looked, (int)skipped, finished);
    assert_int_equal(atomic_load(&s.pushed), PICTURES);
    assert_int_equal(last, PICTURES);                       /* the last one was looked at ... */
    assert_int_equal((uint64_t)looked + skipped, PICTURES); /* ... and every other one either looked at or skipped */
    assert_true(skipped > 0);
    tb_capturer_free(&capturer);
    tb_camera_free(&s.camera);
    tb_engine_free(&engine);
    tb_secret_free(template);
    for (int i = 0; i < PICTURES; i++)
        tb_bytes_free(&s.pictures[i]);
    assert_int_equal(tb_secret_held(), held_before); /* no picture is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pictures_are_skipped_and_never_queued)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
