/* The database interface: transactions over both files, nesting, and every way in which a file can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database.h"
#include "folder.h"
#include "store/migration.h"

static const tb_key central = {{1, 2, 3}}, visitor = {{4, 5, 6}};

static tb_status open_at(const char *folder, const tb_key *key, tb_db **db, tb_error *why)
{
    tb_db_options options = {
        .directory = folder, .central = key, .visitor = &visitor, .busy_ms = 0, .url = database_url(folder)};
    return tb_db_open(&options, db, why);
}

static int setup(void **state)
{
    static char folder[FOLDER_SIZE];
    *state = (void *)folder_make(folder);
    return 0;
}

static int teardown(void **state)
{
    folder_remove(*state);
    return 0;
}

static tb_db *ready(const char *folder)
{
    tb_db *db;
    tb_error why;
    assert_int_equal(open_at(folder, &central, &db, &why), TB_OK);
    assert_int_equal(tb_store_migrate(db, &why), TB_OK);
    return db;
}

static int64_t outbox_rows(tb_db *db)
{
    int64_t count = -1;
    assert_int_equal(tb_db_number(db, "SELECT count(*) FROM visitor.outbox", TB_NO_VALUES, &count), TB_OK);
    return count;
}

static int64_t site_rows(tb_db *db)
{
    int64_t count = -1;
    assert_int_equal(tb_db_number(db, "SELECT count(*) FROM central.site", TB_NO_VALUES, &count), TB_OK);
    return count;
}

static void write_both(tb_db *db, const char *name)
{
    tb_id visit = tb_id_random();
    assert_int_equal(tb_db_run(db, "INSERT INTO central.site (name, value) VALUES ($1, $2)",
                               TB_VALUES(tb_value_text(name), tb_value_blob(tb_span_of("x", 1))), NULL),
                     TB_OK);
    assert_int_equal(tb_db_run(db, "INSERT INTO visitor.outbox (touchpoint, visit, sequence) VALUES ('t', $1, 1)",
                               TB_VALUES(tb_value_id(&visit)), NULL),
                     TB_OK);
}

static void commits_and_rolls_back_both_files(void **state)
{
    tb_db *db = ready(*state);
    assert_int_equal(tb_db_begin(db), TB_OK);
    write_both(db, "a");
    tb_db_rollback(db);
    assert_int_equal(site_rows(db) + outbox_rows(db), 0);
    assert_int_equal(tb_db_begin(db), TB_OK);
    write_both(db, "a");
    assert_int_equal(tb_db_commit(db), TB_OK);
    tb_db_free(&db);
    db = ready(*state);
    assert_int_equal(site_rows(db), 1);
    assert_int_equal(outbox_rows(db), 1);
    tb_db_free(&db);
}

static void an_inner_rollback_breaks_the_outer_commit(void **state)
{
    tb_db *db = ready(*state);
    assert_int_equal(tb_db_begin(db), TB_OK);
    write_both(db, "a");
    assert_int_equal(tb_db_begin(db), TB_OK);
    tb_db_rollback(db);
    assert_int_equal(tb_db_commit(db), TB_CONFLICT);
    assert_int_equal(tb_db_depth(db), 0);
    assert_int_equal(site_rows(db) + outbox_rows(db), 0);
    assert_int_equal(tb_db_begin(db), TB_OK);
    assert_int_equal(tb_db_begin(db), TB_OK);
    write_both(db, "b");
    assert_int_equal(tb_db_commit(db), TB_OK);
    assert_int_equal(tb_db_commit(db), TB_OK);
    assert_int_equal(site_rows(db), 1);
    tb_db_free(&db);
}

static void a_taken_key_is_told_apart(void **state)
{
    tb_db *db = ready(*state);
    write_both(db, "a");
    assert_int_equal(tb_db_run(db, "INSERT INTO central.site (name, value) VALUES ($1, $2)",
                               TB_VALUES(tb_value_text("a"), tb_value_blob(tb_span_of("x", 1))), NULL),
                     TB_EXISTS);
    tb_db_free(&db);
}

static void a_taken_key_does_not_end_the_transaction(void **state)
{
    tb_db *db = ready(*state);
    write_both(db, "a");
    assert_int_equal(tb_db_begin(db), TB_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(tb_db_run(db, "INSERT INTO central.site (name, value) VALUES ($1, $2)",
                                   TB_VALUES(tb_value_text("a"), tb_value_blob(tb_span_of("x", 1))), NULL),
                         TB_EXISTS);
    write_both(db, "b");
    assert_int_equal(tb_db_commit(db), TB_OK);
    assert_int_equal(site_rows(db), 2);
    tb_db_free(&db);
}

/* Every kind, the ends of its range, nothing at all; sums; the order of text by bytes. */
static void values_come_back_as_they_went(void **state)
{
    static const int64_t numbers[] = {0, 1, -1, 10000, -99999999, INT64_MAX, INT64_MIN};
    tb_db *db = ready(*state);
    tb_rows rows;
    char text[64];
    uint8_t all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    tb_id id = tb_id_random();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        id.bytes[0] = (uint8_t)i;
        assert_int_equal(tb_db_run(db, "INSERT INTO central.applied (id, visit, answer, at) VALUES ($1, $2, $3, $4)",
                                   TB_VALUES(tb_value_id(&id), tb_value_blob(tb_span_of(all, 256)), tb_value_null(),
                                             tb_value_int(numbers[i])),
                                   NULL),
                         TB_OK);
        assert_int_equal(tb_db_one(db, "SELECT at, visit, answer FROM central.applied WHERE id = $1",
                                   TB_VALUES(tb_value_id(&id)), &rows),
                         TB_OK);
        assert_true(tb_rows_int(&rows, 0) == numbers[i]);
        assert_int_equal(tb_rows_blob(&rows, 1).size, 256);
        assert_memory_equal(tb_rows_blob(&rows, 1).data, all, 256);
        assert_int_equal(tb_rows_blob(&rows, 2).size, 0);
        assert_int_equal(tb_rows_int(&rows, 2), 0);
        tb_rows_end(&rows);
    }
    int64_t sum = 0;
    assert_int_equal(tb_db_number(db, "SELECT sum(at) FROM central.applied WHERE at BETWEEN -99999999 AND 10000",
                                  TB_NO_VALUES, &sum),
                     TB_OK);
    assert_true(sum == 10000 - 99999999);
    static const char *const names[] = {"b", "B", "a b", "\xe3\x81\x82"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(tb_db_run(db, "INSERT INTO central.site (name, value) VALUES ($1, $2)",
                                   TB_VALUES(tb_value_text(names[i]), tb_value_blob(tb_span_of(NULL, 0))), NULL),
                         TB_OK);
    assert_int_equal(tb_db_one(db, "SELECT name FROM central.site ORDER BY name", TB_NO_VALUES, &rows), TB_OK);
    tb_rows_text(&rows, 0, text, sizeof text);
    assert_string_equal(text, "B"); /* as strcmp has it */
    tb_rows_end(&rows);
    assert_int_equal(
        tb_db_one(db, "SELECT name FROM central.site WHERE name > $1", TB_VALUES(tb_value_text("c")), &rows), TB_OK);
    tb_rows_text(&rows, 0, text, sizeof text);
    assert_string_equal(text, names[3]);
    tb_rows_end(&rows);
    tb_db_free(&db);
}

static void one_statement_twice_at_once(void **state)
{
    static const char sql[] = "SELECT number FROM visitor.outbox ORDER BY number";
    tb_db *db = ready(*state);
    write_both(db, "a");
    write_both(db, "b");
    tb_rows outer, inner;
    int more = 0, pairs = 0;
    assert_int_equal(tb_db_query(db, sql, TB_NO_VALUES, &outer), TB_OK);
    while (tb_rows_next(&outer, &more) == TB_OK && more) {
        assert_int_equal(tb_db_query(db, sql, TB_NO_VALUES, &inner), TB_OK);
        while (tb_rows_next(&inner, &more) == TB_OK && more)
            pairs++;
    }
    assert_int_equal(pairs, 4);
    tb_db_free(&db);
}

static void wrong_key(void **state)
{
    tb_db *db = ready(*state);
    tb_error why;
    tb_db_free(&db);
    assert_int_equal(open_at(*state, &visitor, &db, &why), TB_DB_KEY);
    assert_null(db);
    assert_non_null(strstr(tb_error_text(&why), "key"));
    db = ready(*state);
    tb_db_free(&db);
}

static void damaged(void **state)
{
    char path[128];
    tb_db *db = ready(*state);
    tb_error why;
    tb_db_free(&db);
    snprintf(path, sizeof path, "%s/central.db", (char *)*state);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (long page = 1; page < 12; page++) { /* every page but the first, which also proves the key */
        fseek(file, page * 4096 + 100, SEEK_SET);
        fputs("damage", file);
    }
    fclose(file);
    tb_status status = open_at(*state, &central, &db, &why);
    if (status == TB_OK)
        status = tb_store_migrate(db, &why);
    assert_true(status == TB_DB_CORRUPT || status == TB_DB_KEY);
    tb_db_free(&db);
}

static void held_by_another_process(void **state)
{
    tb_db *db;
    tb_error why;
    int ready_pipe[2], end_pipe[2];
    char byte = 0;
    tb_db_free(&(tb_db *){ready(*state)});
    assert_int_equal(pipe(ready_pipe) + pipe(end_pipe), 0);
    pid_t child = fork();
    if (child == 0) {
        tb_db *other;
        byte = (char)open_at(*state, &central, &other, NULL);
        (void)!write(ready_pipe[1], &byte, 1);
        close(end_pipe[1]);
        (void)!read(end_pipe[0], &byte, 1);
        tb_db_free(&other);
        _exit(0);
    }
    close(end_pipe[0]);
    assert_int_equal(read(ready_pipe[0], &byte, 1), 1);
    assert_int_equal(byte, TB_OK);
    assert_int_equal(open_at(*state, &central, &db, &why), TB_DB_LOCKED);
    assert_null(db);
    assert_non_null(strstr(tb_error_text(&why), "another program"));
    close(end_pipe[1]);
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    close(ready_pipe[0]);
    close(ready_pipe[1]);
    tb_db_free(&(tb_db *){ready(*state)});
}

static void newer(void **state)
{
    tb_error why;
    tb_db *db = ready(*state);
    assert_int_equal(tb_db_run(db, "INSERT INTO visitor.schema_version (version) VALUES (99)", TB_NO_VALUES, NULL),
                     TB_OK);
    tb_db_free(&db);
    assert_int_equal(open_at(*state, &central, &db, &why), TB_OK);
    assert_int_equal(tb_store_migrate(db, &why), TB_DB_NEWER);
    assert_non_null(strstr(why.text, "99"));
    tb_db_free(&db);
}

static int64_t version_of(tb_db *db, const char *schema)
{
    int64_t version = -1;
    assert_int_equal(tb_schema_version(db, schema, &version), TB_OK);
    return version;
}

static void from_the_first_version_to_the_last(void **state)
{
    tb_db *db;
    tb_error why;
    tb_id person = tb_id_random();
    assert_int_equal(open_at(*state, &central, &db, &why), TB_OK);
    const tb_migrations first = {"central", tb_migrations_central.sql, 1};
    assert_int_equal(tb_migrate(db, &first, 1, &why), TB_OK);
    assert_int_equal(version_of(db, "central"), 1);
    assert_int_equal(tb_db_run(db,
                               "INSERT INTO central.person (id, name, nationality, created) VALUES ($1, 'N', 'UTO', 1)",
                               TB_VALUES(tb_value_id(&person)), NULL),
                     TB_OK);
    assert_int_equal(tb_store_migrate(db, &why), TB_OK);
    assert_int_equal(version_of(db, "central"), tb_migrations_central.count);
    assert_int_equal(version_of(db, "visitor"), tb_migrations_visitor.count);
    int64_t people = 0;
    assert_int_equal(tb_db_number(db, "SELECT count(*) FROM central.person", TB_NO_VALUES, &people), TB_OK);
    assert_int_equal(people, 1);
    assert_int_equal(tb_store_migrate(db, &why), TB_OK); /* and again: nothing to do */
    tb_db_free(&db);
}

static void a_failed_migration_leaves_the_old_version(void **state)
{
    tb_error why;
    tb_db *db = ready(*state);
    const char *steps[16];
    int known = tb_migrations_visitor.count;
    for (int i = 0; i < known; i++)
        steps[i] = tb_migrations_visitor.sql[i];
    steps[known] = "CREATE TABLE visitor.extra (a BIGINT); INSERT INTO visitor.nowhere VALUES (1);";
    const tb_migrations broken = {"visitor", steps, known + 1};
    assert_int_equal(tb_migrate(db, &broken, 1, &why), TB_INTERNAL);
    assert_int_equal(version_of(db, "visitor"), known);
    int exists = -1;
    assert_int_equal(tb_db_has_table(db, "visitor", "extra", &exists), TB_OK);
    assert_int_equal(exists, 0);
    write_both(db, "a"); /* still of use */
    tb_db_free(&db);
}

static void full_disk(void **state)
{
    char path[128];
    tb_error why;
    snprintf(path, sizeof path, "%s/small", (char *)*state);
    assert_int_equal(mkdir(path, 0700), 0);
    if (mount("tmpfs", path, "tmpfs", 0, "size=1m") != 0) {
        print_message("skipped: mounting a small tmpfs needs root\n");
        skip();
    }
    tb_db *db = ready(path);
    static char big[4096];
    tb_status status = TB_OK;
    int written = 0;
    while (status == TB_OK && written < 1000) {
        tb_id id = tb_id_random();
        assert_int_equal(tb_db_begin(db), TB_OK);
        status = tb_db_run(db, "INSERT INTO central.applied (id, visit, answer, at) VALUES ($1, $1, $2, 0)",
                           TB_VALUES(tb_value_id(&id), tb_value_blob(tb_span_of(big, sizeof big))), NULL);
        if (status != TB_OK)
            tb_db_rollback(db);
        else
            status = tb_db_commit(db);
        written += status == TB_OK;
    }
    assert_int_equal(status, TB_DISK_FULL);
    int64_t rows = 0;
    assert_int_equal(tb_db_number(db, "SELECT count(*) FROM central.applied", TB_NO_VALUES, &rows), TB_OK);
    assert_int_equal(rows, written);
    tb_db_free(&db);
    assert_int_equal(open_at(path, &central, &db, &why), TB_OK); /* what was there is still there */
    assert_int_equal(tb_db_number(db, "SELECT count(*) FROM central.applied", TB_NO_VALUES, &rows), TB_OK);
    assert_int_equal(rows, written);
    tb_db_free(&db);
    assert_int_equal(umount(path), 0);
}

#define BOTH                                                                                                           \
    cmocka_unit_test_setup_teardown(commits_and_rolls_back_both_files, setup, teardown),                               \
        cmocka_unit_test_setup_teardown(an_inner_rollback_breaks_the_outer_commit, setup, teardown),                   \
        cmocka_unit_test_setup_teardown(a_taken_key_is_told_apart, setup, teardown),                                   \
        cmocka_unit_test_setup_teardown(a_taken_key_does_not_end_the_transaction, setup, teardown),                    \
        cmocka_unit_test_setup_teardown(values_come_back_as_they_went, setup, teardown),                               \
        cmocka_unit_test_setup_teardown(one_statement_twice_at_once, setup, teardown),                                 \
        cmocka_unit_test_setup_teardown(newer, setup, teardown),                                                       \
        cmocka_unit_test_setup_teardown(from_the_first_version_to_the_last, setup, teardown),                          \
        cmocka_unit_test_setup_teardown(a_failed_migration_leaves_the_old_version, setup, teardown)

int main(void)
{
    const struct CMUnitTest postgres[] = {BOTH},
                            sqlite[] = {
                                BOTH,
                                cmocka_unit_test_setup_teardown(wrong_key, setup, teardown),
                                cmocka_unit_test_setup_teardown(damaged, setup, teardown),
                                cmocka_unit_test_setup_teardown(held_by_another_process, setup, teardown),
                                cmocka_unit_test_setup_teardown(full_disk, setup, teardown),
                            };
    if (database_is_postgres()) /* keys of files, their damage, their disk: SQLite's alone */
        return cmocka_run_group_tests(postgres, NULL, NULL);
    return cmocka_run_group_tests(sqlite, NULL, NULL);
}
