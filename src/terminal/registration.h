/* registration.h: the terminal makes itself known to its server, once, with the code that the operator was given. */
#ifndef TERMINAL_REGISTRATION_H
#define TERMINAL_REGISTRATION_H

#include "terminal/edge_store.h"

/* POST <server>/api/v1/registrations. `code` may be CODE.FINGERPRINT: then the server has to be of the certificate
 * authority with that fingerprint (TB_FORBIDDEN: it is not). Plain HTTP is for loopback only (TB_INVALID_ARGUMENT).
 * TB_UNAUTHORISED (wrong or used code), TB_BUS_DOWN (the server cannot be reached; `why` says so), TB_TIMEOUT,
 * TB_MALFORMED (an answer that is none), TB_NO_MEMORY. */
tb_status tb_register_at(const char *server, const char *code, const tb_key_pair *keys, int wait_ms,
                         tb_registration *out, tb_error *why) TB_MUST_CHECK;
/* POST <server>/api/v1/standing: appends a sealed order, or nothing when there is none. TB_NOT_FOUND: the server does
 * not know this key; as above. */
tb_status tb_standing_at(const char *server, const char *authority, const tb_key *own_public, int wait_ms,
                         tb_bytes *sealed) TB_MUST_CHECK;

#endif
