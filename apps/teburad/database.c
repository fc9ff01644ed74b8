/* database.c: the address of PostgreSQL comes from the command line, a file or the environment; a password in it is
 * shown to nobody. */
#include "database.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tebura/bytes.h>
#include <tebura/secret.h>

#include "store/db.h"

static tb_status keep(const char *text, size_t size, char **out, tb_error *why)
{
    if (!size)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the database's address is empty");
    *out = tb_secret_alloc(size + 1);
    if (!*out)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    memcpy(*out, text, size);
    (*out)[size] = '\0';
    return TB_OK;
}

static tb_status read_file(const char *file, char **out, tb_error *why)
{
    tb_bytes text = {0};
    struct stat about;
    tb_status status = tb_file_read(file, 4096, &text, why);
    if (status == TB_OK)
        status = keep((const char *)text.data, text.size ? strcspn((char *)text.data, "\r\n") : 0, out, why);
    if (status == TB_OK && stat(file, &about) == 0 && (about.st_mode & 077) && tb_db_url_has_password(*out)) {
        tb_secret_free(*out);
        *out = NULL;
        status = tb_fail(why, TB_FORBIDDEN, "%s holds a password and others may read it: chmod 600 it", file);
    }
    if (text.data)
        tb_wipe(text.data, text.size);
    tb_bytes_free(&text);
    return status;
}

tb_status teburad_database(const char *url, const char *file, char **out, tb_error *why)
{
    const char *environment = getenv("TEBURA_DATABASE");
    *out = NULL;
    if (url && file)
        return tb_fail(why, TB_INVALID_ARGUMENT, "--database and --database-file are two addresses: give one");
    if (url && tb_db_url_has_password(url))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "a password in --database can be read by everybody here: use --database-file or PGPASSFILE");
    if (url)
        return keep(url, strlen(url), out, why);
    if (file)
        return read_file(file, out, why);
    return environment && *environment ? keep(environment, strlen(environment), out, why) : TB_OK;
}
