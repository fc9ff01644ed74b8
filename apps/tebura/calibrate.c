/* calibrate.c: tebura calibrate DIR: measures the impostor and genuine scores of people and writes the section of the
 * manifest that thresholds are computed from. */
#include "eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>

#include "faces_common.h"

static const char help[] =
    "usage: tebura calibrate [--out FILE] [--source TEXT] [--check] [--lists 5,10,20] [--splits N] [--replicates N]\n"
    "                        [--seed N] [--threads N] [--json] DIR\n\n"
    "Compares the pictures of people in DIR (folders as for tebura eval) and writes the calibration section of a\n"
    "manifest: the similarity for each false match rate, as an upper bound with 95 % confidence, so that few people\n"
    "make thresholds higher and not bolder. Put it in place of the section in models/manifest.yaml. Pictures of\n"
    "different sets are not compared: people on one list are seen by one kind of camera.\n\n"
    "  --out FILE        write the section there (default: standard output; what else is said goes to standard error)\n"
    "  --source TEXT     where the pictures come from: kept in the section\n"
    "  --check           also: is a stated FPIR kept on people a calibration has not seen? Half of the people calibrate,\n"
    "                    lists of --lists people (5,10,20) are drawn from the others; --splits times (default 20)\n"
    "  --replicates N    of the bootstrap (default 1000)     --seed N      of all chance (default 1)\n"
    "  --threads N       0: all processors (default)         --json        what was found, as JSON, with the section\n\n"
    "The section says provisional: true below 300 people (with two pictures each) or 30,000 comparisons of different\n"
    "people: fewer cannot show a rate of 1 in 10,000 (rule of 3), and what lies beyond is extrapolated.\n\n"
    "Exit status: 0 done, 1 a stated rate was not kept (--check), 2 it could not be done.\n";

/* A double-quoted YAML text. The text is shown: UTF-8 without control characters. */
static tb_status append_quoted(tb_bytes *out, const char *text)
{
    tb_status status = tb_bytes_append(out, tb_span_text("\""));
    for (; *text && status == TB_OK; text++) {
        if (*text == '"' || *text == '\\')
            status = tb_bytes_append(out, tb_span_text("\\"));
        if (status == TB_OK)
            status = tb_bytes_append(out, tb_span_of(text, 1));
    }
    return status == TB_OK ? tb_bytes_append(out, tb_span_text("\"")) : status;
}

static tb_status append_measured(const tb_calibration_measurement *found, const char *source, tb_bytes *out)
{
    char now[TB_TIME_TEXT_SIZE];
    tb_time_text(tb_clock_now(), now);
    tb_status status = tb_bytes_print(out, "  measured:\n    date: \"%.10s\"\n    source: ", now);
    if (status == TB_OK)
        status = append_quoted(out, source);
    return status == TB_OK
               ? tb_bytes_print(out, "\n    people: %zu\n    pictures: %zu\n    genuine: %zu\n    impostor: %zu\n",
                                found->people, found->samples, found->genuine, found->impostor)
               : status;
}

/* The section. A site's margin, liveness and 1:1 threshold stay as they are. */
static tb_status append_section(const tb_calibration_measurement *found, const tb_calibration *kept, const char *source,
                                tb_bytes *out)
{
    tb_status status = tb_bytes_print(out, "calibration:\n  provisional: %s\n", found->is_enough ? "false" : "true");
    if (status == TB_OK)
        status = append_measured(found, source, out);
    if (status == TB_OK)
        status =
            tb_bytes_print(out, "  curve: # the false match rate at this similarity is lower, with 95 %% confidence\n");
    for (uint32_t i = 0; i < found->knots && status == TB_OK; i++)
        status = tb_bytes_print(out, "    - {fmr: %g, similarity: %.4f} # found: %.4f\n", found->curve[i].fmr,
                                found->curve[i].similarity, found->measured[i].similarity);
    if (status == TB_OK)
        status = tb_bytes_print(
            out,
            "  tail: {fraction: %.6f, start: %.4f, shape: %.4f, scale: %.5f} # generalised Pareto, without the bound\n",
            found->tail.fraction, found->tail.start, found->tail.shape, found->tail.scale);
    if (status == TB_OK && !isnan(found->genuine_quantiles[0]))
        status = tb_bytes_print(out, "  genuine: [%.4f, %.4f, %.4f, %.4f, %.4f] # 0.1, 1, 5, 25, 50 %% lie below\n",
                                found->genuine_quantiles[0], found->genuine_quantiles[1], found->genuine_quantiles[2],
                                found->genuine_quantiles[3], found->genuine_quantiles[4]);
    if (status == TB_OK)
        status = tb_bytes_print(out, "  margin: %.3g\n  verification: %.3g\n  liveness: %.3g\n", kept->margin,
                                kept->verification, kept->liveness);
    return status;
}

struct checks {
    eval_held held[EVAL_LISTS_MAX][EVAL_RATES];
    int is_kept;
};

static tb_status run_checks(const eval_options *options, const tb_comparisons *view, const tb_calibration *calibration,
                            struct checks *out)
{
    tb_status status = TB_OK;
    out->is_kept = 1;
    for (int i = 0; i < options->list_count && options->held_out && status == TB_OK; i++) {
        status = eval_hold_out(options, view, calibration, options->lists[i], out->held[i]);
        for (int k = 0; k < EVAL_RATES; k++)
            out->is_kept &= !out->held[i][k].is_possible || out->held[i][k].result.is_kept;
    }
    return status;
}

static void print_json(const eval_options *options, const tb_calibration_measurement *found,
                       const struct checks *checks, const tb_bytes *section)
{
    json_t *curve = json_array(), *held = json_array();
    for (uint32_t i = 0; i < found->knots; i++)
        json_array_append_new(curve, json_pack("{s:f,s:o,s:o}", "fmr", found->curve[i].fmr, "similarity",
                                               faces_number(found->curve[i].similarity, 4), "found",
                                               faces_number(found->measured[i].similarity, 4)));
    for (int i = 0; i < options->list_count && options->held_out; i++) {
        json_t *results = eval_held_json(checks->held[i]);
        json_array_extend(held, results);
        json_decref(results);
    }
    faces_print_json(json_pack(
        "{s:b,s:I,s:I,s:I,s:I,s:o,s:{s:f,s:f,s:f,s:f},s:o,s:b,s:s%}", "provisional", !found->is_enough, "people",
        (json_int_t)found->people, "pictures", (json_int_t)found->samples, "genuine", (json_int_t)found->genuine,
        "impostor", (json_int_t)found->impostor, "curve", curve, "tail", "fraction", found->tail.fraction, "start",
        found->tail.start, "shape", found->tail.shape, "scale", found->tail.scale, "held_out", held, "kept",
        checks->is_kept, "section", (const char *)section->data, section->size));
}

/* The section alone on standard output: what was checked goes beside it, else the file would be no YAML. */
static void print_text(const eval_options *options, const tb_calibration_measurement *found,
                       const struct checks *checks, const tb_bytes *section)
{
    if (!options->out)
        fwrite(section->data, 1, section->size, stdout);
    else
        printf("%zu people, %zu comparisons of different people: written to %s\n", found->people, found->impostor,
               options->out);
    for (int i = 0; i < options->list_count && options->held_out; i++)
        eval_print_held(options->out ? stdout : stderr, checks->held[i], options->lists[i]);
    if (!found->is_enough)
        fprintf(stderr,
                "tebura calibrate: note: provisional: %zu people are too few to show a rate of 1 in 10,000; "
                "300 with two pictures each are wanted\n",
                found->people);
}

static tb_status measure(const eval_options *options, const eval_folder *folder, const eval_measured *m, int *is_kept,
                         tb_error *why)
{
    tb_calibration_measurement found;
    struct checks checks = {.is_kept = 1};
    tb_bytes section = {0};
    uint32_t *rows = calloc(m->rows + 1, sizeof *rows);
    char *source = eval_showable(options->source);
    tb_comparisons view = {.people = folder->person_count,
                           .samples = m->rows,
                           .sample = rows,
                           .person = m->row_person,
                           .scores = m->scores};
    tb_status status = rows && source ? TB_OK : TB_NO_MEMORY;
    for (size_t i = 0; rows && i < m->rows; i++)
        rows[i] = (uint32_t)i;
    if (status == TB_OK)
        status = tb_calibration_measure(&view, &options->statistics, &found);
    if (status == TB_INVALID_ARGUMENT)
        (void)tb_fail(why, status, "at least 6 people and 100 comparisons of different people are needed to calibrate");
    if (status == TB_OK)
        status = append_section(&found, &m->calibration, source, &section);
    if (status == TB_OK)
        status = run_checks(options, &view, &m->calibration, &checks);
    if (status == TB_OK && options->out)
        status = tb_file_write(options->out, tb_bytes_span(&section), why);
    if (status == TB_OK && options->json)
        print_json(options, &found, &checks, &section);
    else if (status == TB_OK)
        print_text(options, &found, &checks, &section);
    *is_kept = checks.is_kept;
    free(rows);
    free(source);
    tb_bytes_free(&section);
    return status;
}

int command_calibrate(int argc, char **argv)
{
    eval_options options;
    eval_folder folder = {0};
    eval_measured measured = {0};
    tb_error why = {0};
    int is_kept = 0;
    if (app_wants_help(argc, argv))
        return app_help(help);
    tb_status status = eval_parse(argc, argv, &options, &why);
    if (status == TB_OK && strlen(options.source) > 150)
        status = tb_fail(&why, TB_INVALID_ARGUMENT, "--source takes at most 150 bytes");
    if (status == TB_OK && options.out)
        status = app_can_write(options.out, &why);
    if (status == TB_OK)
        status = eval_folder_read(options.root, &folder, &why);
    if (status == TB_OK)
        status = eval_measure(&folder, options.threads, 1, &measured, &why);
    if (status == TB_OK)
        status = measure(&options, &folder, &measured, &is_kept, &why);
    eval_measured_free(&measured);
    eval_folder_free(&folder);
    if (status == TB_OK)
        return is_kept ? APP_YES : APP_NO;
    return faces_fail(&(faces_arguments){.command = "calibrate", .json = options.json}, status, &why);
}
