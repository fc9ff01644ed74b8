/* eval_options.c: the arguments of tebura eval and tebura calibrate. */
#include "eval.h"

#include <stdlib.h>
#include <string.h>

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
    if (strcmp(option, "--html") == 0) {
        out->html = value;
    } else if (strcmp(option, "--table") == 0) {
        out->table = value;
    } else if (strcmp(option, "--out") == 0) {
        out->out = value;
    } else if (strcmp(option, "--source") == 0) {
        out->source = value;
    } else if (strcmp(option, "--splits") == 0) {
        status = whole(option, value, 1, 1000, &number, why);
        out->splits = (int)number;
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

static const struct option {
    const char *name;
    int has_value, is_eval, is_calibrate;
} all_options[] = {{"--html", 1, 1, 0},    {"--table", 1, 1, 0},    {"--lists", 1, 1, 1},      {"--pictures", 1, 1, 0},
                   {"--draws", 1, 1, 0},   {"--fpir", 1, 1, 0},     {"--replicates", 1, 1, 1}, {"--seed", 1, 1, 1},
                   {"--threads", 1, 1, 1}, {"--splits", 1, 1, 1},   {"--out", 1, 0, 1},        {"--source", 1, 0, 1},
                   {"--json", 0, 1, 1},    {"--held-out", 0, 1, 0}, {"--check", 0, 0, 1}};

static const struct option *find_option(const char *command, const char *name)
{
    int is_eval = strcmp(command, "eval") == 0;
    for (size_t i = 0; i < sizeof all_options / sizeof *all_options; i++)
        if (strcmp(name, all_options[i].name) == 0 && (is_eval ? all_options[i].is_eval : all_options[i].is_calibrate))
            return &all_options[i];
    return NULL;
}

/* One option at argv[*at]; moves *at over its value. */
static tb_status parse_option(int argc, char **argv, int *at, eval_options *out, tb_error *why)
{
    const char *name = argv[*at];
    const struct option *option = find_option(argv[0], name);
    if (!option)
        return tb_fail(why, TB_INVALID_ARGUMENT, "there is no option %.60s; see tebura %s --help", name, argv[0]);
    if (!option->has_value) {
        out->held_out |= strcmp(name, "--json") != 0; /* the other two ask for the same */
        return TB_OK;
    }
    if (*at + 1 >= argc)
        return tb_fail(why, TB_INVALID_ARGUMENT, "%s wants a value; see tebura %s --help", name, argv[0]);
    return parse_value(name, argv[++*at], out, why);
}

tb_status eval_parse(int argc, char **argv, eval_options *out, tb_error *why)
{
    *out = (eval_options){.lists = {5, 10, 20},
                          .list_count = 3,
                          .pictures = 1,
                          .draws = 100,
                          .splits = 20,
                          .fpir = TB_DEFAULT_FPIR,
                          .source = "not stated",
                          .statistics = {.seed = 1, .replicates = 1000}};
    tb_status status = TB_OK;
    for (int i = 1; i < argc; i++) /* a fault before it is told as JSON too */
        out->json |= strcmp(argv[i], "--json") == 0;
    for (int i = 1, words_only = 0; i < argc && status == TB_OK; i++) {
        int is_option = !words_only && argv[i][0] == '-' && argv[i][1];
        if (is_option && strcmp(argv[i], "--") == 0)
            words_only = 1;
        else if (is_option)
            status = parse_option(argc, argv, &i, out, why);
        else if (out->root)
            status = tb_fail(why, TB_INVALID_ARGUMENT, "'%.60s' is one word too many; see tebura %s --help", argv[i],
                             argv[0]);
        else
            out->root = argv[i];
    }
    if (status == TB_OK && !out->root)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "a folder is wanted; see tebura %s --help", argv[0]);
    return status;
}
