/* site.h: trying a site's profile out: its rules in every combination of what they look at, and a person's day from
 * one touchpoint to the next. Facts are written as text: "status=staying flag=true room=707 leaving=2d", a time as its
 * distance from noon of the test's day, "name=" takes a fact away. */
#ifndef TESTS_SITE_H
#define TESTS_SITE_H

#include <tebura/profile_check.h>

tb_profile *site_load(const char *name); /* profiles/<name>.yaml; NULL has been told */
tb_profile *site_parse(const char *yaml);
tb_time site_time(const char *text); /* "-90m", "0h", "2d", "10h+1" (a microsecond later) */
void site_set(const tb_profile *profile, tb_facts *facts, const char *text);
tb_facts site_facts(const tb_profile *profile, const char *text);

/* Short words for the rules once more. */
int site_is(const tb_facts *facts, const char *name); /* a bool that is there and true */
int site_same(const tb_facts *visit, const char *fact, const tb_facts *touchpoint, const char *attribute);
tb_time site_at(const tb_facts *visit, const char *time, const char *moved); /* a time of the visit, moved */
/* "" inside [from, until), else the reason; 0 and TB_TIME_NEVER for no such end. */
const char *site_clock(tb_time now, tb_time from, const char *early, tb_time until, const char *late);

/* The rules written down by hand: the reason that `role` has to give, "" when it has to admit. */
typedef const char *(*site_rule)(const tb_profile *profile, const char *role, const tb_facts *visit,
                                 const tb_facts *touchpoint, tb_time now);

typedef struct site_trial {
    const char *visit, *touchpoint; /* what does not change */
    const char *switches[8];        /* each tried as "this|that" */
    const char *edges[16];          /* moments tried, and a microsecond before and after each */
    site_rule rule;                 /* NULL for role: the rule of visitors */
} site_trial;
/* Every role (and the visitors, as role "visitors") x every status x flag x switch x moment. Answers how many. */
size_t site_try(const tb_profile *profile, const site_trial *trial);

typedef struct site_step {
    const char *role, *touchpoint, *when;
    const char *before; /* what changes before this step; may be NULL */
    const char *reason; /* "" admitted, and what the match sets is applied */
} site_step;
void site_follow(const tb_profile *profile, const char *visit, const site_step *steps, size_t count);

/* Whoever is not asked for: no role admits without consent, shows what serves none of its purposes, or tells what is
 * sensitive; no role admits a visit without facts. */
void site_check_privacy(const tb_profile *profile, const char *visit, const char *touchpoint);

#endif
