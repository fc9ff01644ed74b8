/* trials.c: searches of lists that are drawn by chance out of the people of a view. */
#include <tebura/evaluation.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation/view.h"

enum { NOBODY = -2, SEARCHES_MAX = 2000 /* of one kind in one draw */ };

/* One draw's list: entries of `pictures` samples each. */
struct list {
    const tb_comparisons *view;
    tb_list_plan plan;
    tb_crowd crowd;
    uint32_t *eligible, *order; /* people that may be enrolled; samples of the view in the order of searching */
    uint32_t *entry_of;         /* by person: entry + 1, 0: not on the list */
    uint32_t *entries, *samples, *filled; /* person of each entry, its samples, how many */
    uint8_t *is_enrolled, *is_searched;   /* by sample of the view */
    size_t eligible_count;
    tb_chance chance;
};

static void list_free(struct list *list)
{
    tb_crowd_free(&list->crowd);
    free(list->eligible);
    free(list->order);
    free(list->entry_of);
    free(list->entries);
    free(list->samples);
    free(list->filled);
    free(list->is_enrolled);
    free(list->is_searched);
}

static tb_status list_new(const tb_comparisons *view, const tb_list_plan *plan, uint64_t seed, struct list *list)
{
    size_t entries = plan->list, pictures = (size_t)plan->pictures;
    *list = (struct list){.view = view, .plan = *plan, .chance = {seed}};
    tb_status status = tb_crowd_gather(view, &list->crowd);
    list->eligible = calloc(view->people + 1, sizeof *list->eligible);
    list->order = calloc(view->samples + 1, sizeof *list->order);
    list->entry_of = calloc(view->people + 1, sizeof *list->entry_of);
    list->entries = calloc(entries + 1, sizeof *list->entries);
    list->samples = calloc(entries * pictures + 1, sizeof *list->samples);
    list->filled = calloc(entries + 1, sizeof *list->filled);
    list->is_enrolled = calloc(view->samples + 1, 1);
    list->is_searched = calloc(view->samples + 1, 1);
    if (status != TB_OK || !list->eligible || !list->order || !list->entry_of || !list->entries || !list->samples ||
        !list->filled || !list->is_enrolled || !list->is_searched) {
        list_free(list);
        return TB_NO_MEMORY;
    }
    for (size_t i = 0; i < list->crowd.count; i++)
        if (list->crowd.samples[list->crowd.who[i]] >= (uint32_t)plan->pictures + !plan->with_single)
            list->eligible[list->eligible_count++] = list->crowd.who[i];
    return TB_OK;
}

/* Draws the people of the list and the order of the pictures: of each person the first are enrolled. */
static void list_draw(struct list *list)
{
    size_t pictures = (size_t)list->plan.pictures;
    memset(list->entry_of, 0, list->view->people * sizeof *list->entry_of);
    memset(list->filled, 0, list->plan.list * sizeof *list->filled);
    memset(list->is_enrolled, 0, list->view->samples);
    tb_chance_shuffle(&list->chance, list->eligible, list->eligible_count);
    for (size_t i = 0; i < list->plan.list; i++) {
        list->entries[i] = list->eligible[i];
        list->entry_of[list->eligible[i]] = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < list->view->samples; i++)
        list->order[i] = (uint32_t)i;
    tb_chance_shuffle(&list->chance, list->order, list->view->samples);
    for (size_t i = 0; i < list->view->samples; i++) {
        uint32_t sample = list->order[i], entry = list->entry_of[tb_view_person(list->view, sample)];
        if (!entry || list->filled[entry - 1] == pictures)
            continue;
        list->samples[(entry - 1) * pictures + list->filled[entry - 1]++] = sample;
        list->is_enrolled[sample] = 1;
    }
}

/* The best score of an entry's pictures; NOBODY when none was compared. */
static float score_entry(const struct list *list, size_t entry, size_t probe)
{
    float best = NOBODY;
    for (size_t i = 0; i < (size_t)list->plan.pictures; i++)
        best = fmaxf(best, tb_view_score(list->view, probe, list->samples[entry * (size_t)list->plan.pictures + i]));
    return best;
}

static tb_trial search(const struct list *list, size_t probe, uint64_t *above)
{
    uint32_t person = tb_view_person(list->view, probe), own = list->entry_of[person];
    tb_trial trial = {.person = person, .best_person = person, .best = NOBODY, .second = NOBODY, .mate = NOBODY};
    if (own)
        trial.mate = score_entry(list, own - 1, probe);
    trial.rank = own != 0;
    for (size_t entry = 0; entry < list->plan.list; entry++) {
        float score = own == entry + 1 ? trial.mate : score_entry(list, entry, probe);
        if (own && own != entry + 1)
            trial.rank += score >= trial.mate;
        if (!own && score > NOBODY)
            above[tb_view_bin(score, TB_TRIAL_BINS)]++;
        if (score > trial.best) {
            trial.second = trial.best;
            trial.best = score;
            trial.best_person = list->entries[entry];
        } else if (score > trial.second) {
            trial.second = score;
        }
    }
    return trial;
}

/* One draw's searches, at most SEARCHES_MAX of each kind: the order is by chance, so the first are a fair choice. */
static tb_status run_draw(struct list *list, tb_trials *out, size_t *room_mated, size_t *room_non)
{
    size_t mated = 0, non = 0;
    list_draw(list);
    for (size_t i = 0; i < list->view->samples; i++) {
        uint32_t sample = list->order[i];
        int is_mated = list->entry_of[tb_view_person(list->view, sample)] != 0;
        size_t *done = is_mated ? &mated : &non, *count = is_mated ? &out->mated_count : &out->non_mated_count;
        size_t *room = is_mated ? room_mated : room_non;
        tb_trial **array = is_mated ? &out->mated : &out->non_mated;
        if (list->is_enrolled[sample] || *done == SEARCHES_MAX)
            continue;
        if (*count == *room) {
            size_t more = *room ? 2 * *room : 1024;
            tb_trial *grown = realloc(*array, more * sizeof *grown);
            if (!grown)
                return TB_NO_MEMORY;
            *array = grown;
            *room = more;
        }
        (*array)[(*count)++] = search(list, sample, out->above);
        ++*done;
        out->non_mated_samples += !is_mated && !list->is_searched[sample];
        list->is_searched[sample] |= !is_mated;
    }
    return TB_OK;
}

tb_status tb_trials_draw(const tb_comparisons *view, const tb_list_plan *plan, uint64_t seed, tb_trials *out)
{
    struct list list;
    size_t room_mated = 0, room_non = 0;
    *out = (tb_trials){.plan = *plan, .people = view->people};
    if (plan->list < 1 || plan->pictures < 1 || plan->pictures > 5 || plan->draws < 1)
        return TB_INVALID_ARGUMENT;
    tb_status status = list_new(view, plan, seed, &list);
    if (status != TB_OK)
        return status;
    if (list.eligible_count < plan->list || list.crowd.count <= plan->list)
        status = TB_INVALID_ARGUMENT;
    out->above = calloc(TB_TRIAL_BINS, sizeof *out->above);
    if (status == TB_OK && !out->above)
        status = TB_NO_MEMORY;
    for (int i = 0; i < plan->draws && status == TB_OK; i++)
        status = run_draw(&list, out, &room_mated, &room_non);
    list_free(&list);
    if (status != TB_OK)
        tb_trials_free(out);
    return status;
}

void tb_trials_free(tb_trials *trials)
{
    free(trials->mated);
    free(trials->non_mated);
    free(trials->above);
    trials->mated = trials->non_mated = NULL;
    trials->above = NULL;
    trials->mated_count = trials->non_mated_count = 0;
}
