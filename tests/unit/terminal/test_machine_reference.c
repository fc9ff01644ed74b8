/* E3 A16: what people hold beside their face, in the terminal's state machine (M4, M9): in either order, within its
 * time, of one person; misread is no refusal; the document of a check-in. */
#include "machine_support.h"

#define PAIR (20 * TB_SECOND)

static fixture gate(tb_reference_when reference)
{
    tb_machine_options options = {.role = {.name = "gate",
                                           .zone = "gates",
                                           .title_en = "",
                                           .title_ja = "",
                                           .kind = TB_KIND_PASSAGE,
                                           .actuator = "gate",
                                           .unknown_reason = "no_ticket",
                                           .asks_server = 1,
                                           .reference = reference}};
    return start(options);
}

static tb_machine_input tick(void)
{
    return (tb_machine_input){.kind = TB_INPUT_TICK};
}

static tb_machine_input reference(tb_status status)
{
    tb_machine_input in = {.kind = TB_INPUT_REFERENCE, .status = status};
    snprintf(in.reason, sizeof in.reason, "%s", status == TB_OK ? "" : "check_digit");
    return in;
}

/* Somebody stands before the gate and was captured. */
static fixture seen(tb_reference_when when, tb_phase then)
{
    fixture f = gate(when);
    must(&f, zone(1, 5, 1), TB_PHASE_PRESENT);
    must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
    must(&f, captured(&f, TB_OK), then);
    return f;
}

static void the_face_first_then_the_reference(void **state)
{
    (void)state;
    fixture f = seen(TB_REFERENCE_ALWAYS, TB_PHASE_ASKING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_REFERENCE);
    assert_int_equal(did(&f, TB_EFFECT_MATCH), 0); /* M9 */
    must(&f, reference(TB_OK), TB_PHASE_MATCHING);
    assert_int_equal(did(&f, TB_EFFECT_MATCH), 1);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
}

static void the_reference_first_then_the_face(void **state)
{
    (void)state;
    fixture f = gate(TB_REFERENCE_ALWAYS);
    must(&f, reference(TB_OK), TB_PHASE_PRESENT);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_FACE);
    f.now += 5 * TB_SECOND; /* nobody is there yet: it waits */
    must(&f, zone(0, 0, 1), TB_PHASE_PRESENT);
    f.now += 5 * TB_SECOND;
    must(&f, tick(), TB_PHASE_PRESENT);
    must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
    must(&f, captured(&f, TB_OK), TB_PHASE_MATCHING);
    assert_int_equal(did(&f, TB_EFFECT_MATCH), 1);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
}

static void it_does_not_wait_for_ever(void **state)
{
    (void)state;
    fixture f = gate(TB_REFERENCE_ALWAYS);
    must(&f, reference(TB_OK), TB_PHASE_PRESENT);
    f.now += PAIR - 1;
    must(&f, tick(), TB_PHASE_PRESENT);
    f.now += 1;
    must(&f, tick(), TB_PHASE_IDLE);
    assert_int_equal(did(&f, TB_EFFECT_FORGET), 1);
    assert_int_equal(f.m.now_serving.reference, 0);

    /* who came and went does not make it wait longer */
    must(&f, reference(TB_OK), TB_PHASE_PRESENT);
    tb_time until = f.m.deadline;
    f.now += 10 * TB_SECOND;
    must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
    must(&f, zone(0, 0, 1), TB_PHASE_CAPTURING);
    f.now += TB_SECOND;
    must(&f, tick(), TB_PHASE_PRESENT);
    assert_int_equal(did(&f, TB_EFFECT_WIPE), 1);
    assert_int_equal(f.m.deadline, until);
    must(&f, reference(TB_OK), TB_PHASE_PRESENT); /* shown again: it does */
    assert_true(f.m.deadline > until);
}

static void who_has_nothing_to_show_is_not_asked_again(void **state)
{
    (void)state;
    fixture f = seen(TB_REFERENCE_ALWAYS, TB_PHASE_ASKING);
    f.now += PAIR;
    must(&f, tick(), TB_PHASE_IDLE);
    assert_int_equal(did(&f, TB_EFFECT_WIPE), 1);
    must(&f, zone(1, 5, 1), TB_PHASE_IDLE);       /* still standing there */
    must(&f, reference(TB_OK), TB_PHASE_PRESENT); /* but may find it after all */
    must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
}

/* The face that was captured and the reference belong to one person: who shows it still stands there, alone. */
static void another_one_steps_up_before_it_is_shown(void **state)
{
    (void)state;
    for (int crowd = 0; crowd < 2; crowd++) {
        fixture f = seen(TB_REFERENCE_ALWAYS, TB_PHASE_ASKING);
        must(&f, crowd ? zone(2, 0, 1) : zone(1, 6, 1), TB_PHASE_PRESENT);
        assert_int_equal(did(&f, TB_EFFECT_WIPE), 1);
        must(&f, reference(TB_OK), TB_PHASE_PRESENT);
        assert_int_equal(did(&f, TB_EFFECT_MATCH), 0); /* the newcomer is looked at first */
        must(&f, zone(1, 6, 1), TB_PHASE_CAPTURING);
        must(&f, captured(&f, TB_OK), TB_PHASE_MATCHING);
    }
    fixture f = seen(TB_REFERENCE_ALWAYS, TB_PHASE_ASKING);
    must(&f, zone(0, 0, 1), TB_PHASE_ASKING);
    f.now += TB_SECOND;
    must(&f, tick(), TB_PHASE_IDLE);
}

static void misread_is_try_again(void **state)
{
    (void)state;
    const tb_status statuses[] = {TB_MALFORMED, TB_CHECK_DIGIT};
    for (int i = 0; i < 2; i++)
        for (int when = 0; when < 4; when++) {
            fixture f = gate(TB_REFERENCE_ALWAYS);
            if (when)
                must(&f, zone(1, 5, 1), TB_PHASE_PRESENT);
            if (when > 1)
                must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
            if (when > 2)
                must(&f, captured(&f, TB_OK), TB_PHASE_ASKING);
            must(&f, reference(statuses[i]), TB_PHASE_DECIDED);
            assert_int_equal(did(&f, TB_EFFECT_STOP), when == 2);
            assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_RETRY);
            assert_string_equal(f.m.now_serving.reason, "check_digit");
            must(&f, tick(), TB_PHASE_REPORTING);
            assert_int_equal(did(&f, TB_EFFECT_WIPE), 1);
            assert_int_equal(did(&f, TB_EFFECT_RECORD), 0); /* M3 */
            must(&f, reference(TB_OK), TB_PHASE_PRESENT);   /* at once */
        }
}

static void only_where_the_face_is_not_enough(void **state)
{
    (void)state;
    fixture f = seen(TB_REFERENCE_WHEN_UNSURE, TB_PHASE_MATCHING);
    fixture sure = f;
    must(&sure, matched(TB_THIS_PERSON), TB_PHASE_DECIDED);
    assert_int_equal(sure.m.now_serving.outcome, TB_OUTCOME_ADMITTED);

    must(&f, matched(TB_NOT_SURE), TB_PHASE_ASKING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_REFERENCE);
    fixture waiting = f;
    must(&f, reference(TB_OK), TB_PHASE_MATCHING);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    assert_true(f.m.now_serving.doubtful); /* M4 holds by the reference */

    fixture nothing = waiting;
    nothing.now += PAIR;
    must(&nothing, tick(), TB_PHASE_DECIDED);
    assert_int_equal(nothing.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);

    /* the doubt was about who left: the next one begins without it */
    must(&waiting, zone(1, 6, 1), TB_PHASE_PRESENT);
    assert_int_equal(waiting.m.now_serving.doubtful, 0);
    must(&waiting, zone(1, 6, 1), TB_PHASE_CAPTURING);
    must(&waiting, captured(&waiting, TB_OK), TB_PHASE_MATCHING);
    must(&waiting, matched(TB_THIS_PERSON), TB_PHASE_DECIDED);
    assert_int_equal(waiting.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
}

static void the_server_is_not_sure_either(void **state)
{
    (void)state;
    fixture f = seen(TB_REFERENCE_WHEN_UNSURE, TB_PHASE_MATCHING);
    must(&f, matched(TB_NOBODY), TB_PHASE_ASKING);
    tb_machine_input answer = {
        .kind = TB_INPUT_ANSWER, .verdict = TB_ANSWER_NOT_SURE, .about = f.m.now_serving.request};
    must(&f, answer, TB_PHASE_ASKING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_REFERENCE);
    must(&f, reference(TB_OK), TB_PHASE_MATCHING);
    must(&f, matched(TB_NOBODY), TB_PHASE_ASKING); /* not on the list: the server again, with the reference */
    assert_int_equal(f.m.now_serving.question, TB_QUESTION_IDENTIFY);
    answer = (tb_machine_input){
        .kind = TB_INPUT_ANSWER, .verdict = TB_ANSWER_REFUSE, .about = f.m.now_serving.request, .reason = "other_face"};
    must(&f, answer, TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_REFUSED);
    assert_string_equal(f.m.now_serving.reason, "other_face");
}

static void a_check_in_by_reference(void **state)
{
    (void)state;
    fixture f = gate(TB_REFERENCE_NEVER);
    f.m.options.role.kind = TB_KIND_CHECKIN;
    f.m.options.role.by_reference = 1;
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_REFERENCE);
    assert_int_equal(step(&f, (tb_machine_input){.kind = TB_INPUT_PASSPORT}), TB_CONFLICT);
    must(&f, reference(TB_OK), TB_PHASE_ASKING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_CONSENT);
    must(&f, reference(TB_OK), TB_PHASE_ASKING); /* another one: the newer counts, consent is asked for it */
    fixture declined = f;
    must(&declined, (tb_machine_input){.kind = TB_INPUT_CONSENT}, TB_PHASE_ASKING);
    assert_int_equal(declined.m.now_serving.question, TB_QUESTION_CHECKIN);
    assert_int_equal(did(&declined, TB_EFFECT_CAPTURE), 0);

    must(&f, (tb_machine_input){.kind = TB_INPUT_CONSENT, .yes = 1}, TB_PHASE_PRESENT);
    assert_int_equal(step(&f, reference(TB_OK)), TB_CONFLICT); /* consent was given for the one before */
    must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
    must(&f, captured(&f, TB_OK), TB_PHASE_MATCHING);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_ASKING);
    assert_int_equal(f.m.now_serving.question, TB_QUESTION_CHECKIN);

    fixture away = gate(TB_REFERENCE_NEVER);
    away.m.options.role = f.m.options.role;
    must(&away, reference(TB_OK), TB_PHASE_ASKING);
    away.now += TB_MINUTE;
    must(&away, tick(), TB_PHASE_IDLE);
    assert_int_equal(did(&away, TB_EFFECT_FORGET), 1);
}

static void nobody_asked_for_it(void **state)
{
    (void)state;
    fixture f = gate(TB_REFERENCE_NEVER);
    assert_int_equal(step(&f, reference(TB_OK)), TB_CONFLICT);
    must(&f, zone(1, 5, 1), TB_PHASE_PRESENT);
    assert_int_equal(step(&f, reference(TB_OK)), TB_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_face_first_then_the_reference),
        cmocka_unit_test(the_reference_first_then_the_face),
        cmocka_unit_test(it_does_not_wait_for_ever),
        cmocka_unit_test(who_has_nothing_to_show_is_not_asked_again),
        cmocka_unit_test(another_one_steps_up_before_it_is_shown),
        cmocka_unit_test(misread_is_try_again),
        cmocka_unit_test(only_where_the_face_is_not_enough),
        cmocka_unit_test(the_server_is_not_sure_either),
        cmocka_unit_test(a_check_in_by_reference),
        cmocka_unit_test(nobody_asked_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
