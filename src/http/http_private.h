/* http_private.h: what the files of this folder share. The only folder that includes microhttpd.h. */
#ifndef TEBURA_HTTP_PRIVATE_H
#define TEBURA_HTTP_PRIVATE_H

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include <tebura/http.h>

#include "http/proxy.h"

#define PARAMS_MAX 4
#define PARAM_SIZE 128

struct tb_http {
    struct MHD_Daemon *daemon;
    http_proxy *proxy; /* takes the connections; NULL: the daemon does */
    int socket, loopback;
    int tls;
    char url[96];
    const tb_http_route *routes;
    size_t route_count;
    void *context;
    const char *token_place;
    char *token, *reader, *origin, *host, *policy;
    int pages; /* directory of the static pages, -1: none */
    atomic_int stopping;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    int busy; /* by lock: requests under way */
};

typedef struct http_param {
    char name[32], value[PARAM_SIZE];
} http_param;

/* One request from its first line to its last byte. */
typedef struct http_exchange {
    tb_http *http;
    struct MHD_Connection *connection;
    const tb_http_route *route; /* NULL: static page or refused */
    char method[16], path[512], allow[64];
    http_param params[PARAMS_MAX];
    int param_count, from_origin, preflight;
    tb_status refused; /* TB_OK: not refused */
    int refused_as;    /* HTTP status, where the status' own does not say it (405) */
    tb_error why;
    size_t limit, discarded;
    tb_bytes body;
} http_exchange;

struct tb_http_reply {
    int http_status; /* 0: nothing said */
    char type[64];
    tb_bytes body;
    tb_http_next_fn next;
    void (*end)(void *state);
    void *state;
};

/* route.c: the route of a path and method; fills params. NULL with *allow (comma-separated methods) when only the
 * method is wrong. */
const tb_http_route *http_route_find(const tb_http *http, const char *method, const char *path, http_exchange *out);
int http_route_is_good(const tb_http_route *route);
/* guard.c: who may ask: Host, Origin, token. Sets refused. */
void http_guard_site(http_exchange *exchange);
void http_guard_token(http_exchange *exchange);
/* reply.c */
void http_reply_clear(tb_http_reply *reply);
enum MHD_Result http_send_reply(http_exchange *exchange, tb_http_reply *reply);
enum MHD_Result http_send_error(http_exchange *exchange, tb_status status, int http_status, const tb_error *why);
enum MHD_Result http_send_preflight(http_exchange *exchange);
/* Headers of every answer. 0: no memory. */
int http_common_headers(const http_exchange *exchange, struct MHD_Response *response);
/* pages.c: answers GET of a static page; MHD_NO only when nothing could be queued. */
enum MHD_Result http_send_page(http_exchange *exchange);

#endif
