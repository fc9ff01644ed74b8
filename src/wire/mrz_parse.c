/* mrz_parse.c: reads a machine-readable zone. Check digits come before content: a misread character is then told as
 * "read the document again", not as an impossible date.
 *
 * I1: past normalise(), `zone` holds exactly lines x columns characters of A-Z, 0-9, '<'; every field lies inside. */
#include <tebura/document.h>

#include <assert.h>
#include <string.h>

#include <tebura/secret.h>

#include "wire/mrz_form.h"

typedef struct zone {
    char text[TB_MRZ_MAX + 1];
    int size;
    const tb_mrz_form *form;
    tb_date today;
    tb_error *why;
} zone;

static int is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Copies the characters of the lines, and where lines ended (at most 3 are kept). Spaces count only before a line's
 * end. */
static tb_status gather(tb_span text, zone *z, int ends[3], int *end_count)
{
    int spaces = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];
        if (c == '\r' || c == '\n') {
            spaces = 0;
            if (z->size && *end_count < 3 && (*end_count == 0 || ends[*end_count - 1] != z->size))
                ends[(*end_count)++] = z->size;
            continue;
        }
        if (c == ' ') {
            spaces = 1;
            continue;
        }
        if (spaces || (!is_letter(c) && !is_digit(c) && c != '<'))
            return tb_fail(z->why, TB_MALFORMED, "MRZ: character %d is none of A-Z, 0-9 and <", z->size + 1);
        if (z->size == TB_MRZ_MAX)
            return tb_fail(z->why, TB_UNSUPPORTED, "MRZ: longer than 2 lines of 44 or 3 lines of 30");
        z->text[z->size++] = c;
    }
    return TB_OK;
}

static tb_status normalise(tb_span text, zone *z)
{
    int ends[3], end_count = 0;
    tb_status status = gather(text, z, ends, &end_count);
    if (status != TB_OK)
        return status;
    if (z->size == 72)
        return tb_fail(z->why, TB_UNSUPPORTED, "MRZ: 2 lines of 36 (TD2) are not supported");
    z->form = z->size == 88 ? &tb_mrz_td3 : z->size == 90 ? &tb_mrz_td1 : NULL;
    if (!z->form)
        return tb_fail(z->why, TB_TRUNCATED, "MRZ: %d characters, not 2 lines of 44 or 3 lines of 30", z->size);
    for (int i = 0; i < end_count; i++)
        if (ends[i] % z->form->columns != 0)
            return tb_fail(z->why, TB_MALFORMED, "MRZ: a line ends after %d characters", ends[i]);
    if (z->text[0] == 'V')
        return tb_fail(z->why, TB_UNSUPPORTED, "MRZ: visas are not supported");
    if (!strchr(z->form->codes, z->text[0]))
        return tb_fail(z->why, TB_UNSUPPORTED, "MRZ: the document code is not that of a travel document of this size");
    assert(z->size == z->form->lines * z->form->columns && z->size <= TB_MRZ_MAX); /* I1 */
    return TB_OK;
}

static int filled(const char *text, int size)
{
    while (size > 0 && text[size - 1] == '<')
        size--;
    return size; /* without the fillers at the end */
}

static void copy_field(const char *text, int size, char *out, size_t room)
{
    size = filled(text, size);
    assert((size_t)size < room);
    for (int i = 0; i < size; i++)
        out[i] = text[i] == '<' ? ' ' : text[i];
    out[size] = '\0';
}

static tb_status check(const zone *z, tb_mrz_field field, int at, const char *name)
{
    return tb_mrz_check_of(z->text, field) == z->text[at]
               ? TB_OK
               : tb_fail(z->why, TB_CHECK_DIGIT, "MRZ: check digit of the %s", name);
}

/* TD1, 9303-5 4.2.2, note j: nine characters, '<' for the check digit, the rest in the optional data, check digit,
 * filler. */
static tb_status read_long_number(const zone *z, tb_mrz *out)
{
    const char *first = z->text + z->form->number.at, *more = z->text + z->form->optional.at;
    const char *filler = memchr(more, '<', (size_t)z->form->optional.size);
    int size = filler ? (int)(filler - more) : z->form->optional.size; /* with the check digit */
    if (memchr(first, '<', (size_t)z->form->number.size) || size < 2)
        return tb_fail(z->why, TB_CHECK_DIGIT, "MRZ: check digit of the document number");
    tb_mrz_sum sum = {0, 0};
    tb_mrz_add(&sum, first, z->form->number.size);
    tb_mrz_add(&sum, more, size - 1);
    if (tb_mrz_check(sum) != more[size - 1])
        return tb_fail(z->why, TB_CHECK_DIGIT, "MRZ: check digit of the document number");
    copy_field(first, z->form->number.size, out->number, sizeof out->number);
    size_t length = strlen(out->number);
    copy_field(more, size - 1, out->number + length, sizeof out->number - length);
    if (filler)
        copy_field(filler + 1, z->form->optional.size - size - 1, out->optional, sizeof out->optional);
    return TB_OK;
}

static tb_status read_number(const zone *z, tb_mrz *out)
{
    const tb_mrz_form *form = z->form;
    tb_status status = TB_OK;
    if (form->optional_check < 0 && z->text[form->number_check] == '<') {
        status = read_long_number(z, out);
    } else {
        status = check(z, form->number, form->number_check, "document number");
        copy_field(z->text + form->number.at, form->number.size, out->number, sizeof out->number);
        copy_field(z->text + form->optional.at, form->optional.size, out->optional, sizeof out->optional);
    }
    if (status == TB_OK && (out->number[0] == '\0' || out->number[0] == ' '))
        return tb_fail(z->why, TB_MALFORMED, "MRZ: the document number is empty");
    return status;
}

static tb_status check_digits(const zone *z)
{
    const tb_mrz_form *form = z->form;
    tb_status status = check(z, form->born, form->born_check, "date of birth");
    if (status == TB_OK)
        status = check(z, form->expires, form->expires_check, "date of expiry");
    if (status == TB_OK && form->optional_check >= 0) {
        int is_empty = filled(z->text + form->optional.at, form->optional.size) == 0;
        if (!(is_empty && z->text[form->optional_check] == '<')) /* 9303-4, 4.2.2.2: then 0 or a filler */
            status = check(z, form->optional, form->optional_check, "personal number");
    }
    if (status == TB_OK && tb_mrz_composite(form, z->text) != z->text[form->composite_check])
        status = tb_fail(z->why, TB_CHECK_DIGIT, "MRZ: composite check digit");
    return status;
}

/* Two digits, or -1; two fillers are `unknown`. */
static int two_digits(const char *text, int unknown)
{
    if (text[0] == '<' && text[1] == '<')
        return unknown;
    return is_digit(text[0]) && is_digit(text[1]) ? (text[0] - '0') * 10 + text[1] - '0' : -1;
}

static int is_after(tb_date a, tb_date b)
{
    return a.year != b.year ? a.year > b.year : a.month != b.month ? a.month > b.month : a.day > b.day;
}

static tb_status read_birth(const zone *z, tb_date *out)
{
    const char *text = z->text + z->form->born.at;
    int year = two_digits(text, -2);
    *out = (tb_date){0, two_digits(text + 2, 0), two_digits(text + 4, 0)};
    if (year >= 0) {
        out->year = z->today.year - z->today.year % 100 + year;
        if (is_after(*out, z->today)) /* nobody is born tomorrow */
            out->year -= 100;
    }
    if (year == -1 || !tb_mrz_date_is_good(*out, 1))
        return tb_fail(z->why, TB_MALFORMED, "MRZ: the date of birth does not exist");
    return TB_OK;
}

static tb_status read_expiry(const zone *z, tb_date *out)
{
    const char *text = z->text + z->form->expires.at;
    int year = two_digits(text, -1);
    *out = (tb_date){2000 + year, two_digits(text + 2, -1), two_digits(text + 4, -1)};
    if (year < 0 || !tb_mrz_date_is_good(*out, 0))
        return tb_fail(z->why, TB_MALFORMED, "MRZ: the date of expiry does not exist");
    return TB_OK;
}

/* Letters, then fillers only. */
static tb_status read_code(const zone *z, tb_mrz_field field, const char *name, char *out, size_t room)
{
    const char *text = z->text + field.at;
    int size = filled(text, field.size);
    for (int i = 0; i < size; i++)
        if (!is_letter(text[i]))
            return tb_fail(z->why, TB_MALFORMED, "MRZ: the %s is not made of letters", name);
    if (size == 0)
        return tb_fail(z->why, TB_MALFORMED, "MRZ: the %s is empty", name);
    copy_field(text, size, out, room);
    return TB_OK;
}

/* `size` characters of names into `out`: runs of fillers become one space, none at the ends. */
static void copy_names(const char *text, int size, char *out, size_t room)
{
    size_t used = 0;
    for (int i = 0; i < size; i++) {
        if (text[i] == '<')
            continue;
        if (used && text[i - 1] == '<')
            out[used++] = ' ';
        out[used++] = text[i];
    }
    assert(used < room);
    (void)room;
    out[used] = '\0';
}

static tb_status read_names(const zone *z, tb_mrz *out)
{
    const char *text = z->text + z->form->name.at;
    int size = z->form->name.size;
    for (int i = 0; i < size; i++)
        if (!is_letter(text[i]) && text[i] != '<')
            return tb_fail(z->why, TB_MALFORMED, "MRZ: the name holds a digit");
    if (text[0] == '<')
        return tb_fail(z->why, TB_MALFORMED, "MRZ: the name is empty");
    const char *between = memmem(text, (size_t)size, "<<", 2);
    int surname = between ? (int)(between - text) : size;
    copy_names(text, surname, out->surname, sizeof out->surname);
    if (between)
        copy_names(between, size - surname, out->given, sizeof out->given);
    out->names_cut = text[size - 1] != '<';
    return TB_OK;
}

static tb_status read_sex(const zone *z, char *out)
{
    char sex = z->text[z->form->sex.at];
    if (sex != 'M' && sex != 'F' && sex != '<')
        return tb_fail(z->why, TB_MALFORMED, "MRZ: the sex is none of M, F and <");
    *out = sex == '<' ? 'X' : sex;
    return TB_OK;
}

static tb_status read_fields(const zone *z, tb_mrz *out)
{
    tb_status status = read_number(z, out);
    if (status == TB_OK)
        status = check_digits(z);
    if (status == TB_OK)
        status = read_code(z, z->form->kind, "document code", out->kind, sizeof out->kind);
    if (status == TB_OK)
        status = read_code(z, z->form->issuer, "issuer", out->issuer, sizeof out->issuer);
    if (status == TB_OK)
        status = read_code(z, z->form->nationality, "nationality", out->nationality, sizeof out->nationality);
    if (status == TB_OK)
        status = read_birth(z, &out->born);
    if (status == TB_OK)
        status = read_expiry(z, &out->expires);
    if (status == TB_OK)
        status = read_sex(z, &out->sex);
    if (status == TB_OK)
        status = read_names(z, out);
    copy_field(z->text + z->form->optional2.at, z->form->optional2.size, out->optional2, sizeof out->optional2);
    return status;
}

tb_status tb_mrz_parse(tb_span text, tb_date today, tb_mrz *out, tb_error *why)
{
    zone z = {.today = today, .why = why};
    *out = (tb_mrz){0};
    if (today.year < 1900 || today.year > 9999)
        return tb_fail(why, TB_INVALID_ARGUMENT, "MRZ: no date of today given");
    tb_status status = normalise(text, &z);
    if (status == TB_OK) {
        out->lines = z.form->lines;
        out->columns = z.form->columns;
        status = read_fields(&z, out);
    }
    if (status != TB_OK)
        tb_wipe(out, sizeof *out);
    tb_wipe(&z, sizeof z);
    return status;
}
