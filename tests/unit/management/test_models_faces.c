/* X12: the change of model with real networks on the faces of the demo's pictures: enrolled by the old model, seen
 * again in a picture that is turned, smaller and darker, by both; through a terminal's list and through the server.
 * Nobody is lost at any moment; after one passage each the old model is retired. */
#include "airport.h"

#include <math.h>

#include <tebura/face.h>
#include <tebura/secret.h>

#include "manifests.h"
#include "photos.h"
#include "terminal/list.h"

#define MOST 24
#define TURN 0.06f /* radians */
#define SHRINK 0.9f

typedef struct person {
    tb_template enrolled;             /* by the old model */
    tb_template again[TB_MODELS_MAX]; /* by both, the new one first */
    traveller traveller;
    char passport[16];
} person;

typedef struct world {
    tb_engine *old_engine, *engine;
    tb_model old_models[TB_MODELS_MAX], models[TB_MODELS_MAX];
    person *people; /* secret memory */
    int count;
} world;

static tb_engine *engine_of(const char *folder, manifests_kind kind)
{
    tb_engine *engine;
    tb_error why = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/manifest.yaml", folder);
    manifests_write(kind, path);
    const tb_engine_options options = {.manifest = path, .directory = TEBURA_DEPS_DIR "/models", .without_liveness = 1};
    if (tb_engine_open(&options, &engine, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return engine;
}

static tb_point turned(tb_similarity map, tb_point p)
{
    return (tb_point){map.a * p.x - map.b * p.y + map.tx, map.b * p.x + map.a * p.y + map.ty};
}

/* The same people a moment later: turned a little, further away, in worse light. */
static tb_image picture_again(const tb_image *from, tb_similarity *map)
{
    tb_image out;
    *map = (tb_similarity){.a = SHRINK * cosf(TURN), .b = SHRINK * sinf(TURN), .tx = 40, .ty = 10};
    assert_int_equal(tb_image_warp(from, *map, from->width, from->height, &out), TB_OK);
    for (size_t i = 0; i < 3 * (size_t)out.width * (size_t)out.height; i++)
        out.data[i] = (uint8_t)(out.data[i] * 4 / 5);
    return out;
}

static const tb_face *face_at(const tb_face *faces, int count, tb_point middle)
{
    for (int i = 0; i < count; i++)
        if (middle.x > faces[i].box.x && middle.x < faces[i].box.x + faces[i].box.width && middle.y > faces[i].box.y &&
            middle.y < faces[i].box.y + faces[i].box.height)
            return &faces[i];
    return NULL;
}

/* One woman is in two of the pictures: she travels once. */
static int is_known(const world *w, const tb_template *face)
{
    float score;
    for (int i = 0; i < w->count; i++)
        if (tb_template_compare(&w->people[i].enrolled, face, &score) == TB_OK && score > 0.5f)
            return 1;
    return 0;
}

static void take_picture(world *w, int number)
{
    tb_similarity map;
    tb_image image = photos_demo(number), later = picture_again(&image, &map);
    tb_face faces[TB_FACES_MAX], found[TB_FACES_MAX];
    int count, found_count, made;
    assert_int_equal(tb_engine_detect(w->old_engine, &image, faces, &count), TB_OK);
    assert_int_equal(tb_engine_detect(w->engine, &later, found, &found_count), TB_OK);
    for (int i = 0; i < count && w->count < MOST; i++) {
        person *p = &w->people[w->count];
        tb_point middle = {faces[i].box.x + faces[i].box.width / 2, faces[i].box.y + faces[i].box.height / 2};
        const tb_face *again = face_at(found, found_count, turned(map, middle));
        assert_int_equal(tb_engine_template(w->old_engine, &image, &faces[i], &p->enrolled), TB_OK);
        if (!again || is_known(w, &p->enrolled))
            continue;
        assert_int_equal(tb_engine_templates(w->engine, &later, again, p->again, &made), TB_OK);
        assert_int_equal(made, 2);
        assert_true(p->again[0].model == w->models[0].id && p->again[1].model == MANIFESTS_OLD_MODEL);
        snprintf(p->passport, sizeof p->passport, "R%07d", w->count % 1000);
        p->traveller = (traveller){"SATO", "MIA", p->passport, FLIGHT, w->count + 1, {{0}}};
        w->count++;
    }
    tb_image_free(&later);
    tb_image_free(&image);
}

static void look_at_everybody(airport *a, world *w)
{
    memset(w, 0, sizeof *w);
    w->people = tb_secret_alloc(MOST * sizeof *w->people);
    assert_non_null(w->people);
    w->old_engine = engine_of(a->folder, MANIFESTS_OLD);
    w->engine = engine_of(a->folder, MANIFESTS_BOTH);
    assert_int_equal(tb_engine_models(w->old_engine, w->old_models), 1);
    assert_int_equal(tb_engine_models(w->engine, w->models), 2);
    assert_int_equal(w->old_models[0].id, MANIFESTS_OLD_MODEL);
    assert_int_equal(w->models[1].id, MANIFESTS_OLD_MODEL);
    for (int picture = 1; picture <= 6; picture++)
        take_picture(w, picture);
    assert_true(w->count >= 18);
    tb_engine_free(&w->engine);
    tb_engine_free(&w->old_engine);
}

static void enrol(airport *a, person *p)
{
    tb_request request = airport_request(a, KIOSK, TB_REQUEST_CHECKIN);
    tb_answer answer;
    documents_of(&p->traveller, &request);
    request.consent = 1;
    request.document_score = 0.8f;
    assert_int_equal(tb_template_encode(&p->enrolled, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    p->traveller.visit = answer.visit;
    tb_request_free(&request);
}

static tb_answer ask(airport *a, const person *p, tb_request_kind kind)
{
    tb_request request = airport_request(a, SECURITY, kind);
    tb_answer answer;
    assert_int_equal(tb_template_encode(&p->again[0], &request.probe), TB_OK);
    assert_int_equal(tb_template_encode(&p->again[1], &request.former[request.former_count++]), TB_OK);
    if (kind == TB_REQUEST_TEMPLATE)
        request.visit = p->traveller.visit;
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
    tb_request_free(&request);
    return answer;
}

static void all_are_recognised(airport *a, const world *w)
{
    for (int i = 0; i < w->count; i++) {
        tb_answer answer = ask(a, &w->people[i], TB_REQUEST_IDENTIFY);
        assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
        assert_true(tb_id_equal(answer.visit, w->people[i].traveller.visit));
    }
}

/* A terminal's list: everybody by the old templates alone; how many beyond doubt, so that they are offered. */
static int certain_on_a_list(const world *w)
{
    tb_list *list;
    int certain = 0;
    assert_int_equal(tb_list_new(w->models, 2, &list), TB_OK);
    for (int i = 0; i < w->count; i++) {
        tb_entry entry = {.sequence = (uint64_t)i + 1,
                          .visit = w->people[i].traveller.visit,
                          .present = 1,
                          .until = TB_TIME_NEVER,
                          .template_count = 1};
        assert_int_equal(tb_template_encode(&w->people[i].enrolled, &entry.templates[0]), TB_OK);
        assert_int_equal(tb_list_apply(list, &entry, NULL), TB_OK);
        tb_entry_free(&entry);
    }
    for (int i = 0; i < w->count; i++) {
        tb_list_match match;
        assert_int_equal(tb_list_identify(list, 0, w->people[i].again, 2, 1, &match), TB_OK);
        assert_int_equal(match.identity, TB_THIS_PERSON);
        assert_true(tb_id_equal(match.visit, w->people[i].traveller.visit));
        assert_true(match.by_former);
        certain += match.certain;
    }
    tb_list_free(&list);
    return certain;
}

static tb_status count_only_old(void *context, const tb_model_use *use)
{
    if (use->model == MANIFESTS_OLD_MODEL)
        *(uint64_t *)context = use->only;
    return TB_OK;
}

static void everybody_migrates(void **state)
{
    airport *a = *state;
    world w;
    uint64_t only = 0, lost;
    tb_error why = {0};
    look_at_everybody(a, &w);
    a->model = MANIFESTS_OLD_MODEL;
    a->dimension = w.old_models[0].dimension;
    a->calibration = &w.old_models[0].calibration;
    airport_reopen(a);
    for (int i = 0; i < w.count; i++)
        enrol(a, &w.people[i]);
    a->model = w.models[0].id; /* the new manifest */
    a->calibration = &w.models[0].calibration;
    a->former = &w.models[1];
    a->former_count = 1;
    airport_reopen(a);
    all_are_recognised(a, &w);
    int certain = certain_on_a_list(&w);
    print_message("%d people, %d recognised beyond doubt by the former model alone\n", w.count, certain);
    assert_true(certain >= w.count * 9 / 10);
    for (int i = 0; i < w.count; i++)
        assert_int_equal(ask(a, &w.people[i], TB_REQUEST_TEMPLATE).verdict, TB_ANSWER_ADMIT);
    all_are_recognised(a, &w);
    assert_int_equal(tb_management_models(a->m, count_only_old, &only), TB_OK);
    assert_int_equal(only, 0);
    assert_int_equal(tb_management_model_retire(a->m, MANIFESTS_OLD_MODEL, 0, &lost, &why), TB_OK);
    a->former_count = 0;
    airport_reopen(a);
    all_are_recognised(a, &w);
    assert_int_equal(tb_management_check(a->m, &why), TB_OK);
    tb_secret_free(w.people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everybody_migrates, airport_setup, airport_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
