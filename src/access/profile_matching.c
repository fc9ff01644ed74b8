/* profile_matching.c: how and where a role's people are matched: by the terminal or the server. Fields that only make
 * sense together, or never do, are told here. */
#include "access/profile_check.h"

#include <stdio.h>
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
    check_group_fact(c, role, "party", TB_VALUE_TEXT, "text");
    if (role->group == TB_GROUP_WITH_CHILDREN)
        check_group_fact(c, role, "children", TB_VALUE_INT, "int");
}

void tb_check_matching(const tb_checker *c, const struct tb_role *role)
{
    if (role->match_at_server)
        check_server(c, role);
    if (role->group != TB_GROUP_ALONE)
        check_group(c, role);
}
