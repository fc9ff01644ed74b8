/* Error rates of small sets of scores, worked out by hand (X8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "simulated_scores.h"

static void assert_near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-6))
        fail_msg("%.9f is not %.9f", got, wanted);
}

static void rates_at_a_threshold(void **state)
{
    float genuine[] = {0.5f, 0.6f, 0.7f, 0.8f}, impostor[] = {0.1f, 0.2f, 0.3f, 0.55f};
    tb_scores scores = {genuine, impostor, 4, 4};
    (void)state;
    assert_near(tb_scores_fmr(&scores, 0.55f), 0.25); /* at the threshold is a match */
    assert_near(tb_scores_fmr(&scores, 0.56f), 0);
    assert_near(tb_scores_fmr(&scores, -1), 1);
    assert_near(tb_scores_fnmr(&scores, 0.5f), 0);
    assert_near(tb_scores_fnmr(&scores, 0.65f), 0.5);
    assert_near(tb_scores_fnmr(&scores, 2), 1);
    assert_true(isnan(tb_scores_fmr(&(tb_scores){.genuine = genuine, .genuines = 4}, 0)));
}

static void the_lowest_threshold_for_a_rate(void **state)
{
    float impostor[] = {0.1f, 0.2f, 0.2f, 0.3f, 0.4f, 0.5f, 0.5f, 0.6f, 0.7f, 0.9f};
    tb_scores scores = {NULL, impostor, 0, 10};
    (void)state;
    for (int k = 0; k <= 10; k++) {
        float threshold = tb_scores_threshold(&scores, k / 10.0);
        assert_true(tb_scores_fmr(&scores, threshold) <= k / 10.0 + 1e-9);
        if (threshold > -1) /* a hair lower is too low */
            assert_true(tb_scores_fmr(&scores, nextafterf(threshold, -2)) > k / 10.0 + 1e-9);
    }
    assert_near(tb_scores_threshold(&scores, 0.1), 0.7);
    assert_near(tb_scores_threshold(&scores, 0), 0.9);
    assert_near(tb_scores_threshold(&scores, 1), -1);
}

static void equal_error_rates(void **state)
{
    float genuine[] = {0.5f, 0.6f, 0.7f, 0.8f}, impostor[] = {0.1f, 0.2f, 0.3f, 0.55f};
    tb_eer eer = tb_scores_eer(&(tb_scores){genuine, impostor, 4, 4});
    (void)state;
    assert_near(eer.value, 0.25); /* between 0.5 and 0.55: one of four on each side */
    assert_near(eer.low, 0.25);
    assert_near(eer.high, 0.25);
    assert_true(eer.threshold > 0.5f && eer.threshold <= 0.55f);

    float apart[] = {0.7f, 0.9f}; /* all impostors lie below */
    eer = tb_scores_eer(&(tb_scores){apart, impostor, 2, 4});
    assert_near(eer.value, 0);
    assert_near(eer.threshold, (0.55 + 0.7) / 2);

    float few[] = {0.2f, 0.6f}, three[] = {0.1f, 0.3f, 0.4f}; /* 1/2 and 2/3 up to 0.3, 1/2 and 1/3 above */
    eer = tb_scores_eer(&(tb_scores){few, three, 2, 3});
    assert_near(eer.low, 1 / 3.0);
    assert_near(eer.high, 0.5);
    assert_near(eer.value, 5 / 12.0);

    float low[] = {0.1f}, high[] = {0.9f}; /* worse than a coin */
    assert_near(tb_scores_eer(&(tb_scores){low, high, 1, 1}).value, 1);
    float same[] = {0.5f, 0.5f};
    assert_near(tb_scores_eer(&(tb_scores){same, same, 2, 2}).value, 0.5);
    assert_true(isnan(tb_scores_eer(&(tb_scores){same, NULL, 2, 0}).value));
}

static void pairs_are_told_apart(void **state)
{
    /* Rows 0, 1: person 0; rows 2, 3: person 1; row 4 is not in the view; (3, 0) was not compared. */
    uint32_t person[] = {0, 0, 1, 1, 2}, sample[] = {0, 1, 2, 3};
    float triangle[] = {0.9f, 0.1f, 0.2f, NAN, 0.3f, 0.8f, 1, 1, 1, 1};
    tb_comparisons view = {.people = 3, .samples = 4, .sample = sample, .person = person, .scores = triangle};
    tb_scores scores;
    (void)state;
    assert_int_equal(tb_scores_collect(&view, &scores), TB_OK);
    assert_int_equal(scores.genuines, 2);
    assert_int_equal(scores.impostors, 3);
    assert_near(scores.genuine[0], 0.8);
    assert_near(scores.genuine[1], 0.9);
    assert_near(scores.impostor[2], 0.3);
    tb_scores_free(&scores);
}

/* What so few cannot show is said, not invented. */
static void too_few_comparisons(void **state)
{
    simulated s = simulated_make(20, 3, 7); /* 1,710 impostor comparisons */
    tb_verification v;
    (void)state;
    assert_int_equal(tb_verification_measure(&s.view, &(tb_evaluation_options){.seed = 1, .replicates = 100}, &v),
                     TB_OK);
    assert_int_equal(v.people, 20);
    assert_int_equal(v.genuine, 60);
    assert_int_equal(v.impostor, 1710);
    assert_true(v.at[0].is_enough && !v.at[0].is_thirty); /* 17 expected */
    assert_false(v.at[1].is_enough);                      /* 1.7 expected: the rule of 3 says no */
    assert_true(isnan(v.at[1].fnmr.value) && isnan(v.at[1].threshold));
    for (int i = 1; i < TB_DET_POINTS && v.det[i].is_enough; i++) {
        assert_true(v.det[i].fnmr.value >= v.det[i - 1].fnmr.value);
        assert_true(v.det[i].fnmr.low <= v.det[i].fnmr.value && v.det[i].fnmr.value <= v.det[i].fnmr.high);
    }
    uint32_t all = 0;
    for (int i = 0; i < TB_HISTOGRAM_BINS; i++)
        all += v.genuine_histogram[i] + v.impostor_histogram[i];
    assert_int_equal(all, 1770);
    s.view.samples = 3; /* one person: nobody to be confused with */
    assert_int_equal(tb_verification_measure(&s.view, &(tb_evaluation_options){.seed = 1}, &v), TB_INVALID_ARGUMENT);
    s.view.samples = 0;
    assert_int_equal(tb_verification_measure(&s.view, &(tb_evaluation_options){.seed = 1}, &v), TB_INVALID_ARGUMENT);
    simulated_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rates_at_a_threshold),
                                       cmocka_unit_test(the_lowest_threshold_for_a_rate),
                                       cmocka_unit_test(equal_error_rates), cmocka_unit_test(pairs_are_told_apart),
                                       cmocka_unit_test(too_few_comparisons)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
