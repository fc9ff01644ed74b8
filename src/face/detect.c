/* detect.c: boxes of faces. The picture is letterboxed, in its own proportions, into the network's input. */
#include "face/engine.h"

#include <math.h>
#include <string.h>

struct letterbox {
    float scale, left, top; /* input = picture * scale + (left, top) */
};

/* The picture in the middle of the input, `shrink` times smaller than it could be; the rest is the mean. */
static tb_status letterbox(tb_engine *engine, const tb_image *image, float shrink, struct letterbox *box)
{
    tb_network *network = &engine->detect;
    int width = (int)network->form.width, height = (int)network->form.height;
    float scale = fminf((float)width / (float)image->width, (float)height / (float)image->height) / shrink;
    int w = (int)lroundf((float)image->width * scale), h = (int)lroundf((float)image->height * scale);
    w = w < 1 ? 1 : w > width ? width : w;
    h = h < 1 ? 1 : h > height ? height : h;
    tb_rectangle place = {(width - w) / 2, (height - h) / 2, w, h};
    *box = (struct letterbox){scale, (float)place.x, (float)place.y};
    return tb_network_fill_into(network, image, place);
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

static float overlap(tb_box a, tb_box b)
{
    float w = fminf(a.x + a.width, b.x + b.width) - fmaxf(a.x, b.x),
          h = fminf(a.y + a.height, b.y + b.height) - fmaxf(a.y, b.y);
    if (w <= 0 || h <= 0)
        return 0;
    return w * h / (a.width * a.height + b.width * b.height - w * h);
}

/* Keeps the best of boxes that lie on one another; `found` is sorted, best first. Answers how many are left. */
static int suppress(const struct tb_candidates *found, float limit, tb_face *faces)
{
    int kept = 0;
    for (int i = 0; i < found->count && kept < TB_FACES_MAX; i++) {
        int covered = 0;
        for (int j = 0; j < kept && !covered; j++)
            covered = overlap(found->boxes[i], faces[j].box) > limit;
        if (!covered)
            faces[kept++] = (tb_face){.box = found->boxes[i], .score = found->scores[i]};
    }
    return kept;
}

/* Puts a box where its score belongs, after its equals. The worst is lost when there is no room. */
static void insert(struct tb_candidates *found, tb_box box, float score)
{
    int at = found->count;
    while (at > 0 && found->scores[at - 1] < score)
        at--;
    if (at == TB_CANDIDATES_MAX)
        return;
    int moved = (found->count < TB_CANDIDATES_MAX ? found->count : TB_CANDIDATES_MAX - 1) - at;
    memmove(found->boxes + at + 1, found->boxes + at, (size_t)moved * sizeof *found->boxes);
    memmove(found->scores + at + 1, found->scores + at, (size_t)moved * sizeof *found->scores);
    found->boxes[at] = box;
    found->scores[at] = score;
    found->count = at + moved + 1;
}

static void collect(tb_engine *engine, const tb_tensor *scores, const tb_tensor *boxes, struct letterbox at)
{
    float width = (float)engine->detect.form.width, height = (float)engine->detect.form.height;
    engine->candidates.count = 0;
    for (size_t i = 0; i < scores->count / 2; i++) {
        float score = scores->values[2 * i + 1];
        const float *corner = boxes->values + 4 * i;
        if (!(score >= engine->manifest.detect.threshold))
            continue;
        tb_box box = {(corner[0] * width - at.left) / at.scale, (corner[1] * height - at.top) / at.scale,
                      (corner[2] - corner[0]) * width / at.scale, (corner[3] - corner[1]) * height / at.scale};
        if (box.width >= 1 && box.height >= 1)
            insert(&engine->candidates, box, score);
    }
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
    collect(engine, scores, boxes, at);
    *count = suppress(&engine->candidates, engine->manifest.detect.overlap, faces);
    return TB_OK;
}

tb_status tb_stage_detect(tb_engine *engine, const tb_image *image, tb_face faces[TB_FACES_MAX], int *count)
{
    tb_status status = attempt(engine, image, 1, faces, count);
    if (status == TB_OK && *count == 0)
        status = attempt(engine, image, engine->manifest.detect.shrink, faces, count);
    return status;
}
