/* onnx.h: a network's file (ONNX: protocol buffers) as nodes and tensors, as far as rewrite.c needs it, and back. Every
 * read is bounded; what is not understood is kept as it is. */
#ifndef TEBURA_FACE_ONNX_H
#define TEBURA_FACE_ONNX_H

#include <tebura/bytes.h>

enum { TB_ONNX_INPUTS = 3, TB_ONNX_OUTPUTS = 8 };
#define TB_ONNX_NAME_SIZE 24

/* A constant of floats with at most four axes; of others only the name is known and `values` is NULL. */
typedef struct tb_onnx_tensor {
    tb_span name, message;
    int64_t shape[4];
    int axes, uses; /* uses: inputs of nodes that name it */
    float *values;
    size_t count;
    int changed;                      /* written from shape and values, not from the message */
    char own_name[TB_ONNX_NAME_SIZE]; /* of a made one: what `name` views */
} tb_onnx_tensor;

typedef struct tb_onnx_node {
    tb_span message, op, inputs[TB_ONNX_INPUTS], output; /* the first inputs and the first output */
    int input_count, output_count;
    int64_t group;    /* the attribute, 1 when there is none */
    int64_t channels; /* for rewrite.c: what its output has been widened to; 0 = nothing */
    int gone;
    tb_bytes instead; /* nodes to be written in its place, when there are any */
} tb_onnx_node;

typedef struct tb_onnx {
    tb_span file, graph;
    tb_onnx_node *nodes;
    tb_onnx_tensor *tensors; /* room for `tensor_room`: made ones never move the others */
    size_t node_count, tensor_count, tensor_room;
    tb_span outputs[TB_ONNX_OUTPUTS];
    size_t output_count;
    unsigned made; /* names */
} tb_onnx;

/* `file` is borrowed until the end. TB_MALFORMED, TB_UNSUPPORTED (more than a plain graph), TB_NO_MEMORY. */
tb_status tb_onnx_read(tb_span file, tb_onnx *out) TB_MUST_CHECK;
void tb_onnx_free(tb_onnx *onnx);
/* The file with what has changed. `out` is appended to. */
tb_status tb_onnx_write(const tb_onnx *onnx, tb_bytes *out) TB_MUST_CHECK;

int tb_onnx_is(tb_span name, const char *text);
int tb_onnx_same(tb_span a, tb_span b);
int tb_onnx_takes(const tb_onnx_node *node, tb_span name); /* among all its inputs */
/* NULL when there is none. */
tb_onnx_tensor *tb_onnx_tensor_of(const tb_onnx *onnx, tb_span name);
tb_onnx_node *tb_onnx_producer(const tb_onnx *onnx, tb_span name);

/* A name that nothing has yet. */
tb_span tb_onnx_new_name(tb_onnx *onnx, char out[TB_ONNX_NAME_SIZE]);
/* A new tensor of zeros, of the shape of `like` or of 1 x 1 filters for `channels` when NULL. NULL: no memory. */
tb_onnx_tensor *tb_onnx_add_tensor(tb_onnx *onnx, const tb_onnx_tensor *like, int64_t channels);
/* Appends a node: its attributes are those of `like`, with that group, or without `like` those of 1 x 1 filters when
 * group > 0 and none when it is 0. */
tb_status tb_onnx_put_node(tb_bytes *out, const char *op, const tb_span *inputs, int count, tb_span output,
                           const tb_onnx_node *like, int64_t group) TB_MUST_CHECK;

#endif
