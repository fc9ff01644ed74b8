/* profiles/stadium.yaml (A20): its rules once more, by hand, in every combination; days of spectators. */
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
    profile = site_load("stadium");
    return profile == NULL;
}

static int unload(void **state)
{
    (void)state;
    tb_profile_free(&profile);
    return 0;
}

enum { TICKETED, ADMITTED };

static int status_of(const tb_facts *visit)
{
    return (int)tb_facts_number(visit, "status", -1);
}

static const char *inside(const char *role, const tb_facts *v, const tb_facts *t, tb_time now)
{
    tb_time ends = site_at(v, "ends", "0h"), out = site_at(v, "ends", "2h");
    if (strcmp(role, "exit") == 0)
        return site_clock(now, 0, "", out, "event_over");
    if (strcmp(role, "block") == 0)
        return !site_same(v, "block", t, "block") ? "other_block" : site_clock(now, 0, "", ends, "event_over");
    if (strcmp(role, "kiosk") == 0)
        return !site_is(v, "has_instrument") ? "no_instrument" : site_clock(now, 0, "", out, "event_over");
    if (strcmp(role, "bar") == 0)
        return !site_is(v, "adult")            ? "not_adult"
               : !site_is(v, "has_instrument") ? "no_instrument"
                                               : site_clock(now, 0, "", ends, "event_over");
    if (strcmp(role, "pickup") == 0)
        return tb_facts_number(v, "items", 0) <= 0 ? "nothing_waiting" : site_clock(now, 0, "", out, "event_over");
    assert_string_equal(role, "hospitality");
    return !site_is(v, "hospitality")
               ? "not_hospitality"
               : site_clock(now, site_at(v, "doors", "0h"), "too_early", site_at(v, "ends", "1h"), "event_over");
}

static const char *rule(const tb_profile *p, const char *role, const tb_facts *v, const tb_facts *t, tb_time now)
{
    tb_time doors = site_at(v, "doors", "0h");
    (void)p;
    const tb_fact *consented = tb_facts_get(v, "consented");
    if (strcmp(role, "registration") == 0)
        return !consented || consented->number ? "already_registered"
                                               : site_clock(now, 0, "", site_at(v, "ends", "0h"), "event_over");
    if (!site_is(v, "consented"))
        return "no_consent";
    if (strcmp(role, "visitors") == 0)
        return site_clock(now, site_at(v, "doors", "-24h"), "too_early", site_at(v, "ends", "2h"), "event_over");
    if (strcmp(role, "entry") == 0)
        return status_of(v) >= ADMITTED || site_is(v, "flag") ? "already_inside"
               : !site_same(v, "gate", t, "gate")
                   ? "other_gate"
                   : site_clock(now, doors, "too_early", site_at(v, "ends", "0h"), "event_over");
    if (strcmp(role, "re_entry") == 0)
        return status_of(v) < ADMITTED ? "not_entered"
               : site_is(v, "flag")    ? "already_inside"
                                       : site_clock(now, doors, "too_early", site_at(v, "ends", "-30m"), "event_over");
    return !site_is(v, "flag") ? "not_entered" : inside(role, v, t, now);
}

static const char fan[] =
    "consented=true name=HANA event=final gate=C block=12 seat=7 doors=0h begins=2h ends=4h adult=true "
    "hospitality=false has_instrument=true items=1 item_list=scarf status=ticketed flag=false";

static void every_combination(void **state)
{
    (void)state;
    static const site_trial trial = {
        .visit = fan,
        .touchpoint = "gate=C block=12",
        .switches = {"consented=true|consented=", "gate=C|gate=D|gate=", "block=12|block=13",
                     "adult=true|adult=false|adult=", "hospitality=true|hospitality=false",
                     "has_instrument=true|has_instrument=false", "items=1|items="},
        .edges = {"-24h", "0h", "210m", "4h", "5h", "6h"},
        .rule = rule};
    assert_true(site_try(profile, &trial) > 100000);
}

static void an_evening(void **state)
{
    (void)state;
    static const site_step steps[] = {
        {"entry", "gate=C", "-10m", NULL, "too_early"},
        {"entry", "gate=A", "1h", NULL, "other_gate"},
        {"block", "block=12", "1h", NULL, "not_entered"},
        {"entry", "gate=C", "1h", NULL, ""},
        {"entry", "gate=C", "1h", NULL, "already_inside"}, /* a ticket lets one person in */
        {"block", "block=9", "1h", NULL, "other_block"},
        {"block", "block=12", "1h", NULL, ""},
        {"kiosk", "", "2h", NULL, ""},
        {"bar", "", "2h", "adult=", "not_adult"}, /* nothing is known of the age: no beer */
        {"bar", "", "2h", "adult=true", ""},
        {"hospitality", "", "2h", NULL, "not_hospitality"},
        {"exit", "", "2h", NULL, ""},
        {"kiosk", "", "2h", NULL, "not_entered"},
        {"re_entry", "", "3h", NULL, ""},
        {"re_entry", "", "3h", NULL, "already_inside"},
        {"exit", "", "5h", NULL, ""},
        {"re_entry", "", "5h", NULL, "event_over"},
    };
    site_follow(profile, fan, steps, sizeof steps / sizeof *steps);
}

static void extra_time_moves_every_end(void **state)
{
    (void)state;
    static const site_step steps[] = {
        {"entry", "gate=C", "1h", NULL, ""},
        {"bar", "", "4h", NULL, "event_over"},
        {"bar", "", "4h", "ends=5h", ""},
    };
    site_follow(profile, fan, steps, sizeof steps / sizeof *steps);
}

static void privacy(void **state)
{
    (void)state;
    site_check_privacy(profile, fan, "gate=A block=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination), cmocka_unit_test(an_evening),
                                       cmocka_unit_test(extra_time_moves_every_end), cmocka_unit_test(privacy)};
    return cmocka_run_group_tests(tests, load, unload);
}
