/* The server: routes, tokens, bodies, errors in one form, origins, streams, ends that let requests finish. */
#include "http_support.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define TOKEN "0123456789abcdef0123456789abcdef"
#define AUTH "Authorization: Bearer " TOKEN "\r\n"
#define ORIGIN "http://127.0.0.1:8080"

static atomic_int streams_ended, waiting;

static tb_status hello(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    (void)why;
    return tb_http_reply_json(reply, 200,
                              json_pack("{s:s, s:s, s:s}", "a", tb_http_param(request, "a"), "b",
                                        tb_http_param(request, "b"), "none", tb_http_param(request, "c")));
}

static tb_status echo(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    char text[8] = "";
    int64_t number = -1;
    int flag = -1;
    tb_status status = tb_json_only(request->json, why, "text", "number", "flag", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "text", 1, text, sizeof text, why);
    if (status == TB_OK)
        status = tb_json_number(request->json, "number", 0, 1, 10, &number, why);
    if (status == TB_OK)
        status = tb_json_bool(request->json, "flag", 0, &flag, why);
    if (status != TB_OK)
        return status;
    return tb_http_reply_json(reply, 201,
                              json_pack("{s:s, s:I, s:i}", "text", text, "number", (json_int_t)number, "flag", flag));
}

static tb_status picture(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    (void)why;
    char size[32];
    snprintf(size, sizeof size, "%zu %s", request->body.size, request->content_type);
    return tb_http_reply_bytes(reply, 200, "text/plain", tb_span_text(size));
}

static tb_status empty(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    (void)request;
    (void)reply;
    (void)why;
    return TB_OK;
}

static tb_status failing(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    (void)request;
    assert_int_equal(tb_http_reply_json(reply, 200, json_pack("{s:s}", "half", "done")), TB_OK); /* dropped */
    return tb_fail(why, TB_CHECK_DIGIT, "the passport's number has another check digit");
}

static tb_status query(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    int64_t number = 0;
    tb_status status = tb_http_query_number(request, "n", 0, 100, 7, &number, why);
    return status == TB_OK ? tb_http_reply_json(reply, 200, json_pack("{s:I}", "n", (json_int_t)number)) : status;
}

static tb_status long_poll(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    (void)why;
    atomic_fetch_add(&waiting, 1);
    for (int i = 0; i < 6000 && !tb_http_is_stopping(request); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    return tb_http_reply_json(reply, 200, json_pack("{s:b}", "stopping", tb_http_is_stopping(request)));
}

static tb_status count_up(void *state, tb_bytes *out)
{
    int *number = state;
    if (++*number == 4)
        return TB_OK; /* nothing this time */
    json_t *json = json_pack("{s:i}", "n", *number);
    tb_status status = tb_http_event(out, "count", (uint64_t)*number, json);
    json_decref(json);
    return *number > 6 ? TB_END_OF_STREAM : status;
}

static tb_status forever(void *state, tb_bytes *out)
{
    (void)state;
    (void)out;
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    return TB_OK;
}

static void end_stream(void *state)
{
    free(state);
    atomic_fetch_add(&streams_ended, 1);
}

static tb_status stream(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    (void)why;
    return tb_http_reply_stream(reply, tb_http_query(request, "forever") ? forever : count_up, end_stream,
                                calloc(1, sizeof(int)));
}

static const tb_http_route routes[] = {
    {"GET", "/api/hello/{a}/x/{b}", TB_HTTP_OPEN, 0, hello},
    {"GET", "/api/hello/fixed/x/y", TB_HTTP_OPEN, 0, empty},
    {"POST", "/api/echo", 0, 200, echo},
    {"PUT", "/api/echo", 0, 0, empty},
    {"POST", "/api/picture", TB_HTTP_RAW, 3 << 20, picture},
    {"DELETE", "/api/thing/{id}", 0, 0, empty},
    {"GET", "/api/failing", 0, 0, failing},
    {"GET", "/api/query", TB_HTTP_OPEN, 0, query},
    {"GET", "/api/poll", TB_HTTP_OPEN, 0, long_poll},
    {"GET", "/api/stream", TB_HTTP_TOKEN_QUERY, 0, stream},
};

static tb_http_options base = {.listen = "127.0.0.1:0",
                               .routes = routes,
                               .route_count = sizeof routes / sizeof *routes,
                               .token = TOKEN,
                               .origin = ORIGIN};

static int setup(void **state)
{
    tb_http *http = NULL;
    tb_error why = {0};
    tb_status status = tb_http_open(&base, &http, &why);
    *state = http;
    return status == TB_OK ? 0 : -1;
}

static int teardown(void **state)
{
    tb_http_free((tb_http **)state);
    return 0;
}

static void routes_and_params(void **state)
{
    tb_http *http = *state;
    assert_int_equal(ask(http, "GET", "/api/hello/one/x/%E6%89%8B", "", NULL), 200);
    assert_says("{\"a\":\"one\",\"b\":\"\xe6\x89\x8b\",\"none\":\"\"}");
    assert_says("Content-Type: application/json");
    assert_says("Cache-Control: no-store");
    assert_says("X-Content-Type-Options: nosniff");
    assert_int_equal(ask(http, "GET", "/api/hello/one/x/", "", NULL), 404); /* a parameter is never empty */
    assert_int_equal(ask(http, "GET", "/api/hello/one/x/y/", "", NULL), 404);
    assert_int_equal(ask(http, "GET", "/api/hello/one/x", "", NULL), 404);
    assert_int_equal(ask(http, "GET", "/nothing", "", NULL), 404);
    assert_says("{\"error\":{\"status\":\"NOT_FOUND\",\"message\":\"");
    assert_int_equal(ask(http, "GET", "/api/echo", AUTH, NULL), 405);
    assert_says("Allow: POST, PUT");
    assert_int_equal(ask(http, "PUT", "/api/echo", AUTH, NULL), 204);
    assert_int_equal(ask(http, "DELETE", "/api/thing/1", AUTH, NULL), 204);
    assert_int_equal(ask(http, "HEAD", "/api/hello/one/x/y", "", NULL), 200);
    assert_says_not("\"a\":");
    assert_int_equal(ask(http, "BREW", "/api/echo", AUTH, NULL), 405);
}

static void the_token(void **state)
{
    tb_http *http = *state;
    assert_int_equal(ask(http, "GET", "/api/failing", "", NULL), 401);
    assert_says("\"status\":\"UNAUTHORISED\"");
    assert_says("WWW-Authenticate: Bearer");
    assert_int_equal(
        ask(http, "GET", "/api/failing", "Authorization: Bearer 0123456789abcdef0123456789abcdeX\r\n", NULL), 401);
    assert_int_equal(ask(http, "GET", "/api/failing", "Authorization: Bearer \r\n", NULL), 401);
    assert_int_equal(ask(http, "GET", "/api/failing", "Authorization: Bearer " TOKEN TOKEN "\r\n", NULL), 401);
    assert_int_equal(ask(http, "GET", "/api/failing", "Authorization: Basic " TOKEN "\r\n", NULL), 401);
    assert_int_equal(ask(http, "GET", "/api/failing?token=" TOKEN, "", NULL), 401); /* only where a route says so */
    assert_int_equal(ask(http, "GET", "/api/stream?token=wrong", "", NULL), 401);
    assert_int_equal(ask(http, "GET", "/api/failing", AUTH, NULL), 422);
    assert_says(
        "{\"error\":{\"status\":\"CHECK_DIGIT\",\"message\":\"the passport's number has another check digit\"}}");
    assert_says_not("half");
}

static void json_bodies(void **state)
{
    tb_http *http = *state;
    assert_int_equal(ask(http, "POST", "/api/echo", AUTH JSON_TYPE, "{\"text\":\"abc\",\"number\":10,\"flag\":true}"),
                     201);
    assert_says("{\"text\":\"abc\",\"number\":10,\"flag\":1}");
    static const struct {
        const char *body, *sentence;
    } bad[] = {
        {"{\"text\":\"abc\"", "not JSON"},
        {"{\"text\":\"abc\",\"text\":\"abc\"}", "not JSON"},
        {"[]", "JSON object"},
        {"\"x\"", "not JSON"},
        {"{}", "\\\"text\\\" is missing"},
        {"{\"text\":null}", "missing"},
        {"{\"text\":1}", "has to be a text"},
        {"{\"text\":\"\"}", "1 to 7 bytes"},
        {"{\"text\":\"12345678\"}", "1 to 7 bytes"},
        {"{\"text\":\"a\",\"number\":11}", "from 1 to 10"},
        {"{\"text\":\"a\",\"number\":1.5}", "whole number"},
        {"{\"text\":\"a\",\"number\":\"1\"}", "whole number"},
        {"{\"text\":\"a\",\"flag\":1}", "true or false"},
        {"{\"text\":\"a\",\"other\":1}", "does not have"},
        {"{\"text\":\"a\\u0000b\"}", "not JSON"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ask(http, "POST", "/api/echo", AUTH JSON_TYPE, bad[i].body), 400);
        assert_says(bad[i].sentence);
    }
    assert_int_equal(ask(http, "POST", "/api/echo", AUTH JSON_TYPE, NULL), 400); /* nothing */
    assert_int_equal(ask(http, "POST", "/api/echo", AUTH "Content-Type: text/plain\r\n", "{\"text\":\"abc\"}"), 415);
    assert_int_equal(ask(http, "POST", "/api/echo", AUTH "Content-Type: application/jsonx\r\n", "{\"text\":\"abc\"}"),
                     415);
    assert_int_equal(
        ask(http, "POST", "/api/echo", AUTH "Content-Type: application/json; charset=utf-8\r\n", "{\"text\":\"abc\"}"),
        201);
}

static void deep_json(void **state)
{
    char *deep = malloc(400000);
    memset(deep, '[', 399999);
    deep[399999] = '\0';
    assert_int_equal(ask(*state, "POST", "/api/echo", AUTH JSON_TYPE, deep), 413);
    deep[190] = '\0';
    assert_int_equal(ask(*state, "POST", "/api/echo", AUTH JSON_TYPE, deep), 400);
    free(deep);
}

static void sizes(void **state)
{
    tb_http *http = *state;
    char *big = malloc((3u << 20) + 2);
    memset(big, 'x', (3u << 20) + 1);
    big[(3u << 20) + 1] = '\0';
    assert_int_equal(ask(http, "POST", "/api/picture", AUTH "Content-Type: image/jpeg\r\n", big),
                     413); /* one byte too many, heard all the same */
    assert_says("\"status\":\"TOO_LARGE\"");
    big[3u << 20] = '\0';
    assert_int_equal(ask(http, "POST", "/api/picture", AUTH "Content-Type: image/jpeg\r\n", big), 200);
    assert_says("3145728 image/jpeg");
    assert_int_equal(ask(http, "POST", "/api/picture", "", big), 401);
    free(big);
    char chunked[2048] = "POST /api/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" AUTH JSON_TYPE
                         "Transfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 3; i++) {
        strcat(chunked, "50\r\n");
        for (int k = 0; k < 80; k++)
            strcat(chunked, " ");
        strcat(chunked, "\r\n");
    }
    strcat(chunked, "0\r\n\r\n");
    assert_int_equal(ask_raw(http, chunked, strlen(chunked)), 413); /* its length is not known beforehand */
}

static void numbers_in_queries(void **state)
{
    assert_int_equal(ask(*state, "GET", "/api/query", "", NULL), 200);
    assert_says("{\"n\":7}");
    assert_int_equal(ask(*state, "GET", "/api/query?n=100", "", NULL), 200);
    static const char *const bad[] = {"?n=101", "?n=-1", "?n=", "?n=1x", "?n=%201", "?n=99999999999999999999",
                                      "?n=+1",  "?n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[64];
        snprintf(path, sizeof path, "/api/query%s", bad[i]);
        int status = ask(*state, "GET", path, "", NULL);
        assert_int_equal(status, i == 7 ? 200 : 400); /* without "=" it is absent */
    }
}

static void origins(void **state)
{
    tb_http *http = *state;
    assert_int_equal(ask(http, "OPTIONS", "/api/echo",
                         "Origin: " ORIGIN
                         "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Private-Network: true\r\n",
                         NULL),
                     204);
    assert_says("Access-Control-Allow-Origin: " ORIGIN "\r\n");
    assert_says("Access-Control-Allow-Methods: POST, PUT");
    assert_says("Access-Control-Allow-Headers: authorization, content-type");
    assert_says("Access-Control-Allow-Private-Network: true");
    assert_int_equal(ask(http, "GET", "/api/query", "Origin: " ORIGIN "\r\n", NULL), 200);
    assert_says("Access-Control-Allow-Origin: " ORIGIN "\r\n");
    assert_says("Vary: Origin");
    assert_int_equal(ask(http, "GET", "/api/nothing", "Origin: " ORIGIN "\r\n", NULL), 404);
    assert_says("Access-Control-Allow-Origin"); /* so that the page can read the error */
    static const char *const foreign[] = {"http://127.0.0.1:8081", "https://127.0.0.1:8080", "null",
                                          "http://evil.example", "http://127.0.0.1:8080.evil.example"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        char line[128];
        snprintf(line, sizeof line, "Origin: %s\r\n", foreign[i]);
        assert_int_equal(ask(http, "GET", "/api/query", line, NULL), 403);
        assert_says_not("Access-Control-Allow-Origin");
        assert_int_equal(ask(http, "OPTIONS", "/api/echo", line, NULL), 403);
    }
    assert_int_equal(ask(http, "GET", "/api/query", "Host: 127.0.0.1:99\r\nOrigin: http://127.0.0.1:99\r\n", NULL),
                     200); /* its own page */
    assert_says_not("Access-Control-Allow-Origin");
}

static void names(void **state)
{
    tb_http *http = *state;
    assert_int_equal(ask(http, "GET", "/api/query", "Host: localhost:1234\r\n", NULL), 200);
    assert_int_equal(ask(http, "GET", "/api/query", "Host: [::1]:1234\r\n", NULL), 200);
    assert_int_equal(ask(http, "GET", "/api/query", "Host: evil.example\r\n", NULL), 403); /* a rebound name */
    assert_int_equal(ask(http, "GET", "/api/query", "Host: 127.0.0.1.evil.example\r\n", NULL), 403);
    tb_http_options options = base;
    options.host = "tebura.example";
    tb_http *behind = NULL;
    assert_int_equal(tb_http_open(&options, &behind, NULL), TB_OK);
    assert_int_equal(
        ask(behind, "GET", "/api/query", "Host: tebura.example\r\nOrigin: https://tebura.example\r\n", NULL), 200);
    assert_int_equal(ask(behind, "GET", "/api/query", "Host: evil.example\r\n", NULL), 403);
    tb_http_free(&behind);
}

static void event_streams(void **state)
{
    tb_http *http = *state;
    int before = atomic_load(&streams_ended);
    assert_int_equal(ask(http, "GET", "/api/stream?token=" TOKEN, "", NULL), 200);
    assert_says("Content-Type: text/event-stream");
    assert_says("event: count\nid: 1\ndata: {\"n\":1}\n\n");
    assert_says("event: count\nid: 6\ndata: {\"n\":6}\n\n");
    assert_says_not("id: 4");
    assert_int_equal(atomic_load(&streams_ended), before + 1);
    int fd = dial(http);
    char heard[4096] = "";
    const char *request = "GET /api/stream?forever=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n" AUTH "\r\n";
    say(fd, request, strlen(request));
    hear(fd, heard, sizeof heard, "\r\n\r\n");
    assert_non_null(strstr(heard, "200 OK"));
    tb_http_free((tb_http **)state); /* ends the stream, and its state */
    assert_int_equal(atomic_load(&streams_ended), before + 2);
    close(fd);
}

static void *stop(void *context)
{
    while (!atomic_load(&waiting))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    tb_http_free(context);
    return NULL;
}

static void requests_under_way_finish(void **state)
{
    tb_http *http = *state, *ours = http;
    pthread_t stopper;
    atomic_store(&waiting, 0);
    int fd = dial(http);
    assert_int_equal(pthread_create(&stopper, NULL, stop, &ours), 0);
    const char *request = "GET /api/poll HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    say(fd, request, strlen(request));
    char heard[4096] = "";
    hear(fd, heard, sizeof heard, "{\"stopping\":true}");
    assert_non_null(strstr(heard, "{\"stopping\":true}"));
    pthread_join(stopper, NULL);
    close(fd);
    *state = NULL;
}

static void nonsense_is_survived(void **state)
{
    static const char *const bad[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        "GET /%00%ff%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "POST /api/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int fd = dial(*state);
        say(fd, bad[i], strlen(bad[i]));
        shutdown(fd, SHUT_WR);
        answer_text[0] = '\0';
        hear(fd, answer_text, sizeof answer_text, NULL);
        close(fd);
    }
    char *path = malloc(3000);
    memset(path, 'a', 2999);
    path[0] = '/';
    path[2999] = '\0';
    assert_int_equal(ask(*state, "GET", path, "", NULL), 404);
    free(path);
    assert_int_equal(ask(*state, "GET", "/api/query", "", NULL), 200);
}

static void opening_says_why_not(void **state)
{
    tb_http_options options = base;
    tb_http *second = NULL;
    tb_error why = {0};
    static const char *const bad[] = {
        "", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:99999", "127.0.0.1:x", "::1:80", "no-such-host.invalid:80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.listen = bad[i];
        assert_int_equal(tb_http_open(&options, &second, &why), TB_INVALID_ARGUMENT);
        assert_null(second);
    }
    options.listen = strstr(tb_http_url(*state), "127.0.0.1");
    assert_int_equal(tb_http_open(&options, &second, &why), TB_EXISTS);
    assert_non_null(strstr(why.text, "cannot listen at 127.0.0.1:"));
    options = base;
    options.token = "short";
    assert_int_equal(tb_http_open(&options, &second, &why), TB_INVALID_ARGUMENT);
    options = base;
    options.static_directory = "/nowhere/at/all";
    assert_int_equal(tb_http_open(&options, &second, &why), TB_NOT_FOUND);
    static const tb_http_route wrong[] = {{"GET", "api", 0, 0, empty},   {"FETCH", "/a", 0, 0, empty},
                                          {"GET", "/{}", 0, 0, empty},   {"GET", "/a{b}", 0, 0, empty},
                                          {"GET", "/{a}b", 0, 0, empty}, {"GET", "/{a", 0, 0, empty},
                                          {"GET", "/a", 0, 0, NULL}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        options = base;
        options.routes = &wrong[i];
        options.route_count = 1;
        assert_int_equal(tb_http_open(&options, &second, &why), TB_INVALID_ARGUMENT);
    }
}

int main(void)
{
#define SERVED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        SERVED(routes_and_params),
        SERVED(the_token),
        SERVED(json_bodies),
        SERVED(deep_json),
        SERVED(sizes),
        SERVED(numbers_in_queries),
        SERVED(origins),
        SERVED(names),
        SERVED(event_streams),
        SERVED(requests_under_way_finish),
        SERVED(nonsense_is_survived),
        SERVED(opening_says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
