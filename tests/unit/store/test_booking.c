/* Bookings with a flight and without, and a database from before there were any without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "database.h"
#include "folder.h"
#include "store/migration.h"
#include "store/store.h"

static const tb_key central = {{1, 2, 3}}, visitor = {{4, 5, 6}};

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

static tb_db *opened(const char *folder)
{
    tb_db *db;
    tb_error why = {0};
    tb_db_options options = {
        .directory = folder, .central = &central, .visitor = &visitor, .url = database_url(folder)};
    if (tb_db_open(&options, &db, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return db;
}

static tb_id make_person(tb_db *db)
{
    tb_id person = tb_id_random();
    assert_int_equal(tb_person_insert(db, person, "HANA", "JPN", 1), TB_OK);
    return person;
}

static void put_flight(tb_db *db) /* as version 3 did */
{
    assert_int_equal(
        tb_db_run(db,
                  "INSERT INTO central.flight (id, origin, destination, gate, boarding, departure, departed,"
                  " cancelled) VALUES ('NH105/2026-11-21', 'HND', 'LAX', '12', 5, 9, 0, 1)",
                  TB_NO_VALUES, NULL),
        TB_OK);
}

/* What a program of version 3 left behind is there after the upgrade, to the last column. */
static void bookings_of_before_are_kept(void **state)
{
    tb_db *db = opened(*state);
    tb_error why = {0};
    tb_migrations before[] = {tb_migrations_central, tb_migrations_visitor};
    tb_id id = tb_id_random();
    tb_booking booking;
    int64_t version;
    before[0].count = 3;
    assert_int_equal(tb_migrate(db, before, 2, &why), TB_OK);
    tb_id person = make_person(db);
    put_flight(db);
    assert_int_equal(
        tb_db_run(db,
                  "INSERT INTO central.booking (id, person, flight, pnr, seat, status, flag, bags, due, created)"
                  " VALUES ($1, $2, 'NH105/2026-11-21', 'ABC123', '12A', 2, 1, 3, 77, 55)",
                  TB_VALUES(tb_value_id(&id), tb_value_id(&person)), NULL),
        TB_OK);
    tb_db_free(&db);
    db = opened(*state);
    if (tb_store_migrate(db, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    assert_int_equal(tb_schema_version(db, "central", &version), TB_OK);
    assert_true(version >= 4);
    assert_int_equal(tb_booking_get(db, id, &booking), TB_OK);
    assert_true(tb_id_equal(booking.person, person));
    assert_string_equal(booking.flight.id, "NH105/2026-11-21");
    assert_string_equal(booking.flight.gate, "12");
    tb_flight flight;
    assert_int_equal(tb_flight_get(db, "NH105/2026-11-21", &flight), TB_OK);
    assert_true(flight.std == 9 && !flight.etd && flight.status == TB_FLIGHT_CANCELLED && flight.cancelled);
    assert_string_equal(booking.pnr, "ABC123");
    assert_string_equal(booking.seat, "12A");
    assert_true(booking.status == 2 && booking.flag == 1 && booking.bags == 3 && booking.due == 77);
    assert_string_equal(booking.reference, "");
    assert_int_equal(booking.facts.count, 0);
    assert_int_equal(tb_db_run(db,
                               "INSERT INTO central.booking (id, person, flight, pnr, seat, status, flag, bags, due,"
                               " created) VALUES ($1, $2, 'XX1/2026-11-21', '', '', 0, 0, 0, 0, 0)",
                               TB_VALUES(tb_value_id(&person), tb_value_id(&person)), NULL) == TB_OK,
                     0); /* flights are still referred to */
    tb_db_free(&db);
}

static void a_booking_without_a_flight(void **state)
{
    tb_db *db = opened(*state);
    tb_error why = {0};
    tb_booking made = {.id = tb_id_random(), .reference = "R1"}, second, read;
    tb_ids all = {0};
    tb_id found;
    assert_int_equal(tb_store_migrate(db, &why), TB_OK);
    made.person = make_person(db);
    assert_int_equal(tb_facts_set_text(&made.facts, "room", "707"), TB_OK);
    assert_int_equal(tb_facts_set_time(&made.facts, "leaving", 99), TB_OK);
    assert_int_equal(tb_booking_insert(db, &made, 4), TB_OK);
    assert_int_equal(tb_booking_by_reference(db, "R1", &found), TB_OK);
    assert_true(tb_id_equal(found, made.id));
    assert_int_equal(tb_booking_by_reference(db, "R2", &found), TB_NOT_FOUND);
    assert_int_equal(tb_booking_get(db, made.id, &read), TB_OK);
    assert_string_equal(read.reference, "R1");
    assert_string_equal(read.flight.id, "");
    assert_string_equal(tb_facts_text(&read.facts, "room"), "707");
    assert_int_equal(tb_facts_number(&read.facts, "leaving", 0), 99);
    read.facts = (tb_facts){0};
    assert_int_equal(tb_booking_facts_set(db, &read), TB_OK);
    assert_int_equal(tb_booking_get(db, made.id, &read), TB_OK);
    assert_int_equal(read.facts.count, 0);
    second = made;
    second.id = tb_id_random();
    assert_int_equal(tb_booking_insert(db, &second, 5), TB_EXISTS); /* a reference is one visit's */
    snprintf(second.reference, sizeof second.reference, "R2");
    assert_int_equal(tb_booking_insert(db, &second, 5), TB_OK); /* but a person may come twice */
    assert_int_equal(tb_bookings_of_person(db, made.person, &all), TB_OK);
    assert_int_equal(all.count, 2);
    assert_true(tb_id_equal(all.items[0], second.id)); /* the latest first */
    tb_ids_free(&all);
    tb_db_free(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(bookings_of_before_are_kept, setup, teardown),
                                       cmocka_unit_test_setup_teardown(a_booking_without_a_flight, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
