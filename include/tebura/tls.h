/* tls.h: the site's own certificate authority, and certificates of its servers (X.509, ECDSA on P-256). The authority's
 * key is derived from the site's root, so it is in no file, and every server that has the same master key is the same
 * authority. A terminal knows it by its fingerprint, which comes with the registration code. */
#ifndef TEBURA_TLS_H
#define TEBURA_TLS_H

#include <tebura/clock.h>
#include <tebura/crypto.h>

#define TB_FINGERPRINT_SIZE 65 /* SHA-256 of the authority's public key (SubjectPublicKeyInfo), hex, NUL */

/* Appends the authority's certificate (PEM). It differs each time, but for name and key, which is what counts. */
tb_status tb_tls_authority(const tb_key *root, tb_time now, tb_bytes *pem, tb_error *why) TB_MUST_CHECK;
tb_status tb_tls_fingerprint(const tb_key *root, char out[TB_FINGERPRINT_SIZE]) TB_MUST_CHECK;
/* Is `pem` the certificate of the authority with this fingerprint, and in force? TB_CRYPTO: another one, or its time is
 * over; TB_MALFORMED: none at all. */
tb_status tb_tls_authority_check(tb_span pem, const char *fingerprint, tb_time now) TB_MUST_CHECK;
/* Appends a server's certificate with the authority's behind it, and its new private key. `names`: host names and
 * addresses, separated by commas; valid from a day before `now` for `days`. TB_INVALID_ARGUMENT: a name. */
tb_status tb_tls_certificate(const tb_key *root, const char *names, tb_time now, int days, tb_bytes *certificate,
                             tb_bytes *private_key, tb_error *why) TB_MUST_CHECK;
/* A certificate (PEM, the first of a chain) and a private key (PEM): do they belong together, and is it in force? With
 * a sentence that names neither file. TB_MALFORMED: not to be read, or with a passphrase; TB_CRYPTO: not a pair;
 * TB_INVALID_ARGUMENT: its time has not come, or is over. */
tb_status tb_tls_pair_check(tb_span certificate, tb_span private_key, tb_time now, tb_error *why) TB_MUST_CHECK;

#endif
