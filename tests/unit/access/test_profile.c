/* Reading profiles: the airport's own, a table of broken ones with the line and the cause each must name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/profile.h>

static const char good[] = "name: tiny\n"                      /*  1 */
                           "facts:\n"                          /*  2 */
                           "  - {name: room, type: text}\n"    /*  3 */
                           "  - {name: nights, type: int}\n"   /*  4 */
                           "  - {name: arrival, type: time}\n" /*  5 */
                           "  - {name: vip, type: bool}\n"     /*  6 */
                           "statuses: [reserved, staying]\n"   /*  7 */
                           /*  8 */
                           "consent: {ja: はい, en: 'Yes'}\n"
                           "visitors:\n"                                                                       /*  9 */
                           "  requires: [{that: visit.status >= reserved, else: nobody}]\n"                    /* 10 */
                           "zones: [{name: floor, titles: {ja: 階, en: Floor}}]\n"                             /* 11 */
                           "roles:\n"                                                                          /* 12 */
                           "  - name: door\n"                                                                  /* 13 */
                           "    zone: floor\n"                                                                 /* 14 */
                           "    kind: passage\n"                                                               /* 15 */
                           "    titles: {ja: 扉, en: Door}\n"                                                  /* 16 */
                           "    requires:\n"                                                                   /* 17 */
                           "      - {that: visit.room == touchpoint.room, else: other_room}\n"                 /* 18 */
                           "    window: {from: arrival - 1h, early: early, until: arrival + 2d, late: late}\n" /* 19 */
                           "    lead: 10m\n"                                                                   /* 20 */
                           "    sees: [room]\n"                                                                /* 21 */
                           "    on_match: {actuate: door, flag: on, status: staying}\n"                        /* 22 */
                           "    unknown: nobody\n"                                                             /* 23 */
                           "    fpir: 0.001\n"                                                                 /* 24 */
                           "reasons:\n"                                                                        /* 25 */
                           /* 26 */
                           "  - {name: nobody, ja: 不明, en: Unknown}\n"
                           /* 27 */
                           "  - {name: other_room, ja: '{room}号室', en: 'Room {room}'}\n"
                           /* 28 */
                           "  - {name: early, ja: '{from}から', en: 'From {from}'}\n"
                           /* 29 */
                           "  - {name: late, ja: 終了, en: 'Over {nights} {vip}'}\n";

static tb_status parse(const char *yaml, tb_profile **out, tb_error *why)
{
    return tb_profile_parse(tb_span_text(yaml), "test.yaml", out, why);
}

static void reads_what_is_there(void **state)
{
    (void)state;
    tb_profile *profile;
    tb_error why = {0};
    assert_int_equal(parse(good, &profile, &why), TB_OK);
    assert_string_equal(tb_profile_name(profile), "tiny");
    assert_int_equal(tb_profile_role_count(profile), 1);
    assert_ptr_equal(tb_profile_role_at(profile, 0), tb_profile_role(profile, "door"));
    assert_null(tb_profile_role_at(profile, 1));
    assert_null(tb_profile_role(profile, "window"));
    assert_int_equal(tb_profile_status(profile, "staying"), 1);
    assert_int_equal(tb_profile_status(profile, "gone"), -1);
    assert_string_equal(tb_profile_status_name(profile, 1), "staying");
    assert_string_equal(tb_profile_status_name(profile, 2), "");
    assert_string_equal(tb_profile_status_name(profile, -1), "");
    assert_string_equal(tb_profile_consent_text(profile, "ja"), "はい");
    assert_string_equal(tb_profile_consent_text(profile, "en"), "Yes");
    tb_role_view view;
    tb_role_view_of(tb_profile_role(profile, "door"), &view);
    assert_string_equal(view.name, "door");
    assert_string_equal(view.zone, "floor");
    assert_string_equal(view.title_en, "Door");
    assert_string_equal(view.title_ja, "扉");
    assert_string_equal(view.actuator, "door");
    assert_string_equal(view.unknown_reason, "nobody");
    assert_int_equal(view.kind, TB_KIND_PASSAGE);
    assert_false(view.asks_server || view.deletes_entry || view.step_up_pin || view.staff_confirms);
    assert_true(view.fpir == 0.001);
    tb_profile_free(&profile);
    assert_null(profile);
    tb_profile_free(&profile);
}

/* The good profile with one text replaced. */
static char *changed(const char *from, const char *to)
{
    const char *at = strstr(good, from);
    assert_non_null(at);
    assert_null(strstr(at + 1, from));
    size_t size = strlen(good) + strlen(to) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    snprintf(text, size, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    return text;
}

static void names_line_and_cause(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        int line;
        const char *cause;
    } table[] = {
        {"name: tiny\n", "name: Tiny\n", 1, "is no name"},
        {"name: tiny\n", "", 1, "Missing required mapping field: name"},
        {"zone: floor\n", "zone: floor\n    colour: red\n", 15, "Unexpected key: colour"},
        {"kind: passage", "kind: tunnel", 15, "tunnel"},
        {"type: int", "type: float", 4, "float"},
        {"{name: nights, type: int}", "{name: room, type: int}", 4, "'room' is given twice"},
        {"{name: nights,", "{name: status,", 4, "built in"},
        {"{name: nights,", "{name: now,", 4, "built in"},
        {"[reserved, staying]", "[reserved, reserved]", 7, "'reserved' is given twice"},
        {"[reserved, staying]", "[reserved, room]", 7, "a fact and a status"},
        {"[reserved, staying]", "[]", 7, "Insufficient entries"},
        {"zone: floor\n", "zone: cellar\n", 14, "zone 'cellar' is not declared"},
        {"visit.room == touchpoint.room", "visit.rom == touchpoint.room", 18, "unknown fact 'rom'"},
        {"visit.room == touchpoint.room", "visit.room == visit.nights", 18, "different types"},
        {"visit.room == touchpoint.room", "visit.room < touchpoint.room", 18, "no order"},
        {"visit.room == touchpoint.room", "visit.room", 18, "neither true nor false"},
        {"visit.room == touchpoint.room", "visit.arrival < now", 18, "clock belongs into the window"},
        {"visit.room == touchpoint.room", "visit.status >= gone", 18, "unknown fact 'gone'"},
        {"else: other_room", "else: wrong_room", 18, "reason 'wrong_room' has no sentences"},
        {"else: nobody}", "else: anybody}", 10, "reason 'anybody' has no sentences"},
        {"from: arrival - 1h", "from: arrival - 1w", 19, "duration"},
        {"from: arrival - 1h", "from: visit.vip", 19, "not a time"},
        {"from: arrival - 1h", "from: departure - 1h", 19, "unknown fact 'departure'"},
        {"from: arrival - 1h", "from: arrival + 3d", 19, "ends before it begins"},
        {"from: arrival - 1h", "from: arrival + 2d", 19, "ends before it begins"},
        {"early: early", "early: soon", 19, "reason 'soon'"},
        {"early: early, ", "", 19, "needs 'early'"},
        {"from: arrival - 1h, ", "", 19, "there is no 'from'"},
        {"lead: 10m", "lead: 10", 20, "no duration"},
        {"window: {from: arrival - 1h, early: early, until", "window: {until", 20, "needs a window with 'from'"},
        {"sees: [room]", "sees: [room, passport]", 21, "sees the fact 'passport', which is not declared"},
        {"sees: [room]", "sees: [room, room]", 21, "twice"},
        {"actuate: door", "actuate: trapdoor", 22, "trapdoor"},
        {"flag: on", "flag: maybe", 22, "maybe"},
        {"status: staying}", "status: flying}", 22, "'flying' is no status"},
        {"    unknown: nobody\n", "    unknown: stranger\n", 23, "reason 'stranger'"},
        {"    unknown: nobody\n", "    asks_server: true\n", 23, "needs 'unknown'"},
        {"fpir: 0.001", "fpir: 1.5", 24, "between 0 and 1"},
        {"fpir: 0.001", "fpir: nan", 24, "between 0 and 1"},
        {"fpir: 0.001", "step_up: {amount: -1}", 24, "not negative"},
        {"ja: 不明, en: Unknown}", "ja: 不明}", 26, "Missing required mapping field: en"},
        {"ja: 不明, en: Unknown}", "ja: 不明, en: ''}", 26, "STRING length"},
        {"'Room {room}'", "'Room {chamber}'", 27, "no fact fills {chamber}"},
        {"'Room {room}'", "'Room {room'", 27, "not closed"},
        {"'Room {room}'", "'Room }'", 27, "not closed"},
        {"name: other_room,", "name: nobody,", 27, "'nobody' is given twice"},
        {"consent: {ja: はい, en: 'Yes'}", "consent: {ja: はい}", 8, "Missing required mapping field: en"},
        {"[room]", "[room", 22, "did not find expected"},
        {"titles: {ja: 扉, en: Door}", "titles: &t {ja: 扉, en: Door}\n    sees: *t", 17, "alias"},
        {"lead: 10m", "lead: 10m\n    lead: 20m", 20, "already seen: lead"},
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *yaml = changed(table[i].from, table[i].to), place[48];
        tb_profile *profile;
        tb_error why = {0};
        snprintf(place, sizeof place, "test.yaml, line %d: ", table[i].line);
        assert_int_equal(parse(yaml, &profile, &why), TB_MALFORMED);
        assert_null(profile);
        assert_int_equal(why.status, TB_MALFORMED);
        if (strncmp(why.text, place, strlen(place)) != 0 || !strstr(why.text, table[i].cause))
            wrong += printf("'%s' -> '%s': expected \"%s...%s\", got \"%s\"\n", table[i].from, table[i].to, place,
                            table[i].cause, why.text) > 0;
        free(yaml);
    }
    assert_int_equal(wrong, 0);
}

static void refuses_what_is_no_profile(void **state)
{
    (void)state;
    tb_profile *profile;
    tb_error why;
    const char *bad[] = {"", "\n", "# nothing\n", "- a\n", "name", "\t", "{", "\xff\xfe", "name: [a]\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse(bad[i], &profile, &why), TB_MALFORMED);
        if (!strstr(why.text, "test.yaml, line 1: ") && !strstr(why.text, "test.yaml, line 2: "))
            fail_msg("'%s': %s", bad[i], why.text);
    }
    assert_int_equal(tb_profile_parse(tb_span_of("a\0b", 3), "x", &profile, &why), TB_MALFORMED);
    char *huge = calloc(1, 300000);
    memset(huge, ' ', 299999);
    assert_int_equal(parse(huge, &profile, NULL), TB_TOO_LARGE);
    free(huge);
}

static void every_truncation_is_refused_or_sound(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof good - 1; size += 3) {
        tb_profile *profile;
        tb_status status = tb_profile_parse(tb_span_of(good, size), "cut", &profile, NULL);
        assert_true(status == TB_OK || status == TB_MALFORMED);
        assert_true((status == TB_OK) == (profile != NULL));
        tb_profile_free(&profile);
    }
}

static const char *said(const tb_profile *profile, const char *reason, const char *language, const tb_facts *facts,
                        int offset)
{
    static char text[512];
    tb_bytes out = {0};
    assert_int_equal(tb_profile_sentence(profile, reason, language, facts, offset, &out), TB_OK);
    snprintf(text, sizeof text, "%.*s", (int)out.size, (const char *)out.data);
    tb_bytes_free(&out);
    return text;
}

static void fills_sentences(void **state)
{
    (void)state;
    tb_profile *profile;
    tb_facts facts = {0};
    tb_bytes out = {0};
    tb_time time;
    assert_int_equal(parse(good, &profile, NULL), TB_OK);
    assert_int_equal(tb_time_parse("2026-11-21T20:05:00Z", &time), TB_OK);
    assert_string_equal(said(profile, "other_room", "en", &facts, 0), "Room ?");
    assert_string_equal(said(profile, "other_room", "en", NULL, 0), "Room ?");
    assert_int_equal(tb_facts_set_text(&facts, "room", "707"), TB_OK);
    assert_int_equal(tb_facts_set_time(&facts, "from", time), TB_OK);
    assert_int_equal(tb_facts_set_int(&facts, "nights", -3), TB_OK);
    assert_string_equal(said(profile, "other_room", "en", &facts, 0), "Room 707");
    assert_string_equal(said(profile, "other_room", "ja", &facts, 0), "707号室");
    assert_string_equal(said(profile, "early", "en", &facts, 0), "From 20:05");
    assert_string_equal(said(profile, "early", "ja", &facts, 540), "05:05から");
    assert_string_equal(said(profile, "early", "en", &facts, -300), "From 15:05");
    assert_string_equal(said(profile, "early", "en", &facts, -21 * 60), "From 23:05");
    assert_string_equal(said(profile, "late", "en", &facts, 0), "Over -3 ?");
    assert_int_equal(tb_facts_set_time(&facts, "from", TB_TIME_NEVER), TB_OK);
    assert_string_equal(said(profile, "early", "en", &facts, 0), "From ?");
    assert_int_equal(tb_profile_sentence(profile, "nonsense", "en", &facts, 0, &out), TB_NOT_FOUND);
    assert_int_equal(out.size, 0);
    tb_profile_free(&profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_is_there), cmocka_unit_test(names_line_and_cause),
                                       cmocka_unit_test(refuses_what_is_no_profile),
                                       cmocka_unit_test(every_truncation_is_refused_or_sound),
                                       cmocka_unit_test(fills_sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
