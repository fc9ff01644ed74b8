/* Boarding passes: examples of IATA's guide, positions, lengths that lie, dates around new year, printing. */
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

static const tb_date today = {2016, 8, 20};

/* The examples of IATA's "Bar Coded Boarding Pass" implementation guide: mandatory items only; two legs, everything,
 * signed. */
#define SHORT "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 100"
#define LONG                                                                                                           \
    "M2DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 14D>6181WW6225BAC 00141234560032A0141234567890 1AC AC "  \
    "1234567890123    20KYLX58ZDEF456 FRAGVALH 3664 227C012C0002 12E2A0140987654321 1AC AC 1234567890123    2PCNWQ"
#define SECURITY                                                                                                       \
    "^164GIWVC5EH7JNT684FVNJ91W2QA4DVN5J8K4F0L0GEQ3DF5TGBN8709HKT5D3DW3GBHFCVHMY7J5T6HFR41W2QA4DVN5J8K4F0L0GE"

static tb_bcbp parsed(const char *text)
{
    tb_bcbp pass;
    tb_error why = {0};
    if (tb_bcbp_parse(tb_span_text(text), today, &pass, &why) != TB_OK)
        fail_msg("%s", why.text);
    return pass;
}

static void prints_as(const tb_bcbp *pass, const char *expected)
{
    tb_bytes out = {0};
    assert_int_equal(tb_bcbp_print(pass, &out), TB_OK);
    assert_int_equal(tb_bytes_append(&out, tb_span_of("", 1)), TB_OK);
    assert_string_equal((char *)out.data, expected);
    tb_bytes_free(&out);
}

static void mandatory_items(void **state)
{
    (void)state;
    tb_bcbp pass = parsed(SHORT);
    assert_true(pass.legs == 1 && pass.electronic == 1 && pass.version == 0 && pass.security_data_size == 0);
    assert_string_equal(pass.name, "DESMARAIS/LUC");
    assert_string_equal(pass.leg[0].pnr, "ABC123");
    assert_string_equal(pass.leg[0].from, "YUL");
    assert_string_equal(pass.leg[0].to, "FRA");
    assert_string_equal(pass.leg[0].carrier, "AC");
    assert_string_equal(pass.leg[0].flight, "834");
    assert_int_equal(pass.leg[0].day_of_year, 226);
    assert_int_equal(pass.leg[0].compartment, 'F');
    assert_string_equal(pass.leg[0].seat, "1A");
    assert_string_equal(pass.leg[0].sequence, "0025");
    assert_int_equal(pass.leg[0].passenger_status, '1');
    prints_as(&pass, SHORT);
}

static void conditional_items_of_two_legs(void **state)
{
    (void)state;
    tb_bcbp pass = parsed(LONG SECURITY);
    assert_true(pass.legs == 2 && pass.version == 6 && pass.security_data_size == 100);
    assert_int_equal(pass.passenger_description, '1');
    assert_int_equal(pass.checkin_source, 'W');
    assert_int_equal(pass.issuance_source, 'W');
    assert_true(pass.issued.year == 2016 && pass.issued.month == 8 && pass.issued.day == 12);
    assert_int_equal(pass.document_type, 'B');
    assert_string_equal(pass.designator, "AC");
    assert_string_equal(pass.baggage_tags[0], "0014123456003");
    assert_string_equal(pass.baggage_tags[1], "");
    const tb_bcbp_leg *leg = &pass.leg[0];
    assert_string_equal(leg->airline_numeric, "014");
    assert_string_equal(leg->document_number, "1234567890");
    assert_int_equal(leg->selectee, 0);
    assert_int_equal(leg->document_verification, '1');
    assert_string_equal(leg->marketing_carrier, "AC");
    assert_string_equal(leg->frequent_flyer_airline, "AC");
    assert_string_equal(leg->frequent_flyer_number, "1234567890123");
    assert_int_equal(leg->id_ad, 0);
    assert_string_equal(leg->baggage_allowance, "20K");
    assert_int_equal(leg->fast_track, 'Y');
    leg = &pass.leg[1];
    assert_string_equal(leg->pnr, "DEF456");
    assert_string_equal(leg->from, "FRA");
    assert_string_equal(leg->to, "GVA");
    assert_string_equal(leg->carrier, "LH");
    assert_string_equal(leg->flight, "3664");
    assert_int_equal(leg->day_of_year, 227);
    assert_string_equal(leg->seat, "12C");
    assert_string_equal(leg->document_number, "0987654321");
    assert_string_equal(leg->baggage_allowance, "2PC");
    assert_int_equal(leg->fast_track, 'N');
    /* Printed without the airlines' own data and the signature: sizes 4D-5 and 2E-2. */
    prints_as(
        &pass,
        "M2DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 148>6181WW6225BAC 00141234560032A0141234567890 1AC AC "
        "1234567890123    20KYDEF456 FRAGVALH 3664 227C012C0002 12C2A0140987654321 1AC AC 1234567890123    2PCN");
}

static void other_ways_of_writing_are_read(void **state)
{
    (void)state;
    /* flight and seat without zeros, no status: as some airlines print it */
    tb_bcbp pass = parsed("M1EWING/SHAUN MR       1A11A1 BNESYDQF 551  107Y26J 37    00\r\n");
    assert_string_equal(pass.leg[0].flight, "551");
    assert_string_equal(pass.leg[0].seat, "26J");
    assert_string_equal(pass.leg[0].sequence, "37");
    assert_true(pass.electronic == 0 && pass.leg[0].passenger_status == ' ');
    pass = parsed("M1TANAKA/HANAKO       LXYZ    HNDITMNH 0015A001YINF 0001 100  ");
    assert_true(pass.electronic == 0 && pass.leg[0].passenger_status == '1');
}

static void trailing_spaces_and_airline_data_are_stepped_over(void **state)
{
    (void)state;
    tb_bcbp pass = parsed("M1TANAKA/HANAKO       EXYZ    HNDITMNH 0015A001YINF 0001 000  ");
    assert_string_equal(pass.leg[0].flight, "15A");
    assert_string_equal(pass.leg[0].seat, "INF");
    pass = parsed("M1TANAKA/HANAKO       EXYZ    HNDITMNH 0015A001Y    0001 005HELLO"); /* no version: the airline's */
    assert_int_equal(pass.version, 0);
    assert_string_equal(pass.leg[0].seat, "");
    pass = parsed("M1TANAKA/HANAKO       EXYZ    HNDITMNH 0015A001Y    0001 00A>50000ABCD"); /* unique 0 */
    assert_int_equal(pass.version, 5);
    /* a unique part longer than any version known: what is new is stepped over */
    pass = parsed("M1TANAKA/HANAKO       EXYZ    HNDITMNH 0015A001Y    0001 03D>8370OO6230BNH "
                  "012345678901212345678901231234567890123NEW1200");
    assert_true(pass.version == 8 && pass.passenger_description == '0');
    assert_string_equal(pass.baggage_tags[2], "1234567890123");
}

static void refused(const char *text, tb_status expected, const char *says)
{
    tb_bcbp pass;
    static const tb_bcbp zero;
    tb_error why = {0};
    size_t size = strlen(text);
    char *exact = malloc(size ? size : 1);
    memcpy(exact, text, size);
    tb_status status = tb_bcbp_parse(tb_span_of(exact, size), today, &pass, &why);
    free(exact);
    if (status != expected || !strstr(why.text, says))
        fail_msg("%s instead of %s: %s for %s", tb_status_name(status), tb_status_name(expected), why.text, text);
    assert_int_equal(why.status, expected);
    assert_memory_equal(&pass, &zero, sizeof pass);
}

static const char *with(const char *text, size_t at, const char *put)
{
    static char changed[512];
    snprintf(changed, sizeof changed, "%s", text);
    memcpy(changed + at, put, strlen(put));
    return changed;
}

static void bad_items_are_refused_by_name_and_position(void **state)
{
    (void)state;
    refused("", TB_TRUNCATED, "empty");
    refused(with(SHORT, 0, "S"), TB_UNSUPPORTED, "format M");
    refused(with(SHORT, 1, "0"), TB_MALFORMED, "item 5 (number of legs) at position 2");
    refused(with(SHORT, 1, "5"), TB_TOO_LARGE, "legs");
    refused(with(SHORT, 2, " "), TB_MALFORMED, "item 11 (passenger name) at position 3");
    refused(with(SHORT, 5, "7"), TB_MALFORMED, "item 11");
    refused(with(SHORT, 22, "X"), TB_MALFORMED, "item 253 (electronic ticket indicator) at position 23");
    refused(with(SHORT, 23, "a"), TB_MALFORMED, "item 7");
    refused(with(SHORT, 30, "Y L"), TB_MALFORMED, "item 26 (from) at position 31");
    refused(with(SHORT, 33, "FR1"), TB_MALFORMED, "item 38 (to) at position 34");
    refused(with(SHORT, 36, "A  "), TB_MALFORMED, "item 42");
    refused(with(SHORT, 39, "     "), TB_MALFORMED, "item 43 (flight number) at position 40");
    refused(with(SHORT, 39, "08345"), TB_MALFORMED, "item 43");
    refused(with(SHORT, 39, "08A34"), TB_MALFORMED, "item 43");
    refused(with(SHORT, 44, "000"), TB_MALFORMED, "item 46 (date of flight) at position 45");
    refused(with(SHORT, 44, "367"), TB_MALFORMED, "item 46");
    refused(with(SHORT, 44, " 26"), TB_MALFORMED, "item 46");
    refused(with(SHORT, 47, " "), TB_MALFORMED, "item 71");
    refused(with(SHORT, 48, "0-1A"), TB_MALFORMED, "item 104 (seat) at position 49");
    refused(with(SHORT, 58, "0G"), TB_MALFORMED, "item 6");
    refused(with(SHORT, 58, "01"), TB_TRUNCATED, "item 6");
    refused(with(SHORT, 10, "\t"), TB_MALFORMED, "position 11");
    refused(with(SHORT, 10, "\xE3"), TB_MALFORMED, "position 11");
    refused(SHORT "x", TB_MALFORMED, "position 61");
    refused(LONG SECURITY "x", TB_MALFORMED, "follows");
    refused(LONG "^1", TB_TRUNCATED, "item 29");
    refused(LONG "^", TB_TRUNCATED, "item 28");
    refused(LONG "^1FF0", TB_TRUNCATED, "item 29");
}

static void structured_sizes_that_lie_are_refused(void **state)
{
    (void)state;
    refused(with(LONG, 60, ">X"), TB_MALFORMED, "item 9 (version)");
    refused(with(LONG, 62, "FF"), TB_MALFORMED, "item 10");
    refused(with(LONG, 62, "4A"), TB_MALFORMED, "item 10");               /* beyond the variable part */
    refused(with(LONG, 62, "17"), TB_MALFORMED, "item 23 (baggage tag)"); /* cuts the tag */
    refused(with(LONG, 62, "06"), TB_MALFORMED, "item 22 (date of issue)");
    refused(with(LONG, 67, "6367"), TB_MALFORMED, "item 22");
    refused(with(LONG, 67, "5366"), TB_MALFORMED, "item 22"); /* 2015 had none */
    refused(with(LONG, 88, "FF"), TB_MALFORMED, "item 17");
    refused(with(LONG, 88, "08"), TB_MALFORMED, "item 143");
    refused("M1TANAKA/HANAKO       EXYZ    HNDITMNH 0015A001Y    0001 001>", TB_MALFORMED, "item 8");
    refused("M1TANAKA/HANAKO       EXYZ    HNDITMNH 0015A001Y    0001 005>5000", TB_MALFORMED, "item 17");
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    static const char whole[] = LONG SECURITY;
    for (size_t size = 0; size + 1 < sizeof whole; size++) {
        if (size == strlen(LONG))
            continue; /* whole as well: the signature is optional */
        char *cut = malloc(size ? size : 1);
        memcpy(cut, whole, size);
        tb_bcbp pass;
        tb_error why = {0};
        tb_status status = tb_bcbp_parse(tb_span_of(cut, size), today, &pass, &why);
        if (status != TB_TRUNCATED)
            fail_msg("cut at %zu: %s, %s", size, tb_status_name(status), why.text);
        free(cut);
    }
}

static void every_changed_character_is_refused_or_printable_again(void **state)
{
    (void)state;
    static const char whole[] = LONG SECURITY;
    for (size_t at = 0; at + 1 < sizeof whole; at++)
        for (int c = 0x1F; c <= 0x7F; c++) {
            char *changed = malloc(sizeof whole - 1);
            memcpy(changed, whole, sizeof whole - 1);
            changed[at] = (char)c;
            tb_bcbp pass, again;
            if (tb_bcbp_parse(tb_span_of(changed, sizeof whole - 1), today, &pass, NULL) == TB_OK) {
                tb_bytes out = {0};
                assert_int_equal(tb_bcbp_print(&pass, &out), TB_OK);
                assert_int_equal(tb_bcbp_parse(tb_bytes_span(&out), today, &again, NULL), TB_OK);
                again.security_data_size = pass.security_data_size;
                assert_memory_equal(&again, &pass, sizeof pass);
                tb_bytes_free(&out);
            }
            free(changed);
        }
}

#define REFUSES_TO_PRINT(change)                                                                                       \
    do {                                                                                                               \
        tb_bcbp p = parsed(LONG);                                                                                      \
        tb_bytes out = {0};                                                                                            \
        change;                                                                                                        \
        assert_int_equal(tb_bcbp_print(&p, &out), TB_INVALID_ARGUMENT);                                                \
        assert_int_equal(out.size, 0);                                                                                 \
        tb_bytes_free(&out);                                                                                           \
    } while (0)

static void what_does_not_fit_is_not_printed(void **state)
{
    (void)state;
    REFUSES_TO_PRINT(p.legs = 0);
    REFUSES_TO_PRINT(p.legs = 5);
    REFUSES_TO_PRINT(p.legs = 3);
    REFUSES_TO_PRINT(p.version = 0);
    REFUSES_TO_PRINT(p.version = 10);
    REFUSES_TO_PRINT(p.name[0] = '\0');
    REFUSES_TO_PRINT(strcpy(p.name, "tanaka"));
    REFUSES_TO_PRINT(memset(p.name, 'A', sizeof p.name));
    REFUSES_TO_PRINT(p.electronic = 2);
    REFUSES_TO_PRINT(strcpy(p.leg[0].from, "YU"));
    REFUSES_TO_PRINT(strcpy(p.leg[1].to, "gva"));
    REFUSES_TO_PRINT(strcpy(p.leg[0].carrier, "A"));
    REFUSES_TO_PRINT(p.leg[0].flight[0] = '\0');
    REFUSES_TO_PRINT(strcpy(p.leg[0].flight, "12345"));
    REFUSES_TO_PRINT(strcpy(p.leg[0].flight, "12AB"));
    REFUSES_TO_PRINT(memset(p.leg[0].flight, '1', 6));
    REFUSES_TO_PRINT(p.leg[0].day_of_year = 0);
    REFUSES_TO_PRINT(p.leg[0].day_of_year = 367);
    REFUSES_TO_PRINT(p.leg[0].compartment = '\0');
    REFUSES_TO_PRINT(memset(p.leg[0].seat, '1', 5));
    REFUSES_TO_PRINT(p.leg[0].passenger_status = '\0');
    REFUSES_TO_PRINT(p.leg[0].fast_track = 'X');
    REFUSES_TO_PRINT(p.leg[0].selectee = '\n');
    REFUSES_TO_PRINT((p.issued = (tb_date){2026, 2, 30}));
    REFUSES_TO_PRINT((p.issued = (tb_date){2026, 13, 1}));
    REFUSES_TO_PRINT(memset(p.baggage_tags[0], '1', 14));
}

static void is_date_of(int day_of_year, tb_date now, int year, int month, int day)
{
    tb_bcbp_leg leg = {.day_of_year = day_of_year};
    tb_date date = {0};
    assert_int_equal(tb_bcbp_date(&leg, now, &date), TB_OK);
    assert_int_equal(date.year, year);
    assert_int_equal(date.month, month);
    assert_int_equal(date.day, day);
}

static void dates_around_new_year_and_leap_years(void **state)
{
    (void)state;
    is_date_of(325, (tb_date){2026, 11, 21}, 2026, 11, 21);
    is_date_of(1, (tb_date){2026, 12, 31}, 2027, 1, 1);
    is_date_of(365, (tb_date){2027, 1, 1}, 2026, 12, 31);
    is_date_of(366, (tb_date){2025, 1, 1}, 2024, 12, 31);
    is_date_of(366, (tb_date){2024, 12, 30}, 2024, 12, 31);
    is_date_of(60, (tb_date){2024, 2, 1}, 2024, 2, 29);
    is_date_of(60, (tb_date){2023, 12, 1}, 2024, 2, 29);
    is_date_of(60, (tb_date){2026, 2, 1}, 2026, 3, 1);
    tb_date date;
    tb_bcbp_leg none = {.day_of_year = 366};
    assert_int_equal(tb_bcbp_date(&none, (tb_date){2026, 11, 21}, &date), TB_MALFORMED);
    assert_int_equal(tb_bcbp_date(&none, (tb_date){2025, 12, 31}, &date), TB_MALFORMED);
    none.day_of_year = 0;
    assert_int_equal(tb_bcbp_date(&none, (tb_date){2026, 11, 21}, &date), TB_MALFORMED);
}

/* Every day of eight years, every distance: the nearest day with that number is found. */
static void the_nearest_date_is_found(void **state)
{
    (void)state;
    for (int64_t now = tb_date_days(2023, 1, 1); now < tb_date_days(2031, 1, 1); now += 5)
        for (int64_t away = -181; away <= 181; away++) {
            tb_date at, found, present;
            tb_days_date(now, &present.year, &present.month, &present.day);
            tb_days_date(now + away, &at.year, &at.month, &at.day);
            tb_bcbp_leg leg = {.day_of_year = (int)(now + away - tb_date_days(at.year, 1, 1)) + 1};
            assert_int_equal(tb_bcbp_date(&leg, present, &found), TB_OK);
            assert_int_equal(tb_date_days(found.year, found.month, found.day), now + away);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mandatory_items),
                                       cmocka_unit_test(conditional_items_of_two_legs),
                                       cmocka_unit_test(other_ways_of_writing_are_read),
                                       cmocka_unit_test(trailing_spaces_and_airline_data_are_stepped_over),
                                       cmocka_unit_test(bad_items_are_refused_by_name_and_position),
                                       cmocka_unit_test(structured_sizes_that_lie_are_refused),
                                       cmocka_unit_test(every_cut_is_noticed),
                                       cmocka_unit_test(every_changed_character_is_refused_or_printable_again),
                                       cmocka_unit_test(what_does_not_fit_is_not_printed),
                                       cmocka_unit_test(dates_around_new_year_and_leap_years),
                                       cmocka_unit_test(the_nearest_date_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
