/* fuzz_flight_information.c: any bytes as what a flight information source writes: nothing but whole, sound changes
 * come out, the same ones each time, and a file that is still being written says at most what the whole one says. */
#include <tebura/flight_information.h>

#include "again.h"

typedef struct counted {
    size_t good, bad;
    uint64_t marks;
} counted;

static tb_status count(void *context, const char *place, size_t number, uint64_t mark, const tb_flight_change *change,
                       const tb_error *why)
{
    counted *c = context;
    FUZZ_MUST(place && number > 0 && (change != NULL) == (why == NULL));
    c->marks = c->marks * 31 + mark;
    c->good += change != NULL;
    c->bad += change == NULL;
    if (!change) {
        FUZZ_MUST(why->text[0] != '\0');
        return TB_OK;
    }
    FUZZ_MUST(strlen(change->flight) >= 14 && strchr(change->flight, '/') && change->says);
    FUZZ_MUST(change->says >> TB_FLIGHT_FIELDS == 0 && (unsigned)change->status < TB_FLIGHT_STATUSES);
    for (int i = 0; i < TB_FLIGHT_FIELDS; i++)
        FUZZ_MUST(change->times[i] == 0 || (change->says & 1u << i));
    return TB_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    counted whole = {0}, again = {0}, part = {0};
    tb_error why = {0};
    tb_status status = tb_flight_changes_read(tb_span_of(data, size), 1, count, &whole, &why);
    FUZZ_MUST(status == TB_OK || (status == TB_MALFORMED && why.text[0] && !whole.good && !whole.bad));
    FUZZ_MUST(tb_flight_changes_read(tb_span_of(data, size), 1, count, &again, &why) == status);
    FUZZ_MUST(again.good == whole.good && again.bad == whole.bad && again.marks == whole.marks);
    if (status == TB_OK && tb_flight_changes_read(tb_span_of(data, size), 0, count, &part, &why) == TB_OK)
        FUZZ_MUST(part.good + part.bad <= whole.good + whole.bad);
    return 0;
}
