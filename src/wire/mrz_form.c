/* mrz_form.c: the two forms of zone (ICAO Doc 9303-4, figure 4; 9303-5, figure 5) and the check digit (9303-3, 4.9). */
#include "wire/mrz_form.h"

#include <assert.h>

const tb_mrz_form tb_mrz_td3 = {.lines = 2,
                                .columns = 44,
                                .codes = "P",
                                .kind = {0, 2},
                                .issuer = {2, 3},
                                .name = {5, 39},
                                .number = {44, 9},
                                .number_check = 53,
                                .nationality = {54, 3},
                                .born = {57, 6},
                                .born_check = 63,
                                .sex = {64, 1},
                                .expires = {65, 6},
                                .expires_check = 71,
                                .optional = {72, 14},
                                .optional_check = 86,
                                .optional2 = {0, 0},
                                .composite_check = 87,
                                .composite = {{44, 10}, {57, 7}, {65, 22}, {0, 0}}};

const tb_mrz_form tb_mrz_td1 = {.lines = 3,
                                .columns = 30,
                                .codes = "ACI",
                                .kind = {0, 2},
                                .issuer = {2, 3},
                                .number = {5, 9},
                                .number_check = 14,
                                .optional = {15, 15},
                                .optional_check = -1,
                                .born = {30, 6},
                                .born_check = 36,
                                .sex = {37, 1},
                                .expires = {38, 6},
                                .expires_check = 44,
                                .nationality = {45, 3},
                                .optional2 = {48, 11},
                                .composite_check = 59,
                                .name = {60, 30},
                                .composite = {{5, 25}, {30, 7}, {38, 7}, {48, 11}}};

static int value_of(char c)
{
    if (c == '<')
        return 0;
    assert((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'));
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

void tb_mrz_add(tb_mrz_sum *sum, const char *text, int size)
{
    static const int weights[] = {7, 3, 1};
    for (int i = 0; i < size; i++, sum->place++)
        sum->sum += value_of(text[i]) * weights[sum->place % 3];
}

char tb_mrz_check(tb_mrz_sum sum)
{
    return (char)('0' + sum.sum % 10);
}

char tb_mrz_check_of(const char *zone, tb_mrz_field field)
{
    tb_mrz_sum sum = {0, 0};
    tb_mrz_add(&sum, zone + field.at, field.size);
    return tb_mrz_check(sum);
}

char tb_mrz_composite(const tb_mrz_form *form, const char *zone)
{
    tb_mrz_sum sum = {0, 0};
    for (int i = 0; i < 4 && form->composite[i].size; i++)
        tb_mrz_add(&sum, zone + form->composite[i].at, form->composite[i].size);
    return tb_mrz_check(sum);
}

int tb_mrz_date_is_good(tb_date date, int is_birth)
{
    static const int days[] = {31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}; /* [0]: month unknown */
    if (date.month < 0 || date.month > 12 || date.day < 0 || date.day > days[date.month])
        return 0;
    if (!is_birth && (date.month == 0 || date.day == 0))
        return 0;
    /* year 0, unknown, may be one */
    int is_leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    return !(date.month == 2 && date.day == 29) || is_leap;
}
