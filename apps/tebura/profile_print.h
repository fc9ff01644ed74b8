/* profile_print.h: a sound profile for people and for programs. */
#ifndef TEBURA_APP_PROFILE_PRINT_H
#define TEBURA_APP_PROFILE_PRINT_H

#include <jansson.h>
#include <tebura/profile_check.h>

void profile_print_roles(const char *file, const tb_profile *profile); /* who sees what, of whom, for how long */
void profile_print_all(const tb_profile *profile);
json_t *profile_to_json(const tb_profile *profile); /* NULL: no memory */

#endif
