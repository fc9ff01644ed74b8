/* http.h: a small HTTP/1.1 server as the programs need it: a table of routes, JSON in and out, one form of error, a
 * bearer token, static pages, event streams. Domain words are the routes' business. On libmicrohttpd, one thread per
 * connection, so a handler may wait (long poll); handlers of different connections run at the same time.
 *
 * What the server does before a handler is called, in this order, each with the error form below:
 *   - a server bound to a loopback address answers only for a loopback Host (no DNS rebinding): 403;
 *   - a request with an Origin that is neither its own nor `origin` is refused: 403; OPTIONS from `origin` is answered;
 *   - no such path 404; path known but not this method 405;
 *   - not TB_HTTP_OPEN and no or another token: 401 (compared in constant time);
 *   - body larger than the route's limit: 413; a JSON route with another content type: 415; malformed JSON: 400.
 * Error form: {"error":{"status":"CHECK_DIGIT","message":"sentence"}}, HTTP status from tb_status_http. */
#ifndef TEBURA_HTTP_H
#define TEBURA_HTTP_H

#include <tebura/bytes.h>

struct json_t; /* jansson's */

typedef struct tb_http tb_http;
typedef struct tb_http_reply tb_http_reply; /* lives as long as the handler's call */

typedef struct tb_http_request { /* everything borrowed until the handler returns */
    const char *method, *path;
    tb_span body;              /* as it came; empty when there was none */
    const struct json_t *json; /* the parsed body of a route without TB_HTTP_RAW; NULL when the body was empty */
    const char *content_type;  /* "" when none */
    const char *peer;          /* numeric address of the other side ("127.0.0.1"); "" when it is not known */
    void *handle;              /* of the server */
} tb_http_request;

const char *tb_http_param(const tb_http_request *request,
                          const char *name); /* {name} of the pattern, decoded; "" if none */
const char *tb_http_query(const tb_http_request *request, const char *name);  /* ?name=, decoded; NULL if absent */
const char *tb_http_header(const tb_http_request *request, const char *name); /* NULL if absent */
/* ?name= as a whole number in [least, most]; `otherwise` when absent. TB_INVALID_ARGUMENT with the sentence in `why`.
 */
tb_status tb_http_query_number(const tb_http_request *request, const char *name, int64_t least, int64_t most,
                               int64_t otherwise, int64_t *out, tb_error *why) TB_MUST_CHECK;
/* 1 once tb_http_free has begun: long polls and streams wait in steps of at most 500 ms and look at this between them.
 */
int tb_http_is_stopping(const tb_http_request *request);

/* The answer. Exactly one of these per call; a later one replaces the earlier. A handler that returns another status
 * than TB_OK has its answer dropped and the error form sent. TB_OK without any of them: 204, empty. */
tb_status tb_http_reply_json(tb_http_reply *reply, int http_status, struct json_t *json)
    TB_MUST_CHECK; /* takes the reference, also on failure; NULL: TB_NO_MEMORY */
tb_status tb_http_reply_bytes(tb_http_reply *reply, int http_status, const char *content_type,
                              tb_span body) TB_MUST_CHECK; /* copies */
/* Server-Sent Events. `next` runs on the connection's thread as often as there is room: it may wait up to 500 ms,
 * appends any number of events (tb_http_event) or nothing, and returns TB_OK to go on; any other status ends the
 * stream. `end` frees `state` exactly once, also when the client is gone or this call fails. The server keeps silent
 * streams alive by itself. */
typedef tb_status (*tb_http_next_fn)(void *state, tb_bytes *out);
tb_status tb_http_reply_stream(tb_http_reply *reply, tb_http_next_fn next, void (*end)(void *state),
                               void *state) TB_MUST_CHECK;
/* Appends "event: name", "data: {...}"; borrows `json`. id 0: none. */
tb_status tb_http_event(tb_bytes *out, const char *name, uint64_t id, const struct json_t *json) TB_MUST_CHECK;

/* Fields of a JSON object. Absent or null: TB_INVALID_ARGUMENT when `required`, else TB_OK and the default is left. Of
 * another type or out of range: TB_INVALID_ARGUMENT. The sentence names the field, never its content. */
tb_status tb_json_text(const struct json_t *object, const char *name, int required, char *out, size_t size,
                       tb_error *why) TB_MUST_CHECK;
tb_status tb_json_number(const struct json_t *object, const char *name, int required, int64_t least, int64_t most,
                         int64_t *out, tb_error *why) TB_MUST_CHECK;
tb_status tb_json_bool(const struct json_t *object, const char *name, int required, int *out,
                       tb_error *why) TB_MUST_CHECK;
/* Refuses fields that are not in the list (ends with NULL), so that a misspelt one is not silently ignored. */
tb_status tb_json_only(const struct json_t *object, tb_error *why, ...) TB_MUST_CHECK __attribute__((sentinel));
/* Standard or URL-safe base64, with or without padding, appended to `out`. TB_MALFORMED, TB_TOO_LARGE (over `limit`
 * bytes). */
tb_status tb_base64_decode(const char *text, size_t limit, tb_bytes *out) TB_MUST_CHECK;

typedef tb_status (*tb_http_handler)(void *context, const tb_http_request *request, tb_http_reply *reply,
                                     tb_error *why);

enum {
    TB_HTTP_OPEN = 1,        /* no token asked for */
    TB_HTTP_RAW = 2,         /* the body is not JSON: image/jpeg ... */
    TB_HTTP_TOKEN_QUERY = 4, /* the token may also come as ?token= (EventSource cannot send headers) */
    TB_HTTP_READER = 8       /* the reader's token serves, too */
};
#define TB_HTTP_BODY_LIMIT ((size_t)1 << 20)

typedef struct tb_http_route {
    const char *method;  /* "GET", "POST", "PUT", "DELETE" */
    const char *pattern; /* "/api/v1/people/{id}/journey"; a {name} is one whole segment, never empty */
    unsigned flags;
    size_t limit; /* of the body, 0: TB_HTTP_BODY_LIMIT */
    tb_http_handler handle;
} tb_http_route;

typedef struct tb_http_options { /* strings and routes outlive the server, if not said otherwise */
    const char *listen;          /* "127.0.0.1:0" (also "[::1]:8080"); port 0: a free one */
    const tb_http_route *routes;
    size_t route_count;
    void *context;     /* given to every handler */
    const char *host;  /* behind a proxy: the one further Host that a loopback server answers for; NULL: none */
    const char *token; /* bearer token; NULL: nobody is asked (every route is open). Copied, wiped */
    /* another one, which opens routes with TB_HTTP_READER and no others; NULL: none. Copied, wiped */
    const char *reader;
    /* Where the token is, as a sentence for whoever comes without it; NULL: the status's own. */
    const char *token_place;
    const char *origin; /* the one foreign origin that may call ("http://127.0.0.1:8080"), exact; NULL: none. Copied */
    const char *static_directory; /* pages; "/x" is x, x.html or x/index.html; NULL: none */
    const char *content_policy;   /* Content-Security-Policy of the pages; NULL: only itself and loopback terminals */
    int connections;              /* at most, 0: 256 */
    /* PEM, with the chain; both: HTTPS and nothing else, TLS 1.2 at least. NULL: plain, and on loopback only. */
    const char *certificate, *private_key;
    /* Numeric addresses, with commas: what comes from there may begin with the PROXY protocol (1 or 2) and is then of
     * whom that names (request.peer). From elsewhere it is not understood. NULL: none */
    const char *proxies;
} tb_http_options;

/* Is this an address to listen at, "host:port"? Opens nothing. TB_INVALID_ARGUMENT */
tb_status tb_http_address_check(const char *listen_at, tb_error *why) TB_MUST_CHECK;
/* Are these addresses for `proxies`? TB_INVALID_ARGUMENT */
tb_status tb_http_proxies_check(const char *addresses, tb_error *why) TB_MUST_CHECK;
/* An address for plain HTTP, which stands on loopback alone: as tb_http_open would say, but nothing is bound.
 * TB_INVALID_ARGUMENT */
tb_status tb_http_plain_check(const char *listen_at, tb_error *why) TB_MUST_CHECK;
/* Binds and serves. TB_INVALID_ARGUMENT (address, route), TB_FORBIDDEN, TB_EXISTS (address taken), TB_IO, TB_NO_MEMORY.
 */
tb_status tb_http_open(const tb_http_options *options, tb_http **out, tb_error *why) TB_MUST_CHECK;
/* Stops taking requests, lets those under way finish, joins every thread. Never call from a handler. */
void tb_http_free(tb_http **http);
const char *
tb_http_url(const tb_http *http); /* "http://127.0.0.1:43121", no slash at the end; lives as long as the server */

#endif
