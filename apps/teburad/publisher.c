/* publisher.c: moves the outbox into the bucket. Rows leave the outbox only after the broker has acknowledged the
 * values.
 *
 * P1  After every (re)connection the site is opened first; if the bucket was lost, every entry is written again before
 *     the epoch mark, so that terminals never take a half-filled bucket for the whole.
 * P2  At the first opening after our start the bucket is emptied: it may stem from another life of the database (a
 *     restored backup), whose entries nobody would ever take off.
 * P3  Of several servers on one database one publishes, the one that leads. Who takes over from another keeps the
 *     bucket:
 *     it has seen, while it ran itself, that the bucket is this database's (store/watch.h, W2).
 * P4  The bucket is emptied and written again, too, when it has lost what it had acknowledged: a cluster may forget
 *     without any connection being lost (doc/adr/171). */
#include "teburad.h"

#include <tebura/log.h>

#define BATCH 256
#define MARKS 64
#define WAIT 100 /* ms, when there is nothing to publish: then marks are looked for */
#define FLUSH_WAIT 3000
#define LOOK_EVERY (2 * TB_SECOND) /* whether the bucket is still whole */
#define SWEEP_EVERY (600 * TB_SECOND)
#define LOOK_AROUND 1000 /* ms: is a certificate to be renewed, or has the operator another? */
#define SWEEP_OLDER 3600 /* s */

typedef struct publisher {
    teburad *service;
    uint64_t tenure; /* tb_management_leads, when it was last asked */
    int known;       /* the bucket was written by this process */
    int open;        /* in the present connection */
    int forgotten;   /* the bucket has lost something since */
    int64_t looked;  /* monotonic: when it was last seen whole */
    tb_status told;  /* the last failure that was logged */
    tb_error why;    /* it in more words, or "" */
} publisher;

static tb_status write_batch(publisher *p, tb_outbox_item *items, int count)
{
    const teburad *s = p->service;
    tb_status status = TB_OK;
    for (int i = 0; i < count && status == TB_OK; i++)
        status = tb_bus_feed_write(s->bus, s->options.site, items[i].touchpoint, items[i].visit, items[i].present,
                                   tb_bytes_span(&items[i].sealed));
    tb_status flushed =
        tb_bus_feed_flush(s->bus, FLUSH_WAIT); /* in any case: nothing of this batch may be left under way */
    status = status == TB_OK ? flushed : status;
    if (status == TB_OK)
        status = tb_management_outbox_written(s->management, items, count);
    return status;
}

/* Until the outbox is nearly empty: what comes in meanwhile is the next call's. */
static tb_status drain(publisher *p)
{
    tb_status status = TB_OK;
    int count = BATCH;
    while (status == TB_OK && count == BATCH && !atomic_load(&p->service->stopping)) {
        tb_outbox_item items[BATCH] = {0};
        status = tb_management_outbox(p->service->management, items, BATCH, &count);
        if (status == TB_OK && count > 0)
            status = write_batch(p, items, count);
        for (int i = 0; i < BATCH; i++)
            tb_bytes_free(&items[i].sealed);
    }
    return status;
}

/* P4 */
static tb_status look(publisher *p)
{
    const teburad *s = p->service;
    int whole = 1;
    if (tb_clock_monotonic() - p->looked < LOOK_EVERY)
        return TB_OK;
    tb_status status = tb_bus_feed_whole(s->bus, s->options.site, &whole);
    if (status == TB_OK && !whole) {
        tb_log(TB_LOG_WARNING, "publisher", "the brokers have forgotten some of what they had acknowledged");
        p->forgotten = 1;
        return TB_BUS_DOWN;
    }
    /* also when nobody knew: whether values are stored is the acknowledgements' to say */
    p->looked = tb_clock_monotonic();
    return TB_OK;
}

/* P5: a mark follows, in the same connection, all that it speaks of: drain() has succeeded. One that is lost is no
 * loss: the next comes in seconds. */
static tb_status write_marks(publisher *p)
{
    const teburad *s = p->service;
    tb_outbox_item items[MARKS];
    int count = 0;
    tb_status status = tb_management_marks(s->management, items, MARKS, &count);
    for (int i = 0; i < count && status == TB_OK; i++)
        status = tb_bus_feed_write(s->bus, s->options.site, items[i].touchpoint, items[i].visit, 1,
                                   tb_bytes_span(&items[i].sealed));
    if (count) {
        tb_status flushed = tb_bus_feed_flush(s->bus, FLUSH_WAIT);
        status = status == TB_OK ? flushed : status;
    }
    for (int i = 0; i < count; i++)
        tb_bytes_free(&items[i].sealed);
    return status;
}

static tb_status open_site(publisher *p)
{
    teburad *s = p->service;
    int lost = 0;
    p->known |= tb_management_knows_feed(s->management); /* P3 */
    p->why = (tb_error){0};
    tb_status status = tb_bus_site_open(s->bus, s->options.site, &lost, &p->why);
    if (status == TB_OK && !lost && (!p->known || p->forgotten)) { /* P2, P4 */
        lost = 1;
        status = tb_bus_feed_reset(s->bus, s->options.site);
    }
    if (status == TB_OK && lost) {
        tb_log(TB_LOG_INFO, "publisher", "the bucket is new: every list is written again");
        status = tb_management_outbox_all(s->management);
    }
    if (status == TB_OK)
        status = drain(p);
    if (status == TB_OK && lost && !atomic_load(&s->stopping))
        status = tb_bus_feed_ready(s->bus, s->options.site);
    p->known |= status == TB_OK && !atomic_load(&s->stopping);
    p->forgotten &= status != TB_OK;
    if (status == TB_OK && p->known)
        tb_management_feed_is_written(s->management);
    return status;
}

static void tell(publisher *p, tb_status status)
{
    if (status != TB_OK && status != p->told)
        tb_log(TB_LOG_WARNING, "publisher", "lists are not delivered now: %s; nothing is lost",
               p->why.text[0] ? p->why.text : tb_status_sentence(status));
    if (status == TB_OK && p->told != TB_OK)
        tb_log(TB_LOG_INFO, "publisher", "lists are delivered");
    p->told = status;
}

/* One step: waits for work and does it. */
static tb_status step(publisher *p)
{
    teburad *s = p->service;
    if (atomic_exchange(&s->feed_lost, 0))
        p->open = 0;
    uint64_t tenure = tb_management_leads(s->management);
    if (tenure != p->tenure) {
        p->open = 0;
        tb_bus_feed_yield(s->bus);
        p->tenure = tenure;
    }
    if (!tenure) {
        tb_management_marks_end(s->management);
        teburad_pause(s, 50);
        return p->told; /* nothing to tell */
    }
    if (!tb_bus_is_connected(s->bus))
        return TB_BUS_DOWN;
    if (!p->open) {
        tb_status status = open_site(p);
        p->open = status == TB_OK;
        return status;
    }
    tb_management_outbox_wait(s->management, WAIT);
    tb_status status = drain(p);
    if (status == TB_OK)
        status = look(p);
    return status == TB_OK ? write_marks(p) : status;
}

void *teburad_publish(void *context)
{
    publisher p = {.service = context, .told = TB_BUS_DOWN};
    while (!atomic_load(&p.service->stopping)) {
        tb_status status = step(&p);
        p.open &= status == TB_OK;
        atomic_store(&p.service->feed_is_ready, p.open);
        tell(&p, status);
        if (status != TB_OK)
            teburad_pause(p.service, 200);
    }
    return NULL;
}

/* A thread of its own: thousands of deletions must not hold up a delivery. */
void *teburad_sweep(void *context)
{
    teburad *s = context;
    for (int64_t swept = tb_clock_monotonic();;) {
        int removed = 0;
        teburad_pause(s, LOOK_AROUND);
        if (atomic_load(&s->stopping))
            return NULL;
        teburad_secure_renew(s);
        if (tb_clock_monotonic() - swept < SWEEP_EVERY)
            continue;
        swept = tb_clock_monotonic();
        if (atomic_load(&s->feed_is_ready) &&
            tb_bus_feed_sweep(s->bus, s->options.site, SWEEP_OLDER, &removed) == TB_OK && removed)
            tb_log(TB_LOG_DEBUG, "publisher", "%d old purge markers removed", removed);
    }
}
