/* follower.c: from the bus into the service: events in batches, requests with their answers, heartbeats. Of several
 * servers on one database all answer requests (the broker shares them out) and hear heartbeats; the one that leads
 * follows the events: one follower keeps their order (B3), and the database has one writer anyway. */
#include "teburad.h"

#include <tebura/log.h>

#define BATCH 256
#define LOOK_EVERY TB_SECOND
#define ABLE (6 * TB_SECOND)     /* three times as long as the bus takes to ask about a queue in which nothing is */
#define FOLLOWS (10 * TB_SECOND) /* without a word from the broker nothing is followed any more */

static tb_status on_events(void *context, const tb_delivery *deliveries, int count)
{
    teburad *s = context;
    tb_sealed_event events[BATCH];
    for (int i = 0; i < count; i++)
        events[i] = (tb_sealed_event){deliveries[i].subject, deliveries[i].body};
    return tb_management_events(s->management, events, count);
}

static tb_status on_request(void *context, const tb_delivery *request, tb_bytes *reply)
{
    teburad *s = context;
    return tb_management_request(s->management, request->subject, request->body, reply);
}

/* One that does not open is somebody else's. What waits for the terminal goes out after each. */
static void on_status(void *context, const tb_delivery *message)
{
    teburad *s = context;
    tb_bytes order = {0};
    int gone = 0;
    const char *touchpoint = tb_subject_touchpoint(message->subject);
    if (touchpoint && tb_management_heartbeat(s->management, message->subject, message->body, &order, &gone) == TB_OK &&
        order.size)
        teburad_order(s, touchpoint, &order);
    if (gone)
        teburad_cut_off(s);
    tb_bytes_free(&order);
}

static tb_status answer_requests(teburad *s)
{
    char subject[TB_SUBJECT_SIZE];
    tb_subject_text(TB_SUBJECT_ASK, s->options.site, "*", NULL, subject);
    return tb_bus_answer(s->bus, subject, on_request, s, &s->asks);
}

/* They are shared out among servers: one whose database is away leaves them to the others. */
static void follow_requests(teburad *s)
{
    int reaches = tb_management_reaches_database(s->management);
    if (!reaches && s->asks) {
        tb_log(TB_LOG_WARNING, "follower", "the database is away: requests are left to other servers");
        tb_bus_subscription_free(&s->asks);
    } else if (reaches && !s->asks && answer_requests(s) == TB_OK) {
        tb_log(TB_LOG_INFO, "follower", "requests are answered again");
    }
}

/* Whether we could do what a leader does. It is seen from what it does; others ask. */
static void note_able(teburad *s, int64_t now)
{
    if (!s->events && tb_bus_events_ask(s->bus, s->options.site) == TB_OK)
        s->answered = now;
    if (s->events)
        s->answered = now - tb_bus_events_age(s->events);
    tb_management_set_able(s->management, s->answered && now - s->answered < ABLE);
}

void teburad_look_around(teburad *s)
{
    int64_t now = tb_clock_monotonic();
    if (now < s->look_at)
        return;
    s->look_at = now + LOOK_EVERY;
    follow_requests(s);
    note_able(s, now);
}

void teburad_follow_events(teburad *s, uint64_t tenure)
{
    if (s->events && s->followed_in != tenure) /* another may have followed in between, and ended ours */
        tb_bus_subscription_free(&s->events);
    if (tenure && !s->events) {
        tb_status status = tb_bus_events_follow(s->bus, s->options.site, BATCH, on_events, s, &s->events);
        if (status != TB_OK)
            tb_log(TB_LOG_ERROR, "follower", "events cannot be followed yet: %s", tb_status_sentence(status));
        s->followed_in = tenure;
    }
    atomic_store(&s->follows, s->events && tb_bus_events_age(s->events) < FOLLOWS);
}

tb_status teburad_follow(teburad *s)
{
    char statuses[TB_SUBJECT_SIZE];
    tb_subject_text(TB_SUBJECT_STATUS, s->options.site, "*", NULL, statuses);
    tb_status status = answer_requests(s);
    if (status == TB_OK)
        status = tb_bus_listen(s->bus, statuses, on_status, s, &s->statuses);
    return status;
}
