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
    char subject[TB_SUBJECT_SIZE];
    natsMsgHandler received;
    tb_bus_subscription *next; /* of bus->subscriptions */
    /* events */
    tb_bus_events_fn apply;
    char site[32];
    int batch;
    pthread_t follower;
    int following;
    int opened; /* the consumer was made by this process */
    int stop;   /* by bus->lock */
};

#endif
