/* profile_source.c: reading the file for its lines. The tree is only walked, never copied out of. */
#include "access/profile_source.h"

#include <stdlib.h>
#include <string.h>

#include "access/profile_model.h"

/* ---- lines ---- */

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

int tb_source_line(const tb_source *source, const char *path)
{
    yaml_document_t *document = (yaml_document_t *)&source->document; /* libyaml asks for more than it needs */
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

/* ---- reading ---- */

static tb_status broken(const yaml_parser_t *parser, tb_findings *findings)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return TB_NO_MEMORY;
    int line = (int)(parser->problem_mark.line ? parser->problem_mark.line : parser->mark.line) + 1;
    tb_findings_add(findings, line, "mend the YAML here or just before: brackets, quotes, indentation",
                    "this is no YAML: %s", parser->problem ? parser->problem : "it cannot be read");
    return TB_MALFORMED;
}

#define NESTING_MOST 16 /* a profile has six levels; libyaml's time grows with the square of the depth */

/* The change of depth by this event. */
static int deeper(const yaml_event_t *event)
{
    int opens = event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
    int closes = event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
    return opens - closes;
}

/* Aliases would let a small file say a great deal ("billion laughs"), and libyaml's tree no longer shows them. */
static tb_status look_over(yaml_parser_t *parser, tb_findings *findings)
{
    tb_status status = TB_OK;
    int ended = 0, depth = 0;
    while (!ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return broken(parser, findings);
        int line = (int)event.start_mark.line + 1;
        depth += deeper(&event);
        ended = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_ALIAS_EVENT) {
            tb_findings_add(findings, line, "write the value out", "a profile uses no alias (*%.40s)",
                            (const char *)event.data.alias.anchor);
            status = TB_MALFORMED;
        }
        yaml_event_delete(&event);
        if (depth > NESTING_MOST) {
            tb_findings_add(findings, line, "compare with a profile that is sound", "this is nested too deeply");
            return TB_MALFORMED;
        }
    }
    return status;
}

static tb_status refuse_foreign_yaml(tb_span yaml, tb_findings *findings)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return TB_NO_MEMORY;
    yaml_parser_set_input_string(&parser, yaml.data, yaml.size);
    tb_status status = look_over(&parser, findings);
    yaml_parser_delete(&parser);
    return status;
}

static tb_status load(tb_span yaml, tb_source *out, tb_findings *findings)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return TB_NO_MEMORY;
    yaml_parser_set_input_string(&parser, yaml.data, yaml.size);
    tb_status status = TB_OK;
    if (yaml_parser_load(&parser, &out->document))
        out->loaded = 1;
    else
        status = broken(&parser, findings);
    yaml_parser_delete(&parser);
    if (status == TB_OK && !yaml_document_get_root_node(&out->document)) {
        tb_findings_add(findings, 1, "copy a profile that is there, such as profiles/airport.yaml, and change it",
                        "the file is empty");
        status = TB_MALFORMED;
    }
    return status;
}

tb_status tb_source_read(tb_span yaml, tb_source *out, tb_findings *findings)
{
    *out = (tb_source){0};
    if (yaml.size > TB_PROFILE_MAX_BYTES)
        return TB_TOO_LARGE;
    if (yaml.size && memchr(yaml.data, 0, yaml.size)) {
        tb_findings_add(findings, 1, "give a profile: a YAML file in UTF-8", "this is no text file");
        return TB_MALFORMED;
    }
    tb_status status = yaml.size ? refuse_foreign_yaml(yaml, findings) : TB_OK;
    return status == TB_OK ? load(tb_span_of(yaml.size ? (const void *)yaml.data : "", yaml.size), out, findings)
                           : status;
}

void tb_source_free(tb_source *source)
{
    if (source->loaded)
        yaml_document_delete(&source->document);
    *source = (tb_source){0};
}
