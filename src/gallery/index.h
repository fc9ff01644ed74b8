/* index.h: from an id to its rows. Linear hashing: one chain is split at each growth, so no change ever takes long.
 *
 * N1: an entry in use is on exactly one chain, that of bucket_of(its id); a free one is on the list of free ones.
 * N2: entries keep their addresses while in use. */
#ifndef TEBURA_GALLERY_INDEX_H
#define TEBURA_GALLERY_INDEX_H

#include <tebura/bytes.h>

#include "gallery/stairs.h"

enum { TB_ROWS_PER_ID = 5 };

typedef struct tb_entry {
    tb_id id;
    uint32_t rows[TB_ROWS_PER_ID];
    uint32_t count;
    uint32_t next; /* on its chain or among the free ones: entry + 1, 0 ends */
} tb_entry;

typedef struct tb_index {
    tb_stairs entries, heads; /* heads: uint32_t, entry + 1 of each bucket */
    size_t count;             /* in use */
    size_t touched;           /* entries that ever were in use */
    uint32_t free;            /* the first free one among them, + 1 */
    size_t half, split;       /* buckets: half + split; half is a power of two, split < half */
} tb_index;

void tb_index_init(tb_index *index);
void tb_index_free(tb_index *index); /* and init */
tb_entry *tb_index_find(const tb_index *index, tb_id id);
/* Room for one more: then tb_index_add cannot fail. */
tb_status tb_index_reserve(tb_index *index) TB_MUST_CHECK;
tb_entry *tb_index_add(tb_index *index, tb_id id); /* which must not be there; no rows yet */
void tb_index_drop(tb_index *index, tb_entry *entry);

#endif
