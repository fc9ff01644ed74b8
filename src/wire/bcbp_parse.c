/* bcbp_parse.c: reads a bar-coded boarding pass.
 *
 * I1: `at` <= `end` <= the text's size: nothing outside is read, whatever the sizes in the text claim.
 * I2: a structured field never reaches beyond the field that holds it. */
#include <tebura/document.h>

#include <assert.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

#include "wire/bcbp_items.h"

typedef struct cursor {
    const char *text;
    size_t at, end; /* end of the innermost field */
    tb_date today;
    tb_error *why;
} cursor;

static tb_status fail(cursor *c, tb_status status, int item, const char *name, const char *what)
{
    return tb_fail(c->why, status, "boarding pass: item %d (%s) at position %zu %s", item, name, c->at + 1, what);
}

/* The next `size` characters, NULL when the field ends before. */
static const char *take(cursor *c, size_t size)
{
    assert(c->at <= c->end);
    if (c->end - c->at < size)
        return NULL;
    const char *found = c->text + c->at;
    c->at += size;
    return found;
}

static size_t trimmed(const char *text, size_t size)
{
    while (size && text[size - 1] == ' ')
        size--;
    return size;
}

static void copy_trimmed(const char *text, size_t size, char *out)
{
    size = trimmed(text, size);
    memcpy(out, text, size);
    out[size] = '\0';
}

static int is_made_of(const char *text, size_t size, const char *allowed)
{
    for (size_t i = 0; i < size; i++)
        if (!strchr(allowed, text[i]))
            return 0;
    return 1;
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* A text item of `size` characters that are all `allowed`. */
static tb_status read_text(cursor *c, int item, const char *name, size_t size, const char *allowed, char *out)
{
    const char *text = take(c, size);
    if (!text)
        return fail(c, TB_TRUNCATED, item, name, "is cut off");
    if (!is_made_of(text, size, allowed)) {
        c->at -= size;
        return fail(c, TB_MALFORMED, item, name, "has a character that it cannot have");
    }
    copy_trimmed(text, size, out);
    return TB_OK;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* A size of two hexadecimal digits, and that so much follows in the field. */
static tb_status read_size(cursor *c, int item, const char *name, tb_status when_short, size_t *out)
{
    const char *text = take(c, 2);
    if (!text)
        return fail(c, when_short, item, name, "is cut off");
    int high = hex_digit(text[0]), low = hex_digit(text[1]);
    if (high < 0 || low < 0) {
        c->at -= 2;
        return fail(c, TB_MALFORMED, item, name, "is no hexadecimal number");
    }
    *out = (size_t)(high << 4 | low);
    if (*out > c->end - c->at)
        return fail(c, when_short, item, name, "claims more than there is");
    return TB_OK;
}

/* ---- mandatory items of a leg ---- */

static tb_status read_flight(cursor *c, char out[6])
{
    char text[6];
    tb_status status = read_text(c, 43, "flight number", 5, LETTERS DIGITS " ", text);
    if (status != TB_OK)
        return status;
    const char *first = text + strspn(text, " ");
    size_t digits = strspn(first, DIGITS), rest = strlen(first + digits);
    if (digits == 0 || digits > 4 || rest > 1 || first[digits] == ' ') {
        c->at -= 5;
        return fail(c, TB_MALFORMED, 43, "flight number", "is not up to four digits and a letter");
    }
    while (digits > 1 && *first == '0') {
        first++;
        digits--;
    }
    memcpy(out, first, digits + rest + 1);
    return TB_OK;
}

static tb_status read_day(cursor *c, int *out)
{
    char text[4];
    tb_status status = read_text(c, 46, "date of flight", 3, DIGITS, text);
    if (status != TB_OK)
        return status;
    *out = (text[0] - '0') * 100 + (text[1] - '0') * 10 + text[2] - '0';
    if (*out < 1 || *out > 366) {
        c->at -= 3;
        return fail(c, TB_MALFORMED, 46, "date of flight", "is no day of a year");
    }
    return TB_OK;
}

static tb_status read_seat(cursor *c, char out[5])
{
    char text[5];
    tb_status status = read_text(c, 104, "seat", 4, LETTERS DIGITS " ", text);
    if (status == TB_OK) {
        const char *first = text + strspn(text, "0");
        memcpy(out, first, strlen(first) + 1);
    }
    return status;
}

static tb_status read_char(cursor *c, int item, const char *name, const char *allowed, char *out)
{
    const char *text = take(c, 1);
    if (!text)
        return fail(c, TB_TRUNCATED, item, name, "is cut off");
    if (allowed && !strchr(allowed, *text)) {
        c->at--;
        return fail(c, TB_MALFORMED, item, name, "has a character that it cannot have");
    }
    *out = *text;
    return TB_OK;
}

static tb_status read_codes(cursor *c, tb_bcbp_leg *leg)
{
    tb_status status = read_text(c, 7, "PNR code", 7, LETTERS DIGITS " ", leg->pnr);
    if (status == TB_OK)
        status = read_text(c, 26, "from", 3, LETTERS, leg->from);
    if (status == TB_OK)
        status = read_text(c, 38, "to", 3, LETTERS, leg->to);
    if (status == TB_OK)
        status = read_text(c, 42, "operating carrier", 3, LETTERS DIGITS " ", leg->carrier);
    if (status == TB_OK && (strlen(leg->carrier) < 2 || strchr(leg->carrier, ' '))) {
        c->at -= 3;
        status = fail(c, TB_MALFORMED, 42, "operating carrier", "is no airline");
    }
    return status;
}

static tb_status read_mandatory(cursor *c, tb_bcbp_leg *leg)
{
    tb_status status = read_codes(c, leg);
    if (status == TB_OK)
        status = read_flight(c, leg->flight);
    if (status == TB_OK)
        status = read_day(c, &leg->day_of_year);
    if (status == TB_OK)
        status = read_char(c, 71, "compartment", LETTERS, &leg->compartment);
    if (status == TB_OK)
        status = read_seat(c, leg->seat);
    if (status == TB_OK)
        status = read_text(c, 107, "check-in sequence number", 5, LETTERS DIGITS " ", leg->sequence);
    if (status == TB_OK)
        status = read_char(c, 117, "passenger status", LETTERS DIGITS " ", &leg->passenger_status);
    return status;
}

/* ---- conditional items ---- */

/* The latest year with this last digit whose day is not after tomorrow (time zones). 0 for a day that this year has
 * not. */
static int issue_date(const char text[4], tb_date today, tb_date *out)
{
    int day = (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0';
    int year = today.year - (today.year - (text[0] - '0') + 10) % 10;
    if (tb_date_days(year, 1, 1) + day - 1 > tb_date_days(today.year, today.month, today.day) + 1)
        year -= 10;
    if (day < 1 || day > 365 + tb_bcbp_is_leap(year))
        return 0;
    tb_days_date(tb_date_days(year, 1, 1) + day - 1, &out->year, &out->month, &out->day);
    return 1;
}

static tb_status store_item(cursor *c, const tb_bcbp_item *item, const char *text, uint8_t *base)
{
    char *place = (char *)base + item->offset;
    switch (item->form) {
    case TB_BCBP_TEXT:
        copy_trimmed(text, (size_t)item->size, place);
        return TB_OK;
    case TB_BCBP_CHAR:
        *place = *text == ' ' ? '\0' : *text;
        return TB_OK;
    case TB_BCBP_YES:
        *place = *text == 'Y' || *text == 'N' ? *text : '\0';
        return TB_OK;
    case TB_BCBP_DATE:
        if (trimmed(text, 4) == 0)
            return TB_OK;
        if (is_made_of(text, 4, DIGITS) && issue_date(text, c->today, (tb_date *)(void *)(base + item->offset)))
            return TB_OK;
        c->at -= 4;
        return fail(c, TB_MALFORMED, item->number, item->name, "is no day of a year");
    }
    return TB_INTERNAL;
}

/* Items in their order until `size` characters are used up; what is left then belongs to a newer version. */
static tb_status read_items(cursor *c, const tb_bcbp_item *items, int count, size_t size, void *base)
{
    size_t outer = c->end;
    assert(size <= outer - c->at); /* I2 */
    c->end = c->at + size;
    tb_status status = TB_OK;
    for (int i = 0; i < count && status == TB_OK && c->at < c->end; i++) {
        const char *text = take(c, (size_t)items[i].size);
        status = text ? store_item(c, &items[i], text, base)
                      : fail(c, TB_MALFORMED, items[i].number, items[i].name, "is cut off by its field");
    }
    c->at = c->end;
    c->end = outer;
    return status;
}

static tb_status read_unique(cursor *c, tb_bcbp *out)
{
    char version;
    size_t size = 0;
    if (c->end - c->at < 4) /* the text is whole: it is the size of the field that is wrong */
        return fail(c, TB_MALFORMED, 8, "beginning of the version", "is cut off by its field");
    c->at++; /* '>' */
    tb_status status = read_char(c, 9, "version", "123456789", &version);
    if (status == TB_OK)
        status = read_size(c, 10, "size of the unique items", TB_MALFORMED, &size);
    if (status != TB_OK)
        return status;
    out->version = version - '0';
    return read_items(c, tb_bcbp_unique, TB_BCBP_UNIQUE_ITEMS, size, out);
}

/* The variable part of a leg: version and unique items (first leg), repeated items, and what the airline keeps for
 * itself. */
static tb_status read_variable(cursor *c, int number, tb_bcbp *out)
{
    size_t size = 0, outer = c->end;
    tb_status status = read_size(c, 6, "size of the variable part", TB_TRUNCATED, &size);
    if (status != TB_OK)
        return status;
    c->end = c->at + size;
    if (number == 0 && size > 0 && c->text[c->at] == '>')
        status = read_unique(c, out);
    if (status == TB_OK && out->version && c->at < c->end) { /* without a version everything is the airline's */
        status = read_size(c, 17, "size of the repeated items", TB_MALFORMED, &size);
        if (status == TB_OK)
            status = read_items(c, tb_bcbp_repeated, TB_BCBP_REPEATED_ITEMS, size, &out->leg[number]);
    }
    if (status == TB_OK)
        c->at = c->end;
    c->end = outer;
    return status;
}

static tb_status read_security(cursor *c, tb_bcbp *out)
{
    c->at++; /* '^' */
    char type;
    tb_status status = read_char(c, 28, "type of security data", NULL, &type);
    if (status == TB_OK)
        status = read_size(c, 29, "size of the security data", TB_TRUNCATED, &out->security_data_size);
    if (status == TB_OK)
        c->at += out->security_data_size;
    return status;
}

static tb_status read_head(cursor *c, tb_bcbp *out)
{
    char name[21] = {0}, electronic, legs;
    if (c->text[c->at++] != 'M')
        return tb_fail(c->why, TB_UNSUPPORTED, "boarding pass: only format M is supported");
    tb_status status = read_char(c, 5, "number of legs", "123456789", &legs);
    if (status != TB_OK)
        return status;
    out->legs = legs - '0';
    if (out->legs > TB_BCBP_LEGS_MAX)
        return tb_fail(c->why, TB_TOO_LARGE, "boarding pass: more than %d legs", TB_BCBP_LEGS_MAX);
    status = read_text(c, 11, "passenger name", 20, LETTERS " /-.'", name);
    if (status == TB_OK && !tb_bcbp_name_is_good(name)) {
        c->at -= 20;
        status = fail(c, TB_MALFORMED, 11, "passenger name", "does not begin with a letter");
    }
    if (status == TB_OK) {
        memcpy(out->name, name, sizeof name);
        status = read_char(c, 253, "electronic ticket indicator", "EL ", &electronic);
    }
    if (status == TB_OK)
        out->electronic = electronic == 'E';
    tb_wipe(name, sizeof name);
    return status;
}

static tb_status read_all(cursor *c, tb_bcbp *out)
{
    for (size_t i = 0; i < c->end; i++)
        if (c->text[i] < 0x20 || c->text[i] > 0x7E)
            return tb_fail(c->why, TB_MALFORMED, "boarding pass: the character at position %zu cannot be printed",
                           i + 1);
    tb_status status = read_head(c, out);
    for (int i = 0; i < out->legs && status == TB_OK; i++) {
        status = read_mandatory(c, &out->leg[i]);
        if (status == TB_OK)
            status = read_variable(c, i, out);
    }
    if (status == TB_OK && c->at < c->end && c->text[c->at] == '^')
        status = read_security(c, out);
    if (status == TB_OK && trimmed(c->text + c->at, c->end - c->at) != 0)
        status = tb_fail(c->why, TB_MALFORMED, "boarding pass: something follows its end at position %zu", c->at + 1);
    return status;
}

tb_status tb_bcbp_parse(tb_span text, tb_date today, tb_bcbp *out, tb_error *why)
{
    *out = (tb_bcbp){0};
    if (today.year < 1900 || today.year > 9999)
        return tb_fail(why, TB_INVALID_ARGUMENT, "boarding pass: no date of today given");
    while (text.size && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == '\r'))
        text.size--;
    if (text.size > TB_BCBP_MAX)
        return tb_fail(why, TB_TOO_LARGE, "boarding pass: longer than %d characters", TB_BCBP_MAX);
    if (text.size == 0)
        return tb_fail(why, TB_TRUNCATED, "boarding pass: empty");
    cursor c = {.text = (const char *)text.data, .end = text.size, .today = today, .why = why};
    tb_status status = read_all(&c, out);
    if (status != TB_OK)
        tb_wipe(out, sizeof *out);
    return status;
}

tb_status tb_bcbp_date(const tb_bcbp_leg *leg, tb_date today, tb_date *out)
{
    int64_t now = tb_date_days(today.year, today.month, today.day), best = INT64_MAX;
    for (int year = today.year - 1; year <= today.year + 1; year++) {
        if (leg->day_of_year < 1 || leg->day_of_year > 365 + tb_bcbp_is_leap(year))
            continue;
        int64_t away = tb_date_days(year, 1, 1) + leg->day_of_year - 1 - now;
        if (away >= -183 && away <= 182 && (best == INT64_MAX || (away < 0 ? -away : away) < (best < 0 ? -best : best)))
            best = away;
    }
    if (best == INT64_MAX)
        return TB_MALFORMED;
    tb_days_date(now + best, &out->year, &out->month, &out->day);
    return TB_OK;
}
