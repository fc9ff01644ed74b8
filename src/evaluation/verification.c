/* verification.c: 1:1 figures with intervals. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation/replicate.h"

/* FNMR at each of `count` false match rates (falling), and the equal error rate, of the present replicate. */
static void read_replicate(const tb_replicator *r, const tb_operating_point *points, int count, double *fnmr,
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
    for (int bin = TB_BINS; bin >= 0; bin--) { /* threshold at the lower edge of `bin` */
        if (bin < TB_BINS) {
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

/* FNMR cannot rise with FMR: what bounds it at a stricter rate bounds it at a laxer one. Rates fall along the
 * points. */
static void keep_order(tb_operating_point *points, int count)
{
    for (int i = count - 2; i >= 0; i--)
        if (points[i + 1].is_enough && points[i + 1].fnmr.high < points[i].fnmr.high)
            points[i].fnmr.high = points[i + 1].fnmr.high;
}

static tb_status fill_intervals(tb_replicator *r, tb_verification *out)
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
        tb_replicator_draw(r);
        read_replicate(r, points, TB_OPERATING_POINTS, found, &found[EER]);
        read_replicate(r, points + TB_OPERATING_POINTS, TB_DET_POINTS, found + TB_OPERATING_POINTS, &found[EER]);
        for (size_t i = 0; i < VALUES; i++)
            values[i * count + k] = found[i];
    }
    double mated = (double)out->mated_people;
    for (size_t i = 0; i < EER; i++) {
        tb_operating_point *to = i < TB_OPERATING_POINTS ? &out->at[i] : &out->det[i - TB_OPERATING_POINTS];
        to->fnmr =
            tb_estimate_widen(tb_estimate_of(to->fnmr.value, values + i * count, count, out->mated_people), mated);
    }
    keep_order(out->at, TB_OPERATING_POINTS);
    keep_order(out->det, TB_DET_POINTS);
    out->eer = tb_estimate_widen(tb_estimate_of(out->eer.value, values + EER * count, count, out->mated_people), mated);
    free(values);
    return TB_OK;
}

tb_status tb_verification_measure(const tb_comparisons *view, const tb_evaluation_options *options,
                                  tb_verification *out)
{
    *out = (tb_verification){.samples = view->samples};
    tb_scores scores;
    tb_replicator *r;
    tb_status status = tb_scores_collect(view, &scores);
    if (status != TB_OK)
        return status;
    if (!scores.genuines || !scores.impostors) {
        tb_scores_free(&scores);
        return TB_INVALID_ARGUMENT;
    }
    fill_values(&scores, out);
    tb_scores_free(&scores);
    status = tb_replicator_new(view, options, &r);
    if (status != TB_OK)
        return status;
    out->people = r->crowd.count;
    out->mated_people = r->crowd.mated;
    out->replicates = r->replicates;
    status = fill_intervals(r, out);
    tb_replicator_free(r);
    return status;
}

/* Pairs of people whose first samples were compared; others (of different sets) show nothing. */
static double count_pairs(const tb_comparisons *view, const tb_crowd *crowd)
{
    size_t *first = malloc((crowd->count + 1) * sizeof *first), found = 0;
    uint8_t *seen = calloc(view->people + 1, 1);
    double pairs = 0;
    for (size_t i = 0; first && seen && i < view->samples; i++) {
        uint32_t person = tb_view_person(view, i);
        if (seen[person])
            continue;
        seen[person] = 1;
        for (size_t k = 0; k < found; k++)
            pairs += !isnan(tb_view_score(view, i, first[k]));
        first[found++] = i;
    }
    free(first);
    free(seen);
    return pairs; /* without memory none: the interval is wide */
}

tb_status tb_rates_measure(const tb_comparisons *view, const tb_evaluation_options *options, float threshold,
                           tb_estimate *fmr, tb_estimate *fnmr)
{
    tb_scores scores;
    tb_replicator *r;
    tb_status status = tb_scores_collect(view, &scores);
    if (status != TB_OK)
        return status;
    double matched = tb_scores_fmr(&scores, threshold), missed = tb_scores_fnmr(&scores, threshold);
    tb_scores_free(&scores);
    status = tb_replicator_new(view, options, &r);
    if (status != TB_OK)
        return status;
    size_t count = (size_t)r->replicates, limit = tb_view_bin(threshold, TB_BINS);
    double *values = malloc(2 * count * sizeof *values), pairs = count_pairs(view, &r->crowd);
    for (size_t k = 0; values && k < count; k++) {
        uint64_t above = 0, below = 0;
        tb_replicator_draw(r);
        for (size_t bin = 0; bin < TB_BINS; bin++) {
            above += bin >= limit ? r->impostor[bin] : 0;
            below += bin < limit ? r->genuine[bin] : 0;
        }
        values[k] = r->impostors ? (double)above / (double)r->impostors : NAN;
        values[count + k] = r->genuines ? (double)below / (double)r->genuines : NAN;
    }
    if (values) {
        *fmr = tb_estimate_widen(tb_estimate_of(matched, values, count, r->crowd.count), pairs);
        *fnmr =
            tb_estimate_widen(tb_estimate_of(missed, values + count, count, r->crowd.mated), (double)r->crowd.mated);
    }
    status = values ? TB_OK : TB_NO_MEMORY;
    free(values);
    tb_replicator_free(r);
    return status;
}
