/* verification.c: 1:1 figures with intervals. For each replicate people are drawn with replacement; a pair of samples
 * then counts as often as the product of how often its two people were drawn (once each for a genuine pair), which
 * leaves out a person compared with a copy of the same person. The weighted scores go into a fine histogram. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation/view.h"

enum { BINS = 4096, NOT_COMPARED = 0xffff, REPLICATES = 1000, LEAST_REPLICATES = 100 };
#define BUDGET 2e10 /* pairs looked at, all replicates together */

struct replicator {
    const tb_comparisons *view;
    tb_crowd crowd;
    uint16_t *bins; /* of each pair of the view */
    uint32_t *weights;
    uint64_t genuine[BINS], impostor[BINS], genuines, impostors;
    tb_chance chance;
    int replicates;
};

static void replicator_free(struct replicator *r)
{
    tb_crowd_free(&r->crowd);
    free(r->bins);
    free(r->weights);
    free(r);
}

static tb_status replicator_new(const tb_comparisons *view, const tb_evaluation_options *options,
                                struct replicator **out)
{
    struct replicator *r = calloc(1, sizeof *r);
    size_t pairs = view->samples ? tb_pair(view->samples, 0) : 0;
    *out = r;
    if (!r)
        return TB_NO_MEMORY;
    r->view = view;
    r->chance.state = options->seed;
    double wanted = options->replicates > 0 ? options->replicates : REPLICATES;
    r->replicates = (int)fmin(wanted, fmax(LEAST_REPLICATES, BUDGET / (double)(pairs + 1)));
    r->bins = malloc((pairs + 1) * sizeof *r->bins);
    r->weights = calloc(view->people + 1, sizeof *r->weights);
    if (!r->bins || !r->weights || tb_crowd_gather(view, &r->crowd) != TB_OK) {
        replicator_free(r);
        *out = NULL;
        return TB_NO_MEMORY;
    }
    for (size_t i = 1; i < view->samples; i++)
        for (size_t j = 0; j < i; j++) {
            float score = tb_view_score(view, i, j);
            r->bins[tb_pair(i, j)] = isnan(score) ? (uint16_t)NOT_COMPARED : (uint16_t)tb_view_bin(score, BINS);
        }
    return TB_OK;
}

/* Draws people and fills the histograms: weighted counts. */
static void replicate(struct replicator *r)
{
    memset(r->genuine, 0, sizeof r->genuine);
    memset(r->impostor, 0, sizeof r->impostor);
    r->genuines = r->impostors = 0;
    tb_crowd_resample(&r->crowd, r->view->people, &r->chance, r->weights);
    for (size_t i = 1; i < r->view->samples; i++) {
        uint32_t person = tb_view_person(r->view, i);
        uint64_t weight = r->weights[person];
        const uint16_t *bins = r->bins + tb_pair(i, 0);
        for (size_t j = 0; weight && j < i; j++) {
            uint32_t other = tb_view_person(r->view, j);
            if (bins[j] == NOT_COMPARED)
                continue;
            if (other == person)
                r->genuine[bins[j]] += weight;
            else
                r->impostor[bins[j]] += weight * r->weights[other];
        }
    }
    for (int bin = 0; bin < BINS; bin++) {
        r->genuines += r->genuine[bin];
        r->impostors += r->impostor[bin];
    }
}

/* FNMR at each of `count` false match rates (falling), and the equal error rate, of the present replicate. */
static void read_replicate(const struct replicator *r, const tb_operating_point *points, int count, double *fnmr,
                           double *eer)
{
    uint64_t matched = 0, missed = r->genuines;
    int point = count - 1;
    double before = 1;
    *eer = NAN;
    for (int i = 0; i < count; i++)
        fnmr[i] = NAN;
    if (!r->genuines || !r->impostors)
        return;
    for (int bin = BINS; bin >= 0; bin--) { /* threshold at the lower edge of `bin` */
        if (bin < BINS) {
            matched += r->impostor[bin];
            missed -= r->genuine[bin];
        }
        double fmr = (double)matched / (double)r->impostors, miss = (double)missed / (double)r->genuines;
        while (point >= 0 && fmr > points[point].fmr)
            fnmr[point--] = before; /* the threshold before was the lowest for it */
        if (isnan(*eer) && fmr >= miss)
            *eer = (fmr + miss) / 2;
        before = miss;
    }
    while (point >= 0)
        fnmr[point--] = before;
}

static void fill_point(const tb_scores *scores, double fmr, tb_operating_point *out)
{
    double expected = fmr * (double)scores->impostors * (1 + 1e-9);
    *out = (tb_operating_point){
        .fmr = fmr, .threshold = NAN, .fnmr = {NAN, NAN, NAN}, .is_enough = expected >= 3, .is_thirty = expected >= 30};
    if (!out->is_enough)
        return;
    out->threshold = tb_scores_threshold(scores, fmr);
    out->fnmr.value = tb_scores_fnmr(scores, out->threshold);
}

static void fill_values(const tb_scores *scores, tb_verification *out)
{
    out->genuine = scores->genuines;
    out->impostor = scores->impostors;
    out->lowest_genuine = scores->genuine[0];
    out->highest_impostor = scores->impostor[scores->impostors - 1];
    out->crossing = tb_scores_eer(scores);
    out->eer.value = out->crossing.value;
    for (int i = 0; i < TB_OPERATING_POINTS; i++)
        fill_point(scores, pow(10, -2 - i), &out->at[i]);
    for (int i = 0; i < TB_DET_POINTS; i++) /* 0.5 to 5e-7 */
        fill_point(scores, 0.5 * pow(10, -6.0 * i / (TB_DET_POINTS - 1)), &out->det[i]);
    for (size_t i = 0; i < scores->genuines; i++)
        out->genuine_histogram[tb_view_bin(scores->genuine[i], TB_HISTOGRAM_BINS)]++;
    for (size_t i = 0; i < scores->impostors; i++)
        out->impostor_histogram[tb_view_bin(scores->impostor[i], TB_HISTOGRAM_BINS)]++;
}

/* An interval without an error in it still reaches up to what that many people can show. */
static tb_estimate widen(tb_estimate estimate, double trials)
{
    if (estimate.value == 0)
        estimate.high = fmax(isnan(estimate.high) ? 0 : estimate.high, tb_rule_of_three(trials));
    if (estimate.value == 0)
        estimate.low = 0;
    return estimate;
}

static tb_status fill_intervals(struct replicator *r, tb_verification *out)
{
    enum { EER = TB_OPERATING_POINTS + TB_DET_POINTS, VALUES };
    tb_operating_point points[EER];
    double found[VALUES];
    size_t count = (size_t)r->replicates;
    double *values = malloc(count * VALUES * sizeof *values); /* by figure, then by replicate */
    if (!values)
        return TB_NO_MEMORY;
    memcpy(points, out->at, sizeof out->at);
    memcpy(points + TB_OPERATING_POINTS, out->det, sizeof out->det);
    for (size_t k = 0; k < count; k++) {
        replicate(r);
        read_replicate(r, points, TB_OPERATING_POINTS, found, &found[EER]);
        read_replicate(r, points + TB_OPERATING_POINTS, TB_DET_POINTS, found + TB_OPERATING_POINTS, &found[EER]);
        for (size_t i = 0; i < VALUES; i++)
            values[i * count + k] = found[i];
    }
    double mated = (double)out->mated_people;
    for (size_t i = 0; i < EER; i++) {
        tb_operating_point *to = i < TB_OPERATING_POINTS ? &out->at[i] : &out->det[i - TB_OPERATING_POINTS];
        to->fnmr = widen(tb_estimate_of(to->fnmr.value, values + i * count, count, out->mated_people), mated);
    }
    out->eer = widen(tb_estimate_of(out->eer.value, values + EER * count, count, out->mated_people), mated);
    free(values);
    return TB_OK;
}

tb_status tb_verification_measure(const tb_comparisons *view, const tb_evaluation_options *options,
                                  tb_verification *out)
{
    *out = (tb_verification){.samples = view->samples};
    tb_scores scores;
    struct replicator *r;
    tb_status status = tb_scores_collect(view, &scores);
    if (status != TB_OK)
        return status;
    if (!scores.genuines || !scores.impostors) {
        tb_scores_free(&scores);
        return TB_INVALID_ARGUMENT;
    }
    fill_values(&scores, out);
    tb_scores_free(&scores);
    status = replicator_new(view, options, &r);
    if (status != TB_OK)
        return status;
    out->people = r->crowd.count;
    out->mated_people = r->crowd.mated;
    out->replicates = r->replicates;
    status = fill_intervals(r, out);
    replicator_free(r);
    return status;
}

tb_status tb_rates_measure(const tb_comparisons *view, const tb_evaluation_options *options, float threshold,
                           tb_estimate *fmr, tb_estimate *fnmr)
{
    tb_scores scores;
    struct replicator *r;
    tb_status status = tb_scores_collect(view, &scores);
    if (status != TB_OK)
        return status;
    double matched = tb_scores_fmr(&scores, threshold), missed = tb_scores_fnmr(&scores, threshold);
    tb_scores_free(&scores);
    status = replicator_new(view, options, &r);
    if (status != TB_OK)
        return status;
    size_t count = (size_t)r->replicates, limit = tb_view_bin(threshold, BINS);
    double *values = malloc(2 * count * sizeof *values);
    for (size_t k = 0; values && k < count; k++) {
        uint64_t above = 0, below = 0;
        replicate(r);
        for (size_t bin = 0; bin < BINS; bin++) {
            above += bin >= limit ? r->impostor[bin] : 0;
            below += bin < limit ? r->genuine[bin] : 0;
        }
        values[k] = r->impostors ? (double)above / (double)r->impostors : NAN;
        values[count + k] = r->genuines ? (double)below / (double)r->genuines : NAN;
    }
    if (values) {
        double people = (double)r->crowd.count;
        *fmr = widen(tb_estimate_of(matched, values, count, r->crowd.count), people * (people - 1) / 2);
        *fnmr = widen(tb_estimate_of(missed, values + count, count, r->crowd.mated), (double)r->crowd.mated);
    }
    status = values ? TB_OK : TB_NO_MEMORY;
    free(values);
    replicator_free(r);
    return status;
}
