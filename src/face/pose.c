/* pose.c: how the head is turned, by a network that gives bins of degrees. */
#include "face/engine.h"

#include <math.h>

/* The square round the box, as the network sees it. What lies outside the picture repeats its border. */
static tb_status look(tb_engine *engine, const tb_image *image, tb_box box)
{
    tb_network *network = &engine->pose;
    float side = fmaxf(box.width, box.height) * engine->manifest.pose.margin;
    tb_box square = {box.x + (box.width - side) / 2, box.y + (box.height - side) / 2, side, side};
    tb_status status = tb_network_fill_box(network, image, square);
    return status == TB_OK ? tb_network_run(network) : status;
}

tb_status tb_engine_pose(tb_engine *engine, const tb_image *image, const tb_face *face, tb_pose *out)
{
    *out = (tb_pose){0};
    if (!engine->has_pose)
        return TB_UNSUPPORTED;
    if (!(face->box.width >= 1 && face->box.height >= 1))
        return TB_INVALID_ARGUMENT;
    if (engine->pose.output_count < 3)
        return TB_MODEL_FAILED;
    tb_status status = look(engine, image, face->box);
    const float *degrees = engine->manifest.pose.degrees;
    if (status == TB_OK)
        *out = (tb_pose){degrees[0] * tb_softmax_expected(&engine->pose.outputs[0]),
                         degrees[1] * tb_softmax_expected(&engine->pose.outputs[1]),
                         degrees[2] * tb_softmax_expected(&engine->pose.outputs[2])};
    tb_engine_wipe(engine);
    return status;
}
