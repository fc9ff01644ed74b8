/* custody.c: I5. A template rests only as ciphertext under its person's own key; that key rests only wrapped under a
 * key derived from the master's. Both seals are bound to the person, the template's also to its slot, so that rows
 * cannot be swapped. */
#include "management/service.h"

#include <string.h>

#include <tebura/secret.h>

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

static tb_status unwrap(tb_management *m, tb_id person, tb_key *key)
{
    tb_bytes wrapped = {0}, plain = {0};
    tb_status status = tb_person_key(m->db, person, &wrapped);
    if (status == TB_OK)
        status =
            tb_open(&m->keys->wrap, tb_span_of(person.bytes, sizeof person.bytes), tb_bytes_span(&wrapped), &plain);
    if (status == TB_OK && plain.size != sizeof key->bytes)
        status = TB_CRYPTO;
    if (status == TB_OK)
        memcpy(key->bytes, plain.data, sizeof key->bytes);
    tb_bytes_free(&plain);
    tb_bytes_free(&wrapped);
    return status;
}

static tb_status make_key(tb_management *m, tb_id person, tb_key *key)
{
    tb_bytes wrapped = {0};
    *key = tb_key_random();
    tb_status status = tb_seal(&m->keys->wrap, tb_span_of(person.bytes, sizeof person.bytes),
                               tb_span_of(key->bytes, sizeof key->bytes), &wrapped);
    if (status == TB_OK)
        status = tb_person_key_set(m->db, person, tb_bytes_span(&wrapped));
    tb_bytes_free(&wrapped);
    return status;
}

tb_status tb_custody_enrol(tb_management *m, tb_id person, const tb_template *face)
{
    tb_key key;
    tb_bytes plain = {0}, sealed = {0};
    place about = place_of(person, 0);
    tb_status status = unwrap(m, person, &key);
    if (status == TB_NOT_FOUND)
        status = make_key(m, person, &key);
    if (status == TB_OK)
        status = tb_template_encode(face, &plain);
    if (status == TB_OK)
        status = tb_seal(&key, tb_span_of(about.bytes, sizeof about.bytes), tb_bytes_span(&plain), &sealed);
    if (status == TB_OK)
        status = tb_template_row_put(m->db, person, 0, tb_bytes_span(&sealed), tb_service_now(m));
    tb_wipe(&key, sizeof key);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    return status;
}

tb_status tb_custody_destroy(tb_management *m, tb_id person)
{
    tb_status status = tb_person_key_set(m->db, person, tb_span_of(NULL, 0));
    return status == TB_OK ? tb_template_rows_remove(m->db, person) : status;
}

tb_status tb_custody_open(tb_management *m, tb_id person, tb_custody *out)
{
    tb_key key;
    tb_template_rows rows = {0};
    *out = (tb_custody){0};
    tb_status status = unwrap(m, person, &key);
    if (status == TB_OK)
        status = tb_template_rows_get(m->db, person, &rows);
    for (int i = 0; i < rows.count && status == TB_OK; i++) {
        place about = place_of(person, rows.slot[i]);
        status = tb_open(&key, tb_span_of(about.bytes, sizeof about.bytes), tb_bytes_span(&rows.sealed[i]),
                         &out->encoded[i]);
        if (status == TB_OK)
            out->count++;
    }
    tb_wipe(&key, sizeof key);
    tb_template_rows_free(&rows);
    return status;
}

void tb_custody_free(tb_custody *custody)
{
    for (int i = 0; i < TB_TEMPLATES_MAX; i++)
        tb_bytes_free(&custody->encoded[i]);
    custody->count = 0;
}
