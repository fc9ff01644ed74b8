/* site.h: a real teburad with its own broker in a temporary folder, for benchmarks. What goes wrong ends the program
 * with a sentence. */
#ifndef TEBURA_BENCH_SITE_H
#define TEBURA_BENCH_SITE_H

#include <jansson.h>

#include "http_client.h"
#include "process.h"

typedef struct site {
    process server;
    http_client *http;
    char folder[64], profile[256], url[96];
} site;

void site_need(tb_status status, const tb_error *why, const char *what);
void site_start(site *s);
void site_stop(site *s); /* ends the server and removes the folder */
/* Takes `body`; the answer is the caller's. */
json_t *site_call(site *s, const char *method, const char *path, json_t *body);
/* Announces a terminal of gate 12; the code is written as hex text. */
void site_announce(site *s, const char *id, const char *role, const char *zone, char code[33]);
/* Resident memory of a process now and at its highest, MiB. */
void site_memory(pid_t pid, double *now, double *highest);

#endif
