/* profile.c: reading a profile and asking what is in it. Immutable after tb_profile_parse, so any thread may read. */
#include "access/profile_check.h"

#include <assert.h>
#include <string.h>

static void free_rule(tb_rule *rule)
{
    for (unsigned i = 0; i < rule->requires_count; i++)
        tb_expression_free(&rule->requires[i].rule);
    if (rule->window) {
        tb_expression_free(&rule->window->opens);
        tb_expression_free(&rule->window->closes);
    }
}

void tb_profile_free(tb_profile **profile)
{
    if (!*profile)
        return;
    free_rule(&(*profile)->visitors.rule);
    for (unsigned i = 0; i < (*profile)->visitors.then_count; i++)
        free_rule(&(*profile)->visitors.then[i].rule);
    for (unsigned i = 0; i < (*profile)->roles_count; i++)
        free_rule(&(*profile)->roles[i].rule);
    tb_profile_unload(*profile);
    *profile = NULL;
}

/* The whole file: form first, then meaning. What libcyaml refuses and the comparison with the schema does not see is
 * told in libcyaml's words. */
static tb_status examine(tb_span yaml, const tb_source *source, tb_profile **out, tb_findings *findings)
{
    char cause[200];
    int readable = 1, line = 1;
    tb_source_compare(source, &tb_profile_schema, findings, &readable);
    if (!readable)
        return TB_MALFORMED;
    tb_status status = tb_profile_load(yaml, findings->count > 0, out, cause, &line);
    if (status == TB_MALFORMED)
        tb_findings_add(findings, line, "compare with a profile that is sound", "%s", cause);
    return status == TB_OK ? tb_profile_check(*out, source, findings) : status;
}

tb_status tb_profile_examine(tb_span yaml, tb_profile **out, tb_findings *findings)
{
    tb_source source;
    *out = NULL;
    tb_status status = tb_source_read(yaml, &source, findings);
    if (status == TB_OK)
        status = examine(yaml, &source, out, findings);
    tb_source_free(&source);
    if (findings->no_memory)
        status = TB_NO_MEMORY;
    else if (status == TB_OK && findings->count)
        status = TB_MALFORMED;
    if (status != TB_OK)
        tb_profile_free(out);
    assert((status == TB_MALFORMED) == (findings->count > 0) || status == TB_NO_MEMORY);
    return status;
}

tb_status tb_profile_parse(tb_span yaml, const char *name, tb_profile **out, tb_error *why)
{
    tb_findings findings = {0};
    tb_status status = tb_profile_examine(yaml, out, &findings);
    if (status == TB_MALFORMED)
        tb_fail(why, status, "%s, line %d: %s; tebura profile check tells all and what to do", name,
                findings.items[0].line, findings.items[0].cause);
    else if (status == TB_TOO_LARGE)
        tb_fail(why, status, "%s: larger than %u bytes", name, TB_PROFILE_MAX_BYTES);
    else if (status != TB_OK)
        tb_fail(why, status, "%s: %s", name, tb_status_sentence(status));
    tb_findings_free(&findings);
    return status;
}

const char *tb_profile_name(const tb_profile *profile)
{
    return profile->name;
}

size_t tb_profile_role_count(const tb_profile *profile)
{
    return profile->roles_count;
}

const tb_role *tb_profile_role_at(const tb_profile *profile, size_t index)
{
    return index < profile->roles_count ? &profile->roles[index] : NULL;
}

const tb_role *tb_profile_role(const tb_profile *profile, const char *name)
{
    for (unsigned i = 0; i < profile->roles_count; i++)
        if (strcmp(profile->roles[i].name, name) == 0)
            return &profile->roles[i];
    return NULL;
}

int tb_profile_status(const tb_profile *profile, const char *name)
{
    for (unsigned i = 0; i < profile->statuses_count; i++)
        if (strcmp(profile->statuses[i], name) == 0)
            return (int)i;
    return -1;
}

const char *tb_profile_status_name(const tb_profile *profile, int status)
{
    return status >= 0 && (unsigned)status < profile->statuses_count ? profile->statuses[status] : "";
}

const char *tb_profile_consent_text(const tb_profile *profile, const char *language)
{
    return strcmp(language, "ja") == 0 ? profile->consent.ja : profile->consent.en;
}

int tb_profile_fact_type(const tb_profile *profile, const char *name, tb_value_type *type)
{
    *type = strcmp(name, "flag") == 0 ? TB_VALUE_BOOL : TB_VALUE_STATUS;
    if (strcmp(name, "flag") == 0 || strcmp(name, "status") == 0)
        return 1;
    const tb_fact_declaration *fact = tb_profile_fact(profile, name);
    if (fact)
        *type = (tb_value_type)fact->type;
    return fact != NULL;
}

const tb_fact_declaration *tb_profile_fact(const tb_profile *profile, const char *name)
{
    for (unsigned i = 0; i < profile->facts_count; i++)
        if (strcmp(profile->facts[i].name, name) == 0)
            return &profile->facts[i];
    return NULL;
}

const tb_reason *tb_profile_reason(const tb_profile *profile, const char *name)
{
    for (unsigned i = 0; i < profile->reasons_count; i++)
        if (strcmp(profile->reasons[i].name, name) == 0)
            return &profile->reasons[i];
    return NULL;
}

const tb_rule *tb_visitor_rule(const tb_profile *profile, unsigned index)
{
    if (index == 0)
        return &profile->visitors.rule;
    return index <= profile->visitors.then_count ? &profile->visitors.then[index - 1].rule : NULL;
}

const char *tb_profile_further_consent(const tb_profile *profile, size_t index)
{
    return index < profile->consents_count ? profile->consents[index].name : "";
}

const char *tb_profile_further_text(const tb_profile *profile, const char *name, const char *language)
{
    for (unsigned i = 0; i < profile->consents_count; i++)
        if (strcmp(profile->consents[i].name, name) == 0)
            return strcmp(language, "ja") == 0 ? profile->consents[i].ja : profile->consents[i].en;
    return NULL;
}

int tb_profile_is_without_visitors(const tb_profile *profile)
{
    return profile->visitors.database == 1;
}

int tb_profile_visitors_stay(const tb_profile *profile)
{
    return profile->visitors.then_count > 0;
}

const char *tb_profile_retention(const tb_profile *profile, tb_time *duration)
{
    *duration = profile->retention ? profile->retention->time : 0;
    return profile->retention ? profile->retention->consent : NULL;
}

int tb_profile_has_reason(const tb_profile *profile, const char *name)
{
    return tb_profile_reason(profile, name) != NULL;
}

tb_fact_kind tb_profile_fact_kind(const tb_profile *profile, const char *name)
{
    static const tb_fact_kind kinds[] = {[TB_VALUE_BOOL] = TB_FACT_BOOL,
                                         [TB_VALUE_INT] = TB_FACT_INT,
                                         [TB_VALUE_TIME] = TB_FACT_TIME,
                                         [TB_VALUE_TEXT] = TB_FACT_TEXT};
    const tb_fact_declaration *fact = tb_profile_fact(profile, name);
    return fact ? kinds[fact->type] : TB_FACT_NONE;
}

int tb_profile_fact_is_shared(const tb_profile *profile, const char *name)
{
    const tb_fact_declaration *fact = tb_profile_fact(profile, name);
    return fact && fact->of == 1;
}

int tb_profile_out_of_order(const tb_profile *profile, const tb_facts *facts, const char **late, const char **early)
{
    for (unsigned i = 0; i < profile->facts_count; i++) {
        const tb_fact_declaration *fact = &profile->facts[i];
        tb_time second = tb_facts_number(facts, fact->name, TB_TIME_NEVER);
        if (!fact->after || second >= tb_facts_number(facts, fact->after, 0))
            continue;
        *late = fact->name;
        *early = fact->after;
        return 1;
    }
    return 0;
}

const char *tb_profile_over_reason(const tb_profile *profile)
{
    return profile->visitors.rule.window->late; /* P5: visitors have an end */
}
