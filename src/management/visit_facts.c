/* visit_facts.c: the one place where a visit's facts are put together: what the site was told of it, and above that
 * what the server knows by itself. Only what the profile declares comes in, so that the rest of it finds room. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

int tb_visit_fact_is_own(const char *name)
{
    static const char *const own[] = {"name",      "consented", "has_instrument", "pays_with", "items",
                                      "item_list", "bags",      "seen_at",        "seen_zone"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(own[i], name) == 0)
            return 1;
    return 0;
}

/* A fact of this name and kind, unless the profile does not know it. */
static tb_status set(const tb_management *m, tb_facts *out, tb_fact_kind kind, const char *name, int64_t number,
                     const char *text)
{
    if (tb_profile_fact_kind(m->profile, name) != kind)
        return TB_OK;
    if (kind == TB_FACT_TEXT)
        return tb_facts_set_text(out, name, text);
    if (kind == TB_FACT_TIME)
        return tb_facts_set_time(out, name, number);
    return kind == TB_FACT_BOOL ? tb_facts_set_bool(out, name, number != 0) : tb_facts_set_int(out, name, number);
}

typedef struct value {
    tb_fact_kind kind;
    const char *name;
    int64_t number;
    const char *text;
} value;

static tb_status set_all(const tb_management *m, tb_facts *out, const value *values, size_t count)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < count && status == TB_OK; i++)
        status = set(m, out, values[i].kind, values[i].name, values[i].number, values[i].text);
    return status;
}

/* People on one booking of one flight are a party, by a name that tells nobody the booking. */
static void party_of(const tb_management *m, const tb_booking *b, char out[17])
{
    char text[sizeof b->pnr + sizeof b->flight.id + 8];
    uint8_t hash[32];
    out[0] = '\0';
    if (!b->pnr[0])
        return;
    snprintf(text, sizeof text, "party %s/%s", b->pnr, b->flight.id);
    tb_keyed_hash(&m->keys->find, tb_span_text(text), hash);
    tb_hex_encode(tb_span_of(hash, 8), out);
}

static tb_status set_flight(const tb_management *m, const tb_booking *b, tb_facts *out)
{
    char party[17], flight[32]; /* "NH105/2026-11-21" is a flight's id; people know it as NH105 */
    snprintf(flight, sizeof flight, "%.*s", (int)strcspn(b->flight.id, "/"), b->flight.id);
    party_of(m, b, party);
    const value values[] = {{TB_FACT_TEXT, "flight", 0, flight},
                            {TB_FACT_TEXT, "party", 0, party},
                            {TB_FACT_TEXT, "seat", 0, b->seat},
                            {TB_FACT_TEXT, "from", 0, b->flight.from},
                            {TB_FACT_TEXT, "to", 0, b->flight.to},
                            {TB_FACT_TEXT, "gate", 0, b->flight.gate},
                            {TB_FACT_TIME, "boarding", b->flight.boarding, NULL},
                            {TB_FACT_TIME, "departure", b->flight.departure, NULL},
                            {TB_FACT_TIME, "arrival", tb_flight_arrival(&b->flight), NULL},
                            {TB_FACT_TIME, "landed", b->flight.ata, NULL},
                            {TB_FACT_BOOL, "cancelled", b->flight.cancelled, NULL}};
    return set_all(m, out, values, sizeof values / sizeof *values);
}

int tb_visit_is_over(const tb_management *m, const tb_booking *b)
{
    /* a profile without a word for it cannot tell anybody: then nobody stays */
    return (b->flight.departed && !tb_profile_visitors_stay(m->profile)) ||
           (b->flight.cancelled && tb_profile_fact_kind(m->profile, "cancelled") != TB_FACT_BOOL);
}

static tb_status set_consents(const tb_management *m, const tb_booking *b, tb_facts *out)
{
    const char *name;
    tb_status status = TB_OK;
    for (size_t i = 0; status == TB_OK && *(name = tb_profile_further_consent(m->profile, i)); i++) {
        int holds = 0;
        status = b->consented && !b->no_further ? tb_further_holds(m->db, b->person, name, &holds) : TB_OK;
        if (status == TB_OK)
            status = tb_facts_set_bool(out, name, holds);
    }
    return status;
}

static tb_status set_own(const tb_management *m, const tb_booking *b, tb_facts *out)
{
    int64_t items = 0;
    char list[TB_FACT_TEXT_SIZE];
    list[0] = '\0';
    tb_status status = b->no_items ? TB_OK : tb_items_waiting(m->db, b->person, &items, list, sizeof list);
    const value values[] = {{TB_FACT_TEXT, "name", 0, b->name},
                            {TB_FACT_BOOL, "consented", b->consented, NULL},
                            {TB_FACT_BOOL, "has_instrument", b->has_instrument, NULL},
                            {TB_FACT_TEXT, "pays_with", 0, b->pays_with},
                            {TB_FACT_INT, "items", items, NULL},
                            {TB_FACT_TEXT, "item_list", 0, list},
                            {TB_FACT_INT, "bags", b->bags, NULL}};
    return status == TB_OK ? set_all(m, out, values, sizeof values / sizeof *values) : status;
}

tb_status tb_visit_facts(tb_management *m, const tb_booking *b, tb_facts *out)
{
    *out = (tb_facts){0};
    tb_status status = tb_facts_set_int(out, "status", b->status);
    if (status == TB_OK)
        status = tb_facts_set_bool(out, "flag", b->flag);
    for (size_t i = 0; i < b->facts.count && status == TB_OK; i++) /* a profile may have changed since it was told */
        if (tb_profile_fact_kind(m->profile, b->facts.items[i].name) == b->facts.items[i].kind)
            status = tb_facts_set(out, &b->facts.items[i]);
    for (size_t i = 0; i < b->shared.count && status == TB_OK; i++)
        if (tb_profile_fact_is_shared(m->profile, b->shared.items[i].name) &&
            tb_profile_fact_kind(m->profile, b->shared.items[i].name) == b->shared.items[i].kind)
            status = tb_facts_set(out, &b->shared.items[i]);
    if (status == TB_OK && b->flight.id[0])
        status = set_flight(m, b, out);
    if (status == TB_OK)
        status = set_consents(m, b, out);
    return status == TB_OK ? set_own(m, b, out) : status;
}

tb_status tb_visit_facts_bags(const tb_management *m, const tb_booking *booking, tb_facts *facts)
{
    return set(m, facts, TB_FACT_INT, "bags", booking->bags, NULL);
}

tb_status tb_visit_seen(tb_management *m, tb_booking *booking, tb_time when, const char *zone, tb_facts *facts)
{
    const value values[] = {{TB_FACT_TIME, "seen_at", when, NULL}, {TB_FACT_TEXT, "seen_zone", 0, zone}};
    if (when <= tb_facts_number(facts, "seen_at", 0)) /* told late: they were seen since */
        return TB_OK;
    tb_status status = set_all(m, &booking->facts, values, 2);
    if (status == TB_OK)
        status = set_all(m, facts, values, 2);
    return status == TB_OK && tb_profile_fact_kind(m->profile, "seen_at") == TB_FACT_TIME
               ? tb_booking_facts_set(m->db, booking)
               : status;
}

tb_status tb_visit_keep_seen(const tb_facts *before, tb_facts *told)
{
    static const char *const names[] = {"seen_at", "seen_zone"};
    tb_status status = TB_OK;
    for (size_t i = 0; i < 2 && status == TB_OK; i++) {
        const tb_fact *fact = tb_facts_get(before, names[i]);
        status = fact ? tb_facts_set(told, fact) : TB_OK;
    }
    return status;
}

void tb_visit_facts_store(const tb_facts *facts, tb_booking *booking)
{
    booking->status = (int)tb_facts_number(facts, "status", booking->status);
    booking->flag = tb_facts_number(facts, "flag", booking->flag) != 0;
    booking->bags = (int)tb_facts_number(facts, "bags", booking->bags);
}
