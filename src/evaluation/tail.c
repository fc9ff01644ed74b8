/* tail.c: peaks over a threshold (Pickands 1975, Davison and Smith 1990), on the histogram of the scores.
 *
 * A cosine cannot exceed 1, so the tail is bounded and its shape cannot be above 0 (a heavy tail); 0 itself, the
 * exponential, is the most cautious shape left, and -0.5 is where maximum likelihood stops being regular. Few people
 * cannot tell the shape, as the few whom many others resemble may be missing among them: the shape found is drawn
 * towards 0 as if thirty people more had shown an exponential. */
#include "evaluation/tail.h"

#include <math.h>

#define LEAST_SHAPE (-0.5)
#define CAUTION 30 /* people */

double tb_tail_quantile(const tb_replicator *r, double fmr)
{
    double wanted = fmr * (double)r->impostors, above = 0;
    for (int bin = TB_BINS - 1; bin >= 0; bin--) {
        double here = (double)r->impostor[bin];
        if (above + here >= wanted && here > 0)
            return 2 * (bin + 1 - fmin(1, fmax(0, wanted - above) / here)) / TB_BINS - 1;
        above += here;
    }
    return -1;
}

struct excesses {
    const tb_replicator *r;
    double start, count, mean, highest;
    int first, end; /* bins */
};

static double excess(const struct excesses *e, int bin)
{
    return 2 * (bin + 0.5) / TB_BINS - 1 - e->start;
}

static struct excesses gather(const tb_replicator *r, double start)
{
    struct excesses e = {.r = r, .start = start, .first = (int)ceil((start + 1) / 2 * TB_BINS)};
    for (int bin = e.first; bin < TB_BINS; bin++) {
        double here = (double)r->impostor[bin];
        e.count += here;
        e.mean += here * excess(&e, bin);
        if (here > 0) {
            e.highest = excess(&e, bin);
            e.end = bin + 1;
        }
    }
    e.mean = e.count > 0 ? e.mean / e.count : 0;
    return e;
}

/* The shape that fits best for theta = -shape / scale > 0; for theta -> 0 it goes to 0. */
static double shape_for(const struct excesses *e, double theta)
{
    double sum = 0;
    for (int bin = e->first; bin < e->end; bin++)
        if (e->r->impostor[bin])
            sum += (double)e->r->impostor[bin] * log1p(-theta * excess(e, bin));
    return sum / e->count;
}

/* Profile log likelihood for one excess. */
static double likelihood(double theta, double shape)
{
    return -(log(-shape / theta) + shape + 1);
}

/* I1: the mean of the excesses is scale / (1 - shape), so the scale follows from the shape. */
tb_tail tb_tail_fit(const tb_replicator *r, double fraction, size_t people)
{
    enum { STEPS = 48 };
    tb_tail tail = {.fraction = fraction, .start = tb_tail_quantile(r, fraction)};
    double found = 0, best;
    struct excesses e = gather(r, tail.start);
    if (e.count <= 0 || e.mean <= 0)
        return tail;
    best = -(log(e.mean) + 1);        /* shape 0: the exponential */
    for (int i = 1; i < STEPS; i++) { /* theta up to where the highest score would be the end of the tail */
        double theta = (double)i / STEPS * 0.999 / e.highest, shape = shape_for(&e, theta);
        if (shape < LEAST_SHAPE || shape >= 0)
            continue;
        double fit = likelihood(theta, shape);
        if (fit > best) {
            best = fit;
            found = shape;
        }
    }
    tail.shape = found * (double)people / (double)(people + CAUTION);
    tail.scale = e.mean * (1 - tail.shape);
    return tail;
}

double tb_tail_similarity(const tb_replicator *r, const tb_tail *tail, double fmr)
{
    if (fmr >= tail->fraction || tail->scale <= 0)
        return tb_tail_quantile(r, fmr);
    double ratio = log(tail->fraction / fmr);
    double beyond = tail->shape > -1e-9 ? tail->scale * ratio : tail->scale / tail->shape * expm1(tail->shape * ratio);
    return tail->start + beyond;
}
