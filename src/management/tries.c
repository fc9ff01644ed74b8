/* tries.c: how often a terminal may say a reference that leads nowhere: whoever stands there could try one after
 * another. */
#include "management/service.h"

#include <tebura/log.h>

/* A bucket that fills up again: people mistype, and many people come to one terminal. Monotonic time: nobody gets more
 * tries by a clock that is set. It starts full with the process, which nobody before a terminal can end. */
static void fill_up(tb_tries *tries, tb_time each)
{
    int64_t now = tb_clock_monotonic(), back = (now - tries->at) / each;
    if (tries->at == 0 || back >= tries->count) {
        tries->count = 0;
        tries->at = now;
    } else if (back > 0) {
        tries->count -= (int)back;
        tries->at += back * each;
    }
}

int tb_tries_are_left(tb_terminal *terminal)
{
    fill_up(&terminal->tries, TB_TRY_BACK);
    return terminal->tries.count < TB_TRIES_MOST;
}

void tb_tries_count(tb_terminal *terminal)
{
    fill_up(&terminal->tries, TB_TRY_BACK);
    if (++terminal->tries.count == TB_TRIES_MOST)
        tb_log(
            TB_LOG_WARNING, "management",
            "terminal %s said %d references that lead nowhere; it gets one more try every %d s: is somebody guessing?",
            terminal->row.id, TB_TRIES_MOST, (int)(TB_TRY_BACK / TB_SECOND));
}

int tb_looks_take(tb_terminal *terminal)
{
    fill_up(&terminal->looks, TB_LOOK_BACK);
    if (terminal->looks.count == TB_LOOKS_MOST)
        return 0;
    terminal->looks.count++;
    return 1;
}
