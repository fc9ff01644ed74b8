/* inside.h: what a gallery is made of; for src/gallery, its tests and benches.
 *
 * Rows lie in chunks of secret memory that never move (the first few alone, then several in a block of whole huge
 * pages: their codes lie behind one another in the order in which they are searched), each under a lock of its own.
 * All chunks are full but the last one that has rows. One writer at a time (`change`); any number of searches, which
 * hold a chunk's lock while they look at some of its rows and nothing between.
 *
 * I1: every row is live or wiped (all zeros); the live ones are 0..rows-1.
 * I2: ids[row] has an entry whose rows[] names that row, and no other entry names it.
 * I3: an id's entry has 1..5 rows.
 * I4: a call that fails has changed nothing: all memory is taken before the first change.
 * I5: a row only ever moves down: it is written whole to its lower place before its upper one is wiped. Searches go
 * from
 *     the last row to the first. So a row that is there from the beginning of a search to its end is seen: wherever it
 *     goes is still ahead of the search, or the search was at its upper place while it was there. It may be seen twice;
 *     an id stands in the answer once.
 * I6: replacing templates writes over them in place; more are put behind, surplus ones are dropped. So an id that is
 *     replaced while it is searched for is found, by a template that it had meanwhile.
 * I7: a score in an answer is the sum that the float kernel gives (K1), and no id outside has a better one
 * (search.c). */
#ifndef TEBURA_GALLERY_INSIDE_H
#define TEBURA_GALLERY_INSIDE_H

#include <tebura/gallery.h>

#include <pthread.h>
#include <stdatomic.h>

#include "gallery/index.h"
#include "gallery/scan.h"
#include "gallery/stairs.h"

enum { TB_CHUNK_ROWS = 256, TB_CHUNKS_ALONE = 16 };

typedef struct tb_chunk {
    pthread_rwlock_t lock;
    uint32_t rows;  /* live */
    uint32_t ready; /* the lock is there */
    void *block;    /* of secret memory, which it and its neighbours above lie in; NULL in these */
    uint8_t *codes; /* NULL without memory */
    float *floats, *scales, *residuals;
    uint64_t *tags;
    tb_id *ids;
} tb_chunk;

typedef struct tb_workspace tb_workspace; /* of a batch: batch.c */

typedef struct tb_gallery_statistics {
    uint64_t searches; /* by codes: short lists are compared in float at once and not counted */
    uint64_t rescored; /* rows that were compared again in float */
    uint64_t widened;  /* searches that rescored more than TB_RESCORED_USUAL rows before the answer was proven */
} tb_gallery_statistics;

#define TB_RESCORED_USUAL 256

struct tb_gallery {
    uint32_t model;
    int dimension;
    size_t stride, code_stride; /* floats and codes a row */
    const tb_kernel *kernel;
    size_t short_rows; /* with so many rows or fewer a search compares floats only */
    pthread_mutex_t change;
    tb_index index;
    tb_stairs chunks;                 /* tb_chunk; their headers stay until the gallery is freed */
    size_t chunks_made;               /* those that have memory: the first so many */
    size_t block_chunks, block_bytes; /* of a block of several */
    size_t held;                      /* bytes of all blocks */
    atomic_size_t rows, count;
    pthread_mutex_t resting; /* guards `idle` */
    tb_workspace *idle;
    atomic_uint_fast64_t searches, rescored, widened;
};

static inline tb_chunk *tb_gallery_chunk(const tb_gallery *gallery, size_t chunk)
{
    return tb_stairs_at(&gallery->chunks, chunk);
}

/* A template as the kernels want it: padded with zeros, and as codes. `values` and `codes` are as long as a row, both
 * aligned to 64 bytes. TB_OTHER_MODEL, TB_INVALID_ARGUMENT (not of unit length). */
tb_status tb_gallery_encode(const tb_gallery *gallery, const tb_template *from, float *values, int8_t *codes,
                            tb_code *code) TB_MUST_CHECK;

tb_gallery_statistics tb_gallery_statistics_of(const tb_gallery *gallery);
/* For tests and benches: another set of loops; `short_rows` 0 makes every search use codes. Nobody may search
 * meanwhile. */
void tb_gallery_tune(tb_gallery *gallery, const tb_kernel *kernel, size_t short_rows);
/* Bytes of memory it holds now, without what malloc adds. */
size_t tb_gallery_memory(const tb_gallery *gallery);

/* ---- search.c, for batch.c ---- */

typedef struct tb_search {
    const tb_gallery *gallery;
    const tb_gallery_query *query;
    tb_candidate *out;
    int found;
    float floor; /* a row is of interest from this score on: that of the last of k found, or less than any score */
    const float *values;
    const int8_t *codes;
    tb_bound bound;
    uint64_t rescored;
} tb_search;

void tb_search_begin(tb_search *search, const tb_code *code);
void tb_search_end(tb_search *search); /* adds to the statistics */
/* Rows first..last-1 of the chunk, which is locked, by their dot products with the probe's codes; `first` is a multiple
 * of TB_SCAN_LANES, `dots` TB_CHUNK_ROWS long and aligned to 64 bytes. */
void tb_search_dots(tb_search *search, const tb_chunk *chunk, size_t first, size_t last, int32_t *dots);
/* One row, in float. */
void tb_search_row(tb_search *search, const tb_chunk *chunk, size_t row);
/* The residuals of the chunk's rows, those that are not asked for at minus infinity: `own` (TB_CHUNK_ROWS) is where
 * they are written when they are not simply the chunk's. */
const float *tb_search_residuals(const tb_gallery_query *query, const tb_chunk *chunk, float *own);
void tb_workspaces_free(tb_gallery *gallery);

#endif
