/* What the two forms of a template cost, on real faces with the real network: a score moves by 0.002 (int8) and 0.0005
 * (float16) at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <tebura/face.h>
#include <tebura/secret.h>

#include "photos.h"

#define MOST 24

typedef struct forms {
    tb_template exact[MOST], coded[2][MOST]; /* int8, float16 */
    int count;
} forms;

static void code(const tb_template *from, tb_template_form form, size_t size, tb_template *to)
{
    tb_bytes bytes = {0};
    assert_int_equal(tb_template_encode_as(from, form, &bytes), TB_OK);
    assert_int_equal(bytes.size, size);
    assert_int_equal(tb_template_decode(tb_bytes_span(&bytes), from->model, to), TB_OK);
    assert_int_equal(to->quality, from->quality);
    tb_bytes_free(&bytes);
}

static void take(tb_engine *engine, int picture, forms *f)
{
    tb_image image = photos_demo(picture);
    tb_face faces[TB_FACES_MAX];
    int count = 0;
    assert_int_equal(tb_engine_detect(engine, &image, faces, &count), TB_OK);
    for (int i = 0; i < count && f->count < MOST; i++, f->count++) {
        assert_int_equal(tb_engine_template(engine, &image, &faces[i], &f->exact[f->count]), TB_OK);
        code(&f->exact[f->count], TB_TEMPLATE_INT8, 528, &f->coded[0][f->count]);
        code(&f->exact[f->count], TB_TEMPLATE_FLOAT16, 1040, &f->coded[1][f->count]);
    }
    tb_image_free(&image);
}

static void scores_hardly_move(void **state)
{
    (void)state;
    tb_engine *engine;
    tb_error why = {0};
    forms *f = tb_secret_alloc(sizeof *f);
    assert_non_null(f);
    const tb_engine_options options = {.without_liveness = 1};
    if (tb_engine_open(&options, &engine, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    for (int picture = 1; picture <= 6; picture++)
        take(engine, picture, f);
    assert_true(f->count >= 20);
    float worst[2] = {0, 0};
    for (int form = 0; form < 2; form++)
        for (int a = 0; a < f->count; a++)
            for (int b = 0; b < f->count; b++) {
                float exact, coded;
                assert_int_equal(tb_template_compare(&f->exact[a], &f->exact[b], &exact), TB_OK);
                assert_int_equal(tb_template_compare(&f->coded[form][a], &f->coded[form][b], &coded), TB_OK);
                worst[form] = fmaxf(worst[form], fabsf(exact - coded));
            }
    print_message("%d faces: int8 moves a score by %.5f at most, float16 by %.5f\n", f->count, worst[0], worst[1]);
    assert_true(worst[0] <= 0.002f);
    assert_true(worst[1] <= 0.0005f);
    tb_engine_free(&engine);
    tb_secret_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scores_hardly_move)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
