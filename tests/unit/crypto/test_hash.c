/* Hashes against published and independently computed values; comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tebura/crypto.h>

static void is_hex(const uint8_t hash[32], const char *expected)
{
    char text[65];
    tb_hex_encode(tb_span_of(hash, 32), text);
    assert_string_equal(text, expected);
}

static void sha256_of_fips_180(void **state)
{
    (void)state;
    uint8_t hash[32];
    tb_sha256(tb_span_text("abc"), hash);
    is_hex(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    tb_sha256(tb_span_text(NULL), hash);
    is_hex(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    tb_sha256(tb_span_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hash);
    is_hex(hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void keyed_hash(void **state)
{
    (void)state;
    tb_key key;
    uint8_t hash[32], other[32];
    for (int i = 0; i < 32; i++)
        key.bytes[i] = (uint8_t)i;
    tb_keyed_hash(&key, tb_span_text("TK1234567"), hash); /* expected: BLAKE2b of another implementation */
    is_hex(hash, "18dfa278f9b02bc8acb419b51251dc71e50f95b22004ed7d7d6529c3233bae6b");
    key.bytes[0] ^= 1;
    tb_keyed_hash(&key, tb_span_text("TK1234567"), other);
    assert_memory_not_equal(hash, other, 32);
}

static void equality(void **state)
{
    (void)state;
    assert_int_equal(tb_equal_constant_time(tb_span_text("token"), tb_span_text("token")), 1);
    assert_int_equal(tb_equal_constant_time(tb_span_text("token"), tb_span_text("tokem")), 0);
    assert_int_equal(tb_equal_constant_time(tb_span_text("token"), tb_span_text("toke")), 0);
    assert_int_equal(tb_equal_constant_time(tb_span_text(""), tb_span_text(NULL)), 1);
}

static void passwords(void **state)
{
    (void)state;
    char hash[TB_PASSWORD_HASH_SIZE], again[TB_PASSWORD_HASH_SIZE];
    assert_int_equal(tb_password_hash("4711", hash), TB_OK);
    assert_int_equal(tb_password_hash("4711", again), TB_OK);
    assert_string_not_equal(hash, again); /* salted */
    assert_int_equal(tb_password_matches(hash, "4711"), 1);
    assert_int_equal(tb_password_matches(again, "4711"), 1);
    assert_int_equal(tb_password_matches(hash, "4712"), 0);
    assert_int_equal(tb_password_matches(hash, ""), 0);
    assert_int_equal(tb_password_matches("", "4711"), 0);
    assert_int_equal(tb_password_matches("$argon2id$v=19$", "4711"), 0);
    assert_int_equal(tb_password_matches("4711", "4711"), 0);
}

int main(void)
{
    if (tb_crypto_start() != TB_OK)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(sha256_of_fips_180), cmocka_unit_test(keyed_hash),
                                       cmocka_unit_test(equality), cmocka_unit_test(passwords)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
