/* key.c: keys, random and derived. */
#include <tebura/crypto.h>

#include <assert.h>
#include <sodium.h>

_Static_assert(TB_KEY_SIZE == crypto_scalarmult_BYTES && TB_KEY_SIZE == crypto_scalarmult_SCALARBYTES, "X25519");
_Static_assert(TB_KEY_SIZE == crypto_kdf_KEYBYTES && crypto_kdf_CONTEXTBYTES == 8, "the KDF's sizes");

tb_status tb_crypto_start(void)
{
    return sodium_init() < 0 ? TB_CRYPTO : TB_OK;
}

void tb_random(void *out, size_t size)
{
    if (size)
        randombytes_buf(out, size); /* ends the program rather than answer without entropy */
}

tb_key tb_key_random(void)
{
    tb_key key;
    tb_random(key.bytes, sizeof key.bytes);
    return key;
}

tb_key tb_key_public(const tb_key *private_key)
{
    tb_key key;
    int failed = crypto_scalarmult_base(key.bytes, private_key->bytes);
    assert(!failed); /* multiplying the base point by a clamped scalar has no failure case */
    (void)failed;
    return key;
}

tb_key_pair tb_key_pair_random(void)
{
    tb_key_pair pair;
    tb_random(pair.private_key.bytes, sizeof pair.private_key.bytes);
    pair.public_key = tb_key_public(&pair.private_key);
    return pair;
}

tb_status tb_key_derive(const tb_key *master, const char context[8], uint64_t number, tb_key *out)
{
    return crypto_kdf_derive_from_key(out->bytes, sizeof out->bytes, number, context, master->bytes) == 0 ? TB_OK
                                                                                                          : TB_CRYPTO;
}
