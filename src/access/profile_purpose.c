/* profile_purpose.c: a role is shown only what serves one of its purposes (P6, ADR 052): in the entries of its list,
 * and in the sentence that its terminal shows to somebody whom it turns away. */
#include "access/profile_check.h"

#include <stdio.h>
#include <string.h>

static void check_purpose_list(const tb_checker *c, char *const *names, unsigned count)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < count; i++) {
        char step[24], remedy[80];
        const char *nearest = tb_nearest_name(names[i], p->purposes, p->purposes_count, sizeof *p->purposes);
        snprintf(step, sizeof step, "for/%u", i);
        if (!nearest || strcmp(nearest, names[i]) != 0)
            tb_checker_fault(c, step, tb_checker_meant(remedy, nearest, "declare it under purposes"),
                             "the purpose '%.40s' is not declared", names[i]);
    }
}

static int share_a_purpose(const tb_fact_declaration *fact, const struct tb_role *role)
{
    for (unsigned i = 0; i < fact->purposes_count; i++)
        for (unsigned j = 0; j < role->purposes_count; j++)
            if (strcmp(fact->purposes[i], role->purposes[j]) == 0)
                return 1;
    return 0;
}

static void list_purposes(char *const *names, unsigned count, char out[100])
{
    size_t used = 0;
    snprintf(out, 100, "nothing");
    for (unsigned i = 0; i < count && used < 100; i++)
        used += (size_t)snprintf(out + used, 100 - used, "%s%s", i ? ", " : "", names[i]);
}

static void check_seen(const tb_checker *c, const struct tb_role *role)
{
    for (unsigned i = 0; i < role->sees_count; i++) {
        const tb_fact_declaration *fact = tb_profile_fact(c->profile, role->sees[i]);
        char step[24], facts[100], own[100];
        if (!fact || share_a_purpose(fact, role))
            continue;
        snprintf(step, sizeof step, "sees/%u", i);
        list_purposes(fact->purposes, fact->purposes_count, facts);
        list_purposes(role->purposes, role->purposes_count, own);
        tb_checker_fault(c, step, "remove it from 'sees'; or give role and fact the purpose that they share in 'for'",
                         "the role '%s' must not see '%s': it may be shown for %s, the role is for %s", role->name,
                         fact->name, facts, own);
    }
}

/* ---- sentences ---- */

typedef struct telling {
    const tb_checker *c;
    const struct tb_role *role;
    const char *step, *reason;
} telling;

static tb_status check_told(void *context, int placeholder, tb_span piece)
{
    const telling *t = context;
    char name[TB_NAME_SIZE];
    if (!placeholder)
        return TB_OK;
    memcpy(name, piece.data, piece.size);
    name[piece.size] = '\0';
    int window = strcmp(name, "from") == 0 || strcmp(name, "until") == 0;
    const tb_fact_declaration *fact = window ? NULL : tb_profile_fact(t->c->profile, name);
    if (fact && !share_a_purpose(fact, t->role)) {
        char facts[100], own[100];
        list_purposes(fact->purposes, fact->purposes_count, facts);
        list_purposes(t->role->purposes, t->role->purposes_count, own);
        tb_checker_fault(t->c, t->step, "use a reason without it; or give role and fact the purpose that they share",
                         "the reason '%s' would show '%s' at the role '%s': it may be shown for %s, the role is for %s",
                         t->reason, name, t->role->name, facts, own);
    }
    return TB_OK;
}

static void check_reason_told(const tb_checker *c, const struct tb_role *role, const char *step, const char *name)
{
    const tb_reason *reason = name ? tb_profile_reason(c->profile, name) : NULL;
    telling t = {c, role, step, name};
    if (!reason || tb_sentence_pieces(reason->ja, check_told, &t) != TB_OK)
        return;
    tb_status status = tb_sentence_pieces(reason->en, check_told, &t);
    (void)status; /* a malformed sentence was told where it stands */
}

static void check_sentences_told(const tb_checker *c, const struct tb_role *role)
{
    const tb_rule *rule = &role->rule;
    for (unsigned i = 0; i < rule->requires_count; i++) {
        char step[32];
        snprintf(step, sizeof step, "requires/%u/else", i);
        check_reason_told(c, role, step, rule->requires[i].otherwise);
    }
    if (rule->window) {
        check_reason_told(c, role, "window/early", rule->window->early);
        check_reason_told(c, role, "window/late", rule->window->late);
    }
    check_reason_told(c, role, "unknown", role->unknown);
    if (role->sign)
        check_reason_told(c, role, "sign/person", role->sign->person);
    if (role->between)
        check_reason_told(c, role, "between/approval", role->between->approval);
}

static tb_status check_sensitive(void *context, int placeholder, tb_span piece)
{
    const tb_checker *c = context;
    char name[TB_NAME_SIZE];
    if (!placeholder)
        return TB_OK;
    memcpy(name, piece.data, piece.size);
    name[piece.size] = '\0';
    const tb_fact_declaration *fact = tb_profile_fact(c->profile, name);
    if (fact && fact->sensitive)
        tb_checker_fault(c, "", "say it without", "'%s' is sensitive and stands in no sentence: others read it too",
                         name);
    return TB_OK;
}

static void check_all_sentences(tb_checker *c)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < p->reasons_count; i++) {
        tb_checker_look_at(c, "reasons/%u/ja", i);
        tb_status status = tb_sentence_pieces(p->reasons[i].ja, check_sensitive, c);
        tb_checker_look_at(c, "reasons/%u/en", i);
        if (status == TB_OK)
            status = tb_sentence_pieces(p->reasons[i].en, check_sensitive, c);
        (void)status; /* as above */
    }
}

void tb_check_purposes(tb_checker *c)
{
    const tb_profile *p = c->profile;
    for (unsigned i = 0; i < p->facts_count; i++) {
        tb_checker_look_at(c, "facts/%u", i);
        check_purpose_list(c, p->facts[i].purposes, p->facts[i].purposes_count);
    }
    for (unsigned i = 0; i < p->roles_count; i++) {
        tb_checker_look_at(c, "roles/%u", i);
        check_purpose_list(c, p->roles[i].purposes, p->roles[i].purposes_count);
        check_seen(c, &p->roles[i]);
        check_sentences_told(c, &p->roles[i]);
    }
    check_all_sentences(c);
}
