/* detect.c: boxes of faces. The picture is letterboxed, in its own proportions, into the network's input. */
#include "face/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES_MAX = 512 };

struct letterbox {
    float scale, left, top; /* input = picture * scale + (left, top) */
};

/* The picture in the middle of the input, `shrink` times smaller than it could be; the rest is the middle grey. */
static tb_status letterbox(tb_engine *engine, const tb_image *image, float shrink, struct letterbox *box)
{
    tb_network *network = &engine->detect;
    int width = (int)network->form.width, height = (int)network->form.height;
    float scale = fminf((float)width / (float)image->width, (float)height / (float)image->height) / shrink;
    int w = (int)lroundf((float)image->width * scale), h = (int)lroundf((float)image->height * scale);
    w = w < 1 ? 1 : w > width ? width : w;
    h = h < 1 ? 1 : h > height ? height : h;
    tb_image small, whole;
    tb_status status = tb_image_resize(image, w, h, &small);
    if (status != TB_OK)
        return status;
    status = tb_image_new(width, height, &whole);
    if (status == TB_OK) {
        int left = (width - w) / 2, top = (height - h) / 2;
        memset(whole.data, 127, (size_t)width * (size_t)height * 3);
        for (int y = 0; y < h; y++)
            memcpy(whole.data + 3 * ((size_t)(top + y) * (size_t)width + (size_t)left),
                   small.data + 3 * (size_t)y * (size_t)w, 3 * (size_t)w);
        tb_network_fill(network, &whole);
        *box = (struct letterbox){scale, (float)left, (float)top};
    }
    tb_image_free(&whole);
    tb_image_free(&small);
    return status;
}

/* Outputs are told apart by the size of their last axis: two scores or four corners. */
static tb_status find_outputs(const tb_network *network, const tb_tensor **scores, const tb_tensor **boxes)
{
    *scores = *boxes = NULL;
    for (size_t i = 0; i < network->output_count; i++) {
        if (network->outputs[i].last == 2)
            *scores = &network->outputs[i];
        if (network->outputs[i].last == 4)
            *boxes = &network->outputs[i];
    }
    return *scores && *boxes && (*scores)->count / 2 == (*boxes)->count / 4 ? TB_OK : TB_MODEL_FAILED;
}

static int by_score(const void *a, const void *b)
{
    float x = ((const tb_face *)a)->score, y = ((const tb_face *)b)->score;
    return x < y ? 1 : x > y ? -1 : 0;
}

static float overlap(tb_box a, tb_box b)
{
    float w = fminf(a.x + a.width, b.x + b.width) - fmaxf(a.x, b.x),
          h = fminf(a.y + a.height, b.y + b.height) - fmaxf(a.y, b.y);
    if (w <= 0 || h <= 0)
        return 0;
    return w * h / (a.width * a.height + b.width * b.height - w * h);
}

/* Keeps the best of boxes that lie on one another. `faces` is sorted; answers how many are left. */
static int suppress(tb_face *candidates, int count, float limit, tb_face *faces)
{
    int kept = 0;
    for (int i = 0; i < count && kept < TB_FACES_MAX; i++) {
        int covered = 0;
        for (int j = 0; j < kept && !covered; j++)
            covered = overlap(candidates[i].box, faces[j].box) > limit;
        if (!covered)
            faces[kept++] = candidates[i];
    }
    return kept;
}

static int collect(const tb_engine *engine, const tb_tensor *scores, const tb_tensor *boxes, struct letterbox at,
                   tb_face *out)
{
    float width = (float)engine->detect.form.width, height = (float)engine->detect.form.height;
    int count = 0;
    for (size_t i = 0; i < scores->count / 2 && count < CANDIDATES_MAX; i++) {
        float score = scores->values[2 * i + 1];
        const float *corner = boxes->values + 4 * i;
        if (!(score >= engine->manifest.detect.threshold))
            continue;
        tb_box box = {(corner[0] * width - at.left) / at.scale, (corner[1] * height - at.top) / at.scale,
                      (corner[2] - corner[0]) * width / at.scale, (corner[3] - corner[1]) * height / at.scale};
        if (box.width >= 1 && box.height >= 1)
            out[count++] = (tb_face){.box = box, .score = score};
    }
    return count;
}

static tb_status attempt(tb_engine *engine, const tb_image *image, float shrink, tb_face faces[TB_FACES_MAX],
                         int *count)
{
    struct letterbox at = {0};
    const tb_tensor *scores, *boxes;
    *count = 0;
    tb_status status = letterbox(engine, image, shrink, &at);
    if (status == TB_OK)
        status = tb_network_run(&engine->detect);
    if (status == TB_OK)
        status = find_outputs(&engine->detect, &scores, &boxes);
    if (status != TB_OK)
        return status;
    tb_face *candidates = malloc(CANDIDATES_MAX * sizeof *candidates);
    if (!candidates)
        return TB_NO_MEMORY;
    int found = collect(engine, scores, boxes, at, candidates);
    qsort(candidates, (size_t)found, sizeof *candidates, by_score);
    *count = suppress(candidates, found, engine->manifest.detect.overlap, faces);
    free(candidates);
    return TB_OK;
}

tb_status tb_stage_detect(tb_engine *engine, const tb_image *image, tb_face faces[TB_FACES_MAX], int *count)
{
    tb_status status = attempt(engine, image, 1, faces, count);
    if (status == TB_OK && *count == 0)
        status = attempt(engine, image, engine->manifest.detect.shrink, faces, count);
    return status;
}
