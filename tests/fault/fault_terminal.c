/* The Nth allocation, database call or bus call of a terminal fails: an error each time, nothing lost, nothing half
 * done, nothing leaked, and the same again succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tebura/bus.h>
#include <tebura/secret.h>

#include "faces_made.h"
#include "fault_wrap.h"
#include "nats_server.h"
#include "terminal/feed.h"
#include "terminal/link.h"
#include "terminal/zone.h"

#define SUBJECT "tb.airport.event.gate-1"
#define LOOPS 2000 /* far more calls than any of these makes */

static char directory[64];
static tb_key_pair server_keys, own;

static void remove_directory(void)
{
    DIR *folder = opendir(directory);
    char path[400];
    for (struct dirent *item; folder && (item = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", directory, item->d_name);
        (void)unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(directory);
}

static tb_edge_store *open_store(void)
{
    tb_edge_store *store;
    tb_error why = {0};
    if (tb_edge_store_open(directory, &store, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    assert_int_equal(tb_edge_store_keys(store, &own), TB_OK);
    assert_int_equal(tb_edge_store_seal_with(store, &own.private_key, &server_keys.public_key, "gate-1", SUBJECT),
                     TB_OK);
    return store;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/tebura-fault-XXXXXX");
    server_keys = tb_key_pair_random();
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    remove_directory();
    return 0;
}

/* ---- the store ---- */

static const fault_class classes[] = {FAULT_MEMORY, FAULT_DATABASE};
static const int answers[] = {0, SQLITE_FULL};

static void opening(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++)
        for (int fresh = 0; fresh < 2; fresh++)
            for (int n = 1; n < LOOPS; n++) {
                if (fresh) {
                    remove_directory();
                    assert_int_equal(set_up(NULL), 0);
                }
                size_t held = tb_secret_held();
                tb_edge_store *store = NULL;
                tb_error why = {0};
                fault_arm(classes[c], n);
                tb_status status = tb_edge_store_open(directory, &store, &why);
                fault_disarm();
                assert_true((status == TB_OK) == (store != NULL));
                if (status == TB_OK)
                    tb_edge_store_free(&store);
                else
                    assert_true(tb_error_text(&why)[0]);
                assert_int_equal(tb_secret_held(), held);
                if (!fault_fired()) {
                    assert_int_equal(status, TB_OK);
                    print_message("opening, class %d: %d calls\n", c, n - 1);
                    assert_true(n > 2); /* there were calls to fail */
                    break;
                }
            }
    tb_edge_store *store = open_store();
    tb_edge_store_free(&store);
}

struct counts {
    uint64_t outbox, last;
    int open;
};

static struct counts count(tb_edge_store *store)
{
    struct counts counts = {.outbox = tb_edge_store_outbox_count(store)};
    assert_int_equal(tb_edge_store_payments_open(store, &counts.open), TB_OK);
    for (;;) {
        tb_bytes sealed = {0};
        tb_id id;
        tb_status status = tb_edge_store_outbox_next(store, counts.last, &counts.last, &id, &sealed);
        tb_bytes_free(&sealed);
        if (status != TB_OK)
            return counts;
    }
}

/* Each failing call leaves events, numbers and open payments as they were; the successful one changes them once (E1,
 * E2). */
static void recording(void **state)
{
    (void)state;
    tb_edge_store *store = open_store();
    for (int c = 0; c < 2; c++)
        for (int full = 0; full < 2; full++)
            for (int n = 1; n < LOOPS; n++) {
                struct counts before = count(store);
                tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = made_visit(1)};
                tb_drop drop = {made_visit(1), 3};
                fault_answer(FAULT_DATABASE, answers[full]);
                fault_arm(classes[c], n);
                tb_status status = tb_edge_store_record(store, &event, 5, &drop);
                fault_disarm();
                struct counts after = count(store);
                if (!fault_fired()) {
                    assert_int_equal(status, TB_OK);
                    assert_int_equal(after.outbox, before.outbox + 1);
                    assert_int_equal(after.last, before.last + 1); /* no gap */
                    print_message("recording, class %d: %d calls\n", c, n - 1);
                    assert_true(n > 2);
                    break;
                }
                if (c == 1 && full && status != TB_OK)
                    assert_int_equal(status, TB_DISK_FULL);
                assert_int_equal(after.outbox, before.outbox + (status == TB_OK));
                assert_int_equal(after.last, before.last + (status == TB_OK));
            }
    tb_edge_store_free(&store);
    store = open_store();
    assert_true(count(store).outbox >= 4);
    tb_edge_store_free(&store);
}

static void paying(void **state)
{
    (void)state;
    tb_edge_store *store = open_store();
    char text[TB_ID_TEXT_SIZE];
    for (int c = 0; c < 2; c++)
        for (int n = 1; n < LOOPS; n++) {
            struct counts before = count(store);
            tb_id payment = tb_id_random();
            tb_event event = {.kind = TB_EVENT_PAYMENT_VOID, .visit = made_visit(1)};
            assert_int_equal(tb_facts_set_text(&event.facts, "payment", tb_id_text(payment, text)), TB_OK);
            fault_arm(classes[c], n);
            tb_status kept = tb_edge_store_payment_keep(store, payment, made_visit(1), 1);
            tb_status voided = kept == TB_OK ? tb_edge_store_payment_void(store, payment, &event, 2) : TB_OK;
            fault_disarm();
            struct counts after = count(store);
            int fired = fault_fired();
            assert_int_equal(after.open,
                             before.open +
                                 (kept == TB_OK && voided != TB_OK)); /* open or voided, never both, never neither */
            assert_int_equal(after.outbox, before.outbox + (kept == TB_OK && voided == TB_OK));
            if (kept == TB_OK && voided != TB_OK)
                assert_int_equal(tb_edge_store_payment_void(store, payment, &event, 2), TB_OK); /* the same again */
            if (!fired)
                break;
        }
    int voided = -1;
    for (int i = 0; i < 3; i++)
        assert_int_equal(tb_edge_store_payment_keep(store, tb_id_random(), made_visit(2), 1), TB_OK);
    for (int n = 1; n < LOOPS && voided != 3; n++) { /* at the start after a crash: all of them or none */
        uint64_t outbox = tb_edge_store_outbox_count(store);
        fault_arm(FAULT_DATABASE, n);
        tb_status status = tb_edge_store_payments_void(store, 9, &voided);
        fault_disarm();
        assert_int_equal(voided, status == TB_OK ? 3 : 0);
        assert_int_equal(tb_edge_store_outbox_count(store), outbox + (uint64_t)voided);
    }
    assert_int_equal(voided, 3);
    tb_edge_store_free(&store);
}

/* ---- the list ---- */

static void listing(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_list *list = NULL;
    for (int n = 1; !list; n++) {
        fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_list_new(&made_model, 1, &list);
        fault_disarm();
        assert_true((status == TB_OK) == (list != NULL));
    }
    for (uint32_t who = 1; who <= 60; who++) { /* the table grows on the way */
        tb_entry entry = made_entry(who, who, 0, TB_TIME_NEVER);
        for (int n = 1; n < LOOPS; n++) {
            size_t before = tb_list_count(list);
            int changed;
            fault_arm(FAULT_MEMORY, n);
            tb_status status = tb_list_apply(list, &entry, &changed);
            fault_disarm();
            if (!fault_fired() || status == TB_OK) {
                assert_int_equal(status, TB_OK);
                assert_true(tb_list_has(list, made_visit(who)));
                break;
            }
            assert_int_equal(status, TB_NO_MEMORY);
            assert_int_equal(tb_list_count(list), before); /* nothing changed */
        }
        tb_entry_free(&entry);
    }
    tb_template *probe = tb_secret_alloc(sizeof *probe);
    made_face_again(7, 0.8f, 1, probe);
    for (int n = 1; n < LOOPS; n++) {
        tb_list_match match;
        fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_list_identify(list, 0, probe, 1, 1, &match);
        fault_disarm();
        if (status == TB_OK)
            assert_int_equal(match.identity, TB_THIS_PERSON);
        else
            assert_int_equal(match.identity, TB_NOBODY); /* a failure admits nobody */
        if (!fault_fired())
            break;
    }
    tb_secret_free(probe);
    tb_list_free(&list);
    assert_int_equal(tb_secret_held(), held);
}

static void watching(void **state)
{
    (void)state;
    for (int n = 1; n < LOOPS; n++) {
        tb_zone *zone = NULL;
        fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_zone_new(NULL, &zone);
        fault_disarm();
        assert_true((status == TB_OK) == (zone != NULL));
        tb_zone_free(&zone);
        if (!fault_fired())
            return;
    }
}

/* ---- the link: the broker's calls fail now and then, and no event is lost or comes twice ---- */

static atomic_int arrived, opened;

static tb_status apply(void *context, const tb_delivery *deliveries, int count)
{
    (void)context, (void)deliveries;
    atomic_fetch_add(&arrived, count);
    return TB_OK;
}

static void answered(void *context, const tb_answer *answer)
{
    (void)context, (void)answer;
    atomic_fetch_add(&opened, 1);
}

static void changed(void *context)
{
    (void)context;
}

static void beat(void *context, tb_heartbeat *out)
{
    (void)context, (void)out;
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 5000000}, NULL);
}

static void publishing(void **state)
{
    (void)state;
    if (!nats_server_available())
        skip();
    nats_server broker;
    nats_server_prepare(&broker);
    nats_server_start(&broker);
    tb_bus *bus;
    tb_bus_subscription *events;
    int lost = 0;
    assert_int_equal(tb_bus_open(&(tb_bus_options){.url = broker.url}, &bus, NULL), TB_OK);
    while (tb_bus_site_open(bus, "airport", &lost, NULL) != TB_OK)
        nap();
    assert_int_equal(tb_bus_events_follow(bus, "airport", 50, apply, NULL, &events), TB_OK);
    tb_edge_store *store = open_store();
    tb_list *list;
    tb_link *link;
    assert_int_equal(tb_list_new(&made_model, 1, &list), TB_OK);
    tb_registration registration = {
        .touchpoint = "gate-1", .role = "boarding", .site = "airport", .server = server_keys.public_key};
    snprintf(registration.nats_url, sizeof registration.nats_url, "%s", broker.url);
    tb_link_options options = {store, list, &registration, &own,          answered, changed,
                               beat,  NULL, NULL,          TB_TIME_NEVER, NULL,     NULL};
    assert_int_equal(tb_link_open(&options, &link, NULL), TB_OK);
    const int all = 40;
    for (int i = 0; i < all; i++) {
        tb_event event = {.kind = TB_EVENT_REFUSAL, .reason = "too_early"};
        fault_arm(FAULT_BUS, 1 + i % 3);
        assert_int_equal(tb_edge_store_record(store, &event, 1, NULL), TB_OK);
        tb_link_wake(link);
        for (int tries = 0; tries < 20 && !fault_fired(); tries++)
            nap();
    }
    fault_disarm();
    tb_request request = {.id = tb_id_random(),
                          .kind = TB_REQUEST_PAY,
                          .touchpoint = "gate-1",
                          .at = 1,
                          .visit = made_visit(1),
                          .amount = 5,
                          .currency = "JPY"};
    fault_arm(FAULT_BUS, 1);
    assert_int_equal(tb_link_ask(link, &request, 200), TB_OK);
    for (int tries = 0; tries < 4000 && !atomic_load(&opened); tries++)
        nap();
    fault_disarm();
    assert_int_equal(atomic_load(&opened), 1); /* answered once, with a failure */
    tb_link_wake(link);
    for (int tries = 0; tries < 12000 && (tb_edge_store_outbox_count(store) || atomic_load(&arrived) < all); tries++)
        nap();
    assert_int_equal(tb_edge_store_outbox_count(store), 0);
    assert_int_equal(atomic_load(&arrived), all);
    tb_link_free(&link);
    tb_list_free(&list);
    tb_edge_store_free(&store);
    tb_bus_subscription_free(&events);
    tb_bus_free(&bus);
    nats_server_end(&broker);
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    if (tb_crypto_start() != TB_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        HERE(opening),   HERE(recording), HERE(paying), cmocka_unit_test(listing), cmocka_unit_test(watching),
        HERE(publishing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
