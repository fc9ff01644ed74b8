/* Registration (X7): a code ends, can be renewed, is known by its hash alone; who tries codes is not heard. */
#include "airport.h"

#include <tebura/sign.h>

static void announce(airport *a, const char *id, char code[TB_CODE_SIZE])
{
    tb_touchpoint wanted = {.role = "security"};
    tb_error why = {0};
    snprintf(wanted.id, sizeof wanted.id, "%s", id);
    if (tb_management_touchpoint_add(a->m, &wanted, code, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
}

static tb_status claim_from(airport *a, const char *code, const tb_key_pair *keys, const char *source)
{
    tb_key broker_key = keys->public_key; /* any other would do */
    tb_touchpoint out;
    tb_touchpoint_claim claim = {code, &keys->public_key, &broker_key, source};
    tb_status status = tb_management_touchpoint_claim(a->m, &claim, &out, NULL);
    assert_int_equal(status == TB_OK, out.registered);
    assert_int_equal(status == TB_OK, out.has_broker_key);
    return status;
}

static void a_code_ends_and_is_renewed(void **state)
{
    airport *a = *state;
    char code[TB_CODE_SIZE], other[TB_CODE_SIZE];
    tb_key_pair keys = tb_key_pair_random(), thief = tb_key_pair_random();
    tb_time until = 0;
    announce(a, "new-1", code);
    a->now += 24 * TB_HOUR + TB_SECOND;
    assert_int_equal(claim_from(a, code, &keys, ""), TB_UNAUTHORISED);
    assert_int_equal(tb_management_touchpoint_code(a->m, "new-1", other, &until, NULL), TB_OK);
    assert_int_equal(until, a->now + 24 * TB_HOUR);
    assert_string_not_equal(code, other);
    assert_int_equal(claim_from(a, code, &keys, ""), TB_UNAUTHORISED);
    a->now += 23 * TB_HOUR;
    airport_reopen(a); /* the end of a code and its hash are in the database */
    assert_int_equal(claim_from(a, other, &keys, ""), TB_OK);
    a->now += 48 * TB_HOUR;
    assert_int_equal(claim_from(a, other, &keys, ""), TB_OK); /* its answer was lost */
    assert_int_equal(claim_from(a, other, &thief, ""), TB_UNAUTHORISED);
    tb_touchpoint out;
    tb_key another = thief.public_key; /* its own key, another one for the broker */
    tb_touchpoint_claim claim = {other, &keys.public_key, &another, ""};
    assert_int_equal(tb_management_touchpoint_claim(a->m, &claim, &out, NULL), TB_UNAUTHORISED);
    assert_int_equal(tb_management_touchpoint_code(a->m, "new-1", code, &until, NULL), TB_CONFLICT);
    assert_int_equal(tb_management_touchpoint_code(a->m, "nowhere", code, &until, NULL), TB_NOT_FOUND);
    assert_string_equal(code, "");
}

static void who_tries_codes_is_not_heard(void **state)
{
    airport *a = *state;
    char code[TB_CODE_SIZE];
    tb_key_pair keys = tb_key_pair_random();
    announce(a, "new-2", code);
    for (int i = 0; i < 10; i++)
        assert_int_equal(claim_from(a, "00000000000000000000000000000000", &keys, "10.0.0.9"), TB_UNAUTHORISED);
    assert_int_equal(claim_from(a, "00000000000000000000000000000000", &keys, "10.0.0.9"), TB_TOO_OFTEN);
    assert_int_equal(claim_from(a, code, &keys, "10.0.0.9"), TB_TOO_OFTEN); /* the right one neither */
    a->now += 11 * TB_MINUTE;
    assert_int_equal(claim_from(a, "00000000000000000000000000000000", &keys, "10.0.0.9"), TB_UNAUTHORISED);
    assert_int_equal(claim_from(a, code, &keys, "10.0.0.9"), TB_OK);
    char source[32];
    for (int i = 0; i < 200; i++) { /* more sources than are remembered */
        snprintf(source, sizeof source, "10.1.%d.%d", i / 100, i % 100);
        assert_int_equal(claim_from(a, "00000000000000000000000000000000", &keys, source), TB_UNAUTHORISED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_ends_and_is_renewed, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(who_tries_codes_is_not_heard, airport_setup, airport_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
