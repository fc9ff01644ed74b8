/* eval_table.c: a CSV file says of each person which groups they belong to; figures by group (ISO/IEC 19795-10). */
#include "eval_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_SIZE = 128, TABLE_LIMIT = 16 << 20, NOT_STATED = 255 };

struct table {
    const char *text, *end;
    int line;
    uint8_t *group; /* by attribute and person: number of the group, or NOT_STATED */
};

/* ---- CSV (RFC 4180): commas, quotes doubled inside quotes ---- */

/* The next cell into `out`; *last is set at the end of the line. */
static tb_status read_cell(struct table *table, char out[CELL_SIZE], int *last, tb_error *why)
{
    size_t used = 0;
    int is_quoted = table->text < table->end && *table->text == '"';
    table->text += is_quoted;
    for (;; table->text++) {
        int is_end = table->text == table->end;
        if (is_quoted && is_end)
            return tb_fail(why, TB_MALFORMED, "the table, line %d: a quotation mark is not closed", table->line);
        if (is_quoted && *table->text == '"') {
            is_quoted = table->text + 1 < table->end && table->text[1] == '"';
            if (!is_quoted)
                continue;
            table->text++;
        } else if (!is_quoted && (is_end || *table->text == ',' || *table->text == '\n')) {
            break;
        }
        if (!is_quoted && *table->text == '\r')
            continue;
        if (used + 1 >= CELL_SIZE)
            return tb_fail(why, TB_MALFORMED, "the table, line %d: a cell is longer than %d bytes", table->line,
                           CELL_SIZE - 1);
        out[used++] = *table->text;
    }
    *last = table->text == table->end || *table->text == '\n';
    table->line += *last;
    table->text += table->text < table->end;
    while (used && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
    return TB_OK;
}

/* ---- people ---- */

static int is_named(const eval_folder *folder, const eval_person *person, const char *shown)
{
    const char *set = folder->sets[person->set];
    size_t size = strlen(set);
    if (strcmp(person->name, shown) == 0)
        return 1;
    return size && strncmp(shown, set, size) == 0 && shown[size] == '/' && strcmp(shown + size + 1, person->name) == 0;
}

static tb_status group_number(eval_attribute *attribute, const char *cell, int line, uint8_t *number, tb_error *why)
{
    char *shown = eval_showable(cell);
    if (!shown)
        return TB_NO_MEMORY;
    for (int i = 0; i < attribute->group_count; i++)
        if (strcmp(attribute->groups[i].name, shown) == 0) {
            free(shown);
            *number = (uint8_t)i;
            return TB_OK;
        }
    if (attribute->group_count == EVAL_GROUPS_MAX) {
        free(shown);
        return tb_fail(why, TB_TOO_LARGE, "the table, line %d: more than %d groups in one column", line,
                       EVAL_GROUPS_MAX);
    }
    *number = (uint8_t)attribute->group_count;
    attribute->groups[attribute->group_count++].name = shown;
    return TB_OK;
}

static tb_status read_header(struct table *table, eval_report *report, tb_error *why)
{
    char cell[CELL_SIZE];
    int last = 0;
    if (table->end - table->text >= 3 && memcmp(table->text, "\xef\xbb\xbf", 3) == 0)
        table->text += 3;
    tb_status status = read_cell(table, cell, &last, why);
    if (status == TB_OK && (last || strcmp(cell, "identity") != 0))
        return tb_fail(why, TB_MALFORMED,
                       "the table: the first line has to be identity,NAME[,NAME...], with the names of the groupings");
    while (status == TB_OK && !last) {
        status = read_cell(table, cell, &last, why);
        if (status == TB_OK && (report->attribute_count == EVAL_ATTRIBUTES_MAX || !cell[0]))
            return tb_fail(why, TB_MALFORMED, "the table: 1 to %d named groupings are wanted", EVAL_ATTRIBUTES_MAX);
        if (status == TB_OK && !(report->attributes[report->attribute_count++].name = eval_showable(cell)))
            return TB_NO_MEMORY;
    }
    return status;
}

static tb_status read_line(struct table *table, eval_report *report, tb_error *why)
{
    char identity[CELL_SIZE], cell[CELL_SIZE];
    int last = 0, known = 0, line = table->line;
    size_t people = report->folder->person_count;
    tb_status status = read_cell(table, identity, &last, why);
    if (status != TB_OK || (last && !identity[0]))
        return status;
    char *shown = eval_showable(identity);
    if (!shown)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < people; i++)
        known |= is_named(report->folder, &report->folder->people[i], shown);
    report->strangers += !known;
    for (int column = 0; column < report->attribute_count && status == TB_OK; column++) {
        uint8_t number = NOT_STATED;
        if (last)
            status = tb_fail(why, TB_MALFORMED, "the table, line %d: fewer cells than the first line has", line);
        else
            status = read_cell(table, cell, &last, why);
        if (status == TB_OK && cell[0] && known)
            status = group_number(&report->attributes[column], cell, line, &number, why);
        for (size_t i = 0; i < people && status == TB_OK && number != NOT_STATED; i++)
            if (is_named(report->folder, &report->folder->people[i], shown))
                table->group[(size_t)column * people + i] = number;
    }
    if (status == TB_OK && !last)
        status = tb_fail(why, TB_MALFORMED, "the table, line %d: more cells than the first line has", line);
    free(shown);
    return status;
}

/* ---- figures ---- */

static tb_status detect_share(const eval_report *report, const uint8_t *group_of, uint8_t number, eval_group *group)
{
    size_t people = report->folder->person_count;
    uint32_t *counts = calloc(2 * people + 1, sizeof *counts);
    if (!counts)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < report->folder->picture_count; i++) {
        const eval_picture *picture = &report->folder->pictures[i];
        if (group_of[picture->person] != number)
            continue;
        group->pictures++;
        counts[picture->person] += picture->outcome == EVAL_NO_FACE;
        counts[people + picture->person] += picture->outcome != EVAL_UNREADABLE;
    }
    for (size_t i = 0; i < people; i++)
        group->people += group_of[i] == number;
    tb_status status = tb_share_measure(counts, counts + people, people, &report->options->statistics, &group->ftd);
    free(counts);
    return status;
}

static tb_status measure_group(const eval_report *report, const uint8_t *group_of, uint8_t number, eval_group *group)
{
    const eval_measured *m = report->measured;
    uint32_t *sample = calloc(m->rows + 1, sizeof *sample);
    if (!sample)
        return TB_NO_MEMORY;
    tb_comparisons view = {
        .people = report->folder->person_count, .sample = sample, .person = m->row_person, .scores = m->scores};
    for (size_t row = 0; row < m->rows; row++)
        if (group_of[m->row_person[row]] == number)
            sample[view.samples++] = (uint32_t)row;
    tb_scores scores;
    tb_status status = tb_scores_collect(&view, &scores);
    if (status == TB_OK) {
        group->genuine = scores.genuines;
        group->impostor = scores.impostors;
        tb_scores_free(&scores);
        status = tb_rates_measure(&view, &report->options->statistics, m->calibration.verification, &group->fmr,
                                  &group->fnmr);
    }
    free(sample);
    return status == TB_OK ? detect_share(report, group_of, number, group) : status;
}

/* Highest over lowest rate; a rate of 0 leaves it unsaid. */
static double worst_ratio(const eval_attribute *attribute, size_t offset)
{
    double low = INFINITY, high = 0;
    for (int i = 0; i < attribute->group_count; i++) {
        double rate = ((const tb_estimate *)(const void *)((const char *)&attribute->groups[i] + offset))->value;
        if (isnan(rate))
            continue;
        low = fmin(low, rate);
        high = fmax(high, rate);
    }
    return low > 0 && isfinite(low) ? high / low : NAN;
}

static tb_status measure_attributes(eval_report *report, const struct table *table)
{
    size_t people = report->folder->person_count;
    tb_status status = TB_OK;
    for (int k = 0; k < report->attribute_count && status == TB_OK; k++) {
        eval_attribute *attribute = &report->attributes[k];
        const uint8_t *group_of = table->group + (size_t)k * people;
        for (size_t i = 0; i < people; i++)
            attribute->unstated += group_of[i] == NOT_STATED;
        for (int i = 0; i < attribute->group_count && status == TB_OK; i++)
            status = measure_group(report, group_of, (uint8_t)i, &attribute->groups[i]);
        attribute->worst_fmr = worst_ratio(attribute, offsetof(eval_group, fmr));
        attribute->worst_fnmr = worst_ratio(attribute, offsetof(eval_group, fnmr));
        attribute->worst_ftd = worst_ratio(attribute, offsetof(eval_group, ftd));
    }
    return status;
}

tb_status eval_table_measure(eval_report *report, tb_error *why)
{
    tb_bytes text = {0};
    size_t people = report->folder->person_count;
    tb_status status = tb_file_read(report->options->table, TABLE_LIMIT, &text, why);
    struct table table = {.line = 1, .group = malloc(EVAL_ATTRIBUTES_MAX * people + 1)};
    report->attributes = calloc(EVAL_ATTRIBUTES_MAX, sizeof *report->attributes);
    if (status == TB_OK && (!table.group || !report->attributes))
        status = TB_NO_MEMORY;
    if (status == TB_OK) {
        memset(table.group, NOT_STATED, EVAL_ATTRIBUTES_MAX * people);
        table.text = (const char *)text.data;
        table.end = table.text + text.size;
        status = read_header(&table, report, why);
    }
    while (status == TB_OK && table.text < table.end)
        status = read_line(&table, report, why);
    if (status == TB_OK && report->attributes[0].group_count == 0)
        status = tb_fail(why, TB_NOT_FOUND, "the table names nobody who has a folder here");
    if (status == TB_OK)
        status = measure_attributes(report, &table);
    tb_bytes_free(&text);
    free(table.group);
    return status;
}

void eval_table_free(eval_report *report)
{
    for (int k = 0; report->attributes && k < report->attribute_count; k++) {
        for (int i = 0; i < report->attributes[k].group_count; i++)
            free(report->attributes[k].groups[i].name);
        free(report->attributes[k].name);
    }
    free(report->attributes);
    report->attributes = NULL;
}
