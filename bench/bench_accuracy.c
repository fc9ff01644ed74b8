/* bench_accuracy.c: how well the networks tell people apart on folders of photographs, one folder a person:
 *   bench_accuracy SET=FOLDER...      e.g. photos=../shared/faces/photos orl=../shared/faces/orl
 * For each set and for all together: pairs, equal error rate, true accept rate at stated false accept rates, the highest
 * impostor, what int8 coding changes; and for each picture with -v: faces, quality, liveness, advice. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/face.h>
#include <tebura/secret.h>

enum { PICTURES_MAX = 4000 };

struct picture {
    int set, person;
    tb_template template, coded;
};

static struct {
    struct picture *pictures;
    int count, verbose, people, missed;
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
        printf("%s: %s\n", path, why.text);
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
        if (status == TB_OK && alive == TB_OK && tb_engine_template(engine, &image, &faces[best], &picture->template) == TB_OK &&
            tb_template_encode(&picture->template, &bytes) == TB_OK && tb_template_decode(tb_bytes_span(&bytes), 0, &picture->coded) == TB_OK)
            all.count++;
        if (all.verbose)
            printf("%-50s %4dx%-4d faces %d score %.2f box %.0fx%.0f eyes %.0f yaw %+.0f pitch %+.0f roll %+.0f sharp %.2f exposure %.2f "
                   "contrast %.2f quality %d live %.3f %s\n",
                   path, image.width, image.height, count, faces[best].score, faces[best].box.width, faces[best].box.height,
                   quality.eye_distance, quality.yaw, quality.pitch, quality.roll, quality.sharpness, quality.exposure,
                   quality.contrast, quality.unified, live, tb_status_name(quality.advice));
        tb_bytes_free(&bytes);
    } else {
        printf("%s: no face\n", path);
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
    for (int i = 0; i < genuines; i++) { /* the threshold at which both errors are closest */
        double frr = (double)i / genuines, far = 1 - below(impostor, impostors, genuine[i]);
        if (fabs(frr - far) < 2 && fmax(frr, far) < equal)
            equal = fmax(frr, far);
    }
    float at3 = threshold_at(impostor, impostors, 1e-3), at4 = threshold_at(impostor, impostors, 1e-4);
    printf("%-10s genuine %6d impostor %7d  EER %.3f%%  FAR 1e-3 at %.3f TAR %.2f%%  FAR 1e-4 at %.3f TAR %.2f%%  highest impostor "
           "%.3f  lowest genuine %.3f  at 0.44: FAR %.2e FRR %.2f%%  int8 moves a score by at most %.4f\n",
           name, genuines, impostors, 100 * equal, at3, 100 * (1 - below(genuine, genuines, at3)), at4,
           100 * (1 - below(genuine, genuines, at4)), impostor[impostors - 1], genuine[0],
           1 - below(impostor, impostors, 0.44f), 100 * below(genuine, genuines, 0.44f), drift);
    for (int i = 4; i >= 1 && all.verbose; i--)
        printf("  FMR 1e-%d at %.3f\n", i, threshold_at(impostor, impostors, pow(10, -i)));
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
            if ((set >= 0 && (a->set != set || b->set != set)) || tb_template_compare(&a->template, &b->template, &score) != TB_OK ||
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

int main(int argc, char **argv)
{
    tb_engine *engine;
    tb_error why = {0};
    if (argc < 2) {
        printf("usage: bench_accuracy [-v] SET=FOLDER...\n"); /* make bench runs every program: this one needs photographs */
        return 0;
    }
    all.pictures = tb_secret_alloc(PICTURES_MAX * sizeof *all.pictures);
    if (!all.pictures || tb_engine_open(NULL, &engine, &why) != TB_OK) {
        fprintf(stderr, "bench_accuracy: %s\n", tb_error_text(&why));
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        char *folder = strchr(argv[i], '=');
        if (strcmp(argv[i], "-v") == 0)
            all.verbose = 1;
        else if (folder)
            take_folder(engine, i, folder + 1);
    }
    for (int i = 1; i < argc; i++) {
        char *folder = strchr(argv[i], '=');
        if (folder) {
            *folder = '\0';
            compare_all(argv[i], i);
        }
    }
    compare_all("all", -1);
    printf("pictures without a face: %d of %d\n", all.missed, all.missed + all.count);
    tb_engine_free(&engine);
    tb_secret_free(all.pictures);
    return 0;
}
