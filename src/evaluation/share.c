/* share.c: how often something happens, counted by person. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>

#include "evaluation/view.h"

enum { REPLICATES = 1000 };

tb_status tb_share_measure(const uint32_t *hits, const uint32_t *trials, size_t people,
                           const tb_evaluation_options *options, tb_estimate *out)
{
    size_t count = options->replicates > 0 ? (size_t)options->replicates : REPLICATES, present = 0;
    double *values = malloc(count * sizeof *values), hit = 0, all = 0;
    uint32_t *who = malloc((people + 1) * sizeof *who);
    tb_chance chance = {options->seed ^ 0x5a4e};
    for (size_t i = 0; who && i < people; i++) {
        hit += hits[i];
        all += trials[i];
        if (trials[i])
            who[present++] = (uint32_t)i;
    }
    for (size_t k = 0; values && who && k < count; k++) {
        double drawn = 0, of = 0;
        for (size_t i = 0; i < present; i++) {
            uint32_t person = who[tb_chance_below(&chance, present)];
            drawn += hits[person];
            of += trials[person];
        }
        values[k] = of > 0 ? drawn / of : NAN;
    }
    tb_status status = values && who ? TB_OK : TB_NO_MEMORY;
    if (status == TB_OK) {
        *out = tb_estimate_widen(tb_estimate_of(all > 0 ? hit / all : NAN, values, count, present), (double)present);
    }
    free(values);
    free(who);
    return status;
}
