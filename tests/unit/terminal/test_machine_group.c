/* X10: parties before a gate that lets them through together: each face by itself, one opening, one event each. G1
 * to G4 of machine_group.c, scripted and by random steps. */
#include "machine_support.h"

static fixture gate(tb_group_admission group)
{
    tb_machine_options o = {.role = {.name = "gate",
                                     .zone = "zone",
                                     .title_en = "",
                                     .title_ja = "",
                                     .kind = TB_KIND_PASSAGE,
                                     .actuator = "gate",
                                     .unknown_reason = "not_checked_in",
                                     .deletes_entry = 1,
                                     .group = group}};
    return start(o);
}

/* "12" are the tracks 1 and 2. */
static tb_machine_input tracks(const char *numbers)
{
    tb_machine_input in = {.kind = TB_INPUT_ZONE};
    tb_zone_view *view = &in.zone;
    for (; numbers[view->count]; view->count++)
        view->tracks[view->count] = (uint32_t)(numbers[view->count] - '0');
    view->inside = view->count;
    view->all_steady = view->count > 0;
    if (view->count == 1) {
        view->track = view->tracks[0];
        view->steady = 1;
    }
    return in;
}

static tb_id visit_of(int number)
{
    tb_id id;
    memset(id.bytes, number, sizeof id.bytes);
    return id;
}

static tb_machine_input matched_one(tb_identity identity, int visit, const char *party, int children)
{
    tb_machine_input in = {.kind = TB_INPUT_MATCHED, .identity = identity, .judgement = TB_ADMIT};
    if (visit)
        in.visit = visit_of(visit);
    assert_int_equal(tb_facts_set_text(&in.fields, "name", "MIA SATO"), TB_OK);
    assert_int_equal(tb_facts_set_text(&in.fields, "party", party), TB_OK);
    assert_int_equal(tb_facts_set_int(&in.fields, "children", children), TB_OK);
    return in;
}

/* The face that is looked at now gives a good template. */
static void take(fixture *f, uint32_t track)
{
    assert_int_equal(f->m.phase, TB_PHASE_CAPTURING);
    assert_int_equal(f->m.now_serving.track, track);
    must(f, (tb_machine_input){.kind = TB_INPUT_CAPTURED, .ticket = f->m.ticket}, TB_PHASE_MATCHING);
}

static fixture two_are_there(tb_group_admission group)
{
    fixture f = gate(group);
    must(&f, tracks("12"), TB_PHASE_PRESENT);
    must(&f, tracks("12"), TB_PHASE_CAPTURING);
    return f;
}

static void recorded(fixture *f, tb_id visit)
{
    tb_event event;
    assert_int_equal(did(f, TB_EFFECT_RECORD), 1);
    assert_int_equal(tb_machine_event(&f->m, &event), TB_OK);
    assert_int_equal(event.kind, TB_EVENT_PASSAGE);
    assert_true(tb_id_equal(event.visit, visit));
    assert_true(tb_machine_drops(&f->m));
    must(f, simple(TB_INPUT_RECORDED), TB_PHASE_REPORTING);
    assert_int_equal(did(f, TB_EFFECT_DROP), 1);
    assert_true(tb_id_equal(f->m.now_serving.visit, visit)); /* the one that is dropped */
    assert_int_equal(did(f, TB_EFFECT_PUBLISH), 1);
}

static void a_family_passes_once_and_is_reported_each(void **state)
{
    (void)state;
    fixture f = two_are_there(TB_GROUP_TOGETHER);
    take(&f, 1);
    must(&f, matched_one(TB_THIS_PERSON, 1, "p7", 0), TB_PHASE_CAPTURING);
    assert_int_equal(did(&f, TB_EFFECT_CAPTURE), 1);
    assert_int_equal(did(&f, TB_EFFECT_WIPE), 1); /* nothing of the first one's face stays */
    take(&f, 2);
    must(&f, matched_one(TB_THIS_PERSON, 2, "p7", 0), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    assert_string_equal(tb_facts_text(&f.m.now_serving.fields, "name"), ""); /* of nobody in front of the others */
    assert_null(tb_facts_get(&f.m.now_serving.fields, "party"));
    assert_int_equal(tb_facts_number(&f.m.now_serving.fields, "people", 0), 2);
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_ACTUATING);
    assert_int_equal(did(&f, TB_EFFECT_ACTUATE), 1);
    must(&f, (tb_machine_input){.kind = TB_INPUT_ACTUATED, .ticket = f.m.ticket}, TB_PHASE_REPORTING);
    recorded(&f, visit_of(1));
    assert_false(f.m.now_serving.recorded); /* M6: nobody is served before the second is written, too */
    must(&f, tracks("3"), TB_PHASE_REPORTING);
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    recorded(&f, visit_of(2));
    assert_true(f.m.now_serving.recorded);
    assert_int_equal(did(&f, TB_EFFECT_ACTUATE), 0);
}

static void who_was_served_does_not_begin_again(void **state)
{
    (void)state;
    fixture f = two_are_there(TB_GROUP_TOGETHER);
    take(&f, 1);
    /* a stranger beside a traveller: nobody goes through */
    must(&f, matched_one(TB_NOBODY, 0, "", 0), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_UNKNOWN);
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
    must(&f, simple(TB_INPUT_RECORDED), TB_PHASE_REPORTING);
    f.now += TB_MINUTE;
    must(&f, simple(TB_INPUT_TICK), TB_PHASE_IDLE);
    must(&f, tracks("12"), TB_PHASE_IDLE);
    must(&f, tracks("2"), TB_PHASE_IDLE);
    must(&f, tracks("23"), TB_PHASE_IDLE); /* the next one waits until they have gone */
    must(&f, tracks("3"), TB_PHASE_PRESENT);
}

static void nobody_is_guessed(void **state)
{
    (void)state;
    fixture f = two_are_there(TB_GROUP_TOGETHER); /* G2: twins of whom one is on the list */
    take(&f, 1);
    must(&f, matched_one(TB_THIS_PERSON, 1, "p7", 0), TB_PHASE_CAPTURING);
    take(&f, 2);
    must(&f, matched_one(TB_THIS_PERSON, 1, "p7", 0), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
    f = two_are_there(TB_GROUP_TOGETHER); /* both are on it */
    take(&f, 1);
    must(&f, matched_one(TB_NOT_SURE, 1, "p7", 0), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
}

static void two_parties_are_asked_to_come_one_by_one(void **state)
{
    (void)state;
    static const char *const parties[][2] = {{"p7", "p8"}, {"p7", ""}, {"", ""}};
    for (size_t i = 0; i < sizeof parties / sizeof *parties; i++) {
        fixture f = two_are_there(TB_GROUP_TOGETHER);
        take(&f, 1);
        must(&f, matched_one(TB_THIS_PERSON, 1, parties[i][0], 0), TB_PHASE_CAPTURING);
        take(&f, 2);
        must(&f, matched_one(TB_THIS_PERSON, 2, parties[i][1], 0), TB_PHASE_DECIDED);
        assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_RETRY);
        assert_int_equal(f.m.now_serving.failure, TB_RETRY_SEVERAL_FACES);
        must(&f, simple(TB_INPUT_TICK), TB_PHASE_REPORTING);
        assert_int_equal(did(&f, TB_EFFECT_RECORD), 0); /* M3: no refusal */
    }
}

static void one_alone_passes_as_anywhere(void **state)
{
    (void)state;
    fixture f = gate(TB_GROUP_TOGETHER);
    must(&f, tracks("1"), TB_PHASE_PRESENT);
    must(&f, tracks("1"), TB_PHASE_CAPTURING);
    take(&f, 1);
    must(&f, matched_one(TB_THIS_PERSON, 1, "", 0), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    assert_string_equal(tb_facts_text(&f.m.now_serving.fields, "name"), "MIA SATO");
    assert_null(tb_facts_get(&f.m.now_serving.fields, "party"));
}

/* G3 */
static void who_comes_is_looked_at_and_who_goes_does_not_count(void **state)
{
    (void)state;
    fixture f = two_are_there(TB_GROUP_TOGETHER);
    take(&f, 1);
    must(&f, matched_one(TB_THIS_PERSON, 1, "p7", 0), TB_PHASE_CAPTURING);
    must(&f, tracks("123"), TB_PHASE_CAPTURING);
    take(&f, 2);
    must(&f, matched_one(TB_THIS_PERSON, 2, "p7", 0), TB_PHASE_CAPTURING);
    assert_int_equal(f.m.now_serving.track, 3);
    must(&f, tracks("23"), TB_PHASE_CAPTURING); /* the first one has gone */
    assert_int_equal(f.m.now_serving.member_count, 1);
    must(&f, tracks("2"), TB_PHASE_PRESENT); /* and so has the one who was looked at */
    must(&f, tracks("2"), TB_PHASE_DECIDED); /* who is left was looked at already */
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    assert_true(tb_id_equal(f.m.now_serving.visit, visit_of(2)));
}

/* G5 */
static void what_belongs_to_one_is_not_shown_to_another(void **state)
{
    (void)state;
    fixture f = two_are_there(TB_GROUP_TOGETHER);
    take(&f, 1);
    must(&f, matched_one(TB_THIS_PERSON, 1, "p7", 0), TB_PHASE_CAPTURING);
    assert_int_equal(f.m.now_serving.fields.count, 0); /* the other one reads the screen, too */
    must(&f, tracks("123"), TB_PHASE_CAPTURING);
    take(&f, 2);
    tb_machine_input other = matched_one(TB_THIS_PERSON, 2, "p7", 0);
    assert_int_equal(tb_facts_set_text(&other.fields, "name", "KEN SATO"), TB_OK);
    must(&f, other, TB_PHASE_CAPTURING);
    must(&f, tracks("13"), TB_PHASE_CAPTURING); /* the second one has gone */
    must(&f, tracks("1"), TB_PHASE_PRESENT);
    must(&f, tracks("1"), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    assert_true(tb_id_equal(f.m.now_serving.visit, visit_of(1)));
    assert_null(tb_facts_get(&f.m.now_serving.fields, "name")); /* not of who is not there */
}

static void children_pass_with_whom_their_visit_names_and_an_attendant(void **state)
{
    (void)state;
    fixture f = two_are_there(TB_GROUP_WITH_CHILDREN);
    take(&f, 1);
    must(&f, matched_one(TB_THIS_PERSON, 1, "p7", 1), TB_PHASE_CAPTURING);
    take(&f, 2);
    must(&f, matched_one(TB_NOBODY, 0, "", 0), TB_PHASE_ASKING);
    assert_int_equal(f.m.now_serving.ask, TB_ASK_STAFF);
    assert_int_equal(tb_facts_number(&f.m.now_serving.fields, "children", 0), 1);
    fixture other = f, swapped = f;
    must(&f, simple(TB_INPUT_STAFF), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    must(&other, (tb_machine_input){.kind = TB_INPUT_STAFF}, TB_PHASE_DECIDED);
    assert_int_equal(other.m.now_serving.outcome, TB_OUTCOME_NOT_SURE);
    must(&swapped, tracks("13"), TB_PHASE_ASKING); /* somebody else stands there now: that was not confirmed */
    must(&swapped, simple(TB_INPUT_STAFF), TB_PHASE_PRESENT);
    must(&swapped, tracks("13"), TB_PHASE_CAPTURING);
    take(&swapped, 3);
    must(&swapped, matched_one(TB_NOBODY, 0, "", 0), TB_PHASE_ASKING);
    f = two_are_there(TB_GROUP_WITH_CHILDREN); /* nobody's visit names a child */
    take(&f, 1);
    must(&f, matched_one(TB_NOBODY, 0, "", 0), TB_PHASE_CAPTURING);
    take(&f, 2);
    must(&f, matched_one(TB_THIS_PERSON, 1, "p7", 0), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_UNKNOWN);
    f = gate(TB_GROUP_WITH_CHILDREN); /* below the camera: the attendant is told how many */
    must(&f, tracks("1"), TB_PHASE_PRESENT);
    must(&f, tracks("1"), TB_PHASE_CAPTURING);
    take(&f, 1);
    must(&f, matched_one(TB_THIS_PERSON, 1, "p7", 2), TB_PHASE_DECIDED);
    assert_int_equal(f.m.now_serving.outcome, TB_OUTCOME_ADMITTED);
    assert_int_equal(tb_facts_number(&f.m.now_serving.fields, "children", 0), 2);
}

static void more_than_can_be_followed_are_too_many(void **state)
{
    (void)state;
    fixture f = gate(TB_GROUP_TOGETHER);
    tb_machine_input crowd = tracks("12345678");
    crowd.zone.inside = 9;
    crowd.zone.all_steady = 0;
    must(&f, crowd, TB_PHASE_PRESENT);
    must(&f, crowd, TB_PHASE_PRESENT);
    assert_int_equal(f.m.now_serving.guidance, TB_RETRY_SEVERAL_FACES);
}

/* ---- random steps: the machine's own assertions, and that each admitted party is reported whole ---- */

static tb_machine_input random_input(const fixture *f)
{
    char numbers[9] = "";
    int count = rand() % 4;
    for (int i = 0; i < count; i++)
        numbers[i] = (char)('1' + (rand() % 3) + 3 * i);
    numbers[count] = '\0';
    tb_machine_input in = tracks(numbers);
    switch (rand() % 10) {
    case 0:
    case 1:
    case 2:
        return (tb_machine_input){
            .kind = TB_INPUT_CAPTURED, .ticket = f->m.ticket, .status = rand() % 4 ? TB_OK : TB_RETRY_BLURRED};
    case 3:
    case 4:
    case 5:
        return matched_one((tb_identity)(rand() % 20 ? TB_THIS_PERSON : rand() % 3), 1 + rand() % 6,
                           rand() % 9 ? "p7" : "p8", rand() % 3);
    case 6:
        in = simple((tb_input_kind[]){TB_INPUT_STAFF, TB_INPUT_RECORDED, TB_INPUT_RESET, TB_INPUT_ANSWER}[rand() % 4]);
        in.about = f->m.now_serving.request;
        in.verdict = (tb_answer_verdict)(1 + rand() % 5);
        in.visit = visit_of(1 + rand() % 6);
        in.status = in.verdict == TB_ANSWER_FAILED && in.kind == TB_INPUT_ANSWER ? TB_TIMEOUT : TB_OK;
        return in;
    case 7:
        return (tb_machine_input){.kind = TB_INPUT_ACTUATED, .ticket = f->m.ticket};
    case 8:
        return simple(TB_INPUT_TICK);
    default:
        if (rand() % 3)
            in.zone = f->m.zone;
        return in;
    }
}

static void random_steps_keep_the_invariants(void **state)
{
    (void)state;
    const char *given = getenv("TEBURA_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)tb_clock_now();
    int admitted = 0, due = 0, events = 0;
    fixture f = gate(TB_GROUP_WITH_CHILDREN);
    f.m.options.role.asks_server = 1;
    print_message("seed %u (TEBURA_SEED repeats it)\n", seed);
    srand(seed);
    for (int i = 0; i < 200000; i++) {
        tb_machine before = f.m;
        tb_machine_input in = random_input(&f);
        f.now += rand() % (TB_SECOND / 2);
        if (step(&f, in) != TB_OK)
            continue;
        int opened = before.phase == TB_PHASE_ACTUATING && f.m.phase == TB_PHASE_REPORTING &&
                     f.m.now_serving.outcome == TB_OUTCOME_ADMITTED;
        for (int k = 0; opened && k < f.m.now_serving.member_count; k++)
            due += !tb_id_is_zero(f.m.now_serving.members[k].visit);
        admitted += opened;
        if (in.kind == TB_INPUT_RECORDED && before.phase == TB_PHASE_REPORTING && !before.now_serving.recorded &&
            before.now_serving.outcome == TB_OUTCOME_ADMITTED)
            events++;
    }
    for (int k = 0; f.m.phase == TB_PHASE_REPORTING && k < 20; k++) {
        int counts = !f.m.now_serving.recorded && f.m.now_serving.outcome == TB_OUTCOME_ADMITTED;
        assert_int_equal(step(&f, simple(TB_INPUT_RECORDED)), TB_OK);
        events += counts;
        f.now += 2 * TB_SECOND;
        if (!f.m.now_serving.recorded)
            assert_int_equal(step(&f, simple(TB_INPUT_TICK)), TB_OK);
    }
    print_message("%d parties went through, %d passages\n", admitted, events);
    assert_true(admitted > 100 && due > admitted);
    assert_int_equal(events, due);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_family_passes_once_and_is_reported_each),
                                       cmocka_unit_test(who_was_served_does_not_begin_again),
                                       cmocka_unit_test(nobody_is_guessed),
                                       cmocka_unit_test(two_parties_are_asked_to_come_one_by_one),
                                       cmocka_unit_test(one_alone_passes_as_anywhere),
                                       cmocka_unit_test(who_comes_is_looked_at_and_who_goes_does_not_count),
                                       cmocka_unit_test(what_belongs_to_one_is_not_shown_to_another),
                                       cmocka_unit_test(children_pass_with_whom_their_visit_names_and_an_attendant),
                                       cmocka_unit_test(more_than_can_be_followed_are_too_many),
                                       cmocka_unit_test(random_steps_keep_the_invariants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
