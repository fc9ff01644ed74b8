/* profile_check.c: what makes a well-formed profile a sound one. Invariants after TB_OK:
 *  P1  every name is [a-z][a-z0-9_]*, and unique among its kind; facts and statuses share one name space
 *  P2  every expression is compiled and type-checked; none reads the clock
 *  P3  every reason that anything can give has a sentence in both languages, with placeholders that can be filled
 *  P4  every zone, status and seen fact that a role names is declared
 *  P5  a window that is decidably empty does not exist; a bound has the reason told outside of it */
#include "access/profile_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct checker {
    tb_profile *profile;
    tb_span yaml;
    const char *file;
    tb_error *why;
    char path[96]; /* of what is being looked at, without the last step */
} checker;

__attribute__((format(printf, 3, 4))) static tb_status fault(const checker *c, const char *step, const char *format,
                                                             ...)
{
    char cause[200], path[160];
    va_list args;
    va_start(args, format);
    vsnprintf(cause, sizeof cause, format, args);
    va_end(args);
    snprintf(path, sizeof path, "%s%s%s", c->path, c->path[0] && step[0] ? "/" : "", step);
    return tb_fail(c->why, TB_MALFORMED, "%s, line %d: %s", c->file, tb_profile_line(c->yaml, path), cause);
}

__attribute__((format(printf, 2, 3))) static void look_at(checker *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->path, sizeof c->path, format, args);
    va_end(args);
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

/* `stride` bytes apart lie structs whose first member is the name. */
static tb_status check_names(checker *c, const char *list, const void *first, unsigned count, size_t stride)
{
    for (unsigned i = 0; i < count; i++) {
        const char *own = *(char *const *)(const void *)((const char *)first + i * stride);
        char step[16];
        snprintf(step, sizeof step, "%u", i);
        look_at(c, "%s", list);
        if (!name_is_good(own))
            return fault(c, step, "'%.40s' is no name: small letters, digits and _ only", own);
        for (unsigned j = 0; j < i; j++)
            if (strcmp(own, *(char *const *)(const void *)((const char *)first + j * stride)) == 0)
                return fault(c, step, "the name '%s' is given twice in %s", own, list);
    }
    return TB_OK;
}

static tb_status check_shared_names(checker *c)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < p->facts_count; i++)
        if (name_is_taken(p->facts[i].name)) {
            look_at(c, "facts/%u", i);
            return fault(c, "name", "'%s' is built in and cannot be declared", p->facts[i].name);
        }
    for (unsigned i = 0; i < p->statuses_count; i++) {
        tb_value_type type;
        look_at(c, "statuses/%u", i);
        if (name_is_taken(p->statuses[i]))
            return fault(c, "", "'%s' is built in and cannot be a status", p->statuses[i]);
        if (tb_profile_fact_type(p, p->statuses[i], &type))
            return fault(c, "", "'%s' is a fact and a status: one of them needs another name", p->statuses[i]);
    }
    return TB_OK;
}

static tb_status check_all_names(checker *c)
{
    tb_profile *p = c->profile;
    look_at(c, "name");
    if (!name_is_good(p->name))
        return fault(c, "", "'%.40s' is no name: small letters, digits and _ only", p->name);
    tb_status status = check_names(c, "facts", p->facts, p->facts_count, sizeof *p->facts);
    if (status == TB_OK)
        status = check_names(c, "statuses", p->statuses, p->statuses_count, sizeof *p->statuses);
    if (status == TB_OK)
        status = check_shared_names(c);
    if (status == TB_OK)
        status = check_names(c, "zones", p->zones, p->zones_count, sizeof *p->zones);
    if (status == TB_OK)
        status = check_names(c, "roles", p->roles, p->roles_count, sizeof *p->roles);
    if (status == TB_OK)
        status = check_names(c, "reasons", p->reasons, p->reasons_count, sizeof *p->reasons);
    return status;
}

/* ---- reasons ---- */

static tb_status check_piece(void *context, int placeholder, tb_span piece)
{
    checker *c = context;
    char name[TB_NAME_SIZE];
    tb_value_type type;
    if (!placeholder)
        return TB_OK;
    memcpy(name, piece.data, piece.size);
    name[piece.size] = '\0';
    if (strcmp(name, "from") == 0 || strcmp(name, "until") == 0 || tb_profile_fact_type(c->profile, name, &type))
        return TB_OK;
    return fault(c, "", "no fact fills {%s}", name);
}

static tb_status check_sentence(checker *c, unsigned index, const char *language, const char *sentence)
{
    tb_error none = {0};
    look_at(c, "reasons/%u/%s", index, language);
    tb_error *why = c->why;
    c->why = &none;
    tb_status status = tb_sentence_pieces(sentence, check_piece, c);
    c->why = why;
    if (status == TB_OK)
        return TB_OK;
    if (none.status != TB_OK)
        return tb_fail(why, status, "%s", none.text);
    return fault(c, "", "a {placeholder} is not closed or has no good name");
}

static tb_status check_reasons(checker *c)
{
    const tb_profile *p = c->profile;
    tb_status status = TB_OK;
    for (unsigned i = 0; i < p->reasons_count && status == TB_OK; i++) {
        status = check_sentence(c, i, "ja", p->reasons[i].ja);
        if (status == TB_OK)
            status = check_sentence(c, i, "en", p->reasons[i].en);
    }
    return status;
}

static tb_status check_reason(checker *c, const char *step, const char *name)
{
    if (tb_profile_reason(c->profile, name))
        return TB_OK;
    return fault(c, step, "the reason '%.40s' has no sentences under reasons", name);
}

/* ---- rules ---- */

static int vocabulary_fact(const void *context, const char *name, tb_value_type *type)
{
    return tb_profile_fact_type(context, name, type);
}

static int vocabulary_status(const void *context, const char *name)
{
    return tb_profile_status(context, name);
}

static tb_status compile(checker *c, const char *step, const char *source, tb_value_type wanted, tb_expression **out)
{
    tb_vocabulary vocabulary = {c->profile, vocabulary_fact, vocabulary_status};
    tb_error cause = {0};
    tb_status status = tb_expression_compile(source, &vocabulary, wanted, out, &cause);
    if (status == TB_MALFORMED)
        return fault(c, step, "%s", cause.text);
    return status == TB_OK ? TB_OK : tb_fail(c->why, status, "%s: %s", c->file, tb_status_sentence(status));
}

static tb_status check_bound(checker *c, const char *which, const char *source, const char *reason_field,
                             const char *reason, tb_expression **out)
{
    if (!source && !reason)
        return TB_OK;
    if (!source)
        return fault(c, reason_field, "'%s' says what is told, but there is no '%s'", reason_field, which);
    if (!reason)
        return fault(c, which, "'%s' needs '%s': the reason told then", which, reason_field);
    tb_status status = check_reason(c, reason_field, reason);
    return status == TB_OK ? compile(c, which, source, TB_VALUE_TIME, out) : status;
}

static tb_status check_window(checker *c, const char *owner, tb_window *window)
{
    look_at(c, "%s/window", owner);
    tb_status status = check_bound(c, "from", window->from, "early", window->early, &window->opens);
    if (status == TB_OK)
        status = check_bound(c, "until", window->until, "late", window->late, &window->closes);
    if (status != TB_OK || !window->opens || !window->closes)
        return status;
    const char *opening, *closing;
    int64_t opens, closes;
    if (tb_expression_offset(window->opens, &opening, &opens) &&
        tb_expression_offset(window->closes, &closing, &closes) && strcmp(opening, closing) == 0 && opens >= closes)
        return fault(c, "until", "the window ends before it begins");
    return TB_OK;
}

static tb_status check_rule(checker *c, const char *owner, tb_rule *rule)
{
    for (unsigned i = 0; i < rule->requires_count; i++) {
        tb_requirement *requirement = &rule->requires[i];
        look_at(c, "%s/requires/%u", owner, i);
        tb_status status = compile(c, "that", requirement->that, TB_VALUE_BOOL, &requirement->rule);
        if (status == TB_OK)
            status = check_reason(c, "else", requirement->otherwise);
        if (status != TB_OK)
            return status;
    }
    return rule->window ? check_window(c, owner, rule->window) : TB_OK;
}

/* ---- roles ---- */

static tb_status check_sees(checker *c, const struct tb_role *role)
{
    for (unsigned i = 0; i < role->sees_count; i++) {
        char step[24];
        tb_value_type type;
        snprintf(step, sizeof step, "sees/%u", i);
        if (!tb_profile_fact_type(c->profile, role->sees[i], &type))
            return fault(c, step, "the role '%s' sees the fact '%.40s', which is not declared", role->name,
                         role->sees[i]);
        for (unsigned j = 0; j < i; j++)
            if (strcmp(role->sees[i], role->sees[j]) == 0)
                return fault(c, step, "the role '%s' sees the fact '%s' twice", role->name, role->sees[i]);
    }
    return TB_OK;
}

static int zone_exists(const tb_profile *profile, const char *name)
{
    for (unsigned i = 0; i < profile->zones_count; i++)
        if (strcmp(profile->zones[i].name, name) == 0)
            return 1;
    return 0;
}

static tb_status check_effects(checker *c, struct tb_role *role)
{
    tb_on_match *effect = &role->on_match;
    effect->status_index = effect->status ? tb_profile_status(c->profile, effect->status) : -1;
    if (effect->status && effect->status_index < 0)
        return fault(c, "on_match/status", "'%.40s' is no status of this profile", effect->status);
    if (role->asks_server && !role->unknown)
        return fault(c, "asks_server",
                     "the role '%s' asks the server and needs 'unknown': the reason when nobody is found", role->name);
    if (role->unknown)
        return check_reason(c, "unknown", role->unknown);
    return TB_OK;
}

static tb_status check_numbers(checker *c, struct tb_role *role)
{
    if (role->lead && tb_duration_parse(role->lead, &role->lead_time) != TB_OK)
        return fault(c, "lead", "'%s' is no duration such as 15m or 3h", role->lead);
    if (role->lead && (!role->rule.window || !role->rule.window->from))
        return fault(c, "lead", "'lead' needs a window with 'from'");
    if (role->step_up.amount < 0)
        return fault(c, "step_up/amount", "an amount is not negative");
    if (role->fpir != 0 && !(role->fpir > 0 && role->fpir < 1)) /* also false for what is no number */
        return fault(c, "fpir", "a false-positive identification rate lies between 0 and 1");
    return TB_OK;
}

static tb_status check_role(checker *c, unsigned index)
{
    struct tb_role *role = &c->profile->roles[index];
    char owner[24];
    role->profile = c->profile;
    snprintf(owner, sizeof owner, "roles/%u", index);
    tb_status status = check_rule(c, owner, &role->rule);
    if (status != TB_OK)
        return status;
    look_at(c, "%s", owner);
    if (!zone_exists(c->profile, role->zone))
        return fault(c, "zone", "the zone '%.40s' is not declared", role->zone);
    status = check_sees(c, role);
    if (status == TB_OK)
        status = check_effects(c, role);
    return status == TB_OK ? check_numbers(c, role) : status;
}

tb_status tb_profile_check(tb_profile *profile, tb_span yaml, const char *name, tb_error *why)
{
    checker c = {.profile = profile, .yaml = yaml, .file = name, .why = why};
    tb_status status = check_all_names(&c);
    if (status == TB_OK)
        status = check_reasons(&c);
    if (status == TB_OK)
        status = check_rule(&c, "visitors", &profile->visitors.rule);
    for (unsigned i = 0; i < profile->roles_count && status == TB_OK; i++)
        status = check_role(&c, i);
    return status;
}
