/* revoked.c: the keys of terminals that are not believed any more. They stay for ever: a token on the broker lives as
 * long as its key. */
#include "store/store.h"

#include <string.h>

tb_status tb_revoked_insert(tb_db *db, const tb_revoked_row *row)
{
    return tb_db_run(
        db, "INSERT INTO visitor.revoked (public_key, touchpoint, broker_key, at) VALUES ($1, $2, $3, $4)",
        TB_VALUES(tb_value_blob(tb_span_of(row->public_key.bytes, TB_KEY_SIZE)), tb_value_text(row->touchpoint),
                  row->has_broker_key ? tb_value_blob(tb_span_of(row->broker_key.bytes, TB_KEY_SIZE)) : tb_value_null(),
                  tb_value_int(row->at)),
        NULL);
}

static void read_row(const tb_rows *rows, tb_revoked_row *out)
{
    *out = (tb_revoked_row){.at = tb_rows_int(rows, 3)};
    tb_span public_key = tb_rows_blob(rows, 0), broker_key = tb_rows_blob(rows, 2);
    if (public_key.size == TB_KEY_SIZE)
        memcpy(out->public_key.bytes, public_key.data, TB_KEY_SIZE);
    tb_rows_text(rows, 1, out->touchpoint, sizeof out->touchpoint);
    out->has_broker_key = broker_key.size == TB_KEY_SIZE;
    if (out->has_broker_key)
        memcpy(out->broker_key.bytes, broker_key.data, TB_KEY_SIZE);
}

tb_status tb_revoked_get(tb_db *db, const tb_key *public_key, tb_revoked_row *out)
{
    tb_rows rows;
    tb_status status =
        tb_db_one(db, "SELECT public_key, touchpoint, broker_key, at FROM visitor.revoked WHERE public_key = $1",
                  TB_VALUES(tb_value_blob(tb_span_of(public_key->bytes, TB_KEY_SIZE))), &rows);
    if (status == TB_OK) {
        read_row(&rows, out);
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_revoked_rows(tb_db *db, tb_revoked_row_fn each, void *context)
{
    tb_rows rows;
    int more = 0;
    tb_revoked_row row;
    tb_status status = tb_db_query(db, "SELECT public_key, touchpoint, broker_key, at FROM visitor.revoked ORDER BY at",
                                   TB_NO_VALUES, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        read_row(&rows, &row);
        status = each(context, &row);
    }
    tb_rows_end(&rows);
    return status;
}
