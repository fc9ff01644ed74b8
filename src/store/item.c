/* item.c: things that wait for a person at the pick-up desk. payment: what they were bought with, zero when brought
 * otherwise. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

tb_status tb_item_insert(tb_db *db, tb_id id, tb_id person, const char *description, tb_id payment, tb_time now)
{
    return tb_db_run(
        db, "INSERT INTO central.item (id, person, description, payment, added, handed) VALUES ($1, $2, $3, $4, $5, 0)",
        TB_VALUES(tb_value_id(&id), tb_value_id(&person), tb_value_text(description), tb_value_id(&payment),
                  tb_value_int(now)),
        NULL);
}

tb_status tb_item_hand(tb_db *db, tb_id id, tb_id person, tb_time now)
{
    int64_t handed = 0;
    tb_status status = tb_db_number(db, "SELECT handed FROM central.item WHERE id = $1 AND person = $2",
                                    TB_VALUES(tb_value_id(&id), tb_value_id(&person)), &handed);
    if (status != TB_OK)
        return status;
    if (handed)
        return TB_EXISTS;
    return tb_db_run(db, "UPDATE central.item SET handed = $2 WHERE id = $1",
                     TB_VALUES(tb_value_id(&id), tb_value_int(now)), NULL);
}

/* A whole item or none of it: half an id would be read as another one. */
static void list_item(const tb_rows *rows, char *list, size_t size)
{
    char id[TB_ID_TEXT_SIZE], description[64], line[128];
    size_t used = strlen(list);
    tb_rows_text(rows, 1, description, sizeof description);
    int length =
        snprintf(line, sizeof line, "%s%s %s", used ? "; " : "", tb_id_text(tb_rows_id(rows, 0), id), description);
    if (length > 0 && used + (size_t)length < size)
        memcpy(list + used, line, (size_t)length + 1);
}

tb_status tb_items_waiting(tb_db *db, tb_id person, int64_t *count, char *list, size_t size)
{
    tb_rows rows;
    int more = 0;
    *count = 0;
    list[0] = '\0';
    tb_status status =
        tb_db_query(db, "SELECT id, description FROM central.item WHERE person = $1 AND handed = 0 ORDER BY added, id",
                    TB_VALUES(tb_value_id(&person)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        list_item(&rows, list, size);
        ++*count;
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_item_of_payment(tb_db *db, tb_id payment, tb_id *person)
{
    tb_rows rows;
    tb_status status = tb_db_one(db, "SELECT person FROM central.item WHERE payment = $1 AND handed = 0",
                                 TB_VALUES(tb_value_id(&payment)), &rows);
    if (status == TB_OK) {
        *person = tb_rows_id(&rows, 0);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_items_remove_of_payment(tb_db *db, tb_id payment)
{
    return tb_db_run(db, "DELETE FROM central.item WHERE payment = $1 AND handed = 0", TB_VALUES(tb_value_id(&payment)),
                     NULL);
}

tb_status tb_items_remove(tb_db *db, tb_id person)
{
    return tb_db_run(db, "DELETE FROM central.item WHERE person = $1", TB_VALUES(tb_value_id(&person)), NULL);
}
