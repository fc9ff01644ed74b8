/* flight_batch.c: reading and applying many flight changes. */
#include "flight_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOGETHER 32 /* in one transaction: events need not wait for long */

static tb_status append(void *context, const char *place, size_t number, uint64_t mark, const tb_flight_change *change,
                        const tb_error *bad)
{
    flight_batch *b = context;
    if (b->count == FLIGHT_BATCH_MOST)
        return TB_TOO_LARGE;
    if (b->count == b->capacity) {
        size_t grown = b->capacity ? 2 * b->capacity : 64;
        flight_item *items = realloc(b->items, grown * sizeof *items);
        if (!items)
            return TB_NO_MEMORY;
        b->items = items;
        b->capacity = grown;
    }
    flight_item *item = &b->items[b->count++];
    *item = (flight_item){.place = place, .number = number, .mark = mark};
    if (change) {
        item->change = *change;
    } else {
        item->answer.outcome = TB_CHANGE_REFUSED;
        item->answer.why = *bad;
    }
    return TB_OK;
}

tb_status flight_batch_read(tb_span bytes, int ended, flight_batch *out, tb_error *why)
{
    *out = (flight_batch){0};
    tb_status status = tb_flight_changes_read(bytes, ended, append, out, why);
    if (status == TB_TOO_LARGE)
        return tb_fail(why, status, "there are more than %d changes: send them in parts", FLIGHT_BATCH_MOST);
    if (status != TB_OK && !why->text[0])
        return tb_fail(why, status, "%s", tb_status_sentence(status));
    return status;
}

/* The next ones that are to be applied, from *next on. */
static size_t gather(flight_batch *batch, size_t *next, size_t places[TOGETHER], tb_flight_change changes[TOGETHER],
                     const char *source, tb_time at)
{
    size_t count = 0;
    for (; *next < batch->count && count < TOGETHER; (*next)++) {
        flight_item *item = &batch->items[*next];
        if (item->skip || item->answer.outcome)
            continue;
        places[count] = *next;
        changes[count] = item->change;
        if (!changes[count].source[0])
            snprintf(changes[count].source, sizeof changes[count].source, "%s", source);
        if (!changes[count].at)
            changes[count].at = at;
        count++;
    }
    return count;
}

static uint64_t refused_at_reading(const flight_batch *batch)
{
    uint64_t refused = 0;
    for (size_t i = 0; i < batch->count; i++)
        refused += batch->items[i].answer.outcome == TB_CHANGE_REFUSED && !batch->items[i].skip;
    return refused;
}

tb_status flight_batch_apply(teburad *s, flight_batch *batch, const char *source, tb_time at)
{
    size_t next = 0, count, places[TOGETHER];
    tb_flight_change changes[TOGETHER];
    tb_flight_answer answers[TOGETHER];
    tb_status status = TB_OK;
    uint64_t refused = refused_at_reading(batch);
    if (refused)
        tb_management_flight_changes_refused(s->management, refused);
    while (status == TB_OK && (count = gather(batch, &next, places, changes, source, at)) > 0) {
        status = tb_management_flight_changes(s->management, changes, count, answers);
        for (size_t i = 0; i < count && status == TB_OK; i++)
            batch->items[places[i]].answer = answers[i];
    }
    return status;
}

void flight_batch_free(flight_batch *batch)
{
    free(batch->items);
    *batch = (flight_batch){0};
}
