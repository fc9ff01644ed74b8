/* profile_check.h: what the parts of the check of a profile share. Each part goes on after a mistake, so that all are
 * told at once. */
#ifndef ACCESS_PROFILE_CHECK_H
#define ACCESS_PROFILE_CHECK_H

#include "access/profile_model.h"
#include "access/profile_source.h"

typedef struct tb_checker {
    tb_profile *profile;
    const tb_source *source;
    tb_findings *findings;
    char path[96]; /* of what is being looked at, without the last step */
} tb_checker;

void tb_checker_look_at(tb_checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A mistake at `step` below what is looked at ("" is that itself). */
void tb_checker_fault(const tb_checker *c, const char *step, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "is 'gate' meant?" or `otherwise`. */
const char *tb_checker_meant(char remedy[80], const char *nearest, const char *otherwise);

/* Everything that a schema cannot say; compiles the expressions. Mistakes are findings; TB_NO_MEMORY. */
tb_status tb_profile_check(tb_profile *profile, const tb_source *source, tb_findings *findings) TB_MUST_CHECK;

/* profile_rules.c: requirements and windows of one owner ("roles/2", "visitors"). */
tb_status tb_check_rule(tb_checker *c, const char *owner, tb_rule *rule) TB_MUST_CHECK;
void tb_check_reason(const tb_checker *c, const char *step, const char *name);
/* Facts' order in time, and each role's window against that of the visitors. After all rules are compiled. */
void tb_check_windows(tb_checker *c);
/* profile_matching.c: by whom and when people are matched at a role. */
void tb_check_matching(const tb_checker *c, struct tb_role *role);
/* profile_consents.c: consents beyond the first, and who is kept after a visit with which of them. */
void tb_check_consents(tb_checker *c);
/* profile_purpose.c: who may be shown what. */
void tb_check_purposes(tb_checker *c);
/* profile_states.c: what status and flag alone decide: lists nobody can be on, entries that come back, journeys. */
void tb_check_states(tb_checker *c);
/* reference.c: what people hold, and who asks for it. */
void tb_check_reference(tb_checker *c);
void tb_check_role_reference(const tb_checker *c, const struct tb_role *role);
/* 1 when after a match at this role its own requirements cannot hold, whatever else is true. */
int tb_role_ends_with_match(const tb_role *role);

#endif
