/* gallery.h: a list of templates that one probe is compared with (1:N), updated while it is searched. */
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
void tb_gallery_free(tb_gallery **gallery); /* wipes */
/* Adds or replaces all templates of `id` (1..5; best of them counts). TB_OTHER_MODEL, TB_INVALID_ARGUMENT; nothing
 * changed on failure. */
tb_status tb_gallery_put(tb_gallery *gallery, tb_id id, const tb_template *templates, int count) TB_MUST_CHECK;
tb_status tb_gallery_remove(tb_gallery *gallery, tb_id id) TB_MUST_CHECK; /* wipes its rows; TB_NOT_FOUND */
void tb_gallery_clear(tb_gallery *gallery);
size_t tb_gallery_count(const tb_gallery *gallery); /* ids, not rows */
/* The best `k` ids, best first, exact. *found <= k. Any number of threads may search while one writes.
 * `only` (may be NULL) narrows the search to ids for which it returns non-zero. */
tb_status tb_gallery_search(const tb_gallery *gallery, const tb_template *probe, int k,
                            int (*only)(tb_id id, void *context), void *context, tb_candidate *out,
                            int *found) TB_MUST_CHECK;

#endif
