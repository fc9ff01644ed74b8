/* secure.c: TLS: certificates of our own authority for HTTPS and for our own broker, made anew at each start
 * and when a third of their life is left; or the
 * operator's files. What leaves this machine in the open is refused. */
#include "teburad.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define CERTIFICATE_DAYS 825
#define PEM_MOST 65536
#define RENEW_AFTER (CERTIFICATE_DAYS * 2 / 3 * 24 * TB_HOUR)

tb_status teburad_secure_open(teburad *s, tb_error *why)
{
    s->renew_at = tb_clock_now() + RENEW_AFTER;
    tb_key root = tb_management_trust_key(s->management);
    tb_status status = tb_tls_authority(&root, tb_clock_now(), &s->authority, why);
    if (status == TB_OK)
        status = tb_bytes_append(&s->authority, tb_span_of("", 1));
    if (status == TB_OK)
        status = tb_tls_fingerprint(&root, s->fingerprint);
    tb_wipe(&root, sizeof root);
    return status;
}

static tb_status make(teburad *s, tb_bytes *certificate, tb_bytes *key, tb_error *why)
{
    char names[1024];
    tb_key root = tb_management_trust_key(s->management);
    const char *own = s->options.broker_host && !broker_listens_everywhere(s->options.broker_host)
                          ? s->options.broker_host
                          : "127.0.0.1";
    tb_status status = snprintf(names, sizeof names, "localhost,127.0.0.1,::1,%s%s%s", own, s->options.names ? "," : "",
                                s->options.names ? s->options.names : "") < (int)sizeof names
                           ? TB_OK
                           : tb_fail(why, TB_INVALID_ARGUMENT, "--tls-names is too long");
    if (status == TB_OK)
        status = tb_tls_certificate(&root, names, tb_clock_now(), CERTIFICATE_DAYS, certificate, key, why);
    tb_wipe(&root, sizeof root);
    return status;
}

static tb_status write_file(const teburad *s, const char *name, const tb_bytes *content, tb_error *why)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", s->options.data, name) >= (int)sizeof path)
        return tb_fail(why, TB_TOO_LARGE, "the data directory's name is too long");
    return tb_file_write(path, tb_bytes_span(content), why);
}

tb_status teburad_secure_broker(teburad *s, tb_error *why)
{
    tb_bytes certificate = {0}, key = {0};
    tb_status status = make(s, &certificate, &key, why);
    if (status == TB_OK)
        status = write_file(s, "nats.pem", &certificate, why);
    if (status == TB_OK)
        status = write_file(s, "nats.key", &key, why);
    tb_bytes_free(&certificate);
    tb_bytes_free(&key);
    return status;
}

const char *teburad_secure_authority(const teburad *s, const char *urls)
{
    return strncmp(urls, "tls://", 6) == 0 ? (const char *)s->authority.data : NULL;
}

tb_status teburad_secure_http(teburad *s, tb_bytes *certificate, tb_bytes *key, tb_error *why)
{
    tb_status status;
    if (s->options.certificate) {
        status = tb_file_read(s->options.certificate, PEM_MOST, certificate, why);
        if (status == TB_OK)
            status = tb_file_read(s->options.certificate_key, PEM_MOST, key, why);
    } else {
        status = make(s, certificate, key, why);
    }
    if (status == TB_OK)
        status = tb_bytes_append(certificate, tb_span_of("", 1));
    return status == TB_OK ? tb_bytes_append(key, tb_span_of("", 1)) : status;
}

/* The library cannot exchange a certificate, so HTTPS is closed for a moment: once in a year and a half. Requests under
 * way finish. */
static tb_status renew_https(teburad *s, tb_error *why)
{
    tb_status status = TB_OK;
    pthread_mutex_lock(&s->https_lock);
    if (!atomic_load(&s->ending)) {
        tb_http_free(&s->https);
        status = teburad_serve_https(s, why);
    }
    pthread_mutex_unlock(&s->https_lock);
    return status;
}

void teburad_secure_renew(teburad *s)
{
    tb_error why = {0};
    tb_status status = TB_OK;
    if (tb_clock_now() < s->renew_at)
        return;
    if (s->broker)
        status = teburad_secure_broker(s, &why);
    if (s->broker && status == TB_OK)
        broker_reload(s->broker);
    if (status == TB_OK && s->options.listen_tls && !s->options.certificate)
        status = renew_https(s, &why);
    if (status != TB_OK) { /* tried again at once: the old certificate is good for months, but HTTPS may be closed */
        tb_log(TB_LOG_ERROR, "teburad", "certificates are not renewed: %s",
               why.text[0] ? why.text : tb_status_sentence(status));
        return;
    }
    s->renew_at = tb_clock_now() + RENEW_AFTER;
    tb_log(TB_LOG_INFO, "teburad", "certificates are renewed");
}
