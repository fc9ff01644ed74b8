/* process.c: fork, exec, one line, end. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tebura/bytes.h>
#include <tebura/clock.h>

enum { LINE_LENGTH_MAX = 8192 };

tb_status process_own_directory(char *out, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", out, size - 1);
    if (length <= 0 || (size_t)length >= size - 1)
        return TB_IO;
    out[length] = '\0';
    *strrchr(out, '/') = '\0';
    return TB_OK;
}

static void become(const char *path, char *const argv[], int out, int log, pid_t parent)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (nothing < 0 || setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
        _exit(126);
    if (dup2(nothing, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    execv(path, argv);
    _exit(127);
}

tb_status process_start(const char *program, char *const argv[], const char *name, const char *log, process *out,
                        tb_error *why)
{
    char path[512];
    int ends[2];
    *out = (process){0};
    if (process_own_directory(path, sizeof path - 64) != TB_OK)
        return tb_fail(why, TB_IO, "cannot tell where this program lies");
    strcat(strcat(path, "/"), program);
    if (access(path, X_OK) != 0)
        return tb_fail(why, TB_NOT_FOUND, "%s is not beside this program: build or install all of Tebura", program);
    int errors = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (errors < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        if (errors >= 0)
            close(errors);
        return tb_fail(why, TB_IO, "cannot prepare to start %s: %s", program, strerror(errno));
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(path, argv, ends[1], errors, parent);
    close(ends[1]);
    close(errors);
    if (pid < 0) {
        close(ends[0]);
        return tb_fail(why, TB_IO, "cannot start %s: %s", program, strerror(errno));
    }
    out->pid = pid;
    out->out = ends[0];
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->log, sizeof out->log, "%s", log);
    return TB_OK;
}

/* What it said last before it ended: the reason, most likely. */
static void last_words(const process *ended, char *out, size_t size)
{
    tb_bytes text = {0};
    out[0] = '\0';
    if (tb_file_read(ended->log, 4 << 20, &text, NULL) == TB_OK && text.size) {
        size_t end = text.size, start;
        while (end && text.data[end - 1] == '\n')
            end--;
        for (start = end; start && text.data[start - 1] != '\n';)
            start--;
        snprintf(out, size, "%.*s", (int)(end - start < 180 ? end - start : 180), (const char *)text.data + start);
    }
    tb_bytes_free(&text);
}

static tb_status read_line(process *running, int seconds, char *line)
{
    int64_t deadline = tb_clock_monotonic() + seconds * TB_SECOND;
    size_t length = 0;
    while (length < LINE_LENGTH_MAX - 1) {
        int64_t left = (deadline - tb_clock_monotonic()) / 1000;
        struct pollfd waiting = {.fd = running->out, .events = POLLIN};
        int ready = left > 0 ? poll(&waiting, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            return TB_TIMEOUT; /* the demo was asked to end */
        if (ready <= 0)
            return TB_TIMEOUT;
        ssize_t got = read(running->out, line + length, 1);
        if (got <= 0)
            return TB_END_OF_STREAM;
        if (line[length] == '\n')
            break;
        length++;
    }
    line[length] = '\0';
    return TB_OK;
}

tb_status process_ready(process *running, int seconds, json_t **line, tb_error *why)
{
    char text[LINE_LENGTH_MAX], words[200];
    tb_status status = read_line(running, seconds, text);
    *line = NULL;
    if (status == TB_TIMEOUT)
        return tb_fail(why, status, "%s was not ready in %d seconds; see %s", running->name, seconds, running->log);
    if (status != TB_OK) {
        last_words(running, words, sizeof words);
        return tb_fail(why, status, "%s ended at once: %s", running->name, words[0] ? words : "without a word");
    }
    *line = json_loads(text, 0, NULL);
    return *line ? TB_OK : tb_fail(why, TB_MALFORMED, "%s printed something else than its JSON line", running->name);
}

int process_is_alive(process *running)
{
    siginfo_t info = {0};
    return running->pid > 0 && waitid(P_PID, (id_t)running->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

void process_ask_to_end(const process *running)
{
    if (running->pid > 0)
        (void)kill(running->pid, SIGTERM);
}

int process_wait(process *running, int seconds)
{
    int code = 0, good = 0;
    if (running->pid <= 0)
        return 1;
    for (int64_t deadline = tb_clock_monotonic() + seconds * TB_SECOND;
         process_is_alive(running) && tb_clock_monotonic() < deadline;)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    if (process_is_alive(running))
        (void)kill(running->pid, SIGKILL);
    if (waitpid(running->pid, &code, 0) ==
        running->pid) /* asked to end before it was ready to be asked is an end too */
        good = (WIFEXITED(code) && WEXITSTATUS(code) == 0) || (WIFSIGNALED(code) && WTERMSIG(code) == SIGTERM);
    close(running->out);
    running->pid = 0;
    return good;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about, (void)type, (void)where;
    return remove(path);
}

void process_remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
