/* eval_text.c: the report as text. */
#include "eval.h"

#include <math.h>
#include <stdio.h>

enum { LOST_SHOWN = 20, WORST_SHOWN = 3, RATE_SIZE = 48 };

/* "1.20 % (0.80 to 1.90)". */
static const char *rate(tb_estimate value, char out[RATE_SIZE])
{
    if (isnan(value.value))
        snprintf(out, RATE_SIZE, "not to be said");
    else if (isnan(value.low) || isnan(value.high))
        snprintf(out, RATE_SIZE, "%.2f %%", 100 * value.value);
    else
        snprintf(out, RATE_SIZE, "%.2f %% (%.2f to %.2f)", 100 * value.value, 100 * value.low, 100 * value.high);
    return out;
}

static void print_pictures(const eval_set *set)
{
    char text[RATE_SIZE];
    printf("  pictures %zu of %zu people; unreadable %zu, without a face %zu, without a template %zu\n", set->pictures,
           set->people, set->unreadable, set->no_face, set->no_template);
    if (set->several)
        printf("  pictures with several faces %zu: the largest was taken\n", set->several);
    printf("  failure to detect  %s\n", rate(set->ftd, text));
    printf("  failure to acquire %s: with those on which a terminal would ask to try again, %zu (they count below)\n",
           rate(set->fta, text), set->below_quality);
}

static void print_verification(const eval_set *set, const eval_measured *m)
{
    char text[RATE_SIZE];
    const tb_verification *v = &set->verification;
    printf("  1:1  %zu genuine comparisons of %zu people, %zu impostor comparisons\n", v->genuine, v->mated_people,
           v->impostor);
    printf("       lowest genuine %.3f, highest impostor %.3f\n", v->lowest_genuine, v->highest_impostor);
    printf("       EER %s at %.3f\n", rate(v->eer, text), v->crossing.threshold);
    for (int i = 0; i < TB_OPERATING_POINTS; i++) {
        const tb_operating_point *at = &v->at[i];
        if (!at->is_enough)
            printf("       FNMR at FMR %.0e: too few comparisons (rule of 3 asks for %.0f)\n", at->fmr, 3 / at->fmr);
        else
            printf("       FNMR at FMR %.0e: %s at %.3f%s\n", at->fmr, rate(at->fnmr, text), at->threshold,
                   at->is_thirty ? "" : "; rough: fewer than 30 false matches");
    }
    printf("       at the manifest's %.3f: FMR %s", m->calibration.verification, rate(set->fmr, text));
    printf(", FNMR %s\n", rate(set->fnmr, text));
}

static void print_list(const eval_list *list, const eval_set *set)
{
    char text[RATE_SIZE];
    const tb_identification *n = &list->identification;
    if (!list->is_possible) {
        printf("  1:N  list of %zu: too few people (%zu) with pictures enough\n", list->size, set->people);
        return;
    }
    printf("  1:N  list of %zu, %d of each enrolled, %d draws: %zu mated and %zu non-mated searches (%zu pictures)\n",
           list->size, n->plan.pictures, n->plan.draws, n->mated, n->non_mated, n->non_mated_samples);
    printf("       first is the right one: %s\n", rate(n->rank_one, text));
    for (int i = 0; i < TB_SEARCH_POINTS; i++)
        if (n->at[i].is_enough)
            printf("       FNIR at FPIR %g: %s at %.3f, selectivity %.4f\n", n->at[i].fpir, rate(n->at[i].fnir, text),
                   n->at[i].threshold, n->at[i].selectivity);
        else
            printf("       FNIR at FPIR %g: too few pictures (rule of 3 asks for %.0f)\n", n->at[i].fpir,
                   3 / n->at[i].fpir);
    const tb_decisions *d = &list->decisions;
    printf("       decided at FPIR %g (threshold %.3f): false positives %s\n", d->fpir, d->threshold,
           rate(d->false_positive, text));
    printf("         of those on the list: right %.2f %%, wrong %.2f %%, nobody %.2f %%, not sure %.2f %%\n",
           100 * d->right.value, 100 * d->wrong.value, 100 * d->none.value, 100 * d->not_sure.value);
}

void eval_print_held(FILE *to, const eval_held held[EVAL_RATES], size_t list)
{
    char text[RATE_SIZE];
    for (int i = 0; i < EVAL_RATES; i++) {
        const tb_held_out *h = &held[i].result;
        if (!held[i].is_possible)
            continue;
        fprintf(to, "  held out, list of %zu, stated FPIR %g: measured %s: %s; threshold %.3f to %.3f\n", list, h->fpir,
                rate(h->measured, text), h->is_kept ? "kept" : "NOT KEPT", h->lowest_threshold, h->highest_threshold);
        fprintf(to,
                "         %d splits, %zu searches for %zu people; on the list: right %.2f %%, nobody %.2f %%, not sure "
                "%.2f %%, wrong %.2f %%\n",
                h->splits, h->non_mated, h->non_mated_people, 100 * h->right, 100 * h->none, 100 * h->not_sure,
                100 * h->wrong);
    }
    if (!held[0].is_possible)
        fprintf(to, "  held out, list of %zu: too few people in half of them\n", list);
}

static void print_worst(const eval_report *report, const char *what, const eval_worst *list, int count)
{
    for (int i = 0; i < count && i < WORST_SHOWN; i++)
        printf("  %s %.3f  %s  %s\n", what, list[i].score,
               report->folder->pictures[report->measured->row_picture[list[i].a]].name,
               report->folder->pictures[report->measured->row_picture[list[i].b]].name);
}

static void print_set(const eval_report *report, const eval_set *set)
{
    printf("\n%s\n", set->name[0] ? set->name : "pictures");
    print_pictures(set);
    if (set->has_verification)
        print_verification(set, report->measured);
    else
        printf("  1:1  nothing to compare: two people and two pictures of one of them are needed\n");
    for (int i = 0; i < set->list_count; i++)
        print_list(&set->lists[i], set);
    for (int i = 0; i < set->list_count && report->options->held_out; i++)
        eval_print_held(stdout, set->lists[i].held, set->lists[i].size);
    print_worst(report, "least alike, one person: ", set->genuine, set->genuine_count);
    print_worst(report, "most alike, two people:  ", set->impostor, set->impostor_count);
}

static void print_lost(const eval_folder *folder)
{
    size_t lost = 0;
    for (size_t i = 0; i < folder->picture_count; i++) {
        const eval_picture *picture = &folder->pictures[i];
        if (picture->outcome == EVAL_TEMPLATE)
            continue;
        if (lost++ < LOST_SHOWN)
            printf("%s: %s (%s)\n", picture->name, picture->why.text, tb_status_name(picture->why.status));
    }
    if (lost > LOST_SHOWN)
        printf("and %zu more pictures without a template; --json names them all\n", lost - LOST_SHOWN);
    if (folder->aside)
        printf("left aside, as no pictures of anybody: %zu files and links\n", folder->aside);
}

static void print_ratio(const char *what, double ratio)
{
    if (isnan(ratio))
        printf("  %s: highest over lowest cannot be said (a group without an error or without comparisons)\n", what);
    else
        printf("  %s: highest over lowest %.2f\n", what, ratio);
}

static void print_attribute(const eval_report *report, const eval_attribute *attribute)
{
    char ftd[RATE_SIZE], fmr[RATE_SIZE], fnmr[RATE_SIZE];
    printf("\nby %s, at threshold %.3f\n", attribute->name, report->measured->calibration.verification);
    for (int i = 0; i < attribute->group_count; i++) {
        const eval_group *group = &attribute->groups[i];
        printf("  %-16s %zu people, %zu pictures: failure to detect %s, FMR %s, FNMR %s\n", group->name, group->people,
               group->pictures, rate(group->ftd, ftd), rate(group->fmr, fmr), rate(group->fnmr, fnmr));
    }
    print_ratio("FMR", attribute->worst_fmr);
    print_ratio("FNMR", attribute->worst_fnmr);
    if (attribute->unstated)
        printf("  the table says nothing of %zu people\n", attribute->unstated);
}

void eval_print_text(const eval_report *report)
{
    const eval_measured *m = report->measured;
    print_lost(report->folder);
    for (size_t i = 0; i < report->set_count; i++)
        print_set(report, &report->sets[i]);
    for (int i = 0; i < report->attribute_count; i++)
        print_attribute(report, &report->attributes[i]);
    if (report->strangers)
        printf("\n%zu lines of the table name nobody who has a folder here\n", report->strangers);
    printf("\ntimes (%d threads at once): picture to template median %.1f ms, p99 %.1f ms, of it reading and decoding "
           "%.1f ms;\n  a comparison %.2f us (p99 %.2f)",
           m->threads, (double)report->median / 1000, (double)report->p99 / 1000, (double)report->decoding / 1000,
           m->compare_median, m->compare_p99);
    const eval_set *last = &report->sets[report->set_count - 1];
    for (int i = 0; i < last->list_count; i++)
        if (last->lists[i].is_possible)
            printf("; a search among %zu %.1f us (p99 %.1f)", last->lists[i].size, last->lists[i].search_median,
                   last->lists[i].search_p99);
    printf("\nIntervals are 95 %%, from people drawn with replacement (seed %llu); %zu pictures in %.1f s.\n",
           (unsigned long long)report->options->statistics.seed, report->folder->picture_count, m->seconds);
}
