/* Reading profiles: the airport's own, a table of broken ones with the line and the cause each must name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/profile_check.h>

/* The comments are the numbers of the lines. */
/* clang-format off */
static const char good[] =
    /*  1 */ "name: tiny\n"
    /*  2 */ "facts:\n"
    /*  3 */ "  - {name: room, type: text, for: [guide]}\n"
    /*  4 */ "  - {name: nights, type: int, for: [guide]}\n"
    /*  5 */ "  - {name: arrival, type: time}\n"
    /*  6 */ "  - {name: leaving, type: time, after: arrival}\n"
    /*  7 */ "  - {name: vip, type: bool}\n"
    /*  8 */ "statuses: [reserved, staying]\n"
    /*  9 */ "consent: {ja: はい, en: 'Yes'}\n"
    /* 10 */ "visitors: {window: {until: leaving, late: late}, "
             "requires: [{that: visit.status >= reserved, else: nobody}]}\n"
    /* 11 */ "purposes: [{name: guide, titles: {ja: 案内, en: Guide}}, {name: pay, titles: {ja: 支払, en: Pay}}]\n"
    /* 12 */ "zones: [{name: floor, titles: {ja: 階, en: Floor}}]\n"
    /* 13 */ "roles:\n"
    /* 14 */ "  - name: door\n"
    /* 15 */ "    zone: floor\n"
    /* 16 */ "    kind: passage\n"
    /* 17 */ "    titles: {ja: 扉, en: Door}\n"
    /* 18 */ "    requires:\n"
    /* 19 */ "      - {that: visit.room == touchpoint.room, else: other_room}\n"
    /* 20 */ "    window: {from: arrival - 1h, early: early, until: arrival + 2d, late: late}\n"
    /* 21 */ "    lead: 10m\n"
    /* 22 */ "    sees: [room]\n"
    /* 23 */ "    on_match: {actuate: door, flag: on, status: staying}\n"
    /* 24 */ "    unknown: nobody\n"
    /* 25 */ "    fpir: 0.001\n"
    /* 26 */ "    for: [guide]\n"
    /* 27 */ "reasons:\n"
    /* 28 */ "  - {name: nobody, ja: 不明, en: Unknown}\n"
    /* 29 */ "  - {name: other_room, ja: '{room}号室', en: 'Room {room}'}\n"
    /* 30 */ "  - {name: early, ja: '{from}から', en: 'From {from}'}\n"
    /* 31 */ "  - {name: late, ja: 終了, en: 'Over {nights}'}\n"
    /* 32 */ "  - {name: not_sure, ja: もう一度, en: Again}\n";
/* clang-format on */

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
    assert_true(view.offline == 24 * TB_HOUR);
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

static const struct mistake {
    const char *from, *to;
    int line;
    const char *cause;
} mistakes[] = {
    {"name: tiny\n", "name: Tiny\n", 1, "is no name"},
    {"name: tiny\n", "", 1, "the field 'name' is missing in the profile"},
    {"zone: floor\n", "zone: floor\n    colour: red\n", 16, "unknown field 'colour' in roles"},
    {"kind: passage", "kind: tunnel", 16, "'kind' cannot be 'tunnel'"},
    {"type: int", "type: float", 4, "'type' cannot be 'float'"},
    {"{name: nights, type: int", "{name: room, type: int", 4, "'room' is given twice"},
    {"{name: nights,", "{name: status,", 4, "built in"},
    {"{name: nights,", "{name: now,", 4, "built in"},
    {"[reserved, staying]", "[reserved, reserved]", 8, "'reserved' is given twice"},
    {"[reserved, staying]", "[reserved, staying, room]", 8, "a fact and a status"},
    {"[reserved, staying]", "[]", 8, "'statuses' has no entries"},
    {"[reserved, staying]", "reserved", 8, "'statuses' has another form"},
    {"zone: floor\n", "zone: cellar\n", 15, "zone 'cellar' is not declared"},
    {"visit.room == touchpoint.room", "visit.rom == touchpoint.room", 19, "unknown fact 'rom'"},
    {"visit.room == touchpoint.room", "visit.room == visit.nights", 19, "different types"},
    {"visit.room == touchpoint.room", "visit.room < touchpoint.room", 19, "no order"},
    {"visit.room == touchpoint.room", "visit.room", 19, "neither true nor false"},
    {"visit.room == touchpoint.room", "visit.arrival < now", 19, "clock belongs into the window"},
    {"visit.room == touchpoint.room", "visit.status >= gone", 19, "unknown fact 'gone'"},
    {"else: other_room", "else: wrong_room", 19, "reason 'wrong_room' has no sentences"},
    {"else: nobody}", "else: anybody}", 10, "reason 'anybody' has no sentences"},
    {"from: arrival - 1h", "from: arrival - 1w", 20, "duration"},
    {"from: arrival - 1h", "from: visit.vip", 20, "not a time"},
    {"from: arrival - 1h", "from: departure - 1h", 20, "unknown fact 'departure'"},
    {"from: arrival - 1h", "from: arrival + 3d", 20, "ends before it begins"},
    {"from: arrival - 1h", "from: arrival + 2d", 20, "ends before it begins"},
    {"from: arrival - 1h", "from: leaving + 2d", 20, "ends before it begins"}, /* leaving comes after arrival */
    {"from: arrival - 1h", "from: leaving", 20, "nobody is ever on this list: visitors leave at 'leaving'"},
    {"{window: {until: leaving,", "{window: {from: arrival + 2d, early: early, until: leaving + 9d,", 20,
     "nobody is ever on this list: visitors come at 'arrival + 2d'"},
    {"{window: {until: leaving, late: late}, ", "{", 10, "nobody is ever deleted"},
    {"{until: leaving, late: late}", "{from: arrival, early: early}", 10, "nobody is ever deleted"},
    {"{name: nights, type: int", "{name: items, type: text", 4, "'items' is filled in by the server, as int"},
    {"after: arrival", "after: arival", 6, "'leaving' comes after 'arival', which is not declared"},
    {"after: arrival", "after: nights", 6, "not both times"},
    {"after: arrival", "after: leaving", 6, "declared at or below it"},
    {"early: early", "early: soon", 20, "reason 'soon'"},
    {"early: early, ", "", 20, "needs 'early'"},
    {"from: arrival - 1h, ", "", 20, "there is no 'from'"},
    {"lead: 10m", "lead: 10", 21, "no duration"},
    {"lead: 10m", "lead: 10m\n    offline: soon", 22, "no duration"},
    {"lead: 10m", "lead: 10m\n    offline: 31d", 22, "older than 30 days"},
    {"window: {from: arrival - 1h, early: early, until", "window: {until", 21, "needs a window with 'from'"},
    {"sees: [room]", "sees: [room, passport]", 22, "sees the fact 'passport', which is not declared"},
    {"sees: [room]", "sees: [room, room]", 22, "twice"},
    {"sees: [room]", "sees: [room, vip]", 22, "must not see 'vip': it may be shown for nothing"},
    {"    for: [guide]\n", "    for: [pay]\n", 19, "the reason 'other_room' would show 'room' at the role 'door'"},
    {"    for: [guide]\n", "    for: [pry]\n", 19, "the role is for pry"},
    {"{name: nights, type: int, for: [guide]", "{name: nights, type: int, for: [pay]", 20,
     "'late' would show 'nights' at the role 'door': it may be shown for pay, the role is for guide"},
    {"{name: nights, type: int, for: [guide]", "{name: nights, type: int, sensitive: true, for: [guide]", 31,
     "'nights' is sensitive and stands in no sentence"},
    {"{name: nights, type: int,", "{name: nights, type: int, sensitive: yes,", 4, "'sensitive' cannot be 'yes'"},
    {"actuate: door", "actuate: trapdoor", 23, "'actuate' cannot be 'trapdoor'"},
    {"flag: on", "flag: maybe", 23, "maybe"},
    {"status: staying}", "status: flying}", 23, "'flying' is no status"},
    {"status: staying}", "status: staying, deletes_entry: true}", 23, "the rules keep the visit on the list"},
    {"that: visit.status >= reserved", "that: visit.status < reserved", 19, "nobody is ever on the list of 'door'"},
    {"    unknown: nobody\n", "    unknown: stranger\n", 24, "reason 'stranger'"},
    {"    unknown: nobody\n", "    asks_server: true\n", 24, "needs 'unknown'"},
    {"    unknown: nobody\n", "    unknown: nobody\n    asks_server: true\n", 25, "'offline', which has no"},
    {"name: not_sure", "name: unsure", 16, "may give the reason 'not_sure', which has no sentences"},
    {"kind: passage", "kind: pos", 16, "may give the reason 'no_instrument'"},
    {"fpir: 0.001", "fpir: 1.5", 25, "between 0 and 1"},
    {"fpir: 0.001", "fpir: nan", 25, "between 0 and 1"},
    {"fpir: 0.001", "fpir: rare", 25, "'fpir' cannot be 'rare'"},
    {"fpir: 0.001", "step_up: {amount: -1}", 25, "not negative"},
    {"fpir: 0.001", "step_up: {pin: yep}", 25, "'pin' cannot be 'yep'"},
    {"fpir: 0.001", "match: somewhere", 25, "'match' cannot be 'somewhere'"},
    {"kind: passage", "kind: sign", 16, "a sign needs the sentence for whom it recognises"},
    {"fpir: 0.001", "sign: {person: nobody, others: nobody}", 25, "only a sign has sentences"},
    {"fpir: 0.001", "report_every: 5m", 25, "only a presence camera reports"},
    {"kind: passage", "kind: presence", 22, "a presence camera shows nothing to anybody"},
    {"kind: passage", "kind: presence\n    report_every: often", 17, "'often' is no duration"},
    {"kind: passage", "kind: sign\n    sign: {person: late, others: nobody}", 17, "does not see 'nights'"},
    {"kind: passage", "kind: sign\n    sign: {person: nobody, others: other_room}", 17,
     "told to people whom nobody knows"},
    {"kind: passage", "kind: sign\n    sign: {person: nobody, others: nobody}", 24, "a sign opens nothing"},
    {"fpir: 0.001", "between: {face: true}", 25, "only an interlock has a place between its doors"},
    {"actuate: door, flag: on, status: staying}", "actuate: interlock}\n    between: {approval: unheard_of}", 24,
     "has no sentences under reasons"},
    {"fpir: 0.001", "deliver_every: now", 25, "'now' is no interval"},
    {"fpir: 0.001", "deliver_every: 2d", 25, "'2d' is no interval"},
    {"fpir: 0.001", "deliver_every: 10m", 25, "who comes before their entry would be turned away"},
    {"fpir: 0.001", "near: closeby", 25, "'closeby' is no distance"},
    {"fpir: 0.001", "near: 200", 25, "'200' is no distance"},
    {"fpir: 0.001", "without_position: exclude", 25, "nobody's position is asked for"},
    {"fpir: 0.001", "near: 200m\n    without_position: exclude", 26, "would be locked out"},
    {"fpir: 0.001", "group: together", 25, "a group needs the fact 'party'"},
    {"fpir: 0.001", "group: tour", 25, "'group' cannot be 'tour'"},
    {"lead: 10m", "match: server", 21, "is matched by the server and has to ask it"},
    {"fpir: 0.001", "asks_central: true", 25, "only where the server compares are people looked for"},
    {"    unknown: nobody\n    fpir: 0.001", "    unknown: nobody\n    asks_server: true\n    match: server", 21,
     "nothing is delivered ahead to a terminal that has no list"},
    {"ja: 不明, en: Unknown}", "ja: 不明}", 28, "the field 'en' is missing in reasons"},
    {"ja: 不明, en: Unknown}", "ja: 不明, en: ''}", 28, "'en' is empty"},
    {"'Room {room}'", "'Room {chamber}'", 29, "no fact fills {chamber}"},
    {"'Room {room}'", "'Room {vip}'", 19, "would show 'vip' at the role 'door': it may be shown for nothing"},
    {"{name: nights, type: int", "{name: nights, type: bool", 31, "{nights} is a yes or no"},
    {"'Room {room}'", "'Room {room'", 29, "not closed"},
    {"'Room {room}'", "'Room }'", 29, "not closed"},
    {"name: other_room,", "name: nobody,", 19, "reason 'other_room' has no sentences"},
    {"name: other_room,", "name: not_sure,", 19, "reason 'other_room' has no sentences"},
    {"consent: {ja: はい, en: 'Yes'}", "consent: {ja: はい}", 9, "the field 'en' is missing in consent"},
    {"sees: [room]", "sees: [room", 23, "did not find expected"},
    {"titles: {ja: 扉, en: Door}", "titles: &t {ja: 扉, en: Door}\n    sees: *t", 18, "alias"},
    {"lead: 10m", "lead: 10m\n    lead: 20m", 22, "'lead' is given twice"},
    {"reasons:\n", "journeys: [{name: stay, titles: {ja: 滞在, en: Stay}, steps: [door, dor]}]\nreasons:\n", 27,
     "'dor' is no role"},
};

static void names_line_and_cause(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char *yaml = changed(mistakes[i].from, mistakes[i].to), place[48];
        tb_profile *profile;
        tb_error why = {0};
        snprintf(place, sizeof place, "test.yaml, line %d: ", mistakes[i].line);
        assert_int_equal(parse(yaml, &profile, &why), TB_MALFORMED);
        assert_null(profile);
        assert_int_equal(why.status, TB_MALFORMED);
        if (strncmp(why.text, place, strlen(place)) != 0 || !strstr(why.text, mistakes[i].cause))
            wrong += printf("'%s' -> '%s': expected \"%s...%s\", got \"%s\"\n", mistakes[i].from, mistakes[i].to, place,
                            mistakes[i].cause, why.text) > 0;
        free(yaml);
    }
    assert_int_equal(wrong, 0);
}

static void tells_everything_at_once(void **state)
{
    (void)state;
    static const char bad[] = "name: tiny\n"                                                                /*  1 */
                              "facts:\n"                                                                    /*  2 */
                              "  - {name: room, type: text, for: [guide]}\n"                                /*  3 */
                              "  - {name: diet, type: text, for: [serve], colour: red}\n"                   /*  4 */
                              "  - {name: arrival, type: time}\n"                                           /*  5 */
                              "statuses: [reserved, staying]\n"                                             /*  6 */
                              "consent: {ja: a, en: b}\n"                                                   /*  7 */
                              "purposes: [{name: guide, titles: {ja: a, en: b}}]\n"                         /*  8 */
                              "visitors: {window: {until: arival, late: late}}\n"                           /*  9 */
                              "zones: [{name: floor, titles: {ja: a, en: b}}]\n"                            /* 10 */
                              "roles:\n"                                                                    /* 11 */
                              "  - name: door\n"                                                            /* 12 */
                              "    zone: flor\n"                                                            /* 13 */
                              "    kind: passage\n"                                                         /* 14 */
                              "    titles: {ja: a, en: b}\n"                                                /* 15 */
                              "    sees: [room, diet]\n"                                                    /* 16 */
                              "    for: [guide]\n"                                                          /* 17 */
                              "    window: {from: arrival, early: soon, until: arrival - 1h, late: late}\n" /* 18 */
                              "    on_match: {status: stayng}\n"                                            /* 19 */
                              "reasons:\n"                                                                  /* 20 */
                              "  - {name: late, ja: '{rooms}', en: b}\n"                                    /* 21 */
                              "  - {name: not_sure, ja: a, en: b}\n"                                        /* 22 */
                              "journeys: [{name: stay, titles: {ja: a, en: b}, steps: [dor]}]\n";           /* 23 */
    static const struct {
        int line;
        const char *cause, *remedy;
    } expected[] = {
        {4, "unknown field 'colour'", "the fields are: name type for after of sensitive"},
        {4, "the purpose 'serve' is not declared", "declare it under purposes"},
        {9, "unknown fact 'arival'", "is 'arrival' meant?"},
        {13, "the zone 'flor' is not declared", "is 'floor' meant?"},
        {16, "must not see 'diet': it may be shown for serve, the role is for guide", "remove it from 'sees'"},
        {18, "the reason 'soon' has no sentences", "add it under reasons"},
        {18, "the window ends before it begins: 'arrival' is never before 'arrival - 1h'", "after 'from'"},
        {19, "'stayng' is no status", "is 'staying' meant?"},
        {21, "no fact fills {rooms}", "is 'room' meant?"},
        {23, "'dor' is no role", "is 'door' meant?"},
    };
    tb_findings findings = {0};
    tb_profile *profile;
    assert_int_equal(tb_profile_examine(tb_span_text(bad), &profile, &findings), TB_MALFORMED);
    assert_null(profile);
    assert_int_equal(findings.more, 0);
    for (size_t i = 0; i < findings.count; i++) {
        if (i >= sizeof expected / sizeof *expected)
            fail_msg("not expected: %d %s", findings.items[i].line, findings.items[i].cause);
        if (findings.items[i].line != expected[i].line || !strstr(findings.items[i].cause, expected[i].cause) ||
            !strstr(findings.items[i].remedy, expected[i].remedy))
            fail_msg("%zu: %d %s | %s", i, findings.items[i].line, findings.items[i].cause, findings.items[i].remedy);
    }
    assert_int_equal(findings.count, sizeof expected / sizeof *expected);
    tb_findings_free(&findings);
    assert_null(findings.items);
}

static void tells_every_mistake_of_form(void **state)
{
    (void)state;
    tb_findings findings = {0};
    tb_profile *profile;
    const char bad[] = "name: [tiny]\nfacts: {}\nstatuses: [a, [b]]\nconsent: {ja: a}\nroles:\n  - kind: tunnel\n"
                       "    fpir: high\n    name: a\nreasons: [{name: \"\"}]\n";
    const int lines[] = {1, 1, 1, 2, 3, 4, 6, 6, 6, 7, 9, 9, 9};
    assert_int_equal(tb_profile_examine(tb_span_text(bad), &profile, &findings), TB_MALFORMED);
    assert_int_equal(findings.count, sizeof lines / sizeof *lines);
    for (size_t i = 0; i < findings.count; i++) {
        assert_int_equal(findings.items[i].line, lines[i]);
        assert_true(findings.items[i].cause[0] && findings.items[i].remedy[0]);
    }
    tb_findings_free(&findings);
    /* Thousands of mistakes: the first hundred are kept, the rest is counted or not looked at. */
    tb_bytes many = {0};
    assert_int_equal(tb_bytes_print(&many, "name: a\n"), TB_OK);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(tb_bytes_print(&many, "field%d: [\n  {x: {y: z}}]\n", i), TB_OK);
    assert_int_equal(tb_profile_examine(tb_bytes_span(&many), &profile, &findings), TB_MALFORMED);
    assert_int_equal(findings.count, TB_FINDINGS_MAX);
    assert_null(profile);
    tb_findings_free(&findings);
    tb_bytes_free(&many);
}

/* How long a terminal goes on alone: by its kind, or as the profile says. */
static void says_how_old_a_list_may_be(void **state)
{
    (void)state;
    static const struct {
        const char *offline;
        tb_time most;
    } table[] = {{"0", 0}, {"90s", 90 * TB_SECOND}, {"30d", 30 * TB_DAY}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[4096], line[64];
        const char *at = strstr(good, "    lead: 10m\n");
        tb_profile *profile;
        tb_role_view view;
        snprintf(line, sizeof line, "    offline: %s\n", table[i].offline);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, line, at);
        assert_int_equal(parse(text, &profile, NULL), TB_OK);
        tb_role_view_of(tb_profile_role(profile, "door"), &view);
        assert_true(view.offline == table[i].most);
        tb_profile_free(&profile);
    }
}

static void tells_what_a_role_may_do(void **state)
{
    (void)state;
    tb_profile *profile;
    tb_role_terms terms;
    tb_fact_terms fact;
    tb_named item;
    tb_journey_terms journey;
    tb_rule_terms visitors;
    assert_int_equal(parse(good, &profile, NULL), TB_OK);
    tb_role_terms_of(tb_profile_role(profile, "door"), &terms);
    assert_true(terms.has_list && terms.rule.count == 1 && terms.flag == 1 && !terms.ends_with_match);
    assert_string_equal(terms.rule.that[0], "visit.room == touchpoint.room");
    assert_string_equal(terms.rule.otherwise[0], "other_room");
    assert_string_equal(terms.rule.from, "arrival - 1h");
    assert_string_equal(terms.rule.until, "arrival + 2d");
    assert_string_equal(terms.lead, "10m");
    assert_string_equal(terms.status, "staying");
    assert_true(terms.sees == 1 && terms.told == 2 && terms.attributes == 1 && terms.purposes == 1);
    assert_string_equal(terms.field[0], "room");
    assert_string_equal(terms.told_field[1], "nights");
    assert_string_equal(terms.attribute[0], "room");
    tb_profile_visitor_terms(profile, &visitors);
    assert_string_equal(visitors.until, "leaving");
    assert_string_equal(visitors.from, "");
    assert_true(tb_profile_fact_at(profile, 3, &fact) && strcmp(fact.after, "arrival") == 0 && fact.purposes == 0);
    assert_false(tb_profile_fact_at(profile, 5, &fact));
    assert_true(tb_profile_purpose_at(profile, 1, &item) && strcmp(item.en, "Pay") == 0);
    assert_false(tb_profile_purpose_at(profile, 2, &item) || tb_profile_zone_at(profile, 1, &item));
    assert_true(tb_profile_reason_at(profile, 4, &item));
    assert_false(tb_profile_journey_at(profile, 0, &journey));
    tb_profile_free(&profile);
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
    assert_string_equal(said(profile, "late", "en", &facts, 0), "Over -3");
    assert_int_equal(tb_facts_set_time(&facts, "from", TB_TIME_NEVER), TB_OK);
    assert_string_equal(said(profile, "early", "en", &facts, 0), "From ?");
    assert_int_equal(tb_profile_sentence(profile, "nonsense", "en", &facts, 0, &out), TB_NOT_FOUND);
    assert_int_equal(out.size, 0);
    tb_profile_free(&profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_what_is_there),
                                       cmocka_unit_test(names_line_and_cause),
                                       cmocka_unit_test(tells_everything_at_once),
                                       cmocka_unit_test(tells_every_mistake_of_form),
                                       cmocka_unit_test(says_how_old_a_list_may_be),
                                       cmocka_unit_test(tells_what_a_role_may_do),
                                       cmocka_unit_test(refuses_what_is_no_profile),
                                       cmocka_unit_test(every_truncation_is_refused_or_sound),
                                       cmocka_unit_test(fills_sentences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
