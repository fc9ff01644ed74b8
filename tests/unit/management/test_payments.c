/* Payments: once per id, in the ledger or not at all, and undone whenever the terminal or we were interrupted (A11). */
#include <sys/wait.h>
#include <unistd.h>

#include "airport.h"

static const traveller who = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};

/* A provider that counts what it holds: authorised and not reversed. */
typedef struct till {
    tb_provider provider;
    tb_status answer;
    int authorised, reversed;
    int64_t held;
    tb_id last, stubborn; /* the one it does not reverse */
    void (*meanwhile)(airport *a, tb_id payment);
    airport *a;
} till;

static tb_status authorise(void *context, tb_id payment, const char *token, int64_t amount, const char *currency)
{
    till *t = context;
    (void)token, (void)currency;
    t->authorised++;
    if (t->meanwhile)
        t->meanwhile(t->a, payment);
    if (t->answer == TB_OK && !tb_id_equal(payment, t->last)) {
        t->held += amount;
        t->last = payment;
    }
    return t->answer;
}

static tb_status reverse(void *context, tb_id payment)
{
    till *t = context;
    if (!tb_id_is_zero(t->stubborn) && tb_id_equal(payment, t->stubborn))
        return TB_IO;
    t->reversed++;
    if (tb_id_equal(payment, t->last)) {
        t->held = 0;
        t->last = (tb_id){{0}};
    }
    return TB_OK;
}

static till *till_of(airport *a)
{
    return a->provider->context;
}

static int setup(void **state)
{
    airport_setup(state);
    airport *a = *state;
    till *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->a = a;
    t->provider =
        (tb_provider){.name = "counting", .simulation = 1, .authorise = authorise, .reverse = reverse, .context = t};
    a->provider = &t->provider;
    airport_reopen(a);
    return 0;
}

static int teardown(void **state)
{
    till *t = till_of(*state);
    airport_teardown(state);
    free(t);
    return 0;
}

static void give_card(airport *a, const traveller *t, const char *pin)
{
    tb_id instrument;
    tb_error why;
    assert_int_equal(tb_management_instrument_add(a->m, person_of(a, t), "card", "tok", pin, &instrument, &why), TB_OK);
}

static traveller shopper(airport *a, const char *pin)
{
    traveller t = who;
    checkin(a, &t, 1);
    give_card(a, &t, pin);
    airport_pass(a, SECURITY, t.visit);
    return t;
}

static tb_request sale(airport *a, const traveller *t, int64_t amount)
{
    tb_request request = airport_request(a, SHOP, TB_REQUEST_PAY);
    request.visit = t->visit;
    request.amount = amount;
    memcpy(request.currency, "JPY", 4);
    return request;
}

static tb_answer pay(airport *a, const tb_request *request)
{
    tb_answer answer;
    assert_int_equal(airport_ask(a, SHOP, request, &answer), TB_OK);
    return answer;
}

static void void_it(airport *a, tb_id payment)
{
    char text[TB_ID_TEXT_SIZE];
    tb_event event = airport_event(a, SHOP, TB_EVENT_PAYMENT_VOID, (tb_id){{0}});
    assert_int_equal(tb_facts_set_text(&event.facts, "payment", tb_id_text(payment, text)), TB_OK);
    assert_int_equal(airport_send(a, SHOP, &event), TB_OK);
}

static void once_however_often(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 1500);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pay(a, &request).verdict, TB_ANSWER_ADMIT);
    airport_reopen(a);
    assert_int_equal(pay(a, &request).verdict, TB_ANSWER_ADMIT);
    assert_int_equal(till_of(a)->authorised, 1);
    assert_int_equal(till_of(a)->held, 1500);
    assert_int_equal(airport_counts(a).payments, 1);
    airport_check(a);
}

static void what_a_till_may_not_do(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL), stranger = {"X", "Y", "ZZ1", FLIGHT, 5, {{7}}};
    tb_request request = sale(a, &stranger, 100);
    assert_int_equal(pay(a, &request).verdict, TB_ANSWER_UNKNOWN);
    request = sale(a, &t, TB_AMOUNT_MAX);
    assert_int_equal(pay(a, &request).status, TB_INVALID_ARGUMENT);
    request = sale(a, &t, 100);
    snprintf(request.touchpoint, sizeof request.touchpoint, "%s", a->terminals[DROP].id);
    tb_answer answer;
    assert_int_equal(airport_ask(a, DROP, &request, &answer), TB_OK);
    assert_int_equal(answer.status, TB_FORBIDDEN);
    traveller leo = {"MORI", "LEO", "CD7654321", FLIGHT, 2, {{0}}};
    checkin(a, &leo, 1);
    airport_pass(a, SECURITY, leo.visit);
    request = sale(a, &leo, 100);
    answer = pay(a, &request);
    assert_string_equal(answer.reason, "no_instrument");
    assert_int_equal(till_of(a)->authorised, 0);
    give_card(a, &leo, NULL); /* P4: a copy of the question that was refused comes late; the till asks anew */
    assert_string_equal(pay(a, &request).reason, "no_instrument");
    assert_int_equal(till_of(a)->authorised, 0);
    request = sale(a, &leo, 100);
    assert_int_equal(pay(a, &request).verdict, TB_ANSWER_ADMIT);
    airport_check(a);
}

static void declined(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 100);
    till_of(a)->answer = TB_DECLINED;
    assert_string_equal(pay(a, &request).reason, "declined");
    till_of(a)->answer = TB_OK;
    assert_string_equal(pay(a, &request).reason, "declined"); /* this one stays declined */
    assert_int_equal(till_of(a)->authorised, 1);
    assert_int_equal(airport_counts(a).payments, 0);
    airport_check(a);
}

static void pins(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, "2468");
    tb_request request = sale(a, &t, 40000); /* above the step-up amount */
    assert_string_equal(pay(a, &request).reason, "pin_wrong");
    request = sale(a, &t, 40000);
    memcpy(request.pin, "1111", 5);
    for (int i = 0; i < 7; i++)
        assert_string_equal(pay(a, &request).reason, "pin_wrong"); /* one request counts once */
    request = sale(a, &t, 40000);
    memcpy(request.pin, "2468", 5);
    assert_int_equal(pay(a, &request).verdict, TB_ANSWER_ADMIT);
    for (int i = 0; i < 5; i++) {
        request = sale(a, &t, 500);
        memcpy(request.pin, "1111", 5);
        assert_string_equal(pay(a, &request).reason, i < 4 ? "pin_wrong" : "pin_locked");
    }
    airport_reopen(a);
    request = sale(a, &t, 40000);
    memcpy(request.pin, "2468", 5);
    assert_string_equal(pay(a, &request).reason, "pin_locked"); /* also with the right one */
    assert_int_equal(airport_counts(a).payments, 1);
    airport_check(a);
}

/* The till asks for a PIN where the face alone was not sure, whatever the amount: any four digits must not do. */
static void a_pin_where_there_is_none(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 500);
    memcpy(request.pin, "1234", 5);
    assert_string_equal(pay(a, &request).reason, "pin_wrong");
    assert_int_equal(till_of(a)->authorised, 0);
    airport_check(a);
}

static void one_stubborn_reversal_holds_up_no_other(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request sales[3];
    till_of(a)->answer = TB_TIMEOUT;
    for (int i = 0; i < 3; i++) {
        sales[i] = sale(a, &t, 700);
        assert_int_equal(pay(a, &sales[i]).status, TB_TIMEOUT);
    }
    tb_time next;
    a->now += 3 * TB_MINUTE;
    till_of(a)->stubborn = sales[1].id;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_int_equal(till_of(a)->reversed, 2);
    till_of(a)->stubborn = (tb_id){{0}};
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK); /* told until it says yes */
    assert_int_equal(till_of(a)->reversed, 3);
    assert_int_equal(airport_counts(a).payments_voided, 3);
    airport_check(a);
}

static void voided_afterwards(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 700);
    snprintf(request.deliver, sizeof request.deliver, "Whisky");
    assert_int_equal(pay(a, &request).verdict, TB_ANSWER_ADMIT);
    assert_true(is_on_list(a, PICKUP, t.visit)); /* to be collected */
    void_it(a, request.id);
    void_it(a, request.id);
    assert_false(is_on_list(a, PICKUP, t.visit));
    assert_int_equal(till_of(a)->held, 0);
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.payments, 0);
    assert_int_equal(counts.payments_voided, 1);
    airport_check(a);
}

static void voided_before_it_arrives(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 700);
    void_it(a, request.id);
    assert_string_equal(pay(a, &request).reason, "declined");
    assert_int_equal(till_of(a)->authorised, 0);
    assert_int_equal(airport_counts(a).payments, 0);
    airport_check(a);
}

static void another_terminal_voids_nothing(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    char text[TB_ID_TEXT_SIZE];
    tb_request request = sale(a, &t, 700);
    assert_int_equal(pay(a, &request).verdict, TB_ANSWER_ADMIT);
    tb_event event = airport_event(a, DROP, TB_EVENT_PAYMENT_VOID, (tb_id){{0}});
    assert_int_equal(tb_facts_set_text(&event.facts, "payment", tb_id_text(request.id, text)), TB_OK);
    assert_int_equal(airport_send(a, DROP, &event), TB_OK);
    assert_int_equal(airport_counts(a).payments, 1);
    assert_int_equal(till_of(a)->held, 700);
}

static void voided_while_the_provider_thinks(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 700);
    till_of(a)->meanwhile = void_it;
    assert_string_equal(pay(a, &request).reason, "declined");
    till_of(a)->meanwhile = NULL;
    tb_time next;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK); /* it had said yes after the first reversal: told again */
    assert_int_equal(till_of(a)->held, 0);
    assert_int_equal(airport_counts(a).payments, 0);
    airport_check(a);
}

static void the_provider_is_silent(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 700), other = sale(a, &t, 800);
    till_of(a)->answer = TB_TIMEOUT;
    assert_int_equal(pay(a, &request).status, TB_TIMEOUT);
    assert_int_equal(pay(a, &other).status, TB_TIMEOUT);
    till_of(a)->answer = TB_OK;
    assert_int_equal(pay(a, &request).verdict, TB_ANSWER_ADMIT); /* asked again under the same id */
    tb_time next;
    a->now += 3 * TB_MINUTE;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK); /* the other one hangs for too long */
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.payments, 1);
    assert_int_equal(counts.payments_voided, 1);
    assert_string_equal(pay(a, &other).reason, "declined");
    airport_check(a);
}

static void die(airport *a, tb_id payment)
{
    (void)a, (void)payment;
    _exit(7); /* no time for anything */
}

static void killed_between_yes_and_the_ledger(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 700);
    tb_management_free(&a->m);
    pid_t child = fork();
    if (child == 0) {
        airport_open(a);
        till_of(a)->meanwhile = die;
        (void)pay(a, &request);
        _exit(0);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(WEXITSTATUS(result), 7);
    airport_open(a);
    if (database_is_postgres()) { /* another server might be at it: given up when its patience has passed */
        tb_time next;
        assert_int_equal(till_of(a)->reversed, 0);
        a->now += 3 * TB_MINUTE;
        assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    }
    assert_int_equal(till_of(a)->reversed, 1);
    assert_int_equal(airport_counts(a).payments_voided, 1);
    assert_string_equal(pay(a, &request).reason, "declined"); /* charged not at all rather than twice */
    assert_int_equal(till_of(a)->authorised, 0);
    airport_check(a);
}

static void the_ledger_outlives_the_person(void **state)
{
    airport *a = *state;
    traveller t = shopper(a, NULL);
    tb_request request = sale(a, &t, 700);
    tb_error why;
    assert_int_equal(pay(a, &request).verdict, TB_ANSWER_ADMIT);
    assert_int_equal(tb_management_flight_departed(a->m, FLIGHT, &why), TB_OK);
    tb_counts counts = airport_counts(a);
    assert_int_equal(counts.people, 0);
    assert_int_equal(counts.payments, 1);
    void_it(a, request.id); /* news from a terminal that was offline */
    assert_int_equal(till_of(a)->held, 0);
    airport_check(a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(once_however_often),
                                       TEST(what_a_till_may_not_do),
                                       TEST(declined),
                                       TEST(pins),
                                       TEST(a_pin_where_there_is_none),
                                       TEST(one_stubborn_reversal_holds_up_no_other),
                                       TEST(voided_afterwards),
                                       TEST(voided_before_it_arrives),
                                       TEST(another_terminal_voids_nothing),
                                       TEST(voided_while_the_provider_thinks),
                                       TEST(the_provider_is_silent),
                                       TEST(killed_between_yes_and_the_ledger),
                                       TEST(the_ledger_outlives_the_person)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
