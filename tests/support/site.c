/* site.c: see site.h. */
#include "site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOON (1000 * TB_DAY + 12 * TB_HOUR)

tb_profile *site_parse(const char *yaml)
{
    tb_profile *profile = NULL;
    tb_error why = {0};
    if (tb_profile_parse(tb_span_text(yaml), "site", &profile, &why) != TB_OK)
        print_error("%s\n", why.text);
    return profile;
}

tb_profile *site_load(const char *name)
{
    char path[256];
    tb_bytes yaml = {0};
    tb_error why = {0};
    tb_profile *profile = NULL;
    snprintf(path, sizeof path, TEBURA_SOURCE_DIR "/profiles/%s.yaml", name);
    if (tb_file_read(path, 1 << 20, &yaml, &why) != TB_OK ||
        tb_profile_parse(tb_bytes_span(&yaml), name, &profile, &why) != TB_OK)
        print_error("%s\n", why.text);
    tb_bytes_free(&yaml);
    return profile;
}

static int64_t moved_by(const char *text)
{
    char *end;
    int64_t number = strtoll(text, &end, 10);
    int64_t unit = *end == 'm' ? TB_MINUTE : *end == 'h' ? TB_HOUR : *end == 'd' ? TB_DAY : 0;
    if (!unit)
        fail_msg("'%s' is no time", text);
    return number * unit + (end[1] ? strtoll(end + 1, NULL, 10) : 0);
}

tb_time site_time(const char *text)
{
    return NOON + moved_by(text);
}

static const char *type_of(const tb_profile *profile, const char *name)
{
    tb_fact_terms fact;
    for (size_t i = 0; tb_profile_fact_at(profile, i, &fact); i++)
        if (strcmp(fact.name, name) == 0)
            return fact.type;
    return strcmp(name, "status") == 0 ? "status" : strcmp(name, "flag") == 0 ? "bool" : "text";
}

static void set_one(const tb_profile *profile, tb_facts *facts, const char *name, const char *value)
{
    const char *type = type_of(profile, name);
    tb_status status;
    if (!*value) {
        tb_facts_remove(facts, name);
        return;
    }
    if (strcmp(type, "status") == 0)
        status = tb_facts_set_int(facts, name, tb_profile_status(profile, value));
    else if (strcmp(type, "bool") == 0)
        status = tb_facts_set_bool(facts, name, strcmp(value, "true") == 0);
    else if (strcmp(type, "int") == 0)
        status = tb_facts_set_int(facts, name, strtoll(value, NULL, 10));
    else if (strcmp(type, "time") == 0)
        status = tb_facts_set_time(facts, name, site_time(value));
    else
        status = tb_facts_set_text(facts, name, value);
    assert_int_equal(status, TB_OK);
}

void site_set(const tb_profile *profile, tb_facts *facts, const char *text)
{
    while (*text) {
        char name[TB_FACT_NAME_SIZE], value[64] = "";
        int used = 0;
        if (sscanf(text, " %31[a-z_]=%n%63[^ ]%n", name, &used, value, &used) < 1 || used == 0)
            fail_msg("'%s' is no fact", text);
        set_one(profile, facts, name, value);
        text += used;
        text += strspn(text, " ");
    }
}

tb_facts site_facts(const tb_profile *profile, const char *text)
{
    tb_facts facts = {0};
    site_set(profile, &facts, text);
    return facts;
}

int site_is(const tb_facts *facts, const char *name)
{
    return tb_facts_number(facts, name, 0) != 0;
}

int site_same(const tb_facts *visit, const char *fact, const tb_facts *touchpoint, const char *attribute)
{
    const char *left = tb_facts_text(visit, fact);
    return *left && strcmp(left, tb_facts_text(touchpoint, attribute)) == 0;
}

tb_time site_at(const tb_facts *visit, const char *time, const char *moved)
{
    return tb_facts_number(visit, time, 0) + moved_by(moved);
}

const char *site_clock(tb_time now, tb_time from, const char *early, tb_time until, const char *late)
{
    return now >= until ? late : now < from ? early : "";
}

/* ---- every combination ---- */

typedef struct search {
    const tb_profile *profile;
    const site_trial *trial;
    tb_facts touchpoint;
    size_t tried;
} search;

static void describe(const tb_facts *facts, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < facts->count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s=%s%lld ", facts->items[i].name, facts->items[i].text,
                                 (long long)facts->items[i].number);
}

static void compare(search *s, const char *name, const tb_verdict *verdict, const tb_facts *visit, tb_time now)
{
    const char *expected = s->trial->rule(s->profile, name, visit, &s->touchpoint, now);
    s->tried++;
    if (strcmp(verdict->reason, expected) != 0) {
        char text[1000];
        describe(visit, text, sizeof text);
        fail_msg("%s at noon %+lld us with %s: '%s', not '%s'", name, (long long)(now - NOON), text, verdict->reason,
                 expected);
    }
    assert_int_equal(verdict->judgement == TB_ADMIT, !*expected);
    if (verdict->judgement == TB_EARLY)
        assert_true(now < verdict->from);
    if (verdict->judgement == TB_LATE)
        assert_true(now >= verdict->until);
}

static void try_moment(search *s, const tb_facts *visit, tb_time now)
{
    for (size_t r = 0; r < tb_profile_role_count(s->profile); r++) {
        const tb_role *role = tb_profile_role_at(s->profile, r);
        tb_role_view view;
        tb_role_view_of(role, &view);
        tb_verdict verdict = tb_role_judge(role, visit, &s->touchpoint, now);
        compare(s, view.name, &verdict, visit, now);
    }
    tb_verdict verdict = tb_profile_visitor(s->profile, visit, now);
    compare(s, "visitors", &verdict, visit, now);
}

static void try_visit(search *s, const tb_facts *visit)
{
    for (int i = 0; i < 16 && s->trial->edges[i]; i++)
        for (int by = -1; by <= 1; by++)
            try_moment(s, visit, site_time(s->trial->edges[i]) + by);
}

static void try_switches(search *s, const tb_facts *visit, int which)
{
    if (which == 8 || !s->trial->switches[which]) {
        try_visit(s, visit);
        return;
    }
    char text[128];
    snprintf(text, sizeof text, "%s", s->trial->switches[which]);
    for (char *rest = text, *choice; (choice = strsep(&rest, "|"));) {
        tb_facts changed = *visit;
        site_set(s->profile, &changed, choice);
        try_switches(s, &changed, which + 1);
    }
}

size_t site_try(const tb_profile *profile, const site_trial *trial)
{
    search s = {profile, trial, site_facts(profile, trial->touchpoint), 0};
    tb_facts visit = site_facts(profile, trial->visit);
    for (int status = 0; *tb_profile_status_name(profile, status); status++)
        for (int flag = 0; flag < 2; flag++) {
            assert_int_equal(tb_facts_set_int(&visit, "status", status), TB_OK);
            assert_int_equal(tb_facts_set_bool(&visit, "flag", flag), TB_OK);
            try_switches(&s, &visit, 0);
        }
    return s.tried;
}

/* ---- a day ---- */

void site_follow(const tb_profile *profile, const char *visit, const site_step *steps, size_t count)
{
    tb_facts facts = site_facts(profile, visit);
    for (size_t i = 0; i < count; i++) {
        const tb_role *role = tb_profile_role(profile, steps[i].role);
        tb_facts touchpoint = site_facts(profile, steps[i].touchpoint);
        int changed;
        assert_non_null(role);
        if (steps[i].before)
            site_set(profile, &facts, steps[i].before);
        tb_verdict verdict = tb_role_judge(role, &facts, &touchpoint, site_time(steps[i].when));
        if (strcmp(verdict.reason, steps[i].reason) != 0)
            fail_msg("step %zu, %s: '%s', not '%s'", i, steps[i].role, verdict.reason, steps[i].reason);
        if (verdict.judgement != TB_ADMIT)
            continue;
        tb_role_terms terms;
        tb_role_terms_of(role, &terms);
        assert_int_equal(tb_role_apply(role, &facts, &changed), TB_OK);
        if (terms.ends_with_match) /* what the profile promises about deletion */
            assert_int_not_equal(tb_role_judge(role, &facts, &touchpoint, site_time(steps[i].when)).judgement,
                                 TB_ADMIT);
    }
}

/* ---- privacy ---- */

static int shown_for(const tb_profile *profile, const char *name, const tb_role_terms *role, int *sensitive)
{
    tb_fact_terms fact;
    for (size_t i = 0; tb_profile_fact_at(profile, i, &fact); i++)
        for (size_t p = 0; strcmp(fact.name, name) == 0 && p < fact.purposes; p++)
            for (size_t q = 0; q < role->purposes; q++)
                if (strcmp(fact.purpose[p], role->purpose[q]) == 0) {
                    *sensitive = fact.sensitive;
                    return 1;
                }
    return 0;
}

static void check_told(const tb_profile *profile, const tb_role *role, const tb_role_terms *terms,
                       const tb_facts *visit, const tb_facts *touchpoint)
{
    tb_facts changed = *visit;
    for (int state = 0; *tb_profile_status_name(profile, state / 2); state++)
        for (int day = -3; day <= 3; day++) {
            tb_facts told = {0};
            int sensitive = 0;
            assert_int_equal(tb_facts_set_int(&changed, "status", state / 2), TB_OK);
            assert_int_equal(tb_facts_set_bool(&changed, "flag", state % 2), TB_OK);
            tb_verdict verdict = tb_role_judge(role, &changed, touchpoint, NOON + day * TB_DAY);
            assert_int_equal(tb_role_explain(role, &changed, &verdict, &told), TB_OK);
            for (size_t i = 0; i < told.count; i++) {
                int window = strcmp(told.items[i].name, "from") == 0 || strcmp(told.items[i].name, "until") == 0;
                assert_true(window || shown_for(profile, told.items[i].name, terms, &sensitive));
                assert_false(sensitive);
            }
        }
}

void site_check_privacy(const tb_profile *profile, const char *visit, const char *touchpoint)
{
    tb_facts whole = site_facts(profile, visit), place = site_facts(profile, touchpoint), none = {0};
    for (size_t r = 0; r < tb_profile_role_count(profile); r++) {
        const tb_role *role = tb_profile_role_at(profile, r);
        tb_role_terms terms;
        tb_facts shown, silent = whole;
        int sensitive;
        tb_role_terms_of(role, &terms);
        assert_int_equal(tb_role_project(role, &whole, &shown), TB_OK);
        assert_int_equal(shown.count, terms.sees); /* the visit has all that may be seen */
        for (size_t i = 0; i < shown.count; i++)
            assert_true(shown_for(profile, shown.items[i].name, &terms, &sensitive));
        check_told(profile, role, &terms, &whole, &place);
        tb_facts_remove(&silent, "consented");
        for (int day = -3; day <= 3; day++) {
            assert_int_equal(tb_role_judge(role, &none, &place, NOON + day * TB_DAY).judgement, TB_DENY);
            if (terms.has_list) /* check-in is where people agree */
                assert_int_equal(tb_role_judge(role, &silent, &place, NOON + day * TB_DAY).judgement, TB_DENY);
            assert_int_equal(tb_profile_visitor(profile, &silent, NOON + day * TB_DAY).judgement, TB_DENY);
        }
    }
}
