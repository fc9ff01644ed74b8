/* http_client.h: requests with JSON in and out, on libcurl and jansson. One client per thread. Never through a
 * proxy. */
#ifndef TEBURA_APP_HTTP_CLIENT_H
#define TEBURA_APP_HTTP_CLIENT_H

#include <jansson.h>

#include <tebura/status.h>

typedef struct http_client http_client;

/* `token` (may be NULL) is sent as Bearer; it is copied. TB_NO_MEMORY. The first client of a process is made before
 * threads start. */
tb_status http_client_new(const char *base, const char *token, http_client **out) TB_MUST_CHECK;
void http_client_free(http_client **client);

typedef struct http_reply {
    long http;    /* 0: there was no answer */
    json_t *body; /* owned, NULL when the answer had none */
} http_reply;
void http_reply_free(http_reply *reply);

/* `body` is borrowed and may be NULL. TB_OK for 2xx; TB_IO: no connection; TB_TIMEOUT: no answer in `seconds`;
 * TB_MALFORMED: an answer that is no JSON; else TB_REFUSED with the server's sentence in `why` and the reply filled.
 * Free the reply in any case. */
tb_status http_call(http_client *client, const char *method, const char *path, const json_t *body, int seconds,
                    http_reply *reply, tb_error *why) TB_MUST_CHECK;

#endif
