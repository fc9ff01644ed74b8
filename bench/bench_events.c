/* bench_events.c: how many events of terminals the server applies durably in a second, on SQLite and on PostgreSQL side
 * by side: refusals, which are history only, and passages, which take one entry off a list and put five on others; one
 * by one and in batches as the broker delivers them. A real data directory on the disk; every batch is committed with
 * all its syncs. Nothing is published meanwhile. Table on standard error, JSON on standard output. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "feed/feed.h"
#include "management/service.h"

enum { TERMINALS = 400, LARGEST = 256, SIZES = 4, ITEMS = 64 };
static const int sizes[SIZES] = {1, 10, 100, LARGEST}; /* teburad takes the last at most */

typedef struct bed {
    feed_options options;
    feed_site site;
    tb_management *m;
    tb_key *keys;      /* what the entrances seal with */
    uint64_t *numbers; /* of their last events */
    char folder[256];
    int next;      /* who has not passed yet */
    pid_t backend; /* PostgreSQL's process that works for us, when it is on this machine; 0 */
} bed;

typedef struct figure {
    int events;
    double per_second, processor_us, server_us, median_ms, p99_ms;
} figure;

typedef struct figures { /* of one database */
    const char *name;
    figure refusals[SIZES], passages[SIZES], sealed;
} figures;

/* Processor time of this process: tells what the work costs also where the disk or other programs make it wait. */
static double processor_seconds(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* ---- the site ---- */

static void find_backend(bed *b)
{
    int64_t pid = 0;
    if (b->options.database)
        feed_need(tb_db_number(b->m->db, "SELECT pg_catalog.pg_backend_pid()", TB_NO_VALUES, &pid), NULL, "a process");
    b->backend = pid && feed_processor((pid_t)pid) > 0 ? (pid_t)pid : 0;
}

static void open_bed(bed *b, const feed_options *like, const char *database)
{
    *b = (bed){.options = *like};
    b->options.database = database;
    feed_site_init(&b->site, &b->options);
    snprintf(b->folder, sizeof b->folder, "%.200s/tebura-bench-XXXXXX", like->folder);
    feed_need(mkdtemp(b->folder) ? TB_OK : TB_IO, NULL, b->folder);
    b->m = feed_management(&b->site, b->folder);
    b->keys = calloc((size_t)b->site.entrances, sizeof *b->keys);
    b->numbers = calloc((size_t)b->site.entrances, sizeof *b->numbers);
    feed_need(b->keys && b->numbers ? TB_OK : TB_NO_MEMORY, NULL, "keys");
    tb_key server = tb_management_public_key(b->m);
    for (int i = 0; i < b->options.terminals; i++) {
        char code[33];
        tb_touchpoint about;
        tb_key_pair pair = tb_key_pair_random();
        feed_describe(&b->site, i, &about);
        feed_announce(b->m, &about, &pair, code);
        if (i < b->site.entrances)
            feed_need(tb_key_to(&pair.private_key, &server, &b->keys[i]), NULL, "a key");
    }
    feed_fill(&b->site, b->m, 0, b->options.visits);
    find_backend(b);
}

static void close_bed(bed *b)
{
    tb_management_free(&b->m);
    tb_profile_free(&b->site.profile);
    process_remove_tree(b->folder);
    free(b->site.visits);
    free(b->keys);
    free(b->numbers);
}

static tb_sealed_event sealed(bed *b, tb_event_kind kind, int visit, char subject[64], tb_bytes *body)
{
    int entrance = feed_entrance_of(&b->site, visit);
    tb_bytes plain = {0};
    tb_event event = {.id = tb_id_timely(tb_clock_now()),
                      .number = ++b->numbers[entrance],
                      .kind = kind,
                      .visit = b->site.visits[visit],
                      .at = tb_clock_now(),
                      .duration = 300000};
    if (kind == TB_EVENT_REFUSAL) {
        event.visit = (tb_id){{0}};
        snprintf(event.reason, sizeof event.reason, "not_invited");
    }
    feed_event(&b->site, entrance, &event, subject, &plain);
    body->size = 0;
    feed_need(tb_seal(&b->keys[entrance], tb_span_text(subject), tb_bytes_span(&plain), body), NULL, "a seal");
    tb_bytes_free(&plain);
    return (tb_sealed_event){subject, tb_bytes_span(body)};
}

/* ---- measuring ---- */

static figure measure(bed *b, tb_event_kind kind, int batch, int total)
{
    static char subjects[LARGEST][64];
    static tb_bytes bodies[LARGEST];
    tb_sealed_event events[LARGEST];
    int rounds = total / batch;
    figure out = {.events = rounds * batch};
    double *times = calloc((size_t)rounds, sizeof *times), sum = 0, work = 0, theirs = 0;
    feed_need(times ? TB_OK : TB_NO_MEMORY, NULL, "times");
    for (int n = 0; n < rounds; n++) {
        for (int i = 0; i < batch; i++)
            events[i] = sealed(b, kind, kind == TB_EVENT_PASSAGE ? b->next++ : i, subjects[i], &bodies[i]);
        double server = b->backend ? feed_processor(b->backend) : 0;
        double before = processor_seconds(), start = feed_seconds();
        feed_need(tb_management_events(b->m, events, batch), NULL, "events");
        times[n] = (feed_seconds() - start) * 1e3;
        work += processor_seconds() - before;
        theirs += b->backend ? feed_processor(b->backend) - server : 0;
        sum += times[n] / 1e3;
    }
    spread s = spread_of(times, rounds);
    out.per_second = out.events / sum;
    out.processor_us = work * 1e6 / out.events;
    out.server_us = theirs * 1e6 / out.events;
    out.median_ms = s.p50;
    out.p99_ms = s.p99;
    for (int i = 0; i < LARGEST; i++)
        tb_bytes_free(&bodies[i]);
    free(times);
    return out;
}

/* From the call with one passage to the sealed changes of every list that it touches, committed. */
static figure measure_sealed(bed *b, int total)
{
    double *times = calloc((size_t)total, sizeof *times);
    int changes = 0;
    feed_need(times ? TB_OK : TB_NO_MEMORY, NULL, "times");
    for (int n = 0; n < total; n++) {
        char subject[64];
        tb_bytes body = {0};
        tb_outbox_item items[ITEMS];
        int count;
        tb_sealed_event event = sealed(b, TB_EVENT_PASSAGE, b->next++, subject, &body);
        double start = feed_seconds();
        feed_need(tb_management_events(b->m, &event, 1), NULL, "events");
        feed_need(tb_management_outbox(b->m, items, ITEMS, &count), NULL, "outbox");
        times[n] = (feed_seconds() - start) * 1e3;
        for (int i = 0; i < count; i++)
            tb_bytes_free(&items[i].sealed);
        changes += count;
        tb_bytes_free(&body);
        (void)feed_drain(b->m);
    }
    feed_need(changes == total * (FEED_DOORS + 1) ? TB_OK : TB_INTERNAL, NULL, "a passage changes six lists");
    spread s = spread_of(times, total);
    free(times);
    return (figure){.events = total, .median_ms = s.p50, .p99_ms = s.p99};
}

static void note(const char *database, const char *what, int batch, const figure *f)
{
    fprintf(stderr, "%-12s %-10s %6d %8d %14.0f %12.2f %12.2f %10.0f %10.0f\n", database, what, batch, f->events,
            f->per_second, f->median_ms, f->p99_ms, f->processor_us, f->server_us);
}

static figures measure_database(const feed_options *options, const char *name, const char *url)
{
    bed b;
    tb_error why = {0};
    figures f = {.name = name};
    int most = (options->visits - options->visits / 50) / SIZES;
    open_bed(&b, options, url);
    (void)feed_drain(b.m);
    for (int i = 0; i < SIZES; i++) {
        int total = i == 0 && most > 500 ? 500 : i == 1 && most > 2000 ? 2000 : most;
        f.refusals[i] = measure(&b, TB_EVENT_REFUSAL, sizes[i], total);
        note(name, "refusals", sizes[i], &f.refusals[i]);
        f.passages[i] = measure(&b, TB_EVENT_PASSAGE, sizes[i], total);
        note(name, "passages", sizes[i], &f.passages[i]);
        (void)feed_drain(b.m);
    }
    f.sealed = measure_sealed(&b, options->visits / 50);
    fprintf(stderr, "%-12s one passage to the sealed changes of its six lists: median %.2f ms, p99 %.2f ms\n", name,
            f.sealed.median_ms, f.sealed.p99_ms);
    feed_need(tb_management_check(b.m, &why), &why, "every list as computed anew");
    close_bed(&b);
    return f;
}

static json_t *figures_json(const figures *f)
{
    json_t *kinds[2] = {json_array(), json_array()};
    for (int i = 0; i < 2 * SIZES; i++) {
        const figure *one = i < SIZES ? &f->refusals[i] : &f->passages[i - SIZES];
        json_array_append_new(kinds[i / SIZES],
                              json_pack("{s:i, s:i, s:f, s:f, s:f, s:f, s:f}", "batch", sizes[i % SIZES], "events",
                                        one->events, "per_second", one->per_second, "processor_us_per_event",
                                        one->processor_us, "server_us_per_event", one->server_us, "median_ms",
                                        one->median_ms, "p99_ms", one->p99_ms));
    }
    return json_pack("{s:s, s:o, s:o, s:{s:f, s:f}}", "database", f->name, "refusals", kinds[0], "passages", kinds[1],
                     "passage_to_sealed", "median_ms", f->sealed.median_ms, "p99_ms", f->sealed.p99_ms);
}

static void compare(const figures *files, const figures *server)
{
    fprintf(stderr, "\nPostgreSQL / SQLite, events a second\n%6s %10s %10s\n", "batch", "refusals", "passages");
    for (int i = 0; i < SIZES; i++)
        fprintf(stderr, "%6d %10.2f %10.2f\n", sizes[i], server->refusals[i].per_second / files->refusals[i].per_second,
                server->passages[i].per_second / files->passages[i].per_second);
}

static void usage(FILE *out)
{
    fputs(
        "usage: tebura bench events [--quick] [--visits N] [--folder DIR] [--database URL]\n\n"
        "Events of terminals, applied durably: on SQLite, and with --database on PostgreSQL, too.\n\n"
        "  --quick         2000 visits, seconds\n"
        "  --visits N      1000 to 200000 (20000); all but a fiftieth of them pass once\n"
        "  --folder DIR    the disk that the files shall lie on (., or $TMPDIR)\n"
        "  --database URL  an empty PostgreSQL database of this address; it is measured after SQLite\n\n"
        "our us: processor time of this process for an event; server us: of PostgreSQL's process behind the connection.\n",
        out);
}

static const char *read_options(int argc, char **argv, feed_options *out)
{
    static const struct option names[] = {
        {"quick", no_argument, NULL, 'q'},        {"visits", required_argument, NULL, 'v'},
        {"folder", required_argument, NULL, 'f'}, {"database", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},         {0}};
    const char *folder = getenv("TMPDIR"), *database = NULL;
    *out = (feed_options){.terminals = TERMINALS, .visits = 20000, .folder = folder && *folder ? folder : "."};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (c == 'q')
            out->visits = 2000;
        else if (c == 'v')
            out->visits = atoi(optarg);
        else if (c == 'f')
            out->folder = optarg;
        else if (c == 'd')
            database = optarg;
        else {
            usage(c == 'h' ? stdout : stderr);
            exit(c == 'h' ? 0 : 2);
        }
    }
    if (out->visits < 1000 || out->visits > 200000 || optind < argc) {
        usage(stderr);
        exit(2);
    }
    return database;
}

int main(int argc, char **argv)
{
    feed_options options;
    figures found[2];
    const char *database = read_options(argc, argv, &options);
    (void)setenv("TEBURA_LOG", "error", 0);
    feed_need(tb_crypto_start(), NULL, "the crypto library");
    fprintf(stderr, "%d visits, %d terminals, %s\n%-12s %-10s %6s %8s %14s %12s %12s %10s %10s\n", options.visits,
            options.terminals, options.folder, "database", "events", "batch", "number", "a second", "median ms",
            "p99 ms", "our us", "server us");
    found[0] = measure_database(&options, "SQLite", NULL);
    if (database) {
        found[1] = measure_database(&options, "PostgreSQL", database);
        compare(&found[0], &found[1]);
    }
    json_t *all = json_array();
    for (int i = 0; i < (database ? 2 : 1); i++)
        json_array_append_new(all, figures_json(&found[i]));
    json_t *out =
        json_pack("{s:i, s:i, s:o}", "visits", options.visits, "terminals", options.terminals, "databases", all);
    json_dumpf(out, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(out);
    return 0;
}
