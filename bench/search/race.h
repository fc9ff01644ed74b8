/* race.h: several ways to do the same, measured by turns on the same threads, so that what else the machine does hits
 * all of them alike. What counts is the processor time of the searching threads; the wall clock is kept too. */
#ifndef TEBURA_BENCH_RACE_H
#define TEBURA_BENCH_RACE_H

enum { RACE_WORKERS = 2, RACE_PROBES = 128, RACE_BATCH = 64, RACE_RUNNERS_MAX = 6 };

typedef struct race_runner {
    /* Searches for probes first .. first + count - 1 of RACE_PROBES, together. 0 when it could not. */
    int (*run)(void *context, int worker, int first, int count);
    void *context;
} race_runner;

typedef struct race_result {
    double ms, wall_ms; /* medians for one probe: time of the slower thread over the probes of all threads */
    int rounds, batch;  /* how many at once: less than asked when that many would have taken too long */
} race_result;

/* Two processors for two workers; one, where this process may use only one. The first worker is the calling thread. */
int race_open(void); /* how many workers there are; 0: none could be made */
void race_close(void);
/* Each worker keeps to one processor meanwhile. `seconds` for each runner, and at least three rounds; a batch that
 * takes six times as long is made smaller. 0 when a runner could not. */
int race(const race_runner *runners, int count, int workers, int batch, double seconds, race_result *out);
/* Runs once on the other worker, beside what the caller does; race_join waits for it. Needs two workers. */
void race_beside(int (*act)(void *context), void *context);
int race_join(void);

#endif
