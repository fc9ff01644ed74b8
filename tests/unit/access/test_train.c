/* profiles/train.yaml (A20): its rules once more, by hand, in every combination; trips of passengers. */
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
    profile = site_load("train");
    return profile == NULL;
}

static int unload(void **state)
{
    (void)state;
    tb_profile_free(&profile);
    return 0;
}

enum { TICKETED, ENTERED, BOARDED, ARRIVED };

static int status_of(const tb_facts *visit)
{
    return (int)tb_facts_number(visit, "status", -1);
}

static const char *on_the_way(const char *role, const tb_facts *v, const tb_facts *t, tb_time now)
{
    tb_time departs = site_at(v, "departs", "0h"), arrives = site_at(v, "arrives", "0h");
    int status = status_of(v), flag = site_is(v, "flag"), train = site_same(v, "train", t, "train");
    if (strcmp(role, "car_door") == 0)
        return !flag || status < ENTERED        ? "not_entered"
               : !train                         ? "other_train"
               : !site_same(v, "car", t, "car") ? "other_car"
               : status >= BOARDED              ? "already_used"
                                   : site_clock(now, site_at(v, "departs", "-20m"), "too_early", departs, "train_left");
    if (strcmp(role, "conductor") == 0)
        return !flag    ? "no_ticket"
               : !train ? "other_train"
                        : site_clock(now, site_at(v, "departs", "-10m"), "too_early", arrives, "trip_over");
    assert_string_equal(role, "trolley");
    return !flag || status < BOARDED       ? "not_entered"
           : !train                        ? "other_train"
           : !site_is(v, "has_instrument") ? "no_instrument"
                                           : site_clock(now, departs, "too_early", arrives, "trip_over");
}

static const char *rule(const tb_profile *p, const char *role, const tb_facts *v, const tb_facts *t, tb_time now)
{
    tb_time departs = site_at(v, "departs", "0h"), hour = site_at(v, "departs", "-1h"),
            end = site_at(v, "arrives", "3h");
    int status = status_of(v), flag = site_is(v, "flag");
    (void)p;
    const tb_fact *consented = tb_facts_get(v, "consented");
    if (strcmp(role, "registration") == 0)
        return !consented || consented->number ? "already_registered"
               : status >= ENTERED             ? "already_used"
                                               : site_clock(now, 0, "", departs, "train_left");
    if (!site_is(v, "consented"))
        return "no_consent";
    if (strcmp(role, "visitors") == 0)
        return status == ARRIVED ? "trip_over"
                                 : site_clock(now, site_at(v, "departs", "-3h"), "too_early", end, "trip_over");
    if (strcmp(role, "origin_gate") == 0)
        return status >= ENTERED || flag               ? "already_used"
               : !site_same(v, "origin", t, "station") ? "other_station"
                                                       : site_clock(now, hour, "too_early", departs, "train_left");
    if (strcmp(role, "lounge") == 0)
        return !flag || status >= BOARDED   ? "not_entered"
               : !site_is(v, "first_class") ? "not_first_class"
                                            : site_clock(now, hour, "too_early", departs, "train_left");
    if (strcmp(role, "destination_gate") == 0)
        return !flag || status < ENTERED                    ? "not_entered"
               : status == ARRIVED                          ? "trip_over"
               : !site_same(v, "destination", t, "station") ? "fare_to_adjust"
                                                            : site_clock(now, departs, "too_early", end, "trip_over");
    return on_the_way(role, v, t, now);
}

static const char passenger[] =
    "consented=true name=HANA train=Hikari501 car=8 seat=12A platform=14 origin=Tokyo destination=Kyoto departs=2h arrives=4h "
    "discount=student first_class=false has_instrument=true status=ticketed flag=false";

static void every_combination(void **state)
{
    (void)state;
    static const site_trial trial = {
        .visit = passenger,
        .touchpoint = "station=Tokyo train=Hikari501 car=8",
        .switches = {"consented=true|consented=false", "origin=Tokyo|origin=Nagoya",
                     "destination=Kyoto|destination=Tokyo", "train=Hikari501|train=Nozomi1",
                     "car=8|car=9|car=", "first_class=true|first_class=", "has_instrument=true|has_instrument="},
        .edges = {"-1h", "1h", "100m", "110m", "2h", "4h", "7h"},
        .rule = rule};
    assert_true(site_try(profile, &trial) > 50000);
}

static void a_trip(void **state)
{
    (void)state;
    static const site_step steps[] = {
        {"origin_gate", "station=Tokyo", "30m", NULL, "too_early"},
        {"origin_gate", "station=Ueno", "90m", NULL, "other_station"},
        {"car_door", "train=Hikari501 car=8", "115m", NULL, "not_entered"},
        {"origin_gate", "station=Tokyo", "90m", NULL, ""},
        {"origin_gate", "station=Tokyo", "90m", NULL, "already_used"},
        {"lounge", "", "90m", NULL, "not_first_class"},
        {"car_door", "train=Kodama3 car=8", "115m", NULL, "other_train"},
        {"car_door", "train=Hikari501 car=9", "115m", NULL, "other_car"},
        {"trolley", "train=Hikari501", "3h", NULL, "not_entered"},
        {"car_door", "train=Hikari501 car=8", "115m", NULL, ""},
        {"conductor", "train=Hikari501", "3h", NULL, ""},
        {"trolley", "train=Hikari501", "3h", NULL, ""},
        {"destination_gate", "station=Nagoya", "4h", NULL, "fare_to_adjust"},
        {"destination_gate", "station=Kyoto", "4h", NULL, ""},
        {"conductor", "train=Hikari501", "3h", NULL, "no_ticket"},
        {"destination_gate", "station=Kyoto", "4h", NULL, "not_entered"},
    };
    site_follow(profile, passenger, steps, sizeof steps / sizeof *steps);
}

static void a_delay_moves_every_window(void **state)
{
    (void)state;
    static const site_step steps[] = {
        {"origin_gate", "station=Tokyo", "130m", NULL, "train_left"},
        {"origin_gate", "station=Tokyo", "130m", "departs=3h arrives=5h", ""},
        {"conductor", "train=Hikari501", "290m", NULL, ""},
    };
    site_follow(profile, passenger, steps, sizeof steps / sizeof *steps);
}

static void privacy(void **state)
{
    (void)state;
    site_check_privacy(profile, passenger, "station=Ueno train=Kodama3 car=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination), cmocka_unit_test(a_trip),
                                       cmocka_unit_test(a_delay_moves_every_window), cmocka_unit_test(privacy)};
    return cmocka_run_group_tests(tests, load, unload);
}
