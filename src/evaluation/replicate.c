/* replicate.c: see replicate.h. */
#include "evaluation/replicate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_COMPARED = 0xffff, REPLICATES = 1000, LEAST_REPLICATES = 100 };
#define BUDGET 2e10 /* pairs looked at, all replicates together */

void tb_replicator_free(tb_replicator *r)
{
    tb_crowd_free(&r->crowd);
    free(r->bins);
    free(r->weights);
    free(r);
}

tb_status tb_replicator_new(const tb_comparisons *view, const tb_evaluation_options *options, tb_replicator **out)
{
    tb_replicator *r = calloc(1, sizeof *r);
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
        tb_replicator_free(r);
        *out = NULL;
        return TB_NO_MEMORY;
    }
    for (size_t i = 1; i < view->samples; i++)
        for (size_t j = 0; j < i; j++) {
            float score = tb_view_score(view, i, j);
            r->bins[tb_pair(i, j)] = isnan(score) ? (uint16_t)NOT_COMPARED : (uint16_t)tb_view_bin(score, TB_BINS);
        }
    return TB_OK;
}

/* Fills the histograms: weighted counts. */
static void count(tb_replicator *r)
{
    memset(r->genuine, 0, sizeof r->genuine);
    memset(r->impostor, 0, sizeof r->impostor);
    r->genuines = r->impostors = 0;
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
    for (int bin = 0; bin < TB_BINS; bin++) {
        r->genuines += r->genuine[bin];
        r->impostors += r->impostor[bin];
    }
}

void tb_replicator_draw(tb_replicator *r)
{
    tb_crowd_resample(&r->crowd, r->view->people, &r->chance, r->weights);
    count(r);
}

void tb_replicator_whole(tb_replicator *r)
{
    for (size_t i = 0; i < r->view->people; i++)
        r->weights[i] = 1;
    count(r);
}
