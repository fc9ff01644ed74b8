/* pad_subjects.c: whom to make simulated presentations of: one picture each of the people in a folder, or everybody in
 * the demo's pictures. */
#include "pad.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/secret.h>

#define FRONTAL 20 /* degrees: half of a head cannot be turned to show the other half */

struct search {
    tb_engine *engine;
    int most, side;
    attack_subject *out;
    int *count, *left_out;
};

static int is_picture(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && (strcmp(dot, ".jpg") == 0 || strcmp(dot, ".jpeg") == 0 || strcmp(dot, ".png") == 0 ||
                   strcmp(dot, ".pgm") == 0 || strcmp(dot, ".ppm") == 0);
}

static int is_folder(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && !is_picture(entry);
}

/* Is the person, as cut out, good enough, frontal, and called live by the network? */
static tb_status rehearse(struct search *s, const attack_subject *subject, int *usable)
{
    tb_face faces[TB_FACES_MAX];
    tb_quality quality;
    tb_pose pose = {0};
    int count = 0;
    float live = 0;
    *usable = 0;
    tb_status status = tb_engine_detect(s->engine, &subject->picture, faces, &count);
    const tb_face *face = NULL;
    for (int i = 0; status == TB_OK && i < count; i++)
        if (!face || faces[i].box.width > face->box.width)
            face = &faces[i];
    if (face)
        status = tb_engine_quality(s->engine, &subject->picture, face, &quality);
    if (face && status == TB_OK)
        status = tb_engine_pose(s->engine, &subject->picture, face, &pose);
    if (face && status == TB_OK && quality.advice == TB_OK && fabsf(pose.yaw) < FRONTAL && fabsf(pose.pitch) < FRONTAL)
        status = tb_engine_liveness(s->engine, &subject->picture, face, &live);
    if (status == TB_OK)
        *usable = live >= tb_engine_calibration(s->engine)->liveness;
    tb_wipe(faces, sizeof faces);
    return status;
}

static tb_status take(struct search *s, const tb_image *photograph, const tb_face *face, int *taken)
{
    attack_subject subject;
    int usable = 0;
    *taken = 0;
    tb_status status = attack_prepare(s->engine, photograph, face, s->side * 4 / 3, s->side, &subject);
    if (status == TB_RETRY_NO_FACE)
        return TB_OK;
    if (status == TB_OK)
        status = rehearse(s, &subject, &usable);
    if (status == TB_OK && usable) {
        s->out[(*s->count)++] = subject;
        *taken = 1;
        return TB_OK;
    }
    *s->left_out += status == TB_OK;
    attack_clear(&subject);
    return status;
}

/* The people in one photograph, `most` of them. A picture that cannot be read is passed over: this is no evaluator. */
static tb_status look(struct search *s, const char *path, int most, int *taken)
{
    tb_image image = {0};
    tb_face faces[TB_FACES_MAX];
    int count = 0;
    *taken = 0;
    if (tb_image_read(path, &image, NULL) != TB_OK)
        return TB_OK;
    tb_status status = tb_engine_detect(s->engine, &image, faces, &count);
    for (int i = 0; status == TB_OK && i < count && *taken < most && *s->count < s->most; i++) {
        int one = 0;
        status = take(s, &image, &faces[i], &one);
        *taken += one;
    }
    tb_wipe(faces, sizeof faces);
    tb_image_free(&image);
    return status;
}

/* Everybody in every picture of a folder, or (`first_only`) the first usable picture of one person. */
static tb_status look_in(struct search *s, const char *directory, int first_only)
{
    struct dirent **names = NULL;
    int count = scandir(directory, &names, is_picture, alphasort), found = 0;
    tb_status status = TB_OK;
    for (int i = 0; i < count; i++) {
        char path[PAD_PATH_SIZE];
        int taken = 0;
        int fits = snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name) < (int)sizeof path;
        if (status == TB_OK && fits && *s->count < s->most && !(first_only && found))
            status = look(s, path, first_only ? 1 : TB_FACES_MAX, &taken);
        found += taken;
        free(names[i]);
    }
    free(names);
    return status;
}

/* Folders of people, or folders of such folders. */
static tb_status look_through(struct search *s, const char *directory, int depth)
{
    struct dirent **names = NULL;
    int count = scandir(directory, &names, is_folder, alphasort);
    tb_status status = look_in(s, directory, depth > 0);
    for (int i = 0; i < count; i++) {
        char path[PAD_PATH_SIZE];
        int fits = snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name) < (int)sizeof path;
        if (status == TB_OK && fits && depth < 3 && *s->count < s->most)
            status = look_through(s, path, depth + 1);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return status;
}

tb_status pad_subjects_read(tb_engine *engine, const char *directory, int most, int side, attack_subject *out,
                            int *count, int *left_out, tb_error *why)
{
    struct search s = {engine, most, side, out, count, left_out};
    *count = *left_out = 0;
    const char *used = directory ? directory : TEBURA_DEPS_DIR "/pictures";
    if (access(used, R_OK) != 0)
        return tb_fail(why, TB_NOT_FOUND, "%s: no such folder%s", used,
                       directory ? "" : "; name one with --faces, or run tools/setup");
    tb_status status = look_through(&s, used, 0);
    if (status == TB_OK && *count == 0)
        return tb_fail(why, TB_NOT_FOUND, "%s: nobody is in these pictures who is seen well enough", used);
    if (status != TB_OK)
        return tb_fail(why, status, "%s: %s", used, tb_status_sentence(status));
    return TB_OK;
}
