/* profile_model.h: a profile in memory. The strings come from libcyaml by the schema in profile_schema.c; the parts
 * marked "derived" are filled by profile_check.c and never by YAML. Immutable afterwards. */
#ifndef ACCESS_PROFILE_MODEL_H
#define ACCESS_PROFILE_MODEL_H

#include <stdbool.h>

#include "access/expression.h"

#define TB_PROFILE_MAX_BYTES (256u << 10)

typedef struct tb_texts {
    char *ja, *en;
} tb_texts;

typedef struct tb_fact_declaration {
    char *name;
    int type; /* tb_value_type */
} tb_fact_declaration;

typedef struct tb_requirement {
    char *that, *otherwise;
    tb_expression *rule; /* derived */
} tb_requirement;

typedef struct tb_window {
    char *from, *until, *early, *late;
    tb_expression *opens, *closes; /* derived; NULL without that bound */
} tb_window;

/* Requirements in order and a window: of a role, and of the extraction of visitors. */
typedef struct tb_rule {
    tb_requirement *requires;
    unsigned requires_count;
    tb_window *window; /* may be NULL */
} tb_rule;

typedef struct tb_on_match {
    int actuate;      /* index of tb_actuator_names */
    int flag;         /* 0 leaves it, 1 on, 2 off */
    char *status;     /* may be NULL */
    int status_index; /* derived; -1 without one */
    bool deletes_entry;
} tb_on_match;

typedef struct tb_step_up {
    bool pin;
    int64_t amount;
} tb_step_up;

struct tb_role {
    char *name, *zone, *lead, *unknown;
    int kind;
    tb_texts titles;
    tb_rule rule;
    char **sees;
    unsigned sees_count;
    tb_on_match on_match;
    tb_step_up step_up;
    bool asks_server, staff_confirms, offers_templates;
    double fpir;
    int64_t lead_time;         /* derived */
    const tb_profile *profile; /* derived */
};

typedef struct tb_zone {
    char *name;
    tb_texts titles;
} tb_zone;

typedef struct tb_reason {
    char *name, *ja, *en;
} tb_reason;

typedef struct tb_visitors {
    tb_rule rule;
} tb_visitors;

struct tb_profile {
    char *name;
    tb_fact_declaration *facts;
    char **statuses;
    tb_texts consent;
    tb_visitors visitors;
    tb_zone *zones;
    struct tb_role *roles;
    tb_reason *reasons;
    unsigned facts_count, statuses_count, zones_count, roles_count, reasons_count;
};

extern const char *const tb_actuator_names[4]; /* "", "gate", "detector", "door" */

/* YAML to structs by schema: forms, lengths, unknown and missing fields. TB_MALFORMED, TB_TOO_LARGE, TB_NO_MEMORY. */
tb_status tb_profile_load(tb_span yaml, const char *name, tb_profile **out, tb_error *why) TB_MUST_CHECK;
void tb_profile_unload(tb_profile *profile); /* what tb_profile_load took */
/* Everything that a schema cannot say; compiles the expressions. TB_MALFORMED, TB_NO_MEMORY. */
tb_status tb_profile_check(tb_profile *profile, tb_span yaml, const char *name, tb_error *why) TB_MUST_CHECK;

/* Line (from 1) at which the value with this path stands ("roles/2/requires/0/that", list items count from 0), of the
 * nearest enclosing value where the path does not exist; of the syntax error where there is one. 1 at least. */
int tb_profile_line(tb_span yaml, const char *path);
/* Line of the first mapping key with this name at or below line `from`; `from` when there is none. */
int tb_profile_key_line(tb_span yaml, const char *key, int from);

int tb_profile_fact_type(const tb_profile *profile, const char *name,
                         tb_value_type *type);                                   /* 1 when declared or built in */
const tb_reason *tb_profile_reason(const tb_profile *profile, const char *name); /* NULL if there is none */

/* Calls `each` for every {name} of a sentence. Stops with its status if that is not TB_OK. TB_MALFORMED: a bracket
 * without partner or a bad name. Text between placeholders comes with `placeholder` 0. */
typedef tb_status (*tb_piece_fn)(void *context, int placeholder, tb_span piece);
tb_status tb_sentence_pieces(const char *sentence, tb_piece_fn each, void *context) TB_MUST_CHECK;

#endif
