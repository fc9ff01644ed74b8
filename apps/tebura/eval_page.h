/* eval_page.h: writes the HTML report: text is escaped, the first failure stays. */
#ifndef TEBURA_APP_EVAL_PAGE_H
#define TEBURA_APP_EVAL_PAGE_H

#include "eval.h"

typedef struct eval_page {
    tb_bytes out;
    tb_status status;
} eval_page;

void eval_put(eval_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text as text: & < > " ' are written as references. */
void eval_put_text(eval_page *page, const char *text);

/* ---- plots: inline SVG with logarithmic or straight axes ---- */

typedef struct eval_axis {
    const char *label;
    double from, to; /* powers of ten when logarithmic */
    int is_log;
} eval_axis;

typedef struct eval_plot {
    eval_page *page;
    eval_axis x, y;
} eval_plot;

void eval_plot_begin(eval_plot *plot, eval_page *page, const char *title, eval_axis x, eval_axis y);
/* A line through the points with its band, in the colour of `series` (0..7). */
void eval_plot_line(eval_plot *plot, int series, const double *x, const tb_estimate *y, int count);
void eval_plot_bars(eval_plot *plot, int series, const double *heights, int count); /* over the whole x axis */
void eval_plot_mark(eval_plot *plot, double x, const char *text);                   /* an upright line */
/* Names of the series, in their colours, below. */
void eval_plot_end(eval_plot *plot, const char *const *names, int count);

#endif
