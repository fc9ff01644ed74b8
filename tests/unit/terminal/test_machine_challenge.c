/* Challenges in the terminal's state machine (M8): what is asked is shown, one failure is a try more, two are a
 * human's. */
#include "machine_support.h"

#include "terminal/screen.h"

/* Somebody stands before a gate and is being captured. */
static fixture capturing(void)
{
    tb_machine_options options = {.role = {.name = "role",
                                           .zone = "zone",
                                           .title_en = "",
                                           .title_ja = "",
                                           .kind = TB_KIND_PASSAGE,
                                           .actuator = "gate",
                                           .unknown_reason = "not_checked_in"}};
    fixture f = start(options);
    must(&f, zone(1, 5, 1), TB_PHASE_PRESENT);
    must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
    return f;
}

static void what_is_asked_is_shown(void **state)
{
    (void)state;
    fixture f = capturing();
    tb_screen screen;
    must(&f, challenge(&f, TB_CHALLENGE_NONE), TB_PHASE_CAPTURING);
    tb_screen_of(&f.m, NULL, 0, &screen);
    assert_string_equal(screen.en, "Please look straight into the camera.");
    must(&f, challenge(&f, TB_CHALLENGE_LEFT), TB_PHASE_CAPTURING);
    assert_int_equal(did(&f, TB_EFFECT_SHOW), 1);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_CHALLENGE);
    tb_screen_of(&f.m, NULL, 0, &screen);
    assert_string_equal(screen.en, "Please turn your head to your left, and back.");
    assert_non_null(strstr(screen.ja, "左"));
    assert_string_equal(tb_ask_name(screen.ask), "challenge");
    assert_int_equal(screen.tone, TB_TONE_ASK);
    tb_time before = f.m.deadline;
    f.now += 3 * TB_SECOND;
    must(&f, challenge(&f, TB_CHALLENGE_EYES), TB_PHASE_CAPTURING);
    assert_true(f.m.deadline > before); /* each request has its time */
    must(&f, captured(&f, TB_OK), TB_PHASE_MATCHING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_FACE);
}

static void who_fails_twice_is_not_matched(void **state)
{
    (void)state;
    fixture f = capturing();
    must(&f, challenge(&f, TB_CHALLENGE_UP), TB_PHASE_CAPTURING);
    must(&f, captured(&f, TB_RETRY_CHALLENGE), TB_PHASE_CAPTURING);
    assert_int_equal(did(&f, TB_EFFECT_CAPTURE), 1); /* once more */
    assert_int_equal(did(&f, TB_EFFECT_WIPE), 1);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_FACE);
    tb_screen screen;
    tb_screen_of(&f.m, NULL, 0, &screen);
    assert_int_equal(screen.tone, TB_TONE_RETRY);
    tb_machine_input late = challenge(&f, TB_CHALLENGE_UP);
    late.ticket--;
    must(&f, late, TB_PHASE_CAPTURING); /* of the burst before */
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_FACE);
    fixture good = f;
    must(&good, challenge(&good, TB_CHALLENGE_UP), TB_PHASE_CAPTURING);
    must(&good, captured(&good, TB_OK), TB_PHASE_MATCHING);
    must(&f, captured(&f, TB_RETRY_CHALLENGE), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
    assert_int_equal(did(&f, TB_EFFECT_STOP), 1);
    must(&f, (tb_machine_input){.kind = TB_INPUT_TICK}, TB_PHASE_REPORTING);
    assert_int_equal(did(&f, TB_EFFECT_RECORD), 1); /* the server hears of it */
}

/* A film with one order must not be able to wait for it by hiding whenever another one is asked for. */
static void who_evades_a_challenge_has_failed_it(void **state)
{
    (void)state;
    fixture f = capturing();
    must(&f, challenge(&f, TB_CHALLENGE_UP), TB_PHASE_CAPTURING);
    tb_machine_input lost = challenge(&f, TB_CHALLENGE_NONE);
    lost.yes = 0;
    must(&f, lost, TB_PHASE_CAPTURING);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_FACE);
    must(&f, challenge(&f, TB_CHALLENGE_LEFT), TB_PHASE_CAPTURING);
    must(&f, captured(&f, TB_RETRY_NO_FACE), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
    f = capturing();
    for (int i = 0; i < 2; i++) {
        must(&f, challenge(&f, TB_CHALLENGE_UP), TB_PHASE_CAPTURING);
        must(&f, zone(2, 0, 1), TB_PHASE_PRESENT); /* a second face is held up */
        must(&f, zone(1, 5, 1), TB_PHASE_CAPTURING);
    }
    must(&f, captured(&f, TB_OK), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
}

static void somebody_else_in_the_middle_begins_anew(void **state)
{
    (void)state;
    fixture f = capturing();
    must(&f, challenge(&f, TB_CHALLENGE_DOWN), TB_PHASE_CAPTURING);
    must(&f, zone(1, 6, 1), TB_PHASE_PRESENT);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_FACE);
    f = capturing();
    must(&f, challenge(&f, TB_CHALLENGE_DOWN), TB_PHASE_CAPTURING);
    must(&f, zone(2, 0, 1), TB_PHASE_PRESENT);
    assert_int_equal(tb_machine_ask(&f.m), TB_ASK_FACE);
    f = capturing();
    must(&f, challenge(&f, TB_CHALLENGE_DOWN), TB_PHASE_CAPTURING);
    f.now += TB_HOUR; /* nobody answers for ever */
    must(&f, (tb_machine_input){.kind = TB_INPUT_TICK}, TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_RETRY);
}

static void a_fed_in_film_is_a_fault_and_no_retry(void **state)
{
    (void)state;
    fixture f = capturing();
    must(&f, captured(&f, TB_INJECTED), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_FAILED);
    assert_int_equal(f.m.now_serving.failure, TB_INJECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_is_shown),
        cmocka_unit_test(who_fails_twice_is_not_matched),
        cmocka_unit_test(who_evades_a_challenge_has_failed_it),
        cmocka_unit_test(somebody_else_in_the_middle_begins_anew),
        cmocka_unit_test(a_fed_in_film_is_a_fault_and_no_retry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
