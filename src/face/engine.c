/* engine.c: loads and verifies the networks, and puts the stages together. */
#include "face/engine.h"

#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

static tb_status open_network(tb_engine *engine, const tb_network_entry *entry, const char *directory,
                              const char *manifest_path, tb_network *out, tb_error *why)
{
    tb_bytes model = {0};
    tb_status status = tb_manifest_load(entry, directory, manifest_path, &model, why);
    if (status == TB_OK)
        status = tb_network_open(&engine->runtime, entry, tb_bytes_span(&model), out, why);
    tb_bytes_free(&model);
    return status;
}

static tb_status open_embed(tb_engine *engine, const struct tb_embed_entry *entry, const char *directory,
                            const char *manifest_path, tb_network *out, tb_error *why)
{
    tb_status status = open_network(engine, &entry->network, directory, manifest_path, out, why);
    if (status == TB_OK && out->outputs[0].count != entry->dimension)
        status = tb_fail(why, TB_MODEL_FAILED, "%s gives %zu numbers; the manifest says %u", entry->network.file,
                         out->outputs[0].count, entry->dimension);
    return status;
}

/* What any face of any frame needs to be turned into an input of 112 x 112 or 128 x 128; wider frames than 16K grow
 * it. */
#define SCRATCH ((size_t)2 << 20)

static tb_status open_all(tb_engine *engine, const tb_engine_options *options, tb_error *why)
{
    const tb_manifest *manifest = &engine->manifest;
    char path[1024];
    tb_status status = tb_manifest_read(options->manifest, &engine->manifest, path, sizeof path, why);
    if (status == TB_OK)
        status = tb_runtime_open(options->threads > 0 ? options->threads : 1, &engine->runtime, why);
    if (status == TB_OK && !tb_scratch_take(&engine->runtime.scratch, SCRATCH))
        status = tb_fail(why, TB_NO_MEMORY, "out of memory for the networks");
    if (status == TB_OK)
        status = open_network(engine, &manifest->detect.network, options->directory, path, &engine->detect, why);
    if (status == TB_OK)
        status = open_network(engine, &manifest->landmarks.network, options->directory, path, &engine->landmarks, why);
    if (status == TB_OK)
        status = open_embed(engine, &manifest->embed, options->directory, path, &engine->embed, why);
    for (uint32_t i = 0; i < manifest->former_count && status == TB_OK; i++)
        status = open_embed(engine, &manifest->former[i].embed, options->directory, path, &engine->former[i], why);
    if (status == TB_OK)
        status = tb_image_new((int)engine->embed.form.width, (int)engine->embed.form.height, &engine->aligned);
    if (status == TB_OK)
        status = tb_image_new(TB_PORTRAIT_SIDE, TB_PORTRAIT_SIDE, &engine->portrait);
    if (status == TB_OK && !options->without_liveness) {
        status = open_network(engine, &manifest->liveness.network, options->directory, path, &engine->liveness, why);
        engine->has_liveness = status == TB_OK;
    }
    if (status == TB_OK && options->with_pose && manifest->pose.network.file[0]) {
        status = open_network(engine, &manifest->pose.network, options->directory, path, &engine->pose, why);
        engine->has_pose = status == TB_OK;
    }
    if (status == TB_OK && options->with_eyes && manifest->eyes.network.file[0]) {
        status = open_network(engine, &manifest->eyes.network, options->directory, path, &engine->eyes, why);
        engine->has_eyes = status == TB_OK;
    }
    return status;
}

tb_status tb_engine_open(const tb_engine_options *options, tb_engine **out, tb_error *why)
{
    *out = NULL;
    tb_engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return tb_fail(why, TB_NO_MEMORY, "out of memory for the networks");
    tb_status status = open_all(engine, options ? options : &(tb_engine_options){0}, why);
    if (status == TB_OK)
        *out = engine;
    else
        tb_engine_free(&engine);
    return status;
}

void tb_engine_free(tb_engine **engine)
{
    tb_engine *it = *engine;
    if (!it)
        return;
    tb_network_close(&it->detect);
    tb_network_close(&it->landmarks);
    tb_network_close(&it->embed);
    for (int i = 0; i < TB_MODELS_MAX - 1; i++)
        tb_network_close(&it->former[i]);
    tb_network_close(&it->liveness);
    tb_network_close(&it->pose);
    tb_network_close(&it->eyes);
    tb_runtime_close(&it->runtime);
    tb_image_free(&it->aligned);
    tb_image_free(&it->portrait);
    free(it);
    *engine = NULL;
}

void tb_engine_wipe(tb_engine *engine)
{
    tb_network_wipe(&engine->detect);
    tb_network_wipe(&engine->landmarks);
    tb_network_wipe(&engine->embed);
    for (uint32_t i = 0; i < engine->manifest.former_count; i++)
        tb_network_wipe(&engine->former[i]);
    tb_network_wipe(&engine->liveness);
    tb_network_wipe(&engine->pose);
    tb_network_wipe(&engine->eyes);
    if (engine->aligned.data)
        tb_wipe(engine->aligned.data, 3 * (size_t)engine->aligned.width * (size_t)engine->aligned.height);
    if (engine->portrait.data)
        tb_wipe(engine->portrait.data, 3 * (size_t)TB_PORTRAIT_SIDE * TB_PORTRAIT_SIDE);
    tb_wipe(&engine->candidates, sizeof engine->candidates);
    tb_scratch_wipe(&engine->runtime.scratch);
    tb_runtime_memory_wipe(&engine->runtime.layers);
}

uint32_t tb_engine_model(const tb_engine *engine)
{
    return engine->manifest.embed.model;
}

int tb_engine_models(const tb_engine *engine, tb_model out[TB_MODELS_MAX])
{
    return tb_manifest_models(&engine->manifest, out);
}

const tb_calibration *tb_engine_calibration(const tb_engine *engine)
{
    return &engine->manifest.calibration.numbers;
}

int tb_engine_is_provisional(const tb_engine *engine)
{
    return engine->manifest.calibration.provisional != 0;
}

tb_status tb_engine_detect(tb_engine *engine, const tb_image *image, tb_face faces[TB_FACES_MAX], int *count)
{
    tb_status status = tb_stage_detect(engine, image, faces, count);
    for (int i = 0; status == TB_OK && i < *count; i++)
        status = tb_stage_landmarks(engine, image, &faces[i]);
    if (status != TB_OK)
        *count = 0;
    tb_engine_wipe(engine);
    return status;
}

/* Exactly one face, seen well enough. */
static tb_status capture_face(tb_engine *engine, const tb_image *image, tb_capture *out)
{
    tb_face faces[TB_FACES_MAX];
    int count = 0;
    tb_status status = tb_engine_detect(engine, image, faces, &count);
    if (status == TB_OK)
        status = count == 0 ? TB_RETRY_NO_FACE : count > 1 ? TB_RETRY_SEVERAL_FACES : TB_OK;
    if (status == TB_OK) {
        out->face = faces[0];
        status = tb_engine_quality(engine, image, &out->face, &out->quality);
    }
    if (status == TB_OK)
        status = out->quality.advice;
    tb_wipe(faces, sizeof faces);
    return status;
}

tb_status tb_engine_capture(tb_engine *engine, const tb_image *image, int with_liveness, tb_capture *out)
{
    memset(out, 0, sizeof *out);
    tb_status status = capture_face(engine, image, out);
    if (status == TB_OK && with_liveness) {
        status = tb_engine_liveness(engine, image, &out->face, &out->live);
        if (status == TB_OK && !(out->live >= engine->manifest.calibration.numbers.liveness))
            status = TB_RETRY_NOT_LIVE;
    }
    if (status == TB_OK)
        status = tb_stage_embed(engine, image, &out->face, out->quality.unified, &out->template);
    return status;
}
