/* edge.db: what must survive a restart, numbers without gaps, payments closed or voided once, bad files told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "terminal/edge_store.h"

static const char subject[] = "tb.site.event.gate-1";

struct place {
    char directory[64];
    tb_key_pair server;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    strcpy(place->directory, "/tmp/tebura-edge-XXXXXX");
    *state = place;
    if (tb_crypto_start() != TB_OK || !mkdtemp(place->directory))
        return -1;
    place->server = tb_key_pair_random();
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    DIR *folder = opendir(place->directory);
    char path[400];
    for (struct dirent *item; folder && (item = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", place->directory, item->d_name);
        (void)unlink(path);
    }
    closedir(folder);
    rmdir(place->directory);
    free(place);
    return 0;
}

static tb_edge_store *open_store(const struct place *place)
{
    tb_edge_store *store;
    tb_error why = {0};
    if (tb_edge_store_open(place->directory, &store, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    tb_key_pair own;
    assert_int_equal(tb_edge_store_keys(store, &own), TB_OK);
    assert_int_equal(tb_edge_store_seal_with(store, &own.private_key, &place->server.public_key, "gate-1", subject),
                     TB_OK);
    return store;
}

static tb_event open_event(const struct place *place, tb_edge_store *store, uint64_t after)
{
    uint64_t number;
    tb_id id;
    tb_bytes sealed = {0}, plain = {0};
    tb_key_pair own;
    tb_event event;
    assert_int_equal(tb_edge_store_keys(store, &own), TB_OK);
    assert_int_equal(tb_edge_store_outbox_next(store, after, &number, &id, &sealed), TB_OK);
    assert_int_equal(tb_open_from(&place->server.private_key, &own.public_key, tb_span_text(subject),
                                  tb_bytes_span(&sealed), &plain),
                     TB_OK);
    assert_int_equal(tb_event_decode(tb_bytes_span(&plain), &event, NULL), TB_OK);
    assert_int_equal(event.number, number);
    assert_true(tb_id_equal(event.id, id));
    tb_bytes_free(&sealed);
    tb_bytes_free(&plain);
    return event;
}

static void events_survive_and_numbers_go_on(void **state)
{
    struct place *place = *state;
    tb_edge_store *store = open_store(place);
    for (int i = 0; i < 3; i++) {
        tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = tb_id_random()};
        assert_int_equal(tb_edge_store_record(store, &event, TB_DAY * 20000, NULL), TB_OK);
        assert_int_equal(event.number, i + 1);
    }
    assert_int_equal(tb_edge_store_outbox_done(store, 1), TB_OK);
    tb_edge_store_free(&store);
    store = open_store(place);
    assert_int_equal(tb_edge_store_outbox_count(store), 2);
    tb_event event = open_event(place, store, 0);
    assert_int_equal(event.number, 2);
    assert_string_equal(event.touchpoint, "gate-1");
    assert_int_equal(event.at, TB_DAY * 20000);
    assert_int_equal(open_event(place, store, 2).number, 3);
    assert_int_equal(tb_edge_store_outbox_done(store, 2), TB_OK);
    assert_int_equal(tb_edge_store_outbox_done(store, 3), TB_OK);
    tb_edge_store_free(&store);
    store = open_store(place); /* also when the outbox was empty */
    tb_event next = {.kind = TB_EVENT_REFUSAL, .reason = "too_early"};
    assert_int_equal(tb_edge_store_record(store, &next, 1, NULL), TB_OK);
    assert_int_equal(next.number, 4);
    tb_edge_store_free(&store);
}

static void registration_and_keys_stay(void **state)
{
    struct place *place = *state;
    tb_edge_store *store = open_store(place);
    tb_registration in = {.touchpoint = "gate-1",
                          .role = "boarding",
                          .zone = "airside",
                          .site = "airport",
                          .nats_url = "nats://127.0.0.1:4222",
                          .model = 9,
                          .dimension = 512},
                    out;
    in.server = place->server.public_key;
    assert_int_equal(tb_facts_set_text(&in.attributes, "gate", "12"), TB_OK);
    assert_int_equal(tb_edge_store_registration(store, &out), TB_NOT_FOUND);
    assert_int_equal(tb_edge_store_register(store, &in), TB_OK);
    tb_key_pair first, again;
    assert_int_equal(tb_edge_store_keys(store, &first), TB_OK);
    tb_edge_store_free(&store);
    store = open_store(place);
    assert_int_equal(tb_edge_store_registration(store, &out), TB_OK);
    assert_string_equal(out.nats_url, in.nats_url);
    assert_string_equal(tb_facts_text(&out.attributes, "gate"), "12");
    assert_int_equal(out.dimension, 512);
    assert_int_equal(tb_edge_store_keys(store, &again), TB_OK);
    assert_memory_equal(&first, &again, sizeof first);
    tb_edge_store_free(&store);
}

static void a_payment_is_closed_or_voided_once(void **state)
{
    struct place *place = *state;
    tb_edge_store *store = open_store(place);
    tb_id a = tb_id_random(), b = tb_id_random(), c = tb_id_random(), visit = tb_id_random();
    int open, voided;
    assert_int_equal(tb_edge_store_payment_keep(store, a, visit, 1), TB_OK);
    assert_int_equal(tb_edge_store_payment_keep(store, a, visit, 1), TB_EXISTS);
    assert_int_equal(tb_edge_store_payment_keep(store, b, visit, 1), TB_OK);
    assert_int_equal(tb_edge_store_payment_keep(store, c, visit, 1), TB_OK);
    assert_int_equal(tb_edge_store_payment_close(store, a), TB_OK);
    tb_event event = {.kind = TB_EVENT_PAYMENT_VOID, .visit = visit};
    char text[TB_ID_TEXT_SIZE];
    assert_int_equal(tb_facts_set_text(&event.facts, "payment", tb_id_text(b, text)), TB_OK);
    assert_int_equal(tb_edge_store_payment_void(store, a, &event, 2), TB_NOT_FOUND); /* closed */
    assert_int_equal(tb_edge_store_payment_void(store, b, &event, 2), TB_OK);
    assert_int_equal(tb_edge_store_payment_void(store, b, &event, 2), TB_NOT_FOUND); /* once */
    assert_int_equal(tb_edge_store_outbox_count(store), 1);
    tb_edge_store_free(&store);
    store = open_store(place);
    assert_int_equal(tb_edge_store_payments_void(store, 3, &voided), TB_OK);
    assert_int_equal(voided, 1);
    tb_event last = open_event(place, store, 1);
    assert_string_equal(tb_facts_text(&last.facts, "payment"), tb_id_text(c, text));
    assert_int_equal(tb_edge_store_payments_void(store, 3, &voided), TB_OK);
    assert_int_equal(voided, 0);
    assert_int_equal(tb_edge_store_payments_open(store, &open), TB_OK);
    assert_int_equal(open, 0);
    tb_edge_store_free(&store);
}

struct seen {
    int count, dropped;
    uint64_t sequences;
};

static tb_status see(void *context, const tb_sealed_entry *entry)
{
    struct seen *seen = context;
    seen->count++;
    seen->dropped += entry->dropped;
    seen->sequences += entry->sequence;
    assert_int_equal(entry->sealed.size, entry->dropped ? 0 : 5);
    return TB_OK;
}

static void entries_as_received(void **state)
{
    struct place *place = *state;
    tb_edge_store *store = open_store(place);
    tb_sealed_entry entries[3];
    for (int i = 0; i < 3; i++)
        entries[i] =
            (tb_sealed_entry){.visit = tb_id_random(), .sequence = (uint64_t)i + 1, .sealed = tb_span_of("seal!", 5)};
    assert_int_equal(tb_edge_store_entries_put(store, entries, 3, 0, 0), TB_OK);
    tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = entries[1].visit};
    tb_drop drop = {entries[1].visit, 2};
    assert_int_equal(tb_edge_store_record(store, &event, 1, &drop), TB_OK); /* event and entry in one transaction */
    assert_int_equal(tb_edge_store_entries_put(store, entries, 3, 1, 0),
                     TB_OK); /* a snapshot that was read before: it stays used up */
    entries[0].sealed = tb_span_of(NULL, 0);
    assert_int_equal(tb_edge_store_entries_put(store, entries, 1, 0, 77), TB_OK);
    tb_edge_store_free(&store);
    store = open_store(place);
    struct seen seen = {0};
    uint64_t sequence;
    assert_int_equal(tb_edge_store_entries(store, see, &seen), TB_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.dropped, 1);
    assert_int_equal(seen.sequences, 5);
    assert_int_equal(tb_edge_store_sequence(store, &sequence), TB_OK);
    assert_int_equal(sequence, 77);
    assert_int_equal(tb_edge_store_entries_put(store, &entries[2], 1, 1, 0), TB_OK); /* the whole list is this one */
    seen = (struct seen){0};
    assert_int_equal(tb_edge_store_entries(store, see, &seen), TB_OK);
    assert_int_equal(seen.count, 1);
    tb_edge_store_free(&store);
}

/* The courier has not written the entry yet when it is used up. */
static void used_up_before_it_was_written(void **state)
{
    struct place *place = *state;
    tb_edge_store *store = open_store(place);
    tb_sealed_entry entry = {.visit = tb_id_random(), .sequence = 5, .sealed = tb_span_of("seal!", 5)};
    tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = entry.visit};
    tb_drop drop = {entry.visit, 5};
    struct seen seen = {0};
    assert_int_equal(tb_edge_store_record(store, &event, 1, &drop), TB_OK);
    assert_int_equal(tb_edge_store_entries_put(store, &entry, 1, 0, 0), TB_OK);
    assert_int_equal(tb_edge_store_entries(store, see, &seen), TB_OK);
    assert_int_equal(seen.dropped, 1);
    entry.sequence = 6; /* the server says something newer */
    assert_int_equal(tb_edge_store_entries_put(store, &entry, 1, 0, 0), TB_OK);
    seen = (struct seen){0};
    assert_int_equal(tb_edge_store_entries(store, see, &seen), TB_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.dropped, 0);
    assert_int_equal(tb_edge_store_record(store, &event, 1, &(tb_drop){entry.visit, 6}), TB_OK);
    assert_int_equal(tb_edge_store_entries_put(store, NULL, 0, 1, 0),
                     TB_OK); /* the server took it off: nothing is left to remember */
    seen = (struct seen){0};
    assert_int_equal(tb_edge_store_entries(store, see, &seen), TB_OK);
    assert_int_equal(seen.count, 0);
    tb_edge_store_free(&store);
}

/* They are written in the order of the table; of one visit the later value stays. */
static void a_batch_in_any_order(void **state)
{
    enum { MANY = 300 };
    struct place *place = *state;
    tb_edge_store *store = open_store(place);
    tb_sealed_entry entries[2 * MANY];
    struct seen seen = {0};
    for (int i = 0; i < MANY; i++) {
        tb_id visit = tb_id_random();
        entries[i] = (tb_sealed_entry){.visit = visit, .sequence = 1, .sealed = tb_span_of("seal!", 5)};
        entries[MANY + i] = (tb_sealed_entry){.visit = visit, .sequence = 3, .sealed = tb_span_of("seal!", 5)};
    }
    assert_int_equal(tb_edge_store_entries_put(store, entries, 2 * MANY, 1, 3), TB_OK);
    assert_int_equal(tb_edge_store_entries(store, see, &seen), TB_OK);
    assert_int_equal(seen.count, MANY);
    assert_int_equal(seen.sequences, 3 * MANY);
    tb_edge_store_free(&store);
}

static void bad_files_are_told_apart(void **state)
{
    struct place *place = *state;
    tb_edge_store *store = open_store(place), *second;
    tb_error why = {0};
    char key[128], db[128];
    snprintf(key, sizeof key, "%s/edge.key", place->directory);
    snprintf(db, sizeof db, "%s/edge.db", place->directory);
    struct stat about;
    assert_int_equal(stat(db, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(tb_edge_store_open(place->directory, &second, &why), TB_DB_LOCKED);
    assert_null(second);
    tb_edge_store_free(&store);

    tb_bytes was = {0};
    assert_int_equal(tb_file_read(key, 1000, &was, NULL), TB_OK);
    assert_int_equal(unlink(key), 0); /* a new key file is made: it is the wrong one */
    assert_int_equal(tb_edge_store_open(place->directory, &store, &why), TB_DB_KEY);
    assert_non_null(strstr(tb_error_text(&why), "key"));
    assert_int_equal(tb_file_write(key, tb_bytes_span(&was), NULL), TB_OK);
    assert_int_equal(chmod(key, 0644), 0);
    assert_int_equal(tb_edge_store_open(place->directory, &store, &why), TB_FORBIDDEN);
    assert_int_equal(chmod(key, 0600), 0);
    store = open_store(place);
    tb_edge_store_free(&store);
    tb_bytes_free(&was);
    assert_int_equal(tb_edge_store_open("/proc/nowhere", &store, &why), TB_IO);
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(events_survive_and_numbers_go_on),   WITH_PLACE(registration_and_keys_stay),
        WITH_PLACE(a_payment_is_closed_or_voided_once), WITH_PLACE(entries_as_received),
        WITH_PLACE(used_up_before_it_was_written),      WITH_PLACE(a_batch_in_any_order),
        WITH_PLACE(bad_files_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
