/* eval_measure.c: templates and scores on every core. One engine for each thread; of pictures only one at a time is in
 * memory for each of them, and templates lie in secret memory. */
#include "eval.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

enum { WAIT_MS = 100, TIMED = 1000 };

void eval_progress(const char *what, size_t done, size_t total, int64_t since)
{
    enum { WIDTH = 30 };
    if (!isatty(STDERR_FILENO) || total == 0)
        return;
    int filled = (int)(WIDTH * done / total);
    double passed = (double)(tb_clock_monotonic() - since) / TB_SECOND;
    double left = done ? passed / (double)done * (double)(total - done) : 0;
    fprintf(stderr, "\r%-10s [%.*s%*s] %zu/%zu", what, filled, "##############################", WIDTH - filled, "",
            done, total);
    if (done == total)
        fprintf(stderr, ", %.1f s          \n", passed);
    else
        fprintf(stderr, ", about %.0f s left ", left);
}

/* ---- work shared out among threads ---- */

struct job {
    void (*run)(struct job *job, int thread, size_t item);
    size_t items;
    atomic_size_t next, done;
    eval_folder *folder;
    eval_measured *measured;
    tb_engine *engines[EVAL_THREADS_MAX];
    tb_template *slots; /* one for each picture */
    int within_sets;
};

struct worker {
    struct job *job;
    int number;
    pthread_t thread;
};

static void *work(void *context)
{
    struct worker *worker = context;
    struct job *job = worker->job;
    size_t item;
    while ((item = atomic_fetch_add(&job->next, 1)) < job->items) {
        job->run(job, worker->number, item);
        atomic_fetch_add(&job->done, 1);
    }
    return NULL;
}

/* Runs all items; this thread shows how far it is. */
static tb_status share_out(struct job *job, int threads, const char *what)
{
    struct worker workers[EVAL_THREADS_MAX];
    int64_t since = tb_clock_monotonic();
    int started = 0;
    atomic_store(&job->next, 0);
    atomic_store(&job->done, 0);
    for (; started < threads; started++) {
        workers[started] = (struct worker){.job = job, .number = started};
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    }
    if (started == 0)
        return TB_NO_MEMORY;
    if (isatty(STDERR_FILENO))
        for (size_t done; (done = atomic_load(&job->done)) < job->items; usleep(WAIT_MS * 1000))
            eval_progress(what, done, job->items, since);
    for (int i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    eval_progress(what, job->items, job->items, since);
    return TB_OK;
}

/* ---- a picture's template ---- */

static const tb_face *largest(const tb_face *faces, int count)
{
    const tb_face *best = faces;
    for (int i = 1; i < count; i++)
        if (faces[i].box.width * faces[i].box.height > best->box.width * best->box.height)
            best = &faces[i];
    return best;
}

static eval_outcome look(tb_engine *engine, const tb_image *image, tb_face *faces, eval_picture *picture,
                         tb_template *out)
{
    tb_quality quality;
    tb_status status = tb_engine_detect(engine, image, faces, &picture->faces);
    if (status != TB_OK) {
        (void)tb_fail(&picture->why, status, "%s", tb_status_sentence(status));
        return EVAL_NO_TEMPLATE;
    }
    if (picture->faces == 0) {
        (void)tb_fail(&picture->why, TB_RETRY_NO_FACE, "no face found");
        return EVAL_NO_FACE;
    }
    const tb_face *face = largest(faces, picture->faces);
    status = tb_engine_quality(engine, image, face, &quality);
    picture->advice = status == TB_OK ? quality.advice : status;
    status = tb_engine_template(engine, image, face, out);
    if (status == TB_OK)
        return EVAL_TEMPLATE;
    (void)tb_fail(&picture->why, status, "%s", tb_status_sentence(status));
    return EVAL_NO_TEMPLATE;
}

static void make_template(struct job *job, int thread, size_t item)
{
    eval_picture *picture = &job->folder->pictures[item];
    char path[8192];
    tb_image image;
    tb_error why = {0};
    int64_t since = tb_clock_monotonic();
    snprintf(path, sizeof path, "%s/%s", job->folder->root, picture->path);
    tb_status status = tb_image_read(path, &image, &why);
    if (status != TB_OK) {
        picture->outcome = EVAL_UNREADABLE;
        (void)tb_fail(&picture->why, status, "%s", tb_status_sentence(status));
        return;
    }
    picture->decoding = tb_clock_monotonic() - since;
    tb_face *faces = tb_secret_alloc(TB_FACES_MAX * sizeof *faces);
    picture->outcome = EVAL_NO_TEMPLATE;
    if (faces)
        picture->outcome = look(job->engines[thread], &image, faces, picture, &job->slots[item]);
    else
        (void)tb_fail(&picture->why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    tb_secret_free(faces);
    tb_image_free(&image);
    picture->total = tb_clock_monotonic() - since;
}

static tb_status open_engines(struct job *job, int threads, tb_error *why)
{
    tb_status status = TB_OK;
    for (int i = 0; i < threads && status == TB_OK; i++)
        status = tb_engine_open(&(tb_engine_options){.without_liveness = 1, .threads = 1}, &job->engines[i], why);
    if (status != TB_OK)
        return status;
    job->measured->model = tb_engine_model(job->engines[0]);
    job->measured->is_provisional = tb_engine_is_provisional(job->engines[0]);
    job->measured->calibration = *tb_engine_calibration(job->engines[0]);
    return TB_OK;
}

/* Templates move together: row by row, in the order of the pictures. */
static tb_status keep_rows(struct job *job)
{
    eval_measured *m = job->measured;
    size_t pictures = job->folder->picture_count;
    m->row_person = calloc(pictures + 1, sizeof *m->row_person);
    m->row_picture = calloc(pictures + 1, sizeof *m->row_picture);
    if (!m->row_person || !m->row_picture)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < pictures; i++) {
        eval_picture *picture = &job->folder->pictures[i];
        if (picture->outcome != EVAL_TEMPLATE)
            continue;
        picture->row = (uint32_t)m->rows;
        if (m->rows != i)
            job->slots[m->rows] = job->slots[i];
        m->row_person[m->rows] = picture->person;
        m->row_picture[m->rows++] = (uint32_t)i;
    }
    m->templates = job->slots;
    job->slots = NULL;
    return TB_OK;
}

/* ---- scores ---- */

static void compare_row(struct job *job, int thread, size_t row)
{
    const eval_measured *m = job->measured;
    const eval_person *people = job->folder->people;
    (void)thread;
    for (size_t other = 0; other < row; other++) {
        float *score = &m->scores[tb_pair(row, other)];
        uint32_t a = m->row_person[row], b = m->row_person[other];
        if ((a != b && people[a].namesake == people[b].namesake) ||
            (job->within_sets && people[a].set != people[b].set) ||
            tb_template_compare(&m->templates[row], &m->templates[other], score) != TB_OK)
            *score = NAN;
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One comparison takes less than the clock can tell: they are timed by the ten. */
static void time_comparisons(eval_measured *m)
{
    double times[TIMED];
    float score, sum = 0;
    if (m->rows < 2)
        return;
    for (int i = 0; i < TIMED; i++) {
        int64_t since = tb_clock_monotonic();
        for (int k = 0; k < 100; k++) {
            size_t a = (size_t)(i * 100 + k) % m->rows, b = (size_t)(i * 37 + k * 11) % m->rows;
            if (tb_template_compare(&m->templates[a], &m->templates[b], &score) == TB_OK)
                sum += score;
        }
        times[i] = (double)(tb_clock_monotonic() - since) / 100;
    }
    qsort(times, TIMED, sizeof *times, ascending);
    m->compare_median = times[TIMED / 2];
    m->compare_p99 = isfinite(sum) ? times[TIMED * 99 / 100] : NAN;
}

static tb_status make_scores(struct job *job)
{
    eval_measured *m = job->measured;
    size_t pairs = m->rows ? tb_pair(m->rows, 0) : 0;
    m->scores = malloc((pairs + 1) * sizeof *m->scores);
    if (!m->scores)
        return TB_NO_MEMORY;
    job->run = compare_row;
    job->items = m->rows;
    tb_status status = m->rows ? share_out(job, m->threads, "scores") : TB_OK;
    time_comparisons(m);
    return status;
}

tb_status eval_measure(eval_folder *folder, int threads, int within_sets, eval_measured *out, tb_error *why)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t since = tb_clock_monotonic();
    struct job *job = calloc(1, sizeof *job);
    *out = (eval_measured){.threads = threads > 0 ? threads : processors > 0 ? (int)processors : 1};
    if (!job)
        return TB_NO_MEMORY;
    if (out->threads > EVAL_THREADS_MAX)
        out->threads = EVAL_THREADS_MAX;
    if ((size_t)out->threads > folder->picture_count)
        out->threads = (int)folder->picture_count;
    job->run = make_template;
    job->items = folder->picture_count;
    job->folder = folder;
    job->within_sets = within_sets;
    job->measured = out;
    job->slots = tb_secret_alloc(folder->picture_count * sizeof *job->slots);
    tb_status status = job->slots ? open_engines(job, out->threads, why) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = share_out(job, out->threads, "pictures");
    if (status == TB_OK)
        status = keep_rows(job);
    if (status == TB_OK)
        status = make_scores(job);
    for (int i = 0; i < EVAL_THREADS_MAX; i++)
        tb_engine_free(&job->engines[i]);
    tb_secret_free(job->slots);
    free(job);
    out->seconds = (double)(tb_clock_monotonic() - since) / TB_SECOND;
    if (status != TB_OK)
        eval_measured_free(out);
    return status;
}

void eval_measured_free(eval_measured *measured)
{
    if (measured->scores && measured->rows)
        tb_wipe(measured->scores, tb_pair(measured->rows, 0) * sizeof *measured->scores);
    free(measured->scores);
    free(measured->row_person);
    free(measured->row_picture);
    tb_secret_free(measured->templates);
    *measured = (eval_measured){0};
}
