/* lists.h: from a visit's facts to the terminals whose lists it may be on, without asking every terminal (doc/adr/100).
 *
 * Terminals with a list are grouped: a group holds those of one role that no requirement of it can tell apart. A role's
 * groups are found by the values of the attributes that its requirements compare with facts of the visit.
 *
 *  L1  A terminal is in exactly one group when it has a list (tb_lists_has_list), else in none.
 *  L2  All terminals of a group get the same verdict for the same visit and time.
 *  L3  A group that tb_lists_first and _next do not give is denied to the visit.
 *
 * Called with the mutex held, like everything here. */
#ifndef MANAGEMENT_LISTS_H
#define MANAGEMENT_LISTS_H

#include <tebura/management.h>

typedef struct tb_terminal tb_terminal;

typedef struct tb_group {
    tb_terminal **terminals; /* at least one */
    size_t count, capacity;
    uint64_t hash;
    struct tb_group *next; /* in the same place */
} tb_group;

#define TB_LIST_KEYS 8 /* equalities that are used; further ones are judged */

typedef struct tb_role_lists {
    const tb_role *role;
    size_t keys;
    const char *fact[TB_LIST_KEYS], *attribute[TB_LIST_KEYS];
    tb_group **places; /* a power of two of them, NULL before the first */
    size_t place_count, group_count;
} tb_role_lists;

typedef struct tb_lists {
    tb_role_lists *roles; /* of the profile, in its order */
    size_t role_count;
    tb_terminal **by_id; /* every terminal; open addressing, a power of two */
    size_t by_id_size, by_id_count;
} tb_lists;

tb_status tb_lists_open(tb_lists *lists, const tb_profile *profile) TB_MUST_CHECK;
void tb_lists_free(tb_lists *lists);

/* Every terminal, once; it is found from then on. There has to be room for it. */
tb_status tb_lists_make_room(tb_lists *lists) TB_MUST_CHECK;
void tb_lists_know(tb_lists *lists, tb_terminal *terminal);
tb_terminal *tb_lists_find(const tb_lists *lists, const char *id); /* NULL */

/* Has it a list? Its role is in the profile and keeps one, and it is registered. */
int tb_lists_has_list(const tb_terminal *terminal);
/* After tb_lists_has_list has become true: visits are judged for it from now on. TB_NO_MEMORY: as before. */
tb_status tb_lists_add(tb_lists *lists, tb_terminal *terminal) TB_MUST_CHECK;
/* Revoked, or registered in vain. One that is in no group is left alone. */
void tb_lists_remove(tb_lists *lists, tb_terminal *terminal);

/* The groups of a role that may admit a visit with these facts. */
tb_group *tb_lists_first(const tb_role_lists *role, const tb_facts *visit);
tb_group *tb_lists_next(const tb_role_lists *role, const tb_facts *visit, const tb_group *group);

#endif
