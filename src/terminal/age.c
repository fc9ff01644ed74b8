/* age.c: "as of 14:05, 2 h ago". */
#include "terminal/age.h"

#include <stdio.h>

static void ago(int64_t seconds, char en[24], char ja[24])
{
    static const struct {
        int64_t least, unit;
        const char *en, *ja;
    } units[] = {{2 * 86400, 86400, "days", "日"}, {3600, 3600, "h", "時間"}, {60, 60, "min", "分"}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (seconds >= units[i].least) {
            int count = (int)(seconds / units[i].unit);
            snprintf(en, 24, "%d %s ago", count, units[i].en);
            snprintf(ja, 24, "%d%s前", count, units[i].ja);
            return;
        }
    snprintf(en, 24, "just now");
    snprintf(ja, 24, "最新");
}

void tb_age_say(tb_time at, tb_time now, int utc_offset_minutes, tb_age_text *out)
{
    if (!at) {
        snprintf(out->en, sizeof out->en, "not heard from its server yet");
        snprintf(out->ja, sizeof out->ja, "サーバーから未受信");
        return;
    }
    char en[24], ja[24];
    int64_t local = (at + (int64_t)utc_offset_minutes * TB_MINUTE) / TB_SECOND, minutes = local % 86400 / 60;
    int64_t age = now > at ? (now - at) / TB_SECOND : 0;
    int year, month, day, hour = (int)(minutes / 60), minute = (int)(minutes % 60);
    tb_days_date(local / 86400, &year, &month, &day);
    ago(age, en, ja);
    if (age < 86400) {
        snprintf(out->en, sizeof out->en, "as of %02d:%02d, %s", hour, minute, en);
        snprintf(out->ja, sizeof out->ja, "%02d:%02d時点、%s", hour, minute, ja);
    } else {
        snprintf(out->en, sizeof out->en, "as of %04d-%02d-%02d %02d:%02d, %s", year, month, day, hour, minute, en);
        snprintf(out->ja, sizeof out->ja, "%d月%d日%02d:%02d時点、%s", month, day, hour, minute, ja);
    }
}
