/* onnx.c: see onnx.h. Field numbers are those of the public onnx.proto3. */
#include "face/onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODEL_GRAPH = 7 };
enum { GRAPH_NODE = 1, GRAPH_TENSOR = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12, GRAPH_SHAPES = 13, GRAPH_SPARSE = 15 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_OP = 4, NODE_ATTRIBUTE = 5, NODE_DOMAIN = 7 };
enum {
    ATTRIBUTE_NAME = 1,
    ATTRIBUTE_INT = 3,
    ATTRIBUTE_GRAPH = 6,
    ATTRIBUTE_INTS = 8,
    ATTRIBUTE_GRAPHS = 11,
    ATTRIBUTE_TYPE = 20
};
enum { TENSOR_SHAPE = 1, TENSOR_TYPE = 2, TENSOR_FLOATS = 4, TENSOR_NAME = 8, TENSOR_RAW = 9, TENSOR_PLACE = 14 };
enum { VALUE_NAME = 1, TYPE_INT = 2, TYPE_INTS = 7, TYPE_FLOAT = 1 };
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

/* One field of a message: a number, or bytes. `whole` is all of it with its tag. */
struct field {
    uint32_t number;
    int kind;
    uint64_t value;
    tb_span bytes, whole;
};

/* Answers 0 when the number runs out of the bytes. */
static int take_varint(tb_span *from, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64 && from->size > 0; shift += 7) {
        uint8_t byte = *from->data;
        *from = tb_span_of(from->data + 1, from->size - 1);
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return 1;
    }
    return 0;
}

/* 1: a field; 0: the end; -1: nonsense. */
static int next_field(tb_span *from, struct field *field)
{
    tb_span begin = *from;
    uint64_t tag, size = 0;
    if (from->size == 0)
        return 0;
    if (!take_varint(from, &tag))
        return -1;
    *field = (struct field){.number = (uint32_t)(tag >> 3), .kind = (int)(tag & 7)};
    if (field->kind == VARINT && !take_varint(from, &field->value))
        return -1;
    if (field->kind == BYTES && !take_varint(from, &size))
        return -1;
    if (field->kind == FIXED32 || field->kind == FIXED64)
        size = field->kind == FIXED32 ? 4 : 8;
    else if (field->kind != BYTES && field->kind != VARINT)
        return -1;
    if (size > from->size)
        return -1;
    field->bytes = tb_span_of(from->data, (size_t)size);
    *from = tb_span_of(from->data + size, from->size - (size_t)size);
    field->whole = tb_span_of(begin.data, begin.size - from->size);
    return 1;
}

int tb_onnx_same(tb_span a, tb_span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int tb_onnx_is(tb_span name, const char *text)
{
    return tb_onnx_same(name, tb_span_text(text));
}

int tb_onnx_takes(const tb_onnx_node *node, tb_span name)
{
    struct field field;
    tb_span left = node->message;
    while (next_field(&left, &field) > 0)
        if (field.number == NODE_INPUT && tb_onnx_same(field.bytes, name))
            return 1;
    return 0;
}

/* An input that is left out has an empty name, which is nobody's. */
tb_onnx_tensor *tb_onnx_tensor_of(const tb_onnx *onnx, tb_span name)
{
    for (size_t i = 0; i < onnx->tensor_count && name.size; i++)
        if (tb_onnx_same(onnx->tensors[i].name, name))
            return &onnx->tensors[i];
    return NULL;
}

tb_onnx_node *tb_onnx_producer(const tb_onnx *onnx, tb_span name)
{
    for (size_t i = 0; i < onnx->node_count && name.size; i++)
        if (!onnx->nodes[i].gone && tb_onnx_same(onnx->nodes[i].output, name))
            return &onnx->nodes[i];
    return NULL;
}

/* Sizes as one packed field or one by one. Answers 0 for more than four axes. */
static int add_shape(tb_onnx_tensor *tensor, const struct field *field)
{
    tb_span left = field->bytes;
    uint64_t size = field->value;
    if (field->kind == VARINT) {
        if (tensor->axes >= 4)
            return 0;
        tensor->shape[tensor->axes++] = (int64_t)size;
        return 1;
    }
    while (left.size > 0) {
        if (tensor->axes >= 4 || !take_varint(&left, &size))
            return 0;
        tensor->shape[tensor->axes++] = (int64_t)size;
    }
    return 1;
}

static tb_status take_values(tb_onnx_tensor *tensor, tb_span raw)
{
    size_t count = 1;
    for (int i = 0; i < tensor->axes; i++) {
        if (tensor->shape[i] < 1 || tensor->shape[i] > (1 << 24) || count > (1u << 26))
            return TB_MALFORMED;
        count *= (size_t)tensor->shape[i];
    }
    if (raw.size != count * sizeof(float))
        return TB_MALFORMED;
    tensor->values = malloc(raw.size);
    if (!tensor->values)
        return TB_NO_MEMORY;
    memcpy(tensor->values, raw.data, raw.size);
    tensor->count = count;
    return TB_OK;
}

static tb_status read_tensor(tb_span message, tb_onnx_tensor *tensor)
{
    struct field field;
    tb_span left = message, raw = {0};
    int more, plain = 1;
    uint64_t type = 0;
    *tensor = (tb_onnx_tensor){.message = message};
    while ((more = next_field(&left, &field)) > 0) {
        if (field.number == TENSOR_NAME)
            tensor->name = field.bytes;
        else if (field.number == TENSOR_TYPE)
            type = field.value;
        else if (field.number == TENSOR_SHAPE)
            plain = add_shape(tensor, &field) && plain;
        else if (field.number == TENSOR_RAW || (field.number == TENSOR_FLOATS && field.kind == BYTES))
            raw = field.bytes;
        else if (field.number == TENSOR_PLACE && field.value != 0)
            return TB_UNSUPPORTED; /* in another file */
    }
    if (more < 0)
        return TB_MALFORMED;
    return type == TYPE_FLOAT && plain && raw.size ? take_values(tensor, raw) : TB_OK;
}

static tb_status read_attribute(tb_span message, tb_onnx_node *node)
{
    struct field field;
    tb_span name = {0};
    uint64_t value = 0;
    int more;
    while ((more = next_field(&message, &field)) > 0) {
        if (field.number == ATTRIBUTE_NAME)
            name = field.bytes;
        else if (field.number == ATTRIBUTE_INT)
            value = field.value;
        else if (field.number == ATTRIBUTE_GRAPH || field.number == ATTRIBUTE_GRAPHS)
            return TB_UNSUPPORTED;
    }
    if (tb_onnx_is(name, "group"))
        node->group = (int64_t)value;
    return more < 0 ? TB_MALFORMED : TB_OK;
}

static tb_status read_node(tb_span message, tb_onnx_node *node)
{
    struct field field;
    tb_span left = message;
    tb_status status = TB_OK;
    int more = 0;
    *node = (tb_onnx_node){.message = message, .group = 1};
    while (status == TB_OK && (more = next_field(&left, &field)) > 0) {
        if (field.number == NODE_INPUT && node->input_count++ < TB_ONNX_INPUTS)
            node->inputs[node->input_count - 1] = field.bytes;
        else if (field.number == NODE_OUTPUT && node->output_count++ == 0)
            node->output = field.bytes;
        else if (field.number == NODE_OP)
            node->op = field.bytes;
        else if (field.number == NODE_ATTRIBUTE)
            status = read_attribute(field.bytes, node);
        else if (field.number == NODE_DOMAIN && field.bytes.size > 0)
            node->op = (tb_span){0}; /* not one of the standard's: of no interest */
    }
    return more < 0 ? TB_MALFORMED : status;
}

static tb_span name_of_value(tb_span message)
{
    struct field field;
    while (next_field(&message, &field) > 0)
        if (field.number == VALUE_NAME)
            return field.bytes;
    return (tb_span){0};
}

/* A tensor's uses, over all inputs of all nodes: the struct keeps the first ones only. */
static void count_uses(tb_onnx *onnx)
{
    for (size_t i = 0; i < onnx->node_count; i++) {
        tb_span left = onnx->nodes[i].message;
        struct field field;
        while (next_field(&left, &field) > 0) {
            tb_onnx_tensor *tensor = field.number == NODE_INPUT ? tb_onnx_tensor_of(onnx, field.bytes) : NULL;
            if (tensor)
                tensor->uses++;
        }
    }
}

static tb_status count_parts(tb_onnx *onnx)
{
    struct field field;
    tb_span left = onnx->file;
    int more;
    while ((more = next_field(&left, &field)) > 0)
        if (field.number == MODEL_GRAPH)
            onnx->graph = field.bytes;
    left = onnx->graph;
    while (more == 0 && (more = next_field(&left, &field)) > 0) {
        onnx->node_count += field.number == GRAPH_NODE;
        onnx->tensor_room += field.number == GRAPH_TENSOR;
        if (field.number == GRAPH_SPARSE)
            return TB_UNSUPPORTED;
        more = 0;
    }
    return more < 0 || onnx->node_count == 0 ? TB_MALFORMED : TB_OK;
}

tb_status tb_onnx_read(tb_span file, tb_onnx *out)
{
    *out = (tb_onnx){.file = file};
    struct field field;
    tb_status status = count_parts(out);
    size_t nodes = out->node_count;
    out->node_count = 0;
    if (status != TB_OK)
        return status;
    out->tensor_room += 4 * nodes; /* rewriting makes at most four for one node */
    out->nodes = calloc(nodes, sizeof *out->nodes);
    out->tensors = calloc(out->tensor_room, sizeof *out->tensors);
    if (!out->nodes || !out->tensors)
        status = TB_NO_MEMORY;
    tb_span left = out->graph;
    while (status == TB_OK && next_field(&left, &field) > 0) {
        if (field.number == GRAPH_NODE)
            status = read_node(field.bytes, &out->nodes[out->node_count++]);
        else if (field.number == GRAPH_TENSOR)
            status = read_tensor(field.bytes, &out->tensors[out->tensor_count++]);
        else if (field.number == GRAPH_OUTPUT && out->output_count < TB_ONNX_OUTPUTS)
            out->outputs[out->output_count++] = name_of_value(field.bytes);
        else if (field.number == GRAPH_OUTPUT)
            status = TB_UNSUPPORTED;
    }
    if (status == TB_OK)
        count_uses(out);
    else
        tb_onnx_free(out);
    return status;
}

void tb_onnx_free(tb_onnx *onnx)
{
    for (size_t i = 0; i < onnx->node_count; i++)
        tb_bytes_free(&onnx->nodes[i].instead);
    for (size_t i = 0; i < onnx->tensor_count; i++)
        free(onnx->tensors[i].values);
    free(onnx->nodes);
    free(onnx->tensors);
    *onnx = (tb_onnx){0};
}

static tb_status put_varint(tb_bytes *out, uint64_t value)
{
    uint8_t bytes[10];
    size_t size = 0;
    do {
        bytes[size++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    return tb_bytes_append(out, tb_span_of(bytes, size));
}

static tb_status put_number(tb_bytes *out, uint32_t number, uint64_t value)
{
    tb_status status = put_varint(out, (uint64_t)number << 3 | VARINT);
    return status == TB_OK ? put_varint(out, value) : status;
}

static tb_status put_bytes(tb_bytes *out, uint32_t number, tb_span bytes)
{
    tb_status status = put_varint(out, (uint64_t)number << 3 | BYTES);
    if (status == TB_OK)
        status = put_varint(out, bytes.size);
    return status == TB_OK ? tb_bytes_append(out, bytes) : status;
}

/* An attribute of one whole number, or when `twice` of two equal ones. */
static tb_status put_attribute(tb_bytes *node, const char *name, int64_t value, int twice)
{
    tb_bytes inner = {0};
    uint32_t field = twice ? ATTRIBUTE_INTS : ATTRIBUTE_INT;
    tb_status status = put_bytes(&inner, ATTRIBUTE_NAME, tb_span_text(name));
    for (int i = 0; i <= twice && status == TB_OK; i++)
        status = put_number(&inner, field, (uint64_t)value);
    if (status == TB_OK)
        status = put_number(&inner, ATTRIBUTE_TYPE, twice ? TYPE_INTS : TYPE_INT);
    if (status == TB_OK)
        status = put_bytes(node, NODE_ATTRIBUTE, tb_bytes_span(&inner));
    tb_bytes_free(&inner);
    return status;
}

static tb_status copy_attributes(tb_bytes *node, const tb_onnx_node *like)
{
    struct field field, part;
    tb_span left = like->message;
    tb_status status = TB_OK;
    while (status == TB_OK && next_field(&left, &field) > 0) {
        if (field.number != NODE_ATTRIBUTE)
            continue;
        tb_span inner = field.bytes, name = {0};
        while (next_field(&inner, &part) > 0)
            name = part.number == ATTRIBUTE_NAME ? part.bytes : name;
        if (!tb_onnx_is(name, "group"))
            status = tb_bytes_append(node, field.whole);
    }
    return status;
}

tb_status tb_onnx_put_node(tb_bytes *out, const char *op, const tb_span *inputs, int count, tb_span output,
                           const tb_onnx_node *like, int64_t group)
{
    tb_bytes node = {0};
    tb_status status = TB_OK;
    for (int i = 0; i < count && status == TB_OK; i++)
        status = put_bytes(&node, NODE_INPUT, inputs[i]);
    if (status == TB_OK)
        status = put_bytes(&node, NODE_OUTPUT, output);
    if (status == TB_OK)
        status = put_bytes(&node, NODE_OP, tb_span_text(op));
    if (status == TB_OK && like)
        status = copy_attributes(&node, like);
    else if (status == TB_OK && group)
        status = put_attribute(&node, "kernel_shape", 1, 1);
    if (status == TB_OK && group)
        status = put_attribute(&node, "group", group, 0);
    if (status == TB_OK)
        status = put_bytes(out, GRAPH_NODE, tb_bytes_span(&node));
    tb_bytes_free(&node);
    return status;
}

tb_span tb_onnx_new_name(tb_onnx *onnx, char out[TB_ONNX_NAME_SIZE])
{
    snprintf(out, TB_ONNX_NAME_SIZE, "tebura.%u", onnx->made++);
    return tb_span_text(out);
}

tb_onnx_tensor *tb_onnx_add_tensor(tb_onnx *onnx, const tb_onnx_tensor *like, int64_t channels)
{
    if (onnx->tensor_count == onnx->tensor_room)
        return NULL;
    tb_onnx_tensor *made = &onnx->tensors[onnx->tensor_count];
    *made = (tb_onnx_tensor){.shape = {channels, 1, 1, 1}, .axes = 4, .count = (size_t)channels, .changed = 1};
    if (like) {
        memcpy(made->shape, like->shape, sizeof made->shape);
        made->axes = like->axes;
        made->count = like->count;
    }
    made->values = calloc(made->count, sizeof *made->values);
    if (!made->values)
        return NULL;
    made->name = tb_onnx_new_name(onnx, made->own_name);
    made->uses = 1;
    onnx->tensor_count++;
    return made;
}

static tb_status put_tensor(tb_bytes *graph, const tb_onnx_tensor *tensor)
{
    if (!tensor->changed)
        return put_bytes(graph, GRAPH_TENSOR, tensor->message);
    tb_bytes inner = {0};
    tb_status status = TB_OK;
    for (int i = 0; i < tensor->axes && status == TB_OK; i++)
        status = put_number(&inner, TENSOR_SHAPE, (uint64_t)tensor->shape[i]);
    if (status == TB_OK)
        status = put_number(&inner, TENSOR_TYPE, TYPE_FLOAT);
    if (status == TB_OK)
        status = put_bytes(&inner, TENSOR_NAME, tensor->name);
    if (status == TB_OK)
        status = put_bytes(&inner, TENSOR_RAW, tb_span_of(tensor->values, tensor->count * sizeof(float)));
    if (status == TB_OK)
        status = put_bytes(graph, GRAPH_TENSOR, tb_bytes_span(&inner));
    tb_bytes_free(&inner);
    return status;
}

/* Everything of the graph but nodes, tensors, shapes (they may have changed) and constants named as inputs. */
static tb_status put_rest(const tb_onnx *onnx, tb_bytes *graph)
{
    struct field field;
    tb_span left = onnx->graph;
    tb_status status = TB_OK;
    while (status == TB_OK && next_field(&left, &field) > 0) {
        if (field.number == GRAPH_NODE || field.number == GRAPH_TENSOR || field.number == GRAPH_SHAPES)
            continue;
        if (field.number == GRAPH_INPUT && tb_onnx_tensor_of(onnx, name_of_value(field.bytes)))
            continue;
        status = tb_bytes_append(graph, field.whole);
    }
    return status;
}

tb_status tb_onnx_write(const tb_onnx *onnx, tb_bytes *out)
{
    tb_bytes graph = {0};
    struct field field;
    tb_span left = onnx->file;
    tb_status status = tb_bytes_reserve(&graph, onnx->graph.size + onnx->graph.size / 4);
    for (size_t i = 0; i < onnx->node_count && status == TB_OK; i++) {
        const tb_onnx_node *node = &onnx->nodes[i];
        if (node->instead.size)
            status = tb_bytes_append(&graph, tb_bytes_span(&node->instead));
        else if (!node->gone)
            status = put_bytes(&graph, GRAPH_NODE, node->message);
    }
    for (size_t i = 0; i < onnx->tensor_count && status == TB_OK; i++)
        status = put_tensor(&graph, &onnx->tensors[i]);
    if (status == TB_OK)
        status = put_rest(onnx, &graph);
    while (status == TB_OK && next_field(&left, &field) > 0)
        status = field.number == MODEL_GRAPH ? put_bytes(out, MODEL_GRAPH, tb_bytes_span(&graph))
                                             : tb_bytes_append(out, field.whole);
    tb_bytes_free(&graph);
    return status;
}
