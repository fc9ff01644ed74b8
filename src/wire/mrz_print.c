/* mrz_print.c: writes a machine-readable zone with its check digits. */
#include <tebura/document.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <tebura/secret.h>

#include "wire/mrz_form.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* The length of `text` in an array of `room`, -1 when it has no end, is longer than `most` or holds other
 * characters. */
static int length_of(const char *text, size_t room, int most, const char *allowed)
{
    size_t length = strnlen(text, room);
    if (length >= room || (int)length > most || strspn(text, allowed) != length)
        return -1;
    return (int)length;
}

static void put(char *zone, int at, const char *text, int size)
{
    for (int i = 0; i < size; i++)
        zone[at + i] = text[i] == ' ' || text[i] == '-' ? '<' : text[i];
}

static int put_code(char *zone, tb_mrz_field field, const char *text, size_t room)
{
    int length = length_of(text, room, field.size, LETTERS);
    if (length <= 0)
        return 0;
    put(zone, field.at, text, length);
    return 1;
}

static int put_optional(char *zone, tb_mrz_field field, const char *text, size_t room)
{
    int length = length_of(text, room, field.size, LETTERS DIGITS " -");
    if (length < 0)
        return 0;
    put(zone, field.at, text, length);
    return 1;
}

/* Number, its check digit and the optional data, which a long number of TD1 shares. */
static int put_number(char *zone, const tb_mrz_form *form, const tb_mrz *mrz)
{
    int room = form->number.size, has_long = form->optional_check < 0;
    int length = length_of(mrz->number, sizeof mrz->number, has_long ? room + form->optional.size - 1 : room,
                           LETTERS DIGITS " -");
    if (length <= 0 || mrz->number[0] == ' ' || mrz->number[length - 1] == ' ' || mrz->number[0] == '-' ||
        mrz->number[length - 1] == '-')
        return 0;
    if (length <= room) {
        put(zone, form->number.at, mrz->number, length);
        zone[form->number_check] = tb_mrz_check_of(zone, form->number);
        return put_optional(zone, form->optional, mrz->optional, sizeof mrz->optional);
    }
    int more = length - room, at = form->optional.at;
    if (strcspn(mrz->number, " -") != (size_t)length)
        return 0; /* a filler would end the rest */
    put(zone, form->number.at, mrz->number, room);
    put(zone, at, mrz->number + room, more);
    tb_mrz_sum sum = {0, 0};
    tb_mrz_add(&sum, mrz->number, length);
    zone[at + more] = tb_mrz_check(sum);
    tb_mrz_field left = {at + more + 2, form->optional.size - more - 2};
    if (left.size < 0)
        return mrz->optional[0] == '\0';
    return put_optional(zone, left, mrz->optional, sizeof mrz->optional);
}

static int put_date(char *zone, tb_mrz_field field, int check_at, tb_date date, int is_birth)
{
    if (!tb_mrz_date_is_good(date, is_birth) ||
        (is_birth ? date.year != 0 && (date.year < 1800 || date.year > 9999) : date.year / 100 != 20))
        return 0;
    const int parts[] = {date.year, date.month, date.day};
    for (int i = 0; i < 3; i++)
        if (parts[i]) {
            zone[field.at + 2 * i] = (char)('0' + parts[i] % 100 / 10);
            zone[field.at + 2 * i + 1] = (char)('0' + parts[i] % 10);
        }
    zone[check_at] = tb_mrz_check_of(zone, field);
    return 1;
}

/* Names as they go into the field: single fillers inside. Returns the size, 0 for something that is no name. */
static int fold(const char *text, size_t room, char *out)
{
    size_t length = strnlen(text, room);
    int size = 0;
    if (length >= room || strspn(text, LETTERS " -") != length)
        return -1;
    for (size_t i = 0; i < length; i++) {
        int is_letter = text[i] != ' ' && text[i] != '-';
        if (is_letter)
            out[size++] = text[i];
        else if (size && out[size - 1] != '<')
            out[size++] = '<';
    }
    while (size && out[size - 1] == '<')
        size--;
    return size;
}

/* 9303-3, 4.6: what does not fit is cut so that the last position holds a letter; some of the given name stays. */
static int put_names(char *zone, tb_mrz_field field, const tb_mrz *mrz)
{
    char surname[sizeof mrz->surname], given[sizeof mrz->given], whole[sizeof surname + sizeof given + 2];
    int first = fold(mrz->surname, sizeof mrz->surname, surname), second = fold(mrz->given, sizeof mrz->given, given);
    if (first <= 0 || second < 0)
        return 0;
    int most = second ? field.size - 3 : field.size;
    if (first > most)
        first = most;
    while (surname[first - 1] == '<') /* the cut fell between two surnames */
        first--;
    memcpy(whole, surname, (size_t)first);
    memcpy(whole + first, "<<", 2);
    memcpy(whole + first + 2, given, (size_t)second);
    int size = second ? first + 2 + second : first;
    if (size > field.size && whole[field.size - 1] == '<' && whole[field.size - 3] != '<') {
        /* A letter has to stand at the end to show the cut: the next one moves up over the last letter before the
         * filler. */
        whole[field.size - 2] = '<';
        whole[field.size - 1] = whole[field.size];
    }
    put(zone, field.at, whole, size < field.size ? size : field.size);
    tb_wipe(surname, sizeof surname);
    tb_wipe(given, sizeof given);
    tb_wipe(whole, sizeof whole);
    return 1;
}

static int put_all(char *zone, const tb_mrz_form *form, const tb_mrz *mrz)
{
    if (!put_code(zone, form->kind, mrz->kind, sizeof mrz->kind) || !strchr(form->codes, mrz->kind[0]) ||
        !put_code(zone, form->issuer, mrz->issuer, sizeof mrz->issuer) ||
        !put_code(zone, form->nationality, mrz->nationality, sizeof mrz->nationality) || !put_number(zone, form, mrz) ||
        !put_date(zone, form->born, form->born_check, mrz->born, 1) ||
        !put_date(zone, form->expires, form->expires_check, mrz->expires, 0) || !put_names(zone, form->name, mrz) ||
        !put_optional(zone, form->optional2, mrz->optional2, sizeof mrz->optional2))
        return 0;
    if (mrz->sex != 'M' && mrz->sex != 'F' && mrz->sex != 'X')
        return 0;
    if (mrz->sex != 'X')
        zone[form->sex.at] = mrz->sex;
    if (form->optional_check >= 0)
        zone[form->optional_check] = tb_mrz_check_of(zone, form->optional);
    zone[form->composite_check] = tb_mrz_composite(form, zone);
    return 1;
}

tb_status tb_mrz_print(const tb_mrz *mrz, tb_bytes *out)
{
    const tb_mrz_form *form = mrz->lines == 2 && mrz->columns == 44   ? &tb_mrz_td3
                              : mrz->lines == 3 && mrz->columns == 30 ? &tb_mrz_td1
                                                                      : NULL;
    if (!form)
        return TB_INVALID_ARGUMENT;
    char zone[TB_MRZ_MAX], text[TB_MRZ_MAX + 2];
    memset(zone, '<', sizeof zone);
    tb_status status = TB_INVALID_ARGUMENT;
    if (put_all(zone, form, mrz)) {
        size_t size = 0;
        for (int line = 0; line < form->lines; line++) {
            if (line)
                text[size++] = '\n';
            memcpy(text + size, zone + line * form->columns, (size_t)form->columns);
            size += (size_t)form->columns;
        }
        assert(size <= sizeof text);
        status = tb_bytes_append(out, tb_span_of(text, size));
    }
    tb_wipe(zone, sizeof zone);
    tb_wipe(text, sizeof text);
    return status;
}
