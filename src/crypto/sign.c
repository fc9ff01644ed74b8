/* sign.c: Ed25519, and the two text forms that NATS knows it by: keys as "nkeys" (a prefix byte, the key, a checksum,
 * in base32) and signed claims as JSON Web Tokens with the algorithm "ed25519-nkey". */
#include <tebura/sign.h>

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include <tebura/secret.h>

_Static_assert(TB_KEY_SIZE == crypto_sign_SEEDBYTES && TB_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(TB_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519");

tb_key tb_sign_public(const tb_key *seed)
{
    tb_key public_key;
    uint8_t whole[crypto_sign_SECRETKEYBYTES];
    int failed = crypto_sign_seed_keypair(public_key.bytes, whole, seed->bytes);
    assert(!failed); /* no failure case for a seed of the right size */
    (void)failed;
    tb_wipe(whole, sizeof whole);
    return public_key;
}

void tb_sign(const tb_key *seed, tb_span message, uint8_t signature[TB_SIGNATURE_SIZE])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], whole[crypto_sign_SECRETKEYBYTES];
    int failed = crypto_sign_seed_keypair(public_key, whole, seed->bytes) != 0 ||
                 crypto_sign_detached(signature, NULL, message.data, message.size, whole) != 0;
    assert(!failed);
    (void)failed;
    tb_wipe(whole, sizeof whole);
}

int tb_sign_matches(const tb_key *public_key, tb_span message, const uint8_t signature[TB_SIGNATURE_SIZE])
{
    return crypto_sign_verify_detached(signature, message.data, message.size, public_key->bytes) == 0;
}

/* RFC 4648, no padding. `out` holds 8/5 of the size and a NUL. */
static void base32(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t held = 0;
    int bits = 0;
    for (size_t i = 0; i < size; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            *out++ = digits[held >> (bits - 5) & 31];
    }
    if (bits)
        *out++ = digits[held << (5 - bits) & 31];
    *out = '\0';
}

/* CRC-16/XMODEM: polynomial 1021, from zero. */
static uint16_t crc16(const uint8_t *bytes, size_t size)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < size; i++) {
        crc = (uint16_t)(crc ^ bytes[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

const char *tb_nkey_text(tb_nkey_kind kind, const tb_key *public_key, char out[TB_NKEY_TEXT_SIZE])
{
    uint8_t bytes[1 + TB_KEY_SIZE + 2];
    _Static_assert((sizeof bytes * 8 + 4) / 5 + 1 == TB_NKEY_TEXT_SIZE, "the text's size");
    bytes[0] = (uint8_t)kind;
    memcpy(bytes + 1, public_key->bytes, TB_KEY_SIZE);
    uint16_t crc = crc16(bytes, 1 + TB_KEY_SIZE);
    bytes[1 + TB_KEY_SIZE] = (uint8_t)crc; /* little-endian */
    bytes[2 + TB_KEY_SIZE] = (uint8_t)(crc >> 8);
    base32(bytes, sizeof bytes, out);
    return out;
}

void tb_nkey_seed_text(tb_nkey_kind kind, const tb_key *seed, char out[TB_NKEY_SEED_SIZE])
{
    uint8_t bytes[2 + TB_KEY_SIZE + 2];
    const unsigned mark = 18u << 3; /* 'S' */
    _Static_assert((sizeof bytes * 8 + 4) / 5 + 1 == TB_NKEY_SEED_SIZE, "the text's size");
    bytes[0] = (uint8_t)(mark | (unsigned)kind >> 5);
    bytes[1] = (uint8_t)(((unsigned)kind & 31) << 3);
    memcpy(bytes + 2, seed->bytes, TB_KEY_SIZE);
    uint16_t crc = crc16(bytes, 2 + TB_KEY_SIZE);
    bytes[2 + TB_KEY_SIZE] = (uint8_t)crc;
    bytes[3 + TB_KEY_SIZE] = (uint8_t)(crc >> 8);
    base32(bytes, sizeof bytes, out);
    tb_wipe(bytes, sizeof bytes);
}

static tb_status append_base64url(tb_bytes *out, tb_span from)
{
    const int form = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    size_t room = sodium_base64_encoded_len(from.size, form); /* with the NUL */
    tb_status status = tb_bytes_reserve(out, out->size + room);
    if (status != TB_OK)
        return status;
    (void)sodium_bin2base64((char *)out->data + out->size, room, from.data, from.size, form);
    out->size += room - 1;
    return TB_OK;
}

tb_status tb_token_sign(const tb_key *seed, tb_span claims, tb_bytes *out)
{
    static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"ed25519-nkey\"}";
    uint8_t signature[TB_SIGNATURE_SIZE];
    size_t start = out->size;
    tb_status status = append_base64url(out, tb_span_of(header, sizeof header - 1));
    if (status == TB_OK)
        status = tb_bytes_append(out, tb_span_text("."));
    if (status == TB_OK)
        status = append_base64url(out, claims);
    if (status == TB_OK) {
        tb_sign(seed, tb_span_of(out->data + start, out->size - start), signature);
        status = tb_bytes_append(out, tb_span_text("."));
    }
    if (status == TB_OK)
        status = append_base64url(out, tb_span_of(signature, sizeof signature));
    if (status != TB_OK)
        out->size = start;
    return status;
}
