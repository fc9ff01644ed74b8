/* bus_url.c: what leaves this machine goes through TLS. */
#include <tebura/bus.h>

#include <arpa/inet.h>
#include <string.h>

static int host_is_here(const char *host, size_t length)
{
    char name[256];
    if (length >= sizeof name)
        return 0;
    memcpy(name, host, length);
    name[length] = '\0';
    struct in_addr address;
    return strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
           (inet_pton(AF_INET, name, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127);
}

int tb_bus_url_is_safe(const char *urls)
{
    while (*urls) {
        size_t length = strcspn(urls, ",");
        const char *host = memmem(urls, length, "://", 3), *end = urls + length;
        int tls = strncmp(urls, "tls://", 6) == 0 || strncmp(urls, "https://", 8) == 0;
        host = host ? host + 3 : urls;
        const char *at = memchr(host, '@', (size_t)(end - host));
        host = at ? at + 1 : host;
        size_t size = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/,");
        if (!tls && !host_is_here(host, size))
            return 0;
        urls = *end ? end + 1 : end;
    }
    return 1;
}
