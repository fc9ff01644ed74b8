/* clock.h: time as one number. Pure code takes it as an argument; only apps and services read the clock. */
#ifndef TEBURA_CLOCK_H
#define TEBURA_CLOCK_H

#include <stdint.h>
#include <tebura/status.h>

/* Microseconds since 1970-01-01T00:00:00Z. 0 means "not set"; TB_TIME_NEVER lies after everything. */
typedef int64_t tb_time;
#define TB_TIME_NEVER INT64_MAX
#define TB_SECOND INT64_C(1000000)
#define TB_MINUTE (60 * TB_SECOND)
#define TB_HOUR (60 * TB_MINUTE)
#define TB_DAY (24 * TB_HOUR)

tb_time tb_clock_now(void);       /* UTC wall clock */
int64_t tb_clock_monotonic(void); /* microseconds, for durations only */
int64_t tb_clock_uptime(void);    /* the same, and it goes on while the machine sleeps */
int tb_clock_offset(void);        /* minutes by which this machine's local time is ahead of UTC now; 0 when unknown */
#define TB_TIME_TEXT_SIZE 32
const char *tb_time_text(tb_time time, char out[TB_TIME_TEXT_SIZE]); /* ISO 8601, "2026-11-21T09:30:00Z"; returns out */
tb_status tb_time_parse(const char *text, tb_time *out) TB_MUST_CHECK; /* ISO 8601 with Z or +hh:mm; TB_MALFORMED */
/* Days since 1970-01-01 of a civil date, and back (proleptic Gregorian). */
int64_t tb_date_days(int year, int month, int day);
void tb_days_date(int64_t days, int *year, int *month, int *day);

#endif
