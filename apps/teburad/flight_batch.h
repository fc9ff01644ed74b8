/* flight_batch.h: many words of a flight information source at once, each with what came of it: for the HTTP route and
 * for the watched file. */
#ifndef TEBURA_TEBURAD_FLIGHT_BATCH_H
#define TEBURA_TEBURAD_FLIGHT_BATCH_H

#include "teburad.h"

#define FLIGHT_BATCH_MOST 20000

typedef struct flight_item {
    const char *place; /* "line", "item" */
    size_t number;
    uint64_t mark; /* of its bytes */
    int skip;      /* not to be applied: the caller knows it already */
    tb_flight_change change;
    tb_flight_answer answer; /* refused with the cause when it was no change at all */
} flight_item;

typedef struct flight_batch {
    flight_item *items;
    size_t count, capacity;
} flight_batch;

/* TB_MALFORMED (nothing can be read), TB_TOO_LARGE, TB_NO_MEMORY. Free also after failure. */
tb_status flight_batch_read(tb_span bytes, int ended, flight_batch *out, tb_error *why) TB_MUST_CHECK;
/* Applies what is a change and not skipped, some dozens in one transaction; `source` and `at` stand in where an item
 * does not say its own. Another status than TB_OK: from some item on (answer.outcome 0) nothing was applied. */
tb_status flight_batch_apply(teburad *service, flight_batch *batch, const char *source, tb_time at) TB_MUST_CHECK;
void flight_batch_free(flight_batch *batch);

#endif
