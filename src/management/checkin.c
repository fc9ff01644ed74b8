/* checkin.c: documents in, a booking out, and with consent a face (A1 to A3).
 *
 * K1  Without consent no biometric row comes into being, and a person who says no at a kiosk loses those of an earlier
 *     yes (I4).
 * K2  The same passport is the same person, the same person on the same flight the same booking: a repetition
 *     updates. */
#include "management/service.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tebura/document.h>
#include <tebura/secret.h>

typedef struct checkin {
    const tb_request *request;
    tb_time now;
    tb_date today;
    tb_mrz mrz;
    tb_bcbp pass;
    tb_template *faces; /* one for each model; NULL: without */
    int face_count;
    int refuses_face; /* said no at a terminal */
    char flight[32], seat[8], pnr[8];
    tb_id person, visit;
    tb_role_view role; /* of the terminal, zero at the desk */
    const tb_role *rules;
    tb_held held;
    int by_reference; /* of a visit that the site has told, instead of documents */
} checkin;

static tb_date today_at(const tb_management *m, tb_time now)
{
    tb_date date;
    int offset = m->follow_local_time ? tb_clock_offset() : m->utc_offset_minutes;
    tb_time local = now + offset * TB_MINUTE;
    tb_days_date(local / TB_DAY, &date.year, &date.month, &date.day);
    return date;
}

static int is_before(tb_date a, tb_date b)
{
    return tb_date_days(a.year, a.month, a.day) < tb_date_days(b.year, b.month, b.day);
}

/* Reads and compares the documents. "" or the reason; a status when they cannot be read at all. */
static tb_status judge_documents(checkin *c, const char **reason)
{
    *reason = "";
    c->by_reference = !c->request->mrz[0];
    if (c->by_reference)
        return TB_OK;
    tb_status status = tb_mrz_parse(tb_span_text(c->request->mrz), c->today, &c->mrz, NULL);
    if (status == TB_OK)
        status = tb_bcbp_parse(tb_span_text(c->request->boarding_pass), c->today, &c->pass, NULL);
    if (status == TB_CHECK_DIGIT)
        *reason = "check_digit";
    else if (status == TB_OK && is_before(c->mrz.expires, c->today))
        *reason = "document_expired";
    else if (status == TB_OK && !tb_document_names_agree(&c->mrz, &c->pass))
        *reason = "person_mismatch";
    return status == TB_CHECK_DIGIT ? TB_OK : status;
}

static tb_status leg_flight(const tb_bcbp_leg *leg, tb_date today, char designator[16], char id[32])
{
    tb_date date;
    tb_status status = tb_bcbp_date(leg, today, &date);
    if (status != TB_OK)
        return status;
    snprintf(designator, 16, "%s%s", leg->carrier, leg->flight);
    snprintf(id, 32, "%.12s/%04d-%02d-%02d", designator, date.year % 10000, date.month % 100, date.day % 100);
    return TB_OK;
}

/* Why nobody checks in for this flight with this leg; "" when they may. */
static const char *flight_forbids(const tb_management *m, const tb_flight *flight, const tb_bcbp_leg *leg)
{
    if (flight->cancelled)
        return tb_profile_has_reason(m->profile, "flight_cancelled") ? "flight_cancelled" : "flight_closed";
    if (strcmp(flight->from, leg->from) != 0 || strcmp(flight->to, leg->to) != 0)
        return tb_profile_has_reason(m->profile, "other_route") ? "other_route" : "wrong_day";
    return "";
}

/* The first leg whose flight leaves from here; else why not. */
static tb_status choose_flight(tb_management *m, checkin *c, const char **reason)
{
    tb_status status = TB_NOT_FOUND;
    *reason = "";
    for (int i = 0; i < c->pass.legs; i++) {
        const tb_bcbp_leg *leg = &c->pass.leg[i];
        char designator[16];
        int other_day = 0;
        tb_flight flight;
        status = leg_flight(leg, c->today, designator, c->flight);
        if (status == TB_OK)
            status = tb_flight_get(m->db, c->flight, &flight);
        if (status != TB_OK && status != TB_NOT_FOUND)
            return status;
        int found = status == TB_OK, gone = found && (flight.departed || c->now >= flight.departure);
        if (found && !gone && flight.departure - c->now <= TB_CHECKIN_HORIZON) {
            snprintf(c->seat, sizeof c->seat, "%s", leg->seat);
            snprintf(c->pnr, sizeof c->pnr, "%s", leg->pnr);
            *reason = flight_forbids(m, &flight, leg);
            return TB_OK;
        }
        status = tb_flight_other_day(m->db, designator, c->flight, &other_day);
        if (status != TB_OK)
            return status;
        if (other_day || (found && !gone))
            *reason = "wrong_day";
        else if (gone && !**reason)
            *reason = "flight_departed";
        status = TB_NOT_FOUND;
    }
    return **reason ? TB_OK : status;
}

static tb_status make_person(tb_management *m, checkin *c, const uint8_t hash[32], const char *name)
{
    tb_bytes sealed = {0};
    tb_document_row document = {.expires = tb_date_days(c->mrz.expires.year, c->mrz.expires.month, c->mrz.expires.day) *
                                           TB_DAY};
    c->person = document.person = tb_id_random();
    memcpy(document.number_hash, hash, 32);
    snprintf(document.issuer, sizeof document.issuer, "%s", c->mrz.issuer);
    snprintf(document.kind, sizeof document.kind, "%s", c->mrz.kind);
    tb_status status = tb_person_insert(m->db, c->person, name, c->mrz.nationality, c->now);
    if (status == TB_OK)
        status = tb_seal(&m->keys->document, tb_span_of(c->person.bytes, sizeof c->person.bytes),
                         tb_span_text(c->mrz.number), &sealed);
    document.number_sealed = tb_bytes_span(&sealed);
    if (status == TB_OK)
        status = tb_document_insert(m->db, &document);
    tb_bytes_free(&sealed);
    return status;
}

static tb_status find_person(tb_management *m, checkin *c)
{
    uint8_t hash[32];
    char name[64];
    snprintf(name, sizeof name, "%.31s%s%.31s", c->mrz.given, c->mrz.given[0] && c->mrz.surname[0] ? " " : "",
             c->mrz.surname);
    tb_number_hash(&m->keys->find, c->mrz.number, hash);
    tb_status status = tb_document_find(m->db, hash, c->mrz.issuer, &c->person);
    if (status == TB_OK)
        return tb_person_rename(m->db, c->person, name, c->mrz.nationality);
    return status == TB_NOT_FOUND ? make_person(m, c, hash, name) : status;
}

static int is_among(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += length)
        if ((at == names || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return 1;
    return 0;
}

/* A terminal asks for all of them: one that is not named is a no. */
static tb_status take_further(tb_management *m, const checkin *c)
{
    const char *name;
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && *(name = tb_profile_further_consent(m->profile, i)); i++)
        status = is_among(c->request->also, name) ? tb_further_give_for(m, c->person, name, c->request->touchpoint)
                                                  : tb_further_end(m->db, c->person, name, c->now);
    return status;
}

static tb_status take_face(tb_management *m, checkin *c)
{
    uint8_t text[32];
    if (!c->faces)
        return c->refuses_face ? tb_person_withdraw(m, c->person) : TB_OK; /* K1 */
    tb_sha256(tb_span_text(tb_profile_consent_text(m->profile, "en")), text);
    tb_status status = tb_consent_give(m->db, c->person, c->now, c->request->touchpoint, text);
    if (status == TB_OK)
        status = tb_custody_enrol(m, c->person, c->faces, c->face_count);
    return status == TB_OK ? take_further(m, c) : status;
}

/* What a match at this role does; its profile says so. */
static tb_status advance(tb_management *m, const checkin *c, tb_booking *booking)
{
    tb_facts facts;
    int changed;
    tb_status status = tb_visit_facts(m, booking, &facts);
    if (status == TB_OK && c->rules)
        status = tb_role_apply(c->rules, &facts, &changed);
    if (status != TB_OK)
        return status;
    tb_visit_facts_store(&facts, booking);
    return TB_OK;
}

static tb_status book(tb_management *m, checkin *c)
{
    tb_booking booking = {.id = tb_id_random(), .person = c->person};
    tb_status status = tb_booking_find(m->db, c->person, c->flight, &c->visit);
    if (status == TB_NOT_FOUND) {
        memcpy(booking.flight.id, c->flight, sizeof booking.flight.id);
        c->visit = booking.id;
        status = tb_booking_insert(m->db, &booking, c->now);
    }
    if (status == TB_OK)
        status = tb_booking_get(m->db, c->visit, &booking);
    if (status == TB_OK)
        status = advance(m, c, &booking);
    memcpy(booking.seat, c->seat, sizeof booking.seat);
    memcpy(booking.pnr, c->pnr, sizeof booking.pnr);
    return status == TB_OK ? tb_booking_set(m->db, &booking) : status;
}

/* The site has told of this visit before. */
static tb_status take_visit(tb_management *m, checkin *c)
{
    tb_booking booking;
    tb_status status = tb_booking_get(m->db, c->visit, &booking);
    if (status == TB_OK)
        status = advance(m, c, &booking);
    return status == TB_OK ? tb_booking_set(m->db, &booking) : status;
}

static tb_status fill_answer(tb_management *m, const checkin *c, tb_answer *answer)
{
    tb_booking booking;
    tb_facts facts;
    tb_status status = tb_answer_admitted(answer, c->request, c->visit);
    if (status == TB_OK)
        status = tb_booking_get(m->db, c->visit, &booking);
    if (status == TB_OK)
        status = tb_visit_facts(m, &booking, &facts);
    return status == TB_OK && c->rules ? tb_role_project(c->rules, &facts, &answer->fields) : status;
}

static tb_status record(tb_management *m, const checkin *c)
{
    tb_passage passage = {.at = c->now, .visit = c->visit, .kind = "checkin"};
    snprintf(passage.touchpoint, sizeof passage.touchpoint, "%s", c->request->touchpoint);
    snprintf(passage.role, sizeof passage.role, "%s", c->role.name ? c->role.name : "checkin");
    return tb_passage_record(m, &passage);
}

static tb_status apply(tb_management *m, checkin *c, tb_answer *answer)
{
    tb_status status = c->by_reference ? take_visit(m, c) : find_person(m, c);
    if (status == TB_OK && !c->by_reference)
        status = book(m, c);
    if (status == TB_OK)
        status = take_face(m, c);
    if (status == TB_OK)
        status = tb_person_recompute(m, c->person, c->faces ? TB_RECOMPUTE_RESEND : TB_RECOMPUTE_CHANGES);
    if (status == TB_OK)
        status = fill_answer(m, c, answer);
    if (status == TB_OK)
        status = record(m, c);
    return status == TB_OK ? tb_answer_remember(m, c->request, answer, c->now) : status;
}

/* The live template, judged against the passport's picture. */
static tb_status judge_face(tb_management *m, checkin *c, const char **reason)
{
    *reason = "";
    if (!c->request->consent || c->request->online)
        return TB_OK;
    if (!c->request->probe.size)
        return TB_INVALID_ARGUMENT;
    tb_status status = tb_request_templates(m, c->request, &c->faces, &c->face_count);
    if (status != TB_OK)
        return status;
    /* no document bears a picture: who holds the reference is believed, as with the ticket itself */
    if (c->by_reference)
        return TB_OK;
    float score = c->request->document_score; /* by the model of the probe, which comes first */
    const tb_model *model = tb_service_model(m, c->faces[0].model);
    tb_template probe; /* its head only */
    status = tb_template_head(tb_bytes_span(&c->request->probe), &probe);
    if (status != TB_OK || probe.model != model->id)
        return status == TB_OK ? TB_OTHER_MODEL : status;
    if (!(isfinite(score) && score >= model->calibration.verification))
        *reason = "person_mismatch";
    return status;
}

/* The desk's role: the first that checks in. */
static const tb_role *desk_role(const tb_management *m)
{
    for (size_t i = 0; i < tb_profile_role_count(m->profile); i++) {
        tb_role_view view;
        tb_role_view_of(tb_profile_role_at(m->profile, i), &view);
        if (view.kind == TB_KIND_CHECKIN)
            return tb_profile_role_at(m->profile, i);
    }
    return NULL;
}

/* The visit of this reference, and whether its role's rules let it check in here and now. */
static tb_status choose_visit(tb_management *m, checkin *c, const char **reason)
{
    const tb_terminal *terminal = tb_terminal_find(m, c->request->touchpoint);
    const tb_held_question about = {c->request->boarding_pass, c->rules, terminal ? &terminal->row.attributes : NULL,
                                    c->now};
    *reason = "";
    if (!c->rules)
        return TB_FORBIDDEN;
    tb_status status = tb_visit_of_reference(m, &about, &c->held);
    if (status == TB_NOT_FOUND && c->role.unknown_reason && c->role.unknown_reason[0]) {
        *reason = c->role.unknown_reason;
        return TB_OK;
    }
    c->visit = c->held.booking.id;
    c->person = c->held.booking.person;
    *reason = c->held.verdict.reason;
    return status;
}

/* The same for a number that nobody has and for one that is taken: guessing must not pay. */
static tb_status guard_tries(tb_management *m, checkin *c, const char **reason)
{
    tb_terminal *terminal = tb_terminal_find(m, c->request->touchpoint);
    if (terminal && !tb_tries_are_left(terminal)) {
        *reason = "too_many_tries";
        return TB_OK;
    }
    tb_status status = choose_visit(m, c, reason);
    if (terminal && (status == TB_NOT_FOUND || (status == TB_OK && **reason)))
        tb_tries_count(terminal);
    return status;
}

static tb_status checkin_locked(tb_management *m, checkin *c, tb_answer *answer)
{
    const char *reason;
    tb_status status = tb_answer_before(m, c->request, answer);
    if (status != TB_NOT_FOUND)
        return status;
    const tb_terminal *terminal = tb_terminal_find(m, c->request->touchpoint);
    if (terminal && terminal->role) {
        c->role = terminal->view;
        c->rules = terminal->role;
    }
    if (terminal &&
        (!terminal->role || terminal->view.kind != TB_KIND_CHECKIN || !terminal->view.by_reference != !c->by_reference))
        return TB_FORBIDDEN; /* who checks in with documents takes no number for them, and the other way round */
    if (!c->rules)
        c->rules = desk_role(m);
    c->refuses_face = terminal && !c->request->consent && !c->request->online;
    status = c->by_reference ? guard_tries(m, c, &reason) : choose_flight(m, c, &reason);
    if (status == TB_OK && *reason)
        return tb_answer_refused(answer, c->request, (tb_id){{0}}, reason);
    if (status == TB_OK)
        status = tb_change_begin(m);
    return status == TB_OK ? tb_change_end(m, apply(m, c, answer)) : status;
}

tb_status tb_management_checkin(tb_management *m, const tb_request *request, tb_answer *answer)
{
    checkin *c = tb_secret_alloc(sizeof *c);
    const char *reason = "";
    if (!c)
        return tb_answer_failed(answer, request, TB_NO_MEMORY);
    c->request = request;
    c->now = tb_service_now(m);
    c->today = today_at(m, c->now);
    tb_status status = judge_documents(c, &reason);
    if (status == TB_OK && !*reason)
        status = judge_face(m, c, &reason);
    if (status == TB_OK && *reason) {
        status = tb_answer_refused(answer, request, (tb_id){{0}}, reason);
    } else if (status == TB_OK) {
        tb_service_lock_to_change(m);
        status = checkin_locked(m, c, answer);
        tb_service_unlock_changed(m);
    }
    tb_secret_free(c->faces);
    tb_secret_free(c);
    return status == TB_OK ? TB_OK : tb_answer_failed(answer, request, status);
}
