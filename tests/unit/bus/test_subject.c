/* Subjects: one form each; no name can widen what a subject covers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tebura/bus.h>

#define VISIT "00112233445566778899aabbccddeeff"

static const char *text(tb_subject kind, const char *site, const char *touchpoint, const char *visit)
{
    static char out[TB_SUBJECT_SIZE];
    return tb_subject_text(kind, site, touchpoint, visit, out);
}

static void forms(void **state)
{
    (void)state;
    assert_string_equal(text(TB_SUBJECT_EVENT, "airport", "security-1", NULL), "tb.airport.event.security-1");
    assert_string_equal(text(TB_SUBJECT_ASK, "airport", "*", NULL), "tb.airport.ask.*");
    assert_string_equal(text(TB_SUBJECT_STATUS, "a_b", ">", NULL), "tb.a_b.status.>");
    assert_string_equal(text(TB_SUBJECT_FEED, "airport", "shop-2", VISIT), "$KV.feed_airport.10.shop-2." VISIT);
    assert_string_equal(text(TB_SUBJECT_FEED, "airport", "shop-2", NULL), "$KV.feed_airport.10.shop-2.>");
    assert_string_equal(text(TB_SUBJECT_FEED, "airport", ">", NULL), "$KV.feed_airport.>");
}

static void refuses_other_tokens(void **state)
{
    (void)state;
    static const char *const sites[] = {"", "Airport", "a.b", "a b", "*", ">", "a-b", "abcdefghijklmnopqrstuvwxyz"};
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
        assert_string_equal(text(TB_SUBJECT_EVENT, sites[i], "gate-1", NULL), "");
    static const char *const touchpoints[] = {"",       "gate.1", "gate 1", "Gate",
                                              "gate_1", "**",     "a>",     "abcdefghijklmnopqrstuvwxyz-0123456789"};
    for (size_t i = 0; i < sizeof touchpoints / sizeof *touchpoints; i++)
        assert_string_equal(text(TB_SUBJECT_FEED, "airport", touchpoints[i], NULL), "");
    static const char *const visits[] = {"", "00", VISIT "0", "00112233445566778899AABBCCDDEEFF",
                                         "0.112233445566778899aabbccddeef"};
    for (size_t i = 0; i < sizeof visits / sizeof *visits; i++)
        assert_string_equal(text(TB_SUBJECT_FEED, "airport", "gate-1", visits[i]), "");
    assert_string_equal(text(TB_SUBJECT_FEED, "airport", ">", VISIT), "");
    assert_string_equal(text(TB_SUBJECT_EVENT, NULL, "gate-1", NULL), "");
    assert_string_equal(text(TB_SUBJECT_EVENT, "airport", NULL, NULL), "");
}

static void taken_apart(void **state)
{
    (void)state;
    assert_string_equal(tb_subject_key("$KV.feed_airport.10.shop-2." VISIT), "shop-2." VISIT);
    assert_null(tb_subject_key("$KV.feed_airport.10._epoch"));
    assert_null(tb_subject_key("tb.airport.event.shop-2"));
    assert_string_equal(tb_subject_touchpoint("tb.airport.event.shop-2"), "shop-2");
    assert_null(tb_subject_touchpoint("tb.airport.event."));
    assert_null(tb_subject_touchpoint("tb.airport"));
    assert_null(tb_subject_touchpoint("$KV.feed_airport.10.shop-2.x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forms), cmocka_unit_test(refuses_other_tokens),
                                       cmocka_unit_test(taken_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
