/* change.c: one change: a transaction over both databases and what follows it in memory, only after the commit. */
#include "management/service.h"

#include <stdlib.h>
#include <time.h>

static struct timespec monotonic(int64_t us)
{
    return (struct timespec){.tv_sec = (time_t)(us / TB_SECOND), .tv_nsec = (long)(us % TB_SECOND) * 1000};
}

void tb_service_lock(tb_management *m)
{
    pthread_mutex_lock(&m->mutex);
    if (!m->reader_first)
        return;
    struct timespec until = monotonic(tb_clock_monotonic() + TB_READER_PATIENCE);
    while (m->reader_first && pthread_cond_timedwait(&m->was_read, &m->mutex, &until) == 0)
        ;
    m->reader_first = 0;
}

void tb_service_lock_first(tb_management *m)
{
    pthread_mutex_lock(&m->mutex);
}

void tb_service_unlock(tb_management *m)
{
    pthread_mutex_unlock(&m->mutex);
}

tb_status tb_change_begin(tb_management *m)
{
    m->touched.count = m->moved_count = m->retagged_count = 0;
    m->wrote_outbox = m->wrote_passage = 0;
    tb_ahead_drop(m); /* H2 */
    if (m->examine)
        return TB_FORBIDDEN;
    return tb_shared_begin(m);
}

tb_status tb_change_touch(tb_management *m, tb_id visit)
{
    return tb_ids_add(&m->touched, visit);
}

tb_status tb_change_number(tb_management *m, tb_terminal *terminal)
{
    tb_status status = tb_shared_number(m, terminal);
    if (status != TB_OK)
        return status;
    if (terminal->row.sequence == terminal->committed) { /* the first of this change */
        if (m->moved_count == m->moved_capacity) {
            size_t grown = m->moved_capacity ? 2 * m->moved_capacity : 16;
            tb_terminal **moved = realloc(m->moved, grown * sizeof *moved);
            if (!moved)
                return TB_NO_MEMORY;
            m->moved = moved;
            m->moved_capacity = grown;
        }
        m->moved[m->moved_count++] = terminal;
    }
    if (terminal->row.sequence < m->sequence_floor)
        terminal->row.sequence = m->sequence_floor;
    terminal->row.sequence++;
    return TB_OK;
}

static tb_status write_sequences(tb_management *m)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < m->moved_count && status == TB_OK; i++)
        status = tb_touchpoint_sequence_set(m->db, m->moved[i]->row.id, m->moved[i]->row.sequence);
    return status;
}

tb_status tb_change_end(tb_management *m, tb_status status)
{
    int64_t done = atomic_load(&m->outbox_done);
    tb_ahead_drop(m); /* H2 */
    if (status == TB_OK)
        status = write_sequences(m);
    if (status == TB_OK && done > m->outbox_removed)
        status = tb_outbox_remove(m->db, done);
    if (status == TB_OK)
        status = tb_shared_note(m);
    if (status == TB_OK)
        status = tb_db_commit(m->db);
    else
        tb_db_rollback(m->db);
    for (size_t i = 0; i < m->moved_count; i++) {
        if (status == TB_OK)
            m->moved[i]->committed = m->moved[i]->row.sequence;
        else
            m->moved[i]->row.sequence = m->moved[i]->committed;
    }
    m->moved_count = 0;
    m->distrust |= status == TB_DB_GONE; /* it may have been committed: then our own rows tell */
    tb_metric_add(&m->metrics, status == TB_OK ? TB_METRIC_COMMITTED : TB_METRIC_UNDONE, 1);
    if (status != TB_OK)
        return status;
    m->outbox_removed = done;
    tb_visitors_follow(m);
    tb_tags_follow(m);
    if (m->wrote_outbox) {
        m->outbox_waiting = 1;
        if (!m->outbox_since)
            m->outbox_since = tb_clock_monotonic();
        m->outbox_end = INT64_MAX;
        m->reader_first = atomic_load(&m->readers) > 0;
    }
    if (m->wrote_outbox || m->wrote_passage)
        pthread_cond_broadcast(&m->changed);
    return TB_OK;
}

int tb_service_wait(tb_management *m, int64_t deadline)
{
    struct timespec until = monotonic(deadline);
    return !m->stopping && pthread_cond_timedwait(&m->changed, &m->mutex, &until) == 0;
}
