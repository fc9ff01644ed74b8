/* decision.c: from the size of a list and the rate of false alarms that is allowed to a threshold, and the answer. */
#include <tebura/decision.h>

#include <assert.h>
#include <math.h>

/* The two knots between which, or beyond which, the line runs. */
static const tb_knot *segment(const tb_calibration *calibration, int (*is_before)(const tb_knot *knot, double value),
                              double value)
{
    assert(calibration->knots >= 2 && calibration->knots <= TB_KNOTS_MAX);
    const tb_knot *from = calibration->curve, *last = from + calibration->knots - 2;
    while (from < last && is_before(from + 1, value))
        from++;
    return from;
}

static int is_lower(const tb_knot *knot, double similarity)
{
    return knot->similarity < similarity;
}

static int is_more_frequent(const tb_knot *knot, double fmr)
{
    return knot->fmr > fmr;
}

double tb_calibration_fmr(const tb_calibration *calibration, float similarity)
{
    if (isnan(similarity))
        return 1;
    const tb_knot *from = segment(calibration, is_lower, similarity), *to = from + 1;
    double share = ((double)similarity - from->similarity) / ((double)to->similarity - from->similarity);
    return fmin(1, from->fmr * pow(to->fmr / from->fmr, share));
}

float tb_decision_threshold(const tb_calibration *calibration, size_t rows, double fpir)
{
    double rate = fmin(fmax(fpir, 1e-12), 0.5); /* a NaN becomes 1e-12 */
    double fmr = rate / (rows ? (double)rows : 1);
    const tb_knot *from = segment(calibration, is_more_frequent, fmr), *to = from + 1;
    double share = log(fmr / from->fmr) / log(to->fmr / from->fmr);
    double similarity = from->similarity + share * ((double)to->similarity - from->similarity);
    return (float)fmin(fmax(similarity, -1), 1);
}

tb_identity tb_decide(const tb_calibration *calibration, size_t rows, double fpir, const tb_candidate *candidates,
                      int count)
{
    float threshold = tb_decision_threshold(calibration, rows, fpir);
    if (count < 1 || !(candidates[0].score >= threshold))
        return TB_NOBODY; /* a score that is no number is nobody */
    if (count > 1 &&
        !(candidates[1].score < threshold && candidates[0].score - candidates[1].score >= calibration->margin))
        return TB_NOT_SURE; /* nor is a second one that is no number */
    return TB_THIS_PERSON;
}
