/* subscription.c: ending a subscription so that nothing of it runs afterwards. */
#include "bus/subscription.h"

#include <stdlib.h>

typedef struct ending {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int done;
} ending;

/* The library's last word about a subscription: its callback has returned and is not called again. */
static void on_complete(void *context)
{
    ending *e = context;
    pthread_mutex_lock(&e->lock);
    e->done = 1;
    pthread_cond_signal(&e->ended);
    pthread_mutex_unlock(&e->lock);
}

/* The library's reader takes a subscription out of its table and locks it a moment later without holding on to it, so
 * freeing it at that moment is a crash (seen with libnats 3.4.1). After a round trip to the broker the reader has
 * passed all that came before it, and knows the subscription no more; only then may the last hold on it go. */
void bus_subscription_destroy(natsConnection *connection, natsSubscription *subscription)
{
    if (!subscription)
        return;
    (void)natsSubscription_Unsubscribe(subscription);    /* closes it here even when the broker cannot be told */
    (void)natsConnection_FlushTimeout(connection, 1000); /* fails when there is no broker: then nothing comes either */
    natsSubscription_Destroy(subscription);
}

void bus_subscription_end(natsConnection *connection, natsSubscription **place)
{
    natsSubscription *subscription = *place;
    *place = NULL;
    if (!subscription)
        return;
    ending e = {.done = 0};
    pthread_mutex_init(&e.lock, NULL);
    pthread_cond_init(&e.ended, NULL);
    if (natsSubscription_SetOnCompleteCB(subscription, on_complete, &e) == NATS_OK) {
        (void)natsSubscription_Unsubscribe(subscription); /* closes it here even when the broker cannot be told */
        pthread_mutex_lock(&e.lock);
        while (!e.done)
            pthread_cond_wait(&e.ended, &e.lock);
        pthread_mutex_unlock(&e.lock);
    }
    bus_subscription_destroy(connection, subscription);
    pthread_cond_destroy(&e.ended);
    pthread_mutex_destroy(&e.lock);
}

/* From here on it is not made again. */
static void forget(tb_bus_subscription *subscription)
{
    tb_bus *bus = subscription->bus;
    pthread_mutex_lock(&bus->list);
    while (bus->renewing)
        pthread_cond_wait(&bus->renewed, &bus->list);
    for (tb_bus_subscription **at = &bus->subscriptions; *at; at = &(*at)->next)
        if (*at == subscription) {
            *at = subscription->next;
            break;
        }
    pthread_mutex_unlock(&bus->list);
}

void tb_bus_subscription_free(tb_bus_subscription **place)
{
    tb_bus_subscription *subscription = *place;
    *place = NULL;
    if (!subscription)
        return;
    if (subscription->following) {
        pthread_mutex_lock(&subscription->bus->lock);
        subscription->stop = 1;
        pthread_cond_broadcast(&subscription->bus->changed);
        pthread_mutex_unlock(&subscription->bus->lock);
        pthread_join(subscription->follower, NULL);
    }
    forget(subscription);
    BUS_WAY(subscription->bus);
    for (int i = 0; i < TB_BUS_ANSWER_THREADS; i++)
        bus_subscription_end(subscription->bus->connection, &subscription->subs[i]);
    free(subscription);
}
