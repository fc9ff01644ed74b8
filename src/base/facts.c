/* facts.c: named, typed values. I1: names are unique. I2: count <= TB_FACTS_MAX. */
#include <tebura/facts.h>

#include <string.h>

static int name_is_good(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && length < TB_FACT_NAME_SIZE && name[length] == '\0' && name[0] >= 'a';
}

static tb_fact *find(const tb_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i].name, name) == 0)
            return (tb_fact *)&facts->items[i];
    return NULL;
}

tb_status tb_facts_set(tb_facts *facts, const tb_fact *fact)
{
    if (!name_is_good(fact->name))
        return TB_INVALID_ARGUMENT;
    tb_fact *place = find(facts, fact->name);
    if (!place && facts->count == TB_FACTS_MAX)
        return TB_TOO_LARGE;
    if (!place)
        place = &facts->items[facts->count++];
    *place = *fact;
    return TB_OK;
}

static tb_status set_number(tb_facts *facts, const char *name, tb_fact_kind kind, int64_t value)
{
    tb_fact fact = {.kind = kind, .number = value};
    if (!name_is_good(name))
        return TB_INVALID_ARGUMENT;
    memcpy(fact.name, name, strlen(name) + 1);
    return tb_facts_set(facts, &fact);
}

tb_status tb_facts_set_bool(tb_facts *facts, const char *name, int value)
{
    return set_number(facts, name, TB_FACT_BOOL, value != 0);
}

tb_status tb_facts_set_int(tb_facts *facts, const char *name, int64_t value)
{
    return set_number(facts, name, TB_FACT_INT, value);
}

tb_status tb_facts_set_time(tb_facts *facts, const char *name, tb_time value)
{
    return set_number(facts, name, TB_FACT_TIME, value);
}

tb_status tb_facts_set_text(tb_facts *facts, const char *name, const char *value)
{
    tb_fact fact = {.kind = TB_FACT_TEXT};
    if (!name_is_good(name))
        return TB_INVALID_ARGUMENT;
    size_t length = strlen(value);
    if (length >= sizeof fact.text)
        return TB_TOO_LARGE;
    memcpy(fact.name, name, strlen(name) + 1);
    memcpy(fact.text, value, length + 1);
    return tb_facts_set(facts, &fact);
}

void tb_facts_remove(tb_facts *facts, const char *name)
{
    tb_fact *place = find(facts, name);
    if (place) {
        *place = facts->items[--facts->count];
        facts->items[facts->count] = (tb_fact){0};
    }
}

const tb_fact *tb_facts_get(const tb_facts *facts, const char *name)
{
    return find(facts, name);
}

const char *tb_facts_text(const tb_facts *facts, const char *name)
{
    const tb_fact *fact = find(facts, name);
    return fact && fact->kind == TB_FACT_TEXT ? fact->text : "";
}

int64_t tb_facts_number(const tb_facts *facts, const char *name, int64_t otherwise)
{
    const tb_fact *fact = find(facts, name);
    return fact && fact->kind != TB_FACT_TEXT && fact->kind != TB_FACT_NONE ? fact->number : otherwise;
}
