/* decisions.c: what the open-set decision answers in trials, at a stated false-positive identification rate. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation/view.h"

enum outcome { FALSE_POSITIVE, ADMITTED, RIGHT, WRONG, NONE, NOT_SURE, OUTCOMES, REPLICATES = 1000 };

/* By person searched for: how many searches, and how they ended. For false positives the pair counts, so that a person
 * whom many are taken for weighs in too. */
struct tally {
    uint32_t non_mated, mated, found, counts[OUTCOMES];
};

struct alarm {
    uint32_t person, other;
    int is_admitted;
};

struct ledger {
    struct tally *people;
    struct alarm *alarms;
    size_t alarm_count;
    uint32_t *weights;
    tb_crowd crowd;   /* searched for or found; `mated`: searched for and on the list */
    size_t strangers; /* searched for and not on the list */
};

static tb_identity decide(const tb_trial *trial, const tb_calibration *calibration, size_t rows, double fpir)
{
    tb_candidate two[2] = {{.score = trial->best}, {.score = trial->second}};
    return tb_decide(calibration, rows, fpir, two, trial->best <= -2 ? 0 : trial->second <= -2 ? 1 : 2);
}

static void enter(const tb_trials *trials, const tb_calibration *calibration, double fpir, struct ledger *ledger)
{
    size_t rows = trials->plan.list * (size_t)trials->plan.pictures;
    for (size_t i = 0; i < trials->non_mated_count; i++) {
        const tb_trial *trial = &trials->non_mated[i];
        tb_identity answer = decide(trial, calibration, rows, fpir);
        struct tally *tally = &ledger->people[trial->person];
        tally->non_mated++;
        if (answer == TB_NOBODY)
            continue;
        tally->counts[FALSE_POSITIVE]++;
        tally->counts[ADMITTED] += answer == TB_THIS_PERSON;
        ledger->alarms[ledger->alarm_count++] =
            (struct alarm){trial->person, trial->best_person, answer == TB_THIS_PERSON};
    }
    for (size_t i = 0; i < trials->mated_count; i++) {
        const tb_trial *trial = &trials->mated[i];
        tb_identity answer = decide(trial, calibration, rows, fpir);
        struct tally *tally = &ledger->people[trial->person];
        tally->mated++;
        tally->counts[answer == TB_NOBODY                   ? NONE
                      : answer == TB_NOT_SURE               ? NOT_SURE
                      : trial->best_person == trial->person ? RIGHT
                                                            : WRONG]++;
    }
    for (size_t i = 0; i < ledger->alarm_count; i++)
        ledger->people[ledger->alarms[i].other].found = 1;
    for (size_t i = 0; i < trials->people; i++) {
        const struct tally *tally = &ledger->people[i];
        if (tally->mated || tally->non_mated || tally->found)
            ledger->crowd.who[ledger->crowd.count++] = (uint32_t)i;
        ledger->crowd.mated += tally->mated > 0;
        ledger->strangers += tally->non_mated > 0;
    }
}

/* Shares with the given weights; all 1 when NULL. */
static void share(const struct ledger *ledger, const uint32_t *weights, double shares[OUTCOMES])
{
    double mated = 0, non = 0, sums[OUTCOMES] = {0};
    for (size_t i = 0; i < ledger->crowd.count; i++) {
        const struct tally *tally = &ledger->people[ledger->crowd.who[i]];
        double weight = weights ? weights[ledger->crowd.who[i]] : 1;
        mated += weight * tally->mated;
        non += weight * tally->non_mated;
        for (int k = RIGHT; k < OUTCOMES; k++)
            sums[k] += weight * tally->counts[k];
    }
    for (size_t i = 0; i < ledger->alarm_count; i++) {
        const struct alarm *alarm = &ledger->alarms[i];
        double weight = weights ? (double)weights[alarm->person] * weights[alarm->other] : 1;
        sums[FALSE_POSITIVE] += weight;
        sums[ADMITTED] += alarm->is_admitted ? weight : 0;
    }
    for (int k = 0; k < OUTCOMES; k++) {
        double of = k >= RIGHT ? mated : non;
        shares[k] = of > 0 ? fmin(sums[k] / of, 1) : NAN;
    }
}

static tb_status bootstrap(const tb_trials *trials, struct ledger *ledger, const tb_evaluation_options *options,
                           tb_estimate out[OUTCOMES])
{
    size_t count = options->replicates > 0 ? (size_t)options->replicates : REPLICATES;
    double found[OUTCOMES], again[OUTCOMES], *values = malloc(count * OUTCOMES * sizeof *values);
    tb_chance chance = {options->seed ^ 0xdec1de};
    if (!values)
        return TB_NO_MEMORY;
    share(ledger, NULL, found);
    for (size_t r = 0; r < count; r++) {
        tb_crowd_resample(&ledger->crowd, trials->people, &chance, ledger->weights);
        share(ledger, ledger->weights, again);
        for (size_t k = 0; k < OUTCOMES; k++)
            values[k * count + r] = again[k];
    }
    for (size_t k = 0; k < OUTCOMES; k++) {
        size_t people = k >= RIGHT ? ledger->crowd.mated : ledger->strangers;
        out[k] = tb_estimate_widen(tb_estimate_of(found[k], values + k * count, count, people), (double)people);
    }
    free(values);
    return TB_OK;
}

tb_status tb_decisions_measure(const tb_trials *trials, const tb_calibration *calibration, double fpir,
                               const tb_evaluation_options *options, tb_decisions *out)
{
    struct ledger ledger = {.people = calloc(trials->people + 1, sizeof *ledger.people),
                            .alarms = calloc(trials->non_mated_count + 1, sizeof *ledger.alarms),
                            .weights = calloc(trials->people + 1, sizeof *ledger.weights),
                            .crowd.who = calloc(trials->people + 1, sizeof *ledger.crowd.who)};
    tb_estimate found[OUTCOMES];
    tb_status status = TB_NO_MEMORY;
    if (ledger.people && ledger.alarms && ledger.weights && ledger.crowd.who) {
        enter(trials, calibration, fpir, &ledger);
        status = bootstrap(trials, &ledger, options, found);
    }
    if (status == TB_OK)
        *out = (tb_decisions){
            .fpir = fpir,
            .threshold = tb_decision_threshold(calibration, trials->plan.list * (size_t)trials->plan.pictures, fpir),
            .false_positive = found[FALSE_POSITIVE],
            .admitted = found[ADMITTED],
            .right = found[RIGHT],
            .wrong = found[WRONG],
            .none = found[NONE],
            .not_sure = found[NOT_SURE]};
    free(ledger.people);
    free(ledger.alarms);
    free(ledger.weights);
    tb_crowd_free(&ledger.crowd);
    return status;
}
