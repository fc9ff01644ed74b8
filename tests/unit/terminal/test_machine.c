/* The terminal's state machine: every (state, input) pair, and the journeys through it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine_support.h"

/* What the usual input does in each state: a letter for the state after it (i p c m a d t r; t = actuating),
 * '!' = TB_CONFLICT and nothing changed. Columns as in tb_input_kind. */
struct expectation {
    tb_kind kind;
    int reference; /* the role reads one */
    const char *rows[TB_PHASE_COUNT];
};
static const struct expectation expectations[] = {
    /*        tick zone capt chal match answ pass board cons sale pin staff hand reco actu reset reference inside */
    {TB_KIND_PASSAGE,
     0,
     {"ipiiii!!!!!!!iii!i", "pcpppp!!!!!!!ppi!p", "ccmccc!!!!!!!cci!c", "mmmmdm!!!!!!!mmi!m", "aaaaad!!!!!!!aai!a",
      "tddddd!!!!!!!dd!!d", "tttttt!!!!!!!tr!!t", "rrrrrr!!!!!!!rr!!r"}},
    {TB_KIND_PASSAGE,
     1,
     {"ipiiii!!!!!!!iiipi", "pcpppp!!!!!!!ppipp", "ccaccc!!!!!!!ccicc", "mmmmdm!!!!!!!mmi!m", "aaaaaa!!!!!!!aaima",
      "tddddd!!!!!!!dd!!d", "tttttt!!!!!!!tr!!t", "rrrrrr!!!!!!!rr!!r"}},
    {TB_KIND_COUNTER,
     0,
     {"ipiiii!!!!!!!iii!i", "pcpppp!!!!!!!ppi!p", "ccmccc!!!!!!!cci!c", "mmmmdm!!!!!!!mmi!m", "aaaaad!!!!!!!aai!a",
      "rddddd!!!!!!!dd!!d", NULL, "rrrrrr!!!!!!!rr!!r"}},
    {TB_KIND_PICKUP,
     0,
     {"ipiiii!!!!!!!iii!i", "pcpppp!!!!!!!ppi!p", "ccmccc!!!!!!!cci!c", "mmmmdm!!!!!!!mmi!m", "aaaaad!!!!!!!aai!a",
      "tddddd!!!!!!!dd!!d", "tttttt!!!!!!tttr!t", "rrrrrr!!!!!!!rri!r"}},
    {TB_KIND_PICKUP,
     1,
     {"ipiiii!!!!!!!iiipi", "pcpppp!!!!!!!ppipp", "ccaccc!!!!!!!ccicc", "mmmmdm!!!!!!!mmi!m", "aaaaaa!!!!!!!aaima",
      "tddddd!!!!!!!dd!!d", "tttttt!!!!!!tttr!t", "rrrrrr!!!!!!!rripr"}},
    {TB_KIND_CHECKIN,
     0,
     {"iiiiiiaa!!!!!iii!i", "pcpppp!!!!!!!ppi!p", "ccmccc!!!!!!!cci!c", "mmmmam!!!!!!!mmi!m", "aaaaad!!!!!!!aai!a",
      "rddddd!!!!!!!dd!!d", NULL, "rrrrrraa!!!!!rri!r"}},
    {TB_KIND_CHECKIN,
     1,
     {"iiiiii!!!!!!!iiiai", "pcpppp!!!!!!!ppi!p", "ccmccc!!!!!!!cci!c", "mmmmam!!!!!!!mmi!m", "aaaaad!!!!!!!aai!a",
      "rddddd!!!!!!!dd!!d", NULL, "rrrrrr!!!!!!!rriar"}},
    {TB_KIND_POS,
     0,
     {"iiiiii!!!p!!!iii!i", "pcpppp!!!!!!!ppi!p", "ccmccc!!!!!!!cci!c", "mmmmam!!!!!!!mmi!m", "aaaaaa!!!!!!!aaa!a",
      "rddddd!!!!!!!dd!!d", NULL, "rrrrrr!!!p!!!rri!r"}},
};

static tb_machine_options options_for(const struct expectation *e)
{
    tb_machine_options options = options_of(e->kind);
    options.role.by_reference = e->reference && e->kind == TB_KIND_CHECKIN;
    options.role.reference = e->reference && e->kind != TB_KIND_CHECKIN ? TB_REFERENCE_ALWAYS : TB_REFERENCE_NEVER;
    return options;
}

static void every_state_and_input(void **state)
{
    (void)state;
    int seen[TB_PHASE_COUNT][TB_INPUT_COUNT] = {{0}};
    const char letters[] = "ipcmadtr";
    for (size_t e = 0; e < sizeof expectations / sizeof *expectations; e++)
        for (int phase = 0; phase < TB_PHASE_COUNT; phase++)
            for (int kind = 0; expectations[e].rows[phase] && kind < TB_INPUT_COUNT; kind++) {
                fixture f = at_with(options_for(&expectations[e]), (tb_phase)phase), before = f;
                char expected = expectations[e].rows[phase][kind];
                tb_status status = step(&f, usual(&f, (tb_input_kind)kind));
                seen[phase][kind] = 1;
                if (status != (expected == '!' ? TB_CONFLICT : TB_OK) ||
                    (expected != '!' && letters[f.m.phase] != expected))
                    fail_msg("kind %d, %s + %s: status %s, state %s, expected '%c'", expectations[e].kind,
                             tb_phase_name((tb_phase)phase), tb_input_name((tb_input_kind)kind), tb_status_name(status),
                             tb_phase_name(f.m.phase), expected);
                if (expected == '!')
                    assert_memory_equal(&before.m, &f.m, sizeof f.m);
            }
    for (int phase = 0; phase < TB_PHASE_COUNT; phase++)
        for (int kind = 0; kind < TB_INPUT_COUNT; kind++)
            if (!seen[phase][kind])
                fail_msg("%s + %s is not covered", tb_phase_name((tb_phase)phase), tb_input_name((tb_input_kind)kind));
}

static void a_gate_from_face_to_idle(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_PASSAGE, TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_RECORD), 1);
    assert_int_equal(did(&f, TB_EFFECT_PUBLISH), 0); /* M6 */
    tb_event event;
    assert_int_equal(tb_machine_event(&f.m, &event), TB_OK);
    assert_int_equal(event.kind, TB_EVENT_PASSAGE);
    assert_true(tb_id_equal(event.visit, visit_one()));
    assert_true(tb_machine_drops(&f.m));
    must(&f, (tb_machine_input){.kind = TB_INPUT_RECORDED, .status = TB_DISK_FULL}, TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_PUBLISH), 0);
    f.now += TB_MINUTE;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_RECORD), 1);
    must(&f, zone(1, 9, 1), TB_PHASE_REPORTING); /* nobody else is served before it is written */
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_PUBLISH), 1);
    assert_int_equal(did(&f, TB_EFFECT_DROP), 1);
    must(&f, zone(1, 9, 1), TB_PHASE_PRESENT); /* the next one need not wait for the screen */
    assert_int_equal(did(&f, TB_EFFECT_FORGET), 1);
}

static void two_who_come_together_are_told_at_once(void **state)
{
    (void)state;
    fixture f = start(options_of(TB_KIND_PASSAGE));
    must(&f, zone(2, 0, 0), TB_PHASE_IDLE);
    assert_int_equal(did(&f, TB_EFFECT_SHOW), 1);
    must(&f, zone(2, 0, 0), TB_PHASE_IDLE);
    assert_int_equal(did(&f, TB_EFFECT_SHOW), 0); /* once */
    must(&f, zone(1, 4, 1), TB_PHASE_PRESENT);
}

static void two_people_and_nobody_is_decided(void **state)
{
    (void)state;
    const tb_phase phases[] = {TB_PHASE_CAPTURING, TB_PHASE_MATCHING, TB_PHASE_ASKING};
    for (size_t i = 0; i < 3; i++) {
        fixture f = at(TB_KIND_PASSAGE, phases[i]);
        tb_machine_input late = answer(&f, TB_ANSWER_ADMIT, "");
        must(&f, zone(2, 0, 1), TB_PHASE_PRESENT);
        assert_int_equal(f.m.now_serving.guidance, TB_RETRY_SEVERAL_FACES);
        assert_int_equal(did(&f, TB_EFFECT_WIPE), 1);
        must(&f, late, TB_PHASE_PRESENT);
        must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
    }
    fixture f = at(TB_KIND_PASSAGE, TB_PHASE_MATCHING);
    must(&f, zone(1, 6, 1), TB_PHASE_PRESENT); /* somebody else took the place */
}

static void the_same_person_is_served_once(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_COUNTER, TB_PHASE_REPORTING);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_REPORTING);
    f.now += TB_MINUTE;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_IDLE);
    must(&f, zone(1, 5, 1), TB_PHASE_IDLE);
    must(&f, zone(0, 0, 0), TB_PHASE_IDLE);
    must(&f, zone(1, 5, 1), TB_PHASE_IDLE); /* only a moment away */
    must(&f, zone(0, 0, 0), TB_PHASE_IDLE);
    f.now += TB_SECOND;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_IDLE);
    must(&f, zone(1, 5, 1), TB_PHASE_PRESENT);
}

static void who_was_served_is_not_served_again_after_a_crowd(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_COUNTER, TB_PHASE_REPORTING);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_REPORTING);
    f.now += TB_MINUTE;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_IDLE);
    must(&f, zone(2, 0, 0), TB_PHASE_IDLE);    /* somebody joins the one who was served */
    must(&f, zone(1, 5, 1), TB_PHASE_IDLE);    /* and goes again */
    must(&f, zone(1, 6, 0), TB_PHASE_PRESENT); /* another one */
    f.m.served = 6;                            /* as after a reset while standing there */
    must(&f, zone(1, 6, 1), TB_PHASE_IDLE);
}

static void try_again_is_not_no(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_PASSAGE, TB_PHASE_CAPTURING);
    must(&f, captured(&f, TB_RETRY_BLURRED), TB_PHASE_CAPTURING);
    assert_int_equal(f.m.now_serving.guidance, TB_RETRY_BLURRED);
    tb_machine_input stale = captured(&f, TB_OK);
    stale.ticket--;
    must(&f, stale, TB_PHASE_CAPTURING);
    f.now += TB_MINUTE;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_RETRY);
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_RECORD), 0); /* M3 */
    assert_int_equal(did(&f, TB_EFFECT_WIPE), 1);
    f.now += TB_MINUTE;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_IDLE);
    must(&f, zone(1, 5, 1), TB_PHASE_PRESENT); /* and may try again where they stand */
}

static void not_sure_is_never_admitted(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_PASSAGE, TB_PHASE_MATCHING);
    must(&f, matched(TB_NOT_SURE), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
    assert_true(tb_id_is_zero(f.m.now_serving.visit));

    for (int yes = 0; yes < 2; yes++) {
        f = at(TB_KIND_PASSAGE, TB_PHASE_MATCHING);
        f.m.options.role.staff_confirms = 1;
        must(&f, matched(TB_NOT_SURE), TB_PHASE_ASKING);
        assert_int_equal(tb_machine_ask(&f.m), TB_ASK_STAFF);
        must(&f, zone(2, 0, 0), TB_PHASE_ASKING);
        tb_machine_input staff = {.kind = TB_INPUT_STAFF, .yes = yes};
        if (yes)
            must(&f, staff, TB_PHASE_ASKING); /* M1 holds for people too */
        must(&f, zone(1, 5, 1), TB_PHASE_ASKING);
        must(&f, staff, TB_PHASE_DECIDED);
        assert_int_equal(f.m.now_serving.outcome, yes ? TB_OUTCOME_ADMITTED : TB_OUTCOME_NOT_SURE);
    }
}

static void early_and_unknown_and_offline(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_PASSAGE, TB_PHASE_MATCHING);
    tb_machine_input early = matched(TB_THIS_PERSON);
    early.judgement = TB_EARLY;
    snprintf(early.reason, sizeof early.reason, "too_early");
    must(&f, early, TB_PHASE_DECIDED);
    assert_string_equal(f.m.now_serving.reason, "too_early");
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    tb_event event;
    assert_int_equal(tb_machine_event(&f.m, &event), TB_OK);
    assert_int_equal(event.kind, TB_EVENT_REFUSAL);
    assert_string_equal(event.reason, "too_early");
    assert_false(tb_machine_drops(&f.m));

    f = at(TB_KIND_PASSAGE, TB_PHASE_ASKING);
    must(&f, answer(&f, TB_ANSWER_UNKNOWN, ""), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_UNKNOWN);
    assert_string_equal(f.m.now_serving.reason, "not_checked_in");

    f = at(TB_KIND_PASSAGE, TB_PHASE_ASKING);
    must(&f, answer(&f, TB_ANSWER_FAILED, ""), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_FAILED);
    assert_string_equal(f.m.now_serving.reason, "offline");
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_RECORD), 0);

    f = at(TB_KIND_PASSAGE, TB_PHASE_ASKING);
    f.now += TB_MINUTE;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_DECIDED);
    assert_string_equal(f.m.now_serving.reason, "offline");
}

/* A17: there is no list: a good burst is a question at once, and without a server the answer is that, not a no. */
static void the_server_matches(void **state)
{
    (void)state;
    tb_machine_options o = options_of(TB_KIND_PASSAGE);
    o.role.match_at_server = 1;
    fixture f = start(o);
    must(&f, zone(1, 7, 1), TB_PHASE_PRESENT);
    must(&f, zone(1, 7, 1), TB_PHASE_CAPTURING);
    must(&f, captured(&f, TB_OK), TB_PHASE_ASKING);
    assert_int_equal(f.m.now_serving.question, TB_QUESTION_IDENTIFY);
    assert_int_equal(did(&f, TB_EFFECT_ASK), 1);
    assert_int_equal(did(&f, TB_EFFECT_MATCH), 0);
    fixture offline = f;
    tb_machine_input in = {.kind = TB_INPUT_ANSWER, .about = f.m.now_serving.request, .verdict = TB_ANSWER_ADMIT};
    memset(in.visit.bytes, 9, sizeof in.visit.bytes);
    must(&f, in, TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    in = (tb_machine_input){.kind = TB_INPUT_ANSWER,
                            .about = offline.m.now_serving.request,
                            .verdict = TB_ANSWER_FAILED,
                            .status = TB_BUS_DOWN};
    must(&offline, in, TB_PHASE_DECIDED);
    assert_int_equal(offline.m.now_serving.outcome, TB_OUTCOME_FAILED);
    assert_string_equal(offline.m.now_serving.reason, "offline");
}

static void a_gate_that_does_not_open_is_no_passage(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_PASSAGE, TB_PHASE_ACTUATING);
    must(&f, (tb_machine_input){.kind = TB_INPUT_ACTUATED, .ticket = f.m.ticket, .status = TB_IO}, TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_RECORD), 0);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_FAILED);
    f = at(TB_KIND_PASSAGE, TB_PHASE_ACTUATING);
    f.now += TB_MINUTE;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_FAILED);
}

static void checkin_with_and_without_face(void **state)
{
    (void)state;
    fixture f = start(options_of(TB_KIND_CHECKIN));
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_PASSPORT);
    must(&f, simple(TB_INPUT_BOARDING_PASS), TB_PHASE_ASKING); /* either may come first */
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_PASSPORT);
    must(&f, simple(TB_INPUT_PASSPORT), TB_PHASE_ASKING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_CONSENT);
    must(&f, (tb_machine_input){.kind = TB_INPUT_CONSENT, .yes = 0}, TB_PHASE_ASKING);
    assert_int_equal(did(&f, TB_EFFECT_WIPE), 1);
    assert_int_equal(did(&f, TB_EFFECT_CAPTURE), 0);
    assert_int_equal(f.m.now_serving.question, TB_QUESTION_CHECKIN);
    must(&f, answer(&f, TB_ANSWER_ADMIT, ""), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_WITHOUT_FACE);

    f = at(TB_KIND_CHECKIN, TB_PHASE_MATCHING);
    must(&f, matched(TB_NOBODY), TB_PHASE_DECIDED);
    assert_string_equal(f.m.now_serving.reason, "person_mismatch");
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_RECORD), 1);

    f = start(options_of(TB_KIND_CHECKIN));
    tb_machine_input bad = {.kind = TB_INPUT_PASSPORT, .status = TB_CHECK_DIGIT, .reason = "check_digit"};
    must(&f, bad, TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_FAILED); /* read it again: no refusal */
    bad = (tb_machine_input){.kind = TB_INPUT_PASSPORT, .status = TB_DOCUMENT_EXPIRED, .reason = "document_expired"};
    f = start(options_of(TB_KIND_CHECKIN));
    must(&f, bad, TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_REFUSED);
}

static void a_payment_is_kept_then_sent_then_closed(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_POS, TB_PHASE_MATCHING);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_ASKING);
    assert_int_equal(did(&f, TB_EFFECT_KEEP_PAYMENT), 1);
    assert_int_equal(did(&f, TB_EFFECT_ASK), 0); /* M5 */
    assert_int_equal(step(&f, simple(TB_INPUT_RESET)), TB_CONFLICT);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_ASKING);
    assert_int_equal(did(&f, TB_EFFECT_ASK), 1);
    tb_id id = f.m.now_serving.request;
    must(&f, answer(&f, TB_ANSWER_FAILED, ""), TB_PHASE_ASKING);
    f.now += 2 * TB_SECOND;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_ASKING);
    assert_int_equal(did(&f, TB_EFFECT_ASK), 1);
    assert_true(tb_id_equal(id, f.m.now_serving.request)); /* the same id */
    must(&f, answer(&f, TB_ANSWER_ADMIT, ""), TB_PHASE_ASKING);
    assert_int_equal(did(&f, TB_EFFECT_CLOSE_PAYMENT), 1);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    assert_int_equal(f.m.now_serving.failure, TB_OK); /* the first send is history */

    f = at(TB_KIND_POS, TB_PHASE_MATCHING);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_ASKING);
    must(&f, (tb_machine_input){.kind = TB_INPUT_RECORDED, .status = TB_DISK_FULL}, TB_PHASE_DECIDED); /* never sent */
    assert_int_equal(did(&f, TB_EFFECT_VOID_PAYMENT), 0);
    assert_int_equal(f.m.now_serving.failure, TB_DISK_FULL);
}

static void a_payment_without_answer_is_voided_once(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_POS, TB_PHASE_ASKING);
    int voids = 0, sends = 1;
    for (int i = 0; i < 20 && f.m.now_serving.payment != TB_PAYMENT_VOIDING; i++) {
        f.now += 10 * TB_SECOND;
        must(&f, simple(TB_INPUT_TICK), TB_PHASE_ASKING);
        sends += did(&f, TB_EFFECT_ASK);
        voids += did(&f, TB_EFFECT_VOID_PAYMENT);
    }
    assert_int_equal(sends, 3);
    assert_int_equal(voids, 1);
    tb_event event;
    assert_int_equal(tb_machine_event(&f.m, &event), TB_OK);
    char text[TB_ID_TEXT_SIZE];
    assert_int_equal(event.kind, TB_EVENT_PAYMENT_VOID);
    assert_string_equal(tb_facts_text(&event.facts, "payment"), tb_id_text(f.m.now_serving.request, text));
    must(&f, (tb_machine_input){.kind = TB_INPUT_RECORDED, .status = TB_DISK_FULL}, TB_PHASE_ASKING);
    must(&f, answer(&f, TB_ANSWER_ADMIT, ""), TB_PHASE_ASKING); /* too late: it is being voided */
    f.now += 10 * TB_SECOND;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_ASKING);
    assert_int_equal(did(&f, TB_EFFECT_VOID_PAYMENT), 1); /* the failed write again */
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_FAILED);
    assert_int_equal(f.m.now_serving.payment, TB_PAYMENT_NONE);

    f = at(TB_KIND_POS, TB_PHASE_ASKING);
    must(&f, simple(TB_INPUT_RESET), TB_PHASE_ASKING);
    assert_int_equal(did(&f, TB_EFFECT_VOID_PAYMENT), 1);
}

static void second_factors_at_the_till(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_POS, TB_PHASE_MATCHING);
    f.m.options.role.step_up_pin = 1;
    f.m.options.role.step_up_amount = 999;
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_ASKING); /* 1000 is a high amount */
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_PIN);
    f.m.now_serving.staff_wanted = 1;
    must(&f, simple(TB_INPUT_PIN), TB_PHASE_ASKING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_STAFF);
    must(&f, simple(TB_INPUT_STAFF), TB_PHASE_ASKING);
    assert_int_equal(f.m.now_serving.question, TB_QUESTION_PAY);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_ASKING);
    tb_id first = f.m.now_serving.request;
    must(&f, answer(&f, TB_ANSWER_REFUSE, "pin_wrong"), TB_PHASE_ASKING);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_ASKING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_PIN);
    must(&f, simple(TB_INPUT_PIN), TB_PHASE_ASKING);
    assert_false(tb_id_equal(first, f.m.now_serving.request)); /* another try is another payment */
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_ASKING);
    must(&f, answer(&f, TB_ANSWER_REFUSE, "declined"), TB_PHASE_ASKING);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_DECIDED);
    assert_string_equal(f.m.now_serving.reason, "declined");

    f = at(TB_KIND_POS, TB_PHASE_MATCHING); /* low margin: the PIN decides, with the best candidate */
    f.m.options.role.step_up_pin = 1;
    must(&f, matched(TB_NOT_SURE), TB_PHASE_ASKING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_PIN);
    f.now += TB_HOUR;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);

    f = start(options_of(TB_KIND_POS));
    assert_int_equal(step(&f, sale(0)), TB_INVALID_ARGUMENT);
    assert_int_equal(step(&f, sale(-5)), TB_INVALID_ARGUMENT);
}

static void items_are_handed_over_one_by_one(void **state)
{
    (void)state;
    fixture f = at(TB_KIND_PICKUP, TB_PHASE_ACTUATING);
    assert_int_equal(step(&f, handover("zz")), TB_INVALID_ARGUMENT);
    assert_int_equal(step(&f, handover("a")), TB_INVALID_ARGUMENT);
    must(&f, handover("b2"), TB_PHASE_ACTUATING);
    tb_event event;
    assert_int_equal(tb_machine_event(&f.m, &event), TB_OK);
    assert_int_equal(event.kind, TB_EVENT_HANDOVER);
    assert_string_equal(tb_facts_text(&event.facts, "item"), "b2");
    must(&f, (tb_machine_input){.kind = TB_INPUT_RECORDED, .status = TB_DISK_FULL}, TB_PHASE_ACTUATING);
    must(&f, handover("b2"), TB_PHASE_ACTUATING);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_ACTUATING);
    assert_int_equal(step(&f, handover("b2")), TB_CONFLICT);
    must(&f, handover("a1"), TB_PHASE_ACTUATING);
    assert_true(tb_machine_drops(&f.m));
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_DROP), 1);
    assert_true(f.m.now_serving.recorded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_and_input),
        cmocka_unit_test(a_gate_from_face_to_idle),
        cmocka_unit_test(two_who_come_together_are_told_at_once),
        cmocka_unit_test(who_was_served_is_not_served_again_after_a_crowd),
        cmocka_unit_test(two_people_and_nobody_is_decided),
        cmocka_unit_test(the_same_person_is_served_once),
        cmocka_unit_test(try_again_is_not_no),
        cmocka_unit_test(not_sure_is_never_admitted),
        cmocka_unit_test(early_and_unknown_and_offline),
        cmocka_unit_test(the_server_matches),
        cmocka_unit_test(a_gate_that_does_not_open_is_no_passage),
        cmocka_unit_test(checkin_with_and_without_face),
        cmocka_unit_test(a_payment_is_kept_then_sent_then_closed),
        cmocka_unit_test(a_payment_without_answer_is_voided_once),
        cmocka_unit_test(second_factors_at_the_till),
        cmocka_unit_test(items_are_handed_over_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
