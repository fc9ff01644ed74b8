/* custody.c: I5. A template rests only as ciphertext under its person's own key; that key rests only wrapped under a
 * key derived from the master's. Both seals are bound to the person, the template's also to its slot, so that rows
 * cannot be swapped. Up to five templates of each model (S6), several models side by side (doc/adr/029). */
#include "management/service.h"

#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#include "management/rotation.h"

typedef struct place {
    uint8_t bytes[17]; /* person, slot */
} place;

static place place_of(tb_id person, int slot)
{
    place about;
    memcpy(about.bytes, person.bytes, sizeof person.bytes);
    about.bytes[16] = (uint8_t)slot;
    return about;
}

static tb_status open_key(const tb_key *wrap, tb_id person, const tb_bytes *wrapped, tb_key *key)
{
    tb_bytes plain = {0};
    tb_status status = tb_open(wrap, tb_span_of(person.bytes, sizeof person.bytes), tb_bytes_span(wrapped), &plain);
    if (status == TB_OK && plain.size != sizeof key->bytes)
        status = TB_CRYPTO;
    if (status == TB_OK)
        memcpy(key->bytes, plain.data, sizeof key->bytes);
    tb_bytes_free(&plain);
    return status;
}

static tb_status unwrap(tb_db *db, const tb_key *wrap, tb_id person, tb_key *key)
{
    tb_bytes wrapped = {0};
    tb_status status = tb_person_key(db, person, &wrapped);
    if (status == TB_OK)
        status = open_key(wrap, person, &wrapped, key);
    tb_bytes_free(&wrapped);
    return status;
}

static tb_status make_key(tb_db *db, const tb_key *wrap, tb_id person, tb_key *key)
{
    tb_bytes wrapped = {0};
    *key = tb_key_random();
    tb_status status = tb_seal(wrap, tb_span_of(person.bytes, sizeof person.bytes),
                               tb_span_of(key->bytes, sizeof key->bytes), &wrapped);
    if (status == TB_OK)
        status = tb_person_key_set(db, person, tb_bytes_span(&wrapped));
    tb_bytes_free(&wrapped);
    return status;
}

/* The lowest number that no row has. */
static int free_slot(const tb_template_rows *rows)
{
    for (int slot = 0;; slot++) {
        int taken = 0;
        for (int i = 0; i < rows->count; i++)
            taken |= rows->rows[i].slot == slot;
        if (!taken)
            return slot;
    }
}

static tb_status put(tb_management *m, tb_id person, const tb_key *key, int slot, const tb_template *face,
                     tb_template_source source)
{
    tb_bytes plain = {0}, sealed = {0};
    tb_template_rows rows = {0};
    tb_template_row row = {.slot = slot,
                           .model = face->model,
                           .modality = (tb_modality)face->modality,
                           .quality = face->quality,
                           .source = source,
                           .since = tb_service_now(m)};
    tb_status status = slot < 0 ? tb_template_rows_get(m->db, person, &rows) : TB_OK;
    if (status == TB_OK && slot < 0)
        row.slot = free_slot(&rows);
    tb_template_rows_free(&rows);
    if (status == TB_OK && row.slot >= TB_ENTRY_TEMPLATES_MAX)
        status = TB_TOO_LARGE;
    place about = place_of(person, row.slot);
    if (status == TB_OK)
        status = tb_template_encode(face, &plain);
    if (status == TB_OK)
        status = tb_seal(key, tb_span_of(about.bytes, sizeof about.bytes), tb_bytes_span(&plain), &sealed);
    if (status == TB_OK)
        status = tb_template_row_put(m->db, person, &row, tb_bytes_span(&sealed));
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    return status;
}

/* When faces are enrolled, everything older of their models goes: who enrols again begins again. Of models that are not
 * served any more, what is stored goes when it leaves no room: nobody may be kept from the next model by it. */
static tb_status make_room(tb_management *m, tb_id person, const tb_template *faces, int count, int enrols)
{
    tb_template_rows rows;
    tb_status status = tb_template_rows_get(m->db, person, &rows);
    int left = rows.count;
    for (int unserved = 0; unserved <= 1; unserved++)
        for (int i = 0; i < rows.count && status == TB_OK; i++) {
            int is_new = 0;
            for (int f = 0; f < count; f++)
                is_new |= rows.rows[i].model == faces[f].model;
            int goes =
                unserved ? !is_new && left + count > TB_ENTRY_TEMPLATES_MAX && !tb_service_model(m, rows.rows[i].model)
                         : is_new && enrols;
            if (goes)
                status = tb_template_row_remove(m->db, person, rows.rows[i].slot);
            left -= goes;
        }
    tb_template_rows_free(&rows);
    return status;
}

tb_status tb_custody_put(tb_management *m, tb_id person, int slot, const tb_template *face, tb_template_source source)
{
    tb_key key;
    tb_status status = unwrap(m->db, &m->keys->wrap, person, &key);
    if (status == TB_OK && slot < 0)
        status = make_room(m, person, face, 1, 0);
    if (status == TB_OK)
        status = put(m, person, &key, slot, face, source);
    tb_wipe(&key, sizeof key);
    return status;
}

tb_status tb_custody_enrol(tb_management *m, tb_id person, const tb_template *faces, int count)
{
    tb_key key;
    tb_status status = unwrap(m->db, &m->keys->wrap, person, &key);
    if (status == TB_NOT_FOUND)
        status = make_key(m->db, &m->keys->wrap, person, &key);
    if (status == TB_OK)
        status = make_room(m, person, faces, count, 1);
    for (int i = 0; i < count && status == TB_OK; i++)
        status = put(m, person, &key, -1, &faces[i], TB_TEMPLATE_ENROLLED);
    tb_wipe(&key, sizeof key);
    return status;
}

tb_status tb_custody_destroy(tb_management *m, tb_id person)
{
    tb_status status = tb_person_key_set(m->db, person, tb_span_of(NULL, 0));
    return status == TB_OK ? tb_template_rows_remove(m->db, person) : status;
}

static tb_status open_rows(const tb_key *key, tb_id person, const tb_template_rows *rows, tb_custody *out)
{
    tb_status status = TB_OK;
    for (int i = 0; i < rows->count && status == TB_OK; i++) {
        place about = place_of(person, rows->rows[i].slot);
        tb_status opened = tb_open(key, tb_span_of(about.bytes, sizeof about.bytes), tb_bytes_span(&rows->sealed[i]),
                                   &out->encoded[out->count]);
        if (opened == TB_OK)
            out->rows[out->count++] = rows->rows[i];
        else if (opened == TB_NO_MEMORY)
            status = opened;
        else
            out->damaged++;
    }
    if (status == TB_OK && out->damaged)
        tb_log(TB_LOG_ERROR, "management", "%d of somebody's %d templates do not open: damaged", out->damaged,
               rows->count);
    return status == TB_OK && out->damaged && !out->count ? TB_CRYPTO : status;
}

tb_status tb_custody_open(tb_management *m, tb_id person, tb_custody *out)
{
    tb_key key;
    tb_template_rows rows = {0};
    *out = (tb_custody){0};
    tb_status status = unwrap(m->db, &m->keys->wrap, person, &key);
    if (status == TB_OK)
        status = tb_template_rows_get(m->db, person, &rows);
    if (status == TB_OK)
        status = open_rows(&key, person, &rows, out);
    tb_wipe(&key, sizeof key);
    tb_template_rows_free(&rows);
    return status;
}

tb_status tb_custody_unseal(const tb_management *m, const tb_sealed_person *from, tb_custody *out)
{
    tb_key key;
    *out = (tb_custody){0};
    tb_status status = open_key(&m->keys->wrap, from->id, &from->wrapped, &key);
    if (status == TB_OK)
        status = open_rows(&key, from->id, &from->templates, out);
    tb_wipe(&key, sizeof key);
    return status;
}

void tb_custody_free(tb_custody *custody)
{
    for (int i = 0; i < TB_ENTRY_TEMPLATES_MAX; i++)
        tb_bytes_free(&custody->encoded[i]);
    custody->count = 0;
}

/* ---- another master key ---- */

static tb_status move_template(tb_resealing *r, tb_id person, const tb_key keys[2], int slot, tb_span sealed)
{
    tb_bytes plain = {0}, again = {0};
    place where = place_of(person, slot);
    tb_span about = tb_span_of(where.bytes, sizeof where.bytes);
    tb_status status = tb_open(&keys[0], about, sealed, &plain);
    if (status == TB_CRYPTO) {
        r->counts->damaged++;
        return TB_OK;
    }
    if (status == TB_OK)
        status = tb_seal(&keys[1], about, tb_bytes_span(&plain), &again);
    if (status == TB_OK)
        status = tb_template_row_reseal(r->db, person, slot, tb_bytes_span(&again));
    r->counts->templates += status == TB_OK;
    tb_bytes_free(&plain);
    tb_bytes_free(&again);
    return status;
}

tb_status tb_custody_rekey(tb_resealing *r, tb_id person)
{
    tb_key keys[2]; /* the person's, old and new */
    tb_template_rows rows = {0};
    tb_status status = unwrap(r->db, &r->from->wrap, person, &keys[0]);
    if (status == TB_NOT_FOUND)
        return TB_OK;
    if (status == TB_CRYPTO) {
        r->counts->damaged++;
        return TB_OK;
    }
    if (status == TB_OK)
        status = make_key(r->db, &r->to->wrap, person, &keys[1]);
    if (status == TB_OK)
        status = tb_template_rows_get(r->db, person, &rows);
    for (int i = 0; i < rows.count && status == TB_OK; i++)
        status = move_template(r, person, keys, rows.rows[i].slot, tb_bytes_span(&rows.sealed[i]));
    tb_template_rows_free(&rows);
    tb_wipe(keys, sizeof keys);
    return status;
}

/* ---- rows of the first release do not say whose model they are ---- */

static tb_status describe_person(tb_management *m, tb_id person)
{
    tb_custody custody;
    tb_template head;
    tb_status status = tb_custody_open(m, person, &custody);
    for (int i = 0; i < custody.count && status == TB_OK; i++) {
        tb_template_row row = custody.rows[i];
        if (row.model || tb_template_head(tb_bytes_span(&custody.encoded[i]), &head) != TB_OK)
            continue;
        row.model = head.model;
        row.quality = head.quality;
        row.modality = (tb_modality)head.modality;
        status = tb_template_row_describe(m->db, person, &row);
    }
    tb_custody_free(&custody);
    return status;
}

tb_status tb_custody_describe(tb_management *m)
{
    tb_ids people = {0};
    tb_status status = tb_template_people(m->db, 0, &people);
    if (status == TB_OK && people.count)
        status = tb_change_begin(m);
    if (status == TB_OK && people.count) {
        for (size_t i = 0; i < people.count && status == TB_OK; i++) {
            status = describe_person(m, people.items[i]);
            if (status == TB_CRYPTO || status == TB_NOT_FOUND) /* damaged: the others are not to suffer */
                status = TB_OK;
        }
        status = tb_change_end(m, status);
        tb_log(TB_LOG_INFO, "management", "%zu people's templates now say whose model they are", people.count);
    }
    tb_ids_free(&people);
    return status;
}
