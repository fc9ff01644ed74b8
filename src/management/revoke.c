/* revoke.c: terminals that leave: revoked (not believed any more) or wiped (honest, at the end of their service).
 *
 * X1  From the commit of a revocation on, nothing that the terminal has sealed opens here, it is on no list, and its
 *     key is
 *     among those that the broker turns away. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/bus.h>
#include <tebura/log.h>
#include <tebura/secret.h>

static tb_status seal_order(const tb_key *key, tb_order_kind kind, tb_time now, const char *about, tb_bytes *out)
{
    tb_bytes plain = {0};
    tb_status status = tb_order_encode(&(tb_order){kind, now}, &plain);
    if (status == TB_OK)
        status = tb_seal(key, tb_span_text(about), tb_bytes_span(&plain), out);
    tb_bytes_free(&plain);
    return status;
}

static tb_status order_for(const tb_management *m, const tb_terminal *terminal, tb_order_kind kind, tb_bytes *out)
{
    char subject[TB_SUBJECT_SIZE];
    tb_subject_text(TB_SUBJECT_ORDER, m->site, terminal->row.id, NULL, subject);
    return seal_order(&terminal->to, kind, tb_service_now(m), subject, out);
}

static void forget(tb_management *m, tb_terminal *terminal)
{
    tb_lists_remove(&m->lists, terminal);
    terminal->row.registered = terminal->row.has_broker_key = terminal->row.wiping = 0;
    tb_wipe(&terminal->row.public_key, sizeof terminal->row.public_key);
    tb_wipe(&terminal->row.broker_key, sizeof terminal->row.broker_key);
    tb_wipe(&terminal->from, sizeof terminal->from);
    tb_wipe(&terminal->to, sizeof terminal->to);
    terminal->row.last = (tb_heartbeat){0};
    terminal->row.code_until = 0;
}

/* Inside a change. */
static tb_status end_row(tb_management *m, tb_terminal *terminal)
{
    char code[TB_CODE_SIZE];
    uint8_t nobody_knows[32];
    tb_revoked_row row = {.public_key = terminal->row.public_key,
                          .broker_key = terminal->row.broker_key,
                          .has_broker_key = terminal->row.has_broker_key,
                          .at = tb_service_now(m)};
    snprintf(row.touchpoint, sizeof row.touchpoint, "%s", terminal->row.id);
    tb_code_make(code, nobody_knows);
    tb_wipe(code, sizeof code);
    tb_status status = tb_terminal_empty(m, terminal);
    if (status == TB_OK)
        status = tb_revoked_insert(m->db, &row);
    if (status == TB_OK)
        status = tb_touchpoint_key_set(m->db, terminal->row.id, NULL, NULL, tb_service_now(m));
    return status == TB_OK ? tb_touchpoint_code_set(m->db, terminal->row.id, nobody_knows, 0) : status;
}

static tb_status end_terminal(tb_management *m, tb_terminal *terminal)
{
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, end_row(m, terminal));
    if (status == TB_OK)
        forget(m, terminal);
    return status;
}

static tb_status told(tb_status status, const char *id, tb_error *why)
{
    if (status == TB_CONFLICT)
        return tb_fail(why, status, "no terminal is registered at touchpoint %s", id);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "touchpoint %s: %s", id, tb_status_sentence(status));
}

tb_status tb_management_touchpoint_revoke(tb_management *m, const char *id, tb_bytes *order, tb_error *why)
{
    tb_service_lock_to_change(m);
    tb_terminal *terminal = tb_terminal_find(m, id);
    tb_status status = !terminal ? TB_NOT_FOUND : terminal->row.registered ? TB_OK : TB_CONFLICT;
    if (status == TB_OK)
        status = order_for(m, terminal, TB_ORDER_REVOKED, order);
    if (status == TB_OK)
        status = end_terminal(m, terminal);
    tb_service_unlock_changed(m);
    if (status == TB_OK)
        tb_log(TB_LOG_WARNING, "management", "the terminal of %s is revoked", id);
    return told(status, id, why);
}

tb_status tb_management_touchpoint_wipe(tb_management *m, const char *id, tb_bytes *order, tb_error *why)
{
    tb_service_lock_to_change(m);
    tb_terminal *terminal = tb_terminal_find(m, id);
    tb_status status = !terminal ? TB_NOT_FOUND : terminal->row.registered ? TB_OK : TB_CONFLICT;
    if (status == TB_OK && !terminal->row.wiping) {
        status = tb_change_begin(m);
        if (status == TB_OK) {
            status = tb_terminal_empty(m, terminal);
            if (status == TB_OK)
                status = tb_touchpoint_wiping_set(m->db, id, 1);
            status = tb_change_end(m, status);
        }
        if (status == TB_OK) {
            terminal->row.wiping = 1;
            tb_lists_remove(&m->lists, terminal);
        }
    }
    if (status == TB_OK)
        status = order_for(m, terminal, TB_ORDER_WIPE, order);
    tb_service_unlock_changed(m);
    if (status == TB_OK)
        tb_log(TB_LOG_INFO, "management", "the terminal of %s is told to wipe itself", id);
    return told(status, id, why);
}

tb_status tb_management_standing(tb_management *m, const tb_key *public_key, tb_bytes *order)
{
    tb_revoked_row row;
    tb_key key = {{0}};
    char about[sizeof "standing." + TB_TOUCHPOINT_SIZE];
    tb_order_kind kind = TB_ORDER_REVOKED;
    tb_service_lock(m);
    tb_status status = tb_service_refresh(m);
    if (status == TB_OK)
        status = tb_revoked_get(m->db, public_key, &row);
    for (size_t i = 0; i < m->terminal_count && status == TB_NOT_FOUND; i++) {
        const tb_touchpoint *one = &m->terminals[i]->row;
        if (!one->registered || memcmp(one->public_key.bytes, public_key->bytes, TB_KEY_SIZE) != 0)
            continue;
        status = one->wiping ? TB_OK : TB_CONFLICT;
        kind = TB_ORDER_WIPE;
        snprintf(row.touchpoint, sizeof row.touchpoint, "%s", one->id);
    }
    tb_service_unlock(m);
    if (status == TB_OK)
        status = tb_key_to(&m->keys->own.private_key, public_key, &key);
    if (status == TB_OK) {
        snprintf(about, sizeof about, "standing.%s", row.touchpoint);
        status = seal_order(&key, kind, tb_service_now(m), about, order);
    }
    tb_wipe(&key, sizeof key);
    return status;
}

tb_status tb_management_touchpoint_of_key(tb_management *m, const tb_key *public_key, tb_touchpoint *out)
{
    tb_service_lock(m);
    tb_status status = tb_service_refresh(m);
    if (status == TB_OK)
        status = TB_NOT_FOUND;
    for (size_t i = 0; i < m->terminal_count && status == TB_NOT_FOUND; i++) {
        const tb_touchpoint *one = &m->terminals[i]->row;
        if (!one->registered || one->wiping || memcmp(one->public_key.bytes, public_key->bytes, TB_KEY_SIZE) != 0)
            continue;
        *out = *one;
        status = TB_OK;
    }
    tb_service_unlock(m);
    return status;
}

tb_status tb_management_seal_renewal(tb_management *m, const tb_touchpoint *touchpoint, tb_span registration,
                                     tb_bytes *sealed)
{
    char about[sizeof "renewal." + TB_TOUCHPOINT_SIZE];
    snprintf(about, sizeof about, "renewal.%s", touchpoint->id);
    return tb_seal_to(&m->keys->own.private_key, &touchpoint->public_key, tb_span_text(about), registration, sealed);
}

/* ---- signs of life ---- */

static tb_status take_beat(tb_management *m, const tb_heartbeat *beat, tb_bytes *order, int *gone)
{
    tb_terminal *terminal = tb_terminal_find(m, beat->touchpoint);
    if (!terminal || !terminal->row.registered)
        return TB_UNAUTHORISED;
    terminal->row.last = *beat;
    terminal->heard_at = tb_clock_monotonic();
    tb_marks_heard(m, terminal);
    if (!terminal->row.wiping)
        return TB_OK;
    if (strcmp(beat->state, TB_STATE_WIPED) != 0)
        return order_for(m, terminal, TB_ORDER_WIPE, order);
    tb_status status = end_terminal(m, terminal);
    *gone = status == TB_OK;
    if (*gone)
        tb_log(TB_LOG_INFO, "management", "the terminal of %s has wiped itself", beat->touchpoint);
    return status;
}

tb_status tb_management_heartbeat(tb_management *m, const char *subject, tb_span sealed, tb_bytes *order, int *gone)
{
    char id[TB_TOUCHPOINT_SIZE];
    tb_key from = {{0}}, to = {{0}};
    tb_bytes plain = {0};
    tb_heartbeat beat;
    *gone = 0;
    tb_status status = tb_terminal_of_subject(m, subject, id, &from, &to);
    if (status == TB_OK)
        status = tb_open(&from, tb_span_text(subject), sealed, &plain);
    if (status == TB_OK)
        status = tb_heartbeat_decode(tb_bytes_span(&plain), &beat, NULL);
    if (status == TB_OK && strcmp(beat.touchpoint, id) != 0)
        status = TB_FORBIDDEN;
    if (status == TB_OK) {
        int is_last = strcmp(beat.state, TB_STATE_WIPED) == 0;
        if (is_last)
            tb_service_lock_to_change(m);
        else
            tb_service_lock(m);
        status = take_beat(m, &beat, order, gone);
        if (is_last)
            tb_service_unlock_changed(m);
        else
            tb_service_unlock(m);
    }
    tb_bytes_free(&plain);
    tb_wipe(&from, sizeof from);
    tb_wipe(&to, sizeof to);
    return status;
}
