/* facts.h: a small set of named, typed values: what rules are evaluated over, what a projection lets through, what a
 * sentence is filled with. Names are [a-z][a-z0-9_]*, at most 31 characters. */
#ifndef TEBURA_FACTS_H
#define TEBURA_FACTS_H

#include <stddef.h>
#include <stdint.h>
#include <tebura/clock.h>
#include <tebura/status.h>

typedef enum tb_fact_kind { TB_FACT_NONE, TB_FACT_BOOL, TB_FACT_INT, TB_FACT_TIME, TB_FACT_TEXT } tb_fact_kind;

#define TB_FACT_NAME_SIZE 32
#define TB_FACT_TEXT_SIZE 128
#define TB_FACTS_MAX 32

typedef struct tb_fact {
    char name[TB_FACT_NAME_SIZE];
    tb_fact_kind kind;
    int64_t number;               /* bool 0/1, int, time */
    char text[TB_FACT_TEXT_SIZE]; /* UTF-8 */
} tb_fact;

/* A value type: copy freely; no ownership. Invariant: names are unique, count <= TB_FACTS_MAX. */
typedef struct tb_facts {
    size_t count;
    tb_fact items[TB_FACTS_MAX];
} tb_facts;

/* Setting replaces a value of the same name. TB_INVALID_ARGUMENT: bad name; TB_TOO_LARGE: text too long or set full. */
tb_status tb_facts_set_bool(tb_facts *facts, const char *name, int value) TB_MUST_CHECK;
tb_status tb_facts_set_int(tb_facts *facts, const char *name, int64_t value) TB_MUST_CHECK;
tb_status tb_facts_set_time(tb_facts *facts, const char *name, tb_time value) TB_MUST_CHECK;
tb_status tb_facts_set_text(tb_facts *facts, const char *name, const char *value) TB_MUST_CHECK;
tb_status tb_facts_set(tb_facts *facts, const tb_fact *fact) TB_MUST_CHECK;
void tb_facts_remove(tb_facts *facts, const char *name);
const tb_fact *tb_facts_get(const tb_facts *facts, const char *name); /* NULL if absent; lives as long as `facts` */
const char *tb_facts_text(const tb_facts *facts, const char *name);   /* "" if absent or not text */
int64_t tb_facts_number(const tb_facts *facts, const char *name, int64_t otherwise);

#endif
