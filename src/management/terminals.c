/* terminals.c: the terminals of the site: announced, registered once with a code, watched by their heartbeats. */
#include "management/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/profile_check.h>
#include <tebura/log.h>
#include <tebura/secret.h>

tb_terminal *tb_terminal_find(const tb_management *m, const char *id)
{
    return tb_lists_find(&m->lists, id);
}

static tb_status make_room(tb_management *m)
{
    tb_status status = tb_lists_make_room(&m->lists);
    if (status != TB_OK || m->terminal_count < m->terminal_capacity)
        return status;
    size_t grown = m->terminal_capacity ? 2 * m->terminal_capacity : 16;
    tb_terminal **terminals = realloc(m->terminals, grown * sizeof *terminals);
    if (!terminals)
        return TB_NO_MEMORY;
    m->terminals = terminals;
    m->terminal_capacity = grown;
    return TB_OK;
}

tb_status tb_terminal_derive(const tb_management *m, tb_terminal *terminal, const tb_key *public_key)
{
    tb_status status = tb_key_from(&m->keys->own.private_key, public_key, &terminal->from);
    return status == TB_OK ? tb_key_to(&m->keys->own.private_key, public_key, &terminal->to) : status;
}

static tb_status make_terminal(tb_management *m, const tb_touchpoint *row, tb_terminal **out)
{
    tb_status status = make_room(m);
    tb_terminal *terminal = status == TB_OK ? tb_secret_alloc(sizeof *terminal) : NULL;
    *out = terminal;
    if (!terminal)
        return TB_NO_MEMORY;
    terminal->row = *row;
    terminal->committed = row->sequence;
    terminal->role = tb_profile_role(m->profile, row->role);
    if (terminal->role)
        tb_role_view_of(terminal->role, &terminal->view);
    tb_terminal_place(&row->attributes, &terminal->place);
    terminal->tag = -1;
    return TB_OK;
}

/* It was made, hence there is room. */
static void keep(tb_management *m, tb_terminal *terminal)
{
    m->terminals[m->terminal_count++] = terminal;
    tb_lists_know(&m->lists, terminal);
}

static tb_status load_one(void *context, const tb_touchpoint *row)
{
    tb_management *m = context;
    tb_terminal *terminal;
    tb_status status = make_terminal(m, row, &terminal);
    if (status != TB_OK)
        return status;
    if (row->registered)
        status = tb_terminal_derive(m, terminal, &row->public_key);
    if (status != TB_OK) {
        tb_secret_free(terminal);
        return status;
    }
    keep(m, terminal);
    if (!terminal->role)
        tb_log(TB_LOG_WARNING, "management", "touchpoint %s: the profile has no role %s, its list stays empty", row->id,
               row->role);
    tb_terminal_tag(m, terminal);
    return tb_lists_add(&m->lists, terminal);
}

tb_status tb_terminals_load(tb_management *m)
{
    return tb_touchpoint_rows(m->db, load_one, m);
}

/* Everything about it but what only we know: the last heartbeat. */
static tb_status reload_one(void *context, const tb_touchpoint *row)
{
    tb_management *m = context;
    tb_terminal *terminal = tb_terminal_find(m, row->id);
    tb_status status = TB_OK;
    if (!terminal) {
        status = load_one(m, row);
        terminal = status == TB_OK ? tb_terminal_find(m, row->id) : NULL;
        m->gallery_stale |= terminal && terminal->tag >= 0; /* a tag that nobody has yet */
        return status;
    }
    int other_key = row->registered != terminal->row.registered || row->wiping != terminal->row.wiping ||
                    memcmp(&row->public_key, &terminal->row.public_key, sizeof row->public_key) != 0;
    tb_heartbeat last = terminal->row.last;
    if (other_key)
        tb_lists_remove(&m->lists, terminal);
    terminal->row = *row;
    terminal->row.last = last;
    terminal->committed = row->sequence;
    if (other_key && row->registered)
        status = tb_terminal_derive(m, terminal, &row->public_key);
    return status == TB_OK && other_key ? tb_lists_add(&m->lists, terminal) : status;
}

tb_status tb_terminals_reload(tb_management *m)
{
    return tb_touchpoint_rows(m->db, reload_one, m);
}

tb_status tb_terminal_of_subject(tb_management *m, const char *subject, char id[TB_TOUCHPOINT_SIZE], tb_key *from,
                                 tb_key *to)
{
    const char *dot = strrchr(subject, '.');
    tb_service_lock(m);
    tb_status status = tb_service_refresh(m);
    const tb_terminal *terminal = dot && status == TB_OK ? tb_terminal_find(m, dot + 1) : NULL;
    if (terminal && terminal->row.registered) {
        memcpy(id, terminal->row.id, TB_TOUCHPOINT_SIZE);
        *from = terminal->from;
        *to = terminal->to;
    } else if (status == TB_OK) {
        status = TB_UNAUTHORISED;
    }
    tb_service_unlock(m);
    return status;
}

static int id_is_good(const char *id)
{
    size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && length < TB_TOUCHPOINT_SIZE && id[length] == '\0';
}

/* What the role's rules ask of a touchpoint and this one has not: nobody would ever be on its list. NULL. */
static const char *lacking(const tb_role *role, const tb_facts *attributes)
{
    tb_role_terms terms;
    tb_role_terms_of(role, &terms);
    for (size_t i = 0; i < terms.attributes; i++)
        if (!tb_facts_text(attributes, terms.attribute[i])[0])
            return terms.attribute[i]; /* the profile's */
    return NULL;
}

tb_status tb_management_touchpoint_add(tb_management *m, const tb_touchpoint *touchpoint, char code[TB_CODE_SIZE],
                                       tb_error *why)
{
    uint8_t hash[32];
    tb_terminal *terminal = NULL;
    tb_touchpoint row = {.attributes = touchpoint->attributes};
    code[0] = '\0';
    const tb_role *role = tb_profile_role(m->profile, touchpoint->role);
    if (!id_is_good(touchpoint->id))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a touchpoint's id has 1 to 32 of a-z, 0-9 and -");
    if (!role)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the profile has no such role");
    tb_role_view view;
    tb_role_view_of(role, &view);
    snprintf(row.id, sizeof row.id, "%s", touchpoint->id);
    snprintf(row.role, sizeof row.role, "%s", touchpoint->role);
    snprintf(row.zone, sizeof row.zone, "%s", touchpoint->zone[0] ? touchpoint->zone : view.zone);
    tb_service_lock_to_change(m);
    const char *absent = lacking(role, &row.attributes);
    tb_status placed = tb_terminal_place_check(m, &view, &row.attributes, why);
    tb_status status = placed != TB_OK               ? placed
                       : tb_terminal_find(m, row.id) ? TB_EXISTS
                       : absent                      ? TB_INVALID_ARGUMENT
                                                     : make_terminal(m, &row, &terminal);
    if (status == TB_OK)
        status = tb_change_begin(m);
    if (status == TB_OK) {
        tb_code_make(code, hash);
        terminal->row.code_until = row.code_until = tb_service_now(m) + m->code_life;
        status = tb_change_end(m, tb_touchpoint_insert(m->db, &row, hash));
    }
    if (status == TB_OK) {
        tb_terminal_tag(m, terminal);
        keep(m, terminal);
    } else {
        tb_secret_free(terminal);
    }
    tb_service_unlock_changed(m);
    if (status != TB_OK)
        tb_wipe(code, TB_CODE_SIZE);
    if (placed != TB_OK) /* told */
        return placed;
    if (status == TB_INVALID_ARGUMENT && absent)
        return tb_fail(why, status, "touchpoint %s: the rules of the role '%s' need its attribute '%s'", row.id,
                       row.role, absent);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "touchpoint %s: %s", row.id, tb_status_sentence(status));
}

tb_status tb_terminal_empty(tb_management *m, tb_terminal *terminal)
{
    tb_ids visits = {0};
    tb_status status = tb_entries_of_touchpoint(m->db, terminal->row.id, &visits);
    if (status == TB_OK)
        status = tb_later_forget(m->db, terminal->row.id);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++) {
        status = tb_entry_row_remove(m->db, visits.items[i], terminal->row.id);
        if (status == TB_OK)
            status = tb_announce(m, terminal, visits.items[i]);
    }
    tb_ids_free(&visits);
    return status;
}

tb_status tb_management_touchpoints(tb_management *m, tb_touchpoint_fn each, void *context)
{
    tb_service_lock(m);
    tb_status status = tb_service_refresh(m);
    for (size_t i = 0; i < m->terminal_count && status == TB_OK; i++) {
        tb_touchpoint copy = m->terminals[i]->row;
        status = tb_entry_count(m->db, copy.id, &copy.entries);
        if (status == TB_OK)
            status = each(context, &copy);
    }
    tb_service_unlock(m);
    return status;
}
