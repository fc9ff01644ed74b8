/* profile_consents.c: what people are asked for beside the use of their face, and who is kept after a visit. */
#include "access/profile_check.h"

#include <string.h>

#define KEPT_MOST (366 * TB_DAY) /* "until the journey home" is no for ever */

static void check_fact(tb_checker *c, unsigned index)
{
    const tb_profile *p = c->profile;
    const tb_fact_declaration *fact = tb_profile_fact(p, p->consents[index].name);
    tb_checker_look_at(c, "consents/%u", index);
    if (!fact || fact->type != TB_VALUE_BOOL)
        tb_checker_fault(c, "name", "add it under facts with type: bool",
                         "the consent '%.40s' needs a fact of its name, by which rules read it",
                         p->consents[index].name);
    else if (fact->purposes_count)
        tb_checker_fault(c, "name", "remove 'for' from the fact", "whether somebody agreed to '%s' is shown to nobody",
                         fact->name);
}

void tb_check_consents(tb_checker *c)
{
    tb_profile *p = c->profile;
    tb_retention *kept = p->retention;
    char remedy[80];
    for (unsigned i = 0; i < p->consents_count; i++)
        check_fact(c, i);
    if (!kept)
        return;
    tb_checker_look_at(c, "retention");
    if (!tb_profile_further_text(p, kept->consent, "en"))
        tb_checker_fault(
            c, "consent",
            tb_checker_meant(remedy,
                             tb_nearest_name(kept->consent, p->consents, p->consents_count, sizeof *p->consents),
                             "add it under consents"),
            "nobody is kept without having agreed: '%.40s' is no consent of this profile", kept->consent);
    if (tb_duration_parse(kept->duration, &kept->time) != TB_OK || kept->time <= 0)
        tb_checker_fault(c, "for", "write a number and s, m, h or d", "'%s' is no duration such as 90d",
                         kept->duration);
    else if (kept->time > KEPT_MOST)
        tb_checker_fault(c, "for", "write 366d or less", "people are kept for a year at most");
}
