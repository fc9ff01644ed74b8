/* edge_store.h: what a terminal must not forget, in edge.db (SQLCipher) in its data directory: who it is, its list as
 * it was received, its outbox, payments under way.
 *
 * Invariants
 *  E1  An event has its number and its place in the outbox in one transaction; numbers count up from 1 for ever,
 *      without gaps.
 *  E2  A payment is in `payment` from before its first send until it was answered or its void is in the outbox: never
 *      both, never neither.
 *  E3  Rows hold sealed bytes as they came or as they will be sent: no template, no name, no amount in the open, also
 *      behind the file's own key.
 *  E4  One process has the directory at a time.
 *  E5  Who was taken off the list stays known by number until the window that was known last has ended: an old sealed
 *      value that somebody recorded brings nobody back, also after a restart.
 *
 * Any thread; one at a time inside. */
#ifndef TERMINAL_EDGE_STORE_H
#define TERMINAL_EDGE_STORE_H

#include <tebura/crypto.h>
#include <tebura/message.h>

typedef struct tb_edge_store tb_edge_store;

/* Makes the directory (0700), the key file edge.key (0600; `_with`: another, which may be read only), edge.seal and
 * edge.db where they are missing; migrates. A wipe that was interrupted is ended first. TB_DB_LOCKED, TB_DB_NEWER,
 * TB_DB_KEY, TB_DB_CORRUPT, TB_DISK_FULL, TB_FORBIDDEN (key file), TB_IO, TB_NO_MEMORY. */
tb_status tb_edge_store_open(const char *directory, tb_edge_store **out, tb_error *why) TB_MUST_CHECK;
tb_status tb_edge_store_open_with(const char *directory, const char *key_file, tb_edge_store **out,
                                  tb_error *why) TB_MUST_CHECK;
void tb_edge_store_free(tb_edge_store **store);

/* ---- its end (remote wipe) ---- */
/* Any thread, also while others use the store: from here on nobody can open it any more once this process has ended,
 * whatever happens to the power. Idempotent. TB_IO. */
tb_status tb_edge_store_end_keys(tb_edge_store *store, tb_error *why) TB_MUST_CHECK;
/* Keys first, then the rows' files: overwritten, removed, synced. Nobody else uses the store any more; *store is freed
 * whatever comes of it. After a failure or a power cut the next tb_edge_store_open ends the rest; it then begins anew,
 * unregistered. A master key outside the directory is left alone: it opens nothing any more. */
tb_status tb_edge_store_destroy(tb_edge_store **store, tb_error *why) TB_MUST_CHECK;

/* The terminal's own key pair; made at the first call. */
tb_status tb_edge_store_keys(tb_edge_store *store, tb_key_pair *out) TB_MUST_CHECK;

/* What the server told at registration. */
typedef struct tb_registration {
    char touchpoint[TB_TOUCHPOINT_SIZE];
    char role[TB_NAME_SIZE], zone[TB_NAME_SIZE], site[TB_NAME_SIZE];
    tb_facts attributes;
    tb_key server; /* public */
    char nats_url[256];
    uint32_t model;
    int dimension;
    /* PEM: the one that the server's certificate is of, and the broker's; "" as this machine believes */
    char authority[2048], broker_authority[2048];
    char broker_token[1536]; /* signed claim: who we are to the broker; "" for one that does not ask */
} tb_registration;
#define TB_BROKER_KEY_CONTEXT "tb-nats_" /* our key for the broker is derived from the private one */
tb_status tb_broker_key(const tb_key_pair *keys, tb_key *seed) TB_MUST_CHECK; /* Ed25519; wipe it */
/* TB_NOT_FOUND: not registered */
tb_status tb_edge_store_registration(tb_edge_store *store, tb_registration *out) TB_MUST_CHECK;
tb_status tb_edge_store_register(tb_edge_store *store, const tb_registration *registration) TB_MUST_CHECK;

/* What has to be known after a restart without network; small, overwritten. `name` [a-z]+. TB_NOT_FOUND */
tb_status tb_edge_store_note(tb_edge_store *store, const char *name, tb_span value) TB_MUST_CHECK;
tb_status tb_edge_store_noted(tb_edge_store *store, const char *name, tb_bytes *out) TB_MUST_CHECK;

/* ---- the list, as received ---- */
typedef struct tb_sealed_entry {
    tb_id visit;
    uint64_t sequence;
    int known;   /* the row is as it was: it is only named in a whole snapshot */
    int dropped; /* used up here; `sealed` is empty */
    /* Neither sealed nor dropped: taken off, remembered until `until` (E5); with `until` 0 the row goes. */
    tb_span sealed;
    tb_time until; /* of the window; 0: not known */
} tb_sealed_entry;
/* All of them in one transaction. With `whole`, rows that are not named were taken off by the server, at `sequence` at
 * the latest. `sequence` (0: as it was) is the highest that the list has seen. */
tb_status tb_edge_store_entries_put(tb_edge_store *store, const tb_sealed_entry *entries, size_t count, int whole,
                                    uint64_t sequence) TB_MUST_CHECK;
/* Removes rows whose window has ended. */
tb_status tb_edge_store_entries_over(tb_edge_store *store, tb_time now) TB_MUST_CHECK;
typedef tb_status (*tb_sealed_entry_fn)(void *context, const tb_sealed_entry *entry); /* must not call the store */
tb_status tb_edge_store_entries(tb_edge_store *store, tb_sealed_entry_fn each, void *context) TB_MUST_CHECK;
/* The highest feed sequence that the list had seen. */
tb_status tb_edge_store_sequence(tb_edge_store *store, uint64_t *out) TB_MUST_CHECK;

/* ---- outbox ---- */
/* How events are closed before they are stored: sealed to the server, about `subject`. Keys are copied. */
tb_status tb_edge_store_seal_with(tb_edge_store *store, const tb_key *own_private, const tb_key *server_public,
                                  const char *touchpoint, const char *subject) TB_MUST_CHECK;
/* An entry that was used up here, and the sequence that it had on the list (0: it was not on it). */
typedef struct tb_drop {
    tb_id visit;
    uint64_t sequence;
} tb_drop;
/* Gives the event id, touchpoint, time and number (E1) and writes it; `drop` (may be NULL) is marked as used up in the
 * same transaction. On failure nothing changed. TB_CONFLICT before seal_with. */
tb_status tb_edge_store_record(tb_edge_store *store, tb_event *event, tb_time now, const tb_drop *drop) TB_MUST_CHECK;
/* The oldest event after `after`. TB_NOT_FOUND: none. */
tb_status tb_edge_store_outbox_next(tb_edge_store *store, uint64_t after, uint64_t *number, tb_id *id,
                                    tb_bytes *sealed) TB_MUST_CHECK;
/* It and all before it. */
/* The stream has taken `count` of them, up to `number`. They are kept: a broker may lose what it has acknowledged. */
void tb_edge_store_outbox_sent(tb_edge_store *store, uint64_t number, int count);
/* All that are kept wait to be sent again. */
tb_status tb_edge_store_outbox_again(tb_edge_store *store) TB_MUST_CHECK;
/* The server has all up to `number`: they go. */
tb_status tb_edge_store_outbox_done(tb_edge_store *store, uint64_t number) TB_MUST_CHECK;
uint64_t tb_edge_store_outbox_count(tb_edge_store *store);                              /* not sent; never waits */
tb_status tb_edge_store_outbox_kept(tb_edge_store *store, uint64_t *out) TB_MUST_CHECK; /* all that the server lacks */

/* ---- payments under way (E2) ---- */
/* TB_EXISTS */
tb_status tb_edge_store_payment_keep(tb_edge_store *store, tb_id payment, tb_id visit, tb_time now) TB_MUST_CHECK;
tb_status tb_edge_store_payment_close(tb_edge_store *store, tb_id payment) TB_MUST_CHECK;
/* Takes it away and records `event` (PAYMENT_VOID) in one transaction. TB_NOT_FOUND: it was closed or voided before,
 * nothing is recorded. */
tb_status tb_edge_store_payment_void(tb_edge_store *store, tb_id payment, tb_event *event, tb_time now) TB_MUST_CHECK;
/* At start: voids whatever the last run left open. */
tb_status tb_edge_store_payments_void(tb_edge_store *store, tb_time now, int *count) TB_MUST_CHECK;
tb_status tb_edge_store_payments_open(tb_edge_store *store, int *count) TB_MUST_CHECK;

#endif
