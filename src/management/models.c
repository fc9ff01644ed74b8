/* models.c: several embedding models side by side: who has templates of which, and the end of a former one (X12). */
#include "management/service.h"

#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define MODELS_LISTED 32

const tb_model *tb_service_model(const tb_management *m, uint32_t id)
{
    for (int i = 0; i < m->model_count; i++)
        if (m->models[i].id == id)
            return &m->models[i];
    return NULL;
}

static tb_status take(const tb_management *m, const tb_bytes *encoded, tb_template *out, int *count)
{
    tb_template head; /* no values in it */
    tb_status status = tb_template_head(tb_bytes_span(encoded), &head);
    const tb_model *model = status == TB_OK ? tb_service_model(m, head.model) : NULL;
    if (!model || head.modality != model->modality)
        return status;
    if (head.dimension != model->dimension)
        return TB_OTHER_DIMENSION;
    for (int i = 0; i < *count; i++)
        if (out[i].model == model->id) /* the first counts */
            return TB_OK;
    status = tb_template_decode(tb_bytes_span(encoded), model->id, &out[*count]);
    *count += status == TB_OK;
    return status;
}

tb_status tb_request_templates(const tb_management *m, const tb_request *request, tb_template **out, int *count)
{
    *count = 0;
    *out = tb_secret_alloc((size_t)(1 + request->former_count) * sizeof **out);
    if (!*out)
        return TB_NO_MEMORY;
    tb_status status = take(m, &request->probe, *out, count);
    for (int i = 0; i < request->former_count && status == TB_OK; i++)
        status = take(m, &request->former[i], *out, count);
    return status == TB_OK && !*count ? TB_OTHER_MODEL : status;
}

/* ---- what the operator asks ---- */

/* The ids of all served models but one; 0 is nobody's. */
static void others_than(const tb_management *m, uint32_t model, uint32_t out[TB_MODELS_MAX])
{
    int count = 0;
    memset(out, 0, TB_MODELS_MAX * sizeof *out);
    for (int i = 0; i < m->model_count; i++)
        if (m->models[i].id != model)
            out[count++] = m->models[i].id;
}

static tb_status look_at(tb_management *m, uint32_t id, tb_model_use *out)
{
    uint32_t others[TB_MODELS_MAX];
    tb_template_use_counts counts;
    const tb_model *model = tb_service_model(m, id);
    others_than(m, id, others);
    tb_status status = tb_template_use(m->db, id, others, &counts);
    *out = (tb_model_use){.model = id,
                          .dimension = model ? model->dimension : 0,
                          .in_force = id == m->models[0].id,
                          .served = model != NULL,
                          .people = counts.people,
                          .templates = counts.templates,
                          .only = counts.only};
    return status;
}

static tb_status list_models(tb_management *m, tb_model_fn each, void *context)
{
    uint32_t found[MODELS_LISTED];
    int count = 0;
    tb_model_use use;
    tb_status status = TB_OK;
    for (int i = 0; i < m->model_count && status == TB_OK; i++) {
        status = look_at(m, m->models[i].id, &use);
        if (status == TB_OK)
            status = each(context, &use);
    }
    if (status == TB_OK)
        status = tb_template_models(m->db, found, MODELS_LISTED, &count);
    for (int i = 0; i < count && status == TB_OK; i++) {
        if (tb_service_model(m, found[i]))
            continue;
        status = look_at(m, found[i], &use);
        if (status == TB_OK)
            status = each(context, &use);
    }
    return status;
}

tb_status tb_management_models(tb_management *m, tb_model_fn each, void *context)
{
    tb_service_lock(m);
    tb_status status = list_models(m, each, context);
    tb_service_unlock(m);
    return status;
}

static tb_status warn(void *context, const tb_model_use *use)
{
    (void)context;
    if (!use->served && use->only)
        tb_log(
            TB_LOG_WARNING, "management",
            "%llu people have templates of model %u only, which the manifest does not name: they are not recognised. "
            "Name it under former",
            (unsigned long long)use->only, use->model);
    return TB_OK;
}

void tb_models_warn(tb_management *m)
{
    if (list_models(m, warn, NULL) != TB_OK)
        tb_log(TB_LOG_WARNING, "management", "the models in use could not be counted");
}

/* Lists follow: the entries of everybody who had one are written again. */
static tb_status remove_model(tb_management *m, uint32_t model, const tb_ids *people)
{
    tb_status status = tb_template_rows_remove_model(m->db, model);
    for (size_t i = 0; i < people->count && status == TB_OK; i++)
        status = tb_person_recompute(m, people->items[i], TB_RECOMPUTE_RESEND);
    return status;
}

static tb_status retire(tb_management *m, uint32_t model, int lose, uint64_t *lost, tb_error *why)
{
    tb_model_use use;
    tb_ids people = {0};
    tb_status status = look_at(m, model, &use);
    if (status != TB_OK)
        return status;
    *lost = use.only;
    if (use.in_force)
        return tb_fail(why, TB_CONFLICT, "model %u is in force: name another one in the manifest first", model);
    if (!use.people)
        return tb_fail(why, TB_NOT_FOUND, "nobody has a template of model %u", model);
    if (use.only && !lose)
        return tb_fail(why, TB_CONFLICT,
                       "%llu people would lose their only templates and have to enrol again: wait until they have "
                       "passed a touchpoint that offers templates, or say that they may be lost",
                       (unsigned long long)use.only);
    status = tb_template_people(m->db, model, &people);
    if (status == TB_OK)
        status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, remove_model(m, model, &people));
    if (status == TB_OK)
        tb_log(TB_LOG_INFO, "management", "model %u retired: %llu people had templates of it, %llu no others", model,
               (unsigned long long)use.people, (unsigned long long)use.only);
    tb_ids_free(&people);
    return status;
}

tb_status tb_management_model_retire(tb_management *m, uint32_t model, int lose, uint64_t *lost, tb_error *why)
{
    tb_error said = {0};
    *lost = 0;
    tb_service_lock_to_change(m);
    tb_status status = retire(m, model, lose, lost, &said);
    tb_service_unlock_changed(m);
    if (status == TB_OK)
        return TB_OK;
    return tb_fail(why, status, "%s", said.text[0] ? said.text : tb_status_sentence(status));
}

static tb_status list_templates(tb_management *m, tb_id person, tb_template_fn each, void *context)
{
    tb_template_rows rows = {0};
    tb_status status = tb_person_exists(m->db, person);
    if (status == TB_OK)
        status = tb_template_rows_get(m->db, person, &rows);
    for (int i = 0; i < rows.count && status == TB_OK; i++) {
        tb_template_summary summary = {.model = rows.rows[i].model,
                                       .modality = rows.rows[i].modality,
                                       .in_force = rows.rows[i].model == m->models[0].id,
                                       .quality = rows.rows[i].quality,
                                       .source = rows.rows[i].source,
                                       .since = rows.rows[i].since};
        status = each(context, &summary);
    }
    tb_template_rows_free(&rows);
    return status;
}

tb_status tb_management_templates(tb_management *m, tb_id person, tb_template_fn each, void *context, tb_error *why)
{
    tb_service_lock(m);
    tb_status status = list_templates(m, person, each, context);
    tb_service_unlock(m);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such person");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}
