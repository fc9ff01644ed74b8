/* bench_capture: a stream of 25 pictures a second on one core: does the terminal's eye keep up, and if not, does it
 * skip?
 *
 *   bench_capture [SECONDS]       (1 to 10 for each case, default 6)
 *
 * Pictures of one person of the demo pictures (re-photographed: a SIMULATION of a camera) are pushed as JPEG, as a
 * browser does, 25 a second, through the camera's own path (decode, the place for the newest picture); the other thread
 * does what a terminal does while it captures: detection, landmarks, tracking, quality, liveness, best-frame choice,
 * and the template at the end of each burst. All of it, the decoding too, is bound to one core. Age is the time from
 * the arrival of a picture to the end of looking at it. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <tebura/camera.h>
#include <tebura/clock.h>
#include <tebura/secret.h>

#include "terminal/capture.h"

#define SECONDS_MOST 10
#define PICTURES ((SECONDS_MOST + 2) * 25) /* none is shown twice: a film in a loop is taken for an attack */
#define INTERVAL (TB_SECOND / 25)

struct stream {
    tb_camera *camera;
    tb_bytes pictures[PICTURES];
    atomic_int stop;
    atomic_ulong pushed;
};

static void *push(void *context)
{
    struct stream *s = context;
    int64_t next = tb_clock_monotonic();
    tb_error why;
    while (!atomic_load(&s->stop)) {
        unsigned long number = atomic_load(&s->pushed);
        if (tb_camera_push(s->camera, tb_bytes_span(&s->pictures[number % PICTURES]), &why) != TB_OK) {
            fprintf(stderr, "bench_capture: %s\n", tb_error_text(&why));
            exit(2);
        }
        atomic_fetch_add(&s->pushed, 1);
        next += INTERVAL;
        int64_t rest = next - tb_clock_monotonic();
        if (rest > 0)
            nanosleep(&(struct timespec){rest / TB_SECOND, rest % TB_SECOND * 1000}, NULL);
    }
    return NULL;
}

/* One person of the third demo picture, in frames of this size. */
static tb_status make_pictures(tb_engine *engine, int width, int height, int seconds, struct stream *s, tb_error *why)
{
    static const char path[] = TEBURA_DEPS_DIR "/pictures/sample3.jpg";
    tb_scene scene = {.count = 1, .light = 1, .noise = 2, .seed = 5, .width = width, .height = height};
    tb_face faces[TB_FACES_MAX];
    tb_image image = {0};
    int count = 0;
    tb_status status = tb_image_read(path, &image, why);
    if (status == TB_OK)
        status = tb_engine_detect(engine, &image, faces, &count);
    if (status == TB_OK && count == 0)
        status = TB_RETRY_NO_FACE;
    tb_image_free(&image);
    if (status != TB_OK)
        return status;
    tb_box b = faces[0].box;
    snprintf(scene.people[0].picture, sizeof scene.people[0].picture, "%s", path);
    scene.people[0].region = (tb_box){b.x - 0.6f * b.width, b.y - 0.5f * b.height, 2.2f * b.width, 2 * b.height};
    for (int i = 0; i < PICTURES && i < (seconds + 2) * 25 && status == TB_OK; i++) {
        status = tb_scene_render(&scene, (uint64_t)i + 1, &image, why);
        s->pictures[i].size = 0;
        if (status == TB_OK)
            status = tb_image_encode_jpeg(&image, 85, &s->pictures[i]);
        tb_image_free(&image);
    }
    return status;
}

struct figures {
    unsigned long offered, looked, skipped, bursts, templates;
    int64_t *ages;
    double share;            /* of one core */
    size_t held_most, grown; /* secret memory, bytes: most at once; more at the end than at the begin */
};

static double cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* One picture, as src/terminal/pipeline.c does it; a new burst as soon as one has ended. */
static tb_status look(struct stream *s, tb_engine *engine, tb_capturer *capturer, tb_template *template,
                      struct figures *f, uint64_t *last)
{
    tb_frame frame;
    tb_zone_view zone;
    tb_captured captured;
    unsigned long before = atomic_load(&s->pushed);
    tb_status status = tb_camera_next(s->camera, 100, &frame);
    if (status == TB_TIMEOUT)
        return TB_OK;
    if (status != TB_OK)
        return status;
    if (frame.number < before) { /* an older one than was there before we asked: that would be a queue */
        fprintf(stderr, "bench_capture: picture %llu although %lu had come\n", (unsigned long long)frame.number,
                before);
        exit(2);
    }
    status = tb_capturer_see(capturer, &frame, &zone, &captured, template);
    size_t held = tb_secret_held();
    f->held_most = held > f->held_most ? held : f->held_most;
    f->skipped += (unsigned long)(frame.number - *last - 1);
    *last = frame.number;
    if (status == TB_OK && captured.finished) {
        f->bursts++;
        /* re-photographed photographs are refused as not live: what a live person costs more is done all the same */
        if (captured.status == TB_RETRY_NOT_LIVE)
            captured.status = tb_capture_document(engine, &frame.image, template);
        f->templates += captured.status == TB_OK;
        tb_capturer_arm(capturer);
    }
    f->ages[f->looked++] = tb_clock_monotonic() - frame.taken;
    tb_frame_free(&frame);
    return status;
}

static tb_status run(tb_engine *engine, int seconds, struct stream *s, struct figures *f, tb_error *why)
{
    tb_capturer *capturer = NULL;
    tb_template *template = tb_secret_alloc(sizeof *template);
    pthread_t thread;
    uint64_t last = 0;
    tb_capture_options options = {.simulation = 1};
    tb_status status = template ? tb_capturer_new(&options, engine, &capturer) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_camera_open("pushed:", &s->camera, why);
    atomic_store(&s->stop, 0);
    atomic_store(&s->pushed, 0);
    if (status == TB_OK && pthread_create(&thread, NULL, push, s) != 0)
        status = TB_NO_MEMORY;
    if (status == TB_OK) {
        int64_t until = tb_clock_monotonic() + seconds * TB_SECOND, begun = tb_clock_monotonic();
        double cpu = cpu_seconds();
        size_t held = 0;
        tb_capturer_arm(capturer);
        while (status == TB_OK && tb_clock_monotonic() < until) {
            status = look(s, engine, capturer, template, f, &last);
            if (f->looked == 5)
                held = tb_secret_held();
        }
        f->share = (cpu_seconds() - cpu) / ((double)(tb_clock_monotonic() - begun) / (double)TB_SECOND);
        atomic_store(&s->stop, 1);
        pthread_join(thread, NULL);
        size_t now = tb_secret_held();
        f->grown = now > held ? now - held : 0;
        f->offered = atomic_load(&s->pushed);
    }
    tb_camera_free(&s->camera);
    tb_capturer_free(&capturer);
    tb_secret_free(template);
    return status;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double age_at(const struct figures *f, double share)
{
    return f->looked ? (double)f->ages[(size_t)(share * (double)(f->looked - 1))] / 1000 : 0;
}

/* A line for people, and one for machines. */
static void print(struct figures *f, int width, int height, int is_first)
{
    qsort(f->ages, f->looked, sizeof *f->ages, by_size);
    printf("%s{\"width\":%d,\"height\":%d,\"offered\":%lu,\"looked_at\":%lu,\"skipped\":%lu,\"bursts\":%lu,"
           "\"templates\":%lu,\"age_p50_ms\":%.1f,\"age_p99_ms\":%.1f,\"core_share\":%.2f,\"secret_most_bytes\":%zu,"
           "\"secret_grown_bytes\":%zu}",
           is_first ? "" : ",", width, height, f->offered, f->looked, f->skipped, f->bursts, f->templates,
           age_at(f, 0.5), age_at(f, 0.99), f->share, f->held_most, f->grown);
    fprintf(
        stderr,
        "%4d x %-4d  offered %4lu  looked at %4lu  skipped %3lu  bursts %3lu (%lu templates)  age p50 %5.1f ms  p99 "
        "%5.1f ms  one core %3.0f %%  secret memory %.1f MB at most, grown by %zu bytes\n",
        width, height, f->offered, f->looked, f->skipped, f->bursts, f->templates, age_at(f, 0.5), age_at(f, 0.99),
        100 * f->share, (double)f->held_most / 1e6, f->grown);
}

/* The first core that we may use; threads made from now on stay there, too. */
static void bind_to_one_core(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) {
            CPU_ZERO(&set);
            CPU_SET(i, &set);
            (void)sched_setaffinity(0, sizeof set, &set);
            return;
        }
}

int main(int argc, char **argv)
{
    static const int sizes[2][2] = {{640, 480}, {1280, 720}};
    int seconds = argc > 1 ? atoi(argv[1]) : 6;
    if (seconds < 1 || seconds > SECONDS_MOST) {
        fprintf(stderr, "usage: bench_capture [SECONDS]: 1 to 10\n");
        return 2;
    }
    bind_to_one_core();
    tb_engine *engine = NULL;
    tb_error why = {0};
    tb_engine_options options = {.threads = 1, .with_eyes = 1};
    tb_status status = tb_engine_open(&options, &engine, &why);
    printf("{\"simulation\":true,\"pictures_a_second\":25,\"cores\":1,\"cases\":[");
    for (int i = 0; i < 2 && status == TB_OK; i++) {
        struct stream stream = {0};
        struct figures f = {.ages = calloc((size_t)seconds * 1000 + 100, sizeof *f.ages)};
        status = f.ages ? make_pictures(engine, sizes[i][0], sizes[i][1], seconds, &stream, &why) : TB_NO_MEMORY;
        if (status == TB_OK)
            status = run(engine, seconds, &stream, &f, &why);
        if (status == TB_OK)
            print(&f, sizes[i][0], sizes[i][1], i == 0);
        for (int p = 0; p < PICTURES; p++)
            tb_bytes_free(&stream.pictures[p]);
        free(f.ages);
    }
    printf("]}\n");
    tb_engine_free(&engine);
    if (status != TB_OK)
        fprintf(stderr, "bench_capture: %s\n", why.text[0] ? why.text : tb_status_sentence(status));
    return status == TB_OK ? 0 : 2;
}
