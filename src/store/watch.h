/* watch.h: a second connection to a shared PostgreSQL: hears at once what other servers have committed, and decides
 * which of them leads. Its own thread; doc/adr/111.
 *
 *  W1  One session at most holds the leader's lock. It ends with the session: with a program that dies at once, with
 *      one
 *      that hangs or whose network is cut within some five seconds (the server ends sessions that say nothing, and
 *      one that has heard nothing as long leads no more even before it knows).
 *  W2  `fed` is held by a leader only after the broker's bucket was written from this database, and whoever has seen it
 *      held while it ran itself knows that no other database has come in between.
 *  W3  Who cannot do what a leader does gives way to one who can. As long as there is none it leads all the same: the
 *      clock goes on. */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include "store/db.h"

typedef struct tb_db_watch tb_db_watch;

/* woken: something was committed by another, or leading has changed; on the thread of the watch, must not wait long; 0
 * asks to be called again soon. */
tb_status tb_db_watch_open(const char *url, int (*woken)(void *context), void *context, tb_db_watch **out,
                           tb_error *why) TB_MUST_CHECK;
void tb_db_watch_free(tb_db_watch **watch);
/* 0, or the number of the time for which it leads now: another one after each interruption, however short. */
uint64_t tb_db_watch_leads(const tb_db_watch *watch);
/* W3. Nobody is able before it says so. */
void tb_db_watch_set_able(tb_db_watch *watch, int able);
int tb_db_watch_knows_fed(const tb_db_watch *watch);
void tb_db_watch_set_fed(tb_db_watch *watch);
/* Asked of the server, over `db`: does this watch's session hold the leader's lock now, without an interruption since
 * that number was told? */
tb_status tb_db_watch_still_leads(tb_db_watch *watch, tb_db *db, uint64_t tenure, int *leads) TB_MUST_CHECK;

#endif
