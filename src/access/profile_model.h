/* profile_model.h: a profile in memory. The strings come from libcyaml by the schema in profile_schema.c; the parts
 * marked "derived" are filled by profile_check.c and its neighbours, never by YAML. Immutable afterwards. */
#ifndef ACCESS_PROFILE_MODEL_H
#define ACCESS_PROFILE_MODEL_H

#include <stdbool.h>

#include <tebura/profile_check.h>

#include "access/expression.h"

#define TB_PROFILE_MAX_BYTES (256u << 10)

typedef struct tb_texts {
    char *ja, *en;
} tb_texts;

/* What facts may be shown for: a role sees a fact only where a purpose of its own is one of the fact's (ADR 052). */
typedef struct tb_purpose {
    char *name;
    tb_texts titles;
} tb_purpose;

typedef struct tb_fact_declaration {
    char *name;
    int type;        /* tb_value_type */
    char **purposes; /* none: the server's rules alone read it */
    unsigned purposes_count;
    char *after; /* a time that this one never comes before; may be NULL */
    int of;      /* 0: told of each visit; 1: of the occasion that visits share */
    bool sensitive;
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

typedef struct tb_sign {
    char *person, *others;
    bool beside_others;
} tb_sign;

typedef struct tb_between { /* of two doors: what is asked for of whoever is between them */
    bool face;
    char *approval; /* name of a reason; may be NULL */
} tb_between;

struct tb_role {
    char *name, *zone, *lead, *unknown, *offline;
    int kind;
    int challenge; /* 0: not said; else tb_challenge_when + 1 */
    int match_at_server, group;
    int reference;  /* tb_reference_when */
    int *documents; /* tb_document_kind, of a role that checks in; none: passport and boarding pass */
    unsigned documents_count;
    tb_texts *welcome;   /* told to whom it admits; may be NULL */
    tb_sign *sign;       /* of a sign; else NULL */
    tb_between *between; /* of an interlock; NULL: approval alone */
    char *near;          /* may be NULL */
    int without_position;
    double near_metres;   /* derived */
    char *deliver_every;  /* may be NULL */
    int64_t deliver_time; /* derived */
    char *report_every;   /* of a presence camera; may be NULL */
    int64_t report_time;  /* derived */
    tb_texts titles;
    tb_rule rule;
    char **sees, **purposes;
    unsigned sees_count, purposes_count;
    tb_on_match on_match;
    tb_step_up step_up;
    bool asks_server, asks_central, staff_confirms, offers_templates;
    double fpir;
    int64_t lead_time;         /* derived */
    int64_t offline_time;      /* derived: the kind's when not said */
    const tb_profile *profile; /* derived */
};

typedef struct tb_zone {
    char *name;
    tb_texts titles;
} tb_zone;

typedef struct tb_reason {
    char *name, *ja, *en;
} tb_reason;

/* Who stays a visitor beyond the first rule: after it, or where it does not hold any more. */
typedef struct tb_stage {
    tb_rule rule;
} tb_stage;

typedef struct tb_visitors {
    tb_rule rule;
    tb_stage *then;
    unsigned then_count;
    int database; /* 0: they have rows of their own; 1: none, lists come straight from the bookings (A22) */
} tb_visitors;

/* Asked for itself, beside `consent` and never a condition of it; a declared bool of its name tells whether it
 * holds. */
typedef struct tb_further_consent {
    char *name, *ja, *en;
} tb_further_consent;

/* How long a person is kept after their last visit, with which of those consents. */
typedef struct tb_retention {
    char *consent, *duration;
    int64_t time; /* derived */
} tb_retention;

/* Roles in the order in which one person meets them. */
typedef struct tb_journey {
    char *name;
    tb_texts titles;
    char **steps;
    unsigned steps_count;
} tb_journey;

/* What people hold, and show where a face alone is not enough or comes first: a reservation's number, a ticket's
 * code. */
typedef struct tb_reference_form {
    tb_texts titles;
    char *pattern; /* may be NULL: anything without spaces */
    char *fact;    /* the fact that holds it; NULL: the visit's own reference */
    int check;     /* tb_reference_check */
} tb_reference_form;
typedef enum tb_reference_check { TB_CHECK_NONE, TB_CHECK_LUHN, TB_CHECK_MOD97 } tb_reference_check;
typedef enum tb_document_kind {
    TB_DOCUMENT_PASSPORT,
    TB_DOCUMENT_BOARDING_PASS,
    TB_DOCUMENT_REFERENCE
} tb_document_kind;

struct tb_profile {
    char *name;
    tb_reference_form *reference; /* may be NULL */
    tb_purpose *purposes;
    tb_journey *journeys;
    tb_fact_declaration *facts;
    char **statuses;
    tb_texts consent;
    tb_further_consent *consents;
    tb_retention *retention; /* may be NULL: nobody is kept */
    tb_visitors visitors;
    tb_zone *zones;
    struct tb_role *roles;
    tb_reason *reasons;
    tb_reason *words; /* how an operator's screen calls statuses, facts and reasons */
    unsigned words_count, facts_count, statuses_count, zones_count, roles_count, reasons_count, purposes_count,
        journeys_count, consents_count;
};

enum { TB_ACTUATOR_INTERLOCK = 4 };
extern const char *const tb_actuator_names[5]; /* "", "gate", "detector", "door", "interlock" */

extern const struct cyaml_schema_value tb_profile_schema;
/* YAML to structs by that schema; `lenient` passes over unknown fields. TB_MALFORMED: `cause` (200 bytes) and *line
 * say why; TB_NO_MEMORY. */
tb_status tb_profile_load(tb_span yaml, int lenient, tb_profile **out, char *cause, int *line) TB_MUST_CHECK;
void tb_profile_unload(tb_profile *profile); /* what tb_profile_load took */

int tb_profile_fact_type(const tb_profile *profile, const char *name,
                         tb_value_type *type);                                   /* 1 when declared or built in */
const tb_reason *tb_profile_reason(const tb_profile *profile, const char *name); /* NULL if there is none */

/* The rules by which somebody is a visitor, in order: the first one, then what follows it. NULL: no such index. */
const tb_rule *tb_visitor_rule(const tb_profile *profile, unsigned index);

const tb_fact_declaration *tb_profile_fact(const tb_profile *profile, const char *name); /* NULL: not declared */

/* Calls `each` for every {name} of a sentence. Stops with its status if that is not TB_OK. TB_MALFORMED: a bracket
 * without partner or a bad name. Text between placeholders comes with `placeholder` 0. */
typedef tb_status (*tb_piece_fn)(void *context, int placeholder, tb_span piece);
tb_status tb_sentence_pieces(const char *sentence, tb_piece_fn each, void *context) TB_MUST_CHECK;

#endif
