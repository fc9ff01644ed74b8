/* tail.h: the upper tail of the impostor scores as a generalised Pareto distribution. */
#ifndef TEBURA_EVALUATION_TAIL_H
#define TEBURA_EVALUATION_TAIL_H

#include "evaluation/replicate.h"

/* Similarity that the share `fmr` of the impostor comparisons in the histograms reaches. */
double tb_tail_quantile(const tb_replicator *r, double fmr);
/* Fits what lies above the quantile of `fraction`, by maximum likelihood, the more cautiously the fewer `people` there
 * are. scale 0: nothing lies there. */
tb_tail tb_tail_fit(const tb_replicator *r, double fraction, size_t people);
/* Similarity with that false match rate: from the tail below `fraction`, from the scores themselves above. */
double tb_tail_similarity(const tb_replicator *r, const tb_tail *tail, double fmr);

#endif
