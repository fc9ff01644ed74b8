/* profile_matching.c: how and where a role's people are matched: by the terminal or the server. Fields that only make
 * sense together, or never do, are told here. */
#include "access/profile_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What lies at a terminal is not there when the server compares. */
static void check_server(const tb_checker *c, const struct tb_role *role)
{
    if (role->kind == TB_KIND_CHECKIN)
        tb_checker_fault(c, "match", "remove it", "a check-in compares with a document and has no list to match");
    if (!role->asks_server)
        tb_checker_fault(c, "match", "add asks_server: true and 'unknown'",
                         "the role '%s' is matched by the server and has to ask it", role->name);
    if (role->lead)
        tb_checker_fault(c, "lead", "remove it", "nothing is delivered ahead to a terminal that has no list");
    if (role->on_match.deletes_entry)
        tb_checker_fault(c, "on_match/deletes_entry", "remove it", "a terminal without a list has no entry to delete");
    if (role->offers_templates)
        tb_checker_fault(c, "offers_templates", "remove it, or match at the terminal",
                         "only a terminal that has recognised somebody by its own list offers templates");
}

static tb_status check_for_strangers(void *context, int placeholder, tb_span piece)
{
    const tb_checker *c = context;
    int window = (piece.size == 4 && memcmp(piece.data, "from", 4) == 0) ||
                 (piece.size == 5 && memcmp(piece.data, "until", 5) == 0);
    if (placeholder && !window)
        tb_checker_fault(c, "asks_central", "say it with {from} and {until} alone, or remove asks_central",
                         "a reason of 'visitors' tells '%.*s', and nothing is told of people who are no visitors yet",
                         (int)piece.size, (const char *)piece.data);
    return TB_OK;
}

static void check_reason_for_strangers(const tb_checker *c, const char *name)
{
    const tb_reason *reason = name ? tb_profile_reason(c->profile, name) : NULL;
    tb_checker copy = *c;
    tb_status status = reason ? tb_sentence_pieces(reason->ja, check_for_strangers, &copy) : TB_OK;
    if (status == TB_OK && reason)
        status = tb_sentence_pieces(reason->en, check_for_strangers, &copy);
    (void)status; /* a malformed sentence was told where it stands */
}

/* Who is no visitor yet is told why, by the rules of visitors; nothing of their facts goes to the terminal. */
static void check_central(const tb_checker *c, const struct tb_role *role)
{
    if (!role->match_at_server)
        tb_checker_fault(c, "asks_central", "add match: server, or remove it",
                         "only where the server compares are people looked for who are no visitors yet");
    const tb_rule *rule;
    for (unsigned i = 0; (rule = tb_visitor_rule(c->profile, i)); i++) {
        for (unsigned k = 0; k < rule->requires_count; k++)
            check_reason_for_strangers(c, rule->requires[k].otherwise);
        if (rule->window) {
            check_reason_for_strangers(c, rule->window->early);
            check_reason_for_strangers(c, rule->window->late);
        }
    }
}

static void check_group_fact(const tb_checker *c, const struct tb_role *role, const char *name, tb_value_type type,
                             const char *form)
{
    const tb_fact_declaration *fact = tb_profile_fact(c->profile, name);
    char remedy[80];
    if (!fact || fact->type != (int)type) {
        snprintf(remedy, sizeof remedy, "declare {name: %s, type: %s} under facts", name, form);
        tb_checker_fault(c, "group", remedy, "a group needs the fact '%s'", name);
        return;
    }
    for (unsigned i = 0; i < role->sees_count; i++)
        if (strcmp(role->sees[i], name) == 0)
            return;
    snprintf(remedy, sizeof remedy, "add '%s' to 'sees', with the purpose that it serves", name);
    tb_checker_fault(c, "group", remedy, "the terminals of '%s' compare '%s' and have to know it", role->name, name);
}

static void check_group(const tb_checker *c, const struct tb_role *role)
{
    if (role->kind != TB_KIND_PASSAGE)
        tb_checker_fault(c, "group", "remove it", "only a passage lets people through together");
    if (role->offers_templates)
        tb_checker_fault(c, "offers_templates", "remove it, or let people pass alone",
                         "of several people together no template is taken");
    if (role->reference)
        tb_checker_fault(c, "reference", "remove it, or let people pass alone",
                         "a party is let through by faces alone: nobody could tell whose code was shown");
    if (role->on_match.actuate == TB_ACTUATOR_INTERLOCK)
        tb_checker_fault(c, "on_match/actuate", "let people pass alone", "between two doors stands one person");
    check_group_fact(c, role, "party", TB_VALUE_TEXT, "text");
    if (role->group == TB_GROUP_WITH_CHILDREN)
        check_group_fact(c, role, "children", TB_VALUE_INT, "int");
}

/* ---- distance ---- */

/* "200m", "1.5km" */
static int read_distance(const char *text, double *metres)
{
    char *end;
    double number = strtod(text, &end);
    double unit = strcmp(end, "m") == 0 ? 1 : strcmp(end, "km") == 0 ? 1000 : 0;
    *metres = number * unit;
    return end != text && unit > 0 && *metres >= 1 && *metres <= 100000;
}

static void check_near(const tb_checker *c, struct tb_role *role)
{
    if (role->without_position && !role->near)
        tb_checker_fault(c, "without_position", "add 'near', or remove it",
                         "nobody's position is asked for at this role");
    if (!role->near)
        return;
    if (!read_distance(role->near, &role->near_metres))
        tb_checker_fault(c, "near", "write a number and m or km, from 1m to 100km", "'%s' is no distance such as 200m",
                         role->near);
    if (role->kind == TB_KIND_CHECKIN || role->match_at_server)
        tb_checker_fault(c, "near", "remove it", "there is no list that distance could narrow");
    else if (role->without_position && !role->asks_server)
        tb_checker_fault(c, "without_position", "add asks_server: true and 'unknown', or write include",
                         "whose phone is off would be locked out: nobody else could tell who they are");
}

/* ---- signs and presence cameras: nobody asked them for anything ---- */

/* What happens around a match elsewhere has no place here. */
static void check_idle(const tb_checker *c, const struct tb_role *role, const char *what)
{
    if (role->on_match.actuate)
        tb_checker_fault(c, "on_match/actuate", "remove it", "%s opens nothing", what);
    if (role->asks_server || role->match_at_server)
        tb_checker_fault(c, role->match_at_server ? "match" : "asks_server", "remove it",
                         "%s looks at everybody who walks by: strangers' faces do not leave it", what);
    if (role->offers_templates)
        tb_checker_fault(c, "offers_templates", "remove it", "%s keeps nothing of anybody's face", what);
    if (role->reference)
        tb_checker_fault(c, "reference", "remove it", "%s reads no codes", what);
    if (role->challenge)
        tb_checker_fault(c, "challenge", "remove it", "%s asks nobody for anything", what);
    if (role->staff_confirms || role->step_up.pin)
        tb_checker_fault(c, role->staff_confirms ? "staff_confirms" : "step_up", "remove it", "%s waits for nobody",
                         what);
    if (role->group != TB_GROUP_ALONE)
        tb_checker_fault(c, "group", "remove it", "%s lets nobody through", what);
}

typedef struct shown {
    const tb_checker *c;
    const struct tb_role *role;
} shown;

static tb_status check_shown(void *context, int placeholder, tb_span piece)
{
    const shown *s = context;
    for (unsigned i = 0; placeholder && i < s->role->sees_count; i++)
        if (strlen(s->role->sees[i]) == piece.size && memcmp(s->role->sees[i], piece.data, piece.size) == 0)
            return TB_OK;
    if (placeholder)
        tb_checker_fault(s->c, "sign/person", "add it to 'sees', or say it without",
                         "the sign '%s' does not see '%.*s', which its sentence tells", s->role->name, (int)piece.size,
                         (const char *)piece.data);
    return TB_OK;
}

static void check_sign_sentences(const tb_checker *c, const struct tb_role *role)
{
    const tb_reason *person = tb_profile_reason(c->profile, role->sign->person),
                    *others = tb_profile_reason(c->profile, role->sign->others);
    shown s = {c, role};
    tb_check_reason(c, "sign/person", role->sign->person);
    tb_check_reason(c, "sign/others", role->sign->others);
    tb_status status = person ? tb_sentence_pieces(person->ja, check_shown, &s) : TB_OK;
    if (status == TB_OK && person)
        status = tb_sentence_pieces(person->en, check_shown, &s);
    (void)status; /* a malformed sentence was told where it stands */
    if (others && (strchr(others->ja, '{') || strchr(others->en, '{')))
        tb_checker_fault(c, "sign/others", "say it without facts", "'%s' is told to people whom nobody knows",
                         others->name);
}

static void check_sign(const tb_checker *c, const struct tb_role *role)
{
    check_idle(c, role, "a sign");
    if (!role->sign)
        tb_checker_fault(c, "kind", "add sign: {person: ..., others: ...} with the names of two reasons",
                         "a sign needs the sentence for whom it recognises and that for everybody else");
    else
        check_sign_sentences(c, role);
    if (role->on_match.flag || role->on_match.status || role->on_match.deletes_entry)
        tb_checker_fault(c, "on_match", "remove it", "a sign is read, and changes nothing");
    for (unsigned i = 0; i < role->sees_count; i++) {
        const tb_fact_declaration *fact = tb_profile_fact(c->profile, role->sees[i]);
        char step[24];
        snprintf(step, sizeof step, "sees/%u", i);
        if (fact && fact->sensitive)
            tb_checker_fault(c, step, "remove it", "'%s' is sensitive, and others read a sign", fact->name);
    }
}

/* A camera that nobody steps up to has a purpose that people can find by itself in what they agree to. */
static void check_presence(const tb_checker *c, struct tb_role *role)
{
    const tb_profile *p = c->profile;
    check_idle(c, role, "a presence camera");
    if (role->sees_count)
        tb_checker_fault(c, "sees", "remove it", "a presence camera shows nothing to anybody");
    if (role->purposes_count != 1)
        tb_checker_fault(c, role->purposes_count ? "for" : "kind", "declare one under purposes and name it in 'for'",
                         "a presence camera has one purpose of its own");
    for (unsigned i = 0; i < p->roles_count; i++)
        for (unsigned j = 0; role->purposes_count && j < p->roles[i].purposes_count; j++)
            if (p->roles[i].kind != TB_KIND_PRESENCE && strcmp(p->roles[i].purposes[j], role->purposes[0]) == 0)
                tb_checker_fault(c, "for", "declare one of its own",
                                 "'%s' is also the purpose of '%s': people could not tell this camera apart",
                                 role->purposes[0], p->roles[i].name);
    if (role->report_every && tb_duration_parse(role->report_every, &role->report_time) != TB_OK)
        tb_checker_fault(c, "report_every", "write a number and s, m, h or d", "'%s' is no duration such as 5m",
                         role->report_every);
    else if (!role->report_every)
        role->report_time = 5 * TB_MINUTE;
}

static void check_delivery(const tb_checker *c, struct tb_role *role)
{
    if (!role->deliver_every)
        return;
    if (tb_duration_parse(role->deliver_every, &role->deliver_time) != TB_OK || role->deliver_time < TB_SECOND ||
        role->deliver_time > TB_DAY)
        tb_checker_fault(c, "deliver_every", "write a number and s, m or h, a day at most",
                         "'%s' is no interval such as 10m", role->deliver_every);
    else if (role->kind == TB_KIND_CHECKIN || role->match_at_server)
        tb_checker_fault(c, "deliver_every", "remove it", "nothing is delivered to a terminal that has no list");
    else if (!role->asks_server && role->kind != TB_KIND_SIGN && role->kind != TB_KIND_PRESENCE)
        tb_checker_fault(c, "deliver_every", "add asks_server: true and 'unknown'",
                         "who comes before their entry would be turned away: nobody else could tell who they are");
}

/* ---- two doors ---- */

static void check_between(const tb_checker *c, const struct tb_role *role)
{
    if (role->on_match.actuate != TB_ACTUATOR_INTERLOCK) {
        if (role->between)
            tb_checker_fault(c, "between", "remove it, or write actuate: interlock",
                             "only an interlock has a place between its doors");
        return;
    }
    if (role->kind != TB_KIND_PASSAGE)
        tb_checker_fault(c, "on_match/actuate", "write kind: passage", "an interlock lets people through");
    if (role->between && role->between->approval)
        tb_check_reason(c, "between/approval", role->between->approval);
}

void tb_check_matching(const tb_checker *c, struct tb_role *role)
{
    check_delivery(c, role);
    check_near(c, role);
    if (role->kind == TB_KIND_SIGN)
        check_sign(c, role);
    else if (role->sign)
        tb_checker_fault(c, "sign", "remove it, or write kind: sign", "only a sign has sentences of its own");
    if (role->kind == TB_KIND_PRESENCE)
        check_presence(c, role);
    else if (role->report_every)
        tb_checker_fault(c, "report_every", "remove it, or write kind: presence", "only a presence camera reports");
    if (role->match_at_server)
        check_server(c, role);
    if (role->asks_central)
        check_central(c, role);
    check_between(c, role);
    if (role->group != TB_GROUP_ALONE)
        check_group(c, role);
}
