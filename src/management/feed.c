/* feed.c: from outbox rows to sealed values. The row says which entry changed; what is sealed is the entry as it is
 * now (ADR 003). */
#include "management/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

typedef struct letter { /* one outbox row on its way */
    tb_bytes plain;
    tb_key key;
    int sendable;
} letter;

/* The code that its person holds, for a terminal that reads codes. */
static tb_status name_what_is_held(const tb_management *m, const tb_booking *booking, const tb_terminal *terminal,
                                   tb_entry *entry)
{
    char held[TB_REFERENCE_SIZE];
    if (!terminal || terminal->view.reference == TB_REFERENCE_NEVER)
        return TB_OK;
    tb_visit_reference(m, booking, held);
    tb_status status = held[0] ? tb_reference_hash(&terminal->to, held, entry->reference) : TB_OK;
    tb_wipe(held, sizeof held);
    return status;
}

/* Of one visit, whose rows come one after the other: read and opened once for all its lists. */
typedef struct visitor {
    tb_id visit; /* zero: of nobody yet */
    tb_status status;
    tb_booking booking;
    tb_custody custody;
} visitor;

static tb_status read_visitor(tb_management *m, tb_id visit, visitor *v)
{
    if (tb_id_equal(v->visit, visit))
        return v->status;
    tb_custody_free(&v->custody);
    v->visit = visit;
    v->status = tb_booking_get(m->db, visit, &v->booking);
    if (v->status == TB_OK)
        v->status = tb_custody_open(m, v->booking.person, &v->custody);
    return v->status;
}

/* The entry with its templates; absent when it is not on the list any more. */
static tb_status present_entry(tb_management *m, const tb_outbox_row *row, const tb_terminal *terminal, visitor *v,
                               tb_entry *entry)
{
    tb_entry_row now;
    int told = 1;
    tb_status status = tb_entry_row_get(m->db, row->visit, row->touchpoint, &now);
    if (status == TB_OK)
        status = tb_later_is_told(m, terminal, row->visit, &told);
    if (status == TB_OK && !told)
        return TB_OK;
    if (status == TB_OK)
        status = read_visitor(m, row->visit, v);
    for (int i = 0; status == TB_OK && i < v->custody.count; i++)
        if (tb_service_model(m, v->custody.rows[i].model)) /* else nobody could use it */
            status = tb_bytes_append(&entry->templates[entry->template_count++], tb_bytes_span(&v->custody.encoded[i]));
    if (status == TB_OK && entry->template_count) {
        entry->present = 1;
        entry->from = now.from;
        entry->until = now.until;
        entry->fields = now.fields;
        status = name_what_is_held(m, &v->booking, terminal, entry);
    }
    return status == TB_NOT_FOUND ? TB_OK : status;
}

static tb_status write_letter(tb_management *m, const tb_outbox_row *row, visitor *v, tb_outbox_item *item, letter *out)
{
    tb_entry entry = {.sequence = row->sequence, .visit = row->visit};
    const tb_terminal *terminal = tb_terminal_find(m, row->touchpoint);
    item->row = row->number;
    snprintf(item->touchpoint, sizeof item->touchpoint, "%s", row->touchpoint);
    tb_id_text(row->visit, item->visit);
    tb_status status = present_entry(m, row, terminal, v, &entry);
    item->present = entry.present;
    if (status == TB_OK)
        status = tb_entry_encode(&entry, &out->plain);
    /* an entry that cannot travel must not hold up all others */
    if (status == TB_INVALID_ARGUMENT || status == TB_CRYPTO || status == TB_DB_CORRUPT) {
        tb_log(TB_LOG_ERROR, "management", "visit %s cannot be sent to %s: %s", item->visit, item->touchpoint,
               tb_status_sentence(status));
        tb_entry_free(&entry);
        entry = (tb_entry){.sequence = row->sequence, .visit = row->visit};
        item->present = 0;
        status = tb_entry_encode(&entry, &out->plain);
    }
    tb_entry_free(&entry);
    out->sendable = terminal && terminal->row.registered;
    if (out->sendable)
        out->key = terminal->to;
    return status;
}

static tb_status write_letters(tb_management *m, const tb_outbox_row *rows, int count, tb_outbox_item *items,
                               letter *letters)
{
    visitor v = {0};
    tb_status status = TB_OK;
    for (int i = 0; i < count && status == TB_OK; i++)
        status = write_letter(m, &rows[i], &v, &items[i], &letters[i]);
    tb_custody_free(&v.custody);
    return status;
}

/* Sealing takes most of the time and needs no database: without the mutex. */
static tb_status seal(const letter *from, tb_outbox_item *item)
{
    char key[TB_TOUCHPOINT_SIZE + TB_ID_TEXT_SIZE];
    if (!from->sendable)
        return TB_OK;
    snprintf(key, sizeof key, "%s.%s", item->touchpoint, item->visit);
    return tb_seal(&from->key, tb_span_text(key), tb_bytes_span(&from->plain), &item->sealed);
}

static void lock_to_read(tb_management *m)
{
    atomic_fetch_add(&m->readers, 1);
    tb_service_lock_first(m);
    atomic_fetch_sub(&m->readers, 1);
}

/* The publisher has rows up to `end`: `all` that there are. Taken again because the broker was lost, they are as old as
 * they were. */
static void note_taken(tb_management *m, int64_t end, int all)
{
    if (!atomic_load(&m->batch_since))
        atomic_store(&m->batch_since, m->outbox_since);
    atomic_store(&m->batch_end, end);
    if (all)
        m->outbox_since = 0;
}

tb_status tb_management_outbox(tb_management *m, tb_outbox_item *items, int max, int *count)
{
    int found = 0;
    *count = 0;
    if (max <= 0)
        return TB_INVALID_ARGUMENT;
    tb_outbox_row *rows = calloc((size_t)max, sizeof *rows);
    letter *letters = tb_secret_alloc((size_t)max * sizeof *letters); /* keys */
    memset(items, 0, (size_t)max * sizeof *items);
    lock_to_read(m);
    m->outbox_tenure = tb_management_leads(m); /* before they are read */
    int64_t done = atomic_load(&m->outbox_done);
    tb_status status = rows && letters ? tb_outbox_rows(m->db, done, rows, max, &found) : TB_NO_MEMORY;
    status = status == TB_OK ? write_letters(m, rows, found, items, letters) : status;
    for (int i = 0; i < found && status == TB_OK; i++)
        tb_marks_note(m, &rows[i], items[i].present);
    if (status == TB_OK && !found)
        m->outbox_waiting = 0;
    if (status == TB_OK && found)
        m->outbox_given = rows[found - 1].number;
    if (status == TB_OK && found && found < max)
        m->outbox_end = rows[found - 1].number;
    if (status == TB_OK && found)
        note_taken(m, rows[found - 1].number, found < max);
    if (status == TB_OK && found < max)
        m->whole_at = tb_service_now(m);
    m->reader_first = 0;
    pthread_cond_broadcast(&m->was_read);
    tb_service_unlock(m);
    for (int i = 0; i < found && status == TB_OK; i++)
        status = seal(&letters[i], &items[i]);
    for (int i = 0; letters && i < found; i++)
        tb_bytes_free(&letters[i].plain);
    for (int i = 0; i < found && status != TB_OK; i++)
        tb_bytes_free(&items[i].sealed);
    tb_secret_free(letters);
    free(rows);
    *count = status == TB_OK ? found : 0;
    return status;
}

tb_status tb_management_outbox_done(tb_management *m, int64_t up_to_row)
{
    int64_t done = atomic_load(&m->outbox_done);
    while (up_to_row > done && !atomic_compare_exchange_weak(&m->outbox_done, &done, up_to_row))
        ;
    if (up_to_row > done)
        tb_metric_add(&m->metrics, TB_METRIC_PUBLISHED, up_to_row - done);
    int64_t since = up_to_row >= atomic_load(&m->batch_end) ? atomic_exchange(&m->batch_since, 0) : 0;
    if (since)
        tb_histogram_note(&m->metrics.publish, tb_clock_monotonic() - since);
    return TB_OK;
}

tb_status tb_feed_write_list(tb_management *m, tb_terminal *terminal, size_t *count)
{
    tb_ids visits = {0};
    tb_status status = tb_entries_of_touchpoint(m->db, terminal->row.id, &visits);
    for (size_t v = 0; v < visits.count && status == TB_OK; v++)
        status = tb_announce(m, terminal, visits.items[v]);
    *count = visits.count;
    tb_ids_free(&visits);
    return status;
}

static tb_status write_all(tb_management *m)
{
    size_t count;
    tb_status status = TB_OK;
    for (size_t i = 0; i < m->terminal_count && status == TB_OK; i++)
        status = tb_feed_write_list(m, m->terminals[i], &count);
    return status;
}

tb_status tb_management_outbox_all(tb_management *m)
{
    tb_service_lock(m);
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, write_all(m));
    if (status == TB_OK)
        tb_marks_begin(m);
    tb_service_unlock(m);
    return status;
}

static int something_waits(const tb_management *m)
{
    return m->outbox_waiting && m->outbox_end > atomic_load(&m->outbox_done);
}

void tb_management_outbox_wait(tb_management *m, int wait_ms)
{
    int64_t deadline = tb_clock_monotonic() + (int64_t)wait_ms * 1000;
    atomic_fetch_add(&m->readers, 1);
    tb_service_lock_first(m);
    while (!something_waits(m) && tb_service_wait(m, deadline))
        continue;
    atomic_fetch_sub(&m->readers, 1);
    tb_service_unlock(m);
}
