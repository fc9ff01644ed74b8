/* catch_up.c: a terminal takes its whole list: new, after its connection was cut, with a thousand others, and after the
 * broker has died with everything it held. */
#include "feed/feed.h"

#include <dirent.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TIMES_MAX = 9, PATIENCE = 120 };

/* Waits until this one has taken a list at or after `since`; ms. */
static double wait_for_one(crowd_terminal *t, int64_t since, size_t size)
{
    int64_t until = since + PATIENCE * TB_SECOND;
    while (!atomic_load(&t->taken) || atomic_load(&t->taken_at) < since) {
        feed_need(tb_clock_monotonic() < until ? TB_OK : TB_TIMEOUT, NULL, t->id);
        usleep(500);
    }
    feed_need(tb_list_count(t->list) == size ? TB_OK : TB_INTERNAL, NULL, "the list has not the size it should have");
    return (double)(atomic_load(&t->taken_at) - since) / 1000;
}

static double received_bytes(int socket)
{
    struct tcp_info about = {0};
    socklen_t size = sizeof about;
    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &about, &size) == 0 ? (double)about.tcpi_bytes_received : 0;
}

static double stored_bytes(const crowd_terminal *t)
{
    char path[512];
    struct stat about;
    snprintf(path, sizeof path, "%s/%d/edge.db", t->crowd->folder, t->number);
    return stat(path, &about) == 0 ? (double)about.st_size : 0;
}

typedef struct one {
    spread fresh, cut;
    double wire, stored; /* bytes an entry */
} one;

static one of_one_terminal(feed_bench *b)
{
    double ms[TIMES_MAX];
    one result = {0};
    crowd_terminal *t = &b->crowd.terminals[feed_lounge(&b->site)];
    size_t size = (size_t)b->options.members;
    int times = b->options.quick ? 2 : TIMES_MAX, socket = -1;
    for (int i = 0; i < times; i++) {
        static crowd_sockets known;
        crowd_forget(t);
        crowd_sockets_now(&b->crowd, &known);
        int64_t begin = tb_clock_monotonic();
        crowd_open(t);
        ms[i] = wait_for_one(t, begin, size);
        socket = crowd_socket_new(&b->crowd, &known);
        result.wire = received_bytes(socket) / (double)size;
    }
    result.stored = stored_bytes(t) / (double)size;
    result.fresh = spread_of(ms, times);
    for (int i = 0; i < times; i++) {
        static crowd_sockets known;
        usleep(200000);
        crowd_sockets_now(&b->crowd, &known);
        for (int k = 0; k < known.count; k++) /* all but its own */
            if (known.fds[k] == socket)
                known.fds[k] = -1;
        int64_t begin = tb_clock_monotonic();
        (void)shutdown(socket, SHUT_RDWR);
        ms[i] = wait_for_one(t, begin, size);
        socket = crowd_socket_new(&b->crowd, &known);
    }
    result.cut = spread_of(ms, times);
    return result;
}

static void line(const char *what, const spread *s, const char *more)
{
    fprintf(stderr, "%-62s %9.0f %9.0f %9.0f  %s\n", what, s->p50, s->p99, s->most, more);
}

json_t *feed_catch_up(feed_bench *b)
{
    char about[80];
    fprintf(stderr, "\n%-62s %9s %9s %9s\n", "until a terminal has its whole list again", "p50 ms", "p99 ms", "max ms");
    one single = of_one_terminal(b);
    snprintf(about, sizeof about, "%.0f bytes an entry on the wire, %.0f on its disk", single.wire, single.stored);
    line("one terminal, empty, its whole list (members of the lounge)", &single.fresh, about);
    line("the same after its connection was cut (it waits 0.25 to 0.5 s)", &single.cut, "");
    int64_t begin = tb_clock_monotonic();
    crowd_cut(&b->crowd);
    spread all = crowd_wait(&b->crowd, begin, PATIENCE, "all connections cut");
    line("every terminal at once, all connections cut", &all, "");
    begin = tb_clock_monotonic();
    feed_need(kill(b->broker, SIGKILL) == 0 ? TB_OK : TB_IO, NULL, "the broker");
    spread killed = crowd_wait(&b->crowd, begin, PATIENCE, "the broker was killed");
    line("every terminal at once, the broker killed: all is written anew", &killed, "");
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:f, s:f}", "entries", b->options.members, "fresh_ms",
                     spread_json(&single.fresh), "cut_ms", spread_json(&single.cut), "all_cut_ms", spread_json(&all),
                     "broker_killed_ms", spread_json(&killed), "bytes_on_wire", single.wire, "bytes_stored",
                     single.stored);
}
