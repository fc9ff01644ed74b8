/* trust.h: who may do what on the broker, as signed claims (NATS' decentralised authentication): an operator, three
 * accounts, and a user for every terminal. All keys are derived from one root, so that every server of a site that has
 * the same master key signs the same.
 *
 *   system      the operator's own: pushes accounts to running brokers
 *   site        JetStream, bucket and stream; teburad alone is in it
 *   terminals   no JetStream. Sees of the site only what is exported to it by name, and each terminal of that only
 *               what bears its own name
 *
 * Why two accounts and not permissions alone (doc/adr/120): NATS does not check the reply subject of a request against
 * the asker's permissions, and JetStream answers to it with its own rights. In another account it leads nowhere.
 *
 * Invariants
 *  T1  A terminal's claim holds its name and key only; what the name may do stands in the account and follows the
 *      server's version.
 *  T2  Revoked is a key, for ever; a touchpoint that is registered anew has another. */
#ifndef TEBURA_TRUST_H
#define TEBURA_TRUST_H

#include <tebura/clock.h>
#include <tebura/sign.h>

typedef struct tb_trust tb_trust;

/* `root` is a secret of 32 bytes. TB_INVALID_ARGUMENT (site), TB_NO_MEMORY, TB_CRYPTO. */
tb_status tb_trust_new(const tb_key *root, const char *site, tb_trust **out) TB_MUST_CHECK;
void tb_trust_free(tb_trust **trust);

typedef enum tb_account { TB_ACCOUNT_SYSTEM, TB_ACCOUNT_SITE, TB_ACCOUNT_TERMINALS } tb_account;
#define TB_ACCOUNTS 3
const char *tb_trust_account_name(const tb_trust *trust, tb_account account); /* "A..." */

/* Each appends one signed token. */
tb_status tb_trust_operator(const tb_trust *trust, tb_bytes *out) TB_MUST_CHECK;
typedef struct tb_revoked {
    tb_key broker_key; /* public */
    tb_time at;        /* told to people: the key is out for good, whatever any clock says */
} tb_revoked;
/* `revoked` counts for the terminals' account only. */
tb_status tb_trust_account(const tb_trust *trust, tb_account account, const tb_revoked *revoked, size_t count,
                           tb_time now, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_trust_terminal(const tb_trust *trust, const char *touchpoint, const tb_key *broker_key, tb_time now,
                            tb_bytes *out) TB_MUST_CHECK;
/* The server's own user in an account (not the terminals'), and its private key. */
tb_status tb_trust_server(const tb_trust *trust, tb_account account, tb_time now, tb_bytes *out,
                          tb_key *seed) TB_MUST_CHECK;

/* Appends the part of a nats-server configuration that makes it believe all this; `directory` is where it keeps the
 * accounts. TB_INVALID_ARGUMENT: a quote in the directory's name. */
tb_status tb_trust_broker_config(const tb_trust *trust, const char *directory, const tb_revoked *revoked, size_t count,
                                 tb_time now, tb_bytes *out) TB_MUST_CHECK;

#endif
