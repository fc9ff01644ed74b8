/* seal.c: authenticated encryption, with one key and between two key pairs.
 *
 * I1: a sealed message is nonce (24, random) | ciphertext | tag (16); sealing never reuses a nonce (192 random bits).
 * I2: on failure `out` is as before, and nothing of the plain text is left behind it.
 * I3: the key between two parties depends on who sends: A to B and B to A have different keys. */
#include <tebura/crypto.h>

#include <assert.h>
#include <sodium.h>

#include <tebura/secret.h>

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
_Static_assert(TB_SEAL_OVERHEAD == NONCE + TAG, "what crypto.h promises");
_Static_assert(TB_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the cipher's key");

tb_status tb_seal(const tb_key *key, tb_span about, tb_span plain, tb_bytes *out)
{
    if (plain.size > SIZE_MAX - TB_SEAL_OVERHEAD - out->size)
        return TB_TOO_LARGE;
    tb_status status = tb_bytes_reserve(out, out->size + plain.size + TB_SEAL_OVERHEAD);
    if (status != TB_OK)
        return status;
    uint8_t *nonce = out->data + out->size;
    randombytes_buf(nonce, NONCE);
    unsigned long long written = 0;
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE, &written, plain.data, plain.size, about.data,
                                                   about.size, NULL, nonce, key->bytes) != 0)
        return TB_CRYPTO;
    assert(written == plain.size + TAG);
    out->size += NONCE + (size_t)written;
    return TB_OK;
}

tb_status tb_open(const tb_key *key, tb_span about, tb_span sealed, tb_bytes *out)
{
    if (sealed.size < TB_SEAL_OVERHEAD)
        return TB_CRYPTO;
    size_t size = sealed.size - TB_SEAL_OVERHEAD;
    if (size > SIZE_MAX - 1 - out->size)
        return TB_TOO_LARGE;
    /* + 1: there is an address also for empty plain text */
    tb_status status = tb_bytes_reserve(out, out->size + size + 1);
    if (status != TB_OK)
        return status;
    unsigned long long written = 0;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out->data + out->size, &written, NULL, sealed.data + NONCE,
                                                   sealed.size - NONCE, about.data, about.size, sealed.data,
                                                   key->bytes) != 0) {
        tb_wipe(out->data + out->size, size);
        return TB_CRYPTO;
    }
    assert(written == size);
    out->size += (size_t)written;
    return TB_OK;
}

/* The key for what `sender` sends to `receiver`; one of the two is `own`. */
static tb_status key_between(const tb_key *own_private, const tb_key *theirs, const tb_key *sender,
                             const tb_key *receiver, tb_key *out)
{
    static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = {'t', 'e', 'b', 'u', 'r', 'a', '-', 's',
                                                                               'e', 'a', 'l', '-', 't', 'o', '-', '1'};
    uint8_t shared[crypto_scalarmult_BYTES];
    crypto_generichash_blake2b_state state;
    tb_status status = TB_CRYPTO;
    *out = (tb_key){0};
    if (crypto_scalarmult(shared, own_private->bytes, theirs->bytes) != 0 || sodium_is_zero(shared, sizeof shared))
        goto out; /* a point of low order: the "secret" would be known to everybody */
    if (crypto_generichash_blake2b_init_salt_personal(&state, NULL, 0, sizeof out->bytes, NULL, personal) != 0 ||
        crypto_generichash_blake2b_update(&state, shared, sizeof shared) != 0 ||
        crypto_generichash_blake2b_update(&state, sender->bytes, sizeof sender->bytes) != 0 ||
        crypto_generichash_blake2b_update(&state, receiver->bytes, sizeof receiver->bytes) != 0 ||
        crypto_generichash_blake2b_final(&state, out->bytes, sizeof out->bytes) != 0)
        goto out;
    status = TB_OK;
out:
    tb_wipe(shared, sizeof shared);
    tb_wipe(&state, sizeof state);
    return status;
}

tb_status tb_key_to(const tb_key *own_private, const tb_key *their_public, tb_key *out)
{
    tb_key own = tb_key_public(own_private);
    return key_between(own_private, their_public, &own, their_public, out);
}

tb_status tb_key_from(const tb_key *own_private, const tb_key *their_public, tb_key *out)
{
    tb_key own = tb_key_public(own_private);
    return key_between(own_private, their_public, their_public, &own, out);
}

tb_status tb_seal_to(const tb_key *own_private, const tb_key *their_public, tb_span about, tb_span plain, tb_bytes *out)
{
    tb_key key;
    tb_status status = tb_key_to(own_private, their_public, &key);
    if (status == TB_OK)
        status = tb_seal(&key, about, plain, out);
    tb_wipe(&key, sizeof key);
    return status;
}

tb_status tb_open_from(const tb_key *own_private, const tb_key *their_public, tb_span about, tb_span sealed,
                       tb_bytes *out)
{
    if (sealed.size < TB_SEAL_OVERHEAD)
        return TB_CRYPTO;
    tb_key key;
    tb_status status = tb_key_from(own_private, their_public, &key);
    if (status == TB_OK)
        status = tb_open(&key, about, sealed, out);
    tb_wipe(&key, sizeof key);
    return status;
}
