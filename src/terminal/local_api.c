/* local_api.c: api/edge.yaml as routes. Pictures and PINs go in through secret memory; words come out. */
#include "terminal/doors.h"
#include "terminal/terminal_private.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>
#include <tebura/tls.h>

static const char token_place[] =
    "this needs the terminal's own token: Authorization: Bearer and what screen.token holds, a file in the "
    "terminal's data directory";

#define DECODING_MOST 4
#define HEX "0123456789abcdef"
#define CODE_LENGTH 32 /* as the server makes it */
#define PAGE_LIMIT ((size_t)12 << 20)
#define FRAME_LIMIT ((size_t)8 << 20)

static tb_status reply_state(tb_terminal *t, uint64_t after, int wait_ms, const tb_http_request *request,
                             tb_http_reply *reply)
{
    tb_view *view = tb_secret_alloc(sizeof *view);
    if (!view)
        return TB_NO_MEMORY;
    int64_t until = tb_clock_monotonic() + (int64_t)wait_ms * 1000;
    uint64_t number = 0;
    for (;;) { /* in steps, so that the server can end */
        int64_t left = (until - tb_clock_monotonic()) / 1000;
        number = tb_view_wait(t, after, left > 400 ? 400 : left > 0 ? (int)left : 0, view);
        if (number > after || left <= 0 || tb_http_is_stopping(request))
            break;
    }
    json_t *json = tb_view_json(t, view, number);
    tb_secret_free(view);
    return tb_http_reply_json(reply, 200, json);
}

static tb_status get_state(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    int64_t after = 0, wait = 0;
    tb_status status = tb_http_query_number(request, "after", 0, INT64_MAX, 0, &after, why);
    if (status == TB_OK)
        status = tb_http_query_number(request, "wait", 0, 60, 0, &wait, why);
    return status == TB_OK ? reply_state(context, (uint64_t)after, (int)wait * 1000, request, reply) : status;
}

/* ---- stream ---- */

struct stream {
    tb_terminal *terminal;
    uint64_t seen;
};

static tb_status next_state(void *context, tb_bytes *out)
{
    struct stream *stream = context;
    tb_view *view = tb_secret_alloc(sizeof *view);
    if (!view)
        return TB_NO_MEMORY;
    tb_status status = TB_OK;
    uint64_t number = tb_view_wait(stream->terminal, stream->seen, 400, view);
    if (number > stream->seen) {
        json_t *json = tb_view_json(stream->terminal, view, number);
        status = json ? tb_http_event(out, "state", number, json) : TB_NO_MEMORY;
        json_decref(json);
        stream->seen = number;
    }
    tb_secret_free(view);
    return status;
}

static tb_status get_events(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)request, (void)why;
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return TB_NO_MEMORY;
    stream->terminal = context;
    return tb_http_reply_stream(reply, next_state, free, stream);
}

/* ---- inputs ---- */

static tb_status post(tb_terminal *t, const tb_machine_input *input, tb_payload *payload,
                      const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_status status = tb_post_and_wait(t, input, payload, why);
    return status == TB_OK ? reply_state(t, 0, 0, request, reply) : status;
}

static void payload_free(tb_payload *payload)
{
    if (payload)
        tb_image_free(&payload->page);
    tb_secret_free(payload);
}

static tb_status decode_page(const json_t *body, tb_image *out, tb_error *why)
{
    const json_t *text = json_object_get(body, "picture");
    if (!text || json_is_null(text))
        return TB_OK;
    if (!json_is_string(text))
        return tb_fail(why, TB_INVALID_ARGUMENT, "picture: a picture in base64");
    tb_bytes encoded = {0};
    tb_status status = tb_base64_decode(json_string_value(text), PAGE_LIMIT, &encoded);
    if (status != TB_OK)
        (void)tb_fail(why, status, "picture: %s", status == TB_MALFORMED ? "not base64" : tb_status_sentence(status));
    else
        status = tb_image_decode(tb_bytes_span(&encoded), out, why);
    tb_bytes_free(&encoded);
    return status;
}

static tb_status post_passport(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_payload *payload = tb_secret_alloc(sizeof *payload);
    if (!payload)
        return TB_NO_MEMORY;
    tb_machine_input in = {.kind = TB_INPUT_PASSPORT};
    tb_status status = tb_json_only(request->json, why, "mrz", "picture", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "mrz", 1, payload->text, 96, why);
    if (status == TB_OK)
        status = decode_page(request->json, &payload->page, why);
    if (status == TB_OK)
        status = post(context, &in, payload, request, reply, why);
    payload_free(payload);
    return status;
}

static tb_status post_boarding_pass(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_payload *payload = tb_secret_alloc(sizeof *payload);
    if (!payload)
        return TB_NO_MEMORY;
    tb_machine_input in = {.kind = TB_INPUT_BOARDING_PASS};
    tb_status status = tb_json_only(request->json, why, "bcbp", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "bcbp", 1, payload->text, sizeof payload->text, why);
    if (status == TB_OK)
        status = post(context, &in, payload, request, reply, why);
    payload_free(payload);
    return status;
}

/* A reservation's number, a ticket's code: whatever the profile calls a reference. */
static tb_status post_reference(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_payload *payload = tb_secret_alloc(sizeof *payload);
    if (!payload)
        return TB_NO_MEMORY;
    tb_machine_input in = {.kind = TB_INPUT_REFERENCE};
    tb_status status = tb_json_only(request->json, why, "reference", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "reference", 1, payload->text, 128, why);
    if (status == TB_OK)
        status = post(context, &in, payload, request, reply, why);
    payload_free(payload);
    return status;
}

/* Names of further consents, joined by spaces; only those that the profile has. */
static tb_status read_also(const tb_terminal *t, const json_t *list, char out[128], tb_error *why)
{
    const json_t *name;
    size_t i, used = 0;
    if (list && !json_is_array(list))
        return tb_fail(why, TB_INVALID_ARGUMENT, "also: a list of consents");
    json_array_foreach(list, i, name)
    {
        const char *text = json_is_string(name) ? json_string_value(name) : "";
        if (!tb_profile_further_text(t->options.profile, text, "en") || used + strlen(text) + 2 > 128)
            return tb_fail(why, TB_INVALID_ARGUMENT, "also: there is no such consent");
        used += (size_t)snprintf(out + used, 128 - used, "%s%s", used ? " " : "", text);
    }
    return TB_OK;
}

static tb_status post_consent(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_payload *payload = tb_secret_alloc(sizeof *payload);
    if (!payload)
        return TB_NO_MEMORY;
    tb_machine_input in = {.kind = TB_INPUT_CONSENT};
    tb_status status = tb_json_only(request->json, why, "agree", "also", NULL);
    if (status == TB_OK)
        status = tb_json_bool(request->json, "agree", 1, &in.yes, why);
    if (status == TB_OK)
        status = read_also(context, json_object_get(request->json, "also"), payload->text, why);
    if (status == TB_OK)
        status = post(context, &in, payload, request, reply, why);
    payload_free(payload);
    return status;
}

static tb_status post_sale(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_payload *payload = tb_secret_alloc(sizeof *payload);
    if (!payload)
        return TB_NO_MEMORY;
    tb_machine_input in = {.kind = TB_INPUT_SALE};
    tb_status status = tb_json_only(request->json, why, "amount", "currency", "deliver", "staff", NULL);
    if (status == TB_OK)
        status = tb_json_number(request->json, "amount", 1, 1, INT64_C(1000000000000), &in.amount, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "currency", 1, in.currency, sizeof in.currency, why);
    if (status == TB_OK && (strlen(in.currency) != 3 || strspn(in.currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3))
        status = tb_fail(why, TB_INVALID_ARGUMENT, "currency: three capital letters (ISO 4217)");
    if (status == TB_OK)
        status = tb_json_text(request->json, "deliver", 0, payload->deliver, sizeof payload->deliver, why);
    if (status == TB_OK)
        status = tb_json_bool(request->json, "staff", 0, &in.yes, why);
    if (status == TB_OK)
        status = post(context, &in, payload, request, reply, why);
    payload_free(payload);
    return status;
}

static tb_status post_pin(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_payload *payload = tb_secret_alloc(sizeof *payload);
    if (!payload)
        return TB_NO_MEMORY;
    tb_machine_input in = {.kind = TB_INPUT_PIN};
    tb_status status = tb_json_only(request->json, why, "pin", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "pin", 1, payload->text, 13, why);
    size_t length = status == TB_OK ? strlen(payload->text) : 4;
    if (length < 4 || strspn(payload->text, "0123456789") != (status == TB_OK ? length : 0))
        status = tb_fail(why, TB_INVALID_ARGUMENT, "pin: 4 to 12 digits");
    if (status == TB_OK)
        status = post(context, &in, payload, request, reply, why);
    payload_free(payload);
    return status;
}

static tb_status post_staff(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_machine_input in = {.kind = TB_INPUT_STAFF};
    char passport[16] = ""; /* looked at by a human; nothing here needs it */
    tb_status status = tb_json_only(request->json, why, "confirm", "passport", NULL);
    if (status == TB_OK)
        status = tb_json_bool(request->json, "confirm", 1, &in.yes, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "passport", 0, passport, sizeof passport, why);
    tb_wipe(passport, sizeof passport);
    return status == TB_OK ? post(context, &in, NULL, request, reply, why) : status;
}

static tb_status post_handover(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_machine_input in = {.kind = TB_INPUT_HANDOVER};
    tb_status status = tb_json_only(request->json, why, "item", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "item", 1, in.item, sizeof in.item, why);
    return status == TB_OK ? post(context, &in, NULL, request, reply, why) : status;
}

static tb_status post_reset(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_machine_input in = {.kind = TB_INPUT_RESET};
    return post(context, &in, NULL, request, reply, why);
}

/* ---- camera ---- */

static tb_status post_frame(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)reply;
    tb_terminal *t = context;
    if (strcmp(request->content_type, "image/jpeg") != 0 && strcmp(request->content_type, "image/png") != 0)
        return tb_fail(why, TB_UNSUPPORTED, "a picture is image/jpeg or image/png");
    /* A picture takes some ten milliseconds and megabytes to decode: a page sends one after the other. */
    pthread_mutex_lock(&t->mutex);
    int taken = t->decoding < DECODING_MOST;
    t->decoding += taken;
    int inside = t->order.inside && t->camera_inside; /* a page is whichever camera is looked through */
    pthread_mutex_unlock(&t->mutex);
    if (!taken)
        return tb_fail(why, TB_CONFLICT, "%d pictures are being read already: send one after the other", DECODING_MOST);
    tb_status status = tb_camera_push(inside ? t->camera_inside : t->camera, request->body, why);
    pthread_mutex_lock(&t->mutex);
    t->decoding--;
    pthread_mutex_unlock(&t->mutex);
    return status;
}

/* Optional number with a default; integers count as numbers. */
static tb_status take_number(const json_t *object, const char *name, double least, double most, float *out,
                             tb_error *why)
{
    const json_t *value = json_object_get(object, name);
    if (!value || json_is_null(value))
        return TB_OK;
    if (!json_is_number(value) || json_number_value(value) < least || json_number_value(value) > most)
        return tb_fail(why, TB_INVALID_ARGUMENT, "%s: a number from %g to %g", name, least, most);
    *out = (float)json_number_value(value);
    return TB_OK;
}

static tb_status take_person(const json_t *from, tb_scene_person *out, tb_error *why)
{
    *out = (tb_scene_person){.distance = 1};
    if (!json_is_object(from))
        return tb_fail(why, TB_INVALID_ARGUMENT, "people: objects with a picture");
    tb_status status = tb_json_only(from, why, "picture", "region", "distance", "angle", NULL);
    if (status == TB_OK)
        status = tb_json_text(from, "picture", 1, out->picture, sizeof out->picture, why);
    if (status == TB_OK)
        status = take_number(from, "distance", 0.1, 20, &out->distance, why);
    if (status == TB_OK)
        status = take_number(from, "angle", -180, 180, &out->angle, why);
    const json_t *region = json_object_get(from, "region");
    if (status != TB_OK || !region || json_is_null(region))
        return status;
    if (!json_is_object(region))
        return tb_fail(why, TB_INVALID_ARGUMENT, "region: x, y, width and height");
    status = take_number(region, "x", -16384, 16384, &out->region.x, why);
    if (status == TB_OK)
        status = take_number(region, "y", -16384, 16384, &out->region.y, why);
    if (status == TB_OK)
        status = take_number(region, "width", 0, 16384, &out->region.width, why);
    return status == TB_OK ? take_number(region, "height", 0, 16384, &out->region.height, why) : status;
}

static tb_status take_settings(const json_t *from, tb_scene *out, tb_error *why)
{
    int64_t jpeg = 0, width = 0, height = 0, seed = 0;
    tb_status status = take_number(from, "light", 0, 8, &out->light, why);
    if (status == TB_OK)
        status = take_number(from, "noise", 0, 80, &out->noise, why);
    if (status == TB_OK)
        status = tb_json_number(from, "jpeg", 0, 0, 100, &jpeg, why);
    if (status == TB_OK)
        status = tb_json_number(from, "width", 0, 0, 4096, &width, why);
    if (status == TB_OK)
        status = tb_json_number(from, "height", 0, 0, 4096, &height, why);
    if (status == TB_OK)
        status = tb_json_number(from, "seed", 0, 0, UINT32_MAX, &seed, why);
    out->jpeg = (int)jpeg;
    out->width = (int)width;
    out->height = (int)height;
    out->seed = (uint32_t)seed;
    return status;
}

static tb_status put_scene(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)reply;
    tb_terminal *t = context;
    tb_scene *scene = calloc(1, sizeof *scene);
    if (!scene)
        return TB_NO_MEMORY;
    scene->light = 1;
    const json_t *people = json_object_get(request->json, "people");
    int inside = json_is_true(json_object_get(request->json, "inside"));
    tb_status status =
        tb_json_only(request->json, why, "people", "inside", "light", "noise", "jpeg", "width", "height", "seed", NULL);
    if (status == TB_OK && (!json_is_array(people) || json_array_size(people) > 4))
        status = tb_fail(why, TB_INVALID_ARGUMENT, "people: a list of at most 4");
    for (size_t i = 0; status == TB_OK && i < json_array_size(people); i++)
        status = take_person(json_array_get(people, i), &scene->people[scene->count++], why);
    if (status == TB_OK)
        status = take_settings(request->json, scene, why);
    if (status == TB_OK)
        status = inside && !t->camera_inside ? tb_fail(why, TB_CONFLICT, "this terminal has no camera inside")
                                             : tb_camera_scene(inside ? t->camera_inside : t->camera, scene, why);
    free(scene);
    return status;
}

/* None is open: whoever is on this machine has a loopback, too. */
static const tb_http_route routes[] = {
    {"GET", "/v1/state", 0, 0, get_state},
    {"GET", "/v1/events", 0, 0, get_events},
    {"POST", "/v1/passport", 0, PAGE_LIMIT * 4 / 3 + 4096, post_passport},
    {"POST", "/v1/boarding-pass", 0, 0, post_boarding_pass},
    {"POST", "/v1/reference", 0, 0, post_reference},
    {"POST", "/v1/consent", 0, 0, post_consent},
    {"POST", "/v1/sale", 0, 0, post_sale},
    {"POST", "/v1/pin", 0, 0, post_pin},
    {"POST", "/v1/staff", 0, 0, post_staff},
    {"POST", "/v1/handover", 0, 0, post_handover},
    {"POST", "/v1/interlock", 0, 0, tb_doors_post},
    {"PUT", "/v1/doors", 0, 0, tb_doors_put},
    {"POST", "/v1/reset", 0, 0, post_reset},
    {"POST", "/v1/frame", TB_HTTP_RAW, FRAME_LIMIT, post_frame},
    {"PUT", "/v1/scene", 0, 0, put_scene},
};

/* scheme://host[:port] of the server's address: what its pages send as their origin. */
static void origin_of(const char *server, char *out, size_t size)
{
    const char *host = strstr(server, "://");
    size_t length = host ? (size_t)(host - server) + 3 : 0;
    length += strcspn(server + length, "/?#");
    snprintf(out, size, "%.*s", (int)length, server);
}

/* CODE or CODE.FINGERPRINT */
static int code_is_one(const char *code)
{
    size_t length = strspn(code, HEX);
    if (length != CODE_LENGTH || (code[length] && code[length] != '.'))
        return 0;
    return !code[length] || (strspn(code + length + 1, HEX) == TB_FINGERPRINT_SIZE - 1 &&
                             strlen(code + length + 1) == TB_FINGERPRINT_SIZE - 1);
}

tb_status tb_terminal_check(const tb_terminal_options *options, tb_error *why)
{
    const char *server = options->server, *host = strstr(server, "://");
    if ((strncmp(server, "http://", 7) != 0 && strncmp(server, "https://", 8) != 0) || !host[3] || host[3] == '/')
        return tb_fail(why, TB_INVALID_ARGUMENT, "--server %.100s: write it as http://HOST:PORT or https://HOST",
                       server);
    if (strncmp(options->listen, "127.", 4) != 0 && strncmp(options->listen, "[::1]", 5) != 0 &&
        strncmp(options->listen, "localhost:", 10) != 0)
        return tb_fail(why, TB_INVALID_ARGUMENT, "--listen %s: the local interface stands on a loopback address only",
                       options->listen);
    const char *code = options->code;
    if (code && !code_is_one(code)) /* not asked for, over and over, of a server that is away */
        return tb_fail(
            why, TB_INVALID_ARGUMENT,
            "--code: that is no registration code, 32 hex digits and, after a point, 64 of the fingerprint: copy it "
            "whole from the console");
    return TB_OK;
}

/* Made at the first start and kept: a screen that stays open goes on when the terminal starts again. */
static tb_status read_token(tb_terminal *t, char token[2 * TB_KEY_SIZE + 1], tb_error *why)
{
    tb_key secret = {0};
    tb_status status = tb_edge_make_directory(t->options.directory, why);
    if (status == TB_OK)
        status = tb_edge_path(t->options.directory, "screen.token", t->token_file, why);
    if (status == TB_OK)
        status = tb_key_file(t->token_file, &secret, why);
    if (status == TB_OK)
        tb_hex_encode(tb_span_of(secret.bytes, sizeof secret.bytes), token);
    tb_wipe(&secret, sizeof secret);
    return status;
}

tb_status tb_local_api_open(tb_terminal *t, tb_error *why)
{
    char origin[256];
    tb_status checked = tb_terminal_check(&t->options, why);
    if (checked != TB_OK)
        return checked;
    origin_of(t->options.origin ? t->options.origin : t->options.server, origin, sizeof origin);
    char token[2 * TB_KEY_SIZE + 1] = "";
    tb_status status = read_token(t, token, why);
    tb_http_options options = {.listen = t->options.listen,
                               .routes = routes,
                               .route_count = sizeof routes / sizeof *routes,
                               .context = t,
                               .token = token,
                               .token_place = token_place,
                               .origin = origin[0] ? origin : NULL,
                               .connections = 64};
    if (status == TB_OK)
        status = tb_http_open(&options, &t->http, why);
    tb_wipe(token, sizeof token);
    if (status == TB_OK)
        snprintf(t->url, sizeof t->url, "%s", tb_http_url(t->http));
    return status;
}
