/* The open-set decision with numbers worked out by hand: the curve makes FMR 10^-k the similarity k/10 (X3, X10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <tebura/decision.h>

static const tb_calibration plain = {
    .knots = 2, .curve = {{1, 0}, {1e-10, 1}}, .margin = 0.05f, .verification = 0.4f, .liveness = 0.5f};

static void assert_near(float got, double wanted)
{
    if (fabs(got - wanted) > 1e-5)
        fail_msg("%.6f is not %.6f", got, wanted);
}

static void thresholds_follow_the_size_of_the_list(void **state)
{
    (void)state;
    assert_near(tb_decision_threshold(&plain, 1, 1e-3), 0.3);   /* FMR is the FPIR itself */
    assert_near(tb_decision_threshold(&plain, 0, 1e-3), 0.3);   /* nobody on it counts as one */
    assert_near(tb_decision_threshold(&plain, 100, 1e-3), 0.5); /* 1e-5 */
    assert_near(tb_decision_threshold(&plain, 10000, 1e-3), 0.7);
    assert_near(tb_decision_threshold(&plain, 2, 0.2), 0.1);
    assert_near(tb_decision_threshold(&plain, 5, 0.05), 0.2);
    assert_near(tb_decision_threshold(&plain, 500, 0.05), 0.4); /* 100 people with five templates each */
}

/* Knots at 1e-1, 1e-2 and 1e-4: steeper in the middle, the last direction goes on. */
static void a_curve_with_a_bend(void **state)
{
    (void)state;
    tb_calibration bent = {.knots = 3, .curve = {{1e-1, 0.2f}, {1e-2, 0.3f}, {1e-4, 0.4f}}};
    const struct {
        double similarity, fmr;
    } points[] = {{0.1, 1},    {0.15, 0.31622777}, {0.2, 1e-1}, {0.25, 0.031622777},
                  {0.3, 1e-2}, {0.35, 1e-3},       {0.4, 1e-4}, {0.5, 1e-6}};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        double fmr = tb_calibration_fmr(&bent, (float)points[i].similarity);
        assert_true(fabs(log(fmr / points[i].fmr)) < 1e-4);
        if (fmr <= 0.5)
            assert_near(tb_decision_threshold(&bent, 1, fmr), points[i].similarity);
    }
    assert_true(tb_calibration_fmr(&bent, 0) == 1);
    assert_true(tb_calibration_fmr(&bent, NAN) == 1); /* no number is no proof */
    assert_true(tb_calibration_fmr(&bent, INFINITY) < 1e-12);
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
    two[0].score = 0.4999f; /* the threshold is 0.5 */
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_NOBODY);
    two[0].score = 0.5001f;
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_THIS_PERSON);
    two[1].score = 0.4600f; /* 0.04 behind: twins, or one person twice: never guessed */
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_NOT_SURE);
    two[1].score = 0.4400f;
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_THIS_PERSON);
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 1), TB_THIS_PERSON);
    two[0].score = 0.8f;
    two[1].score = 0.55f; /* far behind, yet at or above the threshold: both could be this person */
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_NOT_SURE);
    two[1].score = 0.49f;
    assert_int_equal(tb_decide(&plain, 100, 1e-3, two, 2), TB_THIS_PERSON);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(thresholds_follow_the_size_of_the_list),
                                       cmocka_unit_test(a_curve_with_a_bend), cmocka_unit_test(thresholds_stay_sane),
                                       cmocka_unit_test(nobody_not_sure_this_person),
                                       cmocka_unit_test(broken_scores_open_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
