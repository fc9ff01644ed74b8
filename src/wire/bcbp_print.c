/* bcbp_print.c: writes a bar-coded boarding pass. */
#include <tebura/document.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

#include "wire/bcbp_items.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

typedef struct pen {
    char text[TB_BCBP_MAX];
    size_t size;
    int good; /* 0 once something did not fit; later writing then has no meaning */
} pen;

static void put(pen *p, const char *text, size_t length, size_t width)
{
    if (length > width || width > sizeof p->text - p->size) {
        p->good = 0;
        return;
    }
    memset(p->text + p->size, ' ', width);
    memcpy(p->text + p->size, text, length);
    p->size += width;
}

static int is_printable(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] > 0x7E)
            return 0;
    return 1;
}

/* `text` lies in an array of width + 1 characters. */
static void put_text(pen *p, const char *text, size_t width, size_t least, const char *allowed)
{
    size_t length = strnlen(text, width + 1);
    if (length > width || length < least || (length && text[length - 1] == ' ') ||
        (allowed ? strspn(text, allowed) != length : !is_printable(text, length)))
        p->good = 0;
    else
        put(p, text, length, width);
}

static void put_char(pen *p, char c, const char *allowed)
{
    if (c == '\0' || !strchr(allowed, c))
        p->good = 0;
    else
        put(p, &c, 1, 1);
}

/* The last `count` decimal digits of a number. */
static void put_digits(pen *p, int number, int count)
{
    char text[4];
    assert(number >= 0 && count > 0 && count <= (int)sizeof text);
    for (int i = count - 1; i >= 0; i--, number /= 10)
        text[i] = (char)('0' + number % 10);
    put(p, text, (size_t)count, (size_t)count);
}

static void put_flight(pen *p, const char flight[6])
{
    size_t length = strnlen(flight, 6), digits = length < 6 ? strspn(flight, DIGITS) : 0;
    if (digits == 0 || digits > 4 || length > digits + 1 || strspn(flight + digits, LETTERS) != length - digits) {
        p->good = 0;
        return;
    }
    put(p, "0000", 4 - digits, 4 - digits);
    put(p, flight, length, digits + 1);
}

/* "12A" is written "012A", "INF" is written "INF ". */
static void put_seat(pen *p, const char seat[5])
{
    size_t length = strnlen(seat, 5);
    size_t zeros = length < 4 && seat[0] >= '0' && seat[0] <= '9' ? 4 - length : 0;
    put(p, "0000", zeros, zeros);
    put_text(p, seat, 4 - zeros, 0, LETTERS DIGITS " ");
}

static void put_mandatory(pen *p, const tb_bcbp_leg *leg)
{
    put_text(p, leg->pnr, 7, 0, LETTERS DIGITS " ");
    put_text(p, leg->from, 3, 3, LETTERS);
    put_text(p, leg->to, 3, 3, LETTERS);
    put_text(p, leg->carrier, 3, 2, LETTERS DIGITS);
    put_flight(p, leg->flight);
    if (leg->day_of_year < 1 || leg->day_of_year > 366)
        p->good = 0;
    else
        put_digits(p, leg->day_of_year, 3);
    put_char(p, leg->compartment, LETTERS);
    put_seat(p, leg->seat);
    put_text(p, leg->sequence, 5, 0, LETTERS DIGITS " ");
    put_char(p, leg->passenger_status, LETTERS DIGITS " ");
}

static int is_empty(const tb_bcbp_item *item, const uint8_t *base)
{
    return item->form == TB_BCBP_DATE ? ((const tb_date *)(const void *)(base + item->offset))->year == 0
                                      : base[item->offset] == 0;
}

static void put_date(pen *p, const tb_date *date)
{
    if (date->year == 0) {
        put(p, "", 0, 4);
        return;
    }
    int year = date->year, month = date->month, day = date->day;
    if (year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) {
        p->good = 0;
        return;
    }
    int64_t days = tb_date_days(year, month, day);
    tb_days_date(days, &year, &month, &day);
    if (day != date->day || month != date->month) { /* no such day: 30 February */
        p->good = 0;
        return;
    }
    put_digits(p, year, 1);
    put_digits(p, (int)(days - tb_date_days(year, 1, 1)) + 1, 3);
}

static void put_item(pen *p, const tb_bcbp_item *item, const uint8_t *base)
{
    const char *place = (const char *)base + item->offset;
    switch (item->form) {
    case TB_BCBP_TEXT:
        put_text(p, place, (size_t)item->size, 0, NULL);
        break;
    case TB_BCBP_YES:
        if (*place && *place != 'Y' && *place != 'N')
            p->good = 0; /* fallthrough */
    case TB_BCBP_CHAR:
        if (*place == ' ' || !is_printable(*place ? place : "x", 1))
            p->good = 0;
        put(p, place, *place != '\0', 1);
        break;
    case TB_BCBP_DATE:
        put_date(p, (const tb_date *)(const void *)(base + item->offset));
        break;
    }
}

/* A field of two hexadecimal digits that is written when what follows it is known. */
static size_t leave_size(pen *p)
{
    put(p, "00", 2, 2);
    return p->size;
}

static void fill_size(pen *p, size_t start)
{
    char text[3];
    size_t size = p->size - start;
    if (!p->good)
        return;
    assert(start >= 2 && size <= 0xFF);
    snprintf(text, sizeof text, "%02X", (unsigned)size);
    memcpy(p->text + start - 2, text, 2);
}

/* How many items have to be written: up to the last one that holds something. */
static int used_items(const tb_bcbp_item *items, int count, const void *base)
{
    while (count && is_empty(&items[count - 1], base))
        count--;
    return count;
}

static void put_items(pen *p, const tb_bcbp_item *items, int count, const void *base)
{
    size_t start = leave_size(p);
    for (int i = 0; i < count; i++)
        put_item(p, &items[i], base);
    fill_size(p, start);
}

static void put_variable(pen *p, const tb_bcbp *pass, int number)
{
    size_t start = leave_size(p);
    int unique = used_items(tb_bcbp_unique, TB_BCBP_UNIQUE_ITEMS, pass);
    int repeated = used_items(tb_bcbp_repeated, TB_BCBP_REPEATED_ITEMS, &pass->leg[number]);
    if ((unique || repeated) && pass->version == 0)
        p->good = 0;
    if (number == 0 && pass->version) {
        put(p, ">", 1, 1);
        put_digits(p, pass->version, 1);
        put_items(p, tb_bcbp_unique, unique, pass);
    }
    if (repeated)
        put_items(p, tb_bcbp_repeated, repeated, &pass->leg[number]);
    fill_size(p, start);
}

tb_status tb_bcbp_print(const tb_bcbp *pass, tb_bytes *out)
{
    if (pass->legs < 1 || pass->legs > TB_BCBP_LEGS_MAX || pass->version < 0 || pass->version > 9 ||
        !tb_bcbp_name_is_good(pass->name) || (pass->electronic != 0 && pass->electronic != 1))
        return TB_INVALID_ARGUMENT;
    pen p = {.good = 1};
    put(&p, "M", 1, 1);
    put_digits(&p, pass->legs, 1);
    put(&p, pass->name, strlen(pass->name), 20);
    put(&p, pass->electronic ? "E" : " ", 1, 1);
    for (int i = 0; i < pass->legs && p.good; i++) {
        put_mandatory(&p, &pass->leg[i]);
        put_variable(&p, pass, i);
    }
    tb_status status = p.good ? tb_bytes_append(out, tb_span_of(p.text, p.size)) : TB_INVALID_ARGUMENT;
    tb_wipe(&p, sizeof p);
    return status;
}
