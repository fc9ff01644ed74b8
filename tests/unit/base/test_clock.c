/* Times: text and back, dates around leap years, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include <tebura/clock.h>

static void text_and_back(void **state)
{
    (void)state;
    char text[TB_TIME_TEXT_SIZE];
    tb_time time;
    assert_int_equal(tb_time_parse("2026-11-21T09:30:15Z", &time), TB_OK);
    assert_string_equal(tb_time_text(time, text), "2026-11-21T09:30:15Z");
    tb_time tokyo;
    assert_int_equal(tb_time_parse("2026-11-21T18:30:15+09:00", &tokyo), TB_OK);
    assert_int_equal(time, tokyo);
    assert_string_equal(tb_time_text(TB_TIME_NEVER, text), "never");
}

static void every_day_of_four_centuries(void **state)
{
    (void)state;
    for (int64_t day = tb_date_days(1970, 1, 1); day < tb_date_days(2370, 1, 1); day++) {
        int y, m, d;
        tb_days_date(day, &y, &m, &d);
        assert_int_equal(tb_date_days(y, m, d), day);
    }
}

static void refuses_what_is_no_time(void **state)
{
    (void)state;
    tb_time time;
    const char *bad[] = {"",
                         "2026",
                         "2026-02-29T00:00:00Z",
                         "2026-13-01T00:00:00Z",
                         "2026-01-01T24:00:00Z",
                         "2026-01-01T00:00:00",
                         "2026-01-01T00:00:00+9:00",
                         "2026-01-01 00:00:00Z",
                         "2026-01-01T00:00:00Zx"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tb_time_parse(bad[i], &time), TB_MALFORMED);
}

static void the_offset_of_this_machine(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int minutes;
    } places[] = {{"UTC0", 0}, {"JST-9", 540}, {"IST-5:30", 330}, {"EST5", -300}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_int_equal(setenv("TZ", places[i].zone, 1), 0);
        tzset();
        assert_int_equal(tb_clock_offset(), places[i].minutes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(text_and_back), cmocka_unit_test(every_day_of_four_centuries),
                                       cmocka_unit_test(refuses_what_is_no_time),
                                       cmocka_unit_test(the_offset_of_this_machine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
