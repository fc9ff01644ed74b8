/* check.h: `teburad check`: is every list what the rules say? */
#ifndef TEBURA_TEBURAD_CHECK_H
#define TEBURA_TEBURAD_CHECK_H

#include <jansson.h>

#include <tebura/management.h>

/* argv[0] is "check". 0: equal, 1: differences, else as sysexits.h. */
int teburad_check(int argc, char **argv);
json_t *json_of_check(const tb_check_report *report); /* a new reference, NULL without memory */

#endif
