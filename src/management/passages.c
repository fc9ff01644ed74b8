/* passages.c: what happened, for the console and for one person's journey. */
#include "management/service.h"

tb_status tb_passage_record(tb_management *m, const tb_passage *passage)
{
    m->wrote_passage = 1;
    return tb_passage_add(m->db, passage);
}

tb_status tb_management_passages(tb_management *m, uint64_t after, int wait_ms, tb_passage *out, int max, int *count)
{
    int64_t deadline = tb_clock_monotonic() + (int64_t)wait_ms * 1000;
    *count = 0;
    if (max <= 0)
        return TB_INVALID_ARGUMENT;
    tb_service_lock(m);
    tb_status status = tb_passages_after(m->db, after, out, max, count);
    while (status == TB_OK && !*count && wait_ms > 0 && tb_service_wait(m, deadline))
        status = tb_passages_after(m->db, after, out, max, count);
    tb_service_unlock(m);
    return status;
}

tb_status tb_management_journey(tb_management *m, tb_id person, tb_passage *out, int max, int *count)
{
    *count = 0;
    tb_service_lock(m);
    tb_status status = tb_person_exists(m->db, person);
    if (status == TB_OK)
        status = tb_passages_of_person(m->db, person, out, max, count);
    tb_service_unlock(m);
    return status;
}
