/* routes_touchpoints.c: terminals: announced by the operator, registered once by themselves. */
#include <string.h>

#include <tebura/secret.h>

#include "routes.h"

static tb_status append_touchpoint(void *context, const tb_touchpoint *touchpoint)
{
    return json_array_append_new(context, json_of_touchpoint(touchpoint)) == 0 ? TB_OK : TB_NO_MEMORY;
}

HANDLER(get_touchpoints)
{
    teburad *s = context;
    (void)request;
    (void)why;
    json_t *touchpoints = json_array();
    tb_status status =
        touchpoints ? tb_management_touchpoints(s->management, append_touchpoint, touchpoints) : TB_NO_MEMORY;
    if (status == TB_OK)
        return tb_http_reply_json(reply, 200, json_pack("{s:o}", "touchpoints", touchpoints));
    json_decref(touchpoints);
    return status;
}

static tb_status read_touchpoint(const teburad *s, const json_t *body, tb_touchpoint *out, tb_error *why)
{
    tb_status status = tb_json_only(body, why, "id", "role", "zone", "attributes", NULL);
    if (status == TB_OK)
        status = tb_json_text(body, "id", 1, out->id, sizeof out->id, why);
    if (status == TB_OK)
        status = tb_json_text(body, "role", 1, out->role, sizeof out->role, why);
    if (status == TB_OK)
        status = tb_json_text(body, "zone", 0, out->zone, sizeof out->zone, why);
    if (status == TB_OK)
        status = facts_of_json(json_object_get(body, "attributes"), &out->attributes, why);
    if (status != TB_OK)
        return status;
    if (!text_is_of(out->id, LOWER DIGITS "-", TB_TOUCHPOINT_SIZE - 1))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a touchpoint's id is a-z, 0-9 and -, at most %d",
                       TB_TOUCHPOINT_SIZE - 1);
    if (!tb_profile_role(s->profile, out->role))
        return tb_fail(why, TB_NOT_FOUND, "the profile %s has no role '%s'", tb_profile_name(s->profile), out->role);
    return TB_OK;
}

HANDLER(post_touchpoint)
{
    teburad *s = context;
    tb_touchpoint touchpoint = {0};
    char code[TB_CODE_SIZE] = "";
    tb_status status = read_touchpoint(s, request->json, &touchpoint, why);
    if (status == TB_OK)
        status = tb_management_touchpoint_add(s->management, &touchpoint, code, why);
    if (status == TB_OK)
        status = tb_http_reply_json(
            reply, 201, json_pack("{s:s, s:s, s:s}", "id", touchpoint.id, "code", code, "authority", s->fingerprint));
    tb_wipe(code, sizeof code);
    return status;
}

/* Whoever asks: it proves nothing by itself, the fingerprint does. */
HANDLER(get_authority)
{
    const teburad *s = context;
    (void)request;
    (void)why;
    return tb_http_reply_json(reply, 200, json_pack("{s:s}", "certificate", (const char *)s->authority.data));
}

HANDLER(post_code)
{
    teburad *s = context;
    char code[TB_CODE_SIZE] = "";
    tb_time until = 0;
    tb_status status = tb_management_touchpoint_code(s->management, tb_http_param(request, "id"), code, &until, why);
    if (status == TB_OK)
        status = tb_http_reply_json(reply, 201,
                                    json_pack("{s:s, s:s, s:o, s:s}", "id", tb_http_param(request, "id"), "code", code,
                                              "until", json_of_time(until), "authority", s->fingerprint));
    tb_wipe(code, sizeof code);
    return status;
}

HANDLER(post_revoke)
{
    teburad *s = context;
    tb_bytes order = {0};
    (void)reply;
    const char *id = tb_http_param(request, "id");
    tb_status status = tb_management_touchpoint_revoke(s->management, id, &order, why);
    if (status == TB_OK) { /* it hears why, then it is cut off */
        teburad_order(s, id, &order);
        teburad_cut_off(s);
    }
    tb_bytes_free(&order);
    return status;
}

HANDLER(post_wipe)
{
    teburad *s = context;
    tb_bytes order = {0};
    (void)reply;
    const char *id = tb_http_param(request, "id");
    tb_status status = tb_management_touchpoint_wipe(s->management, id, &order, why);
    if (status == TB_OK)
        teburad_order(s, id, &order);
    tb_bytes_free(&order);
    return status;
}

static json_t *json_of_registration(const teburad *s, const tb_touchpoint *t);

static json_t *hex_of(const tb_bytes *bytes)
{
    char *text = malloc(2 * bytes->size + 1);
    json_t *json = NULL;
    if (text) {
        tb_hex_encode(tb_bytes_span(bytes), text);
        json = json_string(text);
    }
    free(text);
    return json;
}

/* All is well with it: what it signs in with, once more, should ours be others than it has (doc/adr/127). */
static tb_status reply_renewal(teburad *s, const tb_key *key, tb_http_reply *reply)
{
    tb_touchpoint touchpoint;
    tb_bytes sealed = {0};
    tb_status status = tb_management_touchpoint_of_key(s->management, key, &touchpoint);
    if (status != TB_OK)
        return status;
    json_t *json = json_of_registration(s, &touchpoint);
    char *text = json && json_object_set_new(json, "authority", json_string((const char *)s->authority.data)) == 0
                     ? json_dumps(json, JSON_COMPACT)
                     : NULL;
    status = text ? tb_management_seal_renewal(s->management, &touchpoint, tb_span_text(text), &sealed) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_http_reply_json(reply, 200, json_pack("{s:s, s:o}", "order", "", "renewal", hex_of(&sealed)));
    free(text);
    json_decref(json);
    tb_bytes_free(&sealed);
    return status;
}

/* For a terminal that has lost the broker: only it can read the answer. */
HANDLER(post_standing)
{
    teburad *s = context;
    char text[2 * TB_KEY_SIZE + 1] = "", sealed[1024];
    tb_key key = {0};
    tb_bytes order = {0};
    tb_status status = tb_json_only(request->json, why, "public_key", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "public_key", 1, text, sizeof text, why);
    if (status == TB_OK && tb_hex_decode(text, key.bytes, sizeof key.bytes) != TB_OK)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "the public key is 64 lower-case hex digits");
    if (status == TB_OK) {
        status = tb_management_standing(s->management, &key, &order);
        if (status == TB_OK && 2 * order.size >= sizeof sealed)
            status = TB_INTERNAL;
        sealed[0] = '\0';
        if (status == TB_OK)
            tb_hex_encode(tb_bytes_span(&order), sealed);
        if (status == TB_CONFLICT)
            status = reply_renewal(s, &key, reply);
        else if (status == TB_OK)
            status = tb_http_reply_json(reply, 200, json_pack("{s:s}", "order", sealed));
    }
    tb_bytes_free(&order);
    return status;
}

/* What it signs in to the broker with; null without a key of its own for that. */
static json_t *json_of_token(const teburad *s, const tb_touchpoint *t)
{
    tb_bytes token = {0};
    json_t *text = NULL;
    if (!t->has_broker_key)
        return json_null();
    if (tb_trust_terminal(s->trust, t->id, &t->broker_key, tb_clock_now(), &token) == TB_OK)
        text = json_stringn((const char *)token.data, token.size);
    tb_bytes_free(&token);
    return text;
}

static json_t *json_of_registration(const teburad *s, const tb_touchpoint *t)
{
    const char *authority = teburad_secure_authority(s, s->terminals_url);
    char key[2 * TB_KEY_SIZE + 1];
    tb_key ours = tb_management_public_key(s->management);
    tb_hex_encode(tb_span_of(ours.bytes, sizeof ours.bytes), key);
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:I, s:i, s:o, s:o}", "touchpoint", t->id, "role", t->role,
                     "zone", t->zone, "attributes", json_of_facts(&t->attributes), "server_public_key", key, "site",
                     s->options.site, "nats_url", s->terminals_url, "model", (json_int_t)s->model, "dimension",
                     s->dimension, "broker_token", json_of_token(s, t), "broker_authority",
                     authority ? json_string(authority) : json_null());
}

HANDLER(post_registration)
{
    teburad *s = context;
    char code[TB_CODE_SIZE] = "", key_text[2 * TB_KEY_SIZE + 1] = "", broker_text[2 * TB_KEY_SIZE + 1] = "";
    tb_key key = {0}, broker_key = {0};
    tb_touchpoint touchpoint = {0};
    tb_status status = tb_json_only(request->json, why, "code", "public_key", "broker_key", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "code", 1, code, sizeof code, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "public_key", 1, key_text, sizeof key_text, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "broker_key", 0, broker_text, sizeof broker_text, why);
    if (status == TB_OK && (strlen(code) != 32 || !text_is_of(code, DIGITS "abcdef", 32)))
        status = tb_fail(why, TB_INVALID_ARGUMENT, "the code is 32 lower-case hex digits");
    if (status == TB_OK && tb_hex_decode(key_text, key.bytes, sizeof key.bytes) != TB_OK)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "the public key is 64 lower-case hex digits");
    if (status == TB_OK && broker_text[0] &&
        tb_hex_decode(broker_text, broker_key.bytes, sizeof broker_key.bytes) != TB_OK)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "the broker key is 64 lower-case hex digits");
    tb_touchpoint_claim claim = {
        .code = code, .public_key = &key, .broker_key = broker_text[0] ? &broker_key : NULL, .source = request->peer};
    if (status == TB_OK)
        status = tb_management_touchpoint_claim(s->management, &claim, &touchpoint, why);
    tb_wipe(code, sizeof code);
    return status == TB_OK ? tb_http_reply_json(reply, 201, json_of_registration(s, &touchpoint)) : status;
}
