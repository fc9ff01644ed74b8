/* http_support.h: speaks HTTP over a plain socket, so that tests can also say what no client library would. */
#ifndef TEBURA_TESTS_HTTP_SUPPORT_H
#define TEBURA_TESTS_HTTP_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <tebura/http.h>

/* `from`: an address of this machine; NULL: whichever. */
static inline int dial_from(const tb_http *http, const char *from)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(strrchr(tb_http_url(http), ':') + 1)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 60}, sizeof(struct timeval)),
                     0);
    if (from) {
        assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
        assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    }
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline int dial(const tb_http *http)
{
    return dial_from(http, NULL);
}

static inline void say(int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t put = send(fd, text, size, MSG_NOSIGNAL);
        if (put <= 0)
            return; /* the server has had enough: its answer tells */
        text += put;
        size -= (size_t)put;
    }
}

/* Until `needle` was heard or the other side is done. */
static inline void hear(int fd, char *out, size_t size, const char *needle)
{
    size_t used = strlen(out);
    ssize_t got;
    while (!(needle && strstr(out, needle)) && used < size - 1 && (got = recv(fd, out + used, size - 1 - used, 0)) > 0)
        out[used += (size_t)got] = '\0';
}

static char answer_text[1 << 16];

/* One request, whole; answers its status and leaves everything in answer_text. */
static inline int ask_raw(const tb_http *http, const char *request, size_t size)
{
    int fd = dial(http), status = 0;
    say(fd, request, size);
    answer_text[0] = '\0';
    hear(fd, answer_text, sizeof answer_text, NULL);
    close(fd);
    (void)!sscanf(answer_text, "HTTP/1.1 %d", &status);
    return status;
}

/* `headers` are whole lines, each ending with \r\n. */
static inline int ask(const tb_http *http, const char *method, const char *path, const char *headers, const char *body)
{
    size_t size = 4096 + (body ? strlen(body) : 0);
    char *request = malloc(size);
    assert_non_null(request);
    int n = snprintf(request, size, "%s %s HTTP/1.1\r\n%sConnection: close\r\n%s", method, path,
                     strstr(headers, "Host:") ? "" : "Host: 127.0.0.1\r\n", headers);
    if (body)
        n += snprintf(request + n, size - (size_t)n, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    else
        n += snprintf(request + n, size - (size_t)n, "\r\n");
    int status = ask_raw(http, request, (size_t)n);
    free(request);
    return status;
}

#define JSON_TYPE "Content-Type: application/json\r\n"
#define assert_says(text) assert_non_null(strstr(answer_text, text))
#define assert_says_not(text) assert_null(strstr(answer_text, text))

#endif
