/* report.h: what was measured: a table, one JSON value, a picture. */
#ifndef TEBURA_BENCH_REPORT_H
#define TEBURA_BENCH_REPORT_H

#include <jansson.h>

#include "search/lists.h"
#include "search/update.h"

enum { WAY_FLOOR = LISTS, WAY_FLAT_MATRIX, WAYS };

/* One line of the table. A way that was not measured has no rounds. */
typedef struct report_line {
    size_t rows;
    int dimension, cores, batch;
    race_result ways[WAYS]; /* by list, then the floor and FAISS flat by matrix products */
    recall recalls[LISTS];
    size_t floor_bytes;
} report_line;

void report_head(const char *faiss);
void report_row(const report_line *line);
void report_list(const lists *l, const update_result *updates);
json_t *report_json(const report_line *lines, int count);
json_t *report_list_json(const lists *l, const update_result *updates);
/* Curves of one core over the size of the list, as SVG. 0 with a sentence when the file could not be written. */
int report_draw(const char *path, const report_line *lines, int count, const char *about);
/* The faster of FAISS flat's two ways. */
const race_result *report_flat(const report_line *line);

#endif
