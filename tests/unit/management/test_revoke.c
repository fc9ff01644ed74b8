/* Terminals that leave (X7): revoked, nothing they sealed is believed and their key is turned away for ever; an honest
 * one is wiped after it has delivered. Answers are for who asked (I3). */
#include "airport.h"

#include <tebura/sign.h>

static const traveller who = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};

static tb_order opened(airport *a, int which, const char *about, const tb_bytes *sealed)
{
    tb_bytes plain = {0};
    tb_order order;
    assert_int_equal(tb_open_from(&a->terminals[which].keys.private_key, &a->server, tb_span_text(about),
                                  tb_bytes_span(sealed), &plain),
                     TB_OK);
    assert_int_equal(tb_order_decode(tb_bytes_span(&plain), &order, NULL), TB_OK);
    tb_bytes_free(&plain);
    return order;
}

typedef struct look {
    const char *id;
    uint64_t entries;
} look;

static tb_status look_at(void *context, const tb_touchpoint *touchpoint)
{
    look *l = context;
    if (strcmp(touchpoint->id, l->id) == 0)
        l->entries = touchpoint->entries;
    return TB_OK;
}

static uint64_t entries_of(airport *a, const char *id)
{
    look l = {id, 99};
    assert_int_equal(tb_management_touchpoints(a->m, look_at, &l), TB_OK);
    return l.entries;
}

static tb_status count_revoked(void *context, const tb_key *broker_key, tb_time at)
{
    (void)broker_key;
    (void)at;
    ++*(int *)context;
    return TB_OK;
}

static void nothing_of_a_revoked_terminal_is_believed(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_bytes order = {0}, standing = {0};
    tb_touchpoint out;
    char code[TB_CODE_SIZE];
    tb_time until;
    checkin(a, &t, 1);
    assert_true(is_on_list(a, DROP, t.visit));
    tb_event stored = airport_event(a, SECURITY, TB_EVENT_PASSAGE, t.visit);
    assert_int_equal(tb_management_touchpoint_revoke(a->m, "security-1", &order, NULL), TB_OK);
    assert_int_equal(opened(a, SECURITY, "tb.narita.order.security-1", &order).kind, TB_ORDER_REVOKED);
    assert_int_equal(entries_of(a, "security-1"), 0);
    assert_int_equal(entries_of(a, "drop-1"), 1); /* nobody else's list */
    airport_check(a);

    assert_int_equal(airport_send(a, SECURITY, &stored), TB_OK); /* dropped for good */
    assert_int_equal(airport_counts(a).events_applied, 0);
    assert_int_equal(airport_counts(a).events_refused, 1);
    tb_request request = airport_request(a, SECURITY, TB_REQUEST_PAY);
    tb_answer answer;
    request.amount = 1;
    snprintf(request.currency, sizeof request.currency, "JPY");
    request.visit = t.visit;
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_UNAUTHORISED);

    airport_reopen(a); /* all of it is in the database */
    assert_int_equal(airport_send(a, SECURITY, &stored), TB_OK);
    assert_int_equal(airport_counts(a).events_applied, 0);
    const tb_key *key = &a->terminals[SECURITY].keys.public_key;
    assert_int_equal(tb_management_standing(a->m, key, &standing), TB_OK);
    assert_int_equal(opened(a, SECURITY, "standing.security-1", &standing).kind, TB_ORDER_REVOKED);
    assert_int_equal(tb_management_standing(a->m, &a->terminals[DROP].keys.public_key, &standing), TB_CONFLICT);
    tb_key stranger = tb_key_random();
    assert_int_equal(tb_management_standing(a->m, &stranger, &standing), TB_NOT_FOUND);
    assert_int_equal(tb_management_touchpoint_revoke(a->m, "security-1", &order, NULL), TB_CONFLICT);
    assert_int_equal(tb_management_touchpoint_revoke(a->m, "nowhere", &order, NULL), TB_NOT_FOUND);

    /* the touchpoint gets another terminal; the old key does not come back with the new code */
    assert_int_equal(tb_management_touchpoint_code(a->m, "security-1", code, &until, NULL), TB_OK);
    assert_int_equal(tb_management_touchpoint_register(a->m, code, key, &out, NULL), TB_UNAUTHORISED);
    a->terminals[SECURITY].keys = tb_key_pair_random();
    assert_int_equal(tb_management_touchpoint_register(a->m, code, &a->terminals[SECURITY].keys.public_key, &out, NULL),
                     TB_OK);
    assert_int_equal(entries_of(a, "security-1"), 1);
    airport_pass(a, SECURITY, t.visit);
    assert_int_equal(airport_counts(a).events_applied, 1);
    airport_check(a);
    tb_bytes_free(&order);
    tb_bytes_free(&standing);
}

static void its_code_is_worth_nothing(void **state)
{
    airport *a = *state;
    tb_touchpoint wanted = {.id = "new-1", .role = "security"}, out;
    char code[TB_CODE_SIZE];
    tb_bytes order = {0};
    tb_key_pair keys = tb_key_pair_random(), other = tb_key_pair_random();
    tb_key broker_key = other.public_key;
    tb_touchpoint_claim claim = {code, &keys.public_key, &broker_key, ""};
    int revoked = 0;
    assert_int_equal(tb_management_touchpoint_add(a->m, &wanted, code, NULL), TB_OK);
    assert_int_equal(tb_management_touchpoint_claim(a->m, &claim, &out, NULL), TB_OK);
    assert_int_equal(tb_management_revoked(a->m, count_revoked, &revoked), TB_OK);
    assert_int_equal(revoked, 0);
    assert_int_equal(tb_management_touchpoint_revoke(a->m, "new-1", &order, NULL), TB_OK);
    assert_int_equal(tb_management_revoked(a->m, count_revoked, &revoked), TB_OK);
    assert_int_equal(revoked, 1);
    assert_int_equal(tb_management_touchpoint_claim(a->m, &claim, &out, NULL), TB_UNAUTHORISED);
    claim.public_key = &other.public_key;
    assert_int_equal(tb_management_touchpoint_claim(a->m, &claim, &out, NULL), TB_UNAUTHORISED);
    tb_bytes_free(&order);
}

static int beat(airport *a, int which, const char *in_state, tb_bytes *order)
{
    char subject[128];
    int gone = 0;
    tb_bytes plain = {0}, sealed = {0};
    tb_heartbeat heartbeat = {.at = a->now};
    snprintf(heartbeat.touchpoint, sizeof heartbeat.touchpoint, "%s", a->terminals[which].id);
    snprintf(heartbeat.state, sizeof heartbeat.state, "%s", in_state);
    snprintf(subject, sizeof subject, "tb.narita.status.%s", a->terminals[which].id);
    assert_int_equal(tb_heartbeat_encode(&heartbeat, &plain), TB_OK);
    assert_int_equal(tb_seal_to(&a->terminals[which].keys.private_key, &a->server, tb_span_text(subject),
                                tb_bytes_span(&plain), &sealed),
                     TB_OK);
    tb_bytes_free(order);
    assert_int_equal(tb_management_heartbeat(a->m, subject, tb_bytes_span(&sealed), order, &gone), TB_OK);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    return gone;
}

static void an_honest_one_delivers_first(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_bytes order = {0};
    checkin(a, &t, 1);
    assert_int_equal(tb_management_touchpoint_wipe(a->m, "security-1", &order, NULL), TB_OK);
    assert_int_equal(opened(a, SECURITY, "tb.narita.order.security-1", &order).kind, TB_ORDER_WIPE);
    assert_false(is_on_list(a, SECURITY, t.visit));
    airport_check(a);
    airport_reopen(a); /* it is still to be wiped after a restart, and gets nobody */
    traveller later = {"MORI", "LEO", "CD7654321", FLIGHT, 2, {{0}}};
    checkin(a, &later, 1);
    assert_false(is_on_list(a, SECURITY, later.visit));
    airport_check(a);
    assert_false(beat(a, SECURITY, "idle", &order));
    assert_int_equal(opened(a, SECURITY, "tb.narita.order.security-1", &order).kind, TB_ORDER_WIPE);
    airport_pass(a, SECURITY, t.visit); /* what was in its outbox */
    assert_int_equal(airport_counts(a).events_applied, 1);
    assert_true(beat(a, SECURITY, TB_STATE_WIPED, &order));
    assert_int_equal(order.size, 0);
    airport_pass(a, SECURITY, t.visit); /* from now on it is revoked */
    assert_int_equal(airport_counts(a).events_applied, 1);
    assert_false(beat(a, DROP, TB_STATE_WIPED, &order)); /* nobody ordered that */
    tb_bytes_free(&order);
    airport_check(a);
}

static void an_answer_is_for_who_asked(void **state)
{
    airport *a = *state;
    traveller t = who;
    tb_answer answer;
    checkin(a, &t, 1);
    airport_pass(a, SECURITY, t.visit);
    tb_id instrument;
    assert_int_equal(tb_management_instrument_add(a->m, person_of(a, &t), "card", "tok_1", NULL, &instrument, NULL),
                     TB_OK);
    tb_request request = airport_request(a, SHOP, TB_REQUEST_PAY);
    request.amount = 500;
    snprintf(request.currency, sizeof request.currency, "JPY");
    request.visit = t.visit;
    request.staff_confirmed = 1;
    assert_int_equal(airport_ask(a, SHOP, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    assert_int_equal(airport_ask(a, SHOP, &request, &answer), TB_OK); /* the same again */
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    tb_request stolen = airport_request(a, PICKUP, TB_REQUEST_PAY); /* another terminal, the same id */
    stolen.id = request.id;
    stolen.amount = 500;
    snprintf(stolen.currency, sizeof stolen.currency, "JPY");
    stolen.visit = t.visit;
    assert_int_equal(airport_ask(a, PICKUP, &stolen, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_FAILED);
    assert_true(tb_id_is_zero(answer.visit));
    assert_int_equal(airport_counts(a).payments, 1);
    airport_check(a);
}

#define T(test) cmocka_unit_test_setup_teardown(test, airport_setup, airport_teardown)

/* Its registration once more is for itself alone, and only while it is in service. */
static void a_renewal_is_for_who_is_in_service(void **state)
{
    airport *a = *state;
    tb_touchpoint found;
    tb_bytes sealed = {0}, plain = {0}, order = {0};
    tb_key_pair *own = &a->terminals[SECURITY].keys, *other = &a->terminals[DROP].keys, stranger = tb_key_pair_random();
    tb_span about = tb_span_text("renewal.security-1");
    assert_int_equal(tb_management_touchpoint_of_key(a->m, &stranger.public_key, &found), TB_NOT_FOUND);
    assert_int_equal(tb_management_touchpoint_of_key(a->m, &own->public_key, &found), TB_OK);
    assert_string_equal(found.id, "security-1");
    assert_int_equal(tb_management_seal_renewal(a->m, &found, tb_span_text("{}"), &sealed), TB_OK);
    assert_int_equal(tb_open_from(&other->private_key, &a->server, about, tb_bytes_span(&sealed), &plain), TB_CRYPTO);
    assert_int_equal(tb_open_from(&own->private_key, &stranger.public_key, about, tb_bytes_span(&sealed), &plain),
                     TB_CRYPTO);
    assert_int_equal(tb_open_from(&own->private_key, &a->server, tb_span_text("standing.security-1"),
                                  tb_bytes_span(&sealed), &plain),
                     TB_CRYPTO); /* nor is it an order */
    assert_int_equal(tb_open_from(&own->private_key, &a->server, about, tb_bytes_span(&sealed), &plain), TB_OK);
    assert_int_equal(tb_management_touchpoint_wipe(a->m, "security-1", &order, NULL), TB_OK);
    assert_int_equal(tb_management_touchpoint_of_key(a->m, &own->public_key, &found), TB_NOT_FOUND);
    tb_bytes_free(&sealed);
    tb_bytes_free(&plain);
    tb_bytes_free(&order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(nothing_of_a_revoked_terminal_is_believed), T(its_code_is_worth_nothing),
                                       T(an_honest_one_delivers_first), T(an_answer_is_for_who_asked),
                                       T(a_renewal_is_for_who_is_in_service)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
