/* database.h: which database a command of teburad works on, by its options. */
#ifndef TEBURAD_DATABASE_H
#define TEBURAD_DATABASE_H

#include <tebura/status.h>

/* `url` as given on the command line (no password: others can read it there), else the first line of `file`, else
 * $TEBURA_DATABASE. *out NULL: the files of --data; otherwise in secret memory, the caller frees it
 * (tb_secret_free). TB_INVALID_ARGUMENT, TB_NOT_FOUND, TB_FORBIDDEN: others may read the file; TB_IO. */
tb_status teburad_database(const char *url, const char *file, char **out, tb_error *why) TB_MUST_CHECK;

#endif
