/* landmarks.c: 68 points in two passes. The first finds how the head is turned, the second looks at it upright. */
#include "face/engine.h"

#include <math.h>
#include <string.h>

#include <tebura/secret.h>

enum { LEFT_EYE = 36, RIGHT_EYE = 42, EYE_POINTS = 6 };
static const float box_margin = 1.05f; /* the detector's boxes are tight */

/* A square of the picture: its centre, half side and turn. */
struct square {
    float x, y, half, cosine, sine;
};

static tb_point centre_of(const tb_point *points, int count)
{
    tb_point sum = {0};
    for (int i = 0; i < count; i++) {
        sum.x += points[i].x / (float)count;
        sum.y += points[i].y / (float)count;
    }
    return sum;
}

static tb_status look(tb_engine *engine, const tb_image *image, struct square square, tb_point points[TB_LANDMARKS])
{
    tb_network *network = &engine->landmarks;
    int side = (int)network->form.width;
    const tb_tensor *output = &network->outputs[0];
    if (network->form.height != network->form.width || output->count < 2 * TB_LANDMARKS)
        return TB_MODEL_FAILED;
    float scale = (float)side / (2 * square.half), middle = ((float)side - 1) / 2;
    float a = scale * square.cosine, b = -scale * square.sine;
    tb_similarity map = {a, b, middle - a * square.x + b * square.y, middle - b * square.x - a * square.y};
    tb_status status = tb_network_fill_turned(network, image, map);
    if (status == TB_OK)
        status = tb_network_run(network);
    for (int i = 0; status == TB_OK && i < TB_LANDMARKS; i++) {
        float u = (output->values[2 * i] * (float)side - 0.5f - middle) / scale;
        float v = (output->values[2 * i + 1] * (float)side - 0.5f - middle) / scale;
        points[i] =
            (tb_point){square.x + u * square.cosine - v * square.sine, square.y + u * square.sine + v * square.cosine};
    }
    return status;
}

/* The square round the points, turned as the eyes lie. */
static struct square upright(const tb_point points[TB_LANDMARKS])
{
    tb_point left = centre_of(points + LEFT_EYE, EYE_POINTS), right = centre_of(points + RIGHT_EYE, EYE_POINTS);
    float dx = right.x - left.x, dy = right.y - left.y, distance = hypotf(dx, dy);
    struct square square = {.cosine = distance > 0 ? dx / distance : 1, .sine = distance > 0 ? dy / distance : 0};
    float left_most = INFINITY, right_most = -INFINITY, top = INFINITY, bottom = -INFINITY;
    for (int i = 0; i < TB_LANDMARKS; i++) {
        float u = points[i].x * square.cosine + points[i].y * square.sine;
        float v = points[i].y * square.cosine - points[i].x * square.sine;
        left_most = fminf(left_most, u);
        right_most = fmaxf(right_most, u);
        top = fminf(top, v);
        bottom = fmaxf(bottom, v);
    }
    float width = right_most - left_most, height = bottom - top;
    float u = (left_most + right_most) / 2, v = (top + bottom) / 2 - 0.06f * height;
    square.x = u * square.cosine - v * square.sine;
    square.y = u * square.sine + v * square.cosine;
    square.half = fmaxf(width, 1.15f * height) / 2;
    return square;
}

/* The same points of a mirrored face, by their numbers. */
static const uint8_t mirrored[TB_LANDMARKS] = {16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,
                                               26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33,
                                               32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40, 54, 53, 52,
                                               51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};

/* Looks once more at what is in the input, mirrored: what the network only imagines comes out differently. */
static tb_status measure_doubt(tb_network *network, float *doubt)
{
    float before[2 * TB_LANDMARKS], sum = 0;
    const float *after = network->outputs[0].values;
    memcpy(before, after, sizeof before);
    tb_network_mirror(network);
    tb_status status = tb_network_run(network);
    for (int i = 0; status == TB_OK && i < TB_LANDMARKS; i++)
        sum += hypotf(before[2 * i] - (1 - after[2 * mirrored[i]]), before[2 * i + 1] - after[2 * mirrored[i] + 1]);
    tb_wipe(before, sizeof before);
    *doubt = status == TB_OK ? sum / TB_LANDMARKS : 1;
    return status;
}

tb_status tb_stage_landmarks(tb_engine *engine, const tb_image *image, tb_face *face)
{
    tb_box box = face->box;
    struct square square = {box.x + box.width / 2, box.y + box.height / 2,
                            fmaxf(box.width, box.height) * box_margin / 2, 1, 0};
    tb_status status = square.half >= 1 ? look(engine, image, square, face->landmarks) : TB_INVALID_ARGUMENT;
    if (status == TB_OK) {
        square = upright(face->landmarks);
        if (square.half >= 1)
            status = look(engine, image, square, face->landmarks);
    }
    if (status == TB_OK)
        status = measure_doubt(&engine->landmarks, &face->doubt);
    face->has_landmarks = status == TB_OK;
    return status;
}

void tb_face_points(const tb_face *face, tb_point out[5])
{
    const tb_point *p = face->landmarks;
    const tb_point left[4] = {p[37], p[38], p[40], p[41]}, right[4] = {p[43], p[44], p[46], p[47]};
    const tb_point mouth_left[2] = {p[48], p[60]}, mouth_right[2] = {p[54], p[64]};
    out[0] = centre_of(left, 4);
    out[1] = centre_of(right, 4);
    out[2] = p[30];
    out[3] = centre_of(mouth_left, 2);
    out[4] = centre_of(mouth_right, 2);
}
