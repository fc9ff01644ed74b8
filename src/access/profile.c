/* profile.c: reading a profile and asking what is in it. Immutable after tb_profile_parse, so any thread may read. */
#include "access/profile_model.h"

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
    for (unsigned i = 0; i < (*profile)->roles_count; i++)
        free_rule(&(*profile)->roles[i].rule);
    tb_profile_unload(*profile);
    *profile = NULL;
}

tb_status tb_profile_parse(tb_span yaml, const char *name, tb_profile **out, tb_error *why)
{
    tb_status status = tb_profile_load(yaml, name, out, why);
    if (status == TB_OK)
        status = tb_profile_check(*out, yaml, name, why);
    if (status != TB_OK)
        tb_profile_free(out);
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
    for (unsigned i = 0; i < profile->facts_count; i++)
        if (strcmp(profile->facts[i].name, name) == 0) {
            *type = (tb_value_type)profile->facts[i].type;
            return 1;
        }
    return 0;
}

const tb_reason *tb_profile_reason(const tb_profile *profile, const char *name)
{
    for (unsigned i = 0; i < profile->reasons_count; i++)
        if (strcmp(profile->reasons[i].name, name) == 0)
            return &profile->reasons[i];
    return NULL;
}
