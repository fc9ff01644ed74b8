/* profile_source.h: a profile's file as libyaml sees it: the form of every value and the line on which it stands.
 * libcyaml fills the structs; it knows neither all mistakes at once nor the lines of what it has read. */
#ifndef ACCESS_PROFILE_SOURCE_H
#define ACCESS_PROFILE_SOURCE_H

#include <yaml.h>

#include "access/finding.h"

typedef struct tb_source {
    yaml_document_t document;
    int loaded;
} tb_source;

/* TB_MALFORMED with one finding: it is no YAML, or not the plain YAML that a profile is. TB_TOO_LARGE, TB_NO_MEMORY. */
tb_status tb_source_read(tb_span yaml, tb_source *out, tb_findings *findings) TB_MUST_CHECK;
void tb_source_free(tb_source *source);

/* Line (from 1) at which the value with this path stands ("roles/2/requires/0/that", list items count from 0), of the
 * nearest enclosing value where the path does not exist. */
int tb_source_line(const tb_source *source, const char *path);

struct cyaml_schema_value;
/* Compares the file with the schema: every unknown, missing, doubled and malformed field is a finding. *readable: what
 * is wrong are unknown fields only, so that the rest can be read. */
void tb_source_compare(const tb_source *source, const struct cyaml_schema_value *schema, tb_findings *findings,
                       int *readable);

#endif
