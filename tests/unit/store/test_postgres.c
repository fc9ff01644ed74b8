/* What only a database server can do to us: go away between two statements or around a commit, come back, refuse to let
 * us in, and serve several programs at once. A real PostgreSQL; the one that loses answers is a real connection with a
 * relay in its middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <tebura/crypto.h>

#include "database.h"
#include "database_relay.h"
#include "folder.h"
#include "store/store.h"
#include "store/dialect.h"
#include "store/migration.h"

static int setup(void **state)
{
    static char folder[FOLDER_SIZE];
    *state = (void *)folder_make(folder);
    return tb_crypto_start() != TB_OK;
}

static int teardown(void **state)
{
    folder_remove(*state);
    return 0;
}

static tb_db *open_url(const char *url)
{
    tb_db *db;
    tb_error why = {0};
    if (tb_db_open(&(tb_db_options){.url = url}, &db, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return db;
}

static tb_db *ready(const char *folder)
{
    tb_error why = {0};
    tb_db *db = open_url(database_postgres_url(folder));
    assert_int_equal(tb_store_migrate(db, &why), TB_OK);
    return db;
}

static tb_status write_one(tb_db *db, const char *name)
{
    return tb_db_run(db, "INSERT INTO central.site (name, value) VALUES ($1, $2)",
                     TB_VALUES(tb_value_text(name), tb_value_blob(tb_span_of("x", 1))), NULL);
}

static int64_t rows(tb_db *db)
{
    int64_t count = -1;
    assert_int_equal(tb_db_number(db, "SELECT count(*) FROM central.site", TB_NO_VALUES, &count), TB_OK);
    return count;
}

static void kill_sessions(const char *folder)
{
    (void)database_ask(folder, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                               " WHERE application_name = 'teburad' AND datname = current_database()");
    while (strcmp(database_ask(folder, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'teburad'"
                                       " AND datname = current_database()"),
                  "0") != 0)
        continue;
}

/* D1: whatever was written is gone, the calls say so until the end, and the next transaction works. */
static void lost_at_every_step(void **state)
{
    tb_db *db = ready(*state);
    for (int step = 0; step < 4; step++) {
        uint64_t session = tb_db_session(db);
        assert_int_equal(tb_db_begin(db), TB_OK);
        if (step == 0)
            kill_sessions(*state);
        assert_int_equal(write_one(db, "a"), step > 0 ? TB_OK : TB_DB_GONE);
        if (step == 1)
            kill_sessions(*state);
        assert_int_equal(write_one(db, "b"), step > 1 ? TB_OK : TB_DB_GONE);
        if (step == 2)
            kill_sessions(*state);
        if (step < 3) {
            assert_int_equal(tb_db_commit(db), TB_DB_GONE);
        } else {
            kill_sessions(*state);
            tb_db_rollback(db);
        }
        assert_int_equal(tb_db_depth(db), 0);
        assert_int_equal(rows(db), 0);
        assert_true(tb_db_session(db) > session);
    }
    assert_int_equal(tb_db_begin(db), TB_OK);
    assert_int_equal(write_one(db, "a"), TB_OK);
    assert_int_equal(tb_db_commit(db), TB_OK);
    assert_int_equal(rows(db), 1);
    tb_db_free(&db);
}

static tb_status write_later(tb_db *db, const char *name)
{
    return tb_db_run_later(db, "INSERT INTO central.site (name, value) VALUES ($1, $2)",
                           TB_VALUES(tb_value_text(name), tb_value_blob(tb_span_of("x", 1))));
}

/* Many on their way at once; what fails among them fails the commit; a lost connection is told as ever. */
static void outcomes_heard_later(void **state)
{
    tb_db *db = ready(*state);
    char name[16];
    assert_int_equal(tb_db_begin(db), TB_OK);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(write_later(db, name), TB_OK);
        if (i % 50 == 7)
            assert_int_equal(rows(db), i + 1); /* a question hears them first */
    }
    assert_int_equal(tb_db_commit(db), TB_OK);
    assert_int_equal(rows(db), 300);
    assert_int_equal(tb_db_begin(db), TB_OK);
    assert_int_equal(write_later(db, "other"), TB_OK);
    assert_int_equal(write_later(db, "n1"), TB_OK); /* which is there */
    assert_int_equal(write_later(db, "third"), TB_OK);
    assert_int_equal(tb_db_commit(db), TB_CONFLICT);
    assert_int_equal(rows(db), 300);
    assert_int_equal(tb_db_begin(db), TB_OK);
    assert_int_equal(write_later(db, "other"), TB_OK);
    tb_db_rollback(db);
    assert_int_equal(tb_db_begin(db), TB_OK);
    assert_int_equal(write_later(db, "other"), TB_OK);
    kill_sessions(*state);
    assert_int_equal(tb_db_commit(db), TB_DB_GONE);
    assert_int_equal(rows(db), 300);
    assert_int_equal(tb_db_begin(db), TB_OK);
    assert_int_equal(write_later(db, "other"), TB_OK);
    assert_int_equal(write_one(db, "n1"), TB_EXISTS);
    assert_int_equal(write_later(db, "third"), TB_OK);
    assert_int_equal(tb_db_commit(db), TB_OK);
    assert_int_equal(rows(db), 302);
    tb_db_free(&db);
}

/* Rows that are sent many at a time: entries made, changed and removed by chance, each some times in one transaction,
 * and numbers of lists with them, end as if each statement had been waited for. */
enum { KEPT_VISITS = 12, KEPT_LISTS = 3, KEPT_CHANGES = 700 };

static void change_entry(tb_db *db, int visit, int list, int64_t *until)
{
    tb_entry_row row = {.visit = {{(uint8_t)(visit + 1)}}, .from = 1, .until = 1 + rand() % 1000};
    snprintf(row.touchpoint, sizeof row.touchpoint, "list-%d", list);
    if (*until && rand() % 2) {
        assert_int_equal(tb_entry_row_remove(db, row.visit, row.touchpoint), TB_OK);
        *until = 0;
        return;
    }
    assert_int_equal(tb_entry_row_put(db, &row, *until != 0), TB_OK);
    *until = row.until;
}

static void same_entries(tb_db *db, int64_t until[KEPT_VISITS][KEPT_LISTS])
{
    for (int v = 0; v < KEPT_VISITS; v++)
        for (int l = 0; l < KEPT_LISTS; l++) {
            char touchpoint[TB_TOUCHPOINT_SIZE];
            tb_entry_row row = {0};
            snprintf(touchpoint, sizeof touchpoint, "list-%d", l);
            tb_status status = tb_entry_row_get(db, (tb_id){{(uint8_t)(v + 1)}}, touchpoint, &row);
            assert_int_equal(status, until[v][l] ? TB_OK : TB_NOT_FOUND);
            assert_true(row.until == until[v][l]);
        }
}

static void gathered_is_as_one_by_one(void **state)
{
    tb_db *db = ready(*state);
    int64_t until[KEPT_VISITS][KEPT_LISTS] = {{0}};
    uint64_t sequence = 0, last = 0;
    uint8_t hash[32] = {0};
    tb_touchpoint touchpoint = {.id = "list-0", .role = "r"};
    srand(7);
    assert_int_equal(tb_touchpoint_insert(db, &touchpoint, hash), TB_OK);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(tb_db_begin(db), TB_OK);
        for (int i = 0; i < KEPT_CHANGES; i++) {
            int visit = rand() % KEPT_VISITS, list = rand() % KEPT_LISTS;
            change_entry(db, visit, list, &until[visit][list]);
            assert_int_equal(tb_outbox_add(db, "list-0", (tb_id){{1}}, ++last), TB_OK);
            if (i % 9 == 0)
                assert_int_equal(tb_touchpoint_sequence_set(db, "list-0", last), TB_OK);
            if (i % 200 == 0)
                same_entries(db, until);
        }
        assert_int_equal(tb_touchpoint_sequence_set(db, "list-0", last), TB_OK);
        assert_int_equal(tb_db_commit(db), TB_OK);
        same_entries(db, until);
        assert_int_equal(tb_touchpoint_sequence_get(db, "list-0", &sequence), TB_OK);
        assert_true(sequence == last);
    }
    tb_outbox_row rows[KEPT_CHANGES];
    int count = 0;
    assert_int_equal(tb_outbox_rows(db, 0, rows, KEPT_CHANGES, &count), TB_OK);
    assert_int_equal(count, KEPT_CHANGES);
    for (int i = 1; i < count; i++) /* numbered as they came */
        assert_true(rows[i].sequence == rows[i - 1].sequence + 1 && rows[i].number > rows[i - 1].number);
    tb_db_free(&db);
}

/* Nothing was under way: nobody notices. */
static void lost_while_idle(void **state)
{
    tb_db *db = ready(*state);
    kill_sessions(*state);
    assert_int_equal(rows(db), 0);
    kill_sessions(*state);
    assert_int_equal(tb_db_begin(db), TB_OK);
    assert_int_equal(write_one(db, "a"), TB_OK);
    assert_int_equal(tb_db_commit(db), TB_OK);
    tb_db_free(&db);
}

/* ---- a relay that loses a commit, or the answer to it ---- */

/* Q3: the commit says what took place, not what was heard. */
static void a_lost_commit_is_asked_for(void **state)
{
    relay r;
    char url[256];
    tb_db *direct = ready(*state);
    relay_start(&r);
    snprintf(url, sizeof url, "host=%s %s", r.folder, strchr(database_postgres_url(*state), ' ') + 1);
    tb_db *db = open_url(url);
    static const cut losses[] = {CUT_ANSWER, CUT_QUESTION, CUT_ANSWER, CUT_SESSION, CUT_HALF, CUT_ANSWER, CUT_NOTHING};
    int64_t expected = 0;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%zu", i);
        assert_int_equal(tb_db_begin(db), TB_OK);
        assert_int_equal(write_one(db, name), TB_OK);
        int kept = losses[i] == CUT_ANSWER || losses[i] == CUT_NOTHING;
        relay_arm(&r, losses[i], 1, "COMMIT");
        assert_int_equal(tb_db_commit(db), kept ? TB_OK : TB_DB_GONE);
        assert_int_equal(relay_disarm(&r), losses[i] != CUT_NOTHING);
        expected += kept;
        assert_int_equal(rows(direct), expected);
        assert_int_equal(tb_db_depth(db), 0);
    }
    tb_db_free(&db);
    relay_end(&r);
    tb_db_free(&direct);
}

/* ---- the server goes and comes back ---- */

static void the_server_restarts(void **state)
{
    tb_db *db = ready(*state);
    int64_t count;
    assert_int_equal(write_one(db, "a"), TB_OK);
    assert_int_equal(tb_db_begin(db), TB_OK);
    assert_int_equal(write_one(db, "b"), TB_OK);
    database_server_stop(1);
    assert_int_equal(tb_db_commit(db), TB_DB_GONE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tb_db_begin(db), TB_DB_GONE);
        assert_int_equal(tb_db_number(db, "SELECT count(*) FROM central.site", TB_NO_VALUES, &count), TB_DB_GONE);
    }
    database_server_start();
    tb_status status = TB_DB_GONE;
    for (int i = 0; i < 500 && status != TB_OK; i++) { /* by itself, within its pause */
        status = tb_db_number(db, "SELECT count(*) FROM central.site", TB_NO_VALUES, &count);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_int_equal(status, TB_OK);
    assert_int_equal(count, 1);
    tb_db_free(&db);
}

/* ---- several programs ---- */

typedef struct starter {
    const char *folder;
    tb_status status;
} starter;

static void *start_one(void *context)
{
    starter *s = context;
    tb_db *db = NULL;
    s->status = tb_db_open(&(tb_db_options){.url = s->folder}, &db, NULL);
    if (s->status == TB_OK)
        s->status = tb_store_migrate(db, NULL);
    tb_db_free(&db);
    return NULL;
}

static void three_start_at_once(void **state)
{
    char url[256];
    pthread_t threads[3];
    starter starters[3];
    snprintf(url, sizeof url, "%s", database_postgres_url(*state));
    for (int i = 0; i < 3; i++) {
        starters[i] = (starter){url, TB_INTERNAL};
        assert_int_equal(pthread_create(&threads[i], NULL, start_one, &starters[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(starters[i].status, TB_OK);
    }
    tb_db *db = ready(*state);
    int64_t version, steps;
    assert_int_equal(tb_schema_version(db, "central", &version), TB_OK);
    assert_int_equal(tb_db_number(db, "SELECT count(*) FROM central.schema_version", TB_NO_VALUES, &steps), TB_OK);
    assert_int_equal(version, tb_migrations_central.count);
    assert_int_equal(steps, version);
    tb_db_free(&db);
}

typedef struct adder {
    const char *url;
    int errors;
} adder;

#define ADDITIONS 50
static void *add_many(void *context)
{
    adder *a = context;
    tb_db *db = open_url(a->url);
    for (int i = 0; i < ADDITIONS; i++) { /* what is read is still so when it is written */
        int64_t value = 0;
        tb_status status = tb_db_begin(db);
        if (status == TB_OK)
            status = tb_db_number(db, "SELECT sequence FROM visitor.list WHERE touchpoint = 't'", TB_NO_VALUES, &value);
        if (status == TB_OK)
            status = tb_db_run(db, "UPDATE visitor.list SET sequence = $1 WHERE touchpoint = 't'",
                               TB_VALUES(tb_value_int(value + 1)), NULL);
        if (status == TB_OK)
            status = tb_db_commit(db);
        a->errors += status != TB_OK;
    }
    tb_db_free(&db);
    return NULL;
}

/* Q1 */
static void one_writer_at_a_time(void **state)
{
    char url[256];
    pthread_t threads[3];
    adder adders[3];
    int64_t sum;
    tb_db *db = ready(*state);
    snprintf(url, sizeof url, "%s", database_postgres_url(*state));
    assert_int_equal(tb_db_run(db, "INSERT INTO visitor.list (touchpoint, sequence, reported, forgotten) VALUES ('t', 0, 0, 0)",
                               TB_NO_VALUES, NULL),
                     TB_OK);
    for (int i = 0; i < 3; i++) {
        adders[i] = (adder){url, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &adders[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(adders[i].errors, 0);
    }
    assert_int_equal(tb_db_number(db, "SELECT sequence FROM visitor.list", TB_NO_VALUES, &sum), TB_OK);
    assert_int_equal(sum, 3 * ADDITIONS);
    tb_db_free(&db);
}

/* ---- what is said to the operator ---- */

static void refuses(const char *url, tb_status expected, const char *word)
{
    tb_db *db = NULL;
    tb_error why = {0};
    tb_status status = tb_db_open(&(tb_db_options){.url = url}, &db, &why);
    if (status != expected || !strstr(why.text, word) || strstr(why.text, "geheim"))
        fail_msg("%s: %s, not %s; \"%s\" should say \"%s\"", url, tb_status_name(status), tb_status_name(expected),
                 why.text, word);
    assert_null(db);
}

static void what_the_operator_is_told(void **state)
{
    char url[256];
    (void)database_postgres_url(*state);
    (void)database_ask(*state, "CREATE ROLE guarded LOGIN PASSWORD 'right'");
    int port = database_server_listen();
    database_server_stop(0);
    database_server_start();
    const char *home = database_server_folder();
    refuses("postgresql://[", TB_INVALID_ARGUMENT, "postgresql://");
    refuses("host=/nowhere user=a password=geheim", TB_DB_GONE, "does it run there");
    snprintf(url, sizeof url, "host=%s port=%d user=stranger dbname=postgres", home, port);
    refuses(url, TB_UNAUTHORISED, "stranger");
    snprintf(url, sizeof url, "host=%s port=%d user=guarded dbname=postgres password=geheim", home, port);
    refuses(url, TB_UNAUTHORISED, "password");
    snprintf(url, sizeof url, "host=%s port=%d user=guarded dbname=postgres", home, port);
    refuses(url, TB_UNAUTHORISED, "password");
    snprintf(url, sizeof url, "host=%s port=%d user=tebura dbname=absent", home, port);
    refuses(url, TB_NOT_FOUND, "createdb");
    /* Somewhere else, as far as its name tells: TLS and a certificate, or the operator's own word. */
    snprintf(url, sizeof url, "host=db.example hostaddr=127.0.0.1 port=%d user=guarded dbname=postgres password=right",
             port);
    refuses(url, TB_UNSUPPORTED, "sslmode");
    strcat(url, " sslmode=disable");
    tb_db *db = open_url(url);
    /* who may not make schemas is told so */
    tb_error why = {0};
    assert_int_equal(tb_store_migrate(db, &why), TB_FORBIDDEN);
    assert_non_null(strstr(why.text, "GRANT CREATE ON DATABASE"));
    tb_db_free(&db);
    assert_true(tb_db_url_has_password("postgresql://a:b@c/d"));
    assert_true(tb_db_url_has_password("host=c password=b"));
    assert_false(tb_db_url_has_password("postgresql://a@c/d?passfile=/x"));
}

static void schemas_are_said_anew(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"CREATE TABLE visitor.a (n INTEGER PRIMARY KEY AUTOINCREMENT, b BLOB NOT NULL, c TEXT " TB_NOT_NULL
         ", d INTEGER REFERENCES e (f)) WITHOUT ROWID;",
         "CREATE TABLE visitor.a (n BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, b BYTEA NOT NULL, c TEXT"
         " COLLATE \"C\" NOT NULL, d BIGINT REFERENCES visitor.e (f));"},
        {"CREATE UNIQUE INDEX central.i ON t (u);CREATE TABLE central.TEXTS (x BIGINT);",
         "CREATE UNIQUE INDEX i ON central.t (u);CREATE TABLE central.TEXTS (x BIGINT);"},
        {"UPDATE central.t SET u = 'BLOB ON it''s;TEXT';", "UPDATE central.t SET u = 'BLOB ON it''s;TEXT';"},
        {"ALTER TABLE central.t ADD COLUMN v TEXT;", "ALTER TABLE central.t ADD COLUMN v TEXT COLLATE \"C\";"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        tb_bytes out = {0};
        assert_int_equal(tb_dialect_postgres(pairs[i][0], &out), TB_OK);
        assert_int_equal(tb_bytes_append(&out, tb_span_of("", 1)), TB_OK);
        assert_string_equal((const char *)out.data, pairs[i][1]);
        tb_bytes_free(&out);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(lost_at_every_step),         TEST(lost_while_idle),
                                       TEST(outcomes_heard_later),       TEST(gathered_is_as_one_by_one),
                                       TEST(a_lost_commit_is_asked_for), TEST(the_server_restarts),
                                       TEST(three_start_at_once),        TEST(one_writer_at_a_time),
                                       TEST(schemas_are_said_anew),      TEST(what_the_operator_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
