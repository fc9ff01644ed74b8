/* The terminal's state machine: every (state, input) pair, the journeys through it, and 100,000 random steps against
 * the invariants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "terminal/machine.h"

#define START (TB_DAY * 20000)

typedef struct fixture {
    tb_machine m;
    tb_time now;
    tb_effects fx;
    uint8_t next_id;
} fixture;

static tb_machine_options options_of(tb_kind kind)
{
    tb_machine_options o = {.role = {.name = "role",
                                     .zone = "zone",
                                     .title_en = "",
                                     .title_ja = "",
                                     .kind = kind,
                                     .actuator = kind == TB_KIND_PASSAGE ? "gate" : "",
                                     .unknown_reason = "not_checked_in",
                                     .deletes_entry = 1,
                                     .asks_server = 1}};
    return o;
}

static fixture start(tb_machine_options options)
{
    fixture f = {.now = START, .next_id = 1};
    tb_machine_init(&options, &f.m);
    return f;
}

static tb_status step(fixture *f, tb_machine_input in)
{
    tb_machine after;
    memset(in.fresh.bytes, f->next_id++, sizeof in.fresh.bytes);
    if (!f->next_id)
        f->next_id = 1;
    tb_status status = tb_machine_step(&f->m, &in, f->now, &after, &f->fx);
    f->m = after;
    return status;
}

static int did(const fixture *f, tb_effect_kind kind)
{
    int times = 0;
    for (int i = 0; i < f->fx.count; i++)
        times += f->fx.kinds[i] == kind;
    return times;
}

static tb_machine_input zone(int inside, uint32_t track, int steady)
{
    return (tb_machine_input){.kind = TB_INPUT_ZONE, .zone = {.inside = inside, .track = track, .steady = steady}};
}

static tb_machine_input simple(tb_input_kind kind)
{
    return (tb_machine_input){.kind = kind, .yes = 1};
}

static tb_machine_input captured(const fixture *f, tb_status status)
{
    return (tb_machine_input){.kind = TB_INPUT_CAPTURED, .status = status, .ticket = f->m.ticket};
}

static tb_machine_input challenge(const fixture *f, tb_challenge what)
{
    return (tb_machine_input){.kind = TB_INPUT_CHALLENGE, .yes = 1, .challenge = what, .ticket = f->m.ticket};
}

static tb_id visit_one(void)
{
    tb_id id;
    memset(id.bytes, 0x77, sizeof id.bytes);
    return id;
}

static tb_machine_input matched(tb_identity identity)
{
    tb_machine_input in = {.kind = TB_INPUT_MATCHED, .identity = identity, .judgement = TB_ADMIT};
    if (identity != TB_NOBODY)
        in.visit = visit_one();
    assert_int_equal(tb_facts_set_int(&in.fields, "items", 2), TB_OK);
    assert_int_equal(tb_facts_set_text(&in.fields, "item_list", "a1 bag; b2 watch"), TB_OK);
    return in;
}

static tb_machine_input answer(const fixture *f, tb_answer_verdict verdict, const char *reason)
{
    tb_machine_input in = {
        .kind = TB_INPUT_ANSWER, .verdict = verdict, .about = f->m.now_serving.request, .visit = visit_one()};
    snprintf(in.reason, sizeof in.reason, "%s", reason);
    if (verdict == TB_ANSWER_FAILED)
        in.status = TB_BUS_DOWN;
    return in;
}

static tb_machine_input sale(int64_t amount)
{
    return (tb_machine_input){.kind = TB_INPUT_SALE, .amount = amount, .currency = "JPY"};
}

static tb_machine_input handover(const char *item)
{
    tb_machine_input in = {.kind = TB_INPUT_HANDOVER};
    snprintf(in.item, sizeof in.item, "%s", item);
    return in;
}

static void must(fixture *f, tb_machine_input in, tb_phase phase)
{
    assert_int_equal(step(f, in), TB_OK);
    if (f->m.phase != phase)
        fail_msg("after %s: %s instead of %s", tb_input_name(in.kind), tb_phase_name(f->m.phase), tb_phase_name(phase));
}

/* Drives a fresh machine into a state by the way that its kind takes. */
static fixture at(tb_kind kind, tb_phase phase)
{
    fixture f = start(options_of(kind));
    if (phase == TB_PHASE_IDLE)
        return f;
    if (kind == TB_KIND_POS)
        must(&f, sale(1000), TB_PHASE_PRESENT);
    if (kind == TB_KIND_CHECKIN) {
        must(&f, simple(TB_INPUT_PASSPORT), TB_PHASE_ASKING);
        must(&f, simple(TB_INPUT_BOARDING_PASS), TB_PHASE_ASKING);
        must(&f, simple(TB_INPUT_CONSENT), TB_PHASE_PRESENT);
    }
    must(&f, zone(1, 5, 0), TB_PHASE_PRESENT);
    if (phase == TB_PHASE_PRESENT)
        return f;
    must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
    if (phase == TB_PHASE_CAPTURING)
        return f;
    must(&f, captured(&f, TB_OK), TB_PHASE_MATCHING);
    if (phase == TB_PHASE_MATCHING)
        return f;
    if (phase == TB_PHASE_ASKING || kind == TB_KIND_POS || kind == TB_KIND_CHECKIN) {
        must(&f, matched(kind == TB_KIND_POS || kind == TB_KIND_CHECKIN ? TB_THIS_PERSON : TB_NOBODY), TB_PHASE_ASKING);
        if (kind == TB_KIND_POS)
            must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_ASKING);
        if (phase == TB_PHASE_ASKING)
            return f;
        must(&f, answer(&f, TB_ANSWER_ADMIT, ""), kind == TB_KIND_POS ? TB_PHASE_ASKING : TB_PHASE_DECIDED);
        if (kind == TB_KIND_POS)
            must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_DECIDED);
    } else {
        must(&f, matched(TB_THIS_PERSON), TB_PHASE_DECIDED);
    }
    if (phase == TB_PHASE_DECIDED)
        return f;
    if (kind == TB_KIND_PASSAGE || kind == TB_KIND_PICKUP)
        must(&f, simple(TB_INPUT_TICK), TB_PHASE_ACTUATING);
    if (phase == TB_PHASE_ACTUATING)
        return f;
    if (kind == TB_KIND_PASSAGE)
        must(&f, (tb_machine_input){.kind = TB_INPUT_ACTUATED, .ticket = f.m.ticket}, TB_PHASE_REPORTING);
    else
        must(&f, simple(kind == TB_KIND_PICKUP ? TB_INPUT_RESET : TB_INPUT_TICK), TB_PHASE_REPORTING);
    return f;
}

static tb_machine_input usual(const fixture *f, tb_input_kind kind)
{
    switch (kind) {
    case TB_INPUT_ZONE:
        return zone(1, 5, 1);
    case TB_INPUT_CAPTURED:
        return captured(f, TB_OK);
    case TB_INPUT_CHALLENGE:
        return challenge(f, TB_CHALLENGE_LEFT);
    case TB_INPUT_MATCHED:
        return matched(TB_THIS_PERSON);
    case TB_INPUT_ANSWER:
        return answer(f, TB_ANSWER_ADMIT, "");
    case TB_INPUT_SALE:
        return sale(500);
    case TB_INPUT_HANDOVER:
        return handover("a1");
    case TB_INPUT_ACTUATED:
        return (tb_machine_input){.kind = kind, .ticket = f->m.ticket};
    default:
        return simple(kind);
    }
}

/* What the usual input does in each state: a letter for the state after it (i p c m a d t r; t = actuating),
 * '!' = TB_CONFLICT and nothing changed. Columns as in tb_input_kind. */
struct expectation {
    tb_kind kind;
    const char *rows[TB_PHASE_COUNT];
};
static const struct expectation expectations[] = {
    /*                 tick zone capt chal match answ pass board cons sale pin staff hand reco actu reset */
    {TB_KIND_PASSAGE,
     {"ipiiii!!!!!!!iii", "pcpppp!!!!!!!ppi", "ccmccc!!!!!!!cci", "mmmmdm!!!!!!!mmi", "aaaaad!!!!!!!aai",
      "tddddd!!!!!!!dd!", "tttttt!!!!!!!tr!", "rrrrrr!!!!!!!rr!"}},
    {TB_KIND_COUNTER,
     {"ipiiii!!!!!!!iii", "pcpppp!!!!!!!ppi", "ccmccc!!!!!!!cci", "mmmmdm!!!!!!!mmi", "aaaaad!!!!!!!aai",
      "rddddd!!!!!!!dd!", NULL, "rrrrrr!!!!!!!rr!"}},
    {TB_KIND_PICKUP,
     {"ipiiii!!!!!!!iii", "pcpppp!!!!!!!ppi", "ccmccc!!!!!!!cci", "mmmmdm!!!!!!!mmi", "aaaaad!!!!!!!aai",
      "tddddd!!!!!!!dd!", "tttttt!!!!!!tttr", "rrrrrr!!!!!!!rri"}},
    {TB_KIND_CHECKIN,
     {"iiiiiiaa!!!!!iii", "pcpppp!!!!!!!ppi", "ccmccc!!!!!!!cci", "mmmmam!!!!!!!mmi", "aaaaad!!!!!!!aai",
      "rddddd!!!!!!!dd!", NULL, "rrrrrraa!!!!!rri"}},
    {TB_KIND_POS,
     {"iiiiii!!!p!!!iii", "pcpppp!!!!!!!ppi", "ccmccc!!!!!!!cci", "mmmmam!!!!!!!mmi", "aaaaaa!!!!!!!aaa",
      "rddddd!!!!!!!dd!", NULL, "rrrrrr!!!p!!!rri"}},
};

static void every_state_and_input(void **state)
{
    (void)state;
    int seen[TB_PHASE_COUNT][TB_INPUT_COUNT] = {{0}};
    const char letters[] = "ipcmadtr";
    for (size_t e = 0; e < sizeof expectations / sizeof *expectations; e++)
        for (int phase = 0; phase < TB_PHASE_COUNT; phase++)
            for (int kind = 0; expectations[e].rows[phase] && kind < TB_INPUT_COUNT; kind++) {
                fixture f = at(expectations[e].kind, (tb_phase)phase), before = f;
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

/* ---- random walk ---- */

static uint64_t random_state;
static uint32_t dice(uint32_t sides)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % sides;
}

/* What moves the machine on from where it is. */
static tb_machine_input likely_input(const fixture *f)
{
    const tb_transaction *t = &f->m.now_serving;
    static const tb_input_kind asked[] = {TB_INPUT_ANSWER,  TB_INPUT_PASSPORT, TB_INPUT_BOARDING_PASS,
                                          TB_INPUT_CONSENT, TB_INPUT_ZONE,     TB_INPUT_PIN,
                                          TB_INPUT_STAFF,   TB_INPUT_SALE,     TB_INPUT_CAPTURED};
    switch (f->m.phase) {
    case TB_PHASE_IDLE:
        return tb_machine_ask(&f->m) == TB_ASK_FACE ? zone(1, 1 + dice(3), 1) : usual(f, asked[tb_machine_ask(&f->m)]);
    case TB_PHASE_PRESENT:
        return usual(f, TB_INPUT_ZONE);
    case TB_PHASE_CAPTURING:
        return dice(8) ? captured(f, TB_OK) : challenge(f, (tb_challenge)dice(TB_CHALLENGE_COUNT));
    case TB_PHASE_MATCHING:
        return matched(dice(3) ? TB_THIS_PERSON : TB_NOT_SURE);
    case TB_PHASE_ASKING:
        if (t->ask != TB_ASK_NONE)
            return usual(f, asked[t->ask]);
        return dice(3) ? answer(f, dice(2) ? TB_ANSWER_ADMIT : TB_ANSWER_FAILED, "") : simple(TB_INPUT_TICK);
    case TB_PHASE_ACTUATING:
        return f->m.options.role.kind == TB_KIND_PICKUP ? handover(dice(2) ? "a1" : "b2") : usual(f, TB_INPUT_ACTUATED);
    default:
        return simple(TB_INPUT_TICK);
    }
}

static tb_machine_input random_input(const fixture *f)
{
    static const char *const items[] = {"a1", "b2", "zz", ""};
    static const tb_status statuses[] = {
        TB_OK,        TB_OK,          TB_RETRY_CHALLENGE,  TB_RETRY_BLURRED, TB_RETRY_NOT_LIVE,
        TB_DISK_FULL, TB_CHECK_DIGIT, TB_DOCUMENT_EXPIRED, TB_TIMEOUT};
    tb_input_kind kind = (tb_input_kind)dice(TB_INPUT_COUNT);
    if (dice(3))
        return likely_input(f);
    tb_machine_input in = usual(f, kind);
    in.status = statuses[dice(9)];
    in.yes = (int)dice(2);
    if (kind == TB_INPUT_ZONE)
        in = dice(4) ? zone(1, 1 + dice(3), (int)dice(2)) : zone((int)dice(3), 0, 0);
    if (kind == TB_INPUT_MATCHED)
        in.identity = (tb_identity)dice(3), in.judgement = (tb_judgement)dice(3),
        in.status = dice(20) ? TB_OK : TB_MODEL_FAILED;
    if (kind == TB_INPUT_ANSWER) {
        in.verdict = (tb_answer_verdict)(1 + dice(5));
        snprintf(in.reason, sizeof in.reason, "%s", dice(2) ? "pin_wrong" : "declined");
        if (!dice(4))
            in.about.bytes[0] ^= 1;
    }
    if (dice(8) == 0)
        in.ticket--;
    snprintf(in.item, sizeof in.item, "%s", items[dice(4)]);
    in.amount = kind == TB_INPUT_SALE ? (int64_t)dice(3000) - 100 : 0;
    return in;
}

/* An observer that knows nothing of the machine's inside but its effects. */
struct observer {
    int held; /* frames or templates may be in memory */
    int documents;
    tb_id open; /* payment in the store */
    int sent, voided, kept;
    int recording; /* an event is on its way into the outbox */
    int unpublished;
    long voids, closes, admitted, records;
};

static void observe(struct observer *o, const tb_machine *before, const tb_machine_input *in, const fixture *f)
{
    const tb_transaction *t = &f->m.now_serving;
    if (in->kind == TB_INPUT_RECORDED && in->status == TB_OK && o->recording) {
        o->recording = 0;
        o->unpublished = 1;
    }
    for (int i = 0; i < f->fx.count; i++)
        switch (f->fx.kinds[i]) {
        case TB_EFFECT_CAPTURE:
            o->held = 1;
            break; /* frames come in from now on */
        case TB_EFFECT_WIPE:
            o->held = 0;
            break;
        case TB_EFFECT_FORGET:
            o->documents = 0;
            break;
        case TB_EFFECT_KEEP_PAYMENT:
            assert_true(tb_id_is_zero(o->open));
            o->open = t->request, o->sent = 0, o->kept = 0, o->voided = 0;
            break;
        case TB_EFFECT_ASK:
            if (t->question == TB_QUESTION_PAY) {
                assert_true(o->kept && tb_id_equal(o->open, t->request));
                assert_true(++o->sent <= 3);
            }
            break;
        case TB_EFFECT_VOID_PAYMENT:
            assert_true(o->kept);
            o->voids++;
            o->voided = 1;
            break;
        case TB_EFFECT_CLOSE_PAYMENT:
            assert_true(o->kept && o->sent && !o->voided);
            o->closes++;
            break;
        case TB_EFFECT_RECORD:
            assert_true(t->outcome != TB_OUTCOME_RETRY && t->outcome != TB_OUTCOME_FAILED);
            o->recording = 1, o->records++;
            break;
        case TB_EFFECT_PUBLISH:
            assert_true(o->unpublished || o->voided);
            o->unpublished = 0;
            break;
        default:
            break;
        }
    if ((in->kind == TB_INPUT_PASSPORT || in->kind == TB_INPUT_BOARDING_PASS || in->kind == TB_INPUT_PIN) &&
        f->m.phase == TB_PHASE_ASKING)
        o->documents = 1;
    if (before->phase == TB_PHASE_DECIDED && f->m.phase != TB_PHASE_DECIDED)
        assert_false(o->held); /* M2 */
    if (f->m.phase == TB_PHASE_IDLE)
        assert_false(o->held || o->documents);
    if (before->phase != TB_PHASE_DECIDED && f->m.phase == TB_PHASE_DECIDED && t->outcome == TB_OUTCOME_ADMITTED)
        o->admitted++;
}

/* Effects that the runtime answers at once are answered at once, as there. */
static void settle_store(fixture *f, struct observer *o)
{
    for (int again = 1; again;) {
        again = 0;
        int keep = did(f, TB_EFFECT_KEEP_PAYMENT), close = did(f, TB_EFFECT_CLOSE_PAYMENT),
            gone = did(f, TB_EFFECT_VOID_PAYMENT);
        if (!keep && !close && !gone && !did(f, TB_EFFECT_RECORD))
            return;
        tb_machine_input in = {.kind = TB_INPUT_RECORDED, .status = dice(5) ? TB_OK : TB_DISK_FULL};
        if (in.status == TB_OK && keep)
            o->kept = 1;
        if (in.status != TB_OK && keep)
            o->open = (tb_id){{0}};
        if (in.status == TB_OK && (close || gone))
            o->open = (tb_id){{0}};
        tb_machine before = f->m;
        assert_int_equal(step(f, in), TB_OK);
        observe(o, &before, &in, f);
        again = 1;
    }
}

static void random_steps_keep_the_invariants(void **state)
{
    (void)state;
    const char *given = getenv("TEBURA_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)tb_clock_now();
    random_state = seed | 1;
    print_message("seed %llu (TEBURA_SEED repeats it)\n", (unsigned long long)seed);
    long admitted = 0, voids = 0, closes = 0, records = 0;
    for (int run = 0; run < 50; run++) {
        tb_machine_options o = options_of((tb_kind)(run % 5));
        o.role.step_up_pin = (int)dice(2), o.role.staff_confirms = (int)dice(2), o.role.asks_server = (int)dice(2);
        o.role.step_up_amount = dice(2) ? 1000 : 0;
        fixture f = start(o);
        struct observer watch = {0};
        for (int i = 0; i < 2000; i++) {
            tb_machine_input in = random_input(&f);
            if (in.kind == TB_INPUT_RECORDED)
                continue; /* never comes unasked */
            f.now += dice(3) ? dice(100000) : dice(4) ? dice(2000000) : dice(70) * TB_SECOND;
            tb_machine before = f.m;
            tb_status status = step(&f, in);
            if (status != TB_OK)
                assert_memory_equal(&before, &f.m, sizeof before);
            observe(&watch, &before, &in, &f);
            settle_store(&f, &watch);
        }
        admitted += watch.admitted, voids += watch.voids, closes += watch.closes, records += watch.records;
    }
    print_message("admitted %ld, events %ld, payments closed %ld, voided %ld\n", admitted, records, closes, voids);
    assert_true(admitted > 100 && records > 100 && closes > 10 && voids > 10); /* the walk really went everywhere */
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
        cmocka_unit_test(random_steps_keep_the_invariants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
