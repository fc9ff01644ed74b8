/* profile_form.c: the file against the schema by which libcyaml reads it. libcyaml stops at the first difference; here
 * all of them are told. It walks no further than the schema's own bounds, however large the file is. */
#include "access/profile_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

typedef struct form {
    yaml_document_t *document;
    tb_findings *findings;
    int readable;
} form;

static int line_of(const yaml_node_t *node)
{
    return (int)node->start_mark.line + 1;
}

static const char *text_of(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
}

static void walk(form *f, const yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what);

/* ---- one value ---- */

static void check_text(form *f, const yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what)
{
    size_t length = node->data.scalar.length;
    char remedy[80];
    if (length >= schema->string.min && length <= schema->string.max)
        return;
    snprintf(remedy, sizeof remedy, "write %u to %u bytes", schema->string.min, schema->string.max);
    tb_findings_add(f->findings, line_of(node), remedy, length ? "'%s' is too long" : "'%s' is empty", what);
    f->readable = 0;
}

static void check_choice(form *f, const yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what)
{
    char remedy[200] = "write one of:";
    size_t used = strlen(remedy);
    for (uint32_t i = 0; i < schema->enumeration.count; i++) {
        const char *choice = schema->enumeration.strings[i].str;
        if (strcmp(choice, text_of(node)) == 0)
            return;
        int more = snprintf(remedy + used, sizeof remedy - used, " %s", choice);
        used = more > 0 && used + (size_t)more < sizeof remedy ? used + (size_t)more : used;
    }
    tb_findings_add(f->findings, line_of(node), remedy, "'%s' cannot be '%.40s'", what, text_of(node));
    f->readable = 0;
}

static int is_number(const char *text, int whole)
{
    char *end;
    if (whole)
        (void)strtoll(text, &end, 10);
    else
        (void)strtod(text, &end);
    return *text && !*end;
}

/* libcyaml takes every word that is not "false" for yes; here a typing error is one. */
static void check_plain(form *f, const yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what)
{
    const char *text = text_of(node);
    int good = schema->type == CYAML_BOOL ? strcmp(text, "true") == 0 || strcmp(text, "false") == 0
                                          : is_number(text, schema->type == CYAML_INT);
    if (good)
        return;
    tb_findings_add(f->findings, line_of(node),
                    schema->type == CYAML_BOOL ? "write true or false" : "write a number, such as 100 or 0.001",
                    "'%s' cannot be '%.40s'", what, text);
    f->readable = 0;
}

/* ---- lists and mappings ---- */

static void check_list(form *f, const yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what)
{
    const yaml_node_item_t *items = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - items);
    if (count < schema->sequence.min || count > schema->sequence.max) {
        char remedy[80];
        snprintf(remedy, sizeof remedy, "give %u to %u", schema->sequence.min, schema->sequence.max);
        tb_findings_add(f->findings, line_of(node), remedy, count ? "'%s' has too many entries" : "'%s' has no entries",
                        what);
        f->readable = 0;
    }
    for (size_t i = 0; i < count && i < schema->sequence.max; i++) {
        const yaml_node_t *item = yaml_document_get_node(f->document, items[i]);
        if (item)
            walk(f, item, schema->sequence.entry, what);
    }
}

static const cyaml_schema_field_t *field_named(const cyaml_schema_value_t *schema, const char *key, size_t *count)
{
    const cyaml_schema_field_t *found = NULL;
    *count = 0;
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++, (*count)++)
        if (strcmp(field->key, key) == 0)
            found = field;
    return found;
}

static void unknown_field(form *f, const yaml_node_t *key, const cyaml_schema_value_t *schema, size_t count,
                          const char *what)
{
    char remedy[400];
    const char *meant = tb_nearest_name(text_of(key), schema->mapping.fields, count, sizeof *schema->mapping.fields);
    size_t used = (size_t)snprintf(remedy, sizeof remedy, "%s%s%sthe fields are:", meant ? "is '" : "remove it; ",
                                   meant ? meant : "", meant ? "' meant? " : "");
    for (size_t i = 0; i < count && used < sizeof remedy; i++)
        used += (size_t)snprintf(remedy + used, sizeof remedy - used, " %s", schema->mapping.fields[i].key);
    tb_findings_add(f->findings, line_of(key), remedy, "unknown field '%.40s' in %s", text_of(key), what);
}

/* How often `key` stands before `pair`: libcyaml refuses what is said twice. */
static int said_before(const form *f, const yaml_node_t *node, const yaml_node_pair_t *pair, const char *key)
{
    for (const yaml_node_pair_t *other = node->data.mapping.pairs.start; other < pair; other++) {
        const yaml_node_t *name = yaml_document_get_node(f->document, other->key);
        if (name && strcmp(text_of(name), key) == 0)
            return 1;
    }
    return 0;
}

static void check_pair(form *f, const yaml_node_t *node, const yaml_node_pair_t *pair,
                       const cyaml_schema_value_t *schema, const char *what)
{
    const yaml_node_t *key = yaml_document_get_node(f->document, pair->key);
    const yaml_node_t *value = yaml_document_get_node(f->document, pair->value);
    size_t count;
    if (!key || !value)
        return;
    const cyaml_schema_field_t *field = field_named(schema, text_of(key), &count);
    if (!field) {
        unknown_field(f, key, schema, count, what);
    } else if (said_before(f, node, pair, field->key)) {
        tb_findings_add(f->findings, line_of(key), "keep one of them", "'%s' is given twice in %s", field->key, what);
        f->readable = 0;
    } else {
        walk(f, value, &field->value, field->key);
    }
}

static void check_mapping(form *f, const yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what)
{
    const yaml_node_pair_t *end = node->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < end && f->findings->count < TB_FINDINGS_MAX; pair++)
        check_pair(f, node, pair, schema, what);
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++) {
        if ((field->value.flags & CYAML_FLAG_OPTIONAL) || said_before(f, node, end, field->key))
            continue;
        tb_findings_add(f->findings, line_of(node), "add it", "the field '%s' is missing in %s", field->key, what);
        f->readable = 0;
    }
}

static yaml_node_type_t shape_of(const cyaml_schema_value_t *schema)
{
    return schema->type == CYAML_MAPPING    ? YAML_MAPPING_NODE
           : schema->type == CYAML_SEQUENCE ? YAML_SEQUENCE_NODE
                                            : YAML_SCALAR_NODE;
}

static void walk(form *f, const yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what)
{
    static const char *const shapes[] = {[YAML_MAPPING_NODE] = "write fields and values, as in {name: lobby}",
                                         [YAML_SEQUENCE_NODE] = "write a list, as in [name, seat]",
                                         [YAML_SCALAR_NODE] = "write one word or sentence"};
    yaml_node_type_t shape = shape_of(schema);
    if (node->type != shape) {
        tb_findings_add(f->findings, line_of(node), shapes[shape], "'%s' has another form than it should", what);
        f->readable = 0;
    } else if (schema->type == CYAML_MAPPING) {
        check_mapping(f, node, schema, what);
    } else if (schema->type == CYAML_SEQUENCE) {
        check_list(f, node, schema, what);
    } else if (schema->type == CYAML_STRING) {
        check_text(f, node, schema, what);
    } else if (schema->type == CYAML_ENUM) {
        check_choice(f, node, schema, what);
    } else {
        check_plain(f, node, schema, what);
    }
}

void tb_source_compare(const tb_source *source, const struct cyaml_schema_value *schema, tb_findings *findings,
                       int *readable)
{
    form f = {(yaml_document_t *)&source->document, findings, 1};
    const yaml_node_t *root = yaml_document_get_root_node(f.document);
    walk(&f, root, schema, "the profile");
    *readable = f.readable;
}
