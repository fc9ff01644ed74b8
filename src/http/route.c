/* route.c: from a path to a route. Patterns are few, so they are tried in order. */
#include "http/http_private.h"

#include <stdio.h>
#include <string.h>

static int method_is_good(const char *method)
{
    return method && (strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
                      strcmp(method, "DELETE") == 0);
}

int http_route_is_good(const tb_http_route *route)
{
    int params = 0;
    if (!method_is_good(route->method) || !route->handle || !route->pattern || route->pattern[0] != '/')
        return 0;
    for (const char *at = route->pattern; (at = strchr(at, '{')); at++) {
        const char *end = strchr(at, '}');
        if (!end || end - at - 1 < 1 || end - at - 1 >= 32 || at[-1] != '/' || (end[1] && end[1] != '/') ||
            ++params > PARAMS_MAX)
            return 0;
    }
    return 1;
}

/* Takes one segment of each; 1 when they agree, with the parameter noted. */
static int segment_agrees(const char *pattern, size_t p, const char *path, size_t n, http_exchange *out)
{
    if (p == 0 || pattern[0] != '{')
        return p == n && memcmp(pattern, path, n) == 0;
    if (n == 0 || n >= PARAM_SIZE || out->param_count == PARAMS_MAX)
        return 0;
    http_param *param = &out->params[out->param_count++];
    snprintf(param->name, sizeof param->name, "%.*s", (int)p - 2, pattern + 1);
    snprintf(param->value, sizeof param->value, "%.*s", (int)n, path);
    return 1;
}

static int agrees(const char *pattern, const char *path, http_exchange *out)
{
    out->param_count = 0;
    while (*pattern == '/' && *path == '/') {
        pattern++, path++;
        size_t p = strcspn(pattern, "/"), n = strcspn(path, "/");
        if (!segment_agrees(pattern, p, path, n, out))
            return 0;
        pattern += p, path += n;
    }
    return !*pattern && !*path;
}

const tb_http_route *http_route_find(const tb_http *http, const char *method, const char *path, http_exchange *out)
{
    out->allow[0] = '\0';
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (size_t i = 0; i < http->route_count; i++) {
        const tb_http_route *route = &http->routes[i];
        if (!agrees(route->pattern, path, out))
            continue;
        if (strcmp(route->method, wanted) == 0)
            return route;
        size_t used = strlen(out->allow);
        snprintf(out->allow + used, sizeof out->allow - used, "%s%s", used ? ", " : "", route->method);
    }
    out->param_count = 0;
    return NULL;
}
