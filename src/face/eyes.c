/* eyes.c: is an eye open? A small network looks at each, upright. */
#include "face/engine.h"

#include <math.h>

enum { LEFT_EYE = 36, RIGHT_EYE = 42, EYE_POINTS = 6, CORNER = 3 };

/* The network was trained in daylight: in the dark it calls open eyes closed. So a dark input is brought to daylight
 * first; what is black stays black (30 % of the light: median 0.66 becomes 1.00 for open eyes, closed ones stay
 * closed). */
static void brighten(tb_network *network)
{
    static const float daylight = 110, most = 6;
    const float mean = network->form.mean, divisor = network->form.divisor;
    float *values = network->input.values;
    double sum = 0;
    for (size_t i = 0; i < network->input.count; i++)
        sum += (double)(values[i] * divisor + mean);
    float gain = fminf(daylight / fmaxf((float)(sum / (double)network->input.count), 1), most);
    for (size_t i = 0; gain > 1 && i < network->input.count; i++)
        values[i] = (fminf((values[i] * divisor + mean) * gain, 255) - mean) / divisor;
}

/* The square round six points, turned as the line through both eyes lies. */
static tb_status look(tb_engine *engine, const tb_image *image, const tb_point points[EYE_POINTS], tb_point across,
                      float *open)
{
    tb_network *network = &engine->eyes;
    float x = 0, y = 0, width = hypotf(points[CORNER].x - points[0].x, points[CORNER].y - points[0].y);
    float length = hypotf(across.x, across.y);
    if (!(width >= 1 && length >= 1))
        return TB_INVALID_ARGUMENT;
    for (int i = 0; i < EYE_POINTS; i++) {
        x += points[i].x / EYE_POINTS;
        y += points[i].y / EYE_POINTS;
    }
    float side = (float)network->form.width, scale = side / (width * engine->manifest.eyes.margin);
    float a = scale * across.x / length, b = -scale * across.y / length, middle = (side - 1) / 2;
    tb_similarity map = {a, b, middle - a * x + b * y, middle - b * x - a * y};
    tb_status status = tb_network_fill_turned(network, image, map);
    if (status == TB_OK) {
        brighten(network);
        status = tb_network_run(network);
    }
    if (status == TB_OK)
        *open = tb_softmax_share(&network->outputs[0], engine->manifest.eyes.open);
    return status;
}

tb_status tb_engine_eyes(tb_engine *engine, const tb_image *image, const tb_face *face, float open[2])
{
    open[0] = open[1] = 0;
    if (!engine->has_eyes)
        return TB_UNSUPPORTED;
    if (!face->has_landmarks)
        return TB_INVALID_ARGUMENT;
    if (engine->eyes.form.width != engine->eyes.form.height ||
        engine->manifest.eyes.open >= engine->eyes.outputs[0].count)
        return TB_MODEL_FAILED;
    tb_point centres[5];
    tb_face_points(face, centres);
    tb_point across = {centres[1].x - centres[0].x, centres[1].y - centres[0].y};
    tb_status status = look(engine, image, face->landmarks + LEFT_EYE, across, &open[0]);
    if (status == TB_OK)
        status = look(engine, image, face->landmarks + RIGHT_EYE, across, &open[1]);
    if (status != TB_OK)
        open[0] = open[1] = 0;
    tb_engine_wipe(engine);
    return status;
}
