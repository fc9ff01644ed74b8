/* http_client.c: libcurl easy handles, kept so that the connection is used again. */
#include "http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include <tebura/bytes.h>

enum { ANSWER_MAX = 16 << 20 };

struct http_client {
    CURL *curl;
    struct curl_slist *headers;
    char *base;
};

void http_client_free(http_client **client)
{
    if (!*client)
        return;
    curl_easy_cleanup((*client)->curl);
    curl_slist_free_all((*client)->headers);
    free((*client)->base);
    free(*client);
    *client = NULL;
}

static int add_header(http_client *client, const char *name, const char *value)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer =
        length > 0 && (size_t)length < sizeof line ? curl_slist_append(client->headers, line) : NULL;
    if (longer)
        client->headers = longer;
    return longer != NULL;
}

tb_status http_client_new(const char *base, const char *token, http_client **out)
{
    char bearer[256] = "";
    http_client *client = calloc(1, sizeof *client);
    *out = client;
    if (!client)
        return TB_NO_MEMORY;
    client->curl = curl_easy_init();
    client->base = strdup(base);
    if (token)
        snprintf(bearer, sizeof bearer, "Bearer %s", token);
    if (client->curl && client->base && add_header(client, "Content-Type", "application/json") &&
        add_header(client, "Expect", "") && (!token || add_header(client, "Authorization", bearer)))
        return TB_OK;
    http_client_free(out);
    return TB_NO_MEMORY;
}

void http_reply_free(http_reply *reply)
{
    json_decref(reply->body);
    *reply = (http_reply){0};
}

static size_t collect(char *data, size_t one, size_t count, void *context)
{
    tb_bytes *into = context;
    size_t size = one * count;
    return into->size + size <= ANSWER_MAX && tb_bytes_append(into, tb_span_of(data, size)) == TB_OK ? size : 0;
}

static tb_status judge(const char *path, tb_bytes *text, http_reply *reply, tb_error *why)
{
    json_error_t error;
    if (text->size) {
        reply->body = json_loadb((const char *)text->data, text->size, 0, &error);
        if (!reply->body)
            return tb_fail(why, TB_MALFORMED, "%s: HTTP %ld, but the answer is no JSON", path, reply->http);
    }
    if (reply->http >= 200 && reply->http < 300)
        return TB_OK;
    const char *status = "", *sentence = "without a reason";
    if (reply->body)
        (void)json_unpack(reply->body, "{s:{s:s, s:s}}", "error", "status", &status, "message", &sentence);
    return tb_fail(why, TB_REFUSED, "%s: HTTP %ld %s: %s", path, reply->http, status, sentence);
}

static void set_up(http_client *client, const char *url, const char *method, const char *text, int seconds,
                   tb_bytes *answer)
{
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)seconds);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (text)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    else if (strcmp(method, "POST") == 0)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
}

tb_status http_call(http_client *client, const char *method, const char *path, const json_t *body, int seconds,
                    http_reply *reply, tb_error *why)
{
    char url[512];
    tb_bytes answer = {0};
    tb_status status = TB_OK;
    *reply = (http_reply){0};
    int length = snprintf(url, sizeof url, "%s%s", client->base, path);
    if (length < 0 || (size_t)length >= sizeof url)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the address is too long");
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body && !text)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    set_up(client, url, method, text, seconds, &answer);
    CURLcode code = curl_easy_perform(client->curl);
    if (code == CURLE_OPERATION_TIMEDOUT)
        status = tb_fail(why, TB_TIMEOUT, "%s: no answer in %d seconds", url, seconds);
    else if (code != CURLE_OK)
        status = tb_fail(why, TB_IO, "%s: %s", url, curl_easy_strerror(code));
    else {
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply->http);
        status = judge(path, &answer, reply, why);
    }
    if (text)
        free(text);
    tb_bytes_free(&answer);
    return status;
}
