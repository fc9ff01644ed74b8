/* identification.c: FNIR at FPIR, ranks and decisions from the trials.
 *
 * Intervals: people are drawn with replacement; a false positive counts as often as the product of how often the person
 * searched for and the person found were drawn (the two-way bootstrap, which errs towards wide), a missed one as often
 * as its person was drawn. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation/view.h"

enum { REPLICATES = 1000, LEAST_REPLICATES = 100 };
#define BUDGET 1e10

static int falling_best(const void *a, const void *b)
{
    float x = ((const tb_trial *)a)->best, y = ((const tb_trial *)b)->best;
    return (x < y) - (x > y);
}

/* Score with which a mated search counts as found at rank one; below every threshold when it does not. */
static float found_score(const tb_trial *trial)
{
    return trial->rank == 1 ? trial->mate : -2;
}

static int falling_found(const void *a, const void *b)
{
    float x = found_score(a), y = found_score(b);
    return (x < y) - (x > y);
}

/* Trials sorted by falling score, so that one walk serves a whole curve. */
struct sorted {
    tb_trial *mated, *non;
    size_t mated_count, non_count;
    uint32_t *weights;
    tb_crowd crowd;
    int replicates;
};

static void sorted_free(struct sorted *s)
{
    free(s->mated);
    free(s->non);
    free(s->weights);
    tb_crowd_free(&s->crowd);
}

/* The people of the trials: those searched for (`mated`: who were on the list) and those found. */
static tb_status gather_people(const tb_trials *trials, tb_crowd *out)
{
    *out = (tb_crowd){.who = calloc(trials->people + 1, sizeof *out->who),
                      .samples = calloc(trials->people + 1, sizeof *out->samples)};
    if (!out->who || !out->samples)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < trials->non_mated_count; i++)
        out->samples[trials->non_mated[i].person] = out->samples[trials->non_mated[i].best_person] = 1;
    for (size_t i = 0; i < trials->mated_count; i++)
        out->samples[trials->mated[i].person] = 2;
    for (size_t i = 0; i < trials->people; i++) {
        if (out->samples[i])
            out->who[out->count++] = (uint32_t)i;
        out->mated += out->samples[i] == 2;
    }
    return TB_OK;
}

static tb_status sorted_new(const tb_trials *trials, const tb_evaluation_options *options, struct sorted *s)
{
    *s = (struct sorted){.mated_count = trials->mated_count, .non_count = trials->non_mated_count};
    s->mated = malloc((s->mated_count + 1) * sizeof *s->mated);
    s->non = malloc((s->non_count + 1) * sizeof *s->non);
    s->weights = calloc(trials->people + 1, sizeof *s->weights);
    if (!s->mated || !s->non || !s->weights || gather_people(trials, &s->crowd) != TB_OK) {
        sorted_free(s);
        return TB_NO_MEMORY;
    }
    if (s->mated_count)
        memcpy(s->mated, trials->mated, s->mated_count * sizeof *s->mated);
    if (s->non_count)
        memcpy(s->non, trials->non_mated, s->non_count * sizeof *s->non);
    qsort(s->mated, s->mated_count, sizeof *s->mated, falling_found);
    qsort(s->non, s->non_count, sizeof *s->non, falling_best);
    double wanted = options->replicates > 0 ? options->replicates : REPLICATES;
    s->replicates = (int)fmin(wanted, fmax(LEAST_REPLICATES, BUDGET / (double)(s->mated_count + s->non_count + 1)));
    return TB_OK;
}

/* ---- FNIR at FPIR ---- */

/* Thresholds at which at most `fpir` (falling) of the weighted non-mated searches have a candidate. `weights` NULL:
 * each counts once. */
static void find_thresholds(const struct sorted *s, const uint32_t *weights, const tb_search_point *points, int count,
                            float *thresholds)
{
    double total = 0, passed = 0;
    int point = count - 1;
    for (size_t i = 0; i < s->non_count; i++)
        total += weights ? weights[s->non[i].person] : 1;
    for (size_t i = 0; i < s->non_count && point >= 0; i++) {
        const tb_trial *trial = &s->non[i];
        passed += weights ? (double)weights[trial->person] * weights[trial->best_person] : 1;
        while (point >= 0 && passed > points[point].fpir * total * (1 + 1e-12))
            thresholds[point--] = nextafterf(trial->best, 2);
    }
    while (point >= 0)
        thresholds[point--] = -1;
}

static void find_fnir(const struct sorted *s, const uint32_t *weights, const float *thresholds, int count, double *fnir)
{
    double total = 0, found = 0;
    size_t at = 0;
    for (size_t i = 0; i < s->mated_count; i++)
        total += weights ? weights[s->mated[i].person] : 1;
    for (int point = count - 1; point >= 0; point--) { /* thresholds fall */
        for (; at < s->mated_count && found_score(&s->mated[at]) >= thresholds[point]; at++)
            found += weights ? weights[s->mated[at].person] : 1;
        fnir[point] = total > 0 ? 1 - found / total : NAN;
    }
}

static double rank_one(const struct sorted *s, const uint32_t *weights)
{
    double total = 0, first = 0;
    for (size_t i = 0; i < s->mated_count; i++) {
        double weight = weights ? weights[s->mated[i].person] : 1;
        total += weight;
        first += s->mated[i].rank == 1 ? weight : 0;
    }
    return total > 0 ? first / total : NAN;
}

static double selectivity(const tb_trials *trials, float threshold)
{
    uint64_t above = 0;
    for (size_t bin = tb_view_bin(threshold, TB_TRIAL_BINS); bin < TB_TRIAL_BINS; bin++)
        above += trials->above[bin];
    return trials->non_mated_count ? (double)above / (double)trials->non_mated_count : NAN;
}

enum { POINTS = TB_SEARCH_POINTS + TB_SEARCH_CURVE, RANK_ONE = POINTS, VALUES };

/* Both rows of points in one, each by falling FPIR. */
static void walk(const struct sorted *s, const uint32_t *weights, const tb_search_point *points, float *thresholds,
                 double *fnir)
{
    find_thresholds(s, weights, points, TB_SEARCH_POINTS, thresholds);
    find_fnir(s, weights, thresholds, TB_SEARCH_POINTS, fnir);
    find_thresholds(s, weights, points + TB_SEARCH_POINTS, TB_SEARCH_CURVE, thresholds + TB_SEARCH_POINTS);
    find_fnir(s, weights, thresholds + TB_SEARCH_POINTS, TB_SEARCH_CURVE, fnir + TB_SEARCH_POINTS);
    fnir[RANK_ONE] = rank_one(s, weights);
}

static void start_points(const tb_trials *trials, tb_search_point *points)
{
    static const double wanted[TB_SEARCH_POINTS] = {0.1, 0.05, 0.01, 0.001};
    for (int i = 0; i < POINTS; i++) {
        double fpir = i < TB_SEARCH_POINTS ? wanted[i] : pow(10, -3.0 * (i - TB_SEARCH_POINTS) / (TB_SEARCH_CURVE - 1));
        points[i] =
            (tb_search_point){.fpir = fpir, .is_enough = (double)trials->non_mated_samples * fpir * (1 + 1e-9) >= 3};
    }
}

/* FNIR cannot rise with FPIR: what bounds it at a stricter rate bounds it at a laxer one. Rates fall along the
 * points. */
static void keep_order(tb_search_point *points, int count)
{
    for (int i = count - 2; i >= 0; i--)
        if (points[i + 1].is_enough && points[i + 1].fnir.high < points[i].fnir.high)
            points[i].fnir.high = points[i + 1].fnir.high;
}

tb_status tb_identification_measure(const tb_trials *trials, const tb_evaluation_options *options,
                                    tb_identification *out)
{
    struct sorted s;
    tb_search_point points[POINTS];
    float thresholds[POINTS], drawn[POINTS];
    double found[VALUES], again[VALUES];
    tb_chance chance = {options->seed ^ 0x1de47};
    tb_status status = sorted_new(trials, options, &s);
    if (status != TB_OK)
        return status;
    size_t count = (size_t)s.replicates;
    double *values = malloc(count * VALUES * sizeof *values);
    start_points(trials, points);
    walk(&s, NULL, points, thresholds, found);
    for (size_t k = 0; values && k < count; k++) {
        tb_crowd_resample(&s.crowd, trials->people, &chance, s.weights);
        walk(&s, s.weights, points, drawn, again);
        for (size_t i = 0; i < VALUES; i++)
            values[i * count + k] = again[i];
    }
    *out = (tb_identification){.plan = trials->plan,
                               .mated = trials->mated_count,
                               .non_mated = trials->non_mated_count,
                               .non_mated_samples = trials->non_mated_samples};
    for (int i = 0; values && i < POINTS; i++) {
        tb_estimate fnir = tb_estimate_of(found[i], values + (size_t)i * count, count, s.crowd.mated);
        points[i].threshold = points[i].is_enough ? thresholds[i] : NAN;
        points[i].fnir =
            points[i].is_enough ? tb_estimate_widen(fnir, (double)s.crowd.mated) : (tb_estimate){NAN, NAN, NAN};
        points[i].selectivity = points[i].is_enough ? selectivity(trials, thresholds[i]) : NAN;
        *(i < TB_SEARCH_POINTS ? &out->at[i] : &out->curve[i - TB_SEARCH_POINTS]) = points[i];
    }
    keep_order(out->at, TB_SEARCH_POINTS);
    keep_order(out->curve, TB_SEARCH_CURVE);
    if (values)
        out->rank_one = tb_estimate_widen(
            tb_estimate_of(found[RANK_ONE], values + RANK_ONE * count, count, s.crowd.mated), (double)s.crowd.mated);
    for (size_t i = 0; i < trials->mated_count; i++)
        for (int rank = trials->mated[i].rank; rank <= TB_RANKS; rank++)
            out->cmc[rank - 1] += 1 / (double)trials->mated_count;
    status = values ? TB_OK : TB_NO_MEMORY;
    free(values);
    sorted_free(&s);
    return status;
}
