/* party_support.h: the engine, and three people of a demo photograph as a scene before a camera, each enrolled. */
#ifndef TEBURA_TESTS_PARTY_SUPPORT_H
#define TEBURA_TESTS_PARTY_SUPPORT_H

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

static inline void stand(world *w, const int *who, int count)
{
    w->scene = (tb_scene){.count = count, .light = 1, .noise = 2, .seed = 3};
    for (int i = 0; i < count; i++) {
        snprintf(w->scene.people[i].picture, sizeof w->scene.people[i].picture, "%s", picture);
        w->scene.people[i].region = w->boxes[who[i]];
        w->scene.people[i].distance = 1;
    }
}

static inline tb_image render(world *w)
{
    tb_image image;
    tb_error why = {0};
    if (tb_scene_render(&w->scene, ++w->number, &image, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return image;
}

static inline void enrol(world *w)
{
    for (int i = 0; i < PEOPLE; i++) {
        stand(w, &i, 1);
        tb_image page = render(w);
        assert_int_equal(tb_capture_document(w->engine, &page, w->probe), TB_OK);
        assert_int_equal(tb_template_encode(w->probe, &w->enrolled[i]), TB_OK);
        tb_image_free(&page);
    }
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
{
    world *w = *state;
    for (int i = 0; i < PEOPLE; i++)
        tb_bytes_free(&w->enrolled[i]);
    tb_secret_free(w->probe);
    tb_engine_free(&w->engine);
    free(w);
    return 0;
}

static inline tb_id visit_of(int number)
{
    tb_id id;
    memset(id.bytes, number + 1, sizeof id.bytes);
    return id;
}

#endif
