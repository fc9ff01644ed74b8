/* text.h: the forms that texts in messages have. */
#ifndef TEBURA_WIRE_TEXT_H
#define TEBURA_WIRE_TEXT_H

#include <tebura/bytes.h>

int tb_utf8_is_good(tb_span text);                    /* well-formed (RFC 3629), no NUL */
int tb_field_is_good(const char *field, size_t size); /* NUL inside `size`, UTF-8 before it */
int tb_touchpoint_is_good(const char *touchpoint);    /* [a-z0-9-]{1,32}, in an array of TB_TOUCHPOINT_SIZE */
int tb_name_is_good_or_empty(const char *name);       /* [a-z][a-z0-9_]* or "", in an array of TB_NAME_SIZE */
int tb_currency_is_good(const char currency[4]);      /* [A-Z]{3} */

#endif
