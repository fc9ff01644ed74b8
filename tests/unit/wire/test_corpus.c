/* The fuzzers' first seeds are what today's printers write: a change of a format shows here. With TEBURA_WRITE_SEEDS=1
 * in the environment the seeds are written instead (into fuzz/corpus, everyone in them is invented). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/document.h>

#include "samples.h"

static void is_seed(const char *noun, const char *name, tb_status made, tb_bytes *bytes)
{
    char path[512];
    assert_int_equal(made, TB_OK);
    snprintf(path, sizeof path, "%s/fuzz/corpus/%s/%s", TEBURA_SOURCE_DIR, noun, name);
    if (getenv("TEBURA_WRITE_SEEDS")) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes->data, 1, bytes->size, file), bytes->size);
        assert_int_equal(fclose(file), 0);
    } else {
        tb_bytes seed = {0};
        tb_error why = {0};
        if (tb_file_read(path, 1 << 20, &seed, &why) != TB_OK)
            fail_msg("%s", why.text);
        if (seed.size != bytes->size || memcmp(seed.data, bytes->data, seed.size) != 0)
            fail_msg("%s is not what is written today", path);
        tb_bytes_free(&seed);
    }
    tb_bytes_free(bytes);
}

#define SEED(noun, name, call)                                                                                         \
    do {                                                                                                               \
        tb_bytes out = {0};                                                                                            \
        tb_status made = call;                                                                                         \
        is_seed(noun, name, made, &out);                                                                               \
    } while (0)

static void messages(void **state)
{
    (void)state;
    tb_entry entry = sample_entry(), gone = {.sequence = 42, .visit = sample_id(1)}, small = sample_entry();
    tb_event event = sample_event(),
             bare = {.id = sample_id(9), .touchpoint = "a", .number = 1, .kind = TB_EVENT_PASSAGE, .at = 1};
    tb_answer answer = sample_answer(),
              failed = {.id = sample_id(5), .status = TB_DISK_FULL, .verdict = TB_ANSWER_FAILED};
    tb_heartbeat beat = sample_heartbeat();
    tb_request identify = sample_request(TB_REQUEST_IDENTIFY), checkin = sample_request(TB_REQUEST_CHECKIN),
               pay = sample_request(TB_REQUEST_PAY), offer = sample_request(TB_REQUEST_TEMPLATE);
    small.template_count = 1;
    small.fields = (tb_facts){0};
    SEED("entry", "present", tb_entry_encode(&entry, &out));
    SEED("entry", "small", tb_entry_encode(&small, &out));
    SEED("entry", "gone", tb_entry_encode(&gone, &out));
    SEED("event", "refusal", tb_event_encode(&event, &out));
    SEED("event", "bare", tb_event_encode(&bare, &out));
    SEED("answer", "refused", tb_answer_encode(&answer, &out));
    SEED("answer", "failed", tb_answer_encode(&failed, &out));
    SEED("heartbeat", "gate", tb_heartbeat_encode(&beat, &out));
    tb_mark mark = sample_mark(), bare_mark = {.at = 1};
    SEED("mark", "whole", tb_mark_encode(&mark, &out));
    SEED("mark", "bare", tb_mark_encode(&bare_mark, &out));
    tb_order wipe = {TB_ORDER_WIPE, TB_DAY * 20000}, revoked = {TB_ORDER_REVOKED, 1};
    SEED("order", "wipe", tb_order_encode(&wipe, &out));
    SEED("order", "revoked", tb_order_encode(&revoked, &out));
    SEED("request", "identify", tb_request_encode(&identify, &out));
    SEED("request", "checkin", tb_request_encode(&checkin, &out));
    SEED("request", "pay", tb_request_encode(&pay, &out));
    SEED("request", "template", tb_request_encode(&offer, &out));
    tb_entry_free(&entry);
    tb_entry_free(&small);
    tb_request_free(&offer);
    tb_request_free(&identify);
    tb_request_free(&checkin);
    tb_request_free(&pay);
}

static void documents(void **state)
{
    (void)state;
    tb_mrz passport = {.lines = 2,
                       .columns = 44,
                       .kind = "P",
                       .issuer = "UTO",
                       .nationality = "UTO",
                       .number = "L898902C3",
                       .surname = "ERIKSSON",
                       .given = "ANNA MARIA",
                       .born = {1974, 8, 12},
                       .expires = {2031, 4, 15},
                       .sex = 'F',
                       .optional = "ZE184226B"};
    tb_mrz card = passport, card_long = passport, unknown = passport;
    card.lines = card_long.lines = 3;
    card.columns = card_long.columns = 30;
    strcpy(card.kind, "I");
    strcpy(card_long.kind, "AC");
    strcpy(card_long.number, "D23145890734");
    card_long.optional[0] = '\0';
    strcpy(card.optional2, "42 A");
    unknown.born = (tb_date){0, 0, 0};
    unknown.sex = 'X';
    unknown.optional[0] = '\0';
    SEED("mrz", "td3", tb_mrz_print(&passport, &out));
    SEED("mrz", "td3_unknown", tb_mrz_print(&unknown, &out));
    SEED("mrz", "td1", tb_mrz_print(&card, &out));
    SEED("mrz", "td1_long", tb_mrz_print(&card_long, &out));
    tb_bcbp pass = {.legs = 1,
                    .name = "ERIKSSON/ANNA MARIA",
                    .electronic = 1,
                    .leg = {{.pnr = "ABC123",
                             .from = "HND",
                             .to = "ITM",
                             .carrier = "NH",
                             .flight = "105",
                             .day_of_year = 325,
                             .compartment = 'Y',
                             .seat = "12A",
                             .sequence = "0025",
                             .passenger_status = '1'}}};
    SEED("bcbp", "one_leg", tb_bcbp_print(&pass, &out));
    pass.version = 6;
    pass.checkin_source = 'W';
    pass.issued = (tb_date){2026, 11, 20};
    pass.document_type = 'B';
    strcpy(pass.designator, "NH");
    strcpy(pass.baggage_tags[0], "0205123456001");
    pass.legs = 2;
    pass.leg[1] = pass.leg[0];
    strcpy(pass.leg[1].flight, "2015D");
    strcpy(pass.leg[1].frequent_flyer_number, "4711");
    pass.leg[1].fast_track = 'Y';
    SEED("bcbp", "two_legs", tb_bcbp_print(&pass, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(messages), cmocka_unit_test(documents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
