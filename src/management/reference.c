/* reference.c: visits by what their people hold: a reservation's number, a ticket's code.
 *
 * H1  What is held rests as a keyed hash beside the visit, and as the fact or the reference that the site told; an
 *     entry bears a hash that only its own terminal can make (message.h). No log and no history bears it.
 * H2  One code may be of several visits: a season ticket's days. The one that may pass now is meant, else the one whose
 *     time is now, else the nearest to come. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/secret.h>

static void hash_of(const tb_management *m, const char *reference, uint8_t out[32])
{
    char text[TB_REFERENCE_SIZE + 8]; /* passport numbers are hashed by the same key */
    snprintf(text, sizeof text, "held %s", reference);
    tb_keyed_hash(&m->keys->find, tb_span_text(text), out);
    tb_wipe(text, sizeof text);
}

void tb_visit_reference(const tb_management *m, const tb_booking *booking, char out[TB_REFERENCE_SIZE])
{
    const char *fact = tb_profile_reference_fact(m->profile);
    const char *told = fact[0] ? tb_facts_text(&booking->facts, fact) : booking->reference;
    out[0] = '\0';
    if (told[0] && tb_profile_reference_read(m->profile, told, out) != TB_OK)
        out[0] = '\0'; /* no terminal could read it */
}

tb_status tb_visit_hold(tb_management *m, const tb_booking *booking)
{
    char held[TB_REFERENCE_SIZE];
    uint8_t hash[32];
    tb_visit_reference(m, booking, held);
    hash_of(m, held, hash);
    tb_status status = tb_held_set(m->db, booking->id, held[0] ? hash : NULL);
    tb_wipe(held, sizeof held);
    return status;
}

/* ---- which visit is meant ---- */

/* The smaller the better. */
static int rank_of(const tb_verdict *verdict, tb_time now)
{
    return verdict->judgement == TB_ADMIT                         ? 0
           : verdict->from <= now && now < verdict->until         ? 1
           : verdict->judgement != TB_LATE && verdict->from > now ? 2
                                                                  : 3;
}

static int is_better(const tb_verdict *a, const tb_verdict *b, tb_time now)
{
    int ra = rank_of(a, now), rb = rank_of(b, now);
    if (ra != rb)
        return ra < rb;
    return ra == 3 ? a->until > b->until : a->from < b->from;
}

static tb_status look_at(tb_management *m, const tb_held_question *about, tb_id visit, tb_held *best)
{
    tb_held one = {0};
    tb_status status = tb_booking_get(m->db, visit, &one.booking);
    if (status == TB_OK)
        status = tb_visit_facts(m, &one.booking, &one.facts);
    if (status != TB_OK)
        return status;
    one.verdict = tb_role_judge(about->role, &one.facts, about->attributes, about->now);
    if (tb_id_is_zero(best->booking.id) || is_better(&one.verdict, &best->verdict, about->now))
        *best = one;
    tb_wipe(&one, sizeof one);
    return TB_OK;
}

tb_status tb_visit_of_reference(tb_management *m, const tb_held_question *about, tb_held *out)
{
    uint8_t hash[32];
    tb_ids visits = {0};
    tb_id old;
    *out = (tb_held){0};
    hash_of(m, about->reference, hash);
    tb_status status = tb_visits_held(m->db, hash, &visits);
    /* told before there were hashes */
    if (status == TB_OK && !visits.count && !tb_profile_reference_fact(m->profile)[0]) {
        status = tb_booking_by_reference(m->db, about->reference, &old);
        if (status == TB_OK)
            status = look_at(m, about, old, out);
    }
    for (size_t i = 0; i < visits.count && status == TB_OK; i++)
        status = look_at(m, about, visits.items[i], out);
    tb_ids_free(&visits);
    return status == TB_OK && tb_id_is_zero(out->booking.id) ? TB_NOT_FOUND : status;
}

/* ---- the face beside it (E3) ---- */

/* 1:1 with the templates of one person, by the models of the probes; TB_NOT_FOUND: there are none. */
static tb_status compare(tb_management *m, const tb_request *request, tb_id person, int *same)
{
    tb_custody custody = {0};
    tb_template *probes = NULL, *stored = tb_secret_alloc(sizeof *stored);
    int count = 0, compared = 0;
    *same = 0;
    tb_status status = stored ? tb_request_templates(m, request, &probes, &count) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_custody_open(m, person, &custody);
    for (int i = 0; i < custody.count && status == TB_OK; i++)
        for (int p = 0; p < count && status == TB_OK; p++) {
            float score;
            if (custody.rows[i].model != probes[p].model)
                continue;
            status = tb_template_decode(tb_bytes_span(&custody.encoded[i]), probes[p].model, stored);
            if (status == TB_OK)
                status = tb_template_compare(stored, &probes[p], &score);
            compared++;
            *same |= status == TB_OK && score >= tb_service_model(m, probes[p].model)->calibration.verification;
        }
    tb_custody_free(&custody);
    tb_secret_free(probes);
    tb_secret_free(stored);
    return status == TB_OK && !compared ? TB_NOT_FOUND : status;
}

static int64_t day_of(const tb_management *m, tb_time at)
{
    return (at + m->utc_offset_minutes * TB_MINUTE) / TB_DAY;
}

/* A ticket for tomorrow is not "a little early". */
static void name_the_day(const tb_management *m, tb_time now, tb_verdict *verdict)
{
    int other = (verdict->judgement == TB_EARLY && day_of(m, verdict->from) != day_of(m, now)) ||
                (verdict->judgement == TB_LATE && day_of(m, verdict->until) != day_of(m, now));
    if (other)
        snprintf(verdict->reason, sizeof verdict->reason, "wrong_day");
}

static tb_status tell(tb_management *m, const tb_request *request, const tb_role *role, tb_held *held,
                      tb_answer *answer)
{
    name_the_day(m, tb_service_now(m), &held->verdict);
    tb_id visit = held->booking.id;
    if (held->verdict.judgement == TB_ADMIT && !held->booking.visiting)
        return tb_answer_refused(answer, request, visit, "reference_unknown"); /* the site does not know them now */
    tb_status status = held->verdict.judgement == TB_ADMIT
                           ? tb_answer_admitted(answer, request, visit)
                           : tb_answer_refused(answer, request, visit, held->verdict.reason);
    if (status != TB_OK)
        return status;
    return held->verdict.judgement == TB_ADMIT ? tb_role_project(role, &held->facts, &answer->fields)
                                               : tb_role_explain(role, &held->facts, &held->verdict, &answer->fields);
}

static tb_status identify(tb_management *m, const tb_request *request, tb_held *held, tb_answer *answer)
{
    const tb_terminal *terminal = tb_terminal_find(m, request->touchpoint);
    int same = 0;
    if (!terminal || !terminal->role || !terminal->view.asks_server || terminal->view.reference == TB_REFERENCE_NEVER)
        return TB_FORBIDDEN;
    const tb_held_question about = {request->reference, terminal->role, &terminal->row.attributes, tb_service_now(m)};
    tb_status status = tb_visit_of_reference(m, &about, held);
    if (status == TB_NOT_FOUND) {
        status = tb_answer_refused(answer, request, (tb_id){{0}}, "reference_unknown");
        answer->verdict = TB_ANSWER_UNKNOWN;
        return status;
    }
    if (status == TB_OK)
        status = compare(m, request, held->booking.person, &same);
    if (status == TB_NOT_FOUND) /* has not agreed, or not any more */
        return tb_answer_refused(answer, request, (tb_id){{0}}, "no_consent");
    if (status == TB_OK && !same) /* nothing of the one is told to the other */
        return tb_answer_refused(answer, request, held->booking.id, "other_face");
    return status == TB_OK ? tell(m, request, terminal->role, held, answer) : status;
}

tb_status tb_service_identify_held(tb_management *m, const tb_request *request, tb_answer *answer)
{
    tb_held *held = tb_secret_alloc(sizeof *held);
    if (!held)
        return tb_answer_failed(answer, request, TB_NO_MEMORY);
    tb_service_lock(m);
    tb_status status = identify(m, request, held, answer);
    tb_service_unlock(m);
    tb_secret_free(held);
    return status == TB_OK ? TB_OK : tb_answer_failed(answer, request, status);
}
