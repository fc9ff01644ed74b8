/* registrations.c: one-time codes, and the terminals that bring them. A code is known by its hash alone; whoever tries
 * codes is counted, told so in the log, and not heard for a while. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define WRONG_MOST 10
#define WRONG_SPAN (10 * TB_MINUTE)

void tb_code_make(char code[TB_CODE_SIZE], uint8_t hash[32])
{
    uint8_t random[(TB_CODE_SIZE - 1) / 2];
    tb_random(random, sizeof random);
    tb_hex_encode(tb_span_of(random, sizeof random), code);
    tb_sha256(tb_span_text(code), hash);
    tb_wipe(random, sizeof random);
}

tb_status tb_management_touchpoint_code(tb_management *m, const char *id, char code[TB_CODE_SIZE], tb_time *until,
                                        tb_error *why)
{
    uint8_t hash[32];
    code[0] = '\0';
    tb_service_lock_to_change(m);
    tb_terminal *terminal = tb_terminal_find(m, id);
    tb_status status = !terminal ? TB_NOT_FOUND : terminal->row.registered ? TB_CONFLICT : tb_change_begin(m);
    if (status == TB_OK) {
        tb_code_make(code, hash);
        *until = tb_service_now(m) + m->code_life;
        status = tb_change_end(m, tb_touchpoint_code_set(m->db, id, hash, *until));
    }
    if (status == TB_OK)
        terminal->row.code_until = *until;
    tb_service_unlock_changed(m);
    if (status != TB_OK)
        tb_wipe(code, TB_CODE_SIZE);
    if (status == TB_CONFLICT)
        return tb_fail(why, status, "touchpoint %s is registered: revoke or wipe its terminal first", id);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "touchpoint %s: %s", id, tb_status_sentence(status));
}

/* ---- who tries ---- */

/* The place of a source; the one that was silent longest makes room. */
static tb_source *source_of(tb_management *m, const char *name)
{
    tb_source *oldest = &m->sources[0];
    for (int i = 0; i < TB_SOURCES; i++) {
        tb_source *source = &m->sources[i];
        if (source->wrong && strcmp(source->name, name) == 0)
            return source;
        if (source->since < oldest->since)
            oldest = source;
    }
    *oldest = (tb_source){0};
    snprintf(oldest->name, sizeof oldest->name, "%s", name);
    return oldest;
}

static int is_heard(tb_management *m, tb_source *source)
{
    tb_time now = tb_service_now(m);
    if (source->wrong && (now - source->since > WRONG_SPAN || now < source->since))
        source->wrong = 0;
    return source->wrong < WRONG_MOST;
}

static void note_wrong(tb_management *m, tb_source *source)
{
    if (source->wrong++ == 0 || source->wrong == WRONG_MOST) /* from the last one on nothing is heard for a while */
        source->since = tb_service_now(m);
    tb_log(TB_LOG_WARNING, "management", "a registration code from %s is wrong, used or expired (%d in a row)%s",
           source->name[0] ? source->name : "an unknown place", source->wrong,
           source->wrong >= WRONG_MOST ? ": not heard for ten minutes" : "");
}

/* ---- registering ---- */

/* A key of small order would make every seal readable: no key is derived from it. */
static int key_is_good(tb_management *m, const tb_key *key)
{
    tb_key derived = {{0}};
    tb_status status = tb_key_to(&m->keys->own.private_key, key, &derived);
    tb_wipe(&derived, sizeof derived);
    return status == TB_OK;
}

static int same_key(const tb_key *a, const tb_key *b)
{
    return tb_equal_constant_time(tb_span_of(a->bytes, TB_KEY_SIZE), tb_span_of(b->bytes, TB_KEY_SIZE));
}

/* The same terminal whose answer was lost may ask again; nobody else. */
static int is_the_same(const tb_touchpoint *row, const tb_touchpoint_claim *claim)
{
    return same_key(&row->public_key, claim->public_key) && row->has_broker_key == (claim->broker_key != NULL) &&
           (!claim->broker_key || same_key(&row->broker_key, claim->broker_key));
}

static tb_status take_in(tb_management *m, tb_terminal *terminal, const tb_touchpoint_claim *claim)
{
    tb_touchpoint before = terminal->row;
    tb_status status = tb_terminal_derive(m, terminal, claim->public_key);
    if (status == TB_OK)
        status = tb_change_begin(m);
    if (status != TB_OK)
        return status;
    terminal->row.registered = 1;
    terminal->row.forgotten = 0;
    terminal->row.public_key = *claim->public_key;
    terminal->row.has_broker_key = claim->broker_key != NULL;
    if (claim->broker_key)
        terminal->row.broker_key = *claim->broker_key;
    status = tb_touchpoint_key_set(m->db, terminal->row.id, claim->public_key, claim->broker_key, tb_service_now(m));
    if (status == TB_OK)
        status = tb_lists_add(&m->lists, terminal);
    if (status == TB_OK)
        status = tb_recompute_terminal(m, terminal);
    if (status == TB_OK)
        status = tb_visits_tag(m, terminal);
    status = tb_change_end(m, status);
    if (status != TB_OK) {
        tb_lists_remove(&m->lists, terminal);
        before.sequence = terminal->row.sequence;
        terminal->row = before;
    }
    return status;
}

static tb_status register_at(tb_management *m, const tb_touchpoint_claim *claim, tb_touchpoint *out)
{
    uint8_t hash[32];
    char id[TB_TOUCHPOINT_SIZE];
    tb_revoked_row revoked;
    tb_sha256(tb_span_text(claim->code), hash);
    tb_status status = tb_touchpoint_by_code(m->db, hash, id);
    if (status != TB_OK)
        return status == TB_NOT_FOUND ? TB_UNAUTHORISED : status;
    tb_terminal *terminal = tb_terminal_find(m, id);
    if (!terminal)
        return TB_INTERNAL;
    if (terminal->row.registered) {
        *out = terminal->row;
        return is_the_same(&terminal->row, claim) ? TB_OK : TB_UNAUTHORISED;
    }
    status = tb_revoked_get(m->db, claim->public_key, &revoked);
    if (status == TB_OK || tb_service_now(m) > terminal->row.code_until) /* a revoked key is never taken again (T2) */
        return TB_UNAUTHORISED;
    if (status == TB_NOT_FOUND)
        status = take_in(m, terminal, claim);
    *out = terminal->row;
    return status;
}

tb_status tb_management_touchpoint_claim(tb_management *m, const tb_touchpoint_claim *claim, tb_touchpoint *out,
                                         tb_error *why)
{
    *out = (tb_touchpoint){0};
    if (!key_is_good(m, claim->public_key))
        return tb_fail(why, TB_INVALID_ARGUMENT, "this is no public key");
    tb_service_lock_to_change(m);
    tb_source *source = source_of(m, claim->source ? claim->source : "");
    tb_status status = is_heard(m, source) ? register_at(m, claim, out) : TB_TOO_OFTEN;
    if (status == TB_UNAUTHORISED)
        note_wrong(m, source);
    tb_service_unlock_changed(m);
    if (status == TB_OK)
        return TB_OK;
    *out = (tb_touchpoint){0};
    if (status == TB_UNAUTHORISED)
        return tb_fail(
            why, status,
            "the code is unknown, has expired or was used by another terminal: ask the operator for a new one");
    return tb_fail(why, status, "%s", tb_status_sentence(status));
}

tb_status tb_management_touchpoint_register(tb_management *m, const char *code, const tb_key *public_key,
                                            tb_touchpoint *out, tb_error *why)
{
    const tb_touchpoint_claim claim = {.code = code, .public_key = public_key};
    return tb_management_touchpoint_claim(m, &claim, out, why);
}

/* ---- revoked keys ---- */

typedef struct telling {
    tb_revoked_fn each;
    void *context;
} telling;

static tb_status tell(void *context, const tb_revoked_row *row)
{
    const telling *t = context;
    return row->has_broker_key ? t->each(t->context, &row->broker_key, row->at) : TB_OK;
}

tb_status tb_management_revoked(tb_management *m, tb_revoked_fn each, void *context)
{
    tb_service_lock(m);
    tb_status status = tb_revoked_rows(m->db, tell, &(telling){each, context});
    tb_service_unlock(m);
    return status;
}
