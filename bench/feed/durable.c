/* durable.c: how many events the server applies durably in a second: the events wait in the stream while the server is
 * stopped; time runs from the moment it goes on until all are applied, which is after their commits. */
#include "feed/feed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/db.h"

enum { PATIENCE = 120 };

json_t *feed_counts(feed_bench *b)
{
    http_reply reply = {0};
    tb_error why = {0};
    feed_need(http_call(b->http, "GET", "/api/v1/counts", NULL, 30, &reply, &why), &why, "counts");
    return reply.body;
}

static json_int_t count_of(feed_bench *b, const char *name)
{
    json_t *counts = feed_counts(b);
    json_int_t value = json_integer_value(json_object_get(counts, name));
    json_decref(counts);
    return value;
}

typedef struct sender {
    feed_bench *bench;
    const int *visits; /* who passes; NULL: refusals */
    int entrance, count;
} sender;

static void *send_all(void *context)
{
    const sender *s = context;
    const feed_site *site = &s->bench->site;
    crowd_terminal *t = &s->bench->crowd.terminals[s->entrance];
    for (int i = 0; i < s->count; i++) {
        tb_event refusal = {.kind = TB_EVENT_REFUSAL, .reason = "not_invited", .duration = 300000};
        if (!s->visits)
            feed_need(tb_edge_store_record(t->store, &refusal, tb_clock_now(), NULL), NULL, "an event");
        else if (feed_entrance_of(site, s->visits[i]) == s->entrance)
            crowd_pass(t, site->visits[s->visits[i]]);
    }
    tb_link_wake(t->link);
    while (tb_edge_store_outbox_count(t->store)) /* the stream has them all */
        usleep(1000);
    return NULL;
}

static void store_events(feed_bench *b, int count, const int *visits)
{
    pthread_t threads[FEED_ENTRANCES_MAX];
    sender senders[FEED_ENTRANCES_MAX];
    int entrances = b->site.entrances;
    for (int i = 0; i < entrances; i++) {
        senders[i] = (sender){b, visits, i, visits ? count : count / entrances};
        feed_need(pthread_create(&threads[i], NULL, send_all, &senders[i]) == 0 ? TB_OK : TB_NO_MEMORY, NULL,
                  "a thread");
    }
    for (int i = 0; i < entrances; i++)
        pthread_join(threads[i], NULL);
}

static json_t *measure(feed_bench *b, const char *what, int passes)
{
    int entrances = b->site.entrances, count = b->options.events / entrances * entrances;
    const int *visits = passes ? b->passed + b->passed_count : NULL;
    for (int i = 0; passes && i < count; i++)
        if (feed_next_to_enter(b) < 0)
            count = i;
    feed_need(count ? TB_OK : TB_INVALID_ARGUMENT, NULL, "there are not enough visits for these events");
    json_int_t before = count_of(b, "events_applied");
    feed_need(kill(b->server.pid, SIGSTOP) == 0 ? TB_OK : TB_IO, NULL, "the server");
    store_events(b, count, visits);
    double work = feed_processor(b->server.pid), begin = feed_seconds(), applied = 0, listed = 0;
    feed_need(kill(b->server.pid, SIGCONT) == 0 ? TB_OK : TB_IO, NULL, "the server");
    while (!listed) {
        double now = feed_seconds() - begin;
        if (!applied && count_of(b, "events_applied") - before >= count)
            applied = feed_seconds() - begin;
        if (applied && count_of(b, "outbox") == 0)
            listed = feed_seconds() - begin;
        feed_need(now < PATIENCE ? TB_OK : TB_TIMEOUT, NULL, "events that are not applied");
        usleep(10000);
    }
    work = feed_processor(b->server.pid) - work;
    fprintf(stderr, "%-44s %8d %14.0f %12.2f %14.2f\n", what, count, count / applied, listed, work * 1e3 / count);
    return json_pack("{s:i, s:f, s:f, s:f}", "events", count, "per_second", count / applied, "seconds_to_lists", listed,
                     "processor_ms", work * 1e3 / count);
}

json_t *feed_durable(feed_bench *b)
{
    fprintf(stderr, "\n%-44s %8s %14s %12s %14s\n", "events that waited, applied durably", "number", "per second",
            "s to lists", "server ms each");
    json_t *refusals = measure(b, "refusals: history only", 0);
    json_t *passages = measure(b, "passages: one list loses, five gain an entry", 1);
    return json_pack("{s:o, s:o}", "refusals", refusals, "passages", passages);
}

/* ---- what a commit costs without our work ---- */

static double commits_a_second(tb_db *db, int both, int count)
{
    double begin = feed_seconds();
    for (int i = 0; i < count; i++) {
        tb_status status = tb_db_begin(db);
        if (status == TB_OK)
            status = tb_db_run(db, "UPDATE central.floor SET n = n + 1", TB_NO_VALUES, NULL);
        if (status == TB_OK && both)
            status = tb_db_run(db, "UPDATE visitor.floor SET n = n + 1", TB_NO_VALUES, NULL);
        feed_need(status == TB_OK ? tb_db_commit(db) : status, NULL, "a commit");
    }
    return count / (feed_seconds() - begin);
}

json_t *feed_commits(const feed_options *options)
{
    char folder[256];
    tb_error why = {0};
    tb_key keys[2] = {tb_key_random(), tb_key_random()};
    tb_db *db;
    snprintf(folder, sizeof folder, "%.200s/tebura-commits-XXXXXX", options->folder);
    feed_need(mkdtemp(folder) ? TB_OK : TB_IO, NULL, folder);
    tb_db_options about = {.directory = folder, .central = &keys[0], .visitor = &keys[1], .busy_ms = 500};
    feed_need(tb_db_open(&about, &db, &why), &why, "a database");
    feed_need(tb_db_script(db,
                           "CREATE TABLE central.floor (n INTEGER); INSERT INTO central.floor VALUES (1);"
                           "CREATE TABLE visitor.floor (n INTEGER); INSERT INTO visitor.floor VALUES (1);",
                           &why),
              &why, "a table");
    int count = options->quick ? 30 : 300;
    double one = commits_a_second(db, 0, count), two = commits_a_second(db, 1, count);
    tb_db_free(&db);
    process_remove_tree(folder);
    fprintf(stderr, "\nfloor: commits of one number: %.0f a second in one file, %.0f in both (%.1f ms each)\n", one,
            two, 1e3 / two);
    return json_pack("{s:f, s:f}", "one_file_per_second", one, "both_files_per_second", two);
}
