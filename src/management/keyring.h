/* keyring.h: the keys of a site: what is derived from the master key, and what rests sealed under it in the database.
 *
 *  N1  Nothing but master.key is needed beside the database, and nothing in the database opens without it.
 *  N2  The server's key pair and the site's roots are chance, not derived: a new master key leaves them as they are, so
 *      that no terminal notices. Sites of before this release have roots that their first master key derives, until
 *      they are made anew (teburad rotate-key --leaked). */
#ifndef MANAGEMENT_KEYRING_H
#define MANAGEMENT_KEYRING_H

#include "store/store.h"

typedef struct tb_keyring { /* in secret memory */
    tb_key master;
    tb_key central, visitor;                /* of the database files */
    tb_key pair;                            /* seals the two below in the database */
    tb_key wrap, document, find_old, token; /* tb_keys of service.h; find_old, trust_old: roots of before */
    tb_key trust_old;
    tb_key_pair own; /* the server's, for terminals */
    tb_key find, trust;
    int derived; /* the roots are those of before */
} tb_keyring;

/* Everything that comes from keys->master. */
tb_status tb_keyring_derive(tb_keyring *keys) TB_MUST_CHECK;
/* Pair and roots from the database. TB_NOT_FOUND: no site yet; TB_DB_KEY: this master key is not theirs. */
tb_status tb_keyring_read(tb_db *db, tb_keyring *keys) TB_MUST_CHECK;
/* Pair and roots, sealed under what keys->master gives. Inside a transaction. */
tb_status tb_keyring_write(tb_db *db, const tb_keyring *keys) TB_MUST_CHECK;
/* The same for as long as nobody writes them anew: who holds keys in memory sees by it whether they are in force. */
tb_status tb_keyring_mark(tb_db *db, uint8_t out[32]) TB_MUST_CHECK;

#endif
