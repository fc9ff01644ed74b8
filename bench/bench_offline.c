/* bench_offline.c: one terminal without and after a network: a start with a list of 10,000 from its encrypted store,
 * events written durably, an outbox of 100,000 that drains into a real broker while new events and the list go on; and
 * what the server pays for the marks of 1,000 terminals. Templates are random numbers of the real size: nothing here
 * looks at a face. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <tebura/bus.h>
#include <tebura/clock.h>

#include "management/marks.h"
#include "terminal/feed.h"
#include "terminal/link.h"

#include "nats_server.h"

#define ENTRIES 10000
#define EVENTS 100000
#define ON_DISK 500
#define TERMINALS 1000
#define LIST 250
#define MODEL 7
#define DIMENSION 512
#define SITE "site"
#define GATE "gate-1"

typedef struct store_place {
    char directory[64];
    tb_edge_store *store;
    tb_key_pair own;
} store_place;

static tb_key_pair server;
static atomic_ullong heartbeats;

static double now_ms(void)
{
    return (double)tb_clock_monotonic() / 1000;
}

static void need(tb_status status, const char *what)
{
    if (status == TB_OK)
        return;
    fprintf(stderr, "bench_offline: %s: %s\n", what, tb_status_sentence(status));
    exit(1);
}

static double memory_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void place_open(store_place *place, const char *under)
{
    snprintf(place->directory, sizeof place->directory, "%s/tebura-offline-XXXXXX", under);
    if (!mkdtemp(place->directory))
        need(TB_IO, place->directory);
    need(tb_edge_store_open(place->directory, &place->store, NULL), "store");
    need(tb_edge_store_keys(place->store, &place->own), "keys");
    need(tb_edge_store_seal_with(place->store, &place->own.private_key, &server.public_key, GATE,
                                 "tb." SITE ".event." GATE),
         "sealing");
}

static void place_end(store_place *place)
{
    need(tb_edge_store_destroy(&place->store, NULL), "end of the store");
    rmdir(place->directory);
}

/* ---- the list ---- */

static tb_bytes random_template(uint32_t seed)
{
    static tb_template face;
    double length = 0;
    uint32_t state = seed * 2654435761u + 1;
    face = (tb_template){.model = MODEL, .dimension = DIMENSION, .quality = 90};
    for (int i = 0; i < DIMENSION; i++) {
        state = state * 1664525u + 1013904223u;
        face.values[i] = (float)(state >> 8) / 16777216.0f - 0.5f;
        length += face.values[i] * face.values[i];
    }
    for (int i = 0; i < DIMENSION; i++)
        face.values[i] /= (float)sqrt(length);
    tb_bytes out = {0};
    need(tb_template_encode(&face, &out), "template");
    return out;
}

static tb_bytes sealed_entry(const store_place *place, tb_id visit, uint64_t sequence)
{
    tb_entry entry = {.sequence = sequence,
                      .visit = visit,
                      .present = 1,
                      .from = 1,
                      .until = tb_clock_now() + TB_DAY,
                      .template_count = 1,
                      .templates = {random_template((uint32_t)sequence)}};
    char key[TB_SUBJECT_SIZE], text[TB_ID_TEXT_SIZE];
    tb_bytes plain = {0}, sealed = {0};
    need(tb_facts_set_text(&entry.fields, "name", "TRAVELLER/A"), "fields");
    need(tb_facts_set_text(&entry.fields, "seat", "12A"), "fields");
    snprintf(key, sizeof key, GATE ".%s", tb_id_text(visit, text));
    need(tb_entry_encode(&entry, &plain), "entry");
    need(tb_seal_to(&server.private_key, &place->own.public_key, tb_span_text(key), tb_bytes_span(&plain), &sealed),
         "seal");
    tb_bytes_free(&plain);
    tb_entry_free(&entry);
    return sealed;
}

static void fill_list(store_place *place)
{
    tb_sealed_entry *rows = calloc(ENTRIES, sizeof *rows);
    tb_bytes *bodies = calloc(ENTRIES, sizeof *bodies);
    if (!rows || !bodies)
        need(TB_NO_MEMORY, "list");
    for (uint64_t i = 0; i < ENTRIES; i++) {
        tb_id visit = tb_id_random();
        bodies[i] = sealed_entry(place, visit, i + 1);
        rows[i] = (tb_sealed_entry){
            .visit = visit, .sequence = i + 1, .sealed = tb_bytes_span(&bodies[i]), .until = tb_clock_now() + TB_DAY};
    }
    need(tb_edge_store_entries_put(place->store, rows, ENTRIES, 1, ENTRIES), "list into the store");
    for (int i = 0; i < ENTRIES; i++)
        tb_bytes_free(&bodies[i]);
    free(bodies);
    free(rows);
}

static const tb_model *the_model(void)
{
    static tb_model model = {.id = MODEL, .dimension = DIMENSION};
    return &model;
}

/* From the file to a list that can be searched. *processor: of it what was computed, whoever else wanted the
 * machine. */
static double restart_ms(store_place *place, double *processor)
{
    tb_list *list;
    tb_feed *feed;
    size_t count = 0;
    tb_edge_store_free(&place->store);
    double begun = now_ms();
    clock_t used = clock();
    need(tb_edge_store_open(place->directory, &place->store, NULL), "store");
    need(tb_edge_store_keys(place->store, &place->own), "keys");
    need(tb_list_new(the_model(), 1, &list), "list");
    tb_feed_options options = {.list = list,
                               .store = place->store,
                               .own_private = &place->own.private_key,
                               .server_public = &server.public_key,
                               .site = SITE,
                               .touchpoint = GATE};
    need(tb_feed_new(&options, &feed), "feed");
    need(tb_feed_restore(feed, tb_clock_now(), &count), "restore");
    double took = now_ms() - begun;
    *processor = (double)(clock() - used) * 1000 / CLOCKS_PER_SEC;
    if (count != ENTRIES)
        need(TB_INTERNAL, "entries are missing");
    tb_feed_free(&feed);
    tb_list_free(&list);
    need(tb_edge_store_seal_with(place->store, &place->own.private_key, &server.public_key, GATE,
                                 "tb." SITE ".event." GATE),
         "sealing");
    return took;
}

/* ---- the outbox ---- */

static double record_ms(store_place *place, int count)
{
    double begun = now_ms();
    for (int i = 0; i < count; i++) {
        tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = tb_id_random()};
        need(tb_edge_store_record(place->store, &event, tb_clock_now(), NULL), "event");
    }
    return now_ms() - begun;
}

static void answered(void *context, const tb_answer *answer)
{
    (void)context, (void)answer;
}

static void nothing(void *context)
{
    (void)context;
}

static void beat(void *context, tb_heartbeat *out)
{
    (void)context;
    snprintf(out->state, sizeof out->state, "idle");
    atomic_fetch_add(&heartbeats, 1);
}

typedef struct drained {
    double ms, memory, slowest_record_ms;
    int recorded;
} drained;

/* Until the outbox is empty; meanwhile a passage every 20 ms, whose writing must not wait for the rest. */
static drained drain(store_place *place, const char *url)
{
    tb_list *list;
    tb_link *link;
    tb_error why = {0};
    drained out = {0};
    tb_registration registration = {.touchpoint = GATE, .role = "gate", .site = SITE, .server = server.public_key};
    snprintf(registration.nats_url, sizeof registration.nats_url, "%s", url);
    need(tb_list_new(the_model(), 1, &list), "list");
    tb_link_options options = {.store = place->store,
                               .list = list,
                               .registration = &registration,
                               .keys = &place->own,
                               .answered = answered,
                               .changed = nothing,
                               .beat = beat,
                               .offline = TB_TIME_NEVER};
    double begun = now_ms();
    if (tb_link_open(&options, &link, &why) != TB_OK)
        need(why.status, tb_error_text(&why));
    while (tb_edge_store_outbox_count(place->store) > 0) {
        double took = record_ms(place, tb_edge_store_outbox_count(place->store) > 1000);
        out.recorded++;
        out.slowest_record_ms = took > out.slowest_record_ms ? took : out.slowest_record_ms;
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    out.ms = now_ms() - begun;
    out.memory = memory_mib();
    tb_link_free(&link);
    tb_list_free(&list);
    return out;
}

static tb_bus *make_stream(const char *url)
{
    tb_bus *bus;
    int lost;
    tb_bus_options options = {.url = url, .name = "server"};
    need(tb_bus_open(&options, &bus, NULL), "bus");
    for (int tries = 0; tb_bus_site_open(bus, SITE, &lost, NULL) != TB_OK; tries++) {
        if (tries > 100)
            need(TB_TIMEOUT, "the broker");
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
    return bus;
}

/* ---- marks ---- */

/* Sealed marks for all terminals: what the server computes every TB_MARK_EVERY. */
static double marks_ms(double *entry_us)
{
    tb_published *lists = calloc(TERMINALS, sizeof *lists);
    tb_key salt = tb_key_random(), key = tb_key_random();
    if (!lists)
        need(TB_NO_MEMORY, "marks");
    double begun = now_ms();
    for (int t = 0; t < TERMINALS; t++)
        for (uint64_t i = 1; i <= LIST; i++)
            need(tb_published_note(&lists[t], &salt, tb_id_random(), i, 1), "note");
    *entry_us = (now_ms() - begun) * 1000 / (TERMINALS * LIST);
    begun = now_ms();
    for (int t = 0; t < TERMINALS; t++) {
        tb_mark mark = tb_published_mark(&lists[t], &salt, tb_clock_now());
        tb_bytes plain = {0}, sealed = {0};
        need(tb_mark_encode(&mark, &plain), "mark");
        need(tb_seal(&key, tb_span_text("gate-1.00000000000000000000000000000000"), tb_bytes_span(&plain), &sealed),
             "seal");
        tb_bytes_free(&plain);
        tb_bytes_free(&sealed);
    }
    double took = now_ms() - begun;
    for (int t = 0; t < TERMINALS; t++)
        tb_published_clear(&lists[t]);
    free(lists);
    return took;
}

int main(void)
{
    store_place disk, memory;
    nats_server broker = {0};
    if (!nats_server_available()) {
        fprintf(stderr, "bench_offline: there is no nats-server on this machine\n");
        return 77;
    }
    need(tb_crypto_start(), "cryptography");
    server = tb_key_pair_random();
    place_open(&disk, ".");
    double first = record_ms(&disk, ON_DISK);
    fprintf(stderr, "an event written durably, on this disk: %.2f ms (%d of them)\n", first / ON_DISK, ON_DISK);
    fill_list(&disk);
    double processor, restart = restart_ms(&disk, &processor);
    for (int i = 0; i < 4; i++) {
        double work, again = restart_ms(&disk, &work);
        restart = again < restart ? again : restart;
        processor = work < processor ? work : processor;
    }
    fprintf(stderr, "start without network, %d entries: %.0f ms (best of 5), processor time %.0f ms\n", ENTRIES,
            restart, processor);
    place_end(&disk);

    place_open(&memory, "/dev/shm");
    double filled = record_ms(&memory, EVENTS), before = memory_mib();
    fprintf(stderr, "events written without a disk's syncs: %.0f a second\n", EVENTS / filled * 1000);
    nats_server_prepare(&broker);
    nats_server_start(&broker);
    tb_bus *bus = make_stream(broker.url);
    drained out = drain(&memory, broker.url);
    double rate = (EVENTS + out.recorded) / out.ms * 1000;
    fprintf(
        stderr,
        "an outbox of %d drains in %.1f s: %.0f a second, one after the other, each acknowledged by the stream;\n"
        "  memory before %.0f MiB, highest %.0f MiB; %llu heartbeats meanwhile; a new event waited %.1f ms at most\n",
        EVENTS, out.ms / 1000, rate, before, out.memory, (unsigned long long)atomic_load(&heartbeats),
        out.slowest_record_ms);
    tb_bus_free(&bus);
    nats_server_end(&broker);
    place_end(&memory);

    double entry_us, marks = marks_ms(&entry_us);
    fprintf(stderr, "marks of %d terminals, sealed: %.1f ms every %d s; an entry published costs %.2f us more\n",
            TERMINALS, marks, (int)(TB_MARK_EVERY / TB_SECOND), entry_us);
    printf(
        "{\"entries\":%d,\"restart_ms\":%.1f,\"restart_processor_ms\":%.1f,\"event_ms\":%.3f,\"outbox\":%d,\"drain_per_s\":%.0f,\"drain_mib\":%.1f,"
        "\"new_event_waits_ms\":%.2f,\"terminals\":%d,\"marks_ms\":%.2f}\n",
        ENTRIES, restart, processor, first / ON_DISK, EVENTS, rate, out.memory - before, out.slowest_record_ms,
        TERMINALS, marks);
    return 0;
}
