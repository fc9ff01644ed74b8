/* Messages, documents and seals with every single allocation failing once: a status, nothing half done, nothing left
 * behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/crypto.h>
#include <tebura/document.h>
#include <tebura/message.h>

#include "fault_wrap.h"
#include "samples.h"

/* Something that appends to `out`. */
typedef tb_status (*append_fn)(void *what, tb_bytes *out);

static tb_status write_entry(void *what, tb_bytes *out)
{
    return tb_entry_encode(what, out);
}

static tb_status write_event(void *what, tb_bytes *out)
{
    return tb_event_encode(what, out);
}

static tb_status write_request(void *what, tb_bytes *out)
{
    return tb_request_encode(what, out);
}

static tb_status write_answer(void *what, tb_bytes *out)
{
    return tb_answer_encode(what, out);
}

static tb_status write_heartbeat(void *what, tb_bytes *out)
{
    return tb_heartbeat_encode(what, out);
}

static tb_status write_zone(void *what, tb_bytes *out)
{
    return tb_mrz_print(what, out);
}

static tb_status write_pass(void *what, tb_bytes *out)
{
    return tb_bcbp_print(what, out);
}

static tb_status seal(void *what, tb_bytes *out)
{
    return tb_seal(what, tb_span_text("about"), tb_span_text("plain"), out);
}

static tb_status seal_to(void *what, tb_bytes *out)
{
    const tb_key_pair *pair = what;
    return tb_seal_to(&pair->private_key, &pair->public_key, tb_span_text("about"), tb_span_text("plain"), out);
}

/* Fails each allocation once; returns how many there were. `out` keeps what it held, exactly. */
static int every_allocation_fails(append_fn append, void *what)
{
    for (int n = 1;; n++) {
        tb_bytes out = {0};
        assert_int_equal(tb_bytes_append(&out, tb_span_text("kept")), TB_OK);
        fault_arm(FAULT_MEMORY, n);
        tb_status status = append(what, &out);
        fault_disarm();
        assert_int_equal(status, fault_fired() ? TB_NO_MEMORY : TB_OK);
        assert_true(fault_fired() ? out.size == 4 : out.size > 4);
        assert_memory_equal(out.data, "kept", 4);
        if (fault_fired()) /* what was written before the failure is wiped, a PIN too */
            assert_null(memmem(out.data + 4, out.capacity - 4, "4711", 4));
        tb_bytes_free(&out);
        if (!fault_fired())
            return n - 1;
    }
}

static void writing(void **state)
{
    (void)state;
    tb_entry entry = sample_entry();
    tb_event event = sample_event();
    tb_request pay = sample_request(TB_REQUEST_PAY), checkin = sample_request(TB_REQUEST_CHECKIN);
    tb_request offer = sample_request(TB_REQUEST_TEMPLATE);
    tb_answer answer = sample_answer();
    tb_heartbeat beat = sample_heartbeat();
    assert_true(every_allocation_fails(write_request, &offer) >= 1);
    tb_request_free(&offer);
    assert_true(every_allocation_fails(write_entry, &entry) >= 2);
    assert_true(every_allocation_fails(write_event, &event) >= 1);
    assert_true(every_allocation_fails(write_request, &pay) >= 1);
    assert_true(every_allocation_fails(write_request, &checkin) >= 1);
    assert_true(every_allocation_fails(write_answer, &answer) >= 1);
    assert_true(every_allocation_fails(write_heartbeat, &beat) >= 1);
    tb_entry_free(&entry);
    tb_request_free(&pay);
    tb_request_free(&checkin);
}

static void printing_and_sealing(void **state)
{
    (void)state;
    tb_mrz mrz;
    tb_bcbp pass;
    static const char zone[] =
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    static const char code[] = "M1DESMARAIS/LUC       EABC123 YULFRAAC 0834 226F001A0025 100";
    assert_int_equal(tb_mrz_parse(tb_span_text(zone), (tb_date){2026, 11, 21}, &mrz, NULL), TB_OK);
    assert_int_equal(tb_bcbp_parse(tb_span_text(code), (tb_date){2026, 11, 21}, &pass, NULL), TB_OK);
    assert_int_equal(every_allocation_fails(write_zone, &mrz), 1);
    assert_true(every_allocation_fails(write_pass, &pass) <= 1); /* 60 characters: may fit beside "kept" */
    tb_key key = tb_key_random();
    tb_key_pair pair = tb_key_pair_random();
    assert_true(every_allocation_fails(seal, &key) <= 1);
    assert_true(every_allocation_fails(seal_to, &pair) <= 1);
}

static void reading_entries(void **state)
{
    (void)state;
    tb_entry entry = sample_entry(), back;
    static const tb_entry zero;
    tb_bytes bytes = {0};
    assert_int_equal(tb_entry_encode(&entry, &bytes), TB_OK);
    int n = 1;
    for (;; n++) {
        tb_error why = {0};
        fault_arm(FAULT_MEMORY, n);
        tb_status status = tb_entry_decode(tb_bytes_span(&bytes), &back, &why);
        fault_disarm();
        if (!fault_fired()) {
            assert_int_equal(status, TB_OK);
            break;
        }
        assert_int_equal(status, TB_NO_MEMORY);
        assert_int_equal(why.status, TB_NO_MEMORY);
        assert_memory_equal(&back, &zero, sizeof zero);
    }
    assert_int_equal(n, 3); /* one allocation for each template and no other */
    tb_entry_free(&back);
    tb_entry_free(&entry);
    tb_bytes_free(&bytes);
}

static void reading_requests(void **state)
{
    (void)state;
    tb_request request = sample_request(TB_REQUEST_CHECKIN), back;
    static const tb_request zero;
    tb_bytes bytes = {0};
    assert_int_equal(tb_request_encode(&request, &bytes), TB_OK);
    fault_arm(FAULT_MEMORY, 1);
    assert_int_equal(tb_request_decode(tb_bytes_span(&bytes), &back, NULL), TB_NO_MEMORY);
    fault_disarm();
    assert_int_equal(fault_fired(), 1);
    assert_memory_equal(&back, &zero, sizeof zero);
    fault_arm(FAULT_MEMORY, 2);
    assert_int_equal(tb_request_decode(tb_bytes_span(&bytes), &back, NULL), TB_OK);
    fault_disarm();
    assert_int_equal(fault_fired(), 0);
    tb_request_free(&back);
    tb_request_free(&request);
    tb_bytes_free(&bytes);
}

static void opening(void **state)
{
    (void)state;
    tb_key key = tb_key_random();
    tb_bytes sealed = {0}, opened = {0};
    assert_int_equal(tb_seal(&key, tb_span_text("a"), tb_span_text("plain"), &sealed), TB_OK);
    fault_arm(FAULT_MEMORY, 1);
    assert_int_equal(tb_open(&key, tb_span_text("a"), tb_bytes_span(&sealed), &opened), TB_NO_MEMORY);
    fault_disarm();
    assert_int_equal(fault_fired(), 1);
    assert_int_equal(opened.size, 0);
    assert_int_equal(tb_open(&key, tb_span_text("a"), tb_bytes_span(&sealed), &opened), TB_OK);
    tb_bytes_free(&sealed);
    tb_bytes_free(&opened);
}

int main(void)
{
    if (tb_crypto_start() != TB_OK)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(writing), cmocka_unit_test(printing_and_sealing),
                                       cmocka_unit_test(reading_entries), cmocka_unit_test(reading_requests),
                                       cmocka_unit_test(opening)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
