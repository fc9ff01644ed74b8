/* visitors.c: the gallery that the third authentication searches holds exactly the visitors (V1). It follows the
 * databases only after a commit. When it cannot (no memory), it is marked stale and rebuilt before its next use;
 * people who left are taken out in any case, so it never knows more than the databases do. */
#include "management/service.h"

#include <tebura/log.h>

static tb_status put(tb_management *m, const tb_booking *booking)
{
    tb_custody custody;
    tb_status status = tb_custody_open(m, booking->person, &custody);
    if (status == TB_OK && !custody.count)
        status = TB_OTHER_MODEL;
    if (status == TB_OK)
        status = tb_matcher_put(m->matcher, booking->id, custody.encoded, custody.count);
    tb_custody_free(&custody);
    if (status == TB_OK)
        status = tb_visit_tag_now(m, booking);
    return status == TB_OTHER_DIMENSION ? TB_OTHER_MODEL : status;
}

static tb_status note_foreign(tb_management *m, tb_id visit, tb_status why)
{
    char id[TB_ID_TEXT_SIZE];
    tb_log(TB_LOG_WARNING, "management", "visit %s: %s: not searched", tb_id_text(visit, id),
           why == TB_OTHER_MODEL ? "no template of a model that is served" : "no template that can be read");
    return tb_ids_put(&m->foreign, visit);
}

/* One person's trouble, which nobody else is to suffer from. */
static int is_theirs_alone(tb_status status)
{
    return status == TB_OTHER_MODEL || status == TB_CRYPTO || status == TB_TRUNCATED || status == TB_MALFORMED ||
           status == TB_UNSUPPORTED || status == TB_NOT_A_NUMBER;
}

tb_status tb_visitor_follow(tb_management *m, tb_id visit)
{
    tb_booking booking = {0};
    tb_ids_take(&m->foreign, visit);
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_OK && booking.visiting)
        status = put(m, &booking);
    else if (status == TB_OK || status == TB_NOT_FOUND) {
        tb_status gone = tb_matcher_remove(m->matcher, visit);
        return gone == TB_NOT_FOUND ? TB_OK : gone;
    }
    if (status != TB_OK) {
        tb_status gone = tb_matcher_remove(m->matcher, visit); /* rather unknown than wrong */
        (void)gone;
    }
    return is_theirs_alone(status) ? note_foreign(m, visit, status) : status;
}

void tb_visitors_follow(tb_management *m)
{
    tb_ids_sort(&m->touched);
    for (size_t i = 0; i < m->touched.count; i++) {
        tb_status status = tb_visitor_follow(m, m->touched.items[i]);
        if (status != TB_OK)
            m->gallery_stale = 1;
    }
    m->touched.count = 0;
}

tb_status tb_visitors_rebuild(tb_management *m)
{
    tb_ids visits = {0};
    tb_matcher_clear(m->matcher);
    m->gallery_stale = 1;
    tb_status status = tb_visits_all(m->db, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++)
        status = tb_visitor_follow(m, visits.items[i]);
    tb_ids_free(&visits);
    if (status == TB_OK)
        m->gallery_stale = 0;
    return status;
}

tb_status tb_visitors_ready(tb_management *m)
{
    return m->gallery_stale ? tb_visitors_rebuild(m) : TB_OK;
}
