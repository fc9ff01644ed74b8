/* profiles/airport.yaml: every role x every status x flag x consent x gate x instrument x items x window edge against
 * the requirements A1-A14 and A21 written down here once more, by hand, as plain C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/profile.h>

enum { BOOKED, CHECKED_IN, SECURITY_PASSED, EMIGRATION_PASSED, BOARDED };

static tb_profile *profile;
static const tb_time boarding = 1000 * TB_DAY, departure = 1000 * TB_DAY + TB_HOUR;

static int load(void **state)
{
    (void)state;
    tb_bytes yaml = {0};
    tb_error why = {0};
    tb_status status = tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, &why);
    if (status == TB_OK)
        status = tb_profile_parse(tb_bytes_span(&yaml), "airport.yaml", &profile, &why);
    tb_bytes_free(&yaml);
    if (status != TB_OK)
        print_error("%s\n", tb_error_text(&why));
    return status != TB_OK;
}

static int unload(void **state)
{
    (void)state;
    tb_profile_free(&profile);
    return 0;
}

typedef struct situation {
    int status, flag, consented, own_gate, instrument, items;
    tb_time now;
    int cancelled;
} situation;

static tb_facts visit_of(const situation *s)
{
    tb_facts visit = {0};
    int ok =
        tb_facts_set_int(&visit, "status", s->status) == TB_OK && tb_facts_set_bool(&visit, "flag", s->flag) == TB_OK &&
        tb_facts_set_bool(&visit, "consented", s->consented) == TB_OK &&
        tb_facts_set_text(&visit, "name", "HANA") == TB_OK && tb_facts_set_text(&visit, "flight", "NH105") == TB_OK &&
        tb_facts_set_text(&visit, "seat", "12A") == TB_OK && tb_facts_set_text(&visit, "from", "HND") == TB_OK &&
        tb_facts_set_text(&visit, "to", "LAX") == TB_OK &&
        tb_facts_set_text(&visit, "gate", s->own_gate ? "12" : "15") == TB_OK &&
        tb_facts_set_time(&visit, "boarding", boarding) == TB_OK &&
        tb_facts_set_time(&visit, "departure", departure) == TB_OK &&
        tb_facts_set_bool(&visit, "has_instrument", s->instrument) == TB_OK &&
        tb_facts_set_int(&visit, "items", s->items) == TB_OK &&
        tb_facts_set_bool(&visit, "cancelled", s->cancelled) == TB_OK &&
        tb_facts_set_text(&visit, "item_list", "1 tea") == TB_OK && tb_facts_set_int(&visit, "bags", 1) == TB_OK;
    assert_true(ok);
    return visit;
}

/* ---- the requirements once more ---- */

static const char *clock_says(tb_time now, tb_time from, tb_time until, const char *early, const char *late)
{
    return now >= until ? late : now < from ? early : "";
}

static const char *expected(const char *role, const situation *s)
{
    if (strcmp(role, "checkin") == 0)
        return s->status >= CHECKED_IN ? "already_checked_in" : "";
    if (s->status < CHECKED_IN)
        return "not_checked_in";
    if (!s->consented)
        return "no_consent";
    if (s->cancelled)
        return "flight_cancelled";
    if (strcmp(role, "bag_drop") == 0)
        return s->status >= SECURITY_PASSED
                   ? "already_used"
                   : clock_says(s->now, departure - TB_DAY, departure - 30 * TB_MINUTE, "too_early", "flight_closed");
    if (strcmp(role, "security") == 0)
        return s->status >= SECURITY_PASSED || s->flag
                   ? "already_used"
                   : clock_says(s->now, boarding - 3 * TB_HOUR, departure, "too_early", "flight_closed");
    if (strcmp(role, "emigration") == 0)
        return !s->flag || s->status < SECURITY_PASSED ? "not_through_security"
               : s->status >= EMIGRATION_PASSED        ? "already_used"
                                                       : clock_says(s->now, 0, departure, "", "flight_closed");
    if (!s->flag)
        return "not_through_security";
    if (strcmp(role, "boarding") == 0)
        return s->status >= BOARDED ? "already_used"
               : !s->own_gate       ? "other_gate"
                                    : clock_says(s->now, boarding, departure, "too_early", "flight_closed");
    if (s->status >= BOARDED)
        return "already_boarded";
    if (strcmp(role, "board") == 0)
        return clock_says(s->now, 0, departure, "", "flight_departed");
    if (strcmp(role, "shop") == 0)
        return !s->instrument ? "no_instrument" : clock_says(s->now, 0, departure, "", "flight_departed");
    assert_string_equal(role, "pickup");
    return s->items <= 0 ? "nothing_waiting" : clock_says(s->now, 0, departure, "", "flight_departed");
}

static void compare(const tb_role *role, const char *name, const situation *s, const tb_facts *touchpoint)
{
    tb_facts visit = visit_of(s);
    tb_verdict verdict = tb_role_judge(role, &visit, touchpoint, s->now);
    const char *reason = expected(name, s);
    if (strcmp(verdict.reason, reason) != 0)
        fail_msg("%s, status %d, flag %d, consent %d, gate %d, instrument %d, items %d, now %lld: '%s', not '%s'", name,
                 s->status, s->flag, s->consented, s->own_gate, s->instrument, s->items, (long long)(s->now - boarding),
                 verdict.reason, reason);
    assert_int_equal(verdict.judgement == TB_ADMIT, !reason[0]);
    if (verdict.judgement == TB_EARLY)
        assert_true(s->now < verdict.from);
    if (verdict.judgement == TB_LATE)
        assert_true(s->now >= verdict.until);
}

static void every_role_status_flag_and_edge(void **state)
{
    (void)state;
    const tb_time edges[] = {departure - TB_DAY, boarding - 3 * TB_HOUR, departure - 30 * TB_MINUTE, boarding,
                             departure};
    tb_facts touchpoint = {0};
    assert_int_equal(tb_facts_set_text(&touchpoint, "gate", "12"), TB_OK);
    assert_int_equal(tb_profile_role_count(profile), 11);
    for (size_t r = 0; r < 8; r++) { /* the others are in test_arrival.c */
        const tb_role *role = r < 7 ? tb_profile_role_at(profile, r) : tb_profile_role(profile, "board");
        tb_role_view view;
        tb_role_view_of(role, &view);
        for (int bits = 0; bits < 5 * 64; bits++)
            for (int edge = 0; edge < 15 + 1; edge++) {
                situation s = {.status = bits / 64,
                               .flag = bits & 1,
                               .consented = bits >> 1 & 1,
                               .own_gate = bits >> 2 & 1,
                               .instrument = bits >> 3 & 1,
                               .items = (bits >> 4 & 3) - 1,
                               .cancelled = edge == 15,
                               .now = edges[edge / 3 % 5] + edge % 3 - 1};
                compare(role, view.name, &s, &touchpoint);
            }
    }
}

static void an_absent_fact_never_admits(void **state)
{
    (void)state;
    /* What each role's rule names; taking any of it away must shut the touchpoint. */
    static const struct {
        const char *role, *needs[8];
        situation fits;
    } table[] = {
        {"bag_drop",
         {"status", "consented", "cancelled", "departure"},
         {CHECKED_IN, 0, 1, 1, 1, 1, boarding - TB_HOUR, 0}},
        {"security",
         {"status", "consented", "cancelled", "flag", "boarding", "departure"},
         {CHECKED_IN, 0, 1, 1, 1, 1, boarding - TB_HOUR, 0}},
        {"emigration",
         {"status", "consented", "cancelled", "flag", "departure"},
         {SECURITY_PASSED, 1, 1, 1, 1, 1, boarding, 0}},
        {"shop",
         {"status", "consented", "cancelled", "flag", "has_instrument", "departure"},
         {SECURITY_PASSED, 1, 1, 1, 1, 1, boarding, 0}},
        {"pickup",
         {"status", "consented", "cancelled", "flag", "items", "departure"},
         {SECURITY_PASSED, 1, 1, 1, 1, 1, boarding, 0}},
        {"boarding",
         {"status", "consented", "cancelled", "flag", "gate", "boarding", "departure"},
         {SECURITY_PASSED, 1, 1, 1, 1, 1, boarding, 0}},
    };
    tb_facts touchpoint = {0}, nowhere = {0};
    assert_int_equal(tb_facts_set_text(&touchpoint, "gate", "12"), TB_OK);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const tb_role *role = tb_profile_role(profile, table[i].role);
        tb_facts whole = visit_of(&table[i].fits);
        assert_int_equal(tb_role_judge(role, &whole, &touchpoint, table[i].fits.now).judgement, TB_ADMIT);
        for (int n = 0; n < 8 && table[i].needs[n]; n++) {
            tb_facts part = whole;
            tb_facts_remove(&part, table[i].needs[n]);
            tb_verdict verdict = tb_role_judge(role, &part, &touchpoint, table[i].fits.now);
            assert_int_equal(verdict.judgement, TB_DENY);
            assert_true(verdict.reason[0]);
        }
        tb_facts none = {0};
        assert_int_equal(tb_role_judge(role, &none, &touchpoint, 0).judgement, TB_DENY);
    }
    tb_facts whole = visit_of(&table[5].fits);
    assert_int_equal(tb_role_judge(tb_profile_role(profile, "boarding"), &whole, &nowhere, boarding).judgement,
                     TB_DENY);
    assert_int_equal(tb_role_judge(tb_profile_role(profile, "boarding"), &whole, NULL, boarding).judgement, TB_DENY);
    /* Two gates that are both not assigned are not the same gate. */
    assert_int_equal(tb_facts_set_text(&whole, "gate", ""), TB_OK);
    assert_int_equal(tb_facts_set_text(&nowhere, "gate", ""), TB_OK);
    assert_int_equal(tb_role_judge(tb_profile_role(profile, "boarding"), &whole, &nowhere, boarding).judgement,
                     TB_DENY);
}

static void visitors_are_extracted_by_rule(void **state)
{
    (void)state;
    const tb_time edges[] = {departure - 48 * TB_HOUR, departure};
    for (int bits = 0; bits < 20; bits++)
        for (int edge = 0; edge < 6; edge++) {
            situation s = {.status = bits / 4,
                           .flag = bits & 1,
                           .consented = bits >> 1 & 1,
                           .now = edges[edge / 3] + edge % 3 - 1};
            tb_facts visit = visit_of(&s);
            tb_verdict verdict = tb_profile_visitor(profile, &visit, s.now);
            const char *reason = s.status < CHECKED_IN ? "not_checked_in"
                                 : !s.consented        ? "no_consent"
                                                : clock_says(s.now, edges[0], edges[1], "too_early", "flight_departed");
            assert_string_equal(verdict.reason, reason);
            assert_true(verdict.from == edges[0] && verdict.until == edges[1]);
        }
}

/* ---- what leaves the server ---- */

static void a_role_sees_only_what_it_needs(void **state)
{
    (void)state;
    static const struct {
        const char *role, *sees;
    } table[] = {{"checkin", "name flight seat gate "},
                 {"bag_drop", "name flight to bags "},
                 {"security", ""},
                 {"emigration", ""},
                 {"shop", "name "},
                 {"pickup", "name items item_list "},
                 {"boarding", "name seat "}};
    tb_facts visit = visit_of(&(situation){CHECKED_IN, 1, 1, 1, 1, 1, 0, 0}), none = {0}, out;
    assert_int_equal(tb_facts_set_text(&visit, "passport", "TK1234567"),
                     TB_OK); /* not declared: must never come through */
    assert_int_equal(visit.count, 17);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        size_t seen = 0;
        assert_int_equal(tb_role_project(tb_profile_role(profile, table[i].role), &visit, &out), TB_OK);
        for (size_t f = 0; f < visit.count; f++) {
            char word[TB_FACT_NAME_SIZE + 2], text[128];
            snprintf(word, sizeof word, " %s ", visit.items[f].name);
            snprintf(text, sizeof text, " %s", table[i].sees);
            const tb_fact *fact = tb_facts_get(&out, visit.items[f].name);
            assert_int_equal(fact != NULL, strstr(text, word) != NULL);
            seen += fact != NULL;
            if (fact)
                assert_memory_equal(fact, &visit.items[f], sizeof *fact);
        }
        assert_int_equal(out.count, seen);
        assert_int_equal(tb_role_project(tb_profile_role(profile, table[i].role), &none, &out), TB_OK);
        assert_int_equal(out.count, 0);
    }
}

static void an_explanation_tells_only_its_sentence(void **state)
{
    (void)state;
    tb_facts visit = visit_of(&(situation){CHECKED_IN, 1, 1, 0, 1, 1, 0, 0}), touchpoint = {0}, out = {0};
    const tb_role *gate = tb_profile_role(profile, "boarding"), *security = tb_profile_role(profile, "security");
    assert_int_equal(tb_facts_set_text(&touchpoint, "gate", "12"), TB_OK);
    tb_verdict verdict = tb_role_judge(gate, &visit, &touchpoint, boarding);
    assert_string_equal(verdict.reason, "other_gate");
    assert_int_equal(tb_role_explain(gate, &visit, &verdict, &out), TB_OK);
    assert_int_equal(out.count, 1);
    assert_string_equal(tb_facts_text(&out, "gate"), "15");
    out = (tb_facts){0};
    assert_int_equal(tb_facts_set_bool(&visit, "flag", 0), TB_OK);
    verdict = tb_role_judge(security, &visit, &touchpoint, boarding - 5 * TB_HOUR);
    assert_int_equal(verdict.judgement, TB_EARLY);
    assert_int_equal(tb_role_explain(security, &visit, &verdict, &out), TB_OK);
    assert_int_equal(out.count, 1);
    assert_int_equal(tb_facts_get(&out, "from")->kind, TB_FACT_TIME); /* the window's, not the airport "HND" */
    assert_int_equal(tb_facts_number(&out, "from", 0), boarding - 3 * TB_HOUR);
    out = (tb_facts){0};
    assert_int_equal(tb_role_explain(security, &visit, &(tb_verdict){.judgement = TB_ADMIT}, &out), TB_OK);
    assert_int_equal(out.count, 0);
    assert_int_equal(tb_role_explain(security, &visit, &(tb_verdict){.judgement = TB_DENY, .reason = "made_up"}, &out),
                     TB_NOT_FOUND);
}

static void delivery_comes_before_the_window(void **state)
{
    (void)state;
    const tb_role *security = tb_profile_role(profile, "security"), *shop = tb_profile_role(profile, "shop");
    assert_int_equal(tb_role_delivery(security, &(tb_verdict){.from = boarding}), boarding - 15 * TB_MINUTE);
    assert_int_equal(tb_role_delivery(security, &(tb_verdict){.from = TB_MINUTE}), 0);
    assert_int_equal(tb_role_delivery(security, &(tb_verdict){.from = 0}), 0);
    assert_int_equal(tb_role_delivery(security, &(tb_verdict){.from = TB_TIME_NEVER}), TB_TIME_NEVER);
    assert_int_equal(tb_role_delivery(shop, &(tb_verdict){.from = boarding}), boarding);
}

static void effects_never_go_back(void **state)
{
    (void)state;
    static const struct {
        const char *role;
        int flag, status; /* -1: left alone */
    } table[] = {{"checkin", -1, CHECKED_IN},
                 {"bag_drop", -1, -1},
                 {"security", 1, SECURITY_PASSED},
                 {"emigration", -1, EMIGRATION_PASSED},
                 {"shop", -1, -1},
                 {"pickup", -1, -1},
                 {"boarding", -1, BOARDED}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int status = BOOKED; status <= BOARDED; status++)
            for (int flag = 0; flag < 2; flag++) {
                tb_facts visit = visit_of(&(situation){status, flag, 1, 1, 1, 1, 0, 0}), before = visit;
                int changed = -1, new_status = status > table[i].status ? status : table[i].status;
                int new_flag = table[i].flag >= 0 ? table[i].flag : flag;
                assert_int_equal(tb_role_apply(tb_profile_role(profile, table[i].role), &visit, &changed), TB_OK);
                assert_int_equal(tb_facts_number(&visit, "status", -1), new_status);
                assert_int_equal(tb_facts_number(&visit, "flag", -1), new_flag);
                assert_int_equal(changed, new_status != status || new_flag != flag);
                assert_int_equal(memcmp(&visit, &before, sizeof visit) != 0, changed);
                assert_int_equal(tb_role_apply(tb_profile_role(profile, table[i].role), &visit, &changed), TB_OK);
                assert_int_equal(changed, 0); /* twice is once */
            }
}

static void every_reason_of_the_contract_speaks(void **state)
{
    (void)state;
    static const char *const reasons[] = {
        "not_checked_in",  "already_checked_in", "too_early",  "flight_closed", "not_through_security",
        "already_used",    "already_boarded",    "other_gate", "no_instrument", "nothing_waiting",
        "not_sure",        "person_mismatch",    "no_consent", "wrong_day",     "document_expired",
        "check_digit",     "declined",           "pin_wrong",  "pin_locked",    "offline",
        "flight_departed", "flight_cancelled"};
    tb_facts facts = {0};
    assert_int_equal(tb_facts_set_text(&facts, "gate", "12"), TB_OK);
    assert_int_equal(tb_facts_set_time(&facts, "from", boarding + 90 * TB_MINUTE), TB_OK);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        for (int ja = 0; ja < 2; ja++) {
            tb_bytes out = {0};
            assert_int_equal(tb_profile_sentence(profile, reasons[i], ja ? "ja" : "en", &facts, 540, &out), TB_OK);
            assert_int_equal(tb_bytes_append(&out, tb_span_of("", 1)), TB_OK);
            assert_true(out.size > 10 && !strchr((char *)out.data, '?') && !strchr((char *)out.data, '{'));
            if (strcmp(reasons[i], "other_gate") == 0)
                assert_non_null(strstr((char *)out.data, "12"));
            if (strcmp(reasons[i], "too_early") == 0)
                assert_non_null(strstr((char *)out.data, "10:30"));
            tb_bytes_free(&out);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_role_status_flag_and_edge),
                                       cmocka_unit_test(an_absent_fact_never_admits),
                                       cmocka_unit_test(visitors_are_extracted_by_rule),
                                       cmocka_unit_test(a_role_sees_only_what_it_needs),
                                       cmocka_unit_test(an_explanation_tells_only_its_sentence),
                                       cmocka_unit_test(delivery_comes_before_the_window),
                                       cmocka_unit_test(effects_never_go_back),
                                       cmocka_unit_test(every_reason_of_the_contract_speaks)};
    return cmocka_run_group_tests(tests, load, unload);
}
