/* visit_facts.c: the one place where a visit's facts are put together. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

/* "NH105/2026-11-21" is a flight's id; people know it as NH105. */
static void designator(const char *id, char out[32])
{
    snprintf(out, 32, "%.*s", (int)strcspn(id, "/"), id);
}

static tb_status set_texts(const tb_booking *b, const char *items, tb_facts *out)
{
    char flight[32];
    designator(b->flight.id, flight);
    const struct {
        const char *name, *value;
    } texts[] = {{"name", b->name},    {"flight", flight},       {"seat", b->seat},   {"from", b->flight.from},
                 {"to", b->flight.to}, {"gate", b->flight.gate}, {"item_list", items}};
    tb_status status = TB_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && status == TB_OK; i++)
        status = tb_facts_set_text(out, texts[i].name, texts[i].value);
    return status;
}

tb_status tb_visit_facts(tb_management *m, const tb_booking *b, tb_facts *out)
{
    int64_t items = 0;
    char list[TB_FACT_TEXT_SIZE];
    *out = (tb_facts){0};
    tb_status status = tb_items_waiting(m->db, b->person, &items, list, sizeof list);
    if (status == TB_OK)
        status = tb_facts_set_int(out, "status", b->status);
    if (status == TB_OK)
        status = tb_facts_set_bool(out, "flag", b->flag);
    if (status == TB_OK)
        status = tb_facts_set_bool(out, "consented", b->consented);
    if (status == TB_OK)
        status = set_texts(b, list, out);
    if (status == TB_OK)
        status = tb_facts_set_time(out, "boarding", b->flight.boarding);
    if (status == TB_OK)
        status = tb_facts_set_time(out, "departure", b->flight.departure);
    if (status == TB_OK)
        status = tb_facts_set_bool(out, "has_instrument", b->has_instrument);
    if (status == TB_OK)
        status = tb_facts_set_int(out, "items", items);
    if (status == TB_OK)
        status = tb_facts_set_int(out, "bags", b->bags);
    return status;
}

void tb_visit_facts_store(const tb_facts *facts, tb_booking *booking)
{
    booking->status = (int)tb_facts_number(facts, "status", booking->status);
    booking->flag = tb_facts_number(facts, "flag", booking->flag) != 0;
    booking->bags = (int)tb_facts_number(facts, "bags", booking->bags);
}
