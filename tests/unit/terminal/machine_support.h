/* machine_support.h: a machine with a clock of its own, the inputs that tests give it, and the way into each state. */
#ifndef TEBURA_TESTS_MACHINE_SUPPORT_H
#define TEBURA_TESTS_MACHINE_SUPPORT_H

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

static inline tb_machine_options options_of(tb_kind kind)
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

static inline fixture start(tb_machine_options options)
{
    fixture f = {.now = START, .next_id = 1};
    tb_machine_init(&options, &f.m);
    return f;
}

static inline tb_status step(fixture *f, tb_machine_input in)
{
    tb_machine after;
    memset(in.fresh.bytes, f->next_id++, sizeof in.fresh.bytes);
    if (!f->next_id)
        f->next_id = 1;
    tb_status status = tb_machine_step(&f->m, &in, f->now, &after, &f->fx);
    f->m = after;
    return status;
}

static inline int did(const fixture *f, tb_effect_kind kind)
{
    int times = 0;
    for (int i = 0; i < f->fx.count; i++)
        times += f->fx.kinds[i] == kind;
    return times;
}

static inline tb_machine_input zone(int inside, uint32_t track, int steady)
{
    return (tb_machine_input){.kind = TB_INPUT_ZONE, .zone = {.inside = inside, .track = track, .steady = steady}};
}

static inline tb_machine_input simple(tb_input_kind kind)
{
    return (tb_machine_input){.kind = kind, .yes = 1};
}

static inline tb_machine_input captured(const fixture *f, tb_status status)
{
    return (tb_machine_input){.kind = TB_INPUT_CAPTURED, .status = status, .ticket = f->m.ticket};
}

static inline tb_machine_input challenge(const fixture *f, tb_challenge what)
{
    return (tb_machine_input){.kind = TB_INPUT_CHALLENGE, .yes = 1, .challenge = what, .ticket = f->m.ticket};
}

static inline tb_id visit_one(void)
{
    tb_id id;
    memset(id.bytes, 0x77, sizeof id.bytes);
    return id;
}

static inline tb_machine_input matched(tb_identity identity)
{
    tb_machine_input in = {.kind = TB_INPUT_MATCHED, .identity = identity, .judgement = TB_ADMIT};
    if (identity != TB_NOBODY)
        in.visit = visit_one();
    assert_int_equal(tb_facts_set_int(&in.fields, "items", 2), TB_OK);
    assert_int_equal(tb_facts_set_text(&in.fields, "item_list", "a1 bag; b2 watch"), TB_OK);
    return in;
}

static inline tb_machine_input answer(const fixture *f, tb_answer_verdict verdict, const char *reason)
{
    tb_machine_input in = {
        .kind = TB_INPUT_ANSWER, .verdict = verdict, .about = f->m.now_serving.request, .visit = visit_one()};
    snprintf(in.reason, sizeof in.reason, "%s", reason);
    if (verdict == TB_ANSWER_FAILED)
        in.status = TB_BUS_DOWN;
    return in;
}

static inline tb_machine_input sale(int64_t amount)
{
    return (tb_machine_input){.kind = TB_INPUT_SALE, .amount = amount, .currency = "JPY"};
}

static inline tb_machine_input handover(const char *item)
{
    tb_machine_input in = {.kind = TB_INPUT_HANDOVER};
    snprintf(in.item, sizeof in.item, "%s", item);
    return in;
}

static inline void must(fixture *f, tb_machine_input in, tb_phase phase)
{
    assert_int_equal(step(f, in), TB_OK);
    if (f->m.phase != phase)
        fail_msg("after %s: %s instead of %s", tb_input_name(in.kind), tb_phase_name(f->m.phase), tb_phase_name(phase));
}

/* Drives a fresh machine into a state by the way that its kind takes. */
static inline fixture at_with(tb_machine_options options, tb_phase phase)
{
    tb_kind kind = options.role.kind;
    int reference_too = options.role.reference == TB_REFERENCE_ALWAYS;
    fixture f = start(options);
    if (phase == TB_PHASE_IDLE)
        return f;
    if (kind == TB_KIND_POS)
        must(&f, sale(1000), TB_PHASE_PRESENT);
    if (kind == TB_KIND_CHECKIN && options.role.by_reference) {
        must(&f, simple(TB_INPUT_REFERENCE), TB_PHASE_ASKING);
        must(&f, simple(TB_INPUT_CONSENT), TB_PHASE_PRESENT);
    } else if (kind == TB_KIND_CHECKIN) {
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
    must(&f, captured(&f, TB_OK), reference_too ? TB_PHASE_ASKING : TB_PHASE_MATCHING);
    if (phase == TB_PHASE_ASKING && reference_too)
        return f;
    if (reference_too)
        must(&f, simple(TB_INPUT_REFERENCE), TB_PHASE_MATCHING);
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

static inline fixture at(tb_kind kind, tb_phase phase)
{
    return at_with(options_of(kind), phase);
}

static inline tb_machine_input usual(const fixture *f, tb_input_kind kind)
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
        return (tb_machine_input){.kind = kind, .ticket = f->m.now_serving.opening};
    default:
        return simple(kind);
    }
}

#endif
