/* feed.c: snapshots, live values, gaps. What does not open or is malformed is counted and left out: one bad value never
 * keeps the others away. */
#include "terminal/feed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define QUEUE_MOST 65536
#define SNAPSHOT_PAUSE TB_SECOND

struct value { /* a live one, as it came */
    struct value *next;
    char key[TB_SUBJECT_SIZE];
    tb_bytes body;
};

struct batch { /* rows for the store, sealed bodies owned */
    tb_sealed_entry *rows;
    tb_bytes *bodies;
    size_t count, room;
};

struct tb_feed {
    tb_list *list;
    tb_edge_store *store;
    tb_key *key; /* secret memory: opens what the server sealed */
    const char *site, *touchpoint;
    pthread_mutex_t mutex; /* queue, needs_snapshot */
    struct value *first, **last;
    size_t queued;
    int needs_snapshot;
    tb_time not_before; /* of the next snapshot */
    unsigned long unreadable;
};

tb_status tb_feed_new(const tb_feed_options *options, tb_feed **out)
{
    *out = NULL;
    tb_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return TB_NO_MEMORY;
    *feed = (tb_feed){.list = options->list,
                      .store = options->store,
                      .site = options->site,
                      .touchpoint = options->touchpoint,
                      .needs_snapshot = 1};
    feed->last = &feed->first;
    pthread_mutex_init(&feed->mutex, NULL);
    feed->key = tb_secret_alloc(sizeof *feed->key);
    tb_status status = feed->key ? tb_key_from(options->own_private, options->server_public, feed->key) : TB_NO_MEMORY;
    if (status != TB_OK)
        tb_feed_free(&feed);
    *out = feed;
    return status;
}

static struct value *pop(tb_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    struct value *value = feed->first;
    if (value) {
        feed->first = value->next;
        feed->queued--;
        if (!feed->first)
            feed->last = &feed->first;
    }
    pthread_mutex_unlock(&feed->mutex);
    return value;
}

static void value_free(struct value *value)
{
    tb_bytes_free(&value->body);
    free(value);
}

void tb_feed_free(tb_feed **feed)
{
    if (!*feed)
        return;
    for (struct value *value; (value = pop(*feed));)
        value_free(value);
    tb_secret_free((*feed)->key);
    pthread_mutex_destroy(&(*feed)->mutex);
    free(*feed);
    *feed = NULL;
}

void tb_feed_lost(tb_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    feed->needs_snapshot = 1;
    feed->not_before = 0;
    pthread_mutex_unlock(&feed->mutex);
}

void tb_feed_receive(tb_feed *feed, const tb_delivery *message)
{
    const char *key = tb_subject_key(message->subject);
    struct value *value = key ? calloc(1, sizeof *value) : NULL;
    int kept = 0;
    if (value && strlen(key) < sizeof value->key && tb_bytes_append(&value->body, message->body) == TB_OK) {
        memcpy(value->key, key, strlen(key) + 1);
        pthread_mutex_lock(&feed->mutex);
        if ((kept = feed->queued < QUEUE_MOST)) {
            *feed->last = value;
            feed->last = &value->next;
            feed->queued++;
        }
        pthread_mutex_unlock(&feed->mutex);
    }
    if (!kept && value)
        value_free(value);
    if (!kept && key)
        tb_feed_lost(feed); /* a value was missed: a snapshot brings it */
}

/* ---- rows for the store ---- */

static tb_status batch_add(struct batch *batch, const tb_entry *entry, int dropped, tb_span sealed)
{
    if (batch->count == batch->room) {
        size_t room = batch->room ? 2 * batch->room : 64;
        tb_sealed_entry *rows = realloc(batch->rows, room * sizeof *rows);
        if (rows)
            batch->rows = rows;
        tb_bytes *bodies = rows ? realloc(batch->bodies, room * sizeof *bodies) : NULL;
        if (!bodies)
            return TB_NO_MEMORY;
        batch->bodies = bodies;
        batch->room = room;
    }
    tb_bytes body = {0};
    tb_status status = entry->present && !dropped ? tb_bytes_append(&body, sealed) : TB_OK;
    if (status != TB_OK)
        return status;
    batch->bodies[batch->count] = body;
    batch->rows[batch->count++] = (tb_sealed_entry){
        .visit = entry->visit, .sequence = entry->sequence, .dropped = dropped, .sealed = tb_bytes_span(&body)};
    return TB_OK;
}

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        tb_bytes_free(&batch->bodies[i]);
    free(batch->rows);
    free(batch->bodies);
    *batch = (struct batch){0};
}

static tb_status batch_write(tb_feed *feed, struct batch *batch, int whole)
{
    if (!batch->count && !whole)
        return TB_OK;
    tb_status status = tb_edge_store_entries_put(feed->store, batch->rows, batch->count, whole);
    if (status == TB_OK)
        status = tb_edge_store_sequence_set(feed->store, tb_list_sequence(feed->list));
    if (status != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal",
               "the list could not be stored (%s): after a restart without network it would be older",
               tb_status_name(status));
    return status;
}

/* ---- one value ---- */

static tb_status open_value(tb_feed *feed, const char *key, tb_span sealed, tb_entry *entry)
{
    tb_bytes plain = {0};
    tb_error why = {0};
    *entry = (tb_entry){0};
    tb_status status = tb_open(feed->key, tb_span_text(key), sealed, &plain);
    if (status == TB_OK)
        status = tb_entry_decode(tb_bytes_span(&plain), entry, &why);
    tb_bytes_free(&plain);
    char text[TB_ID_TEXT_SIZE];
    const char *dot = strrchr(key, '.');
    if (status == TB_OK && (!dot || strcmp(dot + 1, tb_id_text(entry->visit, text)) != 0))
        status = TB_MALFORMED; /* sealed for this key, but speaks of another visit */
    if (status != TB_OK && status != TB_NO_MEMORY)
        tb_log(TB_LOG_WARNING, "terminal", "an entry of the feed was left out: %s (%lu so far)", tb_status_name(status),
               ++feed->unreadable);
    return status;
}

static tb_status apply_value(tb_feed *feed, const char *key, tb_span sealed, struct batch *batch, uint64_t *sequence)
{
    tb_entry entry;
    int changed = 0;
    tb_status status = open_value(feed, key, sealed, &entry);
    if (status == TB_OK)
        status = tb_list_apply(feed->list, &entry, &changed);
    if (status == TB_OTHER_MODEL)
        tb_log(TB_LOG_WARNING, "terminal",
               "somebody's templates are of models that this terminal does not make: its "
               "manifest is older than the server's");
    if (status == TB_OK) {
        /* used up here, and nothing newer is known */
        int dropped = entry.present && !tb_list_has(feed->list, entry.visit);
        *sequence = entry.sequence;
        status = batch_add(batch, &entry, dropped, sealed);
    }
    tb_entry_free(&entry);
    return status;
}

/* ---- snapshot ---- */

struct reading {
    tb_feed *feed;
    struct batch batch;
    tb_status status; /* TB_NO_MEMORY ends it */
    size_t bad;
};

static void on_value(void *context, const tb_delivery *message)
{
    struct reading *reading = context;
    uint64_t sequence;
    const char *key = tb_subject_key(message->subject);
    if (!key || reading->status != TB_OK)
        return;
    tb_status status = apply_value(reading->feed, key, message->body, &reading->batch, &sequence);
    if (status == TB_NO_MEMORY)
        reading->status = status;
    else if (status != TB_OK)
        reading->bad++;
}

static tb_status snapshot(tb_feed *feed, tb_bus *bus, int *ready)
{
    struct reading reading = {.feed = feed};
    *ready = 0;
    tb_list_snapshot_begin(feed->list);
    tb_status status = tb_bus_feed_snapshot(bus, feed->site, feed->touchpoint, on_value, &reading, ready);
    if (status == TB_OK)
        status = reading.status;
    int whole = status == TB_OK && *ready;
    tb_list_snapshot_end(feed->list, whole);
    (void)!batch_write(feed, &reading.batch, whole);
    if (whole)
        tb_log(TB_LOG_INFO, "terminal", "list taken over: %zu entries, sequence %llu", tb_list_count(feed->list),
               (unsigned long long)tb_list_sequence(feed->list));
    batch_free(&reading.batch);
    return status;
}

/* ---- work ---- */

static int wants_snapshot(tb_feed *feed, tb_time now)
{
    pthread_mutex_lock(&feed->mutex);
    /* a clock that was set back must not put it off for hours */
    int wanted = feed->needs_snapshot && (now >= feed->not_before || feed->not_before - now > SNAPSHOT_PAUSE);
    if (wanted) {
        feed->needs_snapshot = 0; /* asked for again while it is taken: one more */
        feed->not_before = now + SNAPSHOT_PAUSE;
    }
    pthread_mutex_unlock(&feed->mutex);
    return wanted;
}

static void want_snapshot(tb_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    feed->needs_snapshot = 1;
    pthread_mutex_unlock(&feed->mutex);
}

static tb_status drain(tb_feed *feed)
{
    struct batch batch = {0};
    tb_status status = TB_OK;
    for (struct value *value; status != TB_NO_MEMORY && (value = pop(feed));) {
        uint64_t last = tb_list_sequence(feed->list), sequence = 0;
        status = apply_value(feed, value->key, tb_bytes_span(&value->body), &batch, &sequence);
        if (status != TB_OK || sequence > last + 1) /* something between was missed */
            want_snapshot(feed);
        value_free(value);
    }
    (void)!batch_write(feed, &batch, 0);
    batch_free(&batch);
    return status == TB_NO_MEMORY ? status : TB_OK;
}

tb_status tb_feed_work(tb_feed *feed, tb_bus *bus, tb_time now, int *synced)
{
    tb_status status = TB_OK;
    *synced = 0;
    if (tb_bus_is_connected(bus) && wants_snapshot(feed, now)) {
        int ready = 0;
        status = snapshot(feed, bus, &ready);
        if (status != TB_OK || !ready)
            want_snapshot(feed);
        if (status != TB_OK && status != TB_NOT_FOUND && status != TB_BUS_DOWN)
            tb_log(TB_LOG_WARNING, "terminal", "the list could not be read: %s", tb_status_name(status));
    }
    tb_status drained = drain(feed);
    pthread_mutex_lock(&feed->mutex);
    *synced = !feed->needs_snapshot && tb_bus_is_connected(bus);
    pthread_mutex_unlock(&feed->mutex);
    return status == TB_OK ? drained : status;
}

/* ---- store ---- */

struct restoring {
    tb_feed *feed;
    tb_time now;
    struct batch gone;
};

static tb_status restore_row(void *context, const tb_sealed_entry *row)
{
    struct restoring *restoring = context;
    tb_feed *feed = restoring->feed;
    char key[TB_SUBJECT_SIZE], text[TB_ID_TEXT_SIZE];
    tb_entry entry = {0};
    if (row->dropped)
        return tb_list_drop(feed->list, row->visit, row->sequence);
    if (snprintf(key, sizeof key, "%s.%s", feed->touchpoint, tb_id_text(row->visit, text)) >= (int)sizeof key)
        return TB_INTERNAL;
    tb_status status = open_value(feed, key, row->sealed, &entry);
    if (status == TB_OK && entry.until > restoring->now)
        status = tb_list_apply(feed->list, &entry, NULL);
    else if (status != TB_NO_MEMORY)
        status = batch_add(&restoring->gone, &(tb_entry){.visit = row->visit}, 0, (tb_span){0});
    tb_entry_free(&entry);
    return status == TB_NO_MEMORY ? status : TB_OK;
}

tb_status tb_feed_restore(tb_feed *feed, tb_time now, size_t *count)
{
    struct restoring restoring = {.feed = feed, .now = now};
    tb_status status = tb_edge_store_entries(feed->store, restore_row, &restoring);
    if (status == TB_OK && restoring.gone.count)
        status = tb_edge_store_entries_put(feed->store, restoring.gone.rows, restoring.gone.count, 0);
    batch_free(&restoring.gone);
    *count = tb_list_count(feed->list);
    return status;
}

static tb_status find_gone(void *context, const tb_sealed_entry *row)
{
    struct restoring *restoring = context;
    if (row->dropped || tb_list_has(restoring->feed->list, row->visit))
        return TB_OK;
    return batch_add(&restoring->gone, &(tb_entry){.visit = row->visit}, 0, (tb_span){0});
}

size_t tb_feed_expire(tb_feed *feed, tb_time now)
{
    size_t gone = tb_list_expire(feed->list, now);
    if (!gone)
        return 0;
    struct restoring restoring = {.feed = feed, .now = now};
    tb_status status = tb_edge_store_entries(feed->store, find_gone, &restoring);
    if (status == TB_OK)
        status = tb_edge_store_entries_put(feed->store, restoring.gone.rows, restoring.gone.count, 0);
    if (status != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal", "entries that are over stay in the store until the next start: %s",
               tb_status_name(status));
    batch_free(&restoring.gone);
    return gone;
}
