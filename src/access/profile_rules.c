/* profile_rules.c: requirements and windows: compiled, with their reasons, and never decidably empty. */
#include "access/profile_check.h"

#include <stdio.h>
#include <string.h>

void tb_check_reason(const tb_checker *c, const char *step, const char *name)
{
    const tb_profile *p = c->profile;
    char remedy[80];
    if (!tb_profile_reason(p, name))
        tb_checker_fault(c, step,
                         tb_checker_meant(remedy,
                                          tb_nearest_name(name, p->reasons, p->reasons_count, sizeof *p->reasons),
                                          "add it under reasons, in both languages"),
                         "the reason '%.40s' has no sentences under reasons", name);
}

static int vocabulary_fact(const void *context, const char *name, tb_value_type *type)
{
    return tb_profile_fact_type(context, name, type);
}

static int vocabulary_status(const void *context, const char *name)
{
    return tb_profile_status(context, name);
}

/* "unknown fact 'rom' at character 7": what was meant by it? */
static const char *remedy_for(const tb_profile *p, const char *cause, char remedy[80])
{
    char word[TB_NAME_SIZE] = "";
    if (strncmp(cause, "unknown fact '", 14) != 0 || sscanf(cause + 14, "%31[a-z0-9_]", word) != 1)
        return "the language of rules is described in profiles/README.md";
    const char *nearest = tb_nearest_name(word, p->facts, p->facts_count, sizeof *p->facts);
    if (!nearest)
        nearest = tb_nearest_name(word, p->statuses, p->statuses_count, sizeof *p->statuses);
    return tb_checker_meant(remedy, nearest, "declare it under facts or statuses");
}

static tb_status compile(const tb_checker *c, const char *step, const char *source, tb_value_type wanted,
                         tb_expression **out)
{
    tb_vocabulary vocabulary = {c->profile, vocabulary_fact, vocabulary_status};
    tb_error cause = {0};
    char remedy[80];
    tb_status status = tb_expression_compile(source, &vocabulary, wanted, out, &cause);
    if (status == TB_MALFORMED)
        tb_checker_fault(c, step, remedy_for(c->profile, cause.text, remedy), "%s", cause.text);
    return status == TB_NO_MEMORY ? status : TB_OK;
}

static tb_status check_bound(const tb_checker *c, const char *which, const char *source, const char *reason_field,
                             const char *reason, tb_expression **out)
{
    if (!source && reason)
        tb_checker_fault(c, reason_field, "add the bound, or remove the reason",
                         "'%s' says what is told, but there is no '%s'", reason_field, which);
    if (source && !reason)
        tb_checker_fault(c, which, "name a reason", "'%s' needs '%s': the reason told then", which, reason_field);
    if (reason)
        tb_check_reason(c, reason_field, reason);
    return source ? compile(c, which, source, TB_VALUE_TIME, out) : TB_OK;
}

tb_status tb_check_rule(tb_checker *c, const char *owner, tb_rule *rule)
{
    tb_status status = TB_OK;
    for (unsigned i = 0; i < rule->requires_count && status == TB_OK; i++) {
        tb_requirement *requirement = &rule->requires[i];
        tb_checker_look_at(c, "%s/requires/%u", owner, i);
        status = compile(c, "that", requirement->that, TB_VALUE_BOOL, &requirement->rule);
        tb_check_reason(c, "else", requirement->otherwise);
    }
    tb_window *window = rule->window;
    if (status != TB_OK || !window)
        return status;
    tb_checker_look_at(c, "%s/window", owner);
    status = check_bound(c, "from", window->from, "early", window->early, &window->opens);
    if (status == TB_OK)
        status = check_bound(c, "until", window->until, "late", window->late, &window->closes);
    return status;
}

/* ---- order in time ---- */

/* 1 when the fact `late` is `early` or declared to come after it, directly or by way of others. */
static int comes_after(const tb_profile *p, const char *late, const char *early)
{
    for (unsigned steps = 0; steps <= p->facts_count; steps++) { /* ends also where the order is a ring */
        const tb_fact_declaration *fact = tb_profile_fact(p, late);
        if (strcmp(late, early) == 0)
            return 1;
        if (!fact || !fact->after)
            return 0;
        late = fact->after;
    }
    return 0;
}

/* 1 when `a` is never before `b`, for every visit. 0: it may be, or nobody can tell. */
static int never_before(const tb_profile *p, const tb_expression *a, const tb_expression *b)
{
    const char *first, *second;
    int64_t ahead, behind;
    return a && b && tb_expression_offset(a, &first, &ahead) && tb_expression_offset(b, &second, &behind) &&
           ahead >= behind && comes_after(p, first, second);
}

static void check_order(tb_checker *c)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < p->facts_count; i++) {
        const tb_fact_declaration *fact = &p->facts[i];
        const tb_fact_declaration *other = fact->after ? tb_profile_fact(p, fact->after) : NULL;
        char remedy[80];
        tb_checker_look_at(c, "facts/%u", i);
        if (!fact->after)
            continue;
        if (!other)
            tb_checker_fault(c, "after",
                             tb_checker_meant(remedy,
                                              tb_nearest_name(fact->after, p->facts, p->facts_count, sizeof *p->facts),
                                              "name a declared time"),
                             "'%s' comes after '%.40s', which is not declared", fact->name, fact->after);
        else if (fact->type != TB_VALUE_TIME || other->type != TB_VALUE_TIME)
            tb_checker_fault(c, "after", "only times have an order", "'%s' and '%s' are not both times", fact->name,
                             other->name);
        else if (other >= fact)
            tb_checker_fault(c, "after", "declare the earlier time first",
                             "'%s' comes after '%s', which is declared at or below it", fact->name, other->name);
    }
}

static void check_window(tb_checker *c, const char *owner, const tb_window *window)
{
    tb_checker_look_at(c, "%s/window", owner);
    if (never_before(c->profile, window->opens, window->closes))
        tb_checker_fault(c, "until", "let 'until' come after 'from'",
                         "the window ends before it begins: '%s' is never before '%s'", window->from, window->until);
}

/* With several rules of visitors one would have to look at all of them together: then nothing is decided here. */
static void check_against_visitors(tb_checker *c, const tb_window *window)
{
    const tb_profile *p = c->profile;
    const tb_window *visitors = p->visitors.then_count ? NULL : p->visitors.rule.window;
    if (visitors && never_before(p, window->opens, visitors->closes))
        tb_checker_fault(c, "from", "let it open earlier, or let visitors stay longer",
                         "nobody is ever on this list: visitors leave at '%s', before '%s'", visitors->until,
                         window->from);
    if (visitors && never_before(p, visitors->opens, window->closes))
        tb_checker_fault(c, "until", "let it close later, or take visitors in earlier",
                         "nobody is ever on this list: visitors come at '%s', not before '%s'", visitors->from,
                         window->until);
}

static void check_visitors(tb_checker *c, const char *owner, const tb_window *window)
{
    if (window)
        check_window(c, owner, window);
    tb_checker_look_at(c, "%s", owner);
    if (!window || !window->until)
        tb_checker_fault(c, window ? "window" : "", "give visitors a window with 'until' and 'late'",
                         "nobody is ever deleted: visitors need an end");
}

void tb_check_windows(tb_checker *c)
{
    const tb_profile *p = c->profile;
    check_order(c);
    check_visitors(c, "visitors", p->visitors.rule.window);
    for (unsigned i = 0; i < p->visitors.then_count; i++) {
        char owner[32];
        snprintf(owner, sizeof owner, "visitors/then/%u", i);
        check_visitors(c, owner, p->visitors.then[i].rule.window);
    }
    for (unsigned i = 0; i < p->roles_count; i++) {
        char owner[24];
        snprintf(owner, sizeof owner, "roles/%u", i);
        if (!p->roles[i].rule.window)
            continue;
        check_window(c, owner, p->roles[i].rule.window);
        if (p->roles[i].kind != TB_KIND_CHECKIN)
            check_against_visitors(c, p->roles[i].rule.window);
    }
}
