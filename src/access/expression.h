/* expression.h: the small language of profiles: "visit.status >= checked_in and visit.gate == touchpoint.gate",
 * "boarding - 3h". Compiled and type-checked once when a profile is read; evaluation allocates nothing, cannot fail
 * and ends after at most TB_EXPRESSION_NODES steps.
 *
 *   or     = and { "or" and }                  not    = "not" not | compared
 *   and    = not { "and" not }                 compared = sum [ ("==" "!=" "<" "<=" ">" ">=") sum ]
 *   sum    = value { ("+" | "-") duration }    duration = digits ("s" | "m" | "h" | "d")
 *   value  = "(" or ")" | [-]digits | 'text' | "true" | "false" | status | fact | "visit." fact
 *          | "touchpoint." attribute
 *
 * A fact that is absent, of another kind than declared, an unset time (0) or an empty text is unknown. Whatever an
 * unknown value takes part in is unknown too, also under not, and, or: unknown is never true, so rules fail closed.
 * There is no "now": the clock belongs into windows, so that it is known beforehand when a list changes (ADR 050). */
#ifndef ACCESS_EXPRESSION_H
#define ACCESS_EXPRESSION_H

#include <tebura/facts.h>
#include <tebura/profile.h>

#define TB_EXPRESSION_NODES 64
#define TB_EXPRESSION_DEPTH 16   /* of brackets and nots */
#define TB_EXPRESSION_LENGTH 400 /* characters of source */

typedef enum tb_value_type {
    TB_VALUE_BOOL,
    TB_VALUE_INT,
    TB_VALUE_TIME,
    TB_VALUE_TEXT,
    TB_VALUE_STATUS, /* an index of the profile's statuses: not comparable with a plain number */
    TB_VALUE_DURATION
} tb_value_type;

/* What an expression may name. Touchpoint attributes are text and need no declaration. */
typedef struct tb_vocabulary {
    const void *context;
    int (*fact)(const void *context, const char *name, tb_value_type *type); /* 1 when declared */
    int (*status)(const void *context, const char *name);                    /* index or -1 */
} tb_vocabulary;

typedef struct tb_expression tb_expression;

/* `wanted` is the type that the whole must have. TB_MALFORMED with a cause and the character's place, TB_NO_MEMORY.
 * Free with tb_expression_free. */
tb_status tb_expression_compile(const char *source, const tb_vocabulary *vocabulary, tb_value_type wanted,
                                tb_expression **out, tb_error *why) TB_MUST_CHECK;
void tb_expression_free(tb_expression **expression);

typedef enum tb_truth { TB_FALSE, TB_TRUE, TB_UNKNOWN } tb_truth;
/* Of an expression compiled as bool. */
tb_truth tb_expression_holds(const tb_expression *expression, const tb_facts *visit, const tb_facts *touchpoint);
/* Of an expression compiled as time: 1 and *out when known, else 0. */
int tb_expression_time(const tb_expression *expression, const tb_facts *visit, tb_time *out);
/* For a time that is one fact plus or minus durations: its name and the sum. 0 for any other. */
int tb_expression_offset(const tb_expression *expression, const char **fact, int64_t *offset);

/* The touchpoint attributes that it names, one after the other; NULL after the last. */
const char *tb_expression_attribute(const tb_expression *expression, int index);

/* The index-th comparison "text of the visit == attribute of the touchpoint" without which the expression is not true:
 * the whole of it, or joined to the rest by "and" alone. 0 after the last. */
int tb_expression_equality(const tb_expression *expression, int index, const char **fact, const char **attribute);

/* "90s", "15m", "3h", "2d"; at most 366 days. TB_MALFORMED. */
tb_status tb_duration_parse(const char *source, int64_t *out) TB_MUST_CHECK;

#endif
