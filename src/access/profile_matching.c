/* profile_matching.c: how and where a role's people are matched: by the terminal or the server. Fields that only make
 * sense together, or never do, are told here. */
#include "access/profile_check.h"

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

void tb_check_matching(const tb_checker *c, const struct tb_role *role)
{
    if (role->match_at_server)
        check_server(c, role);
}
