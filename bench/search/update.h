/* update.h: how long it takes to change a list, ours while another thread searches it without pause. */
#ifndef TEBURA_BENCH_UPDATE_H
#define TEBURA_BENCH_UPDATE_H

#include "search/lists.h"

typedef struct update_times {
    double median, high; /* microseconds; high: of a hundred, one takes longer */
    int count;
} update_times;

typedef struct update_result {
    update_times add, replace, delete; /* ours, beside searches where there is a second processor */
    /* FAISS flat, beside nothing, as it may not be changed while it is searched */
    update_times faiss_add, faiss_delete;
    long searches; /* that went on meanwhile */
} update_result;

/* Comes last: the lists are not as before afterwards. 0 when something could not. */
int update_measure(lists *l, int workers, update_result *out);

#endif
