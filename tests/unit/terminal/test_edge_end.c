/* edge.db on the disk: nothing in the open, two files that open nothing alone, a newer version refused, a full disk,
 * and the end of a store, also when the power goes in the middle of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "terminal/edge_db.h"
#include "terminal/edge_key.h"
#include "terminal/edge_store.h"

static const char subject[] = "tb.site.event.gate-1", secret[] = "nobody may read this in a file";

static int set_up(void **state)
{
    char *directory = calloc(1, 64);
    strcpy(directory, "/tmp/tebura-end-XXXXXX");
    *state = directory;
    return tb_crypto_start() == TB_OK && mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    free(*state);
    return 0;
}

static const char *in(const char *directory, const char *name)
{
    static char path[TB_EDGE_PATH_SIZE];
    assert_int_equal(tb_edge_path(directory, name, path, NULL), TB_OK);
    return path;
}

static int is_there(const char *directory, const char *name)
{
    return access(in(directory, name), F_OK) == 0;
}

/* A registered store with an entry, an event and `secret` in each. */
static tb_edge_store *filled(const char *directory, const char *key_file)
{
    tb_edge_store *store;
    tb_error why = {0};
    if (tb_edge_store_open_with(directory, key_file, &store, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    tb_key_pair own, server = tb_key_pair_random();
    tb_registration registration = {
        .touchpoint = "gate-1", .role = "boarding", .site = "site", .model = 1, .dimension = 4};
    snprintf(registration.zone, sizeof registration.zone, "%s", secret);
    tb_sealed_entry entry = {.visit = tb_id_random(), .sequence = 1, .sealed = tb_span_text(secret), .until = TB_DAY};
    tb_event event = {.kind = TB_EVENT_REFUSAL, .reason = "too_early"};
    assert_int_equal(tb_facts_set_text(&event.facts, "item", secret), TB_OK);
    assert_int_equal(tb_edge_store_keys(store, &own), TB_OK);
    assert_int_equal(tb_edge_store_register(store, &registration), TB_OK);
    assert_int_equal(tb_edge_store_seal_with(store, &own.private_key, &server.public_key, "gate-1", subject), TB_OK);
    assert_int_equal(tb_edge_store_entries_put(store, &entry, 1, 0, 1), TB_OK);
    assert_int_equal(tb_edge_store_record(store, &event, TB_DAY, NULL), TB_OK);
    return store;
}

static int is_registered(tb_edge_store *store)
{
    tb_registration registration;
    tb_status status = tb_edge_store_registration(store, &registration);
    assert_true(status == TB_OK || status == TB_NOT_FOUND);
    return status == TB_OK;
}

static int holds(const char *path, tb_span what)
{
    tb_bytes content = {0};
    assert_int_equal(tb_file_read(path, 64u << 20, &content, NULL), TB_OK);
    int found = memmem(content.data, content.size, what.data, what.size) != NULL;
    tb_bytes_free(&content);
    return found;
}

static void nothing_is_in_the_open(void **state)
{
    const char *directory = *state;
    tb_edge_store *store = filled(directory, NULL);
    tb_key_pair own;
    tb_key master, wrap, key;
    tb_bytes sealed = {0};
    assert_int_equal(tb_edge_store_keys(store, &own), TB_OK);
    tb_edge_store_free(&store);
    const char *names[] = {"edge.db", "edge.seal", "edge.key"};
    assert_int_equal(tb_edge_key_open(directory, NULL, &key, NULL), TB_OK);
    assert_int_equal(tb_key_file(in(directory, "edge.key"), &master, NULL), TB_OK);
    for (int i = 0; i < 3; i++) {
        struct stat file;
        const char *path = in(directory, names[i]);
        assert_int_equal(stat(path, &file), 0);
        assert_int_equal(file.st_mode & 0777, 0600);
        assert_false(holds(path, tb_span_text(secret)));
        assert_false(holds(path, tb_span_text("gate-1")));
        assert_false(holds(path, tb_span_text("SQLite format 3")));
        assert_false(holds(path, tb_span_of(own.private_key.bytes, TB_KEY_SIZE)));
        assert_false(holds(path, tb_span_of(key.bytes, TB_KEY_SIZE)));
    }
    /* and the key of the file is not derived from the master key: edge.seal is needed, too */
    assert_int_equal(tb_key_derive(&master, "edge-db_", 1, &wrap), TB_OK);
    assert_memory_not_equal(&wrap, &key, sizeof key);
    assert_int_equal(tb_file_read(in(directory, "edge.seal"), 4096, &sealed, NULL), TB_OK);
    sealed.data[sealed.size - 1] ^= 1;
    assert_int_equal(tb_file_write(in(directory, "edge.seal"), tb_bytes_span(&sealed), NULL), TB_OK);
    tb_error why = {0};
    assert_int_equal(tb_edge_store_open(directory, &store, &why), TB_DB_KEY);
    assert_null(store);
    tb_bytes_free(&sealed);
}

static void a_master_key_elsewhere(void **state)
{
    const char *directory = *state;
    char data[80], key[80];
    snprintf(data, sizeof data, "%s/data", directory);
    snprintf(key, sizeof key, "%s/credential", directory);
    tb_edge_store *store = filled(data, key);
    tb_edge_store_free(&store);
    assert_false(is_there(data, "edge.key"));
    assert_int_equal(tb_edge_store_open_with(data, key, &store, NULL), TB_OK);
    assert_true(is_registered(store));
    assert_int_equal(tb_edge_store_destroy(&store, NULL), TB_OK);
    assert_int_equal(access(key, F_OK), 0); /* not ours to end, and of no use any more */
    assert_int_equal(tb_edge_store_open_with(data, key, &store, NULL), TB_OK);
    assert_false(is_registered(store));
    tb_edge_store_free(&store);
}

/* A store of a version from before edge.seal and `until`: made of what that version wrote. */
static void an_older_store_is_brought_up_to_date(void **state)
{
    const char *directory = *state;
    tb_edge_store *store;
    tb_key master, key;
    sqlite3 *db;
    assert_int_equal(tb_key_file(in(directory, "edge.key"), &master, NULL), TB_OK);
    assert_int_equal(tb_key_derive(&master, "edge-db_", 1, &key), TB_OK);
    assert_int_equal(tb_edge_db_open(in(directory, "edge.db"), &key, &db, NULL), TB_OK);
    assert_int_equal(
        tb_edge_db_script(
            db,
            "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE entry (visit BLOB PRIMARY KEY, sequence INTEGER NOT NULL, dropped INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE outbox (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL);"
            "CREATE TABLE payment (id BLOB PRIMARY KEY, visit BLOB NOT NULL, begun INTEGER NOT NULL) WITHOUT ROWID;"
            "INSERT INTO meta VALUES ('number', 7), ('sequence', 5);"
            "INSERT INTO outbox VALUES (7, x'00112233445566778899aabbccddeeff', x'01');"
            "PRAGMA user_version = 1;"),
        TB_OK);
    assert_int_equal(tb_edge_db_close(db), TB_OK);
    assert_int_equal(tb_edge_store_open(directory, &store, NULL), TB_OK);
    assert_int_equal(tb_edge_store_outbox_count(store), 1);
    tb_edge_store_free(&store);
    assert_true(is_there(directory, "edge.seal"));
    assert_int_equal(tb_edge_store_open(directory, &store, NULL), TB_OK);
    uint64_t sequence;
    assert_int_equal(tb_edge_store_sequence(store, &sequence), TB_OK);
    assert_int_equal(sequence, 5);
    tb_edge_store_free(&store);
}

static void a_newer_store_is_refused_and_not_touched(void **state)
{
    const char *directory = *state;
    tb_edge_store *store = filled(directory, NULL);
    tb_key key;
    sqlite3 *db;
    tb_error why = {0};
    tb_edge_store_free(&store);
    assert_int_equal(tb_edge_key_open(directory, NULL, &key, NULL), TB_OK);
    assert_int_equal(tb_edge_db_open(in(directory, "edge.db"), &key, &db, NULL), TB_OK);
    assert_int_equal(tb_edge_db_script(db, "PRAGMA user_version = 999"), TB_OK);
    assert_int_equal(tb_edge_db_close(db), TB_OK);
    assert_int_equal(tb_edge_store_open(directory, &store, &why), TB_DB_NEWER);
    assert_non_null(strstr(tb_error_text(&why), "version 999"));
    assert_int_equal(tb_edge_db_open(in(directory, "edge.db"), &key, &db, NULL), TB_OK);
    int64_t waiting = 0;
    assert_int_equal(tb_edge_db_number(db, "SELECT count(*) FROM outbox", &waiting), TB_OK);
    assert_int_equal(waiting, 1);
    assert_int_equal(tb_edge_db_close(db), TB_OK);
}

/* No file may grow: what is there can be read, the terminal starts, and nothing is half done. */
static void a_full_disk(void **state)
{
    const char *directory = *state;
    tb_edge_store *store = filled(directory, NULL);
    tb_edge_store_free(&store);
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    tb_error why = {0};
    tb_status opened = tb_edge_store_open(directory, &store, &why);
    tb_event event = {.kind = TB_EVENT_REFUSAL, .reason = "too_early"};
    tb_key_pair own = {0}, server = tb_key_pair_random();
    tb_status keys = TB_OK, recorded = TB_OK, put = TB_OK;
    tb_sealed_entry entry = {.visit = tb_id_random(), .sequence = 9, .sealed = tb_span_text(secret), .until = TB_DAY};
    if (opened == TB_OK) {
        keys = tb_edge_store_keys(store, &own);
        (void)!tb_edge_store_seal_with(store, &own.private_key, &server.public_key, "gate-1", subject);
        recorded = tb_edge_store_record(store, &event, TB_DAY, NULL);
        put = tb_edge_store_entries_put(store, &entry, 1, 1, 9);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(opened, TB_OK);
    assert_int_equal(keys, TB_OK);
    assert_int_equal(recorded, TB_DISK_FULL);
    assert_int_equal(put, TB_DISK_FULL);
    assert_true(is_registered(store));
    assert_int_equal(tb_edge_store_outbox_count(store), 1);
    assert_int_equal(tb_edge_store_record(store, &event, TB_DAY, NULL), TB_OK); /* there is room again */
    assert_int_equal(event.number, 2);                                          /* E1: no gap */
    assert_int_equal(tb_edge_store_outbox_count(store), 2);
    tb_edge_store_free(&store);
}

static void the_end_leaves_nothing(void **state)
{
    const char *directory = *state;
    tb_edge_store *store = filled(directory, NULL);
    tb_error why = {0};
    assert_int_equal(tb_edge_store_destroy(&store, &why), TB_OK);
    assert_null(store);
    static const char *const names[] = {"edge.db", "edge.db-journal", "edge.seal", "edge.key", "edge.wipe"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(is_there(directory, names[i]));
    assert_int_equal(tb_edge_store_open(directory, &store, &why), TB_OK);
    assert_false(is_registered(store));
    assert_int_equal(tb_edge_store_outbox_count(store), 0);
    tb_edge_store_free(&store);
}

/* The keys ended, then the power went: what is left opens nothing, and the next start ends it. */
static void a_wipe_that_was_interrupted_goes_on(void **state)
{
    const char *directory = *state;
    tb_edge_store *store = filled(directory, NULL);
    tb_key key, old;
    tb_error why = {0};
    assert_int_equal(tb_edge_key_open(directory, NULL, &old, NULL), TB_OK);
    assert_int_equal(tb_edge_store_end_keys(store, &why), TB_OK);
    assert_int_equal(tb_edge_store_end_keys(store, &why), TB_OK);
    tb_event event = {.kind = TB_EVENT_REFUSAL, .reason = "too_early"};
    assert_int_equal(tb_edge_store_record(store, &event, TB_DAY, NULL), TB_OK); /* who uses it meanwhile may go on */
    tb_edge_store_free(&store);
    assert_true(is_there(directory, "edge.db"));
    assert_false(is_there(directory, "edge.seal"));
    assert_false(is_there(directory, "edge.key"));
    assert_int_equal(tb_edge_store_open(directory, &store, &why), TB_OK);
    assert_false(is_registered(store));
    assert_false(is_there(directory, "edge.wipe"));
    tb_edge_store_free(&store);
    assert_int_equal(tb_edge_key_open(directory, NULL, &key, NULL), TB_OK);
    assert_memory_not_equal(&key, &old, sizeof key);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(nothing_is_in_the_open),
        WITH(a_master_key_elsewhere),
        WITH(an_older_store_is_brought_up_to_date),
        WITH(a_newer_store_is_refused_and_not_touched),
        WITH(a_full_disk),
        WITH(the_end_leaves_nothing),
        WITH(a_wipe_that_was_interrupted_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
