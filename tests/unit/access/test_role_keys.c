/* What an index over touchpoints may leave out: never somebody whom the rules admit, or will when the time comes; and
 * touchpoints that are called alike are judged alike. Every role of every profile, and of one made to be awkward. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "access/role_keys.h"
#include "awkward.h"
#include "site.h"

static uint64_t state = 88172645463325252u;

static int below(int limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)(state % (uint64_t)limit);
}

static const char *word(void)
{
    static const char *const words[] = {"1", "2", "3", ""};
    return words[below(4)];
}

/* Any fact may be absent, empty or of another kind than declared. */
static tb_facts some_visit(const tb_profile *profile)
{
    tb_facts facts = {0};
    tb_fact_terms fact;
    int tries = below(3);
    assert_int_equal(tb_facts_set_int(&facts, "status", below(4)), TB_OK);
    assert_int_equal(tb_facts_set_bool(&facts, "flag", below(3) > 0), TB_OK);
    for (size_t i = 0; tb_profile_fact_at(profile, i, &fact); i++) {
        const char *type = below(40) ? fact.type : "text";
        if (!tries && !below(6))
            continue;
        if (strcmp(type, "text") == 0)
            assert_int_equal(tb_facts_set_text(&facts, fact.name, word()), TB_OK);
        else if (strcmp(type, "bool") == 0)
            assert_int_equal(tb_facts_set_bool(&facts, fact.name, below(5) > 0), TB_OK);
        else if (strcmp(type, "int") == 0)
            assert_int_equal(tb_facts_set_int(&facts, fact.name, below(5)), TB_OK);
        else
            assert_int_equal(tb_facts_set_time(&facts, fact.name, site_time("0h") + below(48) * TB_HOUR), TB_OK);
    }
    return facts;
}

static tb_facts some_touchpoint(const tb_role *role)
{
    tb_role_terms terms;
    tb_facts facts = {0};
    tb_role_terms_of(role, &terms);
    for (size_t i = 0; i < terms.attributes; i++)
        if (below(10))
            assert_int_equal(tb_facts_set_text(&facts, terms.attribute[i], word()), TB_OK);
    assert_int_equal(tb_facts_set_text(&facts, "colour", word()), TB_OK); /* that no rule names */
    return facts;
}

static int may_come(const tb_verdict *verdict)
{
    return verdict->judgement == TB_ADMIT || verdict->judgement == TB_EARLY || verdict->judgement == TB_LATE;
}

/* LATE is said only when every requirement is met, too. */
static int try_one(const tb_profile *profile, const tb_role *role)
{
    tb_facts visit = some_visit(profile), here = some_touchpoint(role), there = some_touchpoint(role);
    tb_time now = site_time("0h") + below(48) * TB_HOUR;
    tb_verdict verdict = tb_role_judge(role, &visit, &here, now), other = tb_role_judge(role, &visit, &there, now);
    const char *fact, *attribute;
    if (may_come(&verdict)) {
        assert_true(tb_role_possible(role, &visit));
        for (size_t i = 0; tb_role_equality(role, i, &fact, &attribute); i++) {
            assert_string_not_equal(tb_facts_text(&visit, fact), "");
            assert_string_equal(tb_facts_text(&visit, fact), tb_facts_text(&here, attribute));
        }
    }
    if (tb_role_alike(role, &here, &there))
        assert_memory_equal(&verdict, &other, sizeof verdict);
    return may_come(&verdict);
}

static void try_profile(tb_profile *profile)
{
    int came = 0;
    assert_non_null(profile);
    for (size_t r = 0; r < tb_profile_role_count(profile); r++)
        for (int i = 0; i < 1500; i++)
            came += try_one(profile, tb_profile_role_at(profile, r));
    assert_true(came > 100);
    tb_profile_free(&profile);
}

static void nobody_is_left_out(void **unused)
{
    static const char *const names[] = {"airport", "hotel", "expo", "stadium", "train"};
    (void)unused;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        try_profile(site_load(names[i]));
    try_profile(site_parse(awkward_profile));
}

static size_t equalities(const tb_profile *profile, const char *role)
{
    const char *fact, *attribute;
    size_t count = 0;
    while (tb_role_equality(tb_profile_role(profile, role), count, &fact, &attribute))
        count++;
    return count;
}

/* Keys that are there are found, or the index would ask everybody. */
static void keys_are_found(void **unused)
{
    static const struct {
        const char *role;
        size_t count;
    } expected[] = {{"door", 2},     {"twice", 2}, {"either", 0}, {"not_there", 0}, {"elsewhere", 1}, {"grade", 0},
                    {"constant", 1}, {"pair", 0},  {"in_vip", 1}, {"lunch", 1},     {"tea", 0}};
    tb_profile *profile = site_parse(awkward_profile), *airport = site_load("airport");
    const char *fact, *attribute;
    (void)unused;
    assert_non_null(profile);
    assert_non_null(airport);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(equalities(profile, expected[i].role), expected[i].count);
    assert_int_equal(equalities(airport, "boarding"), 1);
    assert_true(tb_role_equality(tb_profile_role(airport, "boarding"), 0, &fact, &attribute));
    assert_string_equal(fact, "gate");
    assert_string_equal(attribute, "gate");
    tb_profile_free(&airport);
    tb_profile_free(&profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_is_left_out), cmocka_unit_test(keys_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
