/* look.c: see look.h. */
#include "look.h"

#include <stdio.h>
#include <sysexits.h>

int teburad_site_option(teburad_options *options, int letter, const char *value)
{
    const char **place = letter == 'd'   ? &options->data
                         : letter == 'D' ? &options->database
                         : letter == 'F' ? &options->database_file
                         : letter == 's' ? &options->site
                         : letter == 'p' ? &options->profile
                         : letter == 'm' ? &options->models
                                         : NULL;
    if (place)
        *place = value;
    return place != NULL;
}

int teburad_exit_code(tb_status status)
{
    switch (status) {
    case TB_OK:
        return EX_OK;
    case TB_INVALID_ARGUMENT:
        return EX_USAGE;
    case TB_DB_NEWER:
    case TB_DB_CORRUPT:
        return EX_DATAERR;
    case TB_NOT_FOUND:
    case TB_MODEL_MISSING:
        return EX_NOINPUT;
    case TB_DB_LOCKED:
    case TB_DB_GONE:
    case TB_DISK_FULL:
    case TB_EXISTS:
    case TB_NO_MEMORY:
    case TB_IO:
        return EX_TEMPFAIL;
    case TB_FORBIDDEN:
    case TB_UNAUTHORISED:
        return EX_NOPERM;
    case TB_DB_KEY:
    case TB_CONFLICT: /* the data are another site's */
    case TB_MALFORMED:
    case TB_TRUNCATED:
    case TB_UNSUPPORTED:
    case TB_TOO_LARGE:
        return EX_CONFIG;
    default:
        return EX_SOFTWARE;
    }
}

int teburad_failed(tb_status status, const tb_error *why)
{
    fprintf(stderr, "teburad: %s (%s)\n", why->text[0] ? why->text : tb_status_sentence(status),
            tb_status_name(status));
    return teburad_exit_code(status);
}
