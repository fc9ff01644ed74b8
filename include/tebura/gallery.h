/* gallery.h: a list of templates that probes are compared with (1:N), changed while it is searched.
 *
 * Exact: an answer holds the ids that a comparison with every template would have found, with the same scores, bit for
 * bit, on every processor. Any number of threads may search while any number change it: a change waits for microseconds
 * at most, a search never for longer. An id that is there (or is being replaced) during the whole of a search is
 * found by it; one that comes or goes meanwhile may be found or not. */
#ifndef TEBURA_GALLERY_H
#define TEBURA_GALLERY_H

#include <tebura/template.h>

typedef struct tb_gallery tb_gallery;

typedef struct tb_candidate {
    tb_id id;
    float score; /* cosine */
} tb_candidate;

/* `model` and `dimension` of every template in it. Rows live in secret memory. */
tb_status tb_gallery_new(uint32_t model, int dimension, tb_gallery **out) TB_MUST_CHECK;
void tb_gallery_free(tb_gallery **gallery); /* wipes; nobody may be using it */
/* Adds or replaces all templates of `id` (1..5; best of them counts); its tags stay, a new one has none.
 * TB_OTHER_MODEL, TB_INVALID_ARGUMENT, TB_NO_MEMORY; nothing changed on failure. */
tb_status tb_gallery_put(tb_gallery *gallery, tb_id id, const tb_template *templates, int count) TB_MUST_CHECK;
/* The same, with its tags: a set of 64 whose meaning is the caller's (purposes, zones, flags). */
tb_status tb_gallery_put_tagged(tb_gallery *gallery, tb_id id, const tb_template *templates, int count,
                                uint64_t tags) TB_MUST_CHECK;
tb_status tb_gallery_tag(tb_gallery *gallery, tb_id id, uint64_t tags) TB_MUST_CHECK; /* other tags; TB_NOT_FOUND */
/* Wipes its rows; searches that begin afterwards do not find it. TB_NOT_FOUND. */
tb_status tb_gallery_remove(tb_gallery *gallery, tb_id id) TB_MUST_CHECK;
void tb_gallery_clear(tb_gallery *gallery);
size_t tb_gallery_count(const tb_gallery *gallery); /* ids, not rows */
size_t tb_gallery_rows(const tb_gallery *gallery);  /* templates: what a threshold is computed from */
/* Of how many rows the ids have all of these tags and none of those: what a narrowed search's threshold is computed
 * from. While others change the gallery it may be off by what they change. */
size_t tb_gallery_rows_tagged(const tb_gallery *gallery, uint64_t all_of, uint64_t none_of);
tb_status tb_gallery_tags(const tb_gallery *gallery, tb_id id, uint64_t *out) TB_MUST_CHECK; /* TB_NOT_FOUND */
/* The best `k` ids, best first (equal scores in the order of their ids). *found <= k.
 * `only` (may be NULL) narrows the search to ids for which it returns non-zero; it must not call the gallery. */
tb_status tb_gallery_search(const tb_gallery *gallery, const tb_template *probe, int k,
                            int (*only)(tb_id id, void *context), void *context, tb_candidate *out,
                            int *found) TB_MUST_CHECK;

/* What a search may ask. Zero-initialise. */
typedef struct tb_gallery_query {
    int k;                    /* 1 or more */
    uint64_t all_of, none_of; /* only ids that have all of these tags and none of those; 0 asks nothing */
    int (*only)(tb_id id, void *context);
    void *context;
} tb_gallery_query;

/* As tb_gallery_search. `out` holds k. */
tb_status tb_gallery_search_by(const tb_gallery *gallery, const tb_template *probe, const tb_gallery_query *query,
                               tb_candidate *out, int *found) TB_MUST_CHECK;
/* `count` probes at once, for servers: much faster for each than one after the other. `out` holds count * k: those of
 * probe i begin at i * k, found[i] of them. TB_OTHER_MODEL, TB_INVALID_ARGUMENT (of any probe), TB_NO_MEMORY: found is
 * all zero then. */
tb_status tb_gallery_search_batch(const tb_gallery *gallery, const tb_template *probes, int count,
                                  const tb_gallery_query *query, tb_candidate *out, int *found) TB_MUST_CHECK;

#endif
