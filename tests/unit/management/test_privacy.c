/* What lies on the disk while somebody is known, and after they have gone: no face in any form, no passport number, no
 * name. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "airport.h"

#include <sqlite3.h>

#include <tebura/crypto.h>

static const traveller who = {"WINTERBOTTOM", "PHILOMENA", "QX7654321", FLIGHT, 7, {{0}}};

typedef struct secret {
    const char *what;
    tb_span bytes;
} secret;

static void search_file(const char *path, const secret *secrets, size_t count)
{
    tb_bytes content = {0};
    tb_error why;
    assert_int_equal(tb_file_read(path, 64 << 20, &content, &why), TB_OK);
    for (size_t i = 0; i < count; i++)
        if (content.size && memmem(content.data, content.size, secrets[i].bytes.data, secrets[i].bytes.size))
            fail_msg("%s holds %s in the clear", path, secrets[i].what);
    tb_bytes_free(&content);
}

static int search_folder(const char *folder, const secret *secrets, size_t count)
{
    char path[512];
    int files = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        search_file(path, secrets, count);
        files++;
    }
    closedir(dir);
    return files;
}

typedef struct known {
    tb_template face;
    tb_bytes encoded;
    secret items[8];
} known;

/* 24 bytes of each form are enough to know a face again, and too many to occur by chance. */
static void know(known *s)
{
    s->face = face_of(&who);
    assert_int_equal(tb_template_encode(&s->face, &s->encoded), TB_OK);
    const secret items[] = {{"a template's numbers", tb_span_of(s->face.values, 24)},
                            {"a template's later numbers", tb_span_of(s->face.values + 60, 24)},
                            {"an encoded template", tb_span_of(s->encoded.data + 16, 24)},
                            {"the end of an encoded template", tb_span_of(s->encoded.data + s->encoded.size - 24, 24)},
                            {"a passport number", tb_span_text("QX7654321")},
                            {"a surname", tb_span_text("WINTERBOTTOM")},
                            {"a given name", tb_span_text("PHILOMENA")},
                            {"a payment token", tb_span_text("token-of-philomena")}};
    memcpy(s->items, items, sizeof items);
}

/* Standard error into a file while `act` runs: the logs are part of the disk. */
static void with_log(airport *a, void (*act)(airport *a))
{
    char path[128];
    snprintf(path, sizeof path, "%s/log", a->folder);
    int saved = dup(STDERR_FILENO);
    assert_non_null(freopen(path, "a", stderr));
    act(a);
    fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
}

static void live(airport *a)
{
    traveller t = who;
    tb_id instrument, item;
    tb_error why;
    tb_template face = face_of(&t);
    checkin(a, &t, 1);
    assert_int_equal(
        tb_management_instrument_add(a->m, person_of(a, &t), "card", "token-of-philomena", "2468", &instrument, &why),
        TB_OK);
    assert_int_equal(tb_management_item_add(a->m, t.passport, "Hat", &item, &why), TB_OK);
    airport_pass(a, GATE12, t.visit); /* against the rules: logged */
    (void)identify(a, SECURITY, &face);
    tb_request bad = checkin_request(a, &t, 1), other = checkin_request(a, &t, 1);
    tb_answer answer;
    bad.boarding_pass[30] = '\0';
    assert_int_equal(airport_ask(a, KIOSK, &bad, &answer), TB_OK);
    tb_bytes_free(&other.probe);
    assert_int_equal(tb_bytes_append(&other.probe, tb_span_of(bad.probe.data, bad.probe.size - 1)), TB_OK);
    assert_int_equal(airport_ask(a, KIOSK, &other, &answer), TB_OK);
    tb_request_free(&bad);
    tb_request_free(&other);
}

static void nothing_readable_on_the_disk(void **state)
{
    airport *a = *state;
    known s = {0};
    know(&s);
    with_log(a, live);
    assert_true(search_folder(a->folder, s.items, 8) >= 5); /* while open: journals, too */
    tb_management_free(&a->m);
    assert_true(search_folder(a->folder, s.items, 8) >= 4);
    tb_bytes_free(&s.encoded);
}

/* ---- with the database's own keys ---- */

static sqlite3 *open_raw(const char *folder, const char *name, uint64_t number)
{
    char path[128], key[80] = "x'";
    sqlite3 *db;
    tb_key master, derived;
    tb_error why;
    snprintf(path, sizeof path, "%s/master.key", folder);
    assert_int_equal(tb_key_file(path, &master, &why), TB_OK);
    assert_int_equal(tb_key_derive(&master, "tb-store", number, &derived), TB_OK);
    tb_hex_encode(tb_span_of(derived.bytes, sizeof derived.bytes), key + 2);
    strcat(key, "'");
    snprintf(path, sizeof path, "%s/%s.db", folder, name);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA cipher_default_page_size = 4096", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_key(db, key, (int)strlen(key)), SQLITE_OK);
    return db;
}

static sqlite3_stmt *ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static int search_table(sqlite3 *db, const char *table, const secret *secrets, size_t count)
{
    char sql[160];
    int cells = 0;
    snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
    sqlite3_stmt *rows = ask(db, sql);
    while (sqlite3_step(rows) == SQLITE_ROW)
        for (int c = 0; c < sqlite3_column_count(rows); c++, cells++) {
            const void *data = sqlite3_column_blob(rows, c);
            for (size_t i = 0; data && i < count; i++)
                if (memmem(data, (size_t)sqlite3_column_bytes(rows, c), secrets[i].bytes.data, secrets[i].bytes.size))
                    fail_msg("table %s holds %s", table, secrets[i].what);
        }
    sqlite3_finalize(rows);
    return cells;
}

typedef struct searched {
    const secret *secrets;
    size_t count;
} searched;

static void search_cell(void *context, const char *table, const void *data, size_t size)
{
    const searched *s = context;
    for (size_t i = 0; i < s->count; i++)
        if (memmem(data, size, s->secrets[i].bytes.data, s->secrets[i].bytes.size))
            fail_msg("table %s holds %s", table, s->secrets[i].what);
}

static int search_rows(const char *folder, const secret *secrets, size_t count)
{
    if (database_is_postgres())
        return database_each_cell(folder, search_cell, &(searched){secrets, count});
    static const char *const names[] = {"central", "visitor"};
    int cells = 0;
    for (uint64_t number = 1; number <= 2; number++) {
        sqlite3 *db = open_raw(folder, names[number - 1], number);
        sqlite3_stmt *tables = ask(db, "SELECT name FROM sqlite_master WHERE type = 'table'");
        while (sqlite3_step(tables) == SQLITE_ROW)
            cells += search_table(db, (const char *)sqlite3_column_text(tables, 0), secrets, count);
        sqlite3_finalize(tables);
        sqlite3_close(db);
    }
    return cells;
}

/* Even with the databases' keys there is no face, no passport number and no token to read; after the end no name
 * either. */
static void nothing_readable_in_the_rows(void **state)
{
    airport *a = *state;
    known s = {0};
    tb_error why;
    know(&s);
    with_log(a, live);
    tb_management_free(&a->m);
    const secret but_names[] = {s.items[0], s.items[1], s.items[2], s.items[3], s.items[4], s.items[7]};
    assert_true(search_rows(a->folder, but_names, 6) > 50);
    airport_open(a);
    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK);
    (void)airport_publish(a);
    tb_management_free(&a->m);
    assert_true(search_rows(a->folder, s.items, 8) > 20);
    tb_bytes_free(&s.encoded);
}

static void files_are_for_the_owner_only(void **state)
{
    airport *a = *state;
    const char *const names[] = {"central.db", "visitor.db", "master.key", "site.db"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", a->folder, names[i]);
        struct stat about;
        assert_int_equal(stat(path, &about), 0);
        assert_int_equal(about.st_mode & 077, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(nothing_readable_on_the_disk), TEST(nothing_readable_in_the_rows),
                                       TEST(files_are_for_the_owner_only)},
                            rows[] = {TEST(nothing_readable_in_the_rows)};
    if (database_is_postgres()) /* whose files are its own affair: doc/adr/110 */
        return cmocka_run_group_tests(rows, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
