/* demo_table.c: the journey as it happens: a table that is drawn again at every change on a terminal, plain lines
 * elsewhere. */
#include "demo.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NAME_WIDTH = 20, CELL_MIN = 9, CELL_MAX = 15 };

static double seconds_since(int64_t then)
{
    return (double)(tb_clock_monotonic() - then) / TB_SECOND;
}

static const char *colour(const demo *d, const char *code)
{
    return d->options.colours ? code : "";
}

/* ---- one cell ---- */

typedef struct cell {
    char text[32];
    const char *colour;
} cell;

static void fill_cell(const demo *d, const demo_traveller *t, int step, cell *out)
{
    const demo_seen *seen = &t->seen[step];
    int passed = strcmp(seen->outcome, "admitted") == 0 || strcmp(seen->outcome, "without_face") == 0;
    if (!seen->done) {
        snprintf(out->text, sizeof out->text, "%s", t->at == step ? (t->waiting ? "queue" : "...") : "");
        out->colour = colour(d, "\033[2m");
    } else if (passed && seen->duration > 0) {
        snprintf(out->text, sizeof out->text, "\xe2\x9c\x93 %d ms", (int)(seen->duration / 1000));
        out->colour = colour(d, seen->good ? "\033[32m" : "\033[31m");
    } else {
        const char *why = strcmp(seen->outcome, "without_face") == 0 ? "documents"
                          : seen->reason[0]                          ? seen->reason
                                                                     : seen->outcome;
        snprintf(out->text, sizeof out->text, "%s %.24s", passed ? "\xe2\x9c\x93" : "\xe2\x9c\x97", why);
        for (char *at = out->text; (at = strchr(at, '_')) != NULL;)
            *at = ' ';
        out->colour = colour(d, seen->good ? (passed ? "\033[32m" : "\033[33m") : "\033[31m");
    }
}

/* The step whose result a cell shows: the last one at this place that was begun. -1: none. */
static int step_at(const demo_traveller *t, demo_place place)
{
    int found = -1;
    for (int i = 0; i < t->role->step_count; i++)
        if (t->role->steps[i].place == place && (t->seen[i].done || t->at == i))
            found = i;
    return found;
}

static int visible_width(const char *text) /* of UTF-8 without wide characters */
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static int clip(const char *text, int width) /* bytes that fit */
{
    int bytes = 0, used = 0;
    for (; text[bytes] && used < width; used++)
        for (bytes++; ((unsigned char)text[bytes] & 0xc0) == 0x80;)
            bytes++;
    return bytes;
}

static void print_cell(demo *d, const cell *c, int width)
{
    int bytes = clip(c->text, width - 1), shown = visible_width(c->text);
    shown = shown < width - 1 ? shown : width - 1;
    fprintf(d->screen, "%s%.*s%s%*s", c->colour ? c->colour : "", bytes, c->text,
            c->colour && *c->colour ? "\033[0m" : "", width - shown, "");
}

/* ---- the table ---- */

static int cell_width(const demo *d)
{
    struct winsize size = {0};
    int columns = ioctl(fileno(d->screen), TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 120;
    int width = (columns - NAME_WIDTH - 1) / DEMO_PLACES;
    return width < CELL_MIN ? CELL_MIN : width > CELL_MAX ? CELL_MAX : width;
}

static void print_row(demo *d, const demo_traveller *t, int width)
{
    char name[40];
    snprintf(name, sizeof name, "%.12s %.1s. %s", t->role->surname, t->role->given,
             t->role->flight >= 0 ? d->flights[t->role->flight].number : "-");
    fprintf(d->screen, "%-*.*s", NAME_WIDTH, NAME_WIDTH - 1, name);
    for (int place = 0; place < DEMO_PLACES; place++) {
        cell c = {.text = ""};
        int step = step_at(t, (demo_place)place);
        if (step >= 0)
            fill_cell(d, t, step, &c);
        print_cell(d, &c, width);
    }
    fprintf(d->screen, "\033[K\n");
}

static void draw(demo *d)
{
    int width = cell_width(d);
    if (d->table_lines > 1)
        fprintf(d->screen, "\033[%dA", d->table_lines);
    fprintf(d->screen, "\r\033[1m%-*s", NAME_WIDTH, "SIMULATED CAMERAS");
    for (int place = 0; place < DEMO_PLACES; place++)
        fprintf(d->screen, "%-*.*s", width, width - 1, demo_place_names[place]);
    fprintf(d->screen, "\033[0m\033[K\n");
    for (int i = 0; i < d->traveller_count; i++)
        print_row(d, &d->travellers[i], width);
    fprintf(d->screen, "%5.1f s  %.110s\033[K\n", seconds_since(d->started), d->note);
    d->table_lines = d->traveller_count + 2;
    fflush(d->screen);
}

static void print_step(demo *d, const demo_traveller *t, int step)
{
    const demo_seen *seen = &t->seen[step];
    if (!seen->done)
        return;
    fprintf(d->screen, "%6.1f s  %-12s %-12s %-10s %s %-12s %-22s %5d ms %-6s %s\n", seconds_since(d->started),
            t->role->surname, t->role->given, demo_place_names[t->role->steps[step].place],
            seen->good ? "as expected" : "UNEXPECTED ", seen->outcome, seen->reason, (int)(seen->duration / 1000),
            seen->source, seen->remark);
    fflush(d->screen);
}

void demo_table_step(demo *d, const demo_traveller *t, int step)
{
    if (d->table_lines)
        draw(d);
    else
        print_step(d, t, step);
}

void demo_table_begin(demo *d)
{
    if (!d->options.colours)
        return;
    pthread_mutex_lock(&d->lock);
    d->table_lines = 1;
    draw(d);
    pthread_mutex_unlock(&d->lock);
}

void demo_table_end(demo *d)
{
    pthread_mutex_lock(&d->lock);
    d->note[0] = '\0';
    if (d->table_lines)
        draw(d);
    d->table_lines = 0;
    pthread_mutex_unlock(&d->lock);
}

void demo_say(demo *d, const char *format, ...)
{
    char text[1200]; /* a link with tokens is long */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pthread_mutex_lock(&d->lock);
    if (d->table_lines) {
        snprintf(d->note, sizeof d->note, "%.159s", text);
        draw(d);
    } else {
        fprintf(d->screen, "%s\n", text);
        fflush(d->screen);
    }
    pthread_mutex_unlock(&d->lock);
}
