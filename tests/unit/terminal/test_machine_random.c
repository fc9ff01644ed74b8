/* 100,000 random steps of the terminal's state machine against its invariants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine_support.h"

static uint64_t random_state;
static uint32_t dice(uint32_t sides)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % sides;
}

/* The same between two doors; one in four changes places with somebody else. */
static tb_machine_input likely_inside(const fixture *f)
{
    tb_machine_input in = matched(dice(3) ? TB_THIS_PERSON : TB_NOBODY);
    in.visit.bytes[0] ^= !dice(4);
    switch (f->m.now_serving.inside) {
    case TB_INSIDE_NO:
        return simple(TB_INPUT_INSIDE);
    case TB_INSIDE_LOOKING:
        return captured(f, TB_OK);
    case TB_INSIDE_MATCHING:
        return in;
    case TB_INSIDE_ASKING:
        return answer(f, TB_ANSWER_ADMIT, "");
    default:
        return zone(1 + (int)dice(2), 1 + dice(3), 1);
    }
}

/* What moves the machine on from where it is. */
static tb_machine_input likely_input(const fixture *f)
{
    const tb_transaction *t = &f->m.now_serving;
    static const tb_input_kind asked[] = {
        TB_INPUT_ANSWER, TB_INPUT_PASSPORT, TB_INPUT_BOARDING_PASS, TB_INPUT_CONSENT,  TB_INPUT_ZONE,
        TB_INPUT_PIN,    TB_INPUT_STAFF,    TB_INPUT_SALE,          TB_INPUT_CAPTURED, TB_INPUT_REFERENCE};
    switch (f->m.phase) {
    case TB_PHASE_IDLE:
        if (f->m.options.role.reference && dice(3) == 0)
            return usual(f, TB_INPUT_REFERENCE);
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
        if (f->m.options.role.between_face && dice(20)) /* they are between the doors for a while */
            return likely_inside(f);
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
    if ((kind == TB_INPUT_MATCHED || kind == TB_INPUT_ANSWER) && !dice(3))
        in.visit.bytes[0] ^= 1; /* somebody else */
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
    int documents, reference;
    tb_id open; /* payment in the store */
    int sent, voided, kept;
    tb_zone_view zone; /* as told last */
    tb_id known;       /* whom list or server has named last */
    long same, other;
    int recording; /* an event is on its way into the outbox */
    int unpublished;
    long voids, closes, admitted, by_reference, records;
};

static void observe(struct observer *o, const tb_machine *before, const tb_machine_input *in, const fixture *f)
{
    const tb_transaction *t = &f->m.now_serving;
    if (in->kind == TB_INPUT_ZONE)
        o->zone = in->zone;
    if (in->kind == TB_INPUT_MATCHED || in->kind == TB_INPUT_ANSWER)
        o->known = in->visit;
    if (in->kind == TB_INPUT_RECORDED && in->status == TB_OK && o->recording) {
        o->recording = 0;
        o->unpublished = 1;
    }
    for (int i = 0; i < f->fx.count; i++)
        switch (f->fx.kinds[i]) {
        case TB_EFFECT_TELL_DOORS: /* M10 */
            if (t->inside == TB_INSIDE_SAME)
                assert_true(o->zone.inside == 1 && tb_id_equal(o->known, t->visit));
            o->same += t->inside == TB_INSIDE_SAME, o->other += t->inside == TB_INSIDE_OTHER;
            break;
        case TB_EFFECT_CAPTURE:
            o->held = 1;
            break; /* frames come in from now on */
        case TB_EFFECT_WIPE:
            o->held = 0;
            break;
        case TB_EFFECT_FORGET:
            o->documents = o->reference = 0;
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
    if (in->kind == TB_INPUT_REFERENCE && in->status == TB_OK && t->reference)
        o->documents = o->reference = 1;
    if (before->phase == TB_PHASE_DECIDED && f->m.phase != TB_PHASE_DECIDED)
        assert_false(o->held); /* M2 */
    if (f->m.phase == TB_PHASE_IDLE)
        assert_false(o->held || o->documents);
    if (before->phase != TB_PHASE_DECIDED && f->m.phase == TB_PHASE_DECIDED && t->outcome == TB_OUTCOME_ADMITTED) {
        o->admitted++;
        o->by_reference += f->m.options.role.reference == TB_REFERENCE_ALWAYS;
        assert_true(o->reference || f->m.options.role.reference != TB_REFERENCE_ALWAYS); /* M9 */
    }
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
    long admitted = 0, same = 0, other = 0, by_reference = 0, voids = 0, closes = 0, records = 0;
    for (int run = 0; run < 50; run++) {
        tb_machine_options o = options_of((tb_kind)(run % 5));
        o.role.step_up_pin = (int)dice(2), o.role.staff_confirms = (int)dice(2), o.role.asks_server = (int)dice(2);
        o.role.step_up_amount = dice(2) ? 1000 : 0;
        if (o.role.kind == TB_KIND_CHECKIN)
            o.role.by_reference = (int)dice(2);
        else if (o.role.kind != TB_KIND_POS)
            o.role.reference = (tb_reference_when)dice(3);
        o.role.between_face = o.role.kind == TB_KIND_PASSAGE;
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
        by_reference += watch.by_reference;
        same += watch.same, other += watch.other;
        admitted += watch.admitted, voids += watch.voids, closes += watch.closes, records += watch.records;
    }
    print_message("admitted %ld, events %ld, payments closed %ld, voided %ld\n", admitted, records, closes, voids);
    print_message("the same person inside %ld times, another %ld\n", same, other);
    assert_true(by_reference > 20 && same > 20 && other > 10);
    assert_true(admitted > 100 && records > 100 && closes > 10 && voids > 10); /* the walk really went everywhere */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_steps_keep_the_invariants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
