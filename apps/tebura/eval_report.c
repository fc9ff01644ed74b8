/* eval_report.c: from templates and scores to the figures of each set and of all together. */
#include "eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/gallery.h>

#include "eval_table.h"

enum { SEARCHES = 400 };

struct view {
    tb_comparisons comparisons;
    uint32_t *sample;
};

/* Rows of one set, or of all (set < 0). */
static tb_status view_make(const eval_folder *folder, const eval_measured *m, long set, struct view *out)
{
    *out = (struct view){.sample = calloc(m->rows + 1, sizeof *out->sample)};
    if (!out->sample)
        return TB_NO_MEMORY;
    out->comparisons = (tb_comparisons){
        .people = folder->person_count, .sample = out->sample, .person = m->row_person, .scores = m->scores};
    for (size_t row = 0; row < m->rows; row++)
        if (set < 0 || folder->people[m->row_person[row]].set == (uint32_t)set)
            out->sample[out->comparisons.samples++] = (uint32_t)row;
    return TB_OK;
}

/* ---- what became of the pictures ---- */

static tb_status count_pictures(const eval_options *options, const eval_folder *folder, long set, eval_set *out)
{
    size_t people = folder->person_count;
    uint32_t *counts = calloc(4 * people + 1, sizeof *counts);
    uint32_t *undetected = counts, *readable = counts + people, *missed = counts + 2 * people,
             *all = counts + 3 * people;
    if (!counts)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < folder->picture_count; i++) {
        const eval_picture *picture = &folder->pictures[i];
        uint32_t person = picture->person;
        if (set >= 0 && folder->people[person].set != (uint32_t)set)
            continue;
        int is_low = picture->outcome == EVAL_TEMPLATE && picture->advice != TB_OK;
        out->pictures++;
        out->unreadable += picture->outcome == EVAL_UNREADABLE;
        out->no_face += picture->outcome == EVAL_NO_FACE;
        out->no_template += picture->outcome == EVAL_NO_TEMPLATE;
        out->several += picture->faces > 1;
        out->below_quality += (size_t)is_low;
        readable[person] += picture->outcome != EVAL_UNREADABLE;
        undetected[person] += picture->outcome == EVAL_NO_FACE;
        missed[person] += picture->outcome != EVAL_TEMPLATE || is_low;
        out->people += all[person]++ == 0;
    }
    tb_status status = tb_share_measure(undetected, readable, people, &options->statistics, &out->ftd);
    if (status == TB_OK)
        status = tb_share_measure(missed, all, people, &options->statistics, &out->fta);
    free(counts);
    return status;
}

/* ---- the pictures behind the worst scores: these are where a picture lies in the wrong folder ---- */

static void keep_worst(eval_worst *list, int *count, eval_worst found, int sign)
{
    int at = *count;
    if (at == EVAL_WORST && sign * found.score <= sign * list[at - 1].score)
        return;
    if (at == EVAL_WORST)
        at--;
    for (; at > 0 && sign * found.score > sign * list[at - 1].score; at--)
        list[at] = list[at - 1];
    list[at] = found;
    *count += *count < EVAL_WORST;
}

static void find_worst(const tb_comparisons *c, eval_set *out)
{
    for (size_t i = 1; i < c->samples; i++)
        for (size_t j = 0; j < i; j++) {
            uint32_t a = c->sample[i], b = c->sample[j];
            eval_worst found = {a, b, c->scores[tb_pair(a, b)]};
            if (isnan(found.score))
                continue;
            if (c->person[a] == c->person[b])
                keep_worst(out->genuine, &out->genuine_count, found, -1);
            else
                keep_worst(out->impostor, &out->impostor_count, found, 1);
        }
}

/* ---- 1:N ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static tb_id id_of(uint32_t row)
{
    tb_id id = {{(uint8_t)row, (uint8_t)(row >> 8), (uint8_t)(row >> 16), (uint8_t)(row >> 24), 1}};
    return id;
}

/* A search with the gallery that terminals use, of `size` rows. */
static tb_status time_searches(const eval_measured *m, const tb_comparisons *c, eval_list *list)
{
    double times[SEARCHES];
    tb_gallery *gallery = NULL;
    tb_status status = tb_gallery_new(m->model, m->templates[0].dimension, &gallery);
    for (size_t i = 0; i < list->size && i < c->samples && status == TB_OK; i++) {
        uint32_t row = c->sample[i * c->samples / list->size % c->samples];
        status = tb_gallery_put(gallery, id_of(row), &m->templates[row], 1);
    }
    for (size_t i = 0; i < SEARCHES && status == TB_OK; i++) {
        tb_candidate found[2];
        int count;
        int64_t since = tb_clock_monotonic();
        for (int k = 0; k < 10 && status == TB_OK; k++)
            status = tb_gallery_search(gallery, &m->templates[c->sample[(i * 10 + (size_t)k) % c->samples]], 2, NULL,
                                       NULL, found, &count);
        times[i] = (double)(tb_clock_monotonic() - since) / 10;
    }
    qsort(times, SEARCHES, sizeof *times, ascending);
    list->search_median = times[SEARCHES / 2];
    list->search_p99 = times[SEARCHES * 99 / 100];
    tb_gallery_free(&gallery);
    return status;
}

static tb_status measure_list(const eval_options *options, const eval_measured *m, const tb_comparisons *c,
                              eval_list *list)
{
    tb_list_plan plan = {.list = list->size, .pictures = options->pictures, .draws = options->draws};
    tb_trials trials;
    tb_status status = tb_trials_draw(c, &plan, options->statistics.seed + list->size, &trials);
    if (status == TB_INVALID_ARGUMENT)
        return TB_OK; /* too few people: said so */
    if (status != TB_OK)
        return status;
    list->is_possible = 1;
    status = tb_identification_measure(&trials, &options->statistics, &list->identification);
    if (status == TB_OK)
        status = tb_decisions_measure(&trials, &m->calibration, options->fpir, &options->statistics, &list->decisions);
    tb_trials_free(&trials);
    return status == TB_OK ? time_searches(m, c, list) : status;
}

tb_status eval_hold_out(const eval_options *options, const tb_comparisons *comparisons,
                        const tb_calibration *calibration, size_t list, eval_held out[EVAL_RATES])
{
    static const double rates[EVAL_RATES] = {0.1, 0.05, 0.01};
    enum { DRAWS = 10 }; /* from each split */
    tb_list_plan plan = {.list = list, .pictures = options->pictures, .draws = DRAWS, .with_single = 1};
    for (int i = 0; i < EVAL_RATES; i++) {
        tb_status status = tb_held_out_measure(comparisons, &plan, rates[i], options->splits, calibration,
                                               &options->statistics, &out[i].result);
        if (status != TB_OK && status != TB_INVALID_ARGUMENT)
            return status;
        out[i].is_possible = status == TB_OK;
    }
    return TB_OK;
}

/* ---- one set ---- */

static tb_status measure_set(const eval_options *options, const eval_folder *folder, const eval_measured *m, long set,
                             eval_set *out)
{
    struct view view;
    *out = (eval_set){.name = set >= 0 ? folder->sets[set] : "all together", .list_count = options->list_count};
    tb_status status = count_pictures(options, folder, set, out);
    if (status != TB_OK)
        return status;
    status = view_make(folder, m, set, &view);
    if (status != TB_OK)
        return status;
    out->rows = view.comparisons.samples;
    status = tb_verification_measure(&view.comparisons, &options->statistics, &out->verification);
    out->has_verification = status == TB_OK;
    if (status == TB_INVALID_ARGUMENT)
        status = TB_OK; /* one person, or one picture of each: said so */
    if (status == TB_OK && out->has_verification)
        status = tb_rates_measure(&view.comparisons, &options->statistics, m->calibration.verification, &out->fmr,
                                  &out->fnmr);
    find_worst(&view.comparisons, out);
    for (int i = 0; i < out->list_count && status == TB_OK; i++) {
        out->lists[i].size = options->lists[i];
        status = measure_list(options, m, &view.comparisons, &out->lists[i]);
        if (status == TB_OK && options->held_out)
            status = eval_hold_out(options, &view.comparisons, &m->calibration, options->lists[i], out->lists[i].held);
    }
    free(view.sample);
    return status;
}

/* ---- times ---- */

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static tb_status summarise_times(const eval_folder *folder, eval_report *out)
{
    int64_t *times = malloc((folder->picture_count + 1) * sizeof *times);
    size_t count = 0;
    if (!times)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < folder->picture_count; i++)
        if (folder->pictures[i].outcome == EVAL_TEMPLATE)
            times[count++] = folder->pictures[i].total;
    qsort(times, count, sizeof *times, by_time);
    out->median = count ? times[count / 2] : 0;
    out->p99 = count ? times[count * 99 / 100] : 0;
    for (size_t i = count = 0; i < folder->picture_count; i++)
        if (folder->pictures[i].outcome == EVAL_TEMPLATE)
            times[count++] = folder->pictures[i].decoding;
    qsort(times, count, sizeof *times, by_time);
    out->decoding = count ? times[count / 2] : 0;
    free(times);
    return TB_OK;
}

tb_status eval_report_make(const eval_options *options, const eval_folder *folder, const eval_measured *measured,
                           eval_report *out, tb_error *why)
{
    size_t sets = folder->set_count;
    int64_t since = tb_clock_monotonic();
    *out = (eval_report){.options = options,
                         .folder = folder,
                         .measured = measured,
                         .set_count = sets > 1 ? sets + 1 : sets,
                         .sets = calloc(sets + 1, sizeof *out->sets)};
    tb_status status = out->sets ? summarise_times(folder, out) : TB_NO_MEMORY;
    for (size_t i = 0; i < out->set_count && status == TB_OK; i++) {
        eval_progress("figures", i, out->set_count, since);
        status = measure_set(options, folder, measured, i < sets ? (long)i : -1, &out->sets[i]);
    }
    if (status == TB_OK)
        eval_progress("figures", out->set_count, out->set_count, since);
    if (status == TB_OK && options->table)
        status = eval_table_measure(out, why);
    if (status != TB_OK) {
        if (!why->text[0])
            (void)tb_fail(why, status, "%s", tb_status_sentence(status));
        eval_report_free(out);
    }
    return status;
}

void eval_report_free(eval_report *report)
{
    eval_table_free(report);
    free(report->sets);
    *report = (eval_report){0};
}
