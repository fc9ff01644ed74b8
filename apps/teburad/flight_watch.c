/* flight_watch.c: reads flight information files whenever they change (--flight-information).
 *
 * V1  A file can only tell something: what it does not hold any more, what cannot be read, what is cut short or gone
 *     takes
 *     nothing away.
 * V2  A line is applied when it is new, not each time the file is written: else a file that is replaced every second
 *     would
 *     undo what an operator has corrected since.
 * V3  What was not applied for a reason of our own (disk full, locked) is new again the next time.
 *
 * inotify tells at once; a look at the files every second finds what it does not see (network file systems, overflow).
 * A file that is still being written has lines that are whole; its last one counts when the writer has closed it, or
 * has been quiet for a while. */
#include "flight_watch.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tebura/log.h>

#include "flight_batch.h"

#define FILE_MOST ((size_t)16 << 20)
#define FILES_MOST 64
#define QUIET (2 * TB_SECOND) /* after that nobody is writing any more */
#define LOOK_MS 1000
#define SETTLE_MS 10 /* between an event and the look, for the ones that come with it */
#define LOGGED_MOST 20

typedef struct marks { /* sorted */
    uint64_t *items;
    size_t count;
} marks;

typedef struct watched {
    char name[256];
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
    int is_open, failed; /* may still be written; could not be applied or read */
    int64_t since;       /* monotonic, of the last difference */
    marks seen;          /* lines that were taken, or refused and told */
    char told[200];      /* the last trouble with the whole file */
} watched;

struct flight_watch {
    teburad *service;
    char path[4096], folder[4096], only[256]; /* only: one file's name, "" all of the folder */
    int events, wake;                         /* inotify; eventfd that ends the wait */
    pthread_t thread;
    atomic_int stopping;
    watched files[FILES_MOST];
    size_t count;
    int missing_told, full_told;
};

/* ---- what was seen before (V2) ---- */

static int compare_marks(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int was_seen(const marks *seen, uint64_t mark)
{
    return seen->count && bsearch(&mark, seen->items, seen->count, sizeof mark, compare_marks) != NULL;
}

/* What this version holds and was answered; with `also`, what was known before, too. */
static void remember(watched *f, const flight_batch *batch, int also)
{
    size_t count = 0, most = batch->count + (also ? f->seen.count : 0);
    uint64_t *items = malloc((most ? most : 1) * sizeof *items);
    if (!items)
        return; /* then it is told again: the answer will be "unchanged" */
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].skip || batch->items[i].answer.outcome)
            items[count++] = batch->items[i].mark;
    if (also && f->seen.count) {
        memcpy(items + count, f->seen.items, f->seen.count * sizeof *items);
        count += f->seen.count;
    }
    qsort(items, count, sizeof *items, compare_marks);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!kept || items[kept - 1] != items[i])
            items[kept++] = items[i];
    free(f->seen.items);
    f->seen = (marks){items, kept};
}

/* ---- one file ---- */

static void tell(watched *f, const flight_watch *w, const char *trouble)
{
    if (strcmp(f->told, trouble) == 0)
        return;
    snprintf(f->told, sizeof f->told, "%s", trouble);
    if (*trouble)
        tb_log(TB_LOG_WARNING, "flights", "%s/%s: %s; what it said before stays", w->folder, f->name, trouble);
}

static void log_lines(const watched *f, const flight_batch *batch)
{
    size_t applied = 0, refused = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const flight_item *item = &batch->items[i];
        applied += !item->skip && item->answer.outcome == TB_CHANGE_APPLIED;
        if (item->skip || item->answer.outcome != TB_CHANGE_REFUSED)
            continue;
        if (refused++ < LOGGED_MOST)
            tb_log(TB_LOG_WARNING, "flights", "%s, %s %zu: %s", f->name, item->place, item->number,
                   item->answer.why.text);
    }
    if (refused > LOGGED_MOST)
        tb_log(TB_LOG_WARNING, "flights", "%s: %zu more were refused", f->name, refused - LOGGED_MOST);
    if (applied)
        tb_log(TB_LOG_INFO, "flights", "%s: %zu changes applied", f->name, applied);
}

static tb_time time_of(const struct timespec *t)
{
    tb_time time = (tb_time)t->tv_sec * TB_SECOND + t->tv_nsec / 1000, now = tb_clock_now();
    return time < now ? time : now;
}

static void take_batch(flight_watch *w, watched *f, flight_batch *batch, int ended)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->items[i].skip = was_seen(&f->seen, batch->items[i].mark);
    char source[TB_SOURCE_SIZE];
    snprintf(source, sizeof source, "%.31s", f->name);
    tb_status status = flight_batch_apply(w->service, batch, source, time_of(&f->changed));
    f->failed = status != TB_OK; /* V3 */
    log_lines(f, batch);
    remember(f, batch, !ended || !batch->count);
    tell(f, w, status == TB_OK ? "" : tb_status_sentence(status));
}

static void read_file(flight_watch *w, watched *f, int ended)
{
    char path[4096 + 258];
    tb_bytes bytes = {0};
    tb_error why = {0};
    flight_batch batch = {0};
    snprintf(path, sizeof path, "%s/%s", w->folder, f->name);
    tb_status status = tb_file_read(path, FILE_MOST, &bytes, &why);
    if (status == TB_OK)
        status = flight_batch_read(tb_bytes_span(&bytes), ended, &batch, &why);
    tb_bytes_free(&bytes);
    f->failed = 0;
    if (status == TB_OK)
        take_batch(w, f, &batch, ended);
    else if (ended)
        tell(f, w, why.text[0] ? why.text : tb_status_sentence(status)); /* V1 */
    else
        f->is_open = 1;
    flight_batch_free(&batch);
}

/* Sources write a new file for each hour: where all places are taken, one whose file is gone makes room. */
static watched *free_place(flight_watch *w)
{
    char path[4096 + 258];
    struct stat about;
    if (w->count < FILES_MOST)
        return &w->files[w->count++];
    for (size_t i = 0; i < w->count; i++) {
        snprintf(path, sizeof path, "%s/%s", w->folder, w->files[i].name);
        if (stat(path, &about) == 0 || errno != ENOENT)
            continue;
        free(w->files[i].seen.items);
        return &w->files[i];
    }
    if (!w->full_told)
        tb_log(TB_LOG_ERROR, "flights", "%s: more than %d files: the rest is not read; take old ones away", w->folder,
               FILES_MOST);
    w->full_told = 1;
    return NULL;
}

static watched *file_named(flight_watch *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->files[i].name, name) == 0)
            return &w->files[i];
    watched *f = strlen(name) < sizeof w->files->name ? free_place(w) : NULL;
    if (!f)
        return NULL;
    *f = (watched){0};
    snprintf(f->name, sizeof f->name, "%s", name);
    return f;
}

static int same_file(const watched *f, const struct stat *about)
{
    return f->inode == about->st_ino && f->device == about->st_dev && f->size == about->st_size &&
           f->changed.tv_sec == about->st_mtim.tv_sec && f->changed.tv_nsec == about->st_mtim.tv_nsec;
}

static void look_at(flight_watch *w, const char *name)
{
    char path[4096 + 258];
    struct stat about;
    watched *f = file_named(w, name);
    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    if (!f || stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return;
    int64_t now = tb_clock_monotonic();
    if (!same_file(f, &about)) {
        /* another file under this name is a whole one that was moved here; the same one is being written */
        int replaced = f->inode != about.st_ino || f->device != about.st_dev;
        f->is_open = !replaced || !f->inode;
        f->device = about.st_dev;
        f->inode = about.st_ino;
        f->size = about.st_size;
        f->changed = about.st_mtim;
        f->since = now;
        read_file(w, f, !f->is_open);
    } else if (f->is_open && now - f->since >= QUIET) {
        f->is_open = 0;
        read_file(w, f, 1);
    } else if (f->failed) {
        read_file(w, f, !f->is_open);
    }
}

/* ---- the folder ---- */

static int is_ours(const flight_watch *w, const char *name)
{
    static const char *const kinds[] = {".csv", ".json", ".ndjson", ".jsonl"};
    const char *dot = strrchr(name, '.');
    if (w->only[0])
        return strcmp(name, w->only) == 0;
    for (size_t i = 0; dot && name[0] != '.' && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(dot, kinds[i]) == 0)
            return 1;
    return 0;
}

static void look(flight_watch *w)
{
    DIR *folder = opendir(w->folder);
    struct dirent *entry;
    int found = 0;
    while (folder && (entry = readdir(folder)))
        if (is_ours(w, entry->d_name)) {
            found = 1;
            look_at(w, entry->d_name);
        }
    if (folder)
        closedir(folder);
    if (!found && !w->missing_told)
        tb_log(TB_LOG_WARNING, "flights", "%s: there is no flight information yet; it is waited for", w->path);
    w->missing_told = !found;
}

/* The writer has closed it, or moved it here: its last line is whole. */
static void closed(flight_watch *w, const char *name)
{
    look(w);
    watched *f = is_ours(w, name) ? file_named(w, name) : NULL; /* after it: places change hands */
    if (f && f->is_open) {
        f->is_open = 0;
        read_file(w, f, 1);
    }
}

static void take_events(flight_watch *w)
{
    char buffer[16 << 10] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t size = read(w->events, buffer, sizeof buffer);
    for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= size;) {
        const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
        if (event->len && (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)))
            closed(w, event->name);
        at += (ssize_t)(sizeof *event + event->len);
    }
}

static void *watch(void *context)
{
    flight_watch *w = context;
    const uint32_t wanted = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR;
    while (!atomic_load(&w->stopping)) {
        struct pollfd ready[] = {{.fd = w->events, .events = POLLIN}, {.fd = w->wake, .events = POLLIN}};
        (void)inotify_add_watch(w->events, w->folder, wanted); /* again: it may be another folder by now, or back */
        look(w);
        int came = poll(ready, 2, LOOK_MS);
        if (came <= 0 || atomic_load(&w->stopping))
            continue;
        teburad_pause(w->service, SETTLE_MS);
        take_events(w);
    }
    return NULL;
}

/* A folder is watched as it is; of a file, the folder that it is in, since it may be replaced. */
static tb_status split(flight_watch *w, const char *path, tb_error *why)
{
    struct stat about;
    const char *slash = strrchr(path, '/');
    if (!*path || strlen(path) >= sizeof w->path)
        return tb_fail(why, TB_INVALID_ARGUMENT, "--flight-information has to be the path of a file or a folder");
    snprintf(w->path, sizeof w->path, "%s", path);
    if ((stat(path, &about) == 0 && S_ISDIR(about.st_mode)) || (slash && !slash[1])) {
        snprintf(w->folder, sizeof w->folder, "%s", path);
        return TB_OK;
    }
    snprintf(w->folder, sizeof w->folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (slash == path)
        snprintf(w->folder, sizeof w->folder, "/");
    const char *name = slash ? slash + 1 : path;
    if (strlen(name) >= sizeof w->only)
        return tb_fail(why, TB_INVALID_ARGUMENT, "--flight-information: the file's name is too long");
    snprintf(w->only, sizeof w->only, "%s", name);
    return TB_OK;
}

tb_status flight_watch_start(teburad *service, const char *path, flight_watch **out, tb_error *why)
{
    *out = NULL;
    flight_watch *w = calloc(1, sizeof *w);
    if (!w)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    w->service = service;
    tb_status status = split(w, path, why);
    w->events = status == TB_OK ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
    w->wake = status == TB_OK ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (status == TB_OK && (w->events < 0 || w->wake < 0))
        status = tb_fail(why, TB_IO, "files cannot be watched: %s", strerror(errno));
    if (status == TB_OK && pthread_create(&w->thread, NULL, watch, w) != 0)
        status = tb_fail(why, TB_NO_MEMORY, "a thread cannot be started");
    if (status != TB_OK) {
        if (w->events >= 0)
            close(w->events);
        if (w->wake >= 0)
            close(w->wake);
        free(w);
        return status;
    }
    *out = w;
    return TB_OK;
}

void flight_watch_stop(flight_watch **place)
{
    flight_watch *w = *place;
    *place = NULL;
    if (!w)
        return;
    atomic_store(&w->stopping, 1);
    (void)eventfd_write(w->wake, 1);
    pthread_join(w->thread, NULL);
    close(w->events);
    close(w->wake);
    for (size_t i = 0; i < w->count; i++)
        free(w->files[i].seen.items);
    free(w);
}
