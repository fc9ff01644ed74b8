/* Reading the airport's profile with every single allocation failing once: a status, a sentence, nothing left
 * behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tebura/profile.h>

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
                                       cmocka_unit_test(a_sentence_is_whole_or_not_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
