/* Machine-readable zones: the specimens of ICAO Doc 9303, every corruption of a checked field, names, dates,
 * printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/clock.h>
#include <tebura/document.h>

#include "samples.h"

/* 9303-4, appendix B; 9303-5, appendix B and the long document number. */
#define TD3 "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
#define TD1 "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
#define TD1_LONG "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<"

static const tb_date today = {2026, 11, 21};

static tb_mrz parsed(const char *text)
{
    tb_mrz mrz;
    tb_error why = {0};
    if (tb_mrz_parse(tb_span_text(text), today, &mrz, &why) != TB_OK)
        fail_msg("%s", why.text);
    return mrz;
}

static void prints_as(const tb_mrz *mrz, const char *expected)
{
    tb_bytes out = {0};
    assert_int_equal(tb_mrz_print(mrz, &out), TB_OK);
    assert_int_equal(tb_bytes_append(&out, tb_span_of("", 1)), TB_OK);
    assert_string_equal((char *)out.data, expected);
    tb_bytes_free(&out);
}

static void is_date(tb_date date, int year, int month, int day)
{
    assert_int_equal(date.year, year);
    assert_int_equal(date.month, month);
    assert_int_equal(date.day, day);
}

static void the_passport_of_the_standard(void **state)
{
    (void)state;
    tb_mrz mrz = parsed(TD3);
    assert_true(mrz.lines == 2 && mrz.columns == 44 && mrz.sex == 'F' && !mrz.names_cut);
    assert_string_equal(mrz.kind, "P");
    assert_string_equal(mrz.issuer, "UTO");
    assert_string_equal(mrz.nationality, "UTO");
    assert_string_equal(mrz.number, "L898902C3");
    assert_string_equal(mrz.surname, "ERIKSSON");
    assert_string_equal(mrz.given, "ANNA MARIA");
    assert_string_equal(mrz.optional, "ZE184226B");
    is_date(mrz.born, 1974, 8, 12);
    is_date(mrz.expires, 2012, 4, 15);
    prints_as(&mrz, TD3);
}

static void the_cards_of_the_standard(void **state)
{
    (void)state;
    tb_mrz mrz = parsed(TD1);
    assert_true(mrz.lines == 3 && mrz.columns == 30);
    assert_string_equal(mrz.kind, "I");
    assert_string_equal(mrz.number, "D23145890");
    assert_string_equal(mrz.optional, "");
    assert_string_equal(mrz.optional2, "");
    assert_string_equal(mrz.given, "ANNA MARIA");
    prints_as(&mrz, TD1);
    mrz = parsed(TD1_LONG);
    assert_string_equal(mrz.number, "D23145890734");
    assert_string_equal(mrz.surname, "STEVENSON");
    assert_string_equal(mrz.optional, "");
    is_date(mrz.born, 1934, 7, 12);
    is_date(mrz.expires, 2095, 7, 12);
    prints_as(&mrz, TD1_LONG);
}

static void line_breaks_and_spaces_at_line_ends_are_forgiven(void **state)
{
    (void)state;
    tb_mrz expected = parsed(TD3);
    static const char *const good[] = {
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10",
        "\r\nP<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<  \r\n\r\nL898902C36UTO7408122F1204159ZE184226B<<<<<10 \r\n"};
    for (size_t i = 0; i < 2; i++) {
        tb_mrz mrz = parsed(good[i]);
        assert_memory_equal(&mrz, &expected, sizeof mrz);
    }
}

static void refused(const char *text, tb_status expected, const char *says)
{
    tb_mrz mrz;
    static const tb_mrz zero;
    tb_error why = {0};
    size_t size = strlen(text);
    char *exact = malloc(size ? size : 1); /* so that the sanitizer sees a byte read beyond it */
    memcpy(exact, text, size);
    tb_status status = tb_mrz_parse(tb_span_of(exact, size), today, &mrz, &why);
    free(exact);
    if (status != expected || !strstr(why.text, says))
        fail_msg("%s instead of %s: %s", tb_status_name(status), tb_status_name(expected), why.text);
    assert_memory_equal(&mrz, &zero, sizeof mrz);
    assert_null(strstr(why.text, "ERIKSSON"));
}

/* TD3 with `size` characters from `at` on (line break not counted) replaced, and the check digits made right again. */
static const char *changed(const char *specimen, int at, const char *with)
{
    static char text[128];
    int columns = strchr(specimen, '\n') - specimen == 44 ? 44 : 30;
    strcpy(text, specimen);
    memcpy(text + at + at / columns, with, strlen(with));
    return text;
}

static char digit_over(const char *text, int columns, const int (*parts)[2], int count)
{
    static const int weights[] = {7, 3, 1};
    int sum = 0, place = 0;
    for (int i = 0; i < count; i++)
        for (int j = parts[i][0]; j < parts[i][0] + parts[i][1]; j++) {
            char c = text[j + j / columns];
            sum += (c == '<' ? 0 : c <= '9' ? c - '0' : c - 'A' + 10) * weights[place++ % 3];
        }
    return (char)('0' + sum % 10);
}

/* The check digits written down here a second time. */
static const char *mended_td3(char *text)
{
    text[53 + 1] = digit_over(text, 44, (const int[][2]){{44, 9}}, 1);
    text[63 + 1] = digit_over(text, 44, (const int[][2]){{57, 6}}, 1);
    text[71 + 1] = digit_over(text, 44, (const int[][2]){{65, 6}}, 1);
    text[86 + 1] = digit_over(text, 44, (const int[][2]){{72, 14}}, 1);
    text[87 + 1] = digit_over(text, 44, (const int[][2]){{44, 10}, {57, 7}, {65, 22}}, 3);
    return text;
}

static const char *mended(int at, const char *with)
{
    return mended_td3((char *)changed(TD3, at, with));
}

static void what_is_not_a_zone_is_refused(void **state)
{
    (void)state;
    refused("", TB_TRUNCATED, "characters");
    for (size_t size = 1; size < 89; size++) {
        char text[96] = TD3;
        text[size] = '\0';
        if (size != 73) /* 72 characters are a TD2 by size */
            refused(text, TB_TRUNCATED, "characters");
    }
    refused("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6", TB_UNSUPPORTED, "TD2");
    refused(TD3 "<<<", TB_UNSUPPORTED, "longer");
    refused("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L\n898902C36UTO7408122F1204159ZE184226B<<<<<10", TB_MALFORMED,
            "line ends");
    refused(changed(TD3, 10, "s"), TB_MALFORMED, "character 11");
    refused(changed(TD3, 10, " "), TB_MALFORMED, "character 11");
    refused(changed(TD3, 10, "\xC3"), TB_MALFORMED, "character 11");
    refused(changed(TD3, 0, "V"), TB_UNSUPPORTED, "visa");
    refused(changed(TD3, 0, "I"), TB_UNSUPPORTED, "code");
    refused(changed(TD1, 0, "P"), TB_UNSUPPORTED, "code");
    refused(changed(TD3, 1, "3"), TB_MALFORMED, "document code");
    refused(changed(TD3, 2, "U7O"), TB_MALFORMED, "issuer");
    refused(changed(TD3, 2, "U<O"), TB_MALFORMED, "issuer");
    refused(changed(TD3, 54, "<<<"), TB_MALFORMED, "nationality");
    refused(changed(TD3, 64, "X"), TB_MALFORMED, "sex");
    refused(changed(TD3, 7, "1"), TB_MALFORMED, "name holds a digit");
    refused(changed(TD3, 5, "<"), TB_MALFORMED, "name is empty");
}

static void contents_that_cannot_be_are_refused_though_the_digits_are_right(void **state)
{
    (void)state;
    refused(mended(57, "740230"), TB_MALFORMED, "birth");
    refused(mended(57, "741301"), TB_MALFORMED, "birth");
    refused(mended(57, "750229"), TB_MALFORMED, "birth");
    refused(mended(57, "7<0812"), TB_MALFORMED, "birth");
    refused(mended(57, "74081<"), TB_MALFORMED, "birth");
    refused(mended(57, "74A812"), TB_MALFORMED, "birth");
    refused(mended(65, "270229"), TB_MALFORMED, "expiry");
    refused(mended(65, "2702<<"), TB_MALFORMED, "expiry");
    refused(mended(65, "<<<<<<"), TB_MALFORMED, "expiry");
    refused(mended(65, "000000"), TB_MALFORMED, "expiry");
    refused(mended(44, "<<<<<<<<<"), TB_MALFORMED, "number");
}

static void dates_of_birth(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        tb_date date;
    } cases[] = {{"261121", {2026, 11, 21}}, {"261122", {1926, 11, 22}}, {"270101", {1927, 1, 1}},
                 {"000229", {2000, 2, 29}},  {"990101", {1999, 1, 1}},   {"7408<<", {1974, 8, 0}},
                 {"74<<<<", {1974, 0, 0}},   {"<<<<<<", {0, 0, 0}},      {"740000", {1974, 0, 0}},
                 {"26<<<<", {2026, 0, 0}},   {"<<0229", {0, 2, 29}},     {"2612<<", {1926, 12, 0}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_mrz mrz = parsed(mended(57, cases[i].text));
        is_date(mrz.born, cases[i].date.year, cases[i].date.month, cases[i].date.day);
        if (strcmp(cases[i].text, "740000") != 0)
            prints_as(&mrz, mended(57, cases[i].text));
    }
}

static void an_empty_personal_number_has_0_or_a_filler(void **state)
{
    (void)state;
    char text[128];
    strcpy(text, mended(72, "<<<<<<<<<<<<<<"));
    assert_int_equal(text[86 + 1], '0');
    tb_mrz mrz = parsed(text);
    assert_string_equal(mrz.optional, "");
    text[86 + 1] = '<'; /* worth nothing: the composite digit stays */
    mrz = parsed(text);
    assert_string_equal(mrz.optional, "");
    text[86 + 1] = '1';
    refused(text, TB_CHECK_DIGIT, "personal number");
    strcpy(text, TD3);
    text[86 + 1] = '<';
    refused(text, TB_CHECK_DIGIT, "personal number");
}

static int value(char c)
{
    return c == '<' ? 0 : c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Every other character at every checked position is noticed, apart from those of the same value modulo ten. */
static int corrupted(const char *specimen, int from, int to, int columns)
{
    int missed = 0;
    for (int at = from; at < to; at++)
        for (const char *c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"; *c; c++) {
            char was = specimen[at + at / columns], text[128];
            if (*c == was)
                continue;
            strcpy(text, specimen);
            text[at + at / columns] = *c;
            tb_mrz mrz;
            tb_status status = tb_mrz_parse(tb_span_text(text), today, &mrz, NULL);
            if (value(*c) % 10 != value(was) % 10)
                assert_true(status == TB_CHECK_DIGIT || status == TB_MALFORMED);
            else
                missed += status == TB_OK;
        }
    return missed;
}

static void every_corruption_that_weights_can_show_is_found(void **state)
{
    (void)state;
    int missed = corrupted(TD3, 44, 54, 44);         /* number and its digit */
    assert_true(missed > 0);                         /* O for D and the like: the limit that document.h states */
    assert_int_equal(corrupted(TD3, 57, 64, 44), 0); /* birth: what the digit misses is no date */
    assert_int_equal(corrupted(TD3, 65, 72, 44), 0); /* expiry */
    assert_true(corrupted(TD3, 72, 86, 44) > 0);     /* personal number */
    assert_int_equal(corrupted(TD3, 86, 88, 44), 0); /* its digit, the composite digit */
    corrupted(TD1, 5, 30, 30);
    assert_int_equal(corrupted(TD1, 30, 37, 30), 0);
    assert_int_equal(corrupted(TD1, 38, 45, 30), 0);
    corrupted(TD1, 48, 59, 30);
    assert_int_equal(corrupted(TD1, 59, 60, 30), 0);
    corrupted(TD1_LONG, 5, 14, 30);
    corrupted(TD1_LONG, 15, 19, 30);
}

static void swapped_neighbours_are_found(void **state)
{
    (void)state;
    for (int at = 44; at < 53; at++) {
        char text[128] = TD3, first = text[at + 1], second = text[at + 2];
        text[at + 1] = second;
        text[at + 2] = first;
        tb_mrz mrz;
        int differ = (value(first) - value(second)) % 5 != 0; /* 7-3-1 misses a difference of 5 */
        if (differ)
            assert_int_equal(tb_mrz_parse(tb_span_text(text), today, &mrz, NULL), TB_CHECK_DIGIT);
    }
}

static void the_sentence_names_the_field(void **state)
{
    (void)state;
    refused(changed(TD3, 53, "7"), TB_CHECK_DIGIT, "document number");
    refused(changed(TD3, 63, "7"), TB_CHECK_DIGIT, "birth");
    refused(changed(TD3, 71, "7"), TB_CHECK_DIGIT, "expiry");
    refused(changed(TD3, 86, "7"), TB_CHECK_DIGIT, "personal number");
    refused(changed(TD3, 87, "7"), TB_CHECK_DIGIT, "composite");
    refused(changed(TD1_LONG, 18, "8"), TB_CHECK_DIGIT, "document number");
    refused(changed(TD1_LONG, 15, "<"), TB_CHECK_DIGIT, "document number");
}

static void names(void **state)
{
    (void)state;
    static const struct {
        const char *field, *surname, *given;
        int cut;
    } cases[] = {{"VAN<DER<MUELLEN<<JO<ANN<<<<<<<<<<<<<<<<", "VAN DER MUELLEN", "JO ANN", 0},
                 {"ARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "ARKFREITH", "", 0},
                 {"SMITH<<JOHN<<PAUL<<<<<<<<<<<<<<<<<<<<<<", "SMITH", "JOHN PAUL", 0},
                 {"NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K", "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", 1},
                 {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM", "", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_mrz mrz = parsed(changed(TD3, 5, cases[i].field));
        assert_string_equal(mrz.surname, cases[i].surname);
        assert_string_equal(mrz.given, cases[i].given);
        assert_int_equal(mrz.names_cut, cases[i].cut);
    }
}

static void long_names_are_cut_with_a_letter_at_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *surname, *given, *field;
    } cases[] = {/* 9303-4, 4.2.3 */
                 {"NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG KRASUANG", "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"},
                 {"BENNELONG WOOLOOMOOLOO WARRANDYTE WARNA", "DINGO", "BENNELONG<WOOLOOMOOLOO<WARRANDYTE<WA<<D"},
                 /* the letter moves up */
                 {"NILAVADHANANANDA", "CHAYAPA DEJTHAMRONGX KRASUANG", "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"},
                 {"JONES-SMITH", "ANNE", "JONES<SMITH<<ANNE<<<<<<<<<<<<<<<<<<<<<<"},
                 {"ARKFREITH", "", "ARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_mrz mrz = parsed(TD3);
        snprintf(mrz.surname, sizeof mrz.surname, "%s", cases[i].surname);
        snprintf(mrz.given, sizeof mrz.given, "%s", cases[i].given);
        prints_as(&mrz, changed(TD3, 5, cases[i].field));
    }
}

#define REFUSES_TO_PRINT(specimen, change)                                                                             \
    do {                                                                                                               \
        tb_mrz m = parsed(specimen);                                                                                   \
        tb_bytes out = {0};                                                                                            \
        change;                                                                                                        \
        assert_int_equal(tb_mrz_print(&m, &out), TB_INVALID_ARGUMENT);                                                 \
        assert_int_equal(out.size, 0);                                                                                 \
        tb_bytes_free(&out);                                                                                           \
    } while (0)

static void what_does_not_fit_is_not_printed(void **state)
{
    (void)state;
    REFUSES_TO_PRINT(TD3, m.columns = 36);
    REFUSES_TO_PRINT(TD3, m.kind[0] = 'V');
    REFUSES_TO_PRINT(TD3, m.kind[0] = '\0');
    REFUSES_TO_PRINT(TD3, strcpy(m.issuer, "U1"));
    REFUSES_TO_PRINT(TD3, m.nationality[0] = '\0');
    REFUSES_TO_PRINT(TD3, strcpy(m.number, "L898902C3X"));
    REFUSES_TO_PRINT(TD3, strcpy(m.number, "l8989"));
    REFUSES_TO_PRINT(TD3, m.number[0] = '\0');
    REFUSES_TO_PRINT(TD3, m.surname[0] = '\0');
    REFUSES_TO_PRINT(TD3, strcpy(m.surname, "O'BRIEN"));
    REFUSES_TO_PRINT(TD3, memset(m.given, 'A', sizeof m.given));
    REFUSES_TO_PRINT(TD3, (m.born = (tb_date){2001, 2, 29}));
    REFUSES_TO_PRINT(TD3, m.born.day = 32);
    REFUSES_TO_PRINT(TD3, m.expires.day = 0);
    REFUSES_TO_PRINT(TD3, m.expires.year = 1999);
    REFUSES_TO_PRINT(TD3, m.sex = '<');
    REFUSES_TO_PRINT(TD3, strcpy(m.optional, "123456789012345"));
    REFUSES_TO_PRINT(TD3, strcpy(m.optional2, "1"));
    REFUSES_TO_PRINT(TD1, strcpy(m.optional2, "123456789012"));
    REFUSES_TO_PRINT(TD1, strcpy(m.number, "D231458907341234567890AB"));
    REFUSES_TO_PRINT(TD1_LONG, strcpy(m.optional, "12345678901"));
}

static void random_travellers_come_back(void **state)
{
    (void)state;
    sample_random random = {9303};
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (int round = 0; round < 20000; round++) {
        tb_mrz mrz = parsed(round % 2 ? TD3 : TD1), back;
        size_t number = 1 + sample_number(&random, round % 2 ? 9 : 23), surname = 1 + sample_number(&random, 20),
               given = sample_number(&random, round % 2 ? 17 : 8);
        for (size_t i = 0; i <= number; i++)
            mrz.number[i] = i < number ? letters[sample_number(&random, 36)] : '\0';
        for (size_t i = 0; i <= surname; i++)
            mrz.surname[i] = i < surname ? letters[sample_number(&random, 26)] : '\0';
        for (size_t i = 0; i <= given; i++)
            mrz.given[i] = i < given ? letters[sample_number(&random, 26)] : '\0';
        int64_t born = tb_date_days(1927, 1, 1) + (int64_t)sample_number(&random, 36400);
        tb_days_date(born, &mrz.born.year, &mrz.born.month, &mrz.born.day);
        tb_days_date(tb_date_days(2000, 1, 1) + (int64_t)sample_number(&random, 36524), &mrz.expires.year,
                     &mrz.expires.month, &mrz.expires.day);
        mrz.sex = "MFX"[sample_number(&random, 3)];
        int width = round % 2 ? 39 : 30;
        mrz.names_cut = (int)(surname + (given ? 2 + given : 0)) == width;
        tb_bytes out = {0};
        assert_int_equal(tb_mrz_print(&mrz, &out), TB_OK);
        assert_int_equal(tb_mrz_parse(tb_bytes_span(&out), today, &back, NULL), TB_OK);
        assert_string_equal(mrz.number, back.number);
        assert_string_equal(mrz.surname, back.surname);
        assert_string_equal(mrz.given, back.given);
        is_date(back.born, mrz.born.year, mrz.born.month, mrz.born.day);
        is_date(back.expires, mrz.expires.year, mrz.expires.month, mrz.expires.day);
        assert_true(mrz.sex == back.sex && mrz.names_cut == back.names_cut);
        tb_bytes_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_passport_of_the_standard),
        cmocka_unit_test(the_cards_of_the_standard),
        cmocka_unit_test(line_breaks_and_spaces_at_line_ends_are_forgiven),
        cmocka_unit_test(what_is_not_a_zone_is_refused),
        cmocka_unit_test(contents_that_cannot_be_are_refused_though_the_digits_are_right),
        cmocka_unit_test(dates_of_birth),
        cmocka_unit_test(an_empty_personal_number_has_0_or_a_filler),
        cmocka_unit_test(every_corruption_that_weights_can_show_is_found),
        cmocka_unit_test(swapped_neighbours_are_found),
        cmocka_unit_test(the_sentence_names_the_field),
        cmocka_unit_test(names),
        cmocka_unit_test(long_names_are_cut_with_a_letter_at_the_end),
        cmocka_unit_test(what_does_not_fit_is_not_printed),
        cmocka_unit_test(random_travellers_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
