/* Connections through a proxy: whose they are is believed from trusted addresses, and from nobody else. */
#include "http_support.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/resource.h>
#include <time.h>

#define REQUEST "GET /who HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
#define V2 "\r\n\r\n\0\r\nQUIT\n"

static tb_http *http;

static tb_status who(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    (void)context;
    (void)why;
    return tb_http_reply_json(reply, 200, json_pack("{s:s}", "peer", request->peer));
}

static int setup(void **state)
{
    static const tb_http_route routes[] = {{"GET", "/who", TB_HTTP_OPEN, 0, who}};
    const tb_http_options options = {
        .listen = "127.0.0.1:0", .routes = routes, .route_count = 1, .proxies = "127.0.0.1,2001:db8::1"};
    tb_error why = {0};
    (void)state;
    if (tb_http_open(&options, &http, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tb_http_free(&http);
    return 0;
}

/* What the server takes for the other side's address; "" when it does not answer the request. */
static const char *peer_of(const char *from, const void *header, size_t size, size_t piece)
{
    static char peer[64];
    int fd = dial_from(http, from);
    peer[0] = answer_text[0] = '\0';
    for (size_t i = 0; i < size; i += piece) {
        say(fd, (const char *)header + i, size - i < piece ? size - i : piece);
        if (piece < size)
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    say(fd, REQUEST, sizeof REQUEST - 1);
    hear(fd, answer_text, sizeof answer_text, NULL);
    close(fd);
    const char *at = strstr(answer_text, "\"peer\"");
    if (at && strncmp(answer_text, "HTTP/1.1 200", 12) == 0)
        assert_int_equal(sscanf(at, "\"peer\"%*[: ]\"%63[^\"]\"", peer), 1);
    return peer;
}

#define assert_peer(from, header, expected)                                                                            \
    assert_string_equal(peer_of(from, header, sizeof(header) - 1, 4096), expected)

static const char told[] = V2 "\x21\x11\0\x0c\xc0\0\2\x07\xc0\0\2\x01\x12\x34\x01\xbb";                  /* 192.0.2.7 */
static const char with_more[] = V2 "\x21\x11\0\x10\xc0\0\2\x07\xc0\0\2\x01\x12\x34\x01\xbb\x04\0\x01\0"; /* and a TLV */
static const char six[] =
    V2 "\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
       "\x12\x34\x01\xbb";
static const char own[] = V2 "\x20\0\0\0";         /* LOCAL */
static const char unspecified[] = V2 "\x21\0\0\0"; /* of no family */
static const char too_short[] = V2 "\x21\x11\0\x04\xc0\0\2\x07";
static const char next_version[] = V2 "\x31\x11\0\x0c\xc0\0\2\x07\xc0\0\2\x01\x12\x34\x01\xbb";
static const char too_long[] = V2 "\x21\x11\x7f\xff\xc0\0\2\x07";
static const char line[] = "PROXY TCP4 192.0.2.7 192.0.2.1 4660 443\r\n";
static const char line_six[] = "PROXY TCP6 2001:db8::7 2001:db8::1 4660 443\r\n";
static const char twice[] = "PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nPROXY TCP4 192.0.2.9 192.0.2.8 1 2\r\n";
static const char line_unknown[] = "PROXY UNKNOWN\r\n";

static void a_trusted_proxy_is_believed(void **state)
{
    (void)state;
    assert_peer("127.0.0.1", told, "192.0.2.7");
    assert_peer("127.0.0.1", with_more, "192.0.2.7");
    assert_peer("127.0.0.1", six, "2001:db8::7");
    assert_peer("127.0.0.1", line, "192.0.2.7");
    assert_peer("127.0.0.1", line_six, "2001:db8::7");
    assert_string_equal(peer_of("127.0.0.1", told, sizeof told - 1, 5), "192.0.2.7"); /* in pieces */
    assert_string_equal(peer_of("127.0.0.1", line, sizeof line - 1, 7), "192.0.2.7");
}

static void it_speaks_for_itself_too(void **state)
{
    (void)state;
    assert_peer("127.0.0.1", own, "127.0.0.1");
    assert_peer("127.0.0.1", unspecified, "127.0.0.1");
    assert_peer("127.0.0.1", too_short, "127.0.0.1");
    assert_peer("127.0.0.1", line_unknown, "127.0.0.1");
    assert_peer("127.0.0.1", "", "127.0.0.1");
}

static void nobody_else_is(void **state)
{
    (void)state;
    assert_peer("127.0.0.2", "", "127.0.0.2");
    assert_peer("127.0.0.2", told, "");
    assert_peer("127.0.0.2", line, "");
    assert_peer("127.0.0.2", "X-Forwarded-For: 192.0.2.7\r\n", "");
}

static void nonsense_is_closed(void **state)
{
    (void)state;
    assert_peer("127.0.0.1", next_version, "");
    assert_peer("127.0.0.1", too_long, "");
    assert_peer("127.0.0.1", "PROXY TCP4 300.0.0.1 1 2 3\r\n", "");
    assert_peer("127.0.0.1", "PROXY TCP9 192.0.2.7 192.0.2.1 4660 443\r\n", "");
    char endless[300] = "PROXY TCP4 ";
    memset(endless + 11, 'x', sizeof endless - 12);
    assert_string_equal(peer_of("127.0.0.1", endless, sizeof endless - 1, 4096), "");
    assert_peer("127.0.0.1", told, "192.0.2.7"); /* it goes on */
    assert_peer("127.0.0.1", twice, "");         /* what the other side says behind the proxy's word is no request */
}

static void a_silent_one_keeps_nobody_waiting(void **state)
{
    int silent[8];
    (void)state;
    for (int i = 0; i < 8; i++) {
        silent[i] = dial_from(http, "127.0.0.1");
        say(silent[i], told, 5);
    }
    assert_peer("127.0.0.1", told, "192.0.2.7");
    for (int i = 0; i < 8; i++)
        close(silent[i]);
}

/* One that breaks off in the middle of its word is closed, and costs nothing until then. */
static void one_that_breaks_off_is_closed(void **state)
{
    char byte;
    struct timespec before, after;
    (void)state;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    int fd = dial_from(http, "127.0.0.1");
    say(fd, told, 5);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_true(recv(fd, &byte, 1, 0) <= 0); /* an end, or a reset: it had said something */
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    close(fd);
    assert_in_range(after.tv_sec - before.tv_sec, 0, 2);
}

/* No room for another file: who waits is served when there is, and nobody looks for it in a busy loop. */
static void without_files_it_waits(void **state)
{
    struct rlimit limit, few = {.rlim_cur = 128};
    struct timespec before, after;
    int taken[128], count = 0;
    char peer[4096] = "";
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    few.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while (count < 128 && (taken[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    assert_in_range(count, 1, 127);
    close(taken[--count]);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    int fd = dial_from(http, "127.0.0.1");
    say(fd, told, sizeof told - 1);
    say(fd, REQUEST, sizeof REQUEST - 1);
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    while (count)
        close(taken[--count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    hear(fd, peer, sizeof peer, NULL);
    close(fd);
    assert_non_null(strstr(peer, "192.0.2.7"));
    assert_true((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec < 500000000);
}

static void addresses_are_checked(void **state)
{
    tb_error why;
    (void)state;
    const char *const bad[] = {"", "proxy.example", "127.0.0.1,", "127.0.0.1 ", "10.0.0.0/8", "1.2.3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tb_http_proxies_check(bad[i], &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_http_proxies_check("10.0.0.1,2001:db8::1", &why), TB_OK);
    assert_int_equal(tb_http_plain_check("0.0.0.0:0", &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_http_plain_check("[::]:0", &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_http_plain_check("127.0.0.1:0", &why), TB_OK);
    assert_int_equal(tb_http_plain_check("localhost:80", &why), TB_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_trusted_proxy_is_believed),
                                       cmocka_unit_test(it_speaks_for_itself_too),
                                       cmocka_unit_test(nobody_else_is),
                                       cmocka_unit_test(nonsense_is_closed),
                                       cmocka_unit_test(a_silent_one_keeps_nobody_waiting),
                                       cmocka_unit_test(one_that_breaks_off_is_closed),
                                       cmocka_unit_test(without_files_it_waits),
                                       cmocka_unit_test(addresses_are_checked)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
