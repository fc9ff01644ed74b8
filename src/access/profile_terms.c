/* profile_terms.c: a sound profile in words: what each role asks for, may see, tells and sets. */
#include "access/profile_check.h"

#include <stdio.h>
#include <string.h>

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static void rule_terms(const tb_rule *rule, tb_rule_terms *out)
{
    const tb_window *window = rule->window;
    *out = (tb_rule_terms){.count = rule->requires_count,
                           .from = window ? or_empty(window->from) : "",
                           .until = window ? or_empty(window->until) : "",
                           .early = window ? or_empty(window->early) : "",
                           .late = window ? or_empty(window->late) : ""};
    for (size_t i = 0; i < out->count; i++) {
        out->that[i] = rule->requires[i].that;
        out->otherwise[i] = rule->requires[i].otherwise;
    }
}

static int have(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return 1;
    return 0;
}

typedef struct told {
    const tb_profile *profile;
    tb_role_terms *out;
} told;

static tb_status note_told(void *context, int placeholder, tb_span piece)
{
    told *t = context;
    char name[TB_NAME_SIZE];
    if (!placeholder)
        return TB_OK;
    memcpy(name, piece.data, piece.size);
    name[piece.size] = '\0';
    const tb_fact_declaration *fact = tb_profile_fact(t->profile, name);
    int window = strcmp(name, "from") == 0 || strcmp(name, "until") == 0;
    if (fact && !window && !have(t->out->told_field, t->out->told, name) && t->out->told < TB_FACTS_MAX)
        t->out->told_field[t->out->told++] = fact->name;
    return TB_OK;
}

static void note_reason(told *t, const char *name)
{
    const tb_reason *reason = name ? tb_profile_reason(t->profile, name) : NULL;
    if (!reason)
        return;
    tb_status status = tb_sentence_pieces(reason->ja, note_told, t);
    if (status == TB_OK)
        status = tb_sentence_pieces(reason->en, note_told, t);
    (void)status; /* checked when the profile was read */
}

static void note_attributes(const struct tb_role *role, tb_role_terms *out)
{
    for (unsigned i = 0; i < role->rule.requires_count; i++) {
        const char *name;
        for (int n = 0; (name = tb_expression_attribute(role->rule.requires[i].rule, n)); n++)
            if (!have(out->attribute, out->attributes, name) && out->attributes < TB_FACTS_MAX)
                out->attribute[out->attributes++] = name;
    }
}

void tb_role_terms_of(const tb_role *role, tb_role_terms *out)
{
    static const int signs[] = {0, 1, -1};
    *out = (tb_role_terms){.lead = or_empty(role->lead),
                           .has_list = role->kind != TB_KIND_CHECKIN && !role->match_at_server,
                           .purposes = role->purposes_count,
                           .sees = role->sees_count,
                           .status = or_empty(role->on_match.status),
                           .flag = signs[role->on_match.flag],
                           .ends_with_match = tb_role_ends_with_match(role)};
    told t = {role->profile, out};
    rule_terms(&role->rule, &out->rule);
    for (size_t i = 0; i < out->purposes; i++)
        out->purpose[i] = role->purposes[i];
    for (size_t i = 0; i < out->sees; i++)
        out->field[i] = role->sees[i];
    for (size_t i = 0; i < out->rule.count; i++)
        note_reason(&t, out->rule.otherwise[i]);
    note_reason(&t, out->rule.early);
    note_reason(&t, out->rule.late);
    note_reason(&t, role->unknown);
    note_attributes(role, out);
}

void tb_profile_visitor_terms(const tb_profile *profile, tb_rule_terms *out)
{
    rule_terms(&profile->visitors.rule, out);
}

int tb_profile_stage_terms(const tb_profile *profile, size_t index, tb_rule_terms *out)
{
    const tb_rule *rule = tb_visitor_rule(profile, (unsigned)index + 1);
    if (rule)
        rule_terms(rule, out);
    return rule != NULL;
}

int tb_profile_consent_at(const tb_profile *profile, size_t index, tb_named *out)
{
    if (index >= profile->consents_count)
        return 0;
    const tb_further_consent *consent = &profile->consents[index];
    *out = (tb_named){consent->name, consent->ja, consent->en};
    return 1;
}

int tb_profile_fact_at(const tb_profile *profile, size_t index, tb_fact_terms *out)
{
    static const char *const types[] = {
        [TB_VALUE_BOOL] = "bool", [TB_VALUE_INT] = "int", [TB_VALUE_TIME] = "time", [TB_VALUE_TEXT] = "text"};
    if (index >= profile->facts_count)
        return 0;
    const tb_fact_declaration *fact = &profile->facts[index];
    *out = (tb_fact_terms){.name = fact->name,
                           .type = types[fact->type],
                           .after = or_empty(fact->after),
                           .sensitive = fact->sensitive,
                           .shared = fact->of == 1,
                           .purposes = fact->purposes_count};
    for (size_t i = 0; i < out->purposes; i++)
        out->purpose[i] = fact->purposes[i];
    return 1;
}

int tb_profile_journey_at(const tb_profile *profile, size_t index, tb_journey_terms *out)
{
    if (index >= profile->journeys_count)
        return 0;
    const tb_journey *journey = &profile->journeys[index];
    *out = (tb_journey_terms){.name = journey->name,
                              .title_ja = journey->titles.ja,
                              .title_en = journey->titles.en,
                              .steps = journey->steps_count};
    for (size_t i = 0; i < out->steps; i++)
        out->step[i] = journey->steps[i];
    return 1;
}

int tb_profile_purpose_at(const tb_profile *profile, size_t index, tb_named *out)
{
    if (index >= profile->purposes_count)
        return 0;
    const tb_purpose *purpose = &profile->purposes[index];
    *out = (tb_named){purpose->name, purpose->titles.ja, purpose->titles.en};
    return 1;
}

int tb_profile_zone_at(const tb_profile *profile, size_t index, tb_named *out)
{
    if (index >= profile->zones_count)
        return 0;
    const tb_zone *zone = &profile->zones[index];
    *out = (tb_named){zone->name, zone->titles.ja, zone->titles.en};
    return 1;
}

int tb_profile_word_at(const tb_profile *profile, size_t index, tb_named *out)
{
    if (index >= profile->words_count)
        return 0;
    const tb_reason *word = &profile->words[index];
    *out = (tb_named){word->name, word->ja, word->en};
    return 1;
}

int tb_profile_reason_at(const tb_profile *profile, size_t index, tb_named *out)
{
    if (index >= profile->reasons_count)
        return 0;
    const tb_reason *reason = &profile->reasons[index];
    *out = (tb_named){reason->name, reason->ja, reason->en};
    return 1;
}
