/* A registration once more (doc/adr/127): taken when another key signs for the broker, and never another terminal's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "terminal/registration.h"

/* between two points {"iss":"AOLD","iat":1000}, {"iss":"ANEW","iat":1001} and {"iss":"AFOR","iat":999} */
#define OLD_TOKEN "e30.eyJpc3MiOiJBT0xEIiwiaWF0IjoxMDAwfQ.sig"
#define NEW_TOKEN "e30.eyJpc3MiOiJBTkVXIiwiaWF0IjoxMDAxfQ.sig"
#define FORMER_TOKEN "e30.eyJpc3MiOiJBRk9SIiwiaWF0Ijo5OTl9.sig"
#define KEY "0101010101010101010101010101010101010101010101010101010101010101"

static tb_registration before(void)
{
    tb_registration r = {
        .touchpoint = "gate-1", .site = "narita", .authority = "old authority", .broker_token = OLD_TOKEN};
    memset(r.server.bytes, 1, sizeof r.server.bytes);
    return r;
}

static tb_status read_it(const char *touchpoint, const char *site, const char *key, const char *token, const char *more,
                         tb_registration *out, int *is_new)
{
    char text[1024];
    tb_registration known = before();
    tb_error why;
    snprintf(text, sizeof text,
             "{\"touchpoint\":\"%s\",\"role\":\"boarding\",\"zone\":\"\",\"attributes\":{\"gate\":\"12\"},"
             "\"server_public_key\":\"%s\",\"site\":\"%s\",\"nats_url\":\"tls://b:1\",\"model\":1,\"dimension\":128,"
             "\"broker_token\":\"%s\"%s}",
             touchpoint, key, site, token, more);
    return tb_renewal_read(tb_span_text(text), &known, out, is_new, &why);
}

#define AUTHORITY ",\"authority\":\"new authority\""

static void another_signer_is_new(void **state)
{
    tb_registration out;
    int is_new = 0;
    (void)state;
    assert_int_equal(read_it("gate-1", "narita", KEY, NEW_TOKEN, AUTHORITY, &out, &is_new), TB_OK);
    assert_true(is_new);
    assert_string_equal(out.authority, "new authority");
    assert_string_equal(out.broker_token, NEW_TOKEN);
    assert_string_equal(tb_facts_text(&out.attributes, "gate"), "12");
    assert_int_equal(read_it("gate-1", "narita", KEY, OLD_TOKEN, AUTHORITY, &out, &is_new), TB_OK);
    assert_false(is_new);
}

/* Whoever has an older one, and the key of then, leads nobody back. */
static void what_was_before_is_not_taken(void **state)
{
    tb_registration out;
    int is_new = 0;
    (void)state;
    assert_int_equal(read_it("gate-1", "narita", KEY, FORMER_TOKEN, AUTHORITY, &out, &is_new), TB_CONFLICT);
    assert_int_equal(read_it("gate-1", "narita", KEY, "no token", AUTHORITY, &out, &is_new), TB_CONFLICT);
    assert_int_equal(read_it("gate-1", "narita", KEY, "a.b.c", AUTHORITY, &out, &is_new), TB_CONFLICT);
    assert_false(is_new);
}

static void anothers_is_not_taken(void **state)
{
    tb_registration out, known = before();
    int is_new = 0;
    tb_error why;
    (void)state;
    assert_int_equal(read_it("gate-2", "narita", KEY, NEW_TOKEN, AUTHORITY, &out, &is_new), TB_CONFLICT);
    assert_int_equal(read_it("gate-1", "haneda", KEY, NEW_TOKEN, AUTHORITY, &out, &is_new), TB_CONFLICT);
    assert_int_equal(read_it("gate-1", "narita", "02" KEY, NEW_TOKEN, AUTHORITY, &out, &is_new), TB_MALFORMED);
    char other[] = KEY;
    other[0] = 'f';
    assert_int_equal(read_it("gate-1", "narita", other, NEW_TOKEN, AUTHORITY, &out, &is_new), TB_CONFLICT);
    assert_int_equal(read_it("gate-1", "narita", KEY, NEW_TOKEN, "", &out, &is_new), TB_MALFORMED); /* no authority */
    assert_int_equal(tb_renewal_read(tb_span_text("{"), &known, &out, &is_new, &why), TB_MALFORMED);
    assert_int_equal(tb_renewal_read(tb_span_text("[]"), &known, &out, &is_new, &why), TB_MALFORMED);
    assert_false(is_new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(another_signer_is_new),
                                       cmocka_unit_test(what_was_before_is_not_taken),
                                       cmocka_unit_test(anothers_is_not_taken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
