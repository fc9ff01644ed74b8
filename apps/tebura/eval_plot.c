/* eval_plot.c: see eval_page.h. */
#include "eval_page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 460, HEIGHT = 320, LEFT = 58, RIGHT = 26, TOP = 14, BOTTOM = 46, TEXT_MAX = 2048 };

void eval_put(eval_page *page, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    if (page->status != TB_OK)
        return;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    page->status = size < 0 || size >= TEXT_MAX ? TB_INTERNAL : tb_bytes_append(&page->out, tb_span_text(text));
}

void eval_put_text(eval_page *page, const char *text)
{
    for (; *text && page->status == TB_OK; text++) {
        const char *reference = *text == '&'    ? "&amp;"
                                : *text == '<'  ? "&lt;"
                                : *text == '>'  ? "&gt;"
                                : *text == '"'  ? "&quot;"
                                : *text == '\'' ? "&#39;"
                                                : NULL;
        page->status = tb_bytes_append(&page->out, reference ? tb_span_text(reference) : tb_span_of(text, 1));
    }
}

/* Share of the axis, 0..1; what lies outside is drawn at the edge. */
static double share(const eval_axis *axis, double value)
{
    double place = axis->is_log ? (value > 0 ? log10(value) : -INFINITY) : value;
    return fmin(1, fmax(0, (place - axis->from) / (axis->to - axis->from)));
}

static double across(const eval_plot *plot, double value)
{
    return LEFT + share(&plot->x, value) * (WIDTH - LEFT - RIGHT);
}

static double down(const eval_plot *plot, double value)
{
    return HEIGHT - BOTTOM - share(&plot->y, value) * (HEIGHT - TOP - BOTTOM);
}

/* 1e-3 as 0.1 %, as people read rates. */
static void put_tick(eval_page *page, const eval_axis *axis, double place)
{
    if (axis->is_log)
        eval_put(page, "%g %%", 100 * pow(10, place));
    else
        eval_put(page, "%.2g", fabs(place) < 1e-9 ? 0 : place);
}

static void put_axes(eval_plot *plot)
{
    eval_page *page = plot->page;
    double step_x = plot->x.is_log ? 1 : (plot->x.to - plot->x.from) / 6,
           step_y = plot->y.is_log ? 1 : (plot->y.to - plot->y.from) / 4;
    for (double place = plot->x.from; place <= plot->x.to + 1e-9; place += step_x) {
        double x = across(plot, plot->x.is_log ? pow(10, place) : place);
        eval_put(page, "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text class=\"tick\" x=\"%.1f\" y=\"%d\">", x, TOP,
                 HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 16);
        put_tick(page, &plot->x, place);
        eval_put(page, "</text>");
    }
    for (double place = plot->y.from; place <= plot->y.to + 1e-9; place += step_y) {
        double y = down(plot, plot->y.is_log ? pow(10, place) : place);
        eval_put(page, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"tick end\" x=\"%d\" y=\"%.1f\">", LEFT, y,
                 WIDTH - RIGHT, LEFT - 6, y + 4);
        put_tick(page, &plot->y, place);
        eval_put(page, "</text>");
    }
    eval_put(page, "<text class=\"axis\" x=\"%d\" y=\"%d\">%s</text>", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8,
             plot->x.label);
    eval_put(page, "<text class=\"axis\" transform=\"translate(13 %d) rotate(-90)\">%s</text>",
             (TOP + HEIGHT - BOTTOM) / 2, plot->y.label);
}

void eval_plot_begin(eval_plot *plot, eval_page *page, const char *title, eval_axis x, eval_axis y)
{
    *plot = (eval_plot){page, x, y};
    eval_put(page, "<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
             title, WIDTH, HEIGHT, title);
    put_axes(plot);
}

static void put_band(eval_plot *plot, int series, const double *x, const tb_estimate *y, int count)
{
    int drawn = 0;
    eval_put(plot->page, "<path class=\"band s%d\" d=\"", series);
    for (int i = 0; i < count; i++)
        if (!isnan(y[i].high))
            eval_put(plot->page, "%c%.1f %.1f", drawn++ ? 'L' : 'M', across(plot, x[i]), down(plot, y[i].high));
    for (int i = count; i-- > 0;)
        if (!isnan(y[i].high))
            eval_put(plot->page, "L%.1f %.1f", across(plot, x[i]), down(plot, y[i].low));
    eval_put(plot->page, "%s\"/>", drawn ? "Z" : "");
}

void eval_plot_line(eval_plot *plot, int series, const double *x, const tb_estimate *y, int count)
{
    int drawn = 0;
    put_band(plot, series, x, y, count);
    eval_put(plot->page, "<path class=\"line s%d\" d=\"", series);
    for (int i = 0; i < count; i++)
        if (!isnan(y[i].value))
            eval_put(plot->page, "%c%.1f %.1f", drawn++ ? 'L' : 'M', across(plot, x[i]), down(plot, y[i].value));
    eval_put(plot->page, "\"/>");
}

void eval_plot_bars(eval_plot *plot, int series, const double *heights, int count)
{
    double bottom = HEIGHT - BOTTOM, width = (double)(WIDTH - LEFT - RIGHT) / count;
    eval_put(plot->page, "<path class=\"bars s%d\" d=\"M%d %.1f", series, LEFT, bottom);
    for (int i = 0; i < count; i++)
        eval_put(plot->page, "V%.1fH%.1f", down(plot, heights[i]), LEFT + (i + 1) * width);
    eval_put(plot->page, "V%.1fZ\"/>", bottom);
}

void eval_plot_mark(eval_plot *plot, double x, const char *text)
{
    eval_put(plot->page,
             "<path class=\"mark\" d=\"M%.1f %dV%d\"/><text class=\"tick end\" x=\"%.1f\" y=\"%d\">%s</text>",
             across(plot, x), TOP, HEIGHT - BOTTOM, across(plot, x) - 5, TOP + 10, text);
}

void eval_plot_end(eval_plot *plot, const char *const *names, int count)
{
    eval_put(plot->page, "</svg><p class=\"key\">");
    for (int i = 0; i < count; i++)
        eval_put(plot->page, "<span><i class=\"s%d\"></i>%s</span>", i, names[i]);
    eval_put(plot->page, "</p></figure>");
}
