/* teburad.c: starting and ending, in order. */
#include "teburad.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#include "database.h"
#include "face/manifest.h"
#include "flight_watch.h"
#include "routes.h"

#define PROFILE_MOST ((size_t)256 << 10)

void teburad_pause(teburad *s, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (ms % 1000) * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&s->lock);
    while (!atomic_load(&s->stopping) && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&s->lock);
}

void teburad_on_connection(void *context, int connected)
{
    teburad *s = context;
    if (connected)
        return;
    atomic_store(&s->feed_lost, 1);
    atomic_store(&s->feed_is_ready, 0);
}

static tb_status read_profile(teburad *s, tb_error *why)
{
    tb_bytes yaml = {0};
    tb_status status = tb_file_read(s->options.profile, PROFILE_MOST, &yaml, why);
    if (status == TB_OK)
        status = tb_profile_parse(tb_bytes_span(&yaml), s->options.profile, &s->profile, why);
    tb_bytes_free(&yaml);
    return status;
}

static tb_status open_management(teburad *s, tb_error *why)
{
    char found[4096];
    tb_manifest manifest;
    tb_status status = tb_manifest_read(s->options.models, &manifest, found, sizeof found, why);
    if (status != TB_OK)
        return status;
    s->model = manifest.embed.model;
    s->dimension = (int)manifest.embed.dimension;
    if (manifest.calibration.provisional)
        tb_log(TB_LOG_WARNING, "teburad", "the calibration of %s is provisional: measure it with your own cameras",
               found);
    tb_model models[TB_MODELS_MAX];
    int count = tb_manifest_models(&manifest, models);
    char *database = NULL;
    status = teburad_database(s->options.database, s->options.database_file, &database, why);
    if (status != TB_OK)
        return status;
    tb_management_options options = {.directory = s->options.data,
                                     .database = database,
                                     .site = s->options.site,
                                     .profile = s->profile,
                                     .model = s->model,
                                     .dimension = s->dimension,
                                     .calibration = manifest.calibration.numbers,
                                     .former = models + 1,
                                     .former_count = count - 1,
                                     .code_life = s->options.code_hours * TB_HOUR,
                                     .accept_clock = s->options.accept_clock,
                                     .examine = s->options.examine,
                                     .utc_offset_minutes = s->options.utc_offset_minutes,
                                     .follow_local_time = s->options.follow_local_time};
    status = tb_management_open(&options, &s->management, why);
    tb_secret_free(database);
    return status;
}

static tb_status open_own_broker(teburad *s, tb_error *why)
{
    char accounts[4096];
    tb_bytes access = {0};
    char *here = realpath(s->options.data, NULL);
    tb_status status = here ? TB_OK : tb_fail(why, TB_IO, "%s: %s", s->options.data, strerror(errno));
    if (status == TB_OK && snprintf(accounts, sizeof accounts, "%s/nats-accounts", here) >= (int)sizeof accounts)
        status = tb_fail(why, TB_TOO_LARGE, "the data directory's name is too long");
    if (status == TB_OK) {
        status = teburad_access_config(s, accounts, &access);
        if (status != TB_OK)
            status = tb_fail(why, status, "the broker's configuration: %s", tb_status_sentence(status));
    }
    if (status == TB_OK)
        status = teburad_secure_broker(s, why);
    if (status == TB_OK)
        status = broker_start(s->options.data, s->options.broker_host ? s->options.broker_host : "127.0.0.1",
                              tb_bytes_span(&access), &s->broker, why);
    tb_bytes_free(&access);
    free(here);
    return status;
}

/* Where terminals find the broker, which has to be an address of theirs, too. */
static tb_status name_for_terminals(teburad *s, tb_error *why)
{
    const char *names = s->options.names, *told = s->options.terminal_nats ? s->options.terminal_nats : s->nats_url;
    int length = snprintf(s->terminals_url, sizeof s->terminals_url, "%s", told);
    if (!s->options.terminal_nats && s->broker && s->options.broker_host &&
        broker_listens_everywhere(s->options.broker_host)) {
        int first = names ? (int)strcspn(names, ",") : 0;
        if (!first)
            return tb_fail(why, TB_INVALID_ARGUMENT,
                           "--broker-listen %s: terminals have to be told a name of this machine: give --tls-names, or "
                           "--terminal-nats tls://NAME:PORT",
                           s->options.broker_host);
        int is_ip6 = memchr(names, ':', (size_t)first) != NULL;
        length = snprintf(s->terminals_url, sizeof s->terminals_url, "tls://%s%.*s%s:%d", is_ip6 ? "[" : "", first,
                          names, is_ip6 ? "]" : "", broker_port(s->broker));
    }
    if (length >= (int)sizeof s->terminals_url)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the broker's address for terminals is too long");
    if (!tb_bus_url_is_safe(s->terminals_url))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "--terminal-nats: a broker on another machine is spoken to with TLS only: tls://host:port");
    return TB_OK;
}

static tb_status open_bus(teburad *s, tb_error *why)
{
    tb_status status = teburad_access_open(s, why);
    if (status == TB_OK)
        status = teburad_secure_open(s, why);
    if (status == TB_OK && !s->options.nats)
        status = open_own_broker(s, why);
    if (status != TB_OK)
        return status;
    const char *url = s->broker ? broker_url(s->broker) : s->options.nats;
    if (snprintf(s->nats_url, sizeof s->nats_url, "%s", url) >= (int)sizeof s->nats_url)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the broker's address is longer than %zu bytes",
                       sizeof s->nats_url - 1);
    status = name_for_terminals(s, why);
    if (status == TB_OK)
        status = teburad_access_connect(s, TB_ACCOUNT_SITE, &s->bus, why);
    if (status == TB_OK) {
        pthread_mutex_lock(&s->lock); /* its callback waits until it is there */
        status = teburad_access_connect(s, TB_ACCOUNT_SYSTEM, &s->operator_bus, why);
        pthread_mutex_unlock(&s->lock);
    }
    if (status == TB_OK && !s->broker && !tb_bus_is_connected(s->bus))
        tb_log(TB_LOG_WARNING, "teburad", "the broker cannot be reached yet: it is tried for ever, changes are kept");
    return status;
}

static tb_status start_threads(teburad *s, tb_error *why)
{
    tb_status status = teburad_follow(s);
    if (status != TB_OK)
        return tb_fail(why, status, "the broker cannot be followed: %s", tb_status_sentence(status));
    s->publishing = pthread_create(&s->publisher, NULL, teburad_publish, s) == 0;
    s->sweeping = s->publishing && pthread_create(&s->sweeper, NULL, teburad_sweep, s) == 0;
    s->ticking = s->sweeping && pthread_create(&s->ticker, NULL, teburad_tick, s) == 0;
    return s->ticking ? TB_OK : tb_fail(why, TB_NO_MEMORY, "a thread cannot be started");
}

static tb_status open_https(teburad *s, tb_http_options options, tb_error *why)
{
    tb_bytes certificate = {0}, key = {0};
    tb_status status = teburad_secure_http(s, &certificate, &key, why);
    options.listen = s->https_at;
    options.certificate = (const char *)certificate.data;
    options.private_key = (const char *)key.data;
    if (status == TB_OK)
        status = tb_http_open(&options, &s->https, why);
    tb_bytes_free(&certificate);
    tb_bytes_free(&key);
    return status;
}

/* A token of the data directory: made at the first start, mode 0600, never printed. */
static tb_status read_token(const teburad *s, const char *name, char file[4096], char token[2 * TB_KEY_SIZE + 1],
                            tb_error *why)
{
    tb_key secret = {0};
    if (snprintf(file, 4096, "%s/%s", s->options.data, name) >= 4096)
        return tb_fail(why, TB_TOO_LARGE, "the data directory's name is too long");
    tb_status status = tb_key_file(file, &secret, why);
    if (status == TB_OK)
        tb_hex_encode(tb_span_of(secret.bytes, sizeof secret.bytes), token);
    tb_wipe(&secret, sizeof secret);
    return status;
}

/* The operator's token opens everything; that of the metrics opens them and nothing else (doc/adr/104). */
static tb_status serve(teburad *s, int tls, tb_error *why)
{
    char token[2 * TB_KEY_SIZE + 1] = "", reader[2 * TB_KEY_SIZE + 1] = "", file[4096];
    tb_status status = read_token(s, "operator.token", s->token_file, token, why);
    if (status == TB_OK)
        status = read_token(s, "metrics.token", file, reader, why);
    if (status == TB_OK) {
        tb_http_options options = {.listen = s->options.listen,
                                   .routes = teburad_routes,
                                   .route_count = teburad_route_count,
                                   .context = s,
                                   .host = s->options.host,
                                   .proxies = s->options.proxies,
                                   .token = token,
                                   .reader = reader,
                                   .static_directory = s->options.web};
        status = tls ? open_https(s, options, why) : tb_http_open(&options, &s->http, why);
    }
    tb_wipe(reader, sizeof reader);
    tb_wipe(token, sizeof token);
    return status;
}

tb_status teburad_serve_https(teburad *s, tb_error *why)
{
    return serve(s, 1, why);
}

static tb_status open_http(teburad *s, tb_error *why)
{
    tb_status status = serve(s, 0, why);
    if (status != TB_OK || !s->options.listen_tls)
        return status;
    if (snprintf(s->https_at, sizeof s->https_at, "%s", s->options.listen_tls) >= (int)sizeof s->https_at)
        return tb_fail(why, TB_INVALID_ARGUMENT, "--listen-tls is too long");
    pthread_mutex_lock(&s->https_lock); /* the sweeper runs already */
    status = teburad_serve_https(s, why);
    if (status == TB_OK) /* the port that was found stays */
        snprintf(s->https_at, sizeof s->https_at, "%s", tb_http_url(s->https) + strlen("https://"));
    pthread_mutex_unlock(&s->https_lock);
    return status;
}

/* A broker of our own is there in a moment: whoever reads our first line finds it. */
static void wait_for_own_broker(teburad *s)
{
    for (int i = 0; s->broker && i < 100 && !tb_bus_is_connected(s->bus); i++)
        teburad_pause(s, 50);
}

/* What needs nothing opened is said first, not after migrations and a broker of our own. */
static tb_status check_options(const teburad_options *options, tb_error *why)
{
    struct stat web;
    tb_status status = tb_http_plain_check(options->listen, why);
    if (status == TB_OK && options->listen_tls)
        status = tb_http_address_check(options->listen_tls, why);
    if (status == TB_OK)
        status = teburad_secure_check(options, why);
    if (status == TB_OK && options->proxies)
        status = tb_http_proxies_check(options->proxies, why);
    if (status == TB_OK && options->nats && !tb_bus_url_is_safe(options->nats))
        status = tb_fail(why, TB_INVALID_ARGUMENT,
                         "--nats %s: a broker on another machine is spoken to with TLS only: tls://host:port",
                         options->nats);
    if (status == TB_OK && options->web && (stat(options->web, &web) != 0 || !S_ISDIR(web.st_mode)))
        status = tb_fail(why, TB_NOT_FOUND, "--web %s: there is no such directory", options->web);
    return status;
}

/* Options, profile and databases; what there is of it also after failure. */
static tb_status open_data(const teburad_options *options, teburad **out, tb_error *why)
{
    teburad *s = *out = calloc(1, sizeof *s);
    pthread_condattr_t monotonic;
    if (!s)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    s->options = *options;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->https_lock, NULL);
    tb_status status = options->examine ? TB_OK : check_options(options, why);
    if (status == TB_OK)
        status = tb_crypto_start();
    if (status == TB_OK)
        status = read_profile(s, why);
    return status == TB_OK ? open_management(s, why) : status;
}

tb_status teburad_look(const teburad_options *options, teburad **out, tb_error *why)
{
    tb_status status = open_data(options, out, why);
    if (status != TB_OK)
        teburad_stop(out);
    return status;
}

tb_status teburad_start(const teburad_options *options, teburad **out, tb_error *why)
{
    teburad *s;
    *out = NULL;
    tb_status status = open_data(options, &s, why);
    if (status == TB_OK)
        status = open_bus(s, why);
    if (status == TB_OK)
        status = start_threads(s, why);
    if (status == TB_OK)
        status = open_http(s, why);
    if (status == TB_OK && s->options.flight_information)
        status = flight_watch_start(s, s->options.flight_information, &s->flights, why);
    if (status == TB_OK)
        wait_for_own_broker(s);
    else
        teburad_stop(&s);
    *out = s;
    return status;
}

void teburad_stop(teburad **place)
{
    teburad *s = *place;
    *place = NULL;
    if (!s)
        return;
    flight_watch_stop(&s->flights);
    atomic_store(&s->ending, 1);
    pthread_mutex_lock(&s->https_lock);
    tb_http_free(&s->https);
    pthread_mutex_unlock(&s->https_lock);
    tb_http_free(&s->http);
    pthread_mutex_lock(&s->lock);
    atomic_store(&s->stopping, 1);
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
    if (s->ticking) /* which begins and ends to follow events */
        pthread_join(s->ticker, NULL);
    tb_bus_subscription_free(&s->events);
    tb_bus_subscription_free(&s->asks);
    tb_bus_subscription_free(&s->statuses);
    if (s->publishing)
        pthread_join(s->publisher, NULL);
    if (s->sweeping)
        pthread_join(s->sweeper, NULL);
    tb_bus *operator_bus = s->operator_bus; /* its callback may be at work with it */
    tb_bus_free(&operator_bus);
    tb_bus_free(&s->bus);
    tb_trust_free(&s->trust);
    tb_bytes_free(&s->authority);
    tb_bytes_free(&s->certificate);
    tb_bytes_free(&s->certificate_key);
    broker_stop(&s->broker);
    tb_management_free(&s->management);
    tb_profile_free(&s->profile);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->https_lock);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
