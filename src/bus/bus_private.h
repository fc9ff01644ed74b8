/* bus_private.h: what the files of this folder share. The only folder that includes nats.h. */
#ifndef TEBURA_BUS_PRIVATE_H
#define TEBURA_BUS_PRIVATE_H

#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>

#include <tebura/bus.h>

#define BUS_NAME_SIZE 64
#define BUS_SERVERS_MOST 16
#define BUS_PING_MS 5000
#define BUS_REOPEN_MS 5000  /* between two tries of somebody who was turned away */
#define BUS_RETRY_DOUBLED 4 /* times at most: 4 to 8 s */
#define BUS_API_WAIT 2500   /* ms, for one call of the JetStream API; a cluster that chooses a leader does not answer */

/* The bucket is kept in parts, by touchpoint: the broker looks at every key of a stream to make a reader of some of
 * them, and a thousand terminals that come back at once want a thousand readers (doc/adr/170). Each part has an epoch
 * mark of its own. Changing the number makes every list new. */
#define BUS_PARTS 16

/* Threads of the library that call back for subscriptions of ours. */
typedef struct bus_threads {
    tb_bus *bus; /* NULL: there never was one */
    int running; /* by tb_bus.lock */
} bus_threads;

/* Acknowledgements of feed values under way. One round lasts from a flush to the next; the round's number is in the
 * reply subject, so that a late acknowledgement of an earlier round is never counted. Guarded by tb_bus.lock. */
typedef struct bus_flight {
    natsSubscription *acks;
    bus_threads threads; /* of acks */
    char inbox[96];
    uint64_t round;
    int sent, stored, failed;
} bus_flight;

typedef struct bus_identity { /* secret memory */
    tb_key seed;
    char token[2048];
} bus_identity;

struct tb_bus {
    bus_identity *identity;     /* NULL: none */
    char inbox[64];             /* prefix */
    tb_bus_subscription *lists; /* server: of the first site_open */
    /* The connection may be put aside for another one (bus_reopen.c): who uses it or `js` does so within BUS_WAY. */
    pthread_rwlock_t *way, way_lock;
    natsConnection *connection; /* by way, and the next two */
    jsCtx *js;
    uint64_t former;      /* connections that were put aside */
    natsOptions *how;     /* what it was made with */
    pthread_mutex_t list; /* before way, before lock */
    pthread_cond_t renewed;
    tb_bus_subscription *subscriptions; /* by list; made again with each connection */
    int renewing;                       /* by list: they are being ended and made, none may go */
    void (*told)(void *context, int connected);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t watcher;
    int connected, closed, stopping, watching; /* by lock */
    uint64_t made;                             /* by lock: connections so far */
    int ports[BUS_SERVERS_MOST], port_count;   /* bus_silent.c, and the next */
    struct tb_bus *next_watched;               /* by its lock */
    int watched;
    char site[32];            /* by lock: of the last site_open */
    uint64_t site_connection; /* by lock: bus_connection() when it succeeded */
    bus_flight flight;
    uint64_t stored[BUS_PARTS]; /* by lock: the last number that each part has acknowledged to us */
    int replicas;               /* 0: what the cluster offers */
    atomic_int asks;            /* for lists that nobody answered, in a row */
    _Atomic int64_t slow_logged;
};

/* Keeps connection and js in their place until the end of the block. Nests, and may be waited in. */
static inline pthread_rwlock_t *bus_way_in(const tb_bus *bus)
{
    pthread_rwlock_rdlock(bus->way);
    return bus->way;
}
static inline void bus_way_out(pthread_rwlock_t **way)
{
    pthread_rwlock_unlock(*way);
}
#define BUS_WAY(bus) __attribute__((cleanup(bus_way_out))) pthread_rwlock_t *way_ = bus_way_in(bus)

/* Notes what became of the connection, and wakes who waits for that. */
void bus_note(tb_bus *bus, int connected, int closed);
/* With bus->how. TB_OK also when it is not connected yet. */
natsStatus bus_connect(tb_bus *bus, natsConnection **connection, jsCtx **js);
/* Of one of the brokers that will be asked. */
void bus_note_port(tb_bus *bus, const char *url);
/* From here to bus_look_no_more a broker that falls silent is given up, whatever the library is waiting for. 0: no
 * thread. */
int bus_look_out(tb_bus *bus);
void bus_look_no_more(tb_bus *bus);
/* Another connection in the place of one that the library has given up. */
void bus_reopen(tb_bus *bus);
/* Makes a subscription, on this connection and on each that follows. */
tb_status bus_subscribe(tb_bus_subscription *subscription) TB_MUST_CHECK;
tb_status bus_status(natsStatus status);
/* The same for a JetStream call: its error code says more. A pointer, so that the call may stand in the same
 * expression. */
tb_status bus_js_status(natsStatus status, const jsErrCode *code);
/* Number of the present connection, counted by the library the moment it is made (our callback comes later). */
uint64_t bus_connection(const tb_bus *bus);
int bus_site_is_good(const char *site);
void bus_stream_name(const char *site, char out[BUS_NAME_SIZE]);           /* EVENTS_<site> */
int bus_part_of(const char *touchpoint);                                   /* 0..BUS_PARTS-1 */
void bus_bucket_name(const char *site, int part, char out[BUS_NAME_SIZE]); /* KV_feed_<site>-<part> */
void bus_epoch_subject(const char *site, int part, char out[TB_SUBJECT_SIZE]);
/* Server: lets terminals read their lists; once per bus. */
tb_status bus_lists_serve(tb_bus *bus, const char *site) TB_MUST_CHECK;
/* Makes the stream when it is missing, in as many copies as are wanted; one that has fewer is given more. */
tb_status bus_stream_keep(tb_bus *bus, jsStreamConfig *config, int *made, tb_error *why) TB_MUST_CHECK;
int bus_site_is_open(tb_bus *bus, const char *site);
/* Subscribes to the acknowledgements of feed values, once per bus. */
natsStatus bus_feed_listen(tb_bus *bus);
/* Makes the event stream when it is missing. */
tb_status bus_stream_make(tb_bus *bus, const char *site, tb_error *why) TB_MUST_CHECK;
void bus_delivery_of(natsMsg *message, tb_delivery *out);
/* Waits at most `ms`, less when *stop (guarded by bus->lock) is or becomes set. */
void bus_pause(tb_bus *bus, const int *stop, int ms);
struct timespec bus_deadline(int ms);
/* Right after it was made; by bus->lock. */
void bus_threads_note(bus_threads *threads, tb_bus *bus, natsSubscription *subscription);
/* Ends asynchronous subscriptions, all that `threads` were noted for: when it returns, no callback of theirs runs and
 * none ever will, also when their connection is closed. Each may be NULL. */
void bus_subscription_end(bus_threads *threads, natsConnection *connection, natsSubscription **places, int count);
/* Unsubscribes and frees when the reader is certainly past it; waits for one round trip. NULL is allowed. */
void bus_subscription_destroy(natsConnection *connection, natsSubscription *subscription);

#endif
