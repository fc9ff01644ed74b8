/* registration.c: one HTTP request with libcurl. */
#include "terminal/registration.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>
#include <tebura/bus.h>
#include <tebura/http.h>
#include <tebura/sign.h>
#include <tebura/tls.h>

#define ANSWER_MOST 65536
#define URL_SIZE 512
#define UNPROVEN "unproven"

static int url_of(const char *server, const char *what, char url[URL_SIZE])
{
    size_t length = strlen(server);
    while (length && server[length - 1] == '/')
        length--;
    return snprintf(url, URL_SIZE, "%.*s/api/v1/%s", (int)length, server, what) < URL_SIZE;
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
    tb_bytes *out = context;
    size_t length = size * count;
    if (out->size + length > ANSWER_MOST || tb_bytes_append(out, tb_span_of(data, length)) != TB_OK)
        return 0;
    return length;
}

/* TLS with servers of `authority` (PEM) alone; "": as this machine believes. UNPROVEN: whatever is said is proven
 * otherwise. */
static int set_authority(CURL *curl, const char *authority)
{
    if (strcmp(authority, UNPROVEN) == 0)
        return curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
    struct curl_blob blob = {(void *)(uintptr_t)authority, strlen(authority), CURL_BLOB_COPY};
    return !authority[0] || (curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK &&
                             curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK);
}

/* Without a body: GET. */
static tb_status ask(const char *url, const char *body, const char *authority, int wait_ms, long *http,
                     tb_bytes *answer, tb_error *why)
{
    if (!tb_bus_url_is_safe(url))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "%s: a server on another machine is spoken to with TLS only: https://host:port", url);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    tb_status status = TB_NO_MEMORY;
    if (!curl || !headers)
        goto out;
    int bad = curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
              curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
              (body && curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) != CURLE_OK) ||
              curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK ||
              curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) != CURLE_OK ||
              !set_authority(curl, authority) || curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
              curl_easy_setopt(curl, CURLOPT_PROXY, "") != CURLE_OK ||
              curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)wait_ms) != CURLE_OK ||
              curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) != CURLE_OK ||
              curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) != CURLE_OK;
    if (bad)
        goto out;
    CURLcode code = curl_easy_perform(curl);
    status = TB_OK;
    if (code == CURLE_OK)
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, http);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        status = tb_fail(why, TB_TIMEOUT, "%s: no answer within %d ms", url, wait_ms);
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM)
        status =
            tb_fail(why, TB_FORBIDDEN,
                    "%s: this is not the server whose code it is, its certificate is for another name, or its time "
                    "is over (%s); a site's own authority is believed by --code CODE.FINGERPRINT",
                    url, curl_easy_strerror(code));
    else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "%s: not an address of a server", url);
    else
        status = tb_fail(why, TB_BUS_DOWN, "%s: the server cannot be reached (%s)", url, curl_easy_strerror(code));
out:
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

static int take_text(const json_t *from, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(from, name));
    if (!text || strlen(text) >= size)
        return 0;
    memcpy(out, text, strlen(text) + 1);
    return 1;
}

static tb_status take_attributes(const json_t *from, tb_facts *out)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)from, name, value)
    {
        tb_status status = TB_OK;
        if (json_is_string(value))
            status = tb_facts_set_text(out, name, json_string_value(value));
        else if (json_is_boolean(value))
            status = tb_facts_set_bool(out, name, json_is_true(value));
        else if (json_is_integer(value))
            status = tb_facts_set_int(out, name, json_integer_value(value));
        if (status != TB_OK)
            return status;
    }
    return TB_OK;
}

static tb_status read_answer(const json_t *from, tb_registration *out, tb_error *why)
{
    char key[2 * TB_KEY_SIZE + 2];
    json_int_t model = json_integer_value(json_object_get(from, "model")),
               dimension = json_integer_value(json_object_get(from, "dimension"));
    memset(out, 0, sizeof *out);
    if (!take_text(from, "touchpoint", out->touchpoint, sizeof out->touchpoint) ||
        !take_text(from, "role", out->role, sizeof out->role) ||
        !take_text(from, "site", out->site, sizeof out->site) ||
        !take_text(from, "nats_url", out->nats_url, sizeof out->nats_url) ||
        !take_text(from, "server_public_key", key, sizeof key) ||
        tb_hex_decode(key, out->server.bytes, sizeof out->server.bytes) != TB_OK)
        return tb_fail(why, TB_MALFORMED, "the server's answer to the registration lacks a field");
    if (json_is_string(json_object_get(from, "broker_token")) &&
        !take_text(from, "broker_token", out->broker_token, sizeof out->broker_token))
        return tb_fail(why, TB_MALFORMED, "the server's answer to the registration has a bad token for the broker");
    if (json_is_string(json_object_get(from, "broker_authority")) &&
        !take_text(from, "broker_authority", out->broker_authority, sizeof out->broker_authority))
        return tb_fail(why, TB_MALFORMED,
                       "the server's answer to the registration has a bad certificate of the broker");
    if (json_object_get(from, "zone") && !take_text(from, "zone", out->zone, sizeof out->zone))
        return tb_fail(why, TB_MALFORMED, "the server's answer to the registration has a bad zone");
    if (model < 1 || model > UINT32_MAX || dimension < 1 || dimension > TB_TEMPLATE_MAX_DIMENSION)
        return tb_fail(why, TB_MALFORMED, "the server's answer to the registration names no model");
    out->model = (uint32_t)model;
    out->dimension = (int)dimension;
    return take_attributes(json_object_get(from, "attributes"), &out->attributes);
}

static tb_status refusal(long http, const json_t *answer, tb_error *why)
{
    const char *message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
    tb_status status = http == 401 || http == 403 ? TB_UNAUTHORISED : http >= 500 ? TB_BUS_DOWN : TB_INVALID_ARGUMENT;
    return tb_fail(why, status, "the server does not register this terminal (HTTP %ld): %s", http,
                   message ? message : tb_status_sentence(status));
}

/* The server's authority, proven by the fingerprint behind the code: whoever sits on the way can say anything here, and
 * only the right one's certificate is kept. Nothing secret has been said yet. */
static tb_status learn_authority(const char *server, const char *fingerprint, int wait_ms, tb_registration *out,
                                 tb_error *why)
{
    char url[URL_SIZE];
    long http = 0;
    tb_bytes text = {0};
    if (!url_of(server, "authority", url))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the server's address is too long");
    tb_status status = ask(url, NULL, UNPROVEN, wait_ms, &http, &text, why);
    json_t *answer = status == TB_OK ? json_loadb((const char *)text.data, text.size, 0, NULL) : NULL;
    if (status == TB_OK && !take_text(answer, "certificate", out->authority, sizeof out->authority))
        status = tb_fail(why, TB_MALFORMED, "%s: the server names no certificate authority", url);
    if (status == TB_OK && tb_tls_authority_check(tb_span_text(out->authority), fingerprint, tb_clock_now()) != TB_OK)
        status =
            tb_fail(why, TB_FORBIDDEN,
                    "%s: this is not the server whose code it is: another certificate authority, or this machine's "
                    "clock is wrong",
                    url);
    json_decref(answer);
    tb_bytes_free(&text);
    return status;
}

tb_status tb_register_at(const char *server, const char *code, const tb_key_pair *keys, int wait_ms,
                         tb_registration *out, tb_error *why)
{
    char url[URL_SIZE], key[2 * TB_KEY_SIZE + 1], broker_key[2 * TB_KEY_SIZE + 1], *body = NULL;
    long http = 0;
    tb_bytes text = {0};
    json_t *question = NULL, *answer = NULL;
    tb_hex_encode(tb_span_of(keys->public_key.bytes, TB_KEY_SIZE), key);
    tb_key seed = {{0}};
    tb_status status = tb_broker_key(keys, &seed);
    tb_key broker_public = tb_sign_public(&seed);
    tb_wipe(&seed, sizeof seed);
    if (status != TB_OK)
        return tb_fail(why, status, "the key for the broker: %s", tb_status_sentence(status));
    tb_hex_encode(tb_span_of(broker_public.bytes, TB_KEY_SIZE), broker_key);
    if (!url_of(server, "registrations", url))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the server's address is too long");
    status = TB_NO_MEMORY;
    question =
        json_pack("{s:s%, s:s, s:s}", "code", code, strcspn(code, "."), "public_key", key, "broker_key", broker_key);
    body = question ? json_dumps(question, JSON_COMPACT) : NULL;
    tb_registration *known = calloc(1, sizeof *known); /* the authority; read_answer clears what it fills */
    if (body && known)
        status = code[strcspn(code, ".")] ? learn_authority(server, strchr(code, '.') + 1, wait_ms, known, why) : TB_OK;
    if (status == TB_OK)
        status = ask(url, body, known->authority, wait_ms, &http, &text, why);
    if (status != TB_OK)
        goto out;
    answer = json_loadb((const char *)text.data, text.size, 0, NULL);
    if (http != 200 && http != 201)
        status = refusal(http, answer, why);
    else if (!answer)
        status = tb_fail(why, TB_MALFORMED, "the server's answer to the registration is not JSON");
    else
        status = read_answer(answer, out, why);
    if (status == TB_OK)
        memcpy(out->authority, known->authority, sizeof out->authority);
out:
    free(known);
    free(body); /* holds a code that is used up */
    json_decref(question);
    json_decref(answer);
    tb_bytes_free(&text);
    return status == TB_NO_MEMORY ? tb_fail(why, status, "out of memory") : status;
}

/* Appends what a field holds in hex; nothing when it is not there. */
static tb_status take_hex(const json_t *from, const char *name, tb_bytes *out)
{
    const char *text = json_string_value(json_object_get(from, name));
    size_t size = text ? strlen(text) / 2 : 0;
    tb_status status = tb_bytes_reserve(out, out->size + size + 1);
    if (status == TB_OK && text)
        status = tb_hex_decode(text, out->data + out->size, size);
    if (status == TB_OK)
        out->size += size;
    return status;
}

tb_status tb_standing_at(const char *server, const char *authority, const tb_key *own_public, int wait_ms,
                         tb_bytes *order, tb_bytes *renewal)
{
    char url[URL_SIZE], body[2 * TB_KEY_SIZE + 32], key[2 * TB_KEY_SIZE + 1];
    long http = 0;
    tb_bytes text = {0};
    if (!url_of(server, "standing", url))
        return TB_INVALID_ARGUMENT;
    tb_hex_encode(tb_span_of(own_public->bytes, sizeof own_public->bytes), key);
    snprintf(body, sizeof body, "{\"public_key\":\"%s\"}", key);
    tb_status status = ask(url, body, authority, wait_ms, &http, &text, NULL);
    if (status == TB_FORBIDDEN) {
        tb_bytes_free(&text);
        status = ask(url, body, UNPROVEN, wait_ms, &http, &text, NULL);
    }
    if (status == TB_OK && http != 200)
        status = http == 404 ? TB_NOT_FOUND : TB_BUS_DOWN;
    json_t *answer = status == TB_OK ? json_loadb((const char *)text.data, text.size, 0, NULL) : NULL;
    if (status == TB_OK && !json_is_string(json_object_get(answer, "order")))
        status = TB_MALFORMED;
    if (status == TB_OK)
        status = take_hex(answer, "order", order);
    if (status == TB_OK)
        status = take_hex(answer, "renewal", renewal);
    json_decref(answer);
    tb_bytes_free(&text);
    return status;
}

/* ---- a renewal ---- */

typedef struct signer { /* of a token: "header.claims.signature" */
    char name[64];      /* "" when it is none */
    json_int_t at;      /* seconds */
} signer;

static void signer_of(const char *token, signer *out)
{
    const char *claims = strchr(token, '.'), *end = claims ? strchr(claims + 1, '.') : NULL;
    char text[sizeof((tb_registration *)0)->broker_token];
    tb_bytes plain = {0};
    *out = (signer){.at = 0};
    if (!end || (size_t)(end - claims) >= sizeof text)
        return;
    snprintf(text, sizeof text, "%.*s", (int)(end - claims - 1), claims + 1);
    json_t *json = tb_base64_decode(text, sizeof text, &plain) == TB_OK
                       ? json_loadb((const char *)plain.data, plain.size, 0, NULL)
                       : NULL;
    if (!take_text(json, "iss", out->name, sizeof out->name))
        out->name[0] = '\0';
    out->at = json_integer_value(json_object_get(json, "iat"));
    json_decref(json);
    tb_bytes_free(&plain);
}

tb_status tb_renewal_read(tb_span text, const tb_registration *before, tb_registration *out, int *is_new, tb_error *why)
{
    signer theirs, ours;
    *is_new = 0;
    json_t *json = json_loadb((const char *)text.data, text.size, 0, NULL);
    tb_status status = json ? read_answer(json, out, why) : tb_fail(why, TB_MALFORMED, "the renewal is not JSON");
    if (status == TB_OK && before->authority[0] && !take_text(json, "authority", out->authority, sizeof out->authority))
        status = tb_fail(why, TB_MALFORMED, "the renewal names no authority");
    if (status == TB_OK && (strcmp(out->touchpoint, before->touchpoint) != 0 || strcmp(out->site, before->site) != 0 ||
                            memcmp(&out->server, &before->server, sizeof out->server) != 0))
        status = tb_fail(why, TB_CONFLICT, "the renewal is not this terminal's");
    signer_of(before->broker_token, &ours);
    if (status == TB_OK)
        signer_of(out->broker_token, &theirs);
    if (status == TB_OK && theirs.at < ours.at) /* kept by somebody, who leads us back to a key that has leaked */
        status = tb_fail(why, TB_CONFLICT, "the renewal is older than what this terminal has");
    if (status == TB_OK)
        *is_new = theirs.name[0] && strcmp(theirs.name, ours.name) != 0;
    json_decref(json);
    return status;
}
