/* replicate.h: the bootstrap of 1:1 comparisons. For each replicate people are drawn with replacement; a pair of
 * samples then counts as often as the product of how often its two people were drawn (once for each time in a genuine
 * pair), which leaves out a person compared with a copy of the same person. */
#ifndef TEBURA_EVALUATION_REPLICATE_H
#define TEBURA_EVALUATION_REPLICATE_H

#include "evaluation/view.h"

enum { TB_BINS = 4096 };

typedef struct tb_replicator {
    const tb_comparisons *view;
    tb_crowd crowd;
    uint16_t *bins; /* of each pair of the view */
    uint32_t *weights;
    uint64_t genuine[TB_BINS], impostor[TB_BINS], genuines, impostors; /* of the present replicate: similarity -1..1 */
    tb_chance chance;
    int replicates; /* to be drawn: as the options say, fewer when there are very many comparisons */
} tb_replicator;

tb_status tb_replicator_new(const tb_comparisons *view, const tb_evaluation_options *options,
                            tb_replicator **out) TB_MUST_CHECK; /* TB_NO_MEMORY */
void tb_replicator_free(tb_replicator *r);
void tb_replicator_draw(tb_replicator *r);
/* Everybody once: the histograms of what was measured. */
void tb_replicator_whole(tb_replicator *r);

#endif
