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

static int each_cell_of(sqlite3 *db, const char *table, database_cell_fn cell, void *context)
{
    char sql[160];
    int cells = 0;
    snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
    sqlite3_stmt *rows = ask(db, sql);
    while (sqlite3_step(rows) == SQLITE_ROW)
        for (int c = 0; c < sqlite3_column_count(rows); c++, cells++) {
            const void *data = sqlite3_column_blob(rows, c);
            if (data)
                cell(context, table, data, (size_t)sqlite3_column_bytes(rows, c));
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

static int each_cell(const char *folder, database_cell_fn cell, void *context)
{
    if (database_is_postgres())
        return database_each_cell(folder, cell, context);
    static const char *const names[] = {"central", "visitor"};
    int cells = 0;
    for (uint64_t number = 1; number <= 2; number++) {
        sqlite3 *db = open_raw(folder, names[number - 1], number);
        sqlite3_stmt *tables = ask(db, "SELECT name FROM sqlite_master WHERE type = 'table'");
        while (sqlite3_step(tables) == SQLITE_ROW)
            cells += each_cell_of(db, (const char *)sqlite3_column_text(tables, 0), cell, context);
        sqlite3_finalize(tables);
        sqlite3_close(db);
    }
    return cells;
}

static int search_rows(const char *folder, const secret *secrets, size_t count)
{
    return each_cell(folder, search_cell, &(searched){secrets, count});
}

typedef struct expected {
    const secret *secret;
    int found;
} expected;

static void find_in_cell(void *context, const char *table, const void *data, size_t size)
{
    expected *e = context;
    (void)table;
    e->found += memmem(data, size, e->secret->bytes.data, e->secret->bytes.size) != NULL;
}

static void search_expects(const char *folder, const secret *wanted)
{
    expected e = {wanted, 0};
    (void)each_cell(folder, find_in_cell, &e);
    if (!e.found)
        fail_msg("no table holds %s: the search is blind", wanted->what);
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

/* ---- when everybody has gone: nothing of them, in no column of no table ---- */

#define TRACES_MAX 24
typedef struct traces {
    secret items[TRACES_MAX];
    char texts[TRACES_MAX][TB_ID_TEXT_SIZE];
    tb_id ids[TRACES_MAX];
    size_t count;
} traces;

static void trace_text(traces *t, const char *what, const char *text)
{
    assert_true(t->count < TRACES_MAX);
    t->items[t->count++] = (secret){what, tb_span_text(text)};
}

/* As it is stored, and as text. */
static void trace_id(traces *t, const char *what, tb_id id)
{
    assert_true(t->count + 2 <= TRACES_MAX);
    t->ids[t->count] = id;
    t->items[t->count] = (secret){what, tb_span_of(t->ids[t->count].bytes, sizeof id.bytes)};
    t->count++;
    trace_text(t, what, tb_id_text(id, t->texts[t->count]));
}

/* Whatever leaves traces: a passage, a refusal, a purchase that is to be fetched, a request of the third step. */
static void leave_traces(airport *a, traveller *t, traces *out)
{
    tb_id instrument, item;
    tb_error why;
    tb_answer answer;
    tb_template face = face_of(t);
    checkin(a, t, 1);
    tb_id person = person_of(a, t);
    assert_int_equal(tb_management_instrument_add(a->m, person, "card", "token-of-philomena", NULL, &instrument, &why),
                     TB_OK);
    assert_int_equal(tb_management_item_add(a->m, t->passport, "Feathered hat", &item, &why), TB_OK);
    airport_pass(a, SECURITY, t->visit);
    tb_request sale = airport_request(a, SHOP, TB_REQUEST_PAY);
    sale.visit = t->visit;
    sale.amount = 1500;
    memcpy(sale.currency, "JPY", 4);
    snprintf(sale.deliver, sizeof sale.deliver, "Opera glasses");
    assert_int_equal(airport_ask(a, SHOP, &sale, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    (void)identify(a, GATE12, &face);
    trace_id(out, "a person's id", person);
    trace_id(out, "a visit's id", t->visit);
    trace_id(out, "an item's id", item);
    /* as text it is an account of the ledger, which stays: a number by chance that leads to nobody any more */
    out->ids[out->count] = instrument;
    out->items[out->count] = (secret){"an instrument's id", tb_span_of(out->ids[out->count].bytes, sizeof item.bytes)};
    out->count++;
    trace_text(out, "a booking's reference", "ABC123");
    trace_text(out, "a thing that waited", "Feathered hat");
    trace_text(out, "a thing that was bought", "Opera glasses");
    trace_text(out, "a passport number", t->passport);
    trace_text(out, "a name", t->surname);
    trace_text(out, "a given name", t->given);
}

static void late_word_of(airport *a, tb_id visit)
{
    const tb_event_kind kinds[] = {TB_EVENT_PASSAGE, TB_EVENT_REFUSAL, TB_EVENT_PRESENCE, TB_EVENT_SERVED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        tb_event event = airport_event(a, DROP, kinds[i], visit);
        assert_int_equal(airport_send(a, DROP, &event), TB_OK);
    }
}

static void nothing_of_them_stays(airport *a, const traces *left)
{
    tb_time next;
    (void)airport_publish(a);
    if (database_is_postgres()) /* what servers tell each other is kept for an hour of the machine's clock */
        (void)database_ask(a->folder, "UPDATE visitor.change SET at = 0");
    a->now += TB_HOUR;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    tb_management_free(&a->m);
    assert_true(search_rows(a->folder, left->items, left->count) > 50); /* history and ledger are there */
}

static void nothing_of_a_traveller_stays(void **state)
{
    airport *a = *state;
    traveller t = who;
    traces left = {0};
    tb_error why;
    leave_traces(a, &t, &left);
    tb_management_free(&a->m);
    /* the search would find them: an id, a name */
    search_expects(a->folder, &left.items[2]);
    search_expects(a->folder, &left.items[left.count - 2]);
    airport_open(a);
    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK);
    late_word_of(a, t.visit);
    nothing_of_them_stays(a, &left);
}

/* The event that ends the visit is in the history, too. */
static void nothing_of_a_guest_stays(void **state)
{
    airport *a = *state;
    traces left = {0};
    tb_visit_order order = {.reference = "H0000018", .name = "WINTERBOTTOM PHILOMENA"};
    tb_visit_made made;
    tb_answer answer;
    tb_error why = {0};
    tb_template face = vectors_template(7, AIRPORT_DIMENSION);
    a->terminals[KIOSK].id = "phone-1";
    a->terminals[KIOSK].role = "registration";
    a->terminals[DROP].id = "drive-1";
    a->terminals[DROP].role = "drive";
    airport_terminal(a, KIOSK, NULL, NULL);
    airport_terminal(a, DROP, NULL, NULL);
    assert_int_equal(tb_facts_set_text(&order.facts, "room", "Chrysanthemum suite"), TB_OK);
    assert_int_equal(tb_facts_set_time(&order.facts, "arrival", at("10:00")), TB_OK);
    assert_int_equal(tb_facts_set_time(&order.facts, "leaving", at("22:00")), TB_OK);
    assert_int_equal(tb_management_visit_put(a->m, &order, &made, &why), TB_OK);
    tb_request request = airport_request(a, KIOSK, TB_REQUEST_CHECKIN);
    snprintf(request.boarding_pass, sizeof request.boarding_pass, "%s", order.reference);
    request.consent = 1;
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    tb_request_free(&request);
    airport_pass(a, DROP, made.visit);
    trace_id(&left, "a person's id", made.person);
    trace_id(&left, "a visit's id", made.visit);
    trace_text(&left, "a reservation's number", "H0000018");
    trace_text(&left, "a name", "WINTERBOTTOM");
    trace_text(&left, "a room", "Chrysanthemum");
    tb_time next;
    a->now = at("22:00") + TB_DAY;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(airport_counts(a).people, 0);
    late_word_of(a, made.visit);
    nothing_of_them_stays(a, &left);
}

static int hotel(void **state)
{
    *state = airport_of("hotel");
    return 0;
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
#define ROWS                                                                                                           \
    TEST(nothing_readable_in_the_rows), TEST(nothing_of_a_traveller_stays),                                            \
        cmocka_unit_test_setup_teardown(nothing_of_a_guest_stays, hotel, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(nothing_readable_on_the_disk), TEST(files_are_for_the_owner_only), ROWS},
                            rows[] = {ROWS};
    if (database_is_postgres()) /* whose files are its own affair: doc/adr/110 */
        return cmocka_run_group_tests(rows, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
