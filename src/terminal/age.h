/* age.h: how old something is, as people say it, in English and Japanese. Pure. */
#ifndef TERMINAL_AGE_H
#define TERMINAL_AGE_H

#include <tebura/clock.h>

typedef struct tb_age_text {
    char en[80], ja[96]; /* "as of 14:05, 2 h ago", "14:05時点（2時間前）" */
} tb_age_text;
/* `at` 0: never. From a day on the date is told as well. */
void tb_age_say(tb_time at, tb_time now, int utc_offset_minutes, tb_age_text *out);

#endif
