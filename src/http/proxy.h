/* proxy.h: connections that come through a trusted proxy say whose they are (the PROXY protocol, versions 1 and 2, by
 * HAProxy's authors). They are taken here and given to the server with the address that was told.
 *
 *  Y1  Only what comes from a trusted address is looked at for such words. From anywhere else they are the first bytes
 *      of a request like any others, which is none.
 *  Y2  What is looked at is given on as it came when it says nothing of the kind: a proxy's own questions, and programs
 *      on its machine, speak for themselves. */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include <sys/socket.h>

#include <tebura/http.h>

typedef struct http_proxy http_proxy;

/* What `give` gets is its own to close. `addresses`: numeric, separated by commas. */
tb_status http_proxy_open(int listening, const char *addresses,
                          void (*give)(void *context, int fd, const struct sockaddr *address, socklen_t size),
                          void *context, http_proxy **out, tb_error *why) TB_MUST_CHECK;
void http_proxy_free(http_proxy **proxy); /* takes no more, and closes those that have not spoken yet */

#endif
