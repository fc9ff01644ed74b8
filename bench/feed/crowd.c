/* crowd.c: many terminals in one process: each with its own keys, store, list, feed and link, which are the terminals'
 * own code; only camera, screen and door are missing. Their stores lie in memory: a thousand terminals have a thousand
 * disks, and not the server's. */
#include "feed/feed.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "terminal/registration.h"

enum { STACK = 512 << 10, REGISTER_MS = 30000 };

/* ---- what the link tells ---- */

static void answered(void *context, const tb_answer *answer)
{
    (void)context, (void)answer;
}

static void beat(void *context, tb_heartbeat *heartbeat)
{
    (void)context;
    snprintf(heartbeat->state, sizeof heartbeat->state, "idle");
    heartbeat->simulation = 1;
}

/* After every work on its list: who was waited for? */
static void changed(void *context)
{
    crowd_terminal *t = context;
    int64_t now = tb_clock_monotonic();
    tb_link_view view;
    tb_link *link = atomic_load(&t->link);
    if (link) {
        tb_link_look(link, &view);
        if (view.caught_up > atomic_load(&t->taken)) {
            atomic_store(&t->taken_at, now);
            atomic_store(&t->taken, view.caught_up);
        }
    }
    pthread_mutex_lock(&t->mutex);
    for (int i = 0; i < t->count;) {
        await *a = &t->awaited[i];
        if (tb_list_has(t->list, a->visit) == a->wanted) {
            atomic_store(a->when, now);
            *a = t->awaited[--t->count];
        } else {
            i++;
        }
    }
    pthread_mutex_unlock(&t->mutex);
}

void crowd_expect(crowd_terminal *t, tb_id visit, int wanted, _Atomic int64_t *when)
{
    pthread_mutex_lock(&t->mutex);
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 16;
        t->awaited = realloc(t->awaited, (size_t)t->capacity * sizeof *t->awaited);
        feed_need(t->awaited ? TB_OK : TB_NO_MEMORY, NULL, "what is waited for");
    }
    t->awaited[t->count++] = (await){visit, wanted, when};
    pthread_mutex_unlock(&t->mutex);
}

void crowd_expect_nothing(crowd *c)
{
    for (int i = 0; i < c->open; i++) {
        pthread_mutex_lock(&c->terminals[i].mutex);
        c->terminals[i].count = 0;
        pthread_mutex_unlock(&c->terminals[i].mutex);
    }
}

void crowd_pass(crowd_terminal *t, tb_id visit)
{
    tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = visit, .duration = 300000};
    tb_drop drop = {visit, tb_list_sequence_of(t->list, visit)};
    feed_need(tb_edge_store_record(t->store, &event, tb_clock_now(), &drop), NULL, "an event");
    feed_need(tb_list_drop(t->list, visit, 0), NULL, "an entry");
    tb_link_wake(t->link);
}

/* ---- made and connected ---- */

static void folder_of(const crowd_terminal *t, const char *kind, char out[300])
{
    snprintf(out, 300, "%s/%s%d", t->crowd->folder, kind, t->number);
}

static void open_store(crowd_terminal *t)
{
    char folder[300];
    tb_error why = {0};
    folder_of(t, "", folder);
    feed_need(tb_edge_store_open(folder, &t->store, &why), &why, "a terminal's store");
}

void crowd_prepare(crowd *c, feed_site *site, const char *folder)
{
    struct rlimit files;
    *c = (crowd){.site = site, .count = site->options->terminals};
    snprintf(c->folder, sizeof c->folder, "%s", folder);
    c->terminals = calloc((size_t)c->count, sizeof *c->terminals);
    feed_need(c->terminals ? TB_OK : TB_NO_MEMORY, NULL, "terminals");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    for (int i = 0; i < c->count; i++) {
        crowd_terminal *t = &c->terminals[i];
        tb_touchpoint about;
        feed_describe(site, i, &about);
        t->crowd = c;
        t->number = i;
        memcpy(t->id, about.id, sizeof t->id);
        pthread_mutex_init(&t->mutex, NULL);
        open_store(t);
        feed_need(tb_edge_store_keys(t->store, &t->keys), NULL, "keys");
    }
}

void crowd_register(crowd *c, tb_management *m)
{
    for (int i = 0; i < c->count; i++) {
        tb_touchpoint about;
        feed_describe(c->site, i, &about);
        feed_announce(m, &about, &c->terminals[i].keys, c->terminals[i].code);
    }
}

static void new_list(crowd_terminal *t)
{
    tb_model model = {.id = t->registration.model,
                      .dimension = (uint16_t)t->registration.dimension,
                      .calibration = {.knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f}};
    feed_need(tb_list_new(&model, 1, &t->list), NULL, "a list");
}

void crowd_open(crowd_terminal *t)
{
    tb_error why = {0};
    tb_link_options options = {.store = t->store,
                               .list = t->list,
                               .registration = &t->registration,
                               .keys = &t->keys,
                               .answered = answered,
                               .changed = changed,
                               .beat = beat,
                               .context = t};
    tb_link *link;
    atomic_store(&t->taken, 0);
    feed_need(tb_link_open(&options, &link, &why), &why, "a terminal's link");
    atomic_store(&t->link, link);
}

void crowd_close(crowd_terminal *t)
{
    tb_link *link = atomic_exchange(&t->link, NULL); /* the courier may still look at it until it has ended */
    tb_link_free(&link);
}

static void copy_folder(const char *from, const char *to)
{
    char path[600];
    process_remove_tree(to);
    feed_need(mkdir(to, 0700) == 0 ? TB_OK : TB_IO, NULL, to);
    DIR *folder = opendir(from);
    for (struct dirent *item; folder && (item = readdir(folder));) {
        tb_bytes content = {0};
        snprintf(path, sizeof path, "%s/%s", from, item->d_name);
        if (item->d_name[0] == '.' || tb_file_read(path, 1 << 24, &content, NULL) != TB_OK)
            continue;
        snprintf(path, sizeof path, "%s/%s", to, item->d_name);
        feed_need(tb_file_write(path, tb_bytes_span(&content), NULL), NULL, path);
        tb_bytes_free(&content);
    }
    if (folder)
        closedir(folder);
}

/* Back to the store as it was after the registration, whose key the server knows. */
void crowd_forget(crowd_terminal *t)
{
    char own[300], kept[300];
    folder_of(t, "", own);
    folder_of(t, "kept-", kept);
    crowd_close(t);
    tb_list_free(&t->list);
    tb_edge_store_free(&t->store);
    copy_folder(kept, own);
    open_store(t);
    new_list(t);
}

/* Many threads, each with little on its stack. */
static void use_small_stacks(void)
{
    pthread_attr_t attributes;
    if (pthread_getattr_default_np(&attributes) == 0) {
        if (pthread_attr_setstacksize(&attributes, STACK) == 0)
            (void)pthread_setattr_default_np(&attributes);
        pthread_attr_destroy(&attributes);
    }
}

static void connect_one(crowd *c, crowd_terminal *t)
{
    tb_error why = {0};
    feed_need(tb_register_at(c->server, t->code, &t->keys, REGISTER_MS, &t->registration, &why), &why,
              "a registration");
    feed_need(tb_edge_store_register(t->store, &t->registration), NULL, "a registration");
    if (t->number == feed_lounge(c->site)) {
        char own[300], kept[300];
        folder_of(t, "", own);
        folder_of(t, "kept-", kept);
        copy_folder(own, kept); /* between transactions its files are whole */
    }
    new_list(t);
    crowd_open(t);
}

void crowd_connect(crowd *c, const char *server, int upto)
{
    use_small_stacks();
    snprintf(c->server, sizeof c->server, "%s", server);
    for (; c->open < upto; c->open++) {
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r%d of %d terminals\r", c->open, upto);
        connect_one(c, &c->terminals[c->open]);
    }
}

static int has_its_list(crowd_terminal *t, int64_t since)
{
    return atomic_load(&t->taken) && atomic_load(&t->taken_at) >= since;
}

static void tell_late(crowd_terminal *t, const char *what, int missing)
{
    tb_link_view view = {0};
    tb_link_look(t->link, &view);
    fprintf(stderr, "%s: %d have no list; %s is connected %d, %zu entries, %llu times caught up\n", what, missing, t->id,
            view.connected, tb_list_count(t->list), (unsigned long long)view.caught_up);
}

spread crowd_wait(crowd *c, int64_t since, double most, const char *what, int *missing)
{
    double *ms = calloc((size_t)c->count, sizeof *ms);
    int64_t until = tb_clock_monotonic() + (int64_t)(most * 1e6);
    crowd_terminal *late = NULL;
    feed_need(ms ? TB_OK : TB_NO_MEMORY, NULL, what);
    *missing = 0;
    for (int i = 0; i < c->open;) {
        crowd_terminal *t = &c->terminals[i];
        int has = has_its_list(t, since);
        if (!has && tb_clock_monotonic() < until) {
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
            continue;
        }
        late = has ? late : t;
        *missing += !has;
        ms[i++] = (double)((has ? atomic_load(&t->taken_at) : tb_clock_monotonic()) - since) / 1000;
    }
    if (late)
        tell_late(late, what, *missing);
    spread s = spread_of(ms, c->open);
    free(ms);
    return s;
}

int crowd_start_again(crowd *c)
{
    int count = 0;
    for (int i = 0; i < c->open; i++)
        if (!has_its_list(&c->terminals[i], 0)) {
            crowd_close(&c->terminals[i]);
            crowd_open(&c->terminals[i]);
            count++;
        }
    return count;
}

/* ---- sockets ---- */

static int broker_port(const crowd *c)
{
    const char *colon = strrchr(c->terminals[0].registration.nats_url, ':');
    return colon ? atoi(colon + 1) : 0;
}

void crowd_sockets_now(const crowd *c, crowd_sockets *out)
{
    DIR *folder = opendir("/proc/self/fd");
    int port = broker_port(c);
    out->count = 0;
    for (struct dirent *item; folder && (item = readdir(folder));) {
        int fd = atoi(item->d_name);
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        if (out->count < CROWD_SOCKETS_MAX && getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
            peer.sin_family == AF_INET && ntohs(peer.sin_port) == port)
            out->fds[out->count++] = fd;
    }
    if (folder)
        closedir(folder);
}

int crowd_socket_new(const crowd *c, const crowd_sockets *known)
{
    crowd_sockets now;
    crowd_sockets_now(c, &now);
    for (int i = 0; i < now.count; i++) {
        int old = 0;
        for (int k = 0; k < known->count; k++)
            old |= known->fds[k] == now.fds[i];
        if (!old)
            return now.fds[i];
    }
    return -1;
}

double crowd_received(int socket)
{
    struct tcp_info about = {0};
    socklen_t size = sizeof about;
    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &about, &size) == 0 ? (double)about.tcpi_bytes_received : 0;
}

void crowd_cut(const crowd *c)
{
    crowd_sockets now;
    crowd_sockets_now(c, &now);
    for (int i = 0; i < now.count; i++)
        (void)shutdown(now.fds[i], SHUT_RDWR);
}

void crowd_free(crowd *c)
{
    for (int i = 0; i < c->count; i++) {
        crowd_terminal *t = &c->terminals[i];
        crowd_close(t);
        tb_list_free(&t->list);
        tb_edge_store_free(&t->store);
        pthread_mutex_destroy(&t->mutex);
        free(t->awaited);
    }
    free(c->terminals);
    c->terminals = NULL;
}
