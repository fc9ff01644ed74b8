/* edge_store.c: the rows of edge.db, but for the list's (edge_list.c). Invariants E1 ... E5 in edge_store.h. */
#include "terminal/edge_store.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tebura/bus.h>
#include <tebura/log.h>
#include <tebura/secret.h>

#include "store/store.h"
#include "terminal/edge_key.h"
#include "terminal/edge_private.h"

#define VERSION 2

static const char migration_1[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE entry (visit BLOB PRIMARY KEY, sequence INTEGER NOT NULL, dropped INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE outbox (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL);"
    "CREATE TABLE payment (id BLOB PRIMARY KEY, visit BLOB NOT NULL, begun INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('number', 0), ('sequence', 0);"
    "PRAGMA user_version = 1;";

/* Until when a row has to be remembered; 0: not known. `dropped`: 0 on the list, 1 used up here, 3 taken off. */
static const char migration_2[] = "ALTER TABLE entry ADD COLUMN until INTEGER NOT NULL DEFAULT 0;"
                                  "CREATE INDEX entry_until ON entry (until);"
                                  "PRAGMA user_version = 2;";

tb_status tb_edge_begin(tb_edge_store *store)
{
    if (!sqlite3_get_autocommit(store->db)) { /* an earlier rollback failed: nothing of it may be committed now */
        tb_status status = tb_edge_db_run(store->db, "ROLLBACK", "");
        if (status != TB_OK)
            return status;
    }
    return tb_edge_db_run(store->db, "BEGIN IMMEDIATE", "");
}

static tb_status migrate(tb_edge_store *store, tb_error *why)
{
    static const char *const steps[VERSION] = {migration_1, migration_2};
    int64_t version = 0;
    tb_status status = tb_edge_db_number(store->db, "PRAGMA user_version", &version);
    if (status != TB_OK)
        return status;
    if (version > VERSION || version < 0)
        return tb_fail(why, TB_DB_NEWER, "edge.db has version %lld, this program knows %d: upgrade it",
                       (long long)version, VERSION);
    if (version == VERSION)
        return TB_OK;
    status = tb_edge_begin(store);
    for (; version < VERSION && status == TB_OK; version++)
        status = tb_edge_db_script(store->db, steps[version]);
    return tb_edge_db_end(store->db, status);
}

static tb_status open_in(tb_edge_store *store, const char *directory, const char *key_file, tb_error *why)
{
    char path[TB_EDGE_PATH_SIZE];
    tb_key key = {{0}};
    tb_status status = tb_edge_make_directory(directory, why);
    if (status == TB_OK && tb_edge_is_to_end(directory)) {
        tb_log(TB_LOG_WARNING, "terminal", "this terminal was being wiped when it stopped: the rest goes now");
        status = tb_edge_key_destroy(directory, key_file, why);
        if (status == TB_OK)
            status = tb_edge_files_destroy(directory, why);
    }
    if (status == TB_OK)
        status = tb_edge_key_open(directory, key_file, &key, why);
    if (status == TB_OK)
        status = tb_edge_path(directory, "edge.db", path, why);
    if (status == TB_OK)
        status = tb_edge_db_open(path, &key, &store->db, why);
    tb_wipe(&key, sizeof key);
    int64_t waiting = 0;
    if (status == TB_OK)
        status = migrate(store, why);
    if (status == TB_OK)
        status = tb_edge_db_number(store->db, "SELECT count(*) FROM outbox", &waiting);
    atomic_store(&store->waiting, (unsigned long long)waiting);
    return status;
}

static char *copy_of(const char *text, tb_status *status)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        *status = TB_NO_MEMORY;
    return copy;
}

tb_status tb_edge_store_open(const char *directory, tb_edge_store **out, tb_error *why)
{
    return tb_edge_store_open_with(directory, NULL, out, why);
}

tb_status tb_edge_store_open_with(const char *directory, const char *key_file, tb_edge_store **out, tb_error *why)
{
    *out = NULL;
    tb_status status = tb_crypto_start();
    if (status != TB_OK)
        return tb_fail(why, status, "the cryptographic library does not start");
    tb_edge_store *store = calloc(1, sizeof *store);
    if (!store)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    pthread_mutex_init(&store->mutex, NULL);
    store->directory = copy_of(directory, &status);
    store->key_file = copy_of(key_file, &status);
    store->key = tb_secret_alloc(sizeof *store->key);
    if (status == TB_OK)
        status = store->key ? open_in(store, directory, key_file, why) : TB_NO_MEMORY;
    if (status != TB_OK) {
        tb_edge_store_free(&store);
        return why && why->status ? status : tb_fail(why, status, "%s: %s", directory, tb_status_sentence(status));
    }
    *out = store;
    return TB_OK;
}

void tb_edge_store_free(tb_edge_store **store)
{
    if (!*store)
        return;
    if ((*store)->db)
        (void)!tb_edge_db_close((*store)->db);
    tb_secret_free((*store)->key);
    pthread_mutex_destroy(&(*store)->mutex);
    free((*store)->directory);
    free((*store)->key_file);
    free(*store);
    *store = NULL;
}

tb_status tb_edge_store_end_keys(tb_edge_store *store, tb_error *why)
{
    return tb_edge_key_destroy(store->directory, store->key_file, why);
}

tb_status tb_edge_store_destroy(tb_edge_store **at, tb_error *why)
{
    tb_edge_store *store = *at;
    tb_status status = tb_edge_store_end_keys(store, why), rows = TB_OK;
    if (tb_edge_db_close(store->db) != TB_OK)
        rows = tb_fail(why, TB_INTERNAL, "edge.db is still in use");
    store->db = NULL;
    if (status == TB_OK && rows == TB_OK) /* else the note stays, and the next start goes on */
        status = tb_edge_files_destroy(store->directory, why);
    tb_edge_store_free(at);
    return status == TB_OK ? rows : status;
}

/* ---- meta ---- */

static tb_status meta_get(tb_edge_store *store, const char *name, tb_bytes *out)
{
    sqlite3_stmt *statement;
    tb_status status = tb_edge_db_prepare(store->db, &statement, "SELECT value FROM meta WHERE name = ?", "t", name);
    if (status != TB_OK)
        return status;
    status = tb_edge_db_row(store->db, statement);
    if (status == TB_OK)
        status = tb_bytes_append(out, tb_edge_db_blob(statement, 0));
    tb_edge_db_give_back(statement);
    return status;
}

static tb_status meta_set(tb_edge_store *store, const char *name, tb_span value)
{
    return tb_edge_db_run(store->db, "INSERT OR REPLACE INTO meta VALUES (?, ?)", "tb", name, &value);
}

tb_status tb_edge_store_keys(tb_edge_store *store, tb_key_pair *out)
{
    tb_bytes found = {0};
    pthread_mutex_lock(&store->mutex);
    tb_status status = meta_get(store, "keys", &found);
    if (status == TB_NOT_FOUND) {
        *out = tb_key_pair_random();
        status = meta_set(store, "keys", tb_span_of(out, sizeof *out));
    } else if (status == TB_OK && found.size != sizeof *out) {
        status = TB_DB_CORRUPT;
    } else if (status == TB_OK) {
        memcpy(out, found.data, sizeof *out);
    }
    pthread_mutex_unlock(&store->mutex);
    tb_bytes_free(&found);
    if (status != TB_OK)
        tb_wipe(out, sizeof *out);
    return status;
}

tb_status tb_broker_key(const tb_key_pair *keys, tb_key *seed)
{
    return tb_key_derive(&keys->private_key, TB_BROKER_KEY_CONTEXT, 1, seed);
}

/* touchpoint, role, zone, site, nats_url each ended by NUL | server key | model | dimension | attributes */
static tb_status registration_pack(const tb_registration *from, tb_bytes *out)
{
    const char *texts[] = {from->touchpoint, from->role, from->zone, from->site, from->nats_url};
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && status == TB_OK; i++)
        status = tb_bytes_append(out, tb_span_of(texts[i], strlen(texts[i]) + 1));
    uint32_t numbers[2] = {from->model, (uint32_t)from->dimension};
    if (status == TB_OK)
        status = tb_bytes_append(out, tb_span_of(from->server.bytes, sizeof from->server.bytes));
    if (status == TB_OK)
        status = tb_bytes_append(out, tb_span_of(numbers, sizeof numbers));
    return status == TB_OK ? tb_facts_pack(&from->attributes, out) : status;
}

static int take_text(tb_span *rest, char *out, size_t size)
{
    const uint8_t *end = memchr(rest->data, 0, rest->size);
    size_t length = end ? (size_t)(end - rest->data) + 1 : 0;
    if (!length || length > size)
        return 0;
    memcpy(out, rest->data, length);
    *rest = tb_span_of(rest->data + length, rest->size - length);
    return 1;
}

static tb_status registration_unpack(tb_span rest, tb_registration *out)
{
    uint32_t numbers[2];
    memset(out, 0, sizeof *out);
    if (!take_text(&rest, out->touchpoint, sizeof out->touchpoint) || !take_text(&rest, out->role, sizeof out->role) ||
        !take_text(&rest, out->zone, sizeof out->zone) || !take_text(&rest, out->site, sizeof out->site) ||
        !take_text(&rest, out->nats_url, sizeof out->nats_url) || rest.size < sizeof out->server.bytes + sizeof numbers)
        return TB_DB_CORRUPT;
    memcpy(out->server.bytes, rest.data, sizeof out->server.bytes);
    memcpy(numbers, rest.data + sizeof out->server.bytes, sizeof numbers);
    out->model = numbers[0];
    out->dimension = (int)numbers[1];
    size_t used = sizeof out->server.bytes + sizeof numbers;
    return tb_facts_unpack(tb_span_of(rest.data + used, rest.size - used), &out->attributes);
}

static const struct {
    const char *name;
    size_t at, size;
} trust[] = {
    {"broker_token", offsetof(tb_registration, broker_token), sizeof((tb_registration *)0)->broker_token},
    {"authority", offsetof(tb_registration, authority), sizeof((tb_registration *)0)->authority},
    {"broker_authority", offsetof(tb_registration, broker_authority), sizeof((tb_registration *)0)->broker_authority}};
#define TRUST (sizeof trust / sizeof *trust)

/* Absent: registered before there was any. */
static tb_status trust_get(tb_edge_store *store, size_t which, tb_registration *out)
{
    tb_bytes text = {0};
    pthread_mutex_lock(&store->mutex);
    tb_status status = meta_get(store, trust[which].name, &text);
    pthread_mutex_unlock(&store->mutex);
    if (status == TB_OK && text.size >= trust[which].size)
        status = TB_DB_CORRUPT;
    if (status == TB_OK && text.size)
        memcpy((char *)out + trust[which].at, text.data, text.size); /* zeros after it */
    tb_bytes_free(&text);
    return status == TB_NOT_FOUND ? TB_OK : status;
}

tb_status tb_edge_store_registration(tb_edge_store *store, tb_registration *out)
{
    tb_bytes found = {0};
    pthread_mutex_lock(&store->mutex);
    tb_status status = meta_get(store, "registration", &found);
    pthread_mutex_unlock(&store->mutex);
    if (status == TB_OK)
        status = registration_unpack(tb_bytes_span(&found), out);
    for (size_t i = 0; i < TRUST && status == TB_OK; i++)
        status = trust_get(store, i, out);
    tb_bytes_free(&found);
    return status;
}

tb_status tb_edge_store_register(tb_edge_store *store, const tb_registration *registration)
{
    tb_bytes packed = {0};
    tb_status status = registration_pack(registration, &packed);
    pthread_mutex_lock(&store->mutex);
    if (status == TB_OK)
        status = tb_edge_begin(store);
    if (status == TB_OK) {
        for (size_t i = 0; i < TRUST && status == TB_OK; i++)
            status = meta_set(store, trust[i].name, tb_span_text((const char *)registration + trust[i].at));
        if (status == TB_OK)
            status = meta_set(store, "registration", tb_bytes_span(&packed));
        status = tb_edge_db_end(store->db, status);
    }
    pthread_mutex_unlock(&store->mutex);
    tb_bytes_free(&packed);
    return status;
}

tb_status tb_edge_store_note(tb_edge_store *store, const char *name, tb_span value)
{
    char full[40];
    snprintf(full, sizeof full, "note_%.30s", name);
    pthread_mutex_lock(&store->mutex);
    tb_status status = meta_set(store, full, value);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

tb_status tb_edge_store_noted(tb_edge_store *store, const char *name, tb_bytes *out)
{
    char full[40];
    snprintf(full, sizeof full, "note_%.30s", name);
    pthread_mutex_lock(&store->mutex);
    tb_status status = meta_get(store, full, out);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* ---- outbox ---- */

tb_status tb_edge_store_seal_with(tb_edge_store *store, const tb_key *own_private, const tb_key *server_public,
                                  const char *touchpoint, const char *subject)
{
    if (strlen(subject) >= sizeof store->subject || strlen(touchpoint) >= sizeof store->touchpoint)
        return TB_TOO_LARGE;
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_key_to(own_private, server_public, store->key);
    snprintf(store->touchpoint, sizeof store->touchpoint, "%s", touchpoint);
    snprintf(store->subject, sizeof store->subject, "%s", subject);
    store->sealing = status == TB_OK;
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* Inside the caller's transaction (E1). */
static tb_status event_add(tb_edge_store *store, tb_event *event, tb_time now)
{
    if (!store->sealing)
        return TB_CONFLICT;
    int64_t last = 0, oldest = 0;
    tb_bytes plain = {0}, sealed = {0};
    tb_status status = tb_edge_db_number(store->db, "SELECT value FROM meta WHERE name = 'number'", &last);
    if (status == TB_OK)
        status = tb_edge_db_number(store->db, "SELECT coalesce(min(number), 0) FROM outbox", &oldest);
    event->id = tb_id_timely(now); /* the server's index of what was applied grows at its end */
    event->number = (uint64_t)last + 1;
    event->since = oldest ? (uint64_t)oldest : event->number;
    event->at = event->at ? event->at : now;
    snprintf(event->touchpoint, sizeof event->touchpoint, "%s", store->touchpoint);
    if (status == TB_OK)
        status = tb_event_encode(event, &plain);
    if (status == TB_OK)
        status = tb_seal(store->key, tb_span_text(store->subject), tb_bytes_span(&plain), &sealed);
    tb_span body = tb_bytes_span(&sealed);
    if (status == TB_OK)
        status = tb_edge_db_run(store->db, "INSERT OR FAIL INTO outbox VALUES (?, ?, ?)", "idb", last + 1, &event->id,
                                &body);
    if (status == TB_OK)
        status = tb_edge_db_run(store->db, "UPDATE OR FAIL meta SET value = ? WHERE name = 'number'", "i", last + 1);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    return status;
}

static tb_status end_with_events(tb_edge_store *store, tb_status status, int events)
{
    status = tb_edge_db_end(store->db, status);
    if (status == TB_OK)
        atomic_fetch_add(&store->waiting, (unsigned long long)events);
    return status;
}

/* Also when the entry itself is not written yet: it may be on its way from the courier. */
static tb_status mark_dropped(tb_edge_store *store, const tb_drop *drop)
{
    tb_status status = tb_edge_db_run(
        store->db, "UPDATE OR FAIL entry SET dropped = 1, sealed = x'', sequence = max(sequence, ?) WHERE visit = ?",
        "id", (int64_t)drop->sequence, &drop->visit);
    if (status != TB_OK || !drop->sequence || sqlite3_changes(store->db) > 0)
        return status;
    return tb_edge_db_run(store->db,
                          "INSERT OR FAIL INTO entry (visit, sequence, dropped, sealed) VALUES (?, ?, 1, x'')", "di",
                          &drop->visit, (int64_t)drop->sequence);
}

tb_status tb_edge_store_record(tb_edge_store *store, tb_event *event, tb_time now, const tb_drop *drop)
{
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_begin(store);
    if (status == TB_OK)
        status = event_add(store, event, now);
    if (status == TB_OK && drop)
        status = mark_dropped(store, drop);
    status = end_with_events(store, status, 1);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

tb_status tb_edge_store_outbox_next(tb_edge_store *store, uint64_t after, uint64_t *number, tb_id *id, tb_bytes *sealed)
{
    sqlite3_stmt *statement;
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_db_prepare(
        store->db, &statement, "SELECT number, id, sealed FROM outbox WHERE number > ? ORDER BY number LIMIT 1", "i",
        (int64_t)after);
    if (status == TB_OK)
        status = tb_edge_db_row(store->db, statement);
    if (status == TB_OK) {
        tb_span text = tb_edge_db_blob(statement, 1);
        *number = (uint64_t)sqlite3_column_int64(statement, 0);
        status = text.size == sizeof id->bytes ? tb_bytes_append(sealed, tb_edge_db_blob(statement, 2)) : TB_DB_CORRUPT;
        if (status == TB_OK)
            memcpy(id->bytes, text.data, sizeof id->bytes);
    }
    tb_edge_db_give_back(statement);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

void tb_edge_store_outbox_sent(tb_edge_store *store, uint64_t number, int count)
{
    pthread_mutex_lock(&store->mutex);
    assert(number > store->sent);
    store->sent = number;
    atomic_fetch_sub(&store->waiting, (unsigned long long)count);
    pthread_mutex_unlock(&store->mutex);
}

tb_status tb_edge_store_outbox_again(tb_edge_store *store)
{
    int64_t all = 0;
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_db_number(store->db, "SELECT count(*) FROM outbox", &all);
    if (status == TB_OK) {
        store->sent = 0;
        atomic_store(&store->waiting, (unsigned long long)all);
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* Those that were not sent in this run leave the count of what waits. */
tb_status tb_edge_store_outbox_done(tb_edge_store *store, uint64_t number)
{
    pthread_mutex_lock(&store->mutex);
    int64_t sent = (int64_t)(number < store->sent ? number : store->sent);
    unsigned long long unsent = 0;
    tb_status status = tb_edge_begin(store);
    if (status == TB_OK)
        status = tb_edge_db_run(store->db, "DELETE FROM outbox WHERE number <= ?", "i", sent);
    if (status == TB_OK)
        status = tb_edge_db_run(store->db, "DELETE FROM outbox WHERE number <= ?", "i", (int64_t)number);
    if (status == TB_OK)
        unsent = (unsigned long long)sqlite3_changes(store->db);
    status = tb_edge_db_end(store->db, status);
    if (status == TB_OK)
        atomic_fetch_sub(&store->waiting, unsent);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

tb_status tb_edge_store_outbox_kept(tb_edge_store *store, uint64_t *out)
{
    int64_t all = 0;
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_db_number(store->db, "SELECT count(*) FROM outbox", &all);
    pthread_mutex_unlock(&store->mutex);
    *out = (uint64_t)all;
    return status;
}

uint64_t tb_edge_store_outbox_count(tb_edge_store *store)
{
    return atomic_load(&store->waiting);
}

/* ---- payments ---- */

tb_status tb_edge_store_payment_keep(tb_edge_store *store, tb_id payment, tb_id visit, tb_time now)
{
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_db_run(store->db, "INSERT INTO payment VALUES (?, ?, ?)", "ddi", &payment, &visit, now);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

tb_status tb_edge_store_payment_close(tb_edge_store *store, tb_id payment)
{
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_db_run(store->db, "DELETE FROM payment WHERE id = ?", "d", &payment);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

/* Inside the caller's transaction: the row goes and the void comes, together (E2). */
static tb_status void_one(tb_edge_store *store, const tb_id *payment, tb_event *event, tb_time now)
{
    tb_status status = tb_edge_db_run(store->db, "DELETE FROM payment WHERE id = ?", "d", payment);
    if (status == TB_OK && sqlite3_changes(store->db) != 1)
        status = TB_NOT_FOUND;
    return status == TB_OK ? event_add(store, event, now) : status;
}

tb_status tb_edge_store_payment_void(tb_edge_store *store, tb_id payment, tb_event *event, tb_time now)
{
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_begin(store);
    if (status == TB_OK)
        status = void_one(store, &payment, event, now);
    status = end_with_events(store, status, 1);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static tb_status next_payment(tb_edge_store *store, tb_id *payment, tb_id *visit)
{
    sqlite3_stmt *statement;
    tb_status status = tb_edge_db_prepare(store->db, &statement, "SELECT id, visit FROM payment LIMIT 1", "");
    if (status == TB_OK)
        status = tb_edge_db_row(store->db, statement);
    if (status == TB_OK) {
        tb_span a = tb_edge_db_blob(statement, 0), b = tb_edge_db_blob(statement, 1);
        if (a.size == sizeof payment->bytes && b.size == sizeof visit->bytes) {
            memcpy(payment->bytes, a.data, a.size);
            memcpy(visit->bytes, b.data, b.size);
        } else {
            status = TB_DB_CORRUPT;
        }
    }
    tb_edge_db_give_back(statement);
    return status;
}

tb_status tb_edge_store_payments_void(tb_edge_store *store, tb_time now, int *count)
{
    tb_id payment, visit;
    *count = 0;
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_begin(store);
    while (status == TB_OK && (status = next_payment(store, &payment, &visit)) == TB_OK) {
        char text[TB_ID_TEXT_SIZE];
        tb_event event = {.kind = TB_EVENT_PAYMENT_VOID, .visit = visit};
        status = tb_facts_set_text(&event.facts, "payment", tb_id_text(payment, text));
        if (status == TB_OK)
            status = void_one(store, &payment, &event, now);
        *count += status == TB_OK;
    }
    status = end_with_events(store, status == TB_NOT_FOUND ? TB_OK : status, *count);
    pthread_mutex_unlock(&store->mutex);
    if (status != TB_OK)
        *count = 0;
    return status;
}

tb_status tb_edge_store_payments_open(tb_edge_store *store, int *count)
{
    int64_t number = 0;
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_db_number(store->db, "SELECT count(*) FROM payment", &number);
    pthread_mutex_unlock(&store->mutex);
    *count = (int)number;
    return status;
}
