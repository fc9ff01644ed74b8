/* look.h: what every `teburad WORD` has in common: which site's databases are meant, and how it says what went
 * wrong. */
#ifndef TEBURA_TEBURAD_LOOK_H
#define TEBURA_TEBURAD_LOOK_H

#include <getopt.h>

#include "teburad.h"

/* The first entries of a table of getopt_long. Their letters belong to teburad_site_option. */
#define TEBURAD_SITE_OPTIONS                                                                                           \
    {"data", required_argument, NULL, 'd'}, {"database", required_argument, NULL, 'D'},                                \
        {"database-file", required_argument, NULL, 'F'}, {"site", required_argument, NULL, 's'},                       \
        {"profile", required_argument, NULL, 'p'},                                                                     \
    {                                                                                                                  \
        "models", required_argument, NULL, 'm'                                                                         \
    }

/* 0: the letter is none of them. */
int teburad_site_option(teburad_options *options, int letter, const char *value);

int teburad_exit_code(tb_status status); /* as sysexits.h */
/* One line on standard error; the exit code. */
int teburad_failed(tb_status status, const tb_error *why);

#endif
