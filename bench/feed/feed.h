/* feed.h: the parts of tebura bench feed: a site of made-up visits, the real teburad and its broker, and a crowd of
 * terminals in this process that are the terminals' own code (store, list, feed, link), each over its own connection.
 * What goes wrong ends the program with a sentence. */
#ifndef BENCH_FEED_H
#define BENCH_FEED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <jansson.h>
#include <tebura/tebura.h>

#include "http_client.h"
#include "process.h"
#include "terminal/link.h"

enum { FEED_DOORS = 5, FEED_ENTRANCES_MAX = 16 };

typedef struct feed_options {
    int terminals, visits, members; /* members are on the list of the one lounge from the beginning */
    int seconds;                    /* of passages at each rate */
    int rates[8], rate_count;
    int events; /* that are applied at once */
    int few;    /* terminals of a first run at one rate, before the others are connected */
    int quick;
    const char *svg, *figures; /* files */
    const char *folder;        /* where the data directory is made */
    const char *database;      /* PostgreSQL's address; NULL: files */
} feed_options;

/* ---- figures ---- */
typedef struct spread {
    double p50, p99, most;
    int count;
} spread;
spread spread_of(double *values, int count); /* sorts them */
json_t *spread_json(const spread *s);
/* Ends the program with a sentence, after `feed_at_end` where it is set. */
void feed_give_up(const char *sentence, ...) __attribute__((format(printf, 1, 2), noreturn));
extern void (*feed_at_end)(const char *sentence);
void feed_need(tb_status status, const tb_error *why, const char *what);
double feed_seconds(void); /* monotonic */
/* Processor time of a process so far, seconds; and its resident memory, MiB. */
double feed_processor(pid_t pid);
double feed_resident(pid_t pid);

/* ---- the site: who is where ---- */
/* Terminals are entrances first, then the lounge, then FEED_DOORS doors for each room. */
typedef struct feed_site {
    const feed_options *options;
    tb_profile *profile;
    int entrances, rooms;
    uint32_t model;
    int dimension;
    tb_id *visits; /* by number */
} feed_site;

void feed_site_init(feed_site *s, const feed_options *options);
int feed_entrance_of(const feed_site *s, int visit);        /* terminal */
int feed_door_of(const feed_site *s, int visit, int which); /* terminal */
int feed_lounge(const feed_site *s);                        /* terminal */
/* What is on this terminal's list before anybody has passed. */
int feed_listed(const feed_site *s, int terminal);
/* Role and attribute of a terminal as its announcement needs them. */
void feed_describe(const feed_site *s, int terminal, tb_touchpoint *out);
/* A management service in `folder` with this profile. */
tb_management *feed_management(const feed_site *s, const char *folder);
/* Announces a terminal and registers it with `keys`; the code is written as text. */
void feed_announce(tb_management *m, const tb_touchpoint *touchpoint, const tb_key_pair *keys, char code[33]);
/* Makes the visits [from, to) with a face each; many in a transaction. */
void feed_fill(feed_site *s, tb_management *m, int from, int to);
/* The event of this terminal's: its touchpoint, the subject that it goes by, and its bytes, added to `plain`. */
void feed_event(const feed_site *s, int terminal, tb_event *event, char subject[64], tb_bytes *plain);
/* Everything that the publisher would send, thrown away; how many. */
int feed_drain(tb_management *m);

/* ---- the crowd: terminals in this process ---- */
typedef struct await {
    tb_id visit;
    int wanted; /* on the list, or off it */
    _Atomic int64_t *when;
} await;

typedef struct crowd_terminal {
    struct crowd *crowd;
    int number;
    char id[TB_TOUCHPOINT_SIZE], code[33];
    tb_key_pair keys;
    tb_registration registration;
    tb_edge_store *store;
    tb_list *list;
    _Atomic(tb_link *) link;
    _Atomic uint64_t taken;   /* how often its present link has caught up */
    _Atomic int64_t taken_at; /* monotonic, of the last one */
    pthread_mutex_t mutex;
    await *awaited;
    int count, capacity;
} crowd_terminal;

typedef struct crowd {
    feed_site *site;
    char folder[256], server[96];
    crowd_terminal *terminals;
    int count, open; /* the first `open` of them are connected */
} crowd;

/* Opens a store for each terminal; their keys are made there. */
void crowd_prepare(crowd *c, feed_site *site, const char *folder);
void crowd_register(crowd *c, tb_management *m);
/* The first `upto`: register again over HTTP, which gives them what a terminal is told, and connect. */
void crowd_connect(crowd *c, const char *server, int upto);
void crowd_open(crowd_terminal *t); /* the link of one */
void crowd_close(crowd_terminal *t);
/* Its list as of a new machine: link closed, store and list empty. */
void crowd_forget(crowd_terminal *t);
/* Waits until every terminal that is open has taken a whole list at or after `since` (monotonic, us), `most` seconds at
 * most. When they had it, in ms after `since`; *missing of them count with the time that was waited. */
spread crowd_wait(crowd *c, int64_t since, double most, const char *what, int *missing);
/* Those that have no list yet, as if their programs were started again; how many. */
int crowd_start_again(crowd *c);
/* Cuts every connection of this process to the broker, as if a switch had been restarted. */
void crowd_cut(const crowd *c);
/* The one connection to the broker that is not among `known`; all of them now. */
enum { CROWD_SOCKETS_MAX = 4096 };
typedef struct crowd_sockets {
    int fds[CROWD_SOCKETS_MAX], count;
} crowd_sockets;
void crowd_sockets_now(const crowd *c, crowd_sockets *out);
int crowd_socket_new(const crowd *c, const crowd_sockets *known);
double crowd_received(int socket); /* bytes that it has brought so far */
/* Nobody is waited for any more. */
void crowd_expect_nothing(crowd *c);
void crowd_free(crowd *c);
void crowd_expect(crowd_terminal *t, tb_id visit, int wanted, _Atomic int64_t *when);
/* The visit passes here, as a real terminal does it: recorded in its store, dropped from its list, published. */
void crowd_pass(crowd_terminal *t, tb_id visit);

/* ---- measurements: each prints its table on standard error and answers its figures ---- */
typedef struct feed_bench {
    feed_options options;
    feed_site site;
    crowd crowd;
    process server;
    http_client *http;
    pid_t broker;
    char url[96], data[256], stores[256];
    int next_visit;   /* where to look for who has not passed their entrance yet */
    char *has_passed; /* by visit */
    int *passed;      /* who has, in order */
    int passed_count;
    int next_seated; /* of these: who has not passed the door of their room */
} feed_bench;

typedef struct feed_work { /* processor seconds of each side */
    double server, broker, terminals;
} feed_work;
feed_work feed_work_since(const feed_bench *b, const feed_work *before); /* NULL: since they began */

json_t *feed_counts(feed_bench *b); /* of the server */
/* Who has not passed, and whose doors are all connected: counts as passed from now on. -1: nobody. */
int feed_next_to_enter(feed_bench *b);
json_t *feed_idle(feed_bench *b);               /* what it costs that nobody passes */
json_t *feed_passages(feed_bench *b, int rate); /* 0: every rate of the options */
json_t *feed_removals(feed_bench *b);
json_t *feed_catch_up(feed_bench *b);
json_t *feed_herd(feed_bench *b);
pid_t feed_child_of(pid_t parent, const char *name); /* 0: none */
json_t *feed_durable(feed_bench *b);
json_t *feed_cost(const feed_options *options);    /* by the library, without programs */
json_t *feed_commits(const feed_options *options); /* what a commit costs without our work */
/* The same sizes and rates through a broker of its own and the client library alone. */
json_t *feed_peer(const feed_options *options, const feed_site *site);
/* The moments of `count` passages at `rate` a second, in microseconds from the first, by chance as people come. */
void feed_moments(int rate, int count, int64_t *out);
void feed_sleep_until(int64_t monotonic);
/* What a passage takes of the time that the broker alone takes. */
json_t *feed_ratios(json_t *passages, json_t *floors);
/* 0 when it cannot be written, which has been told. */
int feed_draw(const char *path, json_t *figures);

#endif
