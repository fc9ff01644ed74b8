/* routes_visits.c: visits of any site, with the facts that its profile declares. */
#include <string.h>

#include <tebura/secret.h>

#include "routes.h"

static tb_status read_fact(const teburad *s, const char *name, const json_t *value, tb_facts *out)
{
    tb_fact_kind kind = tb_profile_fact_kind(s->profile, name);
    tb_time time;
    if (json_is_boolean(value))
        return tb_facts_set_bool(out, name, json_is_true(value));
    if (json_is_integer(value))
        return tb_facts_set_int(out, name, json_integer_value(value));
    if (!json_is_string(value))
        return TB_INVALID_ARGUMENT;
    if (kind != TB_FACT_TIME)
        return tb_facts_set_text(out, name, json_string_value(value));
    tb_status status = tb_time_parse(json_string_value(value), &time);
    return status == TB_OK ? tb_facts_set_time(out, name, time) : status;
}

static tb_status read_facts(const teburad *s, const json_t *object, tb_facts *out, tb_error *why)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the field \"facts\" has to be an object");
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (read_fact(s, name, value, out) != TB_OK)
            return tb_fail(
                why, TB_INVALID_ARGUMENT,
                "the fact \"%.31s\" has to be a text up to %d bytes, a time like 2026-11-21T18:30:00+09:00, a "
                "whole number, true or false; at most %d",
                name, TB_FACT_TEXT_SIZE - 1, TB_FACTS_MAX);
    }
    return TB_OK;
}

static tb_status read_person(const json_t *body, tb_id *out, tb_error *why)
{
    char text[TB_ID_TEXT_SIZE] = "";
    tb_status status = tb_json_text(body, "person", 0, text, sizeof text, why);
    if (status == TB_OK && text[0] && tb_id_parse(text, out) != TB_OK)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "the field \"person\" has to be an id");
    return status;
}

HANDLER(post_visit)
{
    teburad *s = context;
    char reference[64] = "", name[64] = "";
    tb_visit_order order = {.reference = reference, .name = name};
    tb_visit_made made;
    char occasion[TB_OCCASION_SIZE] = "";
    tb_status status = tb_json_only(request->json, why, "reference", "name", "person", "facts", "occasion", NULL);
    order.occasion = occasion;
    if (status == TB_OK)
        status = tb_json_text(request->json, "occasion", 0, occasion, sizeof occasion, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "reference", 1, reference, sizeof reference, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "name", 0, name, sizeof name, why);
    if (status == TB_OK)
        status = read_person(request->json, &order.person, why);
    if (status == TB_OK)
        status = read_facts(s, json_object_get(request->json, "facts"), &order.facts, why);
    if (status == TB_OK)
        status = tb_management_visit_put(s->management, &order, &made, why);
    if (status != TB_OK)
        return status;
    return tb_http_reply_json(reply, made.created ? 201 : 200,
                              json_pack("{s:s, s:o, s:o}", "reference", reference, "visit", json_of_id(made.visit),
                                        "person", json_of_id(made.person)));
}

HANDLER(delete_visit)
{
    teburad *s = context;
    tb_id visit;
    (void)reply;
    tb_status status = path_id(request, &visit, why);
    return status == TB_OK ? tb_management_visit_end(s->management, visit, why) : status;
}

HANDLER(post_position_token)
{
    teburad *s = context;
    char token[TB_POSITION_TOKEN_SIZE];
    tb_id visit;
    tb_status status = path_id(request, &visit, why);
    if (status == TB_OK)
        status = tb_management_position_token(s->management, visit, token, why);
    if (status == TB_OK)
        status = tb_http_reply_json(reply, 200, json_pack("{s:s}", "token", token));
    tb_wipe(token, sizeof token);
    return status;
}

/* Both of a pair, or neither. 1 when there. */
static int read_pair(const json_t *body, const char *first, const char *second, double *a, double *b)
{
    const json_t *x = json_object_get(body, first), *y = json_object_get(body, second);
    *a = json_number_value(x);
    *b = json_number_value(y);
    return json_is_number(x) && json_is_number(y);
}

static tb_status read_position(const json_t *body, tb_position *out, tb_error *why)
{
    const json_t *accuracy = json_object_get(body, "accuracy");
    int said = json_object_get(body, "latitude") || json_object_get(body, "longitude") || json_object_get(body, "x") ||
               json_object_get(body, "y");
    *out = (tb_position){.accuracy = json_number_value(accuracy)};
    if (read_pair(body, "latitude", "longitude", &out->a, &out->b))
        out->kind = TB_POSITION_GLOBE;
    else if (read_pair(body, "x", "y", &out->a, &out->b))
        out->kind = TB_POSITION_SITE;
    if ((said && out->kind == TB_POSITION_NONE) || (accuracy && !json_is_number(accuracy)))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "a position is \"latitude\" and \"longitude\" in degrees, or \"x\" and \"y\" in metres, and may "
                       "say its \"accuracy\"; without either nobody knows it any more");
    return TB_OK;
}

HANDLER(post_position)
{
    teburad *s = context;
    char token[TB_POSITION_TOKEN_SIZE] = "";
    tb_position position;
    tb_id visit;
    (void)reply;
    tb_status status = tb_json_only(request->json, why, "token", "latitude", "longitude", "x", "y", "accuracy", NULL);
    if (status == TB_OK)
        status = path_id(request, &visit, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "token", 1, token, sizeof token, why);
    if (status == TB_OK)
        status = read_position(request->json, &position, why);
    if (status == TB_OK)
        status = tb_management_position_put(s->management, visit, token, &position, why);
    tb_wipe(token, sizeof token);
    tb_wipe(&position, sizeof position);
    return status;
}

/* ---- what many of them share ---- */

static tb_status append_occasion(void *context, const tb_occasion *occasion)
{
    json_t *json = json_pack("{s:s, s:o, s:I}", "id", occasion->id, "facts", json_of_facts(&occasion->facts), "visits",
                             (json_int_t)occasion->visits);
    return json_array_append_new(context, json) == 0 ? TB_OK : TB_NO_MEMORY;
}

HANDLER(get_occasions)
{
    teburad *s = context;
    (void)request;
    (void)why;
    json_t *occasions = json_array();
    tb_status status = occasions ? tb_management_occasions(s->management, append_occasion, occasions) : TB_NO_MEMORY;
    if (status == TB_OK)
        return tb_http_reply_json(reply, 200, json_pack("{s:o}", "occasions", occasions));
    json_decref(occasions);
    return status;
}

HANDLER(put_occasion)
{
    teburad *s = context;
    tb_facts facts = {0};
    (void)reply;
    tb_status status = tb_json_only(request->json, why, "facts", NULL);
    if (status == TB_OK)
        status = read_facts(s, json_object_get(request->json, "facts"), &facts, why);
    return status == TB_OK ? tb_management_occasion_put(s->management, tb_http_param(request, "id"), &facts, why)
                           : status;
}

HANDLER(delete_occasion)
{
    teburad *s = context;
    (void)reply;
    return tb_management_occasion_remove(s->management, tb_http_param(request, "id"), why);
}
