/* search.c: one probe against all rows, exactly.
 *
 * All rows are compared by their codes first, which costs a quarter of the memory traffic; then those that may belong
 * to the answer are compared in float, and only these scores are reported. Which may: with q the probe, x a row, q' and
 * x' what their codes stand for, |q - q'| <= r and |x - x'| <= s (measured when they were coded, rounded up),
 *
 *     q.x = q'.x' + (q - q').x' + q.(x - x')  <=  q'.x' + r (|x| + s) + |q| s        (Cauchy-Schwarz)
 *
 * and |q|, |x| <= UNIT. q'.x' is a product of two scales and an integer that is exact. The score we report is a sum in
 * float of at most 1,024 products in 16 lanes: at most 64 + 1 + 4 roundings deep, so it is off q.x by less than
 * 69 * 2^-24 * UNIT^2 < 4.2e-6; computing the bound rounds six times more at values near 1, less than 4e-7 together.
 * ROUNDING covers both. So no score exceeds its row's bound, and the search is exact:
 *
 * S1: each row that the search has passed has been compared in float, or is not asked for, or its bound was below the
 *     score of the k-th best id found by then, which has only risen since. So at the end no row outside can enter.
 *
 * A block's rows are taken best bound first, so the first block raises the k-th score at once and few rows of the later
 * ones are compared in float. Where scores lie closer together than codes can tell, more are, up to all: it is then
 * slower, never wrong. */
#include "gallery/inside.h"

#include <math.h>
#include <string.h>

#include <tebura/secret.h>

#define UNIT 1.0021f     /* sqrt(1.004) and rounding: what `encode` lets pass */
#define ROUNDING 1e-5f   /* see above */
#define BELOW_ALL (-2.f) /* a score is never so low, minus infinity is */

/* ---- the answer ---- */

/* Equal scores are put in the order of their ids, so that the answer does not depend on the order of the rows. */
static int is_better(tb_candidate a, tb_candidate b)
{
    return a.score > b.score || (a.score == b.score && memcmp(a.id.bytes, b.id.bytes, sizeof a.id.bytes) < 0);
}

static void offer(tb_search *search, tb_candidate candidate)
{
    int full = search->found == search->query->k;
    if (full && !is_better(candidate, search->out[search->found - 1]))
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
    if (search->found == search->query->k)
        search->floor = search->out[search->found - 1].score;
}

static int is_asked_for(const tb_gallery_query *query, uint64_t tags)
{
    return (tags & query->all_of) == query->all_of && !(tags & query->none_of);
}

/* ---- rows ---- */

void tb_search_row(tb_search *search, const tb_chunk *chunk, size_t row)
{
    const tb_gallery_query *query = search->query;
    size_t stride = search->gallery->stride;
    tb_candidate candidate = {.id = chunk->ids[row]};
    if (query->only && !query->only(candidate.id, query->context))
        return;
    search->gallery->kernel->floats(search->values, chunk->floats + row * stride, stride, 1, &candidate.score);
    search->rescored++;
    offer(search, candidate);
}

/* Rows of floats lie far from one another: those that are wanted soon are fetched while others are compared. */
static void fetch_rows(const tb_search *search, const tb_chunk *chunk, const uint16_t *rows, size_t count)
{
    enum { LINES = 8 /* the processor goes on by itself */ };
    size_t stride = search->gallery->stride, lines = stride / TB_SCAN_LANES;
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(&chunk->ids[rows[i]]);
        for (size_t line = 0; line < lines && line < LINES; line++)
            __builtin_prefetch(chunk->floats + rows[i] * stride + line * TB_SCAN_LANES);
    }
}

/* Best bound first. */
static void take_few(tb_search *search, const tb_chunk *chunk, const float *upper, uint16_t *rows, size_t count)
{
    fetch_rows(search, chunk, rows, count);
    for (; count > 0; rows[0] = rows[--count]) {
        for (size_t i = 1; i < count; i++)
            if (upper[rows[i]] > upper[rows[0]]) {
                uint16_t row = rows[i];
                rows[i] = rows[0];
                rows[0] = row;
            }
        if (upper[rows[0]] < search->floor)
            return;
        tb_search_row(search, chunk, rows[0]);
    }
}

/* Best bound first while that pays, then the others as they come. */
static void take_many(tb_search *search, const tb_chunk *chunk, float *upper, size_t count)
{
    enum { FEW = 8 };
    for (int picks = search->query->k + FEW; picks > 0; picks--) {
        size_t row = search->gallery->kernel->highest(upper, count);
        if (upper[row] < search->floor)
            return;
        upper[row] = -INFINITY;
        tb_search_row(search, chunk, row);
    }
    for (size_t row = 0; row < count; row++)
        if (upper[row] >= search->floor)
            tb_search_row(search, chunk, row);
}

/* `chunk` begins with the first of `count` rows. */
static void take_passing(tb_search *search, const tb_chunk *chunk, float *upper, size_t count)
{
    enum { FEW = 16 };
    uint16_t rows[TB_CHUNK_ROWS];
    for (size_t i = count; i % TB_SCAN_LANES; i++)
        upper[i] = -INFINITY;
    size_t passing = search->gallery->kernel->reaching(upper, count, search->floor, rows);
    if (passing <= FEW)
        take_few(search, chunk, upper, rows, passing);
    else
        take_many(search, chunk, upper, count);
}

const float *tb_search_residuals(const tb_gallery_query *query, const tb_chunk *chunk, float *own)
{
    if (!query->all_of && !query->none_of)
        return chunk->residuals;
    for (size_t i = 0; i < TB_CHUNK_ROWS; i++)
        own[i] = is_asked_for(query, chunk->tags[i]) ? chunk->residuals[i] : -INFINITY;
    return own;
}

void tb_search_dots(tb_search *search, const tb_chunk *chunk, size_t first, size_t last, int32_t *dots)
{
    _Alignas(64) float upper[TB_CHUNK_ROWS], own[TB_CHUNK_ROWS];
    const float *residuals = tb_search_residuals(search->query, chunk, own);
    size_t count = last - first;
    for (size_t i = count; i % TB_SCAN_LANES; i++)
        dots[i] = 0;
    if (!search->gallery->kernel->bounds(dots, chunk->scales + first, residuals + first, count, &search->bound,
                                         search->floor, upper))
        return;
    tb_chunk from_first = {.ids = chunk->ids + first, .floats = chunk->floats + first * search->gallery->stride};
    take_passing(search, &from_first, upper, count);
}

static void compare_codes(tb_search *search, const tb_chunk *chunk)
{
    _Alignas(64) int32_t dots[TB_CHUNK_ROWS];
    const tb_gallery *gallery = search->gallery;
    gallery->kernel->codes(search->codes, chunk->codes, gallery->code_stride, chunk->rows, dots);
    tb_search_dots(search, chunk, 0, chunk->rows, dots);
}

/* A short list: floats at once. */
static void compare_all(tb_search *search, const tb_chunk *chunk)
{
    _Alignas(64) float scores[TB_CHUNK_ROWS];
    const tb_gallery_query *query = search->query;
    search->gallery->kernel->floats(search->values, chunk->floats, search->gallery->stride, chunk->rows, scores);
    for (size_t i = 0; i < chunk->rows; i++)
        if (scores[i] >= search->floor && is_asked_for(query, chunk->tags[i]) &&
            (!query->only || query->only(chunk->ids[i], query->context)))
            offer(search, (tb_candidate){chunk->ids[i], scores[i]});
    tb_wipe(scores, sizeof scores);
}

/* ---- the search ---- */

void tb_search_begin(tb_search *search, const tb_code *code)
{
    search->bound = (tb_bound){.offset = code->sum * TB_CODE_ZERO,
                               .scale = code->scale,
                               .slope = UNIT + code->residual,
                               .slack = code->residual * UNIT + ROUNDING};
    search->floor = BELOW_ALL;
    search->found = 0;
    search->rescored = 0;
}

void tb_search_end(tb_search *search)
{
    tb_gallery *gallery = (tb_gallery *)search->gallery; /* counters only */
    atomic_fetch_add_explicit(&gallery->searches, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&gallery->rescored, search->rescored, memory_order_relaxed);
    if (search->rescored > TB_RESCORED_USUAL)
        atomic_fetch_add_explicit(&gallery->widened, 1, memory_order_relaxed);
}

tb_gallery_statistics tb_gallery_statistics_of(const tb_gallery *gallery)
{
    tb_gallery *it = (tb_gallery *)gallery;
    return (tb_gallery_statistics){atomic_load_explicit(&it->searches, memory_order_relaxed),
                                   atomic_load_explicit(&it->rescored, memory_order_relaxed),
                                   atomic_load_explicit(&it->widened, memory_order_relaxed)};
}

/* From the last chunk to the first (I5). */
static void visit_chunks(tb_search *search, size_t rows)
{
    const tb_gallery *gallery = search->gallery;
    int in_float = rows <= gallery->short_rows;
    for (size_t i = (rows + TB_CHUNK_ROWS - 1) / TB_CHUNK_ROWS; i-- > 0;) {
        tb_chunk *chunk = tb_gallery_chunk(gallery, i);
        pthread_rwlock_rdlock(&chunk->lock);
        if (chunk->rows && in_float)
            compare_all(search, chunk);
        else if (chunk->rows)
            compare_codes(search, chunk);
        pthread_rwlock_unlock(&chunk->lock);
    }
    if (!in_float)
        tb_search_end(search);
}

tb_status tb_gallery_search_by(const tb_gallery *gallery, const tb_template *probe, const tb_gallery_query *query,
                               tb_candidate *out, int *found)
{
    *found = 0;
    if (query->k < 1)
        return TB_INVALID_ARGUMENT;
    _Alignas(64) float values[TB_TEMPLATE_MAX_DIMENSION];
    _Alignas(64) int8_t codes[TB_TEMPLATE_MAX_DIMENSION];
    tb_code code;
    tb_status status = tb_gallery_encode(gallery, probe, values, codes, &code);
    if (status == TB_OK) {
        tb_search search = {.gallery = gallery, .query = query, .out = out, .values = values, .codes = codes};
        tb_search_begin(&search, &code);
        visit_chunks(&search, atomic_load_explicit(&gallery->rows, memory_order_acquire));
        *found = search.found;
    }
    tb_wipe(values, gallery->stride * sizeof *values);
    tb_wipe(codes, gallery->code_stride);
    return status;
}

tb_status tb_gallery_search(const tb_gallery *gallery, const tb_template *probe, int k,
                            int (*only)(tb_id id, void *context), void *context, tb_candidate *out, int *found)
{
    return tb_gallery_search_by(gallery, probe, &(tb_gallery_query){.k = k, .only = only, .context = context}, out,
                                found);
}
