/* The Nth allocation fails while people of two models are put and replaced: who was not there is not there, who was
 * there is still found, and the same call succeeds afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tebura/matcher.h>
#include <tebura/secret.h>

#include "fault_wrap.h"
#include "vectors.h"

enum { DIMENSION = 64, PEOPLE = 150 };
#define CALIBRATION                                                                                                    \
    {                                                                                                                  \
        .knots = 2, .curve = {{1, 0}, {1e-8, 1}}, .margin = 0.05f, .verification = 0.4f                                \
    }
static const tb_model models[2] = {{.id = VECTORS_MODEL, .dimension = DIMENSION, .calibration = CALIBRATION},
                                   {.id = VECTORS_MODEL + 1, .dimension = DIMENSION, .calibration = CALIBRATION}};

static tb_template seen(int which, uint32_t who)
{
    tb_template made = vectors_template(who * 2 + (uint32_t)which + 1, DIMENSION);
    made.model = models[which].id;
    return made;
}

static tb_status put(tb_matcher *matcher, uint32_t who, int both)
{
    tb_bytes encoded[2] = {{0}};
    for (int which = 0; which < 1 + both; which++) { /* the former model first, as people are */
        tb_template made = seen(1 - which, who);
        if (tb_template_encode(&made, &encoded[which]) != TB_OK) {
            tb_bytes_free(&encoded[0]);
            return TB_NO_MEMORY;
        }
    }
    tb_status status = tb_matcher_put(matcher, vectors_id(who), encoded, 1 + both);
    tb_bytes_free(&encoded[0]);
    tb_bytes_free(&encoded[1]);
    return status;
}

static int is_known(const tb_matcher *matcher, uint32_t who, int which)
{
    tb_template probe = seen(which, who);
    tb_match match;
    assert_int_equal(tb_matcher_identify(matcher, &probe, 1, 1e-3, NULL, NULL, &match), TB_OK);
    return match.identity == TB_THIS_PERSON && tb_id_equal(match.id, vectors_id(who));
}

/* Enrols everybody by the former model, then brings everybody to both. Answers the first failure. */
static tb_status act(tb_matcher *matcher, uint32_t *enrolled, uint32_t *migrated)
{
    tb_status status = TB_OK;
    for (*enrolled = *migrated = 0; *enrolled < PEOPLE && status == TB_OK; *enrolled += status == TB_OK)
        status = put(matcher, *enrolled, 0);
    for (; *migrated < PEOPLE && status == TB_OK; *migrated += status == TB_OK)
        status = put(matcher, *migrated, 1);
    return status;
}

static void check(const tb_matcher *matcher, uint32_t enrolled, uint32_t migrated)
{
    assert_int_equal(tb_matcher_count(matcher), enrolled);
    for (uint32_t who = 0; who < PEOPLE; who += 7) {
        assert_int_equal(is_known(matcher, who, 1), who < enrolled);
        assert_int_equal(is_known(matcher, who, 0), who < migrated);
    }
    if (enrolled < PEOPLE)
        assert_false(is_known(matcher, enrolled, 1));
    if (migrated < PEOPLE && enrolled == PEOPLE) {
        assert_true(is_known(matcher, migrated, 1)); /* whom it failed for is still there */
        assert_false(is_known(matcher, migrated, 0));
    }
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    int step = 1;
    for (int n = 1;; n += step) {
        tb_matcher *matcher = NULL;
        uint32_t enrolled = 0, migrated = 0;
        fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_matcher_new(models, 2, &matcher);
        if (status == TB_OK)
            status = act(matcher, &enrolled, &migrated);
        fault_disarm();
        assert_int_equal(status, fault_fired() ? TB_NO_MEMORY : TB_OK);
        if (matcher) {
            check(matcher, enrolled, migrated);
            assert_int_equal(act(matcher, &enrolled, &migrated), TB_OK);
        }
        tb_matcher_free(&matcher);
        assert_int_equal(tb_secret_held(), held);
        if (!fault_fired()) {
            assert_true(n > 20);
            return;
        }
        step = n < 40 ? 1 : 13; /* every person's put is alike, but for those where a table grows */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_fails_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
