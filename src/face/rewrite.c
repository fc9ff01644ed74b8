/* rewrite.c: ONNX Runtime computes convolutions on blocks of channels, two to three times as fast as otherwise, but it
 * leaves that form for every parametric ReLU and for channels that do not fill a block, and comes back after it. So
 * both are said with what it does know (doc/adr/026). Let a be the slope of a channel:
 *
 * I1: channels whose number is no multiple of a block are filled up with channels of weight 0. They are 0 everywhere,
 *     and what reads them does so with weight 0.
 * I2: behind a depthwise convolution C, PReLU(C x) = s (ReLU(s (1 - a) C x) + s a C x) with s = -1 where a > 1, else 1:
 *     two convolutions, the scale s goes into the weights of the reader.
 * I3: behind any other, with c = C x, PReLU(c) = a (c + (1 - a)/a ReLU(c)): a ReLU and a filter of 1 x 1, the scale a
 *     goes into the weights of the reader. A slope nearer to 0 than `least` is taken as `least`.
 *
 * Both hold only where every reader is a convolution: nothing else is touched.
 *
 * Files are checked against their SHA-256 before they come here, but nothing here depends on that: sizes that
 * contradict each other, names that several nodes give and circles end in a status. */
#include "face/rewrite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "face/onnx.h"

enum { WAYS = 64 };  /* that are followed from one plain convolution to the next: circles and thickets end */
enum { BLOCK = 16 }; /* channels with 512-bit registers; with 256 it is 8, which divides it */
static const float least = 0x1p-20f;

/* A convolution whose weights are constants of its own. */
struct convolution {
    tb_onnx_node *node;
    tb_onnx_tensor *weights, *bias; /* bias may be NULL */
};

static int is_convolution(const tb_onnx *onnx, tb_onnx_node *node, struct convolution *out)
{
    if (node->gone || !tb_onnx_is(node->op, "Conv") || node->input_count < 2 || node->input_count > 3)
        return 0;
    tb_onnx_tensor *weights = tb_onnx_tensor_of(onnx, node->inputs[1]);
    tb_onnx_tensor *bias = node->input_count == 3 ? tb_onnx_tensor_of(onnx, node->inputs[2]) : NULL;
    if (!weights || !weights->values || weights->axes != 4 || weights->uses != 1)
        return 0;
    if (node->input_count == 3 &&
        (!bias || !bias->values || bias->uses != 1 || bias->axes != 1 || bias->shape[0] != weights->shape[0]))
        return 0;
    if (node->group != 1 && (node->group != weights->shape[0] || weights->shape[1] != 1))
        return 0; /* neither plain nor depthwise */
    *out = (struct convolution){node, weights, bias};
    return 1;
}

static int is_depthwise(const tb_onnx_node *node)
{
    return node->group > 1;
}

/* How many channels it reads. */
static int64_t channels_in(const struct convolution *it)
{
    return is_depthwise(it->node) ? it->weights->shape[0] : it->weights->shape[1];
}

static int is_output(const tb_onnx *onnx, tb_span name)
{
    for (size_t i = 0; i < onnx->output_count; i++)
        if (tb_onnx_same(onnx->outputs[i], name))
            return 1;
    return 0;
}

static tb_onnx_tensor *slopes_of(const tb_onnx *onnx, const tb_onnx_node *node, int64_t channels)
{
    if (!tb_onnx_is(node->op, "PRelu") || node->input_count != 2)
        return NULL;
    tb_onnx_tensor *slopes = tb_onnx_tensor_of(onnx, node->inputs[1]);
    int fits = slopes && slopes->values && slopes->uses == 1 && slopes->axes == 3 && slopes->shape[0] == channels &&
               slopes->count == (size_t)channels;
    return fits ? slopes : NULL;
}

/* 1 when channels can be added to `name`: every way from it leads through what works channel by channel to a plain
 * convolution for as many. */
static int can_widen(const tb_onnx *onnx, tb_span name, int64_t channels, int *ways)
{
    int readers = 0;
    if (--*ways < 0 || is_output(onnx, name))
        return 0;
    for (size_t i = 0; i < onnx->node_count; i++) {
        tb_onnx_node *node = &onnx->nodes[i];
        struct convolution reader;
        if (!tb_onnx_takes(node, name))
            continue;
        readers++;
        if (is_convolution(onnx, node, &reader)) {
            if (channels_in(&reader) != channels ||
                (is_depthwise(node) && !can_widen(onnx, node->output, channels, ways)))
                return 0;
        } else if (tb_onnx_is(node->op, "Relu") || slopes_of(onnx, node, channels)) {
            if (!can_widen(onnx, node->output, channels, ways))
                return 0;
        } else {
            return 0;
        }
    }
    return readers > 0;
}

/* Makes an axis longer; what is new is 0. TB_MALFORMED: it is no such tensor. */
static tb_status stretch(tb_onnx_tensor *tensor, int axis, int64_t size)
{
    if (!tensor->values || axis >= tensor->axes || size < tensor->shape[axis])
        return TB_MALFORMED;
    size_t outer = 1, inner = 1, old = (size_t)tensor->shape[axis], wide = (size_t)size;
    for (int i = 0; i < axis; i++)
        outer *= (size_t)tensor->shape[i];
    for (int i = axis + 1; i < tensor->axes; i++)
        inner *= (size_t)tensor->shape[i];
    float *values = calloc(outer * wide * inner, sizeof *values);
    if (!values)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < outer; i++)
        memcpy(values + i * wide * inner, tensor->values + i * old * inner, old * inner * sizeof *values);
    free(tensor->values);
    tensor->values = values;
    tensor->count = outer * wide * inner;
    tensor->shape[axis] = size;
    tensor->changed = 1;
    return TB_OK;
}

static tb_status stretch_outputs(struct convolution *it, int64_t channels)
{
    tb_status status = stretch(it->weights, 0, channels);
    if (status == TB_OK && it->bias)
        status = stretch(it->bias, 0, channels);
    it->node->channels = channels;
    return status;
}

static tb_status fill_up_convolution(const tb_onnx *onnx, struct convolution *it, int64_t given)
{
    tb_onnx_node *node = it->node;
    int64_t channels = it->weights->shape[0], full = (channels + BLOCK - 1) / BLOCK * BLOCK;
    tb_status status = TB_OK;
    int ways = WAYS;
    if (is_depthwise(node)) {
        if (!given)
            return TB_OK;
        node->group = given;
        status = stretch_outputs(it, given);
        return status == TB_OK ? tb_onnx_put_node(&node->instead, "Conv", node->inputs, node->input_count, node->output,
                                                  node, node->group)
                               : status;
    }
    if (given)
        status = stretch(it->weights, 1, given);
    if (status == TB_OK && full != channels && can_widen(onnx, node->output, channels, &ways))
        status = stretch_outputs(it, full);
    return status;
}

/* I1. Nodes come in the order in which they are computed. */
static tb_status fill_up_blocks(tb_onnx *onnx)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < onnx->node_count && status == TB_OK; i++) {
        tb_onnx_node *node = &onnx->nodes[i], *before = tb_onnx_producer(onnx, node->inputs[0]);
        int64_t given = before ? before->channels : 0;
        struct convolution it;
        if (is_convolution(onnx, node, &it)) {
            status = fill_up_convolution(onnx, &it, given);
        } else if (given) { /* a Relu or a PRelu: can_widen has seen to that */
            tb_onnx_tensor *slopes = tb_onnx_is(node->op, "PRelu") ? tb_onnx_tensor_of(onnx, node->inputs[1]) : NULL;
            node->channels = given;
            status = slopes ? stretch(slopes, 0, given) : TB_OK;
        }
    }
    return status;
}

/* The one reader of a name, NULL when there are several or it is an output. */
static tb_onnx_node *only_reader(const tb_onnx *onnx, tb_span name)
{
    tb_onnx_node *found = NULL;
    for (size_t i = 0; i < onnx->node_count; i++)
        if (!onnx->nodes[i].gone && tb_onnx_takes(&onnx->nodes[i], name)) {
            if (found)
                return NULL;
            found = &onnx->nodes[i];
        }
    return is_output(onnx, name) ? NULL : found;
}

static int only_convolutions_read(const tb_onnx *onnx, tb_span name, int64_t channels)
{
    struct convolution reader;
    int readers = 0;
    for (size_t i = 0; i < onnx->node_count; i++)
        if (tb_onnx_takes(&onnx->nodes[i], name)) {
            if (!is_convolution(onnx, &onnx->nodes[i], &reader) || channels_in(&reader) != channels)
                return 0;
            readers++;
        }
    return readers > 0 && !is_output(onnx, name);
}

/* Multiplies what the readers of `name` do with channel i by scale[i]. */
static void scale_readers(const tb_onnx *onnx, tb_span name, const float *scale)
{
    struct convolution reader;
    for (size_t i = 0; i < onnx->node_count; i++) {
        if (!tb_onnx_takes(&onnx->nodes[i], name) || !is_convolution(onnx, &onnx->nodes[i], &reader))
            continue;
        tb_onnx_tensor *weights = reader.weights;
        size_t area = (size_t)(weights->shape[2] * weights->shape[3]), filters = (size_t)weights->shape[0];
        size_t inputs = (size_t)weights->shape[1], depthwise = (size_t)is_depthwise(reader.node);
        for (size_t k = 0; k < filters * inputs * area; k++)
            weights->values[k] *= scale[depthwise ? k / area : k / area % inputs];
        weights->changed = 1;
    }
}

static void copy_scaled(tb_onnx_tensor *to, const tb_onnx_tensor *from, const float *scale)
{
    size_t channels = (size_t)from->shape[0], each = from->count / channels;
    for (size_t i = 0; i < from->count; i++)
        to->values[i] = from->values[i] * scale[i / each];
    to->changed = 1;
}

/* I2. The weights of the node become those of the second part, new ones those of the first. */
static tb_status split_depthwise(tb_onnx *onnx, struct convolution *it, const float *slopes, float *scale,
                                 tb_onnx_node *activation)
{
    tb_onnx_node *node = it->node;
    size_t channels = (size_t)it->weights->shape[0];
    tb_onnx_tensor *first = tb_onnx_add_tensor(onnx, it->weights, 0);
    tb_onnx_tensor *offset = it->bias ? tb_onnx_add_tensor(onnx, it->bias, 0) : NULL;
    if (!first || (it->bias && !offset))
        return TB_NO_MEMORY;
    for (size_t i = 0; i < channels; i++)
        scale[i] = slopes[i] > 1 ? slopes[i] - 1 : 1 - slopes[i];
    copy_scaled(first, it->weights, scale);
    if (offset)
        copy_scaled(offset, it->bias, scale);
    for (size_t i = 0; i < channels; i++)
        scale[i] = slopes[i] > 1 ? -slopes[i] : slopes[i];
    copy_scaled(it->weights, it->weights, scale);
    if (offset)
        copy_scaled(it->bias, it->bias, scale);
    for (size_t i = 0; i < channels; i++)
        scale[i] = slopes[i] > 1 ? -1 : 1;
    scale_readers(onnx, activation->output, scale);
    char names[2][TB_ONNX_NAME_SIZE];
    tb_span linear = tb_onnx_new_name(onnx, names[0]), other = tb_onnx_new_name(onnx, names[1]);
    tb_span positive[3] = {node->inputs[0], first->name, offset ? offset->name : (tb_span){0}};
    tb_span sum[2] = {other, node->output};
    tb_bytes_free(&node->instead);
    tb_status status = tb_onnx_put_node(&node->instead, "Conv", positive, node->input_count, linear, node, node->group);
    if (status == TB_OK)
        status = tb_onnx_put_node(&node->instead, "Relu", &linear, 1, node->output, NULL, 0);
    if (status == TB_OK)
        status = tb_onnx_put_node(&node->instead, "Conv", node->inputs, node->input_count, other, node, node->group);
    return status == TB_OK ? tb_onnx_put_node(&node->instead, "Add", sum, 2, activation->output, NULL, 0) : status;
}

/* I3. */
static tb_status split_plain(tb_onnx *onnx, struct convolution *it, const float *slopes, float *scale,
                             tb_onnx_node *activation)
{
    tb_onnx_node *node = it->node;
    int64_t channels = it->weights->shape[0];
    tb_onnx_tensor *filter = tb_onnx_add_tensor(onnx, NULL, channels);
    if (!filter)
        return TB_NO_MEMORY;
    for (int64_t i = 0; i < channels; i++) {
        scale[i] = fabsf(slopes[i]) < least ? least : slopes[i];
        filter->values[i] = (1 - scale[i]) / scale[i];
    }
    scale_readers(onnx, activation->output, scale);
    char names[2][TB_ONNX_NAME_SIZE];
    tb_span positive = tb_onnx_new_name(onnx, names[0]), bent = tb_onnx_new_name(onnx, names[1]);
    tb_span inputs[2] = {positive, filter->name}, sum[2] = {bent, node->output};
    tb_status status = tb_onnx_put_node(&activation->instead, "Relu", &node->output, 1, positive, NULL, 0);
    if (status == TB_OK)
        status = tb_onnx_put_node(&activation->instead, "Conv", inputs, 2, bent, NULL, channels);
    return status == TB_OK ? tb_onnx_put_node(&activation->instead, "Add", sum, 2, activation->output, NULL, 0)
                           : status;
}

/* Answers how many were split through `done`. */
static tb_status split_activations(tb_onnx *onnx, int *done)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < onnx->node_count && status == TB_OK; i++) {
        struct convolution it;
        if (!is_convolution(onnx, &onnx->nodes[i], &it))
            continue;
        tb_onnx_node *activation = only_reader(onnx, it.node->output);
        tb_onnx_tensor *slopes = activation ? slopes_of(onnx, activation, it.weights->shape[0]) : NULL;
        if (!slopes || !only_convolutions_read(onnx, activation->output, it.weights->shape[0]))
            continue;
        float *scale = malloc(slopes->count * sizeof *scale);
        if (!scale)
            return TB_NO_MEMORY;
        status = (is_depthwise(it.node) ? split_depthwise : split_plain)(onnx, &it, slopes->values, scale, activation);
        activation->gone = 1;
        free(scale);
        ++*done;
    }
    return status;
}

tb_status tb_network_rewrite(tb_span model, tb_bytes *out)
{
#if !defined(__x86_64__)
    (void)model;
    (void)out;
    return TB_UNSUPPORTED; /* measured on x86-64 only: elsewhere the runtime may not know that form */
#else
    tb_onnx onnx;
    int done = 0;
    tb_status status = tb_onnx_read(model, &onnx);
    if (status != TB_OK)
        return status;
    status = fill_up_blocks(&onnx);
    if (status == TB_OK)
        status = split_activations(&onnx, &done);
    if (status == TB_OK && done == 0)
        status = TB_UNSUPPORTED;
    if (status == TB_OK)
        status = tb_onnx_write(&onnx, out);
    tb_onnx_free(&onnx);
    return status;
#endif
}
