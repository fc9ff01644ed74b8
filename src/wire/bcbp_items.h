/* bcbp_items.h: the conditional items of a boarding pass as one table, for both directions. Numbers and names are
 * those of IATA Resolution 792, attachment A. */
#ifndef TEBURA_WIRE_BCBP_ITEMS_H
#define TEBURA_WIRE_BCBP_ITEMS_H

#include <tebura/document.h>

#define TB_BCBP_MAX 2000 /* four legs of the largest size, security data, and some room */
#define TB_BCBP_UNIQUE_ITEMS 9
#define TB_BCBP_REPEATED_ITEMS 10

typedef enum tb_bcbp_form {
    TB_BCBP_TEXT, /* char[size + 1] */
    TB_BCBP_CHAR, /* char, 0 for a space */
    TB_BCBP_YES,  /* char, 'Y', 'N' or 0 */
    TB_BCBP_DATE  /* tb_date: last digit of the year, day of the year */
} tb_bcbp_form;

typedef struct tb_bcbp_item {
    int number;
    const char *name;
    int size;
    tb_bcbp_form form;
    size_t offset; /* in tb_bcbp (unique items) or tb_bcbp_leg (repeated items) */
} tb_bcbp_item;

extern const tb_bcbp_item tb_bcbp_unique[TB_BCBP_UNIQUE_ITEMS], tb_bcbp_repeated[TB_BCBP_REPEATED_ITEMS];

int tb_bcbp_is_leap(int year);
int tb_bcbp_name_is_good(const char *name); /* at most 20 of A-Z, space, / - . ', a letter first, no space last */

#endif
