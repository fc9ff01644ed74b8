/* People leave: consent withdrawn, a person deleted (I4, I5, I6), and what the console sees. Terminals come
 * (registration). */
#include "airport.h"

static const traveller who = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};

static tb_status take(void *context, const tb_person_summary *person)
{
    *(tb_person_summary *)context = *person;
    return TB_OK;
}

static void the_console_sees(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_person_summary s;
    memset(&s, 0, sizeof s);
    checkin(a, &t, 1);
    airport_pass(a, SECURITY, t.visit);
    assert_int_equal(tb_management_people(a->m, take, &s), TB_OK);
    assert_string_equal(s.name, "MIA SATO");
    assert_string_equal(s.flight, FLIGHT);
    assert_string_equal(s.status, "security_passed");
    assert_string_equal(s.seat, "2A");
    assert_true(s.flag && s.consent && s.in_visitor_db);
    assert_int_equal(s.templates, 1);
    assert_int_equal(s.lists, 1); /* emigration; nothing to pay with, nothing waiting, not boarding yet */
    assert_true(tb_id_equal(s.visit, t.visit));
}

static void consent_withdrawn_takes_effect_at_once(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_error why;
    checkin(a, &t, 1);
    assert_true(is_on_list(a, DROP, t.visit));
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &t), &why), TB_OK);
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.templates + counts.visitors + counts.entries, 0);
    assert_int_equal(counts.people, 1); /* the journey goes on without a face */
    assert_true(counts.outbox > 0);
    assert_false(is_on_list(a, DROP, t.visit));
    assert_false(is_on_list(a, SECURITY, t.visit));
    tb_template face = face_of(&t);
    assert_int_equal(identify(a, SECURITY, &face).verdict, TB_ANSWER_UNKNOWN);
    airport_check(a);
    checkin(a, &t, 1); /* and can be given again */
    assert_true(is_on_list(a, DROP, t.visit));
    airport_check(a);
    assert_int_equal(tb_management_consent_withdraw(a->m, t.visit, &why), TB_NOT_FOUND);
}

static void a_person_deleted_is_nowhere(void **state)
{
    airport *a = *state;
    traveller t = who, other = {"MORI", "LEO", "CD7654321", FLIGHT, 2, {{0}}};
    tb_error why;
    tb_id person;
    checkin(a, &t, 1);
    checkin(a, &other, 1);
    (void)airport_publish(a);
    assert_int_equal(tb_management_person_delete(a->m, person_of(a, &t), &why), TB_OK);
    assert_int_equal(tb_management_person_find(a->m, t.passport, &person), TB_NOT_FOUND);
    assert_false(is_on_list(a, DROP, t.visit));
    assert_true(is_on_list(a, DROP, other.visit));
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.people, 1);
    assert_int_equal(counts.templates, 1);
    airport_check(a);
    airport_reopen(a);
    airport_check(a);
}

static void passports_are_found_as_printed(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_id person;
    checkin(a, &t, 1);
    assert_int_equal(tb_management_person_find(a->m, "ab1234567", &person), TB_OK);
    assert_int_equal(tb_management_person_find(a->m, "AB 1234567<<", &person), TB_OK);
    assert_int_equal(tb_management_person_find(a->m, "AB1234568", &person), TB_NOT_FOUND);
    assert_int_equal(tb_management_person_find(a->m, "", &person), TB_NOT_FOUND);
}

static void what_is_no_instrument(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_error why;
    tb_id instrument;
    checkin(a, &t, 1);
    tb_id person = person_of(a, &t);
    assert_int_equal(tb_management_instrument_add(a->m, person, "", "tok", NULL, &instrument, &why),
                     TB_INVALID_ARGUMENT);
    assert_int_equal(tb_management_instrument_add(a->m, person, "card", "", NULL, &instrument, &why),
                     TB_INVALID_ARGUMENT);
    assert_int_equal(tb_management_instrument_add(a->m, person, "card", "tok", "12", &instrument, &why),
                     TB_INVALID_ARGUMENT);
    assert_int_equal(tb_management_instrument_add(a->m, person, "card", "tok", "12a4", &instrument, &why),
                     TB_INVALID_ARGUMENT);
    assert_int_equal(tb_management_instrument_add(a->m, t.visit, "card", "tok", NULL, &instrument, &why), TB_NOT_FOUND);
    assert_int_equal(tb_management_item_add(a->m, t.passport, "", &instrument, &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_management_item_add(a->m, t.passport, "\xff\xfe", &instrument, &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_management_item_add(a->m, t.passport, "お土産", &instrument, &why), TB_OK);
    airport_check(a);
}

static void a_terminal_registers_once(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_touchpoint wanted = {.id = "security-2", .role = "security"}, out;
    char code[33], wrong[33];
    tb_error why;
    tb_key_pair keys = tb_key_pair_random(), thief = tb_key_pair_random();
    checkin(a, &t, 1);
    assert_int_equal(tb_management_touchpoint_add(a->m, &wanted, code, &why), TB_OK);
    assert_int_equal(tb_management_touchpoint_add(a->m, &wanted, wrong, &why), TB_EXISTS);
    assert_int_equal(strlen(code), 32);
    memset(wrong, '0', 32);
    wrong[32] = '\0';
    assert_int_equal(tb_management_touchpoint_register(a->m, wrong, &keys.public_key, &out, &why), TB_UNAUTHORISED);
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &(tb_key){{0}}, &out, &why), TB_INVALID_ARGUMENT);
    uint64_t before = airport_counts(a).entries;
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &keys.public_key, &out, &why), TB_OK);
    assert_string_equal(out.zone, "security_area");
    assert_int_equal(airport_counts(a).entries, before + 1); /* its list is filled */
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &thief.public_key, &out, &why), TB_UNAUTHORISED);
    airport_reopen(a);
    /* its answer was lost */
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &keys.public_key, &out, &why), TB_OK);
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &thief.public_key, &out, &why), TB_UNAUTHORISED);
    airport_check(a);
    tb_touchpoint bad[] = {
        {.id = "", .role = "security"}, {.id = "a.b", .role = "security"}, {.id = "a", .role = "pope"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tb_management_touchpoint_add(a->m, &bad[i], code, &why), TB_INVALID_ARGUMENT);
}

static tb_status take_beat(void *context, const tb_touchpoint *touchpoint)
{
    if (strcmp(touchpoint->id, "gate-12") == 0)
        *(tb_heartbeat *)context = touchpoint->last;
    return TB_OK;
}

static void heartbeats_are_only_remembered(void **state)
{
    airport *a = *state;
    tb_heartbeat beat = {.touchpoint = "gate-12", .entries = 3, .at = a->now, .state = "idle"}, seen;
    memset(&seen, 0, sizeof seen);
    int which = 6, gone; /* gate-12 */
    tb_bytes plain = {0}, sealed = {0}, order = {0};
    const char *subject = "tb.narita.status.gate-12", *other = "tb.narita.status.gate-34";
    assert_int_equal(tb_heartbeat_encode(&beat, &plain), TB_OK);
    assert_int_equal(tb_seal_to(&a->terminals[which].keys.private_key, &a->server, tb_span_text(subject),
                                tb_bytes_span(&plain), &sealed),
                     TB_OK);
    /* plain, in another's name, or not sealed at all: not believed */
    assert_int_equal(tb_management_heartbeat(a->m, subject, tb_bytes_span(&plain), &order, &gone), TB_CRYPTO);
    assert_int_equal(tb_management_heartbeat(a->m, other, tb_bytes_span(&sealed), &order, &gone), TB_CRYPTO);
    assert_int_equal(tb_management_heartbeat(a->m, "tb.narita.status.nobody", tb_bytes_span(&sealed), &order, &gone),
                     TB_UNAUTHORISED);
    assert_int_equal(tb_management_touchpoints(a->m, take_beat, &seen), TB_OK);
    assert_int_equal(seen.entries, 0);
    assert_int_equal(tb_management_heartbeat(a->m, subject, tb_bytes_span(&sealed), &order, &gone), TB_OK);
    assert_int_equal(order.size + (size_t)gone, 0);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    assert_int_equal(tb_management_touchpoints(a->m, take_beat, &seen), TB_OK);
    assert_int_equal(seen.entries, 3);
    airport_reopen(a);
    assert_int_equal(tb_management_touchpoints(a->m, take_beat, &seen), TB_OK);
    assert_int_equal(seen.entries, 0);
}

static void everything_again_for_a_broker_that_forgot(void **state)
{
    airport *a = *state;
    traveller t = who;
    checkin(a, &t, 1);
    assert_int_equal(airport_publish(a), 2);
    assert_int_equal(tb_management_outbox_all(a->m), TB_OK);
    assert_int_equal(airport_publish(a), 2);
    assert_true(is_on_list(a, DROP, t.visit));
    assert_int_equal(airport_publish(a), 0);
    tb_management_outbox_wait(a->m, 10); /* comes back although nothing happens */
    airport_check(a);
}

static void database_files(airport *a, tb_bytes files[2], int restore)
{
    static const char *const names[] = {"central.db", "visitor.db"};
    if (database_is_postgres()) {
        (restore ? database_restore : database_save)(a->folder);
        return;
    }
    for (int i = 0; i < 2; i++) {
        char path[128];
        tb_error why;
        snprintf(path, sizeof path, "%s/%s", a->folder, names[i]);
        if (restore)
            assert_int_equal(tb_file_write(path, tb_bytes_span(&files[i]), &why), TB_OK);
        else
            assert_int_equal(tb_file_read(path, (size_t)64 << 20, &files[i], &why), TB_OK);
    }
}

/* What the terminals have heard since the backup must not make them deaf to what the server says now. */
static void a_restored_backup_speaks_with_new_numbers(void **state)
{
    airport *a = *state;
    tb_bytes files[2] = {{0}};
    traveller t = who;
    tb_error why;
    checkin(a, &t, 1);
    airport_publish(a);
    tb_management_free(&a->m);
    database_files(a, files, 0);
    airport_open(a);
    for (int i = 0; i < 3; i++) {
        airport_flight(a, FLIGHT, i % 2 ? "12" : "14", at("11:30"), at("12:00"));
        airport_publish(a);
    }
    uint64_t heard = a->terminals[DROP].sequence;
    tb_management_free(&a->m);
    database_files(a, files, 1);
    a->now += TB_SECOND;
    airport_open(a);
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &t), &why), TB_OK);
    assert_false(is_on_list(a, DROP, t.visit));
    assert_true(a->terminals[DROP].sequence > heard);
    for (int i = 0; i < 2; i++)
        tb_bytes_free(&files[i]);
    airport_check(a);
}

static void flights_that_are_none(void **state)
{
    airport *a = *state;
    tb_error why;
    const tb_flight good = {
        .id = FLIGHT, .from = "NRT", .to = "LHR", .gate = "12", .boarding = at("11:30"), .departure = at("12:00")};
    tb_flight bad = good;
    snprintf(bad.id, sizeof bad.id, "NH105");
    assert_int_equal(tb_management_flight_put(a->m, &bad, &why), TB_INVALID_ARGUMENT);
    bad = good;
    bad.departure = bad.boarding - 1;
    assert_int_equal(tb_management_flight_put(a->m, &bad, &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_management_flight_departed(a->m, "XX1/2026-11-21", &why), TB_NOT_FOUND);
    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK);
    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK); /* said twice */
    assert_int_equal(tb_management_flight_put(a->m, &good, &why), TB_CONFLICT);
}

static void of_another_site(void **state)
{
    airport *a = *state;
    tb_error why;
    tb_management_free(&a->m);
    tb_management_options options = {.directory = a->folder,
                                     .database = database_url(a->folder),
                                     .site = "haneda",
                                     .profile = a->profile,
                                     .model = VECTORS_MODEL,
                                     .dimension = AIRPORT_DIMENSION,
                                     .now = airport_now,
                                     .now_context = a};
    assert_int_equal(tb_management_open(&options, &a->m, &why), TB_CONFLICT);
    assert_non_null(strstr(tb_error_text(&why), "narita"));
    options.site = "Bad Name";
    assert_int_equal(tb_management_open(&options, &a->m, &why), TB_INVALID_ARGUMENT);
}

static void keys_that_are_wrong_or_gone(void **state)
{
    airport *a = *state;
    tb_error why;
    char path[128], text[65];
    tb_management_free(&a->m);
    snprintf(path, sizeof path, "%s/master.key", a->folder);
    assert_int_equal(remove(path), 0);
    assert_int_equal(airport_try_open(a, &why), TB_DB_KEY);
    assert_non_null(strstr(tb_error_text(&why), "missing"));
    memset(text, 'a', 64);
    assert_int_equal(tb_file_write(path, tb_span_of(text, 64), &why), TB_OK);
    assert_int_equal(airport_try_open(a, &why), TB_DB_KEY);
    assert_null(a->m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(the_console_sees),
                                       TEST(consent_withdrawn_takes_effect_at_once),
                                       TEST(a_person_deleted_is_nowhere),
                                       TEST(passports_are_found_as_printed),
                                       TEST(what_is_no_instrument),
                                       TEST(a_terminal_registers_once),
                                       TEST(heartbeats_are_only_remembered),
                                       TEST(everything_again_for_a_broker_that_forgot),
                                       TEST(a_restored_backup_speaks_with_new_numbers),
                                       TEST(flights_that_are_none),
                                       TEST(of_another_site),
                                       TEST(keys_that_are_wrong_or_gone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
