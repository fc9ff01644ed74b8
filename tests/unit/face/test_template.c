/* Templates to bytes and back: exact size, tiny loss, every damage refused and wiped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <tebura/template.h>

#include "vectors.h"

static void there_and_back(void **state)
{
    (void)state;
    float worst = 1;
    for (uint32_t seed = 0; seed < 50; seed++) {
        tb_template from = vectors_template(seed, 512), to;
        tb_bytes bytes = {0};
        assert_int_equal(tb_template_encode(&from, &bytes), TB_OK);
        assert_int_equal(bytes.size, 528);
        assert_int_equal(tb_template_decode(tb_bytes_span(&bytes), VECTORS_MODEL, &to), TB_OK);
        assert_int_equal(to.model, from.model);
        assert_int_equal(to.dimension, 512);
        assert_int_equal(to.quality, 80);
        float score;
        assert_int_equal(tb_template_compare(&from, &to, &score), TB_OK);
        worst = fminf(worst, score);
        assert_true(to.values[600] == 0);
        tb_bytes again = {0};
        assert_int_equal(tb_template_encode(&to, &again), TB_OK); /* a second coding loses nothing more */
        assert_memory_equal(again.data + 16, bytes.data + 16, 512);
        tb_bytes_free(&again);
        tb_bytes_free(&bytes);
    }
    assert_true(worst > 0.9999f);
}

static void comparing(void **state)
{
    (void)state;
    tb_template a = vectors_template(1, 512), b = vectors_near(&a, 0.6f, 2);
    float score;
    assert_int_equal(tb_template_compare(&a, &b, &score), TB_OK);
    assert_true(fabsf(score - 0.6f) < 1e-4f);
    assert_int_equal(tb_template_compare(&a, &a, &score), TB_OK);
    assert_true(score <= 1 && score > 0.9999f);
    b.model++;
    assert_int_equal(tb_template_compare(&a, &b, &score), TB_OTHER_MODEL);
    b = vectors_template(1, 256);
    assert_int_equal(tb_template_compare(&a, &b, &score), TB_OTHER_MODEL);
}

static void assert_refused(const uint8_t *data, size_t size, uint32_t model, tb_status wanted)
{
    tb_template out, zero;
    memset(&out, 0x55, sizeof out);
    memset(&zero, 0, sizeof zero);
    assert_int_equal(tb_template_decode(tb_span_of(data, size), model, &out), wanted);
    assert_memory_equal(&out, &zero, sizeof out);
}

static void damage_is_refused(void **state)
{
    (void)state;
    tb_template from = vectors_template(3, 512);
    tb_bytes bytes = {0};
    assert_int_equal(tb_template_encode(&from, &bytes), TB_OK);
    for (size_t cut = 0; cut < bytes.size; cut++)
        assert_refused(bytes.data, cut, 0, TB_TRUNCATED);
    uint8_t copy[529] = {0};
    memcpy(copy, bytes.data, 528);
    assert_refused(copy, 529, 0, TB_MALFORMED); /* trailing byte */
    assert_refused(copy, 528, VECTORS_MODEL + 1, TB_OTHER_MODEL);
    static const struct {
        int at;
        uint8_t value;
        tb_status status;
    } cases[] = {{0, 'X', TB_MALFORMED},   {3, '2', TB_UNSUPPORTED}, {11, 2, TB_UNSUPPORTED}, {10, 101, TB_MALFORMED},
                 {15, 0x7f, TB_MALFORMED}, {15, 0xbf, TB_MALFORMED}, {9, 0xff, TB_MALFORMED}, {9, 3, TB_TRUNCATED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(copy, bytes.data, 528);
        copy[cases[i].at] = cases[i].value;
        assert_refused(copy, 528, 0, cases[i].status);
    }
    memcpy(copy, bytes.data, 528);
    memset(copy + 12, 0xff, 4); /* a scale that is no number */
    assert_refused(copy, 528, 0, TB_MALFORMED);
    memcpy(copy, bytes.data, 528);
    memset(copy + 16, 0, 512); /* no length */
    assert_refused(copy, 528, 0, TB_MALFORMED);
    memcpy(copy, bytes.data, 528);
    memset(copy + 16, 100, 512); /* far longer than one */
    assert_refused(copy, 528, 0, TB_MALFORMED);
    tb_bytes_free(&bytes);
}

static void only_good_ones_are_encoded(void **state)
{
    (void)state;
    tb_bytes bytes = {0};
    tb_template bad = vectors_template(3, 512);
    bad.values[5] = NAN;
    assert_int_equal(tb_template_encode(&bad, &bytes), TB_INVALID_ARGUMENT);
    bad = vectors_template(3, 512);
    for (int i = 0; i < 512; i++)
        bad.values[i] *= 2;
    assert_int_equal(tb_template_encode(&bad, &bytes), TB_INVALID_ARGUMENT);
    bad = vectors_template(3, 512);
    bad.model = 0;
    assert_int_equal(tb_template_encode(&bad, &bytes), TB_INVALID_ARGUMENT);
    bad = vectors_template(3, 512);
    bad.dimension = 0;
    assert_int_equal(tb_template_encode(&bad, &bytes), TB_INVALID_ARGUMENT);
    assert_int_equal(bytes.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back), cmocka_unit_test(comparing),
                                       cmocka_unit_test(damage_is_refused),
                                       cmocka_unit_test(only_good_ones_are_encoded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
