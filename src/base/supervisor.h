/* supervisor.h: telling whoever started us how we are, by the protocol of sd_notify(3): datagrams to the socket that
 * NOTIFY_SOCKET names. Started by hand there is none, and nothing is sent. Any thread. */
#ifndef TEBURA_BASE_SUPERVISOR_H
#define TEBURA_BASE_SUPERVISOR_H

#include <signal.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=...". What cannot be sent is lost: the supervisor notices by
 * itself. */
void tb_supervisor_tell(const char *state);

/* Milliseconds within which the supervisor wants to hear from us, half of WATCHDOG_USEC; 0: it does not. */
int tb_supervisor_patience(void);

/* Waits for one of the (blocked) signals; meanwhile calls `alive` as often as the supervisor wants to hear from us, and
 * tells it when that has returned: a program in which it hangs is started again. Returns the signal's number. */
int tb_supervisor_wait(const sigset_t *signals, void (*alive)(void *context), void *context);

#endif
