/* shared.c: several servers on one database (doc/adr/111): what memory keeps follows what the others have committed.
 *
 *  S1  Before a change reads anything, it holds the site's lock, and memory has followed everything that was committed
 *      before: what it decides by is what is so. (tb_service_lock_to_change, tb_change_begin)
 *  S2  A terminal's sequence is raised from the database's, never from a memory that others may have passed.
 *  S3  What only reads follows first, too (tb_service_refresh): an answer is as fresh as its question. */
#include "management/keyring.h"
#include "management/service.h"

#include <string.h>

#include <tebura/log.h>

#define ROWS 256

static int woken(void *context)
{
    tb_management *m = context;
    if (pthread_mutex_trylock(&m->mutex) != 0)
        return 0;
    m->outbox_waiting = 1;
    m->outbox_end = INT64_MAX;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->mutex);
    return 1;
}

static tb_status keys_changed(void)
{
    tb_log(TB_LOG_ERROR, "management",
           "the master key was changed (teburad rotate-key): give this server the new "
           "master.key and start it again; it changes nothing until then");
    return TB_DB_KEY;
}

/* The row that says otherwise (TB_CHANGED_KEYS) may be one that we have not seen and that is gone. */
static tb_status check_keys(tb_management *m)
{
    uint8_t mark[sizeof m->keys_mark];
    tb_status status = tb_keyring_mark(m->db, mark);
    return status == TB_OK && memcmp(mark, m->keys_mark, sizeof mark) != 0 ? keys_changed() : status;
}

tb_status tb_shared_open(tb_management *m, const char *url, tb_error *why)
{
    if (!tb_db_is_shared(m->db))
        return TB_OK;
    if (m->examine)
        return tb_change_last(m->db, &m->seen);
    /* Our own mark, so that there is one to go on from. Before anything is read into memory: what changes meanwhile is
     * followed. */
    tb_status status = tb_db_begin(m->db);
    if (status == TB_OK) {
        status = tb_change_note(m->db, TB_CHANGED_SEQUENCES, (tb_id){{0}});
        if (status == TB_OK)
            status = tb_change_last(m->db, &m->seen);
        if (status == TB_OK)
            status = check_keys(m);
        if (status == TB_OK)
            status = tb_db_commit(m->db);
        else
            tb_db_rollback(m->db);
    }
    return status == TB_OK ? tb_db_watch_open(url, woken, m, &m->watch, why) : status;
}

static tb_status follow_row(tb_management *m, const tb_change_row *row)
{
    switch (row->what) {
    case TB_CHANGED_SEQUENCES:
        return TB_OK;
    case TB_CHANGED_VISIT:
        if (!m->gallery_stale && tb_visitor_follow(m, row->visit) != TB_OK)
            m->gallery_stale = 1;
        return TB_OK;
    case TB_CHANGED_VISITS:
        m->gallery_stale = 1;
        return TB_OK;
    case TB_CHANGED_TOUCHPOINTS:
        return tb_terminals_reload(m);
    case TB_CHANGED_KEYS:
        return keys_changed();
    }
    return TB_OK; /* a newer server's */
}

static tb_status read_all_again(tb_management *m)
{
    tb_log(TB_LOG_WARNING, "management", "too much has changed meanwhile: everything is read again");
    m->gallery_stale = 1;
    m->heard++;
    tb_status status = check_keys(m);
    if (status == TB_OK)
        status = tb_change_last(m->db, &m->seen);
    return status == TB_OK ? tb_terminals_reload(m) : status;
}

/* The row that we have seen last is there, unless changes have been trimmed further than that. */
static tb_status follow_others(tb_management *m)
{
    tb_change_row rows[ROWS];
    int count = ROWS;
    tb_status status = TB_OK;
    while (count == ROWS && status == TB_OK) {
        status = tb_changes_from(m->db, m->seen, rows, ROWS, &count);
        if (status == TB_OK && (!count || rows[0].number != m->seen))
            return read_all_again(m);
        for (int i = 1; i < count && status == TB_OK; i++) {
            if (!rows[i].own || m->distrust) {
                m->heard++; /* S2 */
                status = follow_row(m, &rows[i]);
            }
            if (status == TB_OK)
                m->seen = rows[i].number;
        }
    }
    if (status == TB_OK)
        m->distrust = 0;
    return status;
}

tb_status tb_service_refresh(tb_management *m)
{
    return tb_db_is_shared(m->db) ? follow_others(m) : TB_OK;
}

tb_status tb_shared_begin(tb_management *m)
{
    tb_status status = m->hold_status;
    int fresh = m->held; /* S1 was kept when the lock was taken */
    m->hold_status = TB_OK;
    m->held = 0;
    if (status == TB_OK)
        status = tb_db_begin(m->db);
    if (status != TB_OK || tb_db_depth(m->db) > 1 || fresh)
        return status;
    status = tb_service_refresh(m);
    if (status != TB_OK)
        tb_db_rollback(m->db);
    return status;
}

void tb_service_lock_to_change(tb_management *m)
{
    tb_service_lock(m);
    m->hold_status = tb_db_hold(m->db);
    if (m->hold_status == TB_OK)
        m->hold_status = tb_service_refresh(m);
    if (m->hold_status != TB_OK)
        tb_db_refuse(m->db, m->hold_status);
    m->held = m->hold_status == TB_OK;
}

void tb_service_unlock_changed(tb_management *m)
{
    tb_db_release(m->db);
    m->hold_status = TB_OK;
    m->held = 0;
    tb_service_unlock(m);
}

tb_status tb_shared_number(tb_management *m, tb_terminal *terminal)
{
    uint64_t sequence;
    if (!tb_db_is_shared(m->db) || terminal->heard == m->heard)
        return TB_OK;
    tb_status status = tb_touchpoint_sequence_get(m->db, terminal->row.id, &sequence);
    if (status != TB_OK)
        return status;
    terminal->row.sequence = terminal->committed = sequence;
    terminal->heard = m->heard;
    return TB_OK;
}

#define EACH_MOST 512

static tb_status note_visits(tb_management *m)
{
    tb_status status = TB_OK;
    if (m->touched.count + m->retagged_count > EACH_MOST)
        return tb_change_note(m->db, TB_CHANGED_VISITS, (tb_id){{0}});
    tb_ids_sort(&m->touched);
    for (size_t i = 0; i < m->touched.count && status == TB_OK; i++)
        status = tb_change_note(m->db, TB_CHANGED_VISIT, m->touched.items[i]);
    for (size_t i = 0; i < m->retagged_count && status == TB_OK; i++)
        status = tb_change_note(m->db, TB_CHANGED_VISIT, m->retagged[i].visit);
    return status;
}

tb_status tb_shared_note(tb_management *m)
{
    if (!tb_db_is_shared(m->db))
        return TB_OK;
    tb_status status = note_visits(m);
    if (status == TB_OK && m->moved_count && !m->touched.count && !m->retagged_count)
        status = tb_change_note(m->db, TB_CHANGED_SEQUENCES, (tb_id){{0}});
    if (status == TB_OK && (m->wrote_outbox || m->wrote_passage))
        status = tb_db_notify(m->db);
    return status;
}

tb_status tb_management_follow(tb_management *m)
{
    tb_service_lock(m);
    tb_status status = tb_service_refresh(m);
    tb_service_unlock(m);
    return status;
}

/* ---- who leads ---- */

uint64_t tb_management_leads(const tb_management *m)
{
    return m->watch ? tb_db_watch_leads(m->watch) : 1;
}

void tb_management_set_able(tb_management *m, int able)
{
    if (m->watch)
        tb_db_watch_set_able(m->watch, able);
}

int tb_management_knows_feed(const tb_management *m)
{
    return m->watch && tb_db_watch_knows_fed(m->watch);
}

void tb_management_feed_is_written(tb_management *m)
{
    if (m->watch)
        tb_db_watch_set_fed(m->watch);
}

/* Nobody else leads as long as our session holds the lock, and it did when the batch was read: it is asked now. */
static tb_status still_leads(tb_management *m)
{
    int leads = 0;
    tb_service_lock_first(m);
    tb_status status = tb_db_watch_still_leads(m->watch, m->db, m->outbox_tenure, &leads);
    tb_service_unlock(m);
    return status != TB_OK || leads ? status : TB_CONFLICT;
}

static tb_status announce_again(tb_management *m, const tb_outbox_item *items, int count)
{
    tb_status status = TB_OK;
    for (int i = 0; i < count && status == TB_OK; i++) {
        tb_terminal *terminal = tb_terminal_find(m, items[i].touchpoint);
        tb_id visit;
        status = tb_id_parse(items[i].visit, &visit);
        if (status == TB_OK && terminal)
            status = tb_announce(m, terminal, visit);
    }
    return status;
}

tb_status tb_management_outbox_written(tb_management *m, const tb_outbox_item *items, int count)
{
    tb_status status = m->watch ? still_leads(m) : TB_OK;
    if (status == TB_OK)
        return tb_management_outbox_done(m, items[count - 1].row);
    /* Another may have written newer values before ours arrived: all of these are said anew, by whoever leads. */
    tb_service_lock(m);
    tb_status again = tb_change_begin(m);
    if (again == TB_OK)
        again = tb_change_end(m, announce_again(m, items, count));
    tb_service_unlock(m);
    tb_log(TB_LOG_WARNING, "management", "%d values were written by a server that may not lead any more: %s", count,
           again == TB_OK ? "they are written again" : tb_status_sentence(again));
    return status;
}
