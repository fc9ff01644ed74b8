/* crypto.h: the few operations the platform needs, on libsodium. The only place with keys' sizes. */
#ifndef TEBURA_CRYPTO_H
#define TEBURA_CRYPTO_H

#include <tebura/bytes.h>

#define TB_KEY_SIZE 32
#define TB_SEAL_OVERHEAD 40 /* 24 nonce + 16 tag */

/* A symmetric or private key. Keep in tb_secret_alloc memory or wipe. */
typedef struct tb_key {
    uint8_t bytes[TB_KEY_SIZE];
} tb_key;
typedef struct tb_key_pair {
    tb_key public_key, private_key; /* X25519 */
} tb_key_pair;

/* Once, before anything else here (idempotent, any thread). Everything below may then be called from any thread.
 * TB_CRYPTO */
tb_status tb_crypto_start(void) TB_MUST_CHECK;
void tb_random(void *out, size_t size);
tb_key tb_key_random(void);
tb_key_pair tb_key_pair_random(void);
tb_key tb_key_public(const tb_key *private_key); /* the public key that belongs to an X25519 private key */
/* Subkey `number` of a master key for `context` (8 characters), BLAKE2b KDF. */
tb_status tb_key_derive(const tb_key *master, const char context[8], uint64_t number, tb_key *out) TB_MUST_CHECK;
/* A 32-byte master key in a file (64 hex digits, mode 0600): read, or made when absent, whole or not at all; two that
 * make it at once get the same key. Refuses files that others may read (TB_FORBIDDEN) or of other content
 * (TB_MALFORMED). TB_IO, TB_DISK_FULL. On failure `out` is zero. */
tb_status tb_key_file(const char *path, tb_key *out, tb_error *why) TB_MUST_CHECK;

/* Symmetric, authenticated (XChaCha20-Poly1305-IETF): nonce | ciphertext | tag appended to `out`. `about` is
 * authenticated, not encrypted, and must be the same on opening (which row, which field: no swapping). On failure,
 * TB_NO_MEMORY too, `out` is as before. No span may point into `out`. */
tb_status tb_seal(const tb_key *key, tb_span about, tb_span plain, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_open(const tb_key *key, tb_span about, tb_span sealed, tb_bytes *out) TB_MUST_CHECK; /* TB_CRYPTO */

/* Between two parties that know each other's public keys: the receiver knows who sent it. `about` as above. The key is
 * BLAKE2b-256(X25519 shared secret | sender's public key | receiver's public key), personal "tebura-seal-to-1":
 * bound to the direction, so what was sent cannot be played back to its sender. No forward secrecy: keys are long-lived
 * (ADR 040). TB_CRYPTO also for public keys of low order. */
tb_status tb_seal_to(const tb_key *own_private, const tb_key *their_public, tb_span about, tb_span plain,
                     tb_bytes *out) TB_MUST_CHECK;
tb_status tb_open_from(const tb_key *own_private, const tb_key *their_public, tb_span about, tb_span sealed,
                       tb_bytes *out) TB_MUST_CHECK;
/* The key of one direction of the above, for many messages between the same two: tb_seal with tb_key_to's key is
 * tb_seal_to, tb_open with tb_key_from's is tb_open_from, at a fiftieth of the cost (bench_wire). A secret like any
 * key. TB_CRYPTO: low order; `out` is then zero. */
tb_status tb_key_to(const tb_key *own_private, const tb_key *their_public, tb_key *out) TB_MUST_CHECK;
tb_status tb_key_from(const tb_key *own_private, const tb_key *their_public, tb_key *out) TB_MUST_CHECK;

/* PINs and tokens: Argon2id with libsodium's interactive limits (64 MiB, some 100 ms: never while holding a lock).
 * TB_NO_MEMORY */
#define TB_PASSWORD_HASH_SIZE 128
tb_status tb_password_hash(const char *password, char out[TB_PASSWORD_HASH_SIZE]) TB_MUST_CHECK;
int tb_password_matches(const char *hash, const char *password); /* 1 or 0 */
int tb_equal_constant_time(tb_span a, tb_span b);
void tb_sha256(tb_span data, uint8_t out[32]);
/* Keyed BLAKE2b: finds a row by passport number without storing the number in the open. */
void tb_keyed_hash(const tb_key *key, tb_span data, uint8_t out[32]);

#endif
