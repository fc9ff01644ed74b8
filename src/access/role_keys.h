/* role_keys.h: what a role's requirements ask of a touchpoint, taken apart, so that one visit need not be judged at
 * every touchpoint (doc/adr/100). All of it is sound: what it rules out, tb_role_judge would deny. Pure.
 *
 *   alike       touchpoints that no requirement can tell apart get the same verdict: one judgement serves them all
 *   equality    "visit.gate == touchpoint.gate" that has to hold: whoever is looked up by it misses nobody
 *   possible    requirements that name no touchpoint: one that is not met denies everywhere */
#ifndef ACCESS_ROLE_KEYS_H
#define ACCESS_ROLE_KEYS_H

#include <tebura/profile.h>

/* 1 when every attribute that a requirement names has the same value in both, or is unknown in both. */
int tb_role_alike(const tb_role *role, const tb_facts *a, const tb_facts *b);
/* The index-th equality between a text of the visit and an attribute of the touchpoint without which the role admits
 * nobody and calls nobody early. 0 after the last. */
int tb_role_equality(const tb_role *role, size_t index, const char **fact, const char **attribute);
/* 0: the role denies this visit at every touchpoint, whatever its attributes and the time. */
int tb_role_possible(const tb_role *role, const tb_facts *visit);

#endif
