/* process.h: the programs that `tebura demo` starts: each in a process group of its own, so that Ctrl-C reaches the
 * demo only and it can end them in order; each ended by the kernel should the demo itself be killed. */
#ifndef TEBURA_APP_PROCESS_H
#define TEBURA_APP_PROCESS_H

#include <sys/types.h>

#include <jansson.h>

#include <tebura/status.h>

typedef struct process {
    pid_t pid;     /* 0: not running */
    int out;       /* its standard output */
    char name[48]; /* for messages */
    char log[256]; /* where its standard error goes */
} process;

/* Finds `program` beside this executable. `argv` begins with the program's name. TB_NOT_FOUND, TB_IO. */
tb_status process_start(const char *program, char *const argv[], const char *name, const char *log, process *out,
                        tb_error *why) TB_MUST_CHECK;
/* The one JSON line that it prints when it is ready. TB_TIMEOUT, TB_END_OF_STREAM (it ended: `why` holds the last line
 * of its log), TB_MALFORMED. */
tb_status process_ready(process *running, int seconds, json_t **line, tb_error *why) TB_MUST_CHECK;
int process_is_alive(process *running);
/* SIGTERM now; process_wait collects. */
void process_ask_to_end(const process *running);
/* Waits, kills after `seconds`. 1 when it ended as asked: with exit code 0, or by SIGTERM before it took notice of
 * that itself. */
int process_wait(process *running, int seconds);

/* The directory of this executable. */
tb_status process_own_directory(char *out, size_t size) TB_MUST_CHECK;
/* Removes a directory with everything in it; links are removed, not followed. */
void process_remove_tree(const char *path);

#endif
