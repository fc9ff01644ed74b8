/* Another master key (rotation.h): the site goes on with it, the old one opens nothing any more, and whoever is killed
 * in the middle leaves a site that opens. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "airport.h"

#include "management/keyring.h"

#define PASSPORT "RK1234567"
#define STEPS_MAX 40

typedef struct site {
    traveller who;
    tb_request request; /* that was answered */
    tb_key trust;
} site;

static void live(airport *a, site *s)
{
    tb_answer answer;
    tb_id instrument;
    tb_error why;
    *s = (site){.who = {"WINTERBOTTOM", "PHILOMENA", PASSPORT, FLIGHT, 7, {{0}}}};
    s->request = checkin_request(a, &s->who, 1);
    assert_int_equal(airport_ask(a, KIOSK, &s->request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    s->who.visit = answer.visit;
    assert_int_equal(
        tb_management_instrument_add(a->m, person_of(a, &s->who), "card", "tok", "2468", &instrument, &why), TB_OK);
    s->trust = tb_management_trust_key(a->m);
}

static tb_status pay(airport *a, const site *s)
{
    tb_answer answer;
    tb_request request = airport_request(a, SHOP, TB_REQUEST_PAY);
    request.visit = s->who.visit;
    request.amount = 1200;
    snprintf(request.currency, sizeof request.currency, "JPY");
    snprintf(request.pin, sizeof request.pin, "2468");
    tb_status status = airport_ask(a, SHOP, &request, &answer);
    return status == TB_OK ? tb_answer_status(&answer) : status;
}

/* Everybody is known as before, the terminals' keys are the same, and every list is what the rules say. */
static void goes_on(airport *a, site *s)
{
    tb_answer answer;
    tb_check_report report;
    tb_error why = {0};
    tb_key server = a->server;
    tb_template face = face_of(&s->who);
    tb_id person = {{0}};
    airport_open(a);
    assert_memory_equal(&server, &a->server, sizeof server);
    answer = identify(a, SECURITY, &face);
    assert_true(tb_id_equal(answer.visit, s->who.visit));
    assert_int_equal(tb_management_person_find(a->m, PASSPORT, &person), TB_OK);
    assert_int_equal(airport_ask(a, KIOSK, &s->request, &answer), TB_OK); /* once per id, I3 */
    assert_true(tb_id_equal(answer.visit, s->who.visit));
    assert_int_equal(tb_management_compare(a->m, &report, &why), TB_OK);
    assert_int_equal(report.differences, 0);
}

/* The same passport, for another flight, is the same person. */
static void is_known_again(airport *a, const site *s)
{
    tb_id person = person_of(a, &s->who);
    traveller other = s->who;
    other.flight = OTHER_FLIGHT;
    checkin(a, &other, 1);
    assert_true(tb_id_equal(person, person_of(a, &other)));
}

static tb_status rotate(airport *a, int leaked, tb_rotation *out, tb_error *why)
{
    const tb_rotation_options options = {
        .directory = a->folder, .database = database_ready_url(a->folder), .leaked = leaked};
    return tb_management_rotate_key(&options, out, why);
}

static void rotated(airport *a, int leaked, tb_rotation *out)
{
    tb_error why = {0};
    if (rotate(a, leaked, out, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
}

static void path_of(const airport *a, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", a->folder, name);
}

static tb_key master_key(const airport *a)
{
    char path[128];
    tb_key key;
    path_of(a, "master.key", path);
    assert_int_equal(tb_key_file(path, &key, NULL), TB_OK);
    return key;
}

static void put_key(const airport *a, const tb_key *key)
{
    char path[128], text[2 * TB_KEY_SIZE + 1];
    path_of(a, "master.key", path);
    tb_hex_encode(tb_span_of(key->bytes, sizeof key->bytes), text);
    assert_int_equal(tb_file_write(path, tb_span_text(text), NULL), TB_OK);
}

static tb_keyring *keyring_of(const tb_key *master)
{
    tb_keyring *keys = calloc(1, sizeof *keys);
    assert_non_null(keys);
    keys->master = *master;
    assert_int_equal(tb_keyring_derive(keys), TB_OK);
    return keys;
}

static tb_db *open_database(const airport *a, const tb_keyring *keys)
{
    tb_db *db = NULL;
    tb_db_options options = {.directory = a->folder,
                             .url = database_ready_url(a->folder),
                             .central = &keys->central,
                             .visitor = &keys->visitor};
    assert_int_equal(tb_db_open(&options, &db, NULL), TB_OK);
    return db;
}

/* ---- what opens ---- */

static void the_site_goes_on(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    live(a, &s);
    tb_event event = airport_event(a, SECURITY, TB_EVENT_PASSAGE, s.who.visit); /* on its way meanwhile */
    tb_management_free(&a->m);
    tb_key before = master_key(a);
    rotated(a, 0, &out);
    tb_key after = master_key(a);
    assert_memory_not_equal(&before, &after, sizeof before);
    assert_int_equal(out.people, 1);
    assert_int_equal(out.templates, 1);
    assert_int_equal(out.documents, 1);
    assert_int_equal(out.instruments, 1);
    assert_int_equal(out.damaged, 0);
    assert_int_equal(out.terminals, AIRPORT_TERMINALS);
    assert_int_equal(out.finished, 0);
    assert_int_equal(out.old_roots, 0);
    goes_on(a, &s);
    tb_key trust = tb_management_trust_key(a->m);
    assert_memory_equal(&trust, &s.trust, sizeof trust); /* no terminal notices */
    assert_int_equal(airport_send(a, SECURITY, &event), TB_OK);
    assert_int_equal(pay(a, &s), TB_OK);
    is_known_again(a, &s);
    tb_request_free(&s.request);
}

/* The end of a person still ends their templates: their key goes, and no other opens them. */
static void erasure_still_erases(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    tb_bytes wrapped = {0};
    live(a, &s);
    tb_id person = person_of(a, &s.who);
    tb_management_free(&a->m);
    rotated(a, 0, &out);
    airport_open(a);
    assert_int_equal(tb_management_consent_withdraw(a->m, person, NULL), TB_OK);
    tb_template face = face_of(&s.who);
    tb_answer answer = identify(a, SECURITY, &face);
    assert_true(tb_id_is_zero(answer.visit));
    tb_management_free(&a->m);
    tb_key master = master_key(a);
    tb_keyring *keys = keyring_of(&master);
    tb_db *db = open_database(a, keys);
    assert_int_equal(tb_person_key(db, person, &wrapped), TB_NOT_FOUND);
    tb_db_free(&db);
    free(keys);
    tb_bytes_free(&wrapped);
    tb_request_free(&s.request);
}

static int opens(const tb_key *key, tb_id about, tb_span sealed)
{
    tb_bytes plain = {0};
    tb_status status = tb_open(key, tb_span_of(about.bytes, sizeof about.bytes), sealed, &plain);
    tb_bytes_free(&plain);
    return status == TB_OK;
}

static int opens_site(const tb_keyring *keys, const char *name, const tb_bytes *sealed)
{
    tb_bytes plain = {0};
    tb_status status = tb_open(&keys->pair, tb_span_text(name), tb_bytes_span(sealed), &plain);
    tb_bytes_free(&plain);
    return status == TB_OK;
}

/* Every sealed column, tried with these keys. */
static int columns_that_open(tb_db *db, const tb_keyring *keys, tb_id person)
{
    tb_bytes wrapped = {0}, pair = {0}, roots = {0};
    tb_document_list documents = {0};
    tb_instrument instrument = {0};
    assert_int_equal(tb_person_key(db, person, &wrapped), TB_OK);
    assert_int_equal(tb_documents_all(db, &documents), TB_OK);
    assert_int_equal(documents.count, 1);
    assert_int_equal(tb_instrument_first(db, person, &instrument), TB_OK);
    assert_int_equal(tb_site_get(db, "key_pair", &pair), TB_OK);
    assert_int_equal(tb_site_get(db, "roots", &roots), TB_OK);
    int count = opens(&keys->wrap, person, tb_bytes_span(&wrapped)) +
                opens(&keys->document, person, tb_bytes_span(&documents.items[0].number)) +
                opens(&keys->token, instrument.id, tb_bytes_span(&instrument.token_sealed)) +
                opens_site(keys, "key_pair", &pair) + opens_site(keys, "roots", &roots);
    tb_bytes_free(&wrapped);
    tb_bytes_free(&pair);
    tb_bytes_free(&roots);
    tb_document_list_free(&documents);
    tb_instrument_free(&instrument);
    return count;
}

/* A person's former key opens their templates no more, either: whoever kept an old database would have it. */
static tb_status open_template(const airport *a, const tb_keyring *keys, const tb_bytes *wrapped, tb_id person)
{
    uint8_t about[17];
    tb_bytes own = {0}, plain = {0};
    tb_key key;
    tb_template_rows rows;
    tb_db *db = open_database(a, keys);
    assert_int_equal(tb_template_rows_get(db, person, &rows), TB_OK);
    assert_int_equal(rows.count, 1);
    memcpy(about, person.bytes, sizeof person.bytes);
    about[16] = (uint8_t)rows.rows[0].slot;
    tb_db_free(&db);
    memcpy(key.bytes, wrapped->data, sizeof key.bytes);
    tb_status status = tb_open(&key, tb_span_of(about, sizeof about), tb_bytes_span(&rows.sealed[0]), &plain);
    tb_template_rows_free(&rows);
    tb_bytes_free(&own);
    tb_bytes_free(&plain);
    return status;
}

static void persons_own_key(const airport *a, const tb_keyring *keys, tb_id person, tb_bytes *out)
{
    tb_bytes wrapped = {0};
    tb_db *db = open_database(a, keys);
    assert_int_equal(tb_person_key(db, person, &wrapped), TB_OK);
    assert_int_equal(tb_open(&keys->wrap, tb_span_of(person.bytes, sizeof person.bytes), tb_bytes_span(&wrapped), out),
                     TB_OK);
    tb_db_free(&db);
    tb_bytes_free(&wrapped);
}

static void the_old_key_opens_nothing(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    tb_bytes former = {0};
    tb_error why;
    live(a, &s);
    tb_id person = person_of(a, &s.who);
    tb_management_free(&a->m);
    tb_key before = master_key(a);
    tb_keyring *old = keyring_of(&before);
    persons_own_key(a, old, person, &former);
    assert_int_equal(open_template(a, old, &former, person), TB_OK);
    rotated(a, 0, &out);
    tb_key after = master_key(a);
    tb_keyring *new = keyring_of(&after);
    tb_db *db = open_database(a, new);
    assert_int_equal(columns_that_open(db, new, person), 5);
    assert_int_equal(columns_that_open(db, old, person), 0);
    tb_db_free(&db);
    assert_int_equal(open_template(a, new, &former, person), TB_CRYPTO);
    tb_key derived;
    assert_int_equal(tb_key_derive(&before, "tb-store", 8, &derived), TB_OK);
    airport_open(a);
    tb_key trust = tb_management_trust_key(a->m);
    assert_memory_not_equal(&trust, &derived, sizeof trust); /* it does not sign for the broker, either */
    tb_management_free(&a->m);
    put_key(a, &before);
    assert_int_equal(airport_try_open(a, &why), TB_DB_KEY);
    assert_int_equal(rotate(a, 0, &out, &why), TB_DB_KEY);
    put_key(a, &after);
    goes_on(a, &s);
    free(old);
    free(new);
    tb_bytes_free(&former);
    tb_request_free(&s.request);
}

/* A backup that is made afterwards. PostgreSQL's own are its rows, looked at above. */
static void nor_a_later_backup(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    tb_error why;
    char backup[FOLDER_SIZE + 16], key[FOLDER_SIZE + 32];
    live(a, &s);
    tb_management_free(&a->m);
    tb_key before = master_key(a);
    rotated(a, 0, &out);
    tb_key after = master_key(a);
    airport_open(a);
    snprintf(backup, sizeof backup, "%s/backup", a->folder);
    assert_int_equal(tb_management_backup(a->m, backup, NULL, &why), TB_OK);
    tb_management_free(&a->m);
    snprintf(key, sizeof key, "%s/master.key", backup);
    airport there = *a;
    snprintf(there.folder, sizeof there.folder, "%.50s/backup", a->folder);
    put_key(&there, &before);
    assert_int_equal(airport_try_open(&there, &why), TB_DB_KEY);
    put_key(&there, &after);
    goes_on(&there, &s);
    tb_management_free(&there.m);
    tb_request_free(&s.request);
}

/* Also what signs, and what finds; people are found all the same. */
static void a_leaked_key(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    live(a, &s);
    tb_management_free(&a->m);
    rotated(a, 1, &out);
    goes_on(a, &s);
    tb_key trust = tb_management_trust_key(a->m);
    assert_memory_not_equal(&trust, &s.trust, sizeof trust);
    airport_pass(a, SECURITY, s.who.visit);
    assert_int_equal(pay(a, &s), TB_OK);
    is_known_again(a, &s);
    tb_request_free(&s.request);
}

static void forget_roots(const airport *a)
{
    tb_key master = master_key(a);
    tb_keyring *keys = keyring_of(&master);
    tb_db *db = open_database(a, keys);
    assert_int_equal(tb_db_run(db, "DELETE FROM central.site WHERE name = 'roots'", TB_NO_VALUES, NULL), TB_OK);
    tb_db_free(&db);
    free(keys);
}

/* A site that was made before there were roots: its terminals keep what they hold, until a key leaks. */
static void a_site_of_before(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    tb_management_free(&a->m);
    tb_key before = master_key(a), derived;
    forget_roots(a);
    assert_int_equal(tb_key_derive(&before, "tb-store", 8, &derived), TB_OK);
    airport_open(a);
    live(a, &s);
    assert_memory_equal(&s.trust, &derived, sizeof derived);
    tb_management_free(&a->m);
    rotated(a, 0, &out);
    assert_int_equal(out.old_roots, 1);
    goes_on(a, &s);
    tb_key trust = tb_management_trust_key(a->m);
    assert_memory_equal(&trust, &derived, sizeof derived);
    tb_management_free(&a->m);
    rotated(a, 1, &out);
    assert_int_equal(out.old_roots, 0);
    airport_open(a);
    trust = tb_management_trust_key(a->m);
    assert_memory_not_equal(&trust, &derived, sizeof derived);
    tb_request_free(&s.request);
}

/* ---- killed ---- */

typedef struct victim {
    int step, dies_at;
    const char *folder;
} victim;

static void at_step(void *context, const char *step, uint64_t done, uint64_t of)
{
    victim *v = context;
    (void)step;
    (void)done;
    (void)of;
    if (++v->step == v->dies_at)
        raise(SIGKILL);
}

static void killed_at_every_step(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    int died = 1, status = 0, finished = 0;
    live(a, &s);
    for (int i = 1; died; i++) {
        assert_true(i < STEPS_MAX);
        tb_management_free(&a->m);
        const char *url = database_ready_url(a->folder);
        fflush(NULL);
        pid_t child = fork();
        if (!child) {
            victim v = {.dies_at = i};
            tb_rotation unused;
            const tb_rotation_options options = {
                .directory = a->folder, .database = url, .leaked = i % 2, .progress = at_step, .context = &v};
            _exit(tb_management_rotate_key(&options, &unused, NULL) == TB_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        died = WIFSIGNALED(status);
        assert_true(died || WEXITSTATUS(status) == 0);
        if (i % 2) /* whoever comes next: the service, or the command again */
            goes_on(a, &s);
        else
            rotated(a, 0, &out);
        finished += !(i % 2) && out.finished;
    }
    if (!a->m)
        goes_on(a, &s);
    assert_true(finished >= (database_is_postgres() ? 0 : 1));
    tb_request_free(&s.request);
}

static void has_no_journal(void *context, const char *step, uint64_t done, uint64_t of)
{
    const airport *a = context;
    char path[128];
    struct stat about;
    (void)step;
    (void)done;
    (void)of;
    path_of(a, "rotation.part/central.db-journal", path);
    assert_true(stat(path, &about) != 0 || !about.st_size);
}

/* One copy more, as is said: a journal of all that is sealed anew would be another. */
static void it_needs_room_for_one_copy(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    live(a, &s);
    tb_management_free(&a->m);
    const tb_rotation_options options = {.directory = a->folder, .progress = has_no_journal, .context = a};
    assert_int_equal(tb_management_rotate_key(&options, &out, NULL), TB_OK);
    goes_on(a, &s);
    tb_request_free(&s.request);
}

static void at_move(void *context, const char *step, uint64_t done, uint64_t of)
{
    (void)context;
    (void)done;
    (void)of;
    if (strcmp(step, "move") == 0)
        raise(SIGKILL);
}

/* Between two of the last moves: the folder says what is still to come. */
static void killed_between_two_moves(void **state)
{
    airport *a = *state;
    site s;
    char from[128], to[128];
    int status = 0;
    live(a, &s);
    tb_management_free(&a->m);
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        tb_rotation unused;
        const tb_rotation_options options = {.directory = a->folder, .progress = at_move};
        _exit(tb_management_rotate_key(&options, &unused, NULL) == TB_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    path_of(a, "rotation/central.db", from);
    path_of(a, "central.db", to);
    assert_int_equal(rename(from, to), 0);
    tb_rotation out;
    tb_error why;
    path_of(a, "visitor.db", to); /* something is in the way of the next move */
    assert_int_equal(unlink(to), 0);
    assert_int_equal(mkdir(to, 0700), 0);
    assert_int_equal(rotate(a, 0, &out, &why), TB_IO);
    assert_non_null(strstr(tb_error_text(&why), "moves what is left"));
    assert_int_equal(rmdir(to), 0);
    goes_on(a, &s);
    path_of(a, "rotation", from);
    assert_int_not_equal(access(from, F_OK), 0);
    tb_request_free(&s.request);
}

static void cut_off(void *context, const char *step, uint64_t done, uint64_t of)
{
    victim *v = context;
    (void)step;
    (void)done;
    (void)of;
    if (++v->step == v->dies_at)
        (void)database_ask(v->folder, "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                                      " WHERE datname = pg_catalog.current_database()"
                                      " AND pid <> pg_catalog.pg_backend_pid()");
}

/* The database ends the session at every step: all of it was done, or nothing, and the same command goes on. */
static void cut_off_at_every_step(void **state)
{
    airport *a = *state;
    site s;
    tb_rotation out;
    int gone = 0, done = 0;
    live(a, &s);
    for (int i = 1; !done; i++) {
        tb_error why = {0};
        victim v = {.dies_at = i, .folder = a->folder};
        const tb_rotation_options options = {
            .directory = a->folder, .database = database_ready_url(a->folder), .progress = cut_off, .context = &v};
        assert_true(i < STEPS_MAX);
        tb_management_free(&a->m);
        tb_status status = tb_management_rotate_key(&options, &out, &why);
        assert_true(status == TB_OK || status == TB_DB_GONE);
        if (status != TB_OK) {
            assert_non_null(strstr(tb_error_text(&why), "again"));
            rotated(a, 0, &out);
        }
        gone += status != TB_OK;
        done = v.step < i;
        goes_on(a, &s);
    }
    assert_true(gone > 0);
    tb_request_free(&s.request);
}

/* ---- refused ---- */

static void wait_until_served(const airport *a)
{
    int served = !database_is_postgres();
    for (int i = 0; i < 600 && !served; i++) {
        tb_key master = master_key(a);
        tb_keyring *keys = keyring_of(&master);
        tb_db *db = open_database(a, keys);
        assert_int_equal(tb_db_is_served(db, &served), TB_OK);
        tb_db_free(&db);
        free(keys);
        usleep(50000);
    }
    assert_true(served);
}

static void refused(void **state)
{
    airport *a = *state;
    tb_rotation out;
    tb_error why = {0};
    tb_key before = master_key(a);
    wait_until_served(a);
    assert_int_equal(rotate(a, 0, &out, &why), TB_DB_LOCKED);
    assert_non_null(strstr(tb_error_text(&why), "stop"));
    tb_management_free(&a->m);
    tb_key other = tb_key_random();
    put_key(a, &other);
    assert_int_equal(rotate(a, 0, &out, &why), TB_DB_KEY);
    put_key(a, &before);
    airport_open(a);
    tb_management_free(&a->m);
    char path[128];
    path_of(a, "master.key", path);
    if (geteuid() == 0) { /* what root makes the service could not open */
        assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
        assert_int_equal(rotate(a, 0, &out, &why), TB_FORBIDDEN);
        assert_non_null(strstr(tb_error_text(&why), "user"));
        assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    }
    airport_open(a);
    const tb_rotation_options nowhere = {.directory = "/nowhere/at/all"};
    assert_int_equal(tb_management_rotate_key(&nowhere, &out, &why), TB_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest on_both[] = {
        TEST(the_site_goes_on), TEST(the_old_key_opens_nothing), TEST(erasure_still_erases),
        TEST(a_leaked_key),     TEST(a_site_of_before),          TEST(killed_at_every_step),
        TEST(refused)};
    const struct CMUnitTest on_files[] = {TEST(nor_a_later_backup), TEST(it_needs_room_for_one_copy),
                                          TEST(killed_between_two_moves)};
    const struct CMUnitTest on_postgres[] = {TEST(cut_off_at_every_step)};
    int failed = cmocka_run_group_tests(on_both, NULL, NULL);
    return failed + (database_is_postgres() ? cmocka_run_group_tests(on_postgres, NULL, NULL)
                                            : cmocka_run_group_tests(on_files, NULL, NULL));
}
