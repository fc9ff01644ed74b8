/* sign.h: signatures (Ed25519) and the forms in which NATS takes keys and signed claims. */
#ifndef TEBURA_SIGN_H
#define TEBURA_SIGN_H

#include <tebura/crypto.h>

#define TB_SIGNATURE_SIZE 64

/* The public key of an Ed25519 private key, which is its 32-byte seed. */
tb_key tb_sign_public(const tb_key *seed);
void tb_sign(const tb_key *seed, tb_span message, uint8_t signature[TB_SIGNATURE_SIZE]);
int tb_sign_matches(const tb_key *public_key, tb_span message, const uint8_t signature[TB_SIGNATURE_SIZE]);

/* NATS' text form of a key: a letter that tells what it is, the key, CRC-16; base32 (RFC 4648). */
typedef enum tb_nkey_kind {                      /* the first byte, which makes the first letter */
                            TB_NKEY_ACCOUNT = 0, /* A */
                            TB_NKEY_OPERATOR = 14 << 3,
                            TB_NKEY_USER = 20 << 3
} tb_nkey_kind;
#define TB_NKEY_TEXT_SIZE 57 /* 56 characters and NUL */
#define TB_NKEY_SEED_SIZE 59
const char *tb_nkey_text(tb_nkey_kind kind, const tb_key *public_key, char out[TB_NKEY_TEXT_SIZE]); /* returns out */
/* The private form, "SU..." for a user: for credentials files. Wipe it. */
void tb_nkey_seed_text(tb_nkey_kind kind, const tb_key *seed, char out[TB_NKEY_SEED_SIZE]);

/* Appends header.claims.signature (RFC 7519 with alg "ed25519-nkey", nats.io/jwt version 2). `claims` is JSON. */
tb_status tb_token_sign(const tb_key *seed, tb_span claims, tb_bytes *out) TB_MUST_CHECK;

#endif
