/* A16 E3: the form of what people hold, and what the checker says of roles that ask for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <tebura/profile_check.h>

#include "site.h"

#define SITE                                                                                                           \
    "name: spa\n"                                                                                                      \
    "facts:\n"                                                                                                         \
    "  - {name: consented, type: bool}\n"                                                                              \
    "  - {name: ends, type: time}\n"                                                                                   \
    "  - {name: band, type: text}\n"                                                                                   \
    "statuses: [booked, inside]\n"                                                                                     \
    "consent: {ja: はい, en: yes}\n"                                                                                 \
    "visitors:\n"                                                                                                      \
    "  requires: [{that: visit.consented, else: late}]\n"                                                              \
    "  window: {until: ends, late: late}\n"                                                                            \
    "zones: [{name: hall, titles: {ja: ホール, en: Hall}}]\n"                                                       \
    "reasons:\n"                                                                                                       \
    "  - {name: late, ja: 終了, en: over}\n"                                                                         \
    "  - {name: not_sure, ja: 未確認, en: unsure}\n"                                                                \
    "  - {name: check_digit, ja: 誤読, en: misread}\n"                                                               \
    "  - {name: too_many_tries, ja: 多い, en: too many}\n"                                                           \
    "  - {name: reference_unknown, ja: 不明, en: unknown}\n"                                                         \
    "  - {name: reference_used, ja: 使用済み, en: used}\n"                                                         \
    "  - {name: other_face, ja: 別人, en: other}\n"                                                                  \
    "  - {name: wrong_day, ja: 別日, en: other day}\n"                                                               \
    "  - {name: no_consent, ja: 不同意, en: no consent}\n"                                                          \
    "roles:\n"
#define GATE "  - {name: gate, zone: hall, kind: passage, titles: {ja: 門, en: Gate}%s}\n"
#define DESK "  - {name: desk, zone: hall, kind: checkin, titles: {ja: 受付, en: Desk}%s}\n"
#define FORM "reference: {titles: {ja: 番号, en: number}%s}\n"

/* "" when the profile is sound, else its first finding's cause. */
static const char *cause_of(const char *gate, const char *desk, const char *form)
{
    static char cause[300];
    char yaml[3000], part[400];
    size_t used = (size_t)snprintf(yaml, sizeof yaml, "%s", SITE);
    const char *parts[][2] = {{GATE, gate}, {DESK, desk}, {FORM, form}};
    for (int i = 0; i < 3; i++) {
        if (!parts[i][1])
            continue;
        const char *place = strstr(parts[i][0], "%s");
        snprintf(part, sizeof part, "%.*s%s%s", (int)(place - parts[i][0]), parts[i][0], parts[i][1], place + 2);
        used += (size_t)snprintf(yaml + used, sizeof yaml - used, "%s", part);
    }
    tb_findings findings = {0};
    tb_profile *profile;
    tb_status status = tb_profile_examine(tb_span_text(yaml), &profile, &findings);
    snprintf(cause, sizeof cause, "%s", status == TB_OK ? "" : findings.items[0].cause);
    tb_findings_free(&findings);
    tb_profile_free(&profile);
    return cause;
}

static void read_as(const tb_profile *profile, const char *text, tb_status expected, const char *read)
{
    char out[TB_REFERENCE_SIZE] = "before";
    tb_status status = tb_profile_reference_read(profile, text, out);
    if (status != expected)
        fail_msg("'%s': %s instead of %s", text, tb_status_name(status), tb_status_name(expected));
    assert_string_equal(out, read);
}

static void forms_of_the_sites(void **state)
{
    (void)state;
    tb_profile *hotel = site_load("hotel"), *expo = site_load("expo"), *airport = site_load("airport");
    read_as(hotel, "H1234566", TB_OK, "H1234566"); /* 1234566: Luhn */
    read_as(hotel, " h12 345 66 ", TB_OK, "H1234566");
    read_as(hotel, "H1234567", TB_CHECK_DIGIT, "");
    read_as(hotel, "H1234656", TB_CHECK_DIGIT, ""); /* two neighbours changed places */
    read_as(hotel, "H123456", TB_MALFORMED, "");
    read_as(hotel, "H12345666", TB_MALFORMED, "");
    read_as(hotel, "G1234566", TB_MALFORMED, "");
    read_as(hotel, "H123456O", TB_MALFORMED, "");
    read_as(hotel, "", TB_MALFORMED, "");
    read_as(hotel, "   ", TB_MALFORMED, "");
    read_as(hotel, "H１２３４５６６", TB_MALFORMED, "");
    read_as(expo, "EX202604130118", TB_OK, "EX202604130118"); /* E is 14, X is 33: the number leaves 1 */
    read_as(expo, "EX202604130119", TB_CHECK_DIGIT, "");
    read_as(expo, "EX204602130118", TB_CHECK_DIGIT, "");
    read_as(airport, "H1234566", TB_UNSUPPORTED, "");
    assert_string_equal(tb_profile_reference_title(hotel, "en"), "reservation number");
    assert_string_equal(tb_profile_reference_title(hotel, "ja"), "ご予約番号");
    assert_string_equal(tb_profile_reference_title(airport, "en"), "");
    tb_profile_free(&hotel);
    tb_profile_free(&expo);
    tb_profile_free(&airport);
}

static void without_a_pattern(void **state)
{
    (void)state;
    char yaml[3000], longest[TB_REFERENCE_SIZE + 1];
    snprintf(yaml, sizeof yaml, "%s%s%s", SITE, "  - {name: gate, zone: hall, kind: passage, titles: {ja: a, en: b}}\n",
             "reference: {titles: {ja: 番号, en: number}, fact: band}\n");
    tb_profile *spa = site_parse(yaml);
    read_as(spa, "aB-9/x", TB_OK, "aB-9/x"); /* as the site told it */
    read_as(spa, "a b", TB_MALFORMED, "");
    read_as(spa, "a\tb", TB_MALFORMED, "");
    memset(longest, 'x', sizeof longest);
    longest[TB_REFERENCE_SIZE - 1] = '\0';
    read_as(spa, longest, TB_OK, longest);
    longest[TB_REFERENCE_SIZE - 1] = 'x', longest[TB_REFERENCE_SIZE] = '\0';
    read_as(spa, longest, TB_MALFORMED, "");
    assert_string_equal(tb_profile_reference_fact(spa), "band");
    tb_profile_free(&spa);
}

static void what_the_checker_says(void **state)
{
    (void)state;
    static const struct {
        const char *gate, *desk, *form, *cause;
    } table[] = {
        {"", ", documents: [reference], unknown: late", "", ""},
        {", reference: when_unsure", ", documents: [reference], unknown: late", ", pattern: 'A##', check: luhn", ""},
        {", reference: always", NULL, NULL, "nothing says what people hold"},
        {"", ", documents: [reference], unknown: late", NULL, "nothing says what people hold"},
        {"", ", documents: [reference]", "",
         "the role 'desk' needs 'unknown': the reason when no visit has the reference"},
        {"", ", documents: [passport]", "", "no terminal can check in with these documents"},
        {"", ", documents: [passport, reference], unknown: late", "", "no terminal can check in with these documents"},
        {"", ", documents: [], unknown: late", "", "'documents' has no entries"},
        {"", ", documents: [visa], unknown: late", "", "'documents' cannot be 'visa'"},
        {", documents: [reference], unknown: late", NULL, "", "only who checks in shows documents"},
        {"", ", documents: [reference], unknown: late, reference: always", "",
         "a second factor of this kind is asked for at passage, counter and pickup"},
        {", reference: sometimes", NULL, "", "'reference' cannot be 'sometimes'"},
        {"", NULL, ", fact: ends", "'ends' is no text that could hold it"},
        {"", NULL, ", fact: nothing", "'nothing' is no text that could hold it"},
        {"", NULL, ", check: luhn", "check digits need a form in which they stand"},
        {"", NULL, ", pattern: 'a##'", "a reference is read in capital letters, digits and signs without blanks"},
        {"", NULL, ", pattern: 'A ##'", "a reference is read in capital letters, digits and signs without blanks"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *cause = cause_of(table[i].gate, table[i].desk, table[i].form);
        if (strcmp(cause, table[i].cause) != 0)
            fail_msg("row %zu: '%s' instead of '%s'", i, cause, table[i].cause);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_of_the_sites),
        cmocka_unit_test(without_a_pattern),
        cmocka_unit_test(what_the_checker_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
