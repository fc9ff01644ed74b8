/* bench_pipeline.c: from a camera's frame to a template with liveness, at two frame sizes, on one core: each stage, the
 * bare networks as the floor under it, what a frame allocates and what the process holds. Frames are re-photographs of
 * a demo picture by the virtual camera (one person, JPEG as webcams send it); decoding them and searching a list are
 * shown beside, not in, the frame's time. Medians and 99th percentiles of RUNS rounds after WARM_UP. Table on standard
 * error, one JSON object on standard output. */
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <math.h>
#include <sched.h>
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

#include "face/engine.h"

enum { WARM_UP = 10, RUNS = 100, LIST = 10000, STAGES_MAX = 20 };
#define TARGET_MS 20.0

/* Every allocation of the process where no sanitizer has taken these names: those that our own code asks for, and those
 * of the libraries, told apart by where the call comes from (Tebura's library is linked into this program). */
static atomic_ulong ours, others;
static uintptr_t text_begin, text_end;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(__GLIBC__) && !defined(__clang__)
#define COUNTED 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void count(const void *caller)
{
    int is_ours = (uintptr_t)caller >= text_begin && (uintptr_t)caller < text_end;
    atomic_fetch_add_explicit(is_ours ? &ours : &others, 1, memory_order_relaxed);
}

void *malloc(size_t size)
{
    count(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    count(__builtin_return_address(0));
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}
#else
#define COUNTED 0
#endif

static int find_text(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            text_begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            text_end = text_begin + info->dlpi_phdr[i].p_memsz;
        }
    return 1; /* the first one is the program itself */
}

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

/* Counts what one round allocates after warm-up, frame to template. */
static struct {
    unsigned long ours, others, rounds;
} frame_allocations;

/* The frame's part: one face, measured, live or not, and its template, as tb_engine_capture does it. */
static tb_status frame_to_template(tb_engine *engine, const tb_image *image, tb_template *probe)
{
    tb_face faces[TB_FACES_MAX];
    tb_quality quality = {0};
    float live;
    int found = 0;
    unsigned long ours_before = atomic_load(&ours), others_before = atomic_load(&others);
    struct moment whole = moment(), begin = whole;
    tb_status status = tb_stage_detect(engine, image, faces, &found);
    record("detect", begin);
    begin = moment();
    status = status == TB_OK && found > 0 ? tb_stage_landmarks(engine, image, &faces[0]) : TB_RETRY_NO_FACE;
    record("landmarks", begin);
    begin = moment();
    if (status == TB_OK)
        status = tb_engine_quality(engine, image, &faces[0], &quality);
    record("quality", begin);
    begin = moment();
    if (status == TB_OK)
        status = tb_engine_liveness(engine, image, &faces[0], &live);
    record("liveness", begin);
    begin = moment();
    if (status == TB_OK)
        status = tb_stage_embed(engine, image, &faces[0], quality.unified, probe);
    record("template", begin);
    record("frame to template", whole);
    if (!warming) {
        frame_allocations.ours += atomic_load(&ours) - ours_before;
        frame_allocations.others += atomic_load(&others) - others_before;
        frame_allocations.rounds++;
    }
    return status;
}

static void run_bare(tb_network *network, int times)
{
    for (int i = 0; i < times; i++)
        (void)!tb_network_run(network);
}

/* Nothing but the networks, as often as one frame needs them. */
static void floor_of(tb_engine *engine)
{
    struct moment begin = moment();
    run_bare(&engine->detect, 1);
    run_bare(&engine->landmarks, 3);
    run_bare(&engine->liveness, 1);
    run_bare(&engine->embed, engine->manifest.embed.mirror ? 2 : 1);
    record("bare networks (floor)", begin);
}

/* One frame from its bytes to the decision. Answers 0 when a face was found. */
static int one_round(tb_engine *engine, const tb_gallery *gallery, tb_span jpeg, tb_template *probe)
{
    tb_image image;
    tb_error why = {0};
    tb_candidate best[2];
    int found = 0;
    struct moment begin = moment();
    if (tb_image_decode(jpeg, &image, &why) != TB_OK)
        return -1;
    record("decode JPEG (the camera's)", begin);
    tb_status status = frame_to_template(engine, &image, probe);
    begin = moment();
    if (status == TB_OK)
        status = tb_gallery_search(gallery, probe, 2, NULL, NULL, best, &found);
    (void)tb_decide(tb_engine_calibration(engine), LIST, TB_DEFAULT_FPIR, best, found);
    record("search of 10,000, decide", begin);
    floor_of(engine);
    tb_image_free(&image);
    return status == TB_OK ? 0 : -1;
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

static double median_of(const char *name)
{
    for (int i = 0; i < stage_count; i++)
        if (strcmp(stages[i].name, name) == 0)
            return at_share(stages[i].times, stages[i].count, 0.5);
    return 0;
}

static void report(int width, int height, size_t bytes, const char *comma)
{
    fprintf(stderr, "%d x %d, %zu bytes of JPEG, one core, %d rounds\n", width, height, bytes, RUNS);
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
    double rounds = (double)frame_allocations.rounds, whole = median_of("frame to template"),
           least = median_of("bare networks (floor)");
    double mine = COUNTED ? (double)frame_allocations.ours / rounds : -1;
    double libraries = COUNTED ? (double)frame_allocations.others / rounds : -1;
    fprintf(stderr,
            "  frame to template is %.2f x the bare networks, %.2f x the target of %.0f ms; allocations a frame after "
            "warm-up%s: ours %.1f, the runtime's %.1f\n",
            whole / least, whole / TARGET_MS, TARGET_MS, COUNTED ? "" : " (not counted in this build)", mine,
            libraries);
    printf("},\"target_ms\":%.1f,\"ratio_to_floor\":%.3f,\"allocations_a_frame\":{\"ours\":%.1f,\"runtime\":%.1f}",
           TARGET_MS, whole / least, mine, libraries);
}

static int measure(tb_engine *engine, const tb_gallery *gallery, int width, int height, const char *comma)
{
    tb_bytes jpeg = {0};
    tb_template *probe = tb_secret_alloc(sizeof *probe);
    int failed = !probe || make_frame(width, height, &jpeg) != 0;
    double memory = 0;
    stage_count = 0;
    memset(&frame_allocations, 0, sizeof frame_allocations);
    for (int round = 0; round < WARM_UP + RUNS && !failed; round++) {
        warming = round < WARM_UP;
        if (round == WARM_UP)
            memory = resident_mib();
        failed = one_round(engine, gallery, tb_bytes_span(&jpeg), probe) != 0;
    }
    if (!failed) {
        report(width, height, jpeg.size, comma);
        printf(",\"grown_mib\":%.2f}", resident_mib() - memory);
    }
    tb_bytes_free(&jpeg);
    tb_secret_free(probe);
    return failed;
}

/* Everything on the core that this thread is on: no other core helps. */
static void stay_on_one_core(void)
{
    cpu_set_t one;
    int core = sched_getcpu();
    CPU_ZERO(&one);
    CPU_SET(core < 0 ? 0 : core, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        fprintf(stderr, "bench_pipeline: not bound to one core\n");
}

int main(void)
{
    tb_engine *engine = NULL;
    tb_gallery *gallery = NULL;
    tb_error why = {0};
    (void)dl_iterate_phdr(find_text, NULL);
    stay_on_one_core();
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
