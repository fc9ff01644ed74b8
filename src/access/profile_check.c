/* profile_check.c: what makes a well-formed profile a sound one. Invariants after TB_OK without findings:
 *  P1  every name is [a-z][a-z0-9_]*, and unique among its kind; facts and statuses share one name space
 *  P2  every expression is compiled and type-checked; none reads the clock
 *  P3  every reason that anything can give has a sentence in both languages, with placeholders that can be filled
 *  P4  every zone, status, purpose, step and seen fact that is named is declared
 *  P5  a window that is decidably empty does not exist; a bound has the reason told outside of it; visitors leave
 *  P6  whatever a role is shown, in its list or in a sentence, serves one of the role's purposes
 *  P7  no list is decidably empty, no step of a journey decidably closed, no entry deleted by a terminal comes back */
#include "access/profile_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tb_checker_fault(const tb_checker *c, const char *step, const char *remedy, const char *format, ...)
{
    char cause[240], path[160];
    va_list args;
    va_start(args, format);
    vsnprintf(cause, sizeof cause, format, args);
    va_end(args);
    snprintf(path, sizeof path, "%s%s%s", c->path, c->path[0] && step[0] ? "/" : "", step);
    tb_findings_add(c->findings, tb_source_line(c->source, path), remedy, "%s", cause);
}

void tb_checker_look_at(tb_checker *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->path, sizeof c->path, format, args);
    va_end(args);
}

const char *tb_checker_meant(char remedy[80], const char *nearest, const char *otherwise)
{
    snprintf(remedy, 80, nearest ? "is '%s' meant?" : "%s", nearest ? nearest : otherwise);
    return remedy;
}

/* ---- names ---- */

static int name_is_good(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[0] >= 'a' && name[0] <= 'z' && name[length] == '\0' && length < TB_NAME_SIZE;
}

static int name_is_taken(const char *name) /* by the expression language and the terminals' contract */
{
    static const char *const taken[] = {"visit", "touchpoint", "now", "true",   "false",
                                        "and",   "or",         "not", "status", "flag"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(taken[i], name) == 0)
            return 1;
    return 0;
}

static void check_name(const tb_checker *c, const char *step, const char *name)
{
    if (!name_is_good(name))
        tb_checker_fault(c, step, "write small letters, digits and _, a letter first", "'%.40s' is no name", name);
}

/* `stride` bytes apart lie structs whose first member is the name. */
static void check_names(tb_checker *c, const char *list, const void *first, unsigned count, size_t stride)
{
    tb_checker_look_at(c, "%s", list);
    for (unsigned i = 0; i < count; i++) {
        const char *own = *(char *const *)(const void *)((const char *)first + i * stride);
        char step[16];
        snprintf(step, sizeof step, "%u", i);
        check_name(c, step, own);
        for (unsigned j = 0; j < i; j++)
            if (strcmp(own, *(char *const *)(const void *)((const char *)first + j * stride)) == 0) {
                tb_checker_fault(c, step, "give one of them another name", "the name '%s' is given twice in %s", own,
                                 list);
                break;
            }
    }
}

static void check_shared_names(tb_checker *c)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < p->facts_count; i++)
        if (name_is_taken(p->facts[i].name)) {
            tb_checker_look_at(c, "facts/%u", i);
            tb_checker_fault(c, "name", "give it another name", "'%s' is built in and cannot be declared",
                             p->facts[i].name);
        }
    for (unsigned i = 0; i < p->statuses_count; i++) {
        tb_checker_look_at(c, "statuses/%u", i);
        if (name_is_taken(p->statuses[i]))
            tb_checker_fault(c, "", "give it another name", "'%s' is built in and cannot be a status", p->statuses[i]);
        else if (tb_profile_fact(p, p->statuses[i]))
            tb_checker_fault(c, "", "give one of them another name", "'%s' is a fact and a status", p->statuses[i]);
    }
}

/* A word for what the profile does not have is a typing error. */
static void check_words(tb_checker *c)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < p->words_count; i++) {
        const char *name = p->words[i].name;
        tb_checker_look_at(c, "words/%u", i);
        if (tb_profile_status(p, name) < 0 && !tb_profile_fact(p, name) && !tb_profile_reason(p, name))
            tb_checker_fault(c, "name", "correct it, or remove the word",
                             "'%s' is no status, fact or reason of this profile", name);
    }
}

static void check_all_names(tb_checker *c)
{
    tb_profile *p = c->profile;
    tb_checker_look_at(c, "name");
    check_name(c, "", p->name);
    check_names(c, "purposes", p->purposes, p->purposes_count, sizeof *p->purposes);
    check_names(c, "facts", p->facts, p->facts_count, sizeof *p->facts);
    check_names(c, "statuses", p->statuses, p->statuses_count, sizeof *p->statuses);
    check_shared_names(c);
    check_names(c, "zones", p->zones, p->zones_count, sizeof *p->zones);
    check_names(c, "roles", p->roles, p->roles_count, sizeof *p->roles);
    check_names(c, "reasons", p->reasons, p->reasons_count, sizeof *p->reasons);
    check_names(c, "words", p->words, p->words_count, sizeof *p->words);
    check_words(c);
    check_names(c, "consents", p->consents, p->consents_count, sizeof *p->consents);
    check_names(c, "journeys", p->journeys, p->journeys_count, sizeof *p->journeys);
}

/* ---- sentences ---- */

static tb_status check_piece(void *context, int placeholder, tb_span piece)
{
    const tb_checker *c = context;
    const tb_profile *p = c->profile;
    char name[TB_NAME_SIZE], remedy[80];
    tb_value_type type;
    if (!placeholder)
        return TB_OK;
    memcpy(name, piece.data, piece.size);
    name[piece.size] = '\0';
    if (strcmp(name, "from") == 0 || strcmp(name, "until") == 0)
        return TB_OK;
    if (!tb_profile_fact_type(p, name, &type))
        tb_checker_fault(c, "",
                         tb_checker_meant(remedy, tb_nearest_name(name, p->facts, p->facts_count, sizeof *p->facts),
                                          "declare it under facts, or use {from}, {until}"),
                         "no fact fills {%s}", name);
    else if (type == TB_VALUE_BOOL)
        tb_checker_fault(c, "", "write a sentence of its own for each case",
                         "{%s} is a yes or no, which has no words in a sentence", name);
    return TB_OK;
}

static void check_sentence(tb_checker *c, unsigned index, const char *language, const char *sentence)
{
    tb_checker_look_at(c, "reasons/%u/%s", index, language);
    tb_status status = tb_sentence_pieces(sentence, check_piece, c);
    if (status != TB_OK)
        tb_checker_fault(c, "", "write {name} with the name of a fact",
                         "a {placeholder} is not closed or has no good name");
}

/* Reasons that programs give by themselves, whatever the rules say. */
static void check_built_in_reasons(tb_checker *c, const struct tb_role *role)
{
    enum { LISTED = -1, DOCUMENTS = -2, REFERENCE = -3, HELD = -4 };
    static const struct {
        int kind; /* or: all that have a list; who checks in with documents; with a reference; who reads one */
        const char *reason;
    } table[] = {{LISTED, "not_sure"},
                 {DOCUMENTS, "check_digit"},
                 {DOCUMENTS, "document_expired"},
                 {DOCUMENTS, "person_mismatch"},
                 {DOCUMENTS, "wrong_day"},
                 {DOCUMENTS, "flight_closed"},
                 {DOCUMENTS, "flight_departed"},
                 {HELD, "check_digit"},
                 {HELD, "reference_unknown"},
                 {HELD, "reference_used"},
                 {HELD, "other_face"},
                 {HELD, "wrong_day"},
                 {HELD, "no_consent"},
                 {REFERENCE, "check_digit"},
                 {REFERENCE, "too_many_tries"},
                 {TB_KIND_POS, "no_instrument"},
                 {TB_KIND_POS, "declined"},
                 {TB_KIND_POS, "pin_wrong"},
                 {TB_KIND_POS, "pin_locked"},
                 {TB_KIND_PICKUP, "nothing_waiting"}};
    int reads = role->documents_count && role->documents[0] == TB_DOCUMENT_REFERENCE;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int applies = table[i].kind == LISTED      ? role->kind != TB_KIND_CHECKIN
                      : table[i].kind == DOCUMENTS ? role->kind == TB_KIND_CHECKIN && !reads
                      : table[i].kind == HELD      ? role->reference != TB_REFERENCE_NEVER
                      : table[i].kind == REFERENCE ? role->kind == TB_KIND_CHECKIN && reads
                                                   : table[i].kind == (int)role->kind;
        int flights = strncmp(table[i].reason, "flight_", 7) == 0; /* only where there are any */
        if (applies && (!flights || tb_profile_fact(c->profile, "flight")) &&
            !tb_profile_reason(c->profile, table[i].reason))
            tb_checker_fault(c, "kind", "add it under reasons, in both languages",
                             "a terminal of this kind may give the reason '%s', which has no sentences",
                             table[i].reason);
    }
    if (role->asks_server && !tb_profile_reason(c->profile, "offline"))
        tb_checker_fault(c, "asks_server", "add it under reasons, in both languages",
                         "when the server does not answer the reason is 'offline', which has no sentences");
}

/* ---- roles ---- */

static void check_sees(const tb_checker *c, const struct tb_role *role)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < role->sees_count; i++) {
        char step[24], remedy[80];
        tb_value_type type;
        snprintf(step, sizeof step, "sees/%u", i);
        if (!tb_profile_fact_type(p, role->sees[i], &type))
            tb_checker_fault(
                c, step,
                tb_checker_meant(remedy, tb_nearest_name(role->sees[i], p->facts, p->facts_count, sizeof *p->facts),
                                 "declare it under facts, or remove it"),
                "the role '%s' sees the fact '%.40s', which is not declared", role->name, role->sees[i]);
        for (unsigned j = 0; j < i; j++)
            if (strcmp(role->sees[i], role->sees[j]) == 0)
                tb_checker_fault(c, step, "keep one of them", "the role '%s' sees the fact '%s' twice", role->name,
                                 role->sees[i]);
    }
}

/* What the server fills in by itself has the kind that it fills in. */
static void check_own_facts(tb_checker *c)
{
    static const struct {
        const char *name;
        tb_value_type type;
        const char *text;
    } own[] = {{"pays_with", TB_VALUE_TEXT, "text"}, {"name", TB_VALUE_TEXT, "text"},
               {"consented", TB_VALUE_BOOL, "bool"}, {"has_instrument", TB_VALUE_BOOL, "bool"},
               {"items", TB_VALUE_INT, "int"},       {"item_list", TB_VALUE_TEXT, "text"},
               {"bags", TB_VALUE_INT, "int"},        {"cancelled", TB_VALUE_BOOL, "bool"},
               {"landed", TB_VALUE_TIME, "time"},    {"seen_at", TB_VALUE_TIME, "time"},
               {"seen_zone", TB_VALUE_TEXT, "text"}};
    for (unsigned i = 0; i < c->profile->facts_count; i++)
        for (size_t j = 0; j < sizeof own / sizeof *own; j++)
            if (strcmp(c->profile->facts[i].name, own[j].name) == 0 && c->profile->facts[i].type != (int)own[j].type) {
                char remedy[80];
                snprintf(remedy, sizeof remedy, "write type: %s, or give it another name", own[j].text);
                tb_checker_look_at(c, "facts/%u", i);
                tb_checker_fault(c, "type", remedy, "'%s' is filled in by the server, as %s", own[j].name, own[j].text);
            }
}

static void check_zone(const tb_checker *c, const struct tb_role *role)
{
    const tb_profile *p = c->profile;
    char remedy[80];
    for (unsigned i = 0; i < p->zones_count; i++)
        if (strcmp(p->zones[i].name, role->zone) == 0)
            return;
    const char *nearest = tb_nearest_name(role->zone, p->zones, p->zones_count, sizeof *p->zones);
    tb_checker_fault(c, "zone", tb_checker_meant(remedy, nearest, "declare it under zones"),
                     "the zone '%.40s' is not declared", role->zone);
}

static void check_effects(const tb_checker *c, struct tb_role *role)
{
    const tb_profile *p = c->profile;
    tb_on_match *effect = &role->on_match;
    char remedy[80];
    effect->status_index = effect->status ? tb_profile_status(p, effect->status) : -1;
    if (effect->status && effect->status_index < 0)
        tb_checker_fault(
            c, "on_match/status",
            tb_checker_meant(remedy,
                             tb_nearest_name(effect->status, p->statuses, p->statuses_count, sizeof *p->statuses),
                             "add it to statuses"),
            "'%.40s' is no status of this profile", effect->status);
    if (role->asks_server && !role->unknown)
        tb_checker_fault(c, "asks_server", "add 'unknown'",
                         "the role '%s' asks the server and needs 'unknown': the reason when nobody is found",
                         role->name);
    if (role->unknown)
        tb_check_reason(c, "unknown", role->unknown);
}

#define OFFLINE_MOST (30 * TB_DAY)
static void check_offline(const tb_checker *c, struct tb_role *role)
{
    /* a till without its server cannot charge anybody; a gate must not stop with every cable */
    role->offline_time = role->kind == TB_KIND_CHECKIN ? TB_TIME_NEVER
                         : role->kind == TB_KIND_POS   ? 15 * TB_MINUTE
                                                       : 24 * TB_HOUR;
    if (!role->offline)
        return;
    if (role->kind == TB_KIND_CHECKIN)
        tb_checker_fault(c, "offline", "remove it", "a check-in terminal has no list that could be old");
    else if (strcmp(role->offline, "0") == 0)
        role->offline_time = 0;
    else if (tb_duration_parse(role->offline, &role->offline_time) != TB_OK)
        tb_checker_fault(c, "offline", "write a number and s, m, h or d, or 0",
                         "'%s' is no duration such as 15m or 24h", role->offline);
    else if (role->offline_time > OFFLINE_MOST)
        tb_checker_fault(c, "offline", "write 30d or less", "a list that is older than 30 days is nobody's");
}

static void check_numbers(const tb_checker *c, struct tb_role *role)
{
    if (role->lead && tb_duration_parse(role->lead, &role->lead_time) != TB_OK)
        tb_checker_fault(c, "lead", "write a number and s, m, h or d", "'%s' is no duration such as 15m or 3h",
                         role->lead);
    if (role->lead && (!role->rule.window || !role->rule.window->from))
        tb_checker_fault(c, "lead", "give the window a 'from', or remove 'lead'", "'lead' needs a window with 'from'");
    check_offline(c, role);
    if (role->step_up.amount < 0)
        tb_checker_fault(c, "step_up/amount", "write 0 for never, or more", "an amount is not negative");
    if (role->fpir != 0 && !(role->fpir > 0 && role->fpir < 1)) /* also false for what is no number */
        tb_checker_fault(c, "fpir", "write a rate such as 0.001",
                         "a false-positive identification rate lies between 0 and 1");
}

static tb_status check_role(tb_checker *c, unsigned index)
{
    struct tb_role *role = &c->profile->roles[index];
    char owner[24];
    role->profile = c->profile;
    snprintf(owner, sizeof owner, "roles/%u", index);
    tb_status status = tb_check_rule(c, owner, &role->rule);
    tb_checker_look_at(c, "%s", owner);
    check_zone(c, role);
    check_sees(c, role);
    check_effects(c, role);
    check_numbers(c, role);
    tb_check_role_reference(c, role);
    check_built_in_reasons(c, role);
    tb_check_matching(c, role);
    return status;
}

tb_status tb_profile_check(tb_profile *profile, const tb_source *source, tb_findings *findings)
{
    tb_checker c = {.profile = profile, .source = source, .findings = findings};
    check_all_names(&c);
    check_own_facts(&c);
    tb_check_reference(&c);
    for (unsigned i = 0; i < profile->reasons_count; i++) {
        check_sentence(&c, i, "ja", profile->reasons[i].ja);
        check_sentence(&c, i, "en", profile->reasons[i].en);
    }
    tb_status status = tb_check_rule(&c, "visitors", &profile->visitors.rule);
    for (unsigned i = 0; i < profile->visitors.then_count && status == TB_OK; i++) {
        char owner[32];
        snprintf(owner, sizeof owner, "visitors/then/%u", i);
        status = tb_check_rule(&c, owner, &profile->visitors.then[i].rule);
    }
    for (unsigned i = 0; i < profile->roles_count && status == TB_OK; i++)
        status = check_role(&c, i);
    if (status != TB_OK)
        return status;
    tb_check_consents(&c);
    tb_check_windows(&c);
    tb_check_purposes(&c);
    tb_check_states(&c);
    return TB_OK;
}
