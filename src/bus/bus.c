/* bus.c: the connection: made in the background, kept for ever, and told about.
 *
 * nats.c calls back from one thread of its own for all connections; there we only note what happened. A thread per bus
 * tells the user, who may therefore wait. The library's global state goes with the last bus. */
#include "bus/bus_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/clock.h>
#include <tebura/log.h>
#include <tebura/secret.h>
#include <tebura/sign.h>

/* nats.c keeps process-wide threads; counting its users is the one thing that has to be global here. */
static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;
static int library_users;
/* Once it has spoken TLS the library is kept until the process ends: closing it frees OpenSSL's table of compression
 * methods, which OpenSSL frees as well (a crash at exit, seen with libnats 3.4.1 and OpenSSL 3.0). */
static int library_stays;

static tb_status library_hold(void)
{
    pthread_mutex_lock(&library_lock);
    natsStatus s = library_users || library_stays ? NATS_OK : nats_Open(-1);
    if (s == NATS_OK)
        library_users++;
    pthread_mutex_unlock(&library_lock);
    return bus_status(s);
}

static void library_release(void)
{
    pthread_mutex_lock(&library_lock);
    assert(library_users > 0);
    if (--library_users == 0 && !library_stays && nats_CloseAndWait(10000) != NATS_OK)
        tb_log(TB_LOG_WARNING, "bus", "the client library did not end within 10 s");
    pthread_mutex_unlock(&library_lock);
}

tb_status bus_status(natsStatus status)
{
    switch (status) {
    case NATS_OK:
        return TB_OK;
    case NATS_TIMEOUT:
        return TB_TIMEOUT;
    case NATS_NO_MEMORY:
        return TB_NO_MEMORY;
    case NATS_NOT_FOUND:
        return TB_NOT_FOUND;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_ADDRESS_MISSING:
        return TB_INVALID_ARGUMENT;
    case NATS_MAX_PAYLOAD:
        return TB_TOO_LARGE;
    case NATS_NOT_PERMITTED:
    case NATS_CONNECTION_AUTH_FAILED:
        return TB_FORBIDDEN;
    default: /* closed, disconnected, no responders, stale ...: all mended by waiting for the broker */
        return TB_BUS_DOWN;
    }
}

tb_status bus_js_status(natsStatus status, const jsErrCode *code)
{
    if ((int)*code == 0)
        return bus_status(status);
    switch (*code) {
    case JSStreamNotFoundErr:
    case JSConsumerNotFoundErr:
    case JSNoMessageFoundErr:
        return TB_NOT_FOUND;
    case JSStreamStoreFailedErr: /* maximum bytes reached, or the store itself */
    case JSInsufficientResourcesErr:
    case JSStorageResourcesExceededErr:
    case JSMemoryResourcesExceededErr:
        return TB_DISK_FULL;
    default:
        return status == NATS_TIMEOUT ? TB_TIMEOUT : TB_BUS_DOWN;
    }
}

struct timespec bus_deadline(int ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (ms % 1000) * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    return at;
}

void bus_pause(tb_bus *bus, const int *stop, int ms)
{
    struct timespec until = bus_deadline(ms);
    pthread_mutex_lock(&bus->lock);
    while (!*stop && pthread_cond_timedwait(&bus->changed, &bus->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&bus->lock);
}

/* ---- callbacks of the library: note and wake ---- */

void bus_note(tb_bus *bus, int connected, int closed)
{
    pthread_mutex_lock(&bus->lock);
    bus->connected = connected;
    bus->made += (uint64_t)connected;
    bus->closed |= closed;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->lock);
}

static void on_connected(natsConnection *connection, void *context)
{
    (void)connection;
    bus_note(context, 1, 0);
}

static void on_disconnected(natsConnection *connection, void *context)
{
    (void)connection;
    bus_note(context, 0, 0);
}

static void on_closed(natsConnection *connection, void *context)
{
    (void)connection;
    bus_note(context, 0, 1);
}

static void on_error(natsConnection *connection, natsSubscription *subscription, natsStatus status, void *context)
{
    (void)connection;
    (void)subscription;
    tb_bus *bus = context;
    int64_t now = tb_clock_monotonic(), last = atomic_load(&bus->slow_logged);
    if ((last == 0 || now - last > TB_SECOND) && atomic_compare_exchange_strong(&bus->slow_logged, &last, now))
        tb_log(TB_LOG_WARNING, "bus", "%s%s", natsStatus_GetText(status),
               status == NATS_SLOW_CONSUMER ? ": messages were dropped, the gap in the sequence numbers shows it" : "");
}

/* What there is to do, when the connection has been given up: nothing until it is time. 1: now. */
static int is_time(tb_bus *bus, struct timespec *until)
{
    if (!bus->closed)
        pthread_cond_wait(&bus->changed, &bus->lock);
    else if (until->tv_sec == 0)
        *until = bus_deadline(BUS_REOPEN_MS);
    else
        return pthread_cond_timedwait(&bus->changed, &bus->lock, until) != 0;
    return 0;
}

/* Tells the user, in order, without holding the lock. A connection that was lost and made again is told as both. Makes
 * another one when the library gives up. */
static void *watch(void *context)
{
    tb_bus *bus = context;
    int told = 0;
    uint64_t told_made = 0;
    struct timespec until = {0};
    pthread_mutex_lock(&bus->lock);
    while (!bus->stopping) {
        int next = told ? bus->connected && bus->made == told_made : bus->connected;
        if (next == told) {
            int now = is_time(bus, &until);
            if (now && !bus->stopping) {
                until.tv_sec = 0;
                pthread_mutex_unlock(&bus->lock);
                bus_reopen(bus);
                pthread_mutex_lock(&bus->lock);
            }
            continue;
        }
        told = next;
        told_made = bus->made;
        pthread_mutex_unlock(&bus->lock);
        tb_log(TB_LOG_INFO, "bus", told ? "connected to the broker" : "the broker is gone: trying again");
        if (bus->told)
            bus->told(bus->context, told);
        pthread_mutex_lock(&bus->lock);
    }
    pthread_mutex_unlock(&bus->lock);
    return NULL;
}

/* ---- opening and closing ---- */

static natsStatus set_servers(tb_bus *bus, const char *urls)
{
    const char *servers[BUS_SERVERS_MOST];
    int count = 0;
    char *copy = strdup(urls), *rest = copy;
    if (!copy)
        return NATS_NO_MEMORY;
    for (char *one; (one = strsep(&rest, ",")) && count < BUS_SERVERS_MOST;)
        if (*one) {
            bus_note_port(bus, one);
            servers[count++] = one;
        }
    natsStatus s = count ? natsOptions_SetServers(bus->how, servers, count) : NATS_ADDRESS_MISSING;
    free(copy);
    return s;
}

#define DO(call)                                                                                                       \
    if (s == NATS_OK)                                                                                                  \
    s = (call)

/* The library frees what it is given. */
static natsStatus give_token(char **token, char **why, void *context)
{
    const tb_bus *bus = context;
    (void)why;
    *token = strdup(bus->identity->token);
    return *token ? NATS_OK : NATS_NO_MEMORY;
}

/* libnats 3.4.1 looks at the signature as at a text: one that begins with a zero byte (one in 256) it takes for none
 * and leaves out, the broker refuses us, and after that it may never try again. So this attempt fails here, and the
 * next one has another nonce. */
#define UNSIGNED NATS_ILLEGAL_STATE
static natsStatus give_signature(char **why, unsigned char **signature, int *size, const char *nonce, void *context)
{
    const tb_bus *bus = context;
    (void)why;
    *signature = malloc(TB_SIGNATURE_SIZE);
    if (!*signature)
        return NATS_NO_MEMORY;
    tb_sign(&bus->identity->seed, tb_span_text(nonce), *signature);
    *size = TB_SIGNATURE_SIZE;
    if ((*signature)[0])
        return NATS_OK;
    free(*signature);
    *signature = NULL;
    *size = 0;
    return UNSIGNED;
}

static natsStatus sign_in(tb_bus *bus, natsOptions *o, const tb_bus_options *options)
{
    natsStatus s = NATS_OK;
    if (bus->identity)
        s = natsOptions_SetUserCredentialsCallbacks(o, give_token, bus, give_signature, bus);
    if (options->authority || strstr(options->url, "tls://")) {
        pthread_mutex_lock(&library_lock);
        library_stays = 1;
        pthread_mutex_unlock(&library_lock);
    }
    if (s == NATS_OK && options->authority)
        s = natsOptions_SetSecure(o, true);
    if (s == NATS_OK && options->authority)
        s = natsOptions_SetCATrustedCertificates(o, options->authority);
    if (s == NATS_OK && options->inbox)
        s = natsOptions_SetCustomInboxPrefix(o, options->inbox);
    return s;
}

/* A nonce that we could not sign for this library (give_signature) is asked for anew. Later connections do so by
 * themselves. */
static natsStatus connect_first(natsConnection **connection, natsOptions *o)
{
    natsStatus s = natsConnection_Connect(connection, o);
    for (int tries = 0; tries < 8 && s == UNSIGNED; tries++)
        s = natsConnection_Connect(connection, o);
    return s;
}

natsStatus bus_connect(tb_bus *bus, natsConnection **connection, jsCtx **js)
{
    jsOptions options;
    natsStatus s = connect_first(connection, bus->how);
    if (s == NATS_OK)
        bus_note(bus, 1, 0); /* the library calls back only for later ones */
    s = s == NATS_NOT_YET_CONNECTED ? NATS_OK : s;
    DO(jsOptions_Init(&options));
    options.Wait = BUS_API_WAIT;
    DO(natsConnection_JetStream(js, *connection, &options));
    return s;
}

/* Between tries of all servers: a quarter to half a second. A broker that is there and does not answer in time has too
 * many of us at once: each further try would only take from it what the others need, so they come ever less often. */
static int64_t until_next_try(natsConnection *connection, int tries, void *context)
{
    uint16_t chance;
    const char *text;
    (void)context;
    int doubled = natsConnection_GetLastError(connection, &text) == NATS_TIMEOUT ? tries : 0;
    int64_t least = INT64_C(250) << (doubled < BUS_RETRY_DOUBLED ? doubled : BUS_RETRY_DOUBLED);
    tb_random(&chance, sizeof chance);
    return least + least * chance / UINT16_MAX;
}

static natsStatus choose(tb_bus *bus, const tb_bus_options *options)
{
    natsStatus s = natsOptions_Create(&bus->how);
    natsOptions *o = bus->how;
    DO(set_servers(bus, options->url));
    DO(natsOptions_SetName(o, options->name ? options->name : "tebura"));
    DO(natsOptions_SetTimeout(o, 2000));
    DO(natsOptions_SetSendAsap(o, true)); /* otherwise the library gathers for a millisecond before each sending */
    DO(natsOptions_SetRetryOnFailedConnect(o, true, on_connected, bus));
    DO(natsOptions_SetAllowReconnect(o, true));
    DO(natsOptions_SetMaxReconnect(o, -1));
    DO(natsOptions_SetCustomReconnectDelay(o, until_next_try, NULL));
    DO(natsOptions_SetPingInterval(o, BUS_PING_MS)); /* a pulled cable is noticed within 15 s */
    DO(natsOptions_SetMaxPingsOut(o, 2));
    DO(natsOptions_SetFailRequestsOnDisconnect(o, true));
    DO(natsOptions_SetDisconnectedCB(o, on_disconnected, bus));
    DO(natsOptions_SetReconnectedCB(o, on_connected, bus));
    DO(natsOptions_SetClosedCB(o, on_closed, bus));
    DO(natsOptions_SetErrorHandler(o, on_error, bus));
    DO(sign_in(bus, o, options));
    return s;
}

static void destroy(tb_bus *bus)
{
    natsOptions_Destroy(bus->how);
    pthread_cond_destroy(&bus->renewed);
    pthread_mutex_destroy(&bus->list);
    pthread_rwlock_destroy(bus->way);
    pthread_cond_destroy(&bus->changed);
    pthread_mutex_destroy(&bus->lock);
    tb_secret_free(bus->identity);
    free(bus);
}

static int make(tb_bus **out)
{
    tb_bus *bus = calloc(1, sizeof *bus);
    pthread_condattr_t monotonic;
    if (!bus || pthread_condattr_init(&monotonic) != 0) {
        free(bus);
        return 0;
    }
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&bus->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&bus->lock, NULL);
    pthread_mutex_init(&bus->list, NULL);
    pthread_cond_init(&bus->renewed, NULL);
    bus->way = &bus->way_lock;
    pthread_rwlock_init(bus->way, NULL); /* readers first: they nest */
    *out = bus;
    return 1;
}

static tb_status take_identity(tb_bus *bus, const tb_bus_options *options)
{
    const char *inbox = options->inbox ? options->inbox : "_INBOX";
    if (snprintf(bus->inbox, sizeof bus->inbox, "%s", inbox) >= (int)sizeof bus->inbox)
        return TB_INVALID_ARGUMENT;
    if (!options->token)
        return TB_OK;
    if (!options->seed || strlen(options->token) >= sizeof bus->identity->token)
        return TB_INVALID_ARGUMENT;
    bus->identity = tb_secret_alloc(sizeof *bus->identity);
    if (!bus->identity)
        return TB_NO_MEMORY;
    bus->identity->seed = *options->seed;
    memcpy(bus->identity->token, options->token, strlen(options->token) + 1);
    return TB_OK;
}

tb_status tb_bus_open(const tb_bus_options *options, tb_bus **out, tb_error *why)
{
    *out = NULL;
    if (!options->url || !*options->url)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the broker's address is missing: nats://host:port");
    tb_status status = library_hold();
    if (status != TB_OK)
        return tb_fail(why, status, "the broker's client library does not start");
    tb_bus *bus = NULL;
    if (!make(&bus)) {
        library_release();
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    }
    bus->told = options->connected;
    bus->replicas = options->replicas;
    bus->context = options->context;
    status = take_identity(bus, options);
    natsStatus s = status == TB_OK ? choose(bus, options) : NATS_INVALID_ARG;
    if (s == NATS_OK && !bus_look_out(bus))
        s = NATS_NO_MEMORY;
    DO(bus_connect(bus, &bus->connection, &bus->js));
    if (s == NATS_OK && pthread_create(&bus->watcher, NULL, watch, bus) != 0)
        s = NATS_NO_MEMORY;
    bus->watching = s == NATS_OK;
    if (s != NATS_OK) {
        status = tb_fail(why, bus_status(s), "the broker's address is not usable: %s", natsStatus_GetText(s));
        tb_bus_free(&bus);
        return status;
    }
    *out = bus;
    return TB_OK;
}

/* Waits for the library's last callback about this connection. */
static int close_connection(tb_bus *bus)
{
    if (!bus->connection)
        return 1;
    natsConnection_Close(bus->connection);
    struct timespec until = bus_deadline(10000);
    pthread_mutex_lock(&bus->lock);
    while (!bus->closed && pthread_cond_timedwait(&bus->changed, &bus->lock, &until) == 0)
        ;
    int closed = bus->closed;
    pthread_mutex_unlock(&bus->lock);
    natsConnection_Destroy(bus->connection);
    return closed;
}

void tb_bus_free(tb_bus **place)
{
    tb_bus *bus = *place;
    *place = NULL;
    if (!bus)
        return;
    pthread_mutex_lock(&bus->lock);
    bus->stopping = 1;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->lock);
    if (bus->watching)
        pthread_join(bus->watcher, NULL);
    tb_bus_subscription_free(&bus->lists);
    bus_subscription_end(&bus->flight.threads, bus->connection, &bus->flight.acks, 1);
    if (bus->connection && tb_bus_is_connected(bus))
        (void)natsConnection_FlushTimeout(bus->connection, 1000); /* acknowledgements on their way out */
    jsCtx_Destroy(bus->js);
    int quiet = close_connection(bus);
    bus_look_no_more(bus);
    library_release();
    if (quiet)
        destroy(bus);
    else
        tb_log(TB_LOG_ERROR, "bus", "the client library still holds the connection: its memory is left to it");
}

int tb_bus_is_connected(const tb_bus *bus)
{
    BUS_WAY(bus);
    return natsConnection_Status(bus->connection) == NATS_CONN_STATUS_CONNECTED;
}

int tb_bus_is_over(const tb_bus *bus)
{
    BUS_WAY(bus);
    return natsConnection_IsClosed(bus->connection);
}

uint64_t bus_connection(const tb_bus *bus)
{
    natsStatistics *statistics = NULL;
    uint64_t reconnects = 0;
    BUS_WAY(bus);
    if (natsStatistics_Create(&statistics) != NATS_OK)
        return 0;
    if (natsConnection_GetStats(bus->connection, statistics) == NATS_OK &&
        natsStatistics_GetCounts(statistics, NULL, NULL, NULL, NULL, &reconnects) == NATS_OK)
        reconnects += 1 + (bus->former << 32);
    natsStatistics_Destroy(statistics);
    return reconnects; /* from 1; 0: not known, equal to no connection */
}
