/* profile_check.h: everything that is wrong with a profile, and in words what a sound one lets each role see and for
 * how long. For people who write profiles (`tebura profile`); the services need profile.h only. */
#ifndef TEBURA_PROFILE_CHECK_H
#define TEBURA_PROFILE_CHECK_H

#include <tebura/profile.h>

#define TB_FINDINGS_MAX 100

typedef struct tb_finding {
    int line;         /* from 1 */
    char cause[240];  /* what is wrong */
    char remedy[400]; /* what to do */
} tb_finding;

/* Ordered by line. `more`: found and not kept. */
typedef struct tb_findings {
    tb_finding *items;
    size_t count, capacity, more;
    int no_memory;
} tb_findings;
void tb_findings_free(tb_findings *findings);

/* Like tb_profile_parse, which tells the first mistake only. TB_OK: *out is sound and there are no findings.
 * TB_MALFORMED: at least one finding, *out NULL; a file whose form is broken is looked at for its meaning only as far
 * as it can be read. TB_TOO_LARGE, TB_NO_MEMORY: as there. `findings` starts as {0} and is freed by the caller. */
tb_status tb_profile_examine(tb_span yaml, tb_profile **out, tb_findings *findings) TB_MUST_CHECK;

/* ---- a sound profile in words; strings are borrowed from it ---- */
#define TB_REQUIREMENTS_MAX 16
#define TB_PURPOSES_MAX 16
#define TB_STEPS_MAX 32
#define TB_STAGES_MAX 4

typedef struct tb_rule_terms {
    size_t count;
    const char *that[TB_REQUIREMENTS_MAX], *otherwise[TB_REQUIREMENTS_MAX];
    const char *from, *until, *early, *late; /* "" without */
} tb_rule_terms;

typedef struct tb_role_terms {
    tb_rule_terms rule;
    const char *lead; /* "" without: how long before the window an entry is delivered */
    int has_list;     /* check-in makes visits and has none, nor has a role that the server matches */
    size_t purposes, sees, told, attributes;
    const char *purpose[TB_PURPOSES_MAX];
    const char *field[TB_FACTS_MAX];      /* in every entry of its list */
    const char *told_field[TB_FACTS_MAX]; /* only in the answer to one person whom it refuses */
    const char *attribute[TB_FACTS_MAX];  /* what a touchpoint of this role has to have */
    const char *status;                   /* set by a match; "" leaves it */
    int flag;                             /* set by a match: 1 on, -1 off, 0 leaves it */
    int ends_with_match;                  /* what a match sets takes the visit off this very list */
} tb_role_terms;
void tb_role_terms_of(const tb_role *role, tb_role_terms *out);
void tb_profile_visitor_terms(const tb_profile *profile, tb_rule_terms *out);
/* Who stays after that; 0 when there is no such index. */
int tb_profile_stage_terms(const tb_profile *profile, size_t index, tb_rule_terms *out);

typedef struct tb_fact_terms {
    const char *name, *type; /* "bool", "int", "time", "text" */
    const char *after;       /* the time that it never comes before; "" */
    int sensitive, shared;   /* shared: the occasion's */
    size_t purposes;
    const char *purpose[TB_PURPOSES_MAX];
} tb_fact_terms;

typedef struct tb_journey_terms {
    const char *name, *title_ja, *title_en;
    size_t steps;
    const char *step[TB_STEPS_MAX];
} tb_journey_terms;

typedef struct tb_named { /* a purpose or zone with its titles, a reason with its sentences */
    const char *name, *ja, *en;
} tb_named;

/* 0 when there is no such index. */
int tb_profile_fact_at(const tb_profile *profile, size_t index, tb_fact_terms *out);
int tb_profile_journey_at(const tb_profile *profile, size_t index, tb_journey_terms *out);
int tb_profile_purpose_at(const tb_profile *profile, size_t index, tb_named *out);
int tb_profile_zone_at(const tb_profile *profile, size_t index, tb_named *out);
int tb_profile_consent_at(const tb_profile *profile, size_t index, tb_named *out);
int tb_profile_reason_at(const tb_profile *profile, size_t index, tb_named *out);
/* How an operator's screen calls a status, a fact or a reason, in a word or two. */
int tb_profile_word_at(const tb_profile *profile, size_t index, tb_named *out);

#endif
