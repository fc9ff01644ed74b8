/* store.h: the rows of both databases, one .c file per entity. Functions do one thing inside the caller's transaction;
 * they know no rules. Unless said otherwise they answer TB_OK or what store/db.h maps from the database, TB_NOT_FOUND
 * where a row is asked for that is not there. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/db.h"

#include <tebura/management.h>

/* ---- a growing list of ids ---- */
typedef struct tb_ids {
    tb_id *items;
    size_t count, capacity;
} tb_ids;
tb_status tb_ids_add(tb_ids *ids, tb_id id) TB_MUST_CHECK;
/* Sorts and takes out what stands there twice; the next two need it, and keep it so. */
void tb_ids_sort(tb_ids *ids);
tb_status tb_ids_put(tb_ids *ids, tb_id id) TB_MUST_CHECK; /* nothing when it is there */
void tb_ids_take(tb_ids *ids, tb_id id);                   /* nothing when it is not */
size_t tb_ids_place(const tb_ids *ids, tb_id id);          /* the count when it is not there */
void tb_ids_free(tb_ids *ids);
/* Asks `sql`, whose last condition is "... IN " TB_ANY_ID, for all of these ids: a few questions for many of them. */
#define TB_ANY_ID                                                                                                      \
    "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,"  \
    " $25, $26, $27, $28, $29, $30, $31, $32)"
typedef tb_status (*tb_row_fn)(void *context, const tb_rows *rows);
tb_status tb_ids_ask(tb_db *db, const char *sql, const tb_ids *ids, tb_row_fn each, void *context) TB_MUST_CHECK;
/* Adds the first column of every row. */
tb_status tb_ids_query(tb_db *db, const char *sql, tb_values values, tb_ids *out) TB_MUST_CHECK;

/* Facts as bytes: kind, name, value of each, in order. */
tb_status tb_facts_pack(const tb_facts *facts, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_facts_unpack(tb_span bytes, tb_facts *out) TB_MUST_CHECK; /* TB_DB_CORRUPT */

/* ---- site.c ---- */
tb_status tb_site_get(tb_db *db, const char *name, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_site_set(tb_db *db, const char *name, tb_span value) TB_MUST_CHECK; /* once */
tb_status tb_site_put(tb_db *db, const char *name, tb_span value) TB_MUST_CHECK; /* over what is there */

/* ---- person.c ---- */
tb_status tb_person_insert(tb_db *db, tb_id id, const char *name, const char *nationality, tb_time now) TB_MUST_CHECK;
tb_status tb_person_rename(tb_db *db, tb_id id, const char *name, const char *nationality) TB_MUST_CHECK;
tb_status tb_person_exists(tb_db *db, tb_id id) TB_MUST_CHECK;
/* The wrapped key; TB_NOT_FOUND: none. */
tb_status tb_person_key(tb_db *db, tb_id id, tb_bytes *wrapped) TB_MUST_CHECK;
tb_status tb_person_key_set(tb_db *db, tb_id id, tb_span wrapped) TB_MUST_CHECK; /* an empty span destroys it */
/* Until when somebody without a visit is kept; 0: they are not. */
tb_status tb_person_kept(tb_db *db, tb_id id, tb_time *until) TB_MUST_CHECK;
tb_status tb_person_kept_set(tb_db *db, tb_id id, tb_time until) TB_MUST_CHECK;
/* Whose time is over and who have no booking. */
tb_status tb_persons_kept_due(tb_db *db, tb_time now, tb_ids *out) TB_MUST_CHECK;
tb_status tb_person_remove(tb_db *db, tb_id id) TB_MUST_CHECK; /* after everything that refers to it */
tb_status tb_persons(tb_db *db, tb_ids *out) TB_MUST_CHECK;
/* Name, counts of templates, instruments and waiting items. */
tb_status tb_person_summarise(tb_db *db, tb_id id, tb_person_summary *out) TB_MUST_CHECK;

/* ---- document.c ---- */
typedef struct tb_document_row {
    uint8_t number_hash[32];
    char issuer[4], kind[4];
    tb_id person;
    tb_span number_sealed;
    tb_time expires;
} tb_document_row;
tb_status tb_document_insert(tb_db *db, const tb_document_row *row) TB_MUST_CHECK;
/* issuer NULL: any; TB_CONFLICT when two people have such a number. */
tb_status tb_document_find(tb_db *db, const uint8_t number_hash[32], const char *issuer, tb_id *person) TB_MUST_CHECK;
tb_status tb_documents_remove(tb_db *db, tb_id person) TB_MUST_CHECK;
/* All of them, for another master key. */
typedef struct tb_document_sealed {
    uint8_t number_hash[32];
    char issuer[4];
    tb_id person;
    tb_bytes number;
} tb_document_sealed;
typedef struct tb_document_list {
    tb_document_sealed *items;
    size_t count, capacity;
} tb_document_list;
tb_status tb_documents_all(tb_db *db, tb_document_list *out) TB_MUST_CHECK; /* free also after failure */
void tb_document_list_free(tb_document_list *list);
tb_status tb_document_reseal(tb_db *db, const tb_document_sealed *before, const uint8_t number_hash[32],
                             tb_span sealed) TB_MUST_CHECK;

/* ---- template.c: ciphertext only ---- */
typedef struct tb_template_row {
    int slot;
    uint32_t model; /* 0: written by the first release; tb_custody_describe fills it in */
    tb_modality modality;
    int quality;
    tb_template_source source;
    tb_time since;
} tb_template_row;
tb_status tb_template_row_put(tb_db *db, tb_id person, const tb_template_row *row, tb_span sealed) TB_MUST_CHECK;
typedef struct tb_template_rows {
    int count;
    tb_template_row rows[TB_ENTRY_TEMPLATES_MAX];
    tb_bytes sealed[TB_ENTRY_TEMPLATES_MAX];
} tb_template_rows;
/* free also after failure */
tb_status tb_template_rows_get(tb_db *db, tb_id person, tb_template_rows *out) TB_MUST_CHECK;
void tb_template_rows_free(tb_template_rows *rows);
tb_status tb_template_row_reseal(tb_db *db, tb_id person, int slot, tb_span sealed) TB_MUST_CHECK;
tb_status tb_template_row_describe(tb_db *db, tb_id person, const tb_template_row *row) TB_MUST_CHECK;
tb_status tb_template_row_remove(tb_db *db, tb_id person, int slot) TB_MUST_CHECK;
tb_status tb_template_rows_remove(tb_db *db, tb_id person) TB_MUST_CHECK;
tb_status tb_template_rows_remove_model(tb_db *db, uint32_t model) TB_MUST_CHECK;
tb_status tb_template_people(tb_db *db, uint32_t model, tb_ids *out) TB_MUST_CHECK; /* who has one of this model */
tb_status tb_template_models(tb_db *db, uint32_t *models, int max, int *count) TB_MUST_CHECK;
typedef struct tb_template_use_counts {
    uint64_t people, templates, only; /* only: people who have none of the others */
} tb_template_use_counts;
tb_status tb_template_use(tb_db *db, uint32_t model, const uint32_t others[TB_MODELS_MAX],
                          tb_template_use_counts *out) TB_MUST_CHECK;

/* Everybody in the order of their ids, some at a time; of them, up to so many, those who have agreed, have a booking
 * and are no visitors. */
#define TB_PAGE_PEOPLE 64
typedef struct tb_sealed_person {
    tb_id id;
    tb_bytes wrapped; /* their key */
    tb_template_rows templates;
} tb_sealed_person;
typedef struct tb_sealed_page {
    tb_id last; /* that was looked at; zero: nobody was, it is the end */
    size_t count;
    tb_sealed_person people[TB_PAGE_PEOPLE];
} tb_sealed_page;
/* Those after `after`, zero for the first. Free also after failure. */
tb_status tb_sealed_page_read(tb_db *db, tb_id after, tb_sealed_page *out) TB_MUST_CHECK;
void tb_sealed_page_free(tb_sealed_page *page);

/* ---- consent.c ---- */
tb_status tb_consent_give(tb_db *db, tb_id person, tb_time now, const char *touchpoint,
                          const uint8_t text_hash[32]) TB_MUST_CHECK;
tb_status tb_consent_end(tb_db *db, tb_id person, tb_time now) TB_MUST_CHECK; /* nothing to end is TB_OK */
tb_status tb_consents_remove(tb_db *db, tb_id person) TB_MUST_CHECK;          /* further ones, too */
/* Further consents, by name. Given again: the same one goes on. */
tb_status tb_further_give(tb_db *db, tb_id person, const char *name, tb_time now, const char *touchpoint,
                          const uint8_t text_hash[32]) TB_MUST_CHECK;
tb_status tb_further_end(tb_db *db, tb_id person, const char *name, tb_time now) TB_MUST_CHECK; /* NULL: all */
tb_status tb_further_holds(tb_db *db, tb_id person, const char *name, int *holds) TB_MUST_CHECK;

/* ---- flight.c ---- */
tb_status tb_flight_put(tb_db *db, const tb_flight *flight) TB_MUST_CHECK;
tb_status tb_flight_get(tb_db *db, const char *id, tb_flight *out) TB_MUST_CHECK;
tb_status tb_flight_each(tb_db *db, tb_flight_fn each, void *context) TB_MUST_CHECK;
/* The open flight whose departure lies first; TB_NOT_FOUND. */
tb_status tb_flight_next(tb_db *db, tb_flight *out) TB_MUST_CHECK;
/* Is there an open flight of this designator ("NH105") on another day? */
tb_status tb_flight_other_day(tb_db *db, const char *designator, const char *id, int *exists) TB_MUST_CHECK;

/* When somebody last said something about this field; 0: nobody has. */
tb_status tb_flight_told_get(tb_db *db, const char *flight, const char *field, tb_time *at) TB_MUST_CHECK;
tb_status tb_flight_told_set(tb_db *db, const char *flight, const char *field, tb_time at) TB_MUST_CHECK;
/* Messages of flight information sources that were taken; TB_NOT_FOUND: not this one. */
tb_status tb_message_get(tb_db *db, const char *source, const char *number) TB_MUST_CHECK;
tb_status tb_message_add(tb_db *db, const char *source, const char *number, tb_time now) TB_MUST_CHECK;
tb_status tb_messages_expire(tb_db *db, tb_time before, int max, int64_t *removed) TB_MUST_CHECK;
/* Departed, and nobody has a booking on them. */
tb_status tb_flights_expire(tb_db *db, tb_time before, int max, int64_t *removed) TB_MUST_CHECK;

/* ---- booking.c: a booking with everything that its visit's facts are made of ---- */
typedef struct tb_booking {
    tb_id id, person; /* id is also the visit's */
    char pnr[8], seat[8], name[64];
    int status, flag, bags;
    tb_time due;
    tb_flight flight;
    int consented, has_instrument;
    char pays_with[32];       /* kind of the instrument that a payment takes; "" without */
    int no_items, no_further; /* known to have no items waiting, no further consents */
    int visiting;             /* has a row in visitor.visit, or is listed without one */
    char reference[64];       /* by which the site knows it; "" for one that came with a flight's documents */
    tb_facts facts;           /* told by the site; none with a flight */
    char occasion[64];        /* which one it names; "" none */
    tb_facts shared;          /* of that one */
} tb_booking;
/* flight.id counts, "" without */
tb_status tb_booking_insert(tb_db *db, const tb_booking *booking, tb_time now) TB_MUST_CHECK;
tb_status tb_booking_get(tb_db *db, tb_id id, tb_booking *out) TB_MUST_CHECK;
typedef tb_status (*tb_booking_fn)(void *context, const tb_booking *booking);
tb_status tb_bookings_get(tb_db *db, const tb_ids *ids, tb_booking_fn each, void *context) TB_MUST_CHECK;
tb_status tb_booking_exists(tb_db *db, tb_id id, int *exists) TB_MUST_CHECK;
tb_status tb_booking_find(tb_db *db, tb_id person, const char *flight, tb_id *out) TB_MUST_CHECK;
tb_status tb_booking_by_reference(tb_db *db, const char *reference, tb_id *out) TB_MUST_CHECK;
/* What the visit's people hold, as a hash of 32 bytes; NULL: nothing. */
tb_status tb_held_set(tb_db *db, tb_id visit, const uint8_t *hash) TB_MUST_CHECK;
tb_status tb_visits_held(tb_db *db, const uint8_t hash[32], tb_ids *out) TB_MUST_CHECK;
tb_status tb_booking_facts_set(tb_db *db, const tb_booking *booking) TB_MUST_CHECK;
tb_status tb_booking_set(tb_db *db, const tb_booking *booking) TB_MUST_CHECK; /* pnr, seat, status, flag, bags */
tb_status tb_booking_due_set(tb_db *db, tb_id id, tb_time due) TB_MUST_CHECK;
tb_status tb_booking_remove(tb_db *db, tb_id id) TB_MUST_CHECK;
tb_status tb_bookings_of_person(tb_db *db, tb_id person, tb_ids *out) TB_MUST_CHECK; /* latest flight first */
tb_status tb_bookings_of_flight(tb_db *db, const char *flight, tb_ids *out) TB_MUST_CHECK;
tb_status tb_bookings_of_occasion(tb_db *db, const char *occasion, tb_ids *out) TB_MUST_CHECK;
tb_status tb_bookings_all(tb_db *db, tb_ids *out) TB_MUST_CHECK;
tb_status tb_bookings_due(tb_db *db, tb_time now, int max, tb_ids *out) TB_MUST_CHECK;
tb_status tb_booking_next_due(tb_db *db, tb_time *out) TB_MUST_CHECK; /* TB_TIME_NEVER when there is none */

/* ---- later.c ---- */
typedef tb_status (*tb_later_fn)(void *context, tb_id visit, const char *touchpoint);
tb_status tb_later_put(tb_db *db, tb_id visit, const char *touchpoint, tb_time due) TB_MUST_CHECK; /* TB_EXISTS */
tb_status tb_later_remove(tb_db *db, tb_id visit, const char *touchpoint, int *was_there) TB_MUST_CHECK;
/* Does it wait to be told of it? */
tb_status tb_later_waits(tb_db *db, tb_id visit, const char *touchpoint, int *waits) TB_MUST_CHECK;
tb_status tb_later_forget(tb_db *db, const char *touchpoint) TB_MUST_CHECK; /* all that waits for it */
tb_status tb_later_due(tb_db *db, tb_time now, int max, tb_later_fn each, void *context) TB_MUST_CHECK;
tb_status tb_later_next(tb_db *db, tb_time *out) TB_MUST_CHECK; /* TB_TIME_NEVER when there is none */

/* ---- near.c ---- */
typedef tb_status (*tb_near_row_fn)(void *context, const char *touchpoint, tb_time until); /* "": position known */
tb_status tb_near_rows(tb_db *db, tb_id visit, tb_near_row_fn each, void *context) TB_MUST_CHECK;
tb_status tb_near_row_put(tb_db *db, tb_id visit, const char *touchpoint, tb_time until) TB_MUST_CHECK;
tb_status tb_near_forget(tb_db *db) TB_MUST_CHECK; /* of everybody */
tb_status tb_near_rows_remove(tb_db *db, tb_id visit) TB_MUST_CHECK;

/* ---- occasion.c: what many visits share ---- */
tb_status tb_occasion_put(tb_db *db, const char *id, const tb_facts *facts, tb_time now) TB_MUST_CHECK;
tb_status tb_occasion_get(tb_db *db, const char *id, tb_facts *facts) TB_MUST_CHECK;
tb_status tb_occasion_each(tb_db *db, tb_occasion_fn each, void *context) TB_MUST_CHECK;
/* Changed before, with no later time among their facts, and no visit names them. */
tb_status tb_occasions_expire(tb_db *db, tb_time before, int max, int64_t *removed) TB_MUST_CHECK;
tb_status tb_occasion_remove(tb_db *db, const char *id) TB_MUST_CHECK; /* when no visit names it */

/* ---- instrument.c ---- */
#define TB_PIN_ATTEMPTS 5
typedef struct tb_instrument {
    tb_id id, person;
    char kind[32], pin_hash[TB_PASSWORD_HASH_SIZE]; /* pin_hash "" = no PIN */
    tb_bytes token_sealed;                          /* owned */
    int attempts;
} tb_instrument;
void tb_instrument_free(tb_instrument *instrument);
tb_status tb_instrument_insert(tb_db *db, const tb_instrument *instrument, tb_time now) TB_MUST_CHECK;
tb_status tb_instrument_get(tb_db *db, tb_id id, tb_instrument *out) TB_MUST_CHECK;
tb_status tb_instrument_first(tb_db *db, tb_id person, tb_instrument *out) TB_MUST_CHECK; /* the oldest; TB_NOT_FOUND */
tb_status tb_instrument_attempts_set(tb_db *db, tb_id id, int attempts) TB_MUST_CHECK;
tb_status tb_instruments_remove(tb_db *db, tb_id person) TB_MUST_CHECK;
tb_status tb_instruments_all(tb_db *db, tb_ids *out) TB_MUST_CHECK;
tb_status tb_instrument_reseal(tb_db *db, tb_id id, tb_span token) TB_MUST_CHECK;

/* ---- item.c ---- */
tb_status tb_item_insert(tb_db *db, tb_id id, tb_id person, const char *description, tb_id payment,
                         tb_time now) TB_MUST_CHECK;
/* TB_NOT_FOUND: not this person's; TB_EXISTS: handed over before. */
tb_status tb_item_hand(tb_db *db, tb_id id, tb_id person, tb_time now) TB_MUST_CHECK;
/* Items waiting: their number, and "id description; ..." cut to fit. */
tb_status tb_items_waiting(tb_db *db, tb_id person, int64_t *count, char *list, size_t size) TB_MUST_CHECK;
tb_status tb_item_of_payment(tb_db *db, tb_id payment, tb_id *person) TB_MUST_CHECK; /* one that still waits */
tb_status tb_items_remove_of_payment(tb_db *db, tb_id payment) TB_MUST_CHECK;        /* only what still waits */
tb_status tb_items_remove(tb_db *db, tb_id person) TB_MUST_CHECK;

/* ---- ledger.c: payments and double entry ---- */
typedef enum tb_payment_state {
    TB_PAYMENT_PENDING = 1, /* the provider may have been asked; nothing is booked */
    TB_PAYMENT_DONE,        /* authorised and booked */
    TB_PAYMENT_DECLINED,
    TB_PAYMENT_REVERSING, /* will not stand; the provider has to be told yet */
    TB_PAYMENT_VOIDED     /* does not stand and the provider knows; also: voided before it arrived */
} tb_payment_state;
typedef struct tb_payment {
    tb_id id, visit, instrument;
    tb_payment_state state;
    char touchpoint[TB_TOUCHPOINT_SIZE], merchant[TB_ACCOUNT_SIZE], currency[4], deliver[64];
    int64_t amount;
    tb_time at;
} tb_payment;
tb_status tb_payment_insert(tb_db *db, const tb_payment *payment) TB_MUST_CHECK;
tb_status tb_payment_get(tb_db *db, tb_id id, tb_payment *out) TB_MUST_CHECK;
tb_status tb_payment_state_set(tb_db *db, tb_id id, tb_payment_state state) TB_MUST_CHECK;
tb_status tb_payments_forget(tb_db *db, tb_id visit) TB_MUST_CHECK; /* neither it nor what was bought with */
tb_status tb_payment_counts(tb_db *db, int64_t counts[TB_PAYMENT_VOIDED + 1]) TB_MUST_CHECK; /* by state */
tb_status tb_payments_in_state(tb_db *db, tb_payment_state state, tb_time before, tb_ids *out) TB_MUST_CHECK;
/* checked; TB_EXISTS: posted before */
tb_status tb_transfer_post(tb_db *db, const tb_transfer *transfer, tb_time now) TB_MUST_CHECK;
tb_status tb_transfer_get(tb_db *db, tb_id id, tb_transfer *out) TB_MUST_CHECK;
tb_status tb_ledger_sum(tb_db *db, int64_t *out) TB_MUST_CHECK;

/* ---- visit.c ---- */
tb_status tb_visit_insert(tb_db *db, const tb_booking *booking, tb_time now) TB_MUST_CHECK;
tb_status tb_visit_list(tb_db *db, tb_id id) TB_MUST_CHECK;   /* instead of it, without a visitor database */
tb_status tb_visit_remove(tb_db *db, tb_id id) TB_MUST_CHECK; /* either way */
tb_status tb_visits_all(tb_db *db, tb_ids *out) TB_MUST_CHECK;

/* ---- touchpoint.c ---- */
typedef tb_status (*tb_touchpoint_row_fn)(void *context, const tb_touchpoint *touchpoint);
tb_status tb_touchpoint_insert(tb_db *db, const tb_touchpoint *touchpoint, const uint8_t code_hash[32]) TB_MUST_CHECK;
/* Another code, also one that nobody knows. */
tb_status tb_touchpoint_code_set(tb_db *db, const char *id, const uint8_t code_hash[32], tb_time until) TB_MUST_CHECK;
tb_status tb_touchpoint_by_code(tb_db *db, const uint8_t code_hash[32], char id[TB_TOUCHPOINT_SIZE]) TB_MUST_CHECK;
/* NULL: none any more. `broker_key` may be NULL. */
tb_status tb_touchpoint_key_set(tb_db *db, const char *id, const tb_key *public_key, const tb_key *broker_key,
                                tb_time now) TB_MUST_CHECK;
tb_status tb_touchpoint_wiping_set(tb_db *db, const char *id, int wiping) TB_MUST_CHECK;
/* ---- revoked.c: keys that are not believed any more ---- */
typedef struct tb_revoked_row {
    char touchpoint[TB_TOUCHPOINT_SIZE];
    tb_key public_key, broker_key;
    int has_broker_key;
    tb_time at;
} tb_revoked_row;
tb_status tb_revoked_insert(tb_db *db, const tb_revoked_row *row) TB_MUST_CHECK;
tb_status tb_revoked_get(tb_db *db, const tb_key *public_key, tb_revoked_row *out) TB_MUST_CHECK;
typedef tb_status (*tb_revoked_row_fn)(void *context, const tb_revoked_row *row);
tb_status tb_revoked_rows(tb_db *db, tb_revoked_row_fn each, void *context) TB_MUST_CHECK;
tb_status tb_touchpoint_sequence_set(tb_db *db, const char *id, uint64_t sequence) TB_MUST_CHECK;
/* without entries, last */
tb_status tb_touchpoint_rows(tb_db *db, tb_touchpoint_row_fn each, void *context) TB_MUST_CHECK;

/* Its sequence alone, as it is in the database now. */
tb_status tb_touchpoint_sequence_get(tb_db *db, const char *id, uint64_t *sequence) TB_MUST_CHECK;
/* Their rows are gone: up to that number, which is reported, events are known without one. */
tb_status tb_touchpoint_forgotten_set(tb_db *db, const char *id, uint64_t number) TB_MUST_CHECK;
/* Number up to which all of its events are here; 0 after tb_touchpoint_key_set, as a new terminal counts anew. */
tb_status tb_touchpoint_reported_get(tb_db *db, const char *id, uint64_t *number) TB_MUST_CHECK;
/* To `number`, when it is lower than that and at least `least`. */
tb_status tb_touchpoint_reported_raise(tb_db *db, const char *id, uint64_t number, uint64_t least) TB_MUST_CHECK;

/* ---- changes.c: for servers that share a database ---- */
typedef enum tb_changed {
    TB_CHANGED_SEQUENCES,   /* only numbers of lists */
    TB_CHANGED_VISIT,       /* who is visiting, with which templates, for which terminals */
    TB_CHANGED_VISITS,      /* of many */
    TB_CHANGED_TOUCHPOINTS, /* anything of theirs but a sequence */
    TB_CHANGED_KEYS,        /* the master key: who has another one in memory must change nothing any more */
} tb_changed;
typedef struct tb_change_row {
    int64_t number;
    int own; /* of this program */
    tb_changed what;
    tb_id visit;
} tb_change_row;
/* Inside the change itself. Where nobody shares the database nothing is written. */
tb_status tb_change_note(tb_db *db, tb_changed what, tb_id visit) TB_MUST_CHECK;
tb_status tb_change_last(tb_db *db, int64_t *number) TB_MUST_CHECK; /* 0: none */
/* In order, from `number` on and with it. */
tb_status tb_changes_from(tb_db *db, int64_t number, tb_change_row *out, int max, int *count) TB_MUST_CHECK;
/* All but the last; from `keep` rows on also younger ones. */
tb_status tb_changes_expire(tb_db *db, tb_time before, int64_t keep, int max, int64_t *removed) TB_MUST_CHECK;

/* ---- entry.c ---- */
typedef struct tb_entry_row {
    tb_id visit;
    char touchpoint[TB_TOUCHPOINT_SIZE];
    tb_time from, until;
    tb_facts fields;
} tb_entry_row;
/* `exists` chooses between insert and update. */
tb_status tb_entry_row_put(tb_db *db, const tb_entry_row *row, int exists) TB_MUST_CHECK;
tb_status tb_entry_row_get(tb_db *db, tb_id visit, const char *touchpoint, tb_entry_row *out) TB_MUST_CHECK;
tb_status tb_entry_row_remove(tb_db *db, tb_id visit, const char *touchpoint) TB_MUST_CHECK;
typedef tb_status (*tb_entry_row_fn)(void *context, const tb_entry_row *row);
tb_status tb_entry_rows_of_visit(tb_db *db, tb_id visit, tb_entry_row_fn each, void *context) TB_MUST_CHECK;
/* Those of several visits, small: the fields stay packed until one is asked for. */
typedef struct tb_entry_kept {
    tb_id visit;
    char touchpoint[TB_TOUCHPOINT_SIZE];
    tb_time from, until;
    size_t at, size; /* its fields */
} tb_entry_kept;
typedef struct tb_entries_kept {
    tb_entry_kept *items; /* in the order of their visits */
    size_t count, capacity;
    tb_bytes fields;
} tb_entries_kept;
/* `visits` are sorted. They replace what was kept. */
tb_status tb_entries_keep(tb_db *db, const tb_ids *visits, tb_entries_kept *out) TB_MUST_CHECK;
size_t tb_entries_kept_first(const tb_entries_kept *kept, tb_id visit); /* the place of its first; others follow */
tb_status tb_entries_kept_row(const tb_entries_kept *kept, size_t place, tb_entry_row *out) TB_MUST_CHECK;
void tb_entries_kept_free(tb_entries_kept *kept);
/* Visits on the list of a touchpoint. */
tb_status tb_entries_of_touchpoint(tb_db *db, const char *touchpoint, tb_ids *visits) TB_MUST_CHECK;
tb_status tb_entry_count(tb_db *db, const char *touchpoint, uint64_t *out) TB_MUST_CHECK;
tb_status tb_entry_count_of_visit(tb_db *db, tb_id visit, int64_t *out) TB_MUST_CHECK;

/* ---- outbox.c ---- */
typedef struct tb_outbox_row {
    int64_t number;
    char touchpoint[TB_TOUCHPOINT_SIZE];
    tb_id visit;
    uint64_t sequence;
} tb_outbox_row;
tb_status tb_outbox_add(tb_db *db, const char *touchpoint, tb_id visit, uint64_t sequence) TB_MUST_CHECK;
/* oldest first */
tb_status tb_outbox_rows(tb_db *db, int64_t after, tb_outbox_row *out, int max, int *count) TB_MUST_CHECK;
tb_status tb_outbox_remove(tb_db *db, int64_t up_to) TB_MUST_CHECK;
tb_status tb_outbox_count(tb_db *db, int64_t after, int64_t *out) TB_MUST_CHECK;

/* ---- applied.c ---- */
/* TB_NOT_FOUND: never seen. TB_FORBIDDEN: another terminal's. `answer` (may be NULL) gets what was told; empty when
 * there is none (any more). `source`: the touchpoint, "" for the desk. */
tb_status tb_applied_get(tb_db *db, tb_id id, const char *source, tb_bytes *answer) TB_MUST_CHECK;
/* Those of them that are there, whosever they are. */
tb_status tb_applied_ids(tb_db *db, const tb_ids *ids, tb_ids *out) TB_MUST_CHECK;
tb_status tb_applied_add(tb_db *db, tb_id id, tb_id visit, const char *source, tb_span answer,
                         tb_time now) TB_MUST_CHECK;
tb_status tb_applied_answered(tb_db *db, tb_ids *out) TB_MUST_CHECK; /* those that have an answer */
tb_status tb_applied_read(tb_db *db, tb_id id, char source[TB_TOUCHPOINT_SIZE], tb_bytes *answer) TB_MUST_CHECK;
tb_status tb_applied_answer_set(tb_db *db, tb_id id, tb_span answer) TB_MUST_CHECK;
/* An event: it names no visit. */
tb_status tb_applied_add_event(tb_db *db, tb_id id, const char *source, uint64_t number, tb_time now) TB_MUST_CHECK;
/* Answers go and nothing names the visit any more; ids stay (I3). */
tb_status tb_applied_forget(tb_db *db, tb_id visit) TB_MUST_CHECK;
typedef struct tb_applied_end {
    tb_time before, ever; /* applied before that; before `ever` without any further condition */
    int max;
    void (*each)(void *context, const char *source, uint64_t number); /* event that goes */
    void *context;
} tb_applied_end;
tb_status tb_applied_oldest(tb_db *db, tb_time *at) TB_MUST_CHECK; /* 0: there is none */
tb_status tb_applied_expire(tb_db *db, const tb_applied_end *end, int64_t *removed) TB_MUST_CHECK;

/* ---- quarantine.c ---- */
/* One more try of an event that is there already, or a new one. */
tb_status tb_quarantine_put(tb_db *db, const tb_quarantined *row, const char *subject, tb_span sealed) TB_MUST_CHECK;
typedef struct tb_quarantine_room {
    uint64_t all, own; /* that are kept: of everybody, of this touchpoint */
    int is_there;      /* this one is */
} tb_quarantine_room;
tb_status tb_quarantine_room_of(tb_db *db, tb_id id, const char *touchpoint, tb_quarantine_room *out) TB_MUST_CHECK;
tb_status tb_quarantine_get(tb_db *db, tb_id id, char *subject, size_t size, tb_bytes *sealed) TB_MUST_CHECK;
tb_status tb_quarantine_expire(tb_db *db, tb_time before, int max, int64_t *removed) TB_MUST_CHECK;
tb_status tb_quarantine_remove(tb_db *db, tb_id id) TB_MUST_CHECK; /* TB_NOT_FOUND */
tb_status tb_quarantine_rows(tb_db *db, tb_quarantined_fn each, void *context) TB_MUST_CHECK;

/* ---- passage.c ---- */
tb_status tb_passages_forget(tb_db *db, tb_id visit) TB_MUST_CHECK; /* they name it no more */
tb_status tb_passages_expire(tb_db *db, tb_time before, int max, int64_t *removed) TB_MUST_CHECK;
tb_status tb_passage_add(tb_db *db, const tb_passage *passage) TB_MUST_CHECK; /* number and name do not count */
/* With names as far as the person is still known. */
/* Whether the visit had one at that touchpoint at `since` or later. */
tb_status tb_passage_since(tb_db *db, tb_id visit, const char *touchpoint, tb_time since, int *was_there) TB_MUST_CHECK;
tb_status tb_passages_after(tb_db *db, uint64_t after, tb_passage *out, int max, int *count) TB_MUST_CHECK;
tb_status tb_passages_of_person(tb_db *db, tb_id person, tb_passage *out, int max, int *count) TB_MUST_CHECK;

/* One number from a fixed question. */
tb_status tb_store_count(tb_db *db, const char *sql, uint64_t *out) TB_MUST_CHECK;

#endif
