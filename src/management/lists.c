/* lists.c: see lists.h. */
#include "management/lists.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "access/role_keys.h"
#include "management/service.h"

/* FNV-1a, the NUL included, so that "a" + "bc" is not "ab" + "c". */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
    while (*text++);
    return hash;
}
#define HASH_START UINT64_C(14695981039346656037)

tb_status tb_lists_open(tb_lists *lists, const tb_profile *profile)
{
    size_t count = tb_profile_role_count(profile);
    *lists = (tb_lists){.roles = calloc(count ? count : 1, sizeof *lists->roles), .role_count = count};
    if (!lists->roles)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        tb_role_lists *role = &lists->roles[i];
        role->role = tb_profile_role_at(profile, i);
        while (role->keys < TB_LIST_KEYS &&
               tb_role_equality(role->role, role->keys, &role->fact[role->keys], &role->attribute[role->keys]))
            role->keys++;
    }
    return TB_OK;
}

static void free_group(tb_group *group)
{
    free(group->terminals);
    free(group);
}

void tb_lists_free(tb_lists *lists)
{
    for (size_t i = 0; lists->roles && i < lists->role_count; i++) {
        tb_role_lists *role = &lists->roles[i];
        for (size_t p = 0; p < role->place_count; p++)
            for (tb_group *group = role->places[p], *next; group; group = next) {
                next = group->next;
                free_group(group);
            }
        free(role->places);
    }
    free(lists->roles);
    free(lists->by_id);
    *lists = (tb_lists){0};
}

/* ---- by id ---- */

static tb_terminal **place_of(tb_terminal **table, size_t size, const char *id)
{
    size_t place = hash_text(HASH_START, id) & (size - 1);
    while (table[place] && strcmp(table[place]->row.id, id) != 0)
        place = (place + 1) & (size - 1); /* ends: the table is never full */
    return &table[place];
}

tb_status tb_lists_make_room(tb_lists *lists)
{
    if (2 * (lists->by_id_count + 1) <= lists->by_id_size)
        return TB_OK;
    size_t size = lists->by_id_size ? 2 * lists->by_id_size : 64;
    tb_terminal **table = calloc(size, sizeof *table);
    if (!table)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < lists->by_id_size; i++)
        if (lists->by_id[i])
            *place_of(table, size, lists->by_id[i]->row.id) = lists->by_id[i];
    free(lists->by_id);
    lists->by_id = table;
    lists->by_id_size = size;
    return TB_OK;
}

void tb_lists_know(tb_lists *lists, tb_terminal *terminal)
{
    assert(2 * (lists->by_id_count + 1) <= lists->by_id_size);
    tb_terminal **place = place_of(lists->by_id, lists->by_id_size, terminal->row.id);
    assert(!*place && "ids are unique");
    *place = terminal;
    lists->by_id_count++;
}

tb_terminal *tb_lists_find(const tb_lists *lists, const char *id)
{
    return lists->by_id_size ? *place_of(lists->by_id, lists->by_id_size, id) : NULL;
}

/* ---- groups ---- */

int tb_lists_has_list(const tb_terminal *terminal)
{
    return terminal->role && terminal->view.kind != TB_KIND_CHECKIN && !terminal->view.match_at_server &&
           terminal->row.registered && !terminal->row.wiping;
}

static tb_role_lists *lists_of(const tb_lists *lists, const tb_role *role)
{
    for (size_t i = 0; i < lists->role_count; i++)
        if (lists->roles[i].role == role)
            return &lists->roles[i];
    return NULL;
}

static uint64_t hash_terminal(const tb_role_lists *role, const tb_facts *attributes)
{
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < role->keys; i++)
        hash = hash_text(hash, tb_facts_text(attributes, role->attribute[i]));
    return hash;
}

static uint64_t hash_visit(const tb_role_lists *role, const tb_facts *visit)
{
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < role->keys; i++)
        hash = hash_text(hash, tb_facts_text(visit, role->fact[i]));
    return hash;
}

static tb_status make_places(tb_role_lists *role)
{
    if (role->group_count < role->place_count)
        return TB_OK;
    size_t count = role->place_count ? 2 * role->place_count : 4;
    tb_group **places = calloc(count, sizeof *places);
    if (!places)
        return TB_NO_MEMORY;
    for (size_t p = 0; p < role->place_count; p++)
        for (tb_group *group = role->places[p], *next; group; group = next) {
            next = group->next;
            group->next = places[group->hash & (count - 1)];
            places[group->hash & (count - 1)] = group;
        }
    free(role->places);
    role->places = places;
    role->place_count = count;
    return TB_OK;
}

/* The group that it belongs to; a new and empty one when there is none. NULL: no memory. */
static tb_group *group_for(tb_role_lists *role, const tb_facts *attributes)
{
    uint64_t hash = hash_terminal(role, attributes);
    if (make_places(role) != TB_OK)
        return NULL;
    tb_group **place = &role->places[hash & (role->place_count - 1)], *group = *place;
    while (group &&
           !(group->hash == hash && tb_role_alike(role->role, &group->terminals[0]->row.attributes, attributes)))
        group = group->next;
    if (group)
        return group;
    group = calloc(1, sizeof *group);
    if (!group)
        return NULL;
    group->hash = hash;
    group->next = *place;
    *place = group;
    role->group_count++;
    return group;
}

static void drop_if_empty(tb_role_lists *role, tb_group *group)
{
    tb_group **link = &role->places[group->hash & (role->place_count - 1)];
    if (group->count)
        return;
    while (*link != group)
        link = &(*link)->next;
    *link = group->next;
    role->group_count--;
    free_group(group);
}

tb_status tb_lists_add(tb_lists *lists, tb_terminal *terminal)
{
    if (!tb_lists_has_list(terminal) || terminal->group)
        return TB_OK;
    tb_role_lists *role = lists_of(lists, terminal->role);
    assert(role && "a terminal's role is the profile's");
    tb_group *group = group_for(role, &terminal->row.attributes);
    if (!group)
        return TB_NO_MEMORY;
    if (group->count == group->capacity) {
        size_t grown = group->capacity ? 2 * group->capacity : 2;
        tb_terminal **terminals = realloc(group->terminals, grown * sizeof *terminals);
        if (!terminals) {
            drop_if_empty(role, group);
            return TB_NO_MEMORY;
        }
        group->terminals = terminals;
        group->capacity = grown;
    }
    group->terminals[group->count++] = terminal;
    terminal->group = group; /* L1 */
    return TB_OK;
}

void tb_lists_remove(tb_lists *lists, tb_terminal *terminal)
{
    tb_group *group = terminal->group;
    if (!group)
        return;
    size_t place = 0;
    while (group->terminals[place] != terminal)
        place++;
    group->terminals[place] = group->terminals[--group->count];
    terminal->group = NULL;
    drop_if_empty(lists_of(lists, terminal->role), group);
}

/* ---- looking up ---- */

/* The next group from here on whose key is the visit's. Others of the same place are told apart by the values, so that
 * two keys of one hash cost a judgement less. */
static tb_group *matching(const tb_role_lists *role, const tb_facts *visit, uint64_t hash, tb_group *group)
{
    for (; group; group = group->next) {
        const tb_facts *attributes = &group->terminals[0]->row.attributes;
        size_t same = 0;
        if (group->hash != hash)
            continue;
        while (same < role->keys &&
               strcmp(tb_facts_text(visit, role->fact[same]), tb_facts_text(attributes, role->attribute[same])) == 0)
            same++;
        if (same == role->keys)
            return group;
    }
    return NULL;
}

tb_group *tb_lists_first(const tb_role_lists *role, const tb_facts *visit)
{
    if (!role->group_count)
        return NULL;
    for (size_t i = 0; i < role->keys; i++)
        if (!tb_facts_text(visit, role->fact[i])[0]) /* unknown equals nothing */
            return NULL;
    if (role->group_count > 1 && !tb_role_possible(role->role, visit))
        return NULL;
    uint64_t hash = hash_visit(role, visit);
    return matching(role, visit, hash, role->places[hash & (role->place_count - 1)]);
}

tb_group *tb_lists_next(const tb_role_lists *role, const tb_facts *visit, const tb_group *group)
{
    return matching(role, visit, group->hash, group->next);
}
