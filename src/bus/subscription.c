/* subscription.c: ending a subscription so that nothing of it runs afterwards. */
#include "bus/subscription.h"

#include <stdlib.h>

/* The library's last word about a subscription: its callback has returned and is not called again. */
static void on_complete(void *context)
{
    bus_threads *threads = context;
    tb_bus *bus = threads->bus;
    pthread_mutex_lock(&bus->lock);
    threads->running--;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->lock);
}

/* From its beginning: of one that went with its connection the library does not let itself be asked any more. */
void bus_threads_note(bus_threads *threads, tb_bus *bus, natsSubscription *subscription)
{
    threads->bus = bus;
    threads->running += natsSubscription_SetOnCompleteCB(subscription, on_complete, threads) == NATS_OK;
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

void bus_subscription_end(bus_threads *threads, natsConnection *connection, natsSubscription **places, int count)
{
    tb_bus *bus = threads->bus;
    for (int i = 0; i < count; i++)
        if (places[i])
            (void)natsSubscription_Unsubscribe(places[i]); /* closes it here even when the broker cannot be told */
    if (bus) {
        pthread_mutex_lock(&bus->lock);
        while (threads->running)
            pthread_cond_wait(&bus->changed, &bus->lock);
        pthread_mutex_unlock(&bus->lock);
    }
    for (int i = 0; i < count; i++) {
        bus_subscription_destroy(connection, places[i]);
        places[i] = NULL;
    }
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
    bus_subscription_end(&subscription->threads, subscription->bus->connection, subscription->subs,
                         TB_BUS_ANSWER_THREADS);
    free(subscription);
}
