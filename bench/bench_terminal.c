/* bench_terminal.c: one terminal with a list of 10,000: from a picture to the decision (zone, burst, liveness,
 * template, 1:N), the start without network from its own database, and memory. Synthetic templates, a re-photographed
 * demo picture. Table on standard error, JSON on standard output. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tebura/camera.h>
#include <tebura/secret.h>

#include "terminal/capture.h"
#include "terminal/feed.h"

enum { ENTRIES = 10000, RUNS = 300, WARM_UP = 20 };

static char directory[] = "/tmp/tebura-bench-XXXXXX";

static void need(tb_status status, const char *what)
{
    if (status == TB_OK)
        return;
    fprintf(stderr, "bench_terminal: %s: %s\n", what, tb_status_sentence(status));
    exit(1);
}

static double now_ms(void)
{
    return (double)tb_clock_monotonic() / 1000;
}

static double processor_ms(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1000 + (double)at.tv_nsec / 1e6;
}

static double resident_mib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%*s %ld", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at_share(double *times, int count, double share)
{
    qsort(times, (size_t)count, sizeof *times, by_size);
    return times[(int)(share * (count - 1) + 0.5)];
}

/* A random direction: faces of different people are nearly orthogonal. */
static void made_template(uint64_t seed, uint32_t model, int dimension, tb_template *out)
{
    double sum = 0;
    memset(out, 0, sizeof *out);
    out->model = model;
    out->dimension = (uint16_t)dimension;
    out->quality = 80;
    for (int i = 0; i < dimension; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out->values[i] = (float)(int32_t)(seed >> 32) / 2147483648.0f;
        sum += (double)out->values[i] * (double)out->values[i];
    }
    for (int i = 0; i < dimension; i++)
        out->values[i] /= __builtin_sqrtf((float)sum);
}

static tb_sealed_entry rows[ENTRIES];
static tb_bytes bodies[ENTRIES];

static void add_entry(tb_list *list, const tb_key_pair *server, const tb_key *own, uint32_t model, int dimension, int n)
{
    tb_entry entry = {.sequence = (uint64_t)n + 1,
                      .visit = tb_id_random(),
                      .present = 1,
                      .from = 1,
                      .until = TB_TIME_NEVER,
                      .template_count = 1};
    tb_template *face = tb_secret_alloc(sizeof *face);
    tb_bytes plain = {0};
    char key[64], text[TB_ID_TEXT_SIZE];
    made_template((uint64_t)n + 1, model, dimension, face);
    need(tb_template_encode(face, &entry.templates[0]), "template");
    need(tb_facts_set_text(&entry.fields, "name", "TRAVELLER/DEMO"), "fact");
    need(tb_facts_set_text(&entry.fields, "seat", "12A"), "fact");
    need(tb_list_apply(list, &entry, NULL), "list");
    snprintf(key, sizeof key, "gate-1.%s", tb_id_text(entry.visit, text));
    need(tb_entry_encode(&entry, &plain), "entry");
    need(tb_seal_to(&server->private_key, own, tb_span_text(key), tb_bytes_span(&plain), &bodies[n]), "seal");
    rows[n] = (tb_sealed_entry){.visit = entry.visit, .sequence = entry.sequence, .sealed = tb_bytes_span(&bodies[n])};
    tb_entry_free(&entry);
    tb_bytes_free(&plain);
    tb_secret_free(face);
}

static void remove_directory(void)
{
    DIR *folder = opendir(directory);
    char path[512];
    for (struct dirent *item; folder && (item = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", directory, item->d_name);
        (void)unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(directory);
}

/* The largest face of the demo picture, alone before the camera. */
static void find_scene(tb_engine *engine, tb_scene *scene)
{
    tb_image image;
    tb_face faces[TB_FACES_MAX];
    int count = 0;
    *scene = (tb_scene){.count = 1, .light = 1, .noise = 2, .seed = 7, .people = {{.distance = 1}}};
    snprintf(scene->people[0].picture, sizeof scene->people[0].picture, "%s", TEBURA_DEPS_DIR "/pictures/sample5.jpg");
    need(tb_image_read(scene->people[0].picture, &image, NULL), "demo picture");
    need(tb_engine_detect(engine, &image, faces, &count), "detect");
    tb_box b = faces[0].box;
    scene->people[0].region = (tb_box){b.x - 0.6f * b.width, b.y - 0.5f * b.height, 2.2f * b.width, 2 * b.height};
    tb_image_free(&image);
}

struct times {
    double looked[RUNS], decided[RUNS], matched[RUNS], work[RUNS];
};

static void measure(tb_engine *engine, const tb_list *list, struct times *times)
{
    tb_capturer *capturer;
    tb_template *probe = tb_secret_alloc(sizeof *probe);
    tb_scene scene;
    find_scene(engine, &scene);
    need(tb_capturer_new(&(tb_capture_options){.burst = 1}, engine, &capturer), "capturer");
    for (int run = -WARM_UP; run < RUNS; run++) {
        tb_frame frame = {.number = (uint64_t)(run + WARM_UP + 1), .taken = tb_clock_monotonic()};
        tb_zone_view zone;
        tb_captured captured;
        tb_list_match match;
        need(tb_scene_render(&scene, frame.number, &frame.image, NULL), "scene");
        double begun = now_ms();
        need(tb_capturer_see(capturer, &frame, &zone, &captured, probe),
             "look"); /* not armed: detector and zone only */
        double looked = now_ms(), worked = processor_ms();
        tb_capturer_arm(capturer);
        need(tb_capturer_see(capturer, &frame, &zone, &captured, probe), "capture");
        double taken = now_ms();
        need(tb_list_identify(list, 0, probe, 1, tb_clock_now(), &match), "identify");
        double decided = now_ms();
        worked = processor_ms() - worked;
        if (run >= 0) {
            times->looked[run] = looked - begun;
            times->matched[run] = decided - taken;
            times->decided[run] = decided - looked;
            times->work[run] = worked;
        }
        tb_frame_free(&frame);
    }
    tb_capturer_free(&capturer);
    tb_secret_free(probe);
}

static void restart(const tb_key_pair *server, const tb_model *models, int model_count, double *opened,
                    double *restored)
{
    tb_edge_store *store;
    tb_key_pair own;
    tb_list *list;
    tb_feed *feed;
    size_t count = 0;
    double begun = now_ms();
    need(tb_edge_store_open(directory, &store, NULL), "store");
    need(tb_edge_store_keys(store, &own), "keys");
    *opened = now_ms() - begun;
    need(tb_list_new(models, model_count, &list), "list");
    need(tb_feed_new(&(tb_feed_options){list, store, &own.private_key, &server->public_key, "site", "gate-1", NULL, 0},
                     &feed),
         "feed");
    begun = now_ms();
    need(tb_feed_restore(feed, tb_clock_now(), &count), "restore");
    *restored = now_ms() - begun;
    if (count != ENTRIES)
        need(TB_INTERNAL, "entries are missing");
    tb_feed_free(&feed);
    tb_list_free(&list);
    tb_edge_store_free(&store);
}

int main(void)
{
    static struct times times;
    tb_engine *engine;
    tb_edge_store *store;
    tb_list *list;
    tb_key_pair own, server;
    need(tb_crypto_start(), "cryptography");
    if (!mkdtemp(directory))
        return 1;
    double begun = now_ms();
    need(tb_engine_open(NULL, &engine, NULL), "networks");
    double loaded_ms = now_ms() - begun, loaded = resident_mib();
    uint32_t model = tb_engine_model(engine);
    int dimension = 512;
    server = tb_key_pair_random();
    need(tb_edge_store_open(directory, &store, NULL), "store");
    need(tb_edge_store_keys(store, &own), "keys");
    tb_model models[TB_MODELS_MAX];
    int model_count = tb_engine_models(engine, models);
    need(tb_list_new(models, model_count, &list), "list");
    fprintf(stderr, "filling a list of %d ...\n", ENTRIES);
    for (int n = 0; n < ENTRIES; n++)
        add_entry(list, &server, &own.public_key, model, dimension, n);
    need(tb_edge_store_entries_put(store, rows, ENTRIES, 1, 0), "store");
    for (int n = 0; n < ENTRIES; n++)
        tb_bytes_free(&bodies[n]);
    double full = resident_mib();
    measure(engine, list, &times);
    tb_list_free(&list);
    tb_edge_store_free(&store);
    double opened_ms, restored_ms;
    restart(&server, models, model_count, &opened_ms, &restored_ms);
    remove_directory();
    double median = at_share(times.decided, RUNS, 0.5), late = at_share(times.decided, RUNS, 0.99);
    double look = at_share(times.looked, RUNS, 0.5), match = at_share(times.matched, RUNS, 0.5);
    double work = at_share(times.work, RUNS, 0.5);
    fprintf(
        stderr,
        "picture to decision, list of %d, one thread, %d runs: median %.1f ms   p99 %.1f ms   processor time %.1f ms\n",
        ENTRIES, RUNS, median, late, work);
    fprintf(stderr, "  of it 1:N over the list: median %.2f ms; a picture that is only looked at: median %.1f ms\n",
            match, look);
    fprintf(stderr, "start without network: networks %.0f ms, database %.0f ms, %d entries %.0f ms\n", loaded_ms,
            opened_ms, ENTRIES, restored_ms);
    fprintf(stderr, "resident: with networks %.0f MiB, with the list %.0f MiB\n", loaded, full);
    printf(
        "{\"entries\":%d,\"runs\":%d,\"picture_to_decision_ms\":{\"median\":%.2f,\"p99\":%.2f,\"processor_median\":%.2f},\"identify_ms_median\":%.3f,"
        "\"look_ms_median\":%.2f,\"start_ms\":{\"networks\":%.1f,\"database\":%.1f,\"entries\":%.1f},\"rss_mib\":{\"networks\":%.1f,\"list\":%.1f}}\n",
        ENTRIES, RUNS, median, late, work, match, look, loaded_ms, opened_ms, restored_ms, loaded, full);
    tb_engine_free(&engine);
    return 0;
}
