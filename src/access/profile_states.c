/* profile_states.c: a visit's status and flag have few values, so what they alone decide is tried out: for every pair
 * each requirement holds, does not hold, or depends on more (P7). */
#include "access/profile_check.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef struct state {
    int status, flag;
} state;

/* The first requirement that does not hold in this state whatever else is true; -1. */
static int forbidden_by(const tb_rule *rule, state s)
{
    tb_facts facts = {0};
    tb_status status = tb_facts_set_int(&facts, "status", s.status);
    if (status == TB_OK)
        status = tb_facts_set_bool(&facts, "flag", s.flag);
    assert(status == TB_OK); /* two good names fit */
    for (unsigned i = 0; i < rule->requires_count; i++)
        if (rule->requires[i].rule && tb_expression_holds(rule->requires[i].rule, &facts, NULL) == TB_FALSE)
            return (int)i;
    return -1;
}

static state after(const struct tb_role *role, state s)
{
    const tb_on_match *effect = &role->on_match;
    if (effect->flag)
        s.flag = effect->flag == 1;
    if (effect->status_index > s.status)
        s.status = effect->status_index;
    return s;
}

int tb_role_ends_with_match(const tb_role *role)
{
    int reached = 0;
    for (int i = 0; i < 2 * (int)role->profile->statuses_count; i++) {
        state before = {i / 2, i % 2};
        if (forbidden_by(&role->rule, before) >= 0)
            continue;
        reached = 1;
        if (forbidden_by(&role->rule, after(role, before)) < 0)
            return 0;
    }
    return reached;
}

/* ---- lists ---- */

/* 1 when some rule of visitors leaves it open in this state. */
static int may_visit(const tb_profile *p, state s)
{
    for (unsigned i = 0; tb_visitor_rule(p, i); i++)
        if (forbidden_by(tb_visitor_rule(p, i), s) < 0)
            return 1;
    return 0;
}

static int list_can_exist(const tb_profile *p, const struct tb_role *role)
{
    for (int i = 0; i < 2 * (int)p->statuses_count; i++) {
        state s = {i / 2, i % 2};
        if (forbidden_by(&role->rule, s) < 0 && (role->kind == TB_KIND_CHECKIN || may_visit(p, s)))
            return 1;
    }
    return 0;
}

static void check_lists(tb_checker *c)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < p->roles_count; i++) {
        const struct tb_role *role = &p->roles[i];
        tb_checker_look_at(c, "roles/%u", i);
        if (!list_can_exist(p, role))
            tb_checker_fault(c, "requires", "compare its requirements with each other and with those of visitors",
                             "nobody is ever on the list of '%s': no status and flag meet it", role->name);
        else if (role->on_match.deletes_entry && !tb_role_ends_with_match(role))
            tb_checker_fault(c, "on_match/deletes_entry",
                             "let on_match set a status or flag that a requirement excludes, or remove it",
                             "the terminal of '%s' drops its entry, but the rules keep the visit on the list",
                             role->name);
    }
}

/* ---- journeys ---- */

static const char *state_text(const tb_profile *p, state s, char out[80])
{
    snprintf(out, 80, "status %s, flag %s", tb_profile_status_name(p, s.status), s.flag ? "on" : "off");
    return out;
}

static void step_is_closed(const tb_checker *c, const char *step, const struct tb_role *role, state s)
{
    const tb_profile *p = c->profile;
    int own = forbidden_by(&role->rule, s), visitor = forbidden_by(&p->visitors.rule, s);
    char text[80];
    if (own >= 0)
        tb_checker_fault(c, step, "change the order of the steps, the requirement, or what earlier steps set",
                         "nobody can go on to '%s' here: with %s '%.60s' does not hold", role->name,
                         state_text(p, s, text), role->rule.requires[own].that);
    else if (visitor >= 0 && !may_visit(p, s) && role->kind != TB_KIND_CHECKIN)
        tb_checker_fault(c, step, "let an earlier step make this person a visitor, or change the rule of visitors",
                         "nobody can go on to '%s' here: with %s they are no visitor ('%.60s')", role->name,
                         state_text(p, s, text), p->visitors.rule.requires[visitor].that);
}

static void check_journey(tb_checker *c, unsigned index)
{
    const tb_profile *p = c->profile;
    const tb_journey *journey = &p->journeys[index];
    state s = {0, 0};
    tb_checker_look_at(c, "journeys/%u", index);
    for (unsigned i = 0; i < journey->steps_count; i++) {
        const tb_role *role = tb_profile_role(p, journey->steps[i]);
        char step[24], remedy[80];
        snprintf(step, sizeof step, "steps/%u", i);
        if (!role) {
            const char *nearest = tb_nearest_name(journey->steps[i], p->roles, p->roles_count, sizeof *p->roles);
            tb_checker_fault(c, step, tb_checker_meant(remedy, nearest, "name a role"),
                             "'%.40s' is no role of this profile", journey->steps[i]);
            return; /* what follows would be guesswork */
        }
        step_is_closed(c, step, role, s);
        s = after(role, s);
    }
}

void tb_check_states(tb_checker *c)
{
    check_lists(c);
    for (unsigned i = 0; i < c->profile->journeys_count; i++)
        check_journey(c, i);
}
