/* ticker.c: calls the service when the clock demands something, and once a second at least, since any change may bring
 * the next moment nearer. */
#include "teburad.h"

#include <tebura/log.h>

void *teburad_tick(void *context)
{
    teburad *s = context;
    tb_status told = TB_OK;
    int64_t follow = 0;
    while (!atomic_load(&s->stopping)) {
        uint64_t tenure = tb_management_leads(s->management);
        teburad_follow_events(s, tenure);
        teburad_look_around(s);
        if (!tenure) {                            /* another server does it */
            if (tb_clock_monotonic() >= follow) { /* nobody may ask us anything for days */
                tb_status status = tb_management_follow(s->management);
                if (status != TB_OK) /* then when somebody does */
                    tb_log(TB_LOG_DEBUG, "ticker", "%s", tb_status_sentence(status));
                follow = tb_clock_monotonic() + 30 * TB_SECOND;
            }
            teburad_pause(s, 100);
            continue;
        }
        tb_time next = 0;
        tb_status status = tb_management_tick(s->management, &next);
        if (status != told)
            tb_log(status == TB_OK ? TB_LOG_INFO : TB_LOG_ERROR, "ticker", "%s",
                   status == TB_OK ? "time goes on" : tb_status_sentence(status));
        told = status;
        tb_clock_state clock;
        tb_management_clock(s->management, &clock);
        tb_time left = status == TB_OK && next ? next - clock.now : TB_SECOND;
        teburad_pause(s, left < 20000 ? 20 : left > TB_SECOND ? 1000 : (int)(left / 1000));
    }
    return NULL;
}
