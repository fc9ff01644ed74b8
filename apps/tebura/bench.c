/* bench.c: tebura bench: runs the measuring programs (bench/bench_<name>.c) one after the other and puts what they
 * print together with the machine they ran on. Each prints its table on standard error and one JSON value on standard
 * output. */
#include "command.h"
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>
#include <tebura/bytes.h>
#include <tebura/clock.h>

static const char help[] =
    "usage: tebura bench [NAME ...] [--json] [--save FILE]\n"
    "       tebura bench NAME OPTION ...\n"
    "       tebura bench --list\n\n"
    "Measures on this machine: each bench named, or all, one after the other.\n\n"
    "  --list         the benches that are here and what each measures\n"
    "  --json         one JSON document on standard output, with the machine's description, instead of tables\n"
    "  --save FILE    write that document to FILE too\n\n"
    "Options and arguments of a bench that has some follow its name: tebura bench search --help.\n\n"
    "Exit status: 0 all ran, 2 one or more could not.\n";

enum { BENCHES_MAX = 64, NAME_SIZE = 40, ARGUMENTS_MAX = 64 };

/* What --list says; a bench that is not in here is found and run all the same. */
static const struct about {
    const char *name, *measures;
    int has_options, has_help;
} abouts[] = {
    {"capture", "a stream of 25 pictures a second on one core: looked at, skipped, age", 1, 0},
    {"events", "passages that the server applies durably in a second", 0, 0},
    {"feed", "a thousand terminals: passages to lists, whole lists, events a second, what a change costs", 1, 1},
    {"gallery", "1:N search by every set of loops that this processor runs, and changes of the list", 1, 0},
    {"identify", "questions that the server answers by matching itself, at 10,000 and 50,000 visitors", 1, 1},
    {"liveness", "what a terminal sees of people that the virtual camera re-photographs", 0, 0},
    {"offline", "one terminal without and after a network: start, outbox of 100,000, marks", 0, 0},
    {"pipeline", "each stage from a camera's frame to a decision", 0, 0},
    {"programs", "each program from its start to being ready, and its memory", 0, 0},
    {"search", "1:N search and updates beside FAISS and the memory's own speed", 1, 1},
    {"terminal", "one terminal with a list of 10,000: picture to decision, start without network", 0, 0},
    {"wire", "writing, sealing, opening and reading messages and documents", 0, 0},
};

typedef struct bench_list {
    char folder[512];
    char names[BENCHES_MAX][NAME_SIZE];
    int count;
} bench_list;

typedef struct wish {
    bench_list present;
    int chosen[BENCHES_MAX], count; /* places in present.names */
    int json;
    const char *save;
    char *arguments[ARGUMENTS_MAX]; /* of the one bench; [0] is its path */
    int argument_count;
} wish;

static const struct about *about(const char *name)
{
    for (size_t i = 0; i < sizeof abouts / sizeof *abouts; i++)
        if (strcmp(abouts[i].name, name) == 0)
            return &abouts[i];
    return NULL;
}

/* ---- finding ---- */

static int is_bench(const struct dirent *entry)
{
    return strncmp(entry->d_name, "bench_", 6) == 0 && !strchr(entry->d_name, '.') &&
           strlen(entry->d_name) < NAME_SIZE + 6;
}

static void look_in(const char *folder, bench_list *list)
{
    struct dirent **files;
    int count = scandir(folder, &files, is_bench, alphasort);
    snprintf(list->folder, sizeof list->folder, "%s", folder);
    for (int i = 0; i < count; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]->d_name);
        if (list->count < BENCHES_MAX && access(path, X_OK) == 0)
            snprintf(list->names[list->count++], NAME_SIZE, "%s", files[i]->d_name + 6);
        free(files[i]);
    }
    if (count >= 0)
        free(files);
}

/* They lie a folder deeper than the programs, which find the networks by their own place. */
static void use_installed_models(const char *own)
{
    char manifest[512];
    snprintf(manifest, sizeof manifest, "%s/../share/tebura/models/manifest.yaml", own);
    if (access(manifest, R_OK) == 0)
        (void)setenv("TEBURA_MODELS", manifest, 0);
}

/* Beside this program in a build tree, below lib/ where it is installed. */
static tb_status find_benches(bench_list *list, tb_error *why)
{
    char own[400], installed[512];
    if (process_own_directory(own, sizeof own) != TB_OK)
        return tb_fail(why, TB_IO, "cannot tell where this program lies");
    snprintf(installed, sizeof installed, "%s/../lib/tebura/bench", own);
    look_in(own, list);
    if (list->count == 0) {
        look_in(installed, list);
        use_installed_models(own);
    }
    return list->count
               ? TB_OK
               : tb_fail(why, TB_NOT_FOUND,
                         "no bench is beside this program or in %s: run `make bench` in the source folder", installed);
}

static int place_of(const bench_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->names[i], name) == 0)
            return i;
    return -1;
}

static int print_list(const bench_list *list)
{
    for (int i = 0; i < list->count; i++) {
        const struct about *known = about(list->names[i]);
        printf("%-10s %s\n", list->names[i], known ? known->measures : "(says nothing of itself)");
    }
    return APP_YES;
}

/* ---- the command line ---- */

static tb_status unknown(const bench_list *list, const char *name, tb_error *why)
{
    char names[BENCHES_MAX * (NAME_SIZE + 2)] = "";
    for (int i = 0; i < list->count; i++)
        strcat(strcat(names, i ? ", " : ""), list->names[i]);
    return tb_fail(why, TB_NOT_FOUND, "there is no bench '%s'; there are: %s", name, names);
}

static tb_status choose(wish *w, const char *name, tb_error *why)
{
    int place = place_of(&w->present, name);
    if (place < 0)
        return unknown(&w->present, name, why);
    if (w->count == BENCHES_MAX)
        return tb_fail(why, TB_INVALID_ARGUMENT, "too many names");
    w->chosen[w->count++] = place;
    return TB_OK;
}

/* A word after the name of a bench that takes some, and no name of another. */
static int is_argument(const wish *w, const char *word)
{
    const struct about *known = w->count == 1 ? about(w->present.names[w->chosen[0]]) : NULL;
    return known && known->has_options && place_of(&w->present, word) < 0;
}

/* From the first argument or word with a hyphen on, all are those of the one bench before them. */
static tb_status take_option(wish *w, char *word, tb_error *why)
{
    const char *name = w->count == 1 ? w->present.names[w->chosen[0]] : NULL;
    const struct about *known = name ? about(name) : NULL;
    if (!name)
        return tb_fail(why, TB_INVALID_ARGUMENT, "there is no option %s; see tebura bench --help", word);
    if (known && !known->has_options)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the bench %s has no option %s", name, word);
    if (w->argument_count == ARGUMENTS_MAX - 2)
        return tb_fail(why, TB_INVALID_ARGUMENT, "too many options");
    w->arguments[++w->argument_count] = word;
    return TB_OK;
}

static tb_status read_arguments(wish *w, int argc, char **argv, tb_error *why)
{
    tb_status status = TB_OK;
    for (int i = 1; i < argc && status == TB_OK; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            w->json = 1;
        } else if (strcmp(argv[i], "--save") == 0) {
            w->save = argv[++i];
            if (!w->save)
                status = tb_fail(why, TB_INVALID_ARGUMENT, "--save wants the name of a file");
        } else if (w->argument_count || argv[i][0] == '-' || is_argument(w, argv[i])) {
            status = take_option(w, argv[i], why);
        } else {
            status = choose(w, argv[i], why);
        }
    }
    for (int i = 0; w->count == 0 && i < w->present.count; i++)
        w->chosen[i] = i;
    if (status == TB_OK && w->count == 0)
        w->count = w->present.count;
    return status;
}

/* ---- the machine ---- */

#ifdef __clang__
#define COMPILER __VERSION__ /* names itself */
#else
#define COMPILER "gcc " __VERSION__
#endif

static void processor_name(char *out, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(out, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        char *value = strchr(line, ':');
        if (value && strncmp(line, "model name", 10) == 0) {
            value[strcspn(value, "\n")] = '\0';
            snprintf(out, size, "%s", value + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

/* The commit, when this runs in a build tree of its source folder. */
static void source_name(char *out, size_t size)
{
    char own[400] = "", line[128] = "";
    snprintf(out, size, "%s", TEBURA_VERSION);
    if (process_own_directory(own, sizeof own) != TB_OK || strncmp(own, TEBURA_SOURCE_DIR, strlen(TEBURA_SOURCE_DIR)))
        return;
    FILE *git = popen("git -C '" TEBURA_SOURCE_DIR "' describe --always --dirty 2>/dev/null", "re");
    if (git && fgets(line, sizeof line, git)) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(out, size, "%s", line);
    }
    if (git)
        pclose(git);
}

static const char *vectors(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vnni"))
        return "AVX-512 with VNNI";
    if (__builtin_cpu_supports("avx512f"))
        return "AVX-512";
    return __builtin_cpu_supports("avx2") ? "AVX2" : "SSE2";
#elif defined(__aarch64__)
    return "NEON";
#else
    return "none known";
#endif
}

static json_t *machine(void)
{
    char processor[200], source[128], kernel[200], when[TB_TIME_TEXT_SIZE];
    double load[3] = {0};
    struct utsname system = {0};
    processor_name(processor, sizeof processor);
    source_name(source, sizeof source);
    if (uname(&system) != 0 || getloadavg(load, 3) < 1)
        load[0] = -1;
    snprintf(kernel, sizeof kernel, "%s %s", system.sysname, system.release);
    return json_pack("{s:s, s:s, s:i, s:I, s:s, s:s, s:f, s:s, s:s}", "processor", processor, "vectors", vectors(),
                     "cores", (int)sysconf(_SC_NPROCESSORS_ONLN), "memory_mib",
                     (json_int_t)(sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE) / 1024)), "kernel", kernel,
                     "compiler", COMPILER, "load_before", load[0], "time", tb_time_text(tb_clock_now(), when), "source",
                     source);
}

static void print_machine(json_t *described)
{
    const char *key;
    json_t *value;
    json_object_foreach(described, key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(3));
        printf("%-12s %s\n", key, json_is_string(value) ? json_string_value(value) : text);
        free(text);
    }
}

/* ---- running ---- */

static void become(char *const argv[], int out, int log, pid_t parent)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || dup2(nothing, 0) < 0 ||
        dup2(out, 1) < 0 || dup2(log, 2) < 0)
        _exit(126);
    execv(argv[0], argv);
    _exit(127);
}

/* Runs it to its end. Its standard error goes to `log`, all of its standard output into `out`. */
static tb_status run(const char *name, char *const argv[], int log, tb_bytes *out, tb_error *why)
{
    uint8_t part[4096];
    ssize_t got = 0;
    int ends[2], code = -1;
    tb_status status = TB_OK;
    pid_t parent = getpid(), pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -2;
    if (pid == 0)
        become(argv, ends[1], log, parent);
    if (pid != -2)
        close(ends[1]);
    while (pid > 0 && status == TB_OK && (got = read(ends[0], part, sizeof part)) != 0)
        if (got > 0)
            status = tb_bytes_append(out, tb_span_of(part, (size_t)got));
        else if (errno != EINTR)
            status = TB_IO;
    if (pid != -2)
        close(ends[0]);
    if (pid < 0)
        return tb_fail(why, TB_IO, "the bench %s cannot be started: %s", name, strerror(errno));
    while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
        ;
    if (status != TB_OK)
        return tb_fail(why, status, "what the bench %s printed could not be read", name);
    if (WIFSIGNALED(code))
        return tb_fail(why, TB_IO, "the bench %s ended by signal %d", name, WTERMSIG(code));
    return WEXITSTATUS(code) == 0 ? TB_OK : tb_fail(why, TB_IO, "the bench %s ended with %d", name, WEXITSTATUS(code));
}

/* Repeats what a quiet run said before it failed. */
static void repeat(int log)
{
    char part[1024];
    ssize_t got = lseek(log, 0, SEEK_SET) == 0 ? 1 : 0;
    while (got > 0 && (got = read(log, part, sizeof part)) > 0)
        fwrite(part, 1, (size_t)got, stderr);
}

/* Tables are the result, so they go where results go; with --json they are kept back, on a terminal they are
 * progress. */
static int open_log(const wish *w)
{
    if (!w->json)
        return dup(STDOUT_FILENO);
    return isatty(STDERR_FILENO) ? dup(STDERR_FILENO) : memfd_create("tebura bench", MFD_CLOEXEC);
}

/* The JSON value that it printed, or null. */
static json_t *measure(const wish *w, int place, char **argv, tb_error *why)
{
    const char *name = w->present.names[place];
    char path[1024];
    tb_bytes out = {0};
    int log = open_log(w);
    snprintf(path, sizeof path, "%s/bench_%s", w->present.folder, name);
    argv[0] = path;
    fflush(stdout);
    tb_status status = log < 0 ? tb_fail(why, TB_IO, "there is no room for what the bench %s says", name)
                               : run(name, argv, log, &out, why);
    json_t *value = NULL;
    if (status == TB_OK) {
        value = json_loadb((const char *)out.data, out.size, JSON_DECODE_ANY, NULL);
        if (!value)
            (void)tb_fail(why, TB_MALFORMED, "the bench %s printed something else than its JSON value", name);
    }
    if (!value && log >= 0 && w->json && !isatty(log))
        repeat(log);
    if (log >= 0)
        close(log);
    tb_bytes_free(&out);
    return value ? value : json_null();
}

static tb_status give_out(const wish *w, json_t *document, tb_error *why)
{
    char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(9));
    tb_status status = text ? TB_OK : TB_NO_MEMORY;
    if (text && w->json)
        puts(text);
    if (text && w->save)
        status = tb_file_write(w->save, tb_span_text(text), why);
    free(text);
    if (status == TB_OK && fflush(stdout) != 0)
        status = tb_fail(why, TB_IO, "standard output cannot be written");
    return status;
}

static int measure_all(wish *w)
{
    tb_error save = {0};
    tb_status writable = w->save ? app_can_write(w->save, &save) : TB_OK;
    if (writable != TB_OK)
        return app_fail("bench", writable, &save);
    json_t *described = machine(), *benches = json_object();
    int code = APP_YES;
    if (!w->json)
        print_machine(described);
    for (int i = 0; i < w->count; i++) {
        char *none[2] = {NULL, NULL};
        tb_error why = {0};
        const char *name = w->present.names[w->chosen[i]];
        if (!w->json)
            printf("\n== %s\n", name);
        json_t *value = measure(w, w->chosen[i], w->argument_count ? w->arguments : none, &why);
        if (json_is_null(value))
            code = app_fail("bench", TB_IO, &why);
        json_object_set_new(benches, name, value);
    }
    json_t *document = json_pack("{s:o, s:o}", "machine", described, "benches", benches);
    tb_error why = {0};
    tb_status status = give_out(w, document, &why);
    json_decref(document);
    return status == TB_OK ? code : app_fail("bench", status, &why);
}

/* `tebura bench NAME --help` is answered by a bench that has help. */
static int wants_own_help(const wish *w)
{
    const struct about *known = w->count == 1 ? about(w->present.names[w->chosen[0]]) : NULL;
    return known && known->has_help;
}

static int own_help(wish *w)
{
    char path[1024];
    const char *name = w->present.names[w->chosen[0]];
    tb_error why = {0};
    snprintf(path, sizeof path, "%s/bench_%s", w->present.folder, name);
    char *argv[] = {path, (char *)"--help", NULL};
    execv(path, argv);
    return app_fail("bench", tb_fail(&why, TB_IO, "the bench %s cannot be started: %s", name, strerror(errno)), &why);
}

int command_bench(int argc, char **argv)
{
    wish w = {0};
    tb_error why = {0};
    int asks = app_wants_help(argc, argv);
    if (asks && (argc < 3 || argv[1][0] == '-'))
        return app_help(help);
    tb_status status = find_benches(&w.present, &why);
    if (status == TB_OK && argc == 2 && strcmp(argv[1], "--list") == 0)
        return print_list(&w.present);
    if (status == TB_OK && asks)
        status = choose(&w, argv[1], &why);
    else if (status == TB_OK)
        status = read_arguments(&w, argc, argv, &why);
    if (status != TB_OK)
        return app_fail("bench", status, &why);
    if (asks)
        return wants_own_help(&w) ? own_help(&w) : app_help(help);
    return measure_all(&w);
}
