/* routes_site.c: health, the profile, counts, the check of all lists. */
#include <tebura/profile_check.h>

#include "check.h"
#include "routes.h"

HANDLER(get_health)
{
    teburad *s = context;
    (void)request;
    (void)why;
    int leads = tb_management_leads(s->management) != 0, follows = leads && atomic_load(&s->follows);
    int bus = tb_bus_is_connected(s->bus) && (!leads || atomic_load(&s->feed_is_ready));
    int database = tb_management_reaches_database(s->management); /* without it nothing can be asked of us */
    tb_clock_state clock;
    tb_management_clock(s->management, &clock);
    const char *status = !database ? "down" : bus && leads == follows && !clock.held ? "ok" : "degraded";
    return tb_http_reply_json(reply, database ? 200 : 503,
                              json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:{s:b, s:I}, s:{s:b}}", "status", status,
                                        "site", s->options.site, "version", TEBURA_VERSION, "bus", bus, "database",
                                        database, "leads", leads, "follows", follows, "clock", "held", clock.held,
                                        "ahead_seconds", (json_int_t)(clock.ahead / TB_SECOND), "simulation",
                                        "payments", tb_provider_simulated()->simulation));
}

static json_t *json_of_role(const tb_role *role)
{
    static const char *const kinds[] = {
        [TB_KIND_CHECKIN] = "checkin",  [TB_KIND_PASSAGE] = "passage", [TB_KIND_COUNTER] = "counter",
        [TB_KIND_POS] = "pos",          [TB_KIND_PICKUP] = "pickup",   [TB_KIND_SIGN] = "sign",
        [TB_KIND_PRESENCE] = "presence"};
    tb_role_view view;
    tb_role_terms terms;
    tb_role_view_of(role, &view);
    tb_role_terms_of(role, &terms);
    json_t *attributes = json_array();
    for (size_t i = 0; attributes && i < terms.attributes; i++)
        if (json_array_append_new(attributes, json_string(terms.attribute[i])) != 0) {
            json_decref(attributes);
            return NULL;
        }
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "attributes", attributes, "name", view.name, "zone", view.zone,
                     "kind", kinds[view.kind], "title_en", view.title_en, "title_ja", view.title_ja);
}

static json_t *json_of_statuses(const tb_profile *profile)
{
    json_t *array = json_array();
    for (int i = 0; array && *tb_profile_status_name(profile, i); i++)
        if (json_array_append_new(array, json_string(tb_profile_status_name(profile, i))) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *json_of_roles(const tb_profile *profile)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < tb_profile_role_count(profile); i++)
        if (json_array_append_new(array, json_of_role(tb_profile_role_at(profile, i))) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *json_of_consents(const tb_profile *profile)
{
    const char *name;
    json_t *list = json_array();
    for (size_t i = 0; list && *(name = tb_profile_further_consent(profile, i)); i++)
        if (json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", name, "en",
                                                  tb_profile_further_text(profile, name, "en"), "ja",
                                                  tb_profile_further_text(profile, name, "ja"))) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *json_of_named(const tb_profile *profile, int (*at)(const tb_profile *, size_t, tb_named *))
{
    tb_named named;
    json_t *list = json_array();
    for (size_t i = 0; list && at(profile, i, &named); i++)
        if (json_array_append_new(
                list, json_pack("{s:s, s:s, s:s}", "name", named.name, "en", named.en, "ja", named.ja)) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

HANDLER(get_site)
{
    const teburad *s = context;
    (void)request;
    (void)why;
    return tb_http_reply_json(
        reply, 200,
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:s}}", "site", s->options.site, "profile",
                  tb_profile_name(s->profile), "statuses", json_of_statuses(s->profile), "roles",
                  json_of_roles(s->profile), "consents", json_of_consents(s->profile), "zones",
                  json_of_named(s->profile, tb_profile_zone_at), "words", json_of_named(s->profile, tb_profile_word_at),
                  "consent", "en", tb_profile_consent_text(s->profile, "en"), "ja",
                  tb_profile_consent_text(s->profile, "ja")));
}

HANDLER(get_counts)
{
    teburad *s = context;
    tb_counts counts;
    (void)request;
    (void)why;
    tb_status status = tb_management_counts(s->management, &counts);
    return status == TB_OK ? tb_http_reply_json(reply, 200, json_of_counts(&counts)) : status;
}

HANDLER(post_check)
{
    teburad *s = context;
    tb_check_report report;
    (void)request;
    tb_status status = tb_management_compare(s->management, &report, why);
    return status == TB_OK ? tb_http_reply_json(reply, 200, json_of_check(&report)) : status;
}
