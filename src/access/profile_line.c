/* profile_line.c: where in the file a value stands, for error messages only: the file is read a second time by libyaml,
 * which keeps positions, so that the ordinary path pays nothing for them. */
#include "access/profile_model.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

static int key_is(yaml_document_t *document, int index, const char *name, size_t length)
{
    const yaml_node_t *key = yaml_document_get_node(document, index);
    return key && key->type == YAML_SCALAR_NODE && key->data.scalar.length == length &&
           memcmp(key->data.scalar.value, name, length) == 0;
}

/* The child of `node` that one step of a path names; NULL if there is none. */
static yaml_node_t *child(yaml_document_t *document, const yaml_node_t *node, const char *step, size_t length)
{
    if (node->type == YAML_SEQUENCE_NODE) {
        long index = strtol(step, NULL, 10);
        const yaml_node_item_t *items = node->data.sequence.items.start;
        return index >= 0 && index < node->data.sequence.items.top - items
                   ? yaml_document_get_node(document, items[index])
                   : NULL;
    }
    if (node->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
        if (key_is(document, pair->key, step, length))
            return yaml_document_get_node(document, pair->value);
    return NULL;
}

static int line_in(yaml_document_t *document, const char *path)
{
    yaml_node_t *node = yaml_document_get_root_node(document);
    int line = 1;
    while (node) {
        line = (int)node->start_mark.line + 1;
        size_t length = strcspn(path, "/");
        if (length == 0)
            break;
        node = child(document, node, path, length);
        path += length + (path[length] == '/');
    }
    return line;
}

/* Nodes lie in the order of the file, but a mapping's later keys may come after a nested mapping's: the least line
 * wins. */
static int key_line_in(yaml_document_t *document, const char *key, int from)
{
    int line = 0;
    for (const yaml_node_t *node = document->nodes.start; node < document->nodes.top; node++) {
        if (node->type != YAML_MAPPING_NODE)
            continue;
        for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
             pair++) {
            int own = key_is(document, pair->key, key, strlen(key))
                          ? (int)yaml_document_get_node(document, pair->key)->start_mark.line + 1
                          : 0;
            if (own >= from && (line == 0 || own < line))
                line = own;
        }
    }
    return line ? line : from;
}

static int search(tb_span yaml, const char *path, const char *key, int from)
{
    yaml_parser_t parser;
    yaml_document_t document;
    int line = 1;
    if (!yaml_parser_initialize(&parser))
        return line;
    yaml_parser_set_input_string(&parser, yaml.data, yaml.size);
    if (yaml_parser_load(&parser, &document)) {
        line = path ? line_in(&document, path) : key_line_in(&document, key, from);
        yaml_document_delete(&document);
    } else {
        line = (int)parser.problem_mark.line + 1;
    }
    yaml_parser_delete(&parser);
    return line;
}

int tb_profile_line(tb_span yaml, const char *path)
{
    return search(yaml, path, NULL, 1);
}

int tb_profile_key_line(tb_span yaml, const char *key, int from)
{
    return search(yaml, NULL, key, from);
}
