/* A7: roles whose terminals are told of new entries together, at an interval: never later than the window needs, and
 * whatever leaves a list is told at once. */
#include "airport.h"

#include "management/service.h"

static void replace(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    assert_non_null(at);
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
}

/* Tills every ten minutes, boarding gates every three hours. */
static int set_up(void **state)
{
    assert_int_equal(airport_setup(state), 0);
    airport *a = *state;
    tb_bytes yaml = {0};
    tb_error why = {0};
    tb_management_free(&a->m);
    assert_int_equal(tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, &why), TB_OK);
    char *text = calloc(1, yaml.size + 200);
    memcpy(text, yaml.data, yaml.size);
    replace(text, "  - name: shop\n", "  - name: shop\n    deliver_every: 10m\n");
    replace(text, "  - name: boarding\n", "  - name: boarding\n    deliver_every: 3h\n");
    tb_profile_free(&a->profile);
    if (tb_profile_parse(tb_span_text(text), "later.yaml", &a->profile, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    free(text);
    tb_bytes_free(&yaml);
    airport_open(a);
    return 0;
}

/* What is published for a terminal now: +1 for each entry, -1 for each that goes. */
static int published(airport *a, int which, int *gone)
{
    tb_outbox_item items[64];
    int count, present = 0;
    *gone = 0;
    do {
        assert_int_equal(tb_management_outbox(a->m, items, 64, &count), TB_OK);
        for (int i = 0; i < count; i++) {
            int ours = strcmp(items[i].touchpoint, a->terminals[which].id) == 0;
            present += ours && items[i].present;
            *gone += ours && !items[i].present;
            tb_bytes_free(&items[i].sealed);
        }
        if (count)
            assert_int_equal(tb_management_outbox_done(a->m, items[count - 1].row), TB_OK);
    } while (count);
    return present;
}

static tb_time move_to(airport *a, const char *clock)
{
    tb_time next;
    tb_error why = {0};
    a->now = at(clock);
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    if (tb_management_check(a->m, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return next;
}

static traveller go_airside(airport *a, int number, const char *passport)
{
    tb_id card;
    tb_error why = {0};
    traveller t = {"SATO", "MIA", passport, FLIGHT, number, {{0}}};
    checkin(a, &t, 1);
    assert_int_equal(tb_management_instrument_add(a->m, person_of(a, &t), "card", "tok_1", NULL, &card, &why), TB_OK);
    airport_pass(a, SECURITY, t.visit);
    airport_pass(a, EMIGRATION, t.visit);
    return t;
}

static void new_ones_together_and_leavers_at_once(void **state)
{
    airport *a = *state;
    int gone;
    move_to(a, "09:41");
    traveller mia = go_airside(a, 1, "AB1234567");
    a->now += TB_MINUTE;
    traveller leo = go_airside(a, 2, "AB1234568");
    assert_int_equal(published(a, SHOP, &gone), 0);
    tb_template face = face_of(&mia);
    assert_int_equal(identify(a, SHOP, &face).verdict, TB_ANSWER_ADMIT); /* meanwhile the server knows them */
    assert_true(move_to(a, "09:49") <= at("09:50"));
    assert_int_equal(published(a, SHOP, &gone), 0);
    airport_reopen(a); /* a start in between loses and hastens nothing */
    move_to(a, "09:50");
    assert_int_equal(published(a, SHOP, &gone), 2);
    tb_error why = {0};
    a->now += TB_SECOND; /* leaves: at once */
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &leo), &why), TB_OK);
    assert_int_equal(published(a, SHOP, &gone), 0);
    assert_int_equal(gone, 1);
    traveller kai = go_airside(a, 3, "AB1234569"); /* comes and goes while it waits: never heard of */
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &kai), &why), TB_OK);
    assert_int_equal(published(a, SHOP, &gone) + gone, 0);
    move_to(a, "10:00");
    assert_int_equal(published(a, SHOP, &gone) + gone, 0);
}

/* Three hours would be 12:00; boarding is at 11:30. */
static void never_later_than_the_window(void **state)
{
    airport *a = *state;
    int gone;
    (void)go_airside(a, 1, "AB1234567");
    move_to(a, "11:00"); /* the lead of half an hour begins: on the list, and not told yet */
    assert_int_equal(published(a, GATE12, &gone), 0);
    assert_true(move_to(a, "11:29") < at("11:30"));
    assert_int_equal(published(a, GATE12, &gone), 0);
    a->now = at("11:30") - 10 * TB_SECOND;
    tb_time next;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(published(a, GATE12, &gone), 1);
    airport_flight(a, FLIGHT, "34", at("11:30"), at("12:00")); /* what changes is told at once */
    assert_int_equal(published(a, GATE12, &gone), 0);
    assert_int_equal(gone, 1);
}

static void a_new_terminal_waits_for_nothing(void **state)
{
    airport *a = *state;
    int gone;
    move_to(a, "09:41");
    (void)go_airside(a, 1, "AB1234567");
    a->terminals[SHOP].id = "shop-2"; /* announced now */
    airport_register(a, SHOP);
    assert_int_equal(published(a, SHOP, &gone), 1);
}

/* Every list is written again, as at a start: who waits goes on waiting, and who goes meanwhile is not left there. */
static void nobody_is_left_by_a_start(void **state)
{
    airport *a = *state;
    int gone;
    tb_error why = {0};
    move_to(a, "09:41");
    traveller mia = go_airside(a, 1, "AB1234567"), leo = go_airside(a, 2, "AB1234568");
    assert_int_equal(published(a, SHOP, &gone), 0);
    assert_int_equal(tb_management_outbox_all(a->m), TB_OK);
    assert_int_equal(published(a, SHOP, &gone), 0);
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &leo), &why), TB_OK);
    assert_int_equal(published(a, SHOP, &gone), 0);
    move_to(a, "09:50");
    assert_int_equal(published(a, SHOP, &gone), 1);
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, &mia), &why), TB_OK);
    assert_int_equal(published(a, SHOP, &gone), 0);
    assert_int_equal(gone, 1);
}

/* Nothing waits for a terminal that is not there any more: it would hold up the next one's. */
static void a_revoked_terminal_waits_for_nothing(void **state)
{
    airport *a = *state;
    uint64_t rows = 1;
    tb_bytes order = {0};
    move_to(a, "09:41");
    (void)go_airside(a, 1, "AB1234567");
    assert_int_equal(tb_store_count(a->m->db, "SELECT count(*) FROM visitor.later", &rows), TB_OK);
    assert_int_equal(rows, 1);
    assert_int_equal(tb_management_touchpoint_revoke(a->m, a->terminals[SHOP].id, &order, NULL), TB_OK);
    assert_int_equal(tb_store_count(a->m->db, "SELECT count(*) FROM visitor.later", &rows), TB_OK);
    assert_int_equal(rows, 0);
    tb_bytes_free(&order);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(new_ones_together_and_leavers_at_once), TEST(never_later_than_the_window),
                                       TEST(a_new_terminal_waits_for_nothing), TEST(nobody_is_left_by_a_start),
                                       TEST(a_revoked_terminal_waits_for_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
