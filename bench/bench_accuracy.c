/* bench_accuracy.c: how well the networks tell people apart on folders of photographs, one folder a person:
 *   bench_accuracy [-v] SET=FOLDER...      e.g. photos=../shared/faces/photos orl=../shared/faces/orl
 * Without a set: those of ../shared/faces, where it is. For each set and for all together: pairs, equal error rate,
 * true accept rate at stated false accept rates, the highest impostor, what int8 coding changes, how many are called
 * live and good; with -v a line for each picture. Table on standard error, JSON on standard output. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/face.h>
#include <tebura/secret.h>

enum { PICTURES_MAX = 4000 };

struct picture {
    int set, person, live, good;
    tb_template template, coded;
};

static struct {
    struct picture *pictures;
    int count, verbose, people, missed, reports;
} all;

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void take(tb_engine *engine, int set, int person, const char *path)
{
    tb_image image;
    tb_face faces[TB_FACES_MAX];
    tb_error why = {0};
    int count = 0;
    if (tb_image_read(path, &image, &why) != TB_OK) {
        fprintf(stderr, "%s: %s\n", path, why.text);
        return;
    }
    if (tb_engine_detect(engine, &image, faces, &count) == TB_OK && count > 0 && all.count < PICTURES_MAX) {
        int best = 0; /* the largest: press photographs have bystanders */
        for (int i = 1; i < count; i++)
            if (faces[i].box.height > faces[best].box.height)
                best = i;
        struct picture *picture = &all.pictures[all.count];
        tb_quality quality;
        float live = -1;
        tb_bytes bytes = {0};
        *picture = (struct picture){.set = set, .person = person};
        tb_status status = tb_engine_quality(engine, &image, &faces[best], &quality);
        tb_status alive = tb_engine_liveness(engine, &image, &faces[best], &live);
        picture->live = live >= tb_engine_calibration(engine)->liveness;
        picture->good = quality.advice == TB_OK;
        if (status == TB_OK && alive == TB_OK &&
            tb_engine_template(engine, &image, &faces[best], &picture->template) == TB_OK &&
            tb_template_encode(&picture->template, &bytes) == TB_OK &&
            tb_template_decode(tb_bytes_span(&bytes), 0, &picture->coded) == TB_OK)
            all.count++;
        if (all.verbose)
            fprintf(stderr,
                    "%-50s %4dx%-4d faces %d score %.2f box %.0fx%.0f eyes %.0f yaw %+.0f pitch %+.0f roll %+.0f "
                    "sharp %.2f exposure %.2f "
                    "contrast %.2f quality %d live %.3f %s\n",
                    path, image.width, image.height, count, faces[best].score, faces[best].box.width,
                    faces[best].box.height, quality.eye_distance, quality.yaw, quality.pitch, quality.roll,
                    quality.sharpness, quality.exposure, quality.contrast, quality.unified, live,
                    tb_status_name(quality.advice));
        tb_bytes_free(&bytes);
    } else {
        fprintf(stderr, "%s: no face\n", path);
        all.missed++;
    }
    tb_image_free(&image);
}

static int is_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void take_folder(tb_engine *engine, int set, const char *folder)
{
    struct dirent **people, **files;
    int count = scandir(folder, &people, is_hidden, alphasort);
    for (int i = 0; i < count; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, people[i]->d_name);
        int pictures = scandir(path, &files, is_hidden, alphasort);
        for (int j = 0; j < pictures; j++) {
            char file[2048];
            snprintf(file, sizeof file, "%s/%s", path, files[j]->d_name);
            take(engine, set, all.people, file);
            free(files[j]);
        }
        if (pictures >= 0)
            free(files);
        all.people++;
        free(people[i]);
    }
    if (count >= 0)
        free(people);
}

/* Share of sorted values below `limit`. */
static double below(const float *sorted, int count, float limit)
{
    int n = 0;
    while (n < count && sorted[n] < limit)
        n++;
    return count ? (double)n / count : 0;
}

static float threshold_at(const float *impostors, int count, double rate)
{
    int allowed = (int)(rate * count);
    return allowed < count ? nextafterf(impostors[count - 1 - allowed], 2) : -1;
}

static void report(const char *name, float *genuine, int genuines, float *impostor, int impostors, double drift)
{
    qsort(genuine, (size_t)genuines, sizeof *genuine, by_value);
    qsort(impostor, (size_t)impostors, sizeof *impostor, by_value);
    if (!genuines || !impostors)
        return;
    double equal = 1;
    for (int i = 0; i < genuines; i++) /* the threshold at which the greater of both errors is least */
        equal = fmin(equal, fmax((double)i / genuines, 1 - below(impostor, impostors, genuine[i])));
    float at[5];
    double tar[5];
    for (int i = 1; i <= 4; i++) {
        at[i] = threshold_at(impostor, impostors, pow(10, -i));
        tar[i] = 1 - below(genuine, genuines, at[i]);
    }
    fprintf(stderr,
            "%-10s genuine %6d impostor %7d  EER %.3f%%  TAR %.2f%% at FAR 1e-3 (%.3f), %.2f%% at 1e-4 (%.3f)  "
            "highest impostor %.3f  "
            "lowest genuine %.3f  int8 moves a score by at most %.4f\n",
            name, genuines, impostors, 100 * equal, 100 * tar[3], at[3], 100 * tar[4], at[4], impostor[impostors - 1],
            genuine[0], drift);
    printf(
        "%s\"%s\":{\"genuine\":%d,\"impostor\":%d,\"eer\":%.5f,"
        "\"threshold_at_far\":{\"1e-1\":%.4f,\"1e-2\":%.4f,\"1e-3\":%.4f,\"1e-4\":%.4f},"
        "\"tar\":{\"1e-3\":%.5f,\"1e-4\":%.5f},\"highest_impostor\":%.4f,\"lowest_genuine\":%.4f,\"int8_drift\":%.5f}",
        all.reports++ ? "," : "", name, genuines, impostors, equal, at[1], at[2], at[3], at[4], tar[3], tar[4],
        impostor[impostors - 1], genuine[0], drift);
}

static void count_good(const char *name, int set)
{
    int pictures = 0, good = 0, live = 0;
    for (int i = 0; i < all.count; i++)
        if (all.pictures[i].set == set) {
            pictures++;
            good += all.pictures[i].good;
            live += all.pictures[i].live;
        }
    fprintf(stderr, "%-10s %d pictures, good enough %d, called live %d\n", name, pictures, good, live);
}

static void compare_all(const char *name, int set)
{
    size_t room = (size_t)all.count * (size_t)all.count / 2 + 1;
    float *genuine = malloc(room * sizeof *genuine), *impostor = malloc(room * sizeof *impostor);
    int genuines = 0, impostors = 0;
    double drift = 0;
    for (int i = 0; genuine && impostor && i < all.count; i++)
        for (int j = 0; j < i; j++) {
            const struct picture *a = &all.pictures[i], *b = &all.pictures[j];
            float score, coded;
            if ((set >= 0 && (a->set != set || b->set != set)) ||
                tb_template_compare(&a->template, &b->template, &score) != TB_OK ||
                tb_template_compare(&a->coded, &b->coded, &coded) != TB_OK)
                continue;
            drift = fmax(drift, fabs(score - coded));
            if (a->person == b->person)
                genuine[genuines++] = score;
            else
                impostor[impostors++] = score;
        }
    if (genuine && impostor)
        report(name, genuine, genuines, impostor, impostors, drift);
    free(genuine);
    free(impostor);
}

static const char *const beside[] = {"photos", "portraits", "orl"};

/* The sets of ../shared/faces; 0 when they are not on this machine. */
static int take_beside(tb_engine *engine)
{
    const char *given = getenv("TEBURA_FACES"), *base = given ? given : TEBURA_SOURCE_DIR "/../shared/faces";
    int before = all.count;
    for (int i = 0; i < 3; i++) {
        char folder[1024];
        snprintf(folder, sizeof folder, "%s/%s", base, beside[i]);
        take_folder(engine, i, folder);
    }
    return all.count - before;
}

static void take_arguments(tb_engine *engine, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *folder = strchr(argv[i], '=');
        if (folder) {
            *folder = '\0';
            take_folder(engine, i, folder + 1);
        }
    }
}

int main(int argc, char **argv)
{
    tb_engine *engine;
    tb_error why = {0};
    int sets = argc > 1 && strcmp(argv[1], "-v") == 0 ? argc - 2 : argc - 1;
    all.verbose = sets != argc - 1;
    all.pictures = tb_secret_alloc(PICTURES_MAX * sizeof *all.pictures);
    if (!all.pictures || tb_engine_open(NULL, &engine, &why) != TB_OK) {
        fprintf(stderr, "bench_accuracy: %s\n", tb_error_text(&why));
        return 2;
    }
    printf("{");
    if (sets > 0)
        take_arguments(engine, argc, argv);
    else if (take_beside(engine) == 0)
        fprintf(stderr, "skipped: ../shared/faces is not on this machine\n");
    for (int i = 0; i < (sets > 0 ? argc : 3); i++) {
        const char *name = sets > 0 ? argv[i] : beside[i];
        compare_all(name, i);
        if (all.count && (sets == 0 || i > 0))
            count_good(name, i);
    }
    compare_all("all", -1);
    printf("%s\"pictures\":%d,\"without_a_face\":%d}\n", all.reports ? "," : "", all.missed + all.count, all.missed);
    tb_engine_free(&engine);
    tb_secret_free(all.pictures);
    return 0;
}
