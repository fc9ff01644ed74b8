/* batch.c: many probes against all rows: a row comes from memory once for all of them. Exact as a single search is, by
 * the same bounds (search.c): a block of rows is compared with all probes by codes, and what reaches its probe's floor
 * is compared in float.
 *
 * The first rows are looked at probe by probe, best bound first, so that the floors stand high before the many come.
 * What a batch works in is kept for the next one. */
#include "gallery/inside.h"

#include <string.h>

#include <tebura/secret.h>

enum { ALONE = 3 /* so few probes are faster one by one */ };

struct tb_workspace {
    tb_workspace *next;
    float *values;          /* [TB_BATCH][stride] */
    int8_t *codes, *packed; /* [TB_BATCH][code_stride]; tb_probes tells the order of the other */
    int32_t *dots;          /* [TB_CHUNK_ROWS][TB_BATCH] */
    uint32_t *passed;
    tb_bounds *bounds;
    tb_search *searches;
};

/* ---- workspaces ---- */

static size_t rounded(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static tb_workspace *make_workspace(const tb_gallery *gallery)
{
    size_t table = TB_CHUNK_ROWS * TB_BATCH * sizeof(int32_t);
    size_t values = TB_BATCH * gallery->stride * sizeof(float), codes = TB_BATCH * gallery->code_stride;
    uint8_t *at = tb_secret_alloc(rounded(sizeof(tb_workspace)) + values + 2 * codes + 2 * table +
                                  rounded(sizeof(tb_bounds)) + TB_BATCH * sizeof(tb_search));
    if (!at)
        return NULL;
    tb_workspace *work = (tb_workspace *)(void *)at;
    work->values = (float *)(void *)(at += rounded(sizeof *work));
    work->codes = (int8_t *)(at += values);
    work->packed = (int8_t *)(at += codes);
    work->dots = (int32_t *)(void *)(at += codes);
    work->passed = (uint32_t *)(void *)(at += table);
    work->bounds = (tb_bounds *)(void *)(at += table);
    work->searches = (tb_search *)(void *)(at + rounded(sizeof(tb_bounds)));
    return work;
}

static tb_workspace *take_workspace(tb_gallery *gallery)
{
    pthread_mutex_lock(&gallery->resting);
    tb_workspace *work = gallery->idle;
    if (work)
        gallery->idle = work->next;
    pthread_mutex_unlock(&gallery->resting);
    return work ? work : make_workspace(gallery);
}

static void give_back(tb_gallery *gallery, tb_workspace *work)
{
    tb_wipe(work->values, TB_BATCH * (gallery->stride * sizeof(float) + 2 * gallery->code_stride));
    pthread_mutex_lock(&gallery->resting);
    work->next = gallery->idle;
    gallery->idle = work;
    pthread_mutex_unlock(&gallery->resting);
}

void tb_workspaces_free(tb_gallery *gallery)
{
    while (gallery->idle) {
        tb_workspace *work = gallery->idle;
        gallery->idle = work->next;
        tb_secret_free(work);
    }
}

/* ---- the probes ---- */

static void pack(const tb_gallery *gallery, tb_workspace *work, int count)
{
    size_t stride = gallery->code_stride;
    memset(work->packed, 0, TB_BATCH * stride);
    for (size_t probe = 0; probe < (size_t)count; probe++)
        for (size_t i = 0; i < stride; i += 4)
            memcpy(work->packed + i * TB_BATCH + probe * 4, work->codes + probe * stride + i, 4);
}

static void keep_floor(tb_workspace *work, int probe)
{
    work->bounds->floor[probe] = work->searches[probe].floor;
}

static tb_status begin(const tb_gallery *gallery, tb_workspace *work, const tb_template *probes, int count,
                       const tb_gallery_query *query, tb_candidate *out)
{
    for (int i = 0; i < count; i++) {
        float *values = work->values + (size_t)i * gallery->stride;
        int8_t *codes = work->codes + (size_t)i * gallery->code_stride;
        tb_code code;
        tb_status status = tb_gallery_encode(gallery, &probes[i], values, codes, &code);
        if (status != TB_OK)
            return status;
        tb_search *search = &work->searches[i];
        *search = (tb_search){.gallery = gallery,
                              .query = query,
                              .out = out + (size_t)i * (size_t)query->k,
                              .values = values,
                              .codes = codes};
        tb_search_begin(search, &code);
        work->bounds->offset[i] = search->bound.offset;
        work->bounds->scale[i] = search->bound.scale;
        work->bounds->slope[i] = search->bound.slope;
        work->bounds->slack[i] = search->bound.slack;
        keep_floor(work, i);
    }
    pack(gallery, work, count);
    return TB_OK;
}

/* ---- the rows ---- */

static void look_closer(tb_workspace *work, const tb_chunk *chunk, size_t first, const float *residuals, size_t passed)
{
    for (size_t i = 0; i < passed; i++) {
        size_t probe = work->passed[i] % TB_BATCH, row = first + work->passed[i] / TB_BATCH;
        tb_search *search = &work->searches[probe];
        const tb_bound *bound = &search->bound;
        int32_t dot = work->dots[(size_t)work->passed[i]] - bound->offset;
        float upper = (float)dot * (bound->scale * chunk->scales[row]) + (residuals[row] * bound->slope + bound->slack);
        if (upper < search->floor) /* which may have risen since the block was looked at */
            continue;
        tb_search_row(search, chunk, row);
        keep_floor(work, (int)probe);
    }
}

static void look_one_by_one(tb_workspace *work, int count, const tb_chunk *chunk, size_t first, size_t last)
{
    _Alignas(64) int32_t column[TB_CHUNK_ROWS];
    for (int probe = 0; probe < count; probe++) {
        for (size_t row = 0; row < last - first; row++)
            column[row] = work->dots[row * TB_BATCH + (size_t)probe];
        tb_search_dots(&work->searches[probe], chunk, first, last, column);
        keep_floor(work, probe);
    }
}

static void look_together(tb_workspace *work, int count, const tb_chunk *chunk, size_t first, size_t last)
{
    _Alignas(64) float own[TB_CHUNK_ROWS];
    const float *residuals = tb_search_residuals(work->searches->query, chunk, own);
    size_t passed = work->searches->gallery->kernel->passes(work->dots, chunk->scales + first, residuals + first,
                                                            last - first, count, work->bounds, work->passed);
    look_closer(work, chunk, first, residuals, passed);
}

/* From the last row down (I5), a kernel's fill at a time. */
static void visit_chunk(tb_workspace *work, int count, tb_chunk *chunk, int is_early)
{
    const tb_gallery *gallery = work->searches->gallery;
    size_t step = gallery->kernel->batch_rows, stride = gallery->code_stride;
    tb_probes probes = {stride, count, work->codes, work->packed};
    for (size_t end = TB_CHUNK_ROWS; end > 0; end -= step) {
        size_t first = end - step;
        pthread_rwlock_rdlock(&chunk->lock);
        size_t last = chunk->rows < end ? chunk->rows : end;
        if (last > first) {
            gallery->kernel->batch(&probes, chunk->codes + first * stride, stride, last - first, work->dots);
            (is_early ? look_one_by_one : look_together)(work, count, chunk, first, last);
        }
        pthread_rwlock_unlock(&chunk->lock);
    }
}

static void visit_chunks(const tb_gallery *gallery, tb_workspace *work, int count)
{
    size_t rows = atomic_load_explicit(&gallery->rows, memory_order_acquire);
    size_t chunks = (rows + TB_CHUNK_ROWS - 1) / TB_CHUNK_ROWS, full = rows / TB_CHUNK_ROWS;
    size_t early = full < chunks ? 2 : 1; /* a full one at least */
    if (gallery->kernel->open)
        gallery->kernel->open();
    for (size_t i = chunks; i-- > 0;)
        visit_chunk(work, count, tb_gallery_chunk(gallery, i), i + early >= chunks);
    if (gallery->kernel->close)
        gallery->kernel->close();
}

/* ---- the call ---- */

static tb_status some_together(tb_gallery *gallery, const tb_template *probes, int count, const tb_gallery_query *query,
                               tb_candidate *out, int *found)
{
    tb_workspace *work = take_workspace(gallery);
    if (!work)
        return TB_NO_MEMORY;
    tb_status status = begin(gallery, work, probes, count, query, out);
    if (status == TB_OK) {
        visit_chunks(gallery, work, count);
        for (int i = 0; i < count; i++) {
            found[i] = work->searches[i].found;
            tb_search_end(&work->searches[i]);
        }
    }
    give_back(gallery, work);
    return status;
}

static tb_status some_alone(const tb_gallery *gallery, const tb_template *probes, int count,
                            const tb_gallery_query *query, tb_candidate *out, int *found)
{
    tb_status status = TB_OK;
    for (int i = 0; i < count && status == TB_OK; i++)
        status = tb_gallery_search_by(gallery, &probes[i], query, out + (size_t)i * (size_t)query->k, &found[i]);
    return status;
}

tb_status tb_gallery_search_batch(const tb_gallery *gallery, const tb_template *probes, int count,
                                  const tb_gallery_query *query, tb_candidate *out, int *found)
{
    tb_gallery *it = (tb_gallery *)gallery; /* its workspaces; no row is changed */
    if (count < 0 || query->k < 1)
        return TB_INVALID_ARGUMENT;
    memset(found, 0, (size_t)count * sizeof *found);
    tb_status status = TB_OK;
    for (int done = 0; done < count && status == TB_OK; done += TB_BATCH) {
        int some = count - done < TB_BATCH ? count - done : TB_BATCH;
        int few = some <= ALONE || atomic_load_explicit(&it->rows, memory_order_relaxed) <= it->short_rows;
        tb_candidate *to = out + (size_t)done * (size_t)query->k;
        status = few ? some_alone(gallery, probes + done, some, query, to, found + done)
                     : some_together(it, probes + done, some, query, to, found + done);
    }
    if (status != TB_OK)
        memset(found, 0, (size_t)count * sizeof *found);
    return status;
}
