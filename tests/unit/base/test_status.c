/* Every status has a name, a sentence and a plausible HTTP status; retry is a class of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <tebura/status.h>

static void every_row_is_whole(void **state)
{
    (void)state;
    for (int s = 0; s < TB_STATUS_COUNT; s++) {
        assert_true(strlen(tb_status_name((tb_status)s)) > 1);
        assert_true(strlen(tb_status_sentence((tb_status)s)) > 3);
        int http = tb_status_http((tb_status)s);
        assert_true(s == TB_OK ? http == 200 : http >= 400 && http < 600);
        assert_int_equal(tb_status_is_retry((tb_status)s), strncmp(tb_status_name((tb_status)s), "RETRY_", 6) == 0);
    }
    assert_string_equal(tb_status_name((tb_status)9999), "INTERNAL");
    assert_string_equal(tb_status_name((tb_status)-1), "INTERNAL");
}

static void names_are_unique(void **state)
{
    (void)state;
    for (int a = 0; a < TB_STATUS_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(tb_status_name((tb_status)a), tb_status_name((tb_status)b));
}

static void an_error_tells_its_own_sentence(void **state)
{
    (void)state;
    tb_error error = {0};
    assert_int_equal(tb_fail(&error, TB_MALFORMED, "line %d: no such role", 3), TB_MALFORMED);
    assert_string_equal(tb_error_text(&error), "line 3: no such role");
    error.text[0] = '\0';
    assert_string_equal(tb_error_text(&error), tb_status_sentence(TB_MALFORMED));
    assert_int_equal(tb_fail(NULL, TB_IO, "unused"), TB_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(an_error_tells_its_own_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
