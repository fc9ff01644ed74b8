/* X10 with the real networks: several people of the demo photographs in one picture before a gate that lets parties
 * through together: every face captured, made a template of and matched by itself, in the machine's own order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/crypto.h>
#include <tebura/secret.h>

#include "party_support.h"
#include "terminal/list.h"

static void expect(tb_list *list, const world *w, int visit, int face, const char *party)
{
    static uint64_t sequence = 1;
    tb_entry entry = {.sequence = ++sequence,
                      .visit = visit_of(visit),
                      .present = 1,
                      .until = TB_TIME_NEVER,
                      .template_count = 1,
                      .templates = {w->enrolled[face]}};
    assert_int_equal(tb_facts_set_text(&entry.fields, "party", party), TB_OK);
    assert_int_equal(tb_list_apply(list, &entry, NULL), TB_OK);
}

/* ---- a gate: the machine, the capturer and the list, put together as the terminal puts them together ---- */

typedef struct gate {
    world *w;
    tb_machine m;
    tb_capturer *capturer;
    tb_list *list;
    tb_time now;
    int opened, events, faces_looked_at;
} gate;

static void perform(gate *g, const tb_effects *fx);

static void step(gate *g, const tb_machine_input *in)
{
    tb_machine after;
    tb_effects fx;
    assert_int_equal(tb_machine_step(&g->m, in, g->now, &after, &fx), TB_OK);
    g->m = after;
    perform(g, &fx);
}

static void match(gate *g)
{
    tb_list_match found;
    tb_machine_input in = {.kind = TB_INPUT_MATCHED};
    assert_int_equal(tb_list_identify(g->list, 0, g->w->probe, g->w->model_count, g->now, &found), TB_OK);
    in.identity = found.identity;
    in.judgement = found.judgement;
    in.visit = found.visit;
    in.fields = found.fields;
    g->faces_looked_at++;
    step(g, &in);
}

static void perform(gate *g, const tb_effects *fx)
{
    for (int i = 0; i < fx->count; i++)
        switch (fx->kinds[i]) {
        case TB_EFFECT_CAPTURE:
            tb_capturer_focus(g->capturer, g->m.now_serving.track);
            tb_capturer_arm(g->capturer);
            break;
        case TB_EFFECT_STOP:
        case TB_EFFECT_WIPE:
            tb_capturer_disarm(g->capturer);
            break;
        case TB_EFFECT_MATCH:
            match(g);
            return; /* it is the last one of its step */
        case TB_EFFECT_ACTUATE:
            g->opened++;
            step(g, &(tb_machine_input){.kind = TB_INPUT_ACTUATED, .ticket = g->m.ticket});
            return;
        case TB_EFFECT_RECORD:
            g->events++;
            step(g, &(tb_machine_input){.kind = TB_INPUT_RECORDED});
            return;
        default:
            break;
        }
}

static void one_picture(gate *g)
{
    tb_frame frame = {.image = render(g->w), .number = g->w->number, .taken = g->now};
    tb_machine_input in = {.kind = TB_INPUT_ZONE};
    tb_captured captured;
    assert_int_equal(tb_capturer_see(g->capturer, &frame, &in.zone, &captured, g->w->probe), TB_OK);
    tb_frame_free(&frame);
    step(g, &in);
    if (captured.finished && g->m.phase == TB_PHASE_CAPTURING)
        step(g, &(tb_machine_input){.kind = TB_INPUT_CAPTURED, .ticket = g->m.ticket, .status = captured.status});
    while (g->m.phase == TB_PHASE_DECIDED || (g->m.phase == TB_PHASE_REPORTING && !g->m.now_serving.recorded))
        step(g, &(tb_machine_input){.kind = TB_INPUT_TICK});
    g->now += 66000;
}

/* What the gate decides about these people, who stand there together. */
static gate decide(world *w, tb_list *list, const int *who, int count)
{
    const tb_capture_options capture = {.without_liveness = 1, .simulation = 1};
    const tb_machine_options options = {.role = {.name = "gate",
                                                 .zone = "",
                                                 .title_en = "",
                                                 .title_ja = "",
                                                 .kind = TB_KIND_PASSAGE,
                                                 .actuator = "gate",
                                                 .unknown_reason = "unknown",
                                                 .group = TB_GROUP_TOGETHER}};
    gate g = {.w = w, .list = list, .now = TB_DAY};
    assert_int_equal(tb_capturer_new(&capture, w->engine, &g.capturer), TB_OK);
    tb_machine_init(&options, &g.m);
    stand(w, who, count);
    for (int i = 0; i < 60 && g.m.phase != TB_PHASE_REPORTING; i++)
        one_picture(&g);
    assert_int_equal(g.m.phase, TB_PHASE_REPORTING);
    tb_capturer_free(&g.capturer);
    return g;
}

static void families_pass_and_nobody_is_guessed(void **state)
{
    world *w = *state;
    static const int all[] = {0, 1, 2}, same[] = {0, 0};
    tb_list *list;
    assert_int_equal(tb_list_new(w->models, w->model_count, &list), TB_OK);
    for (int i = 0; i < PEOPLE; i++)
        expect(list, w, i, i, "family");
    gate g = decide(w, list, all, 3);
    assert_int_equal(g.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    assert_int_equal(g.m.now_serving.member_count, 3);
    assert_int_equal(g.faces_looked_at, 3);
    assert_int_equal(g.opened, 1);
    assert_int_equal(g.events, 3);

    g = decide(w, list, same, 2); /* two faces that match one visit are nobody */
    assert_int_equal(g.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
    assert_int_equal(g.opened, 0);

    expect(list, w, 9, 1, "family"); /* one face that matches two visits: a twin is on the list, too */
    g = decide(w, list, all, 3);
    assert_int_equal(g.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
    assert_int_equal(g.opened, 0);
    tb_list_free(&list);
}

static void others_do_not_slip_through(void **state)
{
    world *w = *state;
    static const int two[] = {0, 1};
    tb_list *list;
    assert_int_equal(tb_list_new(w->models, w->model_count, &list), TB_OK);
    expect(list, w, 0, 0, "family");
    gate g = decide(w, list, two, 2); /* a stranger beside a traveller */
    assert_int_equal(g.m.now_serving.outcome, TB_OUTCOME_UNKNOWN);
    assert_int_equal(g.opened, 0);
    expect(list, w, 1, 1, "others");
    g = decide(w, list, two, 2);
    assert_int_equal(g.m.now_serving.outcome, TB_OUTCOME_RETRY); /* one party at a time */
    assert_int_equal(g.opened + g.events, 0);
    tb_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(families_pass_and_nobody_is_guessed),
                                       cmocka_unit_test(others_do_not_slip_through)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
