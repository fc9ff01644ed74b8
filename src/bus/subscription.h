/* subscription.h: one of three things: plain listener, answerer (several threads), follower of events (a thread of
 * ours). */
#ifndef TEBURA_BUS_SUBSCRIPTION_H
#define TEBURA_BUS_SUBSCRIPTION_H

#include "bus/bus_private.h"

struct tb_bus_subscription {
    tb_bus *bus;
    void *context;
    tb_bus_answer_fn answer;
    tb_bus_message_fn handle;
    natsSubscription *subs[TB_BUS_ANSWER_THREADS]; /* NULL: not made in this connection */
    bus_threads threads;                           /* of subs */
    char subject[TB_SUBJECT_SIZE];
    natsMsgHandler received;
    tb_bus_subscription *next; /* of bus->subscriptions */
    /* events */
    tb_bus_events_fn apply;
    char site[32];
    int batch;
    pthread_t follower;
    int following;
    char consumer[48];
    int stuck;             /* it had something when it was looked at, and nothing has come since */
    int opened;            /* it was made, and those of others ended */
    int64_t looked;        /* monotonic: the consumer was there */
    int64_t yielded;       /* monotonic: another was there instead; 0 */
    _Atomic int64_t heard; /* the last of `looked`, for others */
    int stop;              /* by bus->lock */
};

#endif
