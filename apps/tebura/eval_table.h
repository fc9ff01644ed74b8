/* eval_table.h: groups of people from a CSV file. */
#ifndef TEBURA_APP_EVAL_TABLE_H
#define TEBURA_APP_EVAL_TABLE_H

#include "eval.h"

/* Reads options->table and fills report->attributes: each column after the first is an attribute. */
tb_status eval_table_measure(eval_report *report, tb_error *why) TB_MUST_CHECK;
void eval_table_free(eval_report *report);

#endif
