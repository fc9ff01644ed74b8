/* Base64 as pictures come in: both alphabets, with and without padding, nothing malformed, nothing too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <tebura/http.h>

static void decodes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
    } good[] = {{"", ""},
                {"Zg==", "f"},
                {"Zm8=", "fo"},
                {"Zm9v", "foo"},
                {"Zm9vYg==", "foob"},
                {"Zm9vYmE", "fooba"},
                {"Zm9vYmFy", "foobar"},
                {"+/+/", "\xfb\xff\xbf"},
                {"-_-_", "\xfb\xff\xbf"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        tb_bytes out = {0};
        assert_int_equal(tb_base64_decode(good[i].text, 100, &out), TB_OK);
        assert_int_equal(out.size, strlen(good[i].bytes));
        if (out.size)
            assert_memory_equal(out.data, good[i].bytes, out.size);
        tb_bytes_free(&out);
    }
}

static void refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z", "Zm9vY", "Zm 9v", "Zm9v\n", "Zg===", "=", "Zh==", "Zm9=", "Z=g=", "Zm9v\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_bytes out = {0};
        assert_int_equal(tb_bytes_append(&out, tb_span_text("kept")), TB_OK);
        assert_int_equal(tb_base64_decode(bad[i], 100, &out), TB_MALFORMED);
        assert_int_equal(out.size, 4);
        tb_bytes_free(&out);
    }
    tb_bytes out = {0};
    assert_int_equal(tb_base64_decode("Zm9v", 2, &out), TB_TOO_LARGE);
    assert_int_equal(tb_base64_decode("Zm9v", 3, &out), TB_OK);
    tb_bytes_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decodes), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
