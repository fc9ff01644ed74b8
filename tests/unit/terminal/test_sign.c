/* A21: a sign says what belongs to one person only while they stand before it alone, and writes nothing down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "terminal/screen.h"

static const char yaml[] =
    "name: tiny\n"
    "purposes: [{name: guide, titles: {ja: 案内, en: Guide}}]\n"
    "facts: [{name: gate, type: text, for: [guide]}, {name: boarding, type: time, for: [guide]},\n"
    "        {name: language, type: text, for: [guide]}]\n"
    "statuses: [here]\n"
    "consent: {ja: はい, en: 'Yes'}\n"
    "visitors: {window: {until: boarding, late: over}}\n"
    "zones: [{name: hall, titles: {ja: 広間, en: Hall}}]\n"
    "roles:\n"
    "  - name: board\n"
    "    zone: hall\n"
    "    kind: sign\n"
    "    titles: {ja: 案内板, en: Board}\n"
    "    for: [guide]\n"
    "    sees: [gate, boarding, language]\n"
    "    sign: {person: your_gate, others: welcome}\n"
    "reasons:\n"
    "  - {name: your_gate, ja: '{gate}番へ {boarding}', en: 'Gate {gate}, {boarding}'}\n"
    "  - {name: welcome, ja: ようこそ, en: Welcome}\n"
    "  - {name: over, ja: 終了, en: Over}\n"
    "  - {name: not_sure, ja: もう一度, en: Again}\n";

typedef struct world {
    tb_profile *profile;
    tb_machine m;
    tb_time now;
    int recorded, captures;
} world;

static int set_up(void **state)
{
    static world w;
    tb_error why = {0};
    if (tb_profile_parse(tb_span_text(yaml), "sign.yaml", &w.profile, &why) != TB_OK) {
        print_error("%s\n", tb_error_text(&why));
        return -1;
    }
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    tb_profile_free(&((world *)*state)->profile);
    return 0;
}

static void begin(world *w, int beside_others)
{
    tb_machine_options options = {0};
    tb_role_view_of(tb_profile_role(w->profile, "board"), &options.role);
    options.role.sign_beside_others = beside_others;
    tb_machine_init(&options, &w->m);
    w->now = TB_DAY;
    w->recorded = w->captures = 0;
}

static void step(world *w, tb_machine_input in)
{
    tb_machine after;
    tb_effects fx;
    in.fresh = tb_id_random();
    assert_int_equal(tb_machine_step(&w->m, &in, w->now, &after, &fx), TB_OK);
    w->m = after;
    for (int i = 0; i < fx.count; i++) {
        w->recorded += fx.kinds[i] == TB_EFFECT_RECORD;
        w->captures += fx.kinds[i] == TB_EFFECT_CAPTURE;
    }
    if (w->m.phase == TB_PHASE_DECIDED)
        step(w, (tb_machine_input){.kind = TB_INPUT_TICK});
}

static void see(world *w, const char *tracks)
{
    tb_machine_input in = {.kind = TB_INPUT_ZONE};
    for (; tracks[in.zone.count]; in.zone.count++)
        in.zone.tracks[in.zone.count] = (uint32_t)(tracks[in.zone.count] - '0');
    in.zone.inside = in.zone.count;
    in.zone.track = in.zone.count == 1 ? in.zone.tracks[0] : 0;
    in.zone.steady = in.zone.count == 1;
    step(w, in);
}

static void says(world *w, const char *en, const char *language)
{
    tb_screen screen;
    tb_screen_of(&w->m, w->profile, 0, &screen);
    assert_string_equal(screen.en, en);
    assert_string_equal(screen.language, language);
    assert_string_equal(screen.sound, "");
    assert_int_equal(screen.ask, TB_ASK_NONE);
}

/* Track 1 steps up and is captured; then what came of it. */
static void meet(world *w, tb_identity identity)
{
    see(w, "1");
    see(w, "1");
    says(w, "Welcome", "");
    step(w, (tb_machine_input){.kind = TB_INPUT_CAPTURED, .ticket = w->m.ticket});
    tb_machine_input in = {.kind = TB_INPUT_MATCHED, .identity = identity, .judgement = TB_ADMIT};
    memset(in.visit.bytes, identity != TB_NOBODY, sizeof in.visit.bytes);
    assert_int_equal(tb_facts_set_text(&in.fields, "gate", "12"), TB_OK);
    assert_int_equal(tb_facts_set_text(&in.fields, "language", "ja"), TB_OK);
    assert_int_equal(tb_facts_set_time(&in.fields, "boarding", 11 * TB_HOUR + 30 * TB_MINUTE), TB_OK);
    step(w, in);
}

static void it_addresses_who_stands_there_until_they_leave(void **state)
{
    world *w = *state;
    begin(w, 0);
    says(w, "Welcome", "");
    meet(w, TB_THIS_PERSON);
    says(w, "Gate 12, 11:30", "ja");
    w->now += 30 * TB_SECOND; /* as long as they read */
    see(w, "1");
    step(w, (tb_machine_input){.kind = TB_INPUT_TICK});
    says(w, "Gate 12, 11:30", "ja");
    see(w, "");
    w->now += TB_SECOND;
    step(w, (tb_machine_input){.kind = TB_INPUT_TICK});
    says(w, "Welcome", "");
    assert_int_equal(w->m.phase, TB_PHASE_IDLE);
    assert_int_equal(w->m.now_serving.fields.count, 0);
    assert_int_equal(w->recorded, 0); /* S2 */
}

static void who_is_not_known_reads_what_is_for_everybody(void **state)
{
    world *w = *state;
    for (int identity = TB_NOBODY; identity <= TB_NOT_SURE; identity++) {
        begin(w, 0);
        meet(w, (tb_identity)identity);
        says(w, "Welcome", "");
        assert_int_equal(w->recorded, 0);
    }
}

static void never_before_somebody_else(void **state)
{
    world *w = *state;
    begin(w, 0);
    meet(w, TB_THIS_PERSON);
    see(w, "12"); /* somebody steps beside them */
    says(w, "Welcome", "");
    assert_int_equal(w->m.now_serving.fields.count, 0);
    see(w, "12");
    says(w, "Welcome", "");
    assert_int_equal(w->captures, 1); /* two people: nobody is looked at */
    see(w, "2");                      /* the first one has gone: this is another person */
    says(w, "Welcome", "");
    see(w, "2");
    assert_int_equal(w->captures, 2);
    begin(w, 0);
    meet(w, TB_THIS_PERSON);
    see(w, "3"); /* another one in their place, from one picture to the next */
    says(w, "Welcome", "");
    begin(w, 1); /* the profile says otherwise */
    meet(w, TB_THIS_PERSON);
    see(w, "12");
    says(w, "Gate 12, 11:30", "ja");
    see(w, "2");
    says(w, "Welcome", "");
}

/* A second one comes between capture and answer. */
static void nor_when_they_come_late(void **state)
{
    world *w = *state;
    begin(w, 0);
    see(w, "1");
    see(w, "1");
    step(w, (tb_machine_input){.kind = TB_INPUT_CAPTURED, .ticket = w->m.ticket});
    see(w, "12");
    tb_machine_input in = {.kind = TB_INPUT_MATCHED, .identity = TB_THIS_PERSON, .judgement = TB_ADMIT};
    step(w, in);
    says(w, "Welcome", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_addresses_who_stands_there_until_they_leave),
                                       cmocka_unit_test(who_is_not_known_reads_what_is_for_everybody),
                                       cmocka_unit_test(never_before_somebody_else),
                                       cmocka_unit_test(nor_when_they_come_late)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
