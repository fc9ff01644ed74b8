/* template.c: templates at rest: ciphertext under the person's own key, bound to person and slot; beside it, what can
 * be said without opening it: whose model, how good, where from, since when. */
#include "store/store.h"

tb_status tb_template_row_put(tb_db *db, tb_id person, const tb_template_row *row, tb_span sealed)
{
    int64_t changed;
    const tb_value values[] = {tb_value_id(&person),      tb_value_int(row->slot),    tb_value_blob(sealed),
                               tb_value_int(row->since),  tb_value_int(row->model),   tb_value_int(row->quality),
                               tb_value_int(row->source), tb_value_int(row->modality)};
    tb_status status = tb_db_run(db,
                                 "UPDATE central.template SET sealed = $3, created = $4, model = $5, quality = $6,"
                                 " source = $7, modality = $8 WHERE person = $1 AND slot = $2",
                                 (tb_values){values, 8}, &changed);
    if (status != TB_OK || changed)
        return status;
    return tb_db_run(db,
                     "INSERT INTO central.template (person, slot, sealed, created, model, quality, source, modality)"
                     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                     (tb_values){values, 8}, NULL);
}

static tb_status read_row(const tb_rows *rows, tb_template_rows *out)
{
    if (out->count == TB_ENTRY_TEMPLATES_MAX)
        return TB_OK;
    out->rows[out->count] = (tb_template_row){.slot = (int)tb_rows_int(rows, 0),
                                              .since = tb_rows_int(rows, 2),
                                              .model = (uint32_t)tb_rows_int(rows, 3),
                                              .quality = (int)tb_rows_int(rows, 4),
                                              .source = (tb_template_source)tb_rows_int(rows, 5),
                                              .modality = (tb_modality)tb_rows_int(rows, 6)};
    return tb_bytes_append(&out->sealed[out->count++], tb_rows_blob(rows, 1));
}

tb_status tb_template_rows_get(tb_db *db, tb_id person, tb_template_rows *out)
{
    tb_rows rows;
    int more = 0;
    *out = (tb_template_rows){0};
    tb_status status = tb_db_query(db,
                                   "SELECT slot, sealed, created, model, quality, source, modality"
                                   " FROM central.template WHERE person = $1 ORDER BY slot",
                                   TB_VALUES(tb_value_id(&person)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more)
        status = read_row(&rows, out);
    tb_rows_end(&rows);
    return status;
}

void tb_template_rows_free(tb_template_rows *rows)
{
    for (int i = 0; i < TB_ENTRY_TEMPLATES_MAX; i++)
        tb_bytes_free(&rows->sealed[i]);
    rows->count = 0;
}

tb_status tb_template_row_reseal(tb_db *db, tb_id person, int slot, tb_span sealed)
{
    return tb_db_run(db, "UPDATE central.template SET sealed = $3 WHERE person = $1 AND slot = $2",
                     TB_VALUES(tb_value_id(&person), tb_value_int(slot), tb_value_blob(sealed)), NULL);
}

tb_status tb_template_row_describe(tb_db *db, tb_id person, const tb_template_row *row)
{
    return tb_db_run(
        db, "UPDATE central.template SET model = $3, quality = $4, modality = $5 WHERE person = $1 AND slot = $2",
        TB_VALUES(tb_value_id(&person), tb_value_int(row->slot), tb_value_int(row->model), tb_value_int(row->quality),
                  tb_value_int(row->modality)),
        NULL);
}

tb_status tb_template_row_remove(tb_db *db, tb_id person, int slot)
{
    return tb_db_run(db, "DELETE FROM central.template WHERE person = $1 AND slot = $2",
                     TB_VALUES(tb_value_id(&person), tb_value_int(slot)), NULL);
}

tb_status tb_template_rows_remove(tb_db *db, tb_id person)
{
    return tb_db_run(db, "DELETE FROM central.template WHERE person = $1", TB_VALUES(tb_value_id(&person)), NULL);
}

tb_status tb_template_rows_remove_model(tb_db *db, uint32_t model)
{
    return tb_db_run(db, "DELETE FROM central.template WHERE model = $1", TB_VALUES(tb_value_int(model)), NULL);
}

tb_status tb_template_people(tb_db *db, uint32_t model, tb_ids *out)
{
    return tb_ids_query(db, "SELECT DISTINCT person FROM central.template WHERE model = $1",
                        TB_VALUES(tb_value_int(model)), out);
}

tb_status tb_template_models(tb_db *db, uint32_t *models, int max, int *count)
{
    tb_rows rows;
    int more = 0;
    *count = 0;
    tb_status status =
        tb_db_query(db, "SELECT DISTINCT model FROM central.template ORDER BY model", TB_NO_VALUES, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more && *count < max)
        models[(*count)++] = (uint32_t)tb_rows_int(&rows, 0);
    tb_rows_end(&rows);
    return status;
}

tb_status tb_template_use(tb_db *db, uint32_t model, const uint32_t others[TB_MODELS_MAX], tb_template_use_counts *out)
{
    tb_rows rows;
    *out = (tb_template_use_counts){0};
    tb_status status = tb_db_one(
        db,
        "SELECT count(*), coalesce(sum(mine), 0), coalesce(sum(CASE WHEN others = 0 THEN 1 ELSE 0 END), 0) FROM"
        " (SELECT sum(CASE WHEN model = $1 THEN 1 ELSE 0 END) AS mine,"
        " sum(CASE WHEN model <> 0 AND model IN ($2, $3, $4) THEN 1 ELSE 0 END) AS others FROM central.template"
        " GROUP BY person)"
        " AS each_person WHERE mine > 0",
        TB_VALUES(tb_value_int(model), tb_value_int(others[0]), tb_value_int(others[1]), tb_value_int(others[2])),
        &rows);
    if (status != TB_OK)
        return status;
    out->people = (uint64_t)tb_rows_int(&rows, 0);
    out->templates = (uint64_t)tb_rows_int(&rows, 1);
    out->only = (uint64_t)tb_rows_int(&rows, 2);
    tb_rows_end(&rows);
    return TB_OK;
}

/* ---- of many people, a page at a time ---- */

static tb_status add(void *context, const tb_rows *rows)
{
    tb_sealed_page *page = context;
    tb_id id = tb_rows_id(rows, 7);
    tb_sealed_person *person = page->count ? &page->people[page->count - 1] : NULL;
    if (!person || !tb_id_equal(person->id, id)) {
        if (page->count == TB_PAGE_PEOPLE)
            return TB_DB_CORRUPT;
        person = &page->people[page->count++];
        *person = (tb_sealed_person){.id = id};
        tb_status status = tb_bytes_append(&person->wrapped, tb_rows_blob(rows, 8));
        if (status != TB_OK)
            return status;
    }
    return read_row(rows, &person->templates);
}

/* Whom to open, in the order of ids; visitors are passed over by indexes alone, which lie in that order, too: other
 * rows of theirs lie anywhere, and to decrypt their pages would be most of the cost. How much is read has an end. */
static tb_status choose(tb_db *db, tb_id after, tb_sealed_page *page, tb_ids *out)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(
        db,
        "SELECT p.id, CASE WHEN EXISTS (SELECT 1 FROM visitor.visit v WHERE v.person = p.id) THEN 1 ELSE 0 END"
        " FROM central.person p WHERE p.id > $1 ORDER BY p.id LIMIT 512",
        TB_VALUES(tb_value_id(&after)), &rows);
    while (status == TB_OK && out->count < TB_PAGE_PEOPLE && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        page->last = tb_rows_id(&rows, 0);
        if (!tb_rows_int(&rows, 1))
            status = tb_ids_add(out, page->last);
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_sealed_page_read(tb_db *db, tb_id after, tb_sealed_page *out)
{
    tb_ids ids = {0};
    out->last = (tb_id){{0}};
    out->count = 0;
    tb_status status = choose(db, after, out, &ids);
    if (status == TB_OK && ids.count)
        status = tb_ids_ask(
            db,
            "SELECT t.slot, t.sealed, t.created, t.model, t.quality, t.source, t.modality, p.id, p.wrapped_key"
            " FROM central.person p JOIN central.template t ON t.person = p.id WHERE p.wrapped_key IS NOT NULL"
            " AND EXISTS (SELECT 1 FROM central.consent c WHERE c.person = p.id AND c.withdrawn = 0)"
            " AND EXISTS (SELECT 1 FROM central.booking b WHERE b.person = p.id)"
            " AND NOT EXISTS (SELECT 1 FROM central.booking b WHERE b.person = p.id AND b.listed = 1)"
            " AND p.id IN " TB_ANY_ID " ORDER BY p.id, t.slot",
            &ids, add, out);
    tb_ids_free(&ids);
    return status;
}

void tb_sealed_page_free(tb_sealed_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        tb_bytes_free(&page->people[i].wrapped);
        tb_template_rows_free(&page->people[i].templates);
    }
    page->count = 0;
}
