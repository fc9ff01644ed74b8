/* to_json.c: structs as api/openapi.yaml shows them. */
#include <string.h>

#include "routes.h"

json_t *json_of_time(tb_time time)
{
    char text[TB_TIME_TEXT_SIZE];
    return json_string(tb_time_text(time, text));
}

json_t *json_of_id(tb_id id)
{
    char text[TB_ID_TEXT_SIZE];
    return tb_id_is_zero(id) ? json_null() : json_string(tb_id_text(id, text));
}

static json_t *json_of_fact(const tb_fact *fact)
{
    switch (fact->kind) {
    case TB_FACT_BOOL:
        return json_boolean(fact->number);
    case TB_FACT_INT:
        return json_integer(fact->number);
    case TB_FACT_TIME:
        return json_of_time(fact->number);
    default:
        return json_string(fact->text);
    }
}

json_t *json_of_facts(const tb_facts *facts)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < facts->count; i++)
        if (json_object_set_new(object, facts->items[i].name, json_of_fact(&facts->items[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

tb_status facts_of_json(const json_t *object, tb_facts *out, tb_error *why)
{
    const char *name;
    json_t *value;
    *out = (tb_facts){0};
    if (!object || json_is_null(object))
        return TB_OK;
    if (!json_is_object(object))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the attributes have to be an object");
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        tb_status status = TB_INVALID_ARGUMENT;
        if (json_is_boolean(value))
            status = tb_facts_set_bool(out, name, json_is_true(value));
        else if (json_is_integer(value))
            status = tb_facts_set_int(out, name, json_integer_value(value));
        else if (json_is_string(value))
            status = tb_facts_set_text(out, name, json_string_value(value));
        if (status != TB_OK)
            return tb_fail(
                why, TB_INVALID_ARGUMENT,
                "an attribute is a short name with a text (up to %d bytes), a whole number, true or false; at most %d",
                TB_FACT_TEXT_SIZE - 1, TB_FACTS_MAX);
    }
    return TB_OK;
}

json_t *json_of_passage(const tb_passage *p)
{
    return json_pack("{s:I, s:o, s:s, s:s, s:s, s:s, s:o, s:s, s:I}", "number", (json_int_t)p->number, "at",
                     json_of_time(p->at), "touchpoint", p->touchpoint, "role", p->role, "kind", p->kind, "reason",
                     p->reason, "visit", json_of_id(p->visit), "name", p->name, "duration_us", (json_int_t)p->duration);
}

json_t *json_of_passages(const tb_passage *passages, int count)
{
    json_t *array = json_array();
    for (int i = 0; array && i < count; i++)
        if (json_array_append_new(array, json_of_passage(&passages[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *json_of_heartbeat(const tb_heartbeat *b)
{
    if (b->at == 0)
        return json_null();
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:s, s:s, s:b, s:o, s:b, s:I, s:I, s:b}", "at", json_of_time(b->at),
                     "sequence", (json_int_t)b->sequence, "entries", (json_int_t)b->entries, "outbox",
                     (json_int_t)b->outbox, "decisions", (json_int_t)b->decisions, "state", b->state, "screen",
                     b->screen, "simulation", b->simulation != 0, "fresh",
                     b->fresh ? json_of_time(b->fresh) : json_null(), "stale", b->stale != 0, "refused",
                     (json_int_t)b->refused, "clock_ms", (json_int_t)b->clock, "clock_jumped", b->clock_jumped != 0);
}

json_t *json_of_touchpoint(const tb_touchpoint *t)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:o, s:I, s:I, s:o}", "id", t->id, "role", t->role, "zone",
                     t->zone, "attributes", json_of_facts(&t->attributes), "registered", t->registered != 0, "wiping",
                     t->wiping != 0, "code_until",
                     t->registered || t->code_until == 0 ? json_null() : json_of_time(t->code_until), "sequence",
                     (json_int_t)t->sequence, "entries", (json_int_t)t->entries, "last", json_of_heartbeat(&t->last));
}

json_t *json_of_counts(const tb_counts *c)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "people",
                     (json_int_t)c->people, "templates", (json_int_t)c->templates, "visitors", (json_int_t)c->visitors,
                     "entries", (json_int_t)c->entries, "outbox", (json_int_t)c->outbox, "events_applied",
                     (json_int_t)c->events_applied, "events_repeated", (json_int_t)c->events_repeated, "events_refused",
                     (json_int_t)c->events_refused, "payments", (json_int_t)c->payments, "payments_voided",
                     (json_int_t)c->payments_voided, "ledger_sum", (json_int_t)c->ledger_sum, "flight_changes_applied",
                     (json_int_t)c->flight_changes[TB_CHANGE_APPLIED], "flight_changes_refused",
                     (json_int_t)c->flight_changes[TB_CHANGE_REFUSED]);
}

tb_status path_id(const tb_http_request *request, tb_id *out, tb_error *why)
{
    tb_status status = tb_id_parse(tb_http_param(request, "id"), out);
    return status == TB_OK ? TB_OK : tb_fail(why, TB_INVALID_ARGUMENT, "an id is 32 lower-case hex digits");
}

int text_is_of(const char *text, const char *alphabet, size_t most)
{
    size_t length = strspn(text, alphabet);
    return length > 0 && length <= most && text[length] == '\0';
}
