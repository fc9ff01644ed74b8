/* scores.c: error rates straight from the sorted scores. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>

#include "evaluation/view.h"

static void count_pairs(const tb_comparisons *view, size_t *genuine, size_t *impostor)
{
    *genuine = *impostor = 0;
    for (size_t i = 1; i < view->samples; i++)
        for (size_t j = 0; j < i; j++)
            if (!isnan(tb_view_score(view, i, j)))
                ++*(tb_view_person(view, i) == tb_view_person(view, j) ? genuine : impostor);
}

tb_status tb_scores_collect(const tb_comparisons *view, tb_scores *out)
{
    size_t genuine, impostor;
    count_pairs(view, &genuine, &impostor);
    *out = (tb_scores){.genuine = malloc((genuine + 1) * sizeof *out->genuine),
                       .impostor = malloc((impostor + 1) * sizeof *out->impostor)};
    if (!out->genuine || !out->impostor) {
        tb_scores_free(out);
        return TB_NO_MEMORY;
    }
    for (size_t i = 1; i < view->samples; i++)
        for (size_t j = 0; j < i; j++) {
            float score = tb_view_score(view, i, j);
            if (isnan(score))
                continue;
            if (tb_view_person(view, i) == tb_view_person(view, j))
                out->genuine[out->genuines++] = score;
            else
                out->impostor[out->impostors++] = score;
        }
    qsort(out->genuine, out->genuines, sizeof *out->genuine, tb_ascending_float);
    qsort(out->impostor, out->impostors, sizeof *out->impostor, tb_ascending_float);
    return TB_OK;
}

void tb_scores_free(tb_scores *scores)
{
    free(scores->genuine);
    free(scores->impostor);
    *scores = (tb_scores){0};
}

/* How many of the sorted values lie below the limit. */
static size_t below(const float *sorted, size_t count, float limit)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double tb_scores_fmr(const tb_scores *scores, float threshold)
{
    size_t count = scores->impostors;
    return count ? (double)(count - below(scores->impostor, count, threshold)) / (double)count : NAN;
}

double tb_scores_fnmr(const tb_scores *scores, float threshold)
{
    size_t count = scores->genuines;
    return count ? (double)below(scores->genuine, count, threshold) / (double)count : NAN;
}

float tb_scores_threshold(const tb_scores *scores, double fmr)
{
    size_t count = scores->impostors;
    double allowed = floor(fmax(fmr, 0) * (double)count * (1 + 1e-12)); /* 0.1 * 10 is 1 */
    if (count == 0 || allowed >= (double)count)
        return -1;
    return nextafterf(scores->impostor[count - 1 - (size_t)allowed], 2);
}

/* One threshold between two neighbouring scores: genuine ones below it, impostors at or above it. */
struct step {
    size_t missed, matched;
    float from, to; /* the rates are the same for thresholds above `from`, up to `to` */
};

static void advance(const tb_scores *scores, struct step *step)
{
    size_t passed = scores->impostors - step->matched;
    step->from = step->to;
    while (step->missed < scores->genuines && scores->genuine[step->missed] <= step->from)
        step->missed++;
    while (passed < scores->impostors && scores->impostor[passed] <= step->from)
        passed++;
    step->matched = scores->impostors - passed;
    step->to = 1;
    if (step->missed < scores->genuines)
        step->to = scores->genuine[step->missed];
    if (passed < scores->impostors)
        step->to = fminf(step->to, scores->impostor[passed]);
}

/* FNMR rises and FMR falls with the threshold: the answer lies at the first step on which FNMR >= FMR, or just before.
 * I1: the walk ends: above all scores FNMR is 1 and FMR 0. */
tb_eer tb_scores_eer(const tb_scores *scores)
{
    if (!scores->genuines || !scores->impostors)
        return (tb_eer){NAN, NAN, NAN, NAN};
    struct step before, after = {.matched = scores->impostors, .from = -2};
    after.to = fminf(scores->genuine[0], scores->impostor[0]);
    double genuines = (double)scores->genuines, impostors = (double)scores->impostors;
    do {
        before = after;
        advance(scores, &after);
    } while ((double)after.missed / genuines < (double)after.matched / impostors);
    double missed1 = (double)before.missed / genuines, matched1 = (double)before.matched / impostors;
    double missed2 = (double)after.missed / genuines, matched2 = (double)after.matched / impostors;
    int is_first = missed2 > matched2 && missed1 + matched1 < missed2 + matched2;
    double one = is_first ? missed1 : missed2, two = is_first ? matched1 : matched2;
    const struct step *step = is_first ? &before : &after;
    return (tb_eer){(one + two) / 2, fmin(one, two), fmax(one, two), (step->from + step->to) / 2};
}
