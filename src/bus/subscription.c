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

void bus_subscription_end(natsSubscription **place)
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
    natsSubscription_Destroy(subscription);
    pthread_cond_destroy(&e.ended);
    pthread_mutex_destroy(&e.lock);
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
    for (int i = 0; i < TB_BUS_ANSWER_THREADS; i++)
        bus_subscription_end(&subscription->subs[i]);
    free(subscription);
}
