/* A21 with the real networks: a camera that reports each of several people of its list in its zone, once in a while,
 *     and
 * keeps nothing of anybody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/crypto.h>
#include <tebura/secret.h>

#include "terminal/capture.h"
#include "terminal/presence.h"

static const char picture[] = TEBURA_DEPS_DIR "/pictures/sample5.jpg";

enum { PEOPLE = 3 };

typedef struct world {
    tb_engine *engine;
    tb_model models[TB_MODELS_MAX];
    int model_count, people;
    tb_box boxes[TB_FACES_MAX];
    tb_template *probe;
    tb_bytes enrolled[PEOPLE];
    tb_scene scene;
    uint64_t number;
} world;

static void stand(world *w, const int *who, int count)
{
    w->scene = (tb_scene){.count = count, .light = 1, .noise = 2, .seed = 3};
    for (int i = 0; i < count; i++) {
        snprintf(w->scene.people[i].picture, sizeof w->scene.people[i].picture, "%s", picture);
        w->scene.people[i].region = w->boxes[who[i]];
        w->scene.people[i].distance = 1;
    }
}

static tb_image render(world *w)
{
    tb_image image;
    tb_error why = {0};
    if (tb_scene_render(&w->scene, ++w->number, &image, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return image;
}

static void enrol(world *w)
{
    for (int i = 0; i < PEOPLE; i++) {
        stand(w, &i, 1);
        tb_image page = render(w);
        assert_int_equal(tb_capture_document(w->engine, &page, w->probe), TB_OK);
        assert_int_equal(tb_template_encode(w->probe, &w->enrolled[i]), TB_OK);
        tb_image_free(&page);
    }
}

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    tb_engine_options options = {0};
    tb_error why = {0};
    tb_image image;
    tb_face faces[TB_FACES_MAX];
    *state = w;
    if (tb_crypto_start() != TB_OK || tb_engine_open(&options, &w->engine, &why) != TB_OK) {
        printf("%s\n", tb_error_text(&why));
        return -1;
    }
    w->model_count = tb_engine_models(w->engine, w->models);
    w->probe = tb_secret_alloc(TB_MODELS_MAX * sizeof *w->probe);
    assert_int_equal(tb_image_read(picture, &image, NULL), TB_OK);
    assert_int_equal(tb_engine_detect(w->engine, &image, faces, &w->people), TB_OK);
    tb_image_free(&image);
    assert_true(w->people >= PEOPLE);
    for (int i = 0; i < w->people; i++) {
        tb_box b = faces[i].box;
        w->boxes[i] = (tb_box){b.x - 0.6f * b.width, b.y - 0.5f * b.height, 2.2f * b.width, 2.0f * b.height};
    }
    enrol(w);
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    for (int i = 0; i < PEOPLE; i++)
        tb_bytes_free(&w->enrolled[i]);
    tb_secret_free(w->probe);
    tb_engine_free(&w->engine);
    free(w);
    return 0;
}

static tb_id visit_of(int number)
{
    tb_id id;
    memset(id.bytes, number + 1, sizeof id.bytes);
    return id;
}

static void expect(tb_list *list, const world *w, int visit, int face)
{
    static uint64_t sequence = 1;
    tb_entry entry = {.sequence = ++sequence,
                      .visit = visit_of(visit),
                      .present = 1,
                      .until = TB_TIME_NEVER,
                      .template_count = 1,
                      .templates = {w->enrolled[face]}};
    assert_int_equal(tb_list_apply(list, &entry, NULL), TB_OK);
}

/* ---- a camera ---- */

typedef struct reports {
    int count;
    tb_id last;
} reports;

static void seen(void *context, tb_id visit)
{
    reports *r = context;
    r->count++;
    r->last = visit;
}

static tb_presence *camera_of(world *w)
{
    const tb_presence_options options = {.every = TB_MINUTE, .without_liveness = 1};
    tb_presence *presence;
    assert_int_equal(tb_presence_new(&options, w->engine, &presence), TB_OK);
    return presence;
}

static void watch(world *w, tb_presence *presence, const tb_list *list, int pictures, int64_t *clock, reports *out)
{
    tb_zone_view zone;
    for (int i = 0; i < pictures; i++) {
        tb_frame frame = {.image = render(w), .number = w->number, .taken = *clock += 200000};
        assert_int_equal(tb_presence_see(presence, &frame, list, TB_DAY, seen, out, &zone), TB_OK);
        tb_frame_free(&frame);
    }
}

static void each_of_several_is_reported_once(void **state)
{
    world *w = *state;
    static const int all[] = {0, 1, 2};
    tb_list *list;
    reports r = {0};
    int64_t clock = 0;
    assert_int_equal(tb_list_new(w->models, w->model_count, &list), TB_OK);
    expect(list, w, 0, 0);
    expect(list, w, 1, 1); /* the third is a stranger */
    tb_presence *presence = camera_of(w);
    size_t held = tb_secret_held();
    stand(w, all, 3);
    watch(w, presence, list, 10, &clock, &r);
    assert_int_equal(r.count, 2);
    tb_zone_view zone;
    tb_presence_nobody(presence, &zone); /* they walk on, and one comes back */
    stand(w, all, 1);
    watch(w, presence, list, 4, &clock, &r);
    assert_int_equal(r.count, 2); /* C3 */
    tb_presence_nobody(presence, &zone);
    clock += 2 * TB_MINUTE;
    watch(w, presence, list, 4, &clock, &r);
    assert_int_equal(r.count, 3);
    assert_true(tb_id_equal(r.last, visit_of(0)));
    assert_int_equal(tb_secret_held(), held); /* C4 */
    tb_presence_free(&presence);
    tb_list_free(&list);
}

static void nobody_is_guessed(void **state)
{
    world *w = *state;
    static const int same[] = {0, 0};
    tb_list *list;
    reports r = {0};
    int64_t clock = 0;
    assert_int_equal(tb_list_new(w->models, w->model_count, &list), TB_OK);
    expect(list, w, 0, 0);
    tb_presence *presence = camera_of(w);
    stand(w, same, 2); /* C2: two faces, one visit */
    watch(w, presence, list, 8, &clock, &r);
    assert_int_equal(r.count, 0);
    tb_zone_view zone;
    tb_presence_nobody(presence, &zone);
    expect(list, w, 7, 0); /* one face, two visits */
    stand(w, same, 1);
    watch(w, presence, list, 6, &clock, &r);
    assert_int_equal(r.count, 0);
    tb_presence_free(&presence);
    tb_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_of_several_is_reported_once),
                                       cmocka_unit_test(nobody_is_guessed)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
