/* log.c: one write(2) per line, so that lines of several threads and processes never mix. */
#include <tebura/log.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/clock.h>

static const char *const names[] = {"debug", "info", "warning", "error"};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static tb_log_level least = TB_LOG_INFO; /* written once, before the first line */

static void read_level(void)
{
    const char *wanted = getenv("TEBURA_LOG");
    for (int i = TB_LOG_DEBUG; wanted && i <= TB_LOG_ERROR; i++)
        if (strcmp(wanted, names[i]) == 0)
            least = (tb_log_level)i;
}

void tb_log(tb_log_level level, const char *part, const char *format, ...)
{
    pthread_once(&once, read_level);
    if (level < least)
        return;
    char line[1024], time[TB_TIME_TEXT_SIZE];
    int used = snprintf(line, sizeof line, "%s %-7s %s: ", tb_time_text(tb_clock_now(), time), names[level], part);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
    va_end(args);
    size_t length = (size_t)used + (more < 0 ? 0 : (size_t)more);
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    line[length] = '\n';
    (void)!write(STDERR_FILENO, line, length + 1);
}
