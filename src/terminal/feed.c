/* feed.c: marks, snapshots, live values, gaps. What does not open or is malformed is counted and left out: one bad
 * value never keeps the others away. */
#include "terminal/feed.h"
#include "terminal/feed_mark.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define QUEUE_MOST 65536
#define SNAPSHOT_PAUSE TB_SECOND
#define SNAPSHOT_PAUSE_MOST (3 * TB_SECOND) /* after several that were not whole: a thousand others try, too */
#define GONE_UNKNOWN TB_DAY                 /* how long a removal counts of somebody whose window was never seen */
#define OVER_EVERY (5 * TB_MINUTE)

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

/* A connection that was away has mostly missed nothing: then a mark of the server's says so, and the broker need not
 * look for a list that is here already. */
typedef enum need { NOTHING, MARK_OR_SNAPSHOT, SNAPSHOT } need;

struct tb_feed {
    tb_list *list;
    tb_edge_store *store;
    tb_key *key; /* secret memory: opens what the server sealed */
    tb_site_clock *clock;
    const char *site, *touchpoint;
    pthread_mutex_t mutex; /* queue, needs */
    struct value *first, **last;
    size_t queued;
    need needs;
    tb_time not_before; /* of the next snapshot */
    /* the courier's */
    tb_time now; /* of this work */
    int store_behind;
    int told_model;
    tb_status told_store, told_refused;
    tb_feed_marks marks;
    uint64_t refused;
    int64_t last_over; /* when rows that are over were removed, monotonic */
    uint64_t caught_up;
    int failed; /* snapshots in a row that could not be read */
};

tb_status tb_feed_new(const tb_feed_options *options, tb_feed **out)
{
    *out = NULL;
    tb_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return TB_NO_MEMORY;
    *feed = (tb_feed){.list = options->list,
                      .store = options->store,
                      .clock = options->clock,
                      .marks.fresh_at = options->fresh_at,
                      .site = options->site,
                      .touchpoint = options->touchpoint,
                      .needs = MARK_OR_SNAPSHOT};
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

static void need_at_once(tb_feed *feed, need least)
{
    pthread_mutex_lock(&feed->mutex);
    feed->needs = feed->needs > least ? feed->needs : least;
    feed->not_before = 0;
    pthread_mutex_unlock(&feed->mutex);
}

void tb_feed_lost(tb_feed *feed)
{
    need_at_once(feed, MARK_OR_SNAPSHOT);
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
        need_at_once(feed, SNAPSHOT); /* a value was missed */
}

/* ---- rows for the store ---- */

/* Ever later, and not all at the same moment. */
static void put_off(tb_feed *feed, tb_time now)
{
    uint16_t chance;
    tb_random(&chance, sizeof chance);
    tb_time pause = SNAPSHOT_PAUSE * feed->failed + SNAPSHOT_PAUSE * chance / UINT16_MAX;
    feed->failed += feed->failed < 2;
    pthread_mutex_lock(&feed->mutex);
    if (feed->not_before) /* a new connection since: at once */
        feed->not_before = now + (pause < SNAPSHOT_PAUSE_MOST ? pause : SNAPSHOT_PAUSE_MOST);
    pthread_mutex_unlock(&feed->mutex);
}

static int needs_snapshot(tb_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    int needs = feed->needs != NOTHING;
    pthread_mutex_unlock(&feed->mutex);
    return needs;
}

static void want(tb_feed *feed, need least)
{
    pthread_mutex_lock(&feed->mutex);
    feed->needs = feed->needs > least ? feed->needs : least;
    pthread_mutex_unlock(&feed->mutex);
}

static void want_snapshot(tb_feed *feed)
{
    want(feed, SNAPSHOT);
}

/* Takes a copy of `row`, and of what it is sealed in. */
static tb_status batch_add(struct batch *batch, const tb_sealed_entry *row)
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
    tb_status status = row->sealed.size ? tb_bytes_append(&body, row->sealed) : TB_OK;
    if (status != TB_OK)
        return status;
    batch->bodies[batch->count] = body;
    batch->rows[batch->count] = *row;
    batch->rows[batch->count++].sealed = tb_bytes_span(&body);
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
    tb_status status =
        tb_edge_store_entries_put(feed->store, batch->rows, batch->count, whole, tb_list_sequence(feed->list));
    if (status != TB_OK && status != feed->told_store)
        tb_log(TB_LOG_WARNING, "terminal",
               "the list could not be stored (%s): after a restart without network it would be older",
               tb_status_name(status));
    feed->told_store = status;
    if (status != TB_OK) { /* F1: all of it again, until it is written */
        feed->store_behind = 1;
        want_snapshot(feed);
    } else if (whole) {
        feed->store_behind = 0;
    }
    return status;
}

/* ---- one value ---- */

/* Told once for each reason until something good comes, so that a flood of bad values does not fill the log. */
static void left_out(tb_feed *feed, tb_status status, const char *because)
{
    feed->refused++;
    if (feed->told_refused != status)
        tb_log(TB_LOG_WARNING, "terminal",
               "a value of the feed was left out (%s): %s; %llu so far, more of the kind are only counted",
               tb_status_name(status), because, (unsigned long long)feed->refused);
    feed->told_refused = status;
}

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
        left_out(feed, status, why.status ? tb_error_text(&why) : tb_status_sentence(status));
    return status;
}

/* What the store has to know of a value after the list has judged it. */
static tb_status note_row(tb_feed *feed, const tb_entry *entry, int changed, tb_span sealed, struct batch *batch)
{
    tb_list_state now = tb_list_state_of(feed->list, entry->visit);
    int usable = now.counted && !now.dropped && now.until;
    int same = entry->sequence == now.sequence && entry->present == usable;
    tb_sealed_entry row = {.visit = entry->visit,
                           .sequence = now.sequence,
                           .known = !changed && !(feed->store_behind && same),
                           .dropped = now.dropped,
                           .until = now.until};
    if (!row.known && usable)
        row.sealed = sealed;
    return batch_add(batch, &row);
}

/* Live values count up: one below what was seen, of somebody who is not known, was recorded and is played back. */
static int is_played_back(tb_feed *feed, const tb_entry *entry)
{
    return entry->present && entry->sequence <= tb_list_sequence(feed->list) &&
           !tb_list_state_of(feed->list, entry->visit).sequence;
}

static tb_status apply_entry(tb_feed *feed, const tb_entry *entry, tb_time now, int *changed)
{
    tb_status status = tb_list_apply(feed->list, entry, changed);
    if (status == TB_OTHER_MODEL) {
        uint64_t was = tb_list_state_of(feed->list, entry->visit).sequence;
        status = tb_list_note_unusable(feed->list, entry);
        *changed = entry->sequence > was;
        if (*changed && !feed->told_model++)
            tb_log(TB_LOG_WARNING, "terminal",
                   "somebody's templates are of models that this terminal does not make: its "
                   "manifest is older than the server's");
    }
    if (status == TB_OK && !entry->present && *changed && !tb_list_state_of(feed->list, entry->visit).until)
        status = tb_list_note_gone(feed->list, entry->visit, entry->sequence, now + GONE_UNKNOWN, 0);
    return status;
}

/* A value under the key of no visit is the server's mark. */
static int is_mark(const char *key)
{
    static const char none[] = ".00000000000000000000000000000000";
    size_t length = strlen(key);
    return length >= sizeof none && strcmp(key + length - (sizeof none - 1), none) == 0;
}

static tb_status take_mark(tb_feed *feed, const struct value *value)
{
    tb_bytes plain = {0};
    tb_error why = {0};
    tb_mark mark = {0};
    tb_status status = tb_open(feed->key, tb_span_text(value->key), tb_bytes_span(&value->body), &plain);
    if (status == TB_OK)
        status = tb_mark_decode(tb_bytes_span(&plain), &mark, &why);
    tb_bytes_free(&plain);
    if (status == TB_OK)
        status = tb_feed_mark_hear(&feed->marks, &mark, feed->clock);
    if (status == TB_EXISTS)
        return TB_OK;
    if (status == TB_CONFLICT)
        tb_fail(&why, status, "a mark that is older than the last");
    if (status != TB_OK && status != TB_NO_MEMORY)
        left_out(feed, status, why.status ? tb_error_text(&why) : tb_status_sentence(status));
    return status;
}

/* Is the list what the mark says? What it lacks a snapshot brings; a broker that withholds it again and again is asked
 * less and less often. */
static void judge_mark(tb_feed *feed)
{
    if (tb_feed_mark_judge(&feed->marks, feed->list))
        want_snapshot(feed);
}

static tb_status apply_value(tb_feed *feed, const struct value *value, int live, struct batch *batch,
                             uint64_t *sequence)
{
    tb_entry entry;
    int changed = 0;
    tb_span sealed = tb_bytes_span(&value->body);
    tb_status status = open_value(feed, value->key, sealed, &entry);
    if (status == TB_OK && live && is_played_back(feed, &entry)) {
        status = TB_CONFLICT;
        left_out(feed, status, "it is older than what was seen, and of somebody who is not known");
    }
    if (status == TB_OK)
        status = apply_entry(feed, &entry, feed->now, &changed);
    if (status == TB_OK) {
        *sequence = entry.sequence;
        status = note_row(feed, &entry, changed, sealed, batch);
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
    if (!key || reading->status != TB_OK || strlen(key) >= TB_SUBJECT_SIZE)
        return;
    struct value value = {.body = {.data = (uint8_t *)message->body.data, .size = message->body.size}}; /* borrowed */
    snprintf(value.key, sizeof value.key, "%s", key);
    tb_status status = is_mark(value.key) ? take_mark(reading->feed, &value)
                                          : apply_value(reading->feed, &value, 0, &reading->batch, &sequence);
    if (status == TB_NO_MEMORY)
        reading->status = status;
    else if (status != TB_OK && !is_mark(value.key)) /* the newest mark may have come alive before */
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
    feed->caught_up += (uint64_t)whole;
    if (whole)
        tb_log(TB_LOG_INFO, "terminal", "list taken over: %zu entries, sequence %llu", tb_list_count(feed->list),
               (unsigned long long)tb_list_sequence(feed->list));
    batch_free(&reading.batch);
    return status;
}

/* Is the list here what the newest mark that the broker holds says? It is some seconds old at most while a server is
 * there. What came after it, and before we listened, is missing in the numbers of the next value, or differs at the
 * next mark; until then the list is as old as the mark says (fresh_at). A broker that holds a mark back, or plays one
 * back, gains no more than by holding back values. */
static int is_whole_already(tb_feed *feed, tb_bus *bus)
{
    struct value mark = {0};
    char none[TB_ID_TEXT_SIZE];
    if (feed->store_behind) /* F1 */
        return 0;
    snprintf(mark.key, sizeof mark.key, "%s.%s", feed->touchpoint, tb_id_text((tb_id){0}, none));
    tb_status status = tb_bus_feed_mark(bus, feed->site, feed->touchpoint, &mark.body);
    if (status == TB_OK)
        status = take_mark(feed, &mark);
    tb_bytes_free(&mark.body);
    int whole = status == TB_OK && tb_feed_mark_holds(&feed->marks, feed->list);
    feed->caught_up += (uint64_t)whole;
    return whole;
}

/* ---- work ---- */

/* What is to be done now. */
static need wanted(tb_feed *feed, tb_time now)
{
    pthread_mutex_lock(&feed->mutex);
    /* a clock that was set back must not put it off for hours */
    int due = now >= feed->not_before || feed->not_before - now > SNAPSHOT_PAUSE_MOST;
    need what = due ? feed->needs : NOTHING;
    if (what) {
        feed->needs = NOTHING; /* asked for again while it is taken: one more */
        feed->not_before = now + SNAPSHOT_PAUSE;
    }
    pthread_mutex_unlock(&feed->mutex);
    return what;
}

static tb_status drain(tb_feed *feed)
{
    struct batch batch = {0};
    tb_status status = TB_OK;
    for (struct value *value; status != TB_NO_MEMORY && (value = pop(feed));) {
        uint64_t last = tb_list_sequence(feed->list), sequence = 0;
        if (is_mark(value->key)) {
            status = take_mark(feed, value);
            if (status == TB_OK)
                judge_mark(feed);
            value_free(value);
            continue;
        }
        status = apply_value(feed, value, 1, &batch, &sequence);
        /* Something between was missed; but a list that never saw a number (it is empty) begins with any: live values
         * come in order from the first on, and what was before is in the snapshot. */
        if (status != TB_OK || (last && sequence > last + 1))
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
    feed->now = now;
    need what = tb_bus_is_connected(bus) ? wanted(feed, now) : NOTHING;
    if (what == SNAPSHOT || (what == MARK_OR_SNAPSHOT && !is_whole_already(feed, bus))) {
        int ready = 0;
        status = snapshot(feed, bus, &ready);
        if (status != TB_OK || !ready) /* what was read of it may be all there is: a mark would say so */
            want(feed, MARK_OR_SNAPSHOT);
        if (status != TB_OK && status != TB_NOT_FOUND)
            put_off(feed, tb_site_clock_now(feed->clock));
        else
            feed->failed = 0;
        if (status != TB_OK && status != TB_NOT_FOUND && status != TB_BUS_DOWN)
            tb_log(TB_LOG_WARNING, "terminal", "the list could not be read: %s", tb_status_name(status));
    }
    if (!needs_snapshot(feed)) /* one that came with the snapshot, or before it */
        judge_mark(feed);
    tb_status drained = drain(feed);
    pthread_mutex_lock(&feed->mutex);
    *synced = feed->needs == NOTHING && tb_bus_is_connected(bus);
    pthread_mutex_unlock(&feed->mutex);
    return status == TB_OK ? drained : status;
}

uint64_t tb_feed_caught_up(const tb_feed *feed)
{
    return feed->caught_up;
}

/* ---- store ---- */

struct restoring {
    tb_feed *feed;
    tb_time now;
    struct batch mended;
};

/* Stores of before did not say until when: their rows are written anew, once. */
static tb_status mend(struct restoring *restoring, const tb_sealed_entry *row, tb_time until)
{
    tb_sealed_entry mended = *row;
    mended.until = until;
    if (!until)
        mended.sealed = (tb_span){0};
    return batch_add(&restoring->mended, &mended);
}

static tb_status restore_row(void *context, const tb_sealed_entry *row)
{
    struct restoring *restoring = context;
    tb_feed *feed = restoring->feed;
    char key[TB_SUBJECT_SIZE], text[TB_ID_TEXT_SIZE];
    tb_entry entry = {0};
    if (!row->sealed.size)
        return tb_list_note_gone(feed->list, row->visit, row->sequence, row->until, row->dropped);
    if (snprintf(key, sizeof key, "%s.%s", feed->touchpoint, tb_id_text(row->visit, text)) >= (int)sizeof key)
        return TB_INTERNAL;
    tb_status status = open_value(feed, key, row->sealed, &entry);
    int opened = status == TB_OK;
    if (opened && entry.until > restoring->now)
        status = tb_list_apply(feed->list, &entry, NULL);
    if (status == TB_OTHER_MODEL)
        status = tb_list_note_unusable(feed->list, &entry);
    if (!opened || entry.until != row->until)
        status = status == TB_NO_MEMORY ? status : mend(restoring, row, opened ? entry.until : 0);
    tb_entry_free(&entry);
    return status == TB_NO_MEMORY ? status : TB_OK;
}

tb_status tb_feed_restore(tb_feed *feed, tb_time now, size_t *count)
{
    struct restoring restoring = {.feed = feed, .now = now};
    uint64_t sequence = 0;
    tb_status status = tb_edge_store_entries(feed->store, restore_row, &restoring);
    if (status == TB_OK)
        status = tb_edge_store_sequence(feed->store, &sequence);
    tb_list_note_sequence(feed->list, sequence);
    /* a full disk must not keep the terminal from starting */
    if (status == TB_OK && restoring.mended.count &&
        tb_edge_store_entries_put(feed->store, restoring.mended.rows, restoring.mended.count, 0, 0) != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal",
               "rows of edge.db could not be brought up to date; it is tried at the next start");
    batch_free(&restoring.mended);
    *count = tb_list_count(feed->list);
    return status;
}

size_t tb_feed_expire(tb_feed *feed, tb_time now)
{
    size_t gone = tb_list_expire(feed->list, now);
    int64_t at = tb_clock_monotonic();
    if (!gone && feed->last_over && at - feed->last_over < OVER_EVERY)
        return 0;
    feed->last_over = at;
    tb_status status = tb_edge_store_entries_over(feed->store, now);
    if (status != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal", "entries that are over stay in the store for now: %s",
               tb_status_name(status));
    return gone;
}

uint64_t tb_feed_refused(const tb_feed *feed)
{
    return feed->refused + feed->marks.differed;
}

uint64_t tb_feed_reported(const tb_feed *feed, int64_t *heard)
{
    *heard = feed->marks.reported_at;
    return feed->marks.reported;
}

tb_time tb_feed_fresh_at(const tb_feed *feed)
{
    return feed->marks.fresh_at;
}
