/* The Nth database call, the Nth allocation fails, the disk is full, the process is killed: nothing is half done, and
 * the same call succeeds afterwards. */
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "airport.h"
#include "database_relay.h"
#include "fault_wrap.h"
#include "management/service.h"

/* One act about the nth traveller. `prepare` may use everything; `act` calls the service and nothing else, so that
 * only its own calls are counted. */
typedef struct scenario {
    void (*prepare)(airport *a, int n);
    tb_status (*act)(airport *a);

} scenario;

/* What `act` works on; made by prepare. */
static struct {
    traveller who;
    char passport[16], flight[32], subject[128];
    tb_request request;
    tb_bytes sealed, reply;
    tb_answer answer;
} now;

static void forget(void)
{
    tb_request_free(&now.request);
    tb_bytes_free(&now.sealed);
    tb_bytes_free(&now.reply);
    memset(&now, 0, sizeof now);
}

static void somebody(int n, const char *flight)
{
    forget();
    snprintf(now.passport, sizeof now.passport, "F%07d", n);
    now.who = (traveller){"SATO", "MIA", now.passport, flight, n, {{0}}};
}

static void prepare_checkin(airport *a, int n)
{
    somebody(n, FLIGHT);
    now.request = checkin_request(a, &now.who, 1);
}

static tb_status act_checkin(airport *a)
{
    tb_status status = tb_management_checkin(a->m, &now.request, &now.answer);
    assert_int_equal(status, now.answer.status);
    assert_int_equal(status == TB_OK, now.answer.verdict == TB_ANSWER_ADMIT);
    return status;
}

static void prepare_event(airport *a, int n)
{
    somebody(n, FLIGHT);
    checkin(a, &now.who, 1);
    tb_event event = airport_event(a, SECURITY, TB_EVENT_PASSAGE, now.who.visit);
    (void)airport_seal_event(a, SECURITY, &event, now.subject, &now.sealed);
}

static tb_status act_event(airport *a)
{
    tb_sealed_event event = {now.subject, tb_bytes_span(&now.sealed)};
    return tb_management_events(a->m, &event, 1);
}

static void prepare_payment(airport *a, int n)
{
    tb_id instrument;
    tb_error why;
    tb_bytes plain = {0};
    somebody(n, FLIGHT);
    checkin(a, &now.who, 1);
    assert_int_equal(tb_management_instrument_add(a->m, person_of(a, &now.who), "card", "tok", NULL, &instrument, &why),
                     TB_OK);
    airport_pass(a, SECURITY, now.who.visit);
    now.request = airport_request(a, SHOP, TB_REQUEST_PAY);
    now.request.visit = now.who.visit;
    now.request.amount = 100;
    memcpy(now.request.currency, "JPY", 4);
    snprintf(now.request.deliver, sizeof now.request.deliver, "Hat");
    snprintf(now.subject, sizeof now.subject, "tb.narita.ask.%s", a->terminals[SHOP].id);
    assert_int_equal(tb_request_encode(&now.request, &plain), TB_OK);
    assert_int_equal(tb_seal_to(&a->terminals[SHOP].keys.private_key, &a->server, tb_span_text(now.subject),
                                tb_bytes_span(&plain), &now.sealed),
                     TB_OK);
    tb_bytes_free(&plain);
}

static tb_status act_payment(airport *a)
{
    now.reply.size = 0;
    return tb_management_request(a->m, now.subject, tb_bytes_span(&now.sealed), &now.reply);
}

/* The status inside the sealed answer, TB_OK when it was paid. */
static tb_status payment_outcome(airport *a)
{
    tb_bytes plain = {0};
    tb_answer answer;
    assert_int_equal(tb_open_from(&a->terminals[SHOP].keys.private_key, &a->server, tb_span_text(now.subject),
                                  tb_bytes_span(&now.reply), &plain),
                     TB_OK);
    assert_int_equal(tb_answer_decode(tb_bytes_span(&plain), &answer, NULL), TB_OK);
    tb_bytes_free(&plain);
    return answer.verdict == TB_ANSWER_ADMIT ? TB_OK : answer.verdict == TB_ANSWER_FAILED ? answer.status : TB_DECLINED;
}

static void prepare_departure(airport *a, int n)
{
    snprintf(now.flight, sizeof now.flight, "ZZ%d/2026-11-21", n);
    char flight[32];
    memcpy(flight, now.flight, sizeof flight);
    airport_flight(a, flight, "12", at("11:30"), at("12:00"));
    somebody(n, flight);
    checkin(a, &now.who, 1);
    airport_pass(a, SECURITY, now.who.visit);
    memcpy(now.flight, flight, sizeof flight);
}

static tb_status act_departure(airport *a)
{
    tb_error why;
    return tb_management_flight_departed(a->m, now.flight, &why);
}

static void prepare_withdrawal(airport *a, int n)
{
    somebody(n, FLIGHT);
    checkin(a, &now.who, 1);
    now.request.visit = person_of(a, &now.who);
}

static tb_status act_withdrawal(airport *a)
{
    tb_error why;
    return tb_management_consent_withdraw(a->m, now.request.visit, &why);
}

/* A template from a touchpoint: kept whole, lists and gallery following, or not at all. */
static void prepare_offer(airport *a, int n)
{
    somebody(n, FLIGHT);
    checkin(a, &now.who, 1);
    tb_template first = face_of(&now.who), again = vectors_near(&first, 0.8f, (uint32_t)n + 100000);
    now.request = airport_request(a, SECURITY, TB_REQUEST_TEMPLATE);
    now.request.visit = now.who.visit;
    assert_int_equal(tb_template_encode(&again, &now.request.probe), TB_OK);
}

static tb_status act_offer(airport *a)
{
    tb_status status = tb_service_offer(a->m, &now.request, &now.answer);
    assert_int_equal(status == TB_OK, now.answer.verdict == TB_ANSWER_ADMIT);
    return status;
}

static int same(const tb_counts *x, const tb_counts *y)
{
    return x->people == y->people && x->templates == y->templates && x->visitors == y->visitors &&
           x->entries == y->entries && x->outbox == y->outbox && x->payments == y->payments &&
           x->payments_voided == y->payments_voided;
}

static void unchanged(airport *a, const tb_counts *before)
{
    tb_counts after = airport_counts(a);
    assert_true(same(before, &after));
    airport_check(a);
}

/* What happens to the nth call, or to the nth message on the way to PostgreSQL. */
typedef struct attack {
    fault_class which;
    int from_then_on;
    cut line; /* CUT_NOTHING: to calls */
    int step; /* every so many are tried; 0: all */
} attack;

static relay line;

static void begin(const attack *by, int n)
{
    if (by->line != CUT_NOTHING)
        relay_arm(&line, by->line, n, NULL);
    else if (by->from_then_on)
        fault_arm_from(by->which, n);
    else
        fault_arm(by->which, n);
}

static int end(const attack *by)
{
    fault_disarm();
    return by->line != CUT_NOTHING ? relay_disarm(&line) : fault_fired();
}

static int after_this(const attack *by, int n)
{
    return n + (by->step ? by->step : 1);
}

static void attack_each(airport *a, const scenario *s, const attack *by)
{
    static int number = 1000;
    for (int n = 1;; n = after_this(by, n)) {
        s->prepare(a, number++);
        tb_counts before = airport_counts(a), after;
        begin(by, n);
        tb_status status = s->act(a);
        int fired = end(by);
        if (!fired)
            assert_int_equal(status, TB_OK);
        if (status != TB_OK) {
            unchanged(a, &before);
            if (n % 4 == 0 || by->from_then_on) {
                airport_reopen(a);
                unchanged(a, &before);
            }
            assert_int_equal(s->act(a), TB_OK); /* the same call again */
        }
        after = airport_counts(a);
        assert_false(same(&before, &after));
        airport_check(a);
        if (!fired) {
            assert_true(n > 1);
            return;
        }
    }
}

static void each_call_fails(airport *a, const scenario *s, fault_class which, int from_then_on)
{
    attack_each(a, s, &(attack){.which = which, .from_then_on = from_then_on});
}

static const scenario checkins = {prepare_checkin, act_checkin}, events = {prepare_event, act_event},
                      offers = {prepare_offer, act_offer}, departures = {prepare_departure, act_departure},
                      withdrawals = {prepare_withdrawal, act_withdrawal};

static int setup(void **state)
{
    (void)setenv("TEBURA_LOG", "error", 1); /* hundreds of warnings are expected */
    fault_answer(FAULT_DATABASE, 0);
    return airport_setup(state);
}

static int teardown(void **state)
{
    fault_disarm();
    forget();
    return airport_teardown(state);
}

static void checkin_database(void **state)
{
    each_call_fails(*state, &checkins, FAULT_DATABASE, 0);
}

static void checkin_memory(void **state)
{
    each_call_fails(*state, &checkins, FAULT_MEMORY, 0);
}

static void event_database(void **state)
{
    each_call_fails(*state, &events, FAULT_DATABASE, 0);
}

static void event_memory(void **state)
{
    each_call_fails(*state, &events, FAULT_MEMORY, 0);
}

static void event_disk_stays_full(void **state)
{
    fault_answer(FAULT_DATABASE, 13); /* SQLITE_FULL; not even the rollback runs */
    each_call_fails(*state, &events, FAULT_DATABASE, 1);
}

static void departure_database(void **state)
{
    each_call_fails(*state, &departures, FAULT_DATABASE, 0);
}

static void departure_memory(void **state)
{
    each_call_fails(*state, &departures, FAULT_MEMORY, 0);
}

static void offer_database(void **state)
{
    each_call_fails(*state, &offers, FAULT_DATABASE, 0);
}

static void offer_memory(void **state)
{
    each_call_fails(*state, &offers, FAULT_MEMORY, 0);
}

static void withdrawal_database(void **state)
{
    each_call_fails(*state, &withdrawals, FAULT_DATABASE, 0);
}

/* A payment may hang: then it is not booked, and the same request concludes it, or a restart undoes it. Never is one
 * booked twice. */
static void payment(airport *a, const attack *by)
{
    static int number = 5000;
    for (int n = 1;; n = after_this(by, n)) {
        prepare_payment(a, number++);
        tb_counts before = airport_counts(a), after;
        begin(by, n);
        tb_status status = act_payment(a);
        int fired = end(by), reopened = 0;
        if (status == TB_OK)
            status = payment_outcome(a);
        if (status != TB_OK) {
            assert_true(fired);
            after = airport_counts(a);
            airport_check(a);
            if (n % 4 == 0) {
                airport_reopen(a);
                reopened = 1;
                airport_check(a);
            }
            assert_int_equal(act_payment(a), TB_OK);
            status = payment_outcome(a);
        }
        after = airport_counts(a);
        airport_check(a);
        if (status == TB_OK)
            assert_int_equal(after.payments, before.payments + 1);
        else
            assert_true(reopened && status == TB_DECLINED && after.payments == before.payments &&
                        after.payments_voided == before.payments_voided + 1);
        if (!fired)
            return;
    }
}

static void payment_database(void **state)
{
    payment(*state, &(attack){.which = FAULT_DATABASE});
}

static void payment_memory(void **state)
{
    payment(*state, &(attack){.which = FAULT_MEMORY});
}

static tb_status try_open(airport *a)
{
    tb_error why;
    return airport_try_open(a, &why);
}

static void opening(void **state)
{
    airport *a = *state;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &t, 1);
    tb_counts before = airport_counts(a);
    for (int which = FAULT_MEMORY; which <= FAULT_DATABASE; which++)
        for (int n = 1;; n++) {
            tb_management_free(&a->m);
            fault_arm((fault_class)which, n);
            tb_status status = try_open(a);
            fault_disarm();
            if (status != TB_OK) {
                assert_null(a->m);
                airport_open(a);
            }
            unchanged(a, &before);
            if (!fault_fired())
                break;
        }
}

/* ---- a real full disk ---- */

static void full_disk(void **state)
{
    airport *a = *state;
    char folder[FOLDER_SIZE];
    folder_make(folder);
    if (mount("tmpfs", folder, "tmpfs", 0, "size=700k") != 0) {
        folder_remove(folder);
        print_message("skipped: mounting a small tmpfs needs root\n");
        skip();
    }
    char kept[FOLDER_SIZE];
    memcpy(kept, a->folder, sizeof kept);
    tb_management_free(&a->m);
    memcpy(a->folder, folder, sizeof folder);
    airport_open(a);
    airport_flights(a);
    tb_status status = TB_OK;
    int n = 0;
    tb_counts before = {0};
    while (status == TB_OK && n < 500) {
        prepare_checkin(a, n++);
        before = airport_counts(a);
        status = act_checkin(a);
    }
    assert_int_equal(status, TB_DISK_FULL);
    assert_true(n > 1);
    unchanged(a, &before);
    assert_int_equal(mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=8m"), 0); /* room was made */
    assert_int_equal(act_checkin(a), TB_OK);
    assert_int_equal(airport_counts(a).people, before.people + 1);
    airport_check(a);
    tb_management_free(&a->m);
    assert_int_equal(umount(folder), 0);
    folder_remove(folder);
    memcpy(a->folder, kept, sizeof kept);
    airport_open(a);
}

/* ---- killed at any moment ---- */

static tb_id payment_id(int n)
{
    return vectors_id(0x70000000u + (uint32_t)n);
}

static tb_request torture_sale(airport *a, const traveller *t, int n)
{
    tb_request request = airport_request(a, SHOP, TB_REQUEST_PAY);
    request.id = payment_id(n);
    request.visit = t->visit;
    request.amount = 100;
    memcpy(request.currency, "JPY", 4);
    return request;
}

static traveller torture_traveller(int n, char passport[16])
{
    snprintf(passport, 16, "T%07d", n);
    return (traveller){"SATO", "MIA", passport, FLIGHT, n, {{0}}};
}

/* Works until it is killed; writes one byte for every traveller that has paid. */
static void work(airport *a, int first, int pipe_end)
{
    for (int n = first;; n++) {
        char passport[16];
        tb_id instrument;
        tb_error why;
        tb_answer answer;
        traveller t = torture_traveller(n, passport);
        checkin(a, &t, 1);
        if (tb_management_instrument_add(a->m, person_of(a, &t), "card", "tok", NULL, &instrument, &why) != TB_OK)
            _exit(1);
        airport_pass(a, SECURITY, t.visit);
        tb_request request = torture_sale(a, &t, n);
        if (airport_ask(a, SHOP, &request, &answer) != TB_OK || answer.verdict != TB_ANSWER_ADMIT ||
            write(pipe_end, "p", 1) != 1)
            _exit(1);
    }
}

static int run_until_killed(airport *a, int first, int milliseconds)
{
    int ends[2], result, done = 0;
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        airport_open(a);
        work(a, first, ends[1]);
    }
    close(ends[1]);
    usleep((useconds_t)milliseconds * 1000);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result));
    while (read(ends[0], &byte, 1) == 1)
        done++;
    close(ends[0]);
    return done;
}

static void killed(void **state)
{
    airport *a = *state;
    const char *wanted = getenv("TEBURA_TORTURE_ROUNDS");
    int rounds = wanted ? atoi(wanted) : 6, total = 0;
    unsigned seed = 20261121;
    tb_management_free(&a->m);
    for (int round = 0; round < rounds; round++) {
        int first = 1 + round * 1000, done = run_until_killed(a, first, 300 + (int)(rand_r(&seed) % 500));
        airport_open(a);
        airport_check(a);
        tb_counts before = airport_counts(a);
        /* what was acknowledged is there, and asking again books nothing more */
        for (int n = first; n < first + done; n++) {
            char passport[16];
            tb_answer answer;
            traveller t = torture_traveller(n, passport);
            (void)person_of(a, &t);
            t.visit = vectors_id(1);
            tb_request request = torture_sale(a, &t, n);
            assert_int_equal(airport_ask(a, SHOP, &request, &answer), TB_OK);
            assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
        }
        assert_int_equal(airport_counts(a).payments, before.payments);
        total += done;
        assert_true(before.payments >= (uint64_t)total && before.payments <= (uint64_t)total + (uint64_t)round + 1);
        tb_management_free(&a->m);
    }
    print_message("%d rounds, %d payments acknowledged\n", rounds, total);
    airport_open(a);
}

/* ---- PostgreSQL: libpq's calls, and the line to the server cut at every so many messages ---- */

static int setup_line(void **state)
{
    relay_start(&line);
    database_through(line.folder);
    return setup(state);
}

static int teardown_line(void **state)
{
    int result = teardown(state);
    database_through(NULL);
    relay_end(&line);
    return result;
}

/* Every call and every message with TEBURA_TORTURE_ROUNDS (minutes). */
static int step_of(int usual)
{
    return getenv("TEBURA_TORTURE_ROUNDS") ? 1 : usual;
}

static void calls_of_libpq(void **state)
{
    const attack all = {.which = FAULT_POSTGRES, .step = step_of(2)},
                 some = {.which = FAULT_POSTGRES, .step = step_of(7)};
    attack_each(*state, &events, &all);
    attack_each(*state, &checkins, &some);
    attack_each(*state, &departures, &some);
    payment(*state, &some);
}

static void cut_lines(void **state, const scenario *s, int step)
{
    for (cut kind = CUT_QUESTION; kind < CUTS; kind++) {
        const attack by = {.line = kind, .step = step_of(step)};
        if (s)
            attack_each(*state, s, &by);
        else
            payment(*state, &by);
    }
}

static void event_line(void **state)
{
    cut_lines(state, &events, 9);
}

static void checkin_line(void **state)
{
    cut_lines(state, &checkins, 47);
}

static void departure_line(void **state)
{
    cut_lines(state, &departures, 43);
}

static void payment_line(void **state)
{
    cut_lines(state, NULL, 37);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define LINE(name) cmocka_unit_test_setup_teardown(name, setup_line, teardown_line)
    const struct CMUnitTest postgres[] = {TEST(calls_of_libpq), TEST(event_memory),   LINE(event_line),
                                          LINE(checkin_line),   LINE(departure_line), LINE(payment_line)};
    if (database_is_postgres())
        return cmocka_run_group_tests(postgres, NULL, NULL);
    const struct CMUnitTest tests[] = {TEST(checkin_database),
                                       TEST(checkin_memory),
                                       TEST(event_database),
                                       TEST(event_memory),
                                       TEST(event_disk_stays_full),
                                       TEST(departure_database),
                                       TEST(departure_memory),
                                       TEST(offer_database),
                                       TEST(offer_memory),
                                       TEST(withdrawal_database),
                                       TEST(payment_database),
                                       TEST(payment_memory),
                                       TEST(opening),
                                       TEST(full_disk),
                                       TEST(killed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
