/* network.c: see network.h. */
#include "face/network.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#include "face/rewrite.h"

/* The runtime's complaint becomes ours. NULL is success. */
static tb_status judge(const OrtApi *api, OrtStatus *status, const char *what, tb_error *why)
{
    if (!status)
        return TB_OK;
    (void)tb_fail(why, TB_MODEL_FAILED, "%s: %.180s", what, api->GetErrorMessage(status));
    api->ReleaseStatus(status);
    return TB_MODEL_FAILED;
}

static OrtStatus *set_options(const OrtApi *api, OrtSessionOptions *options, int threads)
{
    OrtStatus *status = api->SetIntraOpNumThreads(options, threads);
    if (!status)
        status = api->SetInterOpNumThreads(options, 1);
    if (!status)
        status = api->SetSessionGraphOptimizationLevel(options, ORT_ENABLE_ALL);
    /* Thousands of denormal weights make a network seven times slower than it need be. */
    if (!status)
        status = api->AddSessionConfigEntry(options, "session.set_denormal_as_zero", "1");
    if (!status)
        status = api->AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0");
    /* The arena grows in powers of two and would keep several times what is needed; runtime_memory.c is used
     * instead. */
    if (!status)
        status = api->DisableCpuMemArena(options);
    if (!status)
        status = api->AddSessionConfigEntry(options, "session.use_env_allocators", "1");
    return status;
}

/* Builds of the runtime since 1.2x keep a device number in ~/.cache, read the machine's id and report to their maker.
 * Nothing leaves a terminal and nothing of its user stays: switched off before the runtime reads its environment, and
 * proved by unit.face.telemetry. */
static pthread_once_t silenced = PTHREAD_ONCE_INIT;

static void silence(void)
{
    (void)setenv("ORT_DISABLE_TELEMETRY", "1", 1);
}

tb_status tb_runtime_open(int threads, tb_runtime *out, tb_error *why)
{
    pthread_once(&silenced, silence);
    *out = (tb_runtime){.api = OrtGetApiBase()->GetApi(ORT_API_VERSION)};
    if (!out->api)
        return tb_fail(why, TB_MODEL_FAILED, "ONNX Runtime %s is older than the one this program was built for",
                       OrtGetApiBase()->GetVersionString());
    const OrtApi *api = out->api;
    OrtStatus *status = api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "tebura", &out->env);
    if (!status)
        status = api->DisableTelemetryEvents(out->env);
    if (!status)
        status = api->CreateSessionOptions(&out->options);
    if (!status)
        status = set_options(api, out->options, threads);
    if (!status)
        status = api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &out->memory);
    if (!status) {
        status = tb_runtime_memory_open(api, out->env, &out->layers);
        out->has_layers = !status;
    }
    tb_status answer = judge(api, status, "ONNX Runtime did not start", why);
    if (answer != TB_OK)
        tb_runtime_close(out);
    return answer;
}

void tb_runtime_close(tb_runtime *runtime)
{
    if (!runtime->api)
        return;
    if (runtime->has_layers)
        tb_runtime_memory_close(runtime->api, runtime->env, &runtime->layers);
    if (runtime->memory)
        runtime->api->ReleaseMemoryInfo(runtime->memory);
    if (runtime->options)
        runtime->api->ReleaseSessionOptions(runtime->options);
    if (runtime->env)
        runtime->api->ReleaseEnv(runtime->env);
    tb_scratch_free(&runtime->scratch);
    *runtime = (tb_runtime){0};
}

/* Takes secret memory for a tensor of this shape. */
static tb_status make_tensor(const tb_runtime *runtime, const int64_t *shape, size_t axes, tb_tensor *tensor,
                             const char *what, tb_error *why)
{
    size_t count = 1;
    for (size_t i = 0; i < axes; i++) {
        if (shape[i] < 1 || shape[i] > (1 << 24) || count > (1u << 26))
            return tb_fail(why, TB_MODEL_FAILED, "%s has a tensor of a shape that cannot be used", what);
        count *= (size_t)shape[i];
    }
    tensor->values = tb_secret_alloc(count * sizeof(float));
    if (!tensor->values)
        return tb_fail(why, TB_NO_MEMORY, "out of memory for %s", what);
    tensor->count = count;
    tensor->last = axes ? shape[axes - 1] : 1;
    OrtStatus *status =
        runtime->api->CreateTensorWithDataAsOrtValue(runtime->memory, tensor->values, count * sizeof(float), shape,
                                                     axes, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &tensor->value);
    return judge(runtime->api, status, what, why);
}

static tb_status name_tensors(tb_network *network, const char *what, tb_error *why)
{
    const OrtApi *api = network->runtime->api;
    OrtAllocator *allocator = NULL;
    size_t inputs = 0;
    OrtStatus *status = api->GetAllocatorWithDefaultOptions(&allocator);
    if (!status)
        status = api->SessionGetInputCount(network->session, &inputs);
    if (!status)
        status = api->SessionGetOutputCount(network->session, &network->output_count);
    if (!status && (inputs != 1 || network->output_count < 1 || network->output_count > TB_NETWORK_OUTPUTS)) {
        network->output_count = 0;
        return tb_fail(why, TB_MODEL_FAILED, "%s has %zu inputs: one is wanted", what, inputs);
    }
    if (!status)
        status = api->SessionGetInputName(network->session, 0, allocator, &network->input.name);
    for (size_t i = 0; !status && i < network->output_count; i++)
        status = api->SessionGetOutputName(network->session, i, allocator, &network->outputs[i].name);
    return judge(api, status, what, why);
}

/* The shape of an output, as one run on an empty input gives it: files often leave it open. */
static tb_status make_output(tb_network *network, const OrtValue *given, tb_tensor *output, const char *what,
                             tb_error *why)
{
    const OrtApi *api = network->runtime->api;
    OrtTensorTypeAndShapeInfo *info = NULL;
    int64_t shape[8];
    size_t axes = 0;
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    OrtStatus *status = api->GetTensorTypeAndShape(given, &info);
    if (!status)
        status = api->GetTensorElementType(info, &type);
    if (!status)
        status = api->GetDimensionsCount(info, &axes);
    if (!status && axes <= 8)
        status = api->GetDimensions(info, shape, axes);
    if (info)
        api->ReleaseTensorTypeAndShapeInfo(info);
    if (status)
        return judge(api, status, what, why);
    if (type != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT || axes > 8)
        return tb_fail(why, TB_MODEL_FAILED, "%s gives something else than numbers", what);
    return make_tensor(network->runtime, shape, axes, output, what, why);
}

static OrtStatus *run(tb_network *network, const char *const *names, OrtValue **outputs)
{
    tb_runtime_memory_use(&network->runtime->layers);
    OrtStatus *failed = network->runtime->api->Run(network->session, NULL, (const char *const *)&network->input.name,
                                                   (const OrtValue *const *)&network->input.value, 1, names,
                                                   network->output_count, outputs);
    tb_runtime_memory_use(NULL);
    return failed;
}

static tb_status make_outputs(tb_network *network, const char *what, tb_error *why)
{
    const OrtApi *api = network->runtime->api;
    const char *names[TB_NETWORK_OUTPUTS];
    OrtValue *given[TB_NETWORK_OUTPUTS] = {0};
    for (size_t i = 0; i < network->output_count; i++)
        names[i] = network->outputs[i].name;
    OrtStatus *failed = run(network, names, given);
    tb_status status = judge(api, failed, what, why);
    for (size_t i = 0; i < network->output_count; i++) {
        if (status == TB_OK)
            status = make_output(network, given[i], &network->outputs[i], what, why);
        if (given[i])
            api->ReleaseValue(given[i]);
    }
    return status;
}

/* Rewritten where that makes it faster. */
static tb_status open_session(const tb_runtime *runtime, const tb_network_entry *entry, tb_span model, tb_network *out,
                              tb_error *why)
{
    tb_bytes rewritten = {0};
    tb_status status = runtime->as_filed ? TB_UNSUPPORTED : tb_network_rewrite(model, &rewritten);
    if (status == TB_OK)
        model = tb_bytes_span(&rewritten);
    if (status == TB_NO_MEMORY) {
        (void)tb_fail(why, status, "out of memory for %s", entry->file);
    } else { /* what could not be rewritten is for the runtime to judge */
        OrtStatus *failed =
            runtime->api->CreateSessionFromArray(runtime->env, model.data, model.size, runtime->options, &out->session);
        status = judge(runtime->api, failed, entry->file, why);
    }
    tb_bytes_free(&rewritten);
    return status;
}

tb_status tb_network_open(tb_runtime *runtime, const tb_network_entry *entry, tb_span model, tb_network *out,
                          tb_error *why)
{
    *out = (tb_network){.runtime = runtime, .form = entry->input};
    const int64_t shape[4] = {1, entry->input.order == TB_GREY ? 1 : 3, entry->input.height, entry->input.width};
    tb_status status = open_session(runtime, entry, model, out, why);
    if (status == TB_OK)
        status = name_tensors(out, entry->file, why);
    if (status == TB_OK)
        status = make_tensor(runtime, shape, 4, &out->input, entry->file, why);
    if (status == TB_OK)
        status = make_outputs(out, entry->file, why);
    /* the first run took its blocks one by one; from the second on it takes one of the whole */
    tb_runtime_memory_trim(&runtime->layers);
    if (status == TB_OK && tb_network_run(out) != TB_OK)
        status = tb_fail(why, TB_MODEL_FAILED, "%s gives what are no numbers", entry->file);
    if (status != TB_OK)
        tb_network_close(out);
    return status;
}

static void close_tensor(const OrtApi *api, tb_tensor *tensor)
{
    OrtAllocator *allocator = NULL;
    if (tensor->value)
        api->ReleaseValue(tensor->value);
    OrtStatus *status = api->GetAllocatorWithDefaultOptions(&allocator);
    if (!status && tensor->name)
        status = api->AllocatorFree(allocator, tensor->name);
    if (status)
        api->ReleaseStatus(status);
    tb_secret_free(tensor->values);
    *tensor = (tb_tensor){0};
}

void tb_network_close(tb_network *network)
{
    if (!network->runtime)
        return;
    const OrtApi *api = network->runtime->api;
    close_tensor(api, &network->input);
    for (size_t i = 0; i < TB_NETWORK_OUTPUTS; i++)
        close_tensor(api, &network->outputs[i]);
    if (network->session)
        api->ReleaseSession(network->session);
    *network = (tb_network){0};
}

/* The input from pixel (x, y) on. */
static tb_sink sink_at(tb_network *network, int x, int y)
{
    const tb_network_input *form = &network->form;
    network->holds = 1;
    return (tb_sink){.values = network->input.values + (size_t)y * form->width + (size_t)x,
                     .stride = form->width,
                     .plane = (size_t)form->width * form->height,
                     .order = form->order,
                     .mean = form->mean,
                     .factor = 1 / form->divisor};
}

static int is_sane(float value)
{
    return isfinite(value) && fabsf(value) < 1e8f;
}

tb_status tb_network_fill_box(tb_network *network, const tb_image *image, tb_box box)
{
    if (!is_sane(box.x) || !is_sane(box.y) || !is_sane(box.width) || !is_sane(box.height))
        return TB_INVALID_ARGUMENT;
    tb_rectangle part = {(int)lroundf(box.x), (int)lroundf(box.y), (int)lroundf(box.width), (int)lroundf(box.height)};
    tb_sink sink = sink_at(network, 0, 0);
    return tb_sample_part(image, part, (int)network->form.width, (int)network->form.height, &sink,
                          &network->runtime->scratch);
}

tb_status tb_network_fill_into(tb_network *network, const tb_image *image, tb_rectangle place)
{
    int width = (int)network->form.width, height = (int)network->form.height;
    if (place.x < 0 || place.y < 0 || place.width > width - place.x || place.height > height - place.y)
        return TB_INVALID_ARGUMENT;
    tb_sink sink = sink_at(network, place.x, place.y);
    tb_rectangle whole = {0, 0, image->width, image->height};
    memset(network->input.values, 0, network->input.count * sizeof(float)); /* the mean, normalised */
    return tb_sample_part(image, whole, place.width, place.height, &sink, &network->runtime->scratch);
}

tb_status tb_network_fill_turned(tb_network *network, const tb_image *image, tb_similarity map)
{
    tb_sink sink = sink_at(network, 0, 0);
    return tb_sample_warp(image, map, (int)network->form.width, (int)network->form.height, &sink,
                          &network->runtime->scratch);
}

void tb_network_mirror(tb_network *network)
{
    size_t width = network->form.width;
    for (float *row = network->input.values; row < network->input.values + network->input.count; row += width)
        for (size_t left = 0, right = width - 1; left < right; left++, right--) {
            float kept = row[left];
            row[left] = row[right];
            row[right] = kept;
        }
}

tb_status tb_network_run(tb_network *network)
{
    const OrtApi *api = network->runtime->api;
    const char *names[TB_NETWORK_OUTPUTS];
    OrtValue *outputs[TB_NETWORK_OUTPUTS];
    network->holds = 1;
    for (size_t i = 0; i < network->output_count; i++) {
        names[i] = network->outputs[i].name;
        outputs[i] = network->outputs[i].value;
    }
    OrtStatus *failed = run(network, names, outputs);
    tb_status status = judge(api, failed, "a network", NULL);
    for (size_t i = 0; status == TB_OK && i < network->output_count; i++)
        for (size_t j = 0; j < network->outputs[i].count; j++)
            if (!isfinite(network->outputs[i].values[j]))
                return TB_MODEL_FAILED;
    return status;
}

void tb_network_wipe(tb_network *network)
{
    if (!network->holds)
        return;
    if (network->input.values)
        tb_wipe(network->input.values, network->input.count * sizeof(float));
    for (size_t i = 0; i < network->output_count; i++)
        if (network->outputs[i].values)
            tb_wipe(network->outputs[i].values, network->outputs[i].count * sizeof(float));
    network->holds = 0;
}
