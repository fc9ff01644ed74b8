/* ledger.c: payments and the double entry that belongs to them. Rows are only added; a payment that does not stand is
 * answered by a reversing transfer, never by a deletion. Nothing here names a person. */
#include "store/store.h"

#include <stdio.h>
#include <string.h>

tb_status tb_payment_insert(tb_db *db, const tb_payment *p)
{
    return tb_db_run(
        db,
        "INSERT INTO central.payment (id, state, visit, instrument, touchpoint, merchant, amount, currency, deliver, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        TB_VALUES(tb_value_id(&p->id), tb_value_int(p->state), tb_value_id(&p->visit), tb_value_id(&p->instrument),
                  tb_value_text(p->touchpoint), tb_value_text(p->merchant), tb_value_int(p->amount),
                  tb_value_text(p->currency), tb_value_text(p->deliver), tb_value_int(p->at)),
        NULL);
}

tb_status tb_payment_get(tb_db *db, tb_id id, tb_payment *out)
{
    tb_rows rows;
    *out = (tb_payment){.id = id};
    tb_status status = tb_db_one(db,
                                 "SELECT state, visit, instrument, touchpoint, merchant, amount, currency, deliver, at"
                                 " FROM central.payment WHERE id = $1",
                                 TB_VALUES(tb_value_id(&id)), &rows);
    if (status != TB_OK)
        return status;
    out->state = (tb_payment_state)tb_rows_int(&rows, 0);
    out->visit = tb_rows_id(&rows, 1);
    out->instrument = tb_rows_id(&rows, 2);
    tb_rows_text(&rows, 3, out->touchpoint, sizeof out->touchpoint);
    tb_rows_text(&rows, 4, out->merchant, sizeof out->merchant);
    out->amount = tb_rows_int(&rows, 5);
    tb_rows_text(&rows, 6, out->currency, sizeof out->currency);
    tb_rows_text(&rows, 7, out->deliver, sizeof out->deliver);
    out->at = tb_rows_int(&rows, 8);
    tb_rows_end(&rows);
    return TB_OK;
}

tb_status tb_payment_state_set(tb_db *db, tb_id id, tb_payment_state state)
{
    return tb_db_run(db, "UPDATE central.payment SET state = $2 WHERE id = $1",
                     TB_VALUES(tb_value_id(&id), tb_value_int(state)), NULL);
}

tb_status tb_payments_forget(tb_db *db, tb_id visit)
{
    static const tb_id nobody;
    return tb_db_run_later(db, "UPDATE central.payment SET visit = $2, instrument = $2, deliver = '' WHERE visit = $1",
                           TB_VALUES(tb_value_id(&visit), tb_value_id(&nobody)));
}

tb_status tb_payment_counts(tb_db *db, int64_t counts[TB_PAYMENT_VOIDED + 1])
{
    tb_rows rows;
    int more = 0;
    for (int state = 0; state <= TB_PAYMENT_VOIDED; state++)
        counts[state] = 0;
    tb_status status =
        tb_db_query(db, "SELECT state, count(*) FROM central.payment GROUP BY state", TB_NO_VALUES, &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        int64_t state = tb_rows_int(&rows, 0);
        if (state >= 0 && state <= TB_PAYMENT_VOIDED)
            counts[state] = tb_rows_int(&rows, 1);
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_payments_in_state(tb_db *db, tb_payment_state state, tb_time before, tb_ids *out)
{
    return tb_ids_query(db, "SELECT id FROM central.payment WHERE state = $1 AND at < $2 ORDER BY at",
                        TB_VALUES(tb_value_int(state), tb_value_int(before)), out);
}

tb_status tb_transfer_post(tb_db *db, const tb_transfer *transfer, tb_time now)
{
    tb_error why;
    tb_status status = tb_transfer_check(transfer, &why);
    if (status == TB_OK)
        status = tb_db_run(db, "INSERT INTO central.transfer (id, currency, at) VALUES ($1, $2, $3)",
                           TB_VALUES(tb_value_id(&transfer->id), tb_value_text(transfer->currency), tb_value_int(now)),
                           NULL);
    for (int i = 0; i < transfer->count && status == TB_OK; i++)
        status = tb_db_run(db, "INSERT INTO central.posting (transfer, line, account, amount) VALUES ($1, $2, $3, $4)",
                           TB_VALUES(tb_value_id(&transfer->id), tb_value_int(i),
                                     tb_value_text(transfer->postings[i].account),
                                     tb_value_int(transfer->postings[i].amount)),
                           NULL);
    return status;
}

static tb_status read_postings(tb_db *db, tb_transfer *out)
{
    tb_rows rows;
    int more = 0;
    tb_status status = tb_db_query(db, "SELECT account, amount FROM central.posting WHERE transfer = $1 ORDER BY line",
                                   TB_VALUES(tb_value_id(&out->id)), &rows);
    while (status == TB_OK && (status = tb_rows_next(&rows, &more)) == TB_OK && more) {
        if (out->count == TB_POSTINGS_MAX) {
            status = TB_DB_CORRUPT;
            break;
        }
        tb_posting *posting = &out->postings[out->count++];
        tb_rows_text(&rows, 0, posting->account, sizeof posting->account);
        posting->amount = tb_rows_int(&rows, 1);
    }
    tb_rows_end(&rows);
    return status;
}

tb_status tb_transfer_get(tb_db *db, tb_id id, tb_transfer *out)
{
    tb_rows rows;
    *out = (tb_transfer){.id = id};
    tb_status status =
        tb_db_one(db, "SELECT currency FROM central.transfer WHERE id = $1", TB_VALUES(tb_value_id(&id)), &rows);
    if (status != TB_OK)
        return status;
    tb_rows_text(&rows, 0, out->currency, sizeof out->currency);
    tb_rows_end(&rows);
    return read_postings(db, out);
}

tb_status tb_ledger_sum(tb_db *db, int64_t *out)
{
    return tb_db_number(db, "SELECT coalesce(sum(amount), 0) FROM central.posting", TB_NO_VALUES, out);
}
