/* http.c: the server: binding, one exchange from first line to last byte, ending.
 *
 * A request that is refused still has its body read (and thrown away, up to a bound), so that the client hears the
 * answer instead of a broken connection. JSON passes through memory that is wiped when freed: it may hold PINs and
 * pictures. */
#include "http/http_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define DISCARD_MOST ((size_t)64 << 20)
#define FINISH_WAIT 5 /* s, for requests under way when the server ends */

static void wiping_free(void *memory)
{
    if (memory)
        tb_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

static void wipe_json_memory(void)
{
    json_set_alloc_funcs(malloc, wiping_free);
}

/* ---- what a handler may ask ---- */

const char *tb_http_param(const tb_http_request *request, const char *name)
{
    const http_exchange *exchange = request->handle;
    for (int i = 0; i < exchange->param_count; i++)
        if (strcmp(exchange->params[i].name, name) == 0)
            return exchange->params[i].value;
    return "";
}

const char *tb_http_query(const tb_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(((http_exchange *)request->handle)->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *tb_http_header(const tb_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(((http_exchange *)request->handle)->connection, MHD_HEADER_KIND, name);
}

tb_status tb_http_query_number(const tb_http_request *request, const char *name, int64_t least, int64_t most,
                               int64_t otherwise, int64_t *out, tb_error *why)
{
    const char *text = tb_http_query(request, name);
    char *end = NULL;
    *out = otherwise;
    if (!text)
        return TB_OK;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    int digits = *text && strspn(text + (*text == '-'), "0123456789") == strlen(text + (*text == '-'));
    if (errno || !digits || *end || number < least || number > most)
        return tb_fail(why, TB_INVALID_ARGUMENT, "?%s= has to be a whole number from %lld to %lld", name,
                       (long long)least, (long long)most);
    *out = number;
    return TB_OK;
}

int tb_http_is_stopping(const tb_http_request *request)
{
    return atomic_load(&((http_exchange *)request->handle)->http->stopping);
}

/* ---- one exchange ---- */

static void refuse(http_exchange *exchange, tb_status status, int as, const char *sentence)
{
    exchange->refused = tb_fail(&exchange->why, status, "%s", sentence);
    exchange->refused_as = as;
}

static void judge_length(http_exchange *exchange)
{
    const char *length =
        MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    exchange->limit = exchange->route && exchange->route->limit ? exchange->route->limit : TB_HTTP_BODY_LIMIT;
    if (length && strtoull(length, NULL, 10) > exchange->limit)
        refuse(exchange, TB_TOO_LARGE, 0, tb_status_sentence(TB_TOO_LARGE));
}

/* Everything that can be said before the body is there. */
static void judge(http_exchange *exchange)
{
    http_guard_site(exchange);
    if (exchange->refused != TB_OK)
        return;
    exchange->route = http_route_find(exchange->http, exchange->method, exchange->path, exchange);
    if (strcmp(exchange->method, "OPTIONS") == 0 && exchange->allow[0]) {
        exchange->preflight = 1;
        return;
    }
    int reading = strcmp(exchange->method, "GET") == 0 || strcmp(exchange->method, "HEAD") == 0;
    if (!exchange->route && exchange->allow[0])
        refuse(exchange, TB_INVALID_ARGUMENT, MHD_HTTP_METHOD_NOT_ALLOWED, "this path does not have this method");
    else if (!exchange->route && (!reading || exchange->http->pages < 0 || strncmp(exchange->path, "/api/", 5) == 0))
        refuse(exchange, TB_NOT_FOUND, 0, "there is no such path");
    else if (exchange->route)
        http_guard_token(exchange);
    if (exchange->refused == TB_OK)
        judge_length(exchange);
}

static http_exchange *begin(tb_http *http, struct MHD_Connection *connection, const char *path, const char *method)
{
    http_exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    exchange->http = http;
    exchange->connection = connection;
    pthread_mutex_lock(&http->lock);
    http->busy++;
    pthread_mutex_unlock(&http->lock);
    if (snprintf(exchange->method, sizeof exchange->method, "%s", method) >= (int)sizeof exchange->method ||
        snprintf(exchange->path, sizeof exchange->path, "%s", path) >= (int)sizeof exchange->path)
        refuse(exchange, TB_NOT_FOUND, 0, "there is no such path");
    else
        judge(exchange);
    return exchange;
}

static enum MHD_Result take_body(http_exchange *exchange, const char *data, size_t *size)
{
    size_t more = *size;
    *size = 0;
    if (exchange->refused == TB_OK && exchange->body.size + more > exchange->limit)
        refuse(exchange, TB_TOO_LARGE, 0, tb_status_sentence(TB_TOO_LARGE));
    if (exchange->refused == TB_OK && tb_bytes_append(&exchange->body, tb_span_of(data, more)) != TB_OK)
        refuse(exchange, TB_NO_MEMORY, 0, tb_status_sentence(TB_NO_MEMORY));
    if (exchange->refused == TB_OK)
        return MHD_YES;
    tb_bytes_free(&exchange->body);
    exchange->discarded += more;
    return exchange->discarded > DISCARD_MOST ? MHD_NO : MHD_YES;
}

static tb_status parse_body(const http_exchange *exchange, const char *type, json_t **out, tb_error *why)
{
    json_error_t where;
    if ((exchange->route->flags & TB_HTTP_RAW) || exchange->body.size == 0)
        return TB_OK;
    if (strncasecmp(type, "application/json", 16) != 0 || (type[16] && type[16] != ';' && type[16] != ' '))
        return tb_fail(why, TB_UNSUPPORTED, "the body has to be application/json");
    *out = json_loadb((const char *)exchange->body.data, exchange->body.size, JSON_REJECT_DUPLICATES, &where);
    if (!*out)
        return tb_fail(why, TB_MALFORMED, "the body is not JSON: line %d, column %d", where.line, where.column);
    return TB_OK;
}

static void name_peer(struct MHD_Connection *connection, char out[INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    socklen_t size =
        address && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (!address || getnameinfo(address, size, out, INET6_ADDRSTRLEN, NULL, 0, NI_NUMERICHOST) != 0)
        out[0] = '\0';
}

static enum MHD_Result run(http_exchange *exchange)
{
    json_t *json = NULL;
    tb_http_reply reply = {0};
    tb_error why = {0};
    const char *type = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    tb_status status = parse_body(exchange, type ? type : "", &json, &why);
    if (status == TB_OK) {
        char peer[INET6_ADDRSTRLEN];
        name_peer(exchange->connection, peer);
        tb_http_request request = {.method = exchange->method,
                                   .path = exchange->path,
                                   .body = tb_bytes_span(&exchange->body),
                                   .json = json,
                                   .content_type = type ? type : "",
                                   .peer = peer,
                                   .handle = exchange};
        status = exchange->route->handle(exchange->http->context, &request, &reply, &why);
    }
    enum MHD_Result result =
        status == TB_OK ? http_send_reply(exchange, &reply) : http_send_error(exchange, status, 0, &why);
    http_reply_clear(&reply);
    json_decref(json);
    return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *size, void **place)
{
    (void)version;
    http_exchange *exchange = *place;
    if (!exchange) {
        *place = begin(context, connection, path, method);
        return *place ? MHD_YES : MHD_NO;
    }
    if (*size)
        return take_body(exchange, data, size);
    if (exchange->refused != TB_OK)
        return http_send_error(exchange, exchange->refused, exchange->refused_as, &exchange->why);
    if (exchange->preflight)
        return http_send_preflight(exchange);
    return exchange->route ? run(exchange) : http_send_page(exchange);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **place,
                         enum MHD_RequestTerminationCode why)
{
    tb_http *http = context;
    http_exchange *exchange = *place;
    (void)connection;
    (void)why;
    if (!exchange)
        return;
    *place = NULL;
    tb_bytes_free(&exchange->body);
    free(exchange);
    pthread_mutex_lock(&http->lock);
    assert(http->busy > 0);
    http->busy--;
    pthread_cond_signal(&http->idle);
    pthread_mutex_unlock(&http->lock);
}

/* ---- opening and ending ---- */

static tb_status split_address(const char *listen_at, char host[64], char port[16], tb_error *why)
{
    const char *colon = listen_at ? strrchr(listen_at, ':') : NULL;
    size_t length = colon ? (size_t)(colon - listen_at) : 0;
    int bracketed = length > 2 && listen_at[0] == '[' && colon[-1] == ']';
    if (bracketed)
        listen_at++, length -= 2;
    if (!colon || length == 0 || length >= 64 || strlen(colon + 1) >= 16 || !colon[1] ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) || atol(colon + 1) > 65535 ||
        (!bracketed && memchr(listen_at, ':', length)))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the address to listen at has to be host:port, e.g. 127.0.0.1:8080");
    snprintf(host, 64, "%.*s", (int)length, listen_at);
    snprintf(port, 16, "%s", colon + 1);
    return TB_OK;
}

static int is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24) == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static void name_url(tb_http *http)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    (void)!getsockname(http->socket, (struct sockaddr *)&address, &size);
    (void)!getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                       NI_NUMERICHOST | NI_NUMERICSERV);
    http->loopback = is_loopback(&address);
    snprintf(http->url, sizeof http->url, address.ss_family == AF_INET6 ? "%s://[%s]:%s" : "%s://%s:%s",
             http->tls ? "https" : "http", host, port);
}

tb_status tb_http_address_check(const char *listen_at, tb_error *why)
{
    char host[64], port[16];
    return split_address(listen_at, host, port, why);
}

static tb_status resolve(const char *listen_at, struct addrinfo **found, tb_error *why)
{
    char host[64], port[16];
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    *found = NULL;
    tb_status status = split_address(listen_at, host, port, why);
    if (status == TB_OK && getaddrinfo(host, port, &wanted, found) != 0)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "%s is no address of this machine", host);
    return status;
}

static tb_status too_open(const char *listen_at, tb_error *why)
{
    return tb_fail(why, TB_INVALID_ARGUMENT,
                   "%s is not loopback: whoever listens on the way would read everything; serve HTTPS there, and plain "
                   "HTTP at 127.0.0.1 only",
                   listen_at);
}

tb_status tb_http_plain_check(const char *listen_at, tb_error *why)
{
    struct addrinfo *found;
    struct sockaddr_storage address = {0};
    tb_status status = resolve(listen_at, &found, why);
    if (status != TB_OK)
        return status;
    memcpy(&address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return is_loopback(&address) ? TB_OK : too_open(listen_at, why);
}

static tb_status bind_to(tb_http *http, const char *listen_at, tb_error *why)
{
    struct addrinfo *found;
    tb_status status = resolve(listen_at, &found, why);
    if (status != TB_OK)
        return status;
    int one = 1;
    http->socket = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = http->socket < 0 || setsockopt(http->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
                 bind(http->socket, found->ai_addr, found->ai_addrlen) != 0 || listen(http->socket, 128) != 0;
    int reason = errno;
    freeaddrinfo(found);
    if (!failed) {
        name_url(http);
        if (http->tls || http->loopback)
            return TB_OK;
        return too_open(listen_at, why);
    }
    status = reason == EADDRINUSE      ? TB_EXISTS
             : reason == EACCES        ? TB_FORBIDDEN
             : reason == EADDRNOTAVAIL ? TB_INVALID_ARGUMENT
                                       : TB_IO;
    return tb_fail(why, status, "cannot listen at %s: %s%s", listen_at, strerror(reason),
                   reason == EADDRINUSE ? ": end the program that has this address, or choose another port" : "");
}

static char *copied(const char *text, int *good)
{
    char *copy = text ? strdup(text) : NULL;
    *good &= !text || copy;
    return copy;
}

static tb_status take_options(tb_http *http, const tb_http_options *options, tb_error *why)
{
    int good = 1;
    http->routes = options->routes;
    http->route_count = options->route_count;
    http->context = options->context;
    http->tls = options->certificate && options->private_key;
    http->token_place = options->token_place;
    http->token = copied(options->token, &good);
    http->reader = copied(options->reader, &good);
    http->origin = copied(options->origin, &good);
    http->host = copied(options->host, &good);
    http->policy = copied(options->content_policy, &good);
    if (!good)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    if ((options->token && strlen(options->token) < 16) || (options->reader && strlen(options->reader) < 16))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the token is too short to protect anything");
    for (size_t i = 0; i < options->route_count; i++)
        if (!http_route_is_good(&options->routes[i]))
            return tb_fail(why, TB_INVALID_ARGUMENT, "route %zu is not formed as described", i);
    if (options->static_directory)
        http->pages = open(options->static_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (options->static_directory && http->pages < 0)
        return tb_fail(why, TB_NOT_FOUND, "%s: %s", options->static_directory, strerror(errno));
    return TB_OK;
}

static void on_log(void *context, const char *format, va_list arguments)
{
    char line[256];
    (void)context;
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = '\0';
    tb_log(TB_LOG_DEBUG, "http", "%s", line); /* clients that go away, mostly */
}

/* Also when it is refused (too many), the socket is the daemon's. */
static void give(void *context, int fd, const struct sockaddr *address, socklen_t size)
{
    tb_http *http = context;
    (void)MHD_add_connection(http->daemon, fd, address, size);
}

static tb_status start(tb_http *http, const tb_http_options *options, tb_error *why)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG;
    unsigned most = options->connections > 0 ? (unsigned)options->connections : 256;
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->private_key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"}};
    struct MHD_OptionItem more[5];
    size_t count = 0;
    if (options->proxies)
        flags |= MHD_USE_NO_LISTEN_SOCKET;
    else
        more[count++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, http->socket, NULL};
    if (http->tls) {
        flags |= MHD_USE_TLS;
        memcpy(more + count, tls, sizeof tls);
        count += sizeof tls / sizeof *tls;
    }
    more[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, http,
                                    MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_CONNECTION_LIMIT, most,
                                    MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_THREAD_STACK_SIZE, (size_t)2 << 20,
                                    MHD_OPTION_ARRAY, more, MHD_OPTION_END);
    if (!http->daemon)
        return tb_fail(why, TB_IO, "the HTTP server does not start");
    return options->proxies ? http_proxy_open(http->socket, options->proxies, give, http, &http->proxy, why) : TB_OK;
}

tb_status tb_http_open(const tb_http_options *options, tb_http **out, tb_error *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    *out = NULL;
    pthread_once(&once, wipe_json_memory);
    tb_http *http = calloc(1, sizeof *http);
    if (!http)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    http->socket = http->pages = -1;
    pthread_mutex_init(&http->lock, NULL);
    pthread_cond_init(&http->idle, NULL);
    tb_status status = take_options(http, options, why);
    if (status == TB_OK)
        status = bind_to(http, options->listen, why);
    if (status == TB_OK)
        status = start(http, options, why);
    if (status != TB_OK)
        tb_http_free(&http);
    *out = http;
    return status;
}

static void wait_for_the_last(tb_http *http)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FINISH_WAIT;
    pthread_mutex_lock(&http->lock);
    while (http->busy && pthread_cond_timedwait(&http->idle, &http->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&http->lock);
}

static void free_text(char *text)
{
    if (text)
        tb_wipe(text, strlen(text));
    free(text);
}

void tb_http_free(tb_http **place)
{
    tb_http *http = *place;
    *place = NULL;
    if (!http)
        return;
    atomic_store(&http->stopping, 1);
    if (http->daemon) {
        int is_ours = http->proxy != NULL;
        http_proxy_free(&http->proxy);
        /* no new connections; the socket is ours again */
        if (!is_ours && MHD_quiesce_daemon(http->daemon) == MHD_INVALID_SOCKET)
            http->socket = -1;
        wait_for_the_last(http);
        MHD_stop_daemon(http->daemon);
    }
    if (http->socket >= 0)
        close(http->socket);
    if (http->pages >= 0)
        close(http->pages);
    free_text(http->token);
    free_text(http->reader);
    free_text(http->origin);
    free_text(http->host);
    free_text(http->policy);
    pthread_cond_destroy(&http->idle);
    pthread_mutex_destroy(&http->lock);
    free(http);
}

const char *tb_http_url(const tb_http *http)
{
    return http->url;
}
