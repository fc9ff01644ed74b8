/* liveness.c: passive, one frame: does this look like a person or like paper and glass? Fails closed. */
#include "face/engine.h"

#include <math.h>

/* The box widened `margin` times, or as far as the picture allows, and shifted to lie inside it. */
static tb_box widen(tb_box box, float margin, const tb_image *image)
{
    float width = (float)image->width, height = (float)image->height;
    float factor = fminf(margin, fminf(width / box.width, height / box.height));
    tb_box wide = {0, 0, box.width * factor, box.height * factor};
    wide.x = box.x + box.width / 2 - wide.width / 2;
    wide.y = box.y + box.height / 2 - wide.height / 2;
    wide.x = fmaxf(0, fminf(wide.x, width - wide.width));
    wide.y = fmaxf(0, fminf(wide.y, height - wide.height));
    return wide;
}

static float share_of(const tb_tensor *output, uint32_t class)
{
    float most = output->values[0], sum = 0;
    for (size_t i = 1; i < output->count; i++)
        most = fmaxf(most, output->values[i]);
    for (size_t i = 0; i < output->count; i++)
        sum += expf(output->values[i] - most);
    return expf(output->values[class] - most) / sum;
}

tb_status tb_engine_liveness(tb_engine *engine, const tb_image *image, const tb_face *face, float *live)
{
    *live = 0;
    if (!engine->has_liveness)
        return TB_UNSUPPORTED;
    if (!(face->box.width >= 1 && face->box.height >= 1))
        return TB_INVALID_ARGUMENT;
    tb_network *network = &engine->liveness;
    if (engine->manifest.liveness.live >= network->outputs[0].count)
        return TB_MODEL_FAILED;
    tb_status status = tb_network_fill_box(network, image, widen(face->box, engine->manifest.liveness.margin, image));
    if (status == TB_OK)
        status = tb_network_run(network);
    if (status == TB_OK)
        *live = share_of(&network->outputs[0], engine->manifest.liveness.live);
    tb_engine_wipe(engine);
    return status;
}
