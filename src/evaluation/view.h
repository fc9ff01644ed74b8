/* view.h: what the measures share: a view's scores, the people in it, and drawing people with replacement. */
#ifndef TEBURA_EVALUATION_VIEW_H
#define TEBURA_EVALUATION_VIEW_H

#include <tebura/evaluation.h>

#include "evaluation/random.h"

/* Score of the view's samples i != j. */
static inline float tb_view_score(const tb_comparisons *view, size_t i, size_t j)
{
    return view->scores[tb_pair(view->sample[i], view->sample[j])];
}

static inline uint32_t tb_view_person(const tb_comparisons *view, size_t i)
{
    return view->person[view->sample[i]];
}

/* Similarity -1..1 to 0..bins-1. */
static inline size_t tb_view_bin(float score, size_t bins)
{
    float place = (score + 1) / 2 * (float)bins;
    return place <= 0 ? 0 : place >= (float)(bins - 1) ? bins - 1 : (size_t)place;
}

/* The people of the view, each once: who[0..count-1], and how many samples each person (by number) has. */
typedef struct tb_crowd {
    uint32_t *who, *samples;
    size_t count, mated; /* mated: with two samples or more */
} tb_crowd;
tb_status tb_crowd_gather(const tb_comparisons *view, tb_crowd *out) TB_MUST_CHECK;
void tb_crowd_free(tb_crowd *crowd);
/* How often each person (by number) was drawn: crowd->count draws with replacement. */
void tb_crowd_resample(const tb_crowd *crowd, size_t people, tb_chance *chance, uint32_t *weights);

/* Of `count` values (reordered), NaN aside: the 95 % interval between their quantiles, widened to hold the value
 * itself. So few as `people` vary less among themselves than people do: the quantiles are taken further out (Hesterberg
 * 2015, "expanded percentile": Student's t and n / (n - 1)). */
tb_estimate tb_estimate_of(double value, double *values, size_t count, size_t people);
/* The value is lower than this with 95 % confidence (one-sided); NaN when that cannot be said. */
double tb_upper_bound_of(double value, double *values, size_t count, size_t people);
/* Nothing seen among `trials`: up to the rule of 3, exactly 1 - 0.05^(1/trials). */
double tb_rule_of_three(double trials);
/* Of a share that never, or always, came about among `trials`: what that many cannot rule out belongs to it. */
tb_estimate tb_estimate_widen(tb_estimate estimate, double trials);

int tb_ascending_float(const void *a, const void *b);
int tb_ascending_double(const void *a, const void *b);

#endif
