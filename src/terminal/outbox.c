/* outbox.c: sending, hearing, sending again. */
#include "terminal/outbox.h"

#include <tebura/clock.h>
#include <tebura/log.h>

#define PUBLISH_MS 2000
#define PUBLISH_MOST 256
#define PUBLISH_FOR (TB_SECOND / 5)
#define PATIENCE_LEAST (20 * TB_SECOND) /* marks come every five */
#define PATIENCE_MOST TB_HOUR
#define REPEATS_MOST 16 /* some seven hours; the server has put it aside by then, or never will */

void tb_outbox_init(tb_edge_store *store, const char *subject, tb_outbox *out)
{
    *out = (tb_outbox){.store = store, .subject = subject, .patience = PATIENCE_LEAST};
    (void)!tb_edge_store_outbox_again(store); /* another link of this run may have sent some */
}

/* The one after those that were sent. */
static tb_status send_next(tb_outbox *outbox, tb_bus *bus, uint64_t *number)
{
    tb_bytes sealed = {0};
    tb_id id;
    char text[TB_ID_TEXT_SIZE];
    tb_status status = tb_edge_store_outbox_next(outbox->store, outbox->sent, number, &id, &sealed);
    if (status == TB_OK)
        status = tb_bus_event_publish(bus, outbox->subject, tb_id_text(id, text), tb_bytes_span(&sealed), PUBLISH_MS);
    tb_bytes_free(&sealed);
    return status;
}

/* O1 keeps them; the operator is to know why. */
static void note_room(tb_outbox *outbox, tb_status status)
{
    int full = status == TB_DISK_FULL;
    if (full && !outbox->full)
        tb_log(TB_LOG_WARNING, "terminal",
               "the broker takes no more events of this terminal until the server has applied some: %llu wait here",
               (unsigned long long)tb_edge_store_outbox_count(outbox->store));
    else if (!full && outbox->full && status == TB_OK)
        tb_log(TB_LOG_INFO, "terminal", "the broker takes events again");
    if (full || status == TB_OK)
        outbox->full = full;
}

int tb_outbox_send(tb_outbox *outbox, tb_bus *bus)
{
    int64_t begun = tb_clock_monotonic();
    uint64_t number = outbox->sent;
    tb_status status = TB_OK;
    int count = 0;
    if (!tb_edge_store_outbox_count(outbox->store))
        return 0;
    while (count < PUBLISH_MOST && tb_clock_monotonic() - begun < PUBLISH_FOR) {
        status = send_next(outbox, bus, &number);
        if (status != TB_OK)
            break;
        outbox->sent = number;
        count++;
    }
    if (status != TB_NOT_FOUND)
        note_room(outbox, status);
    if (count) {
        tb_edge_store_outbox_sent(outbox->store, outbox->sent, count);
        outbox->sent_at = tb_clock_monotonic();
    }
    return status == TB_OK;
}

void tb_outbox_lost(tb_outbox *outbox)
{
    if (tb_edge_store_outbox_again(outbox->store) == TB_OK)
        outbox->sent = 0;
}

static void forget(tb_outbox *outbox, uint64_t number)
{
    if (tb_edge_store_outbox_done(outbox->store, number) == TB_OK)
        outbox->reported = number;
}

/* Nothing else is sent until the oldest has arrived somewhere: after hours of trying, it goes. */
static void give_up(tb_outbox *outbox)
{
    uint64_t number = 0;
    tb_id id;
    tb_bytes sealed = {0};
    tb_status status = tb_edge_store_outbox_next(outbox->store, 0, &number, &id, &sealed);
    tb_bytes_free(&sealed);
    if (status != TB_OK)
        return;
    tb_log(TB_LOG_ERROR, "terminal",
           "event %llu was sent %d times, and the server does not say that it has it: it is given up",
           (unsigned long long)number, outbox->repeats);
    forget(outbox, number);
    outbox->repeats = 0;
}

void tb_outbox_hear(tb_outbox *outbox, uint64_t reported, int64_t heard)
{
    if (!heard)
        return;
    if (reported > outbox->reported) {
        forget(outbox, reported);
        outbox->patience = PATIENCE_LEAST;
        outbox->repeats = 0;
        outbox->sent_at = heard; /* patience counts from its last word */
        return;
    }
    if (outbox->sent <= reported || heard - outbox->sent_at < outbox->patience)
        return;
    outbox->patience = outbox->patience < PATIENCE_MOST / 2 ? 2 * outbox->patience : PATIENCE_MOST;
    outbox->sent_at = heard;
    tb_log(TB_LOG_WARNING, "terminal", "the server lacks events from %llu on: they are sent again",
           (unsigned long long)reported + 1);
    if (++outbox->repeats > REPEATS_MOST)
        give_up(outbox);
    tb_outbox_lost(outbox);
}
