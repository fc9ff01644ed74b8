/* report.c: see report.h. The table goes to standard error, as of every bench. */
#include "search/report.h"

#include <stdio.h>

const race_result *report_flat(const report_line *line)
{
    const race_result *rows = &line->ways[LIST_FLAT], *matrix = &line->ways[WAY_FLAT_MATRIX];
    return matrix->rounds && matrix->ms < rows->ms ? matrix : rows;
}

void report_head(const char *faiss)
{
    fprintf(
        stderr,
        "Time for one probe in ms: median processor time of the searching threads. Floor: reading all rows for each\n"
        "probe, which a batch can do with less of. Two cores: both search at once, each for its own probes; the time\n"
        "for one probe is then half of a thread's. A batch that would take too long is made smaller: *.\n"
        "Tebura's loops: %s.\n"
        "FAISS: %s; flat by the faster of its two ways.\n\n"
        "%9s %4s %5s %5s | %10s %10s %7s | %10s %8s | %10s %8s | %s\n",
        lists_kernel(), faiss ? faiss : "not in this build (`tools/setup --for bench` gets libfaiss-dev)", "rows",
        "dim", "cores", "batch", "tebura", "floor", "/ floor", "flat", "/ tebura", "SQ8", "/ tebura",
        "recall of 1, 5: tebura, flat, SQ8");
}

static void print_other(const race_result *other, const report_line *line)
{
    if (other->rounds)
        fprintf(stderr, "| %9.4f%c %8.2f ", other->ms, other->batch < line->batch ? '*' : ' ',
                other->ms / line->ways[LIST_OURS].ms);
    else
        fprintf(stderr, "| %10s %8s ", "-", "-");
}

void report_row(const report_line *line)
{
    const race_result *ours = &line->ways[LIST_OURS], *floor = &line->ways[WAY_FLOOR];
    fprintf(stderr, "%9zu %4d %5d %5d | %9.4f%c %10.4f %7.2f ", line->rows, line->dimension, line->cores, line->batch,
            ours->ms, ours->batch < line->batch ? '*' : ' ', floor->ms, ours->ms / floor->ms);
    print_other(report_flat(line), line);
    print_other(&line->ways[LIST_SQ8], line);
    fprintf(stderr, "|");
    for (int i = 0; i < LISTS; i++)
        if (line->recalls[i].probes)
            fprintf(stderr, " %.3f %.3f", line->recalls[i].first, line->recalls[i].best);
    fprintf(stderr, "\n");
}

void report_list(const lists *l, const update_result *u)
{
    lists_inside inside = lists_look_inside(l);
    fprintf(stderr, "%9zu %4d bytes a row:", l->made.rows, l->made.dimension);
    for (int i = 0; i < LISTS; i++)
        if (l->bytes_per_row[i] > 0)
            fprintf(stderr, " %s %.0f", list_names[i], l->bytes_per_row[i]);
    fprintf(stderr, "; by itself: %.0f. A search compares %.1f rows again in float; %.4f %% take more than usual",
            inside.bytes_per_row, inside.rescored, 100 * inside.widened);
    fprintf(stderr,
            "\n%14s changes in us, median (99 of 100 within), beside %ld searches: add %.1f (%.1f), "
            "replace %.1f (%.1f), delete %.1f (%.1f)",
            "", u->searches, u->add.median, u->add.high, u->replace.median, u->replace.high, u->delete.median,
            u->delete.high);
    if (l->flat)
        fprintf(stderr, "; FAISS flat beside none: add %.1f, delete %.1f", u->faiss_add.median, u->faiss_delete.median);
    fprintf(stderr, "\n");
}

/* ---- JSON ---- */

static json_t *result_json(const race_result *r, const race_result *ours)
{
    return json_pack("{s:f, s:f, s:i, s:i, s:f}", "ms", r->ms, "wall_ms", r->wall_ms, "rounds", r->rounds, "batch",
                     r->batch, "times_ours", r->ms / ours->ms);
}

json_t *report_json(const report_line *lines, int count)
{
    static const char *const names[WAYS] = {"tebura", "faiss_flat", "faiss_sq8", "floor", "faiss_flat_matrices"};
    json_t *all = json_array();
    for (int i = 0; i < count; i++) {
        const report_line *line = &lines[i];
        json_t *one =
            json_pack("{s:I, s:i, s:i, s:i, s:I, s:f}", "rows", (json_int_t)line->rows, "dimension", line->dimension,
                      "cores", line->cores, "batch", line->batch, "floor_bytes", (json_int_t)line->floor_bytes,
                      "times_floor", line->ways[LIST_OURS].ms / line->ways[WAY_FLOOR].ms);
        for (int way = 0; way < WAYS; way++)
            if (line->ways[way].rounds)
                json_object_set_new(one, names[way], result_json(&line->ways[way], &line->ways[LIST_OURS]));
        for (int list = 0; list < LISTS; list++)
            if (line->recalls[list].probes)
                json_object_set_new(json_object_get(one, names[list]), "recall",
                                    json_pack("{s:f, s:f, s:i}", "first", line->recalls[list].first, "best5",
                                              line->recalls[list].best, "probes", line->recalls[list].probes));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *times_json(const update_times *t)
{
    return json_pack("{s:f, s:f, s:i}", "median_us", t->median, "p99_us", t->high, "count", t->count);
}

json_t *report_list_json(const lists *l, const update_result *u)
{
    json_t *one = json_pack("{s:I, s:i, s:I, s:o, s:o, s:o}", "rows", (json_int_t)l->made.rows, "dimension",
                            l->made.dimension, "searches_meanwhile", (json_int_t)u->searches, "add",
                            times_json(&u->add), "replace", times_json(&u->replace), "delete", times_json(&u->delete));
    lists_inside inside = lists_look_inside(l);
    if (one)
        json_object_set_new(one, "tebura_inside",
                            json_pack("{s:b, s:f, s:f, s:f, s:f}", "by_codes", inside.by_codes, "searches",
                                      inside.searches, "rescored_per_search", inside.rescored, "widened",
                                      inside.widened, "bytes_per_row", inside.bytes_per_row));
    for (int i = 0; one && i < LISTS; i++)
        if (l->bytes_per_row[i] > 0) {
            char key[48];
            snprintf(key, sizeof key, "%s_bytes_per_row", list_names[i]);
            json_object_set_new(one, key, json_real(l->bytes_per_row[i]));
        }
    if (one && l->flat) {
        json_object_set_new(one, "faiss_flat_add", times_json(&u->faiss_add));
        json_object_set_new(one, "faiss_flat_delete", times_json(&u->faiss_delete));
    }
    return one;
}
