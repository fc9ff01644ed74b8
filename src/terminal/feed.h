/* feed.h: from sealed values of the bucket to the list and the store. Owned and worked by one thread (the courier's);
 * only tb_feed_receive may be called from another.
 *
 * Invariant F1: a value is in the store, sealed as it came, whenever it is on the list (a store that cannot write is
 * told by the log; the next snapshot heals it). */
#ifndef TERMINAL_FEED_H
#define TERMINAL_FEED_H

#include <tebura/bus.h>

#include "terminal/edge_store.h"
#include "terminal/list.h"
#include "terminal/site_clock.h"

typedef struct tb_feed tb_feed;

typedef struct tb_feed_options {
    tb_list *list;
    tb_edge_store *store;
    const tb_key *own_private, *server_public; /* used until open returns */
    const char *site, *touchpoint;             /* outlive the feed */
    tb_site_clock *clock;                      /* outlives the feed; NULL: the machine's, and marks do not set it */
    tb_time fresh_at;                          /* as the last run knew it; 0 never */
} tb_feed_options;

tb_status tb_feed_new(const tb_feed_options *options, tb_feed **out) TB_MUST_CHECK;
void tb_feed_free(tb_feed **feed);

/* Fills the list from the store: a start without network. Rows that do not open go. *count entries are on the list. */
tb_status tb_feed_restore(tb_feed *feed, tb_time now, size_t *count) TB_MUST_CHECK;
/* A live value: copied and queued. Any thread. *waiting (may be NULL): something is queued. */
void tb_feed_receive(tb_feed *feed, const tb_delivery *message);
/* A new connection: what was live before may have been missed. Any thread. */
void tb_feed_lost(tb_feed *feed);
/* Applies what is queued; takes a snapshot when one is needed and `bus` is connected: not after a new connection whose
 * last mark says that nothing is missing (doc/adr/174). *synced 1 when the list is the
 * server's. */
tb_status tb_feed_work(tb_feed *feed, tb_bus *bus, tb_time now, int *synced) TB_MUST_CHECK;
/* How often it has caught up so far: a whole snapshot was taken, or a mark made it needless. By the thread that works
 * the feed. */
uint64_t tb_feed_caught_up(const tb_feed *feed);
/* Removes what ended by the clock from list and store; how many. */
size_t tb_feed_expire(tb_feed *feed, tb_time now);
/* Up to which number the server has our events, by its last mark, and when that was heard (monotonic; 0 never). */
uint64_t tb_feed_reported(const tb_feed *feed, int64_t *heard);
/* The server's time at which this list was whole, by its own word (tb_mark); 0: never heard. */
tb_time tb_feed_fresh_at(const tb_feed *feed);
/* Values that were left out since the start: cut short, sealed for somebody else, of another version, played back; and
 * marks that told of another list than this. */
uint64_t tb_feed_refused(const tb_feed *feed);

#endif
