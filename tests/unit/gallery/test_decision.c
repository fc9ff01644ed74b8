/* The open-set decision with numbers worked out by hand: offset 0 and slope -10 make FMR 10^-k the similarity k/10. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <tebura/decision.h>

static const tb_calibration plain = {
    .offset = 0, .slope = -10, .margin = 0.05f, .verification = 0.4f, .liveness = 0.5f};

static void assert_near(float got, double wanted)
{
    if (fabs(got - wanted) > 1e-5)
        fail_msg("%.6f is not %.6f", got, wanted);
}

static void thresholds_follow_the_size_of_the_list(void **state)
{
    (void)state;
    assert_near(tb_decision_threshold(&plain, 1, 1e-3), 0.3);          /* FMR is the FPIR itself */
    assert_near(tb_decision_threshold(&plain, 0, 1e-3), 0.3);          /* nobody on it counts as one */
    assert_near(tb_decision_threshold(&plain, 100, 1e-3), 0.49997827); /* FMR 1.000500e-5: log10 = -4.9997827 */
    assert_near(tb_decision_threshold(&plain, 10000, 1e-3), 0.69997827);
    assert_near(tb_decision_threshold(&plain, 2, 0.19), 0.1);  /* 1 - sqrt(0.81) = 0.1 */
    assert_near(tb_decision_threshold(&plain, 3, 0.271), 0.1); /* 1 - cbrt(0.729) = 0.1 */
    tb_calibration shifted = {.offset = 5.8, .slope = -22.3};
    assert_near(tb_decision_threshold(&shifted, 1, 1e-3), 8.8 / 22.3);
}

static void thresholds_stay_sane(void **state)
{
    (void)state;
    assert_near(tb_decision_threshold(&plain, SIZE_MAX, 1e-3), 1); /* capped: beyond it nobody is let through by luck */
    for (size_t size = 1; size < 2000000; size *= 3)
        assert_true(tb_decision_threshold(&plain, 3 * size, 1e-3) >= tb_decision_threshold(&plain, size, 1e-3));
    assert_true(tb_decision_threshold(&plain, 10, NAN) > 0.9f);
    assert_true(tb_decision_threshold(&plain, 10, -4) > 0.9f);
    assert_true(isfinite(tb_decision_threshold(&plain, 10, 7)));
}

static void nobody_not_sure_this_person(void **state)
{
    (void)state;
    tb_candidate two[2] = {{{{1}}, 0.60f}, {{{2}}, 0.20f}};
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 0), TB_NOBODY);
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_THIS_PERSON);
    two[0].score = 0.4999f; /* the threshold is 0.49998 */
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_NOBODY);
    two[0].score = 0.5000f;
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_THIS_PERSON);
    two[1].score = 0.4600f; /* 0.04 behind: twins, or one person twice: never guessed */
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_NOT_SURE);
    two[1].score = 0.4400f;
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_THIS_PERSON);
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 1), TB_THIS_PERSON);
}

static void broken_scores_open_nothing(void **state)
{
    (void)state;
    tb_candidate two[2] = {{{{1}}, NAN}, {{{2}}, 0.2f}};
    assert_int_equal(tb_decide(&plain, 1, 1e-3, two, 2), TB_NOBODY);
    two[0].score = 0.9f;
    two[1].score = NAN;
    assert_int_equal(tb_decide(&plain, 1, 1e-3, two, 2), TB_NOT_SURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_follow_the_size_of_the_list), cmocka_unit_test(thresholds_stay_sane),
        cmocka_unit_test(nobody_not_sure_this_person), cmocka_unit_test(broken_scores_open_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
