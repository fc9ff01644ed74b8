/* role.c: the one decision (ADR 001): the same ordered requirements and window make a list and give the reason. */
#include "access/profile_model.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static tb_verdict told(tb_verdict verdict, tb_judgement judgement, const char *reason)
{
    verdict.judgement = judgement;
    snprintf(verdict.reason, sizeof verdict.reason, "%s", reason);
    return verdict;
}

static tb_verdict judged(const tb_rule *rule, const tb_facts *visit, const tb_facts *touchpoint, tb_time now)
{
    tb_verdict verdict = {.judgement = TB_DENY, .from = 0, .until = TB_TIME_NEVER};
    const tb_window *window = rule->window;
    int opens = !window || !window->opens || tb_expression_time(window->opens, visit, &verdict.from);
    int closes = !window || !window->closes || tb_expression_time(window->closes, visit, &verdict.until);
    for (unsigned i = 0; i < rule->requires_count; i++)
        if (tb_expression_holds(rule->requires[i].rule, visit, touchpoint) != TB_TRUE)
            return told(verdict, TB_DENY, rule->requires[i].otherwise);
    if (!opens || !closes) /* a bound that nobody knows is not "always" */
        return told(verdict, TB_DENY, opens ? window->late : window->early);
    if (now >= verdict.until)
        return told(verdict, TB_LATE, window->late);
    if (now < verdict.from)
        return told(verdict, TB_EARLY, window->early);
    assert(verdict.from <= now && now < verdict.until);
    return told(verdict, TB_ADMIT, "");
}

tb_verdict tb_role_judge(const tb_role *role, const tb_facts *visit, const tb_facts *touchpoint, tb_time now)
{
    return judged(&role->rule, visit, touchpoint, now);
}

tb_verdict tb_profile_visitor(const tb_profile *profile, const tb_facts *visit, tb_time now)
{
    tb_verdict first = judged(&profile->visitors.rule, visit, NULL, now), later = first;
    for (unsigned i = 1; first.judgement != TB_ADMIT && tb_visitor_rule(profile, i); i++) {
        tb_verdict verdict = judged(tb_visitor_rule(profile, i), visit, NULL, now);
        if (verdict.judgement == TB_ADMIT)
            return verdict;
        if (verdict.judgement == TB_EARLY && later.judgement != TB_EARLY)
            later = verdict;
    }
    return first.judgement == TB_ADMIT ? first : later;
}

tb_time tb_role_delivery(const tb_role *role, const tb_verdict *verdict)
{
    if (verdict->from == TB_TIME_NEVER)
        return TB_TIME_NEVER;
    return verdict->from > role->lead_time ? verdict->from - role->lead_time : 0;
}

tb_status tb_role_project(const tb_role *role, const tb_facts *visit, tb_facts *out)
{
    *out = (tb_facts){0};
    for (unsigned i = 0; i < role->sees_count; i++) {
        const tb_fact *fact = tb_facts_get(visit, role->sees[i]);
        tb_status status = fact ? tb_facts_set(out, fact) : TB_OK;
        if (status != TB_OK)
            return status;
    }
    assert(out->count <= role->sees_count);
    return TB_OK;
}

tb_status tb_role_apply(const tb_role *role, tb_facts *visit, int *changed)
{
    const tb_on_match *effect = &role->on_match;
    tb_facts after = *visit; /* all or nothing */
    *changed = 0;
    if (effect->flag && tb_facts_number(visit, "flag", -1) != (effect->flag == 1)) {
        tb_status status = tb_facts_set_bool(&after, "flag", effect->flag == 1);
        if (status != TB_OK)
            return status;
        *changed = 1;
    }
    if (effect->status_index >= 0 && tb_facts_number(visit, "status", -1) < effect->status_index) {
        tb_status status = tb_facts_set_int(&after, "status", effect->status_index);
        if (status != TB_OK) {
            *changed = 0;
            return status;
        }
        *changed = 1;
    }
    assert(tb_facts_number(&after, "status", 0) >= tb_facts_number(visit, "status", 0)); /* never goes back */
    *visit = after;
    return TB_OK;
}

void tb_role_view_of(const tb_role *role, tb_role_view *out)
{
    int has_doors = role->on_match.actuate == TB_ACTUATOR_INTERLOCK;
    *out = (tb_role_view){.name = role->name,
                          .zone = role->zone,
                          .title_ja = role->titles.ja,
                          .title_en = role->titles.en,
                          .kind = (tb_kind)role->kind,
                          .actuator = tb_actuator_names[role->on_match.actuate],
                          .deletes_entry = role->on_match.deletes_entry,
                          .asks_server = role->asks_server,
                          .deliver_every = role->deliver_time,
                          .near = role->near_metres,
                          .without_position_excluded = role->without_position,
                          .sign_person = role->sign ? role->sign->person : "",
                          .sign_others = role->sign ? role->sign->others : "",
                          .sign_beside_others = role->sign && role->sign->beside_others,
                          .between_face = role->between && role->between->face,
                          .between_approval = has_doors && (!role->between || role->between->approval),
                          .between_sentence = role->between && role->between->approval ? role->between->approval : "",
                          .report_every = role->report_time,
                          .group = (tb_group_admission)role->group,
                          .match_at_server = role->match_at_server,
                          .asks_central = role->asks_central,
                          .unknown_reason = role->unknown ? role->unknown : "",
                          .step_up_pin = role->step_up.pin,
                          .step_up_amount = role->step_up.amount,
                          .staff_confirms = role->staff_confirms,
                          .challenge = role->challenge             ? (tb_challenge_when)(role->challenge - 1)
                                       : role->kind == TB_KIND_POS ? TB_CHALLENGE_WHEN_UNSURE
                                                                   : TB_CHALLENGE_NEVER,
                          .offline = role->offline_time,
                          .welcome_ja = role->welcome ? role->welcome->ja : "",
                          .welcome_en = role->welcome ? role->welcome->en : "",
                          .by_reference = role->documents_count && role->documents[0] == TB_DOCUMENT_REFERENCE,
                          .reference = (tb_reference_when)role->reference,
                          .offers_templates = role->offers_templates,
                          .fpir = role->fpir,
                          .early_reason = role->rule.window && role->rule.window->early ? role->rule.window->early : "",
                          .late_reason = role->rule.window && role->rule.window->late ? role->rule.window->late : ""};
}
