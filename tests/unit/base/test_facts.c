/* Facts keep unique names, refuse bad ones, and are full at their limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <tebura/facts.h>

static void set_replaces_and_get_finds(void **state)
{
    (void)state;
    tb_facts facts = {0};
    assert_int_equal(tb_facts_set_int(&facts, "status", 1), TB_OK);
    assert_int_equal(tb_facts_set_int(&facts, "status", 2), TB_OK);
    assert_int_equal(tb_facts_set_text(&facts, "gate", "12"), TB_OK);
    assert_int_equal(facts.count, 2);
    assert_int_equal(tb_facts_number(&facts, "status", -1), 2);
    assert_string_equal(tb_facts_text(&facts, "gate"), "12");
    assert_string_equal(tb_facts_text(&facts, "status"), "");
    assert_int_equal(tb_facts_number(&facts, "gate", -1), -1);
    assert_null(tb_facts_get(&facts, "seat"));
    tb_facts_remove(&facts, "status");
    tb_facts_remove(&facts, "status");
    assert_int_equal(facts.count, 1);
    assert_string_equal(tb_facts_text(&facts, "gate"), "12");
}

static void refuses_bad_names_and_long_texts(void **state)
{
    (void)state;
    tb_facts facts = {0};
    const char *bad[] = {"", "A", "1a", "a-b", "a b", "_a", "abcdefghijklmnopqrstuvwxyzabcdef"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tb_facts_set_int(&facts, bad[i], 1), TB_INVALID_ARGUMENT);
    char longest[TB_FACT_TEXT_SIZE + 1];
    memset(longest, 'x', sizeof longest);
    longest[TB_FACT_TEXT_SIZE] = '\0';
    assert_int_equal(tb_facts_set_text(&facts, "a", longest), TB_TOO_LARGE);
    longest[TB_FACT_TEXT_SIZE - 1] = '\0';
    assert_int_equal(tb_facts_set_text(&facts, "a", longest), TB_OK);
}

static void is_full_at_its_limit(void **state)
{
    (void)state;
    tb_facts facts = {0};
    char name[8];
    for (int i = 0; i < TB_FACTS_MAX; i++) {
        snprintf(name, sizeof name, "f%d", i);
        assert_int_equal(tb_facts_set_bool(&facts, name, 1), TB_OK);
    }
    assert_int_equal(tb_facts_set_bool(&facts, "one_more", 1), TB_TOO_LARGE);
    assert_int_equal(tb_facts_set_bool(&facts, "f0", 0), TB_OK);
    assert_int_equal(facts.count, TB_FACTS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_replaces_and_get_finds),
        cmocka_unit_test(refuses_bad_names_and_long_texts),
        cmocka_unit_test(is_full_at_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
