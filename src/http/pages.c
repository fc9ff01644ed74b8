/* pages.c: static files. A path is only ever joined of checked segments under one directory; what a browser may do with
 * a page is said in its headers. */
#include "http/http_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_POLICY                                                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "           \
    "media-src 'self' blob: mediastream:; worker-src 'self' blob:; manifest-src 'self'; "                              \
    "connect-src 'self' http://127.0.0.1:* http://localhost:*; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".wav", "audio/wav"},
    {".mp3", "audio/mpeg"},
    {".txt", "text/plain; charset=utf-8"},
    {".yaml", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcmp(dot, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* No segment begins with a dot (neither "..", nor hidden files), none is empty but the last. */
static int path_is_good(const char *path)
{
    for (const char *at = path; *at == '/'; at += 1 + strcspn(at + 1, "/"))
        if (at[1] == '.' || (at[1] == '/') || memchr(at + 1, '\\', strcspn(at + 1, "/")))
            return 0;
    return path[0] == '/';
}

static int open_regular(int directory, const char *name, struct stat *about)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, about) != 0 || !S_ISREG(about->st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Tries x, x.html, x/index.html; `name` becomes the one that is there. */
static int open_page(const http_exchange *exchange, char *name, size_t size, struct stat *about)
{
    static const char *const endings[] = {"", ".html", "/index.html"};
    const char *path = exchange->path + 1;
    size_t length = strlen(path);
    if (length && path[length - 1] == '/')
        length--;
    if (length == 0) {
        snprintf(name, size, "index.html");
        return open_regular(exchange->http->pages, name, about);
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (snprintf(name, size, "%.*s%s", (int)length, path, endings[i]) >= (int)size)
            return -1;
        int fd = open_regular(exchange->http->pages, name, about);
        if (fd >= 0)
            return fd;
    }
    return -1;
}

static int page_headers(http_exchange *exchange, struct MHD_Response *response, const char *name, const char *tag)
{
    const char *caching = strncmp(name, "assets/", 7) == 0 ? "public, max-age=31536000, immutable"
                                                           : "no-cache"; /* names there hold a hash */
    const char *policy = exchange->http->policy ? exchange->http->policy : DEFAULT_POLICY;
    return http_common_headers(exchange, response) &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type_of(name)) == MHD_YES &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, caching) == MHD_YES &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag) == MHD_YES &&
           MHD_add_response_header(response, "Content-Security-Policy", policy) == MHD_YES &&
           MHD_add_response_header(response, "X-Frame-Options", "DENY") == MHD_YES &&
           MHD_add_response_header(response, "Cross-Origin-Opener-Policy", "same-origin") == MHD_YES &&
           MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin") == MHD_YES &&
           MHD_add_response_header(response, "Permissions-Policy", "camera=(self), microphone=(), geolocation=()") ==
               MHD_YES;
}

enum MHD_Result http_send_page(http_exchange *exchange)
{
    char name[640], tag[64];
    struct stat about;
    int fd = exchange->http->pages >= 0 && path_is_good(exchange->path) ? open_page(exchange, name, sizeof name, &about)
                                                                        : -1;
    if (fd < 0)
        return http_send_error(exchange, TB_NOT_FOUND, 0, &(tb_error){TB_NOT_FOUND, "there is no such page"});
    snprintf(tag, sizeof tag, "\"%llx-%llx\"",
             (unsigned long long)about.st_mtim.tv_sec * 1000000000ull + (unsigned long long)about.st_mtim.tv_nsec,
             (unsigned long long)about.st_size);
    const char *known =
        MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    int same = known && strcmp(known, tag) == 0;
    struct MHD_Response *response = NULL;
    if (same)
        response = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    else
        response = MHD_create_response_from_fd64((uint64_t)about.st_size, fd);
    if (same || !response)
        close(fd); /* otherwise the response's */
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_NO;
    if (page_headers(exchange, response, name, tag))
        result = MHD_queue_response(exchange->connection, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
