/* calibration.c: the curve from similarity to false match rate, with the uncertainty of so few people in it.
 *
 * For each replicate of the bootstrap the body of the impostor scores is read off and the tail fitted anew; at every
 * rate the curve takes the upper end of the interval of the similarity, so that the true rate there is lower with 95 %
 * confidence; how far that goes with few people is in doc/adr/091-calibration-curve.md. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation/tail.h"

enum { RATES = 14, LEAST_PEOPLE = 6, LEAST_COMPARISONS = 100, ENOUGH_PEOPLE = 300, ENOUGH_COMPARISONS = 30000 };
static const double rates[RATES] = {0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8};

/* One in a hundred, more of few and not more of many than a fit needs. */
static double choose_fraction(double impostors)
{
    double wanted = fmax(0.01 * impostors, fmin(200, 0.1 * impostors));
    return fmin(wanted, 10000) / impostors;
}

static float genuine_quantile(const tb_replicator *r, double share)
{
    double below = 0;
    for (int bin = 0; bin < TB_BINS; bin++) {
        below += (double)r->genuine[bin];
        if (below > share * (double)r->genuines)
            return (float)(2 * (bin + 0.5) / TB_BINS - 1);
    }
    return NAN;
}

static void fill_whole(const tb_replicator *r, tb_calibration_measurement *out)
{
    static const double shares[TB_QUANTILES] = {0.001, 0.01, 0.05, 0.25, 0.5};
    out->people = r->crowd.count;
    out->mated_people = r->crowd.mated;
    out->samples = r->view->samples;
    out->genuine = r->genuines;
    out->impostor = r->impostors;
    out->replicates = r->replicates;
    out->is_enough =
        out->people >= ENOUGH_PEOPLE && out->mated_people >= ENOUGH_PEOPLE && out->impostor >= ENOUGH_COMPARISONS;
    for (int i = 0; i < TB_QUANTILES; i++)
        out->genuine_quantiles[i] = genuine_quantile(r, shares[i]);
    out->tail = tb_tail_fit(r, choose_fraction((double)r->impostors), out->people);
}

/* Each knot lies above the one before; where 1 is reached the curve ends. */
static void add_knot(tb_calibration_measurement *out, double rate, double similarity, double measured)
{
    double least = out->knots ? out->curve[out->knots - 1].similarity + 1e-3 : -1;
    double value = fmax(similarity, least);
    if (value > 1 && out->knots >= 2)
        return;
    out->curve[out->knots] = (tb_knot){rate, (float)value};
    out->measured[out->knots++] = (tb_knot){rate, (float)fmin(measured, 1)};
}

tb_status tb_calibration_measure(const tb_comparisons *view, const tb_evaluation_options *options,
                                 tb_calibration_measurement *out)
{
    tb_replicator *r;
    *out = (tb_calibration_measurement){0};
    tb_status status = tb_replicator_new(view, options, &r);
    if (status != TB_OK)
        return status;
    tb_replicator_whole(r);
    size_t count = (size_t)r->replicates;
    double *values = malloc(count * RATES * sizeof *values), measured[RATES];
    status = r->crowd.count < LEAST_PEOPLE || r->impostors < LEAST_COMPARISONS ? TB_INVALID_ARGUMENT
             : values                                                          ? TB_OK
                                                                               : TB_NO_MEMORY;
    if (status == TB_OK) {
        fill_whole(r, out);
        for (int i = 0; i < RATES; i++)
            measured[i] = tb_tail_similarity(r, &out->tail, rates[i]);
    }
    for (size_t k = 0; status == TB_OK && k < count; k++) {
        tb_replicator_draw(r);
        tb_tail tail = tb_tail_fit(r, out->tail.fraction, out->people);
        for (size_t i = 0; i < RATES; i++)
            values[i * count + k] = r->impostors ? tb_tail_similarity(r, &tail, rates[i]) : NAN;
    }
    for (size_t i = 0; status == TB_OK && i < RATES; i++) {
        double bound = tb_upper_bound_of(measured[i], values + i * count, count, out->people);
        add_knot(out, rates[i], isnan(bound) ? 1 : bound, measured[i]);
    }
    free(values);
    tb_replicator_free(r);
    return status;
}
