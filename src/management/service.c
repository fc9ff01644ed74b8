/* service.c: opening and closing the management service. */
#include "management/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#include "management/rotation.h"

static int site_is_good(const char *site)
{
    size_t length = site ? strspn(site, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
    return length > 0 && length < TB_SITE_SIZE && site[length] == '\0';
}

static tb_status make_directory(const char *path, tb_error *why)
{
    struct stat about;
    if (mkdir(path, 0700) == 0)
        return TB_OK;
    if (errno != EEXIST)
        return tb_fail(why, errno == ENOSPC ? TB_DISK_FULL : TB_IO, "%s: %s", path, strerror(errno));
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return tb_fail(why, TB_IO, "%s is not a directory", path);
    return TB_OK;
}

static int file_is_there(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 || errno != ENOENT;
}

/* A database whose key has gone must not get a new key beside it: that would look like damage for ever after. */
static tb_status refuse_lost_key(const tb_management_options *options, const char *key, tb_error *why)
{
    char path[4096];
    struct stat about;
    snprintf(path, sizeof path, "%.4000s/central.db", options->directory);
    if (!file_is_there(key) && stat(path, &about) == 0 && about.st_size > 0)
        return tb_fail(why, TB_DB_KEY, "%s is missing: the databases beside it do not open without it", key);
    return TB_OK;
}

static tb_status refuse_lost_copy(tb_management *m, const char *key, tb_error *why)
{
    tb_bytes name = {0};
    tb_status status = file_is_there(key) ? TB_NOT_FOUND : tb_site_get(m->db, "name", &name);
    tb_bytes_free(&name);
    if (status == TB_OK)
        return tb_fail(why, TB_DB_KEY, "%s is missing: copy it from another server of this database, or its backup",
                       key);
    return status == TB_NOT_FOUND ? TB_OK : status;
}

static tb_status read_keys(const char *path, tb_keyring *keys, tb_error *why)
{
    tb_status status = tb_key_file(path, &keys->master, why);
    if (status != TB_OK)
        return status;
    status = tb_keyring_derive(keys);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "keys cannot be derived");
}

/* Whoever only looks makes nothing: neither a key nor a database nor a newer form of one. */
static tb_status refuse_absent(const tb_management_options *options, tb_error *why)
{
    char path[4096];
    struct stat about;
    snprintf(path, sizeof path, "%.4000s/%s", options->directory, options->database ? "" : "central.db");
    if (stat(path, &about) != 0)
        return tb_fail(why, TB_NOT_FOUND, "%s: there is no site's data here", options->directory);
    snprintf(path, sizeof path, "%.4000s/master.key", options->directory);
    return stat(path, &about) == 0 ? TB_OK : tb_fail(why, TB_DB_KEY, "%s is missing", path);
}

static tb_status bring_schema(tb_management *m, tb_error *why)
{
    return m->examine ? tb_store_is_current(m->db, why) : tb_store_migrate(m->db, why);
}

static tb_status open_files(tb_management *m, const tb_management_options *options, const char *key, tb_keyring *keys,
                            tb_error *why)
{
    tb_status status = tb_rotation_finish(options->directory, NULL, why);
    if (status == TB_OK)
        status = refuse_lost_key(options, key, why);
    if (status == TB_OK)
        status = read_keys(key, keys, why);
    tb_db_options database = {
        .directory = options->directory, .central = &keys->central, .visitor = &keys->visitor, .busy_ms = 500};
    if (status == TB_OK)
        status = tb_db_open(&database, &m->db, why);
    return status == TB_OK ? bring_schema(m, why) : status;
}

/* The key is asked for only after the database has told whether it is a new one. */
static tb_status open_postgres(tb_management *m, const tb_management_options *options, const char *key,
                               tb_keyring *keys, tb_error *why)
{
    tb_db_options database = {.url = options->database};
    tb_status status = tb_db_open(&database, &m->db, why);
    if (status == TB_OK)
        status = bring_schema(m, why);
    if (status == TB_OK)
        status = refuse_lost_copy(m, key, why);
    if (status == TB_OK)
        status = read_keys(key, keys, why);
    return status == TB_OK ? tb_rotation_adopt(m->db, options->directory, keys, NULL, why) : status;
}

static tb_status open_databases(tb_management *m, const tb_management_options *options, tb_keyring *keys, tb_error *why)
{
    char path[4096];
    snprintf(path, sizeof path, "%.4000s/master.key", options->directory);
    return options->database ? open_postgres(m, options, path, keys, why) : open_files(m, options, path, keys, why);
}

/* The name of the site and its own keys: made at the first start, the same ever after. */
static tb_status make_site(tb_management *m, tb_keyring *keys)
{
    keys->own = tb_key_pair_random();
    keys->find = tb_key_random();
    keys->trust = tb_key_random();
    tb_status status = tb_site_set(m->db, "name", tb_span_text(m->site));
    if (status == TB_OK)
        status = tb_site_set(m->db, "profile", tb_span_text(tb_profile_name(m->profile)));
    return status == TB_OK ? tb_keyring_write(m->db, keys) : status;
}

/* Statuses are numbers of the profile's order: another profile would read something else out of them. Databases of the
 * first releases do not say whose they are. */
static tb_status same_profile(tb_management *m, tb_error *why)
{
    const char *ours = tb_profile_name(m->profile);
    tb_bytes theirs = {0};
    tb_status status = tb_site_get(m->db, "profile", &theirs);
    if (status == TB_OK && (theirs.size != strlen(ours) || memcmp(theirs.data, ours, theirs.size) != 0))
        status = tb_fail(why, TB_CONFLICT, "these databases are those of the profile %.*s, and this is %s: give theirs",
                         (int)theirs.size, (char *)theirs.data, ours);
    tb_bytes_free(&theirs);
    return status == TB_NOT_FOUND ? TB_OK : status;
}

static tb_status read_site(tb_management *m, tb_keyring *keys, tb_error *why)
{
    tb_bytes name = {0};
    tb_status status = tb_site_get(m->db, "name", &name);
    if (status == TB_NOT_FOUND)
        return make_site(m, keys);
    if (status == TB_OK && (name.size != strlen(m->site) || memcmp(name.data, m->site, name.size) != 0))
        status =
            tb_fail(why, TB_CONFLICT, "these databases belong to the site %.*s", (int)name.size, (char *)name.data);
    if (status == TB_OK)
        status = same_profile(m, why);
    if (status == TB_OK)
        status = tb_keyring_read(m->db, keys);
    if (status == TB_DB_KEY)
        status = tb_fail(why, status,
                         "master.key is another database's, or was changed since (teburad rotate-key): copy the one "
                         "that is in force, from another server or from where it is saved");
    tb_bytes_free(&name);
    return status;
}

/* In one transaction: of several servers that start at once on a new database one makes the site. */
static tb_status open_site(tb_management *m, tb_keyring *keys, tb_error *why)
{
    tb_status status = tb_db_begin(m->db);
    if (status != TB_OK)
        return status;
    status = read_site(m, keys, why);
    if (status == TB_OK)
        status = tb_keyring_mark(m->db, m->keys_mark);
    if (status == TB_OK)
        status = tb_db_commit(m->db);
    else
        tb_db_rollback(m->db);
    if (status == TB_OK) {
        m->keys->wrap = keys->wrap;
        m->keys->document = keys->document;
        m->keys->token = keys->token;
        m->keys->find = keys->find;
        m->keys->trust = keys->trust;
        m->keys->own = keys->own;
    }
    return status;
}

static tb_status load(tb_management *m)
{
    int64_t waiting = 0;
    tb_time now = tb_service_now(m);
    tb_service_lock(m);
    m->sequence_floor = now > 0 ? (uint64_t)now / 1000 : 0;
    tb_status status = tb_lists_open(&m->lists, m->profile);
    for (size_t i = 0; i < tb_profile_role_count(m->profile); i++) {
        tb_role_view view;
        tb_role_view_of(tb_profile_role_at(m->profile, i), &view);
        m->near_roles |= view.near > 0;
    }
    if (status == TB_OK && !m->near_roles && !m->examine) /* another profile asked for it */
        status = tb_near_forget(m->db);
    if (status == TB_OK)
        status = tb_terminals_load(m);
    if (status == TB_OK)
        status = tb_matcher_new(m->models, m->model_count, &m->matcher);
    if (status == TB_OK && !m->examine)
        status = tb_custody_describe(m);
    if (status == TB_OK)
        tb_models_warn(m);
    if (status == TB_OK)
        status = tb_visitors_rebuild(m);
    if (status == TB_OK)
        status = tb_outbox_count(m->db, 0, &waiting);
    m->outbox_waiting = waiting > 0;
    m->outbox_since = waiting > 0 ? tb_clock_monotonic() : 0;
    m->outbox_end = INT64_MAX;
    tb_service_unlock(m);
    if (status == TB_OK && !m->examine)
        status = tb_rotation_follow(m);
    /* A payment that was under way when we were stopped: nobody knows how it ended, so it is undone (ADR 062); where
     * other servers may be at it, when its patience has passed. A
     * provider that cannot be reached does not keep the site closed: tick tells it again. */
    if (status == TB_OK && !m->examine) {
        tb_status settled = tb_payments_settle(m, tb_db_is_shared(m->db) ? now - TB_PAYMENT_PATIENCE : TB_TIME_NEVER);
        if (settled != TB_OK)
            tb_log(TB_LOG_WARNING, "management", "a reversal waits: %s", tb_status_sentence(settled));
    }
    return status;
}

static tb_status start(tb_management *m, const tb_management_options *options, tb_error *why)
{
    m->keys = tb_secret_alloc(sizeof *m->keys);
    tb_keyring *keys = tb_secret_alloc(sizeof *keys);
    tb_status status = m->keys && keys ? tb_crypto_start() : TB_NO_MEMORY;
    if (status == TB_OK)
        m->keys->salt = tb_key_random();
    if (status == TB_OK)
        status = options->examine ? refuse_absent(options, why) : make_directory(options->directory, why);
    if (status == TB_OK)
        status = open_databases(m, options, keys, why);
    if (status == TB_OK)
        status = open_site(m, keys, why);
    if (status == TB_OK)
        status = tb_clock_load(m, options->accept_clock);
    tb_secret_free(keys);
    if (status == TB_OK)
        status = tb_shared_open(m, options->database, why);
    return status == TB_OK ? load(m) : status;
}

static tb_status make_service(const tb_management_options *options, tb_management **out)
{
    pthread_condattr_t attributes;
    tb_management *m = calloc(1, sizeof *m);
    *out = m;
    if (!m)
        return TB_NO_MEMORY;
    snprintf(m->site, sizeof m->site, "%s", options->site);
    m->profile = options->profile;
    m->models[0] = (tb_model){
        .id = options->model, .dimension = (uint16_t)options->dimension, .calibration = options->calibration};
    m->model_count = 1;
    for (int i = 0; i < options->former_count; i++)
        m->models[m->model_count++] = options->former[i];
    m->utc_offset_minutes = options->utc_offset_minutes;
    m->follow_local_time = options->follow_local_time;
    m->provider = options->provider ? options->provider : tb_provider_simulated();
    m->code_life = options->code_life > 0 ? options->code_life : 24 * TB_HOUR;
    m->now = options->now;
    m->now_context = options->now_context;
    m->uptime = options->uptime;
    m->examine = options->examine;
    m->time = calloc(1, sizeof *m->time);
    if (!m->time) {
        free(m);
        *out = NULL;
        return TB_NO_MEMORY;
    }
    tb_metric_set(&m->metrics, TB_METRIC_BROKER, TB_METRIC_UNSET);
    tb_metric_set(&m->metrics, TB_METRIC_DATABASE_CENTRAL, TB_METRIC_UNSET);
    tb_metric_set(&m->metrics, TB_METRIC_DATABASE_VISITOR, TB_METRIC_UNSET);
    pthread_mutex_init(&m->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&m->changed, &attributes);
    pthread_cond_init(&m->was_read, &attributes);
    pthread_condattr_destroy(&attributes);
    return TB_OK;
}

tb_status tb_management_open(const tb_management_options *options, tb_management **out, tb_error *why)
{
    *out = NULL;
    if (why)
        *why = (tb_error){0};
    if (!options->directory || !options->profile || !options->model || options->dimension <= 0 ||
        options->dimension > TB_TEMPLATE_MAX_DIMENSION)
        return tb_fail(why, TB_INVALID_ARGUMENT, "directory, profile, model and dimension are needed");
    if (options->former_count < 0 || options->former_count >= TB_MODELS_MAX)
        return tb_fail(why, TB_INVALID_ARGUMENT, "%d former models at most", TB_MODELS_MAX - 1);
    if (!site_is_good(options->site))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a site's name has 1 to %d of a-z, 0-9 and _", TB_SITE_SIZE - 1);
    tb_status status = make_service(options, out);
    if (status == TB_OK)
        status = start(*out, options, why);
    if (status != TB_OK) {
        tb_management_free(out);
        if (!why || !why->status)
            return tb_fail(why, status, "%s: %s", options->directory, tb_status_sentence(status));
    }
    return status;
}

void tb_management_free(tb_management **management)
{
    tb_management *m = *management;
    if (!m)
        return;
    tb_service_lock(m); /* those who wait leave first; the owner has ended all other calls */
    m->stopping = 1;
    pthread_cond_broadcast(&m->changed);
    tb_service_unlock(m);
    int64_t done = atomic_load(&m->outbox_done);
    if (m->db && done > m->outbox_removed && tb_outbox_remove(m->db, done) != TB_OK)
        tb_log(TB_LOG_INFO, "management", "published outbox rows stay and are published again");
    tb_db_watch_free(&m->watch);
    tb_matcher_free(&m->matcher);
    tb_db_free(&m->db);
    for (size_t i = 0; i < m->terminal_count; i++) {
        tb_published_clear(&m->terminals[i]->published);
        tb_secret_free(m->terminals[i]);
    }
    free(m->terminals);
    free(m->moved);
    free(m->time);
    tb_lists_free(&m->lists);
    free(m->retagged);
    free(m->cells);
    free(m->near.touchpoints);
    tb_ids_free(&m->touched);
    tb_ids_free(&m->foreign);
    if (m->old)
        tb_wipe(m->old, m->old_capacity * sizeof *m->old);
    free(m->old);
    tb_ahead_free(&m->ahead);
    free(m->reporters);
    tb_secret_free(m->keys);
    pthread_cond_destroy(&m->changed);
    pthread_cond_destroy(&m->was_read);
    pthread_mutex_destroy(&m->mutex);
    free(m);
    *management = NULL;
}

tb_key tb_management_public_key(const tb_management *management)
{
    return management->keys->own.public_key;
}

void tb_management_alive(tb_management *management)
{
    tb_service_lock(management);
    tb_service_unlock(management);
}

int tb_management_reaches_database(tb_management *m)
{
    uint64_t count;
    if (pthread_mutex_trylock(&m->mutex) == 0) { /* else somebody is at work: as it was when we asked last */
        tb_status status = tb_store_count(m->db, "SELECT count(*) FROM central.site", &count);
        pthread_mutex_unlock(&m->mutex);
        atomic_store(&m->unreached, status != TB_OK);
    }
    return !atomic_load(&m->unreached);
}

tb_key tb_management_trust_key(const tb_management *management)
{
    return management->keys->trust;
}

tb_status tb_management_counts(tb_management *m, tb_counts *out)
{
    *out = (tb_counts){0};
    const struct {
        const char *sql;
        uint64_t *count;
    } questions[] = {{"SELECT count(*) FROM central.person", &out->people},
                     {"SELECT count(*) FROM central.template", &out->templates},
                     {"SELECT count(*) FROM visitor.visit", &out->visitors},
                     {"SELECT count(*) FROM visitor.entry", &out->entries},
                     {"SELECT count(*) FROM central.payment WHERE state = 2", &out->payments},
                     {"SELECT count(*) FROM central.payment WHERE state IN (4, 5)", &out->payments_voided}};
    tb_status status = TB_OK;
    tb_service_lock(m);
    for (size_t i = 0; i < sizeof questions / sizeof *questions && status == TB_OK; i++)
        status = tb_store_count(m->db, questions[i].sql, questions[i].count);
    if (status == TB_OK)
        status = tb_ledger_sum(m->db, &out->ledger_sum);
    int64_t waiting = 0;
    if (status == TB_OK)
        status = tb_outbox_count(m->db, atomic_load(&m->outbox_done), &waiting);
    out->outbox = (uint64_t)waiting;
    out->events_applied = (uint64_t)tb_metric_get(&m->metrics, TB_METRIC_EVENTS_APPLIED);
    out->events_repeated = (uint64_t)tb_metric_get(&m->metrics, TB_METRIC_EVENTS_REPEATED);
    out->events_refused = (uint64_t)tb_metric_get(&m->metrics, TB_METRIC_EVENTS_REFUSED);
    memcpy(out->flight_changes, m->flight_changes, sizeof out->flight_changes);
    tb_service_unlock(m);
    return status;
}
