/* update.c: see update.h. The wall clock, as waiting for a search to end is part of it. */
#include "search/update.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/secret.h>

enum { TIMES = 1000, FAISS_TIMES = 50, SECONDS_MAX = 3 };

struct searching {
    lists *l;
    atomic_int enough;
    atomic_long searches;
};

static double microseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static update_times summary(double *times, int count)
{
    qsort(times, (size_t)count, sizeof *times, by_value);
    return (update_times){.median = times[count / 2], .high = times[count * 99 / 100], .count = count};
}

static int search_on(void *context)
{
    struct searching *s = context;
    for (int p = 0; !atomic_load(&s->enough); p = (p + 1) % RACE_PROBES) {
        if (!lists_search_ours(s->l, 1, p, 1))
            return 0;
        atomic_fetch_add(&s->searches, 1);
    }
    return 1;
}

/* One kind of change `count` times: new ids behind the last, replaced rows in the middle, the new ids again away. */
enum change { ADD, REPLACE, DELETE };

/* Stops when SECONDS_MAX have passed. */
static int change_ours(lists *l, enum change change, int count, update_times *out)
{
    double times[TIMES], end = microseconds() + SECONDS_MAX * 1e6;
    float row[DATA_DIMENSION_MAX];
    tb_template template = {0};
    tb_status status = TB_OK;
    int i = 0;
    for (; i < count && status == TB_OK && (i == 0 || microseconds() < end); i++) {
        size_t which = change == REPLACE ? (size_t)i * (l->made.rows / TIMES) : l->made.rows + (size_t)i;
        tb_id id = lists_id(which);
        data_row(&l->made, which, row);
        lists_template(l, row, &template);
        double begin = microseconds();
        status = change == DELETE ? tb_gallery_remove(l->gallery, id) : tb_gallery_put(l->gallery, id, &template, 1);
        times[i] = microseconds() - begin;
        /* A pause, as changes do not come in a row; not measured. */
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    tb_wipe(&template, sizeof template);
    *out = summary(times, i);
    return status == TB_OK;
}

static int change_faiss(lists *l, update_result *out)
{
    double times[FAISS_TIMES], end = microseconds() + SECONDS_MAX * 1e6;
    float row[DATA_DIMENSION_MAX];
    int done = 1, i = 0;
    for (; i < FAISS_TIMES && done; i++) {
        data_row(&l->made, l->made.rows + (size_t)i, row);
        double begin = microseconds();
        done = faiss_peer_add(l->flat, row, 1);
        times[i] = microseconds() - begin;
    }
    out->faiss_add = summary(times, FAISS_TIMES);
    for (i = 0; i < FAISS_TIMES && done && (i == 0 || microseconds() < end); i++) {
        double begin = microseconds();
        done = faiss_peer_remove(l->flat, (int64_t)(l->made.rows / 2));
        times[i] = microseconds() - begin;
    }
    out->faiss_delete = summary(times, i);
    return done;
}

int update_measure(lists *l, int workers, update_result *out)
{
    struct searching s = {.l = l};
    memset(out, 0, sizeof *out);
    if (workers == 2)
        race_beside(search_on, &s);
    int done = change_ours(l, ADD, TIMES, &out->add) && change_ours(l, REPLACE, TIMES, &out->replace) &&
               change_ours(l, DELETE, out->add.count, &out->delete);
    atomic_store(&s.enough, 1);
    if (workers == 2)
        done &= race_join();
    out->searches = atomic_load(&s.searches);
    return done && (!l->flat || change_faiss(l, out));
}
