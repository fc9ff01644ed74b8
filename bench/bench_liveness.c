/* bench_liveness.c: what a terminal sees of the people of the demo pictures when the virtual camera re-photographs
 * them: is there one face, is it good enough, is it called live, and is it still the same person? One line a condition
 * on standard error, JSON on standard output. */
#include <stdio.h>
#include <string.h>

#include <tebura/camera.h>
#include <tebura/face.h>
#include <tebura/secret.h>

enum { PICTURES = 6, PEOPLE_MAX = 32 };

static const struct condition {
    const char *name;
    float distance, angle, light, noise;
    int jpeg;
} conditions[] = {{"as is", 1, 0, 1, 0, 0},         {"noise 4, JPEG 85", 1, 0, 1, 4, 85},
                  {"twice as far", 2, 0, 1, 3, 85}, {"turned 8 degrees", 1, 8, 1, 3, 85},
                  {"light 0.6", 1, 0, 0.6f, 3, 85}, {"light 1.3, noise 8", 1, 0, 1.3f, 8, 70}};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

static struct {
    int picture;
    tb_box region;
    tb_template template;
    float live, unified;
} people[PEOPLE_MAX];
static int count, reports;

static void picture_path(int number, char out[512])
{
    snprintf(out, 512, TEBURA_DEPS_DIR "/pictures/sample%d.jpg", number);
}

static void enrol_all(tb_engine *engine)
{
    for (int number = 1; number <= PICTURES; number++) {
        char path[512];
        tb_image image;
        tb_face faces[TB_FACES_MAX];
        tb_error why = {0};
        int found = 0;
        picture_path(number, path);
        if (tb_image_read(path, &image, &why) != TB_OK) {
            fprintf(stderr, "%s\n", tb_error_text(&why));
            continue;
        }
        if (tb_engine_detect(engine, &image, faces, &found) != TB_OK)
            found = 0;
        for (int i = 0; i < found && count < PEOPLE_MAX; i++) {
            tb_box b = faces[i].box;
            tb_quality quality;
            float live = -1;
            people[count].picture = number;
            people[count].region =
                (tb_box){b.x - 0.45f * b.width, b.y - 0.35f * b.height, 1.9f * b.width, 1.75f * b.height};
            if (tb_engine_quality(engine, &image, &faces[i], &quality) != TB_OK ||
                tb_engine_liveness(engine, &image, &faces[i], &live) != TB_OK ||
                tb_engine_template(engine, &image, &faces[i], &people[count].template) != TB_OK)
                continue;
            fprintf(stderr,
                    "sample%d.jpg face %d: eyes %3.0f px, yaw %+3.0f pitch %+3.0f, sharpness %.2f exposure %.2f, "
                    "quality %3d, live %.3f, %s\n",
                    number, i + 1, quality.eye_distance, quality.yaw, quality.pitch,
                    quality.native[TB_QUALITY_SHARPNESS], quality.native[TB_QUALITY_BRIGHTNESS], quality.unified, live,
                    tb_status_name(quality.advice));
            count++;
        }
        tb_image_free(&image);
    }
}

static void look(tb_engine *engine, const struct condition *condition)
{
    int statuses[TB_STATUS_COUNT] = {0}, live = 0, same = 0;
    float least = 1, score;
    tb_capture *capture = tb_secret_alloc(sizeof *capture);
    for (int i = 0; i < count && capture; i++) {
        tb_scene scene = {.count = 1,
                          .light = condition->light,
                          .noise = condition->noise,
                          .jpeg = condition->jpeg,
                          .width = 640,
                          .height = 480};
        picture_path(people[i].picture, scene.people[0].picture);
        scene.people[0].region = people[i].region;
        scene.people[0].distance = condition->distance;
        scene.people[0].angle = condition->angle;
        tb_image frame;
        tb_error why = {0};
        if (tb_scene_render(&scene, 1, &frame, &why) != TB_OK) {
            fprintf(stderr, "%s\n", tb_error_text(&why));
            continue;
        }
        tb_status status = tb_engine_capture(engine, &frame, 0, capture);
        statuses[status]++;
        float alive = 0;
        if (status == TB_OK && tb_engine_liveness(engine, &frame, &capture->face, &alive) == TB_OK)
            live += alive >= tb_engine_calibration(engine)->liveness;
        if (status == TB_OK && tb_template_compare(&capture->template, &people[i].template, &score) == TB_OK) {
            same += score >= tb_engine_calibration(engine)->verification;
            least = score < least ? score : least;
        }
        tb_image_free(&frame);
    }
    tb_secret_free(capture);
    fprintf(
        stderr,
        "%-20s captured %2d of %d, of these the same person %2d (lowest similarity %.3f), called live %2d; refused:",
        condition->name, statuses[TB_OK], count, same, least, live);
    for (int s = 1; s < TB_STATUS_COUNT; s++)
        if (statuses[s])
            fprintf(stderr, " %s %d", tb_status_name((tb_status)s), statuses[s]);
    fprintf(stderr, "\n");
    printf("%s{\"condition\":\"%s\",\"people\":%d,\"captured\":%d,\"same\":%d,\"lowest_similarity\":%.4f,\"live\":%d}",
           reports++ ? "," : "", condition->name, count, statuses[TB_OK], same, least, live);
}

int main(void)
{
    tb_engine *engine;
    tb_error why = {0};
    if (tb_engine_open(NULL, &engine, &why) != TB_OK) {
        fprintf(stderr, "bench_liveness: %s\n", tb_error_text(&why));
        return 2;
    }
    enrol_all(engine);
    printf("[");
    for (int i = 0; i < CONDITIONS; i++)
        look(engine, &conditions[i]);
    printf("]\n");
    tb_engine_free(&engine);
    return 0;
}
