/* tries.c: how often a terminal may say a reference that leads nowhere: whoever stands there could try one after
 * another. */
#include "management/service.h"

#include <tebura/log.h>

/* A bucket that fills up again: people mistype, and many people come to one terminal. Monotonic time: nobody gets more
 * tries by a clock that is set. It starts full with the process, which nobody before a terminal can end. */
static void fill_up(tb_terminal *terminal)
{
    int64_t now = tb_clock_monotonic(), back = (now - terminal->tries_at) / TB_TRY_BACK;
    if (terminal->tries_at == 0 || back >= terminal->tries) {
        terminal->tries = 0;
        terminal->tries_at = now;
    } else if (back > 0) {
        terminal->tries -= (int)back;
        terminal->tries_at += back * TB_TRY_BACK;
    }
}

int tb_tries_are_left(tb_terminal *terminal)
{
    fill_up(terminal);
    return terminal->tries < TB_TRIES_MOST;
}

void tb_tries_count(tb_terminal *terminal)
{
    fill_up(terminal);
    if (++terminal->tries == TB_TRIES_MOST)
        tb_log(
            TB_LOG_WARNING, "management",
            "terminal %s said %d references that lead nowhere; it gets one more try every %d s: is somebody guessing?",
            terminal->row.id, TB_TRIES_MOST, (int)(TB_TRY_BACK / TB_SECOND));
}
