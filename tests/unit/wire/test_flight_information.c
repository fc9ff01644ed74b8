/* A4: what flight information sources write, good and bad: CSV, lines of JSON, arrays, as files have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/flight_information.h>

typedef struct taken {
    int count, bad;
    tb_flight_change changes[8];
    uint64_t marks[8];
    char places[8][16], cause[256];
    size_t bad_at;
} taken;

static tb_status take(void *context, const char *place, size_t number, uint64_t mark, const tb_flight_change *change,
                      const tb_error *why)
{
    taken *t = context;
    if (!change) {
        t->bad++;
        t->bad_at = number;
        snprintf(t->cause, sizeof t->cause, "%s", why->text);
        return TB_OK;
    }
    assert_null(why);
    assert_true(t->count < 8);
    t->marks[t->count] = mark;
    snprintf(t->places[t->count], sizeof t->places[0], "%s %zu", place, number);
    t->changes[t->count++] = *change;
    return TB_OK;
}

static taken read_ended(const char *text, int ended)
{
    taken t = {0};
    tb_error why = {0};
    if (tb_flight_changes_read(tb_span_text(text), ended, take, &t, &why) != TB_OK)
        fail_msg("%s", why.text);
    return t;
}

static tb_time at(const char *text)
{
    tb_time time;
    assert_int_equal(tb_time_parse(text, &time), TB_OK);
    return time;
}

static void csv(void **state)
{
    (void)state;
    taken t = read_ended("\xef\xbb\xbf"
                         "carrier,flight_number,date,from,to,gate,std,etd,status\r\n"
                         "# a remark\r\n"
                         "\r\n"
                         "NH, 0105 ,2026-11-21,NRT,LHR,12,2026-11-21T21:00+09:00,,scheduled\r\n"
                         "JL,41,2026-11-21,,,\"3\"\"4\",,,\r\n"
                         "JL,41,2026-11-21,,,-,,2026-11-21T15:00:30.25Z,delayed",
                         1);
    assert_int_equal(t.count, 2);
    assert_int_equal(t.bad, 1); /* a quote is no gate */
    assert_int_equal(t.bad_at, 5);
    assert_string_equal(t.places[0], "line 4");
    const tb_flight_change *c = &t.changes[0];
    assert_string_equal(c->flight, "NH105/2026-11-21");
    assert_int_equal(c->says, 1 << TB_FLIGHT_FROM | 1 << TB_FLIGHT_TO | 1 << TB_FLIGHT_GATE | 1 << TB_FLIGHT_STD |
                                  1 << TB_FLIGHT_STATUS);
    assert_string_equal(c->from, "NRT");
    assert_string_equal(c->gate, "12");
    assert_true(c->times[TB_FLIGHT_STD] == at("2026-11-21T12:00:00Z"));
    c = &t.changes[1];
    assert_int_equal(c->says, 1 << TB_FLIGHT_GATE | 1 << TB_FLIGHT_ETD | 1 << TB_FLIGHT_STATUS);
    assert_string_equal(c->gate, "");
    assert_true(c->times[TB_FLIGHT_ETD] == at("2026-11-21T15:00:30Z"));
    assert_int_equal(c->status, TB_FLIGHT_DELAYED);
}

static void json(void **state)
{
    (void)state;
    taken t =
        read_ended("[{\"carrier\":\"NH\",\"flight_number\":105,\"suffix\":\"A\",\"date\":\"2026-11-21\",\"gate\":null,"
                   "\"source\":\"aodb\",\"message\":\"77\",\"at\":\"2026-11-21T09:00Z\"},"
                   "{\"carrier\":\"NH\"}, 5]",
                   1);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.bad, 2);
    assert_int_equal(t.bad_at, 3);
    assert_string_equal(t.changes[0].flight, "NH105A/2026-11-21");
    assert_string_equal(t.changes[0].source, "aodb");
    assert_string_equal(t.changes[0].message, "77");
    assert_true(t.changes[0].at == at("2026-11-21T09:00:00Z"));
    assert_int_equal(t.changes[0].says, 1 << TB_FLIGHT_GATE);
    t = read_ended("{\"carrier\":\"NH\",\"flight_number\":\"105\",\"date\":\"2026-11-21\",\"gate\":12}\n"
                   "{\"carrier\":\"NH\",\"flight_nu\n"
                   "{\"carrier\":\"NH\",\"flight_number\":\"105\",\"date\":\"2026-11-21\",\"gate\":\"15\"}\n",
                   1);
    assert_int_equal(t.count, 2);
    assert_int_equal(t.bad, 1);
    assert_string_equal(t.changes[0].gate, "12");
    assert_string_equal(t.places[1], "line 3");
}

/* Somebody is still writing: "gate 1" may become "gate 12". */
static void what_is_cut_short_waits(void **state)
{
    (void)state;
    const char *text = "carrier,flight_number,date,gate\nNH,105,2026-11-21,12\nNH,106,2026-11-21,1";
    assert_int_equal(read_ended(text, 0).count, 1);
    assert_int_equal(read_ended(text, 1).count, 2);
    assert_int_equal(read_ended("carrier,flight_num", 0).count, 0);
    assert_int_equal(read_ended("", 1).count, 0);
    assert_int_equal(read_ended(" \r\n\n", 1).count, 0);
    taken none = {0};
    tb_error why = {0};
    assert_int_equal(tb_flight_changes_read(tb_span_text("[{\"carrier\":\"NH\","), 1, take, &none, &why), TB_MALFORMED);
    assert_non_null(strstr(why.text, "line 1"));
    assert_int_equal(none.count + none.bad, 0);
}

static void the_same_line_has_the_same_mark(void **state)
{
    (void)state;
    taken t = read_ended("carrier,flight_number,date,gate\nNH,105,2026-11-21,12\nNH,105,2026-11-21,13\n"
                         "NH,105,2026-11-21,12\n",
                         1);
    assert_true(t.marks[0] == t.marks[2] && t.marks[0] != t.marks[1]);
    taken other = read_ended("carrier,flight_number,date,to\nNH,105,2026-11-21,LHR\n", 1);
    assert_true(other.marks[0] != t.marks[0]);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"\"etd\":\"2026-11-21T18:30\"", "\"etd\" has no zone"},
        {"\"etd\":\"2026-11-21T18:30:00\"", "\"etd\" has no zone"},
        {"\"etd\":\"18:30Z\"", "\"etd\" has to be a time"},
        {"\"etd\":\"2026-02-30T18:30Z\"", "\"etd\" has to be a time"},
        {"\"etd\":true", "\"etd\" has to be a time"},
        {"\"std\":null", "\"std\" cannot be taken back"},
        {"\"gate\":\"12 \"", "\"gate\""},
        {"\"gate\":\"12345678\"", "\"gate\""},
        {"\"to\":\"LOND\"", "\"to\""},
        {"\"status\":\"gone\"", "\"status\""},
        {"\"suffix\":\"AB\",\"gate\":\"1\"", "\"suffix\""},
        {"\"date\":\"2026-13-01\",\"gate\":\"1\"", "not a JSON object"}, /* twice */
        {"\"gates\":\"1\"", "there is no field \"gates\""},
        {"\"gate\":1.5", "neither text"},
        {"\"gate\":[1]", "neither text"},
        {"\"at\":\"yesterday\",\"gate\":\"1\"", "\"at\""},
        {"\"source\":\"a b\",\"gate\":\"1\"", "\"source\""},
        {"\"message\":\"a b\",\"gate\":\"1\"", "\"message\""},
        {"\"source\":\"a\"", "nothing is said"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[512];
        snprintf(text, sizeof text, "{\"carrier\":\"NH\",\"flight_number\":\"105\",\"date\":\"2026-11-21\",%s}",
                 table[i][0]);
        taken t = read_ended(text, 1);
        if (t.count || t.bad != 1 || !strstr(t.cause, table[i][1]))
            fail_msg("%s: %s", table[i][0], t.cause);
    }
    static const char *const lines[][2] = {
        {"NH,105,2026-11-21", "fewer values"},   {"NH,105,2026-11-21,1,2", "more values"},
        {"NH,105,2026-11-21,\"12", "quote"},     {"NH,105,2026-11-21,\"12\"x", "closing quote"},
        {"nh,105,2026-11-21,12", "\"carrier\""}, {"NH,1O5,2026-11-21,12", "\"flight_number\""},
        {"NH,105,21.11.2026,12", "\"date\""},    {"NH,105,2026-11-31,12", "\"date\""}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[512];
        snprintf(text, sizeof text, "carrier,flight_number,date,gate\n%s\nNH,105,2026-11-21,7\n", lines[i][0]);
        taken t = read_ended(text, 1);
        if (t.count != 1 || t.bad != 1 || t.bad_at != 2 || !strstr(t.cause, lines[i][1]))
            fail_msg("%s: %s", lines[i][0], t.cause);
    }
    taken none = {0};
    tb_error why = {0};
    assert_int_equal(tb_flight_changes_read(tb_span_text("carrier,carrier\n"), 1, take, &none, &why), TB_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv), cmocka_unit_test(json), cmocka_unit_test(what_is_cut_short_waits),
        cmocka_unit_test(the_same_line_has_the_same_mark), cmocka_unit_test(what_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
