/* Searches of drawn lists, and FNIR at FPIR worked out by hand (X3, X8). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "simulated_scores.h"

static void assert_near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-6))
        fail_msg("%.9f is not %.9f", got, wanted);
}

/* Three people with two pictures each; persons 0 and 2 look alike. */
static void lists_of_two_out_of_three(void **state)
{
    uint32_t person[] = {0, 0, 1, 1, 2, 2}, sample[] = {0, 1, 2, 3, 4, 5};
    float scores[15];
    for (size_t a = 1; a < 6; a++)
        for (size_t b = 0; b < a; b++)
            scores[tb_pair(a, b)] = person[a] == person[b] ? 0.9f : person[a] + person[b] == 2 ? 0.5f : 0.1f;
    tb_comparisons view = {.people = 3, .samples = 6, .sample = sample, .person = person, .scores = scores};
    tb_trials trials;
    (void)state;
    assert_int_equal(tb_trials_draw(&view, &(tb_list_plan){2, 1, 60}, 3, &trials), TB_OK);
    assert_int_equal(trials.mated_count, 60 * 2);
    assert_int_equal(trials.non_mated_count, 60 * 2);
    assert_int_equal(trials.non_mated_samples, 6);
    int left_out[3] = {0};
    for (size_t i = 0; i < trials.mated_count; i++) {
        const tb_trial *trial = &trials.mated[i];
        assert_int_equal(trial->rank, 1);
        assert_near(trial->mate, 0.9f);
        assert_int_equal(trial->best_person, trial->person);
        assert_true(trial->second == 0.5f || trial->second == 0.1f);
    }
    for (size_t i = 0; i < trials.non_mated_count; i++) {
        const tb_trial *trial = &trials.non_mated[i];
        left_out[trial->person]++;
        assert_int_equal(trial->rank, 0);
        assert_near(trial->best, trial->person == 1 ? 0.1f : 0.5f);
        assert_int_not_equal(trial->best_person, trial->person);
    }
    assert_true(left_out[0] > 10 && left_out[1] > 10 && left_out[2] > 10);
    tb_trials_free(&trials);
    /* nobody left */
    assert_int_equal(tb_trials_draw(&view, &(tb_list_plan){3, 1, 5}, 3, &trials), TB_INVALID_ARGUMENT);
    /* nothing to search */
    assert_int_equal(tb_trials_draw(&view, &(tb_list_plan){2, 2, 5}, 3, &trials), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_trials_draw(&view, &(tb_list_plan){0, 1, 5}, 3, &trials), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_trials_draw(&view, &(tb_list_plan){2, 6, 5}, 3, &trials), TB_INVALID_ARGUMENT);
}

static void people_with_one_picture_are_searched_for_only(void **state)
{
    uint32_t person[] = {0, 0, 1, 1, 2}, sample[] = {0, 1, 2, 3, 4};
    float scores[10] = {0};
    tb_comparisons view = {.people = 3, .samples = 5, .sample = sample, .person = person, .scores = scores};
    tb_trials trials;
    (void)state;
    assert_int_equal(tb_trials_draw(&view, &(tb_list_plan){2, 1, 20}, 3, &trials), TB_OK);
    for (size_t i = 0; i < trials.non_mated_count; i++)
        assert_int_equal(trials.non_mated[i].person, 2);
    assert_int_equal(trials.non_mated_samples, 1);
    tb_trials_free(&trials);
}

/* Ten non-mated searches with best scores 0.1 ... 1.0; five mated ones. */
static tb_trials made_trials(tb_trial mated[5], tb_trial non_mated[10], uint64_t above[TB_TRIAL_BINS])
{
    memset(above, 0, TB_TRIAL_BINS * sizeof *above);
    for (int i = 0; i < 10; i++) {
        non_mated[i] =
            (tb_trial){.person = (uint32_t)i, .best_person = 10, .best = (float)(i + 1) / 10, .second = -2, .mate = -2};
        above[(int)((non_mated[i].best + 1) / 2 * TB_TRIAL_BINS - 0.5f)]++;
    }
    const float mates[5] = {0.95f, 0.85f, 0.75f, 0.3f, 0.99f};
    for (int i = 0; i < 5; i++)
        mated[i] =
            (tb_trial){.person = 10, .best_person = 10, .best = mates[i], .second = 0.2f, .mate = mates[i], .rank = 1};
    mated[4].rank = 2; /* somebody else came first */
    mated[4].best_person = 11;
    mated[4].best = mated[4].second = 0.995f;
    return (tb_trials){.plan = {20, 1, 1},
                       .people = 12,
                       .mated = mated,
                       .non_mated = non_mated,
                       .mated_count = 5,
                       .non_mated_count = 10,
                       .non_mated_samples = 100,
                       .above = above};
}

static void fnir_at_fpir(void **state)
{
    tb_trial mated[5], non_mated[10];
    uint64_t above[TB_TRIAL_BINS];
    tb_identification n;
    tb_trials trials = made_trials(mated, non_mated, above);
    (void)state;
    assert_int_equal(tb_identification_measure(&trials, &(tb_evaluation_options){.seed = 1, .replicates = 50}, &n),
                     TB_OK);
    assert_near(n.at[0].fpir, 0.1);
    assert_near(n.at[0].threshold, 0.9);  /* one of ten lies above */
    assert_near(n.at[0].fnir.value, 0.8); /* only 0.95 is first and high enough */
    assert_near(n.at[0].selectivity, 0.1);
    assert_near(n.at[1].threshold, 1.0); /* 0.05 of ten: none may */
    assert_near(n.at[1].fnir.value, 1.0);
    assert_false(n.at[2].is_enough); /* 0.01 with 100 pictures */
    assert_near(n.curve[0].fpir, 1);
    assert_near(n.curve[0].fnir.value, 0.2); /* the one that is not first stays lost */
    assert_near(n.rank_one.value, 0.8);
    assert_near(n.cmc[0], 0.8);
    assert_near(n.cmc[1], 1.0);
    for (int i = 1; i < TB_SEARCH_CURVE; i++)
        assert_true(!n.curve[i].is_enough || n.curve[i].fnir.value >= n.curve[i - 1].fnir.value);
}

/* One person who is always found first, and always rightly, shows little; and somebody who is only ever found
 * counts. */
static void always_is_not_for_certain(void **state)
{
    tb_trial mated[5], non_mated[10];
    uint64_t above[TB_TRIAL_BINS];
    tb_identification n;
    tb_decisions d;
    tb_trials trials = made_trials(mated, non_mated, above);
    tb_calibration calibration = {.knots = 2, .curve = {{1, 0}, {1e-5, 1}}, .margin = 0.05f};
    (void)state;
    for (int i = 0; i < 5; i++) {
        mated[i] = (tb_trial){.person = 10, .best_person = 10, .best = 0.95f, .second = 0.2f, .mate = 0.95f, .rank = 1};
    }
    for (int i = 0; i < 10; i++)
        non_mated[i].best_person = 11; /* is searched for by nobody */
    assert_int_equal(tb_identification_measure(&trials, &(tb_evaluation_options){.seed = 1, .replicates = 50}, &n),
                     TB_OK);
    assert_near(n.rank_one.value, 1);
    assert_near(n.rank_one.low, 0.05); /* one person: 1 - 0.95 */
    assert_int_equal(
        tb_decisions_measure(&trials, &calibration, 0.0018, &(tb_evaluation_options){.seed = 1, .replicates = 50}, &d),
        TB_OK);
    assert_near(d.right.value, 1);
    assert_near(d.right.low, 0.05);
    assert_near(d.wrong.high, 0.95);
    assert_near(d.false_positive.value, 0.2);
    assert_true(d.false_positive.high > 0.2);
}

static void decisions_counted(void **state)
{
    tb_trial mated[5], non_mated[10];
    uint64_t above[TB_TRIAL_BINS];
    tb_decisions d;
    tb_trials trials = made_trials(mated, non_mated, above);
    tb_calibration calibration = {.knots = 2, .curve = {{1, 0}, {1e-5, 1}}, .margin = 0.05f};
    (void)state;
    /* 20 entries at FPIR 0.0018: FMR 9e-5, which lies at 0.809 */
    assert_int_equal(
        tb_decisions_measure(&trials, &calibration, 0.0018, &(tb_evaluation_options){.seed = 1, .replicates = 50}, &d),
        TB_OK);
    assert_true(fabsf(d.threshold - 0.809f) < 1e-3f);
    assert_near(d.false_positive.value, 0.2); /* 0.9 and 1.0 */
    assert_near(d.admitted.value, 0.2);
    assert_near(d.right.value, 0.4);    /* 0.95 and 0.85 */
    assert_near(d.none.value, 0.4);     /* 0.75 and 0.3 */
    assert_near(d.not_sure.value, 0.2); /* the one with a second just as high */
    assert_near(d.wrong.value, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists_of_two_out_of_three),
                                       cmocka_unit_test(people_with_one_picture_are_searched_for_only),
                                       cmocka_unit_test(fnir_at_fpir), cmocka_unit_test(decisions_counted),
                                       cmocka_unit_test(always_is_not_for_certain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
