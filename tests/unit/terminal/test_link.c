/* The link of a terminal against a real broker, with this test as the server: list, gaps, broker gone, events once,
 * questions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tebura/bus.h>

#include "faces_made.h"
#include "nats_server.h"
#include "terminal/link.h"

#define SITE "airport"
#define GATE "gate-1"

struct world {
    nats_server broker;
    char directory[64];
    tb_key_pair server, own;
    tb_registration registration;
    tb_edge_store *store;
    tb_list *list;
    tb_site_clock *clock;
    tb_time offline;
    tb_link *link;
    tb_bus *bus; /* the server's */
    tb_bus_subscription *events, *answers, *beats;
    uint64_t sequence, put[100]; /* by person: the number that stands in the bucket, 0 none */
    pthread_mutex_t mutex;
    int received, passages, beat_count, lists;
    uint64_t reported;    /* said in marks */
    uint64_t last_number; /* of the events that came: they come in order, each once */
    int64_t later;        /* by which the terminal's clocks are ahead of now */
    tb_answer answer;
    int answered;
    tb_heartbeat beat;
};

static void nap(void)
{
    nanosleep(&(struct timespec){0, 20000000}, NULL);
}

/* Waits for a condition; a generous end, so that a slow machine is no failure. */
#define UNTIL(condition)                                                                                               \
    do {                                                                                                               \
        int tries = 1500;                                                                                              \
        for (; tries && !(condition); tries--)                                                                         \
            nap();                                                                                                     \
        if (!tries)                                                                                                    \
            fail_msg("never: %s", #condition);                                                                         \
    } while (0)

static void on_answer(void *context, const tb_answer *answer)
{
    struct world *w = context;
    pthread_mutex_lock(&w->mutex);
    w->answer = *answer;
    w->answered++;
    pthread_mutex_unlock(&w->mutex);
}

static void on_change(void *context)
{
    (void)context;
}

static void on_beat(void *context, tb_heartbeat *beat)
{
    (void)context;
    snprintf(beat->state, sizeof beat->state, "idle");
}

static int locked(struct world *w, const int *value)
{
    pthread_mutex_lock(&w->mutex);
    int copy = *value;
    pthread_mutex_unlock(&w->mutex);
    return copy;
}

static int heard_fresh(struct world *w)
{
    pthread_mutex_lock(&w->mutex);
    int fresh = w->beat.fresh != 0 && !w->beat.stale && w->beat.refused == 0;
    pthread_mutex_unlock(&w->mutex);
    return fresh;
}

static tb_status apply_events(void *context, const tb_delivery *deliveries, int count)
{
    struct world *w = context;
    for (int i = 0; i < count; i++) {
        tb_bytes plain = {0};
        tb_event event;
        assert_int_equal(tb_open_from(&w->server.private_key, &w->own.public_key, tb_span_text(deliveries[i].subject),
                                      deliveries[i].body, &plain),
                         TB_OK);
        assert_int_equal(tb_event_decode(tb_bytes_span(&plain), &event, NULL), TB_OK);
        char text[TB_ID_TEXT_SIZE];
        assert_string_equal(deliveries[i].id, tb_id_text(event.id, text));
        pthread_mutex_lock(&w->mutex);
        if (event.number > w->last_number + 1)
            fail_msg("event %llu after %llu", (unsigned long long)event.number, (unsigned long long)w->last_number);
        if (event.number > w->last_number) { /* the same may come again: it is the same */
            w->last_number = event.number;
            w->received++;
            w->passages += event.kind == TB_EVENT_PASSAGE;
        }
        pthread_mutex_unlock(&w->mutex);
        tb_bytes_free(&plain);
    }
    return TB_OK;
}

static tb_status answer_question(void *context, const tb_delivery *question, tb_bytes *reply)
{
    struct world *w = context;
    tb_bytes plain = {0}, out = {0};
    tb_request request;
    tb_span about = tb_span_text(question->subject);
    assert_int_equal(tb_open_from(&w->server.private_key, &w->own.public_key, about, question->body, &plain), TB_OK);
    assert_int_equal(tb_request_decode(tb_bytes_span(&plain), &request, NULL), TB_OK);
    tb_answer answer = {.id = request.id, .verdict = TB_ANSWER_REFUSE, .reason = "too_early", .visit = made_visit(1)};
    if (request.amount == 666)
        answer.id = tb_id_random(); /* an answer to something else */
    assert_int_equal(tb_answer_encode(&answer, &out), TB_OK);
    assert_int_equal(tb_seal_to(&w->server.private_key, &w->own.public_key, about, tb_bytes_span(&out), reply), TB_OK);
    tb_request_free(&request);
    tb_bytes_free(&plain);
    tb_bytes_free(&out);
    return TB_OK;
}

static void hear_beat(void *context, const tb_delivery *message)
{
    struct world *w = context;
    tb_bytes plain = {0};
    assert_int_equal(
        tb_open_from(&w->server.private_key, &w->own.public_key, tb_span_text(message->subject), message->body, &plain),
        TB_OK);
    pthread_mutex_lock(&w->mutex);
    assert_int_equal(tb_heartbeat_decode(tb_bytes_span(&plain), &w->beat, NULL), TB_OK);
    tb_bytes_free(&plain);
    w->beat_count++;
    pthread_mutex_unlock(&w->mutex);
}

/* The server's word that the list is whole. */
static void mark_put(struct world *w)
{
    tb_mark mark = {.at = tb_clock_now(), .sequence = w->sequence, .reported = w->reported};
    char key[TB_SUBJECT_SIZE], none[TB_ID_TEXT_SIZE];
    tb_bytes plain = {0}, sealed = {0};
    for (uint32_t who = 0; who < 100; who++)
        if (w->put[who]) {
            tb_mark_toggle(&mark.salt, made_visit(who), w->put[who], mark.digest);
            mark.entries++;
        }
    pthread_mutex_lock(&w->mutex);
    mark.echo = w->beat.tick;
    mark.heard = mark.echo ? mark.at - 1 : 0;
    pthread_mutex_unlock(&w->mutex);
    snprintf(key, sizeof key, GATE ".%s", tb_id_text((tb_id){{0}}, none));
    assert_int_equal(tb_mark_encode(&mark, &plain), TB_OK);
    assert_int_equal(
        tb_seal_to(&w->server.private_key, &w->own.public_key, tb_span_text(key), tb_bytes_span(&plain), &sealed),
        TB_OK);
    assert_int_equal(tb_bus_feed_write(w->bus, SITE, GATE, none, 1, tb_bytes_span(&sealed)), TB_OK);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
}

static void feed_put(struct world *w, uint32_t who, int present)
{
    tb_entry entry = present ? made_entry(who, ++w->sequence, 1, tb_clock_now() + TB_HOUR)
                             : (tb_entry){.sequence = ++w->sequence, .visit = made_visit(who)};
    char key[TB_SUBJECT_SIZE], visit[TB_ID_TEXT_SIZE];
    tb_bytes plain = {0}, sealed = {0};
    w->put[who] = present ? w->sequence : 0;
    snprintf(key, sizeof key, GATE ".%s", tb_id_text(entry.visit, visit));
    assert_int_equal(tb_entry_encode(&entry, &plain), TB_OK);
    assert_int_equal(
        tb_seal_to(&w->server.private_key, &w->own.public_key, tb_span_text(key), tb_bytes_span(&plain), &sealed),
        TB_OK);
    assert_int_equal(tb_bus_feed_write(w->bus, SITE, GATE, visit, present, tb_bytes_span(&sealed)), TB_OK);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    tb_entry_free(&entry);
}

static void server_opens_site(struct world *w, uint32_t people)
{
    int lost = 0;
    UNTIL(tb_bus_site_open(w->bus, SITE, &lost, NULL) == TB_OK);
    for (uint32_t who = 1; lost && who <= people; who++)
        feed_put(w, who, 1);
    UNTIL(tb_bus_feed_flush(w->bus, 60000) == TB_OK && tb_bus_feed_ready(w->bus, SITE) == TB_OK);
}

static int64_t later_boot(void *context)
{
    struct world *w = context;
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    pthread_mutex_lock(&w->mutex);
    int64_t boot = (int64_t)now.tv_sec * TB_SECOND + now.tv_nsec / 1000 + w->later;
    pthread_mutex_unlock(&w->mutex);
    return boot;
}

static tb_time later_wall(void *context)
{
    struct world *w = context;
    pthread_mutex_lock(&w->mutex);
    tb_time wall = tb_clock_now() + w->later;
    pthread_mutex_unlock(&w->mutex);
    return wall;
}

static void set_later(struct world *w, int64_t later)
{
    pthread_mutex_lock(&w->mutex);
    w->later = later;
    pthread_mutex_unlock(&w->mutex);
}

static void open_link(struct world *w)
{
    tb_error why = {0};
    assert_int_equal(tb_edge_store_open(w->directory, &w->store, &why), TB_OK);
    assert_int_equal(tb_edge_store_keys(w->store, &w->own), TB_OK);
    assert_int_equal(tb_list_new(&made_model, 1, &w->list), TB_OK);
    assert_int_equal(tb_site_clock_new(&(tb_clock_readings){later_boot, later_wall, w}, NULL, &w->clock), TB_OK);
    tb_link_options options = {w->store, w->list,  &w->registration, &w->own, on_answer, on_change, on_beat,
                               w,        w->clock, w->offline,       NULL,    NULL,      NULL};
    if (tb_link_open(&options, &w->link, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
}

static void close_link(struct world *w)
{
    tb_link_free(&w->link);
    tb_list_free(&w->list);
    tb_edge_store_free(&w->store);
    tb_site_clock_free(&w->clock);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    *state = w;
    strcpy(w->directory, "/tmp/tebura-link-XXXXXX");
    if (tb_crypto_start() != TB_OK || !mkdtemp(w->directory))
        return -1;
    pthread_mutex_init(&w->mutex, NULL);
    nats_server_prepare(&w->broker);
    nats_server_start(&w->broker);
    w->server = tb_key_pair_random();
    if (tb_edge_store_open(w->directory, &w->store, NULL) != TB_OK || tb_edge_store_keys(w->store, &w->own) != TB_OK)
        return -1;
    tb_edge_store_free(&w->store);
    w->offline = TB_TIME_NEVER;
    w->registration = (tb_registration){.touchpoint = GATE,
                                        .role = "boarding",
                                        .site = SITE,
                                        .server = w->server.public_key,
                                        .model = MADE_MODEL,
                                        .dimension = MADE_DIMENSION};
    snprintf(w->registration.nats_url, sizeof w->registration.nats_url, "%s", w->broker.url);
    char subject[TB_SUBJECT_SIZE];
    tb_bus_options options = {.url = w->broker.url, .name = "server"};
    if (tb_bus_open(&options, &w->bus, NULL) != TB_OK ||
        tb_bus_events_follow(w->bus, SITE, 100, apply_events, w, &w->events) != TB_OK ||
        tb_bus_answer(w->bus, tb_subject_text(TB_SUBJECT_ASK, SITE, "*", NULL, subject), answer_question, w,
                      &w->answers) != TB_OK ||
        tb_bus_listen(w->bus, tb_subject_text(TB_SUBJECT_STATUS, SITE, "*", NULL, subject), hear_beat, w, &w->beats) !=
            TB_OK)
        return -1;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    close_link(w);
    tb_bus_subscription_free(&w->events);
    tb_bus_subscription_free(&w->answers);
    tb_bus_subscription_free(&w->beats);
    tb_bus_free(&w->bus);
    nats_server_end(&w->broker);
    DIR *folder = opendir(w->directory);
    char path[400];
    for (struct dirent *item; folder && (item = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", w->directory, item->d_name);
        (void)unlink(path);
    }
    closedir(folder);
    rmdir(w->directory);
    pthread_mutex_destroy(&w->mutex);
    free(w);
    return 0;
}

static void the_list_follows_the_server(void **state)
{
    struct world *w = *state;
    server_opens_site(w, 50);
    open_link(w);
    UNTIL(tb_list_count(w->list) == 50);
    feed_put(w, 51, 1);
    feed_put(w, 7, 0);
    UNTIL(tb_list_has(w->list, made_visit(51)) && !tb_list_has(w->list, made_visit(7)));
    w->sequence += 3; /* what was lost on the way: a gap, so a snapshot */
    feed_put(w, 52, 1);
    UNTIL(tb_list_has(w->list, made_visit(52)));
    tb_link_view view;
    UNTIL(locked(w, &w->beat_count) >= 2);
    tb_link_look(w->link, &view);
    assert_int_equal(view.age, -1); /* the broker is there; the server has not said that this is all */
    mark_put(w);
    UNTIL((tb_link_look(w->link, &view), view.connected && view.age == 0));
    tb_clock_view clock;
    tb_site_clock_look(w->clock, &clock);
    assert_true(clock.by_server);
    UNTIL(heard_fresh(w));
    assert_string_equal(w->beat.touchpoint, GATE);
}

/* A server counts from wherever it likes: who has nobody yet has missed nobody. */
static void an_empty_list_begins_with_any_number(void **state)
{
    struct world *w = *state;
    tb_link_view view;
    server_opens_site(w, 0);
    open_link(w);
    UNTIL((tb_link_look(w->link, &view), view.caught_up >= 1) && locked(w, &w->beat_count) >= 2);
    tb_link_look(w->link, &view); /* one more, when the connection was told of after the first */
    uint64_t first = view.caught_up;
    w->sequence = 1000;
    feed_put(w, 1, 1);
    feed_put(w, 2, 1);
    UNTIL(tb_list_count(w->list) == 2);
    tb_link_look(w->link, &view);
    assert_int_equal(view.caught_up, first);
    w->sequence++; /* this is a gap */
    feed_put(w, 3, 1);
    UNTIL((tb_link_look(w->link, &view), view.caught_up > first));
    assert_int_equal(view.caught_up, first + 1);
    assert_int_equal(tb_list_count(w->list), 3);
}

static void without_broker_the_list_is_still_there(void **state)
{
    struct world *w = *state;
    server_opens_site(w, 30);
    open_link(w);
    UNTIL(tb_list_count(w->list) == 30);
    tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = made_visit(3)};
    tb_id served = made_visit(3);
    tb_drop drop = {served, tb_list_sequence_of(w->list, served)};
    UNTIL(tb_edge_store_record(w->store, &event, tb_clock_now(), &drop) == TB_OK);
    assert_int_equal(tb_list_drop(w->list, served, 0), TB_OK);
    tb_link_wake(w->link);
    UNTIL(locked(w, &w->received) == 1);
    nats_server_stop(&w->broker, 1);
    close_link(w);
    open_link(w); /* a restart in the dark */
    assert_int_equal(tb_list_count(w->list), 29);
    assert_false(tb_list_has(w->list, served));
    for (int i = 0; i < 5; i++) {
        tb_event more = {.kind = TB_EVENT_REFUSAL, .reason = "too_early"};
        assert_int_equal(tb_edge_store_record(w->store, &more, tb_clock_now(), NULL), TB_OK);
    }
    tb_link_wake(w->link);
    UNTIL(tb_edge_store_outbox_count(w->store) == 6); /* the first, too: no server has said that it has it */
    nats_server_start(
        &w->broker); /* its memory is lost: the bucket is empty, and not believed until the server filled it */
    server_opens_site(w, 29);
    UNTIL(tb_edge_store_outbox_count(w->store) == 0);
    UNTIL(locked(w, &w->received) == 6);
    UNTIL(tb_list_count(w->list) == 29);
    assert_int_equal(locked(w, &w->passages), 1);
}

static uint64_t kept(struct world *w)
{
    uint64_t count = 0;
    assert_int_equal(tb_edge_store_outbox_kept(w->store, &count), TB_OK);
    return count;
}

/* The stream has acknowledged it, and then its disk is lost before anybody has read it. */
static void what_the_broker_loses_comes_again(void **state)
{
    struct world *w = *state;
    int lost;
    assert_int_equal(tb_bus_site_open(w->bus, SITE, &lost, NULL), TB_OK); /* nobody follows events yet */
    open_link(w);
    for (int i = 0; i < 3; i++) {
        tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = made_visit(1)};
        assert_int_equal(tb_edge_store_record(w->store, &event, tb_clock_now(), NULL), TB_OK);
    }
    tb_link_wake(w->link);
    UNTIL(tb_edge_store_outbox_count(w->store) == 0);
    assert_int_equal(kept(w), 3);
    nats_server broker = w->broker;
    nats_server_end(&w->broker); /* with its disk */
    nats_server_prepare(&w->broker);
    w->broker.port = broker.port;
    memcpy(w->broker.url, broker.url, sizeof broker.url);
    nats_server_start(&w->broker);
    server_opens_site(w, 1);
    UNTIL(locked(w, &w->received) == 3);
    assert_int_equal(kept(w), 3);
    w->reported = 2; /* two of them are in the server's database */
    mark_put(w);
    UNTIL(kept(w) == 1);
    w->reported = 3;
    mark_put(w);
    UNTIL(kept(w) == 0);
}

static void questions_are_answered_exactly_once(void **state)
{
    struct world *w = *state;
    server_opens_site(w, 1);
    open_link(w);
    tb_link_view view;
    UNTIL((tb_link_look(w->link, &view), view.connected));
    tb_request request = {.id = tb_id_random(),
                          .kind = TB_REQUEST_PAY,
                          .touchpoint = GATE,
                          .at = tb_clock_now(),
                          .visit = made_visit(1),
                          .amount = 500,
                          .currency = "JPY"};
    UNTIL(locked(w, &w->beat_count) >= 1); /* the server's subscriptions are there, too */
    assert_int_equal(tb_link_ask(w->link, &request, 5000), TB_OK);
    UNTIL(locked(w, &w->answered) == 1);
    assert_int_equal(w->answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(w->answer.reason, "too_early");
    request.amount = 666;
    assert_int_equal(tb_link_ask(w->link, &request, 5000), TB_OK);
    UNTIL(locked(w, &w->answered) == 2);
    assert_int_equal(w->answer.verdict, TB_ANSWER_FAILED);
    assert_int_equal(w->answer.status, TB_MALFORMED);
    assert_true(tb_id_equal(w->answer.id, request.id));
    nats_server_stop(&w->broker, 1);
    assert_int_equal(tb_link_ask(w->link, &request, 500), TB_OK);
    UNTIL(locked(w, &w->answered) == 3);
    assert_int_equal(w->answer.verdict, TB_ANSWER_FAILED);
    assert_true(w->answer.status == TB_BUS_DOWN || w->answer.status == TB_TIMEOUT);
}

static tb_link_view seen(struct world *w)
{
    tb_link_view view;
    tb_link_look(w->link, &view);
    return view;
}

/* The broker is there all the while; it is the server that says nothing. */
static void a_list_of_which_nobody_speaks_grows_stale(void **state)
{
    struct world *w = *state;
    w->offline = TB_HOUR;
    server_opens_site(w, 5);
    open_link(w);
    UNTIL(tb_list_count(w->list) == 5 && locked(w, &w->beat_count) >= 1);
    mark_put(w);
    UNTIL(seen(w).age == 0);
    set_later(w, 59 * TB_MINUTE);
    assert_true(seen(w).connected && !seen(w).stale && seen(w).age >= 58 * 60);
    set_later(w, 61 * TB_MINUTE);
    assert_true(seen(w).stale);
    assert_int_equal(tb_list_count(w->list), 5); /* not used, and not lost */
    close_link(w);
    open_link(w); /* a restart makes it no younger */
    assert_true(seen(w).stale);
    int beats = locked(w, &w->beat_count);
    UNTIL(locked(w, &w->beat_count) >= beats + 2 && seen(w).connected);
    mark_put(w); /* and its time is that of the server: an hour less than this machine's */
    UNTIL(!seen(w).stale && seen(w).age == 0);
}

/* Each start would give it an hour anew. */
static void a_list_that_nobody_vouched_for_is_not_used(void **state)
{
    struct world *w = *state;
    tb_clock_memory clock;
    tb_time fresh = 0;
    w->offline = TB_HOUR;
    server_opens_site(w, 5);
    open_link(w);
    UNTIL(tb_list_count(w->list) == 5 && locked(w, &w->beat_count) >= 1);
    assert_int_equal(seen(w).age, -1);
    set_later(w, 20 * TB_SECOND);
    assert_true(seen(w).stale);
    set_later(w, 0);
    mark_put(w);
    UNTIL(seen(w).age == 0);
    UNTIL((tb_link_recall(w->store, &clock, &fresh), fresh != 0)); /* for a start after a power cut */
    set_later(w, 59 * TB_MINUTE);
    assert_false(seen(w).stale);
}

/* Hours alone, a restart among them: everything comes, in order, each once, and the list goes on meanwhile. */
static void what_happened_alone_is_told_in_order(void **state)
{
    struct world *w = *state;
    server_opens_site(w, 10);
    open_link(w);
    UNTIL(tb_list_count(w->list) == 10);
    nats_server_stop(&w->broker, 1);
    for (int i = 0; i < 600; i++) {
        tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = made_visit(1)};
        assert_int_equal(tb_edge_store_record(w->store, &event, tb_clock_now(), NULL), TB_OK);
        if (i == 300) {
            close_link(w);
            open_link(w);
        }
    }
    nats_server_start(&w->broker);
    server_opens_site(w, 10);
    tb_link_wake(w->link);
    for (int i = 0; i < 50; i++) { /* new ones are not kept waiting, nor kept out */
        tb_event event = {.kind = TB_EVENT_REFUSAL, .reason = "too_early"};
        assert_int_equal(tb_edge_store_record(w->store, &event, tb_clock_now(), NULL), TB_OK);
    }
    feed_put(w, 11, 1);
    UNTIL(tb_list_has(w->list, made_visit(11)));
    UNTIL(tb_edge_store_outbox_count(w->store) == 0);
    UNTIL(locked(w, &w->received) == 650);
    assert_int_equal(locked(w, &w->passages), 600);
}

static void count_question(void *context, const tb_delivery *question)
{
    struct world *w = context;
    (void)question;
    pthread_mutex_lock(&w->mutex);
    w->lists++;
    pthread_mutex_unlock(&w->mutex);
}

/* The broker looks through a whole part of the bucket for a list, a thousand times when a switch has been restarted. */
static void who_has_missed_nothing_reads_no_list(void **state)
{
    struct world *w = *state;
    tb_bus_subscription *questions = NULL;
    char subject[TB_SUBJECT_SIZE];
    server_opens_site(w, 30);
    tb_subject_text(TB_SUBJECT_LIST, SITE, "*", NULL, subject);
    assert_int_equal(tb_bus_listen(w->bus, subject, count_question, w, &questions), TB_OK);
    open_link(w);
    UNTIL(tb_list_count(w->list) == 30 && locked(w, &w->beat_count) >= 2);
    mark_put(w);
    UNTIL(seen(w).age == 0);
    assert_int_equal(tb_bus_feed_flush(w->bus, 60000), TB_OK);
    close_link(w);
    int lists = locked(w, &w->lists), beats = locked(w, &w->beat_count);
    assert_true(lists > 0);
    open_link(w);
    UNTIL(seen(w).caught_up > 0 && locked(w, &w->beat_count) > beats);
    assert_int_equal(tb_list_count(w->list), 30);
    assert_int_equal(locked(w, &w->lists), lists);
    close_link(w);
    feed_put(w, 7, 0); /* this is missed */
    mark_put(w);
    assert_int_equal(tb_bus_feed_flush(w->bus, 60000), TB_OK);
    open_link(w);
    UNTIL(tb_list_count(w->list) == 29 && !tb_list_has(w->list, made_visit(7)));
    assert_true(locked(w, &w->lists) > lists);
    tb_bus_subscription_free(&questions);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    if (!nats_server_available()) {
        printf("skipped: there is no nats-server on this machine\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {IN_WORLD(the_list_follows_the_server),
                                       IN_WORLD(an_empty_list_begins_with_any_number),
                                       IN_WORLD(who_has_missed_nothing_reads_no_list),
                                       IN_WORLD(without_broker_the_list_is_still_there),
                                       IN_WORLD(a_list_of_which_nobody_speaks_grows_stale),
                                       IN_WORLD(a_list_that_nobody_vouched_for_is_not_used),
                                       IN_WORLD(what_happened_alone_is_told_in_order),
                                       IN_WORLD(what_the_broker_loses_comes_again),
                                       IN_WORLD(questions_are_answered_exactly_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
