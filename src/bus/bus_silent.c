/* bus_silent.c: the library waits without end for a broker that falls silent: in a TLS handshake, which it does without
 * a limit of time (nats.c up to 3.10), and when it writes and nobody reads. It holds its lock meanwhile, so that every
 * call about the connection waits as well. A thread of ours, which asks the library nothing, ends such a connection
 * from below; to the library that is a network that has failed, and it goes on by itself. */
#include "bus/bus_private.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

/* No descriptor is copied: closing the copy of one that has become a file meanwhile would drop the locks on it. */
static void end_silent(const tb_bus *bus)
{
    DIR *all = opendir("/proc/self/fd");
    if (!all)
        return;
    for (struct dirent *one; (one = readdir(all));) {
        int fd = (int)strtol(one->d_name, NULL, 10), port = fd > 2 ? port_at_the_other_end(fd) : 0, ours = 0;
        for (int i = 0; port && i < bus->port_count; i++)
            ours |= port == bus->ports[i];
        if (!ours || !is_silent(fd) || shutdown(fd, SHUT_RDWR) != 0)
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

static void *look_out(void *context)
{
    tb_bus *bus = context;
    pthread_mutex_lock(&bus->lock);
    while (!bus->gone) {
        struct timespec until = bus_deadline(LOOK_MS);
        while (!bus->gone && pthread_cond_timedwait(&bus->changed, &bus->lock, &until) == 0)
            ;
        int gone = bus->gone, connected = bus->connected;
        pthread_mutex_unlock(&bus->lock);
        if (!gone && (!connected || is_in_use(bus)))
            end_silent(bus);
        pthread_mutex_lock(&bus->lock);
    }
    pthread_mutex_unlock(&bus->lock);
    return NULL;
}

int bus_look_out(tb_bus *bus)
{
    bus->looking_out = pthread_create(&bus->lookout, NULL, look_out, bus) == 0;
    return bus->looking_out;
}

void bus_look_no_more(tb_bus *bus)
{
    pthread_mutex_lock(&bus->lock);
    bus->gone = 1;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->lock);
    if (bus->looking_out)
        pthread_join(bus->lookout, NULL);
    bus->looking_out = 0;
}
