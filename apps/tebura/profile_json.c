/* profile_json.c: what a profile says, for programs. */
#include "profile_print.h"

#include <string.h>

/* Takes both; NULL when either could not be made. */
static json_t *with(json_t *list, json_t *item)
{
    if (list && json_array_append_new(list, item) == 0)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *json_of_words(const char *const *words, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++)
        list = with(list, json_string(words[i]));
    return list;
}

static json_t *json_of_rule(const tb_rule_terms *rule)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < rule->count; i++)
        list = with(list, json_pack("{s:s,s:s}", "that", rule->that[i], "else", rule->otherwise[i]));
    return json_pack("{s:o,s:s,s:s,s:s,s:s}", "requires", list, "from", rule->from, "early", rule->early, "until",
                     rule->until, "late", rule->late);
}

/* By whom, and how many at once. */
static json_t *json_of_matching(const tb_role_view *view)
{
    static const char *const groups[] = {"alone", "together", "with_children"};
    return json_pack("{s:s,s:b,s:s,s:f,s:b,s:I}", "by", view->match_at_server ? "server" : "terminal", "asks_central",
                     view->asks_central, "group", groups[view->group], "near_metres", view->near, "without_position",
                     !view->without_position_excluded, "deliver_every_seconds",
                     (json_int_t)(view->deliver_every / TB_SECOND));
}

static json_t *json_of_role(const tb_role *role)
{
    static const char *const kinds[] = {"checkin", "passage", "counter", "pos", "pickup", "sign", "presence"};
    static const char *const references[] = {"never", "when_unsure", "always"};
    tb_role_terms t;
    tb_role_view view;
    tb_role_view_of(role, &view);
    tb_role_terms_of(role, &t);
    return json_pack(
        "{s:s,s:s,s:s,s:{s:s,s:s},s:b,s:o,s:o,s:o,s:s,s:o,s:o,s:o,s:{s:s,s:i,s:b,s:b},s:b,s:s,s:{s:b,s:b},s:s,s:I}",
        "name", view.name, "zone", view.zone, "kind", kinds[view.kind], "titles", "en", view.title_en, "ja",
        view.title_ja, "has_list", t.has_list, "matching", json_of_matching(&view), "for",
        json_of_words(t.purpose, t.purposes), "rule", json_of_rule(&t.rule), "lead", t.lead, "sees",
        json_of_words(t.field, t.sees), "tells", json_of_words(t.told_field, t.told), "attributes",
        json_of_words(t.attribute, t.attributes), "match", "status", t.status, "flag", t.flag, "ends_list",
        t.ends_with_match, "deletes_entry", view.deletes_entry, "offers_templates", view.offers_templates, "actuator",
        view.actuator, "between", "face", view.between_face, "approval", view.between_approval, "reference",
        view.by_reference ? "document" : references[view.reference], "offline_seconds",
        (json_int_t)(t.has_list ? view.offline / TB_SECOND : -1));
}

static json_t *json_of_roles(const tb_profile *profile)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < tb_profile_role_count(profile); i++)
        list = with(list, json_of_role(tb_profile_role_at(profile, i)));
    return list;
}

static json_t *json_of_facts(const tb_profile *profile)
{
    json_t *list = json_array();
    tb_fact_terms f;
    for (size_t i = 0; list && tb_profile_fact_at(profile, i, &f); i++)
        list = with(list, json_pack("{s:s,s:s,s:s,s:o,s:b,s:s}", "name", f.name, "of", f.shared ? "occasion" : "visit",
                                    "type", f.type, "for", json_of_words(f.purpose, f.purposes), "sensitive",
                                    f.sensitive, "after", f.after));
    return list;
}

static json_t *json_of_journeys(const tb_profile *profile)
{
    json_t *list = json_array();
    tb_journey_terms j;
    for (size_t i = 0; list && tb_profile_journey_at(profile, i, &j); i++)
        list = with(list, json_pack("{s:s,s:s,s:s,s:o}", "name", j.name, "en", j.title_en, "ja", j.title_ja, "steps",
                                    json_of_words(j.step, j.steps)));
    return list;
}

static json_t *json_of_statuses(const tb_profile *profile)
{
    json_t *list = json_array();
    for (int i = 0; list && *tb_profile_status_name(profile, i); i++)
        list = with(list, json_string(tb_profile_status_name(profile, i)));
    return list;
}

static json_t *json_of_named(const tb_profile *profile, int (*at)(const tb_profile *, size_t, tb_named *))
{
    json_t *list = json_array();
    tb_named item;
    for (size_t i = 0; list && at(profile, i, &item); i++)
        list = with(list, json_pack("{s:s,s:s,s:s}", "name", item.name, "en", item.en, "ja", item.ja));
    return list;
}

static json_t *json_of_stages(const tb_profile *profile)
{
    json_t *list = json_array();
    tb_rule_terms rule;
    for (size_t i = 0; list && tb_profile_stage_terms(profile, i, &rule); i++)
        list = with(list, json_of_rule(&rule));
    return list;
}

static json_t *json_of_retention(const tb_profile *profile)
{
    tb_time duration;
    const char *consent = tb_profile_retention(profile, &duration);
    return consent ? json_pack("{s:s,s:I}", "consent", consent, "days", (json_int_t)(duration / TB_DAY)) : json_null();
}

json_t *profile_to_json(const tb_profile *profile)
{
    tb_rule_terms visitors;
    tb_profile_visitor_terms(profile, &visitors);
    return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:s,s:s}}", "name",
                     tb_profile_name(profile), "then", json_of_stages(profile), "consents",
                     json_of_named(profile, tb_profile_consent_at), "retention", json_of_retention(profile), "purposes",
                     json_of_named(profile, tb_profile_purpose_at), "facts", json_of_facts(profile), "statuses",
                     json_of_statuses(profile), "zones", json_of_named(profile, tb_profile_zone_at), "journeys",
                     json_of_journeys(profile), "visitors", json_of_rule(&visitors), "roles", json_of_roles(profile),
                     "words", json_of_named(profile, tb_profile_word_at), "reasons",
                     json_of_named(profile, tb_profile_reason_at), "consent", "en",
                     tb_profile_consent_text(profile, "en"), "ja", tb_profile_consent_text(profile, "ja"));
}
