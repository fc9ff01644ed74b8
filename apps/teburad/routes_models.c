/* routes_models.c: which models made the templates that are kept, and what a person may know of theirs: never the
 * bytes. */
#include <string.h>

#include "routes.h"

static tb_status append_model(void *context, const tb_model_use *use)
{
    json_t *model =
        json_pack("{s:I, s:i, s:b, s:b, s:I, s:I, s:I}", "model", (json_int_t)use->model, "dimension", use->dimension,
                  "in_force", use->in_force, "served", use->served, "people", (json_int_t)use->people, "templates",
                  (json_int_t)use->templates, "only", (json_int_t)use->only);
    return json_array_append_new(context, model) == 0 ? TB_OK : TB_NO_MEMORY;
}

HANDLER(get_models)
{
    teburad *s = context;
    (void)request;
    (void)why;
    json_t *models = json_array();
    tb_status status = models ? tb_management_models(s->management, append_model, models) : TB_NO_MEMORY;
    if (status == TB_OK)
        return tb_http_reply_json(reply, 200, json_pack("{s:o}", "models", models));
    json_decref(models);
    return status;
}

HANDLER(delete_model)
{
    teburad *s = context;
    const char *text = tb_http_param(request, "model");
    int64_t lose = 0;
    uint64_t lost = 0, model = 0;
    if (!text_is_of(text, DIGITS, 10))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a model is a number");
    for (const char *digit = text; *digit; digit++)
        model = 10 * model + (uint64_t)(*digit - '0');
    if (model == 0 || model > UINT32_MAX)
        return tb_fail(why, TB_INVALID_ARGUMENT, "a model is a number from 1 to 4294967295");
    tb_status status = tb_http_query_number(request, "lose", 0, 1, 0, &lose, why);
    if (status == TB_OK)
        status = tb_management_model_retire(s->management, (uint32_t)model, lose == 1, &lost, why);
    return status == TB_OK ? tb_http_reply_json(reply, 200, json_pack("{s:I}", "lost", (json_int_t)lost)) : status;
}

static tb_status append_template(void *context, const tb_template_summary *template)
{
    json_t *summary = json_pack(
        "{s:I, s:s, s:b, s:i, s:s, s:o}", "model", (json_int_t) template->model, "modality",
        tb_modality_name(template->modality), "in_force", template->in_force, "quality", template->quality, "source",
        template->source == TB_TEMPLATE_ENROLLED ? "enrolment" : "touchpoint", "since", json_of_time(template->since));
    return json_array_append_new(context, summary) == 0 ? TB_OK : TB_NO_MEMORY;
}

HANDLER(get_templates)
{
    teburad *s = context;
    tb_id person;
    json_t *templates = json_array();
    tb_status status = path_id(request, &person, why);
    if (status == TB_OK)
        status =
            templates ? tb_management_templates(s->management, person, append_template, templates, why) : TB_NO_MEMORY;
    if (status == TB_OK)
        return tb_http_reply_json(reply, 200, json_pack("{s:o}", "templates", templates));
    json_decref(templates);
    return status;
}
