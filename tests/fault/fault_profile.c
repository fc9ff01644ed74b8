/* Reading the airport's profile with every single allocation failing once: a status, a sentence, nothing left
 * behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/profile_check.h>

#include "fault_wrap.h"

static void every_allocation_may_fail(void **state)
{
    (void)state;
    tb_bytes yaml = {0};
    assert_int_equal(tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, NULL), TB_OK);
    int tried = 0;
    for (int n = 1;; n++) {
        tb_profile *profile;
        tb_error why = {0};
        fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_profile_parse(tb_bytes_span(&yaml), "airport.yaml", &profile, &why);
        fault_disarm();
        if (!fault_fired()) {
            assert_int_equal(status, TB_OK);
            tb_profile_free(&profile);
            break;
        }
        assert_int_equal(status, TB_NO_MEMORY);
        assert_int_equal(why.status, TB_NO_MEMORY);
        assert_null(profile);
        tried++;
    }
    assert_true(tried > 200); /* the loop really reached libcyaml's allocations and the expressions' */
    tb_bytes_free(&yaml);
}

/* The list of mistakes is whole or there is no memory: a mistake that was not told would look mended. */
static void a_broken_profile_is_told_whole_or_not_at_all(void **state)
{
    (void)state;
    tb_bytes yaml = {0};
    size_t whole = 0;
    assert_int_equal(tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, NULL), TB_OK);
    for (char *at = (char *)yaml.data; (at = memmem(at, (size_t)((char *)yaml.data + yaml.size - at), "else: n", 7));
         at++)
        at[6] = 'q';        /* reasons that nobody has declared */
    for (int n = 0;; n++) { /* 0: nothing fails */
        tb_profile *profile;
        tb_findings findings = {0};
        if (n)
            fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_profile_examine(tb_bytes_span(&yaml), &profile, &findings);
        fault_disarm();
        assert_null(profile);
        whole = n ? whole : findings.count;
        int fired = n == 0 || fault_fired();
        assert_int_equal(status, n && fired ? TB_NO_MEMORY : TB_MALFORMED);
        if (status == TB_MALFORMED)
            assert_int_equal(findings.count, whole);
        tb_findings_free(&findings);
        if (!fired)
            break;
    }
    assert_true(whole > 10);
    tb_bytes_free(&yaml);
}

static void a_sentence_is_whole_or_not_there(void **state)
{
    (void)state;
    tb_bytes yaml = {0};
    tb_profile *profile;
    tb_facts facts = {0};
    assert_int_equal(tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, NULL), TB_OK);
    assert_int_equal(tb_profile_parse(tb_bytes_span(&yaml), "airport.yaml", &profile, NULL), TB_OK);
    assert_int_equal(tb_facts_set_text(&facts, "gate", "12"), TB_OK);
    for (int n = 1;; n++) {
        tb_bytes out = {0};
        fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_profile_sentence(profile, "other_gate", "ja", &facts, 0, &out);
        fault_disarm();
        assert_int_equal(status, fault_fired() ? TB_NO_MEMORY : TB_OK);
        assert_true((out.size > 0) == (status == TB_OK));
        tb_bytes_free(&out);
        if (!fault_fired())
            break;
    }
    tb_profile_free(&profile);
    tb_bytes_free(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail),
                                       cmocka_unit_test(a_broken_profile_is_told_whole_or_not_at_all),
                                       cmocka_unit_test(a_sentence_is_whole_or_not_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
