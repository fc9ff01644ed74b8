/* network.h: one network on ONNX Runtime with its input and outputs in secret memory that is used again each time. */
#ifndef TEBURA_FACE_NETWORK_H
#define TEBURA_FACE_NETWORK_H

#include <onnxruntime_c_api.h>

#include "face/manifest.h"

enum { TB_NETWORK_OUTPUTS = 4 };

typedef struct tb_runtime {
    const OrtApi *api;
    OrtEnv *env;
    OrtSessionOptions *options;
    OrtMemoryInfo *memory;
} tb_runtime;

typedef struct tb_tensor {
    float *values; /* secret memory */
    size_t count;
    int64_t last; /* size of the last axis */
    OrtValue *value;
    char *name; /* the runtime's allocator's */
} tb_tensor;

typedef struct tb_network {
    const tb_runtime *runtime;
    OrtSession *session;
    tb_network_input form;
    tb_tensor input, outputs[TB_NETWORK_OUTPUTS];
    size_t output_count;
} tb_network;

tb_status tb_runtime_open(int threads, tb_runtime *out, tb_error *why) TB_MUST_CHECK;
void tb_runtime_close(tb_runtime *runtime);

/* `model` may be freed afterwards. The shape must be the manifest's. TB_MODEL_FAILED, TB_NO_MEMORY. */
tb_status tb_network_open(const tb_runtime *runtime, const tb_network_entry *entry, tb_span model, tb_network *out,
                          tb_error *why) TB_MUST_CHECK;
void tb_network_close(tb_network *network); /* wipes input and outputs; also of a half opened one */

/* Puts a picture of the input's size into the input, as the manifest says. */
void tb_network_fill(tb_network *network, const tb_image *image);
/* Runs on what is in the input. TB_MODEL_FAILED, also when an output holds something that is no number. */
tb_status tb_network_run(tb_network *network) TB_MUST_CHECK;
/* Wipes input and outputs. */
void tb_network_wipe(tb_network *network);

#endif
