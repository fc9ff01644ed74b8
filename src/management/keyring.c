/* keyring.c: keys derived, and keys sealed in the table of the site's own values. */
#include "management/keyring.h"

#include <string.h>

#include <tebura/secret.h>

#define PAIR "key_pair"
#define ROOTS "roots"

typedef struct roots { /* as they are sealed: bytes alone, so without padding */
    tb_key find, trust;
    uint8_t derived;
} roots;
_Static_assert(sizeof(roots) == 2 * TB_KEY_SIZE + 1, "no padding");

tb_status tb_keyring_derive(tb_keyring *keys)
{
    const struct {
        uint64_t number;
        tb_key *key;
    } list[] = {{1, &keys->central},  {2, &keys->visitor},  {3, &keys->pair},  {4, &keys->wrap},
                {5, &keys->document}, {6, &keys->find_old}, {7, &keys->token}, {8, &keys->trust_old}};
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof list / sizeof *list && status == TB_OK; i++)
        status = tb_key_derive(&keys->master, "tb-store", list[i].number, list[i].key);
    return status;
}

/* What rests under `name` has to be of this size. */
static tb_status unseal(tb_db *db, const tb_keyring *keys, const char *name, void *out, size_t size)
{
    tb_bytes sealed = {0}, plain = {0};
    tb_status status = tb_site_get(db, name, &sealed);
    if (status == TB_OK)
        status = tb_open(&keys->pair, tb_span_text(name), tb_bytes_span(&sealed), &plain);
    if (status == TB_OK && plain.size != size)
        status = TB_DB_CORRUPT;
    if (status == TB_OK)
        memcpy(out, plain.data, size);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    return status;
}

static tb_status seal(tb_db *db, const tb_keyring *keys, const char *name, const void *plain, size_t size)
{
    tb_bytes sealed = {0};
    tb_status status = tb_seal(&keys->pair, tb_span_text(name), tb_span_of(plain, size), &sealed);
    if (status == TB_OK)
        status = tb_site_put(db, name, tb_bytes_span(&sealed));
    tb_bytes_free(&sealed);
    return status;
}

tb_status tb_keyring_read(tb_db *db, tb_keyring *keys)
{
    roots kept = {0};
    tb_status status = unseal(db, keys, PAIR, &keys->own, sizeof keys->own);
    if (status == TB_CRYPTO)
        status = TB_DB_KEY;
    if (status != TB_OK)
        return status;
    status = unseal(db, keys, ROOTS, &kept, sizeof kept);
    keys->derived = status == TB_NOT_FOUND || kept.derived;
    keys->find = status == TB_NOT_FOUND ? keys->find_old : kept.find;
    keys->trust = status == TB_NOT_FOUND ? keys->trust_old : kept.trust;
    tb_wipe(&kept, sizeof kept);
    return status == TB_NOT_FOUND ? TB_OK : status == TB_CRYPTO ? TB_DB_CORRUPT : status;
}

tb_status tb_keyring_write(tb_db *db, const tb_keyring *keys)
{
    roots kept = {keys->find, keys->trust, (uint8_t)(keys->derived != 0)};
    tb_status status = seal(db, keys, PAIR, &keys->own, sizeof keys->own);
    if (status == TB_OK)
        status = seal(db, keys, ROOTS, &kept, sizeof kept);
    tb_wipe(&kept, sizeof kept);
    return status;
}

tb_status tb_keyring_mark(tb_db *db, uint8_t out[32])
{
    tb_bytes sealed = {0};
    tb_status status = tb_site_get(db, PAIR, &sealed);
    if (status == TB_OK)
        tb_sha256(tb_bytes_span(&sealed), out);
    tb_bytes_free(&sealed);
    return status;
}
