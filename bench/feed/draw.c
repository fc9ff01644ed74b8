/* draw.c: the curves as SVG: milliseconds from a passage to the lists over passages a second, and the processor time
 * of a change over the visits of the site; all axes logarithmic. */
#include "feed/feed.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { PANEL_WIDTH = 430, LEFT = 60, TOP = 84, INNER_WIDTH = 330, INNER_HEIGHT = 230, HEIGHT = 430, POINTS_MAX = 16 };

typedef struct curve {
    const char *name, *colour, *dash;
    int count;
    double x[POINTS_MAX], y[POINTS_MAX];
} curve;

typedef struct panel {
    const char *title, *x_unit;
    double target; /* a line at this height; 0: none */
    curve curves[4];
    int count;
    double least_x, most_x, least_y, most_y;
} panel;

static void add_point(curve *c, double x, double y)
{
    if (c->count == POINTS_MAX || !(x > 0) || !(y > 0))
        return;
    c->x[c->count] = x;
    c->y[c->count++] = y;
}

static curve *add_curve(panel *p, const char *name, const char *colour, const char *dash)
{
    curve *c = &p->curves[p->count++];
    *c = (curve){.name = name, .colour = colour, .dash = dash};
    return c;
}

static double number(const json_t *from, const char *inside, const char *name)
{
    return json_number_value(json_object_get(json_object_get(from, inside), name));
}

static void add_rates(panel *p, json_t *rows, const char *name, const char *which, const char *colour, const char *dash)
{
    size_t i;
    json_t *row;
    curve *c = add_curve(p, name, colour, dash);
    json_array_foreach(rows, i, row)
    {
        add_point(c, json_number_value(json_object_get(row, "rate")), number(row, "ms", which));
    }
}

static void add_cost(panel *p, json_t *rows, int terminals, const char *name, const char *colour)
{
    size_t i;
    json_t *row;
    curve *c = add_curve(p, name, colour, "none");
    json_array_foreach(rows, i, row)
    {
        if (json_integer_value(json_object_get(row, "terminals")) == terminals)
            add_point(c, json_number_value(json_object_get(row, "visits")), number(row, "apply_us", "p50"));
    }
}

static void span(panel *p)
{
    p->least_x = p->least_y = 1e30;
    for (int c = 0; c < p->count; c++)
        for (int i = 0; i < p->curves[c].count; i++) {
            p->least_x = fmin(p->least_x, p->curves[c].x[i]);
            p->most_x = fmax(p->most_x, p->curves[c].x[i]);
            p->least_y = fmin(p->least_y, p->curves[c].y[i]);
            p->most_y = fmax(fmax(p->most_y, p->curves[c].y[i]), p->target);
        }
    p->least_x = pow(10, floor(log10(p->least_x)));
    p->least_y = pow(10, floor(log10(p->least_y)));
    p->most_x = fmax(pow(10, ceil(log10(p->most_x))), p->least_x * 10);
    p->most_y = fmax(pow(10, ceil(log10(p->most_y))), p->least_y * 10);
}

static double at_x(const panel *p, double x)
{
    return LEFT + INNER_WIDTH * log10(x / p->least_x) / log10(p->most_x / p->least_x);
}

static double at_y(const panel *p, double y)
{
    return TOP + INNER_HEIGHT * (1 - log10(y / p->least_y) / log10(p->most_y / p->least_y));
}

static void draw_axes(FILE *to, const panel *p)
{
    for (double x = p->least_x; x <= p->most_x * 1.001; x *= 10)
        fprintf(to,
                "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"grid\"/>"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                at_x(p, x), TOP, at_x(p, x), TOP + INNER_HEIGHT, at_x(p, x), TOP + INNER_HEIGHT + 16, x);
    for (double y = p->least_y; y <= p->most_y * 1.001; y *= 10)
        fprintf(to,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" class=\"grid\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, at_y(p, y), LEFT + INNER_WIDTH, at_y(p, y), LEFT - 6, at_y(p, y) + 4, y);
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%s</text>\n", LEFT + INNER_WIDTH / 2,
            TOP + INNER_HEIGHT + 34, p->x_unit);
    if (p->target > 0)
        fprintf(to,
                "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#b00\" stroke-dasharray=\"2 3\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"#b00\">aim %g</text>\n",
                LEFT, at_y(p, p->target), LEFT + INNER_WIDTH, at_y(p, p->target), LEFT + INNER_WIDTH - 4,
                at_y(p, p->target) - 4, p->target);
}

static void draw_curve(FILE *to, const panel *p, const curve *c)
{
    fprintf(to, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-dasharray=\"%s\" points=\"", c->colour,
            c->dash);
    for (int i = 0; i < c->count; i++)
        fprintf(to, "%.1f,%.1f ", at_x(p, c->x[i]), at_y(p, c->y[i]));
    fprintf(to, "\"/>\n");
    for (int i = 0; i < c->count; i++)
        fprintf(to, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"><title>%s: %.4g</title></circle>\n",
                at_x(p, c->x[i]), at_y(p, c->y[i]), c->colour, c->name, c->y[i]);
}

static void draw_panel(FILE *to, panel *p, int place)
{
    int points = 0;
    for (int c = 0; c < p->count; c++)
        points += p->curves[c].count;
    if (!points)
        return;
    span(p);
    fprintf(to, "<g transform=\"translate(%d 0)\"><text x=\"%d\" y=\"%d\" font-size=\"13\">%s</text>\n",
            place * PANEL_WIDTH, LEFT, TOP - 12, p->title);
    draw_axes(to, p);
    for (int c = 0; c < p->count; c++) {
        const curve *one = &p->curves[c];
        draw_curve(to, p, one);
        fprintf(
            to,
            "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\" stroke-dasharray=\"%s\"/>"
            "<text x=\"%d\" y=\"%d\">%s</text>\n",
            LEFT + c % 2 * 170, HEIGHT - 42 + c / 2 * 20, LEFT + 26 + c % 2 * 170, HEIGHT - 42 + c / 2 * 20,
            one->colour, one->dash, LEFT + 32 + c % 2 * 170, HEIGHT - 38 + c / 2 * 20, one->name);
    }
    fprintf(to, "</g>\n");
}

static void draw_all(FILE *to, json_t *figures)
{
    json_t *passages = json_object_get(figures, "passages"), *floors = json_object_get(figures, "floor"),
           *cost = json_object_get(figures, "cost"), *site = json_object_get(figures, "site");
    panel latency = {.title = "ms from a passage to all five lists", .x_unit = "passages a second", .target = 50};
    panel work = {.title = "server's processor, us for a visit's change", .x_unit = "visits of the site"};
    add_rates(&latency, passages, "p99", "p99", "#c8553d", "none");
    add_rates(&latency, passages, "p50", "p50", "#0b6e4f", "none");
    add_rates(&latency, floors, "broker alone, p99", "p99", "#c8553d", "4 4");
    add_rates(&latency, floors, "broker alone, p50", "p50", "#0b6e4f", "4 4");
    add_cost(&work, cost, 1000, "1,000 terminals", "#c8553d");
    add_cost(&work, cost, 10, "10 terminals", "#0b6e4f");
    fprintf(
        to,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n"
        "<style>.grid{stroke:#ddd}</style><rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n"
        "<text x=\"20\" y=\"26\" font-size=\"16\">The feed: from a passage to every list</text>\n"
        "<text x=\"20\" y=\"44\" fill=\"#555\">%d terminals connected, %d visits; one machine for all</text>\n",
        2 * PANEL_WIDTH, HEIGHT, 2 * PANEL_WIDTH, HEIGHT, (int)json_integer_value(json_object_get(site, "terminals")),
        (int)json_integer_value(json_object_get(site, "visits")));
    draw_panel(to, &latency, 0);
    draw_panel(to, &work, 1);
    fprintf(to, "</svg>\n");
}

int feed_draw(const char *path, json_t *figures)
{
    FILE *to = fopen(path, "we");
    if (to)
        draw_all(to, figures);
    int whole = to && !ferror(to);
    if (to && fclose(to) != 0)
        whole = 0;
    if (!whole)
        fprintf(stderr, "bench_feed: %s cannot be written: %s\n", path, strerror(errno));
    return whole;
}
