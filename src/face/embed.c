/* embed.c: from an aligned face to a template. */
#include "face/engine.h"

#include <math.h>
#include <string.h>

#include <tebura/secret.h>

static tb_status find_map(const struct tb_embed_entry *entry, const tb_face *face, tb_similarity *map)
{
    tb_point from[5], to[5];
    tb_face_points(face, from);
    for (int i = 0; i < 5; i++)
        to[i] = (tb_point){entry->points[2 * i], entry->points[2 * i + 1]};
    return tb_similarity_fit(from, to, 5, map);
}

tb_status tb_face_align(tb_engine *engine, const tb_image *image, const tb_face *face, const tb_image **out)
{
    int width = (int)engine->embed.form.width, height = (int)engine->embed.form.height;
    tb_similarity map;
    *out = NULL;
    tb_status status = find_map(&engine->manifest.embed, face, &map);
    if (status != TB_OK)
        return status;
    tb_sink sink = {.pixels = engine->aligned.data, .stride = (size_t)width};
    status = tb_sample_warp(image, map, width, height, &sink, &engine->runtime.scratch);
    if (status == TB_OK)
        *out = &engine->aligned;
    return status;
}

/* Runs the network and adds its answer, made a unit vector. TB_MODEL_FAILED when it has no length. */
static tb_status add_answer(tb_network *network, uint32_t dimension, float *sum)
{
    tb_status status = tb_network_run(network);
    const float *values = network->outputs[0].values;
    double squares = 0;
    for (uint32_t i = 0; status == TB_OK && i < dimension; i++)
        squares += (double)values[i] * values[i];
    if (status == TB_OK && !(squares > 1e-12))
        status = TB_MODEL_FAILED;
    for (uint32_t i = 0; status == TB_OK && i < dimension; i++)
        sum[i] += (float)(values[i] / sqrt(squares));
    return status;
}

static tb_status answer(tb_network *network, const struct tb_embed_entry *entry, tb_template *out)
{
    double squares = 0;
    out->model = entry->model;
    out->dimension = (uint16_t)entry->dimension;
    tb_status status = add_answer(network, entry->dimension, out->values);
    if (status == TB_OK && entry->mirror) {
        tb_network_mirror(network);
        status = add_answer(network, entry->dimension, out->values);
    }
    for (uint32_t i = 0; i < entry->dimension; i++)
        squares += (double)out->values[i] * out->values[i];
    if (status == TB_OK && !(squares > 1e-12))
        status = TB_MODEL_FAILED;
    for (uint32_t i = 0; status == TB_OK && i < entry->dimension; i++)
        out->values[i] = (float)(out->values[i] / sqrt(squares));
    return status;
}

static tb_status embed(tb_network *network, const struct tb_embed_entry *entry, const tb_image *image,
                       const tb_face *face, uint8_t quality, tb_template *out)
{
    memset(out, 0, sizeof *out);
    tb_similarity map;
    tb_status status = find_map(entry, face, &map);
    if (status == TB_OK)
        status = tb_network_fill_turned(network, image, map);
    if (status == TB_OK)
        status = answer(network, entry, out);
    if (status == TB_OK)
        out->quality = quality;
    else
        tb_wipe(out, sizeof *out);
    return status;
}

tb_status tb_stage_embed(tb_engine *engine, const tb_image *image, const tb_face *face, uint8_t quality,
                         tb_template *out)
{
    tb_status status = embed(&engine->embed, &engine->manifest.embed, image, face, quality, out);
    tb_engine_wipe(engine);
    return status;
}

tb_status tb_stage_embed_all(tb_engine *engine, const tb_image *image, const tb_face *face, uint8_t quality,
                             tb_template *out, int *count)
{
    int made = 1;
    tb_status status = embed(&engine->embed, &engine->manifest.embed, image, face, quality, out);
    for (uint32_t i = 0; i < engine->manifest.former_count && status == TB_OK; i++)
        status = embed(&engine->former[i], &engine->manifest.former[i].embed, image, face, quality, &out[made++]);
    tb_engine_wipe(engine);
    if (status != TB_OK)
        tb_wipe(out, (size_t)made * sizeof *out);
    *count = status == TB_OK ? made : 0;
    return status;
}

tb_status tb_engine_template(tb_engine *engine, const tb_image *image, const tb_face *face, tb_template *out)
{
    tb_quality quality;
    tb_status status = tb_engine_quality(engine, image, face, &quality);
    if (status == TB_OK)
        return tb_stage_embed(engine, image, face, quality.unified, out);
    memset(out, 0, sizeof *out);
    return status;
}

tb_status tb_engine_templates(tb_engine *engine, const tb_image *image, const tb_face *face,
                              tb_template out[TB_MODELS_MAX], int *count)
{
    tb_quality quality;
    *count = 0;
    tb_status status = tb_engine_quality(engine, image, face, &quality);
    return status == TB_OK ? tb_stage_embed_all(engine, image, face, quality.unified, out, count) : status;
}
