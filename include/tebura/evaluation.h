/* evaluation.h: from comparison scores to the figures of ISO/IEC 19795-1: error rates, DET, open-set identification.
 * Pure: no files, no clock, no threads; chance comes from a seed, so that every figure can be printed again.
 *
 * Pictures of one person are not independent, so intervals come from drawing *people* with replacement, and a figure
 * that so few comparisons cannot show is NaN, never a guess. */
#ifndef TEBURA_EVALUATION_H
#define TEBURA_EVALUATION_H

#include <tebura/decision.h>

/* A view of comparisons: samples chosen out of a triangle of scores. Everything is borrowed.
 * Invariant: person[sample[i]] < people; scores holds every pair of rows; a NaN is a pair that was not compared. */
typedef struct tb_comparisons {
    size_t people;          /* numbers of people go from 0 to here, also where the view leaves some out */
    size_t samples;         /* of the view */
    const uint32_t *sample; /* row of each sample of the view */
    const uint32_t *person; /* of each row */
    const float *scores;    /* of rows a > b: scores[tb_pair(a, b)] */
} tb_comparisons;

/* Place of rows a != b in the triangle; rows * (rows - 1) / 2 places in all. */
static inline size_t tb_pair(size_t a, size_t b)
{
    return a > b ? a * (a - 1) / 2 + b : b * (b - 1) / 2 + a;
}

typedef struct tb_evaluation_options {
    uint64_t seed;
    int replicates; /* of the bootstrap; 0 = 1000, fewer are taken when there are very many comparisons */
} tb_evaluation_options;

/* A figure with its 95 % interval. NaN: cannot be said. */
typedef struct tb_estimate {
    double value, low, high;
} tb_estimate;

/* A share counted by person: hits[i] of trials[i]; NaN without trials. */
tb_status tb_share_measure(const uint32_t *hits, const uint32_t *trials, size_t people,
                           const tb_evaluation_options *options, tb_estimate *out) TB_MUST_CHECK;

/* ---- verification, 1:1 ---- */

/* Scores, ascending. */
typedef struct tb_scores {
    float *genuine, *impostor;
    size_t genuines, impostors;
} tb_scores;
tb_status tb_scores_collect(const tb_comparisons *comparisons, tb_scores *out) TB_MUST_CHECK; /* TB_NO_MEMORY */
void tb_scores_free(tb_scores *scores);
/* Share of impostor scores at or above, of genuine ones below the threshold; NaN without any. */
double tb_scores_fmr(const tb_scores *scores, float threshold);
double tb_scores_fnmr(const tb_scores *scores, float threshold);
/* The lowest threshold at which the false match rate is `fmr` or less. */
float tb_scores_threshold(const tb_scores *scores, double fmr);
/* Equal error rate as in FVC 2000: the errors on both sides of the crossing give a range, its middle is the value. */
typedef struct tb_eer {
    double value, low, high;
    float threshold;
} tb_eer;
tb_eer tb_scores_eer(const tb_scores *scores);

#define TB_DET_POINTS 49
#define TB_OPERATING_POINTS 4
#define TB_HISTOGRAM_BINS 100 /* similarity -1 to 1 */

typedef struct tb_operating_point {
    double fmr;
    float threshold;
    tb_estimate fnmr;
    /* Rule of 3: 0 when impostor * fmr < 3: too few comparisons, the rest is NaN. Rule of 30: fewer than 30 false
     * matches are expected: the figure is there but rough. */
    int is_enough, is_thirty;
} tb_operating_point;

typedef struct tb_verification {
    size_t samples, people, genuine, impostor, mated_people; /* mated: people with two samples or more */
    tb_eer crossing;
    tb_estimate eer;
    float lowest_genuine, highest_impostor;
    tb_operating_point at[TB_OPERATING_POINTS]; /* FMR 1e-2, 1e-3, 1e-4, 1e-5 */
    tb_operating_point det[TB_DET_POINTS];      /* FMR falling from 0.5, equal steps of its logarithm */
    uint32_t genuine_histogram[TB_HISTOGRAM_BINS], impostor_histogram[TB_HISTOGRAM_BINS];
    int replicates;
} tb_verification;

/* TB_INVALID_ARGUMENT when the view has no genuine or no impostor comparison; TB_NO_MEMORY. */
tb_status tb_verification_measure(const tb_comparisons *comparisons, const tb_evaluation_options *options,
                                  tb_verification *out) TB_MUST_CHECK;
/* Both error rates at one threshold. An interval without an error reaches up to the rule of 3 (over people, over pairs
 * of people). A rate without comparisons is NaN. */
tb_status tb_rates_measure(const tb_comparisons *comparisons, const tb_evaluation_options *options, float threshold,
                           tb_estimate *fmr, tb_estimate *fnmr) TB_MUST_CHECK;

/* ---- identification, 1:N, open set ---- */

/* One search. Invariant: rank is 0 when the person is not on the list, and `mate` is then -2. */
typedef struct tb_trial {
    uint32_t person, best_person;
    float best, second, mate; /* -2: there is none */
    int rank;                 /* of the person's own entry */
} tb_trial;

/* Lists are drawn again and again: `list` people with more than `pictures` pictures each, of which that many are
 * enrolled (the best counts); their other pictures are the mated searches, all pictures of other people the non-mated
 * ones. */
typedef struct tb_list_plan {
    size_t list;
    int pictures; /* 1..5 */
    int draws;
    int with_single; /* also enrols people without a picture left to search for: for false positives */
} tb_list_plan;

typedef struct tb_trials {
    tb_list_plan plan;
    size_t people; /* as in the comparisons they came from */
    tb_trial *mated, *non_mated;
    size_t mated_count, non_mated_count;
    size_t non_mated_samples; /* different pictures among them */
    uint64_t *above;          /* TB_TRIAL_BINS: candidates of non-mated searches by similarity, for the selectivity */
} tb_trials;
#define TB_TRIAL_BINS 2000
/* TB_INVALID_ARGUMENT: too few people for such a list (with somebody left over); TB_NO_MEMORY. */
tb_status tb_trials_draw(const tb_comparisons *comparisons, const tb_list_plan *plan, uint64_t seed,
                         tb_trials *out) TB_MUST_CHECK;
void tb_trials_free(tb_trials *trials);

#define TB_RANKS 5
#define TB_SEARCH_POINTS 4
#define TB_SEARCH_CURVE 25
typedef struct tb_search_point {
    double fpir;
    float threshold;
    tb_estimate fnir;   /* the person is not first, or is below the threshold */
    double selectivity; /* candidates at or above the threshold for each non-mated search */
    int is_enough;      /* rule of 3 over different pictures */
} tb_search_point;

typedef struct tb_identification {
    tb_list_plan plan;
    size_t mated, non_mated, non_mated_samples;
    tb_estimate rank_one;
    double cmc[TB_RANKS];
    tb_search_point at[TB_SEARCH_POINTS];   /* FPIR 0.1, 0.05, 0.01, 0.001 */
    tb_search_point curve[TB_SEARCH_CURVE]; /* FPIR falling from 1 to 1e-3 */
} tb_identification;
tb_status tb_identification_measure(const tb_trials *trials, const tb_evaluation_options *options,
                                    tb_identification *out) TB_MUST_CHECK;

/* What tb_decide answers in these trials. */
typedef struct tb_decisions {
    double fpir; /* stated */
    float threshold;
    tb_estimate false_positive;               /* non-mated searches with a candidate at or above the threshold: FPIR */
    tb_estimate admitted;                     /* those of them answered "this person"; the others are "not sure" */
    tb_estimate right, wrong, none, not_sure; /* of mated searches */
} tb_decisions;
tb_status tb_decisions_measure(const tb_trials *trials, const tb_calibration *calibration, double fpir,
                               const tb_evaluation_options *options, tb_decisions *out) TB_MUST_CHECK;

/* ---- calibration: what a manifest keeps with its model ---- */

/* Impostor scores above `start`, the share `fraction` of all, follow a generalised Pareto distribution:
 * FMR(s) = fraction * (1 + shape * (s - start) / scale)^(-1 / shape); shape -0.5..0, 0: exponential. */
typedef struct tb_tail {
    double fraction, start, shape, scale;
} tb_tail;

#define TB_QUANTILES 5
typedef struct tb_calibration_measurement {
    /* similarity at which the upper bound of FMR (one-sided 95 %) is the rate: what is used */
    tb_knot curve[TB_KNOTS_MAX];
    tb_knot measured[TB_KNOTS_MAX]; /* the same without the bound: what was found, or extrapolated */
    uint32_t knots;
    tb_tail tail;
    size_t people, mated_people, samples, genuine, impostor;
    float genuine_quantiles[TB_QUANTILES]; /* 0.1 %, 1 %, 5 %, 25 %, 50 %; NaN without genuine comparisons */
    int replicates;
    int is_enough; /* 300 people, all with two samples, 30,000 impostor comparisons: by the rule of 3, FMR 1e-4 */
} tb_calibration_measurement;
/* TB_INVALID_ARGUMENT: fewer than 6 people or 100 impostor comparisons; TB_NO_MEMORY. */
tb_status tb_calibration_measure(const tb_comparisons *comparisons, const tb_evaluation_options *options,
                                 tb_calibration_measurement *out) TB_MUST_CHECK;

/* Is the stated rate kept on people the calibration has never seen? The people are split in halves again and again: one
 * half calibrates, lists are drawn from the other and searched for the rest of it. */
typedef struct tb_held_out {
    tb_list_plan plan;
    double fpir; /* stated */
    int splits;
    size_t non_mated, non_mated_people;
    tb_estimate measured;                /* of the non-mated searches of all splits */
    double right, none, not_sure, wrong; /* of the mated searches */
    double lowest_threshold, highest_threshold;
    int is_kept; /* the stated rate is not below the interval of the measured one */
} tb_held_out;
/* TB_INVALID_ARGUMENT: too few people in half of them for this list. `calibration` gives the margin. */
tb_status tb_held_out_measure(const tb_comparisons *comparisons, const tb_list_plan *plan, double fpir, int splits,
                              const tb_calibration *calibration, const tb_evaluation_options *options,
                              tb_held_out *out) TB_MUST_CHECK;

#endif
