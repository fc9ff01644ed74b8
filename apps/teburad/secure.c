/* secure.c: TLS: certificates of our own authority for HTTPS and for our own broker, made anew at each start
 * and when a third of their life is left; or the operator's files, read again whenever they change. What leaves this
 * machine in the open is refused. */
#include "teburad.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

/* ---- the operator's own ---- */

static void look_at_files(const teburad *s, struct tls_files *out)
{
    const char *const paths[] = {s->options.certificate, s->options.certificate_key};
    *out = (struct tls_files){0};
    for (int i = 0; i < 2; i++) {
        struct stat about;
        if (stat(paths[i], &about) != 0)
            continue;
        out->state[3 * i] = (int64_t)about.st_ino;
        out->state[3 * i + 1] = (int64_t)about.st_size;
        out->state[3 * i + 2] = (int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec;
    }
}

static tb_status read_files(const teburad_options *options, tb_bytes *certificate, tb_bytes *key, tb_error *why)
{
    tb_error found = {0};
    tb_status status = tb_file_read(options->certificate, PEM_MOST, certificate, why);
    if (status == TB_OK)
        status = tb_file_read(options->certificate_key, PEM_MOST, key, why);
    if (status != TB_OK)
        return status;
    status = tb_tls_pair_check(tb_bytes_span(certificate), tb_bytes_span(key), tb_clock_now(), &found);
    return status == TB_OK
               ? TB_OK
               : tb_fail(why, status, "%.300s, %.300s: %s", options->certificate, options->certificate_key, found.text);
}

tb_status teburad_secure_check(const teburad_options *options, tb_error *why)
{
    tb_bytes certificate = {0}, key = {0};
    tb_status status = options->certificate ? read_files(options, &certificate, &key, why) : TB_OK;
    tb_bytes_free(&certificate);
    tb_bytes_free(&key);
    return status;
}

static tb_status read_first(teburad *s, tb_error *why)
{
    look_at_files(s, &s->files);
    s->files_seen = s->files;
    return read_files(&s->options, &s->certificate, &s->certificate_key, why);
}

tb_status teburad_secure_http(teburad *s, tb_bytes *certificate, tb_bytes *key, tb_error *why)
{
    tb_status status = TB_OK;
    if (!s->options.certificate) {
        status = make(s, certificate, key, why);
    } else {
        if (!s->certificate.size)
            status = read_first(s, why);
        if (status == TB_OK)
            status = tb_bytes_append(certificate, tb_bytes_span(&s->certificate));
        if (status == TB_OK)
            status = tb_bytes_append(key, tb_bytes_span(&s->certificate_key));
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

static void swap(tb_bytes *a, tb_bytes *b)
{
    tb_bytes c = *a;
    *a = *b;
    *b = c;
}

/* In force when HTTPS serves with them; else it serves with the old ones again. */
static tb_status exchange(teburad *s, tb_bytes *certificate, tb_bytes *key, tb_error *why)
{
    swap(&s->certificate, certificate);
    swap(&s->certificate_key, key);
    tb_status status = renew_https(s, why);
    if (status == TB_OK)
        return TB_OK;
    tb_error again = {0};
    swap(&s->certificate, certificate);
    swap(&s->certificate_key, key);
    if (renew_https(s, &again) != TB_OK)
        tb_log(TB_LOG_ERROR, "teburad", "HTTPS stands still: %s", tb_error_text(&again));
    return status;
}

/* Files that have changed, and then not for a round: whoever writes two of them is done. */
static int files_are_new(teburad *s)
{
    struct tls_files now;
    look_at_files(s, &now);
    int settled = memcmp(&now, &s->files_seen, sizeof now) == 0, forced = atomic_exchange(&s->reread, 0);
    int is_new = forced || (settled && memcmp(&now, &s->files, sizeof now) != 0);
    s->files_seen = now;
    if (is_new)
        s->files = now;
    return is_new;
}

static void reread(teburad *s)
{
    tb_error why = {0};
    tb_bytes certificate = {0}, key = {0};
    if (!files_are_new(s))
        return;
    tb_status status = read_files(&s->options, &certificate, &key, &why);
    if (status == TB_OK && tb_equal_constant_time(tb_bytes_span(&certificate), tb_bytes_span(&s->certificate)) &&
        tb_equal_constant_time(tb_bytes_span(&key), tb_bytes_span(&s->certificate_key)))
        tb_log(TB_LOG_INFO, "teburad", "the certificate of HTTPS is the one that is in force");
    else if (status == TB_OK && (status = exchange(s, &certificate, &key, &why)) == TB_OK)
        tb_log(TB_LOG_INFO, "teburad", "HTTPS has another certificate now");
    if (status != TB_OK)
        tb_log(TB_LOG_ERROR, "teburad", "the new certificate is not taken, the old one stays: %s",
               why.text[0] ? why.text : tb_status_sentence(status));
    tb_bytes_free(&certificate);
    tb_bytes_free(&key);
}

void teburad_secure_renew(teburad *s)
{
    tb_error why = {0};
    tb_status status = TB_OK;
    if (s->options.certificate && s->certificate.size)
        reread(s);
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
