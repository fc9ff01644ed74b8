/* demo_faces.c: finds the people in photographs, so that nobody has to write down where they stand. */
#include "demo.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/camera.h>

#define LIVE_ENOUGH 0.6f /* a terminal asks for 0.5 in the median of three pictures */
#define VIEWS_ENOUGH 4   /* photographs of one person that are fit for a camera: no need to look for more */
#define SAME_PERSON 0.5f /* cosine; different people of the demo pictures stay below 0.4 */

typedef struct found {
    demo_view view;
    tb_template template; /* wiped when done */
} found;

typedef struct search {
    tb_engine *engine;
    const char *directory; /* of the people who were cut out */
    int cuts;
} search;

int demo_face_is_usable(const demo_face *face)
{
    return face->view[face->views - 1].live >= LIVE_ENOUGH;
}

/* ---- how to stand before the camera ---- */

/* A part of the photograph with the proportions of a frame, `height` faces high, the face in its middle where there is
 * room: it fills the frame, so that no edge of a photograph is seen, which the liveness network would rightly take for
 * an attack. */
static tb_box framing(tb_box face, float height, int portrait, const tb_image *image)
{
    float side = fmaxf(face.width, face.height), high = height * side, wide = portrait ? high * 3 / 4 : high * 4 / 3;
    float shrink = fminf(1, fminf((float)image->width / wide, (float)image->height / high));
    high *= shrink;
    wide *= shrink;
    float x = face.x + face.width / 2 - wide / 2, y = face.y + face.height / 2 - high / 2;
    x = fmaxf(0, fminf(x, (float)image->width - wide));
    y = fmaxf(0, fminf(y, (float)image->height - high));
    return (tb_box){x, y, wide, high};
}

/* The only face that a terminal would let count: in the middle and large enough. NULL: none or several. */
static const tb_face *candidate(const tb_face *faces, int count, const tb_image *frame)
{
    const tb_face *only = NULL;
    for (int i = 0; i < count; i++) {
        float x = (faces[i].box.x + faces[i].box.width / 2) / (float)frame->width;
        if (x < 0.08f || x > 0.92f || faces[i].box.width < 0.1f * (float)frame->width)
            continue;
        if (only)
            return NULL;
        only = &faces[i];
    }
    return only;
}

/* One picture of the rehearsal: how live the person looks in it, 0 when a terminal would not take it. */
static tb_status rehearse_once(tb_engine *engine, const demo_view *view, uint32_t seed, float *live, float *roll,
                               tb_error *why)
{
    tb_scene scene = {.count = 1, .light = 0.98f, .noise = 2, .jpeg = 88, .seed = seed};
    tb_face faces[TB_FACES_MAX];
    tb_image frame = {0};
    tb_quality quality;
    int count = 0;
    *live = 0;
    scene.width = view->portrait ? 480 : 640;
    scene.height = view->portrait ? 640 : 480;
    memcpy(scene.people[0].picture, view->picture, sizeof view->picture);
    scene.people[0].region = view->region;
    scene.people[0].distance = view->distance;
    scene.people[0].angle = view->angle;
    tb_status status = tb_scene_render(&scene, seed, &frame, why);
    if (status == TB_OK)
        status = tb_engine_detect(engine, &frame, faces, &count);
    const tb_face *face = status == TB_OK ? candidate(faces, count, &frame) : NULL;
    if (face)
        status = tb_engine_quality(engine, &frame, face, &quality);
    if (face && status == TB_OK) {
        *roll = quality.roll;
        if (quality.advice == TB_OK)
            status = tb_engine_liveness(engine, &frame, face, live);
    }
    tb_image_free(&frame);
    return status;
}

/* One way to stand; it becomes `best` when two pictures of it are both better. */
static tb_status try_framing(tb_engine *engine, const demo_view *tried, demo_view *best, float *roll, tb_error *why)
{
    float first = 0, second = 0, ignored;
    tb_status status = rehearse_once(engine, tried, 3, &first, roll, why);
    if (status == TB_OK && first > best->live)
        status = rehearse_once(engine, tried, 17, &second, &ignored, why);
    if (status == TB_OK && fminf(first, second) > best->live) {
        *best = *tried;
        best->live = fminf(first, second);
    }
    return status;
}

/* Cameras at gates stand upright, so that neighbours stay outside; some people look better in a wide picture. The
 * third round holds the head upright. */
static tb_status rehearse(tb_engine *engine, tb_box face, const tb_image *image, demo_view *view, tb_error *why)
{
    static const float heights[] = {2.2f, 2.7f, 1.9f, 3.2f};
    float roll = 0, ignored;
    view->portrait = 1;
    view->distance = 0.93f;
    view->region = framing(face, heights[0], 1, image);
    for (int i = 0; i < 12 && view->live < 0.9f; i++) {
        demo_view tried = *view;
        tried.portrait = i < 4 || i >= 8;
        tried.region = framing(face, heights[i % 4], tried.portrait, image);
        tried.distance = i < 8 ? 0.93f : 0.8f;
        tried.angle = i < 8 ? 0 : -roll;
        if (i >= 4 && fabsf(roll) < 12 && (i >= 8 || view->live < 0.02f))
            break; /* upright already, and no framing will help */
        tb_status status = try_framing(engine, &tried, view, i < 8 ? &roll : &ignored, why);
        if (status != TB_OK)
            return status;
    }
    return TB_OK;
}

/* ---- photographs ---- */

static int by_x(const void *a, const void *b)
{
    const tb_face *left = a, *right = b;
    return (left->box.x > right->box.x) - (left->box.x < right->box.x);
}

/* Cuts a person out with what is around, into a file of the demo's own: the terminals read it faster than the whole
 * group. `face` is then in the cut's coordinates. */
static tb_status cut_out(const tb_image *image, const char *path, tb_box *face, tb_image *cut, tb_error *why)
{
    float side = fmaxf(face->width, face->height), x = face->x + face->width / 2, y = face->y + face->height / 2;
    float left = fmaxf(0, floorf(x - 2.2f * side)), top = fmaxf(0, floorf(y - 1.7f * side));
    float right = fminf((float)image->width, ceilf(x + 2.2f * side)),
          bottom = fminf((float)image->height, ceilf(y + 1.7f * side));
    tb_bytes encoded = {0};
    tb_status status = tb_image_crop(image, (tb_box){left, top, right - left, bottom - top}, cut);
    if (status == TB_OK)
        status = tb_image_encode_jpeg(cut, 95, &encoded);
    if (status == TB_OK)
        status = tb_file_write(path, tb_bytes_span(&encoded), why);
    tb_bytes_free(&encoded);
    face->x -= left;
    face->y -= top;
    return status;
}

static tb_status look_at_one(search *s, const char *path, const tb_image *image, const tb_face *face, found *one,
                             tb_error *why)
{
    tb_image cut = {0};
    tb_box box = face->box;
    *one = (found){.view = {.live = 0}};
    int length = snprintf(one->view.picture, sizeof one->view.picture, "%s/person-%d.jpg", s->directory, ++s->cuts);
    if (length < 0 || (size_t)length >= sizeof one->view.picture)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the path %s is too long", path);
    tb_status status = cut_out(image, one->view.picture, &box, &cut, why);
    if (status == TB_OK)
        status = rehearse(s->engine, box, &cut, &one->view, why);
    if (status == TB_OK)
        status = tb_engine_template(s->engine, image, face, &one->template);
    tb_image_free(&cut);
    return status;
}

/* Every usable face of one picture, from left to right. */
static tb_status look(search *s, const char *path, found *out, int most, int *count, tb_error *why)
{
    tb_image image = {0};
    tb_face faces[TB_FACES_MAX];
    int seen = 0;
    *count = 0;
    tb_status status = tb_image_read(path, &image, why);
    if (status == TB_OK)
        status = tb_engine_detect(s->engine, &image, faces, &seen);
    if (status == TB_OK)
        qsort(faces, (size_t)seen, sizeof *faces, by_x);
    for (int i = 0; i < seen && status == TB_OK && *count < most; i++) {
        status = demo_is_interrupted() ? tb_fail(why, TB_END_OF_STREAM, "interrupted")
                                       : look_at_one(s, path, &image, &faces[i], &out[*count], why);
        *count += status == TB_OK;
    }
    tb_image_free(&image);
    return status;
}

static void add_view(demo_face *face, const demo_view *view)
{
    if (face->views < DEMO_VIEWS_MAX)
        face->view[face->views++] = *view;
}

static int by_live(const void *a, const void *b)
{
    float left = ((const demo_view *)a)->live, right = ((const demo_view *)b)->live;
    return (left > right) - (left < right);
}

/* The passport gets the photograph that looks least live (printed pictures do); whoever is not fit for a camera in the
 * others is left with those in which they are. */
static void sort_views(demo_face *face)
{
    qsort(face->view, (size_t)face->views, sizeof *face->view, by_live);
    int first = 1;
    while (first < face->views - 1 && face->view[first].live < LIVE_ENOUGH)
        first++;
    if (face->views > 1) {
        memmove(&face->view[1], &face->view[first], (size_t)(face->views - first) * sizeof *face->view);
        face->views -= first - 1;
    }
}

/* Puts a face with the person it is of, or makes a new one. */
static tb_status sort_in(const found *all, int count, demo_face *out, int most, int *people)
{
    int owner[DEMO_TRAVELLERS_MAX * 2];
    *people = 0;
    for (int i = 0; i < count; i++) {
        owner[i] = -1;
        for (int j = 0; j < i && owner[i] < 0; j++) {
            float score = 0;
            tb_status status = tb_template_compare(&all[i].template, &all[j].template, &score);
            if (status != TB_OK)
                return status;
            if (score >= SAME_PERSON)
                owner[i] = owner[j];
        }
        if (owner[i] < 0 && *people < most)
            owner[i] = (*people)++;
        if (owner[i] >= 0)
            add_view(&out[owner[i]], &all[i].view);
    }
    for (int i = 0; i < *people; i++)
        sort_views(&out[i]);
    return TB_OK;
}

static tb_status open_engine(tb_engine **out, tb_error *why)
{
    return tb_engine_open(&(tb_engine_options){.threads = 2}, out, why);
}

tb_status demo_faces_in_pictures(const char *pictures, const char *cuts, demo_face *out, int most, int *count,
                                 tb_error *why)
{
    enum { MOST = DEMO_TRAVELLERS_MAX * 2 };
    search s = {.directory = cuts};
    int all = 0;
    found *faces = tb_secret_alloc(MOST * sizeof *faces);
    if (!faces)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    memset(out, 0, (size_t)most * sizeof *out);
    tb_status status = open_engine(&s.engine, why);
    for (int i = 1; i <= 6 && status == TB_OK; i++) {
        char path[512];
        int seen = 0;
        snprintf(path, sizeof path, "%s/sample%d.jpg", pictures, i);
        status = look(&s, path, faces + all, MOST - all, &seen, why);
        all += seen;
    }
    if (status == TB_OK)
        status = sort_in(faces, all, out, most, count);
    tb_engine_free(&s.engine);
    tb_secret_free(faces);
    return status;
}

/* ---- folders of people ---- */

static int is_picture(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (strcmp(dot, ".jpg") == 0 || strcmp(dot, ".jpeg") == 0 || strcmp(dot, ".png") == 0);
}

static int is_folder(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The pictures of one person in which exactly one face is found. */
static tb_status look_through(search *s, const char *folder, found *space, demo_face *out, tb_error *why)
{
    struct dirent **names;
    int count = scandir(folder, &names, is_picture, alphasort);
    tb_status status = TB_OK;
    int usable = 0;
    *out = (demo_face){0};
    for (int i = 0; i < count; i++) {
        char path[1024];
        int seen = 0;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (status == TB_OK && usable < VIEWS_ENOUGH && strlen(path) < sizeof out->view[0].picture)
            status = look(s, path, space, TB_FACES_MAX, &seen, why);
        if (status == TB_OK && seen == 1) {
            add_view(out, &space[0].view);
            usable += space[0].view.live >= LIVE_ENOUGH;
        }
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return status;
}

static tb_status look_in(search *s, const char *directory, found *space, demo_face *out, int most, int *count,
                         tb_error *why)
{
    struct dirent **names;
    tb_status status = TB_OK;
    int folders = scandir(directory, &names, is_folder, alphasort);
    for (int i = 0; i < folders; i++) {
        char path[768];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name);
        if (status == TB_OK && *count < most) {
            status = look_through(s, path, space, &out[*count], why);
            if (status == TB_OK && out[*count].views >= 2)
                sort_views(&out[(*count)++]);
        }
        free(names[i]);
    }
    if (folders >= 0)
        free(names);
    return status;
}

tb_status demo_faces_in_folders(const char *directory, const char *cuts, demo_face *out, int most, int *count,
                                tb_error *why)
{
    static const char *const sets[] = {"photos", "portraits"};
    search s = {.directory = cuts};
    found *space = tb_secret_alloc(TB_FACES_MAX * sizeof *space);
    *count = 0;
    tb_status status =
        space ? open_engine(&s.engine, why) : tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    for (size_t i = 0; i < sizeof sets / sizeof *sets && status == TB_OK; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", directory, sets[i]);
        status = look_in(&s, path, space, out, most, count, why);
    }
    if (status == TB_OK && *count < 2)
        status = tb_fail(why, TB_NOT_FOUND, "%s: no folders of people (photos/NAME/*.jpg) were found", directory);
    tb_engine_free(&s.engine);
    tb_secret_free(space);
    return status;
}
