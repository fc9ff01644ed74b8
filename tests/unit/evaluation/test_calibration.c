/* The calibration: the tail's fit, the bound that few people get, and the stated rate on people held out (X3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "evaluation/tail.h"
#include "simulated_scores.h"

static double pareto_above(double excess, double shape, double scale)
{
    double base = 1 + shape * excess / scale;
    return fabs(shape) < 1e-12 ? exp(-excess / scale) : base <= 0 ? 0 : pow(base, -1 / shape);
}

/* A million impostor scores, a hundredth of them above 0.3 as the distribution says. */
static tb_replicator *made(double shape, double scale)
{
    tb_replicator *r = calloc(1, sizeof *r);
    assert_non_null(r);
    for (int bin = 0; bin < TB_BINS; bin++) {
        double low = 2.0 * bin / TB_BINS - 1, high = 2.0 * (bin + 1) / TB_BINS - 1;
        if (low >= 0.3)
            r->impostor[bin] = (uint64_t)llround(
                10000 * (pareto_above(low - 0.3, shape, scale) - pareto_above(high - 0.3, shape, scale)));
        else if (low > -0.2)
            r->impostor[bin] = 990;
        r->impostors += r->impostor[bin];
    }
    return r;
}

static void the_tail_is_found_again(void **state)
{
    const double shapes[] = {-0.4, -0.2, -0.1, 0};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        tb_replicator *r = made(shapes[i], 0.04);
        tb_tail tail = tb_tail_fit(r, 10000.0 / (double)r->impostors, 1000000);
        assert_true(fabs(tail.start - 0.3) < 2e-3);
        assert_true(fabs(tail.shape - shapes[i]) < 0.05);
        assert_true(fabs(tail.scale - 0.04) < 0.003);
        /* a rate a hundred times lower than where the tail begins */
        double wanted = 0.3 + (shapes[i] < 0 ? 0.04 / shapes[i] * (pow(0.01, -shapes[i]) - 1) : 0.04 * log(100));
        print_message("shape %g: %g %g %g\n", shapes[i], tail.start, tail.shape, tail.scale);
        assert_true(fabs(tb_tail_similarity(r, &tail, tail.fraction / 100) - wanted) < 0.015);
        assert_true(tb_tail_fit(r, 10000.0 / (double)r->impostors, 10).shape >= tail.shape); /* few people: cautious */
        free(r);
    }
    tb_replicator *heavy = made(0.3, 0.02); /* no cosine is like that: the exponential is as far as it goes */
    assert_true(tb_tail_fit(heavy, 0.01, 1000000).shape == 0);
    free(heavy);
}

static void nothing_above_the_start(void **state)
{
    tb_replicator *r = calloc(1, sizeof *r);
    (void)state;
    assert_non_null(r);
    r->impostor[3000] = r->impostors = 500; /* all the same score */
    tb_tail tail = tb_tail_fit(r, 0.01, 10);
    assert_true(isfinite(tb_tail_similarity(r, &tail, 1e-6)));
    free(r);
}

static void assert_usable(const tb_calibration_measurement *found)
{
    assert_in_range(found->knots, 2, TB_KNOTS_MAX);
    for (uint32_t i = 0; i < found->knots; i++) {
        assert_true(found->curve[i].similarity >= found->measured[i].similarity - 1e-6f);
        assert_true(found->curve[i].similarity <= 1);
        if (i) {
            assert_true(found->curve[i].fmr < found->curve[i - 1].fmr);
            assert_true(found->curve[i].similarity > found->curve[i - 1].similarity);
        }
    }
}

/* The true rate at a knot is below the knot's in most calibrations; in simulation it is known. */
static void the_bound_holds(void **state)
{
    enum { CALIBRATIONS = 40 };
    int held[3] = {0};
    (void)state;
    for (uint64_t k = 0; k < CALIBRATIONS; k++) {
        simulated s = simulated_make(40, 2, 500 + k);
        tb_calibration_measurement found;
        assert_int_equal(
            tb_calibration_measure(&s.view, &(tb_evaluation_options){.seed = k, .replicates = 100}, &found), TB_OK);
        assert_usable(&found);
        assert_int_equal(found.people, 40);
        assert_int_equal(found.impostor, 3120);
        assert_false(found.is_enough);
        for (uint32_t i = 0; i < found.knots; i++)
            for (int j = 0; j < 3; j++)
                if (fabs(found.curve[i].fmr / pow(10, -1 - j) - 1) < 0.01) /* 0.1, 0.01, 0.001 */
                    held[j] += simulated_fmr(found.curve[i].similarity) <= found.curve[i].fmr;
        simulated_free(&s);
    }
    print_message("of %d calibrations the bound held at 0.1 in %d, at 0.01 in %d, at 0.001 in %d\n", CALIBRATIONS,
                  held[0], held[1], held[2]);
    assert_in_range(held[0], CALIBRATIONS * 90 / 100, CALIBRATIONS);
    assert_in_range(held[1], CALIBRATIONS * 85 / 100, CALIBRATIONS);
    assert_in_range(held[2], CALIBRATIONS * 85 / 100, CALIBRATIONS);
}

static void fewer_people_make_higher_thresholds(void **state)
{
    (void)state;
    double difference = 0;
    for (uint64_t k = 0; k < 5; k++) {
        simulated few = simulated_make(8, 4, 70 + k), many = simulated_make(100, 2, 70 + k);
        tb_calibration_measurement small, large;
        tb_evaluation_options options = {.seed = k, .replicates = 100};
        assert_int_equal(tb_calibration_measure(&few.view, &options, &small), TB_OK);
        assert_int_equal(tb_calibration_measure(&many.view, &options, &large), TB_OK);
        difference += small.curve[7].similarity - large.curve[7].similarity; /* FMR 1e-3 */
        simulated_free(&few);
        simulated_free(&many);
    }
    print_message("fewer people: %.4f\n", difference / 5);
    assert_true(difference > 0);
}

static void too_few_to_calibrate(void **state)
{
    simulated s = simulated_make(5, 6, 1);
    tb_calibration_measurement found;
    (void)state;
    assert_int_equal(tb_calibration_measure(&s.view, &(tb_evaluation_options){.seed = 1}, &found), TB_INVALID_ARGUMENT);
    s.view.samples = 0;
    assert_int_equal(tb_calibration_measure(&s.view, &(tb_evaluation_options){.seed = 1}, &found), TB_INVALID_ARGUMENT);
    simulated_free(&s);
}

static void the_stated_rate_is_kept_on_people_held_out(void **state)
{
    simulated s = simulated_make(60, 3, 11);
    const tb_calibration rules = {.margin = 0.05f};
    (void)state;
    for (size_t list = 5; list <= 20; list *= 2)
        for (int i = 0; i < 2; i++) {
            tb_list_plan plan = {.list = list, .pictures = 1, .draws = 5, .with_single = 1};
            tb_held_out out;
            double stated = i ? 0.05 : 0.1;
            assert_int_equal(tb_held_out_measure(&s.view, &plan, stated, 6, &rules,
                                                 &(tb_evaluation_options){.seed = 1, .replicates = 100}, &out),
                             TB_OK);
            print_message("held out: list of %zu, stated %.2f: measured %.4f (%.4f to %.4f)\n", list, stated,
                          out.measured.value, out.measured.low, out.measured.high);
            assert_true(out.is_kept);
            assert_true(out.non_mated > 500 && out.non_mated_people > 45);
            assert_true(fabs(out.right + out.none + out.not_sure + out.wrong - 1) < 1e-9);
            assert_true(out.lowest_threshold < out.highest_threshold);
        }
    tb_held_out out;
    tb_list_plan plan = {.list = 30, .pictures = 1, .draws = 5, .with_single = 1};
    /* nobody is left to search for */
    assert_int_equal(tb_held_out_measure(&s.view, &plan, 0.1, 2, &rules, &(tb_evaluation_options){.seed = 1}, &out),
                     TB_INVALID_ARGUMENT);
    simulated_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tail_is_found_again), cmocka_unit_test(nothing_above_the_start),
        cmocka_unit_test(the_bound_holds),         cmocka_unit_test(fewer_people_make_higher_thresholds),
        cmocka_unit_test(too_few_to_calibrate),    cmocka_unit_test(the_stated_rate_is_kept_on_people_held_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
