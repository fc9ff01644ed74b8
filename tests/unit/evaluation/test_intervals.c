/* Intervals hold the truth about as often as they say, in simulated experiments with known error rates (X8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "simulated_scores.h"

enum { EXPERIMENTS = 120, PEOPLE = 40, PICTURES = 2 };

static int holds(tb_estimate estimate, double truth)
{
    return estimate.low <= truth && truth <= estimate.high;
}

static void nineteen_of_twenty(void **state)
{
    double true_fmr = simulated_fmr(0.22), true_fnmr = simulated_fnmr(0.22);
    int fmr_held = 0, fnmr_held = 0;
    (void)state;
    for (uint64_t k = 0; k < EXPERIMENTS; k++) {
        simulated s = simulated_make(PEOPLE, PICTURES, 1000 + k);
        tb_evaluation_options options = {.seed = k, .replicates = 250};
        tb_estimate fmr, fnmr;
        assert_int_equal(tb_rates_measure(&s.view, &options, 0.22f, &fmr, &fnmr), TB_OK);
        fmr_held += holds(fmr, true_fmr);
        fnmr_held += holds(fnmr, true_fnmr);
        simulated_free(&s);
    }
    print_message("the interval held the true FMR %.3f in %.1f %%, the true FNMR %.3f in %.1f %% of %d experiments\n",
                  true_fmr, 100.0 * fmr_held / EXPERIMENTS, true_fnmr, 100.0 * fnmr_held / EXPERIMENTS, EXPERIMENTS);
    assert_in_range(fmr_held, EXPERIMENTS * 90 / 100, EXPERIMENTS * 99 / 100);
    assert_in_range(fnmr_held, EXPERIMENTS * 90 / 100, EXPERIMENTS * 99 / 100);
}

static void without_an_error_the_rule_of_three(void **state)
{
    simulated s = simulated_make(30, 2, 5);
    tb_estimate fmr, fnmr;
    (void)state;
    assert_int_equal(
        tb_rates_measure(&s.view, &(tb_evaluation_options){.seed = 1, .replicates = 50}, 0.99f, &fmr, &fnmr), TB_OK);
    assert_true(fmr.value == 0 && fmr.low == 0);
    assert_true(fabs(fmr.high - 3 / 435.0) < 5e-5);                                  /* 30 * 29 / 2 pairs of people */
    assert_true(fnmr.value == 1 && fabs(fnmr.low - 0.905) < 1e-3 && fnmr.high == 1); /* nor is always certain */
    assert_int_equal(
        tb_rates_measure(&s.view, &(tb_evaluation_options){.seed = 1, .replicates = 50}, -0.99f, &fmr, &fnmr), TB_OK);
    assert_true(fnmr.value == 0 && fabs(fnmr.high - 0.095) < 1e-3); /* 1 - 0.05^(1/30) */
    simulated_free(&s);
}

/* People of different sets are not compared: what they are was not shown. */
static void pairs_that_were_not_compared_show_nothing(void **state)
{
    simulated s = simulated_make(30, 2, 5);
    tb_estimate fmr, fnmr;
    (void)state;
    for (size_t i = 1; i < s.view.samples; i++)
        for (size_t j = 0; j < i; j++)
            if (s.view.person[s.view.sample[i]] % 3 != s.view.person[s.view.sample[j]] % 3)
                ((float *)s.view.scores)[tb_pair(s.view.sample[i], s.view.sample[j])] = NAN;
    assert_int_equal(
        tb_rates_measure(&s.view, &(tb_evaluation_options){.seed = 1, .replicates = 50}, 0.99f, &fmr, &fnmr), TB_OK);
    assert_true(fmr.value == 0 && fabs(fmr.high - (1 - pow(0.05, 1 / 135.0))) < 1e-9); /* 3 sets of ten people */
    simulated_free(&s);
}

static void the_same_seed_says_the_same(void **state)
{
    simulated s = simulated_make(12, 3, 5);
    tb_verification a, b;
    (void)state;
    assert_int_equal(tb_verification_measure(&s.view, &(tb_evaluation_options){.seed = 9, .replicates = 60}, &a),
                     TB_OK);
    assert_int_equal(tb_verification_measure(&s.view, &(tb_evaluation_options){.seed = 9, .replicates = 60}, &b),
                     TB_OK);
    assert_true(a.eer.low == b.eer.low && a.eer.high == b.eer.high && a.at[0].fnmr.high == b.at[0].fnmr.high);
    simulated_free(&s);
}

static void shares_counted_by_person(void **state)
{
    uint32_t hits[] = {0, 3, 0, 1}, trials[] = {5, 5, 0, 10};
    tb_estimate share;
    (void)state;
    assert_int_equal(tb_share_measure(hits, trials, 4, &(tb_evaluation_options){.seed = 1}, &share), TB_OK);
    assert_true(fabs(share.value - 0.2) < 1e-12);
    /* of three people: from all the first to all the second */
    assert_true(share.low == 0 && fabs(share.high - 0.6) < 1e-12);
    assert_int_equal(tb_share_measure(hits, trials, 1, &(tb_evaluation_options){.seed = 1}, &share), TB_OK);
    assert_true(share.value == 0 && share.high > 0.9); /* one person shows nothing */
    assert_int_equal(tb_share_measure(hits, trials, 0, &(tb_evaluation_options){.seed = 1}, &share), TB_OK);
    assert_true(isnan(share.value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nineteen_of_twenty), cmocka_unit_test(without_an_error_the_rule_of_three),
        cmocka_unit_test(pairs_that_were_not_compared_show_nothing), cmocka_unit_test(the_same_seed_says_the_same),
        cmocka_unit_test(shares_counted_by_person)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
