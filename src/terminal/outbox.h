/* outbox.h: events on their way. The stream's acknowledgement is not the end of it: a broker writes to its disk when it
 * likes, and may lose it. An event is kept until the server has said, in its marks, that it is in its database
 * (doc/adr/180); what the server lacks is sent again under the same id, after each new connection and when it is
 * missed for long. The courier's alone.
 *
 *  O1  A row leaves the store only after the server's word, or when it was sent again in vain for hours (logged).
 *  O2  Rows are sent in the order of their numbers; sending starts anew from the oldest that is kept. */
#ifndef TERMINAL_OUTBOX_H
#define TERMINAL_OUTBOX_H

#include <tebura/bus.h>

#include "terminal/edge_store.h"

typedef struct tb_outbox {
    tb_edge_store *store;
    const char *subject;
    uint64_t sent, reported; /* the stream has all up to `sent`, the server up to `reported` */
    int64_t sent_at;         /* the last time; monotonic */
    int64_t patience;        /* how long the server may take; grows while it does not say anything new */
    int repeats;
    int full; /* the stream has no room for us now */
} tb_outbox;

void tb_outbox_init(tb_edge_store *store, const char *subject, tb_outbox *out);
/* Sends what waits, oldest first; stops at the first that is not taken, and after a while: the list must not wait for a
 * day's events. 1: there may be more. */
int tb_outbox_send(tb_outbox *outbox, tb_bus *bus);
/* What the broker had may be gone, as after a new connection: all that is kept is sent again. */
void tb_outbox_lost(tb_outbox *outbox);
/* The server's last word and when it was heard (monotonic, 0 never). */
void tb_outbox_hear(tb_outbox *outbox, uint64_t reported, int64_t heard);

#endif
