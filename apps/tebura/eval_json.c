/* eval_json.c: the report as JSON. A figure that cannot be said is null. */
#include "eval.h"

#include <math.h>

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value == 0 ? 0 : value) : json_null();
}

static json_t *count(size_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *estimate(tb_estimate value)
{
    return json_pack("{s:o,s:o,s:o}", "value", number(value.value), "low", number(value.low), "high",
                     number(value.high));
}

static json_t *operating_point(const tb_operating_point *point)
{
    return json_pack("{s:o,s:o,s:o,s:b,s:b}", "fmr", number(point->fmr), "threshold", number(point->threshold), "fnmr",
                     estimate(point->fnmr), "enough_comparisons", point->is_enough, "rule_of_30", point->is_thirty);
}

static json_t *verification(const eval_set *set, const eval_measured *m)
{
    const tb_verification *v = &set->verification;
    json_t *at = json_array(), *det = json_array();
    for (int i = 0; i < TB_OPERATING_POINTS; i++)
        json_array_append_new(at, operating_point(&v->at[i]));
    for (int i = 0; i < TB_DET_POINTS; i++)
        if (v->det[i].is_enough)
            json_array_append_new(det, operating_point(&v->det[i]));
    return json_pack("{s:o,s:o,s:o,s:{s:o,s:o,s:o,s:o},s:o,s:o,s:{s:o,s:o,s:o},s:o,s:o,s:i}", "genuine",
                     count(v->genuine), "impostor", count(v->impostor), "people_with_two_pictures",
                     count(v->mated_people), "eer", "value", number(v->eer.value), "low", number(v->eer.low), "high",
                     number(v->eer.high), "threshold", number(v->crossing.threshold), "lowest_genuine",
                     number(v->lowest_genuine), "highest_impostor", number(v->highest_impostor), "in_use", "threshold",
                     number(m->calibration.verification), "fmr", estimate(set->fmr), "fnmr", estimate(set->fnmr),
                     "fnmr_at_fmr", at, "det", det, "replicates", v->replicates);
}

static json_t *search_points(const tb_search_point *points, int points_count)
{
    json_t *list = json_array();
    for (int i = 0; i < points_count; i++)
        json_array_append_new(list,
                              json_pack("{s:o,s:o,s:o,s:o,s:b}", "fpir", number(points[i].fpir), "threshold",
                                        number(points[i].threshold), "fnir", estimate(points[i].fnir), "selectivity",
                                        number(points[i].selectivity), "enough_searches", points[i].is_enough));
    return list;
}

static json_t *decisions(const tb_decisions *d)
{
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "stated_fpir", number(d->fpir), "threshold",
                     number(d->threshold), "fpir", estimate(d->false_positive), "admitted", estimate(d->admitted),
                     "right", estimate(d->right), "wrong", estimate(d->wrong), "nobody", estimate(d->none), "not_sure",
                     estimate(d->not_sure));
}

json_t *eval_held_json(const eval_held held[EVAL_RATES])
{
    json_t *list = json_array();
    for (int i = 0; i < EVAL_RATES; i++) {
        const tb_held_out *h = &held[i].result;
        if (held[i].is_possible)
            json_array_append_new(
                list, json_pack("{s:o,s:o,s:o,s:b,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:[o,o]}", "list", count(h->plan.list),
                                "stated_fpir", number(h->fpir), "measured", estimate(h->measured), "kept", h->is_kept,
                                "splits", h->splits, "non_mated_searches", count(h->non_mated), "people_searched_for",
                                count(h->non_mated_people), "right", number(h->right), "nobody", number(h->none),
                                "not_sure", number(h->not_sure), "wrong", number(h->wrong), "thresholds",
                                number(h->lowest_threshold), number(h->highest_threshold)));
    }
    return list;
}

static json_t *list_result(const eval_list *list)
{
    const tb_identification *n = &list->identification;
    json_t *cmc = json_array();
    if (!list->is_possible) {
        json_decref(cmc);
        return json_pack("{s:o,s:b}", "list", count(list->size), "possible", 0);
    }
    for (int i = 0; i < TB_RANKS; i++)
        json_array_append_new(cmc, number(n->cmc[i]));
    return json_pack("{s:o,s:o,s:b,s:i,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:o,s:o}}", "held_out",
                     eval_held_json(list->held), "list", count(list->size), "possible", 1, "enrolled_pictures",
                     n->plan.pictures, "draws", n->plan.draws, "mated_searches", count(n->mated), "non_mated_searches",
                     count(n->non_mated), "non_mated_pictures", count(n->non_mated_samples), "rank_one",
                     estimate(n->rank_one), "cmc", cmc, "fnir_at_fpir", search_points(n->at, TB_SEARCH_POINTS), "curve",
                     search_points(n->curve, TB_SEARCH_CURVE), "decisions", decisions(&list->decisions), "search_us",
                     "median", number(list->search_median), "p99", number(list->search_p99));
}

static json_t *worst(const eval_report *report, const eval_worst *list, int list_count)
{
    json_t *array = json_array();
    for (int i = 0; i < list_count; i++)
        json_array_append_new(array,
                              json_pack("{s:s,s:s,s:o}", "a",
                                        report->folder->pictures[report->measured->row_picture[list[i].a]].name, "b",
                                        report->folder->pictures[report->measured->row_picture[list[i].b]].name,
                                        "score", number(list[i].score)));
    return array;
}

static json_t *set_result(const eval_report *report, const eval_set *set)
{
    json_t *lists = json_array();
    for (int i = 0; i < set->list_count; i++)
        json_array_append_new(lists, list_result(&set->lists[i]));
    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "set", set->name, "people",
                     count(set->people), "pictures", count(set->pictures), "unreadable", count(set->unreadable),
                     "without_a_face", count(set->no_face), "without_a_template", count(set->no_template),
                     "several_faces", count(set->several), "below_quality", count(set->below_quality),
                     "failure_to_detect", estimate(set->ftd), "failure_to_acquire", estimate(set->fta), "verification",
                     set->has_verification ? verification(set, report->measured) : json_null(), "identification", lists,
                     "lowest_genuine_pairs", worst(report, set->genuine, set->genuine_count), "highest_impostor_pairs",
                     worst(report, set->impostor, set->impostor_count));
}

static json_t *attribute_result(const eval_attribute *attribute)
{
    json_t *groups = json_array();
    for (int i = 0; i < attribute->group_count; i++) {
        const eval_group *group = &attribute->groups[i];
        json_array_append_new(groups, json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "group", group->name, "people",
                                                count(group->people), "pictures", count(group->pictures), "genuine",
                                                count(group->genuine), "impostor", count(group->impostor),
                                                "failure_to_detect", estimate(group->ftd), "fmr", estimate(group->fmr),
                                                "fnmr", estimate(group->fnmr)));
    }
    return json_pack("{s:s,s:o,s:o,s:{s:o,s:o,s:o}}", "attribute", attribute->name, "groups", groups,
                     "people_not_stated", count(attribute->unstated), "highest_over_lowest", "fmr",
                     number(attribute->worst_fmr), "fnmr", number(attribute->worst_fnmr), "failure_to_detect",
                     number(attribute->worst_ftd));
}

/* Pictures that gave no template, with the reason. */
static json_t *lost_pictures(const eval_folder *folder)
{
    json_t *list = json_array();
    for (size_t i = 0; i < folder->picture_count; i++) {
        const eval_picture *picture = &folder->pictures[i];
        if (picture->outcome == EVAL_TEMPLATE)
            continue;
        json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "picture", picture->name, "status",
                                              tb_status_name(picture->why.status), "reason", picture->why.text));
    }
    return list;
}

json_t *eval_to_json(const eval_report *report)
{
    const eval_measured *m = report->measured;
    json_t *sets = json_array(), *attributes = json_array();
    char *root = eval_showable(report->folder->root);
    for (size_t i = 0; i < report->set_count; i++)
        json_array_append_new(sets, set_result(report, &report->sets[i]));
    for (int i = 0; i < report->attribute_count; i++)
        json_array_append_new(attributes, attribute_result(&report->attributes[i]));
    json_t *object =
        json_pack("{s:s*,s:I,s:I,s:b,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:o,s:o,s:o,s:o,s:o}}", "folder", root, "model",
                  (json_int_t)m->model, "seed", (json_int_t)report->options->statistics.seed, "provisional",
                  m->is_provisional, "threads", m->threads, "seconds", number(m->seconds), "left_aside",
                  count(report->folder->aside), "lost_pictures", lost_pictures(report->folder), "sets", sets, "groups",
                  attributes, "table_rows_of_nobody", count(report->strangers), "times_us",
                  "picture_to_template_median", number((double)report->median), "picture_to_template_p99",
                  number((double)report->p99), "of_it_reading_and_decoding_median", number((double)report->decoding),
                  "comparison_median", number(m->compare_median), "comparison_p99", number(m->compare_p99));
    free(root);
    return object;
}
