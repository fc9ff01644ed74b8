/* network.h: one network on ONNX Runtime with its input and outputs in secret memory that is used again each time. */
#ifndef TEBURA_FACE_NETWORK_H
#define TEBURA_FACE_NETWORK_H

#include <onnxruntime_c_api.h>

#include "face/manifest.h"
#include "face/runtime_memory.h"

enum { TB_NETWORK_OUTPUTS = 4 };

typedef struct tb_runtime {
    const OrtApi *api;
    OrtEnv *env;
    OrtSessionOptions *options;
    OrtMemoryInfo *memory;
    int has_layers;
    tb_runtime_memory layers; /* what lies between the layers of a network */
    int as_filed;             /* networks are run as their files have them: to compare (tests, benches) */
    tb_scratch scratch;       /* what filling an input needs in between; of all networks of one engine */
} tb_runtime;

typedef struct tb_tensor {
    float *values; /* secret memory */
    size_t count;
    int64_t last; /* size of the last axis */
    OrtValue *value;
    char *name; /* the runtime's allocator's */
} tb_tensor;

typedef struct tb_network {
    tb_runtime *runtime;
    OrtSession *session;
    tb_network_input form;
    tb_tensor input, outputs[TB_NETWORK_OUTPUTS];
    size_t output_count;
    int holds; /* something that must be wiped */
} tb_network;

tb_status tb_runtime_open(int threads, tb_runtime *out, tb_error *why) TB_MUST_CHECK;
void tb_runtime_close(tb_runtime *runtime);

/* `model` may be freed afterwards. The shape must be the manifest's. TB_MODEL_FAILED, TB_NO_MEMORY. */
tb_status tb_network_open(tb_runtime *runtime, const tb_network_entry *entry, tb_span model, tb_network *out,
                          tb_error *why) TB_MUST_CHECK;
void tb_network_close(tb_network *network); /* wipes input and outputs; also of a half opened one */

/* Three ways to put a part of a picture straight into the input, as the manifest says (order, mean, divisor):
 * a rectangle, rounded to whole pixels, stretched to the whole input; the whole picture into a rectangle of the input,
 * with the mean round it; turned and scaled by `map`, which takes the picture to the input. Border is repeated.
 * TB_INVALID_ARGUMENT (no such part), TB_TOO_LARGE, TB_NO_MEMORY. */
tb_status tb_network_fill_box(tb_network *network, const tb_image *image, tb_box box) TB_MUST_CHECK;
tb_status tb_network_fill_into(tb_network *network, const tb_image *image, tb_rectangle place) TB_MUST_CHECK;
tb_status tb_network_fill_turned(tb_network *network, const tb_image *image, tb_similarity map) TB_MUST_CHECK;
/* Turns what is in the input left to right. */
void tb_network_mirror(tb_network *network);
/* Runs on what is in the input. TB_MODEL_FAILED, also when an output holds something that is no number. */
tb_status tb_network_run(tb_network *network) TB_MUST_CHECK;
/* Wipes input and outputs where anything was put into them since the last time. */
void tb_network_wipe(tb_network *network);

#endif
