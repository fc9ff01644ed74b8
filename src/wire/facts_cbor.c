/* facts_cbor.c: facts as a map name -> [kind, value], names in the order of their encoded bytes (shorter first, then
 * by content), so that equal sets are equal bytes whatever the order in which they were set. */
#include "wire/cbor_writer.h"

#include <assert.h>
#include <string.h>

#include "wire/facts_check.h"
#include "wire/text.h"

/* The numbers on the wire; they stay when the enum changes. */
enum { WIRE_BOOL = 1, WIRE_INT = 2, WIRE_TIME = 3, WIRE_TEXT = 4 };

static int compare_names(const char *a, const char *b)
{
    size_t long_a = strlen(a), long_b = strlen(b);
    return long_a != long_b ? (long_a < long_b ? -1 : 1) : strcmp(a, b);
}

static int fact_is_good(const tb_fact *fact)
{
    if (!tb_name_is_good_or_empty(fact->name) || fact->name[0] == '\0')
        return 0;
    switch (fact->kind) {
    case TB_FACT_BOOL:
        return fact->number == 0 || fact->number == 1;
    case TB_FACT_INT:
        return 1;
    case TB_FACT_TIME:
        return fact->number >= 0;
    case TB_FACT_TEXT:
        return tb_field_is_good(fact->text, sizeof fact->text);
    case TB_FACT_NONE:
        break;
    }
    return 0;
}

int tb_facts_are_good(const tb_facts *facts)
{
    if (facts->count > TB_FACTS_MAX)
        return 0;
    for (size_t i = 0; i < facts->count; i++) {
        if (!fact_is_good(&facts->items[i]))
            return 0;
        for (size_t j = 0; j < i; j++)
            if (strcmp(facts->items[i].name, facts->items[j].name) == 0)
                return 0;
    }
    return 1;
}

static void write_fact(tb_cbor_writer *writer, const tb_fact *fact)
{
    static const uint8_t kinds[] = {
        [TB_FACT_BOOL] = WIRE_BOOL, [TB_FACT_INT] = WIRE_INT, [TB_FACT_TIME] = WIRE_TIME, [TB_FACT_TEXT] = WIRE_TEXT};
    tb_cbor_write_text(writer, tb_span_text(fact->name));
    tb_cbor_write_array(writer, 2);
    tb_cbor_write_uint(writer, kinds[fact->kind]);
    if (fact->kind == TB_FACT_TEXT)
        tb_cbor_write_text(writer, tb_span_text(fact->text));
    else if (fact->kind == TB_FACT_BOOL)
        tb_cbor_write_bool(writer, fact->number != 0);
    else
        tb_cbor_write_int(writer, fact->number);
}

void tb_cbor_put_facts(tb_cbor_writer *writer, int field, const tb_facts *facts)
{
    assert(tb_facts_are_good(facts));
    if (facts->count == 0)
        return;
    const tb_fact *order[TB_FACTS_MAX];
    for (size_t i = 0; i < facts->count; i++) {
        size_t place = i;
        for (; place > 0 && compare_names(facts->items[i].name, order[place - 1]->name) < 0; place--)
            order[place] = order[place - 1];
        order[place] = &facts->items[i];
    }
    tb_cbor_put_key(writer, field);
    tb_cbor_write_map(writer, facts->count);
    for (size_t i = 0; i < facts->count; i++)
        write_fact(writer, order[i]);
}

static void read_value(tb_cbor_reader *reader, tb_fact *fact)
{
    switch (tb_cbor_uint(reader, UINT64_MAX)) {
    case WIRE_BOOL:
        fact->kind = TB_FACT_BOOL;
        fact->number = tb_cbor_bool(reader);
        break;
    case WIRE_INT:
        fact->kind = TB_FACT_INT;
        fact->number = tb_cbor_int(reader);
        break;
    case WIRE_TIME:
        fact->kind = TB_FACT_TIME;
        fact->number = tb_cbor_time(reader);
        break;
    case WIRE_TEXT:
        fact->kind = TB_FACT_TEXT;
        tb_cbor_text(reader, fact->text, sizeof fact->text);
        break;
    default:
        tb_cbor_fail(reader, TB_UNSUPPORTED, "hold a kind of value that this program does not know");
    }
}

void tb_cbor_facts(tb_cbor_reader *reader, tb_facts *out)
{
    size_t count = tb_cbor_map(reader, TB_FACTS_MAX);
    out->count = 0;
    for (size_t i = 0; i < count && reader->status == TB_OK; i++) {
        tb_fact *fact = &out->items[i];
        *fact = (tb_fact){0};
        tb_cbor_text(reader, fact->name, sizeof fact->name);
        if (i > 0 && compare_names(out->items[i - 1].name, fact->name) >= 0)
            tb_cbor_fail(reader, TB_MALFORMED, "are not in order");
        if (tb_cbor_array(reader, 2) != 2)
            tb_cbor_fail(reader, TB_MALFORMED, "hold something other than kind and value");
        read_value(reader, fact);
        if (!fact_is_good(fact))
            tb_cbor_fail(reader, TB_MALFORMED, "hold a bad name or value");
        if (reader->status == TB_OK)
            out->count = i + 1;
    }
}
