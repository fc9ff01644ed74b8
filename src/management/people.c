/* people.c: people, their documents, instruments and things, and how all that ends. */
#include "management/service.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <tebura/profile_check.h>
#include <tebura/log.h>
#include <tebura/secret.h>

#include "wire/text.h"

void tb_number_hash(const tb_key *find, const char *number, uint8_t out[32])
{
    char plain[32];
    size_t length = 0;
    for (; *number && length < sizeof plain - 1; number++)
        if (isalnum((unsigned char)*number))
            plain[length++] = (char)toupper((unsigned char)*number);
    tb_keyed_hash(find, tb_span_of(plain, length), out);
    tb_wipe(plain, sizeof plain);
}

tb_status tb_person_recompute(tb_management *m, tb_id person, tb_recompute how)
{
    tb_ids visits = {0};
    tb_status status = tb_bookings_of_person(m->db, person, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++) {
        tb_booking booking;
        tb_facts facts;
        status = tb_booking_get(m->db, visits.items[i], &booking);
        if (status == TB_OK)
            status = tb_visit_facts(m, &booking, &facts);
        if (status == TB_OK)
            status = tb_visit_follow(m, &booking, &facts, how);
    }
    tb_ids_free(&visits);
    return status;
}

/* Nobody is kept without a visit and without having agreed to it (W3). */
static tb_status let_go(tb_management *m, tb_id person)
{
    tb_time duration;
    tb_ids visits = {0};
    int holds = 0;
    const char *consent = tb_profile_retention(m->profile, &duration);
    tb_status status = tb_person_exists(m->db, person);
    if (status == TB_NOT_FOUND) /* gone with their last visit */
        return TB_OK;
    if (status == TB_OK)
        status = tb_bookings_of_person(m->db, person, &visits);
    if (status == TB_OK && consent)
        status = tb_further_holds(m->db, person, consent, &holds);
    int open = visits.count > 0;
    tb_ids_free(&visits);
    return status == TB_OK && !open && !holds ? tb_person_erase(m, person) : status;
}

tb_status tb_person_withdraw(tb_management *m, tb_id person)
{
    tb_status status = tb_custody_destroy(m, person);
    if (status == TB_OK)
        status = tb_consent_end(m->db, person, tb_service_now(m));
    if (status == TB_OK)
        status = tb_further_end(m->db, person, NULL, tb_service_now(m));
    return status == TB_OK ? tb_person_recompute(m, person, TB_RECOMPUTE_CHANGES) : status;
}

static tb_status withdraw_and_let_go(tb_management *m, tb_id person)
{
    tb_status status = tb_person_withdraw(m, person);
    return status == TB_OK ? let_go(m, person) : status;
}

static tb_status remove_owned(tb_management *m, tb_id person)
{
    tb_status (*const steps[])(tb_db *, tb_id) = {tb_template_rows_remove, tb_consents_remove, tb_documents_remove,
                                                  tb_instruments_remove,   tb_items_remove,    tb_person_remove};
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == TB_OK; i++)
        status = steps[i](m->db, person);
    return status;
}

tb_status tb_person_erase(tb_management *m, tb_id person)
{
    tb_ids visits = {0};
    tb_status status = tb_custody_destroy(m, person); /* the key first (I5) */
    if (status == TB_OK)
        status = tb_bookings_of_person(m->db, person, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++)
        status = tb_visit_forget(m, visits.items[i]);
    tb_ids_free(&visits);
    return status == TB_OK ? remove_owned(m, person) : status;
}

/* One change about one person who must exist. */
static tb_status change_person(tb_management *m, tb_id person, tb_status (*act)(tb_management *, tb_id), tb_error *why)
{
    tb_service_lock_to_change(m);
    tb_status status = tb_person_exists(m->db, person);
    if (status == TB_OK)
        status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, act(m, person));
    tb_service_unlock_changed(m);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such person");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}

tb_status tb_management_person_delete(tb_management *m, tb_id person, tb_error *why)
{
    return change_person(m, person, tb_person_erase, why);
}

tb_status tb_management_consent_withdraw(tb_management *m, tb_id person, tb_error *why)
{
    return change_person(m, person, withdraw_and_let_go, why);
}

tb_status tb_further_give_for(tb_management *m, tb_id person, const char *name, const char *touchpoint)
{
    uint8_t text[32];
    tb_sha256(tb_span_text(tb_profile_further_text(m->profile, name, "en")), text);
    return tb_further_give(m->db, person, name, tb_service_now(m), touchpoint, text);
}

static tb_status set_further(tb_management *m, tb_id person, const char *name, int agreed)
{
    tb_person_summary about;
    tb_status status = tb_person_summarise(m->db, person, &about);
    if (status == TB_OK && agreed && !about.consent)
        return TB_NO_CONSENT;
    if (status == TB_OK)
        status =
            agreed ? tb_further_give_for(m, person, name, "") : tb_further_end(m->db, person, name, tb_service_now(m));
    if (status == TB_OK)
        status = tb_person_recompute(m, person, TB_RECOMPUTE_CHANGES);
    return status == TB_OK ? let_go(m, person) : status;
}

tb_status tb_management_further_consent(tb_management *m, tb_id person, const char *name, int agreed, tb_error *why)
{
    if (!tb_profile_further_text(m->profile, name, "en"))
        return tb_fail(why, TB_NOT_FOUND, "this site's profile has no consent '%.31s' beside the first one", name);
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, set_further(m, person, name, agreed));
    tb_service_unlock(m);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such person");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}

/* What an operator may read of a visit that the site has told: what the profile shows to anybody at all. */
static tb_facts main_facts(const tb_management *m, const tb_booking *booking)
{
    tb_facts out = {0};
    tb_fact_terms fact;
    for (size_t i = 0; tb_profile_fact_at(m->profile, i, &fact); i++) {
        const tb_fact *told = tb_facts_get(&booking->facts, fact.name);
        int shown = told && told->kind == TB_FACT_TEXT && told->text[0] && fact.purposes && !fact.sensitive;
        if (shown && tb_facts_set(&out, told) != TB_OK)
            break;
    }
    return out;
}

/* Of several bookings the console shows the one that is in the visitor database, else that of the latest flight. */
static tb_status summarise(tb_management *m, tb_id person, tb_person_summary *out)
{
    tb_ids visits = {0};
    tb_booking booking;
    tb_status status = tb_person_summarise(m->db, person, out);
    if (status == TB_OK)
        status = tb_bookings_of_person(m->db, person, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++) {
        int64_t lists = 0;
        status = tb_booking_get(m->db, visits.items[i], &booking);
        if (status == TB_OK)
            status = tb_entry_count_of_visit(m->db, visits.items[i], &lists);
        if (status != TB_OK || (i > 0 && (out->in_visitor_db || !booking.visiting)))
            continue;
        snprintf(out->flight, sizeof out->flight, "%s", booking.flight.id);
        snprintf(out->seat, sizeof out->seat, "%s", booking.seat);
        snprintf(out->status, sizeof out->status, "%s", tb_profile_status_name(m->profile, booking.status));
        snprintf(out->reference, sizeof out->reference, "%s", booking.reference);
        out->facts = main_facts(m, &booking);
        out->flag = booking.flag;
        out->in_visitor_db = booking.visiting;
        out->lists = (int)lists;
        out->visit = booking.id;
    }
    tb_ids_free(&visits);
    return status;
}

tb_status tb_management_people(tb_management *m, tb_person_fn each, void *context)
{
    tb_ids people = {0};
    tb_service_lock(m);
    tb_status status = tb_persons(m->db, &people);
    for (size_t i = 0; i < people.count && status == TB_OK; i++) {
        tb_person_summary summary;
        status = summarise(m, people.items[i], &summary);
        if (status == TB_OK)
            status = each(context, &summary);
        else if (status == TB_NOT_FOUND) /* another server has deleted them meanwhile */
            status = TB_OK;
    }
    tb_ids_free(&people);
    tb_service_unlock(m);
    return status;
}

static tb_status find(tb_management *m, const char *number, tb_id *person)
{
    uint8_t hash[32];
    tb_number_hash(&m->keys->find, number, hash);
    return tb_document_find(m->db, hash, NULL, person);
}

tb_status tb_management_person_find(tb_management *m, const char *passport_number, tb_id *person)
{
    tb_service_lock(m);
    tb_status status = find(m, passport_number, person);
    tb_service_unlock(m);
    return status;
}

static tb_status make_instrument(tb_management *m, tb_id person, const char *kind, const char *token, const char *pin,
                                 tb_instrument *out)
{
    *out = (tb_instrument){.id = tb_id_random(), .person = person};
    snprintf(out->kind, sizeof out->kind, "%s", kind);
    tb_status status = tb_seal(&m->keys->token, tb_span_of(out->id.bytes, sizeof out->id.bytes), tb_span_text(token),
                               &out->token_sealed);
    if (status == TB_OK && pin)
        status = tb_password_hash(pin, out->pin_hash);
    return status;
}

static tb_status store_instrument(tb_management *m, const tb_instrument *made)
{
    tb_status status = tb_person_exists(m->db, made->person);
    if (status == TB_OK)
        status = tb_instrument_insert(m->db, made, tb_service_now(m));
    return status == TB_OK ? tb_person_recompute(m, made->person, TB_RECOMPUTE_CHANGES) : status;
}

tb_status tb_management_instrument_add(tb_management *m, tb_id person, const char *kind, const char *token,
                                       const char *pin, tb_id *instrument, tb_error *why)
{
    tb_instrument made = {0};
    if (!*kind || strlen(kind) >= sizeof made.kind || !*token || strlen(token) > 512)
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "an instrument has a kind (1 to 31 characters) and a token (1 to 512)");
    if (pin && (strlen(pin) < 4 || strlen(pin) > 12 || pin[strspn(pin, "0123456789")]))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a PIN has 4 to 12 digits");
    /* hashing takes its time: without the lock */
    tb_status status = make_instrument(m, person, kind, token, pin, &made);
    tb_service_lock(m);
    if (status == TB_OK)
        status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, store_instrument(m, &made));
    tb_service_unlock(m);
    *instrument = made.id;
    tb_wipe(made.pin_hash, sizeof made.pin_hash);
    tb_instrument_free(&made);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such person");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}

int tb_description_is_good(const char *description)
{
    tb_span text = tb_span_text(description);
    return text.size > 0 && text.size < 64 && !strpbrk(description, ";\r\n") && tb_utf8_is_good(text);
}

static tb_status add_item(tb_management *m, const char *number, const char *description, tb_id item)
{
    tb_id person;
    tb_status status = find(m, number, &person);
    if (status == TB_OK)
        status = tb_item_insert(m->db, item, person, description, (tb_id){{0}}, tb_service_now(m));
    return status == TB_OK ? tb_person_recompute(m, person, TB_RECOMPUTE_CHANGES) : status;
}

tb_status tb_management_item_add(tb_management *m, const char *passport_number, const char *description, tb_id *item,
                                 tb_error *why)
{
    if (!tb_description_is_good(description))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "a description has 1 to 63 bytes of UTF-8, without semicolons and line ends");
    *item = tb_id_random();
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, add_item(m, passport_number, description, *item));
    tb_service_unlock(m);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "nobody here has a passport with this number");
    if (status == TB_CONFLICT)
        return tb_fail(why, status, "passports of two states have this number: ask for the issuing state");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}
