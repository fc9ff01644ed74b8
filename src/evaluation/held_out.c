/* held_out.c: calibrates on half of the people and decides about the others. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation/view.h"

enum { REPLICATES = 1000, CALIBRATION_REPLICATES = 200 };

/* A non-mated search that found somebody, and how many were made. */
struct finding {
    uint32_t person, other;
};

struct sum {
    uint32_t *searches; /* by person searched for */
    struct finding *findings;
    size_t count, room;
    double mated, answers[3], wrong;
};

static tb_status add_finding(struct sum *sum, const tb_trial *trial)
{
    if (sum->count == sum->room) {
        size_t room = sum->room ? 2 * sum->room : 256;
        struct finding *grown = realloc(sum->findings, room * sizeof *grown);
        if (!grown)
            return TB_NO_MEMORY;
        sum->findings = grown;
        sum->room = room;
    }
    sum->findings[sum->count++] = (struct finding){trial->person, trial->best_person};
    return TB_OK;
}

static tb_identity answer(const tb_trial *trial, const tb_calibration *calibration, const tb_held_out *out)
{
    tb_candidate two[2] = {{.score = trial->best}, {.score = trial->second}};
    int count = trial->best <= -2 ? 0 : trial->second <= -2 ? 1 : 2;
    return tb_decide(calibration, out->plan.list * (size_t)out->plan.pictures, out->fpir, two, count);
}

static tb_status add_trials(const tb_trials *trials, const tb_calibration *calibration, const tb_held_out *out,
                            struct sum *sum)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < trials->non_mated_count && status == TB_OK; i++) {
        sum->searches[trials->non_mated[i].person]++;
        if (answer(&trials->non_mated[i], calibration, out) != TB_NOBODY)
            status = add_finding(sum, &trials->non_mated[i]);
    }
    for (size_t i = 0; i < trials->mated_count; i++) {
        tb_identity identity = answer(&trials->mated[i], calibration, out);
        int is_wrong = identity == TB_THIS_PERSON && trials->mated[i].best_person != trials->mated[i].person;
        sum->answers[identity] += !is_wrong;
        sum->wrong += is_wrong;
        sum->mated++;
    }
    return status;
}

/* The samples of the view whose person is in the half. */
static void choose(const tb_comparisons *view, const uint8_t *half, int which, uint32_t *sample, tb_comparisons *out)
{
    *out = *view;
    out->sample = sample;
    out->samples = 0;
    for (size_t i = 0; i < view->samples; i++)
        if (half[tb_view_person(view, i)] == which)
            sample[out->samples++] = view->sample[i];
}

static tb_status run_split(const tb_comparisons *learn, const tb_comparisons *test, tb_calibration calibration,
                           uint64_t seed, tb_held_out *out, struct sum *sum)
{
    tb_calibration_measurement measured;
    tb_trials trials;
    tb_status status = tb_calibration_measure(
        learn, &(tb_evaluation_options){.seed = seed, .replicates = CALIBRATION_REPLICATES}, &measured);
    if (status != TB_OK)
        return status;
    memcpy(calibration.curve, measured.curve, sizeof calibration.curve);
    calibration.knots = measured.knots;
    double threshold = tb_decision_threshold(&calibration, out->plan.list * (size_t)out->plan.pictures, out->fpir);
    out->lowest_threshold = fmin(out->lowest_threshold, threshold);
    out->highest_threshold = fmax(out->highest_threshold, threshold);
    status = tb_trials_draw(test, &out->plan, seed, &trials);
    if (status != TB_OK)
        return status;
    status = add_trials(&trials, &calibration, out, sum);
    tb_trials_free(&trials);
    return status;
}

static double rate(const struct sum *sum, const tb_crowd *crowd, const uint32_t *weights)
{
    double found = 0, searched = 0;
    for (size_t i = 0; i < crowd->count; i++)
        searched += (double)sum->searches[crowd->who[i]] * (weights ? weights[crowd->who[i]] : 1);
    for (size_t i = 0; i < sum->count; i++)
        found += weights ? (double)weights[sum->findings[i].person] * weights[sum->findings[i].other] : 1;
    return searched > 0 ? fmin(1, found / searched) : NAN;
}

static tb_status summarise(const tb_comparisons *view, const tb_crowd *crowd, const struct sum *sum,
                           const tb_evaluation_options *options, tb_held_out *out)
{
    size_t count = options->replicates > 0 ? (size_t)options->replicates : REPLICATES;
    double *values = malloc(count * sizeof *values);
    uint32_t *weights = calloc(view->people + 1, sizeof *weights);
    tb_chance chance = {options->seed ^ 0x4e1d};
    for (size_t k = 0; values && weights && k < count; k++) {
        tb_crowd_resample(crowd, view->people, &chance, weights);
        values[k] = rate(sum, crowd, weights);
    }
    tb_status status = values && weights ? TB_OK : TB_NO_MEMORY;
    if (status == TB_OK) {
        out->measured = tb_estimate_widen(tb_estimate_of(rate(sum, crowd, NULL), values, count, crowd->count),
                                          (double)crowd->count);
        for (size_t i = 0; i < view->people; i++) {
            out->non_mated += sum->searches[i];
            out->non_mated_people += sum->searches[i] > 0;
        }
        double mated = sum->mated > 0 ? sum->mated : NAN;
        out->right = sum->answers[TB_THIS_PERSON] / mated;
        out->none = sum->answers[TB_NOBODY] / mated;
        out->not_sure = sum->answers[TB_NOT_SURE] / mated;
        out->wrong = sum->wrong / mated;
        out->is_kept = out->measured.low <= out->fpir;
    }
    free(values);
    free(weights);
    return status;
}

tb_status tb_held_out_measure(const tb_comparisons *view, const tb_list_plan *plan, double fpir, int splits,
                              const tb_calibration *calibration, const tb_evaluation_options *options, tb_held_out *out)
{
    *out = (tb_held_out){.plan = *plan, .fpir = fpir, .splits = splits, .lowest_threshold = 1, .highest_threshold = -1};
    tb_crowd crowd;
    tb_status status = tb_crowd_gather(view, &crowd);
    if (status != TB_OK)
        return status;
    struct sum sum = {.searches = calloc(view->people + 1, sizeof *sum.searches)};
    uint8_t *half = calloc(view->people + 1, 1);
    uint32_t *order = calloc(crowd.count + 1, sizeof *order), *learn = calloc(view->samples + 1, sizeof *learn),
             *test = calloc(view->samples + 1, sizeof *test);
    tb_chance chance = {options->seed ^ 0x5917};
    if (!sum.searches || !half || !order || !learn || !test)
        status = TB_NO_MEMORY;
    else
        memcpy(order, crowd.who, crowd.count * sizeof *order);
    for (int i = 0; i < splits && status == TB_OK; i++) {
        tb_comparisons learning, testing;
        memset(half, 0, view->people);
        tb_chance_shuffle(&chance, order, crowd.count);
        for (size_t k = 0; k < crowd.count; k++)
            half[order[k]] = k < crowd.count / 2 ? 1 : 2;
        choose(view, half, 1, learn, &learning);
        choose(view, half, 2, test, &testing);
        status = run_split(&learning, &testing, *calibration, options->seed + (uint64_t)i * 7919, out, &sum);
    }
    if (status == TB_OK)
        status = summarise(view, &crowd, &sum, options, out);
    free(sum.searches);
    free(sum.findings);
    free(half);
    free(order);
    free(learn);
    free(test);
    tb_crowd_free(&crowd);
    return status;
}
