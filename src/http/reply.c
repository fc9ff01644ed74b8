/* reply.c: answers: JSON, bytes, the one form of error, event streams. */
#include "http/http_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/clock.h>

#define KEEP_ALIVE (10 * TB_SECOND)

static int put_text(const char *text, size_t size, void *bytes)
{
    return tb_bytes_append(bytes, tb_span_of(text, size)) == TB_OK ? 0 : -1;
}

static tb_status print_json(tb_bytes *out, const json_t *json)
{
    return json_dump_callback(json, put_text, out, JSON_COMPACT) == 0 ? TB_OK : TB_NO_MEMORY;
}

void http_reply_clear(tb_http_reply *reply)
{
    tb_bytes_free(&reply->body);
    if (reply->end)
        reply->end(reply->state);
    *reply = (tb_http_reply){0};
}

tb_status tb_http_reply_json(tb_http_reply *reply, int http_status, json_t *json)
{
    http_reply_clear(reply);
    tb_status status = json ? print_json(&reply->body, json) : TB_NO_MEMORY;
    json_decref(json);
    if (status != TB_OK)
        return status;
    reply->http_status = http_status;
    snprintf(reply->type, sizeof reply->type, "application/json");
    return TB_OK;
}

tb_status tb_http_reply_bytes(tb_http_reply *reply, int http_status, const char *content_type, tb_span body)
{
    http_reply_clear(reply);
    tb_status status = tb_bytes_append(&reply->body, body);
    if (status != TB_OK)
        return status;
    reply->http_status = http_status;
    snprintf(reply->type, sizeof reply->type, "%s", content_type);
    return TB_OK;
}

tb_status tb_http_reply_stream(tb_http_reply *reply, tb_http_next_fn next, void (*end)(void *state), void *state)
{
    http_reply_clear(reply);
    *reply = (tb_http_reply){.http_status = MHD_HTTP_OK, .next = next, .end = end, .state = state};
    snprintf(reply->type, sizeof reply->type, "text/event-stream");
    return TB_OK;
}

tb_status tb_http_event(tb_bytes *out, const char *name, uint64_t id, const json_t *json)
{
    size_t before = out->size;
    tb_status status = tb_bytes_print(out, "event: %s\n", name);
    if (status == TB_OK && id)
        status = tb_bytes_print(out, "id: %llu\n", (unsigned long long)id);
    if (status == TB_OK)
        status = tb_bytes_print(out, "data: ");
    if (status == TB_OK)
        status = json ? print_json(out, json) : TB_NO_MEMORY; /* compact JSON holds no line break */
    if (status == TB_OK)
        status = tb_bytes_print(out, "\n\n");
    if (status != TB_OK)
        out->size = before; /* whole events only */
    return status;
}

/* ---- sending ---- */

int http_common_headers(const http_exchange *exchange, struct MHD_Response *response)
{
    int good = MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
               MHD_add_response_header(response, "Referrer-Policy", "no-referrer") == MHD_YES;
    if (exchange->http->origin)
        good = good && MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Origin") == MHD_YES;
    if (exchange->from_origin)
        good =
            good && MHD_add_response_header(response, "Access-Control-Allow-Origin", exchange->http->origin) == MHD_YES;
    return good;
}

static enum MHD_Result queue(http_exchange *exchange, int http_status, struct MHD_Response *response, const char *type)
{
    if (!response)
        return MHD_NO;
    int good = http_common_headers(exchange, response) &&
               MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES;
    if (type && *type)
        good = good && MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES;
    if (http_status == MHD_HTTP_UNAUTHORIZED)
        good = good && MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer") == MHD_YES;
    if (http_status == MHD_HTTP_METHOD_NOT_ALLOWED && exchange->allow[0])
        good = good && MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, exchange->allow) == MHD_YES;
    enum MHD_Result result = good ? MHD_queue_response(exchange->connection, (unsigned)http_status, response) : MHD_NO;
    MHD_destroy_response(response);
    return result;
}

static void free_body(void *body)
{
    tb_bytes_free(body);
    free(body);
}

/* Takes the bytes. */
static enum MHD_Result send_bytes(http_exchange *exchange, int http_status, const char *type, tb_bytes *bytes)
{
    tb_bytes *body = malloc(sizeof *body);
    if (!body)
        return MHD_NO;
    *body = *bytes;
    *bytes = (tb_bytes){0};
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        body->size, body->data ? (void *)body->data : (void *)body, free_body, body);
    if (!response)
        free_body(body);
    return queue(exchange, http_status, response, type);
}

enum MHD_Result http_send_error(http_exchange *exchange, tb_status status, int http_status, const tb_error *why)
{
    tb_bytes body = {0};
    const char *sentence = why->text[0] ? why->text : tb_status_sentence(status);
    json_t *json = json_pack("{s{s:s, s:s}}", "error", "status", tb_status_name(status), "message", sentence);
    if (!json) /* a sentence that is not UTF-8 */
        json = json_pack("{s{s:s, s:s}}", "error", "status", tb_status_name(status), "message",
                         tb_status_sentence(status));
    tb_status printed = json ? print_json(&body, json) : TB_NO_MEMORY;
    json_decref(json);
    enum MHD_Result result = MHD_NO;
    if (printed == TB_OK)
        result = send_bytes(exchange, http_status ? http_status : tb_status_http(status), "application/json", &body);
    tb_bytes_free(&body);
    return result;
}

enum MHD_Result http_send_preflight(http_exchange *exchange)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    int good = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, exchange->allow) == MHD_YES;
    if (exchange->from_origin) {
        good = good && MHD_add_response_header(response, "Access-Control-Allow-Methods", exchange->allow) == MHD_YES &&
               MHD_add_response_header(response, "Access-Control-Allow-Headers", "authorization, content-type") ==
                   MHD_YES &&
               MHD_add_response_header(response, "Access-Control-Max-Age", "600") == MHD_YES;
        if (MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                        "Access-Control-Request-Private-Network"))
            good = good && MHD_add_response_header(response, "Access-Control-Allow-Private-Network", "true") == MHD_YES;
    }
    if (!good) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    return queue(exchange, MHD_HTTP_NO_CONTENT, response, NULL);
}

/* ---- streams ---- */

typedef struct stream {
    tb_http *http;
    tb_http_next_fn next;
    void (*end)(void *state);
    void *state;
    tb_bytes pending;
    size_t sent;
    int64_t last; /* when something was last put into `pending` */
} stream;

/* Until there is something to send. 0: the stream has ended. */
static int fill(stream *s)
{
    tb_bytes_free(&s->pending);
    s->sent = 0;
    while (!s->pending.size) {
        int64_t begun = tb_clock_monotonic();
        if (atomic_load(&s->http->stopping) || s->next(s->state, &s->pending) != TB_OK)
            return 0;
        int64_t now = tb_clock_monotonic();
        if (!s->pending.size && now - s->last > KEEP_ALIVE && tb_bytes_print(&s->pending, ":\n\n") != TB_OK)
            return 0;
        if (!s->pending.size && now - begun < 1000) /* one that does not wait must not spin */
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    s->last = tb_clock_monotonic();
    return 1;
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t most)
{
    stream *s = context;
    (void)position;
    if (s->sent == s->pending.size && !fill(s))
        return MHD_CONTENT_READER_END_OF_STREAM;
    size_t n = s->pending.size - s->sent < most ? s->pending.size - s->sent : most;
    memcpy(out, s->pending.data + s->sent, n);
    s->sent += n;
    return (ssize_t)n;
}

static void end_stream(void *context)
{
    stream *s = context;
    if (s->end)
        s->end(s->state);
    tb_bytes_free(&s->pending);
    free(s);
}

static enum MHD_Result send_stream(http_exchange *exchange, tb_http_reply *reply)
{
    stream *s = calloc(1, sizeof *s);
    if (!s)
        return MHD_NO;
    *s = (stream){.http = exchange->http,
                  .next = reply->next,
                  .end = reply->end,
                  .state = reply->state,
                  .last = tb_clock_monotonic()};
    reply->end = NULL;                                           /* the stream's from here on */
    int greeted = tb_bytes_print(&s->pending, ":\n\n") == TB_OK; /* sends the headers at once */
    struct MHD_Response *response =
        greeted ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_stream, s, end_stream) : NULL;
    if (!response)
        end_stream(s);
    return queue(exchange, reply->http_status, response, reply->type);
}

enum MHD_Result http_send_reply(http_exchange *exchange, tb_http_reply *reply)
{
    if (reply->next)
        return send_stream(exchange, reply);
    return send_bytes(exchange, reply->http_status ? reply->http_status : MHD_HTTP_NO_CONTENT, reply->type,
                      &reply->body);
}
