/* bus_reopen.c: nats.c gives a connection up for good when a broker has refused our credentials twice in a row, or
 * when its certificate is not to be believed. That a
 * broker does not know us yet (it was begun with other accounts, or has not heard of a new terminal) passes, so another
 * connection is put in the place of such a one, with the same subscriptions; whoever is revoked goes on asking in vain.
 * Runs on the bus' own thread, which is also the one that tells of connections: nobody hears of one before all that was
 * subscribed is. */
#include "bus/bus_private.h"

#include <stdlib.h>

#include <tebura/log.h>

#include "bus/subscription.h"

/* ---- subscriptions ---- */

/* By bus->list. */
static natsStatus make(tb_bus_subscription *s)
{
    tb_bus *bus = s->bus;
    BUS_WAY(bus);
    natsStatus status = NATS_OK;
    int count = s->handle ? 1 : TB_BUS_ANSWER_THREADS; /* a thread each; the broker shares out */
    for (int i = 0; i < count && status == NATS_OK; i++) {
        status = s->handle ? natsConnection_Subscribe(&s->subs[i], bus->connection, s->subject, s->received, s)
                           : natsConnection_QueueSubscribe(&s->subs[i], bus->connection, s->subject, "teburad",
                                                           s->received, s);
        pthread_mutex_lock(&bus->lock);
        if (status == NATS_OK)
            bus_threads_note(&s->threads, bus, s->subs[i]);
        pthread_mutex_unlock(&bus->lock);
    }
    return status;
}

tb_status bus_subscribe(tb_bus_subscription *subscription)
{
    tb_bus *bus = subscription->bus;
    pthread_mutex_lock(&bus->list);
    natsStatus s = make(subscription);
    if (s == NATS_CONNECTION_CLOSED) /* turned away: with the next connection */
        s = NATS_OK;
    if (s == NATS_OK) {
        subscription->next = bus->subscriptions;
        bus->subscriptions = subscription;
    }
    pthread_mutex_unlock(&bus->list);
    return bus_status(s);
}

/* None goes meanwhile (renewing), and new ones stand before the first, so the list may be read without its lock; their
 * callbacks may want it. */
static void end_all(tb_bus *bus)
{
    pthread_mutex_lock(&bus->list);
    bus->renewing = 1;
    tb_bus_subscription *first = bus->subscriptions;
    pthread_mutex_unlock(&bus->list);
    for (tb_bus_subscription *s = first; s; s = s->next)
        bus_subscription_end(&s->threads, bus->connection, s->subs, TB_BUS_ANSWER_THREADS);
    pthread_mutex_lock(&bus->lock);
    natsSubscription *acks = bus->flight.acks; /* made again when the site is opened */
    bus->flight.acks = NULL;
    pthread_mutex_unlock(&bus->lock);
    bus_subscription_end(&bus->flight.threads, bus->connection, &acks, 1);
}

static void make_all(tb_bus *bus)
{
    pthread_mutex_lock(&bus->list);
    for (tb_bus_subscription *s = bus->subscriptions; s; s = s->next) {
        natsStatus status = s->subs[0] ? NATS_OK : make(s);
        if (status != NATS_OK && status != NATS_CONNECTION_CLOSED)
            tb_log(TB_LOG_ERROR, "bus", "%s is not listened to: %s", s->subject, natsStatus_GetText(status));
    }
    bus->renewing = 0;
    pthread_cond_broadcast(&bus->renewed);
    pthread_mutex_unlock(&bus->list);
}

/* ---- connections ---- */

static void set_closed(tb_bus *bus, int closed)
{
    pthread_mutex_lock(&bus->lock);
    bus->closed = closed;
    pthread_mutex_unlock(&bus->lock);
}

void bus_reopen(tb_bus *bus)
{
    natsConnection *fresh = NULL, *former;
    jsCtx *js = NULL, *former_js;
    if (!natsConnection_IsClosed(bus->connection)) /* only we exchange it, so it may be looked at */
        return;
    if (bus->former == 0)
        tb_log(TB_LOG_WARNING, "bus",
               "the broker turns us away, or its certificate is not to be believed: tried again every %d s",
               BUS_REOPEN_MS / 1000);
    end_all(bus); /* first: the new connection must not find one of ours still at work */
    set_closed(bus, 0);
    natsStatus s = bus_connect(bus, &fresh, &js);
    if (s != NATS_OK) { /* no memory: the old one is as good as before */
        jsCtx_Destroy(js);
        natsConnection_Destroy(fresh);
        set_closed(bus, 1);
    } else {
        pthread_rwlock_wrlock(bus->way);
        former = bus->connection;
        former_js = bus->js;
        bus->connection = fresh;
        bus->js = js;
        bus->former++;
        pthread_rwlock_unlock(bus->way);
        jsCtx_Destroy(former_js);
        natsConnection_Destroy(former);
    }
    make_all(bus);
}
