/* `teburad check`: what is wrong is found and told, what is right is counted, and nothing is changed by looking. */
#include "airport.h"
#include "management/service.h"

static tb_check_report compare(airport *a)
{
    tb_check_report report;
    tb_error why = {0};
    if (tb_management_compare(a->m, &report, &why) != TB_OK)
        fail_msg("%s", why.text);
    return report;
}

static void run(airport *a, const char *sql, tb_id visit)
{
    assert_int_equal(tb_db_run(a->m->db, sql, TB_VALUES(tb_value_id(&visit)), NULL), TB_OK);
}

static void finds(airport *a, const char *touchpoint, const char *what)
{
    tb_check_report report = compare(a);
    for (uint64_t i = 0; i < report.differences && i < TB_DIFFERENCES_MAX; i++)
        if (strcmp(report.first[i].touchpoint, touchpoint) == 0 && strstr(report.first[i].what, what))
            return;
    fail_msg("'%s' at '%s' was not found among %llu", what, touchpoint, (unsigned long long)report.differences);
}

static void differences_are_told(void **state)
{
    airport *a = *state;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}}, other = {"ITO", "KEN", "CD7654321", FLIGHT, 2, {{0}}};
    checkin(a, &t, 1);
    checkin(a, &other, 1);
    tb_check_report report = compare(a);
    assert_true(report.visits == 2 && report.due == 0 && report.differences == 0);
    assert_int_equal(report.entries, airport_counts(a).entries);
    assert_int_equal(report.lists, AIRPORT_TERMINALS - 1); /* the kiosk has none */
    run(a, "DELETE FROM visitor.entry WHERE visit = $1 AND touchpoint = 'security-1'", t.visit);
    finds(a, "security-1", "missing");
    run(a,
        "INSERT INTO visitor.entry (visit, touchpoint, valid_from, valid_until, fields) VALUES ($1, 'shop-1', 0, 9, '')",
        t.visit);
    finds(a, "shop-1", "without right");
    run(a, "UPDATE visitor.entry SET valid_until = 5 WHERE visit = $1 AND touchpoint = 'security-1'", other.visit);
    finds(a, "security-1", "out of date");
    run(a, "UPDATE central.booking SET due = 9000000000000000000 WHERE id = $1", other.visit);
    finds(a, "", "too late");
    assert_int_equal(compare(a).differences, 4);
}

/* The clock is behind with its work: nothing is wrong, and it is not done by looking. */
static void what_is_due_is_no_difference(void **state)
{
    airport *a = *state;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    tb_time next;
    checkin(a, &t, 1);
    a->now = at("11:35");
    uint64_t entries = airport_counts(a).entries;
    tb_check_report report = compare(a);
    assert_true(report.visits == 0 && report.due == 1 && report.differences == 0);
    assert_int_equal(airport_counts(a).entries, entries);
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    report = compare(a);
    assert_true(report.visits == 1 && report.due == 0 && report.differences == 0);
}

static tb_status examine(airport *a, tb_error *why)
{
    tb_management_free(&a->m);
    tb_management_options options = {
        .directory = a->folder,
        .database = database_ready_url(a->folder),
        .site = "narita",
        .profile = a->profile,
        .model = VECTORS_MODEL,
        .dimension = AIRPORT_DIMENSION,
        .now = airport_now,
        .now_context = a,
        .examine = 1,
        .calibration = {.knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f, .verification = 0.4f}};
    return tb_management_open(&options, &a->m, why);
}

static void looking_changes_nothing(void **state)
{
    airport *a = *state;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    tb_error why = {0};
    tb_time next;
    checkin(a, &t, 1);
    uint64_t outbox = airport_counts(a).outbox;
    assert_int_equal(examine(a, &why), TB_OK);
    assert_int_equal(compare(a).differences, 0);
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &t), &why), TB_FORBIDDEN);
    a->now = at("23:00");
    (void)!tb_management_tick(a->m, &next);
    assert_int_equal(airport_counts(a).people, 1);
    assert_int_equal(airport_counts(a).outbox, outbox);
    airport nowhere = {.profile = a->profile, .now = a->now};
    snprintf(nowhere.folder, sizeof nowhere.folder, "%s", "/nonexistent/site");
    assert_int_equal(examine(&nowhere, &why), TB_NOT_FOUND);
    assert_non_null(strstr(why.text, "no site"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(differences_are_told, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(what_is_due_is_no_difference, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(looking_changes_nothing, airport_setup, airport_teardown)};
    return tb_crypto_start() == TB_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
