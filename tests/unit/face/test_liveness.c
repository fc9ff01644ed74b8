/* A liveness session over made-up numbers: a head of 68 points in space before a camera with noise. What is frozen,
 * looped, flat, still or answered in another order is told; what was not measured is not live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/liveness.h>
#include <tebura/secret.h>

#define WIDTH 160
#define HEIGHT 120
#define THRESHOLD 0.5f

struct world {
    tb_liveness *session;
    tb_image image;
    int64_t taken;
    uint32_t state;
};

static float noise(struct world *w) /* -1..1 */
{
    w->state = w->state * 1664525u + 1013904223u;
    return (float)(w->state >> 8) / 8388608.0f - 1;
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    assert_int_equal(tb_image_new(WIDTH, HEIGHT, &w->image), TB_OK);
    assert_int_equal(tb_liveness_new(NULL, &w->session), TB_OK);
    w->state = 7;
    w->taken = 1000;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    tb_liveness_free(&w->session);
    assert_null(w->session);
    tb_image_free(&w->image);
    free(w);
    return 0;
}

static void with_options(struct world *w, tb_liveness_options options)
{
    tb_liveness_free(&w->session);
    assert_int_equal(tb_liveness_new(&options, &w->session), TB_OK);
}

/* A face in eye distances, from between the eyes; z towards the camera. */
static void head(float x[TB_LANDMARKS], float y[TB_LANDMARKS], float z[TB_LANDMARKS])
{
    for (int i = 0; i <= 16; i++) { /* jaw */
        float angle = 3.1416f * (float)i / 16;
        x[i] = -1.05f * cosf(angle), y[i] = 0.1f + 1.65f * sinf(angle), z[i] = -0.9f + 0.7f * sinf(angle);
    }
    for (int i = 0; i < 10; i++) /* brows */
        x[17 + i] = -0.85f + 0.19f * (float)i, y[17 + i] = -0.4f, z[17 + i] = 0.05f;
    for (int i = 0; i < 4; i++) /* nose */
        x[27 + i] = 0, y[27 + i] = 0.18f * (float)i, z[27 + i] = 0.1f + 0.15f * (float)i;
    for (int i = 0; i < 5; i++)
        x[31 + i] = -0.2f + 0.1f * (float)i, y[31 + i] = 0.72f, z[31 + i] = 0.35f;
    for (int i = 0; i < 12; i++) { /* eyes */
        float angle = 6.2832f * (float)(i % 6) / 6;
        x[36 + i] = (i < 6 ? -0.5f : 0.5f) - 0.2f * cosf(angle), y[36 + i] = -0.08f * sinf(angle), z[36 + i] = -0.1f;
    }
    for (int i = 0; i < 20; i++) { /* mouth */
        float angle = 6.2832f * (float)(i % 12) / 12, size = i < 12 ? 1 : 0.6f;
        x[48 + i] = -0.42f * size * cosf(angle), y[48 + i] = 1.15f - 0.13f * size * sinf(angle), z[48 + i] = 0.15f;
    }
}

struct stance {
    float yaw, pitch, x, y, size; /* degrees; pixels; eye distance */
    float depth;                  /* 1 a head, 0 a picture of one */
    float closed;
};

static tb_face face_of(struct world *w, struct stance s)
{
    tb_face face = {.score = 1, .has_landmarks = 1};
    float x[TB_LANDMARKS], y[TB_LANDMARKS], z[TB_LANDMARKS];
    head(x, y, z);
    float cy = cosf(s.yaw * 0.01745f), sy = sinf(s.yaw * 0.01745f), cp = cosf(s.pitch * 0.01745f),
          sp = sinf(s.pitch * 0.01745f), size = s.size > 0 ? s.size : 30;
    for (int i = 0; i < TB_LANDMARKS; i++) {
        float depth = z[i] * s.depth, x1 = cy * x[i] + sy * depth, z1 = cy * depth - sy * x[i];
        float y1 = cp * y[i] + sp * z1, z2 = cp * z1 - sp * y[i], near = 9.5f / (9.5f - z2);
        face.landmarks[i] =
            (tb_point){80 + s.x + near * size * x1 + 0.05f * noise(w), 45 + s.y + near * size * y1 + 0.05f * noise(w)};
    }
    face.box = (tb_box){80 + s.x - 1.2f * size, 45 + s.y - 0.8f * size, 2.4f * size, 2.6f * size};
    return face;
}

static void fresh_picture(struct world *w)
{
    for (int i = 0; i < 3 * WIDTH * HEIGHT; i++)
        w->image.data[i] = (uint8_t)(128 + (int)(6 * noise(w)));
}

static tb_liveness_seen see(struct world *w, struct stance s)
{
    tb_face face = face_of(w, s);
    tb_pose pose = {.yaw = s.yaw, .pitch = s.pitch};
    float open[2] = {1 - s.closed, 1 - s.closed};
    w->taken += TB_SECOND / 15;
    tb_liveness_frame frame = {.image = &w->image, .face = &face, .taken = w->taken, .pose = &pose, .open = open};
    tb_liveness_seen seen;
    assert_int_equal(tb_liveness_see(w->session, &frame, &seen), TB_OK);
    return seen;
}

static tb_liveness_seen see_new(struct world *w, struct stance s)
{
    fresh_picture(w);
    return see(w, s);
}

static tb_liveness_verdict judge(struct world *w)
{
    tb_liveness_verdict verdict;
    tb_liveness_judge(w->session, THRESHOLD, &verdict);
    return verdict;
}

static void looked(struct world *w, float live)
{
    for (int i = 0; i < 3; i++)
        assert_int_equal(tb_liveness_passive(w->session, live), TB_OK);
}

/* Sways as people and hands do. */
static struct stance sway(int i, float depth, float most)
{
    float t = (float)i;
    return (struct stance){.yaw = most * sinf(t / 5),
                           .pitch = 0.5f * most * sinf(t / 7 + 1),
                           .x = 4 * sinf(t / 6),
                           .y = 2 * sinf(t / 9),
                           .size = 30 + sinf(t / 11),
                           .depth = depth};
}

static void a_person_is_live(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 40; i++) {
        tb_liveness_seen seen = see_new(w, sway(i, 1, 12));
        assert_true(seen.is_new);
        assert_int_equal(seen.source, TB_OK);
    }
    looked(w, 0.9f);
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.motion, TB_MOTION_SOLID);
    assert_int_equal(v.status, TB_OK);
    assert_true(v.score > 0.9f);
    assert_false(v.unsure);
    assert_int_equal(v.pictures, 40);
}

static void a_turning_print_is_flat(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 40; i++)
        (void)see_new(w, sway(i, 0, 30));
    looked(w, 0.97f); /* it fools the network */
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.motion, TB_MOTION_FLAT);
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
}

static void what_only_shifts_says_nothing_and_counts_a_little_against(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 20; i++)
        (void)see_new(w, sway(i, 1, 0));
    looked(w, 0.9f);
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.motion, TB_MOTION_UNKNOWN);
    assert_true(v.evidence[TB_LIVENESS_MOTION] < 0);
    assert_int_equal(v.status, TB_OK);
    assert_true(v.score < 0.9f);
}

static void a_print_on_a_stand_does_not_move(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 60; i++)
        (void)see_new(w, (struct stance){.depth = 0});
    looked(w, 0.85f);
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.motion, TB_MOTION_STILL);
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
}

static void the_same_picture_for_ever_is_an_attack(void **state)
{
    struct world *w = *state;
    fresh_picture(w);
    assert_true(see(w, (struct stance){.depth = 1}).is_new);
    tb_liveness_seen seen = {0};
    int pictures = 1;
    for (; pictures < 30 && seen.source == TB_OK; pictures++) {
        seen = see(w, (struct stance){.depth = 1});
        assert_false(seen.is_new); /* nobody may count it */
    }
    assert_int_equal(seen.source, TB_INJECTED);
    assert_in_range(pictures, 6, 12);
    looked(w, 1);
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.status, TB_INJECTED);
    assert_true(v.score < 0.3f);
    assert_string_equal(v.why, "the same picture again and again");
    assert_non_null(strstr(tb_status_sentence(TB_INJECTED), "feeding"));
    fresh_picture(w); /* one new picture does not undo it */
    assert_int_equal(see(w, (struct stance){.depth = 1}).source, TB_INJECTED);
    w->image.data[3] ^= 1;
    assert_false(see(w, (struct stance){.depth = 1}).is_new); /* a clock in the corner hides nothing */
    tb_liveness_restart(w->session);
    assert_int_equal(see_new(w, (struct stance){.depth = 1}).source, TB_OK);
}

static void a_slow_camera_read_twice_is_none(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 40; i++) {
        if (i % 3 == 0)
            fresh_picture(w);
        assert_int_equal(see(w, sway(i / 3 * 3, 1, 12)).source, TB_OK);
    }
    looked(w, 0.9f);
    assert_int_equal(judge(w).status, TB_OK);
}

static void a_film_in_a_loop_is_told_across_people(void **state)
{
    struct world *w = *state;
    tb_liveness_seen seen = {0};
    for (int i = 0; i < 30; i++) {
        w->state = 1000 + (uint32_t)i; /* picture and noise of the film's place i */
        seen = see_new(w, sway(i, 1, 12));
        assert_int_equal(seen.source, TB_OK);
    }
    tb_liveness_restart(w->session); /* somebody else, before the same film */
    for (int i = 0; i < 3; i++) {
        w->state = 1000 + (uint32_t)i;
        seen = see_new(w, sway(i, 1, 12));
        assert_false(seen.is_new);
    }
    assert_int_equal(seen.source, TB_INJECTED);
    looked(w, 1);
    assert_int_equal(judge(w).status, TB_INJECTED);
    assert_true(judge(w).looped >= 2);
}

static void a_loop_in_other_noise_retraces_its_steps(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 120; i++)
        (void)see_new(w, sway(i % 20, 1, 12)); /* every picture new, every movement old */
    looked(w, 0.95f);
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.status, TB_INJECTED);
    assert_string_equal(v.why, "every movement as one round before");
}

static void other_signs_of_a_program(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 20; i++) {
        (void)see_new(w, sway(i, 1, 12));
        w->taken -= TB_SECOND / 15 - 1000; /* a thousand pictures a second */
    }
    looked(w, 1);
    assert_int_equal(judge(w).status, TB_INJECTED);

    with_options(w, (tb_liveness_options){.virtual_device = 1});
    assert_int_equal(see_new(w, sway(0, 1, 12)).source, TB_INJECTED);
    looked(w, 1);
    assert_int_equal(judge(w).status, TB_INJECTED);

    with_options(w, (tb_liveness_options){0});
    for (int i = 0; i < 20; i++) {
        fresh_picture(w);
        memset(w->image.data, 0, 3 * WIDTH * 4); /* black bars */
        memset(w->image.data + 3 * WIDTH * (HEIGHT - 4), 0, 3 * WIDTH * 4);
        (void)see(w, sway(i, 1, 12));
    }
    looked(w, 0.7f);
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
    assert_string_equal(v.why, "black bars, as round a film");
}

static void another_form_in_the_middle_is_not_live(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 10; i++)
        (void)see_new(w, sway(i, 1, 12));
    tb_image_free(&w->image);
    assert_int_equal(tb_image_new(WIDTH, HEIGHT + 1, &w->image), TB_OK);
    for (int i = 10; i < 20; i++)
        (void)see_new(w, sway(i, 1, 12));
    looked(w, 0.95f);
    assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE);
}

static void nothing_measured_is_not_live(void **state)
{
    struct world *w = *state;
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
    assert_true(v.score == 0);
    for (int i = 0; i < 40; i++)
        (void)see_new(w, sway(i, 1, 12));
    v = judge(w); /* moved like a person, but the network never looked */
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
    assert_false(v.measured[TB_LIVENESS_PASSIVE]);
    looked(w, 0.9f);
    assert_int_equal(judge(w).status, TB_OK);
    assert_int_equal(tb_liveness_passive(w->session, NAN), TB_INVALID_ARGUMENT); /* takes the others with it */
    assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE);
    looked(w, 0.9f);
    tb_liveness_judge(w->session, NAN, &v);
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
    tb_liveness_judge(w->session, 0, &v); /* no threshold is no permission */
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
}

static void bad_input_wipes_the_evidence(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 10; i++)
        (void)see_new(w, sway(i, 1, 12));
    looked(w, 0.99f);
    assert_int_equal(judge(w).status, TB_OK);
    tb_face face = face_of(w, (struct stance){.depth = 1});
    tb_liveness_frame frame = {.image = &w->image, .face = &face, .taken = w->taken - 1};
    tb_liveness_seen seen;
    assert_int_equal(tb_liveness_see(w->session, &frame, &seen), TB_INVALID_ARGUMENT); /* time goes back */
    assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE);
    frame.taken = w->taken;
    face.landmarks[5].x = NAN;
    assert_int_equal(tb_liveness_see(w->session, &frame, &seen), TB_INVALID_ARGUMENT);
    face = face_of(w, (struct stance){.depth = 1});
    face.has_landmarks = 0;
    assert_int_equal(tb_liveness_see(w->session, &frame, &seen), TB_INVALID_ARGUMENT);
    face.has_landmarks = 1;
    tb_pose pose = {.yaw = INFINITY};
    frame.pose = &pose;
    assert_int_equal(tb_liveness_see(w->session, &frame, &seen), TB_INVALID_ARGUMENT);
    frame.pose = NULL;
    face.box = (tb_box){-1e5f, 1e5f, 1e5f, 3}; /* far outside: nothing is read there */
    assert_int_equal(tb_liveness_see(w->session, &frame, &seen), TB_OK);
    frame.image = &(tb_image){0};
    assert_int_equal(tb_liveness_see(w->session, &frame, &seen), TB_INVALID_ARGUMENT);
}

static void the_median_of_the_network_is_the_lower_one(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 40; i++)
        (void)see_new(w, sway(i, 1, 12));
    assert_int_equal(tb_liveness_passive(w->session, 0.99f), TB_OK);
    assert_int_equal(tb_liveness_passive(w->session, 0.02f), TB_OK);
    assert_true(fabsf(judge(w).passive - 0.02f) < 1e-6f);
    assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE);
    tb_liveness_again(w->session);
    looked(w, 0.6f);
    assert_true(judge(w).unsure); /* between the borders: worth a challenge */
}

static void a_simulated_camera_counts_the_network_alone(void **state)
{
    struct world *w = *state;
    with_options(w, (tb_liveness_options){.simulation = 1});
    fresh_picture(w);
    for (int i = 0; i < 30; i++) {
        tb_liveness_seen seen = see(w, (struct stance){.depth = 0});
        assert_true(seen.is_new);
        assert_int_equal(seen.source, TB_OK);
    }
    looked(w, 0.6f);
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.status, TB_OK);
    assert_true(fabsf(v.score - 0.6f) < 0.01f);
    assert_true(v.repeated > 20); /* told all the same */
    assert_true(v.evidence[TB_LIVENESS_SOURCE] < -1);
}

/* ---- challenges ---- */

static void ahead(struct world *w, int pictures)
{
    for (int i = 0; i < pictures; i++)
        (void)see_new(w, sway(i, 1, 2));
}

static void show(struct world *w, tb_challenge what)
{
    for (int i = 0; i < 12; i++) {
        float there = i < 4 ? (float)(i + 1) / 4 : i < 9 ? 1 : (float)(11 - i) / 3;
        struct stance s = {.depth = 1, .x = 0.3f * (float)(i % 3)};
        s.yaw = what == TB_CHALLENGE_LEFT ? 30 * there : what == TB_CHALLENGE_RIGHT ? -30 * there : 0;
        s.pitch = what == TB_CHALLENGE_DOWN ? 25 * there : what == TB_CHALLENGE_UP ? -25 * there : 0;
        s.closed = what == TB_CHALLENGE_EYES && i >= 2 && i < 10 ? 1 : 0;
        (void)see_new(w, s);
    }
    ahead(w, 4);
}

static void every_order_can_be_answered_and_no_other_answer_will_do(void **state)
{
    struct world *w = *state;
    for (tb_challenge a = TB_CHALLENGE_LEFT; a < TB_CHALLENGE_COUNT; a++)
        for (tb_challenge b = TB_CHALLENGE_LEFT; b < TB_CHALLENGE_COUNT; b++) {
            if (a == b)
                continue;
            const tb_challenge order[2] = {a, b};
            for (int swapped = 0; swapped < 2; swapped++) {
                tb_liveness_restart(w->session);
                ahead(w, 6);
                looked(w, 0.8f);
                assert_int_equal(tb_liveness_ask(w->session, order, 2), TB_OK);
                assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_WAITING);
                assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE); /* not before it is answered */
                ahead(w, 4);
                assert_int_equal(tb_liveness_asked(w->session).now, a);
                show(w, swapped ? b : a); /* a film with another order */
                show(w, swapped ? a : b);
                tb_liveness_progress p = tb_liveness_asked(w->session);
                if (!swapped) {
                    if (p.asked != TB_ASKED_DONE)
                        fail_msg("%s, %s: %d answered, %s", tb_challenge_name(a), tb_challenge_name(b), p.answered,
                                 judge(w).why);
                    assert_int_equal(judge(w).status, TB_OK);
                } else {
                    assert_int_not_equal(p.asked, TB_ASKED_DONE);
                    assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE);
                }
            }
        }
}

static void no_answer_in_time_fails(void **state)
{
    struct world *w = *state;
    with_options(w, (tb_liveness_options){.limit = 2 * TB_SECOND});
    ahead(w, 6);
    looked(w, 0.95f);
    const tb_challenge order[1] = {TB_CHALLENGE_LEFT};
    assert_int_equal(tb_liveness_ask(w->session, order, 1), TB_OK);
    ahead(w, 33);
    assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_FAILED);
    show(w, TB_CHALLENGE_LEFT); /* too late */
    assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_FAILED);
    assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE);
    assert_string_equal(judge(w).why, "no answer in time");
}

static void a_picture_that_is_turned_answers_but_is_flat(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 6; i++)
        (void)see_new(w, sway(i, 0, 2));
    looked(w, 0.97f);
    const tb_challenge order[1] = {TB_CHALLENGE_LEFT};
    assert_int_equal(tb_liveness_ask(w->session, order, 1), TB_OK);
    for (int i = 0; i < 30; i++) { /* suppose that it fools the pose network, too */
        struct stance s = {.depth = 0, .yaw = i < 8 ? 0 : i < 20 ? fminf(35, 5.0f * (float)(i - 7)) : 0};
        (void)see_new(w, s);
    }
    assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_DONE);
    tb_liveness_verdict v = judge(w);
    assert_int_equal(v.motion, TB_MOTION_FLAT);
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
}

static void another_face_in_the_middle_fails(void **state)
{
    struct world *w = *state;
    ahead(w, 6);
    looked(w, 0.95f);
    const tb_challenge order[2] = {TB_CHALLENGE_LEFT, TB_CHALLENGE_EYES};
    assert_int_equal(tb_liveness_ask(w->session, order, 2), TB_OK);
    ahead(w, 3);
    show(w, TB_CHALLENGE_LEFT);
    (void)see_new(w, (struct stance){.depth = 1, .x = 45}); /* it is suddenly elsewhere */
    show(w, TB_CHALLENGE_EYES);
    assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_FAILED);
    assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE);
    /* and a pause, in which anybody could step in */
    tb_liveness_restart(w->session);
    ahead(w, 6);
    looked(w, 0.95f);
    assert_int_equal(tb_liveness_ask(w->session, order, 2), TB_OK);
    ahead(w, 3);
    w->taken += 3 * TB_SECOND;
    ahead(w, 1);
    assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_FAILED);
}

/* An answer is worth something for the burst it was asked in. */
static void an_answer_does_not_outlast_its_burst(void **state)
{
    struct world *w = *state;
    ahead(w, 6);
    looked(w, 0.4f);
    const tb_challenge order[1] = {TB_CHALLENGE_LEFT};
    assert_int_equal(tb_liveness_ask(w->session, order, 1), TB_OK);
    ahead(w, 4);
    show(w, TB_CHALLENGE_LEFT);
    assert_int_equal(judge(w).status, TB_OK);
    tb_liveness_again(w->session);
    ahead(w, 3);
    looked(w, 0.3f);
    tb_liveness_verdict v = judge(w);
    assert_false(v.measured[TB_LIVENESS_ACTIVE]);
    assert_int_equal(v.status, TB_RETRY_NOT_LIVE);
    assert_true(v.unsure); /* and may be asked anew */
    /* and one that was given does not count any more when the face jumps before it is judged */
    assert_int_equal(tb_liveness_ask(w->session, order, 1), TB_OK);
    ahead(w, 4);
    show(w, TB_CHALLENGE_LEFT);
    assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_DONE);
    assert_true(see_new(w, (struct stance){.depth = 1, .x = 45}).is_broken);
    looked(w, 0.99f);
    assert_int_equal(judge(w).status, TB_RETRY_NOT_LIVE);
}

static void a_blink_by_itself_is_no_answer(void **state)
{
    struct world *w = *state;
    ahead(w, 6);
    const tb_challenge order[1] = {TB_CHALLENGE_EYES};
    assert_int_equal(tb_liveness_ask(w->session, order, 1), TB_OK);
    ahead(w, 4);
    for (int i = 0; i < 3; i++)
        (void)see_new(w, (struct stance){.depth = 1, .closed = 1}); /* 0.2 s */
    ahead(w, 4);
    assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_WAITING);
}

static void orders_are_drawn_evenly(void **state)
{
    (void)state;
    int first[TB_CHALLENGE_COUNT] = {0};
    uint32_t random = 1;
    for (int n = 0; n < 5000; n++) {
        uint8_t bytes[16];
        for (int i = 0; i < 16; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(random >> 24);
        }
        tb_challenge order[TB_CHALLENGES_MOST];
        tb_challenge_draw(bytes, TB_CHALLENGES_MOST, order);
        for (int i = 0; i < TB_CHALLENGES_MOST; i++) {
            assert_in_range(order[i], TB_CHALLENGE_LEFT, TB_CHALLENGE_EYES);
            for (int j = 0; j < i; j++)
                assert_int_not_equal(order[i], order[j]);
        }
        first[order[0]]++;
    }
    for (int i = 1; i < TB_CHALLENGE_COUNT; i++)
        assert_in_range(first[i], 850, 1150);
}

static void what_cannot_be_asked_is_refused(void **state)
{
    struct world *w = *state;
    const tb_challenge twice[2] = {TB_CHALLENGE_LEFT, TB_CHALLENGE_LEFT}, none[1] = {TB_CHALLENGE_NONE};
    assert_int_equal(tb_liveness_ask(w->session, twice, 2), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_liveness_ask(w->session, none, 1), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_liveness_ask(w->session, none, 0), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_liveness_ask(w->session, twice, TB_CHALLENGES_MOST + 1), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_liveness_asked(w->session).asked, TB_ASKED_NOTHING);
}

static void nothing_is_left_behind(void **state)
{
    struct world *w = *state;
    size_t held = tb_secret_held();
    tb_liveness *another = NULL;
    assert_int_equal(tb_liveness_new(NULL, &another), TB_OK);
    assert_true(tb_secret_held() - held < 64 * 1024);
    tb_liveness_free(&another);
    assert_int_equal(tb_secret_held(), held);
    ahead(w, 5);
    assert_int_equal(tb_secret_held(), held);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_person_is_live),
        IN_WORLD(a_turning_print_is_flat),
        IN_WORLD(what_only_shifts_says_nothing_and_counts_a_little_against),
        IN_WORLD(a_print_on_a_stand_does_not_move),
        IN_WORLD(the_same_picture_for_ever_is_an_attack),
        IN_WORLD(a_slow_camera_read_twice_is_none),
        IN_WORLD(a_film_in_a_loop_is_told_across_people),
        IN_WORLD(a_loop_in_other_noise_retraces_its_steps),
        IN_WORLD(other_signs_of_a_program),
        IN_WORLD(another_form_in_the_middle_is_not_live),
        IN_WORLD(nothing_measured_is_not_live),
        IN_WORLD(bad_input_wipes_the_evidence),
        IN_WORLD(the_median_of_the_network_is_the_lower_one),
        IN_WORLD(a_simulated_camera_counts_the_network_alone),
        IN_WORLD(every_order_can_be_answered_and_no_other_answer_will_do),
        IN_WORLD(no_answer_in_time_fails),
        IN_WORLD(a_picture_that_is_turned_answers_but_is_flat),
        IN_WORLD(another_face_in_the_middle_fails),
        IN_WORLD(an_answer_does_not_outlast_its_burst),
        IN_WORLD(a_blink_by_itself_is_no_answer),
        IN_WORLD(orders_are_drawn_evenly),
        IN_WORLD(what_cannot_be_asked_is_refused),
        IN_WORLD(nothing_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
