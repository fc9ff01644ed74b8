/* catch_up.c: a terminal takes its whole list: new, after its connection was cut, with a thousand others, and after the
 * broker has died with everything it held. */
#include "feed/feed.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TIMES_MAX = 9, PATIENCE = 60 };

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
        result.wire = crowd_received(socket) / (double)size;
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

/* Everybody comes back at once. */
static json_t *herd(feed_bench *b, int64_t begin, const feed_work *before, const char *what)
{
    static crowd_sockets now;
    char about[120];
    double bytes = 0;
    int missing;
    spread all = crowd_wait(&b->crowd, begin, PATIENCE, what, &missing);
    feed_work work = feed_work_since(b, before);
    crowd_sockets_now(&b->crowd, &now);
    for (int i = 0; i < now.count; i++)
        bytes += crowd_received(now.fds[i]);
    snprintf(about, sizeof about, "%.1f MB; processor s: server %.1f, broker %.1f, terminals %.1f", bytes / 1e6,
             work.server, work.broker, work.terminals);
    line(what, &all, about);
    return json_pack("{s:o, s:i, s:f, s:f, s:f, s:f}", "ms", spread_json(&all), "missing", missing, "bytes", bytes,
                     "server_s", work.server, "broker_s", work.broker, "terminals_s", work.terminals);
}

static json_t *herd_cut(feed_bench *b)
{
    feed_work before = feed_work_since(b, NULL);
    int64_t begin = tb_clock_monotonic();
    crowd_cut(&b->crowd);
    return herd(b, begin, &before, "every terminal at once, all connections cut");
}

/* The broker that comes has used no processor yet. */
static json_t *herd_killed(feed_bench *b)
{
    feed_work before = feed_work_since(b, NULL);
    int64_t begin = tb_clock_monotonic();
    before.broker = 0;
    feed_need(kill(b->broker, SIGKILL) == 0 ? TB_OK : TB_IO, NULL, "the broker");
    for (pid_t next = b->broker; next == b->broker || !next; usleep(10000)) {
        next = feed_child_of(b->server.pid, "nats-server");
        feed_need(tb_clock_monotonic() - begin < PATIENCE * TB_SECOND ? TB_OK : TB_TIMEOUT, NULL, "another broker");
        if (next && next != b->broker) {
            b->broker = next;
            break;
        }
    }
    return herd(b, begin, &before, "every terminal at once, the broker killed: all is written anew");
}

json_t *feed_catch_up(feed_bench *b)
{
    char about[80];
    fprintf(stderr, "\n%-62s %9s %9s %9s\n", "until a terminal has its whole list again", "p50 ms", "p99 ms", "max ms");
    one single = of_one_terminal(b);
    snprintf(about, sizeof about, "%.0f bytes an entry on the wire, %.0f on its disk", single.wire, single.stored);
    line("one terminal, empty, its whole list (members of the lounge)", &single.fresh, about);
    line("the same after its connection was cut (it waits 0.25 to 0.5 s)", &single.cut, "");
    return json_pack("{s:i, s:o, s:o, s:f, s:f}", "entries", b->options.members, "fresh_ms", spread_json(&single.fresh),
                     "cut_ms", spread_json(&single.cut), "bytes_on_wire", single.wire, "bytes_stored", single.stored);
}

json_t *feed_herd(feed_bench *b)
{
    json_t *cut = herd_cut(b), *killed = herd_killed(b);
    return json_pack("{s:i, s:o, s:o}", "terminals", b->crowd.open, "cut", cut, "broker_killed", killed);
}
