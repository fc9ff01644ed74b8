/* eval.c: tebura eval DIR: how well are people told apart in folders named by identity? */
#include "eval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faces_common.h"

static const char help[] =
    "usage: tebura eval [--table FILE.csv] [--json] [--lists 5,10,20] [--pictures K] [--fpir RATE]\n"
    "                   [--draws N] [--replicates N] [--seed N] [--threads N] DIR\n\n"
    "Measures how well the networks tell people apart (ISO/IEC 19795-1). DIR holds a folder for each person with\n"
    "pictures in it, or folders of such folders: sets, reported apart and all together. Of a picture with several faces\n"
    "the largest counts. A picture that cannot be read is named, counted and passed over.\n\n"
    "  --table FILE.csv   groups: first line identity,NAME[,NAME...], then a line for each person; error rates by group\n"
    "  --json             one JSON value instead of text\n"
    "  --lists N,N,...    sizes of the lists for 1:N (default 5,10,20)\n"
    "  --pictures K       pictures enrolled of each person on a list, 1 to 5 (default 1)\n"
    "  --fpir RATE        the stated rate at which decisions are tried (default 0.001)\n"
    "  --draws N          lists drawn of each size (default 100)\n"
    "  --replicates N     of the bootstrap, which draws people (default 1000)\n"
    "  --seed N           of all chance: the same seed prints the same figures (default 1)\n"
    "  --threads N        0: all processors (default)\n\n"
    "Names of files stand in the report; pictures, templates and scores of people do not, but those of the worst pairs.\n\n"
    "Exit status: 0 measured, 2 it could not be done (the sentence says what to do).\n";

static tb_status whole(const char *option, const char *value, long least, long most, long *out, tb_error *why)
{
    char *end;
    *out = strtol(value, &end, 10);
    if (end == value || *end || *out < least || *out > most)
        return tb_fail(why, TB_INVALID_ARGUMENT, "%s wants a whole number from %ld to %ld", option, least, most);
    return TB_OK;
}

static tb_status parse_lists(const char *value, eval_options *out, tb_error *why)
{
    out->list_count = 0;
    do {
        char *end;
        long size = strtol(value, &end, 10);
        if (end == value || (*end && *end != ',') || size < 1 || size > EVAL_PICTURES_MAX ||
            out->list_count == EVAL_LISTS_MAX)
            return tb_fail(why, TB_INVALID_ARGUMENT, "--lists wants 1 to %d sizes with commas between them",
                           EVAL_LISTS_MAX);
        out->lists[out->list_count++] = (size_t)size;
        value = *end ? end + 1 : end;
    } while (*value);
    return TB_OK;
}

static tb_status parse_value(const char *option, const char *value, eval_options *out, tb_error *why)
{
    long number = 0;
    char *end;
    tb_status status = TB_OK;
    if (strcmp(option, "--table") == 0) {
        out->table = value;
    } else if (strcmp(option, "--lists") == 0) {
        status = parse_lists(value, out, why);
    } else if (strcmp(option, "--pictures") == 0) {
        status = whole(option, value, 1, 5, &number, why);
        out->pictures = (int)number;
    } else if (strcmp(option, "--draws") == 0) {
        status = whole(option, value, 1, 100000, &number, why);
        out->draws = (int)number;
    } else if (strcmp(option, "--replicates") == 0) {
        status = whole(option, value, 2, 100000, &number, why);
        out->statistics.replicates = (int)number;
    } else if (strcmp(option, "--threads") == 0) {
        status = whole(option, value, 0, EVAL_THREADS_MAX, &number, why);
        out->threads = (int)number;
    } else if (strcmp(option, "--seed") == 0) {
        status = whole(option, value, 0, 1000000000, &number, why);
        out->statistics.seed = (uint64_t)number;
    } else {
        out->fpir = strtod(value, &end);
        if (end == value || *end || !(out->fpir >= 1e-9 && out->fpir <= 0.5))
            status = tb_fail(why, TB_INVALID_ARGUMENT, "--fpir wants a rate from 1e-9 to 0.5");
    }
    return status;
}

static int takes_value(const char *option)
{
    static const char *const all[] = {"--table",      "--lists", "--pictures", "--draws",
                                      "--replicates", "--seed",  "--threads",  "--fpir"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(option, all[i]) == 0)
            return 1;
    return 0;
}

static tb_status parse(int argc, char **argv, eval_options *out, tb_error *why)
{
    *out = (eval_options){.lists = {5, 10, 20},
                          .list_count = 3,
                          .pictures = 1,
                          .draws = 100,
                          .fpir = TB_DEFAULT_FPIR,
                          .statistics = {.seed = 1, .replicates = 1000}};
    tb_status status = TB_OK;
    for (int i = 1; i < argc; i++) /* a fault before it is told as JSON too */
        out->json |= strcmp(argv[i], "--json") == 0;
    for (int i = 1, words_only = 0; i < argc && status == TB_OK; i++) {
        int is_option = !words_only && argv[i][0] == '-' && argv[i][1];
        if (is_option && strcmp(argv[i], "--") == 0)
            words_only = 1;
        else if (is_option && strcmp(argv[i], "--json") == 0)
            continue;
        else if (is_option && !takes_value(argv[i]))
            status = tb_fail(why, TB_INVALID_ARGUMENT, "there is no option %.60s; see tebura eval --help", argv[i]);
        else if (is_option && i + 1 == argc)
            status = tb_fail(why, TB_INVALID_ARGUMENT, "%s wants a value; see tebura eval --help", argv[i]);
        else if (is_option)
            status = parse_value(argv[i], argv[i + 1], out, why), i++;
        else if (out->root)
            status = tb_fail(why, TB_INVALID_ARGUMENT, "'%.60s' is one word too many; see tebura eval --help", argv[i]);
        else
            out->root = argv[i];
    }
    if (status == TB_OK && !out->root)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "a folder is wanted; see tebura eval --help");
    return status;
}

static tb_status evaluate(const eval_options *options, tb_error *why)
{
    eval_folder folder = {0};
    eval_measured measured = {0};
    eval_report report = {0};
    tb_status status = eval_folder_read(options->root, &folder, why);
    if (status == TB_OK)
        status = eval_measure(&folder, options->threads, &measured, why);
    if (status == TB_OK)
        status = eval_report_make(options, &folder, &measured, &report, why);
    if (status == TB_OK && options->json)
        faces_print_json(eval_to_json(&report));
    else if (status == TB_OK)
        eval_print_text(&report);
    eval_report_free(&report);
    eval_measured_free(&measured);
    eval_folder_free(&folder);
    return status;
}

int command_eval(int argc, char **argv)
{
    eval_options options;
    tb_error why = {0};
    if (app_wants_help(argc, argv))
        return app_help(help);
    tb_status status = parse(argc, argv, &options, &why);
    if (status == TB_OK)
        status = evaluate(&options, &why);
    if (status == TB_OK)
        return APP_YES;
    return faces_fail(&(faces_arguments){.command = "eval", .json = options.json}, status, &why);
}
