/* selftest_pad.c: tebura selftest pad: how often attacks are taken for people and people for attacks, in the terms of
 * ISO/IEC 30107-3. SIMULATED presentations unless films are given. */
#include "pad.h"
#include "selftest.h"

#include <dirent.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faces_common.h"

static const char help[] =
    "usage: tebura selftest pad [--faces DIR] [--subjects N] [--pictures N] [--without-active] [--kinds LIST]\n"
    "       tebura selftest pad --clips DIR [--rate N]\n\n"
    "Presentation-attack detection: attacks taken for people (APCER, by kind of attack) and people taken for attacks\n"
    "(BPCER), each with its 95 % interval, in the sense of ISO/IEC 30107-3; for the network alone, with motion and\n"
    "source, and with challenges.\n\n"
    "Without --clips everything is SIMULATED from photographs: attacks, and a head of guessed depth in place of\n"
    "people. It shows that the checks work. It says nothing about your cameras, lights and visitors.\n\n"
    "  --faces DIR        photographs: folders by person, or pictures; default: those of the demo\n"
    "  --subjects N       people to make presentations of (default 12, at most 64); each takes up to a minute\n"
    "  --pictures N       pictures before anything is asked (default 36; 15 are a second)\n"
    "  --size N           height of the pictures in pixels (default 480)\n"
    "  --without-active   no challenges\n"
    "  --kinds LIST       only these kinds of presentations; names as in the table\n"
    "  --clips DIR        real recordings: DIR/bona_fide/*.mp4, DIR/<kind of attack>/*.mp4 (any film FFmpeg reads)\n"
    "  --rate N           pictures a second of the films (default 25)\n"
    "  --max-apcer P      the worst kind's limit in per cent; --max-bpcer P likewise: exit status 1 when exceeded\n"
    "  --details          one line for each presentation on standard error\n"
    "  --json             JSON on standard output\n"
    "  --models FILE      manifest of the networks\n\n"
    "Exit status: 0 within the limits given, 1 not, 2 it could not be done.\n";

struct options {
    const char *faces, *clips, *kinds, *models;
    int subjects, pictures, size, rate, without_active, details, json;
    double max_apcer, max_bpcer; /* shares; above 1: no limit */
};

struct test {
    struct options options;
    tb_engine *engine;
    attack_subject *subjects;
    int subject_count, left_out, unreadable;
    pad_counts kinds[PAD_KINDS_MAX];
    int kind_count;
    int done, all, progress;
};

/* ---- figures ---- */

void pad_interval(int hits, int all, double *low, double *high)
{
    const double z = 1.959964;
    *low = 0, *high = 1;
    if (all <= 0)
        return;
    double p = (double)hits / all, n = all, middle = p + z * z / (2 * n), below = 1 + z * z / n;
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    *low = fmax(0, (middle - half) / below);
    *high = fmin(1, (middle + half) / below);
}

/* Wrongly judged at this stage: an attack called live, a person not. */
static int errors_of(const pad_counts *kind, pad_stage stage)
{
    return kind->is_attack ? kind->live[stage] : kind->judged[stage] - kind->live[stage];
}

static void count(struct test *test, pad_counts *kind, const pad_result *result)
{
    kind->presentations++;
    if (!result->responded)
        kind->silent++;
    for (int stage = 0; stage < PAD_STAGES && result->responded; stage++) {
        kind->judged[stage] += result->has[stage];
        kind->live[stage] += result->has[stage] && result->live[stage];
    }
    test->done++;
    if (test->progress)
        fprintf(stderr, "\r%d of %d presentations", test->done, test->all);
}

static const char *stage_name(int stage)
{
    static const char *const names[] = {"passive", "combined", "active"};
    return names[stage];
}

static void tell(const struct test *test, const char *kind, int number, const pad_result *result)
{
    if (!test->options.details)
        return;
    for (int stage = PAD_COMBINED; stage < PAD_STAGES; stage++) {
        const tb_liveness_verdict *v = &result->verdict[stage];
        if (!result->has[stage])
            continue;
        fprintf(stderr, "%s%-15s %2d %-8s score %.3f %-14s passive %.2f motion %-7s bend %.3f residue %.2f",
                test->progress ? "\r" : "", kind, number, stage_name(stage), (double)v->score,
                tb_status_name(v->status), (double)v->passive, tb_motion_name(v->motion), (double)v->bend,
                (double)v->residue);
        fprintf(stderr, " %s\n", result->responded ? v->why : "no response");
    }
}

/* ---- simulated presentations ---- */

static int is_wanted(const struct options *options, const char *name)
{
    const char *at = options->kinds;
    size_t length = strlen(name);
    for (; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0)
            return 1;
    return !options->kinds;
}

static tb_status simulate_kind(struct test *test, attack_kind kind)
{
    pad_counts *counts = &test->kinds[test->kind_count++];
    snprintf(counts->name, sizeof counts->name, "%s", attack_name(kind));
    counts->title = attack_title(kind);
    counts->is_attack = kind != ATTACK_BONA_FIDE;
    for (int i = 0; i < test->subject_count; i++) {
        pad_result result;
        tb_status status = pad_present(test->engine, &test->subjects[i], kind, (uint32_t)(100 * i + (int)kind + 1),
                                       test->options.pictures, !test->options.without_active, &result);
        if (status != TB_OK)
            return status;
        count(test, counts, &result);
        tell(test, counts->name, i, &result);
    }
    return TB_OK;
}

/* All of them, with commas between. */
static const char *kind_names(char out[400])
{
    int used = 0;
    for (int kind = 0; kind < ATTACK_COUNT && used < 400; kind++)
        used += snprintf(out + used, (size_t)(400 - used), "%s%s", kind ? ", " : "", attack_name((attack_kind)kind));
    return out;
}

static tb_status simulate(struct test *test, tb_error *why)
{
    int wanted = 0;
    char names[400];
    for (int kind = 0; kind < ATTACK_COUNT; kind++)
        wanted += is_wanted(&test->options, attack_name((attack_kind)kind));
    if (!wanted)
        return tb_fail(why, TB_INVALID_ARGUMENT, "--kinds names none of the kinds: %s", kind_names(names));
    test->subjects = calloc(PAD_SUBJECTS_MAX, sizeof *test->subjects);
    if (!test->subjects)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    tb_status status = pad_subjects_read(test->engine, test->options.faces, test->options.subjects, test->options.size,
                                         test->subjects, &test->subject_count, &test->left_out, why);
    test->all = wanted * test->subject_count;
    for (int kind = 0; status == TB_OK && kind < ATTACK_COUNT; kind++)
        if (is_wanted(&test->options, attack_name((attack_kind)kind)))
            status = simulate_kind(test, (attack_kind)kind);
    for (int i = 0; i < test->subject_count; i++)
        attack_clear(&test->subjects[i]);
    free(test->subjects);
    return status;
}

/* ---- recorded presentations ---- */

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static tb_status play_kind(struct test *test, const char *name)
{
    char folder[PAD_PATH_SIZE];
    struct dirent **names = NULL;
    int fits = snprintf(folder, sizeof folder, "%s/%s", test->options.clips, name) < (int)sizeof folder;
    int films = fits ? scandir(folder, &names, is_visible, alphasort) : -1;
    if (films < 0)
        return TB_OK; /* a file beside the folders */
    pad_counts *counts = &test->kinds[test->kind_count++];
    snprintf(counts->name, sizeof counts->name, "%.60s", name);
    counts->title = "recorded";
    counts->is_attack = strcmp(name, "bona_fide") != 0;
    test->all += films;
    tb_status status = TB_OK;
    for (int i = 0; i < films; i++) {
        char path[PAD_PATH_SIZE];
        pad_result result;
        tb_error why = {0};
        fits = snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name) < (int)sizeof path;
        tb_status one = status != TB_OK ? status
                        : fits          ? pad_present_clip(test->engine, path, test->options.rate, &result, &why)
                                        : TB_INVALID_ARGUMENT;
        if (status == TB_OK && one == TB_OK) {
            count(test, counts, &result);
            tell(test, counts->name, i, &result);
        } else if (status == TB_OK && (one == TB_NO_MEMORY || one == TB_MODEL_FAILED)) {
            status = one;
        } else if (status == TB_OK) { /* said and counted, not passed over */
            test->unreadable++;
            why.status = why.status ? why.status : one;
            fprintf(stderr, "%s: %s\n", path, tb_error_text(&why));
        }
        free(names[i]);
    }
    free(names);
    return status;
}

static tb_status play(struct test *test, tb_error *why)
{
    struct dirent **names = NULL;
    int folders = scandir(test->options.clips, &names, is_visible, alphasort);
    if (folders < 0)
        return tb_fail(why, TB_NOT_FOUND, "%s: the folder cannot be read", test->options.clips);
    tb_status status = TB_OK;
    for (int i = 0; i < folders; i++) {
        if (status == TB_OK && test->kind_count < PAD_KINDS_MAX)
            status = play_kind(test, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    if (status == TB_OK && test->done == 0)
        return tb_fail(why, TB_NOT_FOUND, "%s: no films in bona_fide/ or in folders named by the kind of attack",
                       test->options.clips);
    return status;
}

/* ---- the report ---- */

/* The worst kind's APCER, or the BPCER, at the last stage that was judged. */
static double worst(const struct test *test, int attacks)
{
    double most = -1;
    for (int i = 0; i < test->kind_count; i++) {
        const pad_counts *kind = &test->kinds[i];
        int stage = kind->judged[PAD_ACTIVE] ? PAD_ACTIVE : PAD_COMBINED;
        if (kind->is_attack == attacks && kind->judged[stage])
            most = fmax(most, (double)errors_of(kind, (pad_stage)stage) / kind->judged[stage]);
    }
    return most;
}

static const char *note(const struct test *test)
{
    return test->options.clips
               ? "Recorded presentations; the challenges were not judged."
               : "SIMULATED: says that the checks work, nothing about your cameras, lights and visitors.";
}

static void print_table(const struct test *test)
{
    printf("%s\n", note(test));
    if (!test->options.clips)
        printf("%d people; %d more left out: not frontal, or refused by the network as photographed\n",
               test->subject_count, test->left_out);
    if (test->unreadable)
        printf("films that could not be read: %d\n", test->unreadable);
    printf("\n%-16s %5s %6s  %-22s %-22s %-22s\n", "kind", "shown", "silent", "passive alone", "+ motion and source",
           "+ challenges");
    for (int i = 0; i < test->kind_count; i++) {
        const pad_counts *kind = &test->kinds[i];
        printf("%-16s %5d %6d ", kind->name, kind->presentations, kind->silent);
        for (int stage = 0; stage < PAD_STAGES; stage++) {
            double low, high;
            int judged = kind->judged[stage], wrong = errors_of(kind, (pad_stage)stage);
            pad_interval(wrong, judged, &low, &high);
            char cell[40] = "-";
            if (judged)
                snprintf(cell, sizeof cell, "%5.1f %% (%.1f .. %.1f)", 100.0 * wrong / judged, 100 * low, 100 * high);
            printf(" %-22s", cell);
        }
        printf(" %s%s\n", kind->is_attack ? "APCER " : "BPCER ", kind->title);
    }
    printf(
        "\nAPCER: share of attacks called live; BPCER: share of people called attacks; in brackets 95 %% (Wilson).\n");
    if (worst(test, 1) >= 0)
        printf("APCER of the worst kind, in the last column judged: %.1f %%\n", 100 * worst(test, 1));
    if (worst(test, 0) >= 0)
        printf("BPCER, in the last column judged: %.1f %%\n", 100 * worst(test, 0));
}

static json_t *share(double value)
{
    return value < 0 ? json_null() : json_real(round(value * 1e6) / 1e6);
}

static json_t *kind_json(const pad_counts *kind)
{
    json_t *object = json_pack("{s:s, s:s, s:b, s:i, s:i}", "kind", kind->name, "about", kind->title, "attack",
                               kind->is_attack, "presentations", kind->presentations, "non_responses", kind->silent);
    for (int stage = 0; object && stage < PAD_STAGES; stage++) {
        double low, high;
        int judged = kind->judged[stage], wrong = errors_of(kind, (pad_stage)stage);
        if (!judged)
            continue;
        pad_interval(wrong, judged, &low, &high);
        json_t *one = json_pack("{s:i, s:i, s:o, s:[o, o]}", "judged", judged, "wrong", wrong,
                                kind->is_attack ? "apcer" : "bpcer", share((double)wrong / judged), "interval_95",
                                share(low), share(high));
        if (!one || json_object_set_new(object, stage_name(stage), one) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static int print_json(const struct test *test)
{
    json_t *kinds = json_array();
    int failed = !kinds;
    for (int i = 0; !failed && i < test->kind_count; i++)
        failed = json_array_append_new(kinds, kind_json(&test->kinds[i])) != 0;
    json_t *object =
        json_pack("{s:b, s:s, s:i, s:i, s:i, s:o, s:o, s:o}", "simulation", !test->options.clips, "note", note(test),
                  "subjects", test->subject_count, "left_out", test->left_out, "unreadable", test->unreadable,
                  "apcer_worst", share(worst(test, 1)), "bpcer", share(worst(test, 0)), "kinds", kinds);
    failed |= !object || json_dumpf(object, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF;
    json_decref(object);
    return !failed;
}

/* ---- the command line ---- */

static int number(const char *text, double low, double high, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && *out >= low && *out <= high;
}

static tb_status wrong(tb_error *why, const char *name, double low, double high)
{
    return tb_fail(why, TB_INVALID_ARGUMENT, "--%s wants a number from %g to %g", name, low, high);
}

static tb_status parse(int argc, char **argv, struct options *out, tb_error *why)
{
    enum { FACES = 1, CLIPS, KINDS, MODELS, SUBJECTS, PICTURES, SIZE, RATE, APCER, BPCER };
    const struct option options[] = {{"faces", 1, NULL, FACES},
                                     {"clips", 1, NULL, CLIPS},
                                     {"kinds", 1, NULL, KINDS},
                                     {"models", 1, NULL, MODELS},
                                     {"subjects", 1, NULL, SUBJECTS},
                                     {"pictures", 1, NULL, PICTURES},
                                     {"size", 1, NULL, SIZE},
                                     {"rate", 1, NULL, RATE},
                                     {"max-apcer", 1, NULL, APCER},
                                     {"max-bpcer", 1, NULL, BPCER},
                                     {"without-active", 0, &out->without_active, 1},
                                     {"details", 0, &out->details, 1},
                                     {"json", 0, &out->json, 1},
                                     {NULL, 0, NULL, 0}};
    *out = (struct options){.subjects = 12, .pictures = 36, .size = 480, .rate = 25, .max_apcer = 2, .max_bpcer = 2};
    const char **texts[] = {
        [FACES] = &out->faces, [CLIPS] = &out->clips, [KINDS] = &out->kinds, [MODELS] = &out->models};
    const struct {
        int *at;
        double low, high;
    } numbers[] = {[SUBJECTS] = {&out->subjects, 1, PAD_SUBJECTS_MAX},
                   [PICTURES] = {&out->pictures, 4, 600},
                   [SIZE] = {&out->size, 120, 1080},
                   [RATE] = {&out->rate, 1, 240}};
    int index = 0;
    for (int i = 1; i < argc; i++) /* a fault before it is told as JSON too */
        out->json |= strcmp(argv[i], "--json") == 0;
    optind = 0;
    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, "", options, &index)) != -1;) {
        double value;
        if (got == '?')
            return tb_fail(why, TB_INVALID_ARGUMENT,
                           "there is no option %.60s, or its value is missing; see tebura selftest pad --help",
                           argv[optind - 1]);
        if (got >= FACES && got <= MODELS) {
            *texts[got] = optarg;
        } else if (got >= SUBJECTS && got <= RATE) {
            if (!number(optarg, numbers[got].low, numbers[got].high, &value))
                return wrong(why, options[index].name, numbers[got].low, numbers[got].high);
            *numbers[got].at = (int)value;
        } else if (got == APCER || got == BPCER) {
            if (!number(optarg, 0, 100, &value))
                return wrong(why, options[index].name, 0, 100);
            *(got == APCER ? &out->max_apcer : &out->max_bpcer) = value / 100;
        }
    }
    if (optind < argc)
        return tb_fail(why, TB_INVALID_ARGUMENT, "'%.60s' is one word too many; see tebura selftest pad --help",
                       argv[optind]);
    return TB_OK;
}

static int within(const struct test *test)
{
    double apcer = worst(test, 1), bpcer = worst(test, 0);
    if (apcer > test->options.max_apcer)
        fprintf(stderr, "tebura selftest pad: an APCER of %.1f %% exceeds the limit\n", 100 * apcer);
    if (bpcer > test->options.max_bpcer)
        fprintf(stderr, "tebura selftest pad: a BPCER of %.1f %% exceeds the limit\n", 100 * bpcer);
    /* a limit for something that was not measured is not kept */
    int unmeasured = (apcer < 0 && test->options.max_apcer <= 1) || (bpcer < 0 && test->options.max_bpcer <= 1);
    if (unmeasured)
        fputs("tebura selftest pad: nothing was measured for one of the limits\n", stderr);
    return !unmeasured && apcer <= test->options.max_apcer && bpcer <= test->options.max_bpcer;
}

int selftest_pad(int argc, char **argv)
{
    struct test test = {0};
    tb_error why = {0};
    if (app_wants_help(argc, argv))
        return app_help(help);
    tb_status status = parse(argc, argv, &test.options, &why);
    tb_engine_options engine = {.manifest = test.options.models, .with_pose = 1, .with_eyes = 1};
    if (status == TB_OK)
        status = tb_engine_open(&engine, &test.engine, &why);
    test.progress = isatty(STDERR_FILENO) && !test.options.details;
    if (status == TB_OK)
        status = test.options.clips ? play(&test, &why) : simulate(&test, &why);
    if (test.progress)
        fputs("\r                                  \r", stderr);
    tb_engine_free(&test.engine);
    if (status != TB_OK)
        return faces_fail(&(faces_arguments){.command = "selftest pad", .json = test.options.json}, status, &why);
    if (!test.options.json)
        print_table(&test);
    else if (!print_json(&test))
        return APP_ERROR;
    return within(&test) ? APP_YES : APP_NO;
}
