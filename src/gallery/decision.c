/* decision.c: from the size of a list and the rate of false alarms that is allowed to a threshold, and the answer. */
#include <tebura/decision.h>

#include <math.h>

float tb_decision_threshold(const tb_calibration *calibration, size_t size, double fpir)
{
    double people = size ? (double)size : 1;
    double rate = fmin(fmax(fpir, 1e-12), 0.5); /* beyond these the formula says nothing useful; a NaN becomes 1e-12 */
    double fmr = -expm1(log1p(-rate) / people); /* 1 - (1 - rate)^(1/people) without cancellation */
    double similarity = (log10(fmr) - calibration->offset) / calibration->slope;
    return (float)fmin(fmax(similarity, -1), 1);
}

tb_identity tb_decide(const tb_calibration *calibration, size_t size, double fpir, const tb_candidate *candidates,
                      int count)
{
    if (count < 1 || !(candidates[0].score >= tb_decision_threshold(calibration, size, fpir)))
        return TB_NOBODY; /* a score that is no number is nobody */
    if (count > 1 && !(candidates[0].score - candidates[1].score >= calibration->margin))
        return TB_NOT_SURE;
    return TB_THIS_PERSON;
}
