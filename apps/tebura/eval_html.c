/* eval_html.c: the report as one HTML file: no script, no network, nothing but itself; light and dark; printable. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>

#include "eval_page.h"

enum { LOST_SHOWN = 500 };

static const char *const style[] = {
    ":root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1c2127;--soft:#5c6670;--line:#dfe3e6;",
    "--s0:#0b6e99;--s1:#c2410c;--s2:#4d7c0f;--s3:#7e22ce;--s4:#be185d;--s5:#0f766e;--s6:#a16207;--s7:#475569}",
    "@media(prefers-color-scheme:dark){:root{--page:#14171a;--card:#1c2024;--ink:#e8eaec;--soft:#9aa5af;--line:#333a41;",
    "--s0:#5ec2ee;--s1:#fb923c;--s2:#a3d65c;--s3:#c79bff;--s4:#f58cc0;--s5:#5fd4c6;--s6:#e5c05b;--s7:#a9b6c6}}",
    "*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}",
    "main{max-width:1060px;margin:0 auto;padding:36px 24px 64px}h1{font-size:28px;margin:0 0 4px;letter-spacing:-.01em}",
    "h2{font-size:21px;margin:44px 0 10px;padding-top:14px;border-top:2px solid var(--line)}h3{font-size:15px;margin:24px 0 6px}",
    "p{margin:6px 0}.soft,small{color:var(--soft)}.note{border-left:3px solid var(--s1);padding:6px 14px;background:var(--card)}",
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;background:var(--card);font-size:14px}",
    "th,td{padding:6px 10px;border:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}",
    "th{font-weight:600;color:var(--soft)}th:first-child,td:first-child,.names td{text-align:left}",
    ".names td{word-break:break-all}td small{display:block;white-space:nowrap}",
    ".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:16px;margin:14px 0}",
    "figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px}",
    "figcaption{font-weight:600;font-size:14px;margin-bottom:4px}svg{width:100%;height:auto;display:block}",
    ".grid{stroke:var(--line);fill:none}.tick,.axis{fill:var(--soft);font-size:11px;text-anchor:middle}.end{text-anchor:end}",
    ".axis{font-size:12px}.line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}.band{fill:var(--c);opacity:.16}",
    ".bars{fill:var(--c);opacity:.55}.mark{stroke:var(--ink);stroke-dasharray:4 3;fill:none}",
    ".key{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--soft);margin:4px 0 0}",
    ".key i{display:inline-block;width:14px;height:4px;border-radius:2px;background:var(--c);margin:0 6px 3px 0}",
    ".s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.s5{--c:var(--s5)}",
    ".s6{--c:var(--s6)}.s7{--c:var(--s7)}.bad{color:var(--s1);font-weight:600}",
    "@media print{body{background:#fff}main{max-width:none;padding:0}figure,table,tr{break-inside:avoid}h2,h3{break-after:avoid}}"};

/* "0.33 %" with its interval below; a dash when it cannot be said. */
static void put_rate(eval_page *page, tb_estimate rate)
{
    if (isnan(rate.value))
        eval_put(page, "<td title=\"too few to say\">&ndash;</td>");
    else if (isnan(rate.low))
        eval_put(page, "<td>%.2f %%</td>", 100 * rate.value);
    else
        eval_put(page, "<td>%.2f %%<small>%.2f to %.2f</small></td>", 100 * rate.value, 100 * rate.low,
                 100 * rate.high);
}

static const char *name_of(const eval_set *set)
{
    return set->name[0] ? set->name : "pictures";
}

static void put_head(eval_page *page, const eval_report *report)
{
    char now[TB_TIME_TEXT_SIZE], *root = eval_showable(report->folder->root);
    eval_put(page,
             "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Tebura: evaluation</title>"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
             "<meta name=\"viewport\" content=\"width=device-width\"><style>");
    for (size_t i = 0; i < sizeof style / sizeof *style; i++)
        eval_put(page, "%s", style[i]);
    eval_put(page, "</style></head><body><main><h1>How well are people told apart?</h1><p class=\"soft\">");
    eval_put_text(page, root ? root : "");
    eval_put(page, " &middot; %zu pictures of %zu people &middot; model %u &middot; %s</p>",
             report->folder->picture_count, report->folder->person_count, report->measured->model,
             tb_time_text(tb_clock_now(), now));
    if (report->measured->is_provisional)
        eval_put(page,
                 "<p class=\"note\">The calibration in the manifest is provisional: measured on too few people to "
                 "rely on. <b>tebura calibrate</b> measures it anew.</p>");
    free(root);
}

static void put_summary(eval_page *page, const eval_report *report)
{
    eval_put(page,
             "<h2>Summary</h2><div class=\"scroll\"><table><tr><th>set</th><th>people</th><th>pictures</th>"
             "<th>unreadable</th><th>failure to detect</th><th>failure to acquire</th><th>EER</th>"
             "<th>FNMR at FMR 0.1 %%</th><th>FMR at %.2f</th><th>FNMR at %.2f</th></tr>",
             report->measured->calibration.verification, report->measured->calibration.verification);
    for (size_t i = 0; i < report->set_count; i++) {
        const eval_set *set = &report->sets[i];
        const tb_estimate unknown = {NAN, NAN, NAN};
        eval_put(page, "<tr><td>");
        eval_put_text(page, name_of(set));
        eval_put(page, "</td><td>%zu</td><td>%zu</td><td>%zu</td>", set->people, set->pictures, set->unreadable);
        put_rate(page, set->ftd);
        put_rate(page, set->fta);
        put_rate(page, set->has_verification ? set->verification.eer : unknown);
        put_rate(page, set->has_verification ? set->verification.at[1].fnmr : unknown);
        put_rate(page, set->has_verification ? set->fmr : unknown);
        put_rate(page, set->has_verification ? set->fnmr : unknown);
        eval_put(page, "</tr>");
    }
    eval_put(page,
             "</table></div><p class=\"soft\">Intervals are 95 %%, from people drawn with replacement (seed %llu). "
             "Where no error was seen they reach up to what so many people can show (rule of 3). A dash: too few "
             "comparisons to say. Sets of well-known people flatter, as public networks have probably seen them.</p>",
             (unsigned long long)report->options->statistics.seed);
}

static void put_det(eval_page *page, const tb_verification *v)
{
    double x[TB_DET_POINTS];
    tb_estimate y[TB_DET_POINTS];
    int count = 0;
    for (; count < TB_DET_POINTS && v->det[count].is_enough; count++) {
        x[count] = v->det[count].fmr;
        y[count] = v->det[count].fnmr;
    }
    static const char *const names[] = {"FNMR with its 95 % interval; 0 is drawn at the lower edge"};
    eval_plot plot;
    eval_plot_begin(&plot, page, "Detection error trade-off (1:1)", (eval_axis){"false match rate", -5, 0, 1},
                    (eval_axis){"false non-match rate", -4, 0, 1});
    eval_plot_line(&plot, 0, x, y, count);
    eval_plot_end(&plot, names, 1);
}

static void put_histogram(eval_page *page, const tb_verification *v, float threshold)
{
    double genuine[TB_HISTOGRAM_BINS], impostor[TB_HISTOGRAM_BINS], most = 0;
    int first = TB_HISTOGRAM_BINS * 2 / 5; /* similarity -0.2 */
    for (int i = 0; i < TB_HISTOGRAM_BINS; i++) {
        genuine[i] = v->genuine_histogram[i] / (double)v->genuine;
        impostor[i] = v->impostor_histogram[i] / (double)v->impostor;
        most = fmax(most, fmax(genuine[i], impostor[i]));
    }
    static const char *const names[] = {"genuine", "impostor"};
    char text[32];
    eval_plot plot;
    snprintf(text, sizeof text, "%.2f", threshold);
    eval_plot_begin(&plot, page, "Scores", (eval_axis){"similarity (the line: 1:1 threshold in use)", -0.2, 1, 0},
                    (eval_axis){"share of comparisons", 0, ceil(most * 20) / 20, 0});
    eval_plot_bars(&plot, 1, impostor + first, TB_HISTOGRAM_BINS - first);
    eval_plot_bars(&plot, 0, genuine + first, TB_HISTOGRAM_BINS - first);
    eval_plot_mark(&plot, threshold, text);
    eval_plot_end(&plot, names, 2);
}

static void put_searches(eval_page *page, const eval_set *set)
{
    char labels[EVAL_LISTS_MAX][48];
    const char *names[EVAL_LISTS_MAX];
    int shown = 0;
    eval_plot plot;
    eval_plot_begin(&plot, page, "Open-set identification (1:N)",
                    (eval_axis){"false-positive identification rate", -3, 0, 1},
                    (eval_axis){"false-negative identification rate", -4, 0, 1});
    for (int i = 0; i < set->list_count; i++) {
        double x[TB_SEARCH_CURVE];
        tb_estimate y[TB_SEARCH_CURVE];
        int count = 0;
        const tb_search_point *curve = set->lists[i].identification.curve;
        if (!set->lists[i].is_possible)
            continue;
        for (; count < TB_SEARCH_CURVE && curve[count].is_enough; count++) {
            x[count] = curve[count].fpir;
            y[count] = curve[count].fnir;
        }
        eval_plot_line(&plot, shown, x, y, count);
        snprintf(labels[shown], sizeof labels[shown], "list of %zu", set->lists[i].size);
        names[shown] = labels[shown];
        shown++;
    }
    eval_plot_end(&plot, names, shown);
}

static void put_points(eval_page *page, const tb_verification *v)
{
    eval_put(
        page,
        "<h3>1:1: %zu genuine comparisons of %zu people, %zu impostor comparisons</h3><div class=\"scroll\"><table>"
        "<tr><th>FMR</th><th>threshold</th><th>FNMR</th><th>note</th></tr>",
        v->genuine, v->mated_people, v->impostor);
    for (int i = 0; i < TB_OPERATING_POINTS; i++) {
        const tb_operating_point *at = &v->at[i];
        eval_put(page, "<tr><td>%g %%</td>", 100 * at->fmr);
        if (at->is_enough)
            eval_put(page, "<td>%.3f</td>", at->threshold);
        else
            eval_put(page, "<td>&ndash;</td>");
        put_rate(page, at->fnmr);
        eval_put(page, "<td>%s</td></tr>",
                 !at->is_enough  ? "too few comparisons (rule of 3)"
                 : at->is_thirty ? ""
                                 : "rough: fewer than 30 false matches (rule of 30)");
    }
    eval_put(page, "</table></div>");
}

static void put_lists(eval_page *page, const eval_report *report, const eval_set *set)
{
    eval_put(
        page,
        "<h3>1:N: %d of each enrolled, %d lists drawn; decided at a stated FPIR of %g %%</h3>"
        "<div class=\"scroll\"><table><tr><th>list</th><th>first is right</th><th>FNIR at FPIR 5 %%</th>"
        "<th>threshold</th><th>false positives</th><th>right</th><th>wrong</th><th>nobody</th><th>not sure</th></tr>",
        report->options->pictures, report->options->draws, 100 * report->options->fpir);
    for (int i = 0; i < set->list_count; i++) {
        const eval_list *list = &set->lists[i];
        if (!list->is_possible) {
            eval_put(page, "<tr><td>%zu</td><td colspan=\"8\">too few people with pictures enough</td></tr>",
                     list->size);
            continue;
        }
        eval_put(page, "<tr><td>%zu</td>", list->size);
        put_rate(page, list->identification.rank_one);
        put_rate(page, list->identification.at[1].fnir);
        eval_put(page, "<td>%.3f</td>", list->decisions.threshold);
        put_rate(page, list->decisions.false_positive);
        put_rate(page, list->decisions.right);
        put_rate(page, list->decisions.wrong);
        put_rate(page, list->decisions.none);
        put_rate(page, list->decisions.not_sure);
        eval_put(page, "</tr>");
    }
    eval_put(page, "</table></div>");
}

static void put_held_out(eval_page *page, const eval_set *set)
{
    eval_put(page,
             "<h3>Held out: half of the people calibrate, the others are searched for</h3><div class=\"scroll\"><table>"
             "<tr><th>list</th><th>stated FPIR</th><th>measured</th><th>kept</th><th>thresholds</th></tr>");
    for (int i = 0; i < set->list_count; i++)
        for (int k = 0; k < EVAL_RATES; k++) {
            const tb_held_out *h = &set->lists[i].held[k].result;
            if (!set->lists[i].held[k].is_possible)
                continue;
            eval_put(page, "<tr><td>%zu</td><td>%g %%</td>", set->lists[i].size, 100 * h->fpir);
            put_rate(page, h->measured);
            eval_put(page, "<td%s</td><td>%.3f to %.3f</td></tr>", h->is_kept ? ">yes" : " class=\"bad\">no",
                     h->lowest_threshold, h->highest_threshold);
        }
    eval_put(page, "</table></div>");
}

static void put_worst(eval_page *page, const eval_report *report, const char *title, const eval_worst *list, int count)
{
    eval_put(page, "<h3>%s</h3><div class=\"scroll\"><table class=\"names\">", title);
    for (int i = 0; i < count; i++) {
        eval_put(page, "<tr><td>%.3f</td><td>", list[i].score);
        eval_put_text(page, report->folder->pictures[report->measured->row_picture[list[i].a]].name);
        eval_put(page, "</td><td>");
        eval_put_text(page, report->folder->pictures[report->measured->row_picture[list[i].b]].name);
        eval_put(page, "</td></tr>");
    }
    eval_put(page, "</table></div>");
}

static void put_set(eval_page *page, const eval_report *report, const eval_set *set)
{
    eval_put(page, "<h2>");
    eval_put_text(page, name_of(set));
    eval_put(page,
             "</h2><p class=\"soft\">%zu pictures of %zu people; unreadable %zu, without a face %zu, without a "
             "template %zu. Several faces in %zu (the largest was taken); below a terminal's quality %zu.</p>",
             set->pictures, set->people, set->unreadable, set->no_face, set->no_template, set->several,
             set->below_quality);
    if (!set->has_verification) {
        eval_put(page, "<p>Nothing to compare: two people, and two pictures of one of them, are needed.</p>");
        return;
    }
    eval_put(page, "<div class=\"plots\">");
    put_det(page, &set->verification);
    put_histogram(page, &set->verification, report->measured->calibration.verification);
    for (int i = 0; i < set->list_count; i++)
        if (set->lists[i].is_possible) {
            put_searches(page, set);
            break;
        }
    eval_put(page, "</div>");
    put_points(page, &set->verification);
    put_lists(page, report, set);
    if (report->options->held_out)
        put_held_out(page, set);
    put_worst(page, report, "Least alike pictures of one person (poor, or in the wrong folder?)", set->genuine,
              set->genuine_count);
    put_worst(page, report, "Most alike pictures of two people (one person in two folders?)", set->impostor,
              set->impostor_count);
}

static void put_attribute(eval_page *page, const eval_report *report, const eval_attribute *attribute)
{
    const double ratios[] = {attribute->worst_ftd, attribute->worst_fmr, attribute->worst_fnmr};
    eval_put(page, "<h2>By ");
    eval_put_text(page, attribute->name);
    eval_put(page,
             "</h2><p class=\"soft\">At threshold %.3f; impostors of the same group (ISO/IEC 19795-10). The table says "
             "nothing of %zu people.</p><div class=\"scroll\"><table><tr><th>group</th><th>people</th><th>pictures</th>"
             "<th>failure to detect</th><th>FMR</th><th>FNMR</th></tr>",
             report->measured->calibration.verification, attribute->unstated);
    for (int i = 0; i < attribute->group_count; i++) {
        const eval_group *group = &attribute->groups[i];
        eval_put(page, "<tr><td>");
        eval_put_text(page, group->name);
        eval_put(page, "</td><td>%zu</td><td>%zu</td>", group->people, group->pictures);
        put_rate(page, group->ftd);
        put_rate(page, group->fmr);
        put_rate(page, group->fnmr);
        eval_put(page, "</tr>");
    }
    eval_put(page, "<tr><td>highest over lowest</td><td></td><td></td>");
    for (int i = 0; i < 3; i++)
        if (isnan(ratios[i]))
            eval_put(page, "<td title=\"a group without an error or without comparisons\">&ndash;</td>");
        else
            eval_put(page, "<td>%.2f</td>", ratios[i]);
    eval_put(page, "</tr></table></div>");
}

static void put_lost(eval_page *page, const eval_folder *folder)
{
    size_t lost = 0;
    for (size_t i = 0; i < folder->picture_count; i++) {
        const eval_picture *picture = &folder->pictures[i];
        if (picture->outcome == EVAL_TEMPLATE || lost++ >= LOST_SHOWN)
            continue;
        if (lost == 1)
            eval_put(page, "<h2>Pictures without a template</h2><div class=\"scroll\"><table class=\"names\">");
        eval_put(page, "<tr><td>");
        eval_put_text(page, picture->name);
        eval_put(page, "</td><td>");
        eval_put_text(page, picture->why.text);
        eval_put(page, "</td></tr>");
    }
    if (lost)
        eval_put(page, "</table></div>");
    if (lost > LOST_SHOWN)
        eval_put(page, "<p>and %zu more; --json names them all</p>", lost - LOST_SHOWN);
}

tb_status eval_write_html(const eval_report *report, const char *path, tb_error *why)
{
    eval_page page = {.status = TB_OK};
    const eval_measured *m = report->measured;
    put_head(&page, report);
    put_summary(&page, report);
    for (int i = 0; i < report->attribute_count; i++)
        put_attribute(&page, report, &report->attributes[i]);
    for (size_t i = 0; i < report->set_count; i++)
        put_set(&page, report, &report->sets[i]);
    put_lost(&page, report->folder);
    eval_put(
        &page,
        "<h2>Times</h2><p>Picture to template: median %.1f ms, p99 %.1f ms (%d threads at once; reading and "
        "decoding %.1f ms of it). One comparison: %.2f &micro;s.</p><p class=\"soft\">Left aside, as no "
        "pictures of anybody: %zu files and links. Terms: ISO/IEC 19795-1, 19795-10, 2382-37.</p></main></body></html>\n",
        (double)report->median / 1000, (double)report->p99 / 1000, m->threads, (double)report->decoding / 1000,
        m->compare_median, report->folder->aside);
    if (page.status == TB_OK)
        page.status = tb_file_write(path, tb_bytes_span(&page.out), why);
    tb_bytes_free(&page.out);
    return page.status;
}
