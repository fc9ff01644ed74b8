/* reseal.c: what rests sealed under one keyring is sealed under another, row by row, in one transaction. */
#include "management/rotation.h"

#include <string.h>

#include <tebura/secret.h>

#include "management/service.h"

#define TOLD_EVERY 256

static void tell(const tb_resealing *r, const char *step, size_t done, size_t of)
{
    if (r->options->progress && (done % TOLD_EVERY == 0 || done == of))
        r->options->progress(r->options->context, step, done, of);
}

/* *out is empty and *count has grown when it does not open: it did not before, either. */
static tb_status move_seal(tb_resealing *r, const tb_key *from, const tb_key *to, tb_id about, tb_span sealed,
                           tb_bytes *plain, tb_bytes *out)
{
    tb_span bound = tb_span_of(about.bytes, sizeof about.bytes);
    tb_status status = tb_open(from, bound, sealed, plain);
    if (status == TB_CRYPTO) {
        r->counts->damaged++;
        return TB_OK;
    }
    return status == TB_OK ? tb_seal(to, bound, tb_bytes_span(plain), out) : status;
}

static tb_status move_document(tb_resealing *r, const tb_document_sealed *document)
{
    tb_bytes plain = {0}, sealed = {0};
    uint8_t hash[32];
    tb_status status = move_seal(r, &r->from->document, &r->to->document, document->person,
                                 tb_bytes_span(&document->number), &plain, &sealed);
    if (status == TB_OK && sealed.size) {
        status = tb_bytes_append(&plain, tb_span_of("", 1));
        if (status == TB_OK) {
            tb_number_hash(&r->to->find, (const char *)plain.data, hash);
            status = tb_document_reseal(r->db, document, hash, tb_bytes_span(&sealed));
        }
        r->counts->documents++;
    }
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    return status;
}

static tb_status move_instrument(tb_resealing *r, tb_id id)
{
    tb_instrument instrument = {0};
    tb_bytes plain = {0}, sealed = {0};
    tb_status status = tb_instrument_get(r->db, id, &instrument);
    if (status == TB_OK)
        status =
            move_seal(r, &r->from->token, &r->to->token, id, tb_bytes_span(&instrument.token_sealed), &plain, &sealed);
    if (status == TB_OK && sealed.size) {
        status = tb_instrument_reseal(r->db, id, tb_bytes_span(&sealed));
        r->counts->instruments++;
    }
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    tb_instrument_free(&instrument);
    return status;
}

static tb_status move_people(tb_resealing *r)
{
    tb_ids people = {0};
    tb_status status = tb_persons(r->db, &people);
    for (size_t i = 0; i < people.count && status == TB_OK; i++) {
        tell(r, "people", i, people.count);
        status = tb_custody_rekey(r, people.items[i]);
        r->counts->people++;
    }
    tell(r, "people", people.count, people.count);
    tb_ids_free(&people);
    return status;
}

static tb_status move_documents(tb_resealing *r)
{
    tb_document_list documents = {0};
    tb_status status = tb_documents_all(r->db, &documents);
    for (size_t i = 0; i < documents.count && status == TB_OK; i++) {
        tell(r, "documents", i, documents.count);
        status = move_document(r, &documents.items[i]);
    }
    tb_document_list_free(&documents);
    return status;
}

static tb_status move_instruments(tb_resealing *r)
{
    tb_ids instruments = {0};
    tb_status status = tb_instruments_all(r->db, &instruments);
    for (size_t i = 0; i < instruments.count && status == TB_OK; i++) {
        tell(r, "instruments", i, instruments.count);
        status = move_instrument(r, instruments.items[i]);
    }
    tb_ids_free(&instruments);
    return status;
}

tb_status tb_reseal(tb_resealing *r, tb_error *why)
{
    tb_status status = move_people(r);
    if (status == TB_OK)
        status = move_documents(r);
    if (status == TB_OK)
        status = move_instruments(r);
    if (status == TB_OK && r->options->leaked)
        status = tb_answers_rekey(r);
    if (status == TB_OK && r->options->leaked)
        status = tb_site_put(r->db, TB_SITE_FIND_CHANGED, tb_span_of("1", 1));
    if (status == TB_OK)
        status = tb_keyring_write(r->db, r->to);
    if (status == TB_OK)
        status = tb_change_note(r->db, TB_CHANGED_KEYS, (tb_id){{0}});
    if (status == TB_OK)
        status = tb_store_count(r->db, "SELECT count(*) FROM visitor.touchpoint WHERE public_key IS NOT NULL",
                                &r->counts->terminals);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "sealing anew: %s", tb_status_sentence(status));
}

static tb_status is_whole(tb_db *db, const char *question, tb_error *why)
{
    tb_rows rows;
    char answer[80];
    tb_status status = tb_db_one(db, question, TB_NO_VALUES, &rows);
    if (status != TB_OK)
        return status;
    tb_rows_text(&rows, 0, answer, sizeof answer);
    tb_rows_end(&rows);
    return strcmp(answer, "ok") == 0 ? TB_OK : tb_fail(why, TB_DB_CORRUPT, "the new database: %s", answer);
}

tb_status tb_reseal_check(tb_db *db, tb_keyring *keys, tb_error *why)
{
    tb_key_pair own = keys->own;
    tb_status status = tb_db_is_shared(db) ? TB_OK : is_whole(db, "PRAGMA central.quick_check(1)", why);
    if (status == TB_OK && !tb_db_is_shared(db))
        status = is_whole(db, "PRAGMA visitor.quick_check(1)", why);
    if (status == TB_OK)
        status = tb_keyring_read(db, keys);
    if (status == TB_OK && !tb_equal_constant_time(tb_span_of(&own, sizeof own), tb_span_of(&keys->own, sizeof own)))
        status = TB_DB_CORRUPT;
    tb_wipe(&own, sizeof own);
    return status;
}

/* ---- after an opening ---- */

static tb_status follow(tb_management *m, tb_id visit)
{
    tb_booking booking;
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_OK)
        status = tb_visit_hold(m, &booking);
    if (status == TB_OK)
        status = tb_recompute_visit(m, visit, TB_RECOMPUTE_CHANGES);
    return status == TB_NOT_FOUND || status == TB_DB_CORRUPT ? TB_OK : status; /* one damaged row, not the site */
}

tb_status tb_rotation_follow(tb_management *m)
{
    tb_bytes flag = {0};
    tb_ids visits = {0};
    tb_status status = tb_site_get(m->db, TB_SITE_FIND_CHANGED, &flag);
    int is_due = status == TB_OK && flag.size == 1 && flag.data[0] == '1';
    tb_bytes_free(&flag);
    if (status == TB_NOT_FOUND || (status == TB_OK && !is_due))
        return TB_OK;
    tb_service_lock_to_change(m);
    if (status == TB_OK)
        status = tb_change_begin(m);
    if (status == TB_OK) {
        status = tb_bookings_all(m->db, &visits);
        for (size_t i = 0; i < visits.count && status == TB_OK; i++)
            status = follow(m, visits.items[i]);
        if (status == TB_OK)
            status = tb_site_put(m->db, TB_SITE_FIND_CHANGED, tb_span_of("0", 1));
        status = tb_change_end(m, status);
    }
    tb_service_unlock_changed(m);
    tb_ids_free(&visits);
    return status;
}
