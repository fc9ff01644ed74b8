/* mrz_form.h: what reading and printing a machine-readable zone share: where the fields lie, and the check digit. */
#ifndef TEBURA_WIRE_MRZ_FORM_H
#define TEBURA_WIRE_MRZ_FORM_H

#include <tebura/document.h>

#define TB_MRZ_MAX 90 /* characters without line breaks */

/* A field: first character, from the beginning of the zone without line breaks, and size. */
typedef struct tb_mrz_field {
    int at, size;
} tb_mrz_field;

typedef struct tb_mrz_form {
    int lines, columns;
    const char *codes; /* what the document code may begin with */
    tb_mrz_field kind, issuer, name, number, nationality, born, sex, expires, optional, optional2;
    int number_check, born_check, expires_check, optional_check, composite_check; /* positions; -1: has none */
    tb_mrz_field composite[4]; /* what the composite check digit is over, in this order; size 0 ends */
} tb_mrz_form;

extern const tb_mrz_form tb_mrz_td3, tb_mrz_td1;

/* 9303-3, 4.9: weights 7, 3, 1; digits 0-9, A-Z 10-35, < 0. `sum` and `place` carry on over several fields. */
typedef struct tb_mrz_sum {
    int sum, place;
} tb_mrz_sum;
void tb_mrz_add(tb_mrz_sum *sum, const char *text, int size);
char tb_mrz_check(tb_mrz_sum sum); /* '0'..'9' */
char tb_mrz_check_of(const char *zone, tb_mrz_field field);
char tb_mrz_composite(const tb_mrz_form *form, const char *zone);

/* 1 for a day that exists; birth dates may lack parts (zero). */
int tb_mrz_date_is_good(tb_date date, int is_birth);

#endif
