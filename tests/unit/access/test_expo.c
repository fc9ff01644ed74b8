/* profiles/expo.yaml (E2 to E4): its rules once more, by hand, in every combination; days of visitors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "site.h"

static tb_profile *profile;

static int load(void **state)
{
    (void)state;
    profile = site_load("expo");
    return profile == NULL;
}

static int unload(void **state)
{
    (void)state;
    tb_profile_free(&profile);
    return 0;
}

enum { REGISTERED, ENTERED };

static int status_of(const tb_facts *visit)
{
    return (int)tb_facts_number(visit, "status", -1);
}

static int one_day(const tb_facts *v)
{
    return strcmp(tb_facts_text(v, "ticket_kind"), "one_day") == 0;
}

static int valid_today(const tb_facts *v)
{
    return site_at(v, "opens", "0h") >= site_at(v, "valid_from", "0h") &&
           site_at(v, "closes", "0h") <= site_at(v, "valid_until", "0h");
}

static const char *inside(const char *role, const tb_facts *v, const tb_facts *t, tb_time now)
{
    tb_time opens = site_at(v, "opens", "0h"), end = site_at(v, "closes", "1h");
    if (strcmp(role, "exit") == 0 || strcmp(role, "help_desk") == 0)
        return site_clock(now, 0, "", end, "closed");
    if (strcmp(role, "shop") == 0)
        return !site_is(v, "has_instrument") ? "no_instrument"
               : one_day(v) && strcmp(tb_facts_text(v, "pays_with"), "wallet") != 0
                   ? "wallet_only"
                   : site_clock(now, opens, "too_early", end, "closed");
    if (strcmp(role, "pickup") == 0)
        return tb_facts_number(v, "items", 0) <= 0 ? "nothing_waiting" : site_clock(now, 0, "", end, "closed");
    assert_string_equal(role, "pavilion");
    if (!site_same(v, "pavilion", t, "pavilion"))
        return "other_pavilion";
    return site_clock(now, site_at(v, "pavilion_from", "-10m"), "pavilion_early", site_at(v, "pavilion_until", "0h"),
                      "pavilion_late");
}

static const char *rule(const tb_profile *p, const char *role, const tb_facts *v, const tb_facts *t, tb_time now)
{
    tb_time opens = site_at(v, "opens", "0h"), last = site_at(v, "closes", "-1h");
    (void)p;
    const tb_fact *consented = tb_facts_get(v, "consented");
    if (strcmp(role, "registration") == 0 && (!consented || consented->number))
        return "already_registered";
    if (strcmp(role, "registration") == 0)
        return !valid_today(v) ? "not_valid_today" : site_clock(now, 0, "", site_at(v, "closes", "0h"), "closed");
    if (!site_is(v, "consented"))
        return "no_consent";
    if (strcmp(role, "visitors") == 0) {
        static const char *const kinds[] = {"season", "summer", "one_day"};
        int known = 0;
        for (int i = 0; i < 3; i++)
            known |= strcmp(tb_facts_text(v, "ticket_kind"), kinds[i]) == 0;
        return !known ? "no_ticket"
               : !valid_today(v)
                   ? "not_valid_today"
                   : site_clock(now, site_at(v, "opens", "-2h"), "too_early", site_at(v, "closes", "1h"), "closed");
    }
    if (strcmp(role, "gate") == 0)
        return !valid_today(v)                                 ? "not_valid_today"
               : status_of(v) >= ENTERED || site_is(v, "flag") ? "already_inside"
                                                               : site_clock(now, opens, "too_early", last, "closed");
    if (strcmp(role, "re_entry") == 0)
        return status_of(v) < ENTERED ? "not_entered"
               : site_is(v, "flag")   ? "already_inside"
               : one_day(v)           ? "one_entry"
                                      : site_clock(now, opens, "too_early", last, "closed");
    return !site_is(v, "flag") ? "not_entered" : inside(role, v, t, now);
}

static const char visitor[] = "consented=true name=HANA ticket=ABC ticket_kind=season valid_from=-30d valid_until=60d "
                              "opens=-3h closes=9h pavilion=blue pavilion_from=2h pavilion_until=3h party=P1 "
                              "has_instrument=true pays_with=card items=1 item_list=bear status=registered flag=false";

static void every_combination(void **state)
{
    (void)state;
    static const site_trial trial = {
        .visit = visitor,
        .touchpoint = "pavilion=blue",
        .switches = {"consented=true|consented=false",
                     "ticket_kind=season|ticket_kind=summer|ticket_kind=one_day|ticket_kind=press",
                     "valid_from=-30d|valid_from=1d", "valid_until=60d|valid_until=8h",
                     "has_instrument=true|has_instrument=false", "pays_with=card|pays_with=wallet",
                     "pavilion=blue|pavilion=red|pavilion=", "items=1|items=0"},
        .edges = {"-5h", "-3h", "110m", "3h", "8h", "10h"},
        .rule = rule};
    assert_true(site_try(profile, &trial) > 100000);
}

static void a_day_with_a_season_pass(void **state)
{
    (void)state;
    static const site_step steps[] = {
        {"shop", "", "0h", NULL, "not_entered"}, /* at home: on no shop's list */
        {"gate", "", "-4h", NULL, "too_early"},
        {"gate", "", "-3h", NULL, ""},
        {"gate", "", "-3h", NULL, "already_inside"}, /* the same face a second time */
        {"re_entry", "", "-3h", NULL, "already_inside"},
        {"shop", "", "0h", NULL, ""},
        {"pavilion", "pavilion=blue", "1h", NULL, "pavilion_early"},
        {"pavilion", "pavilion=red", "2h", NULL, "other_pavilion"},
        {"pavilion", "pavilion=blue", "2h", NULL, ""},
        {"pavilion", "pavilion=blue", "3h", NULL, "pavilion_late"},
        {"help_desk", "", "3h", NULL, ""},
        {"pickup", "", "3h", NULL, ""},
        {"exit", "", "4h", NULL, ""},
        {"shop", "", "4h", NULL, "not_entered"},
        {"exit", "", "4h", NULL, "not_entered"},
        {"re_entry", "", "5h", NULL, ""},
        {"shop", "", "9h", NULL, ""}, /* the last purchase on the way out */
        {"exit", "", "9h", NULL, ""},
        {"re_entry", "", "8h", NULL, "closed"},
    };
    site_follow(profile, visitor, steps, sizeof steps / sizeof *steps);
}

static void kinds_of_tickets(void **state)
{
    (void)state;
    static const site_step one_day_ticket[] = {
        {"gate", "", "0h", "ticket_kind=one_day valid_from=-4h valid_until=9h", ""},
        {"shop", "", "1h", NULL, "wallet_only"}, /* a card does not go with a one-day ticket (E2) */
        {"shop", "", "1h", "pays_with=wallet", ""},
        {"exit", "", "2h", NULL, ""},
        {"re_entry", "", "3h", NULL, "one_entry"},
    };
    static const site_step summer_is_over[] = {
        {"gate", "", "0h", "ticket_kind=summer valid_until=-1d valid_from=-60d", "not_valid_today"},
        {"gate", "", "0h", "valid_until=1d", ""},
    };
    site_follow(profile, visitor, one_day_ticket, sizeof one_day_ticket / sizeof *one_day_ticket);
    site_follow(profile, visitor, summer_is_over, sizeof summer_is_over / sizeof *summer_is_over);
}

static void only_this_days_visitors_are_searched(void **state)
{
    (void)state;
    tb_facts today = site_facts(profile, visitor), tomorrow = today;
    site_set(profile, &tomorrow, "opens=21h closes=33h");
    assert_int_equal(tb_profile_visitor(profile, &today, site_time("0h")).judgement, TB_ADMIT);
    assert_int_equal(tb_profile_visitor(profile, &tomorrow, site_time("0h")).judgement, TB_EARLY);
    assert_int_equal(tb_profile_visitor(profile, &today, site_time("10h")).judgement, TB_LATE); /* gone by night */
}

static void privacy(void **state)
{
    (void)state;
    site_check_privacy(profile, visitor, "pavilion=red");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination), cmocka_unit_test(a_day_with_a_season_pass),
                                       cmocka_unit_test(kinds_of_tickets),
                                       cmocka_unit_test(only_this_days_visitors_are_searched),
                                       cmocka_unit_test(privacy)};
    return cmocka_run_group_tests(tests, load, unload);
}
