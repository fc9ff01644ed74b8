/* profiles/hotel.yaml (A16): its rules once more, by hand, in every combination; stays of guests. */
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
    profile = site_load("hotel");
    return profile == NULL;
}

static int unload(void **state)
{
    (void)state;
    tb_profile_free(&profile);
    return 0;
}

enum { RESERVED, ARRIVED, STAYING, CHECKED_OUT };

static int status_of(const tb_facts *visit)
{
    return (int)tb_facts_number(visit, "status", -1);
}

static const char *room_or_desk(const char *role, const tb_facts *v, const tb_facts *t, tb_time now)
{
    tb_time leaving = site_at(v, "leaving", "0h"), gone = site_at(v, "leaving", "3h");
    int here = site_is(v, "flag") && status_of(v) < CHECKED_OUT;
    if (strcmp(role, "entrance") == 0)
        return !here ? "to_desk" : site_clock(now, 0, "", gone, "stay_over");
    if (strcmp(role, "breakfast") == 0)
        return !here                      ? "to_desk"
               : !site_is(v, "breakfast") ? "no_breakfast"
                                          : site_clock(now, 0, "", leaving, "stay_over");
    if (strcmp(role, "restaurant") == 0)
        return !here                           ? "to_desk"
               : !site_is(v, "payer")          ? "not_payer"
               : !site_is(v, "has_instrument") ? "no_instrument"
                                               : site_clock(now, 0, "", leaving, "stay_over");
    if (!site_is(v, "flag") || status_of(v) < STAYING)
        return "to_desk";
    if (status_of(v) == CHECKED_OUT)
        return "checked_out";
    if (strcmp(role, "checkout") == 0)
        return site_clock(now, 0, "", gone, "stay_over");
    assert_string_equal(role, "room");
    return !site_same(v, "room", t, "room") ? "other_room" : site_clock(now, 0, "", leaving, "stay_over");
}

static const char *rule(const tb_profile *p, const char *role, const tb_facts *v, const tb_facts *t, tb_time now)
{
    int status = status_of(v);
    tb_time leaving = site_at(v, "leaving", "0h"), gone = site_at(v, "leaving", "3h");
    (void)p;
    const tb_fact *consented = tb_facts_get(v, "consented");
    if (strcmp(role, "registration") == 0 && (!consented || consented->number))
        return "already_registered";
    if (strcmp(role, "registration") == 0)
        return status == CHECKED_OUT ? "checked_out" : site_clock(now, 0, "", leaving, "stay_over");
    if (!site_is(v, "consented"))
        return "no_consent";
    if (strcmp(role, "visitors") == 0)
        return status == CHECKED_OUT ? "checked_out"
                                     : site_clock(now, site_at(v, "arrival", "-24h"), "too_early", gone, "stay_over");
    if (strcmp(role, "drive") == 0 || strcmp(role, "lobby") == 0)
        return status >= ARRIVED ? "already_here"
                                 : site_clock(now, site_at(v, "arrival", "-6h"), "too_early", leaving, "stay_over");
    if (strcmp(role, "front_desk") == 0)
        return status < ARRIVED    ? "not_announced"
               : status >= STAYING ? "already_here"
                                   : site_clock(now, site_at(v, "arrival", "-6h"), "too_early", leaving, "stay_over");
    if (strcmp(role, "parcels") == 0)
        return status < ARRIVED || status == CHECKED_OUT ? "to_desk"
               : tb_facts_number(v, "items", 0) <= 0     ? "nothing_waiting"
                                                         : site_clock(now, 0, "", gone, "stay_over");
    return room_or_desk(role, v, t, now);
}

static const char guest[] =
    "consented=true name=HANA booking=R1 arrival=3h leaving=2d room=707 guests=2 breakfast=true "
    "diet=none payer=true has_instrument=true items=1 item_list=tea status=reserved flag=false";

static void every_combination(void **state)
{
    (void)state;
    static const site_trial trial = {.visit = guest,
                                     .touchpoint = "room=707",
                                     .switches = {"consented=true|consented=false|consented=",
                                                  "room=707|room=708|room=", "breakfast=true|breakfast=false",
                                                  "payer=true|payer=false",
                                                  "has_instrument=true|has_instrument=", "items=1|items=0|items="},
                                     .edges = {"-21h", "-3h", "3h", "2d", "51h"},
                                     .rule = rule};
    assert_true(site_try(profile, &trial) > 100000);
}

static void a_stay(void **state)
{
    (void)state;
    static const site_step steps[] = {
        {"registration", "", "-9h", "consented=false", ""}, /* at home, with the reservation's number */
        {"drive", "", "2h", NULL, "no_consent"},
        {"room", "room=707", "2h", "consented=true", "to_desk"}, /* never checked in: sent to the desk */
        {"room", "room=707", "2h", NULL, "to_desk"},             /* never checked in: sent to the desk */
        {"front_desk", "", "2h", NULL, "not_announced"},
        {"drive", "", "-4h", NULL, "too_early"},
        {"drive", "", "2h", NULL, ""}, /* recognised before arriving: now on the front desk's list */
        {"front_desk", "", "2h", NULL, ""},
        {"drive", "", "3h", NULL, "already_here"},
        {"room", "room=708", "3h", NULL, "other_room"},
        {"room", "room=707", "3h", NULL, ""},
        {"room", "room=707", "4h", NULL, ""},                 /* in and out as often as one likes */
        {"room", "room=707", "5h", "room=801", "other_room"}, /* moved: the old door shuts at once */
        {"room", "room=801", "5h", NULL, ""},
        {"entrance", "", "30h", NULL, ""},
        {"breakfast", "", "20h", NULL, ""},
        {"restaurant", "", "8h", "payer=false", "not_payer"},
        {"restaurant", "", "8h", "payer=true", ""},
        {"parcels", "", "9h", NULL, ""},
        {"parcels", "", "9h", "items=0", "nothing_waiting"},
        {"checkout", "", "2d", NULL, ""},
        {"room", "room=801", "2d", NULL, "to_desk"},
        {"entrance", "", "2d", NULL, "to_desk"},
        {"checkout", "", "2d", NULL, "to_desk"},
    };
    site_follow(profile, guest, steps, sizeof steps / sizeof *steps);
}

static void several_people_share_a_room(void **state)
{
    (void)state;
    tb_facts door = site_facts(profile, "room=707");
    static const char *const changes[] = {"", "name=KEN payer=false", "name=MIO breakfast="};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        tb_facts visit = site_facts(profile, guest);
        site_set(profile, &visit, "status=staying flag=true");
        site_set(profile, &visit, changes[i]);
        assert_int_equal(tb_role_judge(tb_profile_role(profile, "room"), &visit, &door, site_time("5h")).judgement,
                         TB_ADMIT);
    }
}

static void privacy(void **state)
{
    (void)state;
    site_check_privacy(profile, guest, "room=707");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination), cmocka_unit_test(a_stay),
                                       cmocka_unit_test(several_people_share_a_room), cmocka_unit_test(privacy)};
    return cmocka_run_group_tests(tests, load, unload);
}
