/* X12 U16: several models, and a modality that this test makes up, behind one interface: everybody is found by whatever
 * templates they have, nobody by another model's, and two models that disagree name nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <tebura/matcher.h>
#include <tebura/message.h>
#include <tebura/secret.h>

#include "vectors.h"

#define OLD_MODEL (VECTORS_MODEL + 1)
#define TOY_MODEL (VECTORS_MODEL + 2) /* of a toy modality "voice" that nothing but this test makes */

/* A threshold of 0.25 for one of a thousand at 1e-3, made up. */
#define CALIBRATION                                                                                                    \
    {                                                                                                                  \
        .knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f, .verification = 0.4f                               \
    }
static const tb_model models[] = {
    {.id = VECTORS_MODEL, .dimension = 512, .calibration = CALIBRATION},
    {.id = OLD_MODEL, .dimension = 384, .calibration = CALIBRATION},
    {.id = TOY_MODEL, .dimension = 256, .modality = TB_MODALITY_VOICE, .calibration = CALIBRATION},
};

/* What the model `which` makes of a person: nothing in common with what another makes. */
static tb_template seen(int which, uint32_t who)
{
    tb_template made = vectors_template(who * 16 + (uint32_t)which, models[which].dimension);
    made.model = models[which].id;
    made.modality = models[which].modality;
    return made;
}

static tb_template again(int which, uint32_t who)
{
    tb_template first = seen(which, who), second = vectors_near(&first, 0.8f, who + 77777);
    second.model = first.model;
    second.modality = first.modality;
    return second;
}

static tb_status put(tb_matcher *matcher, uint32_t id, const tb_template *templates, int count)
{
    tb_bytes encoded[TB_ENTRY_TEMPLATES_MAX] = {{0}};
    for (int i = 0; i < count; i++)
        assert_int_equal(tb_template_encode(&templates[i], &encoded[i]), TB_OK);
    tb_status status = tb_matcher_put(matcher, vectors_id(id), encoded, count);
    for (int i = 0; i < count; i++)
        tb_bytes_free(&encoded[i]);
    return status;
}

/* `knows` has a bit for each model that the person has a template of. */
static void add(tb_matcher *matcher, uint32_t who, unsigned knows)
{
    tb_template templates[3];
    int count = 0;
    for (int which = 0; which < 3; which++)
        if (knows & 1u << which)
            templates[count++] = seen(which, who);
    assert_int_equal(put(matcher, who, templates, count), TB_OK);
}

static tb_match see(const tb_matcher *matcher, uint32_t who, unsigned with)
{
    static tb_template probes[3];
    tb_match match;
    int count = 0;
    for (int which = 2; which >= 0; which--) /* the order does not count */
        if (with & 1u << which)
            probes[count++] = again(which, who);
    assert_int_equal(tb_matcher_identify(matcher, probes, count, 1e-3, NULL, NULL, &match), TB_OK);
    return match;
}

static tb_matcher *fresh(int count)
{
    tb_matcher *matcher;
    assert_int_equal(tb_matcher_new(models, count, &matcher), TB_OK);
    return matcher;
}

static void everybody_is_found_by_what_they_have(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_matcher *matcher = fresh(3);
    for (uint32_t who = 1; who <= 140; who++)
        add(matcher, who, who % 7 + 1); /* every mixture */
    assert_int_equal(tb_matcher_count(matcher), 140);
    for (uint32_t who = 1; who <= 140; who++) {
        tb_match match = see(matcher, who, 7);
        assert_int_equal(match.identity, TB_THIS_PERSON);
        assert_true(tb_id_equal(match.id, vectors_id(who)));
        assert_true(match.certain);
        assert_int_equal(match.model, __builtin_ctz(who % 7 + 1));
        assert_true(fabsf(match.score - 0.8f) < 0.01f);
        /* who comes with a probe of another model only is a stranger */
        unsigned other = ~(who % 7 + 1) & 7;
        assert_true(other == 0 || see(matcher, who, other).identity == TB_NOBODY);
    }
    for (uint32_t stranger = 1000; stranger < 1100; stranger++)
        assert_int_equal(see(matcher, stranger, 7).identity, TB_NOBODY);
    for (uint32_t who = 1; who <= 140; who++)
        assert_int_equal(tb_matcher_remove(matcher, vectors_id(who)), TB_OK);
    assert_int_equal(tb_matcher_remove(matcher, vectors_id(1)), TB_NOT_FOUND);
    assert_int_equal(tb_matcher_count(matcher), 0);
    assert_int_equal(see(matcher, 1, 7).identity, TB_NOBODY);
    tb_matcher_free(&matcher);
    assert_int_equal(tb_secret_held(), held);
}

static void replacing_takes_the_old_model_away(void **state)
{
    (void)state;
    tb_matcher *matcher = fresh(2);
    add(matcher, 1, 2);
    add(matcher, 2, 3);
    add(matcher, 1, 3); /* migrated */
    assert_int_equal(see(matcher, 1, 1).identity, TB_THIS_PERSON);
    assert_int_equal(see(matcher, 1, 2).identity, TB_THIS_PERSON);
    add(matcher, 1, 1); /* the former model is retired */
    assert_int_equal(see(matcher, 1, 2).identity, TB_NOBODY);
    assert_int_equal(see(matcher, 2, 2).identity, TB_THIS_PERSON);
    assert_int_equal(tb_matcher_count(matcher), 2);
    tb_matcher_clear(matcher);
    assert_int_equal(tb_matcher_count(matcher), 0);
    tb_matcher_free(&matcher);
}

/* A has only the old model's template, B, who looks like A, only the new one's: neither gallery alone could know. */
static void models_that_disagree_name_nobody(void **state)
{
    (void)state;
    tb_matcher *matcher = fresh(2);
    tb_template b = again(0, 1);
    add(matcher, 1, 2);
    assert_int_equal(see(matcher, 1, 3).identity, TB_THIS_PERSON);
    assert_int_equal(put(matcher, 2, &b, 1), TB_OK);
    tb_match match = see(matcher, 1, 3);
    assert_int_equal(match.identity, TB_NOT_SURE);
    assert_false(match.certain);
    add(matcher, 1, 3); /* once A has both, the new model decides between the two, or says that it cannot */
    assert_int_not_equal(see(matcher, 1, 3).identity, TB_NOBODY);
    tb_matcher_free(&matcher);
}

/* A score that is enough, but not far above it, is this person and not certain: no template is kept from it. */
static void certainty_asks_for_more(void **state)
{
    (void)state;
    tb_matcher *matcher = fresh(1);
    tb_match match;
    tb_template face = seen(0, 1), near = vectors_near(&face, 0.33f, 5); /* 0.25 is enough, 0.333 certain */
    add(matcher, 1, 1);
    assert_int_equal(tb_matcher_identify(matcher, &near, 1, 1e-3, NULL, NULL, &match), TB_OK);
    assert_int_equal(match.identity, TB_THIS_PERSON);
    assert_false(match.certain);
    near = vectors_near(&face, 0.5f, 5);
    assert_int_equal(tb_matcher_identify(matcher, &near, 1, 1e-3, NULL, NULL, &match), TB_OK);
    assert_true(match.certain);
    tb_matcher_free(&matcher);
}

/* Two galleries share the rate of false alarms: each is asked more of than it would be alone (G2). */
static void the_rate_is_shared(void **state)
{
    (void)state;
    tb_matcher *matcher = fresh(2);
    tb_match match;
    tb_template face = seen(0, 1), near = vectors_near(&face, 0.26f, 5); /* 0.25 alone, 0.275 of two */
    add(matcher, 1, 1);
    tb_template probes[2] = {near, again(1, 99)};
    assert_int_equal(tb_matcher_identify(matcher, probes, 2, 1e-3, NULL, NULL, &match), TB_OK);
    assert_int_equal(match.identity, TB_THIS_PERSON); /* the other gallery is empty */
    add(matcher, 2, 2);
    assert_int_equal(tb_matcher_identify(matcher, probes, 2, 1e-3, NULL, NULL, &match), TB_OK);
    assert_int_equal(match.identity, TB_NOBODY);
    tb_matcher_free(&matcher);
}

static int is_not_one(tb_id id, void *context)
{
    (void)context;
    return !tb_id_equal(id, vectors_id(1));
}

static void what_cannot_be_used_changes_nothing(void **state)
{
    (void)state;
    tb_matcher *matcher = fresh(2);
    tb_match match;
    add(matcher, 1, 3);
    tb_template mixed[7] = {seen(0, 1), seen(2, 1)}, other = seen(2, 1);
    assert_int_equal(put(matcher, 1, mixed, 2), TB_OK); /* of a model that is not known here: left out */
    assert_int_equal(put(matcher, 1, &other, 1), TB_OTHER_MODEL);
    assert_int_equal(tb_matcher_identify(matcher, &other, 1, 1e-3, NULL, NULL, &match), TB_OTHER_MODEL);
    other = vectors_template(3, 384); /* of another dimension than its model's */
    assert_int_equal(put(matcher, 1, &other, 1), TB_OTHER_DIMENSION);
    assert_int_equal(tb_matcher_identify(matcher, &other, 1, 1e-3, NULL, NULL, &match), TB_OTHER_MODEL);
    other = seen(0, 1);
    other.modality = TB_MODALITY_IRIS; /* the same number under another modality is no face */
    assert_int_equal(put(matcher, 1, &other, 1), TB_OTHER_MODEL);
    for (int i = 0; i < 6; i++)
        mixed[i] = again(0, 1);
    assert_int_equal(put(matcher, 1, mixed, 6), TB_INVALID_ARGUMENT);
    assert_int_equal(put(matcher, 2, mixed, 6), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_matcher_put(matcher, vectors_id(1), NULL, 0), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_matcher_count(matcher), 1);
    assert_int_equal(see(matcher, 1, 1).identity, TB_THIS_PERSON);
    mixed[0] = again(0, 1);
    assert_int_equal(tb_matcher_identify(matcher, mixed, 1, 1e-3, is_not_one, NULL, &match), TB_OK);
    assert_int_equal(match.identity, TB_NOBODY);
    tb_matcher_free(&matcher);
}

static void lists_of_models_that_are_none(void **state)
{
    (void)state;
    tb_matcher *matcher;
    tb_model twice[2] = {models[0], models[0]}, out[TB_MODELS_MAX];
    assert_int_equal(tb_matcher_new(twice, 2, &matcher), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_matcher_new(models, 0, &matcher), TB_INVALID_ARGUMENT);
    twice[1].id = 0;
    assert_int_not_equal(tb_matcher_new(twice, 2, &matcher), TB_OK);
    assert_null(matcher);
    matcher = fresh(3);
    assert_int_equal(tb_matcher_models(matcher, out), 3);
    assert_int_equal(out[2].modality, TB_MODALITY_VOICE);
    tb_matcher_free(&matcher);
    tb_matcher_free(&matcher);
}

/* Whoever compares everybody without a gallery, in whatever order, gets the answer of a search. */
static void comparing_by_hand_says_the_same(void **state)
{
    (void)state;
    enum { PEOPLE = 40, EACH = 2 };
    static tb_template rows[2][PEOPLE * EACH], twin;
    tb_matcher *matcher = fresh(2);
    for (uint32_t who = 0; who < PEOPLE; who++) {
        tb_template all[2 * EACH];
        for (uint32_t i = 0; i < EACH; i++)
            for (int which = 0; which < 2; which++) {
                tb_template *row = &rows[which][i * PEOPLE + who]; /* one person's do not lie together */
                tb_template first = seen(which, who + 1);
                *row = i ? vectors_near(&first, 0.7f, 1000 * who + i) : first;
                if (who == 1) /* the twin of who == 0 */
                    twin = seen(which, 1), *row = vectors_near(&twin, 0.99f, 5000 + i);
                row->model = models[which].id;
                all[2 * i + (uint32_t)which] = *row;
            }
        assert_int_equal(put(matcher, who + 1, all, 2 * EACH), TB_OK);
    }
    for (uint32_t who = 0; who < PEOPLE + 20; who++) {
        tb_compared compared[TB_MODELS_MAX] = {{0}};
        tb_template probes[2] = {again(0, who + 1), again(1, who + 1)};
        tb_match searched, decided;
        for (int which = 0; which < 2; which++)
            for (uint32_t i = 0; i < PEOPLE * EACH; i++) {
                float score;
                assert_int_equal(tb_template_compare(&rows[which][i], &probes[which], &score), TB_OK);
                tb_compared_note(&compared[which], vectors_id(i % PEOPLE + 1), score);
            }
        assert_int_equal(compared[0].rows, PEOPLE * EACH);
        tb_matcher_decide(matcher, compared, 1e-3, &decided);
        assert_int_equal(tb_matcher_identify(matcher, probes, 2, 1e-3, NULL, NULL, &searched), TB_OK);
        assert_int_equal(decided.identity, searched.identity);
        assert_int_equal(decided.identity, who == 0                    ? TB_NOT_SURE
                                           : who == 1 || who >= PEOPLE ? TB_NOBODY /* looks like the first one */
                                                                       : TB_THIS_PERSON);
        assert_true(tb_id_equal(decided.id, searched.id) || who == 0);
        assert_int_equal(decided.certain, searched.certain);
    }
    tb_matcher_free(&matcher);
}

/* Narrowed by tags, a long list is as certain of somebody as a short one would be. */
static void tags_narrow_and_so_does_the_threshold(void **state)
{
    (void)state;
    tb_matcher *matcher = fresh(1);
    uint64_t tags;
    for (uint32_t who = 1; who <= 2000; who++) {
        add(matcher, who, 1);
        assert_int_equal(tb_matcher_tag(matcher, vectors_id(who), who <= 2 ? 6 : 2), TB_OK);
    }
    assert_int_equal(tb_matcher_tags(matcher, vectors_id(2), &tags), TB_OK);
    assert_int_equal(tags, 6);
    assert_int_equal(tb_matcher_tags(matcher, vectors_id(3000), &tags), TB_NOT_FOUND);
    assert_int_equal(tb_matcher_tag(matcher, vectors_id(3000), 1), TB_NOT_FOUND);
    /* between the thresholds of two people and of two thousand, which lie a quarter apart (made up) */
    float few = tb_decision_threshold(&models[0].calibration, 2, 1e-3),
          many = tb_decision_threshold(&models[0].calibration, 2000, 1e-3);
    assert_true(few + 0.1f < many);
    tb_template first = seen(0, 1), probe = vectors_near(&first, (few + many) / 2, 4711);
    tb_match match;
    tb_matcher_query query = {.fpir = 1e-3};
    assert_int_equal(tb_matcher_identify_by(matcher, &probe, 1, &query, &match), TB_OK);
    assert_int_equal(match.identity, TB_NOBODY);
    query.all_of = 4;
    assert_int_equal(tb_matcher_identify_by(matcher, &probe, 1, &query, &match), TB_OK);
    assert_int_equal(match.identity, TB_THIS_PERSON);
    assert_true(tb_id_equal(match.id, vectors_id(1)));
    query.none_of = 2; /* nobody is left */
    assert_int_equal(tb_matcher_identify_by(matcher, &probe, 1, &query, &match), TB_OK);
    assert_int_equal(match.identity, TB_NOBODY);
    query = (tb_matcher_query){.fpir = 1e-3, .all_of = 2, .none_of = 4};
    tb_template clear = again(0, 1);
    assert_int_equal(tb_matcher_identify_by(matcher, &clear, 1, &query, &match), TB_OK);
    assert_int_equal(match.identity, TB_NOBODY); /* asked for without them */
    add(matcher, 1, 1);                          /* replaced: the tags stay */
    assert_int_equal(tb_matcher_tags(matcher, vectors_id(1), &tags), TB_OK);
    assert_int_equal(tags, 6);
    tb_matcher_free(&matcher);
}

/* E3: one against one, by the newest model that both have, at the threshold of verification whoever else is there. */
static void one_against_one(void **state)
{
    (void)state;
    tb_matcher *matcher;
    tb_match match;
    assert_int_equal(tb_matcher_new(models, 3, &matcher), TB_OK);
    for (uint32_t who = 1; who <= 200; who++)
        add(matcher, who, who % 2 ? 1u : 2u);
    tb_template probes[2] = {again(0, 7), again(1, 7)};
    assert_int_equal(tb_matcher_verify(matcher, vectors_id(7), probes, 2, &match), TB_OK);
    assert_int_equal(match.identity, TB_THIS_PERSON);
    assert_int_equal(match.model, 0);
    assert_true(match.score > 0.4f);
    assert_int_equal(tb_matcher_verify(matcher, vectors_id(9), probes, 2, &match), TB_OK);
    assert_int_equal(match.identity, TB_NOBODY);
    assert_int_equal(tb_matcher_verify(matcher, vectors_id(8), probes, 2, &match), TB_OK); /* by the former model */
    assert_int_equal(match.identity, TB_NOBODY);
    assert_int_equal(tb_matcher_verify(matcher, vectors_id(8), probes, 1, &match), TB_NOT_FOUND);
    assert_int_equal(tb_matcher_verify(matcher, vectors_id(999), probes, 2, &match), TB_NOT_FOUND);
    tb_matcher_free(&matcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everybody_is_found_by_what_they_have),
                                       cmocka_unit_test(replacing_takes_the_old_model_away),
                                       cmocka_unit_test(models_that_disagree_name_nobody),
                                       cmocka_unit_test(certainty_asks_for_more),
                                       cmocka_unit_test(the_rate_is_shared),
                                       cmocka_unit_test(tags_narrow_and_so_does_the_threshold),
                                       cmocka_unit_test(comparing_by_hand_says_the_same),
                                       cmocka_unit_test(one_against_one),
                                       cmocka_unit_test(what_cannot_be_used_changes_nothing),
                                       cmocka_unit_test(lists_of_models_that_are_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
