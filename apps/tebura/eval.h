/* eval.h: what the parts of tebura eval and tebura calibrate share: pictures in folders named by identity, their
 * templates, the scores, the results. */
#ifndef TEBURA_APP_EVAL_H
#define TEBURA_APP_EVAL_H

#include <stdio.h>

#include <jansson.h>

#include <tebura/evaluation.h>
#include <tebura/face.h>

#include "command.h"

enum {
    EVAL_PICTURES_MAX = 20000,
    EVAL_LISTS_MAX = 8,
    EVAL_THREADS_MAX = 64,
    EVAL_ATTRIBUTES_MAX = 8,
    EVAL_GROUPS_MAX = 32,
    EVAL_WORST = 12
};

typedef enum eval_outcome { EVAL_WAITING, EVAL_TEMPLATE, EVAL_UNREADABLE, EVAL_NO_FACE, EVAL_NO_TEMPLATE } eval_outcome;

typedef struct eval_picture {
    char *path; /* from the folder given, as it lies on the disk */
    char *name; /* the same, fit to be shown: UTF-8, no control characters */
    uint32_t person, row;
    eval_outcome outcome;
    int faces;
    tb_status advice;        /* TB_OK, or what quality would ask the person to mend */
    tb_error why;            /* of a picture that gave no template */
    int64_t decoding, total; /* microseconds */
} eval_picture;

typedef struct eval_person {
    char *name; /* of the folder, fit to be shown */
    /* namesake: the first person of that name; people of one name in two sets are never compared */
    uint32_t set, namesake;
} eval_person;

typedef struct eval_folder {
    const char *root;
    eval_picture *pictures;
    eval_person *people;
    char **sets; /* "" is the root itself */
    size_t picture_count, picture_room, person_count, person_room, set_count, set_room;
    size_t aside; /* files and links that are no pictures of anybody */
} eval_folder;

/* Finds the pictures. An identity is a folder with pictures in it; the folder above it is the set. Hidden files, links
 * and files that are no pictures are left aside. TB_NOT_FOUND, TB_TOO_LARGE, TB_IO, TB_NO_MEMORY with a sentence. */
tb_status eval_folder_read(const char *root, eval_folder *out, tb_error *why) TB_MUST_CHECK;
void eval_folder_free(eval_folder *folder);
/* Text fit to be shown, from malloc: what is no UTF-8, controls and marks that turn the writing round become U+FFFD. */
char *eval_showable(const char *text);

typedef struct eval_measured {
    size_t rows;          /* pictures with a template */
    uint32_t *row_person; /* of each row */
    uint32_t *row_picture;
    tb_template *templates; /* secret memory, of each row */
    float *scores;          /* triangle */
    int threads;
    double seconds;                     /* wall clock */
    double compare_median, compare_p99; /* microseconds for one comparison */
    uint32_t model;
    int is_provisional;
    tb_calibration calibration;
} eval_measured;

/* Templates and scores of all pictures, on `threads` threads (0: all processors), with a progress bar on a terminal.
 * A picture that gives none has its reason in it and is passed over. `within_sets`: only pictures of one set are
 * compared with each other. */
tb_status eval_measure(eval_folder *folder, int threads, int within_sets, eval_measured *out,
                       tb_error *why) TB_MUST_CHECK;
void eval_measured_free(eval_measured *measured); /* wipes */

/* "what 12/40, 5 s left" on standard error when that is a terminal; done == total ends the line. */
void eval_progress(const char *what, size_t done, size_t total, int64_t since);

typedef struct eval_options {
    const char *root, *table, *html, *out, *source;
    size_t lists[EVAL_LISTS_MAX];
    int list_count, json, threads, pictures, draws, splits, held_out, provisional;
    double fpir;
    tb_evaluation_options statistics;
} eval_options;

#define EVAL_RATES 3 /* 10, 5 and 1 % */
typedef struct eval_held {
    int is_possible;
    tb_held_out result;
} eval_held;

typedef struct eval_list {
    size_t size;
    int is_possible;
    tb_identification identification;
    tb_decisions decisions;           /* with the manifest's calibration at options.fpir */
    double search_median, search_p99; /* microseconds */
    eval_held held[EVAL_RATES];
} eval_list;

typedef struct eval_worst {
    uint32_t a, b; /* rows */
    float score;
} eval_worst;

typedef struct eval_set {
    const char *name;
    size_t people, pictures, unreadable, no_face, no_template, several, below_quality, rows;
    tb_estimate ftd; /* failure to detect: of the readable pictures */
    tb_estimate fta; /* failure to acquire: of all pictures, with those below quality */
    int has_verification;
    tb_verification verification;
    tb_estimate fmr, fnmr; /* at the manifest's threshold for 1:1 */
    eval_list lists[EVAL_LISTS_MAX];
    int list_count;
    eval_worst genuine[EVAL_WORST], impostor[EVAL_WORST]; /* lowest and highest */
    int genuine_count, impostor_count;
} eval_set;

typedef struct eval_group {
    char *name;
    size_t people, pictures;
    tb_estimate ftd, fmr, fnmr; /* rates at the manifest's threshold; impostors of the same group */
    size_t genuine, impostor;
} eval_group;

typedef struct eval_attribute {
    char *name;
    eval_group groups[EVAL_GROUPS_MAX];
    int group_count;
    size_t unstated;                         /* people of whom the table says nothing */
    double worst_fmr, worst_fnmr, worst_ftd; /* highest over lowest; NaN when that cannot be said */
} eval_attribute;

typedef struct eval_report {
    const eval_options *options;
    const eval_folder *folder;
    const eval_measured *measured;
    eval_set *sets; /* each set, then all together when there are several */
    size_t set_count;
    eval_attribute *attributes;
    int attribute_count;
    size_t strangers;              /* rows of the table that name nobody here */
    int64_t median, p99, decoding; /* picture to template, microseconds */
} eval_report;

/* Holds out people at these rates; those impossible with so few are left so. */
tb_status eval_hold_out(const eval_options *options, const tb_comparisons *comparisons,
                        const tb_calibration *calibration, size_t list, eval_held out[EVAL_RATES]) TB_MUST_CHECK;

/* A command's arguments; `command` is eval or calibrate. */
tb_status eval_parse(int argc, char **argv, eval_options *out, tb_error *why) TB_MUST_CHECK;

tb_status eval_report_make(const eval_options *options, const eval_folder *folder, const eval_measured *measured,
                           eval_report *out, tb_error *why) TB_MUST_CHECK;
void eval_report_free(eval_report *report);

void eval_print_text(const eval_report *report);
void eval_print_held(FILE *to, const eval_held held[EVAL_RATES], size_t list);
json_t *eval_held_json(const eval_held held[EVAL_RATES]);
/* One HTML file that opens without a network. TB_IO, TB_DISK_FULL, TB_NO_MEMORY. */
tb_status eval_write_html(const eval_report *report, const char *path, tb_error *why) TB_MUST_CHECK;
json_t *eval_to_json(const eval_report *report); /* NULL: out of memory */

#endif
