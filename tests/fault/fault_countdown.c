/* The fault machinery itself: exactly the Nth call of a class fails, of any thread, and the others pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <nats/nats.h>
#include <sqlite3.h>
#include <tebura/bytes.h>
#include <tebura/secret.h>

#include "fault_wrap.h"

static void only_the_nth_allocation_fails(void **state)
{
    (void)state;
    for (int n = 1; n <= 3; n++) {
        void *got[4];
        fault_arm(FAULT_MEMORY, n);
        for (int i = 0; i < 4; i++)
            got[i] = malloc(8);
        fault_disarm();
        assert_int_equal(fault_fired(), 1);
        for (int i = 0; i < 4; i++) {
            assert_true((got[i] == NULL) == (i + 1 == n));
            free(got[i]);
        }
    }
}

static void every_kind_of_allocation_is_counted(void **state)
{
    (void)state;
    fault_arm_from(FAULT_MEMORY, 1);
    void *got[] = {malloc(1), calloc(1, 1), realloc(NULL, 2), aligned_alloc(64, 64), strdup("a"), strndup("ab", 1)};
    fault_disarm();
    assert_int_equal(fault_fired(), sizeof got / sizeof *got);
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        assert_null(got[i]);
}

static void our_library_answers_no_memory(void **state)
{
    (void)state;
    tb_bytes bytes = {0};
    fault_arm(FAULT_MEMORY, 1);
    tb_status status = tb_bytes_reserve(&bytes, 100);
    void *secret = tb_secret_alloc(32);
    fault_disarm();
    assert_int_equal(status, TB_NO_MEMORY);
    assert_int_equal(fault_fired(), 1);
    assert_non_null(secret);
    tb_secret_free(secret);
    tb_bytes_free(&bytes);
}

static void database_calls_fail_and_later_work(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    fault_arm(FAULT_DATABASE, 3);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(a)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO t VALUES(1)", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_IOERR);
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    fault_answer(FAULT_DATABASE, SQLITE_FULL);
    fault_arm_from(FAULT_DATABASE, 1);
    sqlite3_stmt *none = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1", -1, &none, NULL), SQLITE_FULL);
    assert_int_equal(sqlite3_exec(db, "SELECT 1", NULL, NULL, NULL), SQLITE_FULL);
    fault_disarm();
    fault_answer(FAULT_DATABASE, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void bus_calls_fail_and_classes_are_apart(void **state)
{
    (void)state;
    fault_arm(FAULT_BUS, 1);
    void *memory = malloc(1);
    assert_non_null(memory);
    free(memory);
    assert_int_equal(natsConnection_Publish(NULL, "a", "b", 1), NATS_CONNECTION_DISCONNECTED);
    assert_int_equal(natsConnection_Publish(NULL, "a", "b", 1), NATS_INVALID_ARG);
    fault_answer(FAULT_BUS, NATS_TIMEOUT);
    fault_arm_from(FAULT_BUS, 2);
    assert_int_equal(natsMsg_Ack(NULL, NULL), NATS_INVALID_ARG);
    assert_int_equal(kvStore_Put(NULL, NULL, "k", "v", 1), NATS_TIMEOUT);
    assert_int_equal(js_PublishMsg(NULL, NULL, NULL, NULL, NULL), NATS_TIMEOUT);
    fault_disarm();
    fault_answer(FAULT_BUS, 0);
    assert_int_equal(fault_fired(), 2);
}

static atomic_int failures;

static void *allocate_often(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        void *memory = malloc(16);
        if (!memory)
            atomic_fetch_add(&failures, 1);
        free(memory);
    }
    return unused;
}

static void one_of_all_threads_meets_it(void **state)
{
    (void)state;
    pthread_t threads[4];
    atomic_store(&failures, 0);
    fault_arm(FAULT_MEMORY, 1777);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_often, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    fault_disarm();
    assert_int_equal(atomic_load(&failures), 1);
    assert_int_equal(fault_fired(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_nth_allocation_fails),        cmocka_unit_test(every_kind_of_allocation_is_counted),
        cmocka_unit_test(our_library_answers_no_memory),        cmocka_unit_test(database_calls_fail_and_later_work),
        cmocka_unit_test(bus_calls_fail_and_classes_are_apart), cmocka_unit_test(one_of_all_threads_meets_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
