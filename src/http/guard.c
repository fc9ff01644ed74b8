/* guard.c: who may ask. A page of somebody else's site must not reach a server on this machine's loopback, neither by
 * rebinding a name (Host) nor across origins (Origin); and what is not open needs the token. */
#include "http/http_private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <tebura/crypto.h>

static const char *header(const http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

/* The length of a host without its port. */
static size_t host_length(const char *host)
{
    const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
    return bracket ? (size_t)(bracket - host) + 1 : strcspn(host, ":");
}

static int host_is(const char *host, const char *name)
{
    size_t length = host_length(host);
    return length == strlen(name) && strncasecmp(host, name, length) == 0;
}

static int host_is_ours(const tb_http *http, const char *host)
{
    if (!http->loopback || !host) /* without a Host it is no browser */
        return 1;
    return host_is(host, "127.0.0.1") || host_is(host, "localhost") || host_is(host, "[::1]") ||
           (http->host && host_is(host, http->host));
}

/* Own origin: the page came from where the request goes to. */
static int origin_is_own(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    return authority && host && strcasecmp(authority + 3, host) == 0;
}

void http_guard_site(http_exchange *exchange)
{
    const tb_http *http = exchange->http;
    const char *host = header(exchange, MHD_HTTP_HEADER_HOST), *origin = header(exchange, "Origin");
    exchange->from_origin = origin && http->origin && strcmp(origin, http->origin) == 0;
    if (!host_is_ours(http, host))
        exchange->refused = tb_fail(&exchange->why, TB_FORBIDDEN, "this server answers only under its own name");
    else if (origin && !exchange->from_origin && !origin_is_own(origin, host))
        exchange->refused = tb_fail(&exchange->why, TB_FORBIDDEN, "pages of this origin may not call this server");
}

void http_guard_token(http_exchange *exchange)
{
    const tb_http *http = exchange->http;
    if (!http->token || (exchange->route->flags & TB_HTTP_OPEN))
        return;
    const char *given = header(exchange, MHD_HTTP_HEADER_AUTHORIZATION);
    given = given && strncasecmp(given, "Bearer ", 7) == 0 ? given + 7 : NULL;
    if (!given && (exchange->route->flags & TB_HTTP_TOKEN_QUERY))
        given = MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, "token");
    int reads = given && http->reader && (exchange->route->flags & TB_HTTP_READER) &&
                tb_equal_constant_time(tb_span_text(http->reader), tb_span_text(given));
    if (!reads && (!given || !tb_equal_constant_time(tb_span_text(http->token), tb_span_text(given))))
        exchange->refused = tb_fail(&exchange->why, TB_UNAUTHORISED, "%s",
                                    http->token_place ? http->token_place : tb_status_sentence(TB_UNAUTHORISED));
}
