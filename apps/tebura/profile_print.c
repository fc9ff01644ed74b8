/* profile_print.c: what a profile says, as text. A role's block answers: who is on its list, what of them is shown,
 * from when, until when, and what takes them off again. */
#include "profile_print.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {"check-in", "passage", "counter",        "point of sale",
                                    "pick-up",  "sign",    "presence camera"};

static void label(const char *text)
{
    printf("  %-14s ", text);
}

static void print_words(const char *title, const char *const *words, size_t count, const char *none)
{
    label(title);
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i ? ", " : "", words[i]);
    printf("%s\n", count ? "" : none);
}

static void print_requirements(const char *title, const tb_rule_terms *rule)
{
    for (size_t i = 0; i < rule->count; i++) {
        label(i ? "  and" : title);
        printf("%s  (else: %s)\n", rule->that[i], rule->otherwise[i]);
    }
    if (rule->count == 0) {
        label(title);
        printf("everybody\n");
    }
}

static void print_window(const tb_rule_terms *rule, const char *lead)
{
    label("from");
    printf("%s", *rule->from ? rule->from : "as soon as that holds");
    if (*lead)
        printf("; at the terminal %s before", lead);
    printf("%s%s%s\n", *rule->early ? "  (else: " : "", rule->early, *rule->early ? ")" : "");
    label("until");
    printf("%s%s%s%s\n", *rule->until ? rule->until : "their visit ends", *rule->late ? "  (else: " : "", rule->late,
           *rule->late ? ")" : "");
}

static void print_match(const tb_role_terms *terms, const tb_role_view *view)
{
    label("a match sets");
    printf("%s%s%s%s%s\n", *terms->status ? "status " : "", terms->status, *terms->status && terms->flag ? ", " : "",
           terms->flag > 0   ? "flag on"
           : terms->flag < 0 ? "flag off"
                             : "",
           *terms->status || terms->flag ? "" : "nothing");
    if (!terms->has_list)
        return;
    label("deleted");
    if (terms->ends_with_match)
        printf("by a match here%s; ", view->deletes_entry ? ", by the terminal itself at once" : "");
    printf("when it holds no longer; at the latest %s%s\n", *terms->rule.until ? "at " : "when the visit ends",
           terms->rule.until);
}

/* In the largest unit that leaves nothing over. */
static void print_offline(tb_time most)
{
    static const struct {
        tb_time unit;
        char letter;
    } units[] = {{TB_DAY, 'd'}, {TB_HOUR, 'h'}, {TB_MINUTE, 'm'}, {TB_SECOND, 's'}};
    size_t i = 0;
    while (i < 3 && most % units[i].unit)
        i++;
    label("alone");
    if (most)
        printf("uses its list for at most %lld%c without a word from the server\n", (long long)(most / units[i].unit),
               units[i].letter);
    else
        printf("never: without its server it does not use its list\n");
}

static void print_role(const tb_profile *profile, const tb_role *role)
{
    tb_role_terms terms;
    tb_role_view view;
    tb_role_view_of(role, &view);
    tb_role_terms_of(role, &terms);
    printf("\n%s: %s, %s (%s in %s%s%s)\n", view.name, view.title_en, view.title_ja, kinds[view.kind], view.zone,
           *view.actuator ? ", opens a " : "", view.actuator);
    print_words("for", terms.purpose, terms.purposes, "nothing that is shown");
    print_requirements(terms.has_list ? "on its list" : "serves", &terms.rule);
    if (view.match_at_server) {
        label("matched by");
        printf("the server, among those whom it serves now; no list rests at the terminal\n");
    }
    if (view.asks_central) {
        label("and");
        printf(
            "then among all who agreed and are no visitors yet, for the reason alone: nobody gets in by it, and no name\n"
            "%17sor fact of theirs is told. Their sealed templates are opened for one look and wiped\n",
            "");
    }
    if (terms.attributes)
        print_words("touchpoint has", terms.attribute, terms.attributes, "");
    if (view.deliver_every > 0) {
        label("delivered");
        printf("together, every %lld s; what leaves or changes, at once\n",
               (long long)(view.deliver_every / TB_SECOND));
    }
    if (view.near > 0) {
        label("near");
        printf("only while their phone is within %.0f m; %s\n", view.near,
               view.without_position_excluded ? "whose phone does not say is asked about at the server"
                                              : "whose phone does not say is on it, too");
    }
    if (view.kind == TB_KIND_SIGN) {
        label("says");
        printf("'%s' to whoever is recognised%s, '%s' to everybody else; records nothing\n", view.sign_person,
               view.sign_beside_others ? "" : " and stands there alone", view.sign_others);
    }
    if (view.kind == TB_KIND_PRESENCE) {
        label("reports");
        printf("that somebody of its list is in its zone, at most every %lld s; of others nothing is kept\n",
               (long long)(view.report_every / TB_SECOND));
    }
    if (view.between_face || view.between_approval) {
        label("between doors");
        printf("%s%s%s, of exactly one person\n", view.between_face ? "the same face once more" : "",
               view.between_face && view.between_approval ? ", and " : "",
               view.between_approval ? "somebody's approval" : "");
    }
    if (view.group != TB_GROUP_ALONE) {
        label("together");
        printf("a party is let through once everybody of it before the camera is recognised%s\n",
               view.group == TB_GROUP_WITH_CHILDREN ? "; with the children without a face whom their visits name" : "");
    }
    if (view.by_reference || view.reference) {
        label("reads");
        printf("a %s%s\n", tb_profile_reference_title(profile, "en"),
               view.by_reference                       ? ", the visit's own rules decide"
               : view.reference == TB_REFERENCE_ALWAYS ? " and the face, compared with that visit alone"
                                                       : " when the face alone is not certain");
    }
    print_words("sees", terms.field, terms.sees, terms.has_list ? "the face's template only" : "nothing");
    if (terms.told)
        print_words("tells", terms.told_field, terms.told, "");
    if (view.offers_templates) {
        label("gives back");
        printf("the template of a face recognised with certainty, for the person's later recognition\n");
    }
    if (terms.has_list || *terms.rule.from || *terms.rule.until)
        print_window(&terms.rule, terms.lead);
    if (terms.has_list)
        print_offline(view.offline);
    print_match(&terms, &view);
}

static void print_retention(const tb_profile *profile)
{
    tb_time duration;
    const char *consent = tb_profile_retention(profile, &duration);
    printf("\nkept after the last visit\n");
    label("who");
    if (!consent) {
        printf("nobody: all that names a person or shows their face goes with the visit\n");
        return;
    }
    printf("people who agreed to '%s', which is asked for itself\n", consent);
    label("what");
    printf("name, document, means of payment and the face, under the person's own key; no visit and no list\n");
    label("until");
    printf("the end of their next visit; at the latest %lld days after this one; at once when they withdraw\n",
           (long long)(duration / TB_DAY));
}

static void print_visitors(const tb_profile *profile)
{
    tb_rule_terms rule;
    tb_profile_visitor_terms(profile, &rule);
    printf("\nvisitors: who is known to this site at all%s\n",
           tb_profile_is_without_visitors(profile) ? " (no visitor database: straight from the central one)" : "");
    print_requirements("taken in", &rule);
    print_window(&rule, "");
    label("deleted");
    printf("from the visitor database and every list when it holds no longer; at the latest at %s\n", rule.until);
    for (size_t i = 0; tb_profile_stage_terms(profile, i, &rule); i++) {
        printf("\nvisitors, then: who stays known after that\n");
        print_requirements("stays", &rule);
        print_window(&rule, "");
        label("deleted");
        printf("when it holds no longer; at the latest at %s\n", rule.until);
    }
    print_retention(profile);
}

void profile_print_roles(const char *file, const tb_profile *profile)
{
    tb_fact_terms fact;
    tb_named reason;
    size_t facts = 0, reasons = 0;
    while (tb_profile_fact_at(profile, facts, &fact))
        facts++;
    while (tb_profile_reason_at(profile, reasons, &reason))
        reasons++;
    printf("%s: sound: %s, %zu roles, %zu facts, %zu reasons\n", file, tb_profile_name(profile),
           tb_profile_role_count(profile), facts, reasons);
    print_visitors(profile);
    for (size_t i = 0; i < tb_profile_role_count(profile); i++)
        print_role(profile, tb_profile_role_at(profile, i));
    printf("\n");
}

/* ---- everything ---- */

static void print_facts(const tb_profile *profile)
{
    tb_fact_terms fact;
    printf("\nfacts of a visit\n");
    for (size_t i = 0; tb_profile_fact_at(profile, i, &fact); i++) {
        printf("  %-16s %-5s shown for: ", fact.name, fact.type);
        for (size_t p = 0; p < fact.purposes; p++)
            printf("%s%s", p ? ", " : "", fact.purpose[p]);
        printf("%s%s%s%s%s\n", fact.purposes ? "" : "nothing, the rules alone read it",
               fact.shared ? "; of the occasion" : "", fact.sensitive ? "; sensitive" : "",
               *fact.after ? "; never before " : "", fact.after);
    }
}

static void print_named(const char *title, const tb_profile *profile, int (*at)(const tb_profile *, size_t, tb_named *))
{
    tb_named item;
    for (size_t i = 0; at(profile, i, &item); i++) {
        if (i == 0)
            printf("\n%s\n", title);
        printf("  %-16s %s\n  %-16s %s\n", item.name, item.en, "", item.ja);
    }
}

static void print_journeys(const tb_profile *profile)
{
    tb_journey_terms journey;
    for (size_t i = 0; tb_profile_journey_at(profile, i, &journey); i++) {
        if (i == 0)
            printf("\njourneys\n");
        printf("  %-16s %s, %s\n  %-16s ", journey.name, journey.title_en, journey.title_ja, "");
        for (size_t s = 0; s < journey.steps; s++)
            printf("%s%s", s ? " > " : "", journey.step[s]);
        printf("\n");
    }
}

void profile_print_all(const tb_profile *profile)
{
    printf("%s\n\nstatuses\n  ", tb_profile_name(profile));
    for (int i = 0; *tb_profile_status_name(profile, i); i++)
        printf("%s%s", i ? " > " : "", tb_profile_status_name(profile, i));
    printf("\n");
    print_named("purposes", profile, tb_profile_purpose_at);
    print_facts(profile);
    print_named("zones", profile, tb_profile_zone_at);
    print_journeys(profile);
    print_visitors(profile);
    for (size_t i = 0; i < tb_profile_role_count(profile); i++)
        print_role(profile, tb_profile_role_at(profile, i));
    print_named("reasons", profile, tb_profile_reason_at);
    print_named("further consents", profile, tb_profile_consent_at);
    printf("\nconsent\n  %s\n  %s\n", tb_profile_consent_text(profile, "en"), tb_profile_consent_text(profile, "ja"));
}
