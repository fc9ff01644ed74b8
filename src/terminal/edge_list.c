/* edge_list.c: the list's rows of edge.db: entries as they came, and what must not come back. */
#include "terminal/edge_private.h"

#include <string.h>

enum { ON_LIST = 0, USED_UP = 1, TAKEN_OFF = 3 };

static tb_status entry_put(tb_edge_store *store, const tb_sealed_entry *entry)
{
    int what = entry->dropped ? USED_UP : entry->sealed.size ? ON_LIST : TAKEN_OFF;
    if (what == TAKEN_OFF && !entry->until) /* nothing to remember it by */
        return tb_edge_db_run(store->db, "DELETE FROM entry WHERE visit = ?", "d", &entry->visit);
    /* Used up here while this value was on its way: it stays used up (L2). */
    tb_status status = TB_OK;
    if (what != TAKEN_OFF)
        status = tb_edge_db_run(
            store->db, "UPDATE entry SET until = max(until, ?3) WHERE visit = ?1 AND dropped = 1 AND sequence >= ?2",
            "dii", &entry->visit, (int64_t)entry->sequence, entry->until);
    if (status != TB_OK || (what != TAKEN_OFF && sqlite3_changes(store->db) > 0))
        return status;
    return tb_edge_db_run(
        store->db, "INSERT OR REPLACE INTO entry (visit, sequence, dropped, sealed, until) VALUES (?, ?, ?, ?, ?)",
        "diibi", &entry->visit, (int64_t)entry->sequence, (int64_t)what, &entry->sealed, entry->until);
}

/* `named` lies in memory: most snapshots change nothing, and then nothing but the high sequence is written. */
static tb_status begin_whole(tb_edge_store *store)
{
    return tb_edge_db_script(store->db, "CREATE TEMP TABLE IF NOT EXISTS named (visit BLOB PRIMARY KEY) WITHOUT ROWID;"
                                        "DELETE FROM named;");
}

/* What a whole snapshot does not name was taken off, at the latest with its last number; that is remembered as long as
 * an old value could still be believed (E5). */
static tb_status end_whole(tb_edge_store *store, uint64_t sequence)
{
#define UNNAMED "dropped <> 3 AND visit NOT IN (SELECT visit FROM named)"
    tb_status status = tb_edge_db_script(store->db, "DELETE FROM entry WHERE until = 0 AND " UNNAMED);
    if (status == TB_OK)
        status = tb_edge_db_run(
            store->db, "UPDATE entry SET dropped = 3, sealed = x'', sequence = max(sequence, ?) WHERE " UNNAMED, "i",
            (int64_t)sequence);
    if (status == TB_OK)
        status = tb_edge_db_script(store->db, "DELETE FROM named");
    return status;
}

static tb_status put_one(tb_edge_store *store, const tb_sealed_entry *entry, int whole)
{
    tb_status status = entry->known ? TB_OK : entry_put(store, entry);
    if (status == TB_OK && whole && (entry->known || entry->dropped || entry->sealed.size))
        status = tb_edge_db_run(store->db, "INSERT OR IGNORE INTO named VALUES (?)", "d", &entry->visit);
    return status;
}

tb_status tb_edge_store_entries_put(tb_edge_store *store, const tb_sealed_entry *entries, size_t count, int whole,
                                    uint64_t sequence)
{
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_begin(store);
    if (status == TB_OK && whole)
        status = begin_whole(store);
    for (size_t i = 0; i < count && status == TB_OK; i++)
        status = put_one(store, &entries[i], whole);
    if (status == TB_OK && whole)
        status = end_whole(store, sequence);
    if (status == TB_OK && sequence)
        status = tb_edge_db_run(store->db, "UPDATE meta SET value = ?1 WHERE name = 'sequence' AND value < ?1", "i",
                                (int64_t)sequence);
    status = tb_edge_db_end(store->db, status);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

tb_status tb_edge_store_entries_over(tb_edge_store *store, tb_time now)
{
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_db_run(store->db, "DELETE FROM entry WHERE until > 0 AND until <= ?", "i", now);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

tb_status tb_edge_store_entries(tb_edge_store *store, tb_sealed_entry_fn each, void *context)
{
    sqlite3_stmt *statement;
    pthread_mutex_lock(&store->mutex);
    tb_status status =
        tb_edge_db_prepare(store->db, &statement, "SELECT visit, sequence, dropped, sealed, until FROM entry", "");
    while (status == TB_OK && (status = tb_edge_db_row(store->db, statement)) == TB_OK) {
        tb_span visit = tb_edge_db_blob(statement, 0);
        tb_sealed_entry entry = {.sequence = (uint64_t)sqlite3_column_int64(statement, 1),
                                 .dropped = sqlite3_column_int(statement, 2) == USED_UP,
                                 .sealed = tb_edge_db_blob(statement, 3),
                                 .until = sqlite3_column_int64(statement, 4)};
        if (visit.size != sizeof entry.visit.bytes) {
            status = TB_DB_CORRUPT;
            break;
        }
        memcpy(entry.visit.bytes, visit.data, sizeof entry.visit.bytes);
        status = each(context, &entry);
    }
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&store->mutex);
    return status == TB_NOT_FOUND ? TB_OK : status;
}

tb_status tb_edge_store_sequence(tb_edge_store *store, uint64_t *out)
{
    int64_t number = 0;
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_db_number(store->db, "SELECT value FROM meta WHERE name = 'sequence'", &number);
    pthread_mutex_unlock(&store->mutex);
    *out = (uint64_t)number;
    return status;
}
