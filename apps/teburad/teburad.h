/* teburad.h: one running management service: who owns what, and the threads that move things between its parts.
 *
 *   HTTP (a thread per connection) ──► management ◄── follower: events, requests, heartbeats (threads of
 *   the bus)
 *                                          ▲  │ outbox
 *                              ticker ─────┘  └──► publisher ──► feed bucket
 *
 * Everything that decides anything is behind tb_management; this program only carries. */
#ifndef TEBURA_TEBURAD_H
#define TEBURA_TEBURAD_H

#include <pthread.h>
#include <stdatomic.h>

#include <tebura/bus.h>
#include <tebura/http.h>
#include <tebura/management.h>
#include <tebura/tls.h>
#include <tebura/trust.h>

#include "broker.h"

typedef struct teburad_options {
    const char *data, *site, *profile, *listen, *nats, *terminal_nats, *web, *host, *models;
    const char *flight_information;       /* a file or a folder; NULL: none is watched */
    const char *database, *database_file; /* database.h */
    const char *listen_tls, *names, *certificate, *certificate_key, *broker_host, *proxies;
    int utc_offset_minutes, code_hours, accept_clock;
    int examine;           /* teburad check: look and change nothing */
    int replicas;          /* 0: what the brokers offer */
    int follow_local_time; /* --utc-offset was not given */
} teburad_options;

struct flight_watch;

typedef struct teburad {
    teburad_options options;
    tb_profile *profile;
    tb_management *management;
    uint32_t model;
    int dimension;
    broker *broker; /* NULL: --nats names another */
    tb_trust *trust;
    tb_bus *bus, *operator_bus; /* the second pushes who may sign in */
    tb_http *http, *https;      /* the second for other machines, and for terminals; NULL: not asked for */
    pthread_mutex_t https_lock; /* its renewal and its end */
    tb_time renew_at;           /* the sweeper's: certificates of ours have a third of their life left */
    char https_at[128];         /* where it listens */
    /* The operator's, as they are in force; changed by the sweeper alone. files: how theirs were when last looked at */
    tb_bytes certificate, certificate_key;
    struct tls_files {
        int64_t state[6];
    } files, files_seen;
    atomic_int reread;  /* somebody wants them read now */
    tb_bytes authority; /* PEM, with a NUL: of our own certificates */
    char fingerprint[TB_FINGERPRINT_SIZE];
    struct flight_watch *flights; /* NULL: none */
    char nats_url[256];           /* as we reach the broker */
    char terminals_url[512];      /* as terminals are told */
    char token_file[4096];
    tb_bus_subscription *asks, *statuses;
    tb_bus_subscription *events; /* the ticker's, and the next */
    uint64_t followed_in;
    int64_t look_at, answered; /* monotonic; the broker, last */
    atomic_int follows;
    pthread_t publisher, sweeper, ticker;
    int publishing, sweeping, ticking; /* the threads run */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_int stopping, ending; /* ending: HTTPS is closed or about to be */
    atomic_int feed_lost;        /* the connection was lost since the publisher last looked */
    atomic_int feed_is_ready;    /* the bucket holds the present lists */
} teburad;

/* Starts everything; on failure nothing is left running. `why` is the sentence for the operator. */
tb_status teburad_start(const teburad_options *options, teburad **out, tb_error *why) TB_MUST_CHECK;
/* Only the databases, to look at. teburad_stop ends that, too. */
tb_status teburad_look(const teburad_options *options, teburad **out, tb_error *why) TB_MUST_CHECK;
/* Ends everything in reverse order; requests under way finish. */
void teburad_stop(teburad **service);

/* publisher.c: outbox to bucket, and all again when the bucket was lost. */
void *teburad_publish(void *service);
/* Removes old purge markers now and then. */
void *teburad_sweep(void *service);
/* follower.c: what terminals send. */
tb_status teburad_follow(teburad *service) TB_MUST_CHECK;
void teburad_on_connection(void *service, int connected); /* of the bus */

/* secure.c: TLS. */
tb_status teburad_secure_open(teburad *service, tb_error *why) TB_MUST_CHECK;   /* our own authority */
tb_status teburad_secure_broker(teburad *service, tb_error *why) TB_MUST_CHECK; /* nats.pem and nats.key, made anew */
/* Whose certificates a broker of these addresses may show beside those of the machine's authorities: our own, when it
 * is spoken to with TLS; else NULL. */
const char *teburad_secure_authority(const teburad *service, const char *urls);
/* The operator's files, if there are any: are they of use? */
tb_status teburad_secure_check(const teburad_options *options, tb_error *why) TB_MUST_CHECK;
/* The certificate of HTTPS: the operator's files, or our own. */
tb_status teburad_secure_http(teburad *service, tb_bytes *certificate, tb_bytes *key, tb_error *why) TB_MUST_CHECK;

/* Makes our own certificates anew when it is time, and takes those of the operator that are new; on the sweeper's
 * thread. */
void teburad_secure_renew(teburad *service);
/* teburad.c: HTTPS at s->https_at, with a certificate made now. */
tb_status teburad_serve_https(teburad *service, tb_error *why) TB_MUST_CHECK;

/* access.c: who may sign in at the broker. */
tb_status teburad_access_open(teburad *service, tb_error *why) TB_MUST_CHECK;
/* The part of a broker's configuration that says so now. `directory` is the broker's, for what it is told later. */
tb_status teburad_access_config(teburad *service, const char *directory, tb_bytes *out) TB_MUST_CHECK;
/* A connection signed in to an account; `name` for the broker's monitoring. */
tb_status teburad_access_connect(teburad *service, tb_account account, tb_bus **out, tb_error *why) TB_MUST_CHECK;
/* Tells the running broker, who cuts off whoever was revoked. Also done at every connection. */
tb_status teburad_access_push(teburad *service) TB_MUST_CHECK;
/* Begins or ends to follow events (tb_management_leads), and notes whether they are; on the ticker's thread. */
void teburad_follow_events(teburad *service, uint64_t tenure);
/* What this server can do just now: lead, answer requests. On the ticker's thread, as often as one likes. */
void teburad_look_around(teburad *service);
/* Gives a terminal a sealed order; it is lost when nobody listens, and given again. */
void teburad_order(teburad *service, const char *touchpoint, const tb_bytes *order);
/* After a revocation: tells the broker. A failure is logged; the next connection tells it too. */
void teburad_cut_off(teburad *service);
/* ticker.c: what the clock demands. */
void *teburad_tick(void *service);

/* Waits `ms`, less when the service stops. */
void teburad_pause(teburad *service, int ms);

#endif
