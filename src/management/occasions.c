/* occasions.c: what many visits share is told once, and exactly the visits that name it follow (A4 for any site).
 *
 * O1  A change of an occasion and what it does to visits and lists is one transaction.
 * O2  No visit loses its end by it (W1). An end that lies in the past now ends it: a match that is over is over. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>

static tb_status check(const tb_management *m, const char *id, const tb_facts *facts, tb_error *why)
{
    size_t length = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    if (!length || id[length] || length >= TB_OCCASION_SIZE)
        return tb_fail(why, TB_INVALID_ARGUMENT, "an occasion is named by 1 to 63 letters, digits and . _ -");
    tb_status status = tb_facts_check(m, facts, why);
    for (size_t i = 0; i < facts->count && status == TB_OK; i++)
        if (!tb_profile_fact_is_shared(m->profile, facts->items[i].name))
            return tb_fail(why, TB_INVALID_ARGUMENT, "the fact '%s' is told of each visit, not of an occasion",
                           facts->items[i].name);
    return status;
}

static tb_status follow(tb_management *m, tb_id visit, tb_error *why)
{
    tb_booking booking;
    tb_facts facts;
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_NOT_FOUND) /* ended with its person just now */
        return TB_OK;
    if (status == TB_OK)
        status = tb_visit_facts(m, &booking, &facts);
    if (status != TB_OK)
        return status;
    tb_time until = tb_profile_visitor(m->profile, &facts, tb_service_now(m)).until;
    if (!booking.flight.id[0] && until == TB_TIME_NEVER)
        return tb_fail(why, TB_CONFLICT, "visits that name it would have no end any more: leave that fact");
    return tb_visit_follow(m, &booking, &facts, TB_RECOMPUTE_CHANGES);
}

static tb_status put(tb_management *m, const char *id, const tb_facts *facts, tb_error *why)
{
    tb_ids visits = {0};
    tb_status status = tb_occasion_put(m->db, id, facts, tb_service_now(m));
    if (status == TB_OK)
        status = tb_bookings_of_occasion(m->db, id, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++)
        status = follow(m, visits.items[i], why);
    if (status == TB_OK)
        tb_log(TB_LOG_INFO, "management", "occasion %s is told; %zu visits name it", id, visits.count);
    tb_ids_free(&visits);
    return status;
}

tb_status tb_management_occasion_put(tb_management *m, const char *id, const tb_facts *facts, tb_error *why)
{
    tb_error own = {0};
    tb_status status = check(m, id, facts, why);
    if (status != TB_OK)
        return status;
    tb_service_lock(m);
    status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, put(m, id, facts, &own));
    tb_service_unlock(m);
    if (status == TB_OK)
        return TB_OK;
    return tb_fail(why, status, "%s", own.status == status ? own.text : tb_status_sentence(status));
}

tb_status tb_management_occasions(tb_management *m, tb_occasion_fn each, void *context)
{
    tb_service_lock(m);
    tb_status status = tb_occasion_each(m->db, each, context);
    tb_service_unlock(m);
    return status;
}

static tb_status remove_unused(tb_management *m, const char *id)
{
    tb_facts facts;
    tb_ids visits = {0};
    tb_status status = tb_occasion_get(m->db, id, &facts);
    if (status == TB_OK)
        status = tb_bookings_of_occasion(m->db, id, &visits);
    int used = visits.count > 0;
    tb_ids_free(&visits);
    if (status == TB_OK)
        status = used ? TB_CONFLICT : tb_occasion_remove(m->db, id);
    return status;
}

tb_status tb_management_occasion_remove(tb_management *m, const char *id, tb_error *why)
{
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, remove_unused(m, id));
    tb_service_unlock(m);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such occasion");
    if (status == TB_CONFLICT)
        return tb_fail(why, status, "visits name this occasion: end them first");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}
