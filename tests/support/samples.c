/* samples.c: messages of invented people. */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

uint64_t sample_number(sample_random *random, uint64_t below)
{
    uint64_t z = (random->state += UINT64_C(0x9E3779B97F4A7C15)); /* SplitMix64 */
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return below ? z % below : z;
}

tb_id sample_id(uint8_t first)
{
    tb_id id;
    for (size_t i = 0; i < sizeof id.bytes; i++)
        id.bytes[i] = (uint8_t)(first + i);
    return id;
}

tb_bytes sample_template(uint8_t fill, size_t dimension)
{
    tb_bytes bytes = {0};
    if (tb_bytes_reserve(&bytes, TB_TEMPLATE_BYTES(dimension)) != TB_OK)
        abort();
    memset(bytes.data, fill, TB_TEMPLATE_BYTES(dimension));
    memcpy(bytes.data, "TBT1", 4);
    bytes.size = TB_TEMPLATE_BYTES(dimension);
    return bytes;
}

static void must(tb_status status)
{
    if (status != TB_OK)
        abort();
}

tb_facts sample_facts(void)
{
    tb_facts facts = {0};
    must(tb_facts_set_text(&facts, "name", "ERIKSSON ANNA MARIA"));
    must(tb_facts_set_text(&facts, "seat", "12A"));
    must(tb_facts_set_bool(&facts, "flag", 1));
    must(tb_facts_set_int(&facts, "status", 2));
    must(tb_facts_set_int(&facts, "delta", -70000));
    must(tb_facts_set_time(&facts, "boarding", INT64_C(1795253400000000)));
    must(tb_facts_set_text(&facts, "item_list", "3 \xE6\x89\x8B\xE3\x81\xB6\xE3\x82\x89; \xF0\x9F\x8E\x81"));
    must(tb_facts_set_text(&facts, "gate", ""));
    return facts;
}

tb_entry sample_entry(void)
{
    tb_entry entry = {.sequence = 41,
                      .visit = sample_id(1),
                      .present = 1,
                      .from = INT64_C(1795250000000000),
                      .until = TB_TIME_NEVER,
                      .template_count = 2,
                      .fields = sample_facts()};
    entry.templates[0] = sample_template(7, 64);
    entry.templates[1] = sample_template(9, 512);
    memset(entry.reference, 0x5a, sizeof entry.reference);
    return entry;
}

tb_event sample_event(void)
{
    return (tb_event){.id = sample_id(3),
                      .touchpoint = "gate-12",
                      .number = 300,
                      .since = 299,
                      .kind = TB_EVENT_REFUSAL,
                      .visit = sample_id(1),
                      .at = INT64_C(1795253400000001),
                      .reason = "other_gate",
                      .duration = 43210,
                      .facts = sample_facts()};
}

tb_request sample_request(tb_request_kind kind)
{
    tb_request request = {.id = sample_id(5), .kind = kind, .touchpoint = "shop-3", .at = INT64_C(1795253400000002)};
    if (kind == TB_REQUEST_IDENTIFY || kind == TB_REQUEST_CHECKIN)
        request.probe = sample_template(11, 512);
    if (kind == TB_REQUEST_IDENTIFY)
        strcpy(request.reference, "EX202604130118");
    if (kind == TB_REQUEST_CHECKIN) {
        strcpy(request.mrz,
               "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10");
        strcpy(request.boarding_pass, "M1ERIKSSON/ANNA MARIA  EABC123 HNDITMNH 0105 325Y012A0025 100");
        request.consent = 1;
        request.document_score = 0.8125f;
        request.online = 1;
    }
    if (kind == TB_REQUEST_TEMPLATE) {
        request.probe = sample_template(12, 512);
        request.former[0] = sample_template(13, 128);
        request.former_count = 1;
        request.visit = sample_id(1);
    }
    if (kind == TB_REQUEST_PAY) {
        request.visit = sample_id(1);
        request.amount = 1250;
        strcpy(request.currency, "JPY");
        strcpy(request.pin, "4711");
        request.staff_confirmed = 1;
        strcpy(request.deliver, "1 box of tea");
    }
    return request;
}

tb_answer sample_answer(void)
{
    return (tb_answer){.id = sample_id(5),
                       .status = TB_OK,
                       .verdict = TB_ANSWER_REFUSE,
                       .reason = "too_early",
                       .visit = sample_id(1),
                       .fields = sample_facts()};
}

tb_heartbeat sample_heartbeat(void)
{
    return (tb_heartbeat){.touchpoint = "gate-12",
                          .at = INT64_C(1795253400000003),
                          .sequence = 41,
                          .entries = 180,
                          .outbox = 2,
                          .decisions = UINT64_MAX,
                          .state = "idle",
                          .screen = "http://127.0.0.1:40001",
                          .simulation = 1,
                          .stale = 1,
                          .tick = 123456789,
                          .fresh = INT64_C(1795253390000000),
                          .refused = 3,
                          .clock = -61000,
                          .clock_jumped = 1};
}

tb_mark sample_mark(void)
{
    tb_mark mark = {.at = INT64_C(1795253400000003),
                    .reported = 77,
                    .sequence = 41,
                    .entries = 180,
                    .salt = {{1, 2, 3}},
                    .digest = {4, 5, 6},
                    .echo = 123456789,
                    .heard = INT64_C(1795253399500000)};
    return mark;
}
