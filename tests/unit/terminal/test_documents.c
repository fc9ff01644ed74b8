/* What a terminal says about documents by itself: check digits, expiry, day, names; and what its screen says in both
 * languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "terminal/documents.h"
#include "terminal/screen.h"

static const tb_date today = {2026, 11, 21};

static void passport(const char *surname, tb_date expires, char *out, size_t size)
{
    tb_mrz mrz = {.lines = 2,
                  .columns = 44,
                  .kind = "P",
                  .issuer = "JPN",
                  .nationality = "JPN",
                  .number = "TK1234567",
                  .given = "HANAKO",
                  .born = {1990, 1, 2},
                  .expires = expires,
                  .sex = 'F'};
    tb_bytes text = {0};
    snprintf(mrz.surname, sizeof mrz.surname, "%s", surname);
    assert_int_equal(tb_mrz_print(&mrz, &text), TB_OK);
    snprintf(out, size, "%.*s", (int)text.size, (const char *)text.data);
    tb_bytes_free(&text);
}

static void pass(const char *name, int day, char *out, size_t size)
{
    tb_bcbp bcbp = {.legs = 1, .electronic = 1};
    tb_bcbp_leg leg = {.pnr = "ABC123",
                       .from = "HND",
                       .to = "LHR",
                       .carrier = "NH",
                       .flight = "105",
                       .day_of_year = day,
                       .compartment = 'Y',
                       .seat = "12A",
                       .sequence = "25",
                       .passenger_status = '1'};
    tb_bytes text = {0};
    bcbp.leg[0] = leg;
    snprintf(bcbp.name, sizeof bcbp.name, "%s", name);
    assert_int_equal(tb_bcbp_print(&bcbp, &text), TB_OK);
    snprintf(out, size, "%.*s", (int)text.size, (const char *)text.data);
    tb_bytes_free(&text);
}

static void documents_that_go_together(void **state)
{
    (void)state;
    char mrz[96], bcbp[512], reason[TB_NAME_SIZE];
    tb_documents d = {0};
    passport("YAMADA", (tb_date){2030, 5, 6}, mrz, sizeof mrz);
    pass("YAMADA/HANAKO", 325, bcbp, sizeof bcbp); /* 21 November */
    assert_int_equal(tb_documents_passport(&d, mrz, today, reason, NULL), TB_OK);
    assert_int_equal(tb_documents_pass(&d, bcbp, today, reason, NULL), TB_OK);
    assert_string_equal(reason, "");
    assert_string_equal(d.mrz_text, mrz);
    assert_string_equal(d.bcbp_text, bcbp);
}

static void each_fault_has_its_reason(void **state)
{
    (void)state;
    char mrz[96], bcbp[512], reason[TB_NAME_SIZE];
    tb_documents d = {0};
    passport("YAMADA", (tb_date){2026, 11, 20}, mrz, sizeof mrz);
    assert_int_equal(tb_documents_passport(&d, mrz, today, reason, NULL), TB_DOCUMENT_EXPIRED);
    assert_string_equal(reason, "document_expired");
    passport("YAMADA", (tb_date){2026, 11, 21}, mrz, sizeof mrz); /* valid on its last day */
    assert_int_equal(tb_documents_passport(&d, mrz, today, reason, NULL), TB_OK);
    mrz[45 + 3] ^= 1;
    assert_int_equal(tb_documents_passport(&d, mrz, today, reason, NULL), TB_CHECK_DIGIT);
    assert_string_equal(reason, "check_digit");
    assert_true(d.has_passport); /* what was good before stays */
    pass("YAMADA/HANAKO", 324, bcbp, sizeof bcbp);
    assert_int_equal(tb_documents_pass(&d, bcbp, today, reason, NULL), TB_WRONG_DAY);
    assert_string_equal(reason, "wrong_day");
    pass("SUZUKI/TARO", 325, bcbp, sizeof bcbp);
    assert_int_equal(tb_documents_pass(&d, bcbp, today, reason, NULL), TB_OTHER_PERSON);
    assert_string_equal(reason, "person_mismatch");
    assert_int_equal(tb_documents_pass(&d, "M1", today, reason, NULL), TB_TRUNCATED);
    assert_false(d.has_pass);
    char huge[600];
    memset(huge, 'M', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_int_equal(tb_documents_pass(&d, huge, today, reason, NULL), TB_TOO_LARGE);
    assert_int_equal(tb_documents_passport(&d, huge, today, reason, NULL), TB_TOO_LARGE);
}

static void dates_are_local(void **state)
{
    (void)state;
    tb_time late;
    assert_int_equal(tb_time_parse("2026-11-21T20:00:00Z", &late), TB_OK);
    assert_int_equal(tb_local_date(late, 0).day, 21);
    assert_int_equal(tb_local_date(late, 540).day, 22);
    assert_int_equal(tb_local_date(late, -1300).day, 20);
}

static tb_profile *airport(void)
{
    tb_bytes text = {0};
    tb_profile *profile;
    assert_int_equal(tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 18, &text, NULL), TB_OK);
    assert_int_equal(tb_profile_parse(tb_bytes_span(&text), "airport", &profile, NULL), TB_OK);
    tb_bytes_free(&text);
    return profile;
}

/* In every state and outcome of every role there is a sentence in both languages, and "try again" never looks like
 * "no" (M3). */
static void the_screen_always_speaks(void **state)
{
    (void)state;
    tb_profile *profile = airport();
    for (size_t r = 0; r < tb_profile_role_count(profile); r++) {
        tb_machine_options options = {0};
        tb_role_view_of(tb_profile_role_at(profile, r), &options.role);
        if (options.role.kind == TB_KIND_SIGN || options.role.kind == TB_KIND_PRESENCE)
            continue; /* these refuse nobody */
        tb_machine m;
        tb_machine_init(&options, &m);
        for (int phase = 0; phase < TB_PHASE_COUNT; phase++)
            for (int outcome = TB_OUTCOME_ADMITTED; outcome <= TB_OUTCOME_FAILED; outcome++) {
                tb_screen screen;
                m.phase = (tb_phase)phase;
                m.now_serving.outcome = (tb_outcome)outcome;
                m.now_serving.failure = outcome == TB_OUTCOME_RETRY ? TB_RETRY_BLURRED : TB_OK;
                snprintf(m.now_serving.reason, sizeof m.now_serving.reason, "%s",
                         outcome == TB_OUTCOME_REFUSED ? "not_checked_in" : "");
                m.now_serving.ask = phase == TB_PHASE_ASKING ? TB_ASK_PIN : TB_ASK_NONE;
                tb_screen_of(&m, profile, 540, &screen);
                assert_true(screen.en[0] && screen.ja[0]);
                if (phase >= TB_PHASE_DECIDED && outcome == TB_OUTCOME_RETRY) {
                    assert_int_equal(screen.tone, TB_TONE_RETRY);
                    assert_string_equal(screen.sound, "");
                }
                if (phase >= TB_PHASE_DECIDED && outcome == TB_OUTCOME_REFUSED)
                    assert_string_equal(screen.sound, "refuse");
            }
    }
    tb_profile_free(&profile);
}

static void too_early_names_the_time(void **state)
{
    (void)state;
    tb_profile *profile = airport();
    tb_machine_options options = {0};
    tb_role_view_of(tb_profile_role(profile, "security"), &options.role);
    assert_string_equal(options.role.early_reason, "too_early");
    assert_string_equal(options.role.late_reason, "flight_closed");
    tb_machine m;
    tb_screen screen;
    tb_machine_init(&options, &m);
    m.phase = TB_PHASE_REPORTING;
    m.now_serving.recorded = 1;
    m.now_serving.outcome = TB_OUTCOME_REFUSED;
    snprintf(m.now_serving.reason, sizeof m.now_serving.reason, "too_early");
    tb_time from;
    assert_int_equal(tb_time_parse("2026-11-21T05:30:00Z", &from), TB_OK);
    assert_int_equal(tb_facts_set_time(&m.now_serving.fields, "from", from), TB_OK);
    tb_screen_of(&m, profile, 540, &screen);
    assert_non_null(strstr(screen.en, "14:30"));
    assert_non_null(strstr(screen.ja, "14:30"));
    tb_profile_free(&profile);
}

/* What is said on passing is the role's where it says so: only a bag drop speaks of bags. */
static void the_role_welcomes(void **state)
{
    (void)state;
    tb_profile *profile = airport();
    tb_machine_options options = {0};
    tb_machine m;
    tb_screen screen;
    tb_role_view_of(tb_profile_role(profile, "bag_drop"), &options.role);
    tb_machine_init(&options, &m);
    m.phase = TB_PHASE_REPORTING;
    m.now_serving.recorded = 1;
    m.now_serving.outcome = TB_OUTCOME_ADMITTED;
    tb_screen_of(&m, profile, 540, &screen);
    assert_string_equal(screen.en, "Thank you. Please put your bag on the belt.");
    m.options.role.welcome_en = m.options.role.welcome_ja = "";
    tb_screen_of(&m, profile, 540, &screen);
    assert_string_equal(screen.en, "Thank you.");
    assert_non_null(strstr(screen.ja, "ありがとう"));
    tb_profile_free(&profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(documents_that_go_together),
                                       cmocka_unit_test(each_fault_has_its_reason),
                                       cmocka_unit_test(dates_are_local),
                                       cmocka_unit_test(the_screen_always_speaks),
                                       cmocka_unit_test(too_early_names_the_time),
                                       cmocka_unit_test(the_role_welcomes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
