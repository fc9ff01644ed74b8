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
    assert_int_equal(tb_template_compare(&a, &b, &score), TB_OTHER_DIMENSION);
    b = a;
    b.modality = TB_MODALITY_VOICE;
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
    } cases[] = {{0, 'X', TB_MALFORMED},     {3, '3', TB_UNSUPPORTED}, {11, 0x13, TB_UNSUPPORTED},
                 {11, 0, TB_UNSUPPORTED},    {11, 1, TB_UNSUPPORTED},  {11, 0x61, TB_UNSUPPORTED},
                 {11, 0x12, TB_TRUNCATED},   {10, 101, TB_MALFORMED},  {15, 0x40, TB_MALFORMED},
                 {15, 0xbf, TB_MALFORMED},   {9, 0xff, TB_MALFORMED},  {9, 3, TB_TRUNCATED},
                 {15, 0x7f, TB_NOT_A_NUMBER}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(copy, bytes.data, 528);
        copy[cases[i].at] = cases[i].value;
        if (cases[i].status == TB_NOT_A_NUMBER)
            copy[14] = 0xc0; /* a scale that is no number */
        assert_refused(copy, 528, 0, cases[i].status);
    }
    memcpy(copy, bytes.data, 528);
    memset(copy + 12, 0, 4); /* no scale */
    assert_refused(copy, 528, 0, TB_MALFORMED);
    memcpy(copy, bytes.data, 528);
    memset(copy + 12, 0xff, 4);
    assert_refused(copy, 528, 0, TB_NOT_A_NUMBER);
    memcpy(copy, bytes.data, 528);
    memset(copy + 16, 0, 512); /* no length */
    assert_refused(copy, 528, 0, TB_MALFORMED);
    memcpy(copy, bytes.data, 528);
    memset(copy + 16, 100, 512); /* far longer than one */
    assert_refused(copy, 528, 0, TB_MALFORMED);
    tb_bytes_free(&bytes);
}

static void damage_to_float16_is_refused(void **state)
{
    (void)state;
    tb_template from = vectors_template(3, 512);
    tb_bytes bytes = {0};
    uint8_t copy[1041] = {0};
    assert_int_equal(tb_template_encode_as(&from, TB_TEMPLATE_FLOAT16, &bytes), TB_OK);
    assert_int_equal(bytes.size, 1040);
    for (size_t cut = 0; cut < bytes.size; cut += 7)
        assert_refused(bytes.data, cut, 0, TB_TRUNCATED);
    memcpy(copy, bytes.data, 1040);
    assert_refused(copy, 1041, 0, TB_MALFORMED);
    copy[17] = 0x7c; /* infinity, or a NaN */
    assert_refused(copy, 1040, 0, TB_NOT_A_NUMBER);
    copy[17] = 0x3c; /* one value as long as all should be */
    assert_refused(copy, 1040, 0, TB_MALFORMED);
    memcpy(copy, bytes.data, 1040);
    copy[14] ^= 1; /* a scale that does nothing must say so */
    assert_refused(copy, 1040, 0, TB_MALFORMED);
    memcpy(copy, bytes.data, 1040);
    copy[3] = '1'; /* version 1 had no such form */
    assert_refused(copy, 1040, 0, TB_UNSUPPORTED);
    tb_bytes_free(&bytes);
}

/* The same vector in both forms, and from one into the other. */
static void forms_agree(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 50; seed++) {
        tb_template from = vectors_template(seed, 512), other = vectors_near(&from, 0.45f, seed + 1000), small, large;
        tb_bytes int8 = {0}, float16 = {0}, again = {0};
        float exact, rough, fine;
        from.modality = other.modality = TB_MODALITY_IRIS;
        assert_int_equal(tb_template_encode(&from, &int8), TB_OK);
        assert_int_equal(tb_template_encode_as(&from, TB_TEMPLATE_FLOAT16, &float16), TB_OK);
        assert_int_equal(tb_template_decode(tb_bytes_span(&int8), 0, &small), TB_OK);
        assert_int_equal(tb_template_decode(tb_bytes_span(&float16), 0, &large), TB_OK);
        assert_int_equal(small.modality, TB_MODALITY_IRIS);
        assert_int_equal(large.modality, TB_MODALITY_IRIS);
        assert_int_equal(tb_template_compare(&from, &other, &exact), TB_OK);
        assert_int_equal(tb_template_compare(&small, &other, &rough), TB_OK);
        assert_int_equal(tb_template_compare(&large, &other, &fine), TB_OK);
        assert_true(fabsf(exact - rough) <= 0.002f);
        assert_true(fabsf(exact - fine) <= 0.0005f);
        assert_int_equal(tb_template_convert(tb_bytes_span(&float16), TB_TEMPLATE_INT8, &again), TB_OK);
        assert_int_equal(again.size, 528);
        again.size = 0;
        assert_int_equal(tb_template_convert(tb_bytes_span(&float16), TB_TEMPLATE_FLOAT16, &again), TB_OK);
        assert_int_equal(again.size, float16.size);
        assert_memory_equal(again.data, float16.data, again.size); /* nothing is lost by coding again */
        tb_bytes_free(&again);
        tb_bytes_free(&float16);
        tb_bytes_free(&int8);
    }
}

/* Databases of the first release hold version 1: 16 bytes of head, faces only. */
static void version_1_is_read(void **state)
{
    (void)state;
    tb_template from = vectors_template(7, 512), to;
    tb_bytes bytes = {0}, newer = {0};
    float score;
    assert_int_equal(tb_template_encode(&from, &bytes), TB_OK);
    bytes.data[3] = '1';
    bytes.data[11] = 1;
    assert_int_equal(tb_template_decode(tb_bytes_span(&bytes), VECTORS_MODEL, &to), TB_OK);
    assert_int_equal(to.modality, TB_MODALITY_FACE);
    assert_int_equal(tb_template_compare(&from, &to, &score), TB_OK);
    assert_true(score > 0.9999f);
    assert_int_equal(tb_template_convert(tb_bytes_span(&bytes), TB_TEMPLATE_INT8, &newer), TB_OK);
    assert_memory_equal(newer.data, "TBT2", 4);
    bytes.data[11] = 2;
    assert_refused(bytes.data, bytes.size, 0, TB_UNSUPPORTED);
    tb_bytes_free(&newer);
    tb_bytes_free(&bytes);
}

static void heads(void **state)
{
    (void)state;
    tb_template from = vectors_template(7, 512), head;
    tb_bytes bytes = {0};
    from.modality = TB_MODALITY_VEIN;
    assert_int_equal(tb_template_encode(&from, &bytes), TB_OK);
    assert_int_equal(tb_template_head(tb_bytes_span(&bytes), &head), TB_OK);
    assert_int_equal(head.model, VECTORS_MODEL);
    assert_int_equal(head.dimension, 512);
    assert_int_equal(head.quality, 80);
    assert_string_equal(tb_modality_name((tb_modality)head.modality), "vein");
    assert_true(head.values[0] == 0);
    bytes.size--;
    assert_int_equal(tb_template_head(tb_bytes_span(&bytes), &head), TB_TRUNCATED);
    assert_int_equal(head.model, 0);
    assert_string_equal(tb_modality_name(TB_MODALITY_COUNT), "");
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
    bad.modality = TB_MODALITY_COUNT;
    assert_int_equal(tb_template_encode(&bad, &bytes), TB_INVALID_ARGUMENT);
    bad = vectors_template(3, 512);
    assert_int_equal(tb_template_encode_as(&bad, (tb_template_form)3, &bytes), TB_INVALID_ARGUMENT);
    bad.dimension = 0;
    assert_int_equal(tb_template_encode(&bad, &bytes), TB_INVALID_ARGUMENT);
    assert_int_equal(bytes.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back),
                                       cmocka_unit_test(comparing),
                                       cmocka_unit_test(damage_is_refused),
                                       cmocka_unit_test(damage_to_float16_is_refused),
                                       cmocka_unit_test(forms_agree),
                                       cmocka_unit_test(version_1_is_read),
                                       cmocka_unit_test(heads),
                                       cmocka_unit_test(only_good_ones_are_encoded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
