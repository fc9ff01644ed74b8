/* clock.c: the wall clock, durations, ISO 8601. Dates by Howard Hinnant's civil-days algorithms (public domain). */
#include <tebura/clock.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

tb_time tb_clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (tb_time)now.tv_sec * TB_SECOND + now.tv_nsec / 1000;
}

int64_t tb_clock_monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * TB_SECOND + now.tv_nsec / 1000;
}

int64_t tb_clock_uptime(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * TB_SECOND + now.tv_nsec / 1000;
}

int tb_clock_offset(void)
{
    time_t now = time(NULL);
    struct tm local;
    return localtime_r(&now, &local) ? (int)(local.tm_gmtoff / 60) : 0;
}

int64_t tb_date_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void tb_days_date(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

const char *tb_time_text(tb_time time, char out[TB_TIME_TEXT_SIZE])
{
    if (time == TB_TIME_NEVER) {
        snprintf(out, TB_TIME_TEXT_SIZE, "never");
        return out;
    }
    int64_t seconds = time >= 0 ? time / TB_SECOND : -((-time + TB_SECOND - 1) / TB_SECOND);
    int64_t days = seconds >= 0 ? seconds / 86400 : -((-seconds + 86399) / 86400);
    int64_t rest = seconds - days * 86400;
    int year, month, day;
    tb_days_date(days, &year, &month, &day);
    snprintf(out, TB_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, (int)(rest / 3600),
             (int)(rest / 60 % 60), (int)(rest % 60));
    return out;
}

tb_status tb_time_parse(const char *text, tb_time *out)
{
    int year, month, day, hour, minute, second, used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &used) != 6 ||
        used != 19)
        return TB_MALFORMED;
    int y, m, d;
    tb_days_date(tb_date_days(year, month, day), &y, &m, &d);
    if (year < 1970 || y != year || m != month || d != day || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return TB_MALFORMED;
    int64_t offset = 0;
    const char *zone = text + used;
    int zone_hours, zone_minutes, zone_used = 0;
    if (strcmp(zone, "Z") != 0) {
        if ((zone[0] != '+' && zone[0] != '-') || strlen(zone) != 6 ||
            sscanf(zone + 1, "%2d:%2d%n", &zone_hours, &zone_minutes, &zone_used) != 2 || zone_used != 5 ||
            zone_hours > 14 || zone_minutes > 59)
            return TB_MALFORMED;
        offset = (zone_hours * 3600 + zone_minutes * 60) * (zone[0] == '-' ? -1 : 1);
    }
    *out = (tb_date_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset) * TB_SECOND;
    return TB_OK;
}
