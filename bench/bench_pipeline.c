/* bench_pipeline.c: how long each stage takes from a camera's frame to a decision, at two frame sizes, on one thread.
 * Frames are re-photographs of a demo picture by the virtual camera (one person, JPEG as webcams send it). Medians and
 * 99th percentiles of RUNS rounds after WARM_UP; also what a round allocates and what the process holds. Table on
 * standard error, one JSON object on standard output. */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/camera.h>
#include <tebura/decision.h>
#include <tebura/face.h>
#include <tebura/gallery.h>
#include <tebura/secret.h>

enum { WARM_UP = 10, RUNS = 100, LIST = 10000, STAGES_MAX = 12 };

/* Every allocation of the process, the runtime's too, where no sanitizer has taken these names. */
static atomic_ulong allocations;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__GLIBC__) && !defined(__clang__)
#define COUNTED 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return __libc_memalign(alignment, size);
}
#else
#define COUNTED 0
#endif

static struct stage {
    const char *name;
    /* on the wall; of this thread's processor time, which other programs do not change */
    double times[RUNS], work[RUNS];
    int count;
} stages[STAGES_MAX];
static int stage_count, warming;

struct moment {
    double wall, work;
};

static double clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

static struct moment moment(void)
{
    return (struct moment){now_ms(), clock_ms(CLOCK_THREAD_CPUTIME_ID)};
}

static void record(const char *name, struct moment begin)
{
    struct moment end = moment();
    int i = 0;
    while (i < stage_count && strcmp(stages[i].name, name) != 0)
        i++;
    if (i == stage_count && stage_count < STAGES_MAX)
        stages[stage_count++] = (struct stage){.name = name};
    if (warming || i == STAGES_MAX || stages[i].count == RUNS)
        return;
    stages[i].times[stages[i].count] = end.wall - begin.wall;
    stages[i].work[stages[i].count++] = end.work - begin.work;
}

static int by_time(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double at_share(double *times, int count, double share)
{
    qsort(times, (size_t)count, sizeof *times, by_time);
    return count ? times[(int)(share * (count - 1) + 0.5)] : 0;
}

static double resident_mib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return (double)kib / 1024;
}

/* Everybody in the list is made up: what they look like does not change how long it takes to compare. */
static int fill_list(const tb_engine *engine, tb_gallery **gallery)
{
    tb_template *made = tb_secret_alloc(sizeof *made);
    uint64_t state = 1;
    tb_status status = made ? tb_gallery_new(tb_engine_model(engine), 512, gallery) : TB_NO_MEMORY;
    for (int person = 0; person < LIST && status == TB_OK; person++) {
        double sum = 0;
        made->model = tb_engine_model(engine);
        made->dimension = 512;
        for (int i = 0; i < 512; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            made->values[i] = (float)(int32_t)(state >> 32) / 2147483648.0f;
            sum += (double)made->values[i] * made->values[i];
        }
        for (int i = 0; i < 512; i++)
            made->values[i] = (float)(made->values[i] / sqrt(sum));
        status = tb_gallery_put(*gallery, tb_id_random(), made, 1);
    }
    tb_secret_free(made);
    return status == TB_OK ? 0 : -1;
}

/* One frame from its bytes to the decision. Answers 0 when a face was found. */
static int one_round(tb_engine *engine, const tb_gallery *gallery, tb_span jpeg, tb_face *faces, tb_template *probe)
{
    tb_image image;
    tb_error why = {0};
    tb_quality quality;
    tb_candidate best[2];
    float live;
    int count = 0, found = 0;
    struct moment whole = moment(), begin = whole;
    if (tb_image_decode(jpeg, &image, &why) != TB_OK)
        return -1;
    record("decode JPEG", begin);
    begin = moment();
    tb_status status = tb_engine_detect(engine, &image, faces, &count);
    record("detect and landmarks", begin);
    if (status == TB_OK && count > 0) {
        begin = moment();
        status = tb_engine_quality(engine, &image, &faces[0], &quality);
        record("quality", begin);
        begin = moment();
        if (status == TB_OK)
            status = tb_engine_liveness(engine, &image, &faces[0], &live);
        record("liveness", begin);
        begin = moment();
        if (status == TB_OK)
            status = tb_engine_template(engine, &image, &faces[0], probe);
        record("template (with quality)", begin);
        begin = moment();
        if (status == TB_OK)
            status = tb_gallery_search(gallery, probe, 2, NULL, NULL, best, &found);
        (void)tb_decide(tb_engine_calibration(engine), LIST, TB_DEFAULT_FPIR, best, found);
        record("search of 10,000, decide", begin);
        record("frame to decision", whole);
    }
    tb_image_free(&image);
    return status == TB_OK && count > 0 ? 0 : -1;
}

static int make_frame(int width, int height, tb_bytes *jpeg)
{
    tb_scene scene = {.count = 1, .light = 1, .noise = 3, .width = width, .height = height};
    tb_image image;
    tb_error why = {0};
    snprintf(scene.people[0].picture, sizeof scene.people[0].picture, TEBURA_DEPS_DIR "/pictures/sample5.jpg");
    scene.people[0].region = (tb_box){300, 780, 340, 460}; /* the lowest of the five */
    scene.people[0].distance = 1.5f;
    if (tb_scene_render(&scene, 1, &image, &why) != TB_OK) {
        fprintf(stderr, "bench_pipeline: %s\n", tb_error_text(&why));
        return -1;
    }
    tb_status status = tb_image_encode_jpeg(&image, 85, jpeg);
    tb_image_free(&image);
    return status == TB_OK ? 0 : -1;
}

static int measure(tb_engine *engine, const tb_gallery *gallery, int width, int height, const char *comma)
{
    tb_bytes jpeg = {0};
    tb_face *faces = tb_secret_alloc(TB_FACES_MAX * sizeof *faces);
    tb_template *probe = tb_secret_alloc(sizeof *probe);
    int failed = !faces || !probe || make_frame(width, height, &jpeg) != 0;
    unsigned long before = 0;
    double memory = 0;
    stage_count = 0;
    for (int round = 0; round < WARM_UP + RUNS && !failed; round++) {
        warming = round < WARM_UP;
        if (round == WARM_UP) {
            before = atomic_load(&allocations);
            memory = resident_mib();
        }
        failed = one_round(engine, gallery, tb_bytes_span(&jpeg), faces, probe) != 0;
    }
    double per_round = (double)(atomic_load(&allocations) - before) / RUNS, grown = resident_mib() - memory;
    fprintf(stderr, "%d x %d, %zu bytes of JPEG, one thread, %d rounds\n", width, height, jpeg.size, RUNS);
    printf("%s{\"width\":%d,\"height\":%d,\"rounds\":%d,\"stages_ms\":{", comma, width, height, RUNS);
    for (int i = 0; i < stage_count; i++) {
        struct stage *stage = &stages[i];
        double median = at_share(stage->times, stage->count, 0.5), late = at_share(stage->times, stage->count, 0.99);
        double work = at_share(stage->work, stage->count, 0.5);
        fprintf(stderr, "  %-28s median %7.2f ms   p99 %7.2f ms   processor time %7.2f ms\n", stage->name, median, late,
                work);
        printf("%s\"%s\":{\"median\":%.3f,\"p99\":%.3f,\"processor_median\":%.3f}", i ? "," : "", stage->name, median,
               late, work);
    }
    fprintf(stderr, "  allocations a round%s %.1f   resident memory grew by %.2f MiB in %d rounds\n",
            COUNTED ? "" : " (not counted in this build)", per_round, grown, RUNS);
    printf("},\"allocations_a_round\":%.1f,\"grown_mib\":%.2f}", COUNTED ? per_round : -1, grown);
    tb_bytes_free(&jpeg);
    tb_secret_free(faces);
    tb_secret_free(probe);
    return failed;
}

int main(void)
{
    tb_engine *engine = NULL;
    tb_gallery *gallery = NULL;
    tb_error why = {0};
    double began = now_ms(), bare = resident_mib();
    if (tb_engine_open(NULL, &engine, &why) != TB_OK) {
        fprintf(stderr, "bench_pipeline: %s\n", tb_error_text(&why));
        return 2;
    }
    double opened = now_ms() - began, loaded = resident_mib();
    int failed = fill_list(engine, &gallery) != 0;
    double listed = resident_mib();
    printf("{\"open_ms\":%.1f,\"rss_mib\":{\"bare\":%.1f,\"networks\":%.1f,\"with_list_of_10000\":%.1f},\"frames\":[",
           opened, bare, loaded, listed);
    failed = measure(engine, gallery, 640, 480, "") != 0 || failed;
    failed = measure(engine, gallery, 1920, 1080, ",") != 0 || failed;
    double end = resident_mib();
    printf("],\"rss_end_mib\":%.1f}\n", end);
    fprintf(
        stderr,
        "networks loaded and verified in %.0f ms; resident: bare %.1f MiB, with networks %.1f, with a list of 10,000 %.1f, "
        "at the end %.1f\n",
        opened, bare, loaded, listed, end);
    tb_gallery_free(&gallery);
    tb_engine_free(&engine);
    return failed;
}
