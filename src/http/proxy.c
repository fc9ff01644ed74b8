/* proxy.c: one thread that accepts, and waits a moment for those that have something to say first. */
#include "http/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <tebura/clock.h>
#include <tebura/log.h>

#define TRUSTED_MOST 16
#define WAITING_MOST 64
#define PATIENCE (10 * TB_SECOND)
#define V1_MOST 107
#define HEADER_MOST 536
#define V2_HEAD 16

typedef struct waiting {
    int fd;
    int64_t until; /* monotonic */
    struct sockaddr_storage address;
    socklen_t size;
} waiting;

struct http_proxy {
    struct in6_addr trusted[TRUSTED_MOST];
    int trusted_count, listening, ending;
    void (*give)(void *context, int fd, const struct sockaddr *address, socklen_t size);
    void *context;
    waiting waiting[WAITING_MOST];
    int count;
    pthread_t thread;
};

/* ---- whom to believe ---- */

/* IPv4 as it is written in IPv6, so that there is one form. */
static int read_address(const char *text, struct in6_addr *out)
{
    struct in_addr four;
    if (inet_pton(AF_INET6, text, out) == 1)
        return 1;
    if (inet_pton(AF_INET, text, &four) != 1)
        return 0;
    *out = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(out->s6_addr + 12, &four, 4);
    return 1;
}

static int is_trusted(const http_proxy *p, const struct sockaddr_storage *from)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;
    const void *bytes = from->ss_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
                                                    : (const void *)&((const struct sockaddr_in *)from)->sin_addr;
    if (!inet_ntop(from->ss_family, bytes, text, sizeof text) || !read_address(text, &address))
        return 0;
    for (int i = 0; i < p->trusted_count; i++)
        if (memcmp(&p->trusted[i], &address, sizeof address) == 0)
            return 1;
    return 0;
}

static int read_trusted(const char *addresses, struct in6_addr *out, int *count)
{
    char copy[TRUSTED_MOST * INET6_ADDRSTRLEN], *rest = copy;
    *count = 0;
    if (!*addresses || snprintf(copy, sizeof copy, "%s", addresses) >= (int)sizeof copy)
        return 0;
    for (char *one; (one = strsep(&rest, ",")); ++*count)
        if (*count == TRUSTED_MOST || !read_address(one, &out[*count]))
            return 0;
    return 1;
}

tb_status tb_http_proxies_check(const char *addresses, tb_error *why)
{
    struct in6_addr trusted[TRUSTED_MOST];
    int count;
    return read_trusted(addresses, trusted, &count)
               ? TB_OK
               : tb_fail(why, TB_INVALID_ARGUMENT,
                         "--trust-proxy %.100s: up to %d numeric addresses, separated by commas", addresses,
                         TRUSTED_MOST);
}

/* ---- what is said ---- */

typedef enum judgement { WAIT, PLAIN, TOLD, BAD } judgement;

typedef struct header {
    judgement judgement;
    size_t size; /* TOLD: of the header; WAIT: so many bytes are needed */
    struct sockaddr_storage address;
    socklen_t address_size; /* 0: none was told */
} header;

static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static void tell(header *h, int family, const void *source, uint16_t port)
{
    if (family == AF_INET) {
        struct sockaddr_in *four = (struct sockaddr_in *)&h->address;
        four->sin_family = AF_INET;
        memcpy(&four->sin_addr, source, 4);
        four->sin_port = port;
        h->address_size = sizeof *four;
    } else {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)&h->address;
        six->sin6_family = AF_INET6;
        memcpy(&six->sin6_addr, source, 16);
        six->sin6_port = port;
        h->address_size = sizeof *six;
    }
}

static header judge_v2(const uint8_t *data, size_t size)
{
    header h = {.judgement = WAIT, .size = V2_HEAD};
    if (size < V2_HEAD)
        return h;
    size_t length = (size_t)data[14] << 8 | data[15];
    const uint8_t *body = data + V2_HEAD;
    uint16_t port;
    h.size = V2_HEAD + length;
    if (h.size > HEADER_MOST || data[12] >> 4 != 2 || (data[12] & 15) > 1)
        return (header){.judgement = BAD};
    if (size < h.size)
        return h;
    h.judgement = TOLD;
    if ((data[12] & 15) == 0) /* LOCAL: the proxy's own */
        return h;
    if (data[13] == 0x11 && length >= 12) {
        memcpy(&port, body + 8, 2);
        tell(&h, AF_INET, body, port);
    } else if (data[13] == 0x21 && length >= 36) {
        memcpy(&port, body + 32, 2);
        tell(&h, AF_INET6, body, port);
    }
    return h;
}

/* "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n" */
static header judge_v1(const uint8_t *data, size_t size)
{
    char line[V1_MOST + 1], family[8], source[INET6_ADDRSTRLEN];
    uint8_t address[16];
    unsigned port = 0;
    header h = {.judgement = WAIT, .size = size + 1};
    const uint8_t *end = memmem(data, size < V1_MOST ? size : V1_MOST, "\r\n", 2);
    if (!end)
        return size < V1_MOST ? h : (header){.judgement = BAD};
    snprintf(line, sizeof line, "%.*s", (int)(end - data), (const char *)data);
    h.size = (size_t)(end - data) + 2;
    h.judgement = TOLD;
    if (strncmp(line, "PROXY UNKNOWN", 13) == 0)
        return h;
    if (sscanf(line, "PROXY %7s %45s %*45s %5u", family, source, &port) != 3 || port > 65535)
        return (header){.judgement = BAD};
    int kind = strcmp(family, "TCP4") == 0 ? AF_INET : strcmp(family, "TCP6") == 0 ? AF_INET6 : AF_UNSPEC;
    if (kind == AF_UNSPEC || inet_pton(kind, source, address) != 1)
        return (header){.judgement = BAD};
    tell(&h, kind, address, htons((uint16_t)port));
    return h;
}

static int begins(const uint8_t *data, size_t size, const void *with, size_t length)
{
    return memcmp(data, with, size < length ? size : length) == 0;
}

static header judge(int fd)
{
    uint8_t data[HEADER_MOST];
    ssize_t got = recv(fd, data, sizeof data, MSG_PEEK | MSG_DONTWAIT);
    if (got <= 0)
        return (header){.judgement = got < 0 && (errno == EAGAIN || errno == EINTR) ? WAIT : BAD, .size = 1};
    if (begins(data, (size_t)got, signature, sizeof signature))
        return judge_v2(data, (size_t)got);
    if (begins(data, (size_t)got, "PROXY ", 6))
        return judge_v1(data, (size_t)got);
    return (header){.judgement = PLAIN};
}

/* ---- the thread ---- */

static void wait_for(int fd, size_t size)
{
    int least = (int)size;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
}

/* 1: it still waits. `ended`: nothing more will be said. */
static int look(http_proxy *p, waiting *w, int ended)
{
    uint8_t said[HEADER_MOST];
    header h = judge(w->fd);
    if (h.judgement == WAIT && !ended && tb_clock_monotonic() < w->until) {
        wait_for(w->fd, h.size);
        return 1;
    }
    wait_for(w->fd, 1);
    if (h.judgement == TOLD && recv(w->fd, said, h.size, MSG_DONTWAIT) != (ssize_t)h.size)
        h.judgement = BAD;
    if (h.judgement == PLAIN || (h.judgement == TOLD && !h.address_size))
        p->give(p->context, w->fd, (struct sockaddr *)&w->address, w->size);
    else if (h.judgement == TOLD)
        p->give(p->context, w->fd, (struct sockaddr *)&h.address, h.address_size);
    else
        close(w->fd);
    return 0;
}

static void take(http_proxy *p)
{
    waiting w = {.size = sizeof w.address, .until = tb_clock_monotonic() + PATIENCE};
    w.fd = accept4(p->listening, (struct sockaddr *)&w.address, &w.size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (w.fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
        (void)poll(&(struct pollfd){.fd = p->ending, .events = POLLIN}, 1, 100); /* it stays ready: not at once again */
    if (w.fd < 0)
        return;
    if (!is_trusted(p, &w.address))
        p->give(p->context, w.fd, (struct sockaddr *)&w.address, w.size); /* Y1 */
    else if (look(p, &w, 0))
        p->waiting[p->count++] = w;
}

static int patience_of(const http_proxy *p)
{
    int64_t now = tb_clock_monotonic(), least = -1;
    for (int i = 0; i < p->count; i++) {
        int64_t left = p->waiting[i].until > now ? p->waiting[i].until - now : 0;
        least = least < 0 || left < least ? left : least;
    }
    return least < 0 ? -1 : (int)(least / 1000) + 1;
}

static void *receive(void *context)
{
    http_proxy *p = context;
    for (;;) {
        struct pollfd fds[2 + WAITING_MOST] = {{.fd = p->ending, .events = POLLIN},
                                               {.fd = p->count < WAITING_MOST ? p->listening : -1, .events = POLLIN}};
        for (int i = 0; i < p->count; i++)
            fds[2 + i] = (struct pollfd){.fd = p->waiting[i].fd, .events = POLLIN | POLLRDHUP};
        if (poll(fds, (nfds_t)(2 + p->count), patience_of(p)) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            break;
        int64_t now = tb_clock_monotonic();
        for (int i = p->count - 1; i >= 0; i--) /* from the end: what goes is replaced by one that was looked at */
            if ((fds[2 + i].revents || p->waiting[i].until <= now) &&
                !look(p, &p->waiting[i], (fds[2 + i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0))
                p->waiting[i] = p->waiting[--p->count];
        if (fds[1].revents)
            take(p);
    }
    return NULL;
}

tb_status http_proxy_open(int listening, const char *addresses,
                          void (*give)(void *context, int fd, const struct sockaddr *address, socklen_t size),
                          void *context, http_proxy **out, tb_error *why)
{
    *out = NULL;
    tb_status status = tb_http_proxies_check(addresses, why);
    http_proxy *p = status == TB_OK ? calloc(1, sizeof *p) : NULL;
    if (!p)
        return status == TB_OK ? tb_fail(why, TB_NO_MEMORY, "out of memory") : status;
    (void)read_trusted(addresses, p->trusted, &p->trusted_count);
    p->listening = listening;
    p->give = give;
    p->context = context;
    p->ending = eventfd(0, EFD_CLOEXEC);
    int flags = fcntl(listening, F_GETFL);
    if (p->ending < 0 || flags < 0 || fcntl(listening, F_SETFL, flags | O_NONBLOCK) != 0 ||
        pthread_create(&p->thread, NULL, receive, p) != 0) {
        if (p->ending >= 0)
            close(p->ending);
        free(p);
        return tb_fail(why, TB_NO_MEMORY, "a thread cannot be started");
    }
    *out = p;
    return TB_OK;
}

void http_proxy_free(http_proxy **place)
{
    http_proxy *p = *place;
    *place = NULL;
    if (!p)
        return;
    uint64_t one = 1;
    (void)!write(p->ending, &one, sizeof one);
    pthread_join(p->thread, NULL);
    for (int i = 0; i < p->count; i++)
        close(p->waiting[i].fd);
    close(p->ending);
    free(p);
}
