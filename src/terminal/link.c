/* link.c: the courier and the asker. */
#include "terminal/link.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/bus.h>
#include <tebura/log.h>
#include <tebura/secret.h>

#include "terminal/feed.h"
#include "terminal/outbox.h"
#include "terminal/registration.h"

#define QUESTIONS 4
#define BEAT_MS 1000
#define BEAT_LEAST_MS 200 /* between two that are sent because something changed */
#define STANDING_MS 2000
#define STANDING_EVERY_MS 3000
#define NOTE_EVERY TB_MINUTE

/* What the courier is woken for. Only a change of ours is told before the next heartbeat is due: the server knows
 * itself what it has sent. */
enum woken { NOT, TO_WORK, TO_TELL };

struct question {
    tb_id id;
    tb_bytes sealed;
    int wait_ms;
    int is_offer;
};

struct keys { /* secret memory */
    tb_key_pair own;
    tb_key to_server, from_server;
};

struct tb_link {
    tb_link_options options;
    struct keys *keys;
    char ask_subject[TB_SUBJECT_SIZE], event_subject[TB_SUBJECT_SIZE], status_subject[TB_SUBJECT_SIZE];
    tb_bus *bus;
    tb_bus_subscription *live, *orders;
    tb_outbox outbox; /* the courier's */
    tb_feed *feed;    /* the courier's, but for tb_feed_receive and tb_feed_lost */
    pthread_t courier, asker;
    int courier_runs, asker_runs;

    pthread_mutex_t mutex; /* everything below */
    pthread_cond_t to_courier, to_asker;
    int stopping, reconnected;
    enum woken woken;
    struct question questions[QUESTIONS];
    int asked;
    tb_link_view view;
    tb_time opened_at;
    int64_t noted_at; /* the courier's, as the next */
    tb_time noted_fresh;
};

static struct timespec in_ms(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (ms % 1000) * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

static void wake(tb_link *link, enum woken why)
{
    pthread_mutex_lock(&link->mutex);
    link->woken = why > link->woken ? why : link->woken;
    pthread_cond_signal(&link->to_courier);
    pthread_mutex_unlock(&link->mutex);
}

void tb_link_wake(tb_link *link)
{
    wake(link, TO_TELL);
}

/* ---- called by the bus ---- */

static void on_connected(void *context, int connected)
{
    tb_link *link = context;
    tb_log(TB_LOG_INFO, "terminal",
           connected ? "the broker is there" : "the broker is gone: the list goes on, events wait");
    if (connected && link->feed)
        tb_feed_lost(link->feed);
    pthread_mutex_lock(&link->mutex);
    link->reconnected |= connected;
    pthread_mutex_unlock(&link->mutex);
    tb_link_wake(link);
}

static void on_live(void *context, const tb_delivery *message)
{
    tb_link *link = context;
    tb_feed_receive(link->feed, message);
    wake(link, TO_WORK);
}

/* Sealed by the server to us alone, so whoever else wrote it is not heard. */
static void take_order(tb_link *link, const char *about, tb_span sealed)
{
    tb_bytes plain = {0};
    tb_order order;
    tb_status status = tb_open(&link->keys->from_server, tb_span_text(about), sealed, &plain);
    if (status == TB_OK)
        status = tb_order_decode(tb_bytes_span(&plain), &order, NULL);
    tb_bytes_free(&plain);
    if (status != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal", "an order was left out: %s", tb_status_name(status));
    else if (link->options.ordered)
        link->options.ordered(link->options.context, order.kind);
}

static void on_order(void *context, const tb_delivery *message)
{
    take_order(context, message->subject, message->body);
}

static void take_renewal(tb_link *link, tb_span sealed)
{
    const tb_registration *before = link->options.registration;
    char about[sizeof "renewal." + TB_TOUCHPOINT_SIZE];
    int is_new = 0;
    tb_bytes plain = {0};
    tb_error why = {0};
    tb_registration *next = calloc(1, sizeof *next);
    snprintf(about, sizeof about, "renewal.%s", before->touchpoint);
    tb_status status = next ? tb_open(&link->keys->from_server, tb_span_text(about), sealed, &plain) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_renewal_read(tb_bytes_span(&plain), before, next, &is_new, &why);
    if (status != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal", "a renewal was left out: %s", tb_status_name(status));
    else if (is_new && link->options.renewed)
        link->options.renewed(link->options.context, next);
    tb_bytes_free(&plain);
    free(next);
}

/* The broker does not take us: is it the network, are we out of service, or does another key sign for it? Only the
 * server's seal can tell us so. */
static void ask_standing(tb_link *link)
{
    char about[sizeof "standing." + TB_TOUCHPOINT_SIZE];
    tb_bytes sealed = {0}, renewal = {0};
    snprintf(about, sizeof about, "standing.%s", link->options.registration->touchpoint);
    tb_status status = tb_standing_at(link->options.server, link->options.registration->authority,
                                      &link->keys->own.public_key, STANDING_MS, &sealed, &renewal);
    if (status == TB_OK && sealed.size)
        take_order(link, about, tb_bytes_span(&sealed));
    else if (status == TB_OK && renewal.size)
        take_renewal(link, tb_bytes_span(&renewal));
    tb_bytes_free(&sealed);
    tb_bytes_free(&renewal);
}

/* ---- asker ---- */

static tb_status ask(tb_link *link, const struct question *question, tb_answer *answer)
{
    tb_bytes reply = {0}, plain = {0};
    tb_span about = tb_span_text(link->ask_subject);
    tb_status status =
        tb_bus_request(link->bus, link->ask_subject, tb_bytes_span(&question->sealed), question->wait_ms, &reply);
    if (status == TB_OK)
        status = tb_open(&link->keys->from_server, about, tb_bytes_span(&reply), &plain);
    if (status == TB_OK)
        status = tb_answer_decode(tb_bytes_span(&plain), answer, NULL);
    if (status == TB_OK && !tb_id_equal(answer->id, question->id))
        status = TB_MALFORMED;
    tb_bytes_free(&reply);
    tb_bytes_free(&plain);
    return status;
}

static void *asker(void *context)
{
    tb_link *link = context;
    pthread_mutex_lock(&link->mutex);
    while (!link->stopping) {
        if (!link->asked) {
            struct timespec until = in_ms(STANDING_EVERY_MS);
            if (pthread_cond_timedwait(&link->to_asker, &link->mutex, &until) == ETIMEDOUT && link->options.server &&
                !link->stopping && !link->asked && !link->view.connected) {
                pthread_mutex_unlock(&link->mutex);
                ask_standing(link);
                pthread_mutex_lock(&link->mutex);
            }
            continue;
        }
        struct question question = link->questions[0];
        memmove(link->questions, link->questions + 1, (size_t)--link->asked * sizeof question);
        pthread_mutex_unlock(&link->mutex);
        tb_answer answer;
        tb_status status = ask(link, &question, &answer);
        if (status != TB_OK)
            answer = (tb_answer){.id = question.id, .status = status, .verdict = TB_ANSWER_FAILED};
        tb_bytes_free(&question.sealed);
        if (!question.is_offer)
            link->options.answered(link->options.context, &answer);
        tb_wipe(&answer, sizeof answer);
        pthread_mutex_lock(&link->mutex);
    }
    pthread_mutex_unlock(&link->mutex);
    return NULL;
}

static tb_status send_request(tb_link *link, const tb_request *request, int wait_ms, int is_offer)
{
    tb_bytes plain = {0}, sealed = {0};
    tb_status status = tb_request_encode(request, &plain);
    if (status == TB_OK)
        status = tb_seal(&link->keys->to_server, tb_span_text(link->ask_subject), tb_bytes_span(&plain), &sealed);
    tb_bytes_free(&plain);
    if (status == TB_OK) {
        pthread_mutex_lock(&link->mutex);
        if (link->asked < (is_offer ? 1 : QUESTIONS)) {
            link->questions[link->asked++] = (struct question){request->id, sealed, wait_ms, is_offer};
            sealed = (tb_bytes){0};
            pthread_cond_signal(&link->to_asker);
        } else {
            status = TB_CONFLICT;
        }
        pthread_mutex_unlock(&link->mutex);
    }
    tb_bytes_free(&sealed);
    return status;
}

tb_status tb_link_ask(tb_link *link, const tb_request *request, int wait_ms)
{
    return send_request(link, request, wait_ms, 0);
}

tb_status tb_link_offer(tb_link *link, const tb_request *request, int wait_ms)
{
    return tb_bus_is_connected(link->bus) ? send_request(link, request, wait_ms, 1) : TB_BUS_DOWN;
}

/* ---- courier ---- */

static tb_status seal_beat(tb_link *link, const tb_heartbeat *beat, tb_bytes *sealed)
{
    tb_bytes plain = {0};
    tb_status status = tb_heartbeat_encode(beat, &plain);
    if (status == TB_OK)
        status = tb_seal(&link->keys->to_server, tb_span_text(link->status_subject), tb_bytes_span(&plain), sealed);
    tb_bytes_free(&plain);
    return status;
}

tb_status tb_link_last_word(tb_link *link, tb_bytes *sealed)
{
    tb_heartbeat beat = {.at = tb_site_clock_now(link->options.clock), .state = TB_STATE_WIPED};
    snprintf(beat.touchpoint, sizeof beat.touchpoint, "%s", link->options.registration->touchpoint);
    return seal_beat(link, &beat, sealed);
}

void tb_link_say(tb_link *link, tb_span sealed)
{
    if (tb_bus_publish(link->bus, link->status_subject, sealed) == TB_OK)
        (void)!tb_bus_flush(link->bus, 2000);
}

static void beat(tb_link *link)
{
    tb_bytes body = {0};
    tb_clock_view clock = {0};
    if (link->options.clock)
        tb_site_clock_look(link->options.clock, &clock);
    tb_link_view view;
    tb_link_look(link, &view);
    tb_heartbeat beat = {.at = tb_site_clock_now(link->options.clock),
                         .outbox = view.outbox,
                         .tick = link->options.clock ? tb_site_clock_tick(link->options.clock) : 0,
                         .fresh = view.fresh_at,
                         .stale = view.stale,
                         .refused = view.refused,
                         .clock = clock.by_server ? clock.offset_ms : 0,
                         .clock_jumped = clock.jumped,
                         .sequence = tb_list_sequence(link->options.list),
                         .entries = tb_list_count(link->options.list)};
    snprintf(beat.touchpoint, sizeof beat.touchpoint, "%s", link->options.registration->touchpoint);
    link->options.beat(link->options.context, &beat);
    if (seal_beat(link, &beat, &body) == TB_OK)
        /* the next one comes in a second */
        (void)!tb_bus_publish(link->bus, link->status_subject, tb_bytes_span(&body));
    tb_bytes_free(&body);
}

static void note_view(tb_link *link)
{
    uint64_t outbox = tb_edge_store_outbox_count(link->options.store);
    int connected = tb_bus_is_connected(link->bus);
    pthread_mutex_lock(&link->mutex);
    link->view.outbox = outbox;
    link->view.fresh_at = tb_feed_fresh_at(link->feed);
    link->view.refused = tb_feed_refused(link->feed);
    link->view.connected = connected;
    link->view.caught_up = tb_feed_caught_up(link->feed);
    pthread_mutex_unlock(&link->mutex);
}

/* What a start without network has to know: when it is, and how old the list is. */
typedef struct tb_link_note {
    tb_clock_memory clock;
    tb_time fresh_at;
} tb_link_note;

static void write_note(tb_link *link)
{
    tb_link_note note = {.fresh_at = tb_feed_fresh_at(link->feed)};
    if (!link->options.clock)
        return;
    tb_site_clock_remember(link->options.clock, &note.clock);
    if (tb_edge_store_note(link->options.store, "time", tb_span_of(&note, sizeof note)) != TB_OK)
        tb_log(TB_LOG_DEBUG, "terminal", "the time could not be noted");
    else
        link->noted_fresh = note.fresh_at;
    link->noted_at = tb_clock_monotonic();
}

void tb_link_recall(tb_edge_store *store, tb_clock_memory *clock, tb_time *fresh_at)
{
    tb_bytes found = {0};
    tb_link_note note = {0};
    if (tb_edge_store_noted(store, "time", &found) == TB_OK && found.size == sizeof note)
        memcpy(&note, found.data, sizeof note);
    note.clock.boot_id[sizeof note.clock.boot_id - 1] = '\0';
    tb_bytes_free(&found);
    *clock = note.clock;
    *fresh_at = note.fresh_at;
}

static void work_outbox(tb_link *link, int *more)
{
    int64_t heard;
    uint64_t reported = tb_feed_reported(link->feed, &heard);
    pthread_mutex_lock(&link->mutex);
    int reconnected = link->reconnected;
    link->reconnected = 0;
    pthread_mutex_unlock(&link->mutex);
    if (reconnected)
        tb_outbox_lost(&link->outbox);
    tb_outbox_hear(&link->outbox, reported, heard);
    if (tb_bus_is_connected(link->bus))
        *more = tb_outbox_send(&link->outbox, link->bus);
}

/* 1: there is more to do at once. */
static int work(tb_link *link, int64_t *last_expiry)
{
    int synced = 0, more = 0;
    tb_time now = tb_site_clock_now(link->options.clock);
    tb_status status = tb_feed_work(link->feed, link->bus, now, &synced);
    if (status == TB_NO_MEMORY)
        tb_log(TB_LOG_ERROR, "terminal", "out of memory while the list was updated");
    if (tb_clock_monotonic() - *last_expiry >= TB_SECOND) {
        *last_expiry = tb_clock_monotonic();
        (void)tb_feed_expire(link->feed, tb_site_clock_sure(link->options.clock));
    }
    work_outbox(link, &more);
    note_view(link);
    /* the first time at once: a power cut in the first minute must not make the list one that nobody vouched for */
    int is_first = !link->noted_fresh && tb_feed_fresh_at(link->feed);
    if (tb_clock_monotonic() - link->noted_at >= (is_first ? TB_SECOND : NOTE_EVERY))
        write_note(link);
    return more;
}

static void *courier(void *context)
{
    tb_link *link = context;
    int64_t last_beat = 0, last_expiry = 0;
    pthread_mutex_lock(&link->mutex);
    while (!link->stopping) {
        int to_tell = link->woken == TO_TELL;
        link->woken = NOT;
        pthread_mutex_unlock(&link->mutex);
        int more = work(link, &last_expiry);
        link->options.changed(link->options.context);
        int64_t since = (tb_clock_monotonic() - last_beat) / 1000;
        if (since >= BEAT_MS || (to_tell && since >= BEAT_LEAST_MS)) {
            last_beat = tb_clock_monotonic();
            beat(link);
            to_tell = 0;
            since = 0;
        }
        pthread_mutex_lock(&link->mutex);
        if (more && !link->woken)
            link->woken = TO_WORK;
        struct timespec until = in_ms(to_tell ? BEAT_LEAST_MS : (int)(BEAT_MS - since));
        while (!link->stopping && !link->woken &&
               pthread_cond_timedwait(&link->to_courier, &link->mutex, &until) != ETIMEDOUT)
            ;
        if (to_tell)
            link->woken = TO_TELL; /* the heartbeat is still to be sent */
    }
    pthread_mutex_unlock(&link->mutex);
    return NULL;
}

void tb_link_look(tb_link *link, tb_link_view *out)
{
    pthread_mutex_lock(&link->mutex);
    *out = link->view;
    pthread_mutex_unlock(&link->mutex);
    tb_time now = tb_site_clock_now(link->options.clock), since = out->fresh_at ? out->fresh_at : link->opened_at;
    /* what nobody has ever vouched for is given no more time by each new start */
    int endless = link->options.offline == TB_TIME_NEVER;
    tb_time old = now > since ? now - since : 0, most = out->fresh_at || endless ? link->options.offline : 0;
    out->stale = old > (most > TB_FRESH_ENOUGH ? most : TB_FRESH_ENOUGH);
    out->age = !out->fresh_at ? -1 : old <= TB_FRESH_ENOUGH ? 0 : old / TB_SECOND;
}

/* ---- opening and closing ---- */

static void init_locks(tb_link *link)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&link->mutex, NULL);
    pthread_cond_init(&link->to_courier, &monotonic);
    pthread_cond_init(&link->to_asker, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static tb_status open_feed(tb_link *link, tb_error *why)
{
    const tb_registration *r = link->options.registration;
    size_t count = 0;
    int64_t begun = tb_clock_monotonic();
    tb_clock_memory unused;
    tb_feed_options options = {.list = link->options.list,
                               .store = link->options.store,
                               .own_private = &link->keys->own.private_key,
                               .server_public = &r->server,
                               .site = r->site,
                               .touchpoint = r->touchpoint,
                               .clock = link->options.clock};
    tb_link_recall(link->options.store, &unused, &options.fresh_at);
    link->view.fresh_at = link->noted_fresh = options.fresh_at;
    link->opened_at = tb_site_clock_now(link->options.clock);
    link->noted_at = tb_clock_monotonic();
    tb_status status = tb_feed_new(&options, &link->feed);
    if (status == TB_OK)
        status = tb_feed_restore(link->feed, tb_site_clock_sure(link->options.clock), &count);
    if (status != TB_OK)
        return tb_fail(why, status, "the list in edge.db: %s", tb_status_sentence(status));
    tb_log(TB_LOG_INFO, "terminal", "%zu entries from the store in %lld ms", count,
           (long long)(tb_clock_monotonic() - begun) / 1000);
    return TB_OK;
}

static tb_status open_bus(tb_link *link, tb_error *why)
{
    const tb_registration *r = link->options.registration;
    char feed_subject[TB_SUBJECT_SIZE];
    tb_subject_text(TB_SUBJECT_ASK, r->site, r->touchpoint, NULL, link->ask_subject);
    tb_subject_text(TB_SUBJECT_EVENT, r->site, r->touchpoint, NULL, link->event_subject);
    tb_subject_text(TB_SUBJECT_STATUS, r->site, r->touchpoint, NULL, link->status_subject);
    tb_subject_text(TB_SUBJECT_FEED, r->site, r->touchpoint, NULL, feed_subject);
    char inbox[TB_SUBJECT_SIZE];
    tb_key seed = {{0}};
    snprintf(inbox, sizeof inbox, TB_INBOX_FORM, r->touchpoint);
    tb_bus_options options = {.url = r->nats_url,
                              .name = r->touchpoint,
                              .token = r->broker_token[0] ? r->broker_token : NULL,
                              .seed = &seed,
                              .authority = r->broker_authority[0] ? r->broker_authority : NULL,
                              .inbox = inbox,
                              .connected = on_connected,
                              .context = link};
    tb_status status = tb_edge_store_seal_with(link->options.store, &link->keys->own.private_key, &r->server,
                                               r->touchpoint, link->event_subject);
    if (status == TB_OK && !tb_bus_url_is_safe(r->nats_url))
        status = tb_fail(why, TB_INVALID_ARGUMENT,
                         "%s: a broker on another machine is spoken to with TLS only: tls://host:port", r->nats_url);
    if (status == TB_OK)
        status = tb_broker_key(&link->keys->own, &seed);
    if (status == TB_OK)
        status = tb_bus_open(&options, &link->bus, why);
    tb_wipe(&seed, sizeof seed);
    if (status == TB_OK)
        status = tb_bus_listen(link->bus, feed_subject, on_live, link, &link->live);
    tb_subject_text(TB_SUBJECT_ORDER, r->site, r->touchpoint, NULL, feed_subject);
    if (status == TB_OK)
        status = tb_bus_listen(link->bus, feed_subject, on_order, link, &link->orders);
    return status;
}

static void close_bus(tb_link *link)
{
    tb_bus_subscription_free(&link->live);
    tb_bus_subscription_free(&link->orders);
    tb_bus_free(&link->bus);
}

/* Once: between static keys they are always the same (doc/adr/040). */
static tb_status derive_keys(tb_link *link)
{
    struct keys *keys = link->keys;
    const tb_key *server = &link->options.registration->server;
    keys->own = *link->options.keys;
    tb_status status = tb_key_to(&keys->own.private_key, server, &keys->to_server);
    return status == TB_OK ? tb_key_from(&keys->own.private_key, server, &keys->from_server) : status;
}

tb_status tb_link_open(const tb_link_options *options, tb_link **out, tb_error *why)
{
    *out = NULL;
    tb_link *link = calloc(1, sizeof *link);
    if (!link)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    link->options = *options;
    init_locks(link);
    link->keys = tb_secret_alloc(sizeof *link->keys);
    tb_status status = link->keys ? TB_OK : TB_NO_MEMORY;
    if (status == TB_OK)
        status = derive_keys(link);
    if (status == TB_OK)
        status = open_feed(link, why);
    if (status == TB_OK)
        status = open_bus(link, why);
    if (status == TB_OK) {
        tb_outbox_init(link->options.store, link->event_subject, &link->outbox);
        link->courier_runs = pthread_create(&link->courier, NULL, courier, link) == 0;
        link->asker_runs = pthread_create(&link->asker, NULL, asker, link) == 0;
        status = link->courier_runs && link->asker_runs ? TB_OK : TB_NO_MEMORY;
    }
    if (status != TB_OK) {
        tb_link_free(&link);
        return why && why->status ? status
                                  : tb_fail(why, status, "the link to the server: %s", tb_status_sentence(status));
    }
    *out = link;
    return TB_OK;
}

void tb_link_free(tb_link **at)
{
    tb_link *link = *at;
    if (!link)
        return;
    pthread_mutex_lock(&link->mutex);
    link->stopping = 1;
    pthread_cond_broadcast(&link->to_courier);
    pthread_cond_broadcast(&link->to_asker);
    pthread_mutex_unlock(&link->mutex);
    if (link->courier_runs)
        pthread_join(link->courier, NULL);
    if (link->asker_runs)
        pthread_join(link->asker, NULL);
    close_bus(link);
    if (link->courier_runs)
        write_note(link);
    tb_feed_free(&link->feed);
    for (int i = 0; i < link->asked; i++)
        tb_bytes_free(&link->questions[i].sealed);
    tb_secret_free(link->keys);
    pthread_cond_destroy(&link->to_courier);
    pthread_cond_destroy(&link->to_asker);
    pthread_mutex_destroy(&link->mutex);
    free(link);
    *at = NULL;
}
