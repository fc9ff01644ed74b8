/* marks_due.c: whose mark is due, and the marks themselves. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define WRITE_MOST 1000 /* entries at a time, of lists that are written again to be known */

static int is_known(const tb_management *m, const tb_terminal *terminal)
{
    return terminal->published.known_since == m->marking && m->marking;
}

static void begin(tb_management *m, tb_terminal *terminal)
{
    tb_published_clear(&terminal->published);
    terminal->published.known_since = m->marking;
}

void tb_marks_note(tb_management *m, const tb_outbox_row *row, int present)
{
    tb_terminal *terminal = tb_terminal_find(m, row->touchpoint);
    if (!terminal || !is_known(m, terminal))
        return;
    if (tb_published_note(&terminal->published, &m->keys->salt, row->visit, row->sequence, present) == TB_OK)
        return;
    tb_log(TB_LOG_ERROR, "management", "%s: out of memory for its marks: its list is written again", terminal->row.id);
    terminal->published.known_since = 0;
}

void tb_marks_begin(tb_management *m)
{
    m->marking++;
    for (size_t i = 0; i < m->terminal_count; i++)
        begin(m, m->terminals[i]);
    m->whole_at = 0;
    m->marks_due = 0;
}

void tb_management_marks_end(tb_management *m)
{
    tb_service_lock_first(m);
    if (m->whole_at) { /* since the last call something was published here */
        m->marking++;
        m->whole_at = 0;
        m->marks_due = 0;
    }
    tb_service_unlock(m);
}

void tb_marks_heard(tb_management *m, tb_terminal *terminal)
{
    tb_published *list = &terminal->published;
    const tb_heartbeat *beat = &terminal->row.last;
    list->tick = beat->tick;
    list->heard = tb_service_now(m);
    list->soon = beat->tick && (beat->stale || beat->fresh < list->heard - 2 * TB_MARK_EVERY);
    int64_t due = tb_published_due(list);
    m->marks_due = due < m->marks_due ? due : m->marks_due;
}

typedef struct letter {
    tb_mark mark;
    tb_key key;
} letter;

static int is_marked(const tb_terminal *terminal)
{
    return terminal->row.registered;
}

static tb_status write_letter(tb_management *m, tb_terminal *terminal, letter *out)
{
    *out = (letter){tb_published_mark(&terminal->published, &m->keys->salt, m->whole_at), terminal->to};
    return tb_touchpoint_reported_get(m->db, terminal->row.id, &out->mark.reported);
}

/* Takes those that are due; the next call is put off until there can be another. */
static int take_due(tb_management *m, letter *letters, tb_outbox_item *items, int max)
{
    int64_t now = tb_clock_monotonic(), next = now + TB_MARK_EVERY;
    int count = 0;
    for (size_t i = 0; i < m->terminal_count; i++) {
        tb_terminal *terminal = m->terminals[i];
        if (!is_marked(terminal) || !is_known(m, terminal))
            continue;
        if (tb_published_due(&terminal->published) <= now && count < max) {
            terminal->published.made = now;
            terminal->published.soon = 0;
            if (write_letter(m, terminal, &letters[count]) != TB_OK)
                continue; /* the database is away: the next one says it */
            items[count] = (tb_outbox_item){.present = 1};
            memcpy(items[count].touchpoint, terminal->row.id, sizeof items[count].touchpoint);
            tb_id_text((tb_id){{0}}, items[count++].visit);
        }
        int64_t due = tb_published_due(&terminal->published);
        next = due < next ? due : next;
    }
    m->marks_due = next;
    return count;
}

static tb_status seal(const letter *from, tb_outbox_item *item)
{
    char key[TB_TOUCHPOINT_SIZE + TB_ID_TEXT_SIZE];
    tb_bytes plain = {0};
    snprintf(key, sizeof key, "%s.%s", item->touchpoint, item->visit);
    tb_status status = tb_mark_encode(&from->mark, &plain);
    if (status == TB_OK)
        status = tb_seal(&from->key, tb_span_text(key), tb_bytes_span(&plain), &item->sealed);
    tb_bytes_free(&plain);
    return status;
}

/* Lists that are not known, some at a time (K2). Marks of them come when they have been published. */
static tb_status write_unknown(tb_management *m)
{
    size_t written = 0;
    tb_status status = TB_OK;
    for (size_t i = 0; i < m->terminal_count && status == TB_OK && written < WRITE_MOST; i++) {
        size_t count = 0;
        if (!is_marked(m->terminals[i]) || is_known(m, m->terminals[i]))
            continue;
        status = tb_feed_write_list(m, m->terminals[i], &count);
        if (status == TB_OK)
            begin(m, m->terminals[i]);
        written += 1 + count;
    }
    if (written)
        m->marks_due = 0; /* theirs, or the next lists */
    return status;
}

static int some_unknown(const tb_management *m)
{
    for (size_t i = 0; i < m->terminal_count; i++)
        if (is_marked(m->terminals[i]) && !is_known(m, m->terminals[i]))
            return 1;
    return 0;
}

static tb_status know_all(tb_management *m)
{
    tb_service_lock_to_change(m);
    m->marking += !m->marking;
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, write_unknown(m));
    if (status != TB_OK) /* some were begun, and are not written */
        m->marking++;
    tb_service_unlock_changed(m);
    return status;
}

tb_status tb_management_marks(tb_management *m, tb_outbox_item *items, int max, int *count)
{
    *count = 0;
    if (max <= 0)
        return TB_INVALID_ARGUMENT;
    letter *letters = tb_secret_alloc((size_t)max * sizeof *letters); /* keys */
    if (!letters)
        return TB_NO_MEMORY;
    int found = 0, unknown = 0;
    tb_service_lock_first(m);
    /* K1: nothing that was given is still on its way */
    if (m->whole_at && m->outbox_given <= atomic_load(&m->outbox_done) && m->marks_due <= tb_clock_monotonic()) {
        found = take_due(m, letters, items, max);
        unknown = some_unknown(m);
    }
    tb_service_unlock(m);
    tb_status status = unknown ? know_all(m) : TB_OK;
    for (int i = 0; i < found && status == TB_OK; i++)
        status = seal(&letters[i], &items[i]);
    for (int i = 0; i < found && status != TB_OK; i++)
        tb_bytes_free(&items[i].sealed);
    tb_secret_free(letters);
    *count = status == TB_OK ? found : 0;
    return status;
}
