/* bench_programs.c: how long each program takes from its start to being ready (its own word: the JSON line; the
 * command: its end), and how much memory it holds then. Median of several starts; a terminal's first start makes keys
 * and registers, the later ones do not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/clock.h>

#include "support/site.h"

enum { STARTS = 5 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

typedef struct figures {
    double ms[STARTS], memory, highest;
} figures;

static json_t *report(const char *name, figures *f)
{
    double first = f->ms[0];
    qsort(f->ms, STARTS, sizeof *f->ms, by_value);
    fprintf(stderr, "%-14s ready after %8.1f ms (first start %8.1f), memory %7.1f MiB, at most %7.1f\n", name,
            f->ms[STARTS / 2], first, f->memory, f->highest);
    return json_pack("{sf sf sf sf}", "ready_ms", f->ms[STARTS / 2], "first_start_ms", first, "memory_mib", f->memory,
                     "memory_highest_mib", f->highest);
}

static json_t *measure_server(void)
{
    figures f = {0};
    for (int i = 0; i < STARTS; i++) {
        site s = {0};
        int64_t begin = tb_clock_monotonic();
        site_start(&s);
        f.ms[i] = (double)(tb_clock_monotonic() - begin) / 1000;
        site_memory(s.server.pid, &f.memory, &f.highest);
        site_stop(&s);
    }
    return report("teburad", &f);
}

static json_t *measure_terminal(void)
{
    figures f = {0};
    site s = {0};
    char code[33], data[96], log[96];
    site_start(&s);
    site_announce(&s, "security-1", "security", "security_area", code);
    snprintf(data, sizeof data, "%s/edge", s.folder);
    snprintf(log, sizeof log, "%s/edge.log", s.folder);
    for (int i = 0; i < STARTS; i++) {
        process edge = {0};
        json_t *line = NULL;
        tb_error why = {0};
        const char *argv[] = {"tebura-edge", "--data",   data,       "--server", s.url, "--profile",
                              s.profile,     "--camera", "virtual:", "--code",   code,  NULL};
        if (i > 0)
            argv[9] = NULL; /* registered */
        int64_t begin = tb_clock_monotonic();
        site_need(process_start("tebura-edge", (char **)argv, "tebura-edge", log, &edge, &why), &why, "tebura-edge");
        site_need(process_ready(&edge, 30, &line, &why), &why, "tebura-edge");
        f.ms[i] = (double)(tb_clock_monotonic() - begin) / 1000;
        sleep(1); /* what it takes after being ready counts as well */
        site_memory(edge.pid, &f.memory, &f.highest);
        json_decref(line);
        process_ask_to_end(&edge);
        process_wait(&edge, 10);
    }
    site_stop(&s);
    return report("tebura-edge", &f);
}

static json_t *measure_command(void)
{
    figures f = {0};
    for (int i = 0; i < STARTS; i++) {
        process command = {0};
        tb_error why = {0};
        const char *argv[] = {"tebura", "--version", NULL};
        int64_t begin = tb_clock_monotonic();
        site_need(process_start("tebura", (char **)argv, "tebura", "/dev/null", &command, &why), &why, "tebura");
        process_wait(&command, 10);
        f.ms[i] = (double)(tb_clock_monotonic() - begin) / 1000;
    }
    return report("tebura", &f);
}

int main(void)
{
    json_t *server = measure_server(), *terminal = measure_terminal(), *command = measure_command();
    json_t *out = json_pack("{so so so}", "teburad", server, "tebura_edge", terminal, "tebura_version", command);
    json_dumpf(out, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(out);
    return 0;
}
