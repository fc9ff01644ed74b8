/* link.h: everything between one registered terminal and its server: the feed into the list, the outbox into the
 * stream, questions, heartbeats. Two threads of its own: the courier (feed, outbox, heartbeat, clock) and the asker
 * (one question at a time, which may wait). Without a broker all of it waits and comes back by itself; nothing is lost.
 *
 * Invariant K1 (with M6): only what is committed in the store's outbox is published, under the id it has there; it
 * leaves the store only after the server's own word that it has it (outbox.h). */
#ifndef TERMINAL_LINK_H
#define TERMINAL_LINK_H

#include "terminal/edge_store.h"
#include "terminal/list.h"
#include "terminal/site_clock.h"

/* Three marks of the server; a role that allows nothing is stale after that. */
#define TB_FRESH_ENOUGH (15 * TB_SECOND)

typedef struct tb_link tb_link;

typedef struct tb_link_options {
    tb_edge_store *store;
    tb_list *list;
    const tb_registration *registration;                      /* outlives the link */
    const tb_key_pair *keys;                                  /* used until open returns */
    void (*answered)(void *context, const tb_answer *answer); /* from the asker's thread */
    void (*changed)(void *context); /* list, outbox or connection changed; from the courier's thread */
    /* fills state, decisions, screen, simulation; from the courier's thread */
    void (*beat)(void *context, tb_heartbeat *beat);
    void *context;
    tb_site_clock *clock; /* outlives the link; NULL: the machine's */
    tb_time offline;      /* of the role: how old the list may be, by the server's word */
    /* The server orders the end (message.h); from a thread of the bus or the asker's, more than once. May be NULL. */
    void (*ordered)(void *context, tb_order_kind kind);
    /* Another key signs for the broker now: what to sign in with from the next start on; from the asker's thread, again
     * and again. May be NULL. */
    void (*renewed)(void *context, const tb_registration *registration);
    /* its HTTP address: asked for our standing while the broker does not take us; NULL: not asked */
    const char *server;
} tb_link_options;

/* Fills the list from the store, then connects in the background. */
tb_status tb_link_open(const tb_link_options *options, tb_link **out, tb_error *why) TB_MUST_CHECK;
void tb_link_free(tb_link **link);

/* Sends the question (encoded and sealed before this returns; the caller keeps and frees `request`). `answered` is
 * called exactly once for it, with TB_ANSWER_FAILED and TB_BUS_DOWN, TB_TIMEOUT, TB_CRYPTO ... when there is no
 * answer. TB_CONFLICT: too many wait. */
tb_status tb_link_ask(tb_link *link, const tb_request *request, int wait_ms) TB_MUST_CHECK;
/* The same for what nobody waits for: no `answered`. TB_BUS_DOWN: not connected; TB_CONFLICT: a question waits, which
 * comes first. */
tb_status tb_link_offer(tb_link *link, const tb_request *request, int wait_ms) TB_MUST_CHECK;
/* The last word of a terminal that has wiped itself: sealed while there are keys, said when they are gone. */
tb_status tb_link_last_word(tb_link *link, tb_bytes *sealed) TB_MUST_CHECK;
void tb_link_say(tb_link *link, tb_span sealed);
void tb_link_wake(tb_link *link); /* the outbox or the state has something new */

/* What the last run noted: for the clock with which the next one begins. */
void tb_link_recall(tb_edge_store *store, tb_clock_memory *clock, tb_time *fresh_at);

typedef struct tb_link_view {
    int connected;
    tb_time fresh_at; /* the server's time at which the list was whole, by its word; 0 never */
    int64_t age;      /* seconds since then; 0 while its word comes regularly; -1 never */
    int stale;        /* older than its role allows: not to be used */
    uint64_t outbox, refused;
    uint64_t caught_up; /* how often, since the link was opened: by a whole snapshot or a mark */
} tb_link_view;
void tb_link_look(tb_link *link, tb_link_view *out);

#endif
