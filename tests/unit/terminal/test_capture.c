/* Bursts with the real networks over the demo pictures: a good template, guidance, two people, a picture of a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/secret.h>

#include "terminal/capture.h"

static const char picture[] = TEBURA_DEPS_DIR "/pictures/sample5.jpg";

struct world {
    tb_engine *engine;
    tb_capturer *capturer;
    tb_template *template;
    tb_scene scene;
    uint64_t number;
};

/* Finds the faces of the group photograph, so that each can stand before the camera alone. */
static int people_in(struct world *w, tb_box boxes[TB_FACES_MAX])
{
    tb_image image;
    tb_face faces[TB_FACES_MAX];
    int count = 0;
    assert_int_equal(tb_image_read(picture, &image, NULL), TB_OK);
    assert_int_equal(tb_engine_detect(w->engine, &image, faces, &count), TB_OK);
    for (int i = 0; i < count; i++) {
        tb_box b = faces[i].box;
        boxes[i] = (tb_box){b.x - 0.6f * b.width, b.y - 0.5f * b.height, 2.2f * b.width, 2.0f * b.height};
    }
    tb_image_free(&image);
    return count;
}

static void stand(struct world *w, int count, const tb_box *boxes, float distance)
{
    w->scene = (tb_scene){.count = count, .light = 1, .noise = 2, .seed = 3};
    for (int i = 0; i < count; i++) {
        snprintf(w->scene.people[i].picture, sizeof w->scene.people[i].picture, "%s", picture);
        w->scene.people[i].region = boxes[i];
        w->scene.people[i].distance = distance;
    }
}

static tb_captured see(struct world *w, tb_zone_view *zone)
{
    tb_frame frame = {.number = ++w->number, .taken = (int64_t)w->number * 66000};
    tb_captured captured;
    tb_error why = {0};
    if (tb_scene_render(&w->scene, w->number, &frame.image, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    assert_int_equal(tb_capturer_see(w->capturer, &frame, zone, &captured, w->template), TB_OK);
    tb_frame_free(&frame);
    return captured;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    *state = w;
    tb_error why = {0};
    tb_engine_options options = {0};
    tb_capture_options capture = {.without_liveness =
                                      1}; /* a re-photographed photograph is what liveness exists to refuse */
    if (tb_engine_open(&options, &w->engine, &why) != TB_OK) {
        printf("%s\n", tb_error_text(&why));
        return -1;
    }
    w->template = tb_secret_alloc(sizeof *w->template);
    return tb_capturer_new(&capture, w->engine, &w->capturer) == TB_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    tb_capturer_free(&w->capturer);
    tb_secret_free(w->template);
    tb_engine_free(&w->engine);
    free(w);
    return 0;
}

static void a_burst_gives_the_template_of_the_one_person(void **state)
{
    struct world *w = *state;
    tb_box boxes[TB_FACES_MAX];
    assert_true(people_in(w, boxes) >= 2);
    stand(w, 1, boxes, 1);
    tb_zone_view zone;
    tb_captured captured = {0};
    for (int i = 0; i < 3; i++)
        assert_false(see(w, &zone).finished); /* not armed: only looked at */
    assert_int_equal(zone.inside, 1);
    assert_true(zone.steady);
    tb_capturer_arm(w->capturer);
    int pictures = 0;
    for (; !captured.finished && pictures < 10; pictures++)
        captured = see(w, &zone);
    assert_int_equal(captured.status, TB_OK);
    assert_int_equal(pictures, 3); /* no more than the burst */
    tb_template *again = tb_secret_alloc(sizeof *again);
    tb_image page;
    float score;
    assert_int_equal(tb_scene_render(&w->scene, 1000, &page, NULL), TB_OK);
    assert_int_equal(tb_capture_document(w->engine, &page, again), TB_OK); /* the same person in a passport */
    assert_int_equal(tb_template_compare(w->template, again, &score), TB_OK);
    assert_true(score > 0.8f);
    tb_image_free(&page);
    stand(w, 1, boxes + 1, 1);
    assert_int_equal(tb_scene_render(&w->scene, 1, &page, NULL), TB_OK);
    assert_int_equal(tb_capture_document(w->engine, &page, again), TB_OK);
    assert_int_equal(tb_template_compare(w->template, again, &score), TB_OK);
    assert_true(score < tb_engine_calibration(w->engine)->verification); /* another one */
    tb_image_free(&page);
    tb_secret_free(again);
}

static void two_people_give_no_template(void **state)
{
    struct world *w = *state;
    tb_box boxes[TB_FACES_MAX];
    tb_zone_view zone;
    assert_true(people_in(w, boxes) >= 2);
    stand(w, 2, boxes, 1);
    tb_capturer_arm(w->capturer);
    for (int i = 0; i < 10; i++) {
        assert_false(see(w, &zone).finished); /* patience is longer than this; and never a template */
        assert_int_equal(zone.inside, 2);
    }
}

static void guidance_instead_of_a_bad_template(void **state)
{
    struct world *w = *state;
    tb_box boxes[TB_FACES_MAX];
    tb_zone_view zone;
    tb_captured captured = {0};
    assert_true(people_in(w, boxes) >= 1);
    stand(w, 1, boxes, 1);
    w->scene.light = 0.01f;
    tb_capturer_arm(w->capturer);
    for (int i = 0; i < 60 && !captured.finished; i++)
        captured = see(w, &zone);
    assert_true(captured.finished);
    assert_true(tb_status_is_retry(captured.status));
    stand(w, 1, boxes, 12);
    for (int i = 0; i < 5; i++)
        assert_false(see(w, &zone).finished); /* disarmed after its answer */
    assert_int_equal(zone.inside, 0);
}

static void nothing_is_kept(void **state)
{
    struct world *w = *state;
    tb_box boxes[TB_FACES_MAX];
    tb_zone_view zone;
    assert_true(people_in(w, boxes) >= 1);
    size_t held = tb_secret_held();
    stand(w, 1, boxes, 1);
    tb_capturer_arm(w->capturer);
    (void)see(w, &zone);
    assert_true(tb_secret_held() > held); /* the best picture so far */
    tb_capturer_disarm(w->capturer);
    tb_capturer_nobody(w->capturer, &zone);
    assert_int_equal(tb_secret_held(), held);
}

static void a_page_without_a_face(void **state)
{
    struct world *w = *state;
    tb_image page;
    assert_int_equal(tb_image_new(320, 240, &page), TB_OK);
    assert_int_equal(tb_capture_document(w->engine, &page, w->template), TB_RETRY_NO_FACE);
    tb_image_free(&page);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    if (access(picture, R_OK) != 0) {
        printf("skipped: %s is not there (tools/setup fetches it)\n", picture);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_burst_gives_the_template_of_the_one_person), IN_WORLD(two_people_give_no_template),
        IN_WORLD(guidance_instead_of_a_bad_template), IN_WORLD(nothing_is_kept), IN_WORLD(a_page_without_a_face)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
