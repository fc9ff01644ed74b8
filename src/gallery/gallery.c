/* gallery.c: rows of unit vectors in chunks of secret memory, and an index from ids to rows.
 *
 * I1: rows 0..rows-1 are live, every row behind them is zero (wiped).
 * I2: owners[row] is the entry whose rows[] names that row, and no other entry names it.
 * I3: every entry has 1..5 rows and exactly one slot of the index leads to it.
 * I4: a call that fails has changed nothing: all memory is taken before the first change. */
#include <tebura/gallery.h>

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#include "gallery/scan.h"

enum { ROWS_PER_CHUNK = 256, ROWS_PER_ID = 5 };

struct entry {
    tb_id id;
    uint32_t rows[ROWS_PER_ID];
    uint32_t count;
};

struct tb_gallery {
    pthread_rwlock_t lock;
    uint32_t model;
    int dimension;
    size_t stride; /* floats a row, padded with zeros */
    tb_scan *scan;
    float **chunks;
    uint32_t *owners;
    size_t rows, chunk_count, chunk_room;
    struct entry *entries;
    size_t count, entry_room;
    uint32_t *slots;   /* open addressing, linear probing: 0 free, else entry + 1 */
    size_t slot_count; /* a power of two, at least twice `count` */
};

static float *row_at(const tb_gallery *gallery, size_t row)
{
    return gallery->chunks[row / ROWS_PER_CHUNK] + row % ROWS_PER_CHUNK * gallery->stride;
}

tb_status tb_gallery_new(uint32_t model, int dimension, tb_gallery **out)
{
    *out = NULL;
    if (model == 0 || dimension < 1 || dimension > TB_TEMPLATE_MAX_DIMENSION)
        return TB_INVALID_ARGUMENT;
    tb_gallery *gallery = calloc(1, sizeof *gallery);
    if (!gallery)
        return TB_NO_MEMORY;
    pthread_rwlockattr_t fair;
    if (pthread_rwlockattr_init(&fair) != 0) {
        free(gallery);
        return TB_NO_MEMORY;
    }
    /* Without this a stream of searches would keep an update waiting for ever. */
    pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    int failed = pthread_rwlock_init(&gallery->lock, &fair);
    pthread_rwlockattr_destroy(&fair);
    if (failed) {
        free(gallery);
        return TB_NO_MEMORY;
    }
    gallery->model = model;
    gallery->dimension = dimension;
    gallery->stride = ((size_t)dimension + TB_SCAN_LANES - 1) / TB_SCAN_LANES * TB_SCAN_LANES;
    gallery->scan = tb_scan_best();
    *out = gallery;
    return TB_OK;
}

static void drop_chunks(tb_gallery *gallery, size_t keep)
{
    while (gallery->chunk_count > keep)
        tb_secret_free(gallery->chunks[--gallery->chunk_count]);
}

void tb_gallery_free(tb_gallery **gallery)
{
    tb_gallery *it = *gallery;
    if (!it)
        return;
    drop_chunks(it, 0);
    free(it->chunks);
    free(it->owners);
    free(it->entries);
    free(it->slots);
    pthread_rwlock_destroy(&it->lock);
    free(it);
    *gallery = NULL;
}

/* ---- the index ---- */

static size_t slot_home(const tb_gallery *gallery, tb_id id)
{
    uint64_t word;
    memcpy(&word, id.bytes, sizeof word);
    return (size_t)(word * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (gallery->slot_count - 1);
}

/* The slot that leads to `id`, or the free one where it would go. */
static size_t slot_of(const tb_gallery *gallery, tb_id id)
{
    size_t slot = slot_home(gallery, id);
    while (gallery->slots[slot] && !tb_id_equal(gallery->entries[gallery->slots[slot] - 1].id, id))
        slot = (slot + 1) & (gallery->slot_count - 1);
    return slot;
}

static struct entry *find(const tb_gallery *gallery, tb_id id)
{
    if (!gallery->slot_count)
        return NULL;
    uint32_t number = gallery->slots[slot_of(gallery, id)];
    return number ? &gallery->entries[number - 1] : NULL;
}

/* Empties a slot and moves those behind it that would no longer be found. */
static void free_slot(tb_gallery *gallery, size_t slot)
{
    size_t mask = gallery->slot_count - 1;
    gallery->slots[slot] = 0;
    for (size_t next = (slot + 1) & mask; gallery->slots[next]; next = (next + 1) & mask) {
        uint32_t number = gallery->slots[next];
        gallery->slots[next] = 0;
        gallery->slots[slot_of(gallery, gallery->entries[number - 1].id)] = number;
    }
}

/* ---- room: everything that may fail ---- */

static tb_status make_slots(tb_gallery *gallery, size_t ids)
{
    if (gallery->slot_count >= 2 * ids)
        return TB_OK;
    size_t wanted = gallery->slot_count ? gallery->slot_count : 64;
    while (wanted < 2 * ids)
        wanted *= 2;
    uint32_t *slots = calloc(wanted, sizeof *slots);
    if (!slots)
        return TB_NO_MEMORY;
    free(gallery->slots);
    gallery->slots = slots;
    gallery->slot_count = wanted;
    for (size_t i = 0; i < gallery->count; i++)
        slots[slot_of(gallery, gallery->entries[i].id)] = (uint32_t)i + 1;
    return TB_OK;
}

static tb_status make_entries(tb_gallery *gallery, size_t ids)
{
    if (gallery->entry_room >= ids)
        return TB_OK;
    size_t wanted = gallery->entry_room ? 2 * gallery->entry_room : 64;
    struct entry *entries = realloc(gallery->entries, wanted * sizeof *entries);
    if (!entries)
        return TB_NO_MEMORY;
    gallery->entries = entries;
    gallery->entry_room = wanted;
    return TB_OK;
}

static tb_status make_rows(tb_gallery *gallery, size_t rows)
{
    size_t chunks = (rows + ROWS_PER_CHUNK - 1) / ROWS_PER_CHUNK;
    if (gallery->chunk_room < chunks) {
        size_t wanted = gallery->chunk_room ? 2 * gallery->chunk_room : 8;
        wanted = wanted < chunks ? chunks : wanted;
        float **more = realloc(gallery->chunks, wanted * sizeof *more);
        if (!more)
            return TB_NO_MEMORY;
        gallery->chunks = more;
        uint32_t *owners = realloc(gallery->owners, wanted * ROWS_PER_CHUNK * sizeof *owners);
        if (!owners)
            return TB_NO_MEMORY;
        gallery->owners = owners;
        gallery->chunk_room = wanted;
    }
    while (gallery->chunk_count < chunks) {
        float *chunk = tb_secret_alloc(ROWS_PER_CHUNK * gallery->stride * sizeof *chunk);
        if (!chunk)
            return TB_NO_MEMORY;
        gallery->chunks[gallery->chunk_count++] = chunk;
    }
    return TB_OK;
}

static tb_status make_room(tb_gallery *gallery, size_t more_rows)
{
    if (gallery->rows + more_rows > UINT32_MAX / 2)
        return TB_TOO_LARGE;
    tb_status status = make_slots(gallery, gallery->count + 1);
    if (status == TB_OK)
        status = make_entries(gallery, gallery->count + 1);
    if (status == TB_OK)
        status = make_rows(gallery, gallery->rows + more_rows);
    return status;
}

/* ---- changes: nothing here can fail ---- */

static void drop_row(tb_gallery *gallery, uint32_t row)
{
    uint32_t last = (uint32_t)--gallery->rows;
    size_t bytes = gallery->stride * sizeof(float);
    if (row != last) {
        struct entry *moved = &gallery->entries[gallery->owners[last]];
        memcpy(row_at(gallery, row), row_at(gallery, last), bytes);
        gallery->owners[row] = gallery->owners[last];
        for (uint32_t i = 0; i < moved->count; i++)
            if (moved->rows[i] == last)
                moved->rows[i] = row;
    }
    tb_wipe(row_at(gallery, last), bytes); /* I1 */
}

/* Answers with the entry's own row numbers kept up to date while its rows are moved about. */
static void drop_rows(tb_gallery *gallery, struct entry *entry)
{
    while (entry->count) {
        uint32_t row = entry->rows[--entry->count];
        drop_row(gallery, row);
    }
}

static void add_rows(tb_gallery *gallery, struct entry *entry, const tb_template *templates, int count)
{
    assert(entry->count == 0 && count <= ROWS_PER_ID);
    for (int i = 0; i < count; i++) {
        uint32_t row = (uint32_t)gallery->rows++;
        memcpy(row_at(gallery, row), templates[i].values, (size_t)gallery->dimension * sizeof(float));
        gallery->owners[row] = (uint32_t)(entry - gallery->entries);
        entry->rows[entry->count++] = row;
    }
}

static tb_status check_template(const tb_gallery *gallery, const tb_template *template)
{
    if (template->model != gallery->model || template->dimension != gallery->dimension)
        return TB_OTHER_MODEL;
    double sum = 0;
    for (int i = 0; i < gallery->dimension; i++)
        sum += (double)template->values[i] * template->values[i];
    return fabs(sum - 1) < 4e-3 ? TB_OK : TB_INVALID_ARGUMENT; /* a NaN is refused too */
}

tb_status tb_gallery_put(tb_gallery *gallery, tb_id id, const tb_template *templates, int count)
{
    if (count < 1 || count > ROWS_PER_ID)
        return TB_INVALID_ARGUMENT;
    for (int i = 0; i < count; i++) {
        tb_status status = check_template(gallery, &templates[i]);
        if (status != TB_OK)
            return status;
    }
    pthread_rwlock_wrlock(&gallery->lock);
    tb_status status = make_room(gallery, (size_t)count);
    if (status == TB_OK) {
        struct entry *entry = find(gallery, id);
        if (entry) {
            drop_rows(gallery, entry);
        } else {
            size_t slot = slot_of(gallery, id);
            entry = &gallery->entries[gallery->count++];
            *entry = (struct entry){.id = id};
            gallery->slots[slot] = (uint32_t)gallery->count;
        }
        add_rows(gallery, entry, templates, count);
    }
    pthread_rwlock_unlock(&gallery->lock);
    return status;
}

static void drop_entry(tb_gallery *gallery, struct entry *entry)
{
    drop_rows(gallery, entry);
    free_slot(gallery, slot_of(gallery, entry->id));
    struct entry *last = &gallery->entries[--gallery->count];
    if (entry != last) {
        size_t slot = slot_of(gallery, last->id);
        *entry = *last;
        gallery->slots[slot] = (uint32_t)(entry - gallery->entries) + 1;
        for (uint32_t i = 0; i < entry->count; i++)
            gallery->owners[entry->rows[i]] = (uint32_t)(entry - gallery->entries);
    }
    /* One spare chunk stays, so that a list that breathes does not take and give back memory at each breath. */
    drop_chunks(gallery, (gallery->rows + ROWS_PER_CHUNK - 1) / ROWS_PER_CHUNK + 1);
}

tb_status tb_gallery_remove(tb_gallery *gallery, tb_id id)
{
    pthread_rwlock_wrlock(&gallery->lock);
    struct entry *entry = find(gallery, id);
    if (entry)
        drop_entry(gallery, entry);
    pthread_rwlock_unlock(&gallery->lock);
    return entry ? TB_OK : TB_NOT_FOUND;
}

void tb_gallery_clear(tb_gallery *gallery)
{
    pthread_rwlock_wrlock(&gallery->lock);
    drop_chunks(gallery, 0);
    gallery->rows = gallery->count = 0;
    if (gallery->slots)
        memset(gallery->slots, 0, gallery->slot_count * sizeof *gallery->slots);
    pthread_rwlock_unlock(&gallery->lock);
}

size_t tb_gallery_count(const tb_gallery *gallery)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&gallery->lock;
    pthread_rwlock_rdlock(lock);
    size_t count = gallery->count;
    pthread_rwlock_unlock(lock);
    return count;
}

/* ---- searching ---- */

struct search {
    int k, found;
    int (*only)(tb_id id, void *context);
    void *context;
    tb_candidate *out;
};

/* Equal scores are put in the order of their ids, so that the answer does not depend on the order of the rows. */
static int is_better(tb_candidate a, tb_candidate b)
{
    return a.score > b.score || (a.score == b.score && memcmp(a.id.bytes, b.id.bytes, sizeof a.id.bytes) < 0);
}

static void offer(struct search *search, tb_candidate candidate)
{
    int full = search->found == search->k;
    if (full && !is_better(candidate, search->out[search->found - 1]))
        return;
    if (search->only && !search->only(candidate.id, search->context))
        return;
    int at = 0; /* where the same id stands already, or one behind the last */
    while (at < search->found && !tb_id_equal(search->out[at].id, candidate.id))
        at++;
    if (at < search->found && !is_better(candidate, search->out[at]))
        return;
    if (at == search->found)
        at = full ? search->found - 1 : search->found++;
    for (; at > 0 && is_better(candidate, search->out[at - 1]); at--)
        search->out[at] = search->out[at - 1];
    search->out[at] = candidate;
}

static void scan_all(const tb_gallery *gallery, const float *probe, struct search *search)
{
    float scores[ROWS_PER_CHUNK];
    for (size_t first = 0; first < gallery->rows; first += ROWS_PER_CHUNK) {
        size_t count = gallery->rows - first < ROWS_PER_CHUNK ? gallery->rows - first : ROWS_PER_CHUNK;
        gallery->scan(probe, gallery->chunks[first / ROWS_PER_CHUNK], gallery->stride, count, scores);
        for (size_t i = 0; i < count; i++)
            if (search->found < search->k || scores[i] >= search->out[search->found - 1].score)
                offer(search, (tb_candidate){gallery->entries[gallery->owners[first + i]].id, scores[i]});
    }
    tb_wipe(scores, sizeof scores);
}

tb_status tb_gallery_search(const tb_gallery *gallery, const tb_template *probe, int k,
                            int (*only)(tb_id id, void *context), void *context, tb_candidate *out, int *found)
{
    *found = 0;
    if (k < 1)
        return TB_INVALID_ARGUMENT;
    tb_status status = check_template(gallery, probe);
    if (status != TB_OK)
        return status;
    _Alignas(64) float padded[TB_TEMPLATE_MAX_DIMENSION] = {0};
    memcpy(padded, probe->values, (size_t)gallery->dimension * sizeof(float));
    struct search search = {.k = k, .only = only, .context = context, .out = out};
    pthread_rwlock_t *lock = (pthread_rwlock_t *)&gallery->lock;
    pthread_rwlock_rdlock(lock);
    scan_all(gallery, padded, &search);
    pthread_rwlock_unlock(lock);
    tb_wipe(padded, sizeof padded);
    *found = search.found;
    return TB_OK;
}
