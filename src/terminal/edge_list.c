/* edge_list.c: the list's rows of edge.db: entries as they came, and what must not come back. */
#include "terminal/edge_private.h"

#include <stdlib.h>
#include <string.h>

enum { ON_LIST = 0, USED_UP = 1, TAKEN_OFF = 3 };

/* OR FAIL and OR IGNORE: a statement that could be undone half-way has SQLite copy every page that it touches,
 * encrypted, and that is most of its work. What fails ends our transaction anyway. */
static tb_status entry_put(tb_edge_store *store, const tb_sealed_entry *entry)
{
    int what = entry->dropped ? USED_UP : entry->sealed.size ? ON_LIST : TAKEN_OFF;
    int64_t sequence = (int64_t)entry->sequence;
    if (what == TAKEN_OFF && !entry->until) /* nothing to remember it by */
        return tb_edge_db_run(store->db, "DELETE FROM entry WHERE visit = ?", "d", &entry->visit);
    tb_status status = tb_edge_db_run(
        store->db, "INSERT OR IGNORE INTO entry (visit, sequence, dropped, sealed, until) VALUES (?, ?, ?, ?, ?)",
        "diibi", &entry->visit, sequence, (int64_t)what, &entry->sealed, entry->until);
    if (status != TB_OK || sqlite3_changes(store->db) > 0)
        return status;
    status = tb_edge_db_run(store->db,
                            "UPDATE OR FAIL entry SET sequence = ?2, dropped = ?3, sealed = ?4, until = ?5 WHERE "
                            "visit = ?1 AND (?3 = 3 OR dropped <> 1 OR sequence < ?2)",
                            "diibi", &entry->visit, sequence, (int64_t)what, &entry->sealed, entry->until);
    if (status != TB_OK || sqlite3_changes(store->db) > 0)
        return status;
    /* Used up here while this value was on its way: it stays used up (L2). */
    return tb_edge_db_run(store->db, "UPDATE OR FAIL entry SET until = max(until, ?2) WHERE visit = ?1", "di",
                          &entry->visit, entry->until);
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
    tb_status status = tb_edge_db_run(store->db, "DELETE FROM entry WHERE until = 0 AND " UNNAMED, "");
    if (status == TB_OK)
        status = tb_edge_db_run(
            store->db, "UPDATE OR FAIL entry SET dropped = 3, sealed = x'', sequence = max(sequence, ?) WHERE " UNNAMED,
            "i", (int64_t)sequence);
    if (status == TB_OK)
        status = tb_edge_db_run(store->db, "DELETE FROM named", "");
    return status;
}

static tb_status put_one(tb_edge_store *store, const tb_sealed_entry *entry, int whole)
{
    tb_status status = entry->known ? TB_OK : entry_put(store, entry);
    if (status == TB_OK && whole && (entry->known || entry->dropped || entry->sealed.size))
        status = tb_edge_db_run(store->db, "INSERT OR IGNORE INTO named VALUES (?)", "d", &entry->visit);
    return status;
}

static int by_visit(const void *a, const void *b)
{
    const tb_sealed_entry *x = *(const tb_sealed_entry *const *)a, *y = *(const tb_sealed_entry *const *)b;
    int order = memcmp(x->visit.bytes, y->visit.bytes, sizeof x->visit.bytes);
    return order ? order : (x > y) - (x < y); /* of one visit as they came */
}

/* In the order of the table, so that each page is filled, encrypted and written once. */
static tb_status put_all(tb_edge_store *store, const tb_sealed_entry *entries, size_t count, int whole)
{
    tb_status status = TB_OK;
    const tb_sealed_entry **order = calloc(count ? count : 1, sizeof *order);
    if (!order)
        return TB_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        order[i] = &entries[i];
    qsort(order, count, sizeof *order, by_visit);
    for (size_t i = 0; i < count && status == TB_OK; i++)
        status = put_one(store, order[i], whole);
    free(order);
    return status;
}

tb_status tb_edge_store_entries_put(tb_edge_store *store, const tb_sealed_entry *entries, size_t count, int whole,
                                    uint64_t sequence)
{
    pthread_mutex_lock(&store->mutex);
    tb_status status = tb_edge_begin(store);
    if (status == TB_OK && whole)
        status = begin_whole(store);
    if (status == TB_OK)
        status = put_all(store, entries, count, whole);
    if (status == TB_OK && whole)
        status = end_whole(store, sequence);
    if (status == TB_OK && sequence)
        status = tb_edge_db_run(store->db, "UPDATE OR FAIL meta SET value = ?1 WHERE name = 'sequence' AND value < ?1",
                                "i", (int64_t)sequence);
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
    tb_edge_db_give_back(statement);
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
