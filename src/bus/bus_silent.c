/* bus_silent.c: the library waits without end for a broker that falls silent: in a TLS handshake, which it does without
 * a limit of time (nats.c up to 3.10), and when it writes and nobody reads. It holds its lock meanwhile, so that every
 * call about the connection waits as well. A thread of ours, which asks the library nothing, ends such a connection
 * from below; to the library that is a network that has failed, and it goes on by itself. */
#include "bus/bus_private.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <tebura/log.h>

#define LOOK_MS 2500
#define SILENT_MS 11000u /* whoever is connected hears an answer every BUS_PING_MS */

_Static_assert(SILENT_MS > 2 * BUS_PING_MS, "a connection that is only idle is left alone");

void bus_note_port(tb_bus *bus, const char *url)
{
    const char *host = strstr(url, "://"), *colon = strrchr(host ? host + 3 : url, ':');
    long port = colon ? strtol(colon + 1, NULL, 10) : 0;
    if (bus->port_count < BUS_SERVERS_MOST)
        bus->ports[bus->port_count++] = port > 0 && port < 65536 ? (int)port : 4222;
}

/* 0: none, or no connection of this kind. */
static int port_at_the_other_end(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t size = sizeof address;
    if (getpeername(fd, &address.any, &size) != 0)
        return 0;
    return address.any.sa_family == AF_INET    ? ntohs(address.v4.sin_port)
           : address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port)
                                               : 0;
}

static int is_silent(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_ESTABLISHED &&
           info.tcpi_last_data_recv > SILENT_MS;
}

/* Ports of brokers that some bus of ours waits for, a bit each. */
typedef struct awaited {
    uint8_t bits[65536 / 8];
    int any;
} awaited;

static void await(awaited *all, int port)
{
    all->bits[port / 8] |= (uint8_t)(1 << port % 8);
    all->any = 1;
}

static int is_awaited(const awaited *all, int port)
{
    return all->bits[port / 8] >> port % 8 & 1;
}

/* No descriptor is copied: closing the copy of one that has become a file meanwhile would drop the locks on it. */
static void end_silent(const awaited *ports)
{
    DIR *all = opendir("/proc/self/fd");
    if (!all)
        return;
    for (struct dirent *one; (one = readdir(all));) {
        int fd = (int)strtol(one->d_name, NULL, 10), port = fd > 2 ? port_at_the_other_end(fd) : 0;
        if (!port || !is_awaited(ports, port) || !is_silent(fd) || shutdown(fd, SHUT_RDWR) != 0)
            continue;
        tb_log(TB_LOG_WARNING, "bus", "the broker at port %d has been silent for %u s: its connection is ended", port,
               SILENT_MS / 1000);
    }
    closedir(all);
}

/* Somebody is within a call, perhaps for ever. */
static int is_in_use(tb_bus *bus)
{
    if (pthread_rwlock_trywrlock(bus->way) != 0)
        return 1;
    pthread_rwlock_unlock(bus->way);
    return 0;
}

/* Never waits for a lock: it may be held by somebody who waits for the library. */
static int waits(tb_bus *bus)
{
    if (pthread_mutex_trylock(&bus->lock) != 0)
        return 1;
    int connected = bus->connected;
    pthread_mutex_unlock(&bus->lock);
    return !connected || is_in_use(bus);
}

/* ---- one thread for all buses of the process: there may be a thousand of them ---- */

static struct {
    pthread_mutex_t turn; /* begins and ends the thread; before lock, which is before a bus' own */
    pthread_mutex_t lock; /* the rest */
    pthread_cond_t changed;
    pthread_t thread;
    tb_bus *buses; /* by next_watched */
} lookout = {.turn = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER};

static void *look_out(void *context)
{
    (void)context;
    pthread_mutex_lock(&lookout.lock);
    while (lookout.buses) {
        struct timespec until = bus_deadline(LOOK_MS);
        while (lookout.buses && pthread_cond_timedwait(&lookout.changed, &lookout.lock, &until) == 0)
            ;
        awaited ports = {0};
        for (tb_bus *bus = lookout.buses; bus; bus = bus->next_watched)
            for (int i = 0, awaits = waits(bus); awaits && i < bus->port_count; i++)
                await(&ports, bus->ports[i]);
        pthread_mutex_unlock(&lookout.lock);
        if (ports.any)
            end_silent(&ports);
        pthread_mutex_lock(&lookout.lock);
    }
    pthread_mutex_unlock(&lookout.lock);
    return NULL;
}

static int begin(void)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return 0;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&lookout.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int begun = pthread_create(&lookout.thread, NULL, look_out, NULL) == 0;
    if (!begun)
        pthread_cond_destroy(&lookout.changed);
    return begun;
}

int bus_look_out(tb_bus *bus)
{
    pthread_mutex_lock(&lookout.turn);
    pthread_mutex_lock(&lookout.lock);
    int first = !lookout.buses;
    bus->next_watched = lookout.buses;
    lookout.buses = bus;
    bus->watched = !first || begin();
    if (!bus->watched)
        lookout.buses = NULL;
    pthread_mutex_unlock(&lookout.lock);
    pthread_mutex_unlock(&lookout.turn);
    return bus->watched;
}

void bus_look_no_more(tb_bus *bus)
{
    if (!bus->watched)
        return;
    pthread_mutex_lock(&lookout.turn);
    pthread_mutex_lock(&lookout.lock);
    tb_bus **place = &lookout.buses;
    while (*place != bus)
        place = &(*place)->next_watched;
    *place = bus->next_watched;
    int last = !lookout.buses;
    if (last)
        pthread_cond_broadcast(&lookout.changed);
    pthread_mutex_unlock(&lookout.lock);
    if (last) {
        pthread_join(lookout.thread, NULL);
        pthread_cond_destroy(&lookout.changed);
    }
    pthread_mutex_unlock(&lookout.turn);
    bus->watched = 0;
}
