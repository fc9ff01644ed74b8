/* matcher.c: a gallery for each model, searched as one (matcher.h). */
#include <tebura/matcher.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

enum { CANDIDATES = 2, CERTAIN = 10 };

struct tb_matcher {
    int count;
    tb_model models[TB_MODELS_MAX];
    tb_gallery *galleries[TB_MODELS_MAX];
    _Atomic size_t ids;
    tb_template *fresh; /* the writer's, for `room` of them; wiped after each change */
    int room;
};

static int model_of(const tb_matcher *matcher, uint32_t id, uint8_t modality)
{
    for (int i = 0; i < matcher->count; i++)
        if (matcher->models[i].id == id && matcher->models[i].modality == modality)
            return i;
    return -1;
}

tb_status tb_matcher_new(const tb_model *models, int count, tb_matcher **out)
{
    *out = NULL;
    if (count < 1 || count > TB_MODELS_MAX)
        return TB_INVALID_ARGUMENT;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (models[i].id == models[j].id)
                return TB_INVALID_ARGUMENT;
    tb_matcher *matcher = calloc(1, sizeof *matcher);
    if (!matcher)
        return TB_NO_MEMORY;
    tb_status status = TB_OK;
    for (int i = 0; i < count && status == TB_OK; i++) {
        matcher->models[i] = models[i];
        status = tb_gallery_new(models[i].id, models[i].dimension, &matcher->galleries[i]);
        matcher->count = i + 1;
    }
    if (status != TB_OK)
        tb_matcher_free(&matcher);
    *out = matcher;
    return status;
}

void tb_matcher_free(tb_matcher **matcher)
{
    if (!*matcher)
        return;
    for (int i = 0; i < (*matcher)->count; i++)
        tb_gallery_free(&(*matcher)->galleries[i]);
    tb_secret_free((*matcher)->fresh);
    free(*matcher);
    *matcher = NULL;
}

int tb_matcher_models(const tb_matcher *matcher, tb_model out[TB_MODELS_MAX])
{
    memcpy(out, matcher->models, sizeof matcher->models);
    return matcher->count;
}

/* ---- changing ---- */

/* The templates of one model, in order, behind each other. */
static tb_status decode_of(const tb_matcher *matcher, int model, const tb_bytes *encoded, int count, tb_template *out,
                           int *found)
{
    tb_template head; /* no values in it */
    *found = 0;
    for (int i = 0; i < count; i++) {
        tb_status status = tb_template_head(tb_bytes_span(&encoded[i]), &head);
        if (status == TB_OK && model_of(matcher, head.model, head.modality) != model)
            continue;
        if (status == TB_OK && head.dimension != matcher->models[model].dimension)
            status = TB_OTHER_DIMENSION;
        if (status == TB_OK)
            status = tb_template_decode(tb_bytes_span(&encoded[i]), head.model, &out[*found]);
        if (status != TB_OK)
            return status;
        ++*found;
    }
    return TB_OK;
}

typedef struct change { /* of one id in every gallery */
    int begins[TB_MODELS_MAX], counts[TB_MODELS_MAX];
    int added[TB_MODELS_MAX]; /* was not in this gallery before */
    int was_there;            /* in any */
} change;

static tb_status put_all(tb_matcher *matcher, tb_id id, const tb_template *templates, change *c)
{
    for (int g = 0; g < matcher->count; g++) {
        if (!c->counts[g])
            continue;
        size_t before = tb_gallery_count(matcher->galleries[g]);
        tb_status status = tb_gallery_put(matcher->galleries[g], id, templates + c->begins[g], c->counts[g]);
        if (status == TB_OK) {
            c->added[g] = tb_gallery_count(matcher->galleries[g]) > before;
            c->was_there |= !c->added[g];
            continue;
        }
        while (--g >= 0) /* who was not there is not there */
            if (c->added[g]) {
                tb_status gone = tb_gallery_remove(matcher->galleries[g], id);
                assert(gone == TB_OK);
                (void)gone;
            }
        return status;
    }
    for (int g = 0; g < matcher->count; g++)
        if (!c->counts[g] && tb_gallery_remove(matcher->galleries[g], id) == TB_OK)
            c->was_there = 1;
    return TB_OK;
}

/* Secret memory is whole pages that are locked: asking for it at every change costs more than the change. */
static tb_template *take_room(tb_matcher *matcher, int count)
{
    if (count > matcher->room) {
        tb_secret_free(matcher->fresh);
        matcher->fresh = tb_secret_alloc((size_t)count * sizeof *matcher->fresh);
        matcher->room = matcher->fresh ? count : 0;
    }
    return matcher->fresh;
}

tb_status tb_matcher_put(tb_matcher *matcher, tb_id id, const tb_bytes *encoded, int count)
{
    change c = {0};
    int known = 0;
    if (count < 1)
        return TB_INVALID_ARGUMENT;
    tb_template *templates = take_room(matcher, count);
    if (!templates)
        return TB_NO_MEMORY;
    tb_status status = TB_OK;
    for (int g = 0; g < matcher->count && status == TB_OK; g++) {
        c.begins[g] = known;
        status = decode_of(matcher, g, encoded, count, templates + known, &c.counts[g]);
        known += c.counts[g];
    }
    if (status == TB_OK && !known)
        status = TB_OTHER_MODEL;
    if (status == TB_OK)
        status = put_all(matcher, id, templates, &c);
    if (status == TB_OK && !c.was_there)
        atomic_fetch_add(&matcher->ids, 1);
    tb_wipe(templates, (size_t)count * sizeof *templates);
    return status;
}

tb_status tb_matcher_remove(tb_matcher *matcher, tb_id id)
{
    tb_status status = TB_NOT_FOUND;
    for (int g = 0; g < matcher->count; g++)
        if (tb_gallery_remove(matcher->galleries[g], id) == TB_OK)
            status = TB_OK;
    if (status == TB_OK)
        atomic_fetch_sub(&matcher->ids, 1);
    return status;
}

tb_status tb_matcher_tag(tb_matcher *matcher, tb_id id, uint64_t tags)
{
    tb_status status = TB_NOT_FOUND;
    for (int g = 0; g < matcher->count; g++)
        if (tb_gallery_tag(matcher->galleries[g], id, tags) == TB_OK)
            status = TB_OK;
    return status;
}

tb_status tb_matcher_tags(const tb_matcher *matcher, tb_id id, uint64_t *out)
{
    for (int g = 0; g < matcher->count; g++)
        if (tb_gallery_tags(matcher->galleries[g], id, out) == TB_OK)
            return TB_OK;
    return TB_NOT_FOUND;
}

void tb_matcher_clear(tb_matcher *matcher)
{
    for (int g = 0; g < matcher->count; g++)
        tb_gallery_clear(matcher->galleries[g]);
    atomic_store(&matcher->ids, 0);
}

size_t tb_matcher_count(const tb_matcher *matcher)
{
    return atomic_load(&matcher->ids);
}

/* ---- searching ---- */

static const tb_template *probe_of(const tb_model *model, const tb_template *probes, int count)
{
    for (int i = 0; i < count; i++)
        if (probes[i].model == model->id && probes[i].modality == model->modality &&
            probes[i].dimension == model->dimension)
            return &probes[i];
    return NULL;
}

/* What each search needs of its gallery: rows of those who are asked for. G2: the rate of the whole, divided among
 * those that have any. */
typedef struct plan {
    const tb_template *probes[TB_MODELS_MAX]; /* NULL: not searched */
    size_t rows[TB_MODELS_MAX];
    int known, wanted;
} plan;

static size_t rows_of(const tb_gallery *gallery, const tb_matcher_query *query)
{
    if (!query->all_of && !query->none_of)
        return tb_gallery_rows(gallery);
    return tb_gallery_rows_tagged(gallery, query->all_of, query->none_of);
}

static void make_plan(const tb_matcher *matcher, const tb_template *probes, int count, const tb_matcher_query *query,
                      plan *out)
{
    *out = (plan){0};
    for (int g = 0; g < matcher->count; g++) {
        const tb_template *probe = probe_of(&matcher->models[g], probes, count);
        out->known += probe != NULL;
        out->rows[g] = probe ? rows_of(matcher->galleries[g], query) : 0;
        out->probes[g] = out->rows[g] ? probe : NULL;
        out->wanted += out->rows[g] > 0;
    }
}

static int is_certain(const tb_calibration *calibration, size_t size, double fpir, const tb_candidate *found, int count)
{
    tb_calibration strict = *calibration;
    strict.margin *= 2;
    return tb_decide(&strict, size, fpir / CERTAIN, found, count) == TB_THIS_PERSON;
}

static void decide(const tb_matcher *matcher, int g, size_t rows, double fpir, const tb_candidate *found, int count,
                   tb_match *out)
{
    const tb_calibration *calibration = &matcher->models[g].calibration;
    tb_identity identity = tb_decide(calibration, rows, fpir, found, count);
    *out = (tb_match){.identity = TB_NOBODY};
    if (identity != TB_NOBODY)
        *out = (tb_match){.identity = identity,
                          .id = found[0].id,
                          .model = g,
                          .certain = identity == TB_THIS_PERSON && is_certain(calibration, rows, fpir, found, count),
                          .score = found[0].score};
}

static tb_status search(const tb_matcher *matcher, int g, const plan *p, const tb_matcher_query *query, tb_match *out)
{
    const tb_gallery_query narrowed = {CANDIDATES, query->all_of, query->none_of, query->only, query->context};
    tb_candidate found[CANDIDATES];
    int count = 0;
    *out = (tb_match){.identity = TB_NOBODY};
    tb_status status = tb_gallery_search_by(matcher->galleries[g], p->probes[g], &narrowed, found, &count);
    if (status == TB_OK)
        decide(matcher, g, p->rows[g], query->fpir / p->wanted, found, count, out);
    return status;
}

/* G3. Not sure stays not sure, too: who looks like the best candidate may be in one of the galleries only. */
static void combine(tb_match *all, const tb_match *next)
{
    if (next->identity == TB_NOBODY)
        return;
    if (all->identity == TB_NOBODY) {
        *all = *next;
    } else if (all->identity != TB_THIS_PERSON || next->identity != TB_THIS_PERSON || !tb_id_equal(all->id, next->id)) {
        all->identity = TB_NOT_SURE;
        all->certain = 0;
    }
}

tb_status tb_matcher_identify_by(const tb_matcher *matcher, const tb_template *probes, int count,
                                 const tb_matcher_query *query, tb_match *out)
{
    plan p;
    make_plan(matcher, probes, count, query, &p);
    *out = (tb_match){.identity = TB_NOBODY};
    tb_status status = p.known ? TB_OK : TB_OTHER_MODEL;
    for (int g = 0; g < matcher->count && status == TB_OK; g++) {
        tb_match next;
        if (!p.probes[g])
            continue;
        status = search(matcher, g, &p, query, &next);
        if (status == TB_OK)
            combine(out, &next);
    }
    if (status != TB_OK)
        *out = (tb_match){.identity = TB_NOBODY};
    return status;
}

tb_status tb_matcher_identify(const tb_matcher *matcher, const tb_template *probes, int count, double fpir,
                              int (*only)(tb_id id, void *context), void *context, tb_match *out)
{
    const tb_matcher_query query = {.fpir = fpir, .only = only, .context = context};
    return tb_matcher_identify_by(matcher, probes, count, &query, out);
}

/* ---- without a gallery ---- */

void tb_compared_note(tb_compared *compared, tb_id id, float score)
{
    tb_candidate one = {id, score}, *best = compared->best;
    compared->rows++;
    if (compared->count && tb_id_equal(best[0].id, id)) {
        best[0].score = score > best[0].score ? score : best[0].score;
    } else if (!compared->count || score > best[0].score) { /* whoever was first is now the second */
        best[1] = best[0];
        best[0] = one;
        compared->count += compared->count < CANDIDATES;
    } else if (compared->count < CANDIDATES || score > best[1].score) {
        best[1] = one;
        compared->count = CANDIDATES;
    }
}

void tb_matcher_decide(const tb_matcher *matcher, const tb_compared *compared, double fpir, tb_match *out)
{
    int searched = 0;
    *out = (tb_match){.identity = TB_NOBODY};
    for (int g = 0; g < matcher->count; g++)
        searched += compared[g].rows > 0;
    for (int g = 0; g < matcher->count; g++) {
        tb_match next;
        if (!compared[g].rows)
            continue;
        decide(matcher, g, compared[g].rows, fpir / searched, compared[g].best, compared[g].count, &next);
        combine(out, &next);
    }
}

static int is_this_one(tb_id id, void *context)
{
    return tb_id_equal(id, *(const tb_id *)context);
}

tb_status tb_matcher_verify(const tb_matcher *matcher, tb_id id, const tb_template *probes, int count, tb_match *out)
{
    const tb_gallery_query one = {.k = 1, .only = is_this_one, .context = &id};
    *out = (tb_match){.identity = TB_NOBODY};
    for (int g = 0; g < matcher->count; g++) {
        const tb_template *probe = probe_of(&matcher->models[g], probes, count);
        tb_candidate found;
        int there = 0;
        tb_status status = probe ? tb_gallery_search_by(matcher->galleries[g], probe, &one, &found, &there) : TB_OK;
        if (status != TB_OK)
            return status;
        if (!there)
            continue;
        assert(tb_id_equal(found.id, id));
        out->score = found.score;
        if (found.score >= matcher->models[g].calibration.verification) {
            out->identity = TB_THIS_PERSON;
            out->id = id;
            out->model = g;
        }
        return TB_OK;
    }
    return TB_NOT_FOUND;
}
