/* marks.h: what each terminal's list is, as it stands in the bucket, for the marks by which the server says that it is
 * whole (tb_mark in message.h, doc/adr/130).
 *
 *  K1  A mark tells what was given to the publisher before it: it never names a number or an entry that comes later.
 *  K2  A terminal gets marks only after its list was written again by this process: what another one, or another life
 *      of this one, has published is not known here. Who takes over from another server writes them one after the
 *      other, so that nothing else waits for it.
 *
 * Called with the mutex held, like everything here. */
#ifndef MANAGEMENT_MARKS_H
#define MANAGEMENT_MARKS_H

#include <tebura/management.h>

#define TB_MARK_EVERY (5 * TB_SECOND)
#define TB_MARK_SOONEST TB_SECOND /* between two to one terminal */

typedef struct tb_published_entry {
    tb_id visit; /* zero: free */
    uint64_t sequence;
} tb_published_entry;

typedef struct tb_published {   /* one terminal's list; all zero at first */
    tb_published_entry *places; /* open addressing, a power of two; NULL before the first */
    size_t room, count;
    uint64_t sequence;
    uint8_t digest[TB_MARK_DIGEST_SIZE];
    int64_t made; /* the last mark, monotonic */
    int soon;     /* it has asked for one, by its heartbeat */
    uint64_t tick;
    tb_time heard;
    uint64_t known_since; /* tb_management.marking when it was written again; 0 never */
} tb_published;

/* An entry was given to the publisher. TB_NO_MEMORY: no mark is right until all lists are written again. */
tb_status tb_published_note(tb_published *list, const tb_key *salt, tb_id visit, uint64_t sequence,
                            int present) TB_MUST_CHECK;
void tb_published_clear(tb_published *list);
/* When it is due; monotonic. */
int64_t tb_published_due(const tb_published *list);
tb_mark tb_published_mark(const tb_published *list, const tb_key *salt, tb_time now);

#endif
