/* hash.c: hashes and comparison that tell nothing by their duration. */
#include <tebura/crypto.h>

#include <assert.h>
#include <sodium.h>
#include <string.h>

int tb_equal_constant_time(tb_span a, tb_span b)
{
    if (a.size != b.size)
        return 0;
    return a.size == 0 || sodium_memcmp(a.data, b.data, a.size) == 0;
}

void tb_sha256(tb_span data, uint8_t out[32])
{
    int failed = crypto_hash_sha256(out, data.data, data.size);
    assert(!failed);
    (void)failed;
}

void tb_keyed_hash(const tb_key *key, tb_span data, uint8_t out[32])
{
    int failed = crypto_generichash(out, 32, data.data, data.size, key->bytes, sizeof key->bytes);
    assert(!failed); /* it fails only for sizes out of range, and these are constants */
    (void)failed;
}
