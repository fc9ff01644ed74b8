/* draw.c: the curves as SVG: milliseconds for a probe over the rows of the list, both axes logarithmic; one panel for
 * each dimension and for one probe at a time or many. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "search/report.h"

enum { PANEL_WIDTH = 420, PANEL_HEIGHT = 300, LEFT = 60, TOP = 60, INNER_WIDTH = 320, INNER_HEIGHT = 210, CURVES = 4 };

static const struct curve {
    const char *name, *colour, *dash;
} curves[CURVES] = {{"Tebura", "#0b6e4f", "none"},
                    {"FAISS flat", "#c8553d", "none"},
                    {"FAISS SQ8", "#e0a030", "none"},
                    {"floor: reading the rows for each probe", "#777777", "4 4"}};

static const race_result *of_curve(const report_line *line, int curve)
{
    if (curve == 1)
        return report_flat(line);
    return &line->ways[curve == 0 ? LIST_OURS : curve == 2 ? LIST_SQ8 : WAY_FLOOR];
}

struct axes {
    double least_rows, most_rows, least_ms, most_ms;
};

static struct axes span_of(const report_line *lines, int count)
{
    struct axes a = {.least_rows = 1e30, .least_ms = 1e30};
    for (int i = 0; i < count; i++)
        for (int c = 0; c < CURVES; c++) {
            const race_result *r = of_curve(&lines[i], c);
            if (!r->rounds || lines[i].cores != 1)
                continue;
            a.least_rows = fmin(a.least_rows, (double)lines[i].rows);
            a.most_rows = fmax(a.most_rows, (double)lines[i].rows);
            a.least_ms = fmin(a.least_ms, r->ms);
            a.most_ms = fmax(a.most_ms, r->ms);
        }
    a.least_rows = pow(10, floor(log10(a.least_rows)));
    a.most_rows = pow(10, ceil(log10(a.most_rows)));
    a.least_ms = pow(10, floor(log10(a.least_ms)));
    a.most_ms = pow(10, ceil(log10(a.most_ms)));
    if (a.most_rows <= a.least_rows)
        a.most_rows = a.least_rows * 10;
    if (a.most_ms <= a.least_ms)
        a.most_ms = a.least_ms * 10;
    return a;
}

static double at_x(const struct axes *a, double rows)
{
    return LEFT + INNER_WIDTH * log10(rows / a->least_rows) / log10(a->most_rows / a->least_rows);
}

static double at_y(const struct axes *a, double ms)
{
    return TOP + INNER_HEIGHT * (1 - log10(ms / a->least_ms) / log10(a->most_ms / a->least_ms));
}

static void draw_axes(FILE *to, const struct axes *a)
{
    for (double rows = a->least_rows; rows <= a->most_rows * 1.001; rows *= 10)
        fprintf(to,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"grid\"/>"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                at_x(a, rows), TOP, at_x(a, rows), TOP + INNER_HEIGHT, at_x(a, rows), TOP + INNER_HEIGHT + 16, rows);
    for (double ms = a->least_ms; ms <= a->most_ms * 1.001; ms *= 10)
        fprintf(to,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, at_y(a, ms), LEFT + INNER_WIDTH, at_y(a, ms), LEFT - 6, at_y(a, ms) + 4, ms);
}

static int is_of_panel(const report_line *line, const report_line *like)
{
    return line->cores == 1 && line->dimension == like->dimension && line->batch == like->batch;
}

static void draw_curve(FILE *to, const struct axes *a, const report_line *lines, int count, const report_line *like,
                       int curve)
{
    fprintf(to, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" points=\"",
            curves[curve].colour, curves[curve].dash);
    for (int i = 0; i < count; i++) {
        const race_result *r = of_curve(&lines[i], curve);
        if (is_of_panel(&lines[i], like) && r->rounds)
            fprintf(to, "%.1f,%.1f ", at_x(a, (double)lines[i].rows), at_y(a, r->ms));
    }
    fprintf(to, "\"/>\n");
    for (int i = 0; i < count; i++) {
        const race_result *r = of_curve(&lines[i], curve);
        if (is_of_panel(&lines[i], like) && r->rounds)
            fprintf(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"><title>%s: %.4g ms</title></circle>\n",
                    at_x(a, (double)lines[i].rows), at_y(a, r->ms), curves[curve].colour, curves[curve].name, r->ms);
    }
}

/* The first line of each dimension and batch on one core stands for its panel. */
static int begins_panel(const report_line *lines, int which)
{
    for (int i = 0; i < which; i++)
        if (is_of_panel(&lines[i], &lines[which]))
            return 0;
    return lines[which].cores == 1;
}

static void draw_all(FILE *to, const report_line *lines, int count, const char *about)
{
    struct axes a = span_of(lines, count);
    int panels = 0, drawn = 0;
    for (int i = 0; i < count; i++)
        panels += begins_panel(lines, i);
    int width = 2 * PANEL_WIDTH, height = (panels + 1) / 2 * PANEL_HEIGHT + 90;
    fprintf(
        to,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n"
        "<style>.grid{stroke:#ddd}</style><rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n"
        "<text x=\"20\" y=\"26\" font-size=\"16\">1:N search on one core: ms for a probe over the rows of the list</text>\n"
        "<text x=\"20\" y=\"44\" fill=\"#555\">%s</text>\n",
        width, height, width, height, about);
    for (int i = 0; i < count; i++) {
        if (!begins_panel(lines, i))
            continue;
        fprintf(to,
                "<g transform=\"translate(%d %d)\"><text x=\"%d\" y=\"%d\" font-size=\"13\">%d dimensions, %s</text>\n",
                drawn % 2 * PANEL_WIDTH, 30 + drawn / 2 * PANEL_HEIGHT, LEFT, TOP - 10, lines[i].dimension,
                lines[i].batch == 1 ? "one probe at a time" : "many probes at once");
        draw_axes(to, &a);
        for (int c = 0; c < CURVES; c++)
            draw_curve(to, &a, lines, count, &lines[i], c);
        fprintf(to, "</g>\n");
        drawn++;
    }
    for (int c = 0; c < CURVES; c++)
        fprintf(
            to,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\" stroke-dasharray=\"%s\"/>"
            "<text x=\"%d\" y=\"%d\">%s</text>\n",
            LEFT + c * 180, height - 24, LEFT + c * 180 + 28, height - 24, curves[c].colour, curves[c].dash,
            LEFT + c * 180 + 34, height - 20, curves[c].name);
    fprintf(to, "</svg>\n");
}

int report_draw(const char *path, const report_line *lines, int count, const char *about)
{
    FILE *to = fopen(path, "we");
    if (to)
        draw_all(to, lines, count, about);
    int whole = to && !ferror(to);
    if (to && fclose(to) != 0)
        whole = 0;
    if (!whole)
        fprintf(stderr, "bench_search: %s cannot be written: %s\n", path, strerror(errno));
    return whole;
}
