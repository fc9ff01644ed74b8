/* The site's certificate authority: the same from the same root, known by its fingerprint; certificates that OpenSSL's
 * own command finds good for their names, and for no others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#include <tebura/tls.h>

#include "folder.h"

static void an_authority_is_known_by_its_key(void **state)
{
    (void)state;
    tb_key root = tb_key_random(), other = tb_key_random();
    char a[TB_FINGERPRINT_SIZE], b[TB_FINGERPRINT_SIZE], c[TB_FINGERPRINT_SIZE];
    tb_bytes first = {0}, second = {0}, foreign = {0};
    tb_time now = tb_clock_now();
    assert_int_equal(tb_tls_fingerprint(&root, a), TB_OK);
    assert_int_equal(tb_tls_fingerprint(&root, b), TB_OK);
    assert_int_equal(tb_tls_fingerprint(&other, c), TB_OK);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    assert_int_equal(tb_tls_authority(&root, now, &first, NULL), TB_OK);
    assert_int_equal(tb_tls_authority(&root, now, &second, NULL), TB_OK);
    assert_int_equal(tb_tls_authority(&other, now, &foreign, NULL), TB_OK);
    assert_int_equal(tb_tls_authority_check(tb_bytes_span(&first), a, now), TB_OK);
    assert_int_equal(tb_tls_authority_check(tb_bytes_span(&second), a, now), TB_OK);
    assert_int_equal(tb_tls_authority_check(tb_bytes_span(&foreign), a, now), TB_CRYPTO);
    assert_int_equal(tb_tls_authority_check(tb_bytes_span(&first), a, now - 30 * 24 * TB_HOUR), TB_CRYPTO);
    assert_int_equal(tb_tls_authority_check(tb_bytes_span(&first), a, now + 365 * 24 * TB_HOUR * 21), TB_CRYPTO);
    assert_int_equal(tb_tls_authority_check(tb_span_text("no certificate"), a, now), TB_MALFORMED);
    tb_bytes_free(&first);
    tb_bytes_free(&second);
    tb_bytes_free(&foreign);
}

static void a_pair_belongs_together(void **state)
{
    (void)state;
    tb_key root = tb_key_random();
    tb_bytes certificate = {0}, key = {0}, other = {0}, other_key = {0};
    tb_time now = tb_clock_now(), day = 24 * TB_HOUR;
    tb_error why = {0};
    assert_int_equal(tb_tls_certificate(&root, "a.example", now, 30, &certificate, &key, &why), TB_OK);
    assert_int_equal(tb_tls_certificate(&root, "a.example", now, 30, &other, &other_key, &why), TB_OK);
    tb_span c = tb_bytes_span(&certificate), k = tb_bytes_span(&key), nothing = tb_span_of(NULL, 0);
    assert_int_equal(tb_tls_pair_check(c, k, now, &why), TB_OK);
    assert_int_equal(tb_tls_pair_check(c, tb_bytes_span(&other_key), now, &why), TB_CRYPTO);
    assert_int_equal(tb_tls_pair_check(c, k, now - 3 * day, &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_tls_pair_check(c, k, now + 31 * day, &why), TB_INVALID_ARGUMENT);
    assert_int_equal(tb_tls_pair_check(k, c, now, &why), TB_MALFORMED);
    assert_int_equal(tb_tls_pair_check(c, nothing, now, &why), TB_MALFORMED);
    assert_int_equal(tb_tls_pair_check(nothing, k, now, &why), TB_MALFORMED);
    assert_int_equal(tb_tls_pair_check(tb_span_of(c.data, c.size / 4), k, now, &why), TB_MALFORMED);
    tb_bytes_free(&certificate);
    tb_bytes_free(&key);
    tb_bytes_free(&other);
    tb_bytes_free(&other_key);
}

static int openssl_says(const char *folder, const char *check)
{
    char command[512];
    snprintf(command, sizeof command, "openssl verify -CAfile %s/ca.pem -purpose sslserver %s %s/leaf.pem >%s/out 2>&1",
             folder, check, folder, folder);
    int how = system(command);
    return how >= 0 && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

static void write_to(const char *folder, const char *name, const tb_bytes *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(tb_file_write(path, tb_bytes_span(content), NULL), TB_OK);
}

static void certificates_are_good_for_their_names(void **state)
{
    (void)state;
    if (system("openssl version >/dev/null 2>&1") != 0)
        skip();
    char folder[FOLDER_SIZE];
    tb_key root = tb_key_random();
    tb_bytes ca = {0}, leaf = {0}, key = {0};
    folder_make(folder);
    assert_int_equal(tb_tls_authority(&root, tb_clock_now(), &ca, NULL), TB_OK);
    assert_int_equal(tb_tls_certificate(&root, "gate.example,127.0.0.1,::1", tb_clock_now(), 30, &leaf, &key, NULL),
                     TB_OK);
    write_to(folder, "ca.pem", &ca);
    write_to(folder, "leaf.pem", &leaf);
    assert_true(openssl_says(folder, "-verify_hostname gate.example"));
    assert_true(openssl_says(folder, "-verify_ip 127.0.0.1"));
    assert_true(openssl_says(folder, "-verify_ip ::1"));
    assert_false(openssl_says(folder, "-verify_hostname other.example"));
    assert_false(openssl_says(folder, "-verify_ip 127.0.0.2"));
    tb_bytes_free(&leaf);
    tb_bytes_free(&key);
    assert_int_equal(
        tb_tls_certificate(&root, "gate.example", tb_clock_now() - 60 * 24 * TB_HOUR, 30, &leaf, &key, NULL), TB_OK);
    write_to(folder, "leaf.pem", &leaf);
    assert_false(openssl_says(folder, "-verify_hostname gate.example")); /* its time is over */
    tb_error why = {0};
    const char *const bad[] = {"", "a,,b", "a b", "a\nb", "*.example", "a;critical"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tb_tls_certificate(&root, bad[i], tb_clock_now(), 1, &leaf, &key, &why), TB_INVALID_ARGUMENT);
    tb_bytes_free(&ca);
    tb_bytes_free(&leaf);
    tb_bytes_free(&key);
    folder_remove(folder);
}

static int start(void **state)
{
    (void)state;
    return tb_crypto_start() == TB_OK ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_authority_is_known_by_its_key),
                                       cmocka_unit_test(a_pair_belongs_together),
                                       cmocka_unit_test(certificates_are_good_for_their_names)};
    return cmocka_run_group_tests(tests, start, NULL);
}
