/* template.c: templates at rest: ciphertext under the person's own key, bound to person and slot. */
#include "store/store.h"

tb_status tb_template_row_put(tb_db *db, tb_id person, int slot, tb_span sealed, tb_time now)
{
    int64_t changed;
    const tb_value values[] = {tb_value_id(&person), tb_value_int(slot), tb_value_blob(sealed), tb_value_int(now)};
    tb_status status =
        tb_db_run(db, "UPDATE central.template SET sealed = $3, created = $4 WHERE person = $1 AND slot = $2",
                  (tb_values){values, 4}, &changed);
    if (status != TB_OK || changed)
        return status;
    return tb_db_run(db, "INSERT INTO central.template (person, slot, sealed, created) VALUES ($1, $2, $3, $4)",
                     (tb_values){values, 4}, NULL);
}

tb_status tb_template_rows_get(tb_db *db, tb_id person, tb_template_rows *out)
{
    tb_rows rows;
    int more = 0;
    *out = (tb_template_rows){0};
    tb_status status = tb_db_query(db, "SELECT slot, sealed FROM central.template WHERE person = $1 ORDER BY slot",
                                   TB_VALUES(tb_value_id(&person)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more && out->count < TB_TEMPLATES_MAX) {
        out->slot[out->count] = (int)tb_rows_int(&rows, 0);
        status = tb_bytes_append(&out->sealed[out->count++], tb_rows_blob(&rows, 1));
    }
    tb_rows_end(&rows);
    return status;
}

void tb_template_rows_free(tb_template_rows *rows)
{
    for (int i = 0; i < TB_TEMPLATES_MAX; i++)
        tb_bytes_free(&rows->sealed[i]);
    rows->count = 0;
}

tb_status tb_template_rows_remove(tb_db *db, tb_id person)
{
    return tb_db_run(db, "DELETE FROM central.template WHERE person = $1", TB_VALUES(tb_value_id(&person)), NULL);
}
