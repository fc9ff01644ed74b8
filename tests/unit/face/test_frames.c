/* Frames that cameras and people really give: tiny and huge faces, a crowd, grey, printer's colours, 16 bits, turned.
 * Made from the demo's pictures by scaling, pasting and encoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <tebura/face.h>
#include <tebura/secret.h>

#include "encoded.h"
#include "photos.h"

static tb_engine *engine;

static int open_engine(void **state)
{
    (void)state;
    tb_error why = {0};
    if (tb_engine_open(NULL, &engine, &why) == TB_OK)
        return 0;
    print_error("%s\n", tb_error_text(&why));
    return -1;
}

static int close_engine(void **state)
{
    (void)state;
    tb_engine_free(&engine);
    return tb_secret_held() == 0 ? 0 : -1;
}

static tb_box widened(tb_box box)
{
    return (tb_box){box.x - 0.35f * box.width, box.y - 0.25f * box.height, 1.7f * box.width, 1.6f * box.height};
}

/* The lowest face of the fifth demo picture, frontal, with room round it; its box is a 1.7th as wide. */
static tb_image one_person(void)
{
    tb_image image = photos_demo(5), out;
    tb_face faces[TB_FACES_MAX];
    int count, best = 0;
    assert_int_equal(tb_engine_detect(engine, &image, faces, &count), TB_OK);
    for (int i = 1; i < count; i++)
        best = faces[i].box.y > faces[best].box.y ? i : best;
    assert_int_equal(tb_image_crop(&image, widened(faces[best].box), &out), TB_OK);
    tb_image_free(&image);
    return out;
}

static tb_status capture(const tb_image *image, tb_template *out)
{
    tb_capture *captured = tb_secret_alloc(sizeof *captured);
    tb_status status = tb_engine_capture(engine, image, 0, captured);
    assert_true(status == TB_OK || captured->template.dimension == 0);
    *out = captured->template;
    tb_secret_free(captured);
    return status;
}

static float likeness(const tb_template *a, const tb_template *b)
{
    float score = 0;
    assert_int_equal(tb_template_compare(a, b, &score), TB_OK);
    return score;
}

static tb_image with_face_of(const tb_image *person, int pixels)
{
    float scale = 1.7f * (float)pixels / (float)person->width;
    tb_image out;
    assert_int_equal(
        tb_image_resize(person, (int)(scale * (float)person->width), (int)(scale * (float)person->height), &out),
        TB_OK);
    return out;
}

static void paste(tb_image *onto, const tb_image *from, int left, int top)
{
    for (int y = 0; y < from->height; y++)
        memcpy(onto->data + 3 * ((size_t)(top + y) * (size_t)onto->width + (size_t)left),
               from->data + 3 * (size_t)y * (size_t)from->width, 3 * (size_t)from->width);
}

static void a_face_of_20_pixels_is_too_far(void **state)
{
    (void)state;
    tb_image person = one_person(), small = with_face_of(&person, 20), frame;
    tb_template template;
    assert_int_equal(capture(&small, &template), TB_RETRY_TOO_FAR); /* filling the picture */
    assert_int_equal(tb_image_new(640, 480, &frame), TB_OK);
    memset(frame.data, 150, (size_t)640 * 480 * 3);
    paste(&frame, &small, 300, 200);
    tb_status status = capture(&frame, &template); /* lost in a large frame: either is true */
    assert_true(status == TB_RETRY_TOO_FAR || status == TB_RETRY_NO_FACE);
    tb_image_free(&frame);
    tb_image_free(&small);
    tb_image_free(&person);
}

static void a_face_of_2000_pixels_is_the_same_face(void **state)
{
    (void)state;
    tb_image person = one_person(), huge = with_face_of(&person, 2000);
    tb_template one, other;
    assert_int_equal(capture(&person, &one), TB_OK);
    assert_int_equal(capture(&huge, &other), TB_OK);
    assert_true(likeness(&one, &other) > 0.9f);
    tb_image_free(&huge);
    tb_image_free(&person);
}

/* Ten of the 22 faces of the demo's pictures in one frame: all are found and each is itself. */
static void ten_people_in_the_frame(void **state)
{
    (void)state;
    static tb_template wanted[10], got;
    tb_image frame, crop, cell;
    tb_face faces[TB_FACES_MAX];
    int people = 0, count;
    assert_int_equal(tb_image_new(1920, 1080, &frame), TB_OK);
    for (int picture = 4; picture <= 6; picture++) {
        tb_image image = photos_demo(picture);
        assert_int_equal(tb_engine_detect(engine, &image, faces, &count), TB_OK);
        for (int i = 0; i < count && people < 10; i++, people++) {
            assert_int_equal(tb_engine_template(engine, &image, &faces[i], &wanted[people]), TB_OK);
            assert_int_equal(tb_image_crop(&image, widened(faces[i].box), &crop), TB_OK);
            assert_int_equal(tb_image_resize(&crop, 360, 500, &cell), TB_OK);
            paste(&frame, &cell, 20 + people % 5 * 380, 20 + people / 5 * 520);
            tb_image_free(&cell);
            tb_image_free(&crop);
        }
        tb_image_free(&image);
    }
    assert_int_equal(people, 10);
    assert_int_equal(tb_engine_detect(engine, &frame, faces, &count), TB_OK);
    assert_int_equal(count, 10);
    for (int i = 0; i < count; i++) {
        int like = 0;
        assert_int_equal(tb_engine_template(engine, &frame, &faces[i], &got), TB_OK);
        for (int k = 0; k < 10; k++)
            like += likeness(&got, &wanted[k]) > 0.6f;
        assert_int_equal(like, 1);
    }
    assert_int_equal(capture(&frame, &got), TB_RETRY_SEVERAL_FACES);
    tb_image_free(&frame);
}

/* The same photograph by way of other forms is the same face. */
static void other_kinds_of_pictures(void **state)
{
    (void)state;
    tb_image person = one_person(), again;
    tb_template one, other;
    assert_int_equal(capture(&person, &one), TB_OK);
    const struct {
        tb_bytes bytes;
        float limit;
    } forms[] = {{encoded_jpeg(&person, "cmyk", 0), 0.95f}, {encoded_jpeg(&person, "progressive", 0), 0.95f},
                 {encoded_png(&person, "rgb16"), 0.999f},   {encoded_png(&person, "interlaced"), 0.999f},
                 {encoded_jpeg(&person, "grey", 0), 0.7f},  {encoded_png(&person, "grey16"), 0.7f}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        tb_error why = {0};
        tb_bytes bytes = forms[i].bytes;
        assert_int_equal(tb_image_decode(tb_bytes_span(&bytes), &again, &why), TB_OK);
        assert_int_equal(capture(&again, &other), TB_OK);
        if (!(likeness(&one, &other) > forms[i].limit))
            print_error("form %zu: %.3f\n", i, likeness(&one, &other));
        assert_true(likeness(&one, &other) > forms[i].limit);
        tb_image_free(&again);
        tb_bytes_free(&bytes);
    }
    tb_image_free(&person);
}

/* Turned by `degrees` about its middle. */
static tb_image turned_by(const tb_image *image, float degrees)
{
    float c = cosf(degrees / 57.29578f), s = sinf(degrees / 57.29578f), x = (float)image->width / 2,
          y = (float)image->height / 2;
    tb_image out;
    assert_int_equal(tb_image_warp(image, (tb_similarity){c, s, x - c * x + s * y, y - s * x - c * y}, image->width,
                                   image->height, &out),
                     TB_OK);
    return out;
}

/* A head on its side is told to turn, or not seen as one; a leaning one is the same face. */
static void turned_pictures(void **state)
{
    (void)state;
    tb_image person = one_person();
    tb_template one, other;
    assert_int_equal(capture(&person, &one), TB_OK);
    const float leaning[2] = {-25, 25}, lying[3] = {90, 180, 270};
    for (int i = 0; i < 2; i++) {
        tb_image turned = turned_by(&person, leaning[i]);
        assert_int_equal(capture(&turned, &other), TB_OK);
        assert_true(likeness(&one, &other) > 0.8f);
        tb_image_free(&turned);
    }
    for (int i = 0; i < 3; i++) {
        tb_image turned = turned_by(&person, lying[i]);
        tb_status status = capture(&turned, &other);
        if (!tb_status_is_retry(status))
            print_error("%.0f degrees: %s\n", lying[i], tb_status_name(status));
        assert_true(tb_status_is_retry(status));
        tb_image_free(&turned);
    }
    tb_image_free(&person);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_face_of_20_pixels_is_too_far),
                                       cmocka_unit_test(a_face_of_2000_pixels_is_the_same_face),
                                       cmocka_unit_test(ten_people_in_the_frame),
                                       cmocka_unit_test(other_kinds_of_pictures), cmocka_unit_test(turned_pictures)};
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
