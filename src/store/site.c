/* site.c: a few named values of the site itself. */
#include "store/store.h"

tb_status tb_site_get(tb_db *db, const char *name, tb_bytes *out)
{
    tb_rows rows;
    tb_status status =
        tb_db_one(db, "SELECT value FROM central.site WHERE name = $1", TB_VALUES(tb_value_text(name)), &rows);
    if (status == TB_OK) {
        status = tb_bytes_append(out, tb_rows_blob(&rows, 0));
        tb_rows_end(&rows);
    }
    return status;
}

tb_status tb_site_set(tb_db *db, const char *name, tb_span value)
{
    return tb_db_run(db, "INSERT INTO central.site (name, value) VALUES ($1, $2)",
                     TB_VALUES(tb_value_text(name), tb_value_blob(value)), NULL);
}

tb_status tb_site_put(tb_db *db, const char *name, tb_span value)
{
    int64_t changed = 0;
    tb_status status = tb_db_run(db, "UPDATE central.site SET value = $2 WHERE name = $1",
                                 TB_VALUES(tb_value_text(name), tb_value_blob(value)), &changed);
    return status == TB_OK && !changed ? tb_site_set(db, name, value) : status;
}
