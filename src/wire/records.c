/* records.c: CSV, lines of JSON and JSON arrays, one record at a time. */
#include "wire/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

typedef struct reader {
    tb_record_fn each;
    void *context;
    tb_record record;
    char line[TB_RECORD_LINE_MAX + 1];   /* of values: cut into pieces in place */
    char header[TB_RECORD_LINE_MAX + 1]; /* the same of CSV's first line */
    const char *columns[TB_RECORD_FIELDS_MAX];
    size_t column_count;
    uint64_t header_mark;
    char separator;
    char numbers[TB_RECORD_FIELDS_MAX][24]; /* digits of JSON's numbers */
} reader;

/* FNV-1a: tells a changed line from the same one; nothing rests on its strength. */
static uint64_t mark_of(uint64_t seed, const void *bytes, size_t size)
{
    uint64_t hash = seed ? seed : UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    return hash;
}

static tb_status give_bad(reader *r, const char *cause)
{
    tb_error why = {0};
    r->record.count = 0;
    (void)tb_fail(&why, TB_MALFORMED, "%s", cause);
    return r->each(r->context, &r->record, &why);
}

const tb_record_value *tb_record_get(const tb_record *record, const char *name)
{
    for (size_t i = 0; i < record->count; i++)
        if (strcmp(record->values[i].name, name) == 0)
            return &record->values[i];
    return NULL;
}

/* ---- lines ---- */

/* Takes the next line without its end. 0: there is none; *cut 1: it had no end. */
static int next_line(tb_span *rest, tb_span *line, int *cut)
{
    if (!rest->size)
        return 0;
    const uint8_t *end = memchr(rest->data, '\n', rest->size);
    size_t size = end ? (size_t)(end - rest->data) : rest->size;
    *cut = !end;
    *line = tb_span_of(rest->data, size);
    *rest = tb_span_of(rest->data + size + (end != NULL), rest->size - size - (end != NULL));
    if (line->size && line->data[line->size - 1] == '\r')
        line->size--;
    return 1;
}

static int is_blank(tb_span line)
{
    size_t i = 0;
    while (i < line.size && (line.data[i] == ' ' || line.data[i] == '\t'))
        i++;
    return i == line.size || line.data[i] == '#';
}

/* Copies a line to where it is cut up; NULL or what is wrong with it. */
static const char *take_line(tb_span line, char out[TB_RECORD_LINE_MAX + 1])
{
    if (line.size > TB_RECORD_LINE_MAX)
        return "the line is longer than 4096 bytes";
    if (memchr(line.data, '\0', line.size))
        return "the line holds a zero byte";
    memcpy(out, line.data, line.size);
    out[line.size] = '\0';
    return NULL;
}

/* ---- CSV ---- */

/* One cell from `*at`, unquoted in place, blanks around it gone. NULL or the cause; *at is after the separator, NULL at
 * the end. */
static const char *take_cell(char **at, char separator, char **cell)
{
    char *from = *at + strspn(*at, " \t"), *to = from, *end;
    *cell = from;
    if (*from == '"') {
        for (from++; *from && (*from != '"' || from[1] == '"'); *to++ = *from++)
            from += *from == '"';
        if (*from != '"')
            return "a quote is not closed on its line";
        end = from + 1 + strspn(from + 1, " \t");
        if (*end && *end != separator)
            return "something follows a closing quote";
    } else {
        end = from + strcspn(from, separator == ',' ? "," : ";");
        for (to = end; to > from && (to[-1] == ' ' || to[-1] == '\t'); to--)
            ;
    }
    *at = *end ? end + 1 : NULL;
    *to = '\0';
    return NULL;
}

static const char *read_header(reader *r, tb_span line)
{
    const char *wrong = take_line(line, r->header);
    char *at = r->header;
    if (wrong)
        return wrong;
    r->separator = strchr(r->header, ',') || !strchr(r->header, ';') ? ',' : ';';
    r->header_mark = mark_of(0, line.data, line.size);
    while (at) {
        char *name;
        if (r->column_count == TB_RECORD_FIELDS_MAX)
            return "there are more than 40 columns";
        wrong = take_cell(&at, r->separator, &name);
        if (wrong)
            return wrong;
        if (!*name)
            return "a column has no name";
        for (size_t i = 0; i < r->column_count; i++)
            if (strcmp(r->columns[i], name) == 0)
                return "two columns have the same name";
        r->columns[r->column_count++] = name;
    }
    return NULL;
}

static const char *read_row(reader *r, tb_span line)
{
    char *at = r->line;
    size_t cells = 0;
    const char *wrong = take_line(line, r->line);
    if (wrong)
        return wrong;
    r->record.count = 0;
    for (; at; cells++) {
        char *text;
        wrong = take_cell(&at, r->separator, &text);
        if (wrong)
            return wrong;
        if (cells >= r->column_count)
            return "the line has more values than the header has columns";
        if (*text)
            r->record.values[r->record.count++] =
                (tb_record_value){r->columns[cells], text, strcmp(text, "-") == 0 ? TB_RECORD_NULL : TB_RECORD_TEXT};
    }
    return cells < r->column_count ? "the line has fewer values than the header has columns" : NULL;
}

static tb_status read_csv(reader *r, tb_span rest, int ended, tb_error *why)
{
    tb_status status = TB_OK;
    tb_span line;
    int cut;
    r->record.place = "line";
    for (r->record.number = 1; status == TB_OK && next_line(&rest, &line, &cut); r->record.number++) {
        if (is_blank(line))
            continue;
        if (cut && !ended)
            break;
        if (!r->column_count) {
            const char *wrong = read_header(r, line);
            if (wrong)
                return tb_fail(why, TB_MALFORMED, "line %zu: %s", r->record.number, wrong);
            continue;
        }
        r->record.mark = mark_of(r->header_mark, line.data, line.size);
        const char *wrong = read_row(r, line);
        status = wrong ? give_bad(r, wrong) : r->each(r->context, &r->record, NULL);
    }
    return status;
}

/* ---- JSON ---- */

/* NULL or what is wrong. */
static const char *read_object(reader *r, json_t *object)
{
    const char *name;
    json_t *value;
    r->record.count = 0;
    if (!json_is_object(object))
        return "it is not a JSON object";
    json_object_foreach(object, name, value)
    {
        if (r->record.count == TB_RECORD_FIELDS_MAX)
            return "it has more than 40 fields";
        size_t i = r->record.count++;
        tb_record_value *out = &r->record.values[i];
        *out = (tb_record_value){name, "", TB_RECORD_NULL};
        if (json_is_string(value)) {
            out->kind = TB_RECORD_TEXT;
            out->text = json_string_value(value);
        } else if (json_is_integer(value)) {
            snprintf(r->numbers[i], sizeof r->numbers[i], "%lld", (long long)json_integer_value(value));
            out->kind = TB_RECORD_NUMBER;
            out->text = r->numbers[i];
        } else if (json_is_boolean(value)) {
            out->kind = TB_RECORD_BOOL;
            out->text = json_is_true(value) ? "true" : "false";
        } else if (!json_is_null(value)) {
            return "a value is neither text, whole number, true, false nor null";
        }
    }
    return NULL;
}

static tb_status give_object(reader *r, json_t *object)
{
    const char *wrong = read_object(r, object);
    return wrong ? give_bad(r, wrong) : r->each(r->context, &r->record, NULL);
}

static tb_status read_lines(reader *r, tb_span rest, int ended)
{
    tb_status status = TB_OK;
    tb_span line;
    int cut;
    r->record.place = "line";
    for (r->record.number = 1; status == TB_OK && next_line(&rest, &line, &cut); r->record.number++) {
        if (is_blank(line))
            continue;
        if (cut && !ended)
            break;
        r->record.mark = mark_of(0, line.data, line.size);
        json_t *object = line.size <= TB_RECORD_LINE_MAX
                             ? json_loadb((const char *)line.data, line.size, JSON_REJECT_DUPLICATES, NULL)
                             : NULL;
        status = object ? give_object(r, object) : give_bad(r, "the line is not a JSON object of at most 4096 bytes");
        json_decref(object);
    }
    return status;
}

static tb_status read_array(reader *r, tb_span bytes, tb_error *why)
{
    json_error_t error;
    json_t *array = json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &error), *item;
    tb_status status = TB_OK;
    size_t i;
    if (!array)
        return tb_fail(why, TB_MALFORMED, "line %d: this is not JSON, or it was cut short", error.line);
    r->record.place = "item";
    json_array_foreach(array, i, item)
    {
        char *text = status == TB_OK ? json_dumps(item, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
        if (status != TB_OK || !text) {
            status = status == TB_OK ? TB_NO_MEMORY : status;
            break;
        }
        r->record.number = i + 1;
        r->record.mark = mark_of(0, text, strlen(text));
        free(text);
        status = give_object(r, item);
    }
    json_decref(array);
    return status;
}

tb_status tb_records_read(tb_span bytes, int ended, tb_record_fn each, void *context, tb_error *why)
{
    size_t first = 0;
    if (bytes.size >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0)
        bytes = tb_span_of(bytes.data + 3, bytes.size - 3);
    while (first < bytes.size && strchr(" \t\r\n", bytes.data[first]) && bytes.data[first])
        first++;
    if (first == bytes.size)
        return TB_OK; /* nothing is nothing to tell */
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    r->each = each;
    r->context = context;
    tb_status status = bytes.data[first] == '['   ? read_array(r, bytes, why)
                       : bytes.data[first] == '{' ? read_lines(r, bytes, ended)
                                                  : read_csv(r, bytes, ended, why);
    free(r);
    return status;
}
