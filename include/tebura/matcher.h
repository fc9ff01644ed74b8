/* matcher.h: lists of people whose templates are of several models, and of one decision about who stands there.
 *
 * One gallery for each model, the model in force first, then former ones that are still recognised (doc/adr/029). A
 * capture brings one template for each model; whoever has templates of any of them is found. A model has one modality
 * and one dimension: another modality is another model here, and nothing else has to know (U16).
 *
 * Invariants
 *  G1  Each template lies in the gallery of its own model; two models' scores are never compared.
 *  G2  Every gallery that is searched gets its share of the rate of false alarms that is allowed, so the whole keeps
 *      it.
 *  G3  Where two models disagree, nobody is named: not sure. */
#ifndef TEBURA_MATCHER_H
#define TEBURA_MATCHER_H

#include <tebura/decision.h>

typedef struct tb_matcher tb_matcher;

/* `models` (1..TB_MODELS_MAX, different ids, the one in force first) are copied. TB_INVALID_ARGUMENT, TB_NO_MEMORY. */
tb_status tb_matcher_new(const tb_model *models, int count, tb_matcher **out) TB_MUST_CHECK;
void tb_matcher_free(tb_matcher **matcher); /* wipes */
int tb_matcher_models(const tb_matcher *matcher, tb_model out[TB_MODELS_MAX]);

/* Adds or replaces all templates of `id`, in bytes as tb_template_encode writes them; those of models that are not
 * known here are left out. TB_OTHER_MODEL: all of them are; TB_OTHER_DIMENSION; what tb_template_decode says;
 * TB_INVALID_ARGUMENT: more than TB_TEMPLATES_MAX of one model; TB_NO_MEMORY: who was not there is not there, who was
 * there still is, with old or new templates. One writer at a time. */
tb_status tb_matcher_put(tb_matcher *matcher, tb_id id, const tb_bytes *encoded, int count) TB_MUST_CHECK;
/* Tags of `id` in every gallery, as in tb_gallery_tag; who is put anew has none, who is replaced keeps them.
 * TB_NOT_FOUND. */
tb_status tb_matcher_tag(tb_matcher *matcher, tb_id id, uint64_t tags) TB_MUST_CHECK;
tb_status tb_matcher_tags(const tb_matcher *matcher, tb_id id, uint64_t *out) TB_MUST_CHECK; /* TB_NOT_FOUND */
tb_status tb_matcher_remove(tb_matcher *matcher, tb_id id) TB_MUST_CHECK;                    /* wipes; TB_NOT_FOUND */
void tb_matcher_clear(tb_matcher *matcher);
size_t tb_matcher_count(const tb_matcher *matcher); /* ids */

typedef struct tb_match {
    tb_identity identity;
    tb_id id;  /* the best candidate, also when not sure; zero for nobody */
    int model; /* place in the list of models of the one that found them; the first that did */
    /* this person, at a tenth of the rate of false matches and twice the margin that were asked for */
    int certain;
    float score; /* of that model */
} tb_match;
/* `probes`: of one capture, at most one for each model; others are ignored. TB_OTHER_MODEL: none of them is of a model
 * known here. Any number of threads, while one writes. `only` as in tb_gallery_search. */
tb_status tb_matcher_identify(const tb_matcher *matcher, const tb_template *probes, int count, double fpir,
                              int (*only)(tb_id id, void *context), void *context, tb_match *out) TB_MUST_CHECK;
typedef struct tb_matcher_query {
    double fpir;
    uint64_t all_of, none_of; /* tags, as in tb_gallery_query */
    int (*only)(tb_id id, void *context);
    void *context;
} tb_matcher_query;
/* The same among those whom the tags name: thresholds are those of a list that holds these people and nobody else. */
tb_status tb_matcher_identify_by(const tb_matcher *matcher, const tb_template *probes, int count,
                                 const tb_matcher_query *query, tb_match *out) TB_MUST_CHECK;

/* For templates that lie in no gallery: whoever compares all of them with the probes notes each score here. */
typedef struct tb_compared { /* of one model; zero-initialise */
    size_t rows;             /* templates that were compared */
    int count;
    tb_candidate best[2]; /* of different ids, best first */
} tb_compared;
void tb_compared_note(tb_compared *compared, tb_id id, float score);
/* What a search among them would have said (G2, G3): `compared` holds one for each of the matcher's models. Whom the
 * matcher itself holds does not matter. */
void tb_matcher_decide(const tb_matcher *matcher, const tb_compared *compared, double fpir, tb_match *out);

/* 1:1: is this the person of `id`? By the first model that both the probes and `id` have, at its threshold of
 * verification. `out` is this person or nobody. TB_NOT_FOUND: `id` is not here, or has no model in common. */
tb_status tb_matcher_verify(const tb_matcher *matcher, tb_id id, const tb_template *probes, int count,
                            tb_match *out) TB_MUST_CHECK;

#endif
