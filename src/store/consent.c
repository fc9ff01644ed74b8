/* consent.c: who agreed to what text, where and when, and when that ended. */
#include "store/store.h"

tb_status tb_consent_give(tb_db *db, tb_id person, tb_time now, const char *touchpoint, const uint8_t text_hash[32])
{
    int64_t running = 0;
    tb_status status = tb_db_number(db, "SELECT count(*) FROM central.consent WHERE person = $1 AND withdrawn = 0",
                                    TB_VALUES(tb_value_id(&person)), &running);
    if (status != TB_OK || running)
        return status;
    status = tb_db_run(
        db, "INSERT INTO central.consent (person, given, withdrawn, touchpoint, text_hash) VALUES ($1, $2, 0, $3, $4)",
        TB_VALUES(tb_value_id(&person), tb_value_int(now), tb_value_text(touchpoint),
                  tb_value_blob(tb_span_of(text_hash, 32))),
        NULL);
    if (status != TB_EXISTS)
        return status;
    /* Given, withdrawn and given again within one microsecond: the same consent goes on. */
    return tb_db_run(db, "UPDATE central.consent SET withdrawn = 0 WHERE person = $1 AND given = $2",
                     TB_VALUES(tb_value_id(&person), tb_value_int(now)), NULL);
}

tb_status tb_consent_end(tb_db *db, tb_id person, tb_time now)
{
    return tb_db_run(db, "UPDATE central.consent SET withdrawn = $2 WHERE person = $1 AND withdrawn = 0",
                     TB_VALUES(tb_value_id(&person), tb_value_int(now)), NULL);
}

tb_status tb_consents_remove(tb_db *db, tb_id person)
{
    const tb_values of_person = TB_VALUES(tb_value_id(&person));
    tb_status status = tb_db_run(db, "DELETE FROM central.further_consent WHERE person = $1", of_person, NULL);
    return status == TB_OK ? tb_db_run(db, "DELETE FROM central.consent WHERE person = $1", of_person, NULL) : status;
}

tb_status tb_further_holds(tb_db *db, tb_id person, const char *name, int *holds)
{
    int64_t running = 0;
    tb_status status = tb_db_number(
        db, "SELECT count(*) FROM central.further_consent WHERE person = $1 AND name = $2 AND withdrawn = 0",
        TB_VALUES(tb_value_id(&person), tb_value_text(name)), &running);
    *holds = running > 0;
    return status;
}

tb_status tb_further_give(tb_db *db, tb_id person, const char *name, tb_time now, const char *touchpoint,
                          const uint8_t text_hash[32])
{
    int holds = 0;
    int64_t changed = 0;
    tb_status status = tb_further_holds(db, person, name, &holds);
    if (status != TB_OK || holds)
        return status;
    /* withdrawn and given again within one microsecond */
    status =
        tb_db_run(db, "UPDATE central.further_consent SET withdrawn = 0 WHERE person = $1 AND name = $2 AND given = $3",
                  TB_VALUES(tb_value_id(&person), tb_value_text(name), tb_value_int(now)), &changed);
    if (status != TB_OK || changed)
        return status;
    return tb_db_run(db,
                     "INSERT INTO central.further_consent (person, name, given, withdrawn, touchpoint, text_hash)"
                     " VALUES ($1, $2, $3, 0, $4, $5)",
                     TB_VALUES(tb_value_id(&person), tb_value_text(name), tb_value_int(now), tb_value_text(touchpoint),
                               tb_value_blob(tb_span_of(text_hash, 32))),
                     NULL);
}

tb_status tb_further_end(tb_db *db, tb_id person, const char *name, tb_time now)
{
    return tb_db_run(db,
                     "UPDATE central.further_consent SET withdrawn = $2 WHERE person = $1 AND withdrawn = 0"
                     " AND ($3 = '' OR name = $3)",
                     TB_VALUES(tb_value_id(&person), tb_value_int(now), tb_value_text(name ? name : "")), NULL);
}
