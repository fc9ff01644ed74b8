/* quarantine.c: events of our terminals that cannot be applied: kept aside so that those behind them go on, tried again
 * when somebody asks for it. They stay sealed; what they say of whom is not in the table (doc/adr/101). */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>

tb_status tb_quarantine_keep(tb_management *m, const tb_sealed_event *event, tb_status cause, int *full)
{
    uint8_t hash[32];
    tb_quarantine_room room;
    const char *dot = strrchr(event->subject, '.');
    tb_quarantined row = {.since = tb_service_now(m), .tried = tb_service_now(m)};
    tb_sha256(event->body, hash);
    memcpy(row.id.bytes, hash, sizeof row.id.bytes); /* the same event again is the same row */
    snprintf(row.touchpoint, sizeof row.touchpoint, "%s", dot ? dot + 1 : "");
    tb_status status = tb_quarantine_room_of(m->db, row.id, row.touchpoint, &room);
    if (status != TB_OK)
        return status;
    *full = !room.is_there && (room.all >= TB_QUARANTINE_MAX || room.own >= TB_QUARANTINE_SHARE);
    if (*full) {
        tb_log(TB_LOG_ERROR, "management",
               "%s: an event of %s is not kept (%s); it stays at its terminal: see GET /api/v1/quarantine",
               room.own >= TB_QUARANTINE_SHARE ? "this terminal's share of the quarantine is full"
                                               : "the quarantine is full",
               row.touchpoint, tb_status_name(cause));
        return TB_OK;
    }
    snprintf(row.reason, sizeof row.reason, "%s", tb_status_name(cause));
    tb_log(TB_LOG_ERROR, "management", "an event of %s cannot be applied (%s): it is kept in the quarantine",
           row.touchpoint, row.reason);
    return tb_quarantine_put(m->db, &row, event->subject, event->body);
}

tb_status tb_management_quarantine(tb_management *m, tb_quarantined_fn each, void *context)
{
    tb_service_lock(m);
    tb_status status = tb_quarantine_rows(m->db, each, context);
    tb_service_unlock(m);
    return status;
}

static tb_status remove_row(tb_management *m, tb_id id)
{
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, tb_quarantine_remove(m->db, id));
    tb_service_unlock(m);
    return status;
}

tb_status tb_management_quarantine_remove(tb_management *m, tb_id id, tb_error *why)
{
    char text[TB_ID_TEXT_SIZE];
    tb_status status = remove_row(m, id);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such event in the quarantine");
    if (status != TB_OK)
        return tb_fail(why, status, "%s", tb_status_sentence(status));
    tb_log(TB_LOG_WARNING, "management", "the operator has given up the quarantined event %s", tb_id_text(id, text));
    return TB_OK;
}

tb_status tb_management_quarantine_retry(tb_management *m, tb_id id, tb_error *why)
{
    char subject[TB_SUBJECT_ROOM];
    tb_bytes sealed = {0};
    tb_service_lock(m);
    tb_status status = tb_quarantine_get(m->db, id, subject, sizeof subject, &sealed);
    tb_service_unlock(m);
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such event in the quarantine");
    tb_sealed_event event = {subject, tb_bytes_span(&sealed)};
    if (status == TB_OK)
        status = tb_events_once_more(m, &event, id);
    tb_bytes_free(&sealed);
    return status == TB_OK
               ? TB_OK
               : tb_fail(why, status, "the event still cannot be applied (%s): it stays", tb_status_sentence(status));
}
