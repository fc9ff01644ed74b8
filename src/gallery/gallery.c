/* gallery.c: making a gallery and changing it. What it is made of and what always holds: inside.h. */
#include "gallery/inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

static size_t chunk_bytes(const tb_gallery *gallery)
{
    size_t row = gallery->code_stride + (gallery->stride + 2) * sizeof(float) + sizeof(uint64_t) + sizeof(tb_id);
    return TB_CHUNK_ROWS * row;
}

/* Chunks that fill one huge page nearly, or a few; the block's own header (secret.h) lies there too. */
static void plan_blocks(tb_gallery *gallery)
{
    enum { HUGE_PAGE = 1 << 21, HEADER = 64, MOST = 4 };
    size_t chunk = chunk_bytes(gallery), used = 0;
    for (size_t pages = 1; pages <= MOST && used * 10 <= gallery->block_bytes * 9; pages++) {
        gallery->block_bytes = pages * HUGE_PAGE - HEADER;
        gallery->block_chunks = gallery->block_bytes / chunk;
        used = gallery->block_chunks * chunk;
    }
}

tb_status tb_gallery_new(uint32_t model, int dimension, tb_gallery **out)
{
    *out = NULL;
    if (model == 0 || dimension < 1 || dimension > TB_TEMPLATE_MAX_DIMENSION)
        return TB_INVALID_ARGUMENT;
    tb_gallery *gallery = calloc(1, sizeof *gallery);
    if (!gallery)
        return TB_NO_MEMORY;
    pthread_mutex_init(&gallery->change, NULL);
    pthread_mutex_init(&gallery->resting, NULL);
    gallery->model = model;
    gallery->dimension = dimension;
    gallery->stride = ((size_t)dimension + TB_SCAN_LANES - 1) / TB_SCAN_LANES * TB_SCAN_LANES;
    gallery->code_stride = ((size_t)dimension + TB_CODE_BYTES - 1) / TB_CODE_BYTES * TB_CODE_BYTES;
    gallery->kernel = tb_kernel_best();
    gallery->short_rows = gallery->kernel->short_rows;
    gallery->chunks.item = sizeof(tb_chunk);
    plan_blocks(gallery);
    tb_index_init(&gallery->index);
    *out = gallery;
    return TB_OK;
}

void tb_gallery_tune(tb_gallery *gallery, const tb_kernel *kernel, size_t short_rows)
{
    gallery->kernel = kernel;
    gallery->short_rows = short_rows;
}

/* ---- chunks ---- */

/* Without writers first a stream of searches would keep a change waiting for ever. */
static tb_status make_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t fair;
    if (pthread_rwlockattr_init(&fair) != 0)
        return TB_NO_MEMORY;
    pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    int failed = pthread_rwlock_init(lock, &fair);
    pthread_rwlockattr_destroy(&fair);
    return failed ? TB_NO_MEMORY : TB_OK;
}

/* The `at`th of `of` chunks in a block: what is searched later (a lower one, I5) lies behind what is searched before,
 * so that a search reads upwards. */
static void lay_out(const tb_gallery *gallery, tb_chunk *chunk, uint8_t *block, size_t at, size_t of)
{
    size_t rows = of * TB_CHUNK_ROWS, place = (of - 1 - at) * TB_CHUNK_ROWS;
    float *scales = (float *)(void *)(block + rows * gallery->code_stride), *residuals = scales + rows;
    float *floats = residuals + rows;
    uint64_t *tags = (uint64_t *)(void *)(floats + rows * gallery->stride);
    tb_id *ids = (tb_id *)(void *)(tags + rows);
    chunk->scales = scales + place;
    chunk->residuals = residuals + place;
    chunk->floats = floats + place * gallery->stride;
    chunk->tags = tags + place;
    chunk->ids = ids + place;
    chunk->codes = block + place * gallery->code_stride;
}

static size_t place_in_block(const tb_gallery *gallery, size_t chunk)
{
    return chunk < TB_CHUNKS_ALONE ? 0 : (chunk - TB_CHUNKS_ALONE) % gallery->block_chunks;
}

static size_t bytes_of_block(const tb_gallery *gallery, size_t chunk)
{
    return chunk < TB_CHUNKS_ALONE ? chunk_bytes(gallery) : gallery->block_bytes;
}

static tb_status make_chunk(tb_gallery *gallery)
{
    size_t made = gallery->chunks_made, place = place_in_block(gallery, made);
    tb_status status = tb_stairs_reserve(&gallery->chunks, made + 1);
    if (status != TB_OK)
        return status;
    tb_chunk *chunk = tb_gallery_chunk(gallery, made);
    if (!chunk->ready) {
        status = make_lock(&chunk->lock);
        if (status != TB_OK)
            return status;
        chunk->ready = 1;
    }
    void *block = place ? tb_gallery_chunk(gallery, made - place)->block
                        : tb_secret_alloc(bytes_of_block(gallery, made)); /* zeros */
    if (!block)
        return TB_NO_MEMORY;
    pthread_rwlock_wrlock(&chunk->lock); /* a search may have known it from before and be looking at it yet */
    assert(chunk->rows == 0 && !chunk->codes && !chunk->block);
    lay_out(gallery, chunk, block, place, made < TB_CHUNKS_ALONE ? 1 : gallery->block_chunks);
    pthread_rwlock_unlock(&chunk->lock);
    if (!place) {
        chunk->block = block;
        gallery->held += bytes_of_block(gallery, made);
    }
    gallery->chunks_made++;
    return TB_OK;
}

/* From the last one on: a block goes with the first of its chunks. The others wait for that wiped (I1), unless all go
 * at once. */
static void drop_chunks(tb_gallery *gallery, size_t keep)
{
    while (gallery->chunks_made > keep) {
        tb_chunk *chunk = tb_gallery_chunk(gallery, --gallery->chunks_made);
        pthread_rwlock_wrlock(&chunk->lock);
        void *block = chunk->block;
        chunk->rows = 0;
        chunk->block = NULL;
        chunk->codes = NULL;
        pthread_rwlock_unlock(&chunk->lock);
        if (block)
            gallery->held -= bytes_of_block(gallery, gallery->chunks_made);
        tb_secret_free(block); /* wipes */
    }
}

static size_t chunks_for(size_t rows)
{
    return (rows + TB_CHUNK_ROWS - 1) / TB_CHUNK_ROWS;
}

void tb_gallery_free(tb_gallery **gallery)
{
    tb_gallery *it = *gallery;
    if (!it)
        return;
    drop_chunks(it, 0);
    for (size_t i = 0; i < it->chunks.room && tb_gallery_chunk(it, i)->ready; i++)
        pthread_rwlock_destroy(&tb_gallery_chunk(it, i)->lock);
    tb_stairs_free(&it->chunks);
    tb_index_free(&it->index);
    tb_workspaces_free(it);
    pthread_mutex_destroy(&it->resting);
    pthread_mutex_destroy(&it->change);
    free(it);
    *gallery = NULL;
}

/* ---- changes: nothing here can fail; `change` is held ---- */

struct row {
    const float *values;
    const int8_t *codes;
    tb_code code;
    tb_id id;
    uint64_t tags;
};

static size_t row_count(const tb_gallery *gallery)
{
    return atomic_load_explicit(&gallery->rows, memory_order_relaxed);
}

static void set_rows(tb_gallery *gallery, size_t rows)
{
    atomic_store_explicit(&gallery->rows, rows, memory_order_release);
}

static void write_row(tb_gallery *gallery, size_t at, const struct row *row)
{
    tb_chunk *chunk = tb_gallery_chunk(gallery, at / TB_CHUNK_ROWS);
    size_t i = at % TB_CHUNK_ROWS, rows = row_count(gallery);
    assert(at <= rows);
    pthread_rwlock_wrlock(&chunk->lock);
    uint8_t *codes = chunk->codes + i * gallery->code_stride;
    for (size_t c = 0; c < gallery->code_stride; c++)
        codes[c] = (uint8_t)row->codes[c] ^ TB_CODE_ZERO;
    memcpy(chunk->floats + i * gallery->stride, row->values, gallery->stride * sizeof(float));
    chunk->scales[i] = row->code.scale;
    chunk->residuals[i] = row->code.residual;
    chunk->tags[i] = row->tags;
    chunk->ids[i] = row->id;
    chunk->rows += at == rows;
    pthread_rwlock_unlock(&chunk->lock);
    if (at == rows)
        set_rows(gallery, rows + 1);
}

/* I5: to a lower place. The chunk of `from` needs no lock for reading: only who holds `change` writes. */
static void copy_row(tb_gallery *gallery, size_t from, size_t to)
{
    assert(to < from);
    const tb_chunk *source = tb_gallery_chunk(gallery, from / TB_CHUNK_ROWS);
    tb_chunk *chunk = tb_gallery_chunk(gallery, to / TB_CHUNK_ROWS);
    size_t i = to % TB_CHUNK_ROWS, j = from % TB_CHUNK_ROWS, width = gallery->stride, codes = gallery->code_stride;
    pthread_rwlock_wrlock(&chunk->lock);
    memcpy(chunk->codes + i * codes, source->codes + j * codes, codes);
    memcpy(chunk->floats + i * width, source->floats + j * width, width * sizeof(float));
    chunk->scales[i] = source->scales[j];
    chunk->residuals[i] = source->residuals[j];
    chunk->tags[i] = source->tags[j];
    chunk->ids[i] = source->ids[j];
    pthread_rwlock_unlock(&chunk->lock);
}

static void wipe_last(tb_gallery *gallery)
{
    size_t last = row_count(gallery) - 1, i = last % TB_CHUNK_ROWS;
    tb_chunk *chunk = tb_gallery_chunk(gallery, last / TB_CHUNK_ROWS);
    pthread_rwlock_wrlock(&chunk->lock);
    chunk->rows--;
    tb_wipe(chunk->codes + i * gallery->code_stride, gallery->code_stride);
    tb_wipe(chunk->floats + i * gallery->stride, gallery->stride * sizeof(float));
    chunk->scales[i] = chunk->residuals[i] = 0;
    chunk->tags[i] = 0;
    chunk->ids[i] = (tb_id){{0}};
    pthread_rwlock_unlock(&chunk->lock);
    set_rows(gallery, last); /* I1 */
}

static tb_id id_at(const tb_gallery *gallery, size_t row)
{
    return tb_gallery_chunk(gallery, row / TB_CHUNK_ROWS)->ids[row % TB_CHUNK_ROWS];
}

/* The entry's last row. */
static void drop_row(tb_gallery *gallery, tb_entry *entry)
{
    uint32_t row = entry->rows[--entry->count], last = (uint32_t)row_count(gallery) - 1;
    if (row != last) {
        tb_entry *moved = tb_index_find(&gallery->index, id_at(gallery, last));
        assert(moved);
        copy_row(gallery, last, row);
        for (uint32_t i = 0; i < moved->count; i++)
            if (moved->rows[i] == last)
                moved->rows[i] = row; /* I2 */
    }
    wipe_last(gallery);
}

/* One spare chunk stays, so that a list that breathes does not take and give back memory at each breath. */
static void drop_spare(tb_gallery *gallery)
{
    drop_chunks(gallery, chunks_for(row_count(gallery)) + 1);
}

static void set_count(tb_gallery *gallery)
{
    atomic_store_explicit(&gallery->count, gallery->index.count, memory_order_release);
}

/* ---- putting ---- */

tb_status tb_gallery_encode(const tb_gallery *gallery, const tb_template *from, float *values, int8_t *codes,
                            tb_code *code)
{
    if (from->model != gallery->model || from->dimension != gallery->dimension)
        return TB_OTHER_MODEL;
    size_t used = (size_t)gallery->dimension;
    memcpy(values, from->values, used * sizeof *values);
    memset(values + used, 0, (gallery->stride - used) * sizeof *values);
    if (gallery->code_stride > gallery->stride)
        memset(codes + gallery->stride, 0, gallery->code_stride - gallery->stride);
    return gallery->kernel->encode(values, gallery->stride / TB_SCAN_LANES, codes, code) ? TB_OK : TB_INVALID_ARGUMENT;
}

struct encoded {
    _Alignas(64) float values[TB_ROWS_PER_ID][TB_TEMPLATE_MAX_DIMENSION];
    _Alignas(64) int8_t codes[TB_ROWS_PER_ID][TB_TEMPLATE_MAX_DIMENSION];
    tb_code code[TB_ROWS_PER_ID];
};

static tb_status make_room(tb_gallery *gallery, int is_new, size_t more_rows)
{
    size_t rows = row_count(gallery) + more_rows;
    if (rows > UINT32_MAX / 2)
        return TB_TOO_LARGE;
    tb_status status = is_new ? tb_index_reserve(&gallery->index) : TB_OK;
    while (status == TB_OK && gallery->chunks_made < chunks_for(rows))
        status = make_chunk(gallery);
    return status;
}

static uint64_t tags_of(const tb_gallery *gallery, const tb_entry *entry)
{
    uint32_t row = entry->rows[0];
    return tb_gallery_chunk(gallery, row / TB_CHUNK_ROWS)->tags[row % TB_CHUNK_ROWS];
}

static tb_status put(tb_gallery *gallery, tb_id id, const struct encoded *from, int count, const uint64_t *tags)
{
    tb_entry *entry = tb_index_find(&gallery->index, id);
    uint32_t wanted = (uint32_t)count, held = entry ? entry->count : 0;
    tb_status status = make_room(gallery, !entry, wanted > held ? wanted - held : 0);
    if (status != TB_OK)
        return status;
    uint64_t marks = tags ? *tags : entry ? tags_of(gallery, entry) : 0;
    if (!entry)
        entry = tb_index_add(&gallery->index, id);
    for (uint32_t i = 0; i < wanted; i++) { /* I6 */
        if (i == entry->count)
            entry->rows[entry->count++] = (uint32_t)row_count(gallery);
        struct row row = {from->values[i], from->codes[i], from->code[i], id, marks};
        write_row(gallery, entry->rows[i], &row);
    }
    while (entry->count > wanted)
        drop_row(gallery, entry);
    drop_spare(gallery);
    set_count(gallery);
    return TB_OK;
}

static void wipe_encoded(const tb_gallery *gallery, struct encoded *encoded, int count)
{
    for (int i = 0; i < count; i++) {
        tb_wipe(encoded->values[i], gallery->stride * sizeof(float));
        tb_wipe(encoded->codes[i], gallery->code_stride);
    }
}

static tb_status encode_and_put(tb_gallery *gallery, tb_id id, const tb_template *templates, int count,
                                const uint64_t *tags)
{
    if (count < 1 || count > TB_ROWS_PER_ID)
        return TB_INVALID_ARGUMENT;
    struct encoded encoded; /* before the lock: others change meanwhile */
    tb_status status = TB_OK;
    for (int i = 0; i < count && status == TB_OK; i++)
        status = tb_gallery_encode(gallery, &templates[i], encoded.values[i], encoded.codes[i], &encoded.code[i]);
    if (status == TB_OK) {
        pthread_mutex_lock(&gallery->change);
        status = put(gallery, id, &encoded, count, tags);
        pthread_mutex_unlock(&gallery->change);
    }
    wipe_encoded(gallery, &encoded, count);
    return status;
}

tb_status tb_gallery_put(tb_gallery *gallery, tb_id id, const tb_template *templates, int count)
{
    return encode_and_put(gallery, id, templates, count, NULL);
}

tb_status tb_gallery_put_tagged(tb_gallery *gallery, tb_id id, const tb_template *templates, int count, uint64_t tags)
{
    return encode_and_put(gallery, id, templates, count, &tags);
}

tb_status tb_gallery_tag(tb_gallery *gallery, tb_id id, uint64_t tags)
{
    pthread_mutex_lock(&gallery->change);
    tb_entry *entry = tb_index_find(&gallery->index, id);
    for (uint32_t i = 0; entry && i < entry->count; i++) {
        tb_chunk *chunk = tb_gallery_chunk(gallery, entry->rows[i] / TB_CHUNK_ROWS);
        pthread_rwlock_wrlock(&chunk->lock);
        chunk->tags[entry->rows[i] % TB_CHUNK_ROWS] = tags;
        pthread_rwlock_unlock(&chunk->lock);
    }
    pthread_mutex_unlock(&gallery->change);
    return entry ? TB_OK : TB_NOT_FOUND;
}

/* ---- removing ---- */

tb_status tb_gallery_remove(tb_gallery *gallery, tb_id id)
{
    pthread_mutex_lock(&gallery->change);
    tb_entry *entry = tb_index_find(&gallery->index, id);
    if (entry) {
        while (entry->count)
            drop_row(gallery, entry);
        tb_index_drop(&gallery->index, entry);
        drop_spare(gallery);
        set_count(gallery);
    }
    pthread_mutex_unlock(&gallery->change);
    return entry ? TB_OK : TB_NOT_FOUND;
}

void tb_gallery_clear(tb_gallery *gallery)
{
    pthread_mutex_lock(&gallery->change);
    drop_chunks(gallery, 0);
    set_rows(gallery, 0);
    tb_index_free(&gallery->index);
    set_count(gallery);
    pthread_mutex_unlock(&gallery->change);
}

size_t tb_gallery_count(const tb_gallery *gallery)
{
    return atomic_load_explicit(&gallery->count, memory_order_acquire);
}

size_t tb_gallery_rows(const tb_gallery *gallery)
{
    return row_count(gallery);
}

size_t tb_gallery_rows_tagged(const tb_gallery *gallery, uint64_t all_of, uint64_t none_of)
{
    size_t chunks = chunks_for(row_count(gallery)), found = 0;
    for (size_t i = chunks; i-- > 0;) { /* downwards, as searches go (I5) */
        tb_chunk *chunk = tb_gallery_chunk(gallery, i);
        pthread_rwlock_rdlock(&chunk->lock);
        for (size_t row = 0; row < chunk->rows; row++)
            found += (chunk->tags[row] & all_of) == all_of && !(chunk->tags[row] & none_of);
        pthread_rwlock_unlock(&chunk->lock);
    }
    return found;
}

tb_status tb_gallery_tags(const tb_gallery *gallery, tb_id id, uint64_t *out)
{
    pthread_mutex_t *change = (pthread_mutex_t *)&gallery->change;
    pthread_mutex_lock(change);
    const tb_entry *entry = tb_index_find(&gallery->index, id);
    *out = entry ? tags_of(gallery, entry) : 0;
    pthread_mutex_unlock(change);
    return entry ? TB_OK : TB_NOT_FOUND;
}

size_t tb_gallery_memory(const tb_gallery *gallery)
{
    pthread_mutex_t *change = (pthread_mutex_t *)&gallery->change;
    pthread_mutex_lock(change);
    size_t bytes = sizeof *gallery + gallery->held + gallery->chunks.room * gallery->chunks.item +
                   gallery->index.entries.room * gallery->index.entries.item +
                   gallery->index.heads.room * gallery->index.heads.item;
    pthread_mutex_unlock(change);
    return bytes;
}
