/* simulated_scores.h: SIMULATION: comparison scores with known error rates. A genuine score is normal round 0.3, an
 * impostor one round 0.1; each person shifts all their own scores, so that comparisons of one person are not
 * independent. */
#ifndef SUPPORT_SIMULATED_SCORES_H
#define SUPPORT_SIMULATED_SCORES_H

#include <tebura/evaluation.h>

typedef struct simulated {
    tb_comparisons view;
    uint32_t *sample, *person;
    float *scores;
} simulated;

/* `people` with `pictures` each. Aborts without memory. */
simulated simulated_make(size_t people, size_t pictures, uint64_t seed);
void simulated_free(simulated *s);
double simulated_fmr(double threshold); /* the true rates */
double simulated_fnmr(double threshold);

#endif
