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
/* POST <server>/api/v1/standing: appends a sealed order, or nothing when there is none, and else our registration once
 * more, sealed as well. Only the seals prove anything: a server of another authority is asked, too, as it may be ours
 * with another key. TB_NOT_FOUND: the server does not know this key; as above. */
tb_status tb_standing_at(const char *server, const char *authority, const tb_key *own_public, int wait_ms,
                         tb_bytes *order, tb_bytes *renewal) TB_MUST_CHECK;
/* What was in a renewal's seal. *is_new: another key signs for the broker than for `before`. TB_MALFORMED; TB_CONFLICT:
 * it is another terminal's, site's or server's, or was written before what we have. */
tb_status tb_renewal_read(tb_span text, const tb_registration *before, tb_registration *out, int *is_new,
                          tb_error *why) TB_MUST_CHECK;

#endif
