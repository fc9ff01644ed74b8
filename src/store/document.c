/* document.c: passports. The number is stored sealed; a keyed hash of it finds the row. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

tb_status tb_document_insert(tb_db *db, const tb_document_row *row)
{
    return tb_db_run(db,
                     "INSERT INTO central.document (number_hash, issuer, kind, person, number_sealed, expires)"
                     " VALUES ($1, $2, $3, $4, $5, $6)",
                     TB_VALUES(tb_value_blob(tb_span_of(row->number_hash, 32)), tb_value_text(row->issuer),
                               tb_value_text(row->kind), tb_value_id(&row->person), tb_value_blob(row->number_sealed),
                               tb_value_int(row->expires)),
                     NULL);
}

static tb_status find_any(tb_db *db, const uint8_t number_hash[32], tb_id *person)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_one(db, "SELECT DISTINCT person FROM central.document WHERE number_hash = $1",
                                 TB_VALUES(tb_value_blob(tb_span_of(number_hash, 32))), &rows);
    if (status != TB_OK)
        return status;
    *person = tb_rows_id(&rows, 0);
    status = tb_rows_next(&rows, &more);
    tb_rows_end(&rows);
    return status == TB_OK && more ? TB_CONFLICT : status;
}

tb_status tb_document_find(tb_db *db, const uint8_t number_hash[32], const char *issuer, tb_id *person)
{
    if (!issuer)
        return find_any(db, number_hash, person);
    tb_rows rows;
    tb_status status = tb_db_one(db, "SELECT person FROM central.document WHERE number_hash = $1 AND issuer = $2",
                                 TB_VALUES(tb_value_blob(tb_span_of(number_hash, 32)), tb_value_text(issuer)), &rows);
    if (status == TB_OK) {
        *person = tb_rows_id(&rows, 0);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_documents_remove(tb_db *db, tb_id person)
{
    return tb_db_run(db, "DELETE FROM central.document WHERE person = $1", TB_VALUES(tb_value_id(&person)), NULL);
}

static tb_status add_document(tb_document_list *list, const tb_rows *rows)
{
    if (list->count == list->capacity) {
        size_t grown = list->capacity ? 2 * list->capacity : 64;
        tb_document_sealed *items = realloc(list->items, grown * sizeof *items);
        if (!items)
            return TB_NO_MEMORY;
        list->items = items;
        list->capacity = grown;
    }
    tb_document_sealed *one = &list->items[list->count++];
    tb_span hash = tb_rows_blob(rows, 0);
    *one = (tb_document_sealed){.person = tb_rows_id(rows, 2)};
    if (hash.size == sizeof one->number_hash)
        memcpy(one->number_hash, hash.data, hash.size);
    tb_rows_text(rows, 1, one->issuer, sizeof one->issuer);
    return tb_bytes_append(&one->number, tb_rows_blob(rows, 3));
}

tb_status tb_documents_all(tb_db *db, tb_document_list *out)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(
        db, "SELECT number_hash, issuer, person, number_sealed FROM central.document ORDER BY number_hash, issuer",
        TB_NO_VALUES, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more)
        status = add_document(out, &rows);
    tb_rows_end(&rows);
    return status;
}

void tb_document_list_free(tb_document_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        tb_bytes_free(&list->items[i].number);
    free(list->items);
    *list = (tb_document_list){0};
}

tb_status tb_document_reseal(tb_db *db, const tb_document_sealed *before, const uint8_t number_hash[32], tb_span sealed)
{
    return tb_db_run(
        db, "UPDATE central.document SET number_hash = $3, number_sealed = $4 WHERE number_hash = $1 AND issuer = $2",
        TB_VALUES(tb_value_blob(tb_span_of(before->number_hash, 32)), tb_value_text(before->issuer),
                  tb_value_blob(tb_span_of(number_hash, 32)), tb_value_blob(sealed)),
        NULL);
}
