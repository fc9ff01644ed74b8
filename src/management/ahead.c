/* ahead.c: see ahead.h. On files a question of many ids saves little; over a connection each question that is not asked
 * saves two switches between processes, or a way through the network. */
#include "management/ahead.h"

#include <assert.h>
#include <stdlib.h>

#include <tebura/secret.h>

#include "management/service.h"

void tb_ahead_drop(tb_management *m)
{
    tb_ahead *a = &m->ahead;
    a->asked.count = a->applied.count = a->visits.count = 0;
}

void tb_ahead_drop_visit(tb_management *m, tb_id visit)
{
    tb_ahead *a = &m->ahead;
    size_t place = tb_ids_place(&a->visits, visit);
    if (place == a->visits.count)
        return;
    a->bookings[place].id = (tb_id){{0}};
    a->given[place] = 1;
}

void tb_ahead_free(tb_ahead *a)
{
    tb_ids_free(&a->applied);
    tb_ids_free(&a->asked);
    tb_ids_free(&a->visits);
    if (a->entries.fields.data)
        tb_wipe(a->entries.fields.data, a->entries.fields.capacity); /* names */
    tb_entries_kept_free(&a->entries);
    if (a->bookings)
        tb_wipe(a->bookings, TB_AHEAD_MOST * sizeof *a->bookings);
    free(a->bookings);
    a->bookings = NULL;
}

tb_status tb_ahead_add(tb_management *m, tb_id event, tb_id visit)
{
    tb_ahead *a = &m->ahead;
    assert(a->asked.count < TB_AHEAD_MOST);
    tb_status status = tb_ids_add(&a->asked, event);
    return status == TB_OK && !tb_id_is_zero(visit) ? tb_ids_add(&a->visits, visit) : status;
}

static tb_status take_booking(void *context, const tb_booking *booking)
{
    tb_ahead *a = context;
    size_t place = tb_ids_place(&a->visits, booking->id);
    assert(place < a->visits.count && "only what was asked for is answered");
    a->bookings[place] = *booking;
    return TB_OK;
}

static tb_status ask(tb_management *m, tb_ahead *a)
{
    if (!a->bookings)
        a->bookings = malloc(TB_AHEAD_MOST * sizeof *a->bookings);
    if (!a->bookings)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < a->visits.count; i++) {
        a->bookings[i].id = (tb_id){{0}};
        a->given[i] = 0;
    }
    tb_status status = tb_applied_ids(m->db, &a->asked, &a->applied);
    if (status == TB_OK)
        status = tb_bookings_get(m->db, &a->visits, take_booking, a);
    if (status == TB_OK)
        status = tb_entries_keep(m->db, &a->visits, &a->entries);
    tb_ids_sort(&a->applied);
    return status;
}

tb_status tb_ahead_ask(tb_management *m)
{
    tb_ids_sort(&m->ahead.asked);
    tb_ids_sort(&m->ahead.visits);
    tb_status status = ask(m, &m->ahead);
    if (status != TB_OK)
        tb_ahead_drop(m);
    return status;
}

int tb_ahead_is_new(tb_management *m, tb_id event)
{
    tb_ahead *a = &m->ahead;
    if (tb_ids_place(&a->asked, event) == a->asked.count)
        return 0;
    tb_ids_take(&a->asked, event); /* twice in one delivery: the second one is told by the database */
    return tb_ids_place(&a->applied, event) == a->applied.count;
}

tb_status tb_ahead_booking(tb_management *m, tb_id visit, tb_booking *out)
{
    tb_ahead *a = &m->ahead;
    size_t place = tb_ids_place(&a->visits, visit);
    if (place == a->visits.count || tb_id_is_zero(a->bookings[place].id))
        return tb_booking_get(m->db, visit, out);
    *out = a->bookings[place];
    a->bookings[place].id = (tb_id){{0}};
    return TB_OK;
}

tb_status tb_ahead_entries(tb_management *m, tb_id visit, tb_entry_row_fn each, void *context)
{
    tb_ahead *a = &m->ahead;
    tb_entry_row row;
    tb_status status = TB_OK;
    size_t place = tb_ids_place(&a->visits, visit);
    if (place == a->visits.count || a->given[place])
        return tb_entry_rows_of_visit(m->db, visit, each, context);
    a->given[place] = 1;
    for (size_t i = tb_entries_kept_first(&a->entries, visit);
         status == TB_OK && i < a->entries.count && tb_id_equal(a->entries.items[i].visit, visit); i++) {
        status = tb_entries_kept_row(&a->entries, i, &row);
        if (status == TB_OK)
            status = each(context, &row);
    }
    return status;
}
