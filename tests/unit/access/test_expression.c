/* The language of profiles: values, types, precedence, unknown facts, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "access/expression.h"

static int fact(const void *context, const char *name, tb_value_type *type)
{
    static const struct {
        const char *name;
        tb_value_type type;
    } facts[] = {{"status", TB_VALUE_STATUS}, {"flag", TB_VALUE_BOOL},     {"vip", TB_VALUE_BOOL},
                 {"items", TB_VALUE_INT},     {"gate", TB_VALUE_TEXT},     {"name", TB_VALUE_TEXT},
                 {"boarding", TB_VALUE_TIME}, {"departure", TB_VALUE_TIME}};
    (void)context;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (strcmp(facts[i].name, name) == 0) {
            *type = facts[i].type;
            return 1;
        }
    return 0;
}

static int status_of(const void *context, const char *name)
{
    (void)context;
    return strcmp(name, "booked") == 0 ? 0 : strcmp(name, "boarded") == 0 ? 4 : -1;
}

static const tb_vocabulary vocabulary = {NULL, fact, status_of};

static void holds_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        tb_truth truth;
    } table[] = {
        {"true", TB_TRUE},
        {"false", TB_FALSE},
        {"not false", TB_TRUE},
        {"not not true", TB_TRUE},
        {"visit.flag", TB_TRUE},
        {"flag", TB_TRUE},
        {"not flag", TB_FALSE},
        {"flag == true", TB_TRUE},
        {"flag != true", TB_FALSE},
        {"visit.items > 2", TB_TRUE},
        {"items > 3", TB_FALSE},
        {"items >= 3 and items <= 3", TB_TRUE},
        {"items < -3", TB_FALSE},
        {"items > -3", TB_TRUE},
        {"-3 < items", TB_TRUE},
        {"visit.status >= booked", TB_TRUE},
        {"visit.status < boarded", TB_TRUE},
        {"visit.status == boarded", TB_FALSE},
        {"visit.gate == '12'", TB_TRUE},
        {"visit.gate == touchpoint.gate", TB_TRUE},
        {"visit.gate != touchpoint.shop", TB_TRUE},
        {"touchpoint.shop == 'tea'", TB_TRUE},
        {"'a' == 'a'", TB_TRUE},
        {"'' == ''", TB_TRUE}, /* constants are known; only absent facts are not */
        {"boarding + 1h == departure", TB_TRUE},
        {"boarding + 90m - 30m >= departure", TB_TRUE},
        {"boarding - 1d < departure - 3600s", TB_TRUE},
        {"true or false and false", TB_TRUE}, /* and binds tighter */
        {"(true or false) and false", TB_FALSE},
        {"not false and false", TB_FALSE}, /* not binds tightest */
        {"not (false and false)", TB_TRUE},
        {"false or false or true", TB_TRUE},
        /* Unknown wins over everything: an absent fact never admits. */
        {"visit.vip", TB_UNKNOWN},
        {"not visit.vip", TB_UNKNOWN},
        {"visit.vip or true", TB_UNKNOWN},
        {"true or visit.vip", TB_UNKNOWN},
        {"visit.vip and false", TB_UNKNOWN},
        {"not (visit.vip and true)", TB_UNKNOWN},
        {"visit.vip == visit.vip", TB_UNKNOWN},
        {"touchpoint.absent != '12'", TB_UNKNOWN},
        {"visit.name != 'X'", TB_UNKNOWN},       /* empty text */
        {"touchpoint.count == '7'", TB_UNKNOWN}, /* a number where text is meant */
    };
    tb_facts visit = {0}, touchpoint = {0};
    assert_int_equal(tb_facts_set_bool(&visit, "flag", 1), TB_OK);
    assert_int_equal(tb_facts_set_int(&visit, "items", 3), TB_OK);
    assert_int_equal(tb_facts_set_int(&visit, "status", 2), TB_OK);
    assert_int_equal(tb_facts_set_text(&visit, "gate", "12"), TB_OK);
    assert_int_equal(tb_facts_set_text(&visit, "name", ""), TB_OK);
    assert_int_equal(tb_facts_set_time(&visit, "boarding", TB_DAY), TB_OK);
    assert_int_equal(tb_facts_set_time(&visit, "departure", TB_DAY + TB_HOUR), TB_OK);
    assert_int_equal(tb_facts_set_text(&touchpoint, "gate", "12"), TB_OK);
    assert_int_equal(tb_facts_set_text(&touchpoint, "shop", "tea"), TB_OK);
    assert_int_equal(tb_facts_set_int(&touchpoint, "count", 7), TB_OK);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tb_expression *expression;
        tb_error why = {0};
        if (tb_expression_compile(table[i].source, &vocabulary, TB_VALUE_BOOL, &expression, &why) != TB_OK)
            fail_msg("%s: %s", table[i].source, why.text);
        if (tb_expression_holds(expression, &visit, &touchpoint) != table[i].truth)
            fail_msg("%s", table[i].source);
        tb_expression_free(&expression);
        assert_null(expression);
    }
}

static void refuses_with_place_and_cause(void **state)
{
    (void)state;
    static const struct {
        const char *source, *cause;
        tb_value_type wanted;
    } table[] = {
        {"", "ends too early at character 1", TB_VALUE_BOOL},
        {"   ", "ends too early", TB_VALUE_BOOL},
        {"visit.", "a value is expected", TB_VALUE_BOOL},
        {"visit.colour", "unknown fact 'colour' at character 1", TB_VALUE_BOOL},
        {"flag and colour", "unknown fact 'colour' at character 10", TB_VALUE_BOOL},
        {"person.name == 'x'", "not 'person'", TB_VALUE_BOOL},
        {"now > boarding", "clock belongs into the window", TB_VALUE_BOOL},
        {"boarding", "neither true nor false", TB_VALUE_BOOL},
        {"flag", "not a time", TB_VALUE_TIME},
        {"3h", "a value is expected", TB_VALUE_TIME},
        {"items + 1h", "only a time can be moved", TB_VALUE_BOOL},
        {"boarding + 3", "a duration", TB_VALUE_TIME},
        {"boarding + items", "a duration", TB_VALUE_TIME},
        {"boarding + 400d", "a duration", TB_VALUE_TIME},
        {"boarding - departure", "a duration", TB_VALUE_TIME},
        {"items == '3'", "different types", TB_VALUE_BOOL},
        {"status >= 2", "different types", TB_VALUE_BOOL},
        {"boarding > 5", "different types", TB_VALUE_BOOL},
        {"flag < true", "no order", TB_VALUE_BOOL},
        {"gate < '12'", "no order", TB_VALUE_BOOL},
        {"not items", "can follow 'not'", TB_VALUE_BOOL},
        {"items and flag", "joined by 'and'", TB_VALUE_BOOL},
        {"flag or gate", "joined by 'or'", TB_VALUE_BOOL},
        {"(flag", "bracket is missing", TB_VALUE_BOOL},
        {"flag)", "left over ')'", TB_VALUE_BOOL},
        {"flag flag", "left over 'flag'", TB_VALUE_BOOL},
        {"1 < 2 < 3", "left over '<'", TB_VALUE_BOOL},
        {"flag =", "left over", TB_VALUE_BOOL},
        {"flag = true", "left over", TB_VALUE_BOOL},
        {"gate == 'unclosed", "a value is expected", TB_VALUE_BOOL},
        {"gate == '01234567890123456789012345678901'", "a value is expected", TB_VALUE_BOOL},
        {"items == 1234567890123456", "a value is expected", TB_VALUE_BOOL},
        {"items == 3x", "a value is expected", TB_VALUE_BOOL},
        {"items == -'a'", "a value is expected", TB_VALUE_BOOL},
        {"items ; drop", "left over", TB_VALUE_BOOL},
        {"flag \xff", "left over", TB_VALUE_BOOL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tb_expression *expression = (tb_expression *)&table;
        tb_error why = {0};
        assert_int_equal(tb_expression_compile(table[i].source, &vocabulary, table[i].wanted, &expression, &why),
                         TB_MALFORMED);
        assert_null(expression);
        if (!strstr(why.text, table[i].cause))
            fail_msg("%s: expected '%s', got '%s'", table[i].source, table[i].cause, why.text);
        assert_int_equal(tb_expression_compile(table[i].source, &vocabulary, table[i].wanted, &expression, NULL),
                         TB_MALFORMED);
    }
}

static void is_bounded(void **state)
{
    (void)state;
    tb_expression *expression;
    char source[2 * TB_EXPRESSION_LENGTH] = "";
    for (int i = 0; i < TB_EXPRESSION_DEPTH - 1; i++)
        strcat(source, "(");
    strcat(source, "flag");
    for (int i = 0; i < TB_EXPRESSION_DEPTH - 1; i++)
        strcat(source, ")");
    assert_int_equal(tb_expression_compile(source, &vocabulary, TB_VALUE_BOOL, &expression, NULL), TB_OK);
    tb_expression_free(&expression);
    const struct {
        const char *part, *end, *cause;
        int count;
    } table[] = {{"(", "flag", "nested too deeply", TB_EXPRESSION_DEPTH},
                 {"not ", "flag", "nested too deeply", TB_EXPRESSION_DEPTH + 1},
                 {"true or ", "true", "too many parts", TB_EXPRESSION_NODES / 2},
                 {"        ", "flag", "too long", TB_EXPRESSION_LENGTH / 8}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tb_error why = {0};
        source[0] = '\0';
        for (int n = 0; n < table[i].count; n++)
            strcat(source, table[i].part);
        strcat(source, table[i].end);
        assert_int_equal(tb_expression_compile(source, &vocabulary, TB_VALUE_BOOL, &expression, &why), TB_MALFORMED);
        if (!strstr(why.text, table[i].cause))
            fail_msg("%s: %s", table[i].cause, why.text);
    }
}

static void times_saturate(void **state)
{
    (void)state;
    tb_expression *later, *earlier;
    tb_facts visit = {0};
    tb_time time = -1;
    const char *name;
    int64_t offset;
    assert_int_equal(tb_expression_compile("boarding + 2h - 30m", &vocabulary, TB_VALUE_TIME, &later, NULL), TB_OK);
    assert_int_equal(tb_expression_compile("boarding - 366d", &vocabulary, TB_VALUE_TIME, &earlier, NULL), TB_OK);
    assert_int_equal(tb_expression_offset(later, &name, &offset), 1);
    assert_string_equal(name, "boarding");
    assert_int_equal(offset, 90 * TB_MINUTE);
    assert_int_equal(tb_expression_time(later, &visit, &time), 0);
    assert_int_equal(tb_facts_set_time(&visit, "boarding", 0), TB_OK); /* not set */
    assert_int_equal(tb_expression_time(later, &visit, &time), 0);
    assert_int_equal(time, -1);
    assert_int_equal(tb_facts_set_time(&visit, "boarding", TB_DAY), TB_OK);
    assert_int_equal(tb_expression_time(later, &visit, &time), 1);
    assert_int_equal(time, TB_DAY + 90 * TB_MINUTE);
    assert_int_equal(tb_facts_set_time(&visit, "boarding", TB_TIME_NEVER), TB_OK);
    assert_true(tb_expression_time(earlier, &visit, &time) && time == TB_TIME_NEVER);
    assert_int_equal(tb_facts_set_time(&visit, "boarding", TB_TIME_NEVER - 1), TB_OK);
    assert_true(tb_expression_time(later, &visit, &time) && time > TB_TIME_NEVER - TB_DAY);
    assert_int_equal(tb_facts_set_time(&visit, "boarding", INT64_MIN), TB_OK);
    assert_true(tb_expression_time(earlier, &visit, &time) && time == 0);
    tb_expression_free(&later);
    tb_expression_free(&earlier);
}

static void durations(void **state)
{
    (void)state;
    int64_t out;
    static const struct {
        const char *source;
        int64_t size; /* 0: refused */
    } table[] = {{"90s", 90 * TB_SECOND},
                 {"15m", 15 * TB_MINUTE},
                 {"3h", 3 * TB_HOUR},
                 {"366d", 366 * TB_DAY},
                 {"367d", 0},
                 {"", 0},
                 {"h", 0},
                 {"3", 0},
                 {"3 h", 0},
                 {"3hh", 0},
                 {"-3h", 0},
                 {"99999999999999999999s", 0},
                 {"3w", 0},
                 {"0s", -1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        tb_status status = tb_duration_parse(table[i].source, &out);
        assert_int_equal(status, table[i].size ? TB_OK : TB_MALFORMED);
        if (table[i].size)
            assert_int_equal(out, table[i].size < 0 ? 0 : table[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(holds_what_it_says),
                                       cmocka_unit_test(refuses_with_place_and_cause), cmocka_unit_test(is_bounded),
                                       cmocka_unit_test(times_saturate), cmocka_unit_test(durations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
