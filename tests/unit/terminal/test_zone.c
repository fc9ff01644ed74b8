/* Who is in the capture zone: places, sizes, tracks that go on, faces that change in place, bad pictures. Made-up
 * faces, no networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#include "terminal/zone.h"

#define WIDTH 640
#define HEIGHT 480

/* A picture with one pattern per face, so that chips of different faces differ. */
static void draw(tb_image *image, float x, float y, float eyes, unsigned who)
{
    for (int j = 0; j < HEIGHT; j++)
        for (int i = 0; i < WIDTH; i++) {
            float u = ((float)i - x) / eyes, v = ((float)j - y) / eyes;
            if (u < -1.5f || u > 1.5f || v < -1 || v > 2)
                continue;
            int cell = (int)((u + 1.5f) * 3) + 9 * (int)((v + 1) * 3);
            unsigned grey = ((unsigned)cell * 2654435761u + who * 40503u * (unsigned)(cell + 1)) >> 7 & 0xff;
            memset(image->data + 3 * (j * WIDTH + i), (int)grey, 3);
        }
}

static tb_face face_at(float x, float y, float eyes)
{
    tb_face face = {.box = {x - 1.1f * eyes, y - eyes, 2.2f * eyes, 2.8f * eyes}, .score = 0.9f, .has_landmarks = 1};
    for (int i = 36; i < 48; i++)
        face.landmarks[i] = (tb_point){x + (i < 42 ? -0.5f : 0.5f) * eyes, y};
    return face;
}

static tb_zone_view see(tb_zone *zone, const tb_face *faces, const unsigned *who, int count, int *chosen)
{
    tb_image image;
    tb_zone_view view;
    assert_int_equal(tb_image_new(WIDTH, HEIGHT, &image), TB_OK);
    for (int i = 0; i < count; i++) {
        tb_point eyes[2];
        tb_zone_eyes(&faces[i], eyes);
        draw(&image, (eyes[0].x + eyes[1].x) / 2, eyes[0].y, eyes[1].x - eyes[0].x, who[i]);
    }
    tb_zone_see(zone, &image, faces, count, &view, chosen);
    tb_image_free(&image);
    return view;
}

static void only_faces_inside_count(void **state)
{
    (void)state;
    tb_zone *zone;
    int chosen;
    assert_int_equal(tb_zone_new(NULL, &zone), TB_OK);
    tb_face faces[] = {face_at(320, 200, 70), face_at(10, 200, 70), face_at(320, 100, 12)};
    const unsigned who[] = {1, 2, 3};
    tb_zone_view view = see(zone, faces, who, 3, &chosen); /* one at the edge, one far behind */
    assert_int_equal(view.inside, 1);
    assert_int_equal(chosen, 0);
    assert_int_equal(view.advice, TB_OK);
    tb_zone_clear(zone);
    assert_int_equal(see(zone, &faces[2], &who[2], 1, &chosen).advice, TB_RETRY_TOO_FAR);
    assert_int_equal(chosen, -1);
    assert_int_equal(see(zone, &faces[1], &who[1], 1, &chosen).advice, TB_RETRY_FACE_AT_BORDER);
    tb_face two[] = {face_at(200, 200, 60), face_at(450, 200, 60)};
    assert_int_equal(see(zone, two, who, 2, &chosen).inside, 2);
    assert_int_equal(chosen, -1);
    tb_zone_free(&zone);
}

static void one_person_is_one_track(void **state)
{
    (void)state;
    tb_zone *zone;
    assert_int_equal(tb_zone_new(NULL, &zone), TB_OK);
    unsigned me = 1, other = 2;
    tb_face face = face_at(320, 200, 60);
    tb_zone_view first = see(zone, &face, &me, 1, NULL);
    assert_false(first.steady);
    for (int i = 0; i < 20; i++) { /* moves a little from picture to picture */
        face = face_at(320 + (float)i * 4, 200 + (float)(i % 3), 60);
        tb_zone_view view = see(zone, &face, &me, 1, NULL);
        assert_int_equal(view.track, first.track);
        assert_true(view.steady);
    }
    tb_zone_view missed = see(zone, NULL, NULL, 0, NULL); /* one picture in which the detector saw nobody */
    assert_int_equal(missed.inside, 1);
    assert_int_equal(missed.track, first.track);
    assert_int_equal(see(zone, &face, &me, 1, NULL).track, first.track);
    tb_zone_view swapped = see(zone, &face, &other, 1, NULL); /* another face, suddenly in the same place */
    assert_int_not_equal(swapped.track, first.track);
    assert_false(swapped.steady);
    for (int i = 0; i < 3; i++)
        missed = see(zone, NULL, NULL, 0, NULL);
    assert_int_equal(missed.inside, 0);
    assert_int_not_equal(see(zone, &face, &other, 1, NULL).track, swapped.track); /* came back: looked at anew */
    tb_zone_free(&zone);
}

static void a_jump_is_not_steady(void **state)
{
    (void)state;
    tb_zone *zone;
    assert_int_equal(tb_zone_new(NULL, &zone), TB_OK);
    unsigned me = 1;
    tb_face face = face_at(300, 200, 60);
    for (int i = 0; i < 3; i++)
        (void)see(zone, &face, &me, 1, NULL);
    face = face_at(345, 200, 60);
    assert_false(see(zone, &face, &me, 1, NULL).steady);
    assert_true(see(zone, &face, &me, 1, NULL).steady);
    tb_zone_free(&zone);
}

/* Nine people behind, beside and passing; one stands in the zone: that one counts. A second one comes in: nobody. */
static void one_of_ten_is_the_candidate(void **state)
{
    (void)state;
    tb_zone *zone;
    int chosen;
    assert_int_equal(tb_zone_new(NULL, &zone), TB_OK);
    tb_face faces[10];
    unsigned who[10];
    for (int i = 0; i < 10; i++) {
        who[i] = (unsigned)i + 1;
        faces[i] = i < 6 ? face_at(80 + (float)i * 90, 40 + (float)(i % 2) * 30, 14) : /* far behind */
                       face_at(i % 2 ? 8 : 632, 100 + (float)i * 30, 40);              /* at the edges */
    }
    faces[7] = face_at(320, 240, 70);
    for (int i = 0; i < 3; i++) {
        tb_zone_view view = see(zone, faces, who, 10, &chosen);
        assert_int_equal(view.inside, 1);
        assert_int_equal(chosen, 7);
        assert_true(view.steady == (i > 0));
    }
    faces[8] = face_at(500, 240, 60);
    assert_int_equal(see(zone, faces, who, 10, &chosen).inside, 2);
    assert_int_equal(chosen, -1);
    tb_zone_free(&zone);
}

/* The detector overlooks one of two for a picture: the other one is not alone before that one has really gone. */
static void who_is_overlooked_beside_another_is_still_there(void **state)
{
    (void)state;
    tb_zone *zone;
    int chosen;
    assert_int_equal(tb_zone_new(NULL, &zone), TB_OK);
    tb_face two[] = {face_at(200, 200, 60), face_at(450, 200, 60)};
    const unsigned who[] = {1, 2};
    for (int i = 0; i < 3; i++)
        assert_int_equal(see(zone, two, who, 2, &chosen).inside, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(see(zone, two, who, 1, &chosen).inside, 2);
        assert_int_equal(chosen, -1);
    }
    tb_zone_view left = see(zone, two, who, 1, &chosen); /* now the second one has gone */
    assert_int_equal(left.inside, 1);
    assert_int_equal(chosen, 0);
    tb_zone_free(&zone);
}

/* Two walk past each other; where they cover one another only the one in front is seen. Nobody gets the other's
 * track. */
static void two_who_cross_are_never_one(void **state)
{
    (void)state;
    tb_zone *zone;
    assert_int_equal(tb_zone_new(NULL, &zone), TB_OK);
    tb_face alone = face_at(180, 200, 60);
    unsigned first = 1;
    uint32_t before = 0, after = 0, behind = 0;
    for (int i = 0; i < 3; i++)
        before = see(zone, &alone, &first, 1, NULL).track;
    assert_int_not_equal(before, 0);
    for (int step = 0; step <= 24; step++) { /* 1 goes right, in front; 2 goes left */
        float x = 180 + (float)step * 12, y = 460 - (float)step * 12;
        tb_face faces[] = {face_at(x, 200, 60), face_at(y, 205, 60)};
        const unsigned who[] = {1, 2};
        int hidden = x - y < 130 && y - x < 130, chosen;
        tb_zone_view view = see(zone, faces, who, hidden ? 1 : 2, &chosen);
        if (view.inside > 1)
            assert_int_equal(chosen, -1);
        else
            assert_int_equal(view.track, before); /* it is the first one who is seen */
    }
    tb_face right = face_at(180 + 24 * 12, 200, 60), left = face_at(460 - 24 * 12, 205, 60);
    const unsigned second = 2;
    for (int i = 0; i < 4; i++)
        after = see(zone, &right, &first, 1, NULL).track;
    assert_int_equal(after, before);
    for (int i = 0; i < 4; i++)
        behind = see(zone, &left, &second, 1, NULL).track;
    assert_int_not_equal(behind, before);
    tb_zone_free(&zone);
}

/* Who was looked at already gets no patience meant for the one who is asked to turn: somebody else could stand
 * there. */
static void patience_is_for_who_was_asked(void **state)
{
    (void)state;
    tb_zone *zone;
    assert_int_equal(tb_zone_new(NULL, &zone), TB_OK);
    tb_face both[] = {face_at(150, 200, 60), face_at(460, 205, 60)}, one = both[1];
    const unsigned who[] = {1, 2}, second = 2;
    tb_zone_view view = {0};
    for (int i = 0; i < 3; i++)
        view = see(zone, both, who, 2, NULL);
    assert_int_equal(view.count, 2);
    tb_zone_lenient(zone, view.tracks[1]);
    for (int i = 0; i < 3; i++)
        view = see(zone, &one, &second, 1, NULL);
    assert_int_equal(view.count, 1);
    assert_int_equal(view.inside, 1);
    tb_zone_free(&zone);
}

static void a_crowd_breaks_nothing_and_leaves_nothing(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_zone *zone;
    assert_int_equal(tb_zone_new(NULL, &zone), TB_OK);
    tb_face faces[TB_FACES_MAX];
    unsigned who[TB_FACES_MAX];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < TB_FACES_MAX; i++) {
            who[i] = (unsigned)(i + round);
            faces[i] = face_at(100 + (float)(i % 8) * 60, 80 + (float)(i / 8) * 90, 40);
            faces[i].has_landmarks = i % 2;
        }
        assert_int_equal(see(zone, faces, who, TB_FACES_MAX, NULL).inside, TB_FACES_MAX);
    }
    faces[0] = face_at(-5000, 90000, 60); /* nonsense from a detector */
    (void)see(zone, faces, who, 1, NULL);
    tb_zone_clear(zone);
    tb_zone_free(&zone);
    assert_int_equal(tb_secret_held(), held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_faces_inside_count),
                                       cmocka_unit_test(one_person_is_one_track),
                                       cmocka_unit_test(a_jump_is_not_steady),
                                       cmocka_unit_test(one_of_ten_is_the_candidate),
                                       cmocka_unit_test(who_is_overlooked_beside_another_is_still_there),
                                       cmocka_unit_test(two_who_cross_are_never_one),
                                       cmocka_unit_test(patience_is_for_who_was_asked),
                                       cmocka_unit_test(a_crowd_breaks_nothing_and_leaves_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
