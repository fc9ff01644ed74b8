/* A15: between two doors: the same face once more, alone, before anything is said of it to the doors (M10). */
#include "machine_support.h"

static fixture inside(int asks_server)
{
    tb_machine_options options = options_of(TB_KIND_PASSAGE);
    options.role.between_face = 1;
    options.role.asks_server = asks_server;
    fixture f = at_with(options, TB_PHASE_ACTUATING);
    must(&f, zone(0, 0, 0), TB_PHASE_ACTUATING); /* the other camera */
    must(&f, simple(TB_INPUT_INSIDE), TB_PHASE_ACTUATING);
    assert_int_equal(f.m.now_serving.inside, TB_INSIDE_LOOKING);
    assert_true(did(&f, TB_EFFECT_CAPTURE));
    must(&f, zone(1, 9, 1), TB_PHASE_ACTUATING);
    return f;
}

static fixture matching(int asks_server)
{
    fixture f = inside(asks_server);
    must(&f, captured(&f, TB_OK), TB_PHASE_ACTUATING);
    assert_true(did(&f, TB_EFFECT_MATCH));
    return f;
}

static void is(const fixture *f, tb_inside what, int told)
{
    assert_int_equal(f->m.now_serving.inside, what);
    assert_int_equal(did(f, TB_EFFECT_TELL_DOORS), told);
    if (told)
        assert_true(did(f, TB_EFFECT_WIPE)); /* nothing of the face is left */
}

static tb_machine_input somebody_else(tb_machine_input in)
{
    in.visit.bytes[0] ^= 1;
    return in;
}

static void the_same(void **state)
{
    (void)state;
    fixture f = matching(1);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_SAME, 1);
    must(&f, (tb_machine_input){.kind = TB_INPUT_INSIDE}, TB_PHASE_ACTUATING); /* they leave by the exit */
    is(&f, TB_INSIDE_NO, 0);
    must(&f, usual(&f, TB_INPUT_ACTUATED), TB_PHASE_REPORTING);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    f = matching(1); /* not on the list: as at the entry, the server is asked */
    must(&f, matched(TB_NOBODY), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_ASKING, 0);
    assert_true(did(&f, TB_EFFECT_ASK));
    must(&f, answer(&f, TB_ANSWER_ADMIT, ""), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_SAME, 1);
    f = matching(0); /* the window has closed while they stood inside */
    tb_machine_input late = matched(TB_THIS_PERSON);
    late.judgement = TB_LATE;
    must(&f, late, TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_SAME, 1);
}

static void another(void **state)
{
    (void)state;
    fixture f = matching(0);
    must(&f, somebody_else(matched(TB_THIS_PERSON)), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_OTHER, 1);
    f = matching(1);
    must(&f, matched(TB_NOBODY), TB_PHASE_ACTUATING);
    must(&f, somebody_else(answer(&f, TB_ANSWER_ADMIT, "")), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_OTHER, 1);
    f = matching(0); /* the reference of whom was admitted, another's face */
    tb_machine_input denied = matched(TB_THIS_PERSON);
    denied.judgement = TB_DENY;
    must(&f, denied, TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_OTHER, 1);
    f = inside(0); /* nobody can be sure of them, or they are a photograph */
    static const tb_status seen[] = {TB_OK, TB_RETRY_NOT_LIVE, TB_OK};
    for (int look = 0; look < 3; look++) {
        is(&f, TB_INSIDE_LOOKING, 0);
        must(&f, captured(&f, seen[look]), TB_PHASE_ACTUATING);
        if (seen[look] == TB_OK)
            must(&f, matched(look ? TB_NOT_SURE : TB_NOBODY), TB_PHASE_ACTUATING);
    }
    is(&f, TB_INSIDE_OTHER, 1);
    must(&f, (tb_machine_input){.kind = TB_INPUT_ACTUATED, .status = TB_REFUSED, .ticket = f.m.now_serving.opening},
         TB_PHASE_REPORTING); /* they went back: no passage */
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_FAILED);
    assert_false(did(&f, TB_EFFECT_RECORD));
    is(&f, TB_INSIDE_NO, 0);
}

static void not_alone(void **state)
{
    (void)state;
    fixture f = inside(0);
    must(&f, zone(2, 0, 0), TB_PHASE_ACTUATING);
    assert_int_equal(f.m.now_serving.guidance, TB_RETRY_SEVERAL_FACES);
    must(&f, captured(&f, TB_OK), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_LOOKING, 0);
    f = matching(0); /* a second one comes up, or they change places, while it is compared */
    must(&f, zone(2, 0, 0), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_LOOKING, 0);
    f = matching(0);
    must(&f, zone(1, 10, 1), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_LOOKING, 0);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_ACTUATING); /* too late */
    is(&f, TB_INSIDE_LOOKING, 0);
    f = matching(0);
    must(&f, matched(TB_THIS_PERSON), TB_PHASE_ACTUATING);
    must(&f, zone(2, 0, 0), TB_PHASE_ACTUATING); /* while the approval is waited for: it is taken back */
    is(&f, TB_INSIDE_LOOKING, 1);
}

static void old_news(void **state)
{
    (void)state;
    fixture f = inside(0);
    tb_machine_input stale = captured(&f, TB_OK);
    stale.ticket--;
    must(&f, stale, TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_LOOKING, 0);
    tb_machine_options options = options_of(TB_KIND_PASSAGE); /* a role that asks for nothing */
    f = at_with(options, TB_PHASE_ACTUATING);
    must(&f, simple(TB_INPUT_INSIDE), TB_PHASE_ACTUATING);
    is(&f, TB_INSIDE_NO, 0);
    f = inside(0); /* nobody comes out for long: the burst ends with the actuation */
    f.now += TB_HOUR;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    assert_true(did(&f, TB_EFFECT_STOP) && did(&f, TB_EFFECT_WIPE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same), cmocka_unit_test(another),
                                       cmocka_unit_test(not_alone), cmocka_unit_test(old_news)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
